//! What another rule would have done with a product's own past. It writes nothing.

use rouille::Response;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::handlers::stock::{self, PolicyChanges};
use crate::problem::Problem;
use crate::restock::forecast::DAYS_MAX;
use crate::restock::what_if::Rule;
use crate::restock::{self, Asked, Policy, outlook, supply};
use crate::values::{Bad, whole_number};
use crate::web::request::Request;
use crate::web::response;

/// `POST /products/{id}/stock/what-if`: any of `{reorder_point, reorder_target, reorder_multiple, order_max,
/// lead_time_days, service_level, days}`; what is not named is as it is. A `service_level` without a `reorder_point` means
/// the point that the forecast suggests at it.
pub fn ask(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json_or_nothing()?;
    form.forget_empty(&["reorder_multiple", "service_level"]);
    let changes = PolicyChanges::read_rule(&mut form);
    let days_max = i64::try_from(DAYS_MAX).unwrap_or(i64::MAX);
    let days = form.optional("days", |input| whole_number(input, 1, days_max));
    let (changes, days) = form.finish(|| Some((changes?, days?)))?;
    let (config, product_id) = (&app.config, request.path_id);
    let today = config.calendar.day_of(app.clock.now());
    let (stock, known, supply) = db::read(&app.pool, |db| {
        let stock = stock::find(db, product_id, None)?;
        let known = outlook::known_of_one(db, &config.calendar, product_id, today)?;
        let supply = supply::preferred(db, &config.currency, &[product_id])?.remove(&product_id);
        Ok((stock, known, supply))
    })?;
    let stated = |policy: Policy| Rule::of(policy, supply.as_ref());
    // As long as its receipts have shown, but for a lead time that is proposed.
    let rule_of = |policy: Policy| {
        let rule = stated(policy);
        Rule { lead_time_days: known.lead_time_days(rule.lead_time_days), ..rule }
    };
    let proposed_rule =
        |policy: Policy| if changes.lead_time_days.is_some() { stated(policy) } else { rule_of(policy) };
    let suggested =
        |policy: Policy| known.suggested(proposed_rule(policy).waiting_days(), policy.service_level);
    let proposal = proposed(&changes, stock.policy, suggested)?;
    let asked = Asked {
        product_id,
        name: stock.name,
        sku: stock.sku,
        known: &known,
        days: days.and_then(|days| usize::try_from(days).ok()).unwrap_or(DAYS_MAX),
        now: rule_of(stock.policy),
        proposal: proposed_rule(proposal),
        unit_cost: supply.as_ref().filter(|_| request.caller.knows_costs()).map(|supply| supply.terms.cost),
        with_curve: true,
    };
    Ok(response::json(200, &restock::compare(&config.calendar, asked)))
}

/// The rule with what is proposed.
fn proposed(
    changes: &PolicyChanges,
    old: Policy,
    suggested: impl Fn(Policy) -> i64,
) -> Result<Policy, Problem> {
    let policy = changes.applied(old);
    let policy = match (changes.service_level, changes.reorder_point.flatten()) {
        (Some(_), None) => {
            let moved = old.at_point(suggested(policy));
            let target = changes.reorder_target.flatten().or(moved.reorder_target);
            Policy { reorder_point: moved.reorder_point, reorder_target: target, ..policy }
        }
        _ => policy,
    };
    if policy.reorder_point.is_none() {
        let message = "is required where the product is not watched; or send a service_level for the point that the \
                       forecast suggests at it";
        return Err(Problem::invalid_field("reorder_point", Bad::new("required", message)));
    }
    stock::sound(policy)
}
