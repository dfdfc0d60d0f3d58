//! What is frozen when a draft is ordered, and what is never ordered.

use serde_json::json;

use super::{RULE, figures, with_approval};
use crate::harness::Shop;

#[test]
fn the_number_that_the_supplier_gives_a_product_now_is_ordered() {
    let shop = with_approval();
    let staff = shop.staff();
    let supplier = shop.supplier(&staff, 5);
    let [by_run, by_person] = [0; 2].map(|stock| shop.watched(&staff, stock, RULE));
    for product in [by_run, by_person] {
        let terms = json!({"cost": "9.80", "supplier_sku": "old-1", "preferred": true});
        staff.offer(supplier, product, terms).expect(201);
    }
    staff.restock();
    let draft = staff.drafted(by_run);
    staff.put(&format!("/purchase_orders/{draft}/lines/{by_person}"), json!({"quantity": 7})).expect(200);
    let rename = |product: u64, sku: &str| {
        let path = format!("/suppliers/{supplier}/products/{product}");
        staff.patch(&path, json!({"supplier_sku": sku})).expect(200);
    };
    let sku = |product: u64| staff.purchase_of(draft, product)["supplier_sku"].clone();
    rename(by_run, "NEW-2");
    rename(by_person, "OLD-1");
    staff.restock();
    assert_eq!([sku(by_run), sku(by_person)], [json!("NEW-2"), json!("old-1")]);
    rename(by_run, "NEWER-3");
    staff.post(&format!("/purchase_orders/{draft}/order"), json!({})).expect(200);
    assert_eq!([sku(by_run), sku(by_person)], [json!("NEWER-3"), json!("OLD-1")]);
    let mail = staff.get(&format!("/purchase_orders/{draft}/mail")).expect(200).text;
    assert!(mail.contains("NEWER-3") && mail.contains("OLD-1"), "{mail}");
    // What was ordered stays as it was ordered.
    rename(by_run, "NEWEST-4");
    assert_eq!(sku(by_run), "NEWER-3");
}

#[test]
fn nothing_is_received_of_a_draft_that_was_never_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 0);
    let body = json!({"lines": [{"product_id": product, "quantity": 7}]});
    let draft = staff.post("/purchase_orders", body.clone()).expect(201).id();
    let cancelled = staff.cancel_purchase(draft).expect(200).body;
    assert_eq!(cancelled["allowed_actions"], json!([]));
    for body in [json!({}), body] {
        staff.receive(draft, body).expect_problem(409, "purchase_order_state");
    }
    assert_eq!(figures(&staff, product), [0, 0, 0]);
}

#[test]
fn what_was_archived_since_it_was_drafted_is_not_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [kept, archived] = [0; 2].map(|stock| shop.product(&staff, stock));
    let lines = [kept, archived].map(|product| json!({"product_id": product, "quantity": 3}));
    let draft = staff.post("/purchase_orders", json!({"lines": lines})).expect(201).id();
    staff.delete(&format!("/products/{archived}")).expect(204);
    let order = || staff.post(&format!("/purchase_orders/{draft}/order"), json!({}));
    let line = format!("/purchase_orders/{draft}/lines/{archived}");
    for refused in [order(), staff.put(&line, json!({"quantity": 9}))] {
        let refused = refused.expect_problem(409, "purchase_order_state");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(&format!("Product {archived}")),
            "{}",
            refused.text
        );
    }
    staff.delete(&line).expect(204);
    order().expect(200);
    assert_eq!([kept, archived].map(|product| figures(&staff, product)), [[3, 0, 0], [0, 0, 0]]);
}

#[test]
fn nothing_is_sent_of_what_is_cancelled_and_a_table_says_where_it_stands() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 0);
    let body = json!({"lines": [{"product_id": product, "quantity": 7}]});
    let draft = staff.post("/purchase_orders", body).expect(201).id();
    let papers = ["csv", "mail"].map(|paper| format!("/purchase_orders/{draft}/{paper}"));
    let [csv, mail] = papers.each_ref().map(|path| staff.get(path).expect(200).text);
    assert!(csv.lines().nth(1).unwrap().starts_with(&format!("\"{draft}\",\"draft\",")), "{csv}");
    assert!(mail.contains("draft, not ordered"), "{mail}");
    staff.cancel_purchase(draft).expect(200);
    for path in papers {
        staff.get(&path).expect_problem(409, "purchase_order_state");
    }
}
