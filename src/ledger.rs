//! Stock: what is on the shelf, what is reserved, what is on its way, and the ledger.
//!
//! Every change is one guarded statement over all the products it concerns, in the order of their
//! ids, so that two orders that share products never lock them crosswise. What is on hand changes
//! only together with a line in the ledger. This module knows no HTTP: it returns what is wrong, and
//! its callers word it. Every change runs inside its caller's transaction.

mod lately;
pub mod takes;
mod value;

use std::collections::BTreeMap;

use mysql::prelude::Queryable;
use mysql::{Row, Value};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::audit::Actor;
use crate::db::{Connection, Transaction, column, in_list};
use crate::error::{Error, Result};
use crate::events;
use crate::values::{Id, Timestamp, UnitCost, words};

pub use lately::{LATELY, has_moved_lately};

/// More units than any shelf holds; far from where a sum could overflow.
pub const ON_HAND_MAX: i64 = 1_000_000_000;

words! {
    /// Why units came or went.
    Reason, refused as "invalid_reason" {
        /// What was on the shelf when the product was added.
        Initial = "initial",
        Sale = "sale",
        Restock = "restock",
        StockTake = "stock_take",
        Damaged = "damaged",
        Lost = "lost",
        Return = "return",
        Found = "found",
        Correction = "correction",
    }
}

/// What is missing for an order.
pub struct Shortage {
    pub product_id: Id,
    pub name: String,
    pub requested: i64,
    pub available: i64,
}

/// Who and what a movement is about.
#[derive(Default)]
pub struct Origin<'a> {
    pub actor: Actor,
    pub note: Option<&'a str>,
    /// What one unit that comes has cost, where that is known.
    pub unit_cost: Option<UnitCost>,
    /// The stock take that has counted them.
    pub stock_take_id: Option<Id>,
}

/// The figures of one product, as locked or as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub on_hand: i64,
    pub reserved: i64,
    /// Ordered from suppliers.
    pub incoming: i64,
    /// On drafts of purchase orders.
    pub drafted: i64,
}

/// Written with what is available, which follows from them.
impl Serialize for Figures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut figures = serializer.serialize_struct("Figures", 5)?;
        figures.serialize_field("on_hand", &self.on_hand)?;
        figures.serialize_field("reserved", &self.reserved)?;
        figures.serialize_field("available", &self.available())?;
        figures.serialize_field("incoming", &self.incoming)?;
        figures.serialize_field("drafted", &self.drafted)?;
        figures.end()
    }
}

impl Figures {
    /// The columns of `stock s`, and of a run's lines, that [`Figures::from_row`] reads.
    pub fn columns_of(alias: &str) -> String {
        ["on_hand", "reserved", "incoming", "drafted"].map(|column| format!("{alias}.{column}")).join(", ")
    }

    pub fn from_row(row: &Row) -> Figures {
        Figures {
            on_hand: column(row, "on_hand"),
            reserved: column(row, "reserved"),
            incoming: column(row, "incoming"),
            drafted: column(row, "drafted"),
        }
    }

    /// With so many units less reserved, but never less than none.
    pub fn without_reserved(self, units: i64) -> Figures {
        Figures { reserved: (self.reserved - units).max(0), ..self }
    }

    pub fn with_reserved_at_most(self, units: i64) -> Figures {
        Figures { reserved: self.reserved.min(units), ..self }
    }

    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// The inventory position: what will be there when all has come.
    pub fn position(&self) -> i64 {
        let there = self.on_hand.saturating_sub(self.reserved);
        there.saturating_add(self.incoming).saturating_add(self.drafted)
    }
}

/// Starts the ledger of a new product, with what is on the shelf as its `initial` movement.
pub fn open(
    tx: &mut Transaction,
    product_id: Id,
    on_hand: i64,
    unit_cost: Option<UnitCost>,
    actor: Actor,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_multiple)
         VALUES (?, 0, 0, 0, 0, ?, 1)",
        (product_id, now),
    )?;
    if on_hand > 0 {
        let origin = Origin { actor, unit_cost, ..Origin::default() };
        move_stock(tx, product_id, on_hand, Reason::Initial, &origin, now)?;
    }
    Ok(())
}

/// Locks the product's figures until the transaction ends; None when there is no such product.
pub fn lock(tx: &mut Transaction, product_id: Id) -> Result<Option<Figures>> {
    tx.take_turn([product_id])?;
    tx.row(
        &format!("SELECT {} FROM stock s WHERE s.product_id = ? FOR UPDATE", Figures::columns_of("s")),
        (product_id,),
        Figures::from_row,
    )
}

/// The sequence of the last line in the product's ledger; 0 before the first.
pub fn last_sequence(db: &mut Connection, product_id: Id) -> Result<i64> {
    let sql = "SELECT movement_count FROM stock WHERE product_id = ?";
    Ok(db.row(sql, (product_id,), |row| column(row, "movement_count"))?.unwrap_or(0))
}

/// Changes what is on hand by `delta`, with its line in the ledger. False when less than nothing or
/// more than [`ON_HAND_MAX`] would be on the shelf; nothing is changed then.
pub fn move_stock(
    tx: &mut Transaction,
    product_id: Id,
    delta: i64,
    reason: Reason,
    origin: &Origin,
    now: Timestamp,
) -> Result<bool> {
    tx.take_turn([product_id])?;
    let (on_hand, value, units) = ("on_hand", "value_minor_e4", delta.abs());
    let known = origin.unit_cost.filter(|_| delta > 0);
    let value_delta = match known {
        _ if delta < 0 => format!("-{}", value::leaving(on_hand, value, "?")),
        Some(_) => value::at_cost("?", "?"),
        None => value::at_average("stock.product_id", on_hand, value, "?"),
    };
    // A known cost is multiplied by the units; elsewhere all that is bound is the units.
    let mut bound = vec![units; value_delta.matches('?').count()];
    if let Some(cost) = known {
        bound[0] = cost.minor_e4;
    }
    let (cost_unknown, bound_before) = match known {
        _ if delta <= 0 => ("cost_unknown".to_owned(), vec![]),
        Some(_) => (value::unknown_after(on_hand, "cost_unknown", "0", "0"), vec![]),
        None => (value::unknown_after(on_hand, "cost_unknown", "1", &value_delta), bound.clone()),
    };
    let sql = format!(
        "UPDATE stock
         SET cost_unknown = {cost_unknown}, last_value_delta = {value_delta}, value_minor_e4 = value_minor_e4 + {value_delta},
             on_hand = on_hand + ?, movement_count = movement_count + 1,
             last_movement_at = GREATEST(last_movement_at, ?)
         WHERE product_id = ? AND on_hand + ? BETWEEN 0 AND ?"
    );
    let rest: [Value; 5] = [delta.into(), now.into(), product_id.into(), delta.into(), ON_HAND_MAX.into()];
    let bound = bound_before.iter().chain(&bound).chain(&bound);
    let values = bound.map(Value::from).chain(rest).collect::<Vec<Value>>();
    let moved = tx.execute(&sql, values)?;
    if moved == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO stock_movements
             (product_id, sequence, delta, balance_after, value_delta, value_after, cost_unknown, cost_assumed, reason, note,
              actor_account_id, actor_api_key_id, stock_take_id, at)
         SELECT product_id, movement_count, ?, on_hand, last_value_delta, value_minor_e4, cost_unknown, ?, ?, ?, ?, ?, ?,
             last_movement_at
         FROM stock WHERE product_id = ?",
        (
            delta,
            delta > 0 && origin.unit_cost.is_none(),
            reason,
            origin.note,
            origin.actor.account_id,
            origin.actor.api_key_id,
            origin.stock_take_id,
            product_id,
        ),
    )?;
    events::record_moved(tx, now, &[product_id])?;
    Ok(true)
}

/// Adds to what is on drafts of purchase orders, or takes from it, and notes that the locked draft has changed.
pub fn draft(
    tx: &mut Transaction,
    purchase_order_id: Id,
    product_id: Id,
    delta: i64,
    now: Timestamp,
) -> Result<()> {
    tx.take_turn([product_id])?;
    tx.execute(
        "UPDATE purchase_orders o STRAIGHT_JOIN stock s ON s.product_id = ?
         SET s.drafted = s.drafted + ?, o.updated_at = GREATEST(o.updated_at, ?) WHERE o.id = ?",
        (product_id, delta, now, purchase_order_id),
    )?;
    Ok(())
}

/// How much a customer may hold at once in placed orders, all products together; 0 is no limit. Who reserves under a
/// limit holds the customer's row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holding {
    pub orders: u32,
    pub units: u32,
}

/// Which orders count in that: what staff or a program placed for a customer is meant.
const HELD_BY_CUSTOMER: &str =
    "o.customer_id = ? AND o.status = 'placed' AND o.actor_account_id IS NULL AND o.actor_api_key_id IS NULL";

impl Holding {
    pub const UNLIMITED: Holding = Holding { orders: 0, units: 0 };

    pub fn is_limited(self) -> bool {
        self.orders > 0 || self.units > 0
    }
}

/// How much a customer holds now.
pub fn held(tx: &mut Transaction, customer_id: Id) -> Result<Holding> {
    let sql = format!(
        "SELECT COUNT(DISTINCT o.id) AS orders, CAST(COALESCE(SUM(h.quantity), 0) AS UNSIGNED) AS units
         FROM orders o STRAIGHT_JOIN order_lines h ON h.order_id = o.id WHERE {HELD_BY_CUSTOMER}"
    );
    let held = tx.row(&sql, (customer_id,), |row| Holding {
        orders: column(row, "orders"),
        units: column(row, "units"),
    })?;
    Ok(held.unwrap_or_default())
}

/// Promises the products of an order to it, and notes on its lines where in the ledger that was. False
/// when there is too little of one, or the customer would hold more than `most`, this order among it; the
/// caller must then roll back.
pub fn reserve(
    tx: &mut Transaction,
    order_id: Id,
    order_lines: usize,
    customer_id: Id,
    most: Holding,
) -> Result<bool> {
    let mut values: Vec<Value> = vec![order_id.into()];
    let mut sql = "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.reserved = s.reserved + l.quantity, l.reserved_at_sequence = s.movement_count
         WHERE l.order_id = ? AND s.on_hand - s.reserved >= l.quantity"
        .to_owned();
    if most.orders > 0 {
        sql += &format!(" AND (SELECT COUNT(*) FROM orders o WHERE {HELD_BY_CUSTOMER}) <= ?");
        values.extend([customer_id.into(), most.orders.into()]);
    }
    if most.units > 0 {
        // Of a table that is updated a server reads only what it has put aside before.
        sql += &format!(
            " AND (SELECT held.units FROM (
                 SELECT SUM(h.quantity) AS units FROM orders o STRAIGHT_JOIN order_lines h ON h.order_id = o.id
                 WHERE {HELD_BY_CUSTOMER}
             ) held) <= ?"
        );
        values.extend([customer_id.into(), most.units.into()]);
    }
    let reserved = tx.execute(&sql, values)?;
    // Both servers count the rows of both tables: each line, and the stock row that is its own.
    Ok(reserved == 2 * order_lines as u64)
}

/// Takes back the promise to an order that is cancelled.
pub fn release(tx: &mut Transaction, order_id: Id) -> Result<()> {
    tx.execute(
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
    tx: &mut Transaction,
    order_id: Id,
    product_ids: &[Id],
    actor: Actor,
    now: Timestamp,
) -> Result<bool> {
    events::record_moved(tx, now, product_ids)?;
    tx.take_turn(product_ids.iter().copied())?;
    let value = value::leaving("s.on_hand", "s.value_minor_e4", "l.quantity");
    let sql = format!(
        "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.last_value_delta = -{value}, s.value_minor_e4 = s.value_minor_e4 - {value},
             s.on_hand = s.on_hand - l.quantity, s.reserved = s.reserved - l.quantity,
             s.movement_count = s.movement_count + 1, s.last_movement_at = GREATEST(s.last_movement_at, ?)
         WHERE l.order_id = ? AND s.on_hand >= l.quantity"
    );
    let shipped = tx.execute(&sql, (now, order_id))?;
    if shipped != product_ids.len() as u64 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO stock_movements
             (product_id, sequence, delta, balance_after, value_delta, value_after, cost_unknown, reason, actor_account_id,
              actor_api_key_id, order_id, at)
         SELECT l.product_id, s.movement_count, -l.quantity, s.on_hand, s.last_value_delta, s.value_minor_e4,
             s.cost_unknown, 'sale', ?, ?, l.order_id, s.last_movement_at
         FROM order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         WHERE l.order_id = ?",
        (actor.account_id, actor.api_key_id, order_id),
    )?;
    Ok(true)
}

/// Puts on the shelves what a receipt of a purchase order accepted of these products, with one `restock` movement each,
/// and no longer waits for what was still owed. False when more than [`ON_HAND_MAX`] would be on one; the caller must
/// then roll back.
pub fn receive(
    tx: &mut Transaction,
    purchase_order_id: Id,
    receipt: i64,
    product_ids: &[Id],
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    if product_ids.is_empty() {
        return Ok(true);
    }
    events::record_moved(tx, now, product_ids)?;
    tx.take_turn(product_ids.iter().copied())?;
    let (on_hand, value) = ("s.on_hand", "s.value_minor_e4");
    let value = format!(
        "IF(l.unit_cost_minor_e4 IS NULL, {}, {})",
        value::at_average("s.product_id", on_hand, value, "p.accepted"),
        value::at_cost("l.unit_cost_minor_e4", "p.accepted")
    );
    let unknown = value::unknown_after(on_hand, "s.cost_unknown", "l.unit_cost_minor_e4 IS NULL", &value);
    let sql = format!(
        "UPDATE purchase_order_receipts p STRAIGHT_JOIN purchase_orders o ON o.id = p.purchase_order_id
             STRAIGHT_JOIN purchase_order_lines l
                 ON l.purchase_order_id = p.purchase_order_id AND l.product_id = p.product_id
             STRAIGHT_JOIN stock s ON s.product_id = p.product_id
         SET s.incoming = s.incoming
                 - IF(o.status = 'ordered', LEAST(p.accepted, GREATEST(l.quantity - l.received, 0)), 0),
             s.cost_unknown = {unknown},
             s.last_value_delta = {value}, s.value_minor_e4 = s.value_minor_e4 + {value},
             s.on_hand = s.on_hand + p.accepted, s.movement_count = s.movement_count + 1,
             s.last_movement_at = GREATEST(s.last_movement_at, ?)
         WHERE p.purchase_order_id = ? AND p.receipt = ? AND p.accepted > 0 AND s.on_hand + p.accepted <= ?"
    );
    let received = tx.execute(&sql, (now, purchase_order_id, receipt, ON_HAND_MAX))?;
    if received != product_ids.len() as u64 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO stock_movements
             (product_id, sequence, delta, balance_after, value_delta, value_after, cost_unknown, cost_assumed, reason, note,
              actor_account_id, actor_api_key_id, purchase_order_id, at)
         SELECT p.product_id, s.movement_count, p.accepted, s.on_hand, s.last_value_delta, s.value_minor_e4,
             s.cost_unknown, l.unit_cost_minor_e4 IS NULL, 'restock', ?, p.actor_account_id, p.actor_api_key_id, p.purchase_order_id,
             s.last_movement_at
         FROM purchase_order_receipts p STRAIGHT_JOIN stock s ON s.product_id = p.product_id
         STRAIGHT_JOIN purchase_order_lines l
             ON l.purchase_order_id = p.purchase_order_id AND l.product_id = p.product_id
         WHERE p.purchase_order_id = ? AND p.receipt = ? AND p.accepted > 0",
        (note, purchase_order_id, receipt),
    )?;
    Ok(true)
}

/// Rolls back, so its caller can only return an error; then names the products of which less is there
/// than `quantities` asks. `there` says what counts, from on hand and reserved. When meanwhile there is
/// enough, the transaction is run again.
pub fn shortages(
    tx: &mut Transaction,
    quantities: &BTreeMap<Id, i64>,
    there: impl Fn(i64, i64) -> i64,
) -> Result<Vec<Shortage>> {
    // Before this the figures of some products would hold this order's own share.
    tx.0.query_drop("ROLLBACK")?;
    let (marks, ids) = in_list(quantities.keys().copied());
    let sql = format!(
        "SELECT s.product_id, p.name, s.on_hand, s.reserved
         FROM stock s JOIN products p ON p.id = s.product_id
         WHERE s.product_id IN ({marks}) ORDER BY s.product_id"
    );
    let mut short = tx.rows(&sql, ids, |row| {
        let product_id: Id = column(row, "product_id");
        Shortage {
            product_id,
            name: column(row, "name"),
            requested: quantities[&product_id],
            available: there(column(row, "on_hand"), column(row, "reserved")),
        }
    })?;
    short.retain(|shortage| shortage.available < shortage.requested);
    if short.is_empty() { Err(Error::Raced) } else { Ok(short) }
}

/// A figure that was not what the ledger, the orders or the purchase orders say.
pub struct Repair {
    pub product_id: Id,
    pub figure: &'static str,
    pub stood: i128,
    pub now: i128,
}

/// Those that [`repair`] sets right.
const FIGURES: [&str; 7] =
    ["on_hand", "reserved", "incoming", "drafted", "movement_count", "value_minor_e4", "cost_unknown"];

/// Every product that has stock, in the order of the ids.
pub fn product_ids(db: &mut Connection) -> Result<Vec<Id>> {
    db.rows("SELECT product_id FROM stock ORDER BY product_id", (), |row| column(row, "product_id"))
}

/// Sets the derived figures of one product to what the ledger, the orders and the purchase orders say.
/// The ledger itself is never changed. Whoever changes these figures locks the row first, so what is
/// read under the lock is whole.
pub fn repair(tx: &mut Transaction, product_id: Id) -> Result<Vec<Repair>> {
    // As text, since values may be larger than any number that is read otherwise.
    let figures =
        |row: &Row| FIGURES.map(|figure| column::<String>(row, figure).parse::<i128>().unwrap_or(i128::MIN));
    let as_text = FIGURES.map(|figure| format!("CAST({figure} AS CHAR) AS {figure}")).join(", ");
    let sql = format!("SELECT {as_text} FROM stock WHERE product_id = ? FOR UPDATE");
    let stands = tx.row(&sql, (product_id,), figures)?;
    let bought = "FROM purchase_order_lines l JOIN purchase_orders o ON o.id = l.purchase_order_id
              WHERE l.product_id = ? AND o.status =";
    let should_be = tx.row(
        &format!(
            "SELECT {as_text} FROM (SELECT
             (SELECT CAST(COALESCE(SUM(delta), 0) AS SIGNED) FROM stock_movements WHERE product_id = ?) AS on_hand,
             (SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED)
              FROM orders o STRAIGHT_JOIN order_lines l ON l.order_id = o.id AND l.product_id = ?
              WHERE o.status = 'placed') AS reserved,
             (SELECT CAST(COALESCE(SUM(GREATEST(l.quantity - l.received, 0)), 0) AS SIGNED) {bought} 'ordered') AS incoming,
             (SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) {bought} 'draft') AS drafted,
             (SELECT COALESCE(MAX(sequence), 0) FROM stock_movements WHERE product_id = ?) AS movement_count,
             (SELECT COALESCE(SUM(value_delta), 0) FROM stock_movements WHERE product_id = ?) AS value_minor_e4,
             COALESCE((SELECT cost_unknown FROM stock_movements WHERE product_id = ? ORDER BY sequence DESC LIMIT 1), 0)
                 AS cost_unknown) should_be"
        ),
        vec![product_id; FIGURES.len()],
        figures,
    )?;
    let (Some(stands), Some(should_be)) = (stands, should_be) else {
        return Ok(Vec::new());
    };
    if stands == should_be {
        return Ok(Vec::new());
    }
    let set = FIGURES.map(|figure| format!("{figure} = ?")).join(", ");
    let values: Vec<Value> =
        should_be.iter().map(|figure| figure.to_string().into()).chain([product_id.into()]).collect();
    tx.execute(&format!("UPDATE stock SET {set} WHERE product_id = ?"), values)?;
    let changed = FIGURES.into_iter().zip(stands.into_iter().zip(should_be));
    Ok(changed
        .filter(|(_, (stood, now))| stood != now)
        .map(|(figure, (stood, now))| Repair { product_id, figure, stood, now })
        .collect())
}
