//! The webhooks, and the form of a new one, whose secret is shown once.

use maud::{Markup, html};
use serde_json::Value;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::table;
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::texts::webhooks as w;
use crate::desk::visit::Visit;
use crate::desk::webhooks::{Webhook, behind, ended, fields, state};
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let form = visit.form("new_webhook", "", |form| {
        html! {
            (fields(form, None))
            button.main { (w::MAKE) }
        }
    });
    let room = visit.room_beside(&[&form]);
    let size = |webhook: &Webhook| row(visit, webhook).0.len();
    let webhooks: List<Webhook> = visit.list_that_fits("/webhooks", &[], &["after"], size, room)?;
    let body = html! {
        h1 { (w::WEBHOOKS) }
        @if let Some(made) = &visit.made { (secret(made)) }
        p { (w::WHAT_THEY_ARE) }
        @if webhooks.data.is_empty() { p { (w::NO_WEBHOOKS) } } @else {
            (table(w::WEBHOOKS, w::COLUMNS, html! { @for webhook in &webhooks.data { (row(visit, webhook)) } }))
        }
        (visit.list_end(webhooks.next.as_deref(), &[]))
        h2 { (w::NEW_WEBHOOK) }
        (form)
    };
    Ok(Answer::Page(Content::new(Room::House, w::WEBHOOKS, body)))
}

/// The secret that was just made; of one that was shown before only that.
pub fn secret(made: &Value) -> Markup {
    html! {
        div.done role="status" {
            @match made["secret"].as_str() {
                Some(secret) => { p { (w::SECRET_SHOWN_ONCE) } p { code { (secret) } } }
                None => p { (w::SECRET_WAS_SHOWN) }
            }
        }
    }
}

fn row(visit: &Visit, webhook: &Webhook) -> Markup {
    html! {
        tr {
            td {
                a href={ "/desk/webhooks/" (webhook.id) } { (brief(&webhook.url)) }
                @if let Some(description) = &webhook.description { " " span.aside { (brief(description)) } }
            }
            td { (webhook.event_types.as_ref().map_or(w::ALL_TYPES.to_owned(), |types| w::types(types))) }
            td { (state(webhook)) }
            td { (behind(visit, webhook)) }
            td {
                @match &webhook.last_attempt {
                    Some(attempt) => { (visit.when(&attempt.at)) " " (ended(attempt)) }
                    None => (t::NEVER),
                }
            }
        }
    }
}
