//! What is to be done, in the order in which it became ready. A request whose lane is full waits here,
//! read and whole, without a thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::http::arriving::Received;
use crate::http::connection::Connection;
use crate::http::needs::Lane;
use crate::problem::Problem;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more are answered 503.
    pub connections: usize,
    /// Requests at once that use the database: as many as it has connections, so that none waits for one.
    pub database_connections: usize,
    /// Those of them that only read. More than the processors can work on only take turns, and the last
    /// one waits for all of them.
    pub reads: usize,
}

/// Workers beside those that use the database: for what needs none, and to read what comes meanwhile.
const OTHER_WORKERS: usize = 2;

impl Limits {
    pub fn workers(&self) -> usize {
        self.database_connections + OTHER_WORKERS
    }
}

/// So many workers at most may each wait for one client. More would take the processors from each other.
const QUIET_WORKERS: usize = 2;

/// Something to do with a connection.
pub enum Job {
    /// Something can be read or written.
    Ready(Connection),
    /// Tell the client this, then close.
    Refuse(Connection, Problem),
}

#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Requests that wait for a place in their lane.
    reads: VecDeque<(Connection, Received)>,
    changes: VecDeque<(Connection, Received)>,
    /// Requests under way that use the database, and those of them that change something.
    using_database: usize,
    changing: usize,
    idle_workers: usize,
    stopped: bool,
}

pub enum Work {
    Job(Job),
    Run(Connection, Received, Lane),
    Stop,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, job: Job) {
        let mut state = self.lock();
        state.jobs.push_back(job);
        self.wake_one(state);
    }

    /// Wakes a worker, if one sleeps: the system is not asked in vain.
    fn wake_one(&self, state: MutexGuard<State>) {
        let sleeping = state.idle_workers > 0;
        drop(state);
        if sleeping {
            self.changed.notify_one();
        }
    }

    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub fn next(&self, limits: &Limits) -> Work {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return Work::Stop;
            }
            if state.may_enter(Lane::Change, limits)
                && let Some((connection, received)) = state.changes.pop_front()
            {
                state.enter(Lane::Change);
                return Work::Run(connection, received, Lane::Change);
            }
            if state.may_enter(Lane::Read, limits)
                && let Some((connection, received)) = state.reads.pop_front()
            {
                state.enter(Lane::Read);
                return Work::Run(connection, received, Lane::Read);
            }
            if let Some(job) = state.jobs.pop_front() {
                return Work::Job(job);
            }
            state.idle_workers += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle_workers -= 1;
        }
    }

    /// Takes a place in the lane, or puts the request aside until there is one.
    pub fn enter(
        &self,
        limits: &Limits,
        lane: Lane,
        connection: Connection,
        received: Received,
    ) -> Option<(Connection, Received)> {
        let mut state = self.lock();
        if state.may_enter(lane, limits) {
            state.enter(lane);
            return Some((connection, received));
        }
        match lane {
            Lane::Change => state.changes.push_back((connection, received)),
            Lane::Read | Lane::NoDatabase => state.reads.push_back((connection, received)),
        }
        None
    }

    pub fn leave(&self, lane: Lane) {
        if lane == Lane::NoDatabase {
            return;
        }
        let mut state = self.lock();
        state.using_database -= 1;
        if lane == Lane::Change {
            state.changing -= 1;
        }
        if !state.reads.is_empty() || !state.changes.is_empty() {
            self.wake_one(state);
        }
    }

    /// Lets others go first, if there are any: the connection comes back when there are none.
    pub fn unless_others_wait(&self, connection: Connection) -> Option<Connection> {
        let mut state = self.lock();
        if state.jobs.is_empty() {
            return Some(connection);
        }
        state.jobs.push_back(Job::Ready(connection));
        None
    }

    /// Whether there is so little to do that a worker may wait for one client.
    pub fn is_quiet(&self, workers: usize) -> bool {
        let state = self.lock();
        state.jobs.is_empty() && state.idle_workers + QUIET_WORKERS >= workers
    }
}

impl State {
    fn may_enter(&self, lane: Lane, limits: &Limits) -> bool {
        let most = limits.database_connections;
        match lane {
            Lane::NoDatabase => true,
            Lane::Read => self.using_database < most && self.using_database - self.changing < limits.reads,
            // The other half stays for reads, however many changes wait for one locked row.
            Lane::Change => self.using_database < most && self.changing < most.div_ceil(2),
        }
    }

    fn enter(&mut self, lane: Lane) {
        self.using_database += usize::from(lane != Lane::NoDatabase);
        self.changing += usize::from(lane == Lane::Change);
    }
}
