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

/// The connections that wait, by their key.
pub struct Waiting {
    poller: Poller,
    held: Mutex<HashMap<usize, Connection>>,
}

impl Waiting {
    pub fn new() -> io::Result<Waiting> {
        Ok(Waiting { poller: Poller::new()?, held: Mutex::default() })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<usize, Connection>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a connection until it is ready again.
    pub fn hold(&self, mut connection: Connection, new_key: impl FnOnce() -> usize) {
        let known = connection.key;
        let key = known.unwrap_or_else(new_key);
        connection.key = Some(key);
        let interest = if connection.waits_to_write() { Event::writable(key) } else { Event::readable(key) };
        let mut held = self.held();
        let stream = &held.entry(key).insert_entry(connection).into_mut().stream;
        let registered = match known {
            Some(_) => self.poller.modify(stream, interest),
            // SAFETY: the descriptor is not duplicated, so closing it takes it out of the poller.
            None => unsafe { self.poller.add(stream, interest) },
        };
        if let Err(error) = registered {
            log::error!("cannot wait for a connection: {error}");
            held.remove(&key);
        }
    }

    /// Ends the thread's wait, to look at what has changed.
    pub fn wake(&self) {
        if let Err(error) = self.poller.notify() {
            log::error!("cannot wake the listening thread: {error}");
        }
    }

    /// Waits for something to be ready, at most this long.
    pub fn wait(&self, events: &mut Events, most: Duration) -> io::Result<()> {
        events.clear();
        self.poller.wait(events, Some(most)).map(|_| ())
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

    /// Takes out the connection with this key.
    pub fn take(&self, key: usize) -> Option<Connection> {
        self.held().remove(&key)
    }

    /// Takes out those whose deadline has passed.
    pub fn take_late(&self, now: Instant) -> Vec<Connection> {
        self.take_those(|held| held.deadline <= now)
    }

    /// Takes out those without a request under way.
    pub fn take_idle(&self) -> Vec<Connection> {
        self.take_those(|held| !held.is_in_flight())
    }

    fn take_those(&self, which: impl Fn(&Connection) -> bool) -> Vec<Connection> {
        let mut held = self.held();
        let keys: Vec<usize> = held.iter().filter(|(_, held)| which(held)).map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| held.remove(&key)).collect()
    }
}
