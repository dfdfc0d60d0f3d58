//! What both programs share: how they start, and how they fail.

use std::ffi::OsString;
use std::fmt::Display;
use std::process::ExitCode;

use mysql::Conn;

use crate::config::Config;
use crate::db::{self, Connection, migrations};
use crate::error::Error;
use crate::logging;

/// Ends a program with a sentence on standard error, or with a line for each thing that is wrong.
pub struct Failure(pub String);

impl<T: Display> From<T> for Failure {
    fn from(cause: T) -> Failure {
        Failure(cause.to_string())
    }
}

pub type Outcome = Result<ExitCode, Failure>;

/// The exit code for what could not be done at all: wrong arguments or settings, no database.
pub const COULD_NOT_RUN: u8 = 2;

/// Ends `name`: prints why it failed, if it did.
pub fn end(name: &str, outcome: Outcome) -> ExitCode {
    outcome.unwrap_or_else(|Failure(message)| {
        for line in message.lines() {
            eprintln!("{name}: {line}");
        }
        ExitCode::from(COULD_NOT_RUN)
    })
}

/// Reads the settings and starts logging.
pub fn settings() -> Result<Config, Failure> {
    // Lossy, since variables that are not ours may hold anything; a damaged one of ours is refused.
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let config = Config::read(variables).map_err(|errors| Failure(errors.join("\n")))?;
    logging::start(config.log);
    Ok(config)
}

/// A connection for an operator's command. A database that cannot be used is told in one sentence; the
/// pool would try for a while, and log.
pub fn connect(config: &Config) -> Result<Conn, Failure> {
    db::connect_alone(&config.database_url)
        .map_err(|cause| Failure(format!("cannot use the database of STOREKEEPER_DATABASE_URL: {cause}")))
}

/// Refuses to work on a schema that is behind this program.
pub fn require_current_schema(config: &Config) -> Result<(), Failure> {
    let mut conn = connect(config)?;
    let missing = migrations::missing(&mut Connection::alone(&mut conn))?;
    match missing.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure(format!(
            "the database's schema is behind by {} steps, from {first} on; run \"storekeeper migrate\" first",
            missing.len()
        ))),
    }
}

/// A refusal's advice is meant for people; its code is not.
pub fn in_words(error: Error) -> Failure {
    match error {
        Error::Refused(problem) => Failure(format!("{}. {}", problem.kind.title, problem.detail)),
        other => other.into(),
    }
}
