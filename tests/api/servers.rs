//! Where the database is: each address of a name, and several servers of which one is used.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use storekeeper::db;

use crate::harness::{MariaDb, Shop, shared_mariadb};
use crate::program::run;

/// A loss is noticed, and the next server is at work, within this time.
const NEXT_WITHIN: Duration = Duration::from_secs(2);
/// A request that was on its way to a server that hangs may wait for as long as a statement may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A port of 127.0.0.1 that leads to a MariaDB's socket, and can be lost.
pub struct Port {
    pub number: u16,
    state: Arc<Mutex<State>>,
    passed: Arc<AtomicUsize>,
}

#[derive(Default)]
struct State {
    closed: bool,
    hangs: bool,
    streams: Vec<TcpStream>,
}

impl Port {
    pub fn to(mariadb: &MariaDb) -> Port {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let number = listener.local_addr().expect("its number").port();
        let (state, passed) = (Arc::<Mutex<State>>::default(), Arc::<AtomicUsize>::default());
        let (of_port, counted, socket) = (state.clone(), passed.clone(), mariadb.folder.join("socket"));
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a connection");
                let mut state = of_port.lock().unwrap();
                if !state.closed {
                    state.streams.push(client.try_clone().expect("the connection"));
                    relay(&client, &socket, &of_port, &counted);
                }
            }
        });
        Port { number, state, passed }
    }

    /// Ends all connections, and every new one at once, as a machine whose server is gone.
    fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        for stream in state.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Passes nothing on any more, and ends nothing.
    fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    fn open_again(&self) {
        let mut state = self.state.lock().unwrap();
        (state.closed, state.hangs) = (false, false);
    }

    /// What has come from clients so far, in pieces.
    fn passed(&self) -> usize {
        self.passed.load(Ordering::Relaxed)
    }
}

fn relay(client: &TcpStream, socket: &PathBuf, state: &Arc<Mutex<State>>, passed: &Arc<AtomicUsize>) {
    let server = UnixStream::connect(socket).expect("the database");
    let (mut from_client, mut to_client) = (client.try_clone().unwrap(), client.try_clone().unwrap());
    let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
    let (there, back, passed) = (state.clone(), state.clone(), passed.clone());
    let hangs = |state: &Mutex<State>| state.lock().unwrap().hangs;
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from_client.read(&mut bytes) {
            passed.fetch_add(1, Ordering::Relaxed);
            if !hangs(&there) && to_server.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from_server.read(&mut bytes) {
            if !hangs(&back) && to_client.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}

/// The address of a database at these hosts. The driver would change over to the server's socket, past the ports.
fn url(hosts: &str, database: &str) -> String {
    format!("mysql://root@{hosts}/{database}?prefer_socket=false")
}

fn at(ports: &[&Port], database: &str) -> String {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{}", port.number)).collect();
    url(&hosts.join(","), database)
}

/// A shop whose database is at these ports, which lead to the MariaDB that the tests share.
fn shop(ports: &[&Port]) -> Shop {
    let mariadb = shared_mariadb();
    let database = mariadb.fresh_database();
    let address = at(ports, &database);
    Shop::open_on(mariadb, &database, &[("STOREKEEPER_DATABASE_URL", &address)])
}

/// How long it takes until a request is answered well.
fn until_answered(shop: &Shop) -> Duration {
    let begun = Instant::now();
    loop {
        let sent = Instant::now();
        if shop.anyone().get("/products").status == 200 && sent.elapsed() < NEXT_WITHIN {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "no server is used");
    }
}

#[test]
fn every_address_of_a_name_is_tried() {
    let mariadb = shared_mariadb();
    let port = Port::to(mariadb);
    // Also ::1, where nobody listens, and first on most machines.
    let database = mariadb.fresh_database();
    let address = url(&format!("localhost:{}", port.number), &database);
    let mut reached = db::connect_alone(&address).expect("the database");
    assert_eq!(reached.query_first::<String, _>("SELECT DATABASE()").unwrap(), Some(database));
    assert!(port.passed() > 0);
}

#[test]
fn a_server_that_answers_nowhere_is_told_in_one_sentence() {
    let refused = run(&url("localhost:1", "shop"), &["verify"]).expect_refusal();
    assert!(refused.starts_with("cannot use the database of STOREKEEPER_DATABASE_URL: "), "{refused}");
    let refused = run(&url("127.0.0.1:1,localhost:1", "shop"), &["verify"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
}

#[test]
fn the_next_server_is_used_when_the_first_is_lost_and_the_first_again_when_it_is_back() {
    let ports = [0, 1].map(|_| Port::to(shared_mariadb()));
    let shop = shop(&[&ports[0], &ports[1]]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 1000);
    assert_eq!(ports[1].passed(), 0, "the first one is used");

    // Nobody notices anything.
    ports[0].close();
    for _ in 0..3 {
        guest.client.order(&[(product, 1)]).expect(201);
    }
    assert!(ports[1].passed() > 0, "the second one is used");

    ports[0].open_again();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (first, second) = (ports[0].passed(), ports[1].passed());
        // Two connections at most are looked at beside what is asked for.
        guest.client.order(&[(product, 1)]).expect(201);
        if ports[1].passed() == second && ports[0].passed() > first {
            break;
        }
        assert!(Instant::now() < deadline, "the first one is not gone back to");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_hangs_is_left() {
    let ports = [0, 1].map(|_| Port::to(shared_mariadb()));
    let shop = shop(&[&ports[0], &ports[1]]);
    assert_eq!(shop.anyone().get("/products").status, 200);
    // What is asked at once would wait for as long as a statement may take, so it is asked a little later.
    ports[0].hang();
    // A busy machine is given twice the time; without the change it would be as long as a statement may take.
    thread::sleep(2 * NEXT_WITHIN);
    assert!(until_answered(&shop) < NEXT_WITHIN);
    assert_eq!(shop.anyone().get("/readyz").status, 200);
    ports[0].close();
}

#[test]
fn a_server_that_takes_no_changes_is_passed_over_and_alone_is_not_ready() {
    let copy = MariaDb::start();
    let database = copy.fresh_database();
    copy.connect("mysql").query_drop("SET GLOBAL read_only = 1").expect("a copy");
    let alone = Shop::open_on(&copy, &database, &[]);
    let not_ready = alone.anyone().get("/readyz").expect_problem(503, "database_unavailable");
    assert!(not_ready.text.contains("read-only"), "{}", not_ready.text);
    // Root may change it all the same, so the books can be looked at; nothing else would say that it is a copy.
    copy.connect("mysql").query_drop("SET GLOBAL read_only = 0").expect("no copy any more");
    assert_eq!(alone.anyone().get("/readyz").status, 200);
    copy.connect("mysql").query_drop("SET GLOBAL read_only = 1").expect("a copy");

    let ports = [Port::to(&copy), Port::to(shared_mariadb())];
    let shop = shop(&[&ports[0], &ports[1]]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 10);
    guest.client.order(&[(product, 1)]).expect(201);
    assert_eq!(shop.anyone().get("/readyz").status, 200);
}
