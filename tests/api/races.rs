//! Many callers who want the same thing in the same moment: nobody gets what is not there, nothing
//! happens twice, and whoever loses is told so.

mod parcels;
mod people;
mod retries;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::harness::Shop;
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
