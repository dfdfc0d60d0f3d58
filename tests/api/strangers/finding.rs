//! `?q=`: every word must occur, in any order, however it is written.

use mysql::prelude::Queryable;
use serde_json::json;

use crate::fixtures::NONE;
use crate::harness::{Shop, storekeeper};

use super::found;

#[test]
fn a_product_is_found_by_what_anybody_would_type() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (name, asked) in [
        ("Cafe\u{301} Cre\u{300}me", &["Café Crème", "cafe creme", "CAFÉ", "creme cafe", "afé"][..]),
        ("Fußball", &["Fussball", "FUSSBALL", "fußball", "FUẞBALL"]),
        ("Levi’s 501", &["Levi's", "levi’s", "501 LEVI`S", "Levi´s"]),
        ("Blue Mug", &["mug blue", "blue mug", "MUG", "ue ug", "  blue \u{3000} mug\u{200B}"]),
        ("한국어 책", &["\u{1112}\u{1161}\u{11AB}국어", "책"]),
        ("Tiếng Việt", &["tieng viet", "Tie\u{302}\u{301}ng"]),
        ("Smørrebrød ½ kg", &["smorrebrod", "1/2"]),
        ("Łódź", &["lodz"]),
        ("ΣΊΣΥΦΟΣ", &["σίσυφος", "σισυφοσ"]),
        ("İnce ışık", &["ince isik", "INCE"]),
        ("Ёлка", &["елка", "ЁЛКА"]),
        ("Ｔシャツ　１０", &["t 10", "Tシャツ"]),
        ("100 % wool_sock \\o/", &["100 %", "wool_sock", "\\o/"]),
        ("Rohr 8\"–20×30", &["8\"-20x30", "8”"]),
        ("می\u{200C}خواهم", &["میخواهم", "می\u{200C}خواهم"]),
        ("שָׁלוֹם", &["שלום"]),
        ("कि", &["कि"]),
        ("👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}", &["👨\u{200D}👩\u{200D}👧", "❤"]),
    ] {
        let id = staff.post("/products", json!({"name": name, "price": 1})).expect(201).id();
        for text in asked {
            for (path, key) in [("/products", "id"), ("/stock", "product_id")] {
                let list = staff.get(&format!("{path}?q={}", super::encoded(text))).expect(200);
                let ids: Vec<_> = list.body["data"].as_array().unwrap().iter().map(|row| &row[key]).collect();
                assert_eq!(ids, [&json!(id)], "{path}?q={text} for {name}");
            }
        }
        staff.delete(&format!("/products/{id}")).expect(204);
    }
}

#[test]
fn every_word_must_occur_and_wildcards_are_signs() {
    let shop = Shop::open();
    let staff = shop.staff();
    let add = |name: &str, sku: &str| {
        staff.post("/products", json!({"name": name, "price": 1, "sku": sku})).expect(201).id()
    };
    let (blue, red) = (add("Blue Mug", "M-1"), add("Red Mug", "M-2"));
    let find = |text: &str| found(&staff, "/products", "q", text);
    assert_eq!(find("mug"), [blue, red]);
    assert_eq!(find("mug m-2"), [red]);
    assert_eq!(find("blue red"), NONE);
    assert_eq!(find("b_ue"), NONE);
    assert_eq!(find("%"), NONE);
    assert_eq!(find(&"mug ".repeat(25)), [blue, red]);
    assert_eq!(find("m u g b l e d r 1"), NONE, "nine words, of which red and blue have eight each");
    staff.get("/products?q=%CC%81").expect_bad_fields(&[("q", "blank")]);
    for sort in ["id", "-id", "name", "-name", "price", "-price"] {
        let path = format!("/products?q=mug&sort={sort}");
        let mut ids = crate::paging::walk(&staff, &path, 1);
        ids.sort_unstable();
        assert_eq!(ids, [blue, red], "{sort}");
    }
    assert_eq!(found(&staff, "/products", "category=Tea&q", "mug"), NONE);
}

#[test]
fn what_is_changed_is_found_by_what_it_is_now() {
    let shop = Shop::open();
    let staff = shop.staff();
    let id = staff.post("/products", json!({"name": "Mug", "price": 1, "sku": "M 1"})).expect(201).id();
    let find = |text: &str| found(&staff, "/products", "q", text);
    staff.patch(&format!("/products/{id}"), json!({"name": "Becher"})).expect(200);
    assert_eq!((find("mug"), find("becher m"), find("M 1")), (vec![], vec![id], vec![id]));
    staff.put(&format!("/products/{id}"), json!({"name": "Tasse", "price": 1})).expect(200);
    assert_eq!((find("becher"), find("tasse"), find("m 1")), (vec![], vec![id], vec![]));
}

#[test]
fn a_customer_is_found_by_name_address_and_digits() {
    let shop = Shop::open();
    let staff = shop.staff();
    let sign_up = |name: &str, email: &str, phone: &str| {
        shop.anyone()
            .post("/customers", json!({"name": name, "email": email, "phone": phone}))
            .expect(201)
            .id()
    };
    let jorg = sign_up("Jörg Groß", "jörg@example.de", "+49 (30) 777-888 9");
    let ada = sign_up("Ada O’Brien", "ADA@Müller.de", "０３－１２３４－５６７８");
    let find = |text: &str| found(&staff, "/customers", "q", text);
    for text in [
        "7778889",
        "777 8889",
        "777-888-9",
        "+49307778889",
        "004930 777 8889",
        "groß jorg",
        "GROSS",
        "JORG@example",
    ] {
        let expected = if text.starts_with("00") { vec![] } else { vec![jorg] };
        let expected = if text == "004930 777 8889" { vec![jorg] } else { expected };
        assert_eq!(find(text), expected, "{text}");
    }
    for text in ["0312345678", "03-1234-5678", "１２３４", "o'brien ada", "ada@muller.de"] {
        assert_eq!(find(text), [ada], "{text}");
    }
    assert_eq!(find("7778880"), NONE);
    staff.patch(&format!("/customers/{jorg}"), json!({"phone": "555-0100"})).expect(200);
    assert_eq!((find("7778889"), find("5550100")), (vec![], vec![jorg]));
    staff.delete(&format!("/customers/{jorg}")).expect(204);
    assert_eq!(find("5550100"), NONE);
}

#[test]
fn rows_of_an_older_release_are_found_once_the_schema_is_up_to_date() {
    let shop = Shop::open();
    let staff = shop.staff();
    let id =
        staff.post("/products", json!({"name": "Café", "price": 1, "category": "Küche"})).expect(201).id();
    let guest = shop.guest();
    let mut sql = shop.sql();
    sql.query_drop("UPDATE products SET search_text = NULL, category = 'Ku\u{308}che'").unwrap();
    sql.query_drop("UPDATE customers SET search_text = NULL").unwrap();
    assert_eq!(found(&staff, "/products", "q", "cafe"), NONE);
    let run = |arguments: &[&str]| {
        let ran = storekeeper(&shop.database_url).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    };
    assert!(run(&["migrate"]).contains("made 2 rows of products and customers ready for searching"));
    assert_eq!(run(&["migrate"]), "the schema is up to date\n");
    assert_eq!(found(&staff, "/products", "q", "cafe"), [id]);
    assert_eq!(found(&staff, "/products", "category", "Küche"), [id]);
    assert_eq!(found(&staff, "/customers", "q", "lovelace"), [guest.id]);
    // What is wrong is for verify to repair.
    sql.query_drop("UPDATE products SET search_text = 'tea'").unwrap();
    assert!(run(&["verify", "--repair"]).contains("1 search texts repaired"));
    assert!(run(&["verify", "--repair"]).contains("0 search texts repaired"));
    assert_eq!(found(&staff, "/products", "q", "cafe"), [id]);
}
