//! `storekeeper-deliver`: tells other programs what happens, until it is ended, or what is due now.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Outcome;
use super::arguments::Arguments;
use crate::app::App;
use crate::config::Config;
use crate::webhooks::run::{self, Sent};

/// A connection is held for a statement or two at a time, and there are twenty webhooks at most.
const CONNECTIONS: u32 = 4;

pub fn run(arguments: &Arguments) -> Outcome {
    let config = super::settings(arguments)?;
    let stop = Arc::new(AtomicBool::new(false));
    // Taken early, so that a signal during the start is not lost.
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    super::require_current_schema(&config)?;
    let app = Arc::new(App::new(Config { database_connections: CONNECTIONS, ..config })?);
    let ending = stop.clone();
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            log::info!("ending after the attempts that are under way");
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
            ending.store(true, Ordering::Relaxed);
        }
    });
    if arguments.has("once") {
        let Sent { delivered, failed } = run::once(&app, &stop)?;
        println!("{delivered} events delivered, {failed} attempts failed");
        return Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    log::info!("looking for events that are due");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    run::until(&app, &stop);
    log::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
