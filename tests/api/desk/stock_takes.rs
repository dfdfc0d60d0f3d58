//! Stock takes at the desk.

use serde_json::json;

use crate::desk::twice::presses::SCAN;
use crate::fixtures::gtin;
use crate::harness::Shop;

#[test]
fn two_people_count_a_category_while_it_sells_and_the_differences_are_booked_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (unit, pack) = (gtin("400638133393"), gtin("400638133394"));
    let mug = json!({"name": "Mug", "price": "9.50", "sku": "MUG", "category": "Kitchen", "shelf": "A2", "stock": 10,
        "barcodes": [{"code": unit}, {"code": pack, "units": 4}]});
    let mug = staff.post("/products", mug).expect(201).id();
    let jug = json!({"name": "Jug", "price": "12", "sku": "JUG", "category": "Kitchen", "shelf": "A10", "stock": 5});
    let jug = staff.post("/products", jug).expect(201).id();
    let order = shop.guest().client.order(&[(mug, 2)]).expect(201).id();

    let (mut one, mut other) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let new = one.open("/desk/stock_takes").form("open");
    let page = one.send(&new, &[("category", "Kitchen")]).expect(200);
    assert!(page.says("category Kitchen") && page.says("Counted 0 / 2"), "{}", page.text());
    let path = page.place().to_owned();
    // "Back", and pressed again: it is the one stock take.
    assert_eq!(one.send(&new, &[("category", "Kitchen")]).expect(200).place(), page.place());

    let scan = page.form("count");
    let page = one.send(&scan, &[(SCAN, &pack)]).expect(200);
    assert!(page.says("Mug: 4 counted so far"), "{}", page.text());
    // The same scan sent twice by a nervous line is one; a new page's scan is another.
    one.send(&scan, &[(SCAN, &pack)]).expect(200);
    let page = one.send(&page.form("count"), &[(SCAN, "3*mug")]).expect(200);
    assert!(page.says("Mug: 7 counted so far"), "{}", page.text());
    let page = other.open(&path);
    let page = other.send(&page.form("count"), &[(SCAN, &unit)]).expect(200);
    assert!(page.says("Mug: 8 counted so far"), "{}", page.text());
    let unknown = other.send(&page.form("count"), &[(SCAN, "nonsense")]).expect(422);
    assert!(
        unknown.html.contains("href=\"#scan\"") && unknown.html.contains("id=\"scan\""),
        "{}",
        unknown.text()
    );

    // A key pressed with nothing typed counts nothing, and is told in words of the counter.
    let nothing = other.send(&page.form("count"), &[]).expect(422);
    assert!(nothing.says("Correct what is listed here, and send it again."), "{}", nothing.text());
    assert!(nothing.says("Counts are missing. Scan what stands there"), "{}", nothing.text());
    let number = other.send(&page.form("count"), &[(SCAN, "24*")]).expect(422);
    assert!(number.says("“24*” is no code. For several of one, type 24*"), "{}", number.text());

    // Sold after the count; then the numbers of the others.
    staff.ship(order).expect(200);
    let page = other.open(&path);
    let numbers = page.form("count");
    assert_eq!(numbers.get("counts[0].product_id"), Some(jug.to_string().as_str()));
    let page = other.send(&numbers, &[("counts[0].counted", "5")]).expect(200);
    assert!(page.says("Counted 2 / 2"), "{}", page.text());

    let review = one.open(&format!("{path}/review")).expect(200);
    assert!(review.says("Mug MUG 8 10 −2"), "{}", review.text());
    assert!(!review.says("Jug JUG"), "what agrees is not reviewed");
    let (ones, others) = (review.form("book"), other.open(&format!("{path}/review")).form("book"));
    assert!(one.send(&ones, &[]).expect(200).says("Booked"));
    assert!(one.send(&ones, &[]).expect(200).says("Booked"));
    let late = other.send(&others, &[]);
    assert!([200, 412].contains(&late.status) && late.says("Booked"), "{}", late.text());
    let stock = staff.get(&format!("/products/{mug}/stock")).expect(200);
    assert_eq!(stock.body["on_hand"], 6, "8 counted, of which 2 were sent since");
    let takes = staff.get(&format!("/products/{mug}/stock/movements?reason=stock_take")).expect(200);
    assert_eq!(takes.body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn of_two_who_count_one_shelf_the_second_sees_both_numbers_and_loses_none() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [cup, mug, jug] = [(); 3].map(|()| shop.product(&staff, 5));
    let (mut one, mut other) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let path = format!("/desk/stock_takes/{}", staff.post("/stock_takes", json!({})).expect(201).id());
    let (ones, others) = (one.open(&path).form("count"), other.open(&path).form("count"));
    assert_eq!(others.get("counts[1].product_id"), Some(mug.to_string().as_str()));
    assert!(one.send(&ones, &[("counts[1].counted", "4")]).expect(200).says("Counted."));
    let numbers = [("counts[1].counted", "3"), ("counts[2].counted", "2")];
    let refused = other.send(&others, &numbers).expect(422);
    assert!(refused.says("4 were counted by clerk"), "{}", refused.text());
    // What was typed stands beside the product that it was typed for, whatever the list shows by now.
    let again = refused.form("count");
    let typed: Vec<(Option<&str>, Option<&str>)> = (0..3)
        .map(|at| {
            (again.get(&format!("counts[{at}].product_id")), again.get(&format!("counts[{at}].counted")))
        })
        .collect();
    let [cup, mug, jug] = [cup, mug, jug].map(|id| id.to_string());
    assert_eq!(typed, [(Some(&*mug), Some("3")), (Some(&*jug), Some("2")), (Some(&*cup), Some(""))]);
    assert!(other.send(&again, &[]).expect(200).says("Counted 2 / 3"));

    // A count that was counted anew is not taken back unseen.
    let review = format!("{path}/review");
    let mug: u64 = mug.parse().unwrap();
    let forget = one.open(&review).form_about("forget", mug);
    let numbers = other.open(&format!("{path}?view=counted")).form("count");
    other.send(&numbers, &[("counts[0].counted", "1")]).expect(200);
    let stale = one.send(&forget, &[]).expect(412);
    assert!(stale.says("Somebody has changed this meanwhile"), "{}", stale.text());
    assert!(one.send(&stale.form_about("forget", mug), &[]).expect(200).says("That count is taken back."));
}

#[test]
fn a_count_is_taken_back_and_a_stock_take_called_off() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let mut clerk = shop.clerk_at_desk();
    let new = clerk.open("/desk/stock_takes").form("open");
    let page = clerk.send(&new, &[]).expect(200);
    let path = page.place().to_owned();
    clerk.send(&page.form("count"), &[("counts[0].counted", "3")]).expect(200);
    let numbers = clerk.open(&format!("{path}?view=all")).form("count");
    let bad = clerk.send(&numbers, &[("counts[0].counted", "many")]).expect(422);
    assert!(
        bad.html.contains("value=\"many\"") && bad.html.contains("aria-invalid=\"true\""),
        "{}",
        bad.html
    );
    let forget = clerk.open(&format!("{path}/review")).form_about("forget", product);
    assert!(clerk.send(&forget, &[]).expect(200).says("That count is taken back."));
    assert!(clerk.send(&forget, &[]).expect(200).says("That count is taken back."));
    let cancel = clerk.open(&path).form("cancel");
    assert!(clerk.send(&cancel, &[]).expect(200).says("Cancelled."));
    let page = clerk.open(&path);
    assert!(!page.has_form("count") && !page.has_form("cancel"), "{}", page.text());
}

#[test]
fn what_belongs_to_another_shelf_is_counted_by_whoever_means_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = |name: &str, shelf: &str, barcodes: serde_json::Value| {
        let body = json!({"name": name, "price": "1", "sku": name.to_uppercase(), "shelf": shelf, "stock": 9, "barcodes": barcodes});
        staff.post("/products", body).expect(201).id()
    };
    let (unit, pack) = (gtin("400638133393"), gtin("400638133394"));
    let mug = product("Mug", "A1", json!([]));
    let jug = product("Jug", "B7", json!([{"code": unit}, {"code": pack, "units": 6}]));
    let take = staff.post("/stock_takes", json!({"shelf": "A"})).expect(201).id();
    let path = format!("/desk/stock_takes/{take}");
    let mut clerk = shop.clerk_at_desk();
    let counted =
        || staff.get(&format!("/stock_takes/{take}/lines?counted=true")).expect(200).body["data"].clone();
    for code in ["jug", "2*JUG", &unit, &pack, &format!("3*{pack}")] {
        let page = clerk.open(&path);
        let typed = [("counts[0].counted", "8"), (SCAN, code)];
        let refused = clerk.send(&page.form("count"), &typed).expect(422);
        assert!(
            refused.says("Jug, which is not part of this stock take over shelf A. It belongs to shelf B7."),
            "{}",
            refused.text()
        );
        assert!(
            refused.html.contains(&format!("name=\"counts[901].here_too\" value=\"{code}\"")),
            "{}",
            refused.html
        );
        assert_eq!(refused.form("count").get("counts[0].counted"), Some("8"), "{code}");
        // The Enter of the next scan presses the first button of the form, and no other has the keyboard.
        let form = refused.html.split("class=\"scan\"").nth(1).unwrap();
        assert!(form.find("Enter</button>").unwrap() < form.find("here_too").unwrap(), "{form}");
        assert!(!refused.html.split("class=\"scan\"").next().unwrap().contains("autofocus"), "{code}");
        assert_eq!(counted(), json!([]), "{code}");
    }
    // A new product of the shelf is no stranger there.
    product("Cup", "A9", json!([]));
    let page = clerk.open(&path);
    assert!(clerk.send(&page.form("count"), &[(SCAN, "cup")]).expect(200).says("Cup: 1 counted so far"));
    let refused = {
        let page = clerk.open(&path);
        clerk.send(&page.form("count"), &[(SCAN, &pack)]).expect(422)
    };
    let mut meant = refused.form("count");
    meant.fields.push(("counts[901].here_too".to_owned(), pack.clone()));
    let taken = clerk.send(&meant, &[]).expect(200);
    assert!(taken.says("Jug: 6 counted so far"), "{}", taken.text());
    // From then on it is part of it.
    let again = clerk.send(&taken.form("count"), &[(SCAN, &unit)]).expect(200);
    assert!(again.says("Jug: 7 counted so far"), "{}", again.text());
    let lines: Vec<u64> =
        counted().as_array().unwrap().iter().map(|line| line["product_id"].as_u64().unwrap()).collect();
    assert!(lines.contains(&jug) && !lines.contains(&mug), "{lines:?}");
    // Over the whole shop everything belongs.
    let all = staff.post("/stock_takes", json!({})).expect(201).id();
    let page = clerk.open(&format!("/desk/stock_takes/{all}"));
    assert!(clerk.send(&page.form("count"), &[(SCAN, "jug")]).expect(200).says("Jug: 1 counted so far"));
}

#[test]
fn a_scan_comes_on_top_of_what_is_typed_and_saves_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = |name: &str| {
        let body = json!({"name": name, "price": "1", "sku": name.to_uppercase(), "stock": 9});
        staff.post("/products", body).expect(201).id()
    };
    let [_cup, _jug] = ["Cup", "Jug"].map(product);
    let take = staff.post("/stock_takes", json!({})).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/stock_takes/{take}"));
    let typed = [("counts[0].counted", "4"), ("counts[1].counted", "0"), (SCAN, "2*cup")];
    let page = clerk.send(&page.form("count"), &typed).expect(200);
    assert!(page.says("Cup: 6 counted so far") && page.says("Counted 2 / 2"), "{}", page.text());
}

#[test]
fn a_count_is_taken_back_whatever_is_counted_of_others_meanwhile() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [cup, mug] = [(); 2].map(|()| shop.product(&staff, 5));
    let take = staff.post("/stock_takes", json!({})).expect(201).id();
    let count = |product: u64, units: i64| {
        let counts = json!({"counts": [{"product_id": product, "counted": units}]});
        staff.post(&format!("/stock_takes/{take}/counts"), counts).expect(200);
    };
    count(cup, 3);
    let mut clerk = shop.clerk_at_desk();
    let forget = clerk.open(&format!("/desk/stock_takes/{take}/review")).form_about("forget", cup);
    count(mug, 4);
    let done = clerk.send(&forget, &[]).expect(200);
    assert!(done.says("That count is taken back."), "{}", done.text());
}
