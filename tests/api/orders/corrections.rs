//! Corrections of an order: who changes what of it, until when, and what its history says of it.

use serde_json::{Value, json};

use super::{Counter, detail, path_of};
use crate::access::key_with;
use crate::client::Client;
use crate::fixtures::unique;

/// An order of somebody who has an account, with an address and a note.
fn placed(counter: &Counter, owner: &Client) -> String {
    let body = json!({
        "items": [{"product_id": counter.mug, "quantity": 1}],
        "shipping_address": "12 Main Stret",
        "note": "Ring twice",
    });
    path_of(&owner.post("/orders", body).expect(201))
}

fn corrections(client: &Client, order: &str) -> Vec<Value> {
    let tracking = client.get(&format!("{order}/track")).expect(200);
    let events = tracking.body["events"].as_array().unwrap();
    events.iter().filter(|event| !event["correction"].is_null()).cloned().collect()
}

#[test]
fn the_owner_and_staff_give_a_placed_order_another_address_and_note() {
    let counter = Counter::open();
    let program = key_with(&counter.shop, &counter.staff, &["orders:write"]);
    let (customer, guest) = (counter.shop.customer_with_account().0, counter.shop.guest());
    for owner in [&customer.client, &guest.client] {
        let order = placed(&counter, owner);
        for (number, caller) in
            [owner, &counter.staff, &counter.shop.clerk(), &program].into_iter().enumerate()
        {
            let address = format!("{number} Main Street\nLondon");
            let changed = caller.patch(&order, json!({"shipping_address": address})).expect(200);
            assert_eq!(
                (&changed.body["shipping_address"], &changed.body["note"]),
                (&json!(address), &json!("Ring twice"))
            );
            assert_eq!(counter.staff.get(&order).expect(200).body["shipping_address"], *address);
        }
        let both = json!({"shipping_address": null, "note": "Ring once"});
        let cleared = owner.patch(&order, both).expect(200);
        assert_eq!(
            (&cleared.body["shipping_address"], &cleared.body["note"]),
            (&Value::Null, &json!("Ring once"))
        );
        assert_eq!(cleared.text, owner.get(&order).expect(200).text);

        // Who changed which, and never what was there.
        let history = corrections(&counter.staff, &order);
        let fields: Vec<&Value> = history.iter().map(|entry| &entry["correction"]).collect();
        let of = |field: &str| json!({"field": field, "old": null, "new": null});
        let [address, note] = [of("shipping_address"), of("note")];
        assert_eq!(fields, [&address, &address, &address, &address, &address, &note]);
        let by_staff: Vec<bool> = history.iter().map(|entry| entry["actor_account_id"].is_u64()).collect();
        assert_eq!(by_staff, [false, true, true, false, false, false]);
        assert!(history[3]["actor_api_key_id"].is_u64());
        assert!(
            corrections(owner, &order)[1]["actor_account_id"].is_null(),
            "staff are not named to customers"
        );
        assert_eq!(owner.post(&format!("{order}/cancel"), json!({})).expect(200).body["status"], "cancelled");
    }
}

#[test]
fn what_is_sent_back_unchanged_is_no_correction() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let shipped = json!({"carrier": "Post", "tracking_number": "JD1"});
    for step in [None, Some(("ship", shipped)), Some(("deliver", json!({})))] {
        if let Some((step, body)) = step {
            counter.staff.post(&format!("{order}/{step}"), body).expect(200);
        }
        for caller in [&guest.client, &counter.staff] {
            let before = caller.get(&order).expect(200);
            let fields = ["shipping_address", "note", "expected_delivery_date", "carrier", "tracking_number"];
            let same: Value =
                fields.iter().map(|field| ((*field).to_owned(), before.body[field].clone())).collect();
            assert_eq!(caller.patch(&order, same).expect(200).text, before.text);
            assert_eq!(caller.patch(&order, json!({})).expect(200).text, before.text);
        }
    }
    assert_eq!(corrections(&counter.staff, &order), [Value::Null; 0]);
}

#[test]
fn a_copy_of_before_the_day_was_over_is_written_back_after_it() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    for step in ["ship", "deliver"] {
        counter.staff.post(&format!("{order}/{step}"), json!({})).expect(200);
    }
    counter.shop.app.clock.advance(chrono::Duration::minutes(24 * 60 - 10));
    let manager = counter.shop.staff();
    let mut copy = manager.get(&order).expect(200).body;
    assert_eq!(copy["allowed_actions"], json!(["reopen"]));
    counter.shop.app.clock.advance(chrono::Duration::minutes(20));
    copy["tracking_number"] = json!("JD2");
    let corrected = manager.patch(&order, copy.clone()).expect(200).body;
    assert_eq!((&corrected["tracking_number"], &corrected["allowed_actions"]), (&json!("JD2"), &json!([])));
    // What was never so is still a wish.
    let wish = json!({"allowed_actions": ["reopen"]});
    manager.patch(&order, wish).expect_bad_fields(&[("allowed_actions", "read_only")]);
    copy["allowed_actions"] = json!(["ship"]);
    manager.patch(&order, copy).expect_bad_fields(&[("allowed_actions", "read_only")]);
}

#[test]
fn too_late_says_who_can_still_change_what() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let address = json!({"shipping_address": "12 Main Street"});
    let number = json!({"tracking_number": "JD1"});
    let refused = detail(counter.staff.patch(&order, number.clone()));
    assert!(refused.contains("when it is shipped"), "{refused}");
    counter.staff.post(&format!("{order}/ship"), json!({})).expect(200);
    for caller in [&guest.client, &counter.staff] {
        let refused = detail(caller.patch(&order, address.clone()));
        assert!(
            refused.contains("is shipped, and its shipping_address can be changed while it is placed"),
            "{refused}"
        );
        let rest = "Now staff can still change its expected_delivery_date, carrier and tracking_number.";
        assert!(refused.ends_with(rest), "{refused}");
    }
    // Nothing of a correction is done when a part of it is refused.
    let both = json!({"tracking_number": "JD1", "note": "Ring once"});
    detail(counter.staff.patch(&order, both));
    assert_eq!(counter.staff.get(&order).expect(200).body["tracking_number"], Value::Null);
    for step in ["lost", "returned"] {
        counter.staff.post(&format!("{order}/{step}"), json!({})).expect(200);
        let refused = detail(guest.client.patch(&order, address.clone()));
        assert!(
            refused.ends_with("Now staff can still change its carrier and tracking_number."),
            "{refused}"
        );
        detail(counter.staff.patch(&order, json!({"expected_delivery_date": "2999-12-31"})));
        counter.staff.patch(&order, json!({"tracking_number": unique("JD")})).expect(200);
    }
    let cancelled = placed(&counter, &guest.client);
    guest.client.post(&format!("{cancelled}/cancel"), json!({})).expect(200);
    for body in [address, number] {
        let refused = detail(counter.staff.patch(&cancelled, body));
        assert!(refused.ends_with("nothing can be changed; place a new one."), "{refused}");
    }
}

#[test]
fn what_is_for_staff_is_refused_to_the_owner_and_named() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let body = json!({"note": "x", "expected_delivery_date": "2999-12-31", "tracking_number": "JD1"});
    let refused = guest.client.patch(&order, body).expect_problem(403, "forbidden");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("expected_delivery_date and tracking_number"), "{detail}");
    assert_eq!(guest.client.get(&order).expect(200).body["note"], "Ring twice");
    let bad = json!({"note": 1, "carrier": "a\nb", "tracking_number": "9".repeat(101), "lines": []});
    counter.staff.patch(&order, bad).expect_bad_fields(&[
        ("note", "wrong_type"),
        ("carrier", "line_break"),
        ("tracking_number", "too_long"),
        ("lines", "unknown_field"),
    ]);
}

#[test]
fn a_corrected_number_is_shown_with_those_of_before_and_found() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let shipment = json!({"carrier": "Post", "tracking_number": "JD1"});
    counter.staff.post(&format!("{order}/ship"), shipment.clone()).expect(200);
    let corrected = counter.staff.patch(&order, json!({"tracking_number": " JD0012 "})).expect(200);
    assert_eq!(
        (&corrected.body["tracking_number"], &corrected.body["carrier"]),
        (&json!("JD0012"), &json!("Post"))
    );
    let tracking = guest.client.get(&format!("{order}/track")).expect(200).body;
    assert_eq!((&tracking["tracking_number"], &tracking["status"]), (&json!("JD0012"), &json!("shipped")));
    let history = corrections(&guest.client, &order);
    let entry = json!({
        "status": "shipped",
        "at": history[0]["at"],
        "correction": {"field": "tracking_number", "old": "JD1", "new": "JD0012"},
    });
    assert_eq!(history, [entry]);
    let found = |number: &str| {
        let list = counter.staff.get(&format!("/orders?tracking_number={number}")).expect(200);
        list.body["data"].as_array().unwrap().len()
    };
    assert_eq!((found("JD0012"), found("JD1")), (1, 0));

    // Shipping it again is what stands now; the history only grows, whatever becomes of the parcel.
    counter.staff.post(&format!("{order}/ship"), shipment).expect_problem(409, "order_state");
    let now = json!({"carrier": "Post", "tracking_number": "JD0012"});
    counter.staff.post(&format!("{order}/ship"), now).expect(200);
    for (step, carrier) in [("deliver", json!("DHL")), ("reopen", json!(null)), ("lost", json!("GLS"))] {
        counter.staff.post(&format!("{order}/{step}"), json!({})).expect(200);
        counter.staff.patch(&order, json!({"carrier": carrier})).expect(200);
    }
    let said: Vec<Value> = corrections(&guest.client, &order)
        .iter()
        .map(|entry| json!([entry["status"], entry["correction"]["old"], entry["correction"]["new"]]))
        .collect();
    let expected = json!([
        ["shipped", "JD1", "JD0012"],
        ["delivered", "Post", "DHL"],
        ["shipped", "DHL", null],
        ["lost", null, "GLS"],
    ]);
    assert_eq!(json!(said), expected);
}

#[test]
fn another_day_stands_in_the_history() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let before = guest.client.get(&order).expect(200).body["expected_delivery_date"].clone();
    counter.staff.patch(&order, json!({"expected_delivery_date": "2999-12-31"})).expect(200);
    let history = corrections(&guest.client, &order);
    let correction = json!({"field": "expected_delivery_date", "old": before, "new": "2999-12-31"});
    assert_eq!(history[0]["correction"], correction);
}

#[test]
fn a_stale_copy_corrects_nothing() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let etag = guest.client.get(&order).expect(200).etag().to_owned();
    guest.client.patch(&order, json!({"note": "Ring once"})).expect(200);
    let late = guest.client.request("PATCH", &order).header("If-Match", &etag);
    late.json(json!({"note": "Knock"})).send().expect_problem(412, "precondition_failed");
    assert_eq!(guest.client.get(&order).expect(200).body["note"], "Ring once");
}

#[test]
fn nothing_is_written_about_somebody_erased() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    counter
        .staff
        .post(&format!("{order}/ship"), json!({"carrier": "Ada's van", "tracking_number": "JD1"}))
        .expect(200);
    counter.staff.patch(&order, json!({"tracking_number": "JD2"})).expect(200);
    counter.staff.post(&format!("{order}/lost"), json!({"note": "Ada was away"})).expect(200);
    let history = counter.staff.get(&format!("{order}/track")).expect(200);
    assert_eq!(history.body["events"][3]["note"], "Ada was away");
    counter.staff.delete(&format!("/customers/{}", guest.id)).expect(204);
    let history = counter.staff.get(&format!("{order}/track")).expect(200);
    for name in ["JD1", "JD2", "Ada"] {
        assert!(!history.text.contains(name), "{}", history.text);
    }
    let correction = json!({"field": "tracking_number", "old": null, "new": null});
    assert_eq!(history.body["events"][2]["correction"], correction);

    for body in [json!({"carrier": "Ada's van"}), json!({"note": "for Ada"})] {
        let refused = counter.staff.patch(&order, body).expect_problem(404, "not_found");
        assert!(refused.body["detail"].as_str().unwrap().contains("erased"), "{}", refused.text);
    }
    counter.staff.post(&format!("{order}/reopen"), json!({})).expect_problem(404, "not_found");
    let noted = counter.staff.post(&format!("{order}/returned"), json!({"note": "Ada sent it back"}));
    noted.expect_bad_fields(&[("note", "customer_erased")]);
    assert_eq!(
        counter.staff.post(&format!("{order}/returned"), json!({})).expect(200).body["status"],
        "returned"
    );
}

#[test]
fn a_history_has_an_end_for_corrections_and_not_for_the_way() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = placed(&counter, &guest.client);
    let correct = |client: &Client, number: usize| {
        client.patch(&order, json!({"note": format!("Ring {number} times")}))
    };
    let accepted = (0..60).filter(|number| correct(&guest.client, *number).status == 200).count();
    assert_eq!(accepted, 49, "with the placement 50 entries are a customer's");
    let refused = detail(correct(&guest.client, 60));
    assert!(refused.contains("Ask the shop"), "{refused}");
    correct(&counter.staff, 61).expect(200);
    let ship = |number: usize| counter.staff.patch(&order, json!({"tracking_number": number.to_string()}));
    counter.staff.post(&format!("{order}/ship"), json!({})).expect(200);
    assert_eq!((0..60).filter(|number| ship(*number).status == 200).count(), 48);
    for step in ["lost", "returned"] {
        counter.staff.post(&format!("{order}/{step}"), json!({})).expect(200);
    }
    let refused = detail(counter.staff.post(&format!("{order}/reopen"), json!({})));
    assert!(refused.contains("too long"), "{refused}");
    let tracking = guest.client.get(&format!("{order}/track")).expect(200);
    assert_eq!(tracking.body["events"].as_array().unwrap().len(), 102);
}
