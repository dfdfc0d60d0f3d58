//! What moves units: counts, damage, losses, returns, finds and corrections, and what they leave in the ledger.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::MOST;
use crate::harness::Shop;
use crate::shelves::figures_of;

#[test]
fn movements_change_the_shelf_and_say_who_and_why() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    let account = staff.get("/sessions/current").expect(200).body["account_id"].clone();
    assert!(account.is_u64(), "{account}");
    let body = json!({"delta": -2, "reason": "damaged", "note": " fell\noff "});
    let answer = staff.move_stock(product_id, body).expect(201);
    let list = format!("/products/{product_id}/stock/movements");
    assert_eq!(answer.header("Location"), Some(list.as_str()));
    let at = answer.body["at"].clone();
    assert!(at.is_string());
    let expected = json!({
        "id": answer.id(),
        "product_id": product_id,
        "sequence": 2,
        "delta": -2,
        "balance_after": 8,
        "value_delta": "0.00",
        "value_after": "0.00",
        "cost_assumed": false,
        "reason": "damaged",
        "note": "fell\noff",
        "actor": {"account_id": account, "username": "staff", "api_key_id": null, "api_key_name": null},
        "order_id": null,
        "purchase_order_id": null,
        "stock_take_id": null,
        "at": at,
    });
    assert_eq!(answer.body, expected);
    assert_eq!(staff.ledger(product_id)[0], expected);
    for (sequence, reason, delta) in [(3, "return", 4), (4, "lost", -1), (5, "found", 1)] {
        let moved = staff.move_stock(product_id, json!({"delta": delta, "reason": reason})).expect(201);
        assert_eq!(moved.body["sequence"], sequence);
        assert_eq!(moved.body["note"], Value::Null);
    }
    assert_eq!(staff.on_hand(product_id), 12);
}

#[test]
fn a_count_writes_the_difference_even_when_there_is_none() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    for (counted, delta) in [(7, -3), (7, 0), (0, -7), (MOST, MOST)] {
        let moved = staff.count_shelf(product_id, counted);
        assert_eq!((&moved.body["delta"], &moved.body["balance_after"]), (&json!(delta), &json!(counted)));
        assert_eq!(staff.on_hand(product_id), counted);
    }
}

#[test]
fn a_count_is_refused_when_the_shelf_changed_since() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    let count = |expected: i64| {
        let body = json!({"counted": 6, "expected_on_hand": expected, "reason": "stock_take"});
        staff.move_stock(product_id, body)
    };
    let refused = count(9).expect_problem(409, "stock_changed");
    assert_eq!(refused.body["on_hand"], 10);
    assert_eq!(staff.on_hand(product_id), 10);
    assert_eq!(staff.ledger(product_id).len(), 1);
    assert_eq!(count(10).expect(201).body["delta"], -4);
    // Sent again without a key, it is refused instead of counted twice.
    assert_eq!(count(10).expect_problem(409, "stock_changed").body["on_hand"], 6);
}

#[test]
fn no_movement_leaves_less_than_nothing_or_more_than_a_shelf_holds() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let full = shop.product(&staff, MOST);
    let by = |product_id: u64, delta: i64| {
        let body = json!({"delta": delta, "reason": "correction", "note": "Typed wrongly."});
        staff.move_stock(product_id, body)
    };
    assert_eq!(by(product_id, -6).expect_problem(409, "stock_limit").body["on_hand"], 5);
    by(product_id, MOST - 4).expect_problem(409, "stock_limit");
    by(full, 1).expect_problem(409, "stock_limit");
    by(full, MOST).expect_problem(409, "stock_limit");
    assert_eq!([staff.on_hand(product_id), staff.on_hand(full)], [5, MOST]);
    assert_eq!([staff.ledger(product_id).len(), staff.ledger(full).len()], [1, 1]);
    by(product_id, MOST - 5).expect(201);
    by(full, -MOST).expect(201);
    assert_eq!([staff.on_hand(product_id), staff.on_hand(full)], [MOST, 0]);
}

#[test]
fn every_bad_field_of_a_movement_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let refused = |body: Value, expected: &[(&str, &str)]| {
        staff.move_stock(product_id, body).expect_bad_fields(expected);
    };
    let either = [("delta", "delta_or_counted"), ("counted", "delta_or_counted")];
    refused(json!({}), &[either[0], either[1], ("reason", "required")]);
    refused(json!({"reason": "return"}), &either);
    refused(json!({"delta": null, "counted": null, "reason": "return"}), &either);
    refused(json!({"delta": 1, "counted": 5, "reason": "return"}), &either);
    refused(json!({"expected_on_hand": 5, "reason": "return"}), &either);
    let expecting = json!({"delta": 1, "expected_on_hand": 5, "reason": "return"});
    refused(expecting, &[("expected_on_hand", "not_with_delta")]);
    refused(json!({"delta": 0, "reason": "return"}), &[("delta", "zero")]);
    for delta in [json!(1.5), json!("1.0"), json!(MOST + 1), json!(-MOST - 1), json!({})] {
        refused(json!({"delta": delta, "reason": "return"}), &[("delta", "invalid_number")]);
    }
    for counted in [json!(-1), json!(MOST + 1), json!("five"), json!(0.5)] {
        let body = json!({"counted": counted, "expected_on_hand": counted, "reason": "stock_take"});
        refused(body, &[("counted", "invalid_number"), ("expected_on_hand", "invalid_number")]);
    }
    for reason in [json!("initial"), json!("sale"), json!("restock"), json!("theft"), json!(""), json!(7)] {
        refused(json!({"delta": 1, "reason": reason}), &[("reason", "invalid_reason")]);
    }
    for (note, code) in [
        (json!(7), "wrong_type"),
        (json!("x".repeat(501)), "too_long"),
        (json!("a\u{0}b"), "control_character"),
    ] {
        refused(json!({"delta": 1, "reason": "return", "note": note}), &[("note", code)]);
    }
    refused(json!({"delta": 1, "reason": "return", "at": "now"}), &[("at", "unknown_field")]);
    let all = json!({"delta": "one", "reason": "sale", "note": "\u{7}", "x": 1});
    refused(
        all,
        &[
            ("delta", "invalid_number"),
            ("reason", "invalid_reason"),
            ("note", "control_character"),
            ("x", "unknown_field"),
        ],
    );
    assert_eq!(staff.ledger(product_id).len(), 1);
    refused(json!({"reason": "correction"}), &[either[0], either[1], ("note", "required")]);
    let longest = json!({"delta": 1, "reason": "return", "note": "ß".repeat(500)});
    staff.move_stock(product_id, longest).expect(201);
}

/// Every reason with every kind of change, and what is wrong with it.
#[test]
fn a_reason_and_what_it_does_to_the_shelf_belong_together() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 100);
    let (wrong_sign, count) = (Some(("delta", "wrong_sign")), Some(("delta", "count_expected")));
    let delta = Some(("counted", "delta_expected"));
    for (reason, taking, adding, counting) in [
        ("damaged", None, wrong_sign, delta),
        ("lost", None, wrong_sign, delta),
        ("return", wrong_sign, None, delta),
        ("found", wrong_sign, None, delta),
        ("stock_take", count, count, None),
        ("correction", None, None, None),
    ] {
        for (change, refused) in [
            (json!({"delta": -7}), taking),
            (json!({"delta": 7}), adding),
            (json!({"counted": 50}), counting),
            (json!({"counted": 50, "expected_on_hand": 50}), counting),
        ] {
            let before = staff.on_hand(product_id);
            let mut body = change.clone();
            body["reason"] = json!(reason);
            body["note"] = json!("Why.");
            let answer = staff.move_stock(product_id, body);
            match refused {
                Some(bad) => {
                    let refused = answer.expect_bad_fields(&[bad]);
                    let message = refused.body["errors"][0]["message"].as_str().unwrap();
                    assert!(message.contains("send"), "{message}");
                    assert_eq!(staff.on_hand(product_id), before, "{reason} {change}");
                }
                None => assert_eq!(answer.expect(201).body["reason"], reason, "{change}"),
            }
        }
    }
    let told = staff.move_stock(product_id, json!({"delta": 7, "reason": "damaged"}));
    let told = told.expect_bad_fields(&[("delta", "wrong_sign")]);
    let message = "damaged takes away: send -7, or found or return for units that came";
    assert_eq!(told.body["errors"][0]["message"], message);
    for note in [json!({}), json!({"note": null})] {
        let mut body = json!({"delta": 1, "reason": "correction"});
        body.as_object_mut().unwrap().extend(note.as_object().unwrap().clone());
        staff.move_stock(product_id, body).expect_bad_fields(&[("note", "required")]);
    }
}

/// What is written past the service, or by one of before, is held to the same by the database. Lines from
/// before the rule stay as they are.
#[test]
fn the_ledger_itself_refuses_a_reason_with_the_wrong_sign() {
    let shop = Shop::open();
    let product_id = shop.product(&shop.staff(), 5);
    let mut sql = shop.sql();
    for (reason, delta, note, taken) in [
        ("damaged", 1, "NULL", false),
        ("lost", 1, "NULL", false),
        ("lost", 0, "NULL", false),
        ("return", -1, "NULL", false),
        ("found", -1, "NULL", false),
        ("correction", 1, "NULL", false),
        ("initial", -1, "NULL", false),
        ("theft", -1, "NULL", false),
        ("correction", 1, "'Why.'", true),
        ("stock_take", 0, "NULL", true),
        ("lost", -1, "NULL", true),
    ] {
        for ruled in [None, Some(0)] {
            sql.query_drop("START TRANSACTION").unwrap();
            let written = sql.query_drop(format!(
                "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, note, at, ruled)
                 VALUES ({product_id}, 2, {delta}, 6, '{reason}', {note}, '2026-03-01', {})",
                ruled.map_or("DEFAULT".to_owned(), |ruled: u8| ruled.to_string())
            ));
            let may_be = taken || (ruled == Some(0) && reason != "theft");
            assert_eq!(written.is_ok(), may_be, "{reason} {delta} {ruled:?} {written:?}");
            sql.query_drop("ROLLBACK").unwrap();
        }
    }
}

#[test]
fn a_movement_that_is_sent_again_under_its_key_happens_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    let path = format!("/products/{product_id}/stock/movements");
    let body = json!({"delta": -3, "reason": "damaged"});
    let first = staff.post_once("broken-cups", &path, body.clone()).expect(201);
    assert_eq!(first.header("Idempotency-Replayed"), None);
    let again = staff.post_once("broken-cups", &path, body.clone()).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!((&again.text, again.header("Location")), (&first.text, first.header("Location")));
    let other = json!({"delta": -4, "reason": "damaged"});
    staff.post_once("broken-cups", &path, other).expect_problem(422, "idempotency_key_reused");
    assert_eq!((staff.on_hand(product_id), staff.ledger(product_id).len()), (7, 2));
    // A refusal is not kept: once the shelf is right, the same request goes through.
    let eight = json!({"delta": -8, "reason": "damaged"});
    staff.post_once("eight", &path, eight.clone()).expect_problem(409, "stock_limit");
    staff.count_shelf(product_id, 8);
    staff.post_once("eight", &path, eight).expect(201);
    assert_eq!(staff.on_hand(product_id), 0);
}

#[test]
fn a_count_may_leave_less_than_was_promised_and_then_nothing_ships() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let guest = shop.guest();
    let order_id = guest.client.order(&[(product_id, 5)]).expect(201).id();
    staff.count_shelf(product_id, 3);
    let view = staff.stock(product_id);
    assert_eq!((figures_of(&view), &view["available"]), ([3, 5, 0], &json!(-2)));
    let refused = staff.ship(order_id).expect_problem(409, "out_of_stock");
    assert_eq!(refused.body["products"][0]["available"], 3);
    guest.client.order(&[(product_id, 1)]).expect_problem(409, "out_of_stock");
    assert_eq!(staff.figures(product_id), [3, 5, 0]);
    staff.count_shelf(product_id, 5);
    staff.ship(order_id).expect(200);
    assert_eq!(staff.figures(product_id), [0, 0, 0]);
}
