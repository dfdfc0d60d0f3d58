//! One restock run from the command line, for a timer or by hand.
//!
//! Exit code 0: done, also when nothing was due. 1: some products failed, the others are done.
//! 2: could not run; 3: nor will it before somebody puts the settings or the tables right. Killed at any moment, the next run completes the work and doubles nothing.

use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};
use storekeeper::app::App;
use storekeeper::audit::Actor;
use storekeeper::cli::arguments::{Arguments, Command, Program, flag, with_value};
use storekeeper::cli::{self, Failure, Outcome};
use storekeeper::config::Config;
use storekeeper::db;
use storekeeper::restock::{self, Comparison, PlanLine, RunLine, Selection, Tried, TriedPoint};
use storekeeper::table;
use storekeeper::values::{Id, Price};

const RESTOCK: Program = Program {
    name: "storekeeper-restock",
    about: "restock what runs low",
    commands: &[Command {
        words: "",
        argument: None,
        about: "order what is due",
        options: &[
            flag("dry-run", "say what a run would do now, and why; write nothing"),
            flag(
                "what-if",
                "say what the suggested reorder points would have come to in the past, beside those that there are; write \
                 nothing",
            ),
            flag("json", "print JSON instead of a table"),
            with_value("product", "ID", "look at this product only"),
        ],
        run: restock,
    }],
    exit_codes: "0 done, also when nothing was due; 1 some products failed, the others are done; 2 could not run",
};

fn main() -> ExitCode {
    let outcome = RESTOCK.run(std::env::args_os().skip(1));
    // Its timer tries again tomorrow whatever kept it, and the scripts of shops know one code for that.
    cli::end(RESTOCK.name, outcome.map_err(|failure| failure.message.into()))
}

fn restock(arguments: &Arguments) -> Outcome {
    if arguments.has("dry-run") && arguments.has("what-if") {
        return Err("--dry-run and --what-if are two questions: ask one at a time".into());
    }
    let product_id = arguments.value("product").map(product_id).transpose()?;
    let config = cli::settings(arguments)?;
    cli::require_current_schema(&config)?;
    // A run is one thread after another's transaction; it needs one connection.
    let app = App::new(Config { database_connections: 1, ..config })?;
    let selection = Selection { product_id, ..Selection::default() };
    if let Some(product_id) = product_id
        && db::read(&app.pool, |db| restock::scan(db, &app.config, selection, app.clock.now()))?.is_empty()
    {
        return Err(format!(
            "product {product_id} is not watched: it does not exist, is archived, or has no reorder point"
        )
        .into());
    }
    if arguments.has("what-if") {
        what_if(&app, arguments, selection)
    } else if arguments.has("dry-run") {
        dry_run(&app, arguments, selection)
    } else {
        run(&app, arguments, selection)
    }
}

fn product_id(text: &str) -> Result<Id, Failure> {
    let id = text.parse().ok().filter(|id| (1..=i64::MAX as Id).contains(id));
    id.ok_or_else(|| format!("--product is {text:?} but must be the id of a product").into())
}

fn dry_run(app: &App, arguments: &Arguments, selection: Selection) -> Outcome {
    let lines = db::read(&app.pool, |db| restock::plan(db, &app.config, selection, app.clock.now()))?;
    let due = lines.iter().filter(|line| line.quantity > 0);
    let (count, units) = due.fold((0, 0), |(count, units), line| (count + 1, units + line.quantity));
    if arguments.has("json") {
        print_json(json!({"dry_run": true, "watched": lines.len(), "due": count, "units": units}), &lines)?;
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
    if arguments.has("json") {
        print_json(json!({"dry_run": false, "run": summary}), &lines)?;
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

fn what_if(app: &App, arguments: &Arguments, selection: Selection) -> Outcome {
    let lines =
        db::read(&app.pool, |db| restock::compare_watched(db, &app.config, selection, app.clock.now()))?;
    if arguments.has("json") {
        print_json(json!({"what_if": true, "watched": lines.len()}), &lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}", what_if_table(&lines));
    for line in &lines {
        if let Some(curve) = &line.curve {
            print!("\n{}", curve_table(curve));
        }
    }
    let with_a_past = lines.iter().filter(|line| line.days > 0).count();
    println!("{} products watched, {with_a_past} with a past to replay; nothing was written", lines.len());
    Ok(ExitCode::SUCCESS)
}

/// One object on one line. The lines are written one after the other and not made one value first: those of a large shop are
/// 90 MB of text.
fn print_json(head: Value, lines: &[impl Serialize]) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Printed<'a, L> {
        #[serde(flatten)]
        head: Value,
        lines: &'a [L],
    }
    let mut out = BufWriter::new(stdout().lock());
    serde_json::to_writer(&mut out, &Printed { head, lines }).map_err(|error| error.to_string())?;
    writeln!(out).and_then(|()| out.flush()).map_err(|error| error.to_string().into())
}

fn what_if_table(lines: &[Comparison]) -> String {
    let header = [
        "product",
        "name",
        "days",
        "point",
        "target",
        "without stock",
        "not sold",
        "average stock",
        "highest",
        "orders",
        "money bound",
    ];
    let row = |line: &Comparison| {
        // As it is, and as it would be.
        let both = |text: fn(&Tried) -> String| match (&line.now, &line.proposal) {
            (Some(now), Some(proposal)) => format!("{} -> {}", text(now), text(proposal)),
            _ => "-".to_owned(),
        };
        vec![
            line.product_id.to_string(),
            line.name.clone(),
            line.days.to_string(),
            both(|tried| number(tried.reorder_point)),
            both(|tried| number(tried.reorder_target)),
            both(|tried| format!("{} d", tried.outcome.days_without_stock)),
            both(|tried| tried.outcome.units_not_sold.to_string()),
            both(|tried| tried.outcome.average_stock.to_string()),
            both(|tried| tried.outcome.highest_stock.to_string()),
            both(|tried| tried.outcome.orders.to_string()),
            both(|tried| money(tried.money_bound)),
        ]
    };
    table::text(&header, lines.iter().map(row))
}

fn curve_table(curve: &[TriedPoint]) -> String {
    let header =
        ["point", "target", "without stock", "not sold", "average stock", "highest", "orders", "money bound"];
    let row = |point: &TriedPoint| {
        vec![
            point.reorder_point.to_string(),
            point.reorder_target.to_string(),
            format!("{} d", point.outcome.days_without_stock),
            point.outcome.units_not_sold.to_string(),
            point.outcome.average_stock.to_string(),
            point.outcome.highest_stock.to_string(),
            point.outcome.orders.to_string(),
            money(point.money_bound),
        ]
    };
    table::text(&header, curve.iter().map(row))
}

fn number(value: Option<i64>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

fn money(value: Option<Price>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
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
