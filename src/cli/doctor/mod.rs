//! `storekeeper doctor`: what is well with a shop and its machine, what is not, and how to mend it. It changes nothing.

mod database;
mod machine;

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::Arguments;
use super::{Failure, Outcome, read_settings, system_user};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// It works, and may not go on working.
    Warning,
    /// Something does not work, or what the shop was told can be lost.
    Problem,
}

/// What was looked at, and what was found.
#[derive(Debug, Serialize)]
pub struct Finding {
    subject: &'static str,
    level: Level,
    /// A sentence, without the full stop.
    found: String,
    /// What to do about it: a command, where one does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    pub fn ok(subject: &'static str, found: impl Into<String>) -> Finding {
        Finding { subject, level: Level::Ok, found: found.into(), mend: None }
    }

    pub fn warning(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { subject, level: Level::Warning, found: found.into(), mend: Some(mend.into()) }
    }

    pub fn problem(subject: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { subject, level: Level::Problem, found: found.into(), mend: Some(mend.into()) }
    }
}

pub fn run(arguments: &Arguments) -> Outcome {
    let findings = look(arguments);
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (count(Level::Problem), count(Level::Warning));
    if arguments.has("json") {
        let report = serde_json::json!({"problems": problems, "warnings": warnings, "findings": findings});
        println!("{report}");
    } else {
        for Finding { subject, level, found, mend } in &findings {
            let level = match level {
                Level::Ok => "ok",
                Level::Warning => "warning",
                Level::Problem => "PROBLEM",
            };
            println!("{level:<8} {subject}: {found}");
            if let Some(mend) = mend {
                println!("         -> {mend}");
            }
        }
        println!("{problems} problems, {warnings} warnings");
    }
    Ok(ExitCode::from(u8::from(problems > 0)))
}

fn look(arguments: &Arguments) -> Vec<Finding> {
    let config = match read_settings(arguments) {
        Ok(config) => config,
        Err(Failure { message: errors, .. }) => {
            let wrong = |error: &str| {
                let mend = if error.starts_with("STOREKEEPER_DATABASE_URL must be set") {
                    "storekeeper setup makes the shop of this machine"
                } else {
                    "storekeeper --help says what each may be"
                };
                Finding::problem("settings", error, mend)
            };
            return errors.lines().map(wrong).collect();
        }
    };
    let mut findings = vec![Finding::ok("settings", "all of them can be read")];
    // What only root may see comes before root becomes the user whom the database knows.
    findings.extend(machine::look(&config));
    if let Err(Failure { message: cause, .. }) = system_user::become_that_of(&config.database_url) {
        findings.push(Finding::problem("database", cause, "run this as root (sudo)"));
        return findings;
    }
    findings.extend(database::look(&config));
    findings
}
