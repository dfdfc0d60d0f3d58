//! A private MariaDB for the whole test run, and a server with a database of its own for each test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::app::App;
use storekeeper::config::Config;
use storekeeper::db::{self, invariants, migrations};
use storekeeper::handlers::staff;
use storekeeper::http::{self, Listener, Server};
use storekeeper::routes;
use storekeeper::values::{Input, StaffPassword, Username};
use storekeeper::web::caller::Role;

use crate::client::Client;

pub const STAFF_PASSWORD: &str = "a staff password for tests";

/// A MariaDB server on a socket in a folder of its own. A shell holds it and waits at the end of a
/// pipe: when this process ends, however it ends, the pipe closes, and the shell stops the server and
/// removes the folder.
pub struct MariaDb {
    pub folder: PathBuf,
    keeper: Child,
}

impl MariaDb {
    pub fn start() -> MariaDb {
        MariaDb::start_with("").expect("a database without a limit needs nothing special")
    }

    /// With so many megabytes for its data; None where a file system may not be mounted.
    pub fn start_small(megabytes: u32) -> Option<MariaDb> {
        MariaDb::start_with(&format!("{megabytes}m"))
    }

    fn start_with(size: &str) -> Option<MariaDb> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Memory is faster than a disk, and the path of a socket may have 107 bytes at most.
        let parent = ["/dev/shm", "/tmp"].into_iter().find(|folder| Path::new(folder).is_dir());
        let folder = Path::new(parent.expect("/tmp"))
            .join(format!("storekeeper-test-{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a folder for the test database");
        let script = r#"
            set -u
            # Ctrl-C reaches the whole group; this shell must outlive the tests to clean up after them.
            trap '' INT TERM HUP
            cd "$1"
            user=$(id -un)
            mkdir data
            if [ -n "$2" ]; then
                mount -t tmpfs -o size="$2" storekeeper-test "$1/data" || { touch refused; cat; rm -rf "$1"; exit; }
                set -- "$1" --innodb-log-file-size=8M
            else
                set -- "$1"
            fi
            mariadb-install-db --no-defaults --user="$user" --datadir="$1/data" --skip-test-db \
                --auth-root-authentication-method=normal ${2-} >install.log 2>&1
            touch installed
            # Of its own, since a server that starts removes what others of the same user keep in /tmp.
            mkdir tmp
            # Tests with millions of rows raise the buffer pool; later 10.11 servers want to be told how far.
            start() {
                mariadbd --no-defaults --user="$user" --datadir="$1/data" --socket="$1/socket" --skip-networking \
                    --tmpdir="$1/tmp" --pid-file="$1/pid" \
                    --max-connections=1000 --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=256M \
                    --loose-innodb-buffer-pool-size-max=2G \
                    --skip-log-bin ${2-} >>server.log 2>&1 &
                pid=$!
            }
            stop() {
                [ -n "$pid" ] && { kill -KILL "$pid"; wait "$pid"; pid=; }
            }
            start "$@"
            while read -r order; do
                stop
                [ "$order" = start ] && start "$@"
            done
            stop
            ! mountpoint -q data || umount data
            cd /; rm -rf "$1"
        "#;
        let keeper = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&folder)
            .arg(size)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell to keep the test database");
        let mariadb = MariaDb { folder, keeper };
        while !mariadb.folder.join("installed").exists() {
            if mariadb.folder.join("refused").exists() {
                return None;
            }
            thread::sleep(Duration::from_millis(10));
        }
        mariadb.wait_until_ready();
        Some(mariadb)
    }

    pub fn url(&self, database: &str) -> String {
        let socket = self.folder.join("socket").display().to_string().replace('/', "%2F");
        format!("mysql://root@localhost/{database}?socket={socket}")
    }

    pub fn connect(&self, database: &str) -> Conn {
        db::connect_alone(&self.url(database)).expect("the test database")
    }

    /// Kills the server as a power cut would, and starts it again after this time. Returns when it
    /// is ready.
    pub fn restart(&mut self, after: Duration) {
        let mut conn = self.connect("mysql");
        self.order("stop");
        while conn.ping().is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(after);
        self.order("start");
        self.wait_until_ready();
    }

    /// Sends the server a signal such as `STOP`, which lets it hang, or `CONT`.
    pub fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("the server's own note of its process");
        let sent = Command::new("kill").args(["-s", name, pid.trim()]).status();
        assert!(sent.expect("kill").success());
    }

    fn order(&mut self, order: &str) {
        let orders = self.keeper.stdin.as_mut().expect("a pipe to the keeper");
        writeln!(orders, "{order}").expect("the keeper of the test database");
    }

    pub fn wait_until_ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while db::connect_alone(&self.url("mysql")).is_err() {
            assert!(
                Instant::now() < deadline,
                "MariaDB did not start; is mariadb-server installed? {}",
                fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Makes a database with the current schema and answers its name.
    pub fn fresh_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("shop_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut conn = self.connect("mysql");
        // The opposite of what the tables state, so a table that relied on it would be seen.
        conn.query_drop(format!("CREATE DATABASE {name} CHARACTER SET latin1")).unwrap();
        let (mut conn, mut guard) = (self.connect(&name), self.connect(&name));
        migrations::migrate(&mut conn, &mut guard, migrations::MIGRATIONS).expect("the migrations");
        name
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
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
            // Tests let weeks go by.
            ("STOREKEEPER_STAFF_SESSION_IDLE_HOURS".to_owned(), "8760".to_owned()),
            ("STOREKEEPER_STAFF_SESSION_MAX_HOURS".to_owned(), "8760".to_owned()),
        ];
        for (name, value) in settings {
            variables.retain(|(known, _)| known != name);
            variables.push((name.to_string(), value.to_string()));
        }
        let config = Config::read(variables).expect("the test's settings");
        let app = Arc::new(App::new(config).expect("the app"));
        let listener = Listener::bind(&app.config.listen, 0o600).expect("a free port");
        let server =
            http::start(listener, routes::limits(&app), routes::application(&app)).expect("the server");
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
        let username = Username::parse(&Input::Text(name.into())).unwrap();
        let password = StaffPassword::parse(&Input::Text(STAFF_PASSWORD.into()), None).unwrap();
        // Fails when it is there already; the login below shows whether it is.
        let _ = staff::add(&self.app, &username, &password, role);
        self.with_token(&self.log_in(name, STAFF_PASSWORD))
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

fn program(path: &str, database_url: &str) -> Command {
    let mut command = Command::new(path);
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("STOREKEEPER_")) {
        command.env_remove(name);
    }
    command.env("STOREKEEPER_DATABASE_URL", database_url).stdin(Stdio::null());
    command
}
