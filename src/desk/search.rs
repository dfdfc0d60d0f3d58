//! The field at the top: a number is an order, a SKU or barcode a product, and words are looked for everywhere.

use maud::html;
use serde::Deserialize;

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

fn found(visit: &Visit, q: &str) -> Result<maud::Markup> {
    let few = [("q", q), ("limit", "10")];
    // What no list takes as words to look for, none of them finds.
    fn some<T: for<'de> Deserialize<'de>>(list: Result<List<T>>) -> Result<Vec<T>> {
        match list {
            Ok(list) => Ok(list.data),
            Err(Error::Refused(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
    let products: Vec<Product> = some(visit.get_with("/products", &few, &[]))?;
    let mut orders: Vec<Order> = some(visit.get_with("/orders", &few, &[]))?;
    orders.extend(some(visit.get_with("/orders", &[("tracking_number", q), ("limit", "10")], &[]))?);
    let mut seen = Vec::new();
    orders.retain(|order: &Order| {
        !seen.contains(&order.id) && {
            seen.push(order.id);
            true
        }
    });
    let customers: Vec<Customer> = some(visit.get_with("/customers", &few, &[]))?;
    Ok(html! {
        @if products.is_empty() && orders.is_empty() && customers.is_empty() { p { (t::NOTHING_FOUND) } }
        @if !products.is_empty() {
            h2 { (t::PRODUCTS) }
            ul { @for product in &products {
                li { a href={ "/desk/products/" (product.id) } { (brief(&product.name)) } " " (product.sku.as_deref().unwrap_or("")) }
            } }
        }
        @if !orders.is_empty() {
            h2 { (t::ORDERS) }
            ul { @for order in &orders {
                li { a href={ "/desk/orders/" (order.id) } { (t::order(order.id)) } " " (t::status(&order.status)) ", " (visit.on(&order.order_date)) }
            } }
        }
        @if !customers.is_empty() {
            h2 { (t::CUSTOMERS) }
            ul { @for customer in &customers {
                li { a href={ "/desk/customers/" (customer.id) } { (brief(&customer.name)) } " " (customer.email) }
            } }
        }
    })
}
