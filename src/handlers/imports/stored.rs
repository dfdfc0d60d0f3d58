//! The rows of an import as they are kept between its dry run and its end, and what they set, as JSON.

use mysql::{Row as SqlRow, Value as SqlValue};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::audit;
use crate::db::{Connection, Transaction, column};
use crate::error::{Error, Result};
use crate::handlers::imports::sheet::RowError;
use crate::problem::{FieldError, Problem};
use crate::values::{Bad, Id, Input, words};
use crate::web::response;

words! {
    /// What a row would do.
    Outcome, refused as "invalid_outcome" {
        Create = "create",
        Change = "change",
        Refused = "refused",
    }
}

words! {
    /// What has become of it.
    State, refused as "invalid_state" {
        Waiting = "waiting",
        Applied = "applied",
        /// What it is about has changed since the dry run, or was taken.
        NotApplied = "not_applied",
        Undone = "undone",
        /// What it has set was changed since.
        NotUndone = "not_undone",
    }
}

/// Fields with their values, as a body of JSON has them.
pub type Fields = Map<String, Value>;

/// A row that changes something, or was refused.
#[derive(Debug, Serialize)]
pub struct StoredRow {
    pub number: u32,
    pub line: u32,
    pub outcome: Outcome,
    pub state: State,
    /// What it is about, where that is there.
    pub object_id: Option<Id>,
    pub fields: Fields,
    pub before: Fields,
    pub errors: Vec<RowError>,
}

const COLUMNS: &str =
    "r.number, r.line, r.outcome, r.state, r.object_id, r.fields, r.fields_before, r.errors";

impl StoredRow {
    pub fn from_row(row: &SqlRow) -> StoredRow {
        fn json<T: serde::de::DeserializeOwned + Default>(row: &SqlRow, name: &str) -> T {
            let text: Option<String> = column(row, name);
            text.map(|text| serde_json::from_str(&text).expect("JSON that was written here"))
                .unwrap_or_default()
        }
        StoredRow {
            number: column(row, "number"),
            line: column(row, "line"),
            outcome: column(row, "outcome"),
            state: column(row, "state"),
            object_id: column(row, "object_id"),
            fields: json(row, "fields"),
            before: json(row, "fields_before"),
            errors: json(row, "errors"),
        }
    }

    fn written(&self) -> [SqlValue; 8] {
        [
            self.number.into(),
            self.line.into(),
            self.outcome.into(),
            self.state.into(),
            self.object_id.into(),
            text(&self.fields).into(),
            text(&self.before).into(),
            (!self.errors.is_empty()).then(|| response::to_text(&self.errors)).into(),
        ]
    }
}

fn text(fields: &Fields) -> Option<String> {
    (!fields.is_empty()).then(|| response::to_text(fields))
}

/// Adds rows to an import.
pub fn insert(tx: &mut Transaction, import_id: Id, rows: &[StoredRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let marks = vec!["(?, ?, ?, ?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
    let values: Vec<SqlValue> =
        rows.iter().flat_map(|row| [import_id.into()].into_iter().chain(row.written())).collect();
    tx.execute(
        &format!(
            "INSERT INTO import_rows (import_id, number, line, outcome, state, object_id, fields, fields_before, errors)
             VALUES {marks}"
        ),
        values,
    )?;
    Ok(())
}

/// Writes down what has become of a row.
pub fn update(tx: &mut Transaction, import_id: Id, row: &StoredRow) -> Result<()> {
    let [_, _, _, state, object_id, _, before, errors] = row.written();
    tx.execute(
        "UPDATE import_rows SET state = ?, object_id = ?, fields_before = ?, errors = ? WHERE import_id = ? AND number = ?",
        [state, object_id, before, errors, import_id.into(), row.number.into()].to_vec(),
    )?;
    Ok(())
}

/// The next rows from `number` on that are in a state.
pub fn next(
    db: &mut Connection,
    import_id: Id,
    number: u32,
    state: State,
    limit: usize,
) -> Result<Vec<StoredRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM import_rows r WHERE r.import_id = ? AND r.number >= ? AND r.state = ? AND r.outcome <> 'refused'
         ORDER BY r.number LIMIT ?"
    );
    db.rows(&sql, (import_id, number, state, limit), StoredRow::from_row)
}

/// The columns and the table of a list of rows.
pub fn select() -> String {
    format!("SELECT {COLUMNS} FROM import_rows r")
}

/// What something is, as it would be written.
pub fn fields_of(of: &impl Serialize) -> Fields {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Fields::new(),
    }
}

/// Those of the fields that have a value.
pub fn filled(fields: Fields) -> Fields {
    let is_there = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    fields.into_iter().filter(|(_, value)| is_there(value)).collect()
}

/// What `new` sets in the place of `old`: the fields that differ, and what they were.
pub fn changed(old: &impl Serialize, new: &impl Serialize) -> (Fields, Fields) {
    let names = audit::differences(old, new);
    let only = |fields: Fields| fields.into_iter().filter(|(name, _)| names.contains(name)).collect();
    (only(fields_of(new)), only(fields_of(old)))
}

/// Fields as a form reads them.
pub fn members(fields: &Fields) -> Result<Vec<(String, Input)>> {
    match Input::parse(&Value::Object(fields.clone()).to_string()) {
        Ok(Input::Object(members)) => Ok(members),
        other => Err(Error::Internal(format!("the fields of an import are {other:?}"))),
    }
}

/// Refuses what would overwrite something: a field that is not any more what was seen.
pub fn check_seen(now: &impl Serialize, seen: &Fields) -> Result<(), Problem> {
    let now = fields_of(now);
    let is_other = |(name, value): &(&String, &Value)| now.get(*name).is_some_and(|now| now != *value);
    let changed: Vec<FieldError> = seen
        .iter()
        .filter(is_other)
        .map(|(name, _)| {
            let message = "was changed by somebody else since; it stays as it is";
            FieldError::new(name.clone(), Bad::new("changed_since", message))
        })
        .collect();
    if changed.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(changed)) }
}

/// A refusal of one row as a whole.
pub fn refusal(field: &str, code: &'static str, message: impl Into<String>) -> Problem {
    Problem::invalid_field(field, Bad::new(code, message))
}
