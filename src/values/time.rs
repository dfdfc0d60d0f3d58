//! Moments and days, in UTC.

use std::ops::{Add, RangeInclusive, Sub};

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, SubsecRound, Timelike};
use mysql::prelude::FromValue;
use mysql::{FromValueError, Value};
use serde::{Serialize, Serializer};

use super::{Bad, Input};

/// A moment in UTC with microseconds, as `DATETIME(6)` keeps it; in JSON `2026-03-01T09:30:00.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub NaiveDateTime);

/// A calendar day; in JSON `2026-03-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub NaiveDate);

/// What MySQL's `DATETIME` and `DATE` can hold: years of four digits.
const YEARS: RangeInclusive<i32> = 1000..=9999;

impl Timestamp {
    /// No moment that is written down is before or after these.
    pub const MIN: Timestamp = Timestamp::midnight(1000);
    pub const MAX: Timestamp = Timestamp::midnight(9999);

    const fn midnight(year: i32) -> Timestamp {
        Timestamp(NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap())
    }

    /// Reads RFC 3339 with any offset, such as `2026-03-01T09:30:00Z`.
    pub fn parse(input: &Input) -> Result<Timestamp, Bad> {
        let refused = || {
            Bad::new(
                "invalid_time",
                "must be a time such as 2026-03-01T09:30:00Z, with Z or its offset from UTC behind",
            )
        };
        let Input::Text(text) = input else {
            return Err(refused());
        };
        let time = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| refused())?;
        let utc = time.naive_utc().trunc_subsecs(6);
        // A leap second, which chrono keeps as more than a second of nanoseconds and no database does:
        // its last moment before.
        let utc = if utc.nanosecond() < 1_000_000_000 {
            utc
        } else {
            utc.with_nanosecond(999_999_000).unwrap_or(utc)
        };
        if !YEARS.contains(&utc.year()) {
            return Err(refused());
        }
        Ok(Timestamp(utc))
    }

    /// With so many digits of its fraction.
    pub fn truncated_to(self, digits: u16) -> Timestamp {
        Timestamp(self.0.trunc_subsecs(digits))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0 + span)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        Timestamp(self.0 - span)
    }
}

impl Sub for Timestamp {
    type Output = Duration;
    fn sub(self, earlier: Timestamp) -> Duration {
        self.0 - earlier.0
    }
}

impl Day {
    /// Reads `YYYY-MM-DD`, and nothing that only looks like it.
    pub fn parse(input: &Input) -> Result<Day, Bad> {
        let refused = || Bad::new("invalid_date", "must be a date written YYYY-MM-DD, such as 2026-03-01");
        let Input::Text(text) = input else {
            return Err(refused());
        };
        let digits =
            |(at, byte): (usize, u8)| if [4, 7].contains(&at) { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != "2026-03-01".len() || !text.bytes().enumerate().all(digits) {
            return Err(refused());
        }
        let day: NaiveDate = text.parse().map_err(|_| refused())?;
        if YEARS.contains(&day.year()) { Ok(Day(day)) } else { Err(refused()) }
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        // A list shows forty of them; this is a tenth of the work of a pattern that formats seven numbers.
        let Timestamp(t) = self;
        let (hour, minute, second, us) = (t.hour(), t.minute(), t.second(), t.nanosecond() / 1000);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let numbers = [(0..4, t.year().unsigned_abs()), (5..7, t.month()), (8..10, t.day())];
        let of_day = [(11..13, hour), (14..16, minute), (17..19, second), (20..26, us)];
        for (place, mut number) in numbers.into_iter().chain(of_day) {
            for digit in text[place].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| std::fmt::Error)?)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Value {
        time.0.into()
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Value {
        day.0.into()
    }
}

impl FromValue for Timestamp {
    type Intermediate = Timestamp;
}

impl FromValue for Day {
    type Intermediate = Day;
}

impl TryFrom<Value> for Timestamp {
    type Error = FromValueError;
    fn try_from(value: Value) -> Result<Timestamp, FromValueError> {
        NaiveDateTime::from_value_opt(value).map(Timestamp)
    }
}

impl TryFrom<Value> for Day {
    type Error = FromValueError;
    fn try_from(value: Value) -> Result<Day, FromValueError> {
        NaiveDate::from_value_opt(value).map(Day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset_and_written_in_utc() {
        let time = Timestamp::parse(&Input::Text("2026-03-01T10:30:00.1234567+01:00".into())).unwrap();
        assert_eq!(time.to_string(), "2026-03-01T09:30:00.123456Z");
        let leap = Timestamp::parse(&Input::Text("2016-12-31T23:59:60.5Z".into())).unwrap();
        assert_eq!(leap.to_string(), "2016-12-31T23:59:59.999999Z");
        for bad in [
            "",
            "2026-03-01",
            "2026-02-30T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "0999-12-31T23:59:59Z",
            "tomorrow",
        ] {
            assert!(Timestamp::parse(&Input::Text(bad.into())).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_date_is_written_in_one_way() {
        let parsed = |text: &str| Day::parse(&Input::Text(text.into()));
        for good in ["2026-12-02", "1000-01-01", "9999-12-31", "2028-02-29"] {
            assert_eq!(parsed(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "2026-3-1",
            "2026-1-01",
            "2026-02-30",
            "2026-13-01",
            "2026-00-10",
            "2026-12-00",
            "2027-02-29",
            "20260301",
            "0999-12-31",
            "0000-01-01",
            "+2026-12-2",
            "-026-12-02",
            "+02026-03-01",
            " 2026-12-2",
            "2026-12-2 ",
            "2026- 2- 2",
            "2026-+2-02",
            "2026/12/02",
            "2026-12-02T00:00:00Z",
            "02.12.2026",
            "２０２６-１２-０２",
            "2026‐12‐02",
            "२०२६-12-02",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
