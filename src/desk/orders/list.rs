//! The orders: to pick, shipped, all of them; found by what somebody says on the telephone.

use std::collections::HashMap;

use maud::html;

use crate::desk::api;
use crate::desk::orders::{Order, There};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room, View};
use crate::desk::parts::brief;
use crate::desk::pieces::{filter_field, table};
use crate::desk::scan::Scan;
use crate::desk::search::spellings;
use crate::desk::seen::{self, Customer, Figures, List};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::{Error, Result};
use crate::values::Id;

/// What is looked through, and the filters that stand for it.
const VIEWS: [View; 5] = [
    ("pick", t::TO_PICK, &[("status", "placed"), ("sort", "order_date")]),
    ("unconfirmed", t::TO_CONFIRM, &[("to_confirm", "true"), ("sort", "order_date")]),
    ("overdue", t::LATE_TO_CUSTOMERS, &[("overdue", "true"), ("sort", "order_date")]),
    ("shipped", t::SHIPPED, &[("status", "shipped")]),
    ("all", t::ALL, &[]),
];

const KEPT: &[&str] = &["view", "q", "product_id", "from", "to"];

/// Somebody who looks for an order does not know where it stands.
const SOUGHT_IN: &str = "all";

pub fn show(visit: &Visit) -> Result<Answer> {
    let usual = if visit.param("q").is_some() { SOUGHT_IN } else { VIEWS[0].0 };
    let asked = visit.param("view").unwrap_or(usual);
    let (view, title, fixed) = VIEWS.iter().find(|(name, ..)| *name == asked).unwrap_or(&VIEWS[0]);
    let confirms = visit.wants_confirmations();
    let views = VIEWS.iter().filter(|(name, ..)| *name != "unconfirmed" || confirms);
    let orders = found(visit, fixed)?;
    let customers = seen::customers(&visit.api, orders.data.iter().map(|order| order.customer_id))?;
    let placed = orders.data.iter().filter(|order| order.status == "placed");
    let figures =
        seen::figures(&visit.api, placed.flat_map(|order| &order.items).map(|line| line.product_id))?;
    let body = html! {
        h1 { (t::ORDERS) }
        ul.tabs {
            @for (name, words, _) in views {
                li { a href=(api::with_query(visit.path, &[("view", name)])) aria-current=[(name == view).then_some("true")] { (words) } }
            }
            li { a href="/desk/orders/new" { (t::PLACE_AN_ORDER) } }
        }
        form.row role="search" {
            input type="hidden" name="view" value=(SOUGHT_IN);
            (filter_field(visit, "q", t::SEARCH_ORDERS, "text"))
            button { (t::SEARCH) }
        }
        @if visit.param("q").is_some() && *view == SOUGHT_IN { p { (t::SOUGHT_AMONG_ALL) } }
        @if orders.data.is_empty() { p { (t::NO_ORDERS) } } @else {
            form action="/desk/orders/pick_list" {
                (table(title, t::ORDER_COLUMNS, html! {
                    @for order in &orders.data { (row(visit, order, &customers, &figures)) }
                }))
                @if orders.data.iter().any(|order| order.status == "placed") {
                    button { (t::PICK_LIST_OF_TICKED) }
                }
            }
        }
        (visit.list_end(orders.next.as_deref(), KEPT))
    };
    Ok(Answer::Page(Content::new(Room::Orders, *title, body)))
}

/// What is looked for is a product by its code, a parcel by its number, an order by its own, or its customer.
fn found(visit: &Visit, fixed: &[(&str, &str)]) -> Result<List<Order>> {
    let passed = ["product_id", "from", "to", "after"];
    let by = |name: &str, value: &str| -> Result<List<Order>> {
        let fixed: Vec<(&str, &str)> = fixed.iter().copied().chain([(name, value)]).collect();
        visit.get_with("/orders", &fixed, &passed)
    };
    let orders = visit.get_with("/orders", fixed, &[&["q"], &passed[..]].concat())?;
    let Some(q) = visit.param("q").filter(|_| visit.wrong_in_filter("q").is_none()) else {
        return Ok(orders);
    };
    if let Some(product) = Scan::read(q).map(|scan| scan.product(&visit.api)).transpose()?.flatten() {
        return by("product_id", &product.id.to_string());
    }
    if orders.data.is_empty() {
        for number in spellings(q) {
            match by("tracking_number", &number) {
                Ok(parcels) if !parcels.data.is_empty() => return Ok(parcels),
                // No list takes what is too long to be a parcel's number.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(orders)
}

fn row(
    visit: &Visit,
    order: &Order,
    customers: &HashMap<Id, Customer>,
    figures: &HashMap<Id, Figures>,
) -> maud::Markup {
    let (id, customer) = (order.id, customers.get(&order.customer_id));
    html! {
        tr {
            td {
                @if order.status == "placed" {
                    input type="checkbox" name="orders[]" value=(id) aria-label=(t::tick_order(id));
                }
            }
            td { a href={ "/desk/orders/" (id) } { "#" (id) } }
            td { (visit.when(&order.order_date)) }
            td { (customers.get(&order.customer_id).map_or(t::ERASED.into(), |customer| brief(&customer.name))) }
            td {
                @if order.status == "placed" {
                    (There::of_order(order, figures).mark())
                    @if visit.wants_confirmations() && order.is_to_confirm(customer) { " " span.aside { (t::NOT_CONFIRMED) } }
                } @else { (t::status(&order.status)) }
            }
            td { (visit.on(&order.expected_delivery_date)) }
            td.n { (order.items.iter().map(|line| line.quantity).sum::<i64>()) }
            td.n { (visit.money(&order.total)) }
        }
    }
}
