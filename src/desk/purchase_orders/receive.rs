//! Receiving what came of a purchase order: it is counted by scans or by hand, and booked once.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{Field, Kind, Open, scan_field, set_button, table};
use crate::desk::purchase_orders::{Line, PurchaseOrder};
use crate::desk::scan::{Scan, Tally};
use crate::desk::seen::{self, Product};
use crate::desk::texts::restock as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;
use crate::problem;
use crate::values::Id;

/// Of a longer order the lines are shown that are counted, and the others when they are asked for.
const LINES_SHOWN: usize = 20;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } =
        visit.api.read::<PurchaseOrder>(&format!("/purchase_orders/{}", visit.id))?;
    let products = seen::products(&visit.api, order.lines.iter().map(|line| line.product_id))?;
    let counted = Tally::read(visit.param("counted").unwrap_or(""));
    if let Some((product_id, tally)) = counted.set(visit.param("set")) {
        return Ok(Answer::Goto(here(visit, &tally, &[("last", &product_id.to_string())])));
    }
    if let Some((text, scan)) = visit.param("scan").and_then(|text| Some((text, Scan::read(text)?))) {
        return Ok(Answer::Goto(match scanned(visit, &order, &products, &counted, &scan)? {
            Ok((tally, product_id)) => here(visit, &tally, &[("last", &product_id.to_string())]),
            Err(_) => here(visit, &counted, &[("wrong", text)]),
        }));
    }
    let wrong = match visit.param("wrong").and_then(Scan::read) {
        Some(scan) => scanned(visit, &order, &products, &counted, &scan)?.err(),
        None => None,
    };
    let head = &order.head;
    let last = visit.param("last").and_then(|id| id.parse::<Id>().ok());
    let last = order.lines.iter().find(|line| Some(line.product_id) == last);
    let title = format!("{} · {}", t::RECEIVE, t::purchase_order(head.id));
    let body = html! {
        h1 { (title) " · " (head.seller()) }
        @if head.status != "ordered" { p { span.mark.warn { "◐ " (t::status(&head.status)) } " " (t::received_late(&head.status)) } }
        @if let Some(wrong) = &wrong { p.refused role="alert" #scanned { (wrong) } }
        @else if let Some(line) = last { (said(line, &counted)) }
        @if head.may("receive") {
            form.scan #counts {
                @for name in ["counted", "all", "lines"] { @if let Some(value) = visit.param(name) { input type="hidden" name=(name) value=(value); } }
                input type="hidden" name="key" value=(visit.key());
                (scan_field(t::SCAN_DELIVERY, "scanned"))
            }
            (book(visit, &order, &counted, last, &version))
            // Whoever counts here has no use for a button that does without.
            @if head.status == "ordered" && counted == Tally::default() {
                details {
                    summary { (t::ALL_AS_ORDERED) }
                    p { (t::all_as_ordered(head.outstanding)) }
                    (visit.form("receive_all", &version, |_| html! { button { (t::ALL_AS_ORDERED) } }))
                }
            }
        } @else { p { (t::NOTHING_TO_RECEIVE) } }
        p.screen { a href={ "/desk/purchase_orders/" (head.id) } { (t::BACK_TO_PURCHASE_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, title.as_str(), body)))
}

/// What became of the last scan. More than is outstanding is counted too, and asked for when it is booked.
fn said(line: &Line, counted: &Tally) -> Markup {
    let units = counted.units(line.product_id);
    let words = t::counted(&line.product_name, units, line.outstanding);
    html! {
        @if units > line.outstanding { p.refused role="alert" #scanned { (words) " " (t::more_than_ordered(units - line.outstanding)) } }
        @else { p.done role="status" #scanned { (words) } }
    }
}

/// The form that books what came, with what was counted in it.
fn book(visit: &Visit, order: &PurchaseOrder, counted: &Tally, last: Option<&Line>, version: &str) -> Markup {
    let all = rows(visit, order, counted);
    let hidden = order.lines.len() - all.len();
    let sent = visit.sent_with("receive", Of { id: visit.id, product_id: 0 });
    let is_surplus = order.head.status != "ordered"
        || order.lines.iter().any(|line| counted.units(line.product_id) > line.outstanding)
        || sent.is_some_and(|sent| {
            sent.problem.kind == problem::SURPLUS || sent.fields.get("accept_surplus").is_some()
        });
    html! {
        h2 { (t::WHAT_CAME) }
        @if hidden > 0 { p { (t::lines_hidden(hidden)) " " button form="counts" name="all" value="true" { (t::SHOW_ALL_LINES) } } }
        (visit.form("receive", version, |form| {
            // What was sent and refused is the first part.
            let first = if sent.is_some() { 0 } else { visit.first_of("lines").min(all.len().saturating_sub(1)) };
            let is_last = |line: &Line| last.is_some_and(|last| last.product_id == line.product_id);
            let rows: Vec<Markup> = all[first..].iter().enumerate()
                .map(|(at, line)| row(visit, form, at, line, counted, is_last(line))).collect();
            let shown = fitting(rows.iter().map(|row| row.0.len()), visit.room_beside(&[])).min(rows.len());
            let of_shown = |id: &Id| all[first..first + shown].iter().any(|line| line.product_id == *id);
            let elsewhere = counted.filtered(|id| !of_shown(id));
            html! {
            // Without a line it is a delivery of nothing, and not of all.
            input type="hidden" name="lines[]" value="";
            (table(t::LINES, t::RECEIVE_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
            @if shown < all.len() {
                p.hint { (t::COUNTED_AND_HIDDEN) }
                input type="hidden" name="lines[tally]" value=(elsewhere.write());
                (visit.ways_on_counting("lines", t::LINES, first, (first + shown < all.len()).then_some(first + shown)))
            }
            (form.field(&Field::new("note", t::NOTE, Kind::Text).hint(t::DELIVERY_NOTE_HINT), ""))
            @if is_surplus { (form.field(&Field::new("accept_surplus", t::KEEP_SURPLUS, Kind::Tick), "false")) }
            button.main { (t::BOOK_DELIVERY) }
            }
        }))
    }
}

/// What was sent and refused comes first, as it was numbered then.
fn rows<'a>(visit: &Visit, order: &'a PurchaseOrder, counted: &Tally) -> Vec<&'a Line> {
    let of_sent = |line: &Line| visit.sent.as_ref()?.fields.item_of("lines", line.product_id);
    let all = order.lines.len() <= LINES_SHOWN || visit.param("all").is_some();
    let mut rows: Vec<(usize, &Line)> = order
        .lines
        .iter()
        .map(|line| (of_sent(line).unwrap_or(usize::MAX), line))
        .filter(|(at, line)| all || *at != usize::MAX || counted.units(line.product_id) > 0)
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, line)| line).collect()
}

fn row(visit: &Visit, form: &Open, at: usize, line: &Line, counted: &Tally, is_last: bool) -> Markup {
    let units = counted.units(line.product_id);
    let name = |field: &str| format!("lines[{at}].{field}");
    // What was sent is what stands there, also when the order has changed meanwhile.
    let sent = |field: &str| visit.sent.as_ref().and_then(|sent| sent.fields.get(&name(field)));
    html! {
        tr.at[is_last] {
            td {
                (brief(&line.product_name)) br; (line.sku.as_deref().unwrap_or("")) " " (line.supplier_sku.as_deref().unwrap_or(""))
                input type="hidden" name=(name("product_id")) value=(line.product_id);
            }
            td.n { (visit.count(line.outstanding)) " / " (visit.count(line.quantity)) }
            td { (form.cell(&name("quantity"), t::ACCEPTED, sent("quantity").unwrap_or(&units.to_string()))) }
            td { (form.cell(&name("rejected"), t::REJECTED, sent("rejected").unwrap_or("0"))) }
            td {
                (set_button("more", line.product_id, units + 1, t::ONE_MORE)) " "
                @if units < line.outstanding { (set_button("all", line.product_id, line.outstanding, t::ALL_OF_IT)) " " }
                @if units > 0 { (set_button("none", line.product_id, 0, t::NONE_OF_IT)) }
            }
        }
    }
}

fn here(visit: &Visit, counted: &Tally, with: &[(&str, &str)]) -> String {
    let (counted, key) = (counted.write(), visit.key());
    let mut members = vec![("counted", counted.as_str()), ("key", &key)];
    members.extend_from_slice(with);
    for name in ["all", "lines"] {
        if let Some(value) = visit.param(name).filter(|_| with.iter().all(|(known, _)| *known != name)) {
            members.push((name, value));
        }
    }
    with_query(visit.path, &members)
}

/// What is counted with a scan, and of which product it was one; or what is wrong with it.
fn scanned(
    visit: &Visit,
    order: &PurchaseOrder,
    products: &HashMap<Id, Product>,
    counted: &Tally,
    scan: &Scan,
) -> Result<std::result::Result<(Tally, Id), String>> {
    let by_code = order.lines.iter().find_map(|line| {
        let units = scan.units_of(products.get(&line.product_id)?)?;
        Some((line, units))
    });
    let by_supplier =
        || order.lines.iter().find(|line| line.is_called(&scan.code)).map(|line| (line, scan.times));
    let Some((line, units)) = by_code.or_else(by_supplier) else {
        let other = scan.product(&visit.api)?;
        return Ok(Err(match other {
            Some(product) => t::not_on_purchase_order(&product.name),
            None => t::unknown_code(&scan.code),
        }));
    };
    Ok(match counted.plus(line.product_id, units) {
        Some(tally) => Ok((tally, line.product_id)),
        None => Err(t::TOO_MANY_COUNTED.to_owned()),
    })
}
