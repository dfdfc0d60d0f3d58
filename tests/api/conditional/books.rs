//! An ETag has two halves: what the books do makes a copy stale, and a change or a step is refused only for what people did.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use super::{change_if_match, get_if_none_match, stocked};
use crate::client::{Answer, Client};
use crate::harness::Shop;
use crate::shelves::Rule;

/// What the books did to a resource since it was read with this ETag: a copy of it is stale, and a change is not.
fn only_the_books_went_on(client: &Client, path: &str, etag: &str) {
    let read = get_if_none_match(client, path, etag).expect(200);
    assert_ne!(read.etag(), etag, "{path}");
    assert_eq!(read.etag()[..17], etag[..17], "{path}");
}

#[test]
fn what_the_books_do_is_no_reason_to_refuse_a_change() {
    let shelf = stocked();
    let stock = format!("{}/stock", shelf.product);
    let [product_etag, stock_etag] =
        [&shelf.product, &stock].map(|path| shelf.staff.get(path).expect(200).etag().to_owned());
    // The last units are sold, and one is shipped.
    shelf.customer.order(&[(shelf.product_id, 4)]).expect(201);
    shelf.staff.post(&format!("{}/ship", shelf.order), json!({})).expect(200);
    only_the_books_went_on(&shelf.staff, &shelf.product, &product_etag);
    only_the_books_went_on(&shelf.staff, &stock, &stock_etag);
    let price = json!({"price": "99.00"});
    let dearer = change_if_match(&shelf.staff, "PATCH", &shelf.product, &product_etag, &price).expect(200);
    assert_eq!((&dearer.body["price"], &dearer.body["in_stock"]), (&json!("99.00"), &json!(false)));
    let rule = json!({"reorder_point": 5, "reorder_target": 9});
    change_if_match(&shelf.staff, "PATCH", &stock, &stock_etag, &rule).expect(200);
    // What somebody did since is one, whatever was sold.
    let refused = change_if_match(&shelf.staff, "PATCH", &shelf.product, &product_etag, &price);
    assert_eq!(refused.expect_problem(412, "precondition_failed").etag(), dearer.etag());
    change_if_match(&shelf.staff, "PATCH", &stock, &stock_etag, &rule)
        .expect_problem(412, "precondition_failed");
    let deleted = change_if_match(&shelf.staff, "DELETE", &shelf.product, &product_etag, &Value::Null);
    deleted.expect_problem(412, "precondition_failed");
}

#[test]
fn use_and_the_clock_are_no_reason_either() {
    let shop = Shop::open_with(&[("STOREKEEPER_SESSION_IDLE_HOURS", "8760")]);
    let staff = shop.staff();
    let made = staff.post("/api_keys", json!({"name": "Till", "scopes": ["orders:read"]})).expect(201);
    let key = format!("/api_keys/{}", made.id());
    let product = shop.watched(&staff, 0, Rule { point: 5, target: 9, multiple: 1, lead_days: 1 });
    staff.restock();
    let order = format!("/purchase_orders/{}", staff.ordered(product));
    let guest = shop.guest().client;
    let session = format!("/sessions/{}", guest.get("/sessions/current").expect(200).id());
    let [key_etag, order_etag] = [&key, &order].map(|path| staff.get(path).expect(200).etag().to_owned());
    let session_etag = guest.get(&session).expect(200).etag().to_owned();

    shop.hours_pass(24 * 7);
    shop.with_token(made.body["key"].as_str().unwrap()).get("/orders").expect(200);
    guest.get("/orders").expect(200);
    only_the_books_went_on(&staff, &key, &key_etag);
    only_the_books_went_on(&staff, &order, &order_etag);
    only_the_books_went_on(&guest, &session, &session_etag);
    let cancel = format!("{order}/cancel");
    change_if_match(&staff, "POST", &cancel, &order_etag, &json!({})).expect(200);
    change_if_match(&staff, "POST", &cancel, &order_etag, &json!({}))
        .expect_problem(412, "precondition_failed");
    change_if_match(&guest, "DELETE", &session, &session_etag, &Value::Null).expect(204);
    change_if_match(&staff, "DELETE", &key, &key_etag, &Value::Null).expect(204);
    change_if_match(&staff, "DELETE", &key, &key_etag, &Value::Null)
        .expect_problem(412, "precondition_failed");
}

#[test]
fn a_movement_names_the_version_of_the_stock() {
    let shelf = stocked();
    let stock = format!("{}/stock", shelf.product);
    let etag = shelf.staff.get(&stock).expect(200).etag().to_owned();
    let book = |etag: &str| {
        let body = json!({"delta": 1, "reason": "found"});
        change_if_match(&shelf.staff, "POST", &format!("{stock}/movements"), etag, &body)
    };
    // Movements do not make each other stale.
    book(&etag).expect(201);
    book(&etag).expect(201);
    shelf.staff.patch(&stock, json!({"lead_time_days": 3})).expect(200);
    book(&etag).expect_problem(412, "precondition_failed");
    assert_eq!(shelf.staff.get(&stock).expect(200).body["on_hand"], 7);
    book(shelf.staff.get(&stock).expect(200).etag()).expect(201);
}

#[test]
fn of_two_who_saw_the_same_order_one_moves_it() {
    let shelf = stocked();
    shelf
        .staff
        .post(&format!("{}/stock/movements", shelf.product), json!({"delta": 50, "reason": "found"}))
        .expect(201);
    for _ in 0..10 {
        let order = format!("/orders/{}", shelf.customer.order(&[(shelf.product_id, 1)]).expect(201).id());
        let etag = shelf.staff.get(&order).expect(200).etag().to_owned();
        let together = Barrier::new(3);
        let steps = [("confirm", json!({})), ("cancel", json!({})), ("ship", json!({"carrier": "Van"}))];
        let statuses: Vec<u16> = thread::scope(|scope| {
            let (shelf, etag, together, order) = (&shelf, &etag, &together, &order);
            let taken = steps.map(|(step, body)| {
                scope.spawn(move || {
                    let client = shelf.shop.with_token(shelf.staff.token());
                    together.wait();
                    change_if_match(&client, "POST", &format!("{order}/{step}"), etag, &body).status
                })
            });
            taken.into_iter().map(|step| step.join().unwrap()).collect()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 412, 412], "{statuses:?}");
    }
}

#[test]
fn a_retry_is_answered_before_its_version_is_looked_at() {
    let shelf = stocked();
    let etag = shelf.staff.get(&shelf.order).expect(200).etag().to_owned();
    let ship = |etag: &str, key: &str| {
        let request = shelf.staff.request("POST", &format!("{}/ship", shelf.order));
        request.header("If-Match", etag).header("Idempotency-Key", key).json(json!({})).send()
    };
    ship("\"old\"", "one").expect_problem(412, "precondition_failed");
    // A refusal is not kept under the key.
    let shipped = ship(&etag, "one").expect(200);
    for etag in [&etag, "\"old\""] {
        let again = ship(etag, "one").expect(200);
        assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
        assert_eq!((&again.text, again.etag()), (&shipped.text, shipped.etag()));
    }
    ship(&etag, "two").expect_problem(412, "precondition_failed");
    ship(shipped.etag(), "three").expect(200);
    // Two at once under one key.
    let order = format!("/orders/{}", shelf.customer.order(&[(shelf.product_id, 1)]).expect(201).id());
    let etag = shelf.staff.get(&order).expect(200).etag().to_owned();
    let together = Barrier::new(4);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let tries: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let client = shelf.shop.with_token(shelf.staff.token());
                    let request = client.request("POST", &format!("{order}/cancel"));
                    together.wait();
                    request.header("If-Match", &etag).header("Idempotency-Key", "four").json(json!({})).send()
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for answer in &answers {
        assert!([200, 409].contains(&answer.status), "{}", answer.text);
    }
    assert!(answers.iter().any(|answer| answer.status == 200));
}
