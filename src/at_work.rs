//! Requests with an Idempotency-Key that are at work in this process, so that a copy waits for the first.
//!
//! A refusal is not kept under its key. A copy that is refused while the first is still at work, because something
//! changed between the two, would tell of an outcome that the key does not have. Between the processes of a shop
//! copies meet in the database, at the key.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A copy waits as long as it would for a locked row.
const WAIT_MAX: Duration = Duration::from_secs(3);

#[derive(Default)]
pub struct AtWork {
    /// By caller and key.
    keys: Mutex<HashSet<(String, String)>>,
    ended: Condvar,
}

/// The key is this request's until it is dropped.
pub struct Alone<'a> {
    at_work: &'a AtWork,
    key: (String, String),
}

impl AtWork {
    /// None when another request with the key goes on for too long.
    pub fn begin(&self, caller: &str, key: &str) -> Option<Alone<'_>> {
        let key = (caller.to_owned(), key.to_owned());
        let taken = |keys: &mut HashSet<_>| keys.contains(&key);
        let waited = self.ended.wait_timeout_while(self.lock(), WAIT_MAX, taken);
        let (mut keys, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        keys.insert(key.clone());
        Some(Alone { at_work: self, key })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.at_work.lock().remove(&self.key);
        self.at_work.ended.notify_all();
    }
}
