//! Moving an order along: cancel, ship, deliver.
//!
//! Each step is one guarded UPDATE of the status; who comes second finds no row to change. Asking
//! again for a step that was taken answers with the order as it is.

use mysql::Params;
use rouille::Response;

use crate::app::App;
use crate::db::{self, Connection};
use crate::error::Result;
use crate::handlers::orders::place::out_of_stock;
use crate::handlers::orders::{Order, Status, find};
use crate::ledger;
use crate::problem::{self, Problem};
use crate::values::{Id, Line, Timestamp};
use crate::web::request::Request;
use crate::web::response;

/// `POST /orders/{id}/cancel`: gives back what was reserved. 200, also the second time; 409
/// `order_state` once it is shipped.
pub fn cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(Some(()))?;
    let now = app.clock.now();
    let only = request.caller.only_customer();
    let order = db::transaction(&app.pool, |db| {
        let cancelled = db.execute(
            "UPDATE orders SET status = 'cancelled'
             WHERE id = ? AND (? IS NULL OR customer_id = ?) AND status = 'placed'",
            (request.path_id, only, only),
        )?;
        let order = find(app, db, request, "")?;
        if cancelled == 0 {
            return unless_done(order, Status::Cancelled, "Only a placed order can be cancelled.");
        }
        record(db, order.id, 2, Status::Cancelled, now)?;
        ledger::release(db, order.id)?;
        Ok(order)
    })?;
    Ok(response::resource(request, &order))
}

/// `POST /orders/{id}/ship`: `{carrier?, tracking_number?}`; takes the goods from the shelf. 200, also
/// the second time with the same carrier and number; 409 `order_state` otherwise, or `out_of_stock`
/// when a count has left too little.
pub fn ship(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let carrier = form.optional("carrier", None, Line::<100>::parse);
    let tracking_number = form.optional("tracking_number", None, Line::<100>::parse);
    let (carrier, tracking_number) = form.finish((|| Some((carrier?, tracking_number?)))())?;
    let now = app.clock.now();
    let order = db::transaction(&app.pool, |db| {
        let parameters: Params = (carrier.as_ref(), tracking_number.as_ref(), request.path_id).into();
        let shipped = db.execute(
            "UPDATE orders SET status = 'shipped', carrier = ?, tracking_number = ? WHERE id = ? AND status = 'placed'",
            parameters,
        )?;
        let order = find(app, db, request, "")?;
        if shipped == 0 {
            let same = order.carrier == carrier && order.tracking_number == tracking_number;
            let advice = "Only a placed order can be shipped, and only once.";
            return match order.status {
                Status::Shipped if !same => Err(wrong_state(&order, advice).into()),
                _ => unless_done(order, Status::Shipped, advice),
            };
        }
        record(db, order.id, 2, Status::Shipped, now)?;
        let actor = request.caller.staff_account();
        if !ledger::ship(db, order.id, order.items.len(), actor, now)? {
            let quantities = order.items.iter().map(|line| (line.product_id, line.quantity)).collect();
            let short = ledger::shortages(db, &quantities, |on_hand, _| on_hand)?;
            let advice = "Count the shelf and correct the stock, or cancel the order. Nothing was shipped.";
            return Err(out_of_stock(advice, &short).into());
        }
        Ok(order)
    })?;
    Ok(response::resource(request, &order))
}

/// `POST /orders/{id}/deliver`. 200, also the second time; 409 `order_state` unless it is shipped.
pub fn deliver(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(Some(()))?;
    let now = app.clock.now();
    let order = db::transaction(&app.pool, |db| {
        let delivered = db.execute(
            "UPDATE orders SET status = 'delivered' WHERE id = ? AND status = 'shipped'",
            (request.path_id,),
        )?;
        let order = find(app, db, request, "")?;
        if delivered == 0 {
            return unless_done(order, Status::Delivered, "Only a shipped order can be delivered.");
        }
        record(db, order.id, 3, Status::Delivered, now)?;
        Ok(order)
    })?;
    Ok(response::resource(request, &order))
}

/// The order, when the step was taken before; otherwise a 409.
fn unless_done(order: Order, wanted: Status, advice: &str) -> Result<Order> {
    match order.status == wanted {
        true => Ok(order),
        false => Err(wrong_state(&order, advice).into()),
    }
}

fn wrong_state(order: &Order, advice: &str) -> Problem {
    let detail = format!("The order is {}. {advice}", order.status.text());
    Problem::new(problem::ORDER_STATE, detail)
}

/// Adds a step to the history. Clocks of two machines may differ; a history never goes back.
fn record(db: &mut Connection, order_id: Id, step: u8, status: Status, now: Timestamp) -> Result<()> {
    db.execute(
        "INSERT INTO order_events (order_id, step, status, at)
         SELECT order_id, ?, ?, GREATEST(MAX(at), ?) FROM order_events WHERE order_id = ? GROUP BY order_id",
        (step, status.text(), now, order_id),
    )?;
    Ok(())
}
