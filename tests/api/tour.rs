//! The whole life of an order, as the README walks through it.

use serde_json::json;

use crate::harness::Shop;

#[test]
fn from_sign_up_to_delivery() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff
        .post("/products", json!({"name": "Mug", "price": "14.50", "sku": "MUG-1", "stock": 5}))
        .expect(201);
    let guest = shop.guest();
    let order = guest.client.order(&[(mug.id(), 2)]).expect(201);
    assert_eq!(order.body["status"], "placed");
    assert_eq!(order.body["total"], "29.00");
    assert_eq!(order.body["allowed_actions"], json!(["cancel"]));
    let order_path = format!("/orders/{}", order.id());
    assert_eq!(order.header("Location"), Some(order_path.as_str()));
    assert_eq!(guest.client.get(&order_path).expect(200).text, order.text);

    let shipping = json!({"carrier": "Post", "tracking_number": "RR123"});
    let shipped = staff.post(&format!("{order_path}/ship"), shipping).expect(200);
    assert_eq!(shipped.body["status"], "shipped");
    guest.client.post(&format!("{order_path}/cancel"), json!({})).expect_problem(409, "order_state");
    staff.post(&format!("{order_path}/deliver"), json!({})).expect(200);

    let tracking = guest.client.get(&format!("{order_path}/track")).expect(200);
    let events = tracking.body["events"].as_array().unwrap().iter();
    let statuses: Vec<_> = events.map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["placed", "shipped", "delivered"]);
    assert_eq!(tracking.body["tracking_number"], "RR123");
}
