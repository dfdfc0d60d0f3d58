//! Who works here, and what they may do.

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
struct Member {
    id: Id,
    username: String,
    role: String,
    disabled: bool,
    created_at: String,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let staff: List<Member> = visit.get_with("/staff", &[], &["after"])?;
    // Each with the version that its forms change.
    let mut members = Vec::new();
    for member in staff.data {
        let version = visit.api.read::<Member>(&format!("/staff/{}", member.id))?.version;
        members.push((member, version));
    }
    let own = visit.api.caller.staff_account();
    let body = html! {
        h1 { (t::STAFF) }
        p { (t::HOW_TO_ADD_STAFF) " " code { "storekeeper add-staff --role clerk USERNAME" } }
        (table(t::STAFF, t::STAFF_COLUMNS, html! {
            @for (member, version) in &members {
                @let form = |name| FormFor { name, of: Of { id: member.id, product_id: 0 }, version, class: "row" };
                tr {
                    td { (member.username) @if member.disabled { " " span.aside { (t::DISABLED) } } }
                    td { (visit.on(&member.created_at)) }
                    td {
                        (visit.form_for(&form("role"), |open| html! {
                            (open.field(&Field::new("role", t::ROLE, Kind::Choice(t::ROLES)).required(), &member.role))
                            button { (t::SAVE) }
                        }))
                    }
                    td {
                        @if Some(member.id) == own { a href="/desk/account" { (t::NEW_PASSWORD) } } @else {
                            details open[visit.sent_with("reset_password", Of { id: member.id, product_id: 0 }).is_some()] {
                                summary { (t::NEW_PASSWORD) }
                                (visit.form_for(&form("reset_password"), |open| html! {
                                    (open.field(&Field::new("password", t::NEW_PASSWORD, Kind::Password("new-password")).required(), ""))
                                    button { (t::SAVE) }
                                }))
                            }
                        }
                    }
                    td {
                        (visit.form_for(&form(if member.disabled { "enable" } else { "disable" }), |_| html! {
                            input type="hidden" name="disabled" value=(!member.disabled);
                            button { (if member.disabled { t::ENABLE } else { t::DISABLE }) }
                        }))
                    }
                }
            }
        }))
        (visit.list_end(staff.next.as_deref(), &[]))
    };
    Ok(Answer::Page(Content::new(Room::House, t::STAFF, body)))
}
