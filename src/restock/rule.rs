//! The rule: what to order of a product, and why.

use mysql::{Row, Value};
use serde::Serialize;

use crate::db::column;
use crate::ledger::{Figures, ON_HAND_MAX};
use crate::restock::packing::{Packing, whole};
use crate::values::{Day, ServiceLevel};

/// How a product is restocked. Without a reorder point it is not watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Policy {
    pub reorder_point: Option<i64>,
    pub reorder_target: Option<i64>,
    pub reorder_multiple: i64,
    /// No order is larger than this.
    pub order_max: Option<i64>,
    /// Nothing is ordered before this day.
    pub snoozed_until: Option<Day>,
    /// None for that of the preferred supplier.
    pub lead_time_days: Option<i64>,
    /// With which probability the suggested reorder point lasts.
    pub service_level: ServiceLevel,
}

impl Policy {
    /// What an empty shelf is filled up with.
    pub fn order_for_an_empty_shelf(&self) -> Option<i64> {
        Some(self.at_most(self.in_multiples(self.reorder_target?)))
    }

    /// The units, or the next multiple above them.
    fn in_multiples(&self, units: i64) -> i64 {
        whole(units, self.reorder_multiple)
    }

    /// So many of these units, which are whole multiples, as may be ordered at once.
    fn at_most(&self, units: i64) -> i64 {
        self.largest_order().map_or(units, |most| units.min(most))
    }

    /// The whole multiples that may be ordered at once.
    pub fn largest_order(&self) -> Option<i64> {
        self.order_max.map(|most| most - most % self.reorder_multiple.max(1))
    }
}

/// What the rule says about one product, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// `by_rule` is what the rule alone wants, before it was raised to what is sold.
    Order {
        position: i64,
        by_rule: i64,
        quantity: i64,
    },
    Nothing {
        position: i64,
        reason: Reason,
    },
}

/// Why nothing is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NotWatched,
    /// Out of the catalogue.
    Archived,
    /// The position is on the reorder point or above it.
    Enough,
    /// Somebody has put it off.
    Snoozed,
    /// So many units are needed, more than may be ordered at once, and the last order has not come yet.
    Capped {
        needed: i64,
    },
    /// What the supplier sells at least is more than may be ordered at once, or what may be does not reach the point.
    NotSoldSo,
    /// In packs and whole multiples it would be so many, more than any shelf holds.
    NeverFits {
        quantity: i64,
    },
}

/// The rule, in words: the *position* of a product is what is on the shelf, less what is reserved for
/// customers, plus what is on its way, however late, and what is on drafts. When the position is below the reorder
/// point, order as many whole multiples as bring it up to the target or just above, and at most `order_max`; what is
/// sold in packs, or not below some number, is raised to that.
///
/// The target is never below the point, and neither is what may be ordered at once. So after an order the position is
/// at least the point, and deciding again orders nothing: that an order is open is no reason by itself. Where more is
/// needed than may be ordered at once, nothing is while something is on its way.
///
/// ```
/// use chrono::NaiveDate;
/// use storekeeper::ledger::Figures;
/// use storekeeper::restock::{Decision, Packing, Policy, decide};
/// use storekeeper::values::{Day, ServiceLevel};
///
/// let shelf = Figures { on_hand: 9, reserved: 4, incoming: 0, drafted: 0 };
/// let policy = Policy {
///     reorder_point: Some(10),
///     reorder_target: Some(40),
///     reorder_multiple: 6,
///     order_max: None,
///     snoozed_until: None,
///     lead_time_days: Some(7),
///     service_level: ServiceLevel::USUAL,
/// };
/// let today = Day(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
/// // The position is 5. Up to 40 are missing 35, which is 6 multiples of 6.
/// let decision = decide(&shelf, &policy, &Packing::SINGLE_UNITS, today);
/// assert_eq!(decision, Decision::Order { position: 5, by_rule: 36, quantity: 36 });
/// // The supplier sells packs of 20.
/// let packs = Packing { pack_size: 20, minimum_quantity: 1 };
/// assert_eq!(decide(&shelf, &policy, &packs, today).quantity(), 40);
/// ```
pub fn decide(shelf: &Figures, policy: &Policy, packing: &Packing, today: Day) -> Decision {
    let position = shelf.position();
    let nothing = |reason| Decision::Nothing { position, reason };
    let (Some(point), Some(target)) = (policy.reorder_point, policy.reorder_target) else {
        return nothing(Reason::NotWatched);
    };
    if position >= point {
        return nothing(Reason::Enough);
    }
    if policy.snoozed_until.is_some_and(|until| today < until) {
        return nothing(Reason::Snoozed);
    }
    let needed = policy.in_multiples(target.saturating_sub(position));
    let by_rule = policy.at_most(needed);
    let raised = packing.raised(by_rule);
    let quantity = match policy.order_max {
        Some(most) if raised > most => most - most % packing.pack_size.max(1),
        _ => raised,
    };
    if quantity < packing.minimum_quantity || quantity < by_rule.min(point.max(1)) {
        return nothing(Reason::NotSoldSo);
    }
    if quantity > ON_HAND_MAX {
        return nothing(Reason::NeverFits { quantity });
    }
    if quantity < needed && shelf.incoming.saturating_add(shelf.drafted) > 0 {
        return nothing(Reason::Capped { needed });
    }
    Decision::Order { position, by_rule, quantity }
}

impl Decision {
    /// Nothing is ordered of what is out of the catalogue.
    pub(super) fn unless_archived(self, archived: bool) -> Decision {
        if archived {
            Decision::Nothing { position: self.position(), reason: Reason::Archived }
        } else {
            self
        }
    }

    /// In words, with the figures: what the plan and the run's lines say.
    pub fn explained(&self, policy: &Policy, packing: &Packing) -> String {
        let point = policy.reorder_point.unwrap_or(0);
        let target = policy.reorder_target.unwrap_or(0);
        match self {
            Decision::Order { position, by_rule, quantity } => {
                let reached = position.saturating_add(*quantity);
                let multiple = policy.reorder_multiple;
                let than_target = match policy.order_max {
                    Some(most) if reached < target => {
                        format!("below the target {target}, since at most {most} are ordered at once")
                    }
                    _ => format!("at least the target {target}"),
                };
                let raised = packing.raise_explained(*by_rule, *quantity);
                format!(
                    "position {position} is below the reorder point {point}: {by_rule} (in multiples of {multiple}){raised} \
                     bring it to {reached}, {than_target}"
                )
            }
            Decision::Nothing { reason: Reason::NotWatched, .. } => {
                "not watched: it has no reorder point".to_owned()
            }
            Decision::Nothing { reason: Reason::Archived, .. } => {
                "archived: nothing is ordered for it; restore it first".to_owned()
            }
            Decision::Nothing { position, reason: Reason::Enough } => {
                format!("position {position} is not below the reorder point {point}")
            }
            Decision::Nothing { position, reason: Reason::Snoozed } => format!(
                "position {position} is below the reorder point {point}, but it is snoozed until {}",
                policy.snoozed_until.map(|day| day.to_string()).unwrap_or_default()
            ),
            Decision::Nothing { position, reason: Reason::Capped { needed } } => format!(
                "position {position} is below the reorder point {point}, but {needed} are needed, at most {} are \
                 ordered at once, and the last order is still open; receive or cancel it, or raise order_max",
                policy.order_max.unwrap_or(0)
            ),
            Decision::Nothing { position, reason: Reason::NeverFits { quantity } } => format!(
                "position {position} is below the reorder point {point}, but in packs of {} and at least {} it would be \
                 {quantity}, and a shelf holds {ON_HAND_MAX}; change what the supplier asks, or the rule",
                packing.pack_size, packing.minimum_quantity
            ),
            Decision::Nothing { position, reason: Reason::NotSoldSo } => format!(
                "position {position} is below the reorder point {point}, but at most {} are ordered at once, and the \
                 supplier sells packs of {} and at least {}; raise order_max, or order by hand",
                policy.order_max.unwrap_or(0),
                packing.pack_size,
                packing.minimum_quantity
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

impl Policy {
    /// The columns of `stock s`, and of a run's lines, that [`Policy::from_row`] reads and
    /// [`Policy::written`] writes.
    pub const COLUMNS: [&str; 7] = [
        "reorder_point",
        "reorder_target",
        "reorder_multiple",
        "order_max",
        "snoozed_until",
        "lead_time_days",
        "service_level",
    ];

    /// The columns of the table `alias` for a SELECT.
    pub fn columns_of(alias: &str) -> String {
        Policy::COLUMNS.map(|column| format!("{alias}.{column}")).join(", ")
    }

    pub fn written(&self) -> [Value; 7] {
        [
            self.reorder_point.into(),
            self.reorder_target.into(),
            self.reorder_multiple.into(),
            self.order_max.into(),
            self.snoozed_until.into(),
            self.lead_time_days.into(),
            self.service_level.0.into(),
        ]
    }

    pub fn from_row(row: &Row) -> Policy {
        Policy {
            reorder_point: column(row, "reorder_point"),
            reorder_target: column(row, "reorder_target"),
            reorder_multiple: column(row, "reorder_multiple"),
            order_max: column(row, "order_max"),
            snoozed_until: column(row, "snoozed_until"),
            lead_time_days: column(row, "lead_time_days"),
            service_level: ServiceLevel(column(row, "service_level")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Input;
    use proptest::prelude::*;

    fn shelf(on_hand: i64, reserved: i64, incoming: i64) -> Figures {
        Figures { on_hand, reserved, incoming, drafted: 0 }
    }

    fn policy(point: i64, target: i64, multiple: i64) -> Policy {
        Policy {
            reorder_point: Some(point),
            reorder_target: Some(target),
            reorder_multiple: multiple,
            order_max: None,
            snoozed_until: None,
            lead_time_days: Some(7),
            service_level: ServiceLevel::USUAL,
        }
    }

    fn day(text: &str) -> Day {
        Day::parse(&Input::Text(text.to_owned())).expect("a day")
    }

    fn decided(shelf: Figures, policy: Policy) -> Decision {
        decide(&shelf, &policy, &Packing::SINGLE_UNITS, day("2026-03-02"))
    }

    fn quantity(shelf: Figures, policy: Policy) -> i64 {
        decided(shelf, policy).quantity()
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
    fn what_is_on_its_way_counts_however_late_and_the_rest_is_ordered() {
        assert_eq!(quantity(shelf(0, 0, 40), policy(10, 40, 1)), 0);
        assert_eq!(quantity(shelf(5, 0, 4), policy(10, 40, 1)), 31);
        assert_eq!(quantity(shelf(0, 35, 40), policy(10, 40, 6)), 36);
    }

    #[test]
    fn no_more_is_ordered_at_once_than_may_be_and_then_it_is_waited_for() {
        let capped = Policy { order_max: Some(20), ..policy(10, 40, 6) };
        assert_eq!(capped.largest_order(), Some(18));
        assert_eq!(
            decided(shelf(0, 0, 0), capped),
            Decision::Order { position: 0, by_rule: 18, quantity: 18 }
        );
        assert_eq!(quantity(shelf(0, 0, 18), capped), 0);
        // Some of it came and was sold.
        let waiting = decided(shelf(0, 0, 6), capped);
        assert_eq!(waiting, Decision::Nothing { position: 6, reason: Reason::Capped { needed: 36 } });
        assert_eq!(quantity(shelf(6, 0, 0), capped), 18);
        // What is needed may be ordered.
        assert_eq!(quantity(shelf(0, 0, 6), Policy { order_max: Some(36), ..capped }), 36);
    }

    #[test]
    fn what_is_sold_in_packs_is_raised_to_them_and_never_above_what_may_be_ordered() {
        let sold = |pack_size, minimum_quantity| Packing { pack_size, minimum_quantity };
        let decided = |shelf, policy, packing| decide(&shelf, &policy, &packing, day("2026-03-02"));
        let plain = policy(10, 40, 6);
        for (packing, quantity, words) in [
            (sold(1, 1), 36, "36 (in multiples of 6) bring it to 41"),
            (
                sold(20, 1),
                40,
                "36 (in multiples of 6), raised to 40, since the supplier sells packs of 20, bring it",
            ),
            (sold(1, 50), 50, "raised to 50, since the supplier sells at least 50, bring"),
            (sold(20, 50), 60, "raised to 60, since the supplier sells at least 50 in packs of 20, bring"),
        ] {
            let decision = decided(shelf(5, 0, 0), plain, packing);
            assert_eq!(decision.quantity(), quantity);
            let said = decision.explained(&plain, &packing);
            assert!(said.contains(words), "{said}");
        }
        let capped = Policy { order_max: Some(30), ..plain };
        assert_eq!(decided(shelf(0, 0, 0), capped, sold(20, 1)).quantity(), 20);
        let waits = decided(shelf(0, 0, 0), capped, sold(40, 1));
        assert_eq!(waits, Decision::Nothing { position: 0, reason: Reason::NotSoldSo });
        assert_eq!(decided(shelf(0, 0, 0), capped, sold(1, 31)), waits);
        // Of packs of 9 at most 9 may be ordered, which does not reach the point.
        let short = Policy { order_max: Some(12), ..plain };
        assert_eq!(decided(shelf(0, 0, 0), short, sold(9, 1)).quantity(), 0);
    }

    #[test]
    fn what_is_on_drafts_counts_but_is_not_on_its_way() {
        let drafted = Figures { drafted: 40, ..shelf(0, 0, 0) };
        assert_eq!(quantity(drafted, policy(10, 40, 1)), 0);
        let capped = Policy { order_max: Some(20), ..policy(10, 40, 1) };
        let waiting = decided(Figures { drafted: 6, ..shelf(0, 0, 0) }, capped);
        assert_eq!(waiting, Decision::Nothing { position: 6, reason: Reason::Capped { needed: 34 } });
    }

    #[test]
    fn what_is_snoozed_is_left_alone_until_that_day() {
        let snoozed = |until| Policy { snoozed_until: Some(day(until)), ..policy(10, 40, 1) };
        let waiting = decided(shelf(5, 0, 0), snoozed("2026-03-03"));
        assert_eq!(waiting, Decision::Nothing { position: 5, reason: Reason::Snoozed });
        assert_eq!(quantity(shelf(5, 0, 0), snoozed("2026-03-02")), 35);
        // Nothing is said of it when nothing would be ordered.
        let enough = decided(shelf(10, 0, 0), snoozed("2026-03-03"));
        assert_eq!(enough, Decision::Nothing { position: 10, reason: Reason::Enough });
    }

    #[test]
    fn a_point_of_zero_orders_only_below_an_empty_shelf() {
        assert_eq!(quantity(shelf(0, 0, 0), policy(0, 0, 1)), 0);
        assert_eq!(quantity(shelf(0, 3, 0), policy(0, 0, 1)), 3);
    }

    #[test]
    fn without_a_policy_nothing_is_ordered() {
        let unwatched = Policy { reorder_point: None, ..policy(0, 10, 1) };
        assert_eq!(quantity(shelf(0, 5, 0), unwatched), 0);
    }

    #[test]
    fn the_largest_figures_do_not_overflow() {
        let most = i64::MAX;
        // What no shelf holds is named, and not ordered.
        assert_eq!(quantity(shelf(0, most, 0), policy(most, most, most)), 0);
        assert_eq!(quantity(shelf(most, 0, most), policy(most, most, 1)), 0);
    }

    proptest! {
        /// The case that a stock's row allows: what may be ordered at once brings an empty shelf to the point.
        #[test]
        fn after_a_capped_order_the_rule_is_content(
            on_hand in 0_i64..2000, incoming in 0_i64..2000,
            point in 0_i64..1000, more in 0_i64..1000, multiple in 1_i64..500, beyond in 0_i64..2000,
        ) {
            let policy = policy(point, point + more, multiple);
            let most = policy.in_multiples(point).max(multiple) + beyond;
            let policy = Policy { order_max: Some(most), ..policy };
            let quantity = quantity(shelf(on_hand, 0, incoming), policy);
            prop_assert!(quantity <= most && quantity % multiple == 0);
            for after in [shelf(on_hand, 0, incoming + quantity), shelf(on_hand + quantity, 0, incoming)] {
                prop_assert_eq!(decided(after, policy).quantity(), 0);
            }
        }

        #[test]
        fn after_an_order_in_packs_the_rule_is_content(
            on_hand in 0_i64..500, incoming in 0_i64..500, drafted in 0_i64..500,
            point in 0_i64..300, more in 0_i64..300, multiple in 1_i64..50, beyond in proptest::option::of(0_i64..500),
            pack_size in 1_i64..60, minimum_quantity in 1_i64..200,
        ) {
            let policy = policy(point, point + more, multiple);
            let order_max = beyond.map(|beyond| policy.in_multiples(point).max(multiple) + beyond);
            let policy = Policy { order_max, ..policy };
            let packing = Packing { pack_size, minimum_quantity };
            let decided = |shelf: &Figures| decide(shelf, &policy, &packing, day("2026-03-02"));
            let before = Figures { drafted, ..shelf(on_hand, 0, incoming) };
            let quantity = decided(&before).quantity();
            if quantity > 0 {
                prop_assert!(quantity % pack_size == 0 && quantity >= minimum_quantity);
                prop_assert!(order_max.is_none_or(|most| quantity <= most));
            }
            for after in [
                Figures { drafted: drafted + quantity, ..before },
                Figures { incoming: incoming + quantity, ..before },
                Figures { on_hand: on_hand + quantity, ..before },
            ] {
                prop_assert_eq!(decided(&after).quantity(), 0);
            }
        }

        #[test]
        fn after_an_order_the_rule_is_content(
            on_hand in 0_i64..2000, reserved in 0_i64..2000, incoming in 0_i64..2000,
            point in 0_i64..1000, more in 0_i64..1000, multiple in 1_i64..500,
        ) {
            let policy = policy(point, point + more, multiple);
            let before = shelf(on_hand, reserved, incoming);
            let quantity = quantity(before, policy);
            prop_assert_eq!(quantity % multiple, 0);
            if quantity > 0 {
                let reached = on_hand - reserved + incoming + quantity;
                prop_assert!(reached >= point + more && reached < point + more + multiple);
            }
            for after in [shelf(on_hand, reserved, incoming + quantity), shelf(on_hand + quantity, reserved, incoming)] {
                prop_assert_eq!(decided(after, policy).quantity(), 0);
            }
        }
    }
}
