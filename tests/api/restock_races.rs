//! Runs, deliveries and cancellations at the same moment: whatever the order, as if one had come first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::app::App;
use storekeeper::audit::Actor;
use storekeeper::config::Config;
use storekeeper::db;
use storekeeper::restock::{self, Selection};

use crate::client::{Answer, Client};
use crate::dialects::at_work;
use crate::harness::Shop;
use crate::shelves::{Dice, Rule, each, together};

const LATER: Rule = Rule { point: 5, target: 20, multiple: 6, lead_days: 3 };
const AT_ONCE: Rule = Rule { lead_days: 0, ..LATER };

const ROUNDS: i64 = 50;
/// Of these, half call the API and half are programs with pools of their own.
const RUNS: usize = 20;

/// As `storekeeper-restock` makes it, for the same database.
fn program_app(shop: &Shop) -> App {
    App::new(Config { database_connections: 1, ..shop.app.config.clone() }).expect("an app")
}

fn run_as_program(app: &App) {
    let run_id = restock::start(app, Actor::command("storekeeper-restock")).expect("a run");
    restock::run(app, run_id, Actor::command("storekeeper-restock"), Selection::default()).expect("a run");
    let lines = db::read(&app.pool, |db| restock::lines(db, run_id)).expect("its lines");
    let failed: Vec<_> = lines.iter().filter(|line| line.outcome == restock::Outcome::Failed).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

fn numbers(list: &[Value], member: &str) -> i64 {
    each(list, member).iter().map(|value| value.as_i64().expect("a number")).sum()
}

#[test]
fn twenty_runs_at_once_order_as_if_one_had_run() {
    let shop = Shop::open();
    let staff = shop.staff();
    let later = [0, 1].map(|_| shop.watched(&staff, 0, LATER));
    let at_once = [0, 1].map(|_| shop.watched(&staff, 0, AT_ONCE));
    let clients: Vec<Client> = (0..RUNS).map(|_| shop.with_token(staff.token())).collect();
    let programs: Vec<App> = (0..RUNS).map(|_| program_app(&shop)).collect();
    for round in 1..=ROUNDS {
        together(RUNS, |number| match number % 2 {
            0 => drop(clients[number].post("/restock/runs", json!({})).expect(201)),
            _ => run_as_program(&programs[number]),
        });
        for product_id in later {
            assert_eq!(staff.figures(product_id), [0, 0, 24], "round {round}");
        }
        for order in staff.all_pages("/purchase_orders?status=ordered&limit=100") {
            staff.cancel_purchase(order["id"].as_u64().unwrap()).expect(200);
        }
        for product_id in at_once {
            assert_eq!(staff.figures(product_id), [24, 0, 0], "round {round}");
            staff.count_shelf(product_id, 0);
        }
    }
    for product_id in later.into_iter().chain(at_once) {
        let orders = staff.purchases_of(product_id);
        assert_eq!((orders.len() as i64, numbers(&orders, "quantity")), (ROUNDS, ROUNDS * 24));
    }
    let runs: Option<i64> = shop.sql().query_first("SELECT COUNT(*) FROM restock_runs").unwrap();
    assert_eq!(runs, Some(ROUNDS * RUNS as i64));
}

/// Does `work` again and again, with dice of its own, until the time is up.
fn keep_doing<'a>(
    scope: &'a thread::Scope<'a, '_>,
    over: &'a AtomicBool,
    seed: u64,
    mut work: impl FnMut(&mut Dice) + Send + 'a,
) {
    scope.spawn(move || {
        let mut dice = Dice(seed);
        while !over.load(Ordering::Relaxed) {
            work(&mut dice);
        }
    });
}

/// The answer, when it has one of these statuses.
#[track_caller]
fn one_of(answer: Answer, statuses: &[u16]) -> Answer {
    assert!(statuses.contains(&answer.status), "{} was answered with {}", answer.request, answer.text);
    answer
}

#[test]
fn runs_hold_their_rules_among_orders_deliveries_and_counts() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    let products = [LATER, LATER, AT_ONCE].map(|rule| shop.watched(&staff, 10, rule));
    let over = AtomicBool::new(false);
    let shop = &shop;
    let as_staff = || shop.with_token(staff.token());
    // How many runs there were, and how many purchase orders they have opened.
    let done = || {
        ["restock_runs", "purchase_orders"].map(|table| -> i64 {
            shop.sql().query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap()
        })
    };
    thread::scope(|scope| {
        for seed in 0..2 {
            let app = program_app(shop);
            keep_doing(scope, &over, seed, move |_| run_as_program(&app));
            let client = as_staff();
            keep_doing(scope, &over, seed, move |_| {
                client.post("/restock/runs", json!({})).expect(201);
            });
            let (guest, client) = (shop.guest().client, as_staff());
            keep_doing(scope, &over, seed, move |dice| {
                let items = [(products[0], dice.between(1, 4)), (products[dice.between(1, 2) as usize], 1)];
                let placed = one_of(guest.order(&items), &[201, 409]);
                if placed.status == 201 {
                    match dice.below(3) {
                        0 => drop(client.cancel(placed.id()).expect(200)),
                        _ => drop(one_of(client.ship(placed.id()), &[200, 409])),
                    }
                }
            });
            let client = as_staff();
            keep_doing(scope, &over, seed, move |dice| {
                for order in client.all_pages("/purchase_orders?status=ordered") {
                    let order_id = order["id"].as_u64().unwrap();
                    let lines = client.purchase_order(order_id)["lines"].clone();
                    let product_id =
                        lines[dice.below(lines.as_array().unwrap().len() as i64) as usize]["product_id"]
                            .as_u64()
                            .unwrap();
                    match dice.below(5) {
                        0 => drop(one_of(client.cancel_purchase(order_id), &[200, 409])),
                        _ => drop(one_of(
                            client.receive_units(order_id, product_id, dice.between(1, 9)),
                            &[200, 409],
                        )),
                    }
                }
            });
        }
        let client = as_staff();
        keep_doing(scope, &over, 9, move |dice| {
            client.count_shelf(products[dice.below(3) as usize], dice.below(15));
            thread::sleep(Duration::from_millis(20));
        });
        // Longer where much else is at work, so that there is something to prove.
        for _ in 0..15 {
            thread::sleep(Duration::from_secs(4));
            if done().into_iter().all(|count| count > 20) {
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let broken = shop.broken_invariants();
    assert!(broken.is_empty(), "{broken:?}");
    // Now that it is quiet, one run leaves nothing to do.
    staff.restock();
    let after = staff.restock();
    assert_eq!((&after["ordered"], &after["received"], &after["failed"]), (&json!(0), &json!(0), &json!(0)));
    let [runs, opened] = done();
    assert!(runs > 20 && opened > 20, "{runs} runs and {opened} purchase orders prove little");
}

/// A product with a purchase order for 20.
fn ordered(shop: &Shop, staff: &Client) -> (u64, u64) {
    let product_id = shop.watched(staff, 0, Rule { multiple: 1, ..LATER });
    staff.post("/restock/runs", json!({"product_id": product_id})).expect(201);
    (product_id, staff.ordered(product_id))
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[test]
fn many_who_receive_parts_never_receive_more_than_was_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let answers = together(16, |_| shop.with_token(staff.token()).receive_units(order_id, product_id, 3));
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (6, 10));
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.body["code"] == "surplus"));
    assert_eq!(staff.figures(product_id), [18, 0, 2]);
    let answers = together(16, |_| shop.with_token(staff.token()).receive(order_id, json!({})));
    assert_eq!((with_status(&answers, 200), with_status(&answers, 409)), (1, 15));
    assert_eq!(staff.figures(product_id), [20, 0, 0]);
    assert_eq!(staff.ledger(product_id).len(), 7);
}

#[test]
fn one_delivery_that_many_report_under_one_key_arrives_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let path = format!("/purchase_orders/{order_id}/receive");
    let answers = together(20, |_| {
        let client = shop.with_token(staff.token());
        client
            .post_once("one-van", &path, json!({"lines": [{"product_id": product_id, "quantity": 4}]}))
            .expect(200)
    });
    assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    let replayed = answers.iter().filter(|answer| answer.header("Idempotency-Replayed").is_some());
    assert_eq!(replayed.count(), 19);
    assert_eq!(staff.figures(product_id), [4, 0, 16]);
}

#[test]
fn of_cancelling_and_receiving_exactly_one_wins() {
    let shop = Shop::open();
    let staff = shop.staff();
    let clients = [shop.with_token(staff.token()), shop.with_token(staff.token())];
    for round in 0..30 {
        let (product_id, order_id) = ordered(&shop, &staff);
        let answers = together(2, |number| match number {
            0 => clients[0].cancel_purchase(order_id),
            _ => clients[1].receive(order_id, json!({})),
        });
        let statuses = [answers[0].status, answers[1].status];
        let status = staff.get(&format!("/purchase_orders/{order_id}")).expect(200).body["status"].clone();
        let outcome = (statuses, status.as_str().unwrap(), staff.figures(product_id));
        let allowed = [([200, 409], "cancelled", [0, 0, 0]), ([409, 200], "received", [20, 0, 0])];
        assert!(allowed.contains(&outcome), "round {round}: {outcome:?}");
    }
}

#[test]
fn what_is_archived_while_a_run_is_at_work_is_not_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [first, second] = [0, 1].map(|_| shop.watched(&staff, 0, LATER));
    let mut sql = shop.sql();
    // The run has looked at both and waits for the first.
    sql.query_drop("START TRANSACTION").unwrap();
    sql.exec_drop("SELECT product_id FROM stock WHERE product_id = ? FOR UPDATE", (first,)).unwrap();
    let run = thread::scope(|scope| {
        let running = scope.spawn(|| staff.post("/restock/runs", json!({})).expect(201).id());
        let mut processes = shop.sql();
        while at_work(&mut processes, "info LIKE 'SELECT s.on_hand%FOR UPDATE'") == 0 {
            assert!(!running.is_finished(), "the run has not waited");
            thread::sleep(Duration::from_millis(5));
        }
        shop.staff().delete(&format!("/products/{second}")).expect(204);
        sql.query_drop("ROLLBACK").unwrap();
        running.join().unwrap()
    });
    assert_eq!([first, second].map(|product| staff.figures(product)[2]), [24, 0]);
    let lines = staff.get(&format!("/restock/runs/{run}")).expect(200).body["lines"]["data"].clone();
    assert_eq!(each(lines.as_array().unwrap(), "outcome"), ["ordered", "nothing"]);
    assert!(lines[1]["reason"].as_str().unwrap().starts_with("archived"), "{lines}");
}

#[test]
fn stock_that_somebody_holds_for_long_holds_up_no_other() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [held, free] = [0, 1].map(|_| shop.watched(&staff, 0, LATER));
    let idle = shop.watched(&staff, 10, LATER);
    let mut sql = shop.sql();
    sql.query_drop("START TRANSACTION").unwrap();
    for product in [held, idle] {
        sql.exec_drop("SELECT product_id FROM stock WHERE product_id = ? FOR UPDATE", (product,)).unwrap();
    }
    let run = staff.post("/restock/runs", json!({})).expect(201).id();
    sql.query_drop("ROLLBACK").unwrap();
    let lines = staff.get(&format!("/restock/runs/{run}")).expect(200).body["lines"]["data"].clone();
    assert_eq!(each(lines.as_array().unwrap(), "product_id"), [held, free, idle]);
    assert_eq!(each(lines.as_array().unwrap(), "outcome"), ["failed", "ordered", "nothing"]);
    staff.post("/restock/runs", json!({})).expect(201);
    assert_eq!([held, free, idle].map(|product| staff.figures(product)[2]), [24, 24, 0]);
}
