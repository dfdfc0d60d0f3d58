//! A server with a database of its own for each test, on the private MariaDB of the whole test run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::{env, thread};

use mysql::Conn;
use storekeeper::app::App;
use storekeeper::config::Config;
use storekeeper::db::{self, invariants};
use storekeeper::handlers::staff;
use storekeeper::http::{self, Listener, Server};
use storekeeper::listeners;
use storekeeper::values::{Input, StaffPassword, Username};
use storekeeper::web::caller::Role;

use crate::client::Client;
pub use crate::mariadb::MariaDb;

/// All tests call from one address, as fast as they can, and their guests order by the hundred.
const UNLIMITED: [(&str, &str); 10] = [
    ("STOREKEEPER_NETWORK_REQUESTS_PER_MINUTE", "0"),
    ("STOREKEEPER_NETWORK_WRITES_PER_MINUTE", "0"),
    ("STOREKEEPER_NETWORK_SIGN_UPS_PER_MINUTE", "0"),
    ("STOREKEEPER_CALLER_REQUESTS_PER_MINUTE", "0"),
    ("STOREKEEPER_CALLER_WRITES_PER_MINUTE", "0"),
    ("STOREKEEPER_GUEST_OPEN_ORDERS", "0"),
    ("STOREKEEPER_GUEST_RESERVED_UNITS", "0"),
    ("STOREKEEPER_ACCOUNT_OPEN_ORDERS", "0"),
    ("STOREKEEPER_ACCOUNT_RESERVED_UNITS", "0"),
    ("STOREKEEPER_ORDER_UNITS_PER_PRODUCT", "0"),
];

pub const STAFF_PASSWORD: &str = "a staff password for tests";

impl MariaDb {
    /// Forgets the last moment when it is killed, for speed.
    pub fn start() -> MariaDb {
        MariaDb::start_in(memory(), "", "0").expect("a database without a limit needs nothing special")
    }

    /// Keeps every commit, as a shop's does.
    pub fn start_durable() -> MariaDb {
        MariaDb::start_in(memory(), "", "1").expect("a database without a limit needs nothing special")
    }

    /// With so many megabytes for its data; None where a file system may not be mounted.
    pub fn start_small(megabytes: u32) -> Option<MariaDb> {
        MariaDb::start_in(memory(), &format!("{megabytes}m"), "0")
    }
}

/// Faster than a disk.
fn memory() -> &'static str {
    ["/dev/shm", "/tmp"].into_iter().find(|folder| Path::new(folder).is_dir()).expect("/tmp")
}

/// The MariaDB that the tests share.
pub fn shared_mariadb() -> &'static MariaDb {
    static SHARED: OnceLock<MariaDb> = OnceLock::new();
    SHARED.get_or_init(MariaDb::start)
}

/// A server with a database of its own. When it is dropped, the invariants must hold.
pub struct Shop {
    pub app: Arc<App>,
    pub base: String,
    pub database_url: String,
    server: Option<Server>,
}

impl Shop {
    pub fn open() -> Shop {
        Shop::open_with(&[])
    }

    /// With settings beside the database's address, as the environment would give them.
    pub fn open_with(settings: &[(&str, &str)]) -> Shop {
        let mariadb = shared_mariadb();
        Shop::open_on(mariadb, &mariadb.fresh_database(), settings)
    }

    pub fn open_on(mariadb: &MariaDb, database: &str, settings: &[(&str, &str)]) -> Shop {
        let database_url = mariadb.url(database);
        let mut variables = vec![
            ("STOREKEEPER_DATABASE_URL".to_owned(), database_url.clone()),
            ("STOREKEEPER_DATABASE_CONNECTIONS".to_owned(), "8".to_owned()),
            ("STOREKEEPER_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            // All clients of a test are on this machine.
            ("STOREKEEPER_MAX_CONNECTIONS_PER_ADDRESS".to_owned(), "0".to_owned()),
            // Tests let weeks go by.
            ("STOREKEEPER_STAFF_SESSION_IDLE_HOURS".to_owned(), "8760".to_owned()),
            ("STOREKEEPER_STAFF_SESSION_MAX_HOURS".to_owned(), "8760".to_owned()),
        ];
        for (name, value) in UNLIMITED.iter().chain(settings) {
            variables.retain(|(known, _)| known != name);
            variables.push((name.to_string(), value.to_string()));
        }
        let config = Config::read(variables).expect("the test's settings");
        let app = Arc::new(App::new(config).expect("the app"));
        let listener = Listener::bind(&app.config.listen, 0o600).expect("a free port");
        let server =
            http::start(listener, listeners::limits(&app), listeners::application(&app)).expect("the server");
        Shop { app, base: format!("http://{}", server.address), database_url, server: Some(server) }
    }

    /// A caller without a session.
    pub fn anyone(&self) -> Client {
        Client::new(&self.base, None)
    }

    /// A caller with this session token.
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(&self.base, Some(token))
    }

    /// Logs in as the manager `staff`, who is made at first use.
    pub fn staff(&self) -> Client {
        self.member_of_staff("staff", Role::Manager)
    }

    /// Logs in as the clerk `clerk`, who is made at first use.
    pub fn clerk(&self) -> Client {
        self.member_of_staff("clerk", Role::Clerk)
    }

    pub fn member_of_staff(&self, name: &str, role: Role) -> Client {
        self.add_staff(name, role);
        self.with_token(&self.log_in(name, STAFF_PASSWORD))
    }

    /// Makes a staff account, unless it is there already, as a login shows.
    pub fn add_staff(&self, username: &str, role: Role) {
        // A hash takes longer than most tests, so one does for all of them.
        static HASH: OnceLock<String> = OnceLock::new();
        let hash = HASH.get_or_init(|| {
            let password = StaffPassword::parse(&Input::Text(STAFF_PASSWORD.into()), None).unwrap();
            self.app.hasher.hash(&password).unwrap()
        });
        let username = Username::parse(&Input::Text(username.into())).unwrap();
        let _ = staff::add(&self.app, &username, hash, role);
    }

    pub fn log_in(&self, username: &str, password: &str) -> String {
        let body = serde_json::json!({"username": username, "password": password});
        let answer = self.anyone().post("/sessions", body).expect(201);
        answer.body["token"].as_str().expect("a token").to_owned()
    }

    /// A connection to the shop's database, for what the API does not show.
    pub fn sql(&self) -> Conn {
        db::connect_alone(&self.database_url).expect("the test database")
    }

    /// Stops the server as SIGTERM does. True when nothing was cut off.
    pub fn stop(&mut self) -> bool {
        self.server.take().is_none_or(Server::stop)
    }

    /// The names of the invariants that do not hold, with the rows that break them.
    pub fn broken_invariants(&self) -> Vec<String> {
        let mut conn = self.sql();
        let mut broken = Vec::new();
        for invariant in invariants::INVARIANTS {
            let violations = invariants::violations(&mut conn, invariant).expect(invariant.name);
            if !violations.rows.is_empty() {
                broken.push(format!("{}\n{}", invariant.name, violations.table()));
            }
        }
        broken
    }

    /// For tests that break the books on purpose: ends without looking at them.
    pub fn abandon(mut self) {
        self.stop();
        std::mem::forget(self);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop();
        if !thread::panicking() {
            let broken = self.broken_invariants();
            assert!(broken.is_empty(), "the books are broken:\n{}", broken.join("\n"));
        }
    }
}

/// The program that cargo has built, with nothing of this machine's settings.
pub fn storekeeper(database_url: &str) -> Command {
    program(env!("CARGO_BIN_EXE_storekeeper"), database_url)
}

/// The program of the restock timer, likewise.
pub fn storekeeper_restock(database_url: &str) -> Command {
    program(env!("CARGO_BIN_EXE_storekeeper-restock"), database_url)
}

/// The program that sends webhooks, to receivers on this machine.
#[cfg(feature = "deliver")]
pub fn storekeeper_deliver(database_url: &str) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_storekeeper-deliver"), database_url);
    command.env("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "allow");
    command
}

fn program(path: &str, database_url: &str) -> Command {
    let mut command = Command::new(path);
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("STOREKEEPER_")) {
        command.env_remove(name);
    }
    command.env_remove("RUNTIME_DIRECTORY");
    command.env_remove("STATE_DIRECTORY");
    command.envs(UNLIMITED);
    command.env("STOREKEEPER_DATABASE_URL", database_url).stdin(Stdio::null());
    command
}
