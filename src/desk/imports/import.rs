//! One file: what it would do, row by row; then how far it is, and what was left as it is.

use maud::{Markup, html};

use crate::desk::api::{self, Seen};
use crate::desk::imports::{Column, Import, Row, rows};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room, View};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::table;
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::texts::imports as w;
use crate::desk::visit::Visit;
use crate::error::Result;

/// The rows that can be looked at, and the filters that stand for them; first what somebody has to see to.
const VIEWS: [View; 5] = [
    ("not_undone", w::NOT_UNDONE, &[("state", "not_undone")]),
    ("not_applied", w::NOT_APPLIED, &[("state", "not_applied")]),
    ("refused", w::REFUSED, &[("outcome", "refused")]),
    ("create", w::TO_CREATE, &[("outcome", "create")]),
    ("change", w::TO_CHANGE, &[("outcome", "change")]),
];

/// What the columns of a file take of a page; those of other shops have a hundred, of which the first say enough.
const COLUMNS_BYTES: usize = 5 * 1024;

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: import, version } = visit.api.read::<Import>(&format!("/imports/{}", visit.id))?;
    let head = html! {
        (facts(visit, &import))
        (buttons(visit, &import, &version))
        (columns(&import))
    };
    let there: Vec<&View> = VIEWS.iter().filter(|(name, ..)| count(&import, name) > 0).collect();
    let asked = visit.param("view").unwrap_or("");
    let view = there.iter().find(|(name, ..)| *name == asked).or(there.first()).copied();
    let body = html! {
        h1 { (w::import(import.id)) }
        (head)
        @if let Some(view) = view {
            h2 { (w::ROWS) }
            ul.tabs {
                @for (name, words, _) in &there {
                    li {
                        a href=(api::with_query(visit.path, &[("view", name)])) aria-current=[(*name == view.0).then_some("true")] {
                            (words) " (" (visit.count(count(&import, name))) ")"
                        }
                    }
                }
            }
            (listed(visit, &import, view, &head)?)
        }
        p { a href="/desk/imports" { (w::BACK_TO_IMPORTS) } }
    };
    Ok(Answer::Page(Content::new(Room::House, w::import(import.id), body)))
}

fn count(import: &Import, view: &str) -> i64 {
    match view {
        "refused" => import.rows.refused,
        "create" => import.rows.create,
        "change" => import.rows.change,
        "not_applied" => import.not_applied,
        _ => import.not_undone,
    }
}

/// What can be done with it as it is. Who goes on has no version to send: what is at work changes it all the time, and each
/// row is decided once. Whoever has just pressed goes on by the script until all is done.
fn buttons(visit: &Visit, import: &Import, version: &str) -> Markup {
    let goes_on = import.status == "applying";
    html! {
        @match import.status.as_str() {
            "reading" => p { (w::IS_READ) " " a href=(visit.here_anew()) { (t::LOOK_AGAIN) } },
            "applying" => p { (w::so_far(&visit.count(import.applied + import.not_applied), &visit.count(import.to_do()))) },
            "undoing" => p { (w::so_far(&visit.count(import.undone + import.not_undone), &visit.count(import.applied))) },
            _ => {}
        }
        @if import.may("apply") && import.to_do() == 0 { p { (w::NOTHING_TO_DO) } }
        @if import.may("apply") && import.to_do() > 0 {
            (visit.form("apply_import", if goes_on { "" } else { version }, |_| html! {
                @if !goes_on { p.hint { (w::WHAT_APPLYING_DOES) } }
                button.main data-goes-on[goes_on && visit.has_done("apply_import")] {
                    @if goes_on { (w::GO_ON) } @else { (w::apply(&visit.count(import.to_do()), import.to_do() == 1)) }
                }
            }))
        }
        @if import.may("undo") && import.applied > import.undone + import.not_undone {
            @let goes_on = import.status == "undoing";
            (visit.form("undo_import", if goes_on { "" } else { version }, |_| html! {
                @if !goes_on { p.hint { (w::WHAT_UNDOING_DOES) } }
                button.grave[!goes_on] data-goes-on[goes_on && visit.has_done("undo_import")] { (if goes_on { w::GO_ON_UNDOING } else { w::UNDO }) }
            }))
        }
    }
}

fn facts(visit: &Visit, import: &Import) -> Markup {
    let counts = [
        (w::TO_CREATE, import.rows.create),
        (w::TO_CHANGE, import.rows.change),
        (w::THE_SAME, import.rows.same),
        (w::REFUSED, import.rows.refused),
        (w::JOINED, import.rows.joined),
        (w::APPLIED, import.applied),
        (w::NOT_APPLIED, import.not_applied),
        (w::UNDONE, import.undone),
        (w::NOT_UNDONE, import.not_undone),
    ];
    html! {
        dl.facts {
            dt { (w::STATE) } dd { (w::status(&import.status)) }
            dt { (w::ABOUT) } dd { (w::about(&import.about)) }
            dt { (w::READ) } dd { (visit.when(&import.created_at)) ", " (import.username.as_deref().unwrap_or(t::SOMEBODY)) }
            @if !["reading", "ready"].contains(&import.status.as_str()) { dt { (w::LAST_WORKED_ON) } dd { (visit.when(&import.updated_at)) } }
            @for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) { dt { (name) } dd { (visit.count(count)) } }
            dt { (w::READ_AS) }
            dd { (w::read_as(&import.source, &import.delimiter, &import.encoding, &import.blank)) }
            @if ["products", "stock"].contains(&import.about.as_str()) {
                dt { (w::COUNTED_ON) } dd { (visit.when(&import.counted_at)) }
            }
        }
    }
}

/// Which column was taken for what.
fn columns(import: &Import) -> Markup {
    let is_lacking = import.columns.iter().any(|column| column.field.is_none());
    let row = |column: &Column| {
        html! {
            tr {
                td { (brief(&column.column)) }
                td { @match &column.field { Some(field) => (w::meaning(field)), None => (w::NOT_READ) } }
            }
        }
    };
    let rows: Vec<Markup> = import.columns.iter().map(row).collect();
    let shown = fitting(rows.iter().map(|row| row.0.len()), COLUMNS_BYTES).min(rows.len());
    html! {
        details {
            summary { (w::COLUMNS) @if is_lacking { ": " (w::SOME_NOT_READ) } }
            (table(w::COLUMNS, w::COLUMN_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
            @if shown < rows.len() { p { (t::and_more(rows.len() - shown)) } }
        }
    }
}

fn listed(visit: &Visit, import: &Import, (name, title, fixed): &View, head: &Markup) -> Result<Markup> {
    let has_faults = ["refused", "not_applied", "not_undone"].contains(name);
    let row =
        |row: &Row| if has_faults { rows::refused(visit, row) } else { rows::planned(visit, import, row) };
    let room = visit.room_beside(&[head]);
    let found: List<Row> = visit.list_that_fits(
        &format!("/imports/{}/rows", import.id),
        fixed,
        &["after"],
        |of| row(of).0.len(),
        room,
    )?;
    let heads = if has_faults { w::REFUSED_COLUMNS } else { w::PLANNED_COLUMNS };
    Ok(html! {
        (table(title, heads, html! { @for of in &found.data { (row(of)) } }))
        (visit.list_end(found.next.as_deref(), &["view"]))
    })
}
