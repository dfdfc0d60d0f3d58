//! Purchase orders over HTTP: drafts that runs and people make, ordering them, and what becomes of them.

mod draft;
mod lines;
mod list;
mod papers;
mod receive;
mod view;

use std::collections::BTreeSet;

use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::events::Kind;
use crate::handlers::mentions;
use crate::handlers::purchase_orders::view::find;
use crate::problem::{self, Problem};
use crate::restock::drafts::{self, Seller};
use crate::restock::purchase::{self, OrderStatus};
use crate::restock::supply::LEAD_TIME_DAYS_MAX;
use crate::values::{Bad, Day, Id, Paragraph, Timestamp, boolean};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

pub use draft::{create, post_merge, post_split};
pub use lines::{delete as delete_line, put as put_line, read as read_line};
pub use list::list;
pub use papers::{csv, mail};
pub use receive::post_receive;

/// `GET /purchase_orders/{id}`: with its lines and receipts.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let order = db::snapshot(&app.pool, |db| find(app, db, request.path_id, &request.caller))?;
    Ok(response::resource(request, &order))
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("status", "POST /purchase_orders/{id}/order, /receive and /cancel change it"),
    Shown::fixed("supplier_id", "it never changes; POST /purchase_orders makes one for another supplier"),
    Shown::fixed("supplier_name", "PATCH /suppliers/{id} changes it"),
    Shown::fixed("run_id", "it never changes"),
    Shown::fixed("for_runs", "it is the draft that a restock run has made"),
    Shown::fixed("currency", "the setting STOREKEEPER_CURRENCY decides"),
    Shown::fixed("line_count", LINES), Shown::fixed("units", LINES), Shown::fixed("total", LINES),
    Shown::fixed("lines", LINES),
    Shown::fixed("received", RECEIVE), Shown::fixed("receipt_count", RECEIVE), Shown::fixed("receipts", RECEIVE), Shown::books("outstanding", RECEIVE),
    Shown::fixed("minimum_order_value", "PATCH /suppliers/{id} changes it"),
    Shown::fixed("missing_value", LINES),
    Shown::books("waits_for", "it follows from the lines and the supplier"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::fixed("ordered_at", "POST /purchase_orders/{id}/order sets it"),
    Shown::fixed("expected_at", "send expected_on, the day on which what is outstanding is expected"),
    Shown::fixed("closed_at", "POST /purchase_orders/{id}/receive and /cancel set it"),
    Shown::books("overdue", "it follows from the clock"),
    Shown::books("allowed_actions", "it follows from the status"),
    Shown::elsewhere("quantity", LINES), Shown::elsewhere("unit_cost", LINES),
];

const LINES: &str = "PUT and DELETE /purchase_orders/{id}/lines/{product_id} change the lines of a draft";
const RECEIVE: &str = "POST /purchase_orders/{id}/receive changes it";

/// As the longest lead time.
const EXPECTED_WITHIN: chrono::Duration = chrono::Duration::days(LEAD_TIME_DAYS_MAX);

/// `PATCH /purchase_orders/{id}`: `{note?, expected_on?}`; null clears the note. `expected_on` is a day, of an order that
/// is on its way: what is outstanding is expected then.
pub fn patch(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let note = form.changed_or_cleared("note", Paragraph::<2000>::parse);
    let expected_on = form.changed("expected_on", Day::parse);
    let echo = form.shown(SHOWN);
    let (note, expected_on) = form.finish(|| Some((note?, expected_on?)))?;
    let order = db::transaction(&app.pool, |tx| {
        let status = lock(tx, request.path_id)?;
        let old = find(app, tx, request.path_id, &request.caller)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        if let Some(day) = expected_on {
            allow(status, &[OrderStatus::Ordered], "Only what is on its way is expected on a day.")?;
            check_expected(app, old.head.ordered_at, day)?;
            expect(app, tx, &request.caller, request.path_id, app.config.calendar.start_of(day))?;
        }
        if let Some(note) = &note {
            let is_new = old.head.note.as_deref() != note.as_ref().map(|note| note.0.as_str());
            annotate(app, tx, &request.caller, request.path_id, (note.as_ref(), is_new))?;
        }
        find(app, tx, request.path_id, &request.caller)
    })?;
    Ok(response::resource(request, &order))
}

/// Writes a note to a locked order. A manager who does has looked at the one that may have named somebody.
fn annotate(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    (note, is_new): (Option<&Paragraph<2000>>, bool),
) -> Result<()> {
    tx.execute("UPDATE purchase_orders SET note = ? WHERE id = ?", (note, id))?;
    let was_looked_at = caller.is_manager() && mentions::end_of_order(tx, id)?;
    if is_new || was_looked_at { changed(app, tx, caller, id, &[], &["note"]) } else { Ok(()) }
}

/// Goods come after they were ordered, and nobody waits for longer than the longest lead time.
fn check_expected(app: &App, ordered_at: Option<Timestamp>, day: Day) -> Result<()> {
    let day_of = |time| app.config.calendar.day_of(time);
    let now = app.clock.now();
    let (first, last) = (day_of(ordered_at.unwrap_or(now)), day_of(now + EXPECTED_WITHIN));
    if (first..=last).contains(&day) {
        return Ok(());
    }
    let message = format!("must be from {first}, when it was ordered, to {last}");
    Err(Problem::invalid_field("expected_on", Bad::new("out_of_range", message)).into())
}

/// Says when what is outstanding of a locked order is expected.
fn expect(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, at: Timestamp) -> Result<()> {
    let sql =
        "UPDATE purchase_order_lines SET expected_at = ? WHERE purchase_order_id = ? AND received < quantity";
    tx.execute(sql, (at, id))?;
    changed(app, tx, caller, id, &[], &["expected_at"])
}

/// Writes down that a locked order was changed by somebody.
fn changed(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    product_ids: &[Id],
    fields: &[&str],
) -> Result<()> {
    let now = app.clock.now();
    purchase::touch(tx, id, now)?;
    purchase::record(tx, now, Kind::PurchaseOrderChanged, id, product_ids, fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::PurchaseOrder, id), fields)
}

/// `POST /purchase_orders/{id}/order`: `{accept_below_minimum?}`; the lines are frozen, and what is ordered counts as
/// incoming. What has a lead time of 0 is received at once. 409 `below_minimum_order` when the supplier takes no order
/// that comes to so little, and `accept_below_minimum` is not true.
pub fn post_order(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let accept = form.with_default("accept_below_minimum", false, boolean);
    let accept = form.finish(|| accept)?;
    act(app, request, |tx| order(app, tx, &request.caller, request.path_id, accept))
}

/// Orders a draft.
pub fn order(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    accept_below_minimum: bool,
) -> Result<()> {
    let status = lock(tx, id)?;
    allow(status, &[OrderStatus::Draft], "Only a draft can be ordered.")?;
    let standing = drafts::standing(tx, id)?.ok_or_else(Problem::not_found)?;
    let state = |detail: String| Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into());
    if standing.lines == 0 {
        let advice = "The draft has no lines. Add one with PUT /purchase_orders/{id}/lines/{product_id}.";
        return state(advice.to_owned());
    }
    if let Some(Seller { name, .. }) = standing.supplier.as_ref().filter(|seller| seller.is_archived) {
        return state(format!(
            "{name} is archived, and nothing is bought there. Restore it, or order elsewhere."
        ));
    }
    if let Some(product_id) = standing.archived_product_id {
        return state(format!(
            "Product {product_id} is archived. Take its line off with DELETE /purchase_orders/{id}/lines/{product_id}, or \
             restore it with POST /products/{product_id}/restore."
        ));
    }
    let lacks = standing.lacks(&app.config.currency, caller.knows_costs());
    if let Some(lacks) = lacks.filter(|_| !accept_below_minimum) {
        let advice = "Add to it, or send \"accept_below_minimum\": true to order it as it is.";
        return Err(Problem::new(problem::BELOW_MINIMUM_ORDER, format!("{lacks}. {advice}")).into());
    }
    purchase::place(app, tx, id, caller.actor())?;
    audit::record(app, tx, caller.actor(), Action::Placed, (Object::PurchaseOrder, id), audit::NO_FIELDS)
}

/// `POST /purchase_orders/{id}/cancel`: a draft is dropped, and what is outstanding of an order will not come; the next
/// run may order again. 200, also the second time; 409 `purchase_order_state` once it is received.
pub fn post_cancel(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    act(app, request, |tx| cancel(app, tx, &request.caller, request.path_id))
}

/// Cancels a draft or an order.
pub fn cancel(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    match lock(tx, id)? {
        OrderStatus::Cancelled => Ok(()),
        status => {
            let open = [OrderStatus::Draft, OrderStatus::Ordered];
            allow(status, &open, "Only a draft or an order that is on its way can be cancelled.")?;
            purchase::cancel(tx, id, app.clock.now())?;
            let cancelled = (Object::PurchaseOrder, id);
            audit::record(app, tx, caller.actor(), Action::Cancelled, cancelled, audit::NO_FIELDS)
        }
    }
}

/// Does something with the order of the path once, and answers with what has become of it.
fn act(app: &App, request: &Request, action: impl Fn(&mut Transaction) -> Result<()>) -> Result<Response> {
    let id = request.path_id;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        check_version(app, tx, request, id)?;
        action(tx)?;
        let order = find(app, tx, id, &request.caller)?;
        claim.keep(tx, Answer::changed(format!("/purchase_orders/{id}"), &order))
    })?;
    Ok(answered.into_response())
}

/// Refuses an action on another version than the caller has read.
fn check_version(app: &App, tx: &mut Transaction, request: &Request, id: Id) -> Result<()> {
    if response::is_conditional(request) {
        lock(tx, id)?;
        let order = find(app, tx, id, &request.caller)?;
        response::check_if_match(request, &order)?;
    }
    Ok(())
}

/// Each product once: names those that appear twice.
fn each_once(form: &mut Form, product_ids: impl IntoIterator<Item = Id>) -> Option<()> {
    let mut seen = BTreeSet::new();
    let mut is_sound = Some(());
    for (index, product_id) in product_ids.into_iter().enumerate() {
        if !seen.insert(product_id) {
            let bad = Bad::new("appears_twice", "appears twice; add up the units of a product");
            form.reject(&format!("lines[{index}].product_id"), bad);
            is_sound = None;
        }
    }
    is_sound
}

/// Locks the order until the transaction ends. Whoever waits for the stock of its products waits before that, so that
/// nobody waits for an order that waits for stock.
fn lock(tx: &mut Transaction, id: Id) -> Result<OrderStatus> {
    let product_ids = purchase::product_ids(tx, id)?;
    tx.take_turn(product_ids)?;
    let sql = "SELECT status FROM purchase_orders WHERE id = ? FOR UPDATE";
    let status = tx.row(sql, (id,), |row| column(row, "status"))?;
    Ok(status.ok_or_else(Problem::not_found)?)
}

/// Refuses what the status does not allow.
fn allow(status: OrderStatus, allowed: &[OrderStatus], advice: &str) -> Result<()> {
    if allowed.contains(&status) {
        return Ok(());
    }
    let detail = match status {
        OrderStatus::Draft => format!("The purchase order is a draft. {advice}"),
        _ => format!("The purchase order is {}. {advice}", status.text()),
    };
    Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into())
}
