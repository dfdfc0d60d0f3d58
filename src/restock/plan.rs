//! What a run would do now: the watched products, and what the rule says of each.

use mysql::Row;
use serde::Serialize;

use crate::db::{Connection, Filter, column};
use crate::error::Result;
use crate::ledger::Figures;
use crate::restock::late::{self, Late, late_before};
use crate::restock::outlook::{self, Forecast, Known};
use crate::restock::supply::EFFECTIVE_LEAD_TIME;
use crate::restock::{Decision, Policy, decide, demand, unconfirmed};
use crate::values::{Calendar, Day, Id, Timestamp};

/// A watched product as a scan found it, or an archived one.
#[derive(Debug, Clone)]
pub struct Watched {
    pub product_id: Id,
    pub archived: bool,
    pub name: String,
    pub sku: Option<String>,
    /// As the rule sees it: less what is left out of what is reserved.
    pub shelf: Figures,
    pub left_out: i64,
    pub policy: Policy,
    /// The policy's lead time, or that of the preferred supplier.
    pub effective_lead_time_days: i64,
}

/// A line of the plan: what a run would do about a product now, and why.
#[derive(Debug, Serialize)]
pub struct PlanLine {
    pub product_id: Id,
    pub name: String,
    pub sku: Option<String>,
    #[serde(flatten)]
    pub shelf: Figures,
    pub position: i64,
    #[serde(flatten)]
    pub policy: Policy,
    pub effective_lead_time_days: i64,
    /// `order`, `receive` (the lead time is 0) or `nothing`.
    pub action: &'static str,
    pub quantity: i64,
    pub reason: String,
    /// None when nothing is late.
    pub late: Option<Late>,
    pub forecast: Forecast,
}

impl Watched {
    fn from_row(row: &Row) -> Watched {
        Watched {
            product_id: column(row, "product_id"),
            archived: column(row, "archived"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            shelf: Figures::from_row(row),
            left_out: 0,
            policy: Policy::from_row(row),
            effective_lead_time_days: column(row, "effective_lead_time_days"),
        }
    }

    fn decide(&self, today: Day) -> Decision {
        decide(&self.shelf, &self.policy, today).unless_archived(self.archived)
    }
}

/// Which watched products to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection {
    /// Only this one.
    pub product_id: Option<Id>,
    /// Also when it is archived, watched or not, to say so.
    pub or_archived: bool,
    /// Only those of which something that was expected before a moment has not come, or only the others.
    pub late: Option<(bool, Timestamp)>,
    /// Only those with larger ids than this.
    pub after: Id,
    /// At most this many; none for all.
    pub limit: Option<i64>,
}

/// The watched active products in the order of their ids, with one statement, and one for what is left out of it:
/// what strangers hold without confirmation beyond `strangers_units_max`, all products together.
pub fn scan(
    db: &mut Connection,
    selection: Selection,
    strangers_units_max: Option<i64>,
) -> Result<Vec<Watched>> {
    let mut filter = Filter::default();
    if selection.or_archived {
        filter.add("(p.active = 0 OR s.reorder_point IS NOT NULL)", []);
    } else {
        filter.add("s.reorder_point IS NOT NULL", []);
        filter.add("p.active = 1", []);
    }
    let late = "s.product_id IN (SELECT r.product_id FROM restock_orders r WHERE r.status = 'open' AND r.expected_at < ?)";
    match selection.late {
        Some((true, before)) => filter.add(late, [before.into()]),
        Some((false, before)) => filter.add(format!("NOT {late}"), [before.into()]),
        None => {}
    }
    match selection.product_id {
        Some(product_id) => filter.add("s.product_id = ?", [product_id.into()]),
        None => filter.add("s.product_id > ?", [selection.after.into()]),
    }
    // A page follows the primary key; all of them are found through the key on reorder_point, which
    // skips what is not watched, and are sorted here.
    let page = selection.limit.map_or("LIMIT ?", |_| "ORDER BY s.product_id LIMIT ?");
    let sql = format!(
        "SELECT s.product_id, p.active = 0 AS archived, p.name, p.sku, s.on_hand, s.reserved, s.incoming, {},
             {EFFECTIVE_LEAD_TIME}
         FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id {} {page}",
        Policy::columns_of("s"),
        filter.sql()
    );
    let mut watched = db.rows(&sql, filter.values(selection.limit.unwrap_or(i64::MAX)), Watched::from_row)?;
    watched.sort_by_key(|watched| watched.product_id);
    let left_out = unconfirmed::left_out(db, strangers_units_max)?;
    for watched in &mut watched {
        watched.left_out = left_out.get(&watched.product_id).copied().unwrap_or(0);
        watched.shelf = watched.shelf.without_reserved(watched.left_out);
    }
    Ok(watched)
}

/// Whether there is such a product, archived or not.
pub fn is_product(db: &mut Connection, product_id: Id) -> Result<bool> {
    let sql = "SELECT product_id FROM stock WHERE product_id = ?";
    Ok(db.row(sql, (product_id,), |_| ())?.is_some())
}

/// What a run would do now, line by line. Without a change and a run it is the same, byte for byte, all day.
pub fn plan(
    db: &mut Connection,
    calendar: &Calendar,
    selection: Selection,
    strangers_units_max: Option<i64>,
    now: Timestamp,
) -> Result<Vec<PlanLine>> {
    let watched = scan(db, selection, strangers_units_max)?;
    let today = calendar.day_of(now);
    let late = late::late(db, late_before(calendar, now))?;
    let line = |watched: Watched, known: Known| {
        let decision = watched.decide(today);
        let late = late.get(&watched.product_id).copied();
        let reason = unconfirmed::explained(decision.explained(&watched.policy), watched.left_out);
        PlanLine {
            product_id: watched.product_id,
            name: watched.name,
            sku: watched.sku,
            shelf: watched.shelf,
            position: decision.position(),
            policy: watched.policy,
            effective_lead_time_days: watched.effective_lead_time_days,
            action: match decision {
                Decision::Nothing { .. } => "nothing",
                Decision::Order { .. } if watched.effective_lead_time_days == 0 => "receive",
                Decision::Order { .. } => "order",
            },
            quantity: decision.quantity(),
            reason: late::explained(reason, late, calendar),
            late,
            forecast: known.forecast(
                watched.shelf.available(),
                watched.effective_lead_time_days,
                watched.policy.service_level,
                today,
            ),
        }
    };
    let mut lines = Vec::with_capacity(watched.len());
    let mut watched = watched.into_iter().peekable();
    // The pasts of all together would be a gigabyte in a large shop.
    while watched.peek().is_some() {
        let some: Vec<Watched> = watched.by_ref().take(demand::PRODUCTS_AT_ONCE).collect();
        let ids: Vec<Id> = some.iter().map(|watched| watched.product_id).collect();
        let mut known = outlook::known(db, calendar, &ids, today)?;
        lines.extend(some.into_iter().map(|watched| {
            let known = known.remove(&watched.product_id).unwrap_or_default();
            line(watched, known)
        }));
    }
    Ok(lines)
}
