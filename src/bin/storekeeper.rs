//! The service and its operator's commands.

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, io, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use storekeeper::app::App;
use storekeeper::config::{Config, SETTINGS};
use storekeeper::db::{self, idempotency, invariants, migrations};
use storekeeper::error::Error;
use storekeeper::handlers::{accounts, sessions};
use storekeeper::logging;
use storekeeper::values::{Input, StaffPassword, Username};
use storekeeper::web::server;

const COMMANDS: &str = "\
storekeeper: the back office of a small shop

Usage: storekeeper [COMMAND]

Commands:
  serve                 answer HTTP requests until SIGTERM or Ctrl-C (the default)
  migrate               bring the database's schema up to date; safe to run at any time
  migrate --status      list the steps of the schema and whether they are applied
  add-staff NAME        create a staff account; asks for the password, or reads it from standard input
  add-staff --reset NAME  give an existing staff account a new password and end its sessions
  verify                prove the books: run every invariant, print the rows that break one
  prune                 delete expired sessions and idempotency keys

Options:
  -h, --help            print this
  -V, --version         print the version

Settings, from the environment:
";

enum Command {
    Serve,
    Migrate,
    MigrateStatus,
    AddStaff { name: String, reset: bool },
    Verify,
    Prune,
    Help,
    Version,
}

/// Ends the program with one sentence on standard error and exit code 2.
struct Failure(String);

impl<T: std::fmt::Display> From<T> for Failure {
    fn from(cause: T) -> Failure {
        Failure(cause.to_string())
    }
}

type Outcome = Result<ExitCode, Failure>;

fn main() -> ExitCode {
    let outcome = parse_arguments().and_then(|command| match command {
        Command::Help => print_help(),
        Command::Version => {
            println!("storekeeper {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        command => run(command),
    });
    outcome.unwrap_or_else(|Failure(message)| {
        eprintln!("storekeeper: {message}");
        ExitCode::from(2)
    })
}

fn run(command: Command) -> Outcome {
    // Lossy, since variables that are not ours may hold anything; a damaged one of ours is refused.
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let variables = env::vars_os().map(|(name, value)| (text(name), text(value)));
    let config = Config::read(variables).map_err(|errors| Failure(errors.join("\nstorekeeper: ")))?;
    logging::start(config.log);
    match command {
        Command::Migrate => migrate(&config),
        Command::MigrateStatus => migrate_status(&config),
        Command::AddStaff { name, reset } => add_staff(config, &name, reset),
        Command::Verify => verify(&config),
        Command::Prune => prune(config),
        _ => serve(config),
    }
}

fn parse_arguments() -> Result<Command, Failure> {
    use lexopt::prelude::*;
    let mut words = Vec::new();
    let (mut status, mut reset) = (false, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("status") => status = true,
            Long("reset") => reset = true,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (words.as_slice(), status, reset) {
        ([] | ["serve"], false, false) => Ok(Command::Serve),
        (["migrate"], false, false) => Ok(Command::Migrate),
        (["migrate"], true, false) => Ok(Command::MigrateStatus),
        (["add-staff", name], false, reset) => Ok(Command::AddStaff { name: name.to_string(), reset }),
        (["add-staff"], ..) => Err("add-staff needs a username".into()),
        (["verify"], false, false) => Ok(Command::Verify),
        (["prune"], false, false) => Ok(Command::Prune),
        _ => Err("these arguments do not fit together; see storekeeper --help".into()),
    }
}

fn print_help() -> Outcome {
    print!("{COMMANDS}");
    for setting in SETTINGS {
        println!("  {}  [{}]\n      {}", setting.name, setting.default, setting.meaning);
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(config: Config) -> Outcome {
    // Taken first, so that a signal during the start is not lost.
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let listen = config.listen;
    let listener = TcpListener::bind(listen).map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => Failure(format!(
            "{listen} is in use by another program; end that, or set STOREKEEPER_LISTEN to another address"
        )),
        _ => Failure(format!("cannot listen on {listen}: {cause}; set STOREKEEPER_LISTEN")),
    })?;
    refuse_old_schema(&config)?;
    let app = Arc::new(App::new(config)?);
    let server = server::start(app, listener)?;
    log::info!("listening on http://{}", server.address);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    feed_watchdog(server.address);
    let signal = signals.forever().next();
    let name = signal.map_or("the end", |signal| match signal {
        SIGTERM => "SIGTERM",
        _ => "SIGINT",
    });
    log::info!("{name}: answering what is in flight, then stopping");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    server.stop();
    log::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn refuse_old_schema(config: &Config) -> Result<(), Failure> {
    let mut conn = connect(config)?;
    let missing = migrations::missing(&mut db::Connection(&mut conn))?;
    match missing.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Failure(format!(
            "the database's schema is behind by {} steps, from {first} on; run \"storekeeper migrate\" first",
            missing.len()
        ))),
    }
}

/// A database that cannot be used is told in one sentence; the pool would try for a while, and log.
fn connect(config: &Config) -> Result<mysql::Conn, Failure> {
    db::connect_alone(&config.database_url)
        .map_err(|cause| Failure(format!("cannot use the database of STOREKEEPER_DATABASE_URL: {cause}")))
}

/// Tells systemd that the service still answers, after asking it over HTTP like anybody else.
fn feed_watchdog(address: SocketAddr) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    thread::spawn(move || {
        loop {
            match ask_health(address, limit / 4) {
                Ok(()) => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
                Err(cause) => log::error!("the service does not answer itself: {cause}"),
            }
            thread::sleep(limit / 3);
        }
    });
}

fn ask_health(address: SocketAddr, limit: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: watchdog\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(io::Error::other("GET /healthz was not answered with 200")),
    }
}

fn migrate(config: &Config) -> Outcome {
    let (mut conn, mut guard) = (connect(config)?, connect(config)?);
    let applied = migrations::migrate(&mut conn, &mut guard)?;
    for name in &applied {
        println!("applied {name}");
    }
    match applied.len() {
        0 => println!("the schema is up to date"),
        count => println!("applied {count} migrations; the schema is up to date"),
    }
    Ok(ExitCode::SUCCESS)
}

fn migrate_status(config: &Config) -> Outcome {
    let mut conn = connect(config)?;
    for (migration, state) in migrations::states(&mut db::Connection(&mut conn))? {
        let state = match state {
            migrations::State::Applied => "applied",
            migrations::State::Started => "started, not finished",
            migrations::State::Missing => "missing",
        };
        println!("{:<30} {state}", migration.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn add_staff(config: Config, name: &str, reset: bool) -> Outcome {
    let username = Username::parse(&Input::Text(name.to_owned()))
        .map_err(|bad| Failure(format!("the username {}", bad.message)))?;
    drop(connect(&config)?);
    let password = StaffPassword::parse(&Input::Text(read_password()?), Some(&username))
        .map_err(|bad| Failure(format!("the password {}", bad.message)))?;
    // The same connection limits as the service, but only one connection.
    let app = App::new(Config { database_connections: 1, ..config })?;
    match reset {
        false => accounts::add_staff(&app, &username, &password).map_err(in_words)?,
        true => accounts::reset_staff(&app, &username, &password).map_err(in_words)?,
    }
    println!("staff account {} is ready; log in with POST /sessions", username.0);
    Ok(ExitCode::SUCCESS)
}

/// A refusal's advice is meant for people; its code is not.
fn in_words(error: Error) -> Failure {
    match error {
        Error::Refused(problem) => Failure(format!("{}. {}", problem.kind.title, problem.detail)),
        other => other.into(),
    }
}

/// From a prompt without echo, or the first line of standard input. Never from an argument, which
/// every user of the machine could read.
fn read_password() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password (15 to 256 characters): ")?;
    match rpassword::prompt_password("Again: ")? == password {
        true => Ok(password),
        false => Err("the two passwords differ".into()),
    }
}

fn verify(config: &Config) -> Outcome {
    let mut conn = connect(config)?;
    let mut broken = 0;
    for invariant in invariants::INVARIANTS {
        let violations = invariants::violations(&mut conn, invariant)?;
        match violations.rows.len() {
            0 => println!("ok      {}", invariant.name),
            rows => {
                broken += 1;
                println!("BROKEN  {} ({rows} rows)", invariant.name);
                print!("{}", violations.table());
            }
        }
    }
    match broken {
        0 => {
            println!("all {} invariants hold", invariants::INVARIANTS.len());
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            println!("{broken} of {} invariants are broken", invariants::INVARIANTS.len());
            Ok(ExitCode::from(1))
        }
    }
}

fn prune(config: Config) -> Outcome {
    drop(connect(&config)?);
    let app = App::new(Config { database_connections: 1, ..config })?;
    let sessions = sessions::prune(&app)?;
    let keys = idempotency::prune(&app)?;
    println!("deleted {sessions} expired sessions and {keys} expired idempotency keys");
    Ok(ExitCode::SUCCESS)
}
