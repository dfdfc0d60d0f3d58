//! Each file of `sql/invariants/` is shown books that break its rule and no other: it must name the
//! rows, and the others must stay silent.

mod books;
mod orders;
mod stock;

use books::Books;
use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::db::invariants::{INVARIANTS, violations};

use crate::client::Client;
use crate::dialects::without_checks;
use crate::harness::Shop;

const NEGATIVE: &str = "3_stock_is_never_negative";

const OVERSOLD: &str = "an order was placed for more than was there after this movement";

/// A connection on which nothing but the invariants stands in the way of wrong books.
fn without_defences(shop: &Shop) -> Conn {
    let mut sql = shop.sql();
    without_checks(&mut sql);
    sql.query_drop("SET foreign_key_checks = 0").unwrap();
    sql.query_drop(
        "ALTER TABLE idempotency_keys DROP INDEX idempotency_keys_order, ADD KEY idempotency_keys_order (order_id)",
    )
    .unwrap();
    sql
}

/// Every invariant that does not hold, with its rows in the order of their text.
fn broken(sql: &mut Conn) -> Vec<(&'static str, Vec<String>)> {
    let mut broken = Vec::new();
    for invariant in INVARIANTS {
        let rows = violations(sql, invariant).unwrap().rows;
        let mut rows: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        rows.sort();
        if !rows.is_empty() {
            broken.push((invariant.name, rows));
        }
    }
    broken
}

#[test]
fn each_invariant_names_what_breaks_it_and_the_others_stay_silent() {
    let shop = Shop::open();
    let books = Books::fill(&shop);
    let mut sql = without_defences(&shop);
    assert_eq!(broken(&mut sql), [], "before anything is broken");
    let cases = books.cases();
    for case in &cases {
        sql.query_drop("START TRANSACTION").unwrap();
        for statement in &case.sql {
            sql.query_drop(statement).unwrap();
            assert_ne!(sql.affected_rows(), 0, "{statement} changed nothing");
        }
        assert_eq!(broken(&mut sql), [(case.breaks, case.rows.clone())], "after {:?}", case.sql);
        sql.query_drop("ROLLBACK").unwrap();
    }
    for invariant in INVARIANTS {
        let covered = cases.iter().any(|case| case.breaks == invariant.name);
        assert!(covered, "nothing here breaks {}", invariant.name);
    }
}

#[test]
fn a_shelf_that_a_count_left_short_breaks_nothing() {
    let shop = Shop::open();
    let books = Books::fill(&shop);
    let mut sql = shop.sql();
    let pot = books.pot;
    sql.query_drop(format!(
        "UPDATE stock SET on_hand = 0, movement_count = 2 WHERE product_id = {pot} AND reserved = 1"
    ))
    .unwrap();
    for reason in ["stock_take", "damaged", "correction"] {
        sql.query_drop(format!("DELETE FROM stock_movements WHERE product_id = {pot} AND sequence = 2"))
            .unwrap();
        sql.query_drop(format!(
            "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, cost_unknown, reason, note, at)
             VALUES ({pot}, 2, -5, 0, 1, '{reason}', 'Why.', '2026-03-01')"
        ))
        .unwrap();
        assert_eq!(broken(&mut sql), [], "{reason}");
    }
}

/// Places an order of one unit as a service would that forgot to look whether it is there.
fn oversell(sql: &mut Conn, customer: u64, product: u64) {
    for statement in [
        format!(
            "INSERT INTO orders (customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
             VALUES ({customer}, 'placed', 'EUR', 1000, '2026-03-01', '2026-03-04')"
        ),
        format!(
            "INSERT INTO order_lines SELECT LAST_INSERT_ID(), product_id, 'Product', 1, 1000, movement_count, '2026-03-01'
             FROM stock WHERE product_id = {product}"
        ),
        format!("UPDATE stock SET reserved = reserved + 1 WHERE product_id = {product}"),
    ] {
        sql.query_drop(statement).unwrap();
    }
}

fn moves(staff: &Client, product: u64, delta: i64, reason: &str) {
    let movement = json!({"delta": delta, "reason": reason, "note": "for a test"});
    staff.post(&format!("/products/{product}/stock/movements"), movement).expect(201);
}

#[test]
fn an_oversale_is_named_whatever_was_counted_before_it_and_happened_after_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let mut sql = shop.sql();
    let product = shop.product(&staff, 6);
    moves(&staff, product, -1, "correction");
    let first = guest.client.order(&[(product, 5)]).expect(201).id();
    assert_eq!(broken(&mut sql), []);
    oversell(&mut sql, guest.id, product);
    let named = |after: i64| vec![(NEGATIVE, vec![format!("{product}|2|5|{after}|{OVERSOLD}")])];
    assert_eq!(broken(&mut sql), named(6), "in spite of the correction before it");
    moves(&staff, product, -1, "damaged");
    assert_eq!(broken(&mut sql), named(6), "in spite of the damage after it");
    moves(&staff, product, 10, "return");
    assert_eq!(broken(&mut sql), named(6), "though there is enough again");
    guest.client.order(&[(product, 2)]).expect(201);
    staff.post(&format!("/orders/{first}/ship"), json!({})).expect(200);
    assert_eq!(broken(&mut sql), named(6), "though what was promised before it is shipped");
    shop.abandon();
}

#[test]
fn a_legal_shortage_breaks_nothing_whatever_happens_after_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let mut sql = shop.sql();
    let product = shop.product(&staff, 5);
    let mut whole = |after: &str| assert_eq!(broken(&mut sql), [], "after {after}");
    let order = |quantity: i64| guest.client.order(&[(product, quantity)]).expect(201).id();
    let step = |order: u64, step: &str| {
        staff.post(&format!("/orders/{order}/{step}"), json!({})).expect(200);
    };
    let (two, three) = (order(2), order(3));
    moves(&staff, product, -2, "lost");
    whole("a loss that leaves 3 for the 5 that are promised");
    guest.client.order(&[(product, 1)]).expect_problem(409, "out_of_stock");
    moves(&staff, product, 1, "return");
    whole("a return that is not enough");
    moves(&staff, product, 4, "correction");
    let later = order(3);
    whole("a sale of all that is there again");
    moves(&staff, product, -6, "damaged");
    step(two, "ship");
    whole("shipping out of a shortage");
    step(three, "cancel");
    step(later, "cancel");
    whole("cancelling what was promised");
    moves(&staff, product, 2, "return");
    let (last, dropped) = (order(1), order(1));
    step(dropped, "cancel");
    let again = order(1);
    whole("the same unit promised twice, one after the other");
    step(again, "ship");
    step(last, "ship");
    step(last, "deliver");
    whole("the last unit");
}
