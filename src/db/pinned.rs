//! One snapshot for all that a thread reads meanwhile, however many reads that are.

use std::cell::RefCell;

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::db::pool::Pooled;
use crate::db::{Connection, Pool};
use crate::error::{Error, Result};

thread_local! {
    /// The connection that this thread reads on, while its snapshot lasts.
    static PINNED: RefCell<Option<Pooled>> = const { RefCell::new(None) };
}

/// Runs `work`, in which each [`super::read`] and [`super::snapshot`] of this thread sees the database as it is now. It
/// is not run again: what is lost of it is the caller's to ask for once more.
pub fn within_snapshot<T>(pool: &Pool, work: impl FnOnce() -> Result<T>) -> Result<T> {
    // Who calls was looked up before, so a server that was restarted meanwhile is known to have been.
    let mut pooled = pool.take()?;
    pooled.usable = false;
    begin(&mut pooled.conn)?;
    PINNED.set(Some(pooled));
    let _end = End;
    let result = work();
    // None when it was lost, or a read panicked.
    if let Some(mut pooled) = PINNED.take() {
        pooled.conn.query_drop("COMMIT")?;
        pooled.usable = true;
    }
    result
}

/// From here to COMMIT every statement sees the database as it is now.
pub fn begin(conn: &mut Conn) -> mysql::Result<()> {
    conn.query_drop("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
}

/// A connection that is in the midst of it, because something panicked, is closed.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        drop(PINNED.take());
    }
}

/// Whether this thread reads in such a snapshot.
pub fn is_pinned() -> bool {
    PINNED.with_borrow(Option::is_some)
}

/// The result of reading in the snapshot of this thread; None when it has none.
pub fn read<T>(work: &mut impl FnMut(&mut Connection) -> Result<T>) -> Option<Result<T>> {
    let mut pooled = PINNED.take()?;
    let result = work(&mut Connection::pooled(&mut pooled));
    // On a connection that failed there is no snapshot any more, and another one would show another moment.
    if !matches!(result, Err(Error::Database(_))) {
        PINNED.set(Some(pooled));
    }
    Some(result)
}
