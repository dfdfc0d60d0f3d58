//! Restocking over HTTP: the plan, the runs that act on it, and what is kept of them. Purchase orders
//! are in `purchase_orders`.

use chrono::{Duration, Weekday};
use serde_json::{Value, json};
use storekeeper::values::{Input, Timestamp};

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{Rule, each};

const ORDERED: Rule = Rule { point: 10, target: 40, multiple: 6, lead_days: 7 };
const AT_ONCE: Rule = Rule { lead_days: 0, ..ORDERED };

/// A product for each thing that the rule can say.
struct Shelves {
    due: u64,
    due_at_once: u64,
    enough: u64,
    waiting: u64,
    unwatched: u64,
}

fn shelves(shop: &Shop, staff: &Client) -> Shelves {
    let guest = shop.guest();
    let waiting = shop.watched(staff, 0, ORDERED);
    staff.restock();
    // 42 are on their way, of which 35 are promised, so the position is below the point again; and what is needed
    // is more than may be ordered at once.
    staff.set_policy(waiting, json!({"order_max": 30})).expect(200);
    staff.count_shelf(waiting, 35);
    guest.client.order(&[(waiting, 35)]).expect(201);
    staff.count_shelf(waiting, 0);
    let due = shop.watched(staff, 9, ORDERED);
    guest.client.order(&[(due, 4)]).expect(201);
    Shelves {
        due,
        due_at_once: shop.watched(staff, 4, AT_ONCE),
        enough: shop.watched(staff, 10, ORDERED),
        waiting,
        unwatched: shop.product(staff, 0),
    }
}

fn find(lines: &[Value], product_id: u64) -> &Value {
    let mut of_product = lines.iter().filter(|line| line["product_id"] == product_id);
    let line = of_product.next().unwrap_or_else(|| panic!("no line of product {product_id} in {lines:?}"));
    assert!(of_product.next().is_none(), "two lines of product {product_id}");
    line
}

/// The inputs in a line of a plan or a run are what the stock view says.
#[track_caller]
fn assert_inputs(line: &Value, view: &Value) {
    let inputs = ["product_id", "on_hand", "reserved", "incoming", "reorder_point", "reorder_target"];
    for member in inputs.into_iter().chain([
        "reorder_multiple",
        "order_max",
        "snoozed_until",
        "lead_time_days",
        "service_level",
    ]) {
        assert_eq!(line[member], view[member], "{member} of {line}");
    }
    let position = view["available"].as_i64().unwrap() + view["incoming"].as_i64().unwrap();
    assert_eq!(line["position"], position);
}

fn time(value: &Value) -> Timestamp {
    Timestamp::parse(&Input::Text(value.as_str().expect("a time").to_owned())).unwrap()
}

#[test]
fn the_plan_says_of_every_watched_product_what_and_why() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let plan = staff.get("/restock/plan").expect(200);
    assert_eq!(plan.body["next"], Value::Null);
    let lines = plan.body["data"].as_array().unwrap();
    let expected = [shelves.waiting, shelves.due, shelves.due_at_once, shelves.enough];
    assert_eq!(each(lines, "product_id"), expected);
    assert_eq!(each(lines, "action"), ["nothing", "order", "receive", "nothing"]);
    assert_eq!(each(lines, "quantity"), [0, 36, 36, 0]);
    let reasons = [
        "position 7 is below the reorder point 10, but 36 are needed, at most 30 are ordered at once, and the last order is \
         still open; receive or cancel it, or raise order_max",
        "position 5 is below the reorder point 10: 36 (in multiples of 6) bring it to 41, at least the target 40",
        "position 4 is below the reorder point 10: 36 (in multiples of 6) bring it to 40, at least the target 40",
        "position 10 is not below the reorder point 10",
    ];
    assert_eq!(each(lines, "reason"), reasons);
    for line in lines {
        let view = staff.stock(line["product_id"].as_u64().unwrap());
        assert_inputs(line, &view);
        for member in ["name", "sku", "forecast"] {
            assert_eq!(line[member], view[member], "{member}");
        }
    }
}

#[test]
fn the_plan_changes_nothing_and_stays_the_same_byte_for_byte() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let runs = staff.get("/restock/runs").expect(200).text;
    let stock = staff.get("/stock").expect(200).text;
    let first = staff.get("/restock/plan").expect(200).text;
    assert_eq!(staff.get("/restock/plan").expect(200).text, first);
    assert_eq!(staff.get("/restock/runs").expect(200).text, runs);
    assert_eq!(staff.get("/stock").expect(200).text, stock);
    staff.count_shelf(shelves.due, 8);
    assert_ne!(staff.get("/restock/plan").expect(200).text, first);
}

#[test]
fn the_plan_is_paged_and_asked_for_one_product() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let all = staff.all_pages("/restock/plan?limit=100");
    assert_eq!(staff.all_pages("/restock/plan?limit=1"), all);
    assert_eq!(staff.all_pages("/restock/plan?limit=3"), all);
    let of = |product_id: u64| staff.all_pages(&format!("/restock/plan?product_id={product_id}"));
    assert_eq!(of(shelves.due), [find(&all, shelves.due).clone()]);
    assert_eq!(of(shelves.unwatched), [Value::Null; 0]);
    assert_eq!(of(999_999), [Value::Null; 0]);
    for archived in [shelves.due, shelves.unwatched] {
        staff.delete(&format!("/products/{archived}")).expect(204);
        let [line] = &of(archived)[..] else { panic!("no line of its own") };
        assert_eq!((&line["action"], &line["quantity"]), (&json!("nothing"), &json!(0)));
        assert_eq!(line["reason"], "archived: nothing is ordered for it; restore it first");
    }
    let rest: Vec<Value> = all.into_iter().filter(|line| line["product_id"] != shelves.due).collect();
    assert_eq!(staff.all_pages("/restock/plan?limit=100"), rest, "they are in no other plan");
    let bad = staff.get("/restock/plan?product_id=0&limit=101&after=x&due=perhaps&ripe=true");
    bad.expect_bad_fields(&[
        ("product_id", "invalid_number"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("due", "invalid_boolean"),
        ("ripe", "unknown_field"),
    ]);
}

#[test]
fn a_run_does_what_the_plan_said() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let plan = staff.all_pages("/restock/plan?limit=100");
    let views: Vec<Value> =
        each(&plan, "product_id").iter().map(|id| staff.stock(id.as_u64().unwrap())).collect();
    let run = staff.post("/restock/runs", json!({})).expect(201);
    let path = format!("/restock/runs/{}", run.id());
    assert_eq!(run.header("Location"), Some(path.as_str()));
    let account = staff.get("/sessions/current").expect(200).body["account_id"].clone();
    let (started_at, finished_at) = (time(&run.body["started_at"]), time(&run.body["finished_at"]));
    assert!(started_at <= finished_at);
    let figures = json!({
        "id": run.id(),
        "source": "api",
        "actor_account_id": account,
        "actor_api_key_id": null,
        "started_at": started_at.to_string(),
        "finished_at": finished_at.to_string(),
        "watched": 4,
        "drafted": 0,
        "ordered": 1,
        "received": 1,
        "nothing": 2,
        "failed": 0,
        "units": 72,
    });
    assert_eq!(run.body, figures);

    let lines = staff.run_lines(run.id());
    assert_eq!(each(&lines, "product_id"), each(&plan, "product_id"));
    assert_eq!(each(&lines, "quantity"), each(&plan, "quantity"));
    assert_eq!(each(&lines, "reason"), each(&plan, "reason"));
    assert_eq!(each(&lines, "outcome"), ["nothing", "ordered", "received", "nothing"]);
    for (line, view) in lines.iter().zip(&views) {
        assert_inputs(line, view);
        assert_eq!(line["purchase_order_id"].is_u64(), line["quantity"] != 0, "{line}");
    }
    assert_eq!(staff.figures(shelves.due), [9, 4, 36]);
    assert_eq!(staff.figures(shelves.due_at_once), [40, 0, 0]);
    assert_eq!(staff.figures(shelves.enough), [10, 0, 0]);
    assert_eq!(staff.figures(shelves.waiting), [0, 35, 42]);
    assert_eq!(staff.figures(shelves.unwatched), [0, 0, 0]);
}

#[test]
fn goods_with_a_lead_time_are_expected_and_others_are_there_at_once() {
    let shop = Shop::open();
    // A week later the shop works too.
    shop.to_next(Weekday::Mon);
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let run_id = staff.restock()["id"].clone();
    let expected = staff.purchases_of(shelves.due);
    assert_eq!(expected.len(), 1);
    let order = &expected[0];
    let ordered_at = time(&order["ordered_at"]);
    let in_a_week = Timestamp(ordered_at.0 + Duration::days(7));
    let name = &staff.stock(shelves.due)["name"];
    let whole = json!({
        "id": order["id"],
        "product_id": shelves.due,
        "product_name": name,
        "sku": null,
        "supplier_id": null,
        "supplier_sku": null,
        "run_id": run_id,
        "status": "ordered",
        "quantity": 36,
        "received": 0,
        "rejected": 0,
        "outstanding": 36,
        "unit_cost": null,
        "set_by_person": false,
        "reason": order["reason"],
        "lead_time_days": 7,
        "ordered_at": ordered_at.to_string(),
        "expected_at": in_a_week.to_string(),
        "received_at": null,
        "closed_at": null,
        "overdue": false,
    });
    assert_eq!(order, &whole);
    assert_eq!(staff.ledger(shelves.due).len(), 1);

    let there = &staff.purchases_of(shelves.due_at_once)[0];
    // They are on one order, which is on its way as long as one line is.
    assert_eq!((&there["id"], &there["status"]), (&order["id"], &json!("ordered")));
    assert_eq!((&there["received"], &there["outstanding"]), (&json!(36), &json!(0)));
    assert_eq!((&there["expected_at"], &there["received_at"]), (&there["ordered_at"], &there["ordered_at"]));
    let movement = &staff.ledger(shelves.due_at_once)[0];
    assert_eq!((&movement["reason"], &movement["delta"]), (&json!("restock"), &json!(36)));
    assert_eq!(movement["purchase_order_id"], there["id"]);
    assert_eq!(movement["actor"]["username"], "staff");
}

#[test]
fn a_second_run_changes_nothing() {
    let shop = Shop::open();
    let staff = shop.staff();
    shelves(&shop, &staff);
    staff.restock();
    let stock = staff.get("/stock").expect(200).text;
    let orders = staff.get("/purchase_orders").expect(200).text;
    let second = staff.restock();
    let counted = ["watched", "ordered", "received", "nothing", "failed", "units"];
    assert_eq!(counted.map(|figure| second[figure].as_i64().unwrap()), [4, 0, 0, 4, 0, 0]);
    assert_eq!(staff.get("/stock").expect(200).text, stock);
    assert_eq!(staff.get("/purchase_orders").expect(200).text, orders);
    let lines = staff.run_lines(second["id"].as_u64().unwrap());
    assert!(each(&lines, "reason").iter().all(|reason| reason.as_str().is_some_and(|text| !text.is_empty())));
}

#[test]
fn a_run_may_be_for_one_product() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let run = |body: Value| staff.post("/restock/runs", body).expect(201);
    let one = run(json!({"product_id": shelves.due}));
    assert_eq!((&one.body["watched"], &one.body["ordered"]), (&json!(1), &json!(1)));
    assert_eq!(each(&staff.run_lines(one.id()), "product_id"), [shelves.due]);
    assert_eq!(staff.figures(shelves.due_at_once), [4, 0, 0]);
    let said = |product: u64| {
        let run = run(json!({"product_id": product})).body;
        assert_eq!((&run["watched"], &run["nothing"]), (&json!(1), &json!(1)));
        staff.run_lines(run["id"].as_u64().unwrap())[0]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(said(shelves.unwatched), "not watched: it has no reorder point");
    staff.delete(&format!("/products/{}", shelves.unwatched)).expect(204);
    assert!(said(shelves.unwatched).starts_with("archived: nothing is ordered"));
    let runs = staff.get("/restock/runs").expect(200).text;
    for unknown in [999_999_u64, i64::MAX as u64] {
        let refused = staff.post("/restock/runs", json!({"product_id": unknown}));
        let refused = refused.expect_problem(404, "not_found");
        assert!(refused.body["detail"].as_str().unwrap().contains(&unknown.to_string()), "{}", refused.text);
    }
    assert_eq!(staff.get("/restock/runs").expect(200).text, runs, "none was begun");
    let without_a_body = staff.request("POST", "/restock/runs").send().expect(201);
    assert_eq!((&without_a_body.body["received"], &without_a_body.body["units"]), (&json!(1), &json!(36)));
    for bad in [json!(0), json!("one"), json!(1.5)] {
        let answer = staff.post("/restock/runs", json!({"product_id": bad, "dry_run": true}));
        answer.expect_bad_fields(&[("product_id", "invalid_number"), ("dry_run", "unknown_field")]);
    }
}

#[test]
fn runs_are_listed_newest_first_and_their_lines_are_filtered_and_paged() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let busy = staff.post("/restock/runs", json!({})).expect(201);
    let idle = staff.post("/restock/runs", json!({})).expect(201);
    let runs = staff.all_pages("/restock/runs?limit=100");
    assert_eq!(each(&runs[..2], "id"), [idle.id(), busy.id()]);
    assert_eq!(runs[..2], [idle.body.clone(), busy.body.clone()]);
    assert_eq!(runs.len(), 3);
    assert_eq!(staff.all_pages("/restock/runs?limit=1"), runs);

    let path = format!("/restock/runs/{}", busy.id());
    let read = staff.get(&path).expect(200);
    for (member, value) in busy.body.as_object().unwrap() {
        assert_eq!(&read.body[member], value, "{member}");
    }
    staff.request("GET", &path).header("If-None-Match", read.etag()).send().expect(304);
    let of = |outcome: &str| {
        let page = staff.get(&format!("{path}?outcome={outcome}")).expect(200);
        let lines = page.body["lines"]["data"].as_array().unwrap();
        lines.iter().map(|line| line["product_id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of("ordered"), [shelves.due]);
    assert_eq!(of("received"), [shelves.due_at_once]);
    assert_eq!(of("nothing"), [shelves.waiting, shelves.enough]);
    assert_eq!(of("failed"), [0; 0]);
    let first = staff.get(&format!("{path}?outcome=nothing&limit=1")).expect(200);
    let cursor = first.body["lines"]["next"].as_str().expect("a next page");
    let second = staff.get(&format!("{path}?outcome=nothing&limit=1&after={cursor}")).expect(200);
    assert_eq!(each(second.body["lines"]["data"].as_array().unwrap(), "product_id"), [shelves.enough]);
    assert_eq!(second.body["lines"]["next"], Value::Null);

    staff.get("/restock/runs/999").expect_problem(404, "not_found");
    let bad = staff.get(&format!("{path}?outcome=none&limit=0&after=1&x=1"));
    bad.expect_bad_fields(&[
        ("outcome", "invalid_outcome"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("x", "unknown_field"),
    ]);
    let bad = staff.get("/restock/runs?limit=-1&after=61&status=ordered");
    bad.expect_bad_fields(&[
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("status", "unknown_field"),
    ]);
}

#[test]
fn a_run_that_is_sent_again_under_its_key_is_answered_and_not_repeated() {
    let shop = Shop::open();
    let staff = shop.staff();
    let shelves = shelves(&shop, &staff);
    let first = staff.post_once("nightly", "/restock/runs", json!({})).expect(201);
    staff.count_shelf(shelves.due_at_once, 0);
    let again = staff.post_once("nightly", "/restock/runs", json!({})).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.text, first.text);
    assert_eq!(staff.on_hand(shelves.due_at_once), 0);
    let other = json!({"product_id": shelves.due});
    staff.post_once("nightly", "/restock/runs", other).expect_problem(422, "idempotency_key_reused");
    assert_eq!(staff.all_pages("/restock/runs?limit=100").len(), 2);
    let next = staff.post_once("nightly-2", "/restock/runs", json!({})).expect(201);
    assert_eq!(next.body["received"], 1);
}

#[test]
fn one_product_that_fails_holds_up_no_other_and_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = shop.watched(&staff, 0, AT_ONCE);
    // Whole multiples would bring it over what a shelf can hold.
    let most = Rule { point: 1_000_000_000, target: 1_000_000_000, multiple: 1_000_000, lead_days: 0 };
    let overfull = shop.watched(&staff, 900_000_001, most);
    let last = shop.watched(&staff, 0, ORDERED);
    let run = staff.restock();
    let counted = ["watched", "ordered", "received", "nothing", "failed", "units"];
    assert_eq!(counted.map(|figure| run[figure].as_i64().unwrap()), [3, 1, 1, 0, 1, 84]);
    let lines = staff.run_lines(run["id"].as_u64().unwrap());
    let line = find(&lines, overfull);
    assert_eq!((&line["outcome"], &line["quantity"]), (&json!("failed"), &json!(0)));
    assert_eq!(line["purchase_order_id"], Value::Null);
    let reason = line["reason"].as_str().unwrap();
    assert!(reason.contains("the most that a shelf can hold"), "{reason}");
    assert_inputs(line, &staff.stock(overfull));
    assert_eq!(staff.purchases_of(overfull), [Value::Null; 0]);
    assert_eq!(staff.ledger(overfull).len(), 1);
    assert_eq!((staff.on_hand(first), staff.figures(last)), (42, [0, 0, 42]));
    staff.watch(overfull, Rule { multiple: 1, ..most });
    assert_eq!(staff.restock()["received"], 1);
    assert_eq!(staff.on_hand(overfull), 1_000_000_000);
}

#[test]
fn what_is_archived_or_no_longer_watched_is_left_alone() {
    let shop = Shop::open();
    let staff = shop.staff();
    let archived = shop.watched(&staff, 0, AT_ONCE);
    let forgotten = shop.watched(&staff, 0, AT_ONCE);
    let kept = shop.watched(&staff, 0, AT_ONCE);
    staff.delete(&format!("/products/{archived}")).expect(204);
    staff.set_policy(forgotten, json!({"reorder_point": null})).expect(200);
    assert_eq!(each(&staff.all_pages("/restock/plan?limit=100"), "product_id"), [kept]);
    let run = staff.restock();
    assert_eq!(each(&staff.run_lines(run["id"].as_u64().unwrap()), "product_id"), [kept]);
    assert_eq!([archived, forgotten, kept].map(|id| staff.on_hand(id)), [0, 0, 42]);
}

#[test]
fn a_product_is_ordered_again_only_once_it_is_due_again() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, ORDERED);
    staff.restock();
    staff.receive(staff.ordered(product_id), json!({})).expect(200);
    assert_eq!(staff.restock()["ordered"], 0);
    staff.count_shelf(product_id, 10);
    assert_eq!(staff.restock()["ordered"], 0);
    staff.count_shelf(product_id, 9);
    let run = staff.restock();
    assert_eq!((&run["ordered"], &run["units"]), (&json!(1), &json!(36)));
}
