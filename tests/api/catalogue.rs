//! What names one product (SKU, slug, barcodes) and how it is found by it; images and shelves; categories; and
//! the way back from the archive.

use std::sync::Barrier;
use std::thread;

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::fixtures::{NONE, gtin, unique};
use crate::harness::Shop;
use crate::paging::{ids_of, walk};

const EAN: &str = "4006381333931";

fn named(name: &str) -> Value {
    json!({"name": name, "price": "1.00"})
}

fn with(name: &str, field: &str, value: Value) -> Value {
    let mut body = named(name);
    body[field] = value;
    body
}

fn add(staff: &Client, body: Value) -> u64 {
    staff.post("/products", body).expect(201).id()
}

fn path(id: u64) -> String {
    format!("/products/{id}")
}

fn restore(staff: &Client, id: u64) -> Answer {
    staff.post(&format!("/products/{id}/restore"), json!({}))
}

fn found(client: &Client, query: &str) -> Vec<u64> {
    ids_of(&client.get(&format!("/products?{query}")).expect(200))
}

/// A refusal that names the product that has it already.
#[track_caller]
fn expect_taken(answer: Answer, code: &str, fields: &[&str], owner: (u64, &str)) {
    let answer = answer.expect_problem(409, code);
    let named: Vec<&Value> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(named, fields, "{}", answer.text);
    assert_eq!(answer.body["product"], json!({"id": owner.0, "name": owner.1}));
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("Product {}, {},", owner.0, owner.1)), "{detail}");
}

#[test]
fn what_a_shop_knows_of_a_product_reads_back_and_is_cleared() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = named("Mug");
    let all = json!({
        "barcodes": [{"code": EAN, "units": 1}, {"code": "14006381333938", "units": 12}],
        "shelf": "A3, above the teapots",
        "image_urls": ["https://shop.example/mug.jpg", "http://münchen.example/krug?size=2#top"],
        "slug": "Stoneware-Mug",
    });
    body.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
    body["barcodes"][0] = json!({"code": " 4006381-333931 "});
    let created = staff.post("/products", body.clone()).expect(201);
    for (field, value) in all.as_object().unwrap() {
        assert_eq!(&created.body[field], value, "{field}");
    }
    let id = created.id();
    assert_eq!(shop.anyone().get(&path(id)).expect(200).text, created.text);
    assert_eq!(shop.anyone().get("/products").expect(200).body["data"], json!([created.body]));

    let cheaper = staff.patch(&path(id), json!({"price": "0.90"})).expect(200);
    for (field, value) in all.as_object().unwrap() {
        assert_eq!(&cheaper.body[field], value, "{field} is kept");
    }
    for (field, cleared) in
        [("barcodes", json!([])), ("image_urls", json!([])), ("shelf", Value::Null), ("slug", Value::Null)]
    {
        let empty = staff.patch(&path(id), json!({field: null})).expect(200);
        assert_eq!(empty.body[field], cleared, "{field}");
        assert_eq!(shop.anyone().get(&path(id)).expect(200).text, empty.text);
    }
    staff.put(&path(id), body).expect(200);
    let bare = staff.put(&path(id), named("Mug")).expect(200);
    assert_eq!(
        [&bare.body["barcodes"], &bare.body["image_urls"], &bare.body["slug"], &bare.body["shelf"]],
        [&json!([]), &json!([]), &Value::Null, &Value::Null]
    );
    assert_eq!(found(&staff, &format!("barcode={EAN}")), NONE);
    assert_eq!(shop.sql().query_first("SELECT COUNT(*) FROM product_barcodes").unwrap(), Some(0));
}

#[test]
fn every_bad_barcode_address_and_slug_is_named() {
    let shop = Shop::open();
    let staff = shop.staff();
    let refused = |field: &str, value: Value, bad: &[(&str, &str)]| {
        staff.post("/products", with("Mug", field, value)).expect_bad_fields(bad);
    };
    refused("barcodes", json!(EAN), &[("barcodes", "wrong_type")]);
    refused("barcodes", json!([EAN]), &[("barcodes[0]", "wrong_type")]);
    refused("barcodes", json!({"code": EAN}), &[("barcodes", "wrong_type")]);
    refused(
        "barcodes",
        json!([{"code": EAN}, {"code": "4006381333932"}, {"units": 0, "unit": 1}, {"code": 4006381333931_u64}]),
        &[
            ("barcodes[1].code", "wrong_check_digit"),
            ("barcodes[2].code", "required"),
            ("barcodes[2].units", "invalid_number"),
            ("barcodes[2].unit", "unknown_field"),
            ("barcodes[3].code", "wrong_type"),
        ],
    );
    for units in [json!(0), json!(-1), json!(1.5), json!("six"), json!(100_001)] {
        let barcodes = json!([{"code": EAN, "units": units}]);
        refused("barcodes", barcodes, &[("barcodes[0].units", "invalid_number")]);
    }
    // One number, as UPC-A, as EAN-13 and as GTIN-14.
    let thrice = json!([{"code": "036000291452"}, {"code": "0036000291452"}, {"code": "00036000291452"}]);
    refused(
        "barcodes",
        thrice,
        &[("barcodes[1].code", "appears_twice"), ("barcodes[2].code", "appears_twice")],
    );
    let many: Vec<Value> = (0..21).map(|number| json!({"code": gtin(&number.to_string())})).collect();
    refused("barcodes", json!(many), &[("barcodes", "invalid_length")]);
    add(&staff, with("Mug", "barcodes", json!(many[..20])));

    let js = "javascript:alert(1)";
    let urls = json!(["https://shop.example/a", js, 7, "https://shop.example/\"x"]);
    refused(
        "image_urls",
        urls,
        &[
            ("image_urls[1]", "invalid_url"),
            ("image_urls[2]", "wrong_type"),
            ("image_urls[3]", "invalid_url"),
        ],
    );
    let long = format!("https://shop.example/{}", "x".repeat(1979));
    assert_eq!(long.len(), 2000);
    refused("image_urls", json!([format!("{long}x")]), &[("image_urls[0]", "too_long")]);
    refused("image_urls", json!(vec![&long; 11]), &[("image_urls", "invalid_length")]);
    refused("image_urls", json!(long), &[("image_urls", "wrong_type")]);
    let most = staff.post("/products", with("Mug", "image_urls", json!(vec![&long; 10]))).expect(201);
    assert_eq!(shop.anyone().get(&path(most.id())).expect(200).text, most.text);

    for slug in ["a b", "a/b", "a?b", "a\u{feff}b", "a&b"] {
        refused("slug", json!(slug), &[("slug", "invalid_slug")]);
    }
    refused("shelf", json!("A\n3"), &[("shelf", "line_break")]);
    for slug in ["t-shirt", "Größe_2", "किताब", "caf%C3%A9"] {
        assert_eq!(staff.post("/products", with("Mug", "slug", json!(slug))).expect(201).body["slug"], slug);
    }
}

#[test]
fn a_scan_finds_one_product_in_whatever_length_the_scanner_sends() {
    let shop = Shop::open();
    let staff = shop.staff();
    let upc = add(&staff, with("Soap", "barcodes", json!([{"code": "036000291452"}])));
    let pack = json!([{"code": EAN}, {"code": "14006381333938", "units": 12}]);
    let mug = add(&staff, with("Mug", "barcodes", pack));
    let anyone = shop.anyone();
    for code in ["036000291452", "0036000291452", "00036000291452", "0-36000-29145-2"] {
        assert_eq!(found(&anyone, &format!("barcode={code}")), [upc], "{code}");
    }
    for code in [EAN, "14006381333938"] {
        assert_eq!(found(&anyone, &format!("barcode={code}")), [mug], "{code}");
    }
    assert_eq!(found(&anyone, "barcode=96385074"), NONE);
    assert_eq!(found(&anyone, &format!("barcode={EAN}&in_stock=true")), NONE);
    anyone.get("/products?barcode=4006381333932").expect_bad_fields(&[("barcode", "wrong_check_digit")]);
    anyone.get("/products?barcode=123").expect_bad_fields(&[("barcode", "invalid_barcode")]);
}

#[test]
fn a_barcode_is_found_among_the_words_too_and_in_the_archive() {
    let shop = Shop::open();
    let staff = shop.staff();
    let soap = add(&staff, with("Soap", "barcodes", json!([{"code": "036000291452"}])));
    let book = add(&staff, with("Field guide", "barcodes", json!([{"code": "9783161484100"}])));
    let named_so = add(&staff, with("Other", "sku", json!("978-3-16-148410-0")));
    for (q, expected) in [
        ("036000291452", vec![soap]),
        ("0036000291452", vec![soap]),
        ("0-36000-29145-2", vec![soap]),
        ("soap+29145", vec![soap]),
        ("guide+29145", vec![]),
        ("9783161484100", vec![book]),
        ("978-3-16-148410-0", vec![book, named_so]),
        ("978+3161484100", vec![book]),
        ("%EF%BC%99%EF%BC%97%EF%BC%983161484100", vec![book]),
        ("978-3-16-148410-1", vec![]),
    ] {
        for sort in ["id", "name", "-price"] {
            let mut ids = found(&staff, &format!("q={q}&sort={sort}"));
            ids.sort_unstable();
            assert_eq!(ids, expected, "{q} {sort}");
        }
        let list = staff.get(&format!("/stock?q={q}")).expect(200);
        let ids: Vec<u64> = list.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| one["product_id"].as_u64())
            .collect();
        assert_eq!(ids, expected, "{q} in stock");
    }
    staff.patch(&path(soap), json!({"barcodes": [{"code": "96385074"}]})).expect(200);
    assert_eq!(found(&staff, "q=036000291452"), NONE);
    assert_eq!(found(&staff, "q=96385074"), [soap]);
    staff.delete(&path(soap)).expect(204);
    assert_eq!(found(&staff, "q=96385074"), NONE);
    for sort in ["id", "-id", "name", "-price"] {
        assert_eq!(found(&staff, &format!("archived=true&q=96385074&sort={sort}")), [soap], "{sort}");
    }
    restore(&staff, soap).expect(200);
    assert_eq!(found(&staff, "q=96385074"), [soap]);
}

#[test]
fn a_sku_or_slug_finds_its_product_whatever_the_case() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = with("Mug", "sku", json!("Mug-0042"));
    body["slug"] = json!("Der-Krug");
    let mug = add(&staff, body);
    add(&staff, with("Other", "sku", json!("MUG-00421")));
    let anyone = shop.anyone();
    for query in
        ["sku=mug-0042", "sku=MUG-0042", "slug=der-krug", "slug=DER-KRUG", "sku=MUG-0042&slug=der-krug"]
    {
        for sort in ["id", "-id", "name", "-name", "price", "-price"] {
            assert_eq!(found(&anyone, &format!("{query}&sort={sort}")), [mug], "{query} {sort}");
        }
    }
    assert_eq!(found(&anyone, "sku=mug"), NONE, "it is no search");
    assert_eq!(found(&anyone, "slug=krug"), NONE);
    assert_eq!(found(&anyone, "sku=MUG-00421&slug=der-krug"), NONE);
}

#[test]
fn a_basket_is_read_with_one_request() {
    let shop = Shop::open();
    let staff = shop.staff();
    let all: Vec<u64> =
        (0..30).map(|number| add(&staff, named(&format!("Mug {:02}", 99 - number)))).collect();
    staff.delete(&path(all[3])).expect(204);
    let anyone = shop.anyone();
    let ids = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    // More than a page has otherwise, once each, and only what is there.
    let mut wanted = all.clone();
    wanted.extend([all[5], 999_999]);
    let there: Vec<u64> = all.iter().copied().filter(|id| *id != all[3]).collect();
    let page = anyone.get(&format!("/products?ids={}", ids(&wanted))).expect(200);
    assert_eq!((ids_of(&page), &page.body["next"]), (there.clone(), &Value::Null));
    let backwards: Vec<u64> = there.iter().rev().copied().collect();
    for sort in ["name", "-id"] {
        assert_eq!(found(&anyone, &format!("ids={}&sort={sort}", ids(&all))), backwards, "{sort}");
    }
    assert_eq!(walk(&anyone, &format!("/products?ids={}", ids(&all)), 7), there);
    assert_eq!(found(&anyone, &format!("ids={}&q=Mug+99", ids(&all))), [all[0]]);
    assert_eq!(found(&anyone, &format!("ids={},+{}", all[0], all[1])), [all[0], all[1]]);
    assert_eq!(found(&anyone, "ids=999999"), NONE);
    let hundred = ids(&(1..=100).collect::<Vec<u64>>());
    assert_eq!(found(&anyone, &format!("ids={hundred}")), there);
    for bad in
        ["", ",", "1,", "a", "1;2", "0", "-1", "1.5", "01", &format!("{hundred},101"), "9223372036854775808"]
    {
        anyone.get(&format!("/products?ids={bad}")).expect_bad_fields(&[("ids", "invalid_ids")]);
    }
}

#[test]
fn what_names_a_product_belongs_to_one_and_the_refusal_says_to_which() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = with("Mug", "sku", json!("MUG-1"));
    body["slug"] = json!("mug");
    body["barcodes"] = json!([{"code": "036000291452"}, {"code": "14006381333938", "units": 12}]);
    let mug = add(&staff, body.clone());
    let pot = add(&staff, with("Pot", "barcodes", json!([{"code": EAN}])));
    let other = add(&staff, named("Other"));
    let before = staff.get(&path(other)).expect(200).text;
    let change = |body: Value| staff.patch(&path(other), body);
    expect_taken(change(json!({"sku": "mug-1"})), "sku_taken", &["sku"], (mug, "Mug"));
    expect_taken(change(json!({"slug": "MUG"})), "slug_taken", &["slug"], (mug, "Mug"));
    let both = json!([{"code": gtin("5")}, {"code": "0036000291452"}, {"code": "14006381333938"}]);
    let fields = ["barcodes[1].code", "barcodes[2].code"];
    expect_taken(change(json!({"barcodes": both})), "barcode_taken", &fields, (mug, "Mug"));
    expect_taken(
        staff.post("/products", with("New", "slug", json!("Mug"))),
        "slug_taken",
        &["slug"],
        (mug, "Mug"),
    );
    let new = staff.post("/products", with("New", "barcodes", json!([{"code": EAN}])));
    expect_taken(new, "barcode_taken", &["barcodes[0].code"], (pot, "Pot"));
    expect_taken(staff.put(&path(other), body.clone()), "sku_taken", &["sku"], (mug, "Mug"));
    assert_eq!(staff.get(&path(other)).expect(200).text, before);
    assert_eq!(found(&staff, &format!("barcode={}", gtin("5"))), NONE, "nothing of it is kept");

    // Its own codes are no hindrance, in another form and order neither.
    body["barcodes"] = json!([{"code": "14006381333938", "units": 6}, {"code": "0036000291452"}]);
    assert_eq!(staff.put(&path(mug), body.clone()).expect(200).body["barcodes"][0]["units"], 6);
    // Given up, they are free.
    staff.patch(&path(mug), json!({"barcodes": [{"code": "14006381333938"}], "slug": null})).expect(200);
    change(json!({"barcodes": [{"code": "036000291452"}], "slug": "mug"})).expect(200);
    assert_eq!(found(&staff, "barcode=036000291452"), [other]);
}

#[test]
fn of_many_that_want_a_barcode_at_once_exactly_one_gets_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..6).map(|_| shop.product(&staff, 0)).collect();
    let together = Barrier::new(12);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let (shop, staff, together) = (&shop, &staff, &together);
        let new = (0..6).map(|_| {
            scope.spawn(move || {
                let client = shop.with_token(staff.token());
                together.wait();
                client.post("/products", with("New", "barcodes", json!([{"code": gtin("1")}, {"code": EAN}])))
            })
        });
        let changed = products.iter().map(|id| {
            scope.spawn(move || {
                let client = shop.with_token(staff.token());
                together.wait();
                client.patch(&path(*id), json!({"barcodes": [{"code": EAN}, {"code": gtin("2")}]}))
            })
        });
        let tries: Vec<_> = new.chain(changed).collect();
        tries.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status < 300).collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|answer| answer.status >= 300) {
        assert_eq!((lost.status, &lost.body["code"]), (409, &json!("barcode_taken")), "{}", lost.text);
    }
    assert_eq!(found(&staff, &format!("barcode={EAN}")), [won[0].id()]);
}

#[test]
fn an_archived_product_is_listed_for_staff_and_restored_with_all_it_had() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut body = with("Mug", "sku", json!("MUG-1"));
    body["slug"] = json!("mug");
    body["barcodes"] = json!([{"code": EAN}]);
    body["stock"] = json!(4);
    let mug = staff.post("/products", body).expect(201);
    let kept = shop.product(&staff, 1);
    staff.delete(&path(mug.id())).expect(204);
    for query in ["sku=MUG-1", "slug=mug", &format!("barcode={EAN}"), &format!("ids={}", mug.id()), "q=mug"] {
        assert_eq!(found(&shop.anyone(), query), NONE, "{query}");
    }
    let list = staff.get("/products?archived=true").expect(200);
    assert_eq!(ids_of(&list), [mug.id()]);
    let archived = &list.body["data"][0];
    assert!(archived["archived_at"].is_string());
    assert_eq!((&archived["sku"], &archived["barcodes"]), (&mug.body["sku"], &mug.body["barcodes"]));
    assert_eq!(found(&staff, &format!("archived=true&ids={},{kept}", mug.id())), [mug.id()]);
    assert_eq!(found(&staff, "archived=true&q=MUG-1&sort=name"), [mug.id()]);
    assert_eq!(found(&staff, "archived=false"), [kept]);
    for client in [shop.anyone(), shop.guest().client] {
        client.get("/products?archived=true").expect_problem(403, "forbidden");
        assert_eq!(found(&client, "archived=false"), [kept]);
    }
    let bad = [("sku", "not_with_archived"), ("barcode", "not_with_archived")];
    staff.get(&format!("/products?archived=true&sku=MUG-1&barcode={EAN}")).expect_bad_fields(&bad);
    staff.get("/products?archived=yes").expect_bad_fields(&[("archived", "invalid_boolean")]);

    let restored = restore(&staff, mug.id()).expect(200);
    let mut expected = mug.body.clone();
    expected["updated_at"] = restored.body["updated_at"].clone();
    assert_eq!(restored.body, expected);
    assert_eq!(shop.anyone().get(&path(mug.id())).expect(200).text, restored.text);
    for query in ["sku=MUG-1", "slug=mug", &format!("barcode={EAN}"), "q=mug"] {
        assert_eq!(found(&shop.anyone(), query), [mug.id()], "{query}");
    }
    assert_eq!(found(&staff, "archived=true"), NONE);
    shop.guest().client.order(&[(mug.id(), 4)]).expect(201);
    // There already, it stays as it is, but for its last unit, which is sold.
    assert_eq!(restore(&staff, mug.id()).expect(200).body["updated_at"], restored.body["updated_at"]);
    restore(&staff, 999_999).expect_problem(404, "not_found");
    let with_words = staff.post(&format!("/products/{}/restore", mug.id()), json!({"why": "asked for"}));
    with_words.expect_bad_fields(&[("why", "unknown_field")]);
}

#[test]
fn what_an_archived_product_was_named_by_may_belong_to_another_by_now() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (field, code, named_field, value) in [
        ("sku", "sku_taken", "sku", json!("MUG-1")),
        ("slug", "slug_taken", "slug", json!("mug")),
        ("barcodes", "barcode_taken", "barcodes[0].code", json!([{"code": EAN}])),
    ] {
        let old = add(&staff, with("Old mug", field, value.clone()));
        staff.delete(&path(old)).expect(204);
        let name = unique("New mug");
        let new = add(&staff, with(&name, field, value.clone()));
        for _ in 0..2 {
            expect_taken(restore(&staff, old), code, &[named_field], (new, &name));
        }
        assert_eq!(found(&staff, "archived=true"), [old], "nothing is changed");
        staff.patch(&path(new), json!({field: null})).expect(200);
        assert_eq!(restore(&staff, old).expect(200).body[field][0]["code"], value[0]["code"], "{field}");
        for id in [old, new] {
            staff.delete(&path(id)).expect(204);
            restore(&staff, id).expect(200);
        }
        staff.patch(&path(old), json!({field: null})).expect(200);
    }
}

#[test]
fn the_stock_of_an_archived_product_stays_until_it_is_written_off() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (left, promised, empty) = (shop.product(&staff, 4), shop.product(&staff, 2), shop.product(&staff, 0));
    let kept = shop.product(&staff, 7);
    let order = shop.guest().client.order(&[(promised, 2)]).expect(201).id();
    for id in [left, promised, empty] {
        staff.delete(&path(id)).expect(204);
    }
    let listed = |query: &str| {
        let list = staff.get(&format!("/stock?{query}")).expect(200);
        let stock = list.body["data"].as_array().unwrap().clone();
        stock
            .iter()
            .map(|one| (one["product_id"].as_u64().unwrap(), one["on_hand"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("archived=true"), [(left, 4), (promised, 2)]);
    assert_eq!(listed(""), [(kept, 7)]);
    assert_eq!(listed("archived=false"), [(kept, 7)]);
    assert_eq!(listed("archived=true&out_of_stock=true"), [(promised, 2)]);
    let name = staff.get(&format!("/products/{left}/stock")).expect(200).body["name"]
        .as_str()
        .unwrap()
        .replace(' ', "+");
    for more in ["", "&below_threshold=false", "&limit=1"] {
        assert_eq!(listed(&format!("archived=true&q={name}{more}")), [(left, 4)], "{more}");
        assert_eq!(listed(&format!("q={name}{more}")), []);
    }
    assert_eq!(listed("archived=true&limit=1"), [(left, 4)]);
    staff.post(&format!("/orders/{order}/ship"), json!({})).expect(200);
    assert_eq!(listed("archived=true"), [(left, 4)]);
    let movements = format!("/products/{left}/stock/movements");
    staff.post(&movements, json!({"delta": -1, "reason": "damaged"})).expect(201);
    assert_eq!(listed("archived=true"), [(left, 3)]);
    staff.post(&movements, json!({"delta": -3, "reason": "lost", "note": "Given away."})).expect(201);
    assert_eq!(listed("archived=true"), []);
    restore(&staff, left).expect(200);
    assert_eq!(listed(""), [(left, 0), (kept, 7)]);
}

#[test]
fn categories_are_listed_with_how_many_products_they_have() {
    let shop = Shop::open();
    let staff = shop.staff();
    let anyone = shop.anyone();
    let list = |query: &str| anyone.get(&format!("/categories?{query}")).expect(200).body;
    assert_eq!(list(""), json!({"data": [], "next": null}));
    let in_category = |category: &str| add(&staff, with("Good", "category", json!(category)));
    for category in ["Kitchen", "Kitchen", "Groß", "GROSS", "🍎", "🍌", "Kitchen"] {
        in_category(category);
    }
    add(&staff, named("Without"));
    let archived = in_category("Kitchen");
    let gone = in_category("Gone");
    for id in [archived, gone] {
        staff.delete(&path(id)).expect(204);
    }
    let expected: Vec<(&str, i64)> = vec![("GROSS", 1), ("Groß", 1), ("Kitchen", 3), ("🍌", 1), ("🍎", 1)];
    let expected: Vec<Value> = expected
        .into_iter()
        .map(|(category, products)| json!({"category": category, "products": products}))
        .collect();
    assert_eq!(list(""), json!({"data": expected, "next": null}));
    for limit in 1..=5 {
        let mut paged = Vec::new();
        let mut query = format!("limit={limit}");
        loop {
            let page = list(&query);
            paged.extend(page["data"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => query = format!("limit={limit}&after={next}"),
                None => break,
            }
        }
        assert_eq!(paged, expected, "{limit} at a time");
    }
    anyone.get("/categories?q=x").expect_bad_fields(&[("q", "unknown_field")]);
    restore(&staff, gone).expect(200);
    assert_eq!(list("")["data"][0], json!({"category": "GROSS", "products": 1}));
    assert_eq!(list("")["data"][1], json!({"category": "Gone", "products": 1}));
}
