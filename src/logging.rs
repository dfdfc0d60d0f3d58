//! One line a record on standard error: time, level, message and its fields, with control characters escaped, or the same as
//! one JSON object. systemd's journal is told before each line how grave it is.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use log::Level;
use log::kv::{Key, Value, VisitSource};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How the lines of this process are written, once it is known.
static FORMAT: OnceLock<Format> = OnceLock::new();

/// Starts logging. A panic becomes a line like any other.
pub fn start(level: log::LevelFilter, format: Format) {
    let _ = FORMAT.set(format);
    let to_journal = goes_to_journal();
    env_logger::Builder::new()
        .filter_level(level)
        .format(move |out, record| {
            if to_journal {
                write!(out, "<{}>", priority(record.level()))?;
            }
            match format {
                Format::Text => text(out, record),
                Format::Json => json(out, record),
            }
        })
        .init();
    std::panic::set_hook(Box::new(|panic| log::error!("panic: {panic}")));
}

/// Says why the program ends, as a person at a terminal or the journal reads it.
pub fn failure(name: &str, message: &str) {
    if FORMAT.get() == Some(&Format::Json) {
        return log::error!("{message}");
    }
    let priority = if goes_to_journal() { format!("<{}>", priority(Level::Error)) } else { String::new() };
    for line in message.lines() {
        eprintln!("{priority}{name}: {line}");
    }
}

/// Whether standard error is the journal, as systemd says by naming the file that it has made of it.
fn goes_to_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let opened = io::stderr().as_fd().try_clone_to_owned().and_then(|file| File::from(file).metadata());
    opened.is_ok_and(|file| named == format!("{}:{}", file.dev(), file.ino()))
}

/// The number of a level in the journal (syslog(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn text(out: &mut dyn Write, record: &log::Record) -> io::Result<()> {
    write!(out, "{} {} ", now(), record.level())?;
    let mut line = OneLine(out);
    write!(line, "{}", record.args())?;
    for (name, value) in fields(record) {
        match value {
            serde_json::Value::String(text) => write!(line, " {name}={text}")?,
            number => write!(line, " {name}={number}")?,
        }
    }
    writeln!(out)
}

fn json(out: &mut dyn Write, record: &log::Record) -> io::Result<()> {
    let head = [
        ("time", now().into()),
        ("level", record.level().as_str().into()),
        ("message", record.args().to_string().into()),
    ];
    let head = head.map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value));
    for (at, (name, value)) in head.into_iter().chain(fields(record)).enumerate() {
        write!(out, "{}{}:{value}", if at == 0 { "{" } else { "," }, serde_json::Value::String(name))?;
    }
    writeln!(out, "}}")
}

/// What a record says beside its message; numbers stay numbers.
fn fields(record: &log::Record) -> Vec<(String, serde_json::Value)> {
    struct Fields(Vec<(String, serde_json::Value)>);
    impl<'kvs> VisitSource<'kvs> for Fields {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
            let value = match (value.to_u64(), value.to_f64()) {
                (Some(number), _) => number.into(),
                (None, Some(number)) => number.into(),
                (None, None) => value.to_string().into(),
            };
            self.0.push((key.to_string(), value));
            Ok(())
        }
    }
    let mut fields = Fields(Vec::new());
    // It never says that it has failed.
    let _ = record.key_values().visit(&mut fields);
    fields.0
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
    fn fields_stand_behind_the_message_and_numbers_stay_numbers() {
        let fields =
            [("id", Value::from("a\nb")), ("status", Value::from(200)), ("duration_ms", Value::from(5.0))];
        let fields = fields.as_slice();
        let message = format_args!("it said \"no\"\n");
        let record = log::Record::builder().args(message).level(Level::Warn).key_values(&fields).build();
        let mut line = Vec::new();
        text(&mut line, &record).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(line.ends_with(" WARN it said \"no\"\\n id=a\\nb status=200 duration_ms=5.0\n"), "{line}");
        let mut line = Vec::new();
        json(&mut line, &record).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!((&read["message"], &read["level"]), (&"it said \"no\"\n".into(), &"WARN".into()));
        assert_eq!(
            (&read["id"], &read["status"], &read["duration_ms"]),
            (&"a\nb".into(), &200.into(), &5.0.into())
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut line = Vec::new();
        OneLine(&mut line).write_all("a\nb\x1b[31m\u{85}é".as_bytes()).unwrap();
        assert_eq!(line, "a\\nb\\u{1b}[31m\\u{85}é".as_bytes());
    }
}
