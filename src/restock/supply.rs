//! Who sells what to the shop, and for how much.
//!
//! Of the suppliers of a product one may be preferred, and the product's lead time is theirs unless it has its own.
//! Who is archived is nobody's preferred supplier; their offers are kept for the day when they are restored.

use std::collections::HashMap;

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::{Connection, column, in_list};
use crate::error::Result;
use crate::values::{Currency, Id, Line, Timestamp, UnitCost, Weekday};

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

    /// What one unit costs when so many are ordered at once: that of the last price break that they reach.
    ///
    /// ```
    /// use storekeeper::restock::supply::{PriceBreak, Terms};
    /// use storekeeper::values::Currency;
    ///
    /// let euro = Currency::from_code("EUR").unwrap();
    /// let terms = Terms {
    ///     supplier_sku: None,
    ///     cost: euro.unit_cost(7_950_000),
    ///     pack_size: 6,
    ///     minimum_quantity: 12,
    ///     price_breaks: vec![PriceBreak { from_quantity: 48, cost: euro.unit_cost(7_200_000) }],
    ///     preferred: true,
    /// };
    /// assert_eq!(terms.cost_at(47).to_string(), "7.95");
    /// assert_eq!(terms.cost_at(48).to_string(), "7.20");
    /// ```
    pub fn cost_at(&self, quantity: i64) -> UnitCost {
        let reached = self.price_breaks.iter().rev().find(|one| one.from_quantity <= quantity);
        reached.map_or(self.cost, |one| one.cost)
    }
}

/// From whom a product is bought, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    pub supplier_id: Id,
    pub supplier_name: String,
    pub lead_time_days: i64,
    /// The days of the week on which the shop orders there; none for any day.
    pub order_days: Vec<Weekday>,
    /// Minor units; what an order there comes to at least.
    pub minimum_order_minor: Option<i64>,
    pub terms: Terms,
}

/// As many products as are named in one statement; see [`crate::restock::forecast`].
const PRODUCTS_AT_ONCE: usize = 500;

/// The preferred suppliers of these products, with what they ask. Products without one are left out.
pub fn preferred(
    db: &mut Connection,
    currency: &Currency,
    product_ids: &[Id],
) -> Result<HashMap<Id, Supply>> {
    let mut all = HashMap::new();
    for some in product_ids.chunks(PRODUCTS_AT_ONCE) {
        let (marks, ids) = in_list(some.iter().copied());
        let sql = format!(
            "SELECT o.product_id, v.id AS supplier_id, v.name, v.lead_time_days, v.order_days, v.minimum_order_minor, {}
             FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
             WHERE o.preferred_product_id IN ({marks}) AND v.active = 1",
            Terms::COLUMNS
        );
        let supply = |row: &Row| Supply {
            supplier_id: column(row, "supplier_id"),
            supplier_name: column(row, "name"),
            lead_time_days: column(row, "lead_time_days"),
            order_days: Weekday::from_bits(column(row, "order_days")),
            minimum_order_minor: column(row, "minimum_order_minor"),
            terms: Terms::from_row(row, currency),
        };
        all.extend(db.rows(&sql, ids, |row| (column(row, "product_id"), supply(row)))?);
    }
    Ok(all)
}

/// Whether a supplier of the product, or what it asks for it, has changed at this time or later.
pub fn has_changed_since(db: &mut Connection, product_id: Id, since: Timestamp) -> Result<bool> {
    let sql =
        "SELECT o.supplier_id FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
         WHERE o.product_id = ? AND (o.updated_at >= ? OR v.updated_at >= ?) LIMIT 1";
    Ok(db.row(sql, (product_id, since, since), |_| ())?.is_some())
}
