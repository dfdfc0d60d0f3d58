//! HTTP/1.1 for a rouille application: listening, limits, deadlines, and the orderly end. It knows no
//! route and nothing of the shop.
//!
//! Of rouille this uses `Request` and `Response`, so that handlers are those of any rouille
//! application and the shop also runs under `rouille::Server` (a test shows it). rouille's own
//! listener, tiny_http 0.12, is not used, because it aborts on a large `Content-Length` (it drops an
//! unread body by allocating that many bytes), ends accepting for good at the first error of `accept`,
//! reads any `Transfer-Encoding` as chunked, and leaves some of a burst of connections without a
//! thread until others close. Nor is rouille's `router!`: the route table is data.

mod connection;

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rouille::Response;

use crate::http::connection::{Connection, Next};
use crate::problem::{self, Problem};

/// What answers.
pub struct Application {
    /// Any rouille application.
    pub handle: Box<dyn Fn(&rouille::Request) -> Response + Send + Sync>,
    /// Words what never became a request, or was not let in.
    pub refuse: Box<dyn Fn(Problem) -> Response + Send + Sync>,
}

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more are answered 503.
    pub connections: usize,
    /// A longer body is refused with 413 before it is read.
    pub body_bytes: usize,
}

/// What is in flight may take this long to end after SIGTERM; the whole shutdown has 10 s.
const DRAIN_MAX: Duration = Duration::from_secs(9);
/// Handlers keep little on the stack, and a password hash works on the heap.
const THREAD_STACK_BYTES: usize = 512 * 1024;
/// This many connections beyond the limit are told so; more are closed without a word.
const TURNED_AWAY_MAX: usize = 64;
/// Out of file descriptors or memory: wait for a connection to end instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server. Dropping it leaves it running; [`Server::stop`] ends it.
pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    application: Application,
    limits: Limits,
    draining: AtomicBool,
    stopped: AtomicBool,
    open: Mutex<HashMap<u64, Open>>,
    one_closed: Condvar,
}

/// A connection that has a thread.
struct Open {
    stream: TcpStream,
    /// Whether a request of it is being answered.
    busy: bool,
    /// False for one that is only told why it is not served, which takes up no place.
    served: bool,
}

/// Starts to answer on `listener`, each connection in a thread of its own. A connection has one
/// request in flight at most, so the limit on connections bounds those too.
pub fn start(listener: TcpListener, limits: Limits, application: Application) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared {
        application,
        limits,
        draining: AtomicBool::new(false),
        stopped: AtomicBool::new(false),
        open: Mutex::new(HashMap::new()),
        one_closed: Condvar::new(),
    });
    let accepting = shared.clone();
    thread::Builder::new()
        .name("accept".into())
        .stack_size(THREAD_STACK_BYTES)
        .spawn(move || accept_all(&accepting, &listener))?;
    Ok(Server { address, shared })
}

impl Server {
    /// Answers what is in flight, refuses new work with 503, and returns when all connections have
    /// ended, or after nine seconds. True when nothing was cut off.
    pub fn stop(self) -> bool {
        self.shared.draining.store(true, Ordering::SeqCst);
        let in_time = self.shared.drain();
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The accepting thread looks at the flag when the next connection comes.
        let _ = TcpStream::connect(self.address);
        in_time
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, number: u64) {
        self.open().remove(&number);
        self.one_closed.notify_all();
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn drain(&self) -> bool {
        let mut open = self.open();
        for connection in open.values().filter(|connection| !connection.busy) {
            // What has arrived already can still be read and answered; then the read ends.
            let _ = connection.stream.shutdown(Shutdown::Read);
        }
        let deadline = Instant::now() + DRAIN_MAX;
        while !open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::warn!("cut off {} requests that did not end in time", open.len());
                return false;
            }
            let waited = self.one_closed.wait_timeout(open, left);
            open = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

fn accept_all(shared: &Arc<Shared>, listener: &TcpListener) {
    let mut number = 0;
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                log::error!("cannot accept a connection: {error}");
                thread::sleep(ACCEPT_PAUSE);
                continue;
            }
        };
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        number += 1;
        if let Err(error) = admit(shared, number, stream, peer) {
            log::error!("cannot serve a connection: {error}");
            shared.close(number);
        }
    }
}

/// Gives the connection a thread: to be served, or to be told why not.
fn admit(shared: &Arc<Shared>, number: u64, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    let registered = stream.try_clone()?;
    let connection = Connection::new(stream, peer, shared.limits.body_bytes)?;
    let most = shared.limits.connections;
    let mut open = shared.open();
    let served = open.values().filter(|connection| connection.served).count();
    // Asked under the lock, so a drain either finds this connection or turns it away here.
    let refusal = match served {
        _ if shared.is_draining() => Some(shutting_down()),
        served if served >= most => {
            Some(Problem::busy("Too many connections at once. Try again in a moment."))
        }
        _ => None,
    };
    if refusal.is_some() && open.len() - served >= TURNED_AWAY_MAX {
        return Ok(());
    }
    let served = refusal.is_none();
    open.insert(number, Open { stream: registered, busy: !served, served });
    drop(open);
    let shared = shared.clone();
    thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(move || {
        match refusal {
            None => serve(&shared, number, connection),
            Some(problem) => turn_away(&shared, connection, problem),
        }
        shared.close(number);
    })?;
    Ok(())
}

fn turn_away(shared: &Shared, mut connection: Connection, problem: Problem) {
    if connection.write((shared.application.refuse)(problem), true, false).is_ok() {
        connection.close_gently();
    }
}

fn shutting_down() -> Problem {
    Problem::new(problem::SHUTTING_DOWN, "Try again in a moment; the service is restarting.").retry_after(1)
}

fn serve(shared: &Shared, number: u64, mut connection: Connection) {
    let set_busy = |busy| {
        if let Some(open) = shared.open().get_mut(&number) {
            open.busy = busy;
        }
    };
    loop {
        match connection.next(|| set_busy(true)) {
            Next::Closed => return,
            Next::Refused(problem) => return turn_away(shared, connection, problem),
            Next::Request(received) => {
                let with_body = received.http.method() != "HEAD";
                let response = if shared.is_draining() {
                    (shared.application.refuse)(shutting_down())
                } else {
                    (shared.application.handle)(&received.http)
                };
                let keep_alive = received.keep_alive && !shared.is_draining();
                if connection.write(response, with_body, keep_alive).is_err() {
                    return;
                }
                if !keep_alive {
                    return connection.close_gently();
                }
            }
        }
        set_busy(false);
        // The drain may have begun between the answer and the line above.
        if shared.is_draining() {
            return;
        }
    }
}
