//! Lists: `?limit=` and `?after=` in, `{"data": […], "next": cursor-or-null}` out.
//!
//! A cursor is the sort key of the last row that was given, so a page costs the same however deep
//! it lies. It is opaque to callers: hexadecimal of `<sort value>/<id>`.

use serde::Serialize;

use crate::values::{Bad, Id, Input};
use crate::web::form::Form;

pub const LIMIT_MAX: i64 = 100;
pub const LIMIT_DEFAULT: i64 = 20;

#[derive(Debug, Clone)]
pub struct Page {
    pub limit: i64,
    pub after: Option<Cursor>,
}

/// The place after which a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The value that the list is sorted by, as text; empty when it is sorted by id alone.
    pub value: String,
    pub id: Id,
}

#[derive(Serialize)]
pub struct List<T> {
    pub data: Vec<T>,
    pub next: Option<String>,
}

impl Page {
    /// `cursor_fits` says whether the sort value is one that this list could have written.
    pub fn read(form: &mut Form, cursor_fits: impl Fn(&str) -> bool) -> Option<Page> {
        let limit = form.required("limit", Some(&LIMIT_DEFAULT), |input| {
            crate::values::query_number(input, 1, LIMIT_MAX)
        });
        let after = form.optional("after", None, |input| {
            let cursor = Cursor::parse(input).filter(|cursor| cursor_fits(&cursor.value));
            cursor.ok_or_else(|| {
                let message = "is not a cursor of this list and sort; leave it out to start again";
                Bad::new("invalid_cursor", message)
            })
        });
        Some(Page { limit: limit?, after: after? })
    }

    /// One row more than asked for is read, to know whether there is a next page.
    pub fn rows_to_read(&self) -> i64 {
        self.limit + 1
    }

    pub fn list<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> List<T> {
        let wanted = self.limit as usize;
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| more).map(|row| cursor(row).write());
        List { data: rows, next }
    }
}

impl Cursor {
    pub fn by_id(id: Id) -> Cursor {
        Cursor { value: String::new(), id }
    }

    fn write(&self) -> String {
        let text = format!("{}/{}", self.value, self.id);
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(input: &Input) -> Option<Cursor> {
        let Input::Text(hex) = input else {
            return None;
        };
        if !hex.is_ascii() || !hex.len().is_multiple_of(2) {
            return None;
        }
        let bytes = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
            .collect::<Option<Vec<u8>>>()?;
        let text = String::from_utf8(bytes).ok()?;
        let (value, id) = text.rsplit_once('/')?;
        Some(Cursor { value: value.to_owned(), id: id.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(value in ".{0,50}", id in any::<Id>()) {
            let cursor = Cursor { value, id };
            prop_assert_eq!(Cursor::parse(&Input::Text(cursor.write())), Some(cursor));
        }

        #[test]
        fn anything_else_is_refused_quietly(text in ".{0,50}") {
            let _ = Cursor::parse(&Input::Text(text));
        }
    }
}
