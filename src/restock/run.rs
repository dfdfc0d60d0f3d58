//! One restock run, and what is kept of it.

use mysql::{Row, Value};
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::{Error, Result};
use crate::ledger::{self, Figures, Origin};
use crate::restock::{Decision, Policy, Scope, Watched, decide, scan};
use crate::values::{Id, Timestamp};

/// Who started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Staff, with `POST /restock/runs`.
    Api { account_id: Id },
    /// `storekeeper-restock`, by hand or by a timer.
    Program,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A restock order was opened.
    Ordered,
    /// The lead time is 0: the goods are on the shelf.
    Received,
    Nothing,
    Failed,
}

/// What a run saw of one product, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    pub product_id: Id,
    pub on_hand: i64,
    pub reserved: i64,
    pub incoming: i64,
    pub position: i64,
    #[serde(flatten)]
    pub policy: Policy,
    pub outcome: Outcome,
    pub quantity: i64,
    pub reason: String,
    pub restock_order_id: Option<Id>,
}

/// A run and its figures. Without `finished_at` it is still at work or was cut off.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub id: Id,
    pub source: String,
    pub actor_account_id: Option<Id>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub watched: i64,
    pub ordered: i64,
    pub received: i64,
    pub nothing: i64,
    pub failed: i64,
    pub units: i64,
}

/// Lines about which nothing is to be done are written this many at a time.
const LINES_AT_ONCE: usize = 500;

impl Outcome {
    pub fn text(self) -> &'static str {
        match self {
            Outcome::Ordered => "ordered",
            Outcome::Received => "received",
            Outcome::Nothing => "nothing",
            Outcome::Failed => "failed",
        }
    }

    pub fn from_text(text: &str) -> Option<Outcome> {
        let all = [Outcome::Ordered, Outcome::Received, Outcome::Nothing, Outcome::Failed];
        all.into_iter().find(|outcome| outcome.text() == text)
    }
}

impl RunLine {
    pub const COLUMNS: &'static str = "l.product_id, l.on_hand, l.reserved, l.incoming, l.reorder_point,
        l.reorder_target, l.reorder_multiple, l.lead_time_days, l.outcome, l.quantity, l.reason, l.restock_order_id";

    pub fn from_row(row: &Row) -> RunLine {
        let shelf = Figures::from_row(row);
        let outcome: String = column(row, "outcome");
        RunLine {
            product_id: column(row, "product_id"),
            on_hand: shelf.on_hand,
            reserved: shelf.reserved,
            incoming: shelf.incoming,
            position: shelf.available() + shelf.incoming,
            policy: Policy::from_row(row),
            outcome: Outcome::from_text(&outcome).expect("the CHECK on the column allows these only"),
            quantity: column(row, "quantity"),
            reason: column(row, "reason"),
            restock_order_id: column(row, "restock_order_id"),
        }
    }

    fn new(product_id: Id, shelf: &Figures, policy: &Policy, outcome: Outcome, reason: String) -> RunLine {
        RunLine {
            product_id,
            on_hand: shelf.on_hand,
            reserved: shelf.reserved,
            incoming: shelf.incoming,
            position: shelf.available() + shelf.incoming,
            policy: *policy,
            outcome,
            quantity: 0,
            reason,
            restock_order_id: None,
        }
    }
}

/// Writes down that a run begins, and answers its id.
pub fn start(app: &App, source: Source) -> Result<Id> {
    let (text, account_id) = match source {
        Source::Api { account_id } => ("api", Some(account_id)),
        Source::Program => ("program", None),
    };
    let now = app.clock.now();
    db::transaction(&app.pool, |db| {
        db.insert(
            "INSERT INTO restock_runs (source, actor_account_id, started_at) VALUES (?, ?, ?)",
            (text, account_id, now),
        )
    })
}

/// Restocks every watched product in `scope` for the run `run_id`, and answers its lines. A product
/// that fails is named in its line and holds up no other. [`finish`] ends the run.
pub fn run(app: &App, run_id: Id, source: Source, scope: Scope) -> Result<Vec<RunLine>> {
    let watched = db::read(&app.pool, |db| scan(db, scope))?;
    let mut lines = Vec::with_capacity(watched.len());
    let mut idle = Vec::new();
    for product in watched {
        let decision = decide(&product.shelf, &product.policy);
        match decision {
            Decision::Nothing { .. } => {
                let reason = decision.explained(&product.policy);
                idle.push(RunLine::new(
                    product.product_id,
                    &product.shelf,
                    &product.policy,
                    Outcome::Nothing,
                    reason,
                ));
            }
            Decision::Order { .. } => lines.push(restock(app, run_id, source, &product)?),
        }
    }
    for some in idle.chunks(LINES_AT_ONCE) {
        db::transaction(&app.pool, |db| write(db, run_id, some))?;
    }
    lines.append(&mut idle);
    lines.sort_by_key(|line| line.product_id);
    Ok(lines)
}

/// Restocks one product. Only when not even its failure can be written down is the answer an Err.
fn restock(app: &App, run_id: Id, source: Source, product: &Watched) -> Result<RunLine> {
    let done = db::transaction(&app.pool, |db| decide_and_act(app, db, run_id, source, product));
    done.or_else(|error| {
        log::error!("product {} could not be restocked: {error}", product.product_id);
        let reason = match error {
            Error::Refused(problem) => problem.detail,
            // Its text may hold the data of others; the log has it whole.
            _ => "the database refused; the log of the run has the cause".to_owned(),
        };
        let line = RunLine::new(product.product_id, &product.shelf, &product.policy, Outcome::Failed, reason);
        db::transaction(&app.pool, |db| write(db, run_id, std::slice::from_ref(&line)))?;
        Ok(line)
    })
}

/// Decides again with the row locked, since another run or an order may have come first, then acts and
/// writes the line in the same transaction.
fn decide_and_act(
    app: &App,
    db: &mut Connection,
    run_id: Id,
    source: Source,
    product: &Watched,
) -> Result<RunLine> {
    let product_id = product.product_id;
    let locked = db.row(
        "SELECT on_hand, reserved, incoming, reorder_point, reorder_target, reorder_multiple, lead_time_days
         FROM stock WHERE product_id = ? FOR UPDATE",
        (product_id,),
        |row| (Figures::from_row(row), Policy::from_row(row)),
    )?;
    let (shelf, policy) =
        locked.ok_or_else(|| Error::Internal(format!("product {product_id} has no stock")))?;
    let decision = decide(&shelf, &policy);
    let mut line = RunLine::new(product_id, &shelf, &policy, Outcome::Nothing, decision.explained(&policy));
    if let Decision::Order { quantity, .. } = decision {
        line.quantity = quantity;
        line.outcome = match policy.lead_time_days {
            0 => Outcome::Received,
            _ => Outcome::Ordered,
        };
        line.restock_order_id = Some(order(app, db, run_id, source, &line)?);
    }
    write(db, run_id, std::slice::from_ref(&line))?;
    Ok(line)
}

/// Opens a restock order; with a lead time of 0 its goods are put on the shelf at once.
fn order(app: &App, db: &mut Connection, run_id: Id, source: Source, line: &RunLine) -> Result<Id> {
    let now = app.clock.now();
    let expected_at = Timestamp(now.0 + chrono::Duration::days(line.policy.lead_time_days));
    let (status, received, closed_at) = match line.outcome {
        Outcome::Received => ("received", line.quantity, Some(now)),
        _ => ("open", 0, None),
    };
    let id = db.insert(
        "INSERT INTO restock_orders (product_id, run_id, status, quantity, received, ordered_at, expected_at, closed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (line.product_id, run_id, status, line.quantity, received, now, expected_at, closed_at),
    )?;
    if line.outcome == Outcome::Ordered {
        ledger::expect(db, line.product_id, line.quantity)?;
        return Ok(id);
    }
    let actor = match source {
        Source::Api { account_id } => Some(account_id),
        Source::Program => None,
    };
    let origin = Origin { actor, restock_order_id: Some(id), note: None };
    match ledger::move_stock(db, line.product_id, line.quantity, "restock", &origin, now)? {
        true => Ok(id),
        false => Err(ledger::shelf_full(line.on_hand, line.quantity).into()),
    }
}

fn write(db: &mut Connection, run_id: Id, lines: &[RunLine]) -> Result<()> {
    let mut values: Vec<Value> = Vec::with_capacity(13 * lines.len());
    for line in lines {
        values.extend([
            run_id.into(),
            line.product_id.into(),
            line.on_hand.into(),
            line.reserved.into(),
            line.incoming.into(),
            line.policy.reorder_point.into(),
            line.policy.reorder_target.into(),
            line.policy.reorder_multiple.into(),
            line.policy.lead_time_days.into(),
            line.outcome.text().into(),
            line.quantity.into(),
            line.reason.as_str().into(),
            line.restock_order_id.into(),
        ]);
    }
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; lines.len()].join(", ");
    let sql = format!(
        "INSERT INTO restock_run_lines
             (run_id, product_id, on_hand, reserved, incoming, reorder_point, reorder_target, reorder_multiple,
              lead_time_days, outcome, quantity, reason, restock_order_id)
         VALUES {rows}"
    );
    db.execute(&sql, values)?;
    Ok(())
}

/// Writes down that the run has ended.
pub fn finish(db: &mut Connection, run_id: Id, now: Timestamp) -> Result<()> {
    db.execute("UPDATE restock_runs SET finished_at = GREATEST(started_at, ?) WHERE id = ?", (now, run_id))?;
    Ok(())
}

impl Summary {
    /// The figures are counted from the lines, so a run that was cut off shows what it did.
    pub const COLUMNS: &'static str = "r.id, r.source, r.actor_account_id, r.started_at, r.finished_at,
        COUNT(l.product_id) AS watched,
        COUNT(CASE l.outcome WHEN 'ordered' THEN 1 END) AS ordered,
        COUNT(CASE l.outcome WHEN 'received' THEN 1 END) AS received,
        COUNT(CASE l.outcome WHEN 'nothing' THEN 1 END) AS nothing,
        COUNT(CASE l.outcome WHEN 'failed' THEN 1 END) AS failed,
        CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) AS units";

    /// MariaDB does not see that the other columns follow from the id.
    pub const GROUPING: &'static str = "r.id, r.source, r.actor_account_id, r.started_at, r.finished_at";

    pub fn from_row(row: &Row) -> Summary {
        Summary {
            id: column(row, "id"),
            source: column(row, "source"),
            actor_account_id: column(row, "actor_account_id"),
            started_at: column(row, "started_at"),
            finished_at: column(row, "finished_at"),
            watched: column(row, "watched"),
            ordered: column(row, "ordered"),
            received: column(row, "received"),
            nothing: column(row, "nothing"),
            failed: column(row, "failed"),
            units: column(row, "units"),
        }
    }
}

/// A run with its figures.
pub fn summary(db: &mut Connection, run_id: Id) -> Result<Option<Summary>> {
    let sql = format!(
        "SELECT {} FROM restock_runs r LEFT JOIN restock_run_lines l ON l.run_id = r.id
         WHERE r.id = ? GROUP BY {}",
        Summary::COLUMNS,
        Summary::GROUPING
    );
    db.row(&sql, (run_id,), Summary::from_row)
}

/// What a run saw without acting is worth keeping for as long as somebody may ask.
const IDLE_LINES_KEPT: chrono::Duration = chrono::Duration::days(90);
/// Rows that one step of pruning deletes: few enough to hold no lock for long.
const PRUNED_AT_ONCE: u64 = 1000;

/// Deletes the lines of old runs that say that nothing was to be done, in batches, and answers how many
/// there were. What was done is kept for ever.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = Timestamp(app.clock.now().0 - IDLE_LINES_KEPT);
    let runs: Vec<Id> = db::read(&app.pool, |db| {
        db.rows(
            "SELECT r.id FROM restock_runs r WHERE r.started_at <= ? AND EXISTS (
                 SELECT 1 FROM restock_run_lines l WHERE l.run_id = r.id AND l.outcome = 'nothing'
             )",
            (horizon,),
            |row| column(row, "id"),
        )
    })?;
    let sql = format!(
        "DELETE FROM restock_run_lines WHERE run_id = ? AND outcome = 'nothing' LIMIT {PRUNED_AT_ONCE}"
    );
    let mut pruned = 0;
    for run_id in runs {
        pruned += db::in_batches(&app.pool, PRUNED_AT_ONCE, |db| db.execute(&sql, (run_id,)))?;
    }
    Ok(pruned)
}
