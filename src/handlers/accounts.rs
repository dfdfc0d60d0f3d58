//! Customer accounts: a username and a password with which a customer logs in again.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Filter, Transaction, column, unless_taken};
use crate::error::{Error, Result};
use crate::handlers::customers::{self, Customer};
use crate::handlers::new_password::{self, NewHash};
use crate::handlers::sessions;
use crate::problem::{self, FieldError, Problem};
use crate::throttle;
use crate::values::{Bad, CustomerPassword, Id, Line, Password, Timestamp, Username, id};
use crate::web::caller::{Caller, Scope};
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::{Echo, Shown};

#[derive(Debug, Serialize)]
pub struct Account {
    pub id: Id,
    pub customer_id: Id,
    pub username: String,
    /// None while it is the one that the account was made with.
    pub password_changed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An account together with its customer.
#[derive(Serialize)]
pub struct AccountAndCustomer {
    #[serde(flatten)]
    pub account: Account,
    pub customer: Customer,
}

/// Named apart from the customer's columns, which may stand in the same row.
const COLUMNS: &str = "a.id AS account_id, a.customer_id, a.username, a.password_changed_at,
    a.created_at AS account_created_at, a.updated_at AS account_updated_at";

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("customer_id", "an account stays its customer's"),
    Shown::fixed("password_changed_at", "PATCH /customer_accounts/{id} with a password sets it"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::fixed("customer", "PATCH /customers/{id} changes the customer"),
    Shown::elsewhere("name", "PATCH /customers/{id} changes the customer"),
    Shown::elsewhere("email", "PATCH /customers/{id} changes the customer"),
    Shown::elsewhere("phone", "PATCH /customers/{id} changes the customer"),
];

/// What a new account logs in with.
pub struct NewCredentials {
    pub username: Username,
    password: Password,
}

/// What PUT and PATCH name.
pub struct Changes {
    pub username: Option<Username>,
    pub password: Option<Password>,
}

pub struct HashedCredentials {
    username: Username,
    password_hash: String,
}

impl Account {
    fn from_row(row: &Row) -> Account {
        Account {
            id: column(row, "account_id"),
            customer_id: column(row, "customer_id"),
            username: column(row, "username"),
            password_changed_at: column(row, "password_changed_at"),
            created_at: column(row, "account_created_at"),
            updated_at: column(row, "account_updated_at"),
        }
    }
}

impl NewCredentials {
    pub fn read(form: &mut Form) -> Option<NewCredentials> {
        let username = form.required("username", Username::of_customer);
        let password = form.required("password", |input| CustomerPassword::parse(input, username.as_ref()));
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
    let customer_id = request.caller.customer_in(&mut form);
    let (credentials, customer_id) = form.finish(|| Some((credentials?, customer_id?)))?;
    let scope = request.caller.scope();
    scope.check(customer_id)?;
    let key = Key::of(request)?;
    let refused = db::read(&app.pool, |db| refuse_new(db, customer_id, &credentials.username));
    if let Err(refused) = refused {
        return idempotency::kept_or(app, key, refused);
    }
    let credentials = credentials.hashed(app)?;
    let answered = idempotency::once(app, key, |tx, claim| {
        let id = insert(app, tx, customer_id, &credentials, "username")?;
        customers::note_account(app, tx, customer_id)?;
        let (actor, account) = (request.caller.actor(), (Object::Account, id));
        audit::record(app, tx, actor, Action::Created, account, &["username", "password"])?;
        let account = find(tx, scope, id, "")?;
        claim.keep(tx, Answer::created(format!("/customer_accounts/{id}"), &account).about(customer_id))
    })?;
    Ok(answered.into_response())
}

/// Makes the account of a customer who has none. `username_field` is what a taken username is
/// reported under.
pub fn insert(
    app: &App,
    tx: &mut Transaction,
    customer_id: Id,
    credentials: &HashedCredentials,
    username_field: &str,
) -> Result<Id> {
    let customer = tx.row(
        "SELECT id FROM customers WHERE id = ? AND erased_at IS NULL FOR UPDATE",
        (customer_id,),
        |_| (),
    )?;
    customer.ok_or_else(Problem::not_found)?;
    fn account_exists() -> Error {
        let detail = "Change the account that is there, or delete it first.";
        Problem::new(problem::ACCOUNT_EXISTS, detail).into()
    }

    let now = app.clock.now();
    let HashedCredentials { username, password_hash } = credentials;
    let inserted = tx.insert(
        "INSERT INTO accounts (customer_id, username, username_key, password_hash, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (customer_id, &username.0, username.key(), password_hash, now, now),
    );
    let inserted = unless_taken(inserted, "accounts_username", || username_taken(username_field));
    unless_taken(inserted, "accounts_customer", account_exists)
}

fn account_exists() -> Error {
    let detail = "Change the account that is there, or delete it first.";
    Problem::new(problem::ACCOUNT_EXISTS, detail).into()
}

/// Refuses what [`insert`] would refuse, before a password is hashed for nothing. It only looks; [`insert`]
/// decides.
fn refuse_new(db: &mut Connection, customer_id: Id, username: &Username) -> Result<()> {
    let has_account = db.row(
        "SELECT a.id IS NOT NULL AS has_account FROM customers c LEFT JOIN accounts a ON a.customer_id = c.id
         WHERE c.id = ? AND c.erased_at IS NULL",
        (customer_id,),
        |row| column::<bool>(row, "has_account"),
    )?;
    let has_account = has_account.ok_or_else(Problem::not_found)?;
    refuse_taken(db, username, None, "username")?;
    if has_account { Err(account_exists()) } else { Ok(()) }
}

/// Refuses a username that another account than `own` has, before a password is hashed for nothing. It only
/// looks; the UNIQUE key decides.
pub fn refuse_taken(db: &mut Connection, username: &Username, own: Option<Id>, field: &str) -> Result<()> {
    let owner: Option<Id> =
        db.row("SELECT id FROM accounts WHERE username_key = ?", (username.key(),), |row| column(row, "id"))?;
    match owner {
        Some(id) if own != Some(id) => Err(username_taken(field)),
        _ => Ok(()),
    }
}

/// A 409 that names the field in which the username stands.
pub fn username_taken(field: &str) -> Error {
    let bad = Bad::new("taken", "is taken");
    let problem = Problem::new(problem::USERNAME_TAKEN, "Choose another username.");
    problem.with_errors(vec![FieldError::new(field, bad)]).into()
}

/// `GET /customer_accounts?q=&customer_id=&limit=&after=`, by id. `q` is looked for in the username.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("a.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let q = form.optional("q", Line::<100>::parse);
    let customer_id = form.optional("customer_id", id);
    let (page, q, customer_id) = form.finish(|| Some((page?, q?, customer_id?)))?;
    let mut filter = Filter::default();
    filter.add("a.customer_id IS NOT NULL", []);
    page.restrict(&keyset, &mut filter);
    filter.add_if_given("a.username LIKE ?", q.map(|Line(q)| db::contains(&q).into()));
    if let Some(customer_id) = customer_id {
        filter.add("a.customer_id = ?", [customer_id.into()]);
    }
    let sql = format!("SELECT {COLUMNS} FROM accounts a {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let accounts = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Account::from_row))?;
    Ok(response::json(200, &page.list(accounts, |account| Cursor::by_id(account.id))))
}

/// `GET /customer_accounts/{id}`, with the customer.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let account = db::read(&app.pool, |db| find(db, request.caller.scope(), request.path_id, ""))?;
    Ok(response::resource(request, &account))
}

/// `PUT /customer_accounts/{id}`: `{username, password?, current_password?}`. The password is never shown,
/// so it stays when it is left out. A changed one ends all other sessions, and only managers need not give
/// the old one.
pub fn replace(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let current = new_password::current_in(&mut form, !request.caller.is_manager());
    let username = form.required("username", Username::of_customer);
    let password = form.optional("password", |input| CustomerPassword::parse(input, username.as_ref()));
    let echo = form.shown(SHOWN);
    let changes = || Some(Changes { username: Some(username?), password: password? });
    let (changes, current) = form.finish(|| Some((changes()?, current?)))?;
    write(app, request, &echo, &changes, current.as_ref())
}

/// `PATCH /customer_accounts/{id}`: any of `{username, password}`, with `current_password` like PUT.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let current = new_password::current_in(&mut form, !request.caller.is_manager());
    // Null is refused: an account without one of them could not log in.
    let username = form.changed("username", Username::of_customer);
    let known = username.as_ref().and_then(Option::as_ref);
    let password = form.changed("password", |input| CustomerPassword::parse(input, known));
    let echo = form.shown(SHOWN);
    let changes = || Some(Changes { username: username?, password: password? });
    let (changes, current) = form.finish(|| Some((changes()?, current?)))?;
    write(app, request, &echo, &changes, current.as_ref())
}

fn write(
    app: &App,
    request: &Request,
    echo: &Echo,
    changes: &Changes,
    current: Option<&Password>,
) -> Result<Response> {
    let scope = request.caller.scope();
    let account_id = request.path_id;
    let new = match &changes.password {
        Some(password) => {
            // Who may not change it learns nothing about its password.
            db::read(&app.pool, |db| refuse_changes(db, request, echo, changes))?;
            Some(new_password::hashed(app, request.client_address(app), account_id, password, current)?)
        }
        None => None,
    };
    let account = db::transaction(&app.pool, |tx| {
        let old = lock(tx, scope, account_id)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        update(app, tx, &request.caller, old, changes, new.as_ref())
    })?;
    match account {
        Some(account) => Ok(response::resource(request, &account)),
        // The password is another one since it was proved: prove it against that.
        None => write(app, request, echo, changes, current),
    }
}

/// Refuses what [`update`] would refuse, before a password is hashed for nothing. It only looks.
fn refuse_changes(db: &mut Connection, request: &Request, echo: &Echo, changes: &Changes) -> Result<()> {
    let account = find(db, request.caller.scope(), request.path_id, "")?;
    response::check_if_match(request, &account)?;
    echo.check(&account)?;
    match &changes.username {
        Some(username) => refuse_taken(db, username, Some(account.account.id), "username"),
        None => Ok(()),
    }
}

/// `DELETE /customer_accounts/{id}`: the customer stays; the account and its sessions go. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let account = lock(tx, request.caller.scope(), request.path_id)?;
        response::check_if_match(request, &account)?;
        remove(app, tx, request.caller.actor(), &account.account)
    })?;
    Ok(response::no_content())
}

/// The account with its customer, read in one statement, so that an erasure cannot come between.
fn find(db: &mut Connection, scope: Scope, id: Id, locking: &str) -> Result<AccountAndCustomer> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM accounts a JOIN customers c ON c.id = a.customer_id
         WHERE a.id = ? AND (? OR a.customer_id = ?) {locking}",
        customers::COLUMNS
    );
    let [all, own] = scope.bound();
    let account = db.row(&sql, (id, all, own), |row| AccountAndCustomer {
        account: Account::from_row(row),
        customer: Customer::from_row(row),
    })?;
    Ok(account.ok_or_else(Problem::not_found)?)
}

/// Locks the account and its customer until the transaction ends.
pub fn lock(tx: &mut Transaction, scope: Scope, id: Id) -> Result<AccountAndCustomer> {
    find(tx, scope, id, "FOR UPDATE")
}

/// Gives a locked account another username, another password (`new` is its hash), or both. A changed
/// password ends all sessions but the one that asks.
/// None when the password that `new` replaces is no longer the account's.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: AccountAndCustomer,
    changes: &Changes,
    new: Option<&NewHash>,
) -> Result<Option<AccountAndCustomer>> {
    let username = changes.username.clone().unwrap_or_else(|| Username(old.account.username.clone()));
    if changes.password.as_ref().is_some_and(|password| password.is_username(&username)) {
        return Err(Problem::invalid_field("password", Password::same_as_username()).into());
    }
    let now = app.clock.now();
    let hash = new.map(|new| &new.hash);
    let replaces = new.and_then(|new| new.replaces.as_ref());
    let password_changed_at = new.map(|_| now).or(old.account.password_changed_at);
    let updated = tx.execute(
        "UPDATE accounts SET username = ?, username_key = ?, password_hash = COALESCE(?, password_hash),
             password_changed_at = ?, updated_at = ?
         WHERE id = ? AND password_hash = COALESCE(?, password_hash)",
        (&username.0, username.key(), hash, password_changed_at, now, old.account.id, replaces),
    );
    if unless_taken(updated, "accounts_username", || username_taken("username"))? == 0 {
        return Ok(None);
    }
    if hash.is_some() {
        sessions::end_those_of_customer(tx, old.account.customer_id, caller.session())?;
    }
    let renamed = (username.0 != old.account.username).then_some("username");
    let fields: Vec<&str> = renamed.into_iter().chain(hash.map(|_| "password")).collect();
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Account, old.account.id), &fields)?;
    let account = Account { username: username.0, password_changed_at, updated_at: now, ..old.account };
    Ok(Some(AccountAndCustomer { account, ..old }))
}

/// Removes an account with all sessions of its customer: one of before it was made must not outlive it.
pub fn remove(app: &App, tx: &mut Transaction, actor: Actor, account: &Account) -> Result<()> {
    let removed = (Object::Account, account.id);
    audit::record(app, tx, actor, Action::Removed, removed, audit::NO_FIELDS)?;
    customers::note_account(app, tx, account.customer_id)?;
    sessions::end_those_of_customer(tx, account.customer_id, None)?;
    throttle::forget_networks(tx, account.id)?;
    tx.execute("DELETE FROM accounts WHERE id = ?", (account.id,))?;
    Ok(())
}
