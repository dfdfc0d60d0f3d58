//! What the stock is worth: what its units have cost, by category and in all.

use mysql::{Row, Value};
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, column};
use crate::error::Result;
use crate::handlers::costs::worth;
use crate::values::{Currency, Timestamp, Worth};
use crate::web::request::Request;
use crate::web::response;

#[derive(Serialize)]
struct StockValue {
    /// None for now.
    as_of: Option<Timestamp>,
    currency: String,
    categories: Vec<OfCategory>,
    total: Sum,
}

#[derive(Serialize)]
struct OfCategory {
    /// None for products without one.
    category: Option<String>,
    #[serde(flatten)]
    sum: Sum,
}

#[derive(Serialize)]
struct Sum {
    /// Products of which there is something.
    products: i64,
    units: i64,
    value: Worth,
    /// Units of products of which some stand at no value, since nobody knows what they have cost.
    units_without_value: i64,
}

impl Sum {
    fn from_row(row: &Row, currency: &Currency) -> Sum {
        Sum {
            products: column(row, "products"),
            units: column(row, "units"),
            value: worth(row, "value", currency),
            units_without_value: column(row, "units_without_value"),
        }
    }
}

/// `GET /stock/value?as_of=`: of all products, archived ones too, as of now or of a moment. Each unit counts at the average
/// of what its product has cost. Categories are in the order of their code points.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let now = app.clock.now();
    let mut form = request.query()?;
    let as_of = form.optional("as_of", |input| app.config.calendar.as_of(input, now));
    let as_of = form.finish(|| as_of)?;
    // What was there is what the first movement since has found; of the rest nothing has moved. MySQL goes along the key
    // only where the order names its first column too: otherwise it reads all that came since, and sorts it.
    let first_since = |what: &str, otherwise: &str| {
        format!(
            "COALESCE((SELECT {what} FROM stock_movements FORCE INDEX (stock_movements_by_time)
                 WHERE product_id = s.product_id AND at > ? ORDER BY product_id, at, sequence LIMIT 1), {otherwise})"
        )
    };
    let (on_hand, value, unknown, values) = match as_of {
        None => {
            ("s.on_hand".to_owned(), "s.value_minor_e4".to_owned(), "s.cost_unknown".to_owned(), Vec::new())
        }
        Some(as_of) => (
            first_since("balance_after - delta", "s.on_hand"),
            first_since("value_after - value_delta", "s.value_minor_e4"),
            // Carried along while there is something on the shelf.
            first_since("cost_unknown", "s.cost_unknown"),
            vec![Value::from(as_of), as_of.into(), as_of.into()],
        ),
    };
    let sums =
        "COUNT(*) AS products, CAST(SUM(t.on_hand) AS SIGNED) AS units, CAST(SUM(t.worth) AS CHAR) AS value,
         CAST(SUM(IF(t.is_unknown, t.on_hand, 0)) AS SIGNED) AS units_without_value";
    let sql = format!(
        "SELECT t.category, {sums} FROM (
             SELECT p.category, {on_hand} AS on_hand, {value} AS worth, {unknown} AS is_unknown
             FROM stock s STRAIGHT_JOIN products p ON p.id = s.product_id
         ) t WHERE t.on_hand > 0 GROUP BY t.category ORDER BY t.category"
    );
    let currency = &app.config.currency;
    let of_category =
        |row: &Row| OfCategory { category: column(row, "category"), sum: Sum::from_row(row, currency) };
    let categories = db::read(&app.pool, |db| db.rows(&sql, values.clone(), of_category))?;
    let sum = |count: fn(&Sum) -> i64| categories.iter().map(|of| count(&of.sum)).sum();
    let total = Sum {
        products: sum(|sum| sum.products),
        units: sum(|sum| sum.units),
        value: currency.worth(categories.iter().map(|of| of.sum.value.minor_e4).sum()),
        units_without_value: sum(|sum| sum.units_without_value),
    };
    let code = currency.code().to_owned();
    Ok(response::resource(request, &StockValue { as_of, currency: code, categories, total }))
}
