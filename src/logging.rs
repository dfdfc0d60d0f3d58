//! One line a record on standard error: time, level, message, with control characters escaped.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};

/// Starts logging. A panic becomes a line like any other.
pub fn start(level: log::LevelFilter) {
    env_logger::Builder::new()
        .filter_level(level)
        .format(|out, record| {
            let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
            write!(out, "{time} {} ", record.level())?;
            write!(OneLine(out), "{}", record.args())?;
            writeln!(out)
        })
        .init();
    std::panic::set_hook(Box::new(|panic| log::error!("panic: {panic}")));
}

/// What is worth one line in so long a time, however often it happens: a log that a stranger fills hides the rest.
const SPARSE_EVERY: Duration = Duration::from_secs(1);

/// Lines of which most are left out.
pub struct Sparse(Mutex<(Option<Instant>, u64)>);

impl Sparse {
    pub const fn begin() -> Sparse {
        Sparse(Mutex::new((None, 0)))
    }

    /// When a line is due, how many were left out since the last one.
    pub fn next(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, left_out) = &mut *state;
        if last.is_some_and(|last| last.elapsed() < SPARSE_EVERY) {
            *left_out += 1;
            return None;
        }
        *last = Some(Instant::now());
        Some(std::mem::take(left_out))
    }
}

/// Nobody can forge a line or steer a terminal with what they send.
struct OneLine<'a>(&'a mut dyn Write);

impl Write for OneLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Formatting writes whole strings.
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        let mut rest = text;
        while let Some((at, control)) = rest.char_indices().find(|(_, c)| c.is_control()) {
            write!(self.0, "{}{}", &rest[..at], control.escape_default())?;
            rest = &rest[at + control.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_lines_one_is_written_and_says_how_many_were_not() {
        let lines = Sparse::begin();
        assert_eq!(lines.next(), Some(0));
        assert_eq!([lines.next(), lines.next()], [None, None]);
        lines.0.lock().unwrap().0 = Instant::now().checked_sub(SPARSE_EVERY);
        assert_eq!(lines.next(), Some(2));
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut line = Vec::new();
        OneLine(&mut line).write_all("a\nb\x1b[31m\u{85}é".as_bytes()).unwrap();
        assert_eq!(line, "a\\nb\\u{1b}[31m\\u{85}é".as_bytes());
    }
}
