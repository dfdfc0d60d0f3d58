//! Customers: signing up, being read and changed, and being forgotten.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use crate::client::Client;
use crate::fixtures::{CUSTOMER_PASSWORD, NONE, items_json};
use crate::harness::Shop;

fn ada() -> Value {
    json!({"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456"})
}

/// `object` with these members set to other values, or added.
fn with(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    object
}

fn path_of(id: u64) -> String {
    format!("/customers/{id}")
}

fn ids_found(staff: &Client, query: &str) -> Vec<u64> {
    let answer = staff.get(&format!("/customers?{query}")).expect(200);
    answer.body["data"].as_array().unwrap().iter().map(|customer| customer["id"].as_u64().unwrap()).collect()
}

#[test]
fn signing_up_opens_a_session_that_reads_the_same_customer() {
    let shop = Shop::open();
    let created =
        shop.anyone().post("/customers", with(ada(), json!({"name": "  Ada Lovelace "}))).expect(201);
    assert_eq!(created.header("Location"), Some(path_of(created.id()).as_str()));
    assert!(
        created.body["session"]["expires_at"].as_str().unwrap()
            > created.body["created_at"].as_str().unwrap()
    );

    let guest = shop.with_token(created.body["session"]["token"].as_str().unwrap());
    let read = guest.get(&path_of(created.id())).expect(200);
    let mut signed_up = created.body.clone();
    signed_up.as_object_mut().unwrap().remove("session");
    assert_eq!(read.body, signed_up);
    assert_eq!(read.body["name"], "Ada Lovelace");
    assert_eq!(read.body["account_id"], Value::Null);
    assert_eq!(read.body["updated_at"], read.body["created_at"]);
    guest.get("/sessions/current").expect(200);
}

#[test]
fn signing_up_with_an_account_makes_both_at_once() {
    let shop = Shop::open();
    let account = json!({"account": {"username": "ada", "password": CUSTOMER_PASSWORD}});
    let created = shop.anyone().post("/customers", with(ada(), account)).expect(201);
    let guest = shop.with_token(created.body["session"]["token"].as_str().unwrap());
    let account_path = format!("/customer_accounts/{}", created.body["account_id"]);
    let account = guest.get(&account_path).expect(200);
    assert_eq!(account.body["username"], "ada");
    assert_eq!(account.body["customer"]["id"], created.id());
    let current = guest.get("/sessions/current").expect(200);
    assert_eq!(current.body["account_id"], created.body["account_id"]);

    let logged_in = shop.with_token(&shop.log_in("ada", CUSTOMER_PASSWORD));
    assert_eq!(logged_in.get(&path_of(created.id())).expect(200).body["name"], "Ada Lovelace");
}

#[test]
fn staff_who_enter_a_customer_get_no_session_of_theirs() {
    let shop = Shop::open();
    let staff = shop.staff();
    let created = staff.post("/customers", ada()).expect(201);
    assert_eq!(created.body.get("session"), None);
    assert_eq!(staff.get(&path_of(created.id())).expect(200).text, created.text);
    let sessions: Option<u64> =
        shop.sql().query_first("SELECT COUNT(*) FROM sessions WHERE customer_id > 0").unwrap();
    assert_eq!(sessions, Some(0));
}

#[test]
fn every_bad_field_of_a_sign_up_is_named_and_nobody_is_made() {
    let shop = Shop::open();
    let refused = |body: Value, bad: &[(&str, &str)]| {
        shop.anyone().post("/customers", body).expect_bad_fields(bad);
    };
    let all = |code| [("name", code), ("email", code), ("phone", code)];
    refused(json!({}), &all("required"));
    refused(json!({"name": null, "email": null, "phone": null}), &all("required"));
    refused(json!({"name": 1, "email": true, "phone": ["555-0100"]}), &all("wrong_type"));
    refused(
        json!({"name": " \t ", "email": "ada", "phone": "call me", "nickname": "ada"}),
        &[
            ("name", "blank"),
            ("email", "invalid_email"),
            ("phone", "invalid_phone"),
            ("nickname", "unknown_field"),
        ],
    );
    refused(with(ada(), json!({"name": "é".repeat(201)})), &[("name", "too_long")]);
    refused(with(ada(), json!({"name": "Ada\u{7}Lovelace"})), &[("name", "control_character")]);
    refused(
        with(ada(), json!({"email": format!("ada@{}.com", "a.".repeat(130))})),
        &[("email", "invalid_email")],
    );
    refused(with(ada(), json!({"phone": "1234567890123456"})), &[("phone", "invalid_phone")]);
    refused(with(ada(), json!({"id": 7})), &[("id", "unknown_field")]);

    refused(with(ada(), json!({"account": "ada"})), &[("account", "wrong_type")]);
    refused(
        with(ada(), json!({"account": {}})),
        &[("account.username", "required"), ("account.password", "required")],
    );
    refused(
        with(
            ada(),
            json!({"phone": "1", "account": {"username": "a b", "password": "short", "staff": true}}),
        ),
        &[
            ("phone", "invalid_phone"),
            ("account.username", "invalid_username"),
            ("account.password", "invalid_password_length"),
            ("account.staff", "unknown_field"),
        ],
    );
    assert_eq!(ids_found(&shop.staff(), ""), NONE);
    shop.anyone().post("/customers", with(ada(), json!({"name": "é".repeat(200)}))).expect(201);
}

#[test]
fn a_body_that_is_no_json_object_is_refused() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    let post = |content_type: &str, body: &[u8]| {
        anyone.request("POST", "/customers").header("Content-Type", content_type).bytes(body.to_vec()).send()
    };
    post("application/json", b"{\"name\":").expect_problem(400, "malformed_json");
    post("application/json", b"").expect_problem(400, "malformed_json");
    post("application/json", b"{\"name\":\"\xff\"}").expect_problem(400, "invalid_utf8");
    post("application/json", br#"{"name":"Ada","name":"Eve"}"#).expect_problem(400, "duplicate_key");
    post("application/json", b"[]").expect_bad_fields(&[("", "wrong_type")]);
    let form = b"name=Ada&email=ada%40example.com&phone=5550100";
    post("application/x-www-form-urlencoded", form).expect_problem(415, "unsupported_media_type");
}

#[test]
fn a_sign_up_with_a_taken_username_keeps_nothing() {
    let shop = Shop::open();
    let with_username = |username: &str| {
        let account = json!({"account": {"username": username, "password": CUSTOMER_PASSWORD}});
        shop.anyone().post("/customers", with(ada(), account))
    };
    let first = with_username("Ada.L").expect(201);
    let refused = with_username("aDA.l").expect_problem(409, "username_taken");
    assert_eq!(refused.body["errors"][0]["field"], "account.username");
    let staff = shop.staff();
    assert_eq!(ids_found(&staff, ""), [first.id()]);
    shop.add_staff("rosa", Role::Clerk);
    let of_staff = json!({"account": {"username": "ROSA", "password": CUSTOMER_PASSWORD}});
    shop.anyone().post("/customers", with(ada(), of_staff)).expect_problem(409, "username_taken");
    assert_eq!(ids_found(&staff, ""), [first.id()]);
}

#[test]
fn customers_see_and_change_only_themselves() {
    let shop = Shop::open();
    let (guest, other, staff) = (shop.guest(), shop.guest(), shop.staff());
    let path = path_of(guest.id);
    let tries =
        [("GET", Value::Null), ("PUT", ada()), ("PATCH", json!({"name": "Eve"})), ("DELETE", Value::Null)];
    for (method, body) in tries {
        let call = |client: &Client, path: &str| client.call(method, path, &body);
        call(&shop.anyone(), &path).expect_problem(401, "unauthenticated");
        call(&other.client, &path).expect_problem(404, "not_found");
        call(&other.client, &path_of(999_999)).expect_problem(404, "not_found");
        call(&staff, &path_of(999_999)).expect_problem(404, "not_found");
    }
    assert_eq!(guest.client.get(&path).expect(200).body["name"], "Ada Lovelace");
    assert_eq!(staff.get(&path).expect(200).text, guest.client.get(&path).expect(200).text);
    other.client.get(&format!("{path}/orders")).expect_problem(404, "not_found");
}

#[test]
fn put_replaces_the_whole_customer() {
    let shop = Shop::open();
    let guest = shop.guest();
    let path = path_of(guest.id);
    let before = guest.client.get(&path).expect(200);
    let body = json!({"name": "Ada King", "email": "king@example.org", "phone": "555-0199"});
    let changed = guest.client.put(&path, body).expect(200);
    assert_eq!(guest.client.get(&path).expect(200).text, changed.text);
    assert_eq!(changed.body["name"], "Ada King");
    assert_eq!(changed.body["email"], "king@example.org");
    assert_eq!(changed.body["phone"], "555-0199");
    assert_eq!(changed.body["id"], before.body["id"]);
    assert_eq!(changed.body["created_at"], before.body["created_at"]);
    assert!(changed.body["updated_at"].as_str() > before.body["updated_at"].as_str());

    guest
        .client
        .put(&path, json!({"name": "Ada"}))
        .expect_bad_fields(&[("email", "required"), ("phone", "required")]);
    let bad = with(ada(), json!({"email": "@", "account": {}}));
    guest
        .client
        .put(&path, bad)
        .expect_bad_fields(&[("email", "invalid_email"), ("account", "unknown_field")]);
    assert_eq!(guest.client.get(&path).expect(200).text, changed.text);
}

#[test]
fn patch_changes_what_is_named_and_null_is_refused() {
    let shop = Shop::open();
    let guest = shop.guest();
    let path = path_of(guest.id);
    let before = guest.client.get(&path).expect(200);
    guest.client.patch(&path, json!({"phone": "555-0111"})).expect(200);
    let after = guest.client.get(&path).expect(200);
    let expected = json!({"phone": "555-0111", "updated_at": after.body["updated_at"]});
    assert_eq!(after.body, with(before.body.clone(), expected));

    let bad = json!({"name": null, "email": "ada@", "orders": 3});
    let named = [("name", "required"), ("email", "invalid_email"), ("orders", "unknown_field")];
    guest.client.patch(&path, bad).expect_bad_fields(&named);
    assert_eq!(guest.client.get(&path).expect(200).text, after.text);
    shop.staff().patch(&path, json!({"name": "Corrected"})).expect(200);
    assert_eq!(guest.client.get(&path).expect(200).body["name"], "Corrected");
}

#[test]
fn staff_find_customers_by_name_email_and_phone() {
    let shop = Shop::open();
    let sign_up = |name: &str, email: &str, phone: &str| {
        shop.anyone()
            .post("/customers", json!({"name": name, "email": email, "phone": phone}))
            .expect(201)
            .id()
    };
    let ada = sign_up("Ada Lovelace", "countess@example.com", "+44 20 111111");
    let grace = sign_up("Grace 100% Hopper", "grace_h@example.com", "555-0222");
    let joan = sign_up(r"Joan \o/ Clarke", "joan@example.com", "030/333333");
    let staff = shop.staff();
    assert_eq!(ids_found(&staff, ""), [ada, grace, joan]);
    assert_eq!(ids_found(&staff, "q=lovelace"), [ada]);
    assert_eq!(ids_found(&staff, "q=Ada+Love"), [ada]);
    assert_eq!(ids_found(&staff, "q=COUNTESS%40"), [ada]);
    assert_eq!(ids_found(&staff, "q=555-0222"), [grace]);
    assert_eq!(ids_found(&staff, "q=example.com"), [ada, grace, joan]);
    assert_eq!(ids_found(&staff, "q=%25"), [grace]);
    assert_eq!(ids_found(&staff, "q=_"), [grace]);
    assert_eq!(ids_found(&staff, "q=%5C"), [joan]);
    assert_eq!(ids_found(&staff, "q=%27"), NONE);

    staff.get("/customers?q=%CC%81&name=ada").expect_bad_fields(&[("q", "blank"), ("name", "unknown_field")]);
    shop.guest().client.get("/customers").expect_problem(403, "forbidden");
    shop.anyone().get("/customers").expect_problem(401, "unauthenticated");
}

#[test]
fn deleting_a_customer_without_orders_removes_them() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = path_of(customer.id);
    let deleted = customer.client.delete(&path).expect(204);
    assert_eq!(deleted.text, "");
    customer.client.get(&path).expect_problem(401, "unauthenticated");
    let login = json!({"username": username, "password": CUSTOMER_PASSWORD});
    shop.anyone().post("/sessions", login).expect_problem(401, "wrong_credentials");
    let staff = shop.staff();
    staff.get(&path).expect_problem(404, "not_found");
    staff.delete(&path).expect_problem(404, "not_found");
    assert_eq!(ids_found(&staff, ""), NONE);
    assert_eq!(staff.get("/customer_accounts").expect(200).body["data"], json!([]));
    let rows: Option<u64> = shop.sql().query_first("SELECT COUNT(*) FROM customers").unwrap();
    assert_eq!(rows, Some(0));
}

/// The columns of the whole database in which `needle` stands somewhere.
fn columns_that_hold(shop: &Shop, needle: &str) -> Vec<String> {
    let mut conn = shop.sql();
    let columns: Vec<(String, String)> = conn
        .query(
            "SELECT table_name, column_name FROM information_schema.columns
             WHERE table_schema = DATABASE() AND data_type IN ('varchar', 'char', 'text', 'mediumtext', 'longtext')",
        )
        .unwrap();
    let mut found = Vec::new();
    for (table, column) in columns {
        let sql = format!("SELECT COUNT(*) FROM `{table}` WHERE LOWER(`{column}`) LIKE ?");
        let rows: Option<u64> = conn.exec_first(sql, (format!("%{needle}%"),)).unwrap();
        if rows != Some(0) {
            found.push(format!("{table}.{column}"));
        }
    }
    found.sort();
    found
}

#[test]
fn erasing_a_customer_with_finished_orders_leaves_no_trace_of_the_person() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product =
        staff.post("/products", json!({"name": "Mug", "price": "12.50", "stock": 10})).expect(201).id();
    let person =
        json!({"name": "Zephyrine Quill", "email": "zephyrine@example.com", "phone": "0800 7654321"});
    let id = staff.post_once("made-by-staff", "/customers", person).expect(201).id();
    let account = json!({"customer_id": id, "username": "Zephyrine", "password": CUSTOMER_PASSWORD});
    staff.post_once("account-by-staff", "/customer_accounts", account).expect(201);
    let customer = shop.with_token(&shop.log_in("zephyrine", CUSTOMER_PASSWORD));
    let order = json!({
        "items": items_json(&[(product, 2)]),
        "shipping_address": "Zephyrine Quill\n1 Zephyrine Street",
        "note": "Ring for Zephyrine",
    });
    let delivered = customer.post_once("one", "/orders", order.clone()).expect(201).id();
    let for_staff = with(order, json!({"customer_id": id}));
    let cancelled = staff.post_once("two", "/orders", for_staff).expect(201).id();
    let shipping = json!({"carrier": "Post", "tracking_number": "ZEPHYRINE-1"});
    staff.post(&format!("/orders/{delivered}/ship"), shipping).expect(200);
    staff.post(&format!("/orders/{delivered}/deliver"), json!({})).expect(200);
    customer.post(&format!("/orders/{cancelled}/cancel"), json!({})).expect(200);
    assert_eq!(
        columns_that_hold(&shop, "zephyrine"),
        [
            "accounts.username",
            "accounts.username_key",
            "customers.email",
            "customers.name",
            "customers.search_text",
            "idempotency_keys.body",
            "orders.note",
            "orders.shipping_address",
            "orders.tracking_number",
        ]
    );

    customer.delete(&path_of(id)).expect(204);
    assert_eq!(columns_that_hold(&shop, "zephyrine"), [""; 0]);
    assert_eq!(columns_that_hold(&shop, "7654321"), [""; 0]);
    customer.get("/sessions/current").expect_problem(401, "unauthenticated");
    let login = json!({"username": "Zephyrine", "password": CUSTOMER_PASSWORD});
    shop.anyone().post("/sessions", login).expect_problem(401, "wrong_credentials");
    staff.get(&path_of(id)).expect_problem(404, "not_found");
    staff.patch(&path_of(id), json!({"name": "Back"})).expect_problem(404, "not_found");
    staff.delete(&path_of(id)).expect_problem(404, "not_found");
    assert_eq!(ids_found(&staff, ""), NONE);

    let kept = staff.get(&format!("/orders/{delivered}")).expect(200);
    assert_eq!(kept.body["total"], "25.00");
    assert_eq!(kept.body["customer_id"], id);
    for personal in ["shipping_address", "note", "carrier", "tracking_number"] {
        assert_eq!(kept.body[personal], Value::Null, "{personal}");
    }
    let tracking = staff.get(&format!("/orders/{delivered}/track")).expect(200);
    assert_eq!(tracking.body["tracking_number"], Value::Null);
    let orders = staff.get(&format!("/customers/{id}/orders")).expect(200);
    assert_eq!(orders.body["data"].as_array().unwrap().len(), 2);

    let account = json!({"customer_id": id, "username": "again", "password": CUSTOMER_PASSWORD});
    staff.post("/customer_accounts", account).expect_problem(404, "not_found");
    let again = json!({"customer_id": id, "items": items_json(&[(product, 1)])});
    staff.post("/orders", again).expect_problem(404, "not_found");
}

#[test]
fn a_customer_with_orders_under_way_is_kept_and_the_orders_are_named() {
    let shop = Shop::open();
    let (guest, staff) = (shop.guest(), shop.staff());
    let product = shop.product(&staff, 10);
    let order = || guest.client.order(&[(product, 1)]).expect(201).id();
    let (placed, shipped, cancelled) = (order(), order(), order());
    staff.post(&format!("/orders/{shipped}/ship"), json!({})).expect(200);
    guest.client.post(&format!("/orders/{cancelled}/cancel"), json!({})).expect(200);

    let path = path_of(guest.id);
    let before = guest.client.get(&path).expect(200);
    for caller in [&guest.client, &staff] {
        let refused = caller.delete(&path).expect_problem(409, "customer_has_open_orders");
        assert_eq!(refused.body["order_ids"], json!([placed, shipped]));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("{placed}, {shipped}")), "{detail}");
    }
    assert_eq!(guest.client.get(&path).expect(200).text, before.text);

    staff.post(&format!("/orders/{shipped}/deliver"), json!({})).expect(200);
    let refused = guest.client.delete(&path).expect_problem(409, "customer_has_open_orders");
    assert_eq!(refused.body["order_ids"], json!([placed]));
    guest.client.post(&format!("/orders/{placed}/cancel"), json!({})).expect(200);
    staff.delete(&path).expect(204);
    guest.client.get(&path).expect_problem(401, "unauthenticated");
}
