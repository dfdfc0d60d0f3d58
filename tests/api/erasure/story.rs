//! Everything that is ever written about a customer, by everybody who can.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::markers::{
    ADDRESS, CARRIER, EMAIL, KEY, MARKERS, NAME, NOTE, PASSWORD, PHONE, TRACKING, USERNAME, WRONG_TRACKING,
    person,
};
use crate::client::{Answer, Client};
use crate::fixtures::{items_json, unique};

/// Sends requests, and remembers which fields have held a marker and what was answered under which key.
pub struct Scribe {
    pub written: RefCell<BTreeMap<String, BTreeSet<String>>>,
    pub kept: RefCell<Vec<Kept>>,
}

pub struct Kept {
    pub caller: usize,
    pub key: String,
    pub path: String,
    pub body: Value,
    pub answer: Answer,
}

impl Scribe {
    pub fn write(&self, client: &Client, method: &str, path: &str, body: Value) -> Answer {
        self.note(method, path, &body);
        client.call(method, path, &body)
    }

    /// Under a key that names the person too.
    pub fn post(&self, caller: usize, client: &Client, path: &str, body: Value) -> Answer {
        self.note("POST", path, &body);
        let key = unique(KEY);
        let answer = client.post_once(&key, path, body.clone());
        let kept = Answer {
            request: answer.request.clone(),
            status: answer.status,
            headers: answer.headers.clone(),
            text: answer.text.clone(),
            body: answer.body.clone(),
        };
        self.kept.borrow_mut().push(Kept { caller, key, path: path.to_owned(), body, answer: kept });
        answer
    }

    pub fn note(&self, method: &str, path: &str, body: &Value) {
        let pattern: Vec<&str> =
            path.split('/').map(|part| if part.parse::<u64>().is_ok() { "{id}" } else { part }).collect();
        let mut fields = BTreeSet::new();
        marked_fields(body, "", &mut fields);
        self.written
            .borrow_mut()
            .entry(format!("{method} {}", pattern.join("/")))
            .or_default()
            .extend(fields);
    }
}

fn marked_fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if MARKERS.iter().any(|marker| text.to_lowercase().contains(marker)) => {
            found.insert(path.to_owned());
        }
        Value::Object(members) => {
            for (name, member) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                marked_fields(member, &below, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| marked_fields(item, path, found)),
        _ => {}
    }
}

/// Those who can write about a customer: the customer, a manager and a program.
pub const CUSTOMER: usize = 0;
pub const MANAGER: usize = 1;
pub const PROGRAM: usize = 2;

/// One customer, and everybody who writes about them.
pub struct Story<'a> {
    pub scribe: &'a Scribe,
    pub base: &'a str,
    pub callers: [Client; 3],
    pub id: u64,
    pub shelf: u64,
}

impl Story<'_> {
    pub fn path(&self) -> String {
        format!("/customers/{}", self.id)
    }

    pub fn account(&self) -> String {
        let found =
            self.callers[MANAGER].get(&format!("/customer_accounts?customer_id={}", self.id)).expect(200);
        format!("/customer_accounts/{}", found.body["data"][0]["id"])
    }

    pub fn log_in(&self, password: &str) -> Answer {
        let body = json!({"username": USERNAME, "password": password});
        self.scribe.write(&Client::new(self.base, None), "POST", "/sessions", body)
    }

    pub fn write_details(&self) {
        for client in &self.callers {
            self.scribe.write(client, "PUT", &self.path(), person()).expect(200);
            self.scribe.write(client, "PATCH", &self.path(), person()).expect(200);
            self.scribe
                .write(client, "PATCH", &self.path(), json!({"name": NAME, "zqnote": EMAIL}))
                .expect(422);
        }
        for q in [NAME, EMAIL, PHONE] {
            let q: String = q.bytes().map(|byte| format!("%{byte:02x}")).collect();
            self.callers[MANAGER].get(&format!("/customers?q={q}")).expect(200);
        }
    }

    /// An account, made anew by everybody who may; the last one stays.
    pub fn write_accounts(&mut self) {
        for caller in [CUSTOMER, MANAGER] {
            let client = &self.callers[caller];
            let mut account = json!({"username": USERNAME, "password": PASSWORD});
            if caller != CUSTOMER {
                account["customer_id"] = json!(self.id);
            }
            self.scribe.post(caller, client, "/customer_accounts", account.clone()).expect(201);
            self.scribe.write(client, "POST", "/customer_accounts", account).expect(409);
            let mut changed = json!({"username": USERNAME, "password": PASSWORD});
            if caller != MANAGER {
                changed["current_password"] = json!(PASSWORD);
            }
            self.scribe.write(client, "PUT", &self.account(), changed.clone()).expect(200);
            self.scribe.write(client, "PATCH", &self.account(), changed).expect(200);
            self.log_in("zqpassword of somebody else").expect(401);
            let token = self.log_in(PASSWORD).expect(201).body["token"].as_str().unwrap().to_owned();
            self.callers[CUSTOMER] = Client::new(self.base, Some(&token));
            if caller == CUSTOMER {
                self.callers[MANAGER].delete(&self.account()).expect(204);
            }
        }
    }

    /// Orders by everybody, moved along by staff and the program, to every end.
    pub fn write_orders(&self) {
        for caller in [CUSTOMER, MANAGER, PROGRAM] {
            let client = &self.callers[caller];
            let mut order =
                json!({"items": items_json(&[(self.shelf, 1)]), "shipping_address": ADDRESS, "note": NOTE});
            if caller != CUSTOMER {
                order["customer_id"] = json!(self.id);
            }
            let place = || self.scribe.post(caller, client, "/orders", order.clone()).expect(201).id();
            let (kept, cancelled) = (place(), place());
            self.scribe.post(caller, client, &format!("/orders/{cancelled}/cancel"), json!({})).expect(200);
            let behind_the_counter = if caller == CUSTOMER { MANAGER } else { caller };
            let client = &self.callers[behind_the_counter];
            client
                .patch(&format!("/orders/{kept}"), json!({"expected_delivery_date": "2999-12-31"}))
                .expect(200);
            let own =
                json!({"shipping_address": format!("{ADDRESS}\nNear Zqdomain"), "note": format!("{NOTE}!")});
            for body in [own, json!({"shipping_address": ADDRESS, "note": NOTE})] {
                let patch = format!("/orders/{kept}");
                self.scribe.write(&self.callers[caller], "PATCH", &patch, body).expect(200);
            }
            let sent = json!({"carrier": CARRIER, "tracking_number": WRONG_TRACKING});
            let corrected = json!({"carrier": format!("{CARRIER} Ltd"), "tracking_number": TRACKING});
            let noted = json!({"note": format!("{NAME} was away")});
            for (step, body) in [
                ("confirm", json!({})),
                ("ship", sent),
                ("", corrected),
                ("lost", noted.clone()),
                ("returned", noted),
            ] {
                let path = format!("/orders/{kept}/{step}");
                match step {
                    "" => self.scribe.write(client, "PATCH", path.trim_end_matches('/'), body).expect(200),
                    _ => self.scribe.post(behind_the_counter, client, &path, body).expect(200),
                };
            }
        }
    }

    /// Notes that name the person in every way, by staff and the program. Returns the movements' ids.
    pub fn write_notes(&self) -> BTreeSet<u64> {
        let ways = [
            format!("Returned by {NAME}"),
            "mrs QUACKENBUSH was here".to_owned(),
            format!("wrote to {}", EMAIL.to_uppercase()),
            "ring 030 / 98765 432".to_owned(),
            format!("account {USERNAME}"),
            "from 13 zqaddress lane".to_owned(),
            "for Upper Slaughter".to_owned(),
            "parcel zqtrack q17 came back".to_owned(),
            "sent as zqwrong q18 at first".to_owned(),
        ];
        let mut noted = BTreeSet::new();
        for caller in [MANAGER, PROGRAM] {
            let client = &self.callers[caller];
            for (number, note) in ways.iter().enumerate() {
                let reason = ["return", "correction"][number % 2];
                let body = json!({"delta": 1, "reason": reason, "note": note});
                let path = format!("/products/{}/stock/movements", self.shelf);
                noted.insert(self.scribe.post(caller, client, &path, body).expect(201).id());
            }
            let order = self.callers[MANAGER].purchase_of_shelf(self.shelf);
            let lines = json!([{"product_id": self.shelf, "quantity": 1}]);
            let body = json!({"lines": lines, "note": format!("Fetched by {NAME}")});
            self.scribe.post(caller, client, &format!("/purchase_orders/{order}/receive"), body).expect(200);
            let ledger = format!("/products/{}/stock/movements?limit=1", self.shelf);
            noted.insert(client.get(&ledger).expect(200).body["data"][0]["id"].as_u64().unwrap());
            let innocent =
                json!({"delta": -1, "reason": "damaged", "note": "Broken in the box, from Canada"});
            client.post(&format!("/products/{}/stock/movements", self.shelf), innocent).expect(201);
        }
        noted
    }
}

impl Story<'_> {
    /// Purchase orders whose note names the person, from the beginning or later. Returns their ids.
    pub fn write_purchases(&self) -> BTreeSet<u64> {
        let mut orders = BTreeSet::new();
        for caller in [MANAGER, PROGRAM] {
            let client = &self.callers[caller];
            let note = json!({"note": format!("Special order for {NAME}, {EMAIL}")});
            orders
                .insert(self.scribe.post(caller, client, "/purchase_orders", note.clone()).expect(201).id());
            let later = client.post("/purchase_orders", json!({})).expect(201).id();
            self.scribe.write(client, "PATCH", &format!("/purchase_orders/{later}"), note).expect(200);
            orders.insert(later);
            client.post("/purchase_orders", json!({"note": "For Canada."})).expect(201);
        }
        orders
    }
}

impl Client {
    /// The purchase order of a shelf that is always below its point.
    pub fn purchase_of_shelf(&self, product_id: u64) -> u64 {
        self.post("/restock/runs", json!({"product_id": product_id})).expect(201);
        self.ordered(product_id)
    }
}
