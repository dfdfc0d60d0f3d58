//! What strangers hold without anybody having confirmed it: the shop buys for all of them together as for one guest.
//!
//! A stranger is a customer to whom the shop has never sent anything. An account makes nobody known, since anybody
//! opens one for nothing. What is left out counts as soon as it is shipped or confirmed.

use std::collections::HashMap;

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::Id;

/// That somebody behind the counter has said of order `o` that it is meant. Whoever places one there says so by it.
pub const CONFIRMED: &str =
    "(o.confirmed_at IS NOT NULL OR o.actor_account_id IS NOT NULL OR o.actor_api_key_id IS NOT NULL)";

/// Units by product that the rule leaves out: what unconfirmed orders of strangers hold beyond the first `most` units,
/// in the order of their coming, all products together. Usually none.
pub fn left_out(db: &mut Connection, most: Option<i64>) -> Result<HashMap<Id, i64>> {
    let Some(most) = most else {
        return Ok(HashMap::new());
    };
    let sql = format!(
        "SELECT held.product_id, CAST(SUM(LEAST(held.quantity, held.so_far - ?)) AS SIGNED) AS units
         FROM (
             SELECT l.product_id, l.quantity,
                 SUM(l.quantity) OVER (ORDER BY o.placed_at, o.id, l.product_id ROWS UNBOUNDED PRECEDING) AS so_far
             FROM orders o FORCE INDEX (orders_by_status) STRAIGHT_JOIN order_lines l ON l.order_id = o.id
             WHERE o.status = 'placed' AND NOT {CONFIRMED}
                 AND NOT EXISTS (SELECT 1 FROM orders sent WHERE sent.customer_id = o.customer_id AND sent.status NOT IN ('placed', 'cancelled'))
         ) held WHERE held.so_far > ? GROUP BY held.product_id"
    );
    let rows = db.rows(&sql, (most, most), |row| (column(row, "product_id"), column(row, "units")))?;
    Ok(rows.into_iter().collect())
}

/// The reason of a decision, with what was left out of it.
pub fn explained(reason: String, left_out: i64) -> String {
    if left_out == 0 {
        return reason;
    }
    format!(
        "{reason}; {left_out} more units are held by unconfirmed orders of customers to whom nothing was ever sent, and are not counted"
    )
}
