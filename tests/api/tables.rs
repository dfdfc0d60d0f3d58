//! What every table keeps to, as the database itself describes it.

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::db::migrations::MIGRATIONS;

use crate::harness::{Shop, shared_mariadb};

/// A connection to a database with the current schema.
fn schema() -> Conn {
    let mariadb = shared_mariadb();
    mariadb.connect(&mariadb.fresh_database())
}

#[test]
fn tables_sort_text_for_people_and_compare_what_is_exact_byte_by_byte() {
    let mut sql = schema();
    let tables: Vec<(String, String, String)> = sql
        .query(
            "SELECT table_name AS t, engine AS e, table_collation AS c FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_name <> 'schema_migrations'",
        )
        .unwrap();
    let steps = |what: &str| MIGRATIONS.iter().filter(|step| step.sql.contains(what)).count();
    assert_eq!(tables.len(), steps("\nCREATE TABLE ") - steps("\nDROP TABLE "));
    for (table, engine, collation) in tables {
        assert_eq!((engine.as_str(), collation.as_str()), ("InnoDB", "utf8mb4_unicode_520_ci"), "{table}");
    }
    for (table, column) in [
        ("products", "sku_key"),
        ("products", "category"),
        ("accounts", "username_key"),
        ("orders", "tracking_number"),
    ] {
        let collation: Option<String> = sql
            .exec_first(
                "SELECT collation_name AS c FROM information_schema.columns
                 WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
                (table, column),
            )
            .unwrap();
        assert_eq!(collation.as_deref(), Some("utf8mb4_bin"), "{table}.{column}");
    }
}

#[test]
fn no_column_is_generated() {
    let generated: Vec<String> = schema()
        .query(
            "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
             WHERE table_schema = DATABASE() AND generation_expression <> ''",
        )
        .unwrap();
    assert_eq!(generated, [""; 0]);
}

#[test]
fn every_foreign_key_has_an_index_that_a_migration_names() {
    let mut sql = schema();
    let unindexed: Vec<String> = sql
        .query(
            "SELECT CONCAT(k.table_name, '.', k.column_name)
             FROM information_schema.key_column_usage k
             LEFT JOIN information_schema.statistics s ON s.table_schema = k.table_schema
                 AND s.table_name = k.table_name AND s.column_name = k.column_name AND s.seq_in_index = 1
             WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL AND k.ordinal_position = 1
                 AND s.index_name IS NULL",
        )
        .unwrap();
    assert_eq!(unindexed, [""; 0]);
    // The server makes an index by itself where it finds none for a foreign key.
    let indexes: Vec<(String, String)> = sql
        .query(
            "SELECT DISTINCT table_name, index_name FROM information_schema.statistics
             WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'",
        )
        .unwrap();
    assert!(indexes.len() > 20, "{indexes:?}");
    for (table, index) in indexes {
        let named = MIGRATIONS.iter().any(|migration| migration.sql.contains(&format!("KEY {index} (")));
        assert!(named, "{index} of {table} was not made by a migration");
    }
}

#[test]
fn a_key_that_does_not_follow_from_its_row_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 1);
    let mut sql = shop.sql();
    for wrong in ["active = 0", "archived_at = NOW(6)"] {
        let refused =
            sql.query_drop(format!("UPDATE products SET {wrong} WHERE id = {product}")).unwrap_err();
        assert!(refused.to_string().contains("products_active"), "{refused}");
    }
}
