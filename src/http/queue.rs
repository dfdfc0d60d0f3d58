//! What is to be done, in the order in which it became ready. A request whose lane is full waits here,
//! read and whole, without a thread: what is ready has its place, so there is a worker for it.

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
    /// Those of them from one address, or from one /64 of IPv6.
    pub connections_per_address: usize,
    /// Whether connections from this machine are those of a proxy, which are not counted by address.
    pub behind_proxy: bool,
    /// Requests at once that use the database: as many as it has connections, so that none waits for one.
    pub database_connections: usize,
    /// Those of them that only read. More than the processors can work on only take turns, and the last
    /// one waits for all of them.
    pub reads: usize,
}

/// Workers beside those that use the database: for what needs none.
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
    /// Answer this request.
    Run(Connection, Received),
    /// Go on writing an answer, or reading a long body into its file.
    GoOn(Connection),
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
    /// What may be done now.
    ready: VecDeque<Job>,
    /// Requests that wait for a place in their lane, by lane.
    waiting: [VecDeque<Job>; Lane::COUNT],
    /// Requests that have one, ready or under way.
    under_way: [usize; Lane::COUNT],
    /// Workers that sleep, and those of them that were woken and have not come yet.
    asleep: usize,
    woken: usize,
    stopped: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, and wakes a worker for it if it may be done now.
    pub fn push(&self, job: Job, limits: &Limits) {
        let mut state = self.lock();
        state.add(job, limits);
        self.wake_for_the_rest(state);
    }

    /// Like [`Queue::push`], by a worker that asks for the next job at once.
    pub fn push_own(&self, job: Job, limits: &Limits) {
        self.lock().add(job, limits);
    }

    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The next job, for a worker that has just done one in the lane `done`. None when it is to end.
    ///
    /// A worker goes on with what waited for its place, so that under load none has to be woken.
    pub fn next(&self, done: Option<Lane>, limits: &Limits) -> Option<Job> {
        let mut state = self.lock();
        if let Some(lane) = done {
            state.leave(lane, limits);
        }
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.ready.pop_front() {
                self.wake_for_the_rest(state);
                return Some(job);
            }
            state.asleep += 1;
            while state.woken == 0 && !state.stopped {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.asleep -= 1;
            state.woken = state.woken.saturating_sub(1);
        }
    }

    /// Wakes a worker when there is more to do than workers are coming: the system is not asked in vain.
    fn wake_for_the_rest(&self, mut state: MutexGuard<State>) {
        if state.ready.len() > state.woken && state.asleep > state.woken {
            state.woken += 1;
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Whether there is so little to do that a worker may wait for one client; its place is given back then.
    pub fn is_quiet(&self, done: &mut Option<Lane>, limits: &Limits) -> bool {
        let mut state = self.lock();
        let nobody_waits = state.ready.is_empty() && state.waiting.iter().all(VecDeque::is_empty);
        let quiet = nobody_waits && state.asleep + QUIET_WORKERS >= limits.workers();
        if quiet && let Some(lane) = done.take() {
            state.leave(lane, limits);
        }
        quiet
    }
}

impl State {
    fn add(&mut self, job: Job, limits: &Limits) {
        let Job::Run(_, received) = &job else {
            return self.ready.push_back(job);
        };
        let lane = received.lane;
        if self.may_enter(lane, limits) {
            self.under_way[lane as usize] += 1;
            self.ready.push_back(job);
        } else {
            self.waiting[lane as usize].push_back(job);
        }
    }

    fn may_enter(&self, lane: Lane, limits: &Limits) -> bool {
        let under_way = self.under_way[lane as usize];
        let using_database: usize =
            Lane::WITH_DATABASE.iter().map(|&lane| self.under_way[lane as usize]).sum();
        let has_room = using_database < limits.database_connections;
        match lane {
            Lane::NoDatabase => true,
            Lane::SharedRead => has_room,
            Lane::Read => has_room && under_way < limits.reads,
            // The other half stays for reads, however many changes wait for one locked row.
            Lane::Change => has_room && under_way < limits.database_connections.div_ceil(2),
        }
    }

    /// Gives back a place, to whoever waits for one like it.
    fn leave(&mut self, lane: Lane, limits: &Limits) {
        self.under_way[lane as usize] -= 1;
        for lane in Lane::WITH_DATABASE {
            let waits = !self.waiting[lane as usize].is_empty();
            if waits && self.may_enter(lane, limits) {
                self.under_way[lane as usize] += 1;
                let job = self.waiting[lane as usize].pop_front();
                self.ready.extend(job);
            }
        }
    }
}
