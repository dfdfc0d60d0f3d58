//! What is asked for at the same time, read by one query.
//!
//! Who asks while a query is under way waits for the next one, which starts after everybody who shares it has
//! asked: so nobody is shown what was true before, on however many nodes. Those who wait use no connection.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::db::pinned;
use crate::error::Result;

/// Those who ask, by what one query answers. Each brings the key of what it looks for.
pub struct Together<K, T> {
    groups: Mutex<HashMap<String, Group<K, T>>>,
}

struct Group<K, T> {
    is_reading: bool,
    /// Those who share the next query.
    keys: Vec<K>,
    next: Arc<Batch<T>>,
}

struct Batch<T> {
    /// None when the query failed.
    found: OnceLock<Option<Arc<T>>>,
    changed: Condvar,
}

impl<K, T> Default for Together<K, T> {
    fn default() -> Together<K, T> {
        Together { groups: Mutex::default() }
    }
}

impl<K, T> Default for Group<K, T> {
    fn default() -> Group<K, T> {
        Group { is_reading: false, keys: Vec::new(), next: Arc::default() }
    }
}

impl<T> Default for Batch<T> {
    fn default() -> Batch<T> {
        Batch { found: OnceLock::new(), changed: Condvar::new() }
    }
}

impl<K: Copy, T> Together<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Group<K, T>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `read` finds for this key, and for those of others in the same group.
    pub fn read(&self, group: &str, key: K, read: impl Fn(&[K]) -> Result<T>) -> Result<Arc<T>> {
        // What a snapshot shows was true when it began, and others are shown what is true now.
        if pinned::is_pinned() {
            return read(&[key]).map(Arc::new);
        }
        let mut groups = self.lock();
        let joined = groups.entry(group.to_owned()).or_default();
        joined.keys.push(key);
        let batch = Arc::clone(&joined.next);
        loop {
            if let Some(found) = batch.found.get() {
                drop(groups);
                // What went wrong for another one need not go wrong again.
                return found.clone().map_or_else(|| read(&[key]).map(Arc::new), Ok);
            }
            match groups.get_mut(group) {
                Some(group) if group.is_reading => {}
                Some(mine) => {
                    mine.is_reading = true;
                    mine.next = Arc::default();
                    let keys = mem::take(&mut mine.keys);
                    drop(groups);
                    let _end = End { together: self, group, batch: &batch };
                    let found = Arc::new(read(&keys)?);
                    batch.found.get_or_init(|| Some(Arc::clone(&found)));
                    return Ok(found);
                }
                None => unreachable!("a group stays as long as one waits in it"),
            }
            groups = batch.changed.wait(groups).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Ends a query, however it went: those who share it go on, and one of the others starts the next.
struct End<'a, K: Copy, T> {
    together: &'a Together<K, T>,
    group: &'a str,
    batch: &'a Batch<T>,
}

impl<K: Copy, T> Drop for End<'_, K, T> {
    fn drop(&mut self) {
        self.batch.found.get_or_init(|| None);
        let mut groups = self.together.lock();
        let next = groups.get_mut(self.group).and_then(|group| {
            group.is_reading = false;
            (!group.keys.is_empty()).then(|| Arc::clone(&group.next))
        });
        if next.is_none() {
            groups.remove(self.group);
        }
        drop(groups);
        self.batch.changed.notify_all();
        if let Some(next) = next {
            next.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::error::Error;

    type Asking = Together<u8, Vec<u8>>;

    /// Waits until so many share the next query of the group.
    fn until_waiting(together: &Asking, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while together.lock().get("group").map_or(0, |group| group.keys.len()) != count {
            assert!(Instant::now() < deadline, "not {count} are waiting");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// What five are answered who ask while a first query is under way, when the first of them to be read gets `fate`.
    fn five_meanwhile(fate: impl Fn() -> Result<()> + Sync) -> Vec<Option<Vec<u8>>> {
        let together = Asking::default();
        let (started, has_started) = mpsc::channel();
        let (let_go, may_go) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let together = &together;
            let first = scope.spawn(move || {
                together.read("group", 0, |keys| {
                    started.send(()).unwrap();
                    may_go.recv().unwrap();
                    Ok(keys.to_vec())
                })
            });
            has_started.recv().unwrap();
            let fate = &fate;
            let five: Vec<_> = (1..=5)
                .map(|key| {
                    scope.spawn(move || {
                        let read = |keys: &[u8]| {
                            if keys.len() > 1 { fate().map(|()| keys.to_vec()) } else { Ok(keys.to_vec()) }
                        };
                        together.read("group", key, read).ok().map(|found| found.to_vec())
                    })
                })
                .collect();
            until_waiting(together, 5);
            let_go.send(()).unwrap();
            assert_eq!(*first.join().unwrap().ok().unwrap(), [0]);
            let answers = five.into_iter().map(|asking| asking.join().unwrap_or(None)).collect();
            assert!(together.lock().is_empty(), "nothing is kept");
            answers
        })
    }

    #[test]
    fn who_asks_during_a_query_shares_the_next_one() {
        for answer in five_meanwhile(|| Ok(())) {
            let mut keys = answer.expect("an answer");
            keys.sort_unstable();
            assert_eq!(keys, [1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn a_query_that_fails_fails_for_the_one_who_started_it_only() {
        let answers = five_meanwhile(|| Err(Error::Raced));
        assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
        for (key, answer) in (1..).zip(answers) {
            assert!(answer.is_none_or(|keys| keys == [key]));
        }
    }

    #[test]
    fn a_query_that_panics_keeps_nobody_waiting() {
        let answers = five_meanwhile(|| panic!("for a test"));
        assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
    }
}
