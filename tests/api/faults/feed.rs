//! Whatever an operation changes that others copy, it says so in the feed, and the row bears the time of the change.

use std::collections::{BTreeMap, BTreeSet};

use mysql::Conn;
use mysql::prelude::Queryable;

use super::Frail;
use super::operations::OPERATIONS;

/// What others copy: the table, the column that says which, what its types begin with, and whether the row bears the
/// time of its last change.
const COPIED: &[(&str, &str, &str, bool)] = &[
    ("customers", "id", "customer", true),
    ("products", "id", "product", true),
    ("stock", "product_id", "stock", true),
    ("stock_movements", "product_id", "stock", false),
    ("orders", "id", "order", true),
    ("order_lines", "order_id", "order", false),
    ("order_events", "order_id", "order", false),
    ("purchase_orders", "id", "purchase_order", true),
    ("purchase_order_lines", "purchase_order_id", "purchase_order", false),
    ("purchase_order_receipts", "purchase_order_id", "purchase_order", false),
    ("restock_runs", "id", "restock_run", false),
    ("suppliers", "id", "supplier", true),
    ("supplier_products", "supplier_id", "supplier", false),
];

/// The rows of a table by what they are about, each as text, with the newest time of a change.
type Rows = BTreeMap<u64, (String, Option<String>)>;

fn rows(sql: &mut Conn, (table, id, _, dated): (&str, &str, &str, bool)) -> Rows {
    let columns: Vec<String> = sql
        .exec(
            "SELECT CONCAT('COALESCE(', column_name, ', ''-'')') FROM information_schema.columns
             WHERE table_schema = DATABASE() AND table_name = ? AND column_name <> 'updated_at' ORDER BY ordinal_position",
            (table,),
        )
        .unwrap();
    sql.query_drop("SET SESSION group_concat_max_len = 1 << 30").unwrap();
    let text = columns.join(", ");
    let at = if dated { "CAST(MAX(updated_at) AS CHAR)" } else { "NULL" };
    let rows: Vec<(u64, String, Option<String>)> = sql
        .query(format!(
            "SELECT {id}, GROUP_CONCAT(CONCAT_WS('|', {text}) ORDER BY 1), {at} FROM {table} GROUP BY {id}"
        ))
        .unwrap();
    rows.into_iter().map(|(id, text, at)| (id, (text, at))).collect()
}

fn books(sql: &mut Conn) -> Vec<Rows> {
    COPIED.iter().map(|copied| rows(sql, *copied)).collect()
}

/// What the feed names, as `order 7`; a product's stock also where another thing has changed it.
fn named(sql: &mut Conn) -> BTreeSet<String> {
    let entries: Vec<(String, u64, String)> =
        sql.query("SELECT type, object_id, product_ids FROM events_unnumbered").unwrap();
    let mut named = BTreeSet::new();
    for (kind, id, products) in entries {
        let (object, what) = kind.split_once('.').expect("a type");
        named.insert(format!("{object} {id}"));
        named.extend(products.split(',').map(|product| format!("stock {product}")));
        if (object, what) == ("product", "created") {
            named.insert(format!("stock {id}"));
        }
    }
    named
}

/// Goes through every operation that writes; [`super::every_operation_that_writes_is_tried`] sees to it that there is
/// one for each route.
#[test]
fn every_operation_says_in_the_feed_what_it_changes_and_nothing_else() {
    let frail = Frail::open("2");
    let mut sql = frail.shop.sql();
    for operation in OPERATIONS {
        let place = format!("{} {}", operation.method, operation.path);
        let call = (operation.prepare)(&frail);
        sql.query_drop("DELETE FROM events_unnumbered").unwrap();
        let before = books(&mut sql);
        frail.send(&call).expect_success();
        let after = books(&mut sql);
        let named = named(&mut sql);
        let mut changed = BTreeSet::new();
        for (of_table, (before, after)) in COPIED.iter().zip(before.iter().zip(&after)) {
            let (table, _, object, dated) = of_table;
            let ids: BTreeSet<&u64> = before.keys().chain(after.keys()).collect();
            for id in ids {
                let (old, new) = (before.get(id), after.get(id));
                if old.map(|(text, _)| text) == new.map(|(text, _)| text) {
                    // The account that a customer has is not in the customer's row.
                    let redated = old.map(|(_, at)| at) != new.map(|(_, at)| at);
                    changed.extend(redated.then(|| format!("{object} {id}")));
                    continue;
                }
                let what = format!("{object} {id}");
                assert!(
                    named.contains(&what),
                    "{place} changes {table}, {what}, and the feed names {named:?}"
                );
                changed.insert(what);
                if let (true, Some((_, old)), Some((_, new))) = (dated, old, new) {
                    assert!(new > old, "{place} changes {table} {id} and leaves updated_at as it was");
                }
            }
        }
        for what in named.iter().filter(|what| !what.ends_with(' ')) {
            assert!(changed.contains(what), "{place} tells of {what}, which it leaves as it was");
        }
    }
    // The entries were taken away unread.
    frail.shop.abandon();
}
