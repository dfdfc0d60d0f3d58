//! A clock that runs ahead for a while and is then set right.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::handlers::{orders, sessions};
use storekeeper::restock;
use storekeeper::web::idempotency;

use crate::access::key_with;
use crate::fixtures::CUSTOMER_PASSWORD;
use crate::harness::Shop;

const YEAR: Duration = Duration::days(365);

/// Sessions and keys that were deleted.
fn prune(shop: &Shop) -> (u64, u64) {
    (sessions::prune(&shop.app).unwrap(), idempotency::prune(&shop.app).unwrap())
}

#[test]
fn pruning_while_the_clock_is_a_year_ahead_deletes_nothing_that_is_alive() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 9);
    let guest = shop.guest();
    let order = json!({"items": [{"product_id": product, "quantity": 1}]});
    let placed = guest.client.post_once("a-key", "/orders", order.clone()).expect(201);
    for _ in 0..3 {
        shop.app.clock.advance(YEAR);
        assert_eq!(prune(&shop), (0, 0));
        // Somebody writes meanwhile.
        shop.guest().client.post_once("ahead", "/orders", order.clone()).expect(201);
        shop.app.clock.advance(Duration::hours(2));
        assert_eq!(prune(&shop), (0, 0));
        shop.app.clock.advance(-YEAR - Duration::hours(2));
        assert_eq!(prune(&shop), (0, 0));
        let again = guest.client.post_once("a-key", "/orders", order.clone()).expect(201);
        assert_eq!(again.text, placed.text);
    }
}

#[test]
fn a_clock_that_stood_a_year_behind_is_believed_again_once_it_is_right() {
    let shop = Shop::open();
    let guest = shop.guest();
    let product = shop.product(&shop.staff(), 9);
    let order = json!({"items": [{"product_id": product, "quantity": 1}]});
    guest.client.post_once("a-key", "/orders", order).expect(201);
    shop.app.clock.advance(-YEAR);
    assert_eq!(prune(&shop), (0, 0));
    shop.app.clock.advance(YEAR);
    for _ in 0..3 {
        assert_eq!(prune(&shop), (0, 0));
        shop.app.clock.advance(Duration::hours(24));
    }
    assert_eq!(prune(&shop), (0, 1));
}

#[test]
fn pruning_every_day_keeps_up_and_after_a_pause_it_catches_up() {
    let shop = Shop::open();
    let guest = shop.guest();
    let product = shop.product(&shop.staff(), 99);
    let order = json!({"items": [{"product_id": product, "quantity": 1}]});
    let day_with_an_order = |day: i32| {
        guest.client.post_once(&format!("key-{day}"), "/orders", order.clone()).expect(201);
        shop.app.clock.advance(Duration::hours(24));
        prune(&shop).1
    };
    assert_eq!((0..6).map(day_with_an_order).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 1]);
    shop.app.clock.advance(Duration::days(4));
    let later: Vec<u64> = (6..25).map(day_with_an_order).collect();
    // By the clock alone it would be two.
    assert_eq!(later[0], 1);
    let kept: u64 = shop.sql().query_first("SELECT COUNT(*) FROM idempotency_keys").unwrap().unwrap();
    assert_eq!(kept, 2, "{later:?}");
}

#[test]
fn an_order_is_not_cancelled_as_unconfirmed_because_the_clock_jumped() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48")]);
    let product = shop.product(&shop.staff(), 9);
    let guest = shop.guest();
    let cancelled = || orders::cancel_unconfirmed(&shop.app).unwrap();
    assert_eq!(cancelled(), 0);
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    shop.app.clock.advance(YEAR);
    let ahead = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    // As the timer does, for half a day.
    for _ in 0..12 {
        assert_eq!(cancelled(), 0);
        shop.app.clock.advance(Duration::hours(1));
    }
    shop.app.clock.advance(-YEAR);
    // Since the clock is right again the order has its time, which the one from the future has as well.
    for _ in 12..48 {
        assert_eq!(cancelled(), 0);
        shop.app.clock.advance(Duration::hours(1));
    }
    shop.app.clock.advance(Duration::minutes(1));
    assert_eq!(cancelled(), 1);
    let status = |id: u64| shop.staff().get(&format!("/orders/{id}")).expect(200).body["status"].clone();
    assert_eq!((status(order), status(ahead)), (json!("cancelled"), json!("placed")));
}

#[test]
fn a_session_opened_ahead_ends_with_it_where_one_can_log_in_again() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let staff = shop.staff();
    let before = [&customer.client, &staff];
    shop.app.clock.advance(YEAR);
    let ahead = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    let staff_ahead = shop.staff();
    let guest = shop.guest();
    shop.app.clock.advance(-YEAR);
    for ended in [&ahead, &staff_ahead] {
        ended.get("/sessions/current").expect_problem(401, "unauthenticated");
    }
    // A guest could not come back.
    guest.client.get("/sessions/current").expect(200);
    for alive in before {
        alive.get("/sessions/current").expect(200);
    }
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

/// Everything that has a time to its name is used while the clock stands a year ahead, and pruned there.
#[test]
fn a_year_ahead_and_back_harms_nobody_for_longer() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let (customer, username) = shop.customer_with_account();
    let program = key_with(&shop, &staff, &["orders:read"]);
    let product = shop.product(&staff, 99);
    let order = json!({"items": [{"product_id": product, "quantity": 1}]});
    let place = |key: &str| guest.client.post_once(key, "/orders", order.clone()).expect(201);
    let before = place("before");
    program.get("/orders").expect(200);

    shop.app.clock.advance(YEAR - Duration::hours(1));
    // Sessions have ended at such a time, and logging in is guessed at.
    guest.client.get("/sessions/current").expect_problem(401, "unauthenticated");
    for _ in 0..12 {
        let wrong = json!({"username": username, "password": "a wrong password"});
        let status = shop.anyone().post("/sessions", wrong).status;
        assert!([401, 429].contains(&status), "{status}");
    }
    let ahead = shop.guest();
    let placed_ahead = ahead.client.post_once("ahead", "/orders", order.clone()).expect(201);
    program.get("/orders").expect(200);
    assert_eq!((prune(&shop), restock::prune(&shop.app).unwrap()), ((0, 0), 0));
    shop.app.clock.advance(Duration::hours(1) - YEAR);

    assert_eq!((prune(&shop), restock::prune(&shop.app).unwrap()), ((0, 0), 0));
    for alive in [&staff, &guest.client, &customer.client, &ahead.client] {
        alive.get("/sessions/current").expect(200);
    }
    program.get("/orders").expect(200);
    shop.log_in(&username, CUSTOMER_PASSWORD);
    assert_eq!(place("before").text, before.text);
    let again = ahead.client.post_once("ahead", "/orders", order.clone()).expect(201);
    assert_eq!((again.id(), again.header("Idempotency-Replayed")), (placed_ahead.id(), Some("true")));
    assert_eq!(place("after").header("Idempotency-Replayed"), None);
    // The books go on, and so does what was sold at the wrong time.
    for id in [before.id(), placed_ahead.id()] {
        for step in ["ship", "deliver"] {
            staff.post(&format!("/orders/{id}/{step}"), json!({})).expect(200);
        }
    }
    staff
        .post(&format!("/products/{product}/stock/movements"), json!({"delta": -1, "reason": "damaged"}))
        .expect(201);
    staff.post("/restock/runs", json!({})).expect(201);
}

#[test]
fn a_use_that_a_clock_far_ahead_has_noted_is_noted_anew() {
    let shop = Shop::open_with(&[("STOREKEEPER_SESSION_MAX_HOURS", "8760")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let program = key_with(&shop, &staff, &["orders:read"]);
    let noted_after = |time: &str| -> (u64, u64) {
        let count = |table| format!("(SELECT COUNT(*) FROM {table} WHERE last_used_at > {time})");
        let sql = format!("SELECT {}, {}", count("sessions"), count("api_keys"));
        shop.sql().query_first(sql).unwrap().unwrap()
    };
    let use_all = || [&guest.client, &program].map(|caller| caller.get("/orders").expect(200));
    let far = Duration::days(6);
    shop.app.clock.advance(far);
    use_all();
    assert_eq!(noted_after("UTC_TIMESTAMP() + INTERVAL 5 DAY"), (1, 1));
    shop.app.clock.advance(-far);
    use_all();
    assert_eq!(noted_after("UTC_TIMESTAMP() + INTERVAL 1 DAY"), (0, 0));
    // A session that nobody uses ends as it would have.
    shop.app.clock.advance(Duration::days(8));
    guest.client.get("/orders").expect_problem(401, "unauthenticated");
}
