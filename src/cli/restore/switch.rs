//! `restore --switch`: the settings name the restored database from then on.
//!
//! Only root may write the settings, and root becomes another user to use the database. So a restore that switches is two
//! processes: one that restores as without it, and this one, which waits for it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cli::arguments::Arguments;
use crate::cli::settings_file::{self, SETTINGS_FILE};
use crate::cli::{Failure, Outcome};
use crate::servers::with_database;

const ADDRESSES: [&str; 2] = ["STOREKEEPER_DATABASE_URL", "STOREKEEPER_ADMIN_DATABASE_URL"];

/// A file of settings, and what is to stand in it.
struct Change {
    file: PathBuf,
    settings: Vec<(String, String)>,
}

pub fn run(arguments: &Arguments, database: &str) -> Outcome {
    let changes = changes(arguments, database)?;
    let rest = std::env::args_os().skip(1).filter(|argument| argument != "--switch");
    let status = Command::new(std::env::current_exe()?).args(rest).status()?;
    if !status.success() {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        eprintln!("storekeeper: the settings are as they were");
        return Ok(ExitCode::from(code.unwrap_or(crate::cli::COULD_NOT_RUN)));
    }
    for Change { file, settings } in &changes {
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, url)| (&**name, &**url)).collect();
        settings_file::set(file, &settings)
            .map_err(|cause| Failure::from(format!("{} cannot be written: {cause}", file.display())))?;
        println!("{} names {database} now", file.display());
    }
    println!("restart the service: systemctl restart storekeeper");
    Ok(ExitCode::SUCCESS)
}

/// What is to be changed, so that what is wrong with it is told before hours of work.
fn changes(arguments: &Arguments, database: &str) -> Result<Vec<Change>, Failure> {
    let file = match arguments.value("settings") {
        Some(file) => Path::new(file),
        None if crate::cli::is_of_this_machine(arguments) => Path::new(SETTINGS_FILE),
        None => {
            return Err("the environment names the database, so leave --switch out and change it there; or say --settings FILE".into());
        }
    };
    let mut changes = Vec::new();
    for file in [file.to_owned(), settings_file::admin_beside(file)] {
        let read = settings_file::read(&file)?.unwrap_or_default();
        let of_database = read.into_iter().filter(|(name, _)| ADDRESSES.contains(&&**name));
        let settings: Vec<_> = of_database.map(|(name, url)| (name, with_database(&url, database))).collect();
        if !settings.is_empty() {
            changes.push(Change { file, settings });
        }
    }
    if changes.is_empty() {
        return Err("no file of settings names the database; leave --switch out".into());
    }
    Ok(changes)
}
