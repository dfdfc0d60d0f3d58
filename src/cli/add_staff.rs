//! `storekeeper add-staff`: who may log in at the counter.

use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use super::arguments::Arguments;
use super::{Failure, Outcome};
use crate::app::App;
use crate::config::Config;
use crate::handlers::staff;
use crate::values::{Input, StaffPassword, Username};
use crate::web::caller::Role;

pub fn run(arguments: &Arguments) -> Outcome {
    let role = arguments.value("role").map(role).transpose()?;
    let config = super::settings(arguments)?;
    add_staff(config, arguments.argument(), role, arguments.has("reset"))
}

fn role(text: &str) -> Result<Role, Failure> {
    let parsed = Role::parse_among(&Input::Text(text.to_owned()), Role::ALL);
    parsed.map_err(|bad| format!("--role {}", bad.message).into())
}

fn add_staff(config: Config, name: &str, role: Option<Role>, reset: bool) -> Outcome {
    let username = Username::parse(&Input::Text(name.to_owned()))
        .map_err(|bad| format!("the username {}", bad.message))?;
    drop(super::connect(&config)?);
    let password = StaffPassword::parse(&Input::Text(read_password()?), Some(&username))
        .map_err(|bad| format!("the password {}", bad.message))?;
    // The same connection limits as the service, but only one connection.
    let app = App::new(Config { database_connections: 1, ..config })?;
    let written = if reset {
        staff::reset(&app, &username, &password, role)
    } else {
        let hash = app.hasher.hash(&password);
        hash.and_then(|hash| staff::add(&app, &username, &hash, role.unwrap_or(Role::Manager)))
    };
    written.map_err(super::in_words)?;
    println!("staff account {} is ready; log in with POST /sessions", username.0);
    Ok(ExitCode::SUCCESS)
}

/// From a prompt without echo, or the first line of standard input. Never from an argument, which
/// every user of the machine could read.
pub fn read_password() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return read_secret();
    }
    let password = rpassword::prompt_password("Password (15 to 256 characters): ")?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err("the two passwords differ".into());
    }
    Ok(password)
}

/// One that is there already, and is asked for once.
pub fn read_secret() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Password: ")?);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
