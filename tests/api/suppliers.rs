//! Whom the shop buys from: added, found, changed, archived and brought back.

mod lead_times;
mod offers;
mod taken;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::fixtures::unique;
use crate::harness::Shop;
use crate::paging::{ids_of, walk};

fn potters() -> Value {
    json!({
        "name": "Potters United",
        "email": "orders@potters.example",
        "phone": "+44 (0)20 123-456",
        "lead_time_days": 7,
        "order_days": ["thu", "mon"],
        "minimum_order_value": "150",
        "note": "Closed in August.\nAsk for Ann.",
    })
}

fn restore(manager: &Client, id: u64) -> Answer {
    manager.post(&format!("/suppliers/{id}/restore"), json!({}))
}

#[test]
fn a_supplier_reads_back_as_it_was_written() {
    let shop = Shop::open();
    let manager = shop.staff();
    let made = manager.post("/suppliers", potters()).expect(201);
    let path = format!("/suppliers/{}", made.id());
    assert_eq!(made.header("Location"), Some(&*path));
    let read = manager.get(&path).expect(200);
    assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
    let expected = json!({
        "id": made.id(),
        "name": "Potters United",
        "email": "orders@potters.example",
        "phone": "+44 (0)20 123-456",
        "lead_time_days": 7,
        "order_days": ["mon", "thu"],
        "minimum_order_value": "150.00",
        "note": "Closed in August.\nAsk for Ann.",
        "currency": "EUR",
        "created_at": read.body["created_at"],
        "updated_at": read.body["created_at"],
        "archived_at": null,
    });
    assert_eq!(read.body, expected);

    let bare = manager.post("/suppliers", json!({"name": "Bare", "lead_time_days": 0})).expect(201).body;
    for member in ["email", "phone", "minimum_order_value", "note"] {
        assert_eq!(bare[member], Value::Null, "{member}");
    }
    assert_eq!((&bare["order_days"], &bare["lead_time_days"]), (&json!([]), &json!(0)));
}

#[test]
fn what_is_named_is_changed_and_what_is_left_out_of_a_put_is_cleared() {
    let shop = Shop::open();
    let manager = shop.staff();
    let path = format!("/suppliers/{}", manager.post("/suppliers", potters()).expect(201).id());
    let mut expected = manager.get(&path).expect(200).body;
    for change in [
        json!({"name": "Potters"}),
        json!({"lead_time_days": 0}),
        json!({"lead_time_days": "365"}),
        json!({"order_days": ["sun"]}),
        json!({"order_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}),
        json!({"minimum_order_value": "0.00"}),
        json!({"email": null, "phone": "", "note": null, "minimum_order_value": null}),
        json!({"order_days": null}),
        json!({}),
    ] {
        for (field, value) in change.as_object().unwrap() {
            expected[field] = match (field.as_str(), value) {
                ("order_days", Value::Null) => json!([]),
                ("lead_time_days", Value::String(digits)) => json!(digits.parse::<i64>().unwrap()),
                (_, value) if *value == json!("") => Value::Null,
                (_, value) => value.clone(),
            };
        }
        shop.app.clock.advance(chrono::Duration::minutes(1));
        let changed = manager.patch(&path, change.clone()).expect(200).body;
        assert_eq!(changed["updated_at"] == expected["updated_at"], change == json!({}), "{change}");
        expected["updated_at"] = changed["updated_at"].clone();
        assert_eq!(changed, expected, "{change}");
        assert_eq!(manager.get(&path).expect(200).body, expected, "{change}");
    }
    let replaced = manager.put(&path, potters()).expect(200).body;
    assert_eq!((&replaced["note"], &replaced["order_days"]), (&potters()["note"], &json!(["mon", "thu"])));
    let cleared = manager.put(&path, json!({"name": "P", "lead_time_days": 3})).expect(200).body;
    for member in ["email", "phone", "minimum_order_value", "note"] {
        assert_eq!(cleared[member], Value::Null, "{member}");
    }
    assert_eq!(cleared["order_days"], json!([]));
}

#[test]
fn every_bad_field_is_named_and_nothing_is_kept() {
    let shop = Shop::open();
    let manager = shop.staff();
    let whole = manager.post("/suppliers", potters()).expect(201).body;
    let path = format!("/suppliers/{}", whole["id"]);
    let bad = json!({
        "name": " ", "email": "potters", "phone": "call me", "lead_time_days": 366, "order_days": ["mon", "monday", "mon", 1],
        "minimum_order_value": "1.234", "note": "\u{7}", "vat_id": "GB1",
    });
    let errors = [
        ("name", "blank"),
        ("email", "invalid_email"),
        ("phone", "invalid_phone"),
        ("lead_time_days", "invalid_number"),
        ("order_days[1]", "invalid_weekday"),
        ("order_days[2]", "appears_twice"),
        ("order_days[3]", "invalid_weekday"),
        ("minimum_order_value", "too_many_decimals"),
        ("note", "control_character"),
        ("vat_id", "unknown_field"),
    ];
    manager.post("/suppliers", bad.clone()).expect_bad_fields(&errors);
    manager.put(&path, bad.clone()).expect_bad_fields(&errors);
    manager.patch(&path, bad).expect_bad_fields(&errors);
    let needed = [("name", "required"), ("lead_time_days", "required")];
    manager.post("/suppliers", json!({})).expect_bad_fields(&needed);
    manager.put(&path, json!({"note": "x"})).expect_bad_fields(&needed);
    manager.patch(&path, json!({"name": null, "lead_time_days": null})).expect_bad_fields(&needed);
    for (field, value, code) in [
        ("lead_time_days", json!(-1), "invalid_number"),
        ("lead_time_days", json!(1.5), "invalid_number"),
        ("lead_time_days", json!("a week"), "invalid_number"),
        ("order_days", json!("mon"), "wrong_type"),
        ("order_days", json!(vec!["mon"; 8]), "invalid_length"),
        ("order_days", json!(["Mon"]), "invalid_weekday"),
        ("minimum_order_value", json!("-1"), "invalid_price"),
        ("minimum_order_value", json!("1e3"), "invalid_price"),
        ("minimum_order_value", json!("100000000"), "too_large"),
        ("name", json!("x".repeat(201)), "too_long"),
        ("note", json!("x".repeat(2001)), "too_long"),
        ("currency", json!("USD"), "read_only"),
        ("archived_at", json!("2026-01-01T00:00:00Z"), "read_only"),
    ] {
        let refused = manager.patch(&path, json!({field: value})).expect_problem(422, "invalid_fields");
        let error = &refused.body["errors"][0];
        assert!(
            error["field"].as_str().unwrap().starts_with(field) && error["code"] == code,
            "{}",
            refused.text
        );
    }
    // What is set elsewhere, and what others call it.
    for (field, told) in [
        ("cost", "PUT /suppliers/{id}/products/{product_id}"),
        ("supplier_name", "did you mean name?"),
        ("lead_time", "did you mean lead_time_days?"),
        ("moq", "PUT /suppliers/{id}/products/{product_id}"),
        ("min_order", "did you mean minimum_order_value?"),
        ("weekdays", "did you mean order_days?"),
    ] {
        let refused = manager.patch(&path, json!({field: 1})).expect_problem(422, "invalid_fields");
        assert!(refused.text.contains(told), "{field}: {}", refused.text);
    }
    assert_eq!(manager.get(&path).expect(200).body, whole);
    assert_eq!(ids_of(&manager.get("/suppliers").expect(200)), [whole["id"].as_u64().unwrap()]);
}

#[test]
fn suppliers_are_listed_and_found() {
    let shop = Shop::open();
    let manager = shop.staff();
    let named = |name: &str, more: Value| {
        let mut body = json!({"name": name, "lead_time_days": 1});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        manager.post("/suppliers", body).expect(201).id()
    };
    let potters = named("Töpferei Müller", json!({"email": "hallo@toepferei.example"}));
    let weavers = named("Weavers & Sons", json!({"phone": "+44 (0)20 123-456"}));
    let more: Vec<u64> = (0..5).map(|number| named(&format!("Trader {number}"), json!({}))).collect();
    let all = [&[potters, weavers], &more[..]].concat();
    assert_eq!(walk(&manager, "/suppliers", 2), all);
    let found = |query: &str| ids_of(&manager.get(&format!("/suppliers?{query}")).expect(200));
    assert_eq!(found("q=topferei"), [potters]);
    assert_eq!(found("q=M%C3%9CLLER+t%C3%B6pf"), [potters]);
    assert_eq!(found("q=hallo@"), [potters]);
    assert_eq!(found("q=4420123456"), [weavers]);
    assert_eq!(found("q=weavers+potters"), [0; 0]);
    assert_eq!(found("q="), all);
    assert_eq!(walk(&manager, "/suppliers?q=trader", 2), more);
    manager.get("/suppliers?archived=maybe&sort=name&active=1").expect_bad_fields(&[
        ("archived", "invalid_boolean"),
        ("sort", "unknown_field"),
        ("active", "unknown_field"),
    ]);
    manager.get("/suppliers/7?q=x").expect_bad_fields(&[("q", "unknown_field")]);

    // In the order of the changes.
    let from = shop.app.clock.now();
    for id in [more[3], weavers] {
        shop.app.clock.advance(chrono::Duration::minutes(1));
        manager.patch(&format!("/suppliers/{id}"), json!({"note": unique("Note")})).expect(200);
    }
    shop.app.clock.advance(chrono::Duration::minutes(1));
    let (to, after) = (shop.app.clock.now(), format!("updated_from={}", from + chrono::Duration::seconds(1)));
    manager.delete(&format!("/suppliers/{}", more[0])).expect(204);
    assert_eq!(walk(&manager, &format!("/suppliers?{after}"), 1), [more[3], weavers]);
    assert_eq!(found(&format!("{after}&updated_to={to}&q=weavers")), [weavers]);
    assert_eq!(found(&format!("updated_from={to}&archived=true")), [more[0]]);
}

#[test]
fn an_archived_supplier_is_gone_until_it_is_restored() {
    let shop = Shop::open();
    let manager = shop.staff();
    let id = manager.post("/suppliers", potters()).expect(201).id();
    let path = format!("/suppliers/{id}");
    let before = manager.get(&path).expect(200).body;
    manager.delete(&path).expect(204);
    manager.get(&path).expect_problem(404, "not_found");
    manager.put(&path, potters()).expect_problem(404, "not_found");
    manager.patch(&path, json!({"name": "P"})).expect_problem(404, "not_found");
    manager.delete(&path).expect_problem(404, "not_found");
    manager.get(&format!("{path}/products")).expect_problem(404, "not_found");
    assert_eq!(ids_of(&manager.get("/suppliers").expect(200)), [0; 0]);
    let archived = manager.get("/suppliers?archived=true&q=potters").expect(200).body["data"][0].clone();
    assert!(archived["archived_at"].is_string(), "{archived}");

    let restored = restore(&manager, id).expect(200).body;
    assert_eq!(restored["archived_at"], Value::Null);
    let again = restore(&manager, id).expect(200).body;
    assert_eq!(again, restored);
    let mut as_before = restored;
    as_before["updated_at"] = before["updated_at"].clone();
    assert_eq!(as_before, before);
    assert_eq!(manager.get(&path).expect(200).body, again);
    for path in ["/suppliers/999999", "/suppliers/999999/restore"] {
        let method = if path.ends_with("restore") { "POST" } else { "GET" };
        manager.call(method, path, &Value::Null).expect_problem(404, "not_found");
    }
}

#[test]
fn a_clerk_sees_no_supplier_and_a_key_needs_the_scope_of_restocking() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let product = shop.product(&manager, 1);
    let supplier = shop.supplier(&manager, 7);
    manager.offer(supplier, product, json!({"cost": "1.10"})).expect(201);
    for path in ["/suppliers".to_owned(), format!("/products/{product}/suppliers")] {
        clerk.get(&path).expect_problem(403, "forbidden");
    }
    let key = crate::access::key_with(&shop, &manager, &["restock:read"]);
    assert_eq!(
        key.get(&format!("/products/{product}/suppliers")).expect(200).body["data"][0]["cost"],
        "1.10"
    );
    key.offer(supplier, product, json!({"cost": "1.20"})).expect_problem(403, "forbidden");
    // What clerks and the other scopes see knows no cost.
    for path in [format!("/products/{product}"), format!("/products/{product}/stock")] {
        let seen = clerk.get(&path).expect(200);
        assert!(!seen.text.contains("1.10"), "{}", seen.text);
        let costs = ["cost", "average_cost", "value"].map(|member| &seen.body[member]);
        assert_eq!(costs, [&Value::Null; 3]);
    }
}

#[test]
fn one_key_adds_one_supplier() {
    let shop = Shop::open();
    let manager = shop.staff();
    let first = manager.post_once("a-key", "/suppliers", potters()).expect(201);
    let again = manager.post_once("a-key", "/suppliers", potters()).expect(201);
    assert_eq!((&again.text, again.header("Idempotency-Replayed")), (&first.text, Some("true")));
    manager
        .post_once("a-key", "/suppliers", json!({"name": "Another", "lead_time_days": 1}))
        .expect_problem(422, "idempotency_key_reused");
    assert_eq!(ids_of(&manager.get("/suppliers").expect(200)), [first.id()]);
}
