//! The figures with which a day behind the counter begins, each against the list that it is of.

use chrono::Days;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::dialects::numbers;
use crate::harness::Shop;
use crate::program::run;
use crate::shelves::Rule;

fn counted(count: u64) -> Value {
    json!({"count": count, "or_more": false})
}

fn today(staff: &Client) -> Value {
    staff.get("/today").expect(200).body
}

#[test]
fn a_new_shop_has_nothing_to_do() {
    let shop = Shop::open();
    let today = today(&shop.clerk());
    assert_eq!(
        today["orders"],
        json!({"to_pick": counted(0), "oldest_to_pick_at": null, "to_confirm": null, "overdue": counted(0)})
    );
    let orders = json!({"expected_today": counted(0), "expected_within_7_days": counted(0), "overdue": counted(0), "drafts_waiting": counted(0)});
    assert_eq!(today["purchase_orders"], orders);
    assert_eq!(
        today["stock"],
        json!({"below_reorder_point": counted(0), "sold_out": null, "sold_out_within_7_days": null})
    );
    assert_eq!(today["last_restock_run"], Value::Null);
    shop.anyone().get("/today").expect_problem(401, "unauthenticated");
    shop.clerk().get("/today?day=2026-01-01").expect_problem(422, "invalid_fields");
}

#[test]
fn orders_are_counted_as_they_stand() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48"),
        ("STOREKEEPER_SESSION_IDLE_HOURS", "8760"),
        ("STOREKEEPER_SESSION_MAX_HOURS", "8760"),
    ]);
    shop.to_noon_in(1);
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    let guest = shop.guest();
    let (known, _) = shop.customer_with_account();
    let [first, confirmed, shipped, delivered, cancelled] =
        [0; 5].map(|_| guest.client.order(&[(product, 1)]).expect(201).id());
    known.client.order(&[(product, 1)]).expect(201);
    staff
        .post("/orders", json!({"customer_id": guest.id, "items": [{"product_id": product, "quantity": 1}]}))
        .expect(201);
    staff.post(&format!("/orders/{confirmed}/confirm"), json!({})).expect(200);
    staff.ship(shipped).expect(200);
    staff.ship(delivered).expect(200);
    staff.post(&format!("/orders/{delivered}/deliver"), json!({})).expect(200);
    staff.cancel(cancelled).expect(200);

    let orders = today(&staff)["orders"].clone();
    let placed_at = staff.get(&format!("/orders/{first}")).expect(200).body["order_date"].clone();
    // One was confirmed; those of an account, or placed behind the counter, are meant.
    let expected = json!({"to_pick": counted(4), "oldest_to_pick_at": placed_at, "to_confirm": counted(1), "overdue": counted(0)});
    assert_eq!(orders, expected);

    // Overdue is what is expected before today, and today is the shop's.
    shop.hours_pass(24 * 30);
    assert_eq!(today(&staff)["orders"]["overdue"], counted(5));
    let today_is = today(&staff)["day"].clone();
    staff.patch(&format!("/orders/{shipped}"), json!({"expected_delivery_date": today_is})).expect(200);
    assert_eq!(today(&staff)["orders"]["overdue"], counted(4));
}

#[test]
fn deliveries_are_counted_by_the_day_on_which_they_are_expected() {
    let shop = Shop::open_for_weeks();
    shop.to_noon_in(1);
    let staff = shop.staff();
    let product = shop.product(&staff, 0);
    let day = |ahead: u64| (shop.app.clock.now().0.date() + Days::new(ahead)).to_string();
    let ordered = |expected_on: String| {
        let body = json!({"lines": [{"product_id": product, "quantity": 5}]});
        let order = staff.post("/purchase_orders", body).expect(201).id();
        staff.set_policy(product, json!({"lead_time_days": 3})).expect(200);
        staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
        staff.patch(&format!("/purchase_orders/{order}"), json!({"expected_on": expected_on})).expect(200);
        order
    };
    let [overdue, due, ..] = [day(0), day(1), day(1), day(7), day(8)].map(ordered);
    staff.post("/purchase_orders", json!({"lines": [{"product_id": product, "quantity": 1}]})).expect(201);
    let figures = || today(&staff)["purchase_orders"].clone();
    let expected = json!({"expected_today": counted(1), "expected_within_7_days": counted(3), "overdue": counted(0), "drafts_waiting": counted(0)});
    assert_eq!(figures(), expected);
    shop.hours_pass(24);
    let expected = json!({"expected_today": counted(2), "expected_within_7_days": counted(3), "overdue": counted(1), "drafts_waiting": counted(1)});
    assert_eq!(figures(), expected);
    let listed = staff.get("/purchase_orders?overdue=true").expect(200).body["data"].clone();
    assert_eq!(listed[0]["id"], overdue);
    // A part has come of one, all of the other.
    let part = json!({"lines": [{"product_id": product, "quantity": 2}]});
    staff.post(&format!("/purchase_orders/{overdue}/receive"), part).expect(200);
    staff.post(&format!("/purchase_orders/{due}/receive"), json!({})).expect(200);
    let expected = json!({"expected_today": counted(1), "expected_within_7_days": counted(2), "overdue": counted(1), "drafts_waiting": counted(1)});
    assert_eq!(figures(), expected);
}

#[test]
fn what_runs_low_and_what_will_be_sold_out_is_counted() {
    let shop = Shop::open_for_weeks();
    shop.to_noon_in(1);
    let staff = shop.staff();
    let rule = Rule { point: 10, target: 40, multiple: 1, lead_days: 7 };
    shop.watched(&staff, 9, rule);
    shop.watched(&staff, 10, rule);
    let archived = shop.watched(&staff, 0, rule);
    staff.delete(&format!("/products/{archived}")).expect(204);
    // One a day of each for four weeks.
    let [gone, soon, later, unasked] = [28, 34, 36, 0].map(|stock| shop.product(&staff, stock));
    let guest = shop.guest();
    for _ in 0..28 {
        guest.client.order(&[(gone, 1), (soon, 1), (later, 1)]).expect(201);
        shop.hours_pass(24);
    }
    let figures = || today(&staff)["stock"].clone();
    assert_eq!(figures()["sold_out"], Value::Null);
    let summed = staff.post("/restock/runs", json!({})).expect(201);
    // 6 are left of one and 8 of the other.
    let expected = json!({"below_reorder_point": counted(1), "sold_out": counted(1), "sold_out_within_7_days": counted(1)});
    assert_eq!(figures(), expected);
    let listed = staff.get("/stock?below_threshold=true").expect(200);
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(today(&staff)["last_restock_run"], summed.body);
    // It is as of the last run.
    shop.hours_pass(24 * 60);
    assert_eq!(figures()["sold_out_within_7_days"], counted(1));
    for product in [gone, soon, later, unasked] {
        staff.move_stock(product, json!({"delta": 500, "reason": "found"})).expect(201);
    }
    assert_eq!((&figures()["sold_out"], &figures()["sold_out_within_7_days"]), (&counted(0), &counted(0)));
    run(&shop.database_url, &["verify"]).expect_success();
}

#[test]
fn days_are_those_of_the_shop() {
    let shop = Shop::open_with(&[("STOREKEEPER_TIME_ZONE", "Pacific/Auckland")]);
    shop.to("2030-03-04T22:00:00Z");
    assert_eq!(today(&shop.staff())["day"], "2030-03-05");
}

/// Nothing of this is in the orders of a real shop, but counting ends.
#[test]
fn more_than_anybody_reads_is_not_counted() {
    let shop = Shop::open();
    let staff = shop.staff();
    let customer = shop.guest().id;
    let placed = format!(
        "INSERT INTO orders (customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
         SELECT {customer}, IF(seq % 2 = 0, 'placed', 'shipped'), 'EUR', 0, '2024-01-01' + INTERVAL seq MINUTE,
                IF(seq < 10, '2024-01-02', '2999-01-01') FROM {} n", numbers(20002)
    );
    shop.sql().query_drop(placed).unwrap();
    let orders = today(&staff)["orders"].clone();
    let capped = |count: u64| json!({"count": count, "or_more": true});
    assert_eq!((&orders["to_pick"], &orders["overdue"]), (&capped(10_000), &capped(9)));
    assert_eq!(orders["oldest_to_pick_at"], "2024-01-01T00:02:00.000000Z");
    shop.abandon();
}
