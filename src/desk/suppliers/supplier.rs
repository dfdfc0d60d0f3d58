//! A supplier: what it says of itself, and how long it has taken.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::{Seen, with_query};
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{Field, Kind, Open, table};
use crate::desk::purchase_orders::ways;
use crate::desk::seen::{self, List};
use crate::desk::suppliers::Supplier;
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::problem::Problem;
use crate::values::Id;

#[derive(Deserialize)]
struct LeadTimes {
    #[serde(flatten)]
    taken: Taken,
    products: List<OfProduct>,
}

#[derive(Deserialize)]
struct OfProduct {
    product_id: Id,
    name: String,
    #[serde(flatten)]
    taken: Taken,
}

#[derive(Deserialize)]
struct Taken {
    receipts: i64,
    mean_days: Option<f64>,
    spread_days: Option<f64>,
}

/// They have no page of the API of their own.
const ARCHIVED: &str = "/suppliers?archived=true&limit=100";

pub const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub fn new(visit: &Visit) -> Result<Answer> {
    let body = html! {
        h1 { (t::NEW_SUPPLIER) }
        (ways(visit, ""))
        (visit.form("add_supplier", "", |form| html! { (fields(visit, form, None)) button.main { (t::ADD) } }))
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::NEW_SUPPLIER, body)))
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let path = format!("/suppliers/{}", visit.id);
    let Some(Seen { value: supplier, version }) = seen::if_there(visit.api.read::<Supplier>(&path))? else {
        return archived(visit);
    };
    let lead_times: LeadTimes = visit.get_with(&format!("{path}/lead_times"), &[], &["after"])?;
    let is_open = visit.sent.as_ref().is_some_and(|sent| sent.form.name == "archive_supplier");
    let with_supplier = format!("/desk/purchase_orders?view=all&supplier_id={}", supplier.id);
    let body = html! {
        h1 { (supplier.name) }
        (ways(visit, ""))
        p.row {
            a.as-button href={ "/desk/suppliers/" (supplier.id) "/products" } { (t::ITS_OFFERS) }
            a.as-button href=(with_supplier) { (t::PURCHASE_ORDERS) }
            a.as-button href={ "/desk/restock?supplier_id=" (supplier.id) } { (t::PLAN) }
        }
        (visit.form("correct", &version, |form| html! { (fields(visit, form, Some(&supplier))) button.main { (t::SAVE) } }))
        (taken(visit, &supplier, &lead_times))
        details open[is_open] {
            summary { (t::ARCHIVE) }
            p { (t::WHAT_ARCHIVING_SUPPLIER_MEANS) }
            (visit.form("archive_supplier", &version, |_| html! { button.grave { (t::ARCHIVE) } }))
        }
    };
    Ok(Answer::Page(Content::new(Room::Restock, supplier.name.as_str(), body)))
}

/// One that is archived is looked at, and restored.
fn archived(visit: &Visit) -> Result<Answer> {
    let mut list: List<Supplier> = visit.api.get(ARCHIVED)?;
    let supplier = loop {
        if let Some(supplier) = list.data.into_iter().find(|supplier| supplier.id == visit.id) {
            break supplier;
        }
        let next = list.next.ok_or_else(Problem::not_found)?;
        list = visit.api.get(&with_query(ARCHIVED, &[("after", &next)]))?;
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let body = html! {
        h1 { (supplier.name) " · " (t::ARCHIVED) }
        (ways(visit, ""))
        p { (t::WHAT_ARCHIVING_SUPPLIER_MEANS) }
        dl.facts {
            @for (term, text) in [(t::EMAIL, text(&supplier.email)), (t::PHONE, text(&supplier.phone)), (t::NOTE, text(&supplier.note))] {
                @if !text.is_empty() { dt { (term) } dd.text { (text) } }
            }
            dt { (t::LEAD_TIME) } dd { (t::days(supplier.lead_time_days)) }
            @if let Some(minimum) = &supplier.minimum_order_value { dt { (t::MINIMUM_ORDER) } dd { (visit.money(minimum)) } }
            @if let Some(at) = &supplier.archived_at { dt { (t::ARCHIVED) } dd { (visit.when(at)) } }
        }
        (visit.button("restore_supplier", "", t::RESTORE))
        p.row { a.as-button href={ "/desk/purchase_orders?view=all&supplier_id=" (supplier.id) } { (t::PURCHASE_ORDERS) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, supplier.name.as_str(), body)))
}

fn fields(visit: &Visit, form: &Open, supplier: Option<&Supplier>) -> Markup {
    let text = |of: fn(&Supplier) -> Option<&str>| supplier.and_then(of).unwrap_or("");
    let days = supplier.map(|supplier| supplier.lead_time_days.to_string()).unwrap_or_default();
    html! {
        (form.field(&Field::new("name", t::NAME, Kind::Text).required(), text(|supplier| Some(&supplier.name))))
        (form.field(&Field::new("email", t::EMAIL, Kind::Text), text(|supplier| supplier.email.as_deref())))
        (form.field(&Field::new("phone", t::PHONE, Kind::Text), text(|supplier| supplier.phone.as_deref())))
        (form.field(&Field::new("lead_time_days", t::LEAD_TIME_IN_DAYS, Kind::Whole).required(), &days))
        (order_days(visit, supplier))
        (form.field(&Field::new("minimum_order_value", t::MINIMUM_ORDER, Kind::Decimal), text(|supplier| supplier.minimum_order_value.as_deref())))
        (form.field(&Field::new("note", t::NOTE, Kind::Area), text(|supplier| supplier.note.as_deref())))
    }
}

/// A box for each day of the week.
fn order_days(visit: &Visit, supplier: Option<&Supplier>) -> Markup {
    let is_ticked = |day: &str| match &visit.sent {
        Some(sent) if sent.fields.get("order_days[]").is_some() => {
            sent.fields.all("order_days[]").any(|sent| sent == day)
        }
        _ => supplier.is_some_and(|supplier| supplier.order_days.iter().any(|known| known == day)),
    };
    html! {
        fieldset {
            legend { (t::ORDER_DAYS) }
            input type="hidden" name="order_days[]" value="";
            div.row {
                @for day in WEEK {
                    div.field {
                        input type="checkbox" id={ "day-" (day) } name="order_days[]" value=(day) checked[is_ticked(day)];
                        label for={ "day-" (day) } { (t::weekday(day)) }
                    }
                }
            }
        }
    }
}

/// How long it has taken, beside what it says.
fn taken(visit: &Visit, supplier: &Supplier, lead_times: &LeadTimes) -> Markup {
    let number = |days: Option<f64>| match days {
        Some(days) => visit.app().config.locale.number(&format!("{days:.1}")),
        None => "–".to_owned(),
    };
    let cells = |taken: &Taken| {
        html! {
            td.n { (visit.count(taken.receipts)) }
            td.n { (number(taken.mean_days)) }
            td.n { (number(taken.spread_days)) }
        }
    };
    html! {
        h2 { (t::HOW_LONG_IT_TOOK) }
        p { (t::it_says(supplier.lead_time_days)) }
        @if lead_times.taken.receipts == 0 { p { (t::NOTHING_CAME_YET) } } @else {
            (table(t::HOW_LONG_IT_TOOK, t::TAKEN_COLUMNS, html! {
                tr { th scope="row" { (t::ALL_PRODUCTS) } (cells(&lead_times.taken)) }
                @for product in &lead_times.products.data {
                    tr {
                        td { a href={ "/desk/products/" (product.product_id) } { (brief(&product.name)) } }
                        (cells(&product.taken))
                    }
                }
            }))
            (visit.list_end(lead_times.products.next.as_deref(), &[]))
        }
    }
}
