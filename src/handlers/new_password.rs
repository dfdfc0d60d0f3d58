//! A new password, of a customer or of staff: who may set it, and what the old one is asked for.
//!
//! Whoever changes their own proves that they know the old one, so a session that was left open is no way to
//! take the account over. A manager who resets somebody else's does not.

use std::net::IpAddr;

use crate::app::App;
use crate::db::{self, column};
use crate::error::Result;
use crate::handlers::log_in;
use crate::passwords::Verdict;
use crate::problem::Problem;
use crate::values::{Bad, Id, Password};
use crate::web::form::Form;

/// Has whoever wants another password prove that they know the account's, and returns the hash that it
/// fits. A wrong one is counted like a failed login, so a stolen session is no way to guess it.
fn confirm_password(app: &App, address: IpAddr, account_id: Id, password: &Password) -> Result<String> {
    let username_key: Option<String> = db::read(&app.pool, |db| {
        let sql = "SELECT username_key FROM accounts WHERE id = ?";
        db.row(sql, (account_id,), |row| column(row, "username_key"))
    })?;
    let username_key = username_key.ok_or_else(Problem::not_found)?;
    let right = log_in::attempt(app, address, &username_key, |attempt, account| {
        // Another one has the name since.
        let account = account.filter(|account| account.id == account_id);
        match attempt.verify(password, account.as_ref())? {
            Verdict::Wrong => Ok(None),
            Verdict::Right | Verdict::RightButWeak(_) => {
                attempt.forgive(app)?;
                Ok(account.map(|account| account.password_hash))
            }
        }
    })?;
    Ok(right.ok_or_else(|| {
        let bad = Bad::new("wrong_password", "is not the account's password");
        Problem::invalid_field("current_password", bad)
    })?)
}

/// A new password as it is written: its hash, and the hash of the one that it replaces, where that had to
/// be proved.
pub struct NewHash {
    pub hash: String,
    pub replaces: Option<String>,
}

/// The field `current_password`, which goes with a new `password` and with nothing else. Read it before that.
pub fn current_in(form: &mut Form, needed: bool) -> Option<Option<Password>> {
    let changes_it = form.has("password");
    let current = form.changed("current_password", Password::claimed)?;
    let bad = match &current {
        None if changes_it && needed => Bad::new("required", "is required with a new password"),
        Some(_) if !changes_it => Bad::new("without_password", "goes with a new password"),
        _ => return Some(current),
    };
    form.reject("current_password", bad);
    None
}

/// Hashes an account's new password, once the old one is proved where it is given.
pub fn hashed(
    app: &App,
    address: IpAddr,
    account_id: Id,
    new: &Password,
    current: Option<&Password>,
) -> Result<NewHash> {
    let replaces = current.map(|current| confirm_password(app, address, account_id, current)).transpose()?;
    Ok(NewHash { hash: app.hasher.hash(new)?, replaces })
}
