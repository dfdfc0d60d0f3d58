//! Many connections at once, more than are allowed, and answers that leave in one piece.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use super::check_alive;
use crate::harness::Shop;
use crate::shelves::Rule;
use crate::wire;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n";

fn ask_on(stream: &mut TcpStream) {
    stream.write_all(HEALTH).expect("the server reads");
    wire::read_answer(stream).expect(200);
}

#[test]
fn connections_beyond_the_limit_are_told_to_come_back_and_then_served() {
    let shop = Shop::open_with(&[("STOREKEEPER_MAX_CONNECTIONS", "3")]);
    let mut held: Vec<TcpStream> = (0..3).map(|_| wire::connect(&shop.base)).collect();
    held.iter_mut().for_each(ask_on);

    for _ in 0..3 {
        let refused = wire::exchange_one(&shop.base, HEALTH).expect_problem(503, "busy");
        assert_eq!(refused.header("Retry-After"), Some("1"));
        assert_eq!(refused.header("Connection"), Some("close"));
    }
    // Who is in stays in.
    held.iter_mut().for_each(ask_on);

    held.pop();
    let deadline = Instant::now() + Duration::from_secs(10);
    while wire::exchange_one(&shop.base, HEALTH).status != 200 {
        assert!(Instant::now() < deadline, "the place of a closed connection is never given away");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn clients_that_were_turned_away_and_linger_take_up_no_place() {
    let shop = Shop::open_with(&[("STOREKEEPER_MAX_CONNECTIONS", "1")]);
    // The server gives them half a second to read their answer; a busy machine may need that long
    // for everything else here, so there is more than one attempt.
    let served_while_others_linger = || {
        let mut held = wire::connect(&shop.base);
        ask_on(&mut held);
        let mut lingering: Vec<TcpStream> = (0..5).map(|_| wire::connect(&shop.base)).collect();
        for stream in &mut lingering {
            wire::read_answer(stream).expect_problem(503, "busy");
        }
        let refused = Instant::now();
        drop(held);
        while wire::exchange_one(&shop.base, HEALTH).status != 200 {
            assert!(refused.elapsed() < Duration::from_secs(10), "the free place is never given away");
        }
        let served_after = refused.elapsed();
        // They are gone before the next attempt, so that it can have the place.
        lingering.clear();
        thread::sleep(Duration::from_millis(100));
        served_after < Duration::from_millis(400)
    };
    assert!((0..5).any(|_| served_while_others_linger()));
}

#[test]
fn many_connections_at_once_are_all_answered() {
    const MANY: usize = 64;
    let shop = Shop::open();
    let barrier = Barrier::new(MANY);
    thread::scope(|scope| {
        for _ in 0..MANY {
            scope.spawn(|| {
                barrier.wait();
                let mut stream = wire::connect(&shop.base);
                for _ in 0..3 {
                    ask_on(&mut stream);
                }
                // Nobody hangs up before all are answered, so none lived on another one's end.
                barrier.wait();
            });
        }
    });
}

#[test]
fn silent_connections_hold_up_nobody() {
    let shop = Shop::open();
    let mut silent: Vec<TcpStream> = (0..40).map(|_| wire::connect(&shop.base)).collect();
    for stream in &mut silent[..20] {
        stream.write_all(b"GET /healthz HT").unwrap();
    }
    check_alive(&shop);
    for stream in &mut silent[..20] {
        stream.write_all(b"TP/1.1\r\nHost: shop\r\n\r\n").unwrap();
        wire::read_answer(stream).expect(200);
    }
}

#[test]
fn a_large_answer_leaves_in_one_piece() {
    let shop = Shop::open();
    let product = json!({"name": "Manual", "price": "1", "description": "x".repeat(5000)});
    shop.staff().post("/products", product).expect(201);
    let mut stream = wire::connect(&shop.base);
    for _ in 0..20 {
        stream.write_all(b"GET /products/1 HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let count = stream.read(&mut buffer).unwrap();
        let answers = wire::parse_answers(&buffer[..count]);
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].json()["description"].as_str().map(str::len), Some(5000));
    }
}

#[test]
fn orders_that_wait_for_one_locked_row_hold_up_neither_reads_nor_health() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "4")]);
    let staff = shop.staff();
    let (locked, other) = (shop.product(&staff, 100), shop.product(&staff, 100));
    let guests: Vec<_> = (0..12).map(|_| shop.guest()).collect();
    let mut sql = shop.sql();
    sql.query_drop("START TRANSACTION").unwrap();
    sql.exec_drop("SELECT on_hand FROM stock WHERE product_id = ? FOR UPDATE", (locked,)).unwrap();
    thread::scope(|scope| {
        for guest in &guests {
            scope.spawn(|| guest.client.order(&[(locked, 1)]));
        }
        thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        shop.anyone().get(&format!("/products/{other}")).expect(200);
        shop.anyone().get("/healthz").expect(200);
        shop.anyone().get("/readyz").expect(200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        sql.query_drop("ROLLBACK").unwrap();
    });
}

#[test]
fn changes_that_wait_for_one_locked_row_do_not_stop_those_of_other_rows() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (locked, other) = (shop.product(&staff, 100), shop.product(&staff, 100));
    let guests: Vec<_> = (0..12).map(|_| shop.guest()).collect();
    let mut sql = shop.sql();
    sql.query_drop("START TRANSACTION").unwrap();
    sql.exec_drop("SELECT on_hand FROM stock WHERE product_id = ? FOR UPDATE", (locked,)).unwrap();
    let given_back = AtomicBool::new(false);
    thread::scope(|scope| {
        let give_back = GiveBack(&given_back);
        for guest in &guests {
            let given_back = &given_back;
            scope.spawn(move || {
                // As a crowd does: each comes back at once.
                while !given_back.load(Ordering::Relaxed) {
                    let answer = guest.client.order(&[(locked, 1)]);
                    if answer.status == 503 {
                        let busy = answer.expect_problem(503, "busy");
                        assert!(busy.header("Retry-After").is_some(), "{}", busy.text);
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        let buyer = shop.guest();
        for _ in 0..10 {
            buyer.client.order(&[(other, 1)]).expect(201);
        }
        let delta = json!({"delta": -1, "reason": "damaged"});
        staff.post(&format!("/products/{other}/stock/movements"), delta).expect(201);
        // The locked row is waited for 3 s.
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        drop(give_back);
        sql.query_drop("ROLLBACK").unwrap();
    });
    guests[0].client.order(&[(locked, 1)]).expect(201);
}

const RULE: Rule = Rule { point: 1000, target: 2000, multiple: 1, lead_days: 3 };

#[test]
fn deliveries_and_runs_that_wait_for_one_locked_row_stop_nobody_either() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (locked, other) = (shop.watched(&staff, 0, RULE), shop.product(&staff, 100));
    staff.post("/restock/runs", json!({})).expect(201);
    let delivery = format!("/purchase_orders/{}/receive", staff.ordered(locked));
    let run = json!({"product_id": locked});
    let empty = json!({"delta": -1, "reason": "lost"});
    let part = json!({"lines": [{"product_id": locked, "quantity": 1}]});
    for (path, body) in [(&delivery, part), (&"/restock/runs".to_owned(), run)] {
        // Below its point again, so that a run has something to do.
        let ordered = staff.ordered(locked);
        if path != &delivery {
            staff.post(&format!("/purchase_orders/{ordered}/cancel"), json!({})).expect(200);
        }
        let mut sql = shop.sql();
        sql.query_drop("START TRANSACTION").unwrap();
        sql.exec_drop("SELECT on_hand FROM stock WHERE product_id = ? FOR UPDATE", (locked,)).unwrap();
        let given_back = AtomicBool::new(false);
        thread::scope(|scope| {
            let give_back = GiveBack(&given_back);
            for _ in 0..12 {
                let (given_back, client, body) = (&given_back, shop.with_token(staff.token()), &body);
                scope.spawn(move || {
                    while !given_back.load(Ordering::Relaxed) {
                        client.post(path, body.clone());
                    }
                });
            }
            thread::sleep(Duration::from_millis(500));
            let asked = Instant::now();
            for _ in 0..10 {
                staff.post(&format!("/products/{other}/stock/movements"), empty.clone()).expect(201);
            }
            assert!(asked.elapsed() < Duration::from_secs(2), "{path}: {:?}", asked.elapsed());
            drop(give_back);
            sql.query_drop("ROLLBACK").unwrap();
        });
    }
}

/// Ends the crowd even when the test fails.
struct GiveBack<'a>(&'a AtomicBool);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn hundreds_of_idle_connections_have_no_thread_each() {
    let shop = Shop::open_with(&[("STOREKEEPER_MAX_CONNECTIONS", "900")]);
    let mut idle: Vec<TcpStream> = (0..400).map(|_| wire::connect(&shop.base)).collect();
    idle.iter_mut().for_each(ask_on);
    let threads = || std::fs::read_dir("/proc/self/task").expect("Linux").count();
    let before = threads();
    idle.extend((0..400).map(|_| wire::connect(&shop.base)));
    check_alive(&shop);
    // Other tests start servers of their own meanwhile, but none of hundreds of threads.
    assert!(threads() < before + 300, "{} threads, {before} before", threads());
    idle.iter_mut().for_each(ask_on);
}

/// The largest answer there is does not fit into the system's buffers.
#[cfg(feature = "docs")]
#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_gets_the_whole_answer_in_the_end() {
    let shop = Shop::open();
    let mut slow: Vec<TcpStream> = (0..12).map(|_| wire::connect(&shop.base)).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /docs/scalar.js HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n").unwrap();
    }
    for _ in 0..20 {
        check_alive(&shop);
    }
    let whole = shop.anyone().get("/docs/scalar.js").text;
    for stream in &mut slow {
        let bytes = wire::read_to_end(stream);
        assert!(bytes.ends_with(whole.as_bytes()), "{} bytes", bytes.len());
    }
}
