//! `storekeeper note`: what was done outside of the shop and is shown in it.

use std::process::ExitCode;

use super::Outcome;
use super::arguments::Arguments;
use crate::app::Clock;
use crate::db;
use crate::upkeep::{self, Kind};

pub fn backup(arguments: &Arguments) -> Outcome {
    note(arguments, Kind::Backup)
}

pub fn restore_drill(arguments: &Arguments) -> Outcome {
    note(arguments, Kind::RestoreDrill)
}

fn note(arguments: &Arguments, kind: Kind) -> Outcome {
    let config = super::settings(arguments)?;
    let failed = arguments.has("failed");
    let mut conn = super::connect(&config)?;
    let now = Clock::default().now();
    upkeep::note(&mut db::Connection::alone(&mut conn), kind, now, "note", !failed)?;
    println!("written down");
    Ok(ExitCode::SUCCESS)
}
