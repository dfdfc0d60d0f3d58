//! What suppliers ask for products: packs, costs below a cent, price breaks, and which supplier is preferred.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::{each, together};

fn terms() -> Value {
    json!({
        "supplier_sku": "PU-117",
        "cost": "7.95",
        "pack_size": 6,
        "minimum_quantity": 12,
        "price_breaks": [{"from_quantity": 48, "cost": "7.20"}, {"from_quantity": 144, "cost": 6.8}],
        "preferred": true,
    })
}

fn path(supplier: u64, product: u64) -> String {
    format!("/suppliers/{supplier}/products/{product}")
}

/// The supplier that is preferred for a product, as its list of suppliers says.
#[track_caller]
fn preferred(manager: &Client, product: u64) -> Option<u64> {
    let offers = manager.all_pages(&format!("/products/{product}/suppliers?limit=100"));
    let preferred: Vec<&Value> = offers.iter().filter(|offer| offer["preferred"] == true).collect();
    assert!(preferred.len() <= 1, "{preferred:?}");
    preferred.first().map(|offer| offer["supplier_id"].as_u64().unwrap())
}

#[test]
fn an_offer_is_made_read_changed_and_deleted() {
    let shop = Shop::open();
    let manager = shop.staff();
    let supplier = shop.supplier(&manager, 7);
    let body = json!({"name": "Mug", "price": "14.50", "sku": "MUG-1"});
    let product = manager.post("/products", body).expect(201).id();
    let path = path(supplier, product);
    manager.get(&path).expect_problem(404, "not_found");
    let made = manager.put(&path, terms()).expect(201);
    assert_eq!(made.header("Location"), Some(&*path));
    let read = manager.get(&path).expect(200);
    assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
    let name = manager.get(&format!("/suppliers/{supplier}")).expect(200).body["name"].clone();
    let mut expected = json!({
        "supplier_id": supplier,
        "supplier_name": name,
        "product_id": product,
        "name": "Mug",
        "sku": "MUG-1",
        "supplier_sku": "PU-117",
        "cost": "7.95",
        "pack_size": 6,
        "minimum_quantity": 12,
        "price_breaks": [{"from_quantity": 48, "cost": "7.20"}, {"from_quantity": 144, "cost": "6.80"}],
        "preferred": true,
        "currency": "EUR",
        "created_at": read.body["created_at"],
        "updated_at": read.body["created_at"],
    });
    assert_eq!(read.body, expected);
    for change in [
        json!({"cost": "0.0035"}),
        json!({"pack_size": 1000, "minimum_quantity": 1_000_000_000}),
        json!({"supplier_sku": null}),
        json!({"price_breaks": [{"from_quantity": 2, "cost": "0.003"}]}),
        json!({"price_breaks": []}),
        json!({"preferred": false}),
        json!({}),
    ] {
        shop.app.clock.advance(chrono::Duration::minutes(1));
        for (field, value) in change.as_object().unwrap() {
            expected[field] = value.clone();
        }
        let changed = manager.patch(&path, change.clone()).expect(200).body;
        assert_eq!(changed["updated_at"] == expected["updated_at"], change == json!({}), "{change}");
        expected["updated_at"] = changed["updated_at"].clone();
        assert_eq!(changed, expected, "{change}");
        assert_eq!(manager.get(&path).expect(200).body, expected, "{change}");
    }
    manager.put(&path, terms()).expect(200);
    let cleared = manager.put(&path, json!({"cost": 3})).expect(200).body;
    assert_eq!(
        (&cleared["supplier_sku"], &cleared["cost"], &cleared["pack_size"], &cleared["minimum_quantity"]),
        (&Value::Null, &json!("3.00"), &json!(1), &json!(1))
    );
    assert_eq!((&cleared["price_breaks"], &cleared["preferred"]), (&json!([]), &json!(false)));
    manager.delete(&path).expect(204);
    manager.get(&path).expect_problem(404, "not_found");
    manager.delete(&path).expect_problem(404, "not_found");
    manager.patch(&path, json!({"cost": "1"})).expect_problem(404, "not_found");
}

#[test]
fn every_bad_field_of_an_offer_is_named() {
    let shop = Shop::open();
    let manager = shop.staff();
    let (supplier, product) = (shop.supplier(&manager, 7), shop.product(&manager, 1));
    let path = path(supplier, product);
    let before = manager.put(&path, terms()).expect(201).body;
    let bad = json!({
        "supplier_sku": "a\nb", "cost": "7.9500001", "pack_size": 0, "minimum_quantity": 1.5, "preferred": "yes", "moq": 3,
        "price_breaks": [
            {"from_quantity": 1, "cost": "1"}, {"from_quantity": 12, "cost": "-1"}, {"from_quantity": 24, "cost": "2"},
            {"from_quantity": 24, "cost": "1.9"}, {"cost": "1.8", "discount": 5}, 7
        ],
    });
    let errors = [
        ("supplier_sku", "line_break"),
        ("cost", "too_many_decimals"),
        ("pack_size", "invalid_number"),
        ("minimum_quantity", "invalid_number"),
        ("price_breaks[0].from_quantity", "invalid_number"),
        ("price_breaks[1].cost", "invalid_price"),
        ("price_breaks[3].from_quantity", "not_rising"),
        ("price_breaks[4].from_quantity", "required"),
        ("price_breaks[4].discount", "unknown_field"),
        ("price_breaks[5]", "wrong_type"),
        ("preferred", "invalid_boolean"),
        ("moq", "unknown_field"),
    ];
    let refused = manager.put(&path, bad.clone()).expect_bad_fields(&errors);
    assert!(refused.text.contains("did you mean minimum_quantity?"), "{}", refused.text);
    manager.patch(&path, bad).expect_bad_fields(&errors);
    manager.put(&path, json!({})).expect_bad_fields(&[("cost", "required")]);
    for (field, value, code) in [
        ("cost", json!(null), "required"),
        ("cost", json!("100000000"), "too_large"),
        ("cost", json!(["1"]), "wrong_type"),
        ("pack_size", json!(1_000_001), "invalid_number"),
        ("pack_size", json!(null), "required"),
        ("minimum_quantity", json!(0), "invalid_number"),
        ("minimum_quantity", json!(1_000_000_001), "invalid_number"),
        ("preferred", json!(null), "required"),
        ("supplier_sku", json!("x".repeat(101)), "too_long"),
        ("price_breaks", json!("none"), "wrong_type"),
        ("price_breaks", json!(vec![json!({"from_quantity": 2, "cost": 1}); 21]), "invalid_length"),
        ("supplier_id", json!(supplier + 1), "read_only"),
        ("product_id", json!(product + 1), "read_only"),
        ("supplier_name", json!("Other"), "read_only"),
        ("price", json!("1.00"), "unknown_field"),
        ("lead_time_days", json!(3), "unknown_field"),
    ] {
        manager.patch(&path, json!({field: value})).expect_bad_fields(&[(field, code)]);
    }
    let told = manager.patch(&path, json!({"lead_time_days": 3})).expect(422).text;
    assert!(told.contains("PATCH /suppliers/{id}"), "{told}");
    assert_eq!(manager.get(&path).expect(200).body, before);
    for (supplier, product) in [(supplier, 999_999), (999_999, product)] {
        manager.put(&super::offers::path(supplier, product), terms()).expect_problem(404, "not_found");
    }
}

#[test]
fn an_offer_is_made_only_where_none_is_expected() {
    let shop = Shop::open();
    let manager = shop.staff();
    let (supplier, product) = (shop.supplier(&manager, 7), shop.product(&manager, 1));
    let path = path(supplier, product);
    let put =
        |name: &str, value: &str| manager.request("PUT", &path).header(name, value).json(terms()).send();
    for tag in ["*", "\"0123456789abcdef0123456789abcdef\""] {
        put("If-Match", tag).expect_problem(412, "precondition_failed");
    }
    put("If-None-Match", "*").expect(201);
    put("If-None-Match", "*").expect_problem(412, "precondition_failed");
    put("If-Match", "*").expect(200);
    let etag = manager.get(&path).expect(200).etag().to_owned();
    // Another one becomes the preferred one, which changes this offer.
    let other = shop.supplier(&manager, 3);
    manager.offer(other, product, terms()).expect(201);
    put("If-Match", &etag).expect_problem(412, "precondition_failed");
}

#[test]
fn lists_go_by_pages_from_both_ends() {
    let shop = Shop::open();
    let manager = shop.staff();
    let suppliers: Vec<u64> = (0..3).map(|_| shop.supplier(&manager, 1)).collect();
    let products: Vec<u64> = (0..3).map(|_| shop.product(&manager, 1)).collect();
    for (at, supplier) in suppliers.iter().enumerate() {
        for product in &products[at..] {
            manager.offer(*supplier, *product, json!({"cost": "1.00"})).expect(201);
        }
    }
    let list = |path: String, member: &str| -> Vec<Value> {
        each(&manager.all_pages(&format!("{path}?limit=1")), member).into_iter().cloned().collect()
    };
    for (at, supplier) in suppliers.iter().enumerate() {
        let listed = list(format!("/suppliers/{supplier}/products"), "product_id");
        assert_eq!(json!(listed), json!(products[at..]));
    }
    for (at, product) in products.iter().enumerate() {
        let listed = list(format!("/products/{product}/suppliers"), "supplier_id");
        assert_eq!(json!(listed), json!(suppliers[..=at]));
    }
    for path in ["/suppliers/999999/products", "/products/999999/suppliers"] {
        manager.get(path).expect_problem(404, "not_found");
    }
    // What is archived at either end is left out, and comes back.
    manager.delete(&format!("/products/{}", products[2])).expect(204);
    manager.delete(&format!("/suppliers/{}", suppliers[0])).expect(204);
    manager.get(&format!("/products/{}/suppliers", products[2])).expect_problem(404, "not_found");
    manager.get(&path(suppliers[1], products[2])).expect_problem(404, "not_found");
    manager.get(&path(suppliers[0], products[0])).expect_problem(404, "not_found");
    for (supplier, product) in [(suppliers[1], products[2]), (suppliers[0], products[1])] {
        manager.offer(supplier, product, terms()).expect_problem(404, "not_found");
        manager.delete(&path(supplier, product)).expect_problem(404, "not_found");
    }
    assert_eq!(list(format!("/suppliers/{}/products", suppliers[1]), "product_id"), [json!(products[1])]);
    assert_eq!(list(format!("/products/{}/suppliers", products[1]), "supplier_id"), [json!(suppliers[1])]);
    manager.post(&format!("/products/{}/restore", products[2]), json!({})).expect(200);
    super::restore(&manager, suppliers[0]).expect(200);
    assert_eq!(list(format!("/products/{}/suppliers", products[2]), "supplier_id").len(), 3);
}

#[test]
fn one_supplier_of_a_product_is_preferred_and_another_takes_its_place() {
    let shop = Shop::open();
    let manager = shop.staff();
    let [one, two] = [7, 3].map(|days| shop.supplier(&manager, days));
    let [mug, pot] = [(); 2].map(|()| shop.product(&manager, 1));
    let offer = json!({"cost": "1.00"});
    for (supplier, product) in [(one, mug), (one, pot), (two, mug)] {
        manager.offer(supplier, product, offer.clone()).expect(201);
    }
    assert_eq!(preferred(&manager, mug), None);
    let prefer = |supplier: u64, product: u64, preferred: bool| {
        manager.patch(&path(supplier, product), json!({"preferred": preferred})).expect(200)
    };
    prefer(one, mug, true);
    prefer(one, pot, true);
    assert_eq!([preferred(&manager, mug), preferred(&manager, pot)], [Some(one); 2]);
    let before = manager.get(&path(one, mug)).expect(200).body["updated_at"].clone();
    shop.app.clock.advance(chrono::Duration::minutes(1));
    prefer(two, mug, true);
    assert_eq!([preferred(&manager, mug), preferred(&manager, pot)], [Some(two), Some(one)]);
    let former = manager.get(&path(one, mug)).expect(200).body;
    assert!(former["preferred"] == false && former["updated_at"] != before, "{former}");
    let audit = manager.get(&format!("/audit?object=supplier&object_id={one}&limit=1")).expect(200);
    assert_eq!(audit.body["data"][0]["fields"], json!([format!("products[{mug}].preferred")]));
    prefer(two, mug, false);
    assert_eq!(preferred(&manager, mug), None);

    // An archived supplier is nobody's preferred one, and is again once it is back, unless its place is taken.
    prefer(one, mug, true);
    manager.delete(&format!("/suppliers/{one}")).expect(204);
    assert_eq!([preferred(&manager, mug), preferred(&manager, pot)], [None; 2]);
    prefer(two, mug, true);
    super::restore(&manager, one).expect(200);
    assert_eq!([preferred(&manager, mug), preferred(&manager, pot)], [Some(two), Some(one)]);
    manager.delete(&path(two, mug)).expect(204);
    assert_eq!(preferred(&manager, mug), None);
    // The database is the last to say so.
    let second =
        format!("UPDATE supplier_products SET preferred_product_id = {pot} WHERE product_id <> {pot}");
    assert!(shop.sql().query_drop(second).is_err());
    manager.offer(two, pot, offer).expect(201);
    let second =
        format!("UPDATE supplier_products SET preferred_product_id = {pot} WHERE product_id = {pot}");
    assert!(shop.sql().query_drop(second).unwrap_err().to_string().contains("one_preferred"));
}

#[test]
fn of_many_who_would_be_preferred_at_once_one_is_and_nobody_fails() {
    const SUPPLIERS: usize = 4;
    let shop = Shop::open();
    let manager = shop.staff();
    let suppliers: Vec<u64> = (0..SUPPLIERS).map(|_| shop.supplier(&manager, 1)).collect();
    let products: Vec<u64> = (0..3).map(|_| shop.product(&manager, 500)).collect();
    for round in 0..5 {
        together(SUPPLIERS, |at| {
            let manager = shop.with_token(manager.token());
            for turn in 0..products.len() {
                let product = products[(at + turn) % products.len()];
                let body = json!({"cost": format!("{round}.{at:02}"), "preferred": true});
                let status = manager.offer(suppliers[at], product, body).status;
                assert!([200, 201].contains(&status), "{status}");
                if at == 0 {
                    shop.guest().client.order(&[(product, 1)]).expect(201);
                    manager.delete(&path(suppliers[at], product)).expect(204);
                }
            }
        });
        for product in &products {
            // None, where the first one was the last to be preferred.
            preferred(&manager, *product);
        }
    }
}
