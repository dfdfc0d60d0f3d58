//! A purchase order as it is shown: with its lines, and what came of them. What things cost is shown to those who may
//! know it.

use mysql::Row;
use serde::Serialize;

use crate::app::App;
use crate::db::{Connection, Filter, column};
use crate::error::Result;
use crate::handlers::movements::ActorNamed;
use crate::problem::Problem;
use crate::restock::drafts::{self, SELLER_COLUMNS, Seller, rounded_minor};
use crate::restock::late_before;
use crate::restock::purchase::OrderStatus;
use crate::values::{Id, Price, Timestamp, UnitCost, Worth};
use crate::web::caller::Caller;

/// An order without its lines.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    pub id: Id,
    pub status: OrderStatus,
    /// None for the shop's own list.
    pub supplier_id: Option<Id>,
    pub supplier_name: Option<String>,
    /// The run that made it; None where a person or a program did.
    pub run_id: Option<Id>,
    /// Whether runs add to it.
    pub for_runs: bool,
    pub note: Option<String>,
    pub currency: String,
    pub line_count: i64,
    pub units: i64,
    pub received: i64,
    /// In so many deliveries.
    pub receipt_count: i64,
    /// What is still to come of an order.
    pub outstanding: i64,
    /// Rounded to the minor unit; None for who may not know it, and where a line has no cost.
    pub total: Option<Worth>,
    pub minimum_order_value: Option<Price>,
    /// What a draft lacks of that; None where the total is.
    pub missing_value: Option<Price>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ordered_at: Option<Timestamp>,
    /// When the last of it is expected.
    pub expected_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// Something was expected before today and has not come.
    pub overdue: bool,
    pub allowed_actions: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrder {
    #[serde(flatten)]
    pub head: Head,
    /// Why a run leaves the draft that it adds to as a draft; None for others.
    pub waits_for: Option<String>,
    pub lines: Vec<OrderLine>,
    /// The last ones, as many as have [`RECEIPT_LINES_SHOWN`] lines together.
    pub receipts: Vec<Receipt>,
}

/// So that an order of 500 lines that came in 200 receipts is still an answer of some 300 kB.
const RECEIPT_LINES_SHOWN: i64 = 2000;

#[derive(Debug, Clone, Serialize)]
pub struct OrderLine {
    pub product_id: Id,
    pub product_name: String,
    pub sku: Option<String>,
    pub supplier_sku: Option<String>,
    pub quantity: i64,
    pub received: i64,
    pub rejected: i64,
    pub outstanding: i64,
    /// Of one unit; None for who may not know it, and where nobody knows it.
    pub unit_cost: Option<UnitCost>,
    pub set_by_person: bool,
    /// Why a run has put it there.
    pub reason: Option<String>,
    pub lead_time_days: Option<i64>,
    pub expected_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
}

/// A delivery. What was noted of it stands in the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Counts those of an order from 1.
    pub number: i64,
    pub at: Timestamp,
    pub actor: Option<ActorNamed>,
    pub lines: Vec<ReceiptLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReceiptLine {
    pub product_id: Id,
    pub accepted: i64,
    pub rejected: i64,
}

/// The SELECT of heads: of the orders of a page, or of one. `hint`, `filter` and `page` are about `purchase_orders o`.
pub fn select_heads(hint: &str, filter: &Filter, page: &str) -> String {
    format!(
        "SELECT o.id, o.status, o.supplier_id, o.draft_of, o.run_id, o.note, o.created_at, o.updated_at, o.ordered_at,
             o.closed_at, o.receipt_count, {SELLER_COLUMNS}, COUNT(l.product_id) AS line_count,
             CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) AS units,
             CAST(COALESCE(SUM(l.received), 0) AS SIGNED) AS received,
             CAST(COALESCE(SUM(GREATEST(l.quantity - l.received, 0)), 0) AS SIGNED) AS outstanding,
             COUNT(l.unit_cost_minor_e4) AS with_cost,
             CAST(COALESCE(SUM(CAST(l.unit_cost_minor_e4 AS DECIMAL(30)) * l.quantity), 0) AS CHAR) AS total_minor_e4,
             MAX(l.expected_at) AS expected_at,
             MIN(CASE WHEN l.received < l.quantity THEN l.expected_at END) AS next_expected_at
         FROM (SELECT o.* FROM purchase_orders o {hint} {} {page} LIMIT ?) o
         LEFT JOIN purchase_order_lines l ON l.purchase_order_id = o.id
         LEFT JOIN suppliers v ON v.id = o.supplier_id
         GROUP BY o.id, o.status, o.supplier_id, o.draft_of, o.run_id, o.note, o.created_at, o.updated_at, o.ordered_at,
             o.closed_at, o.receipt_count, v.name, v.active, v.order_days, v.minimum_order_minor
         {page}",
        filter.sql()
    )
}

impl Head {
    pub fn from_row(app: &App, row: &Row, caller: &Caller) -> Head {
        let currency = &app.config.currency;
        let status: OrderStatus = column(row, "status");
        let seller = Seller::from_row(row);
        let (lines, with_cost): (i64, i64) = (column(row, "line_count"), column(row, "with_cost"));
        let total_minor_e4: i128 = column::<String>(row, "total_minor_e4").parse().unwrap_or(i128::MAX);
        let is_open = status == OrderStatus::Ordered;
        let ordered_at: Option<Timestamp> = column(row, "ordered_at");
        let next_expected_at: Option<Timestamp> = column(row, "next_expected_at");
        let today = late_before(&app.config.calendar, app.clock.now());
        let knows_costs = caller.knows_costs();
        let has_total = knows_costs && lines == with_cost;
        Head {
            id: column(row, "id"),
            status,
            supplier_id: column(row, "supplier_id"),
            supplier_name: seller.as_ref().map(|seller| seller.name.clone()),
            run_id: column(row, "run_id"),
            for_runs: column::<Option<Id>>(row, "draft_of").is_some(),
            note: column(row, "note"),
            currency: currency.code().to_owned(),
            line_count: lines,
            units: column(row, "units"),
            received: column(row, "received"),
            receipt_count: column(row, "receipt_count"),
            outstanding: if is_open { column(row, "outstanding") } else { 0 },
            // Of as many and as dear units as may be ordered it is larger than any price.
            total: has_total.then(|| currency.worth(rounded_minor(total_minor_e4) * 10_000)),
            minimum_order_value: seller
                .as_ref()
                .and_then(|seller| seller.minimum_order_minor)
                .filter(|_| knows_costs)
                .map(|minor| currency.price(minor)),
            missing_value: seller
                .filter(|_| has_total && status == OrderStatus::Draft)
                .and_then(|seller| seller.missing(total_minor_e4, currency)),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
            ordered_at,
            expected_at: column(row, "expected_at"),
            closed_at: column(row, "closed_at"),
            overdue: is_open && next_expected_at.is_some_and(|expected_at| expected_at < today),
            allowed_actions: allowed_actions(status, ordered_at.is_some()).to_vec(),
        }
    }
}

/// What may be done with it; each is a route.
fn allowed_actions(status: OrderStatus, was_ordered: bool) -> &'static [&'static str] {
    match status {
        OrderStatus::Draft => &["order", "split", "merge", "cancel"],
        OrderStatus::Ordered => &["receive", "cancel"],
        OrderStatus::Cancelled if !was_ordered => &[],
        OrderStatus::Received | OrderStatus::Cancelled => &["receive"],
    }
}

/// The order as it stands; 404 when there is none. To be called in one transaction.
pub fn find(app: &App, db: &mut Connection, id: Id, caller: &Caller) -> Result<PurchaseOrder> {
    let mut filter = Filter::default();
    filter.add("o.id = ?", [id.into()]);
    let sql = select_heads("", &filter, "");
    let head = db.row(&sql, filter.values(1), |row| Head::from_row(app, row, caller))?;
    let head = head.ok_or_else(Problem::not_found)?;
    let waits_for = if head.for_runs { waits_for(app, db, &head, caller)? } else { None };
    Ok(PurchaseOrder { waits_for, lines: lines(app, db, &head, caller)?, receipts: receipts(db, id)?, head })
}

fn waits_for(app: &App, db: &mut Connection, head: &Head, caller: &Caller) -> Result<Option<String>> {
    let Some(standing) = drafts::standing(db, head.id)? else { return Ok(None) };
    Ok(drafts::waits_for(app, &standing, app.clock.now(), caller.knows_costs()))
}

fn lines(app: &App, db: &mut Connection, head: &Head, caller: &Caller) -> Result<Vec<OrderLine>> {
    let sql = "SELECT l.product_id, p.name, p.sku, l.supplier_sku, l.quantity, l.received, l.rejected, l.unit_cost_minor_e4,
             l.set_by_person, l.reason, l.lead_time_days, l.expected_at, l.received_at
         FROM purchase_order_lines l STRAIGHT_JOIN products p ON p.id = l.product_id
         WHERE l.purchase_order_id = ? ORDER BY l.product_id";
    let cost = |row: &Row| column::<Option<i64>>(row, "unit_cost_minor_e4");
    let is_open = head.status == OrderStatus::Ordered;
    db.rows(sql, (head.id,), |row| {
        let (quantity, received): (i64, i64) = (column(row, "quantity"), column(row, "received"));
        OrderLine {
            product_id: column(row, "product_id"),
            product_name: column(row, "name"),
            sku: column(row, "sku"),
            supplier_sku: column(row, "supplier_sku"),
            quantity,
            received,
            rejected: column(row, "rejected"),
            outstanding: if is_open { (quantity - received).max(0) } else { 0 },
            unit_cost: cost(row)
                .filter(|_| caller.knows_costs())
                .map(|minor_e4| app.config.currency.unit_cost(minor_e4)),
            set_by_person: column(row, "set_by_person"),
            reason: column(row, "reason"),
            lead_time_days: column(row, "lead_time_days"),
            expected_at: column(row, "expected_at"),
            received_at: column(row, "received_at"),
        }
    })
}

fn receipts(db: &mut Connection, id: Id) -> Result<Vec<Receipt>> {
    let sql = "SELECT p.receipt, p.product_id, p.accepted, p.rejected, p.at,
             p.actor_account_id, a.username, p.actor_api_key_id, k.name AS api_key_name
         FROM purchase_order_receipts p LEFT JOIN accounts a ON a.id = p.actor_account_id
         LEFT JOIN api_keys k ON k.id = p.actor_api_key_id
         WHERE p.purchase_order_id = ? AND p.receipt > (
             SELECT COALESCE(MAX(t.receipt), 0) FROM (
                 SELECT r.receipt, SUM(COUNT(*)) OVER (ORDER BY r.receipt DESC) AS so_far
                 FROM purchase_order_receipts r WHERE r.purchase_order_id = ? GROUP BY r.receipt
             ) t WHERE t.so_far > ?
         ) ORDER BY p.receipt, p.product_id";
    let mut receipts: Vec<Receipt> = Vec::new();
    db.rows(sql, (id, id, RECEIPT_LINES_SHOWN), |row| {
        let number: i64 = column(row, "receipt");
        if receipts.last().is_none_or(|last| last.number != number) {
            let actor = ActorNamed::from_row(row);
            receipts.push(Receipt { number, at: column(row, "at"), actor, lines: Vec::new() });
        }
        let line = ReceiptLine {
            product_id: column(row, "product_id"),
            accepted: column(row, "accepted"),
            rejected: column(row, "rejected"),
        };
        receipts.last_mut().expect("it was just pushed").lines.push(line);
    })?;
    Ok(receipts)
}
