//! Failed logins, counted per username and per address. Each is slowed down, never locked out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use crate::values::Timestamp;

/// Failures that are forgotten one by one as they grow older than this.
const WINDOW: Duration = Duration::minutes(15);
/// More than anybody mistypes, and few guesses a day.
pub const PER_USERNAME: usize = 10;
/// A shop's whole staff may stand behind one address.
pub const PER_ADDRESS: usize = 50;
/// A bound on memory: about 10 MB when an attacker fills it.
const KEYS_MAX: usize = 50_000;

#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<String, Vec<Timestamp>>>,
}

impl Throttle {
    /// Counts an attempt against each key before it is made, so that attempts at the same time
    /// cannot slip through together. Err holds the seconds after which to try again.
    pub fn attempt(&self, keys: &[(String, usize)], now: Timestamp) -> Result<(), u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let horizon = now - WINDOW;
        if failures.len() > KEYS_MAX {
            failures.retain(|_, times| times.last().is_some_and(|last| *last > horizon));
        }
        let mut wait_s = 0;
        for (key, most) in keys {
            let Some(times) = failures.get_mut(key) else {
                continue;
            };
            times.retain(|time| *time > horizon);
            if times.len() >= *most {
                let frees_at = times[times.len() - most] + WINDOW;
                wait_s = wait_s.max((frees_at - now).num_seconds().max(0).unsigned_abs() + 1);
            }
        }
        if wait_s > 0 {
            return Err(wait_s);
        }
        if failures.len() < KEYS_MAX {
            for (key, _) in keys {
                failures.entry(key.clone()).or_default().push(now);
            }
        }
        Ok(())
    }

    /// The attempt was no failure: takes it back, and forgets the username's failures.
    pub fn succeeded(&self, username_key: &str, address_key: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(username_key);
        self::take_back(&mut failures, address_key);
    }

    /// The attempt was not made after all.
    pub fn withdrawn(&self, keys: &[(String, usize)]) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in keys {
            take_back(&mut failures, key);
        }
    }
}

fn take_back(failures: &mut HashMap<String, Vec<Timestamp>>, key: &str) {
    if let Some(times) = failures.get_mut(key) {
        times.pop();
        if times.is_empty() {
            failures.remove(key);
        }
    }
}
