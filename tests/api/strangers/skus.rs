//! Other shops' products: SKUs of any characters, long categories and descriptions.

use serde_json::{Value, json};

use crate::fixtures::NONE;
use crate::harness::Shop;

use super::found;

fn with_sku(sku: &str) -> Value {
    json!({"name": "Pipe", "price": "1.00", "sku": sku})
}

#[test]
fn a_sku_may_have_any_characters_and_reads_back_as_it_was_written() {
    let shop = Shop::open();
    let staff = shop.staff();
    for sku in [
        "EC-JB8023 GP",
        "A+B",
        "A#1",
        "8\"-PIPE",
        "M8x1.25*40",
        "A,B",
        "Ö-1",
        "A/B:C(D)&E@F",
        "型番-01",
        "№ 5",
        "½-INCH",
        "a's",
        "%",
        "_",
        "\\",
        "<b>",
        "A;B",
        "🍎",
    ] {
        let created = staff.post("/products", with_sku(sku)).expect(201);
        assert_eq!(created.body["sku"], sku);
        assert_eq!(found(&shop.anyone(), "/products", "sku", sku), [created.id()], "{sku}");
        let refused = staff.post("/products", with_sku(&sku.to_lowercase())).expect_problem(409, "sku_taken");
        assert_eq!(refused.body["product"], json!({"id": created.id(), "name": "Pipe"}), "{sku}");
        assert!(
            refused.body["detail"].as_str().unwrap().contains(&format!("Product {}, Pipe,", created.id()))
        );
    }
    let trimmed = staff.post("/products", with_sku("\u{200B} X 1\u{A0}")).expect(201);
    assert_eq!(trimmed.body["sku"], "X 1");
}

#[test]
fn a_sku_that_is_no_name_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (sku, code) in [
        ("A\u{7}B", "control_character"),
        ("A\tB", "control_character"),
        ("A\nB", "line_break"),
        ("A\u{202E}B", "direction_override"),
        ("A\u{E000}", "private_character"),
        (&"É".repeat(65), "too_long"),
    ] {
        staff.post("/products", with_sku(sku)).expect_bad_fields(&[("sku", code)]);
    }
    // What nobody can see is none.
    let unseen = staff.post("/products", with_sku("\u{200B}\u{3164} ")).expect(201);
    assert_eq!(unseen.body["sku"], json!(null));
    // The longest key that a SKU can have.
    let longest = "ΐ".repeat(64);
    let id = staff.post("/products", with_sku(&longest)).expect(201).id();
    assert_eq!(found(&staff, "/products", "sku", &longest), [id]);
}

#[test]
fn skus_are_compared_whatever_their_case_and_form() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (one, same, other) in [
        ("EC-JB8023 GP", "ec-jb8023 gp", "EC-JB8023  GP"),
        ("Ö-1", "o\u{308}-1", "O-1"),
        ("Groß", "GROSS", "Gros"),
        ("ΣΑΣ", "σας", "ΣΑ"),
        ("A\u{200B}1", "a1", "A 1"),
        ("İ1", "i\u{307}1", "I1"),
    ] {
        let first = staff.post("/products", with_sku(one)).expect(201).id();
        staff.post("/products", with_sku(same)).expect_problem(409, "sku_taken");
        let second = staff.post("/products", with_sku(other)).expect(201).id();
        assert_eq!(found(&staff, "/products", "sku", same), [first], "{same}");
        let refused = staff
            .patch(&format!("/products/{second}"), json!({"sku": same}))
            .expect_problem(409, "sku_taken");
        assert_eq!(refused.body["product"]["id"], first);
        assert_eq!(staff.patch(&format!("/products/{first}"), json!({"sku": same})).expect(200).id(), first);
        for id in [first, second] {
            staff.delete(&format!("/products/{id}")).expect(204);
        }
        assert_eq!(found(&staff, "/products", "sku", one), NONE);
    }
}

#[test]
fn looking_for_a_sku_goes_with_the_other_filters() {
    let shop = Shop::open();
    let staff = shop.staff();
    let id = staff.post("/products", with_sku("A 1")).expect(201).id();
    for (more, ids) in [
        ("", vec![id]),
        ("&sort=-name", vec![id]),
        ("&q=pipe", vec![id]),
        ("&q=mug", vec![]),
        ("&min_price=2", vec![]),
    ] {
        let list = staff.get(&format!("/products?sku=a%201{more}")).expect(200);
        assert_eq!(crate::paging::ids_of(&list), ids, "{more}");
    }
    // What nobody can see is as if it were not given.
    assert_eq!(crate::paging::ids_of(&staff.get("/products?sku=%E2%80%8B").expect(200)), [id]);
}

#[test]
fn categories_and_descriptions_are_as_long_as_other_shops_have_them() {
    let shop = Shop::open();
    let staff = shop.staff();
    let taxonomy = "Home & Garden > Kitchen & Dining > Tableware > Drinkware > Mugs > ".repeat(4)[..255]
        .trim()
        .to_owned();
    let html = "<p>Holds tea.</p>\n".repeat(1300);
    for (category, description) in
        [(taxonomy, html), ("é".repeat(255), "é".repeat(32_000)), ("🍎".repeat(255), "🍎".repeat(32_000))]
    {
        let body = json!({"name": "A", "price": 1, "category": category, "description": description});
        let created = staff.post("/products", body.clone()).expect(201);
        assert_eq!(created.body["description"], description.trim());
        assert_eq!(found(&staff, "/products", "category", &category), [created.id()]);
        let path = format!("/products/{}", created.id());
        assert_eq!(staff.put(&path, body).expect(200).body["description"], description.trim());
        let read = shop.anyone().get(&path).expect(200);
        assert_eq!(
            (&read.body["category"], &read.body["description"]),
            (&json!(category), &json!(description.trim()))
        );
    }
    let long =
        json!({"name": "A", "price": 1, "category": "é".repeat(256), "description": "é".repeat(32_001)});
    staff.post("/products", long).expect_bad_fields(&[("category", "too_long"), ("description", "too_long")]);
}

#[test]
fn a_description_fits_however_its_program_escapes_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let escaped = "\\ud83c\\udf4e".repeat(32_000);
    let send = |padding: usize| {
        let body =
            format!(r#"{{"name": "A", "price": 1, "description": "{escaped}"{}}}"#, " ".repeat(padding));
        let request = staff.request("POST", "/products").header("Content-Type", "application/json");
        request.bytes(body.into_bytes()).send()
    };
    assert_eq!(send(0).expect(201).body["description"], "🍎".repeat(32_000));
    send(512 * 1024).expect_problem(413, "body_too_large");
    // Other routes need no more than they did.
    let address = json!({"items": [], "note": "x".repeat(70_000)});
    staff.post("/orders", address).expect_problem(413, "body_too_large");
}
