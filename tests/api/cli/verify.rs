//! `storekeeper verify` proves the books, and `storekeeper prune` throws away what is over.

use mysql::prelude::Queryable;
use storekeeper::db::invariants::INVARIANTS;

use super::{count, migrated_database};
use crate::harness::Shop;
use crate::program::run;

#[test]
fn sound_books_are_proved_rule_by_rule() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    shop.guest().client.order(&[(product, 2)]).expect(201);
    let out = run(&shop.database_url, &["verify"]).expect_success();
    for invariant in INVARIANTS {
        let ok = out.lines().any(|line| line.starts_with("ok ") && line.ends_with(invariant.name));
        assert!(ok, "{} in {out}", invariant.name);
    }
    assert!(out.ends_with(&format!("all {} invariants hold\n", INVARIANTS.len())), "{out}");
}

#[test]
fn broken_books_are_shown_row_by_row() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (whole, broken) = (shop.product(&staff, 5), shop.product(&staff, 70));
    let sql = "UPDATE stock SET on_hand = on_hand + 1 WHERE product_id = ?";
    shop.sql().exec_drop(sql, (broken,)).unwrap();
    let verified = run(&shop.database_url, &["verify"]);
    assert_eq!((verified.code, verified.err.as_str()), (Some(1), ""), "{verified:?}");
    let lines: Vec<&str> = verified.out.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("BROKEN  1_on_hand")).expect("the broken rule");
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(lines[at + 1]), ["product_id", "sequence", "stands", "should_be", "broken"]);
    assert_eq!(cells(lines[at + 2])[..4], [&broken.to_string(), "NULL", "71", "70"]);
    // Cells stand below their columns.
    assert_eq!(lines[at + 1].find("stands"), lines[at + 2].find("71"));
    let product = format!("    {whole} ");
    assert!(!lines.iter().any(|line| line.starts_with(&product)), "{}", verified.out);
    assert_eq!(lines.iter().filter(|line| line.starts_with("BROKEN")).count(), 1);
    assert_eq!(lines.last(), Some(&format!("1 of {} invariants are broken", INVARIANTS.len()).as_str()));
    shop.abandon();
}

#[test]
fn what_is_over_is_pruned_and_what_is_alive_is_kept() {
    let shop = Shop::open();
    let (guest, idle) = (shop.guest(), shop.guest());
    let product = shop.product(&shop.staff(), 5);
    let item = serde_json::json!({"items": [{"product_id": product, "quantity": 1}]});
    let order = guest.client.post_once("kept", "/orders", item.clone()).expect(201);
    let mut sql = shop.sql();
    // More than are deleted in one step.
    sql.query_drop(
        "INSERT INTO sessions (token_sha256, customer_id, created_at, last_used_at, expires_at)
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 950)
         SELECT UNHEX(SHA2(CONCAT(c.id, '/', n), 256)), c.id, NOW(6) - INTERVAL 60 DAY, NOW(6), NOW(6) - INTERVAL 1 SECOND
         FROM customers c, n",
    )
    .unwrap();
    let make_idle = "UPDATE sessions SET last_used_at = NOW(6) - INTERVAL 8 DAY WHERE customer_id = ? AND expires_at > NOW(6)";
    sql.exec_drop(make_idle, (idle.id,)).unwrap();
    sql.query_drop(
        "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 990)
         SELECT CONCAT('customer:', c.id), CONCAT('old-', n), REPEAT('0', 32), 201, '/', '', NOW(6) - INTERVAL 73 HOUR
         FROM customers c, n",
    )
    .unwrap();

    let out = run(&shop.database_url, &["prune"]).expect_success();
    assert_eq!(
        out,
        "deleted 1901 expired sessions, 1980 expired idempotency keys, 0 idle lines of old runs, 0 days of demand, 0 old suggestions, 0 old events, 0 old attempts of webhooks and 0 old imports; cancelled 0 unconfirmed orders\n"
    );
    guest.client.get("/sessions/current").expect(200);
    assert_eq!(guest.client.post_once("kept", "/orders", item).expect(201).text, order.text);
    let again = run(&shop.database_url, &["prune"]).expect_success();
    assert_eq!(
        again,
        "deleted 0 expired sessions, 0 expired idempotency keys, 0 idle lines of old runs, 0 days of demand, 0 old suggestions, 0 old events, 0 old attempts of webhooks and 0 old imports; cancelled 0 unconfirmed orders\n"
    );
}

#[test]
fn a_fresh_database_has_sound_books_and_nothing_to_prune() {
    let (url, mut sql) = migrated_database();
    run(&url, &["verify"]).expect_success();
    run(&url, &["prune"]).expect_success();
    assert_eq!(count(&mut sql, "accounts"), 0, "no account comes with the schema");
}
