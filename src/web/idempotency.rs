//! Doing something exactly once, however often the request is sent.
//!
//! The claim of the key, the work and the kept answer are one transaction, so there is no moment at
//! which one exists without the others. A second request with the same key waits at the claim until
//! the first has committed or rolled back.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;
use rouille::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db::{self, Connection, Transaction, column};
use crate::error::database::{is_duplicate_of, is_lock_wait_timeout};
use crate::error::{Error, Result};
use crate::problem::{self, Problem};
use crate::values::{Id, Timestamp};
use crate::web::request::Request;
use crate::web::response;

/// How long a key is remembered. Retries come within minutes; three days cover a weekend's outage.
pub const KEPT_FOR: chrono::Duration = chrono::Duration::hours(72);

/// What the caller is told, now and at every repetition.
pub struct Answer {
    /// 201, or 200 where the POST changed something that was there.
    status: u16,
    location: String,
    /// The JSON text of the answer.
    body: String,
    order_id: Option<Id>,
    customer_id: Option<Id>,
}

impl Answer {
    /// A 201 with what was created at `location`.
    pub fn created(location: String, body: &impl Serialize) -> Answer {
        let body = response::to_text(body);
        Answer { status: 201, location, body, order_id: None, customer_id: None }
    }

    /// A 200 with what stands at `location` after a change.
    pub fn changed(location: String, body: &impl Serialize) -> Answer {
        Answer { status: 200, ..Answer::created(location, body) }
    }

    /// Names the order that was placed; no two keys may name one.
    pub fn placing(self, order_id: Id) -> Answer {
        Answer { order_id: Some(order_id), ..self }
    }

    /// Names the customer whose personal data the answer holds, so that erasing them finds it.
    pub fn about(self, customer_id: Id) -> Answer {
        Answer { customer_id: Some(customer_id), ..self }
    }
}

/// An answer that is kept under its key, or that has no key to be kept under. Only [`Claim::keep`]
/// makes one, so work that must return it cannot forget to keep its answer.
pub struct Kept(Answer);

/// An Idempotency-Key of a known caller, and what it was used for.
pub struct Key {
    caller: String,
    text: String,
    request_sha256: [u8; 32],
}

impl Key {
    /// The key of this request, if it has one and a caller to whom it can belong: 1 to 255 visible
    /// ASCII characters.
    pub fn of(request: &Request) -> Result<Option<Key>, Problem> {
        let Some(caller) = request.caller.id() else {
            return Ok(None);
        };
        match request.http.header("Idempotency-Key") {
            None => Ok(None),
            Some(text) if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(Some(Key { caller, text: text.to_owned(), request_sha256: fingerprint(request) }))
            }
            Some(_) => Err(Problem::new(
                problem::INVALID_IDEMPOTENCY_KEY,
                "Send 1 to 255 visible ASCII characters, such as a UUID.",
            )),
        }
    }
}

/// Two requests are the same when they ask for the same bytes, passwords aside.
fn fingerprint(request: &Request) -> [u8; 32] {
    let body = without_passwords(&request.body);
    let mut hash = Sha256::new();
    for part in [request.http.method().as_bytes(), request.http.raw_url().as_bytes(), &body] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// A plain digest of a password must not be stored: whoever stole the database could guess it much faster
/// than its argon2 hash.
fn without_passwords(body: &[u8]) -> Cow<'_, [u8]> {
    static PASSWORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""password"\s*:\s*"(\\.|[^"\\])*""#).expect("a valid pattern"));
    // Most bodies hold none, and a pattern that runs on many threads keeps memory for each.
    if !body.windows(8).any(|window| window == b"password") {
        return Cow::Borrowed(body);
    }
    PASSWORD.replace_all(body, &br#""password":"""#[..])
}

/// What [`once`] came to.
pub struct Answered {
    answer: Answer,
    /// Whether the same request was answered before, and the work was not done again.
    replayed: bool,
}

impl Answered {
    pub fn into_response(self) -> Response {
        let Answer { status, location, body, .. } = self.answer;
        let response = response::made(status, location, body);
        if self.replayed { response.with_unique_header("Idempotency-Replayed", "true") } else { response }
    }
}

/// Runs `work` in a transaction, or finds what the same request was answered before. Without a key the
/// work is done each time. `work` keeps its answer with [`Claim::keep`] as soon as it is known, before
/// it takes rows that many want.
pub fn once(
    app: &App,
    key: Option<Key>,
    mut work: impl FnMut(&mut Transaction, &Claim) -> Result<Kept>,
) -> Result<Answered> {
    let claim = Claim { key, now: app.clock.now() };
    db::transaction(&app.pool, |tx| match claim.take(tx)? {
        Some(answer) => Ok(Answered { answer, replayed: true }),
        None => work(tx, &claim).map(|Kept(answer)| Answered { answer, replayed: false }),
    })
}

/// The answer that is kept under a key, for work that is too long for one transaction and can be done
/// twice without harm: it looks here first, and keeps its answer with [`once`] at the end.
pub fn find(app: &App, key: Option<Key>) -> Result<Option<Answered>> {
    let claim = Claim { key, now: app.clock.now() };
    let Some(key) = &claim.key else {
        return Ok(None);
    };
    let found = db::read(&app.pool, |db| claim.find(db, key))?;
    let alive = found.filter(|(_, at)| !claim.has_expired(*at));
    Ok(alive.map(|(answer, _)| Answered { answer, replayed: true }))
}

/// The right to do the work under a key.
pub struct Claim {
    key: Option<Key>,
    now: Timestamp,
}

impl Claim {
    /// Claims the key. Returns what is kept under it when it was used before.
    fn take(&self, tx: &mut Transaction) -> Result<Option<Answer>> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        match self.insert(tx, key) {
            Err(Error::Database(cause)) if is_duplicate_of(&cause, "PRIMARY") => {}
            Err(Error::Database(cause)) if is_lock_wait_timeout(&cause) => return Err(still_running().into()),
            inserted => return inserted.map(|()| None),
        }
        // The refused INSERT has locked the row, so it stays as it is until the end.
        match self.find(tx, key)? {
            Some((_, at)) if self.has_expired(at) => {
                tx.execute(
                    "DELETE FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?",
                    (&key.caller, &key.text),
                )?;
                self.insert(tx, key)?;
                Ok(None)
            }
            Some((answer, _)) => Ok(Some(answer)),
            None => Err(Error::Internal("a claimed idempotency key is gone".into())),
        }
    }

    fn has_expired(&self, at: Timestamp) -> bool {
        at + KEPT_FOR <= self.now
    }

    /// What is kept under the key and since when. An error when it belongs to another request.
    fn find(&self, db: &mut Connection, key: &Key) -> Result<Option<(Answer, Timestamp)>> {
        let found = db.row(
            "SELECT request_sha256, status, location, body, order_id, customer_id, created_at
             FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?",
            (&key.caller, &key.text),
            |row| {
                let answer = Answer {
                    status: column(row, "status"),
                    location: column(row, "location"),
                    body: column(row, "body"),
                    order_id: column(row, "order_id"),
                    customer_id: column(row, "customer_id"),
                };
                let request_sha256: Vec<u8> = column(row, "request_sha256");
                (answer, request_sha256, column::<Timestamp>(row, "created_at"))
            },
        )?;
        match found {
            Some((_, request_sha256, at))
                if request_sha256 != key.request_sha256 && !self.has_expired(at) =>
            {
                let detail = "This key was used for another request. Make a new key for every new request.";
                Err(Problem::new(problem::IDEMPOTENCY_KEY_REUSED, detail).into())
            }
            other => Ok(other.map(|(answer, _, at)| (answer, at))),
        }
    }

    fn insert(&self, tx: &mut Transaction, key: &Key) -> Result<()> {
        tx.execute(
            "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, created_at) VALUES (?, ?, ?, ?)",
            (&key.caller, &key.text, &key.request_sha256[..], self.now),
        )?;
        Ok(())
    }

    /// Keeps the answer under the key, if there is one.
    pub fn keep(&self, tx: &mut Transaction, answer: Answer) -> Result<Kept> {
        if let Some(key) = &self.key {
            tx.execute(
                "UPDATE idempotency_keys SET status = ?, location = ?, body = ?, order_id = ?, customer_id = ?
                 WHERE caller = ? AND idempotency_key = ?",
                (
                    answer.status,
                    &answer.location,
                    &answer.body,
                    answer.order_id,
                    answer.customer_id,
                    &key.caller,
                    &key.text,
                ),
            )?;
        }
        Ok(Kept(answer))
    }
}

fn still_running() -> Problem {
    let detail =
        "The first request with this Idempotency-Key is still running. Send this one again in a moment.";
    Problem::new(problem::IDEMPOTENCY_KEY_IN_USE, detail).retry_after(1)
}

/// Deletes keys that are older than [`KEPT_FOR`], in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = app.clock.now() - KEPT_FOR;
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
        assert_ne!(one, without(r#"{"username":"eve","password":"another"}"#));
    }
}
