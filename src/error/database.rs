//! What the database's errors mean. MySQL and MariaDB differ in a few numbers; both are here.

use mysql::{DriverError, Error};

const DUPLICATE_ENTRY: u16 = 1062;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const DEADLOCK: u16 = 1213;
/// MariaDB: the record has changed since last read.
const CHECKREAD: u16 = 1020;
const NULL_IN_NOT_NULL: u16 = 1048;
const NO_SUCH_TABLE: u16 = 1146;
/// A FOREIGN KEY stands in the way: on the parent's side, then on the child's.
const ROW_IS_REFERENCED: u16 = 1451;
const NO_REFERENCED_ROW: u16 = 1452;
/// A CHECK was violated: MySQL, then MariaDB.
const CHECK_VIOLATED: [u16; 2] = [3819, 4025];
/// A value is out of its column's range.
const OUT_OF_RANGE: [u16; 2] = [1264, 1690];
/// The server cannot work at this moment: too many connections, shutting down, the query or the
/// connection was killed, read-only, or (Galera) the node is not ready.
const NOT_NOW: [u16; 11] = [1040, 1047, 1053, 1203, 1226, 1290, 1317, 1792, 1836, 1927, 3024];

fn number(error: &Error) -> Option<u16> {
    match error {
        Error::MySqlError(error) => Some(error.code),
        _ => None,
    }
}

/// Running the whole transaction again can succeed.
pub fn is_worth_rerunning(error: &Error) -> bool {
    matches!(number(error), Some(DEADLOCK | LOCK_WAIT_TIMEOUT | CHECKREAD))
}

pub fn is_lock_wait_timeout(error: &Error) -> bool {
    number(error) == Some(LOCK_WAIT_TIMEOUT)
}

/// The connection is of no more use.
pub fn is_lost_connection(error: &Error) -> bool {
    match error {
        Error::IoError(_) | Error::CodecError(_) => true,
        Error::DriverError(error) => !matches!(
            error,
            DriverError::MismatchedStmtParams(..) | DriverError::Params(_) | DriverError::MixedParams
        ),
        Error::MySqlError(error) => matches!(error.code, 1053 | 1927),
        _ => false,
    }
}

/// It may work a little later, without anybody's doing.
pub fn is_passing(error: &Error) -> bool {
    is_worth_rerunning(error)
        || is_lost_connection(error)
        || number(error).is_some_and(|number| NOT_NOW.contains(&number))
}

/// A CHECK, a FOREIGN KEY, a UNIQUE key or a column's range was the last line of defence.
pub fn is_broken_rule(error: &Error) -> bool {
    let rules = [DUPLICATE_ENTRY, ROW_IS_REFERENCED, NO_REFERENCED_ROW];
    let rules = || rules.iter().chain(&CHECK_VIOLATED).chain(&OUT_OF_RANGE);
    number(error).is_some_and(|number| rules().any(|rule| *rule == number))
}

/// The UNIQUE key `key` holds the value already. MySQL writes `for key 'table.key'`, MariaDB
/// `for key 'key'`; only the text after the last `for key` is looked at, since the value before it
/// is the caller's.
pub fn is_duplicate_of(error: &Error, key: &str) -> bool {
    let Error::MySqlError(error) = error else {
        return false;
    };
    let named = error.message.rsplit("for key").next().unwrap_or("");
    let named = named.trim().trim_matches('\'');
    error.code == DUPLICATE_ENTRY && named.rsplit('.').next() == Some(key)
}

/// A NOT NULL column was given NULL, as when a subquery found no row.
pub fn is_null_in_not_null(error: &Error) -> bool {
    number(error) == Some(NULL_IN_NOT_NULL)
}

pub fn is_no_such_table(error: &Error) -> bool {
    number(error) == Some(NO_SUCH_TABLE)
}

/// The error without the driver's own wrapping.
pub fn in_words(error: &Error) -> String {
    match error {
        Error::MySqlError(error) => format!("{} (error {})", error.message, error.code),
        Error::IoError(error) => error.to_string(),
        Error::DriverError(error) => error.to_string(),
        other => other.to_string(),
    }
}
