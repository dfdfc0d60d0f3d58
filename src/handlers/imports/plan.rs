//! How a file is taken over, and what is to become of each of its rows.

use crate::handlers::imports::columns::Type;
use crate::handlers::imports::stored::Fields;
use crate::values::{Id, Timestamp, words};

words! {
    /// How far an import is.
    Status, refused as "invalid_status" {
        Reading = "reading",
        /// The dry run is there.
        Ready = "ready",
        Applying = "applying",
        Applied = "applied",
        Undoing = "undoing",
        Undone = "undone",
    }
}

words! {
    /// What an empty cell does.
    Blank, refused as "invalid_blank" {
        Keep = "keep",
        Clear = "clear",
    }
}

/// What holds for all rows of an import.
pub struct Plan {
    pub about: Type,
    /// Whether an empty cell clears; otherwise it keeps.
    pub clears_blank: bool,
    /// Of when the counts of the shelves are.
    pub counted_at: Timestamp,
    /// What stands beside its lines in the ledger, and beside those that set them back.
    pub note: String,
    pub undo_note: String,
}

/// What is to become of a row that is sound.
pub struct Verdict {
    /// None where it makes something new.
    pub object_id: Option<Id>,
    /// What is set; nothing where it is there already.
    pub fields: Fields,
    pub before: Fields,
    /// What only one row of a file may name.
    pub keys: Vec<String>,
}

impl Verdict {
    pub fn create(keys: Vec<String>, fields: Fields) -> Verdict {
        Verdict { object_id: None, fields, before: Fields::new(), keys }
    }

    pub fn change(id: Id, fields: Fields, before: Fields) -> Verdict {
        Verdict { object_id: Some(id), fields, before, keys: vec![format!("id {id}")] }
    }

    pub fn same(id: Id) -> Verdict {
        Verdict::change(id, Fields::new(), Fields::new())
    }
}
