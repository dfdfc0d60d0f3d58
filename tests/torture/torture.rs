//! Everything at once, against a service and a database that are killed again and again: orders, steps and
//! returned goods under keys, sign-ups, logins, reads, slow clients and hostile bytes. Afterwards what was
//! acknowledged is counted against what is stored, and the books are proved. `scripts/torture` runs it.
//!
//! Arguments: seconds, and a seed to repeat what is sent and broken (though not to the moment). Exits with 0
//! only if everything held.

// Counts of a run fit everywhere, and this program's numbers are its own.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
#![allow(clippy::cast_precision_loss, clippy::cast_lossless)]

mod books;
mod caller;
mod crowd;
mod faults;
mod hostile;
#[path = "../api/mariadb.rs"]
mod mariadb;
#[path = "../api/random.rs"]
mod random;

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::books::Acknowledged;
use crate::caller::Watch;
use crate::crowd::Place;
use crate::faults::{Faults, Service};
use crate::mariadb::MariaDb;
use crate::random::Random;

/// Callers of each kind. Together they keep two cores busy and stay far under the service's limit of
/// connections, so that whoever is turned away is turned away for a fault.
const BUYERS: usize = 6;
const READERS: usize = 2;
const SLOW: usize = 8;
const HOSTILE: usize = 1;

fn main() -> ExitCode {
    // Cargo adds --bench.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let (seconds, seed) = match numbers[..] {
        [seconds] if arguments.len() == 1 => (seconds, u64::from(std::process::id())),
        [seconds, seed] if arguments.len() == 2 => (seconds, seed),
        _ => {
            eprintln!("torture needs: SECONDS [SEED]; scripts/torture calls it");
            return ExitCode::from(2);
        }
    };
    println!("torture for {seconds} s with the seed {seed}");

    // On the disk, since a long run stores much, and keeping every commit, as a shop's does.
    let mut mariadb = MariaDb::start_in("/var/tmp", "", "1").expect("a database");
    let database_url = mariadb.url(&mariadb.fresh_database());
    let mut service = Service::start(&mariadb, &database_url);
    let watch = Watch::new(service.address());
    service.until_ready(&watch);
    let place = Place::open(&watch, service.add_staff());
    let began = Instant::now();
    let (acknowledged, faults) = torment(&watch, &place, &mut mariadb, &mut service, seconds, seed);
    service.stop(&watch);

    let log = service.log();
    for line in log.lines().filter(|line| line.contains(" ERROR ")) {
        watch.unexpected(format!("the service logged: {line}"));
    }
    let account = books::account(&database_url, &acknowledged);
    let verdict = service.verify();
    print!("{}", books::table(&watch, &account, &faults, &verdict, began.elapsed()));
    let unexpected = watch.all_unexpected();
    for what in &unexpected {
        eprintln!("error: {what}");
    }
    if account.holds() && verdict.is_ok() && unexpected.is_empty() && acknowledged.orders.len() > BUYERS {
        return ExitCode::SUCCESS;
    }
    eprintln!("{}", service.last_words());
    ExitCode::from(1)
}

/// The crowd calls while the faults happen; at the end everybody finds out what became of what they were not
/// told about.
fn torment(
    watch: &Watch,
    place: &Place,
    mariadb: &mut MariaDb,
    service: &mut Service,
    seconds: u64,
    seed: u64,
) -> (Acknowledged, Faults) {
    let mut seeds = Random(seed);
    let mut faults = Faults::default();
    let acknowledged = thread::scope(|scope| {
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
        for _ in 0..SLOW {
            let random = Random(seeds.next());
            scope.spawn(move || hostile::dawdle(watch, random));
        }
        for _ in 0..HOSTILE {
            let random = Random(seeds.next());
            scope.spawn(move || hostile::attack(watch, random));
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        faults.happen(watch, mariadb, service, end, Random(seeds.next()));
        watch.over.store(true, Ordering::Relaxed);
        let mut acknowledged = Acknowledged::default();
        for thread in told {
            acknowledged.add(thread.join().expect("a caller, whose last words are above"));
        }
        acknowledged
    });
    (acknowledged, faults)
}

/// Ends the load even when a fault could not be made, so that nobody calls for ever.
struct EndOfLoad<'a>(&'a Watch);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}
