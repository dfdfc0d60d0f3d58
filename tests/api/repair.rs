//! `storekeeper verify` and `verify --repair`: what is broken is named, derived figures are set right
//! from what happened, and the ledger is never touched.

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::Client;
use crate::harness::{Shop, storekeeper};
use crate::shelves::{Dice, Rule};

const HISTORY: [&str; 7] = [
    "stock_movements",
    "orders",
    "order_lines",
    "order_events",
    "purchase_orders",
    "purchase_order_lines",
    "purchase_order_receipts",
];

fn verify(shop: &Shop, arguments: &[&str]) -> Output {
    storekeeper(&shop.database_url).arg("verify").args(arguments).output().expect("the program")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[track_caller]
fn expect_exit(output: Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    said(&output)
}

/// What happened, by the checksums of its tables.
fn history(shop: &Shop) -> Vec<(String, Option<u64>)> {
    shop.sql().query(format!("CHECKSUM TABLE {}", HISTORY.join(", "))).unwrap()
}

fn break_books(shop: &Shop, sql: &str) {
    let mut connection = shop.sql();
    connection.query_drop(sql).unwrap();
    assert!(connection.affected_rows() > 0, "{sql} changed nothing");
}

/// A product that was counted, sold, promised, ordered and partly received: on hand 19 at 1.00, reserved 2,
/// incoming 8, 5 movements.
fn product_with_history(shop: &Shop, staff: &Client) -> u64 {
    let product_id = shop.watched(staff, 0, Rule { point: 10, target: 22, multiple: 1, lead_days: 3 });
    staff.move_stock(product_id, json!({"delta": 10, "reason": "found", "unit_cost": "1.00"})).expect(201);
    let guest = shop.guest().client;
    let sold = guest.order(&[(product_id, 3)]).expect(201).id();
    staff.ship(sold).expect(200);
    let cancelled = guest.order(&[(product_id, 1)]).expect(201).id();
    guest.cancel(cancelled).expect(200);
    guest.order(&[(product_id, 2)]).expect(201);
    staff.count_shelf(product_id, 8);
    staff.restock();
    staff.receive_units(staff.ordered(product_id), product_id, 8).expect(200);
    staff.count_shelf(product_id, 19);
    assert_eq!(staff.figures(product_id), [19, 2, 8]);
    product_id
}

#[test]
fn whole_books_are_left_as_they_are() {
    let shop = Shop::open();
    let staff = shop.staff();
    product_with_history(&shop, &staff);
    let whole: Vec<mysql::Row> = shop.sql().query("SELECT * FROM stock").unwrap();
    assert!(expect_exit(verify(&shop, &[]), 0).contains("all 14 invariants hold"));
    let output = expect_exit(verify(&shop, &["--repair"]), 0);
    assert!(output.starts_with("0 figures repaired\n"), "{output}");
    let after: Vec<mysql::Row> = shop.sql().query("SELECT * FROM stock").unwrap();
    assert_eq!(
        after.into_iter().map(mysql::Row::unwrap).collect::<Vec<_>>(),
        whole.into_iter().map(mysql::Row::unwrap).collect::<Vec<_>>()
    );
}

#[test]
fn every_derived_figure_is_rebuilt_and_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = product_with_history(&shop, &staff);
    let other = product_with_history(&shop, &staff);
    let before = history(&shop);
    let figures = [
        ("on_hand", 19, 25, "1_on_hand_is_the_sum_of_movements"),
        ("reserved", 2, 0, "2_reserved_is_the_sum_of_placed_orders"),
        ("incoming", 8, 9, "7_purchase_orders_are_received_once"),
        ("movement_count", 5, 7, "1_on_hand_is_the_sum_of_movements"),
        ("value_minor_e4", 19_000_000, 18_999_999, "13_value_is_the_sum_of_the_ledger"),
        ("cost_unknown", 0, 1, "13_value_is_the_sum_of_the_ledger"),
    ];
    for (figure, right, wrong, invariant) in figures {
        break_books(&shop, &format!("UPDATE stock SET {figure} = {wrong} WHERE product_id = {product_id}"));
        let output = expect_exit(verify(&shop, &[]), 1);
        assert!(output.contains(&format!("BROKEN  {invariant} (1 rows)")), "{output}");
        assert!(output.contains("1 of 14 invariants are broken"), "{output}");
        let output = expect_exit(verify(&shop, &["--repair"]), 0);
        let repaired = format!(
            "repaired product {product_id}: {figure} stood at {wrong}, is {right} now\n1 figures repaired\n"
        );
        assert!(output.starts_with(&repaired), "{output}");
    }
    let all =
        "UPDATE stock SET on_hand = 0, reserved = 7, incoming = 0, movement_count = 0, value_minor_e4 = 0";
    break_books(&shop, all);
    let output = expect_exit(verify(&shop, &["--repair"]), 0);
    assert!(output.contains("10 figures repaired"), "{output}");
    for product_id in [product_id, other] {
        assert_eq!(staff.figures(product_id), [19, 2, 8]);
        assert_eq!(staff.stock(product_id)["value"], "19.00");
        let next = staff.count_shelf(product_id, 18);
        assert_eq!((&next.body["sequence"], &next.body["balance_after"]), (&json!(6), &json!(18)));
    }
    shop.sql().query_drop("DELETE FROM stock_movements WHERE sequence = 6").unwrap();
    assert_eq!(history(&shop), before);
    expect_exit(verify(&shop, &["--repair"]), 0);
}

#[test]
fn of_a_broken_ledger_the_first_movement_is_named_and_none_is_changed() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = product_with_history(&shop, &staff);
    let whole = product_with_history(&shop, &staff);
    let wrong = "UPDATE stock_movements SET balance_after = balance_after + 1 WHERE sequence IN (3, 5)";
    break_books(&shop, &format!("{wrong} AND product_id = {product_id}"));
    let broken = history(&shop);
    for arguments in [&[][..], &["--repair"]] {
        let output = expect_exit(verify(&shop, arguments), 1);
        let first: Vec<&str> = output.lines().filter(|line| line.contains("does not continue")).collect();
        assert_eq!(first.len(), 1, "{output}");
        let words: Vec<&str> = first[0].split_whitespace().take(4).collect();
        assert_eq!(words, [&product_id.to_string(), "3", "9", "8"], "{output}");
        assert_eq!(history(&shop), broken);
    }
    assert_eq!(staff.figures(whole), [19, 2, 8]);
    shop.abandon();
}

#[test]
fn a_missing_movement_is_named_by_the_one_that_follows_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = product_with_history(&shop, &staff);
    break_books(
        &shop,
        &format!("DELETE FROM stock_movements WHERE product_id = {product_id} AND sequence = 3"),
    );
    let output = expect_exit(verify(&shop, &[]), 1);
    let first = output.lines().find(|line| line.contains("does not continue")).expect("a first movement");
    assert_eq!(first.split_whitespace().take(2).collect::<Vec<_>>(), [&product_id.to_string(), "4"]);
    assert!(output.contains("on hand is not the sum of the movements"), "{output}");
    shop.abandon();
}

/// Places, cancels and ships until the time is up.
fn trade(guest: &Client, staff: &Client, products: &[u64], over: &AtomicBool, mut dice: Dice) -> usize {
    let mut placed = 0;
    while !over.load(Ordering::Relaxed) {
        let items: Vec<(u64, i64)> = products.iter().map(|id| (*id, dice.between(1, 3))).collect();
        let order_id = guest.order(&items).expect(201).id();
        match dice.below(3) {
            0 => drop(guest.cancel(order_id).expect(200)),
            1 => drop(staff.ship(order_id).expect(200)),
            _ => {}
        }
        placed += 1;
    }
    placed
}

/// Runs `repair` again and again while four callers trade; answers what it said each time.
fn repair_while_trading(shop: &Shop, before_each: impl Fn()) -> Vec<String> {
    let staff = shop.staff();
    let products = [0, 1, 2].map(|_| shop.product(&staff, 100_000));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let traders: Vec<_> = (0..4)
            .map(|seed| {
                let (guest, staff) = (shop.guest().client, shop.with_token(staff.token()));
                let (products, over) = (&products, &over);
                scope.spawn(move || trade(&guest, &staff, products, over, Dice(seed)))
            })
            .collect();
        let started = Instant::now();
        let orders = || -> u64 { shop.sql().query_first("SELECT COUNT(*) FROM orders").unwrap().unwrap() };
        let mut outputs = Vec::new();
        // Longer where much else is at work, so that there is something to prove.
        while started.elapsed() < Duration::from_secs(3)
            || (orders() <= 24 && started.elapsed() < Duration::from_secs(60))
        {
            before_each();
            outputs.push(expect_exit(verify(shop, &["--repair"]), 0));
        }
        over.store(true, Ordering::Relaxed);
        let placed: usize = traders.into_iter().map(|trader| trader.join().expect("a trader")).sum();
        assert!(placed > 20, "{placed} orders prove little");
        outputs
    })
}

#[test]
fn repairing_whole_books_while_the_shop_trades_finds_nothing_to_repair() {
    let shop = Shop::open();
    let outputs = repair_while_trading(&shop, || {});
    assert!(outputs.len() > 3);
    for output in outputs {
        assert!(output.starts_with("0 figures repaired\n"), "{output}");
    }
}

#[test]
fn broken_figures_are_repaired_while_the_shop_trades() {
    let shop = Shop::open();
    let outputs = repair_while_trading(&shop, || {
        break_books(&shop, "UPDATE stock SET reserved = reserved + 5, incoming = incoming + 5");
    });
    assert!(outputs.len() > 3);
    for output in outputs {
        assert!(output.contains("6 figures repaired"), "{output}");
    }
}
