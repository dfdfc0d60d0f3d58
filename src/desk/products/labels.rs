//! Labels for the shelf, one a page of the label printer: for the products that were ticked, or for a category.

use maud::{Markup, html};

use crate::desk::api::with_query;
use crate::desk::barcode::Barcode;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{filter_field, print_button};
use crate::desk::products::Product;
use crate::desk::seen::List;
use crate::desk::texts::products as say;
use crate::desk::visit::Visit;
use crate::error::Result;

/// As many as are asked for at once.
const TICKED_MAX: usize = 100;

/// As many as fit on a page of 30 KB, with the longest codes and names.
const LABELS_MAX: usize = 20;

/// Code 128 of more characters has bars on 58 mm that label printers do not print, and scanners do not read.
const CODE_CHARACTERS_MAX: usize = 26;

pub fn show(visit: &Visit) -> Result<Answer> {
    let ticked: Vec<&str> = visit.query.all("ids[]").take(TICKED_MAX).collect();
    let is_asked = visit.param("category").or(visit.param("shelf")).is_some();
    let products: List<Product> = if !ticked.is_empty() {
        visit.api.get(&with_query("/products", &[("ids", &ticked.join(","))]))?
    } else if is_asked {
        visit.get_with("/products", &[], &["category", "shelf", "after"])?
    } else {
        List { data: Vec::new(), next: None }
    };
    let first = if ticked.is_empty() { 0 } else { visit.first_of("labels") };
    let labels: Vec<Markup> = products.data.iter().skip(first).map(|product| label(visit, product)).collect();
    // Those of a category come a page of the list at a time.
    let shown = if ticked.is_empty() { labels.len() } else { LABELS_MAX.min(labels.len()) };
    let body = html! {
        h1.screen { (say::LABELS) }
        div.screen {
            form.row {
                (filter_field(visit, "category", say::CATEGORY, "text"))
                (filter_field(visit, "shelf", say::SHELF, "text"))
                button { (say::SHOW) }
            }
            @if products.data.is_empty() { p { (if is_asked { say::NO_PRODUCTS } else { say::WHICH_LABELS }) } }
            @else { (print_button()) p.hint { (say::LABEL_PAPER) } }
        }
        @for label in &labels[..shown] { (label) }
        div.screen {
            @if ticked.is_empty() { (visit.pager(products.next.as_deref(), &["category", "shelf"])) }
            @else { (visit.ways_on("labels", say::LABELS, first, (labels.len() > shown).then_some(first + shown))) }
        }
    };
    let content = Content::new(Room::Products, say::LABELS, body);
    Ok(Answer::Page(Content { paper: Some("label"), ..content }))
}

fn label(visit: &Visit, product: &Product) -> Markup {
    html! {
        div.sheet {
            strong.name { (brief(&product.name)) }
            p {
                strong { (visit.money(&product.price)) }
                @if let Some(sku) = &product.sku { " · " (sku) }
                @if let Some(shelf) = &product.shelf { " · " (shelf) }
            }
            @if let Some(barcode) = barcode(product) { (barcode.svg()) }
        }
    }
}

/// The code of the unit itself, or else the SKU: a scan of a pack's code would count all that is in it.
fn barcode(product: &Product) -> Option<Barcode> {
    let of_unit = product.barcodes.iter().find(|barcode| barcode.units == 1);
    let gtin = of_unit.and_then(|barcode| Barcode::of_gtin(&barcode.code));
    let sku = product.sku.as_deref().filter(|sku| sku.chars().count() <= CODE_CHARACTERS_MAX);
    gtin.or_else(|| Barcode::of_text(sku?))
}
