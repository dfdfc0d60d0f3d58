//! Who was erased, in a file that only grows and lies outside of the database: a backup that is restored holds the erased
//! of before, and this says whom to erase again. A line has a time, a customer's id and, where the database did not keep it
//! after all, a word more:
//!
//! ```text
//! 2026-03-01T09:30:00.000000Z 17
//! 2026-03-01T09:30:00.100000Z 17 not_erased
//! ```

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::values::{Id, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Erased,
    /// What was to be erased stayed, since the database did not commit it.
    NotErased,
}

const NOT_ERASED: &str = "not_erased";

/// Makes the file if it is missing, so that a shop which never erased anybody is told from one whose file is lost.
pub fn prepare(path: &Path) -> io::Result<()> {
    open(path).map(drop)
}

fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if file.metadata()?.len() == 0 {
        // Whoever restores a backup is of the service's group; no name stands in it.
        file.set_permissions(Permissions::from_mode(0o640))?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
    }
    Ok(file)
}

/// Adds a line, which is on the disk when this returns.
pub fn append(path: &Path, at: Timestamp, customer_id: Id, outcome: Outcome) -> io::Result<()> {
    let mut file = open(path)?;
    let at = at.0.format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let line = match outcome {
        Outcome::Erased => format!("{at} {customer_id}\n"),
        Outcome::NotErased => format!("{at} {customer_id} {NOT_ERASED}\n"),
    };
    // In one write, so that the lines of several services do not mix.
    file.write_all(line.as_bytes())?;
    file.sync_all()
}

/// The customers who were erased: each counts as the last line says.
pub fn read(path: &Path) -> io::Result<BTreeSet<Id>> {
    let mut erased = BTreeSet::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        // A line that a power cut has torn was never answered.
        let (Some(_), Some(id), word) = (words.next(), words.next(), words.next()) else { continue };
        let Ok(id) = id.parse() else { continue };
        match word {
            None => erased.insert(id),
            Some(_) => erased.remove(&id),
        };
    }
    Ok(erased)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_last_line_of_a_customer_counts() {
        let path = std::env::temp_dir().join(format!("storekeeper-erasures-{}", std::process::id()));
        let lines = [
            (3, Outcome::Erased),
            (4, Outcome::Erased),
            (4, Outcome::NotErased),
            (5, Outcome::NotErased),
            (5, Outcome::Erased),
        ];
        for (id, outcome) in lines {
            append(&path, Timestamp::MIN, id, outcome).unwrap();
        }
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"2026-03").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let read = read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read, BTreeSet::from([3, 5]));
        assert_eq!(mode & 0o777, 0o640);
    }
}
