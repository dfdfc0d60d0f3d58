//! Whom the shop buys from, for managers, and for programs that restock. What they ask for each product is in `offers`.

mod fields;
mod lead_times;
mod list;
mod offers;

use std::collections::HashMap;

use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::suppliers::fields::{COLUMNS, SHOWN, WRITTEN};
use crate::problem::{self, Problem};
use crate::values::{Currency, Id, Timestamp};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Echo;

pub use fields::{Changes, Details, Supplier};
pub use lead_times::read as read_lead_times;
pub use list::list;
pub use offers::{
    change as change_offer, delete as delete_offer, list_of_product, list_of_supplier, read as read_offer,
    replace as replace_offer,
};

/// `POST /suppliers`: `{name, lead_time_days, email?, phone?, order_days?, minimum_order_value?, note?}`. 201.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let details = form.finish(|| details)?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let supplier = insert(app, tx, &request.caller, details.clone())?;
        claim.keep(tx, Answer::created(format!("/suppliers/{}", supplier.id), &supplier))
    })?;
    Ok(answered.into_response())
}

/// `GET /suppliers/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let supplier = db::read(&app.pool, |db| find(db, &app.config.currency, request.path_id))?;
    Ok(response::resource(request, &supplier))
}

/// `PUT /suppliers/{id}`: as for POST; what is left out is cleared.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, &app.config.currency);
    let echo = form.shown(SHOWN);
    let details = form.finish(|| details)?;
    write(app, request, &echo, |_| details.clone())
}

/// `PATCH /suppliers/{id}`: any of them; null clears.
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
    let supplier = db::transaction(&app.pool, |tx| {
        let old = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        let details = details(&old.details);
        update(app, tx, &request.caller, old, details)
    })?;
    Ok(response::resource(request, &supplier))
}

/// `DELETE /suppliers/{id}`: archives it. Nothing is bought there any more, and it is no product's preferred supplier;
/// what it asks for the products is kept. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let supplier = lock(app, tx, request.path_id)?;
        response::check_if_match(request, &supplier)?;
        archive(app, tx, &request.caller, supplier.id)
    })?;
    Ok(response::no_content())
}

/// `POST /suppliers/{id}/restore`: an archived supplier is there again with what it asks for the products, and is
/// preferred for those that prefer no other by now. 200, also for one that is there already.
pub fn post_restore(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        lock_row(tx, request.path_id)?;
        let supplier = find_even_archived(tx, &app.config.currency, request.path_id)?;
        let supplier = supplier.ok_or_else(Problem::not_found)?;
        response::check_if_match(request, &supplier)?;
        let supplier = restore(app, tx, &request.caller, supplier)?;
        claim.keep(tx, Answer::changed(format!("/suppliers/{}", supplier.id), &supplier))
    })?;
    Ok(answered.into_response())
}

fn find(db: &mut Connection, currency: &Currency, id: Id) -> Result<Supplier> {
    let supplier = find_even_archived(db, currency, id)?.ok_or_else(Problem::not_found)?;
    if supplier.archived_at.is_some() {
        let detail = format!("Supplier {id} is archived. Bring it back with POST /suppliers/{id}/restore.");
        return Err(Problem::new(problem::NOT_FOUND, detail).into());
    }
    Ok(supplier)
}

fn find_even_archived(db: &mut Connection, currency: &Currency, id: Id) -> Result<Option<Supplier>> {
    let sql = format!("SELECT {COLUMNS} FROM suppliers v WHERE v.id = ?");
    db.row(&sql, (id,), |row| Supplier::from_row(row, currency))
}

/// Those of these suppliers that are not archived.
pub fn find_active(app: &App, db: &mut Connection, ids: &[Id]) -> Result<HashMap<Id, Supplier>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (marks, ids) = in_list(ids.iter().copied());
    let sql = format!("SELECT {COLUMNS} FROM suppliers v WHERE v.id IN ({marks}) AND v.active = 1");
    let suppliers = db.rows(&sql, ids, |row| Supplier::from_row(row, &app.config.currency))?;
    Ok(suppliers.into_iter().map(|supplier| (supplier.id, supplier)).collect())
}

/// Locks the supplier's row until the transaction ends, and so what it asks for the products.
pub fn lock(app: &App, tx: &mut Transaction, id: Id) -> Result<Supplier> {
    lock_row(tx, id)?;
    find(tx, &app.config.currency, id)
}

fn lock_row(tx: &mut Transaction, id: Id) -> Result<()> {
    tx.row("SELECT id FROM suppliers WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    Ok(())
}

/// Writes the search text of these suppliers again where it is not what their details say. Returns of how many.
pub fn write_search_text(app: &App, tx: &mut Transaction, ids: &[Id]) -> Result<u64> {
    let (marks, ids) = in_list(ids.iter().copied());
    let sql = format!(
        "SELECT {COLUMNS}, v.search_text FROM suppliers v WHERE v.id IN ({marks}) ORDER BY v.id FOR UPDATE"
    );
    let suppliers = tx.rows(&sql, ids, |row| {
        (Supplier::from_row(row, &app.config.currency), column::<Option<String>>(row, "search_text"))
    })?;
    let mut written = 0;
    for (Supplier { id, details, .. }, old) in suppliers {
        let search_text = details.search_text();
        if old.as_ref() != Some(&search_text) {
            written += tx.execute("UPDATE suppliers SET search_text = ? WHERE id = ?", (search_text, id))?;
        }
    }
    Ok(written)
}

/// Adds a supplier.
pub fn insert(app: &App, tx: &mut Transaction, caller: &Caller, details: Details) -> Result<Supplier> {
    let now = app.clock.now();
    let sql = format!("INSERT INTO suppliers SET {WRITTEN}, created_at = ?");
    let id = tx.insert(&sql, [&details.written(now)[..], &[now.into()]].concat())?;
    let fields = audit::differences(&(), &details);
    events::record(tx, now, Kind::SupplierCreated, id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Created, (Object::Supplier, id), &fields)?;
    let currency = app.config.currency.code().to_owned();
    Ok(Supplier { id, details, currency, created_at: now, updated_at: now, archived_at: None })
}

/// Gives a locked supplier other details.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: Supplier,
    details: Details,
) -> Result<Supplier> {
    let fields = audit::differences(&old.details, &details);
    if fields.is_empty() {
        return Ok(old);
    }
    let now = app.clock.now();
    rewrite(tx, old.id, &details, now)?;
    events::record(tx, now, Kind::SupplierChanged, old.id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Supplier, old.id), &fields)?;
    Ok(Supplier { details, updated_at: now, ..old })
}

fn rewrite(tx: &mut Transaction, id: Id, details: &Details, now: Timestamp) -> Result<()> {
    let sql = format!("UPDATE suppliers SET {WRITTEN} WHERE id = ?");
    tx.execute(&sql, [&details.written(now)[..], &[id.into()]].concat())?;
    Ok(())
}

/// Takes a locked supplier off the list.
pub fn archive(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    let now = app.clock.now();
    tx.execute(
        "UPDATE suppliers SET active = 0, archived_at = ?, updated_at = ? WHERE id = ?",
        (now, now, id),
    )?;
    events::record(tx, now, Kind::SupplierArchived, id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    audit::record(app, tx, caller.actor(), Action::Archived, (Object::Supplier, id), audit::NO_FIELDS)
}

/// Puts a locked supplier back on the list. One that is there stays as it is.
pub fn restore(app: &App, tx: &mut Transaction, caller: &Caller, supplier: Supplier) -> Result<Supplier> {
    if supplier.archived_at.is_none() {
        return Ok(supplier);
    }
    let (id, now) = (supplier.id, app.clock.now());
    rewrite(tx, id, &supplier.details, now)?;
    events::record(tx, now, Kind::SupplierRestored, id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Supplier, id), &["archived_at"])?;
    Ok(Supplier { updated_at: now, archived_at: None, ..supplier })
}
