//! What is to be fetched for several orders in one round, in the order of the shelves.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use maud::html;

use crate::desk::api::with_query;
use crate::desk::orders::Order;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{print_button, table};
use crate::desk::seen::{self, List};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// More than anybody carries.
const ORDERS_MAX: usize = 100;

pub fn show(visit: &Visit) -> Result<Answer> {
    let asked: Vec<&str> = visit.query.all("orders[]").take(ORDERS_MAX).collect();
    let orders = if asked.is_empty() {
        Vec::new()
    } else {
        visit.api.get::<List<Order>>(&with_query("/orders", &[("ids", &asked.join(","))]))?.data
    };
    let (mut to_pick, others): (Vec<Order>, Vec<Order>) =
        orders.into_iter().partition(|order| order.status == "placed");
    to_pick.sort_by_key(|order| order.id);
    let mut wanted: BTreeMap<Id, Vec<(Id, i64)>> = BTreeMap::new();
    for order in &to_pick {
        for line in &order.items {
            wanted.entry(line.product_id).or_default().push((order.id, line.quantity));
        }
    }
    let products = seen::products(&visit.api, wanted.keys().copied())?;
    let mut lines: Vec<_> =
        wanted.iter().filter_map(|(id, orders)| Some((products.get(id)?, orders))).collect();
    lines.sort_by(|(one, _), (other, _)| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        along_shelves(&text(&one.shelf), &text(&other.shelf))
            .then_with(|| along_shelves(&text(&one.sku), &text(&other.sku)))
    });
    let body = html! {
        h1 { (t::PICK_LIST) }
        (print_button())
        @for order in &others { p { (t::not_to_pick(order.id, t::status(&order.status))) } }
        @if lines.is_empty() { p { (t::NOTHING_TICKED) } } @else {
            p { (t::orders_on_list(to_pick.len())) }
            (table(t::PICK_LIST, t::PICK_COLUMNS, html! {
                @for (product, orders) in &lines {
                    tr {
                        td { "☐" }
                        td { (product.shelf.as_deref().unwrap_or("")) }
                        td { (product.sku.as_deref().unwrap_or("")) }
                        td { (product.name) }
                        td.n { strong { (orders.iter().map(|(_, units)| units).sum::<i64>()) } }
                        td { @for (order, units) in *orders { "#" (order) " × " (units) " " } }
                    }
                }
            }))
        }
        p.screen { a href="/desk/orders" { (t::BACK_TO_ORDERS) } }
    };
    Ok(Answer::Page(Content::new(Room::Orders, t::PICK_LIST, body)))
}

/// Shelf 2 stands before shelf 10, and what has no shelf is looked for last.
fn along_shelves(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| {
        let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
        for c in text.to_lowercase().chars() {
            let last = parts.last_mut().expect("it begins with one");
            match c.to_digit(10) {
                Some(digit) => last.1 = last.1.saturating_mul(10).saturating_add(digit.into()),
                None if last.1 > 0 => parts.push((c.to_string(), 0)),
                None => last.0.push(c),
            }
        }
        parts
    };
    one.is_empty().cmp(&other.is_empty()).then_with(|| parts(one).cmp(&parts(other)))
}

#[cfg(test)]
mod tests {
    use super::along_shelves;

    #[test]
    fn shelves_are_gone_along_as_people_number_them() {
        let mut shelves = ["", "B1", "A10", "A2", "a2b", "A2 b", "Cellar"];
        shelves.sort_by(|one, other| along_shelves(one, other));
        assert_eq!(shelves, ["A2", "A2 b", "a2b", "A10", "B1", "Cellar", ""]);
    }
}
