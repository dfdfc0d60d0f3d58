//! In what quantities a supplier sells a product.

use std::cmp::Ordering;

/// How a product is sold to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// Only whole packs are sold.
    pub pack_size: i64,
    /// Less is not sold.
    pub minimum_quantity: i64,
}

impl Packing {
    pub const SINGLE_UNITS: Packing = Packing { pack_size: 1, minimum_quantity: 1 };

    /// What became of what the rule wants, in words: nothing when it is sold so.
    pub(super) fn raise_explained(self, by_rule: i64, quantity: i64) -> String {
        let Packing { pack_size, minimum_quantity } = self;
        let packs = if pack_size > 1 { format!(" in packs of {pack_size}") } else { String::new() };
        match quantity.cmp(&by_rule) {
            Ordering::Equal => String::new(),
            Ordering::Less => format!(", lowered to {quantity}, which can be bought{packs},"),
            Ordering::Greater if by_rule < minimum_quantity => {
                format!(
                    ", raised to {quantity}, since the supplier sells at least {minimum_quantity}{packs},"
                )
            }
            Ordering::Greater => {
                format!(", raised to {quantity}, since the supplier sells packs of {pack_size},")
            }
        }
    }

    /// Whether so many can be bought.
    pub fn sells(self, units: i64) -> bool {
        self.raised(units) == units
    }

    /// These units, or the least above them that is sold.
    pub fn raised(self, units: i64) -> i64 {
        whole(units.max(self.minimum_quantity), self.pack_size)
    }
}

/// The units, or the next multiple above them.
pub(super) fn whole(units: i64, multiple: i64) -> i64 {
    let multiple = multiple.max(1);
    (units.saturating_sub(1).div_euclid(multiple) + 1).saturating_mul(multiple)
}
