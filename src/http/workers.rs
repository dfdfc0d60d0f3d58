//! The fixed pool of threads that run the application and write its answers.

use std::sync::Arc;
use std::time::Duration;

use crate::http::arriving::Received;
use crate::http::connection::{Connection, Progress};
use crate::http::head::Asked;
use crate::http::queue::{Job, Place};
use crate::http::shared::{READ_BYTES, Shared, shutting_down};

/// While there is little to do, a worker waits this long for the next request of the connection that it
/// has just answered: that saves two changes of thread for each request of a lone client.
const NEXT_REQUEST_WAIT: Duration = Duration::from_millis(1);

/// The life of a worker.
pub fn work(shared: &Arc<Shared>) {
    let mut buffer = vec![0; READ_BYTES];
    let mut done = None;
    while let Some(job) = shared.queue.next(done.take(), &shared.limits) {
        let (connection, progress) = match job {
            Job::Run(connection, received) => {
                done = Some(Place::of(&received));
                answer(shared, connection, received)
            }
            Job::GoOn(mut connection) if connection.waits_to_write() => {
                let progress = connection.write();
                (connection, progress)
            }
            Job::GoOn(connection) => {
                receive(shared, connection, &mut buffer);
                continue;
            }
            Job::Refuse(mut connection, problem) => {
                let asked = connection.asked(&mut buffer);
                let response = (shared.application.refuse)(problem, &asked);
                let progress = connection.answer(response, None, false);
                (connection, progress)
            }
        };
        match progress {
            Progress::Answered => go_on(shared, connection, &mut done, &mut buffer),
            Progress::Wait => shared.wait(connection),
            _ => {}
        }
    }
}

fn answer(
    shared: &Arc<Shared>,
    mut connection: Connection,
    mut received: Received,
) -> (Connection, Progress) {
    let ready = if shared.hears_no_more() { Err(shutting_down()) } else { received.bring_body() };
    let response = match ready {
        Ok(file) => (shared.application.handle)(&received.http, file),
        Err(problem) => {
            let origin = received.http.header("Origin").map(str::to_owned);
            let asked = Asked { target: received.http.raw_url().to_owned(), origin };
            (shared.application.refuse)(problem, &asked)
        }
    };
    let keep_alive = received.keep_alive && !shared.is_draining();
    let progress = connection.answer(response, Some(&received), keep_alive);
    (connection, progress)
}

/// Takes the next request of a connection that was just answered, if it is here, and gives the connection
/// back otherwise.
fn go_on(shared: &Arc<Shared>, connection: Connection, done: &mut Option<Place>, buffer: &mut [u8]) {
    let next_is_here = connection.holds_bytes()
        || !shared.is_draining()
            && shared.queue.is_quiet(done, &shared.limits)
            && connection.wait_a_moment(NEXT_REQUEST_WAIT);
    if !next_is_here {
        return shared.wait(connection);
    }
    receive(shared, connection, buffer);
}

fn receive(shared: &Arc<Shared>, connection: Connection, buffer: &mut [u8]) {
    if let Some(job) = shared.receive(connection, buffer) {
        shared.queue.push_own(job, &shared.limits);
    }
}
