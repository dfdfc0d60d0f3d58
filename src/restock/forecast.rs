//! What a product's past says about the days to come: a pure function of its days. Shown, never applied by itself.
//!
//! **Days.** At most the last 364, one whole day of the shop's calendar each, from the first movement on. Demand is
//! counted when orders are placed, cancelled ones left out. A day that began and ended with nothing available says
//! nothing about demand and is left out (a censored day). One that sold out says only "at least so many", so it is left
//! out too where it sold less than the average of the days that did not: kept, it would teach that little is wanted.
//!
//! **Rate.** The days are added up in weeks that end yesterday, which takes the pattern of the week out of them. A rate
//! is followed through the weeks by twelve models at once, each a gamma distribution that is updated with what was
//! demanded in how many days (the conjugate Poisson-gamma model with discounting of West and Harrison, "Bayesian
//! Forecasting and Dynamic Models", 2nd ed., 1997, chapter 10.8 and 14). They differ in how much of its knowledge each
//! keeps from week to week ([`MEMORIES`]) and in the weekly growth that it believes in ([`GROWTHS`]): a rate that never
//! changes, one that drifts, a season that rises or falls, one that can jump or stop. The models are mixed by how well each
//! foretold the weeks, the later ones counting more (dynamic model averaging: Raftery, Kárný and Ettler,
//! "Online Prediction Under Model Uncertainty", Technometrics 52, 2010). So steady products are measured over a year, and
//! seasons and dying products over weeks, without anybody choosing.
//!
//! **Variance.** Orders of several units, and bursts, make demand vary more than single sales would. By how much is
//! measured on differences between a day and the same day of the week before, and between a week and the week before
//! (von Neumann's successive differences, which a slow change of the rate does not touch); the larger one counts.
//! Counts are divided by it before the models see them, so that ten units in one order are one piece of evidence. The
//! variance of the window's sum is that of the mixture: chance, the rate's uncertainty, and the models' disagreement.
//!
//! **Window.** An order made today is on the shelf after the lead time, and a daily run may see the need a day late: the
//! demand of lead time + 1 days. The pattern of the week, where there is more of one than chance would show, says which
//! of the days are strong. With lead times that vary by `s` days and a demand of `d` a day the variance grows by `d² s²`
//! (Silver, Pyke and Thomas, "Inventory and Production Management in Supply Chains", 4th ed., 2017, chapter 6).
//!
//! **Suggested point.** The `service_level` quantile of the negative binomial distribution with that mean and variance, of
//! Poisson's where the variance is not larger than the mean; at least 1 for what sold.
//!
//! **New products.** With less than 56 days behind it a product begins with its category's units a day, worth half an
//! order, so that a few sales of its own outweigh it.

mod distribution;

use serde::Serialize;

pub use distribution::quantile;

/// What is looked at of the past: 52 weeks.
pub const DAYS_MAX: usize = 364;
/// With less history than this a product begins with what is known of its category: eight weeks.
pub const NEW_DAYS: usize = 56;

const WEEK: usize = 7;

/// How much of its knowledge a model keeps from one week to the next, and how likely it is before anything was seen.
/// 0.99 remembers the whole year, 0.9 ten weeks, 0.7 three, 0.42 hardly more than the last.
const MEMORIES: [(f64, f64); 4] = [(0.99, 1.0), (0.9, 0.76), (0.7, 0.42), (0.42, 0.18)];
/// By how much demand grows a week, and how likely that is. A season of ±80 % moves by up to 10 % a week.
const GROWTHS: [(f64, f64); 3] = [(-0.1, 0.036), (0.0, 1.0), (0.1, 0.036)];
/// How much of a model's merit counts a week later.
const MERIT_KEPT: f64 = 0.97;
/// Growth does not go on for ever: what is left of it a week later.
const GROWTH_KEPT: f64 = 0.9;
/// The knowledge that every model begins with, in orders, and the least that one is ever left with: it must be above 0.
const SHAPE_AT_FIRST: f64 = 0.5;
const SHAPE_MIN: f64 = 0.05;
/// Weeks with fewer days that count are too short to be compared with the next.
const DAYS_OF_A_WEEK_MIN: f64 = 4.0;
/// The pattern of the week is looked for in no less than four weeks.
const PATTERN_DAYS_MIN: usize = 28;

/// A whole day of the shop's calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DemandDay {
    /// Ordered by customers on that day, cancelled orders left out.
    pub units: i64,
    pub available_at_start: i64,
    pub available_at_end: i64,
}

/// From ordering to receiving, in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeadTime {
    pub days: i64,
    /// The standard deviation of what receipts showed; none when nothing is known of it.
    pub spread: Option<f64>,
}

/// Which distribution the suggestion is a quantile of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    NegativeBinomial,
    Poisson,
    /// Nothing was demanded, and nothing is known of its like.
    None,
}

/// The demand of a lead time and a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    pub days_looked_at: usize,
    pub days_left_out: usize,
    /// Demanded on the days looked at.
    pub units: i64,
    /// Expected of the days to come.
    pub units_per_day: f64,
    /// Of the sum of the days from today to today + lead time.
    pub mean: f64,
    pub variance: f64,
}

/// What the days of a product, the oldest first and the last one yesterday, say about the days to come.
/// `category_units_per_day` is what its like sell, if that is known. Any figures are taken; units below 0 count as 0.
///
/// ```
/// use storekeeper::restock::forecast::{DemandDay, LeadTime, forecast};
///
/// // Two units on each of a hundred days.
/// let day = DemandDay { units: 2, available_at_start: 50, available_at_end: 48 };
/// let demand = forecast(&[day; 100], LeadTime { days: 6, spread: None }, None);
/// assert!((demand.mean - 14.0).abs() < 0.1);
/// assert!((15..=22).contains(&demand.suggested(0.95)));
/// ```
pub fn forecast(history: &[DemandDay], lead_time: LeadTime, category_units_per_day: Option<f64>) -> Demand {
    let history = &history[history.len().saturating_sub(DAYS_MAX)..];
    let days: Vec<Option<f64>> =
        counted_days(history).into_iter().map(|units| units.map(real_units)).collect();
    let (looked_at, units) = sum_of(&days);
    let category = category_units_per_day.filter(|rate| days.len() < NEW_DAYS && RATES.contains(rate));
    let empty = Demand {
        days_looked_at: days.iter().flatten().count(),
        days_left_out: days.iter().filter(|day| day.is_none()).count(),
        units: history.iter().fold(0, |sum: i64, day| sum.saturating_add(day.units.max(0))),
        units_per_day: 0.0,
        mean: 0.0,
        variance: 0.0,
    };
    let Some(rate_at_first) = category.or((units > 0.0).then(|| units / looked_at)) else {
        return empty;
    };
    let weeks = weeks(&days);
    let dispersion = dispersion(&days, &weeks);
    let models = followed(&weeks, dispersion, rate_at_first);
    let horizon = usize::try_from(lead_time.days).unwrap_or(0).min(HORIZON_MAX) + 1;
    let pattern = pattern_of_the_week(&days, dispersion);
    let (mean, variance) = window(&models, dispersion, &pattern, horizon);
    let units_per_day = mean / real(horizon);
    let spread = lead_time.spread.filter(|spread| spread.is_finite()).unwrap_or(0.0);
    let variance = variance + (units_per_day * spread).powi(2);
    Demand { units_per_day, mean, variance, ..empty }
}

/// Units a day that a category can sell: from one in a million years to a full shelf.
const RATES: std::ops::RangeInclusive<f64> = 1e-9..=1e9;

/// Ten years, so that loops end whatever is written.
const HORIZON_MAX: usize = 3650;

impl Demand {
    /// The reorder point with which such a window is covered with this probability.
    pub fn suggested(&self, service_level: f64) -> i64 {
        quantile(service_level, self.mean, self.variance).max((self.units > 0).into())
    }

    pub fn method(&self) -> Method {
        match self {
            Demand { mean, .. } if *mean <= 0.0 => Method::None,
            Demand { mean, variance, .. } if variance > mean => Method::NegativeBinomial,
            _ => Method::Poisson,
        }
    }
}

/// The units that were wanted on each day; None for those that are left out.
pub fn counted_days(history: &[DemandDay]) -> Vec<Option<i64>> {
    let is_without =
        |day: &DemandDay| day.available_at_start <= 0 && day.available_at_end <= 0 && day.units <= 0;
    let units = |day: &DemandDay| day.units.max(0);
    let (days, sum) = history
        .iter()
        .filter(|day| day.available_at_end > 0)
        .fold((0.0, 0.0), |(days, sum), day| (days + 1.0, sum + real_units(units(day))));
    let average = if days > 0.0 { sum / days } else { 0.0 };
    let counted = |day: &DemandDay| match day {
        day if is_without(day) => None,
        day if day.available_at_end <= 0 && real_units(units(day)) < average => None,
        day => Some(units(day)),
    };
    history.iter().map(counted).collect()
}

fn sum_of(days: &[Option<f64>]) -> (f64, f64) {
    days.iter().flatten().fold((0.0, 0.0), |(count, sum), units| (count + 1.0, sum + units))
}

/// The days that count in each week, and their units; the last week ends yesterday, the first may be short.
fn weeks(days: &[Option<f64>]) -> Vec<(f64, f64)> {
    let mut weeks: Vec<_> = days.rchunks(WEEK).map(sum_of).collect();
    weeks.reverse();
    weeks
}

/// How many times the variance of single sales there is; at least 1.
fn dispersion(days: &[Option<f64>], weeks: &[(f64, f64)]) -> f64 {
    let (mut squares, mut expected) = (0.0, 0.0);
    for (before, after) in days.iter().zip(days.iter().skip(WEEK)) {
        if let (Some(before), Some(after)) = (before, after) {
            squares += (after - before).powi(2);
            expected += after + before;
        }
    }
    let of_days = if expected > 0.0 { squares / expected } else { 0.0 };
    let (mut squares, mut expected) = (0.0, 0.0);
    for pair in weeks.windows(2) {
        let [(days_before, before), (days_after, after)] = [pair[0], pair[1]];
        if days_before.min(days_after) >= DAYS_OF_A_WEEK_MIN {
            squares += (after / days_after - before / days_before).powi(2);
            expected += after / days_after.powi(2) + before / days_before.powi(2);
        }
    }
    let of_weeks = if expected > 0.0 { squares / expected } else { 0.0 };
    of_days.max(of_weeks).max(1.0)
}

/// What one model knows of the rate: a gamma distribution of this shape and of this rate parameter, in days.
struct Model {
    memory: f64,
    growth: f64,
    shape: f64,
    days: f64,
    /// The logarithm of how well it foretold the weeks.
    merit: f64,
    likely_at_first: f64,
}

/// The models after these weeks, the weight of each beside it.
fn followed(weeks: &[(f64, f64)], dispersion: f64, rate_at_first: f64) -> Vec<(Model, f64)> {
    let mut models = Vec::with_capacity(MEMORIES.len() * GROWTHS.len());
    for (memory, likely) in MEMORIES {
        for (growth, likely_to_grow) in GROWTHS {
            let likely_at_first = f64::ln(likely * likely_to_grow);
            let (shape, days) = (SHAPE_AT_FIRST, SHAPE_AT_FIRST / rate_at_first);
            models.push(Model { memory, growth, shape, days, merit: 0.0, likely_at_first });
        }
    }
    for (index, (days, units)) in weeks.iter().enumerate() {
        let (days, units) = (days / dispersion, units / dispersion);
        // The shapes do not depend on the growth, so one logarithm of the gamma function serves three models.
        for of_a_memory in models.chunks_mut(GROWTHS.len()) {
            if index > 0 {
                of_a_memory.iter_mut().for_each(Model::a_week_passes);
            }
            if days > 0.0 {
                let shape = of_a_memory[0].shape;
                let ways = distribution::ln_rising(shape, units);
                of_a_memory.iter_mut().for_each(|model| model.learn(days, units, ways));
            }
        }
    }
    let merit = |model: &Model| model.merit + model.likely_at_first;
    let best = models.iter().map(merit).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = models.iter().map(|model| (merit(model) - best).exp()).collect();
    let sum: f64 = weights.iter().sum();
    models.into_iter().zip(weights.into_iter().map(|weight| weight / sum)).collect()
}

impl Model {
    /// Knowledge fades, and the rate grows as the model believes.
    fn a_week_passes(&mut self) {
        let kept = self.memory.max(SHAPE_MIN / self.shape);
        self.shape *= kept;
        self.days *= self.memory.max(kept) / (1.0 + self.growth);
    }

    /// Bayes' rule: the gamma distribution after such a week, and how likely that week was before it. `ways` is what
    /// ln Γ(shape + units) − ln Γ(shape) is; what is the same for all models is left out.
    fn learn(&mut self, days: f64, units: f64, ways: f64) {
        let all = self.days + days;
        let likely = ways + self.shape * (self.days / all).ln() + units * (days / all).ln();
        self.merit = MERIT_KEPT * self.merit + likely;
        self.shape += units;
        self.days = all;
    }
}

/// How strong each day of the week is, today first, 1 on average. Pulled towards 1 as far as chance alone would make
/// such a pattern (the statistic is chi-squared with six degrees of freedom then).
fn pattern_of_the_week(days: &[Option<f64>], dispersion: f64) -> [f64; WEEK] {
    const BY_CHANCE: f64 = 6.0;
    let (count, sum) = sum_of(days);
    if days.len() < PATTERN_DAYS_MIN || sum <= 0.0 {
        return [1.0; WEEK];
    }
    let mut of_weekday = [(0.0, 0.0); WEEK];
    // Seven days ago was the day of the week that today is.
    for (back, day) in days.iter().rev().enumerate() {
        if let Some(units) = day {
            let (days, sum) = &mut of_weekday[WEEK - 1 - back % WEEK];
            *days += 1.0;
            *sum += units;
        }
    }
    let expected = of_weekday.map(|(days, _)| sum * days / count);
    let differs = of_weekday.iter().zip(expected).filter(|(_, expected)| *expected > 0.0);
    let statistic: f64 = differs.map(|((_, sum), expected)| (sum - expected).powi(2) / expected).sum();
    let true_part = (1.0 - BY_CHANCE * dispersion / statistic.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let mut pattern = [1.0; WEEK];
    for ((strength, (_, sum)), expected) in pattern.iter_mut().zip(of_weekday).zip(expected) {
        if expected > 0.0 {
            *strength = 1.0 + true_part * (sum / expected - 1.0);
        }
    }
    pattern
}

/// Mean and variance of the sum of so many days from today on, all models together.
fn window(models: &[(Model, f64)], dispersion: f64, pattern: &[f64; WEEK], horizon: usize) -> (f64, f64) {
    const WEEK_DAYS: f64 = 7.0;
    let (mut mean, mut square) = (0.0, 0.0);
    let kept_a_day = GROWTH_KEPT.powf(1.0 / WEEK_DAYS);
    // What a model knows stands for the middle of its last week.
    let weeks_ahead = 0.5 + real(horizon) / 2.0 / WEEK_DAYS;
    let of_growth = GROWTHS.map(|(growth, _)| {
        let mut step = f64::ln(1.0 + growth) / WEEK_DAYS;
        let mut grown = step * WEEK_DAYS / 2.0;
        let mut sum = 0.0;
        for strength in pattern.iter().cycle().take(horizon) {
            grown += step;
            step *= kept_a_day;
            sum += strength * grown.exp();
        }
        sum
    });
    for (index, (model, weight)) in models.iter().enumerate() {
        let shape = (model.shape * model.memory.powf(weeks_ahead)).max(SHAPE_MIN);
        let expected = model.shape / model.days * of_growth[index % GROWTHS.len()];
        let variance = dispersion * expected + expected * expected / shape;
        mean += weight * expected;
        square += weight * (variance + expected * expected);
    }
    (mean, (square - mean * mean).max(0.0))
}

#[expect(clippy::cast_precision_loss, reason = "a number of days")]
fn real(days: usize) -> f64 {
    days as f64
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 units the nearest such number will do")]
fn real_units(units: i64) -> f64 {
    units as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEEK_LEAD: LeadTime = LeadTime { days: 6, spread: None };

    fn sold(units: i64) -> DemandDay {
        DemandDay { units, available_at_start: 100 + units, available_at_end: 100 }
    }

    const EMPTY: DemandDay = DemandDay { units: 0, available_at_start: 0, available_at_end: 0 };

    #[test]
    fn five_days_at_two_a_day_are_two_a_day() {
        let demand = forecast(&[sold(2); 5], WEEK_LEAD, None);
        assert!((demand.units_per_day - 2.0).abs() < 0.2, "{demand:?}");
        assert_eq!((demand.days_looked_at, demand.days_left_out, demand.units), (5, 0, 10));
    }

    #[test]
    fn days_without_anything_to_sell_say_nothing() {
        let mut days = vec![sold(2); 29];
        days.extend([EMPTY; 29]);
        let demand = forecast(&days, WEEK_LEAD, None);
        assert!((demand.units_per_day - 2.0).abs() < 0.2, "{demand:?}");
        assert_eq!((demand.days_looked_at, demand.days_left_out), (29, 29));
    }

    #[test]
    fn a_day_that_sold_out_early_says_at_least_so_much() {
        let sold_out = |units| DemandDay { units, available_at_start: units, available_at_end: 0 };
        let days = [&[sold(5); 40][..], &[sold_out(1); 40]].concat();
        assert!((forecast(&days, WEEK_LEAD, None).units_per_day - 5.0).abs() < 0.5);
        let days = [&[sold(5); 40][..], &[sold_out(8); 40]].concat();
        assert!(forecast(&days, WEEK_LEAD, None).units_per_day > 7.0);
        let always = forecast(&[sold_out(3); 40], WEEK_LEAD, None);
        assert!((always.units_per_day - 3.0).abs() < 0.3, "{always:?}");
    }

    #[test]
    fn what_sold_in_the_year_is_worth_one_and_nothing_sold_says_nothing() {
        let mut days = [sold(0); 364];
        days[0] = sold(1);
        assert_eq!(forecast(&days, LeadTime { days: 0, spread: None }, None).suggested(0.5), 1);
        let never = forecast(&[sold(0); 364], WEEK_LEAD, Some(5.0));
        assert_eq!((never.suggested(0.95), never.method()), (0, Method::None));
        assert_eq!(forecast(&[], WEEK_LEAD, None).suggested(0.95), 0);
    }

    #[test]
    fn a_new_product_begins_with_its_category() {
        let first = forecast(&[], WEEK_LEAD, Some(2.0));
        assert!((first.units_per_day - 2.0).abs() < 0.4 && first.suggested(0.95) > 14, "{first:?}");
        let disappointing = forecast(&[sold(0); 30], WEEK_LEAD, Some(2.0));
        assert!(disappointing.units_per_day < 0.1, "{disappointing:?}");
        assert_eq!(forecast(&[sold(1); 56], WEEK_LEAD, Some(9.0)), forecast(&[sold(1); 56], WEEK_LEAD, None));
    }

    #[test]
    fn lead_times_that_vary_need_more() {
        let with = |spread| forecast(&[sold(4); 100], LeadTime { days: 6, spread }, None);
        assert!((with(Some(3.0)).variance - with(None).variance - 144.0).abs() < 5.0);
        assert_eq!(with(Some(f64::NAN)), with(None));
    }

    #[test]
    fn a_strong_day_of_the_week_counts_as_often_as_it_comes() {
        // Every seventh day, the last of them yesterday: today is not one, and eight days hold one.
        let days: Vec<_> = (0..140).map(|day| sold(if day % 7 == 6 { 21 } else { 0 })).collect();
        let over = |days_ahead| forecast(&days, LeadTime { days: days_ahead, spread: None }, None).mean;
        assert!(over(5) < 2.0 && (over(6) - 21.0).abs() < 1.0 && (over(12) - 21.0).abs() < 2.0);
        assert!((over(13) - 42.0).abs() < 2.0);
    }

    #[test]
    fn a_category_that_sells_next_to_nothing_says_nothing() {
        let day = |units| DemandDay { units, available_at_start: 0, available_at_end: 0 };
        let days = [4_619_909_477_538_528, 0, 0, 0, 0, -1, -6_747_918_486_745_450_676, -1].map(day);
        for rate in [5.706_346_399_370_42e-309, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NAN, -1.0] {
            let demand = forecast(&days, LeadTime { days: -1, spread: Some(6.5e-103) }, Some(rate));
            assert!(demand.mean.is_finite() && demand.mean >= 0.0, "{rate}: {demand:?}");
        }
    }

    proptest! {
        #[test]
        fn any_past_has_a_forecast(
            days in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..800),
            lead_days in any::<i64>(), spread in any::<Option<f64>>(), category in any::<Option<f64>>(),
        ) {
            let day = |&(units, available_at_start, available_at_end)| DemandDay { units, available_at_start, available_at_end };
            let days: Vec<_> = days.iter().map(day).collect();
            let demand = forecast(&days, LeadTime { days: lead_days, spread }, category);
            prop_assert!(demand.suggested(0.95) >= 0);
            prop_assert!(demand.mean.is_finite() && demand.mean >= 0.0, "{:?}", demand);
        }
    }
}
