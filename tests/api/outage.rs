//! The database is killed under load, as by a power cut, and comes back. Callers see 503 with
//! Retry-After and nothing worse; what they were promised is there afterwards, once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::fixtures::{Guest, items_json, unique};
use crate::harness::{MariaDb, Shop};

/// A blink of which nobody need notice anything, and longer than any request waits.
const OUTAGES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(3)];
const RECOVERY_MAX: Duration = Duration::from_secs(5);
/// Longer than an outage and the start of a database on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOAD_BETWEEN: Duration = Duration::from_millis(800);

/// What the callers know of each other.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    told_to_wait: AtomicU32,
}

/// Ends the load even when the test fails, so that it does not wait for its own threads.
struct EndOfLoad<'a>(&'a Load);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// An order that was answered 201, and the request it came from.
struct Promised {
    key: String,
    items: Vec<(u64, i64)>,
    text: String,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// True when the caller is told to come back later, in the way that callers can rely on.
    fn is_told_to_wait(&self, answer: &Answer) -> bool {
        let later = answer.status == 503 || answer.body["code"] == "idempotency_key_in_use";
        if later {
            assert!(answer.header("Retry-After").is_some(), "no Retry-After: {}", answer.text);
            self.told_to_wait.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(20));
        }
        later
    }

    /// Sends the same request until it is decided.
    fn decided(&self, send: impl Fn() -> Answer) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = send();
            if !self.is_told_to_wait(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "still undecided: {}", answer.text);
        }
    }

    fn read(&self, client: &Client, paths: &[String]) {
        while self.goes_on() {
            for path in paths {
                let answer = client.get(path);
                if !self.is_told_to_wait(&answer) {
                    answer.expect(200);
                }
            }
        }
    }

    /// Orders, asks again every now and then as if the answer had been lost, and has some of the
    /// orders shipped or cancelled.
    fn order(&self, guest: &Guest, staff: &Client, products: &[u64]) -> Vec<Promised> {
        let mut promised = Vec::new();
        while self.goes_on() {
            let number = promised.len();
            let items = vec![(products[number % products.len()], 1), (products[0], 2)];
            let key = unique("key");
            let order = self.decided(|| send(guest, &key, &items)).expect(201);
            let step = |client: &Client, step: &str| {
                let path = format!("/orders/{}/{step}", order.id());
                self.decided(|| client.post(&path, json!({}))).expect(200);
            };
            match number % 4 {
                0 => assert_eq!(self.decided(|| send(guest, &key, &items)).expect(201).text, order.text),
                1 => step(staff, "ship"),
                2 => step(&guest.client, "cancel"),
                _ => {}
            }
            promised.push(Promised { key, items, text: order.text });
        }
        promised
    }
}

fn send(guest: &Guest, key: &str, items: &[(u64, i64)]) -> Answer {
    guest.client.post_once(key, "/orders", json!({"items": items_json(items)}))
}

/// How long it takes until everything works again.
fn recovery(load: &Load, guest: &Guest, product: u64) -> Duration {
    let started = Instant::now();
    load.decided(|| guest.client.get(&format!("/products/{product}"))).expect(200);
    let key = unique("key");
    load.decided(|| send(guest, &key, &[(product, 1)])).expect(201);
    started.elapsed()
}

#[test]
fn a_killed_database_costs_callers_nothing_but_time() {
    let mut mariadb = MariaDb::start_durable();
    let database = mariadb.fresh_database();
    let shop = Shop::open_on(&mariadb, &database, &[]);
    let staff = shop.staff();
    let products = [(); 3].map(|()| shop.product(&staff, 100_000));
    let guests = [(); 4].map(|()| shop.guest());
    let (probe, anyone) = (shop.guest(), shop.anyone());
    let paths = ["/products".to_owned(), format!("/products/{}", products[0])];
    let load = Load::default();

    let promised: Vec<Vec<Promised>> = thread::scope(|scope| {
        let end = EndOfLoad(&load);
        let (load, staff) = (&load, &staff);
        scope.spawn(|| load.read(&anyone, &paths));
        scope.spawn(|| load.read(staff, &["/orders".to_owned(), "/healthz".to_owned()]));
        let ordering: Vec<_> =
            guests.iter().map(|guest| scope.spawn(|| load.order(guest, staff, &products))).collect();
        for outage in OUTAGES {
            thread::sleep(LOAD_BETWEEN);
            mariadb.restart(outage);
            let took = recovery(load, &probe, products[0]);
            assert!(took < RECOVERY_MAX, "recovered after {took:?}");
        }
        thread::sleep(LOAD_BETWEEN);
        drop(end);
        ordering.into_iter().map(|thread| thread.join().expect("a customer")).collect()
    });

    assert!(load.told_to_wait.load(Ordering::Relaxed) > 0, "nobody noticed the longer outage");
    let mut placed = OUTAGES.len();
    for (guest, promised) in guests.iter().zip(&promised) {
        assert!(promised.len() > 4, "too little load to show anything: {} orders", promised.len());
        placed += promised.len();
        for Promised { key, items, text } in promised {
            let again = send(guest, key, items).expect(201);
            assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
            assert_eq!(again.text, *text);
            staff.get(&format!("/orders/{}", again.id())).expect(200);
        }
    }
    let orders: Option<usize> = shop.sql().query_first("SELECT COUNT(*) FROM orders").unwrap();
    assert_eq!(orders, Some(placed), "each promise is kept once");
}

#[test]
fn a_restart_between_two_requests_goes_unnoticed() {
    let mut mariadb = MariaDb::start_durable();
    let shop = Shop::open_on(&mariadb, &mariadb.fresh_database(), &[]);
    let staff = shop.staff();
    let product = shop.product(&staff, 10);
    let guest = shop.guest();
    for path in ["/products", "/orders"] {
        open_all_connections(&shop);
        mariadb.restart(Duration::ZERO);
        staff.get(path).expect(200);
        open_all_connections(&shop);
        mariadb.restart(Duration::ZERO);
        send(&guest, &unique("key"), &[(product, 1)]).expect(201);
    }
    assert_eq!(guest.client.available(product), 8);
}

/// As after a rush: the pool is full of connections that nobody uses.
fn open_all_connections(shop: &Shop) {
    let all: Vec<_> = (0..shop.app.config.database_connections).map(|_| shop.app.pool.take()).collect();
    assert!(all.iter().all(Result::is_ok), "the pool is not full");
}
