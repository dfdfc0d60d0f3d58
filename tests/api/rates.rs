//! How much one network and one caller may ask for.

use chrono::Duration;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::harness::Shop;

fn open(limits: &[(&str, &str)]) -> Shop {
    let mut settings = vec![("STOREKEEPER_CLIENT_ADDRESS_HEADER".to_owned(), "X-Real-IP")];
    settings.extend(limits.iter().map(|(name, value)| (format!("STOREKEEPER_{name}_PER_MINUTE"), *value)));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    Shop::open_with(&settings)
}

fn from(client: &Client, address: &str, method: &str, path: &str, body: &Value) -> Answer {
    let request = client.request(method, path).header("X-Real-IP", address);
    if body.is_null() { request.send() } else { request.json(body.clone()).send() }
}

fn guest() -> Value {
    json!({"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456"})
}

#[track_caller]
fn refused(answer: Answer) -> i64 {
    let answer = answer.expect_problem(429, "rate_limited");
    answer.header("Retry-After").expect("a Retry-After").parse().expect("seconds")
}

#[test]
fn a_network_that_asks_for_too_much_waits_and_no_other_does() {
    let shop = open(&[("NETWORK_REQUESTS", "30")]);
    let anyone = shop.anyone();
    let get = |address: &str, path: &str| from(&anyone, address, "GET", path, &Value::Null);
    for _ in 0..15 {
        get("198.51.100.7", "/products").expect(200);
        get("198.51.100.7", "/nowhere").expect(404);
    }
    let wait_s = refused(get("198.51.100.7", "/products"));
    for path in ["/nowhere", "/openapi.json", "/sessions/current"] {
        refused(get("198.51.100.7", path));
    }
    get("198.51.100.7", "/healthz").expect(200);
    get("198.51.100.7", "/readyz").expect(200);
    get("198.51.100.8", "/products").expect(200);
    shop.app.clock.advance(Duration::seconds(wait_s));
    get("198.51.100.7", "/products").expect(200);
    refused(get("198.51.100.7", "/products"));
}

#[test]
fn an_ipv6_network_has_one_share_and_a_48_has_four() {
    let shop = open(&[("NETWORK_REQUESTS", "10")]);
    let anyone = shop.anyone();
    let get = |network: u32, host: u32| {
        let address = format!("2001:db8:7:{network:x}::{host:x}");
        from(&anyone, &address, "GET", "/docs", &Value::Null)
    };
    let through = |network: u32| (0..20).filter(|host| get(network, *host).status != 429).count();
    assert_eq!((0..5).map(through).collect::<Vec<_>>(), [10, 10, 10, 10, 0]);
    from(&anyone, "2001:db8:8::1", "GET", "/products", &Value::Null).expect(200);
}

#[test]
fn sign_ups_and_choices_of_a_username_are_bounded_for_strangers() {
    let shop = open(&[("NETWORK_SIGN_UPS", "5")]);
    let (staff, anyone) = (shop.staff(), shop.anyone());
    let here = |client: &Client, method: &str, path: &str, body: &Value| {
        from(client, "198.51.100.7", method, path, body)
    };
    let opened = here(&anyone, "POST", "/customers", &guest()).expect(201);
    let client = shop.with_token(opened.body["session"]["token"].as_str().unwrap());
    let account = json!({"username": "ada", "password": "a long walk by the sea"});
    let account = here(&client, "POST", "/customer_accounts", &account).expect(201);
    let path = account.header("Location").unwrap();
    // Whether a name is taken is asked at this rate too, and so is what is refused for its form.
    here(&client, "PATCH", path, &json!({"username": "staff-or-not"})).expect(200);
    here(&client, "PUT", path, &json!({"username": "x"})).expect(422);
    here(&anyone, "POST", "/customers", &json!({})).expect(422);
    assert_eq!(refused(here(&anyone, "POST", "/customers", &guest())), 12);
    refused(here(&client, "PATCH", path, &json!({"username": "eve"})));
    here(&client, "GET", path, &Value::Null).expect(200);
    for _ in 0..10 {
        here(&staff, "POST", "/customers", &guest()).expect(201);
    }
}

#[test]
fn writes_are_bounded_for_a_network_and_for_a_customer_but_not_for_staff() {
    let shop = open(&[("CALLER_WRITES", "5"), ("NETWORK_WRITES", "12")]);
    let staff = shop.staff();
    let (one, two) = (shop.guest().client, shop.guest().client);
    let product = shop.product(&staff, 100);
    let order = |client: &Client, address: &str| {
        let body = json!({"items": [{"product_id": product, "quantity": 1}]});
        from(client, address, "POST", "/orders", &body)
    };
    for number in 0..5 {
        order(&one, &format!("198.51.100.{number}")).expect(201);
    }
    let wait_s = refused(order(&one, "198.51.100.99"));
    assert_eq!(wait_s, 12);
    order(&two, "198.51.100.99").expect(201);
    one.get("/orders").expect(200);
    shop.app.clock.advance(Duration::seconds(wait_s));
    order(&one, "198.51.100.99").expect(201);

    // Whoever has many sessions has one network; a wrong login is a write too.
    let login = json!({"username": "nobody", "password": "a guess"});
    for _ in 0..10 {
        from(&shop.anyone(), "203.0.113.1", "POST", "/sessions", &login).expect(401);
    }
    for _ in 0..2 {
        order(&two, "203.0.113.1").expect(201);
    }
    refused(order(&two, "203.0.113.1"));
    refused(from(&shop.anyone(), "203.0.113.1", "POST", "/sessions", &login));
    for _ in 0..20 {
        from(&staff, "203.0.113.1", "PATCH", &format!("/products/{product}"), &json!({"price": "9.99"}))
            .expect(200);
    }
}

#[test]
fn a_customer_who_reads_too_much_waits_wherever_they_are() {
    let shop = open(&[("CALLER_REQUESTS", "10")]);
    let (one, two) = (shop.guest().client, shop.guest().client);
    let get = |client: &Client, address: &str| from(client, address, "GET", "/products", &Value::Null);
    for number in 0..10 {
        get(&one, &format!("198.51.100.{number}")).expect(200);
    }
    refused(get(&one, "198.51.100.77"));
    get(&two, "198.51.100.77").expect(200);
    for _ in 0..30 {
        get(&shop.anyone(), "198.51.100.77").expect(200);
    }
}
