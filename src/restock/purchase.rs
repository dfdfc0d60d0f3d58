//! Purchase orders: what the shop buys. They are drafts until they are ordered; then their lines are frozen, and what
//! comes is received against them.
//!
//! Whoever changes an order locks its row first and then the rows of stock, so that no two wait for each other
//! crosswise. All lines of an order change in one statement, however many there are.

use mysql::Value;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::db::{Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::ledger::{self, ON_HAND_MAX};
use crate::restock::supply;
use crate::values::{Currency, Id, Line, Timestamp, UnitCost, words};

words! {
    /// Where a purchase order stands.
    OrderStatus, refused as "invalid_status" {
        Draft = "draft",
        Ordered = "ordered",
        Received = "received",
        Cancelled = "cancelled",
    }
}

/// More lines are more than one delivery; an order of so many is shown at once.
pub const LINES_MAX: usize = 500;

/// How many products one entry of the feed names.
const PRODUCTS_IN_AN_EVENT: usize = 100;

/// Who and what makes a draft.
pub struct NewDraft<'a> {
    pub supplier_id: Option<Id>,
    /// Whether runs add to it.
    pub for_runs: bool,
    pub note: Option<&'a str>,
    pub run_id: Option<Id>,
}

/// Makes an empty draft. Of two that runs add to, of one supplier, the second is a duplicate of the key
/// `purchase_orders_one_draft`.
pub fn make_draft(tx: &mut Transaction, draft: &NewDraft, now: Timestamp) -> Result<Id> {
    let draft_of = draft.for_runs.then(|| draft_of(draft.supplier_id));
    let id = tx.insert(
        "INSERT INTO purchase_orders
         SET supplier_id = ?, draft_of = ?, status = 'draft', note = ?, run_id = ?, receipt_count = 0, created_at = ?, updated_at = ?",
        (draft.supplier_id, draft_of, draft.note, draft.run_id, now, now),
    )?;
    record(tx, now, Kind::PurchaseOrderCreated, id, &[], audit::NO_FIELDS)?;
    Ok(id)
}

/// What the draft of a supplier, or of the shop's own list, is marked with.
pub fn draft_of(supplier_id: Option<Id>) -> Id {
    supplier_id.unwrap_or(0)
}

/// A line as it is put on a draft.
pub struct NewLine<'a> {
    pub product_id: Id,
    pub quantity: i64,
    pub supplier_sku: Option<&'a Line<100>>,
    pub unit_cost: Option<UnitCost>,
    /// It is what the supplier asks, and follows its price breaks; what a person wrote stays.
    pub cost_of_offer: bool,
    pub set_by_person: bool,
    pub reason: Option<&'a str>,
}

/// Puts a line on a locked draft, in place of one of the product that holds `before` units.
pub fn put_line(
    tx: &mut Transaction,
    order_id: Id,
    line: &NewLine,
    before: i64,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO purchase_order_lines
             (purchase_order_id, product_id, quantity, supplier_sku, unit_cost_minor_e4, cost_of_offer, set_by_person, reason,
              received, rejected)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
         ON DUPLICATE KEY UPDATE quantity = VALUES(quantity), supplier_sku = VALUES(supplier_sku),
             unit_cost_minor_e4 = VALUES(unit_cost_minor_e4), cost_of_offer = VALUES(cost_of_offer), set_by_person = VALUES(set_by_person), reason = VALUES(reason)",
        (
            order_id,
            line.product_id,
            line.quantity,
            line.supplier_sku,
            line.unit_cost.map(|cost| cost.minor_e4),
            line.cost_of_offer,
            line.set_by_person,
            line.reason,
        ),
    )?;
    ledger::draft(tx, order_id, line.product_id, line.quantity - before, now)
}

/// Sets what lines of a locked draft cost to what its supplier asks for so many, as far as nobody has written the cost.
pub fn take_offered_costs(
    tx: &mut Transaction,
    currency: &Currency,
    order_id: Id,
    supplier_id: Option<Id>,
    product_ids: &[Id],
) -> Result<()> {
    let Some(supplier_id) = supplier_id.filter(|_| !product_ids.is_empty()) else { return Ok(()) };
    let offers = supply::terms(tx, currency, supplier_id, product_ids)?;
    let sql = "SELECT product_id, quantity FROM purchase_order_lines WHERE purchase_order_id = ? AND cost_of_offer = 1";
    let lines: Vec<(Id, i64)> =
        tx.rows(sql, (order_id,), |row| (column(row, "product_id"), column(row, "quantity")))?;
    for (product_id, quantity) in lines {
        if let Some(terms) = offers.get(&product_id) {
            let sql = "UPDATE purchase_order_lines SET unit_cost_minor_e4 = ? WHERE purchase_order_id = ? AND product_id = ?";
            tx.execute(sql, (terms.cost_at(quantity).minor_e4, order_id, product_id))?;
        }
    }
    Ok(())
}

/// Takes the line of a product, which holds `before` units, off a locked draft.
pub fn take_line(
    tx: &mut Transaction,
    order_id: Id,
    product_id: Id,
    before: i64,
    now: Timestamp,
) -> Result<()> {
    let sql = "DELETE FROM purchase_order_lines WHERE purchase_order_id = ? AND product_id = ?";
    tx.execute(sql, (order_id, product_id))?;
    ledger::draft(tx, order_id, product_id, -before, now)
}

/// Notes that a locked order has changed.
pub fn touch(tx: &mut Transaction, order_id: Id, now: Timestamp) -> Result<()> {
    let sql = "UPDATE purchase_orders SET updated_at = GREATEST(updated_at, ?) WHERE id = ?";
    tx.execute(sql, (now, order_id))?;
    Ok(())
}

/// Orders a locked draft: its lines are frozen with the lead times of now and the numbers that the supplier gives the
/// products now. What has a lead time of 0 is received at once, as far as its shelf can hold it; but not what is on the
/// shop's own list while some supplier sells it, since there nobody said 0.
pub fn place(app: &App, tx: &mut Transaction, order_id: Id, actor: Actor) -> Result<()> {
    let now = app.clock.now();
    let product_ids = product_ids(tx, order_id)?;
    tx.take_turn(product_ids.iter().copied())?;
    take_supplier_skus(tx, order_id)?;
    // Read by itself, since in an UPDATE it would wait for whoever edits the supplier.
    let sql = "SELECT v.lead_time_days FROM purchase_orders o JOIN suppliers v ON v.id = o.supplier_id WHERE o.id = ?";
    let suppliers: Option<i64> = tx.row(sql, (order_id,), |row| column(row, "lead_time_days"))?;
    tx.execute(
        "UPDATE purchase_orders o STRAIGHT_JOIN purchase_order_lines l ON l.purchase_order_id = o.id
             STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.drafted = s.drafted - l.quantity, s.incoming = s.incoming + l.quantity,
             l.lead_time_days = COALESCE(s.lead_time_days, ?, 0)
         WHERE o.id = ?",
        (suppliers, order_id),
    )?;
    let sql = "SELECT DISTINCT lead_time_days FROM purchase_order_lines WHERE purchase_order_id = ?";
    for days in tx.rows(sql, (order_id,), |row| column::<i64>(row, "lead_time_days"))? {
        let expected_at = app.config.calendar.after_lead_time(now, days);
        let sql = "UPDATE purchase_order_lines SET expected_at = ? WHERE purchase_order_id = ? AND lead_time_days = ?";
        tx.execute(sql, (expected_at, order_id, days))?;
    }
    tx.execute(
        "UPDATE purchase_orders
         SET status = 'ordered', draft_of = NULL, ordered_at = ?, updated_at = GREATEST(updated_at, ?) WHERE id = ?",
        (now, now, order_id),
    )?;
    record(tx, now, Kind::PurchaseOrderOrdered, order_id, &product_ids, audit::NO_FIELDS)?;
    let at_once = tx.execute(
        "INSERT INTO purchase_order_receipts
             (purchase_order_id, receipt, product_id, accepted, rejected, actor_account_id, actor_api_key_id, at)
         SELECT l.purchase_order_id, 1, l.product_id, l.quantity, 0, ?, ?, ?
         FROM purchase_orders o STRAIGHT_JOIN purchase_order_lines l ON l.purchase_order_id = o.id
         STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         WHERE o.id = ? AND l.lead_time_days = 0 AND s.on_hand + l.quantity <= ?
             AND (s.lead_time_days = 0 OR o.supplier_id IS NOT NULL
                  OR NOT EXISTS (SELECT 1 FROM supplier_products t WHERE t.product_id = l.product_id))",
        (actor.account_id, actor.api_key_id, now, order_id, ON_HAND_MAX),
    )?;
    if at_once > 0 {
        let sql = "SELECT product_id FROM purchase_order_receipts
             WHERE purchase_order_id = ? AND receipt = 1 ORDER BY product_id";
        let arrived: Vec<Id> = tx.rows(sql, (order_id,), |row| column(row, "product_id"))?;
        // What would not fit was left out under the lock.
        book(tx, order_id, 1, (&arrived, &arrived), None, now)?;
    }
    Ok(())
}

/// Writes on the lines of a locked draft what its supplier calls the products by now. What it does not sell stays.
fn take_supplier_skus(tx: &mut Transaction, order_id: Id) -> Result<()> {
    // Read by itself, since in an UPDATE it would wait for whoever edits the offers.
    let sql = "SELECT l.product_id, t.supplier_sku
         FROM purchase_orders o STRAIGHT_JOIN purchase_order_lines l ON l.purchase_order_id = o.id
         STRAIGHT_JOIN supplier_products t ON t.supplier_id = o.supplier_id AND t.product_id = l.product_id
         WHERE o.id = ? AND NOT (l.supplier_sku <=> t.supplier_sku COLLATE utf8mb4_bin)";
    let renamed: Vec<(Id, Option<String>)> =
        tx.rows(sql, (order_id,), |row| (column(row, "product_id"), column(row, "supplier_sku")))?;
    for (product_id, supplier_sku) in renamed {
        let sql =
            "UPDATE purchase_order_lines SET supplier_sku = ? WHERE purchase_order_id = ? AND product_id = ?";
        tx.execute(sql, (supplier_sku, order_id, product_id))?;
    }
    Ok(())
}

/// Cancels a locked draft or order: what has not come of it is no longer waited for.
pub fn cancel(tx: &mut Transaction, order_id: Id, now: Timestamp) -> Result<()> {
    let product_ids = product_ids(tx, order_id)?;
    tx.take_turn(product_ids.iter().copied())?;
    tx.execute(
        "UPDATE purchase_orders o STRAIGHT_JOIN purchase_order_lines l ON l.purchase_order_id = o.id
             STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.drafted = s.drafted - IF(o.status = 'draft', l.quantity, 0),
             s.incoming = s.incoming - IF(o.status = 'ordered', GREATEST(l.quantity - l.received, 0), 0)
         WHERE o.id = ?",
        (order_id,),
    )?;
    tx.execute(
        "UPDATE purchase_orders
         SET status = 'cancelled', draft_of = NULL, closed_at = ?, updated_at = GREATEST(updated_at, ?) WHERE id = ?",
        (now, now, order_id),
    )?;
    record(tx, now, Kind::PurchaseOrderCancelled, order_id, &product_ids, audit::NO_FIELDS)
}

/// What came of a product of an order.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub product_id: Id,
    pub accepted: i64,
    /// Sent back, or thrown away: it never was on the shelf, and is still owed.
    pub rejected: i64,
}

impl Arrival {
    pub fn came(&self) -> i64 {
        self.accepted + self.rejected
    }
}

/// Puts on the shelf what came of a locked order; the note goes into the ledger. False when a shelf cannot hold it; the caller must then roll back.
pub fn receive(
    tx: &mut Transaction,
    order_id: Id,
    receipt: i64,
    arrivals: &[Arrival],
    actor: Actor,
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; arrivals.len()].join(", ");
    let values = arrivals.iter().flat_map(|arrival| -> [Value; 8] {
        [
            order_id.into(),
            receipt.into(),
            arrival.product_id.into(),
            arrival.accepted.into(),
            arrival.rejected.into(),
            actor.account_id.into(),
            actor.api_key_id.into(),
            now.into(),
        ]
    });
    let sql = format!(
        "INSERT INTO purchase_order_receipts
             (purchase_order_id, receipt, product_id, accepted, rejected, actor_account_id, actor_api_key_id, at)
         VALUES {rows}"
    );
    tx.execute(&sql, values.collect::<Vec<Value>>())?;
    let arrived: Vec<Id> = arrivals.iter().map(|arrival| arrival.product_id).collect();
    let accepted = arrivals.iter().filter(|arrival| arrival.accepted > 0).map(|arrival| arrival.product_id);
    book(tx, order_id, receipt, (&arrived, &accepted.collect::<Vec<Id>>()), note, now)
}

/// Books a receipt that is written down: on the shelves, in the ledger, on the lines and the order. Of the products that
/// have `arrived` some of each of those `accepted` go on the shelf.
fn book(
    tx: &mut Transaction,
    order_id: Id,
    receipt: i64,
    (arrived, accepted): (&[Id], &[Id]),
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    if !ledger::receive(tx, order_id, receipt, accepted, note, now)? {
        return Ok(false);
    }
    tx.execute(
        "UPDATE purchase_order_receipts p STRAIGHT_JOIN purchase_order_lines l
             ON l.purchase_order_id = p.purchase_order_id AND l.product_id = p.product_id
         SET l.received = l.received + p.accepted, l.rejected = l.rejected + p.rejected
         WHERE p.purchase_order_id = ? AND p.receipt = ?",
        (order_id, receipt),
    )?;
    tx.execute(
        "UPDATE purchase_order_lines SET received_at = ?
         WHERE purchase_order_id = ? AND received_at IS NULL AND received >= quantity",
        (now, order_id),
    )?;
    let sql = "SELECT product_id FROM purchase_order_lines WHERE purchase_order_id = ? AND received < quantity LIMIT 1";
    let is_all_there = tx.row(sql, (order_id,), |_| ())?.is_none();
    // Late goods of a cancelled order leave it as it is. The status comes last: what stands before it looks at the old one.
    tx.execute(
        "UPDATE purchase_orders
         SET receipt_count = ?, updated_at = GREATEST(updated_at, ?),
             closed_at = IF(status = 'ordered' AND ?, ?, closed_at),
             status = IF(status = 'ordered' AND ?, 'received', status)
         WHERE id = ?",
        (receipt, now, is_all_there, now, is_all_there, order_id),
    )?;
    record(tx, now, Kind::PurchaseOrderReceived, order_id, arrived, &["receipts"])?;
    Ok(true)
}

/// The products of an order, in the order of their ids.
pub fn product_ids(tx: &mut Transaction, order_id: Id) -> Result<Vec<Id>> {
    let sql = "SELECT product_id FROM purchase_order_lines WHERE purchase_order_id = ? ORDER BY product_id";
    tx.rows(sql, (order_id,), |row| column(row, "product_id"))
}

/// Writes down in the feed what happened to an order, of which some products were concerned.
pub fn record(
    tx: &mut Transaction,
    now: Timestamp,
    kind: Kind,
    order_id: Id,
    product_ids: &[Id],
    fields: &[impl AsRef<str>],
) -> Result<()> {
    if product_ids.is_empty() {
        return events::record(tx, now, kind, order_id, events::NO_PRODUCTS, fields);
    }
    product_ids
        .chunks(PRODUCTS_IN_AN_EVENT)
        .try_for_each(|some| events::record(tx, now, kind, order_id, some, fields))
}
