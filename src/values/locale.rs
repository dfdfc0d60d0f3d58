//! How people of a country write numbers, money and dates. The desk's words are English everywhere.

use super::{Day, Price};
use chrono::NaiveDateTime;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    pub name: &'static str,
    decimal: char,
    /// Between thousands.
    group: char,
    /// As chrono writes them.
    day: &'static str,
    time: &'static str,
    /// Whether the currency stands behind the number.
    currency_behind: bool,
}

const NARROW: char = '\u{202F}';
const H24: &str = "%H:%M";
const H12: &str = "%-I:%M %p";

#[rustfmt::skip]
pub const LOCALES: &[Locale] = &[
    locale("en-GB", '.', ',', "%-d %b %Y", H24, false),
    locale("en-IE", '.', ',', "%-d %b %Y", H24, false),
    locale("en-US", '.', ',', "%b %-d, %Y", H12, false),
    locale("en-CA", '.', ',', "%Y-%m-%d", H12, false),
    locale("en-AU", '.', ',', "%-d %b %Y", H12, false),
    locale("en-NZ", '.', ',', "%-d %b %Y", H12, false),
    locale("en-IN", '.', ',', "%-d %b %Y", H12, false),
    locale("de-DE", ',', '.', "%d.%m.%Y", H24, true),
    locale("de-AT", ',', '.', "%d.%m.%Y", H24, false),
    locale("de-CH", '.', '’', "%d.%m.%Y", H24, false),
    locale("fr-FR", ',', NARROW, "%d/%m/%Y", H24, true),
    locale("fr-CH", ',', NARROW, "%d.%m.%Y", H24, true),
    locale("it-IT", ',', '.', "%d/%m/%Y", H24, true),
    locale("es-ES", ',', '.', "%d/%m/%Y", H24, true),
    locale("pt-PT", ',', NARROW, "%d/%m/%Y", H24, true),
    locale("pt-BR", ',', '.', "%d/%m/%Y", H24, false),
    locale("nl-NL", ',', '.', "%d-%m-%Y", H24, false),
    locale("nl-BE", ',', '.', "%d/%m/%Y", H24, false),
    locale("da-DK", ',', '.', "%d.%m.%Y", H24, true),
    locale("nb-NO", ',', NARROW, "%d.%m.%Y", H24, true),
    locale("sv-SE", ',', NARROW, "%Y-%m-%d", H24, true),
    locale("fi-FI", ',', NARROW, "%-d.%-m.%Y", H24, true),
    locale("pl-PL", ',', NARROW, "%d.%m.%Y", H24, true),
    locale("cs-CZ", ',', NARROW, "%-d. %-m. %Y", H24, true),
    locale("ja-JP", '.', ',', "%Y/%m/%d", H24, false),
];

/// The signs that everybody knows; other currencies are written with their code.
const SIGNS: [(&str, &str); 4] = [("EUR", "€"), ("GBP", "£"), ("USD", "$"), ("JPY", "¥")];

const fn locale(
    name: &'static str,
    decimal: char,
    group: char,
    day: &'static str,
    time: &'static str,
    currency_behind: bool,
) -> Locale {
    Locale { name, decimal, group, day, time, currency_behind }
}

impl Locale {
    pub fn named(name: &str) -> Option<Locale> {
        LOCALES.iter().find(|locale| locale.name == name).copied()
    }

    /// A number as JSON writes it, such as `-1234.5`, as people do.
    pub fn number(&self, plain: &str) -> String {
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("−", digits));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let mut text = sign.to_owned();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && self.is_grouped(whole.len() - at) {
                text.push(self.group);
            }
            text.push(digit);
        }
        if !decimals.is_empty() {
            text.push(self.decimal);
            text.push_str(decimals);
        }
        text
    }

    /// Whether a mark stands before this many last digits. In India they are told apart by lakhs and crores.
    fn is_grouped(&self, digits: usize) -> bool {
        if self.has_lakhs() { digits == 3 || digits > 3 && digits % 2 == 1 } else { digits.is_multiple_of(3) }
    }

    fn has_lakhs(&self) -> bool {
        self.name == "en-IN"
    }

    /// A decimal string of the API, in this currency.
    pub fn money(&self, plain: &str, currency: &str) -> String {
        let number = self.number(plain);
        let sign = SIGNS.iter().find(|(code, _)| *code == currency).map(|(_, sign)| *sign);
        match (self.currency_behind, sign) {
            (true, sign) => format!("{number}\u{A0}{}", sign.unwrap_or(currency)),
            (false, None) => format!("{currency}\u{A0}{number}"),
            (false, Some(sign)) => match number.strip_prefix('−') {
                Some(number) => format!("−{sign}{number}"),
                None => format!("{sign}{number}"),
            },
        }
    }

    pub fn price(&self, price: Price, currency: &str) -> String {
        self.money(&price.to_string(), currency)
    }

    pub fn day(&self, Day(day): Day) -> String {
        day.format(self.day).to_string()
    }

    /// A moment of the shop's clock.
    pub fn moment(&self, local: NaiveDateTime) -> String {
        format!("{}, {}", local.format(self.day), local.format(self.time))
    }

    /// A decimal number as the API takes it, from how people here write it; None for what is none, or could be two.
    ///
    /// - The decimal mark is the country's, once, with digits on both sides.
    /// - Thousands may be told apart by the country's mark or by spaces, one sign throughout: one to three digits first, the
    ///   first of them no zero, and then three and three; or as the country does.
    /// - Number pads have no other key than the point. Where it is not the country's decimal mark, one point is taken for
    ///   it, unless three digits follow, which may have been meant as thousands.
    pub fn plain(&self, written: &str) -> Option<String> {
        let text = written.trim();
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, decimals) = match text.split_once(self.decimal) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let decimals = decimals
            .map_or(Some(String::new()), |decimals| is_digits(decimals).then(|| format!(".{decimals}")))?;
        if is_digits(whole) {
            return Some(format!("{whole}{decimals}"));
        }
        if let Some(whole) = self.without_groups(whole) {
            return Some(format!("{whole}{decimals}"));
        }
        let (whole, behind) = text.split_once('.')?;
        (is_digits(whole) && is_digits(behind) && behind.len() != 3).then(|| text.to_owned())
    }

    /// The same for the API: nothing is nothing, and what is no number it refuses.
    pub fn typed_decimal(&self, written: &str) -> String {
        match self.plain(written) {
            None if !written.trim().is_empty() => "not a number".to_owned(),
            plain => plain.unwrap_or_default(),
        }
    }

    /// The digits of a whole number whose thousands are told apart.
    fn without_groups(&self, whole: &str) -> Option<String> {
        let typed = |c: char| {
            if c == '\'' {
                '’'
            } else if c.is_whitespace() {
                ' '
            } else {
                c
            }
        };
        let whole: String = whole.chars().map(typed).collect();
        let mark = whole.chars().find(|c| !c.is_ascii_digit())?;
        if mark != ' ' && mark != self.group {
            return None;
        }
        let groups: Vec<&str> = whole.split(mark).collect();
        let (first, rest) = groups.split_first()?;
        let is_right = |group: &str, length: std::ops::RangeInclusive<usize>| {
            length.contains(&group.len()) && group.bytes().all(|b| b.is_ascii_digit())
        };
        let are_right = is_right(first, 1..=3)
            && !first.starts_with('0')
            && rest.iter().all(|group| is_right(group, 3..=3));
        let digits = groups.concat();
        let as_written = self.has_lakhs() && is_right(&digits, 1..=digits.len()) && {
            let marks = whole.chars().map(|c| if c == mark { self.group } else { c }).collect::<String>();
            !first.starts_with('0') && self.number(&digits) == marks
        };
        (are_right || as_written).then_some(digits)
    }

    /// A number of the API as it stands in a field, where nothing stands between thousands.
    pub fn typed(&self, plain: &str) -> String {
        plain.replace('.', &self.decimal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Locale {
        Locale::named(name).unwrap()
    }

    #[test]
    fn money_is_written_as_people_do() {
        for (name, currency, plain, written) in [
            ("en-GB", "GBP", "1234567.50", "£1,234,567.50"),
            ("en-GB", "GBP", "-3.00", "−£3.00"),
            ("de-DE", "EUR", "1234.50", "1.234,50\u{A0}€"),
            ("de-CH", "CHF", "1234.50", "CHF\u{A0}1’234.50"),
            ("fr-FR", "EUR", "999.00", "999,00\u{A0}€"),
            ("en-IN", "INR", "1234567.50", "INR\u{A0}12,34,567.50"),
            ("en-IN", "INR", "-100000", "INR\u{A0}−1,00,000"),
            ("en-IN", "INR", "999", "INR\u{A0}999"),
            ("ja-JP", "JPY", "1500", "¥1,500"),
        ] {
            assert_eq!(named(name).money(plain, currency), written);
        }
    }

    #[test]
    fn words_stand_in_no_day_but_of_those_who_read_them() {
        for locale in LOCALES.iter().filter(|locale| !locale.name.starts_with("en-")) {
            assert!(!locale.day.contains("%b") && locale.time == H24, "{}", locale.name);
        }
    }

    #[test]
    fn a_typed_number_is_read_back() {
        for locale in LOCALES {
            for plain in ["0", "0.95", "7.5", "999.99", "1234.50", "1234567.891", "12345678.90"] {
                assert_eq!(locale.plain(&locale.typed(plain)).as_deref(), Some(plain), "{}", locale.name);
                assert_eq!(locale.plain(&locale.number(plain)).as_deref(), Some(plain), "{}", locale.name);
            }
        }
    }

    #[test]
    fn thousands_are_told_apart_as_the_country_does_or_not_at_all() {
        for (name, written, plain) in [
            ("en-GB", "1,500", Some("1500")),
            ("en-GB", "1,500.25", Some("1500.25")),
            ("en-GB", "1.500", Some("1.500")),
            ("en-GB", "19,90", None),
            ("en-GB", "1,50,000", None),
            ("en-IN", "12,34,567.50", Some("1234567.50")),
            ("en-IN", "12 34 567", Some("1234567")),
            ("en-IN", "1,234,567", Some("1234567")),
            ("en-IN", "1,00,000", Some("100000")),
            ("en-IN", "1,23,45,67,890", Some("1234567890")),
            ("en-IN", "1,500", Some("1500")),
            ("en-IN", "12,34,56", None),
            ("en-IN", "123,45,678", None),
            ("en-IN", "0,12,345", None),
            ("en-IN", "12,345,67", None),
            ("en-IN", "12,34 567", None),
            ("en-US", "12,34,567", None),
            ("en-US", "1 500.5", Some("1500.5")),
            ("en-US", "12,345,678", Some("12345678")),
            ("de-DE", "1.500", Some("1500")),
            ("de-DE", "1.234,50", Some("1234.50")),
            ("de-DE", "1.23,4", None),
            ("de-DE", "1.500.0", None),
            ("de-DE", "1,500", Some("1.500")),
            ("de-DE", "1,2,3", None),
            ("de-DE", " 19,9 ", Some("19.9")),
            ("de-DE", "19.90", Some("19.90")),
            ("de-DE", "1500.000", None),
            ("de-DE", "0.950", None),
            ("de-DE", "12.3456", Some("12.3456")),
            ("de-AT", "1 234 567,8", Some("1234567.8")),
            ("de-CH", "1’234.50", Some("1234.50")),
            ("de-CH", "1'234.50", Some("1234.50")),
            ("de-CH", "1,500", None),
            ("fr-FR", "1\u{202F}500,25", Some("1500.25")),
            ("fr-FR", "1\u{A0}500", Some("1500")),
            ("fr-FR", "1 500", Some("1500")),
            ("fr-FR", "1.500", None),
            ("fr-FR", "15 00", None),
            ("it-IT", "1'500", None),
            ("es-ES", "12.345.678,90", Some("12345678.90")),
            ("pt-BR", "1.500", Some("1500")),
            ("sv-SE", "1 500,50", Some("1500.50")),
            ("sv-SE", "1 500.000,5", None),
            ("pl-PL", "0 500", None),
            ("ja-JP", "1,500", Some("1500")),
            ("ja-JP", "１５００", None),
            ("nl-NL", ",5", None),
            ("nl-NL", "5,", None),
            ("nl-NL", "-5", None),
            ("nl-NL", "€ 5", None),
            ("nl-NL", "abc,1", None),
            ("nl-NL", "", None),
        ] {
            assert_eq!(named(name).plain(written).as_deref(), plain, "{written:?} in {name}");
        }
    }
}
