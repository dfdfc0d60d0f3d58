//! Tables in files, as spreadsheets and other shops write them: read row by row, and written so that no spreadsheet works
//! out what somebody typed. It knows nothing of the shop.

mod encoding;
mod reader;
mod writer;

pub use encoding::Encoding;
pub use reader::{Broken, Delimiter, Reader, Record};
pub use writer::{row, row_for_spreadsheets};

/// What spreadsheets take for the beginning of a formula, also in quotes and in full width.
const FORMULA: &str = "=+-@\t\r\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}";

/// Whether an apostrophe before this text is no part of it: it stands there so that a spreadsheet takes the rest as text, be
/// it a formula or a number with zeros before it. So an own one in such a place gets another one.
fn is_protected(rest: &str) -> bool {
    rest.starts_with(|c: char| FORMULA.contains(c) || c == '\'' || c.is_ascii_digit())
}
