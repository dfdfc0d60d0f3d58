//! Who may log in, as what and with which password: as it is now, not as it was when the backup was made. Otherwise
//! somebody who was sent away since, or has learnt a password that was changed since, would be let in again.

use mysql::prelude::Queryable;
use mysql::{Conn, Params, Row, Value};

use crate::cli::Failure;

pub enum Accounts {
    /// As in the database that the shop uses: so many were brought up to that.
    AsNow(u64),
    /// As in the backup, since that database cannot be read: who of the staff may log in.
    AsThen(Vec<String>),
}

/// Brings those of `loaded` up to what they are in the database that the shop uses, where it can be read. What is not there
/// any more stays as it is: that may be what the restore is to mend.
pub fn settle(loaded: &mut Conn, running: Option<&mut Conn>) -> Result<Accounts, Failure> {
    let Some(changed) = running.and_then(|running| changed_since(loaded, running).ok()) else {
        let staff = "SELECT CONCAT(username, ' (', role, ')') FROM accounts
                     WHERE customer_id IS NULL AND disabled_at IS NULL ORDER BY username_key";
        return Ok(Accounts::AsThen(loaded.query(staff)?));
    };
    let brought_up = "UPDATE accounts
        SET role = ?, disabled_at = ?, password_hash = ?, password_changed_at = ?, updated_at = ?
        WHERE id = ? AND customer_id <=> ? AND updated_at <> ?";
    let mut count = 0;
    for account in changed {
        loaded.exec_drop(brought_up, Params::Positional(account))?;
        count += loaded.affected_rows();
    }
    Ok(Accounts::AsNow(count))
}

/// Those that may have changed after the backup, as values of the statement above.
fn changed_since(loaded: &mut Conn, running: &mut Conn) -> mysql::Result<Vec<Vec<Value>>> {
    // A day earlier than the last change that the backup knows, since the clocks of several machines differ.
    let since: Option<Value> = loaded.query_first("SELECT MAX(updated_at) - INTERVAL 1 DAY FROM accounts")?;
    let changed = "SELECT role, disabled_at, password_hash, password_changed_at, updated_at, id, customer_id, updated_at
                   FROM accounts WHERE updated_at >= ?";
    running.exec_map(changed, (since,), Row::unwrap)
}
