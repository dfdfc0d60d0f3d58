//! A list that somebody takes along, for a spreadsheet.

use maud::{Markup, html};

use crate::desk::api::{header, with_query};
use crate::desk::page::Answer;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;

/// `/desk/file?list=`: all of a list of the API, with its filters.
pub fn show(visit: &Visit) -> Result<Answer> {
    let target =
        visit.param("list").filter(|target| target.starts_with('/')).ok_or_else(Problem::not_found)?;
    let response = visit.api.file(target)?;
    // What is no list is shown on pages of its own.
    if !header(&response, "Content-Type").is_some_and(|named| named.starts_with("text/csv")) {
        return Err(Problem::not_found().into());
    }
    Ok(Answer::Sent(response))
}

impl Visit<'_> {
    /// The end of a list: its other pages, and all of it as a file.
    pub fn list_end(&self, next: Option<&str>, kept: &[&str]) -> Markup {
        let target = self.listed.borrow();
        html! {
            (self.pager(next, kept))
            @if !target.is_empty() { (as_file(&target)) }
        }
    }
}

/// The way to all of a list as a file; `target` is its endpoint with the filters.
pub fn as_file(target: &str) -> Markup {
    html! { p.screen { a href=(with_query("/desk/file", &[("list", target)])) download { (t::AS_FILE) } } }
}
