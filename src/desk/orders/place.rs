//! An order for somebody at the counter or on the telephone: who it is, what they want, and placed.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::with_query;
use crate::desk::customers;
use crate::desk::fields::is_none;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{COUNTS, Field, FormFor, Kind, Open, counting_field, step_button, table};
use crate::desk::scan::{self, Scan, Tally};
use crate::desk::seen::{self, Customer, Figures, List, Product};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Posted, Visit};
use crate::error::Result;
use crate::problem::{FieldError, Problem};
use crate::values::{Bad, Id, Input, Price};

/// Address, note and what else the form has beside its lines.
const FORM_BYTES: usize = 4 * 1024;

pub fn show(visit: &Visit) -> Result<Answer> {
    let chosen = match visit.param("customer_id").or_else(|| visit.sent.as_ref()?.fields.get("customer_id")) {
        Some(id) => seen::customers(&visit.api, id.parse::<Id>())?.into_values().next(),
        None => None,
    };
    let title = t::PLACE_AN_ORDER;
    let body = match chosen {
        None => who(visit)?,
        Some(customer) => {
            let lines = Tally::read(visit.param("lines").unwrap_or(""));
            if let Some(step) = visit.step() {
                return Ok(Answer::Goto(stepped(visit, &customer, step)?));
            }
            what(visit, &customer, &lines)?
        }
    };
    Ok(Answer::Page(Content::new(Room::Orders, title, html! { h1 { (title) } (body) })))
}

/// The address of what a button or a scan comes to.
fn stepped(visit: &Visit, customer: &Customer, (word, number): (&str, Id)) -> Result<String> {
    let scan = visit.param("scan").and_then(Scan::read);
    let scanned = match scan.as_ref().filter(|_| word == "scan") {
        Some(scan) => scan
            .product(&visit.api)?
            .map(|product| (product.id, scan.units_of(&product).unwrap_or(scan.times))),
        None => None,
    };
    let added = scanned.or((word == "add").then_some((number, 1)));
    let removed = (word == "remove").then_some(number);
    let lines = visit.query.tally(("items", "quantity"), |id, units| {
        removed == Some(id) || is_none(units) && added.is_some_and(|(added, _)| added == id)
    })?;
    Ok(match (added, removed) {
        (Some((id, units)), _) => match lines.plus(id, units) {
            Some(lines) => here(visit, customer, &lines, &[]),
            None => here(visit, customer, &lines, &[("wrong", "full")]),
        },
        (None, Some(id)) => here(visit, customer, &lines.without(id), &[]),
        (None, None) if word == "part" => here(visit, customer, &lines, &[("part", &number.to_string())]),
        // Words to look for.
        (None, None) => here(visit, customer, &lines, &[("scan", visit.param("scan").unwrap_or(""))]),
    })
}

fn here(visit: &Visit, customer: &Customer, lines: &Tally, with: &[(&str, &str)]) -> String {
    let (customer, lines, key) = (customer.id.to_string(), lines.write(), visit.key());
    let mut members = vec![("customer_id", customer.as_str()), ("lines", &lines), ("key", &key)];
    members.extend_from_slice(with);
    for name in ["shipping_address", "note"] {
        members.push((name, visit.param(name).unwrap_or("")));
    }
    with_query(visit.path, &members)
}

/// Before it is placed: a line without units is no wish to have none of it, for which there is a button.
pub fn check(visit: &Visit, posted: &Posted) -> Result<()> {
    let empty: Vec<(String, Id, &str)> =
        posted.fields.rows("items", "quantity").filter(|(.., units)| is_none(units)).collect();
    let products = seen::products(&visit.api, empty.iter().map(|(_, id, _)| *id))?;
    let fault = |(row, id, _): (String, Id, &str)| {
        let message = t::no_units(products.get(&id).map_or("", |product| &product.name));
        FieldError::new(format!("{row}quantity"), Bad::new("no_units", message))
    };
    let mut faults: Vec<FieldError> = empty.into_iter().map(fault).collect();
    if posted.fields.items("items") == 0 && posted.fields.get("items[tally]").is_none() {
        faults.push(FieldError::new("items", Bad::new("required", t::NOTHING_ORDERED)));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(faults).into()) }
}

/// Whose order it is: somebody who is known, or somebody new.
fn who(visit: &Visit) -> Result<Markup> {
    let found: Option<List<Customer>> = match visit.param("q") {
        Some(_) => Some(visit.get_with("/customers", &[], &["q", "after"])?),
        None => None,
    };
    Ok(html! {
        h2 { (t::WHO) }
        form.row role="search" {
            div.field {
                label for="q" { (t::SEARCH_CUSTOMERS) }
                input #q name="q" maxlength="100" value=(visit.param("q").unwrap_or("")) autofocus;
            }
            button { (t::SEARCH) }
        }
        @if let Some(found) = &found {
            @if found.data.is_empty() { p { (t::NO_CUSTOMERS) } } @else {
                (table(t::CUSTOMERS, t::CUSTOMER_COLUMNS, html! {
                    @for customer in &found.data {
                        tr {
                            td { a href=(with_query(visit.path, &[("customer_id", &customer.id.to_string())])) { (brief(&customer.name)) } }
                            td { (customer.email) }
                            td { (customer.phone) }
                        }
                    }
                }))
                (visit.pager(found.next.as_deref(), &["q"]))
            }
        }
        h2 { (t::NEW_CUSTOMER) }
        (customers::add(visit))
    })
}

/// What they want: scanned, typed or looked for, and sent once.
fn what(visit: &Visit, customer: &Customer, lines: &Tally) -> Result<Markup> {
    let found: Option<List<Product>> = match visit.param("scan") {
        Some(words) => Some(scan::proposed(&visit.api, words)?),
        None => None,
    };
    // What was sent and refused stands in the form; what was scanned stands in the address.
    let mut wanted: Vec<(Id, String)> = lines.iter().map(|(id, units)| (id, units.to_string())).collect();
    if let Some(sent) = &visit.sent {
        let field =
            |at: usize, name: &str| sent.fields.get(&format!("items[{at}].{name}")).unwrap_or("").to_owned();
        let items =
            (0..sent.fields.items("items")).map(|at| (field(at, "product_id"), field(at, "quantity")));
        wanted = items.filter_map(|(id, units)| Some((id.parse().ok()?, units))).collect();
        let elsewhere = Tally::read(sent.fields.get("items[tally]").unwrap_or(""));
        wanted.extend(elsewhere.iter().map(|(id, units)| (id, units.to_string())));
    }
    let products = seen::products(&visit.api, wanted.iter().map(|(id, _)| *id))?;
    let hits = found.iter().flat_map(|found| &found.data).map(|product| product.id);
    let figures = seen::figures(&visit.api, wanted.iter().map(|(id, _)| *id).chain(hits))?;
    let totals = wanted.iter().filter_map(|(id, units)| total(visit, products.get(id)?, units));
    let sum = totals.reduce(|sum, one| Price { minor: sum.minor.saturating_add(one.minor), ..sum });
    Ok(html! {
        p { (t::CUSTOMER) ": " strong { (customer.name) } " · " (customer.email) " · " a href=(visit.path) { (t::SOMEBODY_ELSE) } }
        h2 { (t::WHAT) }
        @if visit.param("wrong").is_some() { p.refused role="alert" #scanned { (t::TOO_MANY_ORDERED) } }
        @else if let Some(code) = visit.sent.as_ref().and_then(|sent| sent.fields.get("scan")).filter(|code| !code.is_empty()) {
            p.refused #scanned { (t::not_counted(code)) }
        }
        (visit.form_for(&FormFor { name: "place", of: Of::default(), version: "", class: COUNTS }, |form| {
            let first = if visit.sent.is_some() { 0 } else { visit.first_of("part").min(wanted.len().saturating_sub(1)) };
            let rows: Vec<Markup> = wanted[first..].iter().enumerate()
                .map(|(at, (id, units))| row(visit, form, at, (*id, units), products.get(id), figures.get(id))).collect();
            let room = visit.room_beside(&[]).saturating_sub(FORM_BYTES);
            let shown = fitting(rows.iter().map(|row| row.0.len()), room).min(rows.len());
            let next = first + shown;
            let (before, after) = (&wanted[..first], &wanted[next..]);
            let elsewhere: Vec<String> =
                before.iter().chain(after).map(|(id, units)| format!("{id}.{units}")).collect();
            html! {
            (counting_field(t::SCAN_OR_SEARCH, "found"))
            @if let Some(found) = &found { (proposed(visit, found, &figures)) }
            input type="hidden" name="customer_id" value=(customer.id);
            @if !wanted.is_empty() {
                (table(t::LINES, t::NEW_LINE_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
                @if shown < wanted.len() {
                    p.hint { (t::ORDERED_AND_HIDDEN) }
                    input type="hidden" name="items[tally]" value=(elsewhere.join("-"));
                    (visit.ways_on_counting("part", t::LINES, first, (!after.is_empty()).then_some(next)))
                }
            }
            @if let Some(sum) = &sum { p { strong { (t::total(&visit.money(&sum.to_string()))) } } }
            (form.field(&Field::new("shipping_address", t::SHIPPING_ADDRESS, Kind::Area), visit.param("shipping_address").unwrap_or("")))
            (form.field(&Field::new("note", t::NOTE, Kind::Area), visit.param("note").unwrap_or("")))
            button.main { (t::PLACE_ORDER) }
            }
        }))
    })
}

/// What is called so, to be added.
fn proposed(visit: &Visit, found: &List<Product>, figures: &HashMap<Id, Figures>) -> Markup {
    let text = visit.param("scan").unwrap_or("");
    html! {
        div #found {
            @if found.data.is_empty() {
                p.refused role="alert" { @if Scan::read(text).is_none() { (t::only_a_number(text)) } @else { (t::unknown_code(text)) } }
            }
            ul {
                @for product in &found.data {
                    li { (step_button("add", Some(product.id), html! { (t::ADD) " " (brief(&product.name)) })) " " (product.sku.as_deref().unwrap_or("")) " "
                        (t::price_and_available(&visit.money(&product.price), &visit.count(figures.get(&product.id).map_or(0, Figures::available))))
                    }
                }
            }
        }
    }
}

/// What so many units come to; None where that is no number of them.
fn total(visit: &Visit, product: &Product, units: &str) -> Option<Price> {
    let price = visit.app().config.currency.parse(&Input::Text(product.price.clone())).ok()?;
    let units = units.trim().parse::<i64>().ok().filter(|units| *units > 0)?;
    Some(Price { minor: price.minor.checked_mul(units)?, ..price })
}

/// What can be promised stands beside what is wanted, so that nobody has to be called again.
fn row(
    visit: &Visit,
    form: &Open,
    at: usize,
    (id, units): (Id, &str),
    product: Option<&Product>,
    figures: Option<&Figures>,
) -> Markup {
    let available = figures.map_or(0, Figures::available);
    let is_short = units.trim().parse::<i64>().is_ok_and(|units| units > available);
    let available = visit.count(available);
    let total = product.and_then(|product| total(visit, product, units));
    html! {
        tr {
            td {
                (brief(product.map_or("", |product| &product.name)))
                input type="hidden" name={ "items[" (at) "].product_id" } value=(id);
            }
            td { (product.and_then(|product| product.sku.as_deref()).unwrap_or("")) }
            td { (form.cell(&format!("items[{at}].quantity"), t::UNITS, units)) }
            td.n { @if is_short { span.mark.warn { "◐ " (t::only_available(&available)) } } @else { (available) } }
            td.n { @if let Some(product) = product { (visit.money(&product.price)) } }
            td.n { @if let Some(total) = &total { (visit.money(&total.to_string())) } }
            td { (step_button("remove", Some(id), t::REMOVE)) }
        }
    }
}
