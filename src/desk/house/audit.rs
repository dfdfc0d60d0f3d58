//! Who changed what.

use std::collections::HashMap;

use maud::{Markup, html};
use serde::Deserialize;

use crate::audit::Object;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{filter_choice, filter_field, table};
use crate::desk::seen::{self, List, Product};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::{Id, id_from_digits};

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

/// Somebody of the staff, or a program's key.
#[derive(Deserialize)]
struct Named {
    id: Id,
    #[serde(alias = "username")]
    name: String,
}

const FILTERS: &[&str] = &["account_id", "api_key_id", "command", "object", "object_id", "from", "to"];

/// A shop of more people, or of more programs, finds the others by the address of an entry.
const CHOICE_BYTES: usize = 3 * 1024;

/// What the name of the product takes that an entry is about, in letters of three bytes.
const NAME_BYTES: usize = 256;

pub fn show(visit: &Visit) -> Result<Answer> {
    let passed: Vec<&str> = FILTERS.iter().copied().chain(["after"]).collect();
    let (staff, keys) = (choices(visit, "/staff?limit=100")?, choices(visit, "/api_keys?limit=100")?);
    let room = visit.room_beside(&[&filters(visit, &staff, &keys)]);
    let none = HashMap::new();
    let size = |entry: &Entry| row(visit, entry, &none).0.len() + NAME_BYTES;
    let entries: List<Entry> = visit.list_that_fits("/audit", &[], &passed, size, room)?;
    let named = entries.data.iter().flat_map(|entry| &entry.fields).filter_map(|field| of_product(field));
    let products = seen::products(&visit.api, named.map(|(id, _)| id))?;
    let body = html! {
        h1 { (t::AUDIT) }
        (filters(visit, &staff, &keys))
        @if entries.data.is_empty() { p { (t::NOTHING_FOUND) } } @else {
            (table(t::AUDIT, t::AUDIT_COLUMNS, html! {
                @for entry in &entries.data { (row(visit, entry, &products)) }
            }))
        }
        (visit.list_end(entries.next.as_deref(), FILTERS))
    };
    Ok(Answer::Page(Content::new(Room::House, t::AUDIT, body)))
}

fn filters(visit: &Visit, staff: &[(String, String)], keys: &[(String, String)]) -> Markup {
    let mut objects: Vec<(&str, String)> =
        Object::ALL.iter().map(|object| (object.text(), t::object(object.text()))).collect();
    objects.sort_by(|one, other| one.1.cmp(&other.1));
    let choice = |name: &str, label: &str, values: &[(&str, String)]| {
        let mut choices = vec![("", t::ALL)];
        choices.extend(values.iter().map(|(value, words)| (*value, words.as_str())));
        filter_choice(visit, name, label, &choices)
    };
    let of = |named: &[(String, String)], name: &str, label: &str| {
        let values: Vec<(&str, String)> =
            named.iter().map(|(id, words)| (id.as_str(), words.clone())).collect();
        choice(name, label, &values)
    };
    html! {
        form.row {
            (of(staff, "account_id", t::AUDIT_WHO))
            @if !keys.is_empty() { (of(keys, "api_key_id", t::AUDIT_PROGRAM)) }
            (choice("object", t::AUDIT_WHAT, &objects))
            @for (name, label, kind) in t::AUDIT_FILTERS { (filter_field(visit, name, label, kind)) }
            button { (t::SEARCH) }
        }
    }
}

/// By their names, as many as have room.
fn choices(visit: &Visit, path: &str) -> Result<Vec<(String, String)>> {
    let mut named: Vec<Named> = visit.api.get::<List<Named>>(path)?.data;
    named.sort_by_cached_key(|one| one.name.to_lowercase());
    let size = |one: &Named| "<option value=\"\"></option>".len() + 10 + brief(&one.name).len();
    let fits = fitting(named.iter().map(size), CHOICE_BYTES).min(named.len());
    Ok(named[..fits].iter().map(|one| (one.id.to_string(), brief(&one.name).into_owned())).collect())
}

fn row(visit: &Visit, entry: &Entry, products: &HashMap<Id, Product>) -> Markup {
    let Entry { username, api_key_name, command, object, object_id, .. } = entry;
    html! {
        tr {
            td { (visit.when(&entry.at)) }
            td {
                (username.as_deref().or(api_key_name.as_deref()).or(command.as_deref()).unwrap_or(""))
                @if let Some(address) = &entry.address { " " span.aside { (address) } }
            }
            td { (t::action(&entry.action)) }
            td {
                @match page_of(object) {
                    Some(path) => a href={ (path) "/" (object_id) } { (t::object(object)) " " (object_id) },
                    None => { (t::object(object)) " " (object_id) }
                }
            }
            td {
                @for (at, field) in entry.fields.iter().enumerate() {
                    @let before = at.checked_sub(1).and_then(|at| of_product(&entry.fields[at]));
                    @if at > 0 { ", " }
                    @match (before, of_product(field)) {
                        // The product is named once for all that was changed of it.
                        (Some((known, _)), Some((id, of))) if known == id => (t::field(of)),
                        _ => (changed(field, products)),
                    }
                }
            }
        }
    }
}

/// A field that was changed. `products[63].cost` is what a supplier asks for the product 63, `purchase_orders[7]` another order,
/// and `movements[9].note` the note of that line of a ledger.
fn changed(field: &str, products: &HashMap<Id, Product>) -> Markup {
    if let Some((id, of)) = of_product(field) {
        return html! {
            a href={ "/desk/products/" (id) } { (products.get(&id).map_or(t::product(id).into(), |product| brief(&product.name))) }
            @if !of.is_empty() { ": " (t::field(of)) }
        };
    }
    match inside(field) {
        Some(("purchase_orders", id, _)) => {
            html! { a href={ "/desk/purchase_orders/" (id) } { (t::restock::purchase_order(id)) } }
        }
        Some(("movements", number, of)) => html! { (t::of_movement(&t::field(of), number)) },
        _ => html! { (t::field(field)) },
    }
}

fn of_product(field: &str) -> Option<(Id, &str)> {
    inside(field).filter(|(list, ..)| *list == "products").map(|(_, id, of)| (id, of))
}

/// What list a field is in, the id of what it belongs to there, and its own name.
fn inside(field: &str) -> Option<(&str, Id, &str)> {
    let (list, rest) = field.split_once('[')?;
    let (id, of) = rest.split_once(']')?;
    Some((list, id_from_digits(id)?, of.trim_start_matches('.')))
}

/// Where something is looked at.
fn page_of(object: &str) -> Option<&'static str> {
    Some(match object {
        "order" => "/desk/orders",
        "customer" => "/desk/customers",
        "product" | "stock" => "/desk/products",
        "purchase_order" => "/desk/purchase_orders",
        "restock_run" => "/desk/restock/runs",
        "stock_take" => "/desk/stock_takes",
        "supplier" => "/desk/suppliers",
        "import" => "/desk/imports",
        "webhook" => "/desk/webhooks",
        _ => return None,
    })
}
