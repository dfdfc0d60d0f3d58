//! A shop with 100,000 products and 1,000,000 orders: what the service asks of the database is found
//! by index, and a page deep in a list costs as much as the first.
//!
//! The statements are those that the service really runs: the database's general log is switched on
//! while a request is answered, and holds each with its values filled in.

use std::thread;

use mysql::prelude::Queryable;
use mysql::{Conn, Row};
use serde_json::json;

use crate::client::Client;
use crate::fixtures::Guest;
use crate::harness::{MariaDb, Shop};

const PRODUCTS: u64 = 100_000;
const ORDERS: u64 = 1_000_000;
const CUSTOMERS: u64 = 10_000;
const AUDITED: u64 = 100_000;
const MOVEMENTS: u64 = 1_000_000;
const EVENTS: u64 = 300_000;
/// The product that is in every third order.
const BESTSELLER: u64 = 5;
/// The customer in whose name the shop sells over the counter: every fourth order is theirs.
const WALK_IN: u64 = 7;
/// What a page of 20 may read: 21 rows, as many of one or two tables beside it, their lines, and for a manager the ends
/// of their ways.
const ROWS_OF_A_PAGE: u64 = 130;
/// A table that may be read as a whole is smaller than this.
const SMALL_TABLE: u64 = 100;

/// The tables that the work of a day must not read through, by insert statements that fill them.
/// An order in a hundred is placed, shipped or cancelled; the others are delivered.
fn fillings() -> [Vec<String>; 7] {
    let customer_of_order = format!("IF(seq % 4 = 0, {WALK_IN}, 1 + seq DIV {})", ORDERS / CUSTOMERS + 1);
    [
        vec![
            format!(
                "INSERT INTO customers (id, name, email, phone, search_text, created_at, updated_at)
                 SELECT seq, CONCAT('Customer ', seq), CONCAT('c', seq, '@example.com'), '555-0100',
                        CONCAT('customer ', seq, ' c', seq, '@example.com 555-0100 5550100'), '2024-01-01', '2024-01-01'
                 FROM seq_1_to_{CUSTOMERS}"
            ),
            format!(
                "INSERT INTO products (id, active, sku, sku_key, slug, slug_key, name, search_text, category, price_minor,
                                       created_at, updated_at)
                 SELECT seq, 1, CONCAT('SKU-', seq), CONCAT('SKU-', seq), CONCAT('p-', seq), CONCAT('p-', seq),
                        CONCAT(ELT(1 + seq % 7, 'Mug', 'Pot', 'Pan', 'Cup', 'Jug', 'Jar', 'Urn'), ' ', seq * 7919 % {PRODUCTS}),
                        CONCAT(ELT(1 + seq % 7, 'mug', 'pot', 'pan', 'cup', 'jug', 'jar', 'urn'), ' ', seq * 7919 % {PRODUCTS}, ' sku-', seq),
                        CONCAT('Category ', seq % 50), seq * 7919 % {PRODUCTS}, '2024-01-01', '2024-01-01'
                 FROM seq_1_to_{PRODUCTS}"
            ),
            format!(
                "INSERT INTO stock (product_id, on_hand, reserved, incoming, movement_count, last_movement_at,
                                    reorder_multiple, lead_time_days)
                 SELECT seq, 100, 0, 0, 11, '2024-01-01', 1, 0 FROM seq_1_to_{PRODUCTS}"
            ),
            format!(
                "INSERT INTO product_barcodes (gtin, product_id) SELECT LPAD(seq * 10 + IF(seq = 50000, 5, 0), 14, '0'), seq
                 FROM seq_1_to_{PRODUCTS}"
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
             FROM seq_1_to_{ORDERS}"
        )],
        vec![format!(
            "INSERT INTO order_lines
             SELECT seq, IF(seq % 3 = 0, {BESTSELLER}, 1 + seq % {PRODUCTS}), 'Mug', 1, 1000, 1,
                    '2024-01-01' + INTERVAL seq MINUTE
             FROM seq_1_to_{ORDERS}"
        )],
        // Of ten a minute, one in a hundred is not a count.
        vec![format!(
            "INSERT INTO stock_movements
                 (product_id, sequence, delta, balance_after, reason, at, actor_account_id, actor_api_key_id)
             SELECT 1 + seq % {PRODUCTS}, 1 + seq DIV {PRODUCTS}, IF(seq % 100 = 0, -1, 1), 100,
                    IF(seq % 100 = 0, 'damaged', 'stock_take'), '2024-01-01' + INTERVAL seq DIV 10 MINUTE,
                    IF(seq % 2 = 0, 1 + seq % 7, NULL), IF(seq % 2 = 1, 1 + seq % 7, NULL)
             FROM seq_1_to_{MOVEMENTS}"
        )],
        // A third each by staff, by a key and by a command, most of them by others than those that are asked for.
        vec![format!(
            "INSERT INTO audit_log (id, at, account_id, api_key_id, command, action, object, object_id, fields)
             SELECT seq, '2024-01-01' + INTERVAL seq MINUTE,
                    IF(seq % 3 = 0, 1 + seq % 7, NULL), IF(seq % 3 = 1, 1 + seq % 7, NULL),
                    IF(seq % 3 = 2, IF(seq % 70 = 0, 'add-staff', 'storekeeper-restock'), NULL),
                    'changed', 'product', 1 + seq % 1000, 'price'
             FROM seq_1_to_{AUDITED}"
        )],
        // One in a hundred is of another type.
        vec![
            format!(
                "INSERT INTO events (number, numbered_at, source_id, at, type, object_id, product_ids, fields)
                 SELECT seq, '2024-01-01' + INTERVAL seq SECOND, seq, '2024-01-01',
                        IF(seq % 100 = 0, 'order.shipped', 'order.placed'), seq, '', ''
                 FROM seq_1_to_{EVENTS}"
            ),
            format!("INSERT INTO event_feed VALUES (1, {EVENTS}, '2024-01-01' + INTERVAL {EVENTS} SECOND, 0)"),
        ],
        // A hundred for each of a thousand customers.
        vec![
            "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, created_at)
             SELECT CONCAT('customer:', 1 + seq % 1000), CONCAT('key-', seq), REPEAT('x', 32), 200, '/', REPEAT('x', 700), NOW(6)
             FROM seq_1_to_100000"
                .to_owned(),
        ],
    ]
}

fn fill(mariadb: &MariaDb, database: &str) {
    mariadb.connect("mysql").query_drop("SET GLOBAL innodb_buffer_pool_size = 1 << 30").unwrap();
    thread::scope(|scope| {
        for filling in fillings() {
            scope.spawn(move || {
                let mut sql = mariadb.connect(database);
                sql.query_drop("SET foreign_key_checks = 0, check_constraint_checks = 0").unwrap();
                for statement in filling {
                    sql.query_drop(statement).unwrap();
                }
            });
        }
    });
    let tables = "customers, products, product_barcodes, stock, stock_movements, orders, order_lines, audit_log, \
        idempotency_keys, events";
    mariadb.connect(database).query_drop(format!("ANALYZE TABLE {tables}")).unwrap();
}

/// A large shop whose database can be listened to.
struct LargeShop {
    shop: Shop,
    staff: Client,
    sql: Conn,
    /// What was found to cost too much.
    dear: Vec<String>,
    _mariadb: MariaDb,
}

/// One table's line of an EXPLAIN.
struct Access {
    table: String,
    how: String,
    rows: u64,
    extra: String,
}

impl LargeShop {
    fn open() -> LargeShop {
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
    fn customer(&mut self, id: u64) -> Guest {
        let guest = self.shop.guest();
        let session = "UPDATE sessions SET customer_id = ? WHERE customer_id = ?";
        self.sql.exec_drop(session, (id, guest.id)).unwrap();
        Guest { id, client: guest.client }
    }

    /// The statements that the service runs during `work`.
    fn statements(&mut self, work: impl FnOnce()) -> Vec<String> {
        self.sql.query_drop("TRUNCATE mysql.general_log").unwrap();
        work();
        let executed =
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type = 'Execute'";
        // A token's digest may look like text that the database takes for UTF-8 and Rust does not.
        let statements: Vec<Vec<u8>> = self.sql.query(executed).unwrap();
        let statements: Vec<String> =
            statements.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        assert!(!statements.is_empty(), "the log holds nothing");
        statements
    }

    fn explain(&mut self, statement: &str) -> Vec<Access> {
        let rows: Vec<Row> = self.sql.query(format!("EXPLAIN {statement}")).unwrap();
        let text =
            |row: &Row, column: &str| row.get::<Option<String>, _>(column).flatten().unwrap_or_default();
        let access = |row: &Row| Access {
            table: text(row, "table"),
            how: text(row, "type"),
            rows: text(row, "rows").parse().unwrap_or(0),
            extra: text(row, "Extra"),
        };
        rows.iter().map(access).collect()
    }

    /// How many rows the database touches to run a statement.
    fn rows_read(&mut self, statement: &str) -> u64 {
        self.sql.query_drop("FLUSH STATUS").unwrap();
        self.sql.query_drop(statement).unwrap();
        let read: Vec<(String, u64)> = self.sql.query("SHOW SESSION STATUS LIKE 'Handler_read%'").unwrap();
        read.iter().map(|(_, count)| count).sum()
    }

    fn check_access(&mut self, statement: &str) {
        for Access { table, how, rows, .. } in self.explain(statement) {
            let whole = matches!(how.as_str(), "ALL" | "index") && rows > SMALL_TABLE;
            if whole {
                self.dear.push(format!("{how} of {rows} rows of {table} for {statement}"));
            }
        }
    }

    /// Every statement of this list uses an index, nothing is sorted, and few rows are read.
    fn check_list(&mut self, client: &Client, path: &str) {
        self.check_list_of(client, path, 20);
    }

    fn check_list_of(&mut self, client: &Client, path: &str, expected: usize) {
        let mut length = 0;
        let statements = self.statements(|| {
            let list = client.get(path).expect(200);
            length = list.body["data"].as_array().unwrap().len();
        });
        assert_eq!(length, expected, "{path}");
        let mut read = 0;
        for statement in &statements {
            self.check_access(statement);
            for Access { extra, .. } in self.explain(statement) {
                let sorts = extra.contains("filesort") || extra.contains("temporary");
                if sorts {
                    self.dear.push(format!("{path}: {extra} for {statement}"));
                }
            }
            read += self.rows_read(statement);
        }
        if read > ROWS_OF_A_PAGE {
            self.dear.push(format!("{path} reads {read} rows: {statements:?}"));
        }
    }

    /// The cursor after the row at `depth` of a list that is sorted by `value`.
    fn cursor(&mut self, value: &str, table: &str, order: &str, depth: u64) -> String {
        let place = format!("SELECT {value}, id FROM {table} ORDER BY {order} LIMIT 1 OFFSET {depth}");
        let (value, id): (String, u64) = self.sql.query_first(place).unwrap().unwrap();
        format!("{value}/{id}").bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn check_products(&mut self) {
        let anyone = self.shop.anyone();
        let sorts =
            [("id", "''", "id"), ("name", "name", "name, id"), ("price", "price_minor", "price_minor, id")];
        for (sort, value, up) in sorts {
            let down = up.replace(',', " DESC,") + " DESC";
            for (sort, order) in [(sort.to_owned(), up.to_owned()), (format!("-{sort}"), down)] {
                self.check_list(&anyone, &format!("/products?sort={sort}"));
                for depth in [100, PRODUCTS / 2, PRODUCTS - 100] {
                    let after = self.cursor(value, "products", &order, depth);
                    self.check_list(&anyone, &format!("/products?sort={sort}&after={after}"));
                }
            }
        }
    }

    fn check_filtered_products(&mut self) {
        let anyone = self.shop.anyone();
        for query in [
            "category=Category+7",
            "category=Category+7&sort=-id",
            "sort=price&min_price=500",
            "sort=-price&max_price=500",
            "sort=price&min_price=500&max_price=501",
            "in_stock=true",
            "in_stock=true&sort=name",
        ] {
            self.check_list(&anyone, &format!("/products?{query}"));
        }
        let after = self.cursor("''", "products", "id", PRODUCTS / 2);
        self.check_list(&anyone, &format!("/products?category=Category+7&after={after}"));
        self.check_list(&anyone, &format!("/products?category=Category+7&sort=-id&after={after}"));
        let after = self.cursor("price_minor", "products", "price_minor, id", PRODUCTS / 2);
        let path = format!("/products?sort=price&min_price=100&max_price=900&after={after}");
        self.check_list(&anyone, &path);
    }

    /// What names one product, a basket, what was taken out of the catalogue, and the categories.
    fn check_found_products(&mut self) {
        let (anyone, staff) = (self.shop.anyone(), self.shop.with_token(self.staff.token()));
        for sort in ["id", "-id", "name", "-name", "price", "-price"] {
            for query in ["sku=sku-50000", "slug=P-50000"] {
                self.check_list_of(&anyone, &format!("/products?{query}&sort={sort}"), 1);
            }
            self.check_list_of(&anyone, &format!("/products?barcode=00000000500005&sort={sort}"), 1);
        }
        let ids: Vec<String> = (1..=20).map(|number| (number * 4000).to_string()).collect();
        self.check_list(&anyone, &format!("/products?ids={}", ids.join(",")));
        self.check_list(&staff, "/products?archived=true");
        self.check_list(&staff, "/products?archived=true&sort=-name");
        self.check_list(&staff, "/stock?archived=true");

        // Counting goes along one key, as far as the page.
        let path = "/categories?limit=10";
        let statements = self.statements(|| drop(anyone.get(path).expect(200)));
        for statement in &statements {
            for Access { extra, .. } in self.explain(statement) {
                let along = extra.contains("Using index")
                    && !extra.contains("filesort")
                    && !extra.contains("temporary");
                assert!(along, "{path}: {extra} for {statement}");
            }
        }
        let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
        assert!(read < 11 * PRODUCTS / 50 + SMALL_TABLE, "{path} reads {read} rows");
    }

    fn check_found_orders(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        let time = "DATE_FORMAT(placed_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
        for (sort, order) in [("-order_date", "placed_at DESC, id DESC"), ("order_date", "placed_at, id")] {
            self.check_list(&staff, &format!("/orders?sort={sort}&tracking_number=RR3000"));
            self.check_list(&staff, &format!("/orders?sort={sort}&product_id={BESTSELLER}"));
            self.check_list(
                &staff,
                &format!("/orders?sort={sort}&product_id={BESTSELLER}&to=2024-12-01T00:00:00Z"),
            );
            for depth in [1000, ORDERS / 2, ORDERS - 1000] {
                let after = self.cursor(time, "orders", order, depth);
                self.check_list(
                    &staff,
                    &format!("/orders?sort={sort}&product_id={BESTSELLER}&after={after}"),
                );
            }
            self.check_list_of(&staff, &format!("/orders?sort={sort}&tracking_number=nowhere"), 0);
        }
        // A text is looked for in all customers, and in the orders of those that it names.
        for (q, orders) in [
            ("Customer+9876", 100),
            ("c9876@", 100),
            ("999999", 1),
            ("Customer", 100),
            ("nobody", 0),
            ("555-0100", 100),
        ] {
            let path = format!("/orders?q={q}");
            let statements = self.statements(|| drop(staff.get(&path).expect(200)));
            let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
            let most = CUSTOMERS + 4 * orders + ROWS_OF_A_PAGE;
            assert!(read <= most, "{path} reads {read} rows: {statements:?}");
        }
    }

    fn check_movements(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        let cursor = |product: u64, sequence: u64, minute: u64| {
            let at = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap()
                + chrono::Duration::minutes(minute as i64);
            let place = format!("{}Z/{product}/{sequence}", at.format("%Y-%m-%dT%H:%M:%S%.6f"));
            place.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        for query in [
            "",
            "reason=damaged",
            "reason=stock_take",
            "account_id=3",
            "api_key_id=2",
            "account_id=3&reason=stock_take",
            "from=2024-02-01T00:00:00Z&to=2024-02-02T00:00:00Z",
        ] {
            self.check_list(&staff, &format!("/stock/movements?{query}"));
            for depth in [MOVEMENTS - 1000, MOVEMENTS / 2, MOVEMENTS / 20] {
                let after = cursor(1 + depth % PRODUCTS, 1 + depth / PRODUCTS, depth / 10);
                let rows = if query.starts_with("from") && depth < MOVEMENTS / 2 { 0 } else { 20 };
                let path = format!("/stock/movements?{query}&after={after}");
                self.check_list_of(&staff, &path, rows);
            }
        }
        for query in ["product_id=101", "product_id=101&reason=damaged"] {
            self.check_list_of(&staff, &format!("/stock/movements?{query}"), 10);
        }
    }

    /// Words are looked for in a key that holds them, and only the rows that have them are read.
    fn check_words(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        // What is read beside the key: a page, or what must be sorted. A seventh of the products are mugs.
        let (page, mugs) = (ROWS_OF_A_PAGE, PRODUCTS / 7 + ROWS_OF_A_PAGE);
        for (path, rows_max) in [
            ("/products?q=mug", page),
            ("/products?q=mug+sku&sort=-id", page),
            ("/products?q=nothing", page),
            ("/products?q=nothing&sort=-id", page),
            ("/products?q=978-3-16-148410-0&sort=-id", page),
            ("/products?q=978-3-16-148410-0&sort=name", page),
            ("/products?archived=true&q=sku-99999", page),
            ("/products?archived=true&q=nothing&sort=-price", page),
            ("/stock?archived=true&q=nothing", page),
            ("/products?q=sku-99999", page),
            ("/products?q=sku-99999&sort=-id", page),
            ("/products?q=sku-99999&sort=name", page),
            ("/products?q=sku-99999&sort=-price&max_price=900", page),
            ("/products?q=mug&sort=-name", mugs),
            ("/products?q=mug&in_stock=true", page),
            ("/products?q=mug&category=Category+7", PRODUCTS / 50 + page),
            ("/products?sku=sku-500", page),
            ("/stock?q=mug", page),
            ("/stock?q=nothing", page),
            ("/stock?q=sku-99999&below_threshold=false", page),
        ] {
            let statements = self.statements(|| drop(staff.get(path).expect(200)));
            let list =
                statements.iter().find(|statement| statement.contains("LIMIT")).expect("a list").clone();
            for Access { table, how, rows, extra } in self.explain(&list) {
                let whole = how == "ALL" || (how == "index" && !extra.contains("Using index"));
                if whole || extra.contains("temporary") {
                    self.dear.push(format!("{path}: {how} of {rows} rows of {table}, {extra}"));
                }
            }
            self.sql.query_drop("FLUSH STATUS").unwrap();
            self.sql.query_drop(&list).unwrap();
            let behind =
                "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_rnd', 'Handler_read_key')";
            let behind: Vec<(String, u64)> = self.sql.query(behind).unwrap();
            let read: u64 = behind.iter().map(|(_, count)| count).sum();
            if read > rows_max {
                self.dear.push(format!("{path} reads {read} rows behind the key: {list}"));
            }
        }
    }

    fn check_orders(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        let time = "DATE_FORMAT(placed_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
        let middle = "2024-12-01T00:00:00Z";
        for (sort, order) in [("-order_date", "placed_at DESC, id DESC"), ("order_date", "placed_at, id")] {
            let mut paths = vec![
                format!("/orders?sort={sort}"),
                format!("/orders?sort={sort}&from={middle}"),
                format!("/orders?sort={sort}&to={middle}"),
                format!("/orders?sort={sort}&from=2024-11-01T00:00:00Z&to={middle}"),
                format!("/orders?sort={sort}&customer_id=5000"),
                format!("/customers/5000/orders?sort={sort}"),
            ];
            for depth in [100, ORDERS / 2, ORDERS - 100] {
                let after = self.cursor(time, "orders", order, depth);
                paths.push(format!("/orders?sort={sort}&after={after}"));
            }
            for status in ["placed", "shipped", "delivered", "cancelled"] {
                paths.push(format!("/orders?sort={sort}&status={status}"));
                let of_status = format!("orders WHERE status = '{status}'");
                let after = self.cursor(time, &of_status, order, 5000);
                paths.push(format!("/orders?sort={sort}&status={status}&after={after}"));
            }
            for path in paths {
                self.check_list(&staff, &path);
            }
        }
    }

    fn check_orders_of_a_customer(&mut self, id: u64, depth: u64) {
        let Guest { id, client } = self.customer(id);
        let time = "DATE_FORMAT(placed_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
        let own = format!("orders WHERE customer_id = {id}");
        for (sort, order) in [("-order_date", "placed_at DESC, id DESC"), ("order_date", "placed_at, id")] {
            self.check_list(&client, &format!("/orders?sort={sort}"));
            self.check_list(&client, &format!("/orders?sort={sort}&status=delivered"));
            let after = self.cursor(time, &own, order, depth);
            self.check_list(&client, &format!("/orders?sort={sort}&after={after}"));
            self.check_list(&client, &format!("/customers/{id}/orders?sort={sort}&after={after}"));
        }
    }

    fn check_audit(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        let middle = "2024-02-10T00:00:00Z";
        let time = "DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%s.%fZ')";
        for of in [
            "",
            "account_id=3",
            "api_key_id=3",
            "command=add-staff",
            "object=product",
            "object=product&object_id=400",
        ] {
            self.check_list(&staff, &format!("/audit?{of}"));
            self.check_list(&staff, &format!("/audit?{of}&to={middle}"));
            let condition = of.replace("=product", "='product'").replace("=add-staff", "='add-staff'");
            let condition = condition.replace('&', " AND ");
            let own =
                if of.is_empty() { "audit_log".to_owned() } else { format!("audit_log WHERE {condition}") };
            let after = self.cursor(time, &own, "at DESC, id DESC", 50);
            self.check_list(&staff, &format!("/audit?{of}&after={after}"));
        }
    }

    fn check_customers(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        self.check_list(&staff, "/customers");
        let after = self.cursor("''", "customers", "id", CUSTOMERS / 2);
        self.check_list(&staff, &format!("/customers?after={after}"));
    }

    /// Most rows of the filling were changed at one moment, as where a program has changed them all.
    fn check_updated(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        let all = "updated_from=2000-01-01T00:00:00Z";
        for (list, table, id, rows) in [
            ("/orders", "orders", "id", ORDERS),
            ("/products", "products", "id", PRODUCTS),
            ("/customers", "customers", "id", CUSTOMERS),
        ] {
            self.check_list(&staff, &format!("{list}?{all}"));
            let time = "DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
            for depth in [100, rows / 2, rows - 200] {
                let place = format!(
                    "SELECT CONCAT({time}, '/', {id}) FROM {table} ORDER BY updated_at, {id} LIMIT 1 OFFSET {depth}"
                );
                let place: String = self.sql.query_first(place).unwrap().unwrap();
                let after: String = place.bytes().map(|byte| format!("{byte:02x}")).collect();
                self.check_list(&staff, &format!("{list}?{all}&after={after}"));
            }
            let middle =
                format!("SELECT {time} FROM {table} ORDER BY updated_at, {id} LIMIT 1 OFFSET {}", rows / 2);
            let middle: String = self.sql.query_first(middle).unwrap().unwrap();
            self.check_list(&staff, &format!("{list}?updated_from={middle}"));
            self.check_list_of(&staff, &format!("{list}?updated_from=2999-01-01T00:00:00Z"), 0);
        }
        // The stock has no key for it, and reads the rows that were changed and nothing twice.
        for (from, rows) in [("2000-01-01T00:00:00Z", PRODUCTS), ("2999-01-01T00:00:00Z", 0)] {
            let path = format!("/stock?updated_from={from}");
            let statements = self.statements(|| drop(staff.get(&path).expect(200)));
            let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
            let most = PRODUCTS + 3 * rows + ROWS_OF_A_PAGE;
            assert!(read <= most, "{path} reads {read} rows: {statements:?}");
        }
    }

    fn check_events(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        // What the test itself has done gets its numbers here: a batch at most, which is looked at by another test.
        staff.get("/events?at_end=true").expect(200);
        for kind in ["", "&type=order.placed", "&type=order.shipped", "&type=stock.moved"] {
            let rows = if kind.ends_with("moved") { 0 } else { 20 };
            self.check_list_of(&staff, &format!("/events?limit=20{kind}"), rows);
            for depth in [100, EVENTS / 2, EVENTS - 3000] {
                let place = "DATE_FORMAT(numbered_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
                let sql = format!("SELECT CONCAT({place}, '/', number) FROM events WHERE number = {depth}");
                let place: String = self.sql.query_first(sql).unwrap().unwrap();
                let after: String = place.bytes().map(|byte| format!("{byte:02x}")).collect();
                self.check_list_of(&staff, &format!("/events?limit=20{kind}&after={after}"), rows);
            }
        }
        self.check_list_of(&staff, "/events?at_end=true", 0);
    }

    /// A customer's new key and the retry are found beside those of all others; what the customer keeps is counted.
    fn check_keys(&mut self) {
        let Guest { client, .. } = self.customer(500);
        let body = json!({"items": [{"product_id": 500, "quantity": 1}]});
        for replayed in [None, Some("true")] {
            let statements = self.statements(|| {
                let answer = client.post_once("a-key", "/orders", body.clone()).expect(201);
                assert_eq!(answer.header("Idempotency-Replayed"), replayed);
            });
            let counting = statements.iter().find(|statement| statement.contains("full_since"));
            let counting = counting.expect("the statement that finds the session");
            // The digest of the token is no text, so the log does not hold it whole.
            let (before, _) = counting.split_once("s.token_sha256 = ").expect("the token's place");
            let counting = &format!("{before}s.token_sha256 = UNHEX(SHA2('{}', 256))", client.token());
            self.check_access(counting);
            let of_keys: Vec<u64> = self
                .explain(counting)
                .iter()
                .filter(|access| access.table == "o")
                .map(|access| access.rows)
                .collect();
            assert!(matches!(of_keys[..], [rows] if rows < 400), "{of_keys:?} for {counting}");
            // The session, its account, the stored answer, and the hundred that are counted.
            let read = self.rows_read(counting);
            assert!((100..120).contains(&read), "{read} rows for {counting}");
        }
    }

    /// From the sign-up to the erasure, and the products' side of it.
    fn check_a_day(&mut self) {
        let (shop, staff) = (&self.shop, &self.staff);
        let (base, token) = (shop.base.clone(), staff.token().to_owned());
        let statements = self.statements(|| work_a_day(&base, &token));
        for wanted in ["INSERT INTO orders", "UPDATE order_lines", "DELETE FROM sessions", "erased_at = "] {
            assert!(statements.iter().any(|statement| statement.contains(wanted)), "{wanted} was not run");
        }
        // An INSERT of plain values is logged without them, and reads nothing.
        for statement in statements.iter().filter(|statement| !statement.contains('?')) {
            self.check_access(statement);
        }
    }
}

fn work_a_day(base: &str, staff_token: &str) {
    let staff = Client::new(base, Some(staff_token));
    let person = json!({"name": "Ada", "email": "ada@example.com", "phone": "555-0100"});
    let signed_up = Client::new(base, None).post("/customers", person.clone()).expect(201);
    let ada = Client::new(base, signed_up.body["session"]["token"].as_str());
    let customer = format!("/customers/{}", signed_up.id());
    ada.put(&customer, person).expect(200);

    let product = json!({"name": "Kettle", "price": "30.00", "sku": "KETTLE", "stock": 10});
    let kettle = staff.post("/products", product).expect(201).id();
    staff.patch(&format!("/products/{kettle}"), json!({"price": "31.00"})).expect(200);
    let items = json!([{"product_id": kettle, "quantity": 1}, {"product_id": 500, "quantity": 2}]);
    let place = |key: &str| ada.post_once(key, "/orders", json!({"items": items})).expect(201).id();
    let (kept, cancelled) = (place("first"), place("second"));
    ada.post(&format!("/orders/{cancelled}/cancel"), json!({})).expect(200);
    let too_many = json!({"items": [{"product_id": kettle, "quantity": 100}]});
    ada.post("/orders", too_many).expect_problem(409, "out_of_stock");
    let order = format!("/orders/{kept}");
    ada.get(&format!("{order}/track")).expect(200);
    staff.patch(&order, json!({"expected_delivery_date": "2999-01-01"})).expect(200);
    staff.delete(&customer).expect_problem(409, "customer_has_open_orders");
    for step in ["ship", "deliver"] {
        staff.post(&format!("{order}/{step}"), json!({})).expect(200);
    }
    staff.delete(&customer).expect(204);
    staff.delete(&format!("/products/{kettle}")).expect(204);
}

#[test]
fn lists_and_daily_work_go_by_index_however_much_there_is() {
    let mut large = LargeShop::open();
    large.check_words();
    large.check_products();
    large.check_filtered_products();
    large.check_found_products();
    large.check_found_orders();
    large.check_movements();
    large.check_orders();
    large.check_orders_of_a_customer(5000, 50);
    large.check_orders_of_a_customer(WALK_IN, ORDERS / 8);
    large.check_customers();
    large.check_audit();
    large.check_updated();
    large.check_events();
    large.check_keys();
    large.check_a_day();
    assert!(large.dear.is_empty(), "{}", large.dear.join("\n"));
    // The filling has orders without a history; what it is for does not need one.
    large.shop.abandon();
}
