//! One purchase order: its lines, what it waits for, what can be done with it now, and what came of it.

use maud::{Markup, html};

use crate::desk::api::Seen;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::{brief, brief_text, fitting};
use crate::desk::pieces::{Field, Kind};
use crate::desk::purchase_orders::ways;
use crate::desk::purchase_orders::{Head, Line, PurchaseOrder, lines, shown};
use crate::desk::scan::Tally;
use crate::desk::seen::{self, List};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem;
use crate::values::Id;

/// What the form that splits a draft has for a line, beside its name.
const SPLIT_BYTES: usize = 400;

/// Of more changes the first ones are named; the lines stand below.
const CHANGES_SHOWN: usize = 10;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } =
        visit.api.read::<PurchaseOrder>(&format!("/purchase_orders/{}", visit.id))?;
    if let Some(to) = lines::scanned(visit, &order)? {
        return Ok(Answer::Goto(to));
    }
    let PurchaseOrder { head, waits_for, .. } = &order;
    let is_draft = head.status == "draft";
    let facts = facts(visit, head, waits_for.as_deref());
    let add = if is_draft {
        lines::add(visit)?
    } else {
        html! {}
    };
    let merge = if is_draft {
        merge(visit, head, &version)?
    } else {
        html! {}
    };
    let (steps, corrections) = (steps(visit, &order, &version), corrections(visit, head, &version));
    let changed = changed(visit, &order)?;
    let room = visit.room_beside(&[&changed, &facts, &add, &merge, &steps, &corrections]);
    let receipts = lines::receipts(visit, &order, room / 3);
    let (page, next) = shown(visit, &order.lines);
    // Each line stands in the form that splits the draft, too.
    let sizes = page.iter().map(|line| {
        lines::row(visit, line, is_draft, true).0.len()
            + if is_draft { SPLIT_BYTES + brief(&line.product_name).len() } else { 0 }
    });
    let fits = fitting(sizes, room.saturating_sub(receipts.0.len())).min(page.len());
    let next = if fits < page.len() { Some(page[fits - 1].product_id.to_string()) } else { next };
    let page = &page[..fits];
    let body = html! {
        h1 { (t::purchase_order(head.id)) " · " (t::status(&head.status)) }
        (changed)
        (ways(visit, ""))
        (papers(head))
        (facts)
        (add)
        (lines::table_of(visit, &order, page))
        (visit.list_end(next.as_deref(), &[]))
        (steps)
        @if is_draft { (split(visit, page, &version)) }
        (merge)
        (corrections)
        (receipts)
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::purchase_order(head.id), body)))
}

/// What goes to the supplier, and where what came is booked.
fn papers(head: &Head) -> Markup {
    let here = format!("/desk/purchase_orders/{}", head.id);
    html! {
        p.row.screen {
            @if head.may("receive") { a.as-button href={ (here) "/receive" } { (t::RECEIVE) } }
            a.as-button href={ (here) "/print" } { (t::PRINT_VIEW) }
            // Nobody is sent what is cancelled.
            @if head.status != "cancelled" {
                a.as-button href={ (here) "/letter" } { (t::MAIL) }
                a.as-button href={ (here) "/csv" } { (t::CSV) }
            }
        }
    }
}

fn facts(visit: &Visit, head: &Head, waits_for: Option<&str>) -> Markup {
    let may_see_seller = visit.api.may("GET", "/suppliers/{id}");
    html! {
        @if let Some(waits_for) = waits_for { p { span.mark.warn { "◐ " (t::WAITS) } " " (visit.said(waits_for)) "." } }
        @if head.overdue { p { span.mark.bad { "▲ " (t::OVERDUE) } } }
        dl.facts {
            dt { (t::SUPPLIER) }
            dd {
                @match head.supplier_id.filter(|_| may_see_seller) {
                    Some(id) => a href={ "/desk/suppliers/" (id) } { (head.seller()) },
                    None => (head.seller()),
                }
            }
            dt { (t::MADE) }
            dd {
                (visit.when(&head.created_at))
                @if let Some(run) = head.run_id { " · " a href={ "/desk/restock/runs/" (run) } { (t::run(run)) } }
                @if head.for_runs { " · " (t::RUNS_ADD_TO_IT) }
            }
            @if let Some(at) = &head.ordered_at { dt { (t::ORDERED) } dd { (visit.when(at)) } }
            @if let Some(at) = &head.expected_at { dt { (t::EXPECTED) } dd { (visit.on(at)) } }
            @if let Some(at) = &head.closed_at { dt { (t::CLOSED) } dd { (visit.when(at)) } }
            dt { (t::UNITS) } dd { (t::units_so_far(head.units, head.received, head.outstanding)) }
            @if let Some(total) = &head.total { dt { (t::TOTAL) } dd { (visit.money(total)) } }
            @if let Some(minimum) = &head.minimum_order_value {
                dt { (t::MINIMUM_ORDER) }
                dd {
                    (visit.money(minimum))
                    @if let Some(missing) = &head.missing_value { " · " span.mark.warn { "◐ " (t::missing(&visit.money(missing))) } }
                }
            }
            @if let Some(note) = &head.note { dt { (t::NOTE) } dd.text { (brief_text(note)) } }
        }
    }
}

fn is_sent(visit: &Visit, name: &str) -> bool {
    visit.sent.as_ref().is_some_and(|sent| sent.form.name == name)
}

/// The units of each product on it.
fn units(order: &PurchaseOrder) -> Tally {
    let units = order.lines.iter().map(|line| (line.product_id, line.quantity));
    units.fold(Tally::default(), |tally, (id, units)| tally.with(id, units).unwrap_or(tally))
}

/// What somebody else has done to the lines since the page was open from which it was sent.
fn changed(visit: &Visit, order: &PurchaseOrder) -> Result<Markup> {
    let sent = visit.sent.as_ref().filter(|sent| sent.is_compared());
    let Some(shown) = sent.and_then(|sent| sent.shown.as_deref()) else { return Ok(html! {}) };
    let (before, now) = (Tally::read(shown), units(order));
    let mut ids: Vec<Id> = before.iter().chain(now.iter()).map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| before.units(*id) != now.units(*id));
    ids.truncate(CHANGES_SHOWN);
    let products = seen::products(&visit.api, ids.iter().copied())?;
    let name = |id: &Id| brief(products.get(id).map_or("", |product| &product.name));
    Ok(html! {
        @if !ids.is_empty() {
            div.now {
                (t::CHANGED_SINCE)
                ul { @for id in &ids { li { (t::units_were(&name(id), before.units(*id), now.units(*id))) } } }
            }
        }
    })
}

fn steps(visit: &Visit, order: &PurchaseOrder, version: &str) -> Markup {
    let head = &order.head;
    let below = visit.sent.as_ref().is_some_and(|sent| sent.problem.kind == problem::BELOW_MINIMUM_ORDER);
    let (cancel, means) = match head.status.as_str() {
        "draft" => (t::DROP_DRAFT, t::WHAT_DROP_MEANS),
        _ => (t::CANCEL_OUTSTANDING, t::WHAT_CANCEL_OUTSTANDING_MEANS),
    };
    html! {
        @if head.may("order") {
            h2 { (t::ORDER_IT) }
            p { (t::WHAT_ORDER_MEANS) }
            (visit.form("order", version, |form| html! {
                input type="hidden" name="shown" value=(units(order).write());
                @if below || head.missing_value.is_some() {
                    (form.field(&Field::new("accept_below_minimum", t::ACCEPT_BELOW_MINIMUM, Kind::Tick), "false"))
                }
                button.main { (t::ORDER_IT) }
            }))
        }
        @if head.may("cancel") {
            details open[is_sent(visit, "cancel")] {
                summary { (cancel) }
                p { (means) }
                (visit.form("cancel", version, |_| html! { button.grave { (cancel) } }))
            }
        }
    }
}

/// Some lines, or parts of them, to a draft of their own.
fn split(visit: &Visit, page: &[Line], version: &str) -> Markup {
    html! {
        @if !page.is_empty() {
            details open[is_sent(visit, "split")] {
                summary { (t::SPLIT) }
                p { (t::WHAT_SPLIT_MEANS) }
                (visit.form("split", version, |form| html! {
                    input type="hidden" name="lines[]" value="";
                    @for (at, line) in page.iter().enumerate() {
                        input type="hidden" name={ "lines[" (at) "].product_id" } value=(line.product_id);
                        (form.field(&Field::new(&format!("lines[{at}].quantity"), &t::units_to_split(&brief(&line.product_name), line.quantity), Kind::Whole), ""))
                    }
                    button { (t::SPLIT) }
                }))
            }
        }
    }
}

/// The lines of another draft of the supplier to this one.
fn merge(visit: &Visit, head: &Head, version: &str) -> Result<Markup> {
    let of = head.supplier_id.map(|id| id.to_string()).unwrap_or_default();
    let drafts: List<Head> = visit.get_with(
        "/purchase_orders",
        &[("status", "draft"), ("limit", "100"), ("supplier_id", &of)],
        &[],
    )?;
    let others =
        drafts.data.iter().filter(|other| other.supplier_id == head.supplier_id && other.id != head.id);
    let others: Vec<(String, String)> =
        others.map(|other| (other.id.to_string(), t::draft_of(other.id, other.line_count))).collect();
    let choices: Vec<(&str, &str)> = others.iter().map(|(id, words)| (id.as_str(), words.as_str())).collect();
    Ok(html! {
        @if !choices.is_empty() {
            details open[is_sent(visit, "merge")] {
                summary { (t::MERGE) }
                p { (t::WHAT_MERGE_MEANS) }
                (visit.form("merge", version, |form| html! {
                    (form.field(&Field::new("purchase_order_id", t::OTHER_DRAFT, Kind::Choice(&choices)).required(), ""))
                    button { (t::MERGE) }
                }))
            }
        }
    })
}

fn corrections(visit: &Visit, head: &Head, version: &str) -> Markup {
    // The day of what is outstanding is asked for anew; it is not known here which lines that is.
    html! {
        details open[is_sent(visit, "annotate")] {
            summary { (t::CHANGE_NOTE) }
            (visit.form("annotate", version, |form| html! {
                (form.field(&Field::new("note", t::NOTE, Kind::Area).hint(t::NOTE_GOES_OUT), head.note.as_deref().unwrap_or("")))
                button { (t::SAVE) }
            }))
        }
        @if head.status == "ordered" {
            details open[is_sent(visit, "expect")] {
                summary { (t::EXPECT) }
                p { (t::WHAT_EXPECT_MEANS) }
                (visit.form("expect", version, |form| html! {
                    (form.field(&Field::new("expected_on", t::EXPECTED, Kind::Day).required(), ""))
                    button { (t::SAVE) }
                }))
            }
        }
    }
}
