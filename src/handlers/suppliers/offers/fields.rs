//! What a supplier asks for a product: its fields, as they are asked for and shown.

use mysql::Row;
use serde::Serialize;

use crate::db::column;
use crate::ledger::ON_HAND_MAX;
use crate::restock::supply::{PriceBreak, Terms};
use crate::values::{Bad, Currency, Id, Line, Timestamp, UnitCost, boolean, whole_number};
use crate::web::form::Form;
use crate::web::shown::Shown;

#[derive(Debug, Clone, Serialize)]
pub struct Offer {
    pub supplier_id: Id,
    pub supplier_name: String,
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub terms: Terms,
    pub currency: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What else of it comes back when it is read, changed and written back.
#[rustfmt::skip]
pub const SHOWN: &[Shown] = &[
    Shown::fixed("supplier_id", "it never changes"),
    Shown::fixed("supplier_name", "PATCH /suppliers/{id} changes it"),
    Shown::fixed("product_id", "it never changes"),
    Shown::fixed("name", "PATCH /products/{id} changes it"),
    Shown::fixed("sku", "PATCH /products/{id} changes it"),
    Shown::fixed("currency", "the setting STOREKEEPER_CURRENCY decides"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
    Shown::elsewhere("price", "PATCH /products/{id} changes the price at which it is sold, and cost is what the shop pays"),
    Shown::elsewhere("lead_time_days", "PATCH /suppliers/{id} sets the supplier's lead time, and PATCH /products/{id}/stock a product's own"),
    Shown::elsewhere("order_days", "PATCH /suppliers/{id} sets them"),
    Shown::elsewhere("minimum_order_value", "PATCH /suppliers/{id} sets it"),
];

/// What PATCH names; the inner None clears.
pub struct Changes {
    supplier_sku: Option<Option<Line<100>>>,
    cost: Option<UnitCost>,
    pack_size: Option<i64>,
    minimum_quantity: Option<i64>,
    price_breaks: Option<Vec<PriceBreak>>,
    preferred: Option<bool>,
}

/// A pallet of the smallest things.
const PACK_SIZE_MAX: i64 = 1_000_000;
/// More than price lists have.
const PRICE_BREAKS_MAX: usize = 20;

impl Offer {
    pub fn from_row(row: &Row, currency: &Currency) -> Offer {
        Offer {
            supplier_id: column(row, "supplier_id"),
            supplier_name: column(row, "supplier_name"),
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            terms: Terms::from_row(row, currency),
            currency: currency.code().to_owned(),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }
}

/// What is asked by whom there is, for what there is. The two ids say at which end a list begins.
pub fn select() -> String {
    format!(
        "SELECT v.id AS supplier_id, v.name AS supplier_name, p.id AS product_id, p.name, p.sku, o.created_at, o.updated_at, {}
         FROM supplier_products o JOIN suppliers v ON v.id = o.supplier_id AND v.active = 1
         JOIN products p ON p.id = o.product_id AND p.active = 1",
        Terms::COLUMNS
    )
}

pub fn read_terms(form: &mut Form, currency: &Currency) -> Option<Terms> {
    let supplier_sku = form.optional("supplier_sku", Line::parse);
    let cost = form.required("cost", |input| currency.parse_unit_cost(input));
    let pack_size = form.with_default("pack_size", 1, |input| whole_number(input, 1, PACK_SIZE_MAX));
    let minimum_quantity =
        form.with_default("minimum_quantity", 1, |input| whole_number(input, 1, ON_HAND_MAX));
    let price_breaks = read_price_breaks(form, currency);
    let preferred = form.with_default("preferred", false, boolean);
    Some(Terms {
        supplier_sku: supplier_sku?,
        cost: cost?,
        pack_size: pack_size?,
        minimum_quantity: minimum_quantity?,
        price_breaks: price_breaks?.unwrap_or_default(),
        preferred: preferred?,
    })
}

impl Changes {
    pub fn read(form: &mut Form, currency: &Currency) -> Option<Changes> {
        let supplier_sku = form.changed_or_cleared("supplier_sku", Line::parse);
        let cost = form.changed("cost", |input| currency.parse_unit_cost(input));
        let pack_size = form.changed("pack_size", |input| whole_number(input, 1, PACK_SIZE_MAX));
        let minimum_quantity = form.changed("minimum_quantity", |input| whole_number(input, 1, ON_HAND_MAX));
        let price_breaks = read_price_breaks(form, currency);
        let preferred = form.changed("preferred", boolean);
        Some(Changes {
            supplier_sku: supplier_sku?,
            cost: cost?,
            pack_size: pack_size?,
            minimum_quantity: minimum_quantity?,
            price_breaks: price_breaks?,
            preferred: preferred?,
        })
    }

    pub fn merged(&self, old: &Terms) -> Terms {
        Terms {
            supplier_sku: self.supplier_sku.as_ref().unwrap_or(&old.supplier_sku).clone(),
            cost: self.cost.unwrap_or(old.cost),
            pack_size: self.pack_size.unwrap_or(old.pack_size),
            minimum_quantity: self.minimum_quantity.unwrap_or(old.minimum_quantity),
            price_breaks: self.price_breaks.as_ref().unwrap_or(&old.price_breaks).clone(),
            preferred: self.preferred.unwrap_or(old.preferred),
        }
    }
}

/// `price_breaks: [{from_quantity, cost}]`, each from a larger quantity on than the one before.
fn read_price_breaks(form: &mut Form, currency: &Currency) -> Option<Option<Vec<PriceBreak>>> {
    let mut before = 1;
    form.changed_list("price_breaks", PRICE_BREAKS_MAX, |form, place, item| {
        let one = form.object_item(place, item, |form| {
            let from_quantity = form.required("from_quantity", |input| whole_number(input, 2, ON_HAND_MAX));
            let cost = form.required("cost", |input| currency.parse_unit_cost(input));
            Some(PriceBreak { from_quantity: from_quantity?, cost: cost? })
        })?;
        if one.from_quantity <= before {
            let message = format!("must be more than {before}, from which the price before it counts");
            form.reject(&format!("{place}.from_quantity"), Bad::new("not_rising", message));
            return None;
        }
        before = one.from_quantity;
        Some(one)
    })
}
