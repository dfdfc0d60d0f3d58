//! Five million movements and a hundred thousand watched products: what is asked of them goes through
//! an index, and restocking looks at all of them with two statements.

use std::time::Instant;

use chrono::Duration;
use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::audit::Actor;
use storekeeper::db;
use storekeeper::restock::{self, Outcome, Selection};
use storekeeper::values::Timestamp;

use crate::client::Client;
use crate::dialects::{is_mariadb, numbers};
use crate::harness::{MariaDb, Shop};

const PRODUCTS: i64 = 100_000;
/// Product 1 has a million movements, each of the others forty.
const MOVEMENTS: i64 = 1_000_000 + 40 * (PRODUCTS - 1);

/// The orders of the first products have their lines; for the others they would only take time.
const WITH_LINES: i64 = 5_000;

/// The ledger, written by SQL: sequence 1 of a product is `initial`, then comes a `sale` of 1 and a
/// `return` of 1 in turn, one a day until yesterday; product 1 sells and takes back once in a hundred
/// movements, which are a minute apart, and is counted in between.
fn fill(sql: &mut Conn) {
    for statement in [
        "INSERT INTO customers (id, name, email, phone, created_at, updated_at)
         VALUES (1000, 'Ada', 'ada@example.com', '555', NOW(6), NOW(6))"
            .to_owned(),
        format!(
            "INSERT INTO products (id, active, name, price_minor, created_at, updated_at)
             SELECT seq, 1, CONCAT('Product ', seq), 100, NOW(6), NOW(6) FROM {} n", numbers(PRODUCTS)
        ),
        format!(
            "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
                                reorder_point, reorder_target, reorder_multiple, lead_time_days)
             SELECT seq, 999, 0, 0, IF(seq = 1, 1000000, 40), NOW(6), 10, 50, 1, 7 FROM {} n", numbers(PRODUCTS)
        ),
        format!("INSERT INTO orders (id, customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
         SELECT seq, 1000, 'shipped', 'EUR', IF(seq <= 10000, 100, 10000), NOW(6) - INTERVAL 50 DAY, CURDATE()
         FROM {} n", numbers(30000)),
        "INSERT INTO order_events (order_id, step, status, at) SELECT id, 2, 'shipped', NOW(6) - INTERVAL 1 DAY FROM orders"
            .to_owned(),
    ] {
        timed(sql, &statement);
    }
    fill_ledger(sql);
    let order_lines = format!(
        "INSERT INTO order_lines SELECT order_id, product_id, 'Product', 1, 100, 1, at
         FROM stock_movements WHERE product_id <= {WITH_LINES} AND reason = 'sale'"
    );
    timed(sql, &order_lines);
    timed(sql, "ANALYZE TABLE products, stock, orders, order_lines, order_events, stock_movements");
}

/// The rows come first and the keys afterwards, which is faster than both together.
fn fill_ledger(sql: &mut Conn) {
    let (_, definition): (String, String) =
        sql.query_first("SHOW CREATE TABLE stock_movements").unwrap().unwrap();
    let lines = definition.lines().map(|line| line.trim().trim_end_matches(','));
    let keys: Vec<&str> =
        lines.filter(|line| line.starts_with("KEY ") || line.starts_with("UNIQUE KEY ")).collect();
    assert!(keys.len() >= 6, "{definition}");
    let name = |key: &str| key.split('`').nth(1).expect("a name").to_owned();
    sql.query_drop("SET unique_checks = 0, foreign_key_checks = 0").unwrap();
    sql.query_drop("SET GLOBAL innodb_buffer_pool_size = 2 << 30").unwrap();
    let log = if is_mariadb(sql) { "innodb_log_file_size" } else { "innodb_redo_log_capacity" };
    sql.query_drop(format!("SET GLOBAL {log} = 1 << 30")).unwrap();
    // MySQL keeps those that a foreign key leans on.
    let mut dropped =
        |key: &&&str| sql.query_drop(format!("ALTER TABLE stock_movements DROP KEY {}", name(key))).is_ok();
    let added: Vec<String> = keys.iter().filter(&mut dropped).map(|key| format!("ADD {key}")).collect();
    assert!(added.len() >= 5, "{added:?}");
    let columns = "product_id, sequence, delta, balance_after, reason, order_id, at, note";
    timed(
        sql,
        &format!(
            "INSERT INTO stock_movements ({columns})
             SELECT 1, seq,
                    CASE WHEN seq = 1 THEN 1000 WHEN seq MOD 100 = 0 THEN -1 WHEN seq MOD 100 = 1 THEN 1 ELSE 0 END,
                    IF(seq MOD 100 = 0, 999, 1000),
                    CASE WHEN seq = 1 THEN 'initial' WHEN seq MOD 100 = 0 THEN 'sale'
                         WHEN seq MOD 100 = 1 THEN 'return' ELSE 'stock_take' END,
                    IF(seq MOD 100 = 0, seq DIV 100, NULL), NOW(6) - INTERVAL 1000001 - seq MINUTE, NULL
             FROM {} n", numbers(1000000)
        ),
    );
    timed(
        sql,
        &format!(
            "INSERT INTO stock_movements ({columns})
             SELECT p.seq, n.seq, IF(n.seq = 1, 1000, IF(n.seq MOD 2, 1, -1)), IF(n.seq MOD 2, 1000, 999),
                    IF(n.seq = 1, 'initial', IF(n.seq MOD 2, 'return', 'sale')),
                    IF(n.seq MOD 2, NULL, 10001 + (p.seq - 1) DIV 100 * 20 + n.seq DIV 2 - 1),
                    NOW(6) - INTERVAL 41 - n.seq DAY, IF(n.seq = 3, CONCAT('Came back from customer ', p.seq), NULL)
             FROM {} p STRAIGHT_JOIN {} n WHERE p.seq > 1", numbers(PRODUCTS), numbers(40)
        ),
    );
    timed(sql, &format!("ALTER TABLE stock_movements {}", added.join(", ")));
}

fn timed(sql: &mut Conn, statement: &str) {
    let started = Instant::now();
    sql.query_drop(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    let start: String = statement.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    println!("{:7.1} s   {start}", started.elapsed().as_secs_f64());
}

/// The statements that others run, with their values, while `work` is done. The values are noted when
/// the statement was prepared while the log was on.
fn statements_of<T>(sql: &mut Conn, work: impl FnOnce() -> T) -> (T, Vec<String>) {
    sql.query_drop("TRUNCATE mysql.general_log").unwrap();
    let done = work();
    let executed = "SELECT argument FROM mysql.general_log WHERE command_type = 'Execute'";
    let statements: Vec<Vec<u8>> = sql.query(executed).unwrap();
    // A token's digest need not be text.
    (done, statements.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

/// A line of EXPLAIN: table, access type, key, and what else the server does.
type Step = (String, String, Option<String>, String);

fn explain(sql: &mut Conn, statement: &str) -> Vec<Step> {
    let rows: Vec<mysql::Row> = sql.query(format!("EXPLAIN FORMAT=TRADITIONAL {statement}")).unwrap();
    rows.iter()
        .map(|row| {
            let text = |name| row.get::<Option<String>, _>(name).expect("a column of EXPLAIN");
            let known = |name| text(name).unwrap_or_default();
            (known("table"), known("type"), text("key"), known("Extra"))
        })
        .collect()
}

/// What a request may cost.
#[derive(Clone, Copy)]
struct Allowed {
    /// Rows that are read one after the other along a key.
    rows: i64,
    /// Whether rows may be sorted once they are found.
    sorting: bool,
}

const PAGE: Allowed = Allowed { rows: 500, sorting: false };
/// Product 1 has ten thousand orders; what was reserved is summed over their lines, orders and events.
const VIEW: Allowed = Allowed { rows: 40_000, sorting: true };
const ALL_STOCK: Allowed = Allowed { rows: 2 * PRODUCTS, sorting: false };

fn rows_read(sql: &mut Conn) -> i64 {
    let counters = "SHOW GLOBAL STATUS WHERE variable_name IN ('Handler_read_next', 'Handler_read_prev')";
    let counters: Vec<(String, i64)> = sql.query(counters).unwrap();
    counters.into_iter().map(|(_, rows)| rows).sum()
}

/// Asks over HTTP, looks at how the server does what it is asked about stock, and answers what goes
/// through no key or costs more than is allowed.
fn unindexed(sql: &mut Conn, staff: &Client, path: &str, allowed: Allowed) -> Vec<String> {
    let (before, started) = (rows_read(sql), Instant::now());
    let (_, statements) = statements_of(sql, || staff.get(path).expect(200));
    let time = started.elapsed().as_secs_f64() * 1000.0;
    let rows = rows_read(sql) - before;
    println!("{time:7.0} ms {rows:7} rows  GET {path}");
    let statements: Vec<_> = statements.iter().filter(|statement| statement.contains("stock")).collect();
    assert!(!statements.is_empty(), "{path} asked nothing about stock");
    let mut found = Vec::new();
    if rows > allowed.rows {
        found.push(format!("{path}: {rows} rows read"));
    }
    for statement in statements {
        let steps = explain(sql, statement);
        let scans = steps.iter().any(|(table, access, key, _)| {
            let is_table = !table.is_empty() && !table.starts_with('<');
            is_table && (access == "ALL" || key.is_none())
        });
        // MySQL sorts the few movements of a product that has no more.
        let may_sort = !is_mariadb(sql) && rows <= 40;
        let sorts = !may_sort && steps.iter().any(|(.., extra)| extra.contains("filesort"));
        if scans || (sorts && !allowed.sorting) {
            found.push(format!("{path}: {steps:?}\n{statement}"));
        }
    }
    found
}

fn unindexed_about_product(sql: &mut Conn, shop: &Shop, staff: &Client, product_id: i64) -> Vec<String> {
    let ago = |days: i64| Timestamp(shop.app.clock.now().0 - Duration::days(days));
    let ledger = format!("/products/{product_id}/stock/movements");
    let cursor = staff.get(&ledger).expect(200).body["next"].as_str().expect("a second page").to_owned();
    let filters = [
        "limit=100".to_owned(),
        format!("after={cursor}"),
        "reason=sale".to_owned(),
        "reason=damaged".to_owned(),
        format!("reason=return&after={cursor}"),
        format!("from={}", ago(20)),
        format!("to={}", ago(20)),
        format!("to={}", ago(600)),
        format!("from={}&to={}", ago(30), ago(3)),
        format!("from={}&to={}&after={cursor}", ago(30), ago(3)),
        format!("reason=sale&from={}", ago(20)),
        format!("reason=sale&from={}&to={}&after={cursor}", ago(30), ago(3)),
    ];
    let mut found = Vec::new();
    for filter in filters {
        found.extend(unindexed(sql, staff, &format!("{ledger}?{filter}"), PAGE));
    }
    let view = format!("/products/{product_id}/stock");
    found.extend(unindexed(sql, staff, &view, VIEW));
    for days in [0, 10, 300] {
        found.extend(unindexed(sql, staff, &format!("{view}?as_of={}", ago(days)), VIEW));
    }
    found
}

#[test]
fn five_million_movements_are_read_through_keys_and_scanned_with_three_statements() {
    let mariadb = MariaDb::start();
    let database = mariadb.fresh_database();
    let mut sql = mariadb.connect(&database);
    fill(&mut sql);
    let movements: Option<i64> = sql.query_first("SELECT COUNT(*) FROM stock_movements").unwrap();
    assert_eq!(movements, Some(MOVEMENTS));
    sql.query_drop("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1").unwrap();
    let shop = Shop::open_on(&mariadb, &database, &[]);
    let staff = shop.staff();
    let mut found = unindexed_about_product(&mut sql, &shop, &staff, 1);
    found.extend(unindexed_about_product(&mut sql, &shop, &staff, WITH_LINES / 2));
    found.extend(unindexed(&mut sql, &staff, "/restock/plan?limit=100", VIEW));
    for filter in ["limit=100", "below_threshold=true", "out_of_stock=true"] {
        found.extend(unindexed(&mut sql, &staff, &format!("/stock?{filter}"), ALL_STOCK));
    }
    assert!(found.is_empty(), "{}", found.join("\n\n"));

    let scan = |shop: &Shop| {
        let started = Instant::now();
        let watched = db::read(&shop.app.pool, |db| {
            restock::scan(db, &shop.app.config, Selection::default(), shop.app.clock.now())
        })
        .unwrap();
        println!("{:6.0} ms  scan of {}", started.elapsed().as_secs_f64() * 1000.0, watched.len());
        watched.len() as i64
    };
    scan(&shop);
    let (watched, statements) = statements_of(&mut sql, || scan(&shop));
    assert_eq!((watched, statements.len()), (PRODUCTS, 3), "{statements:?}");
    // Of these all that is watched is looked at, so the stock may be read whole; the offers that are preferred are, since there
    // is at most one a product.
    for statement in &statements[..2] {
        let steps = explain(&mut sql, statement);
        // What the statement itself has put aside has no key.
        let mut tables = steps.iter().filter(|(table, ..)| !table.starts_with("<derived"));
        let by_key = |(table, access, key, _): &Step| table == "s" || (access != "ALL" && key.is_some());
        assert!(tables.all(by_key), "{steps:?}");
    }

    let started = Instant::now();
    let plan = || {
        db::read(&shop.app.pool, |db| {
            restock::plan(db, &shop.app.config, Selection::default(), shop.app.clock.now())
        })
    };
    let (plan, statements) = statements_of(&mut sql, || plan().unwrap());
    println!("{:6.0} ms  plan of {}", started.elapsed().as_secs_f64() * 1000.0, plan.len());
    assert_eq!(plan.len() as i64, PRODUCTS);
    assert!((statements.len() as i64) < PRODUCTS / 100, "{} statements", statements.len());
    let (guest, noted) = (shop.guest(), PRODUCTS - 1);
    let id = guest.client.get("/sessions/current").expect(200).body["customer_id"].clone();
    staff.patch(&format!("/customers/{id}"), serde_json::json!({"name": "Customer 4711"})).expect(200);
    let (before, started) = (rows_read(&mut sql), Instant::now());
    let (_, statements) = statements_of(&mut sql, || staff.delete(&format!("/customers/{id}")).expect(204));
    let (rows, time) = (rows_read(&mut sql) - before, started.elapsed().as_secs_f64() * 1000.0);
    println!("{time:6.0} ms  erasure that read {rows} rows for {noted} notes");
    assert!(rows < 2 * noted, "{rows} rows read for {noted} notes of {MOVEMENTS} movements");
    let reading = statements.iter().find(|statement| statement.contains("stock_movements_noted"));
    let steps = explain(&mut sql, reading.expect("the notes are read"));
    assert!(matches!(&steps[..], [(_, access, Some(_), _)] if access == "range"), "{steps:?}");
    // The surest is the newest of a thousand: the name as a whole.
    let up: Vec<(u64, String)> = sql
        .query("SELECT m.product_id, n.found FROM mentions n JOIN stock_movements m ON m.id = n.movement_id")
        .unwrap();
    assert!(up.len() == 1000 && up.contains(&(4711, "name".to_owned())), "{up:?}");
    // The orders lack lines.
    shop.abandon();
}

const WATCHED: i64 = 10_000;
const DUE: i64 = 1_000;

/// Of ten products one is due; half of these are received at once.
fn fill_shelves(sql: &mut Conn) {
    for statement in [
        format!(
            "INSERT INTO products (id, active, name, price_minor, created_at, updated_at)
             SELECT seq, 1, CONCAT('Product ', seq), 100, NOW(6), NOW(6) FROM {} n", numbers(WATCHED)
        ),
        format!(
            "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
                                reorder_point, reorder_target, reorder_multiple, lead_time_days)
             SELECT seq, IF(seq MOD 10, 50, 0), 0, 0, IF(seq MOD 10, 1, 0), NOW(6), 10, 50, 1, IF(seq MOD 20, 7, 0)
             FROM {} n", numbers(WATCHED)
        ),
        "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at)
         SELECT product_id, 1, 50, 50, 'initial', last_movement_at FROM stock WHERE on_hand > 0"
            .to_owned(),
    ] {
        sql.query_drop(&statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
}

/// Statements that the server was sent so far, by everybody.
fn questions(sql: &mut Conn) -> i64 {
    let (_, count): (String, i64) = sql.query_first("SHOW GLOBAL STATUS LIKE 'Questions'").unwrap().unwrap();
    count
}

#[test]
fn a_run_over_ten_thousand_of_which_a_thousand_are_due_asks_only_about_these_one_by_one() {
    let mariadb = MariaDb::start();
    let database = mariadb.fresh_database();
    let mut sql = mariadb.connect(&database);
    fill_shelves(&mut sql);
    let shop = Shop::open_on(&mariadb, &database, &[("STOREKEEPER_DATABASE_CONNECTIONS", "1")]);
    let run = |shop: &Shop, sql: &mut Conn| {
        let (before, started) = (questions(sql), Instant::now());
        let run_id = restock::start(&shop.app, Actor::command("storekeeper-restock")).unwrap();
        restock::run(&shop.app, run_id, Actor::command("storekeeper-restock"), Selection::default()).unwrap();
        let statements = questions(sql) - before;
        println!("{:7.2} s   run with {statements} statements", started.elapsed().as_secs_f64());
        let lines = db::read(&shop.app.pool, |db| restock::lines(db, run_id)).unwrap();
        let with = |outcome| lines.iter().filter(|line| line.outcome == outcome).count() as i64;
        ([Outcome::Ordered, Outcome::Received, Outcome::Nothing].map(with), statements)
    };
    let (outcomes, statements) = run(&shop, &mut sql);
    assert_eq!(outcomes, [DUE / 2, DUE / 2, WATCHED - DUE]);
    // Eight each, and a few for each draft.
    assert!(statements < 9 * DUE, "{statements} statements");
    let (outcomes, statements) = run(&shop, &mut sql);
    assert_eq!(outcomes, [0, 0, WATCHED]);
    // Some ten for each five hundred: what was changed within the hour is summed up again.
    assert!(statements < 10 * WATCHED / 500 + 100, "{statements} statements");
}
