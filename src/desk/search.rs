//! The field at the top: a number is an order, a SKU or barcode a product, and words are looked for everywhere.

use maud::html;
use serde::Deserialize;

use crate::desk::api::with_query;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::scan::Scan;
use crate::desk::seen::{Customer, List, Product};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::{Error, Result};
use crate::values::{Id, id_from_digits, trimmed};

#[derive(Deserialize)]
struct Order {
    id: Id,
    status: String,
    order_date: String,
}

/// The shortest barcode. Digits of its length are an order only where they are no product.
const BARCODE_DIGITS_MIN: usize = 8;

pub fn show(visit: &Visit) -> Result<Answer> {
    let q = visit.param("q").map_or("", trimmed);
    if let Some(place) = named(visit, q)? {
        return Ok(Answer::Goto(place));
    }
    let body = html! {
        h1 { (t::SEARCH) ": " (t::legible(q)) }
        @if q.is_empty() { p { (t::SEARCH_HINT) } } @else { (found(visit, q)?) }
    };
    Ok(Answer::Page(Content::new(Room::Nowhere, t::SEARCH, body)))
}

/// Where the one thing is that goes by this name.
fn named(visit: &Visit, q: &str) -> Result<Option<String>> {
    let Some(scan) = Scan::read(q) else { return Ok(None) };
    let product = || -> Result<Option<String>> {
        Ok(scan.product(&visit.api)?.map(|product| format!("/desk/products/{}", product.id)))
    };
    let number = id_from_digits(q.trim_start_matches('#'));
    if number.is_none() || q.len() >= BARCODE_DIGITS_MIN {
        let product = product()?;
        if product.is_some() {
            return Ok(product);
        }
    }
    let Some(number) = number else { return Ok(None) };
    match visit.api.get::<Order>(&format!("/orders/{number}")) {
        Ok(order) => Ok(Some(format!("/desk/orders/{}", order.id))),
        Err(Error::Refused(_)) => product(),
        Err(error) => Err(error),
    }
}

/// A parcel's number as it was typed, and in either case: the carrier's label has one, and whoever asks has another.
pub fn spellings(number: &str) -> Vec<String> {
    let mut all = vec![number.to_owned(), number.to_uppercase(), number.to_lowercase()];
    all.sort();
    all.dedup();
    all
}

fn found(visit: &Visit, q: &str) -> Result<maud::Markup> {
    let few = [("q", q), ("limit", "10")];
    // What no list takes as words to look for, none of them finds.
    fn some<T: for<'de> Deserialize<'de>>(list: Result<List<T>>) -> Result<(Vec<T>, bool)> {
        match list {
            Ok(list) => Ok((list.data, list.next.is_some())),
            Err(Error::Refused(_)) => Ok((Vec::new(), false)),
            Err(error) => Err(error),
        }
    }
    // The way to the rest, where there are more.
    let all = |path: &str, shown: usize, are_more: bool| {
        html! { @if are_more { p { (t::first_of_more(shown)) " · " a href=(with_query(path, &[("q", q)])) { (t::ALL) } } } }
    };
    let (products, more_products): (Vec<Product>, bool) = some(visit.get_with("/products", &few, &[]))?;
    let (mut orders, mut more_orders): (Vec<Order>, bool) = some(visit.get_with("/orders", &few, &[]))?;
    for number in spellings(q) {
        let (parcels, more) =
            some(visit.get_with("/orders", &[("tracking_number", &number), ("limit", "10")], &[]))?;
        orders.extend(parcels);
        more_orders |= more;
    }
    let mut seen = Vec::new();
    orders.retain(|order: &Order| {
        !seen.contains(&order.id) && {
            seen.push(order.id);
            true
        }
    });
    let (customers, more_customers): (Vec<Customer>, bool) = some(visit.get_with("/customers", &few, &[]))?;
    Ok(html! {
        @if products.is_empty() && orders.is_empty() && customers.is_empty() { p { (t::NOTHING_FOUND) } }
        @if !products.is_empty() {
            h2 { (t::PRODUCTS) }
            ul { @for product in &products {
                li { a href={ "/desk/products/" (product.id) } { (brief(&product.name)) } " " (product.sku.as_deref().unwrap_or("")) }
            } }
            (all("/desk/products", products.len(), more_products))
        }
        @if !orders.is_empty() {
            h2 { (t::ORDERS) }
            ul { @for order in &orders {
                li { a href={ "/desk/orders/" (order.id) } { (t::order(order.id)) } " " (t::status(&order.status)) ", " (visit.on(&order.order_date)) }
            } }
            (all("/desk/orders", orders.len(), more_orders))
        }
        @if !customers.is_empty() {
            h2 { (t::CUSTOMERS) }
            ul { @for customer in &customers {
                li { a href={ "/desk/customers/" (customer.id) } { (brief(&customer.name)) } " " (customer.email) }
            } }
            (all("/desk/customers", customers.len(), more_customers))
        }
    })
}
