//! The people and goods that tests need, made through the API.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::harness::Shop;

pub const CUSTOMER_PASSWORD: &str = "a customer's password";

/// No ids at all.
pub const NONE: [u64; 0] = [];

/// Waits for what must come; `never` is what is said if it does not.
pub fn until(never: &str, mut done: impl FnMut() -> bool) {
    // What takes longer beside two hundred other tests hangs.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{never}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A customer who has signed up, as a guest, and calls with the session of the sign-up.
pub struct Guest {
    pub id: u64,
    pub client: Client,
}

impl Shop {
    pub fn guest(&self) -> Guest {
        let body = json!({"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456"});
        self.sign_up(body)
    }

    /// A customer with an account; the username is unique in the run.
    pub fn customer_with_account(&self) -> (Guest, String) {
        let username = unique("user");
        let body = json!({
            "name": "Grace Hopper",
            "email": "grace@example.com",
            "phone": "555-0100",
            "account": {"username": username, "password": CUSTOMER_PASSWORD},
        });
        (self.sign_up(body), username)
    }

    fn sign_up(&self, body: Value) -> Guest {
        let answer = self.anyone().post("/customers", body).expect(201);
        let token = answer.body["session"]["token"].as_str().expect("a session");
        Guest { id: answer.id(), client: self.with_token(token) }
    }

    /// A supplier with this lead time.
    pub fn supplier(&self, manager: &Client, lead_time_days: i64) -> u64 {
        let body = json!({"name": unique("Supplier"), "lead_time_days": lead_time_days});
        manager.post("/suppliers", body).expect(201).id()
    }

    /// A product at 10.00 with this many units on the shelf.
    pub fn product(&self, staff: &Client, stock: i64) -> u64 {
        let body = json!({"name": unique("Product"), "price": "10.00", "stock": stock});
        staff.post("/products", body).expect(201).id()
    }
}

impl Client {
    /// Orders `(product_id, quantity)` pairs.
    pub fn order(&self, items: &[(u64, i64)]) -> Answer {
        self.post("/orders", json!({"items": items_json(items)}))
    }

    /// Says what a supplier asks for a product.
    pub fn offer(&self, supplier_id: u64, product_id: u64, terms: Value) -> Answer {
        self.put(&format!("/suppliers/{supplier_id}/products/{product_id}"), terms)
    }

    /// The newest proof of the books, once it has ended.
    pub fn verification(&self) -> Value {
        let mut newest = Value::Null;
        until("the proof never ends", || {
            newest = self.get("/verifications?limit=1").expect(200).body["data"][0].clone();
            newest["running"] != true
        });
        newest
    }

    /// How many units can be ordered, as the refusal of an order for more than any test has says.
    pub fn available(&self, product_id: u64) -> i64 {
        let refused = self.order(&[(product_id, 100_000)]).expect_problem(409, "out_of_stock");
        refused.body["products"][0]["available"].as_i64().expect("a number")
    }
}

pub fn items_json(items: &[(u64, i64)]) -> Value {
    let item = |&(product_id, quantity): &(u64, i64)| json!({"product_id": product_id, "quantity": quantity});
    items.iter().map(item).collect()
}

/// The EAN-13 of a number, or of the digits in a text.
pub fn gtin(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let body = format!("{digits:0>12}");
    let sum: u32 =
        body.bytes().enumerate().map(|(at, b)| u32::from(b - b'0') * if at % 2 == 0 { 1 } else { 3 }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A name that no other test of this run has.
pub fn unique(name: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
