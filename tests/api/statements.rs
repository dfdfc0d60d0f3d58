//! Statements that are kept prepared: a server has room for so many, for all its clients together.

use std::thread;

use mysql::prelude::Queryable;

use crate::harness::{MariaDb, Shop};

fn status(mariadb: &MariaDb, name: &str) -> u64 {
    let sql = format!("SHOW GLOBAL STATUS LIKE '{name}'");
    let row: Option<(String, u64)> = mariadb.connect("mysql").query_first(sql).unwrap();
    row.expect("a counter").1
}

/// Without what the server has prepared anew by itself: MySQL does so where a value is of another kind than it took it for.
fn prepared(mariadb: &MariaDb) -> u64 {
    status(mariadb, "Com_stmt_prepare") - status(mariadb, "Com_stmt_reprepare")
}

fn set_limit(mariadb: &MariaDb, limit: u32) {
    mariadb.connect("mysql").query_drop(format!("SET GLOBAL max_prepared_stmt_count = {limit}")).unwrap();
}

/// Every combination of a list's parameters, each given with one of its values or not at all.
fn combinations(path: &str, parameters: &[(&str, &[&str])]) -> Vec<String> {
    let mut paths = vec![format!("{path}?limit=2")];
    for (name, values) in parameters {
        let given = |path: &String| values.iter().map(|value| format!("{path}&{name}={value}")).collect();
        let with: Vec<Vec<String>> = paths.iter().map(given).collect();
        paths.extend(with.into_iter().flatten());
    }
    paths
}

/// 384 lists, without cursors.
fn product_lists() -> Vec<String> {
    let parameters: [(&str, &[&str]); 6] = [
        ("sort", &["-id", "name", "-name", "price", "-price"]),
        ("q", &["a"]),
        ("category", &["tea"]),
        ("min_price", &["1"]),
        ("max_price", &["9"]),
        ("in_stock", &["true", "false"]),
    ];
    combinations("/products", &parameters)
}

#[test]
fn a_process_keeps_a_quarter_of_what_the_server_has_room_for() {
    let mariadb = MariaDb::start();
    set_limit(&mariadb, 64);
    let database = mariadb.fresh_database();
    let shop = Shop::open_on(&mariadb, &database, &[("STOREKEEPER_DATABASE_CONNECTIONS", "4")]);
    shop.product(&shop.staff(), 1);
    let lists = product_lists();
    thread::scope(|scope| {
        for part in lists.chunks(lists.len().div_ceil(8)) {
            let (shop, mariadb) = (&shop, &mariadb);
            scope.spawn(move || {
                for path in part {
                    shop.anyone().get(path).expect(200);
                    let kept = status(mariadb, "Prepared_stmt_count");
                    assert!(kept <= 64 / 4, "{kept} are kept");
                }
            });
        }
    });
}

#[test]
fn every_combination_of_filters_is_one_of_a_few_statements() {
    let mariadb = MariaDb::start();
    let database = mariadb.fresh_database();
    let shop = Shop::open_on(&mariadb, &database, &[("STOREKEEPER_DATABASE_CONNECTIONS", "1")]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let period: [(&str, &[&str]); 2] =
        [("from", &["2026-01-01T00:00:00Z"]), ("to", &["2100-01-01T00:00:00Z"])];
    let orders = [&[("status", &["placed", "shipped"][..]), ("sort", &["order_date"])], &period[..]].concat();
    let of_customer = [&[("customer_id", &["1"][..])], &orders[..]].concat();
    let stock: [(&str, &[&str]); 3] =
        [("below_threshold", &["true", "false"]), ("out_of_stock", &["true", "false"]), ("q", &["a"])];
    // Words are looked for in an index of their own; as many as there are, up to a power of two.
    let words: [(&str, &[&str]); 1] = [("q", &["a", "a+b", "a+b+c", "a+b+c+d", "1234+5+6+7"])];
    for (client, lists, most) in [
        (&staff, product_lists(), 2 * 24),
        (&staff, combinations("/products", &words), 1 + 3),
        (&staff, combinations("/stock", &stock), 2 * 3),
        (&staff, combinations("/orders", &of_customer), 8),
        (&guest.client, combinations("/orders", &of_customer), 4),
        (&staff, combinations("/customers", &words), 1 + 3 + 1),
        (&staff, combinations("/customer_accounts", &[("q", &["a"])]), 1),
    ] {
        client.get(&lists[0]).expect(200);
        let before = prepared(&mariadb);
        for path in &lists {
            client.get(path).expect(200);
        }
        let prepared = 1 + prepared(&mariadb) - before;
        assert!(prepared <= most, "{prepared} statements for {} lists like {}", lists.len(), lists[0]);
    }
}

#[test]
fn a_server_without_room_for_statements_is_a_passing_condition() {
    let mariadb = MariaDb::start();
    let database = mariadb.fresh_database();
    let shop = Shop::open_on(&mariadb, &database, &[]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 10);
    let path = format!("/products/{product}");
    set_limit(&mariadb, 0);
    // What is kept goes on working; what is not is refused, in a read and in a transaction.
    let list = staff.get("/stock").expect_problem(503, "database_limit");
    assert!(list.header("Retry-After").is_some(), "{}", list.text);
    guest.client.order(&[(product, 1)]).expect_problem(503, "database_limit");
    set_limit(&mariadb, 16_382);
    staff.get("/stock").expect(200);
    shop.anyone().get(&path).expect(200);
    guest.client.order(&[(product, 1)]).expect(201);
}
