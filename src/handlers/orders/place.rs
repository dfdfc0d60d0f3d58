//! Placing an order.
//!
//! With the session check this is ten round trips, whatever the number of lines: BEGIN, the claim of
//! the key, the products, the order, its lines, its first event, the stored answer, the reservation
//! and COMMIT. The rows of stock, which everybody wants, are locked last.

use std::collections::BTreeMap;

use mysql::Value;
use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::{Error, Result};
use crate::handlers::orders::{Order, OrderLine, Status};
use crate::ledger::{self, Shortage};
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, Day, Id, Paragraph, Price, Quantity, Timestamp, add_business_days, whole_number};
use crate::web::form::Form;
use crate::web::idempotency::{self, Created};
use crate::web::request::Request;
use crate::web::response;

/// A longer order is a wholesale contract. See [`crate::values::PRICE_MINOR_MAX`] for what the
/// limits guarantee together.
const ITEMS_MAX: usize = 100;

/// What is ordered, as the caller wrote it.
struct Wanted {
    customer_id: Id,
    items: Vec<Item>,
    shipping_address: Option<Paragraph<500>>,
    note: Option<Paragraph<1000>>,
}

struct Item {
    product_id: Id,
    quantity: Quantity,
}

/// `POST /orders`: `{items: [{product_id, quantity}], shipping_address?, note?, customer_id?}`; staff
/// must name the customer. 201; 409 `out_of_stock` names each product with what was asked and what
/// is available; 422 names unknown products. Nothing is kept unless all of it is.
pub fn place(app: &App, request: &Request) -> Result<Response> {
    let own = request.caller.only_customer();
    let mut form = request.json()?;
    let wanted = Wanted::read(&mut form, own);
    let wanted = form.finish(wanted)?;
    if own.is_some_and(|own| own != wanted.customer_id) {
        return Err(Problem::not_found().into());
    }
    let quantities = wanted.quantities()?;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let items = priced_lines(app, db, &wanted, &quantities)?;
        let mut order = Order {
            id: 0,
            customer_id: wanted.customer_id,
            status: Status::Placed,
            order_date: now,
            expected_delivery_date: Day(add_business_days(now.0.date(), app.config.delivery_business_days)),
            currency: app.config.currency.code().to_owned(),
            total: sum(app, &items),
            items,
            shipping_address: wanted.shipping_address.clone(),
            note: wanted.note.clone(),
            carrier: None,
            tracking_number: None,
            allowed_actions: Status::Placed.allowed_actions(&request.caller),
        };
        order.id = insert(db, &order, now)?;
        let created = Created {
            status: 201,
            location: format!("/orders/{}", order.id),
            body: response::to_text(&order),
            order_id: Some(order.id),
            customer_id: Some(order.customer_id),
        };
        claim.keep(db, &created)?;
        if !ledger::reserve(db, order.id, order.items.len())? {
            let short = ledger::shortages(db, &quantities, |on_hand, reserved| on_hand - reserved)?;
            let advice = "Order less, or leave these products out. Nothing was ordered.";
            return Err(out_of_stock(advice, &short).into());
        }
        Ok(created)
    })
}

impl Wanted {
    fn read(form: &mut Form, own: Option<Id>) -> Option<Wanted> {
        let id = |input: &_| whole_number(input, 1, i64::MAX).map(|id| id as Id);
        let customer_id = form.required("customer_id", own.as_ref(), id);
        let items = form.objects("items", ITEMS_MAX, |item| {
            let product_id = item.required("product_id", None, id);
            let quantity = item.required("quantity", None, Quantity::parse);
            Some(Item { product_id: product_id?, quantity: quantity? })
        });
        let shipping_address = form.optional("shipping_address", None, Paragraph::parse);
        let note = form.optional("note", None, Paragraph::parse);
        Some(Wanted {
            customer_id: customer_id?,
            items: items?,
            shipping_address: shipping_address?,
            note: note?,
        })
    }

    /// How many units of each product, with repeated ones added up, in the order of the ids.
    fn quantities(&self) -> std::result::Result<BTreeMap<Id, i64>, Problem> {
        let mut quantities = BTreeMap::new();
        for item in &self.items {
            *quantities.entry(item.product_id).or_insert(0) += item.quantity.0;
        }
        self.reject(|product_id| {
            let too_many = quantities[&product_id] > Quantity::MAX;
            let message = format!("must add up to at most {} for one product", Quantity::MAX);
            too_many.then(|| ("quantity", Bad::new("too_large", message)))
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
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Problem::invalid_fields(errors)),
        }
    }
}

/// The order's lines with names and prices as they are now.
fn priced_lines(
    app: &App,
    db: &mut Connection,
    wanted: &Wanted,
    quantities: &BTreeMap<Id, i64>,
) -> Result<Vec<OrderLine>> {
    let sql = format!(
        "SELECT id, name, price_minor FROM products WHERE id IN ({}) AND archived_at IS NULL ORDER BY id",
        db::question_marks(quantities.len())
    );
    let ids: Vec<Value> = quantities.keys().map(|id| Value::from(*id)).collect();
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

/// Writes the order, its lines and its first event: one statement each.
fn insert(db: &mut Connection, order: &Order, now: Timestamp) -> Result<Id> {
    // The locking read makes placing an order and erasing its customer take turns.
    let inserted = db.insert(
        "INSERT INTO orders (customer_id, status, currency, total_minor, shipping_address, note, placed_at, expected_delivery_date)
         VALUES (
             (SELECT id FROM customers WHERE id = ? AND erased_at IS NULL LOCK IN SHARE MODE),
             'placed', ?, ?, ?, ?, ?, ?
         )",
        (
            order.customer_id,
            &order.currency,
            order.total.minor,
            order.shipping_address.as_ref(),
            order.note.as_ref(),
            now,
            order.expected_delivery_date,
        ),
    );
    let id = match inserted {
        Err(Error::Database(cause)) if crate::error::database::is_null_in_not_null(&cause) => {
            return Err(Problem::not_found().into());
        }
        inserted => inserted?,
    };
    let mut values: Vec<Value> = Vec::with_capacity(5 * order.items.len());
    for line in &order.items {
        values.push(id.into());
        values.push(line.product_id.into());
        values.push(line.name.as_str().into());
        values.push(line.quantity.into());
        values.push(line.unit_price.minor.into());
    }
    let rows = vec!["(?, ?, ?, ?, ?)"; order.items.len()].join(", ");
    let sql = format!(
        "INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor) VALUES {rows}"
    );
    db.execute(&sql, values)?;
    db.execute(
        "INSERT INTO order_events (order_id, step, status, at) VALUES (?, 1, 'placed', ?)",
        (id, now),
    )?;
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
