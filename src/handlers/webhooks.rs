//! Webhooks, for managers: whom the shop tells what happens, how far each of them is, and what became of the attempts.
//! What is sent, and when, is [`crate::webhooks`]'s.
//!
//! A secret is shown once, when it is made. It is kept as it is, since it signs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::events::{self, Kind};
use crate::problem::{self, Problem};
use crate::values::{Bad, Id, Input, Line, Timestamp, boolean, whole_number, words};
use crate::web::caller::Caller;
use crate::web::form::Form;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::{Echo, Shown};
use crate::webhooks::address::Url;
use crate::webhooks::figures::{self, Behind};
use crate::webhooks::{Outcome, StopReason, WEBHOOKS_MAX};

/// As Standard Webhooks names its secrets.
const SECRET_PREFIX: &str = "whsec_";
/// A receiver that is given the new secret within a day misses nothing.
const OLD_SECRET_FOR: Duration = Duration::hours(24);

#[derive(Debug, Clone, Serialize)]
struct Webhook {
    id: Id,
    #[serde(flatten)]
    details: Details,
    state: State,
    stopped_at: Option<Timestamp>,
    stopped_reason: Option<StopReason>,
    /// The number of the last event that it was sent, or that waits by itself.
    position: u64,
    behind: u64,
    behind_since: Option<Timestamp>,
    delivered: u64,
    given_up: u64,
    lost: u64,
    accepted_at: Option<Timestamp>,
    last_attempt: Option<LastAttempt>,
    next_attempt_at: Option<Timestamp>,
    old_secret_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What people set.
#[derive(Debug, Clone, Serialize)]
struct Details {
    url: Url,
    /// In the order of the list of all; none for all of them, also of those to come.
    event_types: Option<Vec<String>>,
    description: Option<Line<200>>,
    active: bool,
}

words! {
    /// Whether it is sent to.
    State, refused as "invalid_state" {
        Active = "active",
        /// By a manager.
        Paused = "paused",
        /// By the program, for its reason.
        Stopped = "stopped",
    }
}

#[derive(Debug, Clone, Serialize)]
struct LastAttempt {
    at: Timestamp,
    outcome: Outcome,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: u32,
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("state", "active changes it"),
    Shown::fixed("stopped_at", "active changes it"),
    Shown::fixed("stopped_reason", "active changes it"),
    Shown::books("position", "POST /webhooks/{id}/replay goes back to an earlier event"),
    Shown::books("behind", "it follows from what was delivered"),
    Shown::books("behind_since", "it follows from what was delivered"),
    Shown::books("delivered", "it follows from what was delivered"),
    Shown::books("given_up", "it follows from what was delivered"),
    Shown::books("lost", "it follows from what was delivered"),
    Shown::books("accepted_at", "it follows from what was delivered"),
    Shown::books("last_attempt", "it follows from what was delivered"),
    Shown::books("next_attempt_at", "active: true tries at once"),
    Shown::fixed("old_secret_until", "POST /webhooks/{id}/rotate_secret changes it"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::elsewhere("secret", "POST /webhooks/{id}/rotate_secret makes another one"),
];

/// What PATCH names; the inner None clears.
struct Changes {
    url: Option<Url>,
    event_types: Option<Option<Vec<String>>>,
    description: Option<Option<Line<200>>>,
    active: Option<bool>,
}

const COLUMNS: &str =
    "h.id, h.url, h.event_types, h.description, h.active, h.stopped_at, h.stopped_reason, h.position, h.delivered,
    h.given_up, h.lost, h.accepted_at, h.next_attempt_at, h.old_secret_until, h.created_at, h.updated_at,
    a.at AS attempt_at, a.outcome, a.status, a.error, a.duration_ms";

const TABLES: &str =
    "webhooks h LEFT JOIN webhook_attempts a ON a.webhook_id = h.id AND a.attempt = h.attempts";

impl Webhook {
    fn from_row(row: &Row) -> Webhook {
        let active: bool = column(row, "active");
        let stopped_reason: Option<StopReason> = column(row, "stopped_reason");
        let event_types: Option<String> = column(row, "event_types");
        let last_attempt = column::<Option<Timestamp>>(row, "attempt_at").map(|at| LastAttempt {
            at,
            outcome: column(row, "outcome"),
            status: column(row, "status"),
            error: column(row, "error"),
            duration_ms: column(row, "duration_ms"),
        });
        Webhook {
            id: column(row, "id"),
            details: Details {
                url: Url(column(row, "url")),
                event_types: event_types.map(|types| types.split(',').map(str::to_owned).collect()),
                description: column::<Option<String>>(row, "description").map(Line),
                active,
            },
            state: match (active, stopped_reason) {
                (true, _) => State::Active,
                (false, None) => State::Paused,
                (false, Some(_)) => State::Stopped,
            },
            stopped_at: column(row, "stopped_at"),
            stopped_reason,
            position: column(row, "position"),
            behind: 0,
            behind_since: None,
            delivered: column(row, "delivered"),
            given_up: column(row, "given_up"),
            lost: column(row, "lost"),
            accepted_at: column(row, "accepted_at"),
            last_attempt,
            next_attempt_at: column(row, "next_attempt_at"),
            old_secret_until: column(row, "old_secret_until"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }

    fn with_behind(self, db: &mut Connection) -> Result<Webhook> {
        let types = self.details.written_types();
        let Behind { events, since } = figures::behind(db, self.id, self.position, types.as_deref())?;
        Ok(Webhook { behind: events, behind_since: since, ..self })
    }
}

impl Details {
    fn written_types(&self) -> Option<String> {
        self.event_types.as_ref().map(|types| types.join(","))
    }

    fn written(&self, now: Timestamp) -> [Value; 5] {
        [
            (&self.url).into(),
            self.written_types().into(),
            self.description.as_ref().map(|Line(text)| text).into(),
            self.active.into(),
            now.into(),
        ]
    }
}

/// What INSERT and UPDATE write; [`Details::written`] has the values.
const WRITTEN: &str = "url = ?, event_types = ?, description = ?, active = ?, updated_at = ?";

/// Each type once, in the order of the list of all.
fn event_types(input: &Input) -> std::result::Result<Vec<String>, Bad> {
    let Input::List(items) = input else {
        return Err(Bad::new("wrong_type", "must be a list of types of events; leave it out for all"));
    };
    if items.is_empty() || items.len() > Kind::ALL.len() {
        let message = format!("must hold 1 to {} types of events; leave it out for all", Kind::ALL.len());
        return Err(Bad::new("invalid_length", message));
    }
    let named: Vec<Kind> =
        items.iter().map(|item| Kind::parse_among(item, Kind::ALL)).collect::<std::result::Result<_, _>>()?;
    let types = Kind::ALL.iter().filter(|kind| named.contains(kind));
    Ok(types.map(|kind| kind.text().to_owned()).collect())
}

fn read_details(app: &App, form: &mut Form) -> Option<Details> {
    let url = form.required("url", |input| Url::parse(input, app.config.webhooks_may_be_private));
    let event_types = form.optional("event_types", event_types);
    let description = form.optional("description", Line::parse);
    let active = form.with_default("active", true, boolean);
    Some(Details { url: url?, event_types: event_types?, description: description?, active: active? })
}

impl Changes {
    fn read(app: &App, form: &mut Form) -> Option<Changes> {
        let url = form.changed("url", |input| Url::parse(input, app.config.webhooks_may_be_private));
        let event_types = form.changed_or_cleared("event_types", event_types);
        let description = form.changed_or_cleared("description", Line::parse);
        let active = form.changed("active", boolean);
        Some(Changes { url: url?, event_types: event_types?, description: description?, active: active? })
    }

    fn merged(&self, old: &Details) -> Details {
        Details {
            url: self.url.as_ref().unwrap_or(&old.url).clone(),
            event_types: self.event_types.as_ref().unwrap_or(&old.event_types).clone(),
            description: self.description.as_ref().unwrap_or(&old.description).clone(),
            active: self.active.unwrap_or(old.active),
        }
    }
}

/// A webhook with its secret, or without where the answer is kept.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    webhook: &'a Webhook,
    secret: Option<&'a str>,
}

/// `POST /webhooks`: `{url, event_types?, description?, active?}`. 201 with `secret`, which is shown this once: the answer
/// that is kept under an Idempotency-Key has none. It is told what happens from now on.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let details = read_details(app, &mut form);
    let details = form.finish(|| details)?;
    // What has happened before is behind it, also where nobody has read the feed since.
    events::number_all(app)?;
    with_secret(app, request, 201, |tx, secret| insert(app, tx, &request.caller, &details, secret))
}

/// `POST /webhooks/{id}/rotate_secret`: another secret, shown as with [`create`]. The old one signs too for a day.
pub fn rotate_secret(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    with_secret(app, request, 200, |tx, secret| {
        let webhook = lock(tx, request.path_id)?;
        response::check_if_match(request, &webhook)?;
        rotate(app, tx, &request.caller, webhook, secret)
    })
}

/// Does what needs a new secret, and shows it with the first answer alone.
fn with_secret(
    app: &App,
    request: &Request,
    status: u16,
    make: impl Fn(&mut Transaction, &[u8; 32]) -> Result<Webhook>,
) -> Result<Response> {
    let secret = crate::random::bytes::<32>();
    let text = format!("{SECRET_PREFIX}{}", STANDARD.encode(secret));
    let mut shown = None;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let webhook = make(tx, &secret)?;
        let location = format!("/webhooks/{}", webhook.id);
        let made = |secret| Made { webhook: &webhook, secret };
        shown = Some(response::made(status, location.clone(), response::to_text(&made(Some(&text)))));
        let answer = if status == 201 { Answer::created } else { Answer::changed };
        claim.keep(tx, answer(location, &made(None)))
    })?;
    Ok(match shown {
        Some(shown) if !answered.is_replayed() => shown,
        _ => answered.into_response(),
    })
}

/// `GET /webhooks?limit=&after=`, by id.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("h.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let webhooks = db::read(&app.pool, |db| {
        let mut filter = Filter::default();
        page.restrict(&keyset, &mut filter);
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} {} {} LIMIT ?", filter.sql(), keyset.order_by());
        let found = db.rows(&sql, filter.values(page.rows_to_read()), Webhook::from_row)?;
        found.into_iter().map(|webhook| webhook.with_behind(db)).collect::<Result<Vec<_>>>()
    })?;
    Ok(response::json(200, &page.list(webhooks, |webhook| Cursor::by_id(webhook.id))))
}

/// `GET /webhooks/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let webhook = db::read(&app.pool, |db| find(db, request.path_id))?;
    Ok(response::resource(request, &webhook))
}

/// `PATCH /webhooks/{id}`: any of them; null clears. `active: true` goes on from where it stopped, and tries at once.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let changes = Changes::read(app, &mut form);
    let echo: Echo = form.shown(SHOWN);
    let changes = form.finish(|| changes)?;
    let webhook = db::transaction(&app.pool, |tx| {
        let old = lock(tx, request.path_id)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        update(app, tx, &request.caller, old, &changes)
    })?;
    Ok(response::resource(request, &webhook))
}

/// `DELETE /webhooks/{id}`: with its attempts. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let webhook = lock(tx, request.path_id)?;
        response::check_if_match(request, &webhook)?;
        remove(app, tx, &request.caller, webhook.id)
    })?;
    Ok(response::no_content())
}

/// `POST /webhooks/{id}/replay`: `{after}`. Everything after the event of this number is sent again, with the same ids.
pub fn post_replay(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let after = form.required("after", |input| whole_number(input, 0, i64::MAX));
    let after = form.finish(|| after)?.unsigned_abs();
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let webhook = lock(tx, request.path_id)?;
        response::check_if_match(request, &webhook)?;
        let webhook = replay(app, tx, &request.caller, webhook, after)?;
        claim.keep(tx, Answer::changed(format!("/webhooks/{}", webhook.id), &webhook))
    })?;
    Ok(answered.into_response())
}

/// `GET /webhooks/{id}/attempts?outcome=&limit=&after=`: the last ones, the newest first.
pub fn list_attempts(app: &App, request: &Request) -> Result<Response> {
    #[derive(Serialize)]
    struct Attempt {
        attempt: u64,
        event_number: u64,
        event_type: String,
        #[serde(flatten)]
        how: LastAttempt,
    }
    let keyset = Keyset::by_id("a.attempt").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let outcome = form.optional("outcome", |input| Outcome::parse_among(input, Outcome::ALL));
    let (page, outcome) = form.finish(|| Some((page?, outcome?)))?;
    let attempts = db::read(&app.pool, |db| {
        db.row("SELECT id FROM webhooks WHERE id = ?", (request.path_id,), |_| ())?
            .ok_or_else(Problem::not_found)?;
        let mut filter = Filter::default();
        filter.add("a.webhook_id = ?", [request.path_id.into()]);
        filter.add_if_given("a.outcome = ?", outcome.map(Value::from));
        page.restrict(&keyset, &mut filter);
        let sql = format!(
            "SELECT a.attempt, a.number, a.type, a.at, a.outcome, a.status, a.error, a.duration_ms
             FROM webhook_attempts a {} {} LIMIT ?",
            filter.sql(),
            keyset.order_by()
        );
        db.rows(&sql, filter.values(page.rows_to_read()), |row| Attempt {
            attempt: column(row, "attempt"),
            event_number: column(row, "number"),
            event_type: column(row, "type"),
            how: LastAttempt {
                at: column(row, "at"),
                outcome: column(row, "outcome"),
                status: column(row, "status"),
                error: column(row, "error"),
                duration_ms: column(row, "duration_ms"),
            },
        })
    })?;
    Ok(response::json(200, &page.list(attempts, |attempt| Cursor::by_id(attempt.attempt))))
}

fn find(db: &mut Connection, id: Id) -> Result<Webhook> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE h.id = ?");
    db.row(&sql, (id,), Webhook::from_row)?.ok_or_else(Problem::not_found)?.with_behind(db)
}

/// Locks a webhook's row until the transaction ends; the program that sends waits for it before it writes anything down.
fn lock(tx: &mut Transaction, id: Id) -> Result<Webhook> {
    tx.row("SELECT id FROM webhooks WHERE id = ? FOR UPDATE", (id,), |_| ())?;
    find(tx, id)
}

/// Adds a webhook, which is told what happens from now on.
fn insert(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    details: &Details,
    secret: &[u8; 32],
) -> Result<Webhook> {
    // One after the other, so that none is counted too late.
    let position = events::lock(tx)?.last;
    let there: Option<u64> =
        tx.row("SELECT COUNT(*) AS there FROM webhooks", (), |row| column(row, "there"))?;
    if there >= Some(WEBHOOKS_MAX) {
        let detail = format!(
            "A shop has {WEBHOOKS_MAX} webhooks at most. Delete one that nobody needs, or have one receiver pass things on."
        );
        return Err(Problem::new(problem::TOO_MANY_WEBHOOKS, detail).into());
    }
    let now = app.clock.now();
    let sql = format!(
        "INSERT INTO webhooks SET {WRITTEN}, secret = ?, position = ?, created_at = ?,
             failures = 0, delivered = 0, given_up = 0, lost = 0, attempts = 0"
    );
    let others: [Value; 3] = [(&secret[..]).into(), position.into(), now.into()];
    let id = tx.insert(&sql, [&details.written(now)[..], &others].concat())?;
    let fields = audit::differences(&(), details);
    audit::record(app, tx, caller.actor(), Action::Created, (Object::Webhook, id), &fields)?;
    find(tx, id)
}

/// Gives a locked webhook other details. Whoever is switched on, or moves, is tried at once.
fn update(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    old: Webhook,
    changes: &Changes,
) -> Result<Webhook> {
    let details = changes.merged(&old.details);
    let fields = audit::differences(&old.details, &details);
    let now = app.clock.now();
    if changes.active == Some(true) || fields.iter().any(|field| field == "url") {
        forgive(tx, old.id, now)?;
    }
    if !fields.is_empty() {
        let sql = format!(
            "UPDATE webhooks SET {WRITTEN}, stopped_at = CASE WHEN ? THEN NULL ELSE stopped_at END,
                 stopped_reason = CASE WHEN ? THEN NULL ELSE stopped_reason END WHERE id = ?"
        );
        let others: [Value; 3] = [details.active.into(), details.active.into(), old.id.into()];
        tx.execute(&sql, [&details.written(now)[..], &others].concat())?;
        audit::record(app, tx, caller.actor(), Action::Changed, (Object::Webhook, old.id), &fields)?;
    }
    find(tx, old.id)
}

/// Forgets that a receiver failed, and what each event that waits has been through.
fn forgive(tx: &mut Transaction, id: Id, now: Timestamp) -> Result<()> {
    let sql = "UPDATE webhooks SET failures = 0, failing_since = NULL, next_attempt_at = NULL WHERE id = ?";
    tx.execute(sql, (id,))?;
    let sql = "UPDATE webhook_waiting SET attempts = 0, first_attempt_at = NULL, next_attempt_at = ?
               WHERE webhook_id = ? AND next_attempt_at IS NOT NULL";
    tx.execute(sql, (now, id))?;
    Ok(())
}

fn rotate(
    app: &App,
    tx: &mut Transaction,
    caller: &Caller,
    webhook: Webhook,
    secret: &[u8; 32],
) -> Result<Webhook> {
    let now = app.clock.now();
    tx.execute(
        "UPDATE webhooks SET old_secret = secret, old_secret_until = ?, secret = ?, updated_at = ? WHERE id = ?",
        (now + OLD_SECRET_FOR, &secret[..], now, webhook.id),
    )?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Webhook, webhook.id), &["secret"])?;
    find(tx, webhook.id)
}

fn remove(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    tx.execute("DELETE FROM webhook_waiting WHERE webhook_id = ?", (id,))?;
    tx.execute("DELETE FROM webhook_attempts WHERE webhook_id = ?", (id,))?;
    audit::record(app, tx, caller.actor(), Action::Removed, (Object::Webhook, id), audit::NO_FIELDS)?;
    tx.execute("DELETE FROM webhooks WHERE id = ?", (id,))?;
    Ok(())
}

/// Sets a locked webhook back to an event that is still kept, and switches it on. It never goes forward, so nothing is left out.
fn replay(app: &App, tx: &mut Transaction, caller: &Caller, webhook: Webhook, after: u64) -> Result<Webhook> {
    let extent = events::extent(tx)?;
    if !(extent.pruned..=extent.last).contains(&after) {
        let detail = match (extent.pruned, extent.last) {
            (pruned, last) if pruned == last => {
                format!("No events are kept at the moment. The last one was number {last}.")
            }
            (pruned, last) => format!(
                "Events {} to {last} are kept. Send \"after\": {pruned} to begin with the oldest.",
                pruned + 1
            ),
        };
        return Err(Problem::new(problem::EVENT_NOT_KEPT, detail).into());
    }
    let (id, now) = (webhook.id, app.clock.now());
    tx.execute("DELETE FROM webhook_waiting WHERE webhook_id = ? AND number > ?", (id, after))?;
    forgive(tx, id, now)?;
    tx.execute(
        "UPDATE webhooks SET position = LEAST(position, ?), active = 1, stopped_at = NULL, stopped_reason = NULL,
             updated_at = ? WHERE id = ?",
        (after, now, id),
    )?;
    audit::record(app, tx, caller.actor(), Action::Changed, (Object::Webhook, id), &["position"])?;
    find(tx, id)
}
