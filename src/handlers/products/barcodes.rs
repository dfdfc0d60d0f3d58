//! The barcodes of a product, as they are asked for, kept with it and shown.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::values::{Bad, Gtin, Quantity, whole_number};
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
