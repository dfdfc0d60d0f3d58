//! A program that is told what happens: a real listener, which answers as a test wants it to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::base64;

/// What was sent to it.
#[derive(Debug, Clone)]
pub struct Message {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub text: String,
    pub body: Value,
}

/// What it answers.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    With(u16, String),
    Slow(Duration, u16),
    /// These bytes instead of HTTP.
    Bytes(Vec<u8>),
    /// 200, and a body that does not end.
    Endless,
    /// Breaks the connection off.
    Nothing,
}

type Answering = Box<dyn Fn(&Message) -> Reply + Send>;

struct Shared {
    messages: Mutex<Vec<Message>>,
    answering: Mutex<Answering>,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
}

#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Receiver {
    /// One that accepts everything.
    pub fn open() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            messages: Mutex::default(),
            answering: Mutex::new(Box::new(|_| Reply::Status(204))),
            at_once: AtomicUsize::new(0),
            at_once_max: AtomicUsize::new(0),
        });
        let receiver = Receiver { port, shared };
        let accepting = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = accepting.clone();
                thread::spawn(move || receiver.serve(&stream));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    pub fn answers(&self, answering: impl Fn(&Message) -> Reply + Send + 'static) {
        *self.shared.answering.lock().unwrap() = Box::new(answering);
    }

    pub fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.shared.messages.lock().unwrap()
    }

    /// The numbers of the events that it was sent, in the order of arrival.
    pub fn numbers(&self) -> Vec<u64> {
        self.messages().iter().map(Message::number).collect()
    }

    /// The most that it was sent at one time.
    pub fn at_once_max(&self) -> usize {
        self.shared.at_once_max.load(Ordering::SeqCst)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(message) = read(&mut reader) {
            let now = self.shared.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.shared.at_once_max.fetch_max(now, Ordering::SeqCst);
            let reply = (self.shared.answering.lock().unwrap())(&message);
            self.messages().push(message);
            let goes_on = answer(stream, reply);
            self.shared.at_once.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Message> {
    let mut line = String::new();
    let mut next = |reader: &mut dyn BufRead| {
        line.clear();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let path = next(reader)?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let line = next(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").expect("a length").parse().unwrap();
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).expect("UTF-8");
    let body = serde_json::from_str(&text).expect("JSON");
    Some(Message { path, headers, text, body })
}

/// Whether another message may come on the connection.
fn answer(mut stream: &TcpStream, reply: Reply) -> bool {
    let whole =
        |status: u16, headers: &str| format!("HTTP/1.1 {status} Odd\r\ncontent-length: 0\r\n{headers}\r\n");
    match reply {
        Reply::Status(status) => stream.write_all(whole(status, "").as_bytes()).is_ok(),
        Reply::With(status, headers) => stream.write_all(whole(status, &headers).as_bytes()).is_ok(),
        Reply::Slow(pause, status) => {
            thread::sleep(pause);
            stream.write_all(whole(status, "").as_bytes()).is_ok()
        }
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            while stream
                .write_all(b"400\r\n")
                .and_then(|()| stream.write_all(&[b'x'; 0x400]))
                .and_then(|()| stream.write_all(b"\r\n"))
                .is_ok()
            {}
            false
        }
        Reply::Nothing => false,
    }
}

impl Message {
    pub fn number(&self) -> u64 {
        self.body["data"]["number"].as_u64().expect("a number")
    }

    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// Whether it is signed with this secret, as a receiver would find out.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = from_base64(secret.strip_prefix("whsec_").expect("a secret"));
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.text);
        let expected = format!("v1,{}", base64(&hmac(&key, signed.as_bytes())));
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }
}

/// RFC 2104 by hand.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn from_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').collect();
    let mut bytes = Vec::new();
    for four in digits.chunks(4) {
        let number = four.iter().fold(0, |number, c| number << 6 | digit(*c)) << (6 * (4 - four.len()));
        bytes.extend(&number.to_be_bytes()[1..four.len()]);
    }
    bytes
}
