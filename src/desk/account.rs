//! One's own account: another password, and where one is logged in.

use maud::html;
use serde::Deserialize;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{Field, FormFor, Kind, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;
use crate::values::Id;

#[derive(Deserialize)]
struct Session {
    id: Id,
    current: bool,
    created_at: String,
    last_used_at: String,
    expires_at: String,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let sessions: List<Session> = visit.get_with("/sessions", &[], &["after"])?;
    let body = html! {
        h1 { (t::YOUR_ACCOUNT) }
        h2 { (t::NEW_PASSWORD) }
        p { (t::WHAT_NEW_PASSWORD_MEANS) }
        (visit.form_for(&FormFor { name: "password", of: Of::default(), version: "", class: "narrow" }, |form| html! {
            (form.field(&Field::new("current_password", t::CURRENT_PASSWORD, Kind::Password("current-password")).required(), ""))
            (form.field(&Field::new("password", t::NEW_PASSWORD, Kind::Password("new-password")).required(), ""))
            button { (t::SAVE) }
        }))
        h2 { (t::WHERE_LOGGED_IN) }
        (table(t::WHERE_LOGGED_IN, t::SESSION_COLUMNS, html! {
            @for session in &sessions.data {
                tr {
                    td { (visit.when(&session.created_at)) }
                    td { (visit.when(&session.last_used_at)) }
                    td { (visit.when(&session.expires_at)) }
                    td {
                        @if session.current { (t::THIS_ONE) } @else {
                            (visit.form_for(
                                &FormFor { name: "end_session", of: Of { id: session.id, product_id: 0 }, version: "", class: "button" },
                                |_| html! { button { (t::END_SESSION) } },
                            ))
                        }
                    }
                }
            }
        }))
        (visit.pager(sessions.next.as_deref(), &[]))
    };
    Ok(Answer::Page(Content::new(Room::Nowhere, t::YOUR_ACCOUNT, body)))
}
