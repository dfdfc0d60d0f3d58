//! Failed logins, counted in the database, so that all processes of a shop share them and a restart forgets
//! none. Guessing is slowed down; an owner is not locked out by it.
//!
//! A failure counts against the user and the network together, against the network (an IPv4 address, an IPv6
//! /64, and its /48), and against the user wherever they are tried from. Each counter lets a number of
//! failures through at once, and forgives them one by one over [`WINDOW`]. A user who has logged in from a
//! network before is held back there by their own failures there alone, however many strangers guess
//! elsewhere, or next to them at other users. Staff are users like any other.
//!
//! What gets through in any 15 minutes, held by a test:
//!
//! | from | at one user | at all users |
//! |---|---|---|
//! | one IPv4 address, or one IPv6 /64 | 15 | 60 |
//! | one IPv6 /48 | 180 | 180 |
//! | 1,000 addresses, or more | 300 | 60 for each address, while the processors keep up |
//!
//! and 15 more at each user who has logged in from that network. An owner waits only when they come from a
//! network that is new to them while others guess there, or while they are guessed at from 20 networks at
//! once: 3 minutes at most for the next try of their own after a pause of the others.
//!
//! A counter is picked by a digest, out of a fixed number: however many names and addresses an attacker
//! makes up, the table does not grow, and nothing is forgotten to make room. Two that share a counter are
//! held back sooner. The digest holds a secret of the shop, so nobody can choose whom to share one with.
//! When the database cannot count, nobody logs in.

use std::net::IpAddr;
use std::sync::OnceLock;

use chrono::Duration;
use mysql::Value;
use sha2::{Digest, Sha256};

use crate::db::{self, Connection, Pool, Transaction, column, in_list};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::{Id, Network, Timestamp};

/// A counter that is full is empty again after this long.
pub const WINDOW: Duration = Duration::minutes(30);
/// More than anybody mistypes.
pub const AT_USER_FROM_NETWORK: i32 = 10;
/// A shop's whole staff may stand behind one address, on their first day there.
pub const FROM_NETWORK: i32 = 40;
/// What a site or a hoster's customer has of IPv6.
pub const FROM_48: i32 = 120;
/// Twenty networks' worth: enough that it takes many to keep an owner off a network that is new to them.
pub const AT_USER: i32 = 200;

/// Counters that strangers can reach. Ten thousand in use, which takes an attacker two hundred addresses,
/// hold back one in thirteen of those who log in from a network that is new to them.
const STRANGERS: u32 = 1 << 17;
/// Counters of users on networks they are known on, which only guesses from such a network can reach.
const KNOWN: u32 = 1 << 15;
/// Networks kept for an account; as many as the table's CHECK allows.
const PLACES: u8 = 64;

#[derive(Default)]
pub struct Throttle {
    keys: OnceLock<Keys>,
}

/// What picks counters: the shop's secret.
pub struct Keys([u8; 32]);

/// A network on which a user may be known, as it is stored: nobody can read an address out of it.
pub struct KnownNetwork {
    sha256: [u8; 32],
}

/// One try at a password, and the counters that it counts against.
pub struct Attempt {
    /// In the order of their numbers, so that two attempts lock them in one order.
    counters: Vec<Counter>,
    now: Timestamp,
}

struct Counter {
    number: u32,
    /// How long one failure takes to be forgiven.
    step: Duration,
    /// Whether the attempt is refused when this one is full.
    holds_back: bool,
    /// Whether a success forgives all of it, and not only its own attempt.
    of_the_user_here: bool,
}

impl Throttle {
    /// The shop's secret is read once. The first process to ask makes it.
    pub fn keys(&self, pool: &Pool) -> Result<&Keys> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let new = crate::random::bytes::<32>();
        let stored: Option<Vec<u8>> = db::transaction(pool, |tx| {
            tx.execute("INSERT IGNORE INTO throttle_secret (id, secret) VALUES (1, ?)", (&new[..],))?;
            tx.row("SELECT secret FROM throttle_secret WHERE id = 1", (), |row| column(row, "secret"))
        })?;
        let secret = stored.and_then(|bytes| bytes.try_into().ok()).expect("a row of 32 bytes");
        Ok(self.keys.get_or_init(|| Keys(secret)))
    }
}

impl Keys {
    /// The network that an address is in.
    pub fn network(&self, address: IpAddr) -> KnownNetwork {
        KnownNetwork { sha256: self.digest("known", &[&Network::of(address).to_bytes()]) }
    }

    /// An attempt at `username_key` from `address`. `known` is the account, when it has logged in from there.
    pub fn attempt(&self, username_key: &str, address: IpAddr, known: Option<Id>, now: Timestamp) -> Attempt {
        let network = Network::of(address);
        let (user, smallest) = (username_key.as_bytes(), &network.to_bytes()[..]);
        let here = match known {
            Some(id) => STRANGERS + self.number("user known here", &[&id.to_le_bytes(), smallest], KNOWN),
            None => self.number("user here", &[user, smallest], STRANGERS),
        };
        let mut counters = vec![Counter {
            number: here,
            step: WINDOW / AT_USER_FROM_NETWORK,
            holds_back: true,
            of_the_user_here: true,
        }];
        // The same for everybody, so that an attempt takes as long whoever exists or is known.
        let mut shared = |kind, part: &[u8], at_once: i32| {
            counters.push(Counter {
                number: self.number(kind, &[part], STRANGERS),
                step: WINDOW / at_once,
                holds_back: known.is_none(),
                of_the_user_here: false,
            });
        };
        shared("user", user, AT_USER);
        shared("network", smallest, FROM_NETWORK);
        if let Some(around) = network.around() {
            shared("network", &around.to_bytes(), FROM_48);
        }
        counters.sort_by_key(|counter| counter.number);
        Attempt { counters, now }
    }

    fn number(&self, kind: &str, parts: &[&[u8]], of: u32) -> u32 {
        let [a, b, c, d, ..] = self.digest(kind, parts);
        u32::from_le_bytes([a, b, c, d]) % of
    }

    fn digest(&self, kind: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [&self.0[..], kind.as_bytes()].iter().chain(parts) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl KnownNetwork {
    /// The place among those of an account, and what stands in it when the account is known here.
    pub fn stored(&self) -> (u8, &[u8]) {
        (self.sha256[31] % PLACES, &self.sha256)
    }

    /// Keeps it for an account that has logged in from here.
    pub fn keep(&self, tx: &mut Transaction, account_id: Id) -> Result<()> {
        let (place, sha256) = self.stored();
        tx.execute(
            "INSERT INTO known_networks (account_id, place, network_sha256) VALUES (?, ?, ?)
             ON DUPLICATE KEY UPDATE network_sha256 = VALUES(network_sha256)",
            (account_id, place, sha256),
        )?;
        Ok(())
    }
}

/// Forgets the networks of an account that is to be removed.
pub fn forget_networks(tx: &mut Transaction, account_id: Id) -> Result<()> {
    tx.execute("DELETE FROM known_networks WHERE account_id = ?", (account_id,))?;
    Ok(())
}

impl Attempt {
    /// Refuses the attempt when a counter that holds it back is full; it only reads, so whoever is refused
    /// costs little.
    pub fn check(&self, db: &mut Connection) -> Result<()> {
        self.refuse_after(self.now + WINDOW, |counter, at| at + counter.step, db)
    }

    /// Counts it as failed, before it is made, so that attempts at the same time cannot slip through
    /// together. It is refused when one was there first.
    pub fn count(&self, tx: &mut Transaction) -> Result<()> {
        let rows = vec!["(?, ?)"; self.counters.len()].join(", ");
        // What is forgiven later than any count can be was counted by a clock that ran ahead, and is dropped;
        // one window is left for the clocks of two machines. A full counter that does not hold this attempt
        // back stays full.
        let sql = format!(
            "INSERT INTO login_failures (counter, forgiven_at) VALUES {rows}
             ON DUPLICATE KEY UPDATE forgiven_at = IF(forgiven_at > ? OR forgiven_at < ?, VALUES(forgiven_at), LEAST(
                 forgiven_at + INTERVAL TIMESTAMPDIFF(MICROSECOND, ?, VALUES(forgiven_at)) MICROSECOND,
                 VALUES(forgiven_at) + INTERVAL ? MICROSECOND))"
        );
        let mut values: Vec<Value> = Vec::new();
        for counter in &self.counters {
            values.extend([counter.number.into(), (self.now + counter.step).into()]);
        }
        let window_us = WINDOW.num_microseconds();
        values.extend([(self.now + WINDOW * 2).into(), self.now.into(), self.now.into(), window_us.into()]);
        tx.execute(&sql, values)?;
        self.refuse_after(self.now + WINDOW, |_, at| at, tx)
    }

    /// It was no failure: the user's failures here are forgiven, and elsewhere this one.
    pub fn succeeded(&self, tx: &mut Transaction) -> Result<()> {
        for counter in &self.counters {
            if counter.of_the_user_here {
                let sql = "UPDATE login_failures SET forgiven_at = ? WHERE counter = ?";
                tx.execute(sql, (self.now, counter.number))?;
            } else {
                counter.take_back(tx)?;
            }
        }
        Ok(())
    }

    /// It was not made after all.
    pub fn withdraw(&self, tx: &mut Transaction) -> Result<()> {
        self.counters.iter().try_for_each(|counter| counter.take_back(tx))
    }

    /// Refuses when a counter that holds the attempt back says, through `due`, a time after `most`.
    fn refuse_after(
        &self,
        most: Timestamp,
        due: impl Fn(&Counter, Timestamp) -> Timestamp,
        db: &mut Connection,
    ) -> Result<()> {
        let (marks, numbers) = in_list(self.counters.iter().map(|counter| counter.number));
        let sql = format!("SELECT counter, forgiven_at FROM login_failures WHERE counter IN ({marks})");
        let rows: Vec<(u32, Timestamp)> =
            db.rows(&sql, numbers, |row| (column(row, "counter"), column(row, "forgiven_at")))?;
        let mut wait = Duration::zero();
        for counter in self.counters.iter().filter(|counter| counter.holds_back) {
            let found = rows.iter().find(|(number, _)| *number == counter.number);
            let at = found.map(|(_, at)| *at).filter(|at| *at <= self.now + WINDOW * 2);
            wait = wait.max(at.map_or(wait, |at| due(counter, at) - most));
        }
        if wait <= Duration::zero() {
            return Ok(());
        }
        let wait_s = wait.num_seconds().unsigned_abs() + 1;
        let detail = format!("Too many failed logins. Wait {wait_s} seconds, then try again.");
        Err(Problem::new(problem::TOO_MANY_ATTEMPTS, detail).retry_after(wait_s).into())
    }
}

impl Counter {
    fn take_back(&self, tx: &mut Transaction) -> Result<()> {
        tx.execute(
            "UPDATE login_failures SET forgiven_at = forgiven_at - INTERVAL ? MICROSECOND WHERE counter = ?",
            (self.step.num_microseconds(), self.number),
        )?;
        Ok(())
    }
}
