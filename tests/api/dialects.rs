//! What MariaDB and MySQL say in words of their own, for tests that write rows past the service.

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::harness::shared_mariadb;

pub fn is_mariadb(sql: &mut Conn) -> bool {
    let version: Option<String> = sql.query_first("SELECT VERSION()").unwrap();
    version.expect("a version").contains("MariaDB")
}

/// What saves a database of the tests' server, and what loads it.
pub fn client_programs() -> [&'static str; 2] {
    if is_mariadb(&mut shared_mariadb().connect("mysql")) {
        ["mariadb-dump", "mariadb"]
    } else {
        ["mysqldump", "mysql"]
    }
}

/// A table of the numbers from 1 to `last`, in this order, in its column `seq`. It wants a name: `FROM {numbers} n`.
/// MariaDB's own engine of sequences is unknown to MySQL, and recursion ends at a thousand on both.
pub fn numbers(last: impl std::fmt::Display) -> String {
    format!("JSON_TABLE(CONCAT('[0', REPEAT(',0', {last} - 1), ']'), '$[*]' COLUMNS (seq FOR ORDINALITY))")
}

/// How many statements of this connection's database are at work of which this is true, in columns of the list of processes.
pub fn at_work(sql: &mut Conn, condition: &str) -> u64 {
    let list = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND command <> 'Sleep' AND {condition}"
    );
    match sql.query_first(list) {
        // MySQL shows none while a statement of anybody's holds bytes that are no text (ER_CANNOT_CONVERT_STRING).
        Err(mysql::Error::MySqlError(cause)) if cause.code == 3854 => 0,
        count => count.unwrap().expect("a count"),
    }
}

/// From now on no CHECK stands in the way of this connection: on MySQL of nobody who uses this database.
pub fn without_checks(sql: &mut Conn) {
    if is_mariadb(sql) {
        return sql.query_drop("SET check_constraint_checks = 0").unwrap();
    }
    let checks: Vec<(String, String)> = sql
        .query(
            "SELECT table_name, constraint_name FROM information_schema.table_constraints
             WHERE constraint_schema = DATABASE() AND constraint_type = 'CHECK' AND enforced = 'YES'",
        )
        .unwrap();
    assert!(!checks.is_empty(), "the tables have lost their checks");
    for (table, check) in checks {
        sql.query_drop(format!("ALTER TABLE {table} ALTER CHECK {check} NOT ENFORCED")).unwrap();
    }
}
