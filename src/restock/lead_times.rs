//! How long suppliers have taken: from ordering to the receipt with which all of a line had come, or the last one of a line
//! that was cancelled after a part of it.

use crate::db::{Connection, column, in_list};
use crate::error::Result;
use crate::values::Id;

/// A lead time is learned from so many receipts on.
const RECEIPTS_MIN: i64 = 3;

/// The lines that tell. What came at once, since the rule said so, tells nothing.
pub const TOLD: &str = "FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
    LEFT JOIN purchase_order_receipts last_one
        ON l.received_at IS NULL AND o.status = 'cancelled' AND last_one.purchase_order_id = l.purchase_order_id
        AND last_one.product_id = l.product_id AND last_one.accepted > 0 AND NOT EXISTS (
            SELECT 1 FROM purchase_order_receipts r
            WHERE r.purchase_order_id = l.purchase_order_id AND r.product_id = l.product_id AND r.accepted > 0
                AND r.receipt > last_one.receipt
        )
    WHERE COALESCE(l.received_at, last_one.at) > o.ordered_at";

/// The days that a line took.
pub const DAYS: &str = "TIMESTAMPDIFF(SECOND, o.ordered_at, COALESCE(l.received_at, last_one.at)) / 86400";

/// How long a product has taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learned {
    /// The mean, rounded up.
    pub days: i64,
    /// The standard deviation.
    pub spread: f64,
}

/// How long these products have taken, from their preferred supplier; without one from whomever they came. Of those with
/// few receipts nothing is learned.
pub fn learned(db: &mut Connection, product_ids: &[Id]) -> Result<Vec<(Id, Learned)>> {
    let (marks, mut values) = in_list(product_ids.iter().copied());
    values.push(RECEIPTS_MIN.into());
    let sql = format!(
        "SELECT l.product_id, CAST(CEILING(AVG({DAYS})) AS SIGNED) AS days, STDDEV_SAMP({DAYS}) AS spread {TOLD}
             AND l.product_id IN ({marks})
             AND COALESCE(o.supplier_id, 0) = COALESCE(
                 (SELECT t.supplier_id FROM supplier_products t STRAIGHT_JOIN suppliers v ON v.id = t.supplier_id
                  WHERE t.preferred_product_id = l.product_id AND v.active = 1), o.supplier_id, 0)
         GROUP BY l.product_id HAVING COUNT(*) >= ?"
    );
    db.rows(&sql, values, |row| {
        let learned = Learned { days: column(row, "days"), spread: column(row, "spread") };
        (column(row, "product_id"), learned)
    })
}
