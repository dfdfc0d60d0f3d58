//! Booking what was counted: the difference of each product, once.

use std::time::{Duration, Instant};

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Transaction};
use crate::error::Result;
use crate::handlers::costs::costs_in;
use crate::handlers::stock_takes::lines::{self, Line};
use crate::handlers::stock_takes::{StockTake, allow, check_version, find};
use crate::ledger::ON_HAND_MAX;
use crate::ledger::takes::{self, LINES_AT_ONCE, Obstacle, TakeStatus};
use crate::problem::{self, Problem};
use crate::values::Id;
use crate::web::caller::Caller;
use crate::web::idempotency::{self, Answer, Key};
use crate::web::request::Request;

/// A proxy gives up after a minute. What is not booked by then is booked by the next request.
const BOOKING_MAX: Duration = Duration::from_secs(20);
/// Somebody has to count each of them again.
const REFUSED_SHOWN_MAX: usize = 100;

/// The take after it was booked, and what could not be.
#[derive(Serialize)]
struct Booked {
    #[serde(flatten)]
    take: StockTake,
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    product_id: Id,
    product_name: String,
    sku: Option<String>,
    code: Obstacle,
    message: String,
}

/// `POST /stock_takes/{id}/book`: each counted line is booked as the difference to what the ledger says of the moment of its
/// count. A line that cannot be is named, with what to do, and left as it is; the take stays open until every counted line
/// is booked. A hundred lines are booked at once, whole or not at all, and the rest by the same request or the next one. 200
/// with the take, also the second time.
pub fn post(app: &App, request: &Request) -> Result<Response> {
    request.json_or_nothing()?.finish(|| Some(()))?;
    let started = Instant::now();
    let id = request.path_id;
    let (caller, mut after) = (&request.caller, 0);
    // All but the last hundred, which are booked together with the answer.
    while started.elapsed() < BOOKING_MAX {
        let waiting = db::read(&app.pool, |db| takes::waiting(db, id, after))?;
        let Some(some) = waiting.get(..LINES_AT_ONCE).filter(|_| waiting.len() > LINES_AT_ONCE) else {
            break;
        };
        db::transaction(&app.pool, |tx| {
            if after == 0 {
                check_version(app, tx, request)?;
            }
            book_some(app, tx, caller, id, some)
        })?;
        after = *some.last().expect("a hundred");
    }
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        if after == 0 {
            check_version(app, tx, request)?;
        }
        book(app, tx, caller, id, after)?;
        let take = find(tx, id, costs_in(app, caller))?;
        let waiting = lines::waiting(tx, id, REFUSED_SHOWN_MAX)?;
        let refused = waiting.iter().filter_map(Refused::of_line).collect();
        claim.keep(tx, Answer::changed(format!("/stock_takes/{id}"), &Booked { take, refused }))
    })?;
    Ok(answered.into_response())
}

/// Books the counts of some products of an open take.
fn book_some(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, product_ids: &[Id]) -> Result<()> {
    let (status, _) = takes::lock(tx, id, false)?.ok_or_else(Problem::not_found)?;
    allow(status, "Nothing more is booked of it.")?;
    takes::book(tx, id, product_ids, caller.actor(), app.clock.now())
}

/// Books the next counts behind a product, and ends the take when none is left.
fn book(app: &App, tx: &mut Transaction, caller: &Caller, id: Id, after: Id) -> Result<()> {
    let (status, _) = takes::lock(tx, id, true)?.ok_or_else(Problem::not_found)?;
    if status == TakeStatus::Booked {
        return Ok(());
    }
    allow(status, "Open another one to count.")?;
    if !takes::is_counted(tx, id)? {
        let detail = "Nothing is counted, so there is nothing to book. Count with POST /stock_takes/{id}/counts, or \
                      cancel it.";
        return Err(Problem::new(problem::STOCK_TAKE_STATE, detail).into());
    }
    let mut waiting = takes::waiting(tx, id, after)?;
    waiting.truncate(LINES_AT_ONCE);
    takes::book(tx, id, &waiting, caller.actor(), app.clock.now())?;
    takes::finish(tx, id, app.clock.now())?;
    audit::record(app, tx, caller.actor(), Action::Booked, (Object::StockTake, id), audit::NO_FIELDS)
}

impl Refused {
    fn of_line(line: &Line) -> Option<Refused> {
        let (code, figures) = (line.obstacle?, line.figures?);
        let (counted, expected, on_hand) = (figures.counted, figures.expected, figures.on_hand);
        let message = match code {
            Obstacle::BelowZero => format!(
                "{counted} were counted where {expected} were expected, and {on_hand} are on hand by now: less than nothing \
                 would be left. Count again."
            ),
            Obstacle::ShelfFull => format!(
                "{counted} were counted where {expected} were expected, and {on_hand} are on hand by now: more than \
                 {ON_HAND_MAX} would be there, the most that a shelf can hold. Count again."
            ),
            Obstacle::CountedSince => {
                "Another count or a correction of a later moment is in the ledger, perhaps of this very difference. \
                 Count again."
                    .to_owned()
            }
        };
        let Line { product_id, product_name, sku, .. } = line;
        Some(Refused {
            product_id: *product_id,
            product_name: product_name.clone(),
            sku: sku.clone(),
            code,
            message,
        })
    }
}
