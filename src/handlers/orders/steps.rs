//! Moving an order along: confirm, cancel, ship, deliver.
//!
//! Each step is one guarded UPDATE of the status; who comes second finds no row to change. Asking
//! again for a step that was taken returns the order as it is.

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::orders::place::out_of_stock;
use crate::handlers::orders::{Order, Status, StepReason, find};
use crate::ledger;
use crate::problem::{self, Problem};
use crate::values::{Id, Line, Timestamp};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;

/// How an order is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    pub carrier: Option<Line<100>>,
    pub tracking_number: Option<Line<100>>,
}

/// `POST /orders/{id}/confirm`: notes that a placed order is meant, so that it is not cancelled for want of it. 200,
/// also the second time; 409 `order_state` unless it is placed.
pub fn post_confirm(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    step(app, request, |tx| confirm(app, tx, &request.caller, request.path_id))
}

/// `POST /orders/{id}/cancel`: gives back what was reserved. 200, also the second time; 409
/// `order_state` once it is shipped.
pub fn post_cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    step(app, request, |tx| cancel(app, tx, &request.caller, request.path_id))
}

/// `POST /orders/{id}/ship`: `{carrier?, tracking_number?}`; takes the goods from the shelf. 200, also
/// the second time with the same carrier and number; 409 `order_state` otherwise, or `out_of_stock`
/// when a count has left too little.
pub fn post_ship(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let carrier = form.optional("carrier", Line::parse);
    let tracking_number = form.optional("tracking_number", Line::parse);
    let shipment = form.finish(|| Some(Shipment { carrier: carrier?, tracking_number: tracking_number? }))?;
    step(app, request, |tx| ship(app, tx, &request.caller, request.path_id, &shipment))
}

/// `POST /orders/{id}/deliver`. 200, also the second time; 409 `order_state` unless it is shipped.
pub fn post_deliver(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    step(app, request, |tx| deliver(app, tx, &request.caller, request.path_id))
}

/// Takes a step once, and returns the order as it is then.
fn step(app: &App, request: &Request, take: impl Fn(&mut Transaction) -> Result<Order>) -> Result<Response> {
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        // Erasing the customer waits for this lock or has been before it, so what is kept about them is
        // found by an erasure, or holds nothing of them any more.
        let known = tx.row(
            "SELECT erased_at IS NULL AS known FROM customers
             WHERE id = (SELECT o.customer_id FROM orders o WHERE o.id = ?) LOCK IN SHARE MODE",
            (request.path_id,),
            |row| column::<bool>(row, "known"),
        )?;
        let order = take(tx)?;
        let answer = Answer::changed(format!("/orders/{}", order.id), &order);
        let answer = if known == Some(true) { answer.about(order.customer_id) } else { answer };
        claim.keep(tx, answer)
    })?;
    Ok(answered.into_response())
}

/// Notes that a placed order is meant, and who says so.
pub fn confirm(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Order> {
    let (actor, now) = (caller.actor(), app.clock.now());
    let confirmed = tx.execute(
        "UPDATE orders SET confirmed_at = GREATEST(placed_at, ?), confirmed_by_account_id = ?, confirmed_by_api_key_id = ?
         WHERE id = ? AND status = ? AND confirmed_at IS NULL",
        (now, actor.account_id, actor.api_key_id, id, Status::Placed),
    )?;
    let order = find(app, tx, caller, id, "")?;
    if confirmed == 0 {
        return unless_done(order, Status::Placed, "Only a placed order can be confirmed.");
    }
    events::record(tx, now, Kind::OrderConfirmed, id, events::NO_PRODUCTS, &["confirmed_at"])?;
    audit::record(app, tx, actor, Action::Changed, (Object::Order, id), &["confirmed_at"])?;
    Ok(order)
}

/// Calls a placed order off and gives back what was reserved.
pub fn cancel(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Order> {
    let moved = advance(tx, caller, id, Status::Cancelled, None)?;
    let order = find(app, tx, caller, id, "")?;
    if !moved {
        return unless_done(order, Status::Cancelled, "Only a placed order can be cancelled.");
    }
    let product_ids = order.product_ids();
    record(app, tx, caller.actor(), order.id, Status::Cancelled, None, &product_ids)?;
    tx.take_turn(product_ids)?;
    ledger::release(tx, order.id)?;
    Ok(order)
}

/// Ships a placed order: its goods leave the shelf.
pub fn ship(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, shipment: &Shipment) -> Result<Order> {
    let moved = advance(tx, caller, id, Status::Shipped, Some(shipment))?;
    let order = find(app, tx, caller, id, "")?;
    if !moved {
        let same = order.carrier == shipment.carrier && order.tracking_number == shipment.tracking_number;
        let advice = "Only a placed order can be shipped, and only once.";
        return match order.status {
            Status::Shipped if !same => Err(wrong_state(&order, advice).into()),
            _ => unless_done(order, Status::Shipped, advice),
        };
    }
    let product_ids = order.product_ids();
    let now = record(app, tx, caller.actor(), order.id, Status::Shipped, None, &product_ids)?;
    if !ledger::ship(tx, order.id, &product_ids, caller.actor(), now)? {
        let quantities = order.items.iter().map(|line| (line.product_id, line.quantity)).collect();
        let short = ledger::shortages(tx, &quantities, |on_hand, _| on_hand)?;
        let advice = "Count the shelf and correct the stock, or cancel the order. Nothing was shipped.";
        return Err(out_of_stock(advice, &short).into());
    }
    Ok(order)
}

/// Notes that a shipped order has arrived.
pub fn deliver(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Order> {
    let moved = advance(tx, caller, id, Status::Delivered, None)?;
    let order = find(app, tx, caller, id, "")?;
    if !moved {
        return unless_done(order, Status::Delivered, "Only a shipped order can be delivered.");
    }
    record(app, tx, caller.actor(), order.id, Status::Delivered, None, events::NO_PRODUCTS)?;
    Ok(order)
}

/// Sets the status of an order that stands where this step begins. False when it does not, or is not
/// the caller's.
fn advance(
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    to: Status,
    shipment: Option<&Shipment>,
) -> Result<bool> {
    let shipped = if shipment.is_some() { ", carrier = ?, tracking_number = ?" } else { "" };
    let sql = format!(
        "UPDATE orders SET status = ?{shipped} WHERE id = ? AND (? OR customer_id = ?) AND status = ?"
    );
    let mut values = vec![Value::from(to)];
    if let Some(Shipment { carrier, tracking_number }) = shipment {
        values.extend([carrier.as_ref().into(), tracking_number.as_ref().into()]);
    }
    values.push(id.into());
    values.extend(caller.scope().bound());
    values.push(to.before().into());
    Ok(tx.execute(&sql, values)? > 0)
}

/// The order, when the step was taken before; otherwise a 409.
fn unless_done(order: Order, wanted: Status, advice: &str) -> Result<Order> {
    if order.status == wanted { Ok(order) } else { Err(wrong_state(&order, advice).into()) }
}

fn wrong_state(order: &Order, advice: &str) -> Problem {
    let detail = format!("The order is {}. {advice}", order.status.text());
    Problem::new(problem::ORDER_STATE, detail)
}

/// Adds a step to the history and to the feed, and returns the time now. It changes the stock of `product_ids`. Clocks of two machines may differ; a history
/// never goes back.
pub fn record(
    app: &App,
    tx: &mut Transaction,
    actor: Actor,
    order_id: Id,
    status: Status,
    reason: Option<StepReason>,
    product_ids: &[Id],
) -> Result<Timestamp> {
    let now = app.clock.now();
    let (action, kind) = match status {
        Status::Placed => (Action::Placed, Kind::OrderPlaced),
        Status::Shipped => (Action::Shipped, Kind::OrderShipped),
        Status::Delivered => (Action::Delivered, Kind::OrderDelivered),
        Status::Cancelled => (Action::Cancelled, Kind::OrderCancelled),
    };
    events::record(tx, now, kind, order_id, product_ids, audit::NO_FIELDS)?;
    audit::record(app, tx, actor, action, (Object::Order, order_id), audit::NO_FIELDS)?;
    tx.execute(
        "INSERT INTO order_events (order_id, step, status, reason, actor_account_id, actor_api_key_id, at)
         SELECT o.id, ?, ?, ?, ?, ?, GREATEST(COALESCE(MAX(e.at), o.placed_at), ?)
         FROM orders o LEFT JOIN order_events e ON e.order_id = o.id WHERE o.id = ? GROUP BY o.id, o.placed_at",
        (status.step(), status, reason, actor.account_id, actor.api_key_id, now, order_id),
    )?;
    Ok(now)
}
