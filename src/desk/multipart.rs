//! A form with a file as a browser sends it, `multipart/form-data` (RFC 7578): its fields, and the file beside them, which is
//! never whole in memory.
//!
//! The `multipart` crate in rouille's tree is not maintained any more, and takes a body that ends too early for a whole one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use crate::desk::fields::Fields;
use crate::desk::texts as t;
use crate::http;
use crate::problem::{self, Problem};

/// The field of a form that has a file.
pub const FILE: &str = "file";

/// What the fields beside the file are together at most, and the heads of the parts.
const FIELDS_BYTES_MAX: usize = 64 * 1024;

/// A line is read in pieces of this length. A boundary has 70 characters at most, so none is cut.
const PIECE_BYTES: u64 = 64 * 1024;

/// The fields of a form, and its file if one was chosen; one that was chosen and is empty is one.
pub fn sent(request: &rouille::Request, long_body: Option<File>) -> Result<(Fields, Option<File>), Problem> {
    let content_type = request.header("Content-Type").unwrap_or("");
    let Some(boundary) = boundary_of(content_type) else {
        return Ok((Fields::sent(request, FIELDS_BYTES_MAX)?, None));
    };
    let body: Box<dyn Read + '_> = match (long_body, request.data()) {
        (Some(file), _) => Box::new(file),
        (None, Some(body)) => Box::new(body),
        // None when it was read before, which nobody does.
        (None, None) => Box::new(io::empty()),
    };
    Parts { reader: BufReader::new(body), boundary, held: Vec::new() }.read()
}

/// The line before each part.
fn boundary_of(content_type: &str) -> Option<Vec<u8>> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut named = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = named.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let boundary = boundary.trim_matches('"');
    let is_one = (1..=70).contains(&boundary.len()) && boundary.bytes().all(|b| b.is_ascii_graphic());
    is_one.then(|| format!("--{boundary}").into_bytes())
}

struct Parts<R> {
    reader: R,
    boundary: Vec<u8>,
    /// The end of a line, which belongs to the part unless a boundary comes next.
    held: Vec<u8>,
}

/// How a part ends.
#[derive(PartialEq, Eq)]
enum End {
    More,
    Last,
}

impl<R: BufRead> Parts<R> {
    fn read(mut self) -> Result<(Fields, Option<File>), Problem> {
        let (mut fields, mut file) = (Fields::default(), None);
        let mut room = FIELDS_BYTES_MAX;
        // What stands before the first boundary is nobody's.
        self.held = b"\r\n".to_vec();
        let mut end = self.copy(&mut io::sink())?;
        while end == End::More {
            let (name, filename) = self.head(&mut room)?;
            let is_file = filename.is_some();
            if is_file && name == FILE && file.is_none() {
                let mut into = io::BufWriter::new(http::file_without_name().map_err(http::no_room)?);
                end = self.copy(&mut into)?;
                let mut into = into.into_inner().map_err(|error| http::no_room(error.into_error()))?;
                into.rewind().map_err(http::no_room)?;
                let is_chosen = filename.is_some_and(|name| !name.is_empty());
                file = Some(into).filter(|_| is_chosen);
                continue;
            }
            let mut value = Limited { bytes: Vec::new(), room };
            end = self.copy(&mut value)?;
            room = value.room;
            let value = String::from_utf8(value.bytes);
            let value = value.map_err(|_| Problem::new(problem::INVALID_UTF8, "Send the form in UTF-8."))?;
            if !is_file {
                fields.set(name, value.replace("\r\n", "\n"));
            }
        }
        Ok((fields, file))
    }

    /// The name of a field, and that of its file.
    fn head(&mut self, room: &mut usize) -> Result<(String, Option<String>), Problem> {
        let mut found = None;
        loop {
            let mut line = Vec::new();
            let length = self.reader.by_ref().take(*room as u64).read_until(b'\n', &mut line);
            *room -= length.map_err(cut_off)?;
            let Some(line) = line.strip_suffix(b"\r\n") else { return Err(no_form()) };
            if line.is_empty() {
                return found.ok_or_else(no_form);
            }
            let line = std::str::from_utf8(line).map_err(|_| no_form())?;
            let (header, value) = line.split_once(':').ok_or_else(no_form)?;
            if header.eq_ignore_ascii_case("Content-Disposition") {
                found = parameter(value, "name").map(|name| (name, parameter(value, "filename")));
            }
        }
    }

    /// Takes everything up to the next boundary to where it belongs.
    fn copy(&mut self, into: &mut impl Write) -> Result<End, Problem> {
        loop {
            let mut piece = Vec::new();
            self.reader.by_ref().take(PIECE_BYTES).read_until(b'\n', &mut piece).map_err(cut_off)?;
            if piece.is_empty() {
                // It ends without its last boundary.
                return Err(no_form());
            }
            if self.held == b"\r\n"
                && let Some(rest) = piece.strip_prefix(self.boundary.as_slice())
            {
                let rest = rest.trim_ascii_end();
                if rest.is_empty() || rest == b"--" {
                    self.held.clear();
                    return Ok(if rest.is_empty() { End::More } else { End::Last });
                }
            }
            self.held.append(&mut piece);
            let kept = match self.held.as_slice() {
                [rest @ .., b'\r', b'\n'] | [rest @ .., b'\r'] => rest.len(),
                all => all.len(),
            };
            into.write_all(&self.held[..kept]).map_err(unwritten)?;
            self.held.drain(..kept);
        }
    }
}

/// A field, which is in memory.
struct Limited {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(room) = self.room.checked_sub(bytes.len()) else {
            return Err(io::ErrorKind::FileTooLarge.into());
        };
        self.room = room;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A value in quotes; browsers write a quote within it as `%22`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let begin = format!("; {name}=\"");
    let (_, rest) = header.split_once(&begin)?;
    Some(rest.split('"').next().unwrap_or("").to_owned())
}

fn no_form() -> Problem {
    Problem::new(problem::MALFORMED_REQUEST, t::NO_FORM)
}

fn cut_off(_: io::Error) -> Problem {
    no_form()
}

fn unwritten(cause: io::Error) -> Problem {
    if cause.kind() == io::ErrorKind::FileTooLarge { no_form() } else { http::no_room(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = (Vec<(String, String)>, Option<Vec<u8>>);

    fn read(body: &[u8]) -> Result<Seen, &'static str> {
        // Pieces of all lengths come from the network.
        let parts =
            Parts { reader: BufReader::with_capacity(7, body), boundary: b"--X".to_vec(), held: Vec::new() };
        let (fields, file) = parts.read().map_err(|problem| problem.kind.code)?;
        let content = file.map(|mut file| {
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            content
        });
        let fields = fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok((fields, content))
    }

    fn field(name: &str, value: &str) -> Vec<u8> {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        let head = format!(
            "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        );
        [head.as_bytes(), content, b"\r\n"].concat()
    }

    fn form(parts: &[Vec<u8>]) -> Vec<u8> {
        [&parts.concat()[..], b"--X--\r\n"].concat()
    }

    #[test]
    fn fields_and_a_file_are_read() {
        let body = form(&[field("type", "stock"), file("a.csv", b"a,b\r\n1,2\r\n"), field("map", "a\r\nb")]);
        let (fields, content) = read(&body).unwrap();
        let expected = [("type", "stock"), ("map", "a\nb")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(fields, expected);
        assert_eq!(content.as_deref(), Some(&b"a,b\r\n1,2\r\n"[..]));
        assert_eq!(read(&form(&[file("", b"")])).unwrap().1, None, "none was chosen");
        assert_eq!(read(&form(&[file("a.csv", b"")])).unwrap().1, Some(Vec::new()));
        assert_eq!(read(b"--X--").unwrap(), (Vec::new(), None));
        // Half a boundary is none, nor is one within a line, or one that goes on.
        let content = b"--X \r\n--Y\r\n --X\r\n\r--X\r\n\n--X\r\n--XX\r\n--X-\r";
        assert_eq!(read(&form(&[file("a", &content[6..])])).unwrap().1.as_deref(), Some(&content[6..]));
    }

    #[test]
    fn what_is_no_whole_form_is_refused() {
        for body in [
            &b""[..],
            b"--X",
            b"--X\r\n",
            b"--X\r\n\r\nno name\r\n--X--",
            b"--X\r\nContent-Disposition: form-data\r\n\r\n--X--",
            b"--X\r\nContent-Disposition: form-data; name=\"a\"\n\n1\r\n--X--",
            b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
            b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nno end\r\n--Y--",
        ] {
            assert_eq!(read(body), Err("malformed_request"), "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(read(&form(&[field("a", &"x".repeat(FIELDS_BYTES_MAX))])), Err("malformed_request"));
        let many: Vec<Vec<u8>> = (0..3000).map(|at| field(&format!("f{at}"), "")).collect();
        assert_eq!(read(&form(&many)), Err("malformed_request"));
        let binary =
            [&b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xFF\r\n--X--"[..]].concat();
        assert_eq!(read(&binary), Err("invalid_utf8"));
    }

    #[test]
    fn the_boundary_is_read_as_browsers_write_it() {
        let boundary = |of: &str| boundary_of(of).map(|found| String::from_utf8(found).unwrap());
        assert_eq!(boundary("multipart/form-data; boundary=----WebKit7a"), Some("------WebKit7a".into()));
        assert_eq!(boundary("Multipart/Form-Data;Boundary=\"a.b\""), Some("--a.b".into()));
        for other in [
            "",
            "text/csv",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=a",
        ] {
            assert_eq!(boundary(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_file_comes_out_as_it_went_in(content in prop::collection::vec(prop::sample::select(b"\r\n-Xa".to_vec()), 0..60)) {
            let is_cut = content.windows(5).any(|part| part == b"\r\n--X") || content.starts_with(b"--X");
            let read = read(&form(&[file("a.csv", &content)]));
            if !is_cut {
                prop_assert_eq!(read.unwrap().1, Some(content));
            }
        }

        #[test]
        fn anything_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&body);
        }
    }
}
