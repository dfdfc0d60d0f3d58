//! The feed as programs and staff read it: numbered entries without a gap, from a position on.

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::database::is_storage_full;
use crate::error::{Error, Result};
use crate::events::{self, Entry, Extent, Kind};
use crate::problem::{self, Problem};
use crate::values::{Bad, Timestamp, boolean};
use crate::web::paging::{Cursor, Keyset, List, Page};
use crate::web::request::Request;
use crate::web::response;

/// A node of a cluster knows within this time what another one has numbered. A number beyond the last one that is
/// older was given before a backup was restored.
const KNOWN_TO_ALL_AFTER: chrono::Duration = chrono::Duration::minutes(1);

/// `GET /events?type=&at_end=&limit=&after=`: what happened, in the order of the numbers, from the oldest that is kept or from
/// a position on. `next` is always there: ask with it again, as often as you like. `at_end=true` answers nothing but the
/// position at this moment. 410 `events_gone` when entries after the position are kept no more.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    // A position is an entry's number, with the time when it was given.
    let keyset = Keyset::by_time("e.numbered_at", "e.number");
    let mut form = request.query()?;
    let at_end = form.with_default("at_end", false, boolean);
    if at_end == Some(true) && form.has("after") {
        let message = "is itself a position; leave it out, or at_end";
        form.reject("after", Bad::new("not_with_at_end", message));
    }
    let page = Page::read(&mut form, &keyset);
    let kind = form.optional("type", |input| {
        Kind::parse_among(input, Kind::ALL)
            .map_err(|bad| Bad::new(bad.code, format!("{}; leave it out for all", bad.message)))
    });
    let (page, at_end, kind) = form.finish(|| Some((page?, at_end?, kind?)))?;
    number(app)?;
    let now = app.clock.now();
    let list = db::snapshot(&app.pool, |db| read(db, &page, at_end, kind, now))?;
    Ok(response::json(200, &list))
}

/// Gives numbers to what has been committed. Those who ask at the same time share it, so that they use one connection.
fn number(app: &App) -> Result<()> {
    match app.numbering.read("", (), |_| events::number(&app.pool, app.clock.now())) {
        // What has its number can be read all the same.
        Err(Error::Database(cause)) if is_storage_full(&cause) => Ok(()),
        numbered => numbered.map(|_| ()),
    }
}

fn read(
    db: &mut Connection,
    page: &Page,
    at_end: bool,
    kind: Option<Kind>,
    now: Timestamp,
) -> Result<List<Entry>> {
    let extent = events::extent(db)?;
    let end = Cursor::by_time(extent.numbered_at.unwrap_or(Timestamp::MIN), extent.last);
    let after = match &page.after {
        None if at_end => extent.last,
        None => extent.pruned,
        Some(cursor) if cursor.id > extent.last => {
            if cursor.time().is_some_and(|at| at + KNOWN_TO_ALL_AFTER < now) {
                return Err(another_history().into());
            }
            return Ok(List { data: Vec::new(), next: Some(cursor.write()) });
        }
        Some(cursor) => {
            refuse_if_gone(db, cursor, extent)?;
            cursor.id
        }
    };
    let mut filter = Filter::default();
    filter.add("e.number > ? AND e.number <= ?", [after.into(), extent.last.into()]);
    if let Some(kind) = kind {
        filter.add("e.type = ?", [Value::from(kind)]);
    }
    let index = if kind.is_some() { "events_by_type" } else { "PRIMARY" };
    let sql = format!(
        "SELECT {} FROM events e FORCE INDEX ({index}) {} ORDER BY e.number LIMIT ?",
        Entry::COLUMNS,
        filter.sql()
    );
    let data = db.rows(&sql, filter.values(page.limit), Entry::from_row)?;
    // A page that is not full has looked at all that there is.
    let full = data.len() as u64 == page.limit.unsigned_abs();
    let next = match data.last().filter(|_| full) {
        Some(last) => Cursor::by_time(last.numbered_at, last.number),
        None => end,
    };
    Ok(List { data, next: Some(next.write()) })
}

/// Refuses a position behind which entries are missing, or that is of another history of the shop.
fn refuse_if_gone(db: &mut Connection, cursor: &Cursor, extent: Extent) -> Result<()> {
    if cursor.id < extent.pruned {
        let detail = format!(
            "The entries up to number {} are no longer kept, and this position is before it. {START_OVER}",
            extent.pruned
        );
        return Err(Problem::new(problem::EVENTS_GONE, detail).into());
    }
    // The last one that is deleted is a good position, and there is nothing to compare it with.
    if cursor.id == extent.pruned {
        return Ok(());
    }
    let sql = "SELECT numbered_at FROM events WHERE number = ?";
    let numbered_at: Option<Timestamp> = db.row(sql, (cursor.id,), |row| column(row, "numbered_at"))?;
    if numbered_at == cursor.time() { Ok(()) } else { Err(another_history().into()) }
}

const START_OVER: &str = "Start over: take a position with GET /events?at_end=true, copy what you follow with the lists, and go on from \
     the position.";

fn another_history() -> Problem {
    let detail = format!(
        "This position is of another history of the shop, such as before a backup was restored. {START_OVER}"
    );
    Problem::new(problem::EVENTS_GONE, detail)
}
