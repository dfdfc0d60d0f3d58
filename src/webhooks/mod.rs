//! Webhooks: other programs are told what happens in the shop, as <https://www.standardwebhooks.com> has it.
//!
//! Each subscription reads the feed of [`crate::events`] from a position of its own. What it is told is the entry, so ids
//! and names of fields and never a value. `storekeeper-deliver` sends them, one at a time for each subscription, and the
//! position moves once the receiver has said yes: at least once, with the same `webhook-id` each time. What one receiver
//! refuses is put aside and tried again for three days ([`schedule`]), and with it what happens to the same object
//! later; the others go on. A receiver that is away is tried again by the same pauses, and not once for each event.

pub mod address;
pub mod figures;
#[cfg(feature = "deliver")]
mod outcome;
#[cfg(feature = "deliver")]
pub mod run;
pub mod schedule;
#[cfg(feature = "deliver")]
mod send;
#[cfg(feature = "deliver")]
mod sign;
#[cfg(feature = "deliver")]
mod work;

use chrono::Duration;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::pruning;
use crate::values::words;

/// Of the program, in the audit log and where it names itself.
pub const PROGRAM: &str = "storekeeper-deliver";

/// Each has a thread while it is sent to, and is looked at every second; a shop has a till, a front end and some services.
pub const WEBHOOKS_MAX: u64 = 20;

/// As many of its last attempts are kept for each: a page or two of a bad day.
pub const ATTEMPTS_KEPT: u64 = 1000;
/// And no longer than this, so that one that is seldom told anything does not keep them for years.
const ATTEMPTS_KEPT_FOR: Duration = Duration::days(30);

words! {
    /// Why the program does not send to it any more.
    StopReason, refused as "invalid_reason" {
        /// It answered 410.
        Gone = "gone",
        /// It has accepted nothing for three days.
        Failing = "failing",
    }
}

words! {
    /// How an attempt ended.
    Outcome, refused as "invalid_outcome" {
        Delivered = "delivered",
        /// It is tried again.
        Failed = "failed",
        /// It was the last one for this event.
        GivenUp = "given_up",
    }
}

/// Deletes attempts that are older than they are kept, and returns how many.
pub fn prune(app: &App) -> Result<u64> {
    let horizon = pruning::now(app)? - ATTEMPTS_KEPT_FOR;
    db::delete_in_batches(&app.pool, "DELETE FROM webhook_attempts WHERE at < ?", (horizon,))
}
