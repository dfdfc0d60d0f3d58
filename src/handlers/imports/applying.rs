//! Doing what the dry run has shown, and setting it back: row by row, so many in a transaction, from where the last request
//! or the last process has left off. Each row is decided once, under the lock of its import.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::audit::{self, Action, NO_FIELDS, Object};
use crate::db::{self, Transaction, column};
use crate::error::{Error, Result};
use crate::handlers::imports::columns::Type;
use crate::handlers::imports::plan::{Plan, Status};
use crate::handlers::imports::reading::plan_of;
use crate::handlers::imports::sheet::RowError;
use crate::handlers::imports::stored::{self, State, StoredRow};
use crate::handlers::imports::{goods, people};
use crate::problem::{self, Problem};
use crate::values::Id;
use crate::web::caller::Caller;

/// A proxy gives up after a minute. What is not done by then is done by the next request.
const WORKING_MAX: Duration = Duration::from_secs(20);
/// In one transaction, which holds as many products as an order of half its lines.
const ROWS_AT_ONCE: usize = 50;

/// Which way the rows of an import go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Apply,
    Undo,
}

impl Way {
    fn from(self) -> &'static [Status] {
        match self {
            Way::Apply => &[Status::Ready, Status::Applying],
            // Half of it can be set back too.
            Way::Undo => &[Status::Applying, Status::Applied, Status::Undoing],
        }
    }

    fn during(self) -> Status {
        if self == Way::Apply { Status::Applying } else { Status::Undoing }
    }

    fn done(self) -> Status {
        if self == Way::Apply { Status::Applied } else { Status::Undone }
    }

    /// The state of the rows that it takes up, and those in which it leaves them.
    fn states(self) -> (State, State, State) {
        match self {
            Way::Apply => (State::Waiting, State::Applied, State::NotApplied),
            Way::Undo => (State::Applied, State::Undone, State::NotUndone),
        }
    }

    fn columns(self) -> (&'static str, &'static str) {
        if self == Way::Apply { ("applied", "not_applied") } else { ("undone", "not_undone") }
    }

    fn action(self) -> Action {
        if self == Way::Apply { Action::Applied } else { Action::Undone }
    }
}

/// What one transaction has come to.
enum Step {
    More,
    Done,
}

/// Goes on until all rows are decided, or for as long as one request may take.
pub fn work(app: &App, caller: &Caller, import_id: Id, way: Way) -> Result<()> {
    let started = Instant::now();
    let mut one_by_one = 0;
    loop {
        let at_once = if one_by_one > 0 { 1 } else { ROWS_AT_ONCE };
        let mut stopped_at = None;
        let step =
            db::transaction(&app.pool, |tx| step(app, tx, caller, import_id, way, at_once, &mut stopped_at));
        match (step, stopped_at) {
            (Ok(Step::Done), _) => return Ok(()),
            (Ok(Step::More), _) => one_by_one -= usize::from(one_by_one > 0),
            // One of them is refused, and what the others did is rolled back with it.
            (Err(Error::Refused(_)), Some(_)) if at_once > 1 => one_by_one = ROWS_AT_ONCE,
            (Err(Error::Refused(problem)), Some(number)) => {
                db::transaction(&app.pool, |tx| leave_out(app, tx, import_id, way, number, &problem))?;
                one_by_one -= 1;
            }
            (Err(error), _) => return Err(error),
        }
        if started.elapsed() >= WORKING_MAX {
            return Ok(());
        }
    }
}

/// Locks an import that may go this way, and returns what holds for its rows, and from which one it goes on.
fn lock(app: &App, tx: &mut Transaction, caller: &Caller, import_id: Id, way: Way) -> Result<(Plan, u32)> {
    let sql = "SELECT type, status, blank, counted_at, next_number FROM imports WHERE id = ? FOR UPDATE";
    let found = tx.row(sql, (import_id,), |row| {
        let plan = plan_of(import_id, column(row, "type"), column(row, "blank"), column(row, "counted_at"));
        (plan, column::<Status>(row, "status"), column::<u32>(row, "next_number"))
    })?;
    let (plan, status, next) = found.ok_or_else(Problem::not_found)?;
    if !way.from().contains(&status) {
        return Err(wrong_state(status, way).into());
    }
    if status == way.during() {
        return Ok((plan, next));
    }
    audit::record(app, tx, caller.actor(), way.action(), (Object::Import, import_id), NO_FIELDS)?;
    tx.execute("UPDATE imports SET status = ?, next_number = 0 WHERE id = ?", (way.during(), import_id))?;
    Ok((plan, 0))
}

/// What stands in the way.
fn wrong_state(status: Status, way: Way) -> Problem {
    let detail = match (status, way) {
        (Status::Reading, _) => "The file is still being read, or its reading was cut off. Send it again.",
        (Status::Applied | Status::Undone | Status::Undoing, Way::Apply) => {
            "It was applied before, and is applied once. Send the file again, and its dry run shows what is left to do."
        }
        (_, _) => "Nothing of it is applied, so there is nothing to undo.",
    };
    Problem::new(problem::IMPORT_STATE, detail)
}

fn step(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    import_id: Id,
    way: Way,
    at_once: usize,
    stopped_at: &mut Option<u32>,
) -> Result<Step> {
    *stopped_at = None;
    let (plan, next) = match lock(app, tx, caller, import_id, way) {
        Err(Error::Refused(_)) if is_done(tx, import_id, way)? => return Ok(Step::Done),
        locked => locked?,
    };
    let (state, _, _) = way.states();
    let mut rows = stored::next(tx, import_id, next, state, at_once)?;
    let after = rows.last().map(|row| row.number + 1);
    // Rows of stock are locked by everybody in the order of their products; new ones come last.
    rows.sort_by_key(|row| (row.object_id.is_none(), row.object_id));
    for row in &mut rows {
        let done = one(app, tx, caller, &plan, way, row);
        if let Err(Error::Refused(_)) = done {
            *stopped_at = Some(row.number);
        }
        done?;
        row.state = way.states().1;
        stored::update(tx, import_id, row)?;
    }
    let count = rows.len();
    let status = if count < at_once { way.done() } else { way.during() };
    let (column, _) = way.columns();
    tx.execute(
        &format!("UPDATE imports SET status = ?, next_number = ?, {column} = {column} + ?, updated_at = ? WHERE id = ?"),
        (status, after.unwrap_or(next), count, app.clock.now(), import_id),
    )?;
    Ok(if count < at_once { Step::Done } else { Step::More })
}

fn is_done(tx: &mut Transaction, import_id: Id, way: Way) -> Result<bool> {
    let status = tx.row("SELECT status FROM imports WHERE id = ?", (import_id,), |row| {
        column::<Status>(row, "status")
    })?;
    Ok(status == Some(way.done()))
}

fn one(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    plan: &Plan,
    way: Way,
    row: &mut StoredRow,
) -> Result<()> {
    match (way, plan.about) {
        (Way::Apply, Type::Products | Type::Stock) => goods::apply(app, tx, caller, plan, row),
        (Way::Apply, Type::Customers | Type::Suppliers) => people::apply(app, tx, caller, plan, row),
        (Way::Undo, Type::Products | Type::Stock) => goods::undo(app, tx, caller, plan, row),
        (Way::Undo, Type::Customers | Type::Suppliers) => people::undo(app, tx, caller, plan, row),
    }
}

/// Leaves a row as it is, with why, unless somebody else has decided it meanwhile.
fn leave_out(
    app: &App,
    tx: &mut Transaction,
    import_id: Id,
    way: Way,
    number: u32,
    problem: &Problem,
) -> Result<()> {
    tx.row("SELECT id FROM imports WHERE id = ? FOR UPDATE", (import_id,), |_| ())?;
    let (from, _, left_out) = way.states();
    let Some(mut row) =
        stored::next(tx, import_id, number, from, 1)?.into_iter().find(|row| row.number == number)
    else {
        return Ok(());
    };
    row.state = left_out;
    row.errors = errors_of(problem);
    stored::update(tx, import_id, &row)?;
    let (_, column) = way.columns();
    tx.execute(
        &format!("UPDATE imports SET next_number = ?, {column} = {column} + 1, updated_at = ? WHERE id = ?"),
        (number + 1, app.clock.now(), import_id),
    )?;
    Ok(())
}

fn errors_of(problem: &Problem) -> Vec<RowError> {
    let error = |field: &str, code: &str, message: &str| RowError {
        column: None,
        field: field.to_owned(),
        value: None,
        code: code.to_owned(),
        message: message.to_owned(),
    };
    match &problem.errors[..] {
        [] => vec![error("", problem.kind.code, &problem.detail)],
        errors => errors.iter().map(|bad| error(&bad.field, bad.code, &bad.message)).collect(),
    }
}
