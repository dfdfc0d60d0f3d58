//! The books proved at the press of a button.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::table;
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;

#[derive(Deserialize)]
struct Verification {
    at: String,
    username: Option<String>,
    command: Option<String>,
    running: bool,
    held: Option<bool>,
    took_ms: Option<i64>,
    broken: Vec<Broken>,
}

#[derive(Deserialize)]
struct Broken {
    name: String,
    rows: i64,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let list: List<Verification> = visit.get_with("/verifications", &[], &["after"])?;
    let is_running = list.data.iter().any(|of| of.running);
    let body = html! {
        h1 { (t::VERIFY) }
        p { (t::WHAT_VERIFY_DOES) }
        @if is_running { p { (t::IS_RUNNING) " " a href=(visit.path) { (t::LOOK_AGAIN) } } }
        @else { (visit.button("verify", "", t::VERIFY_NOW)) }
        @if !list.data.is_empty() {
            (table(t::VERIFY, t::VERIFY_COLUMNS, html! {
                @for of in &list.data {
                    tr {
                        td { (visit.when(&of.at)) }
                        td { (of.username.as_deref().or(of.command.as_deref()).unwrap_or(t::THE_SHOP)) }
                        td { (outcome(of)) }
                        td.n { @if let Some(ms) = of.took_ms { (visit.count(ms)) " ms" } }
                    }
                }
            }))
        }
        (visit.list_end(list.next.as_deref(), &[]))
    };
    Ok(Answer::Page(Content::new(Room::House, t::VERIFY, body)))
}

fn outcome(of: &Verification) -> Markup {
    html! {
        @match of.held {
            _ if of.running => (t::AT_WORK),
            Some(true) => span.mark.good { (t::HELD) },
            Some(false) => {
                span.mark.bad { (t::DID_NOT_HOLD) }
                ul { @for broken in &of.broken { li { (t::object(&broken.name)) ": " (broken.rows) } } }
            }
            None => (t::CUT_OFF),
        }
    }
}
