//! The purchase orders by where they stand, of a supplier, or with a product.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::page::{Answer, Content, Room, View};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{Field, Kind, kept_in_form, narrowed, table};
use crate::desk::purchase_orders::Head;
use crate::desk::purchase_orders::ways;
use crate::desk::scan::Scan;
use crate::desk::seen::{self, List};
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::{Id, id_from_digits};

#[derive(Deserialize)]
struct Seller {
    id: Id,
    name: String,
}

/// What is looked through, and the filter that stands for it.
const VIEWS: [View; 6] = [
    ("draft", t::DRAFTS, &[("status", "draft")]),
    ("ordered", t::ON_THEIR_WAY, &[("status", "ordered")]),
    ("overdue", t::ARE_OVERDUE, &[("overdue", "true")]),
    ("received", t::RECEIVED, &[("status", "received")]),
    ("cancelled", t::CANCELLED, &[("status", "cancelled")]),
    ("all", t::ALL, &[]),
];

const KEPT: &[&str] = &["view", "supplier_id", "product_id", "waiting", "expected_from", "expected_to"];
/// What goes with any view.
const OF_ALL_VIEWS: &[&str] = &["supplier_id", "product_id"];
/// What a figure narrows a view to.
const NARROWED: &[&str] = &["waiting", "expected_from", "expected_to"];

pub fn show(visit: &Visit) -> Result<Answer> {
    let scan = visit.param("product").and_then(Scan::read);
    if let Some(scan) = &scan
        && let Some(product) = scan.product(&visit.api)?
    {
        return Ok(Answer::Goto(visit.here_with("product_id", &product.id.to_string(), KEPT)));
    }
    let asked = visit.param("view");
    let (view, title, fixed) = VIEWS.iter().find(|(name, ..)| Some(*name) == asked).unwrap_or(&VIEWS[0]);
    let passed = [OF_ALL_VIEWS, NARROWED, &["after"]].concat();
    let orders: List<Head> = visit.get_with("/purchase_orders", fixed, &passed)?;
    let body = html! {
        h1 { (t::PURCHASE_ORDERS) }
        (ways(visit, "/desk/purchase_orders"))
        ul.tabs {
            @for (name, words, _) in &VIEWS {
                li { a href=(visit.here_with("view", name, OF_ALL_VIEWS)) aria-current=[(name == view).then_some("true")] { (words) } }
            }
        }
        @if let Some(scan) = &scan { p.refused role="alert" { (t::unknown_code(&scan.code)) } }
        (filters(visit, view)?)
        @if orders.data.is_empty() { p { (t::NO_PURCHASE_ORDERS) } } @else {
            (table(title, t::PURCHASE_ORDER_COLUMNS, html! { @for head in &orders.data { (row(visit, head)) } }))
        }
        (visit.list_end(orders.next.as_deref(), KEPT))
        (new(visit)?)
    };
    Ok(Answer::Page(Content::new(Room::Restock, *title, body)))
}

/// The suppliers to choose from, the one that is chosen first among them.
#[derive(Default)]
struct Choice {
    suppliers: Vec<(String, String)>,
    /// Whether there are more, which are found in their list.
    has_more: bool,
}

/// A shop of more suppliers looks for one in their list, and comes from its page with it chosen.
const CHOICE_BYTES: usize = 3 * 1024;

/// None where whoever is logged in may not read them.
fn suppliers(visit: &Visit) -> Result<Choice> {
    if !visit.api.may("GET", "/suppliers") {
        return Ok(Choice::default());
    }
    let list: List<Seller> = visit.api.get("/suppliers?limit=100")?;
    let chosen = visit.param("supplier_id").and_then(id_from_digits);
    let there = chosen.is_some_and(|id| list.data.iter().any(|of| of.id == id));
    let elsewhere: Option<Seller> = match chosen.filter(|_| !there) {
        Some(id) => seen::if_there(visit.api.get(&format!("/suppliers/{id}")))?,
        None => None,
    };
    let mut all: Vec<Seller> = elsewhere.into_iter().chain(list.data).collect();
    all.sort_by_cached_key(|of| (Some(of.id) != chosen, of.name.to_lowercase()));
    let sizes =
        all.iter().map(|of| "<option value=\"\" selected></option>".len() + 10 + brief(&of.name).len());
    let fits = fitting(sizes, CHOICE_BYTES).min(all.len());
    let has_more = list.next.is_some() || fits < all.len();
    let suppliers = all[..fits].iter().map(|of| (of.id.to_string(), brief(&of.name).into_owned())).collect();
    Ok(Choice { suppliers, has_more })
}

fn more_suppliers(choice: &Choice) -> Markup {
    html! { @if choice.has_more { p.hint { a href="/desk/suppliers" { (t::ANOTHER_SUPPLIER) } } } }
}

fn filters(visit: &Visit, view: &str) -> Result<Markup> {
    let product_id = visit.param("product_id").and_then(id_from_digits);
    let product = seen::products(&visit.api, product_id)?.into_values().next();
    let supplier_id = visit.param("supplier_id").unwrap_or("");
    let choice = suppliers(visit)?;
    let suppliers = &choice.suppliers;
    Ok(html! {
        form.row role="search" aria-label=(t::PURCHASE_ORDERS) {
            input type="hidden" name="view" value=(view);
            (kept_in_form(visit, NARROWED))
            @if !suppliers.is_empty() {
                div.field {
                    label for="supplier" { (t::SUPPLIER) }
                    select #supplier name="supplier_id" {
                        option value="" { (t::ALL) }
                        @for (id, name) in suppliers { option value=(id) selected[id == supplier_id] { (name) } }
                    }
                }
            } @else if !supplier_id.is_empty() {
                input type="hidden" name="supplier_id" value=(supplier_id);
            }
            div.field {
                label for="product" { (t::WITH_PRODUCT) }
                input #product name="product" maxlength="100" autocomplete="off";
            }
            button { (t::SEARCH) }
        }
        (more_suppliers(&choice))
        @if let Some(product) = &product {
            (narrowed(visit, t::with_product(&product.name), t::ALL_PRODUCTS, &["product_id"], KEPT))
        }
        @if let Some(waiting) = visit.param("waiting") {
            (narrowed(visit, t::waiting(waiting == "true"), t::OF_ANY_AGE, &["waiting"], KEPT))
        }
        @if let Some(days) = expected(visit) {
            (narrowed(visit, days, t::EXPECTED_ANY_DAY, &["expected_from", "expected_to"], KEPT))
        }
    })
}

/// The days on which something is expected, in words.
fn expected(visit: &Visit) -> Option<Markup> {
    let (from, to) = (visit.param("expected_from"), visit.param("expected_to"));
    Some(match (from, to) {
        (None, None) => return None,
        (Some(from), Some(to)) if from == to => html! { (t::EXPECTED_ON) " " (visit.on(from)) },
        (from, to) => html! {
            (t::EXPECTED_IN)
            @if let Some(from) = from { " " (t::FROM) " " (visit.on(from)) }
            @if let Some(to) = to { " " (t::UP_TO) " " (visit.on(to)) }
        },
    })
}

fn row(visit: &Visit, head: &Head) -> Markup {
    html! {
        tr {
            td { a href={ "/desk/purchase_orders/" (head.id) } { (t::purchase_order(head.id)) } }
            td {
                (t::status(&head.status))
                @if head.overdue { " " span.mark.bad { "▲ " (t::OVERDUE) } }
            }
            td { (brief(head.seller())) }
            td.n { (visit.count(head.units)) " / " (visit.count(head.line_count)) }
            td.n { (visit.count(head.received)) }
            td { (visit.on(head.ordered_at.as_deref().unwrap_or(&head.created_at))) }
            td { @if let Some(at) = &head.expected_at { (visit.on(at)) } }
            td.n { @if let Some(total) = &head.total { (visit.money(total)) } }
            td {
                @if head.status == "ordered" { a.as-button href={ "/desk/purchase_orders/" (head.id) "/receive" } { (t::RECEIVE) } }
            }
        }
    }
}

/// A draft by hand, to which no run adds.
fn new(visit: &Visit) -> Result<Markup> {
    let known = suppliers(visit)?;
    let mut choices = vec![("", t::OWN_LIST)];
    choices.extend(known.suppliers.iter().map(|(id, name)| (id.as_str(), name.as_str())));
    let is_open = visit.sent.as_ref().is_some_and(|sent| sent.form.name == "draft");
    Ok(html! {
        details open[is_open] {
            summary { (t::NEW_DRAFT) }
            @if !visit.api.may("GET", "/suppliers") { p { (t::ONLY_OWN_LIST) } }
            (visit.form("draft", "", |form| html! {
                (form.field(&Field::new("supplier_id", t::SUPPLIER, Kind::Choice(&choices)).required(), visit.param("supplier_id").unwrap_or("")))
                (more_suppliers(&known))
                (form.field(&Field::new("note", t::NOTE, Kind::Area).hint(t::NOTE_GOES_OUT), ""))
                button { (t::MAKE_DRAFT) }
            }))
        }
    })
}
