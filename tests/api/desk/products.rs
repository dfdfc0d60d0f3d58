//! Products and stock at the desk.

use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::gtin;
use crate::harness::Shop;

/// Text that is none of the page's markup, however it is written.
const HOSTILE: &str = "<script>alert(1)</script> \"quoted' & مرحبا";

fn product(staff: &Client, name: &str, more: Value) -> u64 {
    let mut body = json!({"name": name, "price": "10.00", "stock": 5});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    staff.post("/products", body).expect(201).id()
}

#[test]
fn the_list_is_searched_filtered_and_sorted() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, "Mug", json!({"sku": "MUG-1", "category": "Kitchen", "shelf": "A2"}));
    let towel = product(&staff, "Towel", json!({"category": "Bath", "stock": 0}));
    let jug = product(&staff, HOSTILE, json!({"category": "Kitchen"}));
    let old = product(&staff, "Old lamp", json!({}));
    staff.delete(&format!("/products/{old}")).expect(204);
    staff.set_policy(mug, json!({"reorder_point": 9, "reorder_target": 20})).expect(200);

    let mut manager = shop.manager_at_desk();
    let shown = |page: &crate::browser::Page| -> Vec<u64> {
        let id = |link: &String| link.strip_prefix("/desk/products/")?.parse().ok();
        page.links().iter().filter_map(id).collect()
    };
    let all = manager.open("/desk/products").expect(200);
    assert_eq!(shown(&all), [jug, mug, towel]);
    assert!(all.says(HOSTILE) && !all.html.contains("<script>alert"), "{}", all.text());
    assert!(all.says("Below reorder point") && all.says("Out of stock") && all.says("A2"), "{}", all.text());
    assert!(all.says("Average cost"));
    for (query, ids) in [
        ("view=below", vec![mug]),
        ("view=out", vec![towel]),
        ("view=archived", vec![old]),
        ("category=Kitchen", vec![jug, mug]),
        ("q=mug-1", vec![mug]),
        ("sort=id", vec![mug, towel, jug]),
        ("sort=cover", vec![mug, towel, jug]),
        ("sort=-value", vec![jug, towel, mug]),
        ("q=nothing+of+that", vec![]),
    ] {
        let page = manager.open(&format!("/desk/products?{query}")).expect(200);
        assert_eq!(shown(&page), ids, "{query}: {}", page.text());
    }
    let mut clerk = shop.clerk_at_desk();
    let all = clerk.open("/desk/products").expect(200);
    assert!(!all.says("Average cost") && !all.html.contains("-value"));
    assert_eq!(shown(&all).len(), 3);
}

#[test]
fn a_list_has_pages_and_each_is_light() {
    let shop = Shop::open();
    let staff = shop.staff();
    for at in 0..45 {
        product(
            &staff,
            &format!("Product with a rather long name, number {at:02}"),
            json!({"sku": format!("SKU-{at:04}"), "shelf": "Aisle 7, bay 12"}),
        );
    }
    let mut manager = shop.manager_at_desk();
    let mut page = manager.open("/desk/products?sort=name").expect(200);
    let mut seen = 0;
    loop {
        seen += page.html.matches("name=\"ids[]\"").count();
        let Some(next) = page.links().into_iter().find(|link| link.contains("after=")) else { break };
        page = manager.open(&next).expect(200);
    }
    assert_eq!(seen, 45);
}

#[test]
fn a_product_is_added_edited_archived_and_brought_back() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (unit, carton) = (gtin("400638133393"), gtin("200000000001"));
    let mut clerk = shop.clerk_at_desk();
    let new = clerk.open("/desk/products/new").form("new_product");
    let wrong =
        clerk.send(&new, &[("name", "Mug"), ("price", "cheap"), ("barcodes[0].code", "123")]).expect(422);
    assert!(wrong.html.contains("aria-invalid=\"true\"") && wrong.says("must be a GTIN"), "{}", wrong.text());
    let new = wrong.form("new_product");
    let values = [
        ("price", "9.50"),
        ("sku", "MUG"),
        ("barcodes[0].code", unit.as_str()),
        ("barcodes[1].code", &carton),
        ("barcodes[1].units", "24"),
        ("stock", "7"),
        ("image_urls[lines]", "https://shop.example/mug.jpg"),
    ];
    let added = clerk.send(&new, &values).expect(200);
    assert!(added.says("The product is in the catalogue.") && added.says("pack of 24"), "{}", added.text());
    // Pressed twice, it is one product.
    assert_eq!(clerk.send(&new, &values).expect(200).place(), added.place());
    assert_eq!(staff.get("/products").expect(200).body["data"].as_array().unwrap().len(), 1);
    let path = added.place().to_owned();
    assert!(!added.html.contains("<img") && !added.links().iter().any(|link| link.contains("shop.example")));

    // Two edit at once: the second sees both versions.
    let mut other = shop.manager_at_desk();
    let (ones, others) = (clerk.open(&format!("{path}/edit")), other.open(&format!("{path}/edit")));
    assert_eq!(ones.form("edit_product").get("barcodes[1].units"), Some("24"));
    let ones = ones.form("edit_product");
    let saved = clerk.send(&ones, &[("name", HOSTILE), ("shelf", "A2")]).expect(200);
    assert!(saved.says("Saved.") && saved.says(HOSTILE) && saved.path.starts_with(&path), "{}", saved.text());
    assert!(clerk.send(&ones, &[("name", HOSTILE), ("shelf", "A2")]).expect(200).says("Saved."));
    let stale = other.send(&others.form("edit_product"), &[("name", "Cup")]).expect(412);
    assert!(
        stale.says("Now it is: <script>alert(1)</script>") && stale.says("Now it is: A2"),
        "{}",
        stale.text()
    );
    let again = stale.form("edit_product");
    assert_eq!(again.get("name"), Some("Cup"));
    assert!(
        other.send(&again, &[("barcodes[1].code", ""), ("barcodes[1].units", "")]).expect(200).says("Cup")
    );
    let now = staff.get(&path.replace("/desk", "")).expect(200).body;
    assert_eq!((&now["barcodes"], &now["shelf"]), (&json!([{"code": unit, "units": 1}]), &Value::Null));
    // No barcode at all, and an address that is none of a picture.
    let edit = other.open(&format!("{path}/edit")).form("edit_product");
    let refused = other.send(&edit, &[("image_urls[lines]", "javascript:alert(1)")]).expect(422);
    assert!(!refused.html.contains("href=\"javascript:"));
    let edit = refused.form("edit_product");
    let values = [("image_urls[lines]", ""), ("barcodes[0].code", ""), ("barcodes[0].units", "")];
    other.send(&edit, &values).expect(200);
    let now = staff.get(&path.replace("/desk", "")).expect(200).body;
    assert_eq!((&now["barcodes"], &now["image_urls"]), (&json!([]), &json!([])));

    // It says first what it does, and can be taken back.
    let page = other.open(&path);
    assert!(page.says("Nobody can order it any more") && page.says("7 are still on hand"), "{}", page.text());
    let archive = page.form("archive_product");
    for _ in 0..2 {
        assert!(other.send(&archive, &[]).expect(200).says("It is out of the catalogue."));
    }
    let page = clerk.open(&path).expect(200);
    assert!(page.says("Archived") && !page.has_form("archive_product"), "{}", page.text());
    assert!(!clerk.open(&format!("{path}/edit")).expect(200).has_form("edit_product"));
    let restore = page.form("restore_product");
    for _ in 0..2 {
        assert!(clerk.send(&restore, &[]).expect(200).says("It is in the catalogue again."));
    }
    staff.get(&path.replace("/desk", "")).expect(200);
    clerk.open("/desk/products/999999").expect(404);
}

#[test]
fn what_is_found_at_the_shelf_is_booked_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, "Mug", json!({}));
    let path = format!("/desk/products/{mug}");
    let (mut clerk, mut manager) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let page = clerk.open(&path).expect(200);
    let count = page.form("count_shelf");
    assert!(page.form("move_stock").get("unit_cost").is_none());
    let counted = clerk.send(&count, &[("counted", "4"), ("note", "One was missing")]).expect(200);
    assert!(counted.says("The count is booked."), "{}", counted.text());
    clerk.send(&count, &[("counted", "4"), ("note", "One was missing")]).expect(200);
    assert_eq!((staff.on_hand(mug), staff.ledger(mug).len()), (4, 2));
    // Who has looked before that counts again.
    let stale = page.form("count_shelf");
    let key = [("key", "another-key"), ("counted", "5")];
    let stale = clerk.send(&stale, &key).expect(409);
    assert!(stale.says("Count again"), "{}", stale.text());

    let book = manager.open(&path).form("move_stock");
    let wrong = manager.send(&book, &[("delta", "2")]).expect(422);
    assert!(wrong.says("Units goes the other way: what is damaged or lost went (-2)"), "{}", wrong.text());
    let book = wrong.form("move_stock");
    let values = [("reason", "found"), ("delta", "2"), ("unit_cost", "1.25")];
    for _ in 0..2 {
        assert!(manager.send(&book, &values).expect(200).says("Booked."));
    }
    assert_eq!((staff.on_hand(mug), staff.stock(mug)["value"].clone()), (6, json!("2.50")));
    let book = manager.open(&path).form("move_stock");
    let none = manager.send(&book, &[("reason", "correction"), ("delta", "-1")]).expect(422);
    assert!(none.says("is required with a correction"), "{}", none.text());
}

#[test]
fn the_ledger_shows_who_and_why_and_its_graph_says_what_it_shows() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, "Mug", json!({}));
    let order = shop.guest().client.order(&[(mug, 2)]).expect(201).id();
    staff.ship(order).expect(200);
    staff.move_stock(mug, json!({"delta": 4, "reason": "found", "note": HOSTILE})).expect(201);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/products/{mug}/ledger")).expect(200);
    assert!(page.links().contains(&format!("/desk/orders/{order}")));
    assert!(page.says(HOSTILE) && page.says("+4") && page.says("staff"), "{}", page.text());
    assert!(page.html.contains("role=\"img\"") && page.html.contains("<title id=\"on-hand-title\">"));
    for words in ["Begins with 0 on", "ends with 7 on", "lowest 0 on", "highest 7 on"] {
        assert!(page.says(words), "{words}: {}", page.text());
    }
    let before =
        clerk.open(&format!("/desk/products/{mug}/ledger?from=2001-01-01&to=2001-01-31")).expect(200);
    assert!(before.says("Nothing has moved in these days."), "{}", before.text());
    clerk.open(&format!("/desk/products/{mug}/ledger?from=yesterday")).expect(422);
}

#[test]
fn every_number_is_made_of_what_its_page_lists() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, "Mug", json!({"stock": 90}));
    staff.set_policy(mug, json!({"lead_time_days": 3})).expect(200);
    let guest = shop.guest().client;
    for units in 1..=3 {
        guest.order(&[(mug, units)]).expect(201);
    }
    for _ in 0..25 {
        staff.move_stock(mug, json!({"delta": -1, "reason": "lost"})).expect(201);
    }
    let draft = |units: i64| {
        let lines = json!({"lines": [{"product_id": mug, "quantity": units}]});
        staff.post("/purchase_orders", lines).expect(201).id()
    };
    let (ordered, drafted) = (draft(12), draft(7));
    staff.post(&format!("/purchase_orders/{ordered}/order"), json!({})).expect(200);
    staff
        .post(
            &format!("/purchase_orders/{ordered}/receive"),
            json!({"lines": [{"product_id": mug, "quantity": 4}]}),
        )
        .expect(200);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/products/{mug}"));
    for of in ["available", "reserved", "incoming", "drafted", "suggested"] {
        assert!(page.links().contains(&format!("/desk/products/{mug}/why?of={of}")), "{of}");
    }
    let mut says = |of: &str, words: &[&str]| {
        let page = clerk.open(&format!("/desk/products/{mug}/why?of={of}")).expect(200);
        for words in words {
            assert!(page.says(words), "{of}, {words}: {}", page.text());
        }
    };
    // 90 less 25, and 4 came: the page has the last twenty lines.
    says(
        "available",
        &["Brought forward 84", "On hand 69", "Reserved 6", "Available 63", "The whole ledger"],
    );
    says("reserved", &["Order 1", "Order 3", "Reserved 6"]);
    says("incoming", &[&format!("Purchase order {ordered}"), "12 4 8", "Incoming 8"]);
    says("drafted", &[&format!("Purchase order {drafted}"), "Drafted 7"]);
    says("suggested", &["Suggested reorder point 0", "Nothing is known of its sales yet"]);
    clerk.open(&format!("/desk/products/{mug}/why?of=nothing")).expect(404);
}

#[test]
fn a_rule_is_tried_taken_over_saved_and_put_off() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    shop.to_noon_in(1);
    let mug = product(&staff, "Mug", json!({"stock": 60}));
    let guest = shop.guest().client;
    for units in [4, 0, 7, 3, 2, 6, 5, 1, 4, 3] {
        if units > 0 {
            guest.order(&[(mug, units)]).expect(201);
        }
        shop.to_noon_in(1);
    }
    staff.restock();
    let path = format!("/desk/products/{mug}/rule");
    let (mut manager, mut clerk) = (shop.manager_at_desk(), shop.clerk_at_desk());
    // Without a rule the suggested point is proposed.
    let page = manager.open(&path).expect(200);
    let suggested = staff.stock(mug)["forecast"]["suggested_reorder_point"].to_string();
    assert!(page.says("Not watched") && page.says("Days without stock"), "{}", page.text());
    assert!(page.says(&format!("The forecast suggests the point {suggested}.")), "{}", page.text());
    assert_eq!(page.html.matches("role=\"img\"").count(), 2);
    let take = page.links().into_iter().find(|link| link.contains("take=true")).unwrap();
    let taken = manager.open(take.split('#').next().unwrap()).expect(200);
    let rule = taken.form("stock_rule");
    assert_eq!(rule.get("reorder_point"), Some(suggested.as_str()));
    let saved = manager.send(&rule, &[("reorder_target", "40")]).expect(200);
    assert!(
        saved.says("The rule is saved.") && saved.path.starts_with(&format!("{path}?done=")),
        "{}",
        saved.path
    );
    assert!(manager.send(&rule, &[("reorder_target", "40")]).expect(200).says("The rule is saved."));
    assert_eq!(staff.stock(mug)["reorder_target"], 40);
    // Of two the second sees both.
    let (ones, others) = (manager.open(&path).form("stock_rule"), clerk.open(&path).form("stock_rule"));
    manager.send(&ones, &[("reorder_target", "50")]).expect(200);
    let stale = clerk.send(&others, &[("reorder_target", "60")]).expect(412);
    assert!(stale.says("Now it is: 50"), "{}", stale.text());
    // A rule that does not go together says so at its field; and so does a trial.
    let rule = clerk.open(&path).form("stock_rule");
    let wrong = clerk.send(&rule, &[("reorder_target", "1")]).expect(422);
    assert!(wrong.says("must be at least the reorder point"), "{}", wrong.text());
    let wrong = clerk.open(&format!("{path}?reorder_point=20&reorder_target=3")).expect(200);
    assert!(wrong.says("must be at least the reorder point"), "{}", wrong.text());
    let tried = clerk.open(&format!("{path}?reorder_point=20&reorder_target=30&days=5")).expect(200);
    assert!(tried.says("Order up to 50 30"), "{}", tried.text());
    let snooze = clerk.open(&path).form("snooze_product");
    for _ in 0..2 {
        assert!(clerk.send(&snooze, &[("snoozed_until", "2099-01-01")]).expect(200).says("Noted."));
    }
    assert_eq!(staff.stock(mug)["snoozed_until"], "2099-01-01");
    // What the forecast rests on adds up, too.
    let why = clerk.open(&format!("/desk/products/{mug}/why?of=suggested")).expect(200);
    assert!(why.says("Total 10 0 35"), "{}", why.text());
    let product = clerk.open(&format!("/desk/products/{mug}")).expect(200);
    assert!(product.says("It rests on 35 units that customers ordered in"), "{}", product.text());
}

#[test]
fn labels_bear_a_barcode_each() {
    let shop = Shop::open();
    let staff = shop.staff();
    let code = gtin("400638133393");
    let mug = product(
        &staff,
        "Mug",
        json!({"sku": "MUG", "shelf": "A2", "barcodes": [{"code": code}], "category": "Kitchen"}),
    );
    let jug = product(&staff, HOSTILE, json!({"sku": "JUG-7", "category": "Kitchen"}));
    let bare = product(&staff, "Bare", json!({}));
    let mut clerk = shop.clerk_at_desk();
    assert!(clerk.open("/desk/labels").expect(200).says("Tick products in their list"));
    let page =
        clerk.open(&format!("/desk/labels?ids%5B%5D={mug}&ids%5B%5D={jug}&ids%5B%5D={bare}")).expect(200);
    assert!(page.html.contains("data-paper=\"label\""));
    assert_eq!(
        (page.html.matches("class=\"sheet\"").count(), page.html.matches("role=\"img\"").count()),
        (3, 2)
    );
    assert!(
        page.says(&code) && page.says("JUG-7") && page.says("A2") && page.says(HOSTILE),
        "{}",
        page.text()
    );
    let kitchen = clerk.open("/desk/labels?category=Kitchen").expect(200);
    assert_eq!(kitchen.html.matches("class=\"sheet\"").count(), 2);
    let shelf = clerk.open("/desk/labels?shelf=a2").expect(200);
    assert_eq!(shelf.html.matches("class=\"sheet\"").count(), 1);
}

#[test]
fn a_long_text_is_edited_on_its_own_page_and_stays_when_the_rest_is_saved() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = product(&staff, "Mug", json!({"description": "棚".repeat(9_000)}));
    let mut manager = shop.manager_at_desk();
    let path = format!("/desk/products/{mug}/edit");
    let page = manager.open(&path).expect(200);
    assert!(page.says("It is long, and edited on a page of its own"), "{}", page.text());
    assert!(manager.send(&page.form("edit_product"), &[("name", "Large mug")]).expect(200).says("Saved."));
    let description = || staff.get(&format!("/products/{mug}")).expect(200).body["description"].clone();
    assert_eq!(description(), json!("棚".repeat(9_000)));
    let part = page.links().into_iter().find(|link| link.contains("part=description")).expect("its own page");
    let form = manager.open(&part).expect(200).form("edit_product");
    assert!(manager.send(&form, &[("description", "Short")]).expect(200).says("Saved."));
    let product = staff.get(&format!("/products/{mug}")).expect(200).body;
    assert_eq!((&product["description"], &product["name"]), (&json!("Short"), &json!("Large mug")));
}

#[test]
fn a_name_that_is_taken_leads_to_what_has_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let body = json!({"name": "Blue <mug>", "price": "8", "sku": "MUG", "slug": "mug", "barcodes": [{"code": gtin("400638133393")}]});
    let taken = staff.post("/products", body).expect(201).id();
    let mut manager = shop.manager_at_desk();
    let form = manager.open("/desk/products/new").form("new_product");
    let code = gtin("400638133393");
    for field in [("sku", "MUG"), ("slug", "mug"), ("barcodes[0].code", code.as_str())] {
        let values = [("name", "Another"), ("price", "4"), field];
        let refused = manager.send(&form, &values).expect(409);
        assert!(
            refused.says("is that of Blue <mug>") && !refused.says(&format!("product {taken}")),
            "{}",
            refused.text()
        );
        assert!(refused.links().contains(&format!("/desk/products/{taken}")), "{:?}", refused.links());
    }
}

#[test]
fn the_same_count_sent_again_is_the_one_that_was_booked() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 20);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/products/{product}"));
    assert!(
        clerk.send(&page.form("count_shelf"), &[("counted", "18")]).expect(200).says("The count is booked.")
    );
    // "Back" shows the page as it is now.
    let back = clerk.open(&page.path).form("count_shelf");
    let again = clerk.send(&back, &[("counted", " 18 ")]).expect(200);
    assert!(again.says("and not again now"), "{}", again.text());
    let other = clerk.send(&back, &[("counted", "17")]).expect(422);
    assert!(other.says("This form was sent before, with other values"), "{}", other.text());
    let movements = staff.get(&format!("/products/{product}/stock/movements?reason=stock_take")).expect(200);
    assert_eq!(movements.body["data"].as_array().unwrap().len(), 1);
}
