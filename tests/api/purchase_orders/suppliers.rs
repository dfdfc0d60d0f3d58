//! What a supplier has to do with it: packs, least quantities and values, days for ordering, costs and papers.

use serde_json::{Value, json};

use super::{RULE, figures, with_approval};
use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::Rule;

/// A watched product that is bought from a supplier.
fn bought(shop: &Shop, staff: &Client, supplier: u64, terms: Value) -> u64 {
    let product = shop.watched(staff, 0, RULE);
    staff.set_policy(product, json!({"lead_time_days": null})).expect(200);
    let mut terms = terms;
    terms["preferred"] = json!(true);
    staff.offer(supplier, product, terms).expect(201);
    product
}

#[test]
fn one_order_a_supplier_with_what_it_asks() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [potter, weaver] = [5, 9].map(|days| shop.supplier(&staff, days));
    let mug = bought(
        &shop,
        &staff,
        potter,
        json!({"cost": "3.00", "supplier_sku": "M1", "pack_size": 12, "price_breaks": [{"from_quantity": 24, "cost": "2.75"}]}),
    );
    let bowl = bought(&shop, &staff, potter, json!({"cost": "4.10", "minimum_quantity": 30}));
    let cloth = bought(&shop, &staff, weaver, json!({"cost": "0.0035"}));
    let own = shop.watched(&staff, 0, RULE);
    let plan = staff.all_pages("/restock/plan?limit=9");
    assert_eq!(plan[0]["supplier_id"], potter);
    assert_eq!((&plan[0]["pack_size"], &plan[1]["minimum_quantity"]), (&json!(12), &json!(30)));
    assert_eq!(staff.all_pages(&format!("/restock/plan?supplier_id={potter}")).len(), 2);
    staff.restock();
    let orders = [mug, bowl, cloth, own].map(|product| staff.ordered(product));
    assert_eq!(orders[0], orders[1]);
    assert!(orders[2] != orders[0] && orders[3] != orders[2] && orders[3] != orders[0]);
    let of_mug = staff.purchase_of(orders[0], mug);
    assert_eq!(
        (&of_mug["quantity"], &of_mug["unit_cost"], &of_mug["supplier_sku"]),
        (&json!(24), &json!("2.75"), &json!("M1"))
    );
    assert!(
        of_mug["reason"].as_str().unwrap().contains("raised to 24, since the supplier sells packs of 12"),
        "{of_mug}"
    );
    let of_bowl = staff.purchase_of(orders[1], bowl);
    assert_eq!(of_bowl["quantity"], 30);
    assert!(
        of_bowl["reason"].as_str().unwrap().contains("raised to 30, since the supplier sells at least 30"),
        "{of_bowl}"
    );
    let read = staff.purchase_order(orders[0]);
    assert_eq!((&read["supplier_id"], &read["total"]), (&json!(potter), &json!("189.00")));
    assert_eq!(staff.purchase_order(orders[2])["total"], "0.07");
    assert_eq!(
        (&read["lines"][0]["lead_time_days"], &staff.purchase_of(orders[2], cloth)["lead_time_days"]),
        (&json!(5), &json!(9))
    );
    assert_eq!(staff.restock()["units"], 0);
}

#[test]
fn a_draft_below_the_suppliers_order_value_stays_one_and_says_what_is_missing() {
    let shop = Shop::open();
    let staff = shop.staff();
    let potter = shop.supplier(&staff, 5);
    staff.patch(&format!("/suppliers/{potter}"), json!({"minimum_order_value": "100.00"})).expect(200);
    let mug = bought(&shop, &staff, potter, json!({"cost": "3.00"}));
    let run = staff.restock();
    assert_eq!((&run["drafted"], &run["ordered"]), (&json!(1), &json!(0)));
    let line = &staff.run_lines(run["id"].as_u64().unwrap())[0];
    // Clerks read the lines of runs, and two such figures would tell what a unit costs.
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("takes no order that comes to so little"), "{line}");
    assert!(!reason.contains("EUR"), "{line}");
    let missing = "40.00 EUR are missing to the 100.00 EUR";
    let draft = staff.drafted(mug);
    let read = staff.purchase_order(draft);
    assert_eq!(
        (&read["missing_value"], &read["minimum_order_value"], &read["total"]),
        (&json!("40.00"), &json!("100.00"), &json!("60.00"))
    );
    assert!(read["waits_for"].as_str().unwrap().contains(missing), "{read}");
    // A clerk is not told what things cost.
    let clerk = shop.clerk();
    let read = clerk.purchase_order(draft);
    assert_eq!([&read["missing_value"], &read["total"], &read["lines"][0]["unit_cost"]], [&Value::Null; 3]);
    assert!(!read["waits_for"].as_str().unwrap().contains("40"), "{read}");
    let order = format!("/purchase_orders/{draft}/order");
    let refused = clerk.post(&order, json!({})).expect_problem(409, "below_minimum_order");
    assert!(!refused.text.contains("40.00"), "{}", refused.text);
    staff.post(&order, json!({})).expect_problem(409, "below_minimum_order");
    staff.restock();
    assert_eq!(staff.drafted(mug), draft);
    // With another product there is enough.
    let bowl = bought(&shop, &staff, potter, json!({"cost": "4.00"}));
    let run = staff.restock();
    assert_eq!((&run["drafted"], &run["ordered"], &run["units"]), (&json!(0), &json!(2), &json!(40)));
    assert_eq!(staff.ordered(bowl), draft);
    assert_eq!(figures(&staff, mug), [0, 20, 0]);
    // A person may order less.
    let own = staff
        .post(
            "/purchase_orders",
            json!({"supplier_id": potter, "lines": [{"product_id": mug, "quantity": 1}]}),
        )
        .expect(201)
        .id();
    let order = format!("/purchase_orders/{own}/order");
    staff
        .post(&order, json!({"accept_below_minimum": 1}))
        .expect_bad_fields(&[("accept_below_minimum", "invalid_boolean")]);
    staff.post(&order, json!({"accept_below_minimum": true})).expect(200);
}

#[test]
fn a_supplier_is_ordered_from_on_its_days() {
    let shop = Shop::open_for_weeks();
    // A Tuesday.
    shop.to("2027-03-02T09:30:00Z");
    let staff = shop.staff();
    let potter = shop.supplier(&staff, 5);
    staff.patch(&format!("/suppliers/{potter}"), json!({"order_days": ["mon"]})).expect(200);
    let mug = bought(&shop, &staff, potter, json!({"cost": "3.00"}));
    assert_eq!(staff.stock(mug)["review_days"], 7);
    let run = staff.restock();
    assert_eq!((&run["drafted"], &run["ordered"]), (&json!(1), &json!(0)));
    let draft = staff.drafted(mug);
    assert!(staff.purchase_order(draft)["waits_for"].as_str().unwrap().ends_with(" on Mondays"));
    shop.to("2027-03-08T09:30:00Z");
    let staff = shop.staff();
    let run = staff.restock();
    assert_eq!((&run["ordered"], &run["nothing"]), (&json!(1), &json!(0)));
    assert_eq!(staff.ordered(mug), draft);
    // Five days from a Monday are a Saturday.
    assert!(staff.purchase_order(draft)["expected_at"].as_str().unwrap().starts_with("2027-03-15"));
}

#[test]
fn a_run_moves_its_line_to_the_supplier_that_is_preferred_now() {
    let shop = with_approval();
    let staff = shop.staff();
    let [potter, other] = [5, 9].map(|days| shop.supplier(&staff, days));
    let mug = bought(&shop, &staff, potter, json!({"cost": "3.00"}));
    let bowl = bought(&shop, &staff, potter, json!({"cost": "3.00"}));
    staff.restock();
    let first = staff.drafted(mug);
    staff.offer(other, mug, json!({"cost": "2.00", "preferred": true})).expect(201);
    staff.restock();
    let second = staff.drafted(mug);
    assert_ne!(second, first);
    assert_eq!(staff.purchase_order(second)["supplier_id"], other);
    assert_eq!(staff.drafted(bowl), first);
    assert_eq!(figures(&staff, mug), [0, 0, 20]);
    // So is another cost.
    staff.offer(other, mug, json!({"cost": "2.20", "preferred": true})).expect(200);
    staff.restock();
    assert_eq!(staff.purchase_of(second, mug)["unit_cost"], "2.20");
    // Nothing is bought from who is archived: it is the shop's own list again.
    staff.delete(&format!("/suppliers/{other}")).expect(204);
    staff
        .post(&format!("/purchase_orders/{second}/order"), json!({}))
        .expect_problem(409, "purchase_order_state");
    staff.restock();
    assert_eq!(staff.purchase_order(staff.drafted(mug))["supplier_id"], Value::Null);
    assert_eq!(staff.purchase_order(second)["status"], "cancelled");
}

#[test]
fn an_order_is_a_table_and_a_letter() {
    let shop = Shop::open();
    shop.to("2027-03-01T09:30:00Z");
    let staff = shop.staff();
    let potter = staff
        .post(
            "/suppliers",
            json!({"name": "Potters, Ltd", "email": "orders@potters.example", "lead_time_days": 2}),
        )
        .expect(201)
        .id();
    let product = staff
        .post(
            "/products",
            json!({"name": "=HYPERLINK(\"x\"), \"big\"", "price": "9.00", "stock": 0, "sku": "-5"}),
        )
        .expect(201)
        .id();
    staff.watch(product, Rule { lead_days: 2, ..RULE });
    staff
        .offer(potter, product, json!({"cost": "3.00", "supplier_sku": "M1", "preferred": true}))
        .expect(201);
    staff.restock();
    let order = staff.ordered(product);
    let csv = staff.get(&format!("/purchase_orders/{order}/csv")).expect(200);
    assert_eq!(csv.header("Content-Type"), Some("text/csv; charset=utf-8; header=present"));
    let expected = format!(
        "\"purchase_order\",\"status\",\"supplier_sku\",\"sku\",\"name\",\"quantity\",\"unit_cost\",\"currency\"\r\n\
         \"{order}\",\"ordered\",\"M1\",\"-5\",\"'=HYPERLINK(\"\"x\"\"), \"\"big\"\"\",\"20\",\"3.00\",\"EUR\"\r\n"
    );
    assert_eq!(csv.text, expected);
    let mail = staff.get(&format!("/purchase_orders/{order}/mail")).expect(200).text;
    for words in [
        "To: Potters, Ltd, orders@potters.example\n",
        &format!("Subject: Purchase order {order} of 1 Mar 2027, Storekeeper\n"),
        &format!("Storekeeper\nPurchase order {order} of 1 Mar 2027\n\nUnits  Number  Product "),
        "20     M1      =HYPERLINK(\"x\"), \"big\"  €3.00\n",
        "Total: €60.00",
        "We expect it by 3 Mar 2027.",
    ] {
        assert!(mail.contains(words), "{words} in {mail}");
    }
    let clerk = shop.clerk();
    for paper in ["csv", "mail"] {
        let text = clerk.get(&format!("/purchase_orders/{order}/{paper}")).expect(200).text;
        assert!(!text.contains("3.00") && !text.contains("60.00"), "{text}");
    }
    let refused = clerk.post(
        "/purchase_orders",
        json!({"lines": [{"product_id": product, "quantity": 1, "unit_cost": "1.00"}]}),
    );
    refused.expect_bad_fields(&[("lines[0].unit_cost", "not_yours")]);
}

#[test]
fn more_than_any_shelf_holds_is_not_ordered_and_says_so() {
    let shop = Shop::open();
    let staff = shop.staff();
    let supplier = shop.supplier(&staff, 5);
    let mug = bought(&shop, &staff, supplier, json!({"cost": "1.00", "pack_size": 7}));
    let offer = format!("/suppliers/{supplier}/products/{mug}");
    let most = json!({"minimum_quantity": 1_000_000_000});
    staff.patch(&offer, most).expect_bad_fields(&[("minimum_quantity", "never_fits")]);
    let terms = json!({"cost": "1.00", "pack_size": 999_999, "minimum_quantity": 999_999_001});
    staff.put(&offer, terms).expect_bad_fields(&[("minimum_quantity", "never_fits")]);
    // One of before.
    mysql::prelude::Queryable::query_drop(
        &mut shop.sql(),
        "UPDATE supplier_products SET minimum_quantity = 1000000000",
    )
    .unwrap();
    let words = "in packs of 7 and at least 1000000000 it would be 1000000001, and a shelf holds 1000000000";
    let plan = &staff.all_pages("/restock/plan?limit=9")[0];
    assert_eq!((&plan["action"], &plan["quantity"]), (&json!("nothing"), &json!(0)));
    assert!(plan["reason"].as_str().unwrap().contains(words), "{plan}");
    let run = staff.restock();
    assert_eq!((&run["nothing"], &run["failed"]), (&json!(1), &json!(0)));
    let line = &staff.run_lines(run["id"].as_u64().unwrap())[0];
    assert!(line["reason"].as_str().unwrap().contains(words), "{line}");
    assert_eq!(figures(&staff, mug), [0, 0, 0]);
}
