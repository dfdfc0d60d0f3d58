//! The customers, found by what somebody says of themselves; and somebody new.

use maud::html;
use serde_json::{Value, json};

use crate::desk::api::with_query;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{self, Field, Open, filter_field, table};
use crate::desk::seen::{Customer, List};
use crate::desk::texts as t;
use crate::desk::visit::{After, Posted, Sent, Visit};
use crate::error::{Error, Result};
use crate::problem::{Kind, Problem};
use crate::values::{Id, Phone};
use crate::web::idempotency;

/// Of more with one address the first ones are named.
const KNOWN_SHOWN: usize = 5;

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
        (visit.list_end(customers.next.as_deref(), &["q"]))
        details open[is_adding] {
            summary { (t::NEW_CUSTOMER) }
            (add(visit))
        }
    };
    Ok(Answer::Page(Content::new(Room::Customers, t::CUSTOMERS, body)))
}

/// The form for somebody new. Whoever was told of those who are known by the same can make one more all the same.
pub fn add(visit: &Visit) -> maud::Markup {
    let told = visit.sent.as_ref().and_then(|sent| sent.problem.extra.get(KNOWN));
    html! {
        (visit.form("new_customer", "", |form| html! {
            @if let Some(told) = told { input type="hidden" name="shown" value=(ids_of(told).join(",")); }
            (details(form, "", "", ""))
            button.main { @if told.is_some() { (t::ADD_CUSTOMER_ALL_THE_SAME) } @else { (t::ADD_CUSTOMER) } }
        }))
    }
}

/// The API takes as many customers of one address as come, as two of a household do.
const IS_KNOWN: &Kind =
    &Kind { code: "customer_known", status: 409, title: "Perhaps it is somebody who is known" };

/// Who is known by the same, as a member of the problem.
pub const KNOWN: &str = "customers";

/// Where the form would have led, with somebody who is known instead.
pub fn goes_on_at(sent: &Sent, id: Id) -> String {
    match sent.form.after {
        After::With(address) => format!("{address}{id}"),
        _ => format!("/desk/customers/{id}"),
    }
}

fn ids_of(known: &Value) -> Vec<String> {
    known.as_array().into_iter().flatten().map(|one| one["id"].to_string()).collect()
}

/// Before somebody is made a second time: who has their address or their telephone number.
pub fn check(visit: &Visit, posted: &Posted) -> Result<()> {
    let typed = |name: &str| posted.fields.get(name).unwrap_or("").trim().to_owned();
    let (email, phone) = (typed("email").to_lowercase(), Phone(typed("phone")).digits());
    let mut known: Vec<Customer> = Vec::new();
    for sought in [&email, &phone].into_iter().filter(|sought| !sought.is_empty()) {
        match visit.api.get::<List<Customer>>(&with_query("/customers", &[("q", sought)])) {
            Ok(found) => known.extend(found.data),
            // What nobody can look for the API refuses at its field.
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let is_same = |one: &Customer| {
        one.email.to_lowercase() == email || !phone.is_empty() && Phone(one.phone.clone()).digits() == phone
    };
    known.retain(is_same);
    known.sort_by_key(|one| one.id);
    known.dedup_by_key(|one| one.id);
    known.truncate(KNOWN_SHOWN);
    let told: Vec<&str> = posted.shown.as_deref().unwrap_or("").split(',').collect();
    // Sent once more, the form finds whom it has made itself.
    if known.iter().all(|one| told.contains(&one.id.to_string().as_str()))
        || idempotency::done_by(visit.app(), visit.api.caller.label(), &posted.own_key)?.is_some()
    {
        return Ok(());
    }
    let known = known.iter().map(|one| json!({"id": one.id, "name": brief(&one.name)}));
    Err(Problem::new(IS_KNOWN, t::CUSTOMER_IS_KNOWN).with_extra(KNOWN, known.collect()).into())
}

/// What is asked of somebody.
pub fn details(form: &Open, name: &str, email: &str, phone: &str) -> maud::Markup {
    html! {
        (form.field(&Field::new("name", t::NAME, pieces::Kind::Text).required(), name))
        (form.field(&Field::new("email", t::EMAIL, pieces::Kind::Text).required(), email))
        (form.field(&Field::new("phone", t::PHONE, pieces::Kind::Text).required(), phone))
    }
}
