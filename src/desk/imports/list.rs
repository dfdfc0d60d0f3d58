//! The form that reads a file, and the files that were read.

use std::os::unix::fs::FileExt;

use maud::{Markup, html};

use crate::desk::imports::Import;
use crate::desk::multipart::FILE;
use crate::desk::page::Answer;
use crate::desk::page::{Content, Room};
use crate::desk::pieces::{Field, Kind, Open, table};
use crate::desk::seen::List;
use crate::desk::texts as t;
use crate::desk::texts::imports as w;
use crate::desk::visit::{Posted, Visit};
use crate::error::Result;
use crate::http;
use crate::problem::Problem;
use crate::values::Bad;

/// What browsers offer first. What another program called otherwise can be chosen all the same.
const ACCEPTED: &str = ".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain";

/// What is seldom set.
const SELDOM: [&str; 6] = ["map", "blank", "counted_at", "decimal", "delimiter", "encoding"];

pub fn show(visit: &Visit) -> Result<Answer> {
    let form = visit.form("read_file", "", |form| fields(visit, form));
    let room = visit.room_beside(&[&form]);
    let imports: List<Import> =
        visit.list_that_fits("/imports", &[], &["after"], |import| row(visit, import).0.len(), room)?;
    let body = html! {
        h1 { (w::IMPORTS) }
        p { (w::WHAT_AN_IMPORT_DOES) }
        (form)
        h2 { (w::FILES_READ) }
        @if imports.data.is_empty() { p { (w::NO_IMPORTS) } } @else {
            (table(w::FILES_READ, w::IMPORT_COLUMNS, html! { @for import in &imports.data { (row(visit, import)) } }))
        }
        (visit.list_end(imports.next.as_deref(), &[]))
    };
    Ok(Answer::Page(Content::new(Room::House, w::IMPORTS, body)))
}

/// How workbooks begin: those that are an archive, and the old ones of Excel.
const WORKBOOKS: [[u8; 4]; 2] = [*b"PK\x03\x04", [0xD0, 0xCF, 0x11, 0xE0]];

/// What is chosen most often in the place of a table's text. The API would only say that it knows none of its columns.
pub fn check(_: &Visit, posted: &Posted) -> Result<()> {
    let mut begin = [0; 4];
    if let Some(file) = &posted.file {
        // A shorter one is none.
        let length = file.read_at(&mut begin, 0).map_err(http::no_room)?;
        if length == begin.len() && WORKBOOKS.contains(&begin) {
            return Err(Problem::invalid_field(FILE, Bad::new("workbook", w::IS_A_WORKBOOK)).into());
        }
    }
    Ok(())
}

fn fields(visit: &Visit, form: &Open) -> Markup {
    let sent = visit.sent.as_ref();
    // What was set, or is wrong, is in sight.
    let is_open = sent.is_some_and(|sent| {
        SELDOM.iter().any(|name| {
            sent.error(name).is_some()
                || sent.fields.get(name).is_some_and(|set| !["", "keep"].contains(&set))
        })
    });
    html! {
        (form.field(&Field::new("type", w::ABOUT, Kind::Choice(w::TYPES)).required(), "products"))
        (form.field(&Field::new(FILE, w::FILE, Kind::File(ACCEPTED)).required().hint(w::FILE_HINT), ""))
        details open[is_open] {
            summary { (w::SELDOM) }
            (form.field(&Field::new("map", w::COLUMNS, Kind::Text).hint(w::MAP_HINT), ""))
            (form.field(&Field::new("blank", w::BLANK, Kind::Choice(w::BLANKS)).required(), ""))
            (form.field(&Field::new("counted_at", w::COUNTED_ON, Kind::Day).hint(w::COUNTED_HINT), ""))
            (form.field(&Field::new("decimal", w::DECIMAL, Kind::Choice(w::DECIMALS)), ""))
            (form.field(&Field::new("delimiter", w::DELIMITER, Kind::Choice(w::DELIMITERS)), ""))
            (form.field(&Field::new("encoding", w::ENCODING, Kind::Choice(w::ENCODINGS)), ""))
        }
        button.main { (w::READ_FILE) }
    }
}

fn row(visit: &Visit, import: &Import) -> Markup {
    html! {
        tr {
            td { a href={ "/desk/imports/" (import.id) } { (w::import(import.id)) } }
            td { (w::about(&import.about)) }
            td { (visit.when(&import.created_at)) }
            td { (import.username.as_deref().unwrap_or(t::SOMEBODY)) }
            td { (w::status(&import.status)) }
            td.n { (visit.count(import.rows.create)) }
            td.n { (visit.count(import.rows.change)) }
            td.n { (visit.count(import.rows.refused)) }
        }
    }
}
