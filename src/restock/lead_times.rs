//! How long suppliers have taken: from ordering to the receipt with which all of a line had come.

use crate::db::{Connection, column, in_list};
use crate::error::Result;
use crate::values::Id;

/// A spread is known from so many receipts on.
const RECEIPTS_MIN: i64 = 3;

/// The lines that tell. What came at once, since the rule said so, tells nothing.
pub const TOLD: &str = "FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
    WHERE l.received_at > o.ordered_at";

/// The days that a line took.
pub const DAYS: &str = "TIMESTAMPDIFF(SECOND, o.ordered_at, l.received_at) / 86400";

/// The standard deviation of the days that products took, from whomever they came.
pub fn spreads(db: &mut Connection, product_ids: &[Id]) -> Result<Vec<(Id, f64)>> {
    let (marks, mut values) = in_list(product_ids.iter().copied());
    values.push(RECEIPTS_MIN.into());
    let sql = format!(
        "SELECT l.product_id, STDDEV_SAMP({DAYS}) AS spread {TOLD} AND l.product_id IN ({marks})
         GROUP BY l.product_id HAVING COUNT(*) >= ?"
    );
    db.rows(&sql, values, |row| (column(row, "product_id"), column(row, "spread")))
}
