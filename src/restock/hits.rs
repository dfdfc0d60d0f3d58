//! How often what was suggested would have lasted: each day's suggestion is kept, and judged when its lead time is over.

use std::collections::HashMap;

use chrono::Days;
use mysql::{Row, Value};

use crate::app::App;
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::Result;
use crate::pruning;
use crate::restock::demand;
use crate::values::{Day, Id, ServiceLevel};

/// Twelve months, and the longest usual lead time.
const DAYS_KEPT: u64 = 400;
/// Rows in one statement and one transaction.
const ROWS_AT_ONCE: usize = 500;

/// What is suggested for a product today.
#[derive(Debug, Clone, Copy)]
pub struct Suggestion {
    pub product_id: Id,
    pub lead_time_days: i64,
    pub suggested: i64,
    pub service_level: ServiceLevel,
}

/// Of the suggestions whose lead time is over and of which it is known: how many there are, how many would have lasted,
/// and the sum of the probabilities that were wanted, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HitRate {
    pub judged: i64,
    pub reached: i64,
    pub wanted: i64,
}

impl HitRate {
    fn from_row(row: &Row) -> HitRate {
        HitRate {
            judged: column(row, "judged"),
            reached: column(row, "reached"),
            wanted: column(row, "wanted"),
        }
    }

    /// The part that was wanted and the part that was reached, to a thousandth; None while nothing is judged.
    pub fn parts(self) -> Option<(f64, f64)> {
        let of_judged = |count: i64| (real(count) / real(self.judged) * 1000.0).round() / 1000.0;
        (self.judged > 0).then(|| (of_judged(self.wanted) / 1000.0, of_judged(self.reached)))
    }
}

/// Keeps the suggestions of today; the first of a day stays. What nobody wants needs no suggestion.
pub fn keep(app: &App, suggestions: &[Suggestion], today: Day) -> Result<()> {
    let kept: Vec<&Suggestion> = suggestions.iter().filter(|suggestion| suggestion.suggested > 0).collect();
    for some in kept.chunks(ROWS_AT_ONCE) {
        let each = vec!["(?, ?, ?, ?, ?)"; some.len()].join(", ");
        let row = |of: &&Suggestion| -> [Value; 5] {
            let window = Days::new(of.lead_time_days.max(0).unsigned_abs() + 1);
            [
                of.product_id.into(),
                today.into(),
                Day(today.0 + window).into(),
                of.suggested.into(),
                of.service_level.0.into(),
            ]
        };
        let values: Vec<Value> = some.iter().flat_map(row).collect();
        let sql = format!(
            "INSERT IGNORE INTO suggestions (product_id, day, due_day, suggested, service_level) VALUES {each}"
        );
        db::transaction(&app.pool, |tx| tx.execute(&sql, values.clone()))?;
    }
    Ok(())
}

/// Judges what is due by the summary of demand, which must be filled up to today.
pub fn judge(app: &App, today: Day) -> Result<()> {
    while db::transaction(&app.pool, |tx| judge_some(tx, today))? == ROWS_AT_ONCE {}
    Ok(())
}

struct Judged {
    product_id: Id,
    day: Day,
    suggested: i64,
    service_level: i64,
    demanded: i64,
    sold_out: bool,
}

impl Judged {
    fn from_row(row: &Row) -> Judged {
        Judged {
            product_id: column(row, "product_id"),
            day: column(row, "day"),
            suggested: column(row, "suggested"),
            service_level: column(row, "service_level"),
            demanded: column(row, "demanded"),
            sold_out: column(row, "sold_out"),
        }
    }

    /// Where stock ran out, more may have been wanted than was ordered, and only a miss is certain.
    fn reached(&self) -> Option<bool> {
        let lasted = self.demanded <= self.suggested;
        (!lasted || !self.sold_out).then_some(lasted)
    }
}

fn judge_some(tx: &mut Transaction, today: Day) -> Result<usize> {
    demand::lock_summary(tx)?;
    // A product that was sold out all the time has no day with a change in it: the one before says so.
    let sql = format!(
        "SELECT due.product_id, due.day, due.suggested, CAST(due.service_level AS SIGNED) AS service_level,
             CAST(COALESCE(SUM(d.units), 0) AS SIGNED) AS demanded,
             COALESCE(
                 MAX(d.available_at_start <= 0 OR d.available_at_end <= 0),
                 (SELECT b.available_at_end <= 0 FROM demand_days b
                  WHERE b.product_id = due.product_id AND b.day < due.day ORDER BY b.product_id DESC, b.day DESC LIMIT 1),
                 0
             ) AS sold_out
         FROM (
             SELECT product_id, day, due_day, suggested, service_level FROM suggestions
             WHERE due_day <= ? ORDER BY due_day, product_id, day LIMIT {ROWS_AT_ONCE}
         ) due
         LEFT JOIN demand_days d ON d.product_id = due.product_id AND d.day >= due.day AND d.day < due.due_day
         GROUP BY due.product_id, due.day, due.suggested, due.service_level"
    );
    let judged = tx.rows(&sql, (today,), Judged::from_row)?;
    if judged.is_empty() {
        return Ok(0);
    }
    let each = vec!["(?, ?, NULL, ?, ?, ?, ?)"; judged.len()].join(", ");
    let row = |of: &Judged| -> [Value; 6] {
        [
            of.product_id.into(),
            of.day.into(),
            of.suggested.into(),
            of.service_level.into(),
            of.demanded.into(),
            of.reached().into(),
        ]
    };
    let values: Vec<Value> = judged.iter().flat_map(row).collect();
    let sql = format!(
        "INSERT INTO suggestions (product_id, day, due_day, suggested, service_level, demanded, reached) VALUES {each}
         ON DUPLICATE KEY UPDATE due_day = NULL, demanded = VALUES(demanded), reached = VALUES(reached)"
    );
    tx.execute(&sql, values)?;
    let known = judged.iter().filter_map(|of| Some((of.product_id, of.service_level, of.reached()?)));
    count(tx, known, 1)?;
    Ok(judged.len())
}

/// Adds suggestions (product, what was wanted, whether it was reached) to the hit rates, or takes them from there.
fn count(tx: &mut Transaction, known: impl Iterator<Item = (Id, i64, bool)>, times: i64) -> Result<()> {
    let mut sums: HashMap<Id, HitRate> = HashMap::new();
    for (product_id, wanted, reached) in known {
        let sum = sums.entry(product_id).or_default();
        sum.judged += times;
        sum.reached += times * i64::from(reached);
        sum.wanted += times * wanted;
    }
    if sums.is_empty() {
        return Ok(());
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(product_id, _)| *product_id);
    let each = vec!["(?, ?, ?, ?)"; sums.len()].join(", ");
    let row = |(product_id, HitRate { judged, reached, wanted }): &(Id, HitRate)| -> [Value; 4] {
        [(*product_id).into(), (*judged).into(), (*reached).into(), (*wanted).into()]
    };
    let values: Vec<Value> = sums.iter().flat_map(row).collect();
    let sql = format!(
        "INSERT INTO hit_rates (product_id, judged, reached, wanted) VALUES {each}
         ON DUPLICATE KEY UPDATE judged = judged + VALUES(judged), reached = reached + VALUES(reached),
             wanted = wanted + VALUES(wanted)"
    );
    tx.execute(&sql, values)?;
    Ok(())
}

/// The hit rates of these products; of those that are left out nothing is judged yet.
pub fn of_products(db: &mut Connection, product_ids: &[Id]) -> Result<Vec<(Id, HitRate)>> {
    let (marks, values) = in_list(product_ids.iter().copied());
    let sql =
        format!("SELECT product_id, judged, reached, wanted FROM hit_rates WHERE product_id IN ({marks})");
    db.rows(&sql, values, |row| (column(row, "product_id"), HitRate::from_row(row)))
}

/// The hit rate of all products together.
pub fn of_shop(db: &mut Connection) -> Result<HitRate> {
    let sum = |column| format!("CAST(COALESCE(SUM({column}), 0) AS SIGNED) AS {column}");
    let sums = ["judged", "reached", "wanted"].map(sum).join(", ");
    Ok(db.row(&format!("SELECT {sums} FROM hit_rates"), (), HitRate::from_row)?.unwrap_or_default())
}

/// Counts the hit rates anew.
pub fn repair(app: &App) -> Result<()> {
    db::transaction(&app.pool, |tx| {
        demand::lock_summary(tx)?;
        tx.execute("DELETE FROM hit_rates", ())?;
        tx.execute(
            "INSERT INTO hit_rates (product_id, judged, reached, wanted)
             SELECT product_id, COUNT(*), SUM(reached), SUM(service_level) FROM suggestions
             WHERE reached IS NOT NULL GROUP BY product_id",
            (),
        )?;
        Ok(())
    })
}

/// Deletes suggestions of more than twelve months ago, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = Day(app.config.calendar.day_of(pruning::now(app)?).0 - Days::new(DAYS_KEPT));
    let mut pruned = 0;
    loop {
        let deleted = db::transaction(&app.pool, |tx| prune_some(tx, horizon))?;
        pruned += deleted;
        if deleted == 0 {
            return Ok(pruned);
        }
    }
}

fn prune_some(tx: &mut Transaction, horizon: Day) -> Result<u64> {
    demand::lock_summary(tx)?;
    let sql = format!(
        "SELECT product_id, day, CAST(service_level AS SIGNED) AS service_level, reached FROM suggestions
         WHERE day < ? ORDER BY day, product_id LIMIT {ROWS_AT_ONCE}"
    );
    let old = tx.rows(&sql, (horizon,), |row| {
        let key: (Id, Day) = (column(row, "product_id"), column(row, "day"));
        let (wanted, reached): (i64, Option<bool>) = (column(row, "service_level"), column(row, "reached"));
        (key, wanted, reached)
    })?;
    if old.is_empty() {
        return Ok(0);
    }
    let each = vec!["(product_id = ? AND day = ?)"; old.len()].join(" OR ");
    let values: Vec<Value> = old.iter().flat_map(|((id, day), ..)| [(*id).into(), (*day).into()]).collect();
    let deleted = tx.execute(&format!("DELETE FROM suggestions WHERE {each}"), values)?;
    count(tx, old.iter().filter_map(|((id, _), wanted, reached)| Some((*id, *wanted, (*reached)?))), -1)?;
    Ok(deleted)
}

#[expect(clippy::cast_precision_loss, reason = "days times products are far below 2^53")]
fn real(count: i64) -> f64 {
    count as f64
}
