//! One product of the plan: why it is to be bought or not, how many, and not before when.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::{NOT_THERE, Seen, with_query};
use crate::desk::page::{Answer, Content, Room};
use crate::desk::pieces::{Field, FormFor, Kind, Open};
use crate::desk::purchase_orders::ways;
use crate::desk::purchase_orders::{Head, Line};
use crate::desk::restock::PlanLine;
use crate::desk::seen::List;
use crate::desk::texts::restock as t;
use crate::desk::visit::{Of, Posted, Visit};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::Id;
use crate::web::idempotency;

#[derive(Deserialize)]
struct Policy {
    snoozed_until: Option<String>,
}

/// So many multiples more than the rule says are offered; beyond that, any number can be set on the draft.
const CHOICES: i64 = 12;

/// What is bought by hand is bought whatever there is, so the API has nothing against it.
const BOUGHT_MEANWHILE: &problem::Kind =
    &problem::Kind { code: "bought_meanwhile", status: 409, title: "Somebody has bought it meanwhile" };

fn planned(visit: &Visit) -> Result<PlanLine> {
    let id = visit.id.to_string();
    let plan: List<PlanLine> = visit.api.get(&with_query("/restock/plan", &[("product_id", &id)]))?;
    Ok(plan.data.into_iter().next().ok_or_else(Problem::not_found)?)
}

/// So many units are bought already, for whoever is about to buy more.
fn bought(line: &PlanLine) -> i64 {
    line.incoming.saturating_add(line.drafted)
}

fn drafts_with(visit: &Visit) -> Result<Vec<Head>> {
    let id = visit.id.to_string();
    let drafts: List<Head> =
        visit.get_with("/purchase_orders", &[("status", "draft"), ("product_id", &id)], &[])?;
    Ok(drafts.data)
}

/// Before it is put where it was not: two who look at the same plan do not both buy it without a word.
pub fn check(visit: &Visit, posted: &Posted) -> Result<()> {
    let Some(shown) = posted.shown.as_deref().and_then(|shown| shown.parse().ok()) else { return Ok(()) };
    if bought(&planned(visit)?) <= shown {
        return Ok(());
    }
    let drafts: Vec<Id> = drafts_with(visit)?.iter().map(|draft| draft.id).collect();
    // The version of a line that is there tells whose it is.
    if posted.form.name == "put_line" && drafts.contains(&posted.of.id) {
        return Ok(());
    }
    // Sent once more, it was this very form.
    if idempotency::done_by(visit.app(), visit.api.caller.label(), &posted.own_key)?.is_some() {
        return Ok(());
    }
    Err(Problem::new(BOUGHT_MEANWHILE, t::bought_meanwhile(&drafts)).into())
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let line = planned(visit)?;
    let body = html! {
        h1 { (t::RESTOCK) " · " (line.name) }
        (ways(visit, ""))
        p { strong { (line.what()) } " · " (visit.said(&line.reason)) "." }
        (figures(visit, &line))
        h2 { (t::BUY) }
        (buy(visit, &line)?)
        (snooze(visit)?)
    };
    Ok(Answer::Page(Content::new(Room::Restock, line.name.as_str(), body)))
}

fn figures(visit: &Visit, line: &PlanLine) -> Markup {
    html! {
        dl.facts {
            dt { (t::PRODUCT) }
            dd { a href={ "/desk/products/" (line.product_id) } { (line.name) } " " (line.sku.as_deref().unwrap_or("")) }
            dt { (t::SUPPLIER) }
            dd {
                (line.seller())
                @if visit.api.may("GET", "/products/{id}/suppliers") {
                    " · " a href={ "/desk/products/" (line.product_id) "/suppliers" } { (t::WHO_SELLS_IT) }
                }
            }
            dt { (t::POSITION) }
            dd {
                a href={ "/desk/products/" (line.product_id) "/why" } {
                    (t::position(line.position, line.on_hand, line.reserved, line.incoming, line.drafted))
                }
            }
            @if let (Some(point), Some(target)) = (line.reorder_point, line.reorder_target) {
                dt { (t::RULE) }
                dd { a href={ "/desk/products/" (line.product_id) "/rule" } { (t::rule(point, target, line.reorder_multiple)) } }
            }
            dt { (t::PACKING) } dd { (t::packing(line.pack_size, line.minimum_quantity)) }
            dt { (t::LEAD_TIME) } dd { (t::days(line.effective_lead_time_days)) }
            @if let Some(day) = &line.forecast.stock_out_date { dt { (t::STOCK_OUT) } dd { (visit.on(day)) } }
            dt { (t::HIT_RATE) } dd { (line.hit_rate(visit)) }
            @if let Some(late) = &line.late {
                dt { (t::LATE) } dd { (t::units_late(late.units)) " " (visit.on(&late.expected_at)) }
            }
        }
    }
}

/// How many: on each draft that has it, or else on a draft of its supplier, or on a new one.
fn buy(visit: &Visit, line: &PlanLine) -> Result<Markup> {
    let product_id = visit.id;
    let with_it = drafts_with(visit)?;
    if with_it.is_empty() {
        return buy_new(visit, line);
    }
    let mut forms = vec![run_now(visit, line)];
    for (at, Head { id, .. }) in with_it.iter().enumerate() {
        let path = format!("/purchase_orders/{id}/lines/{product_id}");
        let Seen { value, version } = visit.api.read::<Line>(&path)?;
        let what =
            FormFor { name: "put_line", of: Of { id: *id, product_id }, version: &version, class: "row" };
        // What the plan says stands on the line that runs have put there; beside what somebody has, it comes to that.
        let planned = match line.draft_purchase_order_id {
            _ if line.quantity == 0 => value.quantity,
            Some(of_runs) if of_runs == *id => line.quantity,
            None if at == 0 => value.quantity.saturating_add(line.quantity),
            _ => value.quantity,
        };
        forms.push(html! {
            p {
                a href={ "/desk/purchase_orders/" (id) } { (t::on_draft(*id)) } ": " strong { (value.quantity) }
                " · " a href={ "/desk" (path) } { (t::CHANGE_OR_TAKE_OUT) }
            }
            (visit.form_for(&what, |form| html! {
                (choice(form, "quantity", line, planned))
                button.main { (t::SAVE) }
            }))
        });
    }
    Ok(html! { @for form in &forms { (form) } })
}

/// Of what no draft has: what a run would do, at a press; or more of it.
fn buy_new(visit: &Visit, line: &PlanLine) -> Result<Markup> {
    let product_id = visit.id;
    let drafts: List<Head> = visit.api.get("/purchase_orders?status=draft&for_runs=true&limit=100")?;
    let draft = drafts.data.iter().find(|head| head.supplier_id == line.supplier_id);
    Ok(html! {
        (run_now(visit, line))
        @match draft {
            Some(Head { id, .. }) => {
                (visit.form_for(
                    &FormFor { name: "put_line", of: Of { id: *id, product_id }, version: NOT_THERE, class: "row" },
                    |form| html! {
                        input type="hidden" name="shown" value=(bought(line));
                        (choice(form, "quantity", line, line.quantity))
                        button { (t::put_on_draft(*id)) }
                    },
                ))
            }
            None => {
                (visit.form_for(
                    &FormFor { name: "draft", of: Of { id: visit.id, product_id: 0 }, version: "", class: "row" },
                    |form| html! {
                        input type="hidden" name="shown" value=(bought(line));
                        input type="hidden" name="supplier_id" value=(line.supplier_id.map(|id| id.to_string()).unwrap_or_default());
                        input type="hidden" name="lines[0].product_id" value=(product_id);
                        (choice(form, "lines[0].quantity", line, line.quantity))
                        button { (t::ON_NEW_DRAFT) }
                    },
                ))
            }
        }
    })
}

/// A button for what a run would do.
fn run_now(visit: &Visit, line: &PlanLine) -> Markup {
    html! {
        @if line.quantity > 0 {
            (visit.form("restock", "", |_| html! {
                input type="hidden" name="product_id" value=(visit.id);
                button.main { (t::do_now(&line.action, line.quantity, line.seller())) }
            }))
            p.hint { (t::what_do_means(&line.action)) }
        }
    }
}

/// So many units or more of them, in what is bought at once.
fn choice(form: &Open, name: &str, line: &PlanLine, at_least: i64) -> Markup {
    let up_to = |units: i64, whole: i64| {
        (units.max(1) - 1).div_euclid(whole.max(1)).saturating_add(1).saturating_mul(whole.max(1))
    };
    // Whole packs that are whole multiples or a little more.
    let step = up_to(line.reorder_multiple, line.pack_size);
    let first = if at_least > 0 { at_least } else { up_to(line.minimum_quantity, step) };
    let quantities: Vec<String> =
        (0..=CHOICES).map(|more| first.saturating_add(step.saturating_mul(more)).to_string()).collect();
    let choices: Vec<(&str, &str)> =
        quantities.iter().map(|units| (units.as_str(), units.as_str())).collect();
    form.field(&Field::new(name, t::UNITS, Kind::Choice(&choices)).required(), &quantities[0])
}

fn snooze(visit: &Visit) -> Result<Markup> {
    let path = format!("/products/{}/stock", visit.id);
    let Seen { value, version } = visit.api.read::<Policy>(&path)?;
    Ok(html! {
        h2 { (t::SNOOZE) }
        p { (t::WHAT_SNOOZE_MEANS) }
        (visit.form("snooze", &version, |form| html! {
            div.row {
                (form.field(&Field::new("snoozed_until", t::NOT_BEFORE, Kind::Day), value.snoozed_until.as_deref().unwrap_or("")))
                button { (t::SAVE) }
            }
        }))
    })
}
