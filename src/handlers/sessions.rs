//! Logging in and out, and who is calling.
//!
//! A session is an opaque random token; only its SHA-256 is stored. A guest who has signed up
//! without an account has a session too.

use std::net::{IpAddr, Ipv6Addr};

use chrono::Duration;
use rouille::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::Result;
use crate::passwords::Verdict;
use crate::throttle::{PER_ADDRESS, PER_USERNAME};
use crate::values::{Bad, Id, Input, Password, Timestamp};
use crate::web::problem::{self, Problem};
use crate::web::reply;
use crate::web::request::Request;

/// Who is calling, as far as is known.
pub enum Caller {
    Anyone,
    Customer { customer_id: Id, session: Session },
    Staff { account_id: Id, session: Session },
}

pub struct Session {
    pub token_sha256: [u8; 32],
    pub account_id: Option<Id>,
    customer_id: Option<Id>,
    username: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
}

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

/// A session's last use is written down at most this often, so that reads stay reads.
const LAST_USE_STEP: Duration = Duration::minutes(1);

impl Caller {
    /// For the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Caller::Anyone => "anyone",
            Caller::Customer { .. } => "customer",
            Caller::Staff { .. } => "staff",
        }
    }

    /// To whom Idempotency-Keys belong.
    pub fn id(&self) -> Option<String> {
        match self {
            Caller::Anyone => None,
            Caller::Customer { customer_id, .. } => Some(format!("customer:{customer_id}")),
            Caller::Staff { account_id, .. } => Some(format!("staff:{account_id}")),
        }
    }

    /// The only customer whose things the caller may touch; None for staff, who may touch all.
    /// Bound twice into `(? IS NULL OR customer_id = ?)`.
    pub fn only_customer(&self) -> Option<Id> {
        match self {
            Caller::Staff { .. } => None,
            Caller::Customer { customer_id, .. } => Some(*customer_id),
            // No row has this id; the route table lets nobody without a session get here.
            Caller::Anyone => Some(0),
        }
    }

    pub fn is_staff(&self) -> bool {
        matches!(self, Caller::Staff { .. })
    }

    /// The staff account that acts, for the ledger.
    pub fn staff_account(&self) -> Option<Id> {
        match self {
            Caller::Staff { account_id, .. } => Some(*account_id),
            _ => None,
        }
    }

    pub fn session(&self) -> Option<&Session> {
        match self {
            Caller::Anyone => None,
            Caller::Customer { session, .. } | Caller::Staff { session, .. } => Some(session),
        }
    }
}

/// `POST /sessions`: log in with `{username, password}`.
/// 201 `{token, expires_at, caller, customer_id, account_id, username}`; 401 `wrong_credentials`;
/// 429 `too_many_attempts`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut fields = request.json()?;
    let username = fields.required("username", None, claimed_username);
    let password = fields.required("password", None, Password::claimed);
    let login = (|| Some((username?, password?)))();
    let (username, password) = fields.finish(login)?;

    let now = app.clock.now();
    let username_key = username.to_ascii_lowercase();
    let attempts = [
        (format!("username {username_key}"), PER_USERNAME),
        (format!("address {}", network(request.client_address(app))), PER_ADDRESS),
    ];
    if let Err(wait_s) = app.failed_logins.attempt(&attempts, now) {
        let detail = format!("Too many failed logins. Wait {wait_s} seconds, then try again.");
        return Err(Problem::new(problem::TOO_MANY_ATTEMPTS, detail).retry_after(wait_s).into());
    }
    let checked = check_password(app, &username_key, &password, now);
    match &checked {
        Ok(Some(_)) => app.failed_logins.succeeded(&attempts[0].0, &attempts[1].0),
        Ok(None) => {}
        Err(_) => app.failed_logins.withdrawn(&attempts),
    }
    match checked? {
        Some((opened, session)) => Ok(answer(&opened, &session)),
        None => {
            let detail = "Check the username and the password. Nothing tells which of the two is wrong.";
            let problem = Problem::new(problem::WRONG_CREDENTIALS, detail);
            Err(problem.with_header("WWW-Authenticate", "Bearer").into())
        }
    }
}

fn answer(opened: &Opened, session: &Session) -> Response {
    #[derive(Serialize)]
    struct Created<'a> {
        token: &'a str,
        #[serde(flatten)]
        session: CurrentSession<'a>,
    }
    let body = Created { token: &opened.token, session: current(session) };
    reply::json(201, &body).with_unique_header("Location", "/sessions/current")
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

/// Opens a session when the password is right. No connection is held while it is hashed.
fn check_password(
    app: &App,
    username_key: &str,
    password: &Password,
    now: Timestamp,
) -> Result<Option<(Opened, Session)>> {
    let account = db::read(&app.pool, |db| {
        db.row(
            "SELECT id, customer_id, username, password_hash FROM accounts WHERE username_key = ?",
            (username_key,),
            |row| {
                let id: Id = column(row, "id");
                let customer_id: Option<Id> = column(row, "customer_id");
                let username: String = column(row, "username");
                (id, customer_id, username, column::<String>(row, "password_hash"))
            },
        )
    })?;
    // The collation ignores spaces at the end: "ada " would log in as ada and evade her throttle.
    let account = account.filter(|(_, _, username, _)| username.eq_ignore_ascii_case(username_key));
    let stored = account.as_ref().map(|(_, _, _, hash)| hash.as_str());
    let rehashed = match app.hasher.verify(password, stored)? {
        Verdict::Wrong => return Ok(None),
        Verdict::Right => None,
        Verdict::RightButWeak => Some(app.hasher.hash(password)?),
    };
    let Some((account_id, customer_id, username, checked_hash)) = account else {
        return Ok(None);
    };
    let opened = db::transaction(&app.pool, |db| {
        // The account must still be there with the password that was checked.
        let unchanged = db.row(
            "SELECT id FROM accounts WHERE id = ? AND password_hash = ? LOCK IN SHARE MODE",
            (account_id, &checked_hash),
            |_| (),
        )?;
        if unchanged.is_none() {
            return Ok(None);
        }
        if let Some(rehashed) = &rehashed {
            db.execute("UPDATE accounts SET password_hash = ? WHERE id = ?", (rehashed, account_id))?;
        }
        open(app, db, customer_id, Some(account_id), now).map(Some)
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
        created_at: now,
        last_used_at: now,
        expires_at: opened.expires_at,
    };
    Ok(Some((opened, session)))
}

/// Opens a session for a customer, an account, or both, inside a transaction.
pub fn open(
    app: &App,
    db: &mut Connection,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    now: Timestamp,
) -> Result<Opened> {
    let token = crate::random::hex::<32>();
    let expires_at = Timestamp(now.0 + app.config.session_max);
    db.execute(
        "INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (&sha256(&token)[..], customer_id, account_id, now, now, expires_at),
    )?;
    Ok(Opened { token, expires_at })
}

/// `GET /sessions/current`: who is logged in, without the token.
pub fn read(_: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    Ok(reply::resource(request, &current(session)))
}

/// `DELETE /sessions/current`: log out. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    db::transaction(&app.pool, |db| {
        db.execute("DELETE FROM sessions WHERE token_sha256 = ?", (&session.token_sha256[..],))
    })?;
    Ok(reply::no_content())
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

/// Finds out who calls from `Authorization: Bearer <token>`. Without the header it is anyone; with a
/// token that is unknown or has expired it is an error, so that nobody acts as less than they think.
pub fn identify(app: &App, http: &rouille::Request) -> Result<Caller> {
    let Some(header) = http.header("Authorization") else {
        return Ok(Caller::Anyone);
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Problem::unauthenticated().into());
    }
    let token_sha256 = sha256(token.trim());
    let session = db::read(&app.pool, |db| {
        db.row(
            "SELECT s.customer_id, s.account_id, s.created_at, s.last_used_at, s.expires_at, a.username
             FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
             WHERE s.token_sha256 = ?",
            (&token_sha256[..],),
            |row| Session {
                token_sha256,
                account_id: column(row, "account_id"),
                customer_id: column(row, "customer_id"),
                username: column(row, "username"),
                created_at: column(row, "created_at"),
                last_used_at: column(row, "last_used_at"),
                expires_at: column(row, "expires_at"),
            },
        )
    })?;
    let now = app.clock.now();
    let alive = |session: &Session| {
        now < session.expires_at && now.0 < session.last_used_at.0 + app.config.session_idle
    };
    let session = session.filter(alive).ok_or_else(Problem::unauthenticated)?;
    if session.last_used_at.0 + LAST_USE_STEP <= now.0 {
        db::transaction(&app.pool, |db| {
            db.execute(
                "UPDATE sessions SET last_used_at = ? WHERE token_sha256 = ? AND last_used_at < ?",
                (now, &token_sha256[..], now),
            )
        })?;
    }
    match (session.customer_id, session.account_id) {
        (Some(customer_id), _) => Ok(Caller::Customer { customer_id, session }),
        (None, Some(account_id)) => Ok(Caller::Staff { account_id, session }),
        (None, None) => Err(Problem::unauthenticated().into()),
    }
}

fn sha256(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Rows that one step of pruning deletes: few enough to hold no lock for long.
const PRUNED_AT_ONCE: u64 = 1000;

/// Deletes sessions that can no longer be used, in batches, and answers how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let idle_since = Timestamp(now.0 - app.config.session_idle);
    let mut pruned = 0;
    for (condition, limit) in [("expires_at <= ?", now), ("last_used_at <= ?", idle_since)] {
        let sql = format!("DELETE FROM sessions WHERE {condition} LIMIT {PRUNED_AT_ONCE}");
        pruned += db::in_batches(&app.pool, PRUNED_AT_ONCE, |db| db.execute(&sql, (limit,)))?;
    }
    Ok(pruned)
}
