//! The ledger of a product, and what was on hand over time.

use chrono::Days;
use maud::{Markup, html};
use serde::Deserialize;

use crate::desk::graph::{Graph, real};
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{filter_field, table};
use crate::desk::products::{find, number, ways};
use crate::desk::seen::List;
use crate::desk::texts::{self as t, products as say};
use crate::desk::visit::Visit;
use crate::error::Result;
use crate::values::{Day, Input, Timestamp};

#[derive(Deserialize)]
pub struct Movement {
    pub delta: i64,
    pub balance_after: i64,
    reason: String,
    note: Option<String>,
    actor: Option<Actor>,
    order_id: Option<u64>,
    purchase_order_id: Option<u64>,
    stock_take_id: Option<u64>,
    at: String,
}

#[derive(Deserialize)]
struct Actor {
    username: Option<String>,
    api_key_name: Option<String>,
}

#[derive(Deserialize)]
struct History {
    on_hand_at_start: i64,
    movements: i64,
    every: i64,
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    at: String,
    on_hand: i64,
}

/// What the graph shows when nobody has asked for other days.
const DAYS: u64 = 90;

pub fn show(visit: &Visit) -> Result<Answer> {
    let product = find(visit)?.value;
    let path = format!("/products/{}/stock/movements", visit.id);
    let graph = graph(visit)?;
    let movements: List<Movement> = visit.list_that_fits(
        &path,
        &[],
        &["from", "to", "reason", "after"],
        |line: &Movement| line.row(visit).0.len(),
        visit.room_beside(&[&graph]),
    )?;
    let body = html! {
        h1 { (product.name) }
        (ways(visit))
        form.row {
            (filter_field(visit, "from", say::FROM, "date"))
            (filter_field(visit, "to", say::TO, "date"))
            button { (say::SHOW) }
        }
        (graph)
        @if movements.data.is_empty() { p { (say::NO_MOVEMENTS) } } @else {
            (table(say::LEDGER, say::LEDGER_COLUMNS, html! { @for line in &movements.data { (line.row(visit)) } }))
        }
        (visit.list_end(movements.next.as_deref(), &["from", "to", "reason"]))
    };
    Ok(Answer::Page(Content::new(Room::Products, product.name, body)))
}

impl Movement {
    pub fn row(&self, visit: &Visit) -> Markup {
        let Movement {
            delta,
            balance_after,
            reason,
            note,
            actor,
            order_id,
            purchase_order_id,
            stock_take_id,
            at,
        } = self;
        let who =
            actor.as_ref().and_then(|actor| actor.username.as_deref().or(actor.api_key_name.as_deref()));
        html! {
            tr {
                td { (visit.when(at)) }
                td {
                    (say::reason(reason))
                    @if let Some(id) = order_id { " · " a href={ "/desk/orders/" (id) } { (t::order(*id)) } }
                    @if let Some(id) = purchase_order_id { " · " a href={ "/desk/purchase_orders/" (id) } { (say::purchase_order(*id)) } }
                    @if let Some(id) = stock_take_id { " · " a href={ "/desk/stock_takes/" (id) } { (say::stock_take(*id)) } }
                    @if let Some(note) = note { br; span.text { (note) } }
                }
                td.n { @if *delta > 0 { "+" } (visit.count(*delta)) }
                (number(visit, *balance_after))
                td { (who.unwrap_or(t::THE_SHOP)) }
            }
        }
    }
}

/// What was on hand in these days, or in the last ninety.
fn graph(visit: &Visit) -> Result<Markup> {
    let (app, calendar) = (visit.app(), &visit.app().config.calendar);
    let now = app.clock.now();
    let usual = Day(calendar.day_of(now).0 - Days::new(DAYS - 1)).to_string();
    let path = format!("/products/{}/stock/history", visit.id);
    let usual_from = visit.param("from").is_none().then_some(("from", usual.as_str()));
    let fixed: Vec<(&str, &str)> = usual_from.into_iter().collect();
    let History { on_hand_at_start, movements, every, points } =
        visit.get_with(&path, &fixed, &["from", "to"])?;
    let taken = |name: &str| visit.param(name).filter(|_| visit.wrong_in_filter(name).is_none());
    let (from, to) = (taken("from").unwrap_or(&usual), taken("to").unwrap_or(""));
    let input = |text: &str| Input::Text(text.to_owned());
    // The API has just understood them.
    let begin = calendar.from(&input(from)).unwrap_or(now);
    let end = calendar.to(&input(to)).map_or(now, |end| end.min(now)).max(begin);
    let time = |text: &str| Timestamp::parse(&input(text)).unwrap_or(begin);
    let last = points.last().map_or(on_hand_at_start, |point| point.on_hand);
    let line: Vec<(Timestamp, i64)> = [(begin, on_hand_at_start)]
        .into_iter()
        .chain(points.iter().map(|point| (time(&point.at), point.on_hand)))
        .chain([(end, last)])
        .collect();
    let on = |time: Timestamp| app.config.locale.day(calendar.day_of(time));
    let extreme = |found: Option<&(Timestamp, i64)>| {
        let (at, units) = found.copied().unwrap_or((begin, on_hand_at_start));
        say::units_on(&visit.count(units), &on(at))
    };
    let words = say::graph_words(
        &say::units_on(&visit.count(on_hand_at_start), &on(begin)),
        &say::units_on(&visit.count(last), &on(end)),
        &extreme(line.iter().min_by_key(|(_, units)| *units)),
        &extreme(line.iter().max_by_key(|(_, units)| *units)),
    );
    let drawn: Vec<(f64, f64)> =
        line.iter().map(|(at, units)| (real(at.0.and_utc().timestamp()), real(*units))).collect();
    let graph = Graph {
        id: "on-hand",
        title: say::ON_HAND_OVER_TIME,
        words: &words,
        points: &drawn,
        ends: (&on(begin), &on(end)),
        is_stepped: true,
    };
    Ok(html! {
        h2 { (say::ON_HAND_OVER_TIME) }
        (graph.draw())
        p.hint { (words) @if every > 1 { " " (say::drawn(every, &visit.count(movements))) } }
    })
}
