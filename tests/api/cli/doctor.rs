//! `storekeeper doctor`: each line ok, a warning or a problem with what mends it, as far as it does not hang on the machine
//! that runs the tests.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::migrated_database;
use crate::harness::{self, MariaDb, Shop};
use crate::program::{Ended, run, run_command};

/// What is said of these subjects, in JSON.
fn findings(ended: &Ended, subject: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    let of_subject = |finding: &&Value| finding["subject"] == subject;
    report["findings"].as_array().expect("a list").iter().filter(of_subject).cloned().collect()
}

#[test]
fn a_database_that_keeps_what_it_was_told_is_well() {
    let mariadb = MariaDb::start_durable();
    let database = mariadb.fresh_database();
    let url = mariadb.url(&database);
    let alter = format!("ALTER DATABASE {database} CHARACTER SET utf8mb4");
    mariadb.connect(&database).query_drop(alter).unwrap();
    let before = run(&url, &["doctor", "--json"]);
    assert_eq!(findings(&before, "backup")[0]["level"], "warning", "{}", before.out);
    for what in ["backup", "restore-drill"] {
        run(&url, &["note", what]).expect_success();
    }
    let ended = run(&url, &["doctor", "--json"]);
    for subject in [
        "settings",
        "database server",
        "innodb_flush_log_at_trx_commit",
        "innodb_doublewrite",
        "character set",
        "connections",
        "prepared statements",
        "schema",
        "clock",
        "backup",
        "restore drill",
        "ports",
    ] {
        let found = findings(&ended, subject);
        assert!(
            !found.is_empty() && found.iter().all(|finding| finding["level"] == "ok"),
            "{subject}: {found:?}"
        );
    }
    // The tests' user is root.
    assert_eq!(findings(&ended, "privileges")[0]["level"], "warning");
    let text = run(&url, &["doctor"]);
    assert!(text.out.contains("\nok       schema: it is that of "), "{}", text.out);
    assert!(
        text.out.contains("warning  privileges: ") && text.out.contains("\n         -> "),
        "{}",
        text.out
    );
}

#[test]
fn each_problem_says_what_mends_it_and_the_exit_code_says_that_there_is_one() {
    // The server that the tests share forgets the last moment when it is killed.
    let (url, mut sql) = migrated_database();
    sql.query_drop("DELETE FROM schema_migrations WHERE version > 100").unwrap();
    run(&url, &["note", "backup", "--failed"]).expect_success();
    let mut command = harness::storekeeper(&url);
    let ended = run_command(
        command
            .args(["doctor", "--json"])
            .env("STOREKEEPER_LISTEN", "0.0.0.0:8080")
            .env("STOREKEEPER_DATABASE_CONNECTIONS", "500")
            .env("STOREKEEPER_INTERNAL_LISTEN", "[::]:8081"),
    );
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    for (subject, mend) in [
        ("innodb_flush_log_at_trx_commit", "innodb_flush_log_at_trx_commit = 1"),
        ("schema", "storekeeper migrate"),
        ("backup", "storekeeper-backup"),
        ("ports", "STOREKEEPER_LISTEN"),
    ] {
        let found = &findings(&ended, subject)[0];
        assert_eq!(found["level"], "problem", "{found}");
        assert!(found["mend"].as_str().expect("a mend").contains(mend), "{found}");
    }
    let ports = findings(&ended, "ports")[0]["found"].to_string();
    assert!(ports.contains("0.0.0.0:8080") && ports.contains("[::]:8081"), "{ports}");

    sql.query_drop("INSERT INTO schema_migrations VALUES (9999, '9999_later', '', NOW(6), NOW(6))").unwrap();
    let report: Value = serde_json::from_str(&run(&url, &["doctor", "--json"]).out).expect("JSON");
    let problems =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "problem");
    assert_eq!(report["problems"], problems.count());
}

#[test]
fn a_webhook_that_is_behind_or_has_stopped_is_told() {
    let shop = Shop::open();
    let manager = shop.staff();
    let looked = || findings(&run(&shop.database_url, &["doctor", "--json"]), "webhooks");
    assert!(looked().is_empty());
    let hook = manager.post("/webhooks", json!({"url": "https://shop.example/hooks"})).expect(201).id();
    shop.product(&manager, 1);
    assert_eq!(looked()[0]["level"], "ok", "{:?}", looked());
    let mut sql = shop.sql();
    sql.query_drop("UPDATE events_unnumbered SET at = at - INTERVAL 2 HOUR").unwrap();
    let [late] = &looked()[..] else { panic!("{:?}", looked()) };
    assert!(
        late["level"] == "warning" && late["found"].as_str().unwrap().contains("events behind"),
        "{late}"
    );
    manager.patch(&format!("/webhooks/{hook}"), json!({"active": false})).expect(200);
    assert_eq!(looked()[0]["level"], "ok", "somebody wants it so");
    for reason in ["gone", "failing"] {
        sql.exec_drop("UPDATE webhooks SET stopped_at = NOW(6), stopped_reason = ?", (reason,)).unwrap();
        let [stopped] = &looked()[..] else { panic!("{:?}", looked()) };
        assert!(
            stopped["level"] == "problem" && stopped["mend"].as_str().unwrap().contains("PATCH"),
            "{stopped}"
        );
    }
}

#[test]
fn what_keeps_it_from_looking_is_a_problem_too_and_tells_no_secret() {
    let ended = run("mysql://shop:s3cret@127.0.0.1:1/shop", &["doctor"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("PROBLEM  database: it cannot be used"), "{}", ended.out);
    let ended = run("postgres://shop:s3cret@127.0.0.1:1/shop", &["doctor"]);
    assert!(ended.code == Some(1) && ended.out.contains("PROBLEM  settings: "), "{}", ended.out);
    let mut command = harness::storekeeper("");
    let ended = run_command(command.env_remove("STOREKEEPER_DATABASE_URL").arg("doctor"));
    assert!(ended.out.contains("-> storekeeper setup"), "{}", ended.out);
    for said in [&ended.out, &ended.err] {
        assert!(!said.contains("s3cret"), "{said}");
    }
}
