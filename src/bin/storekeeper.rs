//! The service and its operator's commands.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::net::TcpStream;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use storekeeper::allocator;
use storekeeper::app::App;
use storekeeper::audit::{self, Action, Actor, Object};
use storekeeper::cli::{self, Failure, Outcome};
use storekeeper::config::{Config, SETTINGS};
use storekeeper::db::{self, invariants, migrations};
use storekeeper::events::{self, Kind};
use storekeeper::handlers::search_text::{self, Rows};
use storekeeper::handlers::{orders, sessions, staff};
use storekeeper::http::Listener;
use storekeeper::ledger;
use storekeeper::values::{Input, ListenAddress, StaffPassword, Username};
use storekeeper::web::caller::Role;
use storekeeper::web::idempotency;
use storekeeper::{http, restock, routes};

const COMMANDS: &str = "\
storekeeper: the back office of a small shop

Usage: storekeeper [COMMAND]

Commands:
  serve                 answer HTTP requests until SIGTERM or Ctrl-C (the default)
  migrate               bring the database's schema up to date; safe to run at any time
  migrate --status      list the steps of the schema and whether they are applied
  add-staff NAME        create a staff account; asks for the password, or reads it from standard input
  add-staff --role ROLE NAME  as a manager (the default), or as a clerk, who does the daily work only
  add-staff --reset NAME  give an existing staff account a new password, end its sessions, and let it log in
                        again if it was disabled; with --role also another role
  verify                prove the books: run every invariant, print the rows that break one
  verify --repair       then set on hand, reserved and incoming to what the ledger and the orders say, the summary of
                        demand likewise, and what ?q= looks through to what the rows say
  prune                 delete expired sessions and idempotency keys, idle lines of old restock runs and events
                        after 90 days, days of demand and suggestions after 400; cancel guests' orders that nobody confirmed

Options:
  -h, --help            print this
  -V, --version         print the version

Settings, from the environment:
";

enum Command {
    Serve,
    Migrate,
    MigrateStatus,
    AddStaff { name: String, role: Option<Role>, reset: bool },
    Verify { repair: bool },
    Prune,
    Help,
    Version,
}

fn main() -> ExitCode {
    let outcome = parse_arguments().and_then(|command| match command {
        Command::Help => print_help(),
        Command::Version => {
            println!("storekeeper {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        command => run(command),
    });
    cli::end("storekeeper", outcome)
}

fn run(command: Command) -> Outcome {
    let config = cli::settings()?;
    match command {
        Command::Migrate => migrate(config),
        Command::MigrateStatus => migrate_status(&config),
        Command::AddStaff { name, role, reset } => add_staff(config, &name, role, reset),
        Command::Verify { repair } => verify(config, repair),
        Command::Prune => prune(config),
        _ => serve(config),
    }
}

fn parse_arguments() -> Result<Command, Failure> {
    use lexopt::prelude::*;
    let mut words = Vec::new();
    let (mut status, mut reset, mut repair) = (false, false, false);
    let mut role = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("status") => status = true,
            Long("reset") => reset = true,
            Long("repair") => repair = true,
            Long("role") => {
                let named = Input::Text(parser.value()?.string()?);
                let parsed = Role::parse_among(&named, Role::ALL);
                role = Some(parsed.map_err(|bad| Failure(format!("--role {}", bad.message)))?);
            }
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (words.as_slice(), status, reset, repair, role) {
        ([] | ["serve"], false, false, false, None) => Ok(Command::Serve),
        (["migrate"], false, false, false, None) => Ok(Command::Migrate),
        (["migrate"], true, false, false, None) => Ok(Command::MigrateStatus),
        (["add-staff", name], false, reset, false, role) => {
            Ok(Command::AddStaff { name: name.to_string(), role, reset })
        }
        (["add-staff"], ..) => Err("add-staff needs a username".into()),
        (["verify"], false, false, repair, None) => Ok(Command::Verify { repair }),
        (["prune"], false, false, false, None) => Ok(Command::Prune),
        _ => Err("these arguments do not fit together; see storekeeper --help".into()),
    }
}

fn print_help() -> Outcome {
    print!("{COMMANDS}");
    for setting in SETTINGS {
        println!("  {}  [{}]\n      {}", setting.name, setting.default(), setting.meaning());
    }
    Ok(ExitCode::SUCCESS)
}

fn serve(config: Config) -> Outcome {
    allocator::keep_small();
    // Before anything else is opened, which could get the number of a socket that was not handed over after all.
    let handed_over = handed_over()?;
    // Taken early, so that a signal during the start is not lost.
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let setting = "STOREKEEPER_LISTEN";
    let listener = handed_over.map_or_else(|| listen(&config.listen, SOCKET_MODE, setting), Ok)?;
    let internal = config.internal_listen.clone().or_else(runtime_socket);
    let setting = "STOREKEEPER_INTERNAL_LISTEN";
    let internal = internal.map(|address| listen(&address, INTERNAL_SOCKET_MODE, setting)).transpose()?;
    cli::require_current_schema(&config)?;
    let app = Arc::new(App::new(config)?);
    let server = http::start(listener, routes::limits(&app), routes::application(&app))?;
    log::info!("listening on {}", url(&server.address));
    let serve_internal =
        |listener| http::start(listener, routes::INTERNAL_LIMITS, routes::internal_application(&app));
    let internal = internal.map(serve_internal).transpose()?;
    if let Some(internal) = &internal {
        log::info!("metrics on {}", url(&internal.address));
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    feed_watchdog(internal.as_ref().unwrap_or(&server).address.clone());
    let signal = signals.forever().next();
    let name = signal.map_or("the end", |signal| match signal {
        SIGTERM => "SIGTERM",
        _ => "SIGINT",
    });
    log::info!("{name}: answering what is in flight, then stopping");
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    server.stop();
    internal.map(http::Server::stop);
    log::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// A port of loopback is open to everybody on the machine, and so is a socket in its place; the folder that it
/// lies in may say otherwise.
const SOCKET_MODE: u32 = 0o666;
/// What is answered there is for the service's own group, such as a monitor.
const INTERNAL_SOCKET_MODE: u32 = 0o660;

/// Where the internal listener is when no setting says it: in the folder that systemd makes for the service.
fn runtime_socket() -> Option<ListenAddress> {
    // The first, if there are several.
    let folders = std::env::var("RUNTIME_DIRECTORY").ok()?;
    format!("unix:{}/internal.sock", folders.split(':').next()?).parse().ok()
}

/// An address as clients write it.
fn url(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => format!("http://{address}"),
        ListenAddress::Unix(_) => address.to_string(),
    }
}

/// The socket that systemd has handed over (`LISTEN_FDS`), if it has.
fn handed_over() -> Result<Option<Listener>, Failure> {
    let unusable = |cause: io::Error| Failure(format!("the socket of LISTEN_FDS cannot be used: {cause}"));
    let mut handed_over = sd_notify::listen_fds().map_err(unusable)?;
    if handed_over.len() > 1 {
        return Err("LISTEN_FDS hands over more than one socket; leave one ListenStream in the unit".into());
    }
    // SAFETY: the descriptor is open, since it was just made to close on exec, and nothing else here has it.
    let socket = handed_over.next().map(|socket| unsafe { OwnedFd::from_raw_fd(socket) });
    socket.map(Listener::inherited).transpose().map_err(unusable)
}

fn listen(address: &ListenAddress, socket_mode: u32, setting: &str) -> Result<Listener, Failure> {
    Listener::bind(address, socket_mode).map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => Failure(format!(
            "{address} is in use by another program; end that, or set {setting} to another address"
        )),
        _ => Failure(format!("cannot listen on {address}: {cause}; set {setting}")),
    })
}

/// Tells systemd that the service still answers, after asking it over HTTP like anybody else.
fn feed_watchdog(address: ListenAddress) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    thread::spawn(move || {
        loop {
            match ask_health(&address, limit / 4) {
                Ok(()) => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
                Err(cause) => log::error!("the service does not answer itself: {cause}"),
            }
            thread::sleep(limit / 3);
        }
    });
}

fn ask_health(address: &ListenAddress, limit: Duration) -> io::Result<()> {
    match address {
        ListenAddress::Tcp(address) => {
            let stream = TcpStream::connect_timeout(address, limit)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            ask_health_on(stream)
        }
        ListenAddress::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            ask_health_on(stream)
        }
    }
}

fn ask_health_on(mut stream: impl Read + Write) -> io::Result<()> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: watchdog\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    // A 503 because of too many connections is an answer: the service works as hard as it may.
    if answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.1 503 ") {
        Ok(())
    } else {
        Err(io::Error::other("GET /healthz was answered neither 200 nor 503"))
    }
}

fn migrate(config: Config) -> Outcome {
    let (mut conn, mut guard) = (cli::connect(&config)?, cli::connect(&config)?);
    let applied = migrations::migrate(&mut conn, &mut guard, migrations::MIGRATIONS)?;
    drop((conn, guard));
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

fn migrate_status(config: &Config) -> Outcome {
    let mut conn = cli::connect(config)?;
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

fn add_staff(config: Config, name: &str, role: Option<Role>, reset: bool) -> Outcome {
    let username = Username::parse(&Input::Text(name.to_owned()))
        .map_err(|bad| Failure(format!("the username {}", bad.message)))?;
    drop(cli::connect(&config)?);
    let password = StaffPassword::parse(&Input::Text(read_password()?), Some(&username))
        .map_err(|bad| Failure(format!("the password {}", bad.message)))?;
    // The same connection limits as the service, but only one connection.
    let app = App::new(Config { database_connections: 1, ..config })?;
    let written = if reset {
        staff::reset(&app, &username, &password, role)
    } else {
        staff::add(&app, &username, &password, role.unwrap_or(Role::Manager))
    };
    written.map_err(cli::in_words)?;
    println!("staff account {} is ready; log in with POST /sessions", username.0);
    Ok(ExitCode::SUCCESS)
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
    if rpassword::prompt_password("Again: ")? != password {
        return Err("the two passwords differ".into());
    }
    Ok(password)
}

fn verify(config: Config, repair: bool) -> Outcome {
    let mut conn = cli::connect(&config)?;
    if repair {
        repair_figures(config)?;
    }
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
                events::record(tx, now, Kind::StockChanged, product_id, &[product_id], &figures)?;
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
    let rows = search_text::write(&app, Rows::All)?;
    println!("{rows} search texts repaired");
    Ok(())
}

fn prune(config: Config) -> Outcome {
    drop(cli::connect(&config)?);
    let app = App::new(Config { database_connections: 1, ..config })?;
    let sessions = sessions::prune(&app)?;
    let keys = idempotency::prune(&app)?;
    let lines = restock::prune(&app)?;
    let days = restock::demand::prune(&app)?;
    let suggestions = restock::hits::prune(&app)?;
    let events = events::prune(&app)?;
    let orders = orders::cancel_unconfirmed(&app)?;
    println!(
        "deleted {sessions} expired sessions, {keys} expired idempotency keys, {lines} idle lines of old runs, \
         {days} days of demand, {suggestions} old suggestions and {events} old events; cancelled {orders} unconfirmed orders"
    );
    Ok(ExitCode::SUCCESS)
}
