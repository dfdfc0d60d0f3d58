//! Files of other shops and of spreadsheets: a dry run says what each row would do, applying does that, and undoing sets it
//! back where nobody has changed it since.
//!
//! The file is read row by row (`sheet`), each row is compared with what is there (`goods`, `people`), and what would change
//! is kept (`stored`) until it is applied in small transactions (`applying`). So nothing is ever half a row, a request that
//! is cut off goes on with the next one, and what somebody has changed meanwhile is refused and not overwritten.

mod applying;
mod cells;
mod columns;
mod goods;
mod people;
mod plan;
mod reading;
mod sheet;
mod stored;

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::csv::{Delimiter, Encoding};
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::handlers::imports::applying::Way;
use crate::handlers::imports::cells::Decimal;
use crate::handlers::imports::columns::{Source, Type};
use crate::handlers::imports::plan::{Blank, Status};
use crate::handlers::imports::reading::Asked;
use crate::handlers::imports::stored::{Outcome, State, StoredRow};
use crate::http;
use crate::problem::{self, Problem};
use crate::pruning;
use crate::values::{Id, Timestamp};
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

/// A catalogue of a hundred thousand products without long texts.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// What an answer shows of what was refused; the rest is on pages of its own.
const REFUSED_SHOWN: usize = 100;
/// As long as somebody may want to undo it. Whoever finds out later has worked with it for a month.
const KEPT: chrono::Duration = chrono::Duration::days(30);

#[derive(Debug, Serialize)]
struct Import {
    id: Id,
    #[serde(rename = "type")]
    about: Type,
    status: Status,
    source: Source,
    encoding: Encoding,
    delimiter: Delimiter,
    blank: Blank,
    counted_at: Timestamp,
    /// Which column was taken for which field.
    columns: Value,
    rows: Rows,
    applied: u32,
    not_applied: u32,
    undone: u32,
    not_undone: u32,
    account_id: Option<Id>,
    username: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    allowed_actions: &'static [&'static str],
}

/// What the dry run has found.
#[derive(Debug, Serialize)]
struct Rows {
    create: u32,
    change: u32,
    same: u32,
    refused: u32,
    /// Those that belong to another row: images, and what variations have in common.
    joined: u32,
}

/// With what was refused, up to [`REFUSED_SHOWN`] rows of it.
#[derive(Debug, Serialize)]
struct View {
    #[serde(flatten)]
    import: Import,
    refused_rows: Vec<StoredRow>,
}

impl Import {
    fn from_row(row: &Row) -> Import {
        let status = column(row, "status");
        Import {
            id: column(row, "id"),
            about: column(row, "type"),
            status,
            source: column(row, "source"),
            encoding: column(row, "encoding"),
            delimiter: column(row, "delimiter"),
            blank: column(row, "blank"),
            counted_at: column(row, "counted_at"),
            columns: serde_json::from_str(&column::<String>(row, "columns_found"))
                .expect("JSON that was written here"),
            rows: Rows {
                create: column(row, "to_create"),
                change: column(row, "to_change"),
                same: column(row, "same"),
                refused: column(row, "refused"),
                joined: column(row, "joined"),
            },
            applied: column(row, "applied"),
            not_applied: column(row, "not_applied"),
            undone: column(row, "undone"),
            not_undone: column(row, "not_undone"),
            account_id: column(row, "actor_account_id"),
            username: column(row, "username"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
            allowed_actions: match status {
                Status::Ready => &["apply"],
                Status::Applying => &["apply", "undo"],
                Status::Applied | Status::Undoing => &["undo"],
                Status::Reading | Status::Undone => &[],
            },
        }
    }
}

fn select() -> &'static str {
    "SELECT i.*, a.username FROM imports i LEFT JOIN accounts a ON a.id = i.actor_account_id"
}

fn find(db: &mut Connection, id: Id) -> Result<View> {
    let import = db.row(&format!("{} WHERE i.id = ?", select()), (id,), Import::from_row)?;
    let import = import.ok_or_else(Problem::not_found)?;
    let sql = format!(
        "{} WHERE r.import_id = ? AND (r.outcome = 'refused' OR r.state IN ('not_applied', 'not_undone'))
         ORDER BY r.number LIMIT ?",
        stored::select()
    );
    let refused_rows = db.rows(&sql, (id, REFUSED_SHOWN), StoredRow::from_row)?;
    Ok(View { import, refused_rows })
}

/// `POST /imports?type=&map=&blank=&counted_at=&decimal=&delimiter=&encoding=`, with a CSV file of up to 20 MiB or 100,000
/// rows: what it would do, and nothing of it is done yet. 201 with the dry run.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    check_media_type(request)?;
    let asked = read_asked(app, request)?;
    let upload =
        request.upload.as_ref().ok_or_else(|| Problem::busy("The file did not arrive. Send it again."))?;
    let caller = &request.caller;
    let answered = idempotency::once_after(
        app,
        Key::of(request)?,
        || {
            let mut file = upload.file.try_clone().map_err(http::no_room)?;
            reading::read(app, caller, &asked, &mut file)
        },
        |tx, claim, &id| {
            audit::record(app, tx, caller.actor(), Action::Created, (Object::Import, id), audit::NO_FIELDS)?;
            let mut view = find(tx, id)?;
            if asked.about == Type::Customers {
                // The answer is kept under its key, where nobody would find them when they are erased.
                view.refused_rows
                    .iter_mut()
                    .flat_map(|row| &mut row.errors)
                    .for_each(|error| error.value = None);
            }
            claim.keep(tx, Answer::created(format!("/imports/{id}"), &view))
        },
    )?;
    Ok(answered.into_response())
}

fn check_media_type(request: &Request) -> Result<(), Problem> {
    let given = request.http.header("Content-Type").unwrap_or("");
    let media_type = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    // What browsers call a file with tabs, and what Windows calls any CSV where Excel is there.
    let known = [
        "text/csv",
        "text/tab-separated-values",
        "application/csv",
        "application/vnd.ms-excel",
        "text/plain",
    ];
    if known.contains(&media_type.as_str()) {
        return Ok(());
    }
    let detail = "Send the file itself as the body, with the header \"Content-Type: text/csv\"; a workbook is first saved as CSV.";
    Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, detail))
}

fn read_asked(app: &App, request: &Request) -> Result<Asked, Problem> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let about = form.required("type", |input| Type::parse_among(input, Type::ALL));
    let mapping = form.with_default("map", Vec::new(), columns::parse_mapping);
    let blank = form.with_default("blank", Blank::Keep, |input| Blank::parse_among(input, Blank::ALL));
    let counted_at = form.with_default("counted_at", now, |input| app.config.calendar.as_of(input, now));
    let decimal = form.optional("decimal", |input| Decimal::parse_among(input, Decimal::ALL));
    let delimiter = form.optional("delimiter", |input| Delimiter::parse_among(input, Delimiter::ALL));
    let encoding = form.optional("encoding", |input| Encoding::parse_among(input, Encoding::ALL));
    form.finish(|| {
        Some(Asked {
            about: about?,
            mapping: mapping?,
            blank: blank?,
            counted_at: counted_at?,
            decimal: decimal?,
            delimiter: delimiter?,
            encoding: encoding?,
        })
    })
}

/// `GET /imports?type=&status=&limit=&after=`: newest first.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("i.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let about = form.optional("type", |input| Type::parse_among(input, Type::ALL));
    let status = form.optional("status", |input| Status::parse_among(input, Status::ALL));
    let (page, about, status) = form.finish(|| Some((page?, about?, status?)))?;
    let mut filter = Filter::default();
    if let Some(about) = about {
        filter.add("i.type = ?", [about.into()]);
    }
    if let Some(status) = status {
        filter.add("i.status = ?", [status.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!("{} {} {} LIMIT ?", select(), filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let imports = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Import::from_row))?;
    Ok(response::json(200, &page.list(imports, |import| Cursor::by_id(import.id))))
}

/// `GET /imports/{id}`: how far it is, with what was refused.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let view = db::snapshot(&app.pool, |db| find(db, request.path_id))?;
    Ok(response::resource(request, &view))
}

/// `GET /imports/{id}/rows?outcome=&state=&limit=&after=`: what each row does or has done, in the order of the file; rows
/// that change nothing are not among them.
pub fn list_rows(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("r.number");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let outcome = form.optional("outcome", |input| Outcome::parse_among(input, Outcome::ALL));
    let state = form.optional("state", |input| State::parse_among(input, State::ALL));
    let (page, outcome, state) = form.finish(|| Some((page?, outcome?, state?)))?;
    let mut filter = Filter::default();
    filter.add("r.import_id = ?", [request.path_id.into()]);
    if let Some(outcome) = outcome {
        filter.add("r.outcome = ?", [outcome.into()]);
    }
    if let Some(state) = state {
        filter.add("r.state = ?", [state.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!("{} {} {} LIMIT ?", stored::select(), filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let rows = db::read(&app.pool, |db| {
        let found = db.row("SELECT id FROM imports WHERE id = ?", (request.path_id,), |_| ())?;
        found.ok_or_else(Problem::not_found)?;
        db.rows(&sql, values.clone(), StoredRow::from_row)
    })?;
    let bytes = |row: &StoredRow| response::to_text(row).len();
    Ok(response::json(200, &page.list_by_size(rows, bytes, |row| Cursor::by_id(row.number.into()))))
}

/// `POST /imports/{id}/apply`: does what the dry run says, for up to 20 seconds; the same request goes on until the status is
/// `applied`. What has changed since the dry run is left as it is, and named. 200; 409 `import_state`.
pub fn post_apply(app: &App, request: &Request) -> Result<Response> {
    go(app, request, Way::Apply)
}

/// `POST /imports/{id}/undo`: sets back what it has done and nobody has changed since, with lines of its own in the ledger.
/// 200; 409 `import_state` when nothing of it is applied.
pub fn post_undo(app: &App, request: &Request) -> Result<Response> {
    go(app, request, Way::Undo)
}

fn go(app: &App, request: &Request, way: Way) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let id = request.path_id;
    let answered = idempotency::once_after(
        app,
        Key::of(request)?,
        || {
            let view = db::snapshot(&app.pool, |db| find(db, id))?;
            response::check_if_match(request, &view)?;
            applying::work(app, &request.caller, id, way)
        },
        |tx, claim, ()| {
            let view = find(tx, id)?;
            claim.keep(tx, Answer::changed(format!("/imports/{id}"), &view))
        },
    )?;
    Ok(answered.into_response())
}

/// Deletes imports that nobody has touched for as long as they are kept, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = pruning::now(app)? - KEPT;
    let mut pruned = 0;
    loop {
        let sql = "SELECT id FROM imports WHERE updated_at <= ? ORDER BY updated_at, id LIMIT 1";
        let oldest: Option<Id> = db::read(&app.pool, |db| db.row(sql, (horizon,), |row| column(row, "id")))?;
        let Some(id) = oldest else { return Ok(pruned) };
        reading::delete(app, id)?;
        pruned += 1;
    }
}
