//! Webhooks: which programs the shop tells what happens, how far each of them is, and what became of the attempts.

pub mod list;
pub mod webhook;

use chrono::Duration;
use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::pieces::{Field, Kind, Open};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::texts::webhooks as w;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::events;
use crate::values::{Id, Input, Timestamp};

#[derive(Deserialize)]
pub struct Webhook {
    id: Id,
    url: String,
    event_types: Option<Vec<String>>,
    description: Option<String>,
    state: String,
    stopped_at: Option<String>,
    stopped_reason: Option<String>,
    position: u64,
    behind: i64,
    behind_since: Option<String>,
    delivered: i64,
    given_up: i64,
    lost: i64,
    accepted_at: Option<String>,
    last_attempt: Option<Attempt>,
    next_attempt_at: Option<String>,
    old_secret_until: Option<String>,
    created_at: String,
}

#[derive(Deserialize)]
pub struct Attempt {
    at: String,
    outcome: String,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: i64,
}

/// A receiver that is well has each event within seconds; one that is slow, or was begun anew, within minutes.
const LATE_AFTER: Duration = Duration::minutes(5);

impl Webhook {
    /// Who is told: the name in the address.
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or(rest)
    }

    /// Whether somebody has to look: it is stopped, or waits for longer than is usual.
    fn is_late(&self, now: Timestamp) -> bool {
        let since = self.behind_since.as_ref().and_then(|at| Timestamp::parse(&Input::Text(at.clone())).ok());
        self.state == "stopped" || since.is_some_and(|since| since + LATE_AFTER <= now)
    }
}

/// Where it stands, in a mark.
fn state(webhook: &Webhook) -> Markup {
    html! {
        @match webhook.state.as_str() {
            "active" => span.mark.good { (w::ACTIVE) },
            "paused" => span.mark.warn { (w::PAUSED) },
            _ => span.mark.bad { (w::stopped(webhook.stopped_reason.as_deref())) },
        }
    }
}

/// What it has not been told yet.
fn behind(visit: &Visit, webhook: &Webhook) -> Markup {
    html! {
        @match &webhook.behind_since {
            Some(since) if webhook.behind > 0 => {
                (w::behind_by(&visit.count(webhook.behind), webhook.behind == 1)) " " (visit.when(since))
            }
            _ => (w::NOT_BEHIND),
        }
    }
}

fn ended(attempt: &Attempt) -> Markup {
    html! {
        @if attempt.outcome == "delivered" { span.mark.good { (w::DELIVERED) } }
        @else { span.mark.bad { (w::outcome(&attempt.outcome)) } }
        @if let Some(status) = attempt.status { " " (status) }
    }
}

/// The fields of a webhook, as they are.
fn fields(form: &Open, webhook: Option<&Webhook>) -> Markup {
    let text = |of: fn(&Webhook) -> Option<&str>| webhook.and_then(of).unwrap_or("");
    let types = webhook.and_then(|of| of.event_types.as_deref()).unwrap_or(&[]);
    html! {
        (form.field(&Field::new("url", w::URL, Kind::Text).required().hint(w::URL_HINT), text(|of| Some(&of.url))))
        (form.field(&Field::new("description", w::DESCRIPTION, Kind::Text), text(|of| of.description.as_deref())))
        details {
            summary { (w::only_some(types.len())) }
            fieldset {
                legend { (w::TYPES) }
                // Without a tick below it is told of all.
                input type="hidden" name="event_types" value="";
                @for kind in events::Kind::ALL {
                    @let is_told = types.iter().any(|told| told == kind.text());
                    (form.one_of_set("event_types[]", kind.text(), &w::kind(kind.text()), is_told))
                }
            }
        }
    }
}

/// Those of whom somebody has to look why they are not told, for the first page of a manager's day.
pub fn late(visit: &Visit) -> Result<Markup> {
    if !visit.api.may("GET", "/webhooks") {
        return Ok(html! {});
    }
    let now = visit.app().clock.now();
    let webhooks: List<Webhook> = visit.api.get("/webhooks?limit=100")?;
    let late: Vec<&Webhook> = webhooks.data.iter().filter(|webhook| webhook.is_late(now)).collect();
    Ok(html! {
        @if !late.is_empty() {
            dt { (w::WEBHOOKS) }
            @for webhook in late {
                dd {
                    a href={ "/desk/webhooks/" (webhook.id) } { (w::word_to(webhook.host())) } ": "
                    @if webhook.state != "active" { (state(webhook)) ", " }
                    (behind(visit, webhook))
                    @if webhook.state == "active" { " " span.mark.bad { (t::LOOK) } }
                }
            }
        }
    })
}
