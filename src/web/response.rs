//! Answers: resources, lists, and problems.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use regex::Regex;
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
    let etag = version_of(&text);
    if request.method == "GET" && names_one(request, "If-None-Match", |tag| *tag == *etag) {
        return empty(304).with_unique_header("ETag", etag);
    }
    from_text(200, text).with_unique_header("ETag", etag)
}

/// What is the same for everybody as long as the program runs; 304 when the caller's copy is still
/// good. However many are sent at once, there is one text.
pub fn fixed(request: &Request, content_type: &'static str, etag: &str, text: &'static str) -> Response {
    let fresh = names_one(request, "If-None-Match", |tag| tag == etag);
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
    let etag = version_of(&text);
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

/// Whether a change is asked for of one version only.
pub fn is_conditional(request: &Request) -> bool {
    ["If-Match", "If-None-Match"].iter().any(|name| request.http.header(name).is_some())
}

/// Refuses the change when `If-Match` names another version than `current`, or `If-None-Match` this
/// one. Call it inside the transaction that has locked the row.
pub fn check_if_match(request: &Request, current: &impl Serialize) -> Result<(), Problem> {
    if !is_conditional(request) {
        return Ok(());
    }
    let etag = version_of(&to_text(current));
    // The books go on meanwhile, and that is no reason to send the change again.
    let wanted = request.http.header("If-Match").is_none()
        || names_one(request, "If-Match", |tag| {
            tag.len() == etag.len() && tag.starts_with(what_people_set(&etag))
        });
    if wanted && !names_one(request, "If-None-Match", |tag| *tag == *etag) {
        return Ok(());
    }
    let named = |name| names_one(request, name, |_| true);
    let detail = if request.http.header("If-Match").is_some() && !named("If-Match") {
        "If-Match names no ETag. Send the one that came with what you read, with its quotes."
    } else if wanted {
        "It is there already, and If-None-Match says that it must not be. Leave the header out to change it."
    } else {
        "Somebody changed it since you read it. Read it again, then send your change with the new ETag."
    };
    Err(Problem::new(problem::PRECONDITION_FAILED, detail).with_header("ETag", etag))
}

/// Refuses `If-Match` with a tag where there is nothing yet that could have one.
pub fn refuse_version(http: &rouille::Request) -> Result<(), Problem> {
    match http.header("If-Match") {
        Some(header) if header.trim() != "*" => {
            let detail = "There is no version here that If-Match could name. Leave the header out.";
            Err(Problem::new(problem::PRECONDITION_FAILED, detail))
        }
        _ => Ok(()),
    }
}

/// A digest of what is the same for everybody as long as the program runs.
pub fn etag_of(text: &str) -> String {
    format!("\"{}\"", hex(&Sha256::digest(text.as_bytes())[..16]))
}

/// Members of resources that follow from the books, from use or from the clock, whatever people set.
const FROM_THE_BOOKS: [&str; 29] = [
    "allowed_actions",
    "available",
    "accepted_at",
    "average_cost",
    "behind",
    "behind_since",
    "below_threshold",
    // How far a booking has come: who was cut off goes on.
    "booked",
    "delivered",
    "drafted",
    // It may be the supplier's, for whom it is set.
    "effective_lead_time_days",
    "forecast",
    "given_up",
    "in_stock",
    "incoming",
    "last_attempt",
    "last_used_at",
    "lost",
    "margin",
    "next_attempt_at",
    "on_hand",
    "outstanding",
    "overdue",
    "position",
    "reserved",
    // They may be the supplier's too.
    "review_days",
    // It follows from whatever changed, and a change of nothing is none.
    "updated_at",
    "value",
    // It follows from the clock, or the supplier.
    "waits_for",
];

/// The version of a resource, from its JSON text: a digest of what people set and did, and one of what follows from the
/// books. So it changes exactly when what the caller sees changes, and its first half when somebody changed it.
pub fn version_of(text: &str) -> String {
    // Names are found in the text, for each read makes one: inside a string their quotes would have backslashes. Such a
    // member is a number, a word, a time, a list of words or an object of these.
    static BOOKS: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = format!(r#""(?:{})":(?:\[[^\]]*\]|\{{[^}}]*\}}|[^,}}]*)"#, FROM_THE_BOOKS.join("|"));
        Regex::new(&pattern).expect("a pattern that is tried by the tests")
    });
    // SipHash, a twentieth of the work of SHA-256 where the processor has no instructions for that. Who finds two texts
    // of one digest has spared nobody but themselves a 412. Should another release hash otherwise, copies are read anew.
    let (mut set, mut books) = (DefaultHasher::new(), DefaultHasher::new());
    let mut taken = 0;
    for member in BOOKS.find_iter(text) {
        set.write(&text.as_bytes()[taken..member.start()]);
        books.write(member.as_str().as_bytes());
        taken = member.end();
    }
    set.write(&text.as_bytes()[taken..]);
    format!("\"{:016x}{:016x}\"", set.finish(), books.finish())
}

/// The first half of a version.
fn what_people_set(version: &str) -> &str {
    &version[..version.len() / 2]
}

/// Whether the header of this name, which may stand there several times, names a tag that `fits`, or any with `*`.
/// A `W/` before a tag is what a compressing proxy adds.
fn names_one(request: &Request, name: &str, fits: impl Fn(&str) -> bool) -> bool {
    let named = request.http.headers().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, header)| header.trim()).any(|header| header == "*" || tags(header).any(&fits))
}

/// The tags of a list such as `"one", W/"two"`, with their quotes. A tag may hold a comma.
fn tags(mut list: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let tag = list.trim_start_matches([',', ' ', '\t']);
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        let end = tag.strip_prefix('"')?.find('"')? + 2;
        list = &tag[end..];
        Some(&tag[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_half_that_people_set() {
        let halves = |text: &str| {
            let version = version_of(text);
            let (set, books) = version.split_at(what_people_set(&version).len());
            (set.to_owned(), books.to_owned())
        };
        let (set, books) = halves(r#"{"id":1,"price":"1.00","in_stock":true}"#);
        let sold_out = halves(r#"{"id":1,"price":"1.00","in_stock":false}"#);
        assert!(sold_out.0 == set && sold_out.1 != books);
        let dearer = halves(r#"{"id":1,"price":"2.00","in_stock":true}"#);
        assert!(dearer.0 != set && dearer.1 == books);
        // What people write is theirs, whatever it says.
        let quoted = |word: &str| {
            halves(&format!(r#"{{"id":1,"price":"1.00","name":"\"in_stock\":{word},","in_stock":true}}"#))
        };
        assert!(quoted("true").0 != quoted("false").0 && quoted("true").1 == books);
        let forecast = |units: u32| {
            halves(&format!(
                r#"{{"on_hand":{units},"forecast":{{"units":{units},"date":null}},"allowed_actions":["a","b"],"lead_time_days":7}}"#
            ))
        };
        assert!(forecast(1).0 == forecast(2).0 && forecast(1).1 != forecast(2).1);
        assert_ne!(
            halves(r#"{"allowed_actions":[],"lead_time_days":7}"#).0,
            halves(r#"{"allowed_actions":[],"lead_time_days":8}"#).0
        );
    }

    #[test]
    fn tags_are_told_apart() {
        for (list, told) in [
            (r#""a""#, &[r#""a""#][..]),
            (r#" "a" ,	"b",W/"c""#, &[r#""a""#, r#""b""#, r#""c""#]),
            (r#",,"a","#, &[r#""a""#]),
            (r#""a,*,b", "c""#, &[r#""a,*,b""#, r#""c""#]),
            (r#""" "#, &[r#""""#]),
            ("a", &[]),
            (r#""a"#, &[]),
            (r#"a, "b""#, &[]),
            ("", &[]),
        ] {
            assert_eq!(tags(list).collect::<Vec<_>>(), told, "{list}");
        }
    }
}
