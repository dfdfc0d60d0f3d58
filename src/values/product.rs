//! What names a product in the shop's books.

use serde::Serialize;

use super::{Bad, Input};

/// A stock keeping unit. It reads back as it was written, and is unique among the active products
/// whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sku(pub String);

impl Sku {
    pub const LENGTH_MAX: usize = 64;

    pub fn parse(input: &Input) -> Result<Sku, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        let sku = text.trim_matches(' ');
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._/".contains(&b);
        if sku.is_empty() || text.len() > Sku::LENGTH_MAX || !sku.bytes().all(allowed) {
            let message = "must be 1 to 64 letters, digits or -._/ such as MUG-0042";
            return Err(Bad::new("invalid_sku", message));
        }
        Ok(Sku(sku.to_owned()))
    }

    /// The form that is compared for uniqueness.
    pub fn key(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}
