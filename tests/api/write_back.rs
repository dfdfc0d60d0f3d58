//! Read, change, write back: every PUT and PATCH takes what its resource was read as, and names what nobody sets.

use chrono::Duration;
use serde_json::{Map, Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::route::Route;

use crate::access::{World, expired_token, key_with};
use crate::client::{Answer, Client};
use crate::contract;
use crate::fixtures::{CUSTOMER_PASSWORD, items_json, unique};
use crate::harness::{STAFF_PASSWORD, Shop};

/// What a route changes, as this caller reads it; None when they may not.
fn read(client: &Client, world: &World, route: &Route) -> Option<Value> {
    let answer = match route.path {
        "/stock/movements/{id}" => {
            let ledger = client.get(&format!("/products/{}/stock/movements", world.product_id));
            let is_it = |movement: &&Value| movement["id"] == world.movement_id;
            return ledger.body["data"].as_array()?.iter().find(is_it).cloned();
        }
        "/staff/current" => client.get(&format!("/staff/{}", client_account(client)?)),
        path => client.get(&world.path(path)),
    };
    (answer.status == 200).then_some(answer.body)
}

fn client_account(client: &Client) -> Option<u64> {
    client.get("/sessions/current").body["account_id"].as_u64()
}

fn write(client: &Client, world: &World, route: &Route, mut body: Value) -> Answer {
    if route.path == "/staff/current" {
        body["password"] = json!(STAFF_PASSWORD);
        body["current_password"] = json!(STAFF_PASSWORD);
    }
    client.call(route.method, &world.path(route.path), &body)
}

fn without_version(mut resource: Value) -> Value {
    resource["updated_at"] = json!(null);
    if resource.get("password_changed_at").is_some() {
        resource["password_changed_at"] = json!(null);
    }
    if let Some(customer) = resource["customer"].as_object_mut() {
        customer.remove("updated_at");
    }
    resource
}

/// Another value of the same kind.
fn altered(value: &Value) -> Value {
    match value {
        Value::Null => json!("something"),
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_f64().unwrap() + 1.0),
        Value::String(text) if text.ends_with('Z') && text.starts_with("20") => json!("2999-12-31T00:00:00Z"),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(items) => items.iter().map(altered).chain([json!("more")]).collect(),
        Value::Object(members) => {
            let (name, member) = members.iter().next().expect("a member");
            let mut members = members.clone();
            members.insert(name.clone(), altered(member));
            Value::Object(members)
        }
    }
}

fn shop_and_world() -> (Shop, World) {
    let shop = Shop::open();
    let expired = expired_token(&shop);
    let world = World::new(&shop, &expired);
    // Nothing has moved lately.
    shop.app.clock.advance(Duration::days(2));
    (shop, world)
}

#[test]
fn every_put_and_patch_takes_what_was_read_and_names_what_it_does_not_set() {
    let (shop, world) = shop_and_world();
    let key = key_with(
        &shop,
        &world.staff,
        &[
            "catalogue:read",
            "catalogue:write",
            "customers:read",
            "customers:write",
            "orders:read",
            "orders:write",
            "stock:read",
            "stock:write",
            "restock:read",
            "restock:write",
        ],
    );
    let own = shop.with_token(&shop.log_in(&world.username, CUSTOMER_PASSWORD));
    let callers = [("manager", &world.staff), ("key", &key), ("customer", &own)];
    let mut count = 0;
    for route in ROUTES.iter().filter(|route| ["PUT", "PATCH"].contains(&route.method)) {
        let set = contract::set_by(route.method, route.path);
        let mut written = 0;
        for (who, client) in callers {
            let Some(whole) = read(client, &world, route) else { continue };
            let answer = write(client, &world, route, whole.clone());
            if [401, 403].contains(&answer.status) {
                continue;
            }
            let said = format!("{} {} by {who}: {}", route.method, route.path, answer.text);
            assert_eq!(answer.status, 200, "{said}");
            written += 1;
            assert_eq!(without_version(answer.body), without_version(whole.clone()), "{said}");
            // As it is now: a password that was written is another version.
            let before = without_version(whole);
            let whole = read(client, &world, route).unwrap();
            assert_eq!(without_version(whole.clone()), before);
            for (name, value) in whole.as_object().unwrap().iter().filter(|(name, _)| !set.contains(name)) {
                for body in [&whole, &json!({})] {
                    let mut body = body.clone();
                    if route.method == "PUT" && body == json!({}) {
                        body =
                            Map::from_iter(set.iter().map(|name| (name.clone(), whole[name].clone()))).into();
                        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
                    }
                    body[name] = altered(value);
                    let refused = write(client, &world, route, body).expect_problem(422, "invalid_fields");
                    let error = &refused.body["errors"][0];
                    let field = error["field"].as_str().unwrap();
                    assert!(
                        field.starts_with(name.as_str()) && error["code"] == "read_only",
                        "{said}{}",
                        refused.text
                    );
                    count += 1;
                }
            }
        }
        assert!(written > 0, "{} {} was not written", route.method, route.path);
    }
    assert!(count > 100, "{count}");
}

#[test]
fn times_and_prices_are_compared_by_what_they_mean() {
    let shop = Shop::open();
    let staff = shop.staff();
    let guest = shop.guest();
    let id = staff.post("/products", json!({"name": "Mug", "price": "19.90", "stock": 5})).expect(201).id();
    let path = format!("/products/{id}");
    let mut product = staff.get(&path).expect(200).body;
    product["price"] = json!(21.5);
    let created = product["created_at"].as_str().unwrap().to_owned();
    for time in
        [created.replace('Z', "+00:00"), format!("{}Z", &created[..23]), format!("{}Z", &created[..19])]
    {
        product["created_at"] = json!(time);
        assert_eq!(staff.put(&path, product.clone()).expect(200).body["price"], "21.50");
    }
    // As a form sends it: everything in quotes, and nothing for what there is not.
    let form = json!({
        "id": id.to_string(), "name": "Mug", "price": "22.00", "sku": "", "description": "", "category": "", "slug": "",
        "shelf": "", "barcodes": "", "image_urls": "", "in_stock": "true", "archived_at": "", "currency": "EUR",
    });
    assert_eq!(staff.put(&path, form).expect(200).body["price"], "22.00");

    let order = guest.client.order(&[(id, 2)]).expect(201).body;
    let mut sent = order.clone();
    sent["total"] = json!(44);
    sent["items"][0]["unit_price"] = json!(22.0);
    sent["items"][0]["quantity"] = json!("2");
    sent["expected_delivery_date"] = json!("2999-12-31");
    for name in ["confirmed_by_account_id", "confirmed_by_api_key_id"] {
        sent[name] = json!(null);
    }
    sent["allowed_actions"] = json!(["cancel", "confirm", "ship"]);
    let path = format!("/orders/{}", order["id"]);
    assert_eq!(staff.patch(&path, sent.clone()).expect(200).body["expected_delivery_date"], "2999-12-31");
    sent["items"][0]["quantity"] = json!(3);
    sent["status"] = json!("shipped");
    let refused = staff
        .patch(&path, sent)
        .expect_bad_fields(&[("items[0].quantity", "read_only"), ("status", "read_only")]);
    let said = &refused.text;
    assert!(said.contains("is placed and not set here; POST /orders/{id}/ship, "), "{said}");
}

#[test]
fn a_figure_that_moved_meanwhile_fails_no_change_and_one_that_is_made_up_does() {
    let (shop, world) = shop_and_world();
    let (staff, guest) = (&world.staff, shop.guest());
    let id = shop.product(staff, 1);
    let [product, stock] = [format!("/products/{id}"), format!("/products/{id}/stock")];
    let read = staff.get(&product).expect(200).body;
    let with = |resource: &Value, name: &str, value: Value| {
        let mut resource = resource.clone();
        resource[name] = value;
        resource
    };
    let no_stock = with(&read, "in_stock", json!(false));
    staff.put(&product, no_stock.clone()).expect_bad_fields(&[("in_stock", "read_only")]);

    // The last one is sold while somebody edits the price and the rule.
    let rule = staff.get(&stock).expect(200).body;
    let order = guest.client.order(&[(id, 1)]).expect(201).id();
    let answer = staff.put(&product, with(&read, "price", json!("12.00"))).expect(200);
    assert_eq!((&answer.body["price"], &answer.body["in_stock"]), (&json!("12.00"), &json!(false)));
    let answer = staff.patch(&stock, with(&rule, "lead_time_days", json!(9))).expect(200);
    assert_eq!((&answer.body["lead_time_days"], &answer.body["reserved"]), (&json!(9), &json!(1)));
    staff.post(&format!("/orders/{order}/ship"), json!({})).expect(200);
    staff.patch(&stock, with(&rule, "lead_time_days", json!(10))).expect(200);
    staff.put(&product, with(&read, "price", json!("13.00"))).expect(200);

    // Whoever sets a figure by hand is told, also when the books have moved.
    let refused = staff.patch(&stock, with(&rule, "on_hand", json!(50)));
    assert!(
        refused.expect_problem(422, "invalid_fields").text.contains("POST /products/{id}/stock/movements")
    );
    for (name, value) in [("on_hand", json!(3)), ("reserved", json!(7)), ("available", json!(5))] {
        let refused = staff.patch(&stock, json!({name: value})).expect_problem(422, "invalid_fields");
        assert_eq!(refused.body["errors"][0]["code"], "read_only", "{}", refused.text);
    }
    // A day later it is a wish and no memory.
    shop.app.clock.advance(Duration::hours(25));
    staff.put(&product, read.clone()).expect_bad_fields(&[("in_stock", "read_only")]);
    let today = staff.get(&stock).expect(200).body;
    shop.app.clock.advance(Duration::hours(24));
    staff.patch(&stock, today).expect(200);
}

#[test]
fn a_copy_of_before_the_last_change_is_taken_unless_if_match_says_otherwise() {
    let shop = Shop::open();
    let staff = shop.staff();
    let path = format!("/products/{}", shop.product(&staff, 1));
    let answer = staff.get(&path).expect(200);
    let (mut product, etag) = (answer.body.clone(), answer.etag().to_owned());
    for price in ["11.00", "12.00", "13.00"] {
        product["price"] = json!(price);
        assert_eq!(staff.put(&path, product.clone()).expect(200).body["price"], price);
    }
    let stale = staff.request("PUT", &path).header("If-Match", &etag).json(product.clone()).send();
    stale.expect_problem(412, "precondition_failed");
    product["updated_at"] = json!("2999-01-01T00:00:00Z");
    product["id"] = json!(0);
    product["archived_at"] = json!("2026-01-01T00:00:00Z");
    let named = [("id", "read_only"), ("updated_at", "read_only"), ("archived_at", "read_only")];
    staff.put(&path, product.clone()).expect_bad_fields(&named);
    // What else is wrong is said first, and nothing is changed.
    product["price"] = json!("-1");
    staff.put(&path, product).expect_bad_fields(&[("price", "invalid_price")]);
    assert_eq!(staff.get(&path).expect(200).body["price"], "13.00");
}

#[test]
fn a_put_of_an_account_without_its_password_keeps_it() {
    let shop = Shop::open();
    let (own, username) = shop.customer_with_account();
    let staff = shop.staff();
    let account = staff.get(&format!("/customer_accounts?customer_id={}", own.id)).expect(200);
    let path = format!("/customer_accounts/{}", account.body["data"][0]["id"]);
    let mut whole = own.client.get(&path).expect(200).body;
    let renamed = unique("renamed");
    whole["username"] = json!(renamed);
    own.client.put(&path, whole.clone()).expect(200);
    whole["password"] = json!("");
    own.client.put(&path, whole.clone()).expect(200);
    shop.log_in(&renamed, CUSTOMER_PASSWORD);
    own.client.patch(&path, json!({"password": ""})).expect_problem(422, "invalid_fields");
    // Blanks are a password like any other, and need the one before.
    whole["password"] = json!("         ");
    own.client.put(&path, whole.clone()).expect_bad_fields(&[("current_password", "required")]);
    whole["password"] = json!("   ");
    whole["current_password"] = json!(CUSTOMER_PASSWORD);
    own.client.put(&path, whole.clone()).expect_bad_fields(&[("password", "invalid_password_length")]);
    // The customer has a route of their own.
    whole.as_object_mut().unwrap().remove("password");
    whole.as_object_mut().unwrap().remove("current_password");
    whole["customer"]["email"] = json!("new@example.com");
    let refused = own.client.put(&path, whole).expect_bad_fields(&[("customer.email", "read_only")]);
    assert!(refused.text.contains("PATCH /customers/{id}"), "{}", refused.text);
    shop.anyone()
        .post("/sessions", json!({"username": username, "password": CUSTOMER_PASSWORD}))
        .expect_problem(401, "wrong_credentials");
}

#[test]
fn of_two_that_write_the_whole_back_none_reads_what_the_other_has_half_written() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 500);
    let path = format!("/products/{product}");
    let whole = staff.get(&path).expect(200).body;
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (shop, path, whole) = (&shop, &path, &whole);
            let client = shop.with_token(staff.token());
            scope.spawn(move || {
                for turn in 0..10 {
                    let mut whole = whole.clone();
                    whole["price"] = json!(format!("{number}.{turn:02}"));
                    client.put(path, whole).expect(200);
                    client
                        .post(
                            "/orders",
                            json!({"customer_id": shop.guest().id, "items": items_json(&[(product, 1)])}),
                        )
                        .expect(201);
                }
            });
        }
    });
}
