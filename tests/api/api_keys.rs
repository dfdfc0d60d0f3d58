//! Keys for programs: made once, good for what they are for, and named wherever they change something.

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::items_json;
use crate::harness::Shop;

struct Key {
    id: u64,
    path: String,
    client: Client,
}

fn key(shop: &Shop, manager: &Client, scopes: &[&str]) -> Key {
    let made = manager.post("/api_keys", json!({"name": "Till", "scopes": scopes})).expect(201);
    let path = made.header("Location").expect("a Location").to_owned();
    Key { id: made.id(), path, client: shop.with_token(made.body["key"].as_str().expect("a key")) }
}

#[test]
fn a_key_is_shown_once_and_only_its_digest_is_stored() {
    let shop = Shop::open();
    let manager = shop.staff();
    let scopes = ["orders:write", "catalogue:read", "orders:write"];
    let made = manager.post("/api_keys", json!({"name": " Shop front ", "scopes": scopes})).expect(201);
    let secret = made.body["key"].as_str().expect("a key").to_owned();
    assert!(secret.starts_with("storekeeper_") && secret.len() == "storekeeper_".len() + 64, "{secret}");
    assert_eq!(made.body["scopes"], json!(["catalogue:read", "orders:write"]));
    assert_eq!((&made.body["name"], &made.body["last_used_at"]), (&json!("Shop front"), &Value::Null));
    let read = manager.get(made.header("Location").unwrap()).expect(200);
    let list = manager.get("/api_keys").expect(200);
    assert_eq!(list.body["data"][0], read.body);
    for answer in [&read, &list] {
        assert!(!answer.text.contains(&secret[20..]), "{}", answer.text);
    }
    let sql = "SELECT SUM(key_sha256 = UNHEX(SHA2(?, 256))) FROM api_keys";
    let found: Option<u64> = shop.sql().exec_first(sql, (&secret,)).unwrap();
    assert_eq!(found, Some(1));
}

#[test]
fn every_bad_field_of_a_key_is_named() {
    let shop = Shop::open();
    let manager = shop.staff();
    let refused = |body: Value, bad: &[(&str, &str)]| {
        manager.post("/api_keys", body).expect_bad_fields(bad);
    };
    refused(json!({}), &[("name", "required"), ("scopes", "required")]);
    refused(json!({"name": "", "scopes": []}), &[("name", "blank"), ("scopes", "invalid_length")]);
    refused(json!({"name": 1, "scopes": "orders:read"}), &[("name", "wrong_type"), ("scopes", "wrong_type")]);
    refused(
        json!({"name": "Till", "scopes": ["orders:read", "staff:write"]}),
        &[("scopes", "invalid_scope")],
    );
    refused(json!({"name": "Till", "scopes": ["orders:read", 7]}), &[("scopes", "invalid_scope")]);
    refused(json!({"name": "Till", "scopes": vec!["orders:read"; 13]}), &[("scopes", "invalid_length")]);
    for (time, code) in [
        ("2020-01-01T00:00:00Z", "invalid_expiry"),
        ("2999-01-01T00:00:00Z", "invalid_expiry"),
        ("tomorrow", "invalid_time"),
    ] {
        let body = json!({"name": "Till", "scopes": ["orders:read"], "expires_at": time});
        refused(body, &[("expires_at", code)]);
    }
    assert_eq!(manager.get("/api_keys").expect(200).body["data"], json!([]));
}

#[test]
fn a_key_is_made_once_however_often_it_is_asked_for_and_shown_with_the_first_answer_only() {
    let shop = Shop::open();
    let manager = shop.staff();
    let retried = json!({"name": "Till", "scopes": ["orders:read"]});
    let [first, again] =
        [(); 2].map(|()| manager.post_once("a-key", "/api_keys", retried.clone()).expect(201));
    assert_eq!(first.id(), again.id());
    assert!(first.body["key"].is_string() && again.body["key"].is_null(), "{}", again.text);
    assert_eq!(manager.get("/api_keys").expect(200).body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_ends_when_it_expires_or_is_revoked_and_stays_in_the_list() {
    let shop = Shop::open();
    let manager = shop.staff();
    let (revoked, kept) = (key(&shop, &manager, &["orders:read"]), key(&shop, &manager, &["orders:read"]));
    for key in [&revoked, &kept] {
        key.client.get("/orders").expect(200);
        assert_ne!(manager.get(&key.path).expect(200).body["last_used_at"], Value::Null);
    }
    for _ in 0..2 {
        manager.delete(&revoked.path).expect(204);
    }
    revoked.client.get("/orders").expect_problem(401, "unauthenticated");
    revoked.client.get("/products").expect_problem(401, "unauthenticated");
    kept.client.get("/orders").expect(200);
    assert_ne!(manager.get(&revoked.path).expect(200).body["revoked_at"], Value::Null);
    assert_eq!(manager.get("/api_keys").expect(200).body["data"].as_array().unwrap().len(), 2);
    manager.delete("/api_keys/999999").expect_problem(404, "not_found");
    shop.app.clock.advance(Duration::days(364));
    kept.client.get("/orders").expect(200);
    shop.app.clock.advance(Duration::days(1));
    kept.client.get("/orders").expect_problem(401, "unauthenticated");
}

#[test]
fn a_key_of_another_spelling_is_none() {
    let shop = Shop::open();
    let made = key(&shop, &shop.staff(), &["orders:read"]);
    let secret = made.client.token();
    for wrong in [
        secret.to_uppercase(),
        format!("{secret}0"),
        secret.replace("storekeeper_", ""),
        "storekeeper_".into(),
    ] {
        shop.with_token(&wrong).get("/orders").expect_problem(401, "unauthenticated");
    }
}

#[test]
fn the_refusal_names_the_scope_that_is_needed() {
    let shop = Shop::open();
    let key = key(&shop, &shop.staff(), &["orders:read"]);
    let refused = key.client.post("/orders", json!({})).expect_problem(403, "forbidden");
    assert!(refused.body["detail"].as_str().unwrap().contains("orders:write"), "{}", refused.text);
    key.client.get("/api_keys").expect_problem(403, "forbidden");
    key.client.get("/sessions/current").expect_problem(403, "forbidden");
}

#[test]
fn what_a_key_does_is_done_once_and_names_the_key() {
    let shop = Shop::open();
    let manager = shop.staff();
    let product = shop.product(&manager, 10);
    let guest = shop.guest();
    let till =
        key(&shop, &manager, &["orders:read", "orders:write", "stock:read", "stock:write", "restock:write"]);
    let order = json!({"customer_id": guest.id, "items": items_json(&[(product, 2)])});
    let placed = till.client.post_once("once", "/orders", order.clone()).expect(201);
    let again = till.client.post_once("once", "/orders", order.clone()).expect(201);
    assert_eq!((again.text, again.headers["idempotency-replayed"].as_str()), (placed.text.clone(), "true"));
    // Another caller's key of the same name is another key.
    manager
        .post_once("once", "/orders", json!({"customer_id": guest.id, "items": items_json(&[(product, 1)])}))
        .expect(201);

    let path = format!("/orders/{}", placed.id());
    till.client.post(&format!("{path}/ship"), json!({})).expect(200);
    let track = till.client.get(&format!("{path}/track")).expect(200);
    for event in track.body["events"].as_array().unwrap() {
        assert_eq!((&event["actor_api_key_id"], &event["actor_account_id"]), (&json!(till.id), &Value::Null));
    }
    let for_customer = guest.client.get(&format!("{path}/track")).expect(200);
    assert_eq!(for_customer.body["events"][0].get("actor_api_key_id"), None);

    let movements = format!("/products/{product}/stock/movements");
    till.client.post(&movements, json!({"delta": -1, "reason": "damaged"})).expect(201);
    let named = json!({"account_id": null, "username": null, "api_key_id": till.id, "api_key_name": "Till"});
    let ledger = till.client.get(&movements).expect(200);
    assert_eq!((&ledger.body["data"][0]["actor"], &ledger.body["data"][1]["actor"]), (&named, &named));

    let run = till.client.post("/restock/runs", json!({"product_id": product})).expect(201);
    assert_eq!((&run.body["actor_api_key_id"], &run.body["source"]), (&json!(till.id), &json!("api")));
}

#[test]
fn steps_of_staff_and_customers_are_told_apart() {
    let shop = Shop::open();
    let staff = shop.staff();
    let account = staff.get("/sessions/current").expect(200).body["account_id"].clone();
    let product = shop.product(&staff, 10);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    staff.post(&format!("/orders/{order}/ship"), json!({})).expect(200);
    let track = staff.get(&format!("/orders/{order}/track")).expect(200);
    let actors: Vec<&Value> =
        track.body["events"].as_array().unwrap().iter().map(|event| &event["actor_account_id"]).collect();
    assert_eq!(actors, [&Value::Null, &account]);
}
