//! A row as a line of a CSV file.

use crate::csv::{FORMULA, is_protected};

/// All fields in quotes: then nothing in them has a meaning of its own.
pub fn row(fields: &[&str]) -> String {
    written(fields, needs_apostrophe)
}

/// The same for a file that comes back: numbers with a zero or a plus before them would come without it, since a spreadsheet
/// takes them for amounts.
pub fn row_for_spreadsheets(fields: &[&str]) -> String {
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let loses_digits = |field: &str| {
        ["0", "+"]
            .iter()
            .filter_map(|first| field.strip_prefix(first))
            .any(|rest| !rest.is_empty() && is_digits(rest))
    };
    written(fields, |field| loses_digits(field) || needs_apostrophe(field))
}

fn written(fields: &[&str], needs_apostrophe: impl Fn(&str) -> bool) -> String {
    let quoted = |field: &&str| {
        let apostrophe = if needs_apostrophe(field) { "'" } else { "" };
        format!("\"{apostrophe}{}\"", field.replace('"', "\"\""))
    };
    fields.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Whether a spreadsheet would work it out; with an apostrophe before it, it is text. A supplier's number such as -2+3 would
/// become 1; one such as -5 is the number that it is.
fn needs_apostrophe(field: &str) -> bool {
    let sign = |c: char| "+-\u{ff0b}\u{ff0d}".contains(c);
    match (field.strip_prefix(sign), field.strip_prefix('\'')) {
        (Some(rest), _) => !rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'),
        (_, Some(rest)) => is_protected(rest),
        _ => field.starts_with(|c| FORMULA.contains(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formula() {
        assert_eq!(row(&["a", "b\"c", "d,e\nf"]), "\"a\",\"b\"\"c\",\"d,e\nf\"\r\n");
        assert_eq!(row(&["=1+1", "-5", "@x", "+4", "12"]), "\"'=1+1\",\"-5\",\"'@x\",\"+4\",\"12\"\r\n");
        let digits = ["0112", "+4930123456", "0", "0.50", "12", "2026-03-02"];
        assert_eq!(
            row_for_spreadsheets(&digits),
            "\"'0112\",\"'+4930123456\",\"0\",\"0.50\",\"12\",\"2026-03-02\"\r\n"
        );
        let full_width = ["\u{ff1d}1+1", "\u{ff0b}cmd", "\u{ff0d}x", "\u{ff20}x", "-2+3", "+"];
        assert!(full_width[..5].iter().all(|field| needs_apostrophe(field)));
        assert!(!needs_apostrophe(full_width[5]) && !needs_apostrophe("-5.20") && !needs_apostrophe("A-1"));
        assert!(needs_apostrophe("'=1") && needs_apostrophe("'0112") && !needs_apostrophe("'s-Gravenhage"));
    }
}
