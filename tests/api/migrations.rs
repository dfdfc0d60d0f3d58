//! Migrations of every kind, cut off before and after their work, begun twice at once, and mended.
//!
//! The shop's own list has few kinds, so these tests bring a list of their own.

use std::thread;

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::db::Connection;
use storekeeper::db::migrations::{MIGRATIONS, Migration, State, migrate, states};
use storekeeper::error::Result;

use crate::dialects::at_work;
use crate::fixtures::{unique, until};
use crate::harness::shared_mariadb;

const CREATE: Migration = Migration {
    version: 1,
    name: "0001_create",
    sql: "-- done when: SELECT COUNT(*) FROM information_schema.tables
--     WHERE table_schema = DATABASE() AND table_name = 'goods'
CREATE TABLE goods (id INT PRIMARY KEY, price INT NOT NULL, old INT NULL, KEY goods_old (old),
    CONSTRAINT goods_price CHECK (price < 100)) ENGINE = InnoDB",
};

/// Every kind of statement, each of which fails or does harm when it is done twice.
const STEPS: &[Migration] = &[
    CREATE,
    Migration { version: 2, name: "0002_insert", sql: "INSERT INTO goods VALUES (1, 3, 0), (2, 5, 0)" },
    Migration {
        version: 3,
        name: "0003_add_column",
        sql: "-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND column_name = 'colour'
ALTER TABLE goods ADD COLUMN colour INT NULL",
    },
    Migration {
        version: 4,
        name: "0004_add_key",
        sql: "-- done when: SELECT COUNT(*) FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND index_name = 'goods_colour'
ALTER TABLE goods ADD KEY goods_colour (colour)",
    },
    Migration {
        version: 5,
        name: "0005_add_constraint",
        sql: "-- done when: SELECT COUNT(*) FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND constraint_name = 'goods_not_free'
ALTER TABLE goods ADD CONSTRAINT goods_not_free CHECK (price > 0)",
    },
    Migration {
        version: 6,
        name: "0006_drop_constraint",
        sql: "-- done when: SELECT COUNT(*) = 0 FROM information_schema.table_constraints
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND constraint_name = 'goods_price'
ALTER TABLE goods DROP CONSTRAINT goods_price",
    },
    Migration {
        version: 7,
        name: "0007_drop_key",
        sql: "-- done when: SELECT COUNT(*) = 0 FROM information_schema.statistics
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND index_name = 'goods_old'
ALTER TABLE goods DROP KEY goods_old",
    },
    Migration {
        version: 8,
        name: "0008_drop_column",
        sql: "-- done when: SELECT COUNT(*) = 0 FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND column_name = 'old'
ALTER TABLE goods DROP COLUMN old",
    },
    Migration { version: 9, name: "0009_update", sql: "UPDATE goods SET price = price * 100" },
    Migration {
        version: 10,
        name: "0010_update_that_can_be_seen",
        sql: "-- done when: SELECT MIN(price) > 1000 FROM goods\nUPDATE goods SET price = price + 1000",
    },
];

/// A database without any table.
fn empty_database() -> String {
    let name = unique("steps").replace('-', "_");
    shared_mariadb().connect("mysql").query_drop(format!("CREATE DATABASE {name}")).unwrap();
    name
}

fn connect(database: &str) -> Conn {
    shared_mariadb().connect(database)
}

fn run(database: &str, steps: &[Migration]) -> Result<Vec<&'static str>> {
    migrate(&mut connect(database), &mut connect(database), steps)
}

/// The schema and the rows that the steps have made.
type Goods = (String, Vec<Vec<mysql::Value>>);

fn goods(sql: &mut Conn) -> Goods {
    let (_, definition): (String, String) = sql.query_first("SHOW CREATE TABLE goods").unwrap().unwrap();
    let rows: Vec<mysql::Row> = sql.query("SELECT * FROM goods ORDER BY id").unwrap();
    (definition, rows.into_iter().map(mysql::Row::unwrap).collect())
}

fn all_applied(sql: &mut Conn, steps: &[Migration]) -> bool {
    let states = states(&mut Connection::alone(sql), steps).unwrap();
    states.iter().all(|(_, state)| *state == State::Applied)
}

/// What the steps make when nothing goes wrong, and the records of it.
fn whole(steps: &[Migration]) -> (Goods, Vec<(u32, String, String)>) {
    let database = empty_database();
    assert_eq!(run(&database, steps).unwrap().len(), steps.len());
    assert!(run(&database, steps).unwrap().is_empty());
    let mut sql = connect(&database);
    let records = "SELECT version, name, sha256 FROM schema_migrations WHERE version > 0 ORDER BY version";
    (goods(&mut sql), sql.query(records).unwrap())
}

#[test]
fn a_step_that_was_cut_off_before_its_statement_ran_is_run() {
    let (whole, records) = whole(STEPS);
    for (before, cut_off) in records.iter().enumerate() {
        let database = empty_database();
        run(&database, &STEPS[..before]).unwrap();
        let mut sql = connect(&database);
        let started = "INSERT INTO schema_migrations VALUES (?, ?, ?, NOW(6), NULL)";
        sql.exec_drop(started, cut_off).unwrap();
        assert_eq!(run(&database, STEPS).unwrap().len(), STEPS.len() - before, "{cut_off:?}");
        assert_eq!(goods(&mut sql), whole, "{cut_off:?}");
        assert!(all_applied(&mut sql, STEPS));
    }
}

#[test]
fn a_step_whose_statement_ran_and_was_not_recorded_is_not_run_again() {
    let (whole, _) = whole(STEPS);
    for (index, step) in STEPS.iter().enumerate() {
        // What is recorded in the statement's own transaction cannot be cut off there; the next test shows it.
        if !step.sql.contains("done when") {
            continue;
        }
        let database = empty_database();
        run(&database, &STEPS[..=index]).unwrap();
        let mut sql = connect(&database);
        sql.exec_drop("UPDATE schema_migrations SET finished_at = NULL WHERE version = ?", (step.version,))
            .unwrap();
        assert_eq!(run(&database, STEPS).unwrap().len(), STEPS.len() - index, "{}", step.name);
        assert_eq!(goods(&mut sql), whole, "{}", step.name);
        assert!(all_applied(&mut sql, STEPS));
    }
}

#[test]
fn rows_are_changed_once_though_the_run_is_killed_between_the_change_and_its_record() {
    let (whole, _) = whole(STEPS);
    let database = empty_database();
    run(&database, &STEPS[..8]).unwrap();
    let (mut goods_held, mut record_held, mut sql) =
        (connect(&database), connect(&database), connect(&database));
    goods_held.query_drop("START TRANSACTION").unwrap();
    goods_held.query_drop("SELECT * FROM goods FOR UPDATE").unwrap();
    let (mut conn, mut guard) = (connect(&database), connect(&database));
    let id = conn.connection_id();
    let cut_off = thread::spawn(move || migrate(&mut conn, &mut guard, STEPS));
    let begun = "SELECT COUNT(*) FROM schema_migrations WHERE version = 9";
    until("the step never begins", || sql.query_first(begun).unwrap() == Some(1));
    record_held.query_drop("START TRANSACTION").unwrap();
    record_held.query_drop("SELECT * FROM schema_migrations WHERE version = 9 FOR UPDATE").unwrap();
    goods_held.query_drop("ROLLBACK").unwrap();
    let recording = format!("id = {id} AND info LIKE 'UPDATE schema_migrations SET finished_at%'");
    until("the rows are never changed", || at_work(&mut sql, &recording) == 1);
    sql.query_drop(format!("KILL {id}")).unwrap();
    assert!(cut_off.join().unwrap().is_err());
    record_held.query_drop("ROLLBACK").unwrap();

    let prices: Vec<i64> = sql.query("SELECT price FROM goods ORDER BY id").unwrap();
    assert_eq!(prices, [3, 5]);
    assert_eq!(run(&database, STEPS).unwrap(), [STEPS[8].name, STEPS[9].name]);
    assert_eq!(goods(&mut sql), whole);
}

#[test]
fn runs_that_no_lock_keeps_apart_do_each_step_once() {
    let (whole, _) = whole(STEPS);
    for _ in 0..10 {
        let database = empty_database();
        // Each has the lock of a database of its own, as if it ran on another node of a cluster.
        let elsewhere: Vec<String> = (0..4).map(|_| empty_database()).collect();
        elsewhere.iter().for_each(|elsewhere| assert!(run(elsewhere, &[]).unwrap().is_empty()));
        let applied: usize = thread::scope(|scope| {
            let runs: Vec<_> = elsewhere
                .iter()
                .map(|elsewhere| {
                    let (mut conn, mut guard) = (connect(&database), connect(elsewhere));
                    scope.spawn(move || migrate(&mut conn, &mut guard, STEPS).unwrap().len())
                })
                .collect();
            runs.into_iter().map(|run| run.join().expect("a run")).sum()
        });
        assert_eq!(applied, STEPS.len());
        let mut sql = connect(&database);
        assert_eq!(goods(&mut sql), whole);
        assert!(all_applied(&mut sql, STEPS));
    }
}

const FAULTY: Migration = Migration {
    version: 2,
    name: "0002_add_colour",
    sql: "-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND column_name = 'colour'
ALTER TABLE goods ADD COLUMN colour INT NULL, ADD COLUMN price INT NULL",
};
const MENDED: Migration = Migration {
    sql: "-- done when: SELECT COUNT(*) FROM information_schema.columns
--     WHERE table_schema = DATABASE() AND table_name = 'goods' AND column_name = 'colour'
ALTER TABLE goods ADD COLUMN colour INT NULL",
    ..FAULTY
};

#[test]
fn a_step_that_failed_is_run_as_a_later_release_has_mended_it() {
    let database = empty_database();
    for _ in 0..2 {
        let failed = run(&database, &[CREATE, FAULTY]).unwrap_err().to_string();
        assert!(failed.contains("Duplicate column name 'price'"), "{failed}");
    }
    let mended = [CREATE, MENDED];
    assert_eq!(run(&database, &mended).unwrap(), [MENDED.name]);
    assert!(all_applied(&mut connect(&database), &mended));
    let refused = run(&database, &[CREATE, FAULTY]).unwrap_err().to_string();
    assert!(refused.contains("0002_add_colour was changed after it was applied"), "{refused}");
}

#[test]
fn work_of_another_text_is_not_taken_for_that_of_this_one() {
    let database = empty_database();
    run(&database, &[CREATE, MENDED]).unwrap();
    let mut sql = connect(&database);
    sql.query_drop("UPDATE schema_migrations SET finished_at = NULL WHERE version = 2").unwrap();
    for _ in 0..2 {
        let refused = run(&database, &[CREATE, FAULTY]).unwrap_err().to_string();
        assert!(refused.contains("0002_add_colour was begun by another release"), "{refused}");
    }
    assert!(run(&database, &[CREATE, MENDED]).is_ok());
}

#[test]
fn a_lost_record_is_written_again_where_later_ones_prove_it() {
    let database = empty_database();
    run(&database, STEPS).unwrap();
    let mut sql = connect(&database);
    let before = goods(&mut sql);
    for lost in [1, 3, 8, 4] {
        sql.exec_drop("DELETE FROM schema_migrations WHERE version = ?", (lost,)).unwrap();
        assert_eq!(run(&database, STEPS).unwrap(), [STEPS[lost - 1].name]);
        assert!(all_applied(&mut sql, STEPS));
    }
    // Nobody can see whether the prices are those of before.
    sql.query_drop("DELETE FROM schema_migrations WHERE version = 9").unwrap();
    let refused = run(&database, STEPS).unwrap_err().to_string();
    assert!(refused.contains("0009_update has no record although later steps have"), "{refused}");
    assert_eq!(goods(&mut sql), before);
}

#[test]
fn what_is_there_before_its_step_began_is_refused_and_leaves_no_record() {
    let database = empty_database();
    let mut sql = connect(&database);
    sql.query_drop("CREATE TABLE goods (of_another_program INT)").unwrap();
    for _ in 0..2 {
        let refused = run(&database, STEPS).unwrap_err().to_string();
        assert!(refused.contains("0001_create finds what it would do done already"), "{refused}");
    }
    let records: Option<u32> =
        sql.query_first("SELECT COUNT(*) FROM schema_migrations WHERE version > 0").unwrap();
    assert_eq!(records, Some(0));
    sql.query_drop("DROP TABLE goods").unwrap();
    assert_eq!(run(&database, STEPS).unwrap().len(), STEPS.len());
}

/// The shop's own steps, over books that an older release has written: what that release allowed stays.
#[test]
fn books_of_before_a_rule_survive_the_steps_that_bring_it() {
    let database = empty_database();
    let before =
        1 + MIGRATIONS.iter().position(|step| step.name.ends_with("audit_log")).expect("the last step");
    run(&database, &MIGRATIONS[..before]).unwrap();
    let mut sql = connect(&database);
    for statement in [
        "SET foreign_key_checks = 0",
        "INSERT INTO customers (id, name, email, phone, created_at, updated_at, erased_at) VALUES
         (1, 'Ada', 'ada@example.com', '555-0100', '2026-01-01', '2026-01-01', NULL),
         (2, NULL, NULL, NULL, '2026-01-01', '2026-01-01', '2026-01-02')",
        "INSERT INTO products (id, active, name, price_minor, created_at, updated_at)
         VALUES (1, 1, 'Mug', 100, '2026-01-01', '2026-01-01')",
        "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_multiple, lead_time_days)
         VALUES (1, 12, 1, 0, 3, '2026-01-01', 1, 0)",
        "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at) VALUES
         (1, 1, 7, 7, 'damaged', '2026-01-01'), (1, 2, 0, 7, 'return', '2026-01-01'), (1, 3, 5, 12, 'correction', '2026-01-01')",
        "INSERT INTO orders (id, customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
         VALUES (9, 1, 'placed', 'EUR', 100, '2026-01-02 03:04:05.678901', '2026-01-05')",
        "INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor, reserved_at_sequence)
         VALUES (9, 1, 'Mug', 1, 100, 3)",
    ] {
        sql.query_drop(statement).unwrap();
    }
    let ledger = "SELECT sequence, delta, balance_after, reason FROM stock_movements ORDER BY sequence";
    let lines: Vec<(i64, i64, i64, String)> = sql.query(ledger).unwrap();
    assert_eq!(run(&database, MIGRATIONS).unwrap().len(), MIGRATIONS.len() - before);
    let after: Vec<(i64, i64, i64, String)> = sql.query(ledger).unwrap();
    assert_eq!(after, lines);
    let placed: Option<String> = sql.query_first("SELECT CAST(placed_at AS CHAR) FROM order_lines").unwrap();
    assert_eq!(placed.as_deref(), Some("2026-01-02 03:04:05.678901"));
    // From now on the rule holds, for a process of before too.
    let wrong = "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at)
         VALUES (1, 4, 1, 13, 'damaged', '2026-01-01')";
    assert!(sql.query_drop(wrong).is_err());
}
