//! The lines of purchase orders, one by one.

use rouille::Response;

use crate::app::App;
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::handlers::purchase_orders::draft::{FROZEN, Stood, Wanted, known_products, set_line};
use crate::handlers::purchase_orders::view::{OrderLine, PurchaseOrder, find};
use crate::handlers::purchase_orders::{allow, changed, lock};
use crate::problem::{self, Problem};
use crate::restock::purchase::{self, LINES_MAX, OrderStatus};
use crate::restock::supply;
use crate::values::{Currency, Id};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("product_id", "the path names it"),
    Shown::fixed("product_name", "PATCH /products/{id} changes it"),
    Shown::fixed("sku", "PATCH /products/{id} changes it"),
    Shown::fixed("supplier_sku", "PATCH /suppliers/{id}/products/{product_id} changes it"),
    Shown::fixed("received", "POST /purchase_orders/{id}/receive changes it"),
    Shown::fixed("rejected", "POST /purchase_orders/{id}/receive changes it"),
    Shown::books("outstanding", "POST /purchase_orders/{id}/receive changes it"),
    Shown::fixed("set_by_person", "it is true from now on"),
    Shown::fixed("reason", "a run says why it has put a product there"),
    Shown::fixed("lead_time_days", "POST /purchase_orders/{id}/order sets it"),
    Shown::fixed("expected_at", "PATCH /purchase_orders/{id} with expected_on changes it"),
    Shown::fixed("received_at", "POST /purchase_orders/{id}/receive sets it"),
];

/// `GET /purchase_orders/{id}/lines/{product_id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::snapshot(&app.pool, |db| find(app, db, request.path_id, &request.caller))?;
    Ok(response::resource(request, line_of(&order, request.path_product_id).ok_or_else(Problem::not_found)?))
}

/// `PUT /purchase_orders/{id}/lines/{product_id}`: `{quantity, unit_cost?}`; sets or adds a line of a draft. Without a cost
/// the one that somebody wrote stays, else it is what the supplier asks for so many. 200 with the line.
pub fn put(app: &App, request: &Request) -> Result<Response> {
    let (id, product_id) = (request.path_id, request.path_product_id);
    let mut form = request.json()?;
    let wanted = Wanted::read(app, &request.caller, &mut form, Some(product_id));
    let echo = form.shown(SHOWN);
    let wanted = form.finish(|| wanted)?;
    let order = db::transaction(&app.pool, |tx| {
        let status = lock(tx, id)?;
        let draft = find(app, tx, id, &request.caller)?;
        match line_of(&draft, product_id) {
            Some(line) => {
                response::check_if_match(request, line)?;
                echo.check(line)?;
                allow(status, &[OrderStatus::Draft], FROZEN)?;
                refuse_archived(tx, id, product_id)?;
            }
            None => {
                response::refuse_version(request.http)?;
                allow(status, &[OrderStatus::Draft], FROZEN)?;
                check_room(tx, &draft, product_id)?;
            }
        }
        let currency = &app.config.currency;
        let terms = match draft.head.supplier_id {
            Some(supplier_id) => supply::terms(tx, currency, supplier_id, &[product_id])?.remove(&product_id),
            None => None,
        };
        let stood = stood(tx, currency, (id, product_id))?;
        set_line(tx, id, &wanted, terms.as_ref(), stood.clone(), app.clock.now())?;
        if self::stood(tx, currency, (id, product_id))? != stood {
            changed(app, tx, &request.caller, id, &[product_id], &["lines"])?;
        }
        find(app, tx, id, &request.caller)
    })?;
    Ok(response::resource(request, line_of(&order, product_id).ok_or_else(Problem::not_found)?))
}

/// A line as it stands, also for who may not know what it costs.
fn stood(tx: &mut Transaction, currency: &Currency, ids: (Id, Id)) -> Result<Option<Stood>> {
    let sql = "SELECT quantity, unit_cost_minor_e4, cost_of_offer, set_by_person, supplier_sku, reason
         FROM purchase_order_lines WHERE purchase_order_id = ? AND product_id = ?";
    tx.row(sql, ids, |row| {
        let cost: Option<i64> = column(row, "unit_cost_minor_e4");
        Stood {
            quantity: column(row, "quantity"),
            unit_cost: cost.map(|minor_e4| currency.unit_cost(minor_e4)),
            cost_of_offer: column(row, "cost_of_offer"),
            set_by_person: column(row, "set_by_person"),
            supplier_sku: column(row, "supplier_sku"),
            reason: column(row, "reason"),
        }
    })
}

/// Refuses to set the line of a product that was archived since: nothing more is bought of it.
fn refuse_archived(tx: &mut Transaction, id: Id, product_id: Id) -> Result<()> {
    if !known_products(tx, &[product_id])?.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "Product {product_id} is archived. Take its line off with DELETE /purchase_orders/{id}/lines/{product_id}, or \
         restore it with POST /products/{product_id}/restore."
    );
    Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into())
}

/// Refuses a line of a product that is not there, and more lines than there may be.
fn check_room(tx: &mut Transaction, draft: &PurchaseOrder, product_id: Id) -> Result<()> {
    if known_products(tx, &[product_id])?.is_empty() {
        return Err(Problem::not_found().into());
    }
    if draft.lines.len() < LINES_MAX {
        return Ok(());
    }
    let detail = format!("The draft holds {LINES_MAX} lines, the most that one may. Order or split it.");
    Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into())
}

/// `DELETE /purchase_orders/{id}/lines/{product_id}`: takes a line off a draft; a run may put it there again. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let (id, product_id) = (request.path_id, request.path_product_id);
    db::transaction(&app.pool, |tx| {
        let status = lock(tx, id)?;
        let draft = find(app, tx, id, &request.caller)?;
        let line = line_of(&draft, product_id).ok_or_else(Problem::not_found)?;
        response::check_if_match(request, line)?;
        allow(status, &[OrderStatus::Draft], FROZEN)?;
        purchase::take_line(tx, id, product_id, line.quantity, app.clock.now())?;
        changed(app, tx, &request.caller, id, &[product_id], &["lines"])
    })?;
    Ok(response::no_content())
}

fn line_of(order: &PurchaseOrder, product_id: Id) -> Option<&OrderLine> {
    order.lines.iter().find(|line| line.product_id == product_id)
}
