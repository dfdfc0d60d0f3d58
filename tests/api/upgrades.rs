//! Releases: their steps of the schema are frozen, and a shop of each, with its books, becomes one of today.
//!
//! `scripts/freeze` writes what is read here: the checksums of a release's steps into `sql/released/`, and the rows of
//! an eventful shop into `upgrades/`. The schema of those rows is what the frozen steps make, so it is kept nowhere else.

mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::db::migrations::{MIGRATIONS, Migration, migrate};
use storekeeper::routes::ROUTES;
use storekeeper::web::route::Access;

use crate::client::Client;
use crate::exports;
use crate::fixtures::{CUSTOMER_PASSWORD, unique};
use crate::harness::{STAFF_PASSWORD, Shop, shared_mariadb};
use crate::program::run;

/// A release, and its steps as they were then: checksum and name.
struct Release {
    version: String,
    steps: Vec<(String, String)>,
}

fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The rows of this release's eventful shop.
fn rows_file(version: &str) -> PathBuf {
    in_project(&format!("tests/api/upgrades/{version}.sql"))
}

/// Every release, the oldest first.
fn releases() -> Vec<Release> {
    let files = fs::read_dir(in_project("sql/released")).expect("the lists of released steps");
    let mut releases: Vec<Release> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            let version = name.strip_suffix(".sha256").unwrap_or_else(|| panic!("{name} is no list"));
            let list = fs::read_to_string(&path).expect("a list");
            Release { version: version.to_owned(), steps: list.lines().map(step).collect() }
        })
        .collect();
    releases.sort_by_key(|release| numbers(&release.version));
    releases
}

/// A line of `sha256sum`.
fn step(line: &str) -> (String, String) {
    let parts = line.strip_suffix(".sql").and_then(|line| line.split_once("  "));
    let (sha256, name) = parts.unwrap_or_else(|| panic!("{line:?} is no line of sha256sum"));
    (sha256.to_owned(), name.to_owned())
}

/// So that 0.10.0 comes after 0.9.0.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().expect("a version in numbers")).collect()
}

/// What of `steps` breaks what was released, and what to do instead. `current` is the version that is being made.
fn broken(releases: &[Release], steps: &[Migration], current: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for Release { version, steps: released } in releases {
        for (sha256, name) in released {
            match steps.iter().find(|step| step.name == name) {
                None => broken.push(format!(
                    "{name} was released with {version} and is gone: \
                     bring it back, and undo in a new step what it does"
                )),
                Some(step) if step.sha256() != *sha256 => broken.push(format!(
                    "{name} was released with {version} and has another text now: \
                     give it its old one again, and write a new step instead"
                )),
                Some(_) => {}
            }
        }
        let last = released.last().map_or("", |(_, name)| name);
        let is_new = |step: &&Migration| released.iter().all(|(_, name)| name != step.name);
        for Migration { name, .. } in steps.iter().filter(is_new) {
            if *name < last {
                broken.push(format!(
                    "{name} comes before {last}, the last step of {version}, whose databases are past it: \
                     give it a number after the last step"
                ));
            } else if version == current {
                broken.push(format!(
                    "{name} is not frozen with {version}: \
                     raise the version in Cargo.toml, or run scripts/freeze while {version} is not out"
                ));
            }
        }
    }
    broken
}

#[test]
fn the_steps_of_every_release_are_as_they_were() {
    let releases = releases();
    assert!(!releases.is_empty());
    let broken = broken(&releases, MIGRATIONS, env!("CARGO_PKG_VERSION"));
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn what_breaks_a_release_is_named_with_what_to_do_instead() {
    const FIRST: Migration = Migration { version: 1, name: "0001_goods", sql: "CREATE TABLE goods (id INT)" };
    const THIRD: Migration = Migration { version: 3, name: "0003_prices", sql: "UPDATE goods SET id = 1" };
    const OTHER: Migration = Migration { sql: "UPDATE goods SET id = 2", ..THIRD };
    const BETWEEN: Migration = Migration { version: 2, name: "0002_colours", ..THIRD };
    const AFTER: Migration = Migration { version: 4, name: "0004_sizes", ..THIRD };
    let frozen = || {
        let steps = [FIRST, THIRD].map(|step| (step.sha256(), step.name.to_owned())).into();
        [Release { version: "0.2.0".to_owned(), steps }]
    };
    let said = |steps: &[Migration], current: &str| broken(&frozen(), steps, current).join("\n");
    assert_eq!(said(&[FIRST, THIRD], "0.2.0"), "");
    assert_eq!(said(&[FIRST, THIRD, AFTER], "0.3.0"), "");
    for (steps, what_to_do) in [
        (&[FIRST, OTHER][..], "write a new step instead"),
        (&[FIRST], "0003_prices was released with 0.2.0 and is gone: bring it back"),
        (&[THIRD], "0001_goods was released with 0.2.0 and is gone"),
        (&[FIRST, BETWEEN, THIRD], "0002_colours comes before 0003_prices, the last step of 0.2.0"),
    ] {
        assert!(said(steps, "0.3.0").contains(what_to_do), "{}", said(steps, "0.3.0"));
    }
    let grown = said(&[FIRST, THIRD, AFTER], "0.2.0");
    assert!(
        grown.contains("0004_sizes is not frozen with 0.2.0") && grown.contains("scripts/freeze"),
        "{grown}"
    );
}

#[test]
fn the_changelog_begins_with_the_version_that_is_being_made() {
    let changelog = include_str!("../../scripts/deploy/changelog");
    let versions: Vec<&str> = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("storekeeper (")?.split_once(')'))
        .map(|it| it.0)
        .collect();
    assert_eq!(versions.first(), Some(&env!("CARGO_PKG_VERSION")));
    assert!(versions.is_sorted_by(|newer, older| numbers(newer) > numbers(older)), "{versions:?}");
    for Release { version, .. } in releases() {
        assert!(versions.contains(&version.as_str()), "{version} is not in the changelog");
    }
}

/// How many rows each table of the shop has.
fn counts(sql: &mut Conn, tables: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    tables
        .map(|table| {
            let count = sql.query_first(format!("SELECT COUNT(*) FROM {table}"));
            let gone = format!("{table} is gone: say in this test where its rows are now");
            (table, count.expect(&gone).expect("a count"))
        })
        .collect()
}

#[test]
fn a_shop_of_each_release_becomes_one_of_today() {
    for Release { version, steps } in releases() {
        let mariadb = shared_mariadb();
        let database = unique("release").replace('-', "_");
        mariadb.connect("mysql").query_drop(format!("CREATE DATABASE {database}")).unwrap();
        let released: Vec<Migration> = MIGRATIONS
            .iter()
            .filter(|step| steps.iter().any(|(_, name)| name == step.name))
            .map(|step| Migration { ..*step })
            .collect();
        let mut sql = mariadb.connect(&database);
        migrate(&mut sql, &mut mariadb.connect(&database), &released).expect("its own steps");
        let rows = fs::read_to_string(rows_file(&version)).expect("scripts/freeze writes the rows");
        for statement in rows.lines().filter(|line| !line.starts_with("--")) {
            sql.query_drop(statement).unwrap_or_else(|error| panic!("{version}: {error}: {statement}"));
        }
        let tables = rows.lines().filter_map(|line| line.strip_prefix("INSERT INTO ")?.split_once(' '));
        let tables: Vec<String> = tables.map(|(table, _)| table.to_owned()).collect();
        let before = counts(&mut sql, tables.iter().cloned());
        assert!(before.len() > 20, "{version}: {before:?}");

        let url = mariadb.url(&database);
        let migrated = run(&url, &["migrate"]).expect_success();
        let missing = MIGRATIONS.len() - released.len();
        let applied = migrated.lines().filter(|line| line.starts_with("applied 0")).count();
        assert_eq!(applied, missing, "{version}: {migrated}");
        let after = counts(&mut sql, tables.into_iter());
        for (table, count) in &before {
            assert!(after[table] >= *count, "{version}: {table} had {count} rows and has {}", after[table]);
        }
        let verified = run(&url, &["verify"]);
        assert_eq!(verified.code, Some(0), "{version}: {}{}", verified.out, verified.err);
        is_read_and_goes_on(&mut sql, &Shop::open_on(mariadb, &database, &[]));
    }
}

/// Its first steps were rewritten until 0.2.0, and no step leads from one text to the other.
#[test]
fn a_database_of_0_1_0_is_refused_unchanged_with_where_it_says_what_to_do() {
    let mariadb = shared_mariadb();
    let database = unique("release").replace('-', "_");
    mariadb.connect("mysql").query_drop(format!("CREATE DATABASE {database}")).unwrap();
    let mut sql = mariadb.connect(&database);
    migrate(&mut sql, &mut mariadb.connect(&database), &MIGRATIONS[..13]).unwrap();
    sql.query_drop("UPDATE schema_migrations SET sha256 = REPEAT('0', 64) WHERE version IN (5, 10, 12)")
        .unwrap();
    let url = mariadb.url(&database);
    for arguments in [&["migrate"][..], &["migrate", "--status"], &["serve"]] {
        let refused = run(&url, arguments).expect_refusal();
        assert!(refused.contains("0005_stock was changed after it was applied"), "{refused}");
        assert!(refused.contains("scripts/deploy/changelog"), "{refused}");
    }
    assert_eq!(sql.query_first("SELECT MAX(version) FROM schema_migrations").unwrap(), Some(13));
}

/// The day goes on where the books end: who had a password has it, what was sent is known, everything can be read, and
/// the work continues.
fn is_read_and_goes_on(sql: &mut Conn, shop: &Shop) {
    let (last, product): (String, u64) = sql
        .query_first(
            "SELECT DATE_FORMAT(o.placed_at, '%Y-%m-%dT%H:%i:%sZ'), l.product_id FROM orders o
             JOIN order_lines l ON l.order_id = o.id ORDER BY o.placed_at DESC LIMIT 1",
        )
        .unwrap()
        .expect("an order");
    shop.to(&last);
    shop.hours_pass(1);
    let manager = shop.with_token(&shop.log_in(shop::MANAGER, STAFF_PASSWORD));
    let customer = shop.with_token(&shop.log_in(shop::CUSTOMER, CUSTOMER_PASSWORD));
    // What that release did not know.
    manager.post("/stock_takes", json!({})).expect(201);
    manager.post("/webhooks", json!({"url": "https://shop.example/hooks"})).expect(201);
    let file = json!("name,lead_time_days\nForge,3\n");
    let import = manager.call("POST", "/imports?type=suppliers", &file).expect(201).id();
    manager.post(&format!("/imports/{import}/apply"), json!({})).expect(200);
    every_route_shows_something(&manager);

    // Sent again after the upgrade, it is still the one order.
    let orders = manager.all_pages("/orders?limit=100").len();
    let again = customer.post_once(shop::KEY, "/orders", shop::kept_order(product)).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"), "{}", again.text);
    assert_eq!(manager.all_pages("/orders?limit=100").len(), orders);

    manager.ship(again.id()).expect(200);
    let next = customer.order(&[(product, 1)]).expect(201).id();
    manager.move_stock(product, json!({"delta": -1, "reason": "damaged"})).expect(201);
    manager.restock();
    manager.ship(next).expect(200);
    manager.post(&format!("/orders/{next}/deliver"), json!({})).expect(200);
}

/// Reads each list of the table of routes, which must not be empty, and what stands under the ids that it shows.
fn every_route_shows_something(manager: &Client) {
    let paths = || {
        let reads = ROUTES.iter().filter(|route| route.method == "GET");
        reads.filter(|route| route.access != Access::Open).map(|route| route.path)
    };
    for customer in exports::rows_of(manager, "/customers") {
        let all = manager.get(&format!("/export?customer_id={}", customer["id"])).expect(200).body;
        assert_eq!(all["customer"], customer);
    }
    // What is asked of somebody is asked above.
    for path in paths().filter(|path| !path.contains('{') && *path != "/export") {
        let shown = manager.get(path).expect(200);
        let Some(list) = shown.body["data"].as_array() else { continue };
        assert!(!list.is_empty(), "{path} shows nothing");
        if !shown.body["next"].is_null() || shown.body.as_object().is_some_and(|body| body.len() == 2) {
            exports::holds_all(manager, path);
        }
        let under = format!("{path}/{{id}}");
        for thing in list.iter().filter(|thing| thing["id"].is_u64()) {
            for path in
                paths().filter(|path| path.strip_prefix(&under).is_some_and(|rest| !rest.contains('{')))
            {
                let path = path.replace("{id}", &thing["id"].to_string());
                // Not all of them are JSON.
                assert_ne!(manager.get(&path).expect(200).text, "", "{path}");
            }
        }
    }
}
