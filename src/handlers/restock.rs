//! Restocking over HTTP: the plan and the runs. What they buy is in `purchase_orders`.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Filter};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::restock::{self, Outcome, RunLine, Selection, Summary};
use crate::values::{Timestamp, boolean, id};
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, List, Page};
use crate::web::request::Request;
use crate::web::response;

/// `GET /restock/plan?product_id=&supplier_id=&late=&due=&limit=&after=`: what a run would do now and why, for every
/// watched product, by id; of one that is archived it says so. With `late` only those of which something is late, with
/// `due` only those of which the rule wants some bought, or the others.
pub fn plan(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, &Keyset::by_id("s.product_id"));
    let product_id = form.optional("product_id", id);
    let supplier_id = form.optional("supplier_id", id);
    let late = form.optional("late", boolean);
    let due = form.optional("due", boolean);
    let (page, product_id, supplier_id, late, due) =
        form.finish(|| Some((page?, product_id?, supplier_id?, late?, due?)))?;
    let now = app.clock.now();
    let selection = Selection {
        product_id,
        or_archived: product_id.is_some(),
        or_unwatched: false,
        or_drafted: false,
        supplier_id,
        late: late.map(|late| (late, restock::late_before(&app.config.calendar, now))),
        due,
        after: page.after.as_ref().map_or(0, |after| after.id),
        limit: Some(page.rows_to_read()),
    };
    let lines = db::read(&app.pool, |db| restock::plan(db, &app.config, selection, now))?;
    Ok(response::json(200, &page.list(lines, |line| Cursor::by_id(line.product_id))))
}

/// `POST /restock/runs`: `{product_id?}`; restocks every watched product that is due, or one. 201 with
/// the run's figures; its lines are at its Location. 404 when there is no such product. A second run changes nothing.
pub fn create_run(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let product_id = form.optional("product_id", id);
    let product_id = form.finish(|| product_id)?;
    if let Some(product_id) = product_id {
        db::read(&app.pool, |db| restock::is_product(db, product_id))?.then_some(()).ok_or_else(|| {
            Problem::new(
                problem::NOT_FOUND,
                format!("There is no product {product_id}; nothing was restocked."),
            )
        })?;
    }
    let actor = request.caller.actor();
    let run = || {
        let run_id = restock::start(app, actor)?;
        restock::run(app, run_id, actor, Selection { product_id, ..Selection::default() })?;
        // On its own, since the run has ended also when another one's answer is given below.
        db::transaction(&app.pool, |tx| restock::finish(tx, run_id, app.clock.now()))?;
        Ok(run_id)
    };
    let answered = idempotency::once_after(app, Key::of(request)?, run, |tx, claim, run_id| {
        let summary = restock::summary(tx, *run_id)?.ok_or_else(Problem::not_found)?;
        claim.keep(tx, Answer::created(format!("/restock/runs/{run_id}"), &summary))
    })?;
    Ok(answered.into_response())
}

/// `GET /restock/runs?from=&to=&limit=&after=`: newest first.
pub fn list_runs(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_time("r.started_at", "r.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let calendar = &app.config.calendar;
    let from = form.with_default("from", Timestamp::MIN, |input| calendar.from(input));
    let to = form.with_default("to", Timestamp::MAX, |input| calendar.to(input));
    let (page, from, to) = form.finish(|| Some((page?, from?, to?)))?;
    let mut filter = Filter::default();
    filter.add("r.started_at >= ? AND r.started_at < ?", [from.into(), to.into()]);
    page.restrict(&keyset, &mut filter);
    // The page is found first, and only its lines are counted.
    let sql = format!(
        "SELECT {} FROM (SELECT * FROM restock_runs r {} {order_by} LIMIT ?) r
         LEFT JOIN restock_run_lines l ON l.run_id = r.id
         GROUP BY {}
         {order_by}",
        Summary::COLUMNS,
        filter.sql(),
        Summary::GROUPING,
        order_by = keyset.order_by(),
    );
    let values = filter.values(page.rows_to_read());
    let runs = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Summary::from_row))?;
    Ok(response::json(200, &page.list(runs, |run| Cursor::by_time(run.started_at, run.id))))
}

#[derive(Serialize)]
struct RunWithLines {
    #[serde(flatten)]
    summary: Summary,
    lines: List<RunLine>,
}

/// `GET /restock/runs/{id}?outcome=&limit=&after=`: the run's figures and, page by page, what it saw
/// and did, by product.
pub fn read_run(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("l.product_id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let outcome = form.optional("outcome", |input| Outcome::parse_among(input, Outcome::ALL));
    let (page, outcome) = form.finish(|| Some((page?, outcome?)))?;
    let mut filter = Filter::default();
    filter.add("l.run_id = ?", [request.path_id.into()]);
    if let Some(outcome) = outcome {
        filter.add("l.outcome = ?", [outcome.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT {} FROM restock_run_lines l {} {} LIMIT ?",
        RunLine::columns(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    // The run may be at work, and its figures are counted from its lines.
    let (summary, lines) = db::snapshot(&app.pool, |db| {
        let summary = restock::summary(db, request.path_id)?.ok_or_else(Problem::not_found)?;
        Ok((summary, db.rows(&sql, values.clone(), RunLine::from_row)?))
    })?;
    let lines = page.list(lines, |line| Cursor::by_id(line.product_id));
    Ok(response::resource(request, &RunWithLines { summary, lines }))
}
