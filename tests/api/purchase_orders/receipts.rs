//! Goods that come: in parts, too many, broken, late, or not at all.

use serde_json::{Value, json};

use super::{RULE, figures, ordered};
use crate::dialects::numbers;
use crate::harness::Shop;
use crate::shelves::each;

#[test]
fn goods_arrive_in_parts_until_nothing_is_outstanding() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let placed = staff.purchase_order(order_id);
    shop.hours_pass(1);
    let van = json!({"lines": [{"product_id": product_id, "quantity": 8}], "note": "first van"});
    let part = staff.receive(order_id, van).expect(200).body;
    let mut expected = placed;
    expected["received"] = json!(8);
    expected["receipt_count"] = json!(1);
    expected["outstanding"] = json!(12);
    expected["lines"][0]["received"] = json!(8);
    expected["lines"][0]["outstanding"] = json!(12);
    for member in ["updated_at", "receipts"] {
        expected[member] = part[member].clone();
    }
    assert_eq!(part, expected);
    let receipt = &part["receipts"][0];
    assert_eq!((&receipt["number"], &receipt["at"]), (&json!(1), &part["updated_at"]));
    assert_eq!(receipt["actor"]["username"], "staff");
    assert_eq!(receipt["lines"], json!([{"product_id": product_id, "accepted": 8, "rejected": 0}]));
    assert_eq!(staff.purchase_order(order_id), expected);
    assert_eq!(figures(&staff, product_id), [8, 12, 0]);
    let movement = staff.ledger(product_id)[0].clone();
    assert_eq!((&movement["delta"], &movement["reason"]), (&json!(8), &json!("restock")));
    assert_eq!((&movement["note"], &movement["purchase_order_id"]), (&json!("first van"), &json!(order_id)));
    assert_eq!(movement["actor"]["username"], "staff");

    let rest = staff.receive(order_id, json!({})).expect(200).body;
    assert_eq!(
        (&rest["status"], &rest["received"], &rest["outstanding"]),
        (&json!("received"), &json!(20), &json!(0))
    );
    assert_eq!(rest["closed_at"], staff.ledger(product_id)[0]["at"]);
    assert_eq!(rest["lines"][0]["received_at"], rest["closed_at"]);
    assert_eq!(figures(&staff, product_id), [20, 0, 0]);
    assert_eq!(each(&staff.ledger(product_id), "delta"), [12, 8]);

    staff.receive(order_id, json!({})).expect_problem(409, "purchase_order_state");
    staff.receive_units(order_id, product_id, 1).expect_problem(409, "purchase_order_state");
    assert_eq!(figures(&staff, product_id), [20, 0, 0]);
}

#[test]
fn more_than_was_ordered_is_kept_only_when_that_is_said() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.receive_units(order_id, product_id, 15).expect(200);
    let six = |accept: Value| json!({"lines": [{"product_id": product_id, "quantity": 6}], "accept_surplus": accept});
    let refused = staff.receive(order_id, six(json!(false))).expect_problem(409, "surplus");
    assert_eq!(refused.body["lines"], json!([{"product_id": product_id, "outstanding": 5}]));
    assert_eq!(figures(&staff, product_id), [15, 5, 0]);
    let kept = staff.receive(order_id, six(json!(true))).expect(200).body;
    assert_eq!((&kept["status"], &kept["received"]), (&json!("received"), &json!(21)));
    assert_eq!((&kept["units"], &kept["outstanding"]), (&json!(20), &json!(0)));
    assert_eq!(figures(&staff, product_id), [21, 0, 0]);
    // A second box turns up when all was there already.
    let again = staff.receive(order_id, six(json!(true))).expect(200).body;
    assert_eq!((&again["status"], &again["received"]), (&json!("received"), &json!(27)));
    assert_eq!(again["closed_at"], kept["closed_at"]);
    assert_eq!(figures(&staff, product_id), [27, 0, 0]);
}

#[test]
fn what_is_rejected_never_was_on_the_shelf_and_is_still_owed() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let broken = json!({"lines": [{"product_id": product_id, "rejected": 4}], "note": "wet"});
    let first = staff.receive(order_id, broken).expect(200).body;
    let line = &first["lines"][0];
    assert_eq!(
        (&line["received"], &line["rejected"], &line["outstanding"]),
        (&json!(16), &json!(4), &json!(4))
    );
    assert_eq!(figures(&staff, product_id), [16, 4, 0]);
    let all_broken = json!({"lines": [{"product_id": product_id, "quantity": 0, "rejected": 4}]});
    let second = staff.receive(order_id, all_broken).expect(200).body;
    assert_eq!((&second["status"], &second["lines"][0]["rejected"]), (&json!("ordered"), &json!(8)));
    assert_eq!(staff.ledger(product_id).len(), 1);
    assert_eq!(figures(&staff, product_id), [16, 4, 0]);
    // They will not be replaced.
    staff.cancel_purchase(order_id).expect(200);
    assert_eq!(figures(&staff, product_id), [16, 0, 0]);
}

#[test]
fn late_goods_of_a_cancelled_order_are_received_against_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let cancelled = staff.cancel_purchase(order_id).expect(200).body;
    staff.receive(order_id, json!({})).expect_problem(409, "purchase_order_state");
    let late = staff.receive_units(order_id, product_id, 12).expect(200).body;
    assert_eq!(
        (&late["status"], &late["received"], &late["outstanding"]),
        (&json!("cancelled"), &json!(12), &json!(0))
    );
    assert_eq!(late["closed_at"], cancelled["closed_at"]);
    assert_eq!(figures(&staff, product_id), [12, 0, 0]);
    assert_eq!(staff.ledger(product_id)[0]["purchase_order_id"], order_id);
    // They count: nothing is ordered in their place.
    assert_eq!(staff.restock()["units"], 0);
}

#[test]
fn a_delivery_that_is_sent_again_under_its_key_arrives_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let path = format!("/purchase_orders/{order_id}/receive");
    let units = |units: i64| json!({"lines": [{"product_id": product_id, "quantity": units}]});
    let first = staff.post_once("van-1", &path, units(5)).expect(200);
    let again = staff.post_once("van-1", &path, units(5)).expect(200);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!((&again.text, again.etag()), (&first.text, first.etag()));
    assert_eq!(figures(&staff, product_id), [5, 15, 0]);
    staff.post_once("van-1", &path, units(6)).expect_problem(422, "idempotency_key_reused");
    // The same goods without the key are a second delivery.
    staff.receive(order_id, units(5)).expect(200);
    assert_eq!(figures(&staff, product_id), [10, 10, 0]);
    let path = format!("/purchase_orders/{order_id}/cancel");
    let first = staff.post_once("never-mind", &path, json!({})).expect(200);
    assert_eq!(staff.post_once("never-mind", &path, json!({})).expect(200).text, first.text);
}

#[test]
fn every_bad_field_of_a_delivery_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let other = shop.product(&staff, 3);
    for quantity in [json!(-1), json!(1.5), json!("five"), json!(1_000_000_001)] {
        let refused =
            staff.receive(order_id, json!({"lines": [{"product_id": product_id, "quantity": quantity}]}));
        refused.expect_bad_fields(&[("lines[0].quantity", "invalid_number")]);
    }
    let all = json!({
        "lines": [
            {"product_id": product_id, "quantity": 0},
            {"quantity": 1, "rejected": -1},
            {"product_id": "x", "size": 2},
        ],
        "accept_surplus": 1, "note": "\u{7}", "at": "now",
    });
    staff.receive(order_id, all).expect_bad_fields(&[
        ("lines[0].quantity", "nothing_came"),
        ("lines[1].product_id", "required"),
        ("lines[1].rejected", "invalid_number"),
        ("lines[2].product_id", "invalid_number"),
        ("lines[2].size", "unknown_field"),
        ("accept_surplus", "invalid_boolean"),
        ("note", "control_character"),
        ("at", "unknown_field"),
    ]);
    let twice = json!({"lines": [{"product_id": product_id, "quantity": 1}, {"product_id": product_id, "quantity": 1}]});
    staff.receive(order_id, twice).expect_bad_fields(&[("lines[1].product_id", "appears_twice")]);
    staff.receive_units(order_id, other, 1).expect_bad_fields(&[("lines[0].product_id", "not_on_order")]);
    staff.receive(order_id, json!({"lines": []})).expect_bad_fields(&[("lines", "invalid_length")]);
    staff
        .receive(order_id, json!({"accept_surplus": null}))
        .expect_bad_fields(&[("accept_surplus", "required")]);
    let cancel = staff.post(&format!("/purchase_orders/{order_id}/cancel"), json!({"why": "late"}));
    cancel.expect_bad_fields(&[("why", "unknown_field")]);
    assert_eq!(figures(&staff, product_id), [0, 20, 0]);
}

#[test]
fn a_delivery_that_no_shelf_can_hold_is_refused_whole() {
    let shop = Shop::open();
    let staff = shop.staff();
    let other = shop.watched(&staff, 0, RULE);
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.count_shelf(product_id, 999_999_990);
    let units = |units: i64| {
        let lines =
            json!([{"product_id": other, "quantity": 1}, {"product_id": product_id, "quantity": units}]);
        staff.receive(order_id, json!({"lines": lines}))
    };
    units(11).expect_problem(409, "stock_limit");
    assert_eq!(figures(&staff, product_id), [999_999_990, 20, 0]);
    assert_eq!(figures(&staff, other), [0, 20, 0]);
    units(10).expect(200);
}

#[test]
fn an_archived_product_still_receives_what_was_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.delete(&format!("/products/{product_id}")).expect(204);
    staff.receive(order_id, json!({})).expect(200);
    assert_eq!(figures(&staff, product_id), [20, 0, 0]);
}

#[test]
fn what_is_rejected_is_no_more_than_came_and_its_note_is_kept() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product, order) = ordered(&shop, &staff);
    let rejected = |units: i64, surplus: bool, note: &str| {
        let lines = json!([{"product_id": product, "quantity": 0, "rejected": units}]);
        staff.receive(order, json!({"lines": lines, "accept_surplus": surplus, "note": note}))
    };
    rejected(1_000_000_000, false, "x").expect_problem(409, "surplus");
    rejected(21, false, "x").expect_problem(409, "surplus");
    staff.receive(order, json!({"lines": null})).expect_bad_fields(&[("lines", "required")]);
    assert_eq!(figures(&staff, product), [0, 20, 0]);
    let path = format!("/purchase_orders/{order}");
    staff.patch(&path, json!({"note": "By van."})).expect(200);
    assert_eq!(rejected(20, false, "All wet.").expect(200).body["note"], "By van.\nReceipt 1: All wet.");
    let read = rejected(25, true, "Wet again.").expect(200).body;
    assert_eq!((&read["outstanding"], &read["receipt_count"]), (&json!(20), &json!(2)));
    assert_eq!(read["note"], "By van.\nReceipt 1: All wet.\nReceipt 2: Wet again.");
    staff.patch(&path, json!({"note": "n".repeat(2000)})).expect(200);
    rejected(1, false, "x").expect_bad_fields(&[("note", "too_long")]);
}

#[test]
fn an_order_has_two_hundred_receipts_and_shows_the_last() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..30).map(|_| shop.product(&staff, 0)).collect();
    for product in &products {
        staff.set_policy(*product, json!({"lead_time_days": 3})).expect(200);
    }
    let lines: Vec<_> = products.iter().map(|id| json!({"product_id": id, "quantity": 1000})).collect();
    let order = staff.post("/purchase_orders", json!({"lines": lines})).expect(201).id();
    staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
    // As if they had come so.
    let mut sql = shop.sql();
    let one = json!({"lines": products.iter().map(|id| json!({"product_id": id, "quantity": 1})).collect::<Vec<_>>()});
    staff.receive(order, one.clone()).expect(200);
    mysql::prelude::Queryable::query_drop(
        &mut sql,
        format!("UPDATE purchase_orders SET receipt_count = 198 WHERE id = {order}"),
    )
    .unwrap();
    mysql::prelude::Queryable::query_drop(
        &mut sql,
        format!("INSERT INTO purchase_order_receipts (purchase_order_id, receipt, product_id, accepted, rejected, at)
         SELECT r.purchase_order_id, n.seq, r.product_id, 0, 1, r.at FROM purchase_order_receipts r JOIN {} n
         WHERE r.receipt = 1 AND n.seq > 1", numbers(198)),
    )
    .unwrap();
    mysql::prelude::Queryable::query_drop(&mut sql, "UPDATE purchase_order_lines SET rejected = 197")
        .unwrap();
    staff.receive(order, one.clone()).expect(200);
    let read = staff.receive(order, one.clone()).expect(200).body;
    assert_eq!((&read["receipt_count"], &read["received"]), (&json!(200), &json!(90)));
    let shown = read["receipts"].as_array().unwrap();
    // 66 of 30 lines are 1980.
    assert_eq!((shown.len(), &shown[0]["number"], &shown[65]["number"]), (66, &json!(135), &json!(200)));
    staff.receive(order, one).expect_problem(409, "purchase_order_state");
    staff.cancel_purchase(order).expect(200);
}
