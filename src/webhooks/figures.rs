//! How far each webhook is: for whoever made it, for a monitor, and for `storekeeper doctor`.

use crate::db::{Connection, column};
use crate::error::Result;
use crate::values::{Id, Timestamp};
use crate::webhooks::StopReason;

/// More are not counted: somebody has to look long before.
pub const BEHIND_MAX: u64 = 10_000;

/// What was not delivered yet.
#[derive(Debug, Clone, Copy)]
pub struct Behind {
    /// Events, up to [`BEHIND_MAX`].
    pub events: u64,
    /// When the oldest of them happened.
    pub since: Option<Timestamp>,
}

/// What one that has come to this position, and is told of these types, is behind by: what is put aside, what has its number,
/// and what nobody has given one yet, as where the program that sends does not run.
pub fn behind(db: &mut Connection, id: Id, position: u64, event_types: Option<&str>) -> Result<Behind> {
    let sql = format!(
        "SELECT CAST(LEAST(COUNT(*), {BEHIND_MAX}) AS UNSIGNED) AS events, MIN(w.at) AS since FROM (
             (SELECT at FROM webhook_waiting WHERE webhook_id = ? LIMIT {BEHIND_MAX})
             UNION ALL
             (SELECT at FROM events WHERE number > ? AND (? IS NULL OR FIND_IN_SET(type, ?))
              ORDER BY number LIMIT {BEHIND_MAX})
             UNION ALL
             (SELECT at FROM events_unnumbered WHERE ? IS NULL OR FIND_IN_SET(type, ?)
              ORDER BY id LIMIT {BEHIND_MAX})
         ) w"
    );
    let values = (id, position, event_types, event_types, event_types, event_types);
    let found =
        db.row(&sql, values, |row| Behind { events: column(row, "events"), since: column(row, "since") })?;
    Ok(found.unwrap_or(Behind { events: 0, since: None }))
}

/// A webhook as those see it who keep the shop.
#[derive(Debug)]
pub struct Progress {
    pub id: Id,
    pub active: bool,
    pub stopped: Option<StopReason>,
    pub delivered: u64,
    pub given_up: u64,
    pub behind: Behind,
}

/// All of them.
pub fn of_all(db: &mut Connection) -> Result<Vec<Progress>> {
    let sql = "SELECT id, event_types, active, stopped_reason, position, delivered, given_up FROM webhooks ORDER BY id";
    let found = db.rows(sql, (), |row| {
        let none_yet = Behind { events: 0, since: None };
        let progress = Progress {
            id: column(row, "id"),
            active: column(row, "active"),
            stopped: column(row, "stopped_reason"),
            delivered: column(row, "delivered"),
            given_up: column(row, "given_up"),
            behind: none_yet,
        };
        (progress, column::<u64>(row, "position"), column::<Option<String>>(row, "event_types"))
    })?;
    let mut all = Vec::new();
    for (progress, position, event_types) in found {
        let behind = behind(db, progress.id, position, event_types.as_deref())?;
        all.push(Progress { behind, ..progress });
    }
    Ok(all)
}
