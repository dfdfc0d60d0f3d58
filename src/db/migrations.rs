//! The schema, step by step: numbered files of one statement each, applied in order and recorded.
//!
//! DDL commits by itself on MySQL and MariaDB, so a crash can fall between a statement and its
//! record. Each step is therefore recorded as started before it runs; a step that was started and
//! finds its work done is finished. Two runs at once take turns at a row lock.

use mysql::Conn;
use mysql::prelude::Queryable;
use sha2::{Digest, Sha256};

use crate::db::{Connection, column};
use crate::error::database::{is_already_there, is_no_such_table};
use crate::error::{Error, Result};

pub struct Migration {
    pub version: u32,
    pub name: &'static str,
    sql: &'static str,
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Applied,
    /// Started and not recorded as finished: running now, or cut off by a crash.
    Started,
    Missing,
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

/// The longest wait for another run that is at work.
const TURN_MAX_SECONDS: u32 = 600;

/// Applies what is missing and answers the names. `guard` is a second connection, which holds the
/// lock while `conn` changes the schema.
pub fn migrate(conn: &mut Conn, guard: &mut Conn) -> Result<Vec<&'static str>> {
    conn.query_drop(RECORDS)?;
    guard.query_drop(format!("SET innodb_lock_wait_timeout = {TURN_MAX_SECONDS}"))?;
    // Waits too, when another run has the row locked.
    guard.query_drop("INSERT IGNORE INTO schema_migrations VALUES (0, 'lock', '', NOW(6), NOW(6))")?;
    guard.query_drop("START TRANSACTION")?;
    guard.query_drop("SELECT version FROM schema_migrations WHERE version = 0 FOR UPDATE")?;
    let applied = apply_missing(&mut Connection(conn));
    guard.query_drop("ROLLBACK")?;
    applied
}

fn apply_missing(db: &mut Connection) -> Result<Vec<&'static str>> {
    let mut applied = Vec::new();
    for (migration, state) in states(db)? {
        if state == State::Applied {
            continue;
        }
        if state == State::Missing {
            db.execute(
                "INSERT INTO schema_migrations (version, name, sha256, started_at) VALUES (?, ?, ?, NOW(6))",
                (migration.version, migration.name, migration.sha256()),
            )?;
        }
        match db.0.query_drop(migration.sql) {
            Ok(()) => {}
            Err(cause) if state == State::Started && is_already_there(&cause) => {}
            Err(cause) if is_already_there(&cause) => {
                // It is not of our making. Without this the next run would take it for ours.
                db.execute("DELETE FROM schema_migrations WHERE version = ?", (migration.version,))?;
                return Err(cause.into());
            }
            Err(cause) => return Err(cause.into()),
        }
        db.execute(
            "UPDATE schema_migrations SET finished_at = NOW(6) WHERE version = ?",
            (migration.version,),
        )?;
        applied.push(migration.name);
    }
    Ok(applied)
}

/// Every migration and whether it is applied. One that was changed after it was applied is an
/// error: nobody could say which schema the database has.
pub fn states(db: &mut Connection) -> Result<Vec<(&'static Migration, State)>> {
    let recorded = db.rows(
        "SELECT version, sha256, finished_at IS NOT NULL AS finished FROM schema_migrations",
        (),
        |row| {
            let version: u32 = column(row, "version");
            (version, column::<String>(row, "sha256"), column::<bool>(row, "finished"))
        },
    );
    let recorded = match recorded {
        Err(Error::Database(cause)) if is_no_such_table(&cause) => Vec::new(),
        other => other?,
    };
    let mut states = Vec::new();
    for migration in MIGRATIONS {
        let record = recorded.iter().find(|(version, ..)| *version == migration.version);
        let state = match record {
            None => State::Missing,
            Some((_, sha256, _)) if *sha256 != migration.sha256() => {
                let name = migration.name;
                return Err(Error::Internal(format!(
                    "migration {name} was changed after it was applied; install the release that this database was made with, or a later one"
                )));
            }
            Some((_, _, true)) => State::Applied,
            Some((_, _, false)) => State::Started,
        };
        states.push((migration, state));
    }
    Ok(states)
}

/// The names of the migrations that this program needs and the database lacks.
pub fn missing(db: &mut Connection) -> Result<Vec<&'static str>> {
    let states = states(db)?.into_iter();
    Ok(states.filter(|(_, state)| *state != State::Applied).map(|(migration, _)| migration.name).collect())
}

impl Migration {
    fn sha256(&self) -> String {
        Sha256::digest(self.sql).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
