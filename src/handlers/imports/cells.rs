//! What stands in a cell, as the API takes it: amounts and counts as people and other shops write them, lists, and
//! HTML as text. Whatever is not understood is left as it is, so that the API's own message says what is wrong with it.

use crate::handlers::imports::columns::Kind;
use crate::values::{Bad, Input, words};

words! {
    /// What stands before the pennies.
    Decimal, refused as "invalid_decimal" {
        Point = "point",
        Comma = "comma",
    }
}

/// What an amount that can be read in two ways is refused with.
const AMBIGUOUS: &str = "ambiguous_number";
const TWO_READINGS: &str =
    "can be read as thousands or as a fraction: add decimal=comma or decimal=point to the request";

/// A cell as the value of a field; an empty one as null.
pub fn value(kind: Kind, text: &str, numbers: Numbers) -> Result<Input, Bad> {
    let plain = || Input::Text(text.to_owned());
    if text.is_empty() {
        return Ok(Input::Null);
    }
    Ok(match kind {
        Kind::Text | Kind::Id => plain(),
        Kind::Money => Input::Text(amount(text, numbers)?),
        Kind::Count => Input::Text(count(text, numbers)?),
        Kind::List => Input::List(items(text).map(|item| Input::Text(item.to_owned())).collect()),
        Kind::Barcodes => Input::List(items(text).map(barcode).collect()),
    })
}

/// Items of a list, with a bar between them, or a comma and a blank, or on lines of their own.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let bars = text.split(['|', '\n']);
    bars.flat_map(|items| items.split(", ")).map(str::trim).filter(|item| !item.is_empty())
}

/// `4006381333931`, or `4006381333931*12` on a pack of twelve. A spreadsheet may have made `4006381333931.0` of it.
fn barcode(text: &str) -> Input {
    let (code, units) =
        text.split_once('*').map_or((text, None), |(code, units)| (code.trim(), Some(units.trim())));
    let code = code.strip_suffix(".0").unwrap_or(code);
    let code = ("code".to_owned(), Input::Text(code.to_owned()));
    let units = units.map(|units| ("units".to_owned(), Input::Text(units.to_owned())));
    Input::Object([code].into_iter().chain(units).collect())
}

/// How a file writes numbers.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// As whoever sends it says.
    pub decimal: Option<Decimal>,
    /// Its cells have semicolons between them, as where a comma stands before the pennies.
    pub has_semicolons: bool,
}

/// What stands between thousands wherever it stands.
const BETWEEN_THOUSANDS: &str = "'’ \u{a0}\u{202f}";

/// An amount without the sign of its currency and what stands between thousands, and with a point before the pennies. What
/// is no number is left as it is, and what can be read in two ways is refused.
fn amount(text: &str, numbers: Numbers) -> Result<String, Bad> {
    let is_part = |c: char| c.is_ascii_digit() || ".,-".contains(c) || BETWEEN_THOUSANDS.contains(c);
    let without_sign = text.trim_matches(|c: char| !is_part(c) || c.is_whitespace());
    let bare = without_sign.trim_start_matches("Rs.").trim();
    let (minus, digits) = bare.strip_prefix('-').map_or(("", bare), |digits| ("-", digits));
    if digits.is_empty() || digits.contains('-') || !digits.chars().all(is_part) {
        return Ok(text.to_owned());
    }
    let sign = before_the_pennies(digits, numbers)?;
    let (whole, fraction) = match sign.and_then(|sign| digits.rsplit_once(sign)) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_number = is_in_thousands(whole, sign)
        && fraction
            .is_none_or(|fraction| !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()))
        && !(whole.is_empty() && fraction.is_none());
    match (is_number, numbers.decimal) {
        (true, _) => {
            let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
            let whole = if whole.is_empty() { "0" } else { &whole };
            Ok(fraction
                .map_or_else(|| format!("{minus}{whole}"), |fraction| format!("{minus}{whole}.{fraction}")))
        }
        (false, None) => Ok(text.to_owned()),
        (false, Some(decimal)) => {
            let message = format!(
                "is not written as decimal={} says: leave that out, or correct the file",
                decimal.text()
            );
            Err(Bad::new(AMBIGUOUS, message))
        }
    }
}

/// The sign that stands before the pennies, if there are any.
fn before_the_pennies(digits: &str, numbers: Numbers) -> Result<Option<char>, Bad> {
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    let last = digits.rfind(['.', ',']);
    Ok(match (numbers.decimal, last) {
        (_, None) => None,
        (Some(Decimal::Point), _) => Some('.'),
        (Some(Decimal::Comma), _) => Some(','),
        // Of both the last one stands before the pennies, and one that stands there again and again between thousands.
        (None, Some(at)) if points > 0 && commas > 0 => digits[at..].chars().next(),
        (None, _) if points > 1 => Some(','),
        (None, _) if commas > 1 => Some('.'),
        (None, Some(at)) => {
            let (whole, fraction) = (&digits[..at], &digits[at + 1..]);
            let may_be_thousands =
                (1..=3).contains(&whole.len()) && !whole.starts_with('0') && fraction.len() == 3;
            if may_be_thousands && (commas == 1 || numbers.has_semicolons) {
                return Err(Bad::new(AMBIGUOUS, TWO_READINGS));
            }
            digits[at..].chars().next()
        }
    })
}

/// Whether the digits before the pennies have nothing between them, or one sign before every three.
fn is_in_thousands(whole: &str, pennies: Option<char>) -> bool {
    let mut between = whole.chars().filter(|c| !c.is_ascii_digit());
    let Some(sign) = between.next() else { return true };
    let mut groups = whole.split(sign);
    pennies != Some(sign)
        && between.all(|other| other == sign)
        && groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3)
}

/// A number of pieces: `12`, `12.0` and `12,00` are twelve; `1.000` may be one or a thousand.
fn count(text: &str, numbers: Numbers) -> Result<String, Bad> {
    let amount = amount(text, numbers)?;
    let is_of_thousands =
        numbers.decimal.is_none() && amount.split_once('.').is_some_and(|(_, rest)| rest.len() == 3);
    if is_of_thousands && amount.ends_with("000") {
        return Err(Bad::new(AMBIGUOUS, TWO_READINGS));
    }
    let whole = amount.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    Ok(whole.map_or(amount.as_str(), |(whole, _)| whole).to_owned())
}

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "section",
    "article",
    "blockquote",
    "hr",
    "dt",
    "dd",
];

/// The text of a piece of HTML: tags are gone, blocks are lines, items of lists have a dash, and `&amp;` is `&`. A text
/// without tags keeps its lines.
pub fn text_of_html(html: &str) -> String {
    let is_html = html.contains('<') && html.contains('>');
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<').filter(|_| is_html) {
        push_words(&mut text, &rest[..at]);
        let tag = &rest[at + 1..];
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        // A lone sign, as in "< 5 kg".
        let is_tag = !name.is_empty() || tag.starts_with('!');
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        let Some(length) = tag.find(end).filter(|_| is_tag) else {
            text.push('<');
            rest = tag;
            continue;
        };
        rest = &tag[length + end.len()..];
        if (name == "script" || name == "style") && !tag.starts_with('/') {
            let closing = format!("</{name}");
            let lower = rest.to_ascii_lowercase();
            rest = lower.find(&closing).map_or("", |at| &rest[at..]);
        } else if BLOCKS.contains(&&*name) {
            let is_item = name == "li" && !tag.starts_with('/');
            if !(is_item && text.ends_with('\n')) {
                text.push('\n');
            }
            if is_item {
                text.push_str("- ");
            }
        }
    }
    if is_html {
        push_words(&mut text, rest)
    } else {
        text.push_str(rest)
    }
    let text = html_escape::decode_html_entities(&text);
    let lines = text.lines().map(str::trim);
    let mut kept = String::with_capacity(text.len());
    for line in lines {
        // Not more than one empty line after another, and no bullet without its text.
        if line != "-" && !(line.is_empty() && (kept.is_empty() || kept.ends_with("\n\n"))) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.trim().to_owned()
}

/// In HTML any number of blanks and line ends is one blank.
fn push_words(text: &mut String, words: &str) {
    for c in words.chars() {
        match c.is_ascii_whitespace() {
            true if text.ends_with([' ', '\n']) => {}
            true => text.push(' '),
            false => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written_anywhere() {
        for (written, expected) in [
            ("19.99", "19.99"),
            ("19,99", "19.99"),
            ("1.299,50 €", "1299.50"),
            ("$1,299.50", "1299.50"),
            ("CHF 1'299.50", "1299.50"),
            ("1 299,50", "1299.50"),
            ("1\u{202f}299,50\u{a0}€", "1299.50"),
            ("5", "5"),
            ("1.234.567", "1234567"),
            ("1,234,567", "1234567"),
            ("0,5", "0.5"),
            ("-3", "-3"),
            ("1.500", "1.500"),
            ("free", "free"),
            ("variable", "variable"),
            ("12 kg 5", "12 kg 5"),
        ] {
            assert_eq!(amount(written, SEEN).as_deref(), Ok(expected), "{written}");
        }
        // Nobody writes these, so they are left for the API to refuse.
        for odd in ["14.50.00", "1.4.5", "1,23.45", "1 45", "12.-", "5.", ".", "1.234'567", "--5", "1,,234"] {
            assert_eq!(amount(odd, SEEN).as_deref(), Ok(odd), "{odd}");
        }
        assert_eq!(amount("1,500", SEEN).expect_err("two readings").code, AMBIGUOUS);
    }

    const SEEN: Numbers = Numbers { decimal: None, has_semicolons: false };
    const COMMA: Numbers = Numbers { decimal: Some(Decimal::Comma), has_semicolons: false };
    const POINT: Numbers = Numbers { decimal: Some(Decimal::Point), has_semicolons: false };

    #[test]
    fn what_is_said_of_the_pennies_holds_for_every_amount() {
        for (written, as_comma, as_point) in [
            ("1,500", Some("1.500"), Some("1500")),
            ("1.500", Some("1500"), Some("1.500")),
            ("14,50", Some("14.50"), None),
            ("14.50", None, Some("14.50")),
            ("1,450.00", None, Some("1450.00")),
            ("1.450,00", Some("1450.00"), None),
            ("1’450.00", None, Some("1450.00")),
            ("1 450,00", Some("1450.00"), None),
            (".5", None, Some("0.5")),
            ("1.2345", None, Some("1.2345")),
            ("1234567", Some("1234567"), Some("1234567")),
        ] {
            assert_eq!(amount(written, COMMA).ok().as_deref(), as_comma, "{written}");
            assert_eq!(amount(written, POINT).ok().as_deref(), as_point, "{written}");
        }
        // A file of a country that writes commas may mean either, but no thousands begin with a zero.
        let semicolons = Numbers { has_semicolons: true, ..SEEN };
        assert_eq!(amount("1.450", semicolons).expect_err("two readings").code, AMBIGUOUS);
        assert_eq!(amount("0.125", semicolons).as_deref(), Ok("0.125"));
        assert_eq!(amount("0,125", SEEN).as_deref(), Ok("0.125"));
        assert_eq!(amount("14.50", semicolons).as_deref(), Ok("14.50"));
    }

    #[test]
    fn counts_are_whole() {
        for (written, expected) in [
            ("12", "12"),
            ("12.0", "12"),
            ("12,00", "12"),
            ("12.5", "12.5"),
            ("-3", "-3"),
            ("12.0000", "12"),
            ("many", "many"),
        ] {
            assert_eq!(count(written, SEEN).as_deref(), Ok(expected), "{written}");
        }
        assert_eq!(count("1.000", SEEN).expect_err("two readings").code, AMBIGUOUS);
        assert_eq!(count("1,000", SEEN).expect_err("two readings").code, AMBIGUOUS);
        assert_eq!(count("1.000", COMMA).as_deref(), Ok("1000"));
    }

    #[test]
    fn html_becomes_text() {
        for (html, expected) in [
            ("<p>A <b>blue</b> mug &amp; a&nbsp;plate</p>", "A blue mug & a\u{a0}plate"),
            ("<ul>\n <li>One</li>\n <li>Two</li></ul>After", "- One\n- Two\n\nAfter"),
            ("a<br/>b<BR>c", "a\nb\nc"),
            ("<style>p { x }</style><script>if (a < b) {}</script>Text<!-- a > b --> end", "Text end"),
            ("plain\n\n  text & 5 < 6", "plain\n\ntext & 5 < 6"),
            ("<p>weighs < 5 kg</p>", "weighs < 5 kg"),
            ("a <unclosed", "a <unclosed"),
            ("<p></p>", ""),
        ] {
            assert_eq!(text_of_html(html), expected, "{html}");
        }
    }

    #[test]
    fn lists_and_barcodes() {
        let text = |text: &str| Input::Text(text.to_owned());
        assert_eq!(
            value(Kind::List, "https://a/1.jpg, https://a/2,x.jpg | https://a/3.jpg", SEEN).expect("a list"),
            Input::List(vec![text("https://a/1.jpg"), text("https://a/2,x.jpg"), text("https://a/3.jpg")])
        );
        let code = |code: &str| ("code".to_owned(), text(code));
        assert_eq!(
            value(Kind::Barcodes, "4006381333931|9780306406157*12", SEEN).expect("a list"),
            Input::List(vec![
                Input::Object(vec![code("4006381333931")]),
                Input::Object(vec![code("9780306406157"), ("units".to_owned(), text("12"))]),
            ])
        );
        assert_eq!(value(Kind::Text, "", SEEN), Ok(Input::Null));
    }
}
