//! How the stock is looked through: filters, sorts, pages.

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Filter, column};
use crate::error::Result;
use crate::handlers::costs::costs_in;
use crate::handlers::stock::{Stock, columns};
use crate::values::{Bad, Currency, Input, Line, Search, boolean, whole_number};
use crate::web::caller::Caller;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::updated::Updated;

/// In what order; ties are in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Id,
    Name,
    /// What is sold out first.
    Cover,
    /// What has cost most.
    Value,
    /// What was changed in a span of time, the oldest change first.
    Updated,
}

/// For how many tenths of a day what is available lasts; NULL when nothing is expected to be sold.
const COVER: &str = "GREATEST(s.on_hand - s.reserved, 0) * 10000000 DIV s.units_per_day_e6";
/// The same to sort by: what nobody wants lasts longest. Every order changes it, so no key is kept for it: whoever sorts by
/// it reads a short row a product.
const BY_COVER: &str =
    "COALESCE(GREATEST(s.on_hand - s.reserved, 0) * 10000000 DIV s.units_per_day_e6, 9000000000000000000)";
/// In minor units, as far as they fit into a cursor's number.
const BY_VALUE: &str = "LEAST(FLOOR(s.value_minor_e4 / 10000), 9000000000000000000)";
const SORTED_MAX: i64 = 9_000_000_000_000_000_000;
/// What of the stock `s` lasts less than so many days, what is sold out among it, and nothing that nobody asks for. That a
/// rate is known is said for the key on it.
pub const COVER_BELOW: &str = "s.units_per_day_e6 IS NOT NULL AND GREATEST(s.on_hand - s.reserved, 0) * 1000000 < s.units_per_day_e6 * ?";
/// The key of what is expected to be sold.
pub const SELLING: &str = "stock_selling";
/// As far ahead as a forecast names a day.
const COVER_DAYS_MAX: i64 = 3650;

impl Sort {
    fn parse(input: &Input, caller: &Caller) -> std::result::Result<Sort, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::new("wrong_type", "must be a string"));
        };
        match text.as_str() {
            "id" => Ok(Sort::Id),
            "name" => Ok(Sort::Name),
            "cover" => Ok(Sort::Cover),
            "-value" if caller.knows_costs() => Ok(Sort::Value),
            "-value" => {
                Err(Bad::new("not_yours", "-value is for managers, and keys with restock:read; leave it out"))
            }
            _ => Err(Bad::new("invalid_sort", "must be one of id, name, cover, -value")),
        }
    }

    fn keyset(self, first: First) -> Keyset {
        let of_stock = matches!(first, First::Stock | First::StockBy(_));
        let id = if of_stock { "s.product_id" } else { "p.id" };
        let keyset = match self {
            Sort::Id => Keyset::by_id(id),
            Sort::Name => Keyset::by_text("p.name", "p.id"),
            Sort::Cover => Keyset::by_number(BY_COVER, id),
            Sort::Value => Keyset::by_number(BY_VALUE, id).descending(),
            Sort::Updated => Keyset::by_time("s.updated_at", id),
        };
        match first {
            First::StockBy(index) | First::ProductsBy(index) => keyset.through(index),
            First::Stock | First::Products => keyset,
        }
    }

    fn cursor(self, row: &Listed) -> Cursor {
        let Listed { stock, cover_tenths, .. } = row;
        let id = stock.product_id;
        match self {
            Sort::Id => Cursor::by_id(id),
            Sort::Name => Cursor { value: stock.name.clone(), id },
            Sort::Cover => Cursor { value: cover_tenths.unwrap_or(SORTED_MAX).to_string(), id },
            Sort::Value => {
                let minor = stock.value.map_or(0, |value| value.minor_e4 / 10_000);
                Cursor { value: minor.min(SORTED_MAX.into()).to_string(), id }
            }
            Sort::Updated => Cursor::by_time(stock.updated_at, id),
        }
    }
}

/// The table that is gone through, and by which of its keys where one has to be named.
#[derive(Clone, Copy)]
enum First {
    Stock,
    StockBy(&'static str),
    Products,
    ProductsBy(&'static str),
}

/// Which stock is looked for.
struct Filters {
    below_threshold: Option<bool>,
    out_of_stock: Option<bool>,
    days_of_cover_below: Option<i64>,
    q: Option<Search>,
    category: Option<Line<255>>,
    archived: bool,
}

impl Filters {
    /// Whichever leaves fewer rows that are not wanted, or gives the order.
    fn first(&self, sort: Sort) -> First {
        match (self, sort) {
            (_, Sort::Updated) => First::Stock,
            (Filters { category: Some(_), .. }, _) => First::Products,
            // The index that is read through for words gives the order of the ids too.
            (Filters { q: Some(_), below_threshold: None | Some(false), .. }, _) => {
                First::ProductsBy("products_by_search")
            }
            (Filters { archived: true, .. }, Sort::Name) => First::ProductsBy("products_by_name"),
            (Filters { archived: true, .. }, _) => First::ProductsBy("products_by_id"),
            (Filters { below_threshold: Some(true), .. }, _) => First::Stock,
            // What was found is sorted: most of what is there lasts longer.
            (Filters { days_of_cover_below: Some(_), .. }, _) => First::StockBy(SELLING),
            (_, Sort::Name) => First::ProductsBy("products_by_name"),
            _ => First::Stock,
        }
    }

    fn restrict(self, filter: &mut Filter) {
        filter.add("p.active = ?", [(!self.archived).into()]);
        if self.archived {
            filter.add("(s.on_hand > 0 OR s.reserved > 0 OR s.incoming > 0 OR s.drafted > 0)", []);
        }
        match self.below_threshold {
            // Repeating that there is a point lets the database use the key on it.
            Some(true) => {
                filter.add("s.reorder_point IS NOT NULL AND s.on_hand - s.reserved < s.reorder_point", []);
            }
            Some(false) => {
                filter.add("(s.reorder_point IS NULL OR s.on_hand - s.reserved >= s.reorder_point)", []);
            }
            None => {}
        }
        filter.add_if_given("(s.on_hand <= s.reserved) = ?", self.out_of_stock.map(Value::from));
        if let Some(days) = self.days_of_cover_below {
            filter.add(COVER_BELOW, [days.into()]);
        }
        if let Some(category) = self.category {
            filter.add("p.category = ?", [category.into()]);
        }
        if let Some(q) = self.q {
            filter.add_words("p.search_text", &q.words, q.barcode.as_deref());
        }
    }
}

/// A line of the list.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    stock: Stock,
    /// By what the last run expected to be sold.
    days_of_cover: Option<f64>,
    #[serde(skip)]
    cover_tenths: Option<i64>,
}

impl Listed {
    #[expect(clippy::cast_precision_loss, reason = "tenths of days are shown, not reckoned with")]
    fn from_row(row: &Row, costs_in: Option<&Currency>) -> Listed {
        let cover_tenths: Option<i64> = column(row, "cover_tenths");
        let days_of_cover = cover_tenths.map(|tenths| tenths as f64 / 10.0);
        Listed { stock: Stock::from_row(row, costs_in), days_of_cover, cover_tenths }
    }
}

/// `GET /stock?below_threshold=&out_of_stock=&days_of_cover_below=&q=&category=&ids=&archived=&updated_from=&updated_to=&sort=&limit=&after=`:
/// the active products, or those archived ones whose stock is not written off yet, by id; those whose stock was changed in
/// a span of time in the order of the changes. Every word of `q` is looked for in name, SKU and barcodes. `sort` is `id`,
/// `name`, `cover` or, for who may know costs, `-value`.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let updated = Updated::read(&mut form, &app.config.calendar);
    let usual = if matches!(updated, Some(Some(_))) { Sort::Updated } else { Sort::Id };
    let sort = form.with_default("sort", usual, |input| Sort::parse(input, &request.caller));
    let page = Page::read_with_ids(&mut form, &sort.unwrap_or(usual).keyset(First::Stock));
    let below_threshold = form.optional("below_threshold", boolean);
    let out_of_stock = form.optional("out_of_stock", boolean);
    let days_of_cover_below =
        form.optional("days_of_cover_below", |input| whole_number(input, 1, COVER_DAYS_MAX));
    let q = form.optional("q", Search::parse);
    let category = form.optional("category", Line::parse);
    let archived = form.with_default("archived", false, boolean);
    let ((page, ids), updated, sort, filters) = form.finish(|| {
        let (below_threshold, out_of_stock) = (below_threshold?, out_of_stock?);
        let days_of_cover_below = days_of_cover_below?;
        let (q, category, archived) = (q?, category?, archived?);
        let filters = Filters { below_threshold, out_of_stock, days_of_cover_below, q, category, archived };
        Some((page?, updated?, sort?, filters))
    })?;
    let first = filters.first(sort);
    let keyset = sort.keyset(first);
    let tables = match first {
        First::Stock | First::StockBy(_) => format!("stock s {} STRAIGHT_JOIN products p", keyset.hint()),
        First::Products | First::ProductsBy(_) => {
            format!("products p {} STRAIGHT_JOIN stock s", keyset.hint())
        }
    };
    let mut filter = Filter::default();
    page.restrict(&keyset, &mut filter);
    filters.restrict(&mut filter);
    if let Some(updated) = updated {
        updated.restrict("s.updated_at", &mut filter);
    }
    if let Some(ids) = ids {
        let (marks, ids) = db::in_list(ids);
        filter.add(format!("s.product_id IN ({marks})"), ids);
    }
    let sql = format!(
        "SELECT {}, {COVER} AS cover_tenths FROM {tables} ON p.id = s.product_id {} {} LIMIT ?",
        columns(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let costs_in = costs_in(app, &request.caller);
    let stock =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| Listed::from_row(row, costs_in)))?;
    Ok(response::json(200, &page.list(stock, |row| sort.cursor(row))))
}
