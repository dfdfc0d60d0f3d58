//! What a scanner types into a field, and what has been scanned so far.
//!
//! What was scanned stands in the page's address until it is sent, so nothing has to be remembered elsewhere: a page can
//! be left, opened again and gone back to, and a scan counts once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::desk::api::{Api, with_query};
use crate::desk::seen::{List, Product};
use crate::error::{Error, Result};
use crate::values::{Gtin, Id, Input, Sku, id_from_digits, trimmed};

/// No line here holds more.
const UNITS_MAX: i64 = 1_000_000;

/// As many different products as fit into an address.
const PRODUCTS_MAX: usize = 500;

/// Units by product, as `7.2-9.1` in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Id, i64>);

impl Tally {
    /// What is written so; anything else is nothing.
    pub fn read(text: &str) -> Tally {
        let line = |line: &str| {
            let (id, units) = line.split_once('.')?;
            Some((id_from_digits(id)?, units.parse().ok().filter(|units| (1..=UNITS_MAX).contains(units))?))
        };
        Tally(text.split('-').filter_map(line).take(PRODUCTS_MAX).collect())
    }

    pub fn write(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(id, units)| format!("{id}.{units}")).collect();
        lines.join("-")
    }

    pub fn units(&self, product_id: Id) -> i64 {
        self.0.get(&product_id).copied().unwrap_or(0)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Id, i64)> {
        self.0.iter().map(|(id, units)| (*id, *units))
    }

    /// Of these products only.
    pub fn filtered(&self, is_meant: impl Fn(&Id) -> bool) -> Tally {
        Tally(self.0.iter().filter(|(id, _)| is_meant(id)).map(|(id, units)| (*id, *units)).collect())
    }

    /// With so many more of a product; None when that is more than fits.
    pub fn plus(&self, product_id: Id, units: i64) -> Option<Tally> {
        let mut tally = self.clone();
        let is_full = tally.0.len() >= PRODUCTS_MAX;
        match tally.0.entry(product_id) {
            Entry::Vacant(_) if is_full => return None,
            Entry::Vacant(place) => _ = place.insert(units),
            Entry::Occupied(mut place) => *place.get_mut() += units,
        }
        tally.0.values().all(|units| (1..=UNITS_MAX).contains(units)).then_some(tally)
    }

    /// The same with so many of a product in its place; None when that is no number of units.
    pub fn with(&self, product_id: Id, units: i64) -> Option<Tally> {
        self.without(product_id).plus(product_id, units)
    }

    /// With one less of a product.
    pub fn minus_one(&self, product_id: Id) -> Tally {
        self.with(product_id, self.units(product_id) - 1).unwrap_or_else(|| self.without(product_id))
    }

    pub fn without(&self, product_id: Id) -> Tally {
        let mut tally = self.clone();
        tally.0.remove(&product_id);
        tally
    }
}

/// A code, and how many times it is meant: `24*4006381333931`.
pub struct Scan {
    pub times: i64,
    pub code: String,
}

impl Scan {
    /// What stands in a field; None when nothing of it can be seen.
    pub fn read(text: &str) -> Option<Scan> {
        let text = trimmed(text);
        let times = text
            .split_once('*')
            .and_then(|(times, code)| Some((trimmed(times).parse().ok()?, trimmed(code))));
        let (times, code) = times.filter(|(times, _)| (1..=UNITS_MAX).contains(times)).unwrap_or((1, text));
        (!code.is_empty()).then(|| Scan { times, code: code.to_owned() })
    }

    /// How many units of a product it stands for, all those of a pack; None when it is the code of another one.
    pub fn units_of(&self, product: &Product) -> Option<i64> {
        let input = |text: &str| Input::Text(text.to_owned());
        let sku = |text: &str| Sku::parse(&input(text)).ok().map(|sku| sku.key());
        let gtin = |text: &str| Gtin::parse(&input(text)).ok().map(|gtin| gtin.key());
        let barcode =
            |own: String| product.barcodes.iter().find(|barcode| gtin(&barcode.code).as_ref() == Some(&own));
        let in_pack = gtin(&self.code).and_then(barcode).map(|barcode| barcode.units);
        let is_sku = sku(&self.code).is_some_and(|own| product.sku.as_deref().and_then(sku) == Some(own));
        let units = in_pack.or_else(|| is_sku.then_some(1))?;
        Some(units.saturating_mul(self.times).min(UNITS_MAX))
    }

    /// The active product whose code it is.
    pub fn product(&self, api: &Api) -> Result<Option<Product>> {
        for name in ["barcode", "sku"] {
            match api.get::<List<Product>>(&with_query("/products", &[(name, &self.code)])) {
                // Whatever else a list shows, only what bears the code is meant.
                Ok(list) => {
                    let found = list.data.into_iter().find(|product| self.units_of(product).is_some());
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                // No barcode, but perhaps a SKU.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The products that these words are about, where they are no code: none for what no list takes as words.
pub fn proposed(api: &Api, words: &str) -> Result<List<Product>> {
    let none = List { data: Vec::new(), next: None };
    if Scan::read(words).is_none() {
        return Ok(none);
    }
    match api.get(&with_query("/products", &[("q", words), ("limit", "10")])) {
        Err(Error::Refused(_)) => Ok(none),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_scan_says_how_many_times_it_is_meant() {
        let read = |text: &str| Scan::read(text).map(|scan| (scan.times, scan.code));
        assert_eq!(read(" 4006381333931 "), Some((1, "4006381333931".to_owned())));
        assert_eq!(read("24*4006381333931"), Some((24, "4006381333931".to_owned())));
        assert_eq!(read("24 * MUG"), Some((24, "MUG".to_owned())));
        // A SKU may have an asterisk.
        assert_eq!(read("A*B"), Some((1, "A*B".to_owned())));
        assert_eq!(read("0*MUG"), Some((1, "0*MUG".to_owned())));
        assert_eq!(read("  "), None);
        assert_eq!(read("24*"), None);
        // Nothing of these can be seen.
        for blank in ["\u{200b}", "\u{202e}", "\u{ad}\t", "\u{3164}", "500*\u{200e}", "\u{2060}*"] {
            assert_eq!(read(blank).filter(|(_, code)| code != "*"), None, "{blank:?}");
        }
        assert_eq!(read("\u{feff}MUG\u{200b}"), Some((1, "MUG".to_owned())));
    }

    proptest! {
        #[test]
        fn a_tally_reads_back(lines in prop::collection::btree_map(1u64..1_000_000, 1i64..1_000_000, 0..50)) {
            let tally = Tally(lines);
            prop_assert_eq!(Tally::read(&tally.write()), tally);
        }

        #[test]
        fn anything_else_is_read_quietly(text in ".{0,60}") {
            let tally = Tally::read(&text);
            prop_assert_eq!(Tally::read(&tally.write()), tally);
        }
    }
}
