//! What the database's errors mean. MySQL and MariaDB differ in a few numbers; both are here.

use mysql::{DriverError, Error};

const DUPLICATE_ENTRY: u16 = 1062;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const DEADLOCK: u16 = 1213;
/// MariaDB: the record has changed since last read.
const CHECKREAD: u16 = 1020;
const NULL_IN_NOT_NULL: u16 = 1048;
const NO_SUCH_TABLE: u16 = 1146;
const MAX_PREPARED_STMT_COUNT_REACHED: u16 = 1461;
/// A FOREIGN KEY stands in the way: on the parent's side, then on the child's.
const ROW_IS_REFERENCED: u16 = 1451;
const NO_REFERENCED_ROW: u16 = 1452;
/// A CHECK was violated: MySQL, then MariaDB.
const CHECK_VIOLATED: [u16; 2] = [3819, 4025];
/// A value is out of its column's range.
const OUT_OF_RANGE: [u16; 2] = [1264, 1690];
/// The server cannot work at this moment: shutting down, the query was killed or took too long, read-only, or
/// (Galera, group replication) the node is not ready or the COMMIT was not accepted.
const NOT_NOW: [u16; 11] = [1047, 1180, 1290, 1317, 1792, 1836, 1874, 1969, 3024, 3098, 3100];
/// Of those, what another server of the same data may do: a node that has lost its cluster, one that is read-only.
const NOT_HERE: [u16; 3] = [1047, 1290, 1836];
/// The connection has ended with this: a shutdown, a kill, or the server's own time-out.
const CONNECTION_ENDED: [u16; 10] = [1053, 1080, 1152, 1158, 1159, 1160, 1161, 1927, 3169, 4031];
/// The server has as much of something as it is set to: connections (its own and this user's), memory, sort
/// memory, threads, statements kept prepared, locks, transactions at once.
const LIMIT: [u16; 10] =
    [1037, 1038, 1040, 1041, 1135, 1203, 1206, 1226, MAX_PREPARED_STMT_COUNT_REACHED, 1637];
/// There is no room: the disk is full, the table is full, and MySQL's name for a table that cannot grow.
const STORAGE_FULL: [u16; 3] = [1021, 1114, 3675];
/// A file could not be made, opened, grown or written, for the operating system's reason in the message.
const FILE_ERROR: [u16; 8] = [3, 1004, 1005, 1016, 1023, 1026, 1030, 1296];
/// The operating system's numbers: no room on the device, or in the quota.
const NO_ROOM: [u32; 2] = [28, 122];
/// The operating system's numbers: no memory, too many open files.
const OUT_OF_RESOURCES: [u32; 3] = [12, 23, 24];

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
        Error::MySqlError(error) => CONNECTION_ENDED.contains(&error.code),
        _ => false,
    }
}

/// Another connection may do what this one cannot: it is lost, or its server takes no changes, and where there are
/// several, the next one is asked.
pub fn is_worth_another_connection(error: &Error) -> bool {
    is_lost_connection(error) || number(error).is_some_and(|number| NOT_HERE.contains(&number))
}

/// There is no room for what would be written, until an operator or a clean-up makes some.
pub fn is_storage_full(error: &Error) -> bool {
    number(error).is_some_and(|number| STORAGE_FULL.contains(&number))
        || system_error(error).is_some_and(|number| NO_ROOM.contains(&number))
}

/// The server has as much to do as it can or may, and will have less.
pub fn is_limit(error: &Error) -> bool {
    number(error).is_some_and(|number| LIMIT.contains(&number))
        || system_error(error).is_some_and(|number| OUT_OF_RESOURCES.contains(&number))
}

/// The operating system's number in the message of a failed file: `(Errcode: 28 "No space left on device")`,
/// `(errno: 28 - …)`, `Got error 28 from storage engine`.
fn system_error(error: &Error) -> Option<u32> {
    let Error::MySqlError(error) = error else {
        return None;
    };
    if !FILE_ERROR.contains(&error.code) {
        return None;
    }
    let after = |mark| error.message.split_once(mark).map(|(_, rest)| rest);
    let rest = after("Errcode: ").or_else(|| after("errno: ")).or_else(|| after("error "))?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The server keeps as many statements prepared as it may.
pub fn is_out_of_statements(error: &Error) -> bool {
    number(error) == Some(MAX_PREPARED_STMT_COUNT_REACHED)
}

/// It may work a little later, without anybody's doing.
pub fn is_passing(error: &Error) -> bool {
    is_worth_rerunning(error)
        || is_lost_connection(error)
        || is_storage_full(error)
        || is_limit(error)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u16, message: &str) -> Error {
        let state = "HY000".to_owned();
        Error::MySqlError(mysql::MySqlError { state, code, message: message.to_owned() })
    }

    #[test]
    fn a_full_disk_is_known_by_any_of_its_names() {
        for (code, message) in [
            (1021, "Disk full (./shop/#sql-1.MAI); waiting for someone to free some space... (errno: 28)"),
            (1114, "The table 'orders' is full"),
            (3675, "Create table/tablespace 'orders' failed, as disk is full"),
            (1030, "Got error 28 \"No space left on device\" from storage engine InnoDB"),
            (1030, "Got error 28 - 'No space left on device' from storage engine"),
            (1026, "Error writing file './binlog' (errno: 28 \"No space left on device\")"),
            (3, "Error writing file '/tmp/MY1' (Errcode: 28 \"No space left on device\")"),
            (3, "Error writing file '/tmp/MY1' (OS errno: 122 - Disk quota exceeded)"),
            (1005, "Can't create table `shop`.`x` (errno: 28 \"No space left on device\")"),
        ] {
            let error = error(code, message);
            assert!(is_storage_full(&error) && is_passing(&error) && !is_limit(&error), "{message}");
            assert!(!is_lost_connection(&error) && !is_worth_rerunning(&error), "{message}");
        }
    }

    #[test]
    fn what_callers_write_is_not_taken_for_the_systems_number() {
        let duplicate = error(1062, "Duplicate entry 'errno: 28' for key 'products_sku'");
        assert!(!is_storage_full(&duplicate) && !is_limit(&duplicate));
        let other = error(1030, "Got error 168 \"Unknown\" from storage engine");
        assert!(!is_storage_full(&other) && !is_passing(&other));
    }

    #[test]
    fn a_limit_passes_and_a_connection_that_has_ended_is_lost() {
        for code in LIMIT {
            let error = error(code, "");
            assert!(is_limit(&error) && is_passing(&error) && !is_lost_connection(&error), "{code}");
        }
        assert!(is_limit(&error(1016, "Can't open file: './a.ibd' (errno: 24 \"Too many open files\")")));
        for code in CONNECTION_ENDED {
            assert!(is_lost_connection(&error(code, "")) && is_passing(&error(code, "")), "{code}");
        }
    }
}
