//! Orders: placed once, never for more than is there, and moved along one legal step at a time.
//!
//! Placing reserves stock, shipping takes it from the shelf, cancelling gives it back. The status
//! changes in one guarded UPDATE, so of two that want to move an order at once exactly one does.

mod place;
mod steps;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::{Bad, Currency, Day, Id, Input, Line, Paragraph, Price, Timestamp, query_number};
use crate::web::caller::Caller;
use crate::web::paging::{Cursor, Page};
use crate::web::request::Request;
use crate::web::response;

pub use place::place;
pub use steps::{cancel, deliver, ship};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Placed,
    Shipped,
    Delivered,
    Cancelled,
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
    /// What the caller may do with it now.
    pub allowed_actions: Vec<&'static str>,
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
}

#[derive(Serialize)]
struct Tracking<'a> {
    order_id: Id,
    status: Status,
    order_date: Timestamp,
    expected_delivery_date: Day,
    carrier: Option<&'a Line<100>>,
    tracking_number: Option<&'a Line<100>>,
    events: Vec<Event>,
}

const COLUMNS: &str =
    "o.id, o.customer_id, o.status, o.placed_at, o.expected_delivery_date, o.currency, o.total_minor,
    o.shipping_address, o.note, o.carrier, o.tracking_number";

const LINE_COLUMNS: &str = "l.order_id, l.product_id, l.name, l.quantity, l.unit_price_minor";

impl Status {
    pub fn text(self) -> &'static str {
        match self {
            Status::Placed => "placed",
            Status::Shipped => "shipped",
            Status::Delivered => "delivered",
            Status::Cancelled => "cancelled",
        }
    }

    fn from_text(text: &str) -> Option<Status> {
        let all = [Status::Placed, Status::Shipped, Status::Delivered, Status::Cancelled];
        all.into_iter().find(|status| status.text() == text)
    }

    fn parse(input: &Input) -> std::result::Result<Status, Bad> {
        let status = match input {
            Input::Text(text) => Status::from_text(text),
            _ => None,
        };
        let message = "must be one of placed, shipped, delivered, cancelled";
        status.ok_or_else(|| Bad::new("invalid_status", message))
    }

    fn from_row(row: &Row) -> Status {
        let text: String = column(row, "status");
        Status::from_text(&text).expect("the CHECK on the column allows these only")
    }

    /// The diagram of the README, as it looks from here.
    pub fn allowed_actions(self, caller: &Caller) -> Vec<&'static str> {
        match (self, caller.is_staff()) {
            (Status::Placed, true) => vec!["cancel", "ship"],
            (Status::Placed, false) => vec!["cancel"],
            (Status::Shipped, true) => vec!["deliver"],
            _ => vec![],
        }
    }
}

impl Order {
    /// Without its lines, which are rows of their own.
    fn from_row(row: &Row, currency: &Currency, caller: &Caller) -> Order {
        let status = Status::from_row(row);
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
            allowed_actions: status.allowed_actions(caller),
        }
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

/// `GET /orders?status=&customer_id=&from=&to=&sort=&limit=&after=`: the caller's own orders, or all
/// of them for staff, newest first; `sort=order_date` turns it round.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    list_of(app, request, None)
}

/// `GET /customers/{id}/orders`, with the same filters.
pub fn list_of_customer(app: &App, request: &Request) -> Result<Response> {
    let only = request.caller.only_customer();
    let customer = db::read(&app.pool, |db| {
        db.row(
            "SELECT id FROM customers WHERE id = ? AND (? IS NULL OR id = ?)",
            (request.path_id, only, only),
            |_| (),
        )
    })?;
    customer.ok_or_else(Problem::not_found)?;
    list_of(app, request, Some(request.path_id))
}

fn list_of(app: &App, request: &Request, customer_id: Option<Id>) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, |value| Timestamp::from_cursor(value).is_some());
    let newest_first = form.required("sort", Some(&true), |input| match input {
        Input::Text(text) if text == "-order_date" => Ok(true),
        Input::Text(text) if text == "order_date" => Ok(false),
        _ => Err(Bad::new("invalid_sort", "must be order_date or -order_date")),
    });
    let status = form.optional("status", None, Status::parse);
    let from = form.optional("from", None, Timestamp::parse);
    let to = form.optional("to", None, Timestamp::parse);
    let of_customer = match customer_id {
        Some(_) => Some(None),
        None => form.optional("customer_id", None, |input| query_number(input, 1, i64::MAX)),
    };
    let filters = (|| Some((page?, newest_first?, status?, from?, to?, of_customer?)))();
    let (page, newest_first, status, from, to, of_customer) = form.finish(filters)?;

    let mut filter = Filter::default();
    let owners = [request.caller.only_customer(), customer_id, of_customer.map(|id| id as Id)];
    // The index that gives the order is named: left alone, MariaDB starts at the newest order of the
    // customer or the status and reads past every row before the cursor.
    let hint = match (owners.iter().any(Option::is_some), status.is_some()) {
        (false, false) => "FORCE INDEX (orders_by_time)",
        (true, false) => "FORCE INDEX (orders_by_customer)",
        (false, true) => "FORCE INDEX (orders_by_status)",
        (true, true) => "",
    };
    for owner in owners.into_iter().flatten() {
        filter.add("o.customer_id = ?", [owner.into()]);
    }
    if let Some(status) = status {
        filter.add("o.status = ?", [status.text().into()]);
    }
    if let Some(from) = from {
        filter.add("o.placed_at >= ?", [from.into()]);
    }
    if let Some(to) = to {
        filter.add("o.placed_at < ?", [to.into()]);
    }
    if let Some(after) = &page.after {
        let time = Value::from(Timestamp::from_cursor(&after.value));
        // The first comparison looks redundant; it lets the database start inside the index.
        let condition = match newest_first {
            true => "o.placed_at <= ? AND (o.placed_at < ? OR (o.placed_at = ? AND o.id < ?))",
            false => "o.placed_at >= ? AND (o.placed_at > ? OR (o.placed_at = ? AND o.id > ?))",
        };
        filter.add(condition, [time.clone(), time.clone(), time, after.id.into()]);
    }
    let order = match newest_first {
        true => "o.placed_at DESC, o.id DESC",
        false => "o.placed_at, o.id",
    };
    let sql = format!("SELECT {COLUMNS} FROM orders o {hint} {} ORDER BY {order} LIMIT ?", filter.sql());
    let values = filter.values(page.rows_to_read());
    let orders = db::read(&app.pool, |db| {
        let orders =
            db.rows(&sql, values.clone(), |row| Order::from_row(row, &app.config.currency, &request.caller))?;
        with_lines(db, &app.config.currency, orders)
    })?;
    Ok(response::json(
        200,
        &page.list(orders, |order| Cursor { value: order.order_date.to_string(), id: order.id }),
    ))
}

/// `GET /orders/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::read(&app.pool, |db| find(app, db, request, ""))?;
    Ok(response::resource(request, &order))
}

/// The order in the path with its lines, when the caller may see it.
fn find(app: &App, db: &mut Connection, request: &Request, locking: &str) -> Result<Order> {
    let only = request.caller.only_customer();
    let sql = format!(
        "SELECT {COLUMNS} FROM orders o WHERE o.id = ? AND (? IS NULL OR o.customer_id = ?) {locking}"
    );
    let currency = &app.config.currency;
    let order =
        db.row(&sql, (request.path_id, only, only), |row| Order::from_row(row, currency, &request.caller))?;
    let order = order.ok_or_else(Problem::not_found)?;
    let mut orders = with_lines(db, currency, vec![order])?;
    Ok(orders.remove(0))
}

/// Adds the lines to all of these orders with one statement.
fn with_lines(db: &mut Connection, currency: &Currency, mut orders: Vec<Order>) -> Result<Vec<Order>> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let sql = format!(
        "SELECT {LINE_COLUMNS} FROM order_lines l WHERE l.order_id IN ({}) ORDER BY l.order_id, l.product_id",
        db::question_marks(orders.len())
    );
    let ids: Vec<Value> = orders.iter().map(|order| order.id.into()).collect();
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

/// `GET /orders/{id}/track`: status, dates, carrier and tracking number, and the dated events.
pub fn track(app: &App, request: &Request) -> Result<Response> {
    let (order, events) = db::read(&app.pool, |db| {
        let order = find(app, db, request, "")?;
        let events = db.rows(
            "SELECT status, at FROM order_events WHERE order_id = ? ORDER BY step",
            (order.id,),
            |row| Event { status: Status::from_row(row), at: column(row, "at") },
        )?;
        Ok((order, events))
    })?;
    let tracking = Tracking {
        order_id: order.id,
        status: events.last().map_or(order.status, |event| event.status),
        order_date: order.order_date,
        expected_delivery_date: order.expected_delivery_date,
        carrier: order.carrier.as_ref(),
        tracking_number: order.tracking_number.as_ref(),
        events,
    };
    Ok(response::resource(request, &tracking))
}

/// `PATCH /orders/{id}`: `{expected_delivery_date}`, while the order is under way.
pub fn reschedule(app: &App, request: &Request) -> Result<Response> {
    let form = request.json()?;
    let order = db::transaction(&app.pool, |db| {
        let mut order = find(app, db, request, "FOR UPDATE")?;
        response::check_if_match(request, &order)?;
        let mut form = form.clone();
        let ordered_on = Day(order.order_date.0.date());
        let date = form.required("expected_delivery_date", Some(&order.expected_delivery_date), |input| {
            let date = Day::parse(input)?;
            match date >= ordered_on {
                true => Ok(date),
                false => Err(Bad::new("before_order_date", format!("must not be before {ordered_on}"))),
            }
        });
        let date = form.finish(date)?;
        if !matches!(order.status, Status::Placed | Status::Shipped) {
            let status = order.status.text();
            let detail = format!("The order is {status}; only an order under way has a delivery to expect.");
            return Err(Problem::new(problem::ORDER_STATE, detail).into());
        }
        db.execute("UPDATE orders SET expected_delivery_date = ? WHERE id = ?", (date, order.id))?;
        order.expected_delivery_date = date;
        Ok(order)
    })?;
    Ok(response::resource(request, &order))
}
