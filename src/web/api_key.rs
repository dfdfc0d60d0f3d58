//! Keys with which programs call, and what each may do.

use chrono::Duration;
use mysql::Row;

use crate::app::App;
use crate::db::{self, column};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::{Id, Timestamp, words};
use crate::web::stored::{CLOCKS_APART_MAX, Stored, stored_key};

/// How a key begins, so that people and scanners of source code know one when they see it.
pub const PREFIX: &str = "storekeeper_";

/// The last use of a key or a session is written down at most this often, so that reads stay reads.
const LAST_USE_STEP: Duration = Duration::minutes(1);

words! {
    /// What a key may do. Writing does not include reading.
    KeyScope, refused as "invalid_scope" {
        CatalogueRead = "catalogue:read",
        CatalogueWrite = "catalogue:write",
        CustomersRead = "customers:read",
        CustomersWrite = "customers:write",
        OrdersRead = "orders:read",
        OrdersWrite = "orders:write",
        StockRead = "stock:read",
        StockWrite = "stock:write",
        RestockRead = "restock:read",
        RestockWrite = "restock:write",
        EventsRead = "events:read",
        EventsWrite = "events:write",
    }
}

/// A key that may be used now.
#[derive(Clone)]
pub struct ApiKey {
    pub id: Id,
    /// With one space between.
    scopes: String,
}

impl ApiKey {
    /// Refuses what the key may not do. Routes without a scope are for people.
    pub fn check(&self, scope: Option<KeyScope>) -> Result<(), Problem> {
        let detail = match scope {
            Some(scope) if self.scopes.split(' ').any(|own| own == scope.text()) => return Ok(()),
            Some(scope) => {
                let scope = scope.text();
                format!(
                    "This key has not the scope {scope}. A manager makes one that has, with POST /api_keys."
                )
            }
            None => "No key may do this. Log in with POST /sessions.".to_owned(),
        };
        Err(Problem::new(problem::FORBIDDEN, detail))
    }
}

/// Whether a use now is written down: also over one that a clock far ahead has noted, which would stand there for
/// as long as it ran ahead.
pub fn is_use_noted(last: Timestamp, now: Timestamp) -> bool {
    last + LAST_USE_STEP <= now || last > now + CLOCKS_APART_MAX
}

struct Found {
    key: ApiKey,
    expires_at: Timestamp,
    last_used_at: Option<Timestamp>,
    stored: Option<Stored>,
}

/// The key of this digest, when it may be used now, with what is stored under the Idempotency-Key that was
/// sent. Its last use is noted.
pub fn find(
    app: &App,
    key_sha256: [u8; 32],
    idempotency_key: Option<&str>,
) -> Result<Option<(ApiKey, Option<Stored>)>> {
    let columns = Stored::COLUMNS;
    // The caller is written as in `Caller::id`. No stored key is empty.
    let sql = format!(
        "SELECT a.id, a.scopes, a.expires_at, a.last_used_at, {columns}
         FROM api_keys a LEFT JOIN idempotency_keys k
             ON k.idempotency_key = ? AND k.caller = CONCAT('key:', a.id)
         WHERE a.key_sha256 = ? AND a.revoked_at IS NULL"
    );
    let values = (idempotency_key.map_or_else(String::new, stored_key), &key_sha256[..]);
    let found = db::read(&app.pool, |db| db.row(&sql, values.clone(), found))?;
    let now = app.clock.now();
    let Some(Found { key, last_used_at, stored, .. }) = found.filter(|found| now < found.expires_at) else {
        return Ok(None);
    };
    if last_used_at.is_none_or(|last| is_use_noted(last, now)) {
        db::transaction(&app.pool, |tx| {
            tx.execute(
                "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND last_used_at <=> ?",
                (now, key.id, last_used_at),
            )
        })?;
    }
    Ok(Some((key, stored)))
}

fn found(row: &Row) -> Found {
    Found {
        key: ApiKey { id: column(row, "id"), scopes: column(row, "scopes") },
        expires_at: column(row, "expires_at"),
        last_used_at: column(row, "last_used_at"),
        stored: Stored::from_row(row),
    }
}
