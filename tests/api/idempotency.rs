//! Idempotency-Key: whatever happens to the answer, the thing is made once.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::caller::Role;
use storekeeper::web::stored::stored_key;

use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, items_json};
use crate::harness::Shop;

const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn product(name: &str) -> Value {
    json!({"name": name, "price": "5.00", "stock": 10})
}

fn person(name: &str) -> Value {
    json!({"name": name, "email": "ada@example.com", "phone": "555-0100"})
}

fn account(username: &str) -> Value {
    json!({"username": username, "password": CUSTOMER_PASSWORD})
}

fn rows_in(shop: &Shop, table: &str) -> u64 {
    shop.sql().query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap()
}

#[track_caller]
fn expect_replay(again: Answer, first: &Answer) {
    let again = again.expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"), "{}", again.request);
    assert_eq!(again.text, first.text);
    for header in ["Location", "ETag", "Content-Type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
}

#[test]
fn a_step_of_an_erased_customers_order_keeps_nothing_of_them() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let id = guest.client.order(&[(shop.product(&staff, 1), 1)]).expect(201).id();
    let path = format!("/orders/{id}/cancel");
    staff.post_once("before", &path, json!({})).expect(200);
    staff.delete(&format!("/customers/{}", guest.id)).expect(204);
    // That the invariants hold is looked at when the shop closes.
    staff.post_once("late", &path, json!({})).expect(200);
}

#[test]
fn a_step_under_a_key_is_taken_once_and_told_again() {
    let shop = Shop::open_with(&[("STOREKEEPER_GUEST_OPEN_ORDERS", "0")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let shelf = shop.product(&staff, 20);
    let shipment = json!({"carrier": "Post", "tracking_number": "RR1"});
    for (number, (caller, step, body)) in [
        (&staff, "confirm", json!({})),
        (&guest.client, "cancel", json!({})),
        (&staff, "ship", shipment),
        (&staff, "deliver", json!({})),
        (&staff, "lost", json!({"note": "Not at the depot"})),
        (&staff, "returned", json!({"note": "Address unknown"})),
        (&staff, "reopen", json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let id = guest.client.order(&[(shelf, 1)]).expect(201).id();
        if ["deliver", "lost", "returned", "reopen"].contains(&step) {
            staff.post(&format!("/orders/{id}/ship"), json!({})).expect(200);
        }
        if step == "reopen" {
            staff.post(&format!("/orders/{id}/deliver"), json!({})).expect(200);
        }
        let (key, path) = (format!("{KEY}-step-{number}"), format!("/orders/{id}/{step}"));
        let first = caller.post_once(&key, &path, body.clone()).expect(200);
        assert_eq!(first.header("Idempotency-Replayed"), None, "{path}");
        let again = caller.post_once(&key, &path, body.clone()).expect(200);
        assert_eq!(again.header("Idempotency-Replayed"), Some("true"), "{path}");
        assert_eq!(again.etag(), first.etag(), "{path}");
        assert_eq!(again.text, first.text, "{path}");
        let other = format!("/orders/{}/{step}", guest.client.order(&[(shelf, 1)]).expect(201).id());
        caller.post_once(&key, &other, body).expect_problem(422, "idempotency_key_reused");
    }
    // The order that was shipped and then delivered still tells the first retry of its shipping.
    let id = guest.client.order(&[(shelf, 1)]).expect(201).id();
    let ship = || staff.post_once("ship once", &format!("/orders/{id}/ship"), json!({}));
    ship().expect_problem(400, "invalid_idempotency_key");
    let ship = || staff.post_once("ship-once", &format!("/orders/{id}/ship"), json!({}));
    let shipped = ship().expect(200).text;
    staff.post(&format!("/orders/{id}/deliver"), json!({})).expect(200);
    assert_eq!(ship().expect(200).text, shipped);
}

#[test]
fn a_key_replays_the_same_bytes_on_every_route_that_creates() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let shelf = shop.product(&staff, 10);
    let order = json!({"items": items_json(&[(shelf, 3)])});
    let cases: [(&Client, &str, Value, &str); 4] = [
        (&staff, "/products", product("Mug"), "products"),
        (&staff, "/customers", person("Ada"), "customers"),
        (&guest.client, "/customer_accounts", account("ada"), "accounts"),
        (&guest.client, "/orders", order, "orders"),
    ];
    for (number, (caller, path, body, table)) in cases.into_iter().enumerate() {
        let key = format!("{KEY}-{number}");
        let first = caller.post_once(&key, path, body.clone()).expect(201);
        assert_eq!(first.header("Idempotency-Replayed"), None, "{path}");
        let rows = rows_in(&shop, table);
        for _ in 0..2 {
            expect_replay(caller.post_once(&key, path, body.clone()), &first);
        }
        assert_eq!(rows_in(&shop, table), rows, "{path}");
    }
    let short = guest.client.order(&[(shelf, 8)]).expect_problem(409, "out_of_stock");
    assert_eq!(short.body["products"][0]["available"], 7);
}

#[test]
fn a_replay_answers_as_it_was_even_when_the_thing_has_changed() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = staff.post_once(KEY, "/products", product("Mug")).expect(201);
    let path = first.header("Location").unwrap();
    staff.patch(path, json!({"name": "Cup"})).expect(200);
    expect_replay(staff.post_once(KEY, "/products", product("Mug")), &first);
    staff.delete(path).expect(204);
    expect_replay(staff.post_once(KEY, "/products", product("Mug")), &first);
    staff.get(path).expect_problem(404, "not_found");
}

#[test]
fn a_key_used_for_another_request_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = staff.post_once(KEY, "/products", product("Mug")).expect(201);
    let reused = |path: &str, body: Value| {
        staff.post_once(KEY, path, body).expect_problem(422, "idempotency_key_reused");
    };
    reused("/products", product("Cup"));
    reused("/products", json!({"name": "Mug", "price": "5.00", "stock": 11}));
    reused("/customers", person("Ada"));
    let spaced = b"{\"name\":\"Mug\", \"price\":\"5.00\", \"stock\":10}".to_vec();
    let request = staff.request("POST", "/products").header("Idempotency-Key", KEY);
    let request = request.header("Content-Type", "application/json").bytes(spaced);
    request.send().expect_problem(422, "idempotency_key_reused");
    assert_eq!(rows_in(&shop, "products"), 1);
    assert_eq!(rows_in(&shop, "customers"), 0);
    expect_replay(staff.post_once(KEY, "/products", product("Mug")), &first);
}

#[test]
fn a_key_is_1_to_255_visible_characters() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let shelf = shop.product(&staff, 10);
    for invalid in ["", " ", "two words", "tab\tbed", &"k".repeat(256)] {
        let refused = |answer: Answer| {
            answer.expect_problem(400, "invalid_idempotency_key");
        };
        refused(staff.post_once(invalid, "/products", product("Mug")));
        refused(staff.post_once(invalid, "/customers", person("Ada")));
        refused(guest.client.post_once(invalid, "/customer_accounts", account("ada")));
        refused(guest.client.post_once(invalid, "/orders", json!({"items": items_json(&[(shelf, 1)])})));
    }
    for table in ["orders", "accounts WHERE customer_id > 0", "idempotency_keys"] {
        assert_eq!(rows_in(&shop, table), 0, "{table}");
    }
    for valid in ["k", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &"k".repeat(255)] {
        let first = staff.post_once(valid, "/products", product("Mug")).expect(201);
        expect_replay(staff.post_once(valid, "/products", product("Mug")), &first);
    }
}

#[test]
fn keys_that_differ_in_case_are_two_keys() {
    let shop = Shop::open();
    let staff = shop.staff();
    let lower = staff.post_once("key-a", "/products", product("Mug")).expect(201);
    let upper = staff.post_once("KEY-A", "/products", product("Mug")).expect(201);
    assert_ne!(lower.id(), upper.id());
}

#[test]
fn keys_belong_to_their_caller() {
    let shop = Shop::open();
    let (staff, ada, grace) = (shop.staff(), shop.guest(), shop.guest());
    let shelf = shop.product(&staff, 10);
    let order = json!({"items": items_json(&[(shelf, 1)])});
    let of_ada = ada.client.post_once(KEY, "/orders", order.clone()).expect(201);
    let of_grace = grace.client.post_once(KEY, "/orders", order.clone()).expect(201);
    assert_eq!(of_grace.header("Idempotency-Replayed"), None);
    assert_eq!(of_grace.body["customer_id"], grace.id);
    assert_ne!(of_ada.id(), of_grace.id());
    staff.post_once(KEY, "/products", product("Mug")).expect(201);
    expect_replay(ada.client.post_once(KEY, "/orders", order), &of_ada);
}

#[test]
fn a_key_is_known_in_every_session_of_its_caller() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (customer, username) = shop.customer_with_account();
    let shelf = shop.product(&staff, 10);
    let order = json!({"items": items_json(&[(shelf, 1)])});
    let first = customer.client.post_once(KEY, "/orders", order.clone()).expect(201);
    customer.client.delete("/sessions/current").expect(204);
    customer.client.post_once(KEY, "/orders", order.clone()).expect_problem(401, "unauthenticated");
    let later = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    expect_replay(later.post_once(KEY, "/orders", order), &first);
}

#[test]
fn a_key_is_forgotten_after_72_hours() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = staff.post_once(KEY, "/products", product("Mug")).expect(201);
    shop.app.clock.advance(Duration::hours(72) - Duration::minutes(5));
    expect_replay(staff.post_once(KEY, "/products", product("Mug")), &first);
    shop.app.clock.advance(Duration::minutes(5));
    let second = staff.post_once(KEY, "/products", product("Mug")).expect(201);
    assert_eq!(second.header("Idempotency-Replayed"), None);
    assert_ne!(second.id(), first.id());
    expect_replay(staff.post_once(KEY, "/products", product("Mug")), &second);

    shop.app.clock.advance(Duration::hours(72));
    staff.post_once(KEY, "/customers", person("Ada")).expect(201);
}

#[test]
fn an_expired_key_whose_new_request_fails_is_not_burnt() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let shelf = shop.product(&staff, 5);
    let order = |quantity: i64| json!({"items": items_json(&[(shelf, quantity)])});
    guest.client.post_once(KEY, "/orders", order(1)).expect(201);
    shop.app.clock.advance(Duration::hours(73));
    guest.client.post_once(KEY, "/orders", order(5)).expect_problem(409, "out_of_stock");
    let second = guest.client.post_once(KEY, "/orders", order(4)).expect(201);
    expect_replay(guest.client.post_once(KEY, "/orders", order(4)), &second);
}

#[test]
fn a_sign_up_under_a_key_is_refused_and_leaves_nobody() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    for key in [KEY, "no key", "", &"k".repeat(256)] {
        let refused = anyone.post_once(key, "/customers", person("Ada"));
        refused.expect_problem(400, "idempotency_key_needs_login");
        // Also before anything else is looked at.
        anyone.post_once(key, "/customers", json!([])).expect_problem(400, "idempotency_key_needs_login");
    }
    assert_eq!((rows_in(&shop, "customers"), rows_in(&shop, "idempotency_keys")), (0, 0));
    let mut body = person("Ada");
    body["account"] = account("ada");
    anyone.post("/customers", body).expect(201);
    anyone.post_once(KEY, "/sessions", account("ada")).expect_problem(400, "invalid_idempotency_key");
    anyone.post("/sessions", account("ada")).expect(201);
}

#[test]
fn stored_answers_hold_no_password() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    guest.client.post_once(KEY, "/customer_accounts", account("ada")).expect(201);
    let mut body = person("Grace");
    body["account"] = account("grace");
    staff.post_once(KEY, "/customers", body).expect(201);
    let answers: Vec<String> = shop.sql().query("SELECT body FROM idempotency_keys").unwrap();
    assert_eq!(answers.len(), 2);
    for answer in answers {
        for secret in [CUSTOMER_PASSWORD, "argon2", "token"] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
}

#[test]
fn a_request_that_failed_does_not_burn_its_key() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let shelf = shop.product(&staff, 5);
    let order = |quantity: i64| json!({"items": items_json(&[(shelf, quantity)])});
    let other = guest.client.post("/orders", order(3)).expect(201);
    guest.client.post_once(KEY, "/orders", order(5)).expect_problem(409, "out_of_stock");
    guest.client.post_once(KEY, "/orders", order(0)).expect_problem(422, "invalid_fields");
    guest.client.post(&format!("/orders/{}/cancel", other.id()), json!({})).expect(200);
    let placed = guest.client.post_once(KEY, "/orders", order(5)).expect(201);
    assert_eq!(placed.header("Idempotency-Replayed"), None);

    let mut with_sku = product("Mug");
    with_sku["sku"] = json!("MUG");
    let first = staff.post("/products", with_sku.clone()).expect(201);
    staff.post_once(KEY, "/products", with_sku.clone()).expect_problem(409, "sku_taken");
    staff.delete(first.header("Location").unwrap()).expect(204);
    staff.post_once(KEY, "/products", with_sku).expect(201);

    shop.add_staff("rosa", Role::Clerk);
    let key = "for-accounts";
    guest.client.post_once(key, "/customer_accounts", account("rosa")).expect_problem(409, "username_taken");
    guest.client.post_once(key, "/customer_accounts", account("ada")).expect(201);
}

#[test]
fn a_key_whose_first_request_still_runs_is_to_be_tried_again() {
    let shop = Shop::open();
    let staff = shop.staff();
    let account_id = staff.get("/sessions/current").expect(200).body["account_id"].clone();
    let mut first_request = shop.sql();
    first_request.query_drop("START TRANSACTION").unwrap();
    let claim = "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
                 VALUES (?, ?, REPEAT('x', 32), 201, '/', '', UTC_TIMESTAMP(6))";
    first_request.exec_drop(claim, (format!("staff:{account_id}"), stored_key(KEY))).unwrap();
    let refused = staff.post_once(KEY, "/products", product("Mug"));
    let refused = refused.expect_problem(409, "idempotency_key_in_use");
    assert_eq!(refused.header("Retry-After"), Some("1"));
    staff.post_once("another-key", "/products", product("Mug")).expect(201);
    first_request.query_drop("ROLLBACK").unwrap();
    staff.post_once(KEY, "/products", product("Mug")).expect(201);
}

#[test]
fn erasing_a_customer_erases_what_staff_were_answered_about_them() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelf = shop.product(&staff, 10);
    let customer = staff.post_once("customer", "/customers", person("Ada")).expect(201);
    let mut of_customer = account("ada");
    of_customer["customer_id"] = json!(customer.id());
    let account = staff.post_once("account", "/customer_accounts", of_customer.clone()).expect(201);
    let order = json!({
        "customer_id": customer.id(),
        "items": items_json(&[(shelf, 1)]),
        "shipping_address": "12 Analytical Row",
    });
    let placed = staff.post_once("order", "/orders", order.clone()).expect(201);
    let bystander = staff.post_once("bystander", "/customers", person("Grace")).expect(201);
    staff.post(&format!("/orders/{}/cancel", placed.id()), json!({})).expect(200);
    staff.delete(&format!("/customers/{}", customer.id())).expect(204);

    let told = |answer: Answer| answer.expect_problem(410, "answer_erased").body["answered"].clone();
    let made = |location: &str| json!({"status": 201, "location": location});
    let rows = || ["customers", "accounts", "orders"].map(|table| rows_in(&shop, table));
    let before = rows();
    let again = told(staff.post_once("customer", "/customers", person("Ada")));
    assert_eq!(again, made(&format!("/customers/{}", customer.id())));
    let again = told(staff.post_once("order", "/orders", order));
    assert_eq!(again, made(&format!("/orders/{}", placed.id())));
    let again = told(staff.post_once("account", "/customer_accounts", of_customer));
    assert_eq!(again, made(account.header("Location").unwrap()));
    // The digest of the request is gone too, so it cannot be told from another one.
    told(staff.post_once("account", "/customer_accounts", json!({})));
    expect_replay(staff.post_once("bystander", "/customers", person("Grace")), &bystander);
    assert_eq!(rows(), before);
    // As long as any key it is kept, and no longer.
    shop.app.clock.advance(Duration::hours(72));
    let staff = shop.staff();
    let anew = staff.post_once("customer", "/customers", person("Ada")).expect(201);
    assert_ne!(anew.id(), customer.id());
}
