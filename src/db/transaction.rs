//! Reads and transactions, and when they are run again.

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::db::pool::Pooled;
use crate::db::{AtCommit, Connection, Pool, Transaction, pinned};
use crate::error::database::{
    is_lost_connection, is_storage_full, is_worth_another_connection, is_worth_rerunning,
};
use crate::error::{Error, Result};

/// A transaction that loses against others this often in this time is better told to the caller.
const ATTEMPTS_MAX: u32 = 5;
const RERUN_MAX: Duration = Duration::from_secs(2);
/// COMMIT is sent within this time after the transaction was asked for, or not at all: what hangs at locks for longer
/// is given up. Who notes the time of what it does notes it in between, so a change comes to light soon after the
/// time that it bears.
const COMMIT_WITHIN: Duration = Duration::from_secs(10);
/// So long after a moment nothing that is of that moment or before comes to light any more: [`COMMIT_WITHIN`], and as
/// much as COMMIT itself may take and the clocks of a shop's machines may differ together.
pub const VISIBLE_WITHIN: chrono::Duration = chrono::Duration::seconds(15);
/// The longest pause before a rerun, times the number of attempts so far.
const PAUSE_MAX_MS: u64 = 20;

/// Runs `work`, which only reads, on one connection. A lost connection is tried once again.
pub fn read<T>(pool: &Pool, mut work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
    if let Some(result) = pinned::read(&mut work) {
        return result;
    }
    let mut lost_before = false;
    loop {
        let mut pooled = pool.take()?;
        pooled.usable = false;
        let result = work(&mut Connection::pooled(&mut pooled));
        if !note_loss(pool, &mut pooled, &result) {
            return result;
        }
        if lost_before {
            return result;
        }
        lost_before = true;
    }
}

/// Like [`read`], for what cannot be read in one statement: every statement of `work` sees the database
/// as it was at the first. It costs three round trips more.
pub fn snapshot<T>(pool: &Pool, mut work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
    if pinned::is_pinned() {
        return read(pool, work);
    }
    read(pool, |db| {
        pinned::begin(db.0)?;
        let result = work(db);
        // Of a connection that is lost nothing is left to end.
        if !matches!(&result, Err(Error::Database(cause)) if is_lost_connection(cause)) {
            db.0.query_drop("COMMIT")?;
        }
        result
    })
}

/// Runs `work` in one transaction: COMMIT when it returns Ok, ROLLBACK when it returns Err.
///
/// It is run again as a whole after a deadlock, a lock time-out or (Galera) a failed certification,
/// and once after a connection that was lost before COMMIT; so `work` must have no effect outside
/// the database.
pub fn transaction<T>(pool: &Pool, mut work: impl FnMut(&mut Transaction) -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let mut lost_before = false;
    let mut attempt = 1;
    loop {
        let mut pooled = pool.take()?;
        pooled.usable = false;
        let result = attempt_once(pool, &mut pooled, started, &mut work);
        let lost = note_loss(pool, &mut pooled, &result);
        drop(pooled);
        if matches!(&result, Err(Error::Database(cause)) if is_storage_full(cause)) {
            pool.note_storage_full();
        }
        match &result {
            Err(Error::Database(_)) if lost && !lost_before => lost_before = true,
            Err(error) if is_rerun(error) => {
                if attempt == ATTEMPTS_MAX || started.elapsed() > RERUN_MAX {
                    return result;
                }
            }
            _ => return result,
        }
        pool.reruns.fetch_add(1, Ordering::Relaxed);
        if !lost {
            pause(attempt);
        }
        attempt += 1;
    }
}

fn attempt_once<T>(
    pool: &Pool,
    pooled: &mut Pooled,
    started: Instant,
    work: &mut impl FnMut(&mut Transaction) -> Result<T>,
) -> Result<T> {
    pooled.conn.query_drop("START TRANSACTION")?;
    // Held until COMMIT or ROLLBACK has been done.
    let mut in_turn = pool.turns.begin();
    let mut at_commit = Vec::new();
    match work(&mut Transaction(Connection::pooled(pooled), &mut in_turn, &mut at_commit)) {
        Ok(_) if started.elapsed() > COMMIT_WITHIN => {
            rolled_back(pooled)?;
            Err(Error::TooLate)
        }
        Ok(value) => match commit(&mut pooled.conn, &at_commit) {
            Ok(()) => Ok(value),
            Err(cause) if is_lost_connection(&cause) => Err(Error::OutcomeUnknown(cause)),
            Err(cause) => {
                rolled_back(pooled)?;
                Err(cause.into())
            }
        },
        Err(error) => {
            let lost = matches!(&error, Error::Database(cause) if is_lost_connection(cause));
            if !lost {
                rolled_back(pooled)?;
            }
            Err(error)
        }
    }
}

/// Adds the rows that were kept for it, and commits. A server that cannot add them does not go on to COMMIT.
fn commit(conn: &mut Conn, at_commit: &AtCommit) -> mysql::Result<()> {
    let mut sql = String::new();
    for (into, rows) in at_commit {
        let _ = write!(sql, "INSERT INTO {into} VALUES {rows}; ");
    }
    let mut results = conn.query_iter(sql + "COMMIT")?;
    while let Some(rows) = results.iter() {
        for row in rows {
            row?;
        }
    }
    Ok(())
}

/// Whether running the same work again can succeed.
pub(super) fn is_rerun(error: &Error) -> bool {
    match error {
        Error::Raced => true,
        Error::Database(cause) => is_worth_rerunning(cause),
        _ => false,
    }
}

/// A lock time-out undoes only its statement, so the rest is always undone by name.
fn rolled_back(pooled: &mut Pooled) -> Result<()> {
    Ok(pooled.conn.query_drop("ROLLBACK")?)
}

/// Marks the connection as usable, or as lost to us. True when it was lost.
fn note_loss<T>(pool: &Pool, pooled: &mut Pooled, result: &Result<T>) -> bool {
    let lost = match result {
        Err(Error::Database(cause) | Error::OutcomeUnknown(cause)) => is_worth_another_connection(cause),
        _ => false,
    };
    pooled.usable = !lost;
    if lost {
        pool.distrust(pooled);
    }
    lost
}

/// Waits a random time, so that two transactions that met do not meet again.
fn pause(attempt: u32) {
    let [random] = crate::random::bytes::<1>();
    let longest = PAUSE_MAX_MS * u64::from(attempt);
    thread::sleep(Duration::from_millis(1 + longest * u64::from(random) / 255));
}
