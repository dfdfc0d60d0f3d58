//! What must not come back with a backup: sessions and keys that were ended, positions in the feed, people who were erased,
//! and numbers that customers have seen.

use std::collections::{BTreeMap, BTreeSet};

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::app::App;
use crate::audit::Actor;
use crate::cli::Failure;
use crate::cli::backup::manifest;
use crate::db;
use crate::error::{Error, Result};
use crate::handlers::{accounts, customers};
use crate::problem;
use crate::values::Id;
use crate::web::caller::Scope;

/// So far beyond the highest number that is known the next ones begin: more than a shop gives between two backups.
const NUMBERS_APART: u64 = 1_000_000;

const RESTORE: Actor = Actor { account_id: None, api_key_id: None, command: Some("restore"), address: None };

pub struct Settled {
    pub sessions: u64,
    pub keys: u64,
    pub webhooks: u64,
    pub erased: usize,
    /// Who was erased, and has orders under way in the backup: a sentence for each.
    pub not_erased: Vec<String>,
}

/// Settles the database of `conn`, which is that of `app`.
pub fn settle(app: &App, conn: &mut Conn, erased: &BTreeSet<Id>) -> Result<Settled, Failure> {
    let now = app.clock.now();
    conn.query_drop("DELETE FROM sessions")?;
    let sessions = conn.affected_rows();
    conn.exec_drop("UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL", (now,))?;
    let keys = conn.affected_rows();
    // A proof that was at work is not at work here.
    conn.query_drop("UPDATE upkeep SET at_work = NULL WHERE at_work IS NOT NULL")?;
    end_feed(conn, now)?;
    let webhooks = pause_webhooks(conn)?;
    let mut settled = Settled { sessions, keys, webhooks, erased: 0, not_erased: Vec::new() };
    for &id in erased {
        match erase(app, id) {
            Ok(true) => settled.erased += 1,
            Ok(false) => {}
            Err(Error::Refused(problem)) if problem.kind == problem::CUSTOMER_HAS_OPEN_ORDERS => {
                lock_out(app, id).map_err(crate::cli::in_words)?;
                settled.not_erased.push(format!("customer {id}: {}", problem.detail));
            }
            Err(cause) => return Err(crate::cli::in_words(cause)),
        }
    }
    Ok(settled)
}

/// Every position of before is refused from now on, and whoever follows the feed copies anew: what they have copied may
/// never have happened.
fn end_feed(conn: &mut Conn, now: crate::values::Timestamp) -> Result<(), Failure> {
    conn.query_drop("TRUNCATE TABLE events")?;
    conn.query_drop("TRUNCATE TABLE events_unnumbered")?;
    conn.query_drop("INSERT IGNORE INTO event_feed (id, last_number, pruned_number) VALUES (1, 0, 0)")?;
    conn.exec_drop(
        "UPDATE event_feed SET pruned_number = last_number + ?, last_number = pruned_number, numbered_at = ? WHERE id = 1",
        (NUMBERS_APART, now),
    )?;
    Ok(())
}

/// One may have been deleted since, or have got another secret, and this database may be a copy beside the shop: nobody is
/// told anything before somebody has looked. They go on from what happens then, as the feed does.
fn pause_webhooks(conn: &mut Conn) -> Result<u64, Failure> {
    conn.query_drop("DELETE FROM webhook_waiting")?;
    conn.query_drop(
        "UPDATE webhooks SET position = (SELECT last_number FROM event_feed WHERE id = 1), lease = NULL, leased_until = NULL",
    )?;
    conn.query_drop("UPDATE webhooks SET active = 0 WHERE active = 1")?;
    Ok(conn.affected_rows())
}

/// Erases a customer as a request does. False when there is nobody.
fn erase(app: &App, id: Id) -> Result<bool> {
    db::transaction(&app.pool, |tx| {
        match customers::lock(tx, Scope::All, id) {
            Err(Error::Refused(problem)) if problem.kind == problem::NOT_FOUND => return Ok(false),
            found => found?,
        };
        customers::erase(app, tx, RESTORE, id)?;
        Ok(true)
    })
}

/// Takes the account of somebody who cannot be erased yet, so that they cannot log in again.
fn lock_out(app: &App, id: Id) -> Result<()> {
    db::transaction(&app.pool, |tx| {
        let customer = customers::lock(tx, Scope::All, id)?;
        let Some(account_id) = customer.account_id else { return Ok(()) };
        let account = accounts::lock(tx, Scope::All, account_id)?;
        accounts::remove(app, tx, RESTORE, &account.account)
    })
}

/// Lets every table's numbers begin far beyond those that are known.
pub fn raise_numbers(conn: &mut Conn, known: &[&BTreeMap<String, u64>]) -> Result<(), Failure> {
    for (table, own) in manifest::highest_numbers(conn)? {
        let highest = known.iter().filter_map(|numbers| numbers.get(&table)).fold(own, |a, b| a.max(*b));
        conn.query_drop(format!("ALTER TABLE `{table}` AUTO_INCREMENT = {}", highest + NUMBERS_APART + 1))?;
    }
    Ok(())
}
