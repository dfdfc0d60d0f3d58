//! Counting: by scans, each of which is one more, or by numbers beside the products in the order of the shelves.

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room, View};
use crate::desk::parts::brief;
use crate::desk::pieces::{COUNTS, FormFor, scan_field_named, table};
use crate::desk::scan::Scan;
use crate::desk::seen::{self, List};
use crate::desk::stock_takes::{Actor, Figures, Line, head, line_of};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Posted, Sent, Visit};
use crate::error::Result;
use crate::problem::{FieldError, Problem};
use crate::values::{Bad, Id};

/// Which lines are shown, and the filters that stand for them.
const VIEWS: [View; 3] = [
    ("left", t::TO_COUNT, &[("counted", "false")]),
    ("counted", t::COUNTED, &[("counted", "true")]),
    ("all", t::ALL, &[]),
];

/// What a row has beside its texts.
const ROW_BYTES: usize = 500;

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/stock_takes/{}", visit.id);
    let Seen { value: figures, version } = visit.api.read::<Figures>(&path)?;
    let take = &figures.take;
    let asked = visit.param("view");
    let (view, title, fixed) = VIEWS.iter().find(|(name, ..)| Some(*name) == asked).unwrap_or(&VIEWS[0]);
    let head = head(visit, &figures);
    // The name stands in a row and in what its field is called.
    let size = |line: &Line| {
        let texts = [line.shelf.as_deref(), line.sku.as_deref(), line.counted_by.as_ref().map(Actor::name)];
        ROW_BYTES
            + 2 * brief(&line.product_name).len()
            + texts.into_iter().flatten().map(str::len).sum::<usize>()
    };
    let mut lines: List<Line> = visit.list_that_fits(
        &format!("{path}/lines"),
        fixed,
        &["q", "after"],
        size,
        visit.room_beside(&[&head]),
    )?;
    sent_first(visit, &path, &mut lines.data)?;
    let body = html! {
        h1 { (t::take(take.id)) " · " (take.over()) }
        (head)
        @if take.may("counts") { (last_scan(visit, &path)?) }
        ul.tabs {
            @for (name, words, _) in &VIEWS {
                li { a href=(with_query(visit.path, &[("view", name)])) aria-current=[(name == view).then_some("true")] { (words) } }
            }
            li { a href={ (visit.path) "/review" } { (t::REVIEW) } }
        }
        form.row role="search" {
            input type="hidden" name="view" value=(view);
            div.field {
                label for="q" { (t::SEARCH_PRODUCTS) }
                input #q name="q" maxlength="100" value=(visit.param("q").unwrap_or(""));
            }
            button { (t::SEARCH) }
        }
        (counting(visit, title, &lines.data, take.may("counts")))
        (visit.list_end(lines.next.as_deref(), &["view", "q"]))
        @if take.may("cancel") {
            details {
                summary { (t::CANCEL_TAKE) }
                p { (t::WHAT_CANCEL_TAKE_MEANS) }
                (visit.form("cancel", &version, |_| html! { button.grave { (t::CANCEL_TAKE) } }))
            }
        }
    };
    Ok(Answer::Page(Content::new(Room::StockTakes, t::take(take.id), body)))
}

/// What the last scan has come to.
fn last_scan(visit: &Visit, path: &str) -> Result<Markup> {
    let of = Of { id: visit.id, product_id: 0 };
    if let Some(sent) = visit.sent_with("count", of) {
        let text = sent.fields.scanned().map(|(_, text)| text);
        return Ok(html! { @if let Some(text) = text { p.refused #scanned { (t::not_counted(text)) } } });
    }
    let Some(scan) = visit.param("last").and_then(Scan::read) else { return Ok(html! { span #scanned {} }) };
    let found: List<Line> =
        visit.api.get(&with_query(&format!("{path}/lines"), &[("counted", "true"), ("q", &scan.code)]))?;
    let last = found.data.iter().max_by_key(|line| line.counted_at.clone());
    Ok(html! {
        p.done role="status" #scanned {
            @if let Some(line) = last { (t::counted_so_far(&line.product_name, line.counted.unwrap_or(0))) }
        }
    })
}

/// What was scanned and belongs elsewhere, if that was refused.
fn elsewhere(sent: &Sent) -> Option<&str> {
    let (name, text) = sent.fields.scanned()?;
    sent.error(name).is_some_and(|error| error.code == ELSEWHERE).then_some(text)
}

/// The field of the scanner stands behind the rows, so that what is scanned comes on top of what is typed in them.
const SCAN: &str = "counts[900].scan";

/// The same for what is counted here although it belongs elsewhere.
const HERE_TOO: &str = "counts[901].here_too";

/// The code of the fault of a product that is not selected.
const ELSEWHERE: &str = "belongs_elsewhere";

/// Before it is counted: what belongs to another shelf is there by mistake, or was scanned by one. Whoever means it says so.
pub fn check(visit: &Visit, posted: &Posted) -> Result<()> {
    if posted.fields.items("counts") == 0 {
        let nothing = Bad::new("required", t::NOTHING_TO_COUNT);
        return Err(Problem::invalid_fields(vec![FieldError::new("counts", nothing)]).into());
    }
    let Some((name, text)) = posted.fields.scanned().filter(|(name, _)| name.ends_with(".scan")) else {
        return Ok(());
    };
    let fault = |bad| Err(Problem::invalid_fields(vec![FieldError::new(name, bad)]).into());
    let Some(scan) = Scan::read(text) else {
        return fault(Bad::new("no_code", t::only_a_number(text)));
    };
    // What is unknown is told by the API.
    let Some(product) = scan.product(&visit.api)? else { return Ok(()) };
    let path = format!("/stock_takes/{}", visit.id);
    let Figures { take, .. } = visit.api.get(&path)?;
    let is_selected = match (&take.category, &take.shelf) {
        (Some(category), _) => product.category.as_ref() == Some(category),
        (_, Some(shelf)) => product.shelf.as_ref().is_some_and(|of| of.starts_with(shelf.as_str())),
        (None, None) => true,
    };
    if is_selected || line_of(visit, &path, &product)?.is_some() {
        return Ok(());
    }
    let place = product.shelf.as_deref().map(t::over_shelf);
    let place = place.or_else(|| product.category.as_deref().map(t::over_category));
    fault(Bad::new(ELSEWHERE, t::belongs_elsewhere(&product.name, place.as_deref(), &take.over())))
}

/// What was sent and refused comes first, as it was numbered then, also where it is not looked for any more.
fn sent_first(visit: &Visit, path: &str, lines: &mut Vec<Line>) -> Result<()> {
    let Some(sent) = visit.sent_with("count", Of { id: visit.id, product_id: 0 }) else { return Ok(()) };
    let product_ids = (0..sent.fields.items("counts"))
        .filter_map(|at| sent.fields.get(&format!("counts[{at}].product_id"))?.parse().ok());
    let missing = product_ids.filter(|id: &Id| lines.iter().all(|line| line.product_id != *id));
    for product in seen::products(&visit.api, missing.collect::<Vec<Id>>())?.values() {
        lines.extend(line_of(visit, path, product)?);
    }
    lines.sort_by_key(|line| sent.fields.item_of("counts", line.product_id).unwrap_or(usize::MAX));
    Ok(())
}

/// The field of a scanner, and a number for each product of the page; those that are left empty are not counted. All of it
/// is one form, so a scan counts what is typed in the rows too.
fn counting(visit: &Visit, title: &str, lines: &[Line], is_open: bool) -> Markup {
    let of = Of { id: visit.id, product_id: 0 };
    let rows = |cell: &dyn Fn(usize, &Line) -> Markup| {
        table(
            title,
            t::COUNT_COLUMNS,
            html! {
                @for (at, line) in lines.iter().enumerate() {
                    tr {
                        td { (line.shelf.as_deref().unwrap_or("")) }
                        td { (line.sku.as_deref().unwrap_or("")) }
                        td { (brief(&line.product_name)) }
                        td { (cell(at, line)) }
                        td {
                            @if let Some(at) = &line.counted_at { (visit.when(at)) }
                            @if let Some(by) = &line.counted_by { ", " (by.name()) }
                        }
                    }
                }
            },
        )
    };
    let counted = |line: &Line| line.counted.map(|units| units.to_string()).unwrap_or_default();
    if !is_open {
        return html! {
            @if lines.is_empty() { p { (t::NOTHING_LEFT_TO_COUNT) } } @else { (rows(&|_, line| html! { (counted(line)) })) }
        };
    }
    html! {
        (visit.form_for(&FormFor { name: "count", of, version: "", class: COUNTS }, |form| html! {
            (scan_field_named(SCAN, t::SCAN_TO_COUNT, "scanned", html! { button { (t::ENTER) } }))
            // Behind the button of the scanner, which Enter presses.
            @if let Some(text) = visit.sent_with("count", of).and_then(elsewhere) {
                p { button name=(HERE_TOO) value=(text) { (t::COUNT_IT_HERE_TOO) } }
            }
            @if lines.is_empty() { p { (t::NOTHING_LEFT_TO_COUNT) } } @else {
                (rows(&|at, line| html! {
                    input type="hidden" name={ "counts[" (at) "].product_id" } value=(line.product_id);
                    // Who has not seen a count does not put another one in its place.
                    input type="hidden" name={ "counts[" (at) "].last_counted_at" } value=(line.counted_at.as_deref().unwrap_or(""));
                    // What was counted stands beside the field, so that it is not counted again by saving the page.
                    (form.cell(&format!("counts[{at}].counted"), &t::units_of(&brief(&line.product_name)), ""))
                    @if line.counted.is_some() { " " (counted(line)) }
                }))
                button.main { (t::SAVE_COUNTS) }
            }
        }))
    }
}
