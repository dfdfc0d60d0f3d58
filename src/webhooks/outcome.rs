//! What becomes of an event and of its webhook after an attempt. Each statement on the webhook is guarded by the lease and by
//! the position that was read: whoever was too slow, or was overtaken by a replay, changes nothing.

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::events::Entry;
use crate::values::{Id, Timestamp};
use crate::webhooks::schedule::{GIVE_UP_AFTER, pause};
use crate::webhooks::send::Answer;
use crate::webhooks::work::{Waiting, Webhook, object_of};
use crate::webhooks::{ATTEMPTS_KEPT, Outcome, PROGRAM, StopReason};

/// What an answer comes to.
#[derive(Debug)]
struct Verdict {
    outcome: Outcome,
    /// Whether the event is tried again by itself, as far as it is not given up. A receiver that was not there has not seen it.
    is_put_aside: bool,
    /// Whether the receiver is to blame, so that nothing else is sent to it for a while.
    is_of_receiver: bool,
    stop: Option<StopReason>,
}

/// What a receiver that is well says of one event that it cannot take.
const OF_ONE_EVENT: [u16; 5] = [400, 409, 413, 415, 422];

fn judge(webhook: &Webhook, waiting: Option<Waiting>, answer: &Answer, now: Timestamp) -> Verdict {
    if answer.is_accepted() {
        return Verdict {
            outcome: Outcome::Delivered,
            is_put_aside: false,
            is_of_receiver: false,
            stop: None,
        };
    }
    if answer.status == Some(410) {
        let stop = Some(StopReason::Gone);
        return Verdict { outcome: Outcome::Failed, is_put_aside: false, is_of_receiver: true, stop };
    }
    let is_over = |since: Option<Timestamp>| since.is_some_and(|since| since + GIVE_UP_AFTER <= now);
    let is_of_receiver = answer.status.is_none_or(|status| !OF_ONE_EVENT.contains(&status));
    let tried_since = waiting.and_then(|waiting| waiting.first_attempt_at);
    let is_last = answer.status.is_some() && is_over(tried_since);
    // Nothing was accepted since: it is the receiver, and nothing more is given up.
    let nothing_since = |since: Option<Timestamp>| is_over(since) && webhook.accepted_at < since;
    let stops = nothing_since(tried_since) || is_of_receiver && nothing_since(webhook.failing_since);
    Verdict {
        outcome: if is_last && !stops { Outcome::GivenUp } else { Outcome::Failed },
        is_put_aside: answer.status.is_some(),
        is_of_receiver,
        stop: stops.then_some(StopReason::Failing),
    }
}

/// Writes down how an attempt ended. False when the webhook is another one's by now.
pub fn record(
    app: &App,
    webhook: &Webhook,
    lease: u64,
    (entry, waiting): (&Entry, Option<Waiting>),
    answer: &Answer,
    attempted_at: Timestamp,
) -> Result<bool> {
    let now = app.clock.now();
    let verdict = judge(webhook, waiting, answer, now);
    let recorded = db::transaction(&app.pool, |tx| {
        let is_ours = update(tx, webhook, lease, (entry, waiting), answer, &verdict, now)?;
        if is_ours {
            note_attempt(tx, webhook.id, entry, answer, &verdict, attempted_at)?;
            put_in_place(tx, webhook.id, (entry, waiting), &verdict, answer, now)?;
            if verdict.stop.is_some() {
                let object = (Object::Webhook, webhook.id);
                audit::record(app, tx, Actor::command(PROGRAM), Action::Changed, object, &["active"])?;
            }
        }
        Ok(is_ours)
    })?;
    if recorded {
        say(webhook, entry, answer, &verdict);
    }
    Ok(recorded)
}

fn update(
    tx: &mut Transaction,
    webhook: &Webhook,
    lease: u64,
    (entry, waiting): (&Entry, Option<Waiting>),
    answer: &Answer,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<bool> {
    let is_done = verdict.outcome == Outcome::Delivered || verdict.is_put_aside && verdict.stop.is_none();
    let position = if waiting.is_none() && is_done { entry.number } else { webhook.position };
    let delivered = verdict.outcome == Outcome::Delivered;
    let (failures, failing_since, next_attempt_at) = match (delivered, verdict.is_of_receiver) {
        (true, _) => (0, None, None),
        (false, true) => {
            let failures = webhook.failures.saturating_add(1);
            (failures, webhook.failing_since.or(Some(now)), Some(now + pause(failures, answer.retry_after)))
        }
        (false, false) => (webhook.failures, webhook.failing_since, None),
    };
    let stopped_at = verdict.stop.map(|_| now);
    let set = "UPDATE webhooks SET position = ?, attempts = attempts + 1, delivered = delivered + ?, given_up = given_up + ?,
                   failures = ?, failing_since = ?, next_attempt_at = ?,
                   accepted_at = CASE WHEN ? THEN ? ELSE accepted_at END,
                   active = CASE WHEN ? IS NULL THEN active ELSE 0 END,
                   stopped_at = COALESCE(?, stopped_at), stopped_reason = COALESCE(?, stopped_reason)
               WHERE id = ? AND lease = ? AND position = ?";
    let values: Vec<mysql::Value> = vec![
        position.into(),
        u8::from(delivered).into(),
        u8::from(verdict.outcome == Outcome::GivenUp).into(),
        failures.into(),
        failing_since.into(),
        next_attempt_at.filter(|_| verdict.stop.is_none()).into(),
        delivered.into(),
        now.into(),
        stopped_at.into(),
        stopped_at.into(),
        verdict.stop.map(StopReason::text).into(),
        webhook.id.into(),
        lease.into(),
        webhook.position.into(),
    ];
    Ok(tx.execute(set, values)? == 1)
}

fn note_attempt(
    tx: &mut Transaction,
    id: Id,
    entry: &Entry,
    answer: &Answer,
    verdict: &Verdict,
    attempted_at: Timestamp,
) -> Result<()> {
    let attempts: Option<u64> =
        tx.row("SELECT attempts FROM webhooks WHERE id = ?", (id,), |row| column(row, "attempts"))?;
    let attempt = attempts.unwrap_or_default();
    let took_ms = u32::try_from(answer.took.as_millis()).unwrap_or(u32::MAX);
    let values = (
        id,
        attempt,
        entry.number,
        &entry.r#type,
        attempted_at,
        verdict.outcome,
        answer.status,
        answer.error,
        took_ms,
    );
    tx.execute(
        "INSERT INTO webhook_attempts (webhook_id, attempt, number, type, at, outcome, status, error, duration_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )?;
    let last_gone = attempt.saturating_sub(ATTEMPTS_KEPT);
    tx.execute("DELETE FROM webhook_attempts WHERE webhook_id = ? AND attempt <= ?", (id, last_gone))?;
    Ok(())
}

/// Puts an event aside, or lets the next one of its object come.
fn put_in_place(
    tx: &mut Transaction,
    id: Id,
    (entry, waiting): (&Entry, Option<Waiting>),
    verdict: &Verdict,
    answer: &Answer,
    now: Timestamp,
) -> Result<()> {
    if matches!(verdict.outcome, Outcome::Delivered | Outcome::GivenUp) {
        return if waiting.is_some() { take_away(tx, id, entry, now) } else { Ok(()) };
    }
    // One that stops goes on from here, as it is.
    if !verdict.is_put_aside || verdict.stop.is_some() {
        return Ok(());
    }
    let attempts = waiting.map_or(0, |waiting| waiting.attempts) + 1;
    let next = now + pause(attempts, answer.retry_after);
    if waiting.is_some() {
        let sql = "UPDATE webhook_waiting SET attempts = ?, first_attempt_at = COALESCE(first_attempt_at, ?), next_attempt_at = ?
                   WHERE webhook_id = ? AND number = ?";
        tx.execute(sql, (attempts, now, next, id, entry.number))?;
    } else {
        insert(tx, id, entry, Some((now, next)))?;
    }
    Ok(())
}

fn insert(tx: &mut Transaction, id: Id, entry: &Entry, tried: Option<(Timestamp, Timestamp)>) -> Result<()> {
    let sql = "INSERT INTO webhook_waiting
                   (webhook_id, number, object, object_id, at, attempts, first_attempt_at, next_attempt_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let attempts = u32::from(tried.is_some());
    let (first, next) = tried.unzip();
    tx.execute(sql, (id, entry.number, object_of(entry), entry.object_id, entry.at, attempts, first, next))?;
    Ok(())
}

/// Takes an event out of those that wait, and lets the next one of the same object come.
fn take_away(tx: &mut Transaction, id: Id, entry: &Entry, now: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM webhook_waiting WHERE webhook_id = ? AND number = ?", (id, entry.number))?;
    let_next_come(tx, id, (object_of(entry), entry.object_id), now)
}

/// The first of an object that waits is due, if it is not yet.
fn let_next_come(
    tx: &mut Transaction,
    id: Id,
    (object, object_id): (&str, Id),
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE webhook_waiting SET next_attempt_at = COALESCE(next_attempt_at, ?)
               WHERE webhook_id = ? AND object = ? AND object_id = ? ORDER BY number LIMIT 1";
    tx.execute(sql, (now, id, object, object_id))?;
    Ok(())
}

fn say(webhook: &Webhook, entry: &Entry, answer: &Answer, verdict: &Verdict) {
    let (id, number) = (webhook.id, entry.number);
    let status = answer.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let why = answer.error.unwrap_or("accepted");
    match (verdict.stop, verdict.outcome) {
        (Some(StopReason::Gone), _) => {
            log::error!("webhook {id} stops: {why} (event {number}, status {status})");
        }
        (Some(StopReason::Failing), _) => {
            log::error!(
                "webhook {id} stops: nothing was accepted for three days (event {number}, status {status}: {why})"
            );
        }
        (None, Outcome::GivenUp) => {
            log::error!("webhook {id}: event {number} is given up after three days (status {status}: {why})");
        }
        (None, Outcome::Failed) => log::warn!("webhook {id}: event {number} failed (status {status}: {why})"),
        (None, Outcome::Delivered) => log::debug!("webhook {id}: event {number} delivered (status {status})"),
    }
}

/// Moves on without an attempt: to what is next for the webhook, or beyond an event that has to wait for an earlier one.
pub fn go_to(app: &App, webhook: &Webhook, lease: u64, position: u64, aside: Option<&Entry>) -> Result<bool> {
    db::transaction(&app.pool, |tx| {
        let sql = "UPDATE webhooks SET position = ? WHERE id = ? AND lease = ? AND position = ?";
        let is_ours = tx.execute(sql, (position, webhook.id, lease, webhook.position))? == 1;
        if let Some(entry) = aside.filter(|_| is_ours) {
            insert(tx, webhook.id, entry, None)?;
        }
        Ok(is_ours)
    })
}

/// Moves beyond events that are kept no more, and counts them.
pub fn lose(app: &App, webhook: &Webhook, lease: u64, pruned: u64) -> Result<bool> {
    let lost = pruned.saturating_sub(webhook.position);
    let is_ours = db::transaction(&app.pool, |tx| {
        let sql =
            "UPDATE webhooks SET position = ?, lost = lost + ? WHERE id = ? AND lease = ? AND position = ?";
        Ok(tx.execute(sql, (pruned, lost, webhook.id, lease, webhook.position))? == 1)
    })?;
    if is_ours {
        log::error!(
            "webhook {}: {lost} events were deleted after 90 days, before they were sent",
            webhook.id
        );
    }
    Ok(is_ours)
}

/// Gives up an event that was put aside and is kept no more.
pub fn forget(app: &App, webhook: &Webhook, lease: u64, number: u64) -> Result<bool> {
    let now = app.clock.now();
    let is_ours = db::transaction(&app.pool, |tx| {
        let sql = "UPDATE webhooks SET lost = lost + 1 WHERE id = ? AND lease = ?";
        let is_ours = tx.execute(sql, (webhook.id, lease))? == 1;
        if is_ours {
            let sql = "SELECT object, object_id FROM webhook_waiting WHERE webhook_id = ? AND number = ?";
            let of: Option<(String, Id)> =
                tx.row(sql, (webhook.id, number), |row| (column(row, "object"), column(row, "object_id")))?;
            tx.execute(
                "DELETE FROM webhook_waiting WHERE webhook_id = ? AND number = ?",
                (webhook.id, number),
            )?;
            if let Some((object, object_id)) = of {
                let_next_come(tx, webhook.id, (&object, object_id), now)?;
            }
        }
        Ok(is_ours)
    })?;
    if is_ours {
        log::error!("webhook {}: event {number} was deleted after 90 days, before it was sent", webhook.id);
    }
    Ok(is_ours)
}
