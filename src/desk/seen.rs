//! What endpoints show, as far as several pages read it.

use std::collections::HashMap;

use serde::Deserialize;

use crate::desk::api::{Api, with_query};
use crate::error::{Error, Result};
use crate::values::Id;

#[derive(Deserialize)]
pub struct List<T> {
    pub data: Vec<T>,
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub struct Product {
    pub id: Id,
    pub name: String,
    pub sku: Option<String>,
    pub barcodes: Vec<Barcode>,
    pub shelf: Option<String>,
    pub category: Option<String>,
    pub price: String,
}

/// A code, and how many units are in what bears it.
#[derive(Deserialize)]
pub struct Barcode {
    pub code: String,
    pub units: i64,
}

#[derive(Deserialize)]
pub struct Customer {
    pub id: Id,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// None of a guest.
    pub account_id: Option<Id>,
}

#[derive(Deserialize)]
pub struct Figures {
    pub product_id: Id,
    pub on_hand: i64,
    pub reserved: i64,
}

impl Figures {
    /// What can still be promised.
    pub fn available(&self) -> i64 {
        (self.on_hand - self.reserved).max(0)
    }
}

/// As many as the endpoints take at once.
const IDS_MAX: usize = 100;

/// The things with these ids, in a few questions: each id once, a hundred at a time.
fn by_ids<T: for<'de> Deserialize<'de>>(
    api: &Api,
    path: &str,
    ids: impl IntoIterator<Item = Id>,
    id_of: impl Fn(&T) -> Id,
) -> Result<HashMap<Id, T>> {
    let mut ids: Vec<Id> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for some in ids.chunks(IDS_MAX) {
        let texts: Vec<String> = some.iter().map(Id::to_string).collect();
        let list: List<T> = api.get(&with_query(path, &[("ids", &texts.join(",")), ("limit", "100")]))?;
        found.extend(list.data.into_iter().map(|thing| (id_of(&thing), thing)));
    }
    Ok(found)
}

/// The products, those that are archived among them.
pub fn products(api: &Api, ids: impl IntoIterator<Item = Id>) -> Result<HashMap<Id, Product>> {
    let ids: Vec<Id> = ids.into_iter().collect();
    let mut found = by_ids(api, "/products", ids.iter().copied(), |product: &Product| product.id)?;
    let missing: Vec<Id> = ids.into_iter().filter(|id| !found.contains_key(id)).collect();
    if !missing.is_empty() {
        found.extend(by_ids(api, "/products?archived=true", missing, |product: &Product| product.id)?);
    }
    Ok(found)
}

/// The customers; who is erased is not among them.
pub fn customers(api: &Api, ids: impl IntoIterator<Item = Id>) -> Result<HashMap<Id, Customer>> {
    by_ids(api, "/customers", ids, |customer: &Customer| customer.id)
}

/// The figures of the stock of active products.
pub fn figures(api: &Api, ids: impl IntoIterator<Item = Id>) -> Result<HashMap<Id, Figures>> {
    by_ids(api, "/stock", ids, |figures: &Figures| figures.product_id)
}

/// What an endpoint shows; None where there is no such thing, or no longer.
pub fn if_there<T>(asked: Result<T>) -> Result<Option<T>> {
    match asked {
        Ok(there) => Ok(Some(there)),
        Err(Error::Refused(problem)) if problem.kind.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}
