//! `storekeeper migrate`: at any time, twice, at once, and after a crash half-way.

use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use storekeeper::db::migrations::MIGRATIONS;

use super::{count, empty_database, migrated_database};
use crate::program::run;

#[test]
fn the_first_run_makes_the_schema_and_the_second_changes_nothing() {
    let (url, mut sql) = empty_database();
    let status = run(&url, &["migrate", "--status"]).expect_success();
    let lines: Vec<&str> = status.lines().collect();
    assert_eq!(lines.len(), MIGRATIONS.len());
    assert!(lines.iter().all(|line| line.ends_with(" missing")), "{status}");
    assert_eq!(count(&mut sql, "information_schema.tables WHERE table_schema = DATABASE()"), 0);

    let first = run(&url, &["migrate"]).expect_success();
    for migration in MIGRATIONS {
        assert!(first.contains(&format!("applied {}\n", migration.name)), "{first}");
    }
    assert!(first.ends_with("the schema is up to date\n"), "{first}");
    assert_eq!(run(&url, &["migrate"]).expect_success(), "the schema is up to date\n");

    let status = run(&url, &["migrate", "--status"]).expect_success();
    assert!(status.lines().all(|line| line.ends_with(" applied")), "{status}");
}

#[test]
fn several_runs_at_once_apply_each_step_once() {
    let (url, mut sql) = empty_database();
    let applied: usize = thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| run(&url, &["migrate"]).expect_success())).collect();
        let outputs = runs.into_iter().map(|run| run.join().expect("a run"));
        outputs.map(|out| out.lines().filter(|line| line.starts_with("applied 0")).count()).sum()
    });
    assert_eq!(applied, MIGRATIONS.len());
    assert_eq!(
        count(&mut sql, "schema_migrations WHERE version > 0 AND finished_at IS NOT NULL"),
        applied as u64
    );
}

#[test]
fn a_run_waits_for_one_that_is_at_work_for_long() {
    let (url, mut sql) = migrated_database();
    sql.query_drop("START TRANSACTION").unwrap();
    sql.query_drop("SELECT version FROM schema_migrations WHERE version = 0 FOR UPDATE").unwrap();
    let waiting = thread::spawn({
        let url = url.clone();
        move || run(&url, &["migrate"])
    });
    // Longer than a request would wait for a lock.
    thread::sleep(Duration::from_millis(4500));
    assert!(!waiting.is_finished(), "{:?}", waiting.join());
    sql.query_drop("ROLLBACK").unwrap();
    assert_eq!(waiting.join().expect("the run").expect_success(), "the schema is up to date\n");
}

/// A step that makes one table, and the table.
const STEP: &str = "0013_idempotency_keys";
const TABLE_OF_STEP: &str = "idempotency_keys";

/// Marks the step as started and not finished, as a crash leaves it.
fn crash_in_the_step(sql: &mut mysql::Conn) {
    let unfinished = "UPDATE schema_migrations SET finished_at = NULL WHERE name = ?";
    sql.exec_drop(unfinished, (STEP,)).unwrap();
}

#[test]
fn a_step_that_was_cut_off_after_its_work_is_finished() {
    let (url, mut sql) = migrated_database();
    crash_in_the_step(&mut sql);
    let status = run(&url, &["migrate", "--status"]).expect_success();
    assert!(status.lines().any(|line| line.starts_with(STEP) && line.ends_with("started, not finished")));
    let refused = run(&url, &["serve"]).expect_refusal();
    assert!(refused.contains(STEP), "{refused}");

    let applied = run(&url, &["migrate"]).expect_success();
    assert!(applied.starts_with(&format!("applied {STEP}\n")), "{applied}");
    run(&url, &["verify"]).expect_success();
}

#[test]
fn a_step_that_was_cut_off_before_its_work_is_done() {
    let (url, mut sql) = migrated_database();
    sql.query_drop(format!("DROP TABLE {TABLE_OF_STEP}")).unwrap();
    crash_in_the_step(&mut sql);
    let applied = run(&url, &["migrate"]).expect_success();
    assert!(applied.starts_with(&format!("applied {STEP}\n")), "{applied}");
    assert_eq!(count(&mut sql, TABLE_OF_STEP), 0);
    run(&url, &["verify"]).expect_success();
}

#[test]
fn a_table_of_another_program_is_not_taken_for_ours_and_the_run_goes_on_once_it_is_gone() {
    let (url, mut sql) = empty_database();
    sql.query_drop("CREATE TABLE orders (id INT PRIMARY KEY)").unwrap();
    for _ in 0..2 {
        let refused = run(&url, &["migrate"]).expect_refusal();
        assert!(refused.contains("orders"), "{refused}");
    }
    let done = count(&mut sql, "schema_migrations WHERE version > 0 AND finished_at IS NOT NULL");
    assert!(done > 0);
    sql.query_drop("DROP TABLE orders").unwrap();
    let applied = run(&url, &["migrate"]).expect_success();
    let applied = applied.lines().filter(|line| line.starts_with("applied 0")).count();
    assert_eq!(applied as u64 + done, MIGRATIONS.len() as u64);
    run(&url, &["verify"]).expect_success();
}

#[test]
fn a_migration_that_was_changed_after_the_fact_is_refused_by_name() {
    let (url, mut sql) = migrated_database();
    sql.query_drop("UPDATE schema_migrations SET sha256 = REPEAT('0', 64) WHERE version = 2").unwrap();
    for arguments in [&["migrate"][..], &["migrate", "--status"], &["serve"]] {
        let refused = run(&url, arguments).expect_refusal();
        assert!(refused.contains("0002_accounts") && refused.contains("changed"), "{refused}");
    }
}

#[test]
fn serving_on_an_old_schema_is_refused_with_what_to_do() {
    let (url, mut sql) = migrated_database();
    let refused = |url: &str| run(url, &["serve"]).expect_refusal();
    sql.query_drop("DELETE FROM schema_migrations WHERE version >= 9").unwrap();
    let behind = refused(&url);
    assert!(behind.contains(MIGRATIONS[8].name) && behind.contains("storekeeper migrate"), "{behind}");
    let (empty, _) = empty_database();
    let behind = refused(&empty);
    assert!(behind.contains("0001_customers") && behind.contains("storekeeper migrate"), "{behind}");
    // systemd is told that starting it again is of no use.
    assert_eq!(run(&empty, &["serve"]).code, Some(3));
}

#[test]
fn what_a_later_release_has_made_is_left_to_it() {
    let (url, mut sql) = migrated_database();
    let later = "INSERT INTO schema_migrations VALUES (9999, '9999_later', '', NOW(6), NOW(6))";
    sql.query_drop(later).unwrap();
    for arguments in [&["serve"][..], &["migrate"], &["prune"], &["verify", "--repair"]] {
        let refused = run(&url, arguments).expect_refusal();
        assert!(refused.contains("later release") && refused.contains("9999_later"), "{refused}");
    }
    // What only reads goes on.
    assert!(run(&url, &["verify"]).expect_success().contains("invariants hold"));
    assert!(run(&url, &["migrate", "--status"]).expect_success().contains("applied"));
}
