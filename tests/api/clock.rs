//! A clock that runs ahead for a while and is then set right.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::handlers::sessions;
use storekeeper::web::idempotency;

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
