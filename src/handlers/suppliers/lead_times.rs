//! How long a supplier has taken, beside what it says.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Filter, column};
use crate::error::Result;
use crate::problem::Problem;
use crate::restock::lead_times::{DAYS, TOLD};
use crate::values::Id;
use crate::web::paging::{Cursor, Keyset, List, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Serialize)]
struct OfSupplier {
    supplier_id: Id,
    supplier_name: String,
    /// What it says.
    lead_time_days: i64,
    #[serde(flatten)]
    taken: Taken,
    products: List<OfProduct>,
}

#[derive(Serialize)]
struct OfProduct {
    product_id: Id,
    name: String,
    sku: Option<String>,
    #[serde(flatten)]
    taken: Taken,
}

/// How long it took from ordering until all of a line had come.
#[derive(Serialize)]
struct Taken {
    /// Lines of purchase orders of which all has come; what came as it was ordered tells nothing.
    receipts: i64,
    /// Rounded to a tenth; None before the first.
    mean_days: Option<f64>,
    /// The standard deviation, rounded to a tenth; None before the second.
    spread_days: Option<f64>,
}

impl Taken {
    fn columns() -> String {
        format!("COUNT(*) AS receipts, AVG({DAYS}) AS mean_days, STDDEV_SAMP({DAYS}) AS spread_days")
    }

    fn from_row(row: &Row) -> Taken {
        let rounded = |days: f64| (days * 10.0).round() / 10.0;
        let receipts: i64 = column(row, "receipts");
        Taken {
            receipts,
            mean_days: column::<Option<f64>>(row, "mean_days").map(rounded),
            spread_days: column::<Option<f64>>(row, "spread_days").filter(|_| receipts > 1).map(rounded),
        }
    }
}

/// `GET /suppliers/{id}/lead_times?limit=&after=`: what the supplier says and what it has taken, in all and by product.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("l.product_id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    filter.add("o.supplier_id = ?", [request.path_id.into()]);
    page.restrict(&keyset, &mut filter);
    let conditions = filter.sql().replacen("WHERE", "AND", 1);
    let taken = Taken::columns();
    let in_all = format!(
        "SELECT v.id, v.name, v.lead_time_days, t.receipts, t.mean_days, t.spread_days
         FROM suppliers v JOIN (SELECT {taken} {TOLD} AND o.supplier_id = ?) t
         WHERE v.id = ? AND v.active = 1"
    );
    let by_product = format!(
        "SELECT t.product_id, p.name, p.sku, t.receipts, t.mean_days, t.spread_days
         FROM (
             SELECT l.product_id, {taken} {TOLD} {conditions} GROUP BY l.product_id {} LIMIT ?
         ) t JOIN products p ON p.id = t.product_id ORDER BY t.product_id",
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let id = request.path_id;
    let of_supplier = db::snapshot(&app.pool, |db| {
        let products = db.rows(&by_product, values.clone(), |row| OfProduct {
            product_id: column(row, "product_id"),
            name: column(row, "name"),
            sku: column(row, "sku"),
            taken: Taken::from_row(row),
        })?;
        let of_supplier = db.row(&in_all, (id, id), |row| {
            (column(row, "id"), column(row, "name"), column(row, "lead_time_days"), Taken::from_row(row))
        })?;
        let (supplier_id, supplier_name, lead_time_days, taken) =
            of_supplier.ok_or_else(Problem::not_found)?;
        let products = page.list(products, |product| Cursor::by_id(product.product_id));
        Ok(OfSupplier { supplier_id, supplier_name, lead_time_days, taken, products })
    })?;
    Ok(response::resource(request, &of_supplier))
}
