//! How a customer is reached.

use std::sync::LazyLock;

use mysql::Value;
use regex::Regex;
use serde::Serialize;

use super::characters::{check, is_blank, is_invisible, nfc, trimmed};
use super::folded::{folded, phone_digits};
use super::{Bad, Input};

/// The longest address that SMTP can carry (RFC 5321 with its errata).
const EMAIL_LENGTH_MAX: usize = 254;

/// An e-mail address, kept as written. It is not proved to exist and need not be unique: a guest
/// may order twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(pub String);

/// The longest telephone number: 15 digits with room for separators and an extension.
const PHONE_LENGTH_MAX: usize = 60;

/// A telephone number, kept as written: 6 to 15 digits (15 is the E.164 limit) of any script with an
/// optional leading `+`, the usual separators, and an extension of up to 8 digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phone(pub String);

impl Email {
    pub fn parse(input: &Input) -> Result<Email, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        check(text, |_| false)?;
        let address = nfc(trimmed(text));
        let is_address =
            address.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        if !is_address || address.chars().count() > EMAIL_LENGTH_MAX {
            let message = format!(
                "must be an e-mail address such as ada@example.com, without a name or mailto: around it, at most \
                 {EMAIL_LENGTH_MAX} characters"
            );
            return Err(Bad::new("invalid_email", message));
        }
        Ok(Email(address))
    }
}

/// Words with a dot between (RFC 5322's dot-atom), in any script (RFC 6531).
fn is_local(local: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c) || is_beyond_ascii(c);
    local.split('.').all(|word| !word.is_empty() && word.chars().all(allowed))
}

/// Two labels or more with a dot between, in any script (RFC 5890).
fn is_domain(domain: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_beyond_ascii(c);
    let is_label = |label: &str| {
        let sound = (1..=63).contains(&label.chars().count()) && label.chars().all(allowed);
        sound && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_last =
        |label: &str| label.chars().count() >= 2 && !label.starts_with(|c: char| c.is_ascii_digit());
    domain.split('.').all(is_label) && domain.rsplit_once('.').is_some_and(|(_, last)| is_last(last))
}

/// What may stand in an address beside ASCII. No table says which letters a registry sells, so only what
/// nobody could read is left out.
fn is_beyond_ascii(c: char) -> bool {
    // Persian and Indic domains have joiners (RFC 5892).
    let is_joiner = matches!(c, '\u{200C}' | '\u{200D}');
    !c.is_ascii() && (is_joiner || !is_blank(c)) && check(c.encode_utf8(&mut [0; 4]), |_| false).is_ok()
}

impl Phone {
    pub fn parse(input: &Input) -> Result<Phone, Bad> {
        // Looked at in the form in which it is looked for: digits and separators as a keyboard has them.
        static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(concat!(
                r"^[ (]*\+?([ ()\[\].\-/]*[0-9]){6,15}[ ()\[\].\-/]*",
                r"([,; ]*(x|#|ext(ension|n|\.)?|durchwahl|dw\.?|poste)[ :.=]*[0-9]{1,8})?$"
            ))
            .expect("a valid pattern")
        });
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        // They come with what is copied from an address book.
        let visible: String = text.chars().filter(|&c| !is_invisible(c)).collect();
        let number = nfc(trimmed(&visible));
        if number.chars().count() > PHONE_LENGTH_MAX
            || check(&number, |_| false).is_err()
            || !SHAPE.is_match(&folded(&number))
        {
            let message = format!(
                "must be one telephone number such as +49 30 123456 or (030) 123456 x12: 6 to 15 digits, with spaces, brackets, dots, hyphens or slashes between them and an extension behind, at most {PHONE_LENGTH_MAX} characters"
            );
            return Err(Bad::new("invalid_phone", message));
        }
        Ok(Phone(number))
    }

    /// By which it is found, however it is written.
    pub fn digits(&self) -> String {
        phone_digits(&self.0)
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
        for good in [
            "a@b.co",
            "Ada.Lovelace+shop@mail.example.com",
            "o'brien@example.ie",
            "info@müller.de",
            "user@пример.рф",
            "jörg@example.de",
            "用户@例子.中国",
            "संपर्क@डाटामेल.भारत",
            "a@xn--mller-kva.de",
        ] {
            assert_eq!(Email::parse(&text(good)), Ok(Email(good.into())));
        }
        assert_eq!(Email::parse(&text("\u{200B}ada@example.com\u{A0}")), Ok(Email("ada@example.com".into())));
        for bad in [
            "",
            "a",
            "a@b",
            "@b.co",
            "a@@b.co",
            "a b@c.de",
            "a@b..co",
            ".a@b.co",
            "a@-b.co",
            "a@b.c",
            "a\u{A0}b@c.de",
            "a@b\u{200B}.de",
            "a@b.123",
            "jörg@",
            "a@\u{202E}b.de",
            "a@b.de\u{202C}",
            "a@ü..de",
            "\u{E000}@b.de",
        ] {
            assert!(Email::parse(&text(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn telephone_numbers_are_taken_as_people_write_them() {
        for good in [
            "+49 30 123456",
            "555-0100",
            "(030) 123 456",
            "0176/1234567",
            "+1 (555) 010-9999 x123",
            "+1 555 010 9999, ext. 12",
            "030 123456 Durchwahl 78",
            "(+44) 1234 2553-421",
            "+49 (0)30 123456",
            "+49\u{A0}30\u{A0}123456",
            "+49 30 123456–78",
            "+33\u{202F}1\u{2009}23\u{2009}45\u{2009}67\u{2009}89",
            "０３－１２３４－５６７８",
            "＋８１　３　１２３４　５６７８",
            "٠٥٠-١٢٣-٤٥٦٧",
            "۰۲۱ ۱۲۳۴ ۵۶۷۸",
            "[030] 123456",
        ] {
            assert_eq!(Phone::parse(&text(good)), Ok(Phone(good.into())));
        }
        let pasted = "\u{202A}+972\u{2011}50\u{2011}1234567\u{202C}\u{200E}";
        assert_eq!(Phone::parse(&text(pasted)), Ok(Phone("+972\u{2011}50\u{2011}1234567".into())));
        assert_eq!(Phone("+49 (0)30 777-888 9".into()).digits(), "49307778889");
        for bad in [
            "",
            "12345",
            "call me",
            "+1234567890123456",
            "12+345678",
            "+49 30\n123456",
            "123456 x123456789",
            "x123",
            "030 123456 or 7",
        ] {
            assert!(Phone::parse(&text(bad)).is_err(), "{bad}");
        }
    }
}
