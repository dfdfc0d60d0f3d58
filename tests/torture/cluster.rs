//! Three nodes of a Galera cluster on this machine, with a service each, and what happens to them.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable;
use storekeeper::db;

use crate::caller::{PATIENCE, Watch};
use crate::faults::{Faults, Service, free_address, is_over_after_a_calm, storekeeper};
use crate::random::Random;

const NODES: usize = 3;
/// Whom the servers run as when root starts them: rsync, which copies one node's data to another, serves nobody else then.
const NOBODY: &str = "65534";

pub struct Cluster {
    nodes: Vec<Node>,
    services: Vec<Service>,
}

struct Node {
    folder: PathBuf,
    /// The folder in which Galera and the scripts of the server are unpacked.
    programs: PathBuf,
    /// SQL, the group, and what is sent to a node that joins: its changes or all its data.
    sql: SocketAddr,
    group: SocketAddr,
    changes: SocketAddr,
    all: SocketAddr,
    child: Child,
}

#[derive(Clone, Copy)]
enum Fault {
    NodeKilled,
    NodeHung,
    /// It hears and is heard by no other node, while its clients reach it.
    NodeCutOff,
    /// It has lost all it had, and joins with the data of another.
    NodeAnew,
    ServiceKilled,
    ServiceStopped,
}

const IN_TURN: [Fault; 7] = [
    Fault::NodeKilled,
    Fault::ServiceKilled,
    Fault::NodeCutOff,
    Fault::NodeHung,
    Fault::NodeAnew,
    Fault::NodeCutOff,
    Fault::ServiceStopped,
];

impl Cluster {
    /// Starts the nodes one after the other, has all of them migrated at once, and starts a service for each.
    pub fn start(folder: &Path, programs: &Path) -> Cluster {
        let ports: Vec<[SocketAddr; 4]> = (0..NODES).map(|_| [0; 4].map(|_| free_address())).collect();
        let group: Vec<String> = ports.iter().map(|[_, group, ..]| group.to_string()).collect();
        let mut nodes: Vec<Node> = Vec::new();
        for (number, [sql, of_group, changes, all]) in ports.into_iter().enumerate() {
            let folder = folder.join(format!("node{number}"));
            let programs = programs.to_owned();
            fs::create_dir_all(folder.join("tmp")).expect("a folder for a node");
            if number == 0 {
                install(&folder);
            }
            let how: &[&str] = if number == 0 { &["--wsrep-new-cluster"] } else { &[] };
            let child = serve(&folder, &programs, [sql, of_group, changes, all], &group, how);
            nodes.push(Node { folder, programs, sql, group: of_group, changes, all, child });
            nodes[number].until_synced(&group, number + 1);
        }
        nodes[0].connect("mysql").query_drop("CREATE DATABASE shop").expect("a database");
        let one = |node: &Node| format!("mysql://root@{}/shop", node.sql);
        // As each machine's start does, at the same time.
        let mut migrating: Vec<Child> = nodes
            .iter()
            .map(|node| storekeeper(&one(node)).arg("migrate").spawn().expect("storekeeper migrate"))
            .collect();
        for child in &mut migrating {
            assert!(child.wait().expect("its end").success(), "migrate failed on a node");
        }
        // All of them the same one first, so that changes meet at one.
        let hosts: Vec<String> = nodes.iter().map(|node| node.sql.to_string()).collect();
        let database_url = format!("mysql://root@{}/shop", hosts.join(","));
        let services = nodes.iter().map(|node| Service::start(&node.folder, &database_url)).collect();
        Cluster { nodes, services }
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.services.iter().map(Service::address).collect()
    }

    /// Where the nodes find each other.
    fn group(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.group.to_string()).collect()
    }

    pub fn service(&self) -> &Service {
        &self.services[0]
    }

    /// Waits until all of it answers, and returns how long that took.
    pub fn until_ready(&mut self, watch: &Watch) -> Duration {
        let started = Instant::now();
        let group = self.group();
        for node in &mut self.nodes {
            node.until_synced(&group, NODES);
        }
        for service in &mut self.services {
            service.until_ready(watch);
        }
        started.elapsed()
    }

    /// Makes one fault after the other until `end`, and waits after each until all are ready again.
    pub fn faults_happen(&mut self, watch: &Watch, end: Instant, mut random: Random) -> Faults {
        let mut faults = Faults::default();
        for fault in IN_TURN.into_iter().cycle() {
            if is_over_after_a_calm(end, &mut random) {
                break;
            }
            // A blink, or longer than any request waits; mostly of the node that takes the changes.
            let outage = Duration::from_millis([200, 2000, 6000][random.below(3)]);
            let number = [0, 0, 1, 2][random.below(4)];
            let group = self.group();
            let (node, service) = (&mut self.nodes[number], &mut self.services[number]);
            let name = match fault {
                Fault::NodeKilled => {
                    node.kill();
                    thread::sleep(outage);
                    node.start_again(&group);
                    "node killed"
                }
                Fault::NodeHung => {
                    node.signal("STOP");
                    thread::sleep(outage);
                    node.signal("CONT");
                    "node hung"
                }
                Fault::NodeCutOff => {
                    node.cut_off(true);
                    thread::sleep(outage);
                    node.cut_off(false);
                    "node cut off"
                }
                Fault::NodeAnew => {
                    node.kill();
                    fs::remove_dir_all(node.folder.join("data")).expect("a node's data");
                    node.start_again(&group);
                    "node joined anew"
                }
                Fault::ServiceKilled => {
                    service.kill();
                    thread::sleep(outage);
                    service.start_again();
                    "service killed"
                }
                Fault::ServiceStopped => {
                    service.stop(watch);
                    service.start_again();
                    "service stopped"
                }
            };
            let recovery = self.until_ready(watch);
            faults.are_over(watch, name, recovery);
        }
        faults
    }

    /// Ends the services, and waits until every node has what any of them has. Returns the address of each.
    pub fn stop(&mut self, watch: &Watch) -> Vec<String> {
        for service in &mut self.services {
            service.stop(watch);
        }
        let started = Instant::now();
        while self
            .nodes
            .iter()
            .any(|node| node.status("wsrep_last_committed") != self.nodes[0].status("wsrep_last_committed"))
        {
            assert!(started.elapsed() < PATIENCE, "the nodes do not come to the same");
            thread::sleep(Duration::from_millis(100));
        }
        self.nodes.iter().map(|node| format!("mysql://root@{}/shop", node.sql)).collect()
    }

    pub fn log(&self) -> String {
        self.services.iter().map(Service::log).collect()
    }
}

impl Node {
    fn connect(&self, database: &str) -> Conn {
        let socket = self.folder.join("socket").display().to_string().replace('/', "%2F");
        db::connect_alone(&format!("mysql://root@localhost/{database}?socket={socket}")).expect("a node")
    }

    fn status(&self, name: &str) -> Option<String> {
        let socket = self.folder.join("socket").display().to_string().replace('/', "%2F");
        let mut conn = db::connect_alone(&format!("mysql://root@localhost/mysql?socket={socket}")).ok()?;
        let row: Option<(String, String)> = conn.query_first(format!("SHOW STATUS LIKE '{name}'")).ok()?;
        row.map(|(_, value)| value)
    }

    /// Waits until it is one of so many nodes that have the same. One that found nobody ends, and systemd starts it again.
    fn until_synced(&mut self, group: &[String], of: usize) {
        let started = Instant::now();
        while self.status("wsrep_local_state_comment").as_deref() != Some("Synced")
            || self.status("wsrep_cluster_size") != Some(of.to_string())
        {
            assert!(started.elapsed() < PATIENCE, "a node does not join: {}", self.last_words());
            if self.child.try_wait().expect("the state of a node").is_some() {
                self.start_again(group);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(&mut self) {
        self.child.kill().expect("a running node");
        self.child.wait().expect("the end of a node");
    }

    /// With what it had, or with nothing.
    fn start_again(&mut self, group: &[String]) {
        let position = self.folder.join("data").is_dir().then(|| self.recovered_position()).flatten();
        let position = position.map(|position| format!("--wsrep-start-position={position}"));
        let how: Vec<&str> = position.iter().map(String::as_str).collect();
        let addresses = [self.sql, self.group, self.changes, self.all];
        self.child = serve(&self.folder, &self.programs, addresses, group, &how);
    }

    /// Up to where its tables hold what the group has agreed on, so that it need not copy all of another's.
    fn recovered_position(&self) -> Option<String> {
        let mut command = server(&self.folder, &self.programs);
        let output = command.arg("--wsrep-recover").output().expect("mariadbd --wsrep-recover");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let position = said.lines().find_map(|line| line.split_once("WSREP: Recovered position: "))?.1;
        Some(position.trim().to_owned())
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(told.expect("kill").success(), "a node is gone");
    }

    fn cut_off(&self, is_cut_off: bool) {
        let isolate =
            format!("SET GLOBAL wsrep_provider_options = 'gmcast.isolate={}'", u8::from(is_cut_off));
        self.connect("mysql").query_drop(isolate).expect("Galera knows gmcast.isolate");
    }

    /// The end of its log, for who looks into a failure.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the data of the first node; the others get theirs from it.
fn install(folder: &Path) {
    let mut command = Command::new("mariadb-install-db");
    command.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
    command.arg(format!("--datadir={}", folder.join("data").display()));
    command.arg(format!("--user={}", user())).arg(format!("--tmpdir={}", folder.join("tmp").display()));
    let output = command.output().expect("mariadb-install-db");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A server on this folder, which ends with this program.
fn server(folder: &Path, programs: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if is_root() {
        give_to_nobody(folder);
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", programs.join("usr/bin").display()));
    command.args([
        "mariadbd",
        "--no-defaults",
        "--binlog-format=ROW",
        "--innodb-autoinc-lock-mode=2",
        "--wsrep-on=ON",
    ]);
    // As a shop's: each commit is kept.
    command.args(["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=128M"]);
    command.arg(format!("--wsrep-provider={}", programs.join("usr/lib/galera/libgalera_smm.so").display()));
    for (option, name) in [("datadir", "data"), ("tmpdir", "tmp"), ("socket", "socket"), ("pid-file", "pid")]
    {
        command.arg(format!("--{option}={}", folder.join(name).display()));
    }
    command.stdin(Stdio::null());
    command
}

fn serve(
    folder: &Path,
    programs: &Path,
    addresses: [SocketAddr; 4],
    group: &[String],
    how: &[&str],
) -> Child {
    let [sql, own, changes, all] = addresses;
    fs::create_dir_all(folder.join("data")).expect("a node's data");
    let mut command = server(folder, programs);
    command.args(["--bind-address=127.0.0.1", "--wsrep-sst-method=rsync", "--wsrep-cluster-name=shop"]);
    // Whoever gives its data to another stands still meanwhile, so the one that takes the changes is the last to.
    command.arg(format!("--wsrep-node-name={}", folder.file_name().unwrap_or_default().display()));
    command.arg("--wsrep-sst-donor=node2,node1,node0");
    command
        .arg(format!("--port={}", sql.port()))
        .arg(format!("--wsrep-cluster-address=gcomm://{}", group.join(",")));
    command.arg(format!("--wsrep-node-address={own}")).arg(format!("--wsrep-sst-receive-address={all}"));
    // Who is silent is left out as Galera does by itself, after some five seconds: sooner (1.5 s were tried) nodes of a busy
    // machine leave out each other, and then nobody is in the cluster before a person says who.
    command.arg(format!(
        "--wsrep-provider-options=gmcast.listen_addr=tcp://{own};ist.recv_addr={changes};gcache.size=128M"
    ));
    let log = File::options().create(true).append(true).open(folder.join("server.log")).expect("a log file");
    command.args(how).stdout(Stdio::null()).stderr(log).spawn().expect("a database server")
}

fn is_root() -> bool {
    // SAFETY: it cannot fail.
    unsafe { libc::geteuid() == 0 }
}

fn user() -> String {
    if is_root() { "root".to_owned() } else { std::env::var("USER").unwrap_or_default() }
}

fn give_to_nobody(folder: &Path) {
    let owner = format!("{NOBODY}:{NOBODY}");
    let given = Command::new("chown").arg("-R").arg(owner).arg(folder).status();
    assert!(given.expect("chown").success(), "a folder for a node");
}
