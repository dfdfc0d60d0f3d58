//! What a supplier asks for a product. It is there while both are: what an archived supplier asked, or was asked for an
//! archived product, is kept and comes back with them.

mod fields;

use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::suppliers::offers::fields::{Changes, Offer, SHOWN, read_terms, select};
use crate::ledger::ON_HAND_MAX;
use crate::problem::{self, Problem};
use crate::restock::supply::Terms;
use crate::values::{Bad, Currency, Id, Timestamp};
use crate::web::caller::Caller;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Echo;

/// `GET /suppliers/{id}/products?limit=&after=`: what this supplier asks for the active products, by product.
pub fn list_of_supplier(app: &App, request: &Request) -> Result<Response> {
    list(app, request, "suppliers", "o.supplier_id = ?", Keyset::by_id("o.product_id"), |offer| {
        offer.product_id
    })
}

/// `GET /products/{id}/suppliers?limit=&after=`: who sells this product to the shop and for how much, by supplier.
pub fn list_of_product(app: &App, request: &Request) -> Result<Response> {
    list(app, request, "products", "o.product_id = ?", Keyset::by_id("o.supplier_id"), |offer| {
        offer.supplier_id
    })
}

fn list(
    app: &App,
    request: &Request,
    of: &str,
    condition: &'static str,
    keyset: Keyset,
    other: fn(&Offer) -> Id,
) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    filter.add(condition, [request.path_id.into()]);
    page.restrict(&keyset, &mut filter);
    let sql = format!("{} {} {} LIMIT ?", select(), filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let there = format!("SELECT id FROM {of} WHERE id = ? AND active = 1");
    let currency = &app.config.currency;
    let offers = db::read(&app.pool, |db| {
        db.row(&there, (request.path_id,), |_| ())?.ok_or_else(Problem::not_found)?;
        db.rows(&sql, values.clone(), |row| Offer::from_row(row, currency))
    })?;
    Ok(response::json(200, &page.list(offers, |offer| Cursor::by_id(other(offer)))))
}

/// `GET /suppliers/{id}/products/{product_id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let ids = ids(request);
    let offer = db::read(&app.pool, |db| find(db, &app.config.currency, ids))?;
    Ok(response::resource(request, &offer.ok_or_else(Problem::not_found)?))
}

/// `PUT /suppliers/{id}/products/{product_id}`: `{cost, supplier_sku?, pack_size?, minimum_quantity?, price_breaks?,
/// preferred?}`; what is left out is cleared. 201 when the supplier was not known to sell it. `preferred` takes the place
/// of the supplier that was preferred.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let terms = read_terms(&mut form, &app.config.currency);
    let echo = form.shown(SHOWN);
    let terms = form.finish(|| terms)?;
    let (offer, is_new) = db::transaction(&app.pool, |tx| {
        let old = lock(app, tx, ids(request))?;
        match &old {
            Some(old) => check(request, &echo, old)?,
            // If-Match names a version, and If-None-Match: * wants that there is none.
            None if request.http.header("If-Match").is_some() => {
                let detail = "The supplier is not known to sell this product. Send it without If-Match.";
                return Err(Problem::new(problem::PRECONDITION_FAILED, detail).into());
            }
            None => {}
        }
        check_fits(&terms)?;
        let offer = set(app, tx, &request.caller, ids(request), old.as_ref(), &terms)?;
        Ok((offer, old.is_none()))
    })?;
    if is_new {
        let location = format!("/suppliers/{}/products/{}", offer.supplier_id, offer.product_id);
        return Ok(response::made(201, location, response::to_text(&offer)));
    }
    Ok(response::resource(request, &offer))
}

/// `PATCH /suppliers/{id}/products/{product_id}`: any of them; null clears.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = Changes::read(&mut form, &app.config.currency);
    let echo = form.shown(SHOWN);
    let changes = form.finish(|| changes)?;
    let offer = db::transaction(&app.pool, |tx| {
        let old = lock(app, tx, ids(request))?.ok_or_else(Problem::not_found)?;
        check(request, &echo, &old)?;
        let terms = changes.merged(&old.terms);
        check_fits(&terms)?;
        set(app, tx, &request.caller, ids(request), Some(&old), &terms)
    })?;
    Ok(response::resource(request, &offer))
}

/// `DELETE /suppliers/{id}/products/{product_id}`: the supplier sells it no longer. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let offer = lock(app, tx, ids(request))?.ok_or_else(Problem::not_found)?;
        response::check_if_match(request, &offer)?;
        remove(app, tx, &request.caller, ids(request))
    })?;
    Ok(response::no_content())
}

/// Refuses what nobody could buy: the least in whole packs must find room on a shelf.
fn check_fits(terms: &Terms) -> Result<()> {
    let least = terms.packing().raised(1);
    if least <= ON_HAND_MAX {
        return Ok(());
    }
    let message = format!("comes to {least} in whole packs, and a shelf holds {ON_HAND_MAX}: send less");
    Err(Problem::invalid_field("minimum_quantity", Bad::new("never_fits", message)).into())
}

fn ids(request: &Request) -> (Id, Id) {
    (request.path_id, request.path_product_id)
}

fn check(request: &Request, echo: &Echo, offer: &Offer) -> Result<()> {
    response::check_if_match(request, offer)?;
    echo.check(offer)
}

fn find(db: &mut Connection, currency: &Currency, ids: (Id, Id)) -> Result<Option<Offer>> {
    let sql = format!("{} WHERE o.supplier_id = ? AND o.product_id = ?", select());
    db.row(&sql, ids, |row| Offer::from_row(row, currency))
}

/// Locks the supplier and then the product, so that neither is archived meanwhile and of two suppliers one becomes the
/// preferred one after the other. None when the supplier does not sell it; 404 when there is no such supplier or product.
fn lock(app: &App, tx: &mut Transaction, ids: (Id, Id)) -> Result<Option<Offer>> {
    for (table, id) in [("suppliers", ids.0), ("products", ids.1)] {
        let sql = format!("SELECT active FROM {table} WHERE id = ? FOR UPDATE");
        let is_active = tx.row(&sql, (id,), |row| column::<bool>(row, "active"))?;
        is_active.filter(|active| *active).ok_or_else(Problem::not_found)?;
    }
    find(tx, &app.config.currency, ids)
}

/// Says what a supplier asks for a product. Both are locked, and `old` is what it asked before.
fn set(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    ids: (Id, Id),
    old: Option<&Offer>,
    terms: &Terms,
) -> Result<Offer> {
    let (supplier_id, product_id) = ids;
    let fields = match old {
        Some(old) => audit::differences(&old.terms, terms),
        None => audit::differences(&(), terms),
    };
    if let Some(old) = old.filter(|_| fields.is_empty()) {
        return Ok(old.clone());
    }
    let now = app.clock.now();
    if terms.preferred {
        take_preference(app, tx, caller, ids, now)?;
    }
    let values =
        [&terms.written(product_id)[..], &[now.into(), supplier_id.into(), product_id.into()]].concat();
    let written = Terms::WRITTEN;
    match old {
        Some(_) => {
            let sql = format!(
                "UPDATE supplier_products SET {written}, updated_at = ? WHERE supplier_id = ? AND product_id = ?"
            );
            tx.execute(&sql, values)?;
        }
        None => {
            let sql = format!(
                "INSERT INTO supplier_products SET {written}, updated_at = ?, supplier_id = ?, product_id = ?, created_at = ?"
            );
            tx.execute(&sql, [&values[..], &[now.into()]].concat())?;
        }
    }
    note(app, tx, caller, ids, &fields, now)?;
    find(tx, &app.config.currency, ids)?.ok_or_else(|| Problem::not_found().into())
}

/// Takes the preference from the supplier that has it, archived or not.
fn take_preference(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    (supplier_id, product_id): (Id, Id),
    now: Timestamp,
) -> Result<()> {
    let sql = "SELECT supplier_id FROM supplier_products WHERE preferred_product_id = ? AND supplier_id <> ?";
    let former = tx.row(sql, (product_id, supplier_id), |row| column(row, "supplier_id"))?;
    let Some(former) = former else {
        return Ok(());
    };
    let sql = "UPDATE supplier_products SET preferred_product_id = NULL, updated_at = ? WHERE supplier_id = ? AND product_id = ?";
    tx.execute(sql, (now, former, product_id))?;
    note(app, tx, caller, (former, product_id), &["preferred"], now)
}

/// The supplier sells it no longer. Both are locked.
fn remove(app: &App, tx: &mut Transaction, caller: &Caller, ids: (Id, Id)) -> Result<()> {
    tx.execute("DELETE FROM supplier_products WHERE supplier_id = ? AND product_id = ?", ids)?;
    note(app, tx, caller, ids, &[""], app.clock.now())
}

/// Writes down that the supplier asks something else for a product: `products[7].cost`.
fn note(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    (supplier_id, product_id): (Id, Id),
    fields: &[impl AsRef<str>],
    now: Timestamp,
) -> Result<()> {
    let of_product = |field: &str| format!("products[{product_id}].{field}").trim_end_matches('.').to_owned();
    let fields: Vec<String> = fields.iter().map(|field| of_product(field.as_ref())).collect();
    events::record(tx, now, Kind::SupplierChanged, supplier_id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Supplier, supplier_id), &fields)
}
