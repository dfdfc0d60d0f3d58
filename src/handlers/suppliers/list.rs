//! How the suppliers are looked through.

use rouille::Response;

use crate::app::App;
use crate::db::{self, Filter};
use crate::error::Result;
use crate::handlers::suppliers::fields::{COLUMNS, Supplier};
use crate::values::{Search, boolean};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::updated::Updated;

/// `GET /suppliers?q=&archived=&updated_from=&updated_to=&limit=&after=`, by id; those that were changed in a span of
/// time in the order of the changes. Every word of `q` is looked for in name, e-mail address and telephone number.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let updated = Updated::read(&mut form, &app.config.calendar);
    let is_by_update = matches!(updated, Some(Some(_)));
    let keyset = if is_by_update {
        Keyset::by_time("v.updated_at", "v.id").through("suppliers_by_update")
    } else {
        Keyset::by_id("v.id").through("suppliers_by_search")
    };
    let page = Page::read(&mut form, &keyset);
    let q = form.optional("q", Search::parse);
    let archived = form.with_default("archived", false, boolean);
    let (page, updated, q, archived) = form.finish(|| Some((page?, updated?, q?, archived?)))?;
    let mut filter = Filter::default();
    filter.add("v.active = ?", [(!archived).into()]);
    page.restrict(&keyset, &mut filter);
    if let Some(updated) = updated {
        updated.restrict("v.updated_at", &mut filter);
    }
    if let Some(q) = q {
        filter.add_words("v.search_text", &q.words, q.phone.as_deref());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM suppliers v {} {} {} LIMIT ?",
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let currency = &app.config.currency;
    let suppliers =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| Supplier::from_row(row, currency)))?;
    let cursor = |supplier: &Supplier| {
        if is_by_update {
            Cursor::by_time(supplier.updated_at, supplier.id)
        } else {
            Cursor::by_id(supplier.id)
        }
    };
    Ok(response::json(200, &page.list(suppliers, cursor)))
}
