//! Proofs of the books that a manager asks for, and what came of them and of those by `storekeeper verify`.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, NO_FIELDS, Object};
use crate::db::{self, Filter};
use crate::error::{Error, Result};
use crate::problem::{self, Problem};
use crate::upkeep::{self, Broken, Kind, MAKER, Upkeep};
use crate::values::{Id, Timestamp};
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Serialize)]
struct Verification {
    id: Id,
    /// When it began.
    at: Timestamp,
    account_id: Option<Id>,
    username: Option<String>,
    command: Option<String>,
    running: bool,
    /// None while it is running, and where it was cut off.
    held: Option<bool>,
    took_ms: Option<i64>,
    broken: Vec<Broken>,
}

impl From<Upkeep> for Verification {
    fn from(of: Upkeep) -> Verification {
        Verification {
            id: of.id,
            at: of.at,
            account_id: of.account_id,
            username: of.username,
            command: of.command,
            running: of.running,
            held: of.succeeded,
            took_ms: of.took_ms,
            broken: of.broken,
        }
    }
}

/// `POST /verifications`: begins to run every invariant, which goes on after the answer: 201 with the proof as it begins, and
/// at its Location what becomes of it. 409 `verification_running` while another one is at work.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let mut begun = None;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let actor = request.caller.actor();
        let id = upkeep::begin(tx, actor, app.clock.now())?.ok_or_else(still_running)?;
        audit::record(app, tx, actor, Action::Started, (Object::Verification, id), NO_FIELDS)?;
        let verification = upkeep::verification(tx, id)?.ok_or_else(Problem::not_found)?;
        begun = Some(id);
        claim.keep(tx, Answer::created(format!("/verifications/{id}"), &Verification::from(verification)))
    });
    // Where nobody knows whether COMMIT was done it goes on too: of a row that is not there nothing is kept.
    let goes_on = match &answered {
        Ok(answered) => !answered.is_replayed(),
        Err(cause) => matches!(cause, Error::OutcomeUnknown(_)),
    };
    if let Some(id) = begun.filter(|_| goes_on) {
        upkeep::go_on(&app.config.database_url, id).map_err(|cause| {
            log::error!("no thread for verification {id}: {cause}");
            Problem::busy("The machine has no room for it now. Ask for another one in a minute.")
        })?;
    }
    Ok(answered?.into_response())
}

fn still_running() -> Problem {
    let detail = "One is at work, and there is one at a time. GET /verifications says when it has ended.";
    Problem::new(problem::VERIFICATION_RUNNING, detail).retry_after(5)
}

/// `GET /verifications?limit=&after=`: newest first.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_time("u.at", "u.id").descending().through("upkeep_by_kind");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    filter.add("u.kind = ?", [Kind::Verification.into()]);
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT {} FROM upkeep u {} {MAKER} {} {} LIMIT ?",
        upkeep::columns(),
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let from_row = |row: &mysql::Row| Verification::from(Upkeep::from_row(row));
    let verifications = db::read(&app.pool, |db| db.rows(&sql, values.clone(), from_row))?;
    let bytes = |of: &Verification| response::to_text(of).len();
    let list = page.list_by_size(verifications, bytes, |of| Cursor::by_time(of.at, of.id));
    Ok(response::json(200, &list))
}

/// `GET /verifications/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let verification = db::read(&app.pool, |db| upkeep::verification(db, request.path_id))?;
    let verification = verification.ok_or_else(Problem::not_found)?;
    Ok(response::resource(request, &Verification::from(verification)))
}
