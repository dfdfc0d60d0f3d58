//! `storekeeper add-staff`: the only way to a staff account.

use mysql::prelude::Queryable;

use crate::harness::{Shop, shared_mariadb};
use crate::program::run_with_input;

const PASSWORD: &str = "a kettle of fish, twice";
const OTHER_PASSWORD: &str = "nine owls in one barn";

fn shop_and_url() -> (Shop, String) {
    let shop = Shop::open_on(shared_mariadb(), &shared_mariadb().fresh_database(), &[]);
    let url = shop.database_url.clone();
    (shop, url)
}

#[test]
fn a_staff_account_is_made_from_standard_input_and_logs_in() {
    let (shop, url) = shop_and_url();
    // Without a line feed, with one, and with one from elsewhere.
    for (name, end) in [("anna", ""), ("bert", "\n"), ("carl", "\r\n")] {
        let out = run_with_input(&url, &["add-staff", name], &format!("{PASSWORD}{end}")).expect_success();
        assert!(out.contains(name) && !out.contains(PASSWORD), "{out}");
        let staff = shop.with_token(&shop.log_in(name, PASSWORD));
        assert_eq!(staff.get("/sessions/current").expect(200).body["caller"], "staff");
    }
    let stored: Vec<String> = shop.sql().query("SELECT password_hash FROM accounts").unwrap();
    assert!(stored.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")), "{stored:?}");
}

#[test]
fn a_password_that_is_easy_to_guess_is_refused() {
    let (shop, url) = shop_and_url();
    for (password, why) in [
        ("", "15 to 256 characters"),
        ("fourteen chars", "15 to 256 characters"),
        (&"x".repeat(257), "15 to 256 characters"),
        ("administrator123", "tried first"),
        ("ANNA@the-shop.example", "must not be the username"),
    ] {
        let added = run_with_input(&url, &["add-staff", "anna@the-shop.example"], password);
        let refused = added.expect_refusal();
        assert!(refused.contains(why), "{refused}");
        assert!(password.is_empty() || !refused.contains(password), "{refused}");
    }
    assert_eq!(super::count(&mut shop.sql(), "accounts"), 0);
}

#[test]
fn a_username_that_cannot_be_one_or_is_taken_is_refused() {
    let (shop, url) = shop_and_url();
    let refused = |arguments: &[&str]| run_with_input(&url, arguments, PASSWORD).expect_refusal();
    for odd in ["ab", "two words", "anna\u{e9}", &"x".repeat(65)] {
        assert!(refused(&["add-staff", odd]).contains("username"));
    }
    run_with_input(&url, &["add-staff", "anna"], PASSWORD).expect_success();
    for taken in ["anna", "ANNA"] {
        assert!(refused(&["add-staff", taken]).contains("taken"));
    }
    let (_, customers) = shop.customer_with_account();
    assert!(refused(&["add-staff", &customers]).contains("taken"));
    // The first password is still the one that logs in.
    shop.log_in("anna", PASSWORD);
}

#[test]
fn a_reset_changes_the_password_and_ends_the_sessions() {
    let (shop, url) = shop_and_url();
    run_with_input(&url, &["add-staff", "anna"], PASSWORD).expect_success();
    run_with_input(&url, &["add-staff", "bert"], PASSWORD).expect_success();
    let anna = shop.with_token(&shop.log_in("anna", PASSWORD));
    let bert = shop.with_token(&shop.log_in("bert", PASSWORD));
    run_with_input(&url, &["add-staff", "--reset", "Anna"], OTHER_PASSWORD).expect_success();

    anna.get("/sessions/current").expect_problem(401, "unauthenticated");
    bert.get("/sessions/current").expect(200);
    let old = serde_json::json!({"username": "anna", "password": PASSWORD});
    shop.anyone().post("/sessions", old).expect_problem(401, "wrong_credentials");
    shop.log_in("anna", OTHER_PASSWORD);
}

#[test]
fn a_reset_touches_no_customer_and_nobody_unknown() {
    let (shop, url) = shop_and_url();
    let (customer, username) = shop.customer_with_account();
    for name in [username.as_str(), "nobody"] {
        let refused = run_with_input(&url, &["add-staff", "--reset", name], PASSWORD).expect_refusal();
        assert!(refused.contains("no staff account"), "{refused}");
    }
    customer.client.get("/sessions/current").expect(200);
    shop.log_in(&username, crate::fixtures::CUSTOMER_PASSWORD);
}

#[test]
fn a_role_is_given_at_the_start_and_with_a_reset() {
    let (shop, url) = shop_and_url();
    let role = |name: &str, password: &str| {
        let staff = shop.with_token(&shop.log_in(name, password));
        staff.get("/sessions/current").expect(200).body["role"].as_str().unwrap().to_owned()
    };
    run_with_input(&url, &["add-staff", "anna"], PASSWORD).expect_success();
    run_with_input(&url, &["add-staff", "--role", "clerk", "bert"], PASSWORD).expect_success();
    run_with_input(&url, &["add-staff", "carl", "--role=manager"], PASSWORD).expect_success();
    assert_eq!(
        [role("anna", PASSWORD), role("bert", PASSWORD), role("carl", PASSWORD)],
        ["manager", "clerk", "manager"]
    );

    run_with_input(&url, &["add-staff", "--reset", "bert"], OTHER_PASSWORD).expect_success();
    assert_eq!(role("bert", OTHER_PASSWORD), "clerk");
    run_with_input(&url, &["add-staff", "--reset", "--role", "manager", "bert"], PASSWORD).expect_success();
    run_with_input(&url, &["add-staff", "--reset", "--role", "clerk", "carl"], PASSWORD).expect_success();
    assert_eq!([role("bert", PASSWORD), role("carl", PASSWORD)], ["manager", "clerk"]);
    let refused = run_with_input(&url, &["add-staff", "--role", "owner", "dora"], PASSWORD).expect_refusal();
    assert!(refused.contains("manager, clerk"), "{refused}");
}

#[test]
fn a_reset_lets_a_disabled_account_in_and_never_takes_the_last_manager() {
    let (shop, url) = shop_and_url();
    run_with_input(&url, &["add-staff", "anna"], PASSWORD).expect_success();
    run_with_input(&url, &["add-staff", "bert"], PASSWORD).expect_success();
    let anna = shop.with_token(&shop.log_in("anna", PASSWORD));
    let bert = shop.with_token(&shop.log_in("bert", PASSWORD)).get("/sessions/current").expect(200);
    let path = format!("/staff/{}", bert.body["account_id"]);
    anna.patch(&path, serde_json::json!({"disabled": true})).expect(200);
    let last = run_with_input(&url, &["add-staff", "--reset", "--role", "clerk", "anna"], OTHER_PASSWORD);
    let refused = last.expect_refusal();
    assert!(refused.contains("somebody else a manager first"), "{refused}");
    anna.get("/staff").expect(200);
    run_with_input(&url, &["add-staff", "--reset", "bert"], OTHER_PASSWORD).expect_success();
    shop.log_in("bert", OTHER_PASSWORD);
}
