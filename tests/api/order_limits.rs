//! What a stranger can hold of the shop without paying: limits of open orders and of units, orders that nobody
//! confirmed, and what the restock timer makes of them.

use chrono::Duration;
use serde_json::{Value, json};

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, Guest, items_json};
use crate::harness::Shop;
use crate::shelves::{Rule, together};

const TOO_MANY: &str = "too_many_open_orders";

/// As installed.
const LIMITS: [(&str, &str); 3] = [
    ("STOREKEEPER_GUEST_OPEN_ORDERS", "3"),
    ("STOREKEEPER_ACCOUNT_OPEN_ORDERS", "20"),
    ("STOREKEEPER_ORDER_UNITS_PER_PRODUCT", "50"),
];

fn limited(more: &[(&str, &str)]) -> Shop {
    Shop::open_with(&[&LIMITS[..], more].concat())
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn order_for(staff: &Client, guest: &Guest, product: u64, quantity: i64) -> Answer {
    staff.post("/orders", json!({"customer_id": guest.id, "items": items_json(&[(product, quantity)])}))
}

/// A customer who has logged in.
fn with_account(shop: &Shop) -> Guest {
    let (customer, username) = shop.customer_with_account();
    let client = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    Guest { client, ..customer }
}

fn available(staff: &Client, product: u64) -> i64 {
    staff.stock(product)["available"].as_i64().unwrap()
}

fn step(client: &Client, order: u64, step: &str) -> Answer {
    client.post(&format!("/orders/{order}/{step}"), json!({}))
}

fn history(staff: &Client, order: u64) -> Vec<Value> {
    staff.get(&format!("/orders/{order}/track")).expect(200).body["events"].as_array().unwrap().clone()
}

#[test]
fn a_customer_has_so_many_open_orders_and_staff_and_programs_place_more() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let product = shop.product(&staff, 1000);
    let (guest, account) = (shop.guest(), with_account(&shop));
    for (customer, most) in [(&guest, 3), (&account, 20)] {
        let orders: Vec<u64> =
            (0..most).map(|_| customer.client.order(&[(product, 1)]).expect(201).id()).collect();
        let before = available(&staff, product);
        let refused = customer.client.order(&[(product, 1)]).expect_problem(409, TOO_MANY);
        assert!(
            refused.body["detail"].as_str().unwrap().contains(&format!("{most} wait")),
            "{}",
            refused.text
        );
        assert_eq!(available(&staff, product), before, "nothing is reserved");
        // Who stands behind the counter is free of it, also for this customer.
        order_for(&staff, customer, product, 200).expect(201);
        order_for(&key_with(&shop, &staff, &["orders:write"]), customer, product, 1).expect(201);
        // Those count too, so all of them must go before the customer orders again.
        customer.client.order(&[(product, 1)]).expect_problem(409, TOO_MANY);
        for (number, order) in orders.iter().enumerate() {
            let (client, taken) =
                if number % 2 == 0 { (&staff, "ship") } else { (&customer.client, "cancel") };
            step(client, *order, taken).expect(200);
        }
        customer.client.order(&[(product, 1)]).expect(201);
    }
}

#[test]
fn an_order_holds_so_many_units_of_a_product_and_a_shortage_tells_of_no_more() {
    let shop = limited(&[]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let (plenty, few) = (shop.product(&staff, 5000), shop.product(&staff, 40));
    let refused = guest.client.order(&[(plenty, 51)]);
    refused.expect_bad_fields(&[("items[0].quantity", "too_many_units")]);
    let refused = guest.client.order(&[(plenty, 30), (few, 1), (plenty, 21)]);
    refused.expect_bad_fields(&[
        ("items[0].quantity", "too_many_units"),
        ("items[2].quantity", "too_many_units"),
    ]);
    // More than the shop has is told as what there is; it is below the limit, since so was what was asked.
    let short = guest.client.order(&[(few, 41)]).expect_problem(409, "out_of_stock");
    assert_eq!(short.body["products"][0]["available"], 40);
    guest.client.order(&[(plenty, 50), (few, 40)]).expect(201);
    order_for(&staff, &guest, plenty, 3000).expect(201);
}

#[test]
fn of_many_orders_at_once_no_more_are_placed_than_may_be_open() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let products: Vec<u64> = (0..4).map(|_| shop.product(&staff, 1000)).collect();
    for _ in 0..10 {
        let guest = shop.guest();
        let answers = together(20, |n| guest.client.order(&[(products[n % 4], 1)]));
        assert_eq!((count(&answers, 201), count(&answers, 409)), (3, 17));
    }
}

#[test]
fn a_retry_gets_its_own_order_and_not_the_limit() {
    let shop = limited(&[]);
    let guest = shop.guest();
    let product = shop.product(&shop.staff(), 10);
    let body = json!({"items": items_json(&[(product, 1)])});
    let place = |key: &str| guest.client.post_once(key, "/orders", body.clone());
    let placed: Vec<String> = ["a", "b", "c"].map(|key| place(key).expect(201).text).into();
    place("d").expect_problem(409, TOO_MANY);
    assert_eq!(place("c").expect(201).text, placed[2]);
    // The third and its copies at once: one order, which all of them are told.
    step(&guest.client, place("a").id(), "cancel").expect(200);
    let answers = together(8, |_| place("e"));
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text));
    // A refusal is not kept: the key orders once there is room.
    step(&guest.client, place("b").id(), "cancel").expect(200);
    place("d").expect(201);
}

#[test]
fn a_placed_order_is_confirmed_once_by_whoever_says_so_first() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let [first, second, third] = [0; 3].map(|_| guest.client.order(&[(product, 1)]).expect(201).id());
    let path = format!("/orders/{first}");
    let before = staff.get(&path).expect(200);
    let confirmed = step(&staff, first, "confirm").expect(200);
    assert_eq!(confirmed.body["status"], "placed");
    assert!(confirmed.body["confirmed_at"].is_string() && confirmed.body["confirmed_by_account_id"].is_u64());
    assert_ne!(confirmed.etag(), before.etag());
    shop.app.clock.advance(Duration::hours(1));
    let program = key_with(&shop, &staff, &["orders:write"]);
    assert_eq!(
        step(&program, first, "confirm").expect(200).text,
        confirmed.text,
        "nothing changes the second time"
    );
    let own = guest.client.get(&path).expect(200).body;
    assert_eq!(
        (&own["confirmed_at"], &own["confirmed_by_account_id"]),
        (&confirmed.body["confirmed_at"], &Value::Null)
    );
    assert_eq!(own["allowed_actions"], json!(["cancel"]));
    let by_program = step(&program, second, "confirm").expect(200).body;
    assert!(
        by_program["confirmed_by_api_key_id"].is_u64() && by_program["confirmed_by_account_id"].is_null()
    );
    let listed = |query: &str| {
        let list = staff.get(&format!("/orders?sort=order_date&{query}")).expect(200);
        list.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| order["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("confirmed=true"), [first, second]);
    assert_eq!(listed("confirmed=false"), [third]);
    staff.get("/orders?confirmed=yes").expect_bad_fields(&[("confirmed", "invalid_boolean")]);
    step(&staff, first, "ship").expect(200);
    step(&guest.client, third, "cancel").expect(200);
    for order in [first, third] {
        step(&staff, order, "confirm").expect_problem(409, "order_state");
    }
}

#[test]
fn prune_cancels_what_no_guest_was_confirmed_in_time_and_nothing_else() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (guest, account) = (shop.guest(), with_account(&shop));
    let product = shop.product(&staff, 100);
    let place = |client: &Client| client.order(&[(product, 3)]).expect(201).id();
    let [forgotten, confirmed, shipped, cancelled] = [0; 4].map(|_| place(&guest.client));
    let of_account = place(&account.client);
    let by_staff = order_for(&staff, &guest, product, 3).expect(201).id();
    step(&staff, confirmed, "confirm").expect(200);
    step(&staff, shipped, "ship").expect(200);
    step(&guest.client, cancelled, "cancel").expect(200);
    // The programs know no clock but the machine's, so what is old is dated back.
    let back = "UPDATE orders SET placed_at = placed_at - INTERVAL 49 HOUR";
    mysql::prelude::Queryable::query_drop(&mut shop.sql(), back).unwrap();
    let fresh = place(&guest.client);
    let before = available(&staff, product);
    let prune = |hours: &str| run_with(&shop, &[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", hours)]);
    assert!(prune("0").ends_with("cancelled 0 unconfirmed orders\n"));
    assert!(prune("50").ends_with("cancelled 0 unconfirmed orders\n"));
    assert!(prune("48").ends_with("cancelled 1 unconfirmed orders\n"));
    assert!(prune("48").ends_with("cancelled 0 unconfirmed orders\n"));
    assert_eq!(available(&staff, product), before + 3, "its units are on offer again, once");
    let last = history(&staff, forgotten).pop().unwrap();
    assert_eq!((&last["status"], &last["reason"]), (&json!("cancelled"), &json!("unconfirmed")));
    assert!(last["actor_account_id"].is_null());
    assert!(history(&staff, cancelled).pop().unwrap()["reason"].is_null());
    for order in [confirmed, of_account, by_staff, fresh] {
        assert_eq!(staff.get(&format!("/orders/{order}")).expect(200).body["status"], "placed", "{order}");
    }
    let audit = shop.staff().get(&format!("/audit?object=order&object_id={forgotten}")).expect(200).body;
    assert_eq!(audit["data"][0]["command"], "prune");
}

fn run_with(shop: &Shop, settings: &[(&str, &str)]) -> String {
    let mut command = crate::harness::storekeeper(&shop.database_url);
    command.arg("prune").envs(settings.iter().copied());
    let out = command.output().expect("storekeeper prune");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn of_confirming_shipping_cancelling_and_pruning_at_once_what_happens_is_whole() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "1")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 1000);
    for _ in 0..15 {
        let order = guest.client.order(&[(product, 2)]).expect(201).id();
        shop.app.clock.advance(Duration::hours(2));
        let answers = together(4, |n| match n {
            0 => step(&staff, order, "confirm").status,
            1 => step(&staff, order, "ship").status,
            2 => step(&guest.client, order, "cancel").status,
            _ => {
                storekeeper::handlers::orders::cancel_unconfirmed(&shop.app).expect("pruned");
                200
            }
        });
        assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
        let body = staff.get(&format!("/orders/{order}")).expect(200).body;
        let pruned = history(&staff, order).pop().unwrap()["reason"] == "unconfirmed";
        assert!(!pruned || body["confirmed_at"].is_null(), "a confirmed order is not pruned");
    }
}

#[test]
fn strangers_make_the_timer_buy_no_more_than_one_guest_may_hold() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let rule = Rule { point: 10, target: 20, multiple: 1, lead_days: 7 };
    let product = shop.watched(&staff, 2000, rule);
    for _ in 0..13 {
        let guest = shop.guest();
        for _ in 0..3 {
            guest.client.order(&[(product, 50)]).expect(201);
        }
    }
    assert_eq!(staff.stock(product)["reserved"], 1950);
    let run = || staff.run_lines(staff.restock()["id"].as_u64().unwrap())[0].clone();
    // Of 1,950 units 150 count, so the shelf has 1,850 for the rule.
    let line = run();
    assert_eq!(
        (&line["outcome"], &line["quantity"], &line["position"]),
        (&json!("nothing"), &json!(0), &json!(1850))
    );
    assert!(line["reason"].as_str().unwrap().contains("1800 more units are held"), "{line}");
    let plan = staff.get(&format!("/restock/plan?product_id={product}")).expect(200).body["data"][0].clone();
    assert_eq!((&plan["position"], &plan["reason"]), (&line["position"], &line["reason"]));
    // What staff confirm counts at once: 1,900 are promised for sure, and 50 of a guest.
    let orders = staff.all_pages("/orders?confirmed=false");
    for order in &orders[1..] {
        step(&staff, order["id"].as_u64().unwrap(), "confirm").expect(200);
    }
    let line = run();
    assert_eq!((&line["position"], &line["outcome"]), (&json!(50), &json!("nothing")));
    let wholesale = order_for(&staff, &shop.guest(), product, 45).expect(201);
    assert_eq!(wholesale.body["status"], "placed");
    assert_eq!(
        (&run()["quantity"], &run()["quantity"]),
        (&json!(15), &json!(0)),
        "a second run changes nothing"
    );
}

#[test]
fn an_account_that_was_never_sent_anything_is_as_strange_to_the_timer_as_a_guest() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let rule = Rule { point: 1900, target: 2000, multiple: 1, lead_days: 7 };
    let product = shop.watched(&staff, 2000, rule);
    let customers = [with_account(&shop), with_account(&shop)];
    let mut last = 0;
    for customer in &customers {
        for _ in 0..20 {
            last = customer.client.order(&[(product, 50)]).expect(201).id();
        }
    }
    assert_eq!(staff.stock(product)["available"], 0);
    let run = || staff.run_lines(staff.restock()["id"].as_u64().unwrap())[0].clone();
    // Of 2,000 units 150 count.
    let line = run();
    assert_eq!((&line["position"], &line["quantity"]), (&json!(1850), &json!(150)));
    assert_eq!(run()["quantity"], 0);
    // Whom the shop has sent something is known to it, and all of theirs counts: 950, and 150 of the stranger's 1,000.
    step(&staff, last, "ship").expect(200);
    let line = run();
    assert_eq!((&line["on_hand"], &line["reserved"]), (&json!(1950), &json!(1100)));
    assert_eq!(line["position"], 1950 - 1100 + 150, "{line}");
}

#[test]
fn what_strangers_order_while_a_run_is_under_way_counts_no_more_than_before_it() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let held = shop.watched(&staff, 0, Rule { point: 1, target: 2, multiple: 1, lead_days: 7 });
    let product = shop.watched(&staff, 1210, Rule { point: 1205, target: 1210, multiple: 1, lead_days: 7 });
    order_for(&staff, &shop.guest(), product, 10).expect(201);
    let strangers: Vec<Guest> = (0..8).map(|_| shop.guest()).collect();
    let mut holder = shop.sql();
    let mut hold = holder.start_transaction(mysql::TxOpts::default()).unwrap();
    let row = format!("SELECT on_hand FROM stock WHERE product_id = {held} FOR UPDATE");
    mysql::prelude::Queryable::query_drop(&mut hold, row).unwrap();
    // The run has looked at both products, and waits for the first.
    let lines = std::thread::scope(|scope| {
        let run = scope.spawn(|| staff.run_lines(staff.restock()["id"].as_u64().unwrap()));
        std::thread::sleep(std::time::Duration::from_millis(300));
        for stranger in &strangers {
            for _ in 0..3 {
                stranger.client.order(&[(product, 50)]).expect(201);
            }
        }
        hold.rollback().unwrap();
        run.join().unwrap()
    });
    let line = &lines[1];
    assert_eq!((&line["reserved"], &line["quantity"]), (&json!(10), &json!(10)), "{line}");
    assert_eq!(staff.stock(product)["reserved"], 1210);
    // The next one counts what one guest may hold.
    let line = staff.run_lines(staff.restock()["id"].as_u64().unwrap())[1].clone();
    assert_eq!(line["reserved"], 160, "{line}");
}
