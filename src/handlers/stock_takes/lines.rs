//! The lines of a stock take: what was counted of each product, beside what the ledger said at that moment.

use std::collections::BTreeMap;

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, Filter, column, in_list};
use crate::error::Result;
use crate::handlers::costs::{costs_in, worth};
use crate::handlers::movements::ActorNamed;
use crate::handlers::products::{Barcode, from_json};
use crate::ledger::takes::{Counted, EXPECTED, Obstacle};
use crate::problem::Problem;
use crate::values::{Currency, Id, Search, Timestamp, Worth, boolean};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Serialize)]
pub struct Line {
    pub product_id: Id,
    pub product_name: String,
    pub sku: Option<String>,
    pub barcodes: Vec<Barcode>,
    pub shelf: Option<String>,
    /// It left the catalogue meanwhile; what is there of it is counted and booked all the same.
    pub archived: bool,
    /// Whether a count took it in that was not selected.
    pub added: bool,
    pub counted: Option<i64>,
    /// The moment of the count, or of the last scan.
    pub counted_at: Option<Timestamp>,
    pub counted_by: Option<ActorNamed>,
    /// What the ledger says was on hand at that moment.
    pub expected: Option<i64>,
    pub difference: Option<i64>,
    /// What the difference is worth; None for who may not know it.
    pub value: Option<Worth>,
    pub booked_at: Option<Timestamp>,
    /// Why it could not be booked now.
    pub obstacle: Option<Obstacle>,
    /// By which it is sorted.
    #[serde(skip)]
    place: String,
    /// What [`Line::obstacle`] is about.
    #[serde(skip)]
    pub figures: Option<Counted>,
}

/// The movement that a line was booked with, if there was a difference.
pub const MOVEMENTS: &str =
    "LEFT JOIN stock_movements m ON m.stock_take_id = l.stock_take_id AND m.product_id = l.product_id";

/// What a difference is worth, of `stock_take_lines l`, `stock s` and [`MOVEMENTS`]: what booking it has changed, or before
/// that its units at what they cost on average now.
pub fn value() -> String {
    format!(
        "CASE WHEN l.booked_at IS NOT NULL THEN COALESCE(m.value_delta, 0)
         ELSE COALESCE(TRUNCATE(s.value_minor_e4 * (l.counted - {EXPECTED}) / NULLIF(s.on_hand, 0), 0), 0) END"
    )
}

impl Line {
    fn from_row(row: &Row, costs_in: Option<&Currency>) -> Line {
        let figures = Counted::from_row(row);
        let booked_at: Option<Timestamp> = column(row, "booked_at");
        Line {
            product_id: column(row, "product_id"),
            product_name: column(row, "name"),
            sku: column(row, "sku"),
            barcodes: from_json(row, "barcodes"),
            shelf: column(row, "shelf"),
            archived: column(row, "archived"),
            added: column(row, "added"),
            counted: figures.map(|figures| figures.counted),
            counted_at: figures.map(|figures| figures.at),
            counted_by: ActorNamed::from_row(row),
            expected: figures.map(|figures| figures.expected),
            difference: figures.map(|figures| figures.difference()),
            value: costs_in.filter(|_| figures.is_some()).map(|currency| worth(row, "value", currency)),
            booked_at,
            obstacle: figures.filter(|_| booked_at.is_none()).and_then(|figures| figures.obstacle()),
            place: column(row, "place"),
            figures,
        }
    }
}

/// The lines of a filter about `stock_take_lines l`, `stock s` and `products p`.
fn select(
    db: &mut Connection,
    filter: Filter,
    keyset: &Keyset,
    limit: usize,
    costs_in: Option<&Currency>,
) -> Result<Vec<Line>> {
    let sql = format!(
        "SELECT l.product_id, l.place, l.added, l.booked_at, l.actor_account_id, a.username, l.actor_api_key_id,
             k.name AS api_key_name, p.name, p.sku, p.barcodes, p.shelf, p.active = 0 AS archived, {}, CAST({} AS CHAR) AS value
         FROM stock_take_lines l {} STRAIGHT_JOIN stock s ON s.product_id = l.product_id
         STRAIGHT_JOIN products p ON p.id = l.product_id {MOVEMENTS}
         LEFT JOIN accounts a ON a.id = l.actor_account_id LEFT JOIN api_keys k ON k.id = l.actor_api_key_id
         {} {} LIMIT ?",
        Counted::columns(),
        value(),
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    db.rows(&sql, filter.values(limit), |row| Line::from_row(row, costs_in))
}

/// The lines of these products, by product.
pub fn of_products(
    db: &mut Connection,
    take_id: Id,
    product_ids: impl IntoIterator<Item = Id>,
    costs_in: Option<&Currency>,
) -> Result<BTreeMap<Id, Line>> {
    let (marks, ids) = in_list(product_ids);
    let limit = ids.len();
    let mut filter = Filter::default();
    filter.add("l.stock_take_id = ?", [take_id.into()]);
    filter.add(format!("l.product_id IN ({marks})"), ids);
    let lines = select(db, filter, &Keyset::by_id("l.product_id"), limit, costs_in)?;
    Ok(lines.into_iter().map(|line| (line.product_id, line)).collect())
}

/// The first lines that were counted and are not booked.
pub fn waiting(db: &mut Connection, take_id: Id, limit: usize) -> Result<Vec<Line>> {
    let mut filter = Filter::default();
    filter.add("l.stock_take_id = ? AND l.counted IS NOT NULL AND l.booked_at IS NULL", [take_id.into()]);
    select(db, filter, &Keyset::by_id("l.product_id"), limit, None)
}

/// `GET /stock_takes/{id}/lines?counted=&different=&booked=&q=&limit=&after=`: by the shelf and the SKU that the products
/// had when they were taken in. Every word of `q` is looked for in name, SKU and barcodes.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_text("l.place", "l.product_id").through("stock_take_lines_by_place");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let counted = form.optional("counted", boolean);
    let different = form.optional("different", boolean);
    let booked = form.optional("booked", boolean);
    let q = form.optional("q", Search::parse);
    let (page, counted, different, booked, q) =
        form.finish(|| Some((page?, counted?, different?, booked?, q?)))?;
    let take_id = request.path_id;
    let costs_in = costs_in(app, &request.caller);
    let lines = db::snapshot(&app.pool, |db| {
        db.row("SELECT id FROM stock_takes WHERE id = ?", (take_id,), |_| ())?
            .ok_or_else(Problem::not_found)?;
        let mut filter = Filter::default();
        filter.add("l.stock_take_id = ?", [take_id.into()]);
        page.restrict(&keyset, &mut filter);
        filter.add_if_given("(l.counted IS NOT NULL) = ?", counted.map(Value::from));
        filter.add_if_given("(l.booked_at IS NOT NULL) = ?", booked.map(Value::from));
        if let Some(different) = different {
            filter.add(format!("(l.counted <> {EXPECTED}) = ?"), [different.into()]);
        }
        if let Some(q) = &q {
            filter.add_words("p.search_text", &q.words, q.barcode.as_deref());
        }
        let limit = usize::try_from(page.rows_to_read()).expect("1 to 101");
        select(db, filter, &keyset, limit, costs_in)
    })?;
    let cursor = |line: &Line| Cursor { value: line.place.clone(), id: line.product_id };
    Ok(response::json(200, &page.list(lines, cursor)))
}
