//! What a backup says of itself, in a file beside it, and the figures of a database that it is held against.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mysql::Conn;
use mysql::prelude::Queryable;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cli::Failure;

#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the program that made it.
    pub program: String,
    /// The last step of the schema, by its number and its name.
    pub migration: u32,
    pub migration_name: String,
    pub kind: String,
    /// When the dump began and when it had ended, in UTC.
    pub began_at: String,
    pub ended_at: String,
    pub server: String,
    pub database: String,
    pub file: String,
    pub bytes: u64,
    /// Of the file as it lies there, compressed and perhaps encrypted.
    pub sha256: String,
    /// What was counted just before the dump and just after it. The dump is one snapshot of a moment in between, so of what
    /// only grows its count lies between the two.
    pub before: Figures,
    pub after: Figures,
    /// The highest number that each table has given to a row, read after the dump: people may know it.
    pub highest_numbers: BTreeMap<String, u64>,
}

/// How much there is, at one moment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The id of the last movement of stock.
    pub ledger_head: u64,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

/// Tables of which no row is ever deleted.
const ONLY_GROW: [&str; 9] = [
    "audit_log",
    "order_events",
    "order_lines",
    "orders",
    "products",
    "purchase_order_receipts",
    "stock",
    "stock_movements",
    "suppliers",
];

impl Manifest {
    /// What of this database cannot be what the dump held.
    pub fn disagreements(&self, found: &Figures) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut hold = |what: &str, before: u64, found: u64, after: u64| {
            if !(before..=after).contains(&found) {
                wrong.push(format!(
                    "{what}: {found}, but there were {before} before the dump and {after} after it"
                ));
            }
        };
        hold("the last movement", self.before.ledger_head, found.ledger_head, self.after.ledger_head);
        for table in ONLY_GROW {
            let rows = |of: &Figures| of.rows.get(table).copied();
            // A step of the schema in between may have made a table, and a later one may take it away.
            if let (Some(before), Some(after)) = (rows(&self.before), rows(&self.after)) {
                hold(&format!("rows of {table}"), before, rows(found).unwrap_or(0), after);
            }
        }
        wrong
    }
}

/// The figures of the database of this connection, in one snapshot.
pub fn figures(conn: &mut Conn) -> Result<Figures, Failure> {
    let tables = tables(conn)?;
    conn.query_drop("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")?;
    let mut figures = Figures::default();
    for table in tables {
        let rows: Option<u64> = conn.query_first(format!("SELECT COUNT(*) FROM `{table}`"))?;
        figures.rows.insert(table, rows.unwrap_or(0));
    }
    figures.ledger_head = highest_id(conn, "stock_movements")?;
    conn.query_drop("COMMIT")?;
    Ok(figures)
}

/// The id of a table's last row; 0 where there is none.
pub fn highest_id(conn: &mut Conn, table: &str) -> Result<u64, Failure> {
    let highest: Option<Option<u64>> = conn.query_first(format!("SELECT MAX(id) FROM `{table}`"))?;
    Ok(highest.flatten().unwrap_or(0))
}

pub fn tables(conn: &mut Conn) -> Result<Vec<String>, Failure> {
    let sql = "SELECT table_name FROM information_schema.tables
               WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name";
    Ok(conn.query(sql)?)
}

/// The highest number that each table has given to a row, also to one that is gone.
pub fn highest_numbers(conn: &mut Conn) -> Result<BTreeMap<String, u64>, Failure> {
    // MySQL would tell what it has kept of it for a day; MariaDB keeps nothing and does not know this.
    drop(conn.query_drop("SET SESSION information_schema_stats_expiry = 0"));
    let sql = "SELECT table_name, auto_increment FROM information_schema.tables
               WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL";
    let next: Vec<(String, u64)> = conn.query(sql)?;
    Ok(next.into_iter().map(|(table, next)| (table, next.saturating_sub(1))).collect())
}

/// The SHA-256 of a file in hex, and its size.
pub fn digest(path: &Path) -> io::Result<(String, u64)> {
    let (mut file, mut digest, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => {
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
    let hex = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((hex, bytes))
}
