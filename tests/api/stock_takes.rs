//! Stock takes: opened over a selection, counted by several people, booked as the difference to what the ledger said at
//! the moment of each count.

mod booking;
mod races;

use chrono::Duration;
use serde_json::{Value, json};

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::fixtures::{gtin, unique};
use crate::harness::Shop;
use crate::shelves::{each, together};

impl Client {
    fn open_take(&self, body: Value) -> u64 {
        self.post("/stock_takes", body).expect(201).id()
    }

    fn take(&self, take: u64) -> Value {
        self.get(&format!("/stock_takes/{take}")).expect(200).body
    }

    fn count(&self, take: u64, counts: Value) -> Answer {
        self.post(&format!("/stock_takes/{take}/counts"), json!({"counts": counts}))
    }

    /// Counts one product, and answers the line.
    #[track_caller]
    fn count_one(&self, take: u64, product: u64, counted: i64) -> Value {
        let answer = self.count(take, json!([{"product_id": product, "counted": counted}])).expect(200);
        assert_eq!(answer.body["counts"][0]["outcome"], "counted", "{}", answer.text);
        answer.body["counts"][0]["line"].clone()
    }

    fn book(&self, take: u64) -> Answer {
        self.post(&format!("/stock_takes/{take}/book"), json!({}))
    }

    fn lines(&self, take: u64, query: &str) -> Vec<Value> {
        self.all_pages(&format!("/stock_takes/{take}/lines?limit=3&{query}"))
    }

    fn line(&self, take: u64, product: u64) -> Value {
        let lines = self.all_pages(&format!("/stock_takes/{take}/lines?limit=100"));
        lines.into_iter().find(|line| line["product_id"] == product).expect("a line")
    }
}

fn product(staff: &Client, more: Value) -> u64 {
    let mut body = json!({"name": unique("Product"), "price": "10.00", "stock": 10});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    staff.post("/products", body).expect(201).id()
}

fn outcomes(answer: &Answer) -> Vec<&str> {
    let counts = answer.body["counts"].as_array().expect("counts");
    counts.iter().map(|count| count["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_selection_is_listed_by_shelf_and_sku() {
    let shop = Shop::open();
    let staff = shop.staff();
    let on = |shelf: Value, sku: Value, category: &str| {
        product(&staff, json!({"shelf": shelf, "sku": sku, "category": category}))
    };
    let nowhere = on(json!(null), json!("A-0"), "Tea");
    let b1 = on(json!("B1"), json!("A-1"), "Tea");
    let a3_later = on(json!("A3"), json!("M-2"), "Mugs");
    let a3 = on(json!("a3"), json!("M-1"), "Mugs");
    let a3_without_sku = on(json!("A3"), json!(null), "Tea");
    let a3_left = on(json!("A3 left"), json!("A-2"), "Mugs");
    let gone = on(json!("A3"), json!("M-3"), "Mugs");
    staff.delete(&format!("/products/{gone}")).expect(204);
    let ids = |body: Value| {
        let lines = staff.lines(staff.open_take(body), "");
        lines.iter().map(|line| line["product_id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(json!({})), [a3_without_sku, a3, a3_later, a3_left, b1, nowhere]);
    assert_eq!(ids(json!({"category": "Mugs"})), [a3, a3_later, a3_left]);
    assert_eq!(ids(json!({"shelf": "A3"})), [a3_without_sku, a3, a3_later, a3_left]);
    assert_eq!(ids(json!({"shelf": "A3 l"})), [a3_left]);
    assert_eq!(ids(json!({"shelf": "B1", "note": "  the end\nof the hall "})), [b1]);
    for (body, field) in [(json!({"shelf": "%"}), "shelf"), (json!({"category": "tea"}), "category")] {
        staff.post("/stock_takes", body).expect_bad_fields(&[(field, "no_products")]);
    }
    let both = json!({"shelf": "A", "category": "Tea", "status": "open"});
    staff
        .post("/stock_takes", both)
        .expect_bad_fields(&[("shelf", "category_or_shelf"), ("status", "unknown_field")]);
    let open = staff.all_pages("/stock_takes?status=open&limit=2");
    assert_eq!(open.len(), 5, "those that were refused are not there");
    assert_eq!((&open[0]["shelf"], &open[0]["note"]), (&json!("B1"), &json!("the end\nof the hall")));
    assert!(staff.all_pages("/stock_takes?status=booked").is_empty());
    staff.get("/stock_takes?status=done").expect_bad_fields(&[("status", "invalid_status")]);
}

#[test]
fn what_is_counted_is_shown_beside_what_the_ledger_said() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let mug =
        product(&staff, json!({"stock": 0, "shelf": "A1", "sku": "MUG", "barcodes": [{"code": gtin("1")}]}));
    staff.move_stock(mug, json!({"delta": 10, "reason": "found", "unit_cost": "2.50"})).expect(201);
    let [pot, pan] = [product(&staff, json!({"shelf": "A2"})), product(&staff, json!({"shelf": "A3"}))];
    let take = staff.open_take(json!({"shelf": "A"}));
    let line = clerk.count_one(take, mug, 8);
    assert_eq!(line["value"], Value::Null, "a clerk is not told what things cost");
    staff.count_one(take, pot, 10);
    // What is sold after the count changes nothing about it.
    let order = shop.guest().client.order(&[(mug, 3)]).expect(201).id();
    staff.ship(order).expect(200);
    let lines = staff.lines(take, "");
    let expected = json!({
        "product_id": mug, "product_name": lines[0]["product_name"], "sku": "MUG",
        "barcodes": [{"code": gtin("1"), "units": 1}], "shelf": "A1", "archived": false, "added": false,
        "counted": 8, "counted_at": line["counted_at"], "counted_by": line["counted_by"],
        "expected": 10, "difference": -2, "value": "-5.00", "booked_at": null, "obstacle": null,
    });
    assert_eq!((&lines[0], &line["counted_by"]["username"]), (&expected, &json!("clerk")));
    assert_eq!((&lines[2]["counted"], &lines[2]["expected"]), (&Value::Null, &Value::Null));
    let listed = |query: &str| {
        let lines = staff.lines(take, query);
        lines.iter().map(|line| line["product_id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed("counted=true"), [mug, pot]);
    assert_eq!(listed("counted=false"), [pan]);
    assert_eq!(listed("different=true"), [mug]);
    assert_eq!(listed("different=false"), [pot]);
    assert_eq!(listed("booked=true"), [0; 0]);
    assert_eq!(listed("q=mug"), [mug]);
    let view = staff.take(take);
    let figures = ["products", "counted", "different", "booked"].map(|name| view[name].as_i64().unwrap());
    assert_eq!((figures, &view["value"]), ([3, 2, 1, 0], &json!("-5.00")));
    assert_eq!(clerk.take(take)["value"], Value::Null);

    staff.book(take).expect(200);
    let view = staff.take(take);
    assert_eq!(
        (&view["status"], &view["booked"], &view["value"]),
        (&json!("booked"), &json!(2), &json!("-5.00"))
    );
    let movement = &staff.ledger(mug)[0];
    let of_take = ["reason", "delta", "stock_take_id"].map(|name| movement[name].clone());
    assert_eq!(of_take, [json!("stock_take"), json!(-2), json!(take)]);
    assert_eq!(staff.on_hand(mug), 5, "eight less the three that were sold since");
    let line = staff.line(take, mug);
    assert_eq!(
        (&line["expected"], &line["difference"], &line["value"]),
        (&json!(10), &json!(-2), &json!("-5.00"))
    );
    assert_eq!(staff.ledger(pot).len(), 1, "what agrees writes nothing");
    assert!(staff.line(take, pot)["booked_at"].is_string());
    assert_eq!(staff.line(take, pan)["booked_at"], Value::Null);
    // What was not counted stays as it is, and so does the take.
    assert_eq!(staff.on_hand(pan), 10);
    staff.count(take, json!([{"product_id": pan, "counted": 1}])).expect_problem(409, "stock_take_state");
    staff.delete(&format!("/stock_takes/{take}/counts/{mug}")).expect_problem(409, "stock_take_state");
    staff.post(&format!("/stock_takes/{take}/cancel"), json!({})).expect_problem(409, "stock_take_state");
    assert_eq!(staff.book(take).expect(200).body["refused"], json!([]));
    assert_eq!(staff.ledger(mug).len(), 3);
}

#[test]
fn of_two_counts_the_later_one_stands_whichever_comes_first() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let take = staff.open_take(json!({}));
    let opened = shop.app.clock.now();
    shop.hours_pass(1);
    let at = |minutes: i64| json!((opened + Duration::minutes(minutes)).to_string());
    let sent = |mut count: Value, minutes: i64| {
        count["product_id"] = json!(mug);
        count["counted_at"] = at(minutes);
        let answer = staff.count(take, json!([count])).expect(200);
        (outcomes(&answer)[0].to_owned(), answer.body["counts"][0]["line"]["counted"].as_i64().unwrap())
    };
    let set = |counted: i64, minutes: i64| sent(json!({"counted": counted}), minutes);
    let add = |more: i64, minutes: i64| sent(json!({"add": more}), minutes);
    let counted = |units: i64| ("counted".to_owned(), units);
    let superseded = |units: i64| ("superseded".to_owned(), units);
    assert_eq!(set(7, 20), counted(7));
    assert_eq!(set(9, 10), superseded(7));
    assert_eq!(set(8, 20), counted(8), "of one moment the last word");
    assert_eq!(add(1, 15), superseded(8), "it was there before all were counted");
    assert_eq!(add(2, 40), counted(10));
    assert_eq!(add(1, 30), counted(11), "an earlier scan is not lost");
    assert_eq!(staff.line(take, mug)["counted_at"], at(40));
    assert_eq!(set(5, 35), superseded(11));
    assert_eq!(set(6, 50), counted(6));
    staff.delete(&format!("/stock_takes/{take}/counts/{mug}")).expect(204);
    staff.delete(&format!("/stock_takes/{take}/counts/{mug}")).expect_problem(404, "not_found");
    assert_eq!(staff.line(take, mug)["counted"], Value::Null);
    assert_eq!(add(3, 5), counted(3));
    // Several of one product in one request, in their order.
    let scans =
        staff.count(take, json!([{"product_id": mug, "add": 1}, {"product_id": mug, "add": 1}])).expect(200);
    assert_eq!(
        (outcomes(&scans), &scans.body["counts"][1]["line"]["counted"]),
        (vec!["counted"; 2], &json!(5))
    );
}

#[test]
fn a_count_is_of_the_time_of_the_take() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let take = staff.open_take(json!({}));
    let opened = shop.app.clock.now();
    let at = |span: Duration| (shop.app.clock.now() + span).to_string();
    let count = |at: String| staff.count(take, json!([{"product_id": mug, "counted": 1, "counted_at": at}]));
    count(at(Duration::hours(1))).expect_bad_fields(&[("counts[0].counted_at", "in_the_future")]);
    count(at(Duration::hours(-1))).expect_bad_fields(&[("counts[0].counted_at", "before_opening")]);
    count("yesterday".into()).expect_bad_fields(&[("counts[0].counted_at", "invalid_time")]);
    // A scanner's clock is a little off.
    count(at(Duration::seconds(-20))).expect(200);
    assert!(staff.line(take, mug)["counted_at"].as_str().unwrap() <= &*opened.to_string());
    let answer = count(at(Duration::seconds(20))).expect(200);
    let stored = answer.body["counts"][0]["line"]["counted_at"].as_str().unwrap().to_owned();
    assert!(stored <= at(Duration::zero()) && stored >= opened.to_string(), "{stored}");
}

#[test]
fn a_count_that_was_not_seen_is_not_replaced() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [mug, jug] = [(); 2].map(|()| shop.product(&staff, 10));
    let take = staff.open_take(json!({}));
    let number = |product: u64, counted: i64, last: &Value| json!({"product_id": product, "counted": counted, "last_counted_at": last});
    let refused = [("counts[1].last_counted_at", "counted_meanwhile")];
    staff.count(take, json!([number(mug, 8, &Value::Null)])).expect(200);
    let answer = staff.count(take, json!([number(jug, 3, &Value::Null), number(mug, 7, &Value::Null)]));
    let text = answer.text.clone();
    answer.expect_bad_fields(&refused);
    assert!(text.contains("8 were counted by staff at "), "{text}");
    // Of several none is written.
    assert_eq!(
        (&staff.line(take, mug)["counted"], &staff.line(take, jug)["counted"]),
        (&json!(8), &Value::Null)
    );
    let last = staff.line(take, mug)["counted_at"].clone();
    staff.count(take, json!([number(mug, 7, &last)])).expect(200);
    staff.count(take, json!([number(jug, 3, &json!("")), number(mug, 6, &last)])).expect_bad_fields(&refused);
    let last = staff.line(take, mug)["counted_at"].clone();
    staff.delete(&format!("/stock_takes/{take}/counts/{mug}")).expect(204);
    let answer = staff.count(take, json!([number(jug, 3, &Value::Null), number(mug, 6, &last)]));
    let text = answer.text.clone();
    answer.expect_bad_fields(&refused);
    assert!(text.contains("the count was taken back"), "{text}");
    // Of two at once one is written.
    let answers = together(2, |n| staff.count(take, json!([number(mug, 5 + n as i64, &Value::Null)])).status);
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
}

#[test]
fn what_is_found_on_the_shelf_is_taken_in_by_any_of_its_codes() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, json!({"category": "Mugs"}));
    let carton = gtin("77");
    let cup = product(
        &staff,
        json!({
            "sku": "Cup-1", "barcodes": [{"code": gtin("76")}, {"code": carton, "units": 12}], "shelf": "Z9", "stock": 30,
        }),
    );
    let take = staff.open_take(json!({"category": "Mugs"}));
    let answer = staff
        .count(
            take,
            json!([
                {"code": "CUP-1", "add": 1},
                {"code": gtin("76"), "add": 2},
                {"code": carton, "add": 2},
                {"product_id": mug, "counted": 10},
            ]),
        )
        .expect(200);
    assert_eq!(outcomes(&answer), ["counted"; 4]);
    let line = &answer.body["counts"][0]["line"];
    assert_eq!((&line["counted"], &line["added"], &line["expected"]), (&json!(27), &json!(true), &json!(30)));
    assert_eq!(staff.take(take)["products"], 2);
    assert_eq!(each(&staff.lines(take, ""), "product_id"), [cup, mug]);
    // Taken back it is no longer of the take, while what was selected stays in it.
    for product in [cup, mug] {
        staff.delete(&format!("/stock_takes/{take}/counts/{product}")).expect(204);
    }
    assert_eq!(each(&staff.lines(take, ""), "product_id"), [mug]);

    let refused = staff.count(
        take,
        json!([
            {"product_id": 999_999, "counted": 1},
            {"code": "nothing", "counted": 1},
            {"code": carton, "counted": 100_000_000},
            {"counted": 1},
            {"product_id": mug, "code": "CUP-1", "counted": 1},
            {"product_id": mug},
            {"product_id": mug, "counted": 1, "add": 1},
            {"product_id": mug, "add": 0},
            {"product_id": mug, "counted": -1},
        ]),
    );
    refused.expect_bad_fields(&[
        ("counts[3].product_id", "product_id_or_code"),
        ("counts[4].product_id", "product_id_or_code"),
        ("counts[5].counted", "counted_or_add"),
        ("counts[6].counted", "counted_or_add"),
        ("counts[7].add", "invalid_number"),
        ("counts[8].counted", "invalid_number"),
    ]);
    let refused = staff.count(
        take,
        json!([
            {"product_id": 999_999, "counted": 1},
            {"code": "nothing", "counted": 1},
            {"code": carton, "counted": 100_000_000},
            {"product_id": mug, "counted": 1},
        ]),
    );
    refused.expect_bad_fields(&[
        ("counts[0].product_id", "unknown_product"),
        ("counts[1].code", "unknown_code"),
        ("counts[2].counted", "too_large"),
    ]);
    assert_eq!(staff.take(take)["counted"], 0, "nothing of what was refused is kept");
    staff.count_one(take, mug, 1_000_000_000);
    staff.count(take, json!([{"product_id": mug, "add": 1}])).expect_problem(409, "stock_limit");
    staff.count(take, json!([])).expect_bad_fields(&[("counts", "invalid_length")]);
    staff.count(999, json!([{"product_id": mug, "add": 1}])).expect_problem(404, "not_found");
    staff.get("/stock_takes/999/lines").expect_problem(404, "not_found");
}

#[test]
fn a_note_is_changed_and_a_take_called_off() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let take = staff.open_take(json!({"note": "first"}));
    let path = format!("/stock_takes/{take}");
    assert_eq!(staff.patch(&path, json!({"note": "second"})).expect(200).body["note"], "second");
    assert_eq!(staff.patch(&path, json!({"note": ""})).expect(200).body["note"], Value::Null);
    staff.patch(&path, json!({"shelf": "A"})).expect_bad_fields(&[("shelf", "read_only")]);
    staff.patch("/stock_takes/999", json!({"note": "x"})).expect_problem(404, "not_found");
    staff.book(take).expect_problem(409, "stock_take_state");
    staff.count_one(take, mug, 3);
    let cancel = format!("{path}/cancel");
    for _ in 0..2 {
        assert_eq!(staff.post(&cancel, json!({})).expect(200).body["status"], "cancelled");
    }
    staff.book(take).expect_problem(409, "stock_take_state");
    staff.count(take, json!([{"product_id": mug, "add": 1}])).expect_problem(409, "stock_take_state");
    assert_eq!((staff.on_hand(mug), staff.ledger(mug).len()), (10, 1));
    assert_eq!(staff.patch(&path, json!({"note": "why"})).expect(200).body["note"], "why");
}

#[test]
fn a_version_says_what_was_counted_and_not_what_was_sold() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let take = staff.open_take(json!({}));
    staff.count_one(take, mug, 9);
    let path = format!("/stock_takes/{take}");
    let reviewed = staff.get(&path).expect(200).etag().to_owned();
    let order = shop.guest().client.order(&[(mug, 1)]).expect(201).id();
    staff.ship(order).expect(200);
    let book = |etag: &str| {
        staff.request("POST", &format!("{path}/book")).header("If-Match", etag).json(json!({})).send()
    };
    staff.count_one(take, mug, 8);
    book(&reviewed).expect_problem(412, "precondition_failed");
    let reviewed = staff.get(&path).expect(200).etag().to_owned();
    let order = shop.guest().client.order(&[(mug, 1)]).expect(201).id();
    staff.ship(order).expect(200);
    book(&reviewed).expect(200);
    assert_eq!(staff.on_hand(mug), 7);
}

#[test]
fn a_key_counts_and_the_ledger_names_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 10);
    let scanner = key_with(&shop, &staff, &["stock:write"]);
    let take = scanner.open_take(json!({}));
    scanner.count_one(take, mug, 11);
    scanner.book(take).expect(200);
    let movement = &staff.ledger(mug)[0];
    assert!(movement["actor"]["api_key_id"].is_u64(), "{movement}");
    assert!(staff.line(take, mug)["counted_by"]["api_key_name"].is_string());
    scanner.get(&format!("/stock_takes/{take}")).expect_problem(403, "forbidden");
}
