//! What a browser must be told before a page of another origin may call and read the answer (the CORS protocol of
//! the Fetch standard). Credentials are never allowed: the API knows no cookies, and a token is sent on purpose.

use std::borrow::Cow;

use rouille::Response;

use crate::values::Origins;

/// What a page may send beside what every page may: the headers that the API reads.
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id";

/// What a page may read of an answer beside its body and what every page may read: the headers that the API writes.
const ANSWER_HEADERS: &str =
    "Location, ETag, Retry-After, X-Request-Id, Idempotency-Replayed, Allow, WWW-Authenticate";

/// For so many seconds a browser need not ask again: Chromium keeps an answer no longer than two hours. Nothing
/// hangs on it, since whether a page may read the answer is said again with each one.
const PREFLIGHT_KEPT_S: &str = "7200";

/// Whether a browser asks for a page of an allowed origin which methods it may use.
pub fn is_preflight(http: &rouille::Request, origins: &Origins) -> bool {
    http.method() == "OPTIONS"
        && http.header("Access-Control-Request-Method").is_some()
        && http.header("Origin").is_some_and(|origin| origins.allowed(Some(origin)).is_some())
}

/// Says in the answer whether a page of this origin may read it. The answer to a preflight names the methods of
/// the path in `Allow` already.
pub fn open(response: &mut Response, origins: &Origins, origin: Option<&str>, preflight: bool) {
    if *origins == Origins::Nobody {
        return;
    }
    vary_by_origin(response);
    let Some(allowed) = origins.allowed(origin) else {
        return;
    };
    let allow = response.headers.iter().find(|(name, _)| name == "Allow").map(|(_, value)| value.clone());
    let mut add = |name: &'static str, value: Cow<'static, str>| response.headers.push((name.into(), value));
    add("Access-Control-Allow-Origin", allowed.to_owned().into());
    match allow.filter(|_| preflight) {
        Some(methods) => {
            add("Access-Control-Allow-Methods", methods);
            add("Access-Control-Allow-Headers", REQUEST_HEADERS.into());
            add("Access-Control-Max-Age", PREFLIGHT_KEPT_S.into());
        }
        None => add("Access-Control-Expose-Headers", ANSWER_HEADERS.into()),
    }
}

/// Whoever keeps the answer must not give it to a page of another origin.
fn vary_by_origin(response: &mut Response) {
    match response.headers.iter_mut().find(|(name, _)| name == "Vary") {
        Some((_, vary)) => *vary = format!("{vary}, Origin").into(),
        None => response.headers.push(("Vary".into(), "Origin".into())),
    }
}
