//! The table of contents: every route, who may call it, and the handler that answers.
//!
//! From the table come 405 with `Allow`, `HEAD`, `OPTIONS`, the access check, the route labels in
//! logs and metrics, and the tests that hold it against the documents.

use std::borrow::Cow;
use std::fs::File;
use std::num::NonZero;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Instant;

use rouille::Response;

use crate::app::App;
#[cfg(feature = "desk")]
use crate::desk;
use crate::error::Result;
use crate::handlers::{
    accounts, api_keys, audit, categories, customers, documents, events, health, imports, log_in, mentions,
    metrics, movements, orders, products, purchase_orders, restock, sessions, settings, sign_up, staff,
    stock, stock_takes, stock_value, suppliers, today, verifications, webhooks, welcome, what_if,
};
use crate::http::{Application, Lane, Limits, Needs};
use crate::logging::Sparse;
use crate::problem::Problem;
use crate::random;
use crate::web::admission;
use crate::web::api_key::KeyScope::{
    self, CatalogueRead, CatalogueWrite, CustomersRead, CustomersWrite, EventsRead, OrdersRead, OrdersWrite,
    RestockRead, RestockWrite, StockRead, StockWrite,
};
use crate::web::caller::{self, Identified, Label};
use crate::web::description::Description;
use crate::web::idempotency;
use crate::web::request::{Request, read_body};
use crate::web::response;
use crate::web::route::Access::{self, Anyone, Manager, Open, OwnOrManager, SignedIn, Staff};
use crate::web::route::{BODY_BYTES_MAX, Handler, Route};
use crate::web::upload::Upload;
use crate::web::{cors, wayfinding};

#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("POST",   "/customers",                     Anyone,       Some(CustomersWrite),  sign_up::create),
    route("GET",    "/customers",                     Staff,        Some(CustomersRead),   customers::list),
    route("GET",    "/customers/{id}",                SignedIn,     Some(CustomersRead),   customers::read),
    route("PUT",    "/customers/{id}",                SignedIn,     Some(CustomersWrite),  customers::replace),
    route("PATCH",  "/customers/{id}",                SignedIn,     Some(CustomersWrite),  customers::change),
    route("DELETE", "/customers/{id}",                OwnOrManager, None,                  customers::delete),
    route("GET",    "/customers/{id}/orders",         SignedIn,     Some(OrdersRead),      orders::list_of_customer),

    route("POST",   "/customer_accounts",             SignedIn,     None,                  accounts::create),
    route("GET",    "/customer_accounts",             Staff,        Some(CustomersRead),   accounts::list),
    route("GET",    "/customer_accounts/{id}",        SignedIn,     Some(CustomersRead),   accounts::read),
    route("PUT",    "/customer_accounts/{id}",        SignedIn,     None,                  accounts::replace),
    route("PATCH",  "/customer_accounts/{id}",        SignedIn,     None,                  accounts::change),
    route("DELETE", "/customer_accounts/{id}",        SignedIn,     None,                  accounts::delete),

    route("POST",   "/sessions",                      Open,         None,                  log_in::create),
    route("GET",    "/sessions",                      SignedIn,     None,                  sessions::list),
    route("GET",    "/sessions/current",              SignedIn,     None,                  sessions::read),
    route("DELETE", "/sessions/current",              SignedIn,     None,                  sessions::delete),
    route("GET",    "/sessions/{id}",                 SignedIn,     None,                  sessions::read_one),
    route("DELETE", "/sessions/{id}",                 SignedIn,     None,                  sessions::delete_one),

    route("GET",    "/staff",                         Manager,      None,                  staff::list),
    route("PATCH",  "/staff/current",                 Staff,        None,                  staff::change_own),
    route("GET",    "/staff/{id}",                    Manager,      None,                  staff::read),
    route("PATCH",  "/staff/{id}",                    Manager,      None,                  staff::change),

    route("GET",    "/settings",                      Manager,      None,                  settings::read),

    route("GET",    "/audit",                         Manager,      None,                  audit::list),

    route("GET",    "/events",                        Staff,        Some(EventsRead),      events::list),

    route("GET",    "/today",                         Staff,        None,                  today::read),
    route("POST",   "/verifications",                 Manager,      None,                  verifications::create),
    route("GET",    "/verifications",                 Manager,      None,                  verifications::list),
    route("GET",    "/verifications/{id}",            Manager,      None,                  verifications::read),

    route("POST",   "/api_keys",                      Manager,      None,                  api_keys::create),
    route("GET",    "/api_keys",                      Manager,      None,                  api_keys::list),
    route("GET",    "/api_keys/{id}",                 Manager,      None,                  api_keys::read),
    route("DELETE", "/api_keys/{id}",                 Manager,      None,                  api_keys::revoke),

    route("POST",   "/webhooks",                      Manager,      None,                  webhooks::create),
    route("GET",    "/webhooks",                      Manager,      None,                  webhooks::list),
    route("GET",    "/webhooks/{id}",                 Manager,      None,                  webhooks::read),
    route("PATCH",  "/webhooks/{id}",                 Manager,      None,                  webhooks::change),
    route("DELETE", "/webhooks/{id}",                 Manager,      None,                  webhooks::delete),
    route("POST",   "/webhooks/{id}/rotate_secret",   Manager,      None,                  webhooks::rotate_secret),
    route("POST",   "/webhooks/{id}/replay",          Manager,      None,                  webhooks::post_replay),
    route("GET",    "/webhooks/{id}/attempts",        Manager,      None,                  webhooks::list_attempts),

    route("GET",    "/products",                      Anyone,       Some(CatalogueRead),   products::list),
    route("POST",   "/products",                      Staff,        Some(CatalogueWrite),  products::create).taking(products::BODY_BYTES_MAX),
    route("GET",    "/products/{id}",                 Anyone,       Some(CatalogueRead),   products::read),
    route("PUT",    "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::replace).taking(products::BODY_BYTES_MAX),
    route("PATCH",  "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::change).taking(products::BODY_BYTES_MAX),
    route("DELETE", "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::delete),
    route("POST",   "/products/{id}/restore",         Staff,        Some(CatalogueWrite),  products::post_restore),
    route("GET",    "/categories",                    Anyone,       Some(CatalogueRead),   categories::list),

    route("POST",   "/orders",                        SignedIn,     Some(OrdersWrite),     orders::create),
    route("GET",    "/orders",                        SignedIn,     Some(OrdersRead),      orders::list),
    route("GET",    "/orders/{id}",                   SignedIn,     Some(OrdersRead),      orders::read),
    route("PATCH",  "/orders/{id}",                   SignedIn,     Some(OrdersWrite),     orders::patch),
    route("GET",    "/orders/{id}/track",             SignedIn,     Some(OrdersRead),      orders::track),
    route("POST",   "/orders/{id}/confirm",           Staff,        Some(OrdersWrite),     orders::post_confirm),
    route("POST",   "/orders/{id}/cancel",            SignedIn,     Some(OrdersWrite),     orders::post_cancel),
    route("POST",   "/orders/{id}/ship",              Staff,        Some(OrdersWrite),     orders::post_ship),
    route("POST",   "/orders/{id}/deliver",           Staff,        Some(OrdersWrite),     orders::post_deliver),
    route("POST",   "/orders/{id}/lost",              Staff,        Some(OrdersWrite),     orders::post_lost),
    route("POST",   "/orders/{id}/returned",          Staff,        Some(OrdersWrite),     orders::post_returned),
    route("POST",   "/orders/{id}/reopen",            Manager,      None,                  orders::post_reopen),

    route("GET",    "/stock",                         Staff,        Some(StockRead),       stock::list),
    route("GET",    "/stock/value",                   Manager,      Some(RestockRead),     stock_value::read),
    route("GET",    "/stock/movements",               Staff,        Some(StockRead),       movements::list_of_shop),
    route("GET",    "/products/{id}/stock",           Staff,        Some(StockRead),       stock::read),
    route("PATCH",  "/products/{id}/stock",           Staff,        Some(StockWrite),      stock::change_policy),
    route("GET",    "/products/{id}/stock/movements", Staff,        Some(StockRead),       movements::list),
    route("POST",   "/products/{id}/stock/movements", Staff,        Some(StockWrite),      movements::create),
    route("POST",   "/products/{id}/stock/what-if",   Staff,        Some(StockRead),       what_if::ask).only_asking(),
    route("GET",    "/products/{id}/stock/history",   Staff,        Some(StockRead),       movements::read_history),
    route("GET",    "/products/{id}/stock/demand",    Staff,        Some(StockRead),       stock::read_demand),
    route("PATCH",  "/stock/movements/{id}",          Manager,      None,                  mentions::change_note),
    route("GET",    "/mentions",                      Manager,      None,                  mentions::list),

    route("POST",   "/stock_takes",                   Staff,        Some(StockWrite),      stock_takes::create),
    route("GET",    "/stock_takes",                   Staff,        Some(StockRead),       stock_takes::list),
    route("GET",    "/stock_takes/{id}",              Staff,        Some(StockRead),       stock_takes::read),
    route("PATCH",  "/stock_takes/{id}",              Staff,        Some(StockWrite),      stock_takes::patch),
    route("GET",    "/stock_takes/{id}/lines",        Staff,        Some(StockRead),       stock_takes::list_lines),
    route("POST",   "/stock_takes/{id}/counts",       Staff,        Some(StockWrite),      stock_takes::post_counts),
    route("DELETE", "/stock_takes/{id}/counts/{product_id}", Staff, Some(StockWrite),      stock_takes::delete_count),
    route("POST",   "/stock_takes/{id}/book",         Staff,        Some(StockWrite),      stock_takes::post_book),
    route("POST",   "/stock_takes/{id}/cancel",       Staff,        Some(StockWrite),      stock_takes::post_cancel),

    route("POST",   "/imports",                       Manager,      None,                  imports::create).taking_a_file(imports::FILE_BYTES_MAX),
    route("GET",    "/imports",                       Manager,      None,                  imports::list),
    route("GET",    "/imports/{id}",                  Manager,      None,                  imports::read),
    route("GET",    "/imports/{id}/rows",             Manager,      None,                  imports::list_rows),
    route("POST",   "/imports/{id}/apply",            Manager,      None,                  imports::post_apply),
    route("POST",   "/imports/{id}/undo",             Manager,      None,                  imports::post_undo),

    route("GET",    "/restock/plan",                  Staff,        Some(RestockRead),     restock::plan),
    route("POST",   "/restock/runs",                  Staff,        Some(RestockWrite),    restock::create_run),
    route("GET",    "/restock/runs",                  Staff,        Some(RestockRead),     restock::list_runs),
    route("GET",    "/restock/runs/{id}",             Staff,        Some(RestockRead),     restock::read_run),
    route("POST",   "/purchase_orders",               Staff,        Some(RestockWrite),    purchase_orders::create),
    route("GET",    "/purchase_orders",               Staff,        Some(RestockRead),     purchase_orders::list),
    route("GET",    "/purchase_orders/{id}",          Staff,        Some(RestockRead),     purchase_orders::read),
    route("PATCH",  "/purchase_orders/{id}",          Staff,        Some(RestockWrite),    purchase_orders::patch),
    route("GET",    "/purchase_orders/{id}/csv",      Staff,        Some(RestockRead),     purchase_orders::csv),
    route("GET",    "/purchase_orders/{id}/mail",     Staff,        Some(RestockRead),     purchase_orders::mail),
    route("GET",    "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockRead),  purchase_orders::read_line),
    route("PUT",    "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockWrite), purchase_orders::put_line),
    route("DELETE", "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockWrite), purchase_orders::delete_line),
    route("POST",   "/purchase_orders/{id}/split",    Staff,        Some(RestockWrite),    purchase_orders::post_split),
    route("POST",   "/purchase_orders/{id}/merge",    Staff,        Some(RestockWrite),    purchase_orders::post_merge),
    route("POST",   "/purchase_orders/{id}/order",    Staff,        Some(RestockWrite),    purchase_orders::post_order),
    route("POST",   "/purchase_orders/{id}/receive",  Staff,        Some(RestockWrite),    purchase_orders::post_receive),
    route("POST",   "/purchase_orders/{id}/cancel",   Staff,        Some(RestockWrite),    purchase_orders::post_cancel),

    route("POST",   "/suppliers",                     Manager,      Some(RestockWrite),    suppliers::create),
    route("GET",    "/suppliers",                     Manager,      Some(RestockRead),     suppliers::list),
    route("GET",    "/suppliers/{id}",                Manager,      Some(RestockRead),     suppliers::read),
    route("PUT",    "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::replace),
    route("PATCH",  "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::change),
    route("DELETE", "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::delete),
    route("POST",   "/suppliers/{id}/restore",        Manager,      Some(RestockWrite),    suppliers::post_restore),
    route("GET",    "/suppliers/{id}/lead_times",     Manager,      Some(RestockRead),     suppliers::read_lead_times),
    route("GET",    "/suppliers/{id}/products",       Manager,      Some(RestockRead),     suppliers::list_of_supplier),
    route("GET",    "/suppliers/{id}/products/{product_id}", Manager, Some(RestockRead),   suppliers::read_offer),
    route("PUT",    "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::replace_offer),
    route("PATCH",  "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::change_offer),
    route("DELETE", "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::delete_offer),
    route("GET",    "/products/{id}/suppliers",       Manager,      Some(RestockRead),     suppliers::list_of_product),

    route("GET",    "/healthz",                       Open,         None,                  health::alive),
    route("GET",    "/readyz",                        Open,         None,                  health::ready),

    route("GET",    "/",                              Open,         None,                  welcome::read),
    route("GET",    "/openapi.json",                  Open,         None,                  description),
    route("GET",    "/docs",                          Open,         None,                  documents::page),
    route("GET",    "/docs/scalar.js",                Open,         None,                  documents::script),
];

/// What the internal listener answers: for the machine itself, so it asks nobody who they are.
#[rustfmt::skip]
const INTERNAL_ROUTES: &[Route] = &[
    route("GET",    "/healthz",                       Open,         None,                  health::alive),
    route("GET",    "/readyz",                        Open,         None,                  health::ready),
    route("GET",    "/metrics",                       Open,         None,                  metrics::read),
];

/// What each feature says of itself in the OpenAPI document.
const PARTS: &[&str] = &[
    include_str!("handlers/sessions.json"),
    include_str!("handlers/customers.json"),
    include_str!("handlers/accounts.json"),
    include_str!("handlers/staff.json"),
    include_str!("handlers/api_keys.json"),
    include_str!("handlers/audit.json"),
    include_str!("handlers/events.json"),
    include_str!("handlers/webhooks.json"),
    include_str!("handlers/today.json"),
    include_str!("handlers/verifications.json"),
    include_str!("handlers/products.json"),
    include_str!("handlers/categories.json"),
    include_str!("handlers/orders.json"),
    include_str!("handlers/stock.json"),
    include_str!("handlers/stock_takes.json"),
    include_str!("handlers/imports.json"),
    include_str!("handlers/what_if.json"),
    include_str!("handlers/mentions.json"),
    include_str!("handlers/restock.json"),
    include_str!("handlers/purchase_orders.json"),
    include_str!("handlers/suppliers.json"),
    include_str!("handlers/settings.json"),
    include_str!("handlers/health.json"),
    include_str!("handlers/welcome.json"),
    include_str!("handlers/documents.json"),
];

/// The OpenAPI document. The tests hold every answer that they receive against it.
pub static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description::new(ROUTES, PARTS));

/// `GET /openapi.json`.
fn description(_: &App, request: &Request) -> Result<Response> {
    Ok(documents::description(request, &DESCRIPTION))
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    scope: Option<KeyScope>,
    handler: Handler,
) -> Route {
    Route {
        method,
        path,
        access,
        scope,
        handler,
        body_bytes: BODY_BYTES_MAX,
        takes_file: false,
        only_asks: false,
    }
}

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
fn dispatch_with(app: &App, http: &rouille::Request, body: Option<File>) -> Response {
    let mut response = dispatch_among(ROUTES, app, http, body);
    if !is_for_people(http.raw_url()) {
        let origins = &app.config.allowed_origins;
        cors::open(&mut response, origins, http.header("Origin"), cors::is_preflight(http, origins));
    }
    response
}

/// Whether it is a page of the desk, which knows a cookie, so that no page of another origin may read it.
#[cfg(feature = "desk")]
fn is_for_people(target: &str) -> bool {
    desk::is_at(without_query(target))
}

/// A build without the desk has no such page.
#[cfg(not(feature = "desk"))]
fn is_for_people(_: &str) -> bool {
    false
}

fn dispatch_among(routes: &[Route], app: &App, http: &rouille::Request, body: Option<File>) -> Response {
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

/// The shop as an application for [`http::start`].
pub fn application(app: &Arc<App>) -> Application {
    let (handling, refusing, locating) = (app.clone(), app.clone(), app.clone());
    Application {
        handle: Box::new(move |request, body| dispatch_with(&handling, request, body)),
        refuse: Box::new(move |problem, asked| {
            let mut response = refuse(&refusing, problem, &asked.target);
            if !is_for_people(&asked.target) {
                let origin = asked.origin.as_deref();
                cors::open(&mut response, &refusing.config.allowed_origins, origin, false);
            }
            response
        }),
        needs: Box::new(needs),
        client: Box::new(move |request| caller::client_address(&locating, request)),
    }
}

/// What the internal listener serves, to no page of any origin. It has connections and workers of its own, so that
/// no crowd at the other one keeps the watchdog out.
pub fn internal_application(app: &Arc<App>) -> Application {
    let (handling, refusing) = (app.clone(), app.clone());
    Application {
        handle: Box::new(move |request, body| dispatch_among(INTERNAL_ROUTES, &handling, request, body)),
        refuse: Box::new(move |problem, asked| refuse(&refusing, problem, &asked.target)),
        needs: Box::new(needs),
        client: Box::new(|request| request.remote_addr().ip()),
    }
}

/// One reads the database at a time. A watchdog and a monitor or two need a connection each.
pub const INTERNAL_LIMITS: Limits = Limits {
    connections: 16,
    connections_per_address: usize::MAX,
    behind_proxy: false,
    database_connections: 1,
    reads: 1,
};

/// What a request will need, from its method and target.
fn needs(method: &str, target: &str) -> Needs {
    let (method, path) = (get_for_head(method), without_query(target));
    #[cfg(feature = "desk")]
    if desk::is_at(path) {
        let lane = if method == "POST" { Lane::Change } else { Lane::Read };
        return Needs { lane, body_bytes: desk::BODY_BYTES_MAX, body_in_file: false };
    }
    let mut routes = ROUTES.iter().chain(INTERNAL_ROUTES);
    let route = routes.find(|route| route.method == method && route.matches(path).is_some());
    Needs {
        lane: route.map_or(Lane::NoDatabase, lane),
        body_bytes: route.map_or(BODY_BYTES_MAX, |route| route.body_bytes),
        body_in_file: route.is_some_and(|route| route.takes_file),
    }
}

/// A login writes, but waits for no lock that is held for long, so it goes with
/// the reads and is never stuck behind changes.
fn lane(route: &Route) -> Lane {
    match (route.method, route.path) {
        ("POST", "/sessions") => Lane::Read,
        ("GET", "/products/{id}") => Lane::SharedRead,
        ("GET", "/metrics") => Lane::Read,
        ("GET", _) if route.access == Open => Lane::NoDatabase,
        _ if route.writes() => Lane::Change,
        _ => Lane::Read,
    }
}

/// Reads at once for each core: one that the database works on while another is read or written here. On two
/// cores eight cost a tenth more processor time than four, and each connection that has read much holds 3 MiB.
const READS_A_CORE: usize = 2;

/// The limits of the listener under these settings.
pub fn limits(app: &App) -> Limits {
    let database_connections = app.config.database_connections as usize;
    let cores = available_parallelism().map_or(1, NonZero::get);
    Limits {
        connections: app.config.max_connections,
        connections_per_address: match app.config.max_connections_per_address {
            0 => usize::MAX,
            most => most,
        },
        behind_proxy: app.config.client_address_header.is_some(),
        database_connections,
        reads: Limits::reads_of(database_connections, READS_A_CORE * cores),
    }
}

/// The answer to what could not be read as a request, or was not let in; logged like any other.
fn refuse(app: &App, problem: Problem, target: &str) -> Response {
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
        let (response, route, caller) = desk::answer(ROUTES, app, http, request_id);
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
            (route.handler)(app, &request)?
        }
    };
    Ok(if route.may_be_kept() { response.with_unique_header("Cache-Control", "no-cache") } else { response })
}

fn without_query(target: &str) -> &str {
    target.split('?').next().unwrap_or("")
}

/// The method of the route: HEAD is answered by those that take GET.
fn get_for_head(method: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_positive_ids_match() {
        let route = ROUTES.iter().find(|route| route.path == "/orders/{id}/track").unwrap();
        assert_eq!(route.matches("/orders/17/track"), Some((17, 0)));
        for path in [
            "/orders/17",
            "/orders/017/track",
            "/orders/0/track",
            "/orders/-1/track",
            "/orders/%31/track",
            "/orders/9223372036854775808/track",
            "/orders/17/track/",
            "/orders//track",
        ] {
            assert_eq!(route.matches(path), None, "{path}");
        }
    }

    #[test]
    fn a_product_within_something_has_an_id_of_its_own() {
        let route =
            ROUTES.iter().find(|route| route.path == "/suppliers/{id}/products/{product_id}").unwrap();
        assert_eq!(route.matches("/suppliers/3/products/7"), Some((3, 7)));
        for path in [
            "/suppliers/3/products/",
            "/suppliers/3/products",
            "/suppliers//products/7",
            "/suppliers/3/products/07",
            "/suppliers/3/products/7/",
            "/suppliers/3/products/7/products/9",
            "/suppliers/3/product/7",
        ] {
            assert_eq!(route.matches(path), None, "{path}");
        }
    }

    #[test]
    fn no_route_appears_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            let same = |other: &Route| (other.method, other.path) == (route.method, route.path);
            assert!(!ROUTES[index + 1..].iter().any(same), "{} {}", route.method, route.path);
        }
    }
}
