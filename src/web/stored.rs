//! An answer as it is stored under an Idempotency-Key, in the table that [`crate::web::idempotency`] writes, and how
//! much a caller has stored there.

use chrono::Duration;
use mysql::{Row, Value};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::db::column;
use crate::values::{Timestamp, hex};

/// How long a key is remembered. Retries come within minutes; three days cover a weekend's outage.
pub const KEPT_FOR: Duration = Duration::hours(72);

/// The clocks of two machines of a shop, and what a correction takes a clock back.
pub const CLOCKS_APART_MAX: Duration = Duration::days(1);

pub struct Stored {
    /// Of the request that was answered.
    pub request_sha256: Vec<u8>,
    pub status: u16,
    pub location: String,
    /// Empty once it is erased, for the person whom it showed.
    pub body: String,
    pub at: Timestamp,
}

/// An Idempotency-Key as it is stored: a digest, since callers write into their keys what they like, a person's
/// address too, and an erasure must keep what a key names. No key has a blank in it, so none looks like a digest.
pub fn stored_key(key: &str) -> String {
    format!("sha256 {}", hex(&Sha256::digest(key)))
}

/// What is found with the caller of a request that has a key.
#[derive(Default)]
pub struct UnderKey {
    pub stored: Option<Stored>,
    /// When the oldest answer was given, of a caller for whom no more are kept.
    pub full_since: Option<Timestamp>,
}

impl Stored {
    /// What was done, and where that is.
    pub fn outline(&self) -> serde_json::Value {
        json!({"status": self.status, "location": self.location})
    }

    /// Of `idempotency_keys k`.
    pub const COLUMNS: &str = "k.request_sha256, k.status, k.location, k.body, k.created_at AS stored_at";

    /// None when nothing is stored: the row comes from a LEFT JOIN.
    pub fn from_row(row: &Row) -> Option<Stored> {
        Some(Stored {
            request_sha256: column::<Option<Vec<u8>>>(row, "request_sha256")?,
            status: column(row, "status"),
            location: column(row, "location"),
            body: column(row, "body"),
            at: column(row, "stored_at"),
        })
    }
}

/// `full_since`, as an expression with its values, of the customer of `sessions s`. It goes through the customer's own
/// answers, of which there are never many more than the settings allow. One that a clock far ahead has dated would
/// count for as long as it ran ahead, so it does not.
pub fn full_since(config: &Config, now: Timestamp) -> (&'static str, Vec<Value>) {
    let (answers, bytes) = (config.caller_kept_answers, u64::from(config.caller_kept_kib) * 1024);
    if answers == 0 && bytes == 0 {
        return ("NULL", Vec::new());
    }
    let limit = |most: u64| if most == 0 { Value::from(i64::MAX) } else { Value::from(most) };
    let sql = "(SELECT IF(COUNT(*) >= ? OR SUM(LENGTH(o.body)) >= ?, MIN(o.created_at), NULL) FROM idempotency_keys o FORCE INDEX (PRIMARY)
          WHERE o.caller = CONCAT('customer:', s.customer_id) AND o.created_at > ? AND o.created_at <= ?)";
    let [answers, bytes] = [limit(answers.into()), limit(bytes)];
    (sql, vec![answers, bytes, (now - KEPT_FOR).into(), (now + CLOCKS_APART_MAX).into()])
}
