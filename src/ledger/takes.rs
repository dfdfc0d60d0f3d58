//! Stock takes: who counts the shelves, and how what was counted comes into the ledger.
//!
//! Nothing is blocked while people count. A count bears its moment, and what is booked of it is the difference to what
//! the ledger says of that moment, whatever was sold or received since; so on hand is then what was counted, with all
//! that the ledger dates later.
//!
//! What the ledger says of a moment may still change for as long as a transaction is under way that began before it.
//! Booking ends that: it holds the row of the stock, without which nobody writes a line, and leaves there a time after
//! the count, which no line of the product can be dated before. Whatever was under way and has not come by then is
//! dated after the count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use mysql::{Row, Value};

use crate::audit::Actor;
use crate::db::{Connection, Filter, Transaction, column, in_list};
use crate::error::{Error, Result};
use crate::ledger::{ON_HAND_MAX, Origin, Reason, move_stock};
use crate::values::{Id, Line, Paragraph, Timestamp, words};

/// Their lines are written by one statement, in some seconds of the ten that a transaction has; and nobody counts more
/// before what was counted first is of last month.
pub const PRODUCTS_MAX: usize = 100_000;
/// Booked in one transaction: it holds the stock of so many products for as long as an order of as many lines does.
pub const LINES_AT_ONCE: usize = 100;
/// The shortest time between two moments.
const NEXT: Duration = Duration::microseconds(1);

words! {
    /// What has become of a stock take.
    TakeStatus, refused as "invalid_status" {
        /// It is counted.
        Open = "open",
        Booked = "booked",
        Cancelled = "cancelled",
    }
}

words! {
    /// What has become of one count.
    Outcome, refused as "invalid_outcome" {
        Counted = "counted",
        /// A later one stands.
        Superseded = "superseded",
        /// The difference is in the ledger, and another stock take counts again.
        Booked = "booked",
    }
}

words! {
    /// Why what was counted cannot be booked.
    Obstacle, refused as "invalid_obstacle" {
        /// Since then more has left than was counted.
        BelowZero = "below_zero",
        ShelfFull = "shelf_full",
        /// A count or a correction of a later moment has set the ledger right, perhaps by this very difference.
        CountedSince = "counted_since",
    }
}

/// What is counted: all active products without either.
pub struct Selection {
    pub category: Option<Line<255>>,
    /// How the text of the shelf begins.
    pub shelf: Option<Line<100>>,
}

/// Why no stock take was opened; the caller must then roll back.
pub enum Unopened {
    Empty,
    TooMany,
}

/// A count of one product.
pub struct Count {
    pub product_id: Id,
    pub units: Units,
    pub at: Timestamp,
    pub actor: Actor,
}

#[derive(Clone, Copy)]
pub enum Units {
    /// So many are there.
    Counted(i64),
    /// So many more, as each scan says.
    Add(i64),
}

/// Where the lines of a take are listed, from `products p`: by shelf and SKU, those without a shelf last. A tabulator
/// sorts before all that stands in either.
const PLACE: &str = "CONCAT(IF(p.shelf IS NULL, '1', '0'), COALESCE(p.shelf, ''), '\t', COALESCE(p.sku, ''))";

/// What was counted of a product, and what the ledger says.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    pub counted: i64,
    pub at: Timestamp,
    /// What was on hand then.
    pub expected: i64,
    /// What is on hand now.
    pub on_hand: i64,
    /// Whether a count or a correction of a later moment is in the ledger.
    pub is_counted_since: bool,
}

/// What the ledger says was on hand at the moment of the count of `stock_take_lines l`, with its `stock s`: what was there
/// before the first line since.
pub const EXPECTED: &str = "COALESCE(
         (SELECT since.balance_after - since.delta FROM stock_movements since FORCE INDEX (stock_movements_by_time)
          WHERE since.product_id = l.product_id AND since.at > l.counted_at
          ORDER BY since.product_id, since.at, since.sequence LIMIT 1),
         s.on_hand
     )";

impl Counted {
    /// The columns that [`Counted::from_row`] reads, of the same.
    pub fn columns() -> String {
        format!(
            "l.counted, l.counted_at, s.on_hand, {EXPECTED} AS expected,
             EXISTS (
                 SELECT 1 FROM stock_movements again
                 WHERE again.product_id = l.product_id AND again.at > l.counted_at
                   AND again.reason IN ('stock_take', 'correction')
             ) AS is_counted_since"
        )
    }

    /// None where nothing was counted.
    pub fn from_row(row: &Row) -> Option<Counted> {
        Some(Counted {
            counted: column::<Option<i64>>(row, "counted")?,
            at: column(row, "counted_at"),
            expected: column(row, "expected"),
            on_hand: column(row, "on_hand"),
            is_counted_since: column(row, "is_counted_since"),
        })
    }

    pub fn difference(&self) -> i64 {
        self.counted - self.expected
    }

    /// Why the difference cannot be booked now.
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self.on_hand + self.difference() {
            _ if self.is_counted_since => Some(Obstacle::CountedSince),
            ..0 => Some(Obstacle::BelowZero),
            0..=ON_HAND_MAX => None,
            _ => Some(Obstacle::ShelfFull),
        }
    }
}

/// Opens a stock take over the active products of a selection.
pub fn open(
    tx: &mut Transaction,
    selection: &Selection,
    note: Option<&Paragraph<2000>>,
    actor: Actor,
    now: Timestamp,
) -> Result<std::result::Result<Id, Unopened>> {
    let Selection { category, shelf } = selection;
    let id = tx.insert(
        "INSERT INTO stock_takes (status, category, shelf, note, actor_account_id, actor_api_key_id, opened_at, updated_at)
         VALUES ('open', ?, ?, ?, ?, ?, ?, ?)",
        (category, shelf, note, actor.account_id, actor.api_key_id, now, now),
    )?;
    let mut filter = Filter::default();
    filter.put_first([id.into()]);
    filter.add("p.active = 1", []);
    if let Some(category) = category {
        filter.add("p.category = ?", [category.into()]);
    }
    if let Some(shelf) = shelf {
        filter.add("LEFT(p.shelf, CHAR_LENGTH(?)) = ?", [shelf.into(), shelf.into()]);
    }
    let sql = format!(
        "INSERT INTO stock_take_lines (stock_take_id, product_id, place, added)
         SELECT ?, p.id, {PLACE}, 0 FROM products p {} LIMIT ?",
        filter.sql()
    );
    let lines = tx.execute(&sql, filter.values(PRODUCTS_MAX + 1))?;
    Ok(match lines {
        0 => Err(Unopened::Empty),
        lines if lines > PRODUCTS_MAX as u64 => Err(Unopened::TooMany),
        _ => Ok(id),
    })
}

/// How a stock take stands, which stays so until the transaction ends. Those who count and book are there together;
/// who ends it is there `alone`.
pub fn lock(tx: &mut Transaction, take_id: Id, alone: bool) -> Result<Option<(TakeStatus, Timestamp)>> {
    let locking = if alone { "FOR UPDATE" } else { "LOCK IN SHARE MODE" };
    let sql = format!("SELECT status, opened_at FROM stock_takes WHERE id = ? {locking}");
    tx.row(&sql, (take_id,), |row| (column(row, "status"), column(row, "opened_at")))
}

/// When the ledger of each of these products was last written to.
pub fn last_movements(
    tx: &mut Transaction,
    product_ids: impl IntoIterator<Item = Id>,
) -> Result<BTreeMap<Id, Timestamp>> {
    let (marks, ids) = in_list(product_ids);
    let sql = format!("SELECT product_id, last_movement_at FROM stock WHERE product_id IN ({marks})");
    let rows = tx.rows(&sql, ids, |row| (column(row, "product_id"), column(row, "last_movement_at")))?;
    Ok(rows.into_iter().collect())
}

/// Has what comes next of these products dated later than what came last: where a clock was ahead, all that follows bears
/// the one time, and a count would lie nowhere between.
pub fn date_after(tx: &mut Transaction, product_ids: BTreeSet<Id>) -> Result<()> {
    if product_ids.is_empty() {
        return Ok(());
    }
    tx.take_turn(product_ids.iter().copied())?;
    let (marks, ids) = in_list(product_ids);
    let sql = format!(
        "UPDATE stock SET last_movement_at = last_movement_at + INTERVAL 1 MICROSECOND, updated_at = updated_at
         WHERE product_id IN ({marks})"
    );
    tx.execute(&sql, ids)?;
    Ok(())
}

/// Takes products in that were not selected: somebody has found them on the shelf.
pub fn take_in(tx: &mut Transaction, take_id: Id, product_ids: &[Id]) -> Result<()> {
    if product_ids.is_empty() {
        return Ok(());
    }
    let (marks, ids) = in_list(product_ids.iter().copied());
    let sql = format!(
        "INSERT INTO stock_take_lines (stock_take_id, product_id, place, added)
         SELECT ?, p.id, {PLACE}, 1 FROM products p WHERE p.id IN ({marks}) ORDER BY p.id
         ON DUPLICATE KEY UPDATE added = stock_take_lines.added"
    );
    tx.execute(&sql, [&[take_id.into()], &ids[..]].concat())?;
    Ok(())
}

/// When each of these products was counted last, if it was; the lines are locked until the transaction ends, in the order
/// in which counts are written.
pub fn lock_lines(
    tx: &mut Transaction,
    take_id: Id,
    product_ids: impl IntoIterator<Item = Id>,
) -> Result<BTreeMap<Id, Option<Timestamp>>> {
    let (marks, ids) = in_list(product_ids);
    let sql = format!(
        "SELECT product_id, counted_at FROM stock_take_lines WHERE stock_take_id = ? AND product_id IN ({marks})
         ORDER BY product_id FOR UPDATE"
    );
    let values = [&[take_id.into()], &ids[..]].concat();
    let rows = tx.rows(&sql, values, |row| (column(row, "product_id"), column(row, "counted_at")))?;
    Ok(rows.into_iter().collect())
}

/// Writes down a count of a product that is in the take, which is locked and open. Of two counts of the whole shelf the
/// later one stands, whichever comes first; units are added to it unless they were there before. None when there would be
/// more than [`ON_HAND_MAX`].
pub fn count(tx: &mut Transaction, take_id: Id, count: &Count) -> Result<Option<Outcome>> {
    let Count { product_id, units, at, actor } = *count;
    let (set, allowed): (_, _) = match units {
        Units::Counted(_) => {
            ("counted = ?, counted_at = ?, set_at = ?", "(counted_at IS NULL OR counted_at <= ?)")
        }
        Units::Add(_) => (
            "counted = COALESCE(counted, 0) + ?, counted_at = GREATEST(COALESCE(counted_at, ?), ?)",
            "(set_at IS NULL OR set_at <= ?) AND COALESCE(counted, 0) + ? <= ?",
        ),
    };
    let sql = format!(
        "UPDATE stock_take_lines SET {set}, actor_account_id = ?, actor_api_key_id = ?
         WHERE stock_take_id = ? AND product_id = ? AND booked_at IS NULL AND {allowed}"
    );
    let (Units::Counted(number) | Units::Add(number)) = units;
    let mut values: Vec<Value> = vec![number.into(), at.into(), at.into()];
    values.extend([
        actor.account_id.into(),
        actor.api_key_id.into(),
        take_id.into(),
        product_id.into(),
        at.into(),
    ]);
    if let Units::Add(more) = units {
        values.extend([more.into(), ON_HAND_MAX.into()]);
    }
    if tx.execute(&sql, values)? == 1 {
        return Ok(Some(Outcome::Counted));
    }
    let sql = "SELECT booked_at IS NOT NULL AS is_booked, counted_at, set_at FROM stock_take_lines
         WHERE stock_take_id = ? AND product_id = ?";
    let stands = tx.row(sql, (take_id, product_id), |row| {
        let later = match units {
            Units::Counted(_) => column::<Option<Timestamp>>(row, "counted_at"),
            Units::Add(_) => column(row, "set_at"),
        };
        match column(row, "is_booked") {
            true => Some(Outcome::Booked),
            false if later.is_some_and(|later| later > at) => Some(Outcome::Superseded),
            false => None,
        }
    })?;
    stands.ok_or_else(|| Error::Internal(format!("product {product_id} is not in stock take {take_id}")))
}

/// Takes back what was counted of a product; one that was not selected is let go again. False when there is no count that
/// is not booked.
pub fn take_back(tx: &mut Transaction, take_id: Id, product_id: Id) -> Result<bool> {
    let of_count = "WHERE stock_take_id = ? AND product_id = ? AND counted IS NOT NULL AND booked_at IS NULL";
    let let_go = format!("DELETE FROM stock_take_lines {of_count} AND added = 1");
    let cleared = format!(
        "UPDATE stock_take_lines
         SET counted = NULL, counted_at = NULL, set_at = NULL, actor_account_id = NULL, actor_api_key_id = NULL {of_count}"
    );
    Ok(tx.execute(&let_go, (take_id, product_id))? == 1 || tx.execute(&cleared, (take_id, product_id))? == 1)
}

/// Whether anything is counted.
pub fn is_counted(db: &mut Connection, take_id: Id) -> Result<bool> {
    let sql = "SELECT 1 FROM stock_take_lines WHERE stock_take_id = ? AND counted IS NOT NULL LIMIT 1";
    Ok(db.row(sql, (take_id,), |_| ())?.is_some())
}

/// The next products whose counts are not booked: one more than are booked at once, where there are so many.
pub fn waiting(db: &mut Connection, take_id: Id, after: Id) -> Result<Vec<Id>> {
    let sql = "SELECT product_id FROM stock_take_lines
         WHERE stock_take_id = ? AND product_id > ? AND counted IS NOT NULL AND booked_at IS NULL
         ORDER BY product_id LIMIT ?";
    db.rows(sql, (take_id, after, LINES_AT_ONCE + 1), |row| column(row, "product_id"))
}

/// Books what was counted of these products, at most [`LINES_AT_ONCE`] in the order of their ids, of a take that is locked
/// and open. What cannot be booked is left as it is, and [`Counted::obstacle`] says why; so is what somebody else has
/// booked meanwhile.
pub fn book(
    tx: &mut Transaction,
    take_id: Id,
    product_ids: &[Id],
    actor: Actor,
    now: Timestamp,
) -> Result<()> {
    if product_ids.is_empty() {
        return Ok(());
    }
    let (marks, ids) = in_list(product_ids.iter().copied());
    let of_lines = |values: &[Value]| [values, &[take_id.into()], &ids[..]].concat();
    let waiting = format!(
        "l.stock_take_id = ? AND l.product_id IN ({marks}) AND l.counted IS NOT NULL AND l.booked_at IS NULL"
    );
    tx.take_turn(product_ids.iter().copied())?;
    let lines = format!(
        "SELECT l.product_id FROM stock_take_lines l WHERE {waiting} ORDER BY l.product_id FOR UPDATE"
    );
    tx.rows(&lines, of_lines(&[]), |_| ())?;
    let stock = format!(
        "SELECT s.product_id FROM stock s WHERE s.product_id IN ({marks}) ORDER BY s.product_id FOR UPDATE"
    );
    tx.rows(&stock, ids.clone(), |_| ())?;
    // Only now, since a statement sees what was committed before it began, however long it waited for a row.
    let sql = format!(
        "SELECT l.product_id, {} FROM stock_take_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         WHERE {waiting} ORDER BY l.product_id",
        Counted::columns()
    );
    let counted =
        tx.rows(&sql, of_lines(&[]), |row| Some((column::<Id>(row, "product_id"), Counted::from_row(row)?)))?;
    let origin = Origin { actor, stock_take_id: Some(take_id), ..Origin::default() };
    let mut booked = Vec::new();
    for (product_id, counted) in
        counted.into_iter().flatten().filter(|(_, counted)| counted.obstacle().is_none())
    {
        let at = now.max(counted.at + NEXT);
        let difference = counted.difference();
        if difference != 0 && !move_stock(tx, product_id, difference, Reason::StockTake, &origin, at)? {
            return Err(Error::Internal(format!("the stock of product {product_id} moved under its lock")));
        }
        booked.push(product_id);
    }
    if booked.is_empty() {
        return Ok(());
    }
    // No line of these products is dated before this any more. That is nothing which others copy.
    let (marks, ids) = in_list(booked);
    let sql = format!(
        "UPDATE stock_take_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET l.booked_at = GREATEST(?, l.counted_at + INTERVAL 1 MICROSECOND), s.updated_at = s.updated_at,
             s.last_movement_at = GREATEST(s.last_movement_at, ?, l.counted_at + INTERVAL 1 MICROSECOND)
         WHERE l.stock_take_id = ? AND l.product_id IN ({marks})"
    );
    tx.execute(&sql, [&[now.into(), now.into(), take_id.into()], &ids[..]].concat())?;
    Ok(())
}

/// Ends a take that is locked alone, if nothing that was counted is left to book.
pub fn finish(tx: &mut Transaction, take_id: Id, now: Timestamp) -> Result<bool> {
    close(tx, take_id, TakeStatus::Booked, "counted IS NOT NULL AND booked_at IS NULL", now)
}

/// Ends a take that is locked alone, if nothing of it was booked.
pub fn cancel(tx: &mut Transaction, take_id: Id, now: Timestamp) -> Result<bool> {
    close(tx, take_id, TakeStatus::Cancelled, "booked_at IS NOT NULL", now)
}

fn close(
    tx: &mut Transaction,
    take_id: Id,
    status: TakeStatus,
    unless: &str,
    now: Timestamp,
) -> Result<bool> {
    let sql = format!(
        "UPDATE stock_takes SET status = ?, closed_at = GREATEST(opened_at, ?), updated_at = GREATEST(updated_at, ?)
         WHERE id = ? AND status = 'open'
           AND NOT EXISTS (SELECT 1 FROM stock_take_lines WHERE stock_take_id = ? AND {unless})"
    );
    Ok(tx.execute(&sql, (status, now, now, take_id, take_id))? == 1)
}

/// What the ledger says of each of these products at one moment, against what was counted of them then.
pub fn against_ledger(
    db: &mut Connection,
    counts: &BTreeMap<Id, i64>,
    at: Timestamp,
) -> Result<BTreeMap<Id, Counted>> {
    if counts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (marks, ids) = in_list(counts.keys().copied());
    let sql = format!(
        "SELECT l.product_id, {} FROM (
             SELECT product_id, 0 AS counted, CAST(? AS DATETIME(6)) AS counted_at FROM stock WHERE product_id IN ({marks})
         ) l STRAIGHT_JOIN stock s ON s.product_id = l.product_id",
        Counted::columns()
    );
    let values = [&[at.into()], &ids[..]].concat();
    let rows =
        db.rows(&sql, values, |row| Some((column::<Id>(row, "product_id"), Counted::from_row(row)?)))?;
    let of_count = |(id, of): (Id, Counted)| Some((id, Counted { counted: *counts.get(&id)?, ..of }));
    Ok(rows.into_iter().flatten().filter_map(of_count).collect())
}

/// Whether a count or a correction stands in the product's ledger after this sequence.
pub fn is_counted_after(db: &mut Connection, product_id: Id, sequence: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM stock_movements
         WHERE product_id = ? AND sequence > ? AND reason IN ('stock_take', 'correction') LIMIT 1";
    Ok(db.row(sql, (product_id, sequence), |_| ())?.is_some())
}

/// Books a count of one product that belongs to no stock take. Returns the difference that came into the ledger, or what
/// stands in its way.
pub fn book_one(
    tx: &mut Transaction,
    product_id: Id,
    counted: i64,
    at: Timestamp,
    origin: &Origin,
    now: Timestamp,
) -> Result<std::result::Result<i64, Obstacle>> {
    tx.take_turn([product_id])?;
    tx.row("SELECT product_id FROM stock WHERE product_id = ? FOR UPDATE", (product_id,), |_| ())?;
    // Only now, as in `book`.
    let against = against_ledger(tx, &BTreeMap::from([(product_id, counted)]), at)?;
    let counted = against
        .get(&product_id)
        .ok_or_else(|| Error::Internal(format!("product {product_id} has no stock")))?;
    if let Some(obstacle) = counted.obstacle() {
        return Ok(Err(obstacle));
    }
    let (now, difference) = (now.max(at + NEXT), counted.difference());
    if difference == 0 {
        return Ok(Ok(0));
    }
    if !move_stock(tx, product_id, difference, Reason::StockTake, origin, now)? {
        return Err(Error::Internal(format!("the stock of product {product_id} moved under its lock")));
    }
    Ok(Ok(difference))
}
