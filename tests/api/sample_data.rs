//! The sample shop: sound books, and something to see on every page.

use std::collections::BTreeSet;

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;
use crate::program::run;

fn sample_shop(settings: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(settings);
    let mut sql = shop.sql();
    let mut statements = sql.query_iter(include_str!("../../sql/sample_data.sql")).expect("sample data");
    while let Some(rows) = statements.iter() {
        rows.for_each(|row| drop(row.expect("sample data")));
    }
    drop(statements);
    shop
}

/// The values of a field in a list.
fn values_of(staff: &Client, list: &str, field: &str) -> BTreeSet<String> {
    staff.all_pages(list).iter().map(|one| one[field].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn the_books_of_the_sample_shop_are_sound_and_nothing_in_it_has_to_be_set_right() {
    let shop = sample_shop(&[]);
    run(&shop.database_url, &["verify"]).expect_success();
    let repaired = run(&shop.database_url, &["verify", "--repair"]).expect_success();
    for nothing in ["0 figures repaired", "0 days of demand repaired", "0 search texts repaired"] {
        assert!(repaired.lines().any(|line| line == nothing), "{nothing}: {repaired}");
    }
    // Whatever was written could have been sent.
    let staff = shop.staff();
    for (list, one) in [("/products", "products"), ("/customers", "customers"), ("/suppliers", "suppliers")] {
        for thing in staff.all_pages(&format!("{list}?limit=100")) {
            staff.put(&format!("/{one}/{}", thing["id"]), thing).expect(200);
        }
    }
}

#[test]
fn there_is_something_of_everything_in_the_sample_shop() {
    let shop = sample_shop(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48")]);
    let staff = shop.staff();
    assert_eq!(values_of(&staff, "/products?limit=100", "name").len(), 40);
    assert_eq!(values_of(&staff, "/categories?limit=100", "category").len(), 6);
    let statuses = values_of(&staff, "/orders?limit=100", "status");
    assert_eq!(
        statuses,
        ["cancelled", "delivered", "lost", "placed", "returned", "shipped"].map(String::from).into()
    );
    let statuses = values_of(&staff, "/purchase_orders?limit=100", "status");
    assert_eq!(statuses, ["cancelled", "draft", "ordered", "received"].map(String::from).into());
    let reasons = values_of(&staff, "/stock/movements?limit=100", "reason");
    let all =
        ["correction", "damaged", "found", "initial", "lost", "restock", "return", "sale", "stock_take"];
    assert_eq!(reasons, all.map(String::from).into());
    let history = staff.get("/orders/203/track").expect(200).body;
    assert_eq!(history["events"].as_array().unwrap().len(), 3, "{history}");

    let today = staff.get("/today").expect(200).body;
    let count =
        |place: &str| today.pointer(&format!("{place}/count")).and_then(Value::as_u64).expect("a count");
    assert_eq!((count("/orders/to_pick"), count("/orders/to_confirm")), (10, 1), "{today}");
    assert!(count("/orders/overdue") >= 3, "{today}");
    let expected = ["expected_today", "overdue", "drafts_waiting"]
        .map(|what| count(&format!("/purchase_orders/{what}")));
    assert_eq!((expected, count("/purchase_orders/expected_within_7_days")), ([1; 3], 2), "{today}");
    assert_eq!(count("/stock/below_reorder_point"), 5, "{today}");
    assert!(count("/stock/sold_out") >= 1 && count("/stock/sold_out_within_7_days") >= 1, "{today}");
    assert_eq!(today["last_restock_run"]["watched"], 28);

    // Runs leave the draft as it is, which waits for more.
    let draft = staff.purchase_order(11);
    assert!(draft["waits_for"].is_string(), "{draft}");

    // Forecasts rest on ten weeks, and how often they were right is known.
    let forecast = staff.stock(1)["forecast"].clone();
    assert!(
        forecast["units_per_day"].as_f64().unwrap() > 0.2 && forecast["looks_judged"].as_u64().unwrap() > 20,
        "{forecast}"
    );
    assert!(forecast["days_looked_at"].as_u64().unwrap() >= 70, "{forecast}");
    assert!(staff.get("/stock/value").expect(200).body["total"]["units_without_value"] == 0);
    assert_ne!(staff.get("/orders/100").expect(200).body["margin"], Value::Null);
    // The prose of the README rests on these.
    assert_eq!(staff.figures(1)[0], 40);
    let basket = staff.get("/restock/plan?product_id=15").expect(200).body["data"][0].clone();
    assert_eq!(
        (&basket["quantity"], &basket["forecast"]["suggested_reorder_point"]),
        (&json!(16), &json!(0))
    );
}

#[test]
fn the_sample_shop_goes_on_trading() {
    let shop = sample_shop(&[]);
    let staff = shop.staff();
    let guest = shop.guest();
    let order = guest.client.order(&[(1, 2), (7, 1), (9, 1)]).expect(201).id();
    staff.ship(order).expect(200);
    let ordered = staff.post("/restock/runs", json!({})).expect(201).body;
    assert!(ordered["ordered"].as_u64().unwrap() >= 2 && ordered["failed"] == 0, "{ordered}");
    let draft = staff.purchase_order(11);
    assert_eq!((&draft["status"], &draft["units"]), (&json!("draft"), &json!(36)), "{draft}");
    staff.post("/purchase_orders/8/receive", json!({})).expect(200);
    staff.post("/orders/300/cancel", json!({})).expect(200);
    staff.post("/orders/255/deliver", json!({})).expect(200);
    staff.post("/restock/runs", json!({})).expect(201);
    run(&shop.database_url, &["verify"]).expect_success();
}
