//! `storekeeper prune`: what is kept for a time only.

use std::process::ExitCode;

use super::Outcome;
use super::arguments::Arguments;
use crate::app::App;
use crate::config::Config;
use crate::handlers::{imports, orders, sessions};
use crate::web::idempotency;
use crate::{events, restock, webhooks};

pub fn run(arguments: &Arguments) -> Outcome {
    let config = super::settings(arguments)?;
    super::require_current_schema(&config)?;
    let app = App::new(Config { database_connections: 1, ..config })?;
    let sessions = sessions::prune(&app)?;
    let keys = idempotency::prune(&app)?;
    let lines = restock::prune(&app)?;
    let days = restock::demand::prune(&app)?;
    let suggestions = restock::hits::prune(&app)?;
    let events = events::prune(&app)?;
    let attempts = webhooks::prune(&app)?;
    let imports = imports::prune(&app)?;
    let orders = orders::cancel_unconfirmed(&app)?;
    println!(
        "deleted {sessions} expired sessions, {keys} expired idempotency keys, {lines} idle lines of old runs, \
         {days} days of demand, {suggestions} old suggestions, {events} old events, {attempts} old attempts of webhooks and \
         {imports} old imports; cancelled {orders} unconfirmed orders"
    );
    Ok(ExitCode::SUCCESS)
}
