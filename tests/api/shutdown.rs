//! The end of the service: SIGTERM and SIGINT answer what is in flight and turn away the rest.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::json;

use crate::dialects::at_work;
use crate::fixtures::{Guest, items_json, until};
use crate::harness::Shop;
use crate::program::Service;
use crate::wire;

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n";

/// The service as a process of its own on the database of `shop`.
fn serve(shop: &Shop) -> Service {
    Service::start(&shop.database_url, &[])
}

/// A connection that has been used and is kept.
fn kept_connection(service: &Service) -> TcpStream {
    let mut stream = wire::connect(&service.base);
    stream.write_all(HEALTH).unwrap();
    wire::read_answer(&mut stream).expect(200);
    stream
}

/// Locks a product's stock; whoever orders it waits until the lock is given back.
fn lock_stock(shop: &Shop, product: u64) -> Conn {
    let mut sql = shop.sql();
    sql.query_drop("START TRANSACTION").unwrap();
    sql.exec_drop("SELECT on_hand FROM stock WHERE product_id = ? FOR UPDATE", (product,)).unwrap();
    sql
}

/// Waits until a statement on the shop's stock is under way.
fn wait_until_blocked(shop: &Shop) {
    let mut sql = shop.sql();
    until("the order never comes to the stock", || at_work(&mut sql, "info LIKE 'UPDATE%stock%'") > 0);
}

#[test]
fn what_is_in_flight_is_answered_and_what_is_new_is_turned_away() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let guest = shop.guest();
    let mut service = serve(&shop);
    let mut idle = kept_connection(&service);
    let mut half_sent = wire::connect(&service.base);
    half_sent.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();

    let mut lock = lock_stock(&shop, product);
    let mut in_flight = wire::connect(&service.base);
    in_flight.write_all(&order_of_one(&guest, product)).unwrap();
    wait_until_blocked(&shop);

    let asked_to_stop = Instant::now();
    service.signal("TERM");
    service.wait_for_line("SIGTERM");
    // An impatient operator changes nothing.
    service.signal("TERM");
    // A connection without a request under way is closed, without an answer that nobody asked for.
    assert_eq!(wire::read_to_end(&mut idle), b"");
    assert_eq!(wire::read_to_end(&mut half_sent), b"");
    // Nobody listens any more, which tells a proxy that what it has not sent can go elsewhere.
    let refused = TcpStream::connect(service.base.trim_start_matches("http://"));
    assert_eq!(refused.expect_err("a closed door").kind(), ErrorKind::ConnectionRefused);
    assert!(service.is_running());
    lock.query_drop("ROLLBACK").unwrap();

    let answer = wire::read_answer(&mut in_flight).expect(201);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert_eq!(in_flight.read(&mut [0; 1]).expect("the end of the connection"), 0);
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(asked_to_stop.elapsed() < Duration::from_secs(10));
    assert!(log.contains("stopped") && !log.contains("cut off"), "{log}");
    let placed = answer.json();
    let read = guest.client.get(&format!("/orders/{}", placed["id"])).expect(200);
    assert_eq!(read.body, placed);
}

/// A proxy sends on connections that it has kept, and cannot know that they close just then.
#[test]
fn what_is_sent_on_open_connections_while_the_end_begins_is_answered() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 100);
    let guest = shop.guest();
    let service = serve(&shop);
    let order = order_of_one(&guest, product);
    let mut kept: Vec<TcpStream> = (0..20).map(|_| kept_connection(&service)).collect();
    // Connected, and nothing sent yet.
    kept.extend((0..5).map(|_| wire::connect(&service.base)));
    drop(kept_connection(&service));
    service.signal("TERM");
    service.wait_for_line("SIGTERM");
    for stream in &mut kept {
        stream.write_all(&order).unwrap();
    }
    for stream in &mut kept {
        let answer = wire::read_answer(stream).expect(201);
        assert_eq!(answer.header("Connection"), Some("close"));
    }
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
}

/// With a socket of systemd's nobody is refused while one service ends and the next one starts.
#[test]
fn who_connects_to_a_socket_that_stays_open_is_answered_by_the_next_service() {
    let shop = Shop::open();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    let start = || Service::start_with_socket(&shop.database_url, port.try_clone().unwrap().into());
    let mut service = start();
    // Who connects just then meets the door in another state each time.
    for _ in 0..10 {
        drop(kept_connection(&service));
        service.signal("TERM");
        service.wait_for_line("SIGTERM");
        let mut between: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
        for stream in &mut between {
            stream.write_all(HEALTH).unwrap();
        }
        assert_eq!(service.wait().0, Some(0));
        service = start();
        for stream in &mut between {
            wire::read_answer(stream).expect(200);
        }
    }
    service.stop();
}

#[test]
fn idle_connections_do_not_delay_the_end() {
    let shop = Shop::open();
    for signal in ["INT", "TERM"] {
        let service = serve(&shop);
        let mut idle: Vec<TcpStream> = (0..20).map(|_| kept_connection(&service)).collect();
        let silent = wire::connect(&service.base);
        let asked_to_stop = Instant::now();
        service.signal(signal);
        let (code, log) = service.wait();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains(&format!("SIG{signal}: ")), "{log}");
        // Far from the nine seconds that a request in flight may take.
        assert!(asked_to_stop.elapsed() < Duration::from_secs(5), "{:?}", asked_to_stop.elapsed());
        for stream in &mut idle {
            assert_eq!(wire::read_to_end(stream), b"");
        }
        drop(silent);
    }
}

#[test]
fn a_request_that_never_arrives_is_cut_off() {
    let shop = Shop::open();
    let service = serve(&shop);
    let mut stalled = wire::connect(&service.base);
    stalled.write_all(b"POST /customers HTTP/1.1\r\nHost: shop\r\nContent-Length: 50\r\n\r\n{").unwrap();
    // An answer to a later request shows that the earlier one has been seen.
    drop(kept_connection(&service));
    let asked_to_stop = Instant::now();
    service.signal("TERM");
    let (code, log) = service.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(asked_to_stop.elapsed() < Duration::from_secs(11), "{:?}", asked_to_stop.elapsed());
}

#[test]
fn it_starts_again_at_once_on_the_same_address() {
    let shop = Shop::open();
    let first = serve(&shop);
    let address = first.base.trim_start_matches("http://").to_owned();
    let kept = kept_connection(&first);
    first.stop();
    let second = Service::start(&shop.database_url, &[("STOREKEEPER_LISTEN", &address)]);
    drop(kept);
    wire::exchange_one(&second.base, HEALTH).expect(200);
    second.stop();
}

#[test]
fn a_killed_service_leaves_books_that_are_sound() {
    const CALLERS: usize = 4;
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 100_000);
    let guest = shop.guest();
    let service = serve(&shop);
    let order = order_of_one(&guest, product);
    let confirmed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| place_until_cut_off(&service.base, &order, &confirmed));
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while confirmed.load(Ordering::SeqCst) < 40 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        service.signal("KILL");
    });
    assert!(confirmed.load(Ordering::SeqCst) >= 40, "{confirmed:?}");
    let (code, _) = service.wait();
    assert_eq!(code, None, "killed, so it has no exit code");
    let kept: usize = shop.sql().query_first("SELECT COUNT(*) FROM orders").unwrap().unwrap();
    // Each caller may have had one order that was kept and not yet confirmed.
    let confirmed = confirmed.into_inner();
    assert!((confirmed..=confirmed + CALLERS).contains(&kept), "{confirmed} confirmed, {kept} kept");
}

/// Orders again and again until the service is gone, and counts the orders that were confirmed.
fn place_until_cut_off(base: &str, order: &[u8], confirmed: &AtomicUsize) {
    let mut stream = wire::connect(base);
    let mut answer = [0; 16 * 1024];
    while stream.write_all(order).is_ok() {
        match stream.read(&mut answer) {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                assert!(answer[..count].starts_with(b"HTTP/1.1 201 "), "{}", answer[..count].escape_ascii())
            }
        }
        confirmed.fetch_add(1, Ordering::SeqCst);
    }
}

/// The bytes of a guest's order of one unit.
fn order_of_one(guest: &Guest, product: u64) -> Vec<u8> {
    let body = json!({"items": items_json(&[(product, 1)])}).to_string();
    let (token, length) = (guest.client.token(), body.len());
    format!(
        "POST /orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
