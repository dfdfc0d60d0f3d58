//! Stock takes at the desk.

use serde_json::json;

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

    let scan = page.form("scan");
    let page = one.send(&scan, &[("counts[0].scan", &pack)]).expect(200);
    assert!(page.says("Mug: 4 counted so far"), "{}", page.text());
    // The same scan sent twice by a nervous line is one; a new page's scan is another.
    one.send(&scan, &[("counts[0].scan", &pack)]).expect(200);
    let page = one.send(&page.form("scan"), &[("counts[0].scan", "3*mug")]).expect(200);
    assert!(page.says("Mug: 7 counted so far"), "{}", page.text());
    let page = other.open(&path);
    let page = other.send(&page.form("scan"), &[("counts[0].scan", &unit)]).expect(200);
    assert!(page.says("Mug: 8 counted so far"), "{}", page.text());
    let unknown = other.send(&page.form("scan"), &[("counts[0].scan", "nonsense")]).expect(422);
    assert!(
        unknown.html.contains("href=\"#scan\"") && unknown.html.contains("id=\"scan\""),
        "{}",
        unknown.text()
    );

    // A key pressed with nothing typed counts nothing, and is told in words of the counter.
    for (form, name) in [(page.form("scan"), "counts[0].scan"), (page.form("numbers"), "counts[0].counted")] {
        let nothing = other.send(&form, &[(name, "")]).expect(422);
        assert!(nothing.says("Correct what is listed here, and send it again."), "{}", nothing.text());
        assert!(nothing.says("Counts is required") && !nothing.says("JSON"), "{}", nothing.text());
    }

    // Sold after the count; then the numbers of the others.
    staff.ship(order).expect(200);
    let page = other.open(&path);
    let numbers = page.form("numbers");
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
    let (ones, others) = (one.open(&path).form("numbers"), other.open(&path).form("numbers"));
    assert_eq!(others.get("counts[1].product_id"), Some(mug.to_string().as_str()));
    assert!(one.send(&ones, &[("counts[1].counted", "4")]).expect(200).says("Counted."));
    let numbers = [("counts[1].counted", "3"), ("counts[2].counted", "2")];
    let refused = other.send(&others, &numbers).expect(422);
    assert!(refused.says("4 were counted by clerk"), "{}", refused.text());
    // What was typed stands beside the product that it was typed for, whatever the list shows by now.
    let again = refused.form("numbers");
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
    let numbers = other.open(&format!("{path}?view=counted")).form("numbers");
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
    clerk.send(&page.form("numbers"), &[("counts[0].counted", "3")]).expect(200);
    let numbers = clerk.open(&format!("{path}?view=all")).form("numbers");
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
    assert!(!page.has_form("scan") && !page.has_form("cancel"), "{}", page.text());
}
