//! What a stranger can hold of the shop without paying: limits of open orders and of units, and orders that nobody
//! confirmed.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::dialects::at_work;
use crate::fixtures::{CUSTOMER_PASSWORD, Guest, NONE, items_json, unique};
use crate::harness::Shop;
use crate::shelves::together;

const TOO_MANY: &str = "too_many_open_orders";
const TOO_MUCH: &str = "too_many_reserved_units";

/// As installed.
const LIMITS: [(&str, &str); 5] = [
    ("STOREKEEPER_GUEST_OPEN_ORDERS", "3"),
    ("STOREKEEPER_GUEST_RESERVED_UNITS", "100"),
    ("STOREKEEPER_ACCOUNT_OPEN_ORDERS", "20"),
    ("STOREKEEPER_ACCOUNT_RESERVED_UNITS", "500"),
    ("STOREKEEPER_ORDER_UNITS_PER_PRODUCT", "50"),
];

pub fn limited(more: &[(&str, &str)]) -> Shop {
    Shop::open_with(&[&LIMITS[..], more].concat())
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

pub fn order_for(staff: &Client, guest: &Guest, product: u64, quantity: i64) -> Answer {
    staff.post("/orders", json!({"customer_id": guest.id, "items": items_json(&[(product, quantity)])}))
}

/// A customer who has logged in.
pub fn with_account(shop: &Shop) -> Guest {
    let (customer, username) = shop.customer_with_account();
    let client = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    Guest { client, ..customer }
}

fn available(staff: &Client, product: u64) -> i64 {
    staff.stock(product)["available"].as_i64().unwrap()
}

pub fn step(client: &Client, order: u64, step: &str) -> Answer {
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
        // What they placed is not counted, and makes no room either.
        customer.client.order(&[(product, 1)]).expect_problem(409, TOO_MANY);
        for (order, client, taken) in [(orders[0], &staff, "ship"), (orders[1], &customer.client, "cancel")] {
            step(client, order, taken).expect(200);
            customer.client.order(&[(product, 1)]).expect(201);
            customer.client.order(&[(product, 1)]).expect_problem(409, TOO_MANY);
        }
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
fn a_customer_holds_so_many_units_of_all_products_together() {
    let shop = limited(&[]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let products: Vec<u64> = (0..5).map(|_| shop.product(&staff, 1000)).collect();
    let of_each = |units: i64| products.iter().map(|id| (*id, units)).collect::<Vec<_>>();
    let refused = guest.client.order(&of_each(21)).expect_problem(409, TOO_MUCH);
    assert!(
        refused.body["detail"].as_str().unwrap().starts_with("With this order 105 units"),
        "{}",
        refused.text
    );
    let first = guest.client.order(&of_each(18)).expect(201).id();
    guest.client.order(&[(products[0], 11)]).expect_problem(409, TOO_MUCH);
    guest.client.order(&[(products[0], 10)]).expect(201);
    guest.client.order(&[(products[0], 1)]).expect_problem(409, TOO_MUCH);
    assert_eq!(available(&staff, products[0]), 1000 - 28, "what was refused reserves nothing");
    // What is sent or called off is held no more.
    step(&staff, first, "ship").expect(200);
    guest.client.order(&of_each(18)).expect(201);
    // An account, which anybody opens for nothing, holds five times as much and no more.
    let account = with_account(&shop).client;
    let orders: Vec<u64> = (0..2).map(|_| account.order(&of_each(50)).expect(201).id()).collect();
    account.order(&[(products[0], 1)]).expect_problem(409, TOO_MUCH);
    step(&account, orders[0], "cancel").expect(200);
    account.order(&of_each(50)).expect(201);
    // Each limit stands by itself.
    let shop = limited(&[("STOREKEEPER_GUEST_OPEN_ORDERS", "0")]);
    let (guest, product) = (shop.guest(), shop.product(&shop.staff(), 1000));
    let answers = together(20, |_| guest.client.order(&[(product, 11)]));
    assert_eq!((count(&answers, 201), count(&answers, 409)), (9, 11));
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
    // What an order earns is the managers' to know.
    let mut told = confirmed.body.clone();
    told.as_object_mut().unwrap().remove("margin");
    assert_eq!(step(&program, first, "confirm").expect(200).body, told, "nothing changes the second time");
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

/// Whoever takes an order down on the telephone has heard that it is meant.
#[test]
fn what_is_placed_behind_the_counter_is_confirmed_with_that() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48")]);
    let (staff, guest, account) = (shop.staff(), shop.guest(), with_account(&shop));
    let product = shop.product(&staff, 100);
    let program = key_with(&shop, &staff, &["orders:write"]);
    let [by_staff, by_program] =
        [&staff, &program].map(|client| order_for(client, &guest, product, 1).expect(201));
    for (placed, who) in [(&by_staff, "confirmed_by_account_id"), (&by_program, "confirmed_by_api_key_id")] {
        assert_eq!(placed.body["confirmed_at"], placed.body["order_date"]);
        assert!(placed.body[who].is_u64(), "{}", placed.text);
        assert_eq!(placed.body["allowed_actions"], json!(["cancel", "ship"]));
        let read = staff.get(&format!("/orders/{}", placed.id())).expect(200);
        assert_eq!(read.body["confirmed_at"], placed.body["confirmed_at"]);
        let again = step(&program, placed.id(), "confirm").expect(200);
        assert_eq!(again.body[who], placed.body[who], "nothing changes");
        assert_eq!(staff.get(&format!("/orders/{}", placed.id())).expect(200).etag(), read.etag());
    }
    let of_guest = guest.client.order(&[(product, 1)]).expect(201).id();
    let of_account = account.client.order(&[(product, 1)]).expect(201).id();
    let shipped = guest.client.order(&[(product, 1)]).expect(201).id();
    step(&staff, shipped, "ship").expect(200);
    let listed = |client: &Client, query: &str| {
        let orders = client.all_pages(&format!("/orders?sort=order_date&{query}"));
        orders.iter().filter_map(|order| order["id"].as_u64()).collect::<Vec<_>>()
    };
    let [by_staff, by_program] = [by_staff.id(), by_program.id()];
    assert_eq!(listed(&staff, "confirmed=true"), [by_staff, by_program]);
    assert_eq!(listed(&staff, "confirmed=false&status=placed"), [of_guest, of_account]);
    assert_eq!(listed(&staff, "to_confirm=true"), [of_guest]);
    assert_eq!(listed(&staff, "to_confirm=true&status=shipped"), NONE);
    assert_eq!(listed(&staff, "to_confirm=false"), [by_staff, by_program, of_account, shipped]);
    assert_eq!(listed(&guest.client, "to_confirm=true"), [of_guest]);
    assert_eq!(listed(&account.client, "to_confirm=true"), NONE);
    let figure = staff.get("/today").expect(200).body["orders"]["to_confirm"].clone();
    assert_eq!(figure, json!({"count": 1, "or_more": false}));
    shop.sql().query_drop("UPDATE orders SET placed_at = placed_at - INTERVAL 49 HOUR").unwrap();
    let said = run_with(&shop, &[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48")]);
    assert!(said.ends_with("cancelled 1 unconfirmed orders\n"), "{said}");
    assert_eq!(listed(&staff, "status=cancelled"), [of_guest]);
    assert_eq!(listed(&staff, "to_confirm=true"), NONE);
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
    shop.sql().query_drop(back).unwrap();
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

#[test]
fn whoever_opens_an_account_while_prune_is_at_work_keeps_the_order() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "1")]);
    let staff = shop.staff();
    let product = shop.product(&staff, 10);
    let [first, second] = [shop.guest(), shop.guest()];
    let [of_first, of_second] =
        [&first, &second].map(|guest| guest.client.order(&[(product, 1)]).expect(201).id());
    shop.app.clock.advance(Duration::hours(2));
    let mut sql = shop.sql();
    // Prune has looked both up and waits for the first.
    sql.query_drop("START TRANSACTION").unwrap();
    sql.exec_drop("SELECT id FROM orders WHERE id = ? FOR UPDATE", (of_first,)).unwrap();
    std::thread::scope(|scope| {
        let pruning = scope.spawn(|| storekeeper::handlers::orders::cancel_unconfirmed(&shop.app));
        let mut processes = shop.sql();
        while at_work(&mut processes, "info LIKE 'UPDATE orders%'") == 0 {
            assert!(!pruning.is_finished(), "nothing was pruned");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let account = json!({"username": unique("second"), "password": CUSTOMER_PASSWORD});
        second.client.post("/customer_accounts", account).expect(201);
        sql.query_drop("ROLLBACK").unwrap();
        assert_eq!(pruning.join().unwrap().expect("pruned"), 1);
    });
    let status = |order| staff.get(&format!("/orders/{order}")).expect(200).body["status"].clone();
    assert_eq!([status(of_first), status(of_second)], ["cancelled", "placed"]);
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
