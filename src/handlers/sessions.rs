//! Logging in and out.
//!
//! A session is an opaque random token; only its SHA-256 is stored. A guest who has signed up
//! without an account has a session too.

use std::net::{IpAddr, Ipv6Addr};

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::passwords::Verdict;
use crate::problem::{self, Problem};
use crate::throttle::{PER_ADDRESS, PER_USERNAME};
use crate::values::{Bad, Id, Input, Password, Timestamp};
use crate::web::caller::{Role, Session, sha256};
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

/// What one caller has: an IPv4 address, or the 64 bits of an IPv6 network, in which they may take any
/// address they like.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// Any text may be tried as a username; only its length is bounded.
fn claimed_username(input: &Input) -> std::result::Result<String, Bad> {
    match input {
        Input::Text(text) if text.chars().count() <= 256 => Ok(text.clone()),
        _ => Err(Bad::new("wrong_type", "must be a string of at most 256 characters")),
    }
}

/// Opens a session when the username and the password are right, and counts the failure when they are
/// not. It runs in transactions of its own: no connection is held while the password is hashed.
pub fn log_in(app: &App, address: IpAddr, username: &str, password: &Password) -> Result<(Opened, Session)> {
    let now = app.clock.now();
    let username_key = username.to_ascii_lowercase();
    let attempts = [
        (format!("username {username_key}"), PER_USERNAME),
        (format!("address {}", network(address)), PER_ADDRESS),
    ];
    if let Err(wait_s) = app.failed_logins.attempt(&attempts, now) {
        let detail = format!("Too many failed logins. Wait {wait_s} seconds, then try again.");
        return Err(Problem::new(problem::TOO_MANY_ATTEMPTS, detail).retry_after(wait_s).into());
    }
    let checked = check_password(app, &username_key, password, now);
    match &checked {
        Ok(Some(_)) => app.failed_logins.succeeded(&attempts[0].0, &attempts[1].0),
        Ok(None) => {}
        Err(_) => app.failed_logins.withdrawn(&attempts),
    }
    Ok(checked?.ok_or_else(|| {
        let detail = "Check the username and the password. Nothing tells which of the two is wrong.";
        Problem::new(problem::WRONG_CREDENTIALS, detail).with_header("WWW-Authenticate", "Bearer")
    })?)
}

/// An account as a login needs it.
struct Account {
    id: Id,
    customer_id: Option<Id>,
    username: String,
    role: Option<Role>,
    password_hash: String,
}

fn check_password(
    app: &App,
    username_key: &str,
    password: &Password,
    now: Timestamp,
) -> Result<Option<(Opened, Session)>> {
    let account = db::read(&app.pool, |db| {
        db.row(
            "SELECT id, customer_id, username, role, password_hash FROM accounts
             WHERE username_key = ? AND disabled_at IS NULL",
            (username_key,),
            |row| Account {
                id: column(row, "id"),
                customer_id: column(row, "customer_id"),
                username: column(row, "username"),
                role: column(row, "role"),
                password_hash: column(row, "password_hash"),
            },
        )
    })?;
    // The collation ignores spaces at the end: "ada " would log in as ada and evade her throttle.
    let account = account.filter(|account| account.username.eq_ignore_ascii_case(username_key));
    let stored = account.as_ref().map(|account| account.password_hash.as_str());
    let rehashed = match app.hasher.verify(password, stored)? {
        Verdict::Wrong => return Ok(None),
        Verdict::Right => None,
        Verdict::RightButWeak => Some(app.hasher.hash(password)?),
    };
    let Some(Account { id: account_id, customer_id, username, role, password_hash }) = account else {
        return Ok(None);
    };
    let opened = db::transaction(&app.pool, |tx| {
        // The account must still be there with the password that was checked.
        let unchanged = tx.row(
            "SELECT id FROM accounts WHERE id = ? AND password_hash = ? AND disabled_at IS NULL LOCK IN SHARE MODE",
            (account_id, &password_hash),
            |_| (),
        )?;
        if unchanged.is_none() {
            return Ok(None);
        }
        if let Some(rehashed) = &rehashed {
            tx.execute("UPDATE accounts SET password_hash = ? WHERE id = ?", (rehashed, account_id))?;
        }
        open(app, tx, customer_id, Some(account_id), now).map(Some)
    })?;
    let Some(opened) = opened else {
        // Another login has renewed the hash, or the password is a new one: check against that.
        return check_password(app, username_key, password, now);
    };
    let session = Session {
        token_sha256: sha256(&opened.token),
        account_id: Some(account_id),
        customer_id,
        username: Some(username),
        role,
        created_at: now,
        last_used_at: now,
        expires_at: opened.expires_at,
    };
    Ok(Some((opened, session)))
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
        role: session.role,
        created_at: session.created_at,
        expires_at: session.expires_at,
    }
}

/// Ends the sessions of an account, except the one that asks.
pub fn end_those_of_account(tx: &mut Transaction, account_id: Id, asking: Option<&Session>) -> Result<()> {
    let asking = asking.map(|session| &session.token_sha256[..]);
    tx.execute(
        "DELETE FROM sessions WHERE account_id = ? AND (? IS NULL OR token_sha256 <> ?)",
        (account_id, asking, asking),
    )?;
    Ok(())
}

/// Deletes sessions that can no longer be used, in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let idle_since = now - app.config.session_idle;
    let expired = db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE expires_at <= ?", (now,))?;
    let idle =
        db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE last_used_at <= ?", (idle_since,))?;
    Ok(expired + idle)
}
