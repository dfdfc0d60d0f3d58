//! The ledger as it is listed, and the figures that follow from it for any past moment.

use chrono::Duration;
use serde_json::{Value, json};
use storekeeper::values::Timestamp;

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{Rule, each, figures_of};

/// A product with one movement of each reason, an hour apart, and the times of these, oldest first.
fn eventful_product(shop: &Shop, staff: &Client) -> (u64, Vec<String>) {
    let product_id = shop.watched(staff, 10, Rule { point: 3, target: 20, multiple: 1, lead_days: 0 });
    let order_id = shop.guest().client.order(&[(product_id, 8)]).expect(201).id();
    shop.hours_pass(1);
    staff.ship(order_id).expect(200);
    shop.hours_pass(1);
    staff.restock();
    for body in [
        json!({"counted": 21, "reason": "stock_take"}),
        json!({"delta": -1, "reason": "damaged"}),
        json!({"delta": 1, "reason": "return"}),
        json!({"delta": 1, "reason": "correction", "note": "Typed wrongly."}),
    ] {
        shop.hours_pass(1);
        staff.move_stock(product_id, body).expect(201);
    }
    let mut times: Vec<String> = staff.ledger(product_id).iter().map(time_of).collect();
    times.reverse();
    (product_id, times)
}

fn time_of(movement: &Value) -> String {
    movement["at"].as_str().expect("a time").to_owned()
}

#[test]
fn the_ledger_is_listed_newest_first_and_continues_line_by_line() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, times) = eventful_product(&shop, &staff);
    let path = format!("/products/{product_id}/stock/movements");
    let page = staff.get(&path).expect(200);
    assert_eq!(page.body["next"], Value::Null);
    let ledger = page.body["data"].as_array().unwrap();
    let reasons = ["correction", "return", "damaged", "stock_take", "restock", "sale", "initial"];
    assert_eq!(each(ledger, "reason"), reasons);
    assert_eq!(each(ledger, "sequence"), [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(each(ledger, "delta"), [1, 1, -1, 1, 18, -8, 10]);
    assert_eq!(each(ledger, "balance_after"), [22, 21, 20, 21, 20, 2, 10]);
    assert!(times.is_sorted(), "{times:?}");
    let order_ids = each(ledger, "order_id");
    assert!(order_ids.iter().enumerate().all(|(line, id)| id.is_u64() == (line == 5)), "{order_ids:?}");
    let restock_ids = each(ledger, "purchase_order_id");
    assert!(restock_ids.iter().enumerate().all(|(line, id)| id.is_u64() == (line == 4)), "{restock_ids:?}");
    let restock_order = staff.get(&format!("/purchase_orders/{}", restock_ids[4])).expect(200);
    assert_eq!(restock_order.body["lines"][0]["product_id"], product_id);
    for limit in [1, 2, 3, 7] {
        assert_eq!(&staff.all_pages(&format!("{path}?limit={limit}")), ledger, "limit {limit}");
    }
}

#[test]
fn the_ledger_is_filtered_by_reason_and_time() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, times) = eventful_product(&shop, &staff);
    let listed = |query: String| {
        let list = staff.all_pages(&format!("/products/{product_id}/stock/movements?limit=2&{query}"));
        list.iter().map(|movement| movement["sequence"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let reasons = ["initial", "sale", "restock", "stock_take", "damaged", "return", "correction"];
    for (index, reason) in reasons.into_iter().enumerate() {
        assert_eq!(listed(format!("reason={reason}")), [index as i64 + 1], "{reason}");
    }
    assert_eq!(listed(format!("from={}", times[4])), [7, 6, 5], "from is included");
    assert_eq!(listed(format!("to={}", times[2])), [2, 1], "to is not");
    assert_eq!(listed(format!("from={}&to={}", times[1], times[5])), [5, 4, 3, 2]);
    assert_eq!(listed(format!("from={}&to={}", times[3], times[3])), [0; 0]);
    assert_eq!(listed(format!("reason=sale&from={}", times[1])), [2]);
    assert_eq!(listed(format!("reason=sale&from={}", times[2])), [0; 0]);
    let elsewhere = "2999-01-01T00:00:00%2B14:00";
    assert_eq!(listed(format!("from={elsewhere}")), [0; 0]);
    assert_eq!(listed(format!("to={elsewhere}")).len(), 7);
}

#[test]
fn every_bad_parameter_of_the_ledger_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product_id = shop.product(&staff, 1);
    let query = "reason=theft&from=today&to=2026-13-01T00:00:00Z&limit=x&after=00&page=2";
    let bad = staff.get(&format!("/products/{product_id}/stock/movements?{query}"));
    bad.expect_bad_fields(&[
        ("reason", "invalid_reason"),
        ("from", "invalid_time"),
        ("to", "invalid_time"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("page", "unknown_field"),
    ]);
}

/// What a product's view showed at some moment.
struct Seen {
    at: Timestamp,
    what: &'static str,
    figures: [i64; 3],
}

/// Looks at a product again and again, an hour apart.
struct Observer<'a> {
    shop: &'a Shop,
    staff: &'a Client,
    product_id: u64,
    seen: Vec<Seen>,
}

impl Observer<'_> {
    fn look(&mut self, what: &'static str) {
        let figures = self.staff.figures(self.product_id);
        self.seen.push(Seen { at: self.shop.app.clock.now(), what, figures });
        self.shop.hours_pass(1);
    }

    fn compare_with_as_of(&self) {
        for seen in &self.seen {
            let past = as_of(self.staff, self.product_id, seen.at);
            assert_eq!(figures_of(&past), seen.figures, "as of: {}", seen.what);
            assert_eq!(past["available"], seen.figures[0] - seen.figures[1], "as of: {}", seen.what);
            assert_eq!(past["as_of"], seen.at.to_string());
            assert_eq!(past["product_id"], self.product_id);
        }
    }
}

fn as_of(staff: &Client, product_id: u64, at: Timestamp) -> Value {
    staff.get(&format!("/products/{product_id}/stock?as_of={at}")).expect(200).body
}

#[test]
fn as_of_shows_what_the_view_showed_at_every_moment_of_a_history() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    let guest = shop.guest();
    let before = shop.app.clock.now();
    let product_id = shop.watched(&staff, 20, Rule { point: 30, target: 40, multiple: 7, lead_days: 2 });
    let mut observer = Observer { shop: &shop, staff: &staff, product_id, seen: Vec::new() };
    observer.look("created");
    let order = |units: i64| guest.client.order(&[(product_id, units)]).expect(201).id();
    let (shipped, cancelled, waiting) = (order(5), order(3), order(1));
    guest.client.patch(&format!("/orders/{waiting}"), json!({"note": "Ring twice"})).expect(200);
    observer.look("three orders placed, one corrected");
    staff.ship(shipped).expect(200);
    observer.look("one shipped");
    guest.client.cancel(cancelled).expect(200);
    observer.look("one cancelled");
    staff.restock();
    observer.look("ordered of the supplier");
    let first = staff.ordered(product_id);
    staff.receive_units(first, product_id, 9).expect(200);
    observer.look("a part received");
    staff.receive_units(first, product_id, 1).expect(200);
    observer.look("another part received");
    staff.post(&format!("/orders/{shipped}/deliver"), json!({})).expect(200);
    observer.look("delivered");
    staff.cancel_purchase(first).expect(200);
    observer.look("the rest of the purchase order cancelled");
    staff.count_shelf(product_id, 4);
    observer.look("counted");
    staff.restock();
    observer.look("ordered of the supplier again");
    let second = staff.ordered(product_id);
    let surplus = json!({"lines": [{"product_id": product_id, "quantity": 50}], "accept_surplus": true});
    staff.receive(second, surplus).expect(200);
    observer.look("all received, and more");
    staff.watch(product_id, Rule { point: 100, target: 100, multiple: 1, lead_days: 0 });
    staff.restock();
    observer.look("restocked at once");
    staff.ship(waiting).expect(200);
    staff.delete(&format!("/products/{product_id}")).expect(204);
    observer.look("shipped and archived");

    observer.compare_with_as_of();
    let figures: Vec<[i64; 3]> = observer.seen.iter().map(|seen| seen.figures).collect();
    let expected = [
        [20, 0, 0],
        [20, 9, 0],
        [15, 4, 0],
        [15, 1, 0],
        [15, 1, 28],
        [24, 1, 19],
        [25, 1, 18],
        [25, 1, 18],
        [25, 1, 0],
        [4, 1, 0],
        [4, 1, 42],
        [54, 1, 0],
        [101, 1, 0],
        [100, 0, 0],
    ];
    assert_eq!(figures, expected);
    assert_eq!(figures_of(&as_of(&staff, product_id, before)), [0, 0, 0]);
}

#[test]
fn as_of_includes_what_happened_at_that_very_moment() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, times) = eventful_product(&shop, &staff);
    let balances = [10, 2, 20, 21, 20, 21, 22];
    for (time, balance) in times.iter().zip(balances) {
        let past = staff.get(&format!("/products/{product_id}/stock?as_of={time}")).expect(200);
        assert_eq!(past.body["on_hand"], balance, "{time}");
        assert_eq!(past.body["as_of"], time.as_str());
    }
}

#[test]
fn as_of_is_a_time_that_has_come() {
    let shop = Shop::open();
    let staff = shop.staff();
    let path = format!("/products/{}/stock", shop.product(&staff, 1));
    let soon = Timestamp(shop.app.clock.now().0 + Duration::minutes(1));
    let asked = |as_of: &str| staff.get(&format!("{path}?as_of={as_of}"));
    asked(&soon.to_string()).expect_bad_fields(&[("as_of", "in_the_future")]);
    asked("9999-12-31T23:59:59Z").expect_bad_fields(&[("as_of", "in_the_future")]);
    for bad in ["yesterday", "2026-1-1", "2026-02-30T00:00:00Z", "0999-12-31T23:59:59Z"] {
        asked(bad).expect_bad_fields(&[("as_of", "invalid_time")]);
    }
    asked("2016-12-31T23:59:60Z").expect(200);
    staff.get(&format!("{path}?at=x")).expect_bad_fields(&[("at", "unknown_field")]);
    shop.hours_pass(1);
    assert_eq!(asked(&soon.to_string()).expect(200).body["on_hand"], 1);
    assert_eq!(asked("1000-01-01T00:00:00Z").expect(200).body["on_hand"], 0);
}
