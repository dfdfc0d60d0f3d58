//! What was on hand of a product over time, for a graph.

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, column, in_list};
use crate::error::Result;
use crate::handlers::movements::first_sequence_since;
use crate::handlers::stock;
use crate::values::{Id, Timestamp};
use crate::web::request::Request;
use crate::web::response;

/// As many as can be told apart on a screen.
const POINTS_MAX: i64 = 200;

#[derive(Serialize)]
struct History {
    product_id: Id,
    /// Before the first movement of that time.
    on_hand_at_start: i64,
    /// How many movements there were, and of how many one is a point.
    movements: i64,
    every: i64,
    /// The oldest first; the last movement is always one.
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    sequence: i64,
    at: Timestamp,
    on_hand: i64,
}

/// `GET /products/{id}/stock/history?from=&to=`: what was on hand after each movement, or after each so many of them, so
/// that there are at most 200. It costs the same however long the ledger is.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let from = form.optional("from", |input| app.config.calendar.from(input));
    let to = form.optional("to", |input| app.config.calendar.to(input));
    let (from, to) = form.finish(|| Some((from?, to?)))?;
    let product_id = request.path_id;
    let history = db::read(&app.pool, |db| {
        stock::find(db, product_id, None)?;
        let count = "SELECT movement_count FROM stock WHERE product_id = ?";
        let newest = db.row(count, (product_id,), |row| column::<i64>(row, "movement_count"))?.unwrap_or(0);
        let first = from.map_or(Ok(1), |from| first_sequence_since(db, product_id, from))?;
        let end = to.map_or(Ok(i64::MAX), |to| first_sequence_since(db, product_id, to))?.min(newest + 1);
        let first = first.min(end);
        let movements = end - first;
        // Sequences have no gaps, so each is found by its key.
        let every = (movements / POINTS_MAX + i64::from(movements % POINTS_MAX != 0)).max(1);
        let drawn = (0..).map(|step| end - 1 - step * every).take_while(|sequence| *sequence >= first);
        let (marks, sequences) = in_list([first - 1].into_iter().chain(drawn).map(i64::unsigned_abs));
        let sql = format!(
            "SELECT sequence, at, balance_after FROM stock_movements
             WHERE product_id = ? AND sequence IN ({marks}) ORDER BY sequence"
        );
        let mut points = db.rows(&sql, [&[product_id.into()], &sequences[..]].concat(), |row| Point {
            sequence: column(row, "sequence"),
            at: column(row, "at"),
            on_hand: column(row, "balance_after"),
        })?;
        let before = points.first().filter(|point| point.sequence < first).map(|point| point.on_hand);
        points.retain(|point| point.sequence >= first);
        Ok(History { product_id, on_hand_at_start: before.unwrap_or(0), movements, every, points })
    })?;
    Ok(response::resource(request, &history))
}
