//! Webhooks: made, read, changed and replayed by managers; and what the program sends to receivers that are well, slow, away or lie.

#[cfg(feature = "deliver")]
mod delivery;
#[cfg(feature = "deliver")]
mod failing;
#[cfg(feature = "deliver")]
mod program;
#[cfg(feature = "deliver")]
mod receiver;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::events::Kind;
use storekeeper::webhooks::WEBHOOKS_MAX;

use crate::client::{Answer, Client};
use crate::harness::Shop;
use crate::paging::walk;

const URL: &str = "https://shop.example/hooks";

fn made(manager: &Client, body: Value) -> Answer {
    manager.post("/webhooks", body).expect(201)
}

#[test]
fn a_webhook_reads_back_as_it_was_made_and_its_secret_is_shown_once() {
    let shop = Shop::open();
    let manager = shop.staff();
    let body = json!({"url": URL, "event_types": ["order.shipped", "order.placed", "order.shipped"], "description": " Mails "});
    let answer = made(&manager, body);
    let secret = answer.body["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == "whsec_".len() + 44, "{secret}");
    let path = answer.header("Location").expect("a Location").to_owned();
    let read = manager.get(&path).expect(200);
    let expected = json!({
        "id": answer.id(), "url": URL, "event_types": ["order.placed", "order.shipped"], "description": "Mails",
        "active": true, "state": "active", "stopped_at": null, "stopped_reason": null,
        "position": read.body["position"], "behind": 0, "behind_since": null, "delivered": 0, "given_up": 0, "lost": 0,
        "accepted_at": null, "last_attempt": null, "next_attempt_at": null, "old_secret_until": null,
        "created_at": read.body["created_at"], "updated_at": read.body["created_at"],
    });
    assert_eq!(read.body, expected);
    let list = manager.get("/webhooks").expect(200);
    assert_eq!(list.body["data"][0], read.body);
    for answer in [&read, &list, &manager.get(&format!("{path}/attempts")).expect(200)] {
        assert!(!answer.text.contains(&secret[6..]), "{}", answer.text);
    }
    assert_eq!(made(&manager, json!({"url": URL})).body["event_types"], Value::Null);
    manager.get("/webhooks/999").expect_problem(404, "not_found");
    manager.get("/webhooks/999/attempts").expect_problem(404, "not_found");
}

#[test]
fn what_happened_before_is_not_told() {
    let shop = Shop::open();
    let manager = shop.staff();
    for _ in 0..3 {
        shop.product(&manager, 1);
    }
    let webhook = made(&manager, json!({"url": URL}));
    assert_eq!((&webhook.body["behind"], &webhook.body["behind_since"]), (&json!(0), &Value::Null));
    shop.product(&manager, 0);
    assert_eq!(manager.get(&format!("/webhooks/{}", webhook.id())).expect(200).body["behind"], 1);
}

#[test]
fn every_bad_field_is_named() {
    let shop = Shop::open();
    let manager = shop.staff();
    let webhook = made(&manager, json!({"url": URL}));
    let path = format!("/webhooks/{}", webhook.id());
    let refused = |body: Value, bad: &[(&str, &str)]| {
        manager.post("/webhooks", body).expect_bad_fields(bad);
    };
    refused(json!({}), &[("url", "required")]);
    refused(
        json!({"url": 7, "event_types": "order.placed", "description": "x".repeat(201), "active": "perhaps"}),
        &[
            ("url", "wrong_type"),
            ("event_types", "wrong_type"),
            ("description", "too_long"),
            ("active", "invalid_boolean"),
        ],
    );
    refused(json!({"url": URL, "event_types": []}), &[("event_types", "invalid_length")]);
    refused(json!({"url": URL, "secret": "whsec_x"}), &[("secret", "unknown_field")]);
    let unknown = json!({"url": URL, "event_types": ["order.placed", "order.eaten"]});
    let answer = manager.post("/webhooks", unknown).expect_bad_fields(&[("event_types", "invalid_type")]);
    for kind in Kind::ALL {
        assert!(answer.text.contains(kind.text()), "{}", answer.text);
    }
    for (url, code) in [
        ("shop.example", "invalid_url"),
        ("http://shop.example/", "invalid_url"),
        ("https://ada:secret@shop.example/", "invalid_url"),
        ("https://shop.example/#top", "invalid_url"),
        ("https://127.0.0.1/", "private_address"),
        ("https://[::ffff:10.0.0.1]/", "private_address"),
        ("https://localhost:8080/", "private_address"),
    ] {
        refused(json!({"url": url}), &[("url", code)]);
        manager.patch(&path, json!({"url": url})).expect_bad_fields(&[("url", code)]);
    }
    manager
        .patch(&path, json!({"url": null, "active": null}))
        .expect_bad_fields(&[("url", "required"), ("active", "required")]);
    manager.post(&format!("{path}/replay"), json!({})).expect_bad_fields(&[("after", "required")]);
    manager
        .post(&format!("{path}/replay"), json!({"after": -1}))
        .expect_bad_fields(&[("after", "invalid_number")]);
    manager
        .get(&format!("{path}/attempts?outcome=eaten"))
        .expect_bad_fields(&[("outcome", "invalid_outcome")]);
    assert_eq!(manager.get("/webhooks").expect(200).body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_shop_may_let_its_own_networks_in() {
    let shop = Shop::open_with(&[("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "allow")]);
    let manager = shop.staff();
    for url in ["http://127.0.0.1:9/", "http://localhost/hooks", "https://10.0.0.7/", "http://till.local/"] {
        assert_eq!(made(&manager, json!({"url": url})).body["url"], url);
    }
    manager
        .post("/webhooks", json!({"url": "http://0.0.0.0/"}))
        .expect_bad_fields(&[("url", "private_address")]);
}

#[test]
fn what_is_named_is_changed_and_cleared_and_the_rest_stays() {
    let shop = Shop::open();
    let manager = shop.staff();
    let webhook =
        made(&manager, json!({"url": URL, "event_types": ["order.placed"], "description": "Mails"}));
    let path = format!("/webhooks/{}", webhook.id());
    let etag = manager.get(&path).expect(200).etag().to_owned();
    let moved = manager.patch(&path, json!({"url": "https://shop.example/2"})).expect(200);
    assert_eq!(
        (&moved.body["url"], &moved.body["description"]),
        (&json!("https://shop.example/2"), &json!("Mails"))
    );
    let stale =
        manager.request("PATCH", &path).header("If-Match", &etag).json(json!({"active": false})).send();
    stale.expect_problem(412, "precondition_failed");
    let paused =
        manager.patch(&path, json!({"active": false, "event_types": null, "description": ""})).expect(200);
    for (name, value) in [
        ("state", json!("paused")),
        ("active", json!(false)),
        ("event_types", Value::Null),
        ("description", Value::Null),
    ] {
        assert_eq!(paused.body[name], value, "{name}");
    }
    assert_eq!(manager.patch(&path, json!({"active": true})).expect(200).body["state"], "active");
    let audit = manager.get("/audit?object=webhook&limit=100").expect(200);
    let entries: Vec<_> = audit.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].clone(), entry["fields"].clone()))
        .collect();
    assert_eq!(
        entries,
        [
            (json!("changed"), json!(["active"])),
            (json!("changed"), json!(["active", "description", "event_types"])),
            (json!("changed"), json!(["url"])),
            (json!("created"), json!(["active", "description", "event_types", "url"])),
        ]
    );
    manager.delete(&path).expect(204);
    manager.delete(&path).expect_problem(404, "not_found");
    manager.get(&path).expect_problem(404, "not_found");
}

#[test]
fn there_are_so_many_and_no_more_however_many_are_made_at_once() {
    let shop = Shop::open();
    let manager = shop.staff();
    for _ in 0..WEBHOOKS_MAX - 2 {
        made(&manager, json!({"url": URL}));
    }
    let statuses: Vec<u16> =
        crate::shelves::together(6, |_| manager.post("/webhooks", json!({"url": URL})).status);
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 2, "{statuses:?}");
    let refused = manager.post("/webhooks", json!({"url": URL})).expect_problem(409, "too_many_webhooks");
    assert!(refused.text.contains("20 webhooks"), "{}", refused.text);
    assert_eq!(walk(&manager, "/webhooks", 7).len() as u64, WEBHOOKS_MAX);
}

#[test]
fn what_nobody_has_sent_yet_is_told_even_where_nobody_numbers_it() {
    let shop = Shop::open();
    let manager = shop.staff();
    let all = made(&manager, json!({"url": URL})).id();
    let orders = made(&manager, json!({"url": URL, "event_types": ["order.placed"]})).id();
    let before = shop.app.clock.now();
    let product = shop.product(&manager, 10);
    shop.guest().client.order(&[(product, 1)]).expect(201);
    for numbered in [false, true] {
        if numbered {
            manager.get("/events").expect(200);
        }
        let entries: u64 = shop
            .sql()
            .query_first("SELECT (SELECT COUNT(*) FROM events) + (SELECT COUNT(*) FROM events_unnumbered)")
            .unwrap()
            .unwrap();
        let of = |id: u64| manager.get(&format!("/webhooks/{id}")).expect(200).body;
        assert_eq!(
            (of(all)["behind"].as_u64(), of(orders)["behind"].as_u64()),
            (Some(entries), Some(1)),
            "{numbered}"
        );
        assert!(of(orders)["behind_since"].as_str().unwrap() > before.to_string().as_str());
        let metrics = shop.metrics();
        assert!(
            metrics.contains(&format!("storekeeper_webhook_behind{{webhook=\"{orders}\"}} 1\n")),
            "{metrics}"
        );
    }
}

#[test]
fn a_secret_is_rotated_once_however_often_it_is_asked_for() {
    let shop = Shop::open();
    let manager = shop.staff();
    let webhook = made(&manager, json!({"url": URL}));
    let path = format!("/webhooks/{}/rotate_secret", webhook.id());
    let [first, again] = [(); 2].map(|()| manager.post_once("rotate", &path, json!({})).expect(200));
    assert_ne!(first.body["secret"], webhook.body["secret"]);
    assert!(first.body["secret"].is_string() && again.body["secret"].is_null(), "{}", again.text);
    assert_eq!(first.body["old_secret_until"], again.body["old_secret_until"]);
    let kept: Vec<Vec<u8>> = shop.sql().query("SELECT old_secret FROM webhooks").unwrap();
    let old = webhook.body["secret"].as_str().unwrap();
    assert_eq!(base64(&kept[0]), old["whsec_".len()..]);
    // A day later the second rotation ends what the first has left.
    let third = manager.post(&path, json!({})).expect(200);
    let kept: Vec<Vec<u8>> = shop.sql().query("SELECT old_secret FROM webhooks").unwrap();
    assert_eq!(base64(&kept[0]), first.body["secret"].as_str().unwrap()["whsec_".len()..]);
    assert_ne!(third.body["secret"], first.body["secret"]);
}

/// By hand, so that nothing of the program's own is believed.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() { '=' } else { digit.into() });
        }
    }
    text
}
