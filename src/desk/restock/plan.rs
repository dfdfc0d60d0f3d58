//! What is to be bought, by supplier, with its why; what is late and which drafts wait stand at the top.

use maud::{Markup, html};

use crate::desk::api;
use crate::desk::page::{Answer, Content, Room, View};
use crate::desk::parts::brief;
use crate::desk::pieces::table;
use crate::desk::purchase_orders::Head;
use crate::desk::purchase_orders::ways;
use crate::desk::restock::PlanLine;
use crate::desk::seen::List;
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// What is looked through, and the filter that stands for it.
const VIEWS: [View; 3] = [
    ("due", t::TO_BUY, &[("due", "true")]),
    ("late", t::LATE, &[("late", "true")]),
    ("all", t::ALL_WATCHED, &[]),
];

const KEPT: &[&str] = &["view", "supplier_id"];

/// More at the top would hide the plan; their list has all.
const AT_THE_TOP: usize = 5;

pub fn show(visit: &Visit) -> Result<Answer> {
    let asked = visit.param("view");
    let (view, title, fixed) = VIEWS.iter().find(|(name, ..)| Some(*name) == asked).unwrap_or(&VIEWS[0]);
    let plan: List<PlanLine> = visit.get_with("/restock/plan", fixed, &["supplier_id", "after"])?;
    let body = html! {
        h1 { (t::RESTOCK) }
        (ways(visit, "/desk/restock"))
        (urgent(visit)?)
        (run(visit))
        ul.tabs {
            @for (name, words, _) in &VIEWS {
                @let href = api::with_query(visit.path, &[("view", name), ("supplier_id", visit.param("supplier_id").unwrap_or(""))]);
                li { a href=(href) aria-current=[(name == view).then_some("true")] { (words) } }
            }
        }
        @if visit.param("supplier_id").is_some() {
            p { a href=(visit.here_with("supplier_id", "", &["view"])) { (t::ALL_SUPPLIERS) } }
        }
        @if plan.data.is_empty() { p { (t::nothing_planned(view)) } }
        (by_supplier(visit, title, plan.data))
        (visit.list_end(plan.next.as_deref(), KEPT))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::RESTOCK, body)))
}

/// What should have come and has not, and what waits to be ordered.
fn urgent(visit: &Visit) -> Result<Markup> {
    let late: List<Head> = visit.api.get("/purchase_orders?overdue=true&limit=100")?;
    let waiting: List<Head> = visit.api.get("/purchase_orders?waiting=true&limit=100")?;
    let card = |title: &str, all: &str, heads: &[Head], day: fn(&Head) -> Option<&str>| {
        html! {
            @if !heads.is_empty() {
                li.card {
                    strong { (heads.len()) } span.wrong { "▲ " (title) }
                    ul {
                        // The oldest are the last of the list.
                        @for head in heads.iter().rev().take(AT_THE_TOP) {
                            li {
                                a href={ "/desk/purchase_orders/" (head.id) } { (t::purchase_order(head.id)) }
                                " · " (brief(head.seller())) @if let Some(day) = day(head) { " · " (visit.on(day)) }
                            }
                        }
                    }
                    @if heads.len() > AT_THE_TOP {
                        a href=(all) { (t::ALL) }
                    }
                }
            }
        }
    };
    Ok(html! {
        @if !late.data.is_empty() || !waiting.data.is_empty() {
            ul.cards {
                (card(t::DELIVERIES_LATE, "/desk/purchase_orders?view=overdue", &late.data, |head| head.expected_at.as_deref()))
                (card(t::DRAFTS_WAITING, "/desk/purchase_orders?view=draft&waiting=true", &waiting.data, |head| Some(&head.created_at)))
            }
        }
    })
}

/// Restocks all, after saying what that means here.
fn run(visit: &Visit) -> Markup {
    let means = if visit.app().config.restock_needs_approval { t::RUN_DRAFTS } else { t::RUN_ORDERS };
    html! {
        details {
            summary { (t::RUN_NOW) }
            p { (means) }
            (visit.button("restock", "", t::RUN_NOW))
        }
    }
}

/// The lines of a page, those of each supplier together.
fn by_supplier(visit: &Visit, title: &str, mut lines: Vec<PlanLine>) -> Markup {
    let of = |line: &PlanLine| (line.supplier_id.is_none(), line.seller().to_lowercase(), line.supplier_id);
    lines.sort_by_cached_key(|line| (of(line), line.product_id));
    html! {
        @for lines in lines.chunk_by(|one, other| of(one) == of(other)) {
            @let (first, name) = (&lines[0], lines[0].seller());
            h2 {
                @match first.supplier_id {
                    Some(id) => a href=(visit.here_with("supplier_id", &id.to_string(), &["view"])) { (brief(name)) },
                    None => (brief(name)),
                }
            }
            (table(&format!("{title}: {}", brief(name)), t::PLAN_COLUMNS, html! { @for line in lines { (row(visit, line)) } }))
        }
    }
}

fn row(visit: &Visit, line: &PlanLine) -> Markup {
    let here: Id = line.product_id;
    html! {
        tr {
            td { a href={ "/desk/restock/" (here) } { (brief(&line.name)) } br; (line.sku.as_deref().unwrap_or("")) }
            td { (line.what()) (line.snoozed(visit)) }
            td {
                (visit.said(&line.reason))
                @if let Some(late) = &line.late {
                    br; span.mark.bad { "▲ " (t::units_late(late.units)) " " } (visit.on(&late.expected_at))
                }
            }
            td {
                strong { (visit.count(line.position)) } br;
                (line.on_hand) " − " (line.reserved) " + " (line.incoming) " + " (line.drafted)
            }
            td { @if let Some(day) = &line.forecast.stock_out_date { (visit.on(day)) } }
            td { (line.hit_rate(visit)) }
        }
    }
}
