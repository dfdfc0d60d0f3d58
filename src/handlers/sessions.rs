//! Logging in and out, and where one is logged in.
//!
//! A session is an opaque random token; only its SHA-256 is stored. A guest who has signed up
//! without an account has a session too.

use std::net::IpAddr;

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::{Error, Result};
use crate::passwords::{Place, Verdict};
use crate::problem::{self, Problem};
use crate::pruning;
use crate::throttle::{self, KnownNetwork};
use crate::values::{Bad, Id, Input, Password, Timestamp};
use crate::web::caller::{Caller, Role, Session, sha256};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

/// A session that was just opened: the only time that its token is shown.
#[derive(Serialize)]
pub struct Opened {
    pub id: Id,
    pub token: String,
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct CurrentSession<'a> {
    id: Id,
    caller: &'static str,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    username: Option<&'a str>,
    role: Option<Role>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// `POST /sessions`: log in with `{username, password}`.
/// 201 `{token, expires_at, caller, customer_id, account_id, username}`; 401 `wrong_credentials`;
/// 429 `too_many_attempts`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let username = form.required("username", claimed_username);
    let password = form.required("password", Password::claimed);
    let (username, password) = form.finish(|| Some((username?, password?)))?;

    let (opened, session) = log_in(app, request.client_address(app), &username, &password)?;
    Ok(answer(&opened, &session))
}

fn answer(opened: &Opened, session: &Session) -> Response {
    #[derive(Serialize)]
    struct Created<'a> {
        token: &'a str,
        #[serde(flatten)]
        session: CurrentSession<'a>,
    }
    let body = Created { token: &opened.token, session: current(session) };
    response::json(201, &body).with_unique_header("Location", "/sessions/current")
}

/// Any text may be tried as a username; only its length is bounded.
fn claimed_username(input: &Input) -> std::result::Result<String, Bad> {
    match input {
        Input::Text(text) if text.chars().count() <= 256 => Ok(text.clone()),
        _ => Err(Bad::new("wrong_type", "must be a string of at most 256 characters")),
    }
}

/// Opens a session when the username and the password are right; otherwise the failure stays counted, as
/// `throttle` says. It runs in transactions of its own: no connection is held while the password is hashed.
pub fn log_in(app: &App, address: IpAddr, username: &str, password: &Password) -> Result<(Opened, Session)> {
    let username_key = username.to_ascii_lowercase();
    let opened = attempt(app, address, &username_key, |attempt, account| {
        Login { app, address, username_key: &username_key, password, attempt }.open(account)
    })?;
    Ok(opened.ok_or_else(|| {
        let detail = "Check the username and the password. Nothing tells which of the two is wrong.";
        Problem::new(problem::WRONG_CREDENTIALS, detail).with_header("WWW-Authenticate", "Bearer")
    })?)
}

/// A try at a password that may be made and is counted.
pub struct Attempt<'a> {
    network: KnownNetwork,
    counted: throttle::Attempt,
    place: Place<'a>,
    now: Timestamp,
}

/// An account, as far as logging in asks.
pub struct Account {
    pub id: Id,
    customer_id: Option<Id>,
    username: String,
    role: Option<Role>,
    pub password_hash: String,
    /// Whether it has logged in from this network before.
    known_here: bool,
}

/// Runs `check` as an attempt to log in, which is counted before it is made. None is a failure; an error
/// says nothing about the password and takes the attempt back.
pub fn attempt<T>(
    app: &App,
    address: IpAddr,
    username_key: &str,
    check: impl FnOnce(&Attempt, Option<Account>) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let now = app.clock.now();
    let keys = app.throttle.keys(&app.pool)?;
    let network = keys.network(address);
    let (account, counted) = db::read(&app.pool, |db| {
        let account = find_account(db, username_key, &network)?;
        let known = account.as_ref().filter(|account| account.known_here).map(|account| account.id);
        let counted = keys.attempt(username_key, address, known, now);
        counted.check(db)?;
        Ok((account, counted))
    })?;
    // Before anything is written, so that what is put off costs little.
    let place = app.hasher.place_for_login(account.as_ref().is_some_and(|account| account.known_here))?;
    db::transaction(&app.pool, |tx| counted.count(tx)).map_err(changed_nothing_else)?;
    let attempt = Attempt { network, counted, place, now };
    let checked = check(&attempt, account);
    if checked.is_err() {
        // As good as it goes: what cannot be withdrawn stays counted.
        let _ = db::transaction(&app.pool, |tx| attempt.counted.withdraw(tx));
    }
    checked
}

fn find_account(db: &mut Connection, username_key: &str, network: &KnownNetwork) -> Result<Option<Account>> {
    let (place, network_sha256) = network.stored();
    let account = db.row(
        "SELECT a.id, a.customer_id, a.username, a.role, a.password_hash, k.account_id IS NOT NULL AS known_here
         FROM accounts a LEFT JOIN known_networks k
             ON k.account_id = a.id AND k.place = ? AND k.network_sha256 = ?
         WHERE a.username_key = ? AND a.disabled_at IS NULL",
        (place, network_sha256, username_key),
        |row| Account {
            id: column(row, "id"),
            customer_id: column(row, "customer_id"),
            username: column(row, "username"),
            role: column(row, "role"),
            password_hash: column(row, "password_hash"),
            known_here: column(row, "known_here"),
        },
    )?;
    // The collation ignores spaces at the end: "ada " would log in as ada and evade her throttle.
    Ok(account.filter(|account| account.username.eq_ignore_ascii_case(username_key)))
}

/// Whether an attempt was counted may be unknown; that nothing else was changed is known.
fn changed_nothing_else(error: Error) -> Error {
    match error {
        Error::OutcomeUnknown(cause) => Error::Database(cause),
        other => other,
    }
}

impl Attempt<'_> {
    /// Checks the password of `account`; without one it takes as long and is wrong.
    pub fn verify(&self, password: &Password, account: Option<&Account>) -> Result<Verdict> {
        self.place.verify(password, account.map(|account| account.password_hash.as_str()))
    }

    /// The password was right: it was no failure. In a transaction of its own, before the work.
    pub fn forgive(&self, app: &App) -> Result<()> {
        db::transaction(&app.pool, |tx| self.counted.succeeded(tx)).map_err(changed_nothing_else)
    }
}

struct Login<'a> {
    app: &'a App,
    address: IpAddr,
    username_key: &'a str,
    password: &'a Password,
    attempt: &'a Attempt<'a>,
}

impl Login<'_> {
    /// None when the username or the password is wrong.
    fn open(&self, mut account: Option<Account>) -> Result<Option<(Opened, Session)>> {
        let Login { app, attempt, .. } = *self;
        loop {
            let rehashed = match attempt.verify(self.password, account.as_ref())? {
                Verdict::Wrong => return Ok(None),
                Verdict::Right => None,
                Verdict::RightButWeak(rehashed) => Some(rehashed),
            };
            let Some(checked) = account else {
                return Ok(None);
            };
            let opened =
                db::transaction(&app.pool, |tx| self.open_checked(tx, &checked, rehashed.as_deref()))?;
            if let Some(opened) = opened {
                let session = Session {
                    id: opened.id,
                    token_sha256: sha256(&opened.token),
                    account_id: Some(checked.id),
                    customer_id: checked.customer_id,
                    username: Some(checked.username),
                    role: checked.role,
                    created_at: attempt.now,
                    last_used_at: attempt.now,
                    expires_at: opened.expires_at,
                };
                return Ok(Some((opened, session)));
            }
            // Another login has renewed the hash, or the password is a new one: check against that.
            account = db::read(&app.pool, |db| find_account(db, self.username_key, &attempt.network))?;
        }
    }

    /// Opens the session, unless the account is gone or has another password than was checked.
    fn open_checked(
        &self,
        tx: &mut Transaction,
        account: &Account,
        rehashed: Option<&str>,
    ) -> Result<Option<Opened>> {
        let Login { app, attempt, .. } = *self;
        let unchanged = tx.row(
            "SELECT id FROM accounts WHERE id = ? AND password_hash = ? AND disabled_at IS NULL LOCK IN SHARE MODE",
            (account.id, &account.password_hash),
            |_| (),
        )?;
        if unchanged.is_none() {
            return Ok(None);
        }
        if let Some(rehashed) = rehashed {
            tx.execute("UPDATE accounts SET password_hash = ? WHERE id = ?", (rehashed, account.id))?;
        }
        let opened = open(app, tx, account.customer_id, Some(account.id), attempt.now)?;
        if !account.known_here {
            attempt.network.keep(tx, account.id)?;
        }
        if account.role.is_some() {
            let (actor, session) = (Actor::account(account.id, self.address), (Object::Session, opened.id));
            audit::record(app, tx, actor, Action::Created, session, audit::NO_FIELDS)?;
        }
        attempt.counted.succeeded(tx)?;
        Ok(Some(opened))
    }
}

/// Opens a session for a customer, an account, or both.
pub fn open(
    app: &App,
    tx: &mut Transaction,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    now: Timestamp,
) -> Result<Opened> {
    let token = crate::random::hex::<32>();
    let expires_at = now + app.config.session_max_of(customer_id.is_none());
    let id = tx.insert(
        "INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (&sha256(&token)[..], customer_id, account_id, now, now, expires_at),
    )?;
    Ok(Opened { id, token, expires_at })
}

/// `GET /sessions/current`: who is logged in, without the token.
pub fn read(_: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    Ok(response::resource(request, &current(session)))
}

/// `DELETE /sessions/current`: log out. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    db::transaction(&app.pool, |tx| end(app, tx, &request.caller, session.id))?;
    Ok(response::no_content())
}

/// One of the sessions of a caller, as the list shows it.
#[derive(Serialize)]
struct Listed {
    id: Id,
    /// Whether it is the one that asks.
    current: bool,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
}

/// `GET /sessions?limit=&after=`: where the caller is logged in, by id.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    let keyset = Keyset::by_id("s.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = own(app, session);
    page.restrict(&keyset, &mut filter);
    let sql = format!("SELECT {LISTED} FROM sessions s {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let sessions = db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| listed(row, session)))?;
    Ok(response::json(200, &page.list(sessions, |session| Cursor::by_id(session.id))))
}

/// `GET /sessions/{id}`: one of the caller's own.
pub fn read_one(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    let listed = db::read(&app.pool, |db| find(app, db, session, request.path_id, ""))?;
    Ok(response::resource(request, &listed))
}

/// `DELETE /sessions/{id}`: ends one of the caller's own. 204.
pub fn delete_one(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    db::transaction(&app.pool, |tx| {
        let listed = find(app, tx, session, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &listed)?;
        end(app, tx, &request.caller, listed.id)
    })?;
    Ok(response::no_content())
}

const LISTED: &str = "s.id, s.created_at, s.last_used_at, s.expires_at";

fn listed(row: &Row, asking: &Session) -> Listed {
    let id = column(row, "id");
    Listed {
        id,
        current: id == asking.id,
        created_at: column(row, "created_at"),
        last_used_at: column(row, "last_used_at"),
        expires_at: column(row, "expires_at"),
    }
}

/// The sessions that belong to whom this one belongs to, and have not ended by themselves.
fn own(app: &App, session: &Session) -> Filter {
    let now = app.clock.now();
    let mut filter = Filter::default();
    match session.customer_id {
        Some(customer_id) => filter.add("s.customer_id = ?", [customer_id.into()]),
        None => filter.add("s.account_id = ?", [session.account_id.into()]),
    }
    let idle_since = now - app.config.session_idle_of(session.customer_id.is_none());
    filter.add("s.expires_at > ? AND s.last_used_at > ?", [now.into(), idle_since.into()]);
    filter
}

fn find(app: &App, db: &mut Connection, asking: &Session, id: Id, locking: &str) -> Result<Listed> {
    let filter = own(app, asking);
    let sql = format!("SELECT {LISTED} FROM sessions s {} AND s.id = ? {locking}", filter.sql());
    let found = db.row(&sql, filter.values(id), |row| listed(row, asking))?;
    Ok(found.ok_or_else(Problem::not_found)?)
}

/// Ends a session.
pub fn end(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    audit::record(app, tx, caller.actor(), Action::Ended, (Object::Session, id), audit::NO_FIELDS)?;
    tx.execute("DELETE FROM sessions WHERE id = ?", (id,))?;
    Ok(())
}

fn current(session: &Session) -> CurrentSession<'_> {
    CurrentSession {
        id: session.id,
        caller: match session.customer_id {
            Some(_) => "customer",
            None => "staff",
        },
        customer_id: session.customer_id,
        account_id: session.account_id,
        username: session.username.as_deref(),
        role: session.role,
        created_at: session.created_at,
        expires_at: session.expires_at,
    }
}

/// Ends the sessions of an account, except the one that asks.
pub fn end_those_of_account(tx: &mut Transaction, account_id: Id, asking: Option<&Session>) -> Result<()> {
    end_but(tx, "account_id = ?", account_id, asking)
}

/// Ends the sessions of a customer, with an account or without, except the one that asks.
pub fn end_those_of_customer(tx: &mut Transaction, customer_id: Id, asking: Option<&Session>) -> Result<()> {
    end_but(tx, "customer_id = ?", customer_id, asking)
}

fn end_but(tx: &mut Transaction, whose: &str, id: Id, asking: Option<&Session>) -> Result<()> {
    let sql = format!("DELETE FROM sessions WHERE {whose} AND id <> ?");
    // No session has the id 0.
    tx.execute(&sql, (id, asking.map_or(0, |session| session.id)))?;
    Ok(())
}

/// Deletes sessions that can no longer be used, in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let now = pruning::now(app)?;
    let mut ended = db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE expires_at <= ?", (now,))?;
    for staff in [false, true] {
        let idle_since = now - app.config.session_idle_of(staff);
        let delete = "DELETE FROM sessions WHERE last_used_at <= ? AND (customer_id IS NULL) = ?";
        ended += db::delete_in_batches(&app.pool, delete, (idle_since, staff))?;
    }
    Ok(ended)
}
