//! Each file of `sql/invariants/` is shown books that break its rule and no other: it must name the
//! rows, and the others must stay silent.

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::db::invariants::{INVARIANTS, violations};
use storekeeper::web::stored::stored_key;

use crate::client::{Answer, Client};
use crate::harness::Shop;

/// One way to break the books.
struct Case {
    breaks: &'static str,
    sql: Vec<String>,
    /// The rows that are named, their cells joined by bars, in the order of their text.
    rows: Vec<String>,
}

/// Books with something of everything in them.
struct Books {
    /// Ten were there; two are promised, one went with each of three orders.
    mug: u64,
    /// Five are there and one is promised; its only movement is the initial one.
    pot: u64,
    /// It costs nothing; of ten, one went with an order.
    gift: u64,
    /// There never was one.
    rarity: u64,
    /// Five are there, and nobody has ordered one.
    lid: u64,
    ada: u64,
    /// Two mugs and a pot, placed under the key `key`.
    placed: u64,
    shipped: u64,
    shipped_gift: u64,
    delivered: u64,
    cancelled: u64,
    erased: u64,
    of_erased: u64,
    /// Ten of it are on their way with an open restock order.
    pan: u64,
    /// Ten of it came at once with a restock order.
    bowl: u64,
    pans_order: u64,
    bowls_order: u64,
}

const ON_HAND: &str = "1_on_hand_is_the_sum_of_movements";
const RESERVED: &str = "2_reserved_is_the_sum_of_placed_orders";
const NEGATIVE: &str = "3_stock_is_never_negative";
const OVERSOLD: &str = "an order was placed for more than was there after this movement";
const SHIPPING: &str = "4_shipping_moves_each_line_once";
const TOTALS: &str = "5_totals_are_the_sum_of_lines";
const HISTORIES: &str = "6_status_histories_are_legal";
const RESTOCKING: &str = "7_restock_orders_are_received_once";
const KEYS: &str = "8_idempotency_keys_name_one_outcome";
const ERASED: &str = "9_erased_customers_leave_no_data";
const EVENTS: &str = "10_events_are_numbered_without_gaps";

impl Books {
    fn fill(shop: &Shop) -> Books {
        let staff = shop.staff();
        let product = |name: &str, price: &str, stock: i64| {
            let body = json!({"name": name, "price": price, "stock": stock});
            staff.post("/products", body).expect(201).id()
        };
        let mug = product("Mug", "10.00", 10);
        let pot = product("Pot", "10.00", 5);
        let gift = product("Gift", "0", 10);
        let rarity = product("Rarity", "0", 0);
        let lid = product("Lid", "0", 5);
        let (pan, bowl) = (product("Pan", "0", 0), product("Bowl", "0", 0));
        let (pans_order, bowls_order) = (restocked(&staff, pan, 7), restocked(&staff, bowl, 0));
        let (ada, bob) = (shop.guest(), shop.guest());
        let body = json!({
            "items": [{"product_id": mug, "quantity": 2}, {"product_id": pot, "quantity": 1}],
            "note": "for Ada",
        });
        let placed = ada.client.post_once("key", "/orders", body).expect(201).id();
        let shipped = moved(&staff, ada.client.order(&[(mug, 1)]), &["ship"]);
        let way = ["ship", "lost", "reopen", "returned", "reopen", "deliver", "reopen", "lost", "returned"];
        let returned = moved(&staff, ada.client.order(&[(product("Rug", "0", 1), 1)]), &way);
        staff
            .patch(&format!("/orders/{returned}"), json!({"carrier": "Van", "tracking_number": "1"}))
            .expect(200);
        let shipped_gift = moved(&staff, ada.client.order(&[(gift, 1)]), &["ship"]);
        let delivered = moved(&staff, ada.client.order(&[(mug, 1)]), &["ship", "deliver"]);
        let cancelled = moved(&staff, ada.client.order(&[(pot, 1)]), &["cancel"]);
        let of_erased = moved(&staff, bob.client.order(&[(mug, 1)]), &["ship", "deliver"]);
        staff.delete(&format!("/customers/{}", bob.id)).expect(204);
        let mut sql = shop.sql();
        sql.query_drop("DELETE FROM events_unnumbered").unwrap();
        for _ in 0..5 {
            product("Tile", "0", 0);
        }
        staff.get("/events").expect(200);
        sql.query_drop("DELETE FROM events WHERE number = 1").unwrap();
        sql.query_drop("UPDATE event_feed SET pruned_number = 1").unwrap();
        Books {
            mug,
            pot,
            gift,
            rarity,
            lid,
            ada: ada.id,
            placed,
            shipped,
            shipped_gift,
            delivered,
            cancelled,
            erased: bob.id,
            of_erased,
            pan,
            bowl,
            pans_order,
            bowls_order,
        }
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = self.on_hand();
        cases.extend(self.reserved());
        cases.extend(self.negative());
        cases.extend(self.shipping());
        cases.extend(self.totals());
        cases.extend(self.histories());
        cases.extend(self.corrections());
        cases.extend(self.restocking());
        cases.extend(self.keys());
        cases.extend(self.of_erased_customers());
        cases.extend(Self::events());
        cases
    }

    /// Five entries were read and the first of them is deleted.
    fn events() -> Vec<Case> {
        let case =
            |sql: &str, row: &str| Case { breaks: EVENTS, sql: vec![sql.into()], rows: vec![row.into()] };
        vec![
            case("DELETE FROM events WHERE number = 3", "1|5|3|2|5"),
            case("DELETE FROM events WHERE number = 5", "1|5|3|2|4"),
            case("DELETE FROM events", "1|5|0|NULL|NULL"),
            case("UPDATE events SET number = 6 WHERE number = 5", "1|5|4|2|6"),
            case("UPDATE event_feed SET pruned_number = 0", "0|5|4|2|5"),
            case("UPDATE event_feed SET last_number = 4", "1|4|4|2|5"),
        ]
    }

    fn on_hand(&self) -> Vec<Case> {
        let Books { mug, lid, .. } = self;
        let sum = "on hand is not the sum of the movements";
        let count = "movement_count is not the number of movements";
        let balance = "the first movement whose balance does not continue the one before";
        vec![
            Case {
                breaks: ON_HAND,
                sql: vec![format!("UPDATE stock SET on_hand = 8 WHERE product_id = {mug}")],
                rows: vec![format!("{mug}|NULL|8|7|{sum}")],
            },
            Case {
                breaks: ON_HAND,
                sql: vec![format!("UPDATE stock SET movement_count = 3 WHERE product_id = {mug}")],
                rows: vec![format!("{mug}|NULL|3|4|{count}")],
            },
            Case {
                breaks: ON_HAND,
                sql: vec![format!("DELETE FROM stock_movements WHERE product_id = {lid}")],
                rows: vec![format!("{lid}|NULL|1|0|{count}"), format!("{lid}|NULL|5|0|{sum}")],
            },
            Case {
                breaks: ON_HAND,
                sql: vec![format!(
                    "UPDATE stock_movements SET balance_after = 9 WHERE product_id = {mug} AND sequence = 4"
                )],
                rows: vec![format!("{mug}|4|9|7|{balance}")],
            },
            Case {
                breaks: ON_HAND,
                sql: vec![format!(
                    "UPDATE stock_movements SET balance_after = 7 WHERE product_id = {mug} AND sequence = 2"
                )],
                rows: vec![format!("{mug}|2|7|9|{balance}")],
            },
            // A gap in the numbers whose balances look right.
            Case {
                breaks: ON_HAND,
                sql: vec![format!("UPDATE stock_movements SET sequence = 2 WHERE product_id = {lid}")],
                rows: vec![format!("{lid}|2|5|5|{balance}")],
            },
        ]
    }

    fn reserved(&self) -> Vec<Case> {
        let Books { mug, pot, gift, .. } = self;
        let reserved = |product: &u64, reserved: i64, should_be: i64| Case {
            breaks: RESERVED,
            sql: vec![format!("UPDATE stock SET reserved = {reserved} WHERE product_id = {product}")],
            rows: vec![format!("{product}|{reserved}|{should_be}")],
        };
        vec![reserved(mug, 3, 2), reserved(pot, 0, 1), reserved(gift, 1, 0)]
    }

    fn negative(&self) -> Vec<Case> {
        let Books { rarity, ada, .. } = self;
        // An order of the rarity, and what it promises.
        let promise = |quantity: i64| {
            vec![
                format!(
                    "INSERT INTO orders (id, customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
                     VALUES (999, {ada}, 'placed', 'EUR', 0, '2026-03-01', '2026-03-04')"
                ),
                format!("INSERT INTO order_lines VALUES (999, {rarity}, 'Rarity', {quantity}, 0, 0, '2026-03-01')"),
                format!("UPDATE stock SET reserved = {quantity} WHERE product_id = {rarity}"),
            ]
        };
        let negative = "negative, or no stock row";
        vec![
            Case {
                breaks: NEGATIVE,
                sql: vec![
                    format!("UPDATE stock SET on_hand = -1, movement_count = 1 WHERE product_id = {rarity}"),
                    format!(
                        "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, at)
                         VALUES ({rarity}, 1, -1, -1, 'correction', '2026-03-01')"
                    ),
                ],
                rows: vec![format!("{rarity}|NULL|-1|0|{negative}")],
            },
            Case { breaks: NEGATIVE, sql: promise(-1), rows: vec![format!("{rarity}|NULL|0|-1|{negative}")] },
            Case {
                breaks: NEGATIVE,
                sql: vec![format!("DELETE FROM stock WHERE product_id = {rarity}")],
                rows: vec![format!("{rarity}|NULL|NULL|NULL|{negative}")],
            },
            Case { breaks: NEGATIVE, sql: promise(1), rows: vec![format!("{rarity}|0|0|1|{OVERSOLD}")] },
        ]
    }

    fn shipping(&self) -> Vec<Case> {
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

    fn totals(&self) -> Vec<Case> {
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

    fn corrections(&self) -> Vec<Case> {
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

    fn histories(&self) -> Vec<Case> {
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

    fn restocking(&self) -> Vec<Case> {
        let Books { pan, bowl, rarity, pans_order, bowls_order, .. } = self;
        let case =
            |sql: &[String], row: String| Case { breaks: RESTOCKING, sql: sql.to_vec(), rows: vec![row] };
        let owes = "incoming is not what the open order owes";
        vec![
            case(
                &[format!("UPDATE stock SET incoming = 11 WHERE product_id = {pan}")],
                format!("{pan}|NULL|11|10|{owes}"),
            ),
            case(
                &[format!("UPDATE restock_orders SET quantity = 12 WHERE id = {pans_order}")],
                format!("{pan}|NULL|10|12|{owes}"),
            ),
            case(
                &[
                    format!(
                        "INSERT INTO restock_orders (id, product_id, open_product_id, run_id, status, quantity, received, ordered_at, expected_at)
                         SELECT 999, product_id, product_id, run_id, status, 5, 0, ordered_at, expected_at
                         FROM restock_orders WHERE id = {pans_order}"
                    ),
                    format!("UPDATE stock SET incoming = 15 WHERE product_id = {pan}"),
                ],
                format!("{pan}|999|2|1|more than one open restock order"),
            ),
            case(
                &[format!("UPDATE restock_orders SET received = 11 WHERE id = {bowls_order}")],
                format!("{bowl}|{bowls_order}|11|10|received is not the sum of its movements"),
            ),
            case(
                &[format!("UPDATE restock_orders SET product_id = {rarity} WHERE id = {bowls_order}")],
                format!("{bowl}|{bowls_order}|{bowl}|{rarity}|a movement of another product"),
            ),
        ]
    }

    fn keys(&self) -> Vec<Case> {
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

    fn of_erased_customers(&self) -> Vec<Case> {
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

/// Has ten of a product ordered, and answers the restock order's id.
fn restocked(staff: &Client, product: u64, lead_time_days: u32) -> u64 {
    let policy = json!({"reorder_point": 1, "reorder_target": 10, "lead_time_days": lead_time_days});
    staff.patch(&format!("/products/{product}/stock"), policy).expect(200);
    staff.post("/restock/runs", json!({"product_id": product})).expect(201);
    let orders = staff.get(&format!("/restock_orders?product_id={product}")).expect(200);
    orders.body["data"][0]["id"].as_u64().expect("a restock order")
}

fn moved(staff: &Client, order: Answer, steps: &[&str]) -> u64 {
    let id = order.expect(201).id();
    for step in steps {
        staff.post(&format!("/orders/{id}/{step}"), json!({})).expect(200);
    }
    id
}

/// A connection on which nothing but the invariants stands in the way of wrong books.
fn without_defences(shop: &Shop) -> Conn {
    let mut sql = shop.sql();
    sql.query_drop("SET check_constraint_checks = 0, foreign_key_checks = 0").unwrap();
    sql.query_drop(
        "ALTER TABLE idempotency_keys DROP INDEX idempotency_keys_order, ADD KEY idempotency_keys_order (order_id)",
    )
    .unwrap();
    sql.query_drop(
        "ALTER TABLE restock_orders DROP INDEX restock_orders_one_open, ADD KEY restock_orders_one_open (open_product_id)",
    )
    .unwrap();
    sql
}

/// Every invariant that does not hold, with its rows in the order of their text.
fn broken(sql: &mut Conn) -> Vec<(&'static str, Vec<String>)> {
    let mut broken = Vec::new();
    for invariant in INVARIANTS {
        let rows = violations(sql, invariant).unwrap().rows;
        let mut rows: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        rows.sort();
        if !rows.is_empty() {
            broken.push((invariant.name, rows));
        }
    }
    broken
}

#[test]
fn each_invariant_names_what_breaks_it_and_the_others_stay_silent() {
    let shop = Shop::open();
    let books = Books::fill(&shop);
    let mut sql = without_defences(&shop);
    assert_eq!(broken(&mut sql), [], "before anything is broken");
    let cases = books.cases();
    for case in &cases {
        sql.query_drop("START TRANSACTION").unwrap();
        for statement in &case.sql {
            sql.query_drop(statement).unwrap();
            assert_ne!(sql.affected_rows(), 0, "{statement} changed nothing");
        }
        assert_eq!(broken(&mut sql), [(case.breaks, case.rows.clone())], "after {:?}", case.sql);
        sql.query_drop("ROLLBACK").unwrap();
    }
    for invariant in INVARIANTS {
        let covered = cases.iter().any(|case| case.breaks == invariant.name);
        assert!(covered, "nothing here breaks {}", invariant.name);
    }
}

#[test]
fn a_shelf_that_a_count_left_short_breaks_nothing() {
    let shop = Shop::open();
    let books = Books::fill(&shop);
    let mut sql = shop.sql();
    let pot = books.pot;
    sql.query_drop(format!(
        "UPDATE stock SET on_hand = 0, movement_count = 2 WHERE product_id = {pot} AND reserved = 1"
    ))
    .unwrap();
    for reason in ["stock_take", "damaged", "correction"] {
        sql.query_drop(format!("DELETE FROM stock_movements WHERE product_id = {pot} AND sequence = 2"))
            .unwrap();
        sql.query_drop(format!(
            "INSERT INTO stock_movements (product_id, sequence, delta, balance_after, reason, note, at)
             VALUES ({pot}, 2, -5, 0, '{reason}', 'Why.', '2026-03-01')"
        ))
        .unwrap();
        assert_eq!(broken(&mut sql), [], "{reason}");
    }
}

/// Places an order of one unit as a service would that forgot to look whether it is there.
fn oversell(sql: &mut Conn, customer: u64, product: u64) {
    for statement in [
        format!(
            "INSERT INTO orders (customer_id, status, currency, total_minor, placed_at, expected_delivery_date)
             VALUES ({customer}, 'placed', 'EUR', 1000, '2026-03-01', '2026-03-04')"
        ),
        format!(
            "INSERT INTO order_lines SELECT LAST_INSERT_ID(), product_id, 'Product', 1, 1000, movement_count, '2026-03-01'
             FROM stock WHERE product_id = {product}"
        ),
        format!("UPDATE stock SET reserved = reserved + 1 WHERE product_id = {product}"),
    ] {
        sql.query_drop(statement).unwrap();
    }
}

fn moves(staff: &Client, product: u64, delta: i64, reason: &str) {
    let movement = json!({"delta": delta, "reason": reason, "note": "for a test"});
    staff.post(&format!("/products/{product}/stock/movements"), movement).expect(201);
}

#[test]
fn an_oversale_is_named_whatever_was_counted_before_it_and_happened_after_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let mut sql = shop.sql();
    let product = shop.product(&staff, 6);
    moves(&staff, product, -1, "correction");
    let first = guest.client.order(&[(product, 5)]).expect(201).id();
    assert_eq!(broken(&mut sql), []);
    oversell(&mut sql, guest.id, product);
    let named = |after: i64| vec![(NEGATIVE, vec![format!("{product}|2|5|{after}|{OVERSOLD}")])];
    assert_eq!(broken(&mut sql), named(6), "in spite of the correction before it");
    moves(&staff, product, -1, "damaged");
    assert_eq!(broken(&mut sql), named(6), "in spite of the damage after it");
    moves(&staff, product, 10, "return");
    assert_eq!(broken(&mut sql), named(6), "though there is enough again");
    guest.client.order(&[(product, 2)]).expect(201);
    staff.post(&format!("/orders/{first}/ship"), json!({})).expect(200);
    assert_eq!(broken(&mut sql), named(6), "though what was promised before it is shipped");
    shop.abandon();
}

#[test]
fn a_legal_shortage_breaks_nothing_whatever_happens_after_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let mut sql = shop.sql();
    let product = shop.product(&staff, 5);
    let mut whole = |after: &str| assert_eq!(broken(&mut sql), [], "after {after}");
    let order = |quantity: i64| guest.client.order(&[(product, quantity)]).expect(201).id();
    let step = |order: u64, step: &str| {
        staff.post(&format!("/orders/{order}/{step}"), json!({})).expect(200);
    };
    let (two, three) = (order(2), order(3));
    moves(&staff, product, -2, "lost");
    whole("a loss that leaves 3 for the 5 that are promised");
    guest.client.order(&[(product, 1)]).expect_problem(409, "out_of_stock");
    moves(&staff, product, 1, "return");
    whole("a return that is not enough");
    moves(&staff, product, 4, "correction");
    let later = order(3);
    whole("a sale of all that is there again");
    moves(&staff, product, -6, "damaged");
    step(two, "ship");
    whole("shipping out of a shortage");
    step(three, "cancel");
    step(later, "cancel");
    whole("cancelling what was promised");
    moves(&staff, product, 2, "return");
    let (last, dropped) = (order(1), order(1));
    step(dropped, "cancel");
    let again = order(1);
    whole("the same unit promised twice, one after the other");
    step(again, "ship");
    step(last, "ship");
    step(last, "deliver");
    whole("the last unit");
}
