//! The program's work: looks every second whom something is due for, and sends, each webhook in a thread of its own.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::error::Result;
use crate::events::Entry;
use crate::values::Id;
use crate::webhooks::work::{self, Next, Webhook};
use crate::webhooks::{outcome, send, sign};

/// How soon after it has happened an event is sent, and how often an idle program asks the database.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How soon it sees that it is to end.
const LOOK_FOR_END_EVERY: Duration = Duration::from_millis(50);
/// While the database is away it is said so seldom.
const SAY_SO_EVERY: u32 = 60;

/// What was done by one run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub delivered: u64,
    pub failed: u64,
}

/// Sends until `stop` is set, and ends after the attempts that are under way.
pub fn until(app: &Arc<App>, stop: &Arc<AtomicBool>) {
    let at_work: Arc<Mutex<HashSet<Id>>> = Arc::default();
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut failures = 0;
    while !stop.load(Ordering::Relaxed) {
        match work::due(app) {
            Ok(due) => {
                failures = 0;
                for id in due {
                    threads.extend(start(app, id, &at_work, stop));
                }
            }
            Err(cause) => {
                if failures % SAY_SO_EVERY == 0 {
                    log::error!("cannot look for what is due: {cause}; trying on");
                }
                failures += 1;
            }
        }
        threads.retain(|thread| !thread.is_finished());
        let mut left = LOOK_EVERY;
        while !left.is_zero() && !stop.load(Ordering::Relaxed) {
            thread::sleep(LOOK_FOR_END_EVERY);
            left = left.saturating_sub(LOOK_FOR_END_EVERY);
        }
    }
    for thread in threads {
        drop(thread.join());
    }
}

/// A thread for a webhook that has none.
fn start(
    app: &Arc<App>,
    id: Id,
    at_work: &Arc<Mutex<HashSet<Id>>>,
    stop: &Arc<AtomicBool>,
) -> Option<JoinHandle<()>> {
    if !at_work.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
        return None;
    }
    let (app, at_work, stop) = (app.clone(), at_work.clone(), stop.clone());
    Some(thread::spawn(move || {
        if let Err(cause) = serve(&app, id, &stop) {
            log::error!("webhook {id}: {cause}; trying again");
        }
        at_work.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }))
}

/// Sends what is due now to all, and returns how that went.
pub fn once(app: &Arc<App>, stop: &AtomicBool) -> Result<Sent> {
    let mut total = Sent::default();
    let due = work::due(app)?;
    let results: Vec<Result<Sent>> = thread::scope(|scope| {
        let threads: Vec<_> = due.into_iter().map(|id| scope.spawn(move || serve(app, id, stop))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that does not panic")).collect()
    });
    for sent in results {
        let Sent { delivered, failed } = sent?;
        total.delivered += delivered;
        total.failed += failed;
    }
    Ok(total)
}

/// Sends to one webhook until nothing is due.
fn serve(app: &App, id: Id, stop: &AtomicBool) -> Result<Sent> {
    let mut sent = Sent::default();
    let Some(lease) = work::claim(app, id)? else { return Ok(sent) };
    let agent = send::agent(app.config.webhooks_may_be_private);
    while !stop.load(Ordering::Relaxed) {
        let Some(webhook) = work::hold(app, id, lease)? else { break };
        // Where somebody has set it back meanwhile, nothing was changed, and it is read anew.
        match work::next(app, &webhook)? {
            Next::Nothing => break,
            Next::GoTo(position) => outcome::go_to(app, &webhook, lease, position, None)?,
            Next::PutAside(entry) => outcome::go_to(app, &webhook, lease, entry.number, Some(&entry))?,
            Next::Forget(number) => outcome::forget(app, &webhook, lease, number)?,
            Next::Lost(pruned) => outcome::lose(app, &webhook, lease, pruned)?,
            Next::Send(entry, waiting) => {
                let at = app.clock.now();
                let answer = attempt(app, &agent, &webhook, &entry);
                let is_recorded = outcome::record(app, &webhook, lease, (&entry, waiting), &answer, at)?;
                let counted = if answer.is_accepted() { &mut sent.delivered } else { &mut sent.failed };
                *counted += 1;
                is_recorded
            }
        };
    }
    work::release(app, id, lease)?;
    Ok(sent)
}

/// What a receiver is sent.
#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: crate::values::Timestamp,
    data: &'a Entry,
}

/// The same for an event and a webhook, however often it is sent, and another one for an event that got the same number
/// after a backup was restored.
fn id_of(webhook: &Webhook, entry: &Entry) -> String {
    format!("evt_{}_{}_{:x}", webhook.id, entry.number, entry.numbered_at.0.and_utc().timestamp_micros())
}

fn attempt(app: &App, agent: &ureq::Agent, webhook: &Webhook, entry: &Entry) -> send::Answer {
    let message = Message { r#type: &entry.r#type, timestamp: entry.at, data: entry };
    let body = serde_json::to_string(&message).expect("our own types have string keys and serialise");
    let (id, now) = (id_of(webhook, entry), app.clock.now());
    let seconds = now.0.and_utc().timestamp();
    let signatures = sign::signatures(&webhook.secrets, &id, seconds, &body);
    let headers = [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", &seconds.to_string()),
        ("webhook-signature", &signatures),
    ];
    send::send(agent, &webhook.url, headers, &body, now)
}
