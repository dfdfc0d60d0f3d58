//! Creating something exactly once, however often the request is sent.
//!
//! The claim of the key, the work and the stored answer are one transaction, so there is no moment
//! at which one exists without the others. A second request with the same key waits at the claim
//! until the first has committed or rolled back.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;
use rouille::Response;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::database::{is_duplicate_of, is_lock_wait_timeout};
use crate::error::{Error, Result};
use crate::problem::{self, Problem};
use crate::values::{Id, Timestamp};
use crate::web::request::Request;
use crate::web::response;

/// How long a key is remembered. Retries come within minutes; three days cover a weekend's outage.
pub const KEPT: chrono::Duration = chrono::Duration::hours(72);

/// What was created, and what the caller is told.
pub struct Created {
    /// 201, or 200 where the POST changed something that was there.
    pub status: u16,
    pub location: String,
    /// The JSON text of the answer.
    pub body: String,
    pub order_id: Option<Id>,
    /// The customer whose personal data the answer holds, so that erasing them finds it.
    pub customer_id: Option<Id>,
}

/// The right to do the work under a key. Without a key, or without a caller to whom it could
/// belong, it keeps nothing.
pub struct Claim<'a> {
    key: Option<Key<'a>>,
    now: Timestamp,
}

struct Key<'a> {
    caller: String,
    text: &'a str,
    request_sha256: [u8; 32],
}

/// Runs `work` in a transaction and answers with what it made, or with what the same request was
/// answered before. `work` calls [`Claim::keep`] once the answer is known, before it takes contended
/// rows.
pub fn once(
    app: &App,
    request: &Request,
    mut work: impl FnMut(&mut Connection, &Claim) -> Result<Created>,
) -> Result<Response> {
    let claim = Claim::of(app, request)?;
    let (created, replayed) = db::transaction(&app.pool, |db| match claim.take(db)? {
        Some(stored) => Ok((stored, true)),
        None => Ok((work(db, &claim)?, false)),
    })?;
    Ok(answer(created, replayed))
}

/// The answer that is stored for this request, for work that is too long for one transaction and can
/// be done twice without harm: it looks here first, and stores its answer with [`once`] at the end.
pub fn stored(app: &App, request: &Request) -> Result<Option<Response>> {
    let claim = Claim::of(app, request)?;
    let stored = db::read(&app.pool, |db| match &claim.key {
        Some(key) => claim.find(db, key),
        None => Ok(None),
    })?;
    Ok(match stored {
        Some((_, at)) if claim.has_expired(at) => None,
        other => other.map(|(created, _)| answer(created, true)),
    })
}

fn answer(created: Created, replayed: bool) -> Response {
    let response = response::made(created.status, created.location, created.body);
    match replayed {
        true => response.with_unique_header("Idempotency-Replayed", "true"),
        false => response,
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

/// A plain digest of a password must not be stored: who stole the database could guess it much faster
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

impl<'a> Claim<'a> {
    fn of(app: &App, request: &'a Request) -> Result<Claim<'a>> {
        let key = match request.caller.id() {
            None => None,
            Some(caller) => {
                let key = |text| Key { caller, text, request_sha256: fingerprint(request) };
                request.idempotency_key()?.map(key)
            }
        };
        Ok(Claim { key, now: app.clock.now() })
    }

    /// Claims the key. Answers what is stored under it when it was used before.
    fn take(&self, db: &mut Connection) -> Result<Option<Created>> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        match self.insert(db, key) {
            Err(Error::Database(cause)) if is_duplicate_of(&cause, "PRIMARY") => {}
            Err(Error::Database(cause)) if is_lock_wait_timeout(&cause) => return Err(still_running().into()),
            inserted => return inserted.map(|()| None),
        }
        // The refused INSERT has locked the row, so it stays as it is until the end.
        match self.find(db, key)? {
            Some((_, at)) if self.has_expired(at) => {
                db.execute(
                    "DELETE FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?",
                    (&key.caller, key.text),
                )?;
                self.insert(db, key)?;
                Ok(None)
            }
            Some((created, _)) => Ok(Some(created)),
            None => Err(Error::Internal("a claimed idempotency key is gone".into())),
        }
    }

    fn has_expired(&self, at: Timestamp) -> bool {
        at.0 + KEPT <= self.now.0
    }

    /// What is stored under the key and since when. An error when it belongs to another request.
    fn find(&self, db: &mut Connection, key: &Key) -> Result<Option<(Created, Timestamp)>> {
        let stored = db.row(
            "SELECT request_sha256, status, location, body, order_id, customer_id, created_at
             FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?",
            (&key.caller, key.text),
            |row| {
                let created = Created {
                    status: column(row, "status"),
                    location: column(row, "location"),
                    body: column(row, "body"),
                    order_id: column(row, "order_id"),
                    customer_id: column(row, "customer_id"),
                };
                let request_sha256: Vec<u8> = column(row, "request_sha256");
                (created, request_sha256, column::<Timestamp>(row, "created_at"))
            },
        )?;
        match stored {
            Some((_, request_sha256, at))
                if request_sha256 != key.request_sha256 && !self.has_expired(at) =>
            {
                let detail = "This key was used for another request. Make a new key for every new request.";
                Err(Problem::new(problem::IDEMPOTENCY_KEY_REUSED, detail).into())
            }
            other => Ok(other.map(|(created, _, at)| (created, at))),
        }
    }

    fn insert(&self, db: &mut Connection, key: &Key) -> Result<()> {
        db.execute(
            "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, created_at) VALUES (?, ?, ?, ?)",
            (&key.caller, key.text, &key.request_sha256[..], self.now),
        )?;
        Ok(())
    }

    /// Stores the answer under the key.
    pub fn keep(&self, db: &mut Connection, created: &Created) -> Result<()> {
        let Some(key) = &self.key else {
            return Ok(());
        };
        db.execute(
            "UPDATE idempotency_keys SET status = ?, location = ?, body = ?, order_id = ?, customer_id = ?
             WHERE caller = ? AND idempotency_key = ?",
            (
                created.status,
                &created.location,
                &created.body,
                created.order_id,
                created.customer_id,
                &key.caller,
                key.text,
            ),
        )?;
        Ok(())
    }
}

fn still_running() -> Problem {
    let detail =
        "The first request with this Idempotency-Key is still running. Send this one again in a moment.";
    Problem::new(problem::IDEMPOTENCY_KEY_IN_USE, detail).retry_after(1)
}

/// Rows that one step of pruning deletes: few enough to hold no lock for long.
const PRUNED_AT_ONCE: u64 = 1000;

/// Deletes keys that are older than [`KEPT`], in batches, and answers how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = Timestamp(app.clock.now().0 - KEPT);
    let sql = format!("DELETE FROM idempotency_keys WHERE created_at <= ? LIMIT {PRUNED_AT_ONCE}");
    db::in_batches(&app.pool, PRUNED_AT_ONCE, |db| db.execute(&sql, (horizon,)))
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
