//! Customer accounts: who may have one, what it is called, and what a new password ends.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, Guest};
use crate::harness::{STAFF_PASSWORD, Shop};

const NEW_PASSWORD: &str = "quite another password";

fn credentials(username: &str) -> Value {
    json!({"username": username, "password": CUSTOMER_PASSWORD})
}

fn path_of(id: &Value) -> String {
    format!("/customer_accounts/{id}")
}

/// The path of the account of a customer who has one.
fn account_of(customer: &Guest) -> String {
    let read = customer.client.get(&format!("/customers/{}", customer.id)).expect(200);
    path_of(&read.body["account_id"])
}

fn try_login(shop: &Shop, username: &str, password: &str) -> Answer {
    shop.anyone().post("/sessions", json!({"username": username, "password": password}))
}

fn usernames_found(staff: &Client, query: &str) -> Vec<String> {
    let answer = staff.get(&format!("/customer_accounts?{query}")).expect(200);
    let accounts = answer.body["data"].as_array().unwrap().iter();
    accounts.map(|account| account["username"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_guest_adds_an_account_later_and_logs_in_with_it() {
    let shop = Shop::open();
    let guest = shop.guest();
    let created = guest.client.post("/customer_accounts", credentials("Ada.L")).expect(201);
    let path = path_of(&created.body["id"]);
    assert_eq!(created.header("Location"), Some(path.as_str()));
    assert_eq!(created.body["username"], "Ada.L");
    assert_eq!(created.body["customer_id"], guest.id);
    assert_eq!(
        created.body["customer"],
        guest.client.get(&format!("/customers/{}", guest.id)).expect(200).body
    );
    assert_eq!(created.body["customer"]["account_id"], created.body["id"]);
    assert_eq!(guest.client.get(&path).expect(200).text, created.text);

    let logged_in = shop.with_token(&shop.log_in("Ada.L", CUSTOMER_PASSWORD));
    assert_eq!(logged_in.get(&path).expect(200).text, created.text);
    assert_eq!(logged_in.get("/sessions/current").expect(200).body["customer_id"], guest.id);
}

#[test]
fn nobody_but_staff_attaches_an_account_to_another_customer() {
    let shop = Shop::open();
    let (guest, stranger, staff) = (shop.guest(), shop.guest(), shop.staff());
    let of = |customer_id: u64| {
        let mut body = credentials("ada");
        body["customer_id"] = json!(customer_id);
        body
    };
    shop.anyone().post("/customer_accounts", of(guest.id)).expect_problem(401, "unauthenticated");
    stranger.client.post("/customer_accounts", of(guest.id)).expect_problem(404, "not_found");
    stranger.client.post("/customer_accounts", of(999_999)).expect_problem(404, "not_found");
    staff.post("/customer_accounts", of(999_999)).expect_problem(404, "not_found");
    staff.post("/customer_accounts", credentials("ada")).expect_bad_fields(&[("customer_id", "required")]);
    assert_eq!(
        guest.client.get(&format!("/customers/{}", guest.id)).expect(200).body["account_id"],
        Value::Null
    );

    assert_eq!(staff.post("/customer_accounts", of(guest.id)).expect(201).body["customer_id"], guest.id);
    let mut own = credentials("eve");
    own["customer_id"] = json!(stranger.id);
    stranger.client.post("/customer_accounts", own).expect(201);
}

#[test]
fn a_customer_has_one_account_at_most() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    customer.client.post("/customer_accounts", credentials("second")).expect_problem(409, "account_exists");
    assert_eq!(usernames_found(&shop.staff(), ""), [username]);
}

#[test]
fn usernames_are_unique_whatever_their_case_and_read_back_as_written() {
    let shop = Shop::open();
    let (first, second, staff) = (shop.guest(), shop.guest(), shop.staff());
    first.client.post("/customer_accounts", credentials("Ada")).expect(201);
    shop.add_staff("rosa", Role::Clerk);
    for taken in ["Ada", "ada", "ADA", "Rosa"] {
        let refused = second.client.post("/customer_accounts", credentials(taken));
        let refused = refused.expect_problem(409, "username_taken");
        assert_eq!(refused.body["errors"][0]["field"], "username");
    }
    assert_eq!(usernames_found(&staff, ""), ["Ada"]);
    shop.log_in("aDa", CUSTOMER_PASSWORD);

    let account = second.client.post("/customer_accounts", credentials("grace")).expect(201);
    let path = path_of(&account.body["id"]);
    second.client.patch(&path, json!({"username": "ADA"})).expect_problem(409, "username_taken");
    assert_eq!(second.client.get(&path).expect(200).text, account.text);
    second.client.patch(&path, json!({"username": "GRACE"})).expect(200);
    assert_eq!(second.client.get(&path).expect(200).body["username"], "GRACE");
}

#[test]
fn every_bad_field_of_an_account_is_named() {
    let shop = Shop::open();
    let guest = shop.guest();
    let refused = |body: Value, bad: &[(&str, &str)]| {
        guest.client.post("/customer_accounts", body).expect_bad_fields(bad);
    };
    refused(json!({}), &[("username", "required"), ("password", "required")]);
    refused(
        json!({"username": null, "password": null}),
        &[("username", "required"), ("password", "required")],
    );
    refused(
        json!({"username": 12345, "password": 12345678}),
        &[("username", "wrong_type"), ("password", "wrong_type")],
    );
    let (short, long) = ("ab".to_owned(), "a".repeat(65));
    for username in ["", " ada", "ada lovelace", "josé", "ada\n", short.as_str(), long.as_str()] {
        refused(credentials(username), &[("username", "invalid_username")]);
    }
    let too_long = "é".repeat(257);
    for (password, code) in [
        ("", "invalid_password_length"),
        ("7 chars", "invalid_password_length"),
        (too_long.as_str(), "invalid_password_length"),
        ("Password1", "common_password"),
        ("1234567890", "common_password"),
        ("ADA.LOVELACE", "password_is_username"),
    ] {
        refused(json!({"username": "ada.lovelace", "password": password}), &[("password", code)]);
    }
    let body =
        json!({"username": "a", "password": "short", "customer_id": "one", "email": "ada@example.com"});
    let named = [
        ("username", "invalid_username"),
        ("password", "invalid_password_length"),
        ("customer_id", "invalid_number"),
        ("email", "unknown_field"),
    ];
    refused(body, &named);
    let mut zero = credentials("ada");
    zero["customer_id"] = json!(0);
    refused(zero, &[("customer_id", "invalid_number")]);
    assert_eq!(usernames_found(&shop.staff(), ""), [""; 0]);
}

#[test]
fn a_password_may_hold_any_characters() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    let mut current = CUSTOMER_PASSWORD.to_owned();
    for password in ["8 chars.", " \t\n  \u{0}\u{1f511} ", &"é".repeat(256)] {
        customer.client.patch(&path, json!({"password": password, "current_password": current})).expect(200);
        current = password.to_owned();
        shop.log_in(&username, password);
        let trimmed = password.trim();
        if trimmed != password {
            try_login(&shop, &username, trimmed).expect_problem(401, "wrong_credentials");
        }
    }
}

#[test]
fn accounts_are_seen_and_changed_by_their_customer_and_staff_only() {
    let shop = Shop::open();
    let ((customer, username), stranger, staff) = (shop.customer_with_account(), shop.guest(), shop.staff());
    let path = account_of(&customer);
    let of_staff = path_of(&staff.get("/sessions/current").expect(200).body["account_id"]);
    let tries = [
        ("GET", Value::Null),
        ("PUT", json!({"username": "eve"})),
        ("PATCH", json!({"username": "eve"})),
        ("DELETE", Value::Null),
    ];
    for (method, body) in tries {
        let call = |client: &Client, path: &str| client.call(method, path, &body);
        call(&shop.anyone(), &path).expect_problem(401, "unauthenticated");
        call(&stranger.client, &path).expect_problem(404, "not_found");
        call(&stranger.client, &of_staff).expect_problem(404, "not_found");
        call(&staff, &of_staff).expect_problem(404, "not_found");
        call(&staff, "/customer_accounts/999999").expect_problem(404, "not_found");
    }
    let seen = customer.client.get(&path).expect(200);
    assert_eq!(seen.body["username"], username);
    assert_eq!(staff.get(&path).expect(200).text, seen.text);
    shop.log_in("staff", STAFF_PASSWORD);
}

#[test]
fn staff_list_and_search_customer_accounts() {
    let shop = Shop::open();
    let staff = shop.staff();
    let make = |username: &str| {
        let guest = shop.guest();
        guest.client.post("/customer_accounts", credentials(username)).expect(201);
        guest.id
    };
    let (ada, _, _) = (make("Ada"), make("grace_hopper"), make("joan.clarke"));
    assert_eq!(usernames_found(&staff, ""), ["Ada", "grace_hopper", "joan.clarke"]);
    assert_eq!(usernames_found(&staff, "q=HOPPER"), ["grace_hopper"]);
    assert_eq!(usernames_found(&staff, "q=_"), ["grace_hopper"]);
    assert_eq!(usernames_found(&staff, "q=%25"), [""; 0]);
    assert_eq!(usernames_found(&staff, "q=staff"), [""; 0]);
    assert_eq!(usernames_found(&staff, &format!("customer_id={ada}")), ["Ada"]);
    assert_eq!(usernames_found(&staff, &format!("customer_id={ada}&q=joan")), [""; 0]);

    let bad = "/customer_accounts?q=&customer_id=x&role=staff";
    let named = [("customer_id", "invalid_number"), ("role", "unknown_field")];
    staff.get(bad).expect_bad_fields(&named);
    shop.guest().client.get("/customer_accounts").expect_problem(403, "forbidden");
    shop.anyone().get("/customer_accounts").expect_problem(401, "unauthenticated");
}

#[test]
fn put_needs_a_username_and_patch_takes_either_but_not_null() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    let before = customer.client.get(&path).expect(200);
    customer
        .client
        .put(&path, json!({"password": NEW_PASSWORD, "current_password": CUSTOMER_PASSWORD}))
        .expect_bad_fields(&[("username", "required")]);
    let nulls = [("username", "required"), ("password", "required")];
    customer.client.patch(&path, json!({"username": null, "password": null})).expect_bad_fields(&nulls);
    let bad = json!({"username": "a", "password": "short", "current_password": "", "staff": 1});
    let named = [
        ("username", "invalid_username"),
        ("password", "invalid_password_length"),
        ("staff", "unknown_field"),
    ];
    customer.client.patch(&path, bad.clone()).expect_bad_fields(&named);
    customer.client.put(&path, bad).expect_bad_fields(&named);
    assert_eq!(customer.client.get(&path).expect(200).text, before.text);

    customer.client.patch(&path, json!({"username": "grace.h"})).expect(200);
    try_login(&shop, &username, CUSTOMER_PASSWORD).expect_problem(401, "wrong_credentials");
    shop.log_in("grace.h", CUSTOMER_PASSWORD);
    // The password is never shown, so what was read and is written back keeps it.
    customer.client.put(&path, json!({"username": "grace.hopper"})).expect(200);
    shop.log_in("grace.hopper", CUSTOMER_PASSWORD);
    customer.client.put(&path, json!({"username": "grace.h", "password": null})).expect(200);
    let both = json!({"username": "grace", "password": NEW_PASSWORD, "current_password": CUSTOMER_PASSWORD});
    customer.client.put(&path, both).expect(200);
    assert_eq!(customer.client.get(&path).expect(200).body["username"], "grace");
    try_login(&shop, "grace", CUSTOMER_PASSWORD).expect_problem(401, "wrong_credentials");
    shop.log_in("grace", NEW_PASSWORD);
}

#[test]
fn a_new_password_is_not_the_username_that_the_account_has_or_gets() {
    let shop = Shop::open();
    let customer = shop.guest();
    let account = customer.client.post("/customer_accounts", credentials("ada.lovelace")).expect(201);
    let path = path_of(&account.body["id"]);
    let refused = [("password", "password_is_username")];
    let own = json!({"password": "Ada.Lovelace", "current_password": CUSTOMER_PASSWORD});
    customer.client.patch(&path, own).expect_bad_fields(&refused);
    let both = json!({"username": "countess", "password": "COUNTESS", "current_password": CUSTOMER_PASSWORD});
    customer.client.patch(&path, both.clone()).expect_bad_fields(&refused);
    customer.client.put(&path, both).expect_bad_fields(&refused);
    shop.log_in("ada.lovelace", CUSTOMER_PASSWORD);
}

#[test]
fn a_changed_password_ends_all_sessions_but_the_one_that_changed_it() {
    let shop = Shop::open();
    let (signed_up, username) = shop.customer_with_account();
    let bystander = shop.guest();
    let path = account_of(&signed_up);
    let changing = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    let other = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    changing.patch(&path, json!({"username": "renamed"})).expect(200);
    other.get(&path).expect(200);

    changing
        .patch(&path, json!({"password": NEW_PASSWORD, "current_password": CUSTOMER_PASSWORD}))
        .expect(200);
    changing.get(&path).expect(200);
    for ended in [&signed_up.client, &other] {
        ended.get(&path).expect_problem(401, "unauthenticated");
    }
    bystander.client.get("/sessions/current").expect(200);
    try_login(&shop, "renamed", CUSTOMER_PASSWORD).expect_problem(401, "wrong_credentials");

    let again = shop.with_token(&shop.log_in("renamed", NEW_PASSWORD));
    let staff = shop.staff();
    staff.patch(&path, json!({"password": CUSTOMER_PASSWORD})).expect(200);
    for ended in [&changing, &again] {
        ended.get(&path).expect_problem(401, "unauthenticated");
    }
    staff.get(&path).expect(200);
}

#[test]
fn a_refused_change_of_the_password_ends_no_session() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    let other = shop.with_token(&shop.log_in(&username, CUSTOMER_PASSWORD));
    shop.add_staff("rosa", Role::Clerk);
    let taken = json!({"username": "rosa", "password": NEW_PASSWORD, "current_password": CUSTOMER_PASSWORD});
    customer.client.patch(&path, taken).expect_problem(409, "username_taken");
    other.get(&path).expect(200);
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

#[test]
fn deleting_an_account_ends_its_sessions_and_keeps_the_customer() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    customer.client.delete(&path).expect(204);
    customer.client.get("/sessions/current").expect_problem(401, "unauthenticated");
    try_login(&shop, &username, CUSTOMER_PASSWORD).expect_problem(401, "wrong_credentials");
    staff.get(&path).expect_problem(404, "not_found");
    let kept = staff.get(&format!("/customers/{}", customer.id)).expect(200);
    assert_eq!(kept.body["account_id"], Value::Null);

    let mut again = credentials(&username);
    again["customer_id"] = json!(customer.id);
    staff.post("/customer_accounts", again).expect(201);
    shop.log_in(&username, CUSTOMER_PASSWORD);
}

#[test]
fn a_guests_session_of_before_the_account_does_not_outlive_it() {
    let shop = Shop::open();
    let (guest, bystander) = (shop.guest(), shop.guest());
    let account = guest.client.post("/customer_accounts", credentials("ada")).expect(201);
    let logged_in = shop.with_token(&shop.log_in("ada", CUSTOMER_PASSWORD));
    logged_in.delete(&path_of(&account.body["id"])).expect(204);
    for ended in [&guest.client, &logged_in] {
        ended.get("/sessions/current").expect_problem(401, "unauthenticated");
    }
    bystander.client.get("/sessions/current").expect(200);
}

#[test]
fn whoever_changes_a_password_gives_the_old_one_unless_it_is_a_manager() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let (clerk, manager) = (shop.clerk(), shop.staff());
    let path = account_of(&customer);
    let with = |current: Value| json!({"password": NEW_PASSWORD, "current_password": current});
    for client in [&customer.client, &clerk] {
        let required = [("current_password", "required")];
        client.patch(&path, json!({"password": NEW_PASSWORD})).expect_bad_fields(&required);
        let put = json!({"username": username, "password": NEW_PASSWORD});
        client.put(&path, put).expect_bad_fields(&required);
        client.patch(&path, with(Value::Null)).expect_bad_fields(&required);
        client
            .patch(&path, with(json!("not it")))
            .expect_bad_fields(&[("current_password", "wrong_password")]);
        client.patch(&path, with(json!(17))).expect_bad_fields(&[("current_password", "wrong_type")]);
        let alone = json!({"username": username, "current_password": CUSTOMER_PASSWORD});
        client.patch(&path, alone).expect_bad_fields(&[("current_password", "without_password")]);
    }
    shop.log_in(&username, CUSTOMER_PASSWORD);
    manager.patch(&path, json!({"password": NEW_PASSWORD})).expect(200);
    shop.log_in(&username, NEW_PASSWORD);
}

#[test]
fn a_wrong_old_password_is_counted_like_a_failed_login() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    let guess = json!({"password": NEW_PASSWORD, "current_password": "a guess"});
    for _ in 0..5 {
        customer
            .client
            .patch(&path, guess.clone())
            .expect_bad_fields(&[("current_password", "wrong_password")]);
        try_login(&shop, &username, "a guess").expect_problem(401, "wrong_credentials");
    }
    let refused = customer.client.patch(&path, guess).expect_problem(429, "too_many_attempts");
    assert!(refused.header("Retry-After").is_some());
    try_login(&shop, &username, CUSTOMER_PASSWORD).expect_problem(429, "too_many_attempts");
    customer.client.get(&path).expect(200);
}

#[test]
fn of_two_changes_that_prove_the_same_old_password_one_wins() {
    let shop = Shop::open();
    let (customer, username) = shop.customer_with_account();
    let path = account_of(&customer);
    let mut current = CUSTOMER_PASSWORD.to_owned();
    for round in 0..5 {
        let passwords = [format!("the first password {round}"), format!("the second password {round}")];
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let tries: Vec<_> = passwords
                .iter()
                .map(|password| {
                    let body = json!({"password": password, "current_password": current});
                    let client = shop.with_token(customer.client.token());
                    let path = &path;
                    scope.spawn(move || client.patch(path, body).status)
                })
                .collect();
            tries.into_iter().map(|request| request.join().unwrap()).collect()
        });
        let winners: Vec<&String> = passwords
            .iter()
            .zip(&statuses)
            .filter(|(_, status)| **status == 200)
            .map(|(one, _)| one)
            .collect();
        // One at a time is hashed for each core; who found none free was put off.
        assert!(statuses.iter().all(|status| [200, 422, 503].contains(status)), "{statuses:?}");
        assert!(winners.len() <= 1, "{statuses:?}");
        if let Some(winner) = winners.first() {
            current = winner.to_string();
        }
        shop.log_in(&username, &current);
    }
}

#[test]
fn passwords_are_stored_as_argon2id_with_the_parameters_promised() {
    let shop = Shop::open();
    let (_, _) = (shop.customer_with_account(), shop.customer_with_account());
    let hashes: Vec<String> = shop.sql().query("SELECT password_hash FROM accounts").unwrap();
    assert!(hashes.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{hashes:?}");
    assert_ne!(hashes[0], hashes[1], "the same password under two salts");
}
