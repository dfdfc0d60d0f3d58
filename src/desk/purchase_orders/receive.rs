//! Receiving what came of a purchase order: it is counted by scans or by hand, and booked once.

use std::collections::HashMap;

use maud::{Markup, html};

use crate::desk::api::{Seen, with_query};
use crate::desk::fields::is_none;
use crate::desk::page::{Answer, Content, Room};
use crate::desk::parts::{brief, fitting};
use crate::desk::pieces::{COUNTS, Field, FormFor, Kind, Open, counting_field, step_button, table};
use crate::desk::purchase_orders::lines::LINES_OF_DELIVERY;
use crate::desk::purchase_orders::{Line, PurchaseOrder, Receipt};
use crate::desk::scan::{Scan, Tally};
use crate::desk::seen::{self, Product};
use crate::desk::texts::restock as t;
use crate::desk::visit::{Of, Posted, Visit};
use crate::error::Result;
use crate::problem::{self, FieldError, Problem};
use crate::values::{Bad, Id};

/// Of a longer order the lines are shown that are counted, and the others when they are asked for.
const LINES_SHOWN: usize = 20;

/// How many deliveries were booked when somebody began to count, and the version of the order then: `2.6b1b36cb`.
const SEEN: &str = "receipts[seen]";

/// That what was booked meanwhile is booked once more.
const AS_WELL: &str = "receipts[as_well]";

/// What somebody knows of a purchase order who counts what came of it. The version stays the one of the beginning, however
/// often the page is shown meanwhile: who has counted what somebody else has booked is told before it is booked twice.
struct Begun<'a> {
    seen: String,
    /// What the form is sent with.
    version: String,
    /// What was booked since.
    since: Vec<&'a Receipt>,
    /// Whether they were told of it, and go on.
    is_told: bool,
}

impl<'a> Begun<'a> {
    fn of(visit: &Visit, order: &'a PurchaseOrder, version: &str) -> Begun<'a> {
        let sent = visit.sent.as_ref();
        let seen = sent.and_then(|sent| sent.fields.get(SEEN)).or(visit.param("seen"));
        let read = |seen: &str| {
            let (number, tag) = seen.split_once('.')?;
            let is_tag = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
            Some((number.parse::<i64>().ok().filter(|_| is_tag)?, tag.to_owned()))
        };
        let now = || {
            let last = order.receipts.iter().map(|receipt| receipt.number).max();
            (last.unwrap_or(0), version.trim_matches('"').to_owned())
        };
        let (number, tag) = seen.and_then(read).unwrap_or_else(now);
        let is_told = sent.is_some_and(|sent| sent.is_stale() || sent.fields.get(AS_WELL).is_some());
        Begun {
            seen: format!("{number}.{tag}"),
            version: if is_told { version.to_owned() } else { format!("\"{tag}\"") },
            since: order.receipts.iter().filter(|receipt| receipt.number > number).collect(),
            is_told,
        }
    }

    /// What of a product was booked since, for its row.
    fn of_product(&self, visit: &Visit, product_id: Id) -> Markup {
        html! {
            @for receipt in &self.since {
                @for line in receipt.lines.iter().filter(|line| line.product_id == product_id) {
                    span.wrong { "⚠ " (t::delivered(&t::booked_by(receipt.actor()), line.accepted, line.rejected)) ", " (visit.when(&receipt.at)) }
                }
            }
        }
    }

    /// The last of it, above the form.
    fn told(&self, visit: &Visit, order: &PurchaseOrder) -> Markup {
        let name = |id: Id| {
            order.lines.iter().find(|line| line.product_id == id).map_or("", |line| &line.product_name)
        };
        html! {
            @if !self.since.is_empty() {
                div.refused {
                    p { (t::BOOKED_MEANWHILE) }
                    ul { @for receipt in self.since.iter().rev().take(LINES_OF_DELIVERY) { li {
                        (receipt.actor()) ", " (visit.when(&receipt.at))
                        @for line in receipt.lines.iter().take(LINES_OF_DELIVERY) {
                            "; " (t::delivered(&brief(name(line.product_id)), line.accepted, line.rejected))
                        }
                        @if receipt.lines.len() > LINES_OF_DELIVERY { "; " (t::and_more(receipt.lines.len() - LINES_OF_DELIVERY)) }
                    } } }
                }
            }
        }
    }

    /// Whoever was told goes on with a tick where they have counted what was booked, and without one where they have not.
    fn confirmation(&self, visit: &Visit, form: &Open) -> Markup {
        let counted = |member: &str| visit.sent.as_ref()?.fields.tally(("lines", member), |_, _| true).ok();
        let counted = [counted("quantity"), counted("rejected")];
        let is_counted = |id: Id| counted.iter().flatten().any(|tally| tally.units(id) > 0);
        let is_twice =
            self.since.iter().flat_map(|receipt| &receipt.lines).any(|line| is_counted(line.product_id));
        html! {
            @if self.is_told && is_twice { (form.field(&Field::new(AS_WELL, t::BOOK_AS_WELL, Kind::Tick), "false")) }
            @else if self.is_told { input type="hidden" name=(AS_WELL) value="true"; }
        }
    }
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let Seen { value: order, version } =
        visit.api.read::<PurchaseOrder>(&format!("/purchase_orders/{}", visit.id))?;
    let products = seen::products(&visit.api, order.lines.iter().map(|line| line.product_id))?;
    let counted = Tally::read(visit.param("counted").unwrap_or(""));
    if let Some(step) = visit.step() {
        return Ok(Answer::Goto(stepped(visit, &order, &products, step)?));
    }
    let wrong = match visit.param("wrong") {
        Some(text) => scanned(visit, &order, &products, text)?.err(),
        None => None,
    };
    let head = &order.head;
    let begun = Begun::of(visit, &order, &version);
    let told = begun.told(visit, &order);
    let last = visit.param("last").and_then(|id| id.parse::<Id>().ok());
    let last = order.lines.iter().find(|line| Some(line.product_id) == last);
    let title = format!("{} · {}", t::RECEIVE, t::purchase_order(head.id));
    let body = html! {
        h1 { (title) " · " (head.seller()) }
        @if head.status != "ordered" { p { span.mark.warn { "◐ " (t::status(&head.status)) } " " (t::received_late(&head.status)) } }
        @if let Some(wrong) = &wrong { p.refused role="alert" #scanned { (wrong) } }
        @else if let Some(code) = visit.sent.as_ref().and_then(|sent| sent.fields.get("scan")).filter(|code| !code.is_empty()) {
            p.refused #scanned { (t::not_counted(code)) }
        } @else if let Some(line) = last { (said(line, &counted)) }
        @if head.may("receive") {
            (told)
            (book(visit, &order, &counted, last, &begun, told.0.len()))
            // Whoever counts here has no use for a button that does without.
            @if head.status == "ordered" && counted == Tally::default() {
                details {
                    summary { (t::ALL_AS_ORDERED) }
                    p { (t::all_as_ordered(head.outstanding)) }
                    (visit.form("receive_all", &version, |_| html! { button { (t::ALL_AS_ORDERED) } }))
                }
            }
        } @else { p { (t::NOTHING_TO_RECEIVE) } }
        p.screen { a href={ "/desk/purchase_orders/" (head.id) } { (t::BACK_TO_PURCHASE_ORDER) } }
    };
    Ok(Answer::Page(Content::new(Room::Restock, title.as_str(), body)))
}

/// What became of the last scan. More than is outstanding is counted too, and asked for when it is booked.
fn said(line: &Line, counted: &Tally) -> Markup {
    let units = counted.units(line.product_id);
    let words = t::counted(&line.product_name, units, line.outstanding);
    html! {
        @if units > line.outstanding { p.refused role="alert" #scanned { (words) " " (t::more_than_ordered(units - line.outstanding)) } }
        @else { p.done role="status" #scanned { (words) } }
    }
}

/// The form that books what came, with what was counted in it.
fn book(
    visit: &Visit,
    order: &PurchaseOrder,
    counted: &Tally,
    last: Option<&Line>,
    begun: &Begun,
    told_bytes: usize,
) -> Markup {
    let rejected = Tally::read(visit.param("rejected").unwrap_or(""));
    let all = rows(visit, order, counted, &rejected);
    let hidden = order.lines.len() - all.len();
    let sent = visit.sent_with("receive", Of { id: visit.id, product_id: 0 });
    let is_surplus = order.head.status != "ordered"
        || order.lines.iter().any(|line| counted.units(line.product_id) > line.outstanding)
        || sent.is_some_and(|sent| {
            sent.problem.kind == problem::SURPLUS || sent.fields.get("accept_surplus").is_some()
        });
    html! {
        (visit.form_for(&FormFor { name: "receive", of: Of { id: visit.id, product_id: 0 }, version: &begun.version, class: COUNTS }, |form| {
            // What was sent and refused is the first part.
            let first = if sent.is_some() { 0 } else { visit.first_of("lines").min(all.len().saturating_sub(1)) };
            let is_last = |line: &Line| last.is_some_and(|last| last.product_id == line.product_id);
            let rows: Vec<Markup> = all[first..].iter().enumerate()
                .map(|(at, line)| row(visit, form, at, line, (counted, &rejected), is_last(line), begun)).collect();
            let shown = fitting(rows.iter().map(|row| row.0.len()), visit.room_beside(&[]).saturating_sub(told_bytes)).min(rows.len());
            let of_shown = |id: &Id| all[first..first + shown].iter().any(|line| line.product_id == *id);
            let unseen = |id: &Id| rejected.units(*id) > 0 && !of_shown(id);
            let elsewhere = counted.filtered(|id| !of_shown(id) && !unseen(id));
            html! {
            (counting_field(t::SCAN_DELIVERY, "scanned"))
            h2 { (t::WHAT_CAME) }
            @if hidden > 0 { p { (t::lines_hidden(hidden)) " " (step_button("all_lines", None, t::SHOW_ALL_LINES)) } }
            // Without a line it is a delivery of nothing, and not of all.
            input type="hidden" name="lines[]" value="";
            input type="hidden" name=(SEEN) value=(begun.seen);
            (table(t::LINES, t::RECEIVE_COLUMNS, html! { @for row in &rows[..shown] { (row) } }))
            @if shown < all.len() {
                p.hint { (t::COUNTED_AND_HIDDEN) }
                // What was rejected stands in no tally, which comes behind all rows.
                @for (at, (id, units)) in rejected.filtered(unseen).iter().enumerate() {
                    @for (field, value) in [("product_id", id.to_string()), ("quantity", counted.units(id).to_string()), ("rejected", units.to_string())] {
                        input type="hidden" name={ "lines[" (all.len() + at) "]." (field) } value=(value);
                    }
                }
                input type="hidden" name="lines[tally]" value=(elsewhere.write());
                (visit.ways_on_counting("lines", t::LINES, first, (first + shown < all.len()).then_some(first + shown)))
            }
            (form.field(&Field::new("note", t::NOTE, Kind::Text).hint(t::DELIVERY_NOTE_HINT), visit.param("note").unwrap_or("")))
            @if is_surplus { (form.field(&Field::new("accept_surplus", t::KEEP_SURPLUS, Kind::Tick), visit.param("accept_surplus").unwrap_or("false"))) }
            (begun.confirmation(visit, form))
            button.main { (t::BOOK_DELIVERY) }
            }
        }))
    }
}

/// What was sent and refused comes first, as it was numbered then.
fn rows<'a>(visit: &Visit, order: &'a PurchaseOrder, counted: &Tally, rejected: &Tally) -> Vec<&'a Line> {
    let of_sent = |line: &Line| visit.sent.as_ref()?.fields.item_of("lines", line.product_id);
    let all = order.lines.len() <= LINES_SHOWN || visit.param("all").is_some();
    let mut rows: Vec<(usize, &Line)> = order
        .lines
        .iter()
        .map(|line| (of_sent(line).unwrap_or(usize::MAX), line))
        .filter(|(at, line)| {
            let units = counted.units(line.product_id) + rejected.units(line.product_id);
            all || *at != usize::MAX || units > 0
        })
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, line)| line).collect()
}

fn row(
    visit: &Visit,
    form: &Open,
    at: usize,
    line: &Line,
    (counted, rejected): (&Tally, &Tally),
    is_last: bool,
    begun: &Begun,
) -> Markup {
    let (units, rejected) = (counted.units(line.product_id), rejected.units(line.product_id));
    let name = |field: &str| format!("lines[{at}].{field}");
    // What was sent is what stands there, also when the order has changed meanwhile.
    let sent = |field: &str| visit.sent.as_ref().and_then(|sent| sent.fields.get(&name(field)));
    html! {
        tr.at[is_last] {
            td {
                (brief(&line.product_name)) br; (line.sku.as_deref().unwrap_or("")) " " (line.supplier_sku.as_deref().unwrap_or(""))
                input type="hidden" name=(name("product_id")) value=(line.product_id);
                (begun.of_product(visit, line.product_id))
            }
            td.n { (visit.count(line.outstanding)) " / " (visit.count(line.quantity)) }
            td { (form.cell(&name("quantity"), t::ACCEPTED, sent("quantity").unwrap_or(&units.to_string()))) }
            td { (form.cell(&name("rejected"), t::REJECTED, sent("rejected").unwrap_or(&rejected.to_string()))) }
            td {
                (step_button("more", Some(line.product_id), t::ONE_MORE)) " "
                @if units < line.outstanding { (step_button("all", Some(line.product_id), t::ALL_OF_IT)) " " }
                @if units > 0 { (step_button("none", Some(line.product_id), t::NONE_OF_IT)) }
            }
        }
    }
}

/// Stands for a scan with which more would be counted than fits; no code looks like it.
const FULL: &str = "*";

/// The address of what a button or a scan comes to: it is done to what stands in the fields.
fn stepped(
    visit: &Visit,
    order: &PurchaseOrder,
    products: &HashMap<Id, Product>,
    (word, number): (&str, Id),
) -> Result<String> {
    let scan = match visit.param("scan").filter(|_| word == "scan") {
        Some(text) => Some((text, scanned(visit, order, products, text)?)),
        None => None,
    };
    let is_button = ["more", "all", "none"].contains(&word);
    let about = match &scan {
        Some((_, Ok((id, _)))) => Some(*id),
        _ => is_button.then_some(number),
    };
    let is_set = |id: Id| ["all", "none"].contains(&word) && id == number;
    let counted = visit.query.tally(("lines", "quantity"), |id, units| is_none(units) || is_set(id))?;
    let rejected = visit.query.tally(("lines", "rejected"), |_, units| is_none(units))?;
    let rejected = rejected.filtered(|id| visit.query.item_of("lines", *id).is_some());
    let outstanding =
        order.lines.iter().find(|line| line.product_id == number).map_or(0, |line| line.outstanding);
    let changed = match (word, &scan) {
        (_, Some((_, Ok((id, units))))) => counted.plus(*id, *units),
        ("more", _) => counted.plus(number, 1),
        ("all", _) => counted.with(number, outstanding),
        ("none", _) => Some(counted.without(number)),
        _ => Some(counted.clone()),
    };
    let (id, part) = (about.map(|id| id.to_string()).unwrap_or_default(), number.to_string());
    let with = match (word, &scan, changed.is_some()) {
        (_, Some((text, Err(_))), _) => ("wrong", *text),
        (_, _, false) => ("wrong", FULL),
        ("lines", ..) => ("lines", part.as_str()),
        ("all_lines", ..) => ("all", "true"),
        _ => ("last", id.as_str()),
    };
    Ok(here(visit, (&changed.unwrap_or(counted), &rejected), with))
}

fn here(visit: &Visit, (counted, rejected): (&Tally, &Tally), with: (&str, &str)) -> String {
    let (counted, rejected, key) = (counted.write(), rejected.write(), visit.key());
    let mut members = vec![("counted", counted.as_str()), ("rejected", &rejected), ("key", &key), with];
    if let Some(seen) = visit.query.get(SEEN).or(visit.param("seen")) {
        members.push(("seen", seen));
    }
    for name in ["all", "lines", "note", "accept_surplus"] {
        if let Some(value) = visit.param(name).filter(|_| with.0 != name) {
            members.push((name, value));
        }
    }
    with_query(visit.path, &members)
}

/// Before it is booked: a delivery of nothing is none, and what somebody else has booked meanwhile is booked once more by
/// whoever says so.
pub fn check(_: &Visit, posted: &Posted) -> Result<()> {
    if posted.fields.get(AS_WELL) == Some("false") {
        let unsure = Bad::new("booked_meanwhile", t::IS_IT_OTHER_GOODS);
        return Err(Problem::invalid_fields(vec![FieldError::new(AS_WELL, unsure)]).into());
    }
    if posted.fields.items("lines") > 0
        || posted.fields.get("lines[tally]").is_some_and(|tally| !tally.is_empty())
    {
        return Ok(());
    }
    let nothing = Bad::new("required", t::NOTHING_CAME);
    Err(Problem::invalid_fields(vec![FieldError::new("lines", nothing)]).into())
}

/// Of which product a scan is one, and how many units; or what is wrong with it.
fn scanned(
    visit: &Visit,
    order: &PurchaseOrder,
    products: &HashMap<Id, Product>,
    text: &str,
) -> Result<std::result::Result<(Id, i64), String>> {
    if text == FULL {
        return Ok(Err(t::TOO_MANY_COUNTED.to_owned()));
    }
    let Some(scan) = Scan::read(text) else { return Ok(Err(t::only_a_number(text))) };
    let by_code = order.lines.iter().find_map(|line| {
        let units = scan.units_of(products.get(&line.product_id)?)?;
        Some((line.product_id, units))
    });
    let by_supplier = || {
        let line = order.lines.iter().find(|line| line.is_called(&scan.code))?;
        Some((line.product_id, scan.times))
    };
    if let Some(found) = by_code.or_else(by_supplier) {
        return Ok(Ok(found));
    }
    Ok(Err(match scan.product(&visit.api)? {
        Some(product) => t::not_on_purchase_order(&product.name),
        None => t::unknown_code(&scan.code),
    }))
}
