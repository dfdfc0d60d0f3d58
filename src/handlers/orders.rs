//! Orders: placed once, never for more than is there, and moved along one legal step at a time.
//!
//! Placing reserves stock, shipping takes it from the shelf, cancelling gives it back. The status
//! changes in one guarded UPDATE, so of two that want to move an order at once exactly one does.

mod correct;
mod history;
mod limits;
mod list;
mod place;
mod status;
mod steps;
mod unconfirmed;

use std::collections::HashMap;

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Transaction, column};
use crate::error::Result;
use crate::handlers::orders::status::{REOPEN, allowed_actions};
use crate::problem::Problem;
use crate::values::{Currency, Day, Id, Line, Paragraph, Price, Timestamp};
use crate::web::caller::Caller;
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

pub use correct::{Corrections, correct, patch};
pub use history::track;
pub use list::{list, list_of_customer};
pub use place::{Item, Wanted, create, place};
pub use status::{Corrected, DELIVER, LOST, RETURNED, STEPS, Status, Step, StepReason};
pub use steps::{
    Shipment, cancel, close, confirm, post_cancel, post_confirm, post_deliver, post_lost, post_reopen,
    post_returned, post_ship, reopen, ship,
};
pub use unconfirmed::{cancel_unconfirmed, to_confirm};

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
    /// When somebody behind the counter said that it is meant: with the order, where they placed it.
    pub confirmed_at: Option<Timestamp>,
    #[serde(flatten)]
    confirmed_by: Option<ConfirmedBy>,
    /// What the caller may do with it now.
    pub allowed_actions: Vec<&'static str>,
    pub updated_at: Timestamp,
    /// Not told to others than managers.
    #[serde(flatten)]
    pub earned: Option<Earned>,
}

/// What comes back when an order is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("customer_id", "an order stays its customer's"),
    Shown::fixed("status", "POST /orders/{id}/ship, /deliver, /cancel, /lost, /returned and /reopen change it"),
    Shown::fixed("order_date", "it never changes"),
    Shown::fixed("currency", "it is the currency of the day of the order"),
    Shown::fixed("total", "an order keeps its lines and prices; cancel it and place another"),
    Shown::fixed("items", "an order keeps its lines and prices; cancel it and place another"),
    Shown::fixed("confirmed_at", "POST /orders/{id}/confirm sets it"),
    Shown::fixed("confirmed_by_account_id", "POST /orders/{id}/confirm sets it"),
    Shown::fixed("confirmed_by_api_key_id", "POST /orders/{id}/confirm sets it"),
    Shown::books("allowed_actions", "they follow from the status"),
    Shown::version("updated_at"),
    Shown::fixed("margin", "it follows from the total and from what the units have cost"),
];

/// What an order has earned, for managers.
#[derive(Debug, Clone, Serialize)]
pub struct Earned {
    /// The total less what the units have cost; None before they have left, and where of one it is not known.
    pub margin: Option<Price>,
}

/// Who confirmed an order, for those behind the counter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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

const COLUMNS: &str =
    "o.id, o.customer_id, o.status, o.placed_at, o.expected_delivery_date, o.currency, o.total_minor,
    o.shipping_address, o.note, o.carrier, o.tracking_number, o.confirmed_at, o.confirmed_by_account_id,
    o.confirmed_by_api_key_id, o.actor_account_id, o.actor_api_key_id, o.updated_at";

const LINE_COLUMNS: &str = "l.order_id, l.product_id, l.name, l.quantity, l.unit_price_minor";

impl Order {
    /// Without its lines, which are rows of their own.
    fn from_row(row: &Row, app: &App, caller: &Caller) -> Order {
        let currency = &app.config.currency;
        let status: Status = column(row, "status");
        let placed_at: Timestamp = column(row, "placed_at");
        let (confirmed_at, confirmed_by) = confirmed(row, placed_at);
        let is_confirmed = confirmed_at.is_some();
        Order {
            id: column(row, "id"),
            customer_id: column(row, "customer_id"),
            status,
            order_date: placed_at,
            expected_delivery_date: column(row, "expected_delivery_date"),
            currency: column(row, "currency"),
            total: currency.price(column(row, "total_minor")),
            items: Vec::new(),
            shipping_address: column::<Option<String>>(row, "shipping_address").map(Paragraph),
            note: column::<Option<String>>(row, "note").map(Paragraph),
            carrier: column::<Option<String>>(row, "carrier").map(Line),
            tracking_number: column::<Option<String>>(row, "tracking_number").map(Line),
            confirmed_at,
            confirmed_by: ConfirmedBy::told_to(caller, || confirmed_by),
            allowed_actions: allowed_actions(status, is_confirmed, None, app.clock.now(), caller),
            updated_at: column(row, "updated_at"),
            earned: Earned::told_to(caller),
        }
    }
}

/// When and by whom it was said that the order is meant, as [`crate::restock::CONFIRMED`] looks for it.
fn confirmed(row: &Row, placed_at: Timestamp) -> (Option<Timestamp>, ConfirmedBy) {
    let by = |account: &str, key: &str| ConfirmedBy {
        confirmed_by_account_id: column(row, account),
        confirmed_by_api_key_id: column(row, key),
    };
    let placed_by = by("actor_account_id", "actor_api_key_id");
    match column(row, "confirmed_at") {
        None if placed_by != ConfirmedBy::default() => (Some(placed_at), placed_by),
        confirmed_at => (confirmed_at, by("confirmed_by_account_id", "confirmed_by_api_key_id")),
    }
}

/// What a line takes in JSON beside its name, and an order beside its lines and texts.
const LINE_BYTES: usize = 100;
const ORDER_BYTES: usize = 500;

impl Order {
    /// About how long it is in JSON.
    fn bytes(&self) -> usize {
        let lines: usize = self.items.iter().map(|line| LINE_BYTES + line.name.len()).sum();
        let address = self.shipping_address.as_ref().map_or(0, |text| text.0.len());
        let note = self.note.as_ref().map_or(0, |text| text.0.len());
        ORDER_BYTES + lines + address + note
    }

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

impl Earned {
    fn told_to(caller: &Caller) -> Option<Earned> {
        caller.is_manager().then_some(Earned { margin: None })
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

/// `GET /orders/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::read(&app.pool, |db| find(app, db, &request.caller, request.path_id, ""))?;
    Ok(response::resource(request, &order))
}

/// The order with its lines, when the caller may see it.
fn find(app: &App, db: &mut Connection, caller: &Caller, id: Id, locking: &str) -> Result<Order> {
    let sql = format!("SELECT {COLUMNS} FROM orders o WHERE o.id = ? AND (? OR o.customer_id = ?) {locking}");
    let [all, own] = caller.scope().bound();
    let order = db.row(&sql, (id, all, own), |row| Order::from_row(row, app, caller))?;
    let order = order.ok_or_else(Problem::not_found)?;
    let mut orders = completed(app, db, caller, vec![order])?;
    Ok(orders.remove(0))
}

/// Whether the order's customer is known, or erased. Erasing them waits for this lock or has been before it, so what is
/// written about them afterwards is found by an erasure, or is about nobody.
fn lock_customer(tx: &mut Transaction, order_id: Id) -> Result<bool> {
    let known = tx.row(
        "SELECT erased_at IS NULL AS known FROM customers
         WHERE id = (SELECT o.customer_id FROM orders o WHERE o.id = ?) LOCK IN SHARE MODE",
        (order_id,),
        |row| column::<bool>(row, "known"),
    )?;
    Ok(known == Some(true))
}

/// Adds what is not in the orders' own rows.
fn completed(app: &App, db: &mut Connection, caller: &Caller, orders: Vec<Order>) -> Result<Vec<Order>> {
    let mut orders = with_lines(db, &app.config.currency, caller, orders)?;
    allow_reopening(app, db, caller, &mut orders)?;
    Ok(orders)
}

/// Whether a manager may still take back what was said of a parcel. It is looked up for the orders that are shown: as
/// a column it would be for all that are sorted.
fn allow_reopening(app: &App, db: &mut Connection, caller: &Caller, orders: &mut [Order]) -> Result<()> {
    let is_closed = |order: &&Order| REOPEN.from.contains(&order.status);
    let (marks, ids) = db::in_list(orders.iter().filter(is_closed).map(|order| order.id));
    if !caller.is_manager() || !orders.iter().any(|order| is_closed(&order)) {
        return Ok(());
    }
    let sql =
        format!("SELECT order_id, at FROM order_events WHERE order_id IN ({marks}) AND corrected IS NULL");
    // The latest of each is found here: grouped by them, the newer servers would sort them first.
    let mut closed: HashMap<Id, Timestamp> = HashMap::new();
    for (id, at) in db.rows(&sql, ids, |row| (column(row, "order_id"), column(row, "at")))? {
        let latest = closed.entry(id).or_insert(at);
        *latest = at.max(*latest);
    }
    for order in orders {
        let (closed_at, is_confirmed) = (closed.get(&order.id).copied(), order.confirmed_at.is_some());
        order.allowed_actions =
            allowed_actions(order.status, is_confirmed, closed_at, app.clock.now(), caller);
    }
    Ok(())
}

/// Adds the lines to all of these orders with one statement, which for managers also says what their units have cost.
fn with_lines(
    db: &mut Connection,
    currency: &Currency,
    caller: &Caller,
    mut orders: Vec<Order>,
) -> Result<Vec<Order>> {
    if orders.is_empty() {
        return Ok(orders);
    }
    let (marks, ids) = db::in_list(orders.iter().map(|order| order.id));
    // Where nobody knows what some of them have cost, no value says it.
    let (value_delta, sales) = if caller.is_manager() {
        (
            "IF(m.cost_unknown, NULL, CAST(m.value_delta AS CHAR))",
            "LEFT JOIN stock_movements m ON m.order_id = l.order_id AND m.product_id = l.product_id",
        )
    } else {
        ("NULL", "")
    };
    let sql = format!(
        "SELECT {LINE_COLUMNS}, {value_delta} AS value_delta FROM order_lines l {sales} WHERE l.order_id IN ({marks})
         ORDER BY l.order_id, l.product_id"
    );
    let lines = db.rows(&sql, ids, |row| {
        let value_delta: Option<String> = column(row, "value_delta");
        let value_delta = value_delta.map(|text| text.parse::<i128>().expect("a whole number"));
        (column::<Id>(row, "order_id"), OrderLine::from_row(row, currency), value_delta)
    })?;
    let mut by_order = HashMap::<Id, (Vec<OrderLine>, Vec<Option<i128>>)>::new();
    for (order_id, line, value_delta) in lines {
        let (lines, values) = by_order.entry(order_id).or_default();
        lines.push(line);
        values.push(value_delta);
    }
    for order in &mut orders {
        let (lines, values) = by_order.remove(&order.id).unwrap_or_default();
        order.items = lines;
        if let Some(earned) = &mut order.earned {
            earned.margin = margin(order.total, &values);
        }
    }
    Ok(orders)
}

/// The total less what the units of each line took with them, rounded to the coin. None where a line has not left, and where
/// nobody knows what its units have cost.
fn margin(total: Price, values: &[Option<i128>]) -> Option<Price> {
    let values: Option<i128> = values.iter().copied().sum();
    let minor_e4 = i128::from(total.minor) * 10_000 + values?;
    let minor = i64::try_from((minor_e4 + 5_000).div_euclid(10_000)).ok()?;
    Some(Price { minor, ..total })
}
