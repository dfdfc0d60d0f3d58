//! One customer: who they are, and what they have ordered.

use maud::html;
use serde::Deserialize;

use crate::desk::api::{Seen, with_query};
use crate::desk::customers::list::details;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::table;
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

#[derive(Deserialize)]
struct Customer {
    id: Id,
    name: String,
    email: String,
    phone: String,
    account_id: Option<Id>,
    created_at: String,
}

#[derive(Deserialize)]
struct Order {
    id: Id,
    status: String,
    order_date: String,
    total: String,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/customers/{}", visit.id);
    let Seen { value: customer, version } = visit.api.read::<Customer>(&path)?;
    let orders: List<Order> = visit.get_with(&format!("{path}/orders"), &[], &["after"])?;
    let is_open = |form: &str| visit.sent.as_ref().is_some_and(|sent| sent.form.name == form);
    let body = html! {
        h1 { (customer.name) }
        dl.facts {
            dt { (t::EMAIL) } dd { a href={ "mailto:" (customer.email) } { (customer.email) } }
            dt { (t::PHONE) } dd { (customer.phone) }
            dt { (t::SINCE) } dd { (visit.on(&customer.created_at)) }
            dt { (t::ACCOUNT) } dd { (if customer.account_id.is_some() { t::HAS_ACCOUNT } else { t::IS_GUEST }) }
        }
        p { a.as-button href=(with_query("/desk/orders/new", &[("customer_id", &customer.id.to_string())])) { (t::PLACE_AN_ORDER) } }
        h2 { (t::ORDERS) }
        @if orders.data.is_empty() { p { (t::NO_ORDERS) } } @else {
            (table(t::ORDERS, t::ORDER_COLUMNS_OF_CUSTOMER, html! {
                @for order in &orders.data {
                    tr {
                        td { a href={ "/desk/orders/" (order.id) } { "#" (order.id) } }
                        td { (visit.when(&order.order_date)) }
                        td { (t::status(&order.status)) }
                        td.n { (visit.money(&order.total)) }
                    }
                }
            }))
        }
        (visit.list_end(orders.next.as_deref(), &[]))
        details open[is_open("change")] {
            summary { (t::CHANGE_CUSTOMER) }
            (visit.form("change", &version, |form| html! {
                (details(form, &customer.name, &customer.email, &customer.phone))
                button { (t::SAVE) }
            }))
        }
        @if visit.api.may("DELETE", "/customers/{id}") {
            details open[is_open("erase")] {
                summary { (t::ERASE) }
                p { (t::WHAT_ERASE_MEANS) }
                (visit.form("erase", &version, |_| html! { button.grave { (t::ERASE) } }))
            }
        }
    };
    Ok(Answer::Page(Content::new(Room::Customers, customer.name.as_str(), body)))
}
