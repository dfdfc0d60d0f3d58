//! The figures of the day, and the lists to which they lead.

use mysql::prelude::Queryable;
use serde_json::json;

use crate::dialects::{numbers, without_checks};

use super::large_shop::{Access, LargeShop, ORDERS, PRODUCTS, ROWS_OF_A_PAGE, SMALL_TABLE};

impl LargeShop {
    /// The figures of the day read what is under way, what is watched and what was ordered lately, of all that there is.
    pub fn check_today(&mut self) {
        const UNDER_WAY: u64 = ORDERS / 100;
        const WATCHED: u64 = PRODUCTS / 100;
        const PURCHASE_ORDERS: u64 = 2000;
        const SELLING: u64 = 300;
        let mut sql_of_shop = self.shop.sql();
        sql_of_shop.query_drop("SET foreign_key_checks = 0").unwrap();
        without_checks(&mut sql_of_shop);
        for sql in [
            // One in ten is on its way, one in ten a draft, and the others have come.
            format!(
                "INSERT INTO purchase_orders (id, status, receipt_count, created_at, updated_at, ordered_at, closed_at)
                 SELECT seq, ELT(1 + seq % 10, 'ordered', 'draft', 'received', 'received', 'received', 'received', 'received',
                        'received', 'received', 'received'), 0, '2024-01-01', '2024-01-01',
                        IF(seq % 10 = 1, NULL, '2024-01-01'), IF(seq % 10 > 1, '2024-01-02', NULL)
                 FROM {} n", numbers(PURCHASE_ORDERS)
            ),
            format!(
                "INSERT INTO purchase_order_lines
                     (purchase_order_id, product_id, quantity, set_by_person, received, rejected, expected_at)
                 SELECT seq, 1 + seq % {PRODUCTS}, 5, 0, 0, 0, '2024-01-09' FROM {} n", numbers(PURCHASE_ORDERS)
            ),
            format!("UPDATE stock SET reorder_point = 5, reorder_target = 9 WHERE product_id % {} = 1", PRODUCTS / WATCHED),
            // Of what sells, a tenth is sold out and three tenths within a week.
            "UPDATE stock SET units_per_day_e6 = NULL".to_owned(),
            format!(
                "UPDATE stock SET units_per_day_e6 = 1000000, on_hand = product_id % 10 * 2 WHERE product_id BETWEEN 2001 AND 2000 + {SELLING}"
            ),
            format!("INSERT INTO upkeep (kind, at, command, succeeded)
             SELECT ELT(1 + seq % 3, 'verification', 'backup', 'restore_drill'), '2024-01-01' + INTERVAL seq HOUR, 'verify', 1
             FROM {} n", numbers(1200)),
            format!("INSERT INTO restock_runs (source, started_at) SELECT 'program', '2024-01-01' + INTERVAL seq HOUR FROM {} n", numbers(1200)),
            "UPDATE demand_summary SET filled_until = CURDATE() WHERE id = 1".to_owned(),
            "ANALYZE TABLE purchase_orders, purchase_order_lines, stock, demand_days, upkeep, restock_runs".to_owned(),
        ] {
            sql_of_shop.query_drop(sql).unwrap();
        }
        let staff = self.shop.with_token(self.staff.token());
        let mut figures = json!(null);
        let statements = self.statements(|| figures = staff.get("/today").expect(200).body);
        assert_eq!(figures["orders"]["to_pick"], json!({"count": UNDER_WAY, "or_more": false}));
        assert_eq!(figures["orders"]["overdue"], json!({"count": 10_000, "or_more": true}));
        assert_eq!(figures["purchase_orders"]["overdue"]["count"], PURCHASE_ORDERS / 10);
        assert_eq!(figures["stock"]["sold_out"]["count"], SELLING / 10);
        assert_eq!(figures["stock"]["sold_out_within_7_days"]["count"], SELLING * 3 / 10);
        let mut read = 0;
        for statement in &statements {
            for Access { table, how, rows, .. } in self.explain(statement) {
                // What was found is gone through, and no table.
                let whole = matches!(how.as_str(), "ALL" | "index") && rows > SMALL_TABLE;
                assert!(
                    !whole || table.starts_with("<derived"),
                    "{how} of {rows} rows of {table} for {statement}"
                );
            }
            read += self.rows_read(statement);
        }
        // Each of those that are under way with what is looked up of it, from one table to the next.
        let most = 2 * 3 * UNDER_WAY + 3 * WATCHED + 4 * PURCHASE_ORDERS / 5 + 2 * SELLING + 200;
        assert!(read <= most, "{read} rows, at most {most}: {statements:?}");
        // The lists of what was counted read no more, and what they find is sorted.
        // Every fifth is under way, with a line.
        let of_purchases = 2 * PURCHASE_ORDERS / 5 + ROWS_OF_A_PAGE;
        for (path, rows, most) in [
            ("/orders?to_confirm=true&sort=order_date", 20, ROWS_OF_A_PAGE),
            // Of orders that are late all that is under way is sorted.
            ("/orders?overdue=true&sort=order_date", 20, 3 * UNDER_WAY),
            (
                "/purchase_orders?status=ordered&expected_from=2024-01-09&expected_to=2024-01-15",
                20,
                of_purchases,
            ),
            ("/purchase_orders?expected_from=2024-01-10", 0, of_purchases),
            ("/purchase_orders?waiting=true", 20, of_purchases),
            ("/purchase_orders?overdue=true", 20, of_purchases),
            ("/stock?out_of_stock=true&days_of_cover_below=7&sort=cover", 20, 3 * SELLING),
            ("/stock?out_of_stock=false&days_of_cover_below=7&sort=cover", 20, 3 * SELLING),
            ("/stock?days_of_cover_below=7&sort=name", 20, 4 * SELLING),
            ("/stock?days_of_cover_below=1&out_of_stock=false", 0, 3 * SELLING),
        ] {
            let mut listed = 0;
            let statements = self.statements(|| {
                listed = staff.get(path).expect(200).body["data"].as_array().unwrap().len();
            });
            let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
            assert!(
                listed == rows && read <= most,
                "{path} has {listed} rows and reads {read}, at most {most}: {statements:?}"
            );
        }
    }
}
