//! Lists as files: all rows of one moment, safe in a spreadsheet, and exact when they are read back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::api_key::KeyScope;

use crate::access::key_with;
use crate::client::{Answer, Client};
use crate::dialects::numbers;
use crate::fixtures::gtin;
use crate::harness::Shop;

fn ask(client: &Client, path: &str) -> Answer {
    client.request("GET", path).header("Accept", "text/csv").send()
}

/// The records of a file, each of the same number of cells. Every cell is in quotes.
fn records(file: &str) -> Vec<Vec<String>> {
    let mut rest = file.strip_prefix('\u{FEFF}').expect("a byte order mark");
    let mut records = Vec::new();
    let mut record = Vec::new();
    while let Some(begun) = rest.strip_prefix('"') {
        let mut cell = String::new();
        rest = begun;
        loop {
            let (text, after) = rest.split_once('"').expect("a closing quote");
            cell.push_str(text);
            rest = after;
            let Some(after) = rest.strip_prefix('"') else { break };
            cell.push('"');
            rest = after;
        }
        record.push(cell);
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None => {
                records.push(std::mem::take(&mut record));
                rest.strip_prefix("\r\n").expect("the end of a line")
            }
        };
    }
    assert_eq!(rest, "");
    assert!(records.windows(2).all(|pair| pair[0].len() == pair[1].len()), "{records:?}");
    records
}

fn records_of(client: &Client, path: &str) -> Vec<Vec<String>> {
    records(&ask(client, path).expect(200).text)
}

/// What the file has in a column, line by line.
fn column(records: &[Vec<String>], name: &str) -> Vec<String> {
    let at = records[0].iter().position(|column| column == name);
    let at = at.unwrap_or_else(|| panic!("no column {name} in {:?}", records[0]));
    records[1..].iter().map(|record| record[at].clone()).collect()
}

/// All rows of a list, page by page.
pub fn rows_of(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("{path}?limit=100{after}")).expect(200).body;
        let data = page["data"].as_array().expect("a list").clone();
        let is_end = data.is_empty();
        rows.extend(data);
        match page["next"].as_str() {
            Some(next) if !is_end => after = format!("&after={next}"),
            _ => return rows,
        }
    }
}

/// The list as a file has each of its rows once, with what they show.
pub fn holds_all(client: &Client, path: &str) {
    let records = records_of(client, path);
    let rows = rows_of(client, path);
    // A row of several lines has its first member on each.
    let mut firsts: Vec<&String> = records[1..].iter().map(|record| &record[0]).collect();
    firsts.dedup();
    assert_eq!(firsts.len(), rows.len(), "{path}");
    for (name, value) in rows[0].as_object().expect("a row") {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(bool) => bool.to_string(),
            _ => continue,
        };
        // The service writes an apostrophe before a formula.
        let shown = &column(&records, name)[0];
        assert!(*shown == text || *shown == format!("'{text}"), "{path} {name}: {shown} is not {text}");
    }
}

#[test]
fn every_list_is_described_as_a_file_and_is_one() {
    let shop = Shop::open();
    let manager = shop.staff();
    let document = shop.anyone().get("/openapi.json").expect(200).body;
    let mut lists = 0;
    for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        let content = &document["paths"][route.path]["get"]["responses"]["200"]["content"];
        let shown = manager.get(route.path);
        let is_list = shown.status == 200 && shown.body["data"].is_array();
        assert_eq!(content["text/csv"].is_object(), is_list, "{}", route.path);
        let is_file = ask(&manager, route.path).header("Content-Type").unwrap_or("").starts_with("text/csv");
        assert_eq!(is_file, is_list, "{}", route.path);
        lists += usize::from(is_list);
    }
    assert!(lists > 15, "{lists}");
}

#[test]
fn a_file_holds_all_that_the_filters_find() {
    let shop = Shop::open();
    let staff = shop.staff();
    for number in 0..230 {
        let category = if number % 2 == 0 { "Even" } else { "Odd" };
        let body = json!({"name": format!("Thing {number}"), "price": number, "category": category});
        staff.post("/products", body).expect(201);
    }
    let answer = ask(&staff, "/products?category=Odd&sort=-id").expect(200);
    assert_eq!(answer.header("Content-Type"), Some("text/csv; charset=utf-8; header=present"));
    let disposition = answer.header("Content-Disposition").expect("a name");
    assert!(disposition.starts_with("attachment; filename=\"products-20"), "{disposition}");
    let found = records(&answer.text);
    let names = column(&found, "name");
    assert_eq!(names.len(), 115);
    assert_eq!((names[0].as_str(), names[114].as_str()), ("Thing 229", "Thing 1"));
    assert_eq!(column(&found, "price")[0], "229.00");
    // From a cursor on; and only what was named.
    let page = staff.get("/products?limit=100").expect(200);
    let rest = ask(&staff, &format!("/products?after={}", page.body["next"].as_str().unwrap())).expect(200);
    assert_eq!(records(&rest.text).len(), 1 + 130);
    let two = records_of(
        &staff,
        &format!("/products?ids={},{}", page.body["data"][3]["id"], page.body["data"][7]["id"]),
    );
    assert_eq!(column(&two, "name"), ["Thing 3", "Thing 7"]);
    // What the list refuses is refused as ever, and what is for pages too.
    ask(&staff, "/products?sort=colour").expect_bad_fields(&[("sort", "invalid_sort")]);
    ask(&staff, "/products?limit=10").expect_bad_fields(&[("limit", "not_with_csv")]);
    // Nothing is found: a file all the same.
    assert_eq!(ask(&staff, "/products?category=None").expect(200).text, "\u{FEFF}");
    holds_all(&staff, "/products");
    holds_all(&staff, "/events");
    holds_all(&staff, "/stock");
}

#[test]
fn only_staff_and_programs_take_files() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let (guest, _) = shop.customer_with_account();
    guest.client.order(&[(product, 1)]).expect(201);
    ask(&shop.anyone(), "/products").expect_problem(401, "unauthenticated");
    ask(&guest.client, "/products").expect_problem(403, "forbidden");
    ask(&guest.client, "/orders").expect_problem(403, "forbidden");
    let key = key_with(&shop, &staff, &[KeyScope::CatalogueRead.text()]);
    assert_eq!(records_of(&key, "/products").len(), 2);
    ask(&key, "/orders").expect_problem(403, "forbidden");
    // Who takes anything, or JSON first, gets JSON.
    for accept in ["*/*", "application/json, text/csv;q=0.5", "text/html"] {
        let answer = staff.request("GET", "/products").header("Accept", accept).send().expect(200);
        assert_eq!(answer.body["data"].as_array().map(Vec::len), Some(1), "{accept}");
    }
    // One thing is no list.
    assert_eq!(ask(&staff, &format!("/products/{product}")).expect(200).id(), product);
}

#[test]
fn orders_have_a_line_for_each_of_their_items() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (mug, bowl) = (shop.product(&staff, 9), shop.product(&staff, 9));
    let guest = shop.guest();
    let first = guest.client.order(&[(mug, 2), (bowl, 1)]).expect(201).id();
    let second = guest.client.order(&[(bowl, 3)]).expect(201).id();
    let found = records_of(&staff, "/orders");
    let id = |id: u64| id.to_string();
    assert_eq!(column(&found, "id"), [id(second), id(first), id(first)]);
    assert_eq!(column(&found, "items.quantity"), ["3", "2", "1"]);
    let totals = column(&found, "total");
    assert!(!totals[0].is_empty() && !totals[1].is_empty() && totals[2].is_empty(), "{totals:?}");
}

/// What people type, and spreadsheets would work out or tear apart.
const HOSTILE: &[&str] = &[
    "=HYPERLINK(\"http://evil.example\")",
    "+49 30 123",
    "-2+3",
    "@SUM(A1)",
    "'quoted",
    "'0112",
    "''=1",
    "a \"b\" c, d; e | f",
    "line\nbreak",
    "\u{ff1d}1+1",
    "<b>bold</b> & 5 < 6 > 4",
    "1,500",
    "007",
    "+4930123",
];

#[test]
fn what_was_written_out_is_the_same_when_it_is_read_in() {
    let shop = Shop::open();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 7);
    for (number, text) in (1..).zip(HOSTILE) {
        let one_line = text.replace('\n', " ");
        let body = json!({
            "name": one_line, "sku": format!("0{number}"), "price": format!("{number}.50"), "description": text,
            "category": one_line, "shelf": one_line, "stock": number, "unit_cost": "1.2345",
            "barcodes": [{"code": gtin(&format!("40063813{number:04}"))}, {"code": gtin(&format!("50063813{number:04}")), "units": 12}],
            "image_urls": ["https://shop.example/a,b.jpg", "https://shop.example/c.jpg"], "slug": format!("thing-{number}"),
        });
        let product = manager.post("/products", body).expect(201).id();
        let rule = json!({"reorder_point": number, "reorder_target": 50 + number, "lead_time_days": 3});
        manager.patch(&format!("/products/{product}/stock"), rule).expect(200);
        manager.offer(supplier, product, json!({"cost": "1.00"})).expect(201);
        let customer = json!({"name": one_line, "email": format!("someone{number}@example.com"), "phone": "+49 30 123456"});
        manager.post("/customers", customer).expect(201);
        let supplier = json!({"name": one_line, "note": text, "lead_time_days": number, "order_days": ["mon", "fri"],
            "minimum_order_value": "50.00", "email": "orders@example.com"});
        manager.post("/suppliers", supplier).expect(201);
    }
    for (list, about) in [
        ("/products", "products"),
        ("/stock", "stock"),
        ("/customers", "customers"),
        ("/suppliers", "suppliers"),
    ] {
        let file = ask(&manager, list).expect(200).text;
        assert!(!file.contains("\"="), "{list}: a formula\n{file}");
        let dry_run = manager
            .request("POST", &format!("/imports?type={about}"))
            .header("Content-Type", "text/csv")
            .bytes(file.clone().into_bytes())
            .send()
            .expect(201)
            .body;
        let rows = rows_of(&manager, list).len();
        assert!(rows >= HOSTILE.len(), "{list}");
        assert_eq!(dry_run["rows"]["same"], rows, "{list}: {dry_run:#}\n{file}");
    }
}

#[test]
fn a_file_is_of_one_moment() {
    let shop = Shop::open();
    let staff = shop.staff();
    let name = |number: i32| json!({"name": format!("Version {number}"), "price": 1});
    let ids: Vec<u64> = (0..250).map(|_| staff.post("/products", name(0)).expect(201).id()).collect();
    let (first, last) = (ids[0], ids[249]);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut version = 0;
            // The first and the last have one name, but for the instant between the two: the last one goes ahead.
            while !ended.load(Ordering::Relaxed) {
                version += 1;
                for id in [last, first] {
                    staff
                        .patch(&format!("/products/{id}"), json!({"name": format!("Version {version}")}))
                        .expect(200);
                }
            }
            version
        });
        let reader = shop.staff();
        for _ in 0..12 {
            let names = column(&records_of(&reader, "/products"), "name");
            assert_eq!(names.len(), 250);
            let version = |name: &String| name.strip_prefix("Version ").unwrap().parse::<i32>().unwrap();
            let ahead = version(&names[249]) - version(&names[0]);
            // Read page by page, the last one would be some versions ahead.
            assert!((0..=1).contains(&ahead), "{} and {}", names[0], names[249]);
        }
        ended.store(true, Ordering::Relaxed);
        assert!(writer.join().expect("a writer") > 12);
    });
}

#[test]
fn a_customer_takes_all_that_is_kept_of_them() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 500);
    let (guest, _) = shop.customer_with_account();
    let other = shop.guest();
    other.client.order(&[(product, 1)]).expect(201);
    // More than a page of them.
    let orders: Vec<u64> = (0..103).map(|_| guest.client.order(&[(product, 1)]).expect(201).id()).collect();
    let answer = guest.client.get("/export").expect(200);
    let name = answer.header("Content-Disposition").expect("a name");
    assert!(name.starts_with(&format!("attachment; filename=\"customer-{}-20", guest.id)), "{name}");
    let all = answer.body;
    let members: Vec<&String> = all.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["account", "customer", "exported_at", "orders", "sessions"]);
    assert_eq!(all["customer"], guest.client.get(&format!("/customers/{}", guest.id)).expect(200).body);
    assert_eq!(all["account"]["customer"]["id"], guest.id);
    assert!(all["sessions"].as_array().expect("a list").iter().any(|session| session["current"] == true));
    let ids = |all: &Value| -> Vec<u64> {
        let orders = all["orders"].as_array().expect("a list");
        orders.iter().map(|order| order["id"].as_u64().expect("an id")).collect()
    };
    assert_eq!(ids(&all), orders);
    assert_eq!(all["orders"][7], guest.client.get(&format!("/orders/{}", orders[7])).expect(200).body);
    // Nobody else's, by whatever number; and the shop may answer for them.
    guest.client.get(&format!("/export?customer_id={}", other.id)).expect_problem(404, "not_found");
    shop.clerk().get(&format!("/export?customer_id={}", guest.id)).expect_problem(403, "forbidden");
    shop.anyone().get("/export").expect_problem(401, "unauthenticated");
    staff.get("/export").expect_bad_fields(&[("customer_id", "required")]);
    let told = staff.get(&format!("/export?customer_id={}", guest.id)).expect(200).body;
    assert_eq!(ids(&told), orders);
    assert_eq!(told["sessions"][0]["current"], false);
    let of_other = staff.get(&format!("/export?customer_id={}", other.id)).expect(200).body;
    assert_eq!((&of_other["account"], ids(&of_other).len()), (&Value::Null, 1));
    staff.get("/export?customer_id=99999").expect_problem(404, "not_found");
}

#[test]
fn two_files_are_written_at_once_and_a_third_one_later() {
    // With fewer connections so few reads of one client go on at once that none is refused.
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    // Each takes a while.
    let mut sql = shop.sql();
    let products = format!(
        "INSERT INTO products (active, name, price_minor, created_at, updated_at)
         SELECT 1, CONCAT('Thing ', seq), seq, NOW(6), NOW(6) FROM {} n",
        numbers(3000)
    );
    sql.query_drop(products).expect("products");
    sql.query_drop(
        "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at, reorder_multiple, lead_time_days)
         SELECT id, 0, 0, 0, 0, NOW(6), 1, 0 FROM products",
    )
    .expect("their stock");
    for _ in 0..3 {
        let answers: Vec<u16> = thread::scope(|scope| {
            let asking: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let answer = ask(&staff, "/products");
                        if answer.status != 200 {
                            assert_eq!((answer.status, &answer.body["code"]), (503, &json!("busy")));
                        }
                        answer.status
                    })
                })
                .collect();
            asking.into_iter().map(|asking| asking.join().expect("an answer")).collect()
        });
        assert!(answers.contains(&200) && answers.contains(&503), "{answers:?}");
    }
    // Who was refused has taken nobody's place.
    for _ in 0..3 {
        assert_eq!(records_of(&staff, "/products").len(), 1 + 3000);
    }
}
