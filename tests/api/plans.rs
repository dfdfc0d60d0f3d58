//! A shop with 100,000 products and 1,000,000 orders: what the service asks of the database is found
//! by index, and a page deep in a list costs as much as the first.
//!
//! The statements are those that the service really runs: the database's general log is switched on
//! while a request is answered, and holds each with its values filled in.

mod large_shop;
mod today;

use large_shop::{
    Access, BESTSELLER, CUSTOMERS, EVENTS, LargeShop, MOVEMENTS, ORDERS, PRODUCTS, ROWS_OF_A_PAGE,
    SMALL_TABLE, SUPPLIERS, WALK_IN,
};
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::dialects::numbers;
use crate::fixtures::Guest;

impl LargeShop {
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
            // What is under way is little beside all that was ever ordered of it, and every third is of the bestseller.
            // Nobody waits for the other one: each order is looked at once.
            for status in ["placed", "shipped"] {
                for (product, most) in [(BESTSELLER, 2 * ROWS_OF_A_PAGE), (1000, 2 * ORDERS / 100)] {
                    let path = format!("/orders?sort={sort}&status={status}&product_id={product}");
                    let statements = self.statements(|| drop(staff.get(&path).expect(200)));
                    let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
                    let most = most + ROWS_OF_A_PAGE;
                    assert!(read <= most, "{path} reads {read} rows: {statements:?}");
                }
            }
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

    fn check_suppliers(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        for query in ["", "q=supplier", "updated_from=2000-01-01T00:00:00Z"] {
            self.check_list(&staff, &format!("/suppliers?{query}"));
        }
        self.check_list_of(&staff, "/suppliers?archived=true", 0);
        for depth in [100, SUPPLIERS / 2, SUPPLIERS - 100] {
            let after = self.cursor("''", "suppliers", "id", depth);
            self.check_list(&staff, &format!("/suppliers?after={after}"));
        }
        let after: String = format!("/{}", PRODUCTS / 2).bytes().map(|byte| format!("{byte:02x}")).collect();
        self.check_list(&staff, "/suppliers/500/products");
        self.check_list(&staff, &format!("/suppliers/500/products?after={after}"));
        self.check_list_of(&staff, "/products/500/suppliers", 2);
        // The lead time that counts is that of another table.
        self.check_list(&staff, "/stock");
        self.check_list(&staff, &format!("/stock?after={after}"));
        let supply = "/suppliers/500/products/499";
        let statements = self.statements(|| {
            drop(staff.get(supply).expect(200));
            staff.put(supply, json!({"cost": "1.10"})).expect(200);
            staff.put("/suppliers/501/products/499", json!({"cost": "1.20", "preferred": true})).expect(201);
            drop(staff.get("/products/499/stock").expect(200));
        });
        for statement in statements.iter().filter(|statement| !statement.contains('?')) {
            self.check_access(statement);
        }
    }

    /// By name it goes along a key. How long a product lasts changes with every order of it, so whoever asks for that order
    /// reads a row of each product, however deep the page lies, and sorts once; a graph costs the same on any ledger.
    fn check_sorted_stock(&mut self) {
        let staff = self.shop.with_token(self.staff.token());
        for sql in [
            "UPDATE stock SET units_per_day_e6 = 1 + product_id % 977, value_minor_e4 = product_id % 1009 * 10000",
            "UPDATE products SET shelf = CONCAT('A', id % 500)",
        ] {
            self.shop.sql().query_drop(sql).unwrap();
        }
        self.check_list(&staff, "/stock?sort=name");
        for depth in [100, PRODUCTS / 2, PRODUCTS - 200] {
            let after = self.cursor("name", "products", "name, id", depth);
            self.check_list(&staff, &format!("/stock?sort=name&after={after}"));
        }
        self.check_list(&staff, "/stock?category=Category+7");
        self.check_list(&staff, "/products?shelf=A7&sort=id");
        for sort in ["cover", "-value"] {
            let mut path = format!("/stock?sort={sort}&limit=100");
            let mut seen: Vec<u64> = Vec::new();
            for _ in 0..5 {
                let mut page = Value::Null;
                let statements = self.statements(|| page = staff.get(&path).expect(200).body);
                let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
                assert!(
                    read <= 2 * PRODUCTS + 5 * ROWS_OF_A_PAGE,
                    "{path} reads {read} rows: {statements:?}"
                );
                seen.extend(
                    page["data"].as_array().unwrap().iter().filter_map(|stock| stock["product_id"].as_u64()),
                );
                path = format!("/stock?sort={sort}&limit=100&after={}", page["next"].as_str().unwrap());
            }
            let all = seen.len();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!((all, seen.len()), (500, 500), "{sort}: no product twice");
        }
        let path = format!("/products/{BESTSELLER}/stock/history");
        let statements = self.statements(|| drop(staff.get(&path).expect(200)));
        let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
        assert!(read <= 300, "{path} reads {read} rows: {statements:?}");
    }

    /// It reads a year's days, and nothing of the hundreds of thousands of orders.
    fn check_what_if(&mut self) {
        const DAYS: u64 = 364;
        let staff = self.shop.with_token(self.staff.token());
        // Of one product among others, or to read all of it would be right.
        for sql in [
            format!(
                "INSERT INTO demand_days (product_id, day, units, available_at_start, available_at_end)
                 SELECT p.id, CURDATE() - INTERVAL seq DAY, 5, 50, 45
                 FROM products p JOIN {} n WHERE p.id BETWEEN {BESTSELLER} AND {BESTSELLER} + 19",
                numbers(DAYS)
            ),
            "UPDATE demand_summary SET filled_until = CURDATE() WHERE id = 1".to_owned(),
        ] {
            self.shop.sql().query_drop(sql).unwrap();
        }
        let mut days = 0;
        let statements = self.statements(|| {
            let path = format!("/products/{BESTSELLER}/stock/what-if");
            let answer = staff.post(&path, json!({"service_level": 0.9, "reorder_target": 500})).expect(200);
            days = answer.body["days"].as_u64().unwrap();
        });
        assert_eq!(days, DAYS);
        let mut read = 0;
        for statement in statements.iter().filter(|statement| !statement.contains('?')) {
            self.check_access(statement);
            read += self.rows_read(statement);
        }
        assert!(read > DAYS && read <= DAYS + ROWS_OF_A_PAGE, "{read} rows: {statements:?}");
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
        // What all of it has cost is summed up: each product once, and as of a moment what has moved first since.
        for (query, most) in [("", 4 * PRODUCTS), ("?as_of=2024-02-01T00:00:00Z", 8 * PRODUCTS)] {
            let path = format!("/stock/value{query}");
            // The first one takes the pages into memory, and beside other work that may be more than a statement may take.
            let _ = staff.get(&path);
            let statements = self.statements(|| drop(staff.get(&path).expect(200)));
            let read: u64 = statements.iter().map(|statement| self.rows_read(statement)).sum();
            assert!(read <= most, "{path} reads {read} rows: {statements:?}");
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
    large.check_suppliers();
    large.check_what_if();
    large.check_sorted_stock();
    large.check_today();
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
