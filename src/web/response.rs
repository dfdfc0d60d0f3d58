//! Answers: resources, lists, and problems.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use rouille::{Response, ResponseBody};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::problem::{self, FieldError, Problem};
use crate::values::hex;
use crate::web::request::Request;

const JSON: &str = "application/json; charset=utf-8";

/// An answer with a JSON body.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    from_text(status, to_text(body))
}

/// One resource with its ETag; 304 when it is read and the caller's copy is still good.
pub fn resource(request: &Request, body: &impl Serialize) -> Response {
    let text = to_text(body);
    let etag = etag_of(&text);
    let is_read = request.method == "GET";
    if is_read && request.http.header("If-None-Match").is_some_and(|header| names_etag(header, &etag)) {
        return empty(304).with_unique_header("ETag", etag);
    }
    from_text(200, text).with_unique_header("ETag", etag)
}

/// What is the same for everybody as long as the program runs; 304 when the caller's copy is still
/// good. However many are sent at once, there is one text.
pub fn fixed(request: &Request, content_type: &'static str, etag: &str, text: &'static str) -> Response {
    let fresh = request.http.header("If-None-Match").is_some_and(|header| names_etag(header, etag));
    let mut response = empty(304);
    if !fresh {
        response.status_code = 200;
        response.headers.push((Cow::from("Content-Type"), Cow::from(content_type)));
        response.data = ResponseBody::from_reader_and_size(text.as_bytes(), text.len());
    }
    response.with_unique_header("ETag", etag.to_owned())
}

/// What a POST made (201) or changed (200), from the text that an idempotent replay gives again.
pub fn made(status: u16, location: String, text: String) -> Response {
    let etag = etag_of(&text);
    let response = from_text(status, text).with_unique_header("ETag", etag);
    match status {
        201 => response.with_unique_header("Location", location),
        _ => response,
    }
}

pub fn empty(status: u16) -> Response {
    Response { status_code: status, headers: Vec::new(), data: ResponseBody::empty(), upgrade: None }
}

pub fn no_content() -> Response {
    empty(204)
}

pub fn from_text(status: u16, text: String) -> Response {
    Response {
        status_code: status,
        headers: vec![(Cow::from("Content-Type"), Cow::from(JSON))],
        data: ResponseBody::from_data(text),
        upgrade: None,
    }
}

/// Like [`from_text`], of a text that others are answered with too.
pub fn from_shared_text(status: u16, text: Arc<[u8]>) -> Response {
    let size = text.len();
    Response {
        data: ResponseBody::from_reader_and_size(Cursor::new(text), size),
        ..from_text(status, String::new())
    }
}

pub fn to_text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("our own types have string keys and serialise")
}

/// A problem document (RFC 9457).
pub fn problem(problem: Problem, request_id: &str) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        r#type: String,
        title: &'a str,
        status: u16,
        detail: &'a str,
        code: &'a str,
        errors: &'a [FieldError],
        #[serde(flatten)]
        extra: &'a Map<String, Value>,
        request_id: &'a str,
    }
    let kind = problem.kind;
    let body = Body {
        r#type: format!("urn:storekeeper:problem:{}", kind.code),
        title: kind.title,
        status: kind.status,
        detail: &problem.detail,
        code: kind.code,
        errors: &problem.errors,
        extra: &problem.extra,
        request_id,
    };
    let mut headers = vec![(Cow::from("Content-Type"), Cow::from("application/problem+json"))];
    headers.extend(problem.headers.into_iter().map(|(name, value)| (name.into(), value.into())));
    let data = ResponseBody::from_data(to_text(&body));
    Response { status_code: kind.status, headers, data, upgrade: None }
}

/// Refuses the change when `If-Match` names another version than `current`, or `If-None-Match` this
/// one. Call it inside the transaction that has locked the row.
pub fn check_if_match(request: &Request, current: &impl Serialize) -> Result<(), Problem> {
    let (wanted, unwanted) = (request.http.header("If-Match"), request.http.header("If-None-Match"));
    if wanted.is_none() && unwanted.is_none() {
        return Ok(());
    }
    let etag = etag_of(&to_text(current));
    let names_it = |header| names_etag(header, &etag);
    if wanted.is_none_or(names_it) && !unwanted.is_some_and(names_it) {
        return Ok(());
    }
    let detail =
        "Somebody changed it since you read it. Read it again, then send your change with the new ETag.";
    Err(Problem::new(problem::PRECONDITION_FAILED, detail).with_header("ETag", etag))
}

/// A digest of the representation, so it changes exactly when what the caller sees changes.
pub fn etag_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    format!("\"{}\"", hex(&digest[..16]))
}

/// Whether an `If-Match` or `If-None-Match` header names this ETag, or any with `*`. A `W/` before
/// it is what a compressing proxy adds.
fn names_etag(header: &str, etag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == etag)
}
