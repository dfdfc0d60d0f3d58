//! How much one network and one caller may ask for in a minute.
//!
//! Each has a bucket that holds a minute's worth and fills up evenly. The buckets of those who asked lately
//! stand in a table of fixed size, in memory: they are about the load on this process. A bucket that is full
//! again needs no place; when those that are not take all of theirs, a newcomer shares one. So the table
//! never grows and nobody gets through for want of a place.

use std::array;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const MINUTE_US: u64 = 60_000_000;
/// 32,768 buckets in half a megabyte. A caller who is far from the limit needs a place for a second at most.
const SETS: usize = 4096;
const BUCKETS_A_SET: usize = 8;

pub struct Rates {
    sets: Box<[Mutex<[Bucket; BUCKETS_A_SET]>]>,
    /// With a secret of this process, so that nobody can choose whose place to share.
    hash: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    tag: u32,
    /// When it will be full again, in microseconds since the process started.
    full_at_us: u64,
}

impl Default for Rates {
    fn default() -> Rates {
        let set = |_| Mutex::new(array::from_fn(|_| Bucket::default()));
        Rates { sets: (0..SETS).map(set).collect(), hash: RandomState::new() }
    }
}

impl Rates {
    /// Takes so many from the bucket of `of`, which holds `a_minute`, but never more than a full one has; 0 a minute
    /// stands for no limit. Err holds the seconds after which there are as many.
    pub fn take(&self, of: impl Hash, count: u32, a_minute: u32, now: Duration) -> Result<(), u64> {
        let Some(step_us) = MINUTE_US.checked_div(a_minute.into()) else {
            return Ok(());
        };
        let now_us = u64::try_from(now.as_micros()).unwrap_or(u64::MAX / 2);
        let [tag, set] = halves(self.hash.hash_one(of));
        let mut set = self.sets[set as usize % SETS].lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = place_of(&mut set, tag, now_us);
        let full_at_us = bucket.full_at_us.max(now_us) + step_us * u64::from(count.min(a_minute));
        if let Some(wait_us) = full_at_us.checked_sub(now_us + MINUTE_US).filter(|wait_us| *wait_us > 0) {
            return Err(wait_us.div_ceil(1_000_000));
        }
        bucket.full_at_us = full_at_us;
        Ok(())
    }
}

fn halves(hash: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// The bucket with this tag, or a place that nobody needs, or else the one that is full again first.
fn place_of(set: &mut [Bucket; BUCKETS_A_SET], tag: u32, now_us: u64) -> &mut Bucket {
    let own = set.iter().position(|bucket| bucket.tag == tag && bucket.full_at_us > now_us);
    let index = own.unwrap_or_else(|| {
        let first = (0..BUCKETS_A_SET).min_by_key(|&index| set[index].full_at_us).unwrap_or(0);
        if set[first].full_at_us <= now_us {
            set[first] = Bucket { tag, full_at_us: now_us };
        }
        first
    });
    &mut set[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(rates: &Rates, of: u32, a_minute: u32, tries: u32, at_s: u64) -> usize {
        let at = Duration::from_secs(at_s);
        (0..tries).filter(|_| rates.take(of, 1, a_minute, at).is_ok()).count()
    }

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_fills_up_evenly() {
        let rates = Rates::default();
        assert_eq!(through(&rates, 1, 60, 100, 5), 60);
        assert_eq!(rates.take(1, 1, 60, Duration::from_secs(5)), Err(1));
        assert_eq!(through(&rates, 2, 60, 100, 5), 60);
        assert_eq!(through(&rates, 1, 60, 100, 15), 10);
        assert_eq!(through(&rates, 1, 60, 100, 500), 60);
        assert_eq!(through(&rates, 1, 0, 100, 500), 100);
        // Several at once, and more than there ever are.
        assert_eq!(
            (rates.take(4, 50, 60, Duration::from_secs(5)), through(&rates, 4, 60, 100, 5)),
            (Ok(()), 10)
        );
        assert_eq!(rates.take(4, 20, 60, Duration::from_secs(5)), Err(20));
        assert_eq!(rates.take(5, 1000, 60, Duration::from_secs(5)), Ok(()));
        assert_eq!(through(&rates, 3, 1, 2, 500), 1);
        assert_eq!(rates.take(3, 1, 1, Duration::from_secs(500)), Err(60));
    }

    #[test]
    fn a_crowd_that_needs_more_places_than_there_are_opens_nothing() {
        let rates = Rates::default();
        let callers = 5 * u32::try_from(SETS * BUCKETS_A_SET).unwrap();
        let through_at_first: usize = (0..callers).map(|of| through(&rates, of, 1, 1, 1)).sum();
        assert!(through_at_first <= SETS * BUCKETS_A_SET, "{through_at_first}");
        // Whoever came back, and whoever is new, waits.
        assert_eq!((0..2 * callers).step_by(97).map(|of| through(&rates, of, 1, 3, 1)).sum::<usize>(), 0);
        assert_eq!(through(&rates, 7, 1, 3, 62), 1);
    }
}
