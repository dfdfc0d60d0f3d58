//! Programs that are told what happens, seen to at the desk.

use mysql::prelude::Queryable;
use regex::Regex;
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::client::Client;
use crate::harness::Shop;

const PAGE: &str = "/desk/webhooks";
const URL: &str = "https://till.example/hooks";

fn secret_on(page: &Page) -> Option<String> {
    let found = Regex::new("whsec_[A-Za-z0-9+/]{43}=").unwrap().find(&page.html)?;
    Some(found.as_str().to_owned())
}

fn read(manager: &Client, id: u64) -> Value {
    manager.get(&format!("/webhooks/{id}")).expect(200).body
}

/// A webhook, and its page.
fn webhook(manager: &Client, more: Value) -> (u64, String) {
    let mut body = json!({"url": URL});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = manager.post("/webhooks", body).expect(201).id();
    (id, format!("{PAGE}/{id}"))
}

#[test]
fn a_webhook_is_made_and_its_secret_shown_once() {
    let shop = Shop::open();
    let mut manager = shop.manager_at_desk();
    assert!(manager.open("/desk/house").links().contains(&PAGE.to_owned()));
    let form = manager.open(PAGE).expect(200).form("new_webhook");
    let wrong = manager.send(&form, &[("url", "http://127.0.0.1/hooks")]).expect(422);
    assert!(wrong.says("Address"), "{}", wrong.text());
    let form = wrong.form("new_webhook");
    assert_eq!(form.get("url"), Some("http://127.0.0.1/hooks"));
    let typed = [("url", URL), ("description", "Till"), ("event_types[]", "order.shipped")];
    let made = manager.send(&form, &typed).expect(200);
    let secret = secret_on(&made).expect("a secret");
    assert!(made.says("it is shown this once") && made.says("Order shipped"), "{}", made.text());
    let again = manager.send(&form, &typed).expect(200);
    assert!(again.says("was shown when it was") && secret_on(&again).is_none(), "{}", again.text());
    let list = shop.staff().get("/webhooks").expect(200).body["data"].clone();
    assert_eq!(
        (list.as_array().map(Vec::len), &list[0]["event_types"]),
        (Some(1), &json!(["order.shipped"]))
    );
    let page = manager.open(&format!("{PAGE}/{}", list[0]["id"])).expect(200);
    assert!(page.says("Word to till.example") && page.says("knows everything"), "{}", page.text());
    assert!(!page.html.contains(&secret));
    // Without a tick it is told of everything.
    let form = manager.open(PAGE).form("new_webhook");
    manager.send(&form, &[("url", URL)]).expect(200);
    let list = shop.staff().get("/webhooks").expect(200).body["data"].clone();
    assert_eq!(list[1]["event_types"], Value::Null);
}

#[test]
fn a_webhook_is_changed_paused_rotated_replayed_and_removed() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (id, path) = webhook(&staff, json!({"event_types": ["order.placed", "order.shipped"]}));
    let mut manager = shop.manager_at_desk();
    let change = manager.open(&path).expect(200).form("change_webhook");
    let ticked: Vec<&str> = change
        .fields
        .iter()
        .filter(|(name, _)| name == "event_types[]")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(ticked, ["order.placed", "order.shipped"]);
    let saved = manager.send(&change, &[("description", "Mails")]).expect(200);
    assert!(saved.says("Saved.") && saved.says("Mails"), "{}", saved.text());
    // The ticks taken out again: everything.
    let mut change = saved.form("change_webhook");
    change.fields.retain(|(name, _)| name != "event_types[]");
    manager.send(&change, &[]).expect(200);
    assert_eq!(read(&staff, id)["event_types"], Value::Null);
    let stale = manager.send(&change, &[("description", "Other")]).expect(412);
    assert!(stale.says("Somebody has changed this meanwhile") && stale.html.contains("<details open>"));

    let pause = manager.open(&path).form("pause_webhook");
    let paused = manager.send(&pause, &[]).expect(200);
    assert!(paused.says("Paused.") && !paused.has_form("pause_webhook"), "{}", paused.text());
    assert_eq!(read(&staff, id)["state"], "paused");
    shop.product(&staff, 1);
    let behind = manager.open(PAGE).expect(200);
    assert!(behind.says("behind by") && behind.says("paused"), "{}", behind.text());
    let resumed = manager.send(&paused.form("resume_webhook"), &[]).expect(200);
    assert!(resumed.says("It goes on"), "{}", resumed.text());

    let rotate = resumed.form("rotate_webhook");
    let rotated = manager.send(&rotate, &[]).expect(200);
    assert!(
        secret_on(&rotated).is_some() && rotated.says("The old secret signs too until"),
        "{}",
        rotated.text()
    );
    assert!(secret_on(&manager.send(&rotate, &[]).expect(200)).is_none());

    let replay = manager.open(&path).form("replay_webhook");
    let unknown = manager.send(&replay, &[("after", "99999")]).expect(409);
    assert!(unknown.says("The feed does not have that event"), "{}", unknown.text());
    let replay = manager.open(&path).form("replay_webhook");
    let replayed = manager.send(&replay, &[("after", "0")]).expect(200);
    assert!(replayed.says("It is sent again."), "{}", replayed.text());
    assert_eq!(read(&staff, id)["position"], 0);

    let removed = manager.send(&replayed.form("remove_webhook"), &[]).expect(200);
    assert!(
        removed.place() == PAGE && removed.says("No program is told anything yet."),
        "{}",
        removed.text()
    );
    let log = manager.open("/desk/house/audit?object=webhook").expect(200);
    assert!(log.links().contains(&path), "{}", log.text());
}

#[test]
fn todays_page_says_who_is_behind_or_stopped_to_managers() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (id, path) = webhook(&staff, json!({}));
    let mut manager = shop.manager_at_desk();
    shop.product(&staff, 1);
    let says = |manager: &mut Browser, words: &str| manager.open("/desk").expect(200).says(words);
    assert!(!says(&mut manager, "Word to"), "what has just happened is not late");
    let mut sql = shop.sql();
    for table in ["events", "events_unnumbered"] {
        sql.query_drop(format!("UPDATE {table} SET at = at - INTERVAL 1 HOUR")).unwrap();
    }
    let today = manager.open("/desk").expect(200);
    assert!(today.says("Word to till.example : behind by 2 events since"), "{}", today.text());
    assert!(today.links().contains(&path));
    assert!(!says(&mut shop.clerk_at_desk(), "Word to"));
    sql.query_drop(format!(
        "UPDATE webhooks SET active = 0, stopped_at = UTC_TIMESTAMP(6), stopped_reason = 'gone', position = 99999 WHERE id = {id}"
    ))
    .unwrap();
    assert!(says(&mut manager, "✗ stopped: it answered that it is gone"));
    let page = manager.open(&path).expect(200);
    assert!(
        page.says("✗ stopped: it answered that it is gone") && page.has_form("resume_webhook"),
        "{}",
        page.text()
    );
}

#[test]
fn the_last_attempts_are_shown_as_text() {
    let shop = Shop::open();
    let staff = shop.staff();
    let hostile = "<script>alert(1)</script>";
    let (id, path) = webhook(&staff, json!({"description": hostile}));
    let mut sql = shop.sql();
    for attempt in 1..=60 {
        sql.exec_drop(
            "INSERT INTO webhook_attempts (webhook_id, attempt, number, type, at, outcome, status, error, duration_ms)
             VALUES (?, ?, ?, 'order.placed', UTC_TIMESTAMP(6), ?, ?, ?, 12)",
            (id, attempt, attempt, if attempt == 60 { "given_up" } else { "delivered" }, 500, hostile),
        )
        .unwrap();
    }
    sql.query_drop(format!("UPDATE webhooks SET attempts = 60 WHERE id = {id}")).unwrap();
    let mut manager = shop.manager_at_desk();
    let list = manager.open(PAGE).expect(200);
    let page = manager.open(&path).expect(200);
    for page in [&list, &page] {
        assert!(page.says(hostile) && !page.html.contains(hostile), "{}", page.html);
        assert!(page.says("✗ given up 500"), "{}", page.text());
    }
    assert!(page.links().iter().any(|link| link.contains("after=")), "{:?}", page.links());
    let given_up = manager.open(&format!("{path}?outcome=given_up")).expect(200);
    assert_eq!(given_up.html.matches("<tr>").count(), 2, "{}", given_up.text());
}
