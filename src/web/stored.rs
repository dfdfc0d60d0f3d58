//! An answer as it is stored under an Idempotency-Key, in the table that [`crate::web::idempotency`] writes.

use mysql::Row;

use crate::db::column;
use crate::values::Timestamp;

pub struct Stored {
    /// Of the request that was answered.
    pub request_sha256: Vec<u8>,
    pub status: u16,
    pub location: String,
    pub body: String,
    pub at: Timestamp,
}

impl Stored {
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
