//! Stock as staff see it: the figures and the rule for restocking.

mod demand;
mod earlier;
mod list;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Transaction, VISIBLE_WITHIN, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::costs::{costs_in, worth};
use crate::ledger::{self, Figures, ON_HAND_MAX};
use crate::problem::{FieldError, Problem};
use crate::restock::Policy;
use crate::restock::outlook::{self, Forecast, Known};
use crate::restock::supply::{LEAD_TIME_DAYS_MAX, WAITING, Waiting};
use crate::values::{Bad, Currency, Day, Id, Input, ServiceLevel, Timestamp, Worth, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

pub use demand::read as read_demand;
pub use list::{COVER_BELOW, SELLING, list};

#[derive(Debug, Clone, Serialize)]
pub struct Stock {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
    #[serde(flatten)]
    pub policy: Policy,
    #[serde(flatten)]
    pub waiting: Waiting,
    /// What the units on hand have cost, and one of them on average; None for who may not know it, and an average where
    /// some of them came at nothing since nobody knew what they cost.
    pub value: Option<Worth>,
    pub average_cost: Option<Worth>,
    #[serde(skip)]
    is_cost_unknown: bool,
    /// Whether less is available than the reorder point, whatever is on its way.
    pub below_threshold: bool,
    /// When its figures or its rule were last changed.
    pub updated_at: Timestamp,
}

/// What else comes back when a rule is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("product_id", "it never changes"),
    Shown::fixed("name", "PATCH /products/{id} changes it"),
    Shown::fixed("sku", "PATCH /products/{id} changes it"),
    Shown::books("on_hand", "POST /products/{id}/stock/movements changes it"),
    Shown::books("reserved", "orders change it"),
    Shown::books("available", "it is what is on hand and not reserved; POST /products/{id}/stock/movements changes what is on hand"),
    Shown::books("incoming", "purchase orders change it"),
    Shown::books("drafted", "drafts of purchase orders change it"),
    Shown::books("value", "it is what the units on hand have cost, by the ledger"),
    Shown::books("average_cost", "it is what the units on hand have cost, by the ledger"),
    Shown::books("effective_lead_time_days", "it is lead_time_days, or without one that of the preferred supplier, which PATCH /suppliers/{id} changes"),
    Shown::books("review_days", "it follows from the order_days of the preferred supplier, which PATCH /suppliers/{id} changes"),
    Shown::books("below_threshold", "it follows from what is available"),
    Shown::books("forecast", "it follows from the orders"),
    Shown::version("updated_at"),
    Shown::elsewhere("price", "PATCH /products/{id} changes it"),
    Shown::elsewhere("stock", "POST /products/{id}/stock/movements changes what is on hand"),
    Shown::elsewhere("delta", "POST /products/{id}/stock/movements changes what is on hand"),
    Shown::elsewhere("counted", "POST /products/{id}/stock/movements changes what is on hand"),
];

/// A rule's fields as PATCH names them; the inner None clears.
#[derive(Default)]
pub struct PolicyChanges {
    pub reorder_point: Option<Option<i64>>,
    pub reorder_target: Option<Option<i64>>,
    pub reorder_multiple: Option<i64>,
    pub order_max: Option<Option<i64>>,
    pub snoozed_until: Option<Option<Day>>,
    pub lead_time_days: Option<Option<i64>>,
    pub service_level: Option<ServiceLevel>,
}

/// The columns of `stock s` and `products p` that [`Stock::from_row`] reads.
fn columns() -> String {
    format!(
        "s.product_id, p.name, p.sku, s.updated_at, CAST(s.value_minor_e4 AS CHAR) AS value_minor_e4, s.cost_unknown, {}, {}, {WAITING}",
        Figures::columns_of("s"),
        Policy::columns_of("s")
    )
}

impl Stock {
    /// `costs_in` is the currency for who may know what things cost.
    fn from_row(row: &Row, costs_in: Option<&Currency>) -> Stock {
        Stock {
            value: None,
            average_cost: None,
            is_cost_unknown: column(row, "cost_unknown"),
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            figures: Figures::from_row(row),
            policy: Policy::from_row(row),
            waiting: Waiting::from_row(row),
            below_threshold: false,
            updated_at: column(row, "updated_at"),
        }
        .with_value(costs_in.map(|currency| worth(row, "value_minor_e4", currency)))
        .with_threshold()
    }

    fn with_value(self, value: Option<Worth>) -> Stock {
        let average = |value: Worth| {
            let minor_e4 = value.minor_e4.checked_div(self.figures.on_hand.into())?;
            Some(Worth { minor_e4, ..value })
        };
        let average_cost = value.filter(|_| !self.is_cost_unknown).and_then(average);
        Stock { value, average_cost, ..self }
    }

    fn with_threshold(self) -> Stock {
        let available = self.figures.available();
        Stock { below_threshold: self.policy.reorder_point.is_some_and(|point| available < point), ..self }
    }
}

impl PolicyChanges {
    fn read(form: &mut Form) -> Option<PolicyChanges> {
        let rule = PolicyChanges::read_rule(form);
        let snoozed_until = form.changed_or_cleared("snoozed_until", Day::parse);
        Some(PolicyChanges { snoozed_until: snoozed_until?, ..rule? })
    }

    /// What decides over years; `snoozed_until` is about these days only.
    pub fn read_rule(form: &mut Form) -> Option<PolicyChanges> {
        let units = |input: &Input| whole_number(input, 0, ON_HAND_MAX);
        let reorder_point = form.changed_or_cleared("reorder_point", units);
        let reorder_target = form.changed_or_cleared("reorder_target", units);
        let reorder_multiple = form.changed("reorder_multiple", |input| whole_number(input, 1, 1_000_000));
        let order_max = form.changed_or_cleared("order_max", |input| whole_number(input, 1, ON_HAND_MAX));
        let lead_time_days =
            form.changed_or_cleared("lead_time_days", |input| whole_number(input, 0, LEAD_TIME_DAYS_MAX));
        let service_level = form.changed("service_level", ServiceLevel::parse);
        Some(PolicyChanges {
            reorder_point: reorder_point?,
            reorder_target: reorder_target?,
            reorder_multiple: reorder_multiple?,
            order_max: order_max?,
            lead_time_days: lead_time_days?,
            service_level: service_level?,
            ..PolicyChanges::default()
        })
    }

    /// Whether any part of the rule is named.
    pub fn is_any(&self) -> bool {
        self.reorder_point.is_some()
            || self.reorder_target.is_some()
            || self.reorder_multiple.is_some()
            || self.order_max.is_some()
            || self.snoozed_until.is_some()
            || self.lead_time_days.is_some()
            || self.service_level.is_some()
    }

    fn merged(&self, old: Policy) -> Result<Policy, Problem> {
        sound(self.applied(old))
    }

    pub fn applied(&self, old: Policy) -> Policy {
        Policy {
            reorder_point: self.reorder_point.unwrap_or(old.reorder_point),
            reorder_target: self.reorder_target.unwrap_or(old.reorder_target),
            reorder_multiple: self.reorder_multiple.unwrap_or(old.reorder_multiple),
            order_max: self.order_max.unwrap_or(old.order_max),
            snoozed_until: self.snoozed_until.unwrap_or(old.snoozed_until),
            lead_time_days: self.lead_time_days.unwrap_or(old.lead_time_days),
            service_level: self.service_level.unwrap_or(old.service_level),
        }
    }
}

/// The rule itself, if its parts go together.
pub fn sound(policy: Policy) -> Result<Policy, Problem> {
    let faults: Vec<FieldError> = [order_max_fault(&policy), target_fault(&policy)]
        .into_iter()
        .flatten()
        .map(|(field, code, message)| FieldError::new(field, Bad::new(code, message)))
        .collect();
    if faults.is_empty() { Ok(policy) } else { Err(Problem::invalid_fields(faults)) }
}

/// Why the target does not go with the rest of the rule: field, code and message.
fn target_fault(policy: &Policy) -> Option<(&'static str, &'static str, String)> {
    let fault = |code, message| Some(("reorder_target", code, message));
    match (policy.reorder_point, policy.reorder_target) {
        (Some(point), Some(target)) if target < point => {
            fault("below_reorder_point", format!("must be at least the reorder point, {point}"))
        }
        (Some(_), None) => fault("required", "is required together with a reorder point".to_owned()),
        _ => match policy.order_for_an_empty_shelf() {
            Some(order) if order > ON_HAND_MAX => {
                let multiple = policy.reorder_multiple;
                let message = format!(
                    "an empty shelf would be filled up with {order}, in multiples of {multiple}, and holds {ON_HAND_MAX}: \
                     send a smaller target or multiple"
                );
                fault("never_fits", message)
            }
            _ => None,
        },
    }
}

/// Why the largest order does not go with the rest of the rule: after one the product must not be due again.
fn order_max_fault(policy: &Policy) -> Option<(&'static str, &'static str, String)> {
    let (most, largest) = (policy.order_max?, policy.largest_order()?);
    let (point, multiple) = (policy.reorder_point.unwrap_or(0), policy.reorder_multiple);
    (largest < point.max(1)).then(|| {
        let message = format!(
            "must bring an empty shelf to the reorder point {point}, and at most {most} in multiples of {multiple} are \
             {largest}: send a larger one, or null"
        );
        ("order_max", "below_reorder_point", message)
    })
}

/// `GET /products/{id}/stock`, with the forecast; or with `?as_of=` what the figures were at that
/// moment. Archived products keep their ledger.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let as_of = form.optional("as_of", |input| app.config.calendar.as_of(input, now));
    if let Some(as_of) = form.finish(|| as_of)? {
        return read_as_of(app, request, as_of, as_of + VISIBLE_WITHIN <= now);
    }
    let product_id = request.path_id;
    let view = db::read(&app.pool, |db| {
        let stock = find(db, product_id, costs_in(app, &request.caller))?;
        // Of whole days that are over, so it does not change between the statements.
        let today = app.config.calendar.day_of(now);
        let known = outlook::known_of_one(db, &app.config.calendar, product_id, today)?;
        Ok(View::new(stock, &known, today))
    })?;
    Ok(response::resource(request, &view))
}

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    stock: Stock,
    forecast: Forecast,
}

impl View {
    fn new(stock: Stock, known: &Known, today: Day) -> View {
        let available = stock.figures.available();
        let forecast = known.forecast(available, stock.waiting, stock.policy.service_level, today);
        View { stock, forecast }
    }
}

pub fn find(db: &mut Connection, product_id: Id, costs_in: Option<&Currency>) -> Result<Stock> {
    let sql = format!(
        "SELECT {} FROM stock s JOIN products p ON p.id = s.product_id WHERE s.product_id = ?",
        columns()
    );
    let stock = db.row(&sql, (product_id,), |row| Stock::from_row(row, costs_in))?;
    Ok(stock.ok_or_else(Problem::not_found)?)
}

#[derive(Serialize)]
struct PastStock {
    product_id: Id,
    as_of: Timestamp,
    /// Whether these figures stay. What was done at that moment or before may otherwise still come to light.
    settled: bool,
    on_hand: i64,
    reserved: i64,
    available: i64,
    incoming: i64,
}

/// The figures at a past moment, from the ledger and the dated events of the orders, in one statement.
fn read_as_of(app: &App, request: &Request, as_of: Timestamp, settled: bool) -> Result<Response> {
    let product_id = request.path_id;
    // What was on hand is what was there before the first movement since. Asked for the last one up to
    // then, MariaDB may walk there from the newest.
    let sql = "SELECT
             COALESCE(
                 (SELECT balance_after - delta FROM stock_movements FORCE INDEX (stock_movements_by_time)
                  WHERE product_id = s.product_id AND at > ? ORDER BY product_id, at, sequence LIMIT 1),
                 s.on_hand
             ) AS on_hand,
             (SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED)
              FROM order_lines l
              JOIN orders o ON o.id = l.order_id
              WHERE l.product_id = s.product_id AND o.placed_at <= ? AND COALESCE(
                  (SELECT MIN(e.at) FROM order_events e WHERE e.order_id = l.order_id AND e.status <> 'placed') <= ?, 0
              ) = 0) AS reserved,
             (SELECT CAST(COALESCE(SUM(GREATEST(b.quantity - COALESCE(
                  (SELECT SUM(m.delta) FROM stock_movements m
                   WHERE m.purchase_order_id = b.purchase_order_id AND m.product_id = b.product_id AND m.at <= ?), 0
              ), 0)), 0) AS SIGNED)
              FROM purchase_order_lines b JOIN purchase_orders r ON r.id = b.purchase_order_id
              WHERE b.product_id = s.product_id AND r.ordered_at <= ? AND (r.closed_at IS NULL OR r.closed_at > ?)
             ) AS incoming
         FROM stock s WHERE s.product_id = ?";
    let times = [Value::from(as_of), as_of.into(), as_of.into(), as_of.into(), as_of.into(), as_of.into()];
    let values = [&times[..], &[product_id.into()]].concat();
    let past = |row: &Row| {
        let (on_hand, reserved): (i64, i64) = (column(row, "on_hand"), column(row, "reserved"));
        let (available, incoming) = (on_hand - reserved, column(row, "incoming"));
        PastStock { product_id, as_of, settled, on_hand, reserved, available, incoming }
    };
    let past = db::read(&app.pool, |db| db.row(sql, values.clone(), past))?;
    Ok(response::resource(request, &past.ok_or_else(Problem::not_found)?))
}

/// `PATCH /products/{id}/stock`: any of `{reorder_point, reorder_target, reorder_multiple, order_max, snoozed_until,
/// lead_time_days, service_level}`; a null `reorder_point` ends the watch, and a null `lead_time_days` is that of the preferred
/// supplier. Units change by movements only.
pub fn change_policy(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = PolicyChanges::read(&mut form);
    let echo = form.shown(SHOWN);
    let changes = form.finish(|| changes)?;
    let product_id = request.path_id;
    let view = db::transaction(&app.pool, |tx| {
        let now = app.clock.now();
        let today = app.config.calendar.day_of(now);
        let (old, known) = lock(app, tx, &request.caller, product_id, today)?;
        response::check_if_match(request, &old)?;
        echo.check_or(&old, || earlier::earlier(app, tx, &echo, &old.stock, now))?;
        let policy = changes.merged(old.stock.policy)?;
        set_policy(app, tx, &request.caller, product_id, old.stock.policy, &policy)?;
        Ok(View::new(find(tx, product_id, costs_in(app, &request.caller))?, &known, today))
    })?;
    Ok(response::resource(request, &view))
}

/// Refuses a change of a product's stock that was made on another version of it than there is.
pub fn check_version(app: &App, tx: &mut Transaction, request: &Request) -> Result<()> {
    if response::is_conditional(request) {
        let today = app.config.calendar.day_of(app.clock.now());
        let (stock, _) = lock(app, tx, &request.caller, request.path_id, today)?;
        response::check_if_match(request, &stock)?;
    }
    Ok(())
}

/// The stock as it reads, with its row locked until the transaction ends.
fn lock(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    product_id: Id,
    today: Day,
) -> Result<(View, Known)> {
    // Before the row is locked.
    let known = outlook::known_of_one(tx, &app.config.calendar, product_id, today)?;
    ledger::lock(tx, product_id)?.ok_or_else(Problem::not_found)?;
    Ok((View::new(find(tx, product_id, costs_in(app, caller))?, &known, today), known))
}

/// Gives a product another rule.
pub fn set_policy(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    product_id: Id,
    old: Policy,
    policy: &Policy,
) -> Result<()> {
    let fields = audit::differences(&old, policy);
    if fields.is_empty() {
        return Ok(());
    }
    events::record(tx, app.clock.now(), Kind::StockChanged, product_id, &[product_id], &fields)?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Stock, product_id), &fields)?;
    let sql = format!("UPDATE stock SET {} = ? WHERE product_id = ?", Policy::COLUMNS.join(" = ?, "));
    tx.execute(&sql, [&policy.written()[..], &[product_id.into()]].concat())?;
    Ok(())
}
