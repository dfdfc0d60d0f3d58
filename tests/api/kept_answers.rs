//! What is stored under Idempotency-Keys: how much of it for one customer, and that no secret is.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::api_key::KeyScope;

use crate::access::{World, body_of, expired_token, key_with};
use crate::client::{Answer, Client};
use crate::dialects::numbers;
use crate::fixtures::{items_json, unique};
use crate::harness::{STAFF_PASSWORD, Shop};

const FULL: &str = "too_many_idempotency_keys";

/// An order that is answered with some 400 bytes and its note.
fn order(product: u64, note_bytes: usize) -> Value {
    json!({"items": items_json(&[(product, 1)]), "note": "n".repeat(note_bytes)})
}

fn kept(shop: &Shop, customer_id: u64) -> (u64, u64) {
    let sql = "SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM idempotency_keys WHERE caller = ?";
    shop.sql().exec_first(sql, (format!("customer:{customer_id}"),)).unwrap().unwrap()
}

#[track_caller]
fn expect_replay(answer: Answer, id: u64) {
    let answer = answer.expect(201);
    assert_eq!((answer.id(), answer.header("Idempotency-Replayed")), (id, Some("true")));
}

#[test]
fn beyond_the_limit_a_customers_new_key_waits_and_the_old_ones_keep_their_answers() {
    let shop = Shop::open_with(&[("STOREKEEPER_CALLER_KEPT_ANSWERS", "3")]);
    let (staff, ada, grace) = (shop.staff(), shop.guest(), shop.guest());
    let body = order(shop.product(&staff, 100), 1);
    let place = |client: &Client, key: &str| client.post_once(key, "/orders", body.clone());
    let mut first = Vec::new();
    for key in ["a", "b", "c"] {
        first.push(place(&ada.client, key).expect(201).id());
        shop.app.clock.advance(Duration::hours(1));
    }
    let refused = place(&ada.client, "d").expect_problem(429, FULL);
    let wait_s: i64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((68 * 3600..=69 * 3600).contains(&wait_s), "{wait_s}");
    for (key, id) in ["a", "b", "c"].into_iter().zip(&first) {
        expect_replay(place(&ada.client, key), *id);
    }
    // A key that has an answer goes on being that request's.
    let other = json!({"items": []});
    ada.client.post_once("a", "/orders", other).expect_problem(422, "idempotency_key_reused");
    assert_eq!(kept(&shop, ada.id).0, 3);
    ada.client.post("/orders", body.clone()).expect(201);
    place(&grace.client, "d").expect(201);
    let mut of_ada = body.clone();
    of_ada["customer_id"] = json!(ada.id);
    let program = key_with(&shop, &staff, &["orders:write"]);
    for number in 0..5 {
        staff.post_once(&format!("key-{number}"), "/orders", of_ada.clone()).expect(201);
        program.post_once(&format!("key-{number}"), "/orders", of_ada.clone()).expect(201);
    }
    shop.app.clock.advance(Duration::seconds(wait_s));
    place(&ada.client, "d").expect(201);
    place(&ada.client, "e").expect_problem(429, FULL);
}

#[test]
fn the_bytes_that_are_kept_for_a_customer_are_bounded_too() {
    let shop =
        Shop::open_with(&[("STOREKEEPER_CALLER_KEPT_KIB", "4"), ("STOREKEEPER_CALLER_KEPT_ANSWERS", "0")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let body = order(shop.product(&staff, 100), 900);
    let mut answers = 0;
    let refused = loop {
        let answer = guest.client.post_once(&unique("key"), "/orders", body.clone());
        match answer.status {
            201 => answers += 1,
            _ => break answer.expect_problem(429, FULL),
        }
    };
    assert!(refused.header("Retry-After").is_some());
    let (count, bytes) = kept(&shop, guest.id);
    assert!(count == answers && answers == 4 && (4096..4096 + 1400).contains(&bytes), "{count} {bytes}");
    guest.client.post("/orders", body).expect(201);
}

#[test]
fn with_0_nothing_is_counted() {
    let shop =
        Shop::open_with(&[("STOREKEEPER_CALLER_KEPT_KIB", "0"), ("STOREKEEPER_CALLER_KEPT_ANSWERS", "0")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let filling = format!("INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
         SELECT ?, CONCAT('old-', seq), REPEAT('x', 32), 200, '/', REPEAT('x', 1000), NOW(6) FROM {} n", numbers(2000));
    shop.sql().exec_drop(filling, (format!("customer:{}", guest.id),)).unwrap();
    guest.client.post_once("a-key", "/orders", order(shop.product(&staff, 9), 1)).expect(201);
}

#[test]
fn by_default_a_thousand_answers_are_kept_for_a_customer() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let body = order(shop.product(&staff, 9), 1);
    let filling = format!("INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
         SELECT ?, CONCAT('old-', seq), REPEAT('x', 32), 200, '/', REPEAT('x', 700), NOW(6) FROM {} n", numbers(999));
    shop.sql().exec_drop(filling, (format!("customer:{}", guest.id),)).unwrap();
    guest.client.post_once("the-last", "/orders", body.clone()).expect(201);
    guest.client.post_once("one-more", "/orders", body).expect_problem(429, FULL);
}

/// Who comes at once is counted by what was kept when they came. A change has one of half of the connections.
#[test]
fn a_crowd_of_one_customer_overshoots_by_no_more_than_works_at_once() {
    const LIMIT: u64 = 10;
    let shop = Shop::open_with(&[
        ("STOREKEEPER_CALLER_KEPT_ANSWERS", "10"),
        ("STOREKEEPER_DATABASE_CONNECTIONS", "8"),
    ]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let body = order(shop.product(&staff, 1000), 1);
    let placed = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let client = shop.with_token(guest.client.token());
                for _ in 0..10 {
                    match client.post_once(&unique("key"), "/orders", body.clone()).status {
                        201 => drop(placed.fetch_add(1, Ordering::Relaxed)),
                        status => assert_eq!(status, 429),
                    }
                }
            });
        }
    });
    let (count, _) = kept(&shop, guest.id);
    assert_eq!(count, u64::from(placed.into_inner()));
    assert!((LIMIT..LIMIT + 4).contains(&count), "{count}");
}

#[test]
fn answers_that_a_clock_far_ahead_has_dated_hold_nobody_back_once_it_is_right() {
    let shop = Shop::open_with(&[("STOREKEEPER_CALLER_KEPT_ANSWERS", "2")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let body = order(shop.product(&staff, 100), 1);
    let place = |key: &str| guest.client.post_once(key, "/orders", body.clone());
    shop.app.clock.advance(Duration::days(365));
    let ahead = shop.guest();
    let placed: Vec<u64> = ["a", "b"]
        .into_iter()
        .map(|key| ahead.client.post_once(key, "/orders", body.clone()).expect(201).id())
        .collect();
    ahead.client.post_once("c", "/orders", body.clone()).expect_problem(429, FULL);
    shop.app.clock.advance(Duration::days(-365));
    expect_replay(ahead.client.post_once("a", "/orders", body.clone()), placed[0]);
    ahead.client.post_once("c", "/orders", body.clone()).expect(201);
    place("a").expect(201);
}

/// The largest body that a customer gets kept: every list and text as long as it may be.
#[test]
fn one_answer_of_a_customer_is_bounded() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    // Four bytes a character.
    let name = |number: usize| format!("{number}{}", "\u{1F6D2}".repeat(200 - number.to_string().len()));
    let products: Vec<(u64, i64)> = (0..100)
        .map(|number| {
            let body = json!({"name": name(number), "price": "10000.00", "stock": 100_000});
            (staff.post("/products", body).expect(201).id(), 100_000)
        })
        .collect();
    let body = json!({
        "items": items_json(&products),
        "shipping_address": "\u{1F6D2}".repeat(500),
        "note": "\u{1F6D2}".repeat(1000),
    });
    guest.client.post_once("the-largest", "/orders", body).expect(201);
    let (_, bytes) = kept(&shop, guest.id);
    assert!((90_000..110_000).contains(&bytes), "{bytes}");
}

/// What is shown once and never stored, wherever it stands in an answer.
fn secrets(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if ["token", "key", "password", "secret"].contains(&name.as_str()) => {
                    vec![text.clone()]
                }
                value => secrets(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(secrets).collect(),
        _ => Vec::new(),
    }
}

fn rows(shop: &Shop) -> Vec<u64> {
    let tables = ["customers", "accounts", "sessions", "api_keys", "idempotency_keys"];
    let count = |table| shop.sql().query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap();
    tables.into_iter().map(count).collect()
}

#[test]
fn whatever_opens_a_session_refuses_a_key_and_nothing_that_is_kept_holds_a_secret() {
    let shop = Shop::open();
    let world = World::new(&shop, &expired_token(&shop));
    let scopes: Vec<&str> = KeyScope::ALL.iter().map(|scope| scope.text()).collect();
    let program = key_with(&shop, &world.staff, &scopes);
    let clerk = shop.clerk();
    let anyone = shop.anyone();
    let callers = [
        ("anyone", &anyone),
        ("guest", &world.guest.client),
        ("customer", &world.own.client),
        ("clerk", &clerk),
        ("manager", &world.staff),
        ("program", &program),
    ];
    let mut refused = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method == "POST") {
        for (name, caller) in callers {
            let path = world.path(route.path);
            let body = || body_of(&world, route.method, route.path).unwrap_or(json!({}));
            let shown = secrets(&caller.post(&path, body()).body);
            let shown_once = match route.path {
                "/api_keys" => "key",
                path if path.starts_with("/webhooks") => "secret",
                _ => "",
            };
            if !shown_once.is_empty() && !shown.is_empty() {
                let key = unique("key");
                let [first, again] = [(); 2].map(|()| caller.post_once(&key, &path, body()));
                let [first, again] = [first, again].map(|answer| {
                    let success = if route.path.contains("{id}") { 200 } else { 201 };
                    answer.expect(success)
                });
                assert!(
                    first.body[shown_once].is_string() && again.body[shown_once].is_null(),
                    "{}",
                    again.text
                );
                assert_eq!((first.id(), again.header("Idempotency-Replayed")), (again.id(), Some("true")));
                continue;
            }
            let before = rows(&shop);
            let answer = caller.post_once(&unique("key"), &path, body());
            let code = answer.body["code"].as_str().unwrap_or("");
            let refuses = ["idempotency_key_needs_login", "invalid_idempotency_key"].contains(&code);
            assert_eq!(refuses, !shown.is_empty(), "{} as {name}: {}", route.path, answer.text);
            if refuses {
                assert_eq!((answer.status, rows(&shop)), (400, before), "{} as {name}", route.path);
                refused.push((route.path, name, code.to_owned()));
            }
        }
    }
    let expected = [("/customers", "anyone"), ("/customers", "guest"), ("/customers", "customer")];
    let needs_login = refused.iter().filter(|(.., code)| code == "idempotency_key_needs_login");
    assert_eq!(needs_login.map(|(path, name, _)| (*path, *name)).collect::<Vec<_>>(), expected);
    assert_eq!(refused.iter().filter(|(path, ..)| *path == "/sessions").count(), callers.len());

    let bodies: Vec<String> = shop.sql().query("SELECT body FROM idempotency_keys").unwrap();
    assert!(bodies.len() > 10, "{}", bodies.len());
    for body in bodies {
        let parsed: Value = serde_json::from_str(&body).unwrap();
        assert!(secrets(&parsed).is_empty() && !body.contains(STAFF_PASSWORD), "{body}");
    }
}
