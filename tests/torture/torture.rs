//! Everything at once, against a service and a database that are killed again and again: orders, steps and
//! returned goods under keys, sign-ups, logins, reads, slow clients and hostile bytes. Afterwards what was
//! acknowledged is counted against what is stored, and the books are proved. `scripts/torture` runs it.
//!
//! `scripts/cluster` does the same to three nodes of a cluster, with a service each.
//!
//! Arguments: seconds, and a seed to repeat what is sent and broken (though not to the moment). Exits with 0
//! only if everything held.

// Counts of a run fit everywhere, and this program's numbers are its own.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
#![allow(clippy::cast_precision_loss, clippy::cast_lossless)]

mod books;
mod caller;
mod cluster;
mod crowd;
mod faults;
mod hostile;
#[path = "../api/mariadb.rs"]
mod mariadb;
#[path = "../api/random.rs"]
mod random;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::books::Acknowledged;
use crate::caller::Watch;
use crate::cluster::Cluster;
use crate::crowd::Place;
use crate::faults::{Faults, Service};
use crate::mariadb::MariaDb;
use crate::random::Random;

/// Callers of each kind. Together they keep two cores busy and stay far under the service's limit of
/// connections, so that whoever is turned away is turned away for a fault.
const BUYERS: usize = 6;
const READERS: usize = 2;
const RESTOCKERS: usize = 2;
const SLOW: usize = 8;
const HOSTILE: usize = 1;

fn main() -> ExitCode {
    // Cargo adds --bench.
    let mut arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // Three nodes instead of one server, in this folder, with these programs.
    let cluster = match arguments.first().map(String::as_str) {
        Some("cluster") if arguments.len() > 2 => {
            let words: Vec<String> = arguments.drain(..3).collect();
            Some((PathBuf::from(&words[1]), PathBuf::from(&words[2])))
        }
        _ => None,
    };
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let (seconds, seed) = match numbers[..] {
        [seconds] if arguments.len() == 1 => (seconds, u64::from(std::process::id())),
        [seconds, seed] if arguments.len() == 2 => (seconds, seed),
        _ => {
            eprintln!(
                "torture needs: [cluster FOLDER PROGRAMS] SECONDS [SEED]; scripts/torture and scripts/cluster call it"
            );
            return ExitCode::from(2);
        }
    };
    println!("torture for {seconds} s with the seed {seed}");
    let load = Load { seconds, seed };
    match cluster {
        Some((folder, programs)) => on_a_cluster(&folder, &programs, load),
        None => on_one_server(load),
    }
}

/// For how long, and with what is sent and broken.
#[derive(Clone, Copy)]
struct Load {
    seconds: u64,
    seed: u64,
}

fn on_one_server(load: Load) -> ExitCode {
    // On the disk, since a long run stores much, and keeping every commit, as a shop's does.
    let mut mariadb = MariaDb::start_in("/var/tmp", "", "1").expect("a database");
    let database_url = mariadb.url(&mariadb.fresh_database());
    let mut service = Service::start(&mariadb.folder, &database_url);
    let watch = Watch::new(vec![service.address()]);
    service.until_ready(&watch);
    let place = Place::open(&watch, service.add_staff());
    let began = Instant::now();
    let (acknowledged, faults) = torment(&watch, &place, load, |end, random| {
        faults::happen(&watch, &mut mariadb, &mut service, end, random)
    });
    service.stop(&watch);
    let holds =
        has_held(&watch, &place, &acknowledged, &faults, &[database_url], &service.log(), began.elapsed());
    if !holds {
        eprintln!("{}", service.last_words());
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn on_a_cluster(folder: &Path, programs: &Path, load: Load) -> ExitCode {
    let mut cluster = Cluster::start(folder, programs);
    let watch = Watch::new(cluster.addresses());
    cluster.until_ready(&watch);
    let place = Place::open(&watch, cluster.service().add_staff());
    let began = Instant::now();
    let (acknowledged, faults) =
        torment(&watch, &place, load, |end, random| cluster.faults_happen(&watch, end, random));
    let nodes = cluster.stop(&watch);
    let holds = has_held(&watch, &place, &acknowledged, &faults, &nodes, &cluster.log(), began.elapsed());
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Counts and proves on every server, prints one table, and says what must not be.
fn has_held(
    watch: &Watch,
    place: &Place,
    acknowledged: &Acknowledged,
    faults: &Faults,
    database_urls: &[String],
    log: &str,
    took: Duration,
) -> bool {
    // The level is the second word; a database may say ERROR too, of itself.
    let is_error = |line: &&str| line.split(' ').nth(1) == Some("ERROR");
    for line in log.lines().filter(is_error) {
        watch.unexpected(format!("the service logged: {line}"));
    }
    let mut holds = acknowledged.orders.len() > BUYERS;
    for (number, database_url) in database_urls.iter().enumerate() {
        let account = books::account(database_url, place, acknowledged);
        let verdict = faults::verify(database_url);
        if number == 0 || !account.holds() || verdict.is_err() {
            print!("{}", books::table(watch, &account, faults, &verdict, took));
        }
        holds = holds && account.holds() && verdict.is_ok();
    }
    println!("servers with the same            {:>10}", database_urls.len());
    let unexpected = watch.all_unexpected();
    for what in &unexpected {
        eprintln!("error: {what}");
    }
    holds && unexpected.is_empty()
}

/// The crowd calls while the faults happen; at the end everybody finds out what became of what they were not
/// told about.
fn torment(
    watch: &Watch,
    place: &Place,
    load: Load,
    faults_happen: impl FnOnce(Instant, Random) -> Faults,
) -> (Acknowledged, Faults) {
    let mut seeds = Random(load.seed);
    thread::scope(|scope| {
        let _end = EndOfLoad(watch);
        let mut told = Vec::new();
        for number in 0..BUYERS {
            let random = Random(seeds.next());
            told.push(scope.spawn(move || crowd::buy(watch, place, number, random)));
        }
        told.push(scope.spawn(|| crowd::take_back(watch, place)));
        told.push(scope.spawn(|| crowd::sign_up_and_log_in(watch)));
        for number in 0..READERS {
            scope.spawn(move || crowd::read(watch, place, number));
        }
        for number in 0..RESTOCKERS {
            scope.spawn(move || crowd::restock(watch, place, number));
        }
        for _ in 0..SLOW {
            let random = Random(seeds.next());
            scope.spawn(move || hostile::dawdle(watch, random));
        }
        for _ in 0..HOSTILE {
            let random = Random(seeds.next());
            scope.spawn(move || hostile::attack(watch, random));
        }
        let end = Instant::now() + Duration::from_secs(load.seconds);
        let faults = faults_happen(end, Random(seeds.next()));
        watch.over.store(true, Ordering::Relaxed);
        let mut acknowledged = Acknowledged::default();
        for thread in told {
            acknowledged.add(thread.join().expect("a caller, whose last words are above"));
        }
        (acknowledged, faults)
    })
}

/// Ends the load even when a fault could not be made, so that nobody calls for ever.
struct EndOfLoad<'a>(&'a Watch);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}
