//! Many callers who want the same thing in the same moment: nobody gets what is not there, nothing
//! happens twice, and whoever loses is told so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, items_json, unique};
use crate::harness::{Shop, shared_mariadb};
use crate::shelves::together;

/// Sends the request again while it is told to come back later, which it is only with Retry-After.
fn until_decided(send: impl Fn() -> Answer) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = send();
        let later = answer.status == 503 || answer.body["code"] == "idempotency_key_in_use";
        if !later {
            return answer;
        }
        assert!(answer.header("Retry-After").is_some(), "no Retry-After: {}", answer.text);
        assert_ne!(answer.body["code"], "outcome_unknown", "the database was there all the time");
        assert!(Instant::now() < deadline, "still undecided: {}", answer.text);
        thread::sleep(Duration::from_millis(50));
    }
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn rows(shop: &Shop, table: &str) -> u64 {
    shop.sql().query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap()
}

fn step(client: &Client, order_id: u64, step: &str) -> Answer {
    until_decided(|| client.post(&format!("/orders/{order_id}/{step}"), json!({})))
}

/// Splits the answers into those with this status and the others, which must be this problem.
#[track_caller]
fn winners(answers: Vec<Answer>, status: u16, losing: (u16, &str)) -> Vec<Answer> {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == status);
    for answer in lost {
        answer.expect_problem(losing.0, losing.1);
    }
    won
}

#[test]
fn the_last_units_go_to_as_many_as_there_are() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guests: Vec<_> = (0..24).map(|_| shop.guest()).collect();
    for units in [1, 7] {
        let product = shop.product(&staff, units);
        let answers = together(guests.len(), |n| until_decided(|| guests[n].client.order(&[(product, 1)])));
        assert_eq!(winners(answers, 201, (409, "out_of_stock")).len() as i64, units);
        assert_eq!(staff_sees(&staff, product), units);
        assert_eq!(guests[0].client.available(product), 0);
    }
}

/// How many units of a product are in orders that are placed.
fn staff_sees(staff: &Client, product: u64) -> i64 {
    let orders = staff.get("/orders?status=placed&limit=100").expect(200);
    let orders = orders.body["data"].as_array().unwrap().iter();
    let lines = orders.flat_map(|order| order["items"].as_array().unwrap());
    let of_product = lines.filter(|line| line["product_id"] == product);
    of_product.map(|line| line["quantity"].as_i64().unwrap()).sum()
}

#[test]
fn unequal_wishes_never_add_up_to_more_than_there_is() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 20);
    let answers = together(16, |n| until_decided(|| guest.client.order(&[(product, 1 + n as i64 % 4)])));
    winners(answers, 201, (409, "out_of_stock"));
    let left = guest.client.available(product);
    // A wish for four is the largest, so the refusals began with at most three left.
    assert!((0..=3).contains(&left), "{left} left");
    assert_eq!(staff_sees(&staff, product), 20 - left);
}

#[test]
fn orders_of_the_same_products_in_opposite_order_do_not_block_each_other() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    let guest = shop.guest();
    let products: Vec<u64> = (0..6).map(|_| shop.product(&staff, 10_000)).collect();
    let (threads, rounds) = (16, 8);
    together(threads, |n| {
        let mut items: Vec<(u64, i64)> = products.iter().map(|&product| (product, 1)).collect();
        if n % 2 == 1 {
            items.reverse();
        }
        items.rotate_left(n % products.len());
        for _ in 0..rounds {
            guest.client.order(&items).expect(201);
        }
    });
    for product in products {
        assert_eq!(guest.client.available(product), 10_000 - (threads * rounds) as i64);
    }
}

#[test]
fn placing_cancelling_and_shipping_the_same_products_do_not_block_each_other() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    let guest = shop.guest();
    let products = [shop.product(&staff, 10_000), shop.product(&staff, 10_000)];
    let rounds = 8;
    together(12, |n| {
        let mut items = products.map(|product| (product, 1));
        if n % 2 == 1 {
            items.reverse();
        }
        for _ in 0..rounds {
            let id = guest.client.order(&items).expect(201).id();
            let (client, step) = if n % 3 == 0 { (&staff, "ship") } else { (&guest.client, "cancel") };
            client.post(&format!("/orders/{id}/{step}"), json!({})).expect(200);
        }
    });
    for product in products {
        assert_eq!(guest.client.available(product), 10_000 - 4 * rounds);
    }
}

#[test]
fn one_key_sent_by_fifty_makes_one_order() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 100);
    let body = json!({"items": items_json(&[(product, 2)])});
    let answers = together(50, |_| until_decided(|| guest.client.post_once("one", "/orders", body.clone())));
    assert_eq!(count(&answers, 201), 50);
    let first = |answer: &&Answer| answer.header("Idempotency-Replayed").is_none();
    assert_eq!(answers.iter().filter(first).count(), 1);
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    assert_eq!(guest.client.available(product), 98);
    assert_eq!(rows(&shop, "orders"), 1);
}

#[test]
fn one_key_sent_by_fifty_for_what_is_out_of_stock_keeps_nothing() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 1);
    let body = json!({"items": items_json(&[(product, 2)])});
    let answers = together(50, |_| until_decided(|| guest.client.post_once("one", "/orders", body.clone())));
    assert_eq!(winners(answers, 201, (409, "out_of_stock")).len(), 0);
    for table in ["orders", "order_lines", "order_events", "idempotency_keys"] {
        assert_eq!(rows(&shop, table), 0, "{table}");
    }
    assert_eq!(guest.client.available(product), 1);
}

#[test]
fn one_key_sent_by_many_for_two_different_orders_makes_one_of_them() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 100);
    let body = |n: usize| json!({"items": items_json(&[(product, 1 + n as i64 % 2)])});
    let answers = together(12, |n| until_decided(|| guest.client.post_once("one", "/orders", body(n))));
    let won = winners(answers, 201, (422, "idempotency_key_reused"));
    assert_eq!(won.len(), 6);
    assert!(won.iter().all(|answer| answer.id() == won[0].id()));
    assert_eq!(rows(&shop, "orders"), 1);
}

#[test]
fn of_cancelling_and_shipping_exactly_one_happens() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 100);
    let mut shipped = 0;
    for round in 0..25 {
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        let answers = together(4, |n| match (n + round) % 2 {
            0 => step(&guest.client, id, "cancel"),
            _ => step(&staff, id, "ship"),
        });
        let won = winners(answers, 200, (409, "order_state"));
        assert_eq!(won.len(), 2, "both who asked for the step that was taken");
        let status = &staff.get(&format!("/orders/{id}")).expect(200).body["status"];
        assert!(won.iter().all(|answer| answer.body["status"] == *status), "{status}");
        shipped += i64::from(status == "shipped");
    }
    assert_eq!(guest.client.available(product), 100 - shipped);
}

/// How often each pair of steps is taken at once.
const ROUNDS: usize = 20;

/// Takes two steps at once with orders that are brought `along` first, and returns the histories that they have then.
/// Each order ends as one of the answers says.
fn histories_of(along: &[&str], pair: [&str; 2]) -> Vec<String> {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let round = |round: usize| {
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        along.iter().for_each(|done| drop(step(&staff, id, done).expect(200)));
        let answers = together(4, |n| step(&staff, id, pair[(n + round) % 2]));
        let won = winners(answers, 200, (409, "order_state"));
        let tracking = staff.get(&format!("/orders/{id}/track")).expect(200).body;
        assert!(won.iter().any(|answer| answer.body["status"] == tracking["status"]), "{tracking}");
        let events = tracking["events"].as_array().unwrap().iter();
        events
            .map(|event| event["status"].as_str().unwrap())
            .skip(1 + along.len())
            .collect::<Vec<_>>()
            .join(" ")
    };
    (0..ROUNDS).map(round).collect()
}

#[test]
fn of_two_ends_of_a_way_exactly_one_is_written_or_the_second_finds_the_first() {
    for history in histories_of(&["ship"], ["deliver", "lost"]) {
        // What was lost can be delivered; what is delivered cannot be lost.
        assert!(["delivered", "lost delivered"].contains(&history.as_str()), "{history}");
    }
    for history in histories_of(&["ship"], ["deliver", "returned"]) {
        assert!(["delivered", "returned"].contains(&history.as_str()), "{history}");
    }
}

#[test]
fn what_is_taken_back_while_it_is_noted_again_has_one_history() {
    for history in histories_of(&["ship", "deliver"], ["reopen", "lost"]) {
        let legal = ["shipped", "shipped lost", "shipped lost shipped", "shipped lost shipped lost"];
        assert!(legal.contains(&history.as_str()), "{history}");
    }
    for history in histories_of(&["ship", "lost"], ["reopen", "returned"]) {
        let steps: Vec<&str> = history.split(' ').collect();
        assert!(steps.windows(2).all(|two| two[0] != two[1]) && steps.len() <= 4, "{history}");
    }
}

#[test]
fn corrections_at_once_each_follow_the_one_before() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let id = guest.client.order(&[(product, 1)]).expect(201).id();
    staff.post(&format!("/orders/{id}/ship"), json!({"tracking_number": "JD0"})).expect(200);
    let answers = together(8, |n| {
        until_decided(|| {
            staff.patch(&format!("/orders/{id}"), json!({"tracking_number": format!("JD{}", n + 1)}))
        })
    });
    assert_eq!(count(&answers, 200), 8);
    let tracking = staff.get(&format!("/orders/{id}/track")).expect(200).body;
    let mut number = json!("JD0");
    for event in &tracking["events"].as_array().unwrap()[2..] {
        assert_eq!(event["correction"]["old"], number, "{tracking}");
        number = event["correction"]["new"].clone();
    }
    assert_eq!((&number, rows(&shop, "order_events")), (&tracking["tracking_number"], 9));
}

#[test]
fn what_a_customer_corrects_while_staff_ship_or_erase_is_written_before_or_not_at_all() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    for round in 0..ROUNDS {
        let guest = shop.guest();
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        let path = format!("/orders/{id}");
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| staff.post(&format!("{path}/ship"), json!({}))),
            _ => {
                until_decided(|| guest.client.patch(&path, json!({"shipping_address": unique("12 Main St")})))
            }
        });
        let events =
            staff.get(&format!("{path}/track")).expect(200).body["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), 1 + count(&answers, 200), "{events:?}");
        assert_eq!(events.last().unwrap()["status"], "shipped");

        staff.post(&format!("{path}/returned"), json!({})).expect(200);
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| staff.delete(&format!("/customers/{}", guest.id))),
            1 => until_decided(|| staff.patch(&path, json!({"carrier": unique("Ada's van")}))),
            _ => until_decided(|| staff.post(&format!("{path}/returned"), json!({"note": "Ada was away"}))),
        });
        for answer in answers {
            assert!(
                [200, 204, 404, 409, 422].contains(&answer.status),
                "{}: {}",
                answer.request,
                answer.text
            );
        }
        // Whatever came first, invariant 9 finds nothing of her.
    }
}

#[test]
fn an_order_that_twenty_cancel_is_released_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 10);
    let id = guest.client.order(&[(product, 4)]).expect(201).id();
    guest.client.order(&[(product, 5)]).expect(201);
    let answers = together(20, |_| step(&guest.client, id, "cancel"));
    assert_eq!(count(&answers, 200), 20);
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    assert_eq!(guest.client.available(product), 5);
    assert_eq!(rows(&shop, "order_events"), 1);
}

#[test]
fn an_order_that_many_ship_leaves_the_shelf_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 10);
    let id = guest.client.order(&[(product, 4)]).expect(201).id();
    let answers = together(12, |_| step(&staff, id, "ship"));
    assert_eq!(count(&answers, 200), 12);
    assert_eq!(guest.client.available(product), 6);
    assert_eq!(rows(&shop, "stock_movements"), 2);
    let answers = together(12, |_| step(&staff, id, "deliver"));
    assert_eq!(count(&answers, 200), 12);
    assert_eq!(rows(&shop, "order_events"), 2);
}

#[test]
fn a_customer_is_either_erased_or_has_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 1000);
    for round in 0..24 {
        let guest = shop.guest();
        let has_ordered_before = round % 2 == 0;
        if has_ordered_before {
            let id = guest.client.order(&[(product, 1)]).expect(201).id();
            step(&guest.client, id, "cancel").expect(200);
        }
        let body = json!({"items": items_json(&[(product, 1)]), "customer_id": guest.id, "note": "Ada"});
        let key = unique("key");
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| guest.client.post_once(&key, "/orders", body.clone())),
            1 => until_decided(|| staff.post_once(&key, "/orders", body.clone())),
            _ => until_decided(|| staff.delete(&format!("/customers/{}", guest.id))),
        });
        let erased = count(&answers, 204) == 1;
        let placed = count(&answers, 201);
        assert!(erased == (placed == 0), "erased: {erased}, orders placed: {placed}");
        for answer in answers {
            let expected = if erased { &[204, 401, 404][..] } else { &[201, 409] };
            assert!(expected.contains(&answer.status), "{} {}", answer.request, answer.text);
        }
        staff.get(&format!("/customers/{}", guest.id)).expect(if erased { 404 } else { 200 });
    }
}

#[test]
fn a_product_is_ordered_or_archived_first_and_both_hold() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    for round in 0..16 {
        let product = shop.product(&staff, 5);
        let path = format!("/products/{product}");
        let answers = together(4, |n| match (n + round) % 4 {
            0 => until_decided(|| staff.delete(&path)),
            _ => until_decided(|| guest.client.order(&[(product, 1)])),
        });
        assert_eq!(count(&answers, 204), 1);
        for answer in answers.into_iter().filter(|answer| answer.status != 204) {
            match answer.status {
                201 => drop(step(&staff, answer.id(), "ship").expect(200)),
                _ => drop(answer.expect_bad_fields(&[("items[0].product_id", "unknown_product")])),
            }
        }
        shop.anyone().get(&path).expect_problem(404, "not_found");
        let late = guest.client.order(&[(product, 1)]);
        late.expect_bad_fields(&[("items[0].product_id", "unknown_product")]);
    }
}

#[test]
fn one_sku_goes_to_one_product() {
    let shop = Shop::open();
    let staff = [shop.staff(), shop.staff()];
    for round in 0..8 {
        let skus = [format!("mug-{round}"), format!("MUG-{round}")];
        let body = |n: usize| json!({"name": "Mug", "price": "1.00", "sku": skus[n % 2], "stock": 3});
        let answers = together(6, |n| until_decided(|| staff[n % 2].post("/products", body(n))));
        assert_eq!(winners(answers, 201, (409, "sku_taken")).len(), 1);
    }
    assert_eq!(rows(&shop, "products"), 8);
    assert_eq!(rows(&shop, "stock_movements"), 8);
}

#[test]
fn one_username_goes_to_one_customer_and_the_others_leave_nothing() {
    let shop = Shop::open();
    let username = unique("user");
    let answers = together(12, |n| {
        let username = if n % 2 == 0 { username.clone() } else { username.to_uppercase() };
        let body = json!({
            "name": format!("Customer {n}"),
            "email": "somebody@example.com",
            "phone": "555-0100",
            "account": {"username": username, "password": CUSTOMER_PASSWORD},
        });
        until_decided(|| shop.anyone().post("/customers", body.clone()))
    });
    let won = winners(answers, 201, (409, "username_taken"));
    assert_eq!(won.len(), 1);
    for table in ["customers", "accounts", "sessions"] {
        assert_eq!(rows(&shop, table), 1, "{table}");
    }
    let token = shop.log_in(&username, CUSTOMER_PASSWORD);
    let own = shop.with_token(&token).get(&format!("/customers/{}", won[0].id())).expect(200);
    assert_eq!(own.body["name"], won[0].body["name"]);
}

#[test]
fn a_price_that_changes_meanwhile_is_taken_as_it_was_at_one_moment() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let product = shop.product(&staff, 1000);
    let answers = together(9, |n| {
        for price in ["20.00", "30.00"].into_iter().cycle().take(if n == 0 { 16 } else { 0 }) {
            staff.patch(&format!("/products/{product}"), json!({"price": price})).expect(200);
        }
        until_decided(|| guest.client.order(&[(product, 3)]))
    });
    for answer in answers {
        let order = answer.expect(201);
        let price = order.body["items"][0]["unit_price"].as_str().unwrap();
        let total = match price {
            "10.00" => "30.00",
            "20.00" => "60.00",
            "30.00" => "90.00",
            other => panic!("a price of {other}"),
        };
        assert_eq!(order.body["total"], total);
    }
}

#[test]
fn what_is_read_during_an_erasure_is_whole_or_gone() {
    let shop = Shop::open();
    for _ in 0..40 {
        let (customer, _) = shop.customer_with_account();
        // With a finished order the row stays, without the person in it.
        let product = shop.product(&shop.staff(), 1);
        let order = customer.client.order(&[(product, 1)]).expect(201).id();
        step(&customer.client, order, "cancel").expect(200);
        let staff = shop.staff();
        let account = staff.get(&format!("/customer_accounts?customer_id={}", customer.id)).expect(200);
        let account = account.body["data"][0]["id"].as_u64().expect("an account");
        let paths = [format!("/customer_accounts/{account}"), format!("/customers/{}", customer.id)];
        let answers = together(6, |n| match n {
            0 => until_decided(|| staff.delete(&paths[1])),
            n => until_decided(|| staff.get(&paths[n % 2])),
        });
        for answer in answers {
            assert!([200, 204, 404].contains(&answer.status), "{} {}", answer.status, answer.text);
        }
    }
}

#[test]
fn who_reads_in_a_crowd_is_shown_what_was_true_when_they_asked() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = format!("/products/{}", shop.product(&staff, 10));
    let is_done = AtomicBool::new(false);
    let started = Instant::now();
    together(9, |n| {
        if n > 0 {
            while !is_done.load(Ordering::Relaxed) && started.elapsed() < Duration::from_secs(60) {
                shop.anyone().get(["/products", &product][n % 2]).expect(200);
            }
            return;
        }
        for pence in 0..200 {
            let price = format!("10.{:02}", pence % 100);
            staff.patch(&product, json!({"price": price})).expect(200);
            assert_eq!(shop.anyone().get(&product).expect(200).body["price"], *price);
            assert_eq!(shop.anyone().get("/products").expect(200).body["data"][0]["price"], *price);
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_order_is_never_seen_shipped_without_its_number() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 1000);
    for _ in 0..40 {
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        let shipment = json!({"carrier": "Post", "tracking_number": "RR1"});
        let answers = together(6, |n| match n {
            0 => until_decided(|| staff.post(&format!("/orders/{id}/ship"), shipment.clone())),
            _ => until_decided(|| guest.client.get(&format!("/orders/{id}/track"))),
        });
        for tracking in answers.iter().filter(|answer| !answer.body["events"].is_null()) {
            let steps = tracking.body["events"].as_array().unwrap().len();
            let shipped = tracking.body["status"] == "shipped";
            assert_eq!(
                (shipped, steps),
                (!tracking.body["tracking_number"].is_null(), 1 + usize::from(shipped))
            );
        }
    }
}

/// Another process of the same shop.
fn another_process(shop: &Shop) -> Shop {
    let database = shop.database_url.rsplit('/').next().and_then(|rest| rest.split('?').next());
    let database = database.expect("the database's name");
    Shop::open_on(shared_mariadb(), database, &[])
}

/// Waits until the database is at work on a statement that begins like this, for this shop.
fn until_at_work(shop: &Shop, statement: &str) {
    let mut sql = shop.sql();
    let deadline = Instant::now() + Duration::from_secs(30);
    let at_work = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE ?";
    while sql.exec_first(at_work, (format!("{statement}%"),)).unwrap() != Some(1) {
        assert!(Instant::now() < deadline, "nobody is at {statement}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Holds the stock of a product until it is told to let go, as a slow order of somebody else would.
fn hold_stock(shop: &Shop, product: u64) -> mysql::Conn {
    let mut stock = shop.sql();
    stock.query_drop("START TRANSACTION").unwrap();
    stock.exec_drop("SELECT on_hand FROM stock WHERE product_id = ? FOR UPDATE", (product,)).unwrap();
    stock
}

/// Sends one order under one key to two processes: to the second while the first waits for the stock, after
/// `meanwhile`, and the stock is let go when the second is at `second_is_at`. The second must be told of the first
/// one's order.
fn retry_meanwhile(shop: &Shop, product: u64, meanwhile: &str, second_is_at: &str) {
    let (guest, second_process) = (shop.guest(), another_process(shop));
    let order =
        |client: &Client| client.post_once("one", "/orders", json!({"items": items_json(&[(product, 1)])}));
    let second_client = second_process.with_token(guest.client.token());
    let mut stock = hold_stock(shop, product);
    let [first, second] = thread::scope(|scope| {
        let first = scope.spawn(|| order(&guest.client));
        until_at_work(shop, "UPDATE order_lines");
        // Waits for the first order, and is done before the second may look at a product.
        let changing = (!meanwhile.is_empty()).then(|| {
            let changing = scope.spawn(|| {
                let mut products = shop.sql();
                products.query_drop("LOCK TABLES products WRITE").unwrap();
                products.query_drop(meanwhile).unwrap();
                products.query_drop("UNLOCK TABLES").unwrap();
            });
            until_at_work(shop, "LOCK TABLES");
            changing
        });
        let second = scope.spawn(|| order(&second_client));
        until_at_work(shop, second_is_at);
        stock.query_drop("COMMIT").unwrap();
        if let Some(changing) = changing {
            changing.join().unwrap();
        }
        [first, second].map(|answer| answer.join().unwrap().expect(201))
    });
    assert_eq!(first.header("Idempotency-Replayed"), None);
    assert_eq!(second.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(second.text, first.text);
    assert_eq!(rows(shop, "orders"), 1);
}

#[test]
fn a_retry_that_would_be_refused_gets_its_own_order() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 10);
    let archive = "UPDATE products SET active = 0, archived_at = NOW(6)";
    retry_meanwhile(&shop, product, archive, "SELECT id, name, price_minor FROM products");
    let late = shop.guest().client.order(&[(product, 1)]);
    late.expect_bad_fields(&[("items[0].product_id", "unknown_product")]);
}

#[test]
fn a_retry_that_meets_its_own_order_in_the_act_waits_for_it() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 1);
    retry_meanwhile(&shop, product, "", "INSERT INTO idempotency_keys");
}

/// The product is archived after the first has looked at it, and the second comes while the first waits for the
/// stock. It must not be told that there is no such product, since the first will be told of its order.
fn retry_after_a_change(shop: &Shop, second_process: &Shop) {
    let product = shop.product(&shop.staff(), 10);
    let guest = shop.guest();
    let order =
        |client: &Client| client.post_once("one", "/orders", json!({"items": items_json(&[(product, 1)])}));
    let second_client = second_process.with_token(guest.client.token());
    let mut stock = hold_stock(shop, product);
    let mut archiving = shop.sql();
    archiving.query_drop("START TRANSACTION").unwrap();
    archiving.query_drop("UPDATE products SET active = 0, archived_at = NOW(6)").unwrap();
    let [first, second] = thread::scope(|scope| {
        let first = scope.spawn(|| order(&guest.client));
        until_at_work(shop, "INSERT INTO order_lines");
        archiving.query_drop("COMMIT").unwrap();
        until_at_work(shop, "UPDATE order_lines");
        let second = scope.spawn(|| order(&second_client));
        thread::sleep(RETRY_IS_AT_WORK);
        stock.query_drop("COMMIT").unwrap();
        [first, second].map(|answer| answer.join().unwrap().expect(201))
    });
    assert_eq!((first.text, Some("true")), (second.text.clone(), second.header("Idempotency-Replayed")));
}

/// Long enough for a request that nothing holds up, so that it would be refused.
const RETRY_IS_AT_WORK: Duration = Duration::from_millis(300);

#[test]
fn a_retry_that_is_refused_while_the_first_is_at_work_is_told_of_its_order() {
    let shop = Shop::open();
    retry_after_a_change(&shop, &shop);
}

#[test]
fn so_is_one_that_comes_to_another_process() {
    let shop = Shop::open();
    retry_after_a_change(&shop, &another_process(&shop));
}

/// Likewise while the first has not even come to its key.
#[test]
fn a_retry_that_is_refused_before_the_first_has_its_key_is_told_of_its_order() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 10);
    let guest = shop.guest();
    let order = || guest.client.post_once("one", "/orders", json!({"items": items_json(&[(product, 1)])}));
    let mut customer = shop.sql();
    customer.query_drop("START TRANSACTION").unwrap();
    customer.query_drop("SELECT id FROM customers FOR UPDATE").unwrap();
    let [first, second] = thread::scope(|scope| {
        let first = scope.spawn(order);
        until_at_work(&shop, "INSERT INTO orders");
        shop.sql().query_drop("UPDATE products SET active = 0, archived_at = NOW(6)").unwrap();
        let second = scope.spawn(order);
        thread::sleep(RETRY_IS_AT_WORK);
        customer.query_drop("COMMIT").unwrap();
        [first, second].map(|answer| answer.join().unwrap())
    });
    let (first, second) = (first.expect(201), second.expect(201));
    assert_eq!((first.text, Some("true")), (second.text.clone(), second.header("Idempotency-Replayed")));
}
