//! What is on the shelf and what is promised.
//!
//! Every change is one guarded statement over all the products it concerns, in the order of their
//! ids, so that two orders that share products never lock them crosswise. What is on hand changes
//! only together with a line in the ledger.

use std::collections::BTreeMap;

use mysql::Value;
use mysql::prelude::Queryable;

use crate::db::{Connection, column, question_marks};
use crate::error::{Error, Result};
use crate::values::{Id, Timestamp};

/// More units than any shelf holds; far from where a sum could overflow.
pub const ON_HAND_MAX: i64 = 1_000_000_000;

/// What is missing for an order.
pub struct Shortage {
    pub product_id: Id,
    pub name: String,
    pub requested: i64,
    pub available: i64,
}

/// Starts the books of a new product, with what is on the shelf as its `initial` movement.
pub fn open(
    db: &mut Connection,
    product_id: Id,
    on_hand: i64,
    actor: Option<Id>,
    now: Timestamp,
) -> Result<()> {
    db.execute(
        "INSERT INTO stock (product_id, on_hand, reserved, movement_count, last_movement_at) VALUES (?, ?, 0, ?, ?)",
        (product_id, on_hand, i64::from(on_hand > 0), now),
    )?;
    if on_hand > 0 {
        db.execute(
            "INSERT INTO stock_movements (product_id, position, delta, balance_after, reason, actor_account_id, at)
             VALUES (?, 1, ?, ?, 'initial', ?, ?)",
            (product_id, on_hand, on_hand, actor, now),
        )?;
    }
    Ok(())
}

/// Promises the products of an order to it. False when there is too little of one; the caller must
/// then roll back.
pub fn reserve(db: &mut Connection, order_id: Id, order_lines: usize) -> Result<bool> {
    let reserved = db.execute(
        "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.reserved = s.reserved + l.quantity
         WHERE l.order_id = ? AND s.on_hand - s.reserved >= l.quantity",
        (order_id,),
    )?;
    Ok(reserved == order_lines as u64)
}

/// Takes back the promise to an order that is cancelled.
pub fn release(db: &mut Connection, order_id: Id) -> Result<()> {
    db.execute(
        "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.reserved = s.reserved - l.quantity
         WHERE l.order_id = ?",
        (order_id,),
    )?;
    Ok(())
}

/// Takes the products of an order from the shelf: promise and shelf go down together, with one
/// `sale` movement a line. False when a count has left too little of one; the caller must then roll
/// back.
pub fn ship(
    db: &mut Connection,
    order_id: Id,
    order_lines: usize,
    actor: Option<Id>,
    now: Timestamp,
) -> Result<bool> {
    let shipped = db.execute(
        "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.on_hand = s.on_hand - l.quantity, s.reserved = s.reserved - l.quantity,
             s.movement_count = s.movement_count + 1, s.last_movement_at = GREATEST(s.last_movement_at, ?)
         WHERE l.order_id = ? AND s.on_hand >= l.quantity",
        (now, order_id),
    )?;
    if shipped != order_lines as u64 {
        return Ok(false);
    }
    db.execute(
        "INSERT INTO stock_movements (product_id, position, delta, balance_after, reason, actor_account_id, order_id, at)
         SELECT l.product_id, s.movement_count, -l.quantity, s.on_hand, 'sale', ?, l.order_id, s.last_movement_at
         FROM order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         WHERE l.order_id = ?",
        (actor, order_id),
    )?;
    Ok(true)
}

/// Rolls back, then names the products of which less is there than `quantities` asks; `there` says
/// what counts, from on hand and reserved. When meanwhile there is enough, the transaction is run
/// again.
pub fn shortages(
    db: &mut Connection,
    quantities: &BTreeMap<Id, i64>,
    there: impl Fn(i64, i64) -> i64,
) -> Result<Vec<Shortage>> {
    // Before this the figures of some products would hold this order's own share.
    db.0.query_drop("ROLLBACK")?;
    let sql = format!(
        "SELECT s.product_id, p.name, s.on_hand, s.reserved
         FROM stock s JOIN products p ON p.id = s.product_id
         WHERE s.product_id IN ({}) ORDER BY s.product_id",
        question_marks(quantities.len())
    );
    let ids: Vec<Value> = quantities.keys().map(|id| Value::from(*id)).collect();
    let mut short = db.rows(&sql, ids, |row| {
        let product_id: Id = column(row, "product_id");
        Shortage {
            product_id,
            name: column(row, "name"),
            requested: quantities[&product_id],
            available: there(column(row, "on_hand"), column(row, "reserved")),
        }
    })?;
    short.retain(|shortage| shortage.available < shortage.requested);
    match short.is_empty() {
        true => Err(Error::Raced),
        false => Ok(short),
    }
}
