//! Bytes to requests and answers to bytes: pure functions, within the limits below. What is refused
//! here is a problem like any other.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::SocketAddr;

use chrono::Utc;
use rouille::Response;

use crate::problem::{self, Problem};

/// Request line and headers. Browsers send up to about 4 KiB; nginx allows 8 KiB a line.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// The longest request line worth reading: a search with its filters has a few hundred bytes.
const URI_BYTES_MAX: usize = 8 * 1024;
/// An answer is made in memory up to this size; what is larger is read from its source piece by piece.
const PIECE_BYTES: usize = 64 * 1024;

/// A request that is being put together from what has arrived.
#[derive(Default)]
pub struct Arriving {
    /// The head and how its body is delimited, once the head is whole.
    head: Option<(Head, Framing)>,
    /// What has been taken out of a chunked body so far.
    chunks: Vec<u8>,
    trailers: bool,
    /// Whether the client waits to be told that its body is wanted.
    pub wants_continue: bool,
}

/// A request that is whole.
pub struct Received {
    /// With its body, which is there to read.
    pub http: rouille::Request,
    pub keep_alive: bool,
}

impl Arriving {
    pub fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Takes what belongs to this request from the front of `bytes`; None while it is not all here.
    pub fn take(
        &mut self,
        bytes: &mut Vec<u8>,
        peer: SocketAddr,
        body_bytes_max: usize,
    ) -> Result<Option<Received>, Problem> {
        if self.head.is_none() {
            let Some((head, length)) = parse_head(bytes)? else {
                return Ok(None);
            };
            let framing = framing(&head, body_bytes_max)?;
            self.wants_continue = framing != Framing::Length(0) && head.wants_continue()?;
            bytes.drain(..length);
            self.head = Some((head, framing));
        }
        let Some((_, framing)) = &self.head else {
            return Ok(None);
        };
        let body = match *framing {
            Framing::Length(length) if bytes.len() < length => return Ok(None),
            Framing::Length(length) if bytes.len() == length => std::mem::take(bytes),
            Framing::Length(length) => bytes.drain(..length).collect(),
            Framing::Chunked => match self.take_chunks(bytes, body_bytes_max)? {
                Some(body) => body,
                None => return Ok(None),
            },
        };
        let head = std::mem::take(self).head;
        Ok(head.map(|(head, _)| {
            let keep_alive = head.keep_alive();
            // rouille's name for the one way to make a request without its own listener.
            let http = rouille::Request::fake_http_from(peer, head.method, head.target, head.headers, body);
            Received { http, keep_alive }
        }))
    }

    fn take_chunks(
        &mut self,
        bytes: &mut Vec<u8>,
        body_bytes_max: usize,
    ) -> Result<Option<Vec<u8>>, Problem> {
        while !self.trailers {
            let Some((length, size)) = parse_chunk_size(bytes)? else {
                return Ok(None);
            };
            if size == 0 {
                bytes.drain(..length);
                self.trailers = true;
                break;
            }
            let left = body_bytes_max - self.chunks.len();
            let size = usize::try_from(size).ok().filter(|size| *size <= left);
            let size = size.ok_or_else(|| too_large(body_bytes_max))?;
            if bytes.len() < length + size + 2 {
                return Ok(None);
            }
            if !bytes[length + size..].starts_with(b"\r\n") {
                return Err(malformed("A chunk of the body is not as long as it says."));
            }
            self.chunks.extend_from_slice(&bytes[length..length + size]);
            bytes.drain(..length + size + 2);
        }
        // Nothing here uses trailers; they are read over up to the blank line that ends the body.
        let end = if bytes.starts_with(b"\r\n") {
            Some(2)
        } else {
            bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
        };
        match end {
            Some(end) => {
                bytes.drain(..end);
                Ok(Some(std::mem::take(&mut self.chunks)))
            }
            None if bytes.len() > HEAD_BYTES_MAX => Err(malformed("The trailers of the body are too large.")),
            None => Ok(None),
        }
    }
}

/// The length of the line that holds the next chunk's size, and the size; None while it is not all here.
fn parse_chunk_size(bytes: &[u8]) -> Result<Option<(usize, u64)>, Problem> {
    let unreadable = || malformed("The size of a chunk of the body cannot be read.");
    match httparse::parse_chunk_size(bytes) {
        Ok(httparse::Status::Complete((length, size))) => {
            let line = &bytes[..length - 2];
            // httparse lets both pass; where a line ends must not be a matter of opinion.
            if !line.first().is_some_and(u8::is_ascii_hexdigit) || line.contains(&b'\n') {
                return Err(unreadable());
            }
            Ok(Some((length, size)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => Ok(None),
        _ => Err(unreadable()),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(problem::MALFORMED_REQUEST, detail)
}

fn too_large(body_bytes_max: usize) -> Problem {
    Problem::new(problem::BODY_TOO_LARGE, format!("Send at most {body_bytes_max} bytes."))
}

struct Head {
    method: String,
    target: String,
    /// The minor version of HTTP/1.
    version: u8,
    headers: Vec<(String, String)>,
}

impl Head {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    fn wants_continue(&self) -> Result<bool, Problem> {
        match self.values("Expect").next() {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(self.version == 1),
            Some(_) => {
                let detail = "Leave the Expect header out, or send \"100-continue\".";
                Err(Problem::new(problem::EXPECTATION_FAILED, detail))
            }
        }
    }

    fn keep_alive(&self) -> bool {
        let asks = |option: &str| {
            let mut options = self.values("Connection").flat_map(|value| value.split(','));
            options.any(|given| given.trim().eq_ignore_ascii_case(option))
        };
        match self.version {
            0 => asks("keep-alive"),
            _ => !asks("close"),
        }
    }
}

/// The head at the start of `bytes` and its length, or None while it is not all here.
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Problem> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let target = parsed.path.unwrap_or("");
            if target.len() > URI_BYTES_MAX {
                return Err(uri_too_long());
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let headers = parsed.headers.iter();
            let head = Head {
                method: parsed.method.unwrap_or("").to_owned(),
                target: origin_form(target).to_owned(),
                version: parsed.version.unwrap_or(1),
                headers: headers.map(|header| (header.name.to_owned(), text(header.value))).collect(),
            };
            if head.version == 1 && head.values("Host").count() != 1 {
                return Err(malformed("Send exactly one Host header."));
            }
            Ok(Some((head, length)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => Ok(None),
        Ok(httparse::Status::Partial) if !bytes.contains(&b'\n') => Err(uri_too_long()),
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            let detail = format!("Send at most {HEADERS_MAX} headers and {HEAD_BYTES_MAX} bytes of them.");
            Err(Problem::new(problem::HEADERS_TOO_LARGE, detail))
        }
        Err(httparse::Error::Version) => {
            let detail = "Speak HTTP/1.1, or put a proxy in front that does.";
            Err(Problem::new(problem::HTTP_VERSION, detail))
        }
        Err(cause) => Err(malformed(&format!("The request line or a header cannot be read: {cause}."))),
    }
}

fn uri_too_long() -> Problem {
    let detail = format!("Send a request line of at most {URI_BYTES_MAX} bytes.");
    Problem::new(problem::URI_TOO_LONG, detail)
}

/// The path and query of a request target. Proxies may be sent the whole address.
fn origin_form(target: &str) -> &str {
    let Some(rest) = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://")) else {
        return target;
    };
    rest.find('/').map_or("/", |at| &rest[at..])
}

#[derive(PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// How the body is delimited. What two servers could read in two ways is refused, since that is how
/// requests are smuggled past a proxy.
fn framing(head: &Head, body_bytes_max: usize) -> Result<Framing, Problem> {
    let mut lengths = head.values("Content-Length");
    let mut encodings = head.values("Transfer-Encoding");
    match (lengths.next(), encodings.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(_), Some(_)) => Err(malformed("Send Content-Length or Transfer-Encoding, not both.")),
        (None, Some(encoding)) if encoding.eq_ignore_ascii_case("chunked") && encodings.next().is_none() => {
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => {
            let detail = "Send the body with a Content-Length, or chunked.";
            Err(Problem::new(problem::TRANSFER_ENCODING, detail))
        }
        (Some(length), None) => {
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            if !digits || lengths.next().is_some() {
                return Err(malformed("Send one Content-Length, in digits."));
            }
            match length.parse::<usize>() {
                Ok(length) if length <= body_bytes_max => Ok(Framing::Length(length)),
                _ => Err(too_large(body_bytes_max)),
            }
        }
    }
}

/// What is to be written: bytes that are at hand, and what of the body is still to be read.
pub struct Outgoing {
    pub bytes: Vec<u8>,
    /// Of the whole body.
    pub size: u64,
    rest: Option<Box<dyn Read + Send>>,
}

impl Outgoing {
    pub fn new(response: Response, with_body: bool, keep_alive: bool) -> Outgoing {
        let (mut body, size) = response.data.into_reader_and_size();
        let mut unsized_body = Vec::new();
        let size = size.unwrap_or_else(|| body.read_to_end(&mut unsized_body).unwrap_or(0));
        let status = response.status_code;
        let mut bytes = Vec::with_capacity(512 + size.min(PIECE_BYTES));
        let date = date();
        let mut line = |text: std::fmt::Arguments| writeln!(bytes, "{text}\r").expect("memory takes writes");
        line(format_args!("HTTP/1.1 {status} {}", reason(status)));
        line(format_args!("Date: {date}"));
        for (name, value) in &response.headers {
            line(format_args!("{name}: {value}"));
        }
        // RFC 9110: no length with 204, and with 304 it would be that of the answer to a plain GET.
        if !matches!(status, 204 | 304) {
            line(format_args!("Content-Length: {size}"));
        }
        // Without being told, a client of HTTP/1.0 would wait for the end of the connection.
        line(format_args!("Connection: {}", if keep_alive { "keep-alive" } else { "close" }));
        line(format_args!(""));
        let mut outgoing = Outgoing { bytes, size: size as u64, rest: None };
        if with_body {
            outgoing.bytes.append(&mut unsized_body);
            outgoing.rest = Some(body);
            outgoing.read_piece();
        }
        outgoing
    }

    /// Replaces the bytes at hand by the next piece of the body. False when there is none.
    pub fn next_piece(&mut self) -> bool {
        self.bytes.clear();
        self.read_piece();
        !self.bytes.is_empty()
    }

    fn read_piece(&mut self) {
        if let Some(rest) = &mut self.rest {
            let read = rest.take(PIECE_BYTES as u64).read_to_end(&mut self.bytes);
            // A body is in memory or in a file of ours; should that fail, the answer ends too early,
            // which its length shows.
            if read.unwrap_or(0) < PIECE_BYTES {
                self.rest = None;
            }
        }
    }
}

/// Now, as HTTP writes it. Each thread writes it once a second.
fn date() -> String {
    thread_local! {
        static LAST: RefCell<(i64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = Utc::now();
    LAST.with_borrow_mut(|(second, text)| {
        if *second != now.timestamp() {
            *second = now.timestamp();
            *text = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        }
        text.clone()
    })
}

/// The standard names of the statuses that are answered here. Nobody may rely on them.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Form Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((head, length))) = parse_head(&bytes) {
                prop_assert!(length <= bytes.len());
                let _ = framing(&head, 1000);
            }
        }

        #[test]
        fn a_head_is_read_however_it_is_cut(cut in 0_usize..60) {
            let whole = b"GET /products?q=a HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n";
            let cut = cut.min(whole.len());
            let read = parse_head(&whole[..cut]);
            prop_assert_eq!(matches!(read, Ok(Some(_))), cut == whole.len());
        }
    }
}
