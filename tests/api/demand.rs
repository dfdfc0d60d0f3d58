//! What the forecast rests on: the summary of demand that a run fills, and what is said of it.

use std::thread;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::restock;

use crate::client::Client;
use crate::dialects::at_work;
use crate::fixtures::until;
use crate::harness::{Shop, shared_mariadb, storekeeper};
use crate::shelves::{Rule, together};

const RULE: Rule = Rule { point: 1, target: 1, multiple: 1, lead_days: 6 };

/// The days of a product as the table has them: units, and what was available at the start and the end.
fn days(shop: &Shop, product_id: u64) -> Vec<(i64, i64, i64)> {
    let sql = "SELECT units, available_at_start, available_at_end FROM demand_days WHERE product_id = ? ORDER BY day";
    shop.sql().exec(sql, (product_id,)).unwrap()
}

/// All of it.
fn summary(shop: &Shop) -> Vec<(u64, String, i64, i64, i64)> {
    let sql = "SELECT product_id, CAST(day AS CHAR), units, available_at_start, available_at_end FROM demand_days ORDER BY 1, 2";
    shop.sql().query(sql).unwrap()
}

fn forecast(staff: &Client, product_id: u64) -> Value {
    staff.stock(product_id)["forecast"].clone()
}

#[test]
fn the_summary_follows_what_is_placed_cancelled_shipped_and_moved() {
    let shop = Shop::open_for_weeks();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    shop.to_noon_in(1);
    let product = shop.watched(&staff, 10, RULE);
    let order = |units: i64| guest.order(&[(product, units)]).expect(201).id();
    shop.to_noon_in(1);
    let (shipped, cancelled) = (order(4), order(3));
    staff.restock();
    assert_eq!(days(&shop, product), [(0, 0, 10), (7, 10, 3)]);
    // Shipping changes nothing that is available, and a day without a change has no row.
    shop.to_noon_in(2);
    staff.ship(shipped).expect(200);
    staff.restock();
    assert_eq!(days(&shop, product), [(0, 0, 10), (7, 10, 3)]);
    assert_eq!(forecast(&staff, product)["units_ordered"], 7);
    // An order that is cancelled later was no demand; what it held was gone until then all the same.
    shop.to_noon_in(1);
    guest.cancel(cancelled).expect(200);
    staff.move_stock(product, json!({"delta": -1, "reason": "damaged"})).expect(201);
    staff.restock();
    assert_eq!(days(&shop, product), [(0, 0, 10), (4, 10, 3), (0, 3, 5)]);
    let now = forecast(&staff, product);
    assert_eq!(
        (&now["units_ordered"], &now["days_looked_at"], &now["days_left_out"], &now["method"]),
        (&json!(4), &json!(4), &json!(0), &json!("negative_binomial"))
    );
    // A run over one product fills that one.
    let other = shop.watched(&staff, 5, RULE);
    guest.order(&[(product, 5)]).expect(201);
    staff.post("/restock/runs", json!({"product_id": other})).expect(201);
    assert_eq!((days(&shop, product).len(), days(&shop, other)), (3, vec![(0, 0, 5)]));
    assert_eq!(restock::demand::set_right(&shop.app, &[product], shop.app.clock.now()).unwrap(), 1);
    assert_eq!(days(&shop, product).last(), Some(&(5, 3, 0)));
}

#[test]
fn days_with_nothing_to_sell_are_left_out_and_young_products_are_not_diluted() {
    let shop = Shop::open_for_weeks();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    shop.to_noon_in(1);
    let product = shop.watched(&staff, 10, RULE);
    for _ in 0..5 {
        guest.order(&[(product, 2)]).expect(201);
        shop.to_noon_in(1);
    }
    staff.set_policy(product, json!({"reorder_point": null, "lead_time_days": 6})).expect(200);
    staff.restock();
    let young = forecast(&staff, product);
    let per_day = young["units_per_day"].as_f64().unwrap();
    assert!((1.8..=2.2).contains(&per_day), "{young}");
    assert_eq!((&young["days_looked_at"], &young["units_ordered"]), (&json!(5), &json!(10)));
    assert!((15..=30).contains(&young["suggested_reorder_point"].as_i64().unwrap()), "{young}");
    let suggested = |level: f64| {
        let view = staff.set_policy(product, json!({"service_level": level})).expect(200).body;
        view["forecast"]["suggested_reorder_point"].as_i64().unwrap()
    };
    assert!(suggested(0.5) < suggested(0.9) && suggested(0.9) < suggested(0.999));
    shop.to_noon_in(29);
    staff.restock();
    let sold_out = forecast(&staff, product);
    assert_eq!((&sold_out["days_looked_at"], &sold_out["days_left_out"]), (&json!(5), &json!(29)));
    assert!(sold_out["units_per_day"].as_f64().unwrap() > 1.5, "{sold_out}");
    assert_eq!(sold_out["days_of_cover"], 0.0);
}

#[test]
fn in_another_time_zone_the_days_are_made_again() {
    let mariadb = shared_mariadb();
    let database = mariadb.fresh_database();
    let product = {
        let shop = Shop::open_on(mariadb, &database, &[]);
        let staff = shop.staff();
        shop.to("2027-03-04T12:00:00Z");
        let product = shop.watched(&staff, 9, RULE);
        shop.guest().client.order(&[(product, 2)]).expect(201);
        shop.to("2027-03-05T10:59:00Z");
        shop.guest().client.order(&[(product, 3)]).expect(201);
        staff.restock();
        assert_eq!(days(&shop, product), [(2, 0, 7), (3, 7, 4)]);
        product
    };
    // In Pago Pago, eleven hours behind, both are of the fourth.
    let shop = Shop::open_on(mariadb, &database, &[("STOREKEEPER_TIME_ZONE", "Pacific/Pago_Pago")]);
    shop.to("2027-03-06T12:00:00Z");
    shop.sql().query_drop("UPDATE stock SET updated_at = '2020-01-01'").unwrap();
    shop.staff().restock();
    let first: String =
        shop.sql().query_first("SELECT CAST(MIN(day) AS CHAR) FROM demand_days").unwrap().unwrap();
    assert_eq!((first.as_str(), days(&shop, product)), ("2027-03-04", vec![(5, 0, 4)]));
}

#[test]
fn a_broken_summary_is_named_and_repaired() {
    let shop = Shop::open_for_weeks();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    let products = [0, 1, 2].map(|_| shop.watched(&staff, 20, RULE));
    for units in [1, 2, 3] {
        guest.order(&products.map(|product| (product, units))).expect(201);
        shop.to_noon_in(1);
    }
    staff.restock();
    let right = summary(&shop);
    // As if it had been filled long after the last change.
    let quiet = "UPDATE demand_summary SET filled_at = NOW(6) + INTERVAL 1 DAY";
    let [first, ..] = products;
    for (breaks, said) in [
        (
            "UPDATE demand_days SET units = units + 1 WHERE units = 2 AND product_id = PRODUCT",
            "are not those of the orders",
        ),
        (
            "UPDATE demand_days SET available_at_start = 0 WHERE units = 3 AND product_id = PRODUCT",
            "what the one before ended with",
        ),
        (
            "UPDATE demand_days SET available_at_end = 0 WHERE units = 3 AND product_id = PRODUCT",
            "does not end with what is available",
        ),
        ("DELETE FROM demand_days WHERE product_id = PRODUCT", "are not those of the orders"),
    ] {
        shop.sql().query_drop(breaks.replace("PRODUCT", &first.to_string())).unwrap();
        shop.sql().query_drop(quiet).unwrap();
        assert_ne!(summary(&shop), right);
        let verify = |arguments: &[&str]| {
            let output = storekeeper(&shop.database_url).arg("verify").args(arguments).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, output) = verify(&[]);
        assert!(code == Some(1) && output.contains(said), "{breaks}: {output}");
        let (code, output) = verify(&["--repair"]);
        assert!(code == Some(0) && output.contains(" days of demand repaired"), "{breaks}: {output}");
        assert!(!output.contains("\n0 days of demand"), "{output}");
        assert_eq!(summary(&shop), right, "{breaks}");
    }
}

#[test]
fn runs_at_once_and_orders_meanwhile_leave_the_summary_right() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..4).map(|_| shop.watched(&staff, 10_000, RULE)).collect();
    let guest = shop.guest().client;
    together(6, |number| {
        for turn in 0..10_u64 {
            if number < 2 {
                staff.restock();
            } else {
                let product = products[(number as u64 + turn) as usize % products.len()];
                let order = guest.order(&[(product, 1 + turn as i64 % 3)]).expect(201).id();
                if turn % 3 == 0 {
                    guest.cancel(order).expect(200);
                }
            }
        }
    });
    staff.restock();
    let filled = summary(&shop);
    assert_eq!(restock::demand::set_right(&shop.app, &products, shop.app.clock.now()).unwrap(), 0);
    assert_eq!(summary(&shop), filled);
}

#[test]
fn days_are_kept_as_long_as_somebody_looks_at_them() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    let product = shop.watched(&staff, 10, RULE);
    staff.restock();
    assert_eq!(restock::demand::prune(&shop.app).unwrap(), 0);
    for days in [399, 2] {
        shop.sql().query_drop(format!("UPDATE demand_days SET day = day - INTERVAL {days} DAY")).unwrap();
        let pruned = restock::demand::prune(&shop.app).unwrap();
        assert_eq!(pruned, u64::from(days == 2), "{days}");
    }
    assert_eq!(days(&shop, product), []);
}

#[test]
fn a_view_of_before_a_run_is_written_back() {
    let shop = Shop::open_for_weeks();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    let product = shop.watched(&staff, 50, RULE);
    for runs in 0..3 {
        guest.order(&[(product, 2)]).expect(201);
        shop.to_noon_in(1);
        let before = staff.stock(product);
        staff.restock();
        assert!(runs == 0 || forecast(&staff, product) != before["forecast"]);
        staff.set_policy(product, before).expect(200);
    }
}

#[test]
fn suggestions_are_kept_and_judged_when_their_lead_time_is_over() {
    let shop = Shop::open_for_weeks();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    shop.to_noon_in(1);
    let rule = Rule { lead_days: 2, ..RULE };
    let [steady, surging, empty] = [1000, 1000, 12].map(|units| shop.watched(&staff, units, rule));
    for day in 0..14 {
        guest.order(&[(steady, 2), (surging, if day < 10 { 1 } else { 40 })]).expect(201);
        if day < 4 {
            guest.order(&[(empty, 3)]).expect(201);
        }
        if day == 4 {
            staff.set_policy(empty, json!({"lead_time_days": 1})).expect(200);
        }
        // The second run of a day keeps what the first suggested.
        together(2, |_| staff.restock());
        shop.to_noon_in(1);
    }
    let before = staff.stock(steady);
    staff.restock();
    staff.set_policy(steady, before).expect(200);
    let (of_steady, of_surging, of_empty) =
        (forecast(&staff, steady), forecast(&staff, surging), forecast(&staff, empty));
    // The first suggestion is of the second day, and the lead time of the last two is not over.
    assert_eq!(
        (&of_steady["looks_judged"], &of_steady["wanted"], &of_steady["reached"]),
        (&json!(11), &json!(0.95), &json!(1.0))
    );
    assert_eq!(of_surging["looks_judged"], 11);
    assert!((0.3..=0.8).contains(&of_surging["reached"].as_f64().unwrap()), "{of_surging}");
    let judged = [&of_steady, &of_surging, &of_empty]
        .map(|of| of["looks_judged"].as_i64().unwrap())
        .iter()
        .sum::<i64>();
    assert_eq!(shop.metric("storekeeper_suggestions_judged"), judged.to_string());
    let of_shop =
        |figure: &str| shop.metric(&format!("storekeeper_suggestions_{figure}")).parse::<f64>().unwrap();
    assert!((of_shop("wanted") - 0.95 * judged as f64).abs() < 0.001);
    assert!((11.0..=judged as f64).contains(&of_shop("reached")));
    // Once it was sold out nobody knows.
    assert!(of_empty["looks_judged"].as_i64().unwrap() <= 3, "{of_empty}");
    assert_eq!(staff.get("/restock/plan").expect(200).body["data"][0]["forecast"], of_steady);
    // Counted anew they are the same, and what is old is taken out.
    shop.sql().query_drop("UPDATE hit_rates SET judged = judged + 1").unwrap();
    restock::hits::repair(&shop.app).unwrap();
    assert_eq!(forecast(&staff, steady), of_steady);
    assert_eq!(restock::hits::prune(&shop.app).unwrap(), 0);
    shop.sql().query_drop("UPDATE suggestions SET day = day - INTERVAL 450 DAY").unwrap();
    assert!(restock::hits::prune(&shop.app).unwrap() > 25);
    let gone = forecast(&staff, steady);
    assert_eq!((&gone["looks_judged"], &gone["reached"]), (&json!(0), &Value::Null));
}

#[test]
fn a_new_product_begins_with_what_its_category_sells() {
    let shop = Shop::open_for_weeks();
    let guest = shop.guest().client;
    let product = |category: Value| {
        let body = json!({"name": "A thing", "price": "1.00", "stock": 1000, "category": category});
        shop.staff().post("/products", body).expect(201).id()
    };
    let [often, seldom, other] = [json!("Mugs"), json!("Mugs"), json!("Pans")].map(product);
    shop.to_noon_in(1);
    for day in 0..56 {
        guest.order(&[(often, 3), (other, 7)]).expect(201);
        if day % 2 == 0 {
            guest.order(&[(seldom, 2)]).expect(201);
        }
        shop.to_noon_in(1);
    }
    let staff = shop.staff();
    let [new, alone, nameless] = [json!("Mugs"), json!("Kettles"), Value::Null].map(product);
    staff.restock();
    let of = |product: u64| forecast(&staff, product);
    // 3 a day and 1 a day; the new one is not counted.
    assert_eq!(of(new)["category_units_per_day"], 2.0);
    assert_eq!(of(new)["units_per_day"], 2.0);
    assert!(of(new)["suggested_reorder_point"].as_i64().unwrap() >= 2, "{}", of(new));
    for without in [alone, nameless, often] {
        assert_eq!(of(without)["category_units_per_day"], Value::Null);
    }
    assert_eq!(of(alone)["suggested_reorder_point"], 0);
    // Its own days count for more and more.
    shop.to_noon_in(1);
    for _ in 0..14 {
        guest.order(&[(new, 20)]).expect(201);
        shop.to_noon_in(1);
    }
    shop.staff().restock();
    let staff = shop.staff();
    assert!(forecast(&staff, new)["units_per_day"].as_f64().unwrap() > 15.0);
}

#[test]
fn a_summary_that_cannot_be_written_holds_up_no_order() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.watched(&staff, 0, RULE);
    let mut held = shop.sql();
    held.query_drop("START TRANSACTION").unwrap();
    held.query_drop("SELECT * FROM demand_summary FOR UPDATE").unwrap();
    let run = staff.restock();
    assert_eq!((&run["ordered"], &run["units"]), (&json!(1), &json!(1)));
    assert!(run["finished_at"].is_string(), "{run}");
    held.query_drop("ROLLBACK").unwrap();
    let filled = "SELECT filled_at IS NOT NULL FROM demand_summary";
    assert_eq!(shop.sql().query_first(filled).unwrap(), Some(false));
    // The next run makes up for it.
    staff.restock();
    assert_eq!(shop.sql().query_first(filled).unwrap(), Some(true));
}

#[test]
fn an_order_that_is_committed_after_a_run_is_in_the_summary_of_the_next() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    let product = shop.watched(&staff, 50, RULE);
    staff.restock();
    assert_eq!(days(&shop, product), [(0, 0, 50)]);
    // What an order writes last is its entry in the feed: while nobody may, its transaction stays open.
    let mut held = shop.sql();
    held.query_drop("LOCK TABLES events_unnumbered READ").unwrap();
    thread::scope(|scope| {
        let order = scope.spawn(|| guest.order(&[(product, 7)]).expect(201));
        let waiting = "state LIKE 'Waiting for table%'";
        until("the order never comes to its end", || at_work(&mut shop.sql(), waiting) == 1);
        // What a run does at its end; it has entries of its own to write before.
        restock::demand::fill(&shop.app, None).unwrap();
        assert!(!order.is_finished());
        held.query_drop("UNLOCK TABLES").unwrap();
        order.join().expect("the order");
    });
    assert_eq!(days(&shop, product), [(0, 0, 50)]);
    staff.restock();
    assert_eq!(days(&shop, product), [(7, 0, 43)]);
    // The invariant leaves what was changed just before to the next run; of a day ago nothing is.
    shop.sql().query_drop("UPDATE demand_summary SET filled_at = NOW(6) + INTERVAL 1 DAY").unwrap();
    assert_eq!(shop.broken_invariants(), [""; 0]);
}
