//! A private MariaDB, which can be killed; or another server, in the folder that `STOREKEEPER_TEST_SERVER` names: a MySQL
//! with `bin/mysqld`, or a MariaDB with `sbin/mariadbd` and `bin/mariadb-install-db`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::db::{self, migrations};

/// A MariaDB server on a socket in a folder of its own. A shell holds it and waits at the end of a
/// pipe: when this process ends, however it ends, the pipe closes, and the shell stops the server and
/// removes the folder.
pub struct MariaDb {
    pub folder: PathBuf,
    keeper: Child,
    /// What a fresh database is made with, once somebody has wanted one.
    schema: OnceLock<Vec<String>>,
}

impl MariaDb {
    /// In a folder of its own under `parent`, whose path is short: the path of a socket may have 107 bytes at
    /// most. With a file system of this `size` for its data, if it is not empty; None where that may not be
    /// mounted.
    pub fn start_in(parent: &str, size: &str, flush_log_at_commit: &str) -> Option<MariaDb> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(parent).join(format!("storekeeper-test-{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a folder for the test database");
        let script = r#"
            set -u
            # Ctrl-C reaches the whole group; this shell must outlive the tests to clean up after them.
            trap '' INT TERM HUP
            cd "$1"
            user=$(id -un) flush=$3 other=$4
            mkdir data
            # Of its own, since a server that starts, also to install, removes what others of the same user keep in /tmp.
            mkdir tmp
            if [ -n "$2" ]; then
                mount -t tmpfs -o size="$2" storekeeper-test "$1/data" || { touch refused; cat; rm -rf "$1"; exit; }
                set -- "$1" "--loose-innodb-log-file-size=8M --loose-innodb-redo-log-capacity=8M"
            else
                set -- "$1"
            fi
            if [ -n "$other" ] && [ -x "$other/bin/mysqld" ]; then
                # Packages have it read files from a folder that only an installation makes. It holds what it knows of a
                # table for too few of them to serve hundreds of shops, and looks at each again with every statement.
                program=$other/bin/mysqld
                own='--mysqlx=OFF --secure-file-priv=NULL --table-definition-cache=50000 --table-open-cache=20000
                    --schema-definition-cache=5000 --tablespace-definition-cache=50000'
                "$program" --no-defaults --initialize-insecure --user="$user" --datadir="$1/data" --tmpdir="$1/tmp" $own ${2-} >install.log 2>&1
            else
                program=mariadbd install=mariadb-install-db own=
                [ -z "$other" ] || program=$other/sbin/mariadbd install="$other/bin/mariadb-install-db --basedir=$other"
                $install --no-defaults --user="$user" --datadir="$1/data" --tmpdir="$1/tmp" --skip-test-db \
                    --auth-root-authentication-method=normal ${2-} >install.log 2>&1
            fi
            touch installed
            # Tests with millions of rows raise the buffer pool; later 10.11 servers want to be told how far.
            start() {
                "$program" --no-defaults --user="$user" --datadir="$1/data" --socket="$1/socket" --skip-networking \
                    --tmpdir="$1/tmp" --pid-file="$1/pid" \
                    --max-connections=1000 --innodb-flush-log-at-trx-commit="$flush" --innodb-buffer-pool-size=256M \
                    --loose-innodb-buffer-pool-size-max=2G \
                    --skip-log-bin $own ${2-} >>server.log 2>&1 &
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
            .args([size, flush_log_at_commit])
            .arg(std::env::var_os("STOREKEEPER_TEST_SERVER").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell to keep the test database");
        let mariadb = MariaDb { folder, keeper, schema: OnceLock::new() };
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
        // Each of its threads stops when its turn comes, and may answer until then.
        while name == "STOP" && !is_stopped(pid.trim()) {
            thread::yield_now();
        }
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
        let schema = self.schema.get_or_init(|| self.migrated_schema());
        let mut conn = self.connect("mysql");
        conn.query_drop(format!("CREATE DATABASE {name}")).unwrap();
        conn.query_drop(format!("USE {name}")).unwrap();
        // A table may come before the one that its foreign key names.
        conn.query_drop("SET foreign_key_checks = 0").unwrap();
        for statement in schema {
            conn.query_drop(statement).expect(statement);
        }
        name
    }

    /// What makes the tables as the migrations leave them, with the rows that they wrote: half of the statements and
    /// none of their waiting, which counts in hundreds of databases.
    fn migrated_schema(&self) -> Vec<String> {
        let mut conn = self.connect("mysql");
        // The opposite of what the tables state, so a table that relied on it would be seen.
        conn.query_drop("CREATE DATABASE migrated CHARACTER SET latin1").unwrap();
        let (mut conn, mut guard) = (self.connect("migrated"), self.connect("migrated"));
        migrations::migrate(&mut conn, &mut guard, migrations::MIGRATIONS).expect("the migrations");
        let tables: Vec<String> = conn.query("SHOW TABLES").unwrap();
        let mut schema = Vec::new();
        for table in &tables {
            let made: Option<(String, String)> =
                conn.query_first(format!("SHOW CREATE TABLE {table}")).unwrap();
            schema.push(made.expect("the table").1);
        }
        for table in tables {
            let rows: Option<u64> = conn.query_first(format!("SELECT COUNT(*) FROM {table}")).unwrap();
            if rows != Some(0) {
                schema.push(format!("INSERT INTO {table} SELECT * FROM migrated.{table}"));
            }
        }
        schema
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whether all threads of a process stand still.
fn is_stopped(pid: &str) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("a process that runs");
    threads.flatten().all(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status.contains("\nState:\tT")
    })
}
