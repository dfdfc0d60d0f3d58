//! What lines of drafts cost: what somebody has written stays, and what the supplier asks follows the quantity.

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;

/// A supplier that asks 9.80 for a product, and 9.10 from 48 on.
fn breaks(shop: &Shop, staff: &Client) -> (u64, u64) {
    let (supplier, product) = (shop.supplier(staff, 5), shop.product(staff, 0));
    let terms = json!({"cost": "9.80", "price_breaks": [{"from_quantity": 48, "cost": "9.10"}]});
    staff.offer(supplier, product, terms).expect(201);
    (supplier, product)
}

fn draft(staff: &Client, supplier: u64, product: u64, quantity: i64, unit_cost: Option<&str>) -> u64 {
    let line = json!({"product_id": product, "quantity": quantity, "unit_cost": unit_cost});
    staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": [line]})).expect(201).id()
}

fn cost(staff: &Client, order: u64, product: u64) -> Value {
    staff.purchase_of(order, product)["unit_cost"].clone()
}

#[test]
fn a_cost_that_a_manager_wrote_stays_whoever_changes_the_quantity() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let (supplier, product) = breaks(&shop, &staff);
    let order = draft(&staff, supplier, product, 10, Some("7.00"));
    let path = format!("/purchase_orders/{order}/lines/{product}");
    for (who, quantity) in [(&clerk, 11), (&staff, 60)] {
        let mut line = who.get(&path).expect(200).body;
        line["quantity"] = json!(quantity);
        who.put(&path, line).expect(200);
        assert_eq!(cost(&staff, order, product), "7.00");
        who.put(&path, json!({"quantity": quantity})).expect(200);
        assert_eq!(cost(&staff, order, product), "7.00");
    }
    // What the supplier asks follows its breaks, again once a manager has written it.
    staff.put(&path, json!({"quantity": 47, "unit_cost": "9.80"})).expect(200);
    clerk.put(&path, json!({"quantity": 48})).expect(200);
    assert_eq!(cost(&staff, order, product), "9.10");
    clerk.put(&path, json!({"quantity": 1})).expect(200);
    assert_eq!(cost(&staff, order, product), "9.80");
}

#[test]
fn merging_and_splitting_keep_what_was_agreed_and_ask_the_supplier_otherwise() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (supplier, product) = breaks(&shop, &staff);
    let merge = |this: u64, other: u64| {
        staff.post(&format!("/purchase_orders/{this}/merge"), json!({"purchase_order_id": other}))
    };
    let [one, two] = [24; 2].map(|quantity| draft(&staff, supplier, product, quantity, None));
    merge(one, two).expect(200);
    assert_eq!(cost(&staff, one, product), "9.10");
    let lines = json!({"lines": [{"product_id": product, "quantity": 47}]});
    let split = staff.post(&format!("/purchase_orders/{one}/split"), lines).expect(201).id();
    assert_eq!([one, split].map(|order| cost(&staff, order, product)), [json!("9.80"), json!("9.80")]);

    let agreed = draft(&staff, supplier, product, 10, Some("5.00"));
    let refused = merge(one, agreed);
    assert!(!refused.text.contains("5.00") && !refused.text.contains("9.80"), "{}", refused.text);
    refused.expect_bad_fields(&[("purchase_order_id", "other_cost")]);
    let total = |order: u64| staff.purchase_order(order)["total"].clone();
    assert_eq!([total(one), total(agreed)], [json!("9.80"), json!("50.00")]);
    // Once a manager has said which it is, it stays so for all of them.
    let path = format!("/purchase_orders/{one}/lines/{product}");
    staff.put(&path, json!({"quantity": 1, "unit_cost": "5.00"})).expect(200);
    merge(one, agreed).expect(200);
    assert_eq!((total(one), cost(&staff, one, product)), (json!("55.00"), json!("5.00")));
    merge(one, draft(&staff, supplier, product, 50, Some("5"))).expect(200);
    assert_eq!(cost(&staff, one, product), "5.00");
}

#[test]
fn what_is_missing_is_what_the_total_that_is_shown_lacks() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (supplier, product) = (shop.supplier(&staff, 5), shop.product(&staff, 0));
    staff.patch(&format!("/suppliers/{supplier}"), json!({"minimum_order_value": "150.00"})).expect(200);
    // 149.996 are shown as 150.00.
    let order = draft(&staff, supplier, product, 4, Some("37.499"));
    let read = staff.purchase_order(order);
    assert_eq!((&read["total"], &read["missing_value"]), (&json!("150.00"), &Value::Null));
    staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);

    // Of what has no cost nobody knows what is missing.
    let unpriced = shop.product(&staff, 0);
    let lines = json!([{"product_id": product, "quantity": 1, "unit_cost": "120.00"},
                       {"product_id": unpriced, "quantity": 1}]);
    let body = json!({"supplier_id": supplier, "lines": lines});
    let order = staff.post("/purchase_orders", body).expect(201).body;
    assert_eq!([&order["total"], &order["missing_value"]], [&Value::Null; 2]);
    let refused = staff.post(&format!("/purchase_orders/{}/order", order["id"]), json!({}));
    let refused = refused.expect_problem(409, "below_minimum_order");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("30.00 EUR are missing") && detail.contains("without a cost do not count"),
        "{detail}"
    );
    let refused = shop.clerk().post(&format!("/purchase_orders/{}/order", order["id"]), json!({}));
    let detail = refused.expect_problem(409, "below_minimum_order").body["detail"].clone();
    assert!(detail.as_str().unwrap().starts_with(char::is_uppercase), "{detail}");
}

#[test]
fn the_largest_total_is_exact() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products = [0; 2].map(|stock| shop.product(&staff, stock));
    let line =
        |product| json!({"product_id": product, "quantity": 1_000_000_000, "unit_cost": "99999999.99"});
    let body = json!({"lines": products.map(line)});
    let order = staff.post("/purchase_orders", body).expect(201).body;
    assert_eq!(order["total"], "199999999980000000.00");
}

#[test]
fn a_line_set_by_hand_says_where_the_supplier_does_not_sell_so_many() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (supplier, product) = (shop.supplier(&staff, 5), shop.product(&staff, 0));
    staff.offer(supplier, product, json!({"cost": "1", "pack_size": 6, "minimum_quantity": 12})).expect(201);
    let order = draft(&staff, supplier, product, 7, None);
    let reason = || staff.purchase_of(order, product)["reason"].clone();
    assert_eq!(reason(), "set by hand, though the supplier sells packs of 6, and at least 12");
    let path = format!("/purchase_orders/{order}/lines/{product}");
    staff.put(&path, json!({"quantity": 18})).expect(200);
    assert_eq!(reason(), Value::Null);
}

#[test]
fn merging_keeps_both_notes() {
    let shop = Shop::open();
    let staff = shop.staff();
    let noted = |note: &str| staff.post("/purchase_orders", json!({"note": note})).expect(201).id();
    let (this, other) = (noted("By van."), noted("For the fair."));
    let path = format!("/purchase_orders/{this}/merge");
    let merged = staff.post(&path, json!({"purchase_order_id": other})).expect(200).body;
    assert_eq!(merged["note"], "By van.\nFor the fair.");
    let long = noted(&"n".repeat(1980));
    let refused = staff.post(&path, json!({"purchase_order_id": long}));
    refused.expect_bad_fields(&[("purchase_order_id", "notes_too_long")]);
}
