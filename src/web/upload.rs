//! A body that is a file: however long it is, it is read piece by piece.

use std::fs::File;
use std::io::{self, Read, Seek};

use sha2::{Digest, Sha256};

use crate::http;
use crate::problem::{self, Problem};

pub struct Upload {
    /// To be read from its beginning.
    pub file: File,
    pub bytes: u64,
    pub sha256: [u8; 32],
}

impl Upload {
    /// The body of a request, which `http` has put into a file if it was long.
    pub fn read(request: &rouille::Request, file: Option<File>, bytes_max: usize) -> Result<Upload, Problem> {
        let is_encoded = |encoding: &str| !encoding.eq_ignore_ascii_case("identity");
        if request.header("Content-Encoding").is_some_and(is_encoded) {
            let detail = "Send the file as it is, without a Content-Encoding.";
            return Err(Problem::new(problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let file = file.map_or_else(|| spool(request, bytes_max), Ok).map_err(http::no_room)?;
        Upload::of_file(file, bytes_max)
    }

    /// A file that is read from where it stands, its beginning.
    pub fn of_file(file: File, bytes_max: usize) -> Result<Upload, Problem> {
        let upload = Upload::measured(file).map_err(http::no_room)?;
        if upload.bytes > bytes_max as u64 {
            return Err(Problem::new(problem::BODY_TOO_LARGE, format!("Send at most {bytes_max} bytes.")));
        }
        Ok(upload)
    }

    fn measured(mut file: File) -> io::Result<Upload> {
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut piece = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                break;
            }
            hash.update(&piece[..count]);
            bytes += count as u64;
        }
        file.rewind()?;
        Ok(Upload { file, bytes, sha256: hash.finalize().into() })
    }
}

/// Puts the body into a file, whoever listens.
fn spool(request: &rouille::Request, bytes_max: usize) -> io::Result<File> {
    let mut file = http::file_without_name()?;
    // None when it was read before, which nobody does.
    if let Some(body) = request.data() {
        io::copy(&mut body.take(bytes_max as u64 + 1), &mut file)?;
    }
    file.rewind()?;
    Ok(file)
}
