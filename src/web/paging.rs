//! Lists: `?limit=` and `?after=` in, `{"data": […], "next": cursor-or-null}` out.
//!
//! A cursor is the sort key of the last row that was given, so a page costs the same however deep
//! it lies. It is opaque to callers: hexadecimal of `<sort value>/<id>`.

use std::collections::BTreeSet;

use mysql::Value;
use serde::Serialize;

use crate::db::Filter;
use crate::values::{Bad, Id, Input, Timestamp, query_ids, whole_number};
use crate::web::form::Form;

pub const LIMIT_MAX: i64 = 100;
pub const LIMIT_DEFAULT: i64 = 20;
/// What a page names, or a basket holds: as many as fit on one page of a list.
const IDS_MAX: usize = 100;
/// A page of large rows ends here: a hundred clients that read slowly then hold 50 MB, not the 1.2 GB of pages of a
/// hundred products with the longest descriptions. A hundred ordinary products are 60 KB.
const PAGE_BYTES_MAX: usize = 512 * 1024;

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

/// By what a list is sorted: by a column and then by id, or by id alone. From it come the cursor, the
/// condition for the rows after it, the ORDER BY, and the index that must give this order.
#[derive(Debug, Clone, Copy)]
pub struct Keyset {
    sorted_by: Option<(&'static str, Sorted)>,
    /// A column of ids between the two, within which `id` counts.
    within: Option<&'static str>,
    id: &'static str,
    descending: bool,
    index: Option<&'static str>,
}

/// The kind of value in the column that a list is sorted by.
#[derive(Debug, Clone, Copy)]
enum Sorted {
    Text,
    Number,
    Time,
}

impl Keyset {
    pub const fn by_id(id: &'static str) -> Keyset {
        Keyset { sorted_by: None, within: None, id, descending: false, index: None }
    }

    pub const fn by_text(column: &'static str, id: &'static str) -> Keyset {
        Keyset { sorted_by: Some((column, Sorted::Text)), ..Keyset::by_id(id) }
    }

    pub const fn by_number(column: &'static str, id: &'static str) -> Keyset {
        Keyset { sorted_by: Some((column, Sorted::Number)), ..Keyset::by_id(id) }
    }

    pub const fn by_time(column: &'static str, id: &'static str) -> Keyset {
        Keyset { sorted_by: Some((column, Sorted::Time)), ..Keyset::by_id(id) }
    }

    /// By time, then by the ids in `within`, then by what counts within each of these.
    pub const fn by_time_within(column: &'static str, within: &'static str, id: &'static str) -> Keyset {
        Keyset { within: Some(within), ..Keyset::by_time(column, id) }
    }

    pub const fn descending(self) -> Keyset {
        Keyset { descending: true, ..self }
    }

    /// Names the index that gives this order. Left alone, MariaDB may start at the end of the list and
    /// read past every row before the cursor.
    pub const fn through(self, index: &'static str) -> Keyset {
        Keyset { index: Some(index), ..self }
    }

    /// `FORCE INDEX (…)`, or nothing.
    pub fn hint(&self) -> String {
        self.index.map_or_else(String::new, |index| format!("FORCE INDEX ({index})"))
    }

    /// `ORDER BY …`.
    pub fn order_by(&self) -> String {
        let direction = if self.descending { " DESC" } else { "" };
        let columns = [self.sorted_by.map(|(column, _)| column), self.within, Some(self.id)];
        let columns: Vec<String> =
            columns.iter().flatten().map(|column| format!("{column}{direction}")).collect();
        format!("ORDER BY {}", columns.join(", "))
    }

    /// Adds the condition for the rows after the cursor.
    fn after(&self, cursor: &Cursor, filter: &mut Filter) {
        let beyond = if self.descending { "<" } else { ">" };
        let id = self.id;
        match self.sorted_by {
            // The first comparison lets the database start in the middle of the index, and the others in the middle of what
            // was written at one moment, such as a whole stock take.
            Some((column, sorted)) if let Some(within) = self.within => {
                let (value, place) = cursor.value.rsplit_once('/').unwrap_or((&cursor.value, ""));
                let (value, place) = (sorted.bound(value), Value::from(place.parse::<Id>().ok()));
                let condition = format!(
                    "{column} {beyond}= ? AND ({column} {beyond} ? OR ({column} = ? AND {within} {beyond} ?)
                     OR ({column} = ? AND {within} = ? AND {id} {beyond} ?))"
                );
                let [first, second, third] = [value.clone(), value.clone(), value.clone()];
                let place_again = place.clone();
                filter.add(condition, [first, second, third, place, value, place_again, cursor.id.into()]);
            }
            Some((column, sorted)) => {
                let value = sorted.bound(&cursor.value);
                // That the value is the same is said again, so that it also starts in the middle of many that are.
                let condition = format!(
                    "{column} {beyond}= ? AND ({column} {beyond} ? OR ({column} = ? AND {id} {beyond} ?))"
                );
                filter.add(condition, [value.clone(), value.clone(), value, cursor.id.into()]);
            }
            None => filter.add(format!("{id} {beyond} ?"), [cursor.id.into()]),
        }
    }

    /// Whether the sort value of a cursor is one that this list could have written.
    fn fits(&self, value: &str) -> bool {
        let value = match (self.within, value.rsplit_once('/')) {
            (None, _) => value,
            (Some(_), Some((value, place))) if place.parse::<Id>().is_ok() => value,
            (Some(_), _) => return false,
        };
        match self.sorted_by {
            None => value.is_empty(),
            Some((_, Sorted::Text)) => !value.is_empty(),
            Some((_, Sorted::Number)) => value.parse::<i64>().is_ok(),
            Some((_, Sorted::Time)) => time(value).is_some(),
        }
    }
}

impl Sorted {
    /// A cursor's text as the type of its column. It was looked at by [`Keyset::fits`].
    fn bound(self, value: &str) -> Value {
        match self {
            Sorted::Text => value.into(),
            Sorted::Number => value.parse::<i64>().ok().into(),
            Sorted::Time => time(value).into(),
        }
    }
}

fn time(value: &str) -> Option<Timestamp> {
    Timestamp::parse(&Input::Text(value.to_owned())).ok()
}

impl Page {
    pub fn read(form: &mut Form, keyset: &Keyset) -> Option<Page> {
        let limit = form.with_default("limit", LIMIT_DEFAULT, |input| whole_number(input, 1, LIMIT_MAX));
        let after = form.optional("after", |input| {
            let cursor = Cursor::parse(input).filter(|cursor| keyset.fits(&cursor.value));
            cursor.ok_or_else(|| {
                let message = "is not a cursor of this list and sort; leave it out to start again";
                Bad::new("invalid_cursor", message)
            })
        });
        Some(Page { limit: limit?, after: after? })
    }

    /// With the ids that are asked for, if any are: all of them on one page, unless `limit` says otherwise.
    pub fn read_with_ids(form: &mut Form, keyset: &Keyset) -> Option<(Page, Option<BTreeSet<Id>>)> {
        let with_limit = form.has("limit");
        let page = Page::read(form, keyset);
        // No ids at all are not all of them.
        let ids = form.changed("ids", |input| query_ids(input, IDS_MAX));
        let (page, ids) = (page?, ids?);
        let limit = if ids.is_some() && !with_limit { LIMIT_MAX } else { page.limit };
        Some((Page { limit, ..page }, ids))
    }

    /// Leaves out what was on the pages before.
    pub fn restrict(&self, keyset: &Keyset, filter: &mut Filter) {
        if let Some(cursor) = &self.after {
            keyset.after(cursor, filter);
        }
    }

    /// One row more than asked for is read, to know whether there is a next page.
    pub fn rows_to_read(&self) -> i64 {
        self.limit + 1
    }

    /// Like [`Page::list`], of rows that may be large: the page ends early rather than exceed its bytes, but holds one.
    pub fn list_by_size<T>(
        &self,
        mut rows: Vec<T>,
        bytes: impl Fn(&T) -> usize,
        cursor: impl Fn(&T) -> Cursor,
    ) -> List<T> {
        let mut left = PAGE_BYTES_MAX;
        let fit = rows.iter().take_while(|row| {
            let fits = bytes(row) <= left;
            left = left.saturating_sub(bytes(row));
            fits
        });
        let fit = fit.count().max(1);
        let wanted = usize::try_from(self.limit).expect("1 to LIMIT_MAX");
        if fit >= rows.len().min(wanted) {
            return self.list(rows, cursor);
        }
        rows.truncate(fit);
        let next = rows.last().map(|row| cursor(row).write());
        List { data: rows, next }
    }

    pub fn list<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> List<T> {
        let wanted = usize::try_from(self.limit).expect("1 to LIMIT_MAX");
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

    pub fn by_time(time: Timestamp, id: Id) -> Cursor {
        Cursor { value: time.to_string(), id }
    }

    pub fn by_time_within(time: Timestamp, within: Id, id: Id) -> Cursor {
        Cursor { value: format!("{time}/{within}"), id }
    }

    /// The time that a list is sorted by.
    pub fn time(&self) -> Option<Timestamp> {
        time(&self.value)
    }

    pub fn write(&self) -> String {
        let text = format!("{}/{}", self.value, self.id);
        crate::values::hex(text.as_bytes())
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
