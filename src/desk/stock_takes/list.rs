//! The stock takes, those that go on first, and a new one.

use maud::html;
use serde::Deserialize;

use crate::desk::api::with_query;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, proposals};
use crate::desk::pieces::{Field, Kind, table};
use crate::desk::seen::List;
use crate::desk::stock_takes::Take;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

#[derive(Deserialize)]
struct Category {
    category: String,
}

const VIEWS: [(&str, &str); 4] =
    [("", t::ALL), ("open", t::OPEN), ("booked", t::BOOKED), ("cancelled", t::CANCELLED)];

pub fn show(visit: &Visit) -> Result<Answer> {
    let takes: List<Take> = visit.get_with("/stock_takes", &[], &["status", "after"])?;
    let categories: List<Category> = visit.api.get("/categories?limit=100")?;
    let status = visit.param("status").unwrap_or("");
    let body = html! {
        h1 { (t::STOCK_TAKES) }
        ul.tabs {
            @for (name, words) in VIEWS {
                li { a href=(with_query(visit.path, &[("status", name)])) aria-current=[(name == status).then_some("true")] { (words) } }
            }
        }
        @if takes.data.is_empty() { p { (t::NO_TAKES) } } @else {
            (table(t::STOCK_TAKES, t::TAKE_COLUMNS, html! {
                @for take in &takes.data {
                    tr {
                        td { a href={ "/desk/stock_takes/" (take.id) } { "#" (take.id) } }
                        td { (brief(&take.over())) }
                        td { (t::status(&take.status)) }
                        td { (visit.when(&take.opened_at)) @if let Some(by) = &take.opened_by { ", " (by.name()) } }
                        td { (brief(take.note.as_deref().unwrap_or(""))) }
                    }
                }
            }))
        }
        (visit.list_end(takes.next.as_deref(), &["status"]))
        h2 { (t::NEW_TAKE) }
        p { (t::WHAT_A_TAKE_DOES) }
        (visit.form("open", "", |form| html! {
            (form.field(&Field::new("category", t::CATEGORY, Kind::Listed("categories")), ""))
            (proposals("categories", categories.data.iter().map(|of| of.category.as_str())))
            (form.field(&Field::new("shelf", t::SHELF, Kind::Text).hint(t::SHELF_BEGINS), ""))
            (form.field(&Field::new("note", t::NOTE, Kind::Text), ""))
            button.main { (t::BEGIN_COUNTING) }
        }))
    };
    Ok(Answer::Page(Content::new(Room::StockTakes, t::STOCK_TAKES, body)))
}
