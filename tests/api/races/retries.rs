//! One request that is sent again while it is under way: its own answer, or none yet.

use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use super::{count, rows, until_decided, winners};
use crate::client::{Answer, Client};
use crate::fixtures::items_json;
use crate::harness::{Shop, shared_mariadb};
use crate::shelves::together;

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

/// Another process of the same shop.
fn another_process(shop: &Shop) -> Shop {
    let database = shop.database_url.rsplit('/').next().and_then(|rest| rest.split('?').next());
    let database = database.expect("the database's name");
    Shop::open_on(shared_mariadb(), database, &[])
}

/// Waits until the database is at work on a statement that begins like this, for this shop.
fn until_at_work(shop: &Shop, statement: &str) {
    let mut sql = shop.sql();
    let database: Option<String> = sql.query_first("SELECT DATABASE()").unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    // As bytes: the digests in a statement are no text, which MySQL would refuse to compare.
    let is_at_work = |row: &mysql::Row| {
        let info: Option<Vec<u8>> = row.get::<Option<Vec<u8>>, _>("Info").flatten();
        row.get::<Option<String>, _>("db").flatten() == database
            && info.is_some_and(|info| info.starts_with(statement.as_bytes()))
    };
    while sql.query::<mysql::Row, _>("SHOW PROCESSLIST").unwrap().iter().filter(|row| is_at_work(row)).count()
        != 1
    {
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
