//! What is to be done, in the order in which it became ready. A request whose lane is full waits here,
//! read and whole, without a thread: what is ready has its place, so there is a worker for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::http::arriving::Received;
use crate::http::connection::Connection;
use crate::http::line::Line;
use crate::http::needs::Lane;
use crate::problem::Problem;
use crate::values::Network;

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
    /// Those of them that only read, for one network. More than the processors can work on only take turns, and the
    /// last one waits for all of them.
    pub reads: usize,
}

/// Reads at once beyond those of one network: whoever fills all of theirs with the dearest question there is still
/// leaves one for the others.
const READS_FOR_OTHERS: usize = 1;

/// Workers beside those that use the database: for what needs none.
const OTHER_WORKERS: usize = 2;

impl Limits {
    /// So many reads of one network that changes and other reads, each as many as may be, leave a connection for
    /// shared reads, or `wanted` if that is less.
    pub fn reads_of(database_connections: usize, wanted: usize) -> usize {
        let beside_changes = database_connections - changes(database_connections);
        wanted.min(beside_changes.saturating_sub(READS_FOR_OTHERS + 1)).max(1)
    }

    pub fn workers(&self) -> usize {
        self.database_connections + OTHER_WORKERS
    }
}

/// Changes at once.
fn changes(database_connections: usize) -> usize {
    database_connections.div_ceil(2)
}

/// So many workers at most may each wait for one client. More would take the processors from each other.
const QUIET_WORKERS: usize = 2;

/// A place that a request has while it is done.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    lane: Lane,
    network: Network,
}

impl Place {
    pub fn of(received: &Received) -> Place {
        Place { lane: received.lane, network: received.network }
    }
}

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
struct UnderWay {
    by_lane: [usize; Lane::COUNT],
    /// Those that only read, by network.
    reads_of: HashMap<Network, usize>,
}

#[derive(Default)]
struct State {
    /// What may be done now.
    ready: VecDeque<Job>,
    /// Requests that wait for a place in their lane, by lane.
    waiting: [Line<Job>; Lane::COUNT],
    /// Requests that have one, ready or under way.
    under_way: UnderWay,
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

    /// Requests that are worked on, or wait for it.
    pub fn under_way(&self) -> usize {
        let state = self.lock();
        state.under_way.by_lane.iter().sum::<usize>() + state.waiting.iter().map(Line::len).sum::<usize>()
    }

    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The next job, for a worker that has just done one in the place `done`. None when it is to end.
    ///
    /// A worker goes on with what waited for its place, so that under load none has to be woken.
    pub fn next(&self, done: Option<Place>, limits: &Limits) -> Option<Job> {
        let mut state = self.lock();
        if let Some(place) = done {
            state.leave(place, limits);
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
    pub fn is_quiet(&self, done: &mut Option<Place>, limits: &Limits) -> bool {
        let mut state = self.lock();
        let nobody_waits = state.ready.is_empty() && state.waiting.iter().all(Line::is_empty);
        let quiet = nobody_waits && state.asleep + QUIET_WORKERS >= limits.workers();
        if quiet && let Some(place) = done.take() {
            state.leave(place, limits);
        }
        quiet
    }
}

impl State {
    fn add(&mut self, job: Job, limits: &Limits) {
        let Job::Run(_, received) = &job else {
            return self.ready.push_back(job);
        };
        let place = Place::of(received);
        if self.under_way.has_room(place.lane, limits) && self.under_way.is_let_in(place, limits) {
            self.under_way.enter(place);
            self.ready.push_back(job);
        } else {
            self.waiting[place.lane as usize].push(place.network, job);
        }
    }

    /// Gives back a place, to whoever waits for one like it.
    fn leave(&mut self, place: Place, limits: &Limits) {
        self.under_way.leave(place);
        for lane in Lane::WITH_DATABASE {
            if !self.under_way.has_room(lane, limits) {
                continue;
            }
            let may = |network| self.under_way.is_let_in(Place { lane, network }, limits);
            if let Some((network, job)) = self.waiting[lane as usize].pop(may) {
                self.under_way.enter(Place { lane, network });
                self.ready.push_back(job);
            }
        }
    }
}

impl UnderWay {
    fn has_room(&self, lane: Lane, limits: &Limits) -> bool {
        let in_lane = |lane: Lane| self.by_lane[lane as usize];
        let using_database: usize = Lane::WITH_DATABASE.iter().map(|&lane| in_lane(lane)).sum();
        let has_connection = using_database < limits.database_connections;
        match lane {
            Lane::NoDatabase => true,
            Lane::SharedRead => has_connection,
            Lane::Read => has_connection && in_lane(lane) < limits.reads + READS_FOR_OTHERS,
            // The other half stays for reads, however many changes wait for one locked row.
            Lane::Change => has_connection && in_lane(lane) < changes(limits.database_connections),
        }
    }

    /// Whether a network may have one more in a lane that has room.
    fn is_let_in(&self, Place { lane, network }: Place, limits: &Limits) -> bool {
        lane != Lane::Read || self.reads_of.get(&network).is_none_or(|&reads| reads < limits.reads)
    }

    fn enter(&mut self, place: Place) {
        self.by_lane[place.lane as usize] += 1;
        if place.lane == Lane::Read {
            *self.reads_of.entry(place.network).or_default() += 1;
        }
    }

    fn leave(&mut self, place: Place) {
        self.by_lane[place.lane as usize] -= 1;
        if place.lane == Lane::Read
            && let Some(reads) = self.reads_of.get_mut(&place.network)
        {
            *reads -= 1;
            if *reads == 0 {
                self.reads_of.remove(&place.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills a lane from so many networks that only its own bound ends it.
    fn fill(under_way: &mut UnderWay, lane: Lane, limits: &Limits) {
        for last in 0..=u8::MAX {
            let place = Place { lane, network: Network::of([192, 0, 2, last].into()) };
            while under_way.has_room(lane, limits) && under_way.is_let_in(place, limits) {
                under_way.enter(place);
            }
        }
    }

    #[test]
    fn changes_and_dear_reads_leave_a_connection_for_shared_ones() {
        // Of fewer than six there is not one for each.
        for database_connections in 6..=200 {
            for wanted in [2, 4, 16, 64] {
                let limits = Limits {
                    connections: 1000,
                    connections_per_address: 1000,
                    behind_proxy: false,
                    database_connections,
                    reads: Limits::reads_of(database_connections, wanted),
                };
                let mut under_way = UnderWay::default();
                fill(&mut under_way, Lane::Change, &limits);
                fill(&mut under_way, Lane::Read, &limits);
                let room = under_way.has_room(Lane::SharedRead, &limits);
                assert!(room, "{database_connections} connections, {wanted} reads wanted");
                assert!(limits.reads >= 1 && limits.reads <= wanted);
            }
        }
    }
}
