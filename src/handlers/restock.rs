//! Restocking over HTTP: the plan, the runs, and the restock orders.

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::ledger::{self, Origin};
use crate::problem::{self, Problem};
use crate::restock::{self, Outcome, RunLine, Scope, Source, Summary};
use crate::values::{
    Bad, Id, Input, Paragraph, Quantity, Timestamp, boolean, query_boolean, query_number, whole_number,
};
use crate::web::idempotency::{self, Created};
use crate::web::paging::{Cursor, List, Page};
use crate::web::request::Request;
use crate::web::response;

/// `GET /restock/plan?product_id=&limit=&after=`: what a run would do now and why, for every watched
/// product, by id.
pub fn plan(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let product_id = form.optional("product_id", None, |input| query_number(input, 1, i64::MAX));
    let (page, product_id) = form.finish((|| Some((page?, product_id?)))())?;
    let scope = Scope {
        product_id: product_id.map(|id| id as Id),
        after: page.after.as_ref().map_or(0, |after| after.id),
        limit: Some(page.rows_to_read()),
    };
    let lines = db::read(&app.pool, |db| restock::plan(db, scope, app.clock.now()))?;
    Ok(response::json(200, &page.list(lines, |line| Cursor::by_id(line.product_id))))
}

/// `POST /restock/runs`: `{product_id?}`; restocks every watched product that is due, or one. 201 with
/// the run's figures; its lines are at its Location. A second run changes nothing.
pub fn run(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let product_id = form.optional("product_id", None, |input| whole_number(input, 1, i64::MAX));
    let product_id = form.finish(product_id)?;
    if let Some(answer) = idempotency::stored(app, request)? {
        return Ok(answer);
    }
    let account_id = request.caller.staff_account().ok_or_else(Problem::unauthenticated)?;
    let source = Source::Api { account_id };
    let run_id = restock::start(app, source)?;
    let scope = Scope { product_id: product_id.map(|id| id as Id), ..Scope::default() };
    restock::run(app, run_id, source, scope)?;
    // On its own, since the run has ended also when another one's answer is given below.
    db::transaction(&app.pool, |db| restock::finish(db, run_id, app.clock.now()))?;
    idempotency::once(app, request, |db, claim| {
        let summary = restock::summary(db, run_id)?.ok_or_else(Problem::not_found)?;
        let created = Created {
            status: 201,
            location: format!("/restock/runs/{run_id}"),
            body: response::to_text(&summary),
            order_id: None,
            customer_id: None,
        };
        claim.keep(db, &created)?;
        Ok(created)
    })
}

/// `GET /restock/runs?limit=&after=`: newest first.
pub fn list_runs(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, |value| Timestamp::from_cursor(value).is_some());
    let page = form.finish(page)?;
    let mut filter = Filter::default();
    if let Some(after) = &page.after {
        let time = Timestamp::from_cursor(&after.value).map(mysql::Value::from).unwrap_or(mysql::Value::NULL);
        filter.add(
            "r.started_at <= ? AND (r.started_at < ? OR r.id < ?)",
            [time.clone(), time, after.id.into()],
        );
    }
    // The page is found first, and only its lines are counted.
    let sql = format!(
        "SELECT {} FROM (
             SELECT * FROM restock_runs r {} ORDER BY r.started_at DESC, r.id DESC LIMIT ?
         ) r
         LEFT JOIN restock_run_lines l ON l.run_id = r.id
         GROUP BY {}
         ORDER BY r.started_at DESC, r.id DESC",
        Summary::COLUMNS,
        filter.sql(),
        Summary::GROUPING
    );
    let values = filter.values(page.rows_to_read());
    let runs = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Summary::from_row))?;
    let cursor = |run: &Summary| Cursor { value: run.started_at.to_string(), id: run.id };
    Ok(response::json(200, &page.list(runs, cursor)))
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
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let outcome = form.optional("outcome", None, |input| {
        let known = match input {
            Input::Text(text) => Outcome::from_text(text),
            _ => None,
        };
        known.ok_or_else(|| Bad::new("invalid_outcome", "must be one of ordered, received, nothing, failed"))
    });
    let (page, outcome) = form.finish((|| Some((page?, outcome?)))())?;
    let mut filter = Filter::default();
    filter.add("l.run_id = ?", [request.path_id.into()]);
    if let Some(outcome) = outcome {
        filter.add("l.outcome = ?", [outcome.text().into()]);
    }
    if let Some(after) = &page.after {
        filter.add("l.product_id > ?", [after.id.into()]);
    }
    let sql = format!(
        "SELECT {} FROM restock_run_lines l {} ORDER BY l.product_id LIMIT ?",
        RunLine::COLUMNS,
        filter.sql()
    );
    let values = filter.values(page.rows_to_read());
    let (summary, lines) = db::read(&app.pool, |db| {
        let summary = restock::summary(db, request.path_id)?.ok_or_else(Problem::not_found)?;
        Ok((summary, db.rows(&sql, values.clone(), RunLine::from_row)?))
    })?;
    let lines = page.list(lines, |line| Cursor::by_id(line.product_id));
    Ok(response::resource(request, &RunWithLines { summary, lines }))
}

#[derive(Debug, Clone, Serialize)]
pub struct RestockOrder {
    pub id: Id,
    pub product_id: Id,
    pub product_name: String,
    pub run_id: Id,
    pub status: String,
    pub quantity: i64,
    pub received: i64,
    /// What is still to come.
    pub outstanding: i64,
    pub ordered_at: Timestamp,
    pub expected_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Open, and its day has passed.
    pub overdue: bool,
    pub allowed_actions: Vec<&'static str>,
}

const ORDER_COLUMNS: &str =
    "r.id, r.product_id, p.name, r.run_id, r.status, r.quantity, r.received, r.ordered_at,
    r.expected_at, r.closed_at";

impl RestockOrder {
    fn from_row(row: &Row, now: Timestamp) -> RestockOrder {
        let status: String = column(row, "status");
        let (quantity, received): (i64, i64) = (column(row, "quantity"), column(row, "received"));
        let expected_at = column(row, "expected_at");
        let open = status == "open";
        RestockOrder {
            id: column(row, "id"),
            product_id: column(row, "product_id"),
            product_name: column(row, "name"),
            run_id: column(row, "run_id"),
            status,
            quantity,
            received,
            outstanding: if open { quantity - received } else { 0 },
            ordered_at: column(row, "ordered_at"),
            expected_at,
            closed_at: column(row, "closed_at"),
            overdue: open && expected_at < now,
            allowed_actions: if open { vec!["receive", "cancel"] } else { vec![] },
        }
    }
}

/// `GET /restock_orders?status=&overdue=&product_id=&limit=&after=`: newest first.
pub fn list_orders(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let page = Page::read(&mut form, |value| Timestamp::from_cursor(value).is_some());
    let status = form.optional("status", None, |input| match input {
        Input::Text(text) if ["open", "received", "cancelled"].contains(&text.as_str()) => Ok(text.clone()),
        _ => Err(Bad::new("invalid_status", "must be one of open, received, cancelled")),
    });
    let overdue = form.optional("overdue", None, query_boolean);
    let product_id = form.optional("product_id", None, |input| query_number(input, 1, i64::MAX));
    let filters = (|| Some((page?, status?, overdue?, product_id?)))();
    let (page, status, overdue, product_id) = form.finish(filters)?;
    let mut filter = Filter::default();
    if let Some(status) = status {
        filter.add("r.status = ?", [status.into()]);
    }
    match overdue {
        Some(true) => filter.add("r.status = 'open' AND r.expected_at < ?", [now.into()]),
        Some(false) => filter.add("NOT (r.status = 'open' AND r.expected_at < ?)", [now.into()]),
        None => {}
    }
    if let Some(product_id) = product_id {
        filter.add("r.product_id = ?", [product_id.into()]);
    }
    if let Some(after) = &page.after {
        let time = Timestamp::from_cursor(&after.value).map(mysql::Value::from).unwrap_or(mysql::Value::NULL);
        filter.add(
            "r.ordered_at <= ? AND (r.ordered_at < ? OR r.id < ?)",
            [time.clone(), time, after.id.into()],
        );
    }
    let sql = format!(
        "SELECT {ORDER_COLUMNS} FROM restock_orders r STRAIGHT_JOIN products p ON p.id = r.product_id {}
         ORDER BY r.ordered_at DESC, r.id DESC LIMIT ?",
        filter.sql()
    );
    let values = filter.values(page.rows_to_read());
    let orders =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| RestockOrder::from_row(row, now)))?;
    let cursor = |order: &RestockOrder| Cursor { value: order.ordered_at.to_string(), id: order.id };
    Ok(response::json(200, &page.list(orders, cursor)))
}

/// `GET /restock_orders/{id}`.
pub fn read_order(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let order = db::read(&app.pool, |db| find_order(db, request.path_id, now))?;
    Ok(response::resource(request, &order))
}

fn find_order(db: &mut Connection, id: Id, now: Timestamp) -> Result<RestockOrder> {
    let sql = format!(
        "SELECT {ORDER_COLUMNS} FROM restock_orders r JOIN products p ON p.id = r.product_id WHERE r.id = ?"
    );
    let order = db.row(&sql, (id,), |row| RestockOrder::from_row(row, now))?;
    Ok(order.ok_or_else(Problem::not_found)?)
}

/// The restock order with its product's stock locked. Stock is locked before the order, as runs do it.
fn lock_order(db: &mut Connection, id: Id, now: Timestamp) -> Result<RestockOrder> {
    let product_id = find_order(db, id, now)?.product_id;
    ledger::lock(db, product_id)?.ok_or_else(Problem::not_found)?;
    find_order(db, id, now)
}

/// `POST /restock_orders/{id}/receive`: `{quantity?, accept_surplus?, note?}`; without a quantity all
/// that is outstanding. Send an Idempotency-Key, so that a retry of a part is not a second part. 200 with
/// the restock order; 409 `surplus` when it is more than was ordered and `accept_surplus` is not true.
pub fn receive(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let quantity = form.optional("quantity", None, |input| {
        // A delivery of goods may be larger than an order's line.
        whole_number(input, 1, ledger::ON_HAND_MAX).map(Quantity)
    });
    let accept_surplus = form.required("accept_surplus", Some(&false), boolean);
    let note = form.optional("note", None, Paragraph::<500>::parse);
    let wanted = (|| Some((quantity?, accept_surplus?, note?)))();
    let (quantity, accept_surplus, note) = form.finish(wanted)?;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let order = lock_order(db, request.path_id, now)?;
        if order.status != "open" {
            return Err(wrong_state(&order, "Only an open restock order can be received.").into());
        }
        let quantity = quantity.map_or(order.outstanding, |quantity| quantity.0);
        if quantity > order.outstanding && !accept_surplus {
            return Err(surplus(&order, quantity).into());
        }
        let received = order.received + quantity;
        let closed = received >= order.quantity;
        db.execute(
            "UPDATE restock_orders SET received = ?, status = ?, closed_at = ? WHERE id = ?",
            (received, if closed { "received" } else { "open" }, closed.then_some(now), order.id),
        )?;
        ledger::expect(db, order.product_id, -quantity.min(order.outstanding))?;
        let origin = Origin {
            actor: request.caller.staff_account(),
            restock_order_id: Some(order.id),
            note: note.as_ref().map(|note| note.0.as_str()),
        };
        if !ledger::move_stock(db, order.product_id, quantity, "restock", &origin, now)? {
            let figures = ledger::lock(db, order.product_id)?.ok_or_else(Problem::not_found)?;
            return Err(ledger::shelf_full(figures.on_hand, quantity).into());
        }
        changed(db, claim, order.id, now)
    })
}

/// `POST /restock_orders/{id}/cancel`: what is outstanding will not come; the next run may order again.
/// 200, also the second time; 409 `restock_order_state` once it is received.
pub fn cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(Some(()))?;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let order = lock_order(db, request.path_id, now)?;
        match order.status.as_str() {
            "open" => {
                db.execute(
                    "UPDATE restock_orders SET status = 'cancelled', closed_at = ? WHERE id = ?",
                    (now, order.id),
                )?;
                ledger::expect(db, order.product_id, -order.outstanding)?;
            }
            "cancelled" => {}
            _ => return Err(wrong_state(&order, "Only an open restock order can be cancelled.").into()),
        }
        changed(db, claim, order.id, now)
    })
}

fn changed(db: &mut Connection, claim: &idempotency::Claim, id: Id, now: Timestamp) -> Result<Created> {
    let created = Created {
        status: 200,
        location: format!("/restock_orders/{id}"),
        body: response::to_text(&find_order(db, id, now)?),
        order_id: None,
        customer_id: None,
    };
    claim.keep(db, &created)?;
    Ok(created)
}

fn wrong_state(order: &RestockOrder, advice: &str) -> Problem {
    let detail = format!("The restock order is {}. {advice}", order.status);
    Problem::new(problem::RESTOCK_ORDER_STATE, detail)
}

fn surplus(order: &RestockOrder, quantity: i64) -> Problem {
    let detail = format!(
        "{quantity} arrived but only {} are outstanding. Count again, or send \"accept_surplus\": true to keep them.",
        order.outstanding
    );
    Problem::new(problem::SURPLUS, detail).with_extra("outstanding", json!(order.outstanding))
}
