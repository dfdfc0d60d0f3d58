//! A product's rule as it is beside one that is proposed, tried on the product's own past. It writes nothing.

use serde::Serialize;

use crate::config::Config;
use crate::db::Connection;
use crate::error::Result;
use crate::restock::demand::PRODUCTS_AT_ONCE;
use crate::restock::forecast::DAYS_MAX;
use crate::restock::outlook::{self, Known};
use crate::restock::plan::{Selection, scan};
use crate::restock::what_if::{Outcome, Point, Rule, Trial};
use crate::values::{Calendar, Day, Id, Price, ServiceLevel, Timestamp, UnitCost};

/// What is to be compared.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    pub known: &'a Known,
    /// At most so many of the last days.
    pub days: usize,
    /// A product that is not watched has no reorder point.
    pub now: Rule,
    pub proposal: Rule,
    /// None when it is not known, or nothing the caller may see.
    pub unit_cost: Option<UnitCost>,
    /// Whether to try reorder points from 0 up too.
    pub with_curve: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    /// The first and the last day that was replayed; null when nothing is known of the product.
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub days: usize,
    /// Days that say nothing of what was wanted, for which the average of the others stands.
    pub days_estimated: usize,
    pub units_wanted: i64,
    pub unit_cost: Option<UnitCost>,
    /// None when the product is not watched, or nothing is known of its past.
    pub now: Option<Tried>,
    pub proposal: Option<Tried>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Vec<TriedPoint>>,
    /// Why something is missing.
    pub reason: Option<&'static str>,
}

/// A rule, and what it would have come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tried {
    pub reorder_point: Option<i64>,
    pub reorder_target: Option<i64>,
    pub reorder_multiple: i64,
    pub order_max: Option<i64>,
    pub effective_lead_time_days: i64,
    pub service_level: ServiceLevel,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub money_bound: Option<Price>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TriedPoint {
    pub reorder_point: i64,
    pub reorder_target: i64,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub money_bound: Option<Price>,
}

const NO_PAST: &str =
    "nothing is known of its past: a restock run of all products sums up each day once it is over";
const NOT_WATCHED: &str = "it is not watched: as it is now nothing is ordered";

pub fn compare(calendar: &Calendar, asked: Asked) -> Comparison {
    let past = &asked.known.past;
    let last = past.last.filter(|_| !past.days.is_empty());
    let trial = last.map(|last| Trial::new(calendar, &past.days, last, asked.days));
    let cost = asked.unit_cost;
    let tried = |rule: Rule| trial.as_ref().map(|trial| Tried::new(&rule, trial.replay(&rule), cost));
    let is_watched = asked.now.policy.reorder_point.is_some();
    let curve = asked.with_curve.then(|| {
        let points = trial.as_ref().map(|trial| trial.curve(&asked.proposal)).unwrap_or_default();
        points.into_iter().map(|point| TriedPoint::new(point, cost)).collect()
    });
    Comparison {
        product_id: asked.product_id,
        from: trial.as_ref().map(Trial::first),
        to: last,
        days: trial.as_ref().map_or(0, Trial::days),
        days_estimated: trial.as_ref().map_or(0, |trial| trial.days_estimated),
        units_wanted: trial.as_ref().map_or(0, Trial::units_wanted),
        unit_cost: cost,
        now: tried(asked.now).filter(|_| is_watched),
        proposal: tried(asked.proposal),
        curve,
        reason: match trial {
            None => Some(NO_PAST),
            Some(_) if !is_watched => Some(NOT_WATCHED),
            Some(_) => None,
        },
        name: asked.name,
        sku: asked.sku,
    }
}

impl Tried {
    fn new(rule: &Rule, outcome: Outcome, cost: Option<UnitCost>) -> Tried {
        Tried {
            reorder_point: rule.policy.reorder_point,
            reorder_target: rule.policy.reorder_target,
            reorder_multiple: rule.policy.reorder_multiple,
            order_max: rule.policy.order_max,
            effective_lead_time_days: rule.lead_time_days,
            service_level: rule.policy.service_level,
            outcome,
            money_bound: cost.map(|cost| money_bound(outcome.average_stock, cost)),
        }
    }
}

impl TriedPoint {
    fn new(point: Point, cost: Option<UnitCost>) -> TriedPoint {
        let Point { reorder_point, reorder_target, outcome } = point;
        let money_bound = cost.map(|cost| money_bound(outcome.average_stock, cost));
        TriedPoint { reorder_point, reorder_target, outcome, money_bound }
    }
}

/// What the average stock costs, to the minor unit.
#[expect(clippy::cast_possible_truncation, reason = "tenths of a shelf's units")]
fn money_bound(average_stock: f64, cost: UnitCost) -> Price {
    const PARTS: i128 = 10 * 10_000;
    let tenths = (average_stock * 10.0).round() as i128;
    let minor = (tenths * i128::from(cost.minor_e4) + PARTS / 2) / PARTS;
    Price { minor: i64::try_from(minor).unwrap_or(i64::MAX), decimals: cost.decimals }
}

/// Every watched product of the selection as it is beside the reorder point that its forecast suggests, over all that is
/// known of its past.
pub fn compare_watched(
    db: &mut Connection,
    config: &Config,
    selection: Selection,
    now: Timestamp,
) -> Result<Vec<Comparison>> {
    let today = config.calendar.day_of(now);
    let watched = scan(db, config, selection, now)?;
    let mut compared = Vec::with_capacity(watched.len());
    for some in watched.chunks(PRODUCTS_AT_ONCE) {
        let ids: Vec<Id> = some.iter().map(|watched| watched.product_id).collect();
        let mut known = outlook::known(db, &config.calendar, &ids, today)?;
        compared.extend(some.iter().map(|watched| {
            let known = known.remove(&watched.product_id).unwrap_or_default();
            let rule = Rule::of(watched.policy, watched.supply.as_ref());
            let rule = Rule { lead_time_days: known.lead_time_days(rule.lead_time_days), ..rule };
            let suggested = known.suggested(rule.waiting_days(), rule.policy.service_level);
            let asked = Asked {
                product_id: watched.product_id,
                name: watched.name.clone(),
                sku: watched.sku.clone(),
                known: &known,
                days: DAYS_MAX,
                now: rule,
                proposal: Rule { policy: rule.policy.at_point(suggested), ..rule },
                unit_cost: watched.supply.as_ref().map(|supply| supply.terms.cost),
                with_curve: selection.product_id.is_some(),
            };
            compare(&config.calendar, asked)
        }));
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Currency;

    #[test]
    fn money_is_rounded_to_the_minor_unit() {
        let euro = Currency::from_code("EUR").unwrap();
        let of = |average: f64, cost: i64| money_bound(average, euro.unit_cost(cost)).to_string();
        assert_eq!(of(12.5, 7_950_000), "99.38");
        assert_eq!(of(0.1, 500_000), "0.05");
        assert_eq!(of(0.1, 449_999), "0.04");
        assert_eq!(of(0.0, 7_950_000), "0.00");
        assert_eq!(of(2e9, 99_999_999_990_000), "92233720368547758.07");
    }
}
