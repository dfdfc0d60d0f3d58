//! Drafts: those of runs, which people change, approve of, split and merge.

use serde_json::{Value, json};
use storekeeper::app::App;
use storekeeper::audit::Actor;
use storekeeper::config::Config;
use storekeeper::restock::purchase::LINES_MAX;
use storekeeper::restock::{self, Selection};

use super::{RULE, figures, with_approval};
use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::Rule;

/// Sets a line of a draft.
fn set(staff: &Client, order_id: u64, product_id: u64, quantity: i64) -> Value {
    let path = format!("/purchase_orders/{order_id}/lines/{product_id}");
    staff.put(&path, json!({"quantity": quantity})).expect(200).body
}

/// A run of a program for which nobody has to approve, on the same database; its id.
fn run_without_approval(shop: &Shop) -> u64 {
    let app = App::new(Config { restock_needs_approval: false, ..shop.app.config.clone() }).unwrap();
    let actor = Actor::command("storekeeper-restock");
    let run_id = restock::start(&app, actor).unwrap();
    restock::run(&app, run_id, actor, Selection::default()).unwrap();
    run_id
}

fn order(staff: &Client, order_id: u64) -> Value {
    staff.post(&format!("/purchase_orders/{order_id}/order"), json!({})).expect(200).body
}

#[test]
fn where_somebody_approves_a_run_drafts_and_a_second_run_changes_nothing() {
    let shop = with_approval();
    let staff = shop.staff();
    let products = [0, 1].map(|_| shop.watched(&staff, 0, RULE));
    let plan = staff.all_pages("/restock/plan?limit=100");
    assert_eq!((&plan[0]["action"], &plan[0]["quantity"]), (&json!("draft"), &json!(20)));
    let run = staff.restock();
    assert_eq!((&run["drafted"], &run["ordered"], &run["units"]), (&json!(2), &json!(0), &json!(40)));
    let draft = staff.drafted(products[0]);
    assert_eq!(staff.drafted(products[1]), draft, "one draft for the shop's own list");
    assert_eq!(figures(&staff, products[0]), [0, 0, 20]);
    let read = staff.purchase_order(draft);
    assert_eq!((&read["run_id"], &read["for_runs"]), (&run["id"], &json!(true)));
    assert!(read["waits_for"].as_str().unwrap().contains("order it"), "{read}");
    let line = &read["lines"][0];
    assert!(
        line["reason"].as_str().unwrap().starts_with("position 0 is below the reorder point 5: 20"),
        "{line}"
    );

    let again = staff.restock();
    assert_eq!((&again["drafted"], &again["nothing"], &again["units"]), (&json!(0), &json!(2), &json!(0)));
    assert_eq!(staff.purchase_order(draft), read);
    let plan = staff.all_pages("/restock/plan?limit=100");
    assert_eq!(
        (&plan[0]["action"], &plan[0]["quantity"], &plan[0]["drafted"]),
        (&json!("nothing"), &json!(0), &json!(20))
    );
    assert_eq!(plan[0]["draft_purchase_order_id"], draft);
    assert_eq!(plan[0]["position"], 20);

    let ordered = order(&staff, draft);
    assert_eq!((&ordered["status"], &ordered["for_runs"]), (&json!("ordered"), &json!(false)));
    assert_eq!(figures(&staff, products[0]), [0, 20, 0]);
    staff
        .post(&format!("/purchase_orders/{draft}/order"), json!({}))
        .expect_problem(409, "purchase_order_state");
    assert_eq!(staff.restock()["units"], 0);
}

#[test]
fn a_run_sets_its_lines_to_what_the_rule_says_now_and_leaves_those_of_people() {
    let shop = with_approval();
    let staff = shop.staff();
    let [less, more, gone, unwatched, mine] = [0; 5].map(|_| shop.watched(&staff, 0, RULE));
    staff.restock();
    let draft = staff.drafted(less);
    set(&staff, draft, mine, 50);
    let found = |product: u64, units: i64| {
        staff.move_stock(product, json!({"delta": units, "reason": "found"})).expect(201)
    };
    found(less, 4);
    found(gone, 5);
    found(mine, 4);
    staff.set_policy(more, json!({"reorder_target": 30})).expect(200);
    staff.set_policy(unwatched, json!({"reorder_point": null})).expect(200);
    let plan = staff.all_pages("/restock/plan?limit=100");
    let of = |product: u64| plan.iter().find(|line| line["product_id"] == product).expect("a line");
    assert_eq!(of(less)["quantity"], 16);
    assert_eq!(of(gone)["quantity"], 0);
    staff.restock();
    let quantity = |product: u64| {
        let lines = staff.purchase_order(draft)["lines"].clone();
        lines
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["product_id"] == product)
            .map(|line| line["quantity"].as_i64().unwrap())
    };
    assert_eq!([less, more, gone, unwatched, mine].map(quantity), [Some(16), Some(30), None, None, Some(50)]);
    assert_eq!(figures(&staff, gone), [5, 0, 0]);
    assert_eq!(figures(&staff, unwatched), [0, 0, 0]);
    assert_eq!(figures(&staff, mine), [4, 0, 50]);
    // The archived one is taken off too, and an empty draft is closed.
    for product in [less, more] {
        staff.delete(&format!("/products/{product}")).expect(204);
    }
    staff.delete(&format!("/purchase_orders/{draft}/lines/{mine}")).expect(204);
    staff.set_policy(mine, json!({"reorder_point": null})).expect(200);
    staff.restock();
    let read = staff.purchase_order(draft);
    assert_eq!((&read["status"], &read["lines"]), (&json!("cancelled"), &json!([])));
}

#[test]
fn a_draft_of_a_run_that_was_killed_is_ordered_by_the_next_one() {
    let shop = with_approval();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, RULE);
    staff.restock();
    let draft = staff.drafted(product);
    // As if the run had been killed before it came to ordering: the same database, without approval.
    let run_id = run_without_approval(&shop);
    assert_eq!(staff.ordered(product), draft);
    let lines = staff.run_lines(run_id);
    assert_eq!((&lines[0]["outcome"], &lines[0]["quantity"]), (&json!("ordered"), &json!(20)));
    assert_eq!(figures(&staff, product), [0, 20, 0]);
}

#[test]
fn a_draft_is_named_when_it_is_older_than_a_day() {
    let shop = with_approval();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, RULE);
    staff.restock();
    let draft = staff.drafted(product);
    let waits = |staff: &Client| {
        let reason = staff.all_pages("/restock/plan?limit=9")[0]["reason"].as_str().unwrap().to_owned();
        reason.contains(&format!("draft purchase order {draft} waits since"))
    };
    shop.hours_pass(23);
    let staff = shop.staff();
    assert!(!waits(&staff));
    assert_eq!(shop.metric("storekeeper_purchase_orders_waiting"), "0");
    shop.hours_pass(2);
    assert!(waits(&staff));
    assert_eq!(shop.metric("storekeeper_purchase_orders_waiting"), "1");
    order(&staff, draft);
    assert!(!waits(&staff));
    assert_eq!(shop.metric("storekeeper_purchase_orders_waiting"), "0");
}

#[test]
fn people_make_drafts_to_which_no_run_adds() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [known, other] = [0; 2].map(|_| shop.product(&staff, 1));
    let supplier = shop.supplier(&staff, 4);
    staff.offer(supplier, known, json!({"cost": "2.50", "supplier_sku": "K-1", "price_breaks": [{"from_quantity": 10, "cost": "2.00"}]})).expect(201);
    let body = json!({
        "supplier_id": supplier, "note": "for the fair",
        "lines": [{"product_id": other, "quantity": 3, "unit_cost": "1.255"}, {"product_id": known, "quantity": 12}],
    });
    let made = staff.post("/purchase_orders", body).expect(201);
    let draft = made.id();
    assert_eq!(made.header("Location"), Some(&*format!("/purchase_orders/{draft}")));
    let lines = made.body["lines"].as_array().unwrap();
    assert_eq!((&lines[0]["supplier_sku"], &lines[0]["unit_cost"]), (&json!("K-1"), &json!("2.00")));
    assert_eq!((&lines[1]["supplier_sku"], &lines[1]["unit_cost"]), (&Value::Null, &json!("1.255")));
    // 12 × 2.00 and 3 × 1.255.
    assert_eq!(made.body["total"], "27.77");
    assert_eq!((&made.body["for_runs"], &made.body["run_id"]), (&json!(false), &Value::Null));
    assert_eq!(figures(&staff, known), [1, 0, 12]);
    // No run orders it.
    staff.watch(known, Rule { point: 30, target: 40, multiple: 1, lead_days: 3 });
    staff.restock();
    assert_eq!(staff.drafted(known), draft);
    assert_eq!(figures(&staff, known), [1, 27, 12]);
    let ordered = order(&staff, draft);
    assert_eq!(ordered["lines"][0]["lead_time_days"], 3);
    assert_eq!(ordered["lines"][1]["lead_time_days"], 4, "the supplier's");
    // What is ordered is frozen.
    let path = format!("/purchase_orders/{draft}/lines/{known}");
    staff.put(&path, json!({"quantity": 1})).expect_problem(409, "purchase_order_state");
    staff.delete(&path).expect_problem(409, "purchase_order_state");
    for (action, body) in
        [("split", json!({"lines": [{"product_id": known}]})), ("merge", json!({"purchase_order_id": 99}))]
    {
        staff
            .post(&format!("/purchase_orders/{draft}/{action}"), body)
            .expect_problem(409, "purchase_order_state");
    }
    staff.offer(supplier, known, json!({"cost": "9.00"})).expect(200);
    assert_eq!(staff.purchase_order(draft)["lines"], ordered["lines"]);
}

#[test]
fn every_bad_field_of_a_draft_is_named_and_nothing_is_kept() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [product, archived] = [0; 2].map(|_| shop.product(&staff, 1));
    staff.delete(&format!("/products/{archived}")).expect(204);
    let made = |body: Value| staff.post("/purchase_orders", body);
    made(json!({"supplier_id": 77})).expect_bad_fields(&[("supplier_id", "unknown_supplier")]);
    made(json!({"lines": [{"product_id": archived, "quantity": 1}, {"product_id": product, "quantity": 1}, {"product_id": 999, "quantity": 1}]}))
        .expect_bad_fields(&[("lines[0].product_id", "unknown_product"), ("lines[2].product_id", "unknown_product")]);
    made(json!({"lines": [{"product_id": product, "quantity": 1}, {"product_id": product, "quantity": 2}]}))
        .expect_bad_fields(&[("lines[1].product_id", "appears_twice")]);
    made(json!({"supplier_id": 0, "note": 3, "lines": [{"product_id": 0, "quantity": 0, "unit_cost": "-1", "sku": "x"}], "status": "ordered"}))
        .expect_bad_fields(&[
            ("supplier_id", "invalid_number"), ("note", "wrong_type"), ("lines[0].product_id", "invalid_number"),
            ("lines[0].quantity", "invalid_number"), ("lines[0].unit_cost", "invalid_price"), ("lines[0].sku", "unknown_field"),
            ("status", "unknown_field"),
        ]);
    assert_eq!(staff.all_pages("/purchase_orders?limit=9"), [Value::Null; 0]);
    let draft = made(json!({})).expect(201).id();
    staff
        .post(&format!("/purchase_orders/{draft}/order"), json!({}))
        .expect_problem(409, "purchase_order_state");
    let line =
        |product: u64, body: Value| staff.put(&format!("/purchase_orders/{draft}/lines/{product}"), body);
    line(archived, json!({"quantity": 1})).expect_problem(404, "not_found");
    line(product, json!({"quantity": 0})).expect_bad_fields(&[("quantity", "invalid_number")]);
    line(product, json!({})).expect_bad_fields(&[("quantity", "required")]);
    staff.delete(&format!("/purchase_orders/{draft}/lines/{product}")).expect_problem(404, "not_found");
}

#[test]
fn a_draft_is_split_and_merged_and_no_unit_is_lost() {
    let shop = with_approval();
    let staff = shop.staff();
    let [first, second] = [0; 2].map(|_| shop.watched(&staff, 0, RULE));
    staff.restock();
    let draft = staff.drafted(first);
    let path = format!("/purchase_orders/{draft}");
    let split = |lines: Value| staff.post(&format!("{path}/split"), json!({"lines": lines}));
    split(json!([{"product_id": first}, {"product_id": second}]))
        .expect_bad_fields(&[("lines", "leaves_nothing")]);
    split(json!([{"product_id": first, "quantity": 21}, {"product_id": 99}]))
        .expect_bad_fields(&[("lines[0].quantity", "too_large"), ("lines[1].product_id", "not_on_order")]);
    split(json!([{"product_id": first}, {"product_id": second, "quantity": 0}, {"product_id": first}]))
        .expect_bad_fields(&[("lines[1].quantity", "invalid_number")]);
    split(json!([{"product_id": first}, {"product_id": first}]))
        .expect_bad_fields(&[("lines[1].product_id", "appears_twice")]);
    let part = split(json!([{"product_id": first, "quantity": 8}])).expect(201);
    let other = part.id();
    assert_eq!(part.body["lines"][0]["quantity"], 8);
    assert_eq!(staff.purchase_of(draft, first)["quantity"], 12);
    assert_eq!(figures(&staff, first), [0, 0, 20]);
    // Both lines are a person's now, and no run adds to the new draft.
    assert_eq!(staff.restock()["units"], 0);
    assert_eq!(part.body["for_runs"], false);

    let merge = |into: u64, other: Value| {
        staff.post(&format!("/purchase_orders/{into}/merge"), json!({"purchase_order_id": other}))
    };
    merge(draft, json!(draft)).expect_bad_fields(&[("purchase_order_id", "same_order")]);
    merge(draft, json!(999)).expect_bad_fields(&[("purchase_order_id", "unknown_purchase_order")]);
    let supplier = shop.supplier(&staff, 3);
    let foreign = staff.post("/purchase_orders", json!({"supplier_id": supplier})).expect(201).id();
    merge(draft, json!(foreign)).expect_bad_fields(&[("purchase_order_id", "other_supplier")]);
    staff.cancel_purchase(foreign).expect(200);
    merge(draft, json!(foreign)).expect_bad_fields(&[("purchase_order_id", "not_a_draft")]);
    let merged = merge(other, json!(draft)).expect(200).body;
    let quantities: Vec<_> =
        merged["lines"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64().unwrap()).collect();
    assert_eq!(quantities, [20, 20]);
    assert_eq!(staff.purchase_order(draft)["status"], "cancelled");
    assert_eq!(figures(&staff, first), [0, 0, 20]);
    assert_eq!(figures(&staff, second), [0, 0, 20]);
    order(&staff, other);
    assert_eq!(figures(&staff, second), [0, 20, 0]);
}

#[test]
fn what_has_no_lead_time_is_received_as_it_is_ordered() {
    let shop = with_approval();
    let staff = shop.staff();
    let at_once = shop.watched(&staff, 0, Rule { lead_days: 0, ..RULE });
    let later = shop.watched(&staff, 0, RULE);
    staff.restock();
    let draft = staff.drafted(at_once);
    assert_eq!(figures(&staff, at_once), [0, 0, 20]);
    let ordered = order(&staff, draft);
    assert_eq!(
        (&ordered["status"], &ordered["received"], &ordered["outstanding"]),
        (&json!("ordered"), &json!(20), &json!(20))
    );
    assert_eq!(
        ordered["receipts"][0]["lines"],
        json!([{"product_id": at_once, "accepted": 20, "rejected": 0}])
    );
    assert_eq!(figures(&staff, at_once), [20, 0, 0]);
    assert_eq!(figures(&staff, later), [0, 20, 0]);
    assert_eq!(staff.receive(draft, json!({})).expect(200).body["status"], "received");
}

#[test]
fn a_cancelled_draft_is_drafted_anew() {
    let shop = with_approval();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, RULE);
    staff.restock();
    let first = staff.drafted(product);
    staff.cancel_purchase(first).expect(200);
    assert_eq!(figures(&staff, product), [0, 0, 0]);
    staff.restock();
    assert_ne!(staff.drafted(product), first);
}

#[test]
fn a_run_leaves_a_line_alone_that_somebody_has_lowered_and_says_so() {
    let shop = with_approval();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, RULE);
    staff.restock();
    let draft = staff.drafted(product);
    // Below the point: the rule alone would order.
    set(&staff, draft, product, 2);
    let plan = staff.all_pages("/restock/plan?limit=100");
    assert_eq!((&plan[0]["action"], &plan[0]["quantity"]), (&json!("nothing"), &json!(0)), "{plan:?}");
    let said = format!("somebody has set its line on draft purchase order {draft} to 2");
    assert!(plan[0]["reason"].as_str().unwrap().contains(&said), "{plan:?}");
    let run = staff.restock();
    assert_eq!((&run["nothing"], &run["units"]), (&json!(1), &json!(0)));
    assert_eq!(staff.purchase_order(draft)["lines"][0]["quantity"], 2);
    assert_eq!(figures(&staff, product), [0, 0, 2]);
    // Once it is taken off, the rule alone says.
    staff.delete(&format!("/purchase_orders/{draft}/lines/{product}")).expect(204);
    assert_eq!(staff.restock()["units"], 20);
    assert_eq!(figures(&staff, product), [0, 0, 20]);
}

#[test]
fn lines_that_are_null_are_none_of_a_draft_and_refused_of_a_delivery() {
    let shop = with_approval();
    let staff = shop.staff();
    let product = shop.watched(&staff, 0, RULE);
    let empty = staff.post("/purchase_orders", json!({"lines": null})).expect(201);
    assert_eq!(empty.body["line_count"], 0);
    set(&staff, empty.id(), product, 7);
    order(&staff, empty.id());
    // Who receives has counted, or leaves it out.
    staff.receive(empty.id(), json!({"lines": null})).expect_bad_fields(&[("lines", "required")]);
    let received = staff.receive(empty.id(), json!({})).expect(200).body;
    assert_eq!((&received["status"], &received["received"]), (&json!("received"), &json!(7)));
}

#[test]
fn a_full_draft_is_ordered_or_says_so() {
    let shop = with_approval();
    let staff = shop.staff();
    let products: Vec<u64> = (0..LINES_MAX + 2).map(|_| shop.watched(&staff, 0, RULE)).collect();
    let run = staff.restock();
    assert_eq!((&run["drafted"], &run["failed"]), (&json!(LINES_MAX), &json!(2)));
    let draft = staff.drafted(products[0]);
    let line = staff.run_lines(run["id"].as_u64().unwrap()).pop().unwrap();
    let full = format!("draft purchase order {draft} holds {LINES_MAX} lines");
    assert!(line["reason"].as_str().unwrap().contains(&full), "{line}");
    let path = format!("/purchase_orders/{draft}/lines/{}", products[LINES_MAX]);
    staff.put(&path, json!({"quantity": 1})).expect_problem(409, "purchase_order_state");
    // What finds no room there stays where it was.
    let supplier = shop.supplier(&staff, 3);
    let moving = shop.watched(&staff, 0, RULE);
    staff.offer(supplier, moving, json!({"cost": "1.00", "preferred": true})).expect(201);
    staff.restock();
    let other = staff.drafted(moving);
    staff.delete(&format!("/suppliers/{supplier}/products/{moving}")).expect(204);
    assert_eq!(staff.restock()["failed"], 3);
    assert_eq!((staff.drafted(moving), figures(&staff, moving)), (other, [0, 0, 20]));
    // Where nobody has to approve, it is ordered and another one is begun.
    let run_id = run_without_approval(&shop);
    assert_eq!(staff.ordered(products[0]), draft);
    let second = staff.ordered(products[LINES_MAX]);
    assert_ne!(second, draft);
    assert_eq!(staff.ordered(products[LINES_MAX + 1]), second);
    let outcomes = staff.run_lines(run_id);
    assert!(outcomes.iter().all(|line| line["outcome"] == "ordered"), "{outcomes:?}");
}
