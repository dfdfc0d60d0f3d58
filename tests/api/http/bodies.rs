//! Bodies: their size, their type and their JSON, the same for every route that takes one.

use serde_json::{Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::route::Route;

use super::{CUSTOMER, check_alive, concrete, sign_up, sign_up_framed};
use crate::client::Client;
use crate::harness::Shop;
use crate::wire;

/// What the README promises.
const BODY_BYTES_MAX: usize = 64 * 1024;

fn routes_with_a_body() -> impl Iterator<Item = &'static Route> {
    // A file is no JSON.
    ROUTES.iter().filter(|route| ["POST", "PUT", "PATCH"].contains(&route.method) && !route.takes_file)
}

fn send(caller: &Client, route: &Route, content_type: Option<&str>, body: &[u8]) -> crate::client::Answer {
    let path = concrete(route.path);
    let request = caller.request(route.method, &path);
    let request = match content_type {
        Some(content_type) => request.header("Content-Type", content_type),
        None => request,
    };
    request.bytes(body.to_vec()).send()
}

#[test]
fn a_body_of_64_kib_is_taken_and_one_more_byte_is_not() {
    let shop = Shop::open();
    let padded = |length: usize| CUSTOMER.to_owned() + &" ".repeat(length - CUSTOMER.len());
    let sent = |length: usize| wire::exchange_one(&shop.base, &sign_up("", &padded(length)));
    sent(BODY_BYTES_MAX).expect(201);
    sent(BODY_BYTES_MAX + 1).expect_problem(413, "body_too_large");
    let chunked = |length: usize| {
        let body = padded(length);
        let (half, rest) = body.split_at(length / 2);
        let chunks = format!("{:x}\r\n{half}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", half.len(), rest.len());
        wire::exchange_one(&shop.base, &sign_up_framed("Transfer-Encoding: chunked", chunks.as_bytes()))
    };
    chunked(BODY_BYTES_MAX).expect(201);
    chunked(BODY_BYTES_MAX + 1).expect_problem(413, "body_too_large");
}

#[test]
fn every_route_that_takes_a_body_takes_json_only() {
    let shop = Shop::open();
    let staff = shop.staff();
    for route in routes_with_a_body() {
        for content_type in
            [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json")]
        {
            let answer = send(&staff, route, content_type, b"{}");
            answer.expect_problem(415, "unsupported_media_type");
        }
    }
}

#[test]
fn the_content_type_may_have_parameters_and_capitals() {
    let shop = Shop::open();
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8 ",
        "application/json;charset=\"utf-8\";",
    ] {
        let request = shop.anyone();
        let request = request.request("POST", "/customers").header("Content-Type", content_type);
        request.bytes(CUSTOMER.into()).send().expect(201);
    }
}

#[test]
fn every_route_that_takes_a_body_takes_it_in_utf_8_and_as_it_is() {
    let shop = Shop::open();
    let staff = shop.staff();
    let charsets = ["latin1", "ISO-8859-1", "\"utf-16\"", "utf-7", "", "utf-8; charset=latin1"];
    for route in routes_with_a_body() {
        for charset in charsets {
            let content_type = format!("application/json; q=1;  Charset={charset}");
            send(&staff, route, Some(&content_type), b"{}").expect_problem(415, "unsupported_media_type");
        }
        for encoding in ["gzip", "GZIP", "br", "identity, gzip", "unheard-of"] {
            let request = staff.request(route.method, &concrete(route.path));
            let request = request.header("Content-Type", "application/json").bytes(b"{}".to_vec());
            let answer = request.header("Content-Encoding", encoding).send();
            answer.expect_problem(415, "unsupported_media_type");
        }
    }
    let plain = sign_up("Content-Encoding: identity\r\n", CUSTOMER);
    wire::exchange_one(&shop.base, &plain).expect(201);
}

#[test]
fn what_is_wrong_in_thousands_of_places_is_named_in_a_few() {
    let shop = Shop::open();
    let fields: Vec<String> = (0..5000).map(|n| format!("\"f{n}\":1")).collect();
    let body = format!("{{{}}}", fields.join(","));
    assert!(body.len() < BODY_BYTES_MAX);
    let answer = wire::exchange_one(&shop.base, &sign_up("", &body)).expect_problem(422, "invalid_fields");
    let problem = answer.json();
    let (named, detail) = (problem["errors"].as_array().unwrap().len(), problem["detail"].as_str().unwrap());
    // The three that are missing, and those that are not known.
    assert_eq!(named, 3 + 20);
    assert!(detail.contains(" 4980 more"), "{detail}");
    assert!(answer.body.len() < 10 * 1024, "{} bytes", answer.body.len());
}

#[test]
fn every_route_that_takes_a_body_refuses_what_is_not_json() {
    let shop = Shop::open();
    let staff = shop.staff();
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let bad: [(&[u8], u16, &str); 12] = [
        (b"{", 400, "malformed_json"),
        (b"{} {}", 400, "malformed_json"),
        (b"{\"a\":}", 400, "malformed_json"),
        (b"{'a':1}", 400, "malformed_json"),
        (b"{\"a\":NaN}", 400, "malformed_json"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", 400, "malformed_json"),
        (b"{\"a\":\"\\ud800\"}", 400, "malformed_json"),
        (deep.as_bytes(), 400, "malformed_json"),
        (b"{\"a\":\"caf\xe9\"}", 400, "invalid_utf8"),
        (b"{\"a\":1,\"a\":1}", 400, "duplicate_key"),
        (b"{\"a\":[{\"b\":1,\"\\u0062\":2}]}", 400, "duplicate_key"),
        (b"[]", 422, "invalid_fields"),
    ];
    for route in routes_with_a_body() {
        for (body, status, code) in bad {
            send(&staff, route, Some("application/json"), body).expect_problem(status, code);
        }
    }
    check_alive(&shop);
}

#[test]
fn a_body_that_is_json_but_no_object_is_told_so() {
    let shop = Shop::open();
    for body in [json!([]), json!("text"), json!(1.5), json!(true), Value::Null, json!([{"name": "Ada"}])] {
        shop.anyone().post("/customers", body).expect_bad_fields(&[("", "wrong_type")]);
    }
}

#[test]
fn an_empty_body_is_refused_where_one_is_needed() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    let empty = anyone.request("POST", "/customers").header("Content-Type", "application/json");
    empty.bytes(Vec::new()).send().expect_problem(400, "malformed_json");
    anyone.request("POST", "/customers").send().expect_problem(415, "unsupported_media_type");
}

#[test]
fn a_body_that_nobody_asked_for_is_read_over() {
    let shop = Shop::open();
    let requests = b"GET /healthz HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\nnot JSON!\
        GET /products HTTP/1.1\r\nHost: shop\r\n\r\n";
    let answers = wire::exchange(&shop.base, requests);
    let [health, products] = <[_; 2]>::try_from(answers).expect("two answers");
    assert_eq!(health.expect(200).json()["status"], "ok");
    assert_eq!(products.expect(200).json()["data"], json!([]));
}
