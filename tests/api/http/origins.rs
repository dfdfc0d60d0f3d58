//! Browsers whose pages come from other origins. What a browser makes of it is for scripts/judge, which has one.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::json;
use storekeeper::http::{self, Listener};
use storekeeper::listeners;

use super::{concrete, paths, sign_up};
use crate::client::{Answer, Client};
use crate::harness::Shop;
use crate::wire::{self, RawAnswer};

const FRONT: &str = "https://front.example";
const LOCAL: &str = "http://localhost:5173";
const SETTING: &str = "STOREKEEPER_ALLOWED_ORIGINS";

fn open() -> Shop {
    Shop::open_with(&[(SETTING, "https://front.example, http://localhost:5173")])
}

fn from(client: &Client, origin: &str, method: &str, path: &str) -> Answer {
    client.request(method, path).header("Origin", origin).send()
}

fn preflight(client: &Client, origin: &str, method: &str, path: &str) -> Answer {
    let request = client.request("OPTIONS", path).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", method);
    request.header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key").send()
}

fn cors(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(String::as_str).filter(|name| name.starts_with("access-control-")).collect()
}

fn list(header: Option<&str>) -> BTreeSet<String> {
    header.unwrap_or("").split(", ").map(str::to_ascii_lowercase).collect()
}

#[track_caller]
fn check_readable(answer: &Answer, origin: &str) {
    let said = format!("{} {:?}", answer.request, answer.headers);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(origin), "{said}");
    assert!(answer.header("Vary").is_some_and(|vary| vary.ends_with("Origin")), "{said}");
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), None, "{said}");
    let exposed = list(answer.header("Access-Control-Expose-Headers"));
    for header in ["location", "etag", "retry-after", "x-request-id", "idempotency-replayed", "allow"] {
        assert!(exposed.contains(header), "{header}: {said}");
    }
}

#[test]
fn without_the_setting_no_page_of_another_origin_reads_anything() {
    let shop = Shop::open();
    for path in ["/products", "/nowhere", "/orders"] {
        let answer = from(&shop.anyone(), FRONT, "GET", path);
        assert_eq!((cors(&answer), answer.header("Vary")), (vec![], None), "{path}");
    }
    let asked = preflight(&shop.anyone(), FRONT, "POST", "/orders").expect(204);
    assert_eq!((cors(&asked), asked.header("Vary")), (vec![], None));
    preflight(&shop.anyone(), FRONT, "POST", "/nowhere").expect(404);
}

#[test]
fn an_allowed_page_reads_every_answer_of_every_route() {
    let shop = open();
    let staff = shop.staff();
    shop.product(&staff, 1);
    for origin in [FRONT, LOCAL] {
        for client in [&staff, &shop.anyone(), &shop.with_token("nonsense")] {
            for (path, _) in paths() {
                for method in ["GET", "HEAD", "PATCH", "BREW"] {
                    check_readable(&from(client, origin, method, &concrete(path)), origin);
                }
            }
        }
        check_readable(&from(&staff, origin, "GET", "/nowhere").expect(404), origin);
        check_readable(&from(&staff, origin, "GET", "/products?limit=0").expect(422), origin);
    }
    // Also what it may keep.
    let read = from(&staff, FRONT, "GET", "/products/1").expect(200);
    let again =
        staff.request("GET", "/products/1").header("Origin", FRONT).header("If-None-Match", read.etag());
    check_readable(&again.send().expect(304), FRONT);
}

#[test]
fn a_page_that_is_not_allowed_gets_no_word_of_it() {
    let shop = open();
    for origin in [
        "https://evil.example",
        "https://front.example.evil.example",
        "https://front.example:8443",
        "http://front.example",
        "https://FRONT.example",
        "https://front.example/",
        "null",
        "*",
        "",
        "https://front.example, http://localhost:5173",
    ] {
        for answer in [
            from(&shop.anyone(), origin, "GET", "/products").expect(200),
            from(&shop.anyone(), origin, "GET", "/orders").expect(401),
            preflight(&shop.anyone(), origin, "GET", "/products").expect(204),
            preflight(&shop.anyone(), origin, "GET", "/nowhere").expect(404),
        ] {
            assert_eq!((cors(&answer), answer.header("Vary")), (vec![], Some("Origin")), "{origin:?}");
        }
    }
    let alone = shop.anyone().get("/products").expect(200);
    assert_eq!((cors(&alone), alone.header("Vary")), (vec![], Some("Origin")));
}

#[test]
fn with_a_star_every_page_may_read() {
    let shop = Shop::open_with(&[(SETTING, "*")]);
    for origin in [FRONT, "null", "https://anything.example:1"] {
        check_readable(&from(&shop.anyone(), origin, "GET", "/products"), "*");
        let asked = preflight(&shop.anyone(), origin, "POST", "/orders").expect(204);
        assert_eq!(asked.header("Access-Control-Allow-Origin"), Some("*"));
        // A star there would not stand for Authorization.
        assert!(list(asked.header("Access-Control-Allow-Headers")).contains("authorization"));
    }
}

#[test]
fn a_preflight_is_answered_from_the_table_of_routes() {
    let shop = open();
    for (path, routes) in paths() {
        let mut methods: BTreeSet<String> = routes.iter().map(|route| route.method.to_lowercase()).collect();
        if methods.contains("get") {
            methods.insert("head".into());
        }
        methods.insert("options".into());
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let asked = preflight(&shop.anyone(), FRONT, method, &concrete(path)).expect(204);
            assert_eq!(list(asked.header("Access-Control-Allow-Methods")), methods, "{path}");
            assert_eq!(asked.header("Access-Control-Allow-Origin"), Some(FRONT));
            assert_eq!(asked.header("Vary"), Some("Origin"));
            assert_eq!(asked.header("Access-Control-Max-Age"), Some("7200"));
            assert_eq!(asked.header("Access-Control-Allow-Credentials"), None);
            let headers = list(asked.header("Access-Control-Allow-Headers"));
            let needed = [
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "x-request-id",
            ];
            assert!(needed.iter().all(|header| headers.contains(*header)), "{headers:?}");
        }
        // Who asks for no page is answered as ever.
        let asked = from(&shop.anyone(), FRONT, "OPTIONS", &concrete(path)).expect(204);
        assert_eq!(list(asked.header("Allow")), methods);
        assert_eq!(asked.header("Access-Control-Allow-Methods"), None);
        check_readable(&asked, FRONT);
    }
    // Told no, the page would never see what the 404 names.
    let asked = preflight(&shop.anyone(), FRONT, "POST", "/users").expect(204);
    let methods = list(asked.header("Access-Control-Allow-Methods"));
    assert!(
        ["get", "post", "put", "patch", "delete"].iter().all(|method| methods.contains(*method)),
        "{methods:?}"
    );
    shop.anyone().request("OPTIONS", "/users").send().expect(404);
}

#[test]
fn preflights_ask_nothing_of_the_database_and_count_as_reads() {
    let shop = Shop::open_with(&[
        (SETTING, FRONT),
        ("STOREKEEPER_NETWORK_WRITES_PER_MINUTE", "1"),
        ("STOREKEEPER_NETWORK_REQUESTS_PER_MINUTE", "20"),
        ("STOREKEEPER_DATABASE_CONNECTIONS", "1"),
    ]);
    let _taken = shop.app.pool.take().unwrap();
    let client = shop.with_token("a token that nobody looks at");
    for _ in 0..20 {
        preflight(&client, FRONT, "POST", "/orders").expect(204);
    }
    let refused = preflight(&client, FRONT, "POST", "/orders").expect_problem(429, "rate_limited");
    check_readable(&refused, FRONT);
    check_readable(&from(&client, FRONT, "GET", "/products").expect_problem(429, "rate_limited"), FRONT);
}

#[track_caller]
fn check_refusal(answer: RawAnswer, status: u16) {
    let answer = answer.expect(status);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(FRONT), "{status}: {:?}", answer.headers);
    assert_eq!(answer.header("Vary"), Some("Origin"), "{status}");
    assert!(answer.header("Access-Control-Expose-Headers").is_some(), "{status}");
}

#[test]
fn a_page_reads_why_its_request_was_not_even_read() {
    let shop = open();
    let exchange = |request: &[u8]| wire::exchange_one(&shop.base, request);
    let get = |target: &str, headers: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: shop\r\norigin:{FRONT}\r\n{headers}\r\n").into_bytes()
    };
    let origin = format!("Origin: {FRONT}\r\n");
    check_refusal(exchange(&get("/products", &"X-Many: y\r\n".repeat(80))), 431);
    check_refusal(exchange(&get("/products", &format!("X-Large: {}\r\n", "y".repeat(40_000)))), 431);
    check_refusal(exchange(&get(&format!("/{}", "x".repeat(9000)), "")), 414);
    let posted = |headers: &str| {
        format!("POST /customers HTTP/1.1\r\nHost: shop\r\n{origin}{headers}\r\n").into_bytes()
    };
    check_refusal(exchange(&posted("Content-Length: 99999999\r\n")), 413);
    check_refusal(exchange(&posted("Transfer-Encoding: gzip\r\n")), 501);
    check_refusal(exchange(&posted("Content-Length: 2\r\nExpect: tea\r\n")), 417);
    check_refusal(exchange(&[posted("Transfer-Encoding: chunked\r\n"), b"zz\r\n".to_vec()].concat()), 400);
    check_refusal(exchange(&[posted("Transfer-Encoding: chunked\r\n"), b"fffff\r\n".to_vec()].concat()), 413);
    check_refusal(exchange(&sign_up(&origin, "{")), 400);
    let mut slow = wire::connect(&shop.base);
    slow.write_all(&posted("Content-Length: 10\r\n")).unwrap();
    check_refusal(wire::read_answer(&mut slow), 408);
    // And a page of another origin does not, whatever it writes into the body.
    let other = format!(
        "POST /customers HTTP/1.1\r\nHost: shop\r\nOrigin: https://evil.example\r\nContent-Length: 99999999\r\n\r\n{origin}"
    );
    assert_eq!(exchange(other.as_bytes()).expect(413).header("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_page_that_is_turned_away_at_the_door_reads_why() {
    let shop = Shop::open_with(&[(SETTING, FRONT), ("STOREKEEPER_MAX_CONNECTIONS", "1")]);
    let mut held = wire::connect(&shop.base);
    held.write_all(b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n").unwrap();
    wire::read_answer(&mut held).expect(200);
    let request = format!("GET /products HTTP/1.1\r\nHost: shop\r\nOrigin: {FRONT}\r\n\r\n");
    // Its request may come too late to be looked at.
    let allowed = (0..50).any(|_| {
        let refused = wire::exchange_one(&shop.base, request.as_bytes()).expect_problem(503, "busy");
        refused.header("Access-Control-Allow-Origin") == Some(FRONT)
    });
    assert!(allowed);
}

#[test]
fn no_page_reads_what_is_for_the_machine_itself() {
    let shop = Shop::open_with(&[(SETTING, "*")]);
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap(), 0o600).unwrap();
    let server =
        http::start(listener, listeners::INTERNAL_LIMITS, listeners::internal_application(&shop.app))
            .unwrap();
    let client = Client::new(&format!("http://{}", server.address), None);
    for (method, path) in [("GET", "/healthz"), ("OPTIONS", "/readyz"), ("GET", "/nowhere")] {
        assert_eq!(cors(&from(&client, FRONT, method, path)), [""; 0], "{path}");
    }
    server.stop();
}

#[test]
fn a_page_orders_once_and_reads_what_it_needs_to() {
    let shop = open();
    let product = shop.product(&shop.staff(), 1);
    let guest = shop.guest().client;
    let order = |key: &str, quantity: u32| {
        let body = json!({"items": [{"product_id": product, "quantity": quantity}]});
        let request = guest.request("POST", "/orders").header("Origin", FRONT).header("Idempotency-Key", key);
        request.json(body).send()
    };
    for replayed in [None, Some("true")] {
        let placed = order("basket-1", 1).expect(201);
        check_readable(&placed, FRONT);
        assert_eq!(placed.header("Idempotency-Replayed"), replayed);
        assert!(placed.header("Location").is_some() && placed.header("ETag").is_some());
    }
    check_readable(&order("basket-2", 1).expect_problem(409, "out_of_stock"), FRONT);
}
