//! The rules that the books always keep. Each file returns the rows that break its rule, so an
//! empty answer is the proof.

use mysql::prelude::Queryable;
use mysql::{Conn, Value};

use crate::error::Result;

pub struct Invariant {
    pub name: &'static str,
    pub sql: &'static str,
}

macro_rules! invariants {
    ($($name:literal)*) => {
        /// Every file of `sql/invariants/`, in the order of its number.
        pub const INVARIANTS: &[Invariant] = &[$(Invariant {
            name: $name,
            sql: include_str!(concat!("../../sql/invariants/", $name, ".sql")),
        }),*];
    };
}

invariants! {
    "1_on_hand_is_the_sum_of_movements"
    "2_reserved_is_the_sum_of_placed_orders"
    "3_stock_is_never_negative"
    "4_shipping_moves_each_line_once"
    "5_totals_are_the_sum_of_lines"
    "6_status_histories_are_legal"
    "7_purchase_orders_are_received_once"
    "8_idempotency_keys_name_one_outcome"
    "9_erased_customers_leave_no_data"
    "10_events_are_numbered_without_gaps"
    "11_demand_is_what_was_ordered"
    "12_hit_rates_are_counted"
    "13_value_is_the_sum_of_the_ledger"
    "14_stock_takes_book_their_differences_once"
}

/// The rows that break a rule.
pub struct Violations {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// As many offending rows as anybody reads.
pub const ROWS_MAX: usize = 100;

/// Looks for rows that break `invariant`; at most 100 of them are returned.
pub fn violations(conn: &mut Conn, invariant: &Invariant) -> Result<Violations> {
    let mut result = conn.query_iter(invariant.sql)?;
    let columns = result.columns().as_ref().iter().map(|column| column.name_str().into_owned()).collect();
    let mut rows = Vec::new();
    for row in result.by_ref().take(ROWS_MAX) {
        rows.push(row?.unwrap().into_iter().map(as_text).collect());
    }
    Ok(Violations { columns, rows })
}

fn as_text(value: Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

impl Violations {
    /// The rows under their columns' names.
    pub fn table(&self) -> String {
        let header: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        crate::table::text(&header, self.rows.iter().cloned())
    }
}
