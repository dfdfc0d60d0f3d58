//! Purchase orders: which there are, what is on one and what is done with it, what is sent to the supplier, and what came.

pub mod line;
mod lines;
pub mod list;
pub mod order;
pub mod papers;
pub mod receive;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::values::{Id, id_from_digits};

/// An order without its lines.
#[derive(Deserialize)]
pub struct Head {
    pub id: Id,
    pub status: String,
    pub supplier_id: Option<Id>,
    supplier_name: Option<String>,
    run_id: Option<Id>,
    for_runs: bool,
    note: Option<String>,
    line_count: i64,
    units: i64,
    received: i64,
    outstanding: i64,
    total: Option<String>,
    minimum_order_value: Option<String>,
    missing_value: Option<String>,
    pub created_at: String,
    ordered_at: Option<String>,
    pub expected_at: Option<String>,
    closed_at: Option<String>,
    overdue: bool,
    allowed_actions: Vec<String>,
}

#[derive(Deserialize)]
pub struct PurchaseOrder {
    #[serde(flatten)]
    head: Head,
    waits_for: Option<String>,
    lines: Vec<Line>,
    receipts: Vec<Receipt>,
}

#[derive(Deserialize)]
pub struct Line {
    product_id: Id,
    product_name: String,
    sku: Option<String>,
    supplier_sku: Option<String>,
    pub quantity: i64,
    received: i64,
    rejected: i64,
    outstanding: i64,
    unit_cost: Option<String>,
    set_by_person: bool,
    reason: Option<String>,
    expected_at: Option<String>,
    received_at: Option<String>,
}

#[derive(Deserialize)]
struct Receipt {
    number: i64,
    at: String,
    actor: Option<Actor>,
    lines: Vec<ReceiptLine>,
}

#[derive(Deserialize)]
struct Actor {
    username: Option<String>,
    api_key_name: Option<String>,
}

#[derive(Deserialize)]
struct ReceiptLine {
    product_id: Id,
    accepted: i64,
    rejected: i64,
}

impl Receipt {
    /// Who has unpacked it.
    fn actor(&self) -> &str {
        let actor = self.actor.as_ref();
        let name = actor.and_then(|actor| actor.username.as_deref().or(actor.api_key_name.as_deref()));
        name.unwrap_or(t::THE_SHOP)
    }
}

impl Head {
    pub fn seller(&self) -> &str {
        self.supplier_name.as_deref().unwrap_or(t::OWN_LIST)
    }

    fn may(&self, action: &str) -> bool {
        self.allowed_actions.iter().any(|allowed| allowed == action)
    }
}

/// As many lines as every list shows.
const LINES_SHOWN: usize = 20;

/// The lines of a page, and where the next begins. They are in the order of their products.
fn shown<'a>(visit: &Visit, lines: &'a [Line]) -> (&'a [Line], Option<String>) {
    let after = visit.param("after").and_then(id_from_digits).unwrap_or(0);
    let rest = &lines[lines.partition_point(|line| line.product_id <= after)..];
    let page = &rest[..rest.len().min(LINES_SHOWN)];
    let next = page.last().filter(|_| rest.len() > page.len()).map(|line| line.product_id.to_string());
    (page, next)
}

/// Whether whoever is logged in may know what goods cost: who may read suppliers.
fn knows_costs(visit: &Visit) -> bool {
    visit.api.may("GET", "/suppliers")
}

/// The ways through the room; `here` is the path of the one that is open.
pub fn ways(visit: &Visit, here: &str) -> Markup {
    let ways = [
        ("/desk/restock", t::PLAN),
        ("/desk/purchase_orders", t::PURCHASE_ORDERS),
        ("/desk/restock/runs", t::RUNS),
        ("/desk/suppliers", t::SUPPLIERS),
    ];
    html! {
        ul.tabs.screen {
            @for (path, name) in ways {
                @if path != "/desk/suppliers" || visit.api.may("GET", "/suppliers") {
                    li { a href=(path) aria-current=[(path == here).then_some("true")] { (name) } }
                }
            }
        }
    }
}
