//! A shop with a hundred thousand products and a million orders, and what its database says of each statement.

use std::thread;

use mysql::prelude::Queryable;
use mysql::{Conn, Row};

use crate::client::Client;
use crate::dialects::{is_mariadb, numbers};
use crate::fixtures::Guest;
use crate::harness::{MariaDb, Shop};

pub const PRODUCTS: u64 = 100_000;

pub const ORDERS: u64 = 1_000_000;

pub const CUSTOMERS: u64 = 10_000;

pub const AUDITED: u64 = 100_000;

pub const MOVEMENTS: u64 = 1_000_000;

pub const EVENTS: u64 = 300_000;

pub const SUPPLIERS: u64 = 1000;

/// The product that is in every third order.
pub const BESTSELLER: u64 = 5;

/// The customer in whose name the shop sells over the counter: every fourth order is theirs.
pub const WALK_IN: u64 = 7;

/// What a page of 20 may read: 21 rows, as many of one or two tables beside it, their lines, and for a manager the ends
/// of their ways.
pub const ROWS_OF_A_PAGE: u64 = 130;
/// MySQL reads small tables beside a page whole, and sorts the few rows of what has no more.
const MORE_ON_MYSQL: u64 = 50;

/// A table that may be read as a whole is smaller than this.
pub const SMALL_TABLE: u64 = 100;

/// The tables that the work of a day must not read through, by insert statements that fill them.
/// An order in a hundred is placed, shipped or cancelled; the others are delivered.
fn fillings() -> [Vec<String>; 8] {
    let customer_of_order = format!("IF(seq % 4 = 0, {WALK_IN}, 1 + seq DIV {})", ORDERS / CUSTOMERS + 1);
    [
        vec![
            format!(
                "INSERT INTO customers (id, name, email, phone, search_text, created_at, updated_at)
                 SELECT seq, CONCAT('Customer ', seq), CONCAT('c', seq, '@example.com'), '555-0100',
                        CONCAT('customer ', seq, ' c', seq, '@example.com 555-0100 5550100'), '2024-01-01', '2024-01-01'
                 FROM {} n", numbers(CUSTOMERS)
            ),
            format!(
                "INSERT INTO products (id, active, sku, sku_key, slug, slug_key, name, search_text, category, price_minor,
                                       created_at, updated_at)
                 SELECT seq, 1, CONCAT('SKU-', seq), CONCAT('SKU-', seq), CONCAT('p-', seq), CONCAT('p-', seq),
                        CONCAT(ELT(1 + seq % 7, 'Mug', 'Pot', 'Pan', 'Cup', 'Jug', 'Jar', 'Urn'), ' ', seq * 7919 % {PRODUCTS}),
                        CONCAT(ELT(1 + seq % 7, 'mug', 'pot', 'pan', 'cup', 'jug', 'jar', 'urn'), ' ', seq * 7919 % {PRODUCTS}, ' sku-', seq),
                        CONCAT('Category ', seq % 50), seq * 7919 % {PRODUCTS}, '2024-01-01', '2024-01-01'
                 FROM {} n", numbers(PRODUCTS)
            ),
            format!(
                "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
                                    reorder_multiple)
                 SELECT seq, 100, 0, 0, 11, '2024-01-01', 1 FROM {} n", numbers(PRODUCTS)
            ),
            format!(
                "INSERT INTO product_barcodes (gtin, product_id) SELECT LPAD(seq * 10 + IF(seq = 50000, 5, 0), 14, '0'), seq
                 FROM {} n", numbers(PRODUCTS)
            ),
            // A hundred were taken out of the catalogue.
            "UPDATE products SET active = 0, archived_at = '2024-02-01', sku_key = NULL, slug_key = NULL
             WHERE id % 1000 = 999"
                .to_owned(),
        ],
        vec![format!(
            "INSERT INTO orders (id, customer_id, status, currency, total_minor, tracking_number, placed_at, expected_delivery_date)
             SELECT seq, {customer_of_order},
                    CASE seq % 100 WHEN 97 THEN 'placed' WHEN 98 THEN 'shipped' WHEN 99 THEN 'cancelled' ELSE 'delivered' END,
                    'EUR', 1000, CONCAT('RR', seq DIV 30), '2024-01-01' + INTERVAL seq MINUTE, '2024-01-04'
             FROM {} n", numbers(ORDERS)
        )],
        vec![format!(
            "INSERT INTO order_lines
             SELECT seq, IF(seq % 3 = 0, {BESTSELLER}, 1 + seq % {PRODUCTS}), 'Mug', 1, 1000, 1,
                    '2024-01-01' + INTERVAL seq MINUTE
             FROM {} n", numbers(ORDERS)
        )],
        // Of ten a minute, one in a hundred is not a count.
        vec![format!(
            "INSERT INTO stock_movements
                 (product_id, sequence, delta, balance_after, reason, at, actor_account_id, actor_api_key_id)
             SELECT 1 + seq % {PRODUCTS}, 1 + seq DIV {PRODUCTS}, IF(seq % 100 = 0, -1, 1), 100,
                    IF(seq % 100 = 0, 'damaged', 'stock_take'), '2024-01-01' + INTERVAL seq DIV 10 MINUTE,
                    IF(seq % 2 = 0, 1 + seq % 7, NULL), IF(seq % 2 = 1, 1 + seq % 7, NULL)
             FROM {} n", numbers(MOVEMENTS)
        )],
        // A third each by staff, by a key and by a command, most of them by others than those that are asked for.
        vec![format!(
            "INSERT INTO audit_log (id, at, account_id, api_key_id, command, action, object, object_id, fields)
             SELECT seq, '2024-01-01' + INTERVAL seq MINUTE,
                    IF(seq % 3 = 0, 1 + seq % 7, NULL), IF(seq % 3 = 1, 1 + seq % 7, NULL),
                    IF(seq % 3 = 2, IF(seq % 70 = 0, 'add-staff', 'storekeeper-restock'), NULL),
                    'changed', 'product', 1 + seq % 1000, 'price'
             FROM {} n", numbers(AUDITED)
        )],
        // One in a hundred is of another type.
        vec![
            format!(
                "INSERT INTO events (number, numbered_at, source_id, at, type, object_id, product_ids, fields)
                 SELECT seq, '2024-01-01' + INTERVAL seq SECOND, seq, '2024-01-01',
                        IF(seq % 100 = 0, 'order.shipped', 'order.placed'), seq, '', ''
                 FROM {} n", numbers(EVENTS)
            ),
            format!("INSERT INTO event_feed VALUES (1, {EVENTS}, '2024-01-01' + INTERVAL {EVENTS} SECOND, 0)"),
        ],
        // Each product is sold by two suppliers and preferred at the first.
        vec![
            format!(
                "INSERT INTO suppliers (id, active, name, search_text, lead_time_days, order_days, created_at, updated_at)
                 SELECT seq, 1, CONCAT('Supplier ', seq), CONCAT('supplier ', seq), seq % 30, 0, '2024-01-01', '2024-01-01'
                 FROM {} n", numbers(SUPPLIERS)
            ),
            format!(
                "INSERT INTO supplier_products (supplier_id, product_id, cost_minor_e4, pack_size, minimum_quantity,
                                                preferred_product_id, created_at, updated_at)
                 SELECT 1 + seq % {SUPPLIERS}, seq, 10000, 1, 1, seq, '2024-01-01', '2024-01-01' FROM {} n", numbers(PRODUCTS)
            ),
            format!(
                "INSERT INTO supplier_products (supplier_id, product_id, cost_minor_e4, pack_size, minimum_quantity,
                                                created_at, updated_at)
                 SELECT 1 + (seq + 7) % {SUPPLIERS}, seq, 10000, 1, 1, '2024-01-01', '2024-01-01' FROM {} n", numbers(PRODUCTS)
            ),
        ],
        // A hundred for each of a thousand customers.
        vec![
            format!("INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
             SELECT CONCAT('customer:', 1 + seq % 1000), CONCAT('key-', seq), REPEAT('x', 32), 200, '/', REPEAT('x', 700), NOW(6)
             FROM {} n", numbers(100000)),
        ],
    ]
}

fn fill(mariadb: &MariaDb, database: &str) {
    mariadb.connect("mysql").query_drop("SET GLOBAL innodb_buffer_pool_size = 1 << 30").unwrap();
    thread::scope(|scope| {
        for filling in fillings() {
            scope.spawn(move || {
                let mut sql = mariadb.connect(database);
                sql.query_drop("SET foreign_key_checks = 0").unwrap();
                for statement in filling {
                    sql.query_drop(statement).unwrap();
                }
            });
        }
    });
    let tables = "customers, products, product_barcodes, stock, stock_movements, orders, order_lines, audit_log, \
        idempotency_keys, events, suppliers, supplier_products";
    mariadb.connect(database).query_drop(format!("ANALYZE TABLE {tables}")).unwrap();
}

/// A large shop whose database can be listened to.
pub struct LargeShop {
    pub shop: Shop,
    pub staff: Client,
    pub sql: Conn,
    /// What was found to cost too much.
    pub dear: Vec<String>,
    pub _mariadb: MariaDb,
}

/// One table's line of an EXPLAIN.
pub struct Access {
    pub table: String,
    pub how: String,
    pub rows: u64,
    pub extra: String,
}

impl LargeShop {
    pub fn open() -> LargeShop {
        let mariadb = MariaDb::start();
        let database = mariadb.fresh_database();
        fill(&mariadb, &database);
        // A statement that is prepared while there is no log has no values in it later.
        for log in ["SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = 1"] {
            mariadb.connect("mysql").query_drop(log).unwrap();
        }
        let shop = Shop::open_on(&mariadb, &database, &[]);
        let staff = shop.staff();
        let sql = shop.sql();
        LargeShop { shop, staff, sql, dear: Vec::new(), _mariadb: mariadb }
    }

    /// A customer of the filling, called by a guest's session.
    pub fn customer(&mut self, id: u64) -> Guest {
        let guest = self.shop.guest();
        let session = "UPDATE sessions SET customer_id = ? WHERE customer_id = ?";
        self.sql.exec_drop(session, (id, guest.id)).unwrap();
        Guest { id, client: guest.client }
    }

    /// The statements that the service runs during `work`.
    pub fn statements(&mut self, work: impl FnOnce()) -> Vec<String> {
        self.sql.query_drop("TRUNCATE mysql.general_log").unwrap();
        work();
        let executed = "SELECT argument FROM mysql.general_log WHERE command_type = 'Execute'";
        // A token's digest may look like text that the database takes for UTF-8 and Rust does not.
        let statements: Vec<Vec<u8>> = self.sql.query(executed).unwrap();
        let statements: Vec<String> =
            statements.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        assert!(!statements.is_empty(), "the log holds nothing");
        statements
    }

    pub fn explain(&mut self, statement: &str) -> Vec<Access> {
        let rows: Vec<Row> = self.sql.query(format!("EXPLAIN FORMAT=TRADITIONAL {statement}")).unwrap();
        let text = |row: &Row, column: &str| {
            row.get::<Option<String>, _>(column).expect("a column of EXPLAIN").unwrap_or_default()
        };
        let access = |row: &Row| Access {
            table: text(row, "table"),
            how: text(row, "type"),
            rows: text(row, "rows").parse().unwrap_or(0),
            extra: text(row, "Extra"),
        };
        rows.iter().map(access).collect()
    }

    /// How many rows the database touches to run a statement.
    pub fn rows_read(&mut self, statement: &str) -> u64 {
        self.sql.query_drop("FLUSH STATUS").unwrap();
        self.sql.query_drop(statement).unwrap();
        let read: Vec<(String, u64)> = self.sql.query("SHOW SESSION STATUS LIKE 'Handler_read%'").unwrap();
        read.iter().map(|(_, count)| count).sum()
    }

    pub fn check_access(&mut self, statement: &str) {
        for Access { table, how, rows, .. } in self.explain(statement) {
            let whole = matches!(how.as_str(), "ALL" | "index") && rows > SMALL_TABLE;
            if whole {
                self.dear.push(format!("{how} of {rows} rows of {table} for {statement}"));
            }
        }
    }

    /// Every statement of this list uses an index, nothing is sorted, and few rows are read.
    pub fn check_list(&mut self, client: &Client, path: &str) {
        self.check_list_of(client, path, 20);
    }

    pub fn check_list_of(&mut self, client: &Client, path: &str, expected: usize) {
        let mut length = 0;
        let statements = self.statements(|| {
            let list = client.get(path).expect(200);
            length = list.body["data"].as_array().unwrap().len();
        });
        assert_eq!(length, expected, "{path}");
        let is_mysql = !is_mariadb(&mut self.sql);
        let mut read = 0;
        for statement in &statements {
            self.check_access(statement);
            for Access { extra, rows, .. } in self.explain(statement) {
                let sorts = extra.contains("filesort") || extra.contains("temporary");
                let may_sort = is_mysql && rows <= ROWS_OF_A_PAGE;
                if sorts && !may_sort {
                    self.dear.push(format!("{path}: {extra} for {statement}"));
                }
            }
            read += self.rows_read(statement);
        }
        if read > ROWS_OF_A_PAGE + if is_mysql { MORE_ON_MYSQL } else { 0 } {
            self.dear.push(format!("{path} reads {read} rows: {statements:?}"));
        }
    }

    /// The cursor after the row at `depth` of a list that is sorted by `value`.
    pub fn cursor(&mut self, value: &str, table: &str, order: &str, depth: u64) -> String {
        let place = format!("SELECT {value}, id FROM {table} ORDER BY {order} LIMIT 1 OFFSET {depth}");
        let (value, id): (String, u64) = self.sql.query_first(place).unwrap().unwrap();
        format!("{value}/{id}").bytes().map(|byte| format!("{byte:02x}")).collect()
    }
}
