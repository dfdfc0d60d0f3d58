//! Orders: placed once, never for more than is there, and moved along one legal step at a time.
//!
//! Placing reserves stock, shipping takes it from the shelf, cancelling gives it back. The status
//! changes in one guarded UPDATE, so of two that want to move an order at once exactly one does.

mod limits;
mod list;
mod place;
mod steps;
mod unconfirmed;

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::problem::{self, Problem};
use crate::values::{Bad, Currency, Day, Id, Line, Paragraph, Price, Timestamp, words};
use crate::web::caller::Caller;
use crate::web::request::Request;
use crate::web::response;

pub use list::{list, list_of_customer};
pub use place::{Item, Wanted, create, place};
pub use steps::{
    Shipment, cancel, confirm, deliver, post_cancel, post_confirm, post_deliver, post_ship, ship,
};
pub use unconfirmed::cancel_unconfirmed;

words! {
    /// Where an order stands.
    Status, refused as "invalid_status" {
        Placed = "placed",
        Shipped = "shipped",
        Delivered = "delivered",
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a step was taken that nobody asked for.
    StepReason, refused as "invalid_reason" {
        /// Nobody confirmed a guest's order in time.
        Unconfirmed = "unconfirmed",
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Order {
    pub id: Id,
    pub customer_id: Id,
    pub status: Status,
    pub order_date: Timestamp,
    pub expected_delivery_date: Day,
    pub currency: String,
    pub total: Price,
    pub items: Vec<OrderLine>,
    pub shipping_address: Option<Paragraph<500>>,
    pub note: Option<Paragraph<1000>>,
    pub carrier: Option<Line<100>>,
    pub tracking_number: Option<Line<100>>,
    /// When somebody behind the counter said that it is meant.
    pub confirmed_at: Option<Timestamp>,
    #[serde(flatten)]
    confirmed_by: Option<ConfirmedBy>,
    /// What the caller may do with it now.
    pub allowed_actions: Vec<&'static str>,
    pub updated_at: Timestamp,
}

/// Who confirmed an order, for those behind the counter.
#[derive(Debug, Clone, Default, Serialize)]
struct ConfirmedBy {
    confirmed_by_account_id: Option<Id>,
    confirmed_by_api_key_id: Option<Id>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OrderLine {
    pub product_id: Id,
    pub name: String,
    pub quantity: i64,
    pub unit_price: Price,
    pub total: Price,
}

#[derive(Serialize)]
struct Event {
    status: Status,
    at: Timestamp,
    /// Why the shop itself took the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<StepReason>,
    #[serde(flatten)]
    actor: Option<StepActor>,
}

/// Who took a step, for those behind the counter: nobody of them where the customer did.
#[derive(Serialize)]
struct StepActor {
    actor_account_id: Option<Id>,
    actor_api_key_id: Option<Id>,
}

#[derive(Serialize)]
struct Tracking {
    order_id: Id,
    status: Status,
    order_date: Timestamp,
    expected_delivery_date: Day,
    carrier: Option<String>,
    tracking_number: Option<String>,
    events: Vec<Event>,
}

const COLUMNS: &str =
    "o.id, o.customer_id, o.status, o.placed_at, o.expected_delivery_date, o.currency, o.total_minor,
    o.shipping_address, o.note, o.carrier, o.tracking_number, o.confirmed_at, o.confirmed_by_account_id,
    o.confirmed_by_api_key_id, o.updated_at";

const LINE_COLUMNS: &str = "l.order_id, l.product_id, l.name, l.quantity, l.unit_price_minor";

impl Status {
    /// Which entry of the history it is, counted from 1. The first is the order's own row.
    pub fn step(self) -> u8 {
        match self {
            Status::Placed => 1,
            Status::Shipped | Status::Cancelled => 2,
            Status::Delivered => 3,
        }
    }

    /// The status from which an order comes to this one; none for where it begins.
    pub fn before(self) -> Option<Status> {
        match self {
            Status::Placed => None,
            Status::Shipped | Status::Cancelled => Some(Status::Placed),
            Status::Delivered => Some(Status::Shipped),
        }
    }

    /// Returns the steps that this caller may take next; the README draws them.
    pub fn allowed_actions(self, is_confirmed: bool, caller: &Caller) -> Vec<&'static str> {
        match (self, caller.is_staff()) {
            (Status::Placed, true) if is_confirmed => vec!["cancel", "ship"],
            (Status::Placed, true) => vec!["cancel", "confirm", "ship"],
            (Status::Placed, false) => vec!["cancel"],
            (Status::Shipped, true) => vec!["deliver"],
            _ => vec![],
        }
    }
}

impl Order {
    /// Without its lines, which are rows of their own.
    fn from_row(row: &Row, currency: &Currency, caller: &Caller) -> Order {
        let status: Status = column(row, "status");
        let confirmed_at: Option<Timestamp> = column(row, "confirmed_at");
        Order {
            id: column(row, "id"),
            customer_id: column(row, "customer_id"),
            status,
            order_date: column(row, "placed_at"),
            expected_delivery_date: column(row, "expected_delivery_date"),
            currency: column(row, "currency"),
            total: currency.price(column(row, "total_minor")),
            items: Vec::new(),
            shipping_address: column::<Option<String>>(row, "shipping_address").map(Paragraph),
            note: column::<Option<String>>(row, "note").map(Paragraph),
            carrier: column::<Option<String>>(row, "carrier").map(Line),
            tracking_number: column::<Option<String>>(row, "tracking_number").map(Line),
            confirmed_at,
            confirmed_by: ConfirmedBy::told_to(caller, || ConfirmedBy {
                confirmed_by_account_id: column(row, "confirmed_by_account_id"),
                confirmed_by_api_key_id: column(row, "confirmed_by_api_key_id"),
            }),
            allowed_actions: status.allowed_actions(confirmed_at.is_some(), caller),
            updated_at: column(row, "updated_at"),
        }
    }
}

impl Order {
    /// In the order of the ids, one of each.
    fn product_ids(&self) -> Vec<Id> {
        self.items.iter().map(|line| line.product_id).collect()
    }
}

impl ConfirmedBy {
    fn told_to(caller: &Caller, who: impl FnOnce() -> ConfirmedBy) -> Option<ConfirmedBy> {
        caller.is_staff().then(who)
    }
}

impl OrderLine {
    fn new(product_id: Id, name: String, quantity: i64, unit_price: Price) -> OrderLine {
        let total = Price { minor: unit_price.minor * quantity, ..unit_price };
        OrderLine { product_id, name, quantity, unit_price, total }
    }

    fn from_row(row: &Row, currency: &Currency) -> OrderLine {
        let unit_price = currency.price(column(row, "unit_price_minor"));
        OrderLine::new(column(row, "product_id"), column(row, "name"), column(row, "quantity"), unit_price)
    }
}

impl Event {
    /// None when the order has taken no step since it was placed.
    fn from_row(row: &Row, caller: &Caller) -> Option<Event> {
        let actor = StepActor::from_row(row, caller, "step_account_id", "step_api_key_id");
        let status = column::<Option<Status>>(row, "event_status")?;
        Some(Event { status, at: column(row, "at"), reason: column(row, "reason"), actor })
    }
}

impl StepActor {
    fn from_row(row: &Row, caller: &Caller, account_id: &str, api_key_id: &str) -> Option<StepActor> {
        caller.is_staff().then(|| StepActor {
            actor_account_id: column(row, account_id),
            actor_api_key_id: column(row, api_key_id),
        })
    }
}

impl Tracking {
    /// With its placement; the later steps are rows of their own.
    fn from_row(row: &Row, caller: &Caller) -> Tracking {
        let order_date = column(row, "placed_at");
        let actor = StepActor::from_row(row, caller, "actor_account_id", "actor_api_key_id");
        Tracking {
            order_id: column(row, "id"),
            status: column(row, "status"),
            order_date,
            expected_delivery_date: column(row, "expected_delivery_date"),
            carrier: column(row, "carrier"),
            tracking_number: column(row, "tracking_number"),
            events: vec![Event { status: Status::Placed, at: order_date, reason: None, actor }],
        }
    }
}

/// `GET /orders/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::read(&app.pool, |db| find(app, db, &request.caller, request.path_id, ""))?;
    Ok(response::resource(request, &order))
}

/// `GET /orders/{id}/track`: status, dates, carrier and tracking number, and the dated events.
pub fn track(app: &App, request: &Request) -> Result<Response> {
    let [all, own] = request.caller.scope().bound();
    // One statement, so that the order and its history are of one moment.
    let rows = db::read(&app.pool, |db| {
        db.rows(
            "SELECT o.id, o.status, o.placed_at, o.expected_delivery_date, o.carrier, o.tracking_number,
                 o.actor_account_id, o.actor_api_key_id, e.status AS event_status, e.at, e.reason,
                 e.actor_account_id AS step_account_id, e.actor_api_key_id AS step_api_key_id
             FROM orders o LEFT JOIN order_events e ON e.order_id = o.id
             WHERE o.id = ? AND (? OR o.customer_id = ?) ORDER BY e.step",
            (request.path_id, all.clone(), own.clone()),
            |row| (Tracking::from_row(row, &request.caller), Event::from_row(row, &request.caller)),
        )
    })?;
    let (trackings, steps): (Vec<Tracking>, Vec<Option<Event>>) = rows.into_iter().unzip();
    let mut tracking = trackings.into_iter().next().ok_or_else(Problem::not_found)?;
    tracking.events.extend(steps.into_iter().flatten());
    Ok(response::resource(request, &tracking))
}

/// `PATCH /orders/{id}`: `{expected_delivery_date}`, while the order is under way.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let date = form.changed("expected_delivery_date", Day::parse);
    let date = form.finish(|| date)?;
    let order = db::transaction(&app.pool, |tx| {
        let order = find(app, tx, &request.caller, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &order)?;
        reschedule(app, tx, &request.caller, order, date)
    })?;
    Ok(response::resource(request, &order))
}

/// Gives a locked order that is under way another day on which it is expected; None keeps it.
pub fn reschedule(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    order: Order,
    date: Option<Day>,
) -> Result<Order> {
    let date = date.unwrap_or(order.expected_delivery_date);
    let ordered_on = Day(order.order_date.0.date());
    if date < ordered_on {
        let bad = Bad::new("before_order_date", format!("must not be before {ordered_on}"));
        return Err(Problem::invalid_field("expected_delivery_date", bad).into());
    }
    if !matches!(order.status, Status::Placed | Status::Shipped) {
        let status = order.status.text();
        let detail = format!("The order is {status}; only an order under way has a delivery to expect.");
        return Err(Problem::new(problem::ORDER_STATE, detail).into());
    }
    let (actor, changed) = (caller.actor(), (Object::Order, order.id));
    audit::record(app, tx, actor, Action::Changed, changed, &["expected_delivery_date"])?;
    let fields = &["expected_delivery_date"];
    events::record(tx, app.clock.now(), Kind::OrderChanged, order.id, events::NO_PRODUCTS, fields)?;
    tx.execute("UPDATE orders SET expected_delivery_date = ? WHERE id = ?", (date, order.id))?;
    find(app, tx, caller, order.id, "")
}

/// The order with its lines, when the caller may see it.
fn find(app: &App, db: &mut Connection, caller: &Caller, id: Id, locking: &str) -> Result<Order> {
    let sql = format!("SELECT {COLUMNS} FROM orders o WHERE o.id = ? AND (? OR o.customer_id = ?) {locking}");
    let currency = &app.config.currency;
    let [all, own] = caller.scope().bound();
    let order = db.row(&sql, (id, all, own), |row| Order::from_row(row, currency, caller))?;
    let order = order.ok_or_else(Problem::not_found)?;
    let mut orders = with_lines(db, currency, vec![order])?;
    Ok(orders.remove(0))
}

/// Adds the lines to all of these orders with one statement.
fn with_lines(db: &mut Connection, currency: &Currency, mut orders: Vec<Order>) -> Result<Vec<Order>> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let (marks, ids) = db::in_list(orders.iter().map(|order| order.id));
    let sql = format!(
        "SELECT {LINE_COLUMNS} FROM order_lines l WHERE l.order_id IN ({marks}) ORDER BY l.order_id, l.product_id"
    );
    let lines =
        db.rows(&sql, ids, |row| (column::<Id>(row, "order_id"), OrderLine::from_row(row, currency)))?;
    let mut by_order = std::collections::HashMap::<Id, Vec<OrderLine>>::new();
    for (order_id, line) in lines {
        by_order.entry(order_id).or_default().push(line);
    }
    for order in &mut orders {
        order.items = by_order.remove(&order.id).unwrap_or_default();
    }
    Ok(orders)
}
