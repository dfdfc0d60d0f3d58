//! Drafts in the hands of people: making one, splitting and merging. What a person has set a run leaves alone.

use std::collections::HashMap;

use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::events::Kind;
use crate::handlers::costs::told_unit_cost;
use crate::handlers::mentions;
use crate::handlers::purchase_orders::view::{OrderLine, find};
use crate::handlers::purchase_orders::{act, allow, changed, check_version, each_once, lock};
use crate::ledger::ON_HAND_MAX;
use crate::problem::{FieldError, Problem};
use crate::restock::Packing;
use crate::restock::purchase::{self, LINES_MAX, NewDraft, NewLine, OrderStatus};
use crate::restock::supply::{self, Terms};
use crate::values::{Bad, Id, Paragraph, Timestamp, UnitCost, id, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;

/// As long as a note may be.
const NOTE_CHARACTERS_MAX: usize = 2000;

/// As many lines as a body holds.
const LINES_AT_ONCE: usize = 100;

/// A line as a person sets it.
pub struct Wanted {
    pub product_id: Id,
    pub quantity: i64,
    /// None for what the supplier asks, as far as that is known.
    pub unit_cost: Option<UnitCost>,
}

impl Wanted {
    pub fn read(app: &App, caller: &Caller, form: &mut Form, product_id: Option<Id>) -> Option<Wanted> {
        let quantity = form.required("quantity", |input| whole_number(input, 1, ON_HAND_MAX));
        let unit_cost = form.optional("unit_cost", |input| told_unit_cost(app, caller, input));
        Some(Wanted { product_id: product_id?, quantity: quantity?, unit_cost: unit_cost? })
    }
}

/// `POST /purchase_orders`: `{supplier_id?, note?, lines?: [{product_id, quantity, unit_cost?}]}`; a draft to which no run
/// adds. Without a supplier it is bought from the shop's own list. Without a cost a line has the one that the supplier
/// asks. 201 with the draft.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    let supplier_id = form.optional("supplier_id", id);
    let note = form.optional("note", Paragraph::<2000>::parse);
    let lines = form.optional_objects("lines", LINES_AT_ONCE, |line| {
        let product_id = line.required("product_id", id);
        Wanted::read(app, &request.caller, line, product_id)
    });
    let once = lines
        .as_ref()
        .and_then(|lines| each_once(&mut form, lines.iter().flatten().map(|line| line.product_id)));
    let (supplier_id, note, lines, ()) = form.finish(|| Some((supplier_id?, note?, lines?, once?)))?;
    let mut lines = lines.unwrap_or_default();
    let named: Vec<Id> = lines.iter().map(|line| line.product_id).collect();
    lines.sort_by_key(|line| line.product_id);
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let order_id = make(app, tx, &request.caller, supplier_id, note.as_ref(), &lines, &named)?;
        let order = find(app, tx, order_id, &request.caller)?;
        claim.keep(tx, Answer::created(format!("/purchase_orders/{order_id}"), &order))
    })?;
    Ok(answered.into_response())
}

/// Makes a draft with these lines, by product. `named` are their products as the caller listed them.
fn make(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    supplier_id: Option<Id>,
    note: Option<&Paragraph<2000>>,
    lines: &[Wanted],
    named: &[Id],
) -> Result<Id> {
    if let Some(supplier_id) = supplier_id {
        let sql = "SELECT active FROM suppliers WHERE id = ?";
        if tx.row(sql, (supplier_id,), |row| column(row, "active"))? != Some(true) {
            let bad = Bad::new("unknown_supplier", "is not the id of a supplier that is there");
            return Err(Problem::invalid_field("supplier_id", bad).into());
        }
    }
    let known = known_products(tx, named)?;
    let faults: Vec<FieldError> = (named.iter().enumerate().filter(|(_, id)| !known.contains(id)))
        .map(|(index, _)| {
            let bad = Bad::new("unknown_product", "is not the id of a product that is there");
            FieldError::new(format!("lines[{index}].product_id"), bad)
        })
        .collect();
    if !faults.is_empty() {
        return Err(Problem::invalid_fields(faults).into());
    }
    let now = app.clock.now();
    let note = note.map(|note| note.0.as_str());
    let order_id =
        purchase::make_draft(tx, &NewDraft { supplier_id, for_runs: false, note, run_id: None }, now)?;
    if !named.is_empty() {
        purchase::record(tx, now, Kind::PurchaseOrderChanged, order_id, named, &["lines"])?;
    }
    audit::record(
        app,
        tx,
        caller.actor(),
        Action::Created,
        (Object::PurchaseOrder, order_id),
        audit::NO_FIELDS,
    )?;
    let terms = match supplier_id {
        Some(supplier_id) => supply::terms(tx, &app.config.currency, supplier_id, named)?,
        None => HashMap::new(),
    };
    for line in lines {
        set_line(tx, order_id, line, terms.get(&line.product_id), None, now)?;
    }
    Ok(order_id)
}

/// Which of these products are in the catalogue.
pub fn known_products(tx: &mut Transaction, product_ids: &[Id]) -> Result<Vec<Id>> {
    if product_ids.is_empty() {
        return Ok(Vec::new());
    }
    let (marks, ids) = db::in_list(product_ids.iter().copied());
    tx.rows(&format!("SELECT id FROM products WHERE id IN ({marks}) AND active = 1"), ids, |row| {
        column(row, "id")
    })
}

/// What was there before a person sets a line.
#[derive(Clone, Default, PartialEq)]
pub struct Stood {
    pub quantity: i64,
    pub unit_cost: Option<UnitCost>,
    pub cost_of_offer: bool,
    pub set_by_person: bool,
    pub supplier_sku: Option<String>,
    pub reason: Option<String>,
}

/// Sets a line of a locked draft to what a person says. `terms` are the supplier's. What somebody wrote that a unit costs
/// stays until somebody who knows costs writes another; otherwise it is what the supplier asks for so many.
pub fn set_line(
    tx: &mut Transaction,
    order_id: Id,
    wanted: &Wanted,
    terms: Option<&Terms>,
    stood: Option<Stood>,
    now: Timestamp,
) -> Result<()> {
    let &Wanted { product_id, quantity, unit_cost } = wanted;
    let asked = terms.map(|terms| terms.cost_at(quantity));
    let stood = stood.unwrap_or_default();
    let written = unit_cost.or(stood.unit_cost.filter(|_| !stood.cost_of_offer));
    let cost = written.or(asked).or(stood.unit_cost);
    // Whoever orders it asks the supplier.
    let odd = terms.filter(|terms| !terms.packing().sells(quantity)).map(|terms| {
        let Packing { pack_size, minimum_quantity } = terms.packing();
        format!(
            "set by hand, though the supplier sells packs of {pack_size}, and at least {minimum_quantity}"
        )
    });
    let line = NewLine {
        product_id,
        quantity,
        supplier_sku: terms.and_then(|terms| terms.supplier_sku.as_ref()),
        unit_cost: cost,
        // Also where it was read, and written back as it was.
        cost_of_offer: cost.is_some() && (cost == asked || written.is_none()),
        set_by_person: true,
        reason: odd.as_deref(),
    };
    purchase::put_line(tx, order_id, &line, stood.quantity, now)
}

pub const FROZEN: &str =
    "The lines of what was ordered are frozen: cancel it, or make another one with POST /purchase_orders.";

/// `POST /purchase_orders/{id}/split`: `{lines: [{product_id, quantity?}]}`; puts these lines, or so many units of them, on
/// a draft of their own, to which no run adds. 201 with the new draft.
pub fn post_split(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let parts = form.objects("lines", LINES_AT_ONCE, |line| {
        let product_id = line.required("product_id", id);
        let quantity = line.optional("quantity", |input| whole_number(input, 1, ON_HAND_MAX));
        Some((product_id?, quantity?))
    });
    let once = parts.as_ref().and_then(|parts| each_once(&mut form, parts.iter().map(|(id, _)| *id)));
    let (parts, ()) = form.finish(|| Some((parts?, once?)))?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        check_version(app, tx, request, request.path_id)?;
        let order_id = split(app, tx, &request.caller, request.path_id, &parts)?;
        let order = find(app, tx, order_id, &request.caller)?;
        claim.keep(tx, Answer::created(format!("/purchase_orders/{order_id}"), &order))
    })?;
    Ok(answered.into_response())
}

/// Puts lines of a draft, or parts of them, on a new one.
fn split(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    parts: &[(Id, Option<i64>)],
) -> Result<Id> {
    let status = lock(tx, id)?;
    allow(status, &[OrderStatus::Draft], FROZEN)?;
    let draft = find(app, tx, id, caller)?;
    let mut moved: Vec<(Id, i64, i64)> = Vec::new();
    let mut faults = Vec::new();
    for (index, &(product_id, quantity)) in parts.iter().enumerate() {
        let mut fault = |field: &str, code, message: String| {
            faults.push(FieldError::new(format!("lines[{index}].{field}"), Bad::new(code, message)));
        };
        let Some(line) = draft.lines.iter().find(|line| line.product_id == product_id) else {
            fault("product_id", "not_on_order", "is not on this draft".to_owned());
            continue;
        };
        let quantity = quantity.unwrap_or(line.quantity);
        if quantity > line.quantity {
            fault(
                "quantity",
                "too_large",
                format!("must be at most {}, which are on the line", line.quantity),
            );
        } else {
            moved.push((product_id, quantity, line.quantity));
        }
    }
    if faults.is_empty()
        && moved.len() == draft.lines.len()
        && moved.iter().all(|(_, part, whole)| part == whole)
    {
        let bad = Bad::new("leaves_nothing", "must leave something on the draft");
        faults.push(FieldError::new("lines", bad));
    }
    if !faults.is_empty() {
        return Err(Problem::invalid_fields(faults).into());
    }
    moved.sort_unstable();
    let now = app.clock.now();
    let new = NewDraft { supplier_id: draft.head.supplier_id, for_runs: false, note: None, run_id: None };
    let new_id = purchase::make_draft(tx, &new, now)?;
    for &(product_id, part, whole) in &moved {
        let sql = "INSERT INTO purchase_order_lines
                 (purchase_order_id, product_id, supplier_sku, quantity, unit_cost_minor_e4, cost_of_offer, set_by_person, reason,
                  received, rejected)
             SELECT ?, product_id, supplier_sku, ?, unit_cost_minor_e4, cost_of_offer, 1, reason, 0, 0
             FROM purchase_order_lines WHERE purchase_order_id = ? AND product_id = ?";
        tx.execute(sql, (new_id, part, id, product_id))?;
        if part == whole {
            let sql = "DELETE FROM purchase_order_lines WHERE purchase_order_id = ? AND product_id = ?";
            tx.execute(sql, (id, product_id))?;
        } else {
            let sql = "UPDATE purchase_order_lines SET quantity = ?, set_by_person = 1
                 WHERE purchase_order_id = ? AND product_id = ?";
            tx.execute(sql, (whole - part, id, product_id))?;
        }
    }
    let product_ids: Vec<Id> = moved.iter().map(|(product_id, ..)| *product_id).collect();
    for order_id in [id, new_id] {
        purchase::take_offered_costs(
            tx,
            &app.config.currency,
            order_id,
            draft.head.supplier_id,
            &product_ids,
        )?;
    }
    // The units stay drafted.
    changed(app, tx, caller, id, &[], &["lines", &format!("purchase_orders[{new_id}]")])?;
    Ok(new_id)
}

/// `POST /purchase_orders/{id}/merge`: `{purchase_order_id}`; the lines of another draft of the same supplier come to this
/// one, and the other one is cancelled. 200 with this draft.
pub fn post_merge(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let other = form.required("purchase_order_id", id);
    let other = form.finish(|| other)?;
    if other == request.path_id {
        let bad = Bad::new("same_order", "is this purchase order; name another draft");
        return Err(Problem::invalid_field("purchase_order_id", bad).into());
    }
    act(app, request, |tx| merge(app, tx, &request.caller, request.path_id, other))
}

/// Puts the lines of a draft on another one of the same supplier.
fn merge(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, other_id: Id) -> Result<()> {
    let fault = |code, message: String| Problem::invalid_field("purchase_order_id", Bad::new(code, message));
    // In one order, so that two merges wait for each other and no more. No stock changes.
    let (marks, ids) = db::in_list([id.min(other_id), id.max(other_id)]);
    let sql = format!("SELECT id FROM purchase_orders WHERE id IN ({marks}) ORDER BY id FOR UPDATE");
    let there: Vec<Id> = tx.rows(&sql, ids, |row| column(row, "id"))?;
    let this = find(app, tx, id, caller)?;
    allow(this.head.status, &[OrderStatus::Draft], "Only drafts are merged.")?;
    if !there.contains(&other_id) {
        let message = "is not the id of a purchase order".to_owned();
        return Err(fault("unknown_purchase_order", message).into());
    }
    let other = find(app, tx, other_id, caller)?;
    if other.head.status != OrderStatus::Draft {
        let status = other.head.status.text();
        return Err(fault("not_a_draft", format!("is {status}; only drafts are merged")).into());
    }
    if other.head.supplier_id != this.head.supplier_id {
        return Err(fault(
            "other_supplier",
            "is of another supplier; only drafts of one supplier are merged".to_owned(),
        )
        .into());
    }
    let is_new = |id: Id| !this.lines.iter().any(|line| line.product_id == id);
    let new = other.lines.iter().filter(|line| is_new(line.product_id)).count();
    if new + this.lines.len() > LINES_MAX {
        let message =
            format!("would make {} lines, and a purchase order holds {LINES_MAX}", new + this.lines.len());
        return Err(fault("too_many_lines", message).into());
    }
    let too_large = |line: &OrderLine| {
        let there = this.lines.iter().find(|known| known.product_id == line.product_id);
        there.is_some_and(|there| there.quantity + line.quantity > ON_HAND_MAX)
    };
    if let Some(line) = other.lines.iter().find(|line| too_large(line)) {
        let message = format!("would make more than {ON_HAND_MAX} of product {}", line.product_id);
        return Err(fault("too_large", message).into());
    }
    let note = other.head.note.map(|note| match this.head.note {
        Some(of_this) => format!("{of_this}\n{note}"),
        None => note,
    });
    if note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARACTERS_MAX) {
        let message = format!(
            "has a note that makes more than {NOTE_CHARACTERS_MAX} characters with this one's; shorten one"
        );
        return Err(fault("notes_too_long", message).into());
    }
    if let Some(product_id) = agreed_otherwise(tx, id, other_id)? {
        let message = format!(
            "has product {product_id} at another cost, which somebody has written; set one of the two lines to the other's \
             cost first"
        );
        return Err(fault("other_cost", message).into());
    }
    tx.execute(
        "INSERT INTO purchase_order_lines
             (purchase_order_id, product_id, supplier_sku, quantity, unit_cost_minor_e4, cost_of_offer, set_by_person, reason,
              received, rejected)
         SELECT ?, m.product_id, m.supplier_sku, m.quantity, m.unit_cost_minor_e4, m.cost_of_offer, 1, m.reason, 0, 0
         FROM purchase_order_lines m WHERE m.purchase_order_id = ? ORDER BY m.product_id
         ON DUPLICATE KEY UPDATE quantity = purchase_order_lines.quantity + VALUES(quantity), set_by_person = 1,
             cost_of_offer = LEAST(purchase_order_lines.cost_of_offer, VALUES(cost_of_offer))",
        (id, other_id),
    )?;
    let product_ids: Vec<Id> = other.lines.iter().map(|line| line.product_id).collect();
    purchase::take_offered_costs(tx, &app.config.currency, id, this.head.supplier_id, &product_ids)?;
    tx.execute("DELETE FROM purchase_order_lines WHERE purchase_order_id = ?", (other_id,))?;
    // The units stay drafted.
    purchase::cancel(tx, other_id, app.clock.now())?;
    let merged = format!("purchase_orders[{other_id}]");
    let mut fields = vec!["lines", &merged];
    if let Some(note) = &note {
        tx.execute("UPDATE purchase_orders SET note = ? WHERE id = ?", (note, id))?;
        mentions::copy_to_order(tx, other_id, id)?;
        fields.push("note");
    }
    changed(app, tx, caller, id, &[], &fields)
}

/// A product that both drafts have at different costs, of which somebody wrote one: together they have none that is right.
fn agreed_otherwise(tx: &mut Transaction, id: Id, other_id: Id) -> Result<Option<Id>> {
    let sql = "SELECT l.product_id FROM purchase_order_lines l
         JOIN purchase_order_lines m ON m.purchase_order_id = ? AND m.product_id = l.product_id
         WHERE l.purchase_order_id = ? AND l.cost_of_offer * m.cost_of_offer = 0
             AND NOT (l.unit_cost_minor_e4 <=> m.unit_cost_minor_e4)
         ORDER BY l.product_id LIMIT 1";
    tx.row(sql, (other_id, id), |row| column(row, "product_id"))
}
