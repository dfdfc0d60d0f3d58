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

use crate::desk::fields::Fields;
use crate::desk::scan::Scan;
use crate::desk::seen::{Customer, Figures, List};
use crate::desk::texts as t;
use crate::desk::visit::{Posted, Visit};
use crate::error::Result;
use crate::problem::{FieldError, Problem};
use crate::values::{Bad, Id};

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

/// Before a parcel is sent, or what was noted of it corrected.
pub fn check_parcel(visit: &Visit, posted: &Posted) -> Result<()> {
    // A carrier that was noted long ago stays, whatever the shop sells since.
    check_codes(visit, &posted.fields, posted.form.name == "ship")
}

/// The shortest barcode. A shorter number may end the name or the number of anything.
const BARCODE_DIGITS_MIN: usize = 8;

/// Refuses the code of a product where a parcel is described: a scanner has typed it, and meant to pack.
fn check_codes(visit: &Visit, fields: &Fields, with_carrier: bool) -> Result<()> {
    let mut faults = Vec::new();
    for (name, what) in [("carrier", t::NO_CARRIER), ("tracking_number", t::NO_TRACKING_NUMBER)] {
        if name == "carrier" && !with_carrier {
            continue;
        }
        let text = fields.get(name).unwrap_or("").trim();
        let carrier = last_carrier(visit).filter(|_| name == "carrier").unwrap_or_default();
        // A scanner types behind what stands in a field as well as over it.
        let behind = text.strip_prefix(carrier.as_str()).unwrap_or("").trim();
        let digits = text.rsplit(|letter: char| !letter.is_ascii_digit()).next().unwrap_or("");
        // Who carries most parcels may be called as a product is.
        let mut codes = vec![behind, if carrier == text { "" } else { text }];
        codes.extend((digits.len() >= BARCODE_DIGITS_MIN).then_some(digits));
        codes.dedup();
        for code in codes {
            if let Some(product) =
                Scan::read(code).map(|scan| scan.product(&visit.api)).transpose()?.flatten()
            {
                let message = t::is_a_code(code, &product.name, what);
                faults.push(FieldError::new(name, Bad::new("code_of_product", message)));
                break;
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(faults).into()) }
}

/// Most shops have one.
fn last_carrier(visit: &Visit) -> Option<String> {
    let list: List<Order> = visit.api.get("/orders?status=shipped&limit=1").ok()?;
    list.data.into_iter().next()?.carrier
}
