//! Stock takes over HTTP: opening one, how it goes, and calling it off. People count without blocking anything (`counts`);
//! what they counted is reviewed (`lines`) and comes into the ledger (`book`).

mod book;
mod counts;
mod lines;

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::handlers::costs::{costs_in, worth};
use crate::handlers::movements::ActorNamed;
use crate::handlers::stock_takes::lines::{MOVEMENTS, value};
use crate::ledger::takes::{self, EXPECTED, PRODUCTS_MAX, Selection, TakeStatus, Unopened};
use crate::problem::{self, Problem};
use crate::values::{Bad, Currency, Id, Line, Paragraph, Timestamp, Worth};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

pub use book::post as post_book;
pub use counts::{delete as delete_count, post as post_counts};
pub use lines::list as list_lines;

/// A stock take without its figures.
#[derive(Debug, Clone, Serialize)]
struct Head {
    id: Id,
    status: TakeStatus,
    category: Option<String>,
    shelf: Option<String>,
    note: Option<String>,
    opened_by: Option<ActorNamed>,
    opened_at: Timestamp,
    updated_at: Timestamp,
    /// When it was booked or cancelled.
    closed_at: Option<Timestamp>,
    allowed_actions: &'static [&'static str],
}

#[derive(Debug, Clone, Serialize)]
struct StockTake {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Debug, Clone, Serialize)]
struct Figures {
    products: i64,
    counted: i64,
    /// Of which something else was counted than the ledger says.
    different: i64,
    booked: i64,
    last_counted_at: Option<Timestamp>,
    /// What the differences are worth; None for who may not know it.
    value: Option<Worth>,
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("status", "POST /stock_takes/{id}/book and /cancel change it"),
    Shown::fixed("category", SELECTED), Shown::fixed("shelf", SELECTED),
    Shown::fixed("opened_by", "it never changes"), Shown::fixed("opened_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::fixed("closed_at", "POST /stock_takes/{id}/book and /cancel set it"),
    Shown::books("allowed_actions", "it follows from the status"),
    Shown::fixed("products", COUNTS), Shown::fixed("counted", COUNTS), Shown::fixed("different", COUNTS),
    Shown::fixed("last_counted_at", COUNTS), Shown::books("value", "it follows from the counts and the ledger"),
    Shown::books("booked", "POST /stock_takes/{id}/book changes it"),
];

const SELECTED: &str = "it says what was selected; POST /stock_takes opens another one";
const COUNTS: &str = "POST /stock_takes/{id}/counts changes it";

impl Head {
    fn from_row(row: &Row) -> Head {
        let status = column(row, "status");
        Head {
            id: column(row, "id"),
            status,
            category: column(row, "category"),
            shelf: column(row, "shelf"),
            note: column(row, "note"),
            opened_by: ActorNamed::from_row(row),
            opened_at: column(row, "opened_at"),
            updated_at: column(row, "updated_at"),
            closed_at: column(row, "closed_at"),
            allowed_actions: if status == TakeStatus::Open { &["counts", "book", "cancel"] } else { &[] },
        }
    }
}

fn select_heads() -> &'static str {
    "SELECT t.id, t.status, t.category, t.shelf, t.note, t.actor_account_id, a.username, t.actor_api_key_id,
         k.name AS api_key_name, t.opened_at, t.updated_at, t.closed_at
     FROM stock_takes t LEFT JOIN accounts a ON a.id = t.actor_account_id LEFT JOIN api_keys k ON k.id = t.actor_api_key_id"
}

/// `GET /stock_takes?status=&limit=&after=`: newest first, without their figures.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("t.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let status = form.optional("status", |input| TakeStatus::parse_among(input, TakeStatus::ALL));
    let (page, status) = form.finish(|| Some((page?, status?)))?;
    let mut filter = Filter::default();
    if let Some(status) = status {
        filter.add("t.status = ?", [status.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!("{} {} {} LIMIT ?", select_heads(), filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let takes = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Head::from_row))?;
    Ok(response::json(200, &page.list(takes, |take| Cursor::by_id(take.id))))
}

/// `GET /stock_takes/{id}`: with what is counted, and how it differs.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let costs_in = costs_in(app, &request.caller);
    let take = db::snapshot(&app.pool, |db| find(db, request.path_id, costs_in))?;
    Ok(response::resource(request, &take))
}

/// The take as it stands; 404 when there is none. To be called in one transaction.
fn find(db: &mut Connection, id: Id, costs_in: Option<&Currency>) -> Result<StockTake> {
    let sql = format!("{} WHERE t.id = ?", select_heads());
    let head = db.row(&sql, (id,), Head::from_row)?.ok_or_else(Problem::not_found)?;
    // The ledger is asked about what was counted only.
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM stock_take_lines WHERE stock_take_id = ?) AS products, COUNT(*) AS counted,
             COUNT(CASE WHEN l.counted <> {EXPECTED} THEN 1 END) AS different, COUNT(l.booked_at) AS booked,
             MAX(l.counted_at) AS last_counted_at, CAST(COALESCE(SUM({}), 0) AS CHAR) AS value
         FROM stock_take_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id {MOVEMENTS}
         WHERE l.stock_take_id = ? AND l.counted IS NOT NULL",
        value()
    );
    let figures = db.row(&sql, (id, id), |row| Figures {
        products: column(row, "products"),
        counted: column(row, "counted"),
        different: column(row, "different"),
        booked: column(row, "booked"),
        last_counted_at: column(row, "last_counted_at"),
        value: costs_in.map(|currency| worth(row, "value", currency)),
    })?;
    Ok(StockTake { head, figures: figures.ok_or_else(Problem::not_found)? })
}

/// `POST /stock_takes`: `{category? | shelf?, note?}`; over all active products, those of a category, or those on a shelf
/// whose text is or begins with this one. 201 with the stock take.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let category = form.optional("category", Line::parse);
    let shelf = form.optional("shelf", Line::parse);
    let note = form.optional("note", Paragraph::<2000>::parse);
    if let (Some(Some(_)), Some(Some(_))) = (&category, &shelf) {
        form.reject("shelf", Bad::new("category_or_shelf", "send either a category or a shelf"));
    }
    let (selection, note) =
        form.finish(|| Some((Selection { category: category?, shelf: shelf? }, note?)))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let take = open(app, tx, &request.caller, &selection, note.as_ref())?;
        claim.keep(tx, Answer::created(format!("/stock_takes/{}", take.head.id), &take))
    })?;
    Ok(answered.into_response())
}

/// Opens a stock take over the active products of a selection.
fn open(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    selection: &Selection,
    note: Option<&Paragraph<2000>>,
) -> Result<StockTake> {
    let id = takes::open(tx, selection, note, caller.actor(), app.clock.now())?
        .map_err(|unopened| unopened_problem(selection, &unopened))?;
    audit::record(app, tx, caller.actor(), Action::Created, (Object::StockTake, id), audit::NO_FIELDS)?;
    find(tx, id, costs_in(app, caller))
}

fn unopened_problem(selection: &Selection, unopened: &Unopened) -> Problem {
    let (field, such) = match selection {
        Selection { shelf: Some(_), .. } => ("shelf", "on such a shelf"),
        Selection { category: Some(_), .. } => ("category", "in this category"),
        Selection { .. } => ("category", "in the catalogue"),
    };
    let bad = match unopened {
        Unopened::Empty => Bad::new("no_products", format!("there is no active product {such}")),
        Unopened::TooMany => Bad::new(
            "too_many_products",
            format!(
                "there are more than {PRODUCTS_MAX} products {such}; count category by category, or shelf by shelf"
            ),
        ),
    };
    Problem::invalid_field(field, bad)
}

/// `PATCH /stock_takes/{id}`: `{note?}`; null clears it.
pub fn patch(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let note = form.changed_or_cleared("note", Paragraph::<2000>::parse);
    let echo = form.shown(SHOWN);
    let note = form.finish(|| note)?;
    let costs_in = costs_in(app, &request.caller);
    let take = db::transaction(&app.pool, |tx| {
        takes::lock(tx, request.path_id, true)?;
        let old = find(tx, request.path_id, costs_in)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        if let Some(note) = &note {
            annotate(app, tx, &request.caller, request.path_id, note.as_ref())?;
        }
        find(tx, request.path_id, costs_in)
    })?;
    Ok(response::resource(request, &take))
}

/// Writes a note to a locked stock take.
fn annotate(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    note: Option<&Paragraph<2000>>,
) -> Result<()> {
    let sql = "UPDATE stock_takes SET note = ?, updated_at = GREATEST(updated_at, ?) WHERE id = ?";
    tx.execute(sql, (note, app.clock.now(), id))?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::StockTake, id), &["note"])
}

/// `POST /stock_takes/{id}/cancel`: nothing of it is booked. 200, also the second time; 409 `stock_take_state` once
/// something is.
pub fn post_cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let id = request.path_id;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        check_version(app, tx, request)?;
        cancel(app, tx, &request.caller, id)?;
        let take = find(tx, id, costs_in(app, &request.caller))?;
        claim.keep(tx, Answer::changed(format!("/stock_takes/{id}"), &take))
    })?;
    Ok(answered.into_response())
}

/// Calls a stock take off.
fn cancel(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    let (status, _) = takes::lock(tx, id, true)?.ok_or_else(Problem::not_found)?;
    if status == TakeStatus::Cancelled {
        return Ok(());
    }
    allow(status, "What it has booked stays: another stock take counts again.")?;
    if !takes::cancel(tx, id, app.clock.now())? {
        let detail = "A part of the stock take is booked. Count the rest again, or take those counts back with DELETE \
                      /stock_takes/{id}/counts/{product_id}, and book it.";
        return Err(Problem::new(problem::STOCK_TAKE_STATE, detail).into());
    }
    audit::record(app, tx, caller.actor(), Action::Cancelled, (Object::StockTake, id), audit::NO_FIELDS)
}

/// Refuses what is done to an open one only.
fn allow(status: TakeStatus, advice: &str) -> Result<()> {
    if status == TakeStatus::Open {
        return Ok(());
    }
    let detail = format!("The stock take is {}. {advice}", status.text());
    Err(Problem::new(problem::STOCK_TAKE_STATE, detail).into())
}

/// Refuses an action on another version than the caller has read.
fn check_version(app: &App, tx: &mut Transaction, request: &Request) -> Result<()> {
    if response::is_conditional(request) {
        takes::lock(tx, request.path_id, true)?;
        let take = find(tx, request.path_id, costs_in(app, &request.caller))?;
        response::check_if_match(request, &take)?;
    }
    Ok(())
}
