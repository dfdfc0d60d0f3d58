//! Suppliers: who they are, how long they take, and what they ask for the products.

pub mod list;
pub mod offer;
pub mod offers;
pub mod supplier;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::values::Id;

#[derive(Deserialize)]
pub struct Supplier {
    pub id: Id,
    pub name: String,
    email: Option<String>,
    phone: Option<String>,
    lead_time_days: i64,
    order_days: Vec<String>,
    minimum_order_value: Option<String>,
    note: Option<String>,
    archived_at: Option<String>,
}

/// What a supplier asks for a product.
#[derive(Deserialize)]
struct Offer {
    supplier_id: Id,
    supplier_name: String,
    product_id: Id,
    name: String,
    sku: Option<String>,
    supplier_sku: Option<String>,
    cost: String,
    pack_size: i64,
    minimum_quantity: i64,
    price_breaks: Vec<PriceBreak>,
    preferred: bool,
}

#[derive(Deserialize)]
struct PriceBreak {
    from_quantity: i64,
    cost: String,
}

impl Offer {
    /// What it costs, with what it costs when more is bought at once.
    fn costs(&self, visit: &Visit) -> Markup {
        html! {
            (visit.money(&self.cost))
            @for one in &self.price_breaks { br; (t::from_units(one.from_quantity, &visit.money(&one.cost))) }
        }
    }

    fn mark(&self) -> Markup {
        html! { @if self.preferred { span.mark.good { "● " (t::PREFERRED) } } }
    }
}
