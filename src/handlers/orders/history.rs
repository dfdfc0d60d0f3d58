//! The history of an order: a numbered entry for each step and each correction. Nothing is taken out of it; an
//! erasure leaves what was done and when.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Actor, Object};
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::events;
use crate::handlers::orders::status::{Corrected, Status, Step, StepReason};
use crate::problem::Problem;
use crate::values::{Day, Id, Timestamp};
use crate::web::caller::Caller;
use crate::web::request::Request;
use crate::web::response;

/// As many entries as a person reads. Then nothing is corrected or taken back any more, so that nobody fills the
/// shop with them, and there is room for the steps that are left.
pub const ENTRIES_MAX: usize = 100;

/// What is to be written into the history.
pub struct Entry<'a> {
    /// Where the order stands then.
    pub status: Status,
    pub reason: Option<StepReason>,
    /// What staff say of it, for those behind the counter.
    pub note: Option<&'a str>,
    pub correction: Option<Correction>,
}

/// A field that was written down anew.
#[derive(Serialize)]
pub struct Correction {
    pub field: Corrected,
    /// None where there was none, where it is never kept, and once the customer is erased.
    pub old: Option<String>,
    pub new: Option<String>,
}

impl Entry<'_> {
    pub fn of(status: Status) -> Entry<'static> {
        Entry { status, reason: None, note: None, correction: None }
    }
}

/// Adds a step to the history, the feed and the audit log, and returns the time now. It changes the stock of
/// `product_ids`.
pub fn record(
    app: &App,
    tx: &mut Transaction,
    actor: Actor,
    order_id: Id,
    step: &Step,
    entry: &Entry,
    product_ids: &[Id],
) -> Result<Timestamp> {
    let now = app.clock.now();
    events::record(tx, now, step.event, order_id, product_ids, audit::NO_FIELDS)?;
    audit::record(app, tx, actor, step.action, (Object::Order, order_id), audit::NO_FIELDS)?;
    add(tx, actor, order_id, entry, now)?;
    Ok(now)
}

/// Adds an entry to the history of an order whose row is locked. Clocks of two machines may differ; a history never
/// goes back.
pub fn add(tx: &mut Transaction, actor: Actor, order_id: Id, entry: &Entry, now: Timestamp) -> Result<()> {
    let Entry { status, reason, note, correction } = entry;
    let (field, old, new) = match correction {
        Some(Correction { field, old, new }) => (Some(*field), old.as_deref(), new.as_deref()),
        None => (None, None, None),
    };
    // The order's own row is the first.
    tx.execute(
        "INSERT INTO order_events
             (order_id, step, from_status, status, reason, note, corrected, old_value, new_value, actor_account_id,
              actor_api_key_id, at)
         SELECT o.id, COALESCE(e.step, 1) + 1, COALESCE(e.status, 'placed'), ?, ?, ?, ?, ?, ?, ?, ?,
             GREATEST(COALESCE(e.at, o.placed_at), ?)
         FROM orders o LEFT JOIN order_events e ON e.order_id = o.id WHERE o.id = ? ORDER BY e.step DESC LIMIT 1",
        (*status, *reason, *note, field, old, new, actor.account_id, actor.api_key_id, now, order_id),
    )?;
    Ok(())
}

/// How many entries the history has, the placement among them.
pub fn length(tx: &mut Transaction, order_id: Id) -> Result<usize> {
    let sql = "SELECT COUNT(*) AS entries FROM order_events WHERE order_id = ?";
    let entries = tx.row(sql, (order_id,), |row| column::<usize>(row, "entries"))?;
    Ok(1 + entries.unwrap_or(0))
}

/// What was said with the last step.
pub fn last_note(tx: &mut Transaction, order_id: Id) -> Result<Option<String>> {
    let sql =
        "SELECT note FROM order_events WHERE order_id = ? AND corrected IS NULL ORDER BY step DESC LIMIT 1";
    Ok(tx.row(sql, (order_id,), |row| column(row, "note"))?.flatten())
}

#[derive(Serialize)]
struct Tracking {
    order_id: Id,
    status: Status,
    order_date: Timestamp,
    expected_delivery_date: Day,
    carrier: Option<String>,
    tracking_number: Option<String>,
    /// Who has confirmed it, for those behind the counter.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by_name: Option<Option<String>>,
    events: Vec<Event>,
}

/// An entry as it is told.
#[derive(Serialize)]
struct Event {
    status: Status,
    at: Timestamp,
    /// Why the shop itself took the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<StepReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<Correction>,
    #[serde(flatten)]
    actor: Option<EventActor>,
}

/// Who did it, for those behind the counter: nobody of them where the customer did.
#[derive(Serialize)]
struct EventActor {
    actor_account_id: Option<Id>,
    actor_api_key_id: Option<Id>,
    actor_name: Option<String>,
}

impl Tracking {
    /// With its placement; the later entries are rows of their own.
    fn from_row(row: &Row, caller: &Caller) -> Tracking {
        let order_date = column(row, "placed_at");
        let actor = EventActor::from_row(row, caller, "placed_by");
        let placement = Event {
            status: Status::Placed,
            at: order_date,
            reason: None,
            note: None,
            correction: None,
            actor,
        };
        Tracking {
            order_id: column(row, "id"),
            status: column(row, "status"),
            order_date,
            expected_delivery_date: column(row, "expected_delivery_date"),
            carrier: column(row, "carrier"),
            tracking_number: column(row, "tracking_number"),
            confirmed_by_name: caller.is_staff().then(|| column(row, "confirmed_by_name")),
            events: vec![placement],
        }
    }
}

impl Event {
    /// None when nothing was done with the order since it was placed.
    fn from_row(row: &Row, caller: &Caller) -> Option<Event> {
        let status = column::<Option<Status>>(row, "event_status")?;
        let correction = column::<Option<Corrected>>(row, "corrected").map(|field| Correction {
            field,
            old: column(row, "old_value"),
            new: column(row, "new_value"),
        });
        Some(Event {
            status,
            at: column(row, "at"),
            reason: column(row, "reason"),
            note: column::<Option<String>>(row, "event_note").filter(|_| caller.is_staff()),
            correction,
            actor: EventActor::from_row(row, caller, "done_by"),
        })
    }
}

impl EventActor {
    /// From the columns whose names begin so.
    fn from_row(row: &Row, caller: &Caller, columns: &str) -> Option<EventActor> {
        caller.is_staff().then(|| EventActor {
            actor_account_id: column(row, &format!("{columns}_account_id")),
            actor_api_key_id: column(row, &format!("{columns}_api_key_id")),
            actor_name: column(row, &format!("{columns}_name")),
        })
    }
}

/// `GET /orders/{id}/track`: status, dates, carrier and tracking number, and the history: each step and each
/// correction.
pub fn track(app: &App, request: &Request) -> Result<Response> {
    let [all, own] = request.caller.scope().bound();
    // One statement, so that the order and its history are of one moment.
    let rows = db::read(&app.pool, |db| {
        db.rows(
            "SELECT o.id, o.status, o.placed_at, o.expected_delivery_date, o.carrier, o.tracking_number,
                 o.actor_account_id AS placed_by_account_id, o.actor_api_key_id AS placed_by_api_key_id,
                 COALESCE(pa.username, pk.name) AS placed_by_name, COALESCE(ca.username, ck.name) AS confirmed_by_name, e.status AS event_status, e.at, e.reason,
                 e.note AS event_note, e.corrected, e.old_value, e.new_value, e.actor_account_id AS done_by_account_id,
                 e.actor_api_key_id AS done_by_api_key_id, COALESCE(da.username, dk.name) AS done_by_name
             FROM orders o LEFT JOIN order_events e ON e.order_id = o.id
             LEFT JOIN accounts pa ON pa.id = o.actor_account_id LEFT JOIN api_keys pk ON pk.id = o.actor_api_key_id
             LEFT JOIN accounts da ON da.id = e.actor_account_id LEFT JOIN api_keys dk ON dk.id = e.actor_api_key_id
             LEFT JOIN accounts ca ON ca.id = o.confirmed_by_account_id
             LEFT JOIN api_keys ck ON ck.id = o.confirmed_by_api_key_id
             WHERE o.id = ? AND (? OR o.customer_id = ?) ORDER BY e.step",
            (request.path_id, all.clone(), own.clone()),
            |row| (Tracking::from_row(row, &request.caller), Event::from_row(row, &request.caller)),
        )
    })?;
    let (trackings, entries): (Vec<Tracking>, Vec<Option<Event>>) = rows.into_iter().unzip();
    let mut tracking = trackings.into_iter().next().ok_or_else(Problem::not_found)?;
    tracking.events.extend(entries.into_iter().flatten());
    Ok(response::resource(request, &tracking))
}
