//! Orders found by text, by product and by parcel.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::{ids, walk};
use crate::client::Client;
use crate::dialects::numbers;
use crate::fixtures::{Guest, NONE, items_json};
use crate::harness::Shop;

fn person(shop: &Shop, name: &str, email: &str) -> Guest {
    let body = json!({"name": name, "email": email, "phone": "555-0100"});
    let answer = shop.anyone().post("/customers", body).expect(201);
    let client = shop.with_token(answer.body["session"]["token"].as_str().expect("a session"));
    Guest { id: answer.id(), client }
}

fn found(client: &Client, query: &str) -> Vec<u64> {
    ids(&client.get(&format!("/orders?limit=100&{query}")).expect(200))
}

#[test]
fn staff_find_orders_by_name_address_and_number() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 1000);
    let ada = person(&shop, "Ada Lovelace", "ada@countess.example");
    let grace = person(&shop, "Grace 0% Hopper", "grace@navy.example");
    let order = |guest: &Guest| guest.client.order(&[(mug, 1)]).expect(201).id();
    let (first, second, third) = (order(&ada), order(&grace), order(&ada));
    for (q, expected) in [
        ("lovelace", vec![third, first]),
        ("LOVE", vec![third, first]),
        ("countess.example", vec![third, first]),
        ("navy", vec![second]),
        ("0%25", vec![second]),
        ("example", vec![third, second, first]),
        (&first.to_string(), vec![first]),
        (&format!("%23{second}"), vec![second]),
        ("999999", vec![]),
        ("nobody", vec![]),
        ("hopper+grace", vec![second]),
        ("GRACE++navy", vec![second]),
        ("ada+hopper", vec![]),
        ("%EF%BC%A1da", vec![third, first]),
        ("555-0100", vec![third, second, first]),
        ("5550100", vec![third, second, first]),
        // So few digits are a number of an order, whosever telephone number holds them.
        ("55501", vec![]),
        ("%23555-0100", vec![]),
    ] {
        assert_eq!(found(&staff, &format!("q={q}")), expected, "{q}");
        let mut turned = expected.clone();
        turned.reverse();
        assert_eq!(found(&staff, &format!("q={q}&sort=order_date")), turned, "{q}");
        assert_eq!(walk(&staff, &format!("/orders?limit=1&q={q}")), expected, "{q} one by one");
    }
    staff.post(&format!("/orders/{first}/cancel"), json!({})).expect(200);
    assert_eq!(found(&staff, "q=lovelace&status=placed"), [third]);
    assert_eq!(found(&staff, &format!("q=example&customer_id={}", grace.id)), [second]);
    let of_ada = format!("/customers/{}/orders?q=grace", ada.id);
    assert_eq!(ids(&staff.get(&of_ada).expect(200)), NONE);
    assert_eq!(found(&staff, "q=+"), found(&staff, ""), "as if not given");
    // Whoever is erased is found no more; the order's number still finds it.
    staff.post(&format!("/orders/{second}/cancel"), json!({})).expect(200);
    staff.delete(&format!("/customers/{}", grace.id)).expect(204);
    assert_eq!(found(&staff, "q=navy"), NONE);
    assert_eq!(found(&staff, &format!("q={second}")), [second]);
}

/// Of so many people with a name their orders are not collected first, and found all the same.
#[test]
fn a_text_that_names_very_many_people_finds_their_orders_too() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 1000);
    let ada = person(&shop, "Ada Lovelace", "ada@countess.example");
    let grace = person(&shop, "Grace Hopper", "grace@navy.example");
    let orders: Vec<u64> =
        [&ada, &grace, &ada].map(|who| who.client.order(&[(mug, 1)]).expect(201).id()).into();
    let newest = [orders[2], orders[0]];
    for more in [99, 1, 50] {
        let mut sql = shop.sql();
        sql.query_drop(format!(
            "INSERT INTO customers (name, email, phone, search_text, created_at, updated_at)
             SELECT 'Ada Another', 'another@example.com', '555-0100', 'ada another another@example.com 555-0100 5550100',
                    NOW(6), NOW(6) FROM {} n", numbers(more)
        ))
        .unwrap();
        assert_eq!(found(&staff, "q=ada"), newest);
        assert_eq!(walk(&staff, "/orders?limit=1&q=ada"), newest);
        assert_eq!(found(&staff, "q=countess+ada"), newest);
        assert_eq!(found(&staff, &format!("q={}", orders[1])), [orders[1]]);
        assert_eq!(found(&staff, &format!("q=ada&product_id={mug}&status=placed")), newest);
    }
}

#[test]
fn customers_find_among_their_own_only() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 1000);
    let ada = person(&shop, "Ada Lovelace", "ada@countess.example");
    let grace = person(&shop, "Grace Hopper", "grace@navy.example");
    let own = ada.client.order(&[(mug, 1)]).expect(201).id();
    let other = grace.client.order(&[(mug, 1)]).expect(201).id();
    for order in [own, other] {
        staff.post(&format!("/orders/{order}/ship"), json!({"tracking_number": "RR1"})).expect(200);
    }
    for (query, expected) in [
        ("q=ada", vec![own]),
        ("q=grace", vec![]),
        (&format!("q={own}"), vec![own]),
        (&format!("q={other}"), vec![]),
        (&format!("product_id={mug}"), vec![own]),
        ("tracking_number=RR1", vec![own]),
        (&format!("customer_id={}", ada.id), vec![own]),
        (&format!("customer_id={}", grace.id), vec![]),
        (&format!("q=ada&customer_id={}", ada.id), vec![own]),
        (&format!("tracking_number=RR1&customer_id={}", grace.id), vec![]),
    ] {
        assert_eq!(found(&ada.client, query), expected, "{query}");
    }
}

#[test]
fn orders_are_found_by_what_was_bought() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (mug, pot, never) = (shop.product(&staff, 100), shop.product(&staff, 100), shop.product(&staff, 1));
    let ada = person(&shop, "Ada Lovelace", "ada@countess.example");
    let grace = person(&shop, "Grace Hopper", "grace@navy.example");
    let order = |guest: &Guest, items: &[(u64, i64)]| {
        guest.client.post("/orders", json!({"items": items_json(items)})).expect(201).id()
    };
    let both = order(&ada, &[(mug, 1), (pot, 2)]);
    let mugs = order(&grace, &[(mug, 3)]);
    let pots = order(&ada, &[(pot, 1)]);
    assert_eq!(found(&staff, &format!("product_id={mug}")), [mugs, both]);
    assert_eq!(found(&staff, &format!("product_id={pot}&sort=order_date")), [both, pots]);
    assert_eq!(walk(&staff, &format!("/orders?limit=1&product_id={pot}")), [pots, both]);
    assert_eq!(found(&staff, &format!("product_id={never}")), NONE);
    assert_eq!(found(&staff, "product_id=999999"), NONE);
    assert_eq!(found(&staff, &format!("product_id={mug}&q=hopper")), [mugs]);
    assert_eq!(found(&staff, &format!("product_id={mug}&customer_id={}", ada.id)), [both]);
    staff.post(&format!("/orders/{mugs}/ship"), json!({})).expect(200);
    assert_eq!(found(&staff, &format!("product_id={mug}&status=shipped")), [mugs]);
    let read = staff.get(&format!("/orders/{mugs}")).expect(200);
    let placed = read.body["order_date"].as_str().unwrap();
    assert_eq!(found(&staff, &format!("product_id={mug}&from={placed}")), [mugs]);
    assert_eq!(found(&staff, &format!("product_id={mug}&to={placed}")), [both]);
    // An archived product was bought all the same.
    staff.delete(&format!("/products/{mug}")).expect(204);
    assert_eq!(found(&staff, &format!("product_id={mug}")), [mugs, both]);
    staff.get("/orders?product_id=x").expect_bad_fields(&[("product_id", "invalid_number")]);
    let times = "SELECT COUNT(*) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE l.placed_at <> o.placed_at";
    assert_eq!(shop.sql().query_first(times).unwrap(), Some(0));
}

#[test]
fn a_parcels_number_finds_its_orders_exactly() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 100);
    let guest = shop.guest();
    let ship = |number: Value| {
        let order = guest.client.order(&[(mug, 1)]).expect(201).id();
        staff.post(&format!("/orders/{order}/ship"), json!({"tracking_number": number})).expect(200);
        order
    };
    let (first, second, other, without) =
        (ship(json!("RR 123")), ship(json!("RR 123")), ship(json!("rr 123")), ship(Value::Null));
    assert_eq!(found(&staff, "tracking_number=RR+123"), [second, first]);
    assert_eq!(found(&staff, "tracking_number=+RR+123+"), [second, first]);
    assert_eq!(walk(&staff, "/orders?limit=1&sort=order_date&tracking_number=RR+123"), [first, second]);
    assert_eq!(found(&staff, "tracking_number=rr+123"), [other]);
    assert_eq!(found(&staff, "tracking_number=RR"), NONE);
    assert_eq!(found(&staff, &format!("tracking_number=RR+123&product_id={mug}&q={first}")), [first]);
    assert_eq!(found(&staff, "tracking_number=RR+123&status=placed"), NONE);
    assert!(!found(&staff, "status=shipped").is_empty() && without > other);
    assert_eq!(found(&staff, "tracking_number="), found(&staff, ""), "as if not given");
}
