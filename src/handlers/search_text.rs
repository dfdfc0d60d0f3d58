//! What `q` looks through, for rows that were written without it: by an older release, or by hand. Only this
//! program can say what it is, so no migration can.

use crate::app::App;
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::handlers::{customers, products, suppliers};
use crate::values::Id;

/// Rows that are written in one transaction: few enough to hold no lock for long.
const WRITTEN_AT_ONCE: usize = 500;

/// The rows that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those that have no search text; it is looked for in an index, where there is one.
    Missing,
    All,
}

/// Writes what is missing or wrong, a batch of rows at a time, so that it can be cut off and begun again at any
/// point and the service may go on meanwhile. Returns the number of rows.
pub fn write(app: &App, rows: Rows) -> Result<u64> {
    let (products, customers, suppliers) = match rows {
        Rows::Missing => (
            "SELECT id FROM products FORCE INDEX (products_by_search) WHERE search_text IS NULL",
            "SELECT id FROM customers WHERE search_text IS NULL AND erased_at IS NULL",
            "SELECT id FROM suppliers WHERE search_text IS NULL",
        ),
        Rows::All => (
            "SELECT id FROM products",
            "SELECT id FROM customers WHERE erased_at IS NULL",
            "SELECT id FROM suppliers",
        ),
    };
    let of_products = write_all(app, products, |tx, ids| products::write_search_text(app, tx, ids))?;
    let of_customers = write_all(app, customers, customers::write_search_text)?;
    let of_suppliers = write_all(app, suppliers, |tx, ids| suppliers::write_search_text(app, tx, ids))?;
    Ok(of_products + of_customers + of_suppliers)
}

fn write_all(
    app: &App,
    select_ids: &str,
    write: impl Fn(&mut Transaction, &[Id]) -> Result<u64>,
) -> Result<u64> {
    let mut ids: Vec<Id> = db::read(&app.pool, |db| db.rows(select_ids, (), |row| column(row, "id")))?;
    ids.sort_unstable();
    ids.chunks(WRITTEN_AT_ONCE).map(|ids| db::transaction(&app.pool, |tx| write(tx, ids))).sum()
}
