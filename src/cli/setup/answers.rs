//! What setup must know: from options, from the settings that are there already, or asked for.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use super::steps::SERVICE_URL;
use crate::cli::Failure;
use crate::cli::add_staff::read_password;
use crate::cli::arguments::Arguments;
use crate::servers::Servers;
use crate::values::{Currency, Input, Line, StaffPassword, Username, Zone};

pub struct Answers {
    /// An administrator's address of a database server; None for the one of this machine, which knows root by their login.
    pub server: Option<String>,
    pub database: String,
    pub currency: String,
    pub time_zone: String,
    pub shop_name: String,
    pub manager: String,
}

impl Answers {
    /// Takes what the options say, and asks for the rest, which is not asked for with `--yes` or without a terminal.
    pub fn ask(arguments: &Arguments, before: &[(String, String)]) -> Result<Answers, Failure> {
        let asks = !arguments.has("yes") && io::stdin().is_terminal();
        let answer = |option: &str, setting: &str, question: &str, default: &str, check: Check| {
            let set = before.iter().find(|(name, _)| name == setting).map(|(_, value)| value.as_str());
            one(asks, arguments.value(option), option, question, set.unwrap_or(default), check)
        };
        let system_zone = system_zone();
        let of_before = before.iter().find(|(name, _)| name == SERVICE_URL);
        let of_before = of_before.map(|(_, url)| Servers::parse(url)).transpose()?;
        let of_before = of_before.map(|servers| servers.database());
        if let (Some(asked), Some(known)) = (arguments.value("database"), &of_before)
            && asked != known
        {
            let message = format!(
                "these settings are those of the shop in the database {known}; another shop has settings of its own (--settings FILE)"
            );
            return Err(message.into());
        }
        Ok(Answers {
            server: arguments.value("server").map(str::to_owned),
            database: one(
                asks && of_before.is_none(),
                arguments.value("database"),
                "database",
                "Name of the database",
                of_before.as_deref().unwrap_or("storekeeper"),
                database,
            )?,
            shop_name: answer(
                "shop-name",
                "STOREKEEPER_SHOP_NAME",
                "Name of the shop",
                "Storekeeper",
                shop_name,
            )?,
            currency: answer("currency", "STOREKEEPER_CURRENCY", "Its currency (ISO 4217)", "EUR", currency)?,
            time_zone: answer(
                "time-zone",
                "STOREKEEPER_TIME_ZONE",
                "Its time zone",
                &system_zone,
                time_zone,
            )?,
            manager: answer("manager", "", "Username of its first manager", "manager", username)?,
        })
    }

    pub fn ask_manager_password(&self) -> Result<String, Failure> {
        let username = Username::parse(&Input::Text(self.manager.clone())).map_err(|bad| bad.message)?;
        println!("A password for {}, who will log in at the desk:", self.manager);
        loop {
            let password = read_password();
            let checked = password.and_then(|password| {
                let parsed = StaffPassword::parse(&Input::Text(password.clone()), Some(&username));
                parsed.map(|_| password).map_err(|bad| Failure::from(format!("the password {}", bad.message)))
            });
            match checked {
                Err(Failure { message: wrong, .. }) if io::stdin().is_terminal() => {
                    println!("Once more: {wrong}.")
                }
                checked => return checked,
            }
        }
    }

    /// Says what is going to be done, where somebody can still say no.
    pub fn ask_to_go_on(&self, arguments: &Arguments, settings: &Path) -> Result<(), Failure> {
        if arguments.has("yes") || !io::stdin().is_terminal() {
            return Ok(());
        }
        println!(
            "\nThis makes what is missing of: the database {} with a user for the service and one who may change its \
             tables,\nthe settings in {}, the tables, the staff account {}, and the service.\nWhat is there already stays.",
            self.database,
            settings.display(),
            self.manager
        );
        let go_on = |answer: &str| match answer {
            "yes" | "no" => Ok(()),
            _ => Err("must be yes or no".to_owned()),
        };
        match one(true, None, "", "Go on?", "yes", go_on)?.as_str() {
            "yes" => Ok(()),
            _ => Err("nothing was done".into()),
        }
    }
}

/// What a text must be, in words, when it is not that.
type Check = fn(&str) -> Result<(), String>;

fn one(
    asks: bool,
    given: Option<&str>,
    option: &str,
    question: &str,
    default: &str,
    check: Check,
) -> Result<String, Failure> {
    if let Some(given) = given {
        check(given).map_err(|must| Failure::from(format!("--{option} {must}")))?;
        return Ok(given.to_owned());
    }
    if !asks {
        return Ok(default.to_owned());
    }
    loop {
        print!("{question} [{default}]: ");
        io::stdout().flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err("nothing more was answered; nothing was done".into());
        }
        let answer = match line.trim() {
            "" => default,
            answer => answer,
        };
        match check(answer) {
            Ok(()) => return Ok(answer.to_owned()),
            Err(must) => println!("It {must}."),
        }
    }
}

/// What needs no quotes in any statement, and leaves room for what is put behind it.
fn database(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=32).contains(&name.len()) && name.bytes().all(plain);
    if fits { Ok(()) } else { Err("must be 1 to 32 small letters, digits and underscores".to_owned()) }
}

fn shop_name(name: &str) -> Result<(), String> {
    Line::<100>::parse(&Input::Text(name.to_owned())).map(drop).map_err(|bad| bad.message)
}

fn currency(code: &str) -> Result<(), String> {
    Currency::from_code(code).map(drop).ok_or("must be an ISO 4217 code in capitals, such as EUR".to_owned())
}

fn time_zone(name: &str) -> Result<(), String> {
    Zone::named(name).map(drop).ok_or("must be the name of a zone, such as Europe/Berlin".to_owned())
}

fn username(name: &str) -> Result<(), String> {
    Username::parse(&Input::Text(name.to_owned())).map(drop).map_err(|bad| bad.message)
}

/// The zone of this machine.
fn system_zone() -> String {
    let link = std::fs::read_link("/etc/localtime").unwrap_or_default();
    let name = link.to_string_lossy().split_once("zoneinfo/").map(|(_, name)| name.to_owned());
    name.filter(|name| Zone::named(name).is_some()).unwrap_or("UTC".to_owned())
}
