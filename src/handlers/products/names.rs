//! What names one active product: its SKU and slug, whose keys stand in its row, and its barcodes, in a table of
//! their own, by which a scan finds it. What belongs to another already is a 409 that says to which.

use mysql::{Row, Value};
use serde_json::json;

use crate::db::{Transaction, column};
use crate::error::database::is_duplicate_of;
use crate::error::{Error, Result};
use crate::handlers::products::barcodes::Barcode;
use crate::handlers::products::fields::Details;
use crate::problem::{self, FieldError, Kind, Problem};
use crate::values::{Bad, Id, Sku, Slug};

/// The active product that has it.
struct Owner {
    id: Id,
    name: String,
}

impl Owner {
    fn from_row(row: &Row) -> Owner {
        Owner { id: column(row, "id"), name: column(row, "name") }
    }

    fn problem(&self, kind: &'static Kind, what: &str, fields: Vec<String>) -> Problem {
        let Owner { id, name } = self;
        let detail = format!(
            "Product {id}, {name}, has this {what}. Choose another one, or change or archive that product first. \
             Nothing was changed."
        );
        let bad = Bad::new("taken", format!("belongs to product {id}"));
        let errors = fields.into_iter().map(|field| FieldError::new(field, bad.clone())).collect();
        Problem::new(kind, detail).with_errors(errors).with_extra("product", json!({"id": id, "name": name}))
    }
}

/// Turns a broken UNIQUE key of the SKU or the slug into the 409 for it.
pub fn unless_taken<T>(tx: &mut Transaction, details: &Details, written: Result<T>) -> Result<T> {
    let cause = match written {
        Err(Error::Database(cause)) => cause,
        other => return other,
    };
    let (kind, field, what, key): (_, _, _, Value) = if is_duplicate_of(&cause, "products_sku") {
        (problem::SKU_TAKEN, "sku", "SKU", details.sku.as_ref().map(Sku::key).into())
    } else if is_duplicate_of(&cause, "products_slug") {
        (problem::SLUG_TAKEN, "slug", "slug", details.slug.as_ref().map(Slug::key).into())
    } else {
        return Err(cause.into());
    };
    let owner =
        tx.row(&format!("SELECT id, name FROM products WHERE {field}_key = ?"), (key,), Owner::from_row)?;
    // When it was freed meanwhile, the whole is tried again.
    let owner = owner.ok_or(Error::Raced)?;
    Err(owner.problem(kind, what, vec![field.to_owned()]).into())
}

/// Turns a broken key of the barcodes into the 409, which names each that the product has that has the first.
fn unless_barcodes_taken<T>(tx: &mut Transaction, barcodes: &[Barcode], written: Result<T>) -> Result<T> {
    match written {
        Err(Error::Database(cause)) if is_duplicate_of(&cause, "PRIMARY") => {}
        other => return other,
    }
    let marks = vec!["?"; barcodes.len()].join(", ");
    let keys: Vec<Value> = barcodes.iter().map(|barcode| barcode.code.key().into()).collect();
    let sql = format!(
        "SELECT p.id, p.name, b.gtin FROM product_barcodes b JOIN products p ON p.id = b.product_id
         WHERE b.gtin IN ({marks}) ORDER BY b.gtin"
    );
    let taken = tx.rows(&sql, keys, |row| (Owner::from_row(row), column::<String>(row, "gtin")))?;
    let (owner, _) = taken.first().ok_or(Error::Raced)?;
    let fields = barcodes.iter().enumerate().filter_map(|(index, barcode)| {
        let of_owner = |(other, gtin): &(Owner, String)| other.id == owner.id && *gtin == barcode.code.key();
        taken.iter().any(of_owner).then(|| format!("barcodes[{index}].code"))
    });
    Err(owner.problem(problem::BARCODE_TAKEN, "barcode", fields.collect()).into())
}

/// Takes these barcodes for this product; 409 when another active one has one of them.
pub fn take_barcodes(tx: &mut Transaction, product_id: Id, barcodes: &[Barcode]) -> Result<()> {
    if barcodes.is_empty() {
        return Ok(());
    }
    let values: Vec<Value> =
        barcodes.iter().flat_map(|barcode| [barcode.code.key().into(), product_id.into()]).collect();
    let rows = vec!["(?, ?)"; barcodes.len()].join(", ");
    let written =
        tx.execute(&format!("INSERT INTO product_barcodes (gtin, product_id) VALUES {rows}"), values);
    unless_barcodes_taken(tx, barcodes, written)?;
    Ok(())
}

/// Frees all barcodes of this product.
pub fn free_barcodes(tx: &mut Transaction, product_id: Id) -> Result<()> {
    tx.execute("DELETE FROM product_barcodes WHERE product_id = ?", (product_id,))?;
    Ok(())
}
