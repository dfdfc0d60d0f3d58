//! Stock as staff see it: the figures, the rule for restocking, and the ledger.

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::ledger::{self, Figures, ON_HAND_MAX, Origin};
use crate::problem::{self, Problem};
use crate::restock::Policy;
use crate::restock::forecast::{self, Forecast};
use crate::values::{Bad, Id, Input, Line, Paragraph, Timestamp, query_boolean, whole_number};
use crate::web::form::Form;
use crate::web::idempotency::{self, Created};
use crate::web::paging::{Cursor, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct Stock {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    pub on_hand: i64,
    pub reserved: i64,
    /// on_hand − reserved. A stock count may leave less than was promised.
    pub available: i64,
    pub incoming: i64,
    #[serde(flatten)]
    pub policy: Policy,
    /// Whether less is available than the reorder point, whatever is on its way.
    pub below_threshold: bool,
}

const COLUMNS: &str = "s.product_id, p.name, p.sku, s.on_hand, s.reserved, s.incoming,
    s.reorder_point, s.reorder_target, s.reorder_multiple, s.lead_time_days";

/// One line of the ledger.
#[derive(Debug, Serialize)]
pub struct Movement {
    pub id: Id,
    pub product_id: Id,
    /// Counts the product's movements from 1 without gaps.
    pub sequence: i64,
    pub delta: i64,
    pub balance_after: i64,
    pub reason: String,
    pub note: Option<String>,
    pub actor: Option<Actor>,
    pub order_id: Option<Id>,
    pub restock_order_id: Option<Id>,
    pub at: Timestamp,
}

/// The staff account that acted; none where the shop itself did.
#[derive(Debug, Serialize)]
pub struct Actor {
    pub account_id: Id,
    pub username: String,
}

const MOVEMENT_COLUMNS: &str = "m.id, m.product_id, m.sequence, m.delta, m.balance_after, m.reason, m.note,
    m.actor_account_id, a.username, m.order_id, m.restock_order_id, m.at";

/// The reasons that staff may give.
const STAFF_REASONS: [&str; 4] = ["stock_take", "damaged", "return", "correction"];
/// The reasons that the shop itself writes.
const OWN_REASONS: [&str; 3] = ["initial", "sale", "restock"];

/// What staff found out about a shelf.
#[derive(Clone, Copy)]
enum Change {
    Delta(i64),
    Counted { counted: i64, expected_on_hand: Option<i64> },
}

struct NewMovement {
    change: Change,
    reason: String,
    note: Option<Paragraph<500>>,
}

impl Stock {
    fn from_row(row: &Row) -> Stock {
        let figures = Figures::from_row(row);
        let policy = Policy::from_row(row);
        Stock {
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            on_hand: figures.on_hand,
            reserved: figures.reserved,
            available: figures.available(),
            incoming: figures.incoming,
            policy,
            below_threshold: policy.reorder_point.is_some_and(|point| figures.available() < point),
        }
    }
}

impl Movement {
    fn from_row(row: &Row) -> Movement {
        let username: Option<String> = column(row, "username");
        Movement {
            id: column(row, "id"),
            product_id: column(row, "product_id"),
            sequence: column(row, "sequence"),
            delta: column(row, "delta"),
            balance_after: column(row, "balance_after"),
            reason: column(row, "reason"),
            note: column(row, "note"),
            actor: username.map(|username| Actor { account_id: column(row, "actor_account_id"), username }),
            order_id: column(row, "order_id"),
            restock_order_id: column(row, "restock_order_id"),
            at: column(row, "at"),
        }
    }
}

/// `GET /stock?below_threshold=&out_of_stock=&q=&limit=&after=`: the active products, by id. `q` is
/// looked for in name and SKU.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let below_threshold = form.optional("below_threshold", None, query_boolean);
    let out_of_stock = form.optional("out_of_stock", None, query_boolean);
    let q = form.optional("q", None, Line::<100>::parse);
    let filters = (|| Some((page?, below_threshold?, out_of_stock?, q?)))();
    let (page, below_threshold, out_of_stock, q) = form.finish(filters)?;
    let mut filter = Filter::default();
    filter.add("p.active = 1", []);
    if let Some(after) = &page.after {
        filter.add("s.product_id > ?", [after.id.into()]);
    }
    match below_threshold {
        // Repeating that there is a point lets the database use the key on it.
        Some(true) => {
            filter.add("s.reorder_point IS NOT NULL AND s.on_hand - s.reserved < s.reorder_point", [])
        }
        Some(false) => {
            filter.add("(s.reorder_point IS NULL OR s.on_hand - s.reserved >= s.reorder_point)", [])
        }
        None => {}
    }
    match out_of_stock {
        Some(true) => filter.add("s.on_hand <= s.reserved", []),
        Some(false) => filter.add("s.on_hand > s.reserved", []),
        None => {}
    }
    if let Some(Line(q)) = q {
        let pattern = db::contains(&q);
        filter.add("(p.name LIKE ? OR p.sku LIKE ?)", [pattern.clone().into(), pattern.into()]);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id {} ORDER BY s.product_id LIMIT ?",
        filter.sql()
    );
    let values = filter.values(page.rows_to_read());
    let stock = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Stock::from_row))?;
    Ok(response::json(200, &page.list(stock, |stock| Cursor::by_id(stock.product_id))))
}

/// `GET /products/{id}/stock`, with the forecast; or with `?as_of=` what the figures were at that
/// moment. Archived products keep their books.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let as_of = form.optional("as_of", None, |input| match Timestamp::parse(input)? {
        time if time <= now => Ok(time),
        _ => Err(Bad::new("in_the_future", "must not be in the future")),
    });
    if let Some(as_of) = form.finish(as_of)? {
        return read_as_of(app, request, as_of);
    }
    let view = db::read(&app.pool, |db| view(db, request.path_id, now))?;
    Ok(response::resource(request, &view))
}

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    stock: Stock,
    forecast: Forecast,
}

fn view(db: &mut Connection, product_id: Id, now: Timestamp) -> Result<View> {
    let stock = find(db, product_id)?;
    let sales = forecast::sales(db, &[product_id], now)?;
    let sold = sales.get(&product_id).copied().unwrap_or_default();
    let forecast = sold.forecast(stock.available, stock.policy.lead_time_days, now);
    Ok(View { stock, forecast })
}

fn find(db: &mut Connection, product_id: Id) -> Result<Stock> {
    let sql = format!(
        "SELECT {COLUMNS} FROM stock s JOIN products p ON p.id = s.product_id WHERE s.product_id = ?"
    );
    Ok(db.row(&sql, (product_id,), Stock::from_row)?.ok_or_else(Problem::not_found)?)
}

#[derive(Serialize)]
struct PastStock {
    product_id: Id,
    as_of: Timestamp,
    on_hand: i64,
    reserved: i64,
    available: i64,
    incoming: i64,
}

/// The figures at a past moment, from the ledger and the dated events of the orders.
fn read_as_of(app: &App, request: &Request, as_of: Timestamp) -> Result<Response> {
    let product_id = request.path_id;
    let figures = db::read(&app.pool, |db| {
        let stock = find(db, product_id)?;
        // What was there before the first movement since. Asked for the last one up to then, MariaDB
        // may walk there from the newest.
        let on_hand = db.row(
            "SELECT balance_after - delta AS on_hand FROM stock_movements WHERE product_id = ? AND at > ?
             ORDER BY at, sequence LIMIT 1",
            (product_id, as_of),
            |row| column(row, "on_hand"),
        )?;
        let reserved = db.row(
            "SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) AS reserved
             FROM order_lines l
             JOIN orders o ON o.id = l.order_id
             LEFT JOIN order_events e ON e.order_id = l.order_id AND e.step = 2 AND e.at <= ?
             WHERE l.product_id = ? AND o.placed_at <= ? AND e.order_id IS NULL",
            (as_of, product_id, as_of),
            |row| column(row, "reserved"),
        )?;
        let incoming = db.row(
            "SELECT CAST(COALESCE(SUM(r.quantity - COALESCE(
                 (SELECT SUM(m.delta) FROM stock_movements m WHERE m.restock_order_id = r.id AND m.at <= ?), 0
             )), 0) AS SIGNED) AS incoming
             FROM restock_orders r
             WHERE r.product_id = ? AND r.ordered_at <= ? AND (r.closed_at IS NULL OR r.closed_at > ?)",
            (as_of, product_id, as_of, as_of),
            |row| column(row, "incoming"),
        )?;
        Ok(Figures {
            on_hand: on_hand.unwrap_or(stock.on_hand),
            reserved: reserved.unwrap_or(0),
            incoming: incoming.unwrap_or(0),
        })
    })?;
    let past = PastStock {
        product_id,
        as_of,
        on_hand: figures.on_hand,
        reserved: figures.reserved,
        available: figures.available(),
        incoming: figures.incoming,
    };
    Ok(response::resource(request, &past))
}

/// `PATCH /products/{id}/stock`: any of `{reorder_point, reorder_target, reorder_multiple,
/// lead_time_days}`; a null `reorder_point` ends the watch. Units change by movements only.
pub fn change_policy(app: &App, request: &Request) -> Result<Response> {
    let form = request.json()?;
    let now = app.clock.now();
    let view = db::transaction(&app.pool, |db| {
        ledger::lock(db, request.path_id)?.ok_or_else(Problem::not_found)?;
        let mut view = view(db, request.path_id, now)?;
        response::check_if_match(request, &view)?;
        let mut form = form.clone();
        let policy = read_policy(&mut form, &view.stock.policy);
        let policy = form.finish(policy)?;
        db.execute(
            "UPDATE stock SET reorder_point = ?, reorder_target = ?, reorder_multiple = ?, lead_time_days = ?
             WHERE product_id = ?",
            (
                policy.reorder_point,
                policy.reorder_target,
                policy.reorder_multiple,
                policy.lead_time_days,
                request.path_id,
            ),
        )?;
        view = self::view(db, request.path_id, now)?;
        Ok(view)
    })?;
    Ok(response::resource(request, &view))
}

fn read_policy(form: &mut Form, old: &Policy) -> Option<Policy> {
    let units = |input: &Input| whole_number(input, 0, ON_HAND_MAX);
    let reorder_point = form.optional("reorder_point", old.reorder_point.as_ref(), units);
    let reorder_target = form.optional("reorder_target", old.reorder_target.as_ref(), units);
    let reorder_multiple = form
        .required("reorder_multiple", Some(&old.reorder_multiple), |input| whole_number(input, 1, 1_000_000));
    let lead_time_days =
        form.required("lead_time_days", Some(&old.lead_time_days), |input| whole_number(input, 0, 365));
    let policy = Policy {
        reorder_point: reorder_point?,
        reorder_target: reorder_target?,
        reorder_multiple: reorder_multiple?,
        lead_time_days: lead_time_days?,
    };
    match (policy.reorder_point, policy.reorder_target) {
        (Some(point), Some(target)) if target < point => {
            let message = format!("must be at least the reorder point, {point}");
            form.reject("reorder_target", Bad::new("below_reorder_point", message));
        }
        (Some(_), None) => {
            let message = "is required together with a reorder point";
            form.reject("reorder_target", Bad::new("required", message));
        }
        _ => {}
    }
    Some(policy)
}

/// `POST /products/{id}/stock/movements`: `{delta, reason, note?}`, or `{counted, expected_on_hand?,
/// reason, note?}` for a stock take. 201 with the movement; 409 `stock_changed` when the shelf was not
/// what was expected, 409 `stock_limit` when less than nothing would be left.
pub fn create_movement(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let new = NewMovement::read(&mut form);
    let new = form.finish(new)?;
    let product_id = request.path_id;
    let now = app.clock.now();
    idempotency::once(app, request, |db, claim| {
        let figures = ledger::lock(db, product_id)?.ok_or_else(Problem::not_found)?;
        let delta = match new.change {
            Change::Delta(delta) => delta,
            Change::Counted { expected_on_hand: Some(expected), .. } if expected != figures.on_hand => {
                return Err(stock_changed(expected, figures.on_hand).into());
            }
            Change::Counted { counted, .. } => counted - figures.on_hand,
        };
        let origin = Origin {
            actor: request.caller.staff_account(),
            note: new.note.as_ref().map(|note| note.0.as_str()),
            ..Origin::default()
        };
        if !ledger::move_stock(db, product_id, delta, &new.reason, &origin, now)? {
            return Err(match delta > 0 {
                true => ledger::shelf_full(figures.on_hand, delta),
                false => too_few(figures.on_hand, delta),
            }
            .into());
        }
        let sql = format!("{} WHERE m.product_id = ? ORDER BY m.sequence DESC LIMIT 1", select_movements());
        let movement = db.row(&sql, (product_id,), Movement::from_row)?;
        let created = Created {
            status: 201,
            location: format!("/products/{product_id}/stock/movements"),
            body: response::to_text(&movement),
            order_id: None,
            customer_id: None,
        };
        claim.keep(db, &created)?;
        Ok(created)
    })
}

impl NewMovement {
    fn read(form: &mut Form) -> Option<NewMovement> {
        let delta =
            form.optional("delta", None, |input| match whole_number(input, -ON_HAND_MAX, ON_HAND_MAX)? {
                0 => {
                    Err(Bad::new("zero", "must not be 0; a count that confirms the shelf is sent as counted"))
                }
                delta => Ok(delta),
            });
        let counted = form.optional("counted", None, |input| whole_number(input, 0, ON_HAND_MAX));
        let expected = form.optional("expected_on_hand", None, |input| whole_number(input, 0, ON_HAND_MAX));
        let reason = form.required("reason", None, |input| parse_reason(input, &[&STAFF_REASONS]));
        let note = form.optional("note", None, Paragraph::parse);
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

fn parse_reason(input: &Input, lists: &[&[&str]]) -> std::result::Result<String, Bad> {
    let known = || lists.iter().flat_map(|list| list.iter());
    match input {
        Input::Text(text) if known().any(|reason| reason == text) => Ok(text.clone()),
        _ => {
            let known: Vec<&str> = known().copied().collect();
            Err(Bad::new("invalid_reason", format!("must be one of {}", known.join(", "))))
        }
    }
}

fn stock_changed(expected: i64, on_hand: i64) -> Problem {
    let detail = format!(
        "{expected} were expected on hand, but there are {on_hand}: something moved since you looked. Count again."
    );
    Problem::new(problem::STOCK_CHANGED, detail).with_extra("on_hand", json!(on_hand))
}

fn too_few(on_hand: i64, delta: i64) -> Problem {
    let detail =
        format!("Only {on_hand} are on hand, so {} cannot be taken away. Nothing was changed.", -delta);
    Problem::new(problem::STOCK_LIMIT, detail).with_extra("on_hand", json!(on_hand))
}

fn select_movements() -> String {
    format!(
        "SELECT {MOVEMENT_COLUMNS} FROM stock_movements m LEFT JOIN accounts a ON a.id = m.actor_account_id"
    )
}

/// `GET /products/{id}/stock/movements?reason=&from=&to=&limit=&after=`: the ledger, newest first.
pub fn list_movements(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, str::is_empty);
    let reason = form.optional("reason", None, |input| parse_reason(input, &[&STAFF_REASONS, &OWN_REASONS]));
    let from = form.optional("from", None, Timestamp::parse);
    let to = form.optional("to", None, Timestamp::parse);
    let (page, reason, from, to) = form.finish((|| Some((page?, reason?, from?, to?)))())?;
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
        match &reason {
            Some(reason) => filter.add("m.reason = ?", [reason.into()]),
            None if before < i64::MAX => first = first.max(before - page.rows_to_read()),
            None => {}
        }
        filter.add("m.sequence >= ? AND m.sequence < ?", [first.into(), before.into()]);
        let sql = format!("{} {} ORDER BY m.sequence DESC LIMIT ?", select_movements(), filter.sql());
        db.rows(&sql, filter.values(page.rows_to_read()), Movement::from_row)
    })?;
    Ok(response::json(200, &page.list(movements, |movement| Cursor::by_id(movement.sequence as Id))))
}

/// Where a time falls in the product's ledger: times and sequences of one product are in the same
/// order. More than any sequence when nothing has happened since.
fn first_sequence_since(db: &mut Connection, product_id: Id, time: Timestamp) -> Result<i64> {
    let first = db.row(
        "SELECT sequence FROM stock_movements WHERE product_id = ? AND at >= ? ORDER BY at, sequence LIMIT 1",
        (product_id, time),
        |row| column(row, "sequence"),
    )?;
    Ok(first.unwrap_or(i64::MAX))
}
