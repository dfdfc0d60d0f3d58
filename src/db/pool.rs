//! The pool of connections, without a round trip of its own.
//!
//! r2d2 would ping when a connection is taken and r2d2_mysql when it is given back. Neither is
//! done: a dead connection shows at the first statement, which [`super::transaction`] handles.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use mysql::Conn;

use crate::allocator;
use crate::db::statements::{Statements, kept_max};
use crate::db::turns::Turns;
use crate::error::{Error, Result};
use crate::servers::Servers;

/// A request that finds no free connection in this time is answered 503 instead of queueing on.
const CHECKOUT_MAX: Duration = Duration::from_secs(1);
/// No statement of a request comes near this; a lock is waited for 3 s at most.
const STATEMENT_MAX: Duration = Duration::from_secs(10);
/// Connections are replaced after a while, so that a changed server setting reaches all of them.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 60);
/// What a rush opened is closed again when nobody has used it for so long: a connection that has worked holds a
/// mebibyte or two here (buffers as large as its largest answer, prepared statements) and more at the server.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Free connections that stay, so that the first customer after a quiet hour does not wait for one.
const IDLE_KEPT: u32 = 2;
/// So long after a write that found no room the service is not ready. Nothing but a write tells that there
/// is some again, and nobody may send one meanwhile, so this ends by itself.
const FULL_FOR: Duration = Duration::from_secs(15);

/// Where there are several servers, so often it is looked whether another one is to be used: a server that hangs is left within
/// two seconds, and the first one is gone back to soon after it is ready again.
const LOOK_ROUND_EVERY: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub struct Pool {
    pub(super) servers: Servers,
    connections: r2d2::Pool<Manager>,
    generation: Arc<AtomicU64>,
    /// How often a transaction was run again.
    pub(super) reruns: Arc<AtomicU64>,
    /// When a write last found no room.
    full_at: Arc<Mutex<Option<Instant>>>,
    pub(super) turns: Arc<Turns>,
}

pub type Pooled = r2d2::PooledConnection<Manager>;

/// Opens a pool of at most `size` connections. They are opened in the background and as they are needed, so a database that
/// is down does not hold up the start.
pub fn open_pool(database_url: &str, size: u32) -> Result<Pool> {
    // [`Statements`] keeps what is prepared.
    let servers = servers(database_url)?.with(|options| {
        options.read_timeout(Some(STATEMENT_MAX)).write_timeout(Some(STATEMENT_MAX)).stmt_cache_size(0)
    });
    let generation = Arc::new(AtomicU64::new(0));
    if servers.are_several() {
        look_round(servers.clone(), Arc::downgrade(&generation))?;
    }
    let manager = Manager { servers: servers.clone(), size, generation: generation.clone() };
    let connections = r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(IDLE_KEPT.min(size)))
        .idle_timeout(Some(IDLE_MAX))
        .connection_timeout(CHECKOUT_MAX)
        .max_lifetime(Some(LIFETIME_MAX))
        .test_on_check_out(false)
        .error_handler(Box::new(LogConnectErrors))
        .build_unchecked(manager);
    Ok(Pool {
        servers,
        connections,
        generation,
        reruns: Arc::default(),
        full_at: Arc::default(),
        turns: Arc::new(Turns::new(size)),
    })
}

/// A connection outside any pool, without a limit on how long a statement may take: for the
/// commands of an operator.
pub fn connect_alone(database_url: &str) -> Result<Conn> {
    Ok(servers(database_url)?.connect()?)
}

fn servers(database_url: &str) -> Result<Servers> {
    Servers::parse(database_url).map_err(|must| Error::Internal(format!("the database's address {must}")))
}

/// Has connections replaced when another server is to be used, as long as there is a pool.
fn look_round(servers: Servers, generation: Weak<AtomicU64>) -> Result<()> {
    let look = move || {
        loop {
            thread::sleep(LOOK_ROUND_EVERY);
            let Some(generation) = generation.upgrade() else { return };
            if servers.look_round() {
                generation.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let started = thread::Builder::new().name("servers".into()).spawn(look);
    started.map(drop).map_err(|cause| Error::Internal(format!("no thread can be started: {cause}")))
}

impl Pool {
    /// A connection that was not lost as far as is known.
    pub fn take(&self) -> Result<Pooled> {
        loop {
            let mut connection = self.connections.get().map_err(Error::NoConnection)?;
            if connection.generation == self.generation.load(Ordering::Relaxed) {
                return Ok(connection);
            }
            connection.usable = false;
        }
    }

    /// A connection was lost, so the others were probably too: a restarted server has closed all.
    /// They are replaced when they are taken next.
    pub fn distrust(&self, lost: &Pooled) {
        let old = lost.generation;
        let _ = self.generation.compare_exchange(old, old + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A write found no room for what it would add.
    pub fn note_storage_full(&self) {
        *self.full_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a write found no room so lately that the next one will hardly find some.
    pub fn was_full_lately(&self) -> bool {
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.is_some_and(|at| at.elapsed() < FULL_FOR)
    }

    /// How many transactions met another one and were run again.
    pub fn reruns(&self) -> u64 {
        self.reruns.load(Ordering::Relaxed)
    }

    /// Connections that are open now, and those of them that are free.
    pub fn state(&self) -> (u32, u32) {
        let state = self.connections.state();
        (state.connections, state.idle_connections)
    }
}

pub struct Manager {
    servers: Servers,
    /// How many connections share what this process may keep prepared.
    size: u32,
    generation: Arc<AtomicU64>,
}

/// A connection and what its user found out about it.
pub struct Tracked {
    pub conn: Conn,
    pub statements: Statements,
    /// False while something is under way on it, so that a panic never gives back an open
    /// transaction.
    pub usable: bool,
    generation: u64,
}

/// The connections that a rush opened are closed when it is over; what else it left free goes with them.
impl Drop for Tracked {
    fn drop(&mut self) {
        allocator::give_back();
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Tracked;
    type Error = mysql::Error;

    fn connect(&self) -> std::result::Result<Tracked, mysql::Error> {
        let generation = self.generation.load(Ordering::Relaxed);
        let mut conn = self.servers.connect()?;
        let statements = Statements::new(kept_max(&mut conn, self.size));
        Ok(Tracked { conn, statements, usable: true, generation })
    }

    fn is_valid(&self, tracked: &mut Tracked) -> std::result::Result<(), mysql::Error> {
        tracked.conn.ping()
    }

    fn has_broken(&self, tracked: &mut Tracked) -> bool {
        !tracked.usable
    }
}

#[derive(Debug)]
struct LogConnectErrors;

impl r2d2::HandleError<mysql::Error> for LogConnectErrors {
    fn handle_error(&self, error: mysql::Error) {
        log::warn!("cannot connect to the database: {error}");
    }
}
