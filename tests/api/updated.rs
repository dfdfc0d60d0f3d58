//! What was changed since: the lists with `updated_from`, and whether the figures of a past moment stay.

use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::db;
use storekeeper::error::Error;

use crate::client::Client;
use crate::fixtures::until;
use crate::harness::Shop;

/// The ids of a list that was changed in this span, page by page, and the times of the changes.
fn changed(client: &Client, list: &str, span: &str) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("{list}?limit=2&{span}{after}")).expect(200);
        for row in page.body["data"].as_array().unwrap() {
            let id = row["id"].as_u64().or(row["product_id"].as_u64()).unwrap();
            found.push((id, row["updated_at"].as_str().unwrap().to_owned()));
        }
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(found.is_sorted_by_key(|(_, at)| at.clone()), "{list}: {found:?}");
    found
}

fn ids(changed: &[(u64, String)]) -> Vec<u64> {
    changed.iter().map(|(id, _)| *id).collect()
}

const LISTS: [&str; 4] = ["/customers", "/products", "/stock", "/orders"];
const ALL: &str = "updated_from=2000-01-01T00:00:00Z";

/// Asserts that after `work` exactly these have moved to the end of the list.
fn moves(staff: &Client, list: &str, expected: &[u64], work: impl FnOnce()) {
    let before = changed(staff, list, ALL);
    // Times of two clocks in one process may fall on one microsecond.
    thread::sleep(Duration::from_millis(2));
    work();
    let after = changed(staff, list, ALL);
    let moved: Vec<u64> = after.iter().filter(|row| !before.contains(row)).map(|(id, _)| *id).collect();
    assert_eq!(moved, expected, "{list}");
    assert_eq!(ids(&after)[after.len() - expected.len()..], *expected, "{list}");
}

#[test]
fn whatever_changes_in_a_row_moves_it_to_the_end_of_the_changes() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..5).map(|_| shop.product(&staff, 10)).collect();
    let customers: Vec<_> = (0..5).map(|_| shop.guest()).collect();
    let orders: Vec<u64> = customers
        .iter()
        .map(|customer| customer.client.order(&[(products[0], 1)]).expect(201).id())
        .collect();
    for (list, all) in [
        ("/products", products.clone()),
        ("/orders", orders.clone()),
        ("/customers", customers.iter().map(|customer| customer.id).collect()),
    ] {
        assert_eq!(ids(&changed(&staff, list, ALL)), all, "{list}");
    }
    // The first is reserved with each order.
    assert_eq!(ids(&changed(&staff, "/stock", ALL)), [&products[1..], &products[..1]].concat());

    moves(&staff, "/products", &[products[2]], || {
        staff.patch(&format!("/products/{}", products[2]), json!({"price": "1"})).expect(200);
    });
    let customer = &customers[1];
    moves(&staff, "/customers", &[customer.id], || {
        customer
            .client
            .patch(&format!("/customers/{}", customer.id), json!({"phone": "555-0133"}))
            .expect(200);
    });
    moves(&staff, "/customers", &[customer.id], || {
        let account = json!({"username": "somebody.new", "password": "a password for the list"});
        customer.client.post("/customer_accounts", account).expect(201);
    });
    let (order, own) = (orders[3], &customers[3].client);
    let path = format!("/orders/{order}");
    moves(&staff, "/orders", &[order], || {
        staff.post(&format!("{path}/confirm"), json!({})).expect(200);
    });
    moves(&staff, "/orders", &[order], || {
        let changed = staff.patch(&path, json!({"expected_delivery_date": "2999-01-01"})).expect(200);
        assert_eq!(changed.text, staff.get(&path).expect(200).text);
    });
    for step in ["ship", "deliver"] {
        moves(&staff, "/stock", &[products[0]; 1][..usize::from(step == "ship")], || {
            moves(&staff, "/orders", &[order], || {
                let taken = staff.post(&format!("{path}/{step}"), json!({})).expect(200);
                assert_eq!(taken.text, staff.get(&path).expect(200).text);
            });
        });
    }
    // It has nothing of the customer in it.
    moves(&staff, "/orders", &[], || {
        own.delete(&format!("/customers/{}", customers[3].id)).expect(204);
    });
}

#[test]
fn every_change_of_stock_moves_its_row() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (mug, _pot) = (shop.product(&staff, 10), shop.product(&staff, 10));
    let guest = shop.guest();
    let stock = format!("/products/{mug}/stock");
    let view = staff.get(&stock).expect(200);
    assert!(view.body["updated_at"].is_string());
    let order = || guest.client.order(&[(mug, 1)]).expect(201).id();
    let (called_off, sent) = (order(), order());
    let moved = |work: &dyn Fn()| moves(&staff, "/stock", &[mug], work);
    moved(&|| {
        order();
    });
    moved(&|| drop(guest.client.post(&format!("/orders/{called_off}/cancel"), json!({})).expect(200)));
    moved(&|| drop(staff.post(&format!("/orders/{sent}/ship"), json!({})).expect(200)));
    moved(&|| {
        drop(staff.post(&format!("{stock}/movements"), json!({"delta": 1, "reason": "found"})).expect(201))
    });
    moved(&|| {
        let rule = json!({"reorder_point": 50, "reorder_target": 60, "lead_time_days": 2});
        let changed = staff.patch(&stock, rule).expect(200);
        assert_eq!(changed.text, staff.get(&stock).expect(200).text);
    });
    moved(&|| drop(staff.post("/restock/runs", json!({})).expect(201)));
    let restock = staff.ordered(mug);
    moved(&|| {
        drop(
            staff
                .post(
                    &format!("/purchase_orders/{restock}/receive"),
                    json!({"lines": [{"product_id": mug, "quantity": 1}]}),
                )
                .expect(200),
        )
    });
    moved(&|| drop(staff.post(&format!("/purchase_orders/{restock}/cancel"), json!({})).expect(200)));
}

#[test]
fn a_span_begins_with_its_first_moment_and_ends_before_its_last() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..5).map(|_| shop.product(&staff, 1)).collect();
    let all = changed(&staff, "/products", ALL);
    let span = |from: usize, to: usize| format!("updated_from={}&updated_to={}", all[from].1, all[to].1);
    assert_eq!(ids(&changed(&staff, "/products", &span(1, 3))), products[1..3]);
    assert_eq!(ids(&changed(&staff, "/products", &format!("updated_to={}", all[2].1))), products[..2]);
    assert_eq!(changed(&staff, "/products", &span(2, 2)), []);
    // With other filters.
    staff.patch(&format!("/products/{}", products[1]), json!({"category": "Tea"})).expect(200);
    for filter in ["category=Tea", "q=product", "in_stock=true&min_price=5", &format!("ids={}", products[1])]
    {
        let found = ids(&changed(
            &staff,
            "/products",
            &format!("{}&{filter}", span(0, 4).replace(&all[4].1, "2999-01-01T00:00:00Z")),
        ));
        assert!(found.ends_with(&[products[1]]), "{filter}: {found:?}");
    }
    staff.delete(&format!("/products/{}", products[4])).expect(204);
    assert_eq!(ids(&changed(&staff, "/products", &format!("{ALL}&archived=true"))), [products[4]]);
    let guest = shop.guest();
    let order = guest.client.order(&[(products[0], 1)]).expect(201).id();
    for filter in [
        "status=placed".to_owned(),
        "confirmed=false".to_owned(),
        format!("customer_id={}", guest.id),
        format!("customer_id={}&status=placed", guest.id),
        format!("product_id={}", products[0]),
        "q=ada".to_owned(),
        format!("q={order}"),
    ] {
        assert_eq!(ids(&changed(&staff, "/orders", &format!("{ALL}&{filter}"))), [order], "{filter}");
    }
    assert_eq!(ids(&changed(&guest.client, "/orders", ALL)), [order]);
    assert_eq!(ids(&changed(&guest.client, &format!("/customers/{}/orders", guest.id), ALL)), [order]);
}

#[test]
fn a_sort_beside_it_and_what_is_no_time_are_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    for list in LISTS {
        staff
            .get(&format!("{list}?updated_from=yesterday&updated_to=1"))
            .expect_bad_fields(&[("updated_from", "invalid_time"), ("updated_to", "invalid_time")]);
    }
    for (list, sort) in [("/products", "-price"), ("/orders", "order_date")] {
        staff.get(&format!("{list}?{ALL}&sort={sort}")).expect_bad_fields(&[("sort", "not_with_updated")]);
    }
}

/// The order that waits is of a moment before the one that was asked about.
#[test]
fn the_figures_of_a_moment_are_settled_when_nothing_of_before_can_come_any_more() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (a, b) = (shop.product(&staff, 10), shop.product(&staff, 10));
    let past = |as_of: &str| staff.get(&format!("/products/{b}/stock?as_of={as_of}")).expect(200).body;
    let mut held = shop.sql();
    held.query_drop("START TRANSACTION").unwrap();
    held.exec_drop("SELECT * FROM stock WHERE product_id = ? FOR UPDATE", (a,)).unwrap();
    thread::scope(|scope| {
        let guest = shop.guest();
        let waiting = scope.spawn(move || guest.client.order(&[(a, 1), (b, 4)]).expect(201));
        let mut dirty = shop.sql();
        dirty.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").unwrap();
        let placed = "SELECT COUNT(*) FROM orders";
        until("the order is never placed", || dirty.query_first(placed).unwrap() == Some(1));
        let asked = shop.app.clock.now().to_string();
        let first = past(&asked);
        assert_eq!((&first["settled"], &first["available"]), (&json!(false), &json!(10)));
        held.query_drop("ROLLBACK").unwrap();
        waiting.join().unwrap();
        let second = past(&asked);
        assert_eq!((&second["settled"], &second["available"]), (&json!(false), &json!(6)));
        shop.app.clock.advance(chrono::Duration::seconds(15));
        let last = past(&asked);
        assert_eq!((&last["settled"], &last["available"]), (&json!(true), &json!(6)));
    });
}

/// This is what makes it true: a transaction that was open for ten seconds is given up instead of committed.
#[test]
fn a_transaction_that_was_open_for_too_long_is_not_committed() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 1);
    let late: Result<(), Error> = db::transaction(&shop.app.pool, |tx| {
        tx.execute("UPDATE products SET name = 'Late' WHERE id = ?", (product,))?;
        thread::sleep(Duration::from_millis(10_100));
        Ok(())
    });
    let problem = late.expect_err("a refusal").into_problem();
    assert_eq!((problem.kind.status, problem.kind.code), (503, "busy"));
    let read = shop.anyone().get(&format!("/products/{product}")).expect(200);
    assert_ne!(read.body["name"], "Late");
}
