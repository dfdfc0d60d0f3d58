//! `storekeeper verify`: the proof of the books, and what follows from them set right.

use std::process::ExitCode;
use std::time::Instant;

use super::arguments::Arguments;
use super::{Failure, Outcome};
use crate::app::{App, Clock};
use crate::audit::{self, Action, Actor, Object};
use crate::config::Config;
use crate::db::{self, invariants};
use crate::handlers::search_text::{self, Rows};
use crate::upkeep::{self, Broken};
use crate::{events, ledger, restock};

pub fn run(arguments: &Arguments) -> Outcome {
    let config = super::settings(arguments)?;
    let mut conn = super::connect(&config)?;
    if arguments.has("repair") {
        super::require_current_schema(&config)?;
        repair_figures(config)?;
    }
    let (at, started) = (Clock::default().now(), Instant::now());
    let mut broken = Vec::new();
    for invariant in invariants::INVARIANTS {
        let violations = invariants::violations(&mut conn, invariant)?;
        match violations.rows.len() {
            0 => println!("ok      {}", invariant.name),
            rows => {
                println!("BROKEN  {} ({rows} rows)", invariant.name);
                print!("{}", violations.table());
                broken.push(Broken::new(invariant.name, &violations));
            }
        }
    }
    // What was found is true also where it cannot be written down.
    let db = &mut db::Connection::alone(&mut conn);
    if let Err(cause) = upkeep::note_verification(db, at, "verify", started.elapsed(), &broken) {
        eprintln!("storekeeper: the outcome was not written down: {cause}");
    }
    if broken.is_empty() {
        println!("all {} invariants hold", invariants::INVARIANTS.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} of {} invariants are broken", broken.len(), invariants::INVARIANTS.len());
    Ok(ExitCode::from(1))
}

/// Sets the derived figures right, one transaction a product, and says what it changed. The service may
/// go on meanwhile.
fn repair_figures(config: Config) -> Result<(), Failure> {
    let app = App::new(Config { database_connections: 1, ..config })?;
    let mut repaired = 0;
    for product_id in db::read(&app.pool, ledger::product_ids)? {
        let repairs = db::transaction(&app.pool, |tx| {
            let repairs = ledger::repair(tx, product_id)?;
            if !repairs.is_empty() {
                let figures: Vec<&str> = repairs.iter().map(|repair| repair.figure).collect();
                let actor = Actor::command("verify --repair");
                audit::record(&app, tx, actor, Action::Repaired, (Object::Stock, product_id), &figures)?;
                let now = app.clock.now();
                events::record(tx, now, events::Kind::StockChanged, product_id, &[product_id], &figures)?;
            }
            Ok(repairs)
        })?;
        for repair in repairs {
            repaired += 1;
            let ledger::Repair { figure, stood, now, .. } = repair;
            log::warn!("repaired product={product_id} figure={figure} stood={stood} now={now}");
            println!("repaired product {product_id}: {figure} stood at {stood}, is {now} now");
        }
    }
    println!("{repaired} figures repaired");
    let product_ids = db::read(&app.pool, ledger::product_ids)?;
    let days = restock::demand::set_right(&app, &product_ids, app.clock.now())?;
    println!("{days} days of demand repaired");
    restock::hits::repair(&app)?;
    let rates = restock::sales_rates::repair(&app, app.config.calendar.day_of(app.clock.now()))?;
    println!("{rates} daily rates repaired");
    let rows = search_text::write(&app, Rows::All)?;
    println!("{rows} search texts repaired");
    Ok(())
}
