//! Sessions: logging in and out, how long a token lives, and what guessing costs.

use std::sync::Barrier;
use std::thread;
use std::thread::available_parallelism;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::Duration;
use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::dialects::numbers;
use crate::fixtures::CUSTOMER_PASSWORD;
use crate::harness::{STAFF_PASSWORD, Shop};

fn login(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

fn try_login(shop: &Shop, username: &str, password: &str) -> Answer {
    shop.anyone().post("/sessions", login(username, password))
}

fn try_login_from(shop: &Shop, address: &str, username: &str, password: &str) -> Answer {
    let anyone = shop.anyone();
    anyone.request("POST", "/sessions").header("X-Real-IP", address).json(login(username, password)).send()
}

fn retry_after_s(answer: &Answer) -> i64 {
    answer.header("Retry-After").expect("a Retry-After").parse().expect("seconds")
}

#[test]
fn logging_in_opens_a_session_that_says_whose_it_is() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let account_id = customer.client.get("/sessions/current").expect(200).body["account_id"].clone();
    let opened = try_login(&shop, &username, CUSTOMER_PASSWORD).expect(201);
    assert_eq!(opened.header("Location"), Some("/sessions/current"));
    assert_eq!(opened.body["caller"], "customer");
    assert_eq!(opened.body["customer_id"], customer.id);
    assert_eq!(opened.body["account_id"], account_id);
    assert_eq!(opened.body["username"], username);

    let client = shop.with_token(opened.body["token"].as_str().unwrap());
    let current = client.get("/sessions/current").expect(200);
    let mut without_token = opened.body.clone();
    without_token.as_object_mut().unwrap().remove("token");
    assert_eq!(current.body, without_token);

    let staff = shop.staff().get("/sessions/current").expect(200);
    assert_eq!(staff.body["caller"], "staff");
    assert_eq!(staff.body["customer_id"], Value::Null);
    assert_eq!(staff.body["username"], "staff");
    shop.anyone().get("/sessions/current").expect_problem(401, "unauthenticated");
}

#[test]
fn every_login_gets_a_token_of_256_bits_and_only_its_digest_is_stored() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    let tokens = [shop.log_in(&username, CUSTOMER_PASSWORD), shop.log_in(&username, CUSTOMER_PASSWORD)];
    assert_ne!(tokens[0], tokens[1]);
    for token in &tokens {
        assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        let sql =
            "SELECT SUM(token_sha256 = UNHEX(SHA2(?, 256))), SUM(token_sha256 = UNHEX(?)) FROM sessions";
        let found: Option<(u64, u64)> = shop.sql().exec_first(sql, (token, token)).unwrap();
        assert_eq!(found, Some((1, 0)));
    }
}

#[test]
fn logging_out_ends_this_session_and_no_other() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let client = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    client.delete("/sessions/current").expect(204);
    client.get("/sessions/current").expect_problem(401, "unauthenticated");
    client.delete("/sessions/current").expect_problem(401, "unauthenticated");
    customer.client.get("/sessions/current").expect(200);
    shop.anyone().delete("/sessions/current").expect_problem(401, "unauthenticated");
}

#[test]
fn every_bad_field_of_a_login_is_named() {
    let shop = Shop::open();
    let refused = |body: Value, bad: &[(&str, &str)]| {
        shop.anyone().post("/sessions", body).expect_bad_fields(bad);
    };
    refused(json!({}), &[("username", "required"), ("password", "required")]);
    refused(
        json!({"username": null, "password": null}),
        &[("username", "required"), ("password", "required")],
    );
    refused(
        json!({"username": 1, "password": []}),
        &[("username", "wrong_type"), ("password", "wrong_type")],
    );
    refused(
        login(&"a".repeat(257), &"b".repeat(257)),
        &[("username", "wrong_type"), ("password", "wrong_type")],
    );
    let more = json!({"username": "ada", "password": "secret", "remember": true});
    refused(more, &[("remember", "unknown_field")]);
}

#[test]
fn a_token_that_is_not_one_is_refused_even_where_anyone_may_call() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let token = customer.client.token();
    let refused = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {}", "0".repeat(64)),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {token}0"),
        format!("Basic {token}"),
        token.to_owned(),
    ];
    for header in refused {
        for path in ["/sessions/current", "/products"] {
            let anyone = shop.anyone();
            let answer = anyone.request("GET", path).header("Authorization", &header).send();
            let answer = answer.expect_problem(401, "unauthenticated");
            assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"), "{header}");
        }
    }
    let spelled = format!("bearer {token}");
    shop.anyone().request("GET", "/sessions/current").header("Authorization", &spelled).send().expect(200);
    shop.with_token("stale").post("/sessions", login(&username, CUSTOMER_PASSWORD)).expect(201);
}

#[test]
fn a_session_ends_when_it_is_idle_for_too_long() {
    let shop = Shop::open_with(&[("STOREKEEPER_SESSION_IDLE_HOURS", "1")]);
    let (used, idle) = (shop.guest(), shop.guest());
    for _ in 0..3 {
        shop.app.clock.advance(Duration::minutes(50));
        used.client.get("/sessions/current").expect(200);
    }
    idle.client.get("/sessions/current").expect_problem(401, "unauthenticated");
    shop.app.clock.advance(Duration::minutes(60));
    used.client.get("/sessions/current").expect_problem(401, "unauthenticated");
}

#[test]
fn a_session_ends_after_its_longest_time_however_much_it_is_used() {
    let settings = [("STOREKEEPER_SESSION_IDLE_HOURS", "2"), ("STOREKEEPER_SESSION_MAX_HOURS", "3")];
    let shop = Shop::open_with(&settings);
    let (customer, username) = shop.customer_with_account();
    let expires_at = customer.client.get("/sessions/current").expect(200).body["expires_at"].clone();
    for _ in 0..2 {
        shop.app.clock.advance(Duration::minutes(80));
        assert_eq!(customer.client.get("/sessions/current").expect(200).body["expires_at"], expires_at);
    }
    shop.app.clock.advance(Duration::minutes(20));
    customer.client.get("/sessions/current").expect_problem(401, "unauthenticated");
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

#[test]
fn nothing_tells_an_unknown_user_from_a_wrong_password() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    let what_is_told = |username: &str| {
        let mut answer =
            try_login(&shop, username, "not the password").expect_problem(401, "wrong_credentials");
        answer.body.as_object_mut().unwrap().remove("request_id");
        for varying in ["x-request-id", "date"] {
            answer.headers.remove(varying);
        }
        (answer.body, answer.headers)
    };
    let wrong_password = what_is_told(&username);
    for unknown in ["nobody", "", "no such name, and none that could be", "'; DROP TABLE accounts; --"] {
        assert_eq!(what_is_told(unknown), wrong_password, "{unknown}");
    }
}

fn cores() -> usize {
    available_parallelism().map_or(1, std::num::NonZero::get)
}

#[test]
fn a_login_that_finds_no_place_to_hash_is_put_off_and_not_counted_as_failed() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    let held: Vec<_> = (0..cores()).map(|_| shop.app.hasher.place_for_login(true).unwrap()).collect();
    for _ in 0..2 {
        let put_off = try_login(&shop, &username, CUSTOMER_PASSWORD).expect_problem(503, "busy");
        assert!(retry_after_s(&put_off) > 0);
    }
    assert_eq!(shop.sql().query_first::<u64, _>("SELECT COUNT(*) FROM login_failures").unwrap(), Some(0));
    drop(held);
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

#[test]
fn neither_guesses_nor_new_passwords_take_the_places_of_those_who_are_known() {
    let shop = Shop::open_with(&[("STOREKEEPER_CLIENT_ADDRESS_HEADER", "X-Real-IP")]);
    let (_, username) = shop.customer_with_account();
    let _guesses: Vec<_> = (0..cores()).map(|_| shop.app.hasher.place_for_login(false).unwrap()).collect();
    try_login_from(&shop, "198.51.100.7", &username, CUSTOMER_PASSWORD).expect_problem(503, "busy");
    shop.log_in(&username, CUSTOMER_PASSWORD);
    shop.customer_with_account();
}

#[test]
fn many_logins_at_once_are_let_in_or_put_off() {
    let shop = Shop::open();
    let usernames: Vec<String> = (0..4).map(|_| shop.customer_with_account().1).collect();
    let together = Barrier::new(24);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let tries: Vec<_> = (0..24)
            .map(|index| {
                let (shop, together, username) = (&shop, &together, &usernames[index % 4]);
                scope.spawn(move || {
                    together.wait();
                    let answer = try_login(shop, username, CUSTOMER_PASSWORD);
                    match answer.status {
                        201 => 201,
                        _ => answer.expect_problem(503, "busy").header("Retry-After").map_or(0, |_| 503),
                    }
                })
            })
            .collect();
        tries.into_iter().map(|login| login.join().unwrap()).collect()
    });
    assert!(statuses.contains(&201), "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 503].contains(status)), "{statuses:?}");
    shop.log_in(&usernames[0], CUSTOMER_PASSWORD);
}

/// Stores what an installation with weaker parameters would have stored, and answers it.
fn weaken_the_hash(shop: &Shop, username: &str) -> String {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let weak = argon2.hash_password_with_salt(CUSTOMER_PASSWORD.as_bytes(), b"sixteen bytes ok").unwrap();
    let sql = "UPDATE accounts SET password_hash = ? WHERE username = ?";
    shop.sql().exec_drop(sql, (weak.to_string(), username)).unwrap();
    weak.to_string()
}

fn stored_hash(shop: &Shop, username: &str) -> String {
    let sql = "SELECT password_hash FROM accounts WHERE username = ?";
    shop.sql().exec_first(sql, (username,)).unwrap().expect("an account")
}

#[test]
fn logging_in_renews_a_hash_that_is_weaker_than_todays() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    let weak = weaken_the_hash(&shop, &username);
    try_login(&shop, &username, "not the password").expect_problem(401, "wrong_credentials");
    assert_eq!(stored_hash(&shop, &username), weak);
    shop.log_in(&username, CUSTOMER_PASSWORD);
    let renewed = stored_hash(&shop, &username);
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    shop.log_in(&username, CUSTOMER_PASSWORD);
    assert_eq!(stored_hash(&shop, &username), renewed);
}

#[test]
fn two_logins_that_renew_the_same_hash_both_succeed() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    for _ in 0..5 {
        weaken_the_hash(&shop, &username);
        let together = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    together.wait();
                    let answer = try_login(&shop, &username, CUSTOMER_PASSWORD);
                    assert!([201, 503].contains(&answer.status), "{}", answer.text);
                });
            }
        });
    }
}

#[test]
fn no_answer_tells_a_password_a_hash_or_a_token_again() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (customer, username) = shop.customer_with_account();
    let opened = try_login(&shop, &username, CUSTOMER_PASSWORD).expect(201);
    let token = opened.body["token"].as_str().unwrap();
    assert_eq!(opened.text.matches(token).count(), 1);
    assert!(opened.headers.values().all(|value| !value.contains(token)));

    let account = &opened.body["account_id"];
    let paths = [
        "/sessions/current".to_owned(),
        format!("/customers/{}", customer.id),
        format!("/customer_accounts/{account}"),
        "/customers".to_owned(),
        "/customer_accounts".to_owned(),
        "/orders".to_owned(),
        format!("/customers/{token}"),
        format!("/customers?q={token}"),
    ];
    let logged_in = shop.with_token(token);
    let mut answers: Vec<Answer> = Vec::new();
    for client in [&logged_in, &staff] {
        answers.extend(paths.iter().map(|path| client.get(path)));
    }
    let changed = json!({"username": "renamed", "password": "another secret to keep"});
    let mut with_old = changed.clone();
    with_old["current_password"] = json!(CUSTOMER_PASSWORD);
    answers.push(logged_in.put(&format!("/customer_accounts/{account}"), with_old).expect(200));
    answers.push(logged_in.get("/sessions"));
    answers.push(logged_in.post("/customer_accounts", changed));
    answers.push(try_login(&shop, "renamed", CUSTOMER_PASSWORD));
    answers.push(
        logged_in.patch(&format!("/customers/{}", customer.id), json!({"password": CUSTOMER_PASSWORD})),
    );
    for answer in answers {
        let all = format!("{:?} {}", answer.headers, answer.text);
        for secret in
            [token, staff.token(), CUSTOMER_PASSWORD, STAFF_PASSWORD, "another secret", "argon2", "sha256"]
        {
            assert!(!all.contains(secret), "{} tells {secret}: {all}", answer.request);
        }
    }
}

fn own_sessions(client: &Client) -> Vec<Value> {
    client.get("/sessions").expect(200).body["data"].as_array().unwrap().clone()
}

#[test]
fn everybody_lists_and_ends_their_own_sessions() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let (stranger, staff) = (shop.guest(), shop.staff());
    let second = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    let id_of = |client: &Client| client.get("/sessions/current").expect(200).id();
    let ids = [id_of(&customer.client), id_of(&second)];
    for (asking, own) in [(&customer.client, 0), (&second, 1)] {
        let sessions = own_sessions(asking);
        assert_eq!([&sessions[0]["id"], &sessions[1]["id"]], [ids[0], ids[1]]);
        assert_eq!(sessions.len(), 2);
        assert_eq!([&sessions[own]["current"], &sessions[1 - own]["current"]], [true, false]);
    }
    let of_second = format!("/sessions/{}", ids[1]);
    for other in [&stranger.client, &staff] {
        assert_eq!(own_sessions(other).len(), 1);
        other.get(&of_second).expect_problem(404, "not_found");
        other.delete(&of_second).expect_problem(404, "not_found");
    }
    assert_eq!(customer.client.get(&of_second).expect(200).body["current"], false);
    customer.client.delete(&of_second).expect(204);
    second.get("/sessions").expect_problem(401, "unauthenticated");
    customer.client.delete(&of_second).expect_problem(404, "not_found");
    // One may end the one that asks, too.
    customer.client.delete(&format!("/sessions/{}", ids[0])).expect(204);
    customer.client.get("/sessions/current").expect_problem(401, "unauthenticated");
    shop.anyone().get("/sessions").expect_problem(401, "unauthenticated");
}

#[test]
fn the_list_of_sessions_goes_by_pages_and_shows_none_that_has_ended() {
    let shop =
        Shop::open_with(&[("STOREKEEPER_SESSION_IDLE_HOURS", "2"), ("STOREKEEPER_SESSION_MAX_HOURS", "3")]);
    let (customer, username) = shop.customer_with_account();
    shop.log_in(&username, CUSTOMER_PASSWORD);
    let first = customer.client.get("/sessions?limit=1").expect(200);
    let next = format!("/sessions?after={}", first.body["next"].as_str().expect("a cursor"));
    assert_eq!(customer.client.get(&next).expect(200).body["data"].as_array().unwrap().len(), 1);
    shop.app.clock.advance(Duration::minutes(100));
    customer.client.get("/sessions/current").expect(200);
    shop.app.clock.advance(Duration::minutes(30));
    // The other one has not been used for too long.
    let left = own_sessions(&customer.client);
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));
}

#[test]
fn staff_sessions_are_shorter_than_those_of_customers() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_STAFF_SESSION_IDLE_HOURS", "2"),
        ("STOREKEEPER_STAFF_SESSION_MAX_HOURS", "3"),
    ]);
    let (used, idle, customer) = (shop.staff(), shop.staff(), shop.guest());
    for _ in 0..2 {
        shop.app.clock.advance(Duration::minutes(70));
        used.get("/sessions/current").expect(200);
    }
    idle.get("/sessions/current").expect_problem(401, "unauthenticated");
    shop.app.clock.advance(Duration::minutes(40));
    used.get("/sessions/current").expect_problem(401, "unauthenticated");
    customer.client.get("/sessions/current").expect(200);

    let count = || -> u64 { shop.sql().query_first("SELECT COUNT(*) FROM sessions").unwrap().unwrap() };
    assert_eq!(count(), 3);
    assert_eq!(storekeeper::handlers::sessions::prune(&shop.app).unwrap(), 2);
    assert_eq!(count(), 1);
}

#[test]
fn staff_change_their_own_password_with_the_old_one() {
    let shop = Shop::open();
    let (changing, other) = (shop.clerk(), shop.clerk());
    let new = "quite another password of staff";
    let path = "/staff/current";
    changing.patch(path, json!({"password": new})).expect_bad_fields(&[("current_password", "required")]);
    let wrong = json!({"password": new, "current_password": "a guess"});
    changing.patch(path, wrong).expect_bad_fields(&[("current_password", "wrong_password")]);
    let bad = json!({"rank": "manager", "current_password": STAFF_PASSWORD});
    let named =
        [("password", "required"), ("current_password", "without_password"), ("rank", "unknown_field")];
    changing.patch(path, bad).expect_bad_fields(&named);
    let role = json!({"role": "manager", "password": new, "current_password": STAFF_PASSWORD});
    changing.patch(path, role).expect_bad_fields(&[("role", "read_only")]);
    other.get("/orders").expect(200);
    let changed =
        changing.patch(path, json!({"password": new, "current_password": STAFF_PASSWORD})).expect(200);
    assert_eq!((&changed.body["username"], &changed.body["role"]), (&json!("clerk"), &json!("clerk")));
    other.get("/orders").expect_problem(401, "unauthenticated");
    changing.get("/orders").expect(200);
    shop.log_in("clerk", new);

    // A manager is asked too, for their own.
    let manager = shop.staff();
    let own = format!("/staff/{}", manager.get("/sessions/current").expect(200).body["account_id"]);
    manager.patch(&own, json!({"password": new})).expect_bad_fields(&[("current_password", "required")]);
    manager.patch(&own, json!({"password": new, "current_password": STAFF_PASSWORD})).expect(200);
    shop.guest().client.patch(path, json!({"password": new})).expect_problem(403, "forbidden");
}

#[test]
fn logging_in_again_and_again_ends_the_sessions_that_were_used_longest_ago() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let (other, _) = shop.customer_with_account();
    let manager = shop.staff();
    // Staff and customers alike. The first session of each was used last.
    for (first, name, password) in
        [(&customer.client, username.as_str(), CUSTOMER_PASSWORD), (&manager, "staff", STAFF_PASSWORD)]
    {
        let counted =
            "SELECT COUNT(*) FROM sessions s JOIN sessions own ON own.token_sha256 = UNHEX(SHA2(?, 256))
             WHERE s.account_id = own.account_id";
        let count = || -> u64 { shop.sql().exec_first(counted, (first.token(),)).unwrap().unwrap() };
        let filling = format!("INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
             SELECT UNHEX(SHA2(CONCAT(?, ?, seq), 256)), own.customer_id, own.account_id, own.created_at,
                    own.last_used_at - INTERVAL seq SECOND, own.expires_at
             FROM {} n JOIN sessions own ON own.token_sha256 = UNHEX(SHA2(?, 256))", numbers(150));
        shop.sql().exec_drop(filling, ("old-", name, first.token())).unwrap();
        let of_old = |number: u32| shop.with_token(&format!("old-{name}{number}"));
        of_old(150).get("/sessions/current").expect(200);
        assert_eq!(count(), 151);
        let newest = shop.with_token(&shop.log_in(name, password));
        // The first one, the one that was looked at, and those that were used last.
        for number in [150, 97] {
            of_old(number).get("/sessions/current").expect(200);
        }
        of_old(98).get("/sessions/current").expect_problem(401, "unauthenticated");
        assert_eq!(count(), 100);
        shop.log_in(name, password);
        assert_eq!(count(), 100);
        for alive in [first, &newest] {
            alive.get("/sessions/current").expect(200);
        }
    }
    other.client.get("/sessions/current").expect(200);
}

#[test]
fn sessions_that_a_clock_far_ahead_has_opened_take_nobodys_place() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let filling = format!("INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
         SELECT UNHEX(SHA2(CONCAT('ahead-', seq), 256)), customer_id, account_id, created_at + INTERVAL 1 YEAR,
                last_used_at + INTERVAL 1 YEAR, expires_at + INTERVAL 1 YEAR
         FROM {} n JOIN sessions WHERE customer_id = ?", numbers(100));
    shop.sql().exec_drop(filling, (customer.id,)).unwrap();
    let alive = [shop.log_in(&username, CUSTOMER_PASSWORD), shop.log_in(&username, CUSTOMER_PASSWORD)];
    for token in alive.iter().map(String::as_str).chain([customer.client.token()]) {
        shop.with_token(token).get("/sessions/current").expect(200);
    }
}
