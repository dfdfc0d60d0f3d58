//! What names a product in the shop's books.

use serde::Serialize;

use super::characters::{is_invisible, nfc};
use super::{Bad, Input, Line};

/// A stock keeping unit: one line. It reads back as it was written, and is unique among the active products
/// whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sku(pub String);

impl Sku {
    pub fn parse(input: &Input) -> Result<Sku, Bad> {
        Line::<64>::parse(input).map(|Line(sku)| Sku(sku))
    }

    /// The form that is compared: in capitals, without what nobody sees.
    pub fn key(&self) -> String {
        let visible = self.0.chars().filter(|&c| !is_invisible(c));
        let capitals: String = visible.flat_map(char::to_lowercase).flat_map(char::to_uppercase).collect();
        nfc(&capitals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_compared_whatever_their_case() {
        let key = |text: &str| Sku::parse(&Input::Text(text.into())).unwrap().key();
        for (one, other) in [
            ("EC-JB8023 GP", " ec-jb8023 gp\u{200B}"),
            ("Ö-1", "o\u{308}-1"),
            ("GROẞ-1", "groß-1"),
            ("A\u{200B}1", "a1"),
            ("ΐ", "\u{3AA}\u{301}"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        for (one, other) in [("A+B", "A B"), ("Ö-1", "O-1"), ("A１", "A1"), ("A#1", "A-1"), ("A  1", "A 1")]
        {
            assert_ne!(key(one), key(other), "{one}");
        }
        // A key of a SKU in ASCII stays what it always was.
        assert_eq!(key("mug-0042._/"), "MUG-0042._/");
    }
}
