//! Who changed what.

use maud::html;
use serde::Deserialize;

use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{filter_field, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

#[derive(Deserialize)]
struct Entry {
    at: String,
    username: Option<String>,
    api_key_name: Option<String>,
    command: Option<String>,
    address: Option<String>,
    action: String,
    object: String,
    object_id: Id,
    fields: Vec<String>,
}

const FILTERS: &[&str] = &["account_id", "api_key_id", "command", "object", "object_id", "from", "to"];

pub fn show(visit: &Visit) -> Result<Answer> {
    let passed: Vec<&str> = FILTERS.iter().copied().chain(["after"]).collect();
    let entries: List<Entry> = visit.get_with("/audit", &[], &passed)?;
    let body = html! {
        h1 { (t::AUDIT) }
        form.row {
            @for (name, label, kind) in t::AUDIT_FILTERS { (filter_field(visit, name, label, kind)) }
            button { (t::SEARCH) }
        }
        @if entries.data.is_empty() { p { (t::NOTHING_FOUND) } } @else {
            (table(t::AUDIT, t::AUDIT_COLUMNS, html! {
                @for entry in &entries.data {
                    tr {
                        td { (visit.when(&entry.at)) }
                        td {
                            (entry.username.as_deref().or(entry.api_key_name.as_deref()).or(entry.command.as_deref()).unwrap_or(""))
                            @if let Some(address) = &entry.address { " " span.aside { (address) } }
                        }
                        td { (t::action(&entry.action)) }
                        td {
                            @match page_of(&entry.object) {
                                Some(path) => a href={ (path) "/" (entry.object_id) } { (t::object(&entry.object)) " " (entry.object_id) },
                                None => { (t::object(&entry.object)) " " (entry.object_id) }
                            }
                        }
                        td { (t::fields(&entry.fields)) }
                    }
                }
            }))
        }
        (visit.pager(entries.next.as_deref(), FILTERS))
    };
    Ok(Answer::Page(Content::new(Room::House, t::AUDIT, body)))
}

/// Where something is looked at.
fn page_of(object: &str) -> Option<&'static str> {
    Some(match object {
        "order" => "/desk/orders",
        "customer" => "/desk/customers",
        "product" | "stock" => "/desk/products",
        "purchase_order" => "/desk/purchase_orders",
        "restock_run" => "/desk/restock/runs",
        "supplier" => "/desk/suppliers",
        _ => return None,
    })
}
