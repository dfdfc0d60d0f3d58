//! What should have come and has not.

use std::collections::HashMap;

use serde::Serialize;

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::{Calendar, Id, Timestamp};

/// What open restock orders of one product should have brought before today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Late {
    pub units: i64,
    /// When the first of them was expected.
    pub expected_at: Timestamp,
}

/// When the shop's day began: what was expected before is late.
pub fn late_before(calendar: &Calendar, now: Timestamp) -> Timestamp {
    calendar.start_of(calendar.day_of(now))
}

/// By product, what was expected before that moment.
pub fn late(db: &mut Connection, before: Timestamp) -> Result<HashMap<Id, Late>> {
    let sql = "SELECT product_id, CAST(SUM(quantity - received) AS SIGNED) AS units, MIN(expected_at) AS expected_at
               FROM restock_orders WHERE status = 'open' AND expected_at < ? GROUP BY product_id";
    let rows = db.rows(sql, (before,), |row| {
        (
            column(row, "product_id"),
            Late { units: column(row, "units"), expected_at: column(row, "expected_at") },
        )
    })?;
    Ok(rows.into_iter().collect())
}

/// How many restock orders were expected before that moment.
pub fn late_orders(db: &mut Connection, before: Timestamp) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS late FROM restock_orders WHERE status = 'open' AND expected_at < ?";
    Ok(db.row(sql, (before,), |row| column(row, "late"))?.unwrap_or(0))
}

/// The reason of a decision, with what is late.
pub fn explained(reason: String, late: Option<Late>, calendar: &Calendar) -> String {
    match late {
        None => reason,
        Some(Late { units, expected_at }) => {
            let day = calendar.day_of(expected_at);
            format!("{reason}; {units} units are late, the first of them expected on {day}")
        }
    }
}
