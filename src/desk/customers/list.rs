//! The customers, found by what somebody says of themselves; and somebody new.

use maud::html;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{Field, Kind, Open, filter_field, table};
use crate::desk::seen::{Customer, List};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let customers: List<Customer> = visit.get_with("/customers", &[], &["q", "after"])?;
    let is_adding = visit.sent.is_some();
    let body = html! {
        h1 { (t::CUSTOMERS) }
        form.row role="search" {
            (filter_field(visit, "q", t::SEARCH_CUSTOMERS, "text"))
            button { (t::SEARCH) }
        }
        @if customers.data.is_empty() { p { (t::NO_CUSTOMERS) } } @else {
            (table(t::CUSTOMERS, t::CUSTOMER_COLUMNS, html! {
                @for customer in &customers.data {
                    tr {
                        td { a href={ "/desk/customers/" (customer.id) } { (brief(&customer.name)) } }
                        td { (customer.email) }
                        td { (customer.phone) }
                    }
                }
            }))
        }
        (visit.pager(customers.next.as_deref(), &["q"]))
        details open[is_adding] {
            summary { (t::NEW_CUSTOMER) }
            (visit.form("new_customer", "", |form| html! {
                (details(form, "", "", ""))
                button.main { (t::ADD_CUSTOMER) }
            }))
        }
    };
    Ok(Answer::Page(Content::new(Room::Customers, t::CUSTOMERS, body)))
}

/// What is asked of somebody.
pub fn details(form: &Open, name: &str, email: &str, phone: &str) -> maud::Markup {
    html! {
        (form.field(&Field::new("name", t::NAME, Kind::Text).required(), name))
        (form.field(&Field::new("email", t::EMAIL, Kind::Text).required(), email))
        (form.field(&Field::new("phone", t::PHONE, Kind::Text).required(), phone))
    }
}
