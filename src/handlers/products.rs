//! The catalogue. Anyone reads it; staff change it. Stock is kept apart, in `stock`.
//!
//! A SKU, a slug and each barcode name one active product, which UNIQUE keys see to. Archiving frees them.

mod barcodes;
mod fields;
mod list;
mod names;

use std::collections::HashMap;

use mysql::Row;
use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::costs::told_unit_cost;
use crate::handlers::products::fields::{COLUMNS, SHOWN, WRITTEN};
use crate::ledger;
use crate::problem::Problem;
use crate::values::{Bad, Currency, Id, Timestamp, UnitCost, whole_number};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Echo;

pub use barcodes::Barcode;
pub use fields::{Changes, Details, Product, from_json};
pub use list::list;

/// The longest body: a description with each character in two escapes, `\ud83d\ude00`, as some programs write
/// all that is not ASCII, and room for the other fields.
pub const BODY_BYTES_MAX: usize = 512 * 1024;

/// `POST /products`: `{name, price, sku?, description?, category?, barcodes?, shelf?, image_urls?, slug?,
/// stock?, unit_cost?}`; `stock` is the number of units on the shelf, 0 when it is left out, and `unit_cost`, from those who
/// may know costs, what one of them has cost. 201; 409 `sku_taken`,
/// `slug_taken` or `barcode_taken`, with the product that has it.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let on_hand = form.with_default("stock", 0, |input| whole_number(input, 0, ledger::ON_HAND_MAX));
    let unit_cost = form.optional("unit_cost", |input| told_unit_cost(app, &request.caller, input));
    if let (Some(0), Some(Some(_))) = (on_hand, unit_cost) {
        let message = "is what the units on the shelf have cost: send it with stock, or leave it out";
        form.reject("unit_cost", Bad::new("only_with_units_that_came", message));
    }
    let (details, on_hand, unit_cost) = form.finish(|| Some((details?, on_hand?, unit_cost?)))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let product = insert(app, tx, &request.caller, details.clone(), on_hand, unit_cost)?;
        claim.keep(tx, Answer::created(format!("/products/{}", product.id), &product))
    })?;
    Ok(answered.into_response())
}

/// `GET /products/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let id = request.path_id;
    let found = app.products.read("", id, |ids| {
        let (list, values) = in_list(ids.iter().copied());
        let sql = format!("{} ({list})", select_by_id());
        let rows = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Row::clone))?;
        Ok(rows.into_iter().map(|row| (column(&row, "id"), row)).collect())
    })?;
    let product = found.get(&id).map(|row| Product::from_row(row, &app.config.currency));
    let product = product.filter(|product| product.archived_at.is_none()).ok_or_else(Problem::not_found)?;
    Ok(response::resource(request, &product))
}

/// `PUT /products/{id}`: as for POST, without `stock`; what is left out is cleared.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let echo = form.shown(SHOWN);
    let details = form.finish(|| details)?;
    write(app, request, &echo, |_| details.clone())
}

/// `PATCH /products/{id}`: any of them; null clears.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = Changes::read(&mut form, &app.config.currency);
    let echo = form.shown(SHOWN);
    let changes = form.finish(|| changes)?;
    write(app, request, &echo, |old| changes.merged(old))
}

fn write(
    app: &App,
    request: &Request,
    echo: &Echo,
    details: impl Fn(&Details) -> Details,
) -> Result<Response> {
    let product = db::transaction(&app.pool, |tx| {
        let old = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &old)?;
        // It may have been sold out while somebody edited the price.
        echo.check_or(&old, || {
            let moved = ledger::has_moved_lately(tx, old.id, app.clock.now())?;
            let earlier = || Product { in_stock: !old.in_stock, ..old.clone() };
            Ok(moved.then(earlier).into_iter().collect::<Vec<_>>())
        })?;
        let details = details(&old.details);
        update(app, tx, &request.caller, old, details)
    })?;
    Ok(response::resource(request, &product))
}

/// `DELETE /products/{id}`: archives it. It is gone from the catalogue and its SKU, slug and barcodes are free
/// again; orders that hold it still read and still ship. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let product = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &product)?;
        archive(app, tx, &request.caller, &product)
    })?;
    Ok(response::no_content())
}

/// `POST /products/{id}/restore`: an archived product is in the catalogue again, with its SKU, slug and
/// barcodes. 200, also for one that is there already; 409 when another product has one of them by now.
pub fn post_restore(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        lock_row(tx, request.path_id)?;
        let product = find_even_archived(tx, &app.config.currency, request.path_id)?;
        let product = product.ok_or_else(Problem::not_found)?;
        response::check_if_match(request, &product)?;
        let product = restore(app, tx, &request.caller, product)?;
        claim.keep(tx, Answer::changed(format!("/products/{}", product.id), &product))
    })?;
    Ok(answered.into_response())
}

fn find(db: &mut Connection, currency: &Currency, id: Id) -> Result<Product> {
    let product = find_even_archived(db, currency, id)?.filter(|product| product.archived_at.is_none());
    Ok(product.ok_or_else(Problem::not_found)?)
}

fn find_even_archived(db: &mut Connection, currency: &Currency, id: Id) -> Result<Option<Product>> {
    let sql = format!("{} (?)", select_by_id());
    db.row(&sql, (id,), |row| Product::from_row(row, currency))
}

/// Those of these products that are in the catalogue.
pub fn find_active(app: &App, db: &mut Connection, ids: &[Id]) -> Result<HashMap<Id, Product>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (marks, ids) = in_list(ids.iter().copied());
    let sql = format!("{} ({marks}) AND p.active = 1", select_by_id());
    let products = db.rows(&sql, ids, |row| Product::from_row(row, &app.config.currency))?;
    Ok(products.into_iter().map(|product| (product.id, product)).collect())
}

/// Up to where the list of ids follows.
fn select_by_id() -> String {
    format!("SELECT {COLUMNS} FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id IN")
}

/// Locks the product's row, and no row of stock, until the transaction ends.
pub fn lock(app: &App, tx: &mut Transaction, id: Id) -> Result<Product> {
    lock_row(tx, id)?;
    find(tx, &app.config.currency, id)
}

fn lock_row(tx: &mut Transaction, id: Id) -> Result<()> {
    tx.row("SELECT id FROM products WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    Ok(())
}

/// Writes the search text of these products again where it is not what their details say. Returns of how many.
pub fn write_search_text(app: &App, tx: &mut Transaction, ids: &[Id]) -> Result<u64> {
    let (marks, ids) = in_list(ids.iter().copied());
    let sql = format!(
        "SELECT {COLUMNS}, p.search_text FROM products p JOIN stock s ON s.product_id = p.id
         WHERE p.id IN ({marks}) ORDER BY p.id"
    );
    let currency = &app.config.currency;
    let products = tx.rows(&sql, ids, |row| {
        (Product::from_row(row, currency), column::<Option<String>>(row, "search_text"))
    })?;
    let mut written = 0;
    for (Product { id, details, .. }, old) in products {
        let search_text = details.search_text();
        if old.as_ref() != Some(&search_text) {
            // Nothing is written when somebody has changed the product since.
            let category = details.category_kept();
            let sql = "UPDATE products SET search_text = ?, category = ? WHERE id = ? AND search_text <=> ?";
            written += tx.execute(sql, (search_text, category, id, old))?;
        }
    }
    Ok(written)
}

/// Adds a product to the catalogue, with what is on the shelf.
pub fn insert(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    details: Details,
    on_hand: i64,
    unit_cost: Option<UnitCost>,
) -> Result<Product> {
    let now = app.clock.now();
    let sql = format!("INSERT INTO products SET {WRITTEN}, created_at = ?");
    let inserted = tx.insert(&sql, [&details.written(now)[..], &[now.into()]].concat());
    let id = names::unless_taken(tx, &details, inserted)?;
    names::take_barcodes(tx, id, &details.barcodes)?;
    let mut fields = audit::differences(&(), &details);
    fields.extend((on_hand > 0).then(|| "stock".to_owned()));
    events::record(tx, now, Kind::ProductCreated, id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Created, (Object::Product, id), &fields)?;
    ledger::open(tx, id, on_hand, unit_cost, caller.actor(), now)?;
    Ok(Product {
        id,
        details,
        currency: app.config.currency.code().to_owned(),
        in_stock: on_hand > 0,
        created_at: now,
        updated_at: now,
        archived_at: None,
    })
}

/// Gives a locked product other details.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: Product,
    details: Details,
) -> Result<Product> {
    let fields = audit::differences(&old.details, &details);
    if fields.is_empty() {
        return Ok(old);
    }
    let now = app.clock.now();
    rewrite(tx, old.id, &details, now)?;
    if details.barcodes != old.details.barcodes {
        names::free_barcodes(tx, old.id)?;
        names::take_barcodes(tx, old.id, &details.barcodes)?;
    }
    events::record(tx, now, Kind::ProductChanged, old.id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Product, old.id), &fields)?;
    Ok(Product { details, updated_at: now, ..old })
}

fn rewrite(tx: &mut Transaction, id: Id, details: &Details, now: Timestamp) -> Result<()> {
    let sql = format!("UPDATE products SET {WRITTEN} WHERE id = ?");
    let updated = tx.execute(&sql, [&details.written(now)[..], &[id.into()]].concat());
    names::unless_taken(tx, details, updated)?;
    Ok(())
}

/// Takes a locked product out of the catalogue.
pub fn archive(app: &App, tx: &mut Transaction, caller: &Caller, product: &Product) -> Result<()> {
    let archived = (Object::Product, product.id);
    audit::record(app, tx, caller.actor(), Action::Archived, archived, audit::NO_FIELDS)?;
    let now = app.clock.now();
    events::record(tx, now, Kind::ProductArchived, product.id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    tx.execute(
        "UPDATE products SET active = 0, archived_at = ?, updated_at = ?, sku_key = NULL, slug_key = NULL WHERE id = ?",
        (now, now, product.id),
    )?;
    if !product.details.barcodes.is_empty() {
        names::free_barcodes(tx, product.id)?;
    }
    Ok(())
}

/// Puts a locked product back into the catalogue. One that is there stays as it is.
pub fn restore(app: &App, tx: &mut Transaction, caller: &Caller, product: Product) -> Result<Product> {
    if product.archived_at.is_none() {
        return Ok(product);
    }
    let (id, now) = (product.id, app.clock.now());
    rewrite(tx, id, &product.details, now)?;
    names::take_barcodes(tx, id, &product.details.barcodes)?;
    events::record(tx, now, Kind::ProductRestored, id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Product, id), &["archived_at"])?;
    Ok(Product { updated_at: now, archived_at: None, ..product })
}
