//! The rows of a file, as they would change something or were refused.

use maud::{Markup, html};
use serde_json::Value;

use crate::desk::imports::{Import, Row};
use crate::desk::parts::{brief, brief_text};
use crate::desk::texts as t;
use crate::desk::texts::imports as w;
use crate::desk::visit::Visit;

/// As many of a row's faults and fields as anybody reads in a list.
const SHOWN_MAX: usize = 6;

/// A row that was refused, or left as it is since somebody has changed it.
pub fn refused(visit: &Visit, row: &Row) -> Markup {
    html! {
        tr {
            td.n { (row.line) }
            td {
                @for error in row.errors.iter().take(SHOWN_MAX) {
                    div {
                        @match (&error.column, error.field.as_str()) {
                            (Some(column), _) => strong { (brief(column)) },
                            (None, "") => {},
                            (None, field) => strong { (t::field(field)) },
                        }
                        @if let Some(value) = error.value.as_deref().filter(|value| !value.is_empty()) {
                            " “" (brief(value)) "”"
                        }
                        " " (brief_text(&visit.said(&error.message)))
                    }
                }
            }
        }
    }
}

/// A row that makes something or changes it.
pub fn planned(visit: &Visit, import: &Import, row: &Row) -> Markup {
    let is_new = row.outcome == "create";
    html! {
        tr {
            td.n { (row.line) }
            td {
                @match (row.object_id, page_of(&import.about)) {
                    (Some(id), Some(path)) => a href={ (path) "/" (id) } { (w::thing(&import.about, id)) },
                    (Some(id), None) => (w::thing(&import.about, id)),
                    (None, _) => (w::IS_NEW),
                }
            }
            td {
                @for (at, (name, value)) in row.fields.iter().take(SHOWN_MAX).enumerate() {
                    @if at > 0 { "; " }
                    (t::field(name)) ": "
                    @if let Some(before) = row.before.get(name).filter(|_| !is_new) { (shown(visit, name, before)) " → " }
                    (shown(visit, name, value))
                }
                @if let Some(more) = row.fields.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) { "; " (t::and_more(more)) }
            }
            td { (w::state(&row.state)) }
        }
    }
}

/// Where something of this type is looked at.
fn page_of(about: &str) -> Option<&'static str> {
    Some(match about {
        "products" | "stock" => "/desk/products",
        "customers" => "/desk/customers",
        "suppliers" => "/desk/suppliers",
        _ => return None,
    })
}

/// The sums of a row, which are written as the shop's country does.
const MONEY: [&str; 3] = ["price", "unit_cost", "minimum_order_value"];

fn shown(visit: &Visit, name: &str, value: &Value) -> String {
    match value {
        Value::Null => t::NOTHING.to_owned(),
        Value::String(sum) if MONEY.contains(&name) => visit.money(sum),
        Value::String(text) => brief(text).into_owned(),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.to_string(), |number| visit.count(number))
        }
        Value::Array(items) if items.is_empty() => t::NOTHING.to_owned(),
        Value::Array(items) => {
            let texts = items.iter().map(|item| match item {
                // A barcode, with how many units it stands for.
                Value::Object(of) => of.get("code").and_then(Value::as_str).unwrap_or("").to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            brief(&texts.collect::<Vec<_>>().join(", ")).into_owned()
        }
        Value::Bool(_) | Value::Object(_) => value.to_string(),
    }
}
