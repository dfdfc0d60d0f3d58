//! Restocking: what to order, why, and doing it. It knows no HTTP.
//!
//! [`decide`] is the rule, a pure function. [`scan`] finds the watched products with a few statements; [`run`] puts what
//! is due on a draft purchase order of its supplier, each product in a short transaction of its own that decides again
//! under the row's lock, and then orders the drafts. So runs may overlap, on one machine or several, and a run that is
//! killed has done whole products only, which the next one orders.

mod comparison;
pub mod demand;
pub mod drafts;
pub mod forecast;
pub mod hits;
mod late;
pub mod lead_times;
pub mod outlook;
mod packing;
mod plan;
pub mod purchase;
mod rule;
mod run;
pub mod sales_rates;
pub mod supply;
mod unconfirmed;
pub mod what_if;

pub use comparison::{Asked, Comparison, Tried, TriedPoint, compare, compare_watched};
pub use late::{Late, late_before};
pub use packing::Packing;
pub use plan::{PlanLine, Selection, Watched, is_product, plan, scan};
pub use rule::{Decision, Policy, Reason, decide};
pub use run::{Outcome, RunLine, Summary, finish, lines, prune, run, start, summary};
pub use unconfirmed::CONFIRMED;
