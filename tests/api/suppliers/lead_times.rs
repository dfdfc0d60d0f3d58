//! The lead time by which a product is restocked: its own, that of its preferred supplier, or none.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::db::migrations::{MIGRATIONS, migrate};

use crate::client::Client;
use crate::dialects::numbers;
use crate::fixtures::unique;
use crate::harness::{Shop, shared_mariadb};

/// The product's own lead time and the one that counts, wherever they are shown.
#[track_caller]
fn lead_times(manager: &Client, product: u64) -> (Value, i64) {
    let stock = manager.stock(product);
    let listed = manager.all_pages("/stock?limit=100");
    let listed = listed.iter().find(|stock| stock["product_id"] == product).expect("a product");
    let of = |shown: &Value| {
        (shown["lead_time_days"].clone(), shown["effective_lead_time_days"].as_i64().expect("a lead time"))
    };
    assert_eq!(of(listed), of(&stock));
    let plan = manager.get(&format!("/restock/plan?product_id={product}")).expect(200);
    if let Some(line) = plan.body["data"].get(0) {
        assert_eq!(of(line), of(&stock));
    }
    of(&stock)
}

#[test]
fn a_product_without_a_lead_time_has_that_of_its_preferred_supplier() {
    let shop = Shop::open();
    let manager = shop.staff();
    let [slow, fast] = [21, 2].map(|days| shop.supplier(&manager, days));
    let product = shop.product(&manager, 5);
    manager.set_policy(product, json!({"reorder_point": 3, "reorder_target": 9})).expect(200);
    assert_eq!(lead_times(&manager, product), (Value::Null, 0));
    manager.offer(slow, product, json!({"cost": "1.00"})).expect(201);
    assert_eq!(lead_times(&manager, product), (Value::Null, 0), "only known, not preferred");
    manager.offer(slow, product, json!({"cost": "1.00", "preferred": true})).expect(200);
    assert_eq!(lead_times(&manager, product), (Value::Null, 21));
    manager.patch(&format!("/suppliers/{slow}"), json!({"lead_time_days": 14})).expect(200);
    assert_eq!(lead_times(&manager, product), (Value::Null, 14));
    manager.offer(fast, product, json!({"cost": "1.50", "preferred": true})).expect(201);
    assert_eq!(lead_times(&manager, product), (Value::Null, 2));
    // 0 is what somebody wrote, and counts.
    for days in [0, 5] {
        manager.set_policy(product, json!({"lead_time_days": days})).expect(200);
        assert_eq!(lead_times(&manager, product), (json!(days), days));
    }
    manager.set_policy(product, json!({"lead_time_days": ""})).expect(200);
    assert_eq!(lead_times(&manager, product), (Value::Null, 2));
    manager.delete(&format!("/suppliers/{fast}")).expect(204);
    assert_eq!(lead_times(&manager, product), (Value::Null, 0), "archived");
    super::restore(&manager, fast).expect(200);
    assert_eq!(lead_times(&manager, product), (Value::Null, 2));
    manager.delete(&format!("/suppliers/{fast}/products/{product}")).expect(204);
    assert_eq!(lead_times(&manager, product), (Value::Null, 0));
}

#[test]
fn a_run_orders_by_the_suppliers_lead_time_and_says_so() {
    let shop = Shop::open();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 7);
    let rule = json!({"reorder_point": 3, "reorder_target": 9});
    let [bought, made, own] = [(); 3].map(|()| {
        let product = shop.product(&manager, 0);
        manager.set_policy(product, rule.clone()).expect(200);
        product
    });
    for product in [bought, own] {
        manager.offer(supplier, product, json!({"cost": "1.00", "preferred": true})).expect(201);
    }
    manager.set_policy(own, json!({"lead_time_days": 0})).expect(200);
    let plan = manager.get("/restock/plan").expect(200).body;
    let actions: Vec<&Value> = plan["data"].as_array().unwrap().iter().map(|line| &line["action"]).collect();
    assert_eq!(actions, ["order", "receive", "receive"]);
    let run = manager.restock();
    assert_eq!((&run["ordered"], &run["received"]), (&json!(1), &json!(2)));
    let lines = manager.run_lines(run["id"].as_u64().unwrap());
    let shown = |line: &Value| (line["lead_time_days"].clone(), line["effective_lead_time_days"].clone());
    let expected = [(Value::Null, json!(7)), (Value::Null, json!(0)), (json!(0), json!(0))];
    assert_eq!(lines.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!(
        lines.iter().map(|line| line["product_id"].clone()).collect::<Vec<_>>(),
        [bought, made, own].map(Value::from)
    );
    let order = &manager.purchases_of(bought)[0];
    let expected = shop.app.config.calendar.after_lead_time(shop.app.clock.now(), 7).to_string();
    assert_eq!(&order["expected_at"].as_str().unwrap()[..10], &expected[..10]);
    assert_eq!(manager.on_hand(own), 9);
}

/// A supplier is edited, by a person or a program that takes its time, and the timer goes on: it needs the supplier's row
/// only to make the first draft of the supplier.
#[test]
fn a_run_waits_for_nobody_who_changes_a_supplier_with_a_draft() {
    let shop = Shop::open();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 7);
    manager.patch(&format!("/suppliers/{supplier}"), json!({"minimum_order_value": "10.00"})).expect(200);
    let product = || {
        let product = shop.product(&manager, 0);
        manager.set_policy(product, json!({"reorder_point": 3, "reorder_target": 9})).expect(200);
        manager.offer(supplier, product, json!({"cost": "1.00", "preferred": true})).expect(201);
    };
    product();
    assert_eq!(manager.restock()["drafted"], 1);
    product();
    let mut held = shop.sql();
    held.query_drop("START TRANSACTION").unwrap();
    held.query_drop("SELECT * FROM suppliers FOR UPDATE").unwrap();
    held.query_drop("SELECT * FROM supplier_products FOR UPDATE").unwrap();
    let run = manager.restock();
    assert_eq!((&run["ordered"], &run["failed"]), (&json!(2), &json!(0)));
    held.query_drop("ROLLBACK").unwrap();
}

#[test]
fn the_suppliers_lead_time_makes_nobodys_rule_stale_and_is_not_set_there() {
    let shop = Shop::open();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 7);
    let product = shop.product(&manager, 5);
    manager.offer(supplier, product, json!({"cost": "1.00", "preferred": true})).expect(201);
    let path = format!("/products/{product}/stock");
    let read = manager.get(&path).expect(200);
    manager.patch(&format!("/suppliers/{supplier}"), json!({"lead_time_days": 9})).expect(200);
    let since = manager.get(&path).expect(200);
    assert_ne!(read.etag(), since.etag(), "what is shown has changed");
    let change = json!({"reorder_multiple": 6});
    manager.request("PATCH", &path).header("If-Match", read.etag()).json(change).send().expect(200);
    // The whole that was read before is taken too, and what is made up is not.
    let mut whole = read.body.clone();
    whole["reorder_multiple"] = json!(3);
    assert_eq!(manager.patch(&path, whole.clone()).expect(200).body["effective_lead_time_days"], 9);
    shop.app.clock.advance(chrono::Duration::hours(1));
    let mut whole = manager.get(&path).expect(200).body;
    manager.patch(&format!("/suppliers/{supplier}"), json!({"lead_time_days": 11})).expect(200);
    whole["reorder_multiple"] = json!(4);
    assert_eq!(manager.patch(&path, whole.clone()).expect(200).body["effective_lead_time_days"], 11);
    shop.to_noon_in(3);
    let manager = shop.staff();
    let mut whole = manager.get(&path).expect(200).body;
    whole["effective_lead_time_days"] = json!(3);
    manager.patch(&path, whole).expect_bad_fields(&[("effective_lead_time_days", "read_only")]);
    let refused = manager.patch(&path, json!({"effective_lead_time_days": 3}));
    let refused = refused.expect_bad_fields(&[("effective_lead_time_days", "read_only")]);
    assert!(refused.text.contains("PATCH /suppliers/{id}"), "{}", refused.text);
}

/// The suggestion of the forecast looks as far ahead as the supplier takes.
#[test]
fn the_forecast_covers_the_suppliers_lead_time() {
    let shop = Shop::open_for_weeks();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 30);
    let product = shop.product(&manager, 100);
    for _ in 0..10 {
        let order = shop.guest().client.order(&[(product, 2)]).expect(201).id();
        manager.ship(order).expect(200);
        shop.to_noon_in(1);
    }
    manager.restock();
    let suggested = || manager.stock(product)["forecast"]["suggested_reorder_point"].as_i64().unwrap();
    let at_once = suggested();
    manager.offer(supplier, product, json!({"cost": "1.00", "preferred": true})).expect(201);
    assert!(suggested() > at_once, "{at_once}");
}

/// Only where no rule was ever written 0 is known to be nobody's.
#[test]
fn a_lead_time_of_before_is_kept_where_somebody_may_have_meant_it() {
    let database = unique("lead_times").replace('-', "_");
    shared_mariadb().connect("mysql").query_drop(format!("CREATE DATABASE {database}")).unwrap();
    let connect = || shared_mariadb().connect(&database);
    let before = MIGRATIONS.iter().position(|step| step.name.ends_with("_suppliers")).expect("a step");
    migrate(&mut connect(), &mut connect(), &MIGRATIONS[..before]).unwrap();
    let mut sql = connect();
    sql.query_drop(format!(
        "INSERT INTO products (id, name, price_minor, created_at, updated_at, active)
         SELECT seq, CONCAT('Product ', seq), 100, NOW(6), NOW(6), 1 FROM {} n",
        numbers(7)
    ))
    .unwrap();
    sql.query_drop("INSERT INTO restock_runs (id, source, started_at) VALUES (1, 'api', NOW(6))").unwrap();
    sql.query_drop(
        "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
             reorder_point, reorder_target, reorder_multiple, lead_time_days) VALUES
         (1, 0, 0, 0, 0, NOW(6), NULL, NULL, 1, 0), (2, 0, 0, 0, 0, NOW(6), 5, 9, 1, 0),
         (3, 0, 0, 0, 0, NOW(6), NULL, 9, 1, 0), (4, 0, 0, 0, 0, NOW(6), NULL, NULL, 6, 0),
         (5, 0, 0, 0, 0, NOW(6), NULL, NULL, 1, 7), (6, 0, 0, 0, 0, NOW(6), NULL, NULL, 1, 0),
         (7, 0, 0, 0, 0, NOW(6), NULL, NULL, 1, 0)",
    )
    .unwrap();
    sql.query_drop(
        "INSERT INTO audit_log (at, command, action, object, object_id, fields) VALUES
         (NOW(6), 'x', 'changed', 'stock', 6, 'reorder_point,lead_time_days'), (NOW(6), 'x', 'changed', 'stock', 7, 'on_hand')",
    )
    .unwrap();
    sql.query_drop(
        "INSERT INTO restock_run_lines (run_id, product_id, on_hand, reserved, incoming, reorder_multiple, lead_time_days,
             outcome, quantity, reason) VALUES (1, 1, 0, 0, 0, 1, 4, 'nothing', 0, '')",
    )
    .unwrap();
    migrate(&mut connect(), &mut connect(), MIGRATIONS).unwrap();
    let after: Vec<Option<i64>> = sql.query("SELECT lead_time_days FROM stock ORDER BY product_id").unwrap();
    assert_eq!(after, [None, Some(0), Some(0), Some(0), Some(7), Some(0), None]);
}
