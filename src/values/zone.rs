//! The shop's time zone, by the rules of the system's zone files.

use std::fs::File;
use std::io::Read;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime};
use tz::TimeZone;

use super::{Day, Timestamp};

#[derive(Debug, Clone)]
pub struct Zone {
    /// By which a setting names it.
    pub name: String,
    rules: TimeZone,
}

/// Where systems keep their zone files.
const FOLDERS: [&str; 2] = ["/usr/share/zoneinfo", "/etc/zoneinfo"];

/// The largest zone file has some 4 KiB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The last moment that `DATETIME` can hold.
const LAST: Timestamp =
    Timestamp(NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().and_hms_micro_opt(23, 59, 59, 999_999).unwrap());

impl Zone {
    pub fn utc() -> Zone {
        Zone { name: "UTC".to_owned(), rules: TimeZone::utc() }
    }

    /// The zone of this name, such as `Europe/Berlin`; None when there is no zone file of that name whose rules go
    /// on for ever. UTC needs no file.
    pub fn named(name: &str) -> Option<Zone> {
        if name == "UTC" {
            return Some(Zone::utc());
        }
        // A name, and no way out of the folder.
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphanumeric())
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        };
        if !name.split('/').all(is_word) {
            return None;
        }
        let file = FOLDERS.iter().find_map(|folder| File::open(format!("{folder}/{name}")).ok())?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        let rules = TimeZone::from_tz_data(&bytes).ok()?;
        let is_known = |time: Timestamp| rules.find_local_time_type(seconds(time)).is_ok();
        (is_known(Timestamp::MIN) && is_known(LAST)).then(|| Zone { name: name.to_owned(), rules })
    }

    /// Seconds by which clocks in this zone are ahead of UTC at a moment, in seconds since 1970.
    fn ahead_s(&self, at_s: i64) -> i64 {
        let local = self.rules.find_local_time_type(at_s).expect("all times were looked at with the name");
        local.ut_offset().into()
    }

    /// What calendar and clock in this zone show.
    pub fn local(&self, time: Timestamp) -> NaiveDateTime {
        time.0 + Duration::seconds(self.ahead_s(seconds(time)))
    }

    /// The day that a calendar in this zone shows.
    pub fn day_of(&self, time: Timestamp) -> Day {
        Day(self.local(time).date())
    }

    /// When a day begins: at midnight, the first where there are two; or where clocks skip midnight, or the whole day,
    /// when they do. At most what a database can keep.
    pub fn start_of(&self, Day(day): Day) -> Timestamp {
        let [month, of_month] = [day.month(), day.day()].map(|number| u8::try_from(number).expect("1 to 31"));
        let found = tz::DateTime::find(day.year(), month, of_month, 0, 0, 0, 0, self.rules.as_ref());
        let start = found.ok().and_then(|found| found.earliest()).expect("each midnight is there or skipped");
        from_seconds(start.unix_time()).clamp(Timestamp::MIN, LAST)
    }

    /// The seconds by which clocks are ahead of UTC from `from` to `to`, each with since when.
    pub fn ahead_between(&self, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, i64)> {
        const DAY_S: i64 = 86_400;
        let (mut at, end) = (seconds(from), seconds(to));
        let mut found = vec![(from, self.ahead_s(at))];
        while at < end {
            let next = end.min(at + DAY_S);
            let (before, after) = (self.ahead_s(at), self.ahead_s(next));
            if before != after {
                // No zone changes its clocks twice within a day: the second in which it did.
                let (mut low, mut high) = (at, next);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if self.ahead_s(middle) == before { low = middle } else { high = middle }
                }
                found.push((from_seconds(high), after));
            }
            at = next;
        }
        found
    }
}

fn seconds(time: Timestamp) -> i64 {
    time.0.and_utc().timestamp()
}

fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp(DateTime::from_timestamp(seconds, 0).expect("a year that the zone knows").naive_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Input;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap_or_else(|| panic!("{name} is in the zone files of this system"))
    }

    fn day(text: &str) -> Day {
        Day::parse(&Input::Text(text.into())).unwrap()
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(&Input::Text(text.into())).unwrap()
    }

    #[test]
    fn days_begin_at_midnight_or_when_clocks_skip_it() {
        for (name, text, start) in [
            ("UTC", "2026-03-29", "2026-03-29T00:00:00Z"),
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"),
            ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"),
            // By the rule at the end of the file, long after its last transition.
            ("Europe/Berlin", "2999-07-01", "2999-06-30T22:00:00Z"),
            // Clocks go from 00:00 to 01:00.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
            ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"),
            // Clocks go back from 00:00 to 23:00, and from 00:01 to 23:01.
            ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"),
            ("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"),
            ("Pacific/Kiritimati", "2026-11-25", "2026-11-24T10:00:00Z"),
            ("Pacific/Pago_Pago", "2026-11-25", "2026-11-25T11:00:00Z"),
            ("Asia/Kathmandu", "2026-11-25", "2026-11-24T18:15:00Z"),
            // The day that Samoa left out, and the one after it.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ] {
            assert_eq!(zone(name).start_of(day(text)), time(start), "{text} in {name}");
        }
        assert_eq!(zone("Asia/Tokyo").start_of(day("1000-01-01")), Timestamp::MIN);
        assert_eq!(zone("Pacific/Pago_Pago").start_of(Day(day("9999-12-31").0.succ_opt().unwrap())), LAST);
    }

    #[test]
    fn a_day_is_the_one_on_the_wall() {
        for (name, at, text) in [
            ("Pacific/Kiritimati", "2026-11-25T10:00:00Z", "2026-11-26"),
            ("Pacific/Kiritimati", "2026-11-25T09:59:59.999999Z", "2026-11-25"),
            ("Pacific/Pago_Pago", "2026-11-25T10:59:59.999999Z", "2026-11-24"),
            ("Pacific/Pago_Pago", "2026-11-25T11:00:00Z", "2026-11-25"),
            ("Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29"),
            ("Asia/Beirut", "2026-03-28T21:59:59.999999Z", "2026-03-28"),
        ] {
            assert_eq!(zone(name).day_of(time(at)), day(text), "{at} in {name}");
        }
    }

    #[test]
    fn what_clocks_are_ahead_is_known_to_the_second() {
        let between = |name, from, to| zone(name).ahead_between(time(from), time(to));
        let (from, to) = ("2026-03-01T23:00:00Z", "2026-03-29T22:00:00Z");
        assert_eq!(
            between("Europe/Berlin", from, to),
            [(time(from), 3600), (time("2026-03-29T01:00:00Z"), 7200)]
        );
        assert_eq!(between("Asia/Kathmandu", from, to), [(time(from), 20_700)]);
        assert_eq!(between("Europe/Berlin", from, "2027-03-01T23:00:00Z").len(), 3);
    }

    #[test]
    fn only_names_of_zones_are_zones() {
        for name in [
            "",
            "Europe",
            "Europe/berlin",
            "Mars/Olympus",
            "../../etc/passwd",
            "/etc/localtime",
            "Europe/Berlin ",
        ] {
            assert!(Zone::named(name).is_none(), "{name:?}");
        }
        for name in ["tzdata.zi", "zone.tab", "Europe/../UTC", "Europe//Berlin", ".", "Etc/GMT+5\0"] {
            assert!(Zone::named(name).is_none(), "{name:?}");
        }
        assert!(Zone::named("Etc/GMT+5").is_some() && Zone::named("America/Argentina/Ushuaia").is_some());
    }

    proptest! {
        #[test]
        fn days_follow_each_other_without_a_gap(days in 0_u64..60_000, within_s in 0_i64..86_400) {
            let day = Day(NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + chrono::Days::new(days));
            let next = Day(day.0.succ_opt().unwrap());
            for name in [
                "Europe/Berlin", "Europe/Dublin", "Asia/Beirut", "Asia/Gaza", "America/Sao_Paulo", "America/Nuuk",
                "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia", "Pacific/Kiritimati",
                "Pacific/Pago_Pago",
            ] {
                let zone = zone(name);
                let (start, end) = (zone.start_of(day), zone.start_of(next));
                prop_assert!(start <= end, "{} in {}", day, name);
                let at = start + Duration::seconds(within_s);
                if at < end {
                    prop_assert_eq!(zone.day_of(at), day, "{} in {}", at, name);
                }
            }
        }
    }
}
