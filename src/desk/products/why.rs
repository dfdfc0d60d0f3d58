//! Why a number of a product is what it is: everything that makes it, added up.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::graph::real;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::table;
use crate::desk::products::ledger::Movement;
use crate::desk::products::{Shelf, back, decimal, find, number, percent, shelf};
use crate::desk::seen::List;
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;
use crate::values::Id;

#[derive(Deserialize)]
struct Order {
    id: Id,
    order_date: String,
    expected_delivery_date: String,
    items: Vec<OrderLine>,
}

#[derive(Deserialize)]
struct OrderLine {
    product_id: Id,
    quantity: i64,
}

#[derive(Deserialize)]
struct PurchaseOrder {
    id: Id,
    supplier_name: Option<String>,
}

#[derive(Deserialize)]
struct PurchaseLine {
    quantity: i64,
    received: i64,
    outstanding: i64,
    expected_at: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Demand {
    days: Vec<PastDay>,
}

#[derive(Deserialize)]
struct PastDay {
    day: String,
    units_ordered: i64,
    counts: bool,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let product = find(visit)?.value;
    let shelf = shelf(visit)?.value;
    let stock = &shelf.stock;
    let (figure, units, body) = match visit.param("of").unwrap_or("available") {
        "available" => (say::AVAILABLE, stock.available, available(visit, &shelf)?),
        "reserved" => (say::RESERVED, stock.reserved, reserved(visit, stock.reserved)?),
        "incoming" => (say::INCOMING, stock.incoming, purchased(visit, "ordered", stock.incoming)?),
        "drafted" => (say::DRAFTED, stock.drafted, purchased(visit, "draft", stock.drafted)?),
        "suggested" => {
            (say::SUGGESTED_POINT, shelf.forecast.suggested_reorder_point, suggested(visit, &shelf)?)
        }
        _ => return Err(Problem::not_found().into()),
    };
    let body = html! {
        h1 { (product.name) ": " (figure) " " (visit.count(units)) }
        (body)
        (back(visit, &product))
    };
    Ok(Answer::Page(Content::new(Room::Products, say::why_of(figure), body)))
}

/// A row with what comes out, under the last of these columns.
fn sum(visit: &Visit, words: &str, columns: usize, units: i64) -> Markup {
    html! { tr { th scope="row" colspan=(columns) { (words) } td.n { strong { (visit.count(units)) } } } }
}

/// What other pages of the list hold, if there are any; so that the sum is right on each.
fn elsewhere(visit: &Visit, columns: usize, units: i64) -> Markup {
    html! { @if units != 0 { tr { th scope="row" colspan=(columns) { (say::ON_OTHER_PAGES) } (number(visit, units)) } } }
}

/// The last lines of the ledger come to what is on hand, and that less what is reserved to what is available.
fn available(visit: &Visit, shelf: &Shelf) -> Result<Markup> {
    let lines: List<Movement> = visit.list_that_fits(
        &format!("/products/{}/stock/movements", visit.id),
        &[],
        &[],
        |line: &Movement| line.row(visit).0.len(),
        visit.room_beside(&[]),
    )?;
    let moved: i64 = lines.data.iter().map(|line| line.delta).sum();
    // Read after the figures, the ledger may have a line that they lack.
    let on_hand = lines.data.first().map_or(shelf.stock.on_hand, |line| line.balance_after);
    let reserved = format!("{}?of=reserved", visit.path);
    let balance = |words: Markup, units: i64| {
        html! { tr { th scope="row" colspan="3" { (words) } td.n { strong { (visit.count(units)) } } td {} } }
    };
    Ok(html! {
        p { (say::WHY_AVAILABLE) }
        (table(say::LEDGER, say::LEDGER_COLUMNS, html! {
            (balance(html! { (say::BROUGHT_FORWARD) }, on_hand - moved))
            @for line in lines.data.iter().rev() { (line.row(visit)) }
            (balance(html! { (say::ON_HAND) }, on_hand))
            (balance(html! { "− " a href=(reserved) { (say::RESERVED) } }, shelf.stock.reserved))
            (balance(html! { (say::AVAILABLE) }, on_hand - shelf.stock.reserved))
        }))
        p { a href={ "/desk/products/" (visit.id) "/ledger" } { (say::WHOLE_LEDGER) } }
    })
}

/// The orders that wait to be shipped.
fn reserved(visit: &Visit, units: i64) -> Result<Markup> {
    let id = visit.id.to_string();
    let fixed = [("product_id", id.as_str()), ("status", "placed"), ("sort", "order_date")];
    let orders: List<Order> = visit.get_with("/orders", &fixed, &["after"])?;
    let held = |order: &Order| -> i64 {
        order.items.iter().filter(|line| line.product_id == visit.id).map(|line| line.quantity).sum()
    };
    let here: i64 = orders.data.iter().map(held).sum();
    Ok(html! {
        p { (say::WHY_RESERVED) }
        (table(say::RESERVED, say::RESERVED_COLUMNS, html! {
            @for order in &orders.data {
                tr {
                    td { a href={ "/desk/orders/" (order.id) } { (t::order(order.id)) } }
                    td { (visit.when(&order.order_date)) }
                    td { (visit.on(&order.expected_delivery_date)) }
                    (number(visit, held(order)))
                }
            }
            (elsewhere(visit, 3, units - here))
            (sum(visit, say::RESERVED, 3, units))
        }))
        (visit.list_end(orders.next.as_deref(), &["of"]))
    })
}

/// The lines of purchase orders that are on their way, or of drafts.
fn purchased(visit: &Visit, status: &str, units: i64) -> Result<Markup> {
    let id = visit.id.to_string();
    let fixed = [("product_id", id.as_str()), ("status", status)];
    let orders: List<PurchaseOrder> = visit.get_with("/purchase_orders", &fixed, &["after"])?;
    let mut lines: Vec<(PurchaseOrder, PurchaseLine)> = Vec::new();
    for order in orders.data {
        let line = visit.api.get(&format!("/purchase_orders/{}/lines/{}", order.id, visit.id))?;
        lines.push((order, line));
    }
    let is_draft = status == "draft";
    let of = |line: &PurchaseLine| if is_draft { line.quantity } else { line.outstanding };
    let here: i64 = lines.iter().map(|(_, line)| of(line)).sum();
    let (why, figure) =
        if is_draft { (say::WHY_DRAFTED, say::DRAFTED) } else { (say::WHY_INCOMING, say::INCOMING) };
    Ok(html! {
        p { (why) }
        (table(figure, say::PURCHASE_COLUMNS, html! {
            @for (order, line) in &lines {
                tr {
                    td { a href={ "/desk/purchase_orders/" (order.id) } { (say::purchase_order(order.id)) } }
                    td { (brief(order.supplier_name.as_deref().unwrap_or(say::NO_SUPPLIER))) }
                    td { @if let Some(at) = &line.expected_at { (visit.on(at)) } }
                    td { (visit.said(line.reason.as_deref().unwrap_or(""))) }
                    (number(visit, line.quantity))
                    (number(visit, line.received))
                    (number(visit, of(line)))
                }
            }
            (elsewhere(visit, 6, units - here))
            (sum(visit, figure, 6, units))
        }))
        (visit.list_end(orders.next.as_deref(), &["of"]))
    })
}

/// The weeks that the forecast rests on, and how the point follows from them.
fn suggested(visit: &Visit, shelf: &Shelf) -> Result<Markup> {
    let demand: Demand = visit.api.get(&format!("/products/{}/stock/demand", visit.id))?;
    let forecast = &shelf.forecast;
    let waited = shelf.effective_lead_time_days + shelf.review_days - 1;
    let days = waited + 1;
    let expected = forecast.units_per_day * real(days);
    let point = forecast.suggested_reorder_point;
    let spare = real(point) - expected;
    let tenth = |number: f64| decimal(visit, (number * 10.0).round() / 10.0);
    let weeks: Vec<&[PastDay]> = demand.days.rchunks(7).collect();
    Ok(html! {
        p { (say::WHY_SUGGESTED) }
        (table(say::SUGGESTED_POINT, say::STEP_COLUMNS, html! {
            tr { th scope="row" { (say::PER_DAY) } td.n { (decimal(visit, forecast.units_per_day)) } td { (say::method(&forecast.method)) } }
            tr {
                th scope="row" { (say::DAYS_TO_LAST) } (number(visit, days))
                td { (say::days_to_last(shelf.effective_lead_time_days, shelf.review_days)) }
            }
            tr { th scope="row" { (say::EXPECTED_THEN) } td.n { (tenth(expected)) } td { (say::PRODUCT_OF_BOTH) } }
            tr {
                th scope="row" { (say::SPARE) } td.n { (tenth(spare)) }
                td {
                    (say::spare(&percent(visit, shelf.rule.service_level)))
                    @if let Some(spread) = forecast.lead_time_spread_days { " " (say::lead_time_varies(&decimal(visit, spread))) }
                }
            }
            tr { th scope="row" { (say::SUGGESTED_POINT) } td.n { strong { (visit.count(point)) } } td { (say::WHOLE_UNITS) } }
        }))
        h2 { (say::DAYS_BEHIND_IT) }
        @if weeks.is_empty() { p { (say::NOTHING_KNOWN) } } @else {
            (table(say::DAYS_BEHIND_IT, say::WEEK_COLUMNS, html! {
                @for week in &weeks {
                    tr {
                        td { @if let (Some(first), Some(last)) = (week.first(), week.last()) { (visit.on(&first.day)) " – " (visit.on(&last.day)) } }
                        td.n { (week.iter().filter(|day| day.counts).count()) }
                        td.n { (week.iter().filter(|day| !day.counts).count()) }
                        (number(visit, week.iter().map(|day| day.units_ordered).sum()))
                    }
                }
                tr {
                    th scope="row" { (t::TOTAL) }
                    (number(visit, forecast.days_looked_at))
                    (number(visit, forecast.days_left_out))
                    td.n { strong { (visit.count(forecast.units_ordered)) } }
                }
            }))
        }
    })
}
