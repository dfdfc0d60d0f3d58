//! The restock runs: when they were, and what they did about which product.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::table;
use crate::desk::purchase_orders::ways;
use crate::desk::seen::{self, List};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

#[derive(Deserialize)]
struct Run {
    id: Id,
    source: String,
    started_at: String,
    finished_at: Option<String>,
    watched: i64,
    drafted: i64,
    ordered: i64,
    received: i64,
    nothing: i64,
    failed: i64,
    units: i64,
}

#[derive(Deserialize)]
struct RunWithLines {
    #[serde(flatten)]
    run: Run,
    lines: List<RunLine>,
}

#[derive(Deserialize)]
struct RunLine {
    product_id: Id,
    position: i64,
    outcome: String,
    quantity: i64,
    reason: String,
    purchase_order_id: Option<Id>,
}

const OUTCOMES: [&str; 5] = ["failed", "drafted", "ordered", "received", "nothing"];

pub fn list(visit: &Visit) -> Result<Answer> {
    let runs: List<Run> = visit.get_with("/restock/runs", &[], &["from", "to", "after"])?;
    let body = html! {
        h1 { (t::RUNS) }
        (ways(visit, "/desk/restock/runs"))
        @if runs.data.is_empty() { p { (t::NO_RUNS) } } @else {
            (table(t::RUNS, t::RUN_COLUMNS, html! {
                @for run in &runs.data {
                    tr {
                        td { a href={ "/desk/restock/runs/" (run.id) } { (t::run(run.id)) } }
                        td { (visit.when(&run.started_at)) }
                        td { (t::run_source(&run.source)) }
                        td { (did(run)) }
                        td.n { (visit.count(run.watched)) }
                        td.n { (visit.count(run.units)) }
                    }
                }
            }))
        }
        (visit.list_end(runs.next.as_deref(), &["from", "to"]))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::RUNS, body)))
}

/// What it did, in words; what went wrong comes first.
fn did(run: &Run) -> Markup {
    let counts = [run.failed, run.drafted, run.ordered, run.received, run.nothing];
    html! {
        @if run.finished_at.is_none() { span.mark.warn { "◐ " (t::RUN_NOT_FINISHED) } " " }
        @for (outcome, count) in OUTCOMES.iter().zip(counts).filter(|(_, count)| *count > 0) {
            span class=[(*outcome == "failed").then_some("mark bad")] { (t::outcome(outcome)) ": " (count) } " "
        }
    }
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/restock/runs/{}", visit.id);
    let RunWithLines { run, lines } = visit.get_with(&path, &[], &["outcome", "after"])?;
    let products = seen::products(&visit.api, lines.data.iter().map(|line| line.product_id))?;
    let asked = visit.param("outcome").unwrap_or("");
    let body = html! {
        h1 { (t::run(run.id)) }
        (ways(visit, ""))
        dl.facts {
            dt { (t::STARTED) } dd { (visit.when(&run.started_at)) " · " (t::run_source(&run.source)) }
            dt { (t::WHAT_IT_DID) } dd { (did(&run)) }
            dt { (t::UNITS) } dd { (visit.count(run.units)) }
        }
        ul.tabs {
            @for outcome in [""].iter().chain(&OUTCOMES) {
                @let words = if outcome.is_empty() { t::ALL } else { t::outcome(outcome) };
                li { a href=(api::with_query(visit.path, &[("outcome", outcome)])) aria-current=[(*outcome == asked).then_some("true")] { (words) } }
            }
        }
        (table(t::LINES, t::RUN_LINE_COLUMNS, html! {
            @for line in &lines.data {
                tr {
                    td {
                        a href={ "/desk/restock/" (line.product_id) } {
                            (products.get(&line.product_id).map_or("".into(), |product| brief(&product.name)))
                        }
                    }
                    td { (t::outcome(&line.outcome)) }
                    td.n { (visit.count(line.quantity)) }
                    td {
                        @if let Some(id) = line.purchase_order_id { a href={ "/desk/purchase_orders/" (id) } { (t::purchase_order(id)) } }
                    }
                    td.n { (visit.count(line.position)) }
                    td { (visit.said(&line.reason)) }
                }
            }
        }))
        (visit.list_end(lines.next.as_deref(), &["outcome"]))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::run(run.id), body)))
}
