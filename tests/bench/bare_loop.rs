//! The rate at which a bare loop over the `mysql` crate runs the statements of a request: the measure
//! for how much HTTP, JSON and the pool cost. `scripts/bench` runs it.
//!
//! Arguments: what (`product`, `products` or `order`), threads, seconds. The database is the one of
//! STOREKEEPER_DATABASE_URL; PRODUCTS are the ids to order. Prints `rate p50_us p99_us`.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Row};
use storekeeper::db;

fn main() {
    // Cargo adds --bench.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [what, threads, seconds] = arguments.as_slice() else {
        eprintln!("bare_loop needs: product|products|order THREADS SECONDS; scripts/bench calls it");
        return;
    };
    let work: fn(&mut Conn, u64) = match what.as_str() {
        "product" => read_product,
        "products" => list_products,
        _ => place_order,
    };
    let url = env::var("STOREKEEPER_DATABASE_URL").expect("STOREKEEPER_DATABASE_URL");
    let threads: u64 = threads.parse().expect("a number of threads");
    let seconds: u64 = seconds.parse().expect("a number of seconds");
    PRODUCTS.set(ids()).expect("set once");
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let (stop, url) = (stop.clone(), url.clone());
            thread::spawn(move || {
                let mut conn = db::connect_alone(&url).expect("the database");
                let mut times_us = Vec::new();
                let mut number = thread << 40 | u64::from(Instant::now().elapsed().subsec_nanos());
                while !stop.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    work(&mut conn, number);
                    number += 1;
                    times_us.push(u64::try_from(started.elapsed().as_micros()).expect("a short time"));
                }
                times_us
            })
        })
        .collect();
    let started = Instant::now();
    thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    let mut times_us: Vec<u64> =
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect();
    let rate =
        f64::from(u32::try_from(times_us.len()).expect("a short run")) / started.elapsed().as_secs_f64();
    times_us.sort_unstable();
    let at = |percent: usize| times_us[(times_us.len() - 1) * percent / 100];
    println!("{rate:.0} {} {}", at(50), at(99));
}

/// What is ordered.
static PRODUCTS: OnceLock<Vec<u64>> = OnceLock::new();

fn ids() -> Vec<u64> {
    let ids = env::var("PRODUCTS").unwrap_or_default();
    ids.split_whitespace().map(|id| id.parse().expect("ids in PRODUCTS")).collect()
}

/// Three products that follow each other, in the order of their ids as the service locks them.
fn three_products(number: u64) -> [u64; 3] {
    let products = PRODUCTS.get().expect("set at the start");
    // A cheap scatter, so that the threads do not walk in step.
    let at = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % (products.len() - 2);
    [products[at], products[at + 1], products[at + 2]]
}

fn read_product(conn: &mut Conn, _: u64) {
    let row: Option<Row> = conn
        .exec_first(
            "SELECT p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.created_at, p.updated_at,
                    s.on_hand > s.reserved AS in_stock
             FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id = ? AND p.archived_at IS NULL",
            (1,),
        )
        .expect("a product");
    assert!(row.is_some());
}

fn list_products(conn: &mut Conn, _: u64) {
    let rows: Vec<Row> = conn
        .exec(
            "SELECT p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.created_at, p.updated_at,
                    s.on_hand > s.reserved AS in_stock
             FROM products p STRAIGHT_JOIN stock s ON s.product_id = p.id
             WHERE p.active = 1 ORDER BY p.id LIMIT ?",
            (21,),
        )
        .expect("products");
    assert!(!rows.is_empty());
}

/// The statements of an order of three lines under an Idempotency-Key, with the session check.
fn place_order(conn: &mut Conn, number: u64) {
    let [a, b, c] = three_products(number);
    let key = format!("bare-{number}-{}", std::process::id());
    let _: Option<Row> = conn
        .exec_first(
            "SELECT s.customer_id, s.account_id, s.created_at, s.last_used_at, s.expires_at, a.username
             FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id WHERE s.token_sha256 = ?",
            (&[0_u8; 32][..],),
        )
        .expect("a session");
    conn.query_drop("START TRANSACTION").unwrap();
    let claim = "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, created_at) VALUES (?, ?, ?, NOW(6))";
    conn.exec_drop(claim, ("bench:1", &key, &[1_u8; 32][..])).unwrap();
    let _: Vec<Row> = conn
        .exec("SELECT id, name, price_minor FROM products WHERE id IN (?, ?, ?) AND archived_at IS NULL ORDER BY id", (a, b, c))
        .unwrap();
    conn.exec_drop(
        "INSERT INTO orders (customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
         VALUES ((SELECT MIN(id) FROM customers WHERE erased_at IS NULL LOCK IN SHARE MODE), 'placed', 'EUR', 300, NOW(6), CURRENT_DATE)",
        (),
    )
    .unwrap();
    let id = conn.last_insert_id();
    conn.exec_drop(
        "INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor, reserved_at_sequence)
         VALUES (?, ?, 'a', 1, 100, 0), (?, ?, 'b', 1, 100, 0), (?, ?, 'c', 1, 100, 0)",
        (id, a, id, b, id, c),
    )
    .unwrap();
    let event = "INSERT INTO order_events (order_id, step, status, at) SELECT id, 1, 'placed', placed_at FROM orders WHERE id = ?";
    conn.exec_drop(event, (id,)).unwrap();
    conn.exec_drop(
        "UPDATE idempotency_keys SET status = 201, location = CONCAT('/orders/', ?), body = REPEAT('x', 500), order_id = ?
         WHERE caller = 'bench:1' AND idempotency_key = ?",
        (id, id, &key),
    )
    .unwrap();
    conn.exec_drop(
        "UPDATE order_lines l STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         SET s.reserved = s.reserved + l.quantity, l.reserved_at_sequence = s.movement_count
         WHERE l.order_id = ? AND s.on_hand - s.reserved >= l.quantity",
        (id,),
    )
    .unwrap();
    assert_eq!(conn.affected_rows(), 6, "the products need more stock");
    conn.query_drop("COMMIT").unwrap();
}
