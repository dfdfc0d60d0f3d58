//! Lists page by page: limits, cursors, and that a walk meets every row once.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, NONE};
use crate::harness::Shop;

const LISTS: [&str; 5] = ["/customers", "/customer_accounts", "/products", "/orders", "/suppliers"];

/// The ids on one page.
pub fn ids_of(page: &Answer) -> Vec<u64> {
    page.body["data"].as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

/// The ids of all pages from the first to the last, each of which holds `limit` rows, the last one
/// at most.
pub fn walk(client: &Client, path: &str, limit: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&with_query(path, &format!("limit={limit}{after}"))).expect(200);
        let on_page = ids_of(&page);
        for id in &on_page {
            assert!(!ids.contains(id), "{id} comes twice");
            ids.push(*id);
        }
        match &page.body["next"] {
            Value::String(next) => {
                assert_eq!(on_page.len(), limit, "a page before the last is full");
                after = format!("&after={next}");
            }
            Value::Null => {
                assert!(on_page.len() <= limit);
                return ids;
            }
            next => panic!("{next} is no cursor"),
        }
    }
}

fn with_query(path: &str, query: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{query}")
}

fn add_products(staff: &Client, count: usize) -> Vec<u64> {
    (0..count)
        .map(|_| staff.post("/products", json!({"name": "Same", "price": 1})).expect(201).id())
        .collect()
}

#[test]
fn a_page_holds_20_rows_unless_told_and_100_at_most() {
    let shop = Shop::open();
    let staff = shop.staff();
    let ids = add_products(&staff, 101);
    let page = |query: &str| staff.get(&format!("/products{query}")).expect(200);
    assert_eq!(ids_of(&page("")), ids[..20]);
    assert_eq!(ids_of(&page("?limit=1")), ids[..1]);
    let largest = page("?limit=100");
    assert_eq!(ids_of(&largest), ids[..100]);
    let last = page(&format!("?limit=100&after={}", largest.body["next"].as_str().unwrap()));
    assert_eq!(ids_of(&last), ids[100..]);
    assert_eq!(last.body["next"], Value::Null);
    assert_eq!(walk(&staff, "/products", 7), ids);
}

#[test]
fn a_last_page_that_is_full_has_no_next() {
    let shop = Shop::open();
    let staff = shop.staff();
    let ids = add_products(&staff, 4);
    let first = staff.get("/products?limit=2").expect(200);
    let last =
        staff.get(&format!("/products?limit=2&after={}", first.body["next"].as_str().unwrap())).expect(200);
    assert_eq!(ids_of(&last), ids[2..]);
    assert_eq!(last.body["next"], Value::Null);
    let members: Vec<&String> = last.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["data", "next"]);
}

#[test]
fn an_empty_list_is_an_empty_page() {
    let shop = Shop::open();
    let staff = shop.staff();
    for list in LISTS {
        assert_eq!(staff.get(list).expect(200).body, json!({"data": [], "next": null}), "{list}");
    }
}

#[test]
fn bad_limits_and_cursors_are_named_in_every_list() {
    let shop = Shop::open();
    let staff = shop.staff();
    // The last four are a-b, x/1, 2026-13-45T00:00:00Z/1 and /-1 in hexadecimal.
    let no_cursors = ["x", "é", "612d62", "782f31", "323032362d31332d34355430303a30303a30305a2f31", "2f2d31"];
    for list in LISTS {
        for limit in ["0", "101", "-1", "1.5", "ten", "%2B5", "99999999999999999999"] {
            let bad = [("limit", "invalid_number")];
            staff.get(&format!("{list}?limit={limit}")).expect_bad_fields(&bad);
        }
        for cursor in no_cursors {
            let path = format!("{list}?after={}", cursor.replace('é', "%C3%A9"));
            staff.get(&path).expect_bad_fields(&[("after", "invalid_cursor")]);
        }
        let both = [("limit", "invalid_number"), ("after", "invalid_cursor"), ("offset", "unknown_field")];
        staff.get(&format!("{list}?limit=no&after=no&offset=20")).expect_bad_fields(&both);
        staff.get(&format!("{list}?limit=5&limit=6")).expect_bad_fields(&[("limit", "repeated")]);
    }
}

#[test]
fn a_cursor_of_another_sort_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    add_products(&staff, 2);
    let cursor_of = |sort: &str| {
        let page = staff.get(&format!("/products?limit=1&sort={sort}")).expect(200);
        page.body["next"].as_str().unwrap().to_owned()
    };
    for (sort, other) in [("id", "name"), ("id", "price"), ("name", "id"), ("name", "price"), ("price", "id")]
    {
        let path = format!("/products?sort={other}&after={}", cursor_of(sort));
        staff.get(&path).expect_bad_fields(&[("after", "invalid_cursor")]);
    }
}

#[test]
fn rows_that_come_and_go_during_a_walk_neither_repeat_nor_hide_others() {
    let shop = Shop::open();
    let staff = shop.staff();
    let add = |price: i64| staff.post("/products", json!({"name": "Good", "price": price})).expect(201).id();
    let ids: Vec<u64> = [10, 20, 20, 30, 40].into_iter().map(add).collect();
    let first = staff.get("/products?sort=price&limit=2").expect(200);
    assert_eq!(ids_of(&first), ids[..2]);

    add(5);
    let cheap_later = add(20);
    staff.delete(&format!("/products/{}", ids[0])).expect(204);
    staff.delete(&format!("/products/{}", ids[1])).expect(204);
    let next = first.body["next"].as_str().unwrap();
    let rest = staff.get(&format!("/products?sort=price&limit=10&after={next}")).expect(200);
    assert_eq!(ids_of(&rest), [ids[2], cheap_later, ids[3], ids[4]]);
}

#[test]
fn names_that_compare_equal_are_walked_once_each_and_in_the_order_of_their_ids() {
    let shop = Shop::open();
    let staff = shop.staff();
    let equal = ["Groß", "GROSS", "gross", "größ", "GrÖss"];
    let mut ids = Vec::new();
    for name in equal.into_iter().chain(equal) {
        ids.push(staff.post("/products", json!({"name": name, "price": 1})).expect(201).id());
    }
    for limit in [1, 2, 3, 9] {
        assert_eq!(walk(&staff, "/products?sort=name", limit), ids);
    }
    ids.reverse();
    for limit in [1, 2, 3, 9] {
        assert_eq!(walk(&staff, "/products?sort=-name", limit), ids);
    }
}

#[test]
fn customers_and_their_accounts_are_walked_by_id() {
    let shop = Shop::open();
    let staff = shop.staff();
    let customers: Vec<u64> = (0..7).map(|_| shop.guest().id).collect();
    let accounts: Vec<u64> = customers[..4]
        .iter()
        .map(|customer| {
            let username = format!("customer-{customer}");
            let body = json!({"customer_id": customer, "username": username, "password": CUSTOMER_PASSWORD});
            staff.post("/customer_accounts", body).expect(201).id()
        })
        .collect();
    for limit in [1, 3, 7, 8] {
        assert_eq!(walk(&staff, "/customers", limit), customers);
        assert_eq!(walk(&staff, "/customers?q=ada", limit), customers);
        assert_eq!(walk(&staff, "/customer_accounts", limit), accounts);
    }
    assert_eq!(walk(&staff, "/customers?q=nobody", 2), NONE);
}

#[test]
fn a_walk_through_orders_shows_customers_their_own_only() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (ada, grace) = (shop.guest(), shop.guest());
    let product = shop.product(&staff, 100);
    let mut all = Vec::new();
    let mut of_ada = Vec::new();
    for number in 0..9 {
        let customer = if number % 3 == 0 { &grace } else { &ada };
        let order = customer.client.order(&[(product, 1)]).expect(201).id();
        all.push(order);
        if customer.id == ada.id {
            of_ada.push(order);
        }
    }
    for limit in [1, 2, 6, 9] {
        assert_eq!(walk(&staff, "/orders?sort=order_date", limit), all);
        assert_eq!(walk(&ada.client, "/orders?sort=order_date", limit), of_ada);
        assert_eq!(walk(&staff, &format!("/customers/{}/orders?sort=order_date", ada.id), limit), of_ada);
    }
    all.reverse();
    assert_eq!(walk(&staff, "/orders", 2), all);
}

#[test]
fn orders_of_one_moment_are_walked_without_gaps() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let mut ids: Vec<u64> = (0..5).map(|_| guest.client.order(&[(product, 1)]).expect(201).id()).collect();
    shop.sql().query_drop("UPDATE orders SET placed_at = '2026-03-01 09:30:00'").unwrap();
    for limit in [1, 2, 5] {
        assert_eq!(walk(&guest.client, "/orders?sort=order_date", limit), ids);
    }
    ids.reverse();
    assert_eq!(walk(&guest.client, "/orders", 2), ids);
}
