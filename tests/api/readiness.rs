//! `/readyz` tells within a second whether the database can be worked with, whatever else waits for it.

use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::client::Answer;
use crate::harness::{MariaDb, Shop};

/// What `/readyz` promises.
const ANSWER_MAX: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);

fn readiness(shop: &Shop) -> Answer {
    let asked = Instant::now();
    let answer = shop.anyone().get("/readyz");
    assert!(asked.elapsed() < ANSWER_MAX, "{} after {:?}", answer.text, asked.elapsed());
    answer
}

fn wait_until_ready(shop: &Shop) {
    let deadline = Instant::now() + PATIENCE;
    while readiness(shop).status != 200 {
        assert!(Instant::now() < deadline, "it never gets ready");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_that_hangs_is_told_in_time_to_all_who_ask() {
    let mariadb = MariaDb::start();
    let shop = Shop::open_on(&mariadb, &mariadb.fresh_database(), &[]);
    readiness(&shop).expect(200);
    mariadb.signal("STOP");
    // Requests that wait for the database take what they can get meanwhile.
    thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| shop.anyone().get("/products"));
        }
        for _ in 0..3 {
            let crowd: Vec<_> = (0..10).map(|_| scope.spawn(|| readiness(&shop))).collect();
            for asked in crowd {
                let answer = asked.join().expect("an answer").expect_problem(503, "database_unavailable");
                assert!(answer.header("Retry-After").is_some(), "{}", answer.text);
            }
            shop.anyone().get("/healthz").expect(200);
        }
        mariadb.signal("CONT");
    });
    wait_until_ready(&shop);
}

/// A monitor is told what is known without the database, and takes no place from the watchdog.
#[test]
fn figures_are_told_while_the_database_hangs() {
    let mariadb = MariaDb::start();
    let shop = Shop::open_on(&mariadb, &mariadb.fresh_database(), &[]);
    shop.metric("storekeeper_purchase_orders_late");
    mariadb.signal("STOP");
    for _ in 0..3 {
        let asked = Instant::now();
        assert_eq!(shop.metric("storekeeper_database_connections{state=\"busy\"}"), "0");
        assert!(asked.elapsed() < ANSWER_MAX, "{:?}", asked.elapsed());
    }
    mariadb.signal("CONT");
    wait_until_ready(&shop);
    shop.metric("storekeeper_purchase_orders_late");
}

#[test]
fn a_crowd_at_the_pool_does_not_hide_that_the_database_answers() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "2")]);
    let _taken = [shop.app.pool.take().unwrap(), shop.app.pool.take().unwrap()];
    shop.anyone().get("/products").expect_problem(503, "database_unavailable");
    readiness(&shop).expect(200);
}

#[test]
fn a_restart_of_the_database_goes_unnoticed_between_two_looks() {
    let mut mariadb = MariaDb::start_durable();
    let shop = Shop::open_on(&mariadb, &mariadb.fresh_database(), &[]);
    readiness(&shop).expect(200);
    mariadb.restart(Duration::ZERO);
    readiness(&shop).expect(200);
}

#[test]
fn a_schema_that_is_behind_is_not_ready() {
    let shop = Shop::open();
    readiness(&shop).expect(200);
    let mut sql = shop.sql();
    sql.query_drop("UPDATE schema_migrations SET finished_at = NULL ORDER BY version DESC LIMIT 2").unwrap();
    let behind = readiness(&shop).expect_problem(503, "database_unavailable");
    assert!(behind.body["detail"].as_str().unwrap().contains("behind by 2 steps"), "{}", behind.text);
    sql.query_drop("UPDATE schema_migrations SET finished_at = NOW(6)").unwrap();
    readiness(&shop).expect(200);
}
