//! Moving an order along: confirm, cancel, ship, what became of the parcel, and back when that was a mistake.
//!
//! Each step is one guarded UPDATE of the status; who comes second finds no row to change. Asking
//! again for a step that was taken returns the order as it is.

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::Transaction;
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::orders::correct::erased;
use crate::handlers::orders::history::{self, ENTRIES_MAX, Entry};
use crate::handlers::orders::place::out_of_stock;
use crate::handlers::orders::status::{
    CANCEL, DELIVER, LOST, REOPEN, REOPEN_WITHIN, RETURNED, SHIP, Status, Step,
};
use crate::handlers::orders::{Order, find, lock_customer, with_lines};
use crate::ledger;
use crate::problem::{self, Problem};
use crate::restock::CONFIRMED;
use crate::values::{Bad, Id, Line, Paragraph};
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;

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

/// `POST /orders/{id}/deliver`. 200, also the second time; 409 `order_state` unless it is shipped, or was lost and has
/// turned up.
pub fn post_deliver(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    step(app, request, |tx| close(app, tx, &request.caller, request.path_id, &DELIVER, None))
}

/// `POST /orders/{id}/lost`: `{note?}`; the parcel never came. 200, also the second time without another note; 409
/// `order_state` unless it is shipped. Moves no stock.
pub fn post_lost(app: &App, request: &Request) -> Result<Response> {
    close_with_note(app, request, &LOST)
}

/// `POST /orders/{id}/returned`: `{note?}`; the parcel came back. 200, also the second time without another note; 409
/// `order_state` unless it is shipped, or was lost and has turned up. Moves no stock: what can be sold again is booked
/// as a `return`.
pub fn post_returned(app: &App, request: &Request) -> Result<Response> {
    close_with_note(app, request, &RETURNED)
}

fn close_with_note(app: &App, request: &Request, way: &Step) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let note = form.optional("note", Paragraph::parse);
    let note = form.finish(|| note)?;
    step(app, request, |tx| close(app, tx, &request.caller, request.path_id, way, note.as_ref()))
}

/// `POST /orders/{id}/reopen`: the parcel is under way after all. 200, also when the order is shipped already; 409
/// `order_state` otherwise, and 24 hours after what is taken back.
pub fn post_reopen(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    step(app, request, |tx| reopen(app, tx, &request.caller, request.path_id))
}

/// Takes a step once, and returns the order as it is then.
fn step(app: &App, request: &Request, take: impl Fn(&mut Transaction) -> Result<Order>) -> Result<Response> {
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let known = lock_customer(tx, request.path_id)?;
        if response::is_conditional(request) {
            let order = find(app, tx, &request.caller, request.path_id, "FOR UPDATE")?;
            response::check_if_match(request, &order)?;
        }
        let order = take(tx)?;
        let answer = Answer::changed(format!("/orders/{}", order.id), &order);
        let answer = if known { answer.about(order.customer_id) } else { answer };
        claim.keep(tx, answer)
    })?;
    Ok(answered.into_response())
}

/// Notes that a placed order is meant, and who says so.
pub fn confirm(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Order> {
    let (actor, now) = (caller.actor(), app.clock.now());
    let sql = format!(
        "UPDATE orders o SET o.confirmed_at = GREATEST(o.placed_at, ?), o.confirmed_by_account_id = ?, o.confirmed_by_api_key_id = ?
         WHERE o.id = ? AND o.status = ? AND NOT {CONFIRMED}"
    );
    let confirmed = tx.execute(&sql, (now, actor.account_id, actor.api_key_id, id, Status::Placed))?;
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
    let moved = advance(tx, caller, id, &CANCEL, None)?;
    let order = find(app, tx, caller, id, "")?;
    if !moved {
        return unless_done(order, CANCEL.to, CANCEL.advice);
    }
    let product_ids = order.product_ids();
    history::record(app, tx, caller.actor(), order.id, &CANCEL, &Entry::of(CANCEL.to), &product_ids)?;
    tx.take_turn(product_ids)?;
    ledger::release(tx, order.id)?;
    Ok(order)
}

/// Ships a placed order: its goods leave the shelf.
pub fn ship(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, shipment: &Shipment) -> Result<Order> {
    let moved = advance(tx, caller, id, &SHIP, Some(shipment))?;
    let order = find(app, tx, caller, id, "")?;
    if !moved {
        let same = order.carrier == shipment.carrier && order.tracking_number == shipment.tracking_number;
        return match order.status {
            Status::Shipped if !same => Err(wrong_state(&order, SHIP.advice).into()),
            _ => unless_done(order, SHIP.to, SHIP.advice),
        };
    }
    let product_ids = order.product_ids();
    let entry = Entry::of(SHIP.to);
    let now = history::record(app, tx, caller.actor(), order.id, &SHIP, &entry, &product_ids)?;
    if !ledger::ship(tx, order.id, &product_ids, caller.actor(), now)? {
        let quantities = order.items.iter().map(|line| (line.product_id, line.quantity)).collect();
        let short = ledger::shortages(tx, &quantities, |on_hand, _| on_hand)?;
        let advice = "Count the shelf and correct the stock, or cancel the order. Nothing was shipped.";
        return Err(out_of_stock(advice, &short).into());
    }
    if !caller.is_manager() {
        return Ok(order);
    }
    // Only now is it known what its units have cost.
    Ok(with_lines(tx, &app.config.currency, caller, vec![order])?.remove(0))
}

/// Notes what became of a parcel: [`DELIVER`], [`LOST`] or [`RETURNED`]. No stock moves: the goods left the shelf when
/// it was sent, and whether they can be sold again only a person sees.
pub fn close(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    way: &Step,
    note: Option<&Paragraph<500>>,
) -> Result<Order> {
    // An order of somebody erased still comes back, without a word about them.
    let unwelcome = note.is_some() && !lock_customer(tx, id)?;
    let moved = advance(tx, caller, id, way, None)?;
    let order = find(app, tx, caller, id, "")?;
    if unwelcome {
        let bad = Bad::new("customer_erased", "must be left out: the customer of this order is erased");
        return Err(Problem::invalid_field("note", bad).into());
    }
    let note = note.map(|note| note.0.as_str());
    if !moved {
        if order.status == way.to && note.is_some() && history::last_note(tx, id)?.as_deref() != note {
            return Err(wrong_state(&order, "That was noted in other words, which stand.").into());
        }
        return unless_done(order, way.to, way.advice);
    }
    let entry = Entry { note, ..Entry::of(way.to) };
    history::record(app, tx, caller.actor(), order.id, way, &entry, events::NO_PRODUCTS)?;
    Ok(order)
}

/// Takes back what was said of a parcel by mistake, so that it is under way again. Nobody erased gets an open order.
pub fn reopen(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Order> {
    let known = lock_customer(tx, id)?;
    let [delivered, lost, returned] = [Status::Delivered, Status::Lost, Status::Returned];
    let moved = known
        && tx.execute(
            "UPDATE orders o SET o.status = ? WHERE o.id = ? AND o.status IN (?, ?, ?)
                 AND (SELECT MAX(e.at) FROM order_events e WHERE e.order_id = o.id AND e.corrected IS NULL) > ?
                 AND (SELECT COUNT(*) FROM order_events e WHERE e.order_id = o.id) < ?",
            (REOPEN.to, id, delivered, lost, returned, app.clock.now() - REOPEN_WITHIN, ENTRIES_MAX),
        )? > 0;
    let order = find(app, tx, caller, id, "")?;
    if moved {
        history::record(
            app,
            tx,
            caller.actor(),
            order.id,
            &REOPEN,
            &Entry::of(REOPEN.to),
            events::NO_PRODUCTS,
        )?;
        return Ok(order);
    }
    if !REOPEN.from.contains(&order.status) {
        return unless_done(order, REOPEN.to, REOPEN.advice);
    }
    if !known {
        return Err(erased().into());
    }
    let advice = match order.status {
        _ if history::length(tx, id)? > ENTRIES_MAX => {
            "Its history is too long for that to be taken back again."
        }
        Status::Lost => {
            "That is more than 24 hours ago and stands. When the parcel turns up, note it as delivered or returned."
        }
        _ => {
            "That is more than 24 hours ago and stands. Place another order for what is sent again, and book goods that \
             come back as a return with POST /products/{id}/stock/movements."
        }
    };
    Err(wrong_state(&order, advice).into())
}

/// Sets the status of an order that stands where this step begins. False when it does not, or is not
/// the caller's.
fn advance(
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    step: &Step,
    shipment: Option<&Shipment>,
) -> Result<bool> {
    let shipped = if shipment.is_some() { ", carrier = ?, tracking_number = ?" } else { "" };
    let from = vec!["?"; step.from.len()].join(", ");
    let sql = format!(
        "UPDATE orders SET status = ?{shipped} WHERE id = ? AND (? OR customer_id = ?) AND status IN ({from})"
    );
    let mut values = vec![Value::from(step.to)];
    if let Some(Shipment { carrier, tracking_number }) = shipment {
        values.extend([carrier.as_ref().into(), tracking_number.as_ref().into()]);
    }
    values.push(id.into());
    values.extend(caller.scope().bound());
    values.extend(step.from.iter().map(|status| Value::from(*status)));
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
