//! `storekeeper serve`: the service, from its sockets to its drain.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::arguments::Arguments;
use super::{Failure, Outcome, asking};
use crate::app::App;
use crate::config::Config;
use crate::http::{self, Listener};
use crate::values::ListenAddress;
use crate::{allocator, erasures, listeners};

pub fn run(arguments: &Arguments) -> Outcome {
    let mut config = super::settings(arguments)?;
    config.erasures = config.erasures.take().or_else(erasures_in_state);
    if let Some(file) = &config.erasures {
        let cannot =
            |cause| format!("{} cannot be written: {cause}; set STOREKEEPER_ERASURES", file.display());
        erasures::prepare(file).map_err(cannot)?;
    }
    allocator::keep_small();
    // Before anything else is opened, which could get the number of a socket that was not handed over after all.
    let handed_over = handed_over()?;
    let inherited = handed_over.is_some();
    // Taken early, so that a signal during the start is not lost.
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let setting = "STOREKEEPER_LISTEN";
    let listener = handed_over.map_or_else(|| listen(&config.listen, SOCKET_MODE, setting), Ok)?;
    let internal = config.internal_listen.clone().or_else(runtime_socket);
    let setting = "STOREKEEPER_INTERNAL_LISTEN";
    let internal = internal.map(|address| listen(&address, INTERNAL_SOCKET_MODE, setting)).transpose()?;
    if inherited && !wait_for_database(&config, &mut signals) {
        return Ok(ExitCode::SUCCESS);
    }
    super::require_current_schema(&config)?;
    let app = Arc::new(App::new(config)?);
    let server = http::start(listener, listeners::limits(&app), listeners::application(&app))?;
    app.metrics.watch(server.load());
    log::info!("listening on {}", url(&server.address));
    let serve_internal =
        |listener| http::start(listener, listeners::INTERNAL_LIMITS, listeners::internal_application(&app));
    let internal = internal.map(serve_internal).transpose()?;
    if let Some(internal) = &internal {
        log::info!("metrics on {}", url(&internal.address));
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready, sd_notify::NotifyState::Status("answering")]);
    feed_watchdog(internal.as_ref().unwrap_or(&server).address.clone(), app.watchdog_id.clone());
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

/// Where erasures are written down when no setting says it: in the folder that systemd keeps for the service.
fn erasures_in_state() -> Option<PathBuf> {
    let folders = std::env::var("STATE_DIRECTORY").ok()?;
    Some(Path::new(folders.split(':').next()?).join("erasures"))
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
    let unusable =
        |cause: io::Error| Failure::from(format!("the socket of LISTEN_FDS cannot be used: {cause}"));
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
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; end that, or set {setting} to another address")
                .into()
        }
        _ => format!("cannot listen on {address}: {cause}; set {setting}").into(),
    })
}

/// How often a database that is away is looked for, and how often the log says so.
const LOOK_FOR_DATABASE_EVERY: Duration = Duration::from_secs(1);
const SAY_SO_EVERY: u32 = 60;

/// Waits until the database can be used; false when a signal ends it before. Whose clients wait at a socket that stays open
/// meanwhile does better than to end: systemd would start it again for each of them at once.
fn wait_for_database(config: &Config, signals: &mut Signals) -> bool {
    for tries in 0.. {
        let Err(Failure { message, .. }) = super::connect(config) else { return true };
        if tries % SAY_SO_EVERY == 0 {
            log::error!("{message}; waiting for it");
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Status("waiting for the database")]);
        }
        thread::sleep(LOOK_FOR_DATABASE_EVERY);
        if signals.pending().next().is_some() {
            return false;
        }
    }
    true
}

/// Tells systemd that the service still answers, after asking it over HTTP like anybody else.
fn feed_watchdog(address: ListenAddress, id: String) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    thread::spawn(move || {
        loop {
            match asking::get(&address, "/healthz", &id, limit / 4) {
                // A 503 because of too many connections is an answer: the service works as hard as it may.
                Ok((200 | 503, _)) => drop(sd_notify::notify(&[sd_notify::NotifyState::Watchdog])),
                Ok((status, _)) => log::error!("the service answers itself with {status}"),
                Err(cause) => log::error!("the service does not answer itself: {cause}"),
            }
            thread::sleep(limit / 3);
        }
    });
}
