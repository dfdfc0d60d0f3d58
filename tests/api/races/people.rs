//! Customers who order, choose a name or are read while they are erased.

use serde_json::json;

use super::{count, rows, step, until_decided, winners};
use crate::fixtures::{CUSTOMER_PASSWORD, items_json, unique};
use crate::harness::Shop;
use crate::shelves::together;

#[test]
fn a_customer_is_either_erased_or_has_ordered() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 1000);
    for round in 0..24 {
        let guest = shop.guest();
        let has_ordered_before = round % 2 == 0;
        if has_ordered_before {
            let id = guest.client.order(&[(product, 1)]).expect(201).id();
            step(&guest.client, id, "cancel").expect(200);
        }
        let body = json!({"items": items_json(&[(product, 1)]), "customer_id": guest.id, "note": "Ada"});
        let key = unique("key");
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| guest.client.post_once(&key, "/orders", body.clone())),
            1 => until_decided(|| staff.post_once(&key, "/orders", body.clone())),
            _ => until_decided(|| staff.delete(&format!("/customers/{}", guest.id))),
        });
        let erased = count(&answers, 204) == 1;
        let placed = count(&answers, 201);
        assert!(erased == (placed == 0), "erased: {erased}, orders placed: {placed}");
        for answer in answers {
            let expected = if erased { &[204, 401, 404][..] } else { &[201, 409] };
            assert!(expected.contains(&answer.status), "{} {}", answer.request, answer.text);
        }
        staff.get(&format!("/customers/{}", guest.id)).expect(if erased { 404 } else { 200 });
    }
}

#[test]
fn one_username_goes_to_one_customer_and_the_others_leave_nothing() {
    let shop = Shop::open();
    let username = unique("user");
    let answers = together(12, |n| {
        let username = if n % 2 == 0 { username.clone() } else { username.to_uppercase() };
        let body = json!({
            "name": format!("Customer {n}"),
            "email": "somebody@example.com",
            "phone": "555-0100",
            "account": {"username": username, "password": CUSTOMER_PASSWORD},
        });
        until_decided(|| shop.anyone().post("/customers", body.clone()))
    });
    let won = winners(answers, 201, (409, "username_taken"));
    assert_eq!(won.len(), 1);
    for table in ["customers", "accounts", "sessions"] {
        assert_eq!(rows(&shop, table), 1, "{table}");
    }
    let token = shop.log_in(&username, CUSTOMER_PASSWORD);
    let own = shop.with_token(&token).get(&format!("/customers/{}", won[0].id())).expect(200);
    assert_eq!(own.body["name"], won[0].body["name"]);
}

#[test]
fn what_is_read_during_an_erasure_is_whole_or_gone() {
    let shop = Shop::open();
    for _ in 0..40 {
        let (customer, _) = shop.customer_with_account();
        // With a finished order the row stays, without the person in it.
        let product = shop.product(&shop.staff(), 1);
        let order = customer.client.order(&[(product, 1)]).expect(201).id();
        step(&customer.client, order, "cancel").expect(200);
        let staff = shop.staff();
        let account = staff.get(&format!("/customer_accounts?customer_id={}", customer.id)).expect(200);
        let account = account.body["data"][0]["id"].as_u64().expect("an account");
        let paths = [format!("/customer_accounts/{account}"), format!("/customers/{}", customer.id)];
        let answers = together(6, |n| match n {
            0 => until_decided(|| staff.delete(&paths[1])),
            n => until_decided(|| staff.get(&paths[n % 2])),
        });
        for answer in answers {
            assert!([200, 204, 404].contains(&answer.status), "{} {}", answer.status, answer.text);
        }
    }
}
