//! What the listening thread and the workers have in common.

use std::fs::File;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rouille::{Request, Response};

use crate::http::connection::{Connection, Progress};
use crate::http::head::Asked;
use crate::http::needs::NeedsOf;
use crate::http::places::{ByNetwork, Count, NetworkPlace, Place};
use crate::http::queue::{Job, Limits, Queue};
use crate::http::waiting::Waiting;
use crate::problem::{self, Problem};
use crate::values::Network;

/// What one read takes: a head and most bodies.
pub const READ_BYTES: usize = 16 * 1024;
/// Of a drain, the time in which what arrives on a connection that is open is answered, and the connection ended with that. A
/// proxy cannot know that a connection closes while it sends on it, and what changes something is not to be sent again.
const STILL_HEARD: Duration = Duration::from_millis(200);
/// This many connections beyond the limit are told so; more are closed without a word.
const TURNED_AWAY_MAX: usize = 64;

/// Words what never became a request, or was not let in, for whoever asked.
pub type Refuse = Box<dyn Fn(Problem, &Asked) -> Response + Send + Sync>;

/// Any rouille application. It is given the file of a long body where it asked for that; then the request has none.
pub type Handle = Box<dyn Fn(&Request, Option<File>) -> Response + Send + Sync>;

/// What answers.
pub struct Application {
    pub handle: Handle,
    pub refuse: Refuse,
    /// What a request will need, from its method and target.
    pub needs: NeedsOf,
    /// Where it comes from: the peer's address, or what a proxy says.
    pub client: Box<dyn Fn(&Request) -> IpAddr + Send + Sync>,
}

pub struct Shared {
    pub application: Application,
    pub limits: Limits,
    pub waiting: Waiting,
    pub queue: Queue,
    draining_since: OnceLock<Instant>,
    pub stopped: AtomicBool,
    last_key: AtomicUsize,
    /// The door, as long as it lets somebody in.
    pub doors: Arc<Count>,
    pub served: Arc<Count>,
    pub turned_away: Arc<Count>,
    networks: Arc<ByNetwork>,
    /// Bodies that are not in memory.
    pub spooled: Arc<Count>,
}

impl Shared {
    pub fn new(application: Application, limits: Limits) -> std::io::Result<Shared> {
        Ok(Shared {
            application,
            limits,
            waiting: Waiting::new()?,
            queue: Queue::default(),
            draining_since: OnceLock::new(),
            stopped: AtomicBool::new(false),
            last_key: AtomicUsize::new(0),
            doors: Arc::default(),
            served: Arc::default(),
            turned_away: Arc::default(),
            networks: Arc::default(),
            spooled: Arc::default(),
        })
    }

    pub fn drain(&self) {
        let _ = self.draining_since.set(Instant::now());
    }

    pub fn is_draining(&self) -> bool {
        self.draining_since.get().is_some()
    }

    /// Whether what comes now comes too late for this process.
    pub fn hears_no_more(&self) -> bool {
        self.draining_since.get().is_some_and(|since| since.elapsed() >= STILL_HEARD)
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// A new connection's places, in all and in its network, or why there is none.
    pub fn take_place(&self, client: IpAddr) -> Result<(Place, Option<NetworkPlace>), Problem> {
        let place = Count::enter(&self.served, self.limits.connections);
        let place =
            place.ok_or_else(|| Problem::busy("Too many connections at once. Try again in a moment."))?;
        if self.limits.behind_proxy && client.to_canonical().is_loopback() {
            return Ok((place, None));
        }
        match ByNetwork::enter(&self.networks, client, self.limits.connections_per_address) {
            Some(of_network) => Ok((place, Some(of_network))),
            None => Err(Problem::busy("Too many connections at once from your address. Close some of them.")),
        }
    }

    pub fn take_turned_away(&self) -> Option<Place> {
        Count::enter(&self.turned_away, TURNED_AWAY_MAX)
    }

    /// Reads what has arrived. Returns what is to be done, or None when the connection waits for more or has
    /// ended.
    pub fn receive(&self, mut connection: Connection, buffer: &mut [u8]) -> Option<Job> {
        match connection.receive(buffer, &self.application.needs, &self.spooled) {
            Progress::Request(mut received) => {
                received.network = Network::of((self.application.client)(&received.http));
                Some(Job::Run(connection, received))
            }
            Progress::Refused(problem) => Some(Job::Refuse(connection, problem)),
            Progress::Wait if !self.hears_no_more() || connection.is_in_flight() => {
                self.wait(connection);
                None
            }
            Progress::Wait | Progress::Answered | Progress::Closed => None,
        }
    }

    /// Gives a connection back to the door.
    pub fn wait(&self, connection: Connection) {
        self.waiting.hold(connection, || self.last_key.fetch_add(1, Ordering::Relaxed) + 1);
    }
}

pub fn shutting_down() -> Problem {
    Problem::new(problem::SHUTTING_DOWN, "Try again in a moment; the service is restarting.").retry_after(1)
}
