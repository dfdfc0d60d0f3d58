//! Restocking: what to order, why, and doing it. It knows no HTTP.
//!
//! [`decide`] is the rule, a pure function. [`scan`] applies it to every watched product with one
//! statement; [`run`] acts on it, each product in a short transaction of its own that decides again
//! under the row's lock. So runs may overlap, on one machine or several, and a run that is killed has
//! done whole products only.

mod comparison;
pub mod demand;
pub mod forecast;
pub mod hits;
mod late;
pub mod outlook;
mod plan;
mod rule;
mod run;
pub mod supply;
mod unconfirmed;
pub mod what_if;

use mysql::Value;

use crate::values::{Timestamp, words};

pub use comparison::{Asked, Comparison, Tried, TriedPoint, bought, compare, compare_watched};
pub use late::{Late, late_before, late_orders};
pub use plan::{PlanLine, Selection, Watched, is_product, plan, scan};
pub use rule::{Decision, Policy, Reason, decide};
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
    pub const WRITTEN: &'static str = "status = ?, closed_at = ?";

    /// A closed order has its time.
    pub fn written(self, now: Timestamp) -> [Value; 2] {
        [self.into(), (self != OrderStatus::Open).then_some(now).into()]
    }
}
