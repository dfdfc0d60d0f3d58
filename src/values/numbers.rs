//! Whole numbers with their limits.

use std::collections::BTreeSet;

use super::{Bad, Input};

/// The key of a row. Ids are positive and say nothing about order or number.
pub type Id = u64;

/// AUTO_INCREMENT never gets there, and every program can hold it in a signed number.
const ID_MAX: Id = i64::MAX as Id;

/// An id in a body or a query.
pub fn id(input: &Input) -> Result<Id, Bad> {
    whole_number(input, 1, i64::MAX).map(i64::unsigned_abs)
}

/// Ids in a query string, with commas between them: at most `max`, each once and in order.
pub fn query_ids(input: &Input, max: usize) -> Result<BTreeSet<Id>, Bad> {
    let refused =
        || Bad::new("invalid_ids", format!("must be 1 to {max} ids with commas between them: 3,7,12"));
    let Input::Text(text) = input else {
        return Err(refused());
    };
    let ids: Vec<&str> = text.split(',').map(|id| id.trim_matches(' ')).collect();
    if ids.len() > max {
        return Err(refused());
    }
    let read = |text: &str| id_from_digits(text).ok_or_else(refused);
    ids.into_iter().map(read).collect()
}

/// Ids in paths are written in one way only: digits without a leading zero. Larger ones than the
/// database can hold name nothing.
pub fn id_from_digits(digits: &str) -> Option<Id> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || digits.starts_with('0') {
        return None;
    }
    digits.parse().ok().filter(|&id| id <= ID_MAX)
}

/// Units of a product: 1 to 100,000 in one line of an order. See [`super::PRICE_MINOR_MAX`] for why
/// there is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(pub i64);

impl Quantity {
    pub const MAX: i64 = 100_000;

    pub fn parse(input: &Input) -> Result<Quantity, Bad> {
        whole_number(input, 1, Quantity::MAX).map(Quantity)
    }
}

/// A whole number from `min` to `max`, written as a JSON number without an exponent, or as plain digits in quotes,
/// as forms and queries have it. A fraction may only be zeros: 2.0 is what some languages write for 2.
pub fn whole_number(input: &Input, min: i64, max: i64) -> Result<i64, Bad> {
    let refused = || {
        let message = format!("must be a whole number from {min} to {max}");
        Bad::new("invalid_number", message)
    };
    let digits = match input {
        Input::Text(text) => quoted_digits(text).ok_or_else(refused)?,
        Input::Number(text) => match text.split_once('.') {
            Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
            _ => text,
        },
        _ => return Err(refused()),
    };
    match digits.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) && !digits.starts_with('+') => Ok(number),
        _ => Err(refused()),
    }
}

/// Digits, behind a minus where something is taken away, with or without blanks around them.
fn quoted_digits(text: &str) -> Option<&str> {
    let number = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = number.strip_prefix('-').unwrap_or(number);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

/// `true` or `false`, in quotes too, as forms and queries have it.
pub fn boolean(input: &Input) -> Result<bool, Bad> {
    match input {
        Input::Bool(value) => Ok(*value),
        Input::Text(text) if text == "true" => Ok(true),
        Input::Text(text) if text == "false" => Ok(false),
        _ => Err(Bad::new("invalid_boolean", "must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_exactly() {
        let read = |text: &str| whole_number(&Input::Number(text.into()), -5, i64::MAX).ok();
        assert_eq!(read("17"), Some(17));
        assert_eq!(read("-5"), Some(-5));
        assert_eq!(read("2.0"), Some(2));
        assert_eq!(read("9223372036854775807.00"), Some(i64::MAX));
        for bad in ["-6", "9223372036854775808", "2.5", "2.01", "2.", ".0", "1e2", "+1", "", "NaN"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn digits_in_quotes_are_the_number() {
        let read = |text: &str| whole_number(&Input::Text(text.into()), -5, i64::MAX).ok();
        for (text, number) in [("17", 17), (" 17\n", 17), ("007", 7), ("0", 0), ("-5", -5)] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert_eq!(read("9223372036854775807"), Some(i64::MAX));
        for bad in [
            "",
            " ",
            "-",
            "--1",
            "5.0",
            "1e3",
            "+5",
            "٥",
            "５",
            "1 000",
            "0x10",
            "5\u{A0}",
            "NaN",
            "9223372036854775808",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
