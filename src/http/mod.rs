//! HTTP/1.1 for a rouille application: listening, limits, deadlines, and the orderly end. It knows no
//! route and nothing of the shop.
//!
//! One thread, the `door`, waits for readiness and holds every connection that is idle, slow to send or
//! slow to read, each with its deadline. It reads requests, and a fixed pool of `workers` takes those that
//! are whole in their order: runs the application, writes the answer, and gives the connection back. So an
//! idle connection costs memory and no thread. What a request will need, its lane and how long its body may
//! be, the application says from its head; a long body waits in a file. A request whose lane is full
//! (`Limits`) waits without a thread, and a worker that has done one goes on with it, so under load no
//! thread is woken.
//!
//! Of rouille this uses `Request` and `Response`, so that handlers are those of any rouille
//! application and the shop also runs under `rouille::Server` (a test shows it). rouille's own
//! listener, tiny_http 0.12, is not used, because it aborts on a large `Content-Length` (it drops an
//! unread body by allocating that many bytes), ends accepting for good at the first error of `accept`,
//! reads any `Transfer-Encoding` as chunked, and leaves some of a burst of connections without a
//! thread until others close. Nor is rouille's `router!`: the route table is data.

mod arriving;
mod body;
mod connection;
mod door;
mod head;
mod line;
mod listener;
mod needs;
mod outgoing;
mod places;
mod queue;
mod shared;
mod waiting;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::{fs, io};

pub use body::{file_without_name, no_room};
pub use head::Asked;
pub use listener::Listener;
pub use needs::{Lane, Needs};
pub use queue::Limits;
pub use shared::Application;
use shared::Shared;

use crate::http::places::Count;
use crate::metrics::Load;
use crate::values::ListenAddress;

/// What is in flight may take this long to end after SIGTERM; the whole shutdown has 10 s.
const DRAIN_MAX: Duration = Duration::from_secs(9);
/// Handlers keep little on the stack, and a password hash works on the heap.
const THREAD_STACK_BYTES: usize = 512 * 1024;

/// A running server. Dropping it leaves it running; [`Server::stop`] ends it.
pub struct Server {
    pub address: ListenAddress,
    socket_file: Option<PathBuf>,
    shared: Arc<Shared>,
}

/// Starts to answer on `listener`.
pub fn start(listener: Listener, limits: Limits, application: Application) -> io::Result<Server> {
    let (address, socket_file) = (listener.address.clone(), listener.file.clone());
    listener.set_nonblocking()?;
    let shared = Arc::new(Shared::new(application, limits)?);
    let watching = shared.clone();
    let open = Count::enter(&shared.doors, 1).expect("the only door");
    thread::Builder::new()
        .name("door".into())
        .stack_size(THREAD_STACK_BYTES)
        .spawn(move || door::watch(&watching, listener, open))?;
    for _ in 0..limits.workers() {
        let working = shared.clone();
        thread::Builder::new()
            .name("worker".into())
            .stack_size(THREAD_STACK_BYTES)
            .spawn(move || workers::work(&working))?;
    }
    Ok(Server { address, socket_file, shared })
}

impl Server {
    /// Tells how busy it is, also when it has been stopped.
    pub fn load(&self) -> impl Fn() -> Load + Send + Sync + 'static {
        let shared = self.shared.clone();
        move || Load {
            connections: shared.served.now(),
            connections_max: shared.limits.connections,
            requests: shared.queue.under_way(),
            workers: shared.limits.workers(),
        }
    }

    /// Lets nobody in any more, answers what is in flight, and returns when all connections have ended, or after nine
    /// seconds. True when nothing was cut off.
    pub fn stop(self) -> bool {
        self.shared.drain();
        self.shared.waiting.wake();
        // Until then somebody may be let in, who is not counted yet.
        self.shared.doors.wait_for_none(DRAIN_MAX);
        let left = self.shared.served.wait_for_none(DRAIN_MAX);
        if left > 0 {
            log::warn!("cut off {left} connections whose requests did not end in time");
        }
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.waiting.wake();
        self.shared.queue.stop();
        if let Some(file) = self.socket_file {
            // One that stays does no harm: the next start replaces it.
            let _ = fs::remove_file(file);
        }
        left == 0
    }
}
