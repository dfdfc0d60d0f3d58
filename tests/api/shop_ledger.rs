//! The ledger of the whole shop.

use serde_json::{Value, json};

use crate::access::key_with;
use crate::client::Client;
use crate::harness::Shop;

fn lines(client: &Client, query: &str) -> Vec<(u64, i64)> {
    client.all_pages(&format!("/stock/movements?{query}")).iter().map(place).collect()
}

fn place(movement: &Value) -> (u64, i64) {
    (movement["product_id"].as_u64().unwrap(), movement["sequence"].as_i64().unwrap())
}

#[test]
fn every_movement_of_the_shop_stands_in_one_ledger_newest_first() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let till = key_with(&shop, &staff, &["stock:write", "restock:read"]);
    let account = |client: &Client| client.get("/sessions/current").expect(200).body["account_id"].clone();
    let (mug, pot) = (shop.product(&staff, 10), shop.product(&clerk, 20));
    shop.hours_pass(1);
    let moved = |client: &Client, product: u64, body: Value| {
        client.post(&format!("/products/{product}/stock/movements"), body).expect(201).body
    };
    let broken = moved(&staff, mug, json!({"delta": -1, "reason": "damaged"}));
    let gone = moved(&till, pot, json!({"delta": -2, "reason": "lost"}));
    let counted = moved(&clerk, mug, json!({"counted": 9, "reason": "stock_take"}));
    let order = shop.guest().client.order(&[(mug, 1), (pot, 1)]).expect(201).id();
    staff.post(&format!("/orders/{order}/ship"), json!({})).expect(200);

    // Shipping moved both in one moment.
    let all = [(pot, 3), (mug, 4), (mug, 3), (pot, 2), (mug, 2), (pot, 1), (mug, 1)];
    let whole = staff.get("/stock/movements").expect(200);
    assert_eq!(whole.body["next"], Value::Null);
    let whole = whole.body["data"].as_array().unwrap().clone();
    assert_eq!(whole.iter().map(place).collect::<Vec<_>>(), all);
    assert_eq!([&whole[3], &whole[4]], [&gone, &broken]);
    // A clerk is not told what it has cost.
    assert_eq!(clerk.get("/stock/movements").expect(200).body["data"][2], counted);
    assert_eq!(whole[0]["at"], whole[1]["at"]);
    for limit in 1..=7 {
        assert_eq!(lines(&staff, &format!("limit={limit}")), all, "{limit} at a time");
    }
    let key = gone["actor"]["api_key_id"].clone();
    let at = broken["at"].as_str().unwrap();
    for (query, expected) in [
        (format!("product_id={mug}"), vec![(mug, 4), (mug, 3), (mug, 2), (mug, 1)]),
        (format!("product_id={mug}&reason=sale"), vec![(mug, 4)]),
        ("reason=sale".to_owned(), vec![(pot, 3), (mug, 4)]),
        ("reason=lost".to_owned(), vec![(pot, 2)]),
        ("reason=found".to_owned(), vec![]),
        (format!("api_key_id={key}"), vec![(pot, 2)]),
        (format!("account_id={}", account(&clerk)), vec![(mug, 3), (pot, 1)]),
        (format!("account_id={}&reason=stock_take", account(&clerk)), vec![(mug, 3)]),
        (format!("account_id={}&product_id={pot}", account(&clerk)), vec![(pot, 1)]),
        (format!("from={at}"), all[..5].to_vec()),
        (format!("to={at}"), all[5..].to_vec()),
        (format!("to={at}&reason=initial&product_id={pot}"), vec![(pot, 1)]),
        ("product_id=999999".to_owned(), vec![]),
    ] {
        for limit in [1, 2, 100] {
            assert_eq!(lines(&staff, &format!("limit={limit}&{query}")), expected, "{query}");
        }
    }
    staff
        .get("/stock/movements?reason=theft&product_id=0&account_id=x&from=monday&actor=anna")
        .expect_bad_fields(&[
            ("reason", "invalid_reason"),
            ("product_id", "invalid_number"),
            ("account_id", "invalid_number"),
            ("from", "invalid_time"),
            ("actor", "unknown_field"),
        ]);
    let other_lists = staff.get("/products?sort=price&limit=1").expect(200).body["next"].clone();
    for cursor in ["zz", "2f33", other_lists.as_str().unwrap()] {
        let refused = staff.get(&format!("/stock/movements?after={cursor}"));
        refused.expect_bad_fields(&[("after", "invalid_cursor")]);
    }
}

/// Lines of one moment, as an import leaves them, are neither lost nor doubled between two pages.
#[test]
fn movements_of_one_moment_are_walked_by_product_and_sequence() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..5).map(|_| shop.product(&staff, 10)).collect();
    for _ in 0..3 {
        for product in &products {
            let body = json!({"delta": 1, "reason": "found"});
            staff.post(&format!("/products/{product}/stock/movements"), body).expect(201);
        }
    }
    use mysql::prelude::Queryable;
    shop.sql().query_drop("UPDATE stock_movements SET at = '2026-03-01'").unwrap();
    let expected: Vec<(u64, i64)> = products
        .iter()
        .rev()
        .flat_map(|product| (1..=4).rev().map(|sequence| (*product, sequence)))
        .collect();
    for limit in [1, 3, 4, 7, 100] {
        assert_eq!(lines(&staff, &format!("limit={limit}")), expected, "{limit} at a time");
        let found: Vec<(u64, i64)> = expected.iter().copied().filter(|(_, sequence)| *sequence > 1).collect();
        assert_eq!(lines(&staff, &format!("limit={limit}&reason=found")), found, "{limit} at a time");
    }
}
