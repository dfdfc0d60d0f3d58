//! What a supplier asks for a product. It is there while both are: what an archived supplier asked, or was asked for an
//! archived product, is kept and comes back with them.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::ledger::ON_HAND_MAX;
use crate::problem::{self, Problem};
use crate::restock::supply::{PriceBreak, Terms};
use crate::values::{Bad, Currency, Id, Line, Timestamp, UnitCost, boolean, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::{Echo, Shown};

#[derive(Debug, Clone, Serialize)]
pub struct Offer {
    pub supplier_id: Id,
    pub supplier_name: String,
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub terms: Terms,
    pub currency: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("supplier_id", "it never changes"),
    Shown::fixed("supplier_name", "PATCH /suppliers/{id} changes it"),
    Shown::fixed("product_id", "it never changes"),
    Shown::fixed("name", "PATCH /products/{id} changes it"),
    Shown::fixed("sku", "PATCH /products/{id} changes it"),
    Shown::fixed("currency", "the setting STOREKEEPER_CURRENCY decides"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::elsewhere("price", "PATCH /products/{id} changes the price at which it is sold, and cost is what the shop pays"),
    Shown::elsewhere("lead_time_days", "PATCH /suppliers/{id} sets the supplier's lead time, and PATCH /products/{id}/stock a product's own"),
    Shown::elsewhere("order_days", "PATCH /suppliers/{id} sets them"),
    Shown::elsewhere("minimum_order_value", "PATCH /suppliers/{id} sets it"),
];

/// What PATCH names; the inner None clears.
struct Changes {
    supplier_sku: Option<Option<Line<100>>>,
    cost: Option<UnitCost>,
    pack_size: Option<i64>,
    minimum_quantity: Option<i64>,
    price_breaks: Option<Vec<PriceBreak>>,
    preferred: Option<bool>,
}

/// A pallet of the smallest things.
const PACK_SIZE_MAX: i64 = 1_000_000;
/// More than price lists have.
const PRICE_BREAKS_MAX: usize = 20;

impl Offer {
    fn from_row(row: &Row, currency: &Currency) -> Offer {
        Offer {
            supplier_id: column(row, "supplier_id"),
            supplier_name: column(row, "supplier_name"),
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            terms: Terms::from_row(row, currency),
            currency: currency.code().to_owned(),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

/// What is asked by whom there is, for what there is. The two ids say at which end a list begins.
fn select() -> String {
    format!(
        "SELECT v.id AS supplier_id, v.name AS supplier_name, p.id AS product_id, p.name, p.sku, o.created_at, o.updated_at, {}
         FROM supplier_products o JOIN suppliers v ON v.id = o.supplier_id AND v.active = 1
         JOIN products p ON p.id = o.product_id AND p.active = 1",
        Terms::COLUMNS
    )
}

fn read_terms(form: &mut Form, currency: &Currency) -> Option<Terms> {
    let supplier_sku = form.optional("supplier_sku", Line::parse);
    let cost = form.required("cost", |input| currency.parse_unit_cost(input));
    let pack_size = form.with_default("pack_size", 1, |input| whole_number(input, 1, PACK_SIZE_MAX));
    let minimum_quantity =
        form.with_default("minimum_quantity", 1, |input| whole_number(input, 1, ON_HAND_MAX));
    let price_breaks = read_price_breaks(form, currency);
    let preferred = form.with_default("preferred", false, boolean);
    Some(Terms {
        supplier_sku: supplier_sku?,
        cost: cost?,
        pack_size: pack_size?,
        minimum_quantity: minimum_quantity?,
        price_breaks: price_breaks?.unwrap_or_default(),
        preferred: preferred?,
    })
}

impl Changes {
    fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
        let supplier_sku = form.changed_or_cleared("supplier_sku", Line::parse);
        let cost = form.changed("cost", |input| currency.parse_unit_cost(input));
        let pack_size = form.changed("pack_size", |input| whole_number(input, 1, PACK_SIZE_MAX));
        let minimum_quantity = form.changed("minimum_quantity", |input| whole_number(input, 1, ON_HAND_MAX));
        let price_breaks = read_price_breaks(form, currency);
        let preferred = form.changed("preferred", boolean);
        Some(Changes {
            supplier_sku: supplier_sku?,
            cost: cost?,
            pack_size: pack_size?,
            minimum_quantity: minimum_quantity?,
            price_breaks: price_breaks?,
            preferred: preferred?,
        })
    }

    fn merged(&self, old: &Terms) -> Terms {
        Terms {
            supplier_sku: self.supplier_sku.as_ref().unwrap_or(&old.supplier_sku).clone(),
            cost: self.cost.unwrap_or(old.cost),
            pack_size: self.pack_size.unwrap_or(old.pack_size),
            minimum_quantity: self.minimum_quantity.unwrap_or(old.minimum_quantity),
            price_breaks: self.price_breaks.as_ref().unwrap_or(&old.price_breaks).clone(),
            preferred: self.preferred.unwrap_or(old.preferred),
        }
    }
}

/// `price_breaks: [{from_quantity, cost}]`, each from a larger quantity on than the one before.
fn read_price_breaks(form: &mut Form, currency: &Currency) -> Option<Option<Vec<PriceBreak>>> {
    let mut before = 1;
    form.changed_list("price_breaks", PRICE_BREAKS_MAX, |form, place, item| {
        let one = form.object_item(place, item, |form| {
            let from_quantity = form.required("from_quantity", |input| whole_number(input, 2, ON_HAND_MAX));
            let cost = form.required("cost", |input| currency.parse_unit_cost(input));
            Some(PriceBreak { from_quantity: from_quantity?, cost: cost? })
        })?;
        if one.from_quantity <= before {
            let message = format!("must be more than {before}, from which the price before it counts");
            form.reject(&format!("{place}.from_quantity"), Bad::new("not_rising", message));
            return None;
        }
        before = one.from_quantity;
        Some(one)
    })
}

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
