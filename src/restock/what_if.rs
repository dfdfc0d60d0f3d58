//! What another rule would have done: a product's own past, day by day, through the same [`decide`].
//!
//! Each morning what was ordered arrives and a run decides; then customers take what is there, and what is not there is
//! not sold. Demand is what was ordered on each day. On days that say nothing of it the average of the others stands in,
//! so that a rule is not praised for shelves that the past left empty. It begins with what was there to sell on the first
//! day, and with nothing on its way.

use chrono::{Datelike, Days};
use serde::Serialize;

use crate::ledger::{Figures, ON_HAND_MAX};
use crate::restock::forecast::{DemandDay, counted_days};
use crate::restock::supply::{self, Supply, Waiting};
use crate::restock::{Decision, Packing, Policy, decide};
use crate::values::{Calendar, Day};

/// A past to try rules on.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    calendar: &'a Calendar,
    first: Day,
    /// What was there to sell on the first day.
    available: i64,
    /// What customers wanted on each day.
    wanted: Vec<i64>,
    /// Of how many of the days that is an average.
    pub days_estimated: usize,
}

/// A rule, with how the product is bought under it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub policy: Policy,
    pub lead_time_days: i64,
    pub packing: Packing,
    /// As [`crate::values::Weekday::to_bits`]: on which days is ordered; 0 for any day.
    pub order_days: u8,
}

impl Rule {
    /// By which a product is restocked that is bought so.
    pub fn of(policy: Policy, supply: Option<&Supply>) -> Rule {
        let suppliers = supply.map_or(0, |supply| supply.lead_time_days);
        Rule {
            policy,
            lead_time_days: policy.lead_time_days.unwrap_or(suppliers),
            packing: supply::packing(supply),
            order_days: supply.map_or(0, |supply| supply.order_days),
        }
    }

    /// What a reorder point has to last for.
    pub fn waiting_days(&self) -> i64 {
        let review_days = supply::review_days(self.order_days);
        Waiting { effective_lead_time_days: self.lead_time_days, review_days, is_unknown: false }.days()
    }

    fn orders_on(&self, day: Day) -> bool {
        self.order_days == 0 || self.order_days >> day.0.weekday().num_days_from_monday() & 1 == 1
    }
}

/// What a rule would have come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outcome {
    /// Days that ended with an empty shelf.
    pub days_without_stock: usize,
    pub units_not_sold: i64,
    /// Of what was on the shelf in the evenings, rounded to a tenth.
    pub average_stock: f64,
    /// After a delivery, before anybody came.
    pub highest_stock: i64,
    pub orders: usize,
    pub units_ordered: i64,
}

/// What one reorder point would have come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub reorder_point: i64,
    pub reorder_target: i64,
    pub outcome: Outcome,
}

/// Points of a curve: enough to see where it bends, and fifteen thousand days of replays.
const POINTS: i64 = 40;

impl Policy {
    /// With another reorder point, above which the target stays as far as it is. Without a point so far the target stays
    /// where it is, if it can.
    pub fn at_point(self, point: i64) -> Policy {
        let target = match (self.reorder_point, self.reorder_target) {
            (Some(old), Some(target)) => point.saturating_add(target.saturating_sub(old)),
            (None, Some(target)) => target,
            (_, None) => point,
        };
        let target = target.min(ON_HAND_MAX).max(point);
        Policy { reorder_point: Some(point), reorder_target: Some(target), ..self }
    }

    /// Whether a product may be given this rule: one order brings an empty shelf to the point, and fits on it.
    fn is_possible(&self) -> bool {
        let point = self.reorder_point.unwrap_or(0).max(1);
        self.order_for_an_empty_shelf().is_some_and(|units| units <= ON_HAND_MAX)
            && self.largest_order().is_none_or(|most| most >= point)
    }
}

impl<'a> Trial<'a> {
    /// The last `days` of a past whose last day is `last`. What an average stands in for is estimated from all of it.
    pub fn new(calendar: &'a Calendar, past: &[DemandDay], last: Day, days: usize) -> Trial<'a> {
        let days = days.min(past.len());
        let units = counted_days(past);
        let (of_trial, units_of_trial) = (&past[past.len() - days..], &units[units.len() - days..]);
        let mut wanted = estimated(&units);
        wanted.drain(..past.len() - days);
        let available = of_trial
            .first()
            .map_or(0, |day| day.available_at_start.max(day.available_at_end.saturating_add(day.units)));
        Trial {
            calendar,
            first: Day(last.0 - Days::new(days.saturating_sub(1) as u64)),
            available: available.max(0),
            wanted,
            days_estimated: units_of_trial.iter().filter(|units| units.is_none()).count(),
        }
    }

    pub fn days(&self) -> usize {
        self.wanted.len()
    }

    pub fn first(&self) -> Day {
        self.first
    }

    pub fn units_wanted(&self) -> i64 {
        sum(&self.wanted)
    }

    pub fn replay(&self, rule: &Rule) -> Outcome {
        let policy = Policy { snoozed_until: None, ..rule.policy };
        let mut shelf = Figures { on_hand: self.available, reserved: 0, incoming: 0, drafted: 0 };
        // By the day of their arrival, counted from the first.
        let mut arrivals = vec![0_i64; self.wanted.len()];
        let mut outcome = Outcome {
            days_without_stock: 0,
            units_not_sold: 0,
            average_stock: 0.0,
            highest_stock: shelf.on_hand,
            orders: 0,
            units_ordered: 0,
        };
        let mut evenings = 0_i128;
        for (index, &wanted) in self.wanted.iter().enumerate() {
            let today = Day(self.first.0 + Days::new(index as u64));
            shelf.incoming -= arrivals[index];
            shelf.on_hand = shelf.on_hand.saturating_add(arrivals[index]);
            if let Decision::Order { quantity, .. } = decide(&shelf, &policy, &rule.packing, today)
                && rule.orders_on(today)
            {
                outcome.orders += 1;
                outcome.units_ordered = outcome.units_ordered.saturating_add(quantity);
                if rule.lead_time_days <= 0 {
                    shelf.on_hand = shelf.on_hand.saturating_add(quantity);
                } else {
                    shelf.incoming = shelf.incoming.saturating_add(quantity);
                    if let Some(units) = arrivals.get_mut(self.arrival(index, rule.lead_time_days)) {
                        *units = units.saturating_add(quantity);
                    }
                }
            }
            outcome.highest_stock = outcome.highest_stock.max(shelf.on_hand);
            let sold = wanted.min(shelf.on_hand);
            shelf.on_hand -= sold;
            outcome.units_not_sold = outcome.units_not_sold.saturating_add(wanted - sold);
            outcome.days_without_stock += usize::from(shelf.on_hand == 0);
            evenings += i128::from(shelf.on_hand);
        }
        outcome.average_stock = average(evenings, self.wanted.len());
        outcome
    }

    /// On which day, counted from the first, what is ordered on a day arrives.
    fn arrival(&self, index: usize, lead_time_days: i64) -> usize {
        let days = u64::try_from(lead_time_days).unwrap_or(0);
        let from = Day(self.first.0 + Days::new(index as u64 + days));
        let arrives = self.calendar.add_business_days(from, 0);
        usize::try_from((arrives.0 - self.first.0).num_days()).unwrap_or(usize::MAX)
    }

    /// What reorder points from 0 up would have come to, as far up as more of them changes nothing: the most that was
    /// wanted from one order until its goods are there. Only those that the rest of the rule allows.
    pub fn curve(&self, rule: &Rule) -> Vec<Point> {
        let point = rule.policy.reorder_point.unwrap_or(0);
        let most = self.most_wanted_in(rule.waiting_days()).max(point);
        let step = (most / POINTS + i64::from(most % POINTS != 0)).max(1);
        let points = (0..=most / step + i64::from(most % step != 0))
            .map(|index| index.saturating_mul(step).min(most))
            .map(|point| rule.policy.at_point(point))
            .take_while(Policy::is_possible);
        let replayed = |policy: Policy| Point {
            reorder_point: policy.reorder_point.unwrap_or(0),
            reorder_target: policy.reorder_target.unwrap_or(0),
            outcome: self.replay(&Rule { policy, ..*rule }),
        };
        points.map(replayed).collect()
    }

    /// Days on which the shop is closed make some lead times longer, by a long weekend at most.
    fn most_wanted_in(&self, lead_time_days: i64) -> i64 {
        const CLOSED_DAYS: usize = 4;
        let days = usize::try_from(lead_time_days).unwrap_or(0) + 1 + CLOSED_DAYS;
        self.wanted.windows(days.clamp(1, self.wanted.len().max(1))).map(sum).max().unwrap_or(0)
    }
}

/// The units of each day, with the average for those of which nothing is known. Averages are broken numbers: what is
/// left of one day is given to the next, and no unit is lost.
fn estimated(units: &[Option<i64>]) -> Vec<i64> {
    let known = units.iter().flatten().count() as i128;
    let all: i128 = units.iter().flatten().map(|&units| i128::from(units)).sum();
    let mut rest = 0;
    let mut estimate = || {
        let whole = (rest + all).checked_div(known).unwrap_or(0);
        rest += all - whole * known;
        i64::try_from(whole).unwrap_or(i64::MAX)
    };
    units.iter().map(|units| units.unwrap_or_else(&mut estimate)).collect()
}

fn sum(units: &[i64]) -> i64 {
    units.iter().fold(0, |sum, units| sum.saturating_add(*units))
}

#[expect(clippy::cast_precision_loss, reason = "a shelf's units times a year's days are far below 2^53")]
fn average(sum: i128, days: usize) -> f64 {
    if days == 0 {
        return 0.0;
    }
    (sum as f64 / days as f64 * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Holidays, Input, ServiceLevel, Zone};

    fn calendar() -> Calendar {
        Calendar { zone: Zone::utc(), holidays: Holidays::default() }
    }

    fn rule(point: i64, target: i64, lead_time_days: i64) -> Rule {
        let policy = Policy {
            reorder_point: Some(point),
            reorder_target: Some(target),
            reorder_multiple: 1,
            order_max: None,
            snoozed_until: None,
            lead_time_days: None,
            service_level: ServiceLevel::USUAL,
        };
        Rule { policy, lead_time_days, packing: Packing::SINGLE_UNITS, order_days: 0 }
    }

    fn day(text: &str) -> Day {
        Day::parse(&Input::Text(text.into())).unwrap()
    }

    /// From Monday, the second of March 2026, on, with so much to begin with; None for a day that was sold out.
    fn trial<'a>(calendar: &'a Calendar, available: i64, units: &[Option<i64>]) -> Trial<'a> {
        let mut past: Vec<DemandDay> = units.iter().map(|units| of_day(*units)).collect();
        if let (Some(first), Some(Some(units))) = (past.first_mut(), units.first()) {
            (first.available_at_start, first.available_at_end) = (available, (available - units).max(1));
        }
        let last = Day(day("2026-03-01").0 + Days::new(units.len() as u64));
        Trial { available, ..Trial::new(calendar, &past, last, units.len()) }
    }

    fn of_day(units: Option<i64>) -> DemandDay {
        match units {
            Some(units) => {
                DemandDay { units, available_at_start: units.saturating_add(100), available_at_end: 100 }
            }
            None => DemandDay::default(),
        }
    }

    #[test]
    fn a_week_by_hand() {
        let calendar = calendar();
        let trial = trial(&calendar, 10, &[Some(4); 8]);
        assert_eq!((trial.first(), trial.days(), trial.units_wanted()), (day("2026-03-02"), 8, 32));
        // Evenings from Monday on: 6, 2, 0 (on Wednesday morning 2 are below 5, and 10 more come on Friday), 0, 6, 2,
        // 0 (on Sunday morning 2 are below 5 again), 0.
        let outcome = trial.replay(&rule(5, 12, 2));
        assert_eq!((outcome.orders, outcome.units_ordered, outcome.units_not_sold), (2, 20, 12));
        assert_eq!((outcome.days_without_stock, outcome.highest_stock), (4, 10));
        assert_eq!(outcome.average_stock, 2.0);
        // With no lead time nothing is ever missing.
        let at_once = trial.replay(&rule(5, 12, 0));
        assert_eq!((at_once.units_not_sold, at_once.days_without_stock, at_once.highest_stock), (0, 0, 12));
    }

    #[test]
    fn it_is_ordered_on_its_days_and_in_packs() {
        let calendar = calendar();
        let trial = trial(&calendar, 10, &[Some(4); 8]);
        // Due on Wednesday, it is ordered a week after the first Monday only.
        let mondays = Rule { order_days: 1, ..rule(5, 12, 0) };
        assert_eq!((trial.replay(&mondays).orders, trial.replay(&rule(5, 12, 0)).orders), (1, 3));
        let packs = Rule { packing: Packing { pack_size: 20, minimum_quantity: 1 }, ..rule(5, 12, 2) };
        assert_eq!(trial.replay(&packs).units_ordered % 20, 0);
        assert_eq!((packs.waiting_days(), Rule { order_days: 1, ..packs }.waiting_days()), (2, 8));
    }

    #[test]
    fn what_is_sold_out_is_estimated_to_the_unit() {
        let calendar = calendar();
        let units = [Some(1), None, None, Some(2), None, None];
        let trial = trial(&calendar, 5, &units);
        assert_eq!(trial.wanted, [1, 1, 2, 2, 1, 2]);
        assert_eq!((trial.days_estimated, trial.units_wanted()), (4, 9));
        assert_eq!(estimated(&[None, None]), [0, 0]);
    }

    #[test]
    fn the_last_days_begin_with_what_was_there_and_are_estimated_from_all() {
        let calendar = calendar();
        let mut past = vec![of_day(Some(6)); 10];
        past.extend([DemandDay::default(); 2]);
        // On this one goods came.
        past.push(DemandDay { units: 3, available_at_start: 0, available_at_end: 20 });
        past.extend([of_day(Some(6)), DemandDay::default()]);
        let last = Trial::new(&calendar, &past, day("2026-03-31"), 3);
        assert_eq!((last.first(), last.days(), last.available), (day("2026-03-29"), 3, 23));
        assert_eq!((&last.wanted[..], last.days_estimated), (&[3, 6, 6][..], 1));
        assert_eq!(Trial::new(&calendar, &past, day("2026-03-31"), 364).days(), 15);
        assert_eq!(Trial::new(&calendar, &[], day("2026-03-31"), 364).days(), 0);
    }

    #[test]
    fn the_curve_falls_until_nothing_is_missing() {
        let calendar = calendar();
        let units: Vec<_> = (0..200).map(|day| Some(day * 7 % 5)).collect();
        let trial = trial(&calendar, 20, &units);
        let curve = trial.curve(&rule(3, 23, 5));
        assert_eq!(curve[0].reorder_point, 0);
        assert!(curve.len() <= 42, "{}", curve.len());
        assert!(curve[0].outcome.units_not_sold > 0);
        assert_eq!(curve.last().unwrap().outcome.units_not_sold, 0);
        assert!(curve.iter().all(|point| point.reorder_target == point.reorder_point + 20));
        let own = curve.iter().find(|point| point.reorder_point == 3).unwrap();
        assert_eq!(own.outcome, trial.replay(&rule(3, 23, 5)));
        // No point that one order could not lift an empty shelf to.
        let small = rule(3, 23, 5);
        let small = Rule { policy: Policy { order_max: Some(7), ..small.policy }, ..small };
        assert_eq!(trial.curve(&small).last().unwrap().reorder_point, 7);
    }

    #[test]
    fn any_figures_end() {
        let calendar = calendar();
        let huge = trial(&calendar, i64::MAX, &[Some(i64::MAX), None, Some(i64::MAX)]);
        huge.curve(&rule(0, 1, 365));
        let largest = rule(1_000_000_000, 1_000_000_000, 365);
        assert!(huge.curve(&largest).len() <= 42);
        assert_eq!(trial(&calendar, 0, &[]).curve(&rule(0, 0, 0)).len(), 1);
        let odd = DemandDay { units: i64::MIN, available_at_start: i64::MIN, available_at_end: i64::MAX };
        Trial::new(&calendar, &[odd; 9], day("2026-03-31"), 9).curve(&rule(7, 9, 3));
    }
}
