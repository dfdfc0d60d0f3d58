//! One order: what is in it, where it stands, what has been done with it, and what can be done now.

use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api::Seen;
use crate::desk::orders::{Order, There};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::parts::{brief, brief_text};
use crate::desk::pieces::{Field, FormFor, Kind};
use crate::desk::seen::{self, Customer};
use crate::desk::texts as t;
use crate::desk::visit::{Of, Sent, Visit};
use crate::error::Result;

#[derive(Deserialize)]
struct Tracking {
    events: Vec<Event>,
    confirmed_by_name: Option<String>,
}

#[derive(Deserialize, Default)]
struct Event {
    /// No step of its own in the API: the order stays placed.
    #[serde(skip)]
    is_confirmation: bool,
    status: String,
    at: String,
    reason: Option<String>,
    note: Option<String>,
    correction: Option<Correction>,
    actor_name: Option<String>,
}

#[derive(Deserialize)]
struct Correction {
    field: String,
    old: Option<String>,
    new: Option<String>,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } = visit.api.read::<Order>(&format!("/orders/{}", visit.id))?;
    let mut tracking: Tracking = visit.api.get(&format!("/orders/{}/track", visit.id))?;
    // What staff place is confirmed with that.
    if let Some(at) = order.confirmed_at.as_ref().filter(|at| **at != order.order_date) {
        let place = tracking.events.partition_point(|event| event.at <= *at);
        let actor_name = tracking.confirmed_by_name.take();
        let event = Event { at: at.clone(), is_confirmation: true, actor_name, ..Event::default() };
        tracking.events.insert(place, event);
    }
    let customer = seen::customers(&visit.api, [order.customer_id])?.remove(&order.customer_id);
    let facts = facts(visit, &order, customer.as_ref());
    let steps = steps(visit, &order, &version);
    let corrections = corrections(visit, &order, &version);
    let room = visit.room_beside(&[&facts, &steps, &corrections]);
    let entries = tracking.events.iter().enumerate().map(|(at, event)| entry(visit, event, at == 0));
    // The lines are what the page is about; the history has what they leave, and a third of the room in any case.
    let history = visit.part("history", t::HISTORY, t::HISTORY_COLUMNS, entries, room / 3);
    let lines = lines(visit, &order, room.saturating_sub(history.0.len()))?;
    let is_stale = visit.sent.as_ref().is_some_and(Sent::is_stale);
    let body = html! {
        h1 { (t::order(order.id)) " · " (t::status(&order.status)) }
        @if let Some(last) = tracking.events.last().filter(|_| is_stale) {
            p.refused { (t::LAST_DONE) " " (did(last)) ", " (visit.when(&last.at)) ", " (who(last, tracking.events.len() == 1)) "." }
        }
        (ways(&order))
        (facts)
        (lines)
        (steps)
        (corrections)
        h2 { (t::HISTORY) }
        (history)
    };
    Ok(Answer::Page(Content::new(Room::Orders, t::order(order.id), body)))
}

/// Where to go from here.
fn ways(order: &Order) -> Markup {
    html! {
        p.row.screen {
            @if order.status == "placed" {
                a.as-button href={ "/desk/orders/" (order.id) "/pack" } { (t::PACK) }
                a.as-button href={ "/desk/orders/pick_list?orders%5B%5D=" (order.id) } { (t::PICK_LIST) }
            }
            a.as-button href={ "/desk/orders/" (order.id) "/slip" } { (t::PACKING_SLIP) }
            a.as-button href={ "/desk/orders/" (order.id) "/slip?prices=true" } { (t::PACKING_SLIP_WITH_PRICES) }
        }
    }
}

fn facts(visit: &Visit, order: &Order, customer: Option<&Customer>) -> Markup {
    html! {
        dl.facts {
            dt { (t::CUSTOMER) }
            dd {
                @match customer {
                    Some(customer) => {
                        a href={ "/desk/customers/" (customer.id) } { (customer.name) } br;
                        (customer.email) " · " (customer.phone)
                    }
                    None => (t::ERASED)
                }
            }
            dt { (t::PLACED) }
            dd {
                (visit.when(&order.order_date))
                @match &order.confirmed_at {
                    Some(at) => { " · " (t::CONFIRMED) " " (visit.when(at)) }
                    None if visit.wants_confirmations() && order.is_to_confirm(customer) => { " · " (t::NOT_CONFIRMED) }
                    None => {}
                }
            }
            dt { (t::EXPECTED) } dd { (visit.on(&order.expected_delivery_date)) }
            @if let Some(address) = &order.shipping_address { dt { (t::SHIPPING_ADDRESS) } dd.text { (brief_text(address)) } }
            @if let Some(note) = &order.note { dt { (t::NOTE) } dd.text { (brief_text(note)) } }
            @if let Some(carrier) = &order.carrier { dt { (t::CARRIER) } dd { (carrier) } }
            @if let Some(number) = &order.tracking_number { dt { (t::TRACKING_NUMBER) } dd { (number) } }
            dt { (t::TOTAL) } dd { (visit.money(&order.total)) }
            @if let Some(margin) = &order.margin { dt { (t::MARGIN) } dd { (visit.money(margin)) } }
        }
    }
}

fn lines(visit: &Visit, order: &Order, room: usize) -> Result<Markup> {
    let ids = || order.items.iter().map(|line| line.product_id);
    let products = seen::products(&visit.api, ids())?;
    let is_placed = order.status == "placed";
    let figures = if is_placed { seen::figures(&visit.api, ids())? } else { Default::default() };
    let rows = order.items.iter().map(|line| {
        let product = products.get(&line.product_id);
        html! {
            tr {
                td { a href={ "/desk/products/" (line.product_id) } { (brief(&line.name)) } }
                td { (product.and_then(|product| product.sku.as_deref()).unwrap_or("")) }
                td { (product.and_then(|product| product.shelf.as_deref()).unwrap_or("")) }
                td.n { (line.quantity) }
                td { @if is_placed { (There::of_line(line, &figures).mark()) } }
                td.n { (visit.money(&line.unit_price)) }
                td.n { (visit.money(&line.total)) }
            }
        }
    });
    Ok(visit.part("lines", t::LINES, t::LINE_COLUMNS, rows, room))
}

/// A step that needs no words is a button; what cannot be undone says first what it does.
fn steps(visit: &Visit, order: &Order, version: &str) -> Markup {
    let may = |action: &str| order.allowed_actions.iter().any(|allowed| allowed == action);
    let grave = |action: &'static str, title: &str, what: &str, with_note: bool| {
        html! {
            details open[visit.sent.as_ref().is_some_and(|sent| sent.form.name == action)] {
                summary { (title) }
                p { (what) }
                (visit.form(action, version, |form| html! {
                    @if with_note { (form.field(&Field::new("note", t::NOTE, Kind::Area), "")) }
                    button.grave { (title) }
                }))
            }
        }
    };
    html! {
        div.row {
            @if visit.wants_confirmations() && may("confirm") { (visit.button("confirm", version, t::CONFIRM)) }
            @if may("deliver") { (visit.button("deliver", version, t::DELIVER)) }
            @if may("reopen") { (visit.button("reopen", version, t::REOPEN)) }
        }
        @if may("ship") {
            h2 { (t::SHIP) }
            (visit.form("ship", version, |form| html! {
                div.row {
                    (form.text("carrier", t::CARRIER, ""))
                    (form.text("tracking_number", t::TRACKING_NUMBER, ""))
                    button.main { (t::SHIP) }
                }
            }))
        }
        @if may("lost") { (grave("lost", t::LOST, t::WHAT_LOST_MEANS, true)) }
        @if may("returned") { (grave("returned", t::RETURNED, t::WHAT_RETURNED_MEANS, true)) }
        @if may("cancel") { (grave("cancel", t::CANCEL_ORDER, t::WHAT_CANCEL_MEANS, false)) }
    }
}

/// What can still be written down anew, by where the order stands.
fn corrections(visit: &Visit, order: &Order, version: &str) -> Markup {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (placed, sent) = match order.status.as_str() {
        "placed" => (true, false),
        "shipped" | "delivered" | "lost" | "returned" => (false, true),
        _ => return html! {},
    };
    let is_open = visit.sent.as_ref().is_some_and(|sent| sent.form.name == "correct");
    html! {
        details open[is_open] {
            summary { (t::CORRECT) }
            (visit.form_for(
                &FormFor { name: "correct", of: Of { id: visit.id, product_id: 0 }, version, class: "" },
                |form| html! {
                    @if placed {
                        (form.field(&Field::new("shipping_address", t::SHIPPING_ADDRESS, Kind::Area), &text(&order.shipping_address)))
                        (form.field(&Field::new("note", t::NOTE, Kind::Area), &text(&order.note)))
                    }
                    @if placed || order.status == "shipped" {
                        (form.field(&Field::new("expected_delivery_date", t::EXPECTED, Kind::Day).required(), &order.expected_delivery_date))
                    }
                    @if sent {
                        (form.text("carrier", t::CARRIER, &text(&order.carrier)))
                        (form.text("tracking_number", t::TRACKING_NUMBER, &text(&order.tracking_number)))
                    }
                    button { (t::SAVE) }
                },
            ))
        }
    }
}

fn entry(visit: &Visit, event: &Event, is_first: bool) -> Markup {
    let Event { at, reason, note, correction, .. } = event;
    // A day that was expected, or what somebody wrote.
    let was = |text: &Option<String>| {
        text.as_deref().map_or(html! { (t::NOTHING) }, |text| visit.on(&brief_text(text)))
    };
    html! {
        tr {
            td { (visit.when(at)) }
            td {
                @match correction {
                    Some(Correction { old, new, .. }) => {
                        (did(event))
                        @if old.is_some() || new.is_some() {
                            ": " (was(old)) " → " (was(new))
                        }
                    }
                    None => {
                        (did(event))
                        @if reason.as_deref() == Some("unconfirmed") { " · " (t::BECAUSE_UNCONFIRMED) }
                    }
                }
                @if let Some(note) = note { br; span.text { (brief_text(note)) } }
            }
            td {
                (who(event, is_first))
            }
        }
    }
}

fn did(event: &Event) -> &str {
    match &event.correction {
        Some(correction) => t::corrected(&correction.field),
        None if event.is_confirmation => t::CONFIRMED_STEP,
        None => t::status(&event.status),
    }
}

fn who(event: &Event, is_first: bool) -> &str {
    match &event.actor_name {
        Some(name) => name,
        // Whoever confirmed it is no longer known.
        None if event.is_confirmation => "",
        None if event.reason.is_some() && !is_first => t::THE_SHOP,
        None => t::THE_CUSTOMER,
    }
}
