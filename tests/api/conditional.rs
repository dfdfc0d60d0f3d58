//! Conditional requests: a copy that is still good is not sent again, and a change that was made on
//! an old copy is refused.

mod books;

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::harness::Shop;

fn get_if_none_match(client: &Client, path: &str, etags: &str) -> Answer {
    client.request("GET", path).header("If-None-Match", etags).send()
}

fn change_if_match(client: &Client, method: &str, path: &str, etags: &str, body: &Value) -> Answer {
    let request = client.request(method, path).header("If-Match", etags);
    match body {
        Value::Null => request.send(),
        body => request.json(body.clone()).send(),
    }
}

/// A shop with one of each resource that carries an ETag, and the customer who may read them all.
struct Shelf {
    shop: Shop,
    staff: Client,
    customer: Client,
    customer_path: String,
    account: String,
    product_id: u64,
    product: String,
    order: String,
}

fn stocked() -> Shelf {
    let shop = Shop::open();
    let staff = shop.staff();
    let (customer, _) = shop.customer_with_account();
    let customer_path = format!("/customers/{}", customer.id);
    let account = customer.client.get(&customer_path).expect(200).body["account_id"].clone();
    let product_id = shop.product(&staff, 5);
    let order = customer.client.order(&[(product_id, 1)]).expect(201).id();
    Shelf {
        customer: customer.client,
        customer_path,
        account: format!("/customer_accounts/{account}"),
        product_id,
        product: format!("/products/{product_id}"),
        order: format!("/orders/{order}"),
        staff,
        shop,
    }
}

impl Shelf {
    fn all(&self) -> [String; 6] {
        let Shelf { customer_path, account, product, order, .. } = self;
        let track = format!("{order}/track");
        let current = "/sessions/current".to_owned();
        [customer_path.clone(), account.clone(), product.clone(), order.clone(), track, current]
    }

    /// A small change of each resource that can be changed, with its path.
    fn changes(&self) -> [(&str, Value); 4] {
        [
            (&self.customer_path, json!({"name": "Changed"})),
            (&self.account, json!({"username": "changed"})),
            (&self.product, json!({"name": "Changed"})),
            (&self.order, json!({"expected_delivery_date": "2100-01-01"})),
        ]
    }
}

#[test]
fn a_copy_that_is_still_good_is_not_sent_again() {
    let shelf = stocked();
    for path in shelf.all() {
        let read = shelf.customer.get(&path).expect(200);
        let etag = read.etag();
        let lists = [
            etag.to_owned(),
            format!("W/{etag}"),
            "*".to_owned(),
            format!("\"old\", {etag}"),
            format!("\"old\",W/{etag},\"older\""),
        ];
        for list in lists {
            let unchanged = get_if_none_match(&shelf.customer, &path, &list).expect(304);
            assert_eq!(unchanged.text, "", "{path}");
            assert_eq!(unchanged.etag(), etag, "{path}");
            assert_eq!(unchanged.header("Content-Type"), None, "{path}");
            assert_eq!(unchanged.header("Cache-Control"), read.header("Cache-Control"), "{path}");
        }
        for list in ["\"old\"", "", etag.trim_matches('"')] {
            let sent = get_if_none_match(&shelf.customer, &path, list).expect(200);
            assert_eq!((&sent.text, sent.etag()), (&read.text, etag), "{path}");
        }
        let head = shelf.customer.request("HEAD", &path).send().expect(200);
        assert_eq!(head.etag(), etag, "{path}");
        shelf.customer.request("HEAD", &path).header("If-None-Match", etag).send().expect(304);
    }
}

#[test]
fn an_etag_changes_with_the_resource_and_only_then() {
    let shelf = stocked();
    for (path, change) in shelf.changes() {
        let before = shelf.staff.get(path).expect(200);
        assert_eq!(shelf.staff.get(path).expect(200).etag(), before.etag());
        let changed = shelf.staff.patch(path, change).expect(200);
        assert_ne!(changed.etag(), before.etag(), "{path}");
        let after = get_if_none_match(&shelf.staff, path, before.etag()).expect(200);
        assert_eq!(after.etag(), changed.etag(), "{path}");
        assert_eq!(after.text, changed.text, "{path}");
    }
}

#[test]
fn what_was_just_made_carries_the_etag_that_it_reads_with() {
    let shop = Shop::open();
    let staff = shop.staff();
    let customer = staff
        .post("/customers", json!({"name": "Ada", "email": "ada@example.com", "phone": "555-0100"}))
        .expect(201);
    let account = json!({"customer_id": customer.id(), "username": "ada", "password": "a long password"});
    let account = staff.post("/customer_accounts", account).expect(201);
    let product = staff.post("/products", json!({"name": "Mug", "price": 1, "stock": 5})).expect(201);
    let items = json!([{"product_id": product.id(), "quantity": 1}]);
    let order = staff.post("/orders", json!({"customer_id": customer.id(), "items": items})).expect(201);
    for created in [&account, &product, &order] {
        let location = created.header("Location").expect("a Location");
        let read = staff.get(location).expect(200);
        if location.starts_with("/products") {
            // The order has left less to sell, but the product reads the same.
            assert_eq!(read.body["in_stock"], true);
        }
        assert_eq!(read.etag(), created.etag(), "{location}");
    }
    let read = staff.get(customer.header("Location").unwrap()).expect(200);
    assert_ne!(read.etag(), customer.etag(), "the customer has an account now");
}

#[test]
fn a_change_made_on_an_old_copy_is_refused_and_changes_nothing() {
    let shelf = stocked();
    for (path, change) in shelf.changes() {
        let before = shelf.staff.get(path).expect(200);
        for stale in ["\"old\"", "", "\"old\", \"older\"", before.etag().trim_matches('"')] {
            let refused = change_if_match(&shelf.staff, "PATCH", path, stale, &change);
            let refused = refused.expect_problem(412, "precondition_failed");
            assert_eq!(refused.etag(), before.etag(), "{path}");
        }
        assert_eq!(shelf.staff.get(path).expect(200).text, before.text);

        let changed = change_if_match(&shelf.staff, "PATCH", path, before.etag(), &change).expect(200);
        let overtaken = change_if_match(&shelf.staff, "PATCH", path, before.etag(), &change);
        overtaken.expect_problem(412, "precondition_failed");
        assert_eq!(shelf.staff.get(path).expect(200).text, changed.text);
        change_if_match(&shelf.staff, "PATCH", path, "*", &change).expect(200);
    }
}

#[test]
fn replacing_and_deleting_an_old_copy_is_refused_too() {
    let shelf = stocked();
    shelf.customer.post(&format!("{}/cancel", shelf.order), json!({})).expect(200);
    let whole = [
        (&shelf.product, json!({"name": "Whole", "price": 1})),
        (&shelf.account, json!({"username": "whole", "password": "a long password"})),
        (&shelf.customer_path, json!({"name": "Whole", "email": "whole@example.com", "phone": "555-0100"})),
    ];
    for (path, body) in whole {
        let before = shelf.staff.get(path).expect(200);
        for (method, body) in [("PUT", &body), ("DELETE", &Value::Null)] {
            let refused = change_if_match(&shelf.staff, method, path, "\"old\"", body);
            refused.expect_problem(412, "precondition_failed");
        }
        assert_eq!(shelf.staff.get(path).expect(200).text, before.text);
        let replaced = change_if_match(&shelf.staff, "PUT", path, before.etag(), &body).expect(200);
        let overtaken = change_if_match(&shelf.staff, "DELETE", path, before.etag(), &Value::Null);
        overtaken.expect_problem(412, "precondition_failed");
        change_if_match(&shelf.staff, "DELETE", path, replaced.etag(), &Value::Null).expect(204);
        let gone = change_if_match(&shelf.staff, "DELETE", path, "*", &Value::Null);
        gone.expect_problem(404, "not_found");
    }
}

#[test]
fn a_change_that_asks_for_no_match_is_refused_where_there_is_one() {
    let shelf = stocked();
    for (path, change) in shelf.changes() {
        let before = shelf.staff.get(path).expect(200);
        for etags in ["*", before.etag()] {
            let request = shelf.staff.request("PATCH", path).header("If-None-Match", etags);
            request.json(change.clone()).send().expect_problem(412, "precondition_failed");
        }
        assert_eq!(shelf.staff.get(path).expect(200).text, before.text);
        let request = shelf.staff.request("PATCH", path).header("If-None-Match", "\"other\"");
        let changed = request.json(change).send().expect(200);
        assert_eq!(shelf.staff.get(path).expect(200).text, changed.text);
    }
}

#[test]
fn of_many_changes_made_on_the_same_copy_exactly_one_is_kept() {
    let shelf = stocked();
    let etag = shelf.staff.get(&shelf.product).expect(200).etag().to_owned();
    let together = Barrier::new(8);
    let kept: Vec<Answer> = thread::scope(|scope| {
        let (shelf, etag, together) = (&shelf, &etag, &together);
        let tries: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || {
                    let client = shelf.shop.with_token(shelf.staff.token());
                    let change = json!({"name": format!("Change {number}")});
                    together.wait();
                    change_if_match(&client, "PATCH", &shelf.product, etag, &change)
                })
            })
            .collect();
        let answers = tries.into_iter().map(|change| change.join().unwrap());
        answers.filter(|answer| answer.status != 412).collect()
    });
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].status, 200);
    assert_eq!(shelf.staff.get(&shelf.product).expect(200).text, kept[0].text);
}

#[test]
fn a_copy_tells_nothing_to_those_who_may_not_read_it() {
    let shelf = stocked();
    let stranger = shelf.shop.guest().client;
    for path in [&shelf.customer_path, &shelf.account, &shelf.order] {
        let etag = shelf.customer.get(path).expect(200).etag().to_owned();
        get_if_none_match(&stranger, path, &etag).expect_problem(404, "not_found");
        get_if_none_match(&stranger, path, "*").expect_problem(404, "not_found");
        get_if_none_match(&shelf.shop.anyone(), path, &etag).expect_problem(401, "unauthenticated");
        let method = if path == &shelf.order { "POST" } else { "DELETE" };
        let path = if path == &shelf.order { format!("{path}/cancel") } else { path.clone() };
        change_if_match(&stranger, method, &path, &etag, &Value::Null).expect_problem(404, "not_found");
    }
}
