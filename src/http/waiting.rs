//! The connections that have nothing to do, and the system's word on which of them is ready.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use polling::{Event, Events, Poller};

use crate::http::connection::Connection;
use crate::http::listener::Listener;

/// The listener's key; those of connections count from 1.
pub const LISTENER: usize = 0;

/// Deadlines are seconds long, so those that come this close to each other are looked at together.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The connections that wait.
pub struct Waiting {
    poller: Poller,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// By their key.
    connections: HashMap<usize, Connection>,
    /// When to look for those that are late: no deadline passes long before that.
    look_at: Option<Instant>,
}

impl Waiting {
    pub fn new() -> io::Result<Waiting> {
        Ok(Waiting { poller: Poller::new()?, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a connection until it is ready again.
    pub fn hold(&self, mut connection: Connection, new_key: impl FnOnce() -> usize) {
        let known = connection.key;
        let key = known.unwrap_or_else(new_key);
        connection.key = Some(key);
        let interest = if connection.waits_to_write() { Event::writable(key) } else { Event::readable(key) };
        let deadline = connection.deadline;
        let mut held = self.held();
        let stream = &held.connections.entry(key).insert_entry(connection).into_mut().stream;
        let registered = match known {
            Some(_) => self.poller.modify(stream, interest),
            // SAFETY: the descriptor is not duplicated, so closing it takes it out of the poller.
            None => unsafe { self.poller.add(stream, interest) },
        };
        if let Err(error) = registered {
            log::error!("cannot wait for a connection: {error}");
            held.connections.remove(&key);
        } else if held.look_at.is_none_or(|at| deadline < at) {
            held.look_at = Some(deadline);
            drop(held);
            self.wake();
        }
    }

    /// When to call [`Waiting::take_late`] at the latest. The wait ends by itself when it becomes sooner.
    pub fn look_at(&self) -> Option<Instant> {
        self.held().look_at
    }

    /// Ends the thread's wait, to look at what has changed.
    pub fn wake(&self) {
        if let Err(error) = self.poller.notify() {
            log::error!("cannot wake the listening thread: {error}");
        }
    }

    /// Waits for something to be ready, at most until then.
    pub fn wait(&self, events: &mut Events, until: Option<Instant>) -> io::Result<()> {
        events.clear();
        let most = until.map(|until| until.saturating_duration_since(Instant::now()));
        self.poller.wait(events, most).map(|_| ())
    }

    /// Waits for the first connections too.
    ///
    /// # Safety
    /// The listener must live as long as this.
    pub unsafe fn add_listener(&self, listener: &Listener) -> io::Result<()> {
        // SAFETY: as the caller promises.
        unsafe { self.poller.add(listener, Event::readable(LISTENER)) }
    }

    /// Waits for the next connections, after some were let in.
    pub fn listen_again(&self, listener: &Listener) {
        if let Err(error) = self.poller.modify(listener, Event::readable(LISTENER)) {
            log::error!("cannot listen any more: {error}");
        }
    }

    /// Waits for nobody else, and closes the listener.
    pub fn end_listening(&self, listener: Listener) {
        if let Err(error) = self.poller.delete(&listener) {
            log::error!("cannot end listening: {error}");
        }
    }

    /// Takes out the connection with this key.
    pub fn take(&self, key: usize) -> Option<Connection> {
        self.held().connections.remove(&key)
    }

    /// Takes out those whose deadline has passed.
    pub fn take_late(&self, now: Instant) -> Vec<Connection> {
        if self.look_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let late = self.take_those(|held| held.deadline <= now);
        let mut held = self.held();
        // A crowd that has gone leaves its room behind.
        let room = 2 * held.connections.len();
        held.connections.shrink_to(room);
        let next = held.connections.values().map(|held| held.deadline).min();
        held.look_at = next.map(|next| next.max(now + LOOK_EVERY));
        late
    }

    /// Takes out those without a request under way.
    pub fn take_idle(&self) -> Vec<Connection> {
        self.take_those(|held| !held.is_in_flight())
    }

    fn take_those(&self, which: impl Fn(&Connection) -> bool) -> Vec<Connection> {
        let mut held = self.held();
        held.connections.extract_if(|_, held| which(held)).map(|(_, connection)| connection).collect()
    }
}
