//! What another rule would have done with a product's past, beside the one that it has.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::desk::api::{self, Call};
use crate::desk::graph::{Graph, real};
use crate::desk::page::DECIMALS;
use crate::desk::pieces::{Kind, table};
use crate::desk::products::{Product, Rule, Shelf, decimal, number};
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::{Error, Result};
use crate::problem::Problem;

#[derive(Deserialize)]
pub struct Comparison {
    from: Option<String>,
    to: Option<String>,
    days_estimated: i64,
    units_wanted: i64,
    now: Option<Tried>,
    pub proposal: Option<Tried>,
    curve: Vec<Point>,
}

#[derive(Deserialize)]
pub struct Tried {
    #[serde(flatten)]
    pub rule: Rule,
    effective_lead_time_days: i64,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Point {
    reorder_point: i64,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    days_without_stock: i64,
    units_not_sold: i64,
    average_stock: f64,
    highest_stock: i64,
    orders: i64,
    money_bound: Option<String>,
}

pub const ROUTE: &str = "/products/{id}/stock/what-if";

/// What can be tried, as the API names it.
const TRIED: [(&str, &str, Kind); 7] = [
    ("reorder_point", say::REORDER_POINT, Kind::Whole),
    ("reorder_target", say::REORDER_TARGET, Kind::Whole),
    ("reorder_multiple", say::REORDER_MULTIPLE, Kind::Whole),
    ("order_max", say::ORDER_MAX, Kind::Whole),
    ("lead_time_days", say::LEAD_TIME, Kind::Whole),
    ("service_level", say::SERVICE_LEVEL, Kind::Decimal),
    ("days", say::LAST_DAYS, Kind::Whole),
];

/// What is asked for in the address; without anything the point that the forecast suggests.
pub fn ask(visit: &Visit, shelf: &Shelf) -> Result<Comparison> {
    let locale = visit.app().config.locale;
    let given = TRIED.iter().filter_map(|(name, ..)| Some((*name, visit.param(name)?)));
    let mut body: Map<String, Value> = given
        .map(|(name, value)| {
            let plain = if DECIMALS.contains(&name) { locale.typed_decimal(value) } else { value.to_owned() };
            (name.to_owned(), plain.into())
        })
        .collect();
    if !body.contains_key("reorder_point") {
        body.entry("service_level").or_insert_with(|| shelf.rule.service_level.into());
    }
    let body = Value::Object(body);
    let call =
        Call { method: "POST", path: ROUTE, id: visit.id, product_id: 0, body: &body, key: "", version: "" };
    let (text, _) = api::body_of(visit.api.send(&call)?)?;
    serde_json::from_str(&text).map_err(|cause| Error::Internal(format!("a what-if of ours: {cause}")))
}

/// What is to be tried, which is asked and changes nothing.
pub fn trial_form(visit: &Visit, shelf: &Shelf) -> Markup {
    html! {
        p { (say::WHAT_IF_MEANS) }
        form.row action={ (visit.path) "#what-if" } {
            @for (name, label, kind) in &TRIED {
                div.field {
                    label for={ "try-" (name) } { (label) }
                    input id={ "try-" (name) } name=(name) value=(visit.param(name).unwrap_or("")) maxlength="20" autocomplete="off"
                        inputmode=(if matches!(kind, Kind::Decimal) { "decimal" } else { "numeric" });
                }
            }
            button { (say::TRY) }
        }
        p.hint { (say::suggested_is(&visit.count(shelf.forecast.suggested_reorder_point))) }
    }
}

pub fn refused(problem: &Problem) -> Markup {
    html! {
        div.refused role="alert" {
            p { (t::advice(problem)) }
            ul { @for error in &problem.errors { li { a href={ "#try-" (error.field) } { (t::field(&error.field)) } " " (error.message) } } }
        }
    }
}

/// As it is beside the proposal, and what other points would have come to.
pub fn comparison(visit: &Visit, compared: &Comparison, product: &Product) -> Markup {
    let (Some(from), Some(to), Some(proposal)) = (&compared.from, &compared.to, &compared.proposal) else {
        return html! { p { (say::NO_PAST) } };
    };
    let now = compared.now.as_ref();
    let cell = |of: fn(&Visit, &Tried) -> String| {
        html! { td.n { @if let Some(now) = now { (of(visit, now)) } @else { "–" } } td.n { (of(visit, proposal)) } }
    };
    let row =
        |name: &str, of: fn(&Visit, &Tried) -> String| html! { tr { th scope="row" { (name) } (cell(of)) } };
    let units = |visit: &Visit, number: Option<i64>| number.map(|it| visit.count(it)).unwrap_or_default();
    let kept: Vec<&str> = TRIED.iter().map(|(name, ..)| *name).collect();
    html! {
        p { (visit.on(from)) " – " (visit.on(to)) ": " (say::wanted(&visit.count(compared.units_wanted), compared.days_estimated)) }
        @if now.is_none() { p { (say::NOT_WATCHED) } }
        (table(say::WHAT_IF, say::TRIAL_COLUMNS, html! {
            tr { th scope="row" { (say::REORDER_POINT) } td.n { (units(visit, now.and_then(|it| it.rule.reorder_point))) } td.n { (units(visit, proposal.rule.reorder_point)) } }
            tr { th scope="row" { (say::REORDER_TARGET) } td.n { (units(visit, now.and_then(|it| it.rule.reorder_target))) } td.n { (units(visit, proposal.rule.reorder_target)) } }
            (row(say::LEAD_TIME, |visit, it| visit.count(it.effective_lead_time_days)))
            (row(say::DAYS_WITHOUT, |visit, it| visit.count(it.outcome.days_without_stock)))
            (row(say::NOT_SOLD, |visit, it| visit.count(it.outcome.units_not_sold)))
            (row(say::AVERAGE_STOCK, |visit, it| decimal(visit, it.outcome.average_stock)))
            (row(say::HIGHEST_STOCK, |visit, it| visit.count(it.outcome.highest_stock)))
            (row(say::ORDERS_MADE, |visit, it| visit.count(it.outcome.orders)))
            @if proposal.outcome.money_bound.is_some() {
                (row(say::MONEY_BOUND, |visit, it| it.outcome.money_bound.as_deref().map(|it| visit.money(it)).unwrap_or_default()))
            }
        }))
        @if product.archived_at.is_none() {
            p { a.as-button href={ (visit.here_with("take", "true", &kept)) "#rule" } { (say::TAKE) } }
        }
        (curve(visit, &compared.curve))
    }
}

fn curve(visit: &Visit, curve: &[Point]) -> Markup {
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return html! {};
    };
    let ends = (visit.count(first.reorder_point), visit.count(last.reorder_point));
    let line = |of: fn(&Outcome) -> f64| -> Vec<(f64, f64)> {
        curve.iter().map(|point| (real(point.reorder_point), of(&point.outcome))).collect()
    };
    let (not_sold, stock) = (line(|it| real(it.units_not_sold)), line(|it| it.average_stock));
    let words = |from: String, to: String| say::curve_words(&ends.0, &from, &ends.1, &to);
    let graph = |id, title, words: &str, points: &[(f64, f64)]| {
        Graph { id, title, words, points, ends: (&ends.0, &ends.1), is_stepped: false }.draw()
    };
    let not_sold_words =
        words(visit.count(first.outcome.units_not_sold), visit.count(last.outcome.units_not_sold));
    let stock_words =
        words(decimal(visit, first.outcome.average_stock), decimal(visit, last.outcome.average_stock));
    html! {
        h2 { (say::NOT_SOLD_BY_POINT) }
        (graph("not-sold", say::NOT_SOLD_BY_POINT, &not_sold_words, &not_sold))
        h2 { (say::STOCK_BY_POINT) }
        (graph("stock", say::STOCK_BY_POINT, &stock_words, &stock))
        details {
            summary { (say::CURVE_IN_NUMBERS) }
            (table(say::CURVE_IN_NUMBERS, say::CURVE_COLUMNS, html! {
                @for point in curve {
                    tr {
                        (number(visit, point.reorder_point))
                        (number(visit, point.outcome.days_without_stock))
                        (number(visit, point.outcome.units_not_sold))
                        td.n { (decimal(visit, point.outcome.average_stock)) }
                        (number(visit, point.outcome.orders))
                    }
                }
            }))
        }
    }
}
