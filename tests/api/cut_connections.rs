//! The connection to the database is cut at every single command of a request, once before the
//! database hears of it and once after it has obeyed: nothing is done twice, nothing by half, and
//! only where the outcome cannot be known is the caller told so.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use crate::client::{Answer, Client};
use crate::fixtures::{Guest, items_json, unique};
use crate::harness::{MariaDb, Shop, shared_mariadb};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    BeforeItIsHeard,
    AfterItIsDone,
}

#[derive(Default)]
struct Plan {
    /// How many commands still pass, and when the one after them is cut.
    cut: Option<(usize, Moment)>,
    /// The command at which the connection was cut.
    was_cut_at: Option<Vec<u8>>,
}

impl Plan {
    fn cuts(&mut self, command: &[u8]) -> Option<Moment> {
        let (left, moment) = self.cut?;
        if left > 0 {
            self.cut = Some((left - 1, moment));
            return None;
        }
        self.cut = None;
        self.was_cut_at = Some(command.to_vec());
        Some(moment)
    }
}

/// Stands between a shop and its database.
struct Proxy {
    socket: String,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    fn start(mariadb: &MariaDb) -> Proxy {
        let socket = mariadb.folder.join(unique("proxy"));
        let listener = UnixListener::bind(&socket).expect("the proxy's socket");
        let database = mariadb.folder.join("socket");
        let plan = Arc::<Mutex<Plan>>::default();
        let planned = plan.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                relay(client.expect("a connection"), &database, &planned);
            }
        });
        Proxy { socket: socket.display().to_string(), plan }
    }

    /// Cuts the connection at one command, after so many others.
    fn cut(&self, after: usize, moment: Moment) {
        *self.plan.lock().unwrap() = Plan { cut: Some((after, moment)), was_cut_at: None };
    }

    /// The command at which it was cut, if it was.
    fn was_cut_at(&self) -> Option<Vec<u8>> {
        std::mem::take(&mut *self.plan.lock().unwrap()).was_cut_at
    }
}

/// Carries a connection's bytes in both directions, each in a thread of its own.
fn relay(client: UnixStream, database: &Path, plan: &Arc<Mutex<Plan>>) {
    let Ok(server) = UnixStream::connect(database) else {
        return;
    };
    let silent = Arc::new(Mutex::new(false));
    let ends = || [client.try_clone().unwrap(), server.try_clone().unwrap()];
    let ([from_client, to_server], [to_client, from_server]) = (ends(), ends());
    let (plan, hush) = (plan.clone(), silent.clone());
    thread::spawn(move || {
        pass_commands(from_client.try_clone().unwrap(), to_server.try_clone().unwrap(), &plan, &hush);
        hang_up(&[from_client, to_server]);
    });
    thread::spawn(move || {
        pass_answers(from_server.try_clone().unwrap(), to_client.try_clone().unwrap(), &silent);
        hang_up(&[to_client, from_server]);
    });
}

fn pass_commands(mut client: UnixStream, mut server: UnixStream, plan: &Mutex<Plan>, silent: &Mutex<bool>) {
    while let Ok(packet) = read_packet(&mut client) {
        let cut = plan.lock().unwrap().cuts(&packet[4..]);
        match cut {
            Some(Moment::BeforeItIsHeard) => return,
            Some(Moment::AfterItIsDone) => *silent.lock().unwrap() = true,
            None => {}
        }
        if server.write_all(&packet).is_err() {
            return;
        }
    }
}

fn pass_answers(mut server: UnixStream, mut client: UnixStream, silent: &Mutex<bool>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if *silent.lock().unwrap() || client.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

fn hang_up(ends: &[UnixStream]) {
    for end in ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// A command with its header: three bytes for the length, one for its number.
fn read_packet(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    stream.read_exact(&mut packet)?;
    let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]) as usize;
    packet.resize(4 + length, 0);
    stream.read_exact(&mut packet[4..])?;
    Ok(packet)
}

/// A shop whose one connection to the database goes through a proxy.
struct Frail {
    shop: Shop,
    proxy: Proxy,
    staff: Client,
    guest: Guest,
    product: u64,
}

impl Frail {
    fn open() -> Frail {
        let mariadb = shared_mariadb();
        let proxy = Proxy::start(mariadb);
        let database = mariadb.fresh_database();
        let url = format!("mysql://root@localhost/{database}?socket={}", proxy.socket.replace('/', "%2F"));
        let settings = [("STOREKEEPER_DATABASE_URL", &*url), ("STOREKEEPER_DATABASE_CONNECTIONS", "1")];
        let shop = Shop::open_on(mariadb, &database, &settings);
        let (staff, guest) = (shop.staff(), shop.guest());
        let product = shop.product(&staff, 1000);
        Frail { shop, proxy, staff, guest, product }
    }

    fn place(&self, key: &str) -> Answer {
        self.guest.client.post_once(key, "/orders", json!({"items": items_json(&[(self.product, 1)])}))
    }

    /// Cuts `request` at each of its commands in turn, then lets it through once, and hands each answer
    /// to `check`, with the moment of the cut and whether it was at COMMIT. `prepare` readies what the
    /// request is for.
    fn at_each_command<T>(
        &self,
        prepare: impl Fn() -> T,
        request: impl Fn(&T) -> Answer,
        mut check: impl FnMut(&T, Answer, Moment, bool),
    ) {
        for moment in [Moment::BeforeItIsHeard, Moment::AfterItIsDone] {
            let mut commits = 0;
            for number in 0.. {
                let prepared = prepare();
                self.proxy.cut(number, moment);
                let answer = request(&prepared);
                let cut_at = self.proxy.was_cut_at();
                let at_commit = cut_at.as_ref().is_some_and(|command| command.ends_with(b"COMMIT"));
                commits += i32::from(at_commit);
                check(&prepared, answer, moment, at_commit);
                if cut_at.is_none() {
                    break;
                }
            }
            // A new connection prepares its statements again, so the count of commands shifts by one here and there.
            assert!(commits >= 1, "every command was cut, and one of them is COMMIT");
        }
    }

    fn orders(&self) -> usize {
        let list = self.guest.client.get("/orders?limit=100").expect(200);
        assert_eq!(list.body["next"], serde_json::Value::Null);
        list.body["data"].as_array().unwrap().len()
    }
}

#[track_caller]
fn expect_outcome_unknown(answer: Answer) {
    let answer = answer.expect_problem(503, "outcome_unknown");
    assert!(answer.header("Retry-After").is_some(), "{}", answer.text);
}

#[test]
fn an_order_under_a_key_is_placed_once_wherever_the_connection_breaks() {
    let frail = Frail::open();
    let mut placed = 0;
    frail.at_each_command(
        || unique("key"),
        |key| frail.place(key),
        |key, answer, moment, at_commit| {
            let replayed = |answer: Answer| answer.expect(201).header("Idempotency-Replayed").is_some();
            if at_commit {
                expect_outcome_unknown(answer);
                assert_eq!(replayed(frail.place(key)), moment == Moment::AfterItIsDone);
            } else {
                assert!(!replayed(answer));
            }
            placed += 1;
            assert_eq!(frail.orders(), placed, "{moment:?}");
        },
    );
}

#[test]
fn an_order_without_a_key_is_never_doubled_either() {
    let frail = Frail::open();
    let mut placed = 0;
    let request = || frail.guest.client.order(&[(frail.product, 1)]);
    frail.at_each_command(
        || (),
        |()| request(),
        |(), answer, moment, at_commit| {
            if at_commit {
                expect_outcome_unknown(answer);
                placed += usize::from(moment == Moment::AfterItIsDone);
            } else {
                answer.expect(201);
                placed += 1;
            }
            assert_eq!(frail.orders(), placed, "{moment:?}");
        },
    );
}

#[test]
fn a_step_is_taken_once_wherever_the_connection_breaks() {
    let frail = Frail::open();
    for step in ["cancel", "ship"] {
        let take = |id: &u64| frail.staff.post(&format!("/orders/{id}/{step}"), json!({}));
        frail.at_each_command(
            || frail.place(&unique("key")).expect(201).id(),
            take,
            |id, answer, moment, at_commit| {
                if at_commit {
                    expect_outcome_unknown(answer);
                    let status = &frail.staff.get(&format!("/orders/{id}")).expect(200).body["status"];
                    assert_eq!(*status != "placed", moment == Moment::AfterItIsDone);
                    take(id).expect(200);
                } else {
                    answer.expect(200);
                }
            },
        );
    }
    let broken = frail.shop.broken_invariants();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_reader_notices_nothing_wherever_the_connection_breaks() {
    let frail = Frail::open();
    let order = frail.place("key").expect(201);
    for moment in [Moment::BeforeItIsHeard, Moment::AfterItIsDone] {
        for number in 0.. {
            frail.proxy.cut(number, moment);
            let read = frail.guest.client.get(&format!("/orders/{}", order.id())).expect(200);
            assert_eq!(read.text, order.text);
            if frail.proxy.was_cut_at().is_none() {
                assert!(number >= 3, "the session, the order and its lines were read");
                break;
            }
        }
    }
}
