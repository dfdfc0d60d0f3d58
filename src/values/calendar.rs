//! The shop's calendar: its days, by its time zone, and on which of them it works.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Duration, NaiveDate, Weekday};

use super::{Bad, Day, Input, Timestamp, Zone};

#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: Zone,
    pub holidays: Holidays,
}

/// Days on which the shop is closed beside Saturdays and Sundays, each with its line in the file.
#[derive(Debug, Clone, Default)]
pub struct Holidays(BTreeMap<NaiveDate, usize>);

impl Holidays {
    /// Fifty a year for a century, with a comment each.
    pub const BYTES_MAX: usize = 256 * 1024;

    /// Reads a date a line, such as `2026-12-25`; what follows a `#` is a comment. The error is what is wrong first, with
    /// its line.
    pub fn parse(bytes: &[u8]) -> Result<Holidays, String> {
        if bytes.len() > Holidays::BYTES_MAX {
            return Err(format!("has more than {} bytes", Holidays::BYTES_MAX));
        }
        let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
        let mut holidays = Holidays::default();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let line = str::from_utf8(line).map_err(|_| format!("its line {number} is not in UTF-8"))?;
            let date = line.split_once('#').map_or(line, |(date, _)| date).trim();
            if date.is_empty() {
                continue;
            }
            let Day(day) = Day::parse(&Input::Text(date.to_owned()))
                .map_err(|bad| format!("its line {number} has {date:?}, which {}", bad.message))?;
            if let Some(first) = holidays.0.insert(day, number) {
                return Err(format!("{day} appears twice in it, in lines {first} and {number}"));
            }
        }
        Ok(holidays)
    }
}

impl Calendar {
    /// The day of a moment.
    pub fn day_of(&self, time: Timestamp) -> Day {
        self.zone.day_of(time)
    }

    pub fn start_of(&self, day: Day) -> Timestamp {
        self.zone.start_of(day)
    }

    /// The first moment after a day.
    pub fn end_of(&self, Day(day): Day) -> Timestamp {
        self.zone.start_of(Day(day + Days::new(1)))
    }

    /// Whether the shop works on a day, and parcels come.
    fn is_working_day(&self, Day(day): Day) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.0.contains_key(&day)
    }

    /// The day that lies this many working days after `from`; with 0 the same day, or the first working day after it.
    pub fn add_business_days(&self, from: Day, business_days: u32) -> Day {
        let mut day = from;
        let mut left = business_days;
        while left > 0 || !self.is_working_day(day) {
            day = Day(day.0 + Days::new(1));
            if self.is_working_day(day) {
                left = left.saturating_sub(1);
            }
        }
        day
    }

    /// When what is ordered now is expected, at the same time of the day: after so many days, or on the first working
    /// day after that.
    pub fn after_lead_time(&self, now: Timestamp, days: i64) -> Timestamp {
        let today = self.day_of(now);
        let day = self.add_business_days(Day(today.0 + Duration::days(days)), 0);
        let since_midnight = now - self.start_of(today);
        // Clocks may have been put back today, and forward then.
        (self.start_of(day) + since_midnight).min(self.end_of(day) - Duration::microseconds(1))
    }

    /// From when on: a moment, or the start of a day.
    pub fn from(&self, input: &Input) -> Result<Timestamp, Bad> {
        self.moment(input, |day| self.start_of(day))
    }

    /// Before when: a moment, or the end of a day.
    pub fn to(&self, input: &Input) -> Result<Timestamp, Bad> {
        self.moment(input, |day| self.end_of(day))
    }

    /// At which moment that is over: one, or the last of a day, which of today is now.
    pub fn as_of(&self, input: &Input, now: Timestamp) -> Result<Timestamp, Bad> {
        let today = self.day_of(now);
        let last = |day| if day == today { now } else { self.end_of(day) - Duration::microseconds(1) };
        match self.moment(input, last)? {
            time if time <= now => Ok(time),
            _ => Err(Bad::new("in_the_future", "must not be in the future")),
        }
    }

    fn moment(&self, input: &Input, of_day: impl FnOnce(Day) -> Timestamp) -> Result<Timestamp, Bad> {
        match Day::parse(input) {
            Ok(day) => Ok(of_day(day)),
            Err(_) => Timestamp::parse(input).map_err(|bad| Bad {
                message: format!("{}, or a day such as 2026-03-01", bad.message),
                ..bad
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str, holidays: &str) -> Calendar {
        Calendar { zone: Zone::named(zone).unwrap(), holidays: Holidays::parse(holidays.as_bytes()).unwrap() }
    }

    fn day(text: &str) -> Day {
        Day::parse(&Input::Text(text.into())).unwrap()
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(&Input::Text(text.into())).unwrap()
    }

    #[test]
    fn business_days_skip_the_weekend_and_holidays() {
        // 2026-03-06 and 2026-12-25 are Fridays.
        for (from, days, to) in [
            ("2026-03-06", 0, "2026-03-06"),
            ("2026-03-06", 1, "2026-03-09"),
            ("2026-03-06", 5, "2026-03-13"),
            ("2026-03-07", 0, "2026-03-09"),
            ("2026-03-07", 1, "2026-03-09"),
            ("2026-12-24", 0, "2026-12-24"),
            ("2026-12-24", 1, "2026-12-28"),
            ("2026-12-24", 3, "2026-12-30"),
            ("2026-12-25", 0, "2026-12-28"),
            ("2026-12-30", 2, "2027-01-04"),
        ] {
            let calendar = calendar("UTC", "2026-12-25\n2026-12-26\n2027-01-01\n");
            assert_eq!(calendar.add_business_days(day(from), days), day(to), "{days} days after {from}");
        }
    }

    #[test]
    fn a_lead_time_ends_at_the_same_time_of_a_working_day() {
        let calendar = calendar("Europe/Berlin", "2026-04-06 # Easter Monday");
        for (now, days, expected) in [
            ("2026-03-24T09:30:00Z", 7, "2026-03-31T08:30:00Z"),
            // Good Friday is no holiday here; Saturday to Easter Monday is four days without work.
            ("2026-03-27T23:30:00Z", 7, "2026-04-06T22:30:00Z"),
            ("2026-03-26T23:30:00Z", 7, "2026-04-02T22:30:00Z"),
            // From the 25th hour of a day.
            ("2026-10-25T22:59:00Z", 1, "2026-10-26T22:59:59.999999Z"),
        ] {
            assert_eq!(calendar.after_lead_time(time(now), days), time(expected), "{days} days after {now}");
        }
    }

    #[test]
    fn a_day_stands_for_its_start_its_end_and_its_last_moment() {
        let calendar = calendar("Europe/Berlin", "");
        let text = |text: &str| Input::Text(text.to_owned());
        let spring = text("2026-03-29");
        assert_eq!(calendar.from(&spring), Ok(time("2026-03-28T23:00:00Z")));
        assert_eq!(calendar.to(&spring), Ok(time("2026-03-29T22:00:00Z")));
        let now = time("2026-03-30T12:00:00Z");
        assert_eq!(calendar.as_of(&spring, now), Ok(time("2026-03-29T21:59:59.999999Z")));
        assert_eq!(calendar.as_of(&text("2026-03-30"), now), Ok(now));
        assert_eq!(calendar.as_of(&text("2026-03-31"), now).unwrap_err().code, "in_the_future");
        let moment = text("2026-03-29T12:00:00+02:00");
        for read in [calendar.from(&moment), calendar.to(&moment), calendar.as_of(&moment, now)] {
            assert_eq!(read, Ok(time("2026-03-29T10:00:00Z")));
        }
        for bad in ["", "2026-3-29", "2026-02-29", "yesterday", "2026-03-29 ", "2026-03-29T00:00:00"] {
            assert_eq!(calendar.from(&text(bad)).unwrap_err().code, "invalid_time", "{bad:?}");
        }
        assert_eq!(calendar.to(&text("9999-12-31")), Ok(time("9999-12-31T23:00:00Z")));
    }

    #[test]
    fn holidays_are_a_date_a_line() {
        let read = |bytes: &[u8]| Holidays::parse(bytes).map(|Holidays(days)| days.len());
        let file =
            "\u{FEFF}# Closed\r\n\r\n  2026-12-25  # Christmas\r\n2026-12-26\t\r\n#2026-12-27\n2027-01-01";
        assert_eq!(read(file.as_bytes()), Ok(3));
        assert_eq!(read(b""), Ok(0));
        let refused = |bytes: &[u8]| read(bytes).unwrap_err();
        for (file, said) in [
            ("2026-12-25\n2026-12-32\n", "line 2 has \"2026-12-32\""),
            ("25.12.2026", "line 1 has \"25.12.2026\""),
            ("\n\n2026-12-25 2026-12-26", "line 3 "),
            ("2026-12-25 Christmas", "line 1 "),
            ("+2026-12-2", "line 1 "),
            ("２０２６-12-25", "line 1 "),
            ("2026-12-25\n# twice\n2026-12-25", "lines 1 and 3"),
        ] {
            assert!(refused(file.as_bytes()).contains(said), "{file:?}: {}", refused(file.as_bytes()));
        }
        assert_eq!(refused(b"2026-12-25\n# Mari\xe4\n"), "its line 2 is not in UTF-8");
        assert_eq!(refused(&vec![b'\n'; Holidays::BYTES_MAX + 1]), "has more than 262144 bytes");
    }
}
