//! The one thread that waits for readiness: it lets connections in, reads requests, hands those that are
//! whole to the workers, and watches deadlines.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use polling::Events;

use crate::http::connection::Connection;
use crate::http::listener::{Listener, Stream};
use crate::http::places::Place;
use crate::http::queue::Job;
use crate::http::shared::{READ_BYTES, Shared};
use crate::http::waiting::LISTENER;

/// During the drain, how late a connection may be noticed that a worker gives back just then.
const DRAIN_LOOK_EVERY: Duration = Duration::from_millis(50);
/// Out of file descriptors or memory: wait for a connection to end instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that are let in before those that are ready have their turn again.
const ACCEPTED_AT_ONCE: usize = 64;

/// The life of the listening thread. `open` is dropped when nobody is let in any more.
pub fn watch(shared: &Arc<Shared>, listener: Listener, open: Place) {
    let mut events = Events::new();
    let mut buffer = vec![0; READ_BYTES];
    // SAFETY: nobody waits for it any more when it is closed.
    if let Err(error) = unsafe { shared.waiting.add_listener(&listener) } {
        return log::error!("cannot listen: {error}");
    }
    // None when nobody is let in any more.
    let mut listener = Some((listener, open));
    // When connections are let in again, after an error.
    let mut accept_again: Option<Instant> = None;
    while !shared.is_stopped() {
        let drain_look_at = shared.is_draining().then(|| Instant::now() + DRAIN_LOOK_EVERY);
        let until = [accept_again, shared.waiting.look_at(), drain_look_at].into_iter().flatten().min();
        if let Err(error) = shared.waiting.wait(&mut events, until) {
            log::error!("cannot wait for connections: {error}");
            thread::sleep(ACCEPT_PAUSE);
            continue;
        }
        let now = Instant::now();
        for event in events.iter() {
            if event.key == LISTENER {
                let Some((listener, _)) = &listener else { continue };
                // It is for `close` to say who is let in now.
                if shared.is_draining() {
                    continue;
                }
                accept_again = accept(shared, listener, &mut buffer).err().map(|_| now + ACCEPT_PAUSE);
                if accept_again.is_none() {
                    shared.waiting.listen_again(listener);
                }
            } else if let Some(connection) = shared.waiting.take(event.key) {
                go_on(shared, connection, &mut buffer);
            }
        }
        if accept_again.is_some_and(|at| at <= now)
            && let Some((listener, _)) = &listener
        {
            accept_again = None;
            shared.waiting.listen_again(listener);
        }
        end_the_late(shared, now);
        if shared.is_draining()
            && let Some((listener, open)) = listener.take()
        {
            close(shared, listener, &mut buffer);
            drop(open);
        }
        if shared.hears_no_more() {
            // They get a last look at what may have arrived already, and end.
            for connection in shared.waiting.take_idle() {
                go_on(shared, connection, &mut buffer);
            }
        }
    }
}

/// Lets nobody in any more. Who has connected already is let in, as far as nobody else would do it, and whoever comes now is
/// told at once that nobody listens: a proxy goes elsewhere with what it has not sent.
fn close(shared: &Arc<Shared>, listener: Listener, buffer: &mut [u8]) {
    if !listener.stays_open {
        // What fails has been logged.
        let _ = accept(shared, &listener, buffer);
    }
    shared.waiting.end_listening(listener);
}

/// Does what a connection is ready for. Requests are read here and not by a worker, so that none is woken
/// for a request that has to wait for its place; a worker reads what goes to a file.
fn go_on(shared: &Arc<Shared>, connection: Connection, buffer: &mut [u8]) {
    let for_a_worker = connection.waits_to_write() || connection.is_spooling();
    let job = if for_a_worker { Some(Job::GoOn(connection)) } else { shared.receive(connection, buffer) };
    if let Some(job) = job {
        shared.queue.push(job, &shared.limits);
    }
}

fn end_the_late(shared: &Arc<Shared>, now: Instant) {
    for connection in shared.waiting.take_late(now) {
        if let Some(problem) = connection.expire() {
            shared.queue.push(Job::Refuse(connection, problem), &shared.limits);
        }
    }
}

/// Lets in who waits at the door. An Err says that nobody can be let in for the moment.
fn accept(shared: &Arc<Shared>, listener: &Listener, buffer: &mut [u8]) -> io::Result<()> {
    for _ in 0..ACCEPTED_AT_ONCE {
        match listener.accept() {
            Ok((stream, peer)) => {
                if let Err(error) = admit(shared, stream, peer, buffer) {
                    log::error!("cannot serve a connection: {error}");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            // The client has gone already.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
            Err(error) => {
                log::error!("cannot accept a connection: {error}");
                return Err(error);
            }
        }
    }
    Ok(())
}

fn admit(shared: &Arc<Shared>, stream: Stream, peer: SocketAddr, buffer: &mut [u8]) -> io::Result<()> {
    let refusal = match shared.take_place(peer.ip()) {
        Ok(places) => {
            // Its request is often here already.
            go_on(shared, Connection::new(stream, peer, places)?, buffer);
            return Ok(());
        }
        Err(refusal) => refusal,
    };
    if let Some(turned_away) = shared.take_turned_away() {
        let connection = Connection::new(stream, peer, (turned_away, None))?;
        shared.queue.push(Job::Refuse(connection, refusal), &shared.limits);
    }
    Ok(())
}
