//! The fixed pool of threads that read requests, run the application and write its answers.

use std::sync::Arc;
use std::time::Duration;

use crate::http::arriving::Received;
use crate::http::connection::{Connection, Progress};
use crate::http::needs::Lane;
use crate::http::queue::{Job, Work};
use crate::http::shared::{Shared, shutting_down};
use crate::problem::Problem;

/// What one read takes: a head and most bodies.
const READ_BYTES: usize = 16 * 1024;
/// While there is little to do, a worker waits this long for the next request of the connection that it
/// has just answered: that saves two changes of thread for each request of a lone client.
const NEXT_REQUEST_WAIT: Duration = Duration::from_millis(1);

/// The life of a worker.
pub fn work(shared: &Arc<Shared>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match shared.queue.next(&shared.limits) {
            Work::Stop => return,
            Work::Job(Job::Ready(connection)) => serve(shared, connection, &mut buffer),
            Work::Job(Job::Refuse(connection, problem)) => refuse(shared, connection, problem),
            Work::Run(connection, received, lane) => {
                if let Some(connection) = run(shared, connection, received, lane) {
                    serve(shared, connection, &mut buffer);
                }
            }
        }
    }
}

fn refuse(shared: &Arc<Shared>, mut connection: Connection, problem: Problem) {
    let response = (shared.application.refuse)(problem);
    match connection.answer(response, None, false) {
        Progress::Wait => shared.wait(connection),
        _ => drop(connection),
    }
}

/// Goes on with a connection until it has to wait or ends.
fn serve(shared: &Arc<Shared>, mut connection: Connection, buffer: &mut [u8]) {
    loop {
        match connection.advance(buffer, &shared.application.needs, &shared.spooled) {
            Progress::Closed => return,
            Progress::Refused(problem) => return refuse(shared, connection, problem),
            Progress::Answered => {}
            Progress::Wait if shared.is_draining() && !connection.is_in_flight() => return,
            Progress::Wait => {
                let lone = connection.has_answered()
                    && !shared.is_draining()
                    && shared.queue.is_quiet(shared.limits.workers());
                if lone && connection.wait_a_moment(NEXT_REQUEST_WAIT) {
                    continue;
                }
                return shared.wait(connection);
            }
            Progress::Request(received) => {
                let lane = received.lane;
                let Some((entered, received)) =
                    shared.queue.enter(&shared.limits, lane, connection, received)
                else {
                    return;
                };
                let answered = run(shared, entered, received, lane);
                let Some(next) = answered.and_then(|answered| shared.queue.unless_others_wait(answered))
                else {
                    return;
                };
                connection = next;
            }
        }
    }
}

/// Answers a request that has a place in its lane. The connection comes back when it can go on at once.
fn run(
    shared: &Arc<Shared>,
    mut connection: Connection,
    mut received: Received,
    lane: Lane,
) -> Option<Connection> {
    let response = if shared.is_draining() {
        (shared.application.refuse)(shutting_down())
    } else {
        match received.bring_body() {
            Ok(()) => (shared.application.handle)(&received.http),
            Err(problem) => (shared.application.refuse)(problem),
        }
    };
    shared.queue.leave(lane);
    let keep_alive = received.keep_alive && !shared.is_draining();
    match connection.answer(response, Some(&received), keep_alive) {
        Progress::Answered => Some(connection),
        Progress::Wait => {
            shared.wait(connection);
            None
        }
        _ => None,
    }
}
