//! What differs from the ledger, with what it is worth, and the button that books it.

use maud::{Markup, html};

use crate::desk::api::Seen;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{FormFor, table};
use crate::desk::seen::{self, List};
use crate::desk::stock_takes::{Figures, Line, head, line_of};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Posted, Visit};
use crate::error::Result;
use crate::problem::{self, Problem};

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/stock_takes/{}", visit.id);
    let Seen { value: figures, version } = visit.api.read::<Figures>(&path)?;
    let take = &figures.take;
    let head = head(visit, &figures);
    let lines: List<Line> = visit.list_that_fits(
        &format!("{path}/lines"),
        &[("different", "true")],
        &["after"],
        |line| row(visit, line, take.may("counts")).0.len(),
        visit.room_beside(&[&head]),
    )?;
    let body = html! {
        h1 { (t::REVIEW) " · " (t::take(take.id)) }
        (head)
        @if lines.data.is_empty() { p { (t::NO_DIFFERENCES) } } @else {
            (table(t::DIFFERENT, t::REVIEW_COLUMNS, html! { @for line in &lines.data { (row(visit, line, take.may("counts"))) } }))
        }
        (visit.list_end(lines.next.as_deref(), &[]))
        @if take.may("book") && figures.counted > 0 {
            p { (t::WHAT_BOOKING_DOES) }
            (visit.form("book", &version, |_| html! { button.main { (t::BOOK_COUNTS) } }))
        }
        p.screen { a href={ "/desk/stock_takes/" (take.id) } { (t::BACK_TO_COUNTING) } }
    };
    Ok(Answer::Page(Content::new(Room::StockTakes, format!("{} {}", t::REVIEW, take.id), body)))
}

/// Before a count is taken back: that it is the one that was seen.
pub fn check(visit: &Visit, posted: &Posted) -> Result<()> {
    let product_id = posted.of.product_id;
    let Some(product) = seen::products(&visit.api, [product_id])?.remove(&product_id) else { return Ok(()) };
    let line = line_of(visit, &format!("/stock_takes/{}", visit.id), &product)?;
    // What was taken back before is told by the API.
    let is_another = |at: &String| Some(at.as_str()) != posted.fields.get("last_counted_at");
    match line.and_then(|line| line.counted_at).filter(is_another) {
        Some(_) => Err(Problem::new(problem::PRECONDITION_FAILED, t::COUNTED_ANEW).into()),
        None => Ok(()),
    }
}

fn row(visit: &Visit, line: &Line, is_open: bool) -> Markup {
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
                        &FormFor { name: "forget", of: Of { id: visit.id, product_id: line.product_id }, version: "", class: "button" },
                        // The count that is seen: what is counted of others meanwhile is no matter.
                        |_| html! { input type="hidden" name="last_counted_at" value=(line.counted_at.as_deref().unwrap_or("")); button aria-label=(t::forget_count(&brief(&line.product_name))) { (t::FORGET_COUNT) } },
                    )),
                    None => {}
                }
            }
        }
    }
}
