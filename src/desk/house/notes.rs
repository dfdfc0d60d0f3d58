//! Notes that may name somebody who was erased: each of the ledger is left or written anew, and one of a purchase order
//! where the order is changed.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{Field, FormFor, Kind};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::{Error, Result};
use crate::values::Id;
use crate::web::response;

#[derive(Deserialize)]
struct Mention {
    /// As it is written there, since its version is made of that.
    movement: Option<Box<RawValue>>,
    purchase_order: Option<NotedOrder>,
    found: Vec<String>,
}

#[derive(Deserialize)]
struct Movement {
    id: Id,
    product_id: Id,
    note: Option<String>,
    at: String,
}

#[derive(Deserialize)]
struct NotedOrder {
    id: Id,
    note: Option<String>,
}

/// What a card has beside its note.
const CARD_BYTES: usize = 1_000;

pub fn show(visit: &Visit) -> Result<Answer> {
    // Each is read, and so is whole; its form has it, and some more.
    let length = |mention: &Mention| {
        let movement = mention.movement.as_ref().map_or(0, |movement| movement.get().len());
        let order =
            mention.purchase_order.as_ref().and_then(|order| order.note.as_ref()).map_or(0, String::len);
        CARD_BYTES + movement + order
    };
    let path = "/mentions";
    let mentions: List<Mention> =
        visit.list_that_fits(path, &[], &["customer_id", "after"], length, visit.room_beside(&[]))?;
    let mut cards = Vec::new();
    for Mention { movement, purchase_order, found } in &mentions.data {
        if let Some(movement) = movement {
            cards.push(of_ledger(visit, movement.get(), found)?);
        }
        if let Some(order) = purchase_order {
            cards.push(of_order(order, found));
        }
    }
    let body = html! {
        h1 { (t::NOTES_TO_REVIEW) }
        p { (t::WHY_NOTES) }
        @if cards.is_empty() { p { (t::NO_NOTES) } }
        @for card in &cards { section.card { (card) } }
        (visit.list_end(mentions.next.as_deref(), &["customer_id"]))
    };
    Ok(Answer::Page(Content::new(Room::House, t::NOTES_TO_REVIEW, body)))
}

fn of_ledger(visit: &Visit, text: &str, found: &[String]) -> Result<Markup> {
    let unreadable =
        |cause| Error::Internal(format!("the page of notes does not understand a movement: {cause}"));
    let movement: Movement = serde_json::from_str(text).map_err(unreadable)?;
    let (of, version) = (Of { id: movement.id, product_id: 0 }, response::version_of(text));
    Ok(html! {
        p {
            a href={ "/desk/products/" (movement.product_id) "/ledger" } { (t::movement_of(movement.product_id)) } ", " (visit.when(&movement.at))
            " · " (t::found_by(found))
        }
        (visit.form_for(&FormFor { name: "review", of, version: &version, class: "" }, |form| html! {
            (form.field(&Field::new("note", t::NOTE, Kind::Area), movement.note.as_deref().unwrap_or("")))
            button { (t::REVIEWED) }
        }))
    })
}

/// Saving it there, as it is or anew, ends its review.
fn of_order(order: &NotedOrder, found: &[String]) -> Markup {
    html! {
        p {
            a href={ "/desk/purchase_orders/" (order.id) } { (t::restock::purchase_order(order.id)) } " · " (t::found_by(found))
        }
        @if let Some(note) = &order.note { p.text { (note) } }
        p.hint { (t::NOTE_OF_ORDER) }
    }
}
