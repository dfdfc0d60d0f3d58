//! Rows that many want, and at which something may hang: a product's stock while an operator's own transaction
//! holds it. Who waits for a row holds a connection, so of those that want one row only some may wait for it,
//! and the others are told to come back. What is about other rows goes on.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::values::Id;

/// A row at which nobody was done for so long is held by something that hangs. A row that is only wanted by
/// many is free again after some milliseconds, or after a slow disk's COMMIT.
const HELD_FOR_LONG: Duration = Duration::from_millis(500);
/// Changes use half of the connections, and those at one row half of these.
const CONNECTIONS_SHARE: u32 = 4;

pub struct Turns {
    at_once: usize,
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    rows: HashMap<Id, Row>,
    /// How many wait for a place at any row: the system is not asked in vain to wake them.
    waiting: usize,
}

/// A row at which somebody is.
struct Row {
    there: usize,
    /// When somebody last was done, or when the first one came.
    moved: Instant,
}

/// The rows at which one transaction is, until it has ended.
pub struct InTurn {
    turns: Arc<Turns>,
    rows: Vec<Id>,
}

impl Turns {
    pub fn new(connections: u32) -> Turns {
        let at_once = usize::try_from(connections / CONNECTIONS_SHARE).unwrap_or(usize::MAX).max(1);
        Turns { at_once, state: Mutex::default(), left: Condvar::new() }
    }

    pub fn begin(self: &Arc<Turns>) -> InTurn {
        InTurn { turns: self.clone(), rows: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InTurn {
    /// Waits for a place at this row, as long as others there get done.
    pub fn take(&mut self, id: Id) -> Result<()> {
        if self.rows.contains(&id) {
            return Ok(());
        }
        let mut state = self.turns.lock();
        loop {
            let row = state.rows.entry(id).or_insert_with(|| Row { there: 0, moved: Instant::now() });
            if row.there < self.turns.at_once {
                row.there += 1;
                self.rows.push(id);
                return Ok(());
            }
            let patience = HELD_FOR_LONG.saturating_sub(row.moved.elapsed());
            if patience.is_zero() {
                return Err(Error::Contended);
            }
            state.waiting += 1;
            state = self.turns.left.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
    }
}

impl Drop for InTurn {
    fn drop(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let mut state = self.turns.lock();
        for id in &self.rows {
            if let Some(row) = state.rows.get_mut(id) {
                row.there -= 1;
                row.moved = Instant::now();
                if row.there == 0 {
                    state.rows.remove(id);
                }
            }
        }
        if state.waiting > 0 {
            self.turns.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_places_for_some_and_the_others_wait_until_one_is_done() {
        let turns = Arc::new(Turns::new(8));
        let (mut first, mut second) = (turns.begin(), turns.begin());
        first.take(1).unwrap();
        first.take(1).unwrap();
        second.take(1).unwrap();
        assert!(matches!(turns.begin().take(1), Err(Error::Contended)), "two hold it for long");
        turns.begin().take(2).unwrap();
        drop(first);
        let mut third = turns.begin();
        third.take(1).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.begin().take(1));
            drop(third);
            waiting.join().unwrap().unwrap();
        });
        drop(second);
        assert!(turns.lock().rows.is_empty());
    }
}
