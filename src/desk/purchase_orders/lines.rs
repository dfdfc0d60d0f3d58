//! What stands on a purchase order, how a line comes to it, and what came of them.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::with_query;
use crate::desk::parts::brief;
use crate::desk::pieces::{scan_field, table};
use crate::desk::purchase_orders::{Line, PurchaseOrder, knows_costs};
use crate::desk::scan::{self, Scan};
use crate::desk::seen::{List, Product};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// Of a delivery of more the first ones are named; what came of each line stands beside it.
pub const LINES_OF_DELIVERY: usize = 10;

/// The page of the line of what was scanned, with as many units more as that stands for.
pub fn scanned(visit: &Visit, order: &PurchaseOrder) -> Result<Option<String>> {
    let Some(scan) = visit.param("scan").and_then(Scan::read) else { return Ok(None) };
    let of_supplier = order.lines.iter().find(|line| line.is_called(&scan.code));
    let (product_id, units) = match of_supplier {
        Some(line) => (line.product_id, scan.times),
        None => match scan.product(&visit.api)? {
            Some(product) => (product.id, scan.units_of(&product).unwrap_or(scan.times)),
            None => return Ok(None),
        },
    };
    let there = order.lines.iter().find(|line| line.product_id == product_id).map_or(0, |line| line.quantity);
    Ok(Some(line_with(visit, product_id, there.saturating_add(units))))
}

fn line_with(visit: &Visit, product_id: Id, quantity: i64) -> String {
    let path = format!("/desk/purchase_orders/{}/lines/{product_id}", visit.id);
    with_query(&path, &[("quantity", &quantity.to_string())])
}

impl Line {
    /// Whether this is what the supplier calls it.
    pub fn is_called(&self, code: &str) -> bool {
        self.supplier_sku.as_deref().is_some_and(|sku| sku.to_lowercase() == code.to_lowercase())
    }
}

/// A field for what is to be added: a code leads to its line, words to what is called so.
pub fn add(visit: &Visit) -> Result<Markup> {
    let words = visit.param("scan");
    let found: Option<List<Product>> = match words {
        Some(words) => Some(scan::proposed(&visit.api, words)?),
        None => None,
    };
    Ok(html! {
        h2 { (t::ADD_LINE) }
        form.scan { (scan_field(t::SCAN_OR_SEARCH, "found")) }
        @if let Some(found) = &found {
            div #found {
                @if found.data.is_empty() { p.refused role="alert" { (t::unknown_code(words.unwrap_or(""))) } }
                ul {
                    @for product in &found.data {
                        li { a href=(line_with(visit, product.id, 1)) { (t::ADD) " " (brief(&product.name)) } " " (product.sku.as_deref().unwrap_or("")) }
                    }
                }
            }
        }
    })
}

pub fn table_of(visit: &Visit, order: &PurchaseOrder, page: &[Line]) -> Markup {
    let is_draft = order.head.status == "draft";
    let costs = knows_costs(visit);
    let mut columns = t::PURCHASE_LINE_COLUMNS.to_vec();
    columns.extend(costs.then_some(t::COST_EACH));
    columns.push(if is_draft { t::CHANGE } else { t::WHAT_CAME });
    html! {
        h2 { (t::LINES) }
        @if order.lines.is_empty() { p { (t::NO_LINES) } } @else {
            (table(t::LINES, &columns, html! { @for line in page { (row(visit, line, is_draft, costs)) } }))
        }
    }
}

pub fn row(visit: &Visit, line: &Line, is_draft: bool, costs: bool) -> Markup {
    html! {
        tr {
            td { a href={ "/desk/products/" (line.product_id) } { (brief(&line.product_name)) } br; (line.sku.as_deref().unwrap_or("")) }
            td { (line.supplier_sku.as_deref().unwrap_or("")) }
            td.n { (visit.count(line.quantity)) }
            td {
                @match &line.reason {
                    Some(reason) => (visit.said(reason)),
                    None if line.set_by_person => (t::SET_BY_PERSON),
                    None => {}
                }
            }
            @if costs { td.n { @if let Some(cost) = &line.unit_cost { (visit.money(cost)) } } }
            td {
                @if is_draft {
                    a href={ (visit.path) "/lines/" (line.product_id) } aria-label=(t::change_line(&brief(&line.product_name))) { (t::CHANGE) }
                } @else {
                    (t::came(line.received, line.rejected, line.outstanding))
                    @match (&line.received_at, &line.expected_at) {
                        (Some(at), _) => { " · " (visit.on(at)) }
                        (None, Some(at)) if line.outstanding > 0 => { " · " (t::EXPECTED) " " (visit.on(at)) }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// The deliveries, each with who has unpacked it.
pub fn receipts(visit: &Visit, order: &PurchaseOrder, room: usize) -> Markup {
    let names: HashMap<Id, &str> =
        order.lines.iter().map(|line| (line.product_id, line.product_name.as_str())).collect();
    let rows = order.receipts.iter().map(|receipt| {
        html! {
            tr {
                td { (receipt.number) }
                td { (visit.when(&receipt.at)) }
                td {
                    @for line in receipt.lines.iter().take(LINES_OF_DELIVERY) {
                        (t::delivered(&brief(names.get(&line.product_id).unwrap_or(&"")), line.accepted, line.rejected)) br;
                    }
                    @if receipt.lines.len() > LINES_OF_DELIVERY { (t::and_more(receipt.lines.len() - LINES_OF_DELIVERY)) }
                }
                td { (receipt.actor()) }
            }
        }
    });
    html! {
        @if !order.receipts.is_empty() {
            h2 { (t::DELIVERIES) }
            (visit.part("deliveries", t::DELIVERIES, t::DELIVERY_COLUMNS, rows, room))
        }
    }
}
