//! Guessing passwords: what gets through, and who is not held back by it.

use std::net::{IpAddr, Ipv6Addr};

use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::json;
use storekeeper::app::App;
use storekeeper::config::Config;
use storekeeper::db;
use storekeeper::error::Error;
use storekeeper::values::Timestamp;

use crate::client::Answer;
use crate::fixtures::CUSTOMER_PASSWORD;
use crate::harness::{STAFF_PASSWORD, Shop};

const BEHIND_A_PROXY: &[(&str, &str)] = &[("STOREKEEPER_CLIENT_ADDRESS_HEADER", "X-Real-IP")];
/// Where nobody has logged in from.
const ELSEWHERE: &str = "198.51.100.7";

/// With a known secret, so that the same names share a counter in every run, or none.
fn open(settings: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(settings);
    shop.sql().query_drop("INSERT INTO throttle_secret VALUES (1, REPEAT('a secret', 4))").unwrap();
    shop
}

fn try_from(shop: &Shop, address: &str, username: &str, password: &str) -> Answer {
    let anyone = shop.anyone();
    let body = json!({"username": username, "password": password});
    anyone.request("POST", "/sessions").header("X-Real-IP", address).json(body).send()
}

fn retry_after_s(answer: &Answer) -> i64 {
    answer.header("Retry-After").expect("a Retry-After").parse().expect("seconds")
}

/// A guess as the service counts it, without the hash. True when it gets through.
fn guess(app: &App, address: IpAddr, username: &str, now: Timestamp) -> bool {
    let attempt = app.throttle.keys(&app.pool).unwrap().attempt(username, address, None, now);
    let counted = db::read(&app.pool, |db| attempt.check(db))
        .and_then(|()| db::transaction(&app.pool, |tx| attempt.count(tx)));
    match counted {
        Ok(()) => true,
        Err(Error::Refused(problem)) => {
            assert_eq!(problem.kind.code, "too_many_attempts");
            false
        }
        Err(other) => panic!("{other}"),
    }
}

fn v4(number: u32) -> IpAddr {
    IpAddr::from((0xcb00_0000 | number).to_be_bytes())
}

fn v6(network_48: u16, network_64: u16, host: u16) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, network_48, network_64, 0, 0, 0, host).into()
}

/// How many guesses get through in 15 minutes, when the attacker makes `at_first` at once and then one a
/// second; `guess_number` says from where and at whom.
fn get_through(app: &App, at_first: u32, guess_number: impl Fn(u32) -> (IpAddr, String)) -> u32 {
    let start = app.clock.now();
    let mut through = 0;
    for number in 0..=at_first + 900 {
        let (address, username) = guess_number(number);
        let at = start + Duration::seconds(number.saturating_sub(at_first).into());
        through += u32::from(guess(app, address, &username, at));
    }
    through
}

#[test]
fn so_many_guesses_get_through_in_15_minutes() {
    let shop = open(&[]);
    let app = &shop.app;
    let of = |name: &str, number: u32| format!("{name}-{number}");
    // One address at one user, at many; an IPv6 host takes any address of its /64.
    assert_eq!(get_through(app, 20, |_| (v4(1), "ada".into())), 15);
    assert_eq!(get_through(app, 80, |n| (v4(2), of("a", n))), 60);
    assert_eq!(get_through(app, 80, |n| (v6(1, 7, n as u16), of("b", n))), 60);
    // A /48, with a network for each guess, at one user and at many.
    assert_eq!(get_through(app, 300, |n| (v6(2, n as u16, 1), "eve".into())), 180);
    assert_eq!(get_through(app, 300, |n| (v6(3, n as u16, 1), of("c", n))), 180);
    // A thousand addresses at one user.
    assert_eq!(get_through(app, 1000, |n| (v4(1000 + n % 1000), "bob".into())), 300);
}

#[test]
fn failures_slow_a_user_down_on_one_network_and_never_lock_them_out() {
    let shop = open(&[]);
    let (customer, username) = shop.customer_with_account();
    let (_, other) = shop.customer_with_account();
    let fail_ten_times = || {
        for guess in 0..10 {
            let spelled = if guess % 2 == 0 { username.to_uppercase() } else { username.clone() };
            try_from(&shop, "", &spelled, "a guess").expect_problem(401, "wrong_credentials");
        }
    };
    fail_ten_times();
    let mut wait_s = i64::MAX;
    for _ in 0..3 {
        let refused = try_from(&shop, "", &username, CUSTOMER_PASSWORD);
        let refused = refused.expect_problem(429, "too_many_attempts");
        assert!(retry_after_s(&refused) <= wait_s, "asking again does not prolong it");
        wait_s = retry_after_s(&refused);
    }
    assert!((1..=181).contains(&wait_s), "{wait_s}");
    customer.client.get("/sessions/current").expect(200);
    shop.log_in(&other, CUSTOMER_PASSWORD);

    shop.app.clock.advance(Duration::seconds(wait_s));
    shop.log_in(&username, CUSTOMER_PASSWORD);
    // The success has wiped the slate.
    fail_ten_times();
    try_from(&shop, "", &username, "a guess").expect_problem(429, "too_many_attempts");
}

#[test]
fn unknown_usernames_are_slowed_down_like_known_ones() {
    let shop = open(&[]);
    for _ in 0..10 {
        try_from(&shop, "", "nobody", "a guess").expect_problem(401, "wrong_credentials");
    }
    let refused = try_from(&shop, "", "nobody", "a guess").expect_problem(429, "too_many_attempts");
    assert!(retry_after_s(&refused) > 0);
}

#[test]
fn only_the_username_itself_logs_in_so_no_other_spelling_evades_the_count() {
    let shop = open(&[]);
    let (_, username) = shop.customer_with_account();
    for spelled in
        [format!("{username} "), format!("{username}   "), format!(" {username}"), format!("{username}\t")]
    {
        try_from(&shop, "", &spelled, CUSTOMER_PASSWORD).expect_problem(401, "wrong_credentials");
    }
}

#[test]
fn a_network_that_fails_too_often_waits_and_those_who_are_known_there_do_not() {
    let shop = open(BEHIND_A_PROXY);
    let (_, known) = shop.customer_with_account();
    let (_, new) = shop.customer_with_account();
    try_from(&shop, ELSEWHERE, &known, CUSTOMER_PASSWORD).expect(201);
    for number in 0..40 {
        let failed = try_from(&shop, ELSEWHERE, &format!("guess-{number}"), "a guess");
        failed.expect_problem(401, "wrong_credentials");
    }
    let refused =
        try_from(&shop, ELSEWHERE, &new, CUSTOMER_PASSWORD).expect_problem(429, "too_many_attempts");
    try_from(&shop, ELSEWHERE, &known, CUSTOMER_PASSWORD).expect(201);
    try_from(&shop, "198.51.100.8", &new, CUSTOMER_PASSWORD).expect(201);
    shop.app.clock.advance(Duration::seconds(retry_after_s(&refused)));
    try_from(&shop, ELSEWHERE, &new, CUSTOMER_PASSWORD).expect(201);
    // Being known is no way to guess at oneself for ever.
    for _ in 0..10 {
        try_from(&shop, ELSEWHERE, &known, "a guess").expect_problem(401, "wrong_credentials");
    }
    try_from(&shop, ELSEWHERE, &known, CUSTOMER_PASSWORD).expect_problem(429, "too_many_attempts");
}

#[test]
fn an_owner_comes_in_from_where_they_were_before_whoever_guesses_elsewhere() {
    let shop = open(BEHIND_A_PROXY);
    shop.staff();
    let (_, customer) = shop.customer_with_account();
    for (username, password) in [("staff", STAFF_PASSWORD), (&customer, CUSTOMER_PASSWORD)] {
        let now = shop.app.clock.now();
        let through = (0..500).filter(|number| guess(&shop.app, v4(*number), username, now)).count();
        // A few less when the name shares a counter with one of the addresses.
        assert!((150..=200).contains(&through), "{through} at {username}");
        shop.log_in(username, password);
        let refused = try_from(&shop, ELSEWHERE, username, password).expect_problem(429, "too_many_attempts");
        shop.app.clock.advance(Duration::seconds(retry_after_s(&refused)));
        try_from(&shop, ELSEWHERE, username, password).expect(201);
    }
}

#[test]
fn an_address_that_a_caller_makes_up_is_not_believed() {
    let shop = open(&[]);
    for number in 0..40 {
        let failed = try_from(&shop, &format!("198.51.100.{number}"), &format!("guess-{number}"), "a guess");
        failed.expect_problem(401, "wrong_credentials");
    }
    try_from(&shop, "198.51.100.99", "one more", "a guess").expect_problem(429, "too_many_attempts");
}

/// Another process of the same shop.
fn another_process(shop: &Shop) -> App {
    let url = ("STOREKEEPER_DATABASE_URL".to_owned(), shop.database_url.clone());
    App::new(Config::read([url]).unwrap()).unwrap()
}

#[test]
fn processes_share_the_counters_and_a_restart_forgets_none() {
    let shop = open(&[]);
    let now = shop.app.clock.now();
    for number in 0..10 {
        let process = if number % 2 == 0 { &another_process(&shop) } else { &*shop.app };
        assert!(guess(process, v4(1), "ada", now));
    }
    for process in [&another_process(&shop), &*shop.app] {
        assert!(!guess(process, v4(1), "ada", now));
        assert!(guess(process, v4(2), "ada", now));
    }
}

#[test]
fn the_counters_are_bounded_and_hold_when_all_are_used() {
    let shop = open(&[]);
    let now = shop.app.clock.now();
    for number in 0..300 {
        guess(&shop.app, v4(number), &format!("name-{number}"), now);
    }
    let mut sql = shop.sql();
    let (rows, last): (u64, u32) =
        sql.query_first("SELECT COUNT(*), MAX(counter) FROM login_failures").unwrap().unwrap();
    assert!(rows > 800 && last < 1 << 17, "{rows} rows up to {last}");
    // Every counter that there is.
    let digit = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
        UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7)";
    let digits = (0..6).map(|n| format!("{digit} d{n}")).collect::<Vec<_>>().join(" JOIN ");
    sql.query_drop(format!(
        "INSERT IGNORE INTO login_failures SELECT d0.d + 8 * (d1.d + 8 * (d2.d + 8 * (d3.d + 8 * (d4.d + 8 * d5.d)))),
         '2020-01-01' FROM {digits} WHERE d5.d < 5"
    ))
    .unwrap();
    let count = |sql: &mut mysql::Conn| -> u64 {
        sql.query_first("SELECT COUNT(*) FROM login_failures").unwrap().unwrap()
    };
    let full = count(&mut sql);
    let through = (0..30).filter(|_| guess(&shop.app, v4(9999), "grace", now)).count();
    assert_eq!((through, count(&mut sql)), (10, full));
}

#[test]
fn guesses_at_once_do_not_slip_through_together() {
    let shop = open(&[]);
    let now = shop.app.clock.now();
    let through: usize = std::thread::scope(|scope| {
        let guessing = || (0..10).filter(|_| guess(&shop.app, v4(1), "ada", now)).count();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(guessing)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(through, 10);
}

#[test]
fn a_database_that_cannot_count_lets_nobody_in_and_answers_503() {
    let shop = open(&[]);
    let (_, username) = shop.customer_with_account();
    try_from(&shop, "", &username, "a guess").expect_problem(401, "wrong_credentials");
    let mut sql = shop.sql();
    sql.query_drop("START TRANSACTION").unwrap();
    sql.query_drop("UPDATE login_failures SET forgiven_at = forgiven_at + INTERVAL 1 SECOND").unwrap();
    try_from(&shop, "", &username, CUSTOMER_PASSWORD).expect_problem(503, "busy");
    sql.query_drop("ROLLBACK").unwrap();
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

#[test]
fn a_clock_that_ran_a_year_ahead_locks_nobody_out_once_it_is_right() {
    let shop = open(&[]);
    let (_, username) = shop.customer_with_account();
    let fail_ten_times = || {
        for _ in 0..10 {
            try_from(&shop, "", &username, "a guess").expect_problem(401, "wrong_credentials");
        }
        try_from(&shop, "", &username, "a guess").expect_problem(429, "too_many_attempts");
    };
    for ahead in [Duration::days(365), Duration::hours(2)] {
        shop.app.clock.advance(ahead);
        fail_ten_times();
        shop.app.clock.advance(-ahead);
        // What was counted ahead is dropped, and counting goes on.
        fail_ten_times();
        shop.app.clock.advance(Duration::minutes(3));
        shop.log_in(&username, CUSTOMER_PASSWORD);
    }
}

#[test]
fn a_second_clock_that_is_a_little_behind_counts_on() {
    let shop = open(&[]);
    let now = shop.app.clock.now();
    assert!((0..10).all(|_| guess(&shop.app, v4(1), "ada", now)));
    for behind_s in [1, 60, 29 * 60] {
        assert!(!guess(&shop.app, v4(1), "ada", now - Duration::seconds(behind_s)));
    }
}

#[test]
fn neither_names_nor_addresses_stand_in_what_is_counted_and_erasing_leaves_nothing() {
    let shop = open(&[]);
    let (customer, username) = shop.customer_with_account();
    shop.log_in(&username, CUSTOMER_PASSWORD);
    let known = |sql: &mut mysql::Conn| -> Vec<(u64, Vec<u8>)> {
        sql.query("SELECT account_id, network_sha256 FROM known_networks").unwrap()
    };
    let mut sql = shop.sql();
    assert_eq!(known(&mut sql).len(), 1);
    customer.client.delete(&format!("/customers/{}", customer.id)).expect(204);
    assert_eq!(known(&mut sql), []);
    // Without their customer, too.
    let (customer, _) = shop.customer_with_account();
    let account = customer.client.get("/sessions/current").expect(200).body["account_id"].clone();
    shop.staff().delete(&format!("/customer_accounts/{account}")).expect(204);
    let staff = known(&mut sql);
    assert_eq!(staff.len(), 1, "{staff:?}");
}
