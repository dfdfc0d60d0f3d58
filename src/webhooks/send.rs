//! One attempt: a POST to an address that is looked at when it is connected to, of whose answer the status counts alone.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::values::Timestamp;
use crate::webhooks::address::may_be_reached;

/// A receiver that is there is connected to in a fraction of it.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// From the name to the end of the answer, as Standard Webhooks has it: whoever works for longer answers first.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// So much of an answer is read, so that the connection can be used again; nothing of it is kept.
const ANSWER_BYTES_MAX: u64 = 4096;
/// No receiver of ours has a reason for more.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// How an attempt went.
#[derive(Debug)]
pub struct Answer {
    /// None where nothing came back.
    pub status: Option<u16>,
    /// What went wrong, in words of our own.
    pub error: Option<&'static str>,
    pub retry_after: Option<chrono::Duration>,
    pub took: Duration,
}

impl Answer {
    pub fn is_accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What sends to one receiver. It keeps a connection for the next attempt, and knows no proxy, which would make its own
/// choice of addresses.
pub fn agent(private: bool) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!private)
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("Storekeeper/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_WITHIN))
        .timeout_global(Some(ANSWER_WITHIN))
        .max_response_header_size(HEADER_BYTES_MAX)
        .build();
    Agent::with_parts(
        config,
        DefaultConnector::default(),
        Checked { private, resolver: DefaultResolver::default() },
    )
}

/// Sends `body`, which the headers belong to.
pub fn send(agent: &Agent, url: &str, headers: [(&str, &str); 3], body: &str, now: Timestamp) -> Answer {
    let started = Instant::now();
    let mut request = agent.post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let sent = request.send(body);
    let (status, error, retry_after) = match sent {
        Ok(mut answer) => {
            let status = answer.status().as_u16();
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after = retry_after.and_then(|text| parse_retry_after(text, now));
            // The status has been said, whatever comes behind.
            let _ = io::copy(&mut answer.body_mut().as_reader().take(ANSWER_BYTES_MAX), &mut io::sink());
            (Some(status), in_words(status), retry_after.filter(|_| status == 429 || status == 503))
        }
        Err(cause) => {
            log::debug!("webhook attempt: {cause}");
            (None, Some(what_failed(&cause)), None)
        }
    };
    Answer { status, error, retry_after, took: started.elapsed() }
}

fn in_words(status: u16) -> Option<&'static str> {
    match status {
        200..300 => None,
        300..400 => Some("it answered with a redirect, which is not followed"),
        410 => Some("it answered that it wants no more"),
        429 => Some("it asked to be sent less"),
        _ => Some("it did not answer with success"),
    }
}

fn what_failed(cause: &Error) -> &'static str {
    match cause {
        Error::Timeout(ureq::Timeout::Resolve) => "the name was not found in time",
        Error::Timeout(ureq::Timeout::Connect) => "it could not be connected to in time",
        Error::Timeout(_) => "it did not answer in time",
        Error::HostNotFound => "there is no machine of this name",
        Error::Io(cause) if cause.to_string() == PRIVATE => PRIVATE,
        Error::Io(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => "the connection was refused",
            io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
                "the connection was broken off"
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "it cannot be reached",
            io::ErrorKind::TimedOut => "it did not answer in time",
            io::ErrorKind::InvalidData => "no TLS connection could be made",
            _ => "it could not be connected to",
        },
        Error::ConnectionFailed => "it could not be connected to",
        Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => "no TLS connection could be made",
        Error::RequireHttpsOnly(_) => "plain http is for private addresses, which are not allowed",
        Error::BadUri(_) => "the address cannot be used",
        _ => "what came back is no answer of HTTP",
    }
}

/// A number of seconds, or a date.
fn parse_retry_after(text: &str, now: Timestamp) -> Option<chrono::Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(chrono::Duration::seconds(seconds.into()));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(date.naive_utc() - now.0)
}

const PRIVATE: &str = "its name leads to a private address, which is not allowed";

/// Finds the addresses of a name, and leaves out those that may not be reached. What it returns is what is connected to, so
/// a name cannot stand for another address a moment later.
#[derive(Debug)]
struct Checked {
    private: bool,
    resolver: DefaultResolver,
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.resolver.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter().filter(|address| may_be_reached(address.ip(), self.private)) {
            allowed.push(*address);
        }
        if allowed.is_empty() { Err(Error::Io(io::Error::other(PRIVATE))) } else { Ok(allowed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Input;

    #[test]
    fn a_time_to_come_back_is_read_in_both_ways() {
        let now = Timestamp::parse(&Input::Text("2026-11-28T06:00:00Z".into())).unwrap();
        let seconds = |text| parse_retry_after(text, now).map(|span| span.num_seconds());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sat, 28 Nov 2026 06:01:40 GMT"), Some(100));
        assert_eq!(seconds("Sat, 28 Nov 2026 05:59:00 GMT"), Some(-60));
        for text in ["", "soon", "-5", "1.5", "99999999999999999999"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    /// Nothing listens there, and nothing is asked.
    #[test]
    fn a_name_is_looked_at_when_it_is_connected_to() {
        let now = Timestamp::MIN;
        for url in [
            "https://localhost:9/",
            "https://127.0.0.1:9/",
            "https://[::1]:9/",
            "https://[::ffff:127.0.0.1]:9/",
            "https://127.1:9/",
            "https://2130706433:9/",
        ] {
            let answer = send(
                &agent(false),
                url,
                [("webhook-id", "1"), ("webhook-timestamp", "1"), ("webhook-signature", "")],
                "{}",
                now,
            );
            assert_eq!((answer.status, answer.error), (None, Some(PRIVATE)), "{url}");
        }
    }
}
