//! Who sells what to the shop, and for how much.
//!
//! Of the suppliers of a product one may be preferred, and the product's lead time is theirs unless it has its own.
//! Who is archived is nobody's preferred supplier; their offers are kept for the day when they are restored.

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::{Currency, Id, Line, Timestamp, UnitCost};

/// The lead time by which `stock s` is restocked: its own, or that of its preferred supplier, or 0. It is a subquery, so
/// that it fits into every statement, and locking the stock locks no supplier.
pub const EFFECTIVE_LEAD_TIME: &str = "COALESCE(
    s.lead_time_days,
    (SELECT v.lead_time_days FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
     WHERE o.preferred_product_id = s.product_id AND v.active = 1),
    0
) AS effective_lead_time_days";

/// A year; whoever waits longer orders by hand.
pub const LEAD_TIME_DAYS_MAX: i64 = 365;

/// What a supplier asks for a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Terms {
    pub supplier_sku: Option<Line<100>>,
    /// Of one unit, however many are in a pack.
    pub cost: UnitCost,
    /// Units; only whole packs are sold.
    pub pack_size: i64,
    /// Units; less is not sold.
    pub minimum_quantity: i64,
    /// With rising quantities.
    pub price_breaks: Vec<PriceBreak>,
    /// Whether the product is bought here, unless somebody says otherwise.
    pub preferred: bool,
}

/// What one unit costs when at least so many are ordered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PriceBreak {
    pub from_quantity: i64,
    pub cost: UnitCost,
}

impl Terms {
    /// The columns of `supplier_products o` that [`Terms::from_row`] reads.
    pub const COLUMNS: &str =
        "o.supplier_sku, o.cost_minor_e4, o.pack_size, o.minimum_quantity, o.price_breaks,
        o.preferred_product_id IS NOT NULL AS preferred";

    /// What INSERT and UPDATE write; [`Terms::written`] has the values.
    pub const WRITTEN: &str =
        "supplier_sku = ?, cost_minor_e4 = ?, pack_size = ?, minimum_quantity = ?, price_breaks = ?,
        preferred_product_id = ?";

    pub fn from_row(row: &Row, currency: &Currency) -> Terms {
        let breaks: Option<String> = column(row, "price_breaks");
        let breaks: Vec<(i64, i64)> = breaks
            .map(|text| serde_json::from_str(&text).expect("JSON that was written here"))
            .unwrap_or_default();
        let price_break =
            |(from_quantity, cost)| PriceBreak { from_quantity, cost: currency.unit_cost(cost) };
        Terms {
            supplier_sku: column::<Option<String>>(row, "supplier_sku").map(Line),
            cost: currency.unit_cost(column(row, "cost_minor_e4")),
            pack_size: column(row, "pack_size"),
            minimum_quantity: column(row, "minimum_quantity"),
            price_breaks: breaks.into_iter().map(price_break).collect(),
            preferred: column(row, "preferred"),
        }
    }

    pub fn written(&self, product_id: Id) -> [Value; 6] {
        let breaks: Vec<(i64, i64)> =
            self.price_breaks.iter().map(|one| (one.from_quantity, one.cost.minor_e4)).collect();
        let breaks = (!breaks.is_empty()).then(|| serde_json::to_string(&breaks).expect("numbers are JSON"));
        [
            self.supplier_sku.as_ref().into(),
            self.cost.minor_e4.into(),
            self.pack_size.into(),
            self.minimum_quantity.into(),
            breaks.into(),
            self.preferred.then_some(product_id).into(),
        ]
    }
}

/// Whether a supplier of the product, or what it asks for it, has changed at this time or later.
pub fn has_changed_since(db: &mut Connection, product_id: Id, since: Timestamp) -> Result<bool> {
    let sql =
        "SELECT o.supplier_id FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
         WHERE o.product_id = ? AND (o.updated_at >= ? OR v.updated_at >= ?) LIMIT 1";
    Ok(db.row(sql, (product_id, since, since), |_| ())?.is_some())
}
