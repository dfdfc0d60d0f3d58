//! Prices as other programs write them, and the price that the customer has seen.

use serde_json::{Value, json};

use crate::fixtures::{NONE, items_json};
use crate::harness::Shop;
use crate::paging::ids_of;

#[test]
fn a_price_is_taken_when_it_is_exact() {
    let shop = Shop::open();
    let staff = shop.staff();
    for price in
        [json!(" 19.99 "), json!("19.990"), json!("\u{A0}19.9900\t"), json!("0019.99"), json!(19.990)]
    {
        let created = staff.post("/products", json!({"name": "A", "price": price})).expect(201);
        assert_eq!(created.body["price"], "19.99", "{price}");
    }
    for (price, code) in [
        ("19.999", "too_many_decimals"),
        ("19.9901", "too_many_decimals"),
        ("19. 99", "invalid_price"),
        (" ", "invalid_price"),
        ("1 999", "invalid_price"),
    ] {
        staff.post("/products", json!({"name": "A", "price": price})).expect_bad_fields(&[("price", code)]);
    }
    assert_eq!(ids_of(&staff.get("/products?min_price=19.990&max_price=%2019.99").expect(200)).len(), 5);
}

fn order(product: u64, quantity: i64, expected_total: Value) -> Value {
    json!({"items": items_json(&[(product, quantity)]), "expected_total": expected_total})
}

#[test]
fn nobody_pays_another_price_than_they_have_seen() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product =
        staff.post("/products", json!({"name": "A", "price": "10.00", "stock": 50})).expect(201).id();
    for total in [json!("20.00"), json!(20), json!("20"), json!(" 20.000 "), json!(null)] {
        guest.client.post("/orders", order(product, 2, total)).expect(201);
    }
    staff.patch(&format!("/products/{product}"), json!({"price": "99.00"})).expect(200);
    let refused =
        guest.client.post("/orders", order(product, 2, json!("20.00"))).expect_problem(409, "price_changed");
    assert_eq!(
        (&refused.body["expected_total"], &refused.body["total"]),
        (&json!("20.00"), &json!("198.00"))
    );
    assert_eq!(guest.client.available(product), 40, "nothing was reserved");
    guest.client.post("/orders", order(product, 2, json!("198.00"))).expect(201);
    guest.client.post("/orders", json!({"items": items_json(&[(product, 2)])})).expect(201);
    for (total, code) in [
        (json!("-1"), "invalid_price"),
        (json!("1.999"), "too_many_decimals"),
        (json!(true), "wrong_type"),
        (json!("999999999900000.01"), "too_large"),
    ] {
        guest.client.post("/orders", order(product, 1, total)).expect_bad_fields(&[("expected_total", code)]);
    }
    // A total may be larger than any price.
    guest
        .client
        .post("/orders", order(product, 1, json!("999999999900000.00")))
        .expect_problem(409, "price_changed");
}

#[test]
fn a_retry_meets_its_own_order_although_the_price_has_changed_since() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product =
        staff.post("/products", json!({"name": "A", "price": "10.00", "stock": 50})).expect(201).id();
    let body = order(product, 1, json!("10.00"));
    let first = guest.client.post_once("key", "/orders", body.clone()).expect(201);
    staff.patch(&format!("/products/{product}"), json!({"price": "11.00"})).expect(200);
    let again = guest.client.post_once("key", "/orders", body.clone()).expect(201);
    assert_eq!((&again.text, again.header("Idempotency-Replayed")), (&first.text, Some("true")));
    // A refusal keeps nothing: the same key orders at the new price.
    guest.client.post_once("second", "/orders", body).expect_problem(409, "price_changed");
    guest.client.post_once("second", "/orders", order(product, 1, json!("11.00"))).expect(201);
    assert_ne!(ids_of(&guest.client.get("/orders").expect(200)), NONE);
}
