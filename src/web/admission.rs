//! Who asks for too much is told to wait, before it costs more.
//!
//! Networks are counted first, before anything is read from the database. What staff do is bounded by what
//! their network may ask for, and by nothing else: imports and counts come in their hundreds.

use std::net::IpAddr;

use crate::app::App;
use crate::problem::{self, Problem};
use crate::values::Network;
use crate::web::caller::{Caller, client_address};
use crate::web::route::Route;

/// A /48 may ask for as much as this many of its /64s.
const NETWORKS_OF_A_48: u32 = 4;

/// A longer body counts as several changes: an order of a hundred lines as five, and an ordinary one as one.
const BYTES_A_CHANGE: usize = 1024;

/// The kinds of buckets.
#[derive(Hash)]
enum Kind {
    Requests,
    Writes,
    SignUps,
}

/// Admits a request of which nothing is known but where it comes from.
pub fn admit_request(app: &App, http: &rouille::Request) -> Result<(), Problem> {
    let address = client_address(app, http);
    let a_minute = app.config.network_requests_per_minute;
    of_network(app, Kind::Requests, address, 1, a_minute, "requests")
}

/// Admits a request whose caller is known, to its route.
pub fn admit_call(
    app: &App,
    http: &rouille::Request,
    route: &Route,
    caller: &Caller,
    body_bytes: usize,
) -> Result<(), Problem> {
    if caller.is_staff() {
        return Ok(());
    }
    let config = &app.config;
    let writes = route.writes();
    // What is kept grows with what is sent: rows, and the answer under its key.
    let changes = 1 + u32::try_from(body_bytes / BYTES_A_CHANGE).unwrap_or(u32::MAX / 2);
    if writes {
        let address = client_address(app, http);
        if route.can_take_a_username() {
            let a_minute = config.network_sign_ups_per_minute;
            of_network(app, Kind::SignUps, address, 1, a_minute, "sign-ups")?;
        }
        of_network(app, Kind::Writes, address, changes, config.network_writes_per_minute, "changes")?;
    }
    if let Some(id) = caller.id() {
        of_caller(app, &(Kind::Requests, &id), 1, config.caller_requests_per_minute, "requests")?;
        if writes {
            of_caller(app, &(Kind::Writes, &id), changes, config.caller_writes_per_minute, "changes")?;
        }
    }
    Ok(())
}

fn of_caller(app: &App, of: &(Kind, &String), count: u32, a_minute: u32, what: &str) -> Result<(), Problem> {
    let taken = app.rates.take(of, count, a_minute, app.clock.running());
    taken.map_err(|wait_s| too_many(&format!("{what} with this session"), wait_s))
}

fn of_network(
    app: &App,
    kind: Kind,
    address: IpAddr,
    count: u32,
    a_minute: u32,
    what: &str,
) -> Result<(), Problem> {
    let network = Network::of(address);
    let now = app.clock.running();
    let around = network.around().map(|around| (around, a_minute.saturating_mul(NETWORKS_OF_A_48)));
    for (network, a_minute) in [(network, a_minute)].into_iter().chain(around) {
        let taken = app.rates.take((&kind, network), count, a_minute, now);
        taken.map_err(|wait_s| too_many(&format!("{what} from this network"), wait_s))?;
    }
    Ok(())
}

fn too_many(what: &str, wait_s: u64) -> Problem {
    let detail = format!("Too many {what}. Wait {wait_s} seconds, then go on more slowly.");
    Problem::new(problem::RATE_LIMITED, detail).retry_after(wait_s)
}
