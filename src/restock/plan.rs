//! What a run would do now: the watched products, and what the rule says of each.

use std::collections::{HashMap, HashSet};

use mysql::Row;
use serde::Serialize;

use crate::config::Config;
use crate::db::{Connection, Filter, column, in_list};
use crate::error::Result;
use crate::ledger::Figures;
use crate::restock::drafts::{self, Drafted, Line};
use crate::restock::late::{self, LATE_LINES, Late, late_before};
use crate::restock::outlook::{self, Forecast, Known};
use crate::restock::purchase::draft_of;
use crate::restock::supply::{self, Supply, WAITING, Waiting};
use crate::restock::{Decision, Packing, Policy, decide, demand, unconfirmed};
use crate::values::{Day, Id, Timestamp};

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
    pub waiting: Waiting,
    /// The preferred supplier, with what it asks.
    pub supply: Option<Supply>,
    pub drafted: Drafted,
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
    #[serde(flatten)]
    pub waiting: Waiting,
    /// None for the shop's own list.
    pub supplier_id: Option<Id>,
    pub supplier_name: Option<String>,
    pub pack_size: i64,
    pub minimum_quantity: i64,
    /// `order`, `receive` (at once), `draft` (somebody has to approve of it) or `nothing`.
    pub action: &'static str,
    pub quantity: i64,
    pub reason: String,
    /// The draft on which the last run has put it, if no person has set the line since.
    pub draft_purchase_order_id: Option<Id>,
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
            waiting: Waiting::from_row(row),
            supply: None,
            drafted: Drafted::default(),
        }
    }

    pub fn packing(&self) -> Packing {
        supply::packing(self.supply.as_ref())
    }

    /// What should be bought, what stands on the draft of the runs aside.
    pub fn decide(&self, today: Day) -> Decision {
        let on_draft = self.drafted.by_runs.as_ref().map_or(0, |line| line.quantity);
        let shelf = Figures { drafted: self.shelf.drafted - on_draft, ..self.shelf };
        decide(&shelf, &self.policy, &self.packing(), today).unless_archived(self.archived)
    }

    /// Whether the rule wants some bought, be it on a draft already or not.
    fn is_due(&self, today: Day) -> bool {
        let shelf = Figures { drafted: 0, ..self.shelf };
        let decision = decide(&shelf, &self.policy, &self.packing(), today).unless_archived(self.archived);
        decision.quantity() > 0
    }

    /// The line of the draft that it would be put on, where somebody has set that.
    fn set_by_person(&self) -> Option<&Line> {
        let supplier_id = self.supply.as_ref().map(|supply| supply.supplier_id);
        self.drafted.by_person.as_ref().filter(|line| line.draft_of == draft_of(supplier_id))
    }

    /// What a run puts on the draft: nothing where somebody has set the line.
    pub fn to_draft(&self, decision: &Decision) -> i64 {
        self.set_by_person().map_or(decision.quantity(), |_| 0)
    }

    /// Whether the draft of the runs says already what the rule says.
    pub fn is_settled(&self, decision: &Decision) -> bool {
        let quantity = self.to_draft(decision);
        match &self.drafted.by_runs {
            Some(line) => line.is_of(self.supply.as_ref(), quantity),
            None => quantity == 0,
        }
    }

    /// Why.
    pub fn reason(&self, decision: &Decision) -> String {
        let reason = decision.explained(&self.policy, &self.packing());
        let mut reason = unconfirmed::explained(reason, self.left_out);
        if self.waiting.is_unknown && decision.quantity() > 0 {
            reason.push_str(
                "; of those who sell it none is active and preferred, so it goes on the shop's own list and is there once \
                 somebody receives it",
            );
        }
        match self.set_by_person() {
            Some(Line { order_id, quantity, .. }) if decision.quantity() > 0 => format!(
                "{reason}; but somebody has set its line on draft purchase order {order_id} to {quantity}, which runs leave alone"
            ),
            _ => reason,
        }
    }

    /// Why, with all that is to be said of the product.
    pub fn explained(&self, decision: &Decision) -> String {
        let reason = self.reason(decision);
        match &self.drafted.by_runs {
            Some(line) => format!(
                "{reason}; with the {} on draft purchase order {} the position is {}",
                line.quantity,
                line.order_id,
                self.shelf.position()
            ),
            None => reason,
        }
    }
}

/// Which watched products to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection {
    /// Only this one.
    pub product_id: Option<Id>,
    /// Also when it is archived, watched or not, to say so.
    pub or_archived: bool,
    /// Also when nobody watches it, to say so.
    pub or_unwatched: bool,
    /// Also those that an earlier run has put on a draft and that are watched no more.
    pub or_drafted: bool,
    /// Only those of which something that was expected before a moment has not come, or only the others.
    pub late: Option<(bool, Timestamp)>,
    /// Only those of which the rule wants some bought now, on a draft already or not, or only the others. The plan looks
    /// at it, and a run decides by itself.
    pub due: Option<bool>,
    /// Only those that are bought from this supplier.
    pub supplier_id: Option<Id>,
    /// Only those with larger ids than this.
    pub after: Id,
    /// At most this many; none for all.
    pub limit: Option<i64>,
}

/// The watched active products in the order of their ids: one statement for them, and one each for their suppliers, for
/// what is on drafts, and for what is left out of it, which is what strangers hold without confirmation beyond a limit,
/// all products together.
pub fn scan(
    db: &mut Connection,
    config: &Config,
    selection: Selection,
    now: Timestamp,
) -> Result<Vec<Watched>> {
    let mut filter = Filter::default();
    match selection {
        Selection { or_unwatched: true, .. } => {}
        Selection { or_archived: true, .. } => {
            filter.add("(p.active = 0 OR s.reorder_point IS NOT NULL)", [])
        }
        _ => filter.add("s.reorder_point IS NOT NULL AND p.active = 1", []),
    }
    let late = format!("s.product_id IN (SELECT l.product_id {LATE_LINES})");
    match selection.late {
        Some((true, before)) => filter.add(late, [before.into()]),
        Some((false, before)) => filter.add(format!("NOT {late}"), [before.into()]),
        None => {}
    }
    if let Some(supplier_id) = selection.supplier_id {
        filter.add(
            "s.product_id IN (SELECT t.product_id FROM supplier_products t WHERE t.supplier_id = ? AND t.preferred_product_id IS NOT NULL)",
            [supplier_id.into()],
        );
    }
    match selection.product_id {
        Some(product_id) => filter.add("s.product_id = ?", [product_id.into()]),
        None => filter.add("s.product_id > ?", [selection.after.into()]),
    }
    // A page follows the primary key; all of them are found through the key on reorder_point, which
    // skips what is not watched, and are sorted here.
    let page = selection.limit.map_or("LIMIT ?", |_| "ORDER BY s.product_id LIMIT ?");
    let mut watched = read(db, filter, page, selection.limit.unwrap_or(i64::MAX))?;
    let mut drafted = drafts::drafted(db, now)?;
    if selection.or_drafted {
        let there: HashSet<Id> = watched.iter().map(|watched| watched.product_id).collect();
        let is_wanted =
            |id: &Id| selection.product_id.is_none_or(|wanted| wanted == *id) && !there.contains(id);
        let by_runs = drafted.iter().filter(|(_, drafted)| drafted.by_runs.is_some());
        let others: Vec<Id> = by_runs.map(|(id, _)| *id).filter(is_wanted).collect();
        for some in others.chunks(demand::PRODUCTS_AT_ONCE) {
            let (marks, ids) = in_list(some.iter().copied());
            let mut filter = Filter::default();
            filter.add(format!("s.product_id IN ({marks})"), ids);
            watched.extend(read(db, filter, "LIMIT ?", i64::MAX)?);
        }
    }
    watched.sort_by_key(|watched| watched.product_id);
    let ids: Vec<Id> = watched.iter().map(|watched| watched.product_id).collect();
    let mut supplies = supply::preferred(db, &config.currency, &ids)?;
    let left_out = unconfirmed::left_out(db, config.strangers_units_max())?;
    for watched in &mut watched {
        watched.supply = supplies.remove(&watched.product_id);
        watched.drafted = drafted.remove(&watched.product_id).unwrap_or_default();
        watched.left_out = left_out.get(&watched.product_id).copied().unwrap_or(0);
        watched.shelf = watched.shelf.without_reserved(watched.left_out);
    }
    Ok(watched)
}

fn read(db: &mut Connection, filter: Filter, page: &str, limit: i64) -> Result<Vec<Watched>> {
    let sql = format!(
        "SELECT s.product_id, p.active = 0 AS archived, p.name, p.sku, {}, {}, {WAITING}
         FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id {} {page}",
        Figures::columns_of("s"),
        Policy::columns_of("s"),
        filter.sql()
    );
    db.rows(&sql, filter.values(limit), Watched::from_row)
}

/// Whether there is such a product, archived or not.
pub fn is_product(db: &mut Connection, product_id: Id) -> Result<bool> {
    let sql = "SELECT product_id FROM stock WHERE product_id = ?";
    Ok(db.row(sql, (product_id,), |_| ())?.is_some())
}

/// What a run would do now, line by line. Without a change and a run it is the same, byte for byte, all day.
pub fn plan(
    db: &mut Connection,
    config: &Config,
    selection: Selection,
    now: Timestamp,
) -> Result<Vec<PlanLine>> {
    let today = config.calendar.day_of(now);
    let watched = match selection.due {
        None => scan(db, config, selection, now)?,
        // The rule says what is due, so all are looked at; a page of them is forecast.
        Some(due) => {
            let all = scan(db, config, Selection { limit: None, ..selection }, now)?;
            let wanted = all.into_iter().filter(|of| of.is_due(today) == due);
            let limit = selection.limit.and_then(|limit| usize::try_from(limit).ok());
            wanted.take(limit.unwrap_or(usize::MAX)).collect()
        }
    };
    let late = late::late(db, late_before(&config.calendar, now))?;
    let mut lines = Vec::with_capacity(watched.len());
    let mut watched = watched.into_iter().peekable();
    // The pasts of all together would be a gigabyte in a large shop.
    while watched.peek().is_some() {
        let some: Vec<Watched> = watched.by_ref().take(demand::PRODUCTS_AT_ONCE).collect();
        let ids: Vec<Id> = some.iter().map(|watched| watched.product_id).collect();
        let mut known: HashMap<Id, Known> = outlook::known(db, &config.calendar, &ids, today)?;
        lines.extend(some.into_iter().map(|watched| {
            let known = known.remove(&watched.product_id).unwrap_or_default();
            let late = late.get(&watched.product_id).copied();
            PlanLine::new(config, watched, &known, late, today)
        }));
    }
    Ok(lines)
}

impl PlanLine {
    fn new(config: &Config, watched: Watched, known: &Known, late: Option<Late>, today: Day) -> PlanLine {
        let decision = watched.decide(today);
        let quantity = if watched.is_settled(&decision) { 0 } else { watched.to_draft(&decision) };
        let mut reason = late::explained(watched.explained(&decision), late, &config.calendar);
        if let Some((order_id, since)) = watched.drafted.waiting {
            let day = config.calendar.day_of(since);
            reason.push_str(&format!("; draft purchase order {order_id} waits since {day}"));
        }
        let packing = watched.packing();
        PlanLine {
            product_id: watched.product_id,
            name: watched.name,
            sku: watched.sku,
            shelf: watched.shelf,
            position: watched.shelf.position(),
            policy: watched.policy,
            waiting: watched.waiting,
            supplier_id: watched.supply.as_ref().map(|supply| supply.supplier_id),
            supplier_name: watched.supply.map(|supply| supply.supplier_name),
            pack_size: packing.pack_size,
            minimum_quantity: packing.minimum_quantity,
            action: match quantity {
                0 => "nothing",
                _ if config.restock_needs_approval => "draft",
                _ if watched.waiting.is_at_once() => "receive",
                _ => "order",
            },
            quantity,
            reason,
            draft_purchase_order_id: watched.drafted.by_runs.as_ref().map(|line| line.order_id),
            late,
            forecast: known.forecast(
                watched.shelf.available(),
                watched.waiting,
                watched.policy.service_level,
                today,
            ),
        }
    }
}
