//! Ways to break what the stock, the purchase orders and the feed add up to.

use super::books::{Books, Case};

const ON_HAND: &str = "1_on_hand_is_the_sum_of_movements";

const RESERVED: &str = "2_reserved_is_the_sum_of_placed_orders";

const NEGATIVE: &str = "3_stock_is_never_negative";

const OVERSOLD: &str = "an order was placed for more than was there after this movement";

const RESTOCKING: &str = "7_purchase_orders_are_received_once";

const DEMAND: &str = "11_demand_is_what_was_ordered";

const HIT_RATES: &str = "12_hit_rates_are_counted";

const VALUE: &str = "13_value_is_the_sum_of_the_ledger";

const STOCK_TAKES: &str = "14_stock_takes_book_their_differences_once";

const EVENTS: &str = "10_events_are_numbered_without_gaps";

impl Books {
    pub fn on_hand(&self) -> Vec<Case> {
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

    /// Nobody knows what anything has cost.
    pub fn value(&self) -> Vec<Case> {
        let mug = self.mug;
        let sum = "the value is not the sum of the movements";
        let line = "the first movement whose value does not continue the one before";
        let case = |sql: String, rows: Vec<String>| Case { breaks: VALUE, sql: vec![sql], rows };
        let movement = |change: &str, sequence: i64| {
            format!("UPDATE stock_movements SET {change} WHERE product_id = {mug} AND sequence = {sequence}")
        };
        vec![
            case(
                format!("UPDATE stock SET value_minor_e4 = 7 WHERE product_id = {mug}"),
                vec![format!("{mug}|NULL|7|0|{sum}")],
            ),
            case(movement("value_after = 3", 4), vec![format!("{mug}|4|3|0|{line}")]),
            case(movement("value_after = 3", 1), vec![format!("{mug}|1|3|0|{line}")]),
            case(
                movement("cost_unknown = 0", 2),
                [2, 3]
                    .map(|sequence| {
                        let continues = "whether a cost is unknown does not continue the movement before";
                        format!("{mug}|{sequence}|{}|{}|{continues}", sequence - 2, 3 - sequence)
                    })
                    .into(),
            ),
            case(
                format!("UPDATE stock SET cost_unknown = 0 WHERE product_id = {mug}"),
                vec![format!("{mug}|NULL|0|1|whether a cost is unknown is not what the last movement says")],
            ),
            case(
                movement("value_delta = -2", 2),
                vec![format!("{mug}|2|0|-2|{line}"), format!("{mug}|NULL|0|-2|{sum}")],
            ),
        ]
    }

    pub fn reserved(&self) -> Vec<Case> {
        let Books { mug, pot, gift, .. } = self;
        let reserved = |product: &u64, reserved: i64, should_be: i64| Case {
            breaks: RESERVED,
            sql: vec![format!("UPDATE stock SET reserved = {reserved} WHERE product_id = {product}")],
            rows: vec![format!("{product}|{reserved}|{should_be}")],
        };
        vec![reserved(mug, 3, 2), reserved(pot, 0, 1), reserved(gift, 1, 0)]
    }

    pub fn negative(&self) -> Vec<Case> {
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

    pub fn restocking(&self) -> Vec<Case> {
        let Books { pan, bowl, pans_order, bowls_order, .. } = self;
        let case =
            |sql: &[String], row: String| Case { breaks: RESTOCKING, sql: sql.to_vec(), rows: vec![row] };
        let owes = "incoming is not what open orders owe";
        vec![
            case(
                &[format!("UPDATE stock SET incoming = 11 WHERE product_id = {pan}")],
                format!("{pan}|NULL|11|10|{owes}"),
            ),
            case(
                &[format!("UPDATE purchase_order_lines SET quantity = 12 WHERE purchase_order_id = {pans_order}")],
                format!("{pan}|NULL|10|12|{owes}"),
            ),
            case(
                &[
                    format!(
                        "INSERT INTO purchase_orders (id, status, receipt_count, created_at, updated_at, ordered_at)
                         SELECT 999, status, 0, created_at, updated_at, ordered_at FROM purchase_orders WHERE id = {pans_order}"
                    ),
                    format!(
                        "INSERT INTO purchase_order_lines (purchase_order_id, product_id, quantity, set_by_person, received, rejected)
                         VALUES (999, {pan}, 5, 0, 0, 0)"
                    ),
                ],
                format!("{pan}|NULL|10|15|{owes}"),
            ),
            case(
                &[format!("UPDATE stock SET drafted = 3 WHERE product_id = {pan}")],
                format!("{pan}|NULL|3|0|drafted is not what is on drafts"),
            ),
            case(
                &[format!("UPDATE purchase_orders SET status = 'ordered', closed_at = NULL WHERE id = {bowls_order}")],
                format!("NULL|{bowls_order}|1|0|the status is not what its lines say"),
            ),
            case(
                &[format!("UPDATE purchase_order_receipts SET accepted = 9 WHERE purchase_order_id = {bowls_order}")],
                format!("{bowl}|{bowls_order}|10|9|received is not the sum of its receipts"),
            ),
            case(
                &[format!("UPDATE purchase_order_receipts SET rejected = 2 WHERE purchase_order_id = {bowls_order}")],
                format!("{bowl}|{bowls_order}|10|10|received is not the sum of its receipts"),
            ),
            case(
                &[
                    format!("UPDATE purchase_order_lines SET received = 11 WHERE purchase_order_id = {bowls_order}"),
                    format!("UPDATE purchase_order_receipts SET accepted = 11 WHERE purchase_order_id = {bowls_order}"),
                ],
                format!("{bowl}|{bowls_order}|11|10|received is not the sum of its movements"),
            ),
        ]
    }

    pub fn stock_takes(&self) -> Vec<Case> {
        let Books { mug, tray, jar, take, .. } = self;
        let difference = "what was booked is not the difference";
        let status = "the line is not as the status of its take";
        let line = |change: &str, product: &u64| {
            format!(
                "UPDATE stock_take_lines SET {change} WHERE stock_take_id = {take} AND product_id = {product}"
            )
        };
        let case = |sql: &[String], rows: &[String]| Case {
            breaks: STOCK_TAKES,
            sql: sql.to_vec(),
            rows: rows.to_vec(),
        };
        vec![
            case(&[line("counted = 3", tray)], &[format!("{take}|{tray}|-1|-2|{difference}")]),
            case(&[line("counted = 2", jar)], &[format!("{take}|{jar}|0|-1|{difference}")]),
            case(
                &[format!("UPDATE stock_movements SET stock_take_id = NULL WHERE stock_take_id = {take}")],
                &[format!("{take}|{tray}|0|-1|{difference}")],
            ),
            case(
                &[
                    format!("UPDATE stock_takes SET status = 'open', closed_at = NULL WHERE id = {take}"),
                    line("booked_at = NULL", tray),
                ],
                &[format!("{take}|{tray}|1|0|a line has more movements than one, or one and is not booked")],
            ),
            case(&[line("counted = 1, counted_at = NOW(6)", mug)], &[format!("{take}|{mug}|0|1|{status}")]),
            case(
                &[format!("UPDATE stock_takes SET status = 'cancelled' WHERE id = {take}")],
                &[format!("{take}|{tray}|1|0|{status}"), format!("{take}|{jar}|1|0|{status}")],
            ),
        ]
    }

    /// Five entries were read and the first of them is deleted.
    pub fn events() -> Vec<Case> {
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

    /// In a summary that begins far from the others' days and was filled long after every change.
    pub fn demand(&self) -> Vec<Case> {
        let mug = self.mug;
        let quiet = "UPDATE demand_summary SET filled_at = NOW(6) + INTERVAL 1 DAY, first_day = '9999-01-01', first_at = '9999-01-01'";
        let case = |days: &str, row: &str| Case {
            breaks: DEMAND,
            sql: vec![
                quiet.into(),
                format!("INSERT INTO demand_days VALUES {}", days.replace("MUG", &mug.to_string())),
            ],
            rows: vec![format!("{mug}|{row}")],
        };
        vec![
            case("(MUG, '9999-01-02', 3, 8, 5)", "NULL|3|0|the units are not those of the orders"),
            case(
                "(MUG, '9999-01-02', 0, 0, 8), (MUG, '9999-01-04', 0, 7, 5)",
                "9999-01-04|7|8|the day does not begin with what the one before ended with",
            ),
            Case {
                breaks: HIT_RATES,
                sql: vec![
                    format!(
                        "INSERT INTO suggestions VALUES ({mug}, '2026-01-01', NULL, 3, 950, 2, 1), ({mug}, '2026-01-02', NULL, 3, 950, 2, NULL)"
                    ),
                    format!("INSERT INTO hit_rates VALUES ({mug}, 2, 1, 950)"),
                ],
                rows: vec![format!("{mug}|1|0|0")],
            },
            case(
                "(MUG, '9999-01-02', 0, 0, 6)",
                "9999-01-02|6|5|the last day does not end with what is available",
            ),
        ]
    }
}
