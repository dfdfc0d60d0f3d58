//! What a supplier asks for the products, and who sells a product to the shop.

use maud::html;

use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{filter_field, scan_field, table};
use crate::desk::purchase_orders::ways;
use crate::desk::scan::{self, Scan};
use crate::desk::seen::{self, List, Product};
use crate::desk::suppliers::{Offer, Supplier};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;

/// What one thing that was found takes, with the longest name and SKU.
const FOUND_BYTES: usize = 520;

pub fn of_supplier(visit: &Visit) -> Result<Answer> {
    let (id, words) = (visit.id, visit.param("scan"));
    let supplier: Supplier = visit.api.get(&format!("/suppliers/{id}"))?;
    if let Some(scan) = words.and_then(Scan::read)
        && let Some(product) = scan.product(&visit.api)?
    {
        return Ok(Answer::Goto(format!("/desk/suppliers/{id}/products/{}", product.id)));
    }
    let found: Option<List<Product>> = match words {
        Some(words) => Some(scan::proposed(&visit.api, words)?),
        None => None,
    };
    let row = |offer: &Offer| {
        html! {
            tr {
                td { a href={ "/desk/suppliers/" (id) "/products/" (offer.product_id) } { (brief(&offer.name)) } }
                td { (offer.sku.as_deref().unwrap_or("")) }
                td { (offer.supplier_sku.as_deref().unwrap_or("")) }
                td.n { (offer.costs(visit)) }
                td { (t::packing(offer.pack_size, offer.minimum_quantity)) }
                td { (offer.mark()) }
            }
        }
    };
    let found_bytes = found.as_ref().map_or(0, |found| found.data.len() * FOUND_BYTES);
    let room = visit.room_beside(&[]).saturating_sub(found_bytes);
    let offers: List<Offer> = visit.list_that_fits(
        &format!("/suppliers/{id}/products"),
        &[],
        &["after"],
        |of| row(of).0.len(),
        room,
    )?;
    let body = html! {
        h1 { (t::offers_of(&supplier.name)) }
        (ways(visit, ""))
        p { a href={ "/desk/suppliers/" (id) } { (supplier.name) } }
        form.scan { (scan_field(t::SCAN_TO_OFFER, "found")) }
        @if let Some(found) = &found {
            div #found {
                @if found.data.is_empty() { p.refused role="alert" { (t::unknown_code(words.unwrap_or(""))) } }
                ul {
                    @for product in &found.data {
                        li { a href={ "/desk/suppliers/" (id) "/products/" (product.id) } { (brief(&product.name)) } " " (product.sku.as_deref().unwrap_or("")) }
                    }
                }
            }
        }
        @if offers.data.is_empty() { p { (t::NO_OFFERS) } } @else {
            (table(t::ITS_OFFERS, t::OFFER_COLUMNS, html! {
                @for offer in &offers.data { (row(offer)) }
            }))
        }
        (visit.list_end(offers.next.as_deref(), &[]))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::offers_of(&supplier.name), body)))
}

pub fn of_product(visit: &Visit) -> Result<Answer> {
    let id = visit.id;
    let product = seen::products(&visit.api, [id])?.remove(&id).ok_or_else(Problem::not_found)?;
    let row = |offer: &Offer| {
        html! {
            tr {
                td { a href={ "/desk/suppliers/" (offer.supplier_id) "/products/" (id) } { (brief(&offer.supplier_name)) } }
                td { (offer.supplier_sku.as_deref().unwrap_or("")) }
                td.n { (offer.costs(visit)) }
                td { (t::packing(offer.pack_size, offer.minimum_quantity)) }
                td { (offer.mark()) }
            }
        }
    };
    // Ten others stand below.
    let room = visit.room_beside(&[]).saturating_sub(10 * FOUND_BYTES);
    let offers: List<Offer> = visit.list_that_fits(
        &format!("/products/{id}/suppliers"),
        &[],
        &["after"],
        |of| row(of).0.len(),
        room,
    )?;
    // Of those that are called so when somebody looks for one, and otherwise of the first.
    let suppliers: List<Supplier> = visit.get_with("/suppliers", &[("limit", "10")], &["q"])?;
    let sells = |of: &&Supplier| offers.data.iter().any(|offer| offer.supplier_id == of.id);
    let others: Vec<&Supplier> = suppliers.data.iter().filter(|of| !sells(of)).collect();
    let asked = visit.param("q");
    let body = html! {
        h1 { (t::who_sells(&product.name)) }
        (ways(visit, ""))
        p.row { a href={ "/desk/products/" (id) } { (product.name) } a href={ "/desk/restock/" (id) } { (t::PLAN) } }
        @if offers.data.is_empty() { p { (t::NOBODY_SELLS_IT) } } @else {
            (table(t::SUPPLIERS, t::SELLER_COLUMNS, html! {
                @for offer in &offers.data { (row(offer)) }
            }))
        }
        (visit.list_end(offers.next.as_deref(), &[]))
        @if !others.is_empty() || asked.is_some() {
            details open[asked.is_some()] {
                summary { (t::SOMEBODY_ELSE_SELLS_IT) }
                form.row role="search" {
                    (filter_field(visit, "q", t::SEARCH_SUPPLIERS, "text"))
                    button { (t::SEARCH) }
                }
                @if others.is_empty() { p { (t::NO_SUPPLIERS) } }
                ul { @for of in &others { li { a href={ "/desk/suppliers/" (of.id) "/products/" (id) } { (brief(&of.name)) } } } }
            }
        }
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::who_sells(&product.name), body)))
}
