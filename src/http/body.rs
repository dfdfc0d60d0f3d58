//! The body of a request while it arrives: in memory, and in a file without a name when it is long.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use crate::http::places::{Count, Place};
use crate::problem::{self, Problem};
use crate::random;

/// Orders and nearly all products stay below; a long description and the import of a catalogue are longer.
pub const IN_MEMORY_BYTES_MAX: usize = 64 * 1024;
/// Long bodies at once, from their arrival to their answer. A shop imports one file at a time; times the
/// longest body of any route this is what strangers can make the disk hold.
const SPOOLED_MAX: usize = 8;

pub enum Body {
    Memory(Vec<u8>),
    File(Spooled),
}

/// A body in a file that is gone when it is closed, whatever becomes of this program.
pub struct Spooled {
    /// With a buffer, since a body may come in chunks of a byte.
    file: BufWriter<File>,
    length: usize,
    _place: Place,
}

impl Default for Body {
    fn default() -> Body {
        Body::Memory(Vec::new())
    }
}

impl Body {
    pub fn length(&self) -> usize {
        match self {
            Body::Memory(bytes) => bytes.len(),
            Body::File(spooled) => spooled.length,
        }
    }

    pub fn append(&mut self, bytes: &[u8], spooled: &Arc<Count>) -> Result<(), Problem> {
        if let Body::Memory(kept) = self {
            if kept.len() + bytes.len() <= IN_MEMORY_BYTES_MAX {
                kept.extend_from_slice(bytes);
                return Ok(());
            }
            let Some(place) = Count::enter(spooled, SPOOLED_MAX) else {
                return Err(Problem::busy("Too many long requests arrive at once. Try again in a moment."));
            };
            let file = file_without_name().map_err(no_room)?;
            let mut file = Spooled { file: BufWriter::new(file), length: 0, _place: place };
            file.append(kept)?;
            *self = Body::File(file);
        }
        match self {
            Body::File(file) => file.append(bytes),
            Body::Memory(_) => Ok(()),
        }
    }
}

impl Spooled {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.length += bytes.len();
        self.file.write_all(bytes).map_err(no_room)
    }

    /// The file, to be read from its beginning.
    pub fn file(&mut self) -> Result<File, Problem> {
        let rewound = self.file.rewind();
        rewound.and_then(|()| self.file.get_ref().try_clone()).map_err(no_room)
    }

    pub fn read(&mut self) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::with_capacity(self.length);
        // This writes what the buffer holds.
        let rewound = self.file.rewind();
        rewound.and_then(|()| self.file.get_mut().read_to_end(&mut bytes)).map_err(no_room)?;
        Ok(bytes)
    }
}

/// For what is too long for memory.
pub fn file_without_name() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("storekeeper-body-{}", random::hex::<16>()));
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

pub fn no_room(cause: io::Error) -> Problem {
    log::error!("cannot keep the body of a request in {}: {cause}", std::env::temp_dir().display());
    let detail =
        "The disk has no room for a request of this size. Nothing was changed; tell the shop's operator.";
    Problem::new(problem::STORAGE_FULL, detail).retry_after(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_a_passing_condition() {
        let places = Arc::default();
        let full = File::options().read(true).write(true).open("/dev/full").expect("Linux");
        let place = Count::enter(&places, SPOOLED_MAX).expect("a place");
        let mut body =
            Body::File(Spooled { file: BufWriter::with_capacity(2, full), length: 0, _place: place });
        let problem = body.append(b"more", &places).expect_err("it is full");
        assert_eq!(problem.kind, problem::STORAGE_FULL);
        drop(body);
        assert_eq!(places.wait_for_none(std::time::Duration::ZERO), 0, "its place is free again");
    }
}
