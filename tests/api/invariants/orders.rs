//! Ways to break what orders, keys and erasures promise.

use storekeeper::web::stored::stored_key;

use super::books::{Books, Case};

const SHIPPING: &str = "4_shipping_moves_each_line_once";

const TOTALS: &str = "5_totals_are_the_sum_of_lines";

const HISTORIES: &str = "6_status_histories_are_legal";

const KEYS: &str = "8_idempotency_keys_name_one_outcome";

const ERASED: &str = "9_erased_customers_leave_no_data";

impl Books {
    pub fn shipping(&self) -> Vec<Case> {
        let Books { mug, pot, gift, placed, shipped, shipped_gift, cancelled, .. } = self;
        let movement = |set: &str, of: String| format!("UPDATE stock_movements SET {set} WHERE {of}");
        let of_order = |order: &u64| format!("order_id = {order}");
        let of_pot = || format!("product_id = {pot}");
        let sold_with = |order: &u64| movement(&format!("reason = 'sale', order_id = {order}"), of_pot());
        let case = |sql: String, row: String| Case { breaks: SHIPPING, sql: vec![sql], rows: vec![row] };
        vec![
            case(
                movement("order_id = NULL, reason = 'correction'", of_order(shipped)),
                format!("{shipped}|shipped|{mug}|1|NULL"),
            ),
            case(movement("reason = 'damaged'", of_order(shipped)), format!("{shipped}|shipped|{mug}|1|-1")),
            case(
                format!("UPDATE order_lines SET quantity = 2 WHERE order_id = {shipped_gift}"),
                format!("{shipped_gift}|shipped|{gift}|2|-1"),
            ),
            case(sold_with(placed), format!("{placed}|placed|{pot}|1|5")),
            case(sold_with(cancelled), format!("{cancelled}|cancelled|{pot}|1|5")),
            // The order has no line of the pot.
            case(sold_with(shipped), format!("{shipped}|shipped|{pot}|NULL|5")),
        ]
    }

    pub fn totals(&self) -> Vec<Case> {
        let Books { placed, shipped, cancelled, .. } = self;
        let case = |sql: String, row: String| Case { breaks: TOTALS, sql: vec![sql], rows: vec![row] };
        vec![
            case(
                format!("UPDATE orders SET total_minor = 2999 WHERE id = {placed}"),
                format!("{placed}|2999|3000|2"),
            ),
            case(
                format!("UPDATE order_lines SET unit_price_minor = 1001 WHERE order_id = {shipped}"),
                format!("{shipped}|1000|1001|1"),
            ),
            case(
                format!("UPDATE order_lines SET quantity = 3 WHERE order_id = {cancelled}"),
                format!("{cancelled}|1000|3000|1"),
            ),
            case(
                format!("DELETE FROM order_lines WHERE order_id = {cancelled}"),
                format!("{cancelled}|1000|NULL|0"),
            ),
        ]
    }

    pub fn corrections(&self) -> Vec<Case> {
        let Books { placed, shipped, delivered, .. } = self;
        let entry = |order: &u64, step: u8, from: &str, status: &str, corrected: &str| {
            let columns = "order_id, step, from_status, status, corrected, at";
            let values =
                format!("{order}, {step}, '{from}', '{status}', {corrected}, NOW(6) + INTERVAL 1 DAY");
            format!("INSERT INTO order_events ({columns}) VALUES ({values})")
        };
        let set =
            |order: &u64, status: &str| format!("UPDATE orders SET status = '{status}' WHERE id = {order}");
        let case = |sql: Vec<String>, row: String| Case { breaks: HISTORIES, sql, rows: vec![row] };
        let whole = "placed,shipped,delivered";
        vec![
            // A correction is no step.
            case(
                vec![entry(delivered, 4, "delivered", "shipped", "'carrier'"), set(delivered, "shipped")],
                format!("{delivered}|shipped|{whole},shipped"),
            ),
            case(
                vec![entry(placed, 2, "placed", "placed", "NULL")],
                format!("{placed}|placed|placed,placed"),
            ),
            // It did not come from there.
            case(
                vec![entry(delivered, 4, "shipped", "delivered", "NULL")],
                format!("{delivered}|delivered|{whole},delivered"),
            ),
            case(
                vec![entry(shipped, 4, "shipped", "lost", "NULL"), set(shipped, "lost")],
                format!("{shipped}|lost|placed,shipped,lost"),
            ),
            case(
                vec![entry(delivered, 4, "delivered", "lost", "NULL"), set(delivered, "lost")],
                format!("{delivered}|lost|{whole},lost"),
            ),
        ]
    }

    pub fn histories(&self) -> Vec<Case> {
        let Books { placed, shipped, delivered, cancelled, .. } = self;
        let case =
            |sql: &[String], row: String| Case { breaks: HISTORIES, sql: sql.to_vec(), rows: vec![row] };
        let event = |order: &u64, step: u8, set: &str| {
            format!("UPDATE order_events SET {set} WHERE order_id = {order} AND step = {step}")
        };
        let whole = "placed,shipped,delivered";
        vec![
            case(
                &[format!("UPDATE orders SET status = 'shipped' WHERE id = {delivered}")],
                format!("{delivered}|shipped|{whole}"),
            ),
            case(
                &[format!("DELETE FROM order_events WHERE order_id = {delivered} AND step = 2")],
                format!("{delivered}|delivered|placed,delivered"),
            ),
            case(
                &[format!("DELETE FROM order_events WHERE order_id = {cancelled} AND step = 2")],
                format!("{cancelled}|cancelled|placed"),
            ),
            case(
                &[format!(
                    "INSERT INTO order_events (order_id, step, status, at) VALUES ({placed}, 2, 'cancelled', NOW(6))"
                )],
                format!("{placed}|placed|placed,cancelled"),
            ),
            case(
                &[event(delivered, 2, "status = 'cancelled'")],
                format!("{delivered}|delivered|placed,cancelled,delivered"),
            ),
            case(
                &[format!("UPDATE orders SET placed_at = placed_at + INTERVAL 1 DAY WHERE id = {shipped}")],
                format!("{shipped}|shipped|placed,shipped"),
            ),
            case(
                &[
                    event(delivered, 2, "at = at + INTERVAL 2 DAY"),
                    event(delivered, 3, "at = at + INTERVAL 1 DAY"),
                ],
                format!("{delivered}|delivered|{whole}"),
            ),
        ]
    }

    pub fn keys(&self) -> Vec<Case> {
        let Books { ada, placed, shipped, .. } = self;
        let stored = stored_key("key");
        let key = |set: String, location: String, order_id: String| Case {
            breaks: KEYS,
            sql: vec![format!("UPDATE idempotency_keys SET {set}")],
            rows: vec![format!(
                "customer:{ada}|{stored}|{location}|{order_id}|not about the order that it names, or that one does not exist"
            )],
        };
        let of = |order: &u64| format!("/orders/{order}");
        vec![
            key("order_id = NULL".into(), of(placed), "NULL".into()),
            key("status = 200, order_id = NULL, location = '/orders/999'".into(), of(&999), "NULL".into()),
            key(format!("order_id = {shipped}"), of(placed), shipped.to_string()),
            key("order_id = 999, location = '/orders/999'".into(), of(&999), "999".into()),
            Case {
                breaks: KEYS,
                sql: vec![
                    "INSERT INTO idempotency_keys SELECT caller, 'other', request_sha256, status, location, body, \
                     order_id, customer_id, created_at, NULL FROM idempotency_keys"
                        .to_owned(),
                ],
                rows: vec![format!(
                    "customer:{ada}|other,{stored}|/orders/{placed}|{placed}|two keys name one order"
                )],
            },
        ]
    }

    pub fn of_erased_customers(&self) -> Vec<Case> {
        let Books { erased, of_erased, .. } = self;
        let case = |sql: String, found: String| Case {
            breaks: ERASED,
            sql: vec![sql],
            rows: vec![format!("{erased}|{found}")],
        };
        let mut cases = vec![
            case(
                format!(
                    "INSERT INTO accounts (customer_id, username, username_key, password_hash, created_at, updated_at)
                     VALUES ({erased}, 'bob', 'bob', 'x', '2026-03-01', '2026-03-01')"
                ),
                "an account".into(),
            ),
            case(
                format!(
                    "INSERT INTO sessions (token_sha256, customer_id, created_at, last_used_at, expires_at)
                     VALUES (UNHEX(REPEAT('00', 32)), {erased}, '2026-03-01', '2026-03-01', '2026-03-02')"
                ),
                "a session".into(),
            ),
            case(format!("UPDATE idempotency_keys SET customer_id = {erased}"), "a stored answer".into()),
            case(
                format!(
                    "INSERT INTO idempotency_keys (caller, idempotency_key, request_sha256, status, location, body, order_id, created_at)
                     VALUES ('staff:1', 'x', '', 201, '/orders/{of_erased}', '{{}}', {of_erased}, '2026-03-01')"
                ),
                format!("the stored answer to order {of_erased}"),
            ),
        ];
        for column in ["name", "email", "phone"] {
            let sql = format!("UPDATE customers SET {column} = 'Bob' WHERE id = {erased}");
            cases.push(case(sql, "the customer".into()));
        }
        for column in ["shipping_address", "note", "carrier", "tracking_number"] {
            let sql = format!("UPDATE orders SET {column} = 'Bob' WHERE id = {of_erased}");
            cases.push(case(sql, format!("order {of_erased}")));
        }
        for column in ["note", "old_value", "new_value"] {
            let sql =
                format!("UPDATE order_events SET {column} = 'Bob' WHERE order_id = {of_erased} AND step = 3");
            cases.push(case(sql, format!("the history of order {of_erased}")));
        }
        cases.push(Case {
            breaks: ERASED,
            sql: vec![
                format!("UPDATE orders SET status = 'shipped' WHERE id = {of_erased}"),
                format!("DELETE FROM order_events WHERE order_id = {of_erased} AND step = 3"),
            ],
            rows: vec![format!("{erased}|an order under way: {of_erased}")],
        });
        cases
    }
}
