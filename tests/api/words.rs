//! The enums of fixed words against the CHECKs of the columns that hold them.

use std::collections::BTreeSet;

use mysql::prelude::Queryable;
use storekeeper::audit::{Action, Object};
use storekeeper::handlers::orders::{Status, StepReason};
use storekeeper::ledger::Reason;
use storekeeper::restock::{OrderStatus, Outcome};
use storekeeper::web::caller::Role;

use crate::harness::Shop;

/// The text of a CHECK. MySQL escapes the quotes in it.
fn check_clause(shop: &Shop, name: &str) -> String {
    let sql = "SELECT check_clause FROM information_schema.check_constraints
               WHERE constraint_schema = DATABASE() AND constraint_name = ?";
    let clause: Option<String> = shop.sql().exec_first(sql, (name,)).unwrap();
    clause.unwrap_or_else(|| panic!("no CHECK is called {name}")).replace("\\'", "'")
}

/// Every text in quotes.
fn texts(clause: &str) -> BTreeSet<String> {
    clause.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn words<T: Copy>(all: &[T], text: impl Fn(T) -> &'static str) -> BTreeSet<String> {
    all.iter().map(|word| text(*word).to_owned()).collect()
}

#[test]
fn the_checks_allow_the_words_of_the_enums_and_no_others() {
    let shop = Shop::open();
    for (check, words) in [
        ("accounts_role", words(Role::ALL, Role::text)),
        ("audit_log_action", words(Action::ALL, Action::text)),
        ("audit_log_object", words(Object::ALL, Object::text)),
        ("order_events_reason", words(StepReason::ALL, StepReason::text)),
        ("orders_status", words(Status::ALL, Status::text)),
        ("restock_orders_status", words(OrderStatus::ALL, OrderStatus::text)),
        ("restock_run_lines_outcome", words(Outcome::ALL, Outcome::text)),
        ("stock_movements_reason", words(Reason::ALL, Reason::text)),
    ] {
        assert_eq!(texts(&check_clause(&shop, check)), words, "{check}");
    }
}

/// Each status is tried as each step of a history: the CHECK must take what [`Status::step`] says, and
/// nothing else. The placement is the order's own row.
#[test]
fn a_history_takes_the_legal_steps_and_no_others() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 10);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let mut sql = shop.sql();
    for status in Status::ALL {
        for step in 0..5_u8 {
            sql.query_drop("START TRANSACTION").unwrap();
            sql.exec_drop("DELETE FROM order_events WHERE order_id = ?", (order,)).unwrap();
            let written = sql.exec_drop(
                "INSERT INTO order_events (order_id, step, status, at) VALUES (?, ?, ?, NOW(6))",
                (order, step, status.text()),
            );
            let legal = step == status.step() && *status != Status::Placed;
            assert_eq!(written.is_ok(), legal, "{status:?} as step {step}");
            sql.query_drop("ROLLBACK").unwrap();
        }
    }
}

#[test]
fn an_order_comes_to_each_status_from_the_step_before() {
    for status in Status::ALL {
        let before = status.before().map_or(0, Status::step);
        assert_eq!(before + 1, status.step(), "{status:?}");
    }
}
