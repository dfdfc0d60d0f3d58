//! The products with their stock: what is running out, what binds most money, what was taken out of the catalogue.

use std::collections::HashMap;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting, proposals};
use crate::desk::pieces::{filter_choice, filter_field, filter_listed, kept_in_form, narrowed, table};
use crate::desk::products::{Stock, decimal, number};
use crate::desk::seen::{self, List, Product};
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// Parameters of an endpoint with their values.
type Filters = &'static [(&'static str, &'static str)];

/// What is looked through, and the filters that stand for it.
const VIEWS: [(&str, &str, Filters); 4] = [
    ("all", t::ALL, &[]),
    ("below", say::BELOW_POINT, &[("below_threshold", "true")]),
    ("out", say::OUT_OF_STOCK, &[("out_of_stock", "true")]),
    ("archived", say::ARCHIVED, &[("archived", "true")]),
];

const KEPT: &[&str] = &["view", "q", "category", "sort", "out_of_stock", "days_of_cover_below"];
/// What a figure narrows a view of the catalogue to.
const NARROWED: &[&str] = &["out_of_stock", "days_of_cover_below"];

#[derive(Deserialize)]
struct Category {
    category: String,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let asked = visit.param("view");
    let (view, title, fixed) = VIEWS.iter().find(|(name, ..)| Some(*name) == asked).unwrap_or(&VIEWS[0]);
    let rows_of = |limit: &str| match *view {
        "archived" => archived(visit, limit),
        _ => active(visit, fixed, limit),
    };
    let with_value = visit.is_manager();
    let (mut rows, mut next) = rows_of("")?;
    let filters = filters(visit, view)?;
    let sizes = rows.iter().map(|(product, stock)| row(visit, product, stock.as_ref(), with_value).0.len());
    let fits = fitting(sizes, visit.room_beside(&[&filters]));
    if fits < rows.len() {
        (rows, next) = rows_of(&fits.to_string())?;
    }
    let columns = if with_value { say::COLUMNS_WITH_VALUE } else { say::COLUMNS };
    let body = html! {
        h1 { (t::PRODUCTS) }
        ul.tabs {
            @for (name, words, _) in &VIEWS {
                li { a href=(visit.here_with("view", name, &["q", "category"])) aria-current=[(name == view).then_some("true")] { (words) } }
            }
            @if visit.api.may("POST", "/products") { li { a href="/desk/products/new" { (say::NEW_PRODUCT) } } }
            li { a href="/desk/labels" { (say::LABELS) } }
        }
        (filters)
        @if *view != "archived" { (narrowed_to(visit, fixed)) }
        @if rows.is_empty() { p { (say::NO_PRODUCTS) } } @else {
            form action="/desk/labels" {
                (table(title, columns, html! {
                    @for (product, stock) in &rows { (row(visit, product, stock.as_ref(), with_value)) }
                }))
                button { (say::LABELS_OF_TICKED) }
            }
        }
        (visit.list_end(next.as_deref(), KEPT))
    };
    Ok(Answer::Page(Content::new(Room::Products, t::PRODUCTS, body)))
}

/// Products with their stock, and where the next page begins.
type Rows = (Vec<(Product, Option<Stock>)>, Option<String>);

/// Of the catalogue, in the order that was chosen.
fn active(visit: &Visit, fixed: &[(&str, &str)], limit: &str) -> Result<Rows> {
    let sort = visit.param("sort").filter(|_| visit.wrong_in_filter("sort").is_none());
    let usual = sort.is_none().then_some(("sort", "name"));
    let fixed: Vec<(&str, &str)> = fixed.iter().copied().chain(usual).chain([("limit", limit)]).collect();
    let passed = [NARROWED, &["q", "category", "sort", "after"]].concat();
    let stock: List<Stock> = visit.get_with("/stock", &fixed, &passed)?;
    let mut products = seen::products(&visit.api, stock.data.iter().map(|stock| stock.product_id))?;
    let rows =
        stock.data.into_iter().filter_map(|stock| Some((products.remove(&stock.product_id)?, Some(stock))));
    Ok((rows.collect(), stock.next))
}

/// Those that were taken out of it, also where nothing is left of them.
fn archived(visit: &Visit, limit: &str) -> Result<Rows> {
    let fixed = [("archived", "true"), ("sort", "name"), ("limit", limit)];
    let products: List<Product> = visit.get_with("/products", &fixed, &["q", "category", "after"])?;
    let ids: Vec<String> = products.data.iter().map(|product| product.id.to_string()).collect();
    let mut stock: HashMap<Id, Stock> = HashMap::new();
    if !ids.is_empty() {
        let left: List<Stock> =
            visit.api.get(&api::with_query("/stock", &[("archived", "true"), ("ids", &ids.join(","))]))?;
        stock.extend(left.data.into_iter().map(|stock| (stock.product_id, stock)));
    }
    let rows = products.data.into_iter().map(|product| {
        let stock = stock.remove(&product.id);
        (product, stock)
    });
    Ok((rows.collect(), products.next))
}

fn filters(visit: &Visit, view: &str) -> Result<Markup> {
    let categories: List<Category> = visit.api.get("/categories?limit=100")?;
    let with_value = visit.is_manager();
    let sorts: Vec<(&str, &str)> =
        say::SORTS.iter().copied().filter(|(value, _)| with_value || *value != "-value").collect();
    Ok(html! {
        form.row role="search" {
            input type="hidden" name="view" value=(view);
            @if view != "archived" { (kept_in_form(visit, NARROWED)) }
            (filter_field(visit, "q", say::SEARCH_PRODUCTS, "text"))
            (filter_listed(visit, "category", say::CATEGORY, "categories"))
            (proposals("categories", categories.data.iter().map(|of| of.category.as_str())))
            @if view != "archived" { (filter_choice(visit, "sort", say::SORT, &sorts)) }
            button { (t::SEARCH) }
        }
    })
}

/// What is shown of a view, in words.
fn narrowed_to(visit: &Visit, fixed: Filters) -> Markup {
    let is_fixed = fixed.iter().any(|(name, _)| *name == "out_of_stock");
    html! {
        @if let Some(out) = visit.param("out_of_stock").filter(|_| !is_fixed) {
            @let words = if out == "true" { say::OUT_OF_STOCK } else { say::NOT_OUT_OF_STOCK };
            (narrowed(visit, words, say::IN_STOCK_OR_NOT, &["out_of_stock"], KEPT))
        }
        @if let Some(days) = visit.param("days_of_cover_below") {
            (narrowed(visit, say::lasts_less_than(days), say::HOWEVER_LONG, &["days_of_cover_below"], KEPT))
        }
    }
}

fn row(visit: &Visit, product: &Product, stock: Option<&Stock>, with_value: bool) -> Markup {
    let id = product.id;
    let cover = stock.and_then(|stock| stock.days_of_cover).map(|days| decimal(visit, days));
    let money = |worth: &Option<String>| worth.as_deref().map(|worth| visit.money(worth)).unwrap_or_default();
    html! {
        tr {
            td { input type="checkbox" name="ids[]" value=(id) aria-labelledby={ "p" (id) }; }
            td {
                a id={ "p" (id) } href={ "/desk/products/" (id) } { (brief(&product.name)) }
                @match stock {
                    Some(stock) if stock.is_to_look_after() => { br; (stock.mark()) }
                    Some(_) => {}
                    None => { br; (say::NOTHING_LEFT) }
                }
            }
            td { (product.sku.as_deref().unwrap_or("")) }
            td { (product.shelf.as_deref().unwrap_or("")) }
            @if let Some(stock) = stock {
                @for figure in [stock.on_hand, stock.reserved, stock.available, stock.incoming, stock.drafted] {
                    (number(visit, figure))
                }
                td.n { (cover.unwrap_or_default()) }
                @if with_value { td.n { (money(&stock.value)) } td.n { (money(&stock.average_cost)) } }
            } @else {
                td colspan=(if with_value { "8" } else { "6" }) {}
            }
        }
    }
}
