//! Correcting an order: what was written down wrong, or has changed since. What was said before stands in its
//! history; of what only a person wrote, that it was changed.

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Transaction};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::orders::history::{self, Correction, ENTRIES_MAX, Entry};
use crate::handlers::orders::status::{Corrected, Status, allowed_actions};
use crate::handlers::orders::{Order, SHOWN, find, lock_customer};
use crate::problem::{self, Problem};
use crate::values::{Bad, Calendar, Day, Id, Line, Paragraph, Timestamp};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response;

/// What is to be written down anew: None is left as it is, `Some(None)` cleared.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    pub shipping_address: Option<Option<Paragraph<500>>>,
    pub note: Option<Option<Paragraph<1000>>>,
    pub expected_delivery_date: Option<Day>,
    pub carrier: Option<Option<Line<100>>>,
    pub tracking_number: Option<Option<Line<100>>>,
}

/// Of the entries of a history, those that a customer may fill; the others are the shop's.
const ENTRIES_OF_CUSTOMERS_MAX: usize = ENTRIES_MAX / 2;

/// As it stands in the order now.
fn value_of(field: Corrected, order: &Order) -> Option<String> {
    match field {
        Corrected::ShippingAddress => order.shipping_address.as_ref().map(|text| text.0.clone()),
        Corrected::Note => order.note.as_ref().map(|text| text.0.clone()),
        Corrected::ExpectedDeliveryDate => Some(order.expected_delivery_date.to_string()),
        Corrected::Carrier => order.carrier.as_ref().map(|text| text.0.clone()),
        Corrected::TrackingNumber => order.tracking_number.as_ref().map(|text| text.0.clone()),
    }
}

/// `PATCH /orders/{id}`: any of `{shipping_address, note, expected_delivery_date, carrier, tracking_number}`. Its customer
/// and staff give it another address and note while it is placed, staff another date while it is under way, and another
/// carrier and number once it is shipped. 409 `order_state` says what can be changed now, and by whom.
pub fn patch(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let corrections = Corrections::read(&mut form);
    let echo = form.shown(SHOWN);
    let corrections = form.finish(|| corrections)?;
    let order = db::transaction(&app.pool, |tx| {
        let is_current = |order: &Order| {
            response::check_if_match(request, order)?;
            // The day in which a manager can take something back may have ended since.
            echo.check_or(order, || Ok(vec![in_time_to_reopen(order, app.clock.now(), &request.caller)]))
        };
        correct(app, tx, &request.caller, request.path_id, &corrections, is_current)
    })?;
    Ok(response::resource(request, &order))
}

/// The order as it read before it was too late to take back what was said of its parcel.
fn in_time_to_reopen(order: &Order, now: Timestamp, caller: &Caller) -> Order {
    let is_confirmed = order.confirmed_at.is_some();
    let allowed_actions = allowed_actions(order.status, is_confirmed, Some(now), now, caller);
    Order { allowed_actions, ..order.clone() }
}

/// Writes down anew what differs. `is_current` is asked about the order once it is locked.
pub fn correct(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    id: Id,
    corrections: &Corrections,
    is_current: impl FnOnce(&Order) -> Result<()>,
) -> Result<Order> {
    let known = lock_customer(tx, id)?;
    let order = find(app, tx, caller, id, "FOR UPDATE")?;
    is_current(&order)?;
    let corrected = corrections.merged(order.clone());
    let differs = |field: &&Corrected| value_of(**field, &order) != value_of(**field, &corrected);
    let fields: Vec<Corrected> = Corrected::ALL.iter().filter(differs).copied().collect();
    if fields.is_empty() {
        return Ok(order);
    }
    if !known {
        return Err(erased().into());
    }
    refuse_what_is_for_staff(&fields, caller)?;
    if fields.contains(&Corrected::ExpectedDeliveryDate) {
        refuse_before_order(&app.config.calendar, &corrected)?;
    }
    refuse_too_late(&order, &fields)?;
    let most = if caller.is_staff() { ENTRIES_MAX } else { ENTRIES_OF_CUSTOMERS_MAX };
    if history::length(tx, id)? + fields.len() > most {
        return Err(Problem::new(problem::ORDER_STATE, too_often(&order, caller)).into());
    }
    let (actor, now) = (caller.actor(), app.clock.now());
    let names: Vec<&str> = fields.iter().map(|field| field.text()).collect();
    audit::record(app, tx, actor, Action::Changed, (Object::Order, id), &names)?;
    events::record(tx, now, Kind::OrderChanged, id, events::NO_PRODUCTS, &names)?;
    let mut values: Vec<Value> = fields.iter().map(|field| value_of(*field, &corrected).into()).collect();
    values.push(id.into());
    tx.execute(&format!("UPDATE orders SET {} = ? WHERE id = ?", names.join(" = ?, ")), values)?;
    for field in fields {
        // An address is a person's, and a note may be anything; both would stay where nobody looks for them.
        let [old, new] =
            [&order, &corrected].map(|order| value_of(field, order).filter(|_| !field.is_customers()));
        let entry = Entry { correction: Some(Correction { field, old, new }), ..Entry::of(order.status) };
        history::add(tx, actor, id, &entry, now)?;
    }
    find(app, tx, caller, id, "")
}

impl Corrections {
    fn read(form: &mut Form) -> Option<Corrections> {
        let shipping_address = form.changed_or_cleared("shipping_address", Paragraph::parse);
        let note = form.changed_or_cleared("note", Paragraph::parse);
        let expected_delivery_date = form.changed("expected_delivery_date", Day::parse);
        let carrier = form.changed_or_cleared("carrier", Line::parse);
        let tracking_number = form.changed_or_cleared("tracking_number", Line::parse);
        Some(Corrections {
            shipping_address: shipping_address?,
            note: note?,
            expected_delivery_date: expected_delivery_date?,
            carrier: carrier?,
            tracking_number: tracking_number?,
        })
    }

    fn merged(&self, order: Order) -> Order {
        let new = self.clone();
        Order {
            shipping_address: new.shipping_address.unwrap_or(order.shipping_address),
            note: new.note.unwrap_or(order.note),
            expected_delivery_date: new.expected_delivery_date.unwrap_or(order.expected_delivery_date),
            carrier: new.carrier.unwrap_or(order.carrier),
            tracking_number: new.tracking_number.unwrap_or(order.tracking_number),
            ..order
        }
    }
}

/// Nothing is written about somebody who is erased.
pub fn erased() -> Problem {
    let detail =
        "The customer of this order is erased. It stays as it is, and nothing is written about them again.";
    Problem::new(problem::NOT_FOUND, detail)
}

fn refuse_what_is_for_staff(fields: &[Corrected], caller: &Caller) -> std::result::Result<(), Problem> {
    let for_staff: Vec<Corrected> = fields.iter().filter(|field| !field.is_customers()).copied().collect();
    if caller.is_staff() || for_staff.is_empty() {
        return Ok(());
    }
    let detail = format!("Only staff change the {} of an order; ask the shop.", listed(&for_staff));
    Err(Problem::new(problem::FORBIDDEN, detail))
}

fn refuse_before_order(calendar: &Calendar, order: &Order) -> std::result::Result<(), Problem> {
    let ordered_on = calendar.day_of(order.order_date);
    if order.expected_delivery_date >= ordered_on {
        return Ok(());
    }
    let bad = Bad::new("before_order_date", format!("must not be before {ordered_on}"));
    Err(Problem::invalid_field("expected_delivery_date", bad))
}

fn refuse_too_late(order: &Order, fields: &[Corrected]) -> std::result::Result<(), Problem> {
    let is_possible = |field: &&Corrected| field.while_order_is().contains(&order.status);
    let Some(refused) = fields.iter().find(|field| !is_possible(field)) else {
        return Ok(());
    };
    let status = order.status.text();
    let when: Vec<&str> = refused.while_order_is().iter().map(|status| status.text()).collect();
    let possible: Vec<Corrected> = Corrected::ALL.iter().filter(is_possible).copied().collect();
    let now = match order.status {
        Status::Placed => "Give its carrier and tracking_number when it is shipped.".to_owned(),
        Status::Cancelled => "Of a cancelled order nothing can be changed; place a new one.".to_owned(),
        _ => format!("Now staff can still change its {}.", listed(&possible)),
    };
    let refused = refused.text();
    let detail = format!(
        "The order is {status}, and its {refused} can be changed while it is {}. {now}",
        when.join(" or ")
    );
    Err(Problem::new(problem::ORDER_STATE, detail))
}

/// Why another correction is refused.
fn too_often(order: &Order, caller: &Caller) -> String {
    let advice = match order.status {
        _ if !caller.is_staff() => "Ask the shop, or cancel it and order again.",
        Status::Placed => "Cancel it and order again.",
        _ => "It stays as it is.",
    };
    format!("The history of this order is too long to be corrected once more. {advice}")
}

/// `carrier and tracking_number`.
fn listed(fields: &[Corrected]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.text()).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
