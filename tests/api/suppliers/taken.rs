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
    manager.get("/suppliers/999/lead_times").expect_problem(404, "not_found");
    shop.clerk().get(&format!("/suppliers/{supplier}/lead_times")).expect_problem(403, "forbidden");
}
