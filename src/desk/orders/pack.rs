//! Packing an order: each scan ticks a unit of a line, then the parcel is sent.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::orders::{self, Order, check_codes, last_carrier};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{COUNTS, FormFor, counting_field, step_button, table};
use crate::desk::scan::{Scan, Tally};
use crate::desk::seen::{self, Product};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;
use crate::values::{Id, Input, Line};

/// What the form has that sends the parcel.
const SHIP_BYTES: usize = 2_000;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } = visit.api.read::<Order>(&format!("/orders/{}", visit.id))?;
    let products = seen::products(&visit.api, order.items.iter().map(|line| line.product_id))?;
    let packed = Tally::read(visit.param("packed").unwrap_or(""));
    if let Some(step) = visit.step() {
        return Ok(Answer::Goto(stepped(visit, &order, &products, &packed, step)?));
    }
    let ships = order.allowed_actions.iter().any(|action| action == "ship");
    let said = match (visit.param("wrong"), visit.param("last")) {
        (Some(text), _) => match scanned(visit, &order, &products, &packed, text)? {
            Scanned::Wrong(wrong) => html! { p.refused role="alert" #scanned { (wrong) } },
            _ => html! {},
        },
        (None, Some(PARCEL)) if !ships => html! {},
        (None, Some(PARCEL)) => html! { p.done role="status" #scanned { (t::PARCEL_SCANNED) } },
        (None, last) => {
            let last = last.and_then(|id| id.parse::<Id>().ok());
            let line = order.items.iter().find(|line| Some(line.product_id) == last);
            html! { @if let Some(line) = line {
                p.done role="status" #scanned { (t::packed(&line.name, packed.units(line.product_id), line.quantity)) }
            } }
        }
    };
    let last = visit.param("last").and_then(|id| id.parse::<Id>().ok());
    let ready = order.items.iter().filter(|line| packed.units(line.product_id) >= line.quantity).count();
    let rows = order.items.iter().map(|line| row(line, products.get(&line.product_id), &packed, last, ships));
    let first = visit.first_of("lines");
    let rows: Vec<Markup> = rows.skip(first).collect();
    let room = visit.room_beside(&[]).saturating_sub(SHIP_BYTES);
    let shown = fitting(rows.iter().map(|row| row.0.len()), room).min(rows.len());
    let lines = table(t::LINES, t::PACK_COLUMNS, html! { @for row in &rows[..shown] { (row) } });
    let next = (shown < rows.len()).then_some(first + shown);
    let body = html! {
        h1 { (t::PACK) " · " (t::order(order.id)) }
        @if order.status != "placed" { p { (t::status(&order.status)) "." } }
        (said)
        p { strong { (t::lines_packed(ready, order.items.len())) } }
        @if ships {
            (visit.form_for(&FormFor { name: "ship", of: Of { id: visit.id, product_id: 0 }, version: &version, class: COUNTS }, |form| html! {
                // It keeps the keyboard when all is packed: a scan too many is no tracking number.
                (counting_field(if ready == order.items.len() { t::SCAN_PARCEL } else { t::SCAN_ITEM }, "scanned"))
                (lines)
                (visit.ways_on_counting("lines", t::LINES, first, next))
                h2 { (t::SHIP) }
                @if ready < order.items.len() { p { (t::NOT_ALL_PACKED) } }
                div.row {
                    (form.text("carrier", t::CARRIER, &carrier(visit)))
                    (form.text("tracking_number", t::TRACKING_NUMBER, visit.param("tracking_number").unwrap_or("")))
                    button.main { (t::SHIP) }
                }
            }))
        } @else {
            (lines)
            (visit.ways_on("lines", t::LINES, first, next))
        }
        p.screen { a href={ "/desk/orders/" (order.id) } { (t::BACK_TO_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Orders, format!("{} {}", t::PACK, order.id), body)))
}

fn row(
    line: &orders::Line,
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
                @if scans && !is_done { (step_button("more", Some(line.product_id), t::ONE_MORE)) " " }
                @if scans && units > 0 { (step_button("less", Some(line.product_id), t::ONE_LESS)) }
            }
        }
    }
}

/// What stands in the address where the last scan was the parcel's.
const PARCEL: &str = "parcel";

/// What a scan comes to.
enum Scanned {
    Packed(Tally, Id),
    /// All is packed, and it is no code of ours: what is scanned next then is what the carrier has stuck on it.
    Parcel(String),
    Wrong(String),
}

/// The address of what a button or a scan comes to.
fn stepped(
    visit: &Visit,
    order: &Order,
    products: &HashMap<Id, Product>,
    packed: &Tally,
    (word, number): (&str, Id),
) -> Result<String> {
    let line = order.items.iter().find(|line| line.product_id == number);
    let more =
        |line: &orders::Line| packed.plus(number, 1).filter(|more| more.units(number) <= line.quantity);
    let id = number.to_string();
    Ok(match (word, line, visit.param("scan")) {
        ("more", Some(line), _) => {
            here(visit, &more(line).unwrap_or_else(|| packed.clone()), &[("last", &id)])
        }
        ("less", Some(_), _) => here(visit, &packed.minus_one(number), &[("last", &id)]),
        ("lines", ..) => here(visit, packed, &[("lines", &id)]),
        (_, _, Some(text)) => match scanned(visit, order, products, packed, text)? {
            Scanned::Packed(packed, id) => here(visit, &packed, &[("last", &id.to_string())]),
            Scanned::Parcel(number) => here(visit, packed, &[("tracking_number", &number), ("last", PARCEL)]),
            Scanned::Wrong(_) => here(visit, packed, &[("wrong", text)]),
        },
        // Enter in one of the other fields.
        _ => {
            check_codes(visit, &visit.query, true)?;
            here(visit, packed, &[])
        }
    })
}

fn here(visit: &Visit, packed: &Tally, with: &[(&str, &str)]) -> String {
    let (packed, key) = (packed.write(), visit.key());
    let mut members = vec![("packed", packed.as_str()), ("key", &key)];
    members.extend_from_slice(with);
    for name in ["lines", "carrier", "tracking_number"] {
        if let Some(value) = visit.query.get(name).filter(|_| with.iter().all(|(known, _)| *known != name)) {
            // What was cleared stays so; an address has nothing that is empty.
            members.push((name, if value.is_empty() && name == "carrier" { " " } else { value }));
        }
    }
    with_query(visit.path, &members)
}

fn scanned(
    visit: &Visit,
    order: &Order,
    products: &HashMap<Id, Product>,
    packed: &Tally,
    text: &str,
) -> Result<Scanned> {
    let Some(scan) = Scan::read(text) else { return Ok(Scanned::Wrong(t::only_a_number(text))) };
    let ours = order.items.iter().find_map(|line| {
        let units = scan.units_of(products.get(&line.product_id)?)?;
        Some((line, units))
    });
    let Some((line, units)) = ours else {
        // What no parcel is called is a code that was misread.
        let number = Line::<100>::parse(&Input::Text(text.to_owned())).ok().map(|Line(number)| number);
        let is_all_packed = order.items.iter().all(|line| packed.units(line.product_id) >= line.quantity);
        let typed = visit.param("tracking_number");
        return Ok(match scan.product(&visit.api)? {
            Some(product) => Scanned::Wrong(t::not_in_order(&product.name)),
            None if is_all_packed && typed.is_none_or(|typed| Some(typed) == number.as_deref()) => {
                number.map_or_else(|| Scanned::Wrong(t::unknown_code(&scan.code)), Scanned::Parcel)
            }
            None => Scanned::Wrong(t::unknown_code(&scan.code)),
        });
    };
    let so_far = packed.units(line.product_id);
    Ok(match packed.plus(line.product_id, units) {
        Some(tally) if so_far + units <= line.quantity => Scanned::Packed(tally, line.product_id),
        _ => Scanned::Wrong(t::too_many_packed(&line.name, so_far, line.quantity)),
    })
}

/// What was typed, or who carries the parcels of this shop: most have one.
fn carrier(visit: &Visit) -> String {
    let typed = visit.query.get("carrier").map(|typed| typed.trim().to_owned());
    typed.unwrap_or_else(|| last_carrier(visit).unwrap_or_default())
}
