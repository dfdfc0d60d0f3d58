//! What is expected to be sold of each product a day, kept in its row of stock: lists are sorted by how long it lasts.
//!
//! It rests on whole days, so what the last run wrote holds until the next one. The figures of the stock view are made
//! anew whenever they are read.

use std::collections::HashMap;

use mysql::Value;

use crate::app::App;
use crate::db::{self, Connection, column, in_list};
use crate::error::Result;
use crate::restock::outlook::{self, Known};
use crate::restock::supply::{WAITING, Waiting};
use crate::values::{Day, Id};

/// Rows in one statement and one transaction: orders wait for none of them for long.
const ROWS_AT_ONCE: usize = 100;
/// Products whose past is in memory at once.
const PASTS_AT_ONCE: usize = 500;
/// A full shelf a day.
const RATE_E6_MAX: f64 = 1e15;

/// A product whose rate is to be kept.
#[derive(Debug, Clone, Copy)]
pub struct Product {
    pub id: Id,
    pub waiting: Waiting,
    /// What stands there, in millionths.
    rate_e6: Option<i64>,
}

/// Every product that has a stock.
pub fn products(db: &mut Connection) -> Result<Vec<Product>> {
    let sql = format!(
        "SELECT s.product_id, s.lead_time_days, s.units_per_day_e6, {WAITING} FROM stock s ORDER BY s.product_id"
    );
    db.rows(&sql, (), |row| Product {
        id: column(row, "product_id"),
        waiting: Waiting::from_row(row),
        rate_e6: column(row, "units_per_day_e6"),
    })
}

/// Writes down what these products are expected to sell, where something else stands there, and returns of how many.
pub fn keep(app: &App, products: &[Product], known: &HashMap<Id, Known>) -> Result<u64> {
    let rate = |product: &Product| {
        let known = known.get(&product.id)?;
        in_millionths(known.units_per_day(product.waiting.days()))
    };
    let rates = products.iter().map(|product| (product, rate(product)));
    let changed: Vec<(Id, Option<i64>)> =
        rates.filter(|(product, rate)| product.rate_e6 != *rate).map(|(of, rate)| (of.id, rate)).collect();
    let mut written = 0;
    for some in changed.chunks(ROWS_AT_ONCE) {
        let (marks, ids) = in_list(some.iter().map(|(id, _)| *id));
        let cases = "WHEN ? THEN ? ".repeat(some.len());
        // It is no change of the stock that others copy.
        let sql = format!(
            "UPDATE stock SET units_per_day_e6 = CASE product_id {cases} END, updated_at = updated_at
             WHERE product_id IN ({marks}) ORDER BY product_id"
        );
        let mut values: Vec<Value> =
            some.iter().flat_map(|(id, rate)| [(*id).into(), (*rate).into()]).collect();
        values.extend(ids);
        written += db::transaction(&app.pool, |tx| tx.execute(&sql, values.clone()))?;
    }
    Ok(written)
}

/// Finds all of them anew, and returns how many were wrong.
pub fn repair(app: &App, today: Day) -> Result<u64> {
    let mut written = 0;
    for some in db::read(&app.pool, products)?.chunks(PASTS_AT_ONCE) {
        let ids: Vec<Id> = some.iter().map(|product| product.id).collect();
        let known = db::read(&app.pool, |db| outlook::known(db, &app.config.calendar, &ids, today))?;
        written += keep(app, some, &known)?;
    }
    Ok(written)
}

#[expect(clippy::cast_possible_truncation, reason = "at most RATE_E6_MAX")]
fn in_millionths(units: f64) -> Option<i64> {
    let rounded = (units * 1e6).round().min(RATE_E6_MAX);
    (rounded >= 1.0).then_some(rounded as i64)
}
