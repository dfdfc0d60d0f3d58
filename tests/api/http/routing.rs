//! Paths, methods and queries, and the headers that all answers carry. Expectations come from the
//! table of routes.

use std::collections::BTreeSet;

use serde_json::json;

use super::{concrete, paths};
use crate::client::Answer;
use crate::harness::Shop;
use crate::wire;

fn allowed(answer: &Answer) -> BTreeSet<&str> {
    let allow = answer.header("Allow").unwrap_or_else(|| panic!("no Allow: {}", answer.request));
    let methods: Vec<&str> = allow.split(", ").collect();
    let set = BTreeSet::from_iter(methods.iter().copied());
    assert_eq!(methods.len(), set.len(), "a method appears twice in {allow}");
    set
}

#[test]
fn a_path_tells_its_methods_to_whoever_asks_or_errs() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    for (path, routes) in paths() {
        let mut methods: BTreeSet<&str> = routes.iter().map(|route| route.method).collect();
        if methods.contains("GET") {
            methods.insert("HEAD");
        }
        methods.insert("OPTIONS");
        let options = anyone.request("OPTIONS", &concrete(path)).send().expect(204);
        assert_eq!(allowed(&options), methods);
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "get"] {
            if !methods.contains(method) {
                let answer = anyone.request(method, &concrete(path)).send().expect(405);
                assert_eq!(allowed(&answer), methods, "{}", answer.request);
            }
        }
    }
}

#[test]
fn head_answers_like_get_without_a_body() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.customer_with_account().0);
    shop.product(&staff, 1);
    guest.client.order(&[(1, 1)]).expect(201);
    for (path, routes) in paths() {
        if !routes.iter().any(|route| route.method == "GET") {
            continue;
        }
        let comparable = |answer: &Answer| {
            let differs = |name: &str| ["date", "x-request-id"].contains(&name);
            let mut headers: Vec<_> = answer.headers.clone().into_iter().collect();
            headers.retain(|(name, _)| !differs(name));
            headers.sort();
            (answer.status, headers)
        };
        for caller in [&shop.anyone(), &staff] {
            let got = caller.get(&concrete(path));
            let head = caller.request("HEAD", &concrete(path)).send();
            assert_eq!(comparable(&head), comparable(&got), "{path}");
            assert_eq!(head.text, "", "{path}");
            assert!(head.header("Content-Length").is_some(), "{path}");
        }
    }
    // A client library may hide a body after a HEAD; bytes do not.
    let bytes = wire::exchange_bytes(&shop.base, b"HEAD /products HTTP/1.1\r\nHost: shop\r\n\r\n");
    let (head, rest) = wire::parse_answer_head(&bytes).expect("a head");
    assert_eq!((head.status, rest), (200, &b""[..]));
}

#[test]
fn unknown_and_odd_paths_are_not_found() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.product(&staff, 1);
    staff.get("/products/1").expect(200);
    for path in [
        "//",
        "/nowhere",
        "/products/",
        "//products",
        "/products//1",
        "/products/1/",
        "/products/1/2",
        "/products%2F1",
        "/products/%31",
        "/%70roducts/1",
        "/PRODUCTS/1",
        "/./products/1",
        "/customers/../products/1",
        "/products/0",
        "/products/01",
        "/products/-1",
        "/products/+1",
        "/products/1.0",
        "/products/1e0",
        "/products/x",
        "/products/%00",
        "/products/1;v=2",
        "/products/9223372036854775807",
        "/products/9223372036854775808",
        "/products/18446744073709551617",
        "/products/340282366920938463463374607431768211457",
        "/sessions/now",
        "/customers/current",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n");
        let answer = wire::exchange_one(&shop.base, request.as_bytes());
        answer.expect_problem(404, "not_found");
    }
    for target in [
        "*",
        "products",
        "shop:80",
        "http:",
        "http://",
        "http:///products",
        "https://?/products",
        "ftp://shop/products",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n");
        wire::exchange_one(&shop.base, request.as_bytes()).expect_problem(404, "not_found");
    }
}

#[test]
fn a_target_may_be_the_whole_address() {
    let shop = Shop::open();
    for target in
        ["http://shop/products?limit=1", "https://shop:8080/products?limit=1", "HTTP://shop/products?limit=1"]
    {
        let request = format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n");
        let answer = wire::exchange_one(&shop.base, request.as_bytes()).expect(200);
        assert_eq!(answer.json(), json!({"data": [], "next": null}));
    }
}

#[test]
fn a_whole_address_without_a_path_is_that_of_the_root() {
    let shop = Shop::open();
    for target in [
        "http://shop?x=/healthz",
        "http://shop?/healthz",
        "http://shop#/healthz",
        "http://shop:80?x=/healthz",
        "http://user@shop?x=/healthz",
        "http://shop",
        "http://shop/?x=/healthz",
        "http://shop//healthz",
        "http://shop/?/healthz",
        "http://shop?x=http://shop/healthz",
        "HTTPS://shop?x=/healthz",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n");
        let answer = wire::exchange_one(&shop.base, request.as_bytes());
        let is_root = !target.contains("//healthz") && !target.contains('#');
        if is_root {
            assert_eq!(answer.expect(200).json()["name"], "Storekeeper", "{target}");
        } else {
            answer.expect_problem(404, "not_found");
        }
    }
}

#[test]
fn a_query_is_read_as_it_was_meant() {
    let shop = Shop::open();
    let staff = shop.staff();
    for name in ["a=b", "two words", "one+one", "50% off", "Käse", "a&b"] {
        staff.post("/products", json!({"name": name, "price": "1"})).expect(201);
    }
    let found = |query: &str| -> Vec<String> {
        let list = shop.anyone().get(&format!("/products?{query}")).expect(200);
        let products = list.body["data"].as_array().unwrap().iter();
        products.map(|product| product["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("q=a=b"), ["a=b"]);
    assert_eq!(found("q=a%3Db"), ["a=b"]);
    assert_eq!(found("q=two+words"), ["two words"]);
    assert_eq!(found("q=two%20words"), ["two words"]);
    assert_eq!(found("q=one%2Bone"), ["one+one"]);
    assert_eq!(found("q=50%25"), ["50% off"]);
    assert_eq!(found("q=50%"), ["50% off"]);
    assert_eq!(found("q=K%C3%A4se"), ["Käse"]);
    assert_eq!(found("q=a%26b"), ["a&b"]);
    assert_eq!(found("%71=a%26b"), ["a&b"]);
    assert_eq!(found("&&q=a=b&"), ["a=b"]);
    assert_eq!(found("").len(), 6);
}

#[test]
fn a_query_that_cannot_be_meant_is_refused() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    let refused = |query: &str, expected: &[(&str, &str)]| {
        anyone.get(&format!("/products?{query}")).expect_bad_fields(expected);
    };
    refused("colour=red", &[("colour", "unknown_field")]);
    refused("limit=1&limit=1", &[("limit", "repeated")]);
    refused("limit=1&%6cimit=2", &[("limit", "repeated")]);
    refused(
        "limit=0&sort=colour&a%20b=1",
        &[("limit", "invalid_number"), ("sort", "invalid_sort"), ("a b", "unknown_field")],
    );
    refused("Limit=1", &[("Limit", "unknown_field")]);
    for query in ["q=%ff", "q=%C3", "%ff=1", "q=%ed%a0%80"] {
        anyone.get(&format!("/products?{query}")).expect_problem(400, "invalid_utf8");
    }
    // Not a percent-encoding, so it stands for itself; nothing is named like that.
    for query in ["q=%zz", "q=%", "q=%4"] {
        let list = anyone.get(&format!("/products?{query}")).expect(200);
        assert_eq!(list.body["data"], json!([]));
    }
    let not_text = anyone.get("/products?q=%00");
    assert_eq!(not_text.expect(422).body["errors"][0]["field"], "q");
}

#[test]
fn a_sane_request_id_is_kept_and_any_other_is_replaced() {
    let shop = Shop::open();
    let answered_with = |given: &str| {
        let request = format!("GET /nowhere HTTP/1.1\r\nHost: shop\r\nX-Request-Id: {given}\r\n\r\n");
        let answer = wire::exchange_one(&shop.base, request.as_bytes()).expect(404);
        answer.header("X-Request-Id").unwrap().to_owned()
    };
    let longest = "x".repeat(64);
    for sane in ["a", "0b7c4a2e-1f3d-4c5b-8a69-7e6f5d4c3b2a", "trace_1.2", &longest] {
        assert_eq!(answered_with(sane), sane);
    }
    let too_long = "x".repeat(65);
    for odd in ["", "a b", "a\"b", "<script>", "caf\u{e9}", "a=1,b=2", &too_long] {
        let id = answered_with(odd);
        assert!(id != odd && id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{odd:?}: {id:?}");
    }
    let (first, second) = (answered_with(""), answered_with(""));
    assert_ne!(first, second);
}

#[test]
fn only_the_catalogue_and_what_comes_with_the_program_may_be_kept() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.product(&staff, 1);
    for (path, routes) in paths() {
        if !routes.iter().any(|route| route.method == "GET") {
            continue;
        }
        let answer = staff.get(&concrete(path));
        let expected = match (path, answer.status) {
            ("/products" | "/products/{id}", 200) => "no-cache",
            ("/" | "/openapi.json" | "/docs" | "/docs/scalar.js", 200) => "no-cache",
            _ => "no-store",
        };
        assert_eq!(answer.header("Cache-Control"), Some(expected), "{path}");
    }
    let missing = shop.anyone().get("/products/2").expect(404);
    assert_eq!(missing.header("Cache-Control"), Some("no-store"));
}
