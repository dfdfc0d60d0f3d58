//! Purchase orders: drafted by runs and people, ordered, received in one or several deliveries, cancelled.

mod at_once;
mod costs;
mod drafts;
mod frozen;
mod receipts;
mod suppliers;

use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{Rule, each};

pub const RULE: Rule = Rule { point: 5, target: 20, multiple: 1, lead_days: 3 };

/// A shop in which somebody orders what runs have drafted.
pub fn with_approval() -> Shop {
    Shop::open_with(&[("STOREKEEPER_RESTOCK_APPROVAL", "draft")])
}

/// A product with nothing on the shelf and a purchase order for 20.
pub fn ordered(shop: &Shop, staff: &Client) -> (u64, u64) {
    let product_id = shop.watched(staff, 0, RULE);
    staff.restock();
    (product_id, staff.ordered(product_id))
}

/// On hand, incoming and drafted.
pub fn figures(staff: &Client, product_id: u64) -> [i64; 3] {
    let stock = staff.stock(product_id);
    ["on_hand", "incoming", "drafted"].map(|figure| stock[figure].as_i64().expect("a figure"))
}

#[test]
fn what_is_cancelled_will_not_come_and_is_ordered_anew() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    staff.receive_units(order_id, product_id, 3).expect(200);
    let cancelled = staff.cancel_purchase(order_id).expect(200);
    assert_eq!((&cancelled.body["status"], &cancelled.body["received"]), (&json!("cancelled"), &json!(3)));
    assert_eq!(cancelled.body["outstanding"], 0);
    assert!(cancelled.body["closed_at"].is_string());
    assert_eq!(figures(&staff, product_id), [3, 0, 0]);
    shop.hours_pass(1);
    assert_eq!(staff.cancel_purchase(order_id).expect(200).text, cancelled.text);

    assert_eq!(staff.restock()["units"], 17);
    let anew = staff.ordered(product_id);
    assert_ne!(anew, order_id);
    assert_eq!(staff.purchase_of(anew, product_id)["quantity"], 17);
    staff.receive(anew, json!({})).expect(200);
    staff.cancel_purchase(anew).expect_problem(409, "purchase_order_state");
    assert_eq!(figures(&staff, product_id), [20, 0, 0]);
}

#[test]
fn an_unknown_purchase_order_is_not_found() {
    let shop = Shop::open();
    let staff = shop.staff();
    for path in ["", "/csv", "/mail"] {
        staff.get(&format!("/purchase_orders/9{path}")).expect_problem(404, "not_found");
    }
    for (path, body) in [
        ("order", json!({})),
        ("receive", json!({})),
        ("cancel", json!({})),
        ("split", json!({"lines": [{"product_id": 1}]})),
        ("merge", json!({"purchase_order_id": 8})),
    ] {
        staff.post(&format!("/purchase_orders/9/{path}"), body).expect_problem(404, "not_found");
    }
    staff.patch("/purchase_orders/9", json!({"note": "x"})).expect_problem(404, "not_found");
    staff.put("/purchase_orders/9/lines/1", json!({"quantity": 1})).expect_problem(404, "not_found");
    staff.delete("/purchase_orders/9/lines/1").expect_problem(404, "not_found");
}

#[test]
fn an_order_is_overdue_after_the_day_it_was_expected_until_it_is_there() {
    let shop = Shop::open();
    // Three days before a Thursday, which is a working day; tests/api/days.rs has zones and holidays.
    shop.to("2027-03-01T09:30:00Z");
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let listed = |overdue: bool| staff.all_pages(&format!("/purchase_orders?overdue={overdue}"));
    for today in ["2027-03-04T00:00:00Z", "2027-03-04T23:30:00Z"] {
        shop.to(today);
        assert_eq!(staff.purchase_order(order_id)["overdue"], false);
        assert_eq!(listed(true), [Value::Null; 0]);
    }
    shop.to("2027-03-05T00:00:00Z");
    assert_eq!(staff.purchase_order(order_id)["overdue"], true);
    assert_eq!(shop.metric("storekeeper_purchase_orders_late"), "1");
    // However late it is, it is not ordered a second time.
    assert_eq!(staff.restock()["ordered"], 0);
    assert_eq!(each(&listed(true), "id"), [order_id]);
    assert_eq!(listed(false), [Value::Null; 0]);
    // The supplier names another day.
    let path = format!("/purchase_orders/{order_id}");
    for day in ["2020-01-01", "2027-02-28", "2028-03-05", "9999-12-31"] {
        staff.patch(&path, json!({"expected_on": day})).expect_bad_fields(&[("expected_on", "out_of_range")]);
    }
    let later = staff.patch(&path, json!({"expected_on": "2027-03-08"})).expect(200);
    assert_eq!(
        (&later.body["overdue"], &later.body["expected_at"]),
        (&json!(false), &json!("2027-03-08T00:00:00.000000Z"))
    );
    shop.to("2027-03-09T00:00:00Z");
    assert_eq!(staff.purchase_order(order_id)["overdue"], true);
    staff.receive_units(order_id, product_id, 1).expect(200);
    assert_eq!(staff.purchase_order(order_id)["overdue"], true);
    staff.receive(order_id, json!({})).expect(200);
    assert_eq!(staff.purchase_order(order_id)["overdue"], false);
    assert_eq!(listed(true), [Value::Null; 0]);
    assert_eq!(each(&listed(false), "id"), [order_id]);
    staff.patch(&path, json!({"expected_on": "2027-03-10"})).expect_problem(409, "purchase_order_state");
}

#[test]
fn the_list_is_filtered_and_paged_newest_first() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (received_product, received) = ordered(&shop, &staff);
    staff.receive(received, json!({})).expect(200);
    shop.hours_pass(1);
    let (cancelled_product, cancelled) = ordered(&shop, &staff);
    staff.cancel_purchase(cancelled).expect(200);
    staff.set_policy(cancelled_product, json!({"reorder_point": null})).expect(200);
    let late_product = shop.watched(&staff, 0, RULE);
    staff.restock();
    let late = staff.ordered(late_product);
    // Three days, and at most a weekend before the shop works again.
    shop.hours_pass(6 * 24);
    let (_, open) = ordered(&shop, &staff);
    let supplier = shop.supplier(&staff, 4);
    let draft = staff.post("/purchase_orders", json!({"supplier_id": supplier})).expect(201).id();

    let listed = |query: &str| {
        let all = staff.all_pages(&format!("/purchase_orders?limit=2&{query}"));
        all.iter().map(|order| order["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(listed(""), [draft, open, late, cancelled, received]);
    assert_eq!(listed("status=ordered"), [open, late]);
    assert_eq!(listed("status=draft"), [draft]);
    assert_eq!(listed("status=received"), [received]);
    assert_eq!(listed("status=cancelled"), [cancelled]);
    assert_eq!(listed("overdue=true"), [late]);
    assert_eq!(listed("overdue=false"), [draft, open, cancelled, received]);
    assert_eq!(listed("status=ordered&overdue=false"), [open]);
    assert_eq!(listed(&format!("supplier_id={supplier}")), [draft]);
    assert_eq!(listed("for_runs=true"), [0; 0]);
    assert_eq!(listed(&format!("product_id={received_product}")), [received]);
    assert_eq!(listed(&format!("product_id={received_product}&status=ordered")), [0; 0]);
    let bounds = |order: u64| {
        let at = staff.purchase_order(order)["expected_at"].as_str().unwrap().to_owned();
        let day = at[..10].to_owned();
        (at, day)
    };
    let ((late_at, late_on), (open_at, open_on)) = (bounds(late), bounds(open));
    assert_eq!(listed(&format!("expected_from={late_on}&expected_to={open_on}")), [open, late]);
    assert_eq!(listed(&format!("expected_to={late_on}")), [late]);
    assert_eq!(listed(&format!("expected_from={open_on}")), [open]);
    assert_eq!(listed(&format!("expected_from={late_at}&expected_to={open_at}")), [late]);
    assert_eq!(listed(&format!("expected_to={late_at}")), [0; 0]);
    assert_eq!(listed(&format!("expected_from={open_on}&expected_to={late_on}")), [0; 0]);
    assert_eq!(listed(&format!("status=received&expected_to={open_on}")), [0; 0]);
    assert_eq!(listed("waiting=true"), [0; 0]);
    shop.hours_pass(24);
    assert_eq!(listed("waiting=true"), [draft]);
    assert_eq!(listed("waiting=false"), [open, late, cancelled, received]);
    let whole = staff.all_pages("/purchase_orders?limit=100");
    assert_eq!(staff.all_pages("/purchase_orders?limit=1"), whole);
    // A list has what an order has, without what stands in it.
    let mut read = staff.purchase_order(open);
    for member in ["lines", "receipts", "waits_for"] {
        read.as_object_mut().unwrap().remove(member).expect(member);
    }
    assert_eq!(whole[1], read);

    let bad = staff
        .get("/purchase_orders?status=late&overdue=1&waiting=yes&expected_from=soon&expected_to=2026-02-30&product_id=x&supplier_id=0&limit=0&after=7a&open=true");
    bad.expect_bad_fields(&[
        ("status", "invalid_status"),
        ("overdue", "invalid_boolean"),
        ("waiting", "invalid_boolean"),
        ("expected_from", "invalid_time"),
        ("expected_to", "invalid_time"),
        ("product_id", "invalid_number"),
        ("supplier_id", "invalid_number"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
        ("open", "unknown_field"),
    ]);
}

#[test]
fn reading_an_order_is_answered_304_while_it_is_the_same_and_an_action_refused_on_another_version() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (product_id, order_id) = ordered(&shop, &staff);
    let path = format!("/purchase_orders/{order_id}");
    let first = staff.get(&path).expect(200);
    staff.request("GET", &path).header("If-None-Match", first.etag()).send().expect(304);
    let changed = staff.receive_units(order_id, product_id, 1).expect(200);
    let second = staff.request("GET", &path).header("If-None-Match", first.etag()).send().expect(200);
    assert_eq!((second.etag(), &second.body), (changed.etag(), &changed.body));
    let receive = |etag: &str| {
        let request = staff.request("POST", &format!("{path}/receive")).header("If-Match", etag);
        request.json(json!({"lines": [{"product_id": product_id, "quantity": 1}]})).send()
    };
    receive(first.etag()).expect_problem(412, "precondition_failed");
    receive(second.etag()).expect(200);
    assert_eq!(figures(&staff, product_id), [2, 18, 0]);
}

#[test]
fn an_order_is_written_back_as_it_was_read_and_what_is_not_set_here_says_where() {
    let shop = with_approval();
    let staff = shop.staff();
    let product_id = shop.watched(&staff, 0, RULE);
    staff.restock();
    let path = format!("/purchase_orders/{}", staff.drafted(product_id));
    let mut read = staff.get(&path).expect(200).body;
    read["note"] = json!("by van");
    let changed = staff.patch(&path, read.clone()).expect(200).body;
    assert_eq!(changed["note"], "by van");
    assert!(changed["updated_at"].as_str() >= read["updated_at"].as_str());
    staff.patch(&path, json!({"status": "ordered"})).expect_bad_fields(&[("status", "read_only")]);
    let unknown = staff.patch(&path, json!({"quantity": 3, "units": 9}));
    unknown.expect_bad_fields(&[("quantity", "unknown_field")]);
    assert_eq!(staff.patch(&path, json!({"note": null})).expect(200).body["note"], Value::Null);
    staff.patch(&path, json!({"expected_on": "2027-03-08"})).expect_problem(409, "purchase_order_state");
}
