//! What a receiver that is well is sent.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::webhooks::run::{self, Sent};

use super::receiver::{Message, Receiver, Reply};
use crate::client::Client;
use crate::harness::Shop;

/// A shop whose webhooks may go to this machine.
pub fn open() -> (Shop, Client, Receiver) {
    let shop = Shop::open_with(&[("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "allow")]);
    let manager = shop.staff();
    (shop, manager, Receiver::open())
}

/// Makes a webhook to the receiver, and returns its path and secret.
pub fn webhook(manager: &Client, receiver: &Receiver, types: Option<&[&str]>) -> (String, String) {
    let made = manager.post("/webhooks", json!({"url": receiver.url(), "event_types": types})).expect(201);
    (format!("/webhooks/{}", made.id()), made.body["secret"].as_str().unwrap().to_owned())
}

/// Sends what is due now.
pub fn deliver(shop: &Shop) -> Sent {
    run::once(&shop.app, &AtomicBool::new(false)).expect("a run")
}

/// What the feed holds, by number.
pub fn feed(manager: &Client) -> Vec<Value> {
    // Its `next` never ends.
    manager.get("/events?limit=100").expect(200).body["data"].as_array().unwrap().clone()
}

#[test]
fn every_event_is_sent_once_in_order_signed_and_as_the_feed_shows_it() {
    let (shop, manager, receiver) = open();
    let (path, secret) = webhook(&manager, &receiver, None);
    let product = shop.product(&manager, 10);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    manager.post(&format!("/orders/{order}/ship"), json!({})).expect(200);
    let events = feed(&manager);
    assert_eq!(deliver(&shop), Sent { delivered: events.len() as u64, failed: 0 });
    assert_eq!(deliver(&shop), Sent { delivered: 0, failed: 0 });
    let messages = receiver.messages().clone();
    assert_eq!(messages.len(), events.len());
    for (message, event) in messages.iter().zip(&events) {
        assert_eq!(message.body, json!({"type": event["type"], "timestamp": event["at"], "data": event}));
        assert!(message.is_signed_with(&secret), "{message:?}");
        assert!(!message.is_signed_with(&format!("whsec_{}=", "A".repeat(43))));
        assert_eq!(
            (message.path.as_str(), message.headers["content-type"].as_str()),
            ("/hooks", "application/json")
        );
        let at: i64 = message.headers["webhook-timestamp"].parse().unwrap();
        assert!((at - shop.app.clock.now().0.and_utc().timestamp()).abs() < 60);
    }
    let mut ids: Vec<&str> = messages.iter().map(Message::id).collect();
    ids.dedup();
    assert_eq!(ids.len(), messages.len());
    let read = manager.get(&path).expect(200).body;
    for (name, value) in [
        ("position", json!(events.len())),
        ("delivered", json!(events.len())),
        ("behind", json!(0)),
        ("next_attempt_at", Value::Null),
    ] {
        assert_eq!(read[name], value, "{name}");
    }
    assert_eq!(
        (&read["last_attempt"]["status"], &read["last_attempt"]["outcome"]),
        (&json!(204), &json!("delivered"))
    );
    let attempts = manager.get(&format!("{path}/attempts?limit=100")).expect(200).body;
    assert_eq!(attempts["data"].as_array().unwrap().len(), events.len());
    assert_eq!(attempts["data"][0]["event_number"], json!(events.len()));
}

#[test]
fn only_the_types_that_it_wants_are_sent_and_only_what_happens_from_then_on() {
    let (shop, manager, receiver) = open();
    let product = shop.product(&manager, 10);
    manager.get("/events").expect(200);
    let (path, _) = webhook(&manager, &receiver, Some(&["order.placed", "order.cancelled"]));
    let guest = shop.guest().client;
    let orders = [(); 2].map(|()| guest.order(&[(product, 1)]).expect(201).id());
    manager.post(&format!("/orders/{}/cancel", orders[0]), json!({})).expect(200);
    deliver(&shop);
    let told: Vec<_> = receiver
        .messages()
        .iter()
        .map(|message| (message.body["type"].clone(), message.body["data"]["object_id"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("order.placed"), json!(orders[0])),
            (json!("order.placed"), json!(orders[1])),
            (json!("order.cancelled"), json!(orders[0]))
        ]
    );
    // What it does not want is behind it too.
    manager.patch(&format!("/products/{product}"), json!({"price": "3"})).expect(200);
    deliver(&shop);
    let last = feed(&manager).len();
    assert_eq!(manager.get(&path).expect(200).body["position"], json!(last));
    assert_eq!(receiver.messages().len(), 3);
}

#[test]
fn for_a_day_both_secrets_sign() {
    let (shop, manager, receiver) = open();
    let (path, old) = webhook(&manager, &receiver, Some(&["product.created"]));
    let rotated = manager.post(&format!("{path}/rotate_secret"), json!({})).expect(200);
    let new = rotated.body["secret"].as_str().unwrap().to_owned();
    let sent_with = |secrets: [bool; 2]| {
        shop.product(&manager, 1);
        deliver(&shop);
        let message = receiver.messages().last().unwrap().clone();
        assert_eq!([message.is_signed_with(&old), message.is_signed_with(&new)], secrets);
        assert_eq!(
            message.headers["webhook-signature"].split(' ').count(),
            secrets.iter().filter(|signs| **signs).count()
        );
    };
    sent_with([true, true]);
    shop.hours_pass(23);
    sent_with([true, true]);
    shop.hours_pass(1);
    sent_with([false, true]);
}

#[test]
fn a_replay_sends_the_same_ids_again_and_what_is_not_kept_is_refused() {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created"]));
    for _ in 0..4 {
        shop.product(&manager, 1);
    }
    deliver(&shop);
    let first = receiver.messages().clone();
    assert_eq!(first.len(), 4);
    let after = first[1].number();
    let again = manager.post_once("replay", &format!("{path}/replay"), json!({"after": after})).expect(200);
    assert_eq!((&again.body["position"], &again.body["behind"]), (&json!(after), &json!(2)));
    deliver(&shop);
    // Under its key it is done once.
    manager.post_once("replay", &format!("{path}/replay"), json!({"after": after})).expect(200);
    deliver(&shop);
    let all = receiver.messages().clone();
    let ids =
        |messages: &[Message]| messages.iter().map(|message| message.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&all[4..]), ids(&first[2..]));
    assert_eq!((&all[4].text, all.len()), (&first[2].text, 6));
    // Going forward leaves nothing out.
    manager.patch(&path, json!({"active": false})).expect(200);
    shop.product(&manager, 1);
    let last = feed(&manager).len();
    let forward = manager.post(&format!("{path}/replay"), json!({"after": last})).expect(200);
    assert_eq!((&forward.body["behind"], &forward.body["state"]), (&json!(1), &json!("active")));
    let refused = manager
        .post(&format!("{path}/replay"), json!({"after": last + 1}))
        .expect_problem(409, "event_not_kept");
    assert!(refused.text.contains(&format!("Events 1 to {last} are kept")), "{}", refused.text);
    shop.sql().query_drop("UPDATE event_feed SET pruned_number = 3").unwrap();
    shop.sql().query_drop("DELETE FROM events WHERE number <= 3").unwrap();
    let refused =
        manager.post(&format!("{path}/replay"), json!({"after": 2})).expect_problem(409, "event_not_kept");
    assert!(refused.text.contains("Events 4 to"), "{}", refused.text);
    manager.post(&format!("{path}/replay"), json!({"after": 3})).expect(200);
}

#[test]
fn a_webhook_that_is_paused_goes_on_where_it_was_and_says_what_is_gone() {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created"]));
    manager.patch(&path, json!({"active": false})).expect(200);
    shop.product(&manager, 1);
    assert_eq!(
        (deliver(&shop).delivered, manager.get(&path).expect(200).body["behind"].clone()),
        (0, json!(1))
    );
    manager.patch(&path, json!({"active": true})).expect(200);
    assert_eq!(deliver(&shop).delivered, 1);
    manager.patch(&path, json!({"active": false})).expect(200);
    shop.product(&manager, 1);
    feed(&manager);
    let gone: u64 = shop.sql().query_first("SELECT last_number FROM event_feed").unwrap().unwrap();
    shop.sql().query_drop("UPDATE event_feed SET pruned_number = last_number").unwrap();
    shop.sql().query_drop("DELETE FROM events").unwrap();
    let position = manager.get(&path).expect(200).body["position"].as_u64().unwrap();
    shop.product(&manager, 1);
    manager.patch(&path, json!({"active": true})).expect(200);
    assert_eq!(deliver(&shop).delivered, 1);
    let read = manager.get(&path).expect(200).body;
    assert_eq!((read["lost"].as_u64(), &read["behind"]), (Some(gone - position), &json!(0)));
}

#[test]
fn the_last_attempts_are_kept_and_no_more() {
    let (shop, manager, receiver) = open();
    let (path, _) = webhook(&manager, &receiver, Some(&["product.created"]));
    shop.product(&manager, 1);
    deliver(&shop);
    let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let mut sql = shop.sql();
    let many = "INSERT INTO webhook_attempts SELECT webhook_id, attempt + s.n, number, type, at, outcome, status, error, duration_ms
                FROM webhook_attempts, (SELECT ROW_NUMBER() OVER () AS n FROM information_schema.columns LIMIT 1200) s WHERE webhook_id = ?";
    sql.exec_drop(many, (id,)).unwrap();
    sql.exec_drop("UPDATE webhooks SET attempts = 1201 WHERE id = ?", (id,)).unwrap();
    shop.product(&manager, 1);
    deliver(&shop);
    let kept: (u64, u64) =
        sql.query_first("SELECT COUNT(*), MIN(attempt) FROM webhook_attempts").unwrap().unwrap();
    assert_eq!(kept, (1000, 203));
    assert_eq!(manager.all_pages(&format!("{path}/attempts?limit=100")).len(), 1000);
    // And for a month.
    sql.query_drop("UPDATE webhook_attempts SET at = at - INTERVAL 31 DAY WHERE attempt <= 1000").unwrap();
    let said = crate::program::run(&shop.database_url, &["prune"]).expect_success();
    assert!(said.contains("798 old attempts of webhooks"), "{said}");
    manager.delete(&path).expect(204);
    let left: u64 = sql.query_first("SELECT COUNT(*) FROM webhook_attempts").unwrap().unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_slow_receiver_holds_up_nobody_else() {
    let (shop, manager, receiver) = open();
    let slow = Receiver::open();
    slow.answers(|_| Reply::Slow(Duration::from_millis(700), 200));
    webhook(&manager, &slow, Some(&["product.created"]));
    webhook(&manager, &receiver, Some(&["product.created"]));
    for _ in 0..3 {
        shop.product(&manager, 1);
    }
    let started = std::time::Instant::now();
    let quick = receiver.clone();
    let watching = std::thread::spawn(move || {
        crate::fixtures::until("the quick one is told all", || quick.messages().len() == 3);
        started.elapsed()
    });
    assert_eq!(deliver(&shop), Sent { delivered: 6, failed: 0 });
    assert!(
        watching.join().unwrap() < Duration::from_millis(1400)
            && started.elapsed() > Duration::from_millis(2000)
    );
    assert_eq!(slow.at_once_max(), 1);
}
