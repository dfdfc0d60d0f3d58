//! What the restock timer makes of orders that nobody may ever pay for.

use std::thread;
use std::time::Duration;

use mysql::TxOpts;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::Guest;
use crate::order_limits::{limited, order_for, step, with_account};
use crate::shelves::Rule;

const RULE: Rule = Rule { point: 1950, target: 2000, multiple: 1, lead_days: 7 };

/// The lines of a run, in the order of their products.
fn run(staff: &Client) -> Vec<Value> {
    staff.run_lines(staff.restock()["id"].as_u64().unwrap())
}

#[test]
fn however_many_guests_hold_the_shelves_a_run_buys_as_for_one() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let products = [0; 2].map(|_| shop.watched(&staff, 2000, RULE));
    for _ in 0..40 {
        let guest = shop.guest();
        for product in products {
            guest.client.order(&[(product, 50)]).expect(201);
        }
    }
    for product in products {
        assert_eq!(staff.stock(product)["available"], 0);
    }
    let plan = staff.get("/restock/plan").expect(200).body["data"].clone();
    // Of 4,000 units a hundred count, the oldest.
    let lines = run(&staff);
    for (line, planned) in lines.iter().zip(plan.as_array().unwrap()) {
        assert_eq!(
            (&line["on_hand"], &line["reserved"], &line["position"], &line["quantity"]),
            (&json!(2000), &json!(50), &json!(1950), &json!(0)),
        );
        assert!(line["reason"].as_str().unwrap().contains("1950 more units are held"), "{line}");
        assert_eq!((&planned["position"], &planned["reason"]), (&line["position"], &line["reason"]));
    }
    // What staff confirm counts at once, and makes room for the next that came.
    let oldest =
        staff.get("/orders?sort=order_date&limit=1").expect(200).body["data"][0]["id"].as_u64().unwrap();
    step(&staff, oldest, "confirm").expect(200);
    let lines = run(&staff);
    assert_eq!((&lines[0]["position"], &lines[0]["quantity"]), (&json!(1900), &json!(100)));
    assert_eq!((&lines[1]["position"], &lines[1]["quantity"]), (&json!(1950), &json!(0)));
    // What the counter places is meant.
    let wholesale = shop.watched(&staff, 2000, RULE);
    order_for(&staff, &shop.guest(), wholesale, 800).expect(201);
    assert_eq!(run(&staff)[2]["quantity"], 800);
}

#[test]
fn an_account_that_was_never_sent_anything_is_as_strange_as_a_guest() {
    let shop = limited(&[("STOREKEEPER_ACCOUNT_RESERVED_UNITS", "0")]);
    let staff = shop.staff();
    let product = shop.watched(&staff, 2000, Rule { point: 1900, ..RULE });
    let customers = [with_account(&shop), with_account(&shop)];
    let mut last = 0;
    for customer in &customers {
        for _ in 0..20 {
            last = customer.client.order(&[(product, 50)]).expect(201).id();
        }
    }
    assert_eq!(staff.stock(product)["available"], 0);
    let line = &run(&staff)[0];
    assert_eq!((&line["position"], &line["quantity"]), (&json!(1900), &json!(0)));
    // Whom the shop has sent something is known to it, and all of theirs counts: 950, and a hundred of the stranger's.
    step(&staff, last, "ship").expect(200);
    let line = &run(&staff)[0];
    assert_eq!((&line["on_hand"], &line["reserved"]), (&json!(1950), &json!(1050)));
    assert_eq!(line["quantity"], 2000 - (1950 - 1050), "{line}");
    // Also when it never came, or came back.
    for end in ["lost", "returned"] {
        step(&staff, last, end).expect(200);
        assert_eq!(run(&staff)[0]["position"], 2000, "{end}");
    }
}

#[test]
fn an_order_that_reaches_over_the_limit_counts_in_part() {
    let shop = limited(&[("STOREKEEPER_GUEST_RESERVED_UNITS", "70")]);
    let staff = shop.staff();
    let products = [0; 3].map(|_| shop.watched(&staff, 2000, RULE));
    for _ in 0..2 {
        let wanted = products.map(|product| (product, 20));
        shop.guest().client.order(&wanted).expect(201);
    }
    let counted =
        |lines: Vec<Value>| lines.iter().map(|line| line["reserved"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(counted(run(&staff)), [30, 20, 20]);
    let shop = limited(&[("STOREKEEPER_GUEST_RESERVED_UNITS", "0")]);
    let staff = shop.staff();
    let product = shop.watched(&staff, 2000, RULE);
    for _ in 0..4 {
        shop.guest().client.order(&[(product, 50)]).expect(201);
    }
    assert_eq!(counted(run(&staff)), [200], "without a limit all of it counts");
}

#[test]
fn what_is_ordered_while_a_run_is_under_way_is_the_next_runs() {
    let shop = limited(&[]);
    let staff = shop.staff();
    let held = shop.watched(&staff, 0, Rule { point: 1, target: 2, ..RULE });
    let product = shop.watched(&staff, 1210, Rule { point: 1205, target: 1210, ..RULE });
    order_for(&staff, &shop.guest(), product, 10).expect(201);
    let strangers: Vec<Guest> = (0..12).map(|_| shop.guest()).collect();
    let mut holder = shop.sql();
    let mut hold = holder.start_transaction(TxOpts::default()).unwrap();
    hold.query_drop(format!("SELECT on_hand FROM stock WHERE product_id = {held} FOR UPDATE")).unwrap();
    // The run has looked at both products, and waits for the first.
    let lines = thread::scope(|scope| {
        let running = scope.spawn(|| run(&staff));
        thread::sleep(Duration::from_millis(300));
        for stranger in &strangers {
            for _ in 0..2 {
                stranger.client.order(&[(product, 50)]).expect(201);
            }
        }
        hold.rollback().unwrap();
        running.join().unwrap()
    });
    let line = &lines[1];
    assert_eq!((&line["reserved"], &line["quantity"]), (&json!(10), &json!(10)), "{line}");
    assert_eq!(staff.stock(product)["reserved"], 1210);
    assert_eq!(run(&staff)[1]["reserved"], 110);
}
