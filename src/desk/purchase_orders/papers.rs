//! What is sent to the supplier: on paper, as a table, as a letter.

use maud::html;
use serde::Deserialize;

use crate::desk::api::with_query;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::pieces::{print_button, table};
use crate::desk::purchase_orders::ways;
use crate::desk::purchase_orders::{PurchaseOrder, knows_costs};
use crate::desk::seen;
use crate::desk::texts::restock as t;
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::Id;

/// What the mail programs of all systems take of an address; a longer letter is copied.
const MAILTO_BYTES_MAX: usize = 1_800;

/// A longer letter is kept as a file, and not copied from a page.
const LETTER_BYTES_MAX: usize = 16 * 1024;

#[derive(Deserialize)]
struct Addressee {
    email: Option<String>,
    phone: Option<String>,
}

/// On A4, with all its lines.
pub fn print(visit: &Visit) -> Result<Answer> {
    let PurchaseOrder { head, lines, .. } = visit.api.get(&format!("/purchase_orders/{}", visit.id))?;
    let addressee = addressee(visit, head.supplier_id)?;
    let costs = knows_costs(visit);
    let mut columns = t::PAPER_COLUMNS.to_vec();
    columns.extend(costs.then_some(t::COST_EACH));
    let day = head.ordered_at.as_ref().unwrap_or(&head.created_at);
    let body = html! {
        h1 { (visit.app().config.shop_name) " · " (t::purchase_order(head.id)) }
        (print_button())
        @if head.status != "ordered" { p { strong { (t::status(&head.status)) } } }
        dl.facts {
            dt { (t::SUPPLIER) }
            dd {
                (head.seller())
                @if let Some(Addressee { email, phone }) = &addressee {
                    @for way in [email, phone].into_iter().flatten() { br; (way) }
                }
            }
            dt { (t::DATE) } dd { (visit.on(day)) }
            @if let Some(at) = &head.expected_at { dt { (t::EXPECTED) } dd { (visit.on(at)) } }
        }
        (table(t::LINES, &columns, html! {
            @for line in &lines {
                tr {
                    td.n { (visit.count(line.quantity)) }
                    td { (line.supplier_sku.as_deref().unwrap_or("")) }
                    td { (line.sku.as_deref().unwrap_or("")) }
                    td { (line.product_name) }
                    @if costs { td.n { @if let Some(cost) = &line.unit_cost { (visit.money(cost)) } } }
                }
            }
            @if let Some(total) = &head.total { tr { th colspan="4" scope="row" { (t::TOTAL) } td.n { strong { (visit.money(total)) } } } }
        }))
        @if let Some(note) = &head.note { p.text { (note) } }
        p.screen { a href={ "/desk/purchase_orders/" (head.id) } { (t::BACK_TO_PURCHASE_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::purchase_order(head.id), body)))
}

pub fn csv(visit: &Visit) -> Result<Answer> {
    let (text, _) = visit.api.text(&format!("/purchase_orders/{}/csv", visit.id))?;
    let name = format!("purchase-order-{}.csv", visit.id);
    Ok(Answer::File { content_type: "text/csv; charset=utf-8; header=present", name, text })
}

pub fn mail(visit: &Visit) -> Result<Answer> {
    let (text, _) = visit.api.text(&format!("/purchase_orders/{}/mail", visit.id))?;
    let name = format!("purchase-order-{}.txt", visit.id);
    Ok(Answer::File { content_type: "text/plain; charset=utf-8", name, text })
}

/// The letter to copy, or to open in the mail program.
pub fn letter(visit: &Visit) -> Result<Answer> {
    let PurchaseOrder { head, .. } = visit.api.get(&format!("/purchase_orders/{}", visit.id))?;
    let (text, _) = visit.api.text(&format!("/purchase_orders/{}/mail", visit.id))?;
    let (before, body) = text.split_once("\n\n").unwrap_or(("", &text));
    let subject = before.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("");
    let email = addressee(visit, head.supplier_id)?.and_then(|addressee| addressee.email);
    let whole = email.as_ref().map(|to| {
        let address = |body| with_query(&mailto(to), &[("subject", subject), ("body", body)]);
        Some(address(body)).filter(|whole| whole.len() <= MAILTO_BYTES_MAX).unwrap_or_else(|| address(""))
    });
    let body = html! {
        h1 { (t::purchase_order(head.id)) " · " (t::MAIL) }
        (ways(visit, ""))
        @if head.status == "draft" { p { span.mark.warn { "◐ " (t::NOT_ORDERED_YET) } } }
        @if text.len() <= LETTER_BYTES_MAX {
            div.field {
                label for="letter" { (t::LETTER) }
                textarea #letter rows="16" cols="80" readonly { "\n" (text) }
            }
        } @else { p { (t::LONG_LETTER) } }
        p.row {
            @if let (Some(to), Some(whole)) = (&email, &whole) { a.as-button href=(whole) { (t::mail_to(to)) } }
            a.as-button href={ "/desk/purchase_orders/" (head.id) "/mail" } { (t::KEEP_LETTER) }
        }
        p { a href={ "/desk/purchase_orders/" (head.id) } { (t::BACK_TO_PURCHASE_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, t::purchase_order(head.id), body)))
}

/// An e-mail address may hold what has another meaning in a link.
fn mailto(email: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(email, percent_encoding::NON_ALPHANUMERIC);
    format!("mailto:{encoded}").replace("%40", "@")
}

/// How the supplier is reached; nobody where it is archived, or whoever is logged in may not know.
fn addressee(visit: &Visit, supplier_id: Option<Id>) -> Result<Option<Addressee>> {
    match supplier_id.filter(|_| visit.api.may("GET", "/suppliers/{id}")) {
        Some(id) => seen::if_there(visit.api.get(&format!("/suppliers/{id}"))),
        None => Ok(None),
    }
}
