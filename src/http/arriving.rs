//! A request that is put together from what has arrived.

use std::fs::File;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::http::body::{Body, IN_MEMORY_BYTES_MAX, Spooled};
use crate::http::head::{
    Asked, Framing, HEAD_BYTES_MAX, HEADERS_MAX, Head, framing, malformed, parse_head, too_large,
};
use crate::http::needs::{Lane, Needs, NeedsOf};
use crate::http::places::Count;
use crate::problem::Problem;
use crate::values::Network;

#[derive(Default)]
pub struct Arriving {
    underway: Option<Underway>,
    /// Whether the client waits to be told that its body is wanted.
    pub wants_continue: bool,
}

/// A request whose head is whole.
struct Underway {
    head: Head,
    needs: Needs,
    body: Body,
    ahead: Ahead,
}

/// What of the body comes next.
#[derive(Clone, Copy)]
enum Ahead {
    /// So many bytes, and then nothing.
    Bytes(usize),
    ChunkSize,
    /// So many bytes of a chunk.
    Chunk(usize),
    ChunkEnd,
    Trailers,
    Nothing,
}

/// A request that is whole.
pub struct Received {
    /// With its body, which is there to read once [`Received::bring_body`] was called.
    pub http: rouille::Request,
    pub keep_alive: bool,
    pub lane: Lane,
    /// Whose turn it is when it waits.
    pub network: Network,
    /// A body that is not in memory, and whether it stays in its file.
    spooled: Option<Spooled>,
    body_in_file: bool,
}

impl Arriving {
    pub fn has_head(&self) -> bool {
        self.underway.is_some()
    }

    /// What its head asks for.
    pub fn asked(&self) -> Option<Asked> {
        Some(Asked::by(&self.underway.as_ref()?.head))
    }

    /// How much of the body is here.
    pub fn body_length(&self) -> usize {
        self.underway.as_ref().map_or(0, |underway| underway.body.length())
    }

    /// Takes what belongs to this request from the front of `bytes`; None while it is not all here.
    pub fn take(
        &mut self,
        bytes: &mut Vec<u8>,
        peer: SocketAddr,
        needs_of: &NeedsOf,
        spooled: &Arc<Count>,
    ) -> Result<Option<Received>, Problem> {
        if self.underway.is_none() {
            let Some((head, length)) = parse_head(bytes)? else {
                return Ok(None);
            };
            let needs = needs_of(&head.method, &head.target);
            let framing = framing(&head, needs.body_bytes)?;
            self.wants_continue = framing != Framing::Length(0) && head.wants_continue()?;
            bytes.drain(..length);
            let ahead = match framing {
                Framing::Length(length) => Ahead::Bytes(length),
                Framing::Chunked => Ahead::ChunkSize,
            };
            self.underway = Some(Underway { head, needs, body: Body::default(), ahead });
        }
        let Some(underway) = &mut self.underway else {
            return Ok(None);
        };
        underway.take(bytes, spooled)?;
        if !matches!(underway.ahead, Ahead::Nothing) {
            return Ok(None);
        }
        Ok(mem::take(self).underway.map(|underway| underway.received(peer)))
    }
}

impl Underway {
    fn take(&mut self, bytes: &mut Vec<u8>, spooled: &Arc<Count>) -> Result<(), Problem> {
        // Most requests end where what has arrived ends, and then nothing is copied.
        if let Ahead::Bytes(left) = self.ahead
            && left == bytes.len()
            && self.body.length() == 0
            && left <= IN_MEMORY_BYTES_MAX
        {
            self.body = Body::Memory(mem::take(bytes));
            self.ahead = Ahead::Nothing;
            return Ok(());
        }
        let mut at = 0;
        while let Some(used) = self.step(&bytes[at..], spooled)? {
            at += used;
        }
        bytes.drain(..at);
        Ok(())
    }

    /// Goes one step on, and says how many bytes that used. None when more must arrive first, or nothing.
    fn step(&mut self, bytes: &[u8], spooled: &Arc<Count>) -> Result<Option<usize>, Problem> {
        match self.ahead {
            Ahead::Nothing => Ok(None),
            Ahead::Bytes(0) => self.go_on(0, Ahead::Nothing),
            Ahead::Chunk(0) => self.go_on(0, Ahead::ChunkEnd),
            Ahead::Bytes(_) | Ahead::Chunk(_) if bytes.is_empty() => Ok(None),
            Ahead::Bytes(left) => {
                let here = left.min(bytes.len());
                self.body.append(&bytes[..here], spooled)?;
                self.go_on(here, Ahead::Bytes(left - here))
            }
            Ahead::Chunk(left) => {
                let here = left.min(bytes.len());
                self.body.append(&bytes[..here], spooled)?;
                self.go_on(here, Ahead::Chunk(left - here))
            }
            Ahead::ChunkSize => match parse_chunk_size(bytes)? {
                None => Ok(None),
                Some((length, 0)) => self.go_on(length, Ahead::Trailers),
                Some((length, size)) => {
                    let most = self.needs.body_bytes;
                    let size = usize::try_from(size).ok().filter(|size| *size <= most - self.body.length());
                    self.go_on(length, Ahead::Chunk(size.ok_or_else(|| too_large(most))?))
                }
            },
            Ahead::ChunkEnd if bytes.starts_with(b"\r\n") => self.go_on(2, Ahead::ChunkSize),
            Ahead::ChunkEnd if b"\r\n".starts_with(bytes) => Ok(None),
            Ahead::ChunkEnd => Err(malformed("A chunk of the body is not as long as it says.")),
            Ahead::Trailers => match trailers_length(bytes)? {
                None => Ok(None),
                Some(length) => self.go_on(length, Ahead::Nothing),
            },
        }
    }

    fn go_on(&mut self, used: usize, ahead: Ahead) -> Result<Option<usize>, Problem> {
        self.ahead = ahead;
        Ok(Some(used))
    }

    fn received(self, peer: SocketAddr) -> Received {
        let keep_alive = self.head.keep_alive();
        let Needs { lane, body_in_file, .. } = self.needs;
        let (body, spooled) = match self.body {
            Body::Memory(bytes) => (bytes, None),
            Body::File(spooled) => (Vec::new(), Some(spooled)),
        };
        let Head { method, target, headers, .. } = self.head;
        // rouille's name for the one way to make a request without its own listener.
        let http = rouille::Request::fake_http_from(peer, method, target, headers, body);
        Received { http, keep_alive, lane, network: Network::of(peer.ip()), spooled, body_in_file }
    }
}

impl Received {
    /// Brings a long body into memory, for the time of its answer: rouille makes a request of nothing else. One that stays in
    /// its file is returned.
    pub fn bring_body(&mut self) -> Result<Option<File>, Problem> {
        let Some(spooled) = &mut self.spooled else {
            return Ok(None);
        };
        if self.body_in_file {
            return spooled.file().map(Some);
        }
        let body = spooled.read()?;
        let headers = self.http.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (peer, method, target) = (*self.http.remote_addr(), self.http.method(), self.http.raw_url());
        self.http = rouille::Request::fake_http_from(peer, method, target, headers, body);
        Ok(None)
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

/// The length of the trailers, with the blank line that ends the body; None while they are not all here. Nothing
/// here uses them, but what is no trailer is the start of something else, so the blank line is missing.
fn trailers_length(bytes: &[u8]) -> Result<Option<usize>, Problem> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let unreadable = || malformed("The trailers of the body cannot be read, or their blank line is missing.");
    let length = match httparse::parse_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete((length, _))) => Some(length),
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => None,
        Ok(httparse::Status::Partial) | Err(_) => return Err(unreadable()),
    };
    let lines = bytes[..length.unwrap_or(bytes.len())].split_inclusive(|byte| *byte == b'\n');
    let ended = lines.filter(|line| line.ends_with(b"\n"));
    // A line feed alone ends a line for some servers and not for others.
    if ended.into_iter().any(|line| !line.ends_with(b"\r\n")) {
        return Err(unreadable());
    }
    Ok(length)
}
