//! Restock orders: listed, received in one or several parts, cancelled.

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{Rule, each};

const RULE: Rule = Rule { point: 5, target: 20, multiple: 1, lead_days: 3 };

/// A product with nothing on the shelf and an open restock order for 20.
fn ordered(shop: &Shop, staff: &Client) -> (u64, u64) {
    let product_id = shop.watched(staff, 0, RULE);
    staff.restock();
    (product_id, staff.open_restock_order(product_id))
}

fn read(staff: &Client, restock_order_id: u64) -> Value {
    staff.get(&format!("/restock_orders/{restock_order_id}")).expect(200).body
}

#[test]
fn goods_arrive_in_parts_until_nothing_is_outstanding() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let opened = read(&staff, order_id);
    shop.hours_pass(1);
    let part = staff.receive(order_id, json!({"quantity": 8, "note": "first van"})).expect(200);
    let mut expected = opened.clone();
    expected["received"] = json!(8);
    expected["outstanding"] = json!(12);
    assert_eq!(part.body, expected);
    assert_eq!(read(&staff, order_id), expected);
    assert_eq!(staff.figures(product_id), [8, 0, 12]);
    let movement = staff.ledger(product_id)[0].clone();
    assert_eq!((&movement["delta"], &movement["reason"]), (&json!(8), &json!("restock")));
    assert_eq!((&movement["note"], &movement["restock_order_id"]), (&json!("first van"), &json!(order_id)));
    assert_eq!(movement["actor"]["username"], "staff");

    let rest = staff.receive(order_id, json!({})).expect(200);
    assert_eq!((&rest.body["status"], &rest.body["received"]), (&json!("received"), &json!(20)));
    assert_eq!(rest.body["outstanding"], 0);
    assert_eq!(rest.body["allowed_actions"], json!([]));
    assert_eq!(rest.body["closed_at"], staff.ledger(product_id)[0]["at"]);
    assert_eq!(staff.figures(product_id), [20, 0, 0]);
    assert_eq!(each(&staff.ledger(product_id), "delta"), [12, 8]);

    let again = staff.receive(order_id, json!({"quantity": 1, "accept_surplus": true}));
    again.expect_problem(409, "restock_order_state");
    staff.receive(order_id, json!({})).expect_problem(409, "restock_order_state");
    assert_eq!(staff.figures(product_id), [20, 0, 0]);
}

#[test]
fn more_than_was_ordered_is_kept_only_when_that_is_said() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.receive(order_id, json!({"quantity": 15})).expect(200);
    for body in [json!({"quantity": 6}), json!({"quantity": 6, "accept_surplus": false})] {
        let refused = staff.receive(order_id, body).expect_problem(409, "surplus");
        assert_eq!(refused.body["outstanding"], 5);
    }
    assert_eq!(staff.figures(product_id), [15, 0, 5]);
    let kept = staff.receive(order_id, json!({"quantity": 6, "accept_surplus": true})).expect(200);
    assert_eq!((&kept.body["status"], &kept.body["received"]), (&json!("received"), &json!(21)));
    assert_eq!((&kept.body["quantity"], &kept.body["outstanding"]), (&json!(20), &json!(0)));
    assert_eq!(staff.figures(product_id), [21, 0, 0]);
}

#[test]
fn a_delivery_that_is_sent_again_under_its_key_arrives_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let path = format!("/restock_orders/{order_id}/receive");
    let body = json!({"quantity": 5});
    let first = staff.post_once("van-1", &path, body.clone()).expect(200);
    let again = staff.post_once("van-1", &path, body.clone()).expect(200);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!((&again.text, again.etag()), (&first.text, first.etag()));
    assert_eq!(staff.figures(product_id), [5, 0, 15]);
    staff.post_once("van-1", &path, json!({"quantity": 6})).expect_problem(422, "idempotency_key_reused");
    // The same goods without the key are a second delivery.
    staff.receive(order_id, body).expect(200);
    assert_eq!(staff.figures(product_id), [10, 0, 10]);
    let path = format!("/restock_orders/{order_id}/cancel");
    let first = staff.post_once("never-mind", &path, json!({})).expect(200);
    assert_eq!(staff.post_once("never-mind", &path, json!({})).expect(200).text, first.text);
}

#[test]
fn every_bad_field_of_a_delivery_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    for quantity in [json!(0), json!(-1), json!(1.5), json!("five"), json!(1_000_000_001)] {
        let refused = staff.receive(order_id, json!({"quantity": quantity}));
        refused.expect_bad_fields(&[("quantity", "invalid_number")]);
    }
    let all = json!({"quantity": 0, "accept_surplus": 1, "note": "\u{7}", "at": "now"});
    staff.receive(order_id, all).expect_bad_fields(&[
        ("quantity", "invalid_number"),
        ("accept_surplus", "invalid_boolean"),
        ("note", "control_character"),
        ("at", "unknown_field"),
    ]);
    staff
        .receive(order_id, json!({"accept_surplus": null}))
        .expect_bad_fields(&[("accept_surplus", "required")]);
    let cancel = staff.post(&format!("/restock_orders/{order_id}/cancel"), json!({"why": "late"}));
    cancel.expect_bad_fields(&[("why", "unknown_field")]);
    assert_eq!(staff.figures(product_id), [0, 0, 20]);
}

#[test]
fn a_delivery_that_no_shelf_can_hold_is_refused_whole() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.count_shelf(product_id, 999_999_990);
    staff.receive(order_id, json!({"quantity": 11})).expect_problem(409, "stock_limit");
    assert_eq!(staff.figures(product_id), [999_999_990, 0, 20]);
    assert_eq!(read(&staff, order_id)["received"], 0);
    staff.receive(order_id, json!({"quantity": 10})).expect(200);
}

#[test]
fn what_is_cancelled_will_not_come_and_is_ordered_anew() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.receive(order_id, json!({"quantity": 3})).expect(200);
    let cancelled = staff.cancel_restock_order(order_id).expect(200);
    assert_eq!((&cancelled.body["status"], &cancelled.body["received"]), (&json!("cancelled"), &json!(3)));
    assert_eq!(cancelled.body["outstanding"], 0);
    assert_eq!(cancelled.body["allowed_actions"], json!([]));
    assert!(cancelled.body["closed_at"].is_string());
    assert_eq!(staff.figures(product_id), [3, 0, 0]);
    shop.hours_pass(1);
    assert_eq!(staff.cancel_restock_order(order_id).expect(200).text, cancelled.text);
    staff.receive(order_id, json!({})).expect_problem(409, "restock_order_state");

    assert_eq!(staff.restock()["units"], 17);
    let anew = staff.open_restock_order(product_id);
    assert_ne!(anew, order_id);
    assert_eq!(read(&staff, anew)["quantity"], 17);
    staff.receive(anew, json!({})).expect(200);
    staff.cancel_restock_order(anew).expect_problem(409, "restock_order_state");
    assert_eq!(staff.figures(product_id), [20, 0, 0]);
}

#[test]
fn an_archived_product_still_receives_what_was_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.delete(&format!("/products/{product_id}")).expect(204);
    staff.receive(order_id, json!({})).expect(200);
    assert_eq!(staff.figures(product_id), [20, 0, 0]);
}

#[test]
fn an_unknown_restock_order_is_not_found() {
    let shop = Shop::open();
    let staff = shop.staff();
    staff.get("/restock_orders/9").expect_problem(404, "not_found");
    staff.receive(9, json!({})).expect_problem(404, "not_found");
    staff.cancel_restock_order(9).expect_problem(404, "not_found");
}

#[test]
fn an_order_is_overdue_after_the_day_it_was_expected_until_it_is_closed() {
    let shop = Shop::open();
    // Three days before a Thursday, which is a working day; tests/api/days.rs has zones and holidays.
    shop.to("2027-03-01T09:30:00Z");
    let staff = shop.staff();
    let (_, order_id) = ordered(&shop, &staff);
    for today in ["2027-03-04T00:00:00Z", "2027-03-04T23:30:00Z"] {
        shop.to(today);
        assert_eq!(read(&staff, order_id)["overdue"], false);
        assert_eq!(staff.all_pages("/restock_orders?overdue=true"), [Value::Null; 0]);
    }
    shop.to("2027-03-05T00:00:00Z");
    assert_eq!(read(&staff, order_id)["overdue"], true);
    // However late it is, it is not ordered a second time.
    assert_eq!(staff.restock()["ordered"], 0);
    assert_eq!(each(&staff.all_pages("/restock_orders?overdue=true"), "id"), [order_id]);
    assert_eq!(staff.all_pages("/restock_orders?overdue=false"), [Value::Null; 0]);
    staff.receive(order_id, json!({})).expect(200);
    assert_eq!(read(&staff, order_id)["overdue"], false);
    assert_eq!(staff.all_pages("/restock_orders?overdue=true"), [Value::Null; 0]);
    assert_eq!(each(&staff.all_pages("/restock_orders?overdue=false"), "id"), [order_id]);
}

#[test]
fn the_list_is_filtered_and_paged_newest_first() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (received_product, received) = ordered(&shop, &staff);
    staff.receive(received, json!({})).expect(200);
    shop.hours_pass(1);
    let (cancelled_product, cancelled) = ordered(&shop, &staff);
    staff.cancel_restock_order(cancelled).expect(200);
    staff.set_policy(cancelled_product, json!({"reorder_point": null})).expect(200);
    shop.hours_pass(1);
    // Both are opened by one run.
    let late = [0, 1].map(|_| shop.watched(&staff, 0, RULE));
    staff.restock();
    let late = late.map(|product_id| staff.open_restock_order(product_id));
    // Three days, and at most a weekend before the shop works again.
    shop.hours_pass(6 * 24);
    let (_, open) = ordered(&shop, &staff);

    let listed = |query: &str| {
        let all = staff.all_pages(&format!("/restock_orders?limit=2&{query}"));
        all.iter().map(|order| order["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed(""), [open, late[1], late[0], cancelled, received]);
    assert_eq!(listed("status=open"), [open, late[1], late[0]]);
    assert_eq!(listed("status=received"), [received]);
    assert_eq!(listed("status=cancelled"), [cancelled]);
    assert_eq!(listed("overdue=true"), [late[1], late[0]]);
    assert_eq!(listed("overdue=false"), [open, cancelled, received]);
    assert_eq!(listed("status=open&overdue=false"), [open]);
    assert_eq!(listed("status=received&overdue=true"), [0; 0]);
    assert_eq!(listed(&format!("product_id={received_product}")), [received]);
    assert_eq!(listed(&format!("product_id={received_product}&status=open")), [0; 0]);
    let whole = staff.all_pages("/restock_orders?limit=100");
    assert_eq!(staff.all_pages("/restock_orders?limit=1"), whole);
    assert_eq!(whole[0], read(&staff, open));

    let bad = staff.get("/restock_orders?status=late&overdue=1&product_id=x&limit=0&after=7a&open=true");
    bad.expect_bad_fields(&[
        ("status", "invalid_status"),
        ("overdue", "invalid_boolean"),
        ("product_id", "invalid_number"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("open", "unknown_field"),
    ]);
}

#[test]
fn reading_a_restock_order_is_answered_304_while_it_is_the_same() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (_, order_id) = ordered(&shop, &staff);
    let path = format!("/restock_orders/{order_id}");
    let first = staff.get(&path).expect(200);
    staff.request("GET", &path).header("If-None-Match", first.etag()).send().expect(304);
    let changed = staff.receive(order_id, json!({"quantity": 1})).expect(200);
    let second = staff.request("GET", &path).header("If-None-Match", first.etag()).send().expect(200);
    assert_eq!(second.etag(), changed.etag());
}
