//! A proxy between a shop and its database, which breaks a connection or holds it up at one statement.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use crate::fixtures::unique;
use crate::harness::MariaDb;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before the database has heard of the statement.
    CutBefore,
    /// It breaks when the statement has been done and before its answer arrives.
    CutAfter,
    /// Likewise, at a COMMIT only: after any other statement of a transaction it is the same to all as before the next one.
    CutAfterCommit,
    /// It breaks for the shop at once, and the database hears of the statement after others have waited in
    /// vain for what the transaction has locked.
    Late,
    /// The statement arrives after others have waited in vain, and all goes on.
    Slow,
}

/// The shop waits for a lock for 3 s; behind this proxy for 1 s, the least that there is, and a delayed
/// statement is held up for longer.
const LOCK_WAIT: [&[u8]; 2] = [b"innodb_lock_wait_timeout = 3", b"innodb_lock_wait_timeout = 1"];
const HELD_UP: Duration = Duration::from_millis(1200);
/// The last statement with which the shop readies a new connection.
const READY: &[u8] = b"SELECT @@max_prepared_stmt_count";

/// Commands that do something; a statement that is prepared or closed has no effect.
const COM_QUERY: u8 = 0x03;
const COM_STMT_EXECUTE: u8 = 0x17;

#[derive(Default)]
struct Plan {
    /// How many statements still pass, and what becomes of the one after them.
    fault: Option<(usize, Fault)>,
    /// The statement that it happened to.
    hit: Option<Vec<u8>>,
    /// Statements that are on their way although their caller has given them up.
    late: usize,
}

#[derive(Default)]
struct Planned {
    plan: Mutex<Plan>,
    changed: Condvar,
}

pub struct Proxy {
    pub url_socket: String,
    planned: Arc<Planned>,
}

impl Proxy {
    pub fn start(mariadb: &MariaDb) -> Proxy {
        let socket = mariadb.folder.join(unique("proxy"));
        let listener = UnixListener::bind(&socket).expect("the proxy's socket");
        let database = mariadb.folder.join("socket");
        let planned = Arc::<Planned>::default();
        let relayed = planned.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                relay(client.expect("a connection"), &database, &relayed);
            }
        });
        Proxy { url_socket: socket.display().to_string().replace('/', "%2F"), planned }
    }

    /// Plans a fault at one statement, after so many others on any connection.
    pub fn plan(&self, after: usize, fault: Fault) {
        let mut plan = self.planned.plan.lock().unwrap();
        (plan.fault, plan.hit) = (Some((after, fault)), None);
    }

    /// Ends the plan. Returns the statement that it happened to, if it did.
    pub fn was_hit(&self) -> Option<Vec<u8>> {
        let mut plan = self.planned.plan.lock().unwrap();
        plan.fault = None;
        plan.hit.take()
    }

    /// Waits until it has happened, or until `over`.
    pub fn wait_until_hit(&self, over: impl Fn() -> bool) -> bool {
        let mut plan = self.planned.plan.lock().unwrap();
        while plan.hit.is_none() && !over() {
            plan = self.planned.changed.wait_timeout(plan, Duration::from_millis(5)).unwrap().0;
        }
        plan.hit.is_some()
    }

    /// Waits until no statement is on its way that its caller has given up.
    pub fn wait_until_over(&self) {
        let mut plan = self.planned.plan.lock().unwrap();
        while plan.late > 0 {
            plan = self.planned.changed.wait(plan).unwrap();
        }
    }
}

impl Planned {
    fn fault_at(&self, command: &[u8]) -> Option<Fault> {
        if !matches!(command.first(), Some(&(COM_QUERY | COM_STMT_EXECUTE))) {
            return None;
        }
        let mut plan = self.plan.lock().unwrap();
        let (left, fault) = plan.fault?;
        if fault == Fault::CutAfterCommit && !command.ends_with(b"COMMIT") {
            return None;
        }
        if left > 0 {
            plan.fault = Some((left - 1, fault));
            return None;
        }
        (plan.fault, plan.hit) = (None, Some(command.to_vec()));
        plan.late += usize::from(fault == Fault::Late);
        self.changed.notify_all();
        Some(fault)
    }

    fn late_is_over(&self) {
        self.plan.lock().unwrap().late -= 1;
        self.changed.notify_all();
    }
}

/// Carries a connection's bytes in both directions, each in a thread of its own.
fn relay(client: UnixStream, database: &Path, planned: &Arc<Planned>) {
    let Ok(server) = UnixStream::connect(database) else {
        return;
    };
    let silent = Arc::new(Mutex::new(false));
    let ends = || [client.try_clone().unwrap(), server.try_clone().unwrap()];
    let ([mut from_client, mut to_server], [mut to_client, mut from_server]) = (ends(), ends());
    let (planned, hush) = (planned.clone(), silent.clone());
    let (answering, over) = mpsc::channel::<()>();
    thread::spawn(move || {
        pass_commands(&mut from_client, &mut to_server, &planned, &hush, &over);
        hang_up(&[from_client, to_server]);
    });
    thread::spawn(move || {
        pass_answers(&mut from_server, &mut to_client, &silent);
        hang_up(&[to_client, from_server]);
        drop(answering);
    });
}

fn pass_commands(
    client: &mut UnixStream,
    server: &mut UnixStream,
    planned: &Planned,
    silent: &Mutex<bool>,
    answers_are_over: &Receiver<()>,
) {
    let mut ready = false;
    while let Ok(mut packet) = read_packet(client) {
        replace(&mut packet, LOCK_WAIT);
        let command = &packet[4..];
        let fault = if ready { planned.fault_at(command) } else { None };
        ready = ready || command.ends_with(READY);
        match fault {
            Some(Fault::CutBefore) => return,
            Some(Fault::CutAfter | Fault::CutAfterCommit) => *silent.lock().unwrap() = true,
            Some(Fault::Late) => {
                *silent.lock().unwrap() = true;
                let _ = client.shutdown(Shutdown::Both);
                thread::sleep(HELD_UP);
            }
            Some(Fault::Slow) => thread::sleep(HELD_UP),
            None => {}
        }
        if server.write_all(&packet).is_err() && fault != Some(Fault::Late) {
            return;
        }
        if matches!(fault, Some(Fault::CutAfter | Fault::CutAfterCommit | Fault::Late)) {
            // It has been done when its answer is there, with which the other thread hangs up and ends.
            let _ = answers_are_over.recv();
            if fault == Some(Fault::Late) {
                planned.late_is_over();
            }
            return;
        }
    }
}

fn pass_answers(server: &mut UnixStream, client: &mut UnixStream, silent: &Mutex<bool>) {
    let mut bytes = [0; 4096];
    let mut kept_back = Vec::new();
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if *silent.lock().unwrap() {
            kept_back.extend_from_slice(&bytes[..length]);
            if is_whole(&kept_back) {
                return;
            }
        } else if client.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

/// Whether all statements of a command have been answered, of which only the last may send rows. With several
/// ("INSERT …; COMMIT") the server answers one after the other, and stops at a connection that is gone.
fn is_whole(mut answer: &[u8]) -> bool {
    const OK: u8 = 0;
    const MORE_FOLLOW: u8 = 0x08;
    loop {
        let [low, middle, high, _number, packet @ ..] = answer else { return false };
        let length = u32::from_le_bytes([*low, *middle, *high, 0]) as usize;
        if packet.first().is_some_and(|kind| *kind != OK) {
            return true;
        }
        if packet.len() < length {
            return false;
        }
        // The rows affected and the last id come before the status, in as many bytes as they need.
        let after_number = |bytes: &[u8], at: usize| match bytes[at] {
            0xfc => at + 3,
            0xfd => at + 4,
            0xfe => at + 9,
            _ => at + 1,
        };
        let status = after_number(packet, after_number(packet, 1));
        if packet[status] & MORE_FOLLOW == 0 {
            return true;
        }
        answer = &packet[length..];
    }
}

fn hang_up(ends: &[UnixStream]) {
    for end in ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// Writes the second over the first, which is as long.
fn replace(packet: &mut [u8], [old, new]: [&[u8]; 2]) {
    if let Some(at) = packet.windows(old.len()).position(|window| window == old) {
        packet[at..at + old.len()].copy_from_slice(new);
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
