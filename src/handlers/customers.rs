//! Customers: the people who order.
//!
//! A customer sees and changes only themselves; staff see and change all. How one becomes a customer is
//! in `sign_up`.

use std::collections::HashMap;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::erasures::{self, Outcome};
use crate::error::{Error, Result};
use crate::events::{self, Kind};
use crate::handlers::mentions;
use crate::problem::{self, Problem};
use crate::values::{Email, Id, Line, Phone, Search, Timestamp, search_text};
use crate::web::caller::{Caller, Scope};
use crate::web::form::Form;
use crate::web::idempotency;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::{Echo, Shown};
use crate::web::updated::Updated;

#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    pub id: Id,
    #[serde(flatten)]
    pub details: Details,
    pub account_id: Option<Id>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What people set.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub name: Line<200>,
    pub email: Email,
    pub phone: Phone,
}

/// What else of a customer comes back when they are read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("account_id", "POST /customer_accounts makes an account, and DELETE /customer_accounts/{id} removes it"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::elsewhere("account", "POST /customer_accounts makes an account"),
    Shown::elsewhere("username", "PATCH /customer_accounts/{id} changes username and password"),
    Shown::elsewhere("password", "PATCH /customer_accounts/{id} changes username and password"),
    Shown::elsewhere("shipping_address", "it is given with each order, in POST /orders"),
];

/// What PATCH names.
pub struct Changes {
    name: Option<Line<200>>,
    email: Option<Email>,
    phone: Option<Phone>,
}

/// Every column of a customer; an account has at most one customer and the other way round.
pub const COLUMNS: &str = "c.id, c.name, c.email, c.phone, c.created_at, c.updated_at,
    (SELECT a.id FROM accounts a WHERE a.customer_id = c.id) AS account_id";

/// What INSERT and UPDATE write; [`Details::written`] has the values.
const WRITTEN: &str = "name = ?, email = ?, phone = ?, search_text = ?, updated_at = ?";

impl Customer {
    pub fn from_row(row: &Row) -> Customer {
        Customer {
            id: column(row, "id"),
            details: Details {
                name: Line(column(row, "name")),
                email: Email(column(row, "email")),
                phone: Phone(column(row, "phone")),
            },
            account_id: column(row, "account_id"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl Details {
    pub fn read(form: &mut Form) -> Option<Details> {
        let name = form.required("name", Line::parse);
        let email = form.required("email", Email::parse);
        let phone = form.required("phone", Phone::parse);
        Some(Details { name: name?, email: email?, phone: phone? })
    }

    fn written(&self, now: Timestamp) -> [Value; 5] {
        let search_text = self.search_text();
        [(&self.name).into(), (&self.email).into(), (&self.phone).into(), search_text.into(), now.into()]
    }

    /// What `q` looks through.
    fn search_text(&self) -> String {
        search_text([&*self.name.0, &*self.email.0, &*self.phone.0, &*self.phone.digits()])
    }
}

impl Changes {
    pub fn read(form: &mut Form) -> Option<Changes> {
        let name = form.changed("name", Line::parse);
        let email = form.changed("email", Email::parse);
        let phone = form.changed("phone", Phone::parse);
        Some(Changes { name: name?, email: email?, phone: phone? })
    }

    pub fn merged(&self, old: &Details) -> Details {
        Details {
            name: self.name.as_ref().unwrap_or(&old.name).clone(),
            email: self.email.as_ref().unwrap_or(&old.email).clone(),
            phone: self.phone.as_ref().unwrap_or(&old.phone).clone(),
        }
    }
}

/// Restricts customers `c` to those that `q` names: every word of it is looked for in name, email and phone, which
/// is found by its digits too. Who is erased has no search text.
pub fn named(q: &Search, filter: &mut Filter) {
    filter.add_words("c.search_text", &q.words, q.phone.as_deref());
}

/// `GET /customers?q=&ids=&updated_from=&updated_to=&limit=&after=`, by id; those who were changed in a span of time in the
/// order of the changes.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let updated = Updated::read(&mut form, &app.config.calendar);
    let is_by_update = matches!(updated, Some(Some(_)));
    let keyset = if is_by_update {
        Keyset::by_time("c.updated_at", "c.id").through("customers_by_update")
    } else {
        Keyset::by_id("c.id")
    };
    let page = Page::read_with_ids(&mut form, &keyset);
    let q = form.optional("q", Search::parse);
    let ((page, ids), updated, q) = form.finish(|| Some((page?, updated?, q?)))?;
    let mut filter = Filter::default();
    filter.add("c.erased_at IS NULL", []);
    if let Some(ids) = ids {
        let (marks, ids) = db::in_list(ids);
        filter.add(format!("c.id IN ({marks})"), ids);
    }
    page.restrict(&keyset, &mut filter);
    if let Some(updated) = updated {
        updated.restrict("c.updated_at", &mut filter);
    }
    if let Some(q) = q {
        named(&q, &mut filter);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c {} {} {} LIMIT ?",
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let customers = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Customer::from_row))?;
    let cursor = |customer: &Customer| {
        if is_by_update {
            Cursor::by_time(customer.updated_at, customer.id)
        } else {
            Cursor::by_id(customer.id)
        }
    };
    Ok(response::json(200, &page.list(customers, cursor)))
}

/// `GET /customers/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let customer = db::read(&app.pool, |db| find(db, request.caller.scope(), request.path_id, ""))?;
    Ok(response::resource(request, &customer))
}

/// `PUT /customers/{id}`: `{name, email, phone}`.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form);
    let echo = form.shown(SHOWN);
    let details = form.finish(|| details)?;
    write(app, request, &echo, |_| details.clone())
}

/// `PATCH /customers/{id}`: any of `{name, email, phone}`.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = Changes::read(&mut form);
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
    let customer = db::transaction(&app.pool, |tx| {
        let old = lock(tx, request.caller.scope(), request.path_id)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        let details = details(&old.details);
        update(app, tx, &request.caller, old, details)
    })?;
    Ok(response::resource(request, &customer))
}

/// `DELETE /customers/{id}`: removes a customer without orders, and erases the personal data of one
/// whose orders are all finished. `GET /mentions` has the notes that may name them. 204; 409
/// `customer_has_open_orders` names the orders under way.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let mut erased = None;
    let done = db::transaction(&app.pool, |tx| {
        let customer = lock(tx, request.caller.scope(), request.path_id)?;
        response::check_if_match(request, &customer)?;
        erase(app, tx, request.caller.actor(), customer.id)?;
        remember_erasure(app, customer.id, Outcome::Erased)?;
        erased = Some(customer.id);
        Ok(())
    });
    if let (Some(id), Err(cause)) = (erased, &done)
        && !matches!(cause, Error::OutcomeUnknown(_))
    {
        remember_erasure(app, id, Outcome::NotErased)?;
    }
    done?;
    Ok(response::no_content())
}

/// Writes an erasure down outside of the database, before COMMIT: one that a restored backup would undo is none.
fn remember_erasure(app: &App, id: Id, outcome: Outcome) -> Result<()> {
    let Some(file) = &app.config.erasures else { return Ok(()) };
    erasures::append(file, app.clock.now(), id, outcome).map_err(|cause| {
        log::error!("an erasure cannot be written down in {}: {cause}", file.display());
        let detail = "Erasures are written to a file beside the database, so that a restored backup does not bring anybody \
                      back, and that file cannot be written. Nobody was erased; try again once the shop's operator has \
                      mended it.";
        Problem::new(problem::STORAGE_FULL, detail).retry_after(30).into()
    })
}

/// Writes the search text of these customers again where it is not what their details say. Returns of how many.
pub fn write_search_text(tx: &mut Transaction, ids: &[Id]) -> Result<u64> {
    let (marks, ids) = db::in_list(ids.iter().copied());
    let sql = format!(
        "SELECT {COLUMNS}, c.search_text FROM customers c WHERE c.id IN ({marks}) AND c.erased_at IS NULL ORDER BY c.id FOR UPDATE"
    );
    let customers =
        tx.rows(&sql, ids, |row| (Customer::from_row(row), column::<Option<String>>(row, "search_text")))?;
    let mut written = 0;
    for (Customer { id, details, .. }, old) in customers {
        let search_text = details.search_text();
        if old.as_ref() != Some(&search_text) {
            written += tx.execute("UPDATE customers SET search_text = ? WHERE id = ?", (search_text, id))?;
        }
    }
    Ok(written)
}

/// Adds a customer without an account.
pub fn insert(app: &App, tx: &mut Transaction, details: Details) -> Result<Customer> {
    let now = app.clock.now();
    let sql = format!("INSERT INTO customers SET {WRITTEN}, created_at = ?");
    let id = tx.insert(&sql, [&details.written(now)[..], &[now.into()]].concat())?;
    Ok(Customer { id, details, account_id: None, created_at: now, updated_at: now })
}

/// The customer, when they are within the caller's scope.
fn find(db: &mut Connection, scope: Scope, id: Id, locking: &str) -> Result<Customer> {
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c WHERE c.id = ? AND c.erased_at IS NULL AND (? OR c.id = ?) {locking}"
    );
    let [all, own] = scope.bound();
    let customer = db.row(&sql, (id, all, own), Customer::from_row)?;
    Ok(customer.ok_or_else(Problem::not_found)?)
}

/// Those of these customers who are not erased.
pub fn find_active(db: &mut Connection, ids: &[Id]) -> Result<HashMap<Id, Customer>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (marks, ids) = db::in_list(ids.iter().copied());
    let sql = format!("SELECT {COLUMNS} FROM customers c WHERE c.id IN ({marks}) AND c.erased_at IS NULL");
    let customers = db.rows(&sql, ids, Customer::from_row)?;
    Ok(customers.into_iter().map(|customer| (customer.id, customer)).collect())
}

/// Whether there is an order of this customer.
pub fn has_ordered(db: &mut Connection, id: Id) -> Result<bool> {
    Ok(db.row("SELECT id FROM orders WHERE customer_id = ? LIMIT 1", (id,), |_| ())?.is_some())
}

/// Keeps new orders out too: placing one locks the customer's row.
pub fn lock(tx: &mut Transaction, scope: Scope, id: Id) -> Result<Customer> {
    find(tx, scope, id, "FOR UPDATE")
}

/// Gives a locked customer other details.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: Customer,
    details: Details,
) -> Result<Customer> {
    let fields = audit::differences(&old.details, &details);
    if fields.is_empty() {
        return Ok(old);
    }
    let now = app.clock.now();
    events::record(tx, now, Kind::CustomerChanged, old.id, events::NO_PRODUCTS, &fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Customer, old.id), &fields)?;
    let sql = format!("UPDATE customers SET {WRITTEN} WHERE id = ?");
    tx.execute(&sql, [&details.written(now)[..], &[old.id.into()]].concat())?;
    Ok(Customer { details, updated_at: now, ..old })
}

/// Notes that a locked customer has another account, or none, which shows in them.
pub fn note_account(app: &App, tx: &mut Transaction, id: Id) -> Result<()> {
    let now = app.clock.now();
    events::record(tx, now, Kind::CustomerChanged, id, events::NO_PRODUCTS, &["account_id"])?;
    tx.execute("UPDATE customers SET updated_at = ? WHERE id = ?", (now, id))?;
    Ok(())
}

/// Erases a locked customer from everywhere; what staff wrote to movements and may be about them is put up for review.
/// The row stays, without the person in it, when orders point at it.
pub fn erase(app: &App, tx: &mut Transaction, actor: Actor, id: Id) -> Result<()> {
    refuse_while_orders_are_open(tx, id)?;
    mentions::find(app, tx, id)?;
    audit::record(app, tx, actor, Action::Erased, (Object::Customer, id), audit::NO_FIELDS)?;
    let now = app.clock.now();
    events::record_erased_orders(tx, now, id)?;
    events::record(tx, now, Kind::CustomerErased, id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    for sql in [
        "DELETE FROM sessions WHERE customer_id = ?",
        "DELETE FROM known_networks WHERE account_id IN (SELECT id FROM accounts WHERE customer_id = ?)",
        "DELETE FROM accounts WHERE customer_id = ?",
        "UPDATE orders o STRAIGHT_JOIN order_events e ON e.order_id = o.id
         SET e.note = NULL, e.old_value = NULL, e.new_value = NULL WHERE o.customer_id = ?",
        "UPDATE orders SET shipping_address = NULL, note = NULL, carrier = NULL, tracking_number = NULL WHERE customer_id = ?",
    ] {
        tx.execute(sql, (id,))?;
    }
    idempotency::erase_about_customer(tx, id)?;
    erase_in_imports(tx, id)?;
    let erased = if has_ordered(tx, id)? {
        tx.execute(
            "UPDATE customers SET name = NULL, email = NULL, phone = NULL, search_text = NULL, updated_at = ?, erased_at = ? WHERE id = ?",
            (now, now, id),
        )
    } else {
        tx.execute("DELETE FROM customers WHERE id = ?", (id,))
    };
    erased?;
    Ok(())
}

/// Takes a customer who is being erased out of the files that were read: where a row is about them, and where one that was
/// refused, or is about nobody yet, has their address.
fn erase_in_imports(tx: &mut Transaction, id: Id) -> Result<()> {
    let blank = "UPDATE import_rows r STRAIGHT_JOIN imports i ON i.id = r.import_id
         SET r.fields = NULL, r.fields_before = NULL, r.errors = NULL, r.outcome = 'refused' WHERE i.type = 'customers'";
    tx.execute(&format!("{blank} AND r.object_id = ?"), (id,))?;
    let email: Option<Option<String>> =
        tx.row("SELECT email FROM customers WHERE id = ?", (id,), |row| column(row, "email"))?;
    if let Some(email) = email.flatten() {
        let like = db::contains(&email.to_lowercase());
        let texts = "LOWER(CONCAT(COALESCE(r.fields, ''), COALESCE(r.errors, '')))";
        tx.execute(&format!("{blank} AND r.object_id IS NULL AND {texts} LIKE ?"), (like,))?;
    }
    Ok(())
}

/// As many order ids as a person reads.
const OPEN_ORDERS_NAMED: u32 = 20;

fn refuse_while_orders_are_open(tx: &mut Transaction, customer_id: Id) -> Result<()> {
    let open: Vec<Id> = tx.rows(
        // Otherwise MariaDB walks all orders by time when the customer has many.
        "SELECT id FROM orders FORCE INDEX (orders_by_customer)
         WHERE customer_id = ? AND status IN ('placed', 'shipped') ORDER BY placed_at, id LIMIT ?",
        (customer_id, OPEN_ORDERS_NAMED),
        |row| column(row, "id"),
    )?;
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = open.iter().map(Id::to_string).collect();
    let detail = format!(
        "Cancel them first, or note what became of them (delivered, lost or returned): orders {}.",
        ids.join(", ")
    );
    Err(Problem::new(problem::CUSTOMER_HAS_OPEN_ORDERS, detail).with_extra("order_ids", json!(open)).into())
}
