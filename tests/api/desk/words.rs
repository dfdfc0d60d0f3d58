//! The desk's words stand in one place, and what others have written is shown as text and as nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::json;
use storekeeper::desk::PAGES;

use crate::browser::Page;
use crate::fixtures::gtin;
use crate::harness::Shop;

fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/desk")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.to_string_lossy().contains("texts")
            {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn no_template_has_words_of_its_own() {
    // A text between the markup of a template, of two words or with a capital: `p { "Nothing here" }`.
    let words = Regex::new(r#"[\{\}\)] "([^"]*[A-Za-z]{2}[^"]* [^"]*|[A-Z][a-z]+[^"]*)""#).unwrap();
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            if let Some(found) = words.captures(line) {
                let is_markup = [
                    "data-",
                    "/desk",
                    "status",
                    "col",
                    "-title",
                    "-desc",
                    "max-age",
                    "mark ",
                    "storekeeper add-staff",
                ]
                .iter()
                .any(|part| found[1].contains(part));
                assert!(is_markup, "{}: {} belongs into texts.rs", path.display(), &found[1]);
            }
        }
    }
}

/// What each field of the shop is filled with: markup, an end of an attribute, another direction, and too many emoji.
const HOSTILE: &str = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> &lt;b&gt; \u{05E9}\u{05DC}\u{05D5}\u{05DD} 🦜🦜🦜🦜";

fn is_text_only(page: &Page) {
    assert!(!page.html.contains("<script>alert"), "{}: {}", page.path, page.html);
    assert!(!page.html.contains("<img"), "{}: {}", page.path, page.html);
    assert!(!page.html.contains("\"'><"), "{}: {}", page.path, page.html);
    assert!(!page.html.contains("href=\"javascript:"), "{}: {}", page.path, page.html);
}

#[test]
fn what_anybody_has_written_is_shown_as_text_on_every_page() {
    let shop = Shop::open();
    let staff = shop.staff();
    let name = HOSTILE;
    let short = "<script>alert(1)</script>\"'><img src=x>";
    let product = json!({"name": name, "price": "9.50", "sku": "<b>\"'>", "category": short, "shelf": short, "description": name, "stock": 40,
        "barcodes": [{"code": gtin("400638133393"), "units": 1}], "image_urls": ["https://shop.example/a.jpg?%22onerror=1"]});
    let product = staff.post("/products", product).expect(201).id();
    let supplier = json!({"name": short, "email": "a@example.com", "note": name, "lead_time_days": 3});
    let supplier = staff.post("/suppliers", supplier).expect(201).id();
    staff
        .offer(supplier, product, json!({"supplier_sku": short, "cost": "2.50", "preferred": true}))
        .expect(201);
    staff
        .patch(&format!("/products/{product}/stock"), json!({"reorder_point": 90, "reorder_target": 120}))
        .expect(200);
    staff.move_stock(product, json!({"delta": -1, "reason": "damaged", "note": name})).expect(201);
    let customer = staff
        .post("/customers", json!({"name": name, "email": "x@example.com", "phone": "555-0100"}))
        .expect(201)
        .id();
    let order = json!({"customer_id": customer, "items": [{"product_id": product, "quantity": 2}], "shipping_address": name, "note": name});
    let shipped = staff.post("/orders", order.clone()).expect(201).id();
    staff
        .post(&format!("/orders/{shipped}/ship"), json!({"carrier": short, "tracking_number": short}))
        .expect(200);
    staff.post(&format!("/orders/{shipped}/lost"), json!({"note": name})).expect(200);
    let placed = staff.post("/orders", order).expect(201).id();
    staff.post("/api_keys", json!({"name": short, "scopes": ["orders:read"]})).expect(201);
    staff.restock();
    let lines = json!([{"product_id": product, "quantity": 2}]);
    let draft = json!({"supplier_id": supplier, "note": name, "lines": lines});
    let draft = staff.post("/purchase_orders", draft).expect(201).id();
    let take = staff.post("/stock_takes", json!({"category": short, "note": short})).expect(201).id();
    staff
        .post(
            &format!("/stock_takes/{take}/counts"),
            json!({"counts": [{"product_id": product, "counted": 3}]}),
        )
        .expect(200);

    let file = format!("sku,name,price,{short}\nX,{short},4,\nY,Bowl,{short},\n");
    let import = staff.request("POST", "/imports?type=products").header("Content-Type", "text/csv");
    import.bytes(file.into_bytes()).send().expect(201);
    staff
        .post("/webhooks", json!({"url": "https://till.example/?a=%22%27", "description": short}))
        .expect(201);

    let mut manager = shop.manager_at_desk();
    let mut seen = Vec::new();
    let mut waiting: Vec<String> = ["/desk", "/desk/account"].map(str::to_owned).into();
    waiting.push(format!(
        "/desk/orders/{placed}/pack?wrong=%3Cscript%3Ealert(1)%3C%2Fscript%3E&packed=%22%27%3E%3C"
    ));
    // A draft is another page than what was ordered.
    waiting.push(format!("/desk/purchase_orders/{draft}?scan=%22%27%3E%3Cimg"));
    waiting.push("/desk/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%3E%3Cimg".to_owned());
    waiting.push("/desk/orders?q=%22%27%3E%3Cimg&view=%22%27%3E%3Cimg&after=%22%27%3E%3C".to_owned());
    for page in PAGES.iter().filter(|page| !page.path.contains('{')) {
        waiting.push(format!(
            "{}?q=%22%27%3E%3Cimg+src%3Dx%3E&done=%3Cscript%3Ealert&status=%22%27%3E%3C",
            page.path
        ));
        waiting.push(page.path.to_owned());
    }
    let kind = |path: &str| {
        Regex::new(r"\d+").unwrap().replace_all(path.split("after=").next().unwrap(), "N").into_owned()
    };
    while let Some(path) = waiting.pop() {
        if seen.contains(&kind(&path)) {
            continue;
        }
        seen.push(kind(&path));
        let page = manager.open(&path);
        // A table or a letter to keep is no page.
        if page.headers.contains_key("content-disposition") {
            continue;
        }
        is_text_only(&page);
        waiting.extend(page.links().into_iter().filter(|link| link.starts_with("/desk")));
    }
    let reached = PAGES.iter().filter(|page| {
        seen.iter().any(|path| {
            path.split('?').next() == Some(&page.path.replace("{id}", "N").replace("{product_id}", "N"))
        })
    });
    let missing: Vec<&str> = PAGES
        .iter()
        .map(|page| page.path)
        .filter(|path| !reached.clone().any(|page| page.path == *path))
        .collect();
    assert!(missing.is_empty(), "no way leads to {missing:?}");
}

#[test]
fn a_shop_writes_numbers_and_days_as_its_country_does() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_LOCALE", "de-DE"),
        ("STOREKEEPER_TIME_ZONE", "Europe/Berlin"),
        ("STOREKEEPER_SHOP_NAME", "Müller & Töchter"),
    ]);
    let product = shop
        .staff()
        .post("/products", json!({"name": "Mug", "price": "1234.50", "stock": 5}))
        .expect(201)
        .id();
    let order = shop.guest().client.order(&[(product, 2)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/orders/{order}")).expect(200);
    assert!(page.says("2.469,00\u{A0}€") || page.says("2.469,00 €"), "{}", page.text());
    assert!(Regex::new(r"\d\d\.\d\d\.20\d\d, \d\d:\d\d").unwrap().is_match(&page.text()), "{}", page.text());
    assert!(page.html.contains("Müller &amp; Töchter"));
}

/// A German shop with two products, a supplier that sells the first, and a purchase order of it.
struct German {
    shop: Shop,
    product: u64,
    supplier: u64,
    order: u64,
}

fn german() -> German {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_LOCALE", "de-DE"),
        ("STOREKEEPER_TIME_ZONE", "Europe/Berlin"),
        ("STOREKEEPER_SHOP_NAME", "Müller & Töchter"),
    ]);
    let staff = shop.staff();
    let body = json!({"name": "Mug", "price": "1234.50", "sku": "MUG", "stock": 5});
    let product = staff.post("/products", body).expect(201).id();
    let supplier = staff.post("/suppliers", json!({"name": "Töpfer", "lead_time_days": 3})).expect(201).id();
    staff.offer(supplier, product, json!({"cost": "11.00", "supplier_sku": "T-1"})).expect(201);
    let lines = json!([{"product_id": product, "quantity": 1200}]);
    let order =
        staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201).id();
    staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
    German { shop, product, supplier, order }
}

#[test]
fn the_letter_to_a_supplier_is_written_as_the_country_does() {
    let German { shop, order, .. } = german();
    let mut manager = shop.manager_at_desk();
    let letter = manager.open(&format!("/desk/purchase_orders/{order}/letter")).expect(200);
    let kept = manager.open(&format!("/desk/purchase_orders/{order}/mail")).html;
    let days = Regex::new(r"\d\d\.\d\d\.20\d\d").unwrap();
    let of_machines = Regex::new(r"20\d\d-\d\d-\d\d|EUR|quantity").unwrap();
    for text in [letter.html.replace("&amp;", "&"), kept] {
        for words in [
            "Müller & Töchter",
            "Units  Number  Product  Price of one",
            "1.200  T-1     Mug      11,00\u{A0}€",
            "Total: 13.200,00\u{A0}€",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(days.find_iter(&text).count() >= 3, "{text}");
        assert!(!of_machines.is_match(text.split("<textarea").last().unwrap()), "{text}");
    }
    let csv = manager.open(&format!("/desk/purchase_orders/{order}/csv")).html;
    assert!(csv.contains("\"quantity\"") && csv.contains("\"11.00\",\"EUR\""), "{csv}");
}

#[test]
fn a_number_is_read_as_it_is_written_here_or_refused_in_words() {
    let German { shop, product, supplier, .. } = german();
    let staff = shop.staff();
    let mut manager = shop.manager_at_desk();
    let edit = format!("/desk/products/{product}/edit");
    for (typed, price) in [("1.500", "1500.00"), ("1.234,5", "1234.50"), ("19.90", "19.90"), ("7", "7.00")] {
        let form = manager.open(&edit).form("edit_product");
        manager.send(&form, &[("price", typed)]).expect(200);
        assert_eq!(staff.get(&format!("/products/{product}")).expect(200).body["price"], price, "{typed}");
    }
    let form = manager.open(&edit).form("edit_product");
    for typed in ["1.23,4", "1.50.0", "1500.000", "12,", "-3", "zehn", "1,5,0"] {
        let refused = manager.send(&form, &[("price", typed)]).expect(422);
        assert!(
            refused.says("Price must be a number as it is written here, such as 1.234,50"),
            "{typed}: {}",
            refused.text()
        );
        assert_eq!(refused.form("edit_product").get("price"), Some(typed));
    }
    let large = manager.send(&form, &[("price", "100.000.000")]).expect(422);
    assert!(large.says("must be at most 99.999.999,99"), "{}", large.text());
    let rule = manager.open(&format!("/desk/products/{product}/rule")).form("stock_rule");
    let refused = manager.send(&rule, &[("service_level", "0.950")]).expect(422);
    assert!(refused.says("must be from 0,5 to 0,999"), "{}", refused.text());
    let offer = manager.open(&format!("/desk/suppliers/{supplier}/products/{product}")).form("put_offer");
    manager.send(&offer, &[("cost", "1.100,5")]).expect(200);
    let cost =
        staff.get(&format!("/suppliers/{supplier}/products/{product}")).expect(200).body["cost"].clone();
    assert_eq!(cost, "1100.50");
}

/// Words that only programs know.
const OF_PROGRAMS: &str = r#"YYYY|20\d\d-\d\d-\d\d|\b[a-z]+_[a-z_]+\b|JSON|\b(send|leave it out)\b.*\b(delta|counted|cursor)\b|decimal point|must be one of|thousands separator"#;

#[test]
fn what_is_refused_is_refused_in_words_of_people() {
    let German { shop, product, order, .. } = german();
    let mut manager = shop.manager_at_desk();
    let of_programs = Regex::new(OF_PROGRAMS).unwrap();
    let tags = Regex::new("<[^>]*>").unwrap();
    let product = format!("/desk/products/{product}");
    let order = format!("/desk/purchase_orders/{order}");
    let rule = format!("{product}/rule");
    for (path, form, values, says) in [
        (&order, "expect", &[("expected_on", "")][..], "Expected must be a day: choose one in the calendar"),
        (&order, "expect", &[("expected_on", "1.3.2027")], "must be a day"),
        (&order, "expect", &[("expected_on", "2020-03-01")], "when it was ordered"),
        (&product, "move_stock", &[("reason", "damaged"), ("delta", "2")], "Units goes the other way"),
        (&product, "move_stock", &[("reason", "found"), ("delta", "-2")], "Units goes the other way"),
        (&product, "move_stock", &[("reason", "found"), ("delta", "0")], "must not be 0"),
        (
            &product,
            "move_stock",
            &[("reason", "correction"), ("delta", "1")],
            "Note is required with a correction",
        ),
        (
            &product,
            "move_stock",
            &[("reason", "lost"), ("delta", "-1"), ("unit_cost", "2")],
            "only for units that came",
        ),
        (&rule, "snooze_product", &[("snoozed_until", "morgen")], "must be a day"),
        (&rule, "stock_rule", &[("reorder_point", "9"), ("reorder_target", "3")], "Order up to"),
        (
            &"/desk/stock_takes".to_owned(),
            "open",
            &[("category", "Mugs"), ("shelf", "A")],
            "choose a category or a shelf",
        ),
        (
            &"/desk/stock_takes".to_owned(),
            "open",
            &[("category", "Mugs")],
            "has no product that is in the catalogue",
        ),
    ] {
        let opened = manager.open(path).form(form);
        let page = manager.send(&opened, values);
        assert!(page.says(says), "{path} {form} {values:?}: {}", page.text());
        let told = page.text();
        let alert = page.html.split("role=\"alert\"").nth(1).unwrap_or_else(|| panic!("{told}"));
        let alert = alert.split("</div>").next().unwrap();
        let alert = tags.replace_all(alert, " ");
        assert!(!of_programs.is_match(&alert), "{path} {form}: {alert}");
    }
    let ledger = manager.open(&format!("{product}/ledger?from=gestern")).expect(422);
    assert!(ledger.says("From must be a day: choose one in the calendar"), "{}", ledger.text());
}

#[test]
fn who_may_not_and_who_is_lost_are_told_what_they_can_do() {
    let shop = Shop::open();
    let mut clerk = shop.clerk_at_desk();
    let hint = "You can make a draft of what the shop buys without a supplier.";
    assert!(clerk.open("/desk/purchase_orders").says(hint));
    assert!(!shop.manager_at_desk().open("/desk/purchase_orders").says(hint));
    let lost = clerk.open("/desk/nothing").expect(404);
    assert!(lost.says("Look for it with the search above"), "{}", lost.text());
    let mut stranger = shop.stranger_at_desk();
    let lost = stranger.open("/desk/nothing").expect(404);
    assert!(!lost.says("search above") && lost.says("Begin at today's page"), "{}", lost.text());
    for (typed, to) in [
        ("/DESK", "/desk"),
        ("/Desk/Orders?q=Ada%20B", "/desk/orders?q=Ada%20B"),
        ("/desK/orders/1", "/desk/orders/1"),
    ] {
        let led = stranger.ask("GET", typed, None, &[]);
        assert_eq!((led.status, led.headers["location"].as_str()), (303, to), "{typed}");
    }
}
