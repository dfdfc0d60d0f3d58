//! HTTP as bytes: requests that no client library would send, and answers read strictly.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::contract;

/// Longer than any limit of the server, so that a hang is told from a slow answer.
const HANG: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct RawAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Connects to a base address such as `http://127.0.0.1:8080`.
pub fn connect(base: &str) -> TcpStream {
    let stream = TcpStream::connect(base.trim_start_matches("http://")).expect("the server");
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

/// Connects to a unix socket.
pub fn connect_unix(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).expect("the server");
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

/// Sends bytes, ends the sending side, and answers everything that comes back.
pub fn exchange_bytes(base: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(base);
    // The server may refuse and close before it has read all of it.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    read_to_end(&mut stream)
}

/// Like [`exchange_bytes`], with what comes back read as answers.
pub fn exchange(base: &str, bytes: &[u8]) -> Vec<RawAnswer> {
    parse_answers(&exchange_bytes(base, bytes))
}

/// Sends one request, whose answer must be the only one.
#[track_caller]
pub fn exchange_one(base: &str, bytes: &[u8]) -> RawAnswer {
    let answers = exchange(base, bytes);
    let [answer] = <[RawAnswer; 1]>::try_from(answers)
        .unwrap_or_else(|all| panic!("{} answers to {}: {all:?}", all.len(), bytes.escape_ascii()));
    answer
}

/// Everything up to the end of the connection, which must come before the hang limit. A reset ends
/// it too: the server need not read what it has refused.
pub fn read_to_end(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server hangs: {error}");
    }
    bytes
}

/// Reads one answer and leaves the connection open.
#[track_caller]
pub fn read_answer(stream: &mut impl Read) -> RawAnswer {
    let mut bytes = Vec::new();
    loop {
        if let Some((answer, rest)) = parse_answer(&bytes) {
            assert!(rest.is_empty(), "more than one answer: {}", bytes.escape_ascii());
            return answer;
        }
        let mut buffer = [0; 64 * 1024];
        let count = stream.read(&mut buffer).expect("an answer in time");
        assert!(count > 0, "the connection ended in the middle of an answer: {}", bytes.escape_ascii());
        bytes.extend_from_slice(&buffer[..count]);
    }
}

#[track_caller]
pub fn parse_answers(mut bytes: &[u8]) -> Vec<RawAnswer> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let cut = || panic!("not a whole answer: {}", bytes.escape_ascii());
        let (answer, rest) = parse_answer(bytes).unwrap_or_else(cut);
        answers.push(answer);
        bytes = rest;
    }
    answers
}

/// The first answer and what follows it; None while it is not all here.
#[track_caller]
fn parse_answer(bytes: &[u8]) -> Option<(RawAnswer, &[u8])> {
    let (mut answer, rest) = parse_answer_head(bytes)?;
    let length = match answer.status {
        100 | 204 | 304 => 0,
        _ => answer.header("Content-Length").expect("a Content-Length").parse().expect("a number"),
    };
    answer.body = rest.get(..length)?.to_vec();
    Some((answer, &rest[length..]))
}

/// The status line and the headers, and what follows them: all there is to the answer to a HEAD.
#[track_caller]
pub fn parse_answer_head(bytes: &[u8]) -> Option<(RawAnswer, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in UTF-8");
    let mut lines = head.split("\r\n");
    let status_line = lines.next().expect("a status line");
    let rest = status_line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{status_line:?}"));
    let (status, reason) = rest.split_once(' ').unwrap_or_else(|| panic!("{status_line:?}"));
    assert!(!reason.is_empty(), "no reason in {status_line:?}");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("not a header: {line:?}"));
        assert!(!name.is_empty() && !name.contains(' '), "{line:?}");
        assert!(!value.chars().any(char::is_control), "{line:?}");
        (name.to_owned(), value.to_owned())
    });
    let answer =
        RawAnswer { status: status.parse().expect("a status"), headers: headers.collect(), body: Vec::new() };
    Some((answer, &bytes[end + 4..]))
}

impl RawAnswer {
    /// The value of a header, which may stand once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let value = named.next().map(|(_, value)| value.as_str());
        assert!(named.next().is_none(), "{name} appears twice: {:?}", self.headers);
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The answer, when it has this status and what every answer has.
    #[track_caller]
    pub fn expect(self, status: u16) -> RawAnswer {
        assert_eq!(self.status, status, "{self:?} {}", self.body.escape_ascii());
        self.check_what_all_have();
        self
    }

    /// The answer, when it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> RawAnswer {
        let answer = self.expect(status);
        assert_eq!(answer.json()["code"], code, "{}", answer.body.escape_ascii());
        answer
    }

    /// The headers that every answer carries, and that an error is a problem document.
    #[track_caller]
    pub fn check_what_all_have(&self) {
        let said = || format!("{} {:?} {}", self.status, self.headers, self.body.escape_ascii());
        for name in ["Date", "X-Request-Id", "Cache-Control"] {
            assert!(self.header(name).is_some(), "no {name}: {}", said());
        }
        assert_eq!(self.header("X-Content-Type-Options"), Some("nosniff"), "{}", said());
        if self.status >= 400 {
            let problem = self.json();
            assert_eq!(self.header("Content-Type"), Some("application/problem+json"), "{}", said());
            assert_eq!(problem["status"], self.status, "{}", said());
            assert_eq!(problem["request_id"].as_str(), self.header("X-Request-Id"), "{}", said());
            for member in ["type", "title", "detail", "code"] {
                let text = problem[member].as_str().unwrap_or("");
                assert!(!text.is_empty(), "no {member}: {}", said());
            }
            contract::check_problem(&problem);
        }
    }
}
