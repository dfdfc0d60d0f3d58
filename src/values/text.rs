//! Text that people write, with a limit: one line, or a paragraph that may hold line breaks.
//!
//! It is kept in NFC and without what shows nothing at its ends. What only others could see through is
//! refused; `characters` says what that is.

use mysql::Value;
use serde::Serialize;

use super::characters::{check, nfc, trimmed};
use super::{Bad, Input};

/// One line of at most `MAX` characters as it is kept, of which something can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(pub String);

/// Text of at most `MAX` characters as it is kept, of which something can be seen, and that may hold line
/// breaks and tabs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Paragraph<const MAX: usize>(pub String);

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    text
}

impl<const MAX: usize> Line<MAX> {
    pub fn parse(input: &Input) -> Result<Self, Bad> {
        checked(input, MAX, |_| false).map(Line)
    }
}

impl<const MAX: usize> Paragraph<MAX> {
    pub fn parse(input: &Input) -> Result<Self, Bad> {
        checked(input, MAX, |c| "\n\r\t\u{2028}\u{2029}".contains(c)).map(Paragraph)
    }
}

fn checked(input: &Input, max: usize, allowed: fn(char) -> bool) -> Result<String, Bad> {
    let Input::Text(written) = input else {
        return Err(Bad::not_text());
    };
    let text = nfc(trimmed(written));
    if text.is_empty() {
        return Err(Bad::new("blank", "must not be blank"));
    }
    if text.chars().count() > max {
        return Err(Bad::new("too_long", format!("must be at most {max} characters")));
    }
    check(written, allowed)?;
    Ok(text)
}

impl<const MAX: usize> From<Line<MAX>> for Value {
    fn from(line: Line<MAX>) -> Value {
        line.0.into()
    }
}

impl<const MAX: usize> From<Paragraph<MAX>> for Value {
    fn from(paragraph: Paragraph<MAX>) -> Value {
        paragraph.0.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::is_nfc;

    use super::super::characters::is_blank;
    use super::*;

    fn line(text: &str) -> Result<String, &'static str> {
        Line::<20>::parse(&Input::Text(text.into())).map(|Line(text)| text).map_err(|bad| bad.code)
    }

    #[test]
    fn a_line_is_kept_in_one_form_and_within_its_limit() {
        assert_eq!(line(" Cafe\u{301}\u{200B} "), Ok("Café".into()));
        assert_eq!(line(&"e\u{301}".repeat(20)), Ok("é".repeat(20)), "counted as it is kept");
        assert_eq!(line(&"é".repeat(21)), Err("too_long"));
        assert_eq!(line("\u{200B}\u{3164}"), Err("blank"));
        assert_eq!(line("Ada\tLovelace"), Err("control_character"));
        assert_eq!(line("Ada\n"), Err("line_break"));
        let paragraph = Paragraph::<20>::parse(&Input::Text("a\r\n\tb\u{2028}c".into()));
        assert_eq!(paragraph.unwrap().0, "a\r\n\tb\u{2028}c");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again_as_it_is(text in any::<String>()) {
            if let Ok(kept) = line(&text) {
                prop_assert!(is_nfc(&kept) && kept.chars().any(|c| !is_blank(c)));
                prop_assert_eq!(line(&kept), Ok(kept));
            }
        }
    }
}
