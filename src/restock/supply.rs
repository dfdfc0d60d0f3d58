//! Who sells what to the shop, and for how much.
//!
//! Of the suppliers of a product one may be preferred, and the product's lead time is theirs unless it has its own.
//! Who is archived is nobody's preferred supplier; their offers are kept for the day when they are restored.

use std::collections::HashMap;

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::{Connection, column, in_list};
use crate::error::Result;
use crate::restock::Packing;
use crate::values::{Currency, Id, Line, Timestamp, UnitCost};

/// How the preferred supplier of `stock s` is waited for, as [`Waiting::from_row`] reads it beside `lead_time_days`: its
/// lead time, times 128, and the days on which the shop orders there. -1 where somebody sells the product and nobody who
/// is active is preferred, NULL where nobody sells it. One column fits into every statement, and locking the stock locks
/// no supplier.
pub const WAITING: &str = "COALESCE(
         (SELECT v.lead_time_days * 128 + v.order_days
          FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
          WHERE o.preferred_product_id = s.product_id AND v.active = 1),
         (SELECT -1 FROM supplier_products o WHERE o.product_id = s.product_id LIMIT 1)
     ) AS supplier_waited_for";

/// How long a product is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// From ordering to receiving.
    pub effective_lead_time_days: i64,
    /// The longest time from one day on which the shop orders to the next: 1 where that is every day, 7 where it is
    /// Mondays.
    pub review_days: i64,
    /// The lead time is 0 only because nobody says how long it is: the product is sold by some supplier, and none who is
    /// active is preferred. What is ordered is expected today, and comes when somebody receives it.
    #[serde(skip)]
    pub is_unknown: bool,
}

impl Waiting {
    pub fn from_row(row: &Row) -> Waiting {
        let own: Option<i64> = column(row, "lead_time_days");
        let sold: Option<i64> = column(row, "supplier_waited_for");
        let preferred = sold.filter(|days| *days >= 0);
        let suppliers = preferred.unwrap_or(0);
        Waiting {
            effective_lead_time_days: own.unwrap_or(suppliers / 128),
            review_days: review_days((suppliers % 128).try_into().unwrap_or(0)),
            is_unknown: own.is_none() && sold.is_some() && preferred.is_none(),
        }
    }

    /// Whether goods are on the shelf as soon as they are ordered: somebody wrote a lead time of 0, or nobody sells them
    /// and they come from the shop's own list.
    pub fn is_at_once(self) -> bool {
        self.effective_lead_time_days == 0 && !self.is_unknown
    }

    /// What a reorder point has to last for: who has just missed the day for ordering waits for the next one first.
    pub fn days(self) -> i64 {
        self.effective_lead_time_days + self.review_days - 1
    }
}

/// The longest time from one of these days of the week to the next; none of them are all.
pub fn review_days(order_days: u8) -> i64 {
    let is_one = |day: i64| order_days == 0 || order_days >> (day % 7) & 1 == 1;
    let until_next = |day: i64| (1..=7).find(|later| is_one(day + later)).unwrap_or(7);
    (0..7).filter(|day| is_one(*day)).map(until_next).max().unwrap_or(1)
}

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

    pub fn packing(&self) -> Packing {
        Packing { pack_size: self.pack_size, minimum_quantity: self.minimum_quantity }
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
    /// The days of the week on which the shop orders there, as [`crate::values::Weekday::to_bits`]; 0 for any day.
    pub order_days: u8,
    pub terms: Terms,
}

/// Of more products than a page holds the suppliers of all are read: a shop has at most as many as products.
const PRODUCTS_NAMED_MAX: usize = 500;

/// The preferred suppliers of these products, with what they ask. Products without one are left out; others may be
/// among them.
pub fn preferred(
    db: &mut Connection,
    currency: &Currency,
    product_ids: &[Id],
) -> Result<HashMap<Id, Supply>> {
    let (are_these, ids) = match product_ids.len() {
        0 => return Ok(HashMap::new()),
        1..=PRODUCTS_NAMED_MAX => {
            let (marks, ids) = in_list(product_ids.iter().copied());
            (format!("IN ({marks})"), ids)
        }
        _ => ("IS NOT NULL".to_owned(), Vec::new()),
    };
    let sql = format!(
        "SELECT o.product_id, v.id AS supplier_id, v.name, v.lead_time_days, v.order_days, {}
         FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
         WHERE o.preferred_product_id {are_these} AND v.active = 1",
        Terms::COLUMNS
    );
    let supply = |row: &Row| Supply {
        supplier_id: column(row, "supplier_id"),
        supplier_name: column(row, "name"),
        lead_time_days: column(row, "lead_time_days"),
        order_days: column(row, "order_days"),
        terms: Terms::from_row(row, currency),
    };
    Ok(db.rows(&sql, ids, |row| (column(row, "product_id"), supply(row)))?.into_iter().collect())
}

/// What a supplier asks for these products, preferred or not. Those that it does not sell are left out.
pub fn terms(
    db: &mut Connection,
    currency: &Currency,
    supplier_id: Id,
    product_ids: &[Id],
) -> Result<HashMap<Id, Terms>> {
    if product_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (marks, mut values) = in_list(product_ids.iter().copied());
    values.push(supplier_id.into());
    let sql = format!(
        "SELECT o.product_id, {} FROM supplier_products o WHERE o.product_id IN ({marks}) AND o.supplier_id = ?",
        Terms::COLUMNS
    );
    let terms = db.rows(&sql, values, |row| (column(row, "product_id"), Terms::from_row(row, currency)))?;
    Ok(terms.into_iter().collect())
}

/// How a product is sold to the shop.
pub fn packing(supply: Option<&Supply>) -> Packing {
    supply.map_or(Packing::SINGLE_UNITS, |supply| supply.terms.packing())
}

/// Whether a supplier of the product, or what it asks for it, has changed at this time or later.
pub fn has_changed_since(db: &mut Connection, product_id: Id, since: Timestamp) -> Result<bool> {
    let sql =
        "SELECT o.supplier_id FROM supplier_products o STRAIGHT_JOIN suppliers v ON v.id = o.supplier_id
         WHERE o.product_id = ? AND (o.updated_at >= ? OR v.updated_at >= ?) LIMIT 1";
    Ok(db.row(sql, (product_id, since, since), |_| ())?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_between_days_of_the_week() {
        for (order_days, days) in
            [(0, 1), (127, 1), (1, 7), (64, 7), (0b000_0101, 5), (0b001_1111, 3), (0b100_0001, 6)]
        {
            assert_eq!(review_days(order_days), days, "{order_days:b}");
        }
    }
}
