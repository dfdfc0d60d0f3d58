//! The house, for managers: who works here, which programs call, what was changed, and how the service is set.

pub mod audit;
pub mod keys;
pub mod notes;
pub mod settings;
pub mod staff;
pub mod verify;

use maud::html;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

pub fn show(_: &Visit) -> Result<Answer> {
    let body = html! {
        h1 { (t::HOUSE) }
        ul.cards {
            @for (path, name, what) in t::ROOMS_OF_HOUSE {
                li.card { a href=(path) { strong { (name) } } (what) }
            }
        }
    };
    Ok(Answer::Page(Content::new(Room::House, t::HOUSE, body)))
}
