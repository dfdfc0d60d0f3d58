//! How far something is, for a person who waits at a terminal; nothing where standard error is a file.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// So often it is written anew: often enough to see that it goes on.
const EVERY: Duration = Duration::from_millis(200);
const WIDTH: usize = 30;

pub struct Progress {
    what: &'static str,
    is_shown: bool,
    last: Option<Instant>,
}

impl Progress {
    pub fn of(what: &'static str) -> Progress {
        Progress { what, is_shown: io::stderr().is_terminal(), last: None }
    }

    /// So many of so many; of none, where nobody knows how many there will be.
    pub fn show(&mut self, done: u64, all: Option<u64>) {
        if !self.is_shown || self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        let line = match all.filter(|all| *all > 0) {
            Some(all) => {
                let done = done.min(all);
                let full = usize::try_from(done * WIDTH as u64 / all).unwrap_or(WIDTH);
                format!("[{}{}] {done} of {all}", "#".repeat(full), " ".repeat(WIDTH - full))
            }
            None => done.to_string(),
        };
        // A terminal that is gone is nobody's to tell.
        let _ = write!(io::stderr(), "\r\x1b[K{} {line}", self.what);
    }
}

/// What is printed next begins on a line of its own.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.last.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
