//! Files taken over: the form that reads one, what it would do, and doing it or setting it back.

pub mod import;
pub mod list;
mod rows;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::values::Id;

#[derive(Deserialize)]
pub struct Import {
    id: Id,
    #[serde(rename = "type")]
    about: String,
    status: String,
    source: String,
    encoding: String,
    delimiter: String,
    blank: String,
    counted_at: String,
    columns: Vec<Column>,
    rows: Counts,
    applied: i64,
    not_applied: i64,
    undone: i64,
    not_undone: i64,
    username: Option<String>,
    created_at: String,
    updated_at: String,
    allowed_actions: Vec<String>,
}

/// A column of the file, and for which field it was taken, if for one.
#[derive(Deserialize)]
struct Column {
    column: String,
    field: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    create: i64,
    change: i64,
    same: i64,
    refused: i64,
    joined: i64,
}

#[derive(Deserialize)]
pub struct Row {
    line: i64,
    outcome: String,
    state: String,
    object_id: Option<Id>,
    fields: Map<String, Value>,
    before: Map<String, Value>,
    errors: Vec<RowError>,
}

#[derive(Deserialize)]
pub struct RowError {
    column: Option<String>,
    field: String,
    value: Option<String>,
    message: String,
}

impl Import {
    /// The rows that do something when it is applied.
    fn to_do(&self) -> i64 {
        self.rows.create + self.rows.change
    }

    fn may(&self, action: &str) -> bool {
        self.allowed_actions.iter().any(|allowed| allowed == action)
    }
}
