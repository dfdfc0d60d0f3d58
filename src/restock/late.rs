//! What should have come and has not.

use std::collections::HashMap;

use serde::Serialize;

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::{Calendar, Id, Timestamp};

/// What ordered purchase orders should have brought before today.
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

/// The lines of purchase orders of which something was expected before a moment and has not come.
pub const LATE_LINES: &str =
    "FROM purchase_orders o STRAIGHT_JOIN purchase_order_lines l ON l.purchase_order_id = o.id
    WHERE o.status = 'ordered' AND l.received < l.quantity AND l.expected_at < ?";

/// By product, what was expected before that moment.
pub fn late(db: &mut Connection, before: Timestamp) -> Result<HashMap<Id, Late>> {
    let sql = format!(
        "SELECT l.product_id, CAST(SUM(l.quantity - l.received) AS SIGNED) AS units, MIN(l.expected_at) AS expected_at
         {LATE_LINES} GROUP BY l.product_id"
    );
    let rows = db.rows(&sql, (before,), |row| {
        (
            column(row, "product_id"),
            Late { units: column(row, "units"), expected_at: column(row, "expected_at") },
        )
    })?;
    Ok(rows.into_iter().collect())
}

/// The reason of a decision, with what is late.
pub fn explained(reason: String, late: Option<Late>, calendar: &Calendar) -> String {
    match late {
        None => reason,
        Some(Late { units, expected_at }) => {
            let day = calendar.day_of(expected_at);
            match units {
                1 => format!("{reason}; 1 unit is late, expected on {day}"),
                _ => format!("{reason}; {units} units are late, the first of them expected on {day}"),
            }
        }
    }
}
