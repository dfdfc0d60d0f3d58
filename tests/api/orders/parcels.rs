//! What becomes of a parcel: delivered, lost, returned, and taken back when that was said by mistake.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::{Counter, detail, path_of};
use crate::access::key_with;
use crate::client::{Answer, Client};

fn step(client: &Client, order: &str, step: &str) -> Answer {
    client.post(&format!("{order}/{step}"), json!({}))
}

impl Counter {
    /// An order of two mugs that took these steps.
    fn order_after(&self, steps: &[&str]) -> String {
        let order = path_of(&self.shop.guest().client.order(&[(self.mug, 2)]).expect(201));
        steps.iter().for_each(|done| drop(step(&self.staff, &order, done).expect(200)));
        order
    }

    fn status(&self, order: &str) -> Value {
        self.staff.get(order).expect(200).body["status"].clone()
    }

    fn history(&self, order: &str) -> Vec<String> {
        let tracking = self.staff.get(&format!("{order}/track")).expect(200);
        let events = tracking.body["events"].as_array().unwrap();
        events.iter().map(|event| event["status"].as_str().unwrap().to_owned()).collect()
    }

    fn figures(&self) -> Value {
        let stock = self.staff.get(&format!("/products/{}/stock", self.mug)).expect(200);
        json!([stock.body["on_hand"], stock.body["reserved"]])
    }
}

const STEPS: [&str; 6] = ["cancel", "ship", "deliver", "lost", "returned", "reopen"];

/// From each status each step is tried: where it leads, or 409.
#[test]
fn each_status_takes_its_steps_and_no_others() {
    let counter = Counter::open();
    let table: &[(&[&str], &str, [&str; 6])] = &[
        (&[], "placed", ["cancelled", "shipped", "", "", "", ""]),
        (&["cancel"], "cancelled", ["cancelled", "", "", "", "", ""]),
        (&["ship"], "shipped", ["", "shipped", "delivered", "lost", "returned", "shipped"]),
        (&["ship", "deliver"], "delivered", ["", "", "delivered", "", "", "shipped"]),
        (&["ship", "lost"], "lost", ["", "", "delivered", "lost", "returned", "shipped"]),
        (&["ship", "returned"], "returned", ["", "", "", "", "returned", "shipped"]),
    ];
    for (way, status, then) in table {
        for (next, to) in STEPS.iter().zip(then) {
            let order = counter.order_after(way);
            assert_eq!(counter.status(&order), *status);
            let history = counter.history(&order);
            let answer = step(&counter.staff, &order, next);
            match *to {
                "" => drop(detail(answer)),
                to => assert_eq!(answer.expect(200).body["status"], to, "{next} of {status}"),
            }
            let mut expected = history;
            if !to.is_empty() && to != status {
                expected.push((*to).to_owned());
            }
            assert_eq!(counter.history(&order), expected, "{next} of {status}");
        }
    }
}

#[test]
fn what_may_be_done_is_what_succeeds() {
    let counter = Counter::open();
    let clerk = counter.shop.clerk();
    let program = key_with(&counter.shop, &counter.staff, &["orders:read", "orders:write"]);
    for way in
        [&[][..], &["cancel"], &["ship"], &["ship", "deliver"], &["ship", "lost"], &["ship", "returned"]]
    {
        for caller in [&counter.staff, &clerk, &program] {
            for next in STEPS {
                let order = counter.order_after(way);
                let before = caller.get(&order).expect(200).body;
                let is_allowed = before["allowed_actions"].as_array().unwrap().contains(&json!(next));
                let answer = step(caller, &order, next);
                let is_done = answer.status == 200 && answer.body["status"] != before["status"];
                assert_eq!(is_allowed, is_done, "{next} after {way:?}: {}", answer.text);
            }
        }
    }
}

#[test]
fn a_parcel_that_is_lost_or_returned_moves_no_stock_until_staff_book_it() {
    let counter = Counter::open();
    let order = counter.order_after(&["ship"]);
    assert_eq!(counter.figures(), json!([998, 0]));
    for done in ["lost", "returned", "reopen", "returned"] {
        step(&counter.staff, &order, done).expect(200);
        assert_eq!(counter.figures(), json!([998, 0]), "after {done}");
    }
    // What was sold stays sold.
    let ledger = format!("/products/{}/stock/movements", counter.mug);
    let sales = counter.staff.get(&format!("{ledger}?reason=sale")).expect(200);
    assert_eq!(sales.body["data"].as_array().unwrap().len(), 1);
    let back = json!({"delta": 2, "reason": "return", "note": format!("of {order}")});
    counter.staff.post(&ledger, back).expect(201);
    assert_eq!(counter.figures(), json!([1000, 0]));
}

#[test]
fn a_note_is_kept_for_staff_and_stands() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
    step(&counter.staff, &order, "ship").expect(200);
    let lost = |body: Value| counter.staff.post(&format!("{order}/lost"), body);
    let noted = lost(json!({"note": " Not at the depot "})).expect(200);
    assert!(noted.body["note"].is_null(), "the order's own note is the customer's");
    assert_eq!(lost(json!({"note": "Not at the depot"})).expect(200).text, noted.text);
    assert_eq!(lost(json!({})).expect(200).text, noted.text);
    let other = lost(json!({"note": "Stolen"})).expect_problem(409, "order_state");
    assert!(other.body["detail"].as_str().unwrap().contains("other words"), "{}", other.text);
    for bad in [(json!(1), "wrong_type"), (json!("x".repeat(501)), "too_long")] {
        lost(json!({"note": bad.0})).expect_bad_fields(&[("note", bad.1)]);
    }
    let events = |client: &Client| client.get(&format!("{order}/track")).expect(200).body["events"].clone();
    assert_eq!(events(&counter.staff)[2]["note"], "Not at the depot");
    assert_eq!(events(&guest.client)[2].as_object().unwrap().keys().collect::<Vec<_>>(), ["at", "status"]);
    assert_eq!(counter.history(&order).len(), 3);
}

#[test]
fn orders_are_listed_by_what_became_of_them() {
    let counter = Counter::open();
    let lost = counter.order_after(&["ship", "lost"]);
    let returned = counter.order_after(&["ship", "returned"]);
    for (status, order) in [("lost", &lost), ("returned", &returned)] {
        let list = counter.staff.get(&format!("/orders?status={status}")).expect(200);
        let found: Vec<String> = list.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|order| format!("/orders/{}", order["id"]))
            .collect();
        assert_eq!(found, *std::slice::from_ref(order));
    }
    counter.staff.get("/orders?status=stolen").expect_bad_fields(&[("status", "invalid_status")]);
}

#[test]
fn a_customer_whose_parcels_are_lost_or_came_back_has_nothing_open() {
    let counter = Counter::open();
    for end in ["lost", "returned"] {
        let guest = counter.shop.guest();
        let order = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
        step(&counter.staff, &order, "ship").expect(200);
        let path = format!("/customers/{}", guest.id);
        counter.staff.delete(&path).expect_problem(409, "customer_has_open_orders");
        step(&counter.staff, &order, end).expect(200);
        counter.staff.delete(&path).expect(204);
    }
}

#[test]
fn only_a_manager_takes_back_and_only_within_a_day() {
    for end in ["deliver", "lost", "returned"] {
        let counter = Counter::open();
        let clerk = counter.shop.clerk();
        let program = key_with(&counter.shop, &counter.staff, &["orders:read", "orders:write"]);
        let order = counter.order_after(&["ship", end]);
        let before = counter.status(&order);
        for caller in [&clerk, &program] {
            step(caller, &order, "reopen").expect_problem(403, "forbidden");
        }
        assert_eq!(counter.status(&order), before);
        counter.shop.app.clock.advance(Duration::hours(23));
        let manager = counter.shop.staff();
        // A correction does not make it younger, or older.
        manager.patch(&order, json!({"carrier": "Van"})).expect(200);
        let reopened = step(&manager, &order, "reopen").expect(200);
        assert_eq!(reopened.body["status"], "shipped");
        assert_eq!(reopened.body["allowed_actions"], json!(["deliver", "lost", "returned"]));
        assert_eq!(step(&manager, &order, "reopen").expect(200).text, reopened.text);
        let said = before.as_str().unwrap();
        step(&manager, &order, end).expect(200);

        counter.shop.app.clock.advance(Duration::hours(23));
        let manager = counter.shop.staff();
        manager.patch(&order, json!({"carrier": "Bicycle"})).expect(200);
        counter.shop.app.clock.advance(Duration::hours(1) + Duration::seconds(1));
        assert!(
            !manager.get(&order).expect(200).body["allowed_actions"]
                .as_array()
                .unwrap()
                .contains(&json!("reopen"))
        );
        let refused = detail(step(&manager, &order, "reopen"));
        let advice = if end == "lost" { "note it as delivered or returned" } else { "Place another order" };
        assert!(
            refused.contains(said) && refused.contains("24 hours") && refused.contains(advice),
            "{refused}"
        );
    }
}

#[test]
fn what_is_lost_for_long_can_still_turn_up() {
    for end in ["deliver", "returned"] {
        let counter = Counter::open();
        let order = counter.order_after(&["ship", "lost"]);
        counter.shop.app.clock.advance(Duration::days(100));
        step(&counter.shop.staff(), &order, end).expect(200);
    }
}

#[test]
fn a_history_that_a_release_before_began_goes_on() {
    let counter = Counter::open();
    let order = counter.order_after(&["ship", "deliver"]);
    counter.shop.sql().query_drop("UPDATE order_events SET from_status = NULL").unwrap();
    for done in ["reopen", "lost"] {
        step(&counter.staff, &order, done).expect(200);
    }
    assert_eq!(counter.history(&order), ["placed", "shipped", "delivered", "shipped", "lost"]);
}
