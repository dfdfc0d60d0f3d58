//! A caller of the API. Every answer is checked for what all answers have in common.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::contract;

pub struct Client {
    base: String,
    token: Option<String>,
    agent: Agent,
}

/// A request that is being put together; it is sent by [`Request::send`].
pub struct Request<'a> {
    client: &'a Client,
    method: &'a str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

pub struct Answer {
    pub request: String,
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub text: String,
    /// The JSON of the body, or Null when it is empty or not JSON.
    pub body: Value,
}

impl Client {
    pub fn new(base: &str, token: Option<&str>) -> Client {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            // What takes two seconds may take a minute beside other work, and a test that hangs ends all the same.
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .into();
        Client { base: base.to_owned(), token: token.map(str::to_owned), agent }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a client with a session")
    }

    pub fn request<'a>(&'a self, method: &'a str, path: &str) -> Request<'a> {
        Request { client: self, method, path: path.to_owned(), headers: Vec::new(), body: None }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path).json(body).send()
    }

    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(body).send()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send()
    }

    /// Any method, with this body.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.request(method, path).with(body).send()
    }

    /// A POST under an Idempotency-Key.
    pub fn post_once(&self, key: &str, path: &str, body: Value) -> Answer {
        self.request("POST", path).header("Idempotency-Key", key).json(body).send()
    }
}

impl Request<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A body of Null is none, and a text is a file.
    pub fn with(self, body: &Value) -> Self {
        match body {
            Value::Null => self,
            Value::String(file) => self.header("Content-Type", "text/csv").bytes(file.clone().into_bytes()),
            body => self.json(body.clone()),
        }
    }

    pub fn json(self, body: Value) -> Self {
        self.header("Content-Type", "application/json").bytes(body.to_string().into_bytes())
    }

    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    pub fn send(self) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(self.method)
            .uri(format!("{}{}", self.client.base, self.path));
        if let Some(token) = &self.client.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = match &self.body {
            Some(body) => self.client.agent.run(request.body(body).expect("a request")),
            None => self.client.agent.run(request.body(()).expect("a request")),
        };
        let mut response = sent.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path));
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().expect("a body in UTF-8");
        let answer = Answer {
            request: format!("{} {}", self.method, self.path),
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        answer.check_what_all_have();
        contract::check(self.method, &self.path, self.body.as_deref(), &answer);
        answer
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The answer, when it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{} was answered with {}", self.request, self.text);
        self
    }

    /// The answer, when it is this problem.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Answer {
        let answer = self.expect(status);
        assert_eq!(answer.body["code"], code, "{} was answered with {}", answer.request, answer.text);
        answer
    }

    /// Asserts a 422 with exactly these (field, code) pairs, in any order.
    #[track_caller]
    pub fn expect_bad_fields(self, expected: &[(&str, &str)]) -> Answer {
        let answer = self.expect_problem(422, "invalid_fields");
        let errors = answer.body["errors"].as_array().expect("a list of errors");
        let mut named: Vec<_> = errors
            .iter()
            .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        let mut expected = expected.to_vec();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{} was answered with {}", answer.request, answer.text);
        answer
    }

    pub fn id(&self) -> u64 {
        self.body["id"].as_u64().unwrap_or_else(|| panic!("no id in {}", self.text))
    }

    pub fn etag(&self) -> &str {
        self.header("ETag").unwrap_or_else(|| panic!("no ETag with {}", self.text))
    }

    #[track_caller]
    fn check_what_all_have(&self) {
        let said = format!("{} was answered {} {:?} {}", self.request, self.status, self.headers, self.text);
        assert!(self.header("X-Request-Id").is_some(), "no X-Request-Id: {said}");
        assert_eq!(self.header("X-Content-Type-Options"), Some("nosniff"), "{said}");
        assert!(self.header("Cache-Control").is_some(), "no Cache-Control: {said}");
        assert_ne!(self.status, 500, "{said}");
        if self.status >= 400 && !self.request.starts_with("HEAD") {
            assert_eq!(self.header("Content-Type"), Some("application/problem+json"), "{said}");
            assert_eq!(self.body["status"], self.status, "{said}");
            for member in ["type", "title", "detail", "code", "request_id"] {
                assert!(
                    self.body[member].as_str().is_some_and(|text| !text.is_empty()),
                    "no {member}: {said}"
                );
            }
            for error in self.body["errors"].as_array().expect("a list of errors") {
                for member in ["field", "code", "message"] {
                    assert!(error[member].is_string(), "no {member} in an error: {said}");
                }
            }
        }
    }
}
