//! What waits today. Each figure leads to its list.

use chrono::Days;
use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::api;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::texts as t;
use crate::desk::visit::Visit;
use crate::desk::webhooks;
use crate::error::Result;
use crate::values::{Day, Id, Input};

#[derive(Deserialize)]
struct Today {
    day: String,
    orders: Orders,
    purchase_orders: PurchaseOrders,
    stock: Stock,
    last_restock_run: Option<Run>,
    last_verification: Option<Verification>,
    last_backup: Option<Last>,
    last_restore_drill: Option<Last>,
}

#[derive(Deserialize)]
struct Counted {
    count: i64,
    or_more: bool,
}

#[derive(Deserialize)]
struct Orders {
    to_pick: Counted,
    oldest_to_pick_at: Option<String>,
    to_confirm: Option<Counted>,
    overdue: Counted,
}

#[derive(Deserialize)]
struct PurchaseOrders {
    expected_today: Counted,
    expected_within_7_days: Counted,
    overdue: Counted,
    drafts_waiting: Counted,
}

#[derive(Deserialize)]
struct Stock {
    below_reorder_point: Counted,
    sold_out: Option<Counted>,
    sold_out_within_7_days: Option<Counted>,
}

#[derive(Deserialize)]
struct Run {
    id: Id,
    started_at: String,
}

#[derive(Deserialize)]
struct Verification {
    username: Option<String>,
    command: Option<String>,
    at: String,
    held: bool,
}

#[derive(Deserialize)]
struct Last {
    at: String,
    succeeded: bool,
}

/// A figure that is fine while it is nothing, and otherwise somebody's work.
struct Card<'a> {
    counted: &'a Counted,
    name: &'static str,
    /// The list that holds what was counted.
    path: String,
    /// Whether more than none of it is late.
    is_bad: bool,
    more: Markup,
}

pub fn show(visit: &Visit) -> Result<Answer> {
    let today: Today = visit.api.get("/today")?;
    let Today { orders, purchase_orders, stock, .. } = &today;
    let card = |counted, name, path: &str| {
        Some(Card { counted, name, path: path.to_owned(), is_bad: false, more: html! {} })
    };
    let bad = |counted, name, path: &str| Some(Card { is_bad: true, ..card(counted, name, path)? });
    let expected = |last: &str| {
        let members = [("view", "ordered"), ("expected_from", &today.day), ("expected_to", last)];
        api::with_query("/desk/purchase_orders", &members)
    };
    let oldest =
        html! { @if let Some(at) = &orders.oldest_to_pick_at { (t::OLDEST_FROM) " " (visit.when(at)) } };
    let of_orders = [
        Some(Card { more: oldest, ..card(&orders.to_pick, t::TO_PICK, "/desk/orders").expect("a card") }),
        orders.to_confirm.as_ref().and_then(|of| card(of, t::TO_CONFIRM, "/desk/orders?view=unconfirmed")),
        bad(&orders.overdue, t::LATE_TO_CUSTOMERS, "/desk/orders?view=overdue"),
    ];
    let of_deliveries = [
        card(&purchase_orders.expected_today, t::EXPECTED_TODAY, &expected(&today.day)),
        card(
            &purchase_orders.expected_within_7_days,
            t::EXPECTED_THIS_WEEK,
            &expected(&last_of_seven_days(&today.day)),
        ),
        bad(&purchase_orders.overdue, t::restock::ARE_OVERDUE, "/desk/purchase_orders?view=overdue"),
        bad(&purchase_orders.drafts_waiting, t::OLD_DRAFTS, "/desk/purchase_orders?view=draft&waiting=true"),
    ];
    let of_stock = [
        bad(&stock.below_reorder_point, t::BELOW_POINT, "/desk/products?view=below"),
        stock
            .sold_out
            .as_ref()
            .and_then(|of| bad(of, t::SOLD_OUT, "/desk/products?view=out&days_of_cover_below=7&sort=cover")),
        stock.sold_out_within_7_days.as_ref().and_then(|of| {
            bad(of, t::SOLD_OUT_SOON, "/desk/products?out_of_stock=false&days_of_cover_below=7&sort=cover")
        }),
    ];
    let body = html! {
        h1 { (t::TODAY) ", " (visit.on(&today.day)) }
        @for (title, cards) in [(t::ORDERS, &of_orders[..]), (t::DELIVERIES, &of_deliveries), (t::STOCK, &of_stock)] {
            h2 { (title) }
            ul.cards { @for card in cards.iter().flatten() { (shown(visit, card)) } }
        }
        h2 { (t::KEEPING) }
        (kept(visit, &today, &webhooks::late(visit)?))
    };
    Ok(Answer::Page(Content::new(Room::Today, t::TODAY, body)))
}

/// The last of the seven days that begin with this one.
fn last_of_seven_days(day: &str) -> String {
    let last = Day::parse(&Input::Text(day.to_owned())).map(|Day(day)| Day(day + Days::new(6)));
    last.map_or_else(|_| day.to_owned(), |last| last.to_string())
}

fn shown(visit: &Visit, card: &Card) -> Markup {
    let Counted { count, or_more } = *card.counted;
    html! {
        li.card {
            a href=(card.path) {
                strong { (visit.count(count)) @if or_more { "+" } }
                (card.name)
            }
            @if card.is_bad && count > 0 { " " span.mark.bad { (t::LOOK) } }
            @if count > 0 { div.hint { (card.more) } }
        }
    }
}

/// When the shop was looked after last.
fn kept(visit: &Visit, today: &Today, late_webhooks: &Markup) -> Markup {
    let last = |last: &Option<Last>| {
        html! {
            @match last {
                Some(Last { at, succeeded: true }) => (visit.when(at)),
                Some(Last { at, succeeded: false }) => { (visit.when(at)) " " span.mark.bad { (t::FAILED) } }
                None => (t::NOT_KNOWN),
            }
        }
    };
    html! {
        dl.facts {
            dt { (t::LAST_RUN) }
            dd {
                @match &today.last_restock_run {
                    Some(run) => a href={ "/desk/restock/runs/" (run.id) } { (visit.when(&run.started_at)) },
                    None => (t::NEVER),
                }
            }
            dt { (t::BOOKS_PROVED) }
            dd {
                @match &today.last_verification {
                    Some(Verification { at, held, username, command }) => {
                        (visit.when(at)) ", " (username.as_deref().or(command.as_deref()).unwrap_or(t::THE_SHOP)) " "
                        @if *held { span.mark.good { (t::HELD) } } @else { span.mark.bad { (t::DID_NOT_HOLD) } }
                    }
                    None => (t::NEVER)
                }
                @if visit.is_manager() { " " a href="/desk/house/verify" { (t::VERIFY) } }
            }
            dt { (t::LAST_BACKUP) } dd { (last(&today.last_backup)) }
            dt { (t::LAST_DRILL) } dd { (last(&today.last_restore_drill)) }
            (late_webhooks)
        }
    }
}
