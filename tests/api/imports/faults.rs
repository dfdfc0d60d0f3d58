//! Applying a file from two sides at once, and going on where somebody was cut off.

use std::fmt::Write;
use std::thread;

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::{act, counts, dry_run, undo};
use crate::harness::Shop;

fn file(rows: usize) -> String {
    let mut file = "sku,name,price,stock\n".to_owned();
    for number in 0..rows {
        writeln!(file, "S{number},Product {number},1,{}", number % 7).expect("a text");
    }
    file
}

#[test]
fn two_who_apply_one_file_at_once_do_it_once() {
    let shop = Shop::open();
    let manager = shop.staff();
    let import = dry_run(&manager, "type=products", &file(300));
    assert_eq!(counts(&import), [300, 0, 0, 0, 0]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Who waits too long is told to come again.
                while act(&manager, &import["id"], "apply").status == 503 {}
            });
        }
    });
    let read = manager.get(&format!("/imports/{}", import["id"])).expect(200).body;
    assert_eq!((&read["status"], &read["applied"]), (&json!("applied"), &json!(300)));
    let products: Option<u64> = shop.sql().query_first("SELECT COUNT(*) FROM products").expect("a count");
    assert_eq!(products, Some(300));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| while act(&manager, &import["id"], "undo").status == 503 {});
        }
    });
    let read = undo(&manager, &import);
    assert_eq!(
        (&read["status"], &read["undone"], &read["not_undone"]),
        (&json!("undone"), &json!(300), &json!(0))
    );
}

#[test]
fn who_was_cut_off_goes_on() {
    let shop = Shop::open();
    let manager = shop.staff();
    let import = dry_run(&manager, "type=products", &file(120));
    // As a process leaves it that was killed behind its first transaction: the others of its rows wait.
    let mut sql = shop.sql();
    sql.query_drop("DELETE FROM import_rows WHERE number > 50").expect("fewer rows");
    act(&manager, &import["id"], "apply").expect(200);
    let again = dry_run(&manager, "type=products", &file(120));
    assert_eq!(counts(&again), [70, 0, 50, 0, 0]);
    sql.exec_drop(
        "UPDATE imports SET status = 'applying', next_number = 20 WHERE id = ?",
        (again["id"].as_u64(),),
    )
    .expect("a status");
    sql.exec_drop(
        "UPDATE import_rows SET state = 'not_applied' WHERE import_id = ? AND number < 20",
        (again["id"].as_u64(),),
    )
    .expect("states");
    let read = act(&manager, &again["id"], "apply").expect(200).body;
    assert_eq!(read["status"], "applied");
    let products: Option<u64> = sql.query_first("SELECT COUNT(*) FROM products").expect("a count");
    assert_eq!(products, Some(120));
}

#[test]
fn a_file_whose_reading_was_cut_off_is_not_applied_and_is_deleted_in_time() {
    let shop = Shop::open();
    let manager = shop.staff();
    let import = dry_run(&manager, "type=products", &file(3));
    shop.sql().query_drop("UPDATE imports SET status = 'reading'").expect("a status");
    act(&manager, &import["id"], "apply").expect_problem(409, "import_state");
    let read: Value = manager.get(&format!("/imports/{}", import["id"])).expect(200).body;
    assert_eq!(read["allowed_actions"], json!([]));
    let prune = || storekeeper::handlers::imports::prune(&shop.app).expect("pruned");
    assert_eq!(prune(), 0);
    shop.app.clock.advance(chrono::Duration::days(31));
    // A clock that jumps is believed a day and a quarter at a time.
    let pruned: u64 = (0..30)
        .map(|_| {
            shop.app.clock.advance(chrono::Duration::days(1));
            prune()
        })
        .sum();
    assert_eq!(pruned, 1);
    let rows: Option<u64> = shop.sql().query_first("SELECT COUNT(*) FROM import_rows").expect("a count");
    assert_eq!(rows, Some(0));
}
