//! Keys with which programs call. A new one is shown once, on the page that answers its form.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{Field, FormFor, Kind, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;
use crate::values::Id;
use crate::web::api_key::KeyScope;

#[derive(Deserialize)]
struct Key {
    id: Id,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

/// What the form of a new key takes.
const FORM_BYTES: usize = 4 * 1024;

pub fn show(visit: &Visit) -> Result<Answer> {
    // The form below them has its room.
    let room = visit.room_beside(&[]).saturating_sub(FORM_BYTES);
    let keys: List<Key> =
        visit.list_that_fits("/api_keys", &[], &["after"], |key| row(visit, key).0.len(), room)?;
    let body = html! {
        h1 { (t::API_KEYS) }
        @if let Some(made) = &visit.made {
            div.done role="status" {
                @match made["key"].as_str() {
                    Some(key) => { p { (t::KEY_SHOWN_ONCE) } p { code { (key) } } }
                    None => p { (t::KEY_WAS_SHOWN) }
                }
            }
        }
        @if keys.data.is_empty() { p { (t::NO_KEYS) } } @else { (table(t::API_KEYS, t::KEY_COLUMNS, html! {
            @for key in &keys.data { (row(visit, key)) }
        })) }
        (visit.list_end(keys.next.as_deref(), &[]))
        h2 { (t::NEW_KEY) }
        (visit.form("new_key", "", |form| html! {
            (form.field(&Field::new("name", t::KEY_NAME, Kind::Text).required(), ""))
            fieldset {
                legend { (t::SCOPES) }
                input type="hidden" name="scopes[]" value="";
                @for scope in KeyScope::ALL { (form.one_of("scopes[]", scope.text(), &t::scope(scope.text()))) }
            }
            button.main { (t::MAKE_KEY) }
        }))
    };
    Ok(Answer::Page(Content::new(Room::House, t::API_KEYS, body)))
}

fn row(visit: &Visit, key: &Key) -> Markup {
    html! {
        tr {
            td { (brief(&key.name)) }
            td { (t::scopes(&key.scopes)) }
            td { (visit.on(&key.created_at)) }
            td { @match &key.last_used_at { Some(at) => (visit.when(at)), None => (t::NEVER) } }
            td {
                @match &key.revoked_at {
                    Some(at) => { (t::REVOKED) " " (visit.on(at)) }
                    None => {
                        (visit.on(&key.expires_at)) " "
                        (visit.form_for(
                            &FormFor { name: "revoke", of: Of { id: key.id, product_id: 0 }, version: "", class: "button" },
                            |_| html! { button.grave aria-label=(t::revoke(&brief(&key.name))) { (t::REVOKE) } },
                        ))
                    }
                }
            }
        }
    }
}
