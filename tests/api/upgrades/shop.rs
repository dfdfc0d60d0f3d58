//! The eventful shop of a release: something in every table, done through the API, and written down as plain rows.

use std::{env, fs};

use chrono::Duration;
use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::access::key_with;
use crate::fixtures::{CUSTOMER_PASSWORD, items_json};
use crate::harness::{self, STAFF_PASSWORD, Shop};
use crate::program::{run, run_command};

/// Who can log in after the upgrade, with the passwords of all tests.
pub const MANAGER: &str = "staff";
pub const CUSTOMER: &str = "grace";
/// Under this key the customer ordered last.
pub const KEY: &str = "before-the-upgrade";

/// What was ordered under [`KEY`].
pub fn kept_order(product: u64) -> Value {
    json!({"items": items_json(&[(product, 2)]), "shipping_address": "1 Harbour Street\nArlington"})
}

/// `scripts/freeze` has the rows written to `upgrades/VERSION.sql`.
#[test]
fn an_eventful_shop_has_something_in_every_table() {
    let shop = Shop::open_for_weeks();
    eventful(&shop);
    let version = env!("CARGO_PKG_VERSION");
    let rows = rows(&mut shop.sql());
    if env::var_os("STOREKEEPER_FREEZE").is_some() {
        let head =
            format!("-- The rows of an eventful shop of {version}, which scripts/freeze has written.\n");
        fs::write(super::rows_file(version), head + &rows).expect("the file of the rows");
    }
}

/// Ten weeks of a shop, up to today. A table that stays empty stops the writing: do here what fills it.
fn eventful(shop: &Shop) {
    // Weeks ago, so that products are no longer new and suggestions have been judged.
    shop.app.clock.advance(-Duration::days(70));
    let staff = shop.staff();
    shop.clerk();
    shop.anyone()
        .post("/sessions", json!({"username": MANAGER, "password": "not the password"}))
        .expect_problem(401, "wrong_credentials");
    let program = key_with(shop, &staff, &["catalogue:read", "orders:write"]);
    let product = |name: &str, more: Value| {
        let mut body = json!({"name": name, "price": "14.50", "stock": 60, "category": "Kitchen"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        staff.post("/products", body).expect(201).id()
    };
    let mug = product(
        "Mug, «blau» 蓝",
        json!({"sku": "MUG-1", "description": "Keeps 'tea'; warm\\\nfor long", "barcodes": [{"code": "4006381333931"}]}),
    );
    let bowl = product("Bowl", json!({"slug": "bowl"}));
    let gone = product("Jug", json!({"stock": 0}));
    staff.delete(&format!("/products/{gone}")).expect(204);
    let supplier = json!({"name": "Potters & Sons", "email": "sales@potters.example", "lead_time_days": 5, "order_days": ["mon"]});
    let supplier = staff.post("/suppliers", supplier).expect(201).id();
    let terms = json!({"cost": "7.955", "pack_size": 6, "price_breaks": [{"from_quantity": 24, "cost": "7.5"}], "preferred": true});
    staff.offer(supplier, mug, terms).expect(201);
    staff.set_policy(mug, json!({"reorder_point": 40, "reorder_target": 80})).expect(200);
    staff
        .set_policy(
            bowl,
            json!({"reorder_point": 45, "reorder_target": 60, "lead_time_days": 0, "service_level": 0.9}),
        )
        .expect(200);

    // Who has ordered is kept when they are erased, without what they are called.
    let guest = shop.guest();
    let called_off = guest.client.order(&[(bowl, 1)]).expect(201).id();
    guest.client.cancel(called_off).expect(200);
    let account = json!({"name": "Grace Hopper", "email": "grace@example.com", "phone": "555-0100",
        "account": {"username": CUSTOMER, "password": CUSTOMER_PASSWORD}});
    let signed_up = shop.anyone().post("/customers", account).expect(201);
    let grace = shop.with_token(signed_up.body["session"]["token"].as_str().expect("a session"));

    let by_program = json!({"customer_id": signed_up.id(), "items": items_json(&[(mug, 1)])});
    program.post("/orders", by_program).expect(201);

    // An order at each step of its way, and what was said of parcels by mistake.
    let order = || grace.order(&[(mug, 3), (bowl, 1)]).expect(201).id();
    let step = |order: u64, step: &str| staff.post(&format!("/orders/{order}/{step}"), json!({})).expect(200);
    let [cancelled, confirmed, shipped, delivered, lost, returned, reopened] = [(); 7].map(|()| order());
    grace.cancel(cancelled).expect(200);
    step(confirmed, "confirm");
    for order in [shipped, delivered, lost, returned, reopened] {
        let parcel = json!({"carrier": "Post", "tracking_number": format!("RR{order}")});
        staff.post(&format!("/orders/{order}/ship"), parcel).expect(200);
    }
    step(delivered, "deliver");
    step(lost, "lost");
    step(returned, "returned");
    step(reopened, "deliver");
    step(reopened, "reopen");
    staff.patch(&format!("/orders/{shipped}"), json!({"tracking_number": "RR0"})).expect(200);

    // What it has cost goes with the sales.
    staff.move_stock(mug, json!({"delta": 1, "reason": "found", "unit_cost": "7.955"})).expect(201);
    for day in 0..70 {
        if day % 3 == 0 {
            let order = grace.order(&[(mug, 1), (bowl, 1)]).expect(201).id();
            staff.ship(order).expect(200);
        }
        if day % 10 == 0 {
            staff.restock();
        }
        shop.to_noon_in(1);
    }
    staff
        .move_stock(bowl, json!({"delta": -1, "reason": "damaged", "note": "Dropped by Ada Lovelace"}))
        .expect(201);
    staff.count_shelf(bowl, 30);
    // One stock take is booked, one was called off, and one goes on.
    let take = |body: Value| staff.post("/stock_takes", body).expect(201).id();
    let [booked, called_off, open] =
        [take(json!({"category": "Kitchen", "note": "Before the spring"})), take(json!({})), take(json!({}))];
    let count = |take: u64, count: Value| {
        staff.post(&format!("/stock_takes/{take}/counts"), json!({"counts": [count]})).expect(200)
    };
    count(booked, json!({"product_id": bowl, "counted": 29}));
    count(booked, json!({"code": "4006381333931", "counted": staff.on_hand(mug)}));
    staff.post(&format!("/stock_takes/{booked}/book"), json!({})).expect(200);
    staff.post(&format!("/stock_takes/{called_off}/cancel"), json!({})).expect(200);
    count(open, json!({"product_id": bowl, "add": 2}));
    // Her name is in a note, which is put up for review.
    staff.delete(&format!("/customers/{}", guest.id)).expect(204);
    // What the staff did last was at noon of this shop's last day, which may be longer ago than a break.
    let mut prune = harness::storekeeper(&shop.database_url);
    run_command(prune.arg("prune").env("STOREKEEPER_STAFF_SESSION_IDLE_HOURS", "8760")).expect_success();
    run(&shop.database_url, &["note", "backup"]).expect_success();
    staff.post("/verifications", json!({})).expect(201);
    assert_eq!(staff.verification()["held"], true);
    staff.get("/events?limit=100").expect(200);
    // A file of which one row is applied, and another is refused.
    let file = json!("sku,name,price\nMUG-1,Mug,15.00\nCUP-1,Cup,free\n");
    let import = staff.call("POST", "/imports?type=products", &file).expect(201).id();
    staff.post(&format!("/imports/{import}/apply"), json!({})).expect(200);
    // A receiver that has refused an event, which waits.
    let hook = staff
        .post("/webhooks", json!({"url": "https://shop.example/hooks", "event_types": ["order.placed"]}));
    let hook = hook.expect(201).id();
    staff.post(&format!("/webhooks/{hook}/rotate_secret"), json!({})).expect(200);
    let mut sql = shop.sql();
    for refused in [
        "INSERT INTO webhook_waiting (webhook_id, number, object, object_id, at, attempts, first_attempt_at, next_attempt_at)
         SELECT ?, number, 'order', object_id, at, 1, numbered_at, numbered_at + INTERVAL 5 SECOND FROM events
         WHERE type = 'order.placed' ORDER BY number LIMIT 1",
        "INSERT INTO webhook_attempts (webhook_id, attempt, number, type, at, outcome, status, error, duration_ms)
         SELECT webhook_id, 1, number, 'order.placed', at, 'failed', 422, 'it did not answer with success', 7
         FROM webhook_waiting WHERE webhook_id = ?",
        "UPDATE webhooks SET attempts = 1 WHERE id = ?",
    ] {
        sql.exec_drop(refused, (hook,)).unwrap();
    }
    // The last order; nobody has read the feed since.
    grace.post_once(KEY, "/orders", kept_order(mug)).expect(201);
    assert!(shop.log_in(MANAGER, STAFF_PASSWORD).len() > 20);
}

/// Every table's rows, each an INSERT of one line, which MariaDB and MySQL read alike.
fn rows(sql: &mut Conn) -> String {
    let tables: Vec<String> = sql
        .query(
            "SELECT table_name FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_name <> 'schema_migrations' ORDER BY table_name",
        )
        .unwrap();
    let mut text = "SET foreign_key_checks = 0;\n".to_owned();
    for table in tables {
        let columns: Vec<(String, String, bool)> = sql
            .exec(
                "SELECT column_name, data_type, column_key = 'PRI' FROM information_schema.columns
                 WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position",
                (&table,),
            )
            .unwrap();
        let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
        let key = columns.iter().filter(|(.., is_key)| *is_key).map(|(name, ..)| name.as_str());
        let key = key.collect::<Vec<_>>().join(", ");
        let literals: Vec<String> =
            columns.iter().map(|(name, data_type, _)| literal(name, data_type)).collect();
        let rows: Vec<String> = sql
            .query(format!("SELECT CONCAT_WS(', ', {}) FROM {table} ORDER BY {key}", literals.join(", ")))
            .unwrap();
        assert!(!rows.is_empty(), "{table} has no rows: do in `eventful` what fills it");
        // Some steps bring rows of their own.
        text += &format!("DELETE FROM {table};\n");
        for row in rows {
            text += &format!("INSERT INTO {table} ({}) VALUES ({row});\n", names.join(", "));
        }
    }
    text + "SET foreign_key_checks = 1;\n"
}

/// An expression that writes a column's value as SQL, on one line.
fn literal(column: &str, data_type: &str) -> String {
    let written = match data_type {
        "binary" | "varbinary" | "blob" | "mediumblob" | "longblob" => {
            format!("CONCAT('x''', HEX({column}), '''')")
        }
        "char" | "varchar" | "text" | "mediumtext" | "longtext" | "datetime" | "date" | "time" => {
            format!("REPLACE(REPLACE(QUOTE({column}), '\\n', '\\\\n'), '\\r', '\\\\r')")
        }
        "tinyint" | "smallint" | "int" | "bigint" | "decimal" | "double" => format!("CAST({column} AS CHAR)"),
        other => panic!("{column} is a {other}: say here how that is written"),
    };
    // QUOTE writes NULL itself; the others do not.
    format!("COALESCE({written}, 'NULL')")
}
