//! Counting: by scans, each of which is one more, or by numbers beside the products in the order of the shelves.

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room, View};
use crate::desk::parts::brief;
use crate::desk::pieces::{FormFor, scan_field_named, table};
use crate::desk::scan::Scan;
use crate::desk::seen::{self, List};
use crate::desk::stock_takes::{Actor, Figures, Line, head};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;
use crate::values::Id;

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
        @if take.may("counts") {
            (last_scan(visit, &path)?)
            (visit.form_for(&FormFor { name: "scan", of: Of { id: visit.id, product_id: 0 }, version: "", class: "scan" }, |_| {
                scan_field_named("counts[0].scan", t::SCAN_TO_COUNT, "scanned")
            }))
        }
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
                input #q name="q" maxlength="200" value=(visit.param("q").unwrap_or(""));
            }
            button { (t::SEARCH) }
        }
        @if lines.data.is_empty() { p { (t::NOTHING_LEFT_TO_COUNT) } } @else { (numbers(visit, title, &lines.data, take.may("counts"))) }
        (visit.pager(lines.next.as_deref(), &["view", "q"]))
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
    if let Some(code) = visit.sent_with("scan", of).and_then(|sent| sent.fields.get("counts[0].scan")) {
        return Ok(html! { p.refused #scanned { (t::not_counted(code)) } });
    }
    let Some(scan) = visit.param("last").and_then(Scan::read).filter(|_| visit.param("done") == Some("scan"))
    else {
        return Ok(html! { span #scanned {} });
    };
    let found: List<Line> =
        visit.api.get(&with_query(&format!("{path}/lines"), &[("counted", "true"), ("q", &scan.code)]))?;
    let last = found.data.iter().max_by_key(|line| line.counted_at.clone());
    Ok(html! {
        p.done role="status" #scanned {
            @if let Some(line) = last { (t::counted_so_far(&line.product_name, line.counted.unwrap_or(0))) }
        }
    })
}

/// What was sent and refused comes first, as it was numbered then, also where it is not looked for any more.
fn sent_first(visit: &Visit, path: &str, lines: &mut Vec<Line>) -> Result<()> {
    let Some(sent) = visit.sent_with("numbers", Of { id: visit.id, product_id: 0 }) else { return Ok(()) };
    let product_ids = (0..sent.fields.items("counts"))
        .filter_map(|at| sent.fields.get(&format!("counts[{at}].product_id"))?.parse().ok());
    let missing = product_ids.filter(|id: &Id| lines.iter().all(|line| line.product_id != *id));
    for (id, product) in seen::products(&visit.api, missing.collect::<Vec<Id>>())? {
        let found: List<Line> = visit
            .api
            .get(&with_query(&format!("{path}/lines"), &[("q", &product.name), ("limit", "100")]))?;
        lines.extend(found.data.into_iter().find(|line| line.product_id == id));
    }
    lines.sort_by_key(|line| sent.fields.item_of("counts", line.product_id).unwrap_or(usize::MAX));
    Ok(())
}

/// A number for each product of the page; those that are left empty are not counted.
fn numbers(visit: &Visit, title: &str, lines: &[Line], is_open: bool) -> Markup {
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
        return rows(&|_, line| html! { (counted(line)) });
    }
    html! {
        (visit.form_for(&FormFor { name: "numbers", of, version: "", class: "" }, |form| html! {
            (rows(&|at, line| html! {
                input type="hidden" name={ "counts[" (at) "].product_id" } value=(line.product_id);
                // Who has not seen a count does not put another one in its place.
                input type="hidden" name={ "counts[" (at) "].last_counted_at" } value=(line.counted_at.as_deref().unwrap_or(""));
                // What was counted stands beside the field, so that it is not counted again by saving the page.
                (form.cell(&format!("counts[{at}].counted"), &t::units_of(&brief(&line.product_name)), ""))
                @if line.counted.is_some() { " " (counted(line)) }
            }))
            button.main { (t::SAVE_COUNTS) }
        }))
    }
}
