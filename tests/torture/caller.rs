//! Calling a service that may be gone, and watching what it says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;

/// Longer than the service and its database need to start on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than the service lets any request take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Nobody is helped by callers who ask as fast as they can.
pub const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// Who reads more than this many of the same?
const UNEXPECTED_MAX: usize = 20;

/// What all callers share.
pub struct Watch {
    pub address: SocketAddr,
    pub over: AtomicBool,
    /// Requests that were sent again because their outcome was not known or they were told to come later.
    pub asked_again: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    unexpected: Mutex<Vec<String>>,
}

pub struct Answer {
    pub status: u16,
    pub text: String,
    pub body: Value,
    pub replayed: bool,
}

/// A caller with connections of their own.
pub struct Caller<'a> {
    watch: &'a Watch,
    agent: Agent,
    token: Option<String>,
}

impl Watch {
    pub fn new(address: SocketAddr) -> Watch {
        Watch {
            address,
            over: AtomicBool::new(false),
            asked_again: AtomicU64::new(0),
            counts: Mutex::default(),
            unexpected: Mutex::default(),
        }
    }

    pub fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    pub fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    pub fn counted(&self, what: &'static str) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(what).copied().unwrap_or(0)
    }

    /// Notes what a shop must never do; the run has failed.
    pub fn unexpected(&self, what: String) {
        let mut unexpected = self.unexpected.lock().unwrap_or_else(PoisonError::into_inner);
        if unexpected.len() < UNEXPECTED_MAX {
            unexpected.push(what);
        }
    }

    pub fn all_unexpected(&self) -> Vec<String> {
        self.unexpected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn caller(&self, token: Option<&str>) -> Caller<'_> {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .build()
            .into();
        Caller { watch: self, agent, token: token.map(str::to_owned) }
    }

    /// Whether the service and its database answer.
    pub fn is_ready(&self) -> bool {
        self.caller(None).get("/readyz").is_some_and(|answer| answer.status == 200)
    }

    /// Sends the same request until it is decided, whatever is killed meanwhile.
    pub fn decided(&self, send: impl Fn() -> Option<Answer>) -> Answer {
        let started = Instant::now();
        loop {
            match send() {
                Some(answer) if !answer.says_later() => return answer,
                _ => {}
            }
            assert!(started.elapsed() < PATIENCE, "a request is still undecided");
            self.asked_again.fetch_add(1, Ordering::Relaxed);
            thread::sleep(ASK_AGAIN_AFTER);
        }
    }
}

impl Answer {
    fn says_later(&self) -> bool {
        self.status == 503 || self.body["code"] == "idempotency_key_in_use"
    }

    pub fn id(&self) -> u64 {
        self.body["id"].as_u64().unwrap_or(0)
    }
}

impl Caller<'_> {
    /// Sends a request; None when no whole answer came.
    pub fn send(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Option<Answer> {
        let uri = format!("http://{}{path}", self.watch.address);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = sent.ok()?;
        let status = response.status().as_u16();
        let has = |name| response.headers().contains_key(name);
        let (replayed, when) = (has("Idempotency-Replayed"), has("Retry-After"));
        let text = response.body_mut().read_to_string().ok()?;
        if status >= 500 && (status != 503 || !when) {
            self.watch.unexpected(format!("{method} {path} was answered {status}: {text}"));
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Some(Answer { status, text, body, replayed })
    }

    pub fn get(&self, path: &str) -> Option<Answer> {
        self.send("GET", path, None, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.send("POST", path, None, Some(body))
    }

    /// A POST under a key, until it is decided.
    pub fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        self.watch.decided(|| self.send("POST", path, Some(key), Some(body)))
    }

    /// Notes an answer of another status than the one expected. True when it is the one.
    pub fn expect(&self, status: u16, what: &str, answer: &Answer) -> bool {
        if answer.status != status {
            self.watch.unexpected(format!("{what} was answered {}: {}", answer.status, answer.text));
        }
        answer.status == status
    }
}
