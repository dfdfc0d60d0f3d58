//! The plan and the runs at the desk.

use serde_json::json;
use storekeeper::web::caller::Role;

use crate::harness::Shop;
use crate::shelves::Rule;

const RULE: Rule = Rule { point: 10, target: 40, multiple: 6, lead_days: 7 };

fn with_approval() -> Shop {
    Shop::open_with(&[("STOREKEEPER_RESTOCK_APPROVAL", "draft")])
}

/// A supplier by this name, and a product that is due there.
fn due(shop: &Shop, seller: &str) -> (u64, u64) {
    let staff = shop.staff();
    let supplier = staff.post("/suppliers", json!({"name": seller, "lead_time_days": 7})).expect(201).id();
    let product = shop.watched(&staff, 5, RULE);
    staff.offer(supplier, product, json!({"cost": "7.95", "pack_size": 4, "preferred": true})).expect(201);
    (supplier, product)
}

#[test]
fn the_plan_says_by_supplier_what_to_buy_and_why() {
    let shop = Shop::open();
    let (_, mug) = due(&shop, "<script>alert('קדרים')</script>");
    let staff = shop.staff();
    let own = shop.watched(&staff, 3, RULE);
    let enough = shop.watched(&staff, 50, RULE);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open("/desk/restock").expect(200);
    assert!(page.says("position 5 is below the reorder point 10"), "{}", page.text());
    assert!(page.says("order 36") && page.says("The shop’s own list"), "{}", page.text());
    assert!(page.says("5 5 − 0 + 0 + 0") && page.says("not judged yet"), "{}", page.text());
    assert!(!page.html.contains("<script>alert"), "what somebody wrote is text");
    let links = page.links();
    let of = |id: u64| format!("/desk/restock/{id}");
    assert!(links.contains(&of(mug)) && links.contains(&of(own)) && !links.contains(&of(enough)));
    assert!(clerk.open("/desk/restock?view=all").links().contains(&of(enough)));
    assert!(clerk.open("/desk/restock?view=late").says("Nothing is late."));
    // Of the API too, each is due or it is not.
    for (due, ids) in [("true", vec![mug, own]), ("false", vec![enough])] {
        let plan = staff.get(&format!("/restock/plan?due={due}")).expect(200).body;
        let found: Vec<u64> = plan["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["product_id"].as_u64().unwrap())
            .collect();
        assert_eq!(found, ids);
    }
    let first = staff.get("/restock/plan?due=true&limit=1").expect(200).body;
    let next = first["next"].as_str().expect("another page");
    let second = staff.get(&format!("/restock/plan?due=true&limit=1&after={next}")).expect(200).body;
    assert_eq!(
        (&first["data"][0]["product_id"], &second["data"][0]["product_id"]),
        (&json!(mug), &json!(own))
    );
    assert_eq!(second["next"], json!(null));
}

#[test]
fn more_is_bought_in_multiples_and_a_run_leaves_it_alone() {
    let shop = with_approval();
    let (supplier, product) = due(&shop, "Potters United");
    let staff = shop.staff();
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/restock/{product}");
    let page = clerk.open(&path).expect(200);
    assert!(page.says("Put 36 on the draft: Potters United"), "{}", page.text());
    let run = page.form("restock");
    let done = clerk.send(&run, &[]).expect(200);
    assert!(done.path.starts_with("/desk/restock/runs/") && done.says("on a draft"), "{}", done.text());
    // Pressed again, it is the same run.
    assert_eq!(clerk.send(&run, &[]).expect(200).place(), done.place());
    assert!(clerk.open("/desk/restock/runs").says("on a draft: 1"));
    let page = clerk.open(&path);
    let line = page.form("put_line");
    assert_eq!(line.get("quantity"), Some("36"));
    assert!(page.html.contains("<option value=\"44\">") && !page.html.contains("<option value=\"32\">"));
    for _ in 0..2 {
        assert!(clerk.send(&line, &[("quantity", "52")]).expect(200).says("The line is set."));
    }
    staff.post("/restock/runs", json!({})).expect(201);
    let drafts = staff.get(&format!("/purchase_orders?supplier_id={supplier}")).expect(200).body;
    assert_eq!(drafts["data"].as_array().unwrap().len(), 1);
    assert_eq!(drafts["data"][0]["units"], 52);
    // Somebody else had the page open.
    let stale = clerk.send(&line, &[("quantity", "44")]).expect(412);
    assert!(stale.says("Now it is: 52"), "{}", stale.text());
}

#[test]
fn where_runs_order_at_once_more_is_put_on_a_draft_by_hand_first() {
    let shop = Shop::open();
    let (_, product) = due(&shop, "Potters United");
    let (_, other) = due(&shop, "Weavers");
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/restock/{product}"));
    assert!(page.says("Order 36 now: Potters United"), "{}", page.text());
    let draft = page.form("draft");
    let made = clerk.send(&draft, &[("lines[0].quantity", "44")]).expect(200);
    assert!(made.path.starts_with("/desk/purchase_orders/") && made.says("It waits to be ordered."));
    assert_eq!(clerk.send(&draft, &[("lines[0].quantity", "44")]).expect(200).place(), made.place());
    // Nothing more of it is due; of the other one a press orders.
    let run = clerk.open("/desk/restock").form("restock");
    let ran = clerk.send(&run, &[]).expect(200);
    assert!(ran.says("ordered: 1") && ran.says("The run is done."), "{}", ran.text());
    assert_eq!(clerk.send(&run, &[]).place(), ran.place());
    assert_eq!(shop.staff().figures(other)[2], 36);
    assert!(made.says("44"));
    let incoming = shop.staff().figures(product)[2];
    assert_eq!(incoming, 0, "the draft waits");
    let order = made.form("order");
    for _ in 0..2 {
        assert!(clerk.send(&order, &[]).expect(200).says("Ordered."));
    }
    assert_eq!(shop.staff().figures(product)[2], 44);
}

#[test]
fn what_is_snoozed_is_not_bought_before_its_day() {
    let shop = Shop::open();
    let (_, product) = due(&shop, "Potters United");
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/restock/{product}");
    let snooze = clerk.open(&path).form("snooze");
    for _ in 0..2 {
        let snoozed = clerk.send(&snooze, &[("snoozed_until", "2999-01-31")]).expect(200);
        assert!(snoozed.says("Saved.") && snoozed.says("snoozed"), "{}", snoozed.text());
    }
    assert!(clerk.open("/desk/restock").says("Nothing is to be bought now."));
    assert!(clerk.open("/desk/restock?view=all").says("not before 31 Jan 2999"));
    let again = clerk.open(&path).form("snooze");
    assert_eq!(again.get("snoozed_until"), Some("2999-01-31"));
    // On its day it is bought again, and afterwards nothing is to be said of it.
    for (days, words) in [(0, "from today on"), (1, "order 36")] {
        let day = (chrono::Utc::now() - chrono::Duration::days(days)).date_naive().to_string();
        let form = clerk.open(&path).form("snooze");
        clerk.send(&form, &[("snoozed_until", &day)]);
        let plan = clerk.open("/desk/restock");
        assert!(plan.says(words) && !plan.says("not before"), "{}", plan.text());
        assert_eq!(plan.says("from today on"), days == 0, "{}", plan.text());
    }
    let again = clerk.open(&path).form("snooze");
    clerk.send(&again, &[("snoozed_until", "")]).expect(200);
    assert!(clerk.open("/desk/restock").says("order 36"));
}

#[test]
fn late_deliveries_and_old_drafts_stand_at_the_top() {
    let shop = with_approval();
    let (_, product) = due(&shop, "Potters United");
    let staff = shop.staff();
    let draft = staff.post("/purchase_orders", json!({})).expect(201).id();
    let lines = json!({"lines": [{"product_id": product, "quantity": 6}]});
    let ordered = staff.post("/purchase_orders", lines).expect(201).id();
    staff.post(&format!("/purchase_orders/{ordered}/order"), json!({})).expect(200);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open("/desk/restock");
    assert!(!page.says("Drafts wait") && !page.says("Deliveries are late"), "{}", page.text());
    // A week, and at most a weekend before the shop works again.
    shop.hours_pass(24 * 11);
    let page = clerk.open("/desk/restock");
    assert!(
        page.says("1 ▲ Drafts wait for more than a day") && page.says("1 ▲ Deliveries are late"),
        "{}",
        page.text()
    );
    for id in [draft, ordered] {
        assert!(page.links().contains(&format!("/desk/purchase_orders/{id}")));
    }
    assert!(clerk.open("/desk/restock?view=late").says("6 late, expected"));
}

#[test]
fn what_is_on_a_draft_is_brought_to_what_the_plan_says() {
    let shop = with_approval();
    let (supplier, product) = due(&shop, "Potters United");
    let staff = shop.staff();
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/restock/{product}");
    let options = |page: &crate::browser::Page| -> Vec<String> {
        let option = regex::Regex::new("<option value=\"([0-9]+)\"").unwrap();
        option.captures_iter(&page.html).map(|found| found[1].to_owned()).collect()
    };
    // A draft of somebody's holds 4, which count, and 36 more are due.
    let lines = json!([{"product_id": product, "quantity": 4}]);
    let by_hand =
        staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201).id();
    let page = clerk.open(&path).expect(200);
    assert!(page.says("draft 36"), "{}", page.text());
    assert_eq!(options(&page)[..3], ["40", "48", "56"], "{}", page.text());
    let line = page.form("put_line");
    assert!(clerk.send(&line, &[]).expect(200).says("The line is set."));
    // It stays in sight until it is ordered, as what runs have put on a draft does.
    let plan = clerk.open("/desk/restock");
    assert!(plan.says("On a draft") && !plan.says("Nothing is to be bought now."), "{}", plan.text());
    let drafts = format!("/desk/purchase_orders?view=draft&product_id={product}");
    assert!(clerk.open(&drafts).links().contains(&format!("/desk/purchase_orders/{by_hand}")));
    assert!(plan.links().contains(&drafts));
    staff.post(&format!("/purchase_orders/{by_hand}/cancel"), json!({})).expect(200);
    // The line of the runs is there, and then more of it is sold.
    let run = clerk.open(&path).form("restock");
    clerk.send(&run, &[]).expect(200);
    assert_eq!(options(&clerk.open(&path))[0], "36");
    // Why and the position are said of the same units.
    let plan = clerk.open("/desk/restock");
    let draft = staff.get("/purchase_orders?for_runs=true").expect(200).body["data"][0]["id"].clone();
    assert!(
        plan.says(&format!("with the 36 on draft purchase order {draft} the position is 41")),
        "{}",
        plan.text()
    );
    assert!(plan.says("41 5 − 0 + 0 + 36"), "{}", plan.text());
    staff.move_stock(product, json!({"delta": -4, "reason": "lost"})).expect(201);
    let page = clerk.open(&path).expect(200);
    assert!(page.says("draft 44"), "{}", page.text());
    assert_eq!(options(&page)[..2], ["44", "52"], "{}", page.text());
}

#[test]
fn two_who_look_at_one_plan_do_not_both_buy_it_unasked() {
    let shop = with_approval();
    let (supplier, product) = due(&shop, "Potters United");
    shop.add_staff("colleague", Role::Clerk);
    let (mut one, mut other) = (shop.clerk_at_desk(), shop.at_desk("colleague"));
    let path = format!("/desk/restock/{product}");
    let [mine, theirs] = [&mut one, &mut other].map(|browser| browser.open(&path).form("draft"));
    let made = one.send(&mine, &[]).expect(200);
    let draft = made.place().rsplit('/').next().unwrap().to_owned();
    let told = other.send(&theirs, &[]).expect(409);
    assert!(told.says(&format!("draft {draft} has it")) && !told.says("product"), "{}", told.text());
    assert!(told.links().contains(&format!("/desk/purchase_orders/{draft}")));
    let staff = shop.staff();
    let drafts = || {
        let of = staff.get(&format!("/purchase_orders?status=draft&supplier_id={supplier}")).expect(200).body;
        of["data"].as_array().unwrap().len()
    };
    assert_eq!(drafts(), 1);
    // Whoever presses twice is led to what they made.
    assert_eq!(one.send(&mine, &[]).expect(200).place(), made.place());
    // Ordered meanwhile, it may be bought once more by whoever has read that.
    staff.post(&format!("/purchase_orders/{draft}/order"), json!({})).expect(200);
    let told = other.send(&theirs, &[]).expect(409);
    assert!(told.says("somebody has ordered it"), "{}", told.text());
    other.send(&told.form("draft"), &[]).expect(200);
    assert_eq!(drafts(), 1);
    // What was sold or taken back meanwhile is nobody's buying.
    let (_, another) = due(&shop, "Weavers");
    let form = one.open(&format!("/desk/restock/{another}")).form("draft");
    staff.move_stock(another, json!({"delta": -2, "reason": "lost"})).expect(201);
    one.send(&form, &[]).expect(200);
}

#[test]
fn what_is_put_on_a_draft_that_waits_is_not_bought_elsewhere_meanwhile() {
    let shop = Shop::open();
    let (supplier, product) = due(&shop, "Potters United");
    let staff = shop.staff();
    staff.patch(&format!("/suppliers/{supplier}"), json!({"minimum_order_value": "1000"})).expect(200);
    let first = shop.watched(&staff, 5, RULE);
    staff.offer(supplier, first, json!({"cost": "1", "preferred": true})).expect(201);
    staff.post("/restock/runs", json!({"product_id": first})).expect(201);
    let mut clerk = shop.clerk_at_desk();
    let form = clerk.open(&format!("/desk/restock/{product}")).form("put_line");
    let lines = json!([{"product_id": product, "quantity": 36}]);
    staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201);
    assert!(clerk.send(&form, &[]).expect(409).says("somebody has bought it"));
    let form = clerk.open(&format!("/desk/restock/{first}")).form("put_line");
    for _ in 0..2 {
        clerk.send(&form, &[]).expect(200);
    }
}
