//! Whether the database can be worked with. It is asked on a connection of its own by a thread of its own, so
//! that neither a crowd at the pool nor a lock nor a database that hangs holds up the answer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mysql::{Conn, OptsBuilder};

use crate::db::{Connection, Pool, migrations};
use crate::error::Result;
use crate::servers::{Servers, refuses_changes};

/// A database that takes longer does not answer. Whoever asks for readiness is told within a second.
const ANSWER_MAX: Duration = Duration::from_millis(500);
/// After this a check that hangs is given up, and the next one tries a new connection.
const CHECK_MAX: Duration = Duration::from_secs(2);
/// A check keeps little on the stack.
const THREAD_STACK_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// The schema lacks so many steps.
    Behind(usize),
    /// It can be read only.
    RefusesChanges(&'static str),
    NoAnswer,
    StorageFull,
}

/// Who finds it out. All who ask at once share one check.
pub struct Watch(Arc<Shared>);

struct Shared {
    pool: Pool,
    servers: Servers,
    state: Mutex<State>,
    checked: Condvar,
}

#[derive(Default)]
struct State {
    /// Kept between the checks.
    conn: Option<Conn>,
    /// When the check that is under way began.
    began: Option<Instant>,
    /// How many checks have ended, and what the last one found.
    ended: u64,
    found: Option<Readiness>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    pub fn new(pool: &Pool) -> Watch {
        let patient =
            |options: OptsBuilder| options.read_timeout(Some(CHECK_MAX)).write_timeout(Some(CHECK_MAX));
        let servers = pool.servers.clone().with(patient);
        let state = Mutex::default();
        Watch(Arc::new(Shared { pool: pool.clone(), servers, state, checked: Condvar::new() }))
    }

    /// What the database answers now. A check that is under way for long is not waited for again, so that a
    /// database that hangs keeps nobody who asks.
    pub fn look(&self) -> Readiness {
        if self.0.pool.was_full_lately() {
            return Readiness::StorageFull;
        }
        let mut state = self.0.lock();
        let began = match state.began {
            Some(began) => began,
            None => match self.begin(&mut state) {
                Ok(began) => began,
                Err(cause) => {
                    log::warn!("readiness cannot be checked: {cause}");
                    return Readiness::NoAnswer;
                }
            },
        };
        let ended = state.ended;
        while state.ended == ended {
            let left = (began + ANSWER_MAX).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Readiness::NoAnswer;
            }
            let waited = self.0.checked.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.found.unwrap_or(Readiness::NoAnswer)
    }

    fn begin(&self, state: &mut State) -> std::io::Result<Instant> {
        let (shared, kept) = (self.0.clone(), state.conn.take());
        let check = move || {
            let (found, conn) = shared.check(kept);
            let mut state = shared.lock();
            (state.conn, state.began, state.found) = (conn, None, Some(found));
            state.ended += 1;
            shared.checked.notify_all();
        };
        thread::Builder::new().name("readiness".into()).stack_size(THREAD_STACK_BYTES).spawn(check)?;
        let began = Instant::now();
        state.began = Some(began);
        Ok(began)
    }
}

impl Shared {
    /// Asks on the connection that was kept, and on a new one when that is lost: the server may have been
    /// restarted since.
    fn check(&self, kept: Option<Conn>) -> (Readiness, Option<Conn>) {
        let on_kept = kept.map(ask);
        let asked = match on_kept {
            Some(Ok(answered)) => Ok(answered),
            _ => self.servers.connect().map_err(Into::into).and_then(ask),
        };
        match asked {
            Ok((readiness, conn)) => (readiness, Some(conn)),
            Err(cause) => {
                log::warn!("not ready: {cause}");
                (Readiness::NoAnswer, None)
            }
        }
    }
}

/// What the server of this connection can be used for.
fn ask(mut conn: Conn) -> Result<(Readiness, Conn)> {
    let missing = migrations::missing(&mut Connection::alone(&mut conn))?.len();
    let readiness = match refuses_changes(&mut conn)? {
        Some(why) => Readiness::RefusesChanges(why),
        None if missing > 0 => Readiness::Behind(missing),
        None => Readiness::Ready,
    };
    Ok((readiness, conn))
}
