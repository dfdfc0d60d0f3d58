//! The programs: what can be asked of them, a command a module, and how they start and fail.

pub mod add_staff;
pub mod arguments;
mod asking;
pub mod backup;
#[cfg(feature = "deliver")]
pub mod deliver;
pub mod doctor;
pub mod export;
pub mod import;
pub mod migrate;
pub mod note;
mod progress;
pub mod prune;
pub mod restore;
pub mod restore_drill;
pub mod serve;
pub mod settings_file;
pub mod setup;
mod system_user;
pub mod verify;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use mysql::Conn;

use self::arguments::Arguments;
use self::settings_file::SETTINGS_FILE;
use crate::config::Config;
use crate::db::{self, Connection, migrations};
use crate::error::Error;
use crate::logging;

/// Ends a program with a sentence on standard error, or with a line for each thing that is wrong.
pub struct Failure {
    pub message: String,
    exit_code: u8,
}

impl Failure {
    /// What stays as it is until somebody changes the settings or the tables, so that trying again is of no use.
    pub fn lasting(cause: impl Display) -> Failure {
        Failure { message: cause.to_string(), exit_code: NO_USE_TRYING_AGAIN }
    }
}

impl<T: Display> From<T> for Failure {
    fn from(cause: T) -> Failure {
        Failure { message: cause.to_string(), exit_code: COULD_NOT_RUN }
    }
}

pub type Outcome = Result<ExitCode, Failure>;

/// The exit code for what could not be done at all: wrong arguments, no database.
pub const COULD_NOT_RUN: u8 = 2;
/// The exit code for what could not be done and will not be by trying again; systemd leaves a service that says so stopped
/// (`RestartPreventExitStatus` in the units).
pub const NO_USE_TRYING_AGAIN: u8 = 3;

/// With what would move a terminal's cursor, or call its tricks, as the number that it is: names of files and of their
/// columns are other people's.
pub fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c.to_string(),
        c if c.is_control() => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// Ends `name`: prints why it failed, if it did.
pub fn end(name: &str, outcome: Outcome) -> ExitCode {
    outcome.unwrap_or_else(|Failure { message, exit_code }| {
        logging::failure(name, &printable(&message));
        ExitCode::from(exit_code)
    })
}

/// Reads the settings of the service and starts logging. Root becomes the service's user.
pub fn settings(arguments: &Arguments) -> Result<Config, Failure> {
    let config = read_settings(arguments)?;
    system_user::become_that_of(&config.database_url)?;
    Ok(config)
}

/// Reads the settings for what changes the tables, and starts logging. The database is that of the user who may.
pub fn admin_settings(arguments: &Arguments) -> Result<Config, Failure> {
    let config = read_settings(arguments)?;
    let database_url = config.admin_database_url.clone().unwrap_or_else(|| config.database_url.clone());
    system_user::become_that_of(&database_url)?;
    Ok(Config { database_url, ..config })
}

fn read_settings(arguments: &Arguments) -> Result<Config, Failure> {
    let config = Config::read(variables(arguments)?).map_err(|errors| Failure::lasting(errors.join("\n")))?;
    logging::start(config.log, config.log_format);
    Ok(config)
}

/// Whether the shop of this machine is meant, whose settings are in its files.
fn is_of_this_machine(arguments: &Arguments) -> bool {
    arguments.value("settings").is_none() && std::env::var_os("STOREKEEPER_DATABASE_URL").is_none()
}

/// The variables that hold the settings. Where the environment names no database, a person has typed a command, and means the
/// shop of this machine; what the environment sets besides goes before its files.
fn variables(arguments: &Arguments) -> Result<Vec<(String, String)>, Failure> {
    if let Some(file) = arguments.value("settings").map(Path::new) {
        let settings = settings_file::read(file)?;
        let mut settings = settings.ok_or_else(|| format!("there is no file {}", file.display()))?;
        settings.extend(settings_file::read_if_allowed(&settings_file::admin_beside(file))?);
        return Ok(settings);
    }
    // Lossy, since variables that are not ours may hold anything; a damaged one of ours is refused.
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let mut variables: Vec<_> = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
    if is_of_this_machine(arguments) {
        // The first of a name counts.
        variables.extend(settings_file::read(Path::new(SETTINGS_FILE))?.unwrap_or_default());
        variables
            .extend(settings_file::read_if_allowed(&settings_file::admin_beside(Path::new(SETTINGS_FILE)))?);
    }
    Ok(variables)
}

/// A connection for an operator's command. A database that cannot be used is told in one sentence; the
/// pool would try for a while, and log.
pub fn connect(config: &Config) -> Result<Conn, Failure> {
    db::connect_alone(&config.database_url).map_err(no_database)
}

fn no_database(cause: impl Into<Error>) -> Failure {
    format!("cannot use the database of STOREKEEPER_DATABASE_URL: {}", cause.into()).into()
}

/// Refuses to work on a schema that is behind this program, or ahead of it: what a later release writes, this one may not
/// know to keep whole.
pub fn require_current_schema(config: &Config) -> Result<(), Failure> {
    let mut conn = connect(config)?;
    let db = &mut Connection::alone(&mut conn);
    let missing = migrations::missing(db)?;
    if missing.is_empty()
        && let Some(last) = migrations::unknown(db)?
    {
        return Err(Failure::lasting(format!(
            "the database's schema is that of a later release, with {last}; install that release, or a later one"
        )));
    }
    match missing.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure::lasting(format!(
            "the database's schema is behind by {} steps, from {first} on; run \"storekeeper migrate\" first",
            missing.len()
        ))),
    }
}

/// A refusal's advice is meant for people, and so is what is wrong with each field; its code is not.
pub fn in_words(error: Error) -> Failure {
    match error {
        Error::Refused(problem) if !problem.errors.is_empty() => {
            let errors = problem.errors.iter().map(|error| format!("{} {}", error.field, error.message));
            errors.collect::<Vec<_>>().join("\n").into()
        }
        Error::Refused(problem) => format!("{}. {}", problem.kind.title, problem.detail).into(),
        other => other.into(),
    }
}
