//! Logging in and out.
//!
//! A session is an opaque random token; only its SHA-256 is stored. A guest who has signed up
//! without an account has a session too.

use std::net::IpAddr;

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Transaction, column};
use crate::error::{Error, Result};
use crate::passwords::{Place, Verdict};
use crate::problem::{self, Problem};
use crate::pruning;
use crate::throttle::{Attempt, KnownNetwork};
use crate::values::{Bad, Id, Input, Password, Timestamp};
use crate::web::caller::{Session, sha256};
use crate::web::request::Request;
use crate::web::response;

/// A session that was just opened: the only time that its token is shown.
#[derive(Serialize)]
pub struct Opened {
    pub token: String,
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct CurrentSession<'a> {
    caller: &'static str,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    username: Option<&'a str>,
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
    let now = app.clock.now();
    let username_key = username.to_ascii_lowercase();
    let keys = app.throttle.keys(&app.pool)?;
    let network = keys.network(address);
    let (account, attempt) = db::read(&app.pool, |db| {
        let account = find_account(db, &username_key, &network)?;
        let known = account.as_ref().filter(|account| account.known_here).map(|account| account.id);
        let attempt = keys.attempt(&username_key, address, known, now);
        attempt.check(db)?;
        Ok((account, attempt))
    })?;
    // Before anything is written, so that what is put off costs little.
    let place = app.hasher.place_for_login(account.as_ref().is_some_and(|account| account.known_here))?;
    db::transaction(&app.pool, |tx| attempt.count(tx)).map_err(|error| match error {
        // Whether it was counted is not known; that nobody is logged in by it is.
        Error::OutcomeUnknown(cause) => Error::Database(cause),
        other => other,
    })?;
    let login = Login { app, username_key: &username_key, password, network: &network, attempt, place, now };
    let opened = login.open(account);
    if opened.is_err() {
        // As good as it goes: what cannot be withdrawn stays counted.
        let _ = db::transaction(&app.pool, |tx| login.attempt.withdraw(tx));
    }
    Ok(opened?.ok_or_else(|| {
        let detail = "Check the username and the password. Nothing tells which of the two is wrong.";
        Problem::new(problem::WRONG_CREDENTIALS, detail).with_header("WWW-Authenticate", "Bearer")
    })?)
}

/// A login that may be tried and is counted.
struct Login<'a> {
    app: &'a App,
    username_key: &'a str,
    password: &'a Password,
    network: &'a KnownNetwork,
    attempt: Attempt,
    place: Place<'a>,
    now: Timestamp,
}

/// An account, as far as logging in asks.
struct Account {
    id: Id,
    customer_id: Option<Id>,
    username: String,
    password_hash: String,
    /// Whether it has logged in from this network before.
    known_here: bool,
}

fn find_account(db: &mut Connection, username_key: &str, network: &KnownNetwork) -> Result<Option<Account>> {
    let (place, network_sha256) = network.stored();
    let account = db.row(
        "SELECT a.id, a.customer_id, a.username, a.password_hash, k.account_id IS NOT NULL AS known_here
         FROM accounts a LEFT JOIN known_networks k
             ON k.account_id = a.id AND k.place = ? AND k.network_sha256 = ?
         WHERE a.username_key = ?",
        (place, network_sha256, username_key),
        |row| Account {
            id: column(row, "id"),
            customer_id: column(row, "customer_id"),
            username: column(row, "username"),
            password_hash: column(row, "password_hash"),
            known_here: column(row, "known_here"),
        },
    )?;
    // The collation ignores spaces at the end: "ada " would log in as ada and evade her throttle.
    Ok(account.filter(|account| account.username.eq_ignore_ascii_case(username_key)))
}

impl Login<'_> {
    /// None when the username or the password is wrong.
    fn open(&self, mut account: Option<Account>) -> Result<Option<(Opened, Session)>> {
        let Login { app, now, .. } = *self;
        loop {
            let stored = account.as_ref().map(|account| account.password_hash.as_str());
            let rehashed = match self.place.verify(self.password, stored)? {
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
                    token_sha256: sha256(&opened.token),
                    account_id: Some(checked.id),
                    customer_id: checked.customer_id,
                    username: Some(checked.username),
                    created_at: now,
                    last_used_at: now,
                    expires_at: opened.expires_at,
                };
                return Ok(Some((opened, session)));
            }
            // Another login has renewed the hash, or the password is a new one: check against that.
            account = db::read(&app.pool, |db| find_account(db, self.username_key, self.network))?;
        }
    }

    /// Opens the session, unless the account is gone or has another password than was checked.
    fn open_checked(
        &self,
        tx: &mut Transaction,
        account: &Account,
        rehashed: Option<&str>,
    ) -> Result<Option<Opened>> {
        let unchanged = tx.row(
            "SELECT id FROM accounts WHERE id = ? AND password_hash = ? LOCK IN SHARE MODE",
            (account.id, &account.password_hash),
            |_| (),
        )?;
        if unchanged.is_none() {
            return Ok(None);
        }
        if let Some(rehashed) = rehashed {
            tx.execute("UPDATE accounts SET password_hash = ? WHERE id = ?", (rehashed, account.id))?;
        }
        let opened = open(self.app, tx, account.customer_id, Some(account.id), self.now)?;
        if !account.known_here {
            self.network.keep(tx, account.id)?;
        }
        self.attempt.succeeded(tx)?;
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
    let expires_at = now + app.config.session_max;
    tx.execute(
        "INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (&sha256(&token)[..], customer_id, account_id, now, now, expires_at),
    )?;
    Ok(Opened { token, expires_at })
}

/// `GET /sessions/current`: who is logged in, without the token.
pub fn read(_: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    Ok(response::resource(request, &current(session)))
}

/// `DELETE /sessions/current`: log out. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    db::transaction(&app.pool, |tx| end(tx, session))?;
    Ok(response::no_content())
}

/// Ends a session.
pub fn end(tx: &mut Transaction, session: &Session) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE token_sha256 = ?", (&session.token_sha256[..],))?;
    Ok(())
}

fn current(session: &Session) -> CurrentSession<'_> {
    CurrentSession {
        caller: match session.customer_id {
            Some(_) => "customer",
            None => "staff",
        },
        customer_id: session.customer_id,
        account_id: session.account_id,
        username: session.username.as_deref(),
        created_at: session.created_at,
        expires_at: session.expires_at,
    }
}

/// Deletes sessions that can no longer be used, in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let now = pruning::now(app)?;
    let idle_since = now - app.config.session_idle;
    let expired = db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE expires_at <= ?", (now,))?;
    let idle =
        db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE last_used_at <= ?", (idle_since,))?;
    Ok(expired + idle)
}
