//! The audit log: one entry for every change that staff, a key or a command makes, and none for anything else.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::api_key::KeyScope;

use crate::access::{World, expired_token, key_with, person, product, supplier, suppliers_file};
use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, items_json, unique};
use crate::harness::{STAFF_PASSWORD, Shop};
use crate::program::{run, run_with_input};

/// A request that succeeds, and what its entry must say.
struct Case {
    method: &'static str,
    path: &'static str,
    body: fn(&World) -> Value,
    /// What must be so before, and the path if it is another than the customer's own.
    before: fn(&World) -> Option<String>,
    entry: (&'static str, &'static str),
}

const fn case(
    method: &'static str,
    path: &'static str,
    entry: (&'static str, &'static str),
    body: fn(&World) -> Value,
    before: fn(&World) -> Option<String>,
) -> Case {
    Case { method, path, body, before, entry }
}

const NOTHING: fn(&World) -> Value = |_| Value::Null;
const AS_IT_IS: fn(&World) -> Option<String> = |_| None;

fn new_account(_: &World) -> Value {
    json!({"username": unique("new")})
}

fn shipped(world: &World) -> Option<String> {
    world.staff.post(&format!("/orders/{}/ship", world.order_id), json!({})).expect(200);
    None
}

/// The first of the manager's sessions, which is not the one that asks.
fn another_session(world: &World) -> Option<String> {
    let sessions = world.staff.get("/sessions?limit=100").expect(200);
    let other = sessions.body["data"].as_array().unwrap().iter().find(|session| session["current"] == false);
    Some(format!("/sessions/{}", other.expect("a session of before")["id"]))
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("POST",   "/customers",              ("created", "customer"), |_| person(), AS_IT_IS),
    case("PUT",    "/customers/{id}",         ("changed", "customer"), |_| person(), AS_IT_IS),
    case("PATCH",  "/customers/{id}",         ("changed", "customer"), |_| json!({"phone": "555-0199"}), AS_IT_IS),
    case("DELETE", "/customers/{id}",         ("erased", "customer"), NOTHING, |world| {
        world.own.client.post(&format!("/orders/{}/cancel", world.order_id), json!({})).expect(200);
        None
    }),
    case("POST",   "/customer_accounts",      ("created", "account"), |world| json!({"customer_id": world.guest.id, "username": unique("new"), "password": CUSTOMER_PASSWORD}), AS_IT_IS),
    case("PUT",    "/customer_accounts/{id}", ("changed", "account"), new_account, AS_IT_IS),
    case("PATCH",  "/customer_accounts/{id}", ("changed", "account"), new_account, AS_IT_IS),
    case("DELETE", "/customer_accounts/{id}", ("removed", "account"), NOTHING, AS_IT_IS),
    case("POST",   "/sessions",               ("created", "session"), |_| json!({"username": "staff", "password": STAFF_PASSWORD}), AS_IT_IS),
    case("DELETE", "/sessions/current",       ("ended", "session"), NOTHING, AS_IT_IS),
    case("DELETE", "/sessions/{id}",          ("ended", "session"), NOTHING, another_session),
    case("PATCH",  "/staff/current",          ("changed", "staff"), |_| json!({"password": STAFF_PASSWORD, "current_password": STAFF_PASSWORD}), AS_IT_IS),
    case("PATCH",  "/staff/{id}",             ("changed", "staff"), |_| json!({"role": "manager"}), AS_IT_IS),
    case("POST",   "/api_keys",               ("created", "api_key"), |_| json!({"name": "Till", "scopes": ["orders:read"]}), AS_IT_IS),
    case("DELETE", "/api_keys/{id}",          ("ended", "api_key"), NOTHING, AS_IT_IS),
    case("POST",   "/webhooks",               ("created", "webhook"), |_| json!({"url": "https://shop.example/hooks"}), AS_IT_IS),
    case("PATCH",  "/webhooks/{id}",          ("changed", "webhook"), |_| json!({"active": false}), AS_IT_IS),
    case("DELETE", "/webhooks/{id}",          ("removed", "webhook"), NOTHING, AS_IT_IS),
    case("POST",   "/webhooks/{id}/rotate_secret", ("changed", "webhook"), NOTHING, AS_IT_IS),
    case("POST",   "/webhooks/{id}/replay",   ("changed", "webhook"), |_| json!({"after": 0}), AS_IT_IS),
    case("POST",   "/products",               ("created", "product"), |_| product(), AS_IT_IS),
    case("PUT",    "/products/{id}",          ("changed", "product"), |_| product(), AS_IT_IS),
    case("PATCH",  "/products/{id}",          ("changed", "product"), |_| json!({"price": "2.00"}), AS_IT_IS),
    case("DELETE", "/products/{id}",          ("archived", "product"), NOTHING, AS_IT_IS),
    case("POST",   "/products/{id}/restore",  ("changed", "product"), NOTHING, |world| {
        world.staff.delete(&world.path("/products/{id}")).expect(204);
        None
    }),
    case("POST",   "/orders",                 ("placed", "order"), |world| json!({"customer_id": world.own.id, "items": items_json(&[(world.product_id, 1)])}), AS_IT_IS),
    case("PATCH",  "/orders/{id}",            ("changed", "order"), |_| json!({"expected_delivery_date": "2999-12-31"}), AS_IT_IS),
    case("POST",   "/orders/{id}/confirm",    ("changed", "order"), NOTHING, AS_IT_IS),
    case("POST",   "/orders/{id}/cancel",     ("cancelled", "order"), NOTHING, AS_IT_IS),
    case("POST",   "/orders/{id}/ship",       ("shipped", "order"), NOTHING, AS_IT_IS),
    case("POST",   "/orders/{id}/deliver",    ("delivered", "order"), NOTHING, shipped),
    case("POST",   "/orders/{id}/lost",       ("lost", "order"), |_| json!({"note": "Not at the depot"}), shipped),
    case("POST",   "/orders/{id}/returned",   ("returned", "order"), NOTHING, shipped),
    case("POST",   "/orders/{id}/reopen",     ("reopened", "order"), NOTHING, |world| {
        shipped(world);
        world.staff.post(&format!("/orders/{}/deliver", world.order_id), json!({})).expect(200);
        None
    }),
    case("PATCH",  "/products/{id}/stock",    ("changed", "stock"), |_| json!({"reorder_multiple": 5}), AS_IT_IS),
    case("POST",   "/products/{id}/stock/movements", ("moved", "stock"), |_| json!({"delta": -1, "reason": "damaged"}), AS_IT_IS),
    case("PATCH",  "/stock/movements/{id}",   ("changed", "stock"), |_| json!({"note": "Counted twice"}), AS_IT_IS),
    case("POST",   "/stock_takes",            ("created", "stock_take"), |_| json!({"note": "by two"}), AS_IT_IS),
    case("PATCH",  "/stock_takes/{id}",       ("changed", "stock_take"), |_| json!({"note": "by two"}), AS_IT_IS),
    case("POST",   "/stock_takes/{id}/counts", ("changed", "stock_take"), |world| json!({"counts": [{"product_id": world.product_id, "counted": 98}]}), AS_IT_IS),
    case("DELETE", "/stock_takes/{id}/counts/{product_id}", ("changed", "stock_take"), NOTHING, AS_IT_IS),
    case("POST",   "/stock_takes/{id}/book",  ("booked", "stock_take"), NOTHING, AS_IT_IS),
    case("POST",   "/stock_takes/{id}/cancel", ("cancelled", "stock_take"), NOTHING, AS_IT_IS),
    case("POST",   "/imports",                ("created", "import"), |_| suppliers_file(), AS_IT_IS),
    case("POST",   "/imports/{id}/apply",     ("applied", "import"), NOTHING, |world| {
        // Of rows that are refused, so that nothing else is done.
        let file = json!("name,lead_time_days\n,5\n");
        let import = world.staff.call("POST", "/imports?type=suppliers", &file).expect(201).id();
        Some(format!("/imports/{import}/apply"))
    }),
    case("POST",   "/imports/{id}/undo",      ("undone", "import"), NOTHING, |world| {
        let file = json!("name,lead_time_days\n,5\n");
        let import = world.staff.call("POST", "/imports?type=suppliers", &file).expect(201).id();
        world.staff.post(&format!("/imports/{import}/apply"), json!({})).expect(200);
        Some(format!("/imports/{import}/undo"))
    }),
    case("POST",   "/restock/runs",           ("started", "restock_run"), NOTHING, AS_IT_IS),
    case("POST",   "/verifications",          ("started", "verification"), NOTHING, AS_IT_IS),
    case("POST",   "/purchase_orders",        ("created", "purchase_order"), |world| json!({"lines": [{"product_id": world.product_id, "quantity": 2}]}), AS_IT_IS),
    case("PATCH",  "/purchase_orders/{id}",   ("changed", "purchase_order"), |_| json!({"note": "by van"}), AS_IT_IS),
    case("PUT",    "/purchase_orders/{id}/lines/{product_id}", ("changed", "purchase_order"), |_| json!({"quantity": 7}), AS_IT_IS),
    case("DELETE", "/purchase_orders/{id}/lines/{product_id}", ("changed", "purchase_order"), NOTHING, AS_IT_IS),
    case("POST",   "/purchase_orders/{id}/split",   ("changed", "purchase_order"), |world| json!({"lines": [{"product_id": world.product_id, "quantity": 1}]}), AS_IT_IS),
    case("POST",   "/purchase_orders/{id}/merge",   ("changed", "purchase_order"), |world| json!({"purchase_order_id": world.other_draft_id}), AS_IT_IS),
    case("POST",   "/purchase_orders/{id}/order",   ("placed", "purchase_order"), NOTHING, AS_IT_IS),
    case("POST",   "/purchase_orders/{id}/receive", ("received", "purchase_order"), NOTHING, AS_IT_IS),
    case("POST",   "/purchase_orders/{id}/cancel",  ("cancelled", "purchase_order"), NOTHING, AS_IT_IS),
    case("POST",   "/suppliers",              ("created", "supplier"), |_| supplier(), AS_IT_IS),
    case("PUT",    "/suppliers/{id}",         ("changed", "supplier"), |_| supplier(), AS_IT_IS),
    case("PATCH",  "/suppliers/{id}",         ("changed", "supplier"), |_| json!({"lead_time_days": 3}), AS_IT_IS),
    case("DELETE", "/suppliers/{id}",         ("archived", "supplier"), NOTHING, AS_IT_IS),
    case("POST",   "/suppliers/{id}/restore", ("changed", "supplier"), NOTHING, |world| {
        world.staff.delete(&world.path("/suppliers/{id}")).expect(204);
        None
    }),
    case("PUT",    "/suppliers/{id}/products/{product_id}", ("changed", "supplier"), |_| json!({"cost": "3.00"}), AS_IT_IS),
    case("PATCH",  "/suppliers/{id}/products/{product_id}", ("changed", "supplier"), |_| json!({"cost": "3.00"}), AS_IT_IS),
    case("DELETE", "/suppliers/{id}/products/{product_id}", ("changed", "supplier"), NOTHING, AS_IT_IS),
];

fn entries(shop: &Shop) -> Vec<Value> {
    let manager = shop.with_token(&shop.log_in("staff", STAFF_PASSWORD));
    let list = manager.get("/audit?limit=100").expect(200);
    // Logging in to look is an entry itself.
    list.body["data"].as_array().unwrap()[1..].to_vec()
}

fn count(shop: &Shop) -> u64 {
    shop.sql().query_first("SELECT COUNT(*) FROM audit_log").unwrap().unwrap()
}

/// The entries that `work` has left, newest first.
fn left_by(shop: &Shop, work: impl FnOnce()) -> Vec<Value> {
    let before = count(shop);
    work();
    let new = count(shop) - before;
    entries(shop).into_iter().take(new as usize).collect()
}

/// Sends a case as `client` and returns the one entry that it has left.
fn audited(shop: &Shop, world: &World, case: &Case, client: &Client) -> Value {
    let path = (case.before)(world).unwrap_or_else(|| world.path(case.path));
    let mut answer: Option<Answer> = None;
    let left = left_by(shop, || answer = Some(client.call(case.method, &path, &(case.body)(world))));
    let answer = answer.expect("an answer");
    assert!((200..300).contains(&answer.status), "{} {}", answer.request, answer.text);
    let [entry] = &left[..] else { panic!("{} left {left:?}", answer.request) };
    assert_eq!(
        (&entry["action"], &entry["object"]),
        (&json!(case.entry.0), &json!(case.entry.1)),
        "{}",
        answer.request
    );
    assert_eq!(entry["address"], "127.0.0.1");
    let id = path.split('/').find_map(|segment| segment.parse::<u64>().ok()).or(answer.body["id"].as_u64());
    // A movement is a line in the stock of its product.
    let id = if path.starts_with("/stock/") { answer.body["product_id"].as_u64() } else { id };
    if let Some(id) = id {
        assert_eq!(entry["object_id"], id, "{}", answer.request);
    }
    entry.clone()
}

/// Whatever staff may call and changes something has its case, so a route whose entry was forgotten fails.
#[test]
fn every_change_by_staff_leaves_one_entry_that_names_it_and_them() {
    let shop = Shop::open();
    let expired = expired_token(&shop);
    let mut tried = 0;
    let mut world = World::new(&shop, &expired);
    for route in ROUTES.iter().filter(|route| route.writes()) {
        let found = CASES.iter().find(|case| (case.method, case.path) == (route.method, route.path));
        let case = found.unwrap_or_else(|| panic!("{} {} has no case", route.method, route.path));
        world = world.again(&shop, &expired);
        let account = world.staff.get("/sessions/current").expect(200).body["account_id"].clone();
        let entry = audited(&shop, &world, case, &world.staff);
        assert_eq!((&entry["account_id"], &entry["username"]), (&account, &json!("staff")));
        assert_eq!((&entry["api_key_id"], &entry["command"]), (&Value::Null, &Value::Null));
        tried += 1;
    }
    assert_eq!(tried, CASES.len());
}

#[test]
fn every_change_by_a_key_leaves_one_entry_that_names_it_and_the_key() {
    let shop = Shop::open();
    let expired = expired_token(&shop);
    let all: Vec<&str> = KeyScope::ALL.iter().map(|scope| scope.text()).collect();
    let with_scope = ROUTES.iter().filter(|route| route.writes() && route.scope.is_some());
    let mut world = World::new(&shop, &expired);
    for route in with_scope {
        let case = CASES.iter().find(|case| (case.method, case.path) == (route.method, route.path));
        world = world.again(&shop, &expired);
        let key = key_with(&shop, &world.staff, &all);
        let keys = world.staff.get("/api_keys?limit=100").expect(200);
        let id = keys.body["data"].as_array().unwrap().last().unwrap()["id"].clone();
        let entry = audited(&shop, &world, case.expect("a case"), &key);
        assert_eq!((&entry["api_key_id"], &entry["account_id"]), (&id, &Value::Null));
        assert!(entry["api_key_name"].as_str().is_some_and(|name| name.starts_with("Key-")), "{entry}");
        assert_eq!(keys.body["next"], Value::Null, "the last key is on another page");
    }
}

#[test]
fn what_customers_do_themselves_and_what_is_refused_or_replayed_leaves_none() {
    let shop = Shop::open();
    let manager = shop.staff();
    let product = shop.product(&manager, 5);
    let left = left_by(&shop, || {
        let (customer, username) = shop.customer_with_account();
        let path = format!("/customers/{}", customer.id);
        customer.client.patch(&path, json!({"phone": "555-0111"})).expect(200);
        let order = customer.client.order(&[(product, 1)]).expect(201).id();
        customer.client.post(&format!("/orders/{order}/cancel"), json!({})).expect(200);
        shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD)).delete("/sessions/current").expect(204);
        customer.client.delete(&path).expect(204);

        manager.post("/products", json!({"name": ""})).expect(422);
        manager
            .post(&format!("/products/{product}/stock/movements"), json!({"delta": -9, "reason": "damaged"}))
            .expect(409);
        manager.patch("/products/999999", json!({"price": "1.00"})).expect(404);
        shop.anyone().post("/sessions", json!({"username": "staff", "password": "a guess"})).expect(401);
    });
    assert_eq!(left, [Value::Null; 0]);
    let left = left_by(&shop, || {
        for _ in 0..2 {
            manager.post_once("once", "/products", json!({"name": "Kettle", "price": "3.00"})).expect(201);
        }
        let guest = shop.guest();
        let order = guest.client.order(&[(product, 1)]).expect(201).id();
        for _ in 0..2 {
            manager.post(&format!("/orders/{order}/ship"), json!({})).expect(200);
        }
    });
    let actions: Vec<&Value> = left.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["shipped", "created"]);
}

#[test]
fn fields_are_named_and_their_values_never_stored() {
    let shop = Shop::open();
    let manager = shop.staff();
    let secret = "Zebulon Quackenbush";
    let (customer, _) = shop.customer_with_account();
    let account = customer.client.get("/sessions/current").expect(200).body["account_id"].clone();
    let left = left_by(&shop, || {
        let changed = json!({"name": secret, "email": "zebulon@example.org"});
        manager.patch(&format!("/customers/{}", customer.id), changed).expect(200);
        let password = json!({"username": "zebulon", "password": "seven wombats in a coat"});
        manager.patch(&format!("/customer_accounts/{account}"), password).expect(200);
        manager.post("/products", json!({"name": secret, "price": "3.00", "stock": 5})).expect(201);
    });
    let fields: Vec<&Value> = left.iter().map(|entry| &entry["fields"]).collect();
    assert_eq!(
        fields,
        [&json!(["name", "price", "stock"]), &json!(["username", "password"]), &json!(["email", "name"])]
    );
    let rows: Vec<String> = shop
        .sql()
        .query("SELECT CONCAT_WS('|', command, address, action, object, fields) FROM audit_log")
        .unwrap();
    for row in rows {
        assert!(!["Zebulon", "zebulon", "wombats", "555"].iter().any(|text| row.contains(text)), "{row}");
    }
}

#[test]
fn an_operators_commands_are_named() {
    let shop = Shop::open();
    shop.staff();
    let product = shop.product(&shop.staff(), 5);
    let left = left_by(&shop, || {
        run_with_input(&shop.database_url, &["add-staff", "anna"], STAFF_PASSWORD).expect_success();
        let reset = ["add-staff", "--reset", "--role", "clerk", "anna"];
        run_with_input(&shop.database_url, &reset, STAFF_PASSWORD).expect_success();
        run_with_input(&shop.database_url, &["add-staff", "anna"], STAFF_PASSWORD).expect_refusal();
        shop.sql().exec_drop("UPDATE stock SET on_hand = 4 WHERE product_id = ?", (product,)).unwrap();
        assert_eq!(run(&shop.database_url, &["verify", "--repair"]).code, Some(0));
    });
    let said: Vec<(&Value, &Value, &Value, &Value)> = left
        .iter()
        .map(|entry| (&entry["command"], &entry["action"], &entry["object"], &entry["fields"]))
        .collect();
    let (repair, add) = (json!("verify --repair"), json!("add-staff"));
    assert_eq!(
        said,
        [
            (&repair, &json!("repaired"), &json!("stock"), &json!(["on_hand"])),
            (&add, &json!("changed"), &json!("staff"), &json!(["role", "password"])),
            (&add, &json!("created"), &json!("staff"), &json!(["username", "password", "role"])),
        ]
    );
    assert!(left.iter().all(|entry| entry["address"] == Value::Null && entry["account_id"] == Value::Null));
    let only = shop.staff().get("/audit?command=add-staff").expect(200);
    // With the account that looks, which was made like that too.
    assert_eq!(only.body["data"].as_array().unwrap().len(), 3);
}

#[test]
fn the_log_is_filtered_and_goes_by_pages() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let account = |client: &Client| client.get("/sessions/current").expect(200).body["account_id"].clone();
    let (of_manager, of_clerk) = (account(&manager), account(&clerk));
    let kettle = shop.product(&manager, 5);
    let jug = shop.product(&clerk, 5);
    shop.app.clock.advance(chrono::Duration::hours(1));
    let from = shop.app.clock.now();
    clerk.patch(&format!("/products/{kettle}"), json!({"price": "2.00"})).expect(200);
    let found = |query: &str| -> Vec<(Value, Value)> {
        let list = manager.get(&format!("/audit?{query}")).expect(200);
        let data = list.body["data"].as_array().unwrap();
        data.iter().map(|entry| (entry["account_id"].clone(), entry["action"].clone())).collect()
    };
    let changed = (of_clerk.clone(), json!("changed"));
    assert_eq!(
        found(&format!("object=product&object_id={kettle}")),
        [changed.clone(), (of_manager.clone(), json!("created"))]
    );
    assert_eq!(found(&format!("account_id={of_clerk}&object=product")).len(), 2);
    assert_eq!(found(&format!("account_id={of_manager}&object=product&object_id={jug}")), []);
    assert_eq!(found(&format!("from={from}")), [changed]);
    assert_eq!(found(&format!("to={from}&object=product")).len(), 2);
    assert_eq!(found("api_key_id=999"), []);

    let all = found("limit=100");
    let mut paged = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = manager.get(&format!("/audit?{query}")).expect(200);
        let data = page.body["data"].as_array().unwrap();
        paged.extend(data.iter().map(|entry| (entry["account_id"].clone(), entry["action"].clone())));
        match page.body["next"].as_str() {
            Some(next) => query = format!("limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    let bad = "/audit?object=shop&account_id=x&from=monday&maker=anna";
    manager.get(bad).expect_bad_fields(&[
        ("object", "invalid_object"),
        ("account_id", "invalid_number"),
        ("from", "invalid_time"),
        ("maker", "unknown_field"),
    ]);
    manager.get("/audit?object_id=1").expect_bad_fields(&[("object", "required")]);
    clerk.get("/audit").expect_problem(403, "forbidden");
}
