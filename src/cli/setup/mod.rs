//! `storekeeper setup`: from an installed program to a shop that answers.
//!
//! It asks what it must know, says what it is going to do, and does it step by step: users of the system, the database and
//! its users, the settings, the tables, the first manager, the service. A step that is done already is left alone, so it can
//! be run again. When a step fails, what this run has made is unmade, the last first.

mod answers;
mod database;
mod nginx;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::answers::Answers;
use self::steps::Steps;
use super::arguments::Arguments;
use super::settings_file::{self, SETTINGS_FILE};
use super::{Failure, Outcome};
use crate::config::Config;

pub use nginx::{SITE_FILE, run as nginx};
pub use steps::{INTERNAL_SOCKET, UNITS};

/// The settings as they are before anybody has said anything.
const TEMPLATE: &str = include_str!("../../../scripts/deploy/env");

pub fn run(arguments: &Arguments) -> Outcome {
    let shop = Place::of(arguments);
    let before = settings_file::read(&shop.settings)?.unwrap_or_default();
    let answers = Answers::ask(arguments, &before)?;
    let mut server = database::Server::reach(&answers, &shop)?;
    server.refuse_what_is_not_ours(&answers.database, &shop)?;
    let password =
        if server.has_manager(&answers.database)? { None } else { Some(answers.ask_manager_password()?) };
    answers.ask_to_go_on(arguments, &shop.settings)?;
    let mut steps = Steps::default();
    match all(&shop, &answers, password.as_deref(), &mut server, &mut steps) {
        Ok(()) => {
            say_what_is_next(&shop);
            if password.is_some() {
                println!("{} logs in at /desk.", answers.manager);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(Failure { message: cause, .. }) => {
            let mut lines = vec![cause];
            lines.extend(
                steps.undo(&mut server).iter().map(|left| format!("this could not be undone: {left}")),
            );
            lines.push("what else this run had made is undone; mend the cause, then run it again".to_owned());
            Err(lines.join("\n").into())
        }
    }
}

/// Where a shop's settings are, and whether it is that of this machine, which systemd runs.
struct Place {
    settings: PathBuf,
    admin_settings: PathBuf,
    is_of_the_machine: bool,
}

impl Place {
    fn of(arguments: &Arguments) -> Place {
        let named = arguments.value("settings");
        let settings = PathBuf::from(named.unwrap_or(SETTINGS_FILE));
        let admin_settings = settings_file::admin_beside(&settings);
        Place { settings, admin_settings, is_of_the_machine: named.is_none() }
    }

    fn has_systemd(&self) -> bool {
        self.is_of_the_machine && Path::new("/run/systemd/system").is_dir()
    }
}

fn all(
    shop: &Place,
    answers: &Answers,
    password: Option<&str>,
    server: &mut database::Server,
    steps: &mut Steps,
) -> Result<(), Failure> {
    if shop.is_of_the_machine {
        steps::system_users(steps)?;
    }
    let urls = server.make_database(answers, shop, steps)?;
    steps::write_settings(shop, answers, &urls, steps)?;
    steps::migrate(shop)?;
    if let Some(password) = password {
        steps::first_manager(shop, answers, password)?;
    }
    if shop.has_systemd() {
        steps::start(steps)?;
    }
    Ok(())
}

fn say_what_is_next(shop: &Place) {
    println!("\nThe shop is set up. Its settings are in {}.", shop.settings.display());
    if shop.has_systemd() {
        println!("It runs, and answers this machine. To put it on the network, behind nginx with TLS:");
        println!("  sudo storekeeper setup nginx --name shop.example");
    } else {
        println!("Start it with:");
        println!("  storekeeper --settings {} serve", shop.settings.display());
    }
}

/// Reads settings that were written, as the programs will.
fn check(settings: &[(String, String)]) -> Result<Config, Failure> {
    Config::read(settings.iter().cloned()).map_err(|errors| errors.join("\n").into())
}
