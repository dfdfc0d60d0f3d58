//! Stock takes: opened over a category or a shelf, counted by scan or by number, reviewed and booked.

pub mod count;
pub mod list;
pub mod review;

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::with_query;
use crate::desk::parts::brief_text;
use crate::desk::seen::{List, Product};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

#[derive(Deserialize)]
struct Take {
    id: Id,
    status: String,
    category: Option<String>,
    shelf: Option<String>,
    note: Option<String>,
    opened_by: Option<Actor>,
    opened_at: String,
    closed_at: Option<String>,
    allowed_actions: Vec<String>,
}

#[derive(Deserialize)]
struct Actor {
    username: Option<String>,
    api_key_name: Option<String>,
}

/// What has come of it so far.
#[derive(Deserialize)]
struct Figures {
    #[serde(flatten)]
    take: Take,
    products: i64,
    counted: i64,
    different: i64,
    booked: i64,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    product_id: Id,
    product_name: String,
    sku: Option<String>,
    shelf: Option<String>,
    counted: Option<i64>,
    counted_at: Option<String>,
    counted_by: Option<Actor>,
    expected: Option<i64>,
    difference: Option<i64>,
    value: Option<String>,
    booked_at: Option<String>,
    obstacle: Option<String>,
}

impl Take {
    /// What is counted.
    fn over(&self) -> String {
        match (&self.category, &self.shelf) {
            (Some(category), _) => t::over_category(category),
            (_, Some(shelf)) => t::over_shelf(shelf),
            _ => t::OVER_ALL.to_owned(),
        }
    }

    fn may(&self, action: &str) -> bool {
        self.allowed_actions.iter().any(|allowed| allowed == action)
    }
}

impl Actor {
    fn name(&self) -> &str {
        self.username.as_deref().or(self.api_key_name.as_deref()).unwrap_or("")
    }
}

/// The line of a product, if the stock take has it.
fn line_of(visit: &Visit, path: &str, product: &Product) -> Result<Option<Line>> {
    let found: List<Line> =
        visit.api.get(&with_query(&format!("{path}/lines"), &[("q", &product.name), ("limit", "100")]))?;
    Ok(found.data.into_iter().find(|line| line.product_id == product.id))
}

/// The head of its pages.
fn head(visit: &Visit, figures: &Figures) -> Markup {
    let Figures { take, products, counted, different, booked, value } = figures;
    html! {
        dl.facts {
            dt { (t::COUNTED) } dd { (visit.count(*counted)) " / " (visit.count(*products)) }
            dt { (t::DIFFERENT) } dd { (visit.count(*different)) @if let Some(value) = value { " · " (visit.money(value)) } }
            @if *booked > 0 { dt { (t::BOOKED) } dd { (visit.count(*booked)) } }
            dt { (t::OPENED) }
            dd { (visit.when(&take.opened_at)) @if let Some(by) = &take.opened_by { ", " (by.name()) } }
            @if let Some(at) = &take.closed_at { dt { (t::CLOSED) } dd { (t::status(&take.status)) ", " (visit.when(at)) } }
            @if let Some(note) = &take.note { dt { (t::NOTE) } dd.text { (brief_text(note)) } }
        }
    }
}
