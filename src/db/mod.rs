//! The database: a pool of connections, transactions that are run again when that is safe, and the
//! few ways in which SQL is run.
//!
//! Handlers call [`read`] for plain reads and [`transaction`] for changes. Statements are prepared
//! once per connection and kept by their text, a bounded number of them.

pub mod invariants;
pub mod migrations;
mod pinned;
mod pool;
mod readiness;
mod statements;
mod together;
mod transaction;
mod turns;

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use mysql::prelude::Queryable;
use mysql::{Binary, Conn, Params, QueryResult, Row, Value};

use crate::error::{Error, Result, database};
use crate::values::Id;
use pool::Tracked;
use statements::Statements;
use turns::InTurn;

pub use pinned::within_snapshot;
pub use pool::{Pool, connect_alone, open_pool};
pub use readiness::{Readiness, Watch};
pub use together::Together;
pub use transaction::{VISIBLE_WITHIN, read, snapshot, transaction};

/// A connection on which SQL is run, and the statements that it keeps prepared; one outside the pool
/// leaves those to the `mysql` crate.
pub struct Connection<'a>(pub &'a mut Conn, Option<&'a mut Statements>);

/// A connection inside [`transaction`]: what changes something asks for this, so that it cannot run
/// outside one.
pub struct Transaction<'a>(Connection<'a>, &'a mut InTurn, &'a mut AtCommit);

/// Rows to be added with COMMIT: the table with its columns, and the rows as SQL.
type AtCommit = Vec<(&'static str, String)>;

impl<'a> Deref for Transaction<'a> {
    type Target = Connection<'a>;
    fn deref(&self) -> &Connection<'a> {
        &self.0
    }
}

impl<'a> DerefMut for Transaction<'a> {
    fn deref_mut(&mut self) -> &mut Connection<'a> {
        &mut self.0
    }
}

impl Transaction<'_> {
    /// To be called before the stock of these products is locked, in the order of their ids. Refused when
    /// something holds one of them for long and others wait for it already.
    pub fn take_turn(&mut self, product_ids: impl IntoIterator<Item = Id>) -> Result<()> {
        product_ids.into_iter().try_for_each(|id| self.1.take(id))
    }

    /// Adds a row in the round trip of COMMIT, with all the others of this transaction. `row` is SQL of our own making,
    /// such as `(1, 'placed')`: nothing that a caller wrote may be in it.
    pub fn insert_at_commit(&mut self, into: &'static str, row: &str) {
        match self.2.iter_mut().find(|(known, _)| *known == into) {
            Some((_, rows)) => *rows = format!("{rows}, {row}"),
            None => self.2.push((into, row.to_owned())),
        }
    }
}

impl<'a> Connection<'a> {
    /// A connection outside the pool, for an operator's commands.
    pub fn alone(conn: &'a mut Conn) -> Connection<'a> {
        Connection(conn, None)
    }

    fn pooled(tracked: &'a mut Tracked) -> Connection<'a> {
        Connection(&mut tracked.conn, Some(&mut tracked.statements))
    }

    fn run(&mut self, sql: &str, params: impl Into<Params>) -> Result<QueryResult<'_, '_, '_, Binary>> {
        let Connection(conn, statements) = self;
        Ok(match statements {
            Some(statements) => {
                let statement = statements.prepare(conn, sql)?;
                conn.exec_iter(statement, params)?
            }
            None => conn.exec_iter(sql, params)?,
        })
    }

    /// All rows of a SELECT.
    pub fn rows<T>(
        &mut self,
        sql: &str,
        params: impl Into<Params>,
        from_row: impl FnMut(&Row) -> T,
    ) -> Result<Vec<T>> {
        let mut from_row = from_row;
        let mut rows = Vec::new();
        for row in self.run(sql, params)? {
            rows.push(from_row(&row?));
        }
        Ok(rows)
    }

    /// The first row of a SELECT.
    pub fn row<T>(
        &mut self,
        sql: &str,
        params: impl Into<Params>,
        from_row: impl FnMut(&Row) -> T,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, params, from_row)?.into_iter().next())
    }

    /// The number of rows that an INSERT, UPDATE or DELETE matched, changed or not.
    pub fn execute(&mut self, sql: &str, params: impl Into<Params>) -> Result<u64> {
        Ok(self.run(sql, params)?.affected_rows())
    }

    /// The id that an INSERT into an AUTO_INCREMENT table was given.
    pub fn insert(&mut self, sql: &str, params: impl Into<Params>) -> Result<u64> {
        Ok(self.run(sql, params)?.last_insert_id().unwrap_or(0))
    }
}

/// A column by name, of a type that the schema promises.
///
/// # Panics
/// When the statement has no such column or the type does not fit: a defect, which tests find.
pub fn column<T: mysql::prelude::FromValue>(row: &Row, name: &str) -> T {
    row.get(name).unwrap_or_else(|| panic!("no column {name} in the row"))
}

/// The values of an IN list, and `?, ?, ?` for them. The last one is repeated until there are a power of two,
/// so that lists of all lengths are a few statements.
pub fn in_list(listed: impl IntoIterator<Item = impl Into<Value>>) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = listed.into_iter().map(Into::into).collect();
    let last = values.last().cloned().unwrap_or(Value::NULL);
    values.resize(values.len().next_power_of_two(), last);
    (vec!["?"; values.len()].join(", "), values)
}

/// The pattern of a LIKE that finds `text` anywhere, taking it literally.
pub fn contains(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Runs an INSERT, and turns a violation of the UNIQUE key `key` into `taken()`.
pub fn unless_taken<T>(result: Result<T>, key: &str, taken: impl FnOnce() -> Error) -> Result<T> {
    match result {
        Err(Error::Database(cause)) if database::is_duplicate_of(&cause, key) => Err(taken()),
        other => other,
    }
}

/// Rows that one step of pruning deletes: few enough to hold no lock for long.
const DELETED_AT_ONCE: u64 = 1000;

/// Repeats a DELETE, a batch of rows at a time and each in a transaction of its own, until nothing is
/// left to delete. Returns the number of rows.
pub fn delete_in_batches(pool: &Pool, delete: &str, params: impl Into<Params>) -> Result<u64> {
    let sql = format!("{delete} LIMIT {DELETED_AT_ONCE}");
    let params = params.into();
    let mut total = 0;
    loop {
        let deleted = transaction(pool, |tx| tx.execute(&sql, params.clone()))?;
        total += deleted;
        if deleted < DELETED_AT_ONCE {
            return Ok(total);
        }
    }
}

/// Conditions of a WHERE that is put together from the filters that were given.
#[derive(Default)]
pub struct Filter {
    conditions: Vec<Cow<'static, str>>,
    values: Vec<Value>,
}

impl Filter {
    pub fn add(&mut self, condition: impl Into<Cow<'static, str>>, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.into());
        self.values.extend(values);
    }

    /// Adds a condition that holds for every row when no value is given, so that both are one statement;
    /// the value stands for each `?` of it. For what has no index: nothing is chosen by it.
    pub fn add_if_given(&mut self, condition: &'static str, value: Option<Value>) {
        let times = 1 + condition.matches('?').count();
        let value = value.unwrap_or(Value::NULL);
        self.add(format!("(? IS NULL OR {condition})"), std::iter::repeat_n(value, times));
    }

    /// Values of what stands before the WHERE.
    pub fn put_first(&mut self, values: impl IntoIterator<Item = Value>) {
        self.values.splice(0..0, values);
    }

    /// Adds that `column` holds each of these words, or else this `other` text. A word is repeated until there
    /// are a power of two, so that texts of all lengths are a few statements.
    pub fn add_words(&mut self, column: &str, words: &[String], other: Option<&str>) {
        let mut patterns: Vec<Value> = words.iter().map(|word| contains(word).into()).collect();
        let last = patterns.last().cloned().unwrap_or(Value::NULL);
        patterns.resize(patterns.len().next_power_of_two(), last);
        let each = vec![format!("{column} LIKE ?"); patterns.len()].join(" AND ");
        patterns.extend(other.map(|other| contains(other).into()));
        let or_other = other.map_or_else(String::new, |_| format!(" OR {column} LIKE ?"));
        self.add(format!("({each}{or_other})"), patterns);
    }

    /// `WHERE …`, or nothing.
    pub fn sql(&self) -> String {
        match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!("WHERE {}", conditions.join(" AND ")),
        }
    }

    /// The values of the conditions, followed by `last`.
    pub fn values(self, last: impl Into<Value>) -> Vec<Value> {
        let mut values = self.values;
        values.push(last.into());
        values
    }
}
