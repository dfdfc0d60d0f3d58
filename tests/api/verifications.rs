//! Proofs of the books that a manager asks for: begun once, brought to an end by themselves, and kept.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::db::invariants::INVARIANTS;

use crate::client::Client;
use crate::fixtures::{unique, until};
use crate::harness::{MariaDb, Shop};
use crate::program::run;

/// Begins one, and returns what it has come to.
fn prove(manager: &Client) -> Value {
    let begun = manager.post("/verifications", json!({})).expect(201);
    let path = format!("/verifications/{}", begun.id());
    assert_eq!(begun.header("Location"), Some(path.as_str()));
    until("the proof never ends", || manager.get(&path).expect(200).body["running"] == false);
    manager.get(&path).expect(200).body
}

#[test]
fn sound_books_are_proved_and_it_is_kept_who_asked() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    shop.guest().client.order(&[(product, 2)]).expect(201);
    let proof = prove(&staff);
    assert_eq!((&proof["held"], &proof["broken"]), (&json!(true), &json!([])));
    assert_eq!((&proof["username"], &proof["command"]), (&json!("staff"), &Value::Null));
    assert!(proof["took_ms"].as_u64().is_some(), "{proof}");
    let second = prove(&staff);
    let list = staff.get("/verifications").expect(200);
    assert_eq!(list.body["data"], json!([second, proof]));
    let page = staff.get("/verifications?limit=1").expect(200);
    let after = page.body["next"].as_str().expect("a second page");
    let page = staff.get(&format!("/verifications?limit=1&after={after}")).expect(200);
    assert_eq!(page.body, json!({"data": [proof], "next": null}));
    staff.get("/verifications/999").expect_problem(404, "not_found");
    staff.post("/verifications", json!({"repair": true})).expect_problem(422, "invalid_fields");
}

#[test]
fn broken_books_are_named_with_a_few_of_their_rows() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..7).map(|_| shop.product(&staff, 70)).collect();
    shop.sql().query_drop("UPDATE stock SET on_hand = on_hand + 1").unwrap();
    let proof = prove(&staff);
    assert_eq!(proof["held"], false);
    let broken = proof["broken"].as_array().unwrap();
    let [on_hand] = &broken[..] else { panic!("{proof}") };
    assert_eq!(on_hand["name"], INVARIANTS[0].name);
    assert_eq!(on_hand["rows"], 7);
    assert_eq!(on_hand["columns"], json!(["product_id", "sequence", "stands", "should_be", "broken"]));
    let examples = on_hand["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 5);
    assert_eq!(
        examples[0].as_array().unwrap()[..4],
        [json!(products[0].to_string()), "NULL".into(), "71".into(), "70".into()]
    );
    assert_eq!(staff.get("/today").expect(200).body["last_verification"]["held"], false);
    shop.abandon();
}

#[test]
fn there_is_one_at_a_time_and_one_whose_process_died_makes_room() {
    let shop = Shop::open();
    let staff = shop.staff();
    let account = staff.get("/sessions/current").expect(200).body["account_id"].as_u64();
    // Of another process of the shop.
    let begun = "INSERT INTO upkeep (kind, at, account_id, at_work, alive_at)
                 VALUES ('verification', NOW(6), ?, 1, NOW(6) - INTERVAL 50 SECOND)";
    shop.sql().exec_drop(begun, (account,)).unwrap();
    let other = staff.get("/verifications").expect(200).body["data"][0].clone();
    assert_eq!((&other["running"], &other["held"]), (&json!(true), &Value::Null));
    let refused = staff.post("/verifications", json!({})).expect_problem(409, "verification_running");
    assert_eq!(refused.header("Retry-After"), Some("5"));
    // One that has not ended is not the last one that proved something.
    assert_eq!(staff.get("/today").expect(200).body["last_verification"], Value::Null);

    shop.sql().query_drop("UPDATE upkeep SET alive_at = alive_at - INTERVAL 15 SECOND").unwrap();
    let path = format!("/verifications/{}", other["id"]);
    let dead = staff.get(&path).expect(200).body;
    assert_eq!((&dead["running"], &dead["held"]), (&json!(false), &Value::Null));
    assert_eq!(prove(&staff)["held"], true);
    assert_eq!(staff.get(&path).expect(200).body, dead);
    // It was alive after all.
    let late = "UPDATE upkeep SET at_work = NULL, succeeded = 1 WHERE id = ?";
    shop.sql().exec_drop(late, (other["id"].as_u64(),)).unwrap();
    assert_eq!(staff.get(&path).expect(200).body["held"], true);
}

#[test]
fn the_same_request_again_begins_no_other() {
    let shop = Shop::open();
    let staff = shop.staff();
    let key = unique("key");
    let first = staff.post_once(&key, "/verifications", json!({})).expect(201);
    staff.verification();
    let again = staff.post_once(&key, "/verifications", json!({})).expect(201);
    assert_eq!((again.header("Idempotency-Replayed"), &again.text), (Some("true"), &first.text));
    assert_eq!(staff.get("/verifications").expect(200).body["data"].as_array().unwrap().len(), 1);
}

/// A shop with one connection to its database goes on selling while its books are proved for long, and the proof ends
/// although each of its statements waits longer than one of a request may.
#[test]
fn a_long_proof_takes_no_connection_of_the_pool_and_holds_nobody_up() {
    let mariadb = MariaDb::start();
    let database = mariadb.fresh_database();
    let shop = Shop::open_on(&mariadb, &database, &[("STOREKEEPER_DATABASE_CONNECTIONS", "1")]);
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let guest = shop.guest();
    // A table that is being altered holds up whoever reads it.
    let mut altering = shop.sql();
    altering.query_drop("LOCK TABLES hit_rates WRITE").unwrap();
    let begun = staff.post("/verifications", json!({})).expect(201).id();
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_secs(12) {
        guest.client.order(&[(product, 1)]).expect(201);
        let order = staff.get("/orders?limit=1").expect(200).body["data"][0]["id"].clone();
        staff.post(&format!("/orders/{order}/cancel"), json!({})).expect(200);
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    let running = staff.get(&format!("/verifications/{begun}")).expect(200).body;
    assert_eq!(running["running"], true);
    let alive = "SELECT alive_at > at + INTERVAL 5 SECOND FROM upkeep WHERE id = ?";
    let beats: Option<bool> = shop.sql().exec_first(alive, (begun,)).unwrap();
    assert_eq!(beats, Some(true), "it says that it lives");
    altering.query_drop("UNLOCK TABLES").unwrap();
    let proof = staff.verification();
    assert_eq!((&proof["id"], &proof["held"]), (&json!(begun), &json!(true)));
    assert!(proof["took_ms"].as_i64().unwrap() > 10_000, "{proof}");
}

#[test]
fn what_commands_have_done_is_kept_and_shown_today() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let nothing = clerk.get("/today").expect(200).body;
    for what in ["last_verification", "last_backup", "last_restore_drill"] {
        assert_eq!(nothing[what], Value::Null, "{what}");
    }
    run(&shop.database_url, &["verify"]).expect_success();
    let proof = staff.verification();
    assert_eq!((&proof["command"], &proof["account_id"]), (&json!("verify"), &Value::Null));
    assert_eq!((&proof["held"], &proof["broken"]), (&json!(true), &json!([])));
    run(&shop.database_url, &["note", "backup"]).expect_success();
    run(&shop.database_url, &["note", "restore-drill", "--failed"]).expect_success();
    let today = clerk.get("/today").expect(200).body;
    assert_eq!(today["last_verification"]["id"], proof["id"]);
    assert_eq!(
        (&today["last_verification"]["command"], &today["last_verification"]["held"]),
        (&json!("verify"), &json!(true))
    );
    assert_eq!(today["last_backup"]["succeeded"], true);
    assert_eq!(today["last_restore_drill"]["succeeded"], false);
    // They are no proofs.
    assert_eq!(staff.get("/verifications").expect(200).body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn the_newest_four_hundred_of_a_kind_are_kept() {
    let shop = Shop::open();
    let staff = shop.staff();
    let old = "INSERT INTO upkeep (kind, at, command, succeeded)
               WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 450)
               SELECT k.kind, NOW(6) - INTERVAL n HOUR, 'verify', 1
               FROM n, (SELECT 'verification' AS kind UNION ALL SELECT 'backup') k";
    shop.sql().query_drop(old).unwrap();
    let kept = |kind: &str| -> (u64, u64) {
        let sql = "SELECT COUNT(*), CAST(TIMESTAMPDIFF(HOUR, MIN(at), NOW(6)) AS UNSIGNED) FROM upkeep WHERE kind = ?";
        shop.sql().exec_first(sql, (kind,)).unwrap().unwrap()
    };
    prove(&staff);
    assert_eq!((kept("verification"), kept("backup").0), ((400, 399), 450));
    run(&shop.database_url, &["note", "backup"]).expect_success();
    assert_eq!(kept("backup"), (400, 399));
    run(&shop.database_url, &["verify"]).expect_success();
    assert_eq!(kept("verification").0, 400);
}
