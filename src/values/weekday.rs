//! Days of the week.

use super::words;

words! {
    /// A day of the week.
    Weekday, refused as "invalid_weekday" {
        Monday = "mon",
        Tuesday = "tue",
        Wednesday = "wed",
        Thursday = "thu",
        Friday = "fri",
        Saturday = "sat",
        Sunday = "sun",
    }
}

impl Weekday {
    /// A set of days as it is stored: Monday is 1, Tuesday 2, Wednesday 4, and Sunday 64.
    pub fn to_bits(days: &[Weekday]) -> u8 {
        days.iter().fold(0, |bits, day| bits | day.bit())
    }

    /// The days of a stored set, from Monday on.
    pub fn from_bits(bits: u8) -> Vec<Weekday> {
        Weekday::ALL.iter().copied().filter(|day| bits & day.bit() != 0).collect()
    }

    /// Several of them in a sentence: Mondays and Thursdays.
    pub fn listed(days: &[Weekday]) -> String {
        let names: Vec<String> = days.iter().map(|day| format!("{day:?}s")).collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_in_the_order_of_the_week() {
        let days = [Weekday::Thursday, Weekday::Monday, Weekday::Sunday];
        assert_eq!(Weekday::to_bits(&days), 1 + 8 + 64);
        assert_eq!(Weekday::from_bits(1 + 8 + 64), [Weekday::Monday, Weekday::Thursday, Weekday::Sunday]);
        assert_eq!(Weekday::from_bits(127), Weekday::ALL);
        assert_eq!(Weekday::from_bits(Weekday::to_bits(&[])), []);
        for (bits, words) in [
            (0, ""),
            (1, "Mondays"),
            (1 + 8, "Mondays and Thursdays"),
            (1 + 8 + 64, "Mondays, Thursdays and Sundays"),
        ] {
            assert_eq!(Weekday::listed(&Weekday::from_bits(bits)), words);
        }
    }
}
