//! A new product, or another description of one that is there.

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{Field, Kind, Open};
use crate::desk::products::{Product, back, find};
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::Result;

/// A longer text has a page of its own: with both that long, and all else, this one is as large as a page may be.
const TEXT_BYTES_MAX: usize = 7 * 1024;

/// Rows for barcodes that are not there yet.
const NEW_BARCODES: usize = 2;

pub fn new(visit: &Visit) -> Result<Answer> {
    let body = html! {
        h1 { (say::NEW_PRODUCT) }
        (visit.form("new_product", "", |form| html! {
            (fields(visit, form, None))
            (form.field(&Field::new("stock", say::ON_THE_SHELF, Kind::Whole), ""))
            button.main { (say::ADD_PRODUCT) }
        }))
    };
    Ok(Answer::Page(Content::new(Room::Products, say::NEW_PRODUCT, body)))
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: product, version } = find(visit)?;
    let part = visit.param("part").unwrap_or("");
    let body = html! {
        h1 { (say::EDIT) ": " (product.name) }
        @if product.archived_at.is_some() { p { (say::WHAT_ARCHIVED_MEANS) } } @else {
            (visit.form("edit_product", &version, |form| html! {
                @match part {
                    "description" => (description(form, Some(&product))),
                    "image_urls" => (image_urls(form, Some(&product))),
                    _ => (fields(visit, form, Some(&product))),
                }
                button.main { (t::SAVE) }
            }))
        }
        (back(visit, &product))
    };
    Ok(Answer::Page(Content::new(Room::Products, product.name.as_str(), body)))
}

/// All of them, since what is sent empty is cleared.
fn fields(visit: &Visit, form: &Open, product: Option<&Product>) -> Markup {
    let text = |of: fn(&Product) -> &Option<String>| product.and_then(|it| of(it).as_deref()).unwrap_or("");
    html! {
        (form.field(&Field::new("name", t::NAME, Kind::Text).required(), product.map_or("", |it| &it.name)))
        (form.field(&Field::new("price", say::PRICE, Kind::Decimal).required(), product.map_or("", |it| &it.price)))
        (form.text("sku", say::SKU, text(|it| &it.sku)))
        (form.text("category", say::CATEGORY, text(|it| &it.category)))
        (form.text("shelf", say::SHELF, text(|it| &it.shelf)))
        (barcodes(visit, form, product))
        (here_or_elsewhere(visit, "description", say::DESCRIPTION, description(form, product)))
        (form.field(&Field::new("slug", say::SLUG, Kind::Text).hint(say::SLUG_HINT), text(|it| &it.slug)))
        (here_or_elsewhere(visit, "image_urls", say::IMAGE_URLS, image_urls(form, product)))
    }
}

fn description(form: &Open, product: Option<&Product>) -> Markup {
    let text = product.and_then(|it| it.description.as_deref()).unwrap_or("");
    form.field(&Field::new("description", say::DESCRIPTION, Kind::Area), text)
}

fn image_urls(form: &Open, product: Option<&Product>) -> Markup {
    form.field(
        &Field::new("image_urls[lines]", say::IMAGE_URLS, Kind::Area).hint(say::IMAGE_URLS_HINT),
        &product.map(|it| it.image_urls.join("\n")).unwrap_or_default(),
    )
}

/// A field; or where its text is long the way to its own page, and then what is saved here leaves it as it is.
fn here_or_elsewhere(visit: &Visit, part: &str, label: &str, field: Markup) -> Markup {
    if field.0.len() <= TEXT_BYTES_MAX || visit.sent.is_some() {
        return field;
    }
    html! { p { (label) " · " a href=(with_query(visit.path, &[("part", part)])) { (say::EDIT_ELSEWHERE) } } }
}

/// A row a barcode, and some to fill in.
fn barcodes(visit: &Visit, form: &Open, product: Option<&Product>) -> Markup {
    let there = product.map_or(&[][..], |it| &it.barcodes);
    // What was sent and refused has moved up where a row was emptied.
    let sent = visit.sent.as_ref().map(|sent| sent.fields.items("barcodes"));
    let there = &there[..sent.unwrap_or(there.len()).min(there.len())];
    let rows = there.len().max(sent.unwrap_or(0)) + NEW_BARCODES;
    html! {
        fieldset {
            legend { (say::BARCODES) }
            p.hint { (say::BARCODES_HINT) }
            // With no rows filled in there are none.
            input type="hidden" name="barcodes[]" value="";
            @for at in 0..rows {
                @let now = there.get(at);
                div.row {
                    (form.text(&format!("barcodes[{at}].code"), &say::barcode(at), now.map_or("", |it| &it.code)))
                    (form.field(
                        &Field::new(&format!("barcodes[{at}].units"), &say::units_in(at), Kind::Whole),
                        &now.map(|it| it.units.to_string()).unwrap_or_default(),
                    ))
                }
            }
        }
    }
}
