//! `storekeeper-restock` as a timer and a person use it: its arguments, its output, its exit codes,
//! and what is left when it is killed.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Shop, shared_mariadb, storekeeper_restock};
use crate::shelves::{Dice, Rule, each, together};

const LATER: Rule = Rule { point: 5, target: 20, multiple: 6, lead_days: 3 };
const AT_ONCE: Rule = Rule { lead_days: 0, ..LATER };
/// Whole multiples bring a shelf of 900,000,000 over what it can hold.
const IMPOSSIBLE: Rule =
    Rule { point: 1_000_000_000, target: 1_000_000_000, multiple: 1_000_000, lead_days: 0 };

fn run(shop: &Shop, arguments: &[&str]) -> Output {
    storekeeper_restock(&shop.database_url).args(arguments).output().expect("the program")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

#[track_caller]
fn expect_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", stdout(output), stderr(output));
}

/// What every table holds, by its checksum.
pub fn checksums(shop: &Shop) -> Vec<(String, Option<u64>)> {
    let mut sql = shop.sql();
    let tables: Vec<String> = sql.query("SHOW TABLES").unwrap();
    sql.query(format!("CHECKSUM TABLE {}", tables.join(", "))).unwrap()
}

#[test]
fn help_and_version_need_no_settings() {
    for (arguments, said) in
        [(["--help"], "--dry-run"), (["-h"], "Exit code"), (["--version"], "storekeeper-restock 0.")]
    {
        let mut command = storekeeper_restock("");
        let output = command.env_remove("STOREKEEPER_DATABASE_URL").args(arguments).output().unwrap();
        expect_exit(&output, 0);
        assert!(stdout(&output).contains(said), "{}", stdout(&output));
    }
}

#[test]
fn arguments_that_mean_nothing_are_refused() {
    let shop = Shop::open();
    let cases = [
        &["--frobnicate"][..],
        &["now"],
        &["--product"],
        &["--product", "0"],
        &["--product", "mug"],
        &["--product", "-1"],
        &["--json=yes"],
    ];
    for arguments in cases {
        let output = run(&shop, arguments);
        expect_exit(&output, 2);
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).starts_with("storekeeper-restock: "), "{}", stderr(&output));
    }
}

#[test]
fn it_restocks_what_is_due_and_says_so_in_a_table() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (later, at_once) = (shop.watched(&staff, 4, LATER), shop.watched(&staff, 0, AT_ONCE));
    let enough = shop.watched(&staff, 5, LATER);
    let output = run(&shop, &[]);
    expect_exit(&output, 0);
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 5, "{}", stdout(&output));
    assert!(lines[0].starts_with("product  position  outcome"), "{}", lines[0]);
    let words = |line: &str| line.split_whitespace().take(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[1]), [&later.to_string(), "4", "ordered", "18"]);
    assert_eq!(words(lines[2]), [&at_once.to_string(), "0", "received", "24"]);
    assert_eq!(words(lines[3]), [&enough.to_string(), "5", "nothing", "0"]);
    let runs = staff.all_pages("/restock/runs?limit=100");
    assert_eq!(runs.len(), 1);
    let run_id = &runs[0]["id"];
    assert_eq!(
        lines[4],
        format!("run {run_id}: 3 products watched, 0 drafted, 1 ordered, 1 received, 0 failed, 42 units")
    );
    assert_eq!((&runs[0]["source"], &runs[0]["actor_account_id"]), (&json!("program"), &Value::Null));
    assert!(runs[0]["finished_at"].is_string());
    assert!(stderr(&output).contains("restock run="), "{}", stderr(&output));
    assert_eq!(staff.figures(later), [4, 0, 18]);
    assert_eq!(staff.figures(at_once), [24, 0, 0]);
    assert_eq!(staff.ledger(at_once)[0]["actor"], Value::Null);

    let output = run(&shop, &[]);
    expect_exit(&output, 0);
    let last = stdout(&output).lines().last().unwrap();
    assert!(
        last.ends_with("3 products watched, 0 drafted, 0 ordered, 0 received, 0 failed, 0 units"),
        "{last}"
    );
}

#[test]
fn as_json_it_says_what_the_api_says() {
    let shop = Shop::open();
    let staff = shop.staff();
    let later = shop.watched(&staff, 4, LATER);
    shop.watched(&staff, 0, AT_ONCE);
    let plan = staff.all_pages("/restock/plan?limit=100");
    let json_of = |arguments: &[&str]| {
        let output = run(&shop, arguments);
        expect_exit(&output, 0);
        serde_json::from_str::<Value>(stdout(&output)).expect("JSON and nothing else")
    };
    let dry = json_of(&["--dry-run", "--json"]);
    assert_eq!(dry, json!({"dry_run": true, "watched": 2, "due": 2, "units": 42, "lines": plan}));
    let one = json_of(&["--dry-run", "--json", "--product", &later.to_string()]);
    assert_eq!(one["lines"], json!([plan[0]]));
    let done = json_of(&["--json"]);
    assert_eq!(done["dry_run"], false);
    let runs = staff.all_pages("/restock/runs?limit=100");
    assert_eq!(done["run"], runs[0]);
    assert_eq!(done["lines"], json!(staff.run_lines(runs[0]["id"].as_u64().unwrap())));
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (later, _) = (shop.watched(&staff, 4, LATER), shop.watched(&staff, 0, AT_ONCE));
    let before = checksums(&shop);
    let output = run(&shop, &["--dry-run"]);
    expect_exit(&output, 0);
    let again = run(&shop, &["--dry-run"]);
    assert_eq!(stdout(&again), stdout(&output));
    run(&shop, &["--dry-run", "--json"]);
    assert_eq!(checksums(&shop), before);
    let lines: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 4, "{}", stdout(&output));
    assert!(lines[1].starts_with(&later.to_string()));
    assert!(lines[1].contains("position 4 is below the reorder point 5: 18"), "{}", lines[1]);
    assert_eq!(lines[3], "2 products watched, 2 due, 42 units to order; nothing was written");
    // What was judged of its suggestions, as if there had been a thousand.
    let judged = "INSERT INTO hit_rates (product_id, judged, reached, wanted) VALUES (?, 1000, 999, 950000)";
    shop.sql().exec_drop(judged, (later,)).unwrap();
    let output = run(&shop, &["--dry-run"]);
    shop.sql().query_drop("DELETE FROM hit_rates").unwrap();
    let lines: Vec<&str> = stdout(&output).lines().collect();
    let under = |line: &str, column: &str| {
        line[lines[0].find(column).expect(column)..].split("  ").next().map(str::to_owned)
    };
    assert_eq!(under(lines[1], "wanted").as_deref(), Some("95 %"), "{lines:?}");
    assert_eq!(under(lines[1], "reached").as_deref(), Some("99.9 %"), "{lines:?}");
    assert_eq!(under(lines[2], "reached").as_deref(), Some("-"), "{lines:?}");
    run(&shop, &[]);
    assert_ne!(checksums(&shop), before);
}

#[test]
fn it_looks_at_one_product_when_told_to() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (chosen, other) = (shop.watched(&staff, 0, LATER), shop.watched(&staff, 0, LATER));
    expect_exit(&run(&shop, &["--product", &chosen.to_string()]), 0);
    assert_eq!([chosen, other].map(|id| staff.figures(id)[2]), [24, 0]);

    let unwatched = shop.product(&staff, 0);
    let archived = shop.watched(&staff, 0, LATER);
    staff.delete(&format!("/products/{archived}")).expect(204);
    for product_id in [unwatched, archived, 999_999] {
        let output = run(&shop, &["--product", &product_id.to_string()]);
        expect_exit(&output, 2);
        assert!(
            stderr(&output).contains(&format!("product {product_id} is not watched")),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(staff.all_pages("/restock/runs?limit=100").len(), 1);
}

#[test]
fn a_product_that_fails_makes_it_exit_with_1_after_the_others_are_done() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = shop.watched(&staff, 0, LATER);
    let overfull = shop.watched(&staff, 900_000_001, IMPOSSIBLE);
    let last = shop.watched(&staff, 0, AT_ONCE);
    let output = run(&shop, &[]);
    expect_exit(&output, 1);
    let table = stdout(&output);
    let failed = table.lines().find(|line| line.contains(" failed ")).expect("a line that failed");
    assert!(failed.starts_with(&overfull.to_string()) && failed.contains("the most that a shelf can hold"));
    assert!(
        table
            .trim_end()
            .ends_with("3 products watched, 0 drafted, 1 ordered, 1 received, 1 failed, 48 units")
    );
    assert!(stderr(&output).contains(&format!("product {overfull} could not be restocked")));
    assert_eq!([staff.figures(first)[2], staff.on_hand(last)], [24, 24]);
}

#[test]
fn without_a_usable_database_it_exits_with_2_and_says_what_to_do() {
    let empty = "restock_program_without_schema";
    let mut sql = shared_mariadb().connect("mysql");
    sql.query_drop(format!("CREATE DATABASE {empty}")).unwrap();
    let behind = shared_mariadb().fresh_database();
    let last = "DELETE FROM schema_migrations ORDER BY version DESC LIMIT 1";
    shared_mariadb().connect(&behind).query_drop(last).unwrap();
    let nowhere = "mysql://root@localhost/shop?socket=%2Fnonexistent%2Fsocket".to_owned();
    let cases = [
        (nowhere, "cannot use the database of STOREKEEPER_DATABASE_URL"),
        (shared_mariadb().url("no_such_database"), "cannot use the database of STOREKEEPER_DATABASE_URL"),
        (shared_mariadb().url(empty), "run \"storekeeper migrate\" first"),
        (shared_mariadb().url(&behind), "behind by 1 steps"),
        ("postgres://localhost/shop".to_owned(), "STOREKEEPER_DATABASE_URL must look like"),
    ];
    for (database_url, said) in cases {
        for arguments in [&[][..], &["--dry-run"], &["--json"]] {
            let output = storekeeper_restock(&database_url).args(arguments).output().unwrap();
            expect_exit(&output, 2);
            assert_eq!(stdout(&output), "");
            assert!(stderr(&output).contains(said), "{database_url}: {}", stderr(&output));
        }
    }
}

#[test]
fn wrong_settings_are_all_named_and_it_exits_with_2() {
    let mut command = storekeeper_restock("mysql://root@localhost/shop");
    let output = command.env("STOREKEEPER_LOGS", "info").env("STOREKEEPER_LISTEN", "8080").output().unwrap();
    expect_exit(&output, 2);
    for name in ["STOREKEEPER_LOGS", "STOREKEEPER_LISTEN"] {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[test]
fn two_at_once_both_end_well_and_order_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> =
        (0..40).map(|number| shop.watched(&staff, 0, [LATER, AT_ONCE][number % 2])).collect();
    for output in together(2, |_| run(&shop, &["--json"])) {
        expect_exit(&output, 0);
    }
    for product_id in products {
        let orders = staff.purchases_of(product_id);
        assert_eq!(each(&orders, "quantity"), [24], "product {product_id}");
    }
}

/// Products that one restock run after another finds due.
struct Warehouse<'a> {
    shop: &'a Shop,
    staff: &'a Client,
    later: Vec<u64>,
    at_once: Vec<u64>,
}

impl Warehouse<'_> {
    fn still_due(&self) -> i64 {
        let due = "SELECT COUNT(*) FROM stock WHERE on_hand + incoming + drafted = 0";
        self.shop.sql().query_first(due).unwrap().unwrap()
    }

    /// Nothing is on the shelves and nothing on its way.
    fn empty(&self) {
        for order in self.staff.all_pages("/purchase_orders?status=ordered&limit=100") {
            self.staff.cancel_purchase(order["id"].as_u64().unwrap()).expect(200);
        }
        for product_id in &self.at_once {
            self.staff.count_shelf(*product_id, 0);
        }
    }

    /// Every product was ordered exactly so many times, the last of them for 24 units that stand.
    fn assert_ordered(&self, times: usize) {
        let mut ordered: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        for order in self.staff.all_pages("/purchase_orders?limit=100") {
            let order = self.staff.purchase_order(order["id"].as_u64().unwrap());
            for line in order["lines"].as_array().unwrap() {
                let quantity = line["quantity"].as_i64().unwrap();
                ordered.entry(line["product_id"].as_u64().unwrap()).or_default().push(quantity);
            }
        }
        for product_id in self.later.iter().chain(&self.at_once) {
            assert_eq!(ordered[product_id], vec![24; times], "product {product_id}");
        }
        for product_id in &self.later {
            assert_eq!(self.staff.figures(*product_id), [0, 0, 24]);
        }
        for product_id in &self.at_once {
            assert_eq!(self.staff.figures(*product_id), [24, 0, 0]);
        }
        let broken = self.shop.broken_invariants();
        assert!(broken.is_empty(), "{broken:?}");
    }
}

fn start(shop: &Shop) -> Child {
    let mut command: Command = storekeeper_restock(&shop.database_url);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program")
}

#[test]
fn killed_at_any_moment_a_rerun_completes_the_work_and_doubles_nothing() {
    let shop = Shop::open();
    let staff = shop.staff();
    let watched = |rule: Rule| (0..100).map(|_| shop.watched(&staff, 0, rule)).collect();
    let warehouse =
        Warehouse { shop: &shop, staff: &staff, later: watched(LATER), at_once: watched(AT_ONCE) };
    let mut dice = Dice(storekeeper_seed());
    println!("seed {}", dice.0);
    let (mut times, mut killed_at_work) = (0, 0);
    // How long a run takes that nobody kills, on this machine and beside what else it does.
    let mut whole = Duration::ZERO;
    for _ in 0..16 {
        if whole.is_zero() || warehouse.still_due() < 100 {
            let started = Instant::now();
            expect_exit(&run(&shop, &[]), 0);
            whole = started.elapsed();
            times += 1;
            warehouse.assert_ordered(times);
            warehouse.empty();
        }
        let before = warehouse.still_due();
        let mut child = start(&shop);
        thread::sleep(Duration::from_millis(dice.below(whole.as_millis() as i64) as u64));
        child.kill().expect("SIGKILL");
        let was_killed = child.wait().unwrap().code().is_none();
        let after = warehouse.still_due();
        killed_at_work += usize::from(was_killed && 0 < after && after < before);
    }
    expect_exit(&run(&shop, &[]), 0);
    warehouse.assert_ordered(times + 1);
    assert!(killed_at_work >= 4, "only {killed_at_work} of 16 were killed in the middle of the work");
}

/// Another one every time; a failure prints it.
fn storekeeper_seed() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64
}
