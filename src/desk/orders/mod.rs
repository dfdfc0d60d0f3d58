//! Orders: which there are, what is done with one, and what is printed for it.

pub mod list;
pub mod order;
pub mod pack;
pub mod pick_list;
pub mod place;
pub mod slip;

use std::collections::HashMap;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::seen::{Customer, Figures};
use crate::desk::texts as t;
use crate::values::Id;

#[derive(Deserialize)]
struct Order {
    id: Id,
    customer_id: Id,
    status: String,
    order_date: String,
    expected_delivery_date: String,
    total: String,
    items: Vec<Line>,
    shipping_address: Option<String>,
    note: Option<String>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    confirmed_at: Option<String>,
    allowed_actions: Vec<String>,
    margin: Option<String>,
}

impl Order {
    /// Whether it is to be confirmed: `to_confirm` of the endpoint finds those of guests.
    fn is_to_confirm(&self, customer: Option<&Customer>) -> bool {
        let is_of_guest = customer.is_some_and(|customer| customer.account_id.is_none());
        is_of_guest && self.status == "placed" && self.confirmed_at.is_none()
    }
}

#[derive(Deserialize)]
struct Line {
    product_id: Id,
    name: String,
    quantity: i64,
    unit_price: String,
    total: String,
}

/// Whether what an order holds is on the shelf. More may be promised than is there, after a count or damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    All,
    Part,
    None,
}

impl There {
    /// Of one line: with fewer units than all orders wait for, some go to somebody else.
    fn of_line(line: &Line, figures: &HashMap<Id, Figures>) -> There {
        match figures.get(&line.product_id) {
            Some(figures) if figures.on_hand >= figures.reserved => There::All,
            Some(figures) if figures.on_hand > 0 => There::Part,
            Some(_) => There::None,
            // Archived, so nobody counts on it for anything else.
            None => There::All,
        }
    }

    fn of_order(order: &Order, figures: &HashMap<Id, Figures>) -> There {
        let lines = || order.items.iter().map(|line| There::of_line(line, figures));
        if lines().all(|there| there == There::All) {
            There::All
        } else if lines().all(|there| there == There::None) {
            There::None
        } else {
            There::Part
        }
    }

    /// In shape and words, so that nobody needs the colour.
    fn mark(self) -> Markup {
        let (class, shape, words) = match self {
            There::All => ("mark good", "●", t::ALL_THERE),
            There::Part => ("mark warn", "◐", t::PART_THERE),
            There::None => ("mark bad", "○", t::NONE_THERE),
        };
        html! { span class=(class) { span aria-hidden="true" { (shape) " " } (words) } }
    }
}
