//! Restocking: what to order, why, and doing it. It knows no HTTP.
//!
//! [`decide`] is the rule, a pure function. [`scan`] applies it to every watched product with one
//! statement; [`run`] acts on it, each product in a short transaction of its own that decides again
//! under the row's lock. So runs may overlap, on one machine or several, and a run that is killed has
//! done whole products only.

pub mod demand;
pub mod forecast;
pub mod hits;
pub mod outlook;
mod run;
mod unconfirmed;

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::{Connection, Filter, column};
use crate::error::Result;
use crate::ledger::Figures;
use crate::restock::outlook::{Forecast, Known};
use crate::values::{Calendar, Id, ServiceLevel, Timestamp, words};

pub use run::{Outcome, RunLine, Summary, finish, prune, run, start, summary};

words! {
    /// Where a restock order stands.
    OrderStatus, refused as "invalid_status" {
        Open = "open",
        Received = "received",
        Cancelled = "cancelled",
    }
}

impl OrderStatus {
    /// What an INSERT or UPDATE of a restock order writes when its status is set; [`OrderStatus::written`]
    /// has the values.
    pub const WRITTEN: &'static str = "status = ?, closed_at = ?, open_product_id = ?";

    /// A closed order has its time, an open one its product in the key that allows one a product.
    pub fn written(self, product_id: Id, now: Timestamp) -> [Value; 3] {
        let is_open = self == OrderStatus::Open;
        [self.into(), (!is_open).then_some(now).into(), is_open.then_some(product_id).into()]
    }
}

/// How a product is restocked. Without a reorder point it is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Policy {
    pub reorder_point: Option<i64>,
    pub reorder_target: Option<i64>,
    pub reorder_multiple: i64,
    pub lead_time_days: i64,
    /// With which probability the suggested reorder point lasts.
    pub service_level: ServiceLevel,
}

impl Policy {
    /// What an empty shelf is filled up with: the target, or the next multiple above it.
    pub fn order_for_an_empty_shelf(&self) -> Option<i64> {
        let multiples =
            self.reorder_target?.saturating_add(self.reorder_multiple - 1) / self.reorder_multiple;
        Some(multiples.saturating_mul(self.reorder_multiple))
    }
}

/// What the rule says about one product, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Order { position: i64, quantity: i64 },
    Nothing { position: i64, reason: Reason },
}

/// Why nothing is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NotWatched,
    /// Out of the catalogue.
    Archived,
    /// The position is on the reorder point or above it.
    Enough,
    /// An open restock order is waited for; a product has one at most.
    OrderOpen,
}

/// The rule, in words: the *position* of a product is what is on the shelf, less what is reserved for
/// customers, plus what is on its way, however late. When the position is below the reorder point, and
/// nothing is on its way already, order as many whole multiples as bring it up to the target or just
/// above.
///
/// The target is never below the point, so after an order the position is at least the point, and
/// deciding again orders nothing.
///
/// ```
/// use storekeeper::ledger::Figures;
/// use storekeeper::restock::{Decision, Policy, decide};
/// use storekeeper::values::ServiceLevel;
///
/// let shelf = Figures { on_hand: 9, reserved: 4, incoming: 0 };
/// let policy = Policy {
///     reorder_point: Some(10),
///     reorder_target: Some(40),
///     reorder_multiple: 6,
///     lead_time_days: 7,
///     service_level: ServiceLevel::USUAL,
/// };
/// // The position is 5. Up to 40 are missing 35, which is 6 multiples of 6.
/// assert_eq!(decide(&shelf, &policy), Decision::Order { position: 5, quantity: 36 });
/// ```
pub fn decide(shelf: &Figures, policy: &Policy) -> Decision {
    let position = shelf.on_hand.saturating_sub(shelf.reserved).saturating_add(shelf.incoming);
    let nothing = |reason| Decision::Nothing { position, reason };
    let (Some(point), Some(target)) = (policy.reorder_point, policy.reorder_target) else {
        return nothing(Reason::NotWatched);
    };
    if position >= point {
        return nothing(Reason::Enough);
    }
    if shelf.incoming > 0 {
        return nothing(Reason::OrderOpen);
    }
    let missing = target.saturating_sub(position);
    let multiple = policy.reorder_multiple.max(1);
    let multiples = missing.saturating_sub(1) / multiple + 1;
    Decision::Order { position, quantity: multiples.saturating_mul(multiple) }
}

impl Decision {
    /// In words, with the figures: what the plan and the run's lines say.
    pub fn explained(&self, policy: &Policy) -> String {
        let point = policy.reorder_point.unwrap_or(0);
        let target = policy.reorder_target.unwrap_or(0);
        match self {
            Decision::Order { position, quantity } => format!(
                "position {position} is below the reorder point {point}: {quantity} (in multiples of {}) bring it to \
                 {}, at least the target {target}",
                policy.reorder_multiple,
                position.saturating_add(*quantity),
            ),
            Decision::Nothing { reason: Reason::NotWatched, .. } => {
                "not watched: it has no reorder point".to_owned()
            }
            Decision::Nothing { reason: Reason::Archived, .. } => {
                "archived: nothing is ordered for it; restore it first".to_owned()
            }
            Decision::Nothing { position, reason: Reason::Enough } => {
                format!("position {position} is not below the reorder point {point}")
            }
            Decision::Nothing { position, reason: Reason::OrderOpen } => format!(
                "position {position} is below the reorder point {point}, but a restock order is open; receive or \
                 cancel it first"
            ),
        }
    }

    pub fn quantity(&self) -> i64 {
        match self {
            Decision::Order { quantity, .. } => *quantity,
            Decision::Nothing { .. } => 0,
        }
    }

    pub fn position(&self) -> i64 {
        match self {
            Decision::Order { position, .. } | Decision::Nothing { position, .. } => *position,
        }
    }
}

/// A watched product as a scan found it, or an archived one.
#[derive(Debug, Clone)]
pub struct Watched {
    pub product_id: Id,
    pub archived: bool,
    pub name: String,
    pub sku: Option<String>,
    /// As the rule sees it: less what is left out of what is reserved.
    pub shelf: Figures,
    pub left_out: i64,
    pub policy: Policy,
}

/// A line of the plan: what a run would do about a product now, and why.
#[derive(Debug, Serialize)]
pub struct PlanLine {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub shelf: Figures,
    pub position: i64,
    #[serde(flatten)]
    pub policy: Policy,
    /// `order`, `receive` (the lead time is 0) or `nothing`.
    pub action: &'static str,
    pub quantity: i64,
    pub reason: String,
    pub forecast: Forecast,
}

impl Policy {
    /// The columns of `stock s`, and of a run's lines, that [`Policy::from_row`] reads and
    /// [`Policy::written`] writes.
    pub const COLUMNS: [&str; 5] =
        ["reorder_point", "reorder_target", "reorder_multiple", "lead_time_days", "service_level"];

    /// The columns of the table `alias` for a SELECT.
    pub fn columns_of(alias: &str) -> String {
        Policy::COLUMNS.map(|column| format!("{alias}.{column}")).join(", ")
    }

    pub fn written(&self) -> [Value; 5] {
        [
            self.reorder_point.into(),
            self.reorder_target.into(),
            self.reorder_multiple.into(),
            self.lead_time_days.into(),
            self.service_level.0.into(),
        ]
    }

    pub fn from_row(row: &Row) -> Policy {
        Policy {
            reorder_point: column(row, "reorder_point"),
            reorder_target: column(row, "reorder_target"),
            reorder_multiple: column(row, "reorder_multiple"),
            lead_time_days: column(row, "lead_time_days"),
            service_level: ServiceLevel(column(row, "service_level")),
        }
    }
}

impl Watched {
    fn from_row(row: &Row) -> Watched {
        Watched {
            product_id: column(row, "product_id"),
            archived: column(row, "archived"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            shelf: Figures::from_row(row),
            left_out: 0,
            policy: Policy::from_row(row),
        }
    }

    fn decide(&self) -> Decision {
        match (decide(&self.shelf, &self.policy), self.archived) {
            (decision, true) => Decision::Nothing { position: decision.position(), reason: Reason::Archived },
            (decision, false) => decision,
        }
    }
}

/// Which watched products to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection {
    /// Only this one.
    pub product_id: Option<Id>,
    /// Also when it is archived, watched or not, to say so.
    pub or_archived: bool,
    /// Only those with larger ids than this.
    pub after: Id,
    /// At most this many; none for all.
    pub limit: Option<i64>,
}

/// The watched active products in the order of their ids, with one statement, and one for what is left out of it:
/// what strangers hold without confirmation beyond `strangers_units_max`, all products together.
pub fn scan(
    db: &mut Connection,
    selection: Selection,
    strangers_units_max: Option<i64>,
) -> Result<Vec<Watched>> {
    let mut filter = Filter::default();
    if selection.or_archived {
        filter.add("(p.active = 0 OR s.reorder_point IS NOT NULL)", []);
    } else {
        filter.add("s.reorder_point IS NOT NULL", []);
        filter.add("p.active = 1", []);
    }
    match selection.product_id {
        Some(product_id) => filter.add("s.product_id = ?", [product_id.into()]),
        None => filter.add("s.product_id > ?", [selection.after.into()]),
    }
    // A page follows the primary key; all of them are found through the key on reorder_point, which
    // skips what is not watched, and are sorted here.
    let page = selection.limit.map_or("LIMIT ?", |_| "ORDER BY s.product_id LIMIT ?");
    let sql = format!(
        "SELECT s.product_id, p.active = 0 AS archived, p.name, p.sku, s.on_hand, s.reserved, s.incoming, {}
         FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id {} {page}",
        Policy::columns_of("s"),
        filter.sql()
    );
    let mut watched = db.rows(&sql, filter.values(selection.limit.unwrap_or(i64::MAX)), Watched::from_row)?;
    watched.sort_by_key(|watched| watched.product_id);
    let left_out = unconfirmed::left_out(db, strangers_units_max)?;
    for watched in &mut watched {
        watched.left_out = left_out.get(&watched.product_id).copied().unwrap_or(0);
        watched.shelf = watched.shelf.without_reserved(watched.left_out);
    }
    Ok(watched)
}

/// Whether there is such a product, archived or not.
pub fn is_product(db: &mut Connection, product_id: Id) -> Result<bool> {
    let sql = "SELECT product_id FROM stock WHERE product_id = ?";
    Ok(db.row(sql, (product_id,), |_| ())?.is_some())
}

/// What a run would do now, line by line. Without a change and a run it is the same, byte for byte, all day.
pub fn plan(
    db: &mut Connection,
    calendar: &Calendar,
    selection: Selection,
    strangers_units_max: Option<i64>,
    now: Timestamp,
) -> Result<Vec<PlanLine>> {
    let watched = scan(db, selection, strangers_units_max)?;
    let today = calendar.day_of(now);
    let line = |watched: Watched, known: Known| {
        let decision = watched.decide();
        PlanLine {
            product_id: watched.product_id,
            name: watched.name,
            sku: watched.sku,
            shelf: watched.shelf,
            position: decision.position(),
            policy: watched.policy,
            action: match decision {
                Decision::Nothing { .. } => "nothing",
                Decision::Order { .. } if watched.policy.lead_time_days == 0 => "receive",
                Decision::Order { .. } => "order",
            },
            quantity: decision.quantity(),
            reason: unconfirmed::explained(decision.explained(&watched.policy), watched.left_out),
            forecast: known.forecast(
                watched.shelf.available(),
                watched.policy.lead_time_days,
                watched.policy.service_level,
                today,
            ),
        }
    };
    let mut lines = Vec::with_capacity(watched.len());
    let mut watched = watched.into_iter().peekable();
    // The pasts of all together would be a gigabyte in a large shop.
    while watched.peek().is_some() {
        let some: Vec<Watched> = watched.by_ref().take(outlook::PRODUCTS_AT_ONCE).collect();
        let ids: Vec<Id> = some.iter().map(|watched| watched.product_id).collect();
        let mut known = outlook::known(db, &ids, today)?;
        lines.extend(some.into_iter().map(|watched| {
            let known = known.remove(&watched.product_id).unwrap_or_default();
            line(watched, known)
        }));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shelf(on_hand: i64, reserved: i64, incoming: i64) -> Figures {
        Figures { on_hand, reserved, incoming }
    }

    fn policy(point: i64, target: i64, multiple: i64) -> Policy {
        Policy {
            reorder_point: Some(point),
            reorder_target: Some(target),
            reorder_multiple: multiple,
            lead_time_days: 7,
            service_level: ServiceLevel::USUAL,
        }
    }

    fn quantity(shelf: Figures, policy: Policy) -> i64 {
        decide(&shelf, &policy).quantity()
    }

    #[test]
    fn exactly_on_the_point_is_enough_and_one_less_is_not() {
        assert_eq!(quantity(shelf(10, 0, 0), policy(10, 40, 1)), 0);
        assert_eq!(quantity(shelf(9, 0, 0), policy(10, 40, 1)), 31);
        assert_eq!(quantity(shelf(14, 4, 0), policy(10, 40, 1)), 0);
        assert_eq!(quantity(shelf(14, 5, 0), policy(10, 40, 1)), 31);
    }

    #[test]
    fn whole_multiples_reach_the_target_or_go_just_above() {
        assert_eq!(quantity(shelf(4, 0, 0), policy(10, 40, 6)), 36);
        assert_eq!(quantity(shelf(3, 0, 0), policy(10, 40, 6)), 42);
        assert_eq!(quantity(shelf(0, 0, 0), policy(1, 1, 100)), 100);
    }

    #[test]
    fn what_is_on_its_way_counts_however_late_and_holds_up_a_second_order() {
        assert_eq!(quantity(shelf(0, 0, 40), policy(10, 40, 1)), 0);
        let waiting = decide(&shelf(0, 35, 40), &policy(10, 40, 1));
        assert_eq!(waiting, Decision::Nothing { position: 5, reason: Reason::OrderOpen });
    }

    #[test]
    fn a_point_of_zero_orders_only_below_an_empty_shelf() {
        assert_eq!(quantity(shelf(0, 0, 0), policy(0, 0, 1)), 0);
        assert_eq!(quantity(shelf(0, 3, 0), policy(0, 0, 1)), 3);
    }

    #[test]
    fn without_a_policy_nothing_is_ordered() {
        let unwatched = Policy { reorder_point: None, ..policy(0, 10, 1) };
        assert_eq!(decide(&shelf(0, 5, 0), &unwatched).quantity(), 0);
    }

    #[test]
    fn the_largest_figures_do_not_overflow() {
        let most = i64::MAX;
        assert_eq!(quantity(shelf(0, most, 0), policy(most, most, most)), most);
        assert_eq!(quantity(shelf(most, 0, most), policy(most, most, 1)), 0);
    }

    proptest! {
        #[test]
        fn after_an_order_the_rule_is_content(
            on_hand in 0_i64..2000, reserved in 0_i64..2000, point in 0_i64..1000, more in 0_i64..1000, multiple in 1_i64..500,
        ) {
            let policy = policy(point, point + more, multiple);
            let before = shelf(on_hand, reserved, 0);
            let quantity = quantity(before, policy);
            prop_assert_eq!(quantity % multiple, 0);
            if quantity > 0 {
                let reached = on_hand - reserved + quantity;
                prop_assert!(reached >= point + more && reached < point + more + multiple);
            }
            for after in [shelf(on_hand, reserved, quantity), shelf(on_hand + quantity, reserved, 0)] {
                prop_assert_eq!(decide(&after, &policy).quantity(), 0);
            }
        }
    }
}
