//! How many connections there are, within a limit.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many connections of one kind there are.
#[derive(Default)]
pub struct Count {
    now: Mutex<usize>,
    one_less: Condvar,
}

/// A connection's place among those of its kind, given back when it ends.
pub struct Place(Arc<Count>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.now.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.one_less.notify_all();
    }
}

impl Count {
    pub fn enter(count: &Arc<Count>, most: usize) -> Option<Place> {
        let mut now = count.now.lock().unwrap_or_else(PoisonError::into_inner);
        if *now >= most {
            return None;
        }
        *now += 1;
        Some(Place(count.clone()))
    }

    /// Waits until there is none, but no longer than this, and returns how many are left.
    pub fn wait_for_none(&self, most: Duration) -> usize {
        let deadline = Instant::now() + most;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        while *now > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.one_less.wait_timeout(now, left);
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *now
    }
}
