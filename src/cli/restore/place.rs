//! The database that a backup is loaded into. It must be new or empty, and bears a mark until it is finished: what has the
//! mark is what a restore has left that was cut off, and is the only thing that another one clears away. A row in the mark
//! says that the database itself was made by a restore.

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::cli::Failure;

const MARK: &str = "restore_unfinished";

/// A name that needs no quotes and no encoding anywhere.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain && (1..=64).contains(&name.len()) {
        return Ok(());
    }
    Err("the name of the new database must be 1 to 64 letters, digits and underscores".into())
}

/// Makes the database, or takes an empty one, for as long as `conn` is open.
pub fn take(conn: &mut Conn, database: &str) -> Result<(), Failure> {
    let lock = format!("storekeeper restore {database}");
    // MySQL's names of locks are this long.
    let lock = &lock[..lock.len().min(64)];
    let locked: Option<Option<u8>> = conn.exec_first("SELECT GET_LOCK(?, 2)", (lock,))?;
    if locked.flatten() != Some(1) {
        return Err(format!("another restore into {database} is running").into());
    }
    let sql = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?";
    let is_there: Option<u64> = conn.exec_first(sql, (database,))?;
    let is_new = is_there == Some(0);
    if is_new {
        conn.query_drop(format!("CREATE DATABASE `{database}` CHARACTER SET utf8mb4"))?;
    }
    let tables: Vec<String> =
        conn.exec("SELECT table_name FROM information_schema.tables WHERE table_schema = ?", (database,))?;
    let is_marked = tables.iter().any(|table| table == MARK);
    if !tables.is_empty() && !is_marked {
        return Err(format!(
            "the database {database} exists and is not empty; nothing is ever restored over what is there, so name a new one"
        )
        .into());
    }
    if is_marked {
        conn.query_drop("SET SESSION foreign_key_checks = 0")?;
        for table in tables.iter().filter(|table| *table != MARK) {
            conn.query_drop(format!("DROP TABLE `{database}`.`{table}`"))?;
        }
        conn.query_drop("SET SESSION foreign_key_checks = 1")?;
        return Ok(());
    }
    conn.query_drop(format!(
        "CREATE TABLE `{database}`.{MARK} (id INT NOT NULL PRIMARY KEY) ENGINE = InnoDB"
    ))?;
    if is_new {
        conn.query_drop(format!("INSERT INTO `{database}`.{MARK} VALUES (1)"))?;
    }
    Ok(())
}

/// Clears away what was taken: its tables, and the database too where it was made for them.
pub fn give_up(conn: &mut Conn, database: &str) -> Result<(), Failure> {
    take(conn, database)?;
    let made: Option<u64> = conn.query_first(format!("SELECT COUNT(*) FROM `{database}`.{MARK}"))?;
    match made {
        Some(1) => Ok(conn.query_drop(format!("DROP DATABASE `{database}`"))?),
        _ => finish(conn, database),
    }
}

/// From here on it is a shop's.
pub fn finish(conn: &mut Conn, database: &str) -> Result<(), Failure> {
    Ok(conn.query_drop(format!("DROP TABLE `{database}`.{MARK}"))?)
}
