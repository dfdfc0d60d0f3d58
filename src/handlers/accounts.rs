//! Customer accounts: a username and a password with which a customer logs in again.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Filter, column, unless_taken};
use crate::error::{Error, Result};
use crate::handlers::customers::{self, Customer};
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, CustomerPassword, Id, Line, Password, Timestamp, Username, query_number};
use crate::values::{Input, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Created};
use crate::web::paging::{Cursor, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Serialize)]
pub struct Account {
    pub id: Id,
    pub customer_id: Id,
    pub username: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An account together with its customer.
#[derive(Serialize)]
struct AccountAndCustomer {
    #[serde(flatten)]
    account: Account,
    customer: Customer,
}

const COLUMNS: &str = "a.id, a.customer_id, a.username, a.created_at, a.updated_at";

/// What a new account logs in with.
pub struct NewCredentials {
    username: Username,
    password: Password,
}

pub struct HashedCredentials {
    username: Username,
    password_hash: String,
}

impl Account {
    fn from_row(row: &Row) -> Account {
        Account {
            id: column(row, "id"),
            customer_id: column(row, "customer_id"),
            username: column(row, "username"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl NewCredentials {
    pub fn read(form: &mut Form) -> Option<NewCredentials> {
        let username = form.required("username", None, Username::parse);
        let password =
            form.required("password", None, |input| CustomerPassword::parse(input, username.as_ref()));
        Some(NewCredentials { username: username?, password: password? })
    }

    pub fn hashed(self, app: &App) -> Result<HashedCredentials> {
        let password_hash = app.hasher.hash(&self.password)?;
        Ok(HashedCredentials { username: self.username, password_hash })
    }
}

/// `POST /customer_accounts`: `{username, password, customer_id?}`; staff must name the customer.
/// 201; 409 `username_taken` or `account_exists`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let credentials = NewCredentials::read(&mut form);
    let own = request.caller.only_customer();
    let customer_id = form.required("customer_id", own.as_ref(), id);
    let (credentials, customer_id) = form.finish((|| Some((credentials?, customer_id?)))())?;
    if own.is_some_and(|own| own != customer_id) {
        return Err(Problem::not_found().into());
    }
    let credentials = credentials.hashed(app)?;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let id = insert(db, customer_id, &credentials, now, "username")?;
        let account = find(db, &request.caller, id, "")?;
        let created = Created {
            status: 201,
            location: format!("/customer_accounts/{id}"),
            body: response::to_text(&account),
            order_id: None,
            customer_id: Some(customer_id),
        };
        claim.keep(db, &created)?;
        Ok(created)
    })
}

fn id(input: &Input) -> std::result::Result<Id, Bad> {
    whole_number(input, 1, i64::MAX).map(|id| id as Id)
}

/// Makes the account of a customer who has none. `username_field` is what a taken username is
/// reported under.
pub fn insert(
    db: &mut Connection,
    customer_id: Id,
    credentials: &HashedCredentials,
    now: Timestamp,
    username_field: &str,
) -> Result<Id> {
    let customer = db.row(
        "SELECT id FROM customers WHERE id = ? AND erased_at IS NULL LOCK IN SHARE MODE",
        (customer_id,),
        |_| (),
    )?;
    customer.ok_or_else(Problem::not_found)?;
    let inserted = db.insert(
        "INSERT INTO accounts (customer_id, username, username_key, password_hash, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (
            customer_id,
            &credentials.username.0,
            credentials.username.key(),
            &credentials.password_hash,
            now,
            now,
        ),
    );
    let inserted = unless_taken(inserted, "accounts_username", || username_taken(username_field));
    unless_taken(inserted, "accounts_customer", || {
        let detail = "Change the account that is there, or delete it first.";
        Problem::new(problem::ACCOUNT_EXISTS, detail).into()
    })
}

fn username_taken(field: &str) -> Error {
    let bad = Bad::new("taken", "is taken");
    let problem = Problem::new(problem::USERNAME_TAKEN, "Choose another username.");
    problem.with_errors(vec![FieldError::new(field, bad)]).into()
}

/// `GET /customer_accounts?q=&limit=&after=`, by id. `q` is looked for in the username.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let q = form.optional("q", None, Line::<100>::parse);
    let customer_id = form.optional("customer_id", None, |input| query_number(input, 1, i64::MAX));
    let (page, q, customer_id) = form.finish((|| Some((page?, q?, customer_id?)))())?;
    let mut filter = Filter::default();
    filter.add("a.customer_id IS NOT NULL", []);
    if let Some(after) = &page.after {
        filter.add("a.id > ?", [after.id.into()]);
    }
    if let Some(Line(q)) = q {
        filter.add("a.username LIKE ?", [db::contains(&q).into()]);
    }
    if let Some(customer_id) = customer_id {
        filter.add("a.customer_id = ?", [customer_id.into()]);
    }
    let sql = format!("SELECT {COLUMNS} FROM accounts a {} ORDER BY a.id LIMIT ?", filter.sql());
    let values = filter.values(page.rows_to_read());
    let accounts = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Account::from_row))?;
    Ok(response::json(200, &page.list(accounts, |account| Cursor::by_id(account.id))))
}

/// `GET /customer_accounts/{id}`, with the customer.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let account = db::read(&app.pool, |db| find(db, &request.caller, request.path_id, ""))?;
    Ok(response::resource(request, &account))
}

fn find(db: &mut Connection, caller: &Caller, id: Id, locking: &str) -> Result<AccountAndCustomer> {
    let only = caller.only_customer();
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts a
         WHERE a.id = ? AND a.customer_id IS NOT NULL AND (? IS NULL OR a.customer_id = ?) {locking}"
    );
    let account = db.row(&sql, (id, only, only), Account::from_row)?;
    let account = account.ok_or_else(Problem::not_found)?;
    let sql = format!("SELECT {} FROM customers c WHERE c.id = ?", customers::COLUMNS);
    let customer = db.row(&sql, (account.customer_id,), Customer::from_row)?;
    Ok(AccountAndCustomer { account, customer: customer.ok_or_else(Problem::not_found)? })
}

/// `PUT /customer_accounts/{id}`: `{username, password}`. A changed password ends all other sessions.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let credentials = NewCredentials::read(&mut form);
    let credentials = form.finish(credentials)?;
    update(app, request, Some(credentials.username), Some(credentials.password))
}

/// `PATCH /customer_accounts/{id}`: any of `{username, password}`. A changed password ends all other
/// sessions.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    // Null is refused: an account without one of them could not log in.
    let username = form.changed("username", Username::parse);
    let known = username.as_ref().and_then(Option::as_ref);
    let password = form.changed("password", |input| CustomerPassword::parse(input, known));
    let (username, password) = form.finish((|| Some((username?, password?)))())?;
    update(app, request, username, password)
}

fn update(
    app: &App,
    request: &Request,
    username: Option<Username>,
    password: Option<Password>,
) -> Result<Response> {
    let hash = password.as_ref().map(|password| app.hasher.hash(password)).transpose()?;
    let now = app.clock.now();
    let account = db::transaction(&app.pool, |db| {
        let mut account = find(db, &request.caller, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &account)?;
        let username = username.clone().unwrap_or_else(|| Username(account.account.username.clone()));
        if password.as_ref().is_some_and(|password| password.is_username(&username)) {
            return Err(Problem::invalid_field("password", Password::same_as_username()).into());
        }
        let updated = db.execute(
            "UPDATE accounts SET username = ?, username_key = ?, password_hash = COALESCE(?, password_hash), updated_at = ?
             WHERE id = ?",
            (&username.0, username.key(), &hash, now, account.account.id),
        );
        unless_taken(updated, "accounts_username", || username_taken("username"))?;
        if hash.is_some() {
            end_other_sessions(db, request, account.account.customer_id)?;
        }
        account.account.username = username.0;
        account.account.updated_at = now;
        Ok(account)
    })?;
    Ok(response::resource(request, &account))
}

/// Ends the customer's sessions, with an account or without, except the one that asks.
fn end_other_sessions(db: &mut Connection, request: &Request, customer_id: Id) -> Result<()> {
    let asking = request.caller.session().map(|session| &session.token_sha256[..]);
    db.execute(
        "DELETE FROM sessions WHERE customer_id = ? AND (? IS NULL OR token_sha256 <> ?)",
        (customer_id, asking, asking),
    )?;
    Ok(())
}

/// `DELETE /customer_accounts/{id}`: the customer stays; the account and its sessions go. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |db| {
        let account = find(db, &request.caller, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &account)?;
        db.execute("DELETE FROM sessions WHERE account_id = ?", (account.account.id,))?;
        db.execute("DELETE FROM accounts WHERE id = ?", (account.account.id,))
    })?;
    Ok(response::no_content())
}

/// Makes a staff account, for `storekeeper add-staff`.
pub fn add_staff(app: &App, username: &Username, password: &Password) -> Result<()> {
    let hash = app.hasher.hash(password)?;
    let now = app.clock.now();
    db::transaction(&app.pool, |db| {
        let inserted = db.insert(
            "INSERT INTO accounts (customer_id, username, username_key, password_hash, created_at, updated_at)
             VALUES (NULL, ?, ?, ?, ?, ?)",
            (&username.0, username.key(), &hash, now, now),
        );
        unless_taken(inserted, "accounts_username", || username_taken("username"))
    })?;
    Ok(())
}

/// Gives a staff account a new password and ends its sessions, for `storekeeper add-staff --reset`.
pub fn reset_staff(app: &App, username: &Username, password: &Password) -> Result<()> {
    let hash = app.hasher.hash(password)?;
    let now = app.clock.now();
    db::transaction(&app.pool, |db| {
        let id: Option<Id> = db.row(
            "SELECT id FROM accounts WHERE username_key = ? AND customer_id IS NULL FOR UPDATE",
            (username.key(),),
            |row| column(row, "id"),
        )?;
        let id =
            id.ok_or_else(|| Problem::new(problem::NOT_FOUND, "There is no staff account of that name."))?;
        db.execute("UPDATE accounts SET password_hash = ?, updated_at = ? WHERE id = ?", (&hash, now, id))?;
        db.execute("DELETE FROM sessions WHERE account_id = ?", (id,))
    })?;
    Ok(())
}
