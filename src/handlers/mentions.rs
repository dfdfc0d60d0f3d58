//! Mentions: what staff wrote to a movement or a purchase order and may name somebody who was erased.
//!
//! Whether "for Ada" means that Ada is for a person to say. An erasure compares the notes with what it is about to
//! erase and puts up for review those that may name the person; it keeps what it recognised them by (their name, an
//! order's tracking number), never the words. A manager reads each note and leaves it or writes another one; the units
//! and who moved them stay as they are. That of a purchase order is written where the order is changed.

mod person;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Filter, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::handlers::costs::costs_in;
use crate::handlers::mentions::person::{Found, Person};
use crate::handlers::movements::{self, Movement};
use crate::ledger::Reason;
use crate::problem::Problem;
use crate::values::{Bad, Currency, Id, Paragraph, Timestamp, id};
use crate::web::caller::Caller;
use crate::web::idempotency;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::Shown;

/// What else of a movement comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", LEDGER), Shown::fixed("product_id", LEDGER), Shown::fixed("sequence", LEDGER),
    Shown::fixed("delta", LEDGER), Shown::fixed("balance_after", LEDGER), Shown::fixed("value_delta", LEDGER),
    Shown::fixed("value_after", LEDGER), Shown::fixed("cost_assumed", LEDGER), Shown::fixed("reason", LEDGER),
    Shown::fixed("actor", LEDGER), Shown::fixed("order_id", LEDGER), Shown::fixed("purchase_order_id", LEDGER),
    Shown::fixed("stock_take_id", LEDGER),
    Shown::fixed("at", LEDGER),
];

const LEDGER: &str =
    "a line of the ledger stays; POST /products/{id}/stock/movements adds one that corrects it";

/// A movement or a purchase order whose note may name an erased customer.
#[derive(Serialize)]
struct Mention {
    #[serde(skip)]
    id: Id,
    movement: Option<Movement>,
    purchase_order: Option<NotedOrder>,
    /// The last one who was erased and may be named. It need not exist any more.
    customer_id: Id,
    /// By what they were recognised.
    found: Vec<String>,
    found_at: Timestamp,
}

#[derive(Serialize)]
struct NotedOrder {
    id: Id,
    note: Option<String>,
}

impl Mention {
    fn from_row(row: &Row, costs_in: Option<&Currency>) -> Mention {
        let found: String = column(row, "found");
        let order_id: Option<Id> = column(row, "noted_order_id");
        Mention {
            id: column(row, "mention_id"),
            movement: order_id.is_none().then(|| Movement::from_row(row, costs_in)),
            purchase_order: order_id.map(|id| NotedOrder { id, note: column(row, "order_note") }),
            customer_id: column(row, "customer_id"),
            found: found.split(',').map(str::to_owned).collect(),
            found_at: column(row, "found_at"),
        }
    }
}

/// `GET /mentions?customer_id=&limit=&after=`: the notes that nobody has looked at since, as they were found.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("n.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let customer_id = form.optional("customer_id", id);
    let (page, customer_id) = form.finish(|| Some((page?, customer_id?)))?;
    let mut filter = Filter::default();
    if let Some(customer_id) = customer_id {
        filter.add("n.customer_id = ?", [customer_id.into()]);
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT n.id AS mention_id, {}, o.id AS noted_order_id, o.note AS order_note, n.customer_id, n.found, n.found_at
         FROM mentions n LEFT JOIN stock_movements m ON m.id = n.movement_id
         LEFT JOIN purchase_orders o ON o.id = n.purchase_order_id {} {} {} LIMIT ?",
        movements::COLUMNS,
        movements::ACTORS,
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let costs_in = costs_in(app, &request.caller);
    let mention = |row: &Row| Mention::from_row(row, costs_in);
    let mentions = db::read(&app.pool, |db| db.rows(&sql, values.clone(), mention))?;
    Ok(response::json(200, &page.list(mentions, |mention| Cursor::by_id(mention.id))))
}

/// `PATCH /stock/movements/{id}`: `{note}`; without one the note stays and has been looked at. 200 with the movement.
pub fn change_note(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let note = form.changed_or_cleared("note", Paragraph::parse);
    let echo = form.shown(SHOWN);
    let note = form.finish(|| note)?;
    let movement = db::transaction(&app.pool, |tx| {
        let movement = movements::lock(app, tx, &request.caller, request.path_id)?;
        response::check_if_match(request, &movement)?;
        echo.check(&movement)?;
        review(app, tx, &request.caller, movement, note.clone())
    })?;
    Ok(response::resource(request, &movement))
}

/// Ends the review of a locked movement, with another note if one is given.
pub fn review(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    movement: Movement,
    note: Option<Option<Paragraph<500>>>,
) -> Result<Movement> {
    if movement.reason == Reason::Correction && matches!(note, Some(None)) {
        let bad =
            Bad::new("required", "must not be null: a correction says what was wrong; write another note");
        return Err(Problem::invalid_field("note", bad).into());
    }
    tx.execute("DELETE FROM mentions WHERE movement_id = ?", (movement.id,))?;
    let field = format!("movements[{}].note", movement.sequence);
    let stock = (Object::Stock, movement.product_id);
    audit::record(app, tx, caller.actor(), Action::Changed, stock, &[&field])?;
    let Some(note) = note.map(|note| note.map(|Paragraph(text)| text)) else {
        return Ok(movement);
    };
    let product_id = movement.product_id;
    events::record(tx, app.clock.now(), Kind::StockChanged, product_id, &[product_id], &[field])?;
    tx.execute("UPDATE stock_movements SET note = ? WHERE id = ?", (&note, movement.id))?;
    idempotency::erase_about_movements(tx, [movement.id])?;
    Ok(Movement { note, ..movement })
}

/// Ends the review of a locked purchase order, since a manager has written its note, as it was or anew.
pub fn end_of_order(tx: &mut Transaction, order_id: Id) -> Result<bool> {
    let was_there = tx.execute("DELETE FROM mentions WHERE purchase_order_id = ?", (order_id,))? > 0;
    if was_there {
        idempotency::erase_about_purchase_orders(tx, &[order_id])?;
    }
    Ok(was_there)
}

/// The note of a purchase order has been added to that of another one, with whom it may name.
pub fn copy_to_order(tx: &mut Transaction, from_id: Id, to_id: Id) -> Result<()> {
    tx.execute(
        "INSERT INTO mentions (purchase_order_id, customer_id, found, found_at)
         SELECT ?, n.customer_id, n.found, n.found_at FROM mentions n WHERE n.purchase_order_id = ?
         ON DUPLICATE KEY UPDATE found_at = mentions.found_at",
        (to_id, from_id),
    )?;
    Ok(())
}

/// Whose note it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Noted {
    Movement(Id),
    PurchaseOrder(Id),
}

impl Noted {
    fn movement(self) -> Option<Id> {
        match self {
            Noted::Movement(id) => Some(id),
            Noted::PurchaseOrder(_) => None,
        }
    }

    fn purchase_order(self) -> Option<Id> {
        match self {
            Noted::Movement(_) => None,
            Noted::PurchaseOrder(id) => Some(id),
        }
    }
}

/// Words that stand in more notes than this name nobody in particular. Those that name the person most clearly are put
/// up for review, of these the newest.
const MENTIONS_MAX: usize = 1000;

/// Puts up for review the notes that may name a customer who is about to be erased, and erases the answers that show
/// them too. A note that is written at this very moment may be missed, as one that is written a moment later.
pub fn find(app: &App, tx: &mut Transaction, customer_id: Id) -> Result<()> {
    let person = Person::read(tx, customer_id)?;
    let mut mentions: Vec<(Found, Noted)> = Vec::new();
    let mut look = |row: &Row, noted: fn(Id) -> Noted| {
        let found = person.found_in(&column::<String>(row, "note"));
        if !found.is_empty() {
            mentions.push((found, noted(column(row, "id"))));
        }
    };
    // The rows come one by one, and most are let go again.
    let sql =
        "SELECT id, note FROM stock_movements FORCE INDEX (stock_movements_noted) WHERE note IS NOT NULL";
    tx.rows(sql, (), |row| look(row, Noted::Movement))?;
    let sql =
        "SELECT id, note FROM purchase_orders FORCE INDEX (purchase_orders_noted) WHERE note IS NOT NULL";
    tx.rows(sql, (), |row| look(row, Noted::PurchaseOrder))?;
    mentions.sort_by_key(|(found, noted)| (std::cmp::Reverse(found.certainty()), std::cmp::Reverse(*noted)));
    mentions.truncate(MENTIONS_MAX);
    // In one order, so that two erasures wait for each other and no more.
    mentions.sort_by_key(|(_, noted)| *noted);
    write(tx, customer_id, &mentions, app.clock.now())
}

/// A few statements, however many notes there are: who orders, and whom one serves, waits for the customer's row.
fn write(tx: &mut Transaction, customer_id: Id, mentions: &[(Found, Noted)], now: Timestamp) -> Result<()> {
    if mentions.is_empty() {
        return Ok(());
    }
    let rows = vec!["(?, ?, ?, ?, ?)"; mentions.len()].join(", ");
    let values = mentions.iter().flat_map(|(found, noted)| -> [Value; 5] {
        [
            noted.movement().into(),
            noted.purchase_order().into(),
            customer_id.into(),
            found.to_string().into(),
            now.into(),
        ]
    });
    tx.execute(
        &format!(
            "INSERT INTO mentions (movement_id, purchase_order_id, customer_id, found, found_at) VALUES {rows}
             ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id), found = VALUES(found), found_at = VALUES(found_at)"
        ),
        values.collect::<Vec<Value>>(),
    )?;
    let movements: Vec<Id> = mentions.iter().filter_map(|(_, noted)| noted.movement()).collect();
    if !movements.is_empty() {
        idempotency::erase_about_movements(tx, movements)?;
    }
    let orders: Vec<Id> = mentions.iter().filter_map(|(_, noted)| noted.purchase_order()).collect();
    idempotency::erase_about_purchase_orders(tx, &orders)
}
