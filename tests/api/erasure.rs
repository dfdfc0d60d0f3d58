//! Erasing a customer: whatever any route could write about them is gone from every column of every table and was
//! never in the log; what staff wrote to movements is put up for review, and gone once a manager has looked at it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::api_key::KeyScope;

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::fixtures::{items_json, unique};
use crate::harness::Shop;
use crate::program::Service;
use crate::shelves::{Rule, together};

mod fields;
mod markers;
mod story;

use fields::OF_PERSON;
use markers::{ADDRESS, KEY, MARKERS, NOTE, PASSWORD, USERNAME, columns, columns_that_hold_a_marker, person};
use story::{CUSTOMER, Kept, MANAGER, PROGRAM, Scribe, Story};

/// The movements, or the purchase orders, that are up for review.
fn up_for_review(manager: &Client, what: &str) -> BTreeSet<u64> {
    let mentions = manager.all_pages("/mentions?limit=7");
    mentions.iter().filter_map(|mention| mention[what]["id"].as_u64()).collect()
}

#[test]
fn whatever_any_route_wrote_about_a_customer_is_gone() {
    let shop = Shop::open();
    let (manager, shelf) = (shop.staff(), shop.watched(&shop.staff(), 1000, RULE));
    let scopes: Vec<&str> = KeyScope::ALL.iter().map(|scope| scope.text()).collect();
    let program = key_with(&shop, &manager, &scopes);
    let service = Service::start(&shop.database_url, &[("STOREKEEPER_LOG", "debug")]);
    let here = |client: &Client| Client::new(&service.base, Some(client.token()));
    let scribe = Scribe { written: RefCell::default(), kept: RefCell::default() };
    let mut sql = shop.sql();
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));

    // Somebody signs up, with an account and as a guest; staff and a program sign somebody up.
    let anyone = Client::new(&service.base, None);
    let mut with_account = person();
    with_account["account"] = json!({"username": USERNAME, "password": PASSWORD});
    let first = scribe.write(&anyone, "POST", "/customers", with_account.clone()).expect(201).id();
    scribe.write(&anyone, "POST", "/customers", with_account).expect(409);
    here(&manager).delete(&format!("/customers/{first}")).expect(204);
    let by_manager = scribe.post(MANAGER, &here(&manager), "/customers", person()).expect(201).id();
    let by_program = scribe.post(PROGRAM, &here(&program), "/customers", person()).expect(201).id();
    let guest = scribe.write(&anyone, "POST", "/customers", person()).expect(201);
    let own = Client::new(&service.base, guest.body["session"]["token"].as_str());

    let callers = [own, here(&manager), here(&program)];
    let mut story = Story { scribe: &scribe, base: &service.base, callers, id: guest.id(), shelf };
    story.write_details();
    story.write_accounts();
    story.write_orders();
    let noted = story.write_notes();
    let orders = story.write_purchases();
    assert_eq!(
        columns_that_hold_a_marker(&mut sql),
        columns(&[
            "accounts.username",
            "accounts.username_key",
            "customers.email",
            "customers.name",
            "customers.phone",
            "customers.search_text",
            "idempotency_keys.body",
            "order_events.new_value",
            "order_events.note",
            "order_events.old_value",
            "orders.carrier",
            "orders.note",
            "orders.shipping_address",
            "orders.tracking_number",
            "purchase_orders.note",
            "stock_movements.note",
        ])
    );

    let Story { callers, .. } = &story;
    for id in [by_manager, by_program] {
        callers[MANAGER].delete(&format!("/customers/{id}")).expect(204);
    }
    callers[CUSTOMER].delete(&story.path()).expect(204);
    let notes = columns(&["purchase_orders.note", "stock_movements.note"]);
    assert_eq!(columns_that_hold_a_marker(&mut sql), notes);
    assert_eq!(up_for_review(&callers[MANAGER], "movement"), noted);
    assert_eq!(up_for_review(&callers[MANAGER], "purchase_order"), orders);

    // Nothing is done again, and staff and programs are told what they did.
    let rows = |sql: &mut Conn| -> Vec<u64> {
        let tables = ["customers", "accounts", "orders", "order_events", "stock_movements"];
        tables.map(|table| sql.query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap()).into()
    };
    let before = rows(&mut sql);
    for Kept { caller, key, path, body, answer } in scribe.kept.borrow().iter() {
        let again = callers[*caller].post_once(key, path, body.clone());
        if *caller == CUSTOMER {
            again.expect_problem(401, "unauthenticated");
        } else if path.ends_with("/receive") {
            assert_eq!(again.expect(200).text, answer.text);
        } else {
            let again = again.expect_problem(410, "answer_erased");
            let location = answer.header("Location").unwrap_or(path.rsplit_once('/').unwrap().0);
            assert_eq!(again.body["answered"], json!({"status": answer.status, "location": location}));
        }
    }
    assert_eq!(rows(&mut sql), before);
    assert_eq!(columns_that_hold_a_marker(&mut sql), notes);

    // A manager looks at each note; what it is a note of stays.
    let movement = |sql: &mut Conn, id: &u64| -> Vec<mysql::Value> {
        let kept =
            "SELECT product_id, sequence, delta, balance_after, reason, actor_account_id, actor_api_key_id,
            order_id, purchase_order_id, at FROM stock_movements WHERE id = ?";
        sql.exec_first::<mysql::Row, _, _>(kept, (id,)).unwrap().unwrap().unwrap()
    };
    for (number, id) in noted.iter().enumerate() {
        let before = movement(&mut sql, id);
        let note = if before[4] == "correction".into() || number % 3 == 0 {
            json!("Came back.")
        } else {
            Value::Null
        };
        let path = format!("/stock/movements/{id}");
        let changed = scribe.write(&callers[MANAGER], "PATCH", &path, json!({"note": note})).expect(200);
        assert_eq!((&changed.body["note"], changed.id()), (&note, *id));
        assert_eq!(movement(&mut sql, id), before);
    }
    for id in &orders {
        let path = format!("/purchase_orders/{id}");
        callers[MANAGER].patch(&path, json!({"note": "For the spring fair."})).expect(200);
    }
    for what in ["movement", "purchase_order"] {
        assert_eq!(up_for_review(&callers[MANAGER], what), BTreeSet::new());
    }
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));

    let log = service.stop().to_lowercase();
    assert!(log.matches(" request id=").count() > 100, "{log}");
    for marker in MARKERS {
        assert!(!log.contains(marker), "{marker} is in the log:\n{log}");
    }
    let written = scribe.written.borrow();
    for (route, fields) in OF_PERSON.iter().filter(|(route, _)| *route != "PATCH /stock/movements/{id}") {
        let written = written.get(*route).unwrap_or_else(|| panic!("{route} was not called"));
        let missing: Vec<_> = fields.iter().filter(|field| !written.contains(**field)).collect();
        assert!(missing.is_empty(), "{route}: nothing was written into {missing:?}");
    }
}

const RULE: Rule = Rule { point: 100_000, target: 200_000, multiple: 1, lead_days: 7 };

/// Sent until it is neither told to wait nor to try again.
fn decided(send: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = send();
        if answer.status != 503 && answer.body["code"] != "idempotency_key_in_use" {
            return answer;
        }
    }
}

#[test]
fn what_is_written_about_a_customer_while_they_are_erased_leaves_nothing() {
    let shop = Shop::open();
    let manager = shop.staff();
    let shelf = shop.product(&manager, 1000);
    let mut sql = shop.sql();
    for _ in 0..12 {
        let mut body = person();
        body["account"] = json!({"username": USERNAME, "password": PASSWORD});
        let signed_up = shop.anyone().post("/customers", body).expect(201);
        let (id, own) =
            (signed_up.id(), shop.with_token(signed_up.body["session"]["token"].as_str().unwrap()));
        let order = json!({"items": items_json(&[(shelf, 1)]), "shipping_address": ADDRESS, "note": NOTE});
        let cancelled = own.post("/orders", order.clone()).expect(201).id();
        let cancel = format!("/orders/{cancelled}/cancel");
        own.post(&cancel, json!({})).expect(200);
        let by_manager =
            json!({"items": order["items"], "customer_id": id, "note": NOTE, "shipping_address": ADDRESS});
        let path = format!("/customers/{id}");
        let answers = together(9, |number| match number {
            0 => decided(|| manager.delete(&path)),
            // Asked again, a step answers with the order, and that is kept under the key.
            1 | 2 => manager.post_once(&unique(KEY), &cancel, json!({})),
            3 => own.post_once(&unique(KEY), &cancel, json!({})),
            4 => own.put(&path, person()),
            5 => manager.patch(&path, person()),
            6 => shop.anyone().post("/sessions", json!({"username": USERNAME, "password": PASSWORD})),
            7 => manager.post_once(&unique(KEY), "/orders", by_manager.clone()),
            _ => own.post_once(&unique(KEY), "/orders", order.clone()),
        });
        for answer in answers.iter().filter(|answer| answer.status >= 400) {
            assert!([401, 404, 409, 503].contains(&answer.status), "{}: {}", answer.request, answer.text);
        }
        if answers[0].status == 409 {
            // An order came first.
            for order in manager.all_pages(&format!("/orders?customer_id={id}&status=placed")) {
                manager.post(&format!("/orders/{}/cancel", order["id"]), json!({})).expect(200);
            }
            manager.delete(&path).expect(204);
        }
        assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));
    }
}
