//! The one error that handlers and transactions return.

pub mod database;

use std::fmt;

use crate::problem::{self, Problem};

#[derive(Debug)]
pub enum Error {
    /// The request cannot be granted; the caller is told why and what to do.
    Refused(Box<Problem>),
    /// The database said no. `db` decides whether to run the work again.
    Database(mysql::Error),
    /// No connection to the database was free in time.
    NoConnection(r2d2::Error),
    /// The connection broke while COMMIT was under way.
    OutcomeUnknown(mysql::Error),
    /// Something holds a row for long, and others wait for it already.
    Contended,
    /// The transaction was held up for longer than one may be open.
    TooLate,
    /// What the transaction saw was overtaken by another one: run it again.
    Raced,
    /// A defect of ours, in words for the log.
    Internal(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// How grave it is to an operator, where nobody is answered with it: what ends by itself is a warning.
    pub fn level(&self) -> log::Level {
        match self {
            Error::Database(cause)
                if !database::is_worth_rerunning(cause) && !database::is_passing(cause) =>
            {
                log::Level::Error
            }
            Error::Internal(_) => log::Level::Error,
            _ => log::Level::Warn,
        }
    }

    /// What the caller is told. The causes that only an operator can act on are logged here, once.
    pub fn into_problem(self) -> Problem {
        match self {
            Error::Refused(problem) => *problem,
            Error::NoConnection(cause) => {
                log::warn!("no database connection: {cause}");
                Problem::new(
                    problem::DATABASE_UNAVAILABLE,
                    "No database connection was free in time. Nothing was changed; try again shortly.",
                )
                .retry_after(1)
            }
            Error::OutcomeUnknown(cause) => {
                log::warn!("connection lost at COMMIT: {cause}");
                Problem::new(
                    problem::OUTCOME_UNKNOWN,
                    "The connection to the database broke at the last step. Send the same request with the same \
                     Idempotency-Key to find out; without a key, look before you send it again.",
                )
                .retry_after(1)
            }
            Error::Contended => Problem::busy(
                "Something else holds one of these products for long. Nothing was changed; try again shortly.",
            ),
            Error::TooLate => Problem::busy(
                "The database held this up for too long. Nothing was changed; try again shortly.",
            ),
            Error::Raced => overtaken(),
            Error::Database(cause) if database::is_worth_rerunning(&cause) => overtaken(),
            Error::Database(cause) if database::is_storage_full(&cause) => {
                log::error!("the database has no room left: {}", database::in_words(&cause));
                Problem::new(
                    problem::STORAGE_FULL,
                    "The database has no room left for this. Nothing was changed; try again once its operator has made \
                     room.",
                )
                .retry_after(15)
            }
            Error::Database(cause) if database::is_limit(&cause) => {
                log::error!("the database has reached a limit: {}", database::in_words(&cause));
                Problem::new(
                    problem::DATABASE_LIMIT,
                    "The database has as much to do as it is set to. Nothing was changed; try again shortly.",
                )
                .retry_after(1)
            }
            Error::Database(cause) if database::is_passing(&cause) => {
                log::warn!("database: {cause}");
                Problem::new(
                    problem::DATABASE_UNAVAILABLE,
                    "The database could not do this now. Nothing was changed; try again shortly.",
                )
                .retry_after(1)
            }
            Error::Database(cause) if database::is_broken_rule(&cause) => {
                log::error!("a constraint stopped a change that a guard should have refused: {cause}");
                Problem::new(
                    problem::CONFLICT,
                    "The change would break a rule of the shop's books, so nothing was changed. Read the resource again.",
                )
            }
            cause @ (Error::Database(_) | Error::Internal(_)) => {
                log::error!("internal error: {cause}");
                Problem::internal()
            }
        }
    }
}

fn overtaken() -> Problem {
    Problem::busy("Too many wanted the same thing at once. Nothing was changed; try again.")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Refused(problem) => write!(f, "{}: {}", problem.kind.code, problem.detail),
            Error::Database(cause) | Error::OutcomeUnknown(cause) => f.write_str(&database::in_words(cause)),
            Error::NoConnection(cause) => write!(f, "{cause}"),
            Error::Contended => f.write_str("something holds a row for long, and others wait for it"),
            Error::TooLate => f.write_str("the transaction was open for too long"),
            Error::Raced => f.write_str("overtaken by another transaction"),
            Error::Internal(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        Error::Refused(Box::new(problem))
    }
}

impl From<mysql::Error> for Error {
    fn from(error: mysql::Error) -> Error {
        Error::Database(error)
    }
}
