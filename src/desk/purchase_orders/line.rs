//! A line of a draft: how many, for how much; or one that comes to it.

use maud::{Markup, html};

use crate::desk::api::{NOT_THERE, Seen};
use crate::desk::page::{Answer, Content, Room};
use crate::desk::pieces::{Field, Kind};
use crate::desk::purchase_orders::ways;
use crate::desk::purchase_orders::{Line, knows_costs};
use crate::desk::seen;
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/purchase_orders/{}/lines/{}", visit.id, visit.product_id);
    let there = seen::if_there(visit.api.read::<Line>(&path))?;
    let product = seen::products(&visit.api, [visit.product_id])?.remove(&visit.product_id);
    let product = product.ok_or_else(Problem::not_found)?;
    let (line, version) = match &there {
        Some(Seen { value, version }) => (Some(value), version.as_str()),
        None => (None, NOT_THERE),
    };
    let body = html! {
        h1 { (t::purchase_order(visit.id)) " · " (product.name) }
        (ways(visit, ""))
        dl.facts {
            dt { (t::SKU) } dd { (product.sku.as_deref().unwrap_or("")) }
            @if let Some(sku) = line.and_then(|line| line.supplier_sku.as_deref()) { dt { (t::SUPPLIER_SKU) } dd { (sku) } }
            @if let Some(cost) = line.and_then(|line| line.unit_cost.as_deref()) { dt { (t::COST_EACH) } dd { (visit.money(cost)) } }
            @if let Some(reason) = line.and_then(|line| line.reason.as_deref()) { dt { (t::WHY) } dd { (visit.said(reason)) } }
        }
        (set(visit, line, version))
        @if line.is_some() {
            details {
                summary { (t::TAKE_OUT) }
                p { (t::WHAT_TAKE_OUT_MEANS) }
                (visit.form("take_out", version, |_| html! { button.grave { (t::TAKE_OUT) } }))
            }
        }
        p.screen { a href={ "/desk/purchase_orders/" (visit.id) } { (t::BACK_TO_PURCHASE_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, product.name.as_str(), body)))
}

/// So many, for what the supplier asks for so many; or for another cost.
fn set(visit: &Visit, line: Option<&Line>, version: &str) -> Markup {
    let quantity = line.map_or_else(|| "1".to_owned(), |line| line.quantity.to_string());
    let quantity = visit.param("quantity").unwrap_or(&quantity);
    let cost = line.and_then(|line| line.unit_cost.as_deref()).unwrap_or("");
    let save = html! { button.main { @if line.is_some() { (t::SAVE) } @else { (t::ADD) } } };
    let units = Field::new("quantity", t::UNITS, Kind::Whole).required();
    let is_open = visit.sent.as_ref().is_some_and(|sent| sent.form.name == "put_line_at");
    html! {
        (visit.form("put_line", version, |form| html! {
            (form.field(&units.hint(t::COST_AS_ASKED), quantity))
            (save)
        }))
        @if knows_costs(visit) {
            details open[is_open] {
                summary { (t::AT_ANOTHER_COST) }
                (visit.form("put_line_at", version, |form| html! {
                    (form.field(&units, quantity))
                    (form.field(&Field::new("unit_cost", t::COST_EACH, Kind::Decimal).required(), cost))
                    (save)
                }))
            }
        }
    }
}
