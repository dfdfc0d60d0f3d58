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
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
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

    /// A decimal number as the API takes it, from how people here write it. Whatever is no such number is left as it is.
    pub fn plain(&self, written: &str) -> String {
        let text: String = written.trim().chars().filter(|c| !c.is_whitespace()).collect();
        let is_ours = text.chars().all(|c| c.is_ascii_digit() || c == self.decimal || c == self.group);
        let decimals = text.matches(self.decimal).count();
        if self.decimal == '.' || text.is_empty() || !is_ours || decimals != 1 {
            return written.to_owned();
        }
        text.chars().filter(|c| *c != self.group).map(|c| if c == self.decimal { '.' } else { c }).collect()
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
        let german = named("de-DE");
        assert_eq!(german.plain("1.234,50"), "1234.50");
        assert_eq!(german.plain(" 19,9 "), "19.9");
        assert_eq!(german.plain("19.90"), "19.90");
        assert_eq!(german.plain("abc,1"), "abc,1");
        assert_eq!(german.plain(&german.typed("0.95")), "0.95");
        assert_eq!(named("en-GB").plain("19,90"), "19,90");
    }
}
