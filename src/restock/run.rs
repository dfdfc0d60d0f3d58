//! One restock run, and what is kept of it.

use mysql::{Row, Value};
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Transaction, column};
use crate::error::database::is_duplicate_of;
use crate::error::{Error, Result};
use crate::events::{self, Kind};
use crate::ledger::{self, Figures, ON_HAND_MAX, Origin, Reason};
use crate::pruning;
use crate::restock::hits::{self, Suggestion};
use crate::restock::supply::EFFECTIVE_LEAD_TIME;
use crate::restock::unconfirmed::explained;
use crate::restock::{Decision, OrderStatus, Policy, Selection, Watched, decide, demand, outlook, scan};
use crate::values::{Id, Timestamp, words};

words! {
    /// What came of a product in a run.
    Outcome, refused as "invalid_outcome" {
        /// A restock order was opened.
        Ordered = "ordered",
        /// The lead time is 0: the goods are on the shelf.
        Received = "received",
        Nothing = "nothing",
        Failed = "failed",
    }
}

/// What a run saw of one product, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    pub product_id: Id,
    #[serde(flatten)]
    pub shelf: Figures,
    pub position: i64,
    #[serde(flatten)]
    pub policy: Policy,
    pub effective_lead_time_days: i64,
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
    pub actor_api_key_id: Option<Id>,
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

impl RunLine {
    pub fn columns() -> String {
        format!(
            "l.product_id, l.on_hand, l.reserved, l.incoming, {},
             COALESCE(l.effective_lead_time_days, l.lead_time_days) AS effective_lead_time_days, l.outcome, l.quantity, l.reason, l.restock_order_id",
            Policy::columns_of("l")
        )
    }

    pub fn from_row(row: &Row) -> RunLine {
        let shelf = Figures::from_row(row);
        RunLine {
            product_id: column(row, "product_id"),
            shelf,
            position: shelf.available() + shelf.incoming,
            policy: Policy::from_row(row),
            effective_lead_time_days: column(row, "effective_lead_time_days"),
            outcome: column(row, "outcome"),
            quantity: column(row, "quantity"),
            reason: column(row, "reason"),
            restock_order_id: column(row, "restock_order_id"),
        }
    }

    fn new(
        product_id: Id,
        shelf: Figures,
        policy: Policy,
        effective_lead_time_days: i64,
        outcome: Outcome,
        reason: String,
    ) -> RunLine {
        RunLine {
            product_id,
            shelf,
            position: shelf.available() + shelf.incoming,
            policy,
            effective_lead_time_days,
            outcome,
            quantity: 0,
            reason,
            restock_order_id: None,
        }
    }
}

/// Writes down that a run begins, and returns its id. Of the timer and of whoever runs
/// `storekeeper-restock` by hand the command is known, of the API staff or a key.
pub fn start(app: &App, actor: Actor) -> Result<Id> {
    let source = if actor.command.is_some() { "program" } else { "api" };
    let now = app.clock.now();
    db::transaction(&app.pool, |tx| {
        let id = tx.insert(
            "INSERT INTO restock_runs (source, actor_account_id, actor_api_key_id, started_at) VALUES (?, ?, ?, ?)",
            (source, actor.account_id, actor.api_key_id, now),
        )?;
        events::record(tx, now, Kind::RestockRunStarted, id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
        audit::record(app, tx, actor, Action::Started, (Object::RestockRun, id), audit::NO_FIELDS)?;
        Ok(id)
    })
}

/// Restocks every watched product of `selection` for the run `run_id`, and returns its lines. A product
/// that fails is named in its line and holds up no other. [`finish`] ends the run. The summary of demand is brought up to
/// now last.
pub fn run(app: &App, run_id: Id, actor: Actor, selection: Selection) -> Result<Vec<RunLine>> {
    let watched = db::read(&app.pool, |db| scan(db, selection, app.config.strangers_units_max()))?;
    let today = app.config.calendar.day_of(app.clock.now());
    let mut lines = Vec::with_capacity(watched.len());
    let mut idle = Vec::new();
    for looked_at in &watched {
        let &Watched { product_id, shelf, left_out, policy, effective_lead_time_days: lead_time, .. } =
            looked_at;
        let decision = decide(&shelf, &policy, today);
        if decision.quantity() == 0 {
            let reason = explained(decision.explained(&policy), left_out);
            idle.push(RunLine::new(product_id, shelf, policy, lead_time, Outcome::Nothing, reason));
        } else {
            lines.push(restock(app, run_id, actor, looked_at)?);
        }
    }
    for some in idle.chunks(LINES_AT_ONCE) {
        db::transaction(&app.pool, |tx| write(tx, run_id, some))?;
    }
    lines.append(&mut idle);
    lines.sort_by_key(|line| line.product_id);
    // What was ordered is ordered, whatever becomes of the figures; the next run makes up for them.
    if let Err(error) = sum_up(app, selection, &watched) {
        log::error!("demand could not be summed up: {error}");
    }
    Ok(lines)
}

/// Brings the summary of demand up to now; of all watched products it keeps what is suggested today, and judges what was
/// suggested before.
fn sum_up(app: &App, selection: Selection, watched: &[Watched]) -> Result<()> {
    demand::fill(app, selection.product_id)?;
    if selection.product_id.is_some() {
        return Ok(());
    }
    let today = app.config.calendar.day_of(app.clock.now());
    hits::judge(app, today)?;
    for some in watched.chunks(LINES_AT_ONCE) {
        let ids: Vec<Id> = some.iter().map(|watched| watched.product_id).collect();
        let known = db::read(&app.pool, |db| outlook::known(db, &app.config.calendar, &ids, today))?;
        let suggestion = |of: &Watched| {
            let (lead_time_days, service_level) = (of.effective_lead_time_days, of.policy.service_level);
            let known = known.get(&of.product_id)?;
            let suggested = known.suggested(lead_time_days, service_level);
            Some(Suggestion { product_id: of.product_id, lead_time_days, suggested, service_level })
        };
        let suggestions: Vec<Suggestion> = some.iter().filter_map(suggestion).collect();
        hits::keep(app, &suggestions, today)?;
    }
    Ok(())
}

/// Restocks one product, which looked like this when it was scanned. Only when not even its failure can
/// be written down an Err is returned.
fn restock(app: &App, run_id: Id, actor: Actor, looked_at: &Watched) -> Result<RunLine> {
    let &Watched { product_id, shelf, policy, effective_lead_time_days: lead_time, .. } = looked_at;
    let done = db::transaction(&app.pool, |tx| decide_and_act(app, tx, run_id, actor, looked_at));
    done.or_else(|error| {
        log::error!("product {product_id} could not be restocked: {error}");
        // The error's text may hold the data of others; the log has it whole.
        let reason = "the database refused; the log of the run has the cause".to_owned();
        let line = RunLine::new(product_id, shelf, policy, lead_time, Outcome::Failed, reason);
        match db::transaction(&app.pool, |tx| write(tx, run_id, std::slice::from_ref(&line))) {
            // The connection broke at COMMIT, and all had been kept.
            Err(Error::Database(cause)) if is_duplicate_of(&cause, "PRIMARY") => {
                let kept = db::read(&app.pool, |db| find_line(db, run_id, product_id))?;
                kept.ok_or_else(|| Error::Internal(format!("the line of product {product_id} is gone")))
            }
            written => written.map(|()| line),
        }
    })
}

fn find_line(db: &mut Connection, run_id: Id, product_id: Id) -> Result<Option<RunLine>> {
    let columns = RunLine::columns();
    let sql = format!("SELECT {columns} FROM restock_run_lines l WHERE l.run_id = ? AND l.product_id = ?");
    db.row(&sql, (run_id, product_id), RunLine::from_row)
}

/// Decides again with the row locked, since another run or a shipment may have come first, or the product left the
/// catalogue, then acts and writes the line in the same transaction.
fn decide_and_act(
    app: &App,
    tx: &mut Transaction,
    run_id: Id,
    actor: Actor,
    looked_at: &Watched,
) -> Result<RunLine> {
    let &Watched { product_id, left_out, .. } = looked_at;
    tx.take_turn([product_id])?;
    let sql = format!(
        "SELECT s.on_hand, s.reserved, s.incoming, {}, {EFFECTIVE_LEAD_TIME},
             (SELECT p.active = 0 FROM products p WHERE p.id = s.product_id) AS archived
         FROM stock s WHERE s.product_id = ? FOR UPDATE",
        Policy::columns_of("s")
    );
    let from_row = |row: &Row| {
        let (lead_time, archived) = (column(row, "effective_lead_time_days"), column(row, "archived"));
        (Figures::from_row(row), Policy::from_row(row), lead_time, archived)
    };
    let (shelf, policy, lead_time, archived): (Figures, Policy, i64, bool) = tx
        .row(&sql, (product_id,), from_row)?
        .ok_or_else(|| Error::Internal(format!("product {product_id} has no stock")))?;
    // What was reserved since the run looked is the next run's, which also sees who ordered it.
    let shelf = shelf.without_reserved(left_out).with_reserved_at_most(looked_at.shelf.reserved);
    let decision =
        decide(&shelf, &policy, app.config.calendar.day_of(app.clock.now())).unless_archived(archived);
    let reason = explained(decision.explained(&policy), left_out);
    let mut line = RunLine::new(product_id, shelf, policy, lead_time, Outcome::Nothing, reason);
    if let Decision::Order { quantity, .. } = decision {
        if lead_time > 0 {
            line.outcome = Outcome::Ordered;
        } else if shelf.on_hand + quantity <= ON_HAND_MAX {
            line.outcome = Outcome::Received;
        } else {
            line.outcome = Outcome::Failed;
            line.reason = format!(
                "{} on hand and {quantity} more would be over {ON_HAND_MAX}, the most that a shelf can hold",
                shelf.on_hand
            );
            log::error!("product {product_id} could not be restocked: {}", line.reason);
        }
        if line.outcome != Outcome::Failed {
            line.quantity = quantity;
            line.restock_order_id = Some(order(app, tx, run_id, actor, &line)?);
        }
    }
    write(tx, run_id, std::slice::from_ref(&line))?;
    Ok(line)
}

/// Opens a restock order; with a lead time of 0 its goods are put on the shelf at once.
fn order(app: &App, tx: &mut Transaction, run_id: Id, actor: Actor, line: &RunLine) -> Result<Id> {
    let now = app.clock.now();
    let (status, received, expected_at) = match line.outcome {
        Outcome::Received => (OrderStatus::Received, line.quantity, now),
        _ => (OrderStatus::Open, 0, app.config.calendar.after_lead_time(now, line.effective_lead_time_days)),
    };
    let sql = format!(
        "INSERT INTO restock_orders
         SET product_id = ?, run_id = ?, quantity = ?, received = ?, ordered_at = ?, expected_at = ?, {}",
        OrderStatus::WRITTEN
    );
    let values: [Value; 6] = [
        line.product_id.into(),
        run_id.into(),
        line.quantity.into(),
        received.into(),
        now.into(),
        expected_at.into(),
    ];
    let id = tx.insert(&sql, [&values[..], &status.written(now)].concat())?;
    let kind = match status {
        OrderStatus::Received => Kind::RestockOrderReceived,
        _ => Kind::RestockOrderOpened,
    };
    events::record(tx, now, kind, id, &[line.product_id], audit::NO_FIELDS)?;
    if line.outcome == Outcome::Ordered {
        ledger::expect(tx, line.product_id, line.quantity)?;
        return Ok(id);
    }
    let origin = Origin { actor, restock_order_id: Some(id), note: None };
    if ledger::move_stock(tx, line.product_id, line.quantity, Reason::Restock, &origin, now)? {
        Ok(id)
    } else {
        Err(Error::Internal(format!("the locked stock of product {} has changed", line.product_id)))
    }
}

fn write(tx: &mut Transaction, run_id: Id, lines: &[RunLine]) -> Result<()> {
    let mut values: Vec<Value> = Vec::with_capacity(17 * lines.len());
    for line in lines {
        values.extend([
            run_id.into(),
            line.product_id.into(),
            line.shelf.on_hand.into(),
            line.shelf.reserved.into(),
            line.shelf.incoming.into(),
        ]);
        values.extend(line.policy.written());
        values.extend([
            line.effective_lead_time_days.into(),
            line.outcome.into(),
            line.quantity.into(),
            line.reason.as_str().into(),
            line.restock_order_id.into(),
        ]);
    }
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; lines.len()].join(", ");
    let sql = format!(
        "INSERT INTO restock_run_lines
             (run_id, product_id, on_hand, reserved, incoming, {}, effective_lead_time_days, outcome, quantity, reason,
              restock_order_id)
         VALUES {rows}",
        Policy::COLUMNS.join(", ")
    );
    tx.execute(&sql, values)?;
    Ok(())
}

/// Writes down that the run has ended.
pub fn finish(tx: &mut Transaction, run_id: Id, now: Timestamp) -> Result<()> {
    events::record(tx, now, Kind::RestockRunFinished, run_id, events::NO_PRODUCTS, audit::NO_FIELDS)?;
    tx.execute("UPDATE restock_runs SET finished_at = GREATEST(started_at, ?) WHERE id = ?", (now, run_id))?;
    Ok(())
}

impl Summary {
    /// The figures are counted from the lines, so a run that was cut off shows what it did.
    pub const COLUMNS: &'static str =
        "r.id, r.source, r.actor_account_id, r.actor_api_key_id, r.started_at, r.finished_at,
        COUNT(l.product_id) AS watched,
        COUNT(CASE l.outcome WHEN 'ordered' THEN 1 END) AS ordered,
        COUNT(CASE l.outcome WHEN 'received' THEN 1 END) AS received,
        COUNT(CASE l.outcome WHEN 'nothing' THEN 1 END) AS nothing,
        COUNT(CASE l.outcome WHEN 'failed' THEN 1 END) AS failed,
        CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) AS units";

    /// MariaDB does not see that the other columns follow from the id.
    pub const GROUPING: &'static str =
        "r.id, r.source, r.actor_account_id, r.actor_api_key_id, r.started_at, r.finished_at";

    pub fn from_row(row: &Row) -> Summary {
        Summary {
            id: column(row, "id"),
            source: column(row, "source"),
            actor_account_id: column(row, "actor_account_id"),
            actor_api_key_id: column(row, "actor_api_key_id"),
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

/// Deletes the lines of old runs that say that nothing was to be done, in batches, and returns how many
/// there were. What was done is kept for ever.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = pruning::now(app)? - IDLE_LINES_KEPT;
    let runs: Vec<Id> = db::read(&app.pool, |db| {
        db.rows(
            "SELECT r.id FROM restock_runs r WHERE r.started_at <= ? AND EXISTS (
                 SELECT 1 FROM restock_run_lines l WHERE l.run_id = r.id AND l.outcome = 'nothing'
             )",
            (horizon,),
            |row| column(row, "id"),
        )
    })?;
    let mut pruned = 0;
    for run_id in runs {
        let sql = "DELETE FROM restock_run_lines WHERE run_id = ? AND outcome = 'nothing'";
        pruned += db::delete_in_batches(&app.pool, sql, (run_id,))?;
    }
    Ok(pruned)
}
