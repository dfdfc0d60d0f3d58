//! Limits on the head of a request and on the time it may take, and bytes that do not belong there.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use super::{CUSTOMER, check_alive, expect_last, sign_up_framed};
use crate::harness::Shop;
use crate::wire;

/// A GET of a path with headers that each end in `\r\n`.
fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: shop\r\n{headers}\r\n").into_bytes()
}

#[test]
fn a_request_names_one_host() {
    let shop = Shop::open();
    let malformed = |request: &str| {
        expect_last(wire::exchange_one(&shop.base, request.as_bytes()), 400, "malformed_request");
    };
    malformed("GET /healthz HTTP/1.1\r\n\r\n");
    malformed("GET /healthz HTTP/1.1\r\nHost: shop\r\nHost: shop\r\n\r\n");
    wire::exchange_one(&shop.base, b"GET /healthz HTTP/1.0\r\n\r\n").expect(200);
}

#[test]
fn the_request_line_has_a_limit() {
    let shop = Shop::open();
    let longest = format!("/{}", "a".repeat(8 * 1024 - 1));
    wire::exchange_one(&shop.base, &get(&longest, "")).expect_problem(404, "not_found");
    for path in [format!("{longest}a"), format!("{longest}{longest}{longest}")] {
        expect_last(wire::exchange_one(&shop.base, &get(&path, "")), 414, "uri_too_long");
    }
    let endless = [b"GET /", "a".repeat(200_000).as_bytes()].concat();
    expect_last(wire::exchange_one(&shop.base, &endless), 414, "uri_too_long");
}

#[test]
fn headers_have_a_limit_in_number_and_in_size() {
    let shop = Shop::open();
    let many = |count| (0..count).map(|n| format!("X-{n}: {n}\r\n")).collect::<String>();
    // With the Host.
    wire::exchange_one(&shop.base, &get("/healthz", &many(63))).expect(200);
    expect_last(wire::exchange_one(&shop.base, &get("/healthz", &many(64))), 431, "headers_too_large");
    let large = |size| format!("X-Large: {}\r\n", "a".repeat(size));
    wire::exchange_one(&shop.base, &get("/healthz", &large(15_000))).expect(200);
    for size in [40_000, 900_000] {
        let answer = wire::exchange_one(&shop.base, &get("/healthz", &large(size)));
        expect_last(answer, 431, "headers_too_large");
    }
    let endless = format!("GET /healthz HTTP/1.1\r\nHost: shop\r\n{}", "X: y\r\n".repeat(20_000));
    expect_last(wire::exchange_one(&shop.base, endless.as_bytes()), 431, "headers_too_large");
    let empty_lines = "\r\n".repeat(20_000);
    expect_last(wire::exchange_one(&shop.base, empty_lines.as_bytes()), 431, "headers_too_large");
}

#[test]
fn bytes_that_are_not_text_are_harmless_in_a_value_and_refused_elsewhere() {
    let shop = Shop::open();
    for value in [&b"caf\xc3\xa9"[..], b"caf\xe9", b"\xff\xfe\x80", b"tab\tinside"] {
        let request = [b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name: ", value, b"\r\n\r\n"].concat();
        wire::exchange_one(&shop.base, &request).expect(200);
    }
    let malformed: [&[u8]; 14] = [
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name: a\0b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name: a\x1b[31mb\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name: a\rb\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name: folded\r\n over two lines\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Name : b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-N\xc3\xa4me: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\n: no name\r\n\r\n",
        b"GET /health\0z HTTP/1.1\r\nHost: shop\r\n\r\n",
        b"GET /healthz and more HTTP/1.1\r\nHost: shop\r\n\r\n",
        b"G\x00T /healthz HTTP/1.1\r\nHost: shop\r\n\r\n",
        b" GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
        b"GET /healthz\r\n\r\n",
    ];
    for request in malformed {
        let answer = wire::exchange_one(&shop.base, request);
        answer.check_what_all_have();
        assert!([400, 505].contains(&answer.status), "{} to {}", answer.status, request.escape_ascii());
        assert_eq!(answer.header("Connection"), Some("close"));
    }
    check_alive(&shop);
}

/// A client that sends `first` at once and then `then`, byte by byte, for longer than is allowed.
fn drip(base: &str, first: &[u8], then: &[u8]) -> (wire::RawAnswer, Duration) {
    let started = Instant::now();
    let mut stream = wire::connect(base);
    stream.write_all(first).unwrap();
    let mut dripping = stream.try_clone().unwrap();
    let drops = then.to_vec();
    let dripper = thread::spawn(move || {
        for drop in drops {
            thread::sleep(Duration::from_millis(400));
            if dripping.write_all(&[drop]).is_err() {
                return;
            }
        }
    });
    let answer = wire::read_answer(&mut stream);
    let took = started.elapsed();
    drop(stream);
    dripper.join().expect("the dripping client");
    (answer, took)
}

#[test]
fn a_request_that_arrives_too_slowly_is_ended_with_408() {
    let shop = Shop::open();
    let head = get("/healthz", "");
    let chunked = sign_up_framed("Transfer-Encoding: chunked", b"");
    let long = sign_up_framed("Content-Length: 60", CUSTOMER.as_bytes());
    let (long_head, _) = long.split_at(long.len() - CUSTOMER.len());
    let slow: [(&[u8], &[u8]); 7] = [
        (&head[..1], &head[1..]),
        (&head[..10], b""),
        (long_head, CUSTOMER.as_bytes()),
        (long_head, b""),
        // The end of the head and the start of the body share the time of one request.
        (&long[..long_head.len() - 15], &long[long_head.len() - 15..]),
        (&chunked, b"3c;an-extension-that-goes-on-and-on"),
        (&chunked, b""),
    ];
    thread::scope(|scope| {
        for (first, then) in slow {
            let base = &shop.base;
            scope.spawn(move || {
                let (answer, took) = drip(base, first, then);
                expect_last(answer, 408, "request_timeout");
                assert!((9..14).contains(&took.as_secs()), "{took:?} for {}", first.escape_ascii());
            });
        }
    });
    check_alive(&shop);
}
