//! `?updated_from=&updated_to=`: what was changed in a span of time, for those who copy it again and again. Such a list
//! is in the order of the changes, the oldest first.

use crate::db::Filter;
use crate::values::{Bad, Calendar, Timestamp};
use crate::web::form::Form;

/// Changed at `from` or later, and before `to`.
pub struct Updated {
    from: Timestamp,
    to: Timestamp,
}

impl Updated {
    /// To be read before `sort`, which has no place beside it. The inner None when neither is given.
    pub fn read(form: &mut Form, calendar: &Calendar) -> Option<Option<Updated>> {
        let given = form.has("updated_from") || form.has("updated_to");
        if given && form.has("sort") {
            let message = "has no place beside updated_from and updated_to, which list the oldest change first; leave it out";
            form.reject("sort", Bad::new("not_with_updated", message));
        }
        let from = form.with_default("updated_from", Timestamp::MIN, |input| calendar.from(input));
        let to = form.with_default("updated_to", Timestamp::MAX, |input| calendar.to(input));
        let updated = Updated { from: from?, to: to? };
        Some(given.then_some(updated))
    }

    /// Leaves out what was changed at another time.
    pub fn restrict(&self, column: &str, filter: &mut Filter) {
        filter.add(format!("{column} >= ? AND {column} < ?"), [self.from.into(), self.to.into()]);
    }
}
