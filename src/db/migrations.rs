//! The schema, step by step: numbered files of one statement each, applied in order and recorded.
//!
//! A run can be cut off at any point, and the next one goes on from there, whatever the statement does:
//! - A step is recorded as started before its statement runs, and as finished afterwards. A step that was
//!   started and not finished is run again.
//! - A statement that changes rows (INSERT, UPDATE, DELETE) commits together with the record of its end, so
//!   it has happened exactly when it is recorded.
//! - Any other statement commits by itself, and a crash can fall between it and its record. So its file
//!   says in its comment how to see that it is done, `-- done when: SELECT …`; when that is true of a step
//!   that was started, it is only recorded as finished.
//! - What is done before its step was ever started is not of our making, and is refused.
//!
//! Two runs at once take turns at a row lock. On the nodes of a cluster, where a row lock is one node's, they
//! can meet. Each step's record can still be begun and ended only once, nothing ever deletes one, and whoever
//! finds the other one's work done goes on.

use std::time::Duration;

use mysql::Conn;
use mysql::prelude::Queryable;
use sha2::{Digest, Sha256};

use crate::db::transaction::is_rerun;
use crate::db::{Connection, column};
use crate::error::database::is_no_such_table;
use crate::error::{Error, Result};

pub struct Migration {
    pub version: u32,
    pub name: &'static str,
    /// The file: a comment and one statement.
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal)*) => {
        /// Every file of `sql/migrations/`.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../sql/migrations/", $name, ".sql")),
        }),*];
    };
}

migrations! {
    1 "0001_customers"
    2 "0002_accounts"
    3 "0003_sessions"
    4 "0004_products"
    5 "0005_stock"
    6 "0006_orders"
    7 "0007_order_lines"
    8 "0008_order_events"
    9 "0009_restock_runs"
    10 "0010_restock_orders"
    11 "0011_stock_movements"
    12 "0012_restock_run_lines"
    13 "0013_idempotency_keys"
    14 "0014_throttle_secret"
    15 "0015_login_failures"
    16 "0016_known_networks"
    17 "0017_prune_clock"
    18 "0018_api_keys"
    19 "0019_orders_actor_key"
    20 "0020_order_events_actor"
    21 "0021_stock_movements_actor_key"
    22 "0022_restock_runs_actor_key"
    23 "0023_audit_log"
    24 "0024_orders_confirmed"
    25 "0025_order_events_reason"
    26 "0026_products_search_text"
    27 "0027_customers_search_text"
    28 "0028_products_barcodes"
    29 "0029_product_barcodes"
    30 "0030_stock_movements_ruled"
    31 "0031_stock_movements_sign"
    32 "0032_order_lines_placed_at"
    33 "0033_order_lines_of_before"
    34 "0034_orders_by_tracking"
    35 "0035_idempotency_keys_digested"
    36 "0036_idempotency_keys_movement"
    37 "0037_idempotency_keys_of_movements"
    38 "0038_mentions"
    39 "0039_stock_movements_noted"
    40 "0040_orders_lost_or_returned"
    41 "0041_order_events_corrected"
    42 "0042_audit_log_of_parcels"
    43 "0043_events_unnumbered"
    44 "0044_events"
    45 "0045_event_feed"
    46 "0046_orders_updated_at"
    47 "0047_stock_updated_at"
    48 "0048_products_by_update"
    49 "0049_customers_by_update"
    50 "0050_demand_days"
    51 "0051_demand_summary"
    52 "0052_demand_summary_row"
    53 "0053_stock_service_level"
    54 "0054_restock_run_lines_service_level"
    55 "0055_suggestions"
    56 "0056_hit_rates"
    57 "0057_category_demand"
    60 "0060_suppliers"
    61 "0061_supplier_products"
    62 "0062_audit_log_of_suppliers"
    63 "0063_stock_lead_time_of_supplier"
    64 "0064_stock_lead_time_of_nobody"
    65 "0065_restock_run_lines_lead_time"
    66 "0066_purchase_orders"
    67 "0067_purchase_order_lines"
    68 "0068_purchase_order_receipts"
    69 "0069_purchase_orders_of_before"
    70 "0070_purchase_order_lines_of_before"
    71 "0071_purchase_order_receipts_of_before"
    72 "0072_stock_movements_unbound"
    73 "0073_stock_movements_of_purchases"
    74 "0074_restock_run_lines_unbound"
    75 "0075_restock_run_lines_of_purchases"
    76 "0076_stock_drafted"
    77 "0077_audit_log_unbound"
    78 "0078_audit_log_of_before"
    79 "0079_audit_log_of_purchases"
    80 "0080_events_unnumbered_of_purchases"
    81 "0081_events_of_purchases"
    82 "0082_restock_orders"
    83 "0083_stock_value"
    84 "0084_stock_movements_value"
    85 "0085_stock_movements_of_before_value"
    86 "0086_stock_takes"
    87 "0087_stock_take_lines"
    88 "0088_stock_movements_of_takes"
    89 "0089_audit_log_of_takes"
    93 "0093_upkeep"
    94 "0094_audit_log_of_verifications"
    99 "0099_restock_run_lines_without_costs"
    100 "0100_purchase_order_lines_cost_of_offer"
    101 "0101_mentions_of_purchase_orders"
    102 "0102_stock_movements_cost_unknown"
    103 "0103_stock_movements_of_before_cost_unknown"
    104 "0104_stock_cost_unknown"
    105 "0105_stock_of_before_cost_unknown"
    106 "0106_stock_units_per_day"
    107 "0107_products_by_shelf"
    108 "0108_purchase_orders_noted"
    109 "0109_stock_selling"
    110 "0110_accounts_password_changed"
    111 "0111_imports"
    112 "0112_import_rows"
    113 "0113_audit_log_of_imports_and_webhooks"
    114 "0114_customers_by_email"
    120 "0120_webhooks"
    121 "0121_webhook_waiting"
    122 "0122_webhook_attempts"
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    /// Started and not recorded as finished: running now, or cut off by a crash.
    Started,
    Missing,
}

struct Record {
    version: u32,
    sha256: String,
    finished: bool,
}

/// Row 0 is not a migration: whoever has it locked may change the schema.
const RECORDS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INT UNSIGNED NOT NULL,
    name VARCHAR(100) NOT NULL,
    sha256 CHAR(64) NOT NULL,
    started_at DATETIME(6) NOT NULL,
    finished_at DATETIME(6) NULL,
    PRIMARY KEY (version)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// The longest wait for another run that is at work, and for the rows that a running shop has locked.
const WAIT_MAX_SECONDS: u32 = 600;
/// How often a step is tried that others overtake.
const ATTEMPTS_MAX: u32 = 10;
/// Two that met would meet again at once.
const PAUSE: Duration = Duration::from_millis(20);

/// Applies what is missing of `migrations`, and returns the names. `guard` is a second connection, which
/// holds the lock while `conn` changes the schema.
pub fn migrate(conn: &mut Conn, guard: &mut Conn, migrations: &[Migration]) -> Result<Vec<&'static str>> {
    for connection in [&mut *conn, &mut *guard] {
        connection.query_drop(format!("SET innodb_lock_wait_timeout = {WAIT_MAX_SECONDS}"))?;
    }
    // Waits too, when another run has the row locked. On another node's table none is: one of the two gives way.
    however_often(|| {
        conn.query_drop(RECORDS)?;
        guard.query_drop("INSERT IGNORE INTO schema_migrations VALUES (0, 'lock', '', NOW(6), NOW(6))")?;
        guard.query_drop("START TRANSACTION")?;
        Ok(guard.query_drop("SELECT version FROM schema_migrations WHERE version = 0 FOR UPDATE")?)
    })?;
    let applied = apply_missing(&mut Connection::alone(conn), migrations);
    // Whatever becomes of the lock now, the work is done or has its error.
    drop(guard.query_drop("ROLLBACK"));
    applied
}

fn apply_missing(db: &mut Connection, migrations: &[Migration]) -> Result<Vec<&'static str>> {
    let mut applied = Vec::new();
    for (migration, state) in states(db, migrations)? {
        if state != State::Applied && apply_however_often(db, migration)? {
            applied.push(migration.name);
        }
    }
    Ok(applied)
}

/// Applies a step, again when another run was in its way. False when that run has finished the step.
fn apply_however_often(db: &mut Connection, migration: &Migration) -> Result<bool> {
    let applied = however_often(|| apply(db, migration));
    if let Err(error) = &applied {
        forget_refused(db, migration, error);
    }
    applied
}

/// Does something again while another run is in its way, a little later each time.
fn however_often<T>(mut work: impl FnMut() -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match work() {
            Err(error) if is_rerun(&error) && attempt < ATTEMPTS_MAX => {
                std::thread::sleep(PAUSE * attempt);
                attempt += 1;
            }
            decided => return decided,
        }
    }
}

/// Takes back the record of a step whose statement the server has refused: nothing of it was done, so the release before,
/// which does not know the step, goes on with these tables.
fn forget_refused(db: &mut Connection, migration: &Migration, error: &Error) {
    if matches!(error, Error::Database(mysql::Error::MySqlError(_))) && !migration.is_done(db).unwrap_or(true)
    {
        let sql = "DELETE FROM schema_migrations WHERE version = ? AND sha256 = ? AND finished_at IS NULL";
        // One that stays is finished or started again by the next run.
        let _ = db.execute(sql, (migration.version, migration.sha256()));
    }
}

fn apply(db: &mut Connection, migration: &Migration) -> Result<bool> {
    // Looked at before the records: whoever does a step's work has written its record first, and every node
    // of a cluster sees the two in this order. So what is done without a record is nobody's of ours.
    let done = migration.is_done(db)?;
    let records = records(db)?;
    match records.iter().find(|record| record.version == migration.version) {
        Some(record) if record.finished => return Ok(false),
        Some(record) if record.sha256 == migration.sha256() => {
            if done {
                return finish(db, migration);
            }
        }
        // A release that failed has begun it, and this one has mended it.
        Some(record) => {
            if done {
                return Err(migration.refused(
                    "was begun by another release with another text, and what it does is done already; undo that, and run this again",
                ));
            }
            restart(db, migration, &record.sha256)?;
        }
        None if records.iter().any(|record| record.version > migration.version) => {
            // The steps are applied in order, so the later ones prove that this one was applied too.
            if !done {
                return Err(migration.refused(
                    "has no record although later steps have, and its work is not there; restore the table schema_migrations from a backup",
                ));
            }
            start(db, migration)?;
            return finish(db, migration);
        }
        None if done && !migration.changes_rows() => {
            return Err(migration.refused(
                "finds what it would do done already, and not by this program; give it a database of its own, or remove what is in its way",
            ));
        }
        None => start(db, migration)?,
    }
    run(db, migration)
}

/// Runs the statement of a step that is recorded as started, and records its end.
fn run(db: &mut Connection, migration: &Migration) -> Result<bool> {
    db.0.query_drop("START TRANSACTION")?;
    let finished = db.0.query_drop(migration.sql).map_err(Error::from).and_then(|()| finish(db, migration));
    if matches!(finished, Ok(true)) {
        db.0.query_drop("COMMIT")?;
        return Ok(true);
    }
    // Rows that another run has changed are not changed twice.
    drop(db.0.query_drop("ROLLBACK"));
    finished
        .or_else(|error| if is_done_by_another(db, migration) { finish(db, migration) } else { Err(error) })
}

/// Whether the statement failed because another node was faster.
fn is_done_by_another(db: &mut Connection, migration: &Migration) -> bool {
    let is_finished = |record: &Record| record.version == migration.version && record.finished;
    migration.is_done(db).unwrap_or(false) || records(db).is_ok_and(|records| records.iter().any(is_finished))
}

fn start(db: &mut Connection, migration: &Migration) -> Result<()> {
    let started = db.execute(
        "INSERT IGNORE INTO schema_migrations (version, name, sha256, started_at) VALUES (?, ?, ?, NOW(6))",
        (migration.version, migration.name, migration.sha256()),
    )?;
    if started == 1 { Ok(()) } else { Err(Error::Raced) }
}

/// Records that a step was started again with another text.
fn restart(db: &mut Connection, migration: &Migration, old_sha256: &str) -> Result<()> {
    let started = db.execute(
        "UPDATE schema_migrations SET name = ?, sha256 = ?, started_at = NOW(6)
         WHERE version = ? AND sha256 = ? AND finished_at IS NULL",
        (migration.name, migration.sha256(), migration.version, old_sha256),
    )?;
    if started == 1 { Ok(()) } else { Err(Error::Raced) }
}

/// Records the end of a step. False when another run has recorded it.
fn finish(db: &mut Connection, migration: &Migration) -> Result<bool> {
    let finished = db.execute(
        "UPDATE schema_migrations SET finished_at = NOW(6) WHERE version = ? AND finished_at IS NULL",
        (migration.version,),
    )?;
    Ok(finished == 1)
}

fn records(db: &mut Connection) -> Result<Vec<Record>> {
    let records = db.rows(
        "SELECT version, sha256, finished_at IS NOT NULL AS finished FROM schema_migrations",
        (),
        |row| Record {
            version: column(row, "version"),
            sha256: column(row, "sha256"),
            finished: column(row, "finished"),
        },
    );
    match records {
        Err(Error::Database(cause)) if is_no_such_table(&cause) => Ok(Vec::new()),
        other => other,
    }
}

/// Each of `migrations`, and whether it is applied. One that was changed after it was applied is an
/// error: nobody could say which schema the database has.
pub fn states<'a>(db: &mut Connection, migrations: &'a [Migration]) -> Result<Vec<(&'a Migration, State)>> {
    let records = records(db)?;
    let mut states = Vec::new();
    for migration in migrations {
        let record = records.iter().find(|record| record.version == migration.version);
        let state = match record {
            None => State::Missing,
            Some(record) if !record.finished => State::Started,
            Some(record) if record.sha256 == migration.sha256() => State::Applied,
            Some(_) => {
                return Err(migration.refused(
                    "was changed after it was applied; install the release that this database was made with, or a later one. What 0.1.0 made has no way to 0.2.0: scripts/deploy/changelog says what to do",
                ));
            }
        };
        states.push((migration, state));
    }
    Ok(states)
}

/// The names of the migrations that this program needs and the database lacks.
pub fn missing(db: &mut Connection) -> Result<Vec<&'static str>> {
    let states = states(db, MIGRATIONS)?.into_iter();
    Ok(states.filter(|(_, state)| *state != State::Applied).map(|(migration, _)| migration.name).collect())
}

/// The name of the last step of the database that this program does not know: a later release has made it.
pub fn unknown(db: &mut Connection) -> Result<Option<String>> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let sql = "SELECT name FROM schema_migrations WHERE version > ? ORDER BY version DESC LIMIT 1";
    db.row(sql, (known,), |row| column(row, "name"))
}

impl Migration {
    /// The checksum of the file, as `sha256sum` has it.
    pub fn sha256(&self) -> String {
        crate::values::hex(&Sha256::digest(self.sql))
    }

    /// The query of `-- done when:`, with which the comment above the statement ends.
    fn done_when(&self) -> Option<String> {
        let mut comment = self.sql.lines().map_while(|line| line.strip_prefix("--"));
        let first = comment.find_map(|line| line.trim_start().strip_prefix("done when:"))?;
        Some(std::iter::once(first).chain(comment).collect())
    }

    fn is_done(&self, db: &mut Connection) -> Result<bool> {
        let Some(query) = self.done_when() else {
            return Ok(false);
        };
        Ok(db.0.query_first(format!("SELECT ({query}) IS TRUE"))?.unwrap_or(false))
    }

    /// Whether the statement can be rolled back.
    fn changes_rows(&self) -> bool {
        let statement = self.sql.lines().find(|line| !line.starts_with("--")).unwrap_or_default();
        ["INSERT", "UPDATE", "DELETE"].iter().any(|verb| statement.starts_with(verb))
    }

    fn refused(&self, why: &str) -> Error {
        Error::Internal(format!("migration {} {why}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_numbered_in_order_and_each_can_be_resumed() {
        assert!(MIGRATIONS.is_sorted_by(|one, next| one.version < next.version));
        for migration in MIGRATIONS {
            let Migration { version, name, .. } = migration;
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
            let is_resumable = migration.changes_rows() || migration.done_when().is_some();
            assert!(is_resumable, "{name} does not say how to see that it is done");
        }
    }

    #[test]
    fn how_to_see_that_a_step_is_done_may_go_on_to_the_end_of_the_comment() {
        let done_when = |sql| Migration { version: 1, name: "1", sql }.done_when();
        let sql =
            "-- What for.\n-- done when: SELECT 1\n--     FROM t\nALTER TABLE t ADD COLUMN a INT\n-- no";
        assert_eq!(done_when(sql).unwrap(), " SELECT 1     FROM t");
        assert_eq!(done_when("-- What for.\nUPDATE t SET a = 1"), None);
    }
}
