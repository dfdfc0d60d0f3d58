//! The table of contents: every route, who may call it, and the handler that answers.
//!
//! From the table come 405 with `Allow`, `HEAD`, `OPTIONS`, the access check, the route labels in
//! logs and metrics, and the tests that hold it against the documents.

use rouille::Response;

use crate::app::App;
use crate::error::Result;
use crate::handlers::sessions::{self, Caller};
use crate::handlers::{accounts, customers, documents, health, orders, products, restock, stock};
use crate::values::Id;
use crate::web::problem::{self, Problem};
use crate::web::reply::{self, Caching};
use crate::web::request::Request;

pub struct Route {
    pub method: &'static str,
    /// Segments in braces stand for an id.
    pub path: &'static str,
    pub access: Access,
    pub handler: Handler,
}

pub type Handler = fn(&App, &Request) -> Result<Response>;

/// Who may call. Whose things a customer may touch is decided in the handlers' SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anyone,
    /// Anyone, and a session token is not even looked at: logging in with a stale token works, and a
    /// health check needs no database.
    Open,
    /// A customer, for what is theirs, or staff.
    SignedIn,
    Staff,
}

use Access::{Anyone, Open, SignedIn, Staff};

#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("POST",   "/customers",                    Anyone,   customers::create),
    route("GET",    "/customers",                    Staff,    customers::list),
    route("GET",    "/customers/{id}",               SignedIn, customers::read),
    route("PUT",    "/customers/{id}",               SignedIn, customers::replace),
    route("PATCH",  "/customers/{id}",               SignedIn, customers::change),
    route("DELETE", "/customers/{id}",               SignedIn, customers::delete),
    route("GET",    "/customers/{id}/orders",        SignedIn, orders::list_of_customer),

    route("POST",   "/customer_accounts",            SignedIn, accounts::create),
    route("GET",    "/customer_accounts",            Staff,    accounts::list),
    route("GET",    "/customer_accounts/{id}",       SignedIn, accounts::read),
    route("PUT",    "/customer_accounts/{id}",       SignedIn, accounts::replace),
    route("PATCH",  "/customer_accounts/{id}",       SignedIn, accounts::change),
    route("DELETE", "/customer_accounts/{id}",       SignedIn, accounts::delete),

    route("POST",   "/sessions",                     Open,     sessions::create),
    route("GET",    "/sessions/current",             SignedIn, sessions::read),
    route("DELETE", "/sessions/current",             SignedIn, sessions::delete),

    route("GET",    "/products",                     Anyone,   products::list),
    route("POST",   "/products",                     Staff,    products::create),
    route("GET",    "/products/{id}",                Anyone,   products::read),
    route("PUT",    "/products/{id}",                Staff,    products::replace),
    route("PATCH",  "/products/{id}",                Staff,    products::change),
    route("DELETE", "/products/{id}",                Staff,    products::archive),

    route("POST",   "/orders",                       SignedIn, orders::place),
    route("GET",    "/orders",                       SignedIn, orders::list),
    route("GET",    "/orders/{id}",                  SignedIn, orders::read),
    route("PATCH",  "/orders/{id}",                  Staff,    orders::reschedule),
    route("GET",    "/orders/{id}/track",            SignedIn, orders::track),
    route("POST",   "/orders/{id}/cancel",           SignedIn, orders::cancel),
    route("POST",   "/orders/{id}/ship",             Staff,    orders::ship),
    route("POST",   "/orders/{id}/deliver",          Staff,    orders::deliver),

    route("GET",    "/stock",                        Staff,    stock::list),
    route("GET",    "/products/{id}/stock",          Staff,    stock::read),
    route("PATCH",  "/products/{id}/stock",          Staff,    stock::change_policy),
    route("GET",    "/products/{id}/stock/movements", Staff,   stock::list_movements),
    route("POST",   "/products/{id}/stock/movements", Staff,   stock::create_movement),

    route("GET",    "/restock/plan",                 Staff,    restock::plan),
    route("POST",   "/restock/runs",                 Staff,    restock::run),
    route("GET",    "/restock/runs",                 Staff,    restock::list_runs),
    route("GET",    "/restock/runs/{id}",            Staff,    restock::read_run),
    route("GET",    "/restock_orders",               Staff,    restock::list_orders),
    route("GET",    "/restock_orders/{id}",          Staff,    restock::read_order),
    route("POST",   "/restock_orders/{id}/receive",  Staff,    restock::receive),
    route("POST",   "/restock_orders/{id}/cancel",   Staff,    restock::cancel),

    route("GET",    "/healthz",                      Open,     health::alive),
    route("GET",    "/readyz",                       Open,     health::ready),
    route("GET",    "/metrics",                      Staff,    health::metrics),

    route("GET",    "/openapi.json",                 Open,     documents::description),
    route("GET",    "/docs",                         Open,     documents::page),
    route("GET",    "/docs/scalar.js",               Open,     documents::script),
];

const fn route(method: &'static str, path: &'static str, access: Access, handler: Handler) -> Route {
    Route { method, path, access, handler }
}

impl Route {
    /// The id in `path` when it fits this route; 0 when the route has none.
    fn matches(&self, path: &str) -> Option<Id> {
        let mut path_id = 0;
        let mut wanted = self.path.split('/');
        let mut given = path.split('/');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(path_id),
                (Some("{id}"), Some(segment)) => path_id = parse_id(segment)?,
                (Some(name), Some(segment)) if name == segment => {}
                _ => return None,
            }
        }
    }

    /// Catalogue reads and what comes with the program may be kept and revalidated; everything else is
    /// nobody's to keep.
    fn caching(&self) -> Caching {
        match (self.method, self.path) {
            ("GET", "/products" | "/products/{id}") => Caching::Revalidate,
            ("GET", "/openapi.json" | "/docs" | "/docs/scalar.js") => Caching::Revalidate,
            _ => Caching::Never,
        }
    }
}

/// Ids are written in one way only: digits without a leading zero. Larger ones than the database can
/// hold name nothing.
fn parse_id(segment: &str) -> Option<Id> {
    let digits = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    if !digits || segment.starts_with('0') {
        return None;
    }
    segment.parse().ok().filter(|&id| id <= i64::MAX as Id)
}

/// What the log and the metrics say about a request beside its answer.
pub struct Labels {
    /// The route's pattern, never the path with its ids.
    pub route: &'static str,
    pub caller: &'static str,
}

/// Nothing is known of the request yet.
pub const UNKNOWN: Labels = Labels { route: "-", caller: "-" };

/// Answers one request whose body has been read. `labels` are filled in as they become known.
pub fn dispatch(
    app: &App,
    http: &rouille::Request,
    body: &[u8],
    request_id: &str,
    labels: &mut Labels,
) -> Response {
    let answered = answer(app, http, body, labels);
    answered.unwrap_or_else(|error| error.into_problem().into_response(request_id))
}

fn answer(app: &App, http: &rouille::Request, body: &[u8], labels: &mut Labels) -> Result<Response> {
    let path = http.raw_url().split('?').next().unwrap_or("");
    let on_path = || ROUTES.iter().filter_map(|route| Some((route, route.matches(path)?)));
    let Some((first, _)) = on_path().next() else {
        let detail = "No such path. The README lists the routes.";
        return Err(Problem::new(problem::NOT_FOUND, detail).into());
    };
    labels.route = first.path;
    let method = match http.method() {
        "HEAD" => "GET",
        method => method,
    };
    let Some((route, path_id)) = on_path().find(|(route, _)| route.method == method) else {
        let allow = allowed_methods(on_path().map(|(route, _)| route.method));
        return match method {
            "OPTIONS" => Ok(reply::no_content().with_unique_header("Allow", allow)),
            _ => {
                let detail = format!("Use one of {allow} here.");
                Err(Problem::new(problem::METHOD_NOT_ALLOWED, detail).with_header("Allow", allow).into())
            }
        };
    };
    let caller = match route.access {
        Open => Caller::Anyone,
        _ => sessions::identify(app, http)?,
    };
    labels.caller = caller.kind();
    check_access(route.access, &caller)?;
    let request = Request { http, body, route, caller, path_id };
    let response = (route.handler)(app, &request)?;
    Ok(match route.caching() {
        Caching::Revalidate => response.with_unique_header("Cache-Control", "no-cache"),
        Caching::Never => response,
    })
}

fn check_access(access: Access, caller: &Caller) -> Result<()> {
    match (access, caller) {
        (Anyone | Open, _) | (_, Caller::Staff { .. }) | (SignedIn, Caller::Customer { .. }) => Ok(()),
        (_, Caller::Anyone) => Err(Problem::unauthenticated().into()),
        (Staff, Caller::Customer { .. }) => {
            Err(Problem::new(problem::FORBIDDEN, "Log in with a staff account to do this.").into())
        }
    }
}

fn allowed_methods(methods: impl Iterator<Item = &'static str>) -> String {
    let mut allowed: Vec<&str> = methods.collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_positive_ids_match() {
        let route = ROUTES.iter().find(|route| route.path == "/orders/{id}/track").unwrap();
        assert_eq!(route.matches("/orders/17/track"), Some(17));
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
    fn no_route_stands_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            let same = |other: &Route| (other.method, other.path) == (route.method, route.path);
            assert!(!ROUTES[index + 1..].iter().any(same), "{} {}", route.method, route.path);
        }
    }
}
