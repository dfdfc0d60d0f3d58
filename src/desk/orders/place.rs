//! An order for somebody at the counter or on the telephone: who it is, what they want, and placed.

use maud::{Markup, html};

use crate::desk::api::with_query;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{Field, Kind, Open, scan_field, set_button, table};
use crate::desk::scan::{Scan, Tally};
use crate::desk::seen::{self, Customer, List, Product};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

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
            if let Some((_, lines)) = lines.set(visit.param("set")) {
                return Ok(Answer::Goto(here(visit, &customer, &lines)));
            }
            if let Some(scan) = visit.param("scan").and_then(Scan::read)
                && let Some(product) = scan.product(&visit.api)?
                && let Some(lines) = lines.plus(product.id, scan.units_of(&product).unwrap_or(scan.times))
            {
                return Ok(Answer::Goto(here(visit, &customer, &lines)));
            }
            what(visit, &customer, &lines)?
        }
    };
    Ok(Answer::Page(Content::new(Room::Orders, title, html! { h1 { (title) } (body) })))
}

fn here(visit: &Visit, customer: &Customer, lines: &Tally) -> String {
    let members =
        [("customer_id", &customer.id.to_string()), ("lines", &lines.write()), ("key", &visit.key())];
    with_query(visit.path, &members.map(|(name, value)| (name, value.as_str())))
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
                input #q name="q" maxlength="200" value=(visit.param("q").unwrap_or("")) autofocus;
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
        (visit.form("new_customer", "", |form| html! {
            (form.field(&Field::new("name", t::NAME, Kind::Text).required(), ""))
            (form.field(&Field::new("email", t::EMAIL, Kind::Text).required(), ""))
            (form.field(&Field::new("phone", t::PHONE, Kind::Text).required(), ""))
            button.main { (t::ADD_CUSTOMER) }
        }))
    })
}

/// What they want: scanned, typed or looked for, and sent once.
fn what(visit: &Visit, customer: &Customer, lines: &Tally) -> Result<Markup> {
    let found: Option<List<Product>> = match visit.param("scan") {
        Some(words) => Some(visit.get_with("/products", &[("q", words), ("limit", "10")], &[])?),
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
    Ok(html! {
        p { (t::CUSTOMER) ": " strong { (customer.name) } " · " (customer.email) " · " a href=(visit.path) { (t::SOMEBODY_ELSE) } }
        h2 { (t::WHAT) }
        form.scan #counts {
            input type="hidden" name="customer_id" value=(customer.id);
            input type="hidden" name="lines" value=(lines.write());
            input type="hidden" name="key" value=(visit.key());
            (scan_field(t::SCAN_OR_SEARCH, "found"))
        }
        @if let Some(found) = &found {
            div #found {
                @if found.data.is_empty() { p.refused role="alert" { (t::unknown_code(visit.param("scan").unwrap_or(""))) } }
                ul {
                    @for product in &found.data {
                        @if lines.plus(product.id, 1).is_some() {
                            @let label = html! { (t::ADD) " " (brief(&product.name)) };
                            li { (set_button("add", product.id, lines.units(product.id) + 1, label)) " " (product.sku.as_deref().unwrap_or("")) }
                        }
                    }
                }
            }
        }
        @if !wanted.is_empty() {
            (visit.form("place", "", |form| {
                let first = if visit.sent.is_some() { 0 } else { visit.first_of("part").min(wanted.len() - 1) };
                let rows: Vec<Markup> = wanted[first..].iter().enumerate()
                    .map(|(at, (id, units))| row(form, at, products.get(id), *id, units)).collect();
                let shown = fitting(rows.iter().map(|row| row.0.len()), visit.room_beside(&[]).saturating_sub(FORM_BYTES)).min(rows.len());
                let next = first + shown;
                let (before, after) = (&wanted[..first], &wanted[next..]);
                let elsewhere: Vec<String> =
                    before.iter().chain(after).map(|(id, units)| format!("{id}.{units}")).collect();
                html! {
                input type="hidden" name="customer_id" value=(customer.id);
                (table(t::LINES, t::NEW_LINE_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
                @if shown < wanted.len() {
                    p.hint { (t::ORDERED_AND_HIDDEN) }
                    input type="hidden" name="items[tally]" value=(elsewhere.join("-"));
                    (visit.ways_on_counting("part", t::LINES, first, (!after.is_empty()).then_some(next)))
                }
                (form.field(&Field::new("shipping_address", t::SHIPPING_ADDRESS, Kind::Area), ""))
                (form.field(&Field::new("note", t::NOTE, Kind::Area), ""))
                button.main { (t::PLACE_ORDER) }
                }
            }))
        }
    })
}

fn row(form: &Open, at: usize, product: Option<&Product>, id: Id, units: &str) -> Markup {
    html! {
        tr {
            td {
                (brief(product.map_or("", |product| &product.name)))
                input type="hidden" name={ "items[" (at) "].product_id" } value=(id);
            }
            td { (product.and_then(|product| product.sku.as_deref()).unwrap_or("")) }
            td { (form.cell(&format!("items[{at}].quantity"), t::UNITS, units)) }
            td { (set_button("remove", id, 0, t::REMOVE)) }
        }
    }
}
