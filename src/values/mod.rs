//! Values that are parsed once, at the edge, and trusted from then on.
//!
//! Every parser takes an [`Input`] (a JSON value with the text of its numbers kept, or a query
//! parameter) and returns the value or a [`Bad`]: a stable code and a message that tells
//! the caller what to send instead.

mod calendar;
mod characters;
mod contact;
mod credentials;
mod folded;
pub mod input;
mod listen_address;
mod locale;
mod money;
mod network;
mod numbers;
mod origins;
mod product;
mod service_level;
mod text;
mod time;
mod weekday;
mod words;
mod zone;

pub use calendar::{Calendar, Holidays};
pub use characters::{is_blank_text, is_invisible, nfc, trimmed};
pub use contact::{Email, Phone};
pub use credentials::{CustomerPassword, Password, StaffPassword, Username};
pub use folded::{Search, folded, phone_digits, search_text};
pub use input::Input;
pub use listen_address::ListenAddress;
pub use locale::{LOCALES, Locale};
pub use money::{Currency, PRICE_MINOR_MAX, Price, UnitCost, Worth};
pub use network::Network;
pub use numbers::{Id, Quantity, boolean, id, id_from_digits, query_ids, whole_number};
pub use origins::Origins;
pub use product::{Gtin, ImageUrl, Sku, Slug};
pub use service_level::ServiceLevel;
pub use text::{Line, Paragraph, hex};
pub use time::{Day, Timestamp};
pub use weekday::Weekday;
pub(crate) use words::words;
pub use zone::Zone;

/// Why a value was refused: `code` is stable and for programs, `message` is for people and says
/// what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    pub code: &'static str,
    pub message: String,
}

impl Bad {
    pub fn new(code: &'static str, message: impl Into<String>) -> Bad {
        Bad { code, message: message.into() }
    }

    pub fn not_text() -> Bad {
        Bad::new("wrong_type", "must be a string")
    }
}
