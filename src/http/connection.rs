//! One client's connection: bytes to requests, answers to bytes, within the limits below. What is
//! refused here is a problem like any other.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use chrono::Utc;
use rouille::Response;

use crate::problem::{self, Problem};

/// Request line and headers. Browsers send up to about 4 KiB; nginx allows 8 KiB a line.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// The longest request line worth reading: a search with its filters has a few hundred bytes.
const URI_BYTES_MAX: usize = 8 * 1024;
/// nginx closes its idle upstream connections after 60 s; ours stay a little longer, so that a
/// request never meets a connection that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(75);
/// From the first byte of a request to its last. nginx sends requests whole.
const ARRIVAL_MAX: Duration = Duration::from_secs(10);
/// A client that does not read its answer.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// After an early refusal the rest of the request is read for a moment, so that the client gets the
/// answer instead of a reset.
const LINGER_MAX: Duration = Duration::from_millis(500);
const LINGER_BYTES_MAX: usize = 1024 * 1024;

pub struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    /// Bytes that have arrived and were not used yet: the start of the next request.
    pending: Vec<u8>,
    /// The time-out that the socket has now.
    read_limit: Duration,
    body_bytes_max: usize,
}

pub struct Received {
    /// With its body, which is there to read.
    pub http: rouille::Request,
    pub keep_alive: bool,
}

pub enum Next {
    Request(Received),
    /// The request cannot be read; answer, then close.
    Refused(Problem),
    /// The client is gone, or was idle for too long.
    Closed,
}

impl Connection {
    pub fn new(stream: TcpStream, peer: SocketAddr, body_bytes_max: usize) -> io::Result<Connection> {
        // An answer is one write; without this it could wait 40 ms for the client's delayed
        // acknowledgement of the one before.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_MAX))?;
        Ok(Connection { stream, peer, pending: Vec::new(), read_limit: Duration::MAX, body_bytes_max })
    }

    /// Waits for the next request and reads it whole. `arriving` is called when its head is here.
    pub fn next(&mut self, arriving: impl FnOnce()) -> Next {
        let read = self.read_head().and_then(|(head, deadline)| {
            arriving();
            self.read_body(head, deadline)
        });
        match read {
            Ok(received) => Next::Request(received),
            Err(Stop::Closed) => Next::Closed,
            Err(Stop::Refuse(problem)) => Next::Refused(problem),
        }
    }

    /// The head, and when the rest of the request must be here.
    fn read_head(&mut self) -> Result<(Head, Instant), Stop> {
        self.limit_reads(IDLE_MAX)?;
        // The clock of a request starts with its first byte; a pipelined one is partly here already.
        let mut deadline = (!self.pending.is_empty()).then(|| Instant::now() + ARRIVAL_MAX);
        loop {
            if let Some(deadline) = deadline {
                if let Some((head, length)) = parse_head(&self.pending)? {
                    self.pending.drain(..length);
                    return Ok((head, deadline));
                }
                self.wait_until(deadline)?;
            }
            if self.read_more(deadline.is_some())? == 0 {
                return Err(Stop::Closed);
            }
            deadline = deadline.or(Some(Instant::now() + ARRIVAL_MAX));
        }
    }

    fn read_body(&mut self, head: Head, deadline: Instant) -> Result<Received, Stop> {
        let framing = framing(&head, self.body_bytes_max)?;
        if framing != Framing::Length(0) && head.expects_continue()? {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match framing {
            Framing::Length(length) => self.read_length(length, deadline)?,
            Framing::Chunked => self.read_chunks(deadline)?,
        };
        let keep_alive = head.keep_alive();
        // rouille's name for the one way to make a request without its own listener.
        let http = rouille::Request::fake_http_from(self.peer, head.method, head.target, head.headers, body);
        Ok(Received { http, keep_alive })
    }

    fn read_length(&mut self, length: usize, deadline: Instant) -> Result<Vec<u8>, Stop> {
        self.fill(length, deadline)?;
        Ok(self.pending.drain(..length).collect())
    }

    fn read_chunks(&mut self, deadline: Instant) -> Result<Vec<u8>, Stop> {
        let mut body = Vec::new();
        loop {
            let size = self.read_chunk_size(deadline)?;
            if size == 0 {
                self.read_trailers(deadline)?;
                return Ok(body);
            }
            let left = self.body_bytes_max - body.len();
            let size = usize::try_from(size).ok().filter(|size| *size <= left);
            let size = size.ok_or_else(|| too_large(self.body_bytes_max))?;
            self.fill(size + 2, deadline)?;
            body.extend(self.pending.drain(..size));
            if !self.pending.starts_with(b"\r\n") {
                return Err(malformed("A chunk of the body is not as long as it says."));
            }
            self.pending.drain(..2);
        }
    }

    fn read_chunk_size(&mut self, deadline: Instant) -> Result<u64, Stop> {
        loop {
            match httparse::parse_chunk_size(&self.pending) {
                Ok(httparse::Status::Complete((length, size))) => {
                    let line = &self.pending[..length - 2];
                    // httparse lets both pass; where a line ends must not be a matter of opinion.
                    if !line.first().is_some_and(u8::is_ascii_hexdigit) || line.contains(&b'\n') {
                        return Err(malformed("The size of a chunk of the body cannot be read."));
                    }
                    self.pending.drain(..length);
                    return Ok(size);
                }
                Ok(httparse::Status::Partial) if self.pending.len() < HEAD_BYTES_MAX => {
                    self.fill(self.pending.len() + 1, deadline)?;
                }
                _ => return Err(malformed("The size of a chunk of the body cannot be read.")),
            }
        }
    }

    /// Nothing here uses trailers; they are read over up to the blank line that ends the body.
    fn read_trailers(&mut self, deadline: Instant) -> Result<(), Stop> {
        loop {
            if self.pending.starts_with(b"\r\n") {
                self.pending.drain(..2);
                return Ok(());
            }
            if let Some(at) = self.pending.windows(4).position(|window| window == b"\r\n\r\n") {
                self.pending.drain(..at + 4);
                return Ok(());
            }
            if self.pending.len() > HEAD_BYTES_MAX {
                return Err(malformed("The trailers of the body are too large."));
            }
            self.fill(self.pending.len() + 1, deadline)?;
        }
    }

    /// Reads until at least `length` bytes are pending.
    fn fill(&mut self, length: usize, deadline: Instant) -> Result<(), Stop> {
        while self.pending.len() < length {
            self.wait_until(deadline)?;
            if self.read_more(true)? == 0 {
                return Err(Stop::Closed);
            }
        }
        Ok(())
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Stop> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(too_slow());
        }
        self.limit_reads(left)?;
        Ok(())
    }

    /// Sets the time that one read may take, when it is another one than before: most requests
    /// arrive in one read and need no system call for this.
    fn limit_reads(&mut self, limit: Duration) -> io::Result<()> {
        if self.read_limit != limit {
            self.stream.set_read_timeout(Some(limit))?;
            self.read_limit = limit;
        }
        Ok(())
    }

    /// One read. A time-out is a slow client's when `arriving`, and an idle one's otherwise.
    fn read_more(&mut self, arriving: bool) -> Result<usize, Stop> {
        let mut buffer = [0; 8 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.pending.extend_from_slice(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && arriving => {
                    return Err(too_slow());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes the answer in one piece. `with_body` is false for HEAD.
    pub fn write(&mut self, response: Response, with_body: bool, keep_alive: bool) -> io::Result<()> {
        self.stream.write_all(&to_bytes(response, with_body, keep_alive))
    }

    /// Ends the connection so that the client can still read the last answer.
    pub fn close_gently(mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        let _ = self.stream.set_read_timeout(Some(LINGER_MAX));
        let deadline = Instant::now() + LINGER_MAX;
        let mut sink = [0; 8 * 1024];
        let mut read = 0;
        while read < LINGER_BYTES_MAX && Instant::now() < deadline {
            match self.stream.read(&mut sink) {
                Ok(0) | Err(_) => return,
                Ok(count) => read += count,
            }
        }
    }
}

/// Why reading a request ended without one.
enum Stop {
    Closed,
    Refuse(Problem),
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Stop {
        Stop::Closed
    }
}

fn malformed(detail: &str) -> Stop {
    Stop::Refuse(Problem::new(problem::MALFORMED_REQUEST, detail))
}

fn too_large(body_bytes_max: usize) -> Stop {
    let detail = format!("Send at most {body_bytes_max} bytes.");
    Stop::Refuse(Problem::new(problem::BODY_TOO_LARGE, detail))
}

fn too_slow() -> Stop {
    let detail = format!("Send the whole request within {} seconds.", ARRIVAL_MAX.as_secs());
    Stop::Refuse(Problem::new(problem::REQUEST_TIMEOUT, detail))
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

    fn expects_continue(&self) -> Result<bool, Stop> {
        match self.values("Expect").next() {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(self.version == 1),
            Some(_) => {
                let detail = "Leave the Expect header out, or send \"100-continue\".";
                Err(Stop::Refuse(Problem::new(problem::EXPECTATION_FAILED, detail)))
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
fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Stop> {
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
            Err(Stop::Refuse(Problem::new(problem::HEADERS_TOO_LARGE, detail)))
        }
        Err(httparse::Error::Version) => {
            let detail = "Speak HTTP/1.1, or put a proxy in front that does.";
            Err(Stop::Refuse(Problem::new(problem::HTTP_VERSION, detail)))
        }
        Err(cause) => Err(malformed(&format!("The request line or a header cannot be read: {cause}."))),
    }
}

fn uri_too_long() -> Stop {
    let detail = format!("Send a request line of at most {URI_BYTES_MAX} bytes.");
    Stop::Refuse(Problem::new(problem::URI_TOO_LONG, detail))
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
fn framing(head: &Head, body_bytes_max: usize) -> Result<Framing, Stop> {
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
            Err(Stop::Refuse(Problem::new(problem::TRANSFER_ENCODING, detail)))
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

fn to_bytes(response: Response, with_body: bool, keep_alive: bool) -> Vec<u8> {
    let (mut reader, _) = response.data.into_reader_and_size();
    let mut body = Vec::new();
    reader.read_to_end(&mut body).expect("a body in memory");
    let status = response.status_code;
    let mut bytes = Vec::with_capacity(512 + body.len());
    let date = date();
    let mut line = |text: std::fmt::Arguments| writeln!(bytes, "{text}\r").expect("memory takes writes");
    line(format_args!("HTTP/1.1 {status} {}", reason(status)));
    line(format_args!("Date: {date}"));
    for (name, value) in &response.headers {
        line(format_args!("{name}: {value}"));
    }
    // RFC 9110: no length with 204, and with 304 it would be that of the answer to a plain GET.
    if !matches!(status, 204 | 304) {
        line(format_args!("Content-Length: {}", body.len()));
    }
    // Without being told, a client of HTTP/1.0 would wait for the end of the connection.
    line(format_args!("Connection: {}", if keep_alive { "keep-alive" } else { "close" }));
    line(format_args!(""));
    if with_body {
        bytes.extend_from_slice(&body);
    }
    bytes
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
