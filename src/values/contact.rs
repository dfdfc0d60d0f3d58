//! How a customer is reached.

use std::sync::LazyLock;

use mysql::Value;
use regex::Regex;
use serde::Serialize;

use super::{Bad, Input};

/// The longest address that SMTP can carry (RFC 5321 with its errata).
const EMAIL_LENGTH_MAX: usize = 254;

/// An e-mail address, kept as written. It is not proved to exist and need not be unique: a guest
/// may order twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(pub String);

/// The longest telephone number: 15 digits with room for separators.
const PHONE_LENGTH_MAX: usize = 32;

/// A telephone number, kept as written: 6 to 15 digits (15 is the E.164 limit) with an optional
/// leading `+` and the usual separators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phone(pub String);

impl Email {
    pub fn parse(input: &Input) -> Result<Email, Bad> {
        static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(concat!(
                r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
                r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
            ))
            .expect("a valid pattern")
        });
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        let address = text.trim_matches(' ');
        if text.len() > EMAIL_LENGTH_MAX || !SHAPE.is_match(address) {
            let message = "must be an e-mail address such as ada@example.com, at most 254 characters";
            return Err(Bad::new("invalid_email", message));
        }
        Ok(Email(address.to_owned()))
    }
}

impl Phone {
    pub fn parse(input: &Input) -> Result<Phone, Bad> {
        static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^\+?(\([ ().\-/]*)?[0-9]([ ().\-/]*[0-9]){5,14}[ ().\-/]*$")
                .expect("a valid pattern")
        });
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        let number = text.trim_matches(' ');
        if text.len() > PHONE_LENGTH_MAX || !SHAPE.is_match(number) {
            let message = "must be a telephone number such as +49 30 123456, with 6 to 15 digits";
            return Err(Bad::new("invalid_phone", message));
        }
        Ok(Phone(number.to_owned()))
    }
}

impl From<Email> for Value {
    fn from(email: Email) -> Value {
        email.0.into()
    }
}

impl From<Phone> for Value {
    fn from(phone: Phone) -> Value {
        phone.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Input {
        Input::Text(s.to_owned())
    }

    #[test]
    fn addresses_that_mail_servers_take_are_taken() {
        for good in ["a@b.co", "Ada.Lovelace+shop@mail.example.com", "o'brien@example.ie"] {
            assert!(Email::parse(&text(good)).is_ok(), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.co", "a@@b.co", "a b@c.de", "a@b..co", ".a@b.co", "a@-b.co", "a@b.c"]
        {
            assert!(Email::parse(&text(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn telephone_numbers_are_taken_as_people_write_them() {
        for good in ["+49 30 123456", "555-0100", "(030) 123 456", "0176/1234567"] {
            assert!(Phone::parse(&text(good)).is_ok(), "{good}");
        }
        for bad in ["", "12345", "call me", "+1234567890123456", "12+345678"] {
            assert!(Phone::parse(&text(bad)).is_err(), "{bad}");
        }
    }
}
