//! The shop as `http` serves it: one application for everybody, and one for the machine itself, with what each request
//! needs and how many may be at once.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use crate::app::App;
#[cfg(feature = "desk")]
use crate::desk;
use crate::dispatch::{dispatch_among, dispatch_with, get_for_head, is_for_people, refuse, without_query};
use crate::http::{Application, Lane, Limits, Needs};
use crate::routes::{INTERNAL_ROUTES, ROUTES};
use crate::web::route::Access::Open;
use crate::web::route::{BODY_BYTES_MAX, Route};
use crate::web::{caller, cors};

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
        let file_bytes = desk::file_bytes_max(ROUTES, path).filter(|_| method == "POST");
        let body_bytes = desk::BODY_BYTES_MAX + file_bytes.unwrap_or_default();
        return Needs { lane, body_bytes, body_in_file: file_bytes.is_some() };
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
