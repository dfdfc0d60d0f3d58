//! Products and their stock: which there are, what is known of one, how it is restocked, and labels for the shelf.

pub mod edit;
pub mod labels;
pub mod ledger;
pub mod list;
pub mod product;
pub mod rule;
mod what_if;
pub mod why;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::Seen;
use crate::desk::seen::{Barcode, List};
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::{Posted, Visit};
use crate::error::{Error, Result};
use crate::values::Id;

#[derive(Deserialize)]
struct Product {
    id: Id,
    name: String,
    sku: Option<String>,
    description: Option<String>,
    category: Option<String>,
    price: String,
    barcodes: Vec<Barcode>,
    shelf: Option<String>,
    image_urls: Vec<String>,
    slug: Option<String>,
    archived_at: Option<String>,
}

/// What is there of it, as a list shows it.
#[derive(Deserialize)]
struct Stock {
    product_id: Id,
    on_hand: i64,
    reserved: i64,
    available: i64,
    incoming: i64,
    drafted: i64,
    below_threshold: bool,
    value: Option<String>,
    average_cost: Option<String>,
    days_of_cover: Option<f64>,
}

/// What is there of it, with its rule and its forecast.
#[derive(Deserialize)]
struct Shelf {
    #[serde(flatten)]
    stock: Stock,
    #[serde(flatten)]
    rule: Rule,
    effective_lead_time_days: i64,
    review_days: i64,
    forecast: Forecast,
}

/// As the forms show it; the API decides what goes together.
#[derive(Deserialize, Default)]
struct Rule {
    reorder_point: Option<i64>,
    reorder_target: Option<i64>,
    reorder_multiple: i64,
    order_max: Option<i64>,
    #[serde(default)]
    lead_time_days: Option<i64>,
    service_level: f64,
    #[serde(default)]
    snoozed_until: Option<String>,
}

#[derive(Deserialize)]
struct Forecast {
    from: Option<String>,
    to: Option<String>,
    days_looked_at: i64,
    days_left_out: i64,
    units_ordered: i64,
    method: String,
    units_per_day: f64,
    days_of_cover: Option<f64>,
    stock_out_date: Option<String>,
    lead_time_spread_days: Option<f64>,
    category_units_per_day: Option<f64>,
    suggested_reorder_point: i64,
    looks_judged: i64,
    wanted: Option<f64>,
    reached: Option<f64>,
}

/// Whether a count that was sent before, with what the shelf was thought to hold then, is what the books say by now. Booked
/// again it would be a line of nothing.
pub fn is_booked(visit: &Visit, posted: &Posted) -> Result<bool> {
    if posted.form.name != "count_shelf" {
        return Ok(false);
    }
    let stock: Stock = visit.api.get(&format!("/products/{}/stock", visit.id))?;
    Ok(posted.fields.get("counted").and_then(|counted| counted.trim().parse().ok()) == Some(stock.on_hand))
}

/// The product of this page with its version. One that is archived has none: it is only brought back.
fn find(visit: &Visit) -> Result<Seen<Product>> {
    match visit.api.read(&format!("/products/{}", visit.id)) {
        Err(Error::Refused(problem)) if problem.kind.status == 404 => {
            let archived: List<Product> =
                visit.api.get(&format!("/products?archived=true&ids={}", visit.id))?;
            match archived.data.into_iter().next() {
                Some(value) => Ok(Seen { value, version: String::new() }),
                None => Err(Error::Refused(problem)),
            }
        }
        found => found,
    }
}

fn shelf(visit: &Visit) -> Result<Seen<Shelf>> {
    visit.api.read(&format!("/products/{}/stock", visit.id))
}

/// The pages of one product.
fn ways(visit: &Visit) -> Markup {
    let pages = [("", say::PRODUCT), ("/ledger", say::LEDGER), ("/rule", say::RULE)];
    let path = format!("/desk/products/{}", visit.id);
    html! {
        ul.tabs {
            @for (behind, words) in pages {
                @let to = format!("{path}{behind}");
                li { a href=(to) aria-current=[(to == visit.path).then_some("true")] { (words) } }
            }
            li { a href={ "/desk/labels?ids%5B%5D=" (visit.id) } { (say::LABEL) } }
        }
    }
}

impl Stock {
    /// Whether its mark is worth the room in a list.
    fn is_to_look_after(&self) -> bool {
        self.available <= 0 || self.below_threshold
    }

    /// In shape and words, so that nobody needs the colour.
    fn mark(&self) -> Markup {
        let (class, shape, words) = match self {
            Stock { available: ..=0, .. } => ("mark bad", "○", say::OUT_OF_STOCK),
            Stock { below_threshold: true, .. } => ("mark warn", "◐", say::BELOW_POINT),
            _ => ("mark good", "●", say::IN_STOCK),
        };
        html! { span class=(class) { span aria-hidden="true" { (shape) " " } (words) } }
    }
}

/// A number with decimals, as people here write it.
fn decimal(visit: &Visit, number: f64) -> String {
    visit.app().config.locale.number(&number.to_string())
}

/// A part of one in percent.
fn percent(visit: &Visit, part: f64) -> String {
    decimal(visit, (part * 1000.0).round() / 10.0) + " %"
}

/// A number as a field of a form has it; nothing for none.
fn typed(number: Option<i64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// A cell of a table with a number.
fn number(visit: &Visit, number: i64) -> Markup {
    html! { td.n { (visit.count(number)) } }
}

/// A term with what is known of it; nothing where nothing is.
fn fact(term: &str, text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { dt { (term) } dd.text { (text) } } }
}

/// The way back from a page about a figure or a part of the product.
fn back(visit: &Visit, product: &Product) -> Markup {
    html! { p.screen { a href={ "/desk/products/" (visit.id) } { (t::BACK_TO) " " (product.name) } } }
}
