//! Orders as their owners and staff see them: who may read which, the lists, and the tracking page.

mod corrections;
mod finding;
mod parcels;
mod place;
mod steps;

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::harness::Shop;

/// A shop, its staff, and a product of which there is plenty.
struct Counter {
    shop: Shop,
    staff: Client,
    mug: u64,
}

impl Counter {
    fn open() -> Counter {
        let shop = Shop::open();
        let staff = shop.staff();
        let mug = shop.product(&staff, 1000);
        Counter { shop, staff, mug }
    }
}

fn path_of(order: &Answer) -> String {
    format!("/orders/{}", order.id())
}

/// Why a step or a correction is refused.
fn detail(refused: Answer) -> String {
    refused.expect_problem(409, "order_state").body["detail"].as_str().unwrap().to_owned()
}

fn ids(list: &Answer) -> Vec<u64> {
    let data = list.body["data"].as_array().expect("a list");
    data.iter().map(|order| order["id"].as_u64().unwrap()).collect()
}

/// Every id of a list, page by page.
fn walk(client: &Client, path: &str) -> Vec<u64> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("{path}{after}")).expect(200);
        all.extend(ids(&page));
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

#[test]
fn nobody_gets_near_an_order_without_a_session() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
    let anyone = counter.shop.anyone();
    let routes = [
        ("POST", "/orders".to_owned()),
        ("GET", "/orders".to_owned()),
        ("GET", order.clone()),
        ("PATCH", order.clone()),
        ("GET", format!("{order}/track")),
        ("POST", format!("{order}/cancel")),
        ("POST", format!("{order}/ship")),
        ("POST", format!("{order}/deliver")),
        ("POST", format!("{order}/lost")),
        ("POST", format!("{order}/returned")),
        ("POST", format!("{order}/reopen")),
        ("GET", format!("/customers/{}/orders", guest.id)),
    ];
    for (method, path) in routes {
        anyone.request(method, &path).json(json!({})).send().expect_problem(401, "unauthenticated");
    }
    assert_eq!(guest.client.get(&order).expect(200).body["status"], "placed");
}

#[test]
fn somebody_elses_order_does_not_exist() {
    let counter = Counter::open();
    let (owner, other) = (counter.shop.guest(), counter.shop.guest());
    let order = path_of(&owner.client.order(&[(counter.mug, 1)]).expect(201));
    for path in [order.clone(), format!("{order}/track"), format!("/customers/{}/orders", owner.id)] {
        other.client.get(&path).expect_problem(404, "not_found");
        counter.staff.get(&path).expect(200);
    }
    other.client.post(&format!("{order}/cancel"), json!({})).expect_problem(404, "not_found");
    other.client.patch(&order, json!({"note": "Leave it with me"})).expect_problem(404, "not_found");
    assert_eq!(ids(&other.client.get("/orders").expect(200)), [] as [u64; 0]);
    assert_eq!(owner.client.get(&order).expect(200).body["status"], "placed");
}

#[test]
fn customers_may_not_do_what_is_for_staff() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
    for step in ["ship", "deliver", "lost", "returned", "reopen"] {
        guest.client.post(&format!("{order}/{step}"), json!({})).expect_problem(403, "forbidden");
    }
    let later = json!({"expected_delivery_date": "2999-01-01"});
    guest.client.patch(&order, later).expect_problem(403, "forbidden");
}

#[test]
fn an_order_that_is_not_there_is_not_found_by_staff_either() {
    let counter = Counter::open();
    counter.staff.get("/orders/4711").expect_problem(404, "not_found");
    counter.staff.get("/orders/4711/track").expect_problem(404, "not_found");
    counter.staff.get("/customers/4711/orders").expect_problem(404, "not_found");
    for step in ["cancel", "ship", "deliver", "lost", "returned", "reopen"] {
        counter.staff.post(&format!("/orders/4711/{step}"), json!({})).expect_problem(404, "not_found");
    }
    let later = json!({"expected_delivery_date": "2999-01-01"});
    counter.staff.patch("/orders/4711", later).expect_problem(404, "not_found");
}

#[test]
fn an_unchanged_order_is_not_sent_again() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
    let first = guest.client.get(&order).expect(200);
    let again = || guest.client.request("GET", &order).header("If-None-Match", first.etag()).send();
    assert_eq!(again().expect(304).text, "");
    counter.staff.post(&format!("{order}/ship"), json!({})).expect(200);
    again().expect(200);
}

#[test]
fn customers_list_their_own_orders_and_staff_everybodys_newest_first() {
    let counter = Counter::open();
    let (ada, bob) = (counter.shop.guest(), counter.shop.guest());
    let place = |client: &Client| client.order(&[(counter.mug, 1)]).expect(201).id();
    let (first, second, third) = (place(&ada.client), place(&bob.client), place(&ada.client));

    assert_eq!(ids(&ada.client.get("/orders").expect(200)), [third, first]);
    assert_eq!(ids(&bob.client.get("/orders").expect(200)), [second]);
    assert_eq!(ids(&counter.staff.get("/orders").expect(200)), [third, second, first]);
    assert_eq!(ids(&counter.staff.get("/orders?sort=order_date").expect(200)), [first, second, third]);

    let of_ada = format!("/customers/{}/orders", ada.id);
    assert_eq!(ids(&ada.client.get(&of_ada).expect(200)), [third, first]);
    assert_eq!(ids(&counter.staff.get(&of_ada).expect(200)), [third, first]);
    let by_id = counter.staff.get(&format!("/orders?customer_id={}", bob.id)).expect(200);
    assert_eq!(ids(&by_id), [second]);
    let prying = ada.client.get(&format!("/orders?customer_id={}", bob.id)).expect(200);
    assert_eq!(ids(&prying), [] as [u64; 0]);
}

#[test]
fn a_listed_order_reads_as_it_does_alone() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let pot = counter.shop.product(&counter.staff, 5);
    let orders = [&[(counter.mug, 2), (pot, 1)][..], &[(counter.mug, 3)]];
    let placed = orders.map(|items| guest.client.order(items).expect(201));
    let list = guest.client.get("/orders?sort=order_date").expect(200);
    assert_eq!(list.body["data"], json!([placed[0].body, placed[1].body]));
    assert_eq!(list.body["next"], Value::Null);
}

#[test]
fn lists_are_filtered_by_status_and_date() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let place = || guest.client.order(&[(counter.mug, 1)]).expect(201);
    let (cancelled, shipped, delivered, placed) = (place(), place(), place(), place());
    let step = |order: &Answer, step: &str| {
        counter.staff.post(&format!("{}/{step}", path_of(order)), json!({})).expect(200);
    };
    step(&cancelled, "cancel");
    step(&shipped, "ship");
    step(&delivered, "ship");
    step(&delivered, "deliver");

    for order in [&cancelled, &shipped, &delivered, &placed] {
        let now = guest.client.get(&path_of(order)).expect(200);
        let path = format!("/orders?status={}", now.body["status"].as_str().unwrap());
        assert_eq!(ids(&guest.client.get(&path).expect(200)), [order.id()], "{path}");
        assert_eq!(ids(&counter.staff.get(&path).expect(200)), [order.id()], "{path}");
    }
    let date = |order: &Answer| order.body["order_date"].as_str().unwrap().to_owned();
    let (from, to) = (date(&shipped), date(&placed));
    // From is the first moment that counts, to the first that no longer does.
    let between = guest.client.get(&format!("/orders?from={from}&to={to}")).expect(200);
    assert_eq!(ids(&between), [delivered.id(), shipped.id()]);
    let both = guest.client.get(&format!("/orders?from={from}&status=placed")).expect(200);
    assert_eq!(ids(&both), [placed.id()]);
}

#[test]
fn pages_hold_every_order_once_even_when_all_have_the_same_date() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let mut placed: Vec<u64> =
        (0..7).map(|_| guest.client.order(&[(counter.mug, 1)]).expect(201).id()).collect();
    let mut sql = counter.shop.sql();
    sql.query_drop("UPDATE orders SET placed_at = '2026-03-01 12:00:00'").unwrap();
    for limit in [1, 2, 3, 7, 100] {
        let up = format!("/orders?sort=order_date&limit={limit}");
        assert_eq!(walk(&guest.client, &up), placed, "{up}");
        placed.reverse();
        let down = format!("/orders?limit={limit}");
        assert_eq!(walk(&counter.staff, &down), placed, "{down}");
        placed.reverse();
    }
}

#[test]
fn an_order_placed_meanwhile_does_not_shift_the_pages() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let place = || guest.client.order(&[(counter.mug, 1)]).expect(201).id();
    let placed: Vec<u64> = (0..4).map(|_| place()).collect();
    let first = guest.client.get("/orders?limit=2").expect(200);
    assert_eq!(ids(&first), [placed[3], placed[2]]);
    place();
    let next = first.body["next"].as_str().expect("a cursor");
    let second = guest.client.get(&format!("/orders?limit=2&after={next}")).expect(200);
    assert_eq!(ids(&second), [placed[1], placed[0]]);
    assert_eq!(second.body["next"], Value::Null);
}

#[test]
fn bad_filters_are_named_all_at_once() {
    let counter = Counter::open();
    let query = "status=stolen&customer_id=0&from=yesterday&to=2026-03-32&sort=total&limit=101&after=zz&x=1";
    counter.staff.get(&format!("/orders?{query}")).expect_bad_fields(&[
        ("status", "invalid_status"),
        ("customer_id", "invalid_number"),
        ("from", "invalid_time"),
        ("to", "invalid_time"),
        ("sort", "invalid_sort"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("x", "unknown_field"),
    ]);
    for limit in ["0", "-1", "1.5", "ten"] {
        let path = format!("/orders?limit={limit}");
        counter.staff.get(&path).expect_bad_fields(&[("limit", "invalid_number")]);
    }
    counter.staff.get("/orders?sort=order_date&sort=order_date").expect_bad_fields(&[("sort", "repeated")]);
    let guest = counter.shop.guest();
    let path = format!("/customers/{}/orders?customer_id={}", guest.id, guest.id);
    guest.client.get(&path).expect_bad_fields(&[("customer_id", "unknown_field")]);
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let counter = Counter::open();
    for _ in 0..2 {
        counter.shop.product(&counter.staff, 0);
    }
    let products = counter.staff.get("/products?limit=1").expect(200);
    let cursor = products.body["next"].as_str().expect("a cursor");
    let path = format!("/orders?after={cursor}");
    counter.staff.get(&path).expect_bad_fields(&[("after", "invalid_cursor")]);
}

#[test]
fn tracking_shows_each_step_with_its_date() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let order = guest.client.order(&[(counter.mug, 1)]).expect(201);
    let path = path_of(&order);
    let track = || guest.client.get(&format!("{path}/track")).expect(200).body;
    let placed = json!({"status": "placed", "at": order.body["order_date"]});
    let expected = json!({
        "order_id": order.id(),
        "status": "placed",
        "order_date": order.body["order_date"],
        "expected_delivery_date": order.body["expected_delivery_date"],
        "carrier": null,
        "tracking_number": null,
        "events": [placed],
    });
    assert_eq!(track(), expected);

    let shipping = json!({"carrier": "Post", "tracking_number": "RR 123"});
    counter.staff.post(&format!("{path}/ship"), shipping).expect(200);
    counter.shop.app.clock.advance(chrono::Duration::hours(30));
    counter.staff.post(&format!("{path}/deliver"), json!({})).expect(200);
    let tracking = track();
    assert_eq!(tracking["status"], "delivered");
    assert_eq!(tracking["carrier"], "Post");
    assert_eq!(tracking["tracking_number"], "RR 123");
    let events = tracking["events"].as_array().unwrap();
    let statuses: Vec<_> = events.iter().map(|event| &event["status"]).collect();
    assert_eq!(statuses, ["placed", "shipped", "delivered"]);
    let time =
        |event: &Value| event["at"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(time(&events[0]) <= time(&events[1]));
    assert!(time(&events[2]) - time(&events[1]) >= chrono::Duration::hours(30));
}

#[test]
fn a_cancelled_order_tracks_to_its_cancellation() {
    let counter = Counter::open();
    let guest = counter.shop.guest();
    let path = path_of(&guest.client.order(&[(counter.mug, 1)]).expect(201));
    guest.client.post(&format!("{path}/cancel"), json!({})).expect(200);
    let tracking = guest.client.get(&format!("{path}/track")).expect(200);
    assert_eq!(tracking.body["status"], "cancelled");
    let events = tracking.body["events"].as_array().unwrap();
    assert_eq!(events.iter().map(|event| &event["status"]).collect::<Vec<_>>(), ["placed", "cancelled"]);
}
