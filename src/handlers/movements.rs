//! Movements: the ledger as staff see it, and what they find out about a shelf.

mod history;
mod of_shop;

use mysql::Row;
use rouille::Response;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::handlers::costs::{costs_in, told_unit_cost, worth};
use crate::handlers::stock;
use crate::ledger::{self, ON_HAND_MAX, Origin, Reason};
use crate::problem::{self, Problem};
use crate::values::{Bad, Currency, Id, Paragraph, Timestamp, UnitCost, Worth, whole_number};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

pub use history::read as read_history;
pub use of_shop::list_of_shop;

/// One line of the ledger.
#[derive(Debug, Serialize)]
pub struct Movement {
    pub id: Id,
    pub product_id: Id,
    /// Counts the product's movements from 1 without gaps.
    pub sequence: i64,
    pub delta: i64,
    pub balance_after: i64,
    /// What the units have cost, and what those on the shelf have since; None for who may not know it.
    pub value_delta: Option<Worth>,
    pub value_after: Option<Worth>,
    /// Whether units came of which nobody knew what they cost.
    pub cost_assumed: Option<bool>,
    pub reason: Reason,
    pub note: Option<String>,
    pub actor: Option<ActorNamed>,
    pub order_id: Option<Id>,
    pub purchase_order_id: Option<Id>,
    pub stock_take_id: Option<Id>,
    pub at: Timestamp,
}

/// The staff account or the program's key that acted; none where the shop itself did.
#[derive(Debug, Clone, Serialize)]
pub struct ActorNamed {
    pub account_id: Option<Id>,
    pub username: Option<String>,
    pub api_key_id: Option<Id>,
    pub api_key_name: Option<String>,
}

/// Of `stock_movements m` and [`ACTORS`].
pub const COLUMNS: &str = "m.id, m.product_id, m.sequence, m.delta, m.balance_after, CAST(m.value_delta AS CHAR) AS value_delta,
    CAST(m.value_after AS CHAR) AS value_after, m.cost_assumed, m.reason, m.note,
    m.actor_account_id, a.username, m.actor_api_key_id, k.name AS api_key_name, m.order_id, m.purchase_order_id, m.stock_take_id, m.at";

/// Whoever moved the units.
pub const ACTORS: &str =
    "LEFT JOIN accounts a ON a.id = m.actor_account_id LEFT JOIN api_keys k ON k.id = m.actor_api_key_id";

/// The reasons that staff may give; the others are the shop's own.
const STAFF_REASONS: &[Reason] =
    &[Reason::StockTake, Reason::Damaged, Reason::Lost, Reason::Return, Reason::Found, Reason::Correction];

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
    /// What one unit that came has cost.
    pub unit_cost: Option<UnitCost>,
}

impl ActorNamed {
    /// From the columns of whom [`ACTORS`] joins.
    pub fn from_row(row: &Row) -> Option<ActorNamed> {
        let actor = ActorNamed {
            account_id: column(row, "actor_account_id"),
            username: column(row, "username"),
            api_key_id: column(row, "actor_api_key_id"),
            api_key_name: column(row, "api_key_name"),
        };
        actor.account_id.or(actor.api_key_id).is_some().then_some(actor)
    }

    pub fn name(&self) -> Option<&str> {
        self.username.as_deref().or(self.api_key_name.as_deref())
    }
}

impl Movement {
    /// `costs_in` is the currency for who may know what things cost; see [`costs_in`].
    pub fn from_row(row: &Row, costs_in: Option<&Currency>) -> Movement {
        let worth = |name: &str| costs_in.map(|currency| worth(row, name, currency));
        Movement {
            id: column(row, "id"),
            product_id: column(row, "product_id"),
            sequence: column(row, "sequence"),
            delta: column(row, "delta"),
            balance_after: column(row, "balance_after"),
            value_delta: worth("value_delta"),
            value_after: worth("value_after"),
            cost_assumed: costs_in.map(|_| column(row, "cost_assumed")),
            reason: column(row, "reason"),
            note: column(row, "note"),
            actor: ActorNamed::from_row(row),
            order_id: column(row, "order_id"),
            purchase_order_id: column(row, "purchase_order_id"),
            stock_take_id: column(row, "stock_take_id"),
            at: column(row, "at"),
        }
    }
}

fn select_movements() -> String {
    format!("SELECT {COLUMNS} FROM stock_movements m {ACTORS}")
}

/// `POST /products/{id}/stock/movements`: `{delta, reason, note?, unit_cost?}`, or `{counted, expected_on_hand?,
/// reason, note?}` for a count. `damaged` and `lost` take away, `return` and `found` add, `stock_take` is a
/// count, `correction` is any of them and needs a note. `unit_cost`, from those who may know costs, is what a unit that came
/// has cost. 201 with the movement; 409 `stock_changed` when the shelf was not
/// what was expected, 409 `stock_limit` when less than nothing would be left.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let new = NewMovement::read(&mut form, app, &request.caller);
    let new = form.finish(|| new)?;
    let product_id = request.path_id;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        stock::check_version(app, tx, request)?;
        let movement = book(app, tx, &request.caller, product_id, &new)?;
        let answer = Answer::created(format!("/products/{product_id}/stock/movements"), &movement);
        claim.keep(tx, answer.moving(movement.id))
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
    let note = new.note.as_ref().map(|note| note.0.as_str());
    let origin = Origin { actor, note, unit_cost: new.unit_cost, ..Origin::default() };
    if !ledger::move_stock(tx, product_id, delta, new.reason, &origin, app.clock.now())? {
        let refusal = if delta > 0 { shelf_full(on_hand, delta) } else { too_few(on_hand, delta) };
        return Err(refusal.into());
    }
    let sql = format!("{} WHERE m.product_id = ? ORDER BY m.sequence DESC LIMIT 1", select_movements());
    let costs_in = costs_in(app, caller);
    let movement = tx.row(&sql, (product_id,), |row| Movement::from_row(row, costs_in))?;
    Ok(movement.ok_or_else(Problem::not_found)?)
}

/// The movement, locked until the transaction ends; whoever moved the units is not.
pub fn lock(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<Movement> {
    tx.row("SELECT id FROM stock_movements WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    let sql = format!("{} WHERE m.id = ?", select_movements());
    let costs_in = costs_in(app, caller);
    let movement = tx.row(&sql, (id,), |row| Movement::from_row(row, costs_in))?;
    Ok(movement.ok_or_else(Problem::not_found)?)
}

impl NewMovement {
    fn read(form: &mut Form, app: &App, caller: &Caller) -> Option<NewMovement> {
        let delta = form.optional("delta", |input| match whole_number(input, -ON_HAND_MAX, ON_HAND_MAX)? {
            0 => Err(Bad::new("zero", "must not be 0; a count that confirms the shelf is sent as counted")),
            delta => Ok(delta),
        });
        let counted = form.optional("counted", |input| whole_number(input, 0, ON_HAND_MAX));
        let expected = form.optional("expected_on_hand", |input| whole_number(input, 0, ON_HAND_MAX));
        let reason = form.required("reason", |input| Reason::parse_among(input, STAFF_REASONS));
        let note = form.optional("note", Paragraph::parse);
        let unit_cost = form.optional("unit_cost", |input| told_unit_cost(app, caller, input));
        if let (Some(Reason::Correction), Some(None)) = (reason, &note) {
            form.reject("note", Bad::new("required", "is required with a correction: say what was wrong"));
        }
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
        let (reason, unit_cost) = (reason?, unit_cost?);
        if unit_cost.is_some() && !matches!(change, Change::Delta(1..)) {
            let message = "is what units that came have cost: send it with a positive delta, or leave it out";
            form.reject("unit_cost", Bad::new("only_with_units_that_came", message));
        }
        if let Err((field, bad)) = change.check(reason) {
            form.reject(field, bad);
        }
        Some(NewMovement { change, reason, note: note?, unit_cost })
    }
}

impl Change {
    /// Whether a reason can come with this change; the field that is wrong, and what to send. The CHECK
    /// stock_movements_sign holds every line to the same.
    fn check(self, reason: Reason) -> std::result::Result<(), (&'static str, Bad)> {
        let refused = |field, code, message| Err((field, Bad::new(code, message)));
        let word = reason.text();
        match (self, reason) {
            (Change::Delta(_), Reason::StockTake) => {
                let message = "a stock take is a count: send counted, what is on the shelf, instead";
                refused("delta", "count_expected", message.to_owned())
            }
            (Change::Delta(delta), Reason::Damaged | Reason::Lost) if delta > 0 => {
                let message =
                    format!("{word} takes away: send -{delta}, or found or return for units that came");
                refused("delta", "wrong_sign", message)
            }
            (Change::Delta(delta), Reason::Return | Reason::Found) if delta < 0 => {
                let units = -delta;
                let message = format!("{word} adds: send {units}, or damaged or lost for units that went");
                refused("delta", "wrong_sign", message)
            }
            (Change::Counted { .. }, Reason::Damaged | Reason::Lost | Reason::Return | Reason::Found) => {
                let message =
                    format!("a count is a stock_take or a correction: for {word} send delta, the units");
                refused("counted", "delta_expected", message)
            }
            _ => Ok(()),
        }
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

/// `GET /products/{id}/stock/movements?reason=&from=&to=&limit=&after=`: the ledger, newest first.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let page = Page::read(&mut form, &Keyset::by_id("m.sequence"));
    let reason = form.optional("reason", |input| Reason::parse_among(input, Reason::ALL));
    let from = form.optional("from", |input| app.config.calendar.from(input));
    let to = form.optional("to", |input| app.config.calendar.to(input));
    let (page, reason, from, to) = form.finish(|| Some((page?, reason?, from?, to?)))?;
    let product_id = request.path_id;
    let movements = db::read(&app.pool, |db| {
        stock::find(db, product_id, None)?;
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
        let costs_in = costs_in(app, &request.caller);
        db.rows(&sql, filter.values(page.rows_to_read()), |row| Movement::from_row(row, costs_in))
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
