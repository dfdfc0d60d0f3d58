//! What the ledger says about the days to come. Shown, never applied by itself.
//!
//! - *units per day*: units sold in the last 28 whole days, divided by 28.
//! - *days of cover*: what is available, divided by that.
//! - *suggested reorder point*: the demand of the days until an order made now is on the shelf, plus a
//!   safety stock: `d × L + 1.65 × s × √L`, rounded up, where `d` is units per day, `s` the standard
//!   deviation of the units sold on each of the 28 days, and `L` the lead time plus one day, since a
//!   daily run may see the need up to a day late. With normally distributed demand 1.65 deviations
//!   cover 95 of 100 such periods.
//!
//! The days are whole days of the shop's zone, up to its last midnight, so a forecast changes only with the day.

use std::collections::HashMap;

use chrono::Days;
use mysql::Value;
use serde::Serialize;

use crate::db::{Connection, column, in_list};
use crate::error::Result;
use crate::values::{Calendar, Day, Id, Timestamp};

const DAYS: u32 = 28;
/// Standard deviations that the safety stock covers: 95 % of a normal distribution.
const SAFETY_FACTOR: f64 = 1.65;
/// Beyond this many days of cover a date of stock-out means nothing.
const COVER_DAYS_MAX: f64 = 3650.0;
/// The sales of this many products are read with one statement. Named one by one, each is a short range
/// of the key; from 1000 names on MariaDB would join instead, and read the sales of all times.
const PRODUCTS_AT_ONCE: usize = 500;

/// Units sold in the last 28 days, and the sum of the squares of the days' figures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sales {
    units: i64,
    squares: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forecast {
    pub units_sold_28_days: i64,
    /// Rounded to a hundredth.
    pub units_per_day: f64,
    /// Rounded to a tenth; null when nothing is sold.
    pub days_of_cover: Option<f64>,
    pub stock_out_date: Option<Day>,
    pub suggested_reorder_point: i64,
}

/// The sales of these products up to today. Those that sold nothing are left out.
pub fn sales(
    db: &mut Connection,
    calendar: &Calendar,
    product_ids: &[Id],
    today: Day,
) -> Result<HashMap<Id, Sales>> {
    let mut sales = HashMap::new();
    for some in product_ids.chunks(PRODUCTS_AT_ONCE) {
        sales.extend(sales_of(db, calendar, some, today)?);
    }
    Ok(sales)
}

/// The sales of one product.
pub fn sales_of_one(db: &mut Connection, calendar: &Calendar, product_id: Id, today: Day) -> Result<Sales> {
    let sales = sales_of(db, calendar, &[product_id], today)?;
    Ok(sales.first().map_or_else(Sales::default, |(_, sales)| *sales))
}

fn sales_of(
    db: &mut Connection,
    calendar: &Calendar,
    product_ids: &[Id],
    today: Day,
) -> Result<Vec<(Id, Sales)>> {
    let first = Day(today.0 - Days::new(DAYS.into()));
    let (from, to) = (calendar.start_of(first), calendar.start_of(today));
    let (marks, ids) = in_list(product_ids.iter().copied());
    let (day, changes) = day_in_sql(&calendar.zone.ahead_between(from, to));
    let values = [&[from.into(), to.into()][..], &ids, &changes].concat();
    let sql = format!(
        "SELECT product_id, CAST(SUM(units) AS SIGNED) AS units, CAST(SUM(units * units) AS DOUBLE) AS squares
         FROM (
             SELECT product_id, SUM(-delta) AS units
             FROM stock_movements
             WHERE reason = 'sale' AND at >= ? AND at < ? AND product_id IN ({marks})
             GROUP BY product_id, {day}
         ) days
         GROUP BY product_id"
    );
    db.rows(&sql, values, |row| {
        let sales = Sales { units: column(row, "units"), squares: column(row, "squares") };
        (column(row, "product_id"), sales)
    })
}

/// The day of `at` on the shop's calendar, when its clocks are ahead of UTC by these seconds since these times; with
/// the values to bind.
fn day_in_sql(ahead: &[(Timestamp, i64)]) -> (String, Vec<Value>) {
    let (first, changes) = ahead.split_first().expect("clocks are always ahead by something");
    let mut seconds = first.1.to_string();
    for (_, later) in changes {
        seconds = format!("IF(at < ?, {seconds}, {later})");
    }
    let times = changes.iter().rev().map(|(since, _)| Value::from(*since)).collect();
    (format!("DATE(at + INTERVAL {seconds} SECOND)"), times)
}

impl Sales {
    pub fn forecast(&self, available: i64, lead_time_days: i64, today: Day) -> Forecast {
        let per_day = real(self.units) / f64::from(DAYS);
        let variance = (self.squares / f64::from(DAYS) - per_day * per_day).max(0.0);
        let period = real(lead_time_days + 1);
        let needed = per_day * period + SAFETY_FACTOR * variance.sqrt() * period.sqrt();
        let cover = (self.units > 0).then(|| real(available.max(0)) / per_day);
        let date = cover.filter(|cover| *cover <= COVER_DAYS_MAX).map(|cover| {
            let days = Days::new(whole_days(cover));
            Day(today.0 + days)
        });
        Forecast {
            units_sold_28_days: self.units,
            units_per_day: (per_day * 100.0).round() / 100.0,
            days_of_cover: cover.map(|cover| (cover * 10.0).round() / 10.0),
            stock_out_date: date,
            suggested_reorder_point: rounded_up(needed),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "units of a shelf are far below 2^53")]
fn real(units: i64) -> f64 {
    units as f64
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates, and no shelf comes near that")]
fn rounded_up(units: f64) -> i64 {
    units.ceil() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to COVER_DAYS_MAX")]
fn whole_days(days: f64) -> u64 {
    days.floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Input;

    fn day(text: &str) -> Day {
        Day::parse(&Input::Text(text.into())).unwrap()
    }

    #[test]
    fn steady_sales_need_no_safety_stock() {
        // Two units on each of 28 days.
        let sales = Sales { units: 56, squares: 28.0 * 4.0 };
        let forecast = sales.forecast(10, 6, day("2026-03-10"));
        assert_eq!(forecast.units_per_day, 2.0);
        assert_eq!(forecast.days_of_cover, Some(5.0));
        assert_eq!(forecast.stock_out_date.unwrap().to_string(), "2026-03-15");
        assert_eq!(forecast.suggested_reorder_point, 14);
    }

    #[test]
    fn uneven_sales_need_more() {
        // 56 units on one day: d = 2, s = 10.39; 2 × 7 + 1.65 × 10.39 × 2.6458 = 59.37.
        let sales = Sales { units: 56, squares: 56.0 * 56.0 };
        assert_eq!(sales.forecast(10, 6, day("2026-03-10")).suggested_reorder_point, 60);
    }

    #[test]
    fn nothing_sold_says_nothing() {
        let forecast = Sales::default().forecast(10, 6, day("2026-03-10"));
        assert_eq!((forecast.days_of_cover, forecast.stock_out_date), (None, None));
        assert_eq!(forecast.suggested_reorder_point, 0);
    }
}
