//! Packing an order: each scan ticks a unit of a line, then the parcel is sent.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::orders::Order;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{scan_field, set_button, table};
use crate::desk::scan::{Scan, Tally};
use crate::desk::seen::{self, List, Product};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// What the form has that sends the parcel.
const SHIP_BYTES: usize = 1_500;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } = visit.api.read::<Order>(&format!("/orders/{}", visit.id))?;
    let products = seen::products(&visit.api, order.items.iter().map(|line| line.product_id))?;
    let packed = Tally::read(visit.param("packed").unwrap_or(""));
    if let Some((product_id, tally)) = packed.set(visit.param("set")) {
        return Ok(Answer::Goto(here(visit, &tally, product_id)));
    }
    if let Some((text, scan)) = visit.param("scan").and_then(|text| Some((text, Scan::read(text)?))) {
        return Ok(Answer::Goto(match scanned(visit, &order, &products, &packed, &scan)? {
            Ok((tally, product_id)) => here(visit, &tally, product_id),
            Err(_) => {
                with_query(visit.path, &[("packed", &packed.write()), ("wrong", text), ("key", &visit.key())])
            }
        }));
    }
    let wrong = match visit.param("wrong").and_then(Scan::read) {
        Some(scan) => scanned(visit, &order, &products, &packed, &scan)?.err(),
        None => None,
    };
    let last = visit.param("last").and_then(|id| id.parse::<Id>().ok());
    let is_packed = |line: &&super::Line| packed.units(line.product_id) >= line.quantity;
    let ready = order.items.iter().filter(is_packed).count();
    let all_packed = ready == order.items.len();
    let scans = order.status == "placed" && !all_packed;
    let body = html! {
        h1 { (t::PACK) " · " (t::order(order.id)) }
        @if order.status != "placed" { p { (t::status(&order.status)) "." } }
        @if let Some(wrong) = &wrong { p.refused role="alert" #scanned { (wrong) } }
        @else if let Some(line) = order.items.iter().find(|line| Some(line.product_id) == last) {
            p.done role="status" #scanned { (t::packed(&line.name, packed.units(line.product_id), line.quantity)) }
        }
        p { strong { (t::lines_packed(ready, order.items.len())) } }
        @if scans {
            form.scan #counts {
                input type="hidden" name="packed" value=(packed.write());
                @if let Some(lines) = visit.param("lines") { input type="hidden" name="lines" value=(lines); }
                input type="hidden" name="key" value=(visit.key());
                (scan_field(t::SCAN_ITEM, "scanned"))
            }
        }
        @let rows = order.items.iter().map(|line| row(line, products.get(&line.product_id), &packed, last, scans));
        @let first = visit.first_of("lines");
        @let rows: Vec<Markup> = rows.skip(first).collect();
        @let room = visit.room_beside(&[]).saturating_sub(SHIP_BYTES);
        @let shown = fitting(rows.iter().map(|row| row.0.len()), room).min(rows.len());
        (table(t::LINES, t::PACK_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
        @let next = (shown < rows.len()).then_some(first + shown);
        @if scans { (visit.ways_on_counting("lines", t::LINES, first, next)) }
        @else { (visit.ways_on("lines", t::LINES, first, next)) }
        @if order.allowed_actions.iter().any(|action| action == "ship") {
            h2 { (t::SHIP) }
            @if !all_packed { p { (t::NOT_ALL_PACKED) } }
            (visit.form("ship", &version, |form| html! {
                div.row {
                    (form.text("carrier", t::CARRIER, &last_carrier(visit).unwrap_or_default()))
                    (form.text_to_scan("tracking_number", t::TRACKING_NUMBER, all_packed))
                    button.main { (t::SHIP) }
                }
            }))
        }
        p.screen { a href={ "/desk/orders/" (order.id) } { (t::BACK_TO_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Orders, format!("{} {}", t::PACK, order.id), body)))
}

fn row(
    line: &super::Line,
    product: Option<&Product>,
    packed: &Tally,
    last: Option<Id>,
    scans: bool,
) -> Markup {
    let units = packed.units(line.product_id);
    let is_done = units >= line.quantity;
    html! {
        tr.at[last == Some(line.product_id)] {
            td { span class={ "mark " (if is_done { "good" } else { "warn" }) } { (if is_done { t::TICKED } else { t::NOT_TICKED }) } }
            td { (product.and_then(|product| product.shelf.as_deref()).unwrap_or("")) }
            td { (product.and_then(|product| product.sku.as_deref()).unwrap_or("")) }
            td { (brief(&line.name)) }
            td.n { (units) " / " (line.quantity) }
            td {
                // For what has no barcode, and for hands without a scanner.
                @if scans && !is_done { (set_button("more", line.product_id, units + 1, t::ONE_MORE)) }
            }
        }
    }
}

fn here(visit: &Visit, packed: &Tally, last: Id) -> String {
    let part = visit.param("lines").unwrap_or("");
    let key = visit.key();
    with_query(
        visit.path,
        &[("packed", &packed.write()), ("last", &last.to_string()), ("lines", part), ("key", &key)],
    )
}

/// What is packed with a scan, and of which product it was one; or what is wrong with it.
fn scanned(
    visit: &Visit,
    order: &Order,
    products: &HashMap<Id, Product>,
    packed: &Tally,
    scan: &Scan,
) -> Result<std::result::Result<(Tally, Id), String>> {
    let ours = order.items.iter().find_map(|line| {
        let units = scan.units_of(products.get(&line.product_id)?)?;
        Some((line, units))
    });
    let Some((line, units)) = ours else {
        let other = scan.product(&visit.api)?;
        return Ok(Err(match other {
            Some(product) => t::not_in_order(&product.name),
            None => t::unknown_code(&scan.code),
        }));
    };
    let so_far = packed.units(line.product_id);
    Ok(match packed.plus(line.product_id, units) {
        Some(tally) if so_far + units <= line.quantity => Ok((tally, line.product_id)),
        _ => Err(t::too_many_packed(&line.name, so_far, line.quantity)),
    })
}

/// Most shops have one.
fn last_carrier(visit: &Visit) -> Option<String> {
    let list: List<Order> = visit.api.get("/orders?status=shipped&limit=1").ok()?;
    list.data.into_iter().next()?.carrier
}
