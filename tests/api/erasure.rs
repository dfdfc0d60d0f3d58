//! Erasing a customer: whatever any route could write about them is gone from every column of every table and was
//! never in the log; what staff wrote to movements is put up for review, and gone once a manager has looked at it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use storekeeper::routes::{DESCRIPTION, ROUTES};
use storekeeper::web::api_key::KeyScope;

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::fixtures::{items_json, unique};
use crate::harness::Shop;
use crate::program::Service;
use crate::schema::resolved;
use crate::shelves::{Rule, together};

/// What is written nowhere else, by anybody.
const NAME: &str = "Zebulon Quackenbush";
const EMAIL: &str = "zqmail@zqdomain.example.org";
const PHONE: &str = "+49 30 98765432";
const PHONE_DIGITS: &str = "98765432";
const USERNAME: &str = "zq.user";
const PASSWORD: &str = "zqpassword in a trench coat";
const ADDRESS: &str = "13 Zqaddress Lane\nUpper Slaughter";
const NOTE: &str = "Zqnote: leave it with the beekeeper";
const CARRIER: &str = "Zqcarrier & Sons";
const TRACKING: &str = "ZQTRACK-Q17";
/// Corrected later.
const WRONG_TRACKING: &str = "ZQWRONG-Q18";
const KEY: &str = "zqkey";

const MARKERS: &[&str] = &[
    "zebulon",
    "quackenbush",
    "zqmail",
    "zqdomain",
    PHONE_DIGITS,
    "98765 432",
    "zq.user",
    "zqpassword",
    "zqaddress",
    "slaughter",
    "zqnote",
    "beekeeper",
    "zqcarrier",
    "zqtrack",
    "zqwrong",
    KEY,
];

/// Text that a route takes about a customer.
const OF_PERSON: &[(&str, &[&str])] = &[
    ("POST /customers", &["name", "email", "phone", "account.username", "account.password"]),
    ("PUT /customers/{id}", &["name", "email", "phone"]),
    ("PATCH /customers/{id}", &["name", "email", "phone"]),
    ("POST /customer_accounts", &["username", "password"]),
    ("PUT /customer_accounts/{id}", &["username", "password", "current_password"]),
    ("PATCH /customer_accounts/{id}", &["username", "password", "current_password"]),
    ("POST /sessions", &["username", "password"]),
    ("POST /orders", &["shipping_address", "note"]),
    ("PATCH /orders/{id}", &["shipping_address", "note", "carrier", "tracking_number"]),
    ("POST /orders/{id}/ship", &["carrier", "tracking_number"]),
    ("POST /orders/{id}/lost", &["note"]),
    ("POST /orders/{id}/returned", &["note"]),
    ("POST /products/{id}/stock/movements", &["note"]),
    ("POST /purchase_orders/{id}/receive", &["note"]),
    ("PATCH /stock/movements/{id}", &["note"]),
];

/// Text that is about the shop, those who work there and those whom it buys from: the catalogue, which anybody may read,
/// staff, keys and suppliers.
const OF_SHOP: &[&str] = &[
    "PATCH /staff/current",
    "PATCH /staff/{id}",
    "POST /api_keys",
    "POST /purchase_orders",
    "PATCH /purchase_orders/{id}",
    "POST /products",
    "PUT /products/{id}",
    "PATCH /products/{id}",
    "POST /suppliers",
    "PUT /suppliers/{id}",
    "PATCH /suppliers/{id}",
    "PUT /suppliers/{id}/products/{product_id}",
    "PATCH /suppliers/{id}/products/{product_id}",
];

/// Text of a form of its own, in which nobody can be named.
const OTHERS: &[(&str, &[&str])] = &[
    ("PATCH /orders/{id}", &["expected_delivery_date"]),
    ("PATCH /products/{id}/stock", &["snoozed_until"]),
];

/// The text fields of a body, by their paths.
fn text_fields(document: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let schema = resolved(document, schema);
    for key in ["anyOf", "oneOf", "allOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            text_fields(document, part, path, found);
        }
    }
    let is = |kind: &str| {
        schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)))
    };
    if is("string") && schema["enum"].is_null() {
        found.insert(path.to_owned());
    }
    if is("array") {
        text_fields(document, &schema["items"], path, found);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        text_fields(document, member, &below, found);
    }
}

#[test]
fn every_text_that_a_route_takes_is_about_a_person_or_known_not_to_be() {
    let document: Value = serde_json::from_str(&DESCRIPTION.text).unwrap();
    for route in ROUTES.iter().filter(|route| route.method != "GET") {
        let name = format!("{} {}", route.method, route.path);
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut fields = BTreeSet::new();
        if !body.is_null() {
            text_fields(&document, body, "", &mut fields);
        }
        if OF_SHOP.contains(&name.as_str()) {
            continue;
        }
        let listed = OF_PERSON.iter().chain(OTHERS).filter(|(route, _)| *route == name);
        let listed: BTreeSet<String> =
            listed.flat_map(|(_, fields)| fields.iter().map(std::string::ToString::to_string)).collect();
        // A price is a number that may be written as text.
        fields.retain(|field| !["expected_total", "unit_cost"].contains(&field.as_str()));
        assert_eq!(
            fields, listed,
            "{name}: say which of these can name a person, and write markers into them"
        );
    }
}

/// Sends requests, and remembers which fields have held a marker and what was answered under which key.
struct Scribe {
    written: RefCell<BTreeMap<String, BTreeSet<String>>>,
    kept: RefCell<Vec<Kept>>,
}

struct Kept {
    caller: usize,
    key: String,
    path: String,
    body: Value,
    answer: Answer,
}

impl Scribe {
    fn write(&self, client: &Client, method: &str, path: &str, body: Value) -> Answer {
        self.note(method, path, &body);
        client.call(method, path, &body)
    }

    /// Under a key that names the person too.
    fn post(&self, caller: usize, client: &Client, path: &str, body: Value) -> Answer {
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

    fn note(&self, method: &str, path: &str, body: &Value) {
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

/// The columns of the whole database in which a marker stands: as text in any case, as hexadecimal, or as the plain
/// digest of a whole text, which whoever guesses the text can recognise.
fn columns_that_hold_a_marker(sql: &mut Conn) -> BTreeSet<String> {
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for marker in MARKERS {
        let hex: String = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
        needles.extend([marker.as_bytes().to_vec(), hex.into_bytes()]);
    }
    for text in [NAME, EMAIL, PHONE, USERNAME, PASSWORD, ADDRESS, NOTE, CARRIER, TRACKING, WRONG_TRACKING] {
        let digest = Sha256::digest(text);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        needles.extend([digest.to_ascii_lowercase(), hex.into_bytes()]);
    }
    let tables: Vec<String> = sql
        .query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
        .unwrap();
    let mut found = BTreeSet::new();
    for table in tables {
        let rows: Vec<mysql::Row> = sql.query(format!("SELECT * FROM `{table}`")).unwrap();
        for row in rows {
            for (at, column) in row.columns_ref().iter().enumerate() {
                let Some(mysql::Value::Bytes(bytes)) = row.as_ref(at) else { continue };
                let bytes = bytes.to_ascii_lowercase();
                if needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle)) {
                    found.insert(format!("{table}.{}", column.name_str()));
                }
            }
        }
    }
    found
}

fn columns(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(std::string::ToString::to_string).collect()
}

fn person() -> Value {
    json!({"name": NAME, "email": EMAIL, "phone": PHONE})
}

/// Those who can write about a customer: the customer, a manager and a program.
const CUSTOMER: usize = 0;
const MANAGER: usize = 1;
const PROGRAM: usize = 2;

/// One customer, and everybody who writes about them.
struct Story<'a> {
    scribe: &'a Scribe,
    base: &'a str,
    callers: [Client; 3],
    id: u64,
    shelf: u64,
}

impl Story<'_> {
    fn path(&self) -> String {
        format!("/customers/{}", self.id)
    }

    fn account(&self) -> String {
        let found =
            self.callers[MANAGER].get(&format!("/customer_accounts?customer_id={}", self.id)).expect(200);
        format!("/customer_accounts/{}", found.body["data"][0]["id"])
    }

    fn log_in(&self, password: &str) -> Answer {
        let body = json!({"username": USERNAME, "password": password});
        self.scribe.write(&Client::new(self.base, None), "POST", "/sessions", body)
    }

    fn write_details(&self) {
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
    fn write_accounts(&mut self) {
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
    fn write_orders(&self) {
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
    fn write_notes(&self) -> BTreeSet<u64> {
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

impl Client {
    /// The purchase order of a shelf that is always below its point.
    fn purchase_of_shelf(&self, product_id: u64) -> u64 {
        self.post("/restock/runs", json!({"product_id": product_id})).expect(201);
        self.ordered(product_id)
    }
}

/// The movements that are up for review.
fn up_for_review(manager: &Client) -> BTreeSet<u64> {
    manager
        .all_pages("/mentions?limit=7")
        .iter()
        .map(|mention| mention["movement"]["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn whatever_any_route_wrote_about_a_customer_is_gone() {
    let shop = Shop::open();
    let (manager, shelf) = (shop.staff(), shop.watched(&shop.staff(), 1000, RULE));
    let scopes: Vec<&str> = KeyScope::ALL.iter().map(|scope| scope.text()).collect();
    let program = key_with(&shop, &manager, &scopes);
    let service = Service::start(&shop.database_url, &[("STOREKEEPER_LOG", "debug")]);
    let here = |client: &Client| Client::new(&service.base, Some(client.token()));
    let scribe = Scribe { written: RefCell::default(), kept: RefCell::default() };
    let mut sql = shop.sql();
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));

    // Somebody signs up, with an account and as a guest; staff and a program sign somebody up.
    let anyone = Client::new(&service.base, None);
    let mut with_account = person();
    with_account["account"] = json!({"username": USERNAME, "password": PASSWORD});
    let first = scribe.write(&anyone, "POST", "/customers", with_account.clone()).expect(201).id();
    scribe.write(&anyone, "POST", "/customers", with_account).expect(409);
    here(&manager).delete(&format!("/customers/{first}")).expect(204);
    let by_manager = scribe.post(MANAGER, &here(&manager), "/customers", person()).expect(201).id();
    let by_program = scribe.post(PROGRAM, &here(&program), "/customers", person()).expect(201).id();
    let guest = scribe.write(&anyone, "POST", "/customers", person()).expect(201);
    let own = Client::new(&service.base, guest.body["session"]["token"].as_str());

    let callers = [own, here(&manager), here(&program)];
    let mut story = Story { scribe: &scribe, base: &service.base, callers, id: guest.id(), shelf };
    story.write_details();
    story.write_accounts();
    story.write_orders();
    let noted = story.write_notes();
    assert_eq!(
        columns_that_hold_a_marker(&mut sql),
        columns(&[
            "accounts.username",
            "accounts.username_key",
            "customers.email",
            "customers.name",
            "customers.phone",
            "customers.search_text",
            "idempotency_keys.body",
            "order_events.new_value",
            "order_events.note",
            "order_events.old_value",
            "orders.carrier",
            "orders.note",
            "orders.shipping_address",
            "orders.tracking_number",
            "stock_movements.note",
        ])
    );

    let Story { callers, .. } = &story;
    for id in [by_manager, by_program] {
        callers[MANAGER].delete(&format!("/customers/{id}")).expect(204);
    }
    callers[CUSTOMER].delete(&story.path()).expect(204);
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&["stock_movements.note"]));
    assert_eq!(up_for_review(&callers[MANAGER]), noted);

    // Nothing is done again, and staff and programs are told what they did.
    let rows = |sql: &mut Conn| -> Vec<u64> {
        let tables = ["customers", "accounts", "orders", "order_events", "stock_movements"];
        tables.map(|table| sql.query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap().unwrap()).into()
    };
    let before = rows(&mut sql);
    for Kept { caller, key, path, body, answer } in scribe.kept.borrow().iter() {
        let again = callers[*caller].post_once(key, path, body.clone());
        if *caller == CUSTOMER {
            again.expect_problem(401, "unauthenticated");
        } else if path.ends_with("/receive") {
            assert_eq!(again.expect(200).text, answer.text);
        } else {
            let again = again.expect_problem(410, "answer_erased");
            let location = answer.header("Location").unwrap_or(path.rsplit_once('/').unwrap().0);
            assert_eq!(again.body["answered"], json!({"status": answer.status, "location": location}));
        }
    }
    assert_eq!(rows(&mut sql), before);
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&["stock_movements.note"]));

    // A manager looks at each note; what it is a note of stays.
    let movement = |sql: &mut Conn, id: &u64| -> Vec<mysql::Value> {
        let kept =
            "SELECT product_id, sequence, delta, balance_after, reason, actor_account_id, actor_api_key_id,
            order_id, purchase_order_id, at FROM stock_movements WHERE id = ?";
        sql.exec_first::<mysql::Row, _, _>(kept, (id,)).unwrap().unwrap().unwrap()
    };
    for (number, id) in noted.iter().enumerate() {
        let before = movement(&mut sql, id);
        let note = if before[4] == "correction".into() || number % 3 == 0 {
            json!("Came back.")
        } else {
            Value::Null
        };
        let path = format!("/stock/movements/{id}");
        let changed = scribe.write(&callers[MANAGER], "PATCH", &path, json!({"note": note})).expect(200);
        assert_eq!((&changed.body["note"], changed.id()), (&note, *id));
        assert_eq!(movement(&mut sql, id), before);
    }
    assert_eq!(up_for_review(&callers[MANAGER]), BTreeSet::new());
    assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));

    let log = service.stop().to_lowercase();
    assert!(log.matches(" request id=").count() > 100, "{log}");
    for marker in MARKERS {
        assert!(!log.contains(marker), "{marker} is in the log:\n{log}");
    }
    let written = scribe.written.borrow();
    for (route, fields) in OF_PERSON.iter().filter(|(route, _)| *route != "PATCH /stock/movements/{id}") {
        let written = written.get(*route).unwrap_or_else(|| panic!("{route} was not called"));
        let missing: Vec<_> = fields.iter().filter(|field| !written.contains(**field)).collect();
        assert!(missing.is_empty(), "{route}: nothing was written into {missing:?}");
    }
}

const RULE: Rule = Rule { point: 100_000, target: 200_000, multiple: 1, lead_days: 7 };

/// Sent until it is neither told to wait nor to try again.
fn decided(send: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = send();
        if answer.status != 503 && answer.body["code"] != "idempotency_key_in_use" {
            return answer;
        }
    }
}

#[test]
fn what_is_written_about_a_customer_while_they_are_erased_leaves_nothing() {
    let shop = Shop::open();
    let manager = shop.staff();
    let shelf = shop.product(&manager, 1000);
    let mut sql = shop.sql();
    for _ in 0..12 {
        let mut body = person();
        body["account"] = json!({"username": USERNAME, "password": PASSWORD});
        let signed_up = shop.anyone().post("/customers", body).expect(201);
        let (id, own) =
            (signed_up.id(), shop.with_token(signed_up.body["session"]["token"].as_str().unwrap()));
        let order = json!({"items": items_json(&[(shelf, 1)]), "shipping_address": ADDRESS, "note": NOTE});
        let cancelled = own.post("/orders", order.clone()).expect(201).id();
        let cancel = format!("/orders/{cancelled}/cancel");
        own.post(&cancel, json!({})).expect(200);
        let by_manager =
            json!({"items": order["items"], "customer_id": id, "note": NOTE, "shipping_address": ADDRESS});
        let path = format!("/customers/{id}");
        let answers = together(9, |number| match number {
            0 => decided(|| manager.delete(&path)),
            // Asked again, a step answers with the order, and that is kept under the key.
            1 | 2 => manager.post_once(&unique(KEY), &cancel, json!({})),
            3 => own.post_once(&unique(KEY), &cancel, json!({})),
            4 => own.put(&path, person()),
            5 => manager.patch(&path, person()),
            6 => shop.anyone().post("/sessions", json!({"username": USERNAME, "password": PASSWORD})),
            7 => manager.post_once(&unique(KEY), "/orders", by_manager.clone()),
            _ => own.post_once(&unique(KEY), "/orders", order.clone()),
        });
        for answer in answers.iter().filter(|answer| answer.status >= 400) {
            assert!([401, 404, 409, 503].contains(&answer.status), "{}: {}", answer.request, answer.text);
        }
        if answers[0].status == 409 {
            // An order came first.
            for order in manager.all_pages(&format!("/orders?customer_id={id}&status=placed")) {
                manager.post(&format!("/orders/{}/cancel", order["id"]), json!({})).expect(200);
            }
            manager.delete(&path).expect(204);
        }
        assert_eq!(columns_that_hold_a_marker(&mut sql), columns(&[]));
    }
}
