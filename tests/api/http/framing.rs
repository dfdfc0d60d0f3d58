//! Where a request ends: lengths, chunks, expectations, and how long a connection is kept.

use std::io::{Read, Write};

use storekeeper::routes::ROUTES;

use super::{CUSTOMER, check_alive, concrete, expect_last, sign_up, sign_up_framed};
use crate::harness::Shop;
use crate::wire::{self, RawAnswer};

const CHUNKED: &str = "Transfer-Encoding: chunked";

#[test]
fn an_absurd_content_length_is_refused_on_every_route_and_the_process_stays_up() {
    let shop = Shop::open();
    for route in ROUTES {
        let (method, path) = (route.method, concrete(route.path));
        for rest in ["", "{}", "Expect: 100-continue"] {
            let request = match rest {
                "Expect: 100-continue" => format!(
                    "{method} {path} HTTP/1.1\r\nHost: shop\r\n{rest}\r\nContent-Length: 10000000000000\r\n\r\n"
                ),
                body => format!(
                    "{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 10000000000000\r\n\r\n{body}"
                ),
            };
            expect_last(wire::exchange_one(&shop.base, request.as_bytes()), 413, "body_too_large");
        }
        let request =
            format!("{method} {path} HTTP/2.0\r\nHost: shop\r\nContent-Length: 10000000000000\r\n\r\n");
        let answer = wire::exchange_one(&shop.base, request.as_bytes());
        expect_last(answer, 505, "http_version_not_supported");
        check_alive(&shop);
    }
}

#[test]
fn a_body_without_one_clear_end_is_refused() {
    let shop = Shop::open();
    let refused = |framing: &str, status, code| {
        let request = sign_up_framed(framing, CUSTOMER.as_bytes());
        expect_last(wire::exchange_one(&shop.base, &request), status, code);
    };
    for length in ["-1", "+60", "60x", "", "0x3c", "6e1", "60.0", "60, 60", "60 60", "٦٠"] {
        refused(&format!("Content-Length: {length}"), 400, "malformed_request");
    }
    let length = CUSTOMER.len();
    refused(&format!("Content-Length: {length}\r\nContent-Length: {length}"), 400, "malformed_request");
    refused(&format!("Content-Length: {length}\r\nContent-Length: 1"), 400, "malformed_request");
    refused(&format!("Content-Length: {length}\r\n{CHUNKED}"), 400, "malformed_request");
    refused(&format!("{CHUNKED}\r\nContent-Length: {length}"), 400, "malformed_request");
    refused(&format!("Content-Length: {}", "9".repeat(40)), 413, "body_too_large");
    for encoding in ["gzip", "identity", "gzip, chunked", "chunked, gzip", "xchunked", "chunked;q=1", ""] {
        refused(&format!("Transfer-Encoding: {encoding}"), 501, "unsupported_transfer_encoding");
    }
    refused(&format!("{CHUNKED}\r\n{CHUNKED}"), 501, "unsupported_transfer_encoding");
    refused("Transfer-Encoding : chunked", 400, "malformed_request");
    assert_eq!(customers(&shop), 0);
}

#[test]
fn chunked_bodies_are_read_however_they_are_cut() {
    let shop = Shop::open();
    let by_size = |size: usize| -> Vec<u8> {
        let chunks = CUSTOMER.as_bytes().chunks(size);
        let chunks =
            chunks.map(|chunk| [format!("{:X}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        chunks.chain([b"0\r\n\r\n".to_vec()]).collect::<Vec<_>>().concat()
    };
    let with_extras = format!(
        "{:x};name=value;quoted=\"a b\"\r\n{CUSTOMER}\r\n000;last\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n",
        CUSTOMER.len()
    );
    let bodies = [by_size(1), by_size(7), by_size(1000), with_extras.into_bytes()];
    for body in &bodies {
        // What follows the body is the next request, so the body was read to its very end.
        let next = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n";
        let requests = [&sign_up_framed(CHUNKED, body)[..], next].concat();
        let answers = wire::exchange(&shop.base, &requests);
        assert_eq!(statuses(&answers), [201, 200], "{}", body.escape_ascii());
    }
    assert_eq!(customers(&shop), bodies.len());
}

#[test]
fn a_request_in_many_small_writes_is_one_request() {
    let shop = Shop::open();
    let chunked =
        sign_up_framed(CHUNKED, format!("{:x}\r\n{CUSTOMER}\r\n0\r\n\r\n", CUSTOMER.len()).as_bytes());
    for request in [sign_up("", CUSTOMER), chunked] {
        let mut stream = wire::connect(&shop.base);
        for byte in request {
            stream.write_all(&[byte]).expect("the server reads");
        }
        wire::read_answer(&mut stream).expect(201);
    }
}

#[test]
fn malformed_chunks_are_refused() {
    let shop = Shop::open();
    let whole = format!("{:x}\r\n{CUSTOMER}\r\n", CUSTOMER.len());
    let malformed = [
        "zz\r\n{}\r\n0\r\n\r\n".to_owned(),
        "-2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "0x2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "2 2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "11111111111111111\r\n{}\r\n0\r\n\r\n".to_owned(),
        // Shorter and longer than it says.
        "1\r\n{}\r\n0\r\n\r\n".to_owned(),
        "3\r\n{}\r\n0\r\n\r\n".to_owned(),
        // No size at all is not a size of zero.
        "\r\n\r\n".to_owned(),
        format!("{whole}\r\n\r\n"),
        format!("{whole};last\r\n\r\n"),
        // A line feed alone ends a line for some servers and not for others.
        format!("{:x};a\nb\r\n{CUSTOMER}\r\n0\r\n\r\n", CUSTOMER.len()),
        format!("2;{}", "x".repeat(20_000)),
        format!("{whole}0\r\nX-Trailer: {}", "x".repeat(40_000)),
        // Trailers without their blank line would swallow the request that follows.
        format!("{whole}0\r\nGET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"),
        format!("{whole}0\r\nX-Trailer: x\r\nGET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"),
        format!("{whole}0\r\nX-Trailer: x\r\nPOST /customers HTTP/1.1\r\n"),
        format!("{whole}0\r\nX-Trailer: x\n\r\n"),
        format!("{whole}0\r\nX-Trailer: x\r\n\n"),
        format!("{whole}0\r\nX-Trailer : x\r\n\r\n"),
        format!("{whole}0\r\nX-Trailer: x\r\n folded\r\n\r\n"),
        format!("{whole}0\r\nno colon\r\n\r\n"),
        format!("{whole}0\r\n{}\r\n", "X: y\r\n".repeat(65)),
        format!("{whole}0\r\n\n"),
    ];
    for body in malformed {
        let answer = wire::exchange_one(&shop.base, &sign_up_framed(CHUNKED, body.as_bytes()));
        expect_last(answer, 400, "malformed_request");
    }
    for body in [
        "10001\r\n".to_owned(),
        "FFFFFFFFFFFFFFFF\r\n".to_owned(),
        "8000\r\n".to_owned() + &"x".repeat(0x8000) + "\r\n8001\r\n",
    ] {
        let answer = wire::exchange_one(&shop.base, &sign_up_framed(CHUNKED, body.as_bytes()));
        expect_last(answer, 413, "body_too_large");
    }
    assert_eq!(customers(&shop), 0);
}

#[test]
fn a_request_that_is_cut_off_changes_nothing() {
    let shop = Shop::open();
    let whole = sign_up("", CUSTOMER);
    let chunked =
        sign_up_framed(CHUNKED, format!("{:x}\r\n{CUSTOMER}\r\n0\r\n\r\n", CUSTOMER.len()).as_bytes());
    for request in [whole, chunked] {
        for missing in [1, 3, 20, request.len() - 10] {
            let sent = &request[..request.len() - missing];
            assert_eq!(wire::exchange_bytes(&shop.base, sent), b"", "without the last {missing}");
        }
    }
    assert_eq!(customers(&shop), 0);
}

#[test]
fn a_client_that_asks_whether_to_send_its_body_is_told() {
    let shop = Shop::open();
    let length = CUSTOMER.len();
    let ask = |version: &str, expect: &str, framing: &str| {
        let head = format!(
            "POST /customers HTTP/{version}\r\nHost: shop\r\nContent-Type: application/json\r\nExpect: {expect}\r\n\
             {framing}\r\n\r\n"
        );
        let mut stream = wire::connect(&shop.base);
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    for (framing, body) in [
        (format!("Content-Length: {length}"), CUSTOMER.to_owned()),
        (CHUNKED.to_owned(), format!("{length:x}\r\n{CUSTOMER}\r\n0\r\n\r\n")),
    ] {
        let mut stream = ask("1.1", "100-Continue", &framing);
        assert_eq!(wire::read_answer(&mut stream).status, 100);
        stream.write_all(body.as_bytes()).unwrap();
        wire::read_answer(&mut stream).expect(201);
    }
    // A client of HTTP/1.0 would take the 100 for the answer.
    let mut old = ask("1.0", "100-continue", &format!("Content-Length: {length}"));
    old.write_all(CUSTOMER.as_bytes()).unwrap();
    wire::read_answer(&mut old).expect(201);

    let mut unknown = ask("1.1", "a-miracle", "Content-Length: 2");
    expect_last(wire::read_answer(&mut unknown), 417, "expectation_failed");
    let mut too_large = ask("1.1", "100-continue", "Content-Length: 65537");
    expect_last(wire::read_answer(&mut too_large), 413, "body_too_large");
}

#[test]
fn a_connection_is_kept_or_closed_as_the_client_asks() {
    let shop = Shop::open();
    let kept = |version: &str, headers: &str| {
        let request = format!("GET /healthz HTTP/{version}\r\nHost: shop\r\n{headers}\r\n");
        let mut stream = wire::connect(&shop.base);
        stream.write_all(request.as_bytes()).unwrap();
        let answer = wire::read_answer(&mut stream).expect(200);
        stream.write_all(request.as_bytes()).unwrap();
        let kept = stream.read(&mut [0; 1]).is_ok_and(|count| count == 1);
        (kept, answer.header("Connection").map(str::to_owned))
    };
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(kept("1.1", ""), (true, says("keep-alive")));
    assert_eq!(kept("1.1", "Connection: keep-alive\r\n"), (true, says("keep-alive")));
    assert_eq!(kept("1.1", "Connection: close\r\n"), (false, says("close")));
    assert_eq!(kept("1.1", "connection: TE, Close\r\n"), (false, says("close")));
    assert_eq!(kept("1.0", ""), (false, says("close")));
    // A client of HTTP/1.0 that is not told so waits for the end of the connection.
    assert_eq!(kept("1.0", "Connection: Keep-Alive\r\n"), (true, says("keep-alive")));
}

#[test]
fn an_offer_to_speak_another_protocol_is_ignored() {
    let shop = Shop::open();
    let request = b"GET /healthz HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, HTTP2-Settings\r\n\
        Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
    let answer = wire::exchange_one(&shop.base, request).expect(200);
    assert_eq!(answer.header("Upgrade"), None);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    expect_last(wire::exchange_one(&shop.base, preface), 505, "http_version_not_supported");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let shop = Shop::open();
    let slow_then_fast = [
        sign_up("X-Request-Id: first\r\n", CUSTOMER),
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: second\r\n\r\n".to_vec(),
        sign_up("X-Request-Id: third\r\n", "{}"),
        b"GET /nowhere HTTP/1.1\r\nHost: shop\r\nX-Request-Id: fourth\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: never\r\n\r\n".to_vec(),
    ];
    let answers = wire::exchange(&shop.base, &slow_then_fast.concat());
    assert_eq!(statuses(&answers), [201, 200, 422, 404]);
    let ids: Vec<_> = answers.iter().map(|answer| answer.header("X-Request-Id").unwrap()).collect();
    assert_eq!(ids, ["first", "second", "third", "fourth"]);
}

fn statuses(answers: &[RawAnswer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

fn customers(shop: &Shop) -> usize {
    let list = shop.staff().get("/customers?limit=100").expect(200);
    list.body["data"].as_array().expect("a list").len()
}
