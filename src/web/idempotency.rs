//! Doing something exactly once, however often the request is sent.
//!
//! The stored answer is read together with the session, so a retry costs one round trip and meets
//! nothing but the answer that was given. Otherwise the work is done, and its answer is stored under
//! the key in the same transaction, by the one statement that claims the key. Whoever comes second
//! with the same key waits there until the first has ended; then its own work is undone and it gets
//! the first one's answer.

use std::borrow::Cow;

use rouille::Response;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::at_work::Alone;
use crate::db::{self, Transaction, column};
use crate::error::database::{is_duplicate_of, is_lock_wait_timeout};
use crate::error::{Error, Result};
use crate::problem::{self, Problem};
use crate::pruning;
use crate::values::{Id, Timestamp};
use crate::web::caller::{Caller, Label};
use crate::web::request::Request;
use crate::web::response;
use crate::web::route::{Route, Secret};
use crate::web::stored::{KEPT_FOR, Stored, UnderKey, stored_key};

/// What the caller is told, now and at every repetition.
#[derive(Clone)]
pub struct Answer {
    /// 201, or 200 where the POST changed something that was there.
    status: u16,
    location: String,
    /// The JSON text of the answer.
    body: String,
    order_id: Option<Id>,
    movement_id: Option<Id>,
    customer_id: Option<Id>,
}

impl Answer {
    /// A 201 with what was created at `location`.
    pub fn created(location: String, body: &impl Serialize) -> Answer {
        let body = response::to_text(body);
        Answer { status: 201, location, body, order_id: None, movement_id: None, customer_id: None }
    }

    /// A 200 with what stands at `location` after a change.
    pub fn changed(location: String, body: &impl Serialize) -> Answer {
        Answer { status: 200, ..Answer::created(location, body) }
    }

    /// Names the order that was placed; no two keys may name one.
    pub fn placing(self, order_id: Id) -> Answer {
        Answer { order_id: Some(order_id), ..self }
    }

    /// Names the movement that was made, with the note that staff wrote to it.
    pub fn moving(self, movement_id: Id) -> Answer {
        Answer { movement_id: Some(movement_id), ..self }
    }

    /// Names the customer whose personal data the answer holds, so that erasing them finds it.
    pub fn about(self, customer_id: Id) -> Answer {
        Answer { customer_id: Some(customer_id), ..self }
    }

    fn into_response(self) -> Response {
        response::made(self.status, self.location, self.body)
    }
}

/// An answer that is kept under its key, or that has no key to be kept under. Only [`Claim::keep`]
/// makes one, so work that must return it cannot forget to keep its answer.
pub struct Kept(Answer);

/// An Idempotency-Key of a known caller, and the request that it stands for.
pub struct Key {
    caller: String,
    /// As it is stored.
    digest: String,
    request_sha256: [u8; 32],
}

impl Key {
    /// The key of this request, if it has one and a caller to whom it can belong: 1 to 255 visible
    /// ASCII characters.
    pub fn of(request: &Request) -> Result<Option<Key>, Problem> {
        let (Some(caller), Some(text)) = (request.caller.id(), request.http.header("Idempotency-Key")) else {
            return Ok(None);
        };
        if !(1..=255).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            let detail = "Send 1 to 255 visible ASCII characters, such as a UUID.";
            return Err(Problem::new(problem::INVALID_IDEMPOTENCY_KEY, detail));
        }
        Ok(Some(Key { caller, digest: stored_key(text), request_sha256: fingerprint(request) }))
    }

    /// The answer to this request, from what is stored under the key; None when that is too old. An error
    /// when the key belongs to another request, or the answer is erased.
    fn answered(&self, stored: Stored, now: Timestamp) -> Result<Option<Answered>, Problem> {
        if stored.at + KEPT_FOR <= now {
            return Ok(None);
        }
        if stored.body.is_empty() {
            return Err(erased(&stored));
        }
        if stored.request_sha256 != self.request_sha256 {
            let detail = "This key was used for another request. Make a new key for every new request.";
            let problem = Problem::new(problem::IDEMPOTENCY_KEY_REUSED, detail);
            return Err(problem.with_extra("answered", stored.outline()));
        }
        let Stored { status, location, body, .. } = stored;
        let answer = Answer { status, location, body, order_id: None, movement_id: None, customer_id: None };
        Ok(Some(Answered { answer, replayed: true }))
    }
}

/// Two requests are the same when they ask for the same bytes, passwords aside.
fn fingerprint(request: &Request) -> [u8; 32] {
    let body = match &request.upload {
        Some(upload) => Cow::Borrowed(&upload.sha256[..]),
        None => without_passwords(&request.body),
    };
    let mut hash = Sha256::new();
    for part in [request.http.method().as_bytes(), request.http.raw_url().as_bytes(), &body] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A plain digest of a password must not be stored: whoever stole the database could guess it much faster
/// than its argon2 hash. A body that is no JSON is refused, and nothing is stored of it.
fn without_passwords(body: &[u8]) -> Cow<'_, [u8]> {
    // Most bodies hold none. A name may also be written with escapes, `\u0070assword`.
    let may_hold_one = body.windows(8).any(|window| window == b"password") || body.contains(&b'\\');
    if may_hold_one && let Ok(Value::Object(mut members)) = serde_json::from_slice(body) {
        blank_passwords(&mut members);
        return Cow::Owned(Value::Object(members).to_string().into_bytes());
    }
    Cow::Borrowed(body)
}

fn blank_passwords(members: &mut serde_json::Map<String, Value>) {
    for (name, value) in members {
        match value {
            Value::Object(inner) => blank_passwords(inner),
            value if name.ends_with("password") => *value = Value::Null,
            _ => {}
        }
    }
}

/// What [`once`] came to.
pub struct Answered {
    answer: Answer,
    /// Whether the same request was answered before, and the work was not done again.
    replayed: bool,
}

impl Answered {
    /// Whether the work of this request was not done, since the same one was answered before.
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    pub fn into_response(self) -> Response {
        let response = self.answer.into_response();
        if self.replayed { response.with_unique_header("Idempotency-Replayed", "true") } else { response }
    }
}

/// Refuses a key where the answer holds a secret: whatever is kept could be read again.
pub fn refuse_for_secret(http: &rouille::Request, route: &Route, caller: &Caller) -> Result<(), Problem> {
    if http.header("Idempotency-Key").is_none() {
        return Ok(());
    }
    match route.makes_a_secret() {
        Secret::ForStrangers if !caller.is_staff() => {
            let detail = "The answer holds a session's token, so it is not kept under a key; only staff and programs, who get \
                          no token, sign customers up under one. Leave the Idempotency-Key out, and send it with what you \
                          then do with the token, such as an order.";
            Err(Problem::new(problem::IDEMPOTENCY_KEY_NEEDS_LOGIN, detail))
        }
        Secret::ForEverybody => {
            let detail = "The answer holds a session's token, which is shown this once, so it is not kept under a key. Leave the \
                          Idempotency-Key out, and when the answer does not arrive, log in again.";
            Err(Problem::new(problem::INVALID_IDEMPOTENCY_KEY, detail))
        }
        Secret::ForStrangers | Secret::ForNobody => Ok(()),
    }
}

/// The answer that this request was given before, from what was found under its key when it came. A new request of
/// a caller for whom no more answers are kept is refused: an older one is not given up for it, since its key would
/// then name a second outcome.
pub fn replay(app: &App, request: &Request, under_key: UnderKey) -> Result<Option<Answered>, Problem> {
    let UnderKey { stored, full_since } = under_key;
    let now = app.clock.now();
    if let Some(stored) = stored
        && let Some(key) = Key::of(request)?
        && let Some(answered) = key.answered(stored, now)?
    {
        return Ok(Some(answered));
    }
    match full_since {
        Some(oldest) => Err(too_many(oldest, now)),
        None => Ok(None),
    }
}

/// The request was done, and its answer showed somebody who is erased since. The digest of the request went with it,
/// so it may have been another one.
fn erased(stored: &Stored) -> Problem {
    let detail = format!(
        "A request with this Idempotency-Key was answered with {} for {}, and nothing was done again. What that answer \
         said of a person has been erased since. Look there for what is left, and make a new key for a new request.",
        stored.status, stored.location
    );
    Problem::new(problem::ANSWER_ERASED, detail).with_extra("answered", stored.outline())
}

/// When the oldest answer is given up, there is room again.
fn too_many(oldest: Timestamp, now: Timestamp) -> Problem {
    let wait = (oldest + KEPT_FOR) - now;
    let wait_s = wait.num_seconds().clamp(0, KEPT_FOR.num_seconds()).unsigned_abs() + 1;
    let detail = format!(
        "As many answers are kept under your Idempotency-Keys as are kept for one customer. Wait {wait_s} seconds, until the \
         oldest is given up, or send this request without a key."
    );
    Problem::new(problem::TOO_MANY_KEYS, detail).retry_after(wait_s)
}

/// Runs `work` in a transaction; when the same request was answered meanwhile, its work is undone and that
/// answer is returned. Without a key the work is done each time. `work` keeps its answer with
/// [`Claim::keep`] as soon as it is known, before it takes rows that many want.
pub fn once(
    app: &App,
    key: Option<Key>,
    work: impl FnMut(&mut Transaction, &Claim) -> Result<Kept>,
) -> Result<Answered> {
    let claim = Claim { key, now: app.clock.now() };
    let _alone = claim.alone(app)?;
    claimed(app, &claim, work)
}

/// The same where `before` has transactions of its own, which nothing undoes: it is not begun again when the same request
/// was answered before. `work` is given what it came to.
pub fn once_after<T>(
    app: &App,
    key: Option<Key>,
    before: impl FnOnce() -> Result<T>,
    mut work: impl FnMut(&mut Transaction, &Claim, &T) -> Result<Kept>,
) -> Result<Answered> {
    let claim = Claim { key, now: app.clock.now() };
    let _alone = claim.alone(app)?;
    if let Some(key) = &claim.key
        && let Some(stored) = find(app, key, "")?
        && let Some(answered) = key.answered(stored, claim.now)?
    {
        return Ok(answered);
    }
    let made = before()?;
    claimed(app, &claim, |tx, claim| work(tx, claim, &made))
}

/// Does the work under its key, which nobody else here has meanwhile.
fn claimed(
    app: &App,
    claim: &Claim,
    mut work: impl FnMut(&mut Transaction, &Claim) -> Result<Kept>,
) -> Result<Answered> {
    loop {
        let refusal = match db::transaction(&app.pool, |tx| work(tx, claim)) {
            Ok(Kept(answer)) => return Ok(Answered { answer, replayed: false }),
            Err(Error::Refused(refusal)) => refusal,
            Err(error) => return Err(error),
        };
        let Some(key) = &claim.key else {
            return Err(Error::Refused(refusal));
        };
        // The first of two with one key may have been answered since this one came, whatever the second is
        // refused for; when it is at work in another process and has claimed the key, it is waited for here.
        let claimed = refusal.kind.code == problem::IDEMPOTENCY_KEY_IN_USE.code;
        let Some(stored) = find(app, key, if claimed { "" } else { "LOCK IN SHARE MODE" })? else {
            return Err(Error::Refused(refusal));
        };
        if let Some(answered) = key.answered(stored, claim.now)? {
            return Ok(answered);
        }
        if !claimed {
            return Err(Error::Refused(refusal));
        }
        forget(app, key, claim.now)?;
    }
}

/// The answer that the first of two requests with this key was given meanwhile, or else this refusal of the
/// second: what [`once`] does, for work that is refused before it begins.
pub fn kept_or(app: &App, key: Option<Key>, refused: Error) -> Result<Response> {
    if let Some(key) = key
        && let Some(stored) = find(app, &key, "LOCK IN SHARE MODE")?
        && let Some(answered) = key.answered(stored, app.clock.now())?
    {
        return Ok(answered.into_response());
    }
    Err(refused)
}

/// Does what its version sees to being done once, unless it was noted under this text that it is done; then None. The
/// text tells the very request, and nobody who reads the database can guess it.
pub fn unless_done(
    app: &App,
    caller: &Caller,
    text: &str,
    location: &str,
    work: impl FnOnce() -> Result<Response>,
) -> Result<Option<Response>> {
    let Some(caller) = caller.id() else {
        return work().map(Some);
    };
    let key = Key { caller, digest: stored_key(text), request_sha256: Sha256::digest(text).into() };
    let _alone = app.at_work.begin(&key.caller, &key.digest).ok_or_else(still_running)?;
    if find(app, &key, "")?.is_some() {
        return Ok(None);
    }
    let response = work()?;
    let answer = Answer { status: 200, ..Answer::created(location.to_owned(), &json!({})) };
    let claim = Claim { key: Some(key), now: app.clock.now() };
    // It is done, and what cannot be noted is found out from the version.
    if let Err(cause) = db::transaction(&app.pool, |tx| claim.keep(tx, answer.clone())) {
        log::warn!("could not note what was done at {location}: {cause:?}");
    }
    Ok(Some(response))
}

/// Where that stands which this caller did under this key; None where nothing is known to have been.
pub fn done_by(app: &App, caller: Label, key: &str) -> Result<Option<String>> {
    let key = Key { caller: caller.to_string(), digest: stored_key(key), request_sha256: [0; 32] };
    Ok(find(app, &key, "")?.map(|stored| stored.location))
}

/// The right to keep an answer under a key.
pub struct Claim {
    key: Option<Key>,
    now: Timestamp,
}

impl Claim {
    /// The key for this request alone among those of this process; a copy waits for it.
    fn alone<'a>(&self, app: &'a App) -> Result<Option<Alone<'a>>, Problem> {
        let begin = |key: &Key| app.at_work.begin(&key.caller, &key.digest).ok_or_else(still_running);
        self.key.as_ref().map(begin).transpose()
    }

    /// Claims the key with the answer that is kept under it, if there is a key.
    pub fn keep(&self, tx: &mut Transaction, answer: Answer) -> Result<Kept> {
        let Some(key) = &self.key else {
            return Ok(Kept(answer));
        };
        let claimed = tx.execute(
            "INSERT INTO idempotency_keys
                 (caller, idempotency_key, request_sha256, status, location, body, order_id, movement_id, customer_id,
                  created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                &key.caller,
                &key.digest,
                &key.request_sha256[..],
                answer.status,
                &answer.location,
                &answer.body,
                answer.order_id,
                answer.movement_id,
                answer.customer_id,
                self.now,
            ),
        );
        match claimed {
            Ok(_) => Ok(Kept(answer)),
            Err(Error::Database(cause))
                if is_duplicate_of(&cause, "PRIMARY") || is_lock_wait_timeout(&cause) =>
            {
                Err(still_running().into())
            }
            Err(error) => Err(error),
        }
    }
}

/// What is stored under the key.
fn find(app: &App, key: &Key, locking: &str) -> Result<Option<Stored>> {
    let columns = Stored::COLUMNS;
    let sql = format!(
        "SELECT {columns} FROM idempotency_keys k WHERE k.caller = ? AND k.idempotency_key = ? {locking}"
    );
    match db::read(&app.pool, |db| db.row(&sql, (&key.caller, &key.digest), Stored::from_row)) {
        Err(Error::Database(cause)) if is_lock_wait_timeout(&cause) => Err(still_running().into()),
        found => Ok(found?.flatten()),
    }
}

fn still_running() -> Problem {
    let detail =
        "The first request with this Idempotency-Key is still running. Send this one again in a moment.";
    Problem::new(problem::IDEMPOTENCY_KEY_IN_USE, detail).retry_after(1)
}

/// What is left of an answer that is erased: that the key was used, and for what.
const ERASE: &str = "UPDATE idempotency_keys SET body = '', request_sha256 = '', customer_id = NULL";

/// Erases the answers that show a customer, whoever was given them. Staff's keys and programs' go on naming what they
/// were used for; the customer's own are gone with the customer, who cannot ask again.
pub fn erase_about_customer(tx: &mut Transaction, customer_id: Id) -> Result<()> {
    let own = Label::Customer(customer_id).to_string();
    tx.execute("DELETE FROM idempotency_keys WHERE caller = ?", (own,))?;
    tx.execute(&format!("{ERASE} WHERE customer_id = ?"), (customer_id,))?;
    Ok(())
}

/// Erases the answers that show these movements' notes.
pub fn erase_about_movements(tx: &mut Transaction, movement_ids: impl IntoIterator<Item = Id>) -> Result<()> {
    let (marks, ids) = db::in_list(movement_ids);
    tx.execute(&format!("{ERASE} WHERE movement_id IN ({marks})"), ids)?;
    Ok(())
}

/// Erases the answers that show these purchase orders with their notes; they are found by where the order is.
pub fn erase_about_purchase_orders(tx: &mut Transaction, order_ids: &[Id]) -> Result<()> {
    if order_ids.is_empty() {
        return Ok(());
    }
    let location = |id: &Id| mysql::Value::from(format!("/purchase_orders/{id}"));
    let locations: Vec<mysql::Value> = order_ids.iter().map(location).collect();
    let marks = vec!["?"; locations.len()].join(", ");
    // Read without a lock, since there is no index: an UPDATE would wait for every key that is in use.
    let sql = format!("SELECT caller, idempotency_key FROM idempotency_keys WHERE location IN ({marks})");
    let keys: Vec<[String; 2]> =
        tx.rows(&sql, locations, |row| [column(row, "caller"), column(row, "idempotency_key")])?;
    if keys.is_empty() {
        return Ok(());
    }
    let marks = vec!["(caller = ? AND idempotency_key = ?)"; keys.len()].join(" OR ");
    let values: Vec<mysql::Value> = keys.into_iter().flatten().map(mysql::Value::from).collect();
    tx.execute(&format!("{ERASE} WHERE {marks}"), values)?;
    Ok(())
}

/// Deletes the key if it is older than [`KEPT_FOR`].
fn forget(app: &App, key: &Key, now: Timestamp) -> Result<u64> {
    db::transaction(&app.pool, |tx| {
        tx.execute(
            "DELETE FROM idempotency_keys WHERE caller = ? AND idempotency_key = ? AND created_at <= ?",
            (&key.caller, &key.digest, now - KEPT_FOR),
        )
    })
}

/// Deletes keys that are older than [`KEPT_FOR`], in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = pruning::now(app)? - KEPT_FOR;
    db::delete_in_batches(&app.pool, "DELETE FROM idempotency_keys WHERE created_at <= ?", (horizon,))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_knows_no_password() {
        let without = |body: &'static str| without_passwords(body.as_bytes()).into_owned();
        let one = without(r#"{"username":"ada","password" : "a \" quote"}"#);
        assert_eq!(one, without(r#"{"username":"ada","password":"another"}"#));
        assert_eq!(one, without(r#"{"username":"ada","pass\u0077ord":"another"}"#));
        assert_ne!(one, without(r#"{"username":"eve","password":"another"}"#));
        let inner = without(r#"{"account":{"current_password":"one"}}"#);
        assert_eq!(inner, without(r#"{"account":{"current_password":"two"}}"#));
        assert_eq!(without(r#"{"quantity": 1}"#), br#"{"quantity": 1}"#);
    }
}
