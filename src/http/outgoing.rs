//! Answers to bytes, piece by piece.

use std::cell::RefCell;
use std::io::{Read, Write};

use chrono::Utc;
use rouille::Response;

/// An answer is made in memory up to this size; what is larger is read from its source piece by piece.
const PIECE_BYTES: usize = 64 * 1024;

/// What is to be written: bytes that are at hand, and what of the body is still to be read.
pub struct Outgoing {
    pub bytes: Vec<u8>,
    /// Of the whole body.
    pub size: u64,
    rest: Option<Box<dyn Read + Send>>,
    /// Of the body, after the bytes at hand.
    left: usize,
}

/// What comes after the bytes at hand.
#[derive(PartialEq, Eq)]
pub enum Next {
    /// More bytes are at hand.
    Piece,
    End,
    /// The body is shorter than was said, so nothing may follow it.
    CutShort,
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
        let mut outgoing = Outgoing { bytes, size: size as u64, rest: None, left: 0 };
        if with_body && unsized_body.is_empty() {
            outgoing.rest = Some(body);
            outgoing.left = size;
            outgoing.read_piece();
        } else if with_body {
            outgoing.bytes.append(&mut unsized_body);
        }
        outgoing
    }

    /// Replaces the bytes at hand by the next piece of the body.
    pub fn next(&mut self) -> Next {
        self.bytes.clear();
        if self.left == 0 {
            return Next::End;
        }
        self.read_piece();
        if self.bytes.is_empty() { Next::CutShort } else { Next::Piece }
    }

    fn read_piece(&mut self) {
        if let Some(rest) = &mut self.rest {
            let most = self.left.min(PIECE_BYTES);
            let before = self.bytes.len();
            // A body is in memory or in a file of ours. Should reading it fail, what was read before still counts.
            if let Err(error) = rest.take(most as u64).read_to_end(&mut self.bytes) {
                log::error!("cannot read the body of an answer: {error}");
            }
            self.left -= self.bytes.len() - before;
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
