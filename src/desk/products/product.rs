//! One product: what it is, what is there of it, what the forecast says, and what can be done.

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief_text;
use crate::desk::pieces::{Field, Kind, table};
use crate::desk::products::{Product, Shelf, Stock, decimal, fact, find, number, percent, shelf, ways};
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: product, version } = find(visit)?;
    let shelf = shelf(visit)?.value;
    let is_archived = product.archived_at.is_some();
    let body = html! {
        h1 { (product.name) @if is_archived { " · " (say::ARCHIVED) } }
        (ways(visit))
        @if is_archived {
            p { (say::WHAT_ARCHIVED_MEANS) }
            (visit.button("restore_product", "", say::RESTORE))
        }
        (figures(visit, &shelf.stock))
        (forecast(visit, &shelf))
        h2 { (say::WHAT_IT_IS) }
        (facts(visit, &product))
        @if !is_archived && visit.api.may("PATCH", "/products/{id}") {
            p { a.as-button href={ "/desk/products/" (product.id) "/edit" } { (say::EDIT) } }
        }
        (bookings(visit, &shelf.stock))
        @if !is_archived {
            details open[visit.sent.as_ref().is_some_and(|sent| sent.form.name == "archive_product")] {
                summary { (say::ARCHIVE) }
                p { (say::WHAT_ARCHIVE_MEANS) }
                @if shelf.stock.on_hand > 0 { p { (say::still_on_hand(&visit.count(shelf.stock.on_hand))) } }
                (visit.form("archive_product", &version, |_| html! { button.grave { (say::ARCHIVE) } }))
            }
        }
    };
    Ok(Answer::Page(Content::new(Room::Products, product.name, body)))
}

/// Each number with a way to what makes it.
fn figures(visit: &Visit, stock: &Stock) -> Markup {
    let why = |of: &str, figure: &str| {
        let to = with_query(&format!("/desk/products/{}/why", visit.id), &[("of", of)]);
        html! { a href=(to) aria-label=(say::why_of(figure)) { (say::WHY) } }
    };
    let rows = [
        (say::ON_HAND, stock.on_hand, "available"),
        (say::RESERVED, stock.reserved, "reserved"),
        (say::AVAILABLE, stock.available, "available"),
        (say::INCOMING, stock.incoming, "incoming"),
        (say::DRAFTED, stock.drafted, "drafted"),
    ];
    html! {
        p { (stock.mark()) }
        (table(say::FIGURES, say::FIGURE_COLUMNS, html! {
            @for (figure, units, of) in rows {
                tr { th scope="row" { (figure) } (number(visit, units)) td { (why(of, figure)) } }
            }
        }))
        @if let Some(value) = &stock.value {
            p {
                (say::VALUE) ": " (visit.money(value))
                @if let Some(cost) = &stock.average_cost { " · " (say::AVERAGE_COST) ": " (visit.money(cost)) }
            }
        }
    }
}

/// What is expected, and what that rests on, in words.
fn forecast(visit: &Visit, shelf: &Shelf) -> Markup {
    let forecast = &shelf.forecast;
    let why = with_query(&format!("/desk/products/{}/why", visit.id), &[("of", "suggested")]);
    html! {
        h2 { (say::FORECAST) }
        @match (&forecast.from, &forecast.to) {
            (Some(from), Some(to)) if forecast.method != "none" => {
                p {
                    (say::rests_on(&visit.count(forecast.units_ordered), forecast.days_looked_at, forecast.days_left_out))
                    " (" (visit.on(from)) " – " (visit.on(to)) "). "
                    (say::sells(&decimal(visit, forecast.units_per_day)))
                    @if let Some(days) = forecast.days_of_cover { " " (say::lasts(&decimal(visit, days))) }
                    @if let Some(day) = &forecast.stock_out_date { " " (say::SOLD_OUT_ON) " " (visit.on(day)) "." }
                }
                @if let Some(rate) = forecast.category_units_per_day { p { (say::category_sells(&decimal(visit, rate))) } }
            }
            _ => p { (say::NOTHING_KNOWN) }
        }
        dl.facts {
            dt { (say::SUGGESTED_POINT) }
            dd { (visit.count(forecast.suggested_reorder_point)) " " a href=(why) aria-label=(say::why_of(say::SUGGESTED_POINT)) { (say::WHY) } }
            dt { (say::REORDER_POINT) }
            dd {
                @match (shelf.rule.reorder_point, shelf.rule.reorder_target) {
                    (Some(point), target) => {
                        (visit.count(point)) @if let Some(target) = target { " · " (say::UP_TO) " " (visit.count(target)) }
                        @if let Some(day) = &shelf.rule.snoozed_until { " · " (say::SNOOZED_UNTIL) " " (visit.on(day)) }
                    }
                    (None, _) => (say::NOT_WATCHED)
                }
            }
            @if let (Some(wanted), Some(reached)) = (forecast.wanted, forecast.reached) {
                dt { (say::HIT_RATE) }
                dd { (say::hit_rate(&percent(visit, wanted), &percent(visit, reached), &visit.count(forecast.looks_judged))) }
            }
        }
    }
}

fn facts(visit: &Visit, product: &Product) -> Markup {
    html! {
        dl.facts {
            dt { (say::PRICE) } dd { (visit.money(&product.price)) }
            (fact(say::SKU, product.sku.as_deref()))
            (fact(say::SHELF, product.shelf.as_deref()))
            (fact(say::CATEGORY, product.category.as_deref()))
            @if !product.barcodes.is_empty() {
                dt { (say::BARCODES) }
                dd { @for barcode in &product.barcodes { (barcode.code) @if barcode.units > 1 { " " (say::pack_of(&visit.count(barcode.units))) } br; } }
            }
            (fact(say::SLUG, product.slug.as_deref()))
            // As text: what a page of the desk loads is the desk's own.
            @if !product.image_urls.is_empty() { dt { (say::IMAGE_URLS) } dd.text { (product.image_urls.join("\n")) } }
            (fact(say::DESCRIPTION, product.description.as_deref().map(brief_text).as_deref()))
        }
    }
}

/// What somebody finds out at the shelf.
fn bookings(visit: &Visit, stock: &Stock) -> Markup {
    let is_open = |form| visit.sent.as_ref().is_some_and(|sent| sent.form.name == form);
    html! {
        details open[is_open("count_shelf")] {
            summary { (say::COUNT) }
            p { (say::WHAT_COUNT_MEANS) }
            (visit.form("count_shelf", "", |form| html! {
                input type="hidden" name="reason" value="stock_take";
                input type="hidden" name="expected_on_hand" value=(stock.on_hand);
                (form.field(&Field::new("counted", say::COUNTED, Kind::Whole).required(), ""))
                (form.text("note", t::NOTE, ""))
                button { (say::BOOK_COUNT) }
            }))
        }
        details open[is_open("move_stock")] {
            summary { (say::BOOK) }
            (visit.form("move_stock", "", |form| html! {
                (form.field(&Field::new("reason", say::WHAT_HAPPENED, Kind::Choice(say::REASONS_OF_STAFF)).required(), "damaged"))
                (form.field(&Field::new("delta", say::UNITS, Kind::Text).required().hint(say::UNITS_HINT), ""))
                (form.field(&Field::new("note", t::NOTE, Kind::Text).hint(say::NOTE_HINT), ""))
                @if visit.is_manager() {
                    (form.field(&Field::new("unit_cost", say::UNIT_COST, Kind::Decimal).hint(say::UNIT_COST_HINT), ""))
                }
                button { (say::BOOK) }
            }))
        }
    }
}
