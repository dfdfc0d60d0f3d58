//! Stock as staff see and change it: the view, the policy, movements and the list. The forecast is in
//! `demand`, the ledger and the past in `ledger`.

mod movements;
mod sorts;

use serde_json::{Value, json};

use crate::fixtures::unique;
use crate::harness::Shop;
use crate::shelves::{Rule, each};

const MOST: i64 = 1_000_000_000;

#[test]
fn the_view_shows_the_shelf_its_promises_and_the_policy() {
    let shop = Shop::open();
    let staff = shop.staff();
    let name = unique("Kettle");
    let body = json!({"name": name, "price": "10.00", "sku": "KETTLE-1", "stock": 10});
    let product_id = staff.post("/products", body).expect(201).id();
    shop.guest().client.order(&[(product_id, 3)]).expect(201);
    let view = staff.stock(product_id);
    let expected = json!({
        "product_id": product_id,
        "name": name,
        "sku": "KETTLE-1",
        "on_hand": 10,
        "reserved": 3,
        "available": 7,
        "incoming": 0,
        "drafted": 0,
        "reorder_point": null,
        "reorder_target": null,
        "reorder_multiple": 1,
        "order_max": null,
        "snoozed_until": null,
        "lead_time_days": null,
        "effective_lead_time_days": 0,
        "review_days": 1,
        "service_level": 0.95,
        "value": "0.00",
        "average_cost": null,
        "below_threshold": false,
        "updated_at": view["updated_at"],
        "forecast": {
            "from": null,
            "to": null,
            "days_looked_at": 0,
            "days_left_out": 0,
            "units_ordered": 0,
            "method": "none",
            "units_per_day": 0.0,
            "days_of_cover": null,
            "stock_out_date": null,
            "lead_time_learned_days": null,
            "lead_time_spread_days": null,
            "category_units_per_day": null,
            "suggested_reorder_point": 0,
            "looks_judged": 0,
            "wanted": null,
            "reached": null,
        },
    });
    assert_eq!(view, expected);
}

#[test]
fn below_threshold_compares_what_is_available_with_the_point() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    shop.guest().client.order(&[(product_id, 3)]).expect(201);
    for (point, below) in [(0, false), (7, false), (8, true)] {
        let policy = json!({"reorder_point": point, "reorder_target": 20});
        assert_eq!(
            staff.set_policy(product_id, policy).expect(200).body["below_threshold"],
            below,
            "{point}"
        );
    }
}

#[test]
fn the_policy_changes_only_where_it_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let all = json!({"reorder_point": 3, "reorder_target": 9, "reorder_multiple": 4, "order_max": 9,
        "snoozed_until": "2027-01-01", "lead_time_days": 2, "service_level": 0.9});
    let mut expected = staff.stock(product_id);
    for (field, value) in all.as_object().unwrap() {
        expected[field] = value.clone();
    }
    expected["effective_lead_time_days"] = json!(2);
    let changed = staff.set_policy(product_id, all).expect(200).body;
    expected["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, expected);
    for change in [
        json!({"reorder_point": 8}),
        json!({"snoozed_until": null}),
        json!({"order_max": MOST}),
        json!({"reorder_target": MOST, "reorder_point": MOST}),
        json!({"order_max": null}),
        json!({"reorder_multiple": 1_000_000}),
        json!({"lead_time_days": 365}),
        json!({"lead_time_days": null}),
        json!({"service_level": 0.999}),
        json!({"reorder_point": null}),
        json!({"reorder_target": null}),
        json!({"reorder_point": 0, "reorder_target": 0, "reorder_multiple": 1, "lead_time_days": 0}),
        json!({}),
    ] {
        for (field, value) in change.as_object().unwrap() {
            expected[field] = value.clone();
        }
        expected["effective_lead_time_days"] = json!(expected["lead_time_days"].as_i64().unwrap_or(0));
        let point = expected["reorder_point"].as_i64();
        expected["below_threshold"] = json!(point.is_some_and(|point| 5 < point));
        let changed = staff.set_policy(product_id, change.clone()).expect(200).body;
        expected["updated_at"] = changed["updated_at"].clone();
        assert_eq!(changed, expected, "{change}");
        assert_eq!(staff.stock(product_id), expected, "{change}");
    }
}

#[test]
fn every_bad_field_of_a_policy_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let before = staff.stock(product_id);
    let refused = |body: Value, expected: &[(&str, &str)]| {
        staff.set_policy(product_id, body).expect_bad_fields(expected);
    };
    for value in [json!(-1), json!(1.5), json!("3.0"), json!(true), json!(MOST + 1), json!([3])] {
        refused(json!({"reorder_point": value}), &[("reorder_point", "invalid_number")]);
        refused(json!({"reorder_target": value}), &[("reorder_target", "invalid_number")]);
    }
    for value in [json!(0), json!(1_000_001), json!("one")] {
        refused(json!({"reorder_multiple": value}), &[("reorder_multiple", "invalid_number")]);
    }
    for value in [json!(-1), json!(366), json!(0.5)] {
        refused(json!({"lead_time_days": value}), &[("lead_time_days", "invalid_number")]);
    }
    for value in [json!(0), json!(MOST + 1), json!("many")] {
        refused(json!({"order_max": value}), &[("order_max", "invalid_number")]);
    }
    for value in [json!("2027-2-1"), json!("2027-02-29"), json!("2027-02-01T00:00:00Z"), json!(3)] {
        refused(json!({"snoozed_until": value}), &[("snoozed_until", "invalid_date")]);
    }
    // Neither reaches the point, and both are named.
    let too_little =
        json!({"reorder_point": 10, "reorder_target": 9, "reorder_multiple": 4, "order_max": 11});
    refused(too_little, &[("order_max", "below_reorder_point"), ("reorder_target", "below_reorder_point")]);
    refused(json!({"reorder_multiple": 6, "order_max": 5}), &[("order_max", "below_reorder_point")]);
    refused(json!({"reorder_multiple": null}), &[("reorder_multiple", "required")]);
    for value in [json!(0.4999), json!(1), json!("95 %"), json!(0.9995), json!(true)] {
        refused(json!({"service_level": value}), &[("service_level", "invalid_service_level")]);
    }
    refused(json!({"service_level": null}), &[("service_level", "required")]);
    refused(json!({"reorder_point": 3}), &[("reorder_target", "required")]);
    let unreachable = json!({"reorder_point": 3, "reorder_target": 2});
    refused(unreachable, &[("reorder_target", "below_reorder_point")]);
    refused(json!({"on_hand": 3}), &[("on_hand", "read_only")]);
    let all = json!({"reorder_point": -1, "reorder_multiple": 0, "lead_time_days": 400, "held": 1});
    refused(
        all,
        &[
            ("reorder_point", "invalid_number"),
            ("reorder_multiple", "invalid_number"),
            ("lead_time_days", "invalid_number"),
            ("held", "unknown_field"),
        ],
    );
    assert_eq!(staff.stock(product_id), before);
}

/// What a run would order for an empty shelf must fit on it; otherwise every run would fail.
#[test]
fn a_rule_whose_target_can_never_be_received_is_refused_when_it_is_set() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 0);
    let never = [("reorder_target", "never_fits")];
    for days in [0, 30] {
        for (target, multiple, fits) in [
            (MOST, 999_999, false),
            (MOST, 3, false),
            (MOST - 1, 7, false),
            (MOST, 1_000_000, true),
            (MOST, 1, true),
            (999_999_000, 999_999, true),
            (1, 1_000_000, true),
        ] {
            let rule = json!({"reorder_point": 1, "reorder_target": target, "reorder_multiple": multiple,
                "lead_time_days": days});
            let answer = staff.set_policy(product_id, rule);
            if fits {
                assert_eq!(answer.expect(200).body["reorder_target"], target);
            } else {
                answer.expect_bad_fields(&never);
            }
        }
    }
    // Whichever field makes it so.
    staff.set_policy(product_id, json!({"reorder_target": MOST, "reorder_multiple": 1})).expect(200);
    staff.set_policy(product_id, json!({"reorder_multiple": 3})).expect_bad_fields(&never);
    // Also while it is not watched.
    let unwatched = json!({"reorder_point": null, "reorder_multiple": 3});
    staff.set_policy(product_id, unwatched).expect_bad_fields(&never);
    staff.set_policy(product_id, json!({"reorder_point": null, "reorder_target": null})).expect(200);
    staff.set_policy(product_id, json!({"reorder_multiple": 999_999})).expect(200);
    staff.set_policy(product_id, json!({"reorder_target": MOST})).expect_bad_fields(&never);
    staff.set_policy(product_id, json!({"reorder_target": MOST, "reorder_multiple": 1})).expect(200);
    staff
        .set_policy(product_id, json!({"reorder_multiple": 2, "reorder_point": 1, "lead_time_days": 0}))
        .expect(200);
    assert_eq!(staff.restock()["received"], 1);
    assert_eq!(staff.on_hand(product_id), MOST);
}

#[test]
fn a_stale_etag_does_not_overwrite_somebody_elses_policy() {
    let shop = Shop::open();
    let staff = shop.staff();
    let path = format!("/products/{}/stock", shop.product(&staff, 5));
    let read = staff.get(&path).expect(200);
    let seen_again = staff.request("GET", &path).header("If-None-Match", read.etag()).send();
    assert_eq!(seen_again.expect(304).text, "");
    let change = |etag: &str, days: i64| {
        let request = staff.request("PATCH", &path).header("If-Match", etag);
        request.json(json!({"lead_time_days": days})).send()
    };
    let changed = change(read.etag(), 3).expect(200);
    assert_ne!(changed.etag(), read.etag());
    let refused = change(read.etag(), 4).expect_problem(412, "precondition_failed");
    assert_eq!(refused.etag(), changed.etag());
    let current = staff.get(&path).expect(200);
    assert_eq!(current.body["lead_time_days"], 3);
    assert_eq!(current.etag(), changed.etag());
    change(current.etag(), 5).expect(200);
    change("*", 6).expect(200);
}

#[test]
fn stock_of_an_unknown_product_is_not_found() {
    let shop = Shop::open();
    let staff = shop.staff();
    staff.get("/products/99/stock").expect_problem(404, "not_found");
    staff.get("/products/99/stock?as_of=2026-01-01T00:00:00Z").expect_problem(404, "not_found");
    staff.get("/products/99/stock/movements").expect_problem(404, "not_found");
    staff.set_policy(99, json!({"lead_time_days": 1})).expect_problem(404, "not_found");
    staff.move_stock(99, json!({"delta": 1, "reason": "return"})).expect_problem(404, "not_found");
}

#[test]
fn an_archived_product_keeps_its_books() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 5);
    let order_id = shop.guest().client.order(&[(product_id, 2)]).expect(201).id();
    staff.delete(&format!("/products/{product_id}")).expect(204);
    assert_eq!(staff.figures(product_id), [5, 2, 0]);
    assert_eq!(staff.all_pages("/stock?limit=100"), Vec::<Value>::new());
    staff.ship(order_id).expect(200);
    staff.move_stock(product_id, json!({"delta": -1, "reason": "damaged"})).expect(201);
    assert_eq!(staff.figures(product_id), [2, 0, 0]);
    assert_eq!(each(&staff.ledger(product_id), "reason"), ["damaged", "sale", "initial"]);
}

#[test]
fn the_list_is_filtered_and_paged() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = |name: &str, sku: &str, stock: i64| {
        let body = json!({"name": name, "sku": sku, "price": "1.00", "stock": stock});
        staff.post("/products", body).expect(201).id()
    };
    let rule = Rule { point: 5, target: 9, multiple: 1, lead_days: 1 };
    let plenty = product("Blue mug", "MUG-1", 50);
    let low = product("Red mug", "MUG-2", 6);
    let gone = product("100% wool", "W_1", 0);
    let unwatched = product("Spoon", "SP-1", 2);
    let archived = product("Old mug", "MUG-3", 0);
    for product_id in [plenty, low, gone, archived] {
        staff.watch(product_id, rule);
    }
    shop.guest().client.order(&[(low, 2), (unwatched, 2)]).expect(201);
    staff.delete(&format!("/products/{archived}")).expect(204);
    let listed = |query: &str| {
        let page = staff.get(&format!("/stock?{query}")).expect(200);
        assert_eq!(page.body["next"], Value::Null);
        let ids = each(page.body["data"].as_array().unwrap(), "product_id");
        ids.into_iter().map(|id| id.as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed(""), [plenty, low, gone, unwatched]);
    assert_eq!(listed("below_threshold=true"), [low, gone]);
    assert_eq!(listed("below_threshold=false"), [plenty, unwatched]);
    assert_eq!(listed("out_of_stock=true"), [gone, unwatched]);
    assert_eq!(listed("out_of_stock=false"), [plenty, low]);
    assert_eq!(listed("below_threshold=true&out_of_stock=false"), [low]);
    assert_eq!(listed("q=mUG"), [plenty, low]);
    assert_eq!(listed("q=sp-1"), [unwatched]);
    assert_eq!(listed("q=0%25"), [gone]);
    assert_eq!(listed("q=W_"), [gone]);
    assert_eq!(listed("q=G-&below_threshold=true"), [low]);
    assert_eq!(listed("q=nothing"), [0; 0]);

    let mut expected = staff.stock(low);
    expected.as_object_mut().unwrap().remove("forecast");
    expected["days_of_cover"] = json!(null);
    assert_eq!(staff.get("/stock?q=red").expect(200).body["data"], json!([expected]));

    let one_by_one = staff.all_pages("/stock?limit=1");
    assert_eq!(each(&one_by_one, "product_id"), [plenty, low, gone, unwatched]);
    let one_by_one = staff.all_pages("/stock?limit=1&below_threshold=true");
    assert_eq!(each(&one_by_one, "product_id"), [low, gone]);
}

#[test]
fn every_bad_parameter_of_the_list_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let query = "below_threshold=yes&out_of_stock=1&q=%CC%81&limit=0&after=zz&sort=price";
    staff.get(&format!("/stock?{query}")).expect_bad_fields(&[
        ("below_threshold", "invalid_boolean"),
        ("out_of_stock", "invalid_boolean"),
        ("q", "blank"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("sort", "invalid_sort"),
    ]);
    staff.get("/stock?limit=101").expect_bad_fields(&[("limit", "invalid_number")]);
    staff.get("/stock?limit=1&limit=2").expect_bad_fields(&[("limit", "repeated")]);
}
