//! Restock orders: what runs have ordered, until it is received, in one or several parts, or cancelled.

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::movements::shelf_full;
use crate::ledger::{self, ON_HAND_MAX, Origin, Reason};
use crate::problem::{self, Problem};
use crate::restock::{OrderStatus, late_before};
use crate::values::{Id, Paragraph, Timestamp, boolean, id, whole_number};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct RestockOrder {
    pub id: Id,
    pub product_id: Id,
    pub product_name: String,
    pub run_id: Id,
    pub status: OrderStatus,
    pub quantity: i64,
    pub received: i64,
    /// What is still to come.
    pub outstanding: i64,
    pub ordered_at: Timestamp,
    pub expected_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Open, and the shop's day on which it was expected is over.
    pub overdue: bool,
    pub allowed_actions: Vec<&'static str>,
}

/// The name is a subquery, so that locking the order does not lock its product.
const COLUMNS: &str =
    "r.id, r.product_id, (SELECT p.name FROM products p WHERE p.id = r.product_id) AS name, r.run_id,
    r.status, r.quantity, r.received, r.ordered_at, r.expected_at, r.closed_at";

impl RestockOrder {
    fn from_row(row: &Row, today: Timestamp) -> RestockOrder {
        let order = RestockOrder {
            id: column(row, "id"),
            product_id: column(row, "product_id"),
            product_name: column(row, "name"),
            run_id: column(row, "run_id"),
            status: column(row, "status"),
            quantity: column(row, "quantity"),
            received: column(row, "received"),
            outstanding: 0,
            ordered_at: column(row, "ordered_at"),
            expected_at: column(row, "expected_at"),
            closed_at: column(row, "closed_at"),
            overdue: false,
            allowed_actions: Vec::new(),
        };
        order.on(today)
    }

    /// With what follows from its status on the shop's day that began then.
    fn on(self, today: Timestamp) -> RestockOrder {
        let open = self.status == OrderStatus::Open;
        RestockOrder {
            outstanding: if open { self.quantity - self.received } else { 0 },
            overdue: open && self.expected_at < today,
            allowed_actions: if open { vec!["receive", "cancel"] } else { vec![] },
            ..self
        }
    }
}

/// What came of a restock order.
pub struct Delivery {
    /// None for all that is outstanding.
    pub quantity: Option<i64>,
    pub accept_surplus: bool,
    pub note: Option<Paragraph<500>>,
}

/// `GET /restock_orders?status=&overdue=&product_id=&limit=&after=`: newest first.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let today = today(app);
    let keyset = Keyset::by_time("r.ordered_at", "r.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let status = form.optional("status", |input| OrderStatus::parse_among(input, OrderStatus::ALL));
    let overdue = form.optional("overdue", boolean);
    let product_id = form.optional("product_id", id);
    let (page, status, overdue, product_id) =
        form.finish(|| Some((page?, status?, overdue?, product_id?)))?;
    let mut filter = Filter::default();
    if let Some(status) = status {
        filter.add("r.status = ?", [status.into()]);
    }
    match overdue {
        Some(true) => filter.add("r.status = 'open' AND r.expected_at < ?", [today.into()]),
        Some(false) => filter.add("NOT (r.status = 'open' AND r.expected_at < ?)", [today.into()]),
        None => {}
    }
    if let Some(product_id) = product_id {
        filter.add("r.product_id = ?", [product_id.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql =
        format!("SELECT {COLUMNS} FROM restock_orders r {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let orders =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| RestockOrder::from_row(row, today)))?;
    Ok(response::json(200, &page.list(orders, |order| Cursor::by_time(order.ordered_at, order.id))))
}

/// `GET /restock_orders/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::read(&app.pool, |db| find(app, db, request.path_id))?;
    Ok(response::resource(request, &order))
}

/// `POST /restock_orders/{id}/receive`: `{quantity?, accept_surplus?, note?}`; without a quantity all
/// that is outstanding. Send an Idempotency-Key, so that a retry of a part is not a second part. 200 with
/// the restock order; 409 `surplus` when it is more than was ordered and `accept_surplus` is not true.
pub fn post_receive(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    // A delivery of goods may be larger than an order's line.
    let quantity = form.optional("quantity", |input| whole_number(input, 1, ON_HAND_MAX));
    let accept_surplus = form.with_default("accept_surplus", false, boolean);
    let note = form.optional("note", Paragraph::parse);
    let delivery =
        form.finish(|| Some(Delivery { quantity: quantity?, accept_surplus: accept_surplus?, note: note? }))?;
    once(app, request, |tx| receive(app, tx, &request.caller, request.path_id, &delivery))
}

/// `POST /restock_orders/{id}/cancel`: what is outstanding will not come; the next run may order again.
/// 200, also the second time; 409 `restock_order_state` once it is received.
pub fn post_cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    once(app, request, |tx| cancel(app, tx, &request.caller, request.path_id))
}

fn once(
    app: &App,
    request: &Request,
    change: impl Fn(&mut Transaction) -> Result<RestockOrder>,
) -> Result<Response> {
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        if response::is_conditional(request) {
            let (order, _) = lock(app, tx, request.path_id)?;
            response::check_if_match(request, &order)?;
        }
        let order = change(tx)?;
        claim.keep(tx, Answer::changed(format!("/restock_orders/{}", order.id), &order))
    })?;
    Ok(answered.into_response())
}

/// Puts what came on the shelf.
pub fn receive(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    delivery: &Delivery,
) -> Result<RestockOrder> {
    let (order, on_hand) = lock(app, tx, id)?;
    if order.status != OrderStatus::Open {
        return Err(wrong_state(&order, "Only an open restock order can be received.").into());
    }
    let quantity = delivery.quantity.unwrap_or(order.outstanding);
    if quantity > order.outstanding && !delivery.accept_surplus {
        return Err(surplus(&order, quantity).into());
    }
    let now = app.clock.now();
    let received = order.received + quantity;
    let (status, closed_at) = if received >= order.quantity {
        (OrderStatus::Received, Some(now))
    } else {
        (OrderStatus::Open, None)
    };
    events::record(tx, now, Kind::RestockOrderReceived, id, &[order.product_id], &["received"])?;
    audit::record(app, tx, caller.actor(), Action::Received, (Object::RestockOrder, id), &["received"])?;
    set_status(tx, &order, status, received, now)?;
    ledger::expect(tx, order.product_id, -quantity.min(order.outstanding))?;
    let origin = Origin {
        actor: caller.actor(),
        restock_order_id: Some(id),
        note: delivery.note.as_ref().map(|note| note.0.as_str()),
    };
    if !ledger::move_stock(tx, order.product_id, quantity, Reason::Restock, &origin, now)? {
        return Err(shelf_full(on_hand, quantity).into());
    }
    Ok(RestockOrder { received, status, closed_at, ..order }.on(today(app)))
}

/// Closes an open restock order: what is outstanding is no longer waited for.
pub fn cancel(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<RestockOrder> {
    let (order, _) = lock(app, tx, id)?;
    match order.status {
        OrderStatus::Cancelled => Ok(order),
        OrderStatus::Received => {
            Err(wrong_state(&order, "Only an open restock order can be cancelled.").into())
        }
        OrderStatus::Open => {
            let now = app.clock.now();
            let status = OrderStatus::Cancelled;
            let cancelled = (Object::RestockOrder, id);
            let products = [order.product_id];
            events::record(tx, now, Kind::RestockOrderCancelled, id, &products, audit::NO_FIELDS)?;
            audit::record(app, tx, caller.actor(), Action::Cancelled, cancelled, audit::NO_FIELDS)?;
            set_status(tx, &order, status, order.received, now)?;
            ledger::expect(tx, order.product_id, -order.outstanding)?;
            Ok(RestockOrder { status, closed_at: Some(now), ..order }.on(today(app)))
        }
    }
}

fn set_status(
    tx: &mut Transaction,
    order: &RestockOrder,
    status: OrderStatus,
    received: i64,
    now: Timestamp,
) -> Result<()> {
    let sql = format!("UPDATE restock_orders SET received = ?, {} WHERE id = ?", OrderStatus::WRITTEN);
    let written = status.written(now);
    tx.execute(&sql, [&[received.into()], &written[..], &[order.id.into()]].concat())?;
    Ok(())
}

/// When the shop's day began: what was expected before is late.
fn today(app: &App) -> Timestamp {
    late_before(&app.config.calendar, app.clock.now())
}

fn find(app: &App, db: &mut Connection, id: Id) -> Result<RestockOrder> {
    let today = today(app);
    let sql = format!("SELECT {COLUMNS} FROM restock_orders r WHERE r.id = ?");
    let order = db.row(&sql, (id,), |row| RestockOrder::from_row(row, today))?;
    Ok(order.ok_or_else(Problem::not_found)?)
}

/// The restock order and what is on hand of its product, both locked until the transaction ends. A run
/// locks the stock only and inserts an order of its own, so the two never wait for each other crosswise.
fn lock(app: &App, tx: &mut Transaction, id: Id) -> Result<(RestockOrder, i64)> {
    let today = today(app);
    // An order stays its product's.
    let product_id: Option<Id> =
        tx.row("SELECT product_id FROM restock_orders WHERE id = ?", (id,), |row| column(row, "product_id"))?;
    tx.take_turn(product_id)?;
    let sql = format!(
        "SELECT {COLUMNS}, s.on_hand FROM restock_orders r STRAIGHT_JOIN stock s ON s.product_id = r.product_id
         WHERE r.id = ? FOR UPDATE"
    );
    let locked = tx.row(&sql, (id,), |row| (RestockOrder::from_row(row, today), column(row, "on_hand")))?;
    Ok(locked.ok_or_else(Problem::not_found)?)
}

fn wrong_state(order: &RestockOrder, advice: &str) -> Problem {
    let detail = format!("The restock order is {}. {advice}", order.status.text());
    Problem::new(problem::RESTOCK_ORDER_STATE, detail)
}

fn surplus(order: &RestockOrder, quantity: i64) -> Problem {
    let detail = format!(
        "{quantity} arrived but only {} are outstanding. Count again, or send \"accept_surplus\": true to keep them.",
        order.outstanding
    );
    Problem::new(problem::SURPLUS, detail).with_extra("outstanding", json!(order.outstanding))
}
