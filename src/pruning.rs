//! What time it is for those who delete what is over.
//!
//! A clock that jumps ahead makes everything look old, and what is deleted then does not come back when the
//! clock is set right. So the clock is believed only as far as it can have run since the last run of pruning:
//! a jump costs a day and a quarter of what is kept, whatever its length. After a true pause, rows are kept
//! longer until the belief has caught up.

use chrono::Duration;

use crate::app::App;
use crate::db::{self, column};
use crate::error::Result;
use crate::values::Timestamp;

/// As far as the belief goes in one run, however long the pause before it was: a day and a quarter.
const ADVANCE_MAX: Duration = Duration::hours(30);

/// What a clock that ran ahead was believed is taken back when it is right again. One that is further behind
/// is itself wrong, and the belief stays for when that is over.
const BELIEVED_AHEAD_MAX: Duration = Duration::days(7);

/// The time to prune by: never later than the clock says. The schema's last step stands for the run before
/// the first.
pub fn now(app: &App) -> Result<Timestamp> {
    let now = app.clock.now();
    let believed: Option<Timestamp> = db::transaction(&app.pool, |tx| {
        tx.execute(
            "INSERT IGNORE INTO prune_clock (id, seen_at, believed_at)
             SELECT 1, step.at, step.at FROM (SELECT MAX(finished_at) AS at FROM schema_migrations WHERE version > 0) step",
            (),
        )?;
        tx.execute(
            "UPDATE prune_clock SET
                 believed_at = CASE
                     WHEN believed_at > ? THEN believed_at
                     WHEN believed_at > ? THEN ?
                     ELSE LEAST(?, believed_at + INTERVAL
                         LEAST(?, 5 * GREATEST(0, TIMESTAMPDIFF(MICROSECOND, seen_at, ?)) DIV 4) MICROSECOND)
                 END,
                 seen_at = ?
             WHERE id = 1",
            (now + BELIEVED_AHEAD_MAX, now, now, now, ADVANCE_MAX.num_microseconds(), now, now),
        )?;
        tx.row("SELECT believed_at FROM prune_clock WHERE id = 1", (), |row| column(row, "believed_at"))
    })?;
    Ok(believed.map_or(now, |believed| believed.min(now)))
}
