//! Receivers that are away, refuse, ask to wait, lie, or want no more.

use serde_json::{Value, json};
use storekeeper::webhooks::run::Sent;

use super::delivery::{deliver, open, webhook};
use super::receiver::{Message, Receiver, Reply};
use crate::client::Client;
use crate::harness::Shop;

/// A shop with a webhook for new products and changed ones.
fn with_products() -> (Shop, Client, Receiver, String) {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created", "product.changed"]));
    (shop, manager, receiver, path)
}

fn reprice(manager: &Client, product: u64, price: &str) {
    manager.patch(&format!("/products/{product}"), json!({"price": price})).expect(200);
}

fn seconds_pass(shop: &Shop, seconds: i64) {
    shop.app.clock.advance(chrono::Duration::seconds(seconds));
}

#[test]
fn a_receiver_that_is_away_costs_one_attempt_a_pause_and_misses_nothing() {
    let (shop, manager, receiver, path) = with_products();
    // Nobody listens there.
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    manager.patch(&path, json!({"url": format!("http://{away}/")})).expect(200);
    for _ in 0..50 {
        shop.product(&manager, 1);
    }
    let mut attempts = 0;
    for (pause, tried) in [(0, 1), (4, 0), (3, 1), (299, 0), (62, 1), (1799, 0), (362, 1)] {
        seconds_pass(&shop, pause);
        assert_eq!(deliver(&shop), Sent { delivered: 0, failed: tried }, "after {pause}");
        attempts += tried;
    }
    let read = manager.get(&path).expect(200).body;
    assert_eq!(
        (&read["behind"], &read["state"], &read["delivered"]),
        (&json!(50), &json!("active"), &json!(0))
    );
    assert_eq!(
        (&read["last_attempt"]["status"], &read["last_attempt"]["error"]),
        (&Value::Null, &json!("the connection was refused"))
    );
    assert_eq!(
        manager.get(&format!("{path}/attempts")).expect(200).body["data"].as_array().unwrap().len() as u64,
        attempts
    );
    // It is back, at another address: tried at once.
    manager.patch(&path, json!({"url": receiver.url()})).expect(200);
    assert_eq!(deliver(&shop), Sent { delivered: 50, failed: 0 });
    assert!(receiver.numbers().is_sorted());
    assert_eq!(manager.get(&path).expect(200).body["behind"], 0);
}

#[test]
fn a_receiver_that_fails_is_back_off_and_then_told_all_that_happened() {
    let (shop, manager, receiver, path) = with_products();
    receiver.answers(|_| Reply::Status(500));
    for _ in 0..30 {
        shop.product(&manager, 1);
    }
    for pause in [0, 7, 361, 2161] {
        seconds_pass(&shop, pause);
        assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 1 });
        assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 0 });
    }
    assert_eq!(receiver.messages().len(), 4);
    let before = receiver.messages().clone();
    receiver.answers(|_| Reply::Status(200));
    seconds_pass(&shop, 8641);
    // Those that it has seen before come again by themselves, with their ids.
    assert_eq!(deliver(&shop), Sent { delivered: 30, failed: 0 });
    let messages = receiver.messages().clone();
    for seen in &before {
        let same = messages[4..].iter().filter(|message| message.number() == seen.number());
        assert_eq!(same.map(Message::id).collect::<Vec<_>>(), [seen.id()]);
    }
    let mut numbers = receiver.numbers();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 30);
    let read = manager.get(&path).expect(200).body;
    assert_eq!((&read["behind"], &read["delivered"], &read["given_up"]), (&json!(0), &json!(30), &json!(0)));
}

#[test]
fn one_event_that_is_refused_holds_up_its_object_alone() {
    for status in [422, 500] {
        let (shop, manager, receiver, path) = with_products();
        let [odd, even] = [(); 2].map(|()| shop.product(&manager, 1));
        receiver.answers(move |message| {
            Reply::Status(
                if message.body["data"]["object_id"] == odd && message.body["type"] == "product.created" {
                    status
                } else {
                    200
                },
            )
        });
        reprice(&manager, odd, "2");
        reprice(&manager, even, "2");
        reprice(&manager, odd, "3");
        for _ in 0..3 {
            deliver(&shop);
            seconds_pass(&shop, 7);
        }
        let told = |receiver: &Receiver, product: u64| {
            let messages = receiver.messages();
            let of_it = messages.iter().filter(|message| message.body["data"]["object_id"] == product);
            of_it.map(|message| message.body["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told(&receiver, even), ["product.created", "product.changed"], "{status}");
        assert_eq!(told(&receiver, odd), ["product.created"; 2], "{status}");
        assert_eq!(manager.get(&path).expect(200).body["behind"], 3, "{status}");
        receiver.answers(|_| Reply::Status(200));
        seconds_pass(&shop, 361);
        deliver(&shop);
        assert_eq!(
            told(&receiver, odd)[2..],
            ["product.created", "product.changed", "product.changed"],
            "{status}"
        );
        let numbers: Vec<u64> = receiver
            .messages()
            .iter()
            .filter(|message| message.body["data"]["object_id"] == odd)
            .map(Message::number)
            .collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
        let read = manager.get(&path).expect(200).body;
        assert_eq!((&read["behind"], &read["given_up"]), (&json!(0), &json!(0)), "{status}");
    }
}

#[test]
fn what_is_refused_for_three_days_is_given_up_and_said_and_a_replay_brings_it_back() {
    let (shop, manager, receiver, path) = with_products();
    let odd = shop.product(&manager, 1);
    receiver.answers(move |message| {
        Reply::Status(
            if message.body["data"]["object_id"] == odd && message.body["type"] == "product.created" {
                400
            } else {
                200
            },
        )
    });
    reprice(&manager, odd, "2");
    let mut refused = 0;
    for _ in 0..100 {
        // Somebody else is told all the time.
        shop.product(&manager, 1);
        refused += deliver(&shop).failed;
        shop.hours_pass(1);
    }
    assert!((9..=11).contains(&refused), "{refused}");
    let read = manager.get(&path).expect(200).body;
    for (name, value) in
        [("given_up", json!(1)), ("behind", json!(0)), ("state", json!("active")), ("delivered", json!(101))]
    {
        assert_eq!(read[name], value, "{name}");
    }
    let given_up = manager.get(&format!("{path}/attempts?outcome=given_up")).expect(200).body;
    let [attempt] = given_up["data"].as_array().unwrap().as_slice() else { panic!("{given_up}") };
    assert_eq!((&attempt["status"], &attempt["event_type"]), (&json!(400), &json!("product.created")));
    assert!(shop.metrics().contains("storekeeper_webhook_given_up_total{webhook=\"1\"} 1\n"));
    receiver.answers(|_| Reply::Status(200));
    let before = receiver.messages().len();
    manager
        .post(&format!("{path}/replay"), json!({"after": attempt["event_number"].as_u64().unwrap() - 1}))
        .expect(200);
    deliver(&shop);
    let messages = receiver.messages().clone();
    assert_eq!(messages.len() - before, 102);
    assert_eq!(messages[before].id(), messages[0].id());
}

#[test]
fn one_that_accepts_nothing_for_three_days_stops_and_goes_on_when_it_is_told_to() {
    for (status, reason) in [(Some(404), "404"), (Some(503), "503"), (Some(422), "422"), (None, "away")] {
        let (shop, manager, receiver, path) = with_products();
        receiver.answers(move |_| status.map_or(Reply::Nothing, Reply::Status));
        for _ in 0..5 {
            shop.product(&manager, 1);
        }
        for _ in 0..100 {
            deliver(&shop);
            shop.hours_pass(1);
        }
        let read = manager.get(&path).expect(200).body;
        for (name, value) in [
            ("state", json!("stopped")),
            ("active", json!(false)),
            ("stopped_reason", json!("failing")),
            ("behind", json!(5)),
            ("given_up", json!(0)),
        ] {
            assert_eq!(read[name], value, "{name} of {reason}");
        }
        let sent = receiver.messages().len();
        let most = if status == Some(422) { 5 * 11 } else { 12 };
        assert!((8..=most).contains(&sent), "{sent} of {reason}");
        assert!(shop.metrics().contains("storekeeper_webhook_stopped{webhook=\"1\"} 1\n"));
        let audit = manager.get("/audit?object=webhook").expect(200).body;
        assert_eq!(
            (&audit["data"][0]["command"], &audit["data"][0]["fields"]),
            (&json!("storekeeper-deliver"), &json!(["active"]))
        );
        shop.hours_pass(24 * 7);
        assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 0 });
        receiver.answers(|_| Reply::Status(200));
        manager.patch(&path, json!({"active": true})).expect(200);
        assert_eq!(deliver(&shop), Sent { delivered: 5, failed: 0 }, "{reason}");
        let read = manager.get(&path).expect(200).body;
        assert_eq!(
            (&read["state"], &read["stopped_at"], &read["behind"]),
            (&json!("active"), &Value::Null, &json!(0))
        );
    }
}

#[test]
fn one_that_is_gone_is_sent_nothing_more() {
    let (shop, manager, receiver, path) = with_products();
    receiver.answers(|_| Reply::Status(410));
    for _ in 0..3 {
        shop.product(&manager, 1);
    }
    assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 1 });
    shop.hours_pass(24);
    assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 0 });
    let read = manager.get(&path).expect(200).body;
    assert_eq!(
        (&read["state"], &read["stopped_reason"], &read["behind"]),
        (&json!("stopped"), &json!("gone"), &json!(3))
    );
    receiver.answers(|_| Reply::Status(200));
    manager.post(&format!("{path}/replay"), json!({"after": 0})).expect(200);
    assert_eq!(deliver(&shop), Sent { delivered: 3, failed: 0 });
}

#[test]
fn one_that_asks_to_wait_is_waited_for_within_bounds() {
    for (status, asked, early, late) in [
        (429, "60", 59, 14),
        (503, "60", 59, 14),
        (503, "0", 4, 3),
        (429, "999999", 86_399, 17_282),
        (500, "60", 4, 3),
        (503, "soon", 4, 3),
    ] {
        let (shop, manager, receiver, _) = with_products();
        shop.product(&manager, 1);
        let header = format!("Retry-After: {asked}\r\n");
        receiver.answers(move |_| Reply::With(status, header.clone()));
        assert_eq!(deliver(&shop).failed, 1);
        receiver.answers(|_| Reply::Status(200));
        seconds_pass(&shop, early);
        assert_eq!(deliver(&shop).delivered, 0, "{status} {asked} after {early}");
        seconds_pass(&shop, late);
        assert_eq!(deliver(&shop).delivered, 1, "{status} {asked} after {late} more");
    }
}

#[test]
fn whatever_a_receiver_says_instead_ends_soon_and_is_followed_nowhere() {
    let elsewhere = Receiver::open();
    let redirect = format!("Location: {}\r\n", elsewhere.url());
    let header = |bytes: usize| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(bytes)).into_bytes();
    for (reply, is_accepted) in [
        (Reply::Bytes(b"\x00\xff\x16\x03 nonsense\r\n\r\n".to_vec()), false),
        (Reply::Bytes(b"HTTP/1.1 two hundred\r\n\r\n".to_vec()), false),
        (
            Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello".to_vec()),
            false,
        ),
        (Reply::Bytes(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), false),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\n".to_vec()), false),
        (Reply::Bytes(header(1 << 20)), false),
        (Reply::Bytes(Vec::new()), false),
        (Reply::Nothing, false),
        (Reply::With(302, redirect.clone()), false),
        (Reply::With(307, redirect.clone()), false),
        (Reply::With(301, redirect), false),
        (Reply::Status(304), false),
        (Reply::Endless, true),
        (Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\nshort".to_vec()), true),
        (Reply::With(299, String::new()), true),
    ] {
        let (shop, manager, receiver, path) = with_products();
        shop.product(&manager, 1);
        let answered = reply.clone();
        receiver.answers(move |_| answered.clone());
        let started = std::time::Instant::now();
        let sent = deliver(&shop);
        let what = format!("{reply:?}");
        let what: String = what.chars().take(80).collect();
        assert_eq!(
            sent.delivered,
            u64::from(is_accepted),
            "{what}: {:?}",
            manager.get(&path).expect(200).body["last_attempt"]
        );
        assert!(started.elapsed().as_secs() < 10, "{what}");
    }
    assert_eq!(elsewhere.messages().len(), 0);
}

#[test]
fn where_private_addresses_are_refused_a_name_that_leads_to_one_is_not_connected_to() {
    let (mut shop, manager, receiver, path) = with_products();
    shop.product(&manager, 1);
    shop.stop();
    // The setting is another one since, or the name leads there by now.
    let mut sql = shop.sql();
    for url in [
        format!("https://localhost:{}/", receiver.port),
        receiver.url(),
        format!("https://[::ffff:127.0.0.1]:{}/", receiver.port),
    ] {
        mysql::prelude::Queryable::exec_drop(
            &mut sql,
            "UPDATE webhooks SET url = ?, failures = 0, failing_since = NULL, next_attempt_at = NULL",
            (&url,),
        )
        .unwrap();
        let mut command = crate::harness::storekeeper_deliver(&shop.database_url);
        let ended = crate::program::run_command(
            command.env("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "refuse").arg("--once"),
        );
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(1), "0 events delivered, 1 attempts failed\n"),
            "{url}: {}",
            ended.err
        );
        assert!(ended.err.contains("private address"), "{url}: {}", ended.err);
    }
    assert_eq!(receiver.messages().len(), 0);
    drop(path);
}
