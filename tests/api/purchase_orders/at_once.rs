//! What is on the shelf as soon as it is ordered, and what only seems so.

use serde_json::{Value, json};

use super::{RULE, figures};
use crate::client::Client;
use crate::harness::Shop;

/// A watched product without a lead time of its own, which a supplier sells that takes two weeks.
fn bought(shop: &Shop, staff: &Client) -> (u64, u64) {
    let supplier = shop.supplier(staff, 14);
    let product = shop.watched(staff, 0, RULE);
    staff.set_policy(product, json!({"lead_time_days": null})).expect(200);
    staff.offer(supplier, product, json!({"cost": "8.00", "preferred": true})).expect(201);
    (supplier, product)
}

#[test]
fn goods_that_nobody_has_delivered_are_not_on_the_shelf_when_nobody_is_preferred_any_more() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (archived, first) = bought(&shop, &staff);
    staff.delete(&format!("/suppliers/{archived}")).expect(204);
    let (dropped, second) = bought(&shop, &staff);
    staff.patch(&format!("/suppliers/{dropped}/products/{second}"), json!({"preferred": false})).expect(200);
    for product in [first, second] {
        let plan =
            staff.get(&format!("/restock/plan?product_id={product}")).expect(200).body["data"][0].clone();
        assert_eq!(
            (&plan["action"], &plan["effective_lead_time_days"]),
            (&json!("order"), &json!(0)),
            "{plan}"
        );
        assert!(plan["reason"].as_str().unwrap().contains("none is active and preferred"), "{plan}");
    }
    let run = staff.restock();
    assert_eq!((&run["ordered"], &run["received"]), (&json!(2), &json!(0)));
    for line in staff.run_lines(run["id"].as_u64().unwrap()) {
        assert!(line["reason"].as_str().unwrap().contains("none is active and preferred"), "{line}");
    }
    for product in [first, second] {
        assert_eq!(figures(&staff, product), [0, 20, 0]);
        let order = staff.purchase_order(staff.ordered(product));
        assert_eq!((&order["status"], &order["supplier_id"]), (&json!("ordered"), &Value::Null));
        assert!(order["expected_at"].is_string(), "{order}");
    }
    assert_eq!(staff.restock()["units"], 0);
    staff.receive(staff.ordered(first), json!({})).expect(200);
    assert_eq!(figures(&staff, first), [20, 0, 0]);
}

#[test]
fn where_somebody_wrote_0_or_nobody_sells_it_it_is() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (supplier, written) = bought(&shop, &staff);
    staff.delete(&format!("/suppliers/{supplier}")).expect(204);
    staff.set_policy(written, json!({"lead_time_days": 0})).expect(200);
    let own = shop.watched(&staff, 0, RULE);
    staff.set_policy(own, json!({"lead_time_days": null})).expect(200);
    let (at_hand, theirs) = bought(&shop, &staff);
    staff.patch(&format!("/suppliers/{at_hand}"), json!({"lead_time_days": 0})).expect(200);
    // What came to be of no supplier's offer is the shop's own list's again.
    let (former, unsold) = bought(&shop, &staff);
    staff.delete(&format!("/suppliers/{former}/products/{unsold}")).expect(204);
    let run = staff.restock();
    assert_eq!((&run["ordered"], &run["received"]), (&json!(0), &json!(4)), "{run}");
    for product in [written, own, theirs, unsold] {
        assert_eq!(figures(&staff, product), [20, 0, 0]);
    }
}
