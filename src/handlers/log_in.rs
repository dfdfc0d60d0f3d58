//! Logging in: a password is tried, and tries are counted.

use std::net::IpAddr;

use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Transaction, column};
use crate::error::{Error, Result};
use crate::handlers::sessions::{self, Opened};
use crate::passwords::{Place, Verdict};
use crate::problem::{self, Problem};
use crate::throttle::{self, KnownNetwork};
use crate::values::{Bad, Id, Input, Password, Timestamp};
use crate::web::caller::{Role, Session, sha256};
use crate::web::request::Request;

/// `POST /sessions`: log in with `{username, password}`.
/// 201 `{token, expires_at, caller, customer_id, account_id, username}`; 401 `wrong_credentials`;
/// 429 `too_many_attempts`.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let username = form.required("username", claimed_username);
    let password = form.required("password", Password::claimed);
    let (username, password) = form.finish(|| Some((username?, password?)))?;

    let (opened, session) = log_in(app, request.client_address(app), &username, &password)?;
    Ok(sessions::opened(&opened, &session))
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
        sessions::make_room(tx, account.customer_id, account.id, attempt.now)?;
        let opened = sessions::open(app, tx, account.customer_id, Some(account.id), attempt.now)?;
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
