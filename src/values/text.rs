//! Free text with a limit: one line, or a paragraph that may hold line breaks.

use mysql::Value;
use serde::Serialize;

use super::{Bad, Input};

/// One line of at most `MAX` characters as it was sent: not blank, no control characters. It is kept
/// without the white space around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(pub String);

/// Text of at most `MAX` characters as it was sent, not blank, that may hold line breaks and tabs. It
/// is kept without the white space around it.
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
        checked(input, MAX, |c| !c.is_control()).map(Line)
    }
}

impl<const MAX: usize> Paragraph<MAX> {
    pub fn parse(input: &Input) -> Result<Self, Bad> {
        checked(input, MAX, |c| !c.is_control() || "\n\r\t".contains(c)).map(Paragraph)
    }
}

fn checked(input: &Input, max: usize, allowed: impl Fn(char) -> bool) -> Result<String, Bad> {
    let Input::Text(text) = input else {
        return Err(Bad::not_text());
    };
    if text.trim().is_empty() {
        return Err(Bad::new("blank", "must not be blank"));
    }
    if text.chars().count() > max {
        return Err(Bad::new("too_long", format!("must be at most {max} characters")));
    }
    if !text.chars().all(allowed) {
        return Err(Bad::new("control_character", "must not hold control characters"));
    }
    Ok(text.trim().to_owned())
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
