//! One request, from its arrival to its line in the log: its route is found, its caller let in, and its handler asked.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use rouille::Response;

use crate::app::App;
#[cfg(feature = "desk")]
use crate::desk;
use crate::error::Result;
use crate::logging::Sparse;
use crate::problem::Problem;
use crate::random;
use crate::routes::{INTERNAL_ROUTES, ROUTES};
use crate::web::caller::{self, Identified, Label};
use crate::web::request::{Request, read_body};
use crate::web::route::Access::Open;
use crate::web::route::Route;
use crate::web::upload::Upload;
use crate::web::{admission, cors, export, idempotency, response, wayfinding};

/// What the log and the metrics say about a request beside its answer.
struct Labels {
    /// The route's pattern, never the path with its ids.
    route: &'static str,
    caller: Label,
}

/// The log's lines of requests that were not let in.
static TURNED_AWAY: Sparse = Sparse::begin();

/// Nothing is known of the request yet.
const UNKNOWN: Labels = Labels { route: "-", caller: Label::Unknown };

/// Answers one request, whoever listens: `http` here, or rouille's own server.
pub fn dispatch(app: &App, http: &rouille::Request) -> Response {
    dispatch_with(app, http, None)
}

/// The same where a long body is in a file beside the request.
pub fn dispatch_with(app: &App, http: &rouille::Request, body: Option<File>) -> Response {
    let mut response = dispatch_among(ROUTES, app, http, body);
    if !is_for_people(http.raw_url()) {
        let origins = &app.config.allowed_origins;
        cors::open(&mut response, origins, http.header("Origin"), cors::is_preflight(http, origins));
    }
    response
}

/// Whether it is a page of the desk, which knows a cookie, so that no page of another origin may read it.
#[cfg(feature = "desk")]
pub fn is_for_people(target: &str) -> bool {
    desk::is_at(without_query(target))
}

/// A build without the desk has no such page.
#[cfg(not(feature = "desk"))]
pub fn is_for_people(_: &str) -> bool {
    false
}

pub fn dispatch_among(routes: &[Route], app: &App, http: &rouille::Request, body: Option<File>) -> Response {
    let started = Instant::now();
    let request_id = http.header("X-Request-Id").filter(|id| is_sane_request_id(id));
    let request_id = request_id.map_or_else(random::label, str::to_owned);
    let mut labels = UNKNOWN;
    let answered =
        panic::catch_unwind(AssertUnwindSafe(|| answer(routes, app, http, body, &request_id, &mut labels)));
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => told(app, error.into_problem(), http.raw_url(), &request_id),
        // The panic hook has logged the cause.
        Err(_) => told(app, Problem::internal(), http.raw_url(), &request_id),
    };
    finish(app, http.method(), request_id, started, response, &labels)
}

/// The answer to what could not be read as a request, or was not let in; logged like any other.
pub fn refuse(app: &App, problem: Problem, target: &str) -> Response {
    let request_id = random::label();
    let response = told(app, problem, target, &request_id);
    finish(app, "-", request_id, Instant::now(), response, &UNKNOWN)
}

/// A problem in the way of whoever asked: for people a page, and for programs a document.
#[cfg(feature = "desk")]
fn told(app: &App, problem: Problem, target: &str, request_id: &str) -> Response {
    app.metrics.count_problem(problem.kind.code);
    if is_for_people(target) {
        return desk::refusal(ROUTES, app, target, problem, request_id);
    }
    response::problem(problem, request_id)
}

#[cfg(not(feature = "desk"))]
fn told(app: &App, problem: Problem, _: &str, request_id: &str) -> Response {
    app.metrics.count_problem(problem.kind.code);
    response::problem(problem, request_id)
}

fn answer(
    routes: &[Route],
    app: &App,
    http: &rouille::Request,
    long_body: Option<File>,
    // Pages tell it; in documents it is written later.
    #[cfg_attr(not(feature = "desk"), expect(unused_variables))] request_id: &str,
    labels: &mut Labels,
) -> Result<Response> {
    let path = without_query(http.raw_url());
    // Whoever asks only how the service is must learn it, above all in a crowd.
    if INTERNAL_ROUTES.iter().all(|route| route.path != path) {
        admission::admit_request(app, http)?;
    }
    #[cfg(feature = "desk")]
    if desk::is_at(path) {
        let (response, route, caller) = desk::answer(ROUTES, app, http, long_body, request_id);
        *labels = Labels { route, caller };
        return Ok(response);
    }
    let on_path = || routes.iter().filter_map(|route| Some((route, route.matches(path)?)));
    let method = get_for_head(http.method());
    let Some((first, (id, _))) = on_path().next() else {
        if cors::is_preflight(http, &app.config.allowed_origins) {
            // A browser that is told no shows its page nothing at all, and what the 404 says would be lost.
            let all = allowed_methods(routes.iter().map(|route| route.method));
            return Ok(response::no_content().with_unique_header("Allow", all));
        }
        return Err(wayfinding::unknown_path(routes, method, path).into());
    };
    labels.route = first.path;
    let Some((route, (path_id, path_product_id))) = on_path().find(|(route, _)| route.method == method)
    else {
        let allow = allowed_methods(on_path().map(|(route, _)| route.method));
        if method == "OPTIONS" {
            return Ok(response::no_content().with_unique_header("Allow", allow));
        }
        return Err(wayfinding::wrong_method(routes, method, (first, id), allow).into());
    };
    let Identified { caller, under_key } = match route.access {
        Open => Identified::anyone(),
        _ => caller::identify(app, http)?,
    };
    labels.caller = caller.label();
    route.check(&caller)?;
    let upload = if route.takes_file { Some(Upload::read(http, long_body, route.body_bytes)?) } else { None };
    let body = if route.takes_file { Vec::new() } else { read_body(http, route.body_bytes)? };
    admission::admit_call(app, http, route, &caller, body.len())?;
    idempotency::refuse_for_secret(http, route, &caller)?;
    let request = Request { http, body, upload, method: route.method, caller, path_id, path_product_id };
    if !route.takes_query() {
        request.refuse_query()?;
    }
    let replayed = if route.takes_key() { idempotency::replay(app, &request, under_key)? } else { None };
    let response = match replayed {
        Some(answered) => answered.into_response(),
        None => {
            if route.writes() && !route.changes_one() {
                response::refuse_version(http)?;
            }
            export::answer(app, &request, route.handler)?
        }
    };
    Ok(if route.may_be_kept() { response.with_unique_header("Cache-Control", "no-cache") } else { response })
}

pub fn without_query(target: &str) -> &str {
    target.split('?').next().unwrap_or("")
}

/// The method of the route: HEAD is answered by those that take GET.
pub fn get_for_head(method: &str) -> &str {
    if method == "HEAD" { "GET" } else { method }
}

fn allowed_methods(methods: impl Iterator<Item = &'static str>) -> String {
    let mut allowed: Vec<&str> = Vec::new();
    for method in methods {
        if !allowed.contains(&method) {
            allowed.push(method);
        }
    }
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.join(", ")
}

/// Counts and logs the request, and adds the headers that every answer carries.
fn finish(
    app: &App,
    method: &str,
    request_id: String,
    started: Instant,
    mut response: Response,
    labels: &Labels,
) -> Response {
    let took = started.elapsed();
    let status = response.status_code;
    app.metrics.count(known_method(method), labels.route, status, took);
    // Who is not let in at all may come back thousands of times a second.
    let turned_away = labels.route == UNKNOWN.route && matches!(status, 429 | 503);
    // The watchdog would be half of a quiet shop's log.
    let by_watchdog = status == 200 && request_id == app.watchdog_id;
    if let Some(unlogged) = if turned_away { TURNED_AWAY.next() } else { Some(0) }
        && !by_watchdog
    {
        let others = if unlogged > 0 { format!(" and {unlogged} more like it") } else { String::new() };
        // The method is whatever the client wrote; the log escapes it.
        log::info!(
            id = request_id.as_str(),
            method = short(method),
            route = labels.route,
            status = status,
            duration_ms = (took.as_secs_f64() * 10_000.0).round() / 10.0,
            caller:% = labels.caller;
            "request{others}"
        );
    }
    let mut add = |name: &'static str, value: Cow<'static, str>| response.headers.push((name.into(), value));
    add("X-Request-Id", request_id.into());
    add("X-Content-Type-Options", "nosniff".into());
    let keeps = |(name, _): &(Cow<str>, Cow<str>)| name == "Cache-Control";
    if !response.headers.iter().any(keeps) {
        response.headers.push(("Cache-Control".into(), "no-store".into()));
    }
    response
}

/// The label of a method in the metrics: what clients make up is one label.
fn known_method(method: &str) -> &'static str {
    let known = ROUTES.iter().map(|route| route.method).chain(["HEAD", "OPTIONS"]);
    known.into_iter().find(|known| *known == method).unwrap_or("other")
}

/// No method that anybody means is longer.
fn short(method: &str) -> &str {
    method.get(..16).unwrap_or(method)
}

/// Ids that proxies and clients make: UUIDs, hexadecimal, and the like.
fn is_sane_request_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}
