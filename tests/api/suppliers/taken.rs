//! How long suppliers have taken, learned from what has come, and what the forecast makes of it.

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;

/// Buys ten of a product on a day and has all of it after so many days.
fn bought(shop: &Shop, manager: &Client, supplier: u64, product: u64, days: i64) {
    let body = json!({"supplier_id": supplier, "lines": [{"product_id": product, "quantity": 10}]});
    let order = manager.post("/purchase_orders", body).expect(201).id();
    manager.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
    shop.hours_pass(24);
    manager.receive_units(order, product, 4).expect(200);
    shop.hours_pass((days - 1) * 24);
    manager.receive(order, json!({})).expect(200);
}

#[test]
fn mean_and_spread_are_learned_from_what_has_come() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_STAFF_SESSION_IDLE_HOURS", "8760"),
        ("STOREKEEPER_STAFF_SESSION_MAX_HOURS", "8760"),
    ]);
    let manager = shop.staff();
    let [supplier, other] = [7, 5].map(|days| shop.supplier(&manager, days));
    let [mug, bowl] = [0; 2].map(|_| shop.product(&manager, 5));
    let read = || manager.get(&format!("/suppliers/{supplier}/lead_times")).expect(200).body;
    let nothing = read();
    assert_eq!((&nothing["lead_time_days"], &nothing["receipts"]), (&json!(7), &json!(0)));
    assert_eq!((&nothing["mean_days"], &nothing["products"]["data"]), (&Value::Null, &json!([])));

    for days in [6, 8, 10] {
        bought(&shop, &manager, supplier, mug, days);
    }
    bought(&shop, &manager, supplier, bowl, 12);
    bought(&shop, &manager, other, mug, 3);
    // What has not come yet, and what came at once, tell nothing.
    let body = json!({"supplier_id": supplier, "lines": [{"product_id": mug, "quantity": 10}]});
    let open = manager.post("/purchase_orders", body).expect(201).id();
    manager.post(&format!("/purchase_orders/{open}/order"), json!({})).expect(200);
    let taken = read();
    assert_eq!((&taken["receipts"], &taken["mean_days"]), (&json!(4), &json!(9.0)));
    // Of 6, 8, 10 and 12 days.
    assert_eq!(taken["spread_days"], 2.6);
    let products = taken["products"]["data"].as_array().unwrap();
    assert_eq!((&products[0]["product_id"], &products[0]["mean_days"]), (&json!(mug), &json!(8.0)));
    assert_eq!(products[0]["spread_days"], 2.0);
    assert_eq!((&products[1]["receipts"], &products[1]["spread_days"]), (&json!(1), &Value::Null));
    let page = manager.get(&format!("/suppliers/{supplier}/lead_times?limit=1")).expect(200).body;
    let next = page["products"]["next"].as_str().expect("a second page");
    let page =
        manager.get(&format!("/suppliers/{supplier}/lead_times?limit=1&after={next}")).expect(200).body;
    assert_eq!(page["products"]["data"], json!([products[1]]));

    // The forecast knows of the mug's, from whomever it came: 6, 8, 10 and 3 days.
    assert_eq!(manager.stock(mug)["forecast"]["lead_time_spread_days"], 3.0);
    assert_eq!(manager.stock(bowl)["forecast"]["lead_time_spread_days"], Value::Null, "of one receipt");
    assert_eq!(manager.stock(mug)["forecast"]["lead_time_learned_days"], 7);
    assert_eq!(manager.stock(bowl)["forecast"]["lead_time_learned_days"], Value::Null);
    // From its preferred supplier, once there is one.
    manager.offer(supplier, mug, json!({"cost": "1.00", "preferred": true})).expect(201);
    assert_eq!(manager.stock(mug)["forecast"]["lead_time_learned_days"], 8);
    manager.offer(other, mug, json!({"cost": "1.00", "preferred": true})).expect(201);
    assert_eq!(manager.stock(mug)["forecast"]["lead_time_learned_days"], Value::Null);
    manager.get("/suppliers/999/lead_times").expect_problem(404, "not_found");
    shop.clerk().get(&format!("/suppliers/{supplier}/lead_times")).expect_problem(403, "forbidden");
}

#[test]
fn the_suggestion_lasts_for_the_lead_time_that_was_learned() {
    let shop = Shop::open_for_weeks();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 5);
    let product = shop.product(&manager, 900);
    manager.offer(supplier, product, json!({"cost": "4.00", "preferred": true})).expect(201);
    manager.set_policy(product, json!({"reorder_point": 10, "reorder_target": 40})).expect(200);
    for _ in 0..20 {
        let order = shop.guest().client.order(&[(product, 2)]).expect(201).id();
        manager.ship(order).expect(200);
        shop.to_noon_in(1);
    }
    manager.restock();
    let suggested = || manager.stock(product)["forecast"]["suggested_reorder_point"].as_i64().unwrap();
    let of_five_days = suggested();
    let taken = || manager.get(&format!("/suppliers/{supplier}/lead_times")).expect(200).body;
    // Two that came whole, and one of which a part came before the rest was cancelled.
    for whole in [true, true, false] {
        let body = json!({"supplier_id": supplier, "lines": [{"product_id": product, "quantity": 10}]});
        let order = manager.post("/purchase_orders", body).expect(201).id();
        manager.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
        shop.hours_pass(14 * 24 + 1);
        manager.receive_units(order, product, if whole { 10 } else { 9 }).expect(200);
        if !whole {
            assert_eq!(taken()["receipts"], 2);
            shop.hours_pass(30 * 24);
            manager.cancel_purchase(order).expect(200);
        }
    }
    assert_eq!((&taken()["receipts"], &taken()["mean_days"]), (&json!(3), &json!(14.0)));
    let stock = manager.stock(product);
    assert_eq!(
        (&stock["effective_lead_time_days"], &stock["forecast"]["lead_time_learned_days"]),
        (&json!(5), &json!(15))
    );
    let learned = suggested();
    manager.patch(&format!("/suppliers/{supplier}"), json!({"lead_time_days": 15})).expect(200);
    assert_eq!(suggested(), learned);
    assert!(learned > of_five_days || stock["forecast"]["units_per_day"] == 0.0, "{of_five_days} {stock}");
    // What is suggested today is judged when those days are over.
    manager.restock();
    let due: String = mysql::prelude::Queryable::query_first(
        &mut shop.sql(),
        "SELECT CAST(DATEDIFF(due_day, day) AS CHAR) FROM suggestions ORDER BY day DESC LIMIT 1",
    )
    .unwrap()
    .expect("a suggestion");
    assert_eq!(due, "16");
    let tried = manager.post(&format!("/products/{product}/stock/what-if"), json!({"service_level": 0.95}));
    assert_eq!(tried.expect(200).body["proposal"]["effective_lead_time_days"], 15);
}
