//! Placing an order: what it reads like, what is refused, and that a refused one leaves nothing.

use chrono::{Days, Weekday};
use serde_json::{Value, json};

use super::{Counter, ids};
use crate::fixtures::{items_json, unique};
use crate::harness::Shop;

#[test]
fn a_customer_orders_and_reads_back_what_was_answered() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let before = shop.app.clock.now();
    let body = json!({
        "items": items_json(&[(mug, 2)]),
        "shipping_address": " 12 St James's Square\nLondon ",
        "note": "Please ring twice ☎",
    });
    let order = guest.client.post("/orders", body).expect(201);
    let after = shop.app.clock.now();

    let product = staff.get(&format!("/products/{mug}")).expect(200);
    let date = order.body["order_date"].as_str().unwrap().to_owned();
    assert!(before.to_string() <= date && date <= after.to_string(), "{date}");
    let expected = json!({
        "id": order.id(),
        "customer_id": guest.id,
        "status": "placed",
        "order_date": date,
        "expected_delivery_date": order.body["expected_delivery_date"],
        "currency": "EUR",
        "total": "20.00",
        "items": [{
            "product_id": mug,
            "name": product.body["name"],
            "quantity": 2,
            "unit_price": "10.00",
            "total": "20.00",
        }],
        "shipping_address": "12 St James's Square\nLondon",
        "note": "Please ring twice ☎",
        "carrier": null,
        "tracking_number": null,
        "confirmed_at": null,
        "allowed_actions": ["cancel"],
        "updated_at": date,
    });
    assert_eq!(order.body, expected);
    let location = order.header("Location").expect("a Location");
    let read = guest.client.get(location).expect(200);
    assert_eq!(read.text, order.text);
    assert_eq!(read.etag(), order.etag());
}

#[test]
fn placing_reserves_what_was_ordered_and_no_more() {
    let Counter { shop, staff, .. } = Counter::open();
    let guest = shop.guest();
    let product = shop.product(&staff, 5);
    guest.client.order(&[(product, 3)]).expect(201);
    assert_eq!(guest.client.available(product), 2);
    guest.client.order(&[(product, 2)]).expect(201);
    let read = shop.anyone().get(&format!("/products/{product}")).expect(200);
    assert_eq!(read.body["in_stock"], false);
}

#[test]
fn a_product_that_is_named_twice_becomes_one_line() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let pot = shop.product(&staff, 5);
    let order = guest.client.order(&[(pot, 1), (mug, 2), (pot, 3), (mug, 1)]).expect(201);
    let lines: Vec<_> = order.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["product_id"].as_u64().unwrap(), line["quantity"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(mug, 3), (pot, 4)]);
    assert_eq!(order.body["total"], "70.00");
    // One is left: each of the two lines could have it, both cannot.
    let refused = guest.client.order(&[(pot, 1), (pot, 1)]).expect_problem(409, "out_of_stock");
    assert_eq!(refused.body["products"][0]["requested"], 2);
}

#[test]
fn names_and_prices_stay_as_they_were_at_placement() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let order = guest.client.order(&[(mug, 2)]).expect(201);
    let product = format!("/products/{mug}");
    staff.patch(&product, json!({"name": "Bigger mug", "price": "12.50"})).expect(200);
    let read = |id: u64| guest.client.get(&format!("/orders/{id}")).expect(200);
    assert_eq!(read(order.id()).text, order.text);
    let dearer = guest.client.order(&[(mug, 2)]).expect(201);
    assert_eq!(dearer.body["total"], "25.00");
    assert_eq!(dearer.body["items"][0]["name"], "Bigger mug");
    staff.delete(&product).expect(204);
    assert_eq!(read(order.id()).text, order.text);
}

#[test]
fn totals_are_exact_to_the_last_cent() {
    let Counter { shop, staff, .. } = Counter::open();
    let guest = shop.guest();
    let product = |price: &str| {
        let body = json!({"name": unique("Product"), "price": price, "stock": 99});
        staff.post("/products", body).expect(201).id()
    };
    let (odd, free, cheap) = (product("19.99"), product("0"), product("0.01"));
    let order = guest.client.order(&[(odd, 7), (free, 2), (cheap, 3)]).expect(201);
    assert_eq!(order.body["total"], "139.96");
    let totals: Vec<_> = order.body["items"].as_array().unwrap().iter().map(|line| &line["total"]).collect();
    assert_eq!(totals, ["139.93", "0.00", "0.03"]);
    assert_eq!(guest.client.order(&[(free, 1)]).expect(201).body["total"], "0.00");
}

#[test]
fn a_currency_without_decimals_has_totals_without_decimals() {
    let shop = Shop::open_with(&[("STOREKEEPER_CURRENCY", "JPY")]);
    let staff = shop.staff();
    let body = json!({"name": "Tea bowl", "price": 1200, "stock": 3});
    let bowl = staff.post("/products", body).expect(201).id();
    let order = shop.guest().client.order(&[(bowl, 3)]).expect(201);
    assert_eq!(order.body["currency"], "JPY");
    assert_eq!(order.body["total"], "3600");
}

#[test]
fn the_largest_order_adds_up_and_one_more_item_is_refused() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let mut items: Vec<(u64, i64)> = (0..100)
        .map(|_| {
            let body = json!({"name": unique("Gold bar"), "price": "99999999.99", "stock": 100_000});
            (staff.post("/products", body).expect(201).id(), 100_000)
        })
        .collect();
    let order = guest.client.order(&items).expect(201);
    assert_eq!(order.body["items"].as_array().unwrap().len(), 100);
    assert_eq!(order.body["total"], "999999999900000.00");
    items.push((mug, 1));
    guest.client.order(&items).expect_bad_fields(&[("items", "invalid_length")]);
}

#[test]
fn delivery_is_expected_after_so_many_working_days() {
    let shop = Shop::open();
    let friday = shop.to_next(Weekday::Fri);
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let guest = shop.guest();
    let expected = || guest.client.order(&[(mug, 1)]).expect(201).body["expected_delivery_date"].clone();
    let wednesday = (friday + Days::new(5)).to_string();
    assert_eq!(expected(), *wednesday, "three working days from a Friday");
    shop.to_next(Weekday::Sat);
    assert_eq!(expected(), *wednesday, "a Saturday is no working day");
    shop.to_next(Weekday::Sun);
    assert_eq!(expected(), *wednesday, "nor is a Sunday");
    shop.to_next(Weekday::Mon);
    assert_eq!(expected(), *(friday + Days::new(6)).to_string(), "Monday to Thursday");
}

#[test]
fn the_working_days_are_a_setting() {
    for (days, after_friday) in [("0", 0), ("1", 3), ("10", 14)] {
        let shop = Shop::open_with(&[("STOREKEEPER_DELIVERY_BUSINESS_DAYS", days)]);
        let friday = shop.to_next(Weekday::Fri);
        let mug = shop.product(&shop.staff(), 1);
        let order = shop.guest().client.order(&[(mug, 1)]).expect(201);
        let expected = (friday + Days::new(after_friday)).to_string();
        assert_eq!(order.body["expected_delivery_date"], *expected, "{days} working days");
    }
}

#[test]
fn what_is_short_is_named_with_what_there_is_and_nothing_is_kept() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let (few, none) = (shop.product(&staff, 3), shop.product(&staff, 0));
    let refused = guest.client.order(&[(none, 1), (mug, 5), (few, 4)]).expect_problem(409, "out_of_stock");
    let name = |id: u64| staff.get(&format!("/products/{id}")).expect(200).body["name"].clone();
    let expected = json!([
        {"product_id": few, "name": name(few), "requested": 4, "available": 3},
        {"product_id": none, "name": name(none), "requested": 1, "available": 0},
    ]);
    assert_eq!(refused.body["products"], expected);
    for id in [few, none] {
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(name(id).as_str().unwrap()), "{detail}");
    }
    assert_eq!(ids(&guest.client.get("/orders").expect(200)), [] as [u64; 0]);
    assert_eq!([mug, few, none].map(|id| guest.client.available(id)), [1000, 3, 0]);
}

#[test]
fn a_key_whose_order_was_refused_is_free_for_another_try() {
    let Counter { shop, staff, .. } = Counter::open();
    let (ada, bob) = (shop.guest(), shop.guest());
    let last = shop.product(&staff, 1);
    let taken = ada.client.order(&[(last, 1)]).expect(201);
    let body = || json!({"items": items_json(&[(last, 1)])});
    bob.client.post_once("try", "/orders", body()).expect_problem(409, "out_of_stock");
    ada.client.post(&format!("/orders/{}/cancel", taken.id()), json!({})).expect(200);
    let order = bob.client.post_once("try", "/orders", body()).expect(201);
    assert_eq!(order.header("Idempotency-Replayed"), None);
}

#[test]
fn a_key_names_one_order_of_one_caller() {
    let Counter { shop, staff, mug } = Counter::open();
    let (ada, bob) = (shop.guest(), shop.guest());
    let body = |quantity| json!({"items": items_json(&[(mug, quantity)])});
    let first = ada.client.post_once("key", "/orders", body(1)).expect(201);
    assert_eq!(first.header("Idempotency-Replayed"), None);
    let path = format!("/orders/{}", first.id());
    staff.post(&format!("{path}/ship"), json!({})).expect(200);
    let again = ada.client.post_once("key", "/orders", body(1)).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.header("Location"), Some(&*path));
    assert_eq!(again.text, first.text, "as it was answered then, not as it is now");

    ada.client.post_once("key", "/orders", body(2)).expect_problem(422, "idempotency_key_reused");
    let others = bob.client.post_once("key", "/orders", body(1)).expect(201);
    assert_ne!(others.id(), first.id());
    assert_eq!(others.header("Idempotency-Replayed"), None);
    assert_eq!(ids(&ada.client.get("/orders").expect(200)), [first.id()]);
}

#[test]
fn a_key_is_forgotten_after_three_days() {
    let Counter { shop, mug, .. } = Counter::open();
    let guest = shop.guest();
    let place = || guest.client.post_once("key", "/orders", json!({"items": items_json(&[(mug, 1)])}));
    let first = place().expect(201);
    shop.app.clock.advance(chrono::Duration::hours(71));
    assert_eq!(place().expect(201).id(), first.id());
    shop.app.clock.advance(chrono::Duration::hours(1));
    assert_ne!(place().expect(201).id(), first.id());
}

#[test]
fn products_that_are_not_active_are_named_at_their_item() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let archived = shop.product(&staff, 5);
    staff.delete(&format!("/products/{archived}")).expect(204);
    let items = [(mug, 1), (archived, 1), (9_223_372_036_854_775_807, 1), (archived, 2)];
    guest.client.order(&items).expect_bad_fields(&[
        ("items[1].product_id", "unknown_product"),
        ("items[2].product_id", "unknown_product"),
        ("items[3].product_id", "unknown_product"),
    ]);
    assert_eq!(guest.client.available(mug), 1000);
}

#[test]
fn quantities_are_whole_numbers_within_the_limit() {
    let Counter { shop, staff, .. } = Counter::open();
    let guest = shop.guest();
    let body = json!({"name": "Screw", "price": "0.01", "stock": 200_000});
    let screw = staff.post("/products", body).expect(201).id();
    let send = |quantity: Value| {
        guest.client.post("/orders", json!({"items": [{"product_id": screw, "quantity": quantity}]}))
    };
    for bad in [json!(0), json!(-1), json!(100_001), json!(1.5), json!("one"), json!(true), json!([1])] {
        send(bad).expect_bad_fields(&[("items[0].quantity", "invalid_number")]);
    }
    send(Value::Null).expect_bad_fields(&[("items[0].quantity", "required")]);
    let exponent = format!(r#"{{"items": [{{"product_id": {screw}, "quantity": 1e2}}]}}"#);
    let request = guest.client.request("POST", "/orders").header("Content-Type", "application/json");
    request.bytes(exponent.into_bytes()).send().expect_bad_fields(&[("items[0].quantity", "invalid_number")]);
    assert_eq!(send(json!(100_000)).expect(201).body["total"], "1000.00");

    guest
        .client
        .order(&[(screw, 50_000), (screw, 50_001)])
        .expect_bad_fields(&[("items[0].quantity", "too_large"), ("items[1].quantity", "too_large")]);
    guest.client.order(&[(screw, 50_000), (screw, 50_000)]).expect(201);
}

#[test]
fn every_bad_field_is_named_at_once() {
    let Counter { shop, mug, .. } = Counter::open();
    let guest = shop.guest();
    let body = json!({
        "items": [
            {"product_id": mug, "quantity": 1},
            {"product_id": "one", "quantity": 0, "price": "0.00"},
            {"quantity": 1},
            7,
        ],
        "shipping_address": "x".repeat(501),
        "note": "\u{7}",
        "customer_id": "me",
        "status": "delivered",
    });
    guest.client.post("/orders", body).expect_bad_fields(&[
        ("items[1].product_id", "invalid_number"),
        ("items[1].quantity", "invalid_number"),
        ("items[1].price", "unknown_field"),
        ("items[2].product_id", "required"),
        ("items[3]", "wrong_type"),
        ("shipping_address", "too_long"),
        ("note", "control_character"),
        ("customer_id", "invalid_number"),
        ("status", "unknown_field"),
    ]);
    for (items, code) in
        [(json!([]), "invalid_length"), (json!({}), "wrong_type"), (Value::Null, "wrong_type")]
    {
        guest.client.post("/orders", json!({"items": items})).expect_bad_fields(&[("items", code)]);
    }
    guest.client.post("/orders", json!({})).expect_bad_fields(&[("items", "required")]);
    assert_eq!(ids(&guest.client.get("/orders").expect(200)), [] as [u64; 0]);
}

#[test]
fn address_and_note_may_be_null_and_are_counted_in_characters() {
    let Counter { shop, mug, .. } = Counter::open();
    let guest = shop.guest();
    let send = |address: Value, note: Value| {
        let body = json!({"items": items_json(&[(mug, 1)]), "shipping_address": address, "note": note});
        guest.client.post("/orders", body)
    };
    let order = send(Value::Null, Value::Null).expect(201);
    assert_eq!(order.body["shipping_address"], Value::Null);
    let (address, note) = ("ß".repeat(500), "😀".repeat(1000));
    let order = send(json!(address), json!(note)).expect(201);
    let read = guest.client.get(&format!("/orders/{}", order.id())).expect(200);
    assert_eq!((&read.body["shipping_address"], &read.body["note"]), (&json!(address), &json!(note)));
    let bad = [("shipping_address", "control_character"), ("note", "wrong_type")];
    send(json!("\u{7}"), json!(1)).expect_bad_fields(&bad);
}

#[test]
fn staff_order_for_a_customer_whom_they_name() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    staff.order(&[(mug, 1)]).expect_bad_fields(&[("customer_id", "required")]);
    let body = json!({"items": items_json(&[(mug, 1)]), "customer_id": guest.id});
    let order = staff.post("/orders", body).expect(201);
    assert_eq!(order.body["customer_id"], guest.id);
    assert_eq!(order.body["allowed_actions"], json!(["cancel", "ship"]));
    let own = guest.client.get(&format!("/orders/{}", order.id())).expect(200);
    assert_eq!(own.body["allowed_actions"], json!(["cancel"]));
    let nobody = json!({"items": items_json(&[(mug, 1)]), "customer_id": 4711});
    staff.post("/orders", nobody).expect_problem(404, "not_found");
    assert_eq!(guest.client.available(mug), 999);
}

#[test]
fn a_customer_orders_for_nobody_else() {
    let Counter { shop, mug, .. } = Counter::open();
    let (ada, bob) = (shop.guest(), shop.guest());
    let body = |customer_id: u64| json!({"items": items_json(&[(mug, 1)]), "customer_id": customer_id});
    ada.client.post("/orders", body(bob.id)).expect_problem(404, "not_found");
    assert_eq!(ids(&bob.client.get("/orders").expect(200)), [] as [u64; 0]);
    assert_eq!(ada.client.post("/orders", body(ada.id)).expect(201).body["customer_id"], ada.id);
}

#[test]
fn an_erased_customer_can_no_longer_order() {
    let Counter { shop, staff, mug } = Counter::open();
    let guest = shop.guest();
    let order = guest.client.order(&[(mug, 1)]).expect(201);
    guest.client.post(&format!("/orders/{}/cancel", order.id()), json!({})).expect(200);
    staff.delete(&format!("/customers/{}", guest.id)).expect(204);
    guest.client.order(&[(mug, 1)]).expect_problem(401, "unauthenticated");
    let body = json!({"items": items_json(&[(mug, 1)]), "customer_id": guest.id});
    staff.post("/orders", body).expect_problem(404, "not_found");
    let kept = staff.get(&format!("/customers/{}/orders", guest.id)).expect(200);
    assert_eq!(ids(&kept), [order.id()]);
}
