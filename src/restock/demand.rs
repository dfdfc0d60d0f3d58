//! The summary of demand, `demand_days`: a row for each day of the shop's calendar on which something was ordered or what
//! is available changed. Between two rows nothing happens.
//!
//! It is derived and follows what changes: a run sets right the days of every product whose stock row was changed since
//! the last one, whatever the change was and however late it was committed: an order of yesterday, or the cancelling of
//! one of last month. `verify --repair` does the same for all products.

use std::collections::{BTreeMap, HashMap};

use chrono::Days;
use mysql::prelude::FromValue;
use mysql::{Row, Value};

use crate::app::App;
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::Result;
use crate::pruning;
use crate::restock::forecast::{DAYS_MAX, DemandDay, NEW_DAYS};
use crate::values::{Calendar, Day, Id, Timestamp};

/// Days that are kept: those that a forecast looks at, and five weeks for what was placed before and cancelled in them.
const DAYS_KEPT: u64 = 400;
/// One transaction sets right this many products. Named one by one, each is a short range of the keys; from 1000 names
/// on MariaDB would join instead, and read the orders of all times.
pub const PRODUCTS_AT_ONCE: usize = 500;
/// Rows in one statement.
const ROWS_AT_ONCE: usize = 500;
/// What was changed so long before the last filling is looked at again: it may have been committed after it, and the
/// nodes of a cluster have clocks of their own.
const CHANGES_AGAIN: &str = "INTERVAL 1 HOUR";

/// The rows of a product, by day.
type Rows = BTreeMap<Day, DemandDay>;

/// Brings the summary up to this moment, for all products or for one.
pub fn fill(app: &App, product_id: Option<Id>) -> Result<()> {
    let (calendar, now) = (&app.config.calendar, app.clock.now());
    let (began, product_ids) = db::read(&app.pool, |db| {
        let began: Option<Timestamp> = db.row("SELECT NOW(6) AS began", (), |row| column(row, "began"))?;
        let changed = format!(
            "SELECT s.product_id FROM demand_summary f JOIN stock s
             ON f.filled_at IS NULL OR f.time_zone <> ? OR s.updated_at >= f.filled_at - {CHANGES_AGAIN}
             WHERE f.id = 1 ORDER BY s.product_id"
        );
        let product_ids = match product_id {
            Some(product_id) => vec![product_id],
            None => db.rows(&changed, (&calendar.zone.name,), |row| column(row, "product_id"))?,
        };
        Ok((began, product_ids))
    })?;
    set_right(app, &product_ids, now)?;
    if product_id.is_none() {
        let (today, first) = (calendar.day_of(now), first_day(calendar, now));
        db::transaction(&app.pool, |tx| {
            tx.execute(
                "UPDATE demand_summary SET filled_at = ?, filled_until = ?, first_day = ?, first_at = ?, time_zone = ?
                 WHERE id = 1 AND (filled_at IS NULL OR filled_at < ?)",
                (began, today, first, calendar.start_of(first), &calendar.zone.name, began),
            )?;
            sum_up_categories(tx, calendar, today)
        })?;
    }
    Ok(())
}

/// Since when a product is new today: nothing, or too little, is known of it.
fn new_since(today: Day) -> Day {
    Day(today.0 - Days::new(NEW_DAYS as u64))
}

/// Writes down anew what the products of each category sell. Whoever does so has the summary's row locked.
fn sum_up_categories(tx: &mut Transaction, calendar: &Calendar, today: Day) -> Result<()> {
    let since = new_since(today);
    tx.execute("DELETE FROM category_demand", ())?;
    tx.execute(
        "INSERT INTO category_demand (category, units_per_day)
         SELECT p.category, COALESCE(SUM(d.units), 0) / (COUNT(*) * ?)
         FROM products p
         LEFT JOIN (
             SELECT product_id, SUM(units) AS units FROM demand_days WHERE day >= ? AND day < ? GROUP BY product_id
         ) d ON d.product_id = p.id
         WHERE p.active = 1 AND p.category IS NOT NULL AND p.created_at < ?
         GROUP BY p.category",
        (NEW_DAYS, since, today, calendar.start_of(since)),
    )?;
    Ok(())
}

/// What the category of each of these products sells a day, where the product is new today.
pub fn of_categories(
    db: &mut Connection,
    calendar: &Calendar,
    product_ids: &[Id],
    today: Day,
) -> Result<Vec<(Id, f64)>> {
    if product_ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, mut values) = in_list(product_ids.iter().copied());
    values.push(calendar.start_of(new_since(today)).into());
    let sql = format!(
        "SELECT p.id, c.units_per_day FROM products p STRAIGHT_JOIN category_demand c ON c.category = p.category
         WHERE p.id IN ({marks}) AND p.created_at >= ?"
    );
    db.rows(&sql, values, |row| (column(row, "id"), column(row, "units_per_day")))
}

/// Sets the days of these products to what orders and ledger say, and returns how many days were wrong.
pub fn set_right(app: &App, product_ids: &[Id], now: Timestamp) -> Result<usize> {
    let mut changed = 0;
    for some in product_ids.chunks(PRODUCTS_AT_ONCE) {
        changed += db::transaction(&app.pool, |tx| set_some_right(tx, &app.config.calendar, some, now))?;
    }
    Ok(changed)
}

fn first_day(calendar: &Calendar, now: Timestamp) -> Day {
    Day(calendar.day_of(now).0 - Days::new(DAYS_KEPT))
}

/// Two runs take turns until their transactions end, so that neither writes what it read before the other one, and
/// nothing is judged or counted twice.
pub fn lock_summary(tx: &mut Transaction) -> Result<()> {
    tx.row("SELECT id FROM demand_summary WHERE id = 1 FOR UPDATE", (), |_| ())?;
    Ok(())
}

fn set_some_right(
    tx: &mut Transaction,
    calendar: &Calendar,
    product_ids: &[Id],
    now: Timestamp,
) -> Result<usize> {
    lock_summary(tx)?;
    let first = first_day(calendar, now);
    let should_be = derived(tx, calendar, product_ids, first, now)?;
    let stands = rows(tx, product_ids, first, None)?;
    let none = Rows::new();
    let (mut wrong, mut gone) = (Vec::new(), Vec::new());
    for &product_id in product_ids {
        let (right, there) =
            (should_be.get(&product_id).unwrap_or(&none), stands.get(&product_id).unwrap_or(&none));
        wrong.extend(
            right.iter().filter(|(day, row)| there.get(day) != Some(row)).map(|row| (product_id, row)),
        );
        gone.extend(there.keys().filter(|day| !right.contains_key(day)).map(|day| (product_id, *day)));
    }
    for some in gone.chunks(ROWS_AT_ONCE) {
        let each = vec!["(product_id = ? AND day = ?)"; some.len()].join(" OR ");
        let values: Vec<Value> = some.iter().flat_map(|(id, day)| [(*id).into(), (*day).into()]).collect();
        tx.execute(&format!("DELETE FROM demand_days WHERE {each}"), values)?;
    }
    for some in wrong.chunks(ROWS_AT_ONCE) {
        let each = vec!["(?, ?, ?, ?, ?)"; some.len()].join(", ");
        let row = |(product_id, (day, row)): &(Id, (&Day, &DemandDay))| -> [Value; 5] {
            let DemandDay { units, available_at_start, available_at_end } = **row;
            [
                (*product_id).into(),
                (**day).into(),
                units.into(),
                available_at_start.into(),
                available_at_end.into(),
            ]
        };
        let values: Vec<Value> = some.iter().flat_map(row).collect();
        let sql = format!(
            "INSERT INTO demand_days (product_id, day, units, available_at_start, available_at_end) VALUES {each}
             ON DUPLICATE KEY UPDATE units = VALUES(units), available_at_start = VALUES(available_at_start),
                 available_at_end = VALUES(available_at_end)"
        );
        tx.execute(&sql, values)?;
    }
    Ok(wrong.len() + gone.len())
}

/// What the rows of these products should be from a day on, by one statement and so of one moment: back from what is
/// available now, by what was placed, given back and moved. Shipping takes from what is on hand and from what is reserved
/// alike. Clocks that ran ahead wrote times to come, which count as well.
fn derived(
    db: &mut Connection,
    calendar: &Calendar,
    product_ids: &[Id],
    first: Day,
    now: Timestamp,
) -> Result<HashMap<Id, Rows>> {
    const AHEAD: chrono::Duration = chrono::Duration::days(400);
    let from = calendar.start_of(first);
    let ahead = calendar.zone.ahead_between(from, now + AHEAD);
    let (marks, ids) = in_list(product_ids.iter().copied());
    let day_of = |at| day_in_sql(at, &ahead);
    let [(placed, placed_values), (given_back, given_back_values), (moved, moved_values)] =
        ["l.placed_at", "e.at", "m.at"].map(day_of);
    let sql = format!(
        "SELECT product_id, what, day, CAST(SUM(units) AS SIGNED) AS units FROM (
             SELECT product_id, 'now' AS what, NULL AS day, on_hand - reserved AS units FROM stock WHERE product_id IN ({marks})
             UNION ALL
             SELECT l.product_id, IF(o.status = 'cancelled', 'called_off', 'placed'), {placed}, l.quantity
             FROM order_lines l FORCE INDEX (order_lines_of_product_by_time) STRAIGHT_JOIN orders o ON o.id = l.order_id
             WHERE l.product_id IN ({marks}) AND l.placed_at >= ?
             UNION ALL
             SELECT l.product_id, 'given_back', {given_back}, l.quantity
             FROM order_lines l FORCE INDEX (order_lines_of_product_by_time) STRAIGHT_JOIN orders o ON o.id = l.order_id
             STRAIGHT_JOIN order_events e ON e.order_id = o.id
             WHERE l.product_id IN ({marks}) AND l.placed_at >= ? AND o.status = 'cancelled' AND e.status = 'cancelled'
             UNION ALL
             SELECT m.product_id, 'moved', {moved}, m.delta FROM stock_movements m FORCE INDEX (stock_movements_by_time)
             WHERE m.product_id IN ({marks}) AND m.at >= ? AND m.reason <> 'sale'
         ) changes GROUP BY product_id, what, day"
    );
    let from = [Value::from(from)];
    let values =
        [&ids[..], &placed_values, &ids, &from, &given_back_values, &ids, &from, &moved_values, &ids, &from]
            .concat();
    let mut available: HashMap<Id, i64> = HashMap::new();
    // By product and day: units that were ordered, and by how many more were available.
    let mut changes: BTreeMap<(Id, Day), (i64, i64)> = BTreeMap::new();
    db.rows(&sql, values, |row| {
        let (product_id, units): (Id, i64) = (column(row, "product_id"), column(row, "units"));
        let (what, day): (String, Option<Day>) = (column(row, "what"), column(row, "day"));
        let Some(day) = day else {
            available.insert(product_id, units);
            return;
        };
        let (ordered, more) = changes.entry((product_id, day)).or_default();
        match what.as_str() {
            "placed" => (*ordered, *more) = (*ordered + units, *more - units),
            "called_off" => *more -= units,
            _ => *more += units,
        }
    })?;
    let mut derived: HashMap<Id, Rows> = HashMap::new();
    for ((product_id, day), (units, more)) in changes.into_iter().rev() {
        let available = available.entry(product_id).or_default();
        let row = DemandDay { units, available_at_start: *available - more, available_at_end: *available };
        *available -= more;
        if units != 0 || more != 0 {
            derived.entry(product_id).or_default().insert(day, row);
        }
    }
    Ok(derived)
}

/// The day of `at` on the shop's calendar, when its clocks are ahead of UTC by these seconds since these times; with
/// the values to bind.
fn day_in_sql(at: &str, ahead: &[(Timestamp, i64)]) -> (String, Vec<Value>) {
    let (first, changes) = ahead.split_first().expect("clocks are always ahead by something");
    let mut seconds = first.1.to_string();
    for (_, later) in changes {
        seconds = format!("IF({at} < ?, {seconds}, {later})");
    }
    let times = changes.iter().rev().map(|(since, _)| Value::from(*since)).collect();
    (format!("DATE({at} + INTERVAL {seconds} SECOND)"), times)
}

/// The rows of these products from a day on, up to but without another.
fn rows(db: &mut Connection, product_ids: &[Id], from: Day, until: Option<Day>) -> Result<HashMap<Id, Rows>> {
    let (marks, ids) = in_list(product_ids.iter().copied());
    let sql = format!(
        "SELECT product_id, day, units, available_at_start, available_at_end FROM demand_days
         WHERE product_id IN ({marks}) AND day >= ? AND (? IS NULL OR day < ?)"
    );
    let values = [&ids[..], &[from.into(), until.into(), until.into()]].concat();
    let mut found: HashMap<Id, Rows> = HashMap::new();
    // By their places, since there may be a million rows.
    db.rows(&sql, values, |row| {
        let [units, available_at_start, available_at_end] = [2, 3, 4].map(|place| at(row, place));
        let day = DemandDay { units, available_at_start, available_at_end };
        found.entry(at(row, 0)).or_default().insert(at(row, 1), day);
    })?;
    Ok(found)
}

/// What stands at this place of a row, of a type that the schema promises.
fn at<T: FromValue>(row: &Row, place: usize) -> T {
    row.get(place).unwrap_or_else(|| panic!("no column {place} in the row"))
}

/// The days that a forecast looks at.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Without a gap, the oldest first.
    pub days: Vec<DemandDay>,
    pub first: Option<Day>,
    pub last: Option<Day>,
}

/// The pasts of these products up to `today`, or to where the summary ends before. Those that nothing was ever ordered
/// of and nothing happened to for a year are left out.
pub fn pasts(db: &mut Connection, product_ids: &[Id], today: Day) -> Result<HashMap<Id, Past>> {
    let Some(filled_until) = filled_until(db)? else {
        return Ok(HashMap::new());
    };
    let until = filled_until.min(today);
    let from = Day(until.0 - Days::new(DAYS_MAX as u64));
    let mut pasts = HashMap::new();
    for some in product_ids.chunks(PRODUCTS_AT_ONCE) {
        let found = rows(db, some, from, Some(until))?;
        pasts.extend(found.into_iter().map(|(product_id, rows)| (product_id, Past::of(&rows, from, until))));
    }
    Ok(pasts)
}

impl Past {
    /// Where the first row begins with nothing, the product was new or sold out, and what was before says nothing.
    fn of(rows: &Rows, from: Day, until: Day) -> Past {
        let Some((first_row, row)) = rows.first_key_value() else {
            return Past::default();
        };
        let mut available = row.available_at_start;
        let first = if available > 0 { from } else { *first_row };
        let mut days = Vec::with_capacity(DAYS_MAX);
        let mut rows = rows.iter().peekable();
        for day in first.0.iter_days().take_while(|day| *day < until.0) {
            let quiet = DemandDay { units: 0, available_at_start: available, available_at_end: available };
            let row = rows.next_if(|(of, _)| of.0 == day).map_or(quiet, |(_, row)| *row);
            available = row.available_at_end;
            days.push(row);
        }
        Past { days, first: Some(first), last: until.0.pred_opt().map(Day) }
    }
}

/// Whether a run has summed up what products sell.
pub fn is_summed_up(db: &mut Connection) -> Result<bool> {
    Ok(filled_until(db)?.is_some())
}

/// Before which day the days are summed up.
fn filled_until(db: &mut Connection) -> Result<Option<Day>> {
    let sql = "SELECT filled_until FROM demand_summary WHERE id = 1 AND filled_until IS NOT NULL";
    db.row(sql, (), |row| column(row, "filled_until"))
}

/// Deletes the days that are over for so long that nobody looks at them, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = first_day(&app.config.calendar, pruning::now(app)?);
    db::delete_in_batches(&app.pool, "DELETE FROM demand_days WHERE day < ?", (horizon,))
}
