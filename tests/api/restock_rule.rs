//! The rule in the shop: what is on its way counts, however late, and holds up nothing by itself.

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{Rule, each, together};

const RULE: Rule = Rule { point: 10, target: 40, multiple: 6, lead_days: 7 };

fn line(staff: &Client, product_id: u64) -> Value {
    staff.all_pages(&format!("/restock/plan?product_id={product_id}"))[0].clone()
}

/// Customers take more than was thought while the goods are on their way.
fn surge(shop: &Shop, staff: &Client, product_id: u64, units: i64) {
    let [on_hand, reserved, _] = staff.figures(product_id);
    staff.count_shelf(product_id, reserved + units);
    shop.guest().client.order(&[(product_id, units)]).expect(201);
    staff.count_shelf(product_id, on_hand);
}

#[test]
fn a_surge_while_an_order_is_open_orders_the_rest() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, RULE);
    staff.restock();
    assert_eq!(staff.figures(product_id), [0, 0, 42]);
    surge(&shop, &staff, product_id, 35);
    assert_eq!(staff.restock()["units"], 36);
    assert_eq!(staff.figures(product_id), [0, 35, 78]);
    let second = staff.restock();
    assert_eq!((&second["ordered"], &second["units"]), (&json!(0), &json!(0)));
    let open = staff.all_pages(&format!("/purchase_orders?product_id={product_id}&status=ordered"));
    assert_eq!(each(&open, "outstanding"), [36, 42]);
    // Each is received and cancelled by itself.
    let [newer, older] = [0, 1].map(|at| open[at]["id"].as_u64().unwrap());
    staff.receive_units(older, product_id, 40).expect(200);
    staff.cancel_purchase(newer).expect(200);
    assert_eq!(staff.figures(product_id), [40, 35, 2]);
    assert_eq!(staff.restock()["units"], 36);
    assert!(shop.broken_invariants().is_empty());
}

/// On one node and on two: more than one run would have ordered is never ordered.
#[test]
fn runs_at_once_order_the_rest_once() {
    let (shop, rounds) = (Shop::open(), 10);
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, RULE);
    let clients: Vec<Client> = (0..8).map(|_| shop.with_token(staff.token())).collect();
    let mut incoming = 0;
    for _ in 0..rounds {
        together(clients.len(), |number| {
            clients[number].post("/restock/runs", json!({"product_id": product_id})).expect(201);
        });
        let [_, reserved, now] = staff.figures(product_id);
        let expected = (40 + reserved - incoming + 5) / 6 * 6 + incoming;
        assert_eq!(now, expected);
        incoming = now;
        surge(&shop, &staff, product_id, 40);
    }
    assert_eq!(staff.purchases_of(product_id).len(), rounds);
    assert!(shop.broken_invariants().is_empty());
}

#[test]
fn no_more_is_ordered_at_once_than_may_be() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, RULE);
    staff.set_policy(product_id, json!({"order_max": 20})).expect(200);
    let planned = line(&staff, product_id);
    assert_eq!(
        (&planned["action"], &planned["quantity"], &planned["order_max"]),
        (&json!("order"), &json!(18), &json!(20))
    );
    assert_eq!(
        planned["reason"],
        "position 0 is below the reorder point 10: 18 (in multiples of 6) bring it to 18, below the target 40, since at \
         most 20 are ordered at once"
    );
    staff.restock();
    assert_eq!(staff.restock()["units"], 0);
    assert_eq!(staff.figures(product_id), [0, 0, 18]);
    // A part came and was sold, and 36 are needed now.
    staff.receive_units(staff.ordered(product_id), product_id, 12).expect(200);
    staff.count_shelf(product_id, 0);
    let run = staff.restock();
    assert_eq!(run["units"], 0);
    let said = &staff.run_lines(run["id"].as_u64().unwrap())[0];
    assert_eq!((&said["order_max"], &said["outcome"]), (&json!(20), &json!("nothing")));
    assert_eq!(
        said["reason"],
        "position 6 is below the reorder point 10, but 36 are needed, at most 20 are ordered at once, and the last order \
         is still open; receive or cancel it, or raise order_max"
    );
    staff.cancel_purchase(staff.ordered(product_id)).expect(200);
    assert_eq!(staff.restock()["units"], 18);
}

#[test]
fn what_is_snoozed_is_left_alone_until_that_day_of_the_shop() {
    let shop = Shop::open_with(&[("STOREKEEPER_TIME_ZONE", "America/New_York")]);
    shop.to("2027-03-01T12:00:00Z");
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, RULE);
    staff.set_policy(product_id, json!({"snoozed_until": "2027-03-02"})).expect(200);
    shop.to("2027-03-02T04:59:00Z");
    let planned = line(&staff, product_id);
    assert_eq!((&planned["action"], &planned["snoozed_until"]), (&json!("nothing"), &json!("2027-03-02")));
    assert_eq!(
        planned["reason"],
        "position 0 is below the reorder point 10, but it is snoozed until 2027-03-02"
    );
    assert_eq!(staff.restock()["units"], 0);
    shop.to("2027-03-02T05:00:00Z");
    assert_eq!(line(&staff, product_id)["quantity"], 42);
    assert_eq!(staff.restock()["units"], 42);
}

#[test]
fn what_is_late_is_named() {
    let shop = Shop::open();
    shop.to("2027-03-01T09:30:00Z");
    let staff = shop.staff();
    let [late, on_time] = [3, 30].map(|days| shop.watched(&staff, 0, Rule { lead_days: days, ..RULE }));
    staff.restock();
    let of = |query: &str| {
        each(&staff.all_pages(&format!("/restock/plan?{query}")), "product_id")
            .into_iter()
            .cloned()
            .collect::<Vec<_>>()
    };
    let late_orders = || shop.metric("storekeeper_purchase_orders_late");
    shop.to("2027-03-04T23:59:00Z");
    assert_eq!(of("late=true"), [Value::Null; 0]);
    assert_eq!((line(&staff, late)["late"].clone(), late_orders().as_str()), (Value::Null, "0"));
    shop.to("2027-03-05T00:00:00Z");
    assert_eq!(of("late=true"), [late]);
    assert_eq!(of("late=false"), [on_time]);
    assert_eq!(of("late=true&limit=1"), [late]);
    let planned = line(&staff, late);
    assert_eq!(planned["late"]["units"], 42);
    assert!(planned["late"]["expected_at"].as_str().unwrap().starts_with("2027-03-04T09:30:"), "{planned}");
    assert_eq!(
        planned["reason"],
        "position 42 is not below the reorder point 10; 42 units are late, the first of them expected on 2027-03-04"
    );
    assert_eq!(late_orders(), "1");
    // Late or not, it counts: nothing is ordered a second time. What has come is late no longer.
    assert_eq!(staff.restock()["units"], 0);
    staff.receive_units(staff.ordered(late), late, 2).expect(200);
    assert_eq!(line(&staff, late)["late"]["units"], 40);
    staff.cancel_purchase(staff.ordered(late)).expect(200);
    assert_eq!((of("late=true"), late_orders().as_str()), (vec![], "0"));
    staff.get("/restock/plan?late=maybe").expect_bad_fields(&[("late", "invalid_boolean")]);
}
