//! What the service writes to its standard error: a line a request, and nobody's secrets.

use std::fs;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;

use mysql::prelude::Queryable;
use regex::Regex;
use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::items_json;
use crate::harness::{self, STAFF_PASSWORD, Shop};
use crate::program::{Service, run_with_input};
use crate::wire;

/// Secrets and personal data, each unlike anything that a log may hold.
const NAME: &str = "Zebulon Quackenbush";
const EMAIL: &str = "zebulon.quackenbush@example.org";
const PHONE: &str = "+49 30 987654321";
const ADDRESS: &str = "13 Quince Lane, Upper Slaughter";
const NOTE: &str = "leave it with the beekeeper";
const USERNAME: &str = "zebulon.q";
const PASSWORD: &str = "seven wombats in a trench coat";
const WRONG_PASSWORD: &str = "eight wombats in a trench coat";
const CARD: &str = "4111-1111-1111-1111";

const SECRETS: [&str; 9] = [NAME, EMAIL, PHONE, ADDRESS, NOTE, USERNAME, PASSWORD, WRONG_PASSWORD, CARD];

/// The service on the shop's database, telling all that it can tell.
fn serve(shop: &Shop) -> Service {
    Service::start(&shop.database_url, &[("STOREKEEPER_LOG", "debug")])
}

fn request_lines(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" request id=")).collect()
}

#[track_caller]
fn the_line<'a>(log: &'a str, request_id: &str) -> &'a str {
    let named = format!("id={request_id} ");
    let lines: Vec<&str> = request_lines(log).into_iter().filter(|line| line.contains(&named)).collect();
    let [line] = lines[..] else { panic!("not one line for {request_id}:\n{log}") };
    line
}

#[test]
fn every_request_has_one_line_with_what_an_operator_needs() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let guest = shop.guest();
    let staff_id = staff.get("/sessions/current").expect(200).body["account_id"].to_string();
    let made = staff.post("/api_keys", json!({"name": "Till", "scopes": ["orders:read"]})).expect(201);
    let key = made.body["key"].as_str().expect("a key").to_owned();
    let service = serve(&shop);
    let mut expected = Vec::new();
    let mut send = |token: Option<&str>, method: &str, path: &str, line: &str| {
        let client = Client::new(&service.base, token);
        let answer = client.request(method, path).send();
        let ids =
            [("CUSTOMER", guest.id.to_string()), ("STAFF", staff_id.clone()), ("KEY", made.id().to_string())];
        let line = ids.iter().fold(line.to_owned(), |line, (name, id)| line.replace(name, id));
        expected.push((answer.header("X-Request-Id").expect("an id").to_owned(), line));
    };
    let (customer, staff) = (Some(guest.client.token()), Some(staff.token()));
    send(
        None,
        "GET",
        &format!("/products/{product}?x=1"),
        "method=GET route=/products/{id} status=422 caller=anyone",
    );
    send(None, "GET", "/healthz", "method=GET route=/healthz status=200 caller=anyone");
    send(None, "HEAD", "/products", "method=HEAD route=/products status=200 caller=anyone");
    send(
        customer,
        "GET",
        "/orders/4711/track",
        "method=GET route=/orders/{id}/track status=404 caller=customer:CUSTOMER",
    );
    send(customer, "GET", "/customers", "method=GET route=/customers status=403 caller=customer:CUSTOMER");
    send(staff, "GET", "/customers", "method=GET route=/customers status=200 caller=staff:STAFF");
    send(Some(&key), "GET", "/orders", "method=GET route=/orders status=200 caller=key:KEY");
    send(Some(&key), "GET", "/stock", "method=GET route=/stock status=403 caller=key:KEY");
    send(Some("garbage"), "GET", "/orders", "method=GET route=/orders status=401 caller=-");
    send(None, "DELETE", "/orders/4711", "method=DELETE route=/orders/{id} status=405 caller=-");
    send(None, "OPTIONS", "/orders/4711", "method=OPTIONS route=/orders/{id} status=204 caller=-");
    send(None, "GET", "/secret/4711", "method=GET route=- status=404 caller=-");
    let log = service.stop();

    let shape = Regex::new(
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO request id=[A-Za-z0-9_.-]+ method=\S+ route=\S+ status=\d{3} duration_ms=\d+\.\d caller=(anyone|(customer|staff|key):\d+|-)$",
    )
    .unwrap();
    let duration = Regex::new(r" duration_ms=\S+").unwrap();
    assert_eq!(request_lines(&log).len(), expected.len(), "{log}");
    for (id, expected) in &expected {
        let line = the_line(&log, id);
        assert!(shape.is_match(line), "{line}");
        assert!(duration.replace(line, "").ends_with(expected.as_str()), "{line}, not {expected}");
    }
    assert!(!log.contains("4711"), "an id of a path is in the log:\n{log}");
    assert!(!log.contains(&key), "{log}");
}

#[test]
fn programs_read_the_log_as_json_and_the_journal_is_told_how_grave_a_line_is() {
    let shop = Shop::open();
    let service = Service::start(&shop.database_url, &[("STOREKEEPER_LOG_FORMAT", "json")]);
    let answer = Client::new(service.base.trim_end_matches("\"}"), None).get("/products");
    let id = answer.header("X-Request-Id").expect("an id").to_owned();
    let log = service.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let line = lines.iter().find(|line| line["id"] == id).expect("a line for the request");
    assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("request")));
    assert_eq!(
        (&line["status"], &line["route"], &line["caller"]),
        (&json!(200), &json!("/products"), &json!("anyone"))
    );
    assert!(line["duration_ms"].is_number() && line["time"].is_string(), "{line}");

    // What systemd does: it says which file the journal reads, and standard error is that file.
    let log = tempfile();
    let (device, inode) = log.metadata().map(|file| (file.dev(), file.ino())).unwrap();
    for (stream, begins) in
        [(format!("{device}:{inode}"), "<3>storekeeper: "), ("1:2".to_owned(), "storekeeper: ")]
    {
        let mut command = harness::storekeeper(&shop.database_url);
        command.env("JOURNAL_STREAM", stream).env("STOREKEEPER_LOG", "loud").stderr(log.try_clone().unwrap());
        assert_eq!(command.status().unwrap().code(), Some(3));
        let mut said = String::new();
        (&log).rewind().unwrap();
        (&log).read_to_string(&mut said).unwrap();
        assert!(said.starts_with(begins), "{said}");
        log.set_len(0).unwrap();
        (&log).rewind().unwrap();
    }
}

/// A file that nobody else sees.
fn tempfile() -> fs::File {
    let path = std::env::temp_dir().join(format!("storekeeper-log-{}", std::process::id()));
    let file = fs::File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    fs::remove_file(path).unwrap();
    file
}

#[test]
fn no_secret_and_nobodys_data_is_ever_in_the_log() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let service = serve(&shop);
    let base = &service.base;
    let anyone = Client::new(base, None);

    let person = json!({
        "name": NAME, "email": EMAIL, "phone": PHONE,
        "account": {"username": USERNAME, "password": PASSWORD},
    });
    let signed_up = anyone.post("/customers", person.clone()).expect(201);
    let first_token = signed_up.body["session"]["token"].as_str().unwrap();
    anyone.post("/customers", person).expect(409);
    let log_in =
        |password: &str| anyone.post("/sessions", json!({"username": USERNAME, "password": password}));
    let second_token = log_in(PASSWORD).expect(201).body["token"].as_str().unwrap().to_owned();
    log_in(WRONG_PASSWORD).expect(401);
    // People type a password where the username goes.
    anyone.post("/sessions", json!({"username": PASSWORD, "password": USERNAME})).expect(401);
    let staff_token = anyone
        .post("/sessions", json!({"username": "staff", "password": STAFF_PASSWORD}))
        .expect(201)
        .body["token"]
        .as_str()
        .unwrap()
        .to_owned();

    let customer = Client::new(base, Some(first_token));
    let order = json!({"items": items_json(&[(product, 1)]), "shipping_address": ADDRESS, "note": NOTE});
    let placed = customer.post_once("an-idempotency-key-0815", "/orders", order.clone()).expect(201);
    customer.post_once("an-idempotency-key-0815", "/orders", json!({"note": NOTE, "items": []})).expect(422);
    customer.get(&format!("/orders/{}", placed.id())).expect(200);
    customer
        .patch(&format!("/customers/{}", signed_up.id()), json!({"phone": NAME, CARD: EMAIL}))
        .expect(422);
    customer.put(&format!("/customers/{}", signed_up.id()), json!({"name": NAME})).expect(422);
    let staff = Client::new(base, Some(&staff_token));
    let query = EMAIL.replace('@', "%40");
    staff.get(&format!("/customers?q={query}")).expect(200);
    staff.get(&format!("/customers?{query}={query}")).expect(422);
    staff.post(&format!("/orders/{}/ship", placed.id()), json!({"tracking_number": CARD})).expect(200);
    let malformed = anyone.request("POST", "/customers").header("Content-Type", "application/json");
    malformed.bytes(format!("{{\"name\": {NAME}}}").into_bytes()).send().expect(400);
    anyone.get(&format!("/customers/{EMAIL}")).expect(404);
    for junk in [
        format!("GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: {EMAIL}\r\nUser-Agent: {NAME}\r\n\r\n"),
        format!("GET /orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Basic {PASSWORD}\r\n\r\n"),
        format!("GET /orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {second_token}x\r\n\r\n"),
        format!("POST /sessions HTTP/1.1\r\nHost: shop\r\nContent-Length: {CARD}\r\n\r\n"),
        format!("GET /{EMAIL} HTTP/1.1\r\nHost: shop\r\nExpect: {NAME}\r\n{PASSWORD}\r\n\r\n"),
        format!("{USERNAME} /{USERNAME} HTTP/3\r\n\r\n"),
    ] {
        wire::exchange_one(base, junk.as_bytes());
    }
    let log = service.stop();

    assert!(request_lines(&log).len() > 20, "{log}");
    let tokens = [first_token, &second_token, &staff_token];
    let more = [STAFF_PASSWORD, "an-idempotency-key-0815", &query, "$argon2id"];
    for secret in SECRETS.iter().chain(&tokens).chain(&more) {
        assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
    }
}

#[test]
fn nobody_can_forge_a_line_or_steer_the_terminal() {
    let shop = Shop::open();
    let service = serve(&shop);
    let forged = "2026-01-01T00:00:00.000Z ERROR the shop burns";
    let attempts: [Vec<u8>; 7] = [
        format!("GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: a\n{forged}\r\n\r\n").into(),
        format!("GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: a%0a{forged}\r\n\r\n").into(),
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: \x1b[2J\r\n\r\n".into(),
        b"GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Request-Id: \xc2\x85\xc2\x9b31m\r\n\r\n".into(),
        b"\x1b[31mGET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n".into(),
        b"GET /%0a%1b[31m HTTP/1.1\r\nHost: shop\r\n\r\n".into(),
        [b"X".repeat(2000).as_slice(), b" /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"].concat(),
    ];
    for attempt in &attempts {
        let mut stream = wire::connect(&service.base);
        stream.write_all(attempt).unwrap();
        wire::read_answer(&mut stream).check_what_all_have();
    }
    let log = service.stop();
    assert_eq!(request_lines(&log).len(), attempts.len(), "{log}");
    assert!(!log.contains("burns"), "{log}");
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()), "{}", log.escape_debug());
    let longest = log.lines().map(str::len).max();
    assert!(longest < Some(300), "a line of {longest:?} bytes");
}

#[test]
fn a_failure_of_ours_is_told_to_the_log_once_and_not_to_the_caller() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let guest = shop.guest();
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let service = serve(&shop);
    shop.sql().query_drop("DROP TABLE order_events").unwrap();
    let request = format!(
        "GET /orders/{order}/track HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\n\r\n",
        guest.client.token()
    );
    let answer = wire::exchange_one(&service.base, request.as_bytes()).expect_problem(500, "internal_error");
    let text = String::from_utf8(answer.body.clone()).unwrap();
    for internal in ["order_events", "SELECT", "table", "ERROR", "mysql", ".rs"] {
        assert!(!text.contains(internal), "{internal} in {text}");
    }
    let id = answer.header("X-Request-Id").unwrap().to_owned();
    let log = service.stop();
    let causes: Vec<&str> = log.lines().filter(|line| line.contains("order_events")).collect();
    let [cause] = causes[..] else { panic!("not one cause:\n{log}") };
    assert!(cause.contains(" ERROR ") && cause.contains("doesn't exist"), "{cause}");
    assert_eq!(log.lines().filter(|line| line.contains(" ERROR ")).count(), 1, "{log}");
    let line = the_line(&log, &id);
    assert!(line.contains("route=/orders/{id}/track status=500"), "{line}");
    shop.abandon();
}

#[test]
fn a_panic_is_answered_and_logged_and_the_service_goes_on() {
    let shop = Shop::open();
    let guest = shop.guest();
    let service = serve(&shop);
    // A row that the program could not have written: its reader has nothing to read.
    let mut sql = shop.sql();
    sql.query_drop("ALTER TABLE customers DROP CONSTRAINT customers_whole_or_erased").unwrap();
    sql.exec_drop("UPDATE customers SET phone = NULL WHERE id = ?", (guest.id,)).unwrap();
    let request = format!(
        "GET /customers/{} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\n\r\n",
        guest.id,
        guest.client.token()
    );
    let mut stream = wire::connect(&service.base);
    for _ in 0..10 {
        stream.write_all(request.as_bytes()).unwrap();
        wire::read_answer(&mut stream).expect_problem(500, "internal_error");
    }
    sql.exec_drop("UPDATE customers SET phone = '555-0100' WHERE id = ?", (guest.id,)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    wire::read_answer(&mut stream).expect(200);
    let log = service.stop();
    assert_eq!(log.lines().filter(|line| line.contains(" ERROR panic: ")).count(), 10, "{log}");
    assert!(!log.contains("ada@example.com"), "{log}");
}

#[test]
fn a_password_at_the_command_line_goes_nowhere_but_into_its_hash() {
    let shop = Shop::open();
    let mut outputs = Vec::new();
    for (name, password) in [("anna", PASSWORD), ("anna", PASSWORD), ("a b", PASSWORD), ("bert", "wombats")] {
        let ended = run_with_input(&shop.database_url, &["add-staff", name], password);
        outputs.push(ended.out + &ended.err);
    }
    assert!(outputs.iter().all(|output| !output.contains("wombats")), "{outputs:?}");
    let stored: Vec<String> = shop.sql().query("SELECT password_hash FROM accounts").unwrap();
    assert!(stored.iter().all(|hash| !hash.contains("wombats")));
}
