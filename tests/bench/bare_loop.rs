//! The rate at which a bare loop over the `mysql` crate runs the statements of a request: the measure
//! for how much HTTP, JSON and the pool cost. `scripts/bench` runs it.
//!
//! Arguments: what (`product`, `products` or `order`), threads, seconds. The database is the one of
//! STOREKEEPER_DATABASE_URL with the data of `load.sql`; PRODUCTS are the ids to read and to order, and
//! CUSTOMERS (1 when it is not given) is how many take turns with ordering. Prints `rate p50_us p99_us` and,
//! on a second line, `requests cpu_us context_switches` of all threads together.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, Row};
use storekeeper::db;
use storekeeper::web::caller::sha256;

/// What is there to be read and ordered, and who orders.
struct Shop {
    products: Vec<u64>,
    customers: u64,
}

static SHOP: OnceLock<Shop> = OnceLock::new();

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
    let threads: usize = threads.parse().expect("a number of threads");
    let seconds: u64 = seconds.parse().expect("a number of seconds");
    assert!(SHOP.set(Shop::read()).is_ok());
    let stop = Arc::new(AtomicBool::new(false));
    // Connecting is no part of the work.
    let connected = Arc::new(Barrier::new(threads + 1));
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let (stop, url, connected) = (stop.clone(), url.clone(), connected.clone());
            thread::spawn(move || {
                let mut conn = db::connect_alone(&url).expect("the database");
                connected.wait();
                let mut times_us = Vec::new();
                let mut number = (thread as u64) << 40;
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
    connected.wait();
    let (started, before) = (Instant::now(), used());
    thread::sleep(Duration::from_secs(seconds));
    stop.store(true, Ordering::Relaxed);
    let mut times_us: Vec<u64> =
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect();
    let (seconds, after) = (started.elapsed().as_secs_f64(), used());
    let requests = times_us.len();
    let rate = f64::from(u32::try_from(requests).expect("a short run")) / seconds;
    times_us.sort_unstable();
    let at = |percent: usize| times_us[(requests - 1) * percent / 100];
    let [cpu_us, switches] = [after.0 - before.0, after.1 - before.1];
    // In one piece, for a reader who wants the first line only.
    print!("{rate:.0} {} {}\n{requests} {cpu_us} {switches}\n", at(50), at(99));
}

/// What this process has used of the CPU, in µs, and how often its threads were switched, those that have
/// ended among them.
fn used() -> (i64, i64) {
    // SAFETY: rusage is plain numbers, which getrusage only writes.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, &raw mut usage), 0);
        usage
    };
    let us = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    (us(usage.ru_utime) + us(usage.ru_stime), usage.ru_nvcsw + usage.ru_nivcsw)
}

impl Shop {
    fn read() -> Shop {
        let ids = env::var("PRODUCTS").expect("PRODUCTS");
        let products = ids.split_whitespace().map(|id| id.parse().expect("ids in PRODUCTS")).collect();
        let customers =
            env::var("CUSTOMERS").map_or(1, |count| count.parse().expect("a number in CUSTOMERS"));
        Shop { products, customers }
    }

    fn get() -> &'static Shop {
        SHOP.get().expect("set at the start")
    }

    /// The first of three products that follow each other.
    fn place_of_three(&self, number: u64) -> usize {
        scattered(number) % (self.products.len() - 2)
    }
}

/// A cheap scatter, so that the threads do not walk in step.
fn scattered(number: u64) -> usize {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

fn read_product(conn: &mut Conn, number: u64) {
    let shop = Shop::get();
    let row: Option<Row> = conn
        .exec_first(
            "SELECT p.id, p.sku, p.name, p.description, p.category, p.price_minor, p.created_at, p.updated_at,
                    s.on_hand > s.reserved AS in_stock
             FROM products p JOIN stock s ON s.product_id = p.id WHERE p.id = ? AND p.archived_at IS NULL",
            (shop.products[shop.place_of_three(number)],),
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
    let shop = Shop::get();
    let at = shop.place_of_three(number);
    // In the order of their ids, as the service locks them.
    let [a, b, c] = [0, 1, 2].map(|next| shop.products[at + next]);
    let customer = 1 + scattered(!number) as u64 % shop.customers;
    let key = format!("bare-{}-{number}", std::process::id());
    let session: Option<Row> = conn
        .exec_first(
            "SELECT s.customer_id, s.account_id, s.created_at, s.last_used_at, s.expires_at, a.username,
                    k.request_sha256, k.status, k.location, k.body, k.created_at AS stored_at
             FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
             LEFT JOIN idempotency_keys k ON k.idempotency_key = ? AND k.caller = CASE
                 WHEN s.customer_id IS NULL THEN CONCAT('staff:', s.account_id)
                 ELSE CONCAT('customer:', s.customer_id)
             END
             WHERE s.token_sha256 = ?",
            (&key, &sha256(&format!("bench-token-{customer:06}"))[..]),
        )
        .unwrap();
    assert!(session.is_some(), "the sessions of load.sql are gone");
    conn.query_drop("START TRANSACTION").unwrap();
    let _: Vec<Row> = conn
        .exec("SELECT id, name, price_minor FROM products WHERE id IN (?, ?, ?) AND archived_at IS NULL ORDER BY id", (a, b, c))
        .unwrap();
    conn.exec_drop(
        "INSERT INTO orders (customer_id, status, currency, total_minor, placed_at, updated_at, expected_delivery_date)
         VALUES (
             (SELECT id FROM customers WHERE id = ? AND erased_at IS NULL LOCK IN SHARE MODE),
             'placed', 'EUR', 300, NOW(6), NOW(6), CURRENT_DATE
         )",
        (customer,),
    )
    .unwrap();
    let id = conn.last_insert_id();
    conn.exec_drop(
        "INSERT INTO order_lines (order_id, product_id, name, quantity, unit_price_minor, placed_at, reserved_at_sequence)
         VALUES (?, ?, 'a', 1, 100, NOW(6), 0), (?, ?, 'b', 1, 100, NOW(6), 0), (?, ?, 'c', 1, 100, NOW(6), 0)",
        (id, a, id, b, id, c),
    )
    .unwrap();
    conn.exec_drop(
        "INSERT INTO idempotency_keys
             (caller, idempotency_key, request_sha256, status, location, body, order_id, customer_id, created_at)
         VALUES (CONCAT('customer:', ?), ?, ?, 201, CONCAT('/orders/', ?), REPEAT('x', 500), ?, ?, NOW(6))",
        (customer, &key, &[1_u8; 32][..], id, id, customer),
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
    // With COMMIT in one round trip.
    conn.query_drop(format!(
        "INSERT INTO events_unnumbered (at, type, object_id, product_ids, fields)
         VALUES (NOW(6), 'order.placed', {id}, '{a},{b},{c}', ''); COMMIT"
    ))
    .unwrap();
}
