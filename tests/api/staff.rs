//! Staff: what managers may do to them, and that the shop is never left without one.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use crate::client::{Answer, Client};
use crate::harness::{STAFF_PASSWORD, Shop};

const NEW_PASSWORD: &str = "quite another password of staff";

fn path_of(client: &Client) -> String {
    format!("/staff/{}", client.get("/sessions/current").expect(200).body["account_id"])
}

fn try_login(shop: &Shop, username: &str, password: &str) -> Answer {
    shop.anyone().post("/sessions", json!({"username": username, "password": password}))
}

#[test]
fn managers_list_staff_with_their_roles_and_no_customers() {
    let shop = Shop::open();
    let (manager, _, _) = (shop.staff(), shop.clerk(), shop.customer_with_account());
    let list = manager.get("/staff").expect(200);
    let members: Vec<(&Value, &Value, &Value)> = list.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (&member["username"], &member["role"], &member["disabled"]))
        .collect();
    let (staff, clerk, no) = (json!("staff"), json!("clerk"), json!(false));
    assert_eq!(members, [(&staff, &json!("manager"), &no), (&clerk, &clerk, &no)]);
    let first = manager.get("/staff?limit=1").expect(200);
    let rest = format!("/staff?after={}", first.body["next"].as_str().expect("a cursor"));
    assert_eq!(manager.get(&rest).expect(200).body["data"][0]["username"], "clerk");
    assert_eq!(manager.get("/sessions/current").expect(200).body["role"], "manager");
    assert_eq!(shop.guest().client.get("/sessions/current").expect(200).body["role"], Value::Null);
}

#[test]
fn no_customers_account_is_one_of_staff() {
    let shop = Shop::open();
    let (customer, _) = shop.customer_with_account();
    let path = path_of(&customer.client);
    let manager = shop.staff();
    manager.get(&path).expect_problem(404, "not_found");
    manager.patch(&path, json!({"role": "manager"})).expect_problem(404, "not_found");
    manager.patch("/staff/999999", json!({"disabled": true})).expect_problem(404, "not_found");
    customer.client.get("/sessions/current").expect(200);
}

#[test]
fn a_role_counts_from_the_next_request_on() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let path = path_of(&clerk);
    clerk.get("/staff").expect_problem(403, "forbidden");
    assert_eq!(manager.patch(&path, json!({"role": "manager"})).expect(200).body["role"], "manager");
    clerk.get("/staff").expect(200);
    manager.patch(&path, json!({"role": "clerk"})).expect(200);
    clerk.get("/staff").expect_problem(403, "forbidden");
    clerk.get("/stock").expect(200);
}

#[test]
fn a_disabled_account_is_out_at_once_and_may_be_let_in_again() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let path = path_of(&clerk);
    assert_eq!(manager.patch(&path, json!({"disabled": true})).expect(200).body["disabled"], true);
    clerk.get("/orders").expect_problem(401, "unauthenticated");
    // Nothing tells whether the password was right.
    try_login(&shop, "clerk", STAFF_PASSWORD).expect_problem(401, "wrong_credentials");
    manager.patch(&path, json!({"password": NEW_PASSWORD})).expect(200);
    try_login(&shop, "clerk", NEW_PASSWORD).expect_problem(401, "wrong_credentials");
    manager.patch(&path, json!({"disabled": false})).expect(200);
    clerk.get("/orders").expect_problem(401, "unauthenticated");
    shop.log_in("clerk", NEW_PASSWORD);
}

#[test]
fn a_managers_reset_ends_the_sessions_and_asks_for_no_old_password() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let path = path_of(&clerk);
    manager.patch(&path, json!({"role": "clerk"})).expect(200);
    clerk.get("/orders").expect(200);
    manager.patch(&path, json!({"password": NEW_PASSWORD})).expect(200);
    clerk.get("/orders").expect_problem(401, "unauthenticated");
    try_login(&shop, "clerk", STAFF_PASSWORD).expect_problem(401, "wrong_credentials");
    shop.log_in("clerk", NEW_PASSWORD);
    manager.get("/staff").expect(200);
}

#[test]
fn every_bad_field_is_named() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let path = path_of(&clerk);
    let bad = json!({"role": "owner", "disabled": "yes", "password": "fourteen chars", "email": "anna"});
    manager.patch(&path, bad).expect_bad_fields(&[
        ("role", "invalid_role"),
        ("disabled", "invalid_boolean"),
        ("password", "invalid_password_length"),
        ("email", "unknown_field"),
    ]);
    let nulls = json!({"role": null, "disabled": null, "password": null});
    let required = [("role", "required"), ("disabled", "required"), ("password", "required")];
    manager.patch(&path, nulls).expect_bad_fields(&required);
    let long = shop.member_of_staff("anna@the-shop.example", Role::Clerk);
    let same = [("password", "password_is_username")];
    let named = json!({"password": "Anna@the-shop.example"});
    manager.patch(&path_of(&long), named).expect_bad_fields(&same);
    clerk.get("/orders").expect(200);
}

#[test]
fn the_last_manager_stays() {
    let shop = Shop::open();
    let (manager, _) = (shop.staff(), shop.clerk());
    let path = path_of(&manager);
    let before = manager.get(&path).expect(200).text;
    for leaving in
        [json!({"disabled": true}), json!({"role": "clerk"}), json!({"role": "clerk", "disabled": true})]
    {
        manager.patch(&path, leaving).expect_problem(409, "last_manager");
    }
    assert_eq!(manager.get(&path).expect(200).text, before);

    // One who is disabled is no help.
    let second = shop.member_of_staff("second", Role::Manager);
    let path_of_second = path_of(&second);
    manager.patch(&path_of_second, json!({"disabled": true})).expect(200);
    manager.patch(&path, json!({"disabled": true})).expect_problem(409, "last_manager");
    manager.patch(&path_of_second, json!({"disabled": false})).expect(200);
    manager.patch(&path, json!({"role": "clerk"})).expect(200);
    let second = shop.with_token(&shop.log_in("second", STAFF_PASSWORD));
    second.patch(&path_of_second, json!({"role": "clerk"})).expect_problem(409, "last_manager");
    // A manager who is disabled already may become a clerk.
    second.patch(&path, json!({"role": "manager"})).expect(200);
    second.patch(&path, json!({"disabled": true})).expect(200);
    second.patch(&path, json!({"role": "clerk"})).expect(200);
}

#[test]
fn of_two_managers_who_disable_each_other_at_once_one_stays() {
    let shop = Shop::open();
    for round in 0..10 {
        let names = [format!("one-{round}"), format!("two-{round}")];
        let managers: Vec<Client> =
            names.iter().map(|name| shop.member_of_staff(name, Role::Manager)).collect();
        let paths: Vec<String> = managers.iter().map(path_of).collect();
        // Everybody else is no manager any more.
        for member in managers[0].get("/staff?limit=100").expect(200).body["data"].as_array().unwrap() {
            let path = format!("/staff/{}", member["id"]);
            if !paths.contains(&path) {
                managers[0].patch(&path, json!({"role": "clerk", "disabled": true})).expect(200);
            }
        }
        let together = Barrier::new(2);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let tries: Vec<_> = (0..2)
                .map(|index| {
                    let (managers, paths, together) = (&managers, &paths, &together);
                    scope.spawn(move || {
                        together.wait();
                        let leaving =
                            if round % 2 == 0 { json!({"disabled": true}) } else { json!({"role": "clerk"}) };
                        managers[index].patch(&paths[1 - index], leaving).status
                    })
                })
                .collect();
            tries.into_iter().map(|request| request.join().unwrap()).collect()
        });
        // Who came second was refused, or was no manager any more.
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 401, 403, 409].contains(status)), "{statuses:?}");
        let survivor = statuses.iter().position(|status| *status == 200).unwrap();
        managers[survivor].get("/staff").expect(200);
    }
}

#[test]
fn a_stale_change_of_staff_is_refused() {
    let shop = Shop::open();
    let (manager, clerk) = (shop.staff(), shop.clerk());
    let path = path_of(&clerk);
    let read = manager.get(&path).expect(200);
    manager.patch(&path, json!({"role": "manager"})).expect(200);
    let stale = manager.request("PATCH", &path).header("If-Match", read.etag());
    stale.json(json!({"disabled": true})).send().expect_problem(412, "precondition_failed");
    clerk.get("/staff").expect(200);
}
