//! The suppliers, those that are archived among them.

use maud::{Markup, html};

use crate::desk::api::with_query;
use crate::desk::files::as_file;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{FormFor, filter_field};
use crate::desk::purchase_orders::ways;
use crate::desk::seen::List;
use crate::desk::suppliers::Supplier;
use crate::desk::texts::restock as t;
use crate::desk::visit::{Of, Visit};
use crate::error::Result;

pub fn show(visit: &Visit) -> Result<Answer> {
    let suppliers = by_name(visit)?;
    let archived = visit.param("archived") == Some("true");
    let rows = suppliers.iter().map(|supplier| row(visit, supplier));
    let body = html! {
        h1 { (t::SUPPLIERS) }
        (ways(visit, "/desk/suppliers"))
        ul.tabs {
            @for (value, words) in [("", t::ACTIVE), ("true", t::ARCHIVED)] {
                li { a href=(with_query(visit.path, &[("archived", value)])) aria-current=[(archived != value.is_empty()).then_some("true")] { (words) } }
            }
            li { a href="/desk/suppliers/new" { (t::NEW_SUPPLIER) } }
        }
        form.row role="search" aria-label=(t::SEARCH_SUPPLIERS) {
            @if archived { input type="hidden" name="archived" value="true"; }
            (filter_field(visit, "q", t::SEARCH_SUPPLIERS, "text"))
            button { (t::SEARCH) }
        }
        @if suppliers.is_empty() { p { (t::NO_SUPPLIERS) } } @else {
            (visit.part("part", t::SUPPLIERS, t::SUPPLIER_COLUMNS, rows, visit.room_beside(&[])))
        }
        (as_file(&with_query("/suppliers", &["q", "archived"].map(|name| (name, visit.param(name).unwrap_or(""))))))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::SUPPLIERS, body)))
}

/// All of them, since nobody looks for a supplier by its number; a shop has dozens.
fn by_name(visit: &Visit) -> Result<Vec<Supplier>> {
    let passed = ["q", "archived"];
    let mut list: List<Supplier> = visit.get_with("/suppliers", &[("limit", "100")], &passed)?;
    let mut all = list.data;
    while let Some(next) = list.next {
        list = visit.get_with("/suppliers", &[("limit", "100"), ("after", &next)], &passed)?;
        all.append(&mut list.data);
    }
    all.sort_by_cached_key(|supplier| (supplier.name.to_lowercase(), supplier.id));
    Ok(all)
}

fn row(visit: &Visit, supplier: &Supplier) -> Markup {
    let Supplier { id, name, .. } = supplier;
    let days: Vec<&str> = supplier.order_days.iter().map(|day| t::weekday(day)).collect();
    html! {
        tr {
            td { a href={ "/desk/suppliers/" (id) } { (brief(name)) } }
            td { (supplier.email.as_deref().unwrap_or("")) br; (supplier.phone.as_deref().unwrap_or("")) }
            td.n { (t::days(supplier.lead_time_days)) }
            td { @if days.is_empty() { (t::ANY_DAY) } @else { (days.join(", ")) } }
            td.n { @if let Some(minimum) = &supplier.minimum_order_value { (visit.money(minimum)) } }
            td {
                @match &supplier.archived_at {
                    Some(at) => {
                        (t::ARCHIVED) " " (visit.on(at)) " "
                        (visit.form_for(
                            &FormFor { name: "restore_supplier", of: Of { id: *id, product_id: 0 }, version: "", class: "button" },
                            |_| html! { button aria-label=(t::restore(&brief(name))) { (t::RESTORE) } },
                        ))
                    }
                    None => a href={ "/desk/suppliers/" (id) "/products" } { (t::ITS_OFFERS) },
                }
            }
        }
    }
}
