//! Customers: the people who order.
//!
//! Anyone may sign up and gets a session in return, so a guest can order at once and add an account
//! later. A customer sees and changes only themselves; staff see and change all.

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::handlers::accounts::{self, NewCredentials};
use crate::handlers::sessions::{self, Opened};
use crate::problem::{self, Problem};
use crate::values::{Email, Id, Line, Phone, Timestamp};
use crate::web::form::Form;
use crate::web::idempotency::{self, Created};
use crate::web::paging::{Cursor, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    pub id: Id,
    pub name: Line<200>,
    pub email: Email,
    pub phone: Phone,
    pub account_id: Option<Id>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Every column of a customer; an account has at most one customer and the other way round.
pub const COLUMNS: &str = "c.id, c.name, c.email, c.phone, c.created_at, c.updated_at,
    (SELECT a.id FROM accounts a WHERE a.customer_id = c.id) AS account_id";

struct Details {
    name: Line<200>,
    email: Email,
    phone: Phone,
}

impl Customer {
    pub fn from_row(row: &Row) -> Customer {
        Customer {
            id: column(row, "id"),
            name: Line(column(row, "name")),
            email: Email(column(row, "email")),
            phone: Phone(column(row, "phone")),
            account_id: column(row, "account_id"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl Details {
    /// `old` is what PATCH keeps where a field is not named.
    fn read(form: &mut Form, old: Option<&Customer>) -> Option<Details> {
        let name = form.required("name", old.map(|old| &old.name), Line::parse);
        let email = form.required("email", old.map(|old| &old.email), Email::parse);
        let phone = form.required("phone", old.map(|old| &old.phone), Phone::parse);
        Some(Details { name: name?, email: email?, phone: phone? })
    }
}

/// `POST /customers`: `{name, email, phone, account?: {username, password}}`.
/// 201 with the customer and, unless staff call, `session: {token, expires_at}`; 409 `username_taken`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = Details::read(&mut form, None);
    let account = form.object("account", NewCredentials::read);
    let (details, account) = form.finish((|| Some((details?, account?)))())?;
    let account = account.map(|credentials| credentials.hashed(app)).transpose()?;
    let now = app.clock.now();
    let insert = |db: &mut Connection| -> Result<Customer> {
        let id = db.insert(
            "INSERT INTO customers (name, email, phone, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            (&details.name, &details.email, &details.phone, now, now),
        )?;
        let account_id = match &account {
            Some(account) => Some(accounts::insert(db, id, account, now, "account.username")?),
            None => None,
        };
        Ok(Customer {
            id,
            name: details.name.clone(),
            email: details.email.clone(),
            phone: details.phone.clone(),
            account_id,
            created_at: now,
            updated_at: now,
        })
    };
    let location = |customer: &Customer| format!("/customers/{}", customer.id);
    if request.caller.is_staff() {
        return idempotency::once(app, request, |db, claim| {
            let customer = insert(db)?;
            let created = Created {
                status: 201,
                location: location(&customer),
                body: response::to_text(&customer),
                order_id: None,
                customer_id: Some(customer.id),
            };
            claim.keep(db, &created)?;
            Ok(created)
        });
    }
    // The answer holds a token, so it is never stored under an Idempotency-Key.
    let (customer, session) = db::transaction(&app.pool, |db| {
        let customer = insert(db)?;
        let session = sessions::open(app, db, Some(customer.id), customer.account_id, now)?;
        Ok((customer, session))
    })?;
    #[derive(Serialize)]
    struct SignedUp<'a> {
        #[serde(flatten)]
        customer: &'a Customer,
        session: Opened,
    }
    let location = location(&customer);
    let body = SignedUp { customer: &customer, session };
    Ok(response::json(201, &body).with_unique_header("Location", location))
}

/// `GET /customers?q=&limit=&after=`, by id. `q` is looked for in name, email and phone.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let q = form.optional("q", None, Line::<100>::parse);
    let (page, q) = form.finish((|| Some((page?, q?)))())?;
    let mut filter = Filter::default();
    filter.add("c.erased_at IS NULL", []);
    if let Some(after) = &page.after {
        filter.add("c.id > ?", [after.id.into()]);
    }
    if let Some(Line(q)) = q {
        let pattern = db::contains(&q);
        filter.add(
            "(c.name LIKE ? OR c.email LIKE ? OR c.phone LIKE ?)",
            [pattern.clone().into(), pattern.clone().into(), pattern.into()],
        );
    }
    let sql = format!("SELECT {COLUMNS} FROM customers c {} ORDER BY c.id LIMIT ?", filter.sql());
    let values = filter.values(page.rows_to_read());
    let customers = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Customer::from_row))?;
    Ok(response::json(200, &page.list(customers, |customer| Cursor::by_id(customer.id))))
}

/// `GET /customers/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let customer = db::read(&app.pool, |db| find(db, request, ""))?;
    Ok(response::resource(request, &customer))
}

/// The customer in the path when the caller may see them.
fn find(db: &mut Connection, request: &Request, locking: &str) -> Result<Customer> {
    let only = request.caller.only_customer();
    let sql = format!(
        "SELECT {COLUMNS} FROM customers c
         WHERE c.id = ? AND c.erased_at IS NULL AND (? IS NULL OR c.id = ?) {locking}"
    );
    let customer = db.row(&sql, (request.path_id, only, only), Customer::from_row)?;
    Ok(customer.ok_or_else(Problem::not_found)?)
}

/// `PUT /customers/{id}`: `{name, email, phone}`.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    update(app, request, false)
}

/// `PATCH /customers/{id}`: any of `{name, email, phone}`.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    update(app, request, true)
}

fn update(app: &App, request: &Request, keep_old: bool) -> Result<Response> {
    let form = request.json()?;
    let now = app.clock.now();
    let customer = db::transaction(&app.pool, |db| {
        let old = find(db, request, "FOR UPDATE")?;
        response::check_if_match(request, &old)?;
        let mut form = form.clone();
        let details = Details::read(&mut form, keep_old.then_some(&old));
        let details = form.finish(details)?;
        db.execute(
            "UPDATE customers SET name = ?, email = ?, phone = ?, updated_at = ? WHERE id = ?",
            (&details.name, &details.email, &details.phone, now, old.id),
        )?;
        Ok(Customer {
            name: details.name,
            email: details.email,
            phone: details.phone,
            updated_at: now,
            ..old
        })
    })?;
    Ok(response::resource(request, &customer))
}

/// `DELETE /customers/{id}`: removes a customer without orders, and erases the personal data of one
/// whose orders are all finished. 204; 409 `customer_has_open_orders` names the orders under way.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    db::transaction(&app.pool, |db| {
        // The lock keeps new orders out: placing one locks the customer's row too.
        let customer = find(db, request, "FOR UPDATE")?;
        response::check_if_match(request, &customer)?;
        refuse_while_orders_are_open(db, customer.id)?;
        for sql in [
            "DELETE FROM sessions WHERE customer_id = ?",
            "DELETE FROM accounts WHERE customer_id = ?",
            "DELETE FROM idempotency_keys WHERE customer_id = ?",
            "UPDATE orders SET shipping_address = NULL, note = NULL, tracking_number = NULL WHERE customer_id = ?",
        ] {
            db.execute(sql, (customer.id,))?;
        }
        let ordered =
            db.row("SELECT id FROM orders WHERE customer_id = ? LIMIT 1", (customer.id,), |_| ())?;
        match ordered {
            None => db.execute("DELETE FROM customers WHERE id = ?", (customer.id,)),
            Some(()) => db.execute(
                "UPDATE customers SET name = NULL, email = NULL, phone = NULL, updated_at = ?, erased_at = ? WHERE id = ?",
                (now, now, customer.id),
            ),
        }
    })?;
    Ok(response::no_content())
}

/// As many order ids as a person reads.
const OPEN_ORDERS_NAMED: u32 = 20;

fn refuse_while_orders_are_open(db: &mut Connection, customer_id: Id) -> Result<()> {
    let open: Vec<Id> = db.rows(
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
    let detail = format!("Cancel or deliver first: orders {}.", ids.join(", "));
    Err(Problem::new(problem::CUSTOMER_HAS_OPEN_ORDERS, detail).with_extra("order_ids", json!(open)).into())
}
