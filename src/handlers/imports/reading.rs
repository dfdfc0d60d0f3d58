//! The dry run: reads a file row by row, looks what each would change, and keeps that. Nothing of the shop is changed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Seek};

use sha2::{Digest, Sha256};

use crate::app::App;
use crate::csv::{Broken, Delimiter, Encoding, Reader};
use crate::db::{self, Transaction};
use crate::error::Result;
use crate::handlers::imports::cells::{Decimal, Numbers};
use crate::handlers::imports::columns::{Columns, Mapping, Type};
use crate::handlers::imports::plan::{Blank, Plan, Verdict};
use crate::handlers::imports::sheet::{Row, RowError, Sheet};
use crate::handlers::imports::stored::{self, Fields, Outcome, State, StoredRow};
use crate::handlers::imports::{goods, people};
use crate::http;
use crate::problem::Problem;
use crate::values::{Id, Timestamp};
use crate::web::caller::Caller;
use crate::web::response;

/// A catalogue of this size is a large shop's, and its dry run takes less than the minute for which a proxy waits.
pub const ROWS_MAX: u32 = 100_000;
/// Looked up together: so many rows, or so much of their texts, are in memory at once, and a statement that keeps them stays
/// well below the 16 MiB that a server takes.
const ROWS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// What is wrong with one row; more of it nobody reads.
const ERRORS_MAX: usize = 10;

/// What the caller asks for.
pub struct Asked {
    pub about: Type,
    pub mapping: Mapping,
    pub blank: Blank,
    pub counted_at: Timestamp,
    pub encoding: Option<Encoding>,
    pub delimiter: Option<Delimiter>,
    pub decimal: Option<Decimal>,
}

/// What the dry run found, all in all.
#[derive(Default)]
pub struct Counts {
    pub create: u32,
    pub change: u32,
    pub same: u32,
    pub refused: u32,
    pub joined: u32,
}

impl Counts {
    fn rows(&self) -> u32 {
        self.create + self.change + self.same + self.refused
    }
}

/// Reads the whole file into a new import, and returns its id. Of a file that cannot be read to its end nothing is kept.
pub fn read(app: &App, caller: &Caller, asked: &Asked, file: &mut File) -> Result<Id> {
    let encoding = match asked.encoding {
        Some(encoding) => encoding,
        None => Encoding::detect(file).map_err(unreadable)?,
    };
    file.rewind().map_err(unreadable)?;
    let (mut reader, delimiter) = Reader::new(file, encoding, asked.delimiter).map_err(broken)?;
    let header = reader.read().map_err(broken)?.ok_or_else(|| {
        refused("empty", "is empty: its first line names the columns, and the others are the rows")
    })?;
    let columns = Columns::of_header(asked.about, &header.cells, &asked.mapping)?;
    let id = begin(app, caller, asked, &columns, encoding, delimiter)?;
    let numbers = Numbers { decimal: asked.decimal, has_semicolons: delimiter == Delimiter::Semicolon };
    let sheet = Sheet::new(reader, columns, asked.about, numbers);
    let counts = read_rows(app, caller, asked, id, sheet);
    let counts = counts.inspect_err(|_| {
        // What is left when this fails too is deleted with what is too old.
        if let Err(cause) = delete(app, id) {
            log::warn!("what was read of import {id} is not deleted yet: {cause:?}");
        }
    })?;
    db::transaction(&app.pool, |tx| finish(app, tx, id, &counts))?;
    Ok(id)
}

fn begin(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    columns: &Columns,
    encoding: Encoding,
    delimiter: Delimiter,
) -> Result<Id> {
    let found = response::to_text(&columns.columns);
    db::transaction(&app.pool, |tx| {
        let now = app.clock.now();
        let values = (
            asked.about,
            columns.source,
            encoding,
            delimiter,
            &found,
            asked.blank,
            asked.counted_at,
            caller.staff_account(),
            now,
            now,
        );
        tx.insert(
            "INSERT INTO imports
                 (type, status, source, encoding, delimiter, columns_found, blank, counted_at, actor_account_id, created_at, updated_at)
             VALUES (?, 'reading', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    })
}

fn finish(app: &App, tx: &mut Transaction, id: Id, counts: &Counts) -> Result<()> {
    tx.execute(
        "UPDATE imports SET status = 'ready', to_create = ?, to_change = ?, same = ?, refused = ?, joined = ?, updated_at = ?
         WHERE id = ? AND status = 'reading'",
        (counts.create, counts.change, counts.same, counts.refused, counts.joined, app.clock.now(), id),
    )?;
    Ok(())
}

/// Deletes an import with its rows.
pub fn delete(app: &App, id: Id) -> Result<()> {
    db::delete_in_batches(&app.pool, "DELETE FROM import_rows WHERE import_id = ?", (id,))?;
    db::transaction(&app.pool, |tx| tx.execute("DELETE FROM imports WHERE id = ?", (id,)))?;
    Ok(())
}

/// The line on which something was named that only one row may name; digests, so that a hundred thousand take little memory.
type Seen = HashMap<[u8; 16], u32>;

fn read_rows(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    id: Id,
    mut sheet: Sheet<&mut File>,
) -> Result<Counts> {
    let plan = plan_of(id, asked.about, asked.blank, asked.counted_at);
    let (mut counts, mut seen, mut rows) = (Counts::default(), Seen::new(), Vec::<Row>::new());
    let mut bytes = 0;
    loop {
        let row = sheet.read().map_err(broken)?;
        let is_end = row.is_none();
        bytes += row.as_ref().map_or(0, Row::bytes);
        rows.extend(row);
        if rows.len() == ROWS_AT_ONCE || bytes > BYTES_AT_ONCE || is_end {
            bytes = 0;
            let judged = judge(app, caller, &plan, &mut rows)?;
            keep(
                app,
                id,
                &sheet.columns,
                std::mem::take(&mut rows).into_iter().zip(judged),
                &mut seen,
                &mut counts,
            )?;
        }
        if counts.rows() > ROWS_MAX {
            let message =
                format!("has more than {ROWS_MAX} rows: send it in parts, each with the first line");
            return Err(refused("too_many_rows", &message).into());
        }
        if is_end {
            break;
        }
    }
    counts.joined = sheet.joined;
    Ok(counts)
}

/// What holds for the rows of an import.
pub fn plan_of(id: Id, about: Type, blank: Blank, counted_at: Timestamp) -> Plan {
    Plan {
        about,
        clears_blank: blank == Blank::Clear,
        counted_at,
        note: format!("Import {id}"),
        undo_note: format!("Import {id} undone"),
    }
}

/// What is to become of each row, as far as the rest of the file does not matter.
fn judge(
    app: &App,
    caller: &Caller,
    plan: &Plan,
    rows: &mut [Row],
) -> Result<Vec<std::result::Result<Verdict, Problem>>> {
    let mut judged = None;
    db::read(&app.pool, |db| {
        // What is taken out of a row to be looked up is there again when this is run again.
        let mut again: Vec<Row> = rows.to_vec();
        judged = Some(match plan.about {
            Type::Products | Type::Stock => goods::judge(app, db, caller, plan, &mut again)?,
            Type::Customers | Type::Suppliers => people::judge(app, db, plan, &mut again)?,
        });
        Ok(())
    })?;
    Ok(judged.unwrap_or_default())
}

fn keep(
    app: &App,
    id: Id,
    columns: &Columns,
    judged: impl Iterator<Item = (Row, std::result::Result<Verdict, Problem>)>,
    seen: &mut Seen,
    counts: &mut Counts,
) -> Result<()> {
    let mut stored = Vec::new();
    let mut bytes = 0;
    for (mut row, verdict) in judged {
        let number = counts.rows() + 1;
        let line = u32::try_from(row.line).unwrap_or(u32::MAX);
        let verdict = verdict.map_err(|problem| errors_of(&row, columns, problem));
        let verdict = match verdict {
            Err(more) => {
                row.errors.extend(
                    more.into_iter()
                        .filter(|error| row.errors.iter().all(|known| known.field != error.field))
                        .collect::<Vec<_>>(),
                );
                None
            }
            Ok(verdict) => {
                named_before(seen, &row, columns, &verdict.keys, line).map_or(Some(verdict), |error| {
                    row.errors.push(error);
                    None
                })
            }
        };
        let sound = verdict.filter(|_| row.errors.is_empty());
        let (outcome, count) = match &sound {
            None => (Outcome::Refused, &mut counts.refused),
            Some(verdict) if verdict.object_id.is_none() => (Outcome::Create, &mut counts.create),
            Some(verdict) if verdict.fields.is_empty() => {
                counts.same += 1;
                continue;
            }
            Some(_) => (Outcome::Change, &mut counts.change),
        };
        *count += 1;
        row.errors.truncate(ERRORS_MAX);
        let (object_id, fields, before) = sound.map_or((None, Fields::new(), Fields::new()), |verdict| {
            (verdict.object_id, verdict.fields, verdict.before)
        });
        let row = StoredRow {
            number,
            line,
            outcome,
            state: State::Waiting,
            object_id,
            fields,
            before,
            errors: row.errors,
        };
        bytes += response::to_text(&row).len();
        stored.push(row);
        if bytes > BYTES_AT_ONCE {
            db::transaction(&app.pool, |tx| stored::insert(tx, id, &stored))?;
            stored.clear();
            bytes = 0;
        }
    }
    db::transaction(&app.pool, |tx| stored::insert(tx, id, &stored))
}

/// What is wrong with a row, from what the API says of its fields.
pub fn errors_of(row: &Row, columns: &Columns, problem: Problem) -> Vec<RowError> {
    if problem.errors.is_empty() {
        return vec![row.error(columns, "", problem.kind.code, &problem.detail)];
    }
    problem.errors.iter().map(|error| row.error(columns, &error.field, error.code, &error.message)).collect()
}

/// Refuses the second row that is about one thing: which of them holds nobody can know.
fn named_before(
    seen: &mut Seen,
    row: &Row,
    columns: &Columns,
    keys: &[String],
    line: u32,
) -> Option<RowError> {
    let digest =
        |key: &String| -> [u8; 16] { Sha256::digest(key)[..16].try_into().expect("half of a digest") };
    let mut before = None;
    for key in keys {
        match seen.entry(digest(key)) {
            Entry::Occupied(entry) => before = before.or(Some((key, *entry.get()))),
            Entry::Vacant(entry) => {
                entry.insert(line);
            }
        }
    }
    let (key, line) = before?;
    let field = match key.split(' ').next() {
        Some("barcode") => "barcodes",
        Some("sku") => "sku",
        Some("slug") => "slug",
        Some("email") => "email",
        _ => row.name_field(),
    };
    let mut message = format!("appears twice: line {line} is about the same; leave one of them out");
    // Other shops let two things share a SKU. Without it they are told apart by their names.
    let at = columns.columns.iter().position(|column| column.field == Some(field));
    if let (Some(at), "sku" | "barcodes") = (at, field) {
        message += &format!(", or add map={}:- to the request to read none of them", at + 1);
    }
    Some(row.error(columns, field, "appears_twice", &message))
}

fn refused(code: &'static str, message: &str) -> Problem {
    stored::refusal("file", code, message)
}

fn broken(broken: Broken) -> Problem {
    match broken {
        Broken::TooLong { line } => {
            let message = format!(
                "the row that begins on line {line} has no end in sight: look for a quote that is not closed"
            );
            refused("row_too_long", &message)
        }
        Broken::OpenQuote { line } => {
            refused("open_quote", &format!("a quote that is opened in the row of line {line} is not closed"))
        }
        Broken::Unreadable(cause) => unreadable(cause),
    }
}

fn unreadable(cause: io::Error) -> Problem {
    http::no_room(cause)
}
