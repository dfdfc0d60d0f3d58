//! The feed of what happens in the shop, for programs that follow it and must miss nothing.
//!
//! Whatever changes an order, a product, its stock, a customer or the restocking writes an entry here in its own
//! transaction, without a number. Numbers are given by those who read, to what has been committed by then and under
//! one locked row: so nothing ever appears below a number that was read, however long its transaction was open. An
//! entry holds ids and names of fields, never a value: it outlives the people in them.

use chrono::Duration;
use mysql::Row;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Pool, Transaction, column};
use crate::error::{Error, Result};
use crate::pruning;
use crate::values::{Id, Timestamp, words};

words! {
    /// What happened; what stands before the dot says of what the id is. That of `stock` is the product's.
    Kind, refused as "invalid_type" {
        OrderPlaced = "order.placed",
        OrderConfirmed = "order.confirmed",
        /// What was corrected, or what an erasure has taken out of it.
        OrderChanged = "order.changed",
        OrderShipped = "order.shipped",
        OrderDelivered = "order.delivered",
        OrderCancelled = "order.cancelled",
        /// Its parcel.
        OrderLost = "order.lost",
        OrderReturned = "order.returned",
        /// What was said of its parcel was taken back.
        OrderReopened = "order.reopened",
        /// A line of the ledger, whatever wrote it.
        StockMoved = "stock.moved",
        /// The rule, the note of a movement, or a figure that was repaired.
        StockChanged = "stock.changed",
        ProductCreated = "product.created",
        ProductChanged = "product.changed",
        ProductArchived = "product.archived",
        ProductRestored = "product.restored",
        CustomerCreated = "customer.created",
        CustomerChanged = "customer.changed",
        CustomerErased = "customer.erased",
        RestockRunStarted = "restock_run.started",
        RestockRunFinished = "restock_run.finished",
        /// As a draft.
        PurchaseOrderCreated = "purchase_order.created",
        /// A draft, or the note or expected day of an order.
        PurchaseOrderChanged = "purchase_order.changed",
        PurchaseOrderOrdered = "purchase_order.ordered",
        /// Wholly or in part.
        PurchaseOrderReceived = "purchase_order.received",
        PurchaseOrderCancelled = "purchase_order.cancelled",
        SupplierCreated = "supplier.created",
        /// Or what it asks for a product.
        SupplierChanged = "supplier.changed",
        SupplierArchived = "supplier.archived",
        SupplierRestored = "supplier.restored",
    }
}

/// Whose stock a change leaves as it is.
pub const NO_PRODUCTS: &[Id] = &[];

/// Where an entry goes first.
const UNNUMBERED: &str = "events_unnumbered (at, type, object_id, product_ids, fields)";

/// Writes down what happened, in the round trip of COMMIT. `products` are those whose figures or rule it changed;
/// `fields` are the names of what was set.
pub fn record(
    tx: &mut Transaction,
    at: Timestamp,
    kind: Kind,
    object_id: Id,
    products: &[Id],
    fields: &[impl AsRef<str>],
) -> Result<()> {
    let products: Vec<String> = products.iter().map(Id::to_string).collect();
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    let (products, fields) = (products.join(","), fields.join(","));
    // It stands in the text of a statement.
    let is_names = fields.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.[],".contains(&b));
    if !is_names {
        return Err(Error::Internal(format!("{fields:?} are no names of fields")));
    }
    let (at, kind) = (at.0.format("%Y-%m-%d %H:%M:%S%.6f"), kind.text());
    tx.insert_at_commit(UNNUMBERED, &format!("('{at}', '{kind}', {object_id}, '{products}', '{fields}')"));
    Ok(())
}

/// Writes down a line of the ledger of each of these products.
pub fn record_moved(tx: &mut Transaction, at: Timestamp, products: &[Id]) -> Result<()> {
    let fields: &[&str] = &[];
    products.iter().try_for_each(|&id| record(tx, at, Kind::StockMoved, id, &[id], fields))
}

/// Writes down that an erasure takes what was written to the orders of a customer out of them and their histories.
pub fn record_erased_orders(tx: &mut Transaction, at: Timestamp, customer_id: Id) -> Result<()> {
    let sql = format!(
        "INSERT INTO {UNNUMBERED}
         SELECT ?, ?, o.id, '', 'shipping_address,note,carrier,tracking_number' FROM orders o
         WHERE o.customer_id = ? AND (
             COALESCE(o.shipping_address, o.note, o.carrier, o.tracking_number) IS NOT NULL
             OR EXISTS (
                 SELECT 1 FROM order_events e
                 WHERE e.order_id = o.id AND COALESCE(e.note, e.old_value, e.new_value) IS NOT NULL
             )
         )"
    );
    tx.execute(&sql, (at, Kind::OrderChanged, customer_id))?;
    Ok(())
}

/// An entry of the feed, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    pub number: u64,
    pub at: Timestamp,
    /// A text: another node of a newer release may write what this one does not know yet.
    pub r#type: String,
    pub object_id: Id,
    pub product_ids: Vec<Id>,
    pub fields: Vec<String>,
    #[serde(skip)]
    pub numbered_at: Timestamp,
}

impl Entry {
    /// The columns of `events e` that [`Entry::from_row`] reads.
    pub const COLUMNS: &str = "e.number, e.numbered_at, e.at, e.type, e.object_id, e.product_ids, e.fields";

    pub fn from_row(row: &Row) -> Entry {
        let (products, fields): (String, String) = (column(row, "product_ids"), column(row, "fields"));
        let fields = fields.split(',').filter(|name| !name.is_empty());
        Entry {
            number: column(row, "number"),
            at: column(row, "at"),
            r#type: column(row, "type"),
            object_id: column(row, "object_id"),
            product_ids: products.split(',').filter_map(|id| id.parse().ok()).collect(),
            fields: fields.map(str::to_owned).collect(),
            numbered_at: column(row, "numbered_at"),
        }
    }
}

/// How far the feed goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// The highest number that was given; 0 before the first.
    pub last: u64,
    /// When it was given.
    pub numbered_at: Option<Timestamp>,
    /// The highest number that is deleted.
    pub pruned: u64,
}

pub fn extent(db: &mut Connection) -> Result<Extent> {
    Ok(read_extent(db, "")?.unwrap_or_default())
}

fn read_extent(db: &mut Connection, locking: &str) -> Result<Option<Extent>> {
    let sql =
        format!("SELECT last_number, numbered_at, pruned_number FROM event_feed WHERE id = 1 {locking}");
    db.row(&sql, (), |row| Extent {
        last: column(row, "last_number"),
        numbered_at: column(row, "numbered_at"),
        pruned: column(row, "pruned_number"),
    })
}

/// The extent, which nobody else changes until the transaction ends.
pub fn lock(tx: &mut Transaction) -> Result<Extent> {
    if let Some(extent) = read_extent(tx, "FOR UPDATE")? {
        return Ok(extent);
    }
    tx.execute("INSERT IGNORE INTO event_feed (id, last_number, pruned_number) VALUES (1, 0, 0)", ())?;
    Ok(read_extent(tx, "FOR UPDATE")?.unwrap_or_default())
}

/// So many entries are given their numbers at once: ten of the longest pages, so that who reads on and on stays
/// ahead of a pile that nobody has read for weeks, and some milliseconds under the lock.
const NUMBERED_AT_ONCE: u64 = 1000;

/// Gives numbers to what has been committed, and returns to how many entries: [`NUMBERED_AT_ONCE`] at most.
pub fn number(pool: &Pool, now: Timestamp) -> Result<u64> {
    // The lock is only taken when there is something to do.
    let is_any = db::read(pool, |db| db.row("SELECT id FROM events_unnumbered LIMIT 1", (), |_| ()))?;
    if is_any.is_none() {
        return Ok(0);
    }
    db::transaction(pool, |tx| {
        let Extent { last, numbered_at, .. } = lock(tx)?;
        let numbered_at = numbered_at.map_or(now, |before| before.max(now));
        // Under READ COMMITTED this waits for nobody: what is not committed is not seen.
        let sql = format!(
            "INSERT INTO events (number, numbered_at, source_id, at, type, object_id, product_ids, fields)
             SELECT ? + ROW_NUMBER() OVER (ORDER BY u.id), ?, u.id, u.at, u.type, u.object_id, u.product_ids, u.fields
             FROM (SELECT * FROM events_unnumbered ORDER BY id LIMIT {NUMBERED_AT_ONCE}) u"
        );
        let numbered = tx.execute(&sql, (last, numbered_at))?;
        // Each is found by its id, so that the rows of those who are still at work are not met.
        tx.execute(
            "DELETE u FROM events e STRAIGHT_JOIN events_unnumbered u ON u.id = e.source_id WHERE e.number > ?",
            (last,),
        )?;
        let sql = "UPDATE event_feed SET last_number = last_number + ?, numbered_at = ? WHERE id = 1";
        tx.execute(sql, (numbered, numbered_at))?;
        Ok(numbered)
    })
}

/// Gives numbers to all that has been committed by now.
pub fn number_all(app: &App) -> Result<()> {
    let now = app.clock.now();
    while number(&app.pool, now)? == NUMBERED_AT_ONCE {}
    Ok(())
}

/// As long as what an idle restock run saw. Who has not read for a quarter copies everything anew.
const KEPT: Duration = Duration::days(90);
/// Few enough to hold the lock for milliseconds.
const DELETED_AT_ONCE: u64 = 1000;

/// Deletes what was given its number longer ago than it is kept, in batches from the lowest number on, and returns how
/// many entries there were. What nobody has read gets its number first, so that none is deleted without one.
pub fn prune(app: &App) -> Result<u64> {
    number_all(app)?;
    let horizon = pruning::now(app)? - KEPT;
    let mut pruned = 0;
    loop {
        let deleted = db::transaction(&app.pool, |tx| {
            let from = lock(tx)?.pruned;
            // The times are in the order of the numbers, so this is the beginning of the feed and nothing else.
            let deleted = tx.execute(
                "DELETE FROM events WHERE number > ? AND number <= ? AND numbered_at <= ?",
                (from, from + DELETED_AT_ONCE, horizon),
            )?;
            tx.execute("UPDATE event_feed SET pruned_number = pruned_number + ? WHERE id = 1", (deleted,))?;
            Ok(deleted)
        })?;
        pruned += deleted;
        if deleted < DELETED_AT_ONCE {
            return Ok(pruned);
        }
    }
}
