//! When what was not accepted is sent again.

use chrono::Duration;

/// The pauses that Standard Webhooks recommends, in seconds: five seconds, five minutes, half an hour, and then hours.
const PAUSES: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// What was not accepted for so long is given up; it is shortly before the last pause is over.
pub const GIVE_UP_AFTER: Duration = Duration::days(3);

/// A receiver that asks for less than the first pause, or for more than the last one, gets these.
const RETRY_AFTER: (i64, i64) = (PAUSES[0], PAUSES[8]);

/// The pause after so many failures, the first of which is 1: as long as the receiver asks for, if it does, and up to a
/// fifth longer, so that what failed together does not come back together.
pub fn pause(failures: u32, retry_after: Option<Duration>) -> Duration {
    let step = usize::try_from(failures.saturating_sub(1)).map_or(8, |step| step.min(8));
    let seconds = match retry_after {
        Some(asked) => asked.num_seconds().clamp(RETRY_AFTER.0, RETRY_AFTER.1),
        None => PAUSES[step],
    };
    let [random] = crate::random::bytes::<1>();
    Duration::milliseconds(seconds * 1000 + seconds * 200 * i64::from(random) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_a_little_chance_and_stay_at_a_day() {
        for (failures, seconds) in [(0, 5), (1, 5), (2, 300), (9, 86_400), (10, 86_400), (u32::MAX, 86_400)] {
            for _ in 0..100 {
                let pause = pause(failures, None).num_milliseconds();
                assert!((seconds * 1000..=seconds * 1200).contains(&pause), "{failures}: {pause}");
            }
        }
        assert!(PAUSES.iter().sum::<i64>() >= GIVE_UP_AFTER.num_seconds());
        assert!(PAUSES[..8].iter().sum::<i64>() < GIVE_UP_AFTER.num_seconds());
    }

    #[test]
    fn what_a_receiver_asks_for_counts_within_bounds() {
        for (asked, least) in [(-10, 5), (0, 5), (60, 60), (10_000_000, 86_400)] {
            let pause = pause(3, Some(Duration::seconds(asked))).num_seconds();
            assert!((least..=least * 12 / 10).contains(&pause), "{asked}: {pause}");
        }
    }
}
