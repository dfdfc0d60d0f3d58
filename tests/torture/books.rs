//! What was acknowledged against what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use mysql::prelude::Queryable;
use storekeeper::db;

use crate::caller::Watch;
use crate::crowd::{Place, RESTOCKED_TO};
use crate::faults::Faults;

/// An order that was answered 201, and where it was brought.
pub struct Order {
    pub id: u64,
    pub status: &'static str,
}

/// What callers were told is done.
#[derive(Default)]
pub struct Acknowledged {
    pub orders: Vec<Order>,
    /// The notes of returns.
    pub returns: Vec<String>,
    pub customers: Vec<u64>,
}

impl Acknowledged {
    pub fn add(&mut self, other: Acknowledged) {
        self.orders.extend(other.orders);
        self.returns.extend(other.returns);
        self.customers.extend(other.customers);
    }
}

/// One kind of thing: what was promised beside what is there.
pub struct Line {
    name: &'static str,
    acknowledged: usize,
    stored: usize,
    lost: usize,
    /// Stored more than once for one promise, or for none.
    doubled: usize,
}

pub struct Account {
    orders: Line,
    statuses: Line,
    returns: Line,
    customers: Line,
    restocked: Line,
}

impl Account {
    fn lines(&self) -> [&Line; 5] {
        [&self.orders, &self.statuses, &self.returns, &self.customers, &self.restocked]
    }

    pub fn holds(&self) -> bool {
        self.lines().iter().all(|line| line.lost == 0 && line.doubled == 0)
    }
}

/// Every key was decided at the end, so an order that nobody was told of is one too many.
pub fn account(database_url: &str, place: &Place, acknowledged: &Acknowledged) -> Account {
    let mut conn = db::connect_alone(database_url).expect("the database");
    let stored: Vec<(u64, String)> = conn.query("SELECT id, status FROM orders").expect("the orders");
    let notes: Vec<String> =
        conn.query("SELECT note FROM stock_movements WHERE reason = 'return'").expect("the ledger");
    let customers: BTreeSet<u64> =
        conn.query("SELECT id FROM customers").expect("customers").into_iter().collect();

    let statuses: BTreeMap<u64, String> = stored.into_iter().collect();
    let promised: BTreeSet<u64> = acknowledged.orders.iter().map(|order| order.id).collect();
    let is_as_told = |order: &&Order| statuses.get(&order.id).is_some_and(|status| status == order.status);
    let orders = Line {
        name: "orders",
        acknowledged: acknowledged.orders.len(),
        stored: statuses.len(),
        lost: promised.iter().filter(|id| !statuses.contains_key(id)).count(),
        doubled: statuses.keys().filter(|id| !promised.contains(id)).count()
            // One order for two keys.
            + (acknowledged.orders.len() - promised.len()),
    };
    let moved = |status: &str| status != "placed";
    let statuses = Line {
        name: "shipped, delivered, cancelled",
        acknowledged: acknowledged.orders.iter().filter(|order| moved(order.status)).count(),
        stored: statuses.values().filter(|status| moved(status)).count(),
        lost: acknowledged.orders.iter().filter(|order| !is_as_told(order)).count(),
        doubled: 0,
    };
    let written: BTreeSet<&String> = notes.iter().collect();
    let told: BTreeSet<&String> = acknowledged.returns.iter().collect();
    let returns = Line {
        name: "returns to the shelf",
        acknowledged: acknowledged.returns.len(),
        stored: notes.len(),
        lost: told.difference(&written).count(),
        doubled: written.difference(&told).count() + (notes.len() - written.len()),
    };
    // A sign-up takes no key, so one whose answer was lost is stored and counts for nothing.
    let customers = Line {
        name: "customers with an account",
        acknowledged: acknowledged.customers.len(),
        stored: acknowledged.customers.iter().filter(|id| customers.contains(id)).count(),
        lost: acknowledged.customers.iter().filter(|id| !customers.contains(id)).count(),
        doubled: 0,
    };
    let ordered =
        "SELECT CAST(COALESCE(SUM(quantity), 0) AS UNSIGNED) FROM purchase_order_lines WHERE product_id = ?";
    let ordered: usize = conn.exec_first(ordered, (place.restocked,)).expect("a sum").unwrap_or_default();
    let wanted = RESTOCKED_TO as usize;
    let restocked = Line {
        name: "units to be restocked",
        acknowledged: wanted,
        stored: ordered,
        lost: wanted.saturating_sub(ordered),
        doubled: ordered.saturating_sub(wanted),
    };
    Account { orders, statuses, returns, customers, restocked }
}

pub fn table(
    watch: &Watch,
    account: &Account,
    faults: &Faults,
    verdict: &Result<(), String>,
    took: Duration,
) -> String {
    let mut text = String::new();
    let mut line = |columns: [&str; 5]| {
        let [name, rest @ ..] = columns;
        let _ = write!(text, "{name:<30}");
        rest.iter().for_each(|column| {
            let _ = write!(text, "{column:>14}");
        });
        text.push('\n');
    };
    line(["", "acknowledged", "stored", "lost", "doubled"]);
    for kind in account.lines() {
        let [acknowledged, stored, lost, doubled] =
            [kind.acknowledged, kind.stored, kind.lost, kind.doubled].map(|count| count.to_string());
        line([kind.name, &acknowledged, &stored, &lost, &doubled]);
    }
    let asked_again = watch.asked_again.load(std::sync::atomic::Ordering::Relaxed);
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let mut told = vec![
        ("orders refused, out of stock", watch.counted("refused").to_string()),
        ("orders not waited for", watch.counted("hung up").to_string()),
        ("requests sent again", asked_again.to_string()),
        ("restock runs", watch.counted("runs").to_string()),
        ("logins", watch.counted("logins").to_string()),
        ("reads", watch.counted("reads").to_string()),
        ("slow clients", watch.counted("slow").to_string()),
        ("hostile requests", watch.counted("hostile").to_string()),
    ];
    // Each with the longest time in which nobody's order was acknowledged.
    told.extend(
        faults
            .counts
            .iter()
            .map(|(name, (count, longest))| (*name, format!("{count}, {}", seconds(*longest)))),
    );
    told.extend([
        ("slowest recovery", seconds(faults.slowest_recovery)),
        ("books", if verdict.is_ok() { "proved" } else { "BROKEN" }.to_owned()),
        ("time", seconds(took)),
    ]);
    for (name, value) in told {
        line([name, &value, "", "", ""]);
    }
    if let Err(broken) = verdict {
        text.push_str(broken);
    }
    // Columns that hold nothing leave no spaces behind.
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
