//! What the stock view and the plan say about the days to come, and what it rests on.

use std::collections::HashMap;

use chrono::Days;
use serde::Serialize;

use crate::db::Connection;
use crate::error::Result;
use crate::restock::demand::{self, PRODUCTS_AT_ONCE, Past};
use crate::restock::forecast::{Demand, DemandDay, LeadTime, Method, NEW_DAYS, counted_days, forecast};
use crate::restock::hits::{self, HitRate};
use crate::restock::lead_times::{self, Learned};
use crate::restock::supply::Waiting;
use crate::values::{Calendar, Day, Id, ServiceLevel};

/// Beyond this many days of cover a date of stock-out means nothing.
const COVER_DAYS_MAX: f64 = 3650.0;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// The first and the last day looked at; null when nothing is known of the product.
    pub from: Option<Day>,
    pub to: Option<Day>,
    pub days_looked_at: usize,
    pub days_left_out: usize,
    /// Ordered by customers in that time.
    pub units_ordered: i64,
    pub method: Method,
    /// Expected of the days to come, rounded to a hundredth.
    pub units_per_day: f64,
    /// Rounded to a tenth; null when nothing is expected.
    pub days_of_cover: Option<f64>,
    pub stock_out_date: Option<Day>,
    /// The mean of the lead times of receipts, rounded up, with which this counts; None where it counts with what the
    /// product or its supplier says.
    pub lead_time_learned_days: Option<i64>,
    /// The standard deviation of the lead times of receipts, rounded to a tenth.
    pub lead_time_spread_days: Option<f64>,
    /// What products of its category sell a day, with which a new product begins; rounded to a hundredth.
    pub category_units_per_day: Option<f64>,
    pub suggested_reorder_point: i64,
    /// Of the suggestions of the last twelve months whose lead time is over: how many, which part was to last and which
    /// part would have.
    pub looks_judged: i64,
    pub wanted: Option<f64>,
    pub reached: Option<f64>,
}

/// What a forecast of a product is made from, as it stands in the database.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub(super) past: Past,
    learned: Option<Learned>,
    category_units_per_day: Option<f64>,
    hit_rate: HitRate,
}

/// What is known of these products today. Of those that are left out nothing is.
pub fn known(
    db: &mut Connection,
    calendar: &Calendar,
    product_ids: &[Id],
    today: Day,
) -> Result<HashMap<Id, Known>> {
    let pasts = demand::pasts(db, product_ids, today)?;
    let mut known: HashMap<Id, Known> =
        pasts.into_iter().map(|(id, past)| (id, Known { past, ..Known::default() })).collect();
    for some in product_ids.chunks(PRODUCTS_AT_ONCE) {
        for (product_id, learned) in lead_times::learned(db, some)? {
            known.entry(product_id).or_default().learned = Some(learned);
        }
        let is_new = |id: &Id| known.get(id).is_none_or(|known| known.past.days.len() < NEW_DAYS);
        let new: Vec<Id> = some.iter().copied().filter(is_new).collect();
        for (product_id, rate) in demand::of_categories(db, calendar, &new, today)? {
            known.entry(product_id).or_default().category_units_per_day = Some(rate);
        }
        for (product_id, hit_rate) in hits::of_products(db, some)? {
            known.entry(product_id).or_default().hit_rate = hit_rate;
        }
    }
    Ok(known)
}

/// What is known of one product.
pub fn known_of_one(db: &mut Connection, calendar: &Calendar, product_id: Id, today: Day) -> Result<Known> {
    Ok(known(db, calendar, &[product_id], today)?.remove(&product_id).unwrap_or_default())
}

impl Known {
    /// How long the product takes: as its receipts have shown, or as somebody says while there are few.
    pub fn lead_time_days(&self, stated: i64) -> i64 {
        self.learned.map_or(stated, |learned| learned.days)
    }

    /// What a reorder point has to last for.
    pub fn waiting_days(&self, waiting: Waiting) -> i64 {
        let days = self.lead_time_days(waiting.effective_lead_time_days);
        Waiting { effective_lead_time_days: days, ..waiting }.days()
    }

    /// `lead_time_days` is how long the point has to last for.
    fn demand(&self, lead_time_days: i64) -> Demand {
        let lead_time = LeadTime { days: lead_time_days, spread: self.learned.map(|learned| learned.spread) };
        forecast(&self.past.days, lead_time, self.category_units_per_day)
    }

    /// Expected of the days to come.
    pub fn units_per_day(&self, lead_time_days: i64) -> f64 {
        self.demand(lead_time_days).units_per_day
    }

    /// The days that the forecast rests on, the oldest first, each with what was wanted on it; None where that says
    /// nothing about demand.
    pub fn days(&self) -> Vec<(Day, DemandDay, Option<i64>)> {
        let Past { days, first, .. } = &self.past;
        let dates = first.iter().flat_map(|first| first.0.iter_days()).map(Day);
        let counted = counted_days(days);
        dates.zip(days).zip(counted).map(|((date, day), counted)| (date, *day, counted)).collect()
    }

    pub fn suggested(&self, lead_time_days: i64, service_level: ServiceLevel) -> i64 {
        self.demand(lead_time_days).suggested(service_level.probability())
    }

    pub fn forecast(
        &self,
        available: i64,
        waiting: Waiting,
        service_level: ServiceLevel,
        today: Day,
    ) -> Forecast {
        let demand = self.demand(self.waiting_days(waiting));
        let per_day = demand.units_per_day;
        let parts = self.hit_rate.parts();
        let cover = (per_day > 0.0).then(|| real(available.max(0)) / per_day);
        let date = cover
            .filter(|cover| *cover <= COVER_DAYS_MAX)
            .map(|cover| Day(today.0 + Days::new(whole_days(cover))));
        Forecast {
            from: self.past.first,
            to: self.past.last.filter(|_| !self.past.days.is_empty()),
            days_looked_at: demand.days_looked_at,
            days_left_out: demand.days_left_out,
            units_ordered: demand.units,
            method: demand.method(),
            units_per_day: rounded(per_day, 100.0),
            days_of_cover: cover.map(|cover| rounded(cover, 10.0)),
            stock_out_date: date,
            lead_time_learned_days: self.learned.map(|learned| learned.days),
            lead_time_spread_days: self.learned.map(|learned| rounded(learned.spread, 10.0)),
            category_units_per_day: self.category_units_per_day.map(|rate| rounded(rate, 100.0)),
            suggested_reorder_point: demand.suggested(service_level.probability()),
            looks_judged: self.hit_rate.judged,
            wanted: parts.map(|(wanted, _)| wanted),
            reached: parts.map(|(_, reached)| reached),
        }
    }
}

fn rounded(figure: f64, parts: f64) -> f64 {
    (figure * parts).round() / parts
}

#[expect(clippy::cast_precision_loss, reason = "units of a shelf are far below 2^53")]
fn real(units: i64) -> f64 {
    units as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to COVER_DAYS_MAX")]
fn whole_days(days: f64) -> u64 {
    days.floor() as u64
}
