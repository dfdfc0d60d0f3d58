//! One webhook: where it stands, its last attempts, and everything that can be done with it.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::Seen;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, brief_text};
use crate::desk::pieces::{Field, Kind, filter_choice, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::texts::webhooks as w;
use crate::desk::visit::Visit;
use crate::desk::webhooks::list::secret;
use crate::desk::webhooks::{Attempt, Webhook, behind, ended, fields, state};
use crate::error::Result;

#[derive(Deserialize)]
struct Tried {
    event_number: u64,
    event_type: String,
    #[serde(flatten)]
    how: Attempt,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/webhooks/{}", visit.id);
    let Seen { value: webhook, version } = visit.api.read::<Webhook>(&path)?;
    let head = html! {
        (facts(visit, &webhook))
        (forms(visit, &webhook, &version))
    };
    let tried: List<Tried> = visit.list_that_fits(
        &format!("{path}/attempts"),
        &[],
        &["outcome", "after"],
        |tried| row(visit, tried).0.len(),
        visit.room_beside(&[&head]),
    )?;
    let body = html! {
        h1 { (w::word_to(webhook.host())) }
        @if let Some(made) = &visit.made { (secret(made)) }
        (head)
        h2 { (w::ATTEMPTS) }
        form.row {
            (filter_choice(visit, "outcome", w::ENDED, w::OUTCOMES))
            button { (t::SEARCH) }
        }
        @if tried.data.is_empty() { p { (w::NO_ATTEMPTS) } } @else {
            (table(w::ATTEMPTS, w::ATTEMPT_COLUMNS, html! { @for tried in &tried.data { (row(visit, tried)) } }))
        }
        (visit.list_end(tried.next.as_deref(), &["outcome"]))
        p { a href="/desk/webhooks" { (w::BACK_TO_WEBHOOKS) } }
    };
    Ok(Answer::Page(Content::new(Room::House, w::word_to(webhook.host()), body)))
}

fn facts(visit: &Visit, webhook: &Webhook) -> Markup {
    let counts = [
        (w::DELIVERED_SO_FAR, webhook.delivered),
        (w::GIVEN_UP_SO_FAR, webhook.given_up),
        (w::LOST, webhook.lost),
    ];
    html! {
        dl.facts {
            dt { (w::URL) } dd { (brief_text(&webhook.url)) }
            @if let Some(description) = &webhook.description { dt { (w::DESCRIPTION) } dd { (description) } }
            dt { (w::TYPES) } dd { (webhook.event_types.as_ref().map_or(w::ALL_TYPES.to_owned(), |types| w::types(types))) }
            dt { (w::STATE) } dd { (state(webhook)) @if let Some(at) = &webhook.stopped_at { " " (visit.when(at)) } }
            dt { (w::BEHIND) } dd { (behind(visit, webhook)) }
            dt { (w::POSITION) } dd { (webhook.position) }
            dt { (w::LAST_ACCEPTED) }
            dd { @match &webhook.accepted_at { Some(at) => (visit.when(at)), None => (t::NEVER) } }
            @if let Some(attempt) = &webhook.last_attempt {
                dt { (w::LAST_ATTEMPT) }
                dd { (visit.when(&attempt.at)) " " (ended(attempt)) @if let Some(error) = &attempt.error { " " (brief_text(error)) } }
            }
            @if let Some(at) = &webhook.next_attempt_at { dt { (w::NEXT_ATTEMPT) } dd { (visit.when(at)) } }
            @for (name, count) in counts { @if count > 0 { dt { (name) } dd { (visit.count(count)) } } }
            @if let Some(until) = &webhook.old_secret_until { dt { (w::OLD_SECRET) } dd { (visit.when(until)) } }
            dt { (w::MADE) } dd { (visit.when(&webhook.created_at)) }
        }
    }
}

fn forms(visit: &Visit, webhook: &Webhook, version: &str) -> Markup {
    let is_active = webhook.state == "active";
    let name = if is_active { "pause_webhook" } else { "resume_webhook" };
    html! {
        (visit.form(name, version, |_| html! {
            input type="hidden" name="active" value=(!is_active);
            @if !is_active { p.hint { (w::WHAT_RESUMING_DOES) } }
            button { (if is_active { w::PAUSE } else { w::RESUME }) }
        }))
        details open[visit.has_sent("change_webhook")] {
            summary { (w::CHANGE) }
            (visit.form("change_webhook", version, |form| html! {
                (fields(form, Some(webhook)))
                button { (t::SAVE) }
            }))
        }
        details open[visit.has_sent("rotate_webhook")] {
            summary { (w::ROTATE) }
            (visit.form("rotate_webhook", version, |_| html! {
                p.hint { (w::WHAT_ROTATING_DOES) }
                button { (w::ROTATE_NOW) }
            }))
        }
        details open[visit.has_sent("replay_webhook")] {
            summary { (w::REPLAY) }
            (visit.form("replay_webhook", version, |form| html! {
                (form.field(&Field::new("after", w::AFTER_EVENT, Kind::Whole).required().hint(w::AFTER_HINT), ""))
                button { (w::REPLAY_NOW) }
            }))
        }
        details open[visit.has_sent("remove_webhook")] {
            summary { (w::REMOVE) }
            (visit.form("remove_webhook", version, |_| html! {
                p.hint { (w::WHAT_REMOVING_DOES) }
                button.grave { (w::REMOVE_NOW) }
            }))
        }
    }
}

fn row(visit: &Visit, tried: &Tried) -> Markup {
    let Tried { event_number, event_type, how } = tried;
    html! {
        tr {
            td { (visit.when(&how.at)) }
            td.n { (event_number) }
            td { (w::kind(event_type)) }
            td { (ended(how)) @if let Some(error) = &how.error { " " (brief(error)) } }
            td.n { (visit.count(how.duration_ms)) " ms" }
        }
    }
}
