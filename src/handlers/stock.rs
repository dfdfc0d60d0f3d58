//! Stock as staff see it: the figures, the rule for restocking, and the ledger.

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::ledger::{self, Figures, ON_HAND_MAX, Origin, Reason};
use crate::problem::{self, FieldError, Problem};
use crate::restock::Policy;
use crate::restock::forecast::{self, Forecast, Sales};
use crate::values::{Bad, Id, Input, Line, Paragraph, Timestamp, query_boolean, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct Stock {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
    #[serde(flatten)]
    pub policy: Policy,
    /// Whether less is available than the reorder point, whatever is on its way.
    pub below_threshold: bool,
}

/// A rule's fields as PATCH names them; the inner None clears.
pub struct PolicyChanges {
    reorder_point: Option<Option<i64>>,
    reorder_target: Option<Option<i64>>,
    reorder_multiple: Option<i64>,
    lead_time_days: Option<i64>,
}

/// One line of the ledger.
#[derive(Debug, Serialize)]
pub struct Movement {
    pub id: Id,
    pub product_id: Id,
    /// Counts the product's movements from 1 without gaps.
    pub sequence: i64,
    pub delta: i64,
    pub balance_after: i64,
    pub reason: Reason,
    pub note: Option<String>,
    pub actor: Option<ActorNamed>,
    pub order_id: Option<Id>,
    pub restock_order_id: Option<Id>,
    pub at: Timestamp,
}

/// The staff account or the program's key that acted; none where the shop itself did.
#[derive(Debug, Serialize)]
pub struct ActorNamed {
    pub account_id: Option<Id>,
    pub username: Option<String>,
    pub api_key_id: Option<Id>,
    pub api_key_name: Option<String>,
}

const MOVEMENT_COLUMNS: &str = "m.id, m.product_id, m.sequence, m.delta, m.balance_after, m.reason, m.note,
    m.actor_account_id, a.username, m.actor_api_key_id, k.name AS api_key_name, m.order_id, m.restock_order_id, m.at";

/// The reasons that staff may give; the others are the shop's own.
const STAFF_REASONS: &[Reason] = &[Reason::StockTake, Reason::Damaged, Reason::Return, Reason::Correction];

/// What staff found out about a shelf.
#[derive(Clone, Copy)]
pub enum Change {
    Delta(i64),
    Counted { counted: i64, expected_on_hand: Option<i64> },
}

pub struct NewMovement {
    pub change: Change,
    pub reason: Reason,
    pub note: Option<Paragraph<500>>,
}

/// The columns of `stock s` and `products p` that [`Stock::from_row`] reads.
fn columns() -> String {
    format!("s.product_id, p.name, p.sku, s.on_hand, s.reserved, s.incoming, {}", Policy::columns_of("s"))
}

impl Stock {
    fn from_row(row: &Row) -> Stock {
        Stock {
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            figures: Figures::from_row(row),
            policy: Policy::from_row(row),
            below_threshold: false,
        }
        .with_threshold()
    }

    /// Under another rule.
    fn under(self, policy: Policy) -> Stock {
        Stock { policy, ..self }.with_threshold()
    }

    fn with_threshold(self) -> Stock {
        let available = self.figures.available();
        Stock { below_threshold: self.policy.reorder_point.is_some_and(|point| available < point), ..self }
    }
}

impl PolicyChanges {
    fn read(form: &mut Form) -> Option<PolicyChanges> {
        let units = |input: &Input| whole_number(input, 0, ON_HAND_MAX);
        let reorder_point = form.changed_or_cleared("reorder_point", units);
        let reorder_target = form.changed_or_cleared("reorder_target", units);
        let reorder_multiple = form.changed("reorder_multiple", |input| whole_number(input, 1, 1_000_000));
        let lead_time_days = form.changed("lead_time_days", |input| whole_number(input, 0, 365));
        Some(PolicyChanges {
            reorder_point: reorder_point?,
            reorder_target: reorder_target?,
            reorder_multiple: reorder_multiple?,
            lead_time_days: lead_time_days?,
        })
    }

    fn merged(&self, old: Policy) -> Result<Policy, Problem> {
        let policy = Policy {
            reorder_point: self.reorder_point.unwrap_or(old.reorder_point),
            reorder_target: self.reorder_target.unwrap_or(old.reorder_target),
            reorder_multiple: self.reorder_multiple.unwrap_or(old.reorder_multiple),
            lead_time_days: self.lead_time_days.unwrap_or(old.lead_time_days),
        };
        let refused = |bad| Err(Problem::invalid_fields(vec![FieldError::new("reorder_target", bad)]));
        match (policy.reorder_point, policy.reorder_target) {
            (Some(point), Some(target)) if target < point => {
                let message = format!("must be at least the reorder point, {point}");
                refused(Bad::new("below_reorder_point", message))
            }
            (Some(_), None) => refused(Bad::new("required", "is required together with a reorder point")),
            _ => Ok(policy),
        }
    }
}

impl Movement {
    fn from_row(row: &Row) -> Movement {
        let actor = ActorNamed {
            account_id: column(row, "actor_account_id"),
            username: column(row, "username"),
            api_key_id: column(row, "actor_api_key_id"),
            api_key_name: column(row, "api_key_name"),
        };
        Movement {
            id: column(row, "id"),
            product_id: column(row, "product_id"),
            sequence: column(row, "sequence"),
            delta: column(row, "delta"),
            balance_after: column(row, "balance_after"),
            reason: column(row, "reason"),
            note: column(row, "note"),
            actor: actor.account_id.or(actor.api_key_id).is_some().then_some(actor),
            order_id: column(row, "order_id"),
            restock_order_id: column(row, "restock_order_id"),
            at: column(row, "at"),
        }
    }
}

/// `GET /stock?below_threshold=&out_of_stock=&q=&limit=&after=`: the active products, by id. `q` is
/// looked for in name and SKU.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("s.product_id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let below_threshold = form.optional("below_threshold", query_boolean);
    let out_of_stock = form.optional("out_of_stock", query_boolean);
    let q = form.optional("q", Line::<100>::parse);
    let (page, below_threshold, out_of_stock, q) =
        form.finish(|| Some((page?, below_threshold?, out_of_stock?, q?)))?;
    let mut filter = Filter::default();
    filter.add("p.active = 1", []);
    page.restrict(&keyset, &mut filter);
    match below_threshold {
        // Repeating that there is a point lets the database use the key on it.
        Some(true) => {
            filter.add("s.reorder_point IS NOT NULL AND s.on_hand - s.reserved < s.reorder_point", []);
        }
        Some(false) => {
            filter.add("(s.reorder_point IS NULL OR s.on_hand - s.reserved >= s.reorder_point)", []);
        }
        None => {}
    }
    filter.add_if_given("(s.on_hand <= s.reserved) = ?", out_of_stock.map(Value::from));
    let pattern = q.map(|Line(q)| db::contains(&q).into());
    filter.add_if_given("p.name LIKE ? OR p.sku LIKE ?", pattern);
    let sql = format!(
        "SELECT {} FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id {} {} LIMIT ?",
        columns(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let stock = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Stock::from_row))?;
    Ok(response::json(200, &page.list(stock, |stock| Cursor::by_id(stock.product_id))))
}

/// `GET /products/{id}/stock`, with the forecast; or with `?as_of=` what the figures were at that
/// moment. Archived products keep their ledger.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let as_of = form.optional("as_of", |input| match Timestamp::parse(input)? {
        time if time <= now => Ok(time),
        _ => Err(Bad::new("in_the_future", "must not be in the future")),
    });
    if let Some(as_of) = form.finish(|| as_of)? {
        return read_as_of(app, request, as_of);
    }
    let product_id = request.path_id;
    let view = db::read(&app.pool, |db| {
        let stock = find(db, product_id)?;
        // Sales of whole days that are over, so they do not change between the statements.
        Ok(View::new(stock, forecast::sales_of_one(db, product_id, now)?, now))
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
    fn new(stock: Stock, sales: Sales, now: Timestamp) -> View {
        let forecast = sales.forecast(stock.figures.available(), stock.policy.lead_time_days, now);
        View { stock, forecast }
    }
}

fn find(db: &mut Connection, product_id: Id) -> Result<Stock> {
    let sql = format!(
        "SELECT {} FROM stock s JOIN products p ON p.id = s.product_id WHERE s.product_id = ?",
        columns()
    );
    Ok(db.row(&sql, (product_id,), Stock::from_row)?.ok_or_else(Problem::not_found)?)
}

#[derive(Serialize)]
struct PastStock {
    product_id: Id,
    as_of: Timestamp,
    #[serde(flatten)]
    figures: Figures,
}

/// The figures at a past moment, from the ledger and the dated events of the orders, in one statement.
fn read_as_of(app: &App, request: &Request, as_of: Timestamp) -> Result<Response> {
    let product_id = request.path_id;
    // What was on hand is what was there before the first movement since. Asked for the last one up to
    // then, MariaDB may walk there from the newest.
    let sql = "SELECT
             COALESCE(
                 (SELECT balance_after - delta FROM stock_movements FORCE INDEX (stock_movements_by_time)
                  WHERE product_id = s.product_id AND at > ? ORDER BY at, sequence LIMIT 1),
                 s.on_hand
             ) AS on_hand,
             (SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED)
              FROM order_lines l
              JOIN orders o ON o.id = l.order_id
              LEFT JOIN order_events e ON e.order_id = l.order_id AND e.step = 2 AND e.at <= ?
              WHERE l.product_id = s.product_id AND o.placed_at <= ? AND e.order_id IS NULL) AS reserved,
             (SELECT CAST(COALESCE(SUM(r.quantity - COALESCE(
                  (SELECT SUM(m.delta) FROM stock_movements m WHERE m.restock_order_id = r.id AND m.at <= ?), 0
              )), 0) AS SIGNED)
              FROM restock_orders r
              WHERE r.product_id = s.product_id AND r.ordered_at <= ? AND (r.closed_at IS NULL OR r.closed_at > ?)
             ) AS incoming
         FROM stock s WHERE s.product_id = ?";
    let times = [Value::from(as_of), as_of.into(), as_of.into(), as_of.into(), as_of.into(), as_of.into()];
    let values = [&times[..], &[product_id.into()]].concat();
    let figures = db::read(&app.pool, |db| db.row(sql, values.clone(), Figures::from_row))?;
    let figures = figures.ok_or_else(Problem::not_found)?;
    Ok(response::resource(request, &PastStock { product_id, as_of, figures }))
}

/// `PATCH /products/{id}/stock`: any of `{reorder_point, reorder_target, reorder_multiple,
/// lead_time_days}`; a null `reorder_point` ends the watch. Units change by movements only.
pub fn change_policy(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = PolicyChanges::read(&mut form);
    let changes = form.finish(|| changes)?;
    let (product_id, now) = (request.path_id, app.clock.now());
    // Read before the row is locked: the sales of whole days do not change any more.
    let sales = db::read(&app.pool, |db| forecast::sales_of_one(db, product_id, now))?;
    let view = db::transaction(&app.pool, |tx| {
        ledger::lock(tx, product_id)?.ok_or_else(Problem::not_found)?;
        let old = View::new(find(tx, product_id)?, sales, now);
        response::check_if_match(request, &old)?;
        let policy = changes.merged(old.stock.policy)?;
        set_policy(app, tx, &request.caller, product_id, old.stock.policy, &policy)?;
        Ok(View::new(old.stock.under(policy), sales, now))
    })?;
    Ok(response::resource(request, &view))
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
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Stock, product_id), &fields)?;
    let sql = format!("UPDATE stock SET {} = ? WHERE product_id = ?", Policy::COLUMNS.join(" = ?, "));
    tx.execute(&sql, [&policy.written()[..], &[product_id.into()]].concat())?;
    Ok(())
}

/// `POST /products/{id}/stock/movements`: `{delta, reason, note?}`, or `{counted, expected_on_hand?,
/// reason, note?}` for a stock take. 201 with the movement; 409 `stock_changed` when the shelf was not
/// what was expected, 409 `stock_limit` when less than nothing would be left.
pub fn create_movement(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let new = NewMovement::read(&mut form);
    let new = form.finish(|| new)?;
    let product_id = request.path_id;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let movement = book(app, tx, &request.caller, product_id, &new)?;
        claim.keep(tx, Answer::created(format!("/products/{product_id}/stock/movements"), &movement))
    })?;
    Ok(answered.into_response())
}

/// Books what staff found out about a shelf, and returns the line of the ledger.
pub fn book(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    product_id: Id,
    new: &NewMovement,
) -> Result<Movement> {
    let (actor, shelf) = (caller.actor(), (Object::Stock, product_id));
    audit::record(app, tx, actor, Action::Moved, shelf, &["on_hand"])?;
    let on_hand = ledger::lock(tx, product_id)?.ok_or_else(Problem::not_found)?.on_hand;
    let delta = match new.change {
        Change::Delta(delta) => delta,
        Change::Counted { expected_on_hand: Some(expected), .. } if expected != on_hand => {
            return Err(stock_changed(expected, on_hand).into());
        }
        Change::Counted { counted, .. } => counted - on_hand,
    };
    let origin = Origin { actor, note: new.note.as_ref().map(|note| note.0.as_str()), ..Origin::default() };
    if !ledger::move_stock(tx, product_id, delta, new.reason, &origin, app.clock.now())? {
        let refusal = if delta > 0 { shelf_full(on_hand, delta) } else { too_few(on_hand, delta) };
        return Err(refusal.into());
    }
    let sql = format!("{} WHERE m.product_id = ? ORDER BY m.sequence DESC LIMIT 1", select_movements());
    let movement = tx.row(&sql, (product_id,), Movement::from_row)?;
    Ok(movement.ok_or_else(Problem::not_found)?)
}

impl NewMovement {
    fn read(form: &mut Form) -> Option<NewMovement> {
        let delta = form.optional("delta", |input| match whole_number(input, -ON_HAND_MAX, ON_HAND_MAX)? {
            0 => Err(Bad::new("zero", "must not be 0; a count that confirms the shelf is sent as counted")),
            delta => Ok(delta),
        });
        let counted = form.optional("counted", |input| whole_number(input, 0, ON_HAND_MAX));
        let expected = form.optional("expected_on_hand", |input| whole_number(input, 0, ON_HAND_MAX));
        let reason = form.required("reason", |input| Reason::parse_among(input, STAFF_REASONS));
        let note = form.optional("note", Paragraph::parse);
        let change = match (delta?, counted?, expected?) {
            (Some(delta), None, None) => Change::Delta(delta),
            (None, Some(counted), expected_on_hand) => Change::Counted { counted, expected_on_hand },
            (Some(_), None, Some(_)) => {
                let message = "belongs to counted; leave it out with delta";
                form.reject("expected_on_hand", Bad::new("not_with_delta", message));
                return None;
            }
            _ => {
                let message = "send either delta or counted";
                form.reject("delta", Bad::new("delta_or_counted", message));
                form.reject("counted", Bad::new("delta_or_counted", message));
                return None;
            }
        };
        Some(NewMovement { change, reason: reason?, note: note? })
    }
}

fn stock_changed(expected: i64, on_hand: i64) -> Problem {
    let detail = format!(
        "{expected} were expected on hand, but there are {on_hand}: something moved since you looked. Count again."
    );
    Problem::new(problem::STOCK_CHANGED, detail).with_extra("on_hand", json!(on_hand))
}

/// Why no more units can be added to a shelf.
pub fn shelf_full(on_hand: i64, delta: i64) -> Problem {
    let detail = format!(
        "{on_hand} on hand and {delta} more would be over {ON_HAND_MAX}, the most that a shelf can hold here. Nothing \
         was changed."
    );
    Problem::new(problem::STOCK_LIMIT, detail)
}

fn too_few(on_hand: i64, delta: i64) -> Problem {
    let detail =
        format!("Only {on_hand} are on hand, so {} cannot be taken away. Nothing was changed.", -delta);
    Problem::new(problem::STOCK_LIMIT, detail).with_extra("on_hand", json!(on_hand))
}

fn select_movements() -> String {
    format!(
        "SELECT {MOVEMENT_COLUMNS} FROM stock_movements m
         LEFT JOIN accounts a ON a.id = m.actor_account_id LEFT JOIN api_keys k ON k.id = m.actor_api_key_id"
    )
}

/// `GET /products/{id}/stock/movements?reason=&from=&to=&limit=&after=`: the ledger, newest first.
pub fn list_movements(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, &Keyset::by_id("m.sequence"));
    let reason = form.optional("reason", |input| Reason::parse_among(input, Reason::ALL));
    let from = form.optional("from", Timestamp::parse);
    let to = form.optional("to", Timestamp::parse);
    let (page, reason, from, to) = form.finish(|| Some((page?, reason?, from?, to?)))?;
    let product_id = request.path_id;
    let movements = db::read(&app.pool, |db| {
        find(db, product_id)?;
        // A page is cut out of the sequences, which have no gaps, so it costs the same however long the
        // ledger is and however deep the page lies in it.
        let mut first = from.map_or(Ok(1), |from| first_sequence_since(db, product_id, from))?;
        let mut before = to.map_or(Ok(i64::MAX), |to| first_sequence_since(db, product_id, to))?;
        if let Some(after) = &page.after {
            before = before.min(after.id.try_into().unwrap_or(i64::MAX));
        }
        let mut filter = Filter::default();
        filter.add("m.product_id = ?", [product_id.into()]);
        let mut order = "m.sequence DESC";
        if let Some(reason) = reason {
            // The movements of one reason have gaps, and are found by their times.
            filter.add("m.reason = ?", [reason.into()]);
            order = "m.at DESC, m.sequence DESC";
            if let Some(from) = from {
                filter.add("m.at >= ?", [from.into()]);
            }
            if let Some(last) = time_of(db, product_id, before.saturating_sub(1))? {
                filter.add("m.at <= ?", [last.into()]);
            }
        } else if before < i64::MAX {
            first = first.max(before - page.rows_to_read());
        }
        filter.add("m.sequence >= ? AND m.sequence < ?", [first.into(), before.into()]);
        let sql = format!("{} {} ORDER BY {order} LIMIT ?", select_movements(), filter.sql());
        db.rows(&sql, filter.values(page.rows_to_read()), Movement::from_row)
    })?;
    Ok(response::json(200, &page.list(movements, |movement| Cursor::by_id(movement.sequence.unsigned_abs()))))
}

/// Where a time falls in the product's ledger: times and sequences of one product are in the same
/// order. More than any sequence when nothing has happened since.
fn first_sequence_since(db: &mut Connection, product_id: Id, time: Timestamp) -> Result<i64> {
    // Named, since the key that begins with the reason has all these columns too.
    let first = db.row(
        "SELECT sequence FROM stock_movements FORCE INDEX (stock_movements_by_time)
         WHERE product_id = ? AND at >= ? ORDER BY at, sequence LIMIT 1",
        (product_id, time),
        |row| column(row, "sequence"),
    )?;
    Ok(first.unwrap_or(i64::MAX))
}

/// When a movement was; None when there is none of this sequence.
fn time_of(db: &mut Connection, product_id: Id, sequence: i64) -> Result<Option<Timestamp>> {
    let sql = "SELECT at FROM stock_movements WHERE product_id = ? AND sequence = ?";
    db.row(sql, (product_id, sequence), |row| column(row, "at"))
}
