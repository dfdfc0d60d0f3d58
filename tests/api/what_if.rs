//! What another rule would have done: the figures of a small past by hand, who sees them, and that asking writes nothing.

use std::process::Output;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::restock;
use storekeeper::routes::ROUTES;

use crate::access::{World, body_of, expired_token, key_with};
use crate::client::{Answer, Client};
use crate::dialects::numbers;
use crate::fixtures::unique;
use crate::harness::{Shop, storekeeper_restock};
use crate::restock_program::checksums;
use crate::shelves::{Rule, each};

const RULE: Rule = Rule { point: 5, target: 12, multiple: 1, lead_days: 2 };

impl Client {
    fn what_if(&self, product_id: u64, proposal: Value) -> Answer {
        self.post(&format!("/products/{product_id}/stock/what-if"), proposal)
    }
}

/// Of a rule or a point: days without stock, units not sold, the average and the highest stock, orders and their units.
fn outcome(tried: &Value) -> Value {
    let figures =
        ["days_without_stock", "units_not_sold", "average_stock", "highest_stock", "orders", "units_ordered"];
    figures.map(|figure| tried[figure].clone()).into_iter().collect()
}

/// A Tuesday; from Monday of the week before on four units of a product were ordered on each of eight days, and each
/// evening six were left. It is bought for 2.50, and comes two days after it is ordered.
fn week(shop: &Shop) -> (Client, u64) {
    shop.to("2027-03-01T12:00:00Z");
    let staff = shop.staff();
    let product_id = shop.product(&staff, 10);
    let supplier = shop.supplier(&staff, 2);
    staff.offer(supplier, product_id, json!({"cost": "2.50", "preferred": true})).expect(201);
    let rule = json!({"reorder_point": 5, "reorder_target": 12});
    staff.set_policy(product_id, rule).expect(200);
    let guest = shop.guest().client;
    for day in 1..=8 {
        if day > 1 {
            staff.move_stock(product_id, json!({"delta": 4, "reason": "found"})).expect(201);
        }
        let order = guest.order(&[(product_id, 4)]).expect(201).id();
        staff.ship(order).expect(200);
        shop.to_noon_in(1);
    }
    restock::demand::set_right(&shop.app, &[product_id], shop.app.clock.now()).unwrap();
    staff.restock();
    (staff, product_id)
}

#[test]
fn a_week_comes_out_as_by_hand() {
    let shop = Shop::open_for_weeks();
    let (staff, product_id) = week(&shop);
    let proposal = json!({"reorder_point": 9, "reorder_target": 14});
    let answer = staff.what_if(product_id, proposal).expect(200).body;
    assert_eq!(
        (&answer["from"], &answer["to"], &answer["days"], &answer["days_estimated"], &answer["units_wanted"]),
        (&json!("2027-03-01"), &json!("2027-03-08"), &json!(8), &json!(0), &json!(32))
    );
    // Evenings 6, 2, 0 (on Wednesday 10 are ordered), 0, 6, 2, 0 (on Sunday 10 more), 0.
    let now = &answer["now"];
    assert_eq!(outcome(now), json!([4, 12, 2.0, 10, 2, 20]));
    assert_eq!((&now["reorder_point"], &now["effective_lead_time_days"]), (&json!(5), &json!(2)));
    assert_eq!((&answer["unit_cost"], &now["money_bound"]), (&json!("2.50"), &json!("5.00")));
    // 6 (on Tuesday 8 are ordered), 2, 0, 4 (6 are ordered, which come on Monday), 0 (so do the 8 of Saturday), 0, 0, 10.
    let proposed = &answer["proposal"];
    assert_eq!(outcome(proposed), json!([4, 10, 2.8, 14, 3, 22]));
    assert_eq!((&proposed["reorder_target"], &proposed["money_bound"]), (&json!(14), &json!("7.00")));
    assert_eq!(answer["reason"], Value::Null);

    // Each point of the curve is what it would be asked for.
    let curve = answer["curve"].as_array().unwrap();
    assert_eq!(each(curve, "reorder_point"), (0..=28).collect::<Vec<i64>>());
    for point in [&curve[0], &curve[9], &curve[17]] {
        let (reorder_point, reorder_target) = (&point["reorder_point"], &point["reorder_target"]);
        let asked = json!({"reorder_point": reorder_point, "reorder_target": reorder_target});
        let alone = staff.what_if(product_id, asked).expect(200).body["proposal"].clone();
        assert_eq!(outcome(&alone), outcome(point));
        assert_eq!(alone["money_bound"], point["money_bound"]);
    }
    assert_eq!(outcome(&curve[0]), json!([6, 22, 1.0, 10, 0, 0]));

    // Nothing proposed is the rule as it is; without a lead time nothing is missing; a multiple rounds up.
    let asked = |proposal: Value| staff.what_if(product_id, proposal).expect(200).body;
    let same = asked(json!({}));
    assert_eq!((&same["proposal"], &same["now"]), (now, now));
    assert_eq!(outcome(&asked(json!({"lead_time_days": 0}))["proposal"])[1], 0);
    let dozens = asked(json!({"reorder_multiple": 12}));
    assert_eq!(dozens["proposal"]["units_ordered"].as_i64().unwrap() % 12, 0);
    let capped = asked(json!({"order_max": 6}));
    assert_eq!(each(capped["curve"].as_array().unwrap(), "reorder_point"), [0, 1, 2, 3, 4, 5, 6]);
    // The last days begin with what was there.
    let last = asked(json!({"days": 2}));
    assert_eq!(
        (&last["from"], &last["days"], &last["units_wanted"]),
        (&json!("2027-03-07"), &json!(2), &json!(8))
    );
    assert_eq!(outcome(&last["now"]), json!([0, 0, 4.0, 10, 0, 0]));
    assert_eq!(asked(json!({"days": 364})), asked(json!({"days": null})));
}

#[test]
fn a_service_level_means_the_point_that_is_suggested_at_it() {
    let shop = Shop::open_for_weeks();
    let (staff, product_id) = week(&shop);
    for level in [0.5, 0.95, 0.999] {
        let view = staff.set_policy(product_id, json!({"service_level": level})).expect(200).body;
        let suggested = view["forecast"]["suggested_reorder_point"].as_i64().unwrap();
        staff.set_policy(product_id, json!({"service_level": 0.8})).expect(200);
        let answer = staff.what_if(product_id, json!({"service_level": level})).expect(200).body;
        let proposal = &answer["proposal"];
        assert_eq!(proposal["reorder_point"], suggested, "{level}");
        assert_eq!(proposal["reorder_target"], suggested + 7, "{level}");
        assert_eq!(
            (&proposal["service_level"], &answer["now"]["service_level"]),
            (&json!(level), &json!(0.8))
        );
    }
    // The point is suggested for the lead time that is proposed, and what is named stays.
    let suggested = |proposal: Value| {
        staff.what_if(product_id, proposal).expect(200).body["proposal"]["reorder_point"].as_i64().unwrap()
    };
    let long = suggested(json!({"service_level": 0.95, "lead_time_days": 30}));
    assert!(long > suggested(json!({"service_level": 0.95})));
    assert_eq!(suggested(json!({"service_level": 0.95, "reorder_point": 7})), 7);
    let kept = staff.what_if(product_id, json!({"service_level": 0.95, "reorder_target": 500})).expect(200);
    assert_eq!(kept.body["proposal"]["reorder_target"], 500);
    staff
        .what_if(product_id, json!({"service_level": 0.95, "reorder_target": 1}))
        .expect_bad_fields(&[("reorder_target", "below_reorder_point")]);
}

#[test]
fn what_is_not_watched_or_has_no_past_says_so() {
    let shop = Shop::open_for_weeks();
    let (staff, product_id) = week(&shop);
    staff.set_policy(product_id, json!({"reorder_point": null, "reorder_target": null})).expect(200);
    for proposal in
        [json!({}), json!({"reorder_target": 20}), json!({"reorder_point": null}), json!({"days": 3})]
    {
        staff.what_if(product_id, proposal).expect_bad_fields(&[("reorder_point", "required")]);
    }
    staff
        .what_if(product_id, json!({"reorder_point": 9}))
        .expect_bad_fields(&[("reorder_target", "required")]);
    for proposal in [json!({"reorder_point": 9, "reorder_target": 14}), json!({"service_level": 0.95})] {
        let answer = staff.what_if(product_id, proposal).expect(200).body;
        assert_eq!((&answer["now"], &answer["days"]), (&Value::Null, &json!(8)));
        assert!(answer["reason"].as_str().unwrap().contains("not watched"), "{answer}");
        assert!(answer["proposal"]["orders"].is_i64() && answer["curve"].as_array().unwrap().len() > 9);
    }

    let new = shop.watched(&staff, 3, RULE);
    let answer = staff.what_if(new, json!({"service_level": 0.95})).expect(200).body;
    assert!(answer["reason"].as_str().unwrap().contains("nothing is known of its past"), "{answer}");
    for missing in ["now", "proposal", "from", "to", "unit_cost"] {
        assert_eq!(answer[missing], Value::Null, "{missing}");
    }
    assert_eq!((&answer["days"], &answer["curve"]), (&json!(0), &json!([])));

    // An archived product keeps its past.
    staff.delete(&format!("/products/{product_id}")).expect(204);
    let archived =
        staff.what_if(product_id, json!({"reorder_point": 5, "reorder_target": 12})).expect(200).body;
    assert_eq!(outcome(&archived["proposal"]), json!([4, 12, 2.0, 10, 2, 20]));
    staff.what_if(999_999, json!({})).expect_problem(404, "not_found");
}

#[test]
fn days_that_say_nothing_are_estimated() {
    let shop = Shop::open_for_weeks();
    let (staff, product_id) = week(&shop);
    staff.move_stock(product_id, json!({"counted": 0, "reason": "stock_take"})).expect(201);
    shop.to_noon_in(4);
    staff.restock();
    let answer = staff.what_if(product_id, json!({})).expect(200).body;
    // On that day and the three after it nothing was sold, since nothing was there.
    assert_eq!(
        (&answer["days"], &answer["days_estimated"], &answer["units_wanted"]),
        (&json!(12), &json!(4), &json!(48))
    );
}

#[test]
fn every_bad_field_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 3, RULE);
    const MOST: i64 = 1_000_000_000;
    for field in
        ["reorder_point", "reorder_target", "reorder_multiple", "order_max", "lead_time_days", "days"]
    {
        for value in
            [json!(-1), json!(1.5), json!("many"), json!(true), json!([3]), json!({}), json!(MOST + 1)]
        {
            staff.what_if(product_id, json!({field: value})).expect_bad_fields(&[(field, "invalid_number")]);
        }
    }
    for (field, value) in
        [("lead_time_days", 366), ("days", 0), ("days", 365), ("order_max", 0), ("reorder_multiple", 0)]
    {
        staff.what_if(product_id, json!({field: value})).expect_bad_fields(&[(field, "invalid_number")]);
    }
    for value in [json!(0.4), json!(1), json!("95 %"), json!(0.9999)] {
        let refused = staff.what_if(product_id, json!({"service_level": value}));
        refused.expect_bad_fields(&[("service_level", "invalid_service_level")]);
    }
    for (proposal, bad) in [
        (
            json!({"reorder_multiple": null, "service_level": null}),
            &[("reorder_multiple", "required"), ("service_level", "required")][..],
        ),
        (json!({"reorder_point": 13}), &[("reorder_target", "below_reorder_point")]),
        (json!({"order_max": 4}), &[("order_max", "below_reorder_point")]),
        (json!({"reorder_target": MOST, "reorder_multiple": 999_999}), &[("reorder_target", "never_fits")]),
        // It is about these days, and the others are of a product's stock.
        (
            json!({"snoozed_until": "2027-01-01", "stock": 3}),
            &[("snoozed_until", "unknown_field"), ("stock", "unknown_field")],
        ),
        (
            json!({"reorder_point": "x", "days": "y"}),
            &[("reorder_point", "invalid_number"), ("days", "invalid_number")],
        ),
    ] {
        staff.what_if(product_id, proposal).expect_bad_fields(bad);
    }
    // As forms send what nobody has filled in.
    let empty = json!({"reorder_multiple": "", "service_level": "", "days": "", "order_max": "", "lead_time_days": ""});
    staff.what_if(product_id, empty).expect(200);
    let plain = staff.request("POST", &format!("/products/{product_id}/stock/what-if"));
    plain.send().expect(200);
    let query = format!("/products/{product_id}/stock/what-if?days=3");
    staff.post(&query, json!({})).expect_bad_fields(&[("days", "unknown_field")]);
}

#[test]
fn what_money_is_bound_is_for_managers_and_whoever_may_read_suppliers() {
    let shop = Shop::open_for_weeks();
    let (manager, product_id) = week(&shop);
    let clerk = shop.clerk();
    let [stock, both] = [&["stock:read"][..], &["stock:read", "restock:read"]];
    let keys = [stock, both].map(|scopes| key_with(&shop, &manager, scopes));
    for (caller, sees) in [(&manager, true), (&clerk, false), (&keys[0], false), (&keys[1], true)] {
        let answer =
            caller.what_if(product_id, json!({"reorder_point": 9, "reorder_target": 14})).expect(200).body;
        assert_eq!(answer["unit_cost"].is_string(), sees);
        let tried = [&answer["now"], &answer["proposal"], &answer["curve"][3]];
        assert!(tried.iter().all(|tried| tried["money_bound"].is_string() == sees), "{answer}");
        assert_eq!(answer["now"]["average_stock"], 2.0);
    }
    for (caller, status) in [(shop.guest().client, 403), (shop.anyone(), 401)] {
        caller.what_if(product_id, json!({})).expect(status);
        caller.what_if(999_999, json!({})).expect(status);
    }
    // Nobody's preferred supplier has no cost.
    let suppliers = manager.get(&format!("/products/{product_id}/suppliers")).expect(200).body;
    manager.delete(&format!("/suppliers/{}", suppliers["data"][0]["supplier_id"])).expect(204);
    let answer = manager.what_if(product_id, json!({})).expect(200).body;
    assert_eq!((&answer["unit_cost"], &answer["now"]["money_bound"]), (&Value::Null, &Value::Null));
    assert_eq!(answer["now"]["effective_lead_time_days"], 0);
}

/// Those that the tests of changes leave out, as the route table has them.
#[test]
fn what_only_asks_writes_nothing_whatever_its_method() {
    let shop = Shop::open();
    let world = World::new(&shop, &expired_token(&shop));
    let mut tried = Vec::new();
    for route in ROUTES.iter().filter(|route| route.method != "GET" && !route.writes()) {
        let path = world.path(route.path);
        let body = body_of(&world, route.method, route.path).unwrap_or(json!({}));
        let send = |key: &str| {
            let request = world.staff.request(route.method, &path).json(body.clone());
            request.header("Idempotency-Key", key).header("If-Match", "\"0123\"").send()
        };
        let before = checksums(&shop);
        let (key, text) = (unique("key"), send(&unique("key")).expect(200).text);
        for _ in 0..2 {
            let again = send(&key).expect(200);
            assert_eq!((again.header("Idempotency-Replayed"), &again.text), (None, &text));
        }
        assert_eq!(checksums(&shop), before, "{} {} writes", route.method, route.path);
        // A key that has done something else is not looked at.
        world.staff.post_once(&key, "/products", json!({"name": unique("Mug"), "price": "1.00"})).expect(201);
        assert_eq!(send(&key).expect(200).text, text);
        tried.push(route.path);
    }
    assert_eq!(tried, ["/products/{id}/stock/what-if"]);
}

fn run(shop: &Shop, arguments: &[&str]) -> Output {
    let mut command = storekeeper_restock(&shop.database_url);
    let now = command.env("STOREKEEPER_LOG", "warn").args(["--what-if"]).args(arguments);
    now.output().expect("the program")
}

fn printed(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

#[test]
fn the_program_compares_all_watched_products_with_what_is_suggested() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 10, RULE);
    staff.offer(shop.supplier(&staff, 9), product_id, json!({"cost": "2.50", "preferred": true})).expect(201);
    let new = shop.watched(&staff, 3, RULE);
    shop.product(&staff, 3);
    // The program has a clock of its own.
    for sql in [
        format!(
            "INSERT INTO demand_days (product_id, day, units, available_at_start, available_at_end)
         SELECT 1, CURDATE() - INTERVAL seq DAY, 4, IF(seq = 60, 0, 10), 6 FROM {} n",
            numbers(60)
        ),
        "UPDATE demand_summary SET filled_until = CURDATE() WHERE id = 1".to_owned(),
    ] {
        shop.sql().query_drop(sql.replace("SELECT 1,", &format!("SELECT {product_id},"))).unwrap();
    }
    let before = checksums(&shop);
    // What the API says to a manager.
    let asked = staff.what_if(product_id, json!({"service_level": 0.95})).expect(200).body;
    assert_eq!((&asked["days"], &asked["proposal"]["units_not_sold"]), (&json!(60), &json!(0)));

    let table = run(&shop, &[]);
    let lines: Vec<&str> = printed(&table).lines().collect();
    assert_eq!(lines.len(), 4, "{}", printed(&table));
    assert!(lines[0].starts_with("product  name"), "{}", lines[0]);
    assert!(lines[1].starts_with(&product_id.to_string()), "{}", lines[1]);
    for figure in
        ["reorder_point", "reorder_target", "units_not_sold", "average_stock", "orders", "money_bound"]
    {
        let [now, proposed] =
            ["now", "proposal"].map(|rule| asked[rule][figure].to_string().replace('"', ""));
        assert!(
            lines[1].contains(&format!("  {now} -> {proposed}")),
            "{figure}: {now}, {proposed} in {}",
            lines[1]
        );
    }
    assert!(lines[2].starts_with(&new.to_string()) && lines[2].ends_with('-'), "{}", lines[2]);
    assert_eq!(lines[3], "2 products watched, 1 with a past to replay; nothing was written");

    let all: Value = serde_json::from_str(printed(&run(&shop, &["--json"]))).unwrap();
    assert_eq!((&all["what_if"], &all["watched"]), (&json!(true), &json!(2)));
    assert_eq!(each(all["lines"].as_array().unwrap(), "product_id"), [product_id, new]);
    assert!(all["lines"][0].get("curve").is_none());
    let one: Value =
        serde_json::from_str(printed(&run(&shop, &["--json", "--product", &product_id.to_string()])))
            .unwrap();
    assert_eq!(one["lines"], json!([asked]));
    let with_curve = run(&shop, &["--product", &product_id.to_string()]);
    let lines: Vec<&str> = printed(&with_curve).lines().collect();
    assert!(lines[3].starts_with("point"), "{}", printed(&with_curve));
    assert_eq!(lines.len(), 5 + asked["curve"].as_array().unwrap().len());
    assert_eq!(checksums(&shop), before);

    for arguments in [&["--dry-run"][..], &["--product", "999999"]] {
        let refused = run(&shop, arguments);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
    }
}
