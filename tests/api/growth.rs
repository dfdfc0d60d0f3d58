//! What a customer cannot make grow. Sessions, failed logins and stored answers have tests of their own.

use std::net::{IpAddr, Ipv4Addr};

use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::db;

use crate::fixtures::{CUSTOMER_PASSWORD, items_json};
use crate::harness::Shop;

#[test]
fn nothing_that_a_customer_does_leaves_a_line_in_the_audit_log() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 9);
    let lines = || -> u64 { shop.sql().query_first("SELECT COUNT(*) FROM audit_log").unwrap().unwrap() };
    let before = lines();
    let (customer, username) = shop.customer_with_account();
    let client = &customer.client;
    let path = format!("/customers/{}", customer.id);
    client.patch(&path, json!({"name": "Grace"})).expect(200);
    let account = client.get(&path).expect(200).body["account_id"].as_u64().unwrap();
    let account = format!("/customer_accounts/{account}");
    let password = json!({"password": "another password of hers", "current_password": CUSTOMER_PASSWORD});
    client.patch(&account, password).expect(200);
    let wrong = json!({"username": username, "password": "wrong"});
    shop.anyone().post("/sessions", wrong).expect_problem(401, "wrong_credentials");
    let again = shop.with_token(&shop.log_in(&username, "another password of hers"));
    let order = client.post("/orders", json!({"items": items_json(&[(product, 1)])})).expect(201).id();
    client.post(&format!("/orders/{order}/cancel"), json!({})).expect(200);
    client
        .post("/orders", json!({"items": items_json(&[(product, 10)])}))
        .expect_problem(409, "out_of_stock");
    again.delete("/sessions/current").expect(204);
    client.delete(&account).expect(204);
    let guest = shop.guest();
    guest.client.delete(&format!("/customers/{}", guest.id)).expect(204);
    assert_eq!(lines(), before);
}

#[test]
fn an_account_is_known_on_64_networks_and_the_newest_is_one_of_them() {
    let shop = Shop::open();
    let (customer, _) = shop.customer_with_account();
    let path = format!("/customers/{}", customer.id);
    let account = customer.client.get(&path).expect(200).body["account_id"].as_u64().unwrap();
    let keys = shop.app.throttle.keys(&shop.app.pool).unwrap();
    for third in 0..=255 {
        for last in [1, 2, 3] {
            let network = keys.network(IpAddr::V4(Ipv4Addr::new(192, 0, third, last)));
            db::transaction(&shop.app.pool, |tx| network.keep(tx, account)).unwrap();
        }
    }
    let newest = keys.network(IpAddr::V4(Ipv4Addr::new(192, 0, 255, 3)));
    let (place, newest) = newest.stored();
    let sql =
        "SELECT COUNT(*), SUM(place = ? AND network_sha256 = ?) FROM known_networks WHERE account_id = ?";
    let found: Option<(u64, u64)> = shop.sql().exec_first(sql, (place, newest, account)).unwrap();
    assert_eq!(found, Some((64, 1)));
}
