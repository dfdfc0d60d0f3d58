//! Placing an order.
//!
//! With the session check, which also finds the answer to a retry, this is eight round trips, whatever the
//! number of lines: BEGIN, the products, the order, its lines, the key with the stored answer, the
//! reservation, and COMMIT with the entry in the feed. The rows of stock, which everybody wants, are locked last.

use std::collections::BTreeMap;

use mysql::Value;
use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, column};
use crate::error::database::is_null_in_not_null;
use crate::error::{Error, Result};
use crate::events::{self, Kind};
use crate::handlers::orders::limits::{Limits, refuse_too_much};
use crate::handlers::orders::status::allowed_actions;
use crate::handlers::orders::{ConfirmedBy, Earned, Order, OrderLine, Status};
use crate::ledger::{self, Shortage};
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, Currency, Id, Paragraph, Price, Quantity, id};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Kept, Key};
use crate::web::request::Request;

/// A longer order is a wholesale contract. See [`crate::values::PRICE_MINOR_MAX`] for what the
/// limits guarantee together.
const ITEMS_MAX: usize = 100;

/// What is ordered, as the caller wrote it.
pub struct Wanted {
    pub customer_id: Id,
    pub items: Vec<Item>,
    pub shipping_address: Option<Paragraph<500>>,
    pub note: Option<Paragraph<1000>>,
    /// What the customer was told that it costs.
    pub expected_total: Option<Price>,
}

pub struct Item {
    pub product_id: Id,
    pub quantity: Quantity,
}

/// `POST /orders`: `{items: [{product_id, quantity}], shipping_address?, note?, expected_total?, customer_id?}`;
/// staff must name the customer. 201; 409 `out_of_stock` names each product with what was asked and what
/// is available, `price_changed` both totals when the total is not the expected one, `too_many_open_orders` and
/// `too_many_reserved_units` say how much a customer may hold at once; 422 names unknown products, and those of
/// which a customer asks too many units. Nothing is kept unless all of it is.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let wanted = Wanted::read(&mut form, &request.caller, &app.config.currency);
    let wanted = form.finish(|| wanted)?;
    request.caller.scope().check(wanted.customer_id)?;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        place(app, tx, &request.caller, &wanted, |tx, order| {
            let answer = Answer::created(format!("/orders/{}", order.id), order);
            claim.keep(tx, answer.placing(order.id).about(order.customer_id))
        })
    })?;
    Ok(answered.into_response())
}

/// Places an order: reserves its products, or refuses it as a whole. `keep` is called once the order
/// is known, before the rows of stock are taken.
pub fn place(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    wanted: &Wanted,
    keep: impl FnOnce(&mut Transaction, &Order) -> Result<Kept>,
) -> Result<Kept> {
    let now = app.clock.now();
    let limits = Limits::of(app, caller);
    let quantities = wanted.quantities(limits.units_per_product)?;
    let items = priced_lines(app, tx, wanted, &quantities)?;
    let total = sum(app, &items);
    refuse_another_total(wanted.expected_total, total)?;
    let calendar = &app.config.calendar;
    // Whoever places it behind the counter says that it is meant.
    let (actor, is_confirmed) = (caller.actor(), caller.is_staff());
    let mut order = Order {
        id: 0,
        customer_id: wanted.customer_id,
        status: Status::Placed,
        order_date: now,
        updated_at: now,
        expected_delivery_date: calendar
            .add_business_days(calendar.day_of(now), app.config.delivery_business_days),
        currency: app.config.currency.code().to_owned(),
        total,
        items,
        shipping_address: wanted.shipping_address.clone(),
        note: wanted.note.clone(),
        carrier: None,
        tracking_number: None,
        confirmed_at: is_confirmed.then_some(now),
        confirmed_by: ConfirmedBy::told_to(caller, || ConfirmedBy {
            confirmed_by_account_id: actor.account_id,
            confirmed_by_api_key_id: actor.api_key_id,
        }),
        allowed_actions: allowed_actions(Status::Placed, is_confirmed, None, now, caller),
        earned: Earned::told_to(caller),
    };
    order.id = insert(tx, caller, limits, &order)?;
    let product_ids: Vec<Id> = quantities.keys().copied().collect();
    events::record(tx, now, Kind::OrderPlaced, order.id, &product_ids, audit::NO_FIELDS)?;
    audit::record(app, tx, caller.actor(), Action::Placed, (Object::Order, order.id), audit::NO_FIELDS)?;
    let kept = keep(tx, &order)?;
    tx.take_turn(product_ids)?;
    if !ledger::reserve(tx, order.id, order.items.len(), order.customer_id, limits.holding)? {
        refuse_too_much(tx, order.customer_id, caller, limits.holding)?;
        let short = ledger::shortages(tx, &quantities, |on_hand, reserved| on_hand - reserved)?;
        let advice = "Order less, or leave these products out. Nothing was ordered.";
        return Err(out_of_stock(advice, &short).into());
    }
    Ok(kept)
}

impl Wanted {
    fn read(form: &mut Form, caller: &Caller, currency: &Currency) -> Option<Wanted> {
        let customer_id = caller.customer_in(form);
        let items = form.objects("items", ITEMS_MAX, |item| {
            let product_id = item.required("product_id", id);
            let quantity = item.required("quantity", Quantity::parse);
            Some(Item { product_id: product_id?, quantity: quantity? })
        });
        let shipping_address = form.optional("shipping_address", Paragraph::parse);
        let note = form.optional("note", Paragraph::parse);
        let expected_total = form.optional("expected_total", |input| currency.parse_total(input));
        Some(Wanted {
            customer_id: customer_id?,
            items: items?,
            shipping_address: shipping_address?,
            note: note?,
            expected_total: expected_total?,
        })
    }

    /// How many units of each product, with repeated ones added up, in the order of the ids.
    fn quantities(&self, units_max: i64) -> std::result::Result<BTreeMap<Id, i64>, Problem> {
        let mut quantities = BTreeMap::new();
        for item in &self.items {
            *quantities.entry(item.product_id).or_insert(0) += item.quantity.0;
        }
        self.reject(|product_id| {
            let too_many = quantities[&product_id] > units_max;
            let bad = if units_max < Quantity::MAX {
                let advice = "order less, or ask the shop, which can place a larger order for you";
                Bad::new(
                    "too_many_units",
                    format!("must add up to at most {units_max} for one product; {advice}"),
                )
            } else {
                Bad::new("too_large", format!("must add up to at most {units_max} for one product"))
            };
            too_many.then_some(("quantity", bad))
        })?;
        Ok(quantities)
    }

    /// A 422 that names every item whose product is bad.
    fn reject(&self, bad: impl Fn(Id) -> Option<(&'static str, Bad)>) -> std::result::Result<(), Problem> {
        let errors: Vec<FieldError> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let (field, bad) = bad(item.product_id)?;
                Some(FieldError::new(format!("items[{index}].{field}"), bad))
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
    }
}

/// The order's lines with names and prices as they are now.
fn priced_lines(
    app: &App,
    db: &mut Connection,
    wanted: &Wanted,
    quantities: &BTreeMap<Id, i64>,
) -> Result<Vec<OrderLine>> {
    let (marks, ids) = db::in_list(quantities.keys().copied());
    let sql = format!(
        "SELECT id, name, price_minor FROM products WHERE id IN ({marks}) AND archived_at IS NULL ORDER BY id"
    );
    let lines = db.rows(&sql, ids, |row| {
        let product_id: Id = column(row, "id");
        let unit_price = app.config.currency.price(column(row, "price_minor"));
        OrderLine::new(product_id, column(row, "name"), quantities[&product_id], unit_price)
    })?;
    wanted.reject(|product_id| {
        let unknown = !lines.iter().any(|line| line.product_id == product_id);
        unknown.then(|| ("product_id", Bad::new("unknown_product", "is not an active product")))
    })?;
    Ok(lines)
}

fn sum(app: &App, items: &[OrderLine]) -> Price {
    app.config.currency.price(items.iter().map(|line| line.total.minor).sum())
}

/// Nobody pays another price than they have seen.
fn refuse_another_total(expected: Option<Price>, total: Price) -> std::result::Result<(), Problem> {
    let Some(expected) = expected.filter(|expected| *expected != total) else {
        return Ok(());
    };
    let detail = format!(
        "The order comes to {total} now, not {expected}. Show the customer the new total, and order again with it. Nothing was ordered."
    );
    let problem = Problem::new(problem::PRICE_CHANGED, detail);
    Err(problem.with_extra("expected_total", json!(expected)).with_extra("total", json!(total)))
}

/// Writes the order and its lines: one statement each.
fn insert(tx: &mut Transaction, caller: &Caller, limits: Limits, order: &Order) -> Result<Id> {
    let actor = caller.actor();
    // The locking read makes placing an order and erasing its customer take turns, and where what a customer
    // holds is limited, two orders of one customer.
    let lock = if limits.holding.is_limited() { "FOR UPDATE" } else { "LOCK IN SHARE MODE" };
    let sql = format!(
        "INSERT INTO orders (customer_id, status, currency, total_minor, shipping_address, note, placed_at, updated_at, actor_account_id, actor_api_key_id, expected_delivery_date)
         VALUES (
             (SELECT id FROM customers WHERE id = ? AND erased_at IS NULL {lock}),
             'placed', ?, ?, ?, ?, ?, ?, ?, ?, ?
         )"
    );
    let inserted = tx.insert(
        &sql,
        (
            order.customer_id,
            &order.currency,
            order.total.minor,
            order.shipping_address.as_ref(),
            order.note.as_ref(),
            order.order_date,
            order.updated_at,
            actor.account_id,
            actor.api_key_id,
            order.expected_delivery_date,
        ),
    );
    let id = match inserted {
        Err(Error::Database(cause)) if is_null_in_not_null(&cause) => {
            return Err(Problem::not_found().into());
        }
        inserted => inserted?,
    };
    let mut values: Vec<Value> = Vec::with_capacity(6 * order.items.len());
    for line in &order.items {
        values.push(id.into());
        values.push(line.product_id.into());
        values.push(line.name.as_str().into());
        values.push(line.quantity.into());
        values.push(line.unit_price.minor.into());
        values.push(order.order_date.into());
    }
    let rows = vec!["(?, ?, ?, ?, ?, ?, 0)"; order.items.len()].join(", ");
    let sql = format!(
        "INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor, placed_at, reserved_at_sequence)
         VALUES {rows}"
    );
    tx.execute(&sql, values)?;
    Ok(id)
}

/// A 409 that names every product that is short.
pub fn out_of_stock(advice: &str, short: &[Shortage]) -> Problem {
    let named: Vec<String> = short
        .iter()
        .map(|s| {
            format!("{} (product {}): {} asked, {} available", s.name, s.product_id, s.requested, s.available)
        })
        .collect();
    let products: Vec<_> = short
        .iter()
        .map(|s| {
            json!({
                "product_id": s.product_id,
                "name": s.name,
                "requested": s.requested,
                "available": s.available,
            })
        })
        .collect();
    Problem::new(problem::OUT_OF_STOCK, format!("{}. {advice}", named.join("; ")))
        .with_extra("products", json!(products))
}
