//! The rule by which a product is restocked, as a form, with another one tried beside it.

use maud::{Markup, html};

use crate::desk::api::Seen;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::pieces::{Field, Kind};
use crate::desk::products::{Rule, Shelf, find, shelf, typed, ways, what_if};
use crate::desk::prose;
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::{Error, Result};

pub fn show(visit: &Visit) -> Result<Answer> {
    let product = find(visit)?.value;
    let Seen { value: shelf, version } = shelf(visit)?;
    let tried = if visit.api.may("POST", what_if::ROUTE) { Some(what_if::ask(visit, &shelf)) } else { None };
    let compared = match tried {
        Some(Err(Error::Refused(problem))) => Err(prose::problem_of_people(&visit.app().config, *problem)),
        Some(answer) => Ok(Some(answer?)),
        None => Ok(None),
    };
    let taken = compared.as_ref().ok().and_then(|compared| compared.as_ref()?.proposal.as_ref());
    let taken = taken.filter(|_| visit.param("take").is_some()).map(|tried| &tried.rule);
    let body = html! {
        h1 { (product.name) }
        (ways(visit))
        (rule_form(visit, &shelf, &version, taken))
        (snooze_form(visit, &shelf, &version))
        h2 #what-if { (say::WHAT_IF) }
        (what_if::trial_form(visit, &shelf))
        @match &compared {
            Err(problem) => (what_if::refused(problem)),
            Ok(Some(compared)) => (what_if::comparison(visit, compared, &product)),
            Ok(None) => {}
        }
    };
    Ok(Answer::Page(Content::new(Room::Products, product.name.as_str(), body)))
}

/// The rule as it is, or as it is to be taken over.
fn rule_form(visit: &Visit, shelf: &Shelf, version: &str, taken: Option<&Rule>) -> Markup {
    let rule = taken.unwrap_or(&shelf.rule);
    // What counted in the trial may be the supplier's, so only one that was typed is taken.
    let typed_there = visit.param("lead_time_days").filter(|_| taken.is_some());
    let lead_time = typed_there.map_or_else(|| typed(shelf.rule.lead_time_days), str::to_owned);
    html! {
        h2 #rule { (say::RULE) }
        @if taken.is_some() { p.now role="status" { (say::TAKEN) } }
        @if shelf.rule.reorder_point.is_none() { p { (say::NOT_WATCHED) } }
        (visit.form("stock_rule", version, |form| html! {
            (form.field(&Field::new("reorder_point", say::REORDER_POINT, Kind::Whole).hint(say::POINT_HINT), &typed(rule.reorder_point)))
            (form.field(&Field::new("reorder_target", say::REORDER_TARGET, Kind::Whole).hint(say::TARGET_HINT), &typed(rule.reorder_target)))
            (form.field(&Field::new("reorder_multiple", say::REORDER_MULTIPLE, Kind::Whole).required(), &rule.reorder_multiple.to_string()))
            (form.field(&Field::new("order_max", say::ORDER_MAX, Kind::Whole), &typed(rule.order_max)))
            (form.field(
                &Field::new("lead_time_days", say::LEAD_TIME, Kind::Whole).hint(&say::lead_time_hint(shelf.effective_lead_time_days)),
                &lead_time,
            ))
            (form.field(&Field::new("service_level", say::SERVICE_LEVEL, Kind::Decimal).required().hint(say::LEVEL_HINT), &rule.service_level.to_string()))
            button.main { (t::SAVE) }
        }))
    }
}

fn snooze_form(visit: &Visit, shelf: &Shelf, version: &str) -> Markup {
    html! {
        details open[shelf.rule.snoozed_until.is_some()] {
            summary { (say::SNOOZE) }
            p { (say::WHAT_SNOOZE_MEANS) }
            (visit.form("snooze_product", version, |form| html! {
                (form.field(&Field::new("snoozed_until", say::SNOOZED_UNTIL, Kind::Day), shelf.rule.snoozed_until.as_deref().unwrap_or("")))
                button { (say::SNOOZE) }
            }))
        }
    }
}
