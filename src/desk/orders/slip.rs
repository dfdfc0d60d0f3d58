//! The slip that goes into the parcel.

use maud::html;

use crate::desk::orders::Order;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{print_button, table};
use crate::desk::seen;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let order: Order = visit.api.get(&format!("/orders/{}", visit.id))?;
    let products = seen::products(&visit.api, order.items.iter().map(|line| line.product_id))?;
    let customer = seen::customers(&visit.api, [order.customer_id])?.remove(&order.customer_id);
    let with_prices = visit.param("prices") == Some("true");
    let columns = if with_prices { t::SLIP_COLUMNS_WITH_PRICES } else { t::SLIP_COLUMNS };
    let body = html! {
        h1 { (visit.app().config.shop_name) " · " (t::PACKING_SLIP) }
        (print_button())
        dl.facts {
            dt { (t::ORDER) } dd { "#" (order.id) }
            dt { (t::PLACED) } dd { (visit.on(&order.order_date)) }
            @if let Some(customer) = &customer { dt { (t::CUSTOMER) } dd { (customer.name) } }
            @if let Some(address) = &order.shipping_address { dt { (t::SHIPPING_ADDRESS) } dd.text { (address) } }
            @if let Some(carrier) = &order.carrier { dt { (t::CARRIER) } dd { (carrier) } }
            @if let Some(number) = &order.tracking_number { dt { (t::TRACKING_NUMBER) } dd { (number) } }
        }
        (table(t::LINES, columns, html! {
            @for line in &order.items {
                tr {
                    td.n { (line.quantity) }
                    td { (products.get(&line.product_id).and_then(|product| product.sku.as_deref()).unwrap_or("")) }
                    td { (line.name) }
                    @if with_prices { td.n { (visit.money(&line.unit_price)) } td.n { (visit.money(&line.total)) } }
                }
            }
            @if with_prices { tr { th colspan="4" scope="row" { (t::TOTAL) } td.n { strong { (visit.money(&order.total)) } } } }
        }))
        @if let Some(note) = &order.note { p.text { (note) } }
        p.screen { a href={ "/desk/orders/" (order.id) } { (t::BACK_TO_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Orders, format!("{} {}", t::PACKING_SLIP, order.id), body)))
}
