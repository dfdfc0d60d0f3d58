//! One restock run from the command line, for a timer or by hand.
//!
//! Exit code 0: done, also when nothing was due. 1: some products failed, the others are done.
//! 2: could not run. Killed at any moment, the next run completes the work and doubles nothing.

use std::process::ExitCode;

use serde_json::json;
use storekeeper::app::App;
use storekeeper::audit::Actor;
use storekeeper::cli::{self, Failure, Outcome};
use storekeeper::config::Config;
use storekeeper::db;
use storekeeper::restock::{self, PlanLine, RunLine, Selection};
use storekeeper::table;
use storekeeper::values::Id;

const HELP: &str = "\
storekeeper-restock: restock what runs low

Usage: storekeeper-restock [OPTIONS]

Options:
      --dry-run      say what a run would do now, and why; write nothing
      --json         print JSON instead of a table
      --product ID   look at this product only
  -h, --help         print this
  -V, --version      print the version

Exit code: 0 done, also when nothing was due; 1 some products failed, the others are done; 2 could not run.
The settings are those of storekeeper; see storekeeper --help.
";

#[derive(Default)]
struct Arguments {
    dry_run: bool,
    json: bool,
    product_id: Option<Id>,
}

fn main() -> ExitCode {
    cli::end(
        "storekeeper-restock",
        parse_arguments().and_then(|arguments| match arguments {
            Some(arguments) => restock(&arguments),
            None => Ok(ExitCode::SUCCESS),
        }),
    )
}

/// None when the question was for help or the version, which is answered here.
fn parse_arguments() -> Result<Option<Arguments>, Failure> {
    use lexopt::prelude::*;
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("dry-run") => arguments.dry_run = true,
            Long("json") => arguments.json = true,
            Long("product") => {
                let text = parser.value()?.string()?;
                let id = text.parse().ok().filter(|id| (1..=i64::MAX as Id).contains(id));
                let id =
                    id.ok_or_else(|| format!("--product is {text:?} but must be the id of a product"))?;
                arguments.product_id = Some(id);
            }
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("storekeeper-restock {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(arguments))
}

fn restock(arguments: &Arguments) -> Outcome {
    let config = cli::settings()?;
    cli::require_current_schema(&config)?;
    // A run is one thread after another's transaction; it needs one connection.
    let app = App::new(Config { database_connections: 1, ..config })?;
    let selection = Selection { product_id: arguments.product_id, ..Selection::default() };
    if let Some(product_id) = arguments.product_id
        && db::read(&app.pool, |db| restock::scan(db, &app.config, selection, app.clock.now()))?.is_empty()
    {
        return Err(format!(
            "product {product_id} is not watched: it does not exist, is archived, or has no reorder point"
        )
        .into());
    }
    if arguments.dry_run { dry_run(&app, arguments, selection) } else { run(&app, arguments, selection) }
}

fn dry_run(app: &App, arguments: &Arguments, selection: Selection) -> Outcome {
    let lines = db::read(&app.pool, |db| restock::plan(db, &app.config, selection, app.clock.now()))?;
    let due = lines.iter().filter(|line| line.quantity > 0);
    let (count, units) = due.fold((0, 0), |(count, units), line| (count + 1, units + line.quantity));
    if arguments.json {
        let plan =
            json!({"dry_run": true, "watched": lines.len(), "due": count, "units": units, "lines": lines});
        println!("{plan}");
    } else {
        print!("{}", plan_table(&lines));
        println!(
            "{} products watched, {count} due, {units} units to order; nothing was written",
            lines.len()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn run(app: &App, arguments: &Arguments, selection: Selection) -> Outcome {
    let actor = Actor::command("storekeeper-restock");
    let run_id = restock::start(app, actor)?;
    restock::run(app, run_id, actor, selection)?;
    let (summary, lines) = db::transaction(&app.pool, |tx| {
        restock::finish(tx, run_id, app.clock.now())?;
        Ok((restock::summary(tx, run_id)?, restock::lines(tx, run_id)?))
    })?;
    let summary = summary.ok_or("the run is gone")?;
    log::info!(
        "restock run={run_id} watched={} drafted={} ordered={} received={} failed={} units={}",
        summary.watched,
        summary.drafted,
        summary.ordered,
        summary.received,
        summary.failed,
        summary.units
    );
    let failed = summary.failed;
    if arguments.json {
        println!("{}", json!({"dry_run": false, "run": summary, "lines": lines}));
    } else {
        print!("{}", run_table(&lines));
        println!(
            "run {run_id}: {} products watched, {} drafted, {} ordered, {} received, {failed} failed, {} units",
            summary.watched, summary.drafted, summary.ordered, summary.received, summary.units
        );
    }
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

fn plan_table(lines: &[PlanLine]) -> String {
    let header = [
        "product",
        "name",
        "on hand",
        "reserved",
        "incoming",
        "drafted",
        "position",
        "point",
        "target",
        "a day",
        "cover",
        "suggested",
        "wanted",
        "reached",
        "quantity",
        "why",
    ];
    let number = |value: Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
    // Of three decimals, so one is left of the percents: 99.9 is not 100.
    let percent = |part: Option<f64>| {
        part.map_or("-".to_owned(), |part| format!("{} %", (part * 1000.0).round() / 10.0))
    };
    let row = |line: &PlanLine| {
        vec![
            line.product_id.to_string(),
            line.name.clone(),
            line.shelf.on_hand.to_string(),
            line.shelf.reserved.to_string(),
            line.shelf.incoming.to_string(),
            line.shelf.drafted.to_string(),
            line.position.to_string(),
            number(line.policy.reorder_point),
            number(line.policy.reorder_target),
            line.forecast.units_per_day.to_string(),
            line.forecast.days_of_cover.map_or("-".to_owned(), |days| format!("{days} d")),
            line.forecast.suggested_reorder_point.to_string(),
            percent(line.forecast.wanted),
            percent(line.forecast.reached),
            line.quantity.to_string(),
            line.reason.clone(),
        ]
    };
    table::text(&header, lines.iter().map(row))
}

fn run_table(lines: &[RunLine]) -> String {
    let header = ["product", "position", "outcome", "quantity", "purchase order", "why"];
    let row = |line: &RunLine| {
        vec![
            line.product_id.to_string(),
            line.position.to_string(),
            line.outcome.text().to_owned(),
            line.quantity.to_string(),
            line.purchase_order_id.map_or("-".to_owned(), |id| id.to_string()),
            line.reason.clone(),
        ]
    };
    table::text(&header, lines.iter().map(row))
}
