//! Whether a product's figures have moved while somebody may have looked at them.

use chrono::Duration;

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::{Id, Timestamp};

/// For so long somebody edits what they have read; a form that was left open overnight is read again.
pub const LATELY: Duration = Duration::days(1);

/// Orders that are cancelled were placed within this time; hardly any waits longer.
const WAITING_MAX: Duration = Duration::days(30);

/// Whether units of the product have been moved, ordered, given back or awaited within [`LATELY`]. With what it began
/// with nothing moved.
pub fn has_moved_lately(db: &mut Connection, product_id: Id, now: Timestamp) -> Result<bool> {
    let (since, waiting_since) = (now - LATELY, now - WAITING_MAX);
    let moved = db.row(
        "SELECT EXISTS (SELECT 1 FROM stock_movements WHERE product_id = ? AND at > ? AND reason <> 'initial')
             OR EXISTS (SELECT 1 FROM order_lines WHERE product_id = ? AND placed_at > ?)
             OR EXISTS (SELECT 1 FROM order_lines l JOIN order_events e ON e.order_id = l.order_id
                        WHERE l.product_id = ? AND l.placed_at > ? AND e.at > ?)
             OR EXISTS (SELECT 1 FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
                        WHERE l.product_id = ? AND o.updated_at > ?)
             AS moved",
        (product_id, since, product_id, since, product_id, waiting_since, since, product_id, since),
        |row| column::<bool>(row, "moved"),
    )?;
    Ok(moved.unwrap_or(false))
}
