//! What differs from the ledger, with what it is worth, and the button that books it.

use maud::{Markup, html};

use crate::desk::api::Seen;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{FormFor, table};
use crate::desk::seen::List;
use crate::desk::stock_takes::{Figures, Line, head};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/stock_takes/{}", visit.id);
    let Seen { value: figures, version } = visit.api.read::<Figures>(&path)?;
    let take = &figures.take;
    let head = head(visit, &figures);
    let lines: List<Line> = visit.list_that_fits(
        &format!("{path}/lines"),
        &[("different", "true")],
        &["after"],
        |line| row(visit, line, &version, take.may("counts")).0.len(),
        visit.room_beside(&[&head]),
    )?;
    let body = html! {
        h1 { (t::REVIEW) " · " (t::take(take.id)) }
        (head)
        @if lines.data.is_empty() { p { (t::NO_DIFFERENCES) } } @else {
            (table(t::DIFFERENT, t::REVIEW_COLUMNS, html! { @for line in &lines.data { (row(visit, line, &version, take.may("counts"))) } }))
        }
        (visit.pager(lines.next.as_deref(), &[]))
        @if take.may("book") && figures.counted > 0 {
            p { (t::WHAT_BOOKING_DOES) }
            (visit.form("book", &version, |_| html! { button.main { (t::BOOK_COUNTS) } }))
        }
        p.screen { a href={ "/desk/stock_takes/" (take.id) } { (t::BACK_TO_COUNTING) } }
    };
    Ok(Answer::Page(Content::new(Room::StockTakes, format!("{} {}", t::REVIEW, take.id), body)))
}

fn row(visit: &Visit, line: &Line, version: &str, is_open: bool) -> Markup {
    let number = |number: Option<i64>| number.map(|number| visit.count(number)).unwrap_or_default();
    html! {
        tr {
            td { (line.shelf.as_deref().unwrap_or("")) }
            td {
                a href={ "/desk/products/" (line.product_id) "/ledger" } { (brief(&line.product_name)) } " " (line.sku.as_deref().unwrap_or(""))
                @if line.obstacle.is_some() { br; span.mark.bad { (t::COUNT_AGAIN) } }
            }
            td.n { (number(line.counted)) }
            td.n { (number(line.expected)) }
            td.n { strong { (number(line.difference)) } }
            td.n { @if let Some(value) = &line.value { (visit.money(value)) } }
            td { @if let Some(at) = &line.counted_at { (visit.when(at)) } @if let Some(by) = &line.counted_by { ", " (by.name()) } }
            td {
                @match &line.booked_at {
                    Some(at) => { (t::BOOKED) " " (visit.when(at)) }
                    None if is_open => (visit.form_for(
                        &FormFor { name: "forget", of: Of { id: visit.id, product_id: line.product_id }, version, class: "button" },
                        |_| html! { button aria-label=(t::forget_count(&brief(&line.product_name))) { (t::FORGET_COUNT) } },
                    )),
                    None => {}
                }
            }
        }
    }
}
