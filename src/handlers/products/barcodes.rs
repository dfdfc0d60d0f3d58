//! The barcodes of a product: kept with it for showing, and those of active products in a table of their own,
//! by which a scan finds one product.

use std::collections::HashSet;

use mysql::Value;
use serde::{Deserialize, Serialize};

use crate::db::Transaction;
use crate::error::Result;
use crate::handlers::products::taken;
use crate::values::{Bad, Gtin, Id, Quantity, whole_number};
use crate::web::form::Form;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barcode {
    pub code: Gtin,
    /// How many units of the product are in what bears it: 1, or what a pack holds.
    pub units: i64,
}

/// The unit, its carton and its pallet, and what earlier makers printed.
const BARCODES_MAX: usize = 20;

/// `barcodes: [{code, units?}]`; a unit's is the default.
pub fn read(form: &mut Form) -> Option<Option<Vec<Barcode>>> {
    let mut seen = HashSet::new();
    form.changed_list("barcodes", BARCODES_MAX, |form, place, item| {
        let barcode = form.object_item(place, item, |form| {
            let code = form.required("code", Gtin::parse);
            let units = form.with_default("units", 1, |input| whole_number(input, 1, Quantity::MAX));
            Some(Barcode { code: code?, units: units? })
        })?;
        if !seen.insert(barcode.code.key()) {
            let message = "appears twice, perhaps with other zeros before it; name each once";
            form.reject(&format!("{place}.code"), Bad::new("appears_twice", message));
            return None;
        }
        Some(barcode)
    })
}

/// Takes them for this product; 409 when another active one has one of them.
pub fn write(tx: &mut Transaction, product_id: Id, barcodes: &[Barcode]) -> Result<()> {
    if barcodes.is_empty() {
        return Ok(());
    }
    let values: Vec<Value> =
        barcodes.iter().flat_map(|barcode| [barcode.code.key().into(), product_id.into()]).collect();
    let rows = vec!["(?, ?)"; barcodes.len()].join(", ");
    let written =
        tx.execute(&format!("INSERT INTO product_barcodes (gtin, product_id) VALUES {rows}"), values);
    taken::barcodes_named(tx, barcodes, written)?;
    Ok(())
}

/// Frees all barcodes of this product.
pub fn clear(tx: &mut Transaction, product_id: Id) -> Result<()> {
    tx.execute("DELETE FROM product_barcodes WHERE product_id = ?", (product_id,))?;
    Ok(())
}
