//! What there is to send: whose turn it is, and which event is next.

use mysql::Row;

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::Result;
use crate::events::{self, Entry};
use crate::values::{Id, Timestamp};

/// A program that does not say for so long that it is at work has ended: twice as long as an attempt takes.
const LEASE_SECONDS: u32 = 30;

/// As many events of one webhook are put aside; with more, the rest waits in the feed.
const WAITING_MAX: u64 = 1000;

/// A webhook that this program sends to at the moment.
#[derive(Debug)]
pub struct Webhook {
    pub id: Id,
    pub url: String,
    pub event_types: Option<String>,
    /// The newest first.
    pub secrets: Vec<[u8; 32]>,
    pub position: u64,
    pub failures: u32,
    pub failing_since: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
}

/// An event that was put aside.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub attempts: u32,
    pub first_attempt_at: Option<Timestamp>,
}

/// What to do next for a webhook.
#[derive(Debug)]
pub enum Next {
    /// From the feed, or from what was put aside.
    Send(Entry, Option<Waiting>),
    /// An earlier event of the same object waits.
    PutAside(Entry),
    /// What was put aside and is kept no more.
    Forget(u64),
    /// What the webhook is told of is all behind it, up to here.
    GoTo(u64),
    /// The feed is gone from its position on, up to here.
    Lost(u64),
    Nothing,
}

/// The object of an event, without its id.
pub fn object_of(entry: &Entry) -> &str {
    entry.r#type.split('.').next().unwrap_or_default()
}

/// The webhooks for which something can be done now, and nobody does it.
pub fn due(app: &App) -> Result<Vec<Id>> {
    let any =
        db::read(&app.pool, |db| db.row("SELECT id FROM webhooks WHERE active = 1 LIMIT 1", (), |_| ()))?;
    if any.is_none() {
        return Ok(Vec::new());
    }
    events::number_all(app)?;
    let now = app.clock.now();
    db::read(&app.pool, |db| {
        let sql = "SELECT h.id FROM webhooks h JOIN event_feed f ON f.id = 1
                   WHERE h.active = 1 AND (h.next_attempt_at IS NULL OR h.next_attempt_at <= ?)
                     AND (h.leased_until IS NULL OR h.leased_until < NOW(6))
                     AND (h.position < f.last_number OR EXISTS (
                         SELECT 1 FROM webhook_waiting w WHERE w.webhook_id = h.id AND w.next_attempt_at <= ?
                     ))
                   ORDER BY h.id";
        db.rows(sql, (now, now), |row| column(row, "id"))
    })
}

/// Takes a webhook, unless another program has it. Returns what names the holder.
pub fn claim(app: &App, id: Id) -> Result<Option<u64>> {
    let lease = u64::from_le_bytes(crate::random::bytes());
    let sql = format!(
        "UPDATE webhooks SET lease = ?, leased_until = NOW(6) + INTERVAL {LEASE_SECONDS} SECOND
         WHERE id = ? AND active = 1 AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
           AND (leased_until IS NULL OR leased_until < NOW(6))"
    );
    let claimed = db::transaction(&app.pool, |tx| tx.execute(&sql, (lease, id, app.clock.now())))?;
    Ok((claimed == 1).then_some(lease))
}

/// Holds a webhook for another attempt. None when it is another one's by now, gone, or not to be sent to.
pub fn hold(app: &App, id: Id, lease: u64) -> Result<Option<Webhook>> {
    let now = app.clock.now();
    let sql = format!(
        "UPDATE webhooks SET leased_until = NOW(6) + INTERVAL {LEASE_SECONDS} SECOND
         WHERE id = ? AND lease = ? AND leased_until >= NOW(6) AND active = 1
           AND (next_attempt_at IS NULL OR next_attempt_at <= ?)"
    );
    db::transaction(&app.pool, |tx| {
        if tx.execute(&sql, (id, lease, now))? != 1 {
            return Ok(None);
        }
        let sql = "SELECT id, url, event_types, secret, old_secret, old_secret_until, position, failures, failing_since,
                          accepted_at
                   FROM webhooks WHERE id = ?";
        tx.row(sql, (id,), |row| from_row(row, now))
    })
}

fn from_row(row: &Row, now: Timestamp) -> Webhook {
    let key = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).ok();
    let old_until: Option<Timestamp> = column(row, "old_secret_until");
    let old: Option<Vec<u8>> = column(row, "old_secret");
    let old = old.filter(|_| old_until.is_some_and(|until| now < until));
    Webhook {
        id: column(row, "id"),
        url: column(row, "url"),
        event_types: column(row, "event_types"),
        secrets: [Some(column::<Vec<u8>>(row, "secret")), old]
            .into_iter()
            .flatten()
            .filter_map(key)
            .collect(),
        position: column(row, "position"),
        failures: column(row, "failures"),
        failing_since: column(row, "failing_since"),
        accepted_at: column(row, "accepted_at"),
    }
}

/// Lets go of a webhook, so that nobody waits for the end of the lease.
pub fn release(app: &App, id: Id, lease: u64) -> Result<()> {
    let sql = "UPDATE webhooks SET lease = NULL, leased_until = NULL WHERE id = ? AND lease = ?";
    db::transaction(&app.pool, |tx| tx.execute(sql, (id, lease)))?;
    Ok(())
}

/// What is next. A receiver that failed is asked with an event that it has not seen, as long as there is one: it may be the
/// one event that it cannot take, and then the others go on.
pub fn next(app: &App, webhook: &Webhook) -> Result<Next> {
    let now = app.clock.now();
    db::read(&app.pool, |db| {
        let extent = events::extent(db)?;
        if webhook.position < extent.pruned {
            return Ok(Next::Lost(extent.pruned));
        }
        let is_well = webhook.failures == 0;
        let mut found = if is_well { from_waiting(db, webhook, now)? } else { None };
        if found.is_none() {
            found = from_feed(db, webhook)?;
        }
        if found.is_none() && !is_well {
            found = from_waiting(db, webhook, now)?;
        }
        if let Some(next) = found {
            return Ok(next);
        }
        // Only where nothing of the feed is left; WAITING_MAX may hold it up.
        Ok(if webhook.position < extent.last && first_in_feed(db, webhook)?.is_none() {
            Next::GoTo(extent.last)
        } else {
            Next::Nothing
        })
    })
}

fn from_waiting(db: &mut Connection, webhook: &Webhook, now: Timestamp) -> Result<Option<Next>> {
    let sql = "SELECT number, attempts, first_attempt_at FROM webhook_waiting
               WHERE webhook_id = ? AND next_attempt_at <= ? ORDER BY next_attempt_at, number LIMIT 1";
    let waiting = db.row(sql, (webhook.id, now), |row| {
        let waiting =
            Waiting { attempts: column(row, "attempts"), first_attempt_at: column(row, "first_attempt_at") };
        (column::<u64>(row, "number"), waiting)
    })?;
    let Some((number, waiting)) = waiting else { return Ok(None) };
    let sql = format!("SELECT {} FROM events e WHERE e.number = ?", Entry::COLUMNS);
    let entry = db.row(&sql, (number,), Entry::from_row)?;
    Ok(Some(entry.map_or(Next::Forget(number), |entry| Next::Send(entry, Some(waiting)))))
}

fn from_feed(db: &mut Connection, webhook: &Webhook) -> Result<Option<Next>> {
    let Some(entry) = first_in_feed(db, webhook)? else { return Ok(None) };
    let sql = "SELECT COUNT(*) AS waiting, CAST(COALESCE(SUM(object = ? AND object_id = ?), 0) AS UNSIGNED) AS of_it
               FROM webhook_waiting WHERE webhook_id = ?";
    let counted = db.row(sql, (object_of(&entry), entry.object_id, webhook.id), |row| {
        (column::<u64>(row, "waiting"), column::<u64>(row, "of_it"))
    })?;
    Ok(match counted.unwrap_or_default() {
        (WAITING_MAX.., _) => None,
        (_, 0) => Some(Next::Send(entry, None)),
        _ => Some(Next::PutAside(entry)),
    })
}

fn first_in_feed(db: &mut Connection, webhook: &Webhook) -> Result<Option<Entry>> {
    let sql = format!(
        "SELECT {} FROM events e WHERE e.number > ? AND (? IS NULL OR FIND_IN_SET(e.type, ?))
         ORDER BY e.number LIMIT 1",
        Entry::COLUMNS
    );
    let types = webhook.event_types.as_deref();
    db.row(&sql, (webhook.position, types, types), Entry::from_row)
}
