//! `GET /metrics`: what a monitor reads, and that what the alerts and the dashboard look at is there.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::json;

use crate::harness::Shop;
use crate::program::run;

const ALERTS: &str = include_str!("../../scripts/deploy/monitoring/alerts.yml");
const DASHBOARD: &str = include_str!("../../scripts/deploy/monitoring/dashboard.json");

/// A shop in which each figure has something to say.
fn busy_shop() -> Shop {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    staff.post("/webhooks", json!({"url": "https://shop.example/hooks"})).expect(201);
    let product = shop.product(&staff, 10);
    staff
        .set_policy(product, json!({"reorder_point": 20, "reorder_target": 30, "lead_time_days": 5}))
        .expect(200);
    guest.client.order(&[(product, 1)]).expect(201);
    staff.restock();
    staff.post("/verifications", json!({})).expect(201);
    staff.verification();
    for what in ["backup", "restore-drill"] {
        run(&shop.database_url, &["note", what]).expect_success();
    }
    shop.anyone().get("/nowhere").expect(404);
    shop
}

/// Values by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

#[test]
fn figures_are_those_of_the_shop() {
    let shop = busy_shop();
    let text = shop.metrics();
    let samples = samples(&text);
    for (name, value) in [
        ("storekeeper_ready", 1.0),
        ("storekeeper_orders_to_pick", 1.0),
        ("storekeeper_orders_overdue", 0.0),
        ("storekeeper_purchase_orders_late", 0.0),
        ("storekeeper_restock_run_failed_products", 0.0),
        ("storekeeper_verification_held", 1.0),
        ("storekeeper_backup_succeeded", 1.0),
        ("storekeeper_restore_drill_succeeded", 1.0),
        ("storekeeper_problems_total{code=\"not_found\"}", 1.0),
        ("storekeeper_requests_total{method=\"POST\",route=\"/orders\",status=\"201\"}", 1.0),
        ("storekeeper_request_duration_seconds_count{method=\"POST\",route=\"/orders\"}", 1.0),
        ("storekeeper_database_connections_max", 8.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name} in {text}");
    }
    let now = shop.app.clock.now().0.and_utc().timestamp() as f64;
    for name in ["orders_to_pick_oldest", "restock_run", "verification", "backup", "restore_drill"] {
        let at = samples[&format!("storekeeper_{name}_timestamp_seconds")];
        assert!((now - at).abs() < 60.0, "{name}: {at}, now {now}");
    }
    assert!(samples["process_resident_memory_bytes"] > 1e6);
}

#[test]
fn the_text_is_as_prometheus_reads_it() {
    let text = busy_shop().metrics();
    let mut families: BTreeMap<&str, &str> = BTreeMap::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert!(families.insert(name, kind).is_none(), "{name} twice");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            family = name;
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (_, help) = rest.split_once(' ').expect("a help text");
            assert!(help.ends_with('.'), "{line}");
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            assert!(name == family || families[family] == "histogram" && name.starts_with(family), "{line}");
        }
    }
    assert_eq!(samples(&text).len(), text.lines().filter(|line| !line.starts_with('#')).count(), "one twice");
}

#[test]
fn what_alerts_and_the_dashboard_look_at_is_there() {
    let shop = busy_shop();
    // Of the listener of a process.
    let of_the_process = [
        "storekeeper_http_connections",
        "storekeeper_http_connections_max",
        "storekeeper_http_requests_under_way",
    ];
    let served: BTreeSet<String> = samples(&shop.metrics())
        .into_keys()
        .map(|name| name.split('{').next().unwrap_or_default().to_owned())
        .chain(of_the_process.map(str::to_owned))
        .collect();
    let names = Regex::new(r"\b(?:storekeeper|process)_[a-z_]+\b").unwrap();
    for (file, text) in [("alerts.yml", ALERTS), ("dashboard.json", DASHBOARD)] {
        let asked: BTreeSet<&str> = names.find_iter(text).map(|found| found.as_str()).collect();
        assert!(asked.len() > 10, "{file}");
        for name in asked {
            // Before a product sells, nobody knows what is sold out.
            assert!(
                served.contains(name) || name == "storekeeper_products_sold_out",
                "{file} asks for {name}"
            );
        }
    }
    let codes = Regex::new(r#"code=~?\\?"([a-z_|]+)"#).unwrap();
    for found in codes.captures_iter(ALERTS) {
        for code in found[1].split('|') {
            let known = storekeeper::problem::KINDS.iter().any(|kind| kind.code == code);
            assert!(known, "{code} is no problem of ours");
        }
    }
}
