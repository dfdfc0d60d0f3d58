//! The service as a process, and what happens to it and to its database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use storekeeper::config::SETTINGS;

use crate::caller::{PATIENCE, Watch};
use crate::mariadb::MariaDb;
use crate::random::Random;

const STAFF: (&str, &str) = ("staff", "a staff password for torture");
/// The drain takes ten seconds at most.
const END_MAX: Duration = Duration::from_secs(15);

/// `storekeeper serve` on one address, however often it is started.
pub struct Service {
    address: SocketAddr,
    database_url: String,
    log: PathBuf,
    child: Child,
    /// It was started without its database, so it may end by itself.
    has_no_database: bool,
}

/// What happens in turn. Most shops see the service end more often than the database.
#[derive(Clone, Copy)]
enum Fault {
    ServiceKilled,
    DatabaseKilled,
    DatabaseHung,
    BothKilled,
    ServiceStopped,
}

const IN_TURN: [Fault; 7] = [
    Fault::ServiceKilled,
    Fault::DatabaseKilled,
    Fault::ServiceKilled,
    Fault::BothKilled,
    Fault::DatabaseHung,
    Fault::DatabaseKilled,
    Fault::ServiceStopped,
];

#[derive(Default)]
pub struct Faults {
    /// How often what has happened, and the longest time without an order meanwhile.
    pub counts: BTreeMap<&'static str, (u32, Duration)>,
    /// From the moment that all is started again until it is ready.
    pub slowest_recovery: Duration,
}

impl Faults {
    /// All is well again, after so long.
    pub fn are_over(&mut self, watch: &Watch, name: &'static str, recovery: Duration) {
        let (count, longest) = self.counts.entry(name).or_default();
        *count += 1;
        *longest = watch.longest_without_orders().max(*longest);
        self.slowest_recovery = self.slowest_recovery.max(recovery);
    }
}

/// Lets some time pass in which nothing breaks. True when that was the last of it.
pub fn is_over_after_a_calm(end: Instant, random: &mut Random) -> bool {
    let calm = Duration::from_millis(500 + random.below(2000) as u64);
    thread::sleep(calm.min(end.saturating_duration_since(Instant::now())));
    Instant::now() >= end
}

/// Makes one fault after the other until `end`, and waits after each until the service is ready again.
pub fn happen(
    watch: &Watch,
    mariadb: &mut MariaDb,
    service: &mut Service,
    end: Instant,
    mut random: Random,
) -> Faults {
    let mut faults = Faults::default();
    for fault in IN_TURN.into_iter().cycle() {
        if is_over_after_a_calm(end, &mut random) {
            break;
        }
        // A blink, or longer than any request waits.
        let outage = Duration::from_millis([0, 200, 4000][random.below(3)]);
        match fault {
            Fault::ServiceKilled => {
                service.kill();
                thread::sleep(outage / 4);
                service.start_again();
            }
            Fault::DatabaseKilled => mariadb.restart(outage),
            Fault::DatabaseHung => {
                mariadb.signal("STOP");
                thread::sleep(outage);
                mariadb.signal("CONT");
            }
            Fault::BothKilled => thread::scope(|scope| {
                scope.spawn(|| mariadb.restart(outage));
                service.kill();
                service.start_again();
                // It does not start without its database, and systemd starts it again after a while.
                service.has_no_database = true;
            }),
            Fault::ServiceStopped => {
                service.stop(watch);
                service.start_again();
            }
        }
        let name = match fault {
            Fault::ServiceKilled => "service killed",
            Fault::DatabaseKilled => "database killed",
            Fault::DatabaseHung => "database hung",
            Fault::BothKilled => "both killed",
            Fault::ServiceStopped => "service stopped",
        };
        faults.are_over(watch, name, service.until_ready(watch));
    }
    faults
}

impl Service {
    /// Its log stands in the database's folder, which is removed however this program ends.
    pub fn start(folder: &Path, database_url: &str) -> Service {
        let log = folder.join("service.log");
        let address = free_address();
        let child = serve(database_url, address, &log);
        Service { address, database_url: database_url.to_owned(), log, child, has_no_database: false }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds the account of the staff, and returns its name and password.
    pub fn add_staff(&self) -> (&'static str, &'static str) {
        let mut command = storekeeper(&self.database_url);
        let mut child =
            command.args(["add-staff", STAFF.0]).stdin(Stdio::piped()).spawn().expect("storekeeper");
        let mut input = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut input, STAFF.1.as_bytes()).expect("a password is read");
        drop(input);
        assert!(child.wait().expect("its end").success(), "the staff account could not be made");
        STAFF
    }

    /// Waits until all of it answers, and returns how long that took.
    pub fn until_ready(&mut self, watch: &Watch) -> Duration {
        let started = Instant::now();
        while !watch.is_ready(self.address) {
            let has_ended = self.child.try_wait().expect("the state of the service").is_some();
            assert!(!has_ended || self.has_no_database, "the service has ended by itself");
            if has_ended {
                self.start_again();
            }
            assert!(started.elapsed() < PATIENCE, "the service did not come back");
            thread::sleep(Duration::from_millis(20));
        }
        self.has_no_database = false;
        started.elapsed()
    }

    pub fn start_again(&mut self) {
        self.child = serve(&self.database_url, self.address, &self.log);
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("a running service");
        self.child.wait().expect("the end of the service");
    }

    /// Ends it as systemd does; it must end in order and in time.
    pub fn stop(&mut self, watch: &Watch) {
        let told = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill").success(), "the service is gone");
        let deadline = Instant::now() + END_MAX;
        let code = loop {
            match self.child.try_wait().expect("the state of the service") {
                Some(status) => break status.code(),
                None if Instant::now() > deadline => {
                    self.kill();
                    break None;
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        if code != Some(0) {
            watch.unexpected(format!("told to stop, the service ended with {code:?}"));
        }
    }

    /// The end of its log, for who looks into a failure.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        format!("The service's log ends with:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"))
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.last_words());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Outside the range from which the system takes the ports of callers: one of them could be given the port
/// while the service is down. None is answered twice.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = 20_000 + std::process::id() % 10_000;
    std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed))
        .take(1000)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port as u16)))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}

/// It ends with this program, however that ends. Linux ties it to the thread that starts it, so that is always
/// the main one.
fn serve(database_url: &str, address: SocketAddr, log: &PathBuf) -> Child {
    let log = File::options().create(true).append(true).open(log).expect("a log file");
    let mut command = without_settings(Command::new("setpriv"));
    command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_storekeeper"), "serve"]);
    command.env("STOREKEEPER_DATABASE_URL", database_url).env("STOREKEEPER_LISTEN", address.to_string());
    // The crowd stands behind one address and never rests, so what one address or caller may do is not limited.
    let of_callers =
        |name: &&str| ["_PER_", "_CALLER_", "_GUEST_", "_ACCOUNT_"].iter().any(|part| name.contains(part));
    let limits = SETTINGS.iter().map(|setting| setting.name).filter(of_callers);
    command.envs(limits.map(|name| (name, "0")));
    // The log of every request would be long.
    command.env("STOREKEEPER_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("setpriv")
}

/// Proves the books: Ok when every rule holds, or what `storekeeper verify` says.
pub fn verify(database_url: &str) -> Result<(), String> {
    let output =
        storekeeper(database_url).arg("verify").stdout(Stdio::piped()).output().expect("storekeeper");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

pub fn storekeeper(database_url: &str) -> Command {
    let mut command = without_settings(Command::new(env!("CARGO_BIN_EXE_storekeeper")));
    command.env("STOREKEEPER_DATABASE_URL", database_url).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// No setting of the caller's own shop applies here.
fn without_settings(mut command: Command) -> Command {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STOREKEEPER_")) {
        command.env_remove(name);
    }
    command
}
