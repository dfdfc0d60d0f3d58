//! The categories of the catalogue, as its products name them.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Filter, column};
use crate::error::Result;
use crate::values::Id;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Serialize)]
struct Category {
    category: String,
    /// How many active products are in it.
    products: i64,
}

impl Category {
    fn from_row(row: &Row) -> Category {
        Category { category: column(row, "category"), products: column(row, "products") }
    }

    /// After the last product that it can have.
    fn cursor(&self) -> Cursor {
        Cursor { value: self.category.clone(), id: Id::MAX }
    }
}

/// `GET /categories?limit=&after=`: those of active products, each with how many it has, in the order of their
/// code points. They are counted along the index, so a page costs as much as its products are many.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_text("p.category", "p.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    filter.add("p.active = 1 AND p.category IS NOT NULL", []);
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT p.category, COUNT(*) AS products FROM products p FORCE INDEX (products_by_category) {}
         GROUP BY p.category ORDER BY p.category LIMIT ?",
        filter.sql()
    );
    let values = filter.values(page.rows_to_read());
    let categories = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Category::from_row))?;
    Ok(response::json(200, &page.list(categories, Category::cursor)))
}
