//! A CSV file, record by record, with the line on which each begins. Nothing of it is held but the record.

use std::io::{self, Read};

use csv_core::ReadRecordResult;

use crate::csv::encoding::{Decoder, Encoding};
use crate::csv::is_protected;
use crate::values::words;

words! {
    Delimiter, refused as "invalid_delimiter" {
        // From what stands most often in names to what hardly ever does.
        Comma = "comma",
        Semicolon = "semicolon",
        Pipe = "pipe",
        Tab = "tab",
    }
}

/// A description of 32,000 characters and what stands beside it; one that never ends is a quote that somebody forgot.
const RECORD_BYTES_MAX: usize = 512 * 1024;
/// The widest export that is known, WooCommerce's with its attributes, has some 150.
const CELLS_MAX: usize = 1000;
const READ_BYTES: usize = 64 * 1024;

/// Why a file cannot be read on.
#[derive(Debug)]
pub enum Broken {
    /// The record that begins on this line has more bytes or cells than one may have.
    TooLong {
        line: usize,
    },
    /// A quote that was opened in the record of this line is not closed.
    OpenQuote {
        line: usize,
    },
    Unreadable(io::Error),
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: usize,
    pub cells: Vec<String>,
}

pub struct Reader<R> {
    file: R,
    decoder: Decoder,
    parser: csv_core::Reader,
    /// What was read and decoded, and how much of it is used.
    text: Vec<u8>,
    used: usize,
    line: usize,
    is_at_end: bool,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl Delimiter {
    fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
        }
    }

    /// What stands most often between the names in the header; a comma where nothing does.
    fn of_header(header: &[u8]) -> Delimiter {
        let mut is_quoted = false;
        let mut counts = Delimiter::ALL.iter().map(|&delimiter| (0, delimiter)).collect::<Vec<_>>();
        for &byte in header {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\n' | b'\r' if !is_quoted => break,
                _ if is_quoted => {}
                _ => {
                    counts.iter_mut().filter(|(_, one)| one.byte() == byte).for_each(|(count, _)| *count += 1)
                }
            }
        }
        // Of equal counts the last.
        let found = counts.into_iter().filter(|(count, _)| *count > 0).max_by_key(|(count, _)| *count);
        found.map_or(Delimiter::Comma, |(_, one)| one)
    }
}

impl<R: Read> Reader<R> {
    /// Begins to read; without a delimiter the header tells it. Returns which one it is.
    pub fn new(
        file: R,
        encoding: Encoding,
        delimiter: Option<Delimiter>,
    ) -> Result<(Reader<R>, Delimiter), Broken> {
        let mut reader = Reader {
            file,
            decoder: Decoder::new(encoding),
            parser: csv_core::Reader::new(),
            text: Vec::new(),
            used: 0,
            line: 1,
            is_at_end: false,
            fields: vec![0; 4096],
            ends: vec![0; 64],
        };
        while reader.text.len() < READ_BYTES && !reader.is_at_end {
            reader.read_more()?;
        }
        if reader.text.starts_with("\u{FEFF}".as_bytes()) {
            reader.used = "\u{FEFF}".len();
        }
        // Excel writes and takes this line, which says what separates the cells.
        let said = match &reader.text[reader.used..] {
            [b's', b'e', b'p', b'=', byte, b'\r' | b'\n', ..] => {
                Delimiter::ALL.iter().copied().find(|one| one.byte() == *byte)
            }
            _ => None,
        };
        if said.is_some() {
            reader.used += "sep=;".len();
        }
        let found = delimiter.or(said);
        let delimiter = found.unwrap_or_else(|| {
            reader.skip_line_ends();
            Delimiter::of_header(&reader.text[reader.used..])
        });
        reader.parser = csv_core::ReaderBuilder::new().delimiter(delimiter.byte()).build();
        Ok((reader, delimiter))
    }

    /// Reads more of the file behind what is not used yet.
    fn read_more(&mut self) -> Result<(), Broken> {
        self.text.drain(..self.used);
        self.used = 0;
        let mut bytes = [0; READ_BYTES / 4];
        let count = self.file.read(&mut bytes).map_err(Broken::Unreadable)?;
        self.is_at_end = count == 0;
        self.decoder.decode(&bytes[..count], self.is_at_end, &mut self.text);
        Ok(())
    }

    fn skip_line_ends(&mut self) {
        while let Some(byte) = self.text.get(self.used).filter(|byte| b"\r\n".contains(byte)) {
            self.line += usize::from(*byte == b'\n');
            self.used += 1;
        }
    }

    /// The next record; None at the end. Lines without anything are none.
    pub fn read(&mut self) -> Result<Option<Record>, Broken> {
        loop {
            self.skip_line_ends();
            if self.used < self.text.len() || self.is_at_end {
                break;
            }
            self.read_more()?;
        }
        if self.used == self.text.len() {
            return Ok(None);
        }
        let line = self.line;
        let (mut written, mut cells) = (0, 0);
        let mut quotes = 0;
        loop {
            let input = &self.text[self.used..];
            let (result, read, wrote, ended) =
                self.parser.read_record(input, &mut self.fields[written..], &mut self.ends[cells..]);
            self.line += input[..read].iter().filter(|byte| **byte == b'\n').count();
            quotes += input[..read].iter().filter(|byte| **byte == b'"').count();
            self.used += read;
            written += wrote;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty if self.is_at_end => {
                    // With nothing more to come the parser ends the record.
                    self.text.clear();
                    self.used = 0;
                }
                ReadRecordResult::InputEmpty => self.read_more()?,
                ReadRecordResult::OutputFull if written < RECORD_BYTES_MAX => {
                    self.fields.resize((2 * self.fields.len()).min(RECORD_BYTES_MAX), 0);
                }
                ReadRecordResult::OutputEndsFull if cells < CELLS_MAX => {
                    self.ends.resize((2 * self.ends.len()).min(CELLS_MAX), 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(Broken::TooLong { line });
                }
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        // The last record of a file has an odd quote, and line ends within: it has swallowed the rest.
        let is_last = self.is_at_end && self.used == self.text.len();
        if is_last && quotes % 2 == 1 && self.line > line + 1 {
            return Err(Broken::OpenQuote { line });
        }
        let ends = &self.ends[..cells];
        let begins = std::iter::once(&0).chain(ends);
        let cell = |(&begin, &end): (&usize, &usize)| cell_text(&self.fields[begin..end]);
        Ok(Some(Record { line, cells: begins.zip(ends).map(cell).collect() }))
    }
}

/// What a cell says: without the spaces around it, and without the apostrophe that keeps a spreadsheet from reading a number or a formula.
fn cell_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let rest = text.strip_prefix('\'').filter(|rest| is_protected(rest));
    rest.unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::csv::row;

    fn read(text: &str) -> (Vec<Record>, Delimiter) {
        let (mut reader, delimiter) = Reader::new(text.as_bytes(), Encoding::Utf8, None).expect("text");
        let mut records = Vec::new();
        while let Some(record) = reader.read().expect("sound CSV") {
            records.push(record);
        }
        (records, delimiter)
    }

    fn cells(text: &str) -> Vec<(usize, Vec<String>)> {
        read(text).0.into_iter().map(|record| (record.line, record.cells)).collect()
    }

    #[test]
    fn records_know_their_lines() {
        let text = "\u{FEFF}a,b\r\n\r\n\"1\n2\",\"x \"\"y\"\"\"\r\n\n3,'0112\n";
        let expected = [(1, ["a", "b"]), (3, ["1\n2", "x \"y\""]), (6, ["3", "0112"])];
        let expected = expected.map(|(line, cells)| (line, cells.map(str::to_owned).to_vec()));
        assert_eq!(cells(text), expected);
        assert_eq!(cells(""), []);
        assert_eq!(cells("\n\r\n"), []);
        assert_eq!(cells("a"), [(1, vec!["a".to_owned()])]);
        assert_eq!(cells("a,\n")[0].1, ["a", ""]);
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        for (text, expected) in [
            ("sku,name\n", Delimiter::Comma),
            ("sku;name;price\n1;\"a,b,c,d\";2", Delimiter::Semicolon),
            ("sku\tname, all\n", Delimiter::Tab),
            ("\"a;b;c\",d\n", Delimiter::Comma),
            ("sku|name\n", Delimiter::Pipe),
            ("sku\n", Delimiter::Comma),
            ("sep=;\r\nsku,x;name\r\n", Delimiter::Semicolon),
        ] {
            assert_eq!(read(text).1, expected, "{text:?}");
        }
        assert_eq!(cells("sep=;\r\na;b\r\n"), [(2, vec!["a".to_owned(), "b".to_owned()])]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_with_its_line() {
        let text = "a,b\n1,2\n3,\"four\n5,6\n7,8\n";
        let (mut reader, _) = Reader::new(text.as_bytes(), Encoding::Utf8, None).expect("text");
        reader.read().expect("the header");
        reader.read().expect("the first row");
        assert!(matches!(reader.read(), Err(Broken::OpenQuote { line: 3 })));
        // An inch is no quote.
        assert_eq!(cells("a,b\n8\" pipe,2\n").len(), 2);
        let long = format!("a\n\"{}", "x\n".repeat(RECORD_BYTES_MAX));
        let (mut reader, _) = Reader::new(long.as_bytes(), Encoding::Utf8, None).expect("text");
        reader.read().expect("the header");
        assert!(matches!(reader.read(), Err(Broken::TooLong { line: 2 })));
        let wide = ",".repeat(CELLS_MAX + 1);
        let (mut reader, _) = Reader::new(wide.as_bytes(), Encoding::Utf8, None).expect("text");
        assert!(matches!(reader.read(), Err(Broken::TooLong { line: 1 })));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(rows in prop::collection::vec(prop::collection::vec("[^\u{0}]{0,12}", 2..5), 1..6)) {
            // Fields are read without the blanks around them, and a row of one empty field is an empty line.
            let rows: Vec<Vec<String>> = rows.into_iter()
                .map(|fields| fields.into_iter().map(|field| field.trim().to_owned()).collect()).collect();
            let text: String = rows.iter().map(|fields| row(&fields.iter().map(String::as_str).collect::<Vec<_>>())).collect();
            let (mut reader, _) = Reader::new(text.as_bytes(), Encoding::Utf8, Some(Delimiter::Comma)).expect("text");
            for fields in rows {
                prop_assert_eq!(reader.read().expect("sound").expect("a record").cells, fields);
            }
            prop_assert_eq!(reader.read().expect("sound"), None);
        }
    }
}
