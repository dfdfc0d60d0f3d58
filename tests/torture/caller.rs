//! Calling a service that may be gone, and watching what it says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
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
    /// Of one service, or of several on one shop.
    pub addresses: Vec<SocketAddr>,
    pub over: AtomicBool,
    /// Requests that were sent again because their outcome was not known or they were told to come later.
    pub asked_again: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// When an order was last acknowledged, and the longest time without one until then.
    orders: Mutex<(Instant, Duration)>,
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
    /// Which of the addresses they call: the next one whenever one does not serve them.
    at: AtomicUsize,
}

impl Watch {
    pub fn new(addresses: Vec<SocketAddr>) -> Watch {
        Watch {
            addresses,
            over: AtomicBool::new(false),
            asked_again: AtomicU64::new(0),
            counts: Mutex::default(),
            orders: Mutex::new((Instant::now(), Duration::ZERO)),
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

    /// An order was acknowledged just now.
    pub fn order_is_acknowledged(&self) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, longest) = *orders;
        *orders = (Instant::now(), longest.max(last.elapsed()));
    }

    /// The longest time in which no order was acknowledged, since this was last asked.
    pub fn longest_without_orders(&self) -> Duration {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = orders.1.max(orders.0.elapsed());
        *orders = (Instant::now(), Duration::ZERO);
        longest
    }

    /// Where those connect who look at nothing that they are told.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
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
        self.caller_at(0, token)
    }

    /// One who begins at another of the addresses.
    pub fn caller_at(&self, number: usize, token: Option<&str>) -> Caller<'_> {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .build()
            .into();
        Caller { watch: self, agent, token: token.map(str::to_owned), at: AtomicUsize::new(number) }
    }

    /// Whether the service at this address and its database answer.
    pub fn is_ready(&self, address: SocketAddr) -> bool {
        let at = self.addresses.iter().position(|known| *known == address).expect("one of the services");
        self.caller_at(at, None).get("/readyz").is_some_and(|answer| answer.status == 200)
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
        let answer = self.send_once(method, path, key, body);
        if answer.as_ref().is_none_or(|answer| answer.status == 503) {
            self.at.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    fn send_once(&self, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Option<Answer> {
        let addresses = &self.watch.addresses;
        let uri = format!("http://{}{path}", addresses[self.at.load(Ordering::Relaxed) % addresses.len()]);
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
