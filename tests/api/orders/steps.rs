//! Moving an order along: cancel, ship, deliver, and another delivery date.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::{Counter, path_of};
use crate::client::{Answer, Client};
use crate::harness::Shop;

fn step(client: &Client, order: &str, step: &str) -> Answer {
    client.post(&format!("{order}/{step}"), json!({}))
}

fn ledger(shop: &Shop, product_id: u64) -> Vec<(i64, i64, String, Option<u64>)> {
    let sql = "SELECT delta, balance_after, reason, order_id FROM stock_movements WHERE product_id = ? ORDER BY sequence";
    shop.sql().exec(sql, (product_id,)).unwrap()
}

/// What a stock take does that finds fewer units than there should be.
fn count_shelf(shop: &Shop, product_id: u64, counted: i64) {
    let mut sql = shop.sql();
    sql.exec_drop(
        "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, cost_assumed, cost_unknown, reason, at)
         SELECT product_id, movement_count + 1, ? - on_hand, ?, 1, cost_unknown, 'stock_take', last_movement_at
         FROM stock WHERE product_id = ?",
        (counted, counted, product_id),
    )
    .unwrap();
    sql.exec_drop(
        "UPDATE stock SET on_hand = ?, movement_count = movement_count + 1 WHERE product_id = ?",
        (counted, product_id),
    )
    .unwrap();
}

#[test]
fn cancelling_releases_once_and_answers_the_same_again() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let order = guest.client.order(&[(mug, 7)]).expect(201);
    let path = path_of(&order);
    assert_eq!(guest.client.available(mug), 993);
    let cancelled = step(&guest.client, &path, "cancel").expect(200);
    assert_eq!(cancelled.body["status"], "cancelled");
    assert_eq!(cancelled.body["total"], "70.00");
    assert_eq!(cancelled.body["allowed_actions"], json!([]));
    assert_eq!(guest.client.available(mug), 1000);

    let again = step(&guest.client, &path, "cancel").expect(200);
    assert_eq!(again.text, cancelled.text);
    // Staff are also told who confirmed it.
    let staffs = staff.get(&path).expect(200).text;
    assert_eq!(step(&staff, &path, "cancel").expect(200).text, staffs);
    assert_eq!(guest.client.get(&path).expect(200).text, cancelled.text);
    assert_eq!(guest.client.available(mug), 1000);
    assert_eq!(ledger(&shop, mug).len(), 1, "cancelling moves nothing on the shelf");
}

#[test]
fn a_step_needs_no_body_and_takes_no_unknown_field() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 1)]).expect(201));
    for step in ["cancel", "ship", "deliver", "reopen"] {
        let bad = staff.post(&format!("{path}/{step}"), json!({"reason": "none"}));
        bad.expect_bad_fields(&[("reason", "unknown_field")]);
    }
    staff
        .post(&format!("{path}/lost"), json!({"reason": "none"}))
        .expect_bad_fields(&[("reason", "unknown_field")]);
    for step in ["ship", "lost", "returned", "reopen", "deliver"] {
        staff.request("POST", &format!("{path}/{step}")).send().expect(200);
    }
    let other = path_of(&shop.guest().client.order(&[(mug, 1)]).expect(201));
    staff.request("POST", &format!("{other}/cancel")).send().expect(200);
}

#[test]
fn a_shipped_order_can_no_longer_be_cancelled() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let path = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    for (done, status) in [("ship", "shipped"), ("deliver", "delivered")] {
        step(&staff, &path, done).expect(200);
        let refused = step(&guest.client, &path, "cancel").expect_problem(409, "order_state");
        assert!(refused.body["detail"].as_str().unwrap().contains(status), "{}", refused.text);
        step(&staff, &path, "cancel").expect_problem(409, "order_state");
        assert_eq!(guest.client.get(&path).expect(200).body["status"], status);
    }
    assert_eq!(guest.client.available(mug), 999);
}

#[test]
fn a_cancelled_order_moves_nowhere() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let path = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    step(&guest.client, &path, "cancel").expect(200);
    step(&staff, &path, "ship").expect_problem(409, "order_state");
    for closed in ["deliver", "lost", "returned", "reopen"] {
        step(&staff, &path, closed).expect_problem(409, "order_state");
    }
    assert_eq!(guest.client.get(&path).expect(200).body["status"], "cancelled");
    assert_eq!(guest.client.available(mug), 1000);
}

#[test]
fn shipping_takes_each_line_from_the_shelf_with_one_movement() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let pot = shop.product(&staff, 5);
    let order = guest.client.order(&[(mug, 7), (pot, 5)]).expect(201);
    let path = path_of(&order);
    let shipping = json!({"carrier": "Post", "tracking_number": "RR123"});
    let shipped = staff.post(&format!("{path}/ship"), shipping).expect(200);
    assert_eq!(shipped.body["status"], "shipped");
    assert_eq!(shipped.body["carrier"], "Post");
    assert_eq!(shipped.body["tracking_number"], "RR123");
    assert_eq!(shipped.body["allowed_actions"], json!(["deliver", "lost", "returned"]));
    assert_eq!(guest.client.get(&path).expect(200).body["allowed_actions"], json!([]));
    assert_eq!([mug, pot].map(|product| guest.client.available(product)), [993, 0]);
    let sale = |delta, balance| (delta, balance, "sale".to_owned(), Some(order.id()));
    assert_eq!(ledger(&shop, mug)[1..], [sale(-7, 993)]);
    assert_eq!(ledger(&shop, pot)[1..], [sale(-5, 0)]);
}

#[test]
fn shipping_again_is_the_same_only_with_the_same_carrier_and_number() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 2)]).expect(201));
    let ship = |body: Value| staff.post(&format!("{path}/ship"), body);
    let first = ship(json!({"carrier": "Post", "tracking_number": "RR123"})).expect(200);
    let again = ship(json!({"carrier": " Post ", "tracking_number": "RR123"})).expect(200);
    assert_eq!(again.text, first.text);
    for other in [
        json!({"carrier": "Courier", "tracking_number": "RR123"}),
        json!({"carrier": "Post", "tracking_number": "RR124"}),
        json!({"carrier": "Post"}),
        json!({}),
    ] {
        ship(other).expect_problem(409, "order_state");
    }
    assert_eq!(staff.get(&path).expect(200).text, first.text);
    assert_eq!(ledger(&shop, mug).len(), 2, "one initial movement, one sale");
}

#[test]
fn bad_shipping_details_are_named() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 1)]).expect(201));
    let body = json!({"carrier": "a\nb", "tracking_number": "9".repeat(101), "weight": 1});
    staff.post(&format!("{path}/ship"), body).expect_bad_fields(&[
        ("carrier", "line_break"),
        ("tracking_number", "too_long"),
        ("weight", "unknown_field"),
    ]);
    let body = json!({"carrier": 1, "tracking_number": "\u{7}"});
    let bad = [("carrier", "wrong_type"), ("tracking_number", "control_character")];
    staff.post(&format!("{path}/ship"), body).expect_bad_fields(&bad);
    assert_eq!(staff.get(&path).expect(200).body["status"], "placed");
    let none = json!({"carrier": null, "tracking_number": null});
    assert_eq!(staff.post(&format!("{path}/ship"), none).expect(200).body["carrier"], Value::Null);
}

#[test]
fn what_a_count_did_not_find_cannot_be_shipped() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let (pot, pan) = (shop.product(&staff, 5), shop.product(&staff, 5));
    let order = guest.client.order(&[(mug, 1), (pot, 4), (pan, 5)]).expect(201);
    let path = path_of(&order);
    count_shelf(&shop, pot, 3);
    count_shelf(&shop, pan, 0);

    let refused = step(&staff, &path, "ship").expect_problem(409, "out_of_stock");
    let short = refused.body["products"].as_array().unwrap();
    let named: Vec<_> = short.iter().map(|p| (&p["product_id"], &p["requested"], &p["available"])).collect();
    assert_eq!(named, [(&json!(pot), &json!(4), &json!(3)), (&json!(pan), &json!(5), &json!(0))]);
    assert_eq!(staff.get(&path).expect(200).body["status"], "placed");
    let tracking = guest.client.get(&format!("{path}/track")).expect(200);
    assert_eq!(tracking.body["events"].as_array().unwrap().len(), 1);
    assert_eq!(ledger(&shop, mug).len(), 1, "no line of a refused shipment leaves the shelf");

    count_shelf(&shop, pot, 4);
    count_shelf(&shop, pan, 6);
    step(&staff, &path, "ship").expect(200);
    assert_eq!([pot, pan].map(|product| guest.client.available(product)), [0, 1]);
}

#[test]
fn an_order_that_a_count_left_short_can_still_be_cancelled() {
    let Counter { shop, staff, .. } = Counter::open();
    let guest = shop.guest();
    let pot = shop.product(&staff, 5);
    let path = path_of(&guest.client.order(&[(pot, 5)]).expect(201));
    count_shelf(&shop, pot, 2);
    step(&guest.client, &path, "cancel").expect(200);
    assert_eq!(guest.client.available(pot), 2);
}

#[test]
fn an_archived_product_still_ships() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 3)]).expect(201));
    staff.delete(&format!("/products/{mug}")).expect(204);
    step(&staff, &path, "ship").expect(200);
    step(&staff, &path, "deliver").expect(200);
    assert_eq!(ledger(&shop, mug).last().unwrap().1, 997);
}

#[test]
fn delivering_comes_after_shipping_and_answers_the_same_again() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 1)]).expect(201));
    step(&staff, &path, "deliver").expect_problem(409, "order_state");
    step(&staff, &path, "ship").expect(200);
    let delivered = step(&staff, &path, "deliver").expect(200);
    assert_eq!(delivered.body["status"], "delivered");
    assert_eq!(delivered.body["allowed_actions"], json!(["reopen"]));
    assert_eq!(step(&staff, &path, "deliver").expect(200).text, delivered.text);
    step(&staff, &path, "ship").expect_problem(409, "order_state");
}

#[test]
fn a_history_never_goes_back_in_time() {
    let Counter { shop, staff, mug } = Counter::open();
    shop.app.clock.advance(chrono::Duration::hours(2));
    let guest = shop.guest();
    let path = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    // As on a second machine whose clock is behind.
    shop.app.clock.advance(chrono::Duration::hours(-1));
    step(&staff, &path, "ship").expect(200);
    let tracking = guest.client.get(&format!("{path}/track")).expect(200);
    let events = &tracking.body["events"];
    assert_eq!(events[0]["at"], events[1]["at"]);
}

#[test]
fn staff_give_an_order_under_way_another_delivery_date() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let order = guest.client.order(&[(mug, 1)]).expect(201);
    let path = path_of(&order);
    let reschedule = |date: &str| staff.patch(&path, json!({"expected_delivery_date": date}));
    assert_eq!(reschedule("2999-12-31").expect(200).body["expected_delivery_date"], "2999-12-31");
    assert_eq!(guest.client.get(&path).expect(200).body["expected_delivery_date"], "2999-12-31");
    let tracking = guest.client.get(&format!("{path}/track")).expect(200);
    assert_eq!(tracking.body["expected_delivery_date"], "2999-12-31");
    step(&staff, &path, "ship").expect(200);
    let order_day = &order.body["order_date"].as_str().unwrap()[..10];
    assert_eq!(reschedule(order_day).expect(200).body["expected_delivery_date"], order_day);
    assert_eq!(staff.patch(&path, json!({})).expect(200).body["expected_delivery_date"], order_day);

    step(&staff, &path, "deliver").expect(200);
    reschedule("2999-12-31").expect_problem(409, "order_state");
    let cancelled = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    step(&staff, &cancelled, "cancel").expect(200);
    let body = json!({"expected_delivery_date": "2999-12-31"});
    staff.patch(&cancelled, body).expect_problem(409, "order_state");
}

#[test]
fn a_delivery_date_that_makes_no_sense_is_refused() {
    let Counter { shop, staff, mug } = Counter::open();
    let order = shop.guest().client.order(&[(mug, 1)]).expect(201);
    let path = path_of(&order);
    let cases = [
        (json!("2026-02-30"), "invalid_date"),
        (json!("tomorrow"), "invalid_date"),
        (json!("2999-01-01T00:00:00Z"), "invalid_date"),
        (json!(20260301), "invalid_date"),
        (json!("2020-01-01"), "before_order_date"),
        (Value::Null, "required"),
    ];
    for (date, code) in cases {
        let refused = staff.patch(&path, json!({"expected_delivery_date": date}));
        refused.expect_bad_fields(&[("expected_delivery_date", code)]);
    }
    staff.patch(&path, json!({"status": "shipped"})).expect_bad_fields(&[("status", "read_only")]);
    let kept = staff.get(&path).expect(200);
    assert_eq!(kept.body["expected_delivery_date"], order.body["expected_delivery_date"]);
}

#[test]
fn a_stale_copy_of_an_order_does_not_change_it() {
    let Counter { shop, staff, mug } = Counter::open();
    let path = path_of(&shop.guest().client.order(&[(mug, 1)]).expect(201));
    let patch = |etag: &str, date: &str| {
        let request = staff.request("PATCH", &path).header("If-Match", etag);
        request.json(json!({"expected_delivery_date": date})).send()
    };
    let first = staff.get(&path).expect(200);
    let second = patch(first.etag(), "2999-01-01").expect(200);
    patch(first.etag(), "2999-01-02").expect_problem(412, "precondition_failed");
    patch(second.etag(), "2999-01-03").expect(200);
    assert_eq!(staff.get(&path).expect(200).body["expected_delivery_date"], "2999-01-03");
}

#[test]
fn what_may_be_done_depends_on_the_status_and_the_caller() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let allowed = |client: &Client, path: &str| client.get(path).expect(200).body["allowed_actions"].clone();
    let path = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    let table = [
        (None, json!(["cancel", "confirm", "ship"]), json!(["cancel"])),
        (Some("confirm"), json!(["cancel", "ship"]), json!(["cancel"])),
        (Some("ship"), json!(["deliver", "lost", "returned"]), json!([])),
        (Some("lost"), json!(["deliver", "reopen", "returned"]), json!([])),
        (Some("deliver"), json!(["reopen"]), json!([])),
    ];
    for (done, for_staff, for_customer) in table {
        if let Some(done) = done {
            step(&staff, &path, done).expect(200);
        }
        assert_eq!(allowed(&staff, &path), for_staff, "after {done:?}");
        assert_eq!(allowed(&guest.client, &path), for_customer, "after {done:?}");
    }
    let other = path_of(&guest.client.order(&[(mug, 1)]).expect(201));
    step(&guest.client, &other, "cancel").expect(200);
    assert_eq!(allowed(&staff, &other), json!([]));
}
