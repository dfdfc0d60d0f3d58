//! Restock: what is to be bought and why, and what the runs have done.

pub mod line;
pub mod plan;
pub mod runs;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::values::Id;

/// A watched product: how it stands, and what a run would do about it now.
#[derive(Deserialize)]
struct PlanLine {
    product_id: Id,
    name: String,
    sku: Option<String>,
    on_hand: i64,
    reserved: i64,
    incoming: i64,
    drafted: i64,
    position: i64,
    reorder_point: Option<i64>,
    reorder_target: Option<i64>,
    reorder_multiple: i64,
    snoozed_until: Option<String>,
    effective_lead_time_days: i64,
    supplier_id: Option<Id>,
    supplier_name: Option<String>,
    pack_size: i64,
    minimum_quantity: i64,
    action: String,
    quantity: i64,
    reason: String,
    draft_purchase_order_id: Option<Id>,
    late: Option<Late>,
    forecast: Forecast,
}

#[derive(Deserialize)]
struct Late {
    units: i64,
    expected_at: String,
}

#[derive(Deserialize)]
struct Forecast {
    stock_out_date: Option<String>,
    looks_judged: i64,
    wanted: Option<f64>,
    reached: Option<f64>,
}

impl PlanLine {
    fn seller(&self) -> &str {
        self.supplier_name.as_deref().unwrap_or(t::OWN_LIST)
    }

    /// What is to be done about it, in a few words; a draft is a link.
    fn what(&self) -> Markup {
        html! {
            @match (self.quantity, self.draft_purchase_order_id) {
                (0, Some(draft)) => a href={ "/desk/purchase_orders/" (draft) } { (t::on_draft(draft)) },
                (0, None) if self.drafted > 0 => {
                    a href={ "/desk/purchase_orders?view=draft&product_id=" (self.product_id) } { (t::ON_A_DRAFT) }
                }
                (0, None) => (t::NOTHING_TO_DO),
                (units, _) => strong { (t::to_do(&self.action, units)) },
            }
        }
    }

    /// Until when no run buys it; nothing once that is over.
    fn snoozed(&self, visit: &Visit) -> Markup {
        let app = visit.app();
        let today = app.config.calendar.day_of(app.clock.now()).to_string();
        html! {
            @match self.snoozed_until.as_deref() {
                Some(day) if day > today.as_str() => { br; (t::SNOOZED) " " (visit.on(day)) }
                Some(day) if day == today => { br; (t::SNOOZED_TILL_TODAY) }
                _ => {}
            }
        }
    }

    /// How often what was suggested has lasted.
    fn hit_rate(&self, visit: &Visit) -> String {
        let percent = |part: f64| visit.app().config.locale.number(&format!("{:.1}", part * 100.0));
        match (self.forecast.reached, self.forecast.wanted) {
            (Some(reached), Some(wanted)) => {
                t::hit_rate(self.forecast.looks_judged, &percent(reached), &percent(wanted))
            }
            _ => t::NOT_JUDGED.to_owned(),
        }
    }
}
