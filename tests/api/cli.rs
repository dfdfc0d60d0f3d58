//! The operator's commands, run as the program that cargo has built.

mod arguments;
mod backup;
mod calendar;
mod doctor;
mod files;
mod migrate;
mod restore;
mod serve;
mod setup;
mod staff;
mod verify;

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::fixtures::unique;
use crate::harness::{MariaDb, shared_mariadb};

/// A database without any table: its address and a connection to it.
fn empty_database() -> (String, Conn) {
    let mariadb = shared_mariadb();
    let name = unique("empty").replace('-', "_");
    mariadb.connect("mysql").query_drop(format!("CREATE DATABASE {name}")).unwrap();
    (mariadb.url(&name), mariadb.connect(&name))
}

/// A database with the current schema.
fn migrated_database() -> (String, Conn) {
    let mariadb: &MariaDb = shared_mariadb();
    let name = mariadb.fresh_database();
    (mariadb.url(&name), mariadb.connect(&name))
}

fn count(sql: &mut Conn, table_and_condition: &str) -> u64 {
    let counted = sql.query_first(format!("SELECT COUNT(*) FROM {table_and_condition}"));
    counted.expect("a count").expect("a row")
}
