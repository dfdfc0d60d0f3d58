//! Receiving what comes of a purchase order, in as many deliveries as it takes.

use std::collections::BTreeMap;

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{Transaction, column};
use crate::error::{Error, Result};
use crate::events::Kind;
use crate::handlers::movements::shelf_full;
use crate::handlers::purchase_orders::{act, allow, each_once, lock};
use crate::ledger::ON_HAND_MAX;
use crate::problem::{self, FieldError, Problem};
use crate::restock::purchase::{self, Arrival, LINES_MAX, OrderStatus};
use crate::values::{Bad, Id, Paragraph, boolean, id, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::request::Request;

/// What came, as whoever unpacked it says.
pub struct Delivery {
    /// None for all that is outstanding.
    pub lines: Option<Vec<Unpacked>>,
    pub accept_surplus: bool,
    pub note: Option<Paragraph<500>>,
}

pub struct Unpacked {
    pub product_id: Id,
    /// None for what is outstanding, less what was rejected.
    pub quantity: Option<i64>,
    pub rejected: i64,
}

/// A line as it stands.
struct Owed {
    outstanding: i64,
    on_hand: i64,
}

/// As many as a large order ever came in; what an order shows of them stays within bounds.
const RECEIPTS_MAX: i64 = 200;

/// `POST /purchase_orders/{id}/receive`: `{lines?: [{product_id, quantity?, rejected?}], accept_surplus?, note?}`; without
/// lines all that is outstanding. `quantity` goes on the shelf; what was rejected does not, and is still owed. Late goods
/// of a cancelled order are received against it. The note stands in the ledger; where all was rejected, in that of the
/// order. Send an Idempotency-Key, so that a retry of a part is not a second part.
/// 200 with the order; 409 `surplus` when what came, rejected or not, is more than is outstanding and `accept_surplus` is
/// not true.
pub fn post_receive(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let lines = read_lines(&mut form);
    let accept_surplus = form.with_default("accept_surplus", false, boolean);
    let note = form.optional("note", Paragraph::parse);
    let delivery =
        form.finish(|| Some(Delivery { lines: lines?, accept_surplus: accept_surplus?, note: note? }))?;
    act(app, request, |tx| receive(app, tx, &request.caller, request.path_id, &delivery))
}

fn read_lines(form: &mut Form) -> Option<Option<Vec<Unpacked>>> {
    // Who sends null has forgotten to say what came.
    let is_null = form.is_null("lines");
    let lines = form.optional_objects("lines", LINES_MAX, |line| {
        let product_id = line.required("product_id", id);
        // A delivery may be larger than what was ordered.
        let quantity = line.optional("quantity", |input| whole_number(input, 0, ON_HAND_MAX));
        let rejected = line.with_default("rejected", 0, |input| whole_number(input, 0, ON_HAND_MAX));
        if quantity == Some(Some(0)) && rejected == Some(0) {
            line.reject(
                "quantity",
                Bad::new("nothing_came", "must not be 0 where nothing was rejected; leave the line out"),
            );
        }
        Some(Unpacked { product_id: product_id?, quantity: quantity?, rejected: rejected? })
    })?;
    if is_null {
        let message = "must not be null; leave it out where all that is outstanding has come";
        form.reject("lines", Bad::new("required", message));
        return None;
    }
    each_once(form, lines.iter().flatten().map(|line| line.product_id))?;
    Some(lines)
}

/// Puts what came on the shelf.
pub fn receive(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    order_id: Id,
    delivery: &Delivery,
) -> Result<()> {
    let status = lock(tx, order_id)?;
    let sql = "SELECT ordered_at IS NOT NULL AS was_ordered, receipt_count FROM purchase_orders WHERE id = ?";
    let known = tx.row(sql, (order_id,), |row| (column(row, "was_ordered"), column(row, "receipt_count")))?;
    let (was_ordered, receipts): (bool, i64) = known.unwrap_or_default();
    if status != OrderStatus::Ordered {
        if !was_ordered && status == OrderStatus::Cancelled {
            let detail = "The draft was cancelled and never ordered, so nothing comes of it. Book what was found as a \
                          movement, or receive it against the order that it is of.";
            return Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into());
        }
        // Goods came nonetheless, and somebody has counted them: of a cancelled order all of them are a surplus.
        let is_known_to = match status {
            OrderStatus::Received => delivery.accept_surplus && delivery.lines.is_some(),
            OrderStatus::Cancelled => delivery.lines.is_some(),
            OrderStatus::Draft | OrderStatus::Ordered => false,
        };
        if !is_known_to {
            return allow(status, &[], advice(status));
        }
    }
    if receipts >= RECEIPTS_MAX {
        let detail = format!(
            "It came in {RECEIPTS_MAX} receipts, the most that a purchase order may have. Cancel it, and order the rest anew."
        );
        return Err(Problem::new(problem::PURCHASE_ORDER_STATE, detail).into());
    }
    let owed = owed(tx, order_id, status)?;
    let arrivals = arrivals(delivery, &owed)?;
    if status == OrderStatus::Ordered && !delivery.accept_surplus {
        refuse_surplus(&arrivals, &owed)?;
    }
    let is_on_shelf = arrivals.iter().any(|arrival| arrival.accepted > 0);
    let now = app.clock.now();
    let note = delivery.note.as_ref().map(|note| note.0.as_str());
    // The ledger has a line for what goes on the shelf only.
    let on_order = note.filter(|_| !is_on_shelf);
    if let Some(note) = on_order {
        add_note(tx, order_id, receipts + 1, note)?;
        purchase::record(tx, now, Kind::PurchaseOrderChanged, order_id, &[], &["note"])?;
    }
    let fields: &[&str] = if on_order.is_some() { &["receipts", "note"] } else { &["receipts"] };
    audit::record(app, tx, caller.actor(), Action::Received, (Object::PurchaseOrder, order_id), fields)?;
    if purchase::receive(tx, order_id, receipts + 1, &arrivals, caller.actor(), note, now)? {
        return Ok(());
    }
    let full =
        arrivals.iter().find(|arrival| owed[&arrival.product_id].on_hand + arrival.accepted > ON_HAND_MAX);
    match full {
        Some(arrival) => Err(shelf_full(owed[&arrival.product_id].on_hand, arrival.accepted).into()),
        // Meanwhile something was sold.
        None => Err(Error::Raced),
    }
}

/// Adds what is said of a receipt to the note of the order.
fn add_note(tx: &mut Transaction, order_id: Id, receipt: i64, note: &str) -> Result<()> {
    let added = format!("Receipt {receipt}: {note}");
    let sql = "UPDATE purchase_orders SET note = CONCAT_WS('\n', note, ?)
         WHERE id = ? AND CHAR_LENGTH(CONCAT_WS('\n', note, ?)) <= 2000";
    if tx.execute(sql, (&added, order_id, &added))? > 0 {
        return Ok(());
    }
    let message = "does not fit after the note of the purchase order, where it is kept since nothing went on the shelf: \
                   shorten one of them";
    Err(Problem::invalid_field("note", Bad::new("too_long", message)).into())
}

fn advice(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Received => {
            "What came beyond it is received with its \"lines\" and \"accept_surplus\": true."
        }
        OrderStatus::Cancelled => "What came of it nonetheless is received with its \"lines\".",
        OrderStatus::Draft | OrderStatus::Ordered => "Order it first.",
    }
}

/// What is owed of each product of a locked order.
fn owed(tx: &mut Transaction, order_id: Id, status: OrderStatus) -> Result<BTreeMap<Id, Owed>> {
    let sql = "SELECT l.product_id, l.quantity, l.received, s.on_hand
         FROM purchase_order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         WHERE l.purchase_order_id = ? ORDER BY l.product_id";
    let is_open = status == OrderStatus::Ordered;
    let rows = tx.rows(sql, (order_id,), |row| {
        let (quantity, received): (i64, i64) = (column(row, "quantity"), column(row, "received"));
        let outstanding = if is_open { (quantity - received).max(0) } else { 0 };
        (column(row, "product_id"), Owed { outstanding, on_hand: column(row, "on_hand") })
    })?;
    Ok(rows.into_iter().collect())
}

fn arrivals(delivery: &Delivery, owed: &BTreeMap<Id, Owed>) -> Result<Vec<Arrival>> {
    let Some(lines) = &delivery.lines else {
        let all = owed.iter().filter(|(_, owed)| owed.outstanding > 0);
        return Ok(all
            .map(|(id, owed)| Arrival { product_id: *id, accepted: owed.outstanding, rejected: 0 })
            .collect());
    };
    let mut faults = Vec::new();
    let mut arrivals = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let place = |field: &str| format!("lines[{index}].{field}");
        let Some(of_line) = owed.get(&line.product_id) else {
            let message = "is not on this purchase order; receive it against the one that it is on, or book what was found as a movement";
            faults.push(FieldError::new(place("product_id"), Bad::new("not_on_order", message)));
            continue;
        };
        let accepted = line.quantity.unwrap_or((of_line.outstanding - line.rejected).max(0));
        if accepted + line.rejected == 0 {
            let message = "is required: nothing is outstanding of this product";
            faults.push(FieldError::new(place("quantity"), Bad::new("required", message)));
            continue;
        }
        arrivals.push(Arrival { product_id: line.product_id, accepted, rejected: line.rejected });
    }
    if !faults.is_empty() {
        return Err(Problem::invalid_fields(faults).into());
    }
    arrivals.sort_by_key(|arrival| arrival.product_id);
    Ok(arrivals)
}

fn refuse_surplus(arrivals: &[Arrival], owed: &BTreeMap<Id, Owed>) -> Result<()> {
    let outstanding = |arrival: &Arrival| owed[&arrival.product_id].outstanding;
    let surplus: Vec<&Arrival> =
        arrivals.iter().filter(|arrival| arrival.came() > outstanding(arrival)).collect();
    let Some(first) = surplus.first() else { return Ok(()) };
    let (came, outstanding_first, product_id) = (first.came(), outstanding(first), first.product_id);
    let others = match surplus.len() {
        1 => String::new(),
        more => format!(", and more than was ordered of {} other products", more - 1),
    };
    let detail = format!(
        "{came} of product {product_id} arrived but only {outstanding_first} are outstanding{others}. Count again, or send \
         \"accept_surplus\": true to keep them."
    );
    let lines: Vec<_> = surplus
        .iter()
        .map(|arrival| json!({"product_id": arrival.product_id, "outstanding": outstanding(arrival)}))
        .collect();
    Err(Problem::new(problem::SURPLUS, detail).with_extra("lines", json!(lines)).into())
}
