//! What stock has cost: carried along in the ledger, shown to those who may know it, and what orders earn.

mod model;
mod unknown;

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::fixtures::items_json;
use crate::harness::Shop;
use crate::shelves::{each, together};

use model::millionths;

/// What one unit may cost at most.
const DEAREST: &str = "99999999.99";

impl Client {
    /// Has units bought at a cost, or one that nobody knows, that are still to come.
    fn buys(&self, given: &[(u64, i64, Option<&str>)]) -> u64 {
        let line = |&(product_id, quantity, unit_cost): &(u64, i64, Option<&str>)| json!({"product_id": product_id, "quantity": quantity, "unit_cost": unit_cost});
        let lines: Value = given.iter().map(line).collect();
        // Not what is received at once.
        for (product_id, ..) in given {
            self.set_policy(*product_id, json!({"lead_time_days": 1})).expect(200);
        }
        let order = self.post("/purchase_orders", json!({"lines": lines})).expect(201).id();
        self.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
        order
    }

    fn bought(&self, product_id: u64, quantity: i64, unit_cost: &str) {
        let order = self.buys(&[(product_id, quantity, Some(unit_cost))]);
        self.receive(order, json!({})).expect(200);
    }

    fn sold(&self, shop: &Shop, items: &[(u64, i64)]) -> Answer {
        let order = shop.guest().client.order(items).expect(201).id();
        self.ship(order).expect(200)
    }

    /// Value and average cost.
    fn worth(&self, product_id: u64) -> [Value; 2] {
        let stock = self.stock(product_id);
        ["value", "average_cost"].map(|member| stock[member].clone())
    }

    fn stock_value(&self, query: &str) -> Value {
        self.get(&format!("/stock/value{query}")).expect(200).body
    }
}

/// What the last movement changed in the value, what is left, and whether that was assumed.
fn last(staff: &Client, product_id: u64) -> Value {
    let movement = &staff.ledger(product_id)[0];
    json!([movement["delta"], movement["value_delta"], movement["value_after"], movement["cost_assumed"]])
}

fn product_in(staff: &Client, category: Option<&str>, stock: i64) -> u64 {
    let body = json!({"name": "Thing", "price": "10.00", "category": category, "stock": stock});
    staff.post("/products", body).expect(201).id()
}

#[test]
fn units_come_at_their_cost_and_go_at_the_average() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 0);
    assert_eq!(staff.worth(product), [json!("0.00"), Value::Null]);
    let moved = |movement: Value| {
        let answer = staff.move_stock(product, movement).expect(201).body;
        assert_eq!(answer, staff.ledger(product)[0]);
    };
    staff.bought(product, 10, "2.00");
    assert_eq!(last(&staff, product), json!([10, "20.00", "20.00", false]));
    staff.bought(product, 5, "3.50");
    assert_eq!(last(&staff, product), json!([5, "17.50", "37.50", false]));
    assert_eq!(staff.worth(product), [json!("37.50"), json!("2.50")]);
    staff.sold(&shop, &[(product, 4)]);
    assert_eq!(last(&staff, product), json!([-4, "-10.00", "27.50", false]));
    staff.count_shelf(product, 10);
    assert_eq!(last(&staff, product), json!([-1, "-2.50", "25.00", false]));
    staff.count_shelf(product, 10);
    assert_eq!(last(&staff, product), json!([0, "0.00", "25.00", false]));
    moved(json!({"delta": 1, "reason": "return"}));
    assert_eq!(last(&staff, product), json!([1, "2.50", "27.50", true]));
    moved(json!({"delta": 1, "reason": "found", "unit_cost": "3.00"}));
    assert_eq!(last(&staff, product), json!([1, "3.00", "30.50", false]));
    assert_eq!(staff.worth(product), [json!("30.50"), json!("2.541666")]);
    // 5 of 12 are 12.7083333…, rounded down; 6 of 7 of the rest are 15.25000028…
    moved(json!({"delta": -5, "reason": "damaged"}));
    assert_eq!(last(&staff, product), json!([-5, "-12.708333", "17.791667", false]));
    staff.sold(&shop, &[(product, 6)]);
    assert_eq!(last(&staff, product), json!([-6, "-15.25", "2.541667", false]));
    moved(json!({"delta": -1, "reason": "lost"}));
    assert_eq!(last(&staff, product), json!([-1, "-2.541667", "0.00", false]));
    assert_eq!(staff.worth(product), [json!("0.00"), Value::Null]);
    moved(json!({"delta": 1, "reason": "correction", "note": "It is there.", "unit_cost": "0.000001"}));
    assert_eq!(last(&staff, product), json!([1, "0.000001", "0.000001", false]));
}

#[test]
fn units_of_unknown_cost_come_at_the_average_or_at_nothing_and_are_marked() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    assert_eq!(last(&staff, product), json!([5, "0.00", "0.00", true]));
    assert_eq!(staff.worth(product), [json!("0.00"), Value::Null]);
    staff.bought(product, 5, "7.95");
    assert_eq!(last(&staff, product), json!([5, "39.75", "39.75", false]));
    assert_eq!(staff.worth(product), [json!("39.75"), Value::Null]);
    // Of the shop's own list nobody has said what they cost.
    let order = staff.buys(&[(product, 2, None)]);
    staff.receive(order, json!({})).expect(200);
    assert_eq!(last(&staff, product), json!([2, "7.95", "47.70", true]));
    staff.count_shelf(product, 13);
    assert_eq!(last(&staff, product), json!([1, "3.975", "51.675", true]));
    // Free goods have a known cost.
    let gift = shop.product(&staff, 0);
    staff.bought(gift, 3, "0");
    assert_eq!(last(&staff, gift), json!([3, "0.00", "0.00", false]));
}

#[test]
fn one_receipt_of_several_products_moves_each_at_its_own_cost() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products = [0, 1, 4].map(|stock| shop.product(&staff, stock));
    let [mug, pot, lid] = products;
    let order = staff.buys(&[(mug, 3, Some("0.333333")), (pot, 2, None), (lid, 4, Some("1.50"))]);
    let part = json!({"lines": [{"product_id": mug, "quantity": 1}, {"product_id": lid, "quantity": 4}]});
    staff.receive(order, part).expect(200);
    assert_eq!(last(&staff, mug), json!([1, "0.333333", "0.333333", false]));
    let rest = json!({"lines": [{"product_id": mug, "quantity": 4, "rejected": 1}, {"product_id": pot, "quantity": 2}],
                      "accept_surplus": true});
    staff.receive(order, rest).expect(200);
    assert_eq!(last(&staff, mug), json!([4, "1.333332", "1.666665", false]));
    assert_eq!(last(&staff, pot), json!([2, "0.00", "0.00", true]));
    assert_eq!(last(&staff, lid), json!([4, "6.00", "6.00", false]));
    // One order takes of all of them.
    staff.sold(&shop, &[(mug, 5), (pot, 1), (lid, 3)]);
    assert_eq!(last(&staff, mug), json!([-5, "-1.666665", "0.00", false]));
    assert_eq!(last(&staff, pot), json!([-1, "0.00", "0.00", false]));
    assert_eq!(last(&staff, lid), json!([-3, "-2.25", "3.75", false]));
}

#[test]
fn a_cost_goes_with_units_that_came_and_is_a_managers_to_tell() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let product = shop.product(&staff, 3);
    let refused = |movement: Value, code: &str| {
        staff.move_stock(product, movement).expect_bad_fields(&[("unit_cost", code)]);
    };
    for movement in [
        json!({"delta": -1, "reason": "damaged", "unit_cost": "1.00"}),
        json!({"delta": -1, "reason": "correction", "note": "x", "unit_cost": "1.00"}),
        json!({"counted": 9, "reason": "stock_take", "unit_cost": "1.00"}),
        json!({"counted": 9, "reason": "correction", "note": "x", "unit_cost": "1.00"}),
    ] {
        refused(movement, "only_with_units_that_came");
    }
    for (cost, code) in [
        (json!("1.0000001"), "too_many_decimals"),
        (json!("100000000"), "too_large"),
        (json!("-1"), "invalid_price"),
        (json!("cheap"), "invalid_price"),
        (json!({}), "wrong_type"),
        (json!(true), "wrong_type"),
    ] {
        refused(json!({"delta": 1, "reason": "found", "unit_cost": cost}), code);
    }
    let told = json!({"delta": 1, "reason": "found", "unit_cost": "1.00"});
    clerk.move_stock(product, told.clone()).expect_bad_fields(&[("unit_cost", "not_yours")]);
    let body = json!({"delta": 1, "reason": "found", "unit_cost": null});
    clerk.move_stock(product, body).expect(201);
    let key = key_with(&shop, &staff, &["stock:write", "restock:read"]);
    assert_eq!(key.move_stock(product, told.clone()).expect(201).body["value_delta"], "1.00");
    let till = key_with(&shop, &staff, &["stock:read", "stock:write"]);
    till.move_stock(product, told).expect_bad_fields(&[("unit_cost", "not_yours")]);
    assert_eq!(staff.on_hand(product), 5);
}

#[test]
fn who_may_not_know_costs_is_told_of_none() {
    let shop = Shop::open();
    let (staff, clerk, own) = (shop.staff(), shop.clerk(), shop.guest());
    let product = shop.product(&staff, 0);
    staff.bought(product, 5, "4.00");
    let order = own.client.order(&[(product, 1)]).expect(201).id();
    let shipped = clerk.ship(order).expect(200).body;
    let path = format!("/orders/{order}");
    let listed = |client: &Client| client.get("/orders").expect(200).body["data"][0].clone();
    for order in
        [shipped, clerk.get(&path).body, listed(&clerk), own.client.get(&path).body, listed(&own.client)]
    {
        assert_eq!(order["status"], "shipped");
        assert!(order.get("margin").is_none(), "{order}");
    }
    let key = key_with(&shop, &staff, &["orders:read", "stock:read", "restock:read"]);
    let till = key_with(&shop, &staff, &["orders:read", "stock:read"]);
    assert!(key.get(&path).expect(200).body.get("margin").is_none());

    let moved = clerk.move_stock(product, json!({"delta": 1, "reason": "return"})).expect(201).body;
    let of_shop = clerk.get("/stock/movements").expect(200).body["data"][0].clone();
    for movement in [moved, clerk.ledger(product)[0].clone(), till.ledger(product)[0].clone(), of_shop] {
        for member in ["value_delta", "value_after", "cost_assumed"] {
            assert_eq!(movement.get(member), Some(&Value::Null), "{movement}");
        }
    }
    let list = clerk.get("/stock").expect(200).body["data"][0].clone();
    let changed = clerk.set_policy(product, json!({"reorder_multiple": 2})).expect(200).body;
    for stock in [clerk.stock(product), till.stock(product), list, changed] {
        assert_eq!([&stock["value"], &stock["average_cost"]], [&Value::Null; 2]);
    }
    assert_eq!(staff.get("/stock").expect(200).body["data"][0]["value"], "20.00");
    assert_eq!(key.stock(product)["value"], "20.00");
    clerk.get("/stock/value").expect_problem(403, "forbidden");
    till.get("/stock/value").expect_problem(403, "forbidden");
    own.client.get("/stock/value").expect_problem(403, "forbidden");
    shop.anyone().get("/stock/value").expect_problem(401, "unauthenticated");
    assert_eq!(key.stock_value("")["total"]["value"], "20.00");
}

#[test]
fn the_value_is_summed_by_category_as_of_any_moment() {
    let shop = Shop::open();
    let staff = shop.staff();
    let nothing = json!({"products": 0, "units": 0, "value": "0.00", "units_without_value": 0});
    assert_eq!(
        staff.stock_value(""),
        json!({"as_of": null, "currency": "EUR", "categories": [], "total": nothing})
    );
    let mut said: Vec<(String, Value)> = Vec::new();
    // What is said now is what will be said of now, at the moment of the last movement and until the next.
    let mut look = |staff: &Client| {
        let at = staff.get("/stock/movements?limit=1").expect(200).body["data"][0]["at"].clone();
        said.push((at.as_str().unwrap().to_owned(), staff.stock_value("")));
        shop.hours_pass(1);
    };
    let (mug, pot) = (product_in(&staff, Some("Kitchen"), 0), product_in(&staff, Some("Kitchen"), 2));
    let (soap, loose) = (product_in(&staff, Some("Bath"), 0), product_in(&staff, None, 0));
    product_in(&staff, Some("Empty"), 0);
    look(&staff);
    let order = staff.buys(&[(mug, 4, Some("2.50")), (soap, 3, Some("0.333333")), (loose, 1, Some("9"))]);
    staff.receive(order, json!({})).expect(200);
    look(&staff);
    let sum = |products, units, value, without| json!({"products": products, "units": units, "value": value, "units_without_value": without});
    let of = |category: Value, mut sum: Value| {
        sum["category"] = category;
        sum
    };
    let expected = json!({
        "as_of": null, "currency": "EUR",
        "categories": [
            of(Value::Null, sum(1, 1, "9.00", 0)),
            of(json!("Bath"), sum(1, 3, "0.999999", 0)),
            of(json!("Kitchen"), sum(2, 6, "10.00", 2)),
        ],
        "total": sum(4, 10, "19.999999", 2),
    });
    assert_eq!(staff.stock_value(""), expected);
    staff.sold(&shop, &[(mug, 1), (loose, 1)]);
    look(&staff);
    staff.move_stock(pot, json!({"delta": 1, "reason": "found", "unit_cost": "3.00"})).expect(201);
    look(&staff);
    // What is archived counts as long as it is there.
    staff.delete(&format!("/products/{soap}")).expect(204);
    staff.count_shelf(mug, 0);
    look(&staff);
    staff.count_shelf(soap, 0);
    staff.count_shelf(pot, 0);
    look(&staff);
    assert_eq!(said[4].1["total"], sum(2, 6, "3.999999", 3));
    assert_eq!(said[5].1["categories"], json!([]));
    for (at, mut then) in said {
        then["as_of"] = json!(at);
        assert_eq!(staff.stock_value(&format!("?as_of={at}")), then);
    }
    let before = staff.stock_value("?as_of=2000-01-01");
    assert_eq!((&before["categories"], &before["total"]["value"]), (&json!([]), &json!("0.00")));
    let answer = staff.get("/stock/value").expect(200);
    staff.request("GET", "/stock/value").header("If-None-Match", answer.etag()).send().expect(304);
    for (query, code) in [("as_of=2999-01-01", "in_the_future"), ("as_of=soon", "invalid_time")] {
        staff.get(&format!("/stock/value?{query}")).expect_bad_fields(&[("as_of", code)]);
    }
    staff.get("/stock/value?category=Bath").expect_bad_fields(&[("category", "unknown_field")]);
}

#[test]
fn the_dearest_units_fill_the_largest_shelf() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 0);
    let most = 1_000_000_000;
    staff.bought(product, most, DEAREST);
    assert_eq!(staff.worth(product), [json!("99999999990000000.00"), json!(DEAREST)]);
    let order = shop.guest().client.order(&[(product, 100_000)]).expect(201).id();
    let shipped = staff.ship(order).expect(200).body;
    assert_eq!(shipped["margin"], "-9999998999000.00");
    staff.move_stock(product, json!({"delta": -1, "reason": "lost"})).expect(201);
    staff.move_stock(product, json!({"delta": 100_001, "reason": "found"})).expect(201);
    assert_eq!(staff.worth(product)[0], "99999999990000000.00");
    staff.move_stock(product, json!({"delta": 1, "reason": "found"})).expect_problem(409, "stock_limit");
    // A whole that is one short is rounded down, and not to the nearest.
    let penny = shop.product(&staff, 0);
    staff.move_stock(penny, json!({"delta": 1, "reason": "found", "unit_cost": "0.000001"})).expect(201);
    staff.count_shelf(penny, 1);
    staff.move_stock(penny, json!({"delta": most - 1, "reason": "found", "unit_cost": "0"})).expect(201);
    staff.move_stock(penny, json!({"delta": 1 - most, "reason": "lost"})).expect(201);
    assert_eq!(last(&staff, penny), json!([1 - most, "0.00", "0.000001", false]));
    let total = &staff.stock_value("")["total"];
    assert_eq!((&total["value"], &total["units"]), (&json!("99999999990000000.000001"), &json!(most + 1)));
}

#[test]
fn receipts_and_sales_at_once_leave_no_value_out() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products = [0, 0, 0].map(|stock| shop.product(&staff, stock));
    for product in products {
        staff.bought(product, 100, "3.00");
    }
    let costs = ["1.00", "2.00", "0.333333", DEAREST];
    let orders = costs.map(|cost| staff.buys(&products.map(|product| (product, 7, Some(cost)))));
    let guests = [0, 1, 2, 3].map(|_| shop.guest().client);
    together(8, |number| {
        let staff = shop.with_token(staff.token());
        if number < 4 {
            staff.receive(orders[number], json!({})).expect(200);
        } else {
            let items = products.map(|product| (product, number as i64));
            let order = guests[number - 4].order(&items).expect(201).id();
            staff.ship(order).expect(200);
        }
    });
    for product in products {
        let ledger = staff.ledger(product);
        let sum: i128 = each(&ledger, "value_delta").into_iter().map(millionths).sum();
        assert_eq!(millionths(&staff.worth(product)[0]), sum);
        let came: i128 =
            each(&ledger, "value_delta").into_iter().map(millionths).filter(|value| *value > 0).sum();
        let bought: i128 = costs.iter().map(|cost| 7 * millionths(&json!(cost))).sum();
        assert_eq!(came, bought + 300_000_000);
    }
}

#[test]
fn managers_are_told_what_an_order_has_earned_once_its_units_have_left() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let [mug, pot, rag] = [0, 0, 0].map(|stock| shop.product(&staff, stock));
    let unknown = shop.product(&staff, 5);
    for (product, cost) in [(mug, "2.00"), (pot, "3.333333"), (rag, "12.50")] {
        staff.bought(product, 9, cost);
    }
    let margin = |order: u64| {
        let read = staff.get(&format!("/orders/{order}")).expect(200).body;
        let list = staff.all_pages("/orders?limit=1");
        let listed = list.iter().find(|listed| listed["id"] == order).expect("in the list");
        assert_eq!(read, *listed);
        read["margin"].clone()
    };
    let body = json!({"items": items_json(&[(mug, 2), (pot, 1)]), "customer_id": guest.id});
    let placed = staff.post("/orders", body).expect(201);
    assert_eq!(placed.body.get("margin"), Some(&Value::Null), "nothing has left yet");
    let order = placed.id();
    assert_eq!(margin(order), Value::Null);
    // 30.00 less 4.00 and 3.333333.
    assert_eq!(staff.ship(order).expect(200).body["margin"], "22.67");
    assert_eq!(margin(order), "22.67");
    for step in ["deliver", "reopen", "lost", "returned"] {
        assert_eq!(
            staff.post(&format!("/orders/{order}/{step}"), json!({})).expect(200).body["margin"],
            "22.67"
        );
    }
    // What it cost then stays.
    staff.bought(mug, 9, "8.00");
    assert_eq!(margin(order), "22.67");
    let sold = |items: &[(u64, i64)]| staff.sold(&shop, items).body["margin"].clone();
    assert_eq!(sold(&[(rag, 3)]), "-7.50");
    assert_eq!(sold(&[(unknown, 1)]), Value::Null);
    assert_eq!(sold(&[(mug, 1), (unknown, 1)]), Value::Null);
    let cancelled = guest.client.order(&[(mug, 1)]).expect(201).id();
    assert_eq!(staff.cancel(cancelled).expect(200).body["margin"], Value::Null);
    assert_eq!(margin(cancelled), Value::Null);
    // A manager writes back what was read, and is told that it is not set here.
    let mut whole = staff.get(&format!("/orders/{order}")).expect(200).body;
    whole["tracking_number"] = json!("RR1");
    let path = format!("/orders/{order}");
    assert_eq!(staff.patch(&path, whole.clone()).expect(200).body["margin"], "22.67");
    whole["margin"] = json!("30.00");
    staff.patch(&path, whole).expect_bad_fields(&[("margin", "read_only")]);
}

#[test]
fn stock_that_moved_since_it_was_read_is_written_back_by_whoever_read_it() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let product = shop.product(&staff, 0);
    staff.bought(product, 8, "1.10");
    for client in [&staff, &clerk] {
        let mut read = client.stock(product);
        let path = format!("/products/{product}/stock");
        let answer = client.get(&path).expect(200);
        staff.bought(product, 3, "7.77");
        staff.sold(&shop, &[(product, 2)]);
        read["reorder_multiple"] = json!(6);
        let conditional = client.request("PATCH", &path).header("If-Match", answer.etag());
        conditional.json(read.clone()).send().expect(200);
        let changed = client.patch(&path, read.clone()).expect(200).body;
        assert_eq!(changed, client.stock(product));
        // What goes together is not changed by hand.
        for (member, wish) in
            [("value", "1.00"), ("average_cost", "1.00"), ("average_cost", "x"), ("value", "-1")]
        {
            let mut wished = read.clone();
            wished[member] = json!(wish);
            let refused = client.patch(&path, wished).expect_problem(422, "invalid_fields");
            let errors = refused.body["errors"].as_array().unwrap();
            assert!(errors.iter().any(|error| error["field"] == member), "{}", refused.text);
        }
        client.patch(&path, json!({"value": "1.00"})).expect_bad_fields(&[("value", "read_only")]);
    }
    // So it is when nothing was there, and when everything went.
    for counted in [0, 4, 0] {
        let read = staff.stock(product);
        staff.count_shelf(product, counted);
        staff.set_policy(product, read).expect(200);
    }
}

#[test]
fn a_shop_of_yen_has_fractions_of_them_on_its_shelves() {
    let shop = Shop::open_with(&[("STOREKEEPER_CURRENCY", "JPY")]);
    let staff = shop.staff();
    let product = staff.post("/products", json!({"name": "Fan", "price": "100"})).expect(201).id();
    staff.bought(product, 3, "33.3333");
    assert_eq!(staff.worth(product), [json!("99.9999"), json!("33.3333")]);
    assert_eq!(staff.sold(&shop, &[(product, 2)]).body["margin"], "133");
    assert_eq!(staff.stock_value("")["total"]["value"], "33.3333");
}

#[test]
fn the_ledger_of_before_counts_for_nothing_and_says_so() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    staff.count_shelf(product, 4);
    let step = include_str!("../../sql/migrations/0085_stock_movements_of_before_value.sql");
    let mut sql = shop.sql();
    sql.query_drop("UPDATE stock_movements SET cost_assumed = 0").unwrap();
    sql.query_drop(step).unwrap();
    assert_eq!(each(&staff.ledger(product), "cost_assumed"), [&json!(false), &json!(true)]);
}
