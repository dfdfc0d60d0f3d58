//! `storekeeper restore-drill`: whether the newest backup can be restored, seen by doing it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use mysql::prelude::Queryable;

use super::arguments::Arguments;
use super::backup::{folder, note};
use super::restore::{self, Restored, What};
use super::{Failure, Outcome};
use crate::config::Config;
use crate::upkeep::Kind;

pub fn run(arguments: &Arguments) -> Outcome {
    let config = super::admin_settings(arguments)?;
    let started = Instant::now();
    let tried = try_newest(arguments, &config);
    let is_sound = tried.as_ref().is_ok_and(|(_, restored)| restored.broken.is_empty());
    note(&config, Kind::RestoreDrill, "restore-drill", is_sound);
    let (name, restored) = tried?;
    for name in &restored.broken {
        println!("BROKEN  {name}");
    }
    let seconds = started.elapsed().as_secs_f64();
    if is_sound {
        println!("{name} can be restored: its books are right ({seconds:.1} s)");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{name} can be restored, but its books are broken; see storekeeper verify");
    Ok(ExitCode::from(1))
}

fn try_newest(arguments: &Arguments, config: &Config) -> Result<(String, Restored), Failure> {
    let folder = Path::new(arguments.argument_if_given().unwrap_or(folder::DEFAULT));
    let newest = folder::backups(folder)?.pop();
    let newest = newest.ok_or_else(|| format!("there is no backup in {}", folder.display()))?;
    let backup = folder::open(&newest)?;
    let own: Option<String> = super::connect(config)?.query_first("SELECT DATABASE()")?;
    // Of one name, so that what a drill left that was cut off is cleared away by the next.
    let database = format!("{}_drill", own.unwrap_or_default());
    let erased = restore::erased(arguments, config)?.unwrap_or_else(BTreeSet::new);
    let what = What {
        config,
        backup: &backup,
        database: &database,
        identity: arguments.value("identity"),
        erased: &erased,
    };
    let restored = what
        .try_out()
        .map_err(|Failure { message: cause, .. }| Failure::from(format!("{}: {cause}", newest.display())))?;
    Ok((newest.display().to_string(), restored))
}
