//! What restock runs do with drafts of purchase orders: one a supplier, to which they add what is due, and which they
//! order when nobody has to approve of it.

use std::collections::HashMap;

use chrono::{Datelike, Duration};
use mysql::Row;

use crate::app::App;
use crate::audit::Actor;
use crate::db::{self, Connection, Transaction, column, in_list};
use crate::error::database::is_duplicate_of;
use crate::error::{Error, Result};
use crate::restock::purchase::{self, LINES_MAX, NewDraft, draft_of};
use crate::restock::supply::Supply;
use crate::values::{Currency, Id, Price, Timestamp, Weekday};

/// A draft that is older waits for somebody.
const WAITING_AFTER: Duration = Duration::days(1);

/// What drafts hold of a product.
#[derive(Debug, Clone, Default)]
pub struct Drafted {
    /// On a draft that runs add to, in a line that no person has set: the next run sets it to what the rule says then.
    pub by_runs: Option<Line>,
    /// On a draft that runs add to, in a line that somebody has set: runs leave it alone.
    pub by_person: Option<Line>,
    /// The oldest draft with it, when it waits for somebody.
    pub waiting: Option<(Id, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub order_id: Id,
    /// As of [`draft_of`].
    pub draft_of: Id,
    pub quantity: i64,
    pub supplier_sku: Option<String>,
    pub unit_cost_minor_e4: Option<i64>,
}

/// What drafts hold, by product.
pub fn drafted(db: &mut Connection, now: Timestamp) -> Result<HashMap<Id, Drafted>> {
    let sql = "SELECT l.product_id, o.id, o.draft_of, o.created_at, l.quantity, l.supplier_sku, l.unit_cost_minor_e4, l.set_by_person
         FROM purchase_orders o STRAIGHT_JOIN purchase_order_lines l FORCE INDEX (PRIMARY) ON l.purchase_order_id = o.id
         WHERE o.status = 'draft' ORDER BY o.id";
    let mut drafted: HashMap<Id, Drafted> = HashMap::new();
    db.rows(sql, (), |row| {
        let of_product = drafted.entry(column(row, "product_id")).or_default();
        let created_at: Timestamp = column(row, "created_at");
        if of_product.waiting.is_none() && created_at <= waiting_until(now) {
            of_product.waiting = Some((column(row, "id"), created_at));
        }
        of_product.add(line_of_runs(row));
    })?;
    Ok(drafted)
}

/// A line on a draft that runs add to, and whether somebody has set it.
fn line_of_runs(row: &Row) -> Option<(Line, bool)> {
    let line = Line {
        order_id: column(row, "id"),
        draft_of: column::<Option<Id>>(row, "draft_of")?,
        quantity: column(row, "quantity"),
        supplier_sku: column(row, "supplier_sku"),
        unit_cost_minor_e4: column(row, "unit_cost_minor_e4"),
    };
    Some((line, column(row, "set_by_person")))
}

impl Drafted {
    fn add(&mut self, line: Option<(Line, bool)>) {
        match line {
            Some((line, true)) => _ = self.by_person.get_or_insert(line),
            Some((line, false)) => _ = self.by_runs.get_or_insert(line),
            None => {}
        }
    }
}

/// Which purchase orders `o` are drafts that wait for somebody; to be bound is [`waiting_until`].
pub const WAITING: &str = "o.status = 'draft' AND o.created_at <= ?";

/// Up to when a draft was made that waits now.
pub fn waiting_until(now: Timestamp) -> Timestamp {
    now - WAITING_AFTER
}

/// How many drafts wait for somebody.
pub fn waiting(db: &mut Connection, now: Timestamp) -> Result<i64> {
    let sql = format!("SELECT COUNT(*) AS waiting FROM purchase_orders o WHERE {WAITING}");
    Ok(db.row(&sql, (waiting_until(now),), |row| column(row, "waiting"))?.unwrap_or(0))
}

/// A locked draft that runs add to, with what it holds of one product.
pub struct Open {
    id: Id,
    draft_of: Id,
    lines: usize,
    line: Option<(Line, bool)>,
}

/// Locks the drafts of these suppliers that runs add to, as far as there are any.
pub fn lock(tx: &mut Transaction, mut drafts_of: Vec<Id>, product_id: Id) -> Result<Vec<Open>> {
    drafts_of.sort_unstable();
    drafts_of.dedup();
    let (marks, ids) = in_list(drafts_of);
    let sql = format!(
        "SELECT o.id, o.draft_of, l.quantity, l.supplier_sku, l.unit_cost_minor_e4, l.set_by_person,
             (SELECT COUNT(*) FROM purchase_order_lines n WHERE n.purchase_order_id = o.id) AS line_count
         FROM purchase_orders o LEFT JOIN purchase_order_lines l ON l.purchase_order_id = o.id AND l.product_id = ?
         WHERE o.draft_of IN ({marks}) ORDER BY o.draft_of FOR UPDATE"
    );
    let values = [&[product_id.into()], &ids[..]].concat();
    tx.rows(&sql, values, |row| Open {
        id: column(row, "id"),
        draft_of: column(row, "draft_of"),
        lines: column(row, "line_count"),
        line: column::<Option<i64>>(row, "quantity").and_then(|_| line_of_runs(row)),
    })
}

/// What they hold of the product, as it is by now.
pub fn held(drafts: &[Open]) -> Drafted {
    let mut drafted = Drafted::default();
    drafts.iter().for_each(|draft| drafted.add(draft.line.clone()));
    drafted
}

/// That of a supplier, made if there is none. The inner Err has it when it is full.
pub fn with_room(
    tx: &mut Transaction,
    drafts: &[Open],
    supplier_id: Option<Id>,
    run_id: Id,
    now: Timestamp,
) -> Result<std::result::Result<Id, Id>> {
    if let Some(draft) = drafts.iter().find(|draft| draft.draft_of == draft_of(supplier_id)) {
        return Ok(if draft.lines < LINES_MAX { Ok(draft.id) } else { Err(draft.id) });
    }
    let draft = NewDraft { supplier_id, for_runs: true, note: None, run_id: Some(run_id) };
    match purchase::make_draft(tx, &draft, now) {
        // Another run has just made it.
        Err(Error::Database(cause)) if is_duplicate_of(&cause, "purchase_orders_one_draft") => {
            Err(Error::Raced)
        }
        made => made.map(Ok),
    }
}

/// A draft as it stands before it is ordered.
pub struct Standing {
    pub lines: i64,
    /// Ten-thousandths of the minor unit, of what has a cost.
    pub total_minor_e4: i128,
    pub has_all_costs: bool,
    /// The first product of it that is out of the catalogue.
    pub archived_product_id: Option<Id>,
    pub supplier: Option<Seller>,
}

impl Standing {
    /// What it lacks of what its supplier takes at least, in words.
    pub fn lacks(&self, currency: &Currency, tells_costs: bool) -> Option<String> {
        let lacks = self.supplier.as_ref()?.lacks(self.total_minor_e4, currency, tells_costs)?;
        let not_all = if self.has_all_costs { "" } else { ", and its lines without a cost do not count" };
        Some(format!("{lacks}{not_all}"))
    }
}

/// The supplier of an order.
pub struct Seller {
    pub name: String,
    pub is_archived: bool,
    pub order_days: Vec<Weekday>,
    pub minimum_order_minor: Option<i64>,
}

/// The columns of `suppliers v`, outer joined, that [`Seller::from_row`] reads.
pub const SELLER_COLUMNS: &str =
    "v.name AS supplier_name, v.active AS supplier_active, v.order_days, v.minimum_order_minor";

impl Seller {
    pub fn from_row(row: &Row) -> Option<Seller> {
        Some(Seller {
            name: column::<Option<String>>(row, "supplier_name")?,
            is_archived: !column::<bool>(row, "supplier_active"),
            order_days: Weekday::from_bits(column(row, "order_days")),
            minimum_order_minor: column(row, "minimum_order_minor"),
        })
    }

    /// What an order that comes to so much lacks of what is sold at least.
    pub fn missing(&self, total_minor_e4: i128, currency: &Currency) -> Option<Price> {
        let minimum = self.minimum_order_minor?;
        let missing = i128::from(minimum) - rounded_minor(total_minor_e4);
        (missing > 0).then(|| currency.price(i64::try_from(missing).unwrap_or(minimum)))
    }

    /// The same in words, and only who may know what things cost is told how much.
    pub fn lacks(&self, total_minor_e4: i128, currency: &Currency, tells_costs: bool) -> Option<String> {
        let missing = self.missing(total_minor_e4, currency)?;
        let (minimum, code) = (currency.price(self.minimum_order_minor?), currency.code());
        let name = &self.name;
        Some(if tells_costs {
            format!("{missing} {code} are missing to the {minimum} {code} that {name} takes at least")
        } else {
            format!("{name} takes no order that comes to so little")
        })
    }
}

/// A total in the minor unit, as it is shown: what is compared is what people see.
pub fn rounded_minor(minor_e4: i128) -> i128 {
    (minor_e4 + 5_000).div_euclid(10_000)
}

/// Reads a draft as it stands.
pub fn standing(db: &mut Connection, order_id: Id) -> Result<Option<Standing>> {
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM purchase_order_lines l WHERE l.purchase_order_id = o.id) AS line_count,
             NOT EXISTS (SELECT 1 FROM purchase_order_lines l
                         WHERE l.purchase_order_id = o.id AND l.unit_cost_minor_e4 IS NULL) AS has_all_costs,
             (SELECT MIN(p.id) FROM purchase_order_lines l STRAIGHT_JOIN products p ON p.id = l.product_id
              WHERE l.purchase_order_id = o.id AND p.active = 0) AS archived_product_id,
             (SELECT CAST(COALESCE(SUM(CAST(l.unit_cost_minor_e4 AS DECIMAL(30)) * l.quantity), 0) AS CHAR)
              FROM purchase_order_lines l WHERE l.purchase_order_id = o.id) AS total_minor_e4, {SELLER_COLUMNS}
         FROM purchase_orders o LEFT JOIN suppliers v ON v.id = o.supplier_id WHERE o.id = ?"
    );
    db.row(&sql, (order_id,), |row| Standing {
        lines: column(row, "line_count"),
        total_minor_e4: column::<String>(row, "total_minor_e4").parse().unwrap_or(i128::MAX),
        has_all_costs: column(row, "has_all_costs"),
        archived_product_id: column(row, "archived_product_id"),
        supplier: Seller::from_row(row),
    })
}

/// Why a draft that runs add to is not ordered now; None when it is time.
pub fn waits_for(app: &App, standing: &Standing, now: Timestamp, tells_costs: bool) -> Option<String> {
    if app.config.restock_needs_approval {
        return Some("it waits for somebody to order it".to_owned());
    }
    if let Some(product_id) = standing.archived_product_id {
        return Some(format!("product {product_id} is archived; take its line off, or restore it"));
    }
    let seller = standing.supplier.as_ref()?;
    let name = &seller.name;
    if seller.is_archived {
        return Some(format!("{name} is archived; restore it, or order elsewhere"));
    }
    let today = app.config.calendar.day_of(now);
    let weekday = Weekday::ALL[today.0.weekday().num_days_from_monday() as usize];
    if !seller.order_days.is_empty() && !seller.order_days.contains(&weekday) {
        let days = Weekday::listed(&seller.order_days);
        return Some(format!("the shop orders from {name} on {days}"));
    }
    standing.lacks(&app.config.currency, tells_costs)
}

/// Which drafts that runs add to there are; of one product, those with it.
pub fn of_runs(db: &mut Connection, product_id: Option<Id>) -> Result<Vec<Id>> {
    let sql = "SELECT o.id FROM purchase_orders o WHERE o.draft_of IS NOT NULL AND (? IS NULL OR EXISTS (
                 SELECT 1 FROM purchase_order_lines l WHERE l.purchase_order_id = o.id AND l.product_id = ?
             )) ORDER BY o.id";
    db.rows(sql, (product_id, product_id), |row| column(row, "id"))
}

/// Orders a draft that runs add to if it is time, and tells the lines of the run what became of it. An empty one is
/// closed.
pub fn settle(app: &App, run_id: Id, order_id: Id, actor: Actor) -> Result<()> {
    db::transaction(&app.pool, |tx| {
        let now = app.clock.now();
        let product_ids = purchase::product_ids(tx, order_id)?;
        tx.take_turn(product_ids)?;
        let sql = "SELECT id FROM purchase_orders WHERE id = ? AND draft_of IS NOT NULL FOR UPDATE";
        if tx.row(sql, (order_id,), |_| ())?.is_none() {
            // Somebody has ordered it.
            return Ok(());
        }
        let Some(standing) = standing(tx, order_id)? else { return Ok(()) };
        if standing.lines == 0 {
            return purchase::cancel(tx, order_id, now);
        }
        // The lines of a run are read by who may not know what things cost.
        if let Some(reason) = waits_for(app, &standing, now, false) {
            let reason = format!("; on draft purchase order {order_id}: {reason}");
            let sql = "UPDATE restock_run_lines SET reason = LEFT(CONCAT(reason, ?), 1000)
                 WHERE run_id = ? AND purchase_order_id = ?";
            tx.execute(sql, (reason, run_id, order_id))?;
            return Ok(());
        }
        purchase::place(app, tx, order_id, actor)?;
        tx.execute(
            "UPDATE restock_run_lines r STRAIGHT_JOIN purchase_order_lines l
                 ON l.purchase_order_id = ? AND l.product_id = r.product_id
             SET r.outcome = IF(l.received > 0, 'received', 'ordered'), r.quantity = l.quantity,
                 r.purchase_order_id = l.purchase_order_id
             WHERE r.run_id = ?",
            (order_id, run_id),
        )?;
        Ok(())
    })
}

impl Line {
    /// Whether it says already what a run would put there.
    pub fn is_of(&self, supply: Option<&Supply>, quantity: i64) -> bool {
        let cost = supply.map(|supply| supply.terms.cost_at(quantity).minor_e4);
        let sku = supply.and_then(|supply| supply.terms.supplier_sku.as_ref()).map(|sku| sku.0.as_str());
        let of = draft_of(supply.map(|supply| supply.supplier_id));
        (self.draft_of, self.quantity, self.unit_cost_minor_e4, self.supplier_sku.as_deref())
            == (of, quantity, cost, sku)
    }
}
