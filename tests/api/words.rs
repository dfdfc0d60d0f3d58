//! The enums of fixed words against the CHECKs of the columns that hold them.

use std::collections::BTreeSet;

use mysql::prelude::Queryable;
use storekeeper::audit::{Action, Object};
use storekeeper::db::invariants::INVARIANTS;
use storekeeper::handlers::orders::{Corrected, STEPS, Status, StepReason};
use storekeeper::ledger::Reason;
use storekeeper::ledger::takes::TakeStatus;
use storekeeper::restock::Outcome;
use storekeeper::restock::purchase::OrderStatus;
use storekeeper::web::caller::Role;
use storekeeper::webhooks;

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
        ("audit_log_action_with_imports", words(Action::ALL, Action::text)),
        ("audit_log_object_with_imports", words(Object::ALL, Object::text)),
        ("order_events_reason", words(StepReason::ALL, StepReason::text)),
        ("orders_status_known", words(Status::ALL, Status::text)),
        ("purchase_orders_status", words(OrderStatus::ALL, OrderStatus::text)),
        ("restock_run_lines_outcome_known", words(Outcome::ALL, Outcome::text)),
        ("stock_movements_reason", words(Reason::ALL, Reason::text)),
        ("stock_takes_status", words(TakeStatus::ALL, TakeStatus::text)),
        ("webhook_attempts_outcome", words(webhooks::Outcome::ALL, webhooks::Outcome::text)),
        ("webhooks_reason", words(webhooks::StopReason::ALL, webhooks::StopReason::text)),
    ] {
        assert_eq!(texts(&check_clause(&shop, check)), words, "{check}");
    }
}

/// Each way from one status to another is tried as an entry of a history: the CHECK must take the legal steps, and
/// nothing else. The placement is the order's own row.
#[test]
fn a_history_takes_the_legal_steps_and_no_others() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 10);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let mut sql = shop.sql();
    let mut takes = |entry: &str| {
        sql.query_drop("START TRANSACTION").unwrap();
        let columns = "order_id, step, from_status, status, corrected, at";
        let written = sql
            .query_drop(format!("INSERT INTO order_events ({columns}) VALUES ({order}, {entry}, NOW(6))"))
            .is_ok();
        sql.query_drop("ROLLBACK").unwrap();
        written
    };
    let mut legal = BTreeSet::new();
    for from in Status::ALL {
        for to in Status::ALL {
            let is_legal = STEPS.iter().any(|step| step.from.contains(from) && step.to == *to);
            let (from, to) = (from.text(), to.text());
            assert_eq!(takes(&format!("7, '{from}', '{to}', NULL")), is_legal, "{from} to {to}");
            assert!(!takes(&format!("1, '{from}', '{to}', NULL")), "the first entry is the order's own row");
            if is_legal {
                legal.insert(format!("{from}>{to}"));
            }
            for field in Corrected::ALL {
                let is_legal =
                    from == to && field.while_order_is().iter().any(|status| status.text() == from);
                let field = field.text();
                assert_eq!(
                    takes(&format!("7, '{from}', '{to}', '{field}'")),
                    is_legal,
                    "{field}: {from} to {to}"
                );
            }
        }
        for step in 1..5_u8 {
            let of_before =
                matches!((step, from), (2, Status::Shipped | Status::Cancelled) | (3, Status::Delivered));
            let written = takes(&format!("{step}, NULL, '{}', NULL", from.text()));
            assert_eq!(written, of_before, "{from:?} as step {step} by a release before");
        }
    }
    let histories = INVARIANTS.iter().find(|invariant| invariant.name.starts_with("6_")).expect("the sixth");
    let statement: String = histories.sql.lines().filter(|line| !line.starts_with("--")).collect();
    let is_step = |text: &String| text.chars().all(|c| c.is_ascii_lowercase() || c == '>') && text.len() > 1;
    let verified: BTreeSet<String> =
        texts(&statement).into_iter().filter(|text| text.contains('>') && is_step(text)).collect();
    assert_eq!(verified, legal, "what verify takes for legal");
}

/// What a person wrote is not kept where nobody looks for it.
#[test]
fn a_history_keeps_no_address_and_no_note_of_a_customer() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 10);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    for (field, is_kept) in [("shipping_address", false), ("note", false), ("expected_delivery_date", true)] {
        for value in ["old_value", "new_value"] {
            let entry = format!(
                "INSERT INTO order_events (order_id, step, from_status, status, corrected, {value}, at)
                 VALUES ({order}, 2, 'placed', 'placed', '{field}', 'x', NOW(6))"
            );
            let mut sql = shop.sql();
            sql.query_drop("START TRANSACTION").unwrap();
            assert_eq!(sql.query_drop(entry).is_ok(), is_kept, "{field}");
        }
    }
}
