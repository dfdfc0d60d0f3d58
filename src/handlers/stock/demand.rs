//! The days that a product's forecast rests on.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::handlers::stock;
use crate::restock::outlook;
use crate::values::{Day, Id};
use crate::web::request::Request;
use crate::web::response;

#[derive(Serialize)]
struct PastDemand {
    product_id: Id,
    /// Without a gap, the oldest first.
    days: Vec<PastDay>,
}

#[derive(Serialize)]
struct PastDay {
    day: Day,
    units_ordered: i64,
    available_at_start: i64,
    available_at_end: i64,
    /// Whether it says something about demand.
    counts: bool,
}

/// `GET /products/{id}/stock/demand`: at most the last 364 days that are over.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    request.query()?.finish(|| Some(()))?;
    let product_id = request.path_id;
    let today = app.config.calendar.day_of(app.clock.now());
    let known = db::read(&app.pool, |db| {
        stock::find(db, product_id, None)?;
        outlook::known_of_one(db, &app.config.calendar, product_id, today)
    })?;
    let days = known.days().into_iter().map(|(day, past, counted)| PastDay {
        day,
        units_ordered: past.units.max(0),
        available_at_start: past.available_at_start,
        available_at_end: past.available_at_end,
        counts: counted.is_some(),
    });
    Ok(response::resource(request, &PastDemand { product_id, days: days.collect() }))
}
