//! `storekeeper migrate`: the schema as this program needs it.

use std::process::ExitCode;

use super::Outcome;
use super::arguments::Arguments;
use crate::app::App;
use crate::config::Config;
use crate::db::{self, migrations};
use crate::handlers::search_text::{self, Rows};

pub fn run(arguments: &Arguments) -> Outcome {
    let config = super::admin_settings(arguments)?;
    if arguments.has("status") { status(&config) } else { migrate(config) }
}

fn migrate(config: Config) -> Outcome {
    let (mut conn, mut guard) = (super::connect(&config)?, super::connect(&config)?);
    let applied = migrations::migrate(&mut conn, &mut guard, migrations::MIGRATIONS)?;
    drop((conn, guard));
    super::require_current_schema(&config)?;
    for name in &applied {
        println!("applied {name}");
    }
    let app = App::new(Config { database_connections: 1, ..config })?;
    match search_text::write(&app, Rows::Missing)? {
        0 => {}
        rows => println!("made {rows} rows of products and customers ready for searching"),
    }
    match applied.len() {
        0 => println!("the schema is up to date"),
        count => println!("applied {count} migrations; the schema is up to date"),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(config: &Config) -> Outcome {
    let mut conn = super::connect(config)?;
    for (migration, state) in
        migrations::states(&mut db::Connection::alone(&mut conn), migrations::MIGRATIONS)?
    {
        let state = match state {
            migrations::State::Applied => "applied",
            migrations::State::Started => "started, not finished",
            migrations::State::Missing => "missing",
        };
        println!("{:<30} {state}", migration.name);
    }
    Ok(ExitCode::SUCCESS)
}
