//! One client's connection, which never blocks: whoever has it reads and writes what can be read and
//! written now, and gives it back with what it waits for.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rouille::Response;

use crate::http::arriving::{Arriving, Received};
use crate::http::body::IN_MEMORY_BYTES_MAX;
use crate::http::head::Asked;
use crate::http::listener::Stream;
use crate::http::needs::NeedsOf;
use crate::http::outgoing::{Next, Outgoing};
use crate::http::places::{Count, NetworkPlace, Place};
use crate::problem::{self, Problem};

/// nginx closes its idle upstream connections after 60 s; ours stay a little longer, so that a
/// request never meets a connection that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(75);
/// From the first byte of a request to its last, and what each byte of a long body adds. nginx sends requests
/// whole; who sends one slower than 500 KB a second keeps others from sending theirs.
const ARRIVAL_MAX: Duration = Duration::from_secs(10);
const LONG_BODY_BYTES_A_SECOND: usize = 500_000;
/// What is read of one request before others have their turn.
const TURN_BYTES_MAX: usize = 256 * 1024;
/// For an answer to leave: what a small one gets, and what each of a large one's bytes adds. A client
/// that reads less than 50 KB a second holds up memory for nothing.
const ANSWER_MAX: Duration = Duration::from_secs(10);
const ANSWER_BYTES_A_SECOND: u32 = 50_000;
/// After an early refusal the rest of the request is read for a moment, so that the client gets the
/// answer instead of a reset.
const LINGER_MAX: Duration = Duration::from_millis(500);
const LINGER_BYTES_MAX: usize = 1024 * 1024;

pub struct Connection {
    pub stream: Stream,
    peer: SocketAddr,
    /// In all and in its network, given back when the connection ends.
    _places: (Place, Option<NetworkPlace>),
    /// Whether the door has seen it: then it has its key there.
    pub key: Option<usize>,
    state: State,
    /// When the state must be over.
    pub deadline: Instant,
    /// Bytes that have arrived and were not used yet.
    inbound: Vec<u8>,
    arriving: Arriving,
}

enum State {
    /// Nothing of the next request is here.
    Idle,
    Arriving {
        since: Instant,
    },
    /// An answer is leaving, from this byte on.
    Answering {
        outgoing: Outgoing,
        written: usize,
        then: Then,
    },
    /// The last answer has left; what still comes is thrown away.
    Lingering {
        read: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    KeepAlive,
    /// The client has sent all that it wanted to.
    Close,
    /// Something unread may be on its way, and a reset would destroy the answer.
    Linger,
}

/// What came of reading or writing.
pub enum Progress {
    Request(Received),
    /// The request cannot be read; answer, then close.
    Refused(Problem),
    /// The answer has left, and the next request may come.
    Answered,
    /// Nothing more can be done now.
    Wait,
    /// It is over.
    Closed,
}

impl Connection {
    pub fn new(
        stream: Stream,
        peer: SocketAddr,
        places: (Place, Option<NetworkPlace>),
    ) -> io::Result<Connection> {
        stream.set_nonblocking()?;
        Ok(Connection {
            stream,
            peer,
            _places: places,
            key: None,
            state: State::Idle,
            deadline: Instant::now() + IDLE_MAX,
            inbound: Vec::new(),
            arriving: Arriving::default(),
        })
    }

    /// Whether a request has begun that must be answered: its head is here.
    pub fn is_in_flight(&self) -> bool {
        match self.state {
            State::Idle => false,
            State::Arriving { .. } => self.arriving.has_head(),
            State::Answering { .. } | State::Lingering { .. } => true,
        }
    }

    /// What the request asks for, as far as it has arrived, though it may be refused unread.
    pub fn asked(&mut self, buffer: &mut [u8]) -> Asked {
        // Who was turned away at the door was not listened to yet.
        if matches!(self.state, State::Idle)
            && let Ok(count) = self.stream.read(buffer)
        {
            self.inbound.extend_from_slice(&buffer[..count]);
        }
        self.arriving.asked().unwrap_or_else(|| Asked::read(&self.inbound))
    }

    /// Whether bytes are here that belong to the next request.
    pub fn holds_bytes(&self) -> bool {
        !self.inbound.is_empty()
    }

    /// Whether a body is arriving that goes to a file.
    pub fn is_spooling(&self) -> bool {
        self.arriving.body_length() > IN_MEMORY_BYTES_MAX
    }

    pub fn waits_to_write(&self) -> bool {
        matches!(self.state, State::Answering { .. })
    }

    /// Reads what has arrived, until a request is whole.
    pub fn receive(&mut self, buffer: &mut [u8], needs_of: &NeedsOf, spooled: &Arc<Count>) -> Progress {
        if matches!(self.state, State::Lingering { .. }) {
            return self.discard(buffer);
        }
        let mut read = 0;
        loop {
            if !self.inbound.is_empty() {
                // The clock of a request starts with its first byte; a pipelined one is partly here.
                if matches!(self.state, State::Idle) {
                    let now = Instant::now();
                    self.state = State::Arriving { since: now };
                    self.deadline = now + ARRIVAL_MAX;
                }
                match self.arriving.take(&mut self.inbound, self.peer, needs_of, spooled) {
                    Ok(Some(received)) => return Progress::Request(received),
                    Ok(None) => {}
                    Err(problem) => return Progress::Refused(problem),
                }
                if let State::Arriving { since } = self.state {
                    let for_size = self.arriving.body_length() / LONG_BODY_BYTES_A_SECOND;
                    self.deadline = since + ARRIVAL_MAX + Duration::from_secs(for_size as u64);
                }
            }
            if std::mem::take(&mut self.arriving.wants_continue)
                && self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err()
            {
                return Progress::Closed;
            }
            if read > TURN_BYTES_MAX {
                return Progress::Wait;
            }
            match self.stream.read(buffer) {
                Ok(0) => return Progress::Closed,
                Ok(count) => {
                    self.inbound.extend_from_slice(&buffer[..count]);
                    read += count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Wait,
                Err(_) => return Progress::Closed,
            }
        }
    }

    /// Begins to write an answer.
    pub fn answer(&mut self, response: Response, received: Option<&Received>, keep_alive: bool) -> Progress {
        let asked_to_close = received.is_some_and(|received| !received.keep_alive);
        let then = match (keep_alive, asked_to_close && self.inbound.is_empty()) {
            (true, _) => Then::KeepAlive,
            (false, true) => Then::Close,
            (false, false) => Then::Linger,
        };
        let with_body = received.is_none_or(|received| received.http.method() != "HEAD");
        let outgoing = Outgoing::new(response, with_body, keep_alive);
        let for_size = Duration::from_secs((outgoing.size / u64::from(ANSWER_BYTES_A_SECOND)).min(3600));
        self.deadline = Instant::now() + ANSWER_MAX + for_size;
        self.state = State::Answering { outgoing, written: 0, then };
        self.write()
    }

    /// Writes what can be written now of an answer.
    pub fn write(&mut self) -> Progress {
        let State::Answering { outgoing, written, then } = &mut self.state else {
            return Progress::Wait;
        };
        loop {
            match self.stream.write(&outgoing.bytes[*written..]) {
                Ok(0) => return Progress::Closed,
                Ok(count) => *written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Wait,
                Err(_) => return Progress::Closed,
            }
            if *written < outgoing.bytes.len() {
                continue;
            }
            match outgoing.next() {
                Next::Piece => {
                    *written = 0;
                    continue;
                }
                Next::CutShort => return Progress::Closed,
                Next::End => {}
            }
            return match *then {
                Then::KeepAlive => {
                    if self.inbound.is_empty() {
                        // Thousands may be idle, and each costs only what it keeps.
                        self.inbound = Vec::new();
                    }
                    self.state = State::Idle;
                    self.deadline = Instant::now() + IDLE_MAX;
                    Progress::Answered
                }
                Then::Close => Progress::Closed,
                Then::Linger => {
                    let _ = self.stream.end_writing();
                    self.state = State::Lingering { read: 0 };
                    self.deadline = Instant::now() + LINGER_MAX;
                    Progress::Wait
                }
            };
        }
    }

    fn discard(&mut self, buffer: &mut [u8]) -> Progress {
        let State::Lingering { read } = &mut self.state else {
            return Progress::Wait;
        };
        loop {
            match self.stream.read(buffer) {
                Ok(count) if count > 0 && *read + count <= LINGER_BYTES_MAX => *read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Wait,
                Ok(_) | Err(_) => return Progress::Closed,
            }
        }
    }

    /// What to do when the deadline has passed: a request that is still arriving is told so.
    pub fn expire(&self) -> Option<Problem> {
        let detail = format!("Send the whole request within {} seconds.", ARRIVAL_MAX.as_secs());
        matches!(self.state, State::Arriving { .. }).then(|| Problem::new(problem::REQUEST_TIMEOUT, detail))
    }

    /// Waits at most this long for the next bytes, in the thread that has the connection.
    pub fn wait_a_moment(&self, most: Duration) -> bool {
        let mut waiting = libc::pollfd { fd: self.stream.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let most_ms = i32::try_from(most.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one pollfd that lives as long as the call, of a descriptor that is open.
        unsafe { libc::poll(&raw mut waiting, 1, most_ms) > 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::http::needs::{Lane, Needs};

    #[test]
    fn an_idle_connection_keeps_no_buffer() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let place = Count::enter(&Arc::default(), 1).unwrap();
        let mut connection =
            Connection::new(Stream::Unix(ours), ([127, 0, 0, 1], 1).into(), (place, None)).unwrap();
        let needs: NeedsOf =
            Box::new(|_, _| Needs { lane: Lane::NoDatabase, body_bytes: 100_000, body_in_file: false });
        for body in [0, 30_000, 0] {
            let head = format!("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {body}\r\n\r\n");
            theirs.write_all(&[head.as_bytes(), &vec![b'x'; body]].concat()).unwrap();
            let progress = connection.receive(&mut [0; 16 * 1024], &needs, &Arc::default());
            let Progress::Request(received) = progress else { panic!("it is all here") };
            let answered = connection.answer(Response::text("x".repeat(10_000)), Some(&received), true);
            assert!(matches!(answered, Progress::Answered));
            let progress = connection.receive(&mut [0; 16 * 1024], &needs, &Arc::default());
            assert!(matches!(progress, Progress::Wait));
            assert_eq!(connection.inbound.capacity(), 0);
            assert!(matches!(connection.state, State::Idle) && !connection.arriving.has_head());
        }
        assert!(size_of::<Connection>() <= 512, "{} bytes", size_of::<Connection>());
    }
}
