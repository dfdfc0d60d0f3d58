//! One restock run, and what is kept of it.

use std::collections::{BTreeSet, HashMap};

use mysql::{Row, Value};
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Transaction, column};
use crate::error::database::is_duplicate_of;
use crate::error::{Error, Result};
use crate::events::{self, Kind};
use crate::ledger::{Figures, ON_HAND_MAX};
use crate::pruning;
use crate::restock::hits::{self, Suggestion};
use crate::restock::purchase::{self, LINES_MAX, NewLine, draft_of};
use crate::restock::supply::{WAITING, Waiting};
use crate::restock::{Decision, Policy, Selection, Watched, demand, drafts, outlook, sales_rates, scan};
use crate::values::{Id, ServiceLevel, Timestamp, words};

words! {
    /// What came of a product in a run.
    Outcome, refused as "invalid_outcome" {
        /// On a draft purchase order, which waits for somebody or something.
        Drafted = "drafted",
        Ordered = "ordered",
        /// At once: the goods are on the shelf.
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
    pub purchase_order_id: Option<Id>,
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
    pub drafted: i64,
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
            "l.product_id, {}, {},
             COALESCE(l.effective_lead_time_days, l.lead_time_days) AS effective_lead_time_days, l.outcome, l.quantity, l.reason, l.purchase_order_id",
            Figures::columns_of("l"),
            Policy::columns_of("l")
        )
    }

    pub fn from_row(row: &Row) -> RunLine {
        let shelf = Figures::from_row(row);
        RunLine {
            product_id: column(row, "product_id"),
            shelf,
            position: shelf.position(),
            policy: Policy::from_row(row),
            effective_lead_time_days: column(row, "effective_lead_time_days"),
            outcome: column(row, "outcome"),
            quantity: column(row, "quantity"),
            reason: column(row, "reason"),
            purchase_order_id: column(row, "purchase_order_id"),
        }
    }

    fn new(product: &Watched, outcome: Outcome, reason: String) -> RunLine {
        RunLine {
            product_id: product.product_id,
            shelf: product.shelf,
            position: product.shelf.position(),
            policy: product.policy,
            effective_lead_time_days: product.waiting.effective_lead_time_days,
            outcome,
            quantity: 0,
            reason,
            purchase_order_id: product.drafted.by_runs.as_ref().map(|line| line.order_id),
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

/// Restocks every watched product of `selection` for the run `run_id`; [`lines`] has what came of them. A product that
/// fails is named in its line and holds up no other. [`finish`] ends the run. The summary of demand is brought up to now
/// last.
pub fn run(app: &App, run_id: Id, actor: Actor, selection: Selection) -> Result<()> {
    // Who asks for one product is told why nothing is done.
    let or_unwatched = selection.product_id.is_some();
    let selection = Selection { or_drafted: true, or_unwatched, ..selection };
    let now = app.clock.now();
    let watched = db::read(&app.pool, |db| scan(db, &app.config, selection, now))?;
    let today = app.config.calendar.day_of(now);
    let (idle, due): (Vec<_>, Vec<_>) = watched
        .iter()
        .map(|product| (product, product.decide(today)))
        .partition(|(of, decision)| of.is_settled(decision));
    // First, since what is ordered tells them too.
    for some in idle.chunks(LINES_AT_ONCE) {
        let line = |(of, decision): &(&Watched, Decision)| {
            RunLine::new(of, Outcome::Nothing, of.explained(decision))
        };
        let lines: Vec<RunLine> = some.iter().map(line).collect();
        db::transaction(&app.pool, |tx| write(tx, run_id, &lines))?;
    }
    let mut full = BTreeSet::new();
    for (product, _) in due {
        restock(app, run_id, actor, product, &mut full)?;
    }
    for order_id in db::read(&app.pool, |db| drafts::of_runs(db, selection.product_id))? {
        settle(app, run_id, order_id, actor)?;
    }
    // What was ordered is ordered, whatever becomes of the figures; the next run makes up for them.
    if let Err(error) = sum_up(app, selection, &watched) {
        log::log!(error.level(), "demand could not be summed up: {error}");
    }
    Ok(())
}

/// Orders a draft if it is time. When the database refuses, the draft stays for the next run, and its lines say so.
fn settle(app: &App, run_id: Id, order_id: Id, actor: Actor) -> Result<()> {
    drafts::settle(app, run_id, order_id, actor).or_else(|error| {
        log::log!(error.level(), "purchase order {order_id} could not be ordered: {error}");
        let sql = "UPDATE restock_run_lines SET outcome = 'failed', quantity = 0, reason = ?
             WHERE run_id = ? AND purchase_order_id = ? AND outcome = 'drafted'";
        let values = (REFUSED, run_id, order_id);
        db::transaction(&app.pool, |tx| tx.execute(sql, values).map(|_| ()))
    })
}

/// What a run says of what the database did not do. The error's text may hold the data of others; the log has it whole.
const REFUSED: &str = "the database refused; the log of the run has the cause";

/// Brings the summary of demand up to now, and what is expected of each product; of all watched products it keeps what is
/// suggested today, and judges what was suggested before.
fn sum_up(app: &App, selection: Selection, watched: &[Watched]) -> Result<()> {
    demand::fill(app, selection.product_id)?;
    if selection.product_id.is_some() {
        return Ok(());
    }
    let today = app.config.calendar.day_of(app.clock.now());
    hits::judge(app, today)?;
    let levels: HashMap<Id, ServiceLevel> =
        watched.iter().map(|watched| (watched.product_id, watched.policy.service_level)).collect();
    for some in db::read(&app.pool, sales_rates::products)?.chunks(LINES_AT_ONCE) {
        let ids: Vec<Id> = some.iter().map(|product| product.id).collect();
        let known = db::read(&app.pool, |db| outlook::known(db, &app.config.calendar, &ids, today))?;
        sales_rates::keep(app, some, &known)?;
        let suggestion = |of: &sales_rates::Product| {
            let (product_id, service_level) = (of.id, *levels.get(&of.id)?);
            let known = known.get(&product_id)?;
            let lead_time_days = known.waiting_days(of.waiting);
            let suggested = known.suggested(lead_time_days, service_level);
            Some(Suggestion { product_id, lead_time_days, suggested, service_level })
        };
        let suggestions: Vec<Suggestion> = some.iter().filter_map(suggestion).collect();
        hits::keep(app, &suggestions, today)?;
    }
    Ok(())
}

/// Restocks one product, which looked like this when it was scanned. `full` are the drafts that wait for something and
/// hold no more. Only when not even its failure can be written down an Err is returned.
fn restock(app: &App, run_id: Id, actor: Actor, product: &Watched, full: &mut BTreeSet<Id>) -> Result<()> {
    let draft = || db::transaction(&app.pool, |tx| decide_and_draft(app, tx, run_id, product));
    let done = draft().and_then(|full_draft| match full_draft {
        // What is on it is ordered, which makes room.
        Some(order_id) if !full.contains(&order_id) => {
            drafts::settle(app, run_id, order_id, actor)?;
            draft()
        }
        done => Ok(done),
    });
    match done {
        Ok(None) => Ok(()),
        Ok(Some(order_id)) => {
            full.insert(order_id);
            let reason = format!(
                "draft purchase order {order_id} holds {LINES_MAX} lines, the most that one may: order it, or cancel it"
            );
            fail(app, run_id, product, reason)
        }
        Err(error) => {
            log::error!("product {} could not be restocked: {error}", product.product_id);
            fail(app, run_id, product, REFUSED.to_owned())
        }
    }
}

/// Writes down that a product has failed.
fn fail(app: &App, run_id: Id, product: &Watched, reason: String) -> Result<()> {
    let line = RunLine::new(product, Outcome::Failed, reason);
    match db::transaction(&app.pool, |tx| write(tx, run_id, std::slice::from_ref(&line))) {
        // The connection broke at COMMIT, and all had been kept.
        Err(Error::Database(cause)) if is_duplicate_of(&cause, "PRIMARY") => Ok(()),
        written => written,
    }
}

/// What a run saw of the products, and what came of them.
pub fn lines(db: &mut Connection, run_id: Id) -> Result<Vec<RunLine>> {
    let columns = RunLine::columns();
    let sql = format!("SELECT {columns} FROM restock_run_lines l WHERE l.run_id = ? ORDER BY l.product_id");
    db.rows(&sql, (run_id,), RunLine::from_row)
}

/// Decides again with the rows locked, since another run or a shipment may have come first, or the product left the
/// catalogue; then sets its line on the draft of its supplier to that, and writes the run's line, in the same
/// transaction. Returns the draft when it is full; nothing is done then.
fn decide_and_draft(app: &App, tx: &mut Transaction, run_id: Id, scanned: &Watched) -> Result<Option<Id>> {
    let now = app.clock.now();
    tx.take_turn([scanned.product_id])?;
    let supply = scanned.supply.as_ref();
    let supplier_id = supply.map(|supply| supply.supplier_id);
    let drafts_of = [Some(draft_of(supplier_id)), scanned.drafted.by_runs.as_ref().map(|line| line.draft_of)];
    let open = drafts::lock(tx, drafts_of.into_iter().flatten().collect(), scanned.product_id)?;
    let mut product = lock(tx, scanned)?;
    product.drafted = drafts::held(&open);
    let by_runs = product.drafted.by_runs.clone();
    let decision = product.decide(app.config.calendar.day_of(now));
    let quantity = product.to_draft(&decision);
    let reason = product.reason(&decision);
    let mut line = RunLine::new(&product, Outcome::Nothing, reason);
    if product.is_settled(&decision) {
        write(tx, run_id, &[line])?;
        return Ok(None);
    }
    // What is on its way has time to find room, but no order is for more than a shelf holds.
    let on_hand = if product.waiting.is_at_once() { product.shelf.on_hand } else { 0 };
    if on_hand + quantity > ON_HAND_MAX {
        line.outcome = Outcome::Failed;
        line.reason = format!(
            "{on_hand} on hand and {quantity} more would be over {ON_HAND_MAX}, the most that a shelf can hold"
        );
        log::error!("product {} could not be restocked: {}", line.product_id, line.reason);
        write(tx, run_id, &[line])?;
        return Ok(None);
    }
    let kept = by_runs.as_ref().filter(|there| quantity > 0 && there.draft_of == draft_of(supplier_id));
    let order_id = match kept {
        _ if quantity == 0 => None,
        Some(there) => Some(there.order_id),
        None => match drafts::with_room(tx, &open, supplier_id, run_id, now)? {
            Ok(order_id) => Some(order_id),
            Err(full) => return Ok(Some(full)),
        },
    };
    let changed = |tx: &mut Transaction, order_id| {
        let kind = Kind::PurchaseOrderChanged;
        purchase::record(tx, now, kind, order_id, &[product.product_id], &["lines"])
    };
    if let Some(there) = by_runs.as_ref().filter(|_| kept.is_none()) {
        purchase::take_line(tx, there.order_id, product.product_id, there.quantity, now)?;
        changed(tx, there.order_id)?;
    }
    line.purchase_order_id = order_id;
    if let Some(order_id) = order_id {
        let new = NewLine {
            product_id: product.product_id,
            quantity,
            supplier_sku: supply.and_then(|supply| supply.terms.supplier_sku.as_ref()),
            unit_cost: supply.map(|supply| supply.terms.cost_at(quantity)),
            cost_of_offer: supply.is_some(),
            set_by_person: false,
            reason: Some(&line.reason),
        };
        purchase::put_line(tx, order_id, &new, kept.map_or(0, |there| there.quantity), now)?;
        changed(tx, order_id)?;
        line.outcome = Outcome::Drafted;
        line.quantity = quantity;
    }
    write(tx, run_id, &[line])?;
    Ok(None)
}

/// The product as it is now, with the row of its stock locked.
fn lock(tx: &mut Transaction, scanned: &Watched) -> Result<Watched> {
    let sql = format!(
        "SELECT {}, {}, {WAITING}, (SELECT p.active = 0 FROM products p WHERE p.id = s.product_id) AS archived
         FROM stock s WHERE s.product_id = ? FOR UPDATE",
        Figures::columns_of("s"),
        Policy::columns_of("s")
    );
    // What was reserved since the run looked is the next run's, which also sees who ordered it.
    let (left_out, reserved_max) = (scanned.left_out, scanned.shelf.reserved);
    let product = tx.row(&sql, (scanned.product_id,), |row| Watched {
        archived: column(row, "archived"),
        shelf: Figures::from_row(row).without_reserved(left_out).with_reserved_at_most(reserved_max),
        policy: Policy::from_row(row),
        waiting: Waiting::from_row(row),
        ..scanned.clone()
    })?;
    product.ok_or_else(|| Error::Internal(format!("product {} has no stock", scanned.product_id)))
}

fn write(tx: &mut Transaction, run_id: Id, lines: &[RunLine]) -> Result<()> {
    let mut values: Vec<Value> = Vec::with_capacity(18 * lines.len());
    for line in lines {
        values.extend([
            run_id.into(),
            line.product_id.into(),
            line.shelf.on_hand.into(),
            line.shelf.reserved.into(),
            line.shelf.incoming.into(),
            line.shelf.drafted.into(),
        ]);
        values.extend(line.policy.written());
        values.extend([
            line.effective_lead_time_days.into(),
            line.outcome.into(),
            line.quantity.into(),
            line.reason.as_str().into(),
            line.purchase_order_id.into(),
        ]);
    }
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"; lines.len()].join(", ");
    let sql = format!(
        "INSERT INTO restock_run_lines
             (run_id, product_id, on_hand, reserved, incoming, drafted, {}, effective_lead_time_days, outcome, quantity,
              reason, purchase_order_id)
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
        COUNT(CASE l.outcome WHEN 'drafted' THEN 1 END) AS drafted,
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
            drafted: column(row, "drafted"),
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
