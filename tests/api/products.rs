//! The catalogue: what staff write into it, how anyone finds it, and what archiving leaves.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::fixtures::NONE;
use crate::harness::Shop;
use crate::paging::{ids_of, walk};

fn path_of(id: u64) -> String {
    format!("/products/{id}")
}

fn mug() -> Value {
    json!({
        "name": "Mug",
        "price": "14.50",
        "sku": "Mug-0042",
        "description": "Holds tea.\nAnd coffee.",
        "category": "Kitchen",
    })
}

/// A mug with this member set to another value, or added.
fn mug_with(name: &str, value: Value) -> Value {
    let mut mug = mug();
    mug[name] = value;
    mug
}

/// Adds a product whose price is written into the body as it stands.
fn create_at(staff: &Client, price: &str) -> Answer {
    let body = format!(r#"{{"name": "Priced", "price": {price}}}"#);
    staff
        .request("POST", "/products")
        .header("Content-Type", "application/json")
        .bytes(body.into_bytes())
        .send()
}

fn found(shop: &Shop, query: &str) -> Vec<u64> {
    ids_of(&shop.anyone().get(&format!("/products?limit=100&{query}")).expect(200))
}

#[test]
fn a_product_reads_back_as_it_was_written() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = mug_with("name", json!("  Mug "));
    body["stock"] = json!(3);
    let created = staff.post("/products", body).expect(201);
    assert_eq!(created.header("Location"), Some(path_of(created.id()).as_str()));
    for (member, value) in mug().as_object().unwrap() {
        assert_eq!(&created.body[member], value, "{member}");
    }
    assert_eq!(created.body["currency"], "EUR");
    assert_eq!(created.body["in_stock"], true);
    let read = shop.anyone().get(&path_of(created.id())).expect(200);
    assert_eq!(read.text, created.text);
    assert_eq!(read.header("Cache-Control"), Some("no-cache"));
    assert_eq!(shop.anyone().get("/products").expect(200).body["data"], json!([created.body]));

    let plain = staff.post("/products", json!({"name": "Plain", "price": 0})).expect(201);
    for empty in ["sku", "description", "category", "shelf", "slug", "archived_at"] {
        assert_eq!(plain.body[empty], Value::Null, "{empty}");
    }
    for empty in ["barcodes", "image_urls"] {
        assert_eq!(plain.body[empty], json!([]), "{empty}");
    }
    assert_eq!(plain.body["price"], "0.00");
    assert_eq!(plain.body["in_stock"], false);
}

#[test]
fn every_bad_field_of_a_product_is_named_and_nothing_is_kept() {
    let shop = Shop::open();
    let staff = shop.staff();
    let refused = |body: Value, bad: &[(&str, &str)]| {
        staff.post("/products", body).expect_bad_fields(bad);
    };
    refused(json!({}), &[("name", "required"), ("price", "required")]);
    let nulls = json!({"name": null, "price": null, "stock": null, "sku": null});
    refused(nulls, &[("name", "required"), ("price", "required"), ("stock", "required")]);
    refused(
        json!({"name": 1, "price": [], "sku": 2, "description": {}, "category": false, "stock": "five", "id": 9}),
        &[
            ("name", "wrong_type"),
            ("price", "wrong_type"),
            ("sku", "wrong_type"),
            ("description", "wrong_type"),
            ("category", "wrong_type"),
            ("stock", "invalid_number"),
            ("id", "unknown_field"),
        ],
    );
    for (field, value, code) in [
        ("name", json!(" "), "blank"),
        ("name", json!("x".repeat(201)), "too_long"),
        ("name", json!("Mug\nTwo"), "line_break"),
        ("sku", json!("MUG\n42"), "line_break"),
        ("sku", json!("M".repeat(65)), "too_long"),
        ("description", json!("x".repeat(32_001)), "too_long"),
        ("description", json!("bell\u{7}"), "control_character"),
        ("category", json!("x".repeat(256)), "too_long"),
        ("stock", json!(-1), "invalid_number"),
        ("stock", json!(1.5), "invalid_number"),
        ("stock", json!(1_000_000_001), "invalid_number"),
    ] {
        refused(mug_with(field, value), &[(field, code)]);
    }
    assert_eq!(found(&shop, ""), NONE);
    let most = json!({
        "name": "é".repeat(200),
        "price": "99999999.99",
        "sku": "M".repeat(64),
        "description": "é".repeat(32_000),
        "category": "é".repeat(255),
        "stock": 1_000_000_000,
    });
    staff.post("/products", most).expect(201);
}

#[test]
fn prices_are_kept_exactly_or_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (written, read) in [
        ("19.99", "19.99"),
        (r#""19.99""#, "19.99"),
        ("0.1", "0.10"),
        ("0", "0.00"),
        (r#""0.00""#, "0.00"),
        ("7", "7.00"),
        (r#""007.5""#, "7.50"),
        ("99999999.99", "99999999.99"),
    ] {
        let created = create_at(&staff, written).expect(201);
        assert_eq!(created.body["price"], read, "{written}");
        assert_eq!(shop.anyone().get(&path_of(created.id())).expect(200).body["price"], read);
    }
    let before = found(&shop, "");
    for (written, code) in [
        ("1e2", "invalid_price"),
        (r#""1e2""#, "invalid_price"),
        ("1E-2", "invalid_price"),
        ("-1", "invalid_price"),
        ("-0", "invalid_price"),
        (r#""-0.01""#, "invalid_price"),
        (r#""+1""#, "invalid_price"),
        (r#""1,50""#, "invalid_price"),
        (r#""1 0""#, "invalid_price"),
        (r#"".5""#, "invalid_price"),
        (r#""5.""#, "invalid_price"),
        (r#""""#, "invalid_price"),
        (r#""NaN""#, "invalid_price"),
        (r#""Infinity""#, "invalid_price"),
        ("19.999", "too_many_decimals"),
        ("19.991", "too_many_decimals"),
        ("19.989999999999999999999999", "too_many_decimals"),
        ("100000000", "too_large"),
        ("99999999999999999999999999", "too_large"),
        ("true", "wrong_type"),
        ("[1]", "wrong_type"),
        ("null", "required"),
    ] {
        create_at(&staff, written).expect_bad_fields(&[("price", code)]);
    }
    create_at(&staff, "NaN").expect_problem(400, "malformed_json");
    create_at(&staff, "01").expect_problem(400, "malformed_json");
    assert_eq!(found(&shop, ""), before);
}

#[test]
fn prices_have_the_decimals_of_the_shops_currency() {
    let yen = Shop::open_with(&[("STOREKEEPER_CURRENCY", "JPY")]);
    let staff = yen.staff();
    let tea = create_at(&staff, "1200").expect(201);
    assert_eq!((&tea.body["price"], &tea.body["currency"]), (&json!("1200"), &json!("JPY")));
    create_at(&staff, "1200.5").expect_bad_fields(&[("price", "too_many_decimals")]);
    assert_eq!(found(&yen, "min_price=1200&max_price=1200"), [tea.id()]);
    assert_eq!(found(&yen, "min_price=1201"), NONE);
    yen.anyone().get("/products?min_price=1.5").expect_bad_fields(&[("min_price", "too_many_decimals")]);

    let dinar = Shop::open_with(&[("STOREKEEPER_CURRENCY", "KWD")]);
    let staff = dinar.staff();
    assert_eq!(create_at(&staff, "1.234").expect(201).body["price"], "1.234");
    assert_eq!(create_at(&staff, r#""1.2""#).expect(201).body["price"], "1.200");
    create_at(&staff, "1.2345").expect_bad_fields(&[("price", "too_many_decimals")]);
}

#[test]
fn put_clears_what_is_left_out_and_patch_keeps_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = mug();
    body["stock"] = json!(2);
    let created = staff.post("/products", body).expect(201);
    let path = path_of(created.id());

    let patched = staff.patch(&path, json!({"price": 15, "category": null})).expect(200);
    assert_eq!(shop.anyone().get(&path).expect(200).text, patched.text);
    let mut expected = created.body.clone();
    expected["price"] = json!("15.00");
    expected["category"] = Value::Null;
    expected["updated_at"] = patched.body["updated_at"].clone();
    assert_eq!(patched.body, expected);
    assert!(patched.body["updated_at"].as_str() > created.body["updated_at"].as_str());

    let replaced = staff.put(&path, json!({"name": "Cup", "price": "9.00"})).expect(200);
    assert_eq!(shop.anyone().get(&path).expect(200).text, replaced.text);
    assert_eq!((&replaced.body["name"], &replaced.body["price"]), (&json!("Cup"), &json!("9.00")));
    for cleared in ["sku", "description", "category"] {
        assert_eq!(replaced.body[cleared], Value::Null, "{cleared}");
    }
    assert_eq!(replaced.body["in_stock"], true);
    assert_eq!(replaced.body["created_at"], created.body["created_at"]);

    staff.put(&path, json!({"sku": "CUP"})).expect_bad_fields(&[("name", "required"), ("price", "required")]);
    let bad = json!({"name": null, "price": null, "sku": "a\nb", "stock": 7});
    let named =
        [("name", "required"), ("price", "required"), ("sku", "line_break"), ("stock", "unknown_field")];
    staff.patch(&path, bad.clone()).expect_bad_fields(&named);
    staff.put(&path, bad).expect_bad_fields(&named);
    assert_eq!(shop.anyone().get(&path).expect(200).text, replaced.text);
}

#[test]
fn skus_are_unique_whatever_their_case_and_may_be_left_out() {
    let shop = Shop::open();
    let staff = shop.staff();
    let first = staff.post("/products", mug()).expect(201);
    for taken in ["Mug-0042", "MUG-0042", " mug-0042 "] {
        let refused = staff.post("/products", mug_with("sku", json!(taken))).expect_problem(409, "sku_taken");
        assert_eq!(refused.body["errors"][0]["field"], "sku");
    }
    let others = [json!({"name": "A", "price": 1}), json!({"name": "B", "price": 1, "sku": null})];
    let [second, third] = others.map(|body| staff.post("/products", body).expect(201).id());
    staff.patch(&path_of(second), json!({"sku": "mUG-0042"})).expect_problem(409, "sku_taken");
    staff.put(&path_of(third), mug()).expect_problem(409, "sku_taken");
    assert_eq!(found(&shop, "q=mug"), [first.id()]);

    staff.patch(&path_of(first.id()), json!({"sku": "MUG-0042"})).expect(200);
    staff.patch(&path_of(first.id()), json!({"sku": null})).expect(200);
    assert_eq!(staff.patch(&path_of(second), json!({"sku": "mug-0042"})).expect(200).body["sku"], "mug-0042");
}

#[test]
fn anyone_reads_the_catalogue_and_only_staff_change_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = staff.post("/products", mug()).expect(201);
    let path = path_of(product.id());
    let tries = [
        ("POST", "/products", mug()),
        ("PUT", path.as_str(), mug()),
        ("PATCH", path.as_str(), json!({"price": "1"})),
        ("DELETE", path.as_str(), Value::Null),
    ];
    for (method, path, body) in tries {
        shop.anyone().call(method, path, &body).expect_problem(401, "unauthenticated");
        guest.client.call(method, path, &body).expect_problem(403, "forbidden");
        if method != "POST" {
            staff.call(method, &path_of(999_999), &body).expect_problem(404, "not_found");
        }
    }
    for client in [&shop.anyone(), &guest.client, &staff] {
        assert_eq!(client.get(&path).expect(200).text, product.text);
        assert_eq!(ids_of(&client.get("/products").expect(200)), [product.id()]);
        client.get(&path_of(999_999)).expect_problem(404, "not_found");
    }
}

#[test]
fn every_filter_narrows_the_list() {
    let shop = Shop::open();
    let staff = shop.staff();
    let add = |name: &str, price: &str, sku: &str, category: Value, stock: i64| {
        let body = json!({"name": name, "price": price, "sku": sku, "category": category, "stock": stock});
        staff.post("/products", body).expect(201).id()
    };
    let mug = add("Blue Mug", "5.00", "KIT-1", json!("Kitchen"), 2);
    let pan = add("Pan", "20.00", "KIT_2", json!("Kitchen"), 0);
    let sale = add("Towel 50% off", "9.99", "BATH-1", json!("Bath"), 1);
    let slash = add(r"Back\slash", "10.00", "X-1", Value::Null, 0);
    assert_eq!(found(&shop, ""), [mug, pan, sale, slash]);

    assert_eq!(found(&shop, "q=mug"), [mug]);
    assert_eq!(found(&shop, "q=Blue+MUG"), [mug]);
    assert_eq!(found(&shop, "q=kit"), [mug, pan]);
    assert_eq!(found(&shop, "q=-1"), [mug, sale, slash]);
    assert_eq!(found(&shop, "q=%25"), [sale]);
    assert_eq!(found(&shop, "q=50%25%20o"), [sale]);
    assert_eq!(found(&shop, "q=_"), [pan]);
    assert_eq!(found(&shop, "q=%5C"), [slash]);
    assert_eq!(found(&shop, "q=%5C%25"), NONE);
    assert_eq!(found(&shop, "q=%27%20OR%201%3D1"), NONE);

    assert_eq!(found(&shop, "category=Kitchen"), [mug, pan]);
    assert_eq!(found(&shop, "category=Kitch"), NONE);
    assert_eq!(found(&shop, "category=%25"), NONE);
    assert_eq!(found(&shop, "min_price=9.99"), [pan, sale, slash]);
    assert_eq!(found(&shop, "max_price=9.99"), [mug, sale]);
    assert_eq!(found(&shop, "min_price=9.99&max_price=10"), [sale, slash]);
    assert_eq!(found(&shop, "min_price=10&max_price=9.99"), NONE);
    assert_eq!(found(&shop, "in_stock=true"), [mug, sale]);
    assert_eq!(found(&shop, "in_stock=false"), [pan, slash]);
    assert_eq!(found(&shop, "category=Kitchen&in_stock=true&q=mug&max_price=5.00&sort=-price"), [mug]);

    let guest = shop.guest();
    guest.client.order(&[(mug, 2)]).expect(201);
    assert_eq!(found(&shop, "in_stock=true"), [sale]);
    assert_eq!(shop.anyone().get(&path_of(mug)).expect(200).body["in_stock"], false);
}

#[test]
fn every_bad_filter_is_named() {
    let shop = Shop::open();
    let refused = |query: &str, bad: &[(&str, &str)]| {
        shop.anyone().get(&format!("/products?{query}")).expect_bad_fields(bad);
    };
    refused(
        "q=%CC%81&category=%07&min_price=-1&max_price=1e2&in_stock=yes&sort=stock&colour=red",
        &[
            ("q", "blank"),
            ("category", "control_character"),
            ("min_price", "invalid_price"),
            ("max_price", "invalid_price"),
            ("in_stock", "invalid_boolean"),
            ("sort", "invalid_sort"),
            ("colour", "unknown_field"),
        ],
    );
    refused("q=mug&q=cup", &[("q", "repeated")]);
    refused(&format!("q={}", "x".repeat(256)), &[("q", "too_long")]);
    refused("min_price=1.001", &[("min_price", "too_many_decimals")]);
    refused("sort=-", &[("sort", "invalid_sort")]);
    shop.anyone().get("/products?q=%ff").expect_problem(400, "invalid_utf8");
}

#[test]
fn every_sort_walks_all_products_once_across_ties() {
    let shop = Shop::open();
    let staff = shop.staff();
    let goods = [
        ("mug", 500),
        ("Mug", 1000),
        ("bowl", 500),
        ("MUG", 500),
        ("a/b", 0),
        ("pan", 1000),
        ("mug", 500),
        ("zebra mug", 99_999),
        ("bowl", 1000),
    ];
    let products = goods.map(|(name, minor)| {
        let price = format!("{}.{:02}", minor / 100, minor % 100);
        (
            staff.post("/products", json!({"name": name, "price": price})).expect(201).id(),
            name.to_lowercase(),
            minor,
        )
    });
    /// Its id, its name in lower case, its price.
    type Listed = (u64, String, i64);
    let sorted_by = |key: &dyn Fn(&Listed) -> (String, i64)| {
        let mut sorted = products.to_vec();
        sorted.sort_by_key(|product| (key(product), product.0));
        sorted.iter().map(|product| product.0).collect::<Vec<u64>>()
    };
    let by_id = sorted_by(&|_| (String::new(), 0));
    let by_name = sorted_by(&|(_, name, _)| (name.clone(), 0));
    let by_price = sorted_by(&|(_, _, minor)| (String::new(), *minor));
    for (sort, ascending) in [("id", by_id), ("name", by_name), ("price", by_price)] {
        let descending: Vec<u64> = ascending.iter().rev().copied().collect();
        for limit in [1, 2, 3, 9, 10] {
            assert_eq!(
                walk(&shop.anyone(), &format!("/products?sort={sort}"), limit),
                ascending,
                "{sort} by {limit}"
            );
            let down = walk(&shop.anyone(), &format!("/products?sort=-{sort}"), limit);
            assert_eq!(down, descending, "-{sort} by {limit}");
        }
    }
    let mugs = found(&shop, "q=mug&max_price=5.00&sort=-name");
    assert_eq!(mugs.len(), 3);
    assert_eq!(walk(&shop.anyone(), "/products?q=mug&max_price=5.00&sort=-name", 1), mugs);
}

#[test]
fn names_in_any_script_are_sorted_and_walked_like_others() {
    let shop = Shop::open();
    let staff = shop.staff();
    for name in ["Äpfel", "apfel", "Ω", "日本酒", "🍎", "🍐", "Apfel", "ß", "ss", "O'Neill / 100%"]
    {
        staff.post("/products", json!({"name": name, "price": 1})).expect(201);
    }
    for sort in ["name", "-name"] {
        let whole = found(&shop, &format!("sort={sort}"));
        assert_eq!(whole.len(), 10);
        assert_eq!(walk(&shop.anyone(), &format!("/products?sort={sort}"), 1), whole);
        assert_eq!(walk(&shop.anyone(), &format!("/products?sort={sort}"), 4), whole);
    }
}

#[test]
fn a_category_is_found_exactly_as_it_is_spelt() {
    let shop = Shop::open();
    let staff = shop.staff();
    let categories = ["🍎", "🍌", "𠮷", "Groß", "GROSS", "gross", "Grün", "Grun"];
    let in_category = |category: &&str| {
        let body = json!({"name": "Good", "price": 1, "category": category});
        staff.post("/products", body).expect(201).id()
    };
    let products: Vec<u64> = categories.iter().map(in_category).collect();
    for (category, product) in categories.iter().zip(products) {
        let encoded: String = category.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(found(&shop, &format!("category={encoded}")), [product], "{category}");
    }
}

#[test]
fn an_archived_product_is_gone_and_its_sku_is_free() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = staff.post("/products", mug()).expect(201).id();
    let kept = shop.product(&staff, 1);
    let path = path_of(product);
    let deleted = staff.delete(&path).expect(204);
    assert_eq!(deleted.text, "");
    for (method, body) in
        [("GET", Value::Null), ("PUT", mug()), ("PATCH", json!({"price": 1})), ("DELETE", Value::Null)]
    {
        staff.call(method, &path, &body).expect_problem(404, "not_found");
    }
    assert_eq!(found(&shop, ""), [kept]);
    assert_eq!(found(&shop, "q=mug-0042"), NONE);

    let again = staff.post("/products", mug()).expect(201).id();
    assert_ne!(again, product);
    assert_eq!(found(&shop, "q=mug-0042"), [again]);
    staff.delete(&path_of(again)).expect(204);
    staff.post("/products", mug()).expect(201);
}

#[test]
fn orders_that_hold_an_archived_product_still_read_and_ship() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product =
        staff.post("/products", json!({"name": "Mug", "price": "14.50", "stock": 5})).expect(201).id();
    let order = guest.client.order(&[(product, 2)]).expect(201);
    let path = format!("/orders/{}", order.id());
    staff.delete(&path_of(product)).expect(204);

    assert_eq!(guest.client.get(&path).expect(200).text, order.text);
    let refused = guest.client.order(&[(product, 1)]);
    refused.expect_bad_fields(&[("items[0].product_id", "unknown_product")]);
    staff.post(&format!("{path}/ship"), json!({})).expect(200);
    let delivered = staff.post(&format!("{path}/deliver"), json!({})).expect(200);
    assert_eq!(delivered.body["items"], order.body["items"]);
    assert_eq!(delivered.body["items"][0]["name"], "Mug");
}

#[test]
fn the_shelf_starts_with_the_stock_that_was_stated() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 3);
    let short = guest.client.order(&[(product, 4)]).expect_problem(409, "out_of_stock");
    assert_eq!(short.body["products"][0]["available"], 3);
    guest.client.order(&[(product, 3)]).expect(201);

    let staff_account = staff.get("/sessions/current").expect(200).body["account_id"].as_u64();
    shop.product(&staff, 0);
    let movements: Vec<(u64, i64, String, Option<u64>)> =
        shop.sql().query("SELECT product_id, delta, reason, actor_account_id FROM stock_movements").unwrap();
    assert_eq!(movements, [(product, 3, "initial".to_owned(), staff_account)]);
}
