//! What a sign-up is refused for, and that it costs no hash.

use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use crate::fixtures::{CUSTOMER_PASSWORD, Guest};
use crate::harness::Shop;

fn sign_up(username: &str) -> Value {
    let account = credentials(username);
    json!({"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456", "account": account})
}

fn credentials(username: &str) -> Value {
    json!({"username": username, "password": CUSTOMER_PASSWORD})
}

fn account_of(customer: &Guest) -> String {
    let session = customer.client.get("/sessions/current").expect(200);
    format!("/customer_accounts/{}", session.body["account_id"])
}

#[test]
fn names_that_pass_for_the_shop_are_for_staff_only() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let (customer, _) = shop.customer_with_account();
    let path = account_of(&customer);
    for name in ["admin", "Support", "MANAGER", "staff", "r00t", "store.keeper", "5taff"] {
        let refused = shop.anyone().post("/customers", sign_up(name));
        refused.expect_bad_fields(&[("account.username", "reserved")]);
        staff.post("/customers", sign_up(name)).expect_bad_fields(&[("account.username", "reserved")]);
        let refused = guest.client.post("/customer_accounts", credentials(name));
        refused.expect_bad_fields(&[("username", "reserved")]);
        customer
            .client
            .patch(&path, json!({"username": name}))
            .expect_bad_fields(&[("username", "reserved")]);
        customer.client.put(&path, json!({"username": name})).expect_bad_fields(&[("username", "reserved")]);
    }
    shop.add_staff("manager", Role::Clerk);
    shop.log_in("manager", crate::harness::STAFF_PASSWORD);
}

#[test]
fn what_is_refused_is_refused_before_anything_is_hashed() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let (customer, username) = shop.customer_with_account();
    let (_, other) = shop.customer_with_account();
    let path = account_of(&customer);
    let keyed = |name: &str| staff.post_once("a-key", "/customers", sign_up(name));
    let kept = keyed("keyed").expect(201);
    let mut keyed_account = credentials("keyed-too");
    keyed_account["customer_id"] = json!(guest.id);
    let post_account = || staff.post_once("another", "/customer_accounts", keyed_account.clone());
    let kept_account = post_account().expect(201);

    let mut held = Vec::new();
    while let Ok(place) = shop.app.hasher.place_for_new() {
        held.push(place);
    }
    let anyone = shop.anyone();
    anyone.post("/customers", sign_up(&username)).expect_problem(409, "username_taken");
    anyone.post("/customers", sign_up("root")).expect_bad_fields(&[("account.username", "reserved")]);
    let mut unnamed = sign_up("free");
    unnamed["name"] = json!("");
    anyone.post("/customers", unnamed).expect_bad_fields(&[("name", "blank")]);
    let client = &customer.client;
    client.post("/customer_accounts", credentials("free")).expect_problem(409, "account_exists");
    client.post("/customer_accounts", credentials(&other)).expect_problem(409, "username_taken");
    let mut of_nobody = credentials("free");
    of_nobody["customer_id"] = json!(999_999);
    staff.post("/customer_accounts", of_nobody).expect_problem(404, "not_found");
    for body in [credentials(&other), credentials(&username)] {
        staff.put("/customer_accounts/999999", body).expect_problem(404, "not_found");
    }
    let mut taken = credentials(&other);
    taken["current_password"] = json!(CUSTOMER_PASSWORD);
    client.put(&path, taken).expect_problem(409, "username_taken");
    let stale = client.request("PATCH", &path).header("If-Match", "\"stale\"");
    let change = json!({"password": "another password", "current_password": CUSTOMER_PASSWORD});
    stale.json(change).send().expect_problem(412, "precondition_failed");
    // What was done under a key before is found, and needs no hash again.
    let again = keyed("keyed").expect(201);
    assert_eq!((again.text.as_str(), again.header("Idempotency-Replayed")), (&*kept.text, Some("true")));
    assert_eq!(post_account().expect(201).text, kept_account.text);
    staff.post_once("a-third", "/customers", sign_up("keyed")).expect_problem(409, "username_taken");

    let put_off = anyone.post("/customers", sign_up("free")).expect_problem(503, "busy");
    assert!(put_off.header("Retry-After").is_some());
    // Without a password there is nothing to wait for.
    client.patch(&path, json!({"username": "renamed"})).expect(200);
    drop(held);
    anyone.post("/customers", sign_up("free")).expect(201);
}
