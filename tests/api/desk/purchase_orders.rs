//! Purchase orders at the desk: drafts, what is ordered, and receiving it.

use chrono::Duration;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::client::Client;
use crate::fixtures::gtin;
use crate::harness::Shop;

/// Two products of a supplier, and one that it does not sell.
struct Goods {
    supplier: u64,
    mug: u64,
    towel: u64,
    jug: u64,
    barcode: String,
    carton: String,
}

fn goods(staff: &Client) -> Goods {
    let (barcode, carton) = (gtin("400638133393"), gtin("400638133394"));
    let product = |body: Value| staff.post("/products", body).expect(201).id();
    let barcodes = json!([{"code": barcode}, {"code": carton, "units": 12}]);
    let mug =
        product(json!({"name": "Mug \"<b>blue</b>\"", "price": "9.50", "sku": "MUG", "barcodes": barcodes}));
    let towel = product(json!({"name": "Towel", "price": "4", "sku": "TOWEL"}));
    let jug = product(json!({"name": "Jug", "price": "4", "sku": "JUG"}));
    let body = json!({"name": "Potters United", "lead_time_days": 7, "email": "orders@potters.example",
        "minimum_order_value": "100"});
    let supplier = staff.post("/suppliers", body).expect(201).id();
    let mugs = json!({"cost": "7.95", "supplier_sku": "PU-117", "price_breaks": [{"from_quantity": 48, "cost": "7.20"}]});
    staff.offer(supplier, mug, mugs).expect(201);
    staff.offer(supplier, towel, json!({"cost": "1.50"})).expect(201);
    Goods { supplier, mug, towel, jug, barcode, carton }
}

fn draft(staff: &Client, supplier: u64, lines: &[(u64, i64)]) -> u64 {
    let lines: Vec<Value> =
        lines.iter().map(|(id, units)| json!({"product_id": id, "quantity": units})).collect();
    staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201).id()
}

/// An order that is on its way.
fn ordered(staff: &Client, supplier: u64, lines: &[(u64, i64)]) -> u64 {
    let id = draft(staff, supplier, lines);
    let accept = json!({"accept_below_minimum": true});
    staff.post(&format!("/purchase_orders/{id}/order"), accept).expect(200);
    id
}

fn scan(browser: &mut Browser, path: &str, codes: &[(&str, &str)]) -> String {
    let mut page = browser.open(path);
    for (code, says) in codes {
        let scan = page.scanner();
        page = browser.send(&scan, &[("scan", code)]).expect(200);
        assert!(page.says(says), "{code}: {}", page.text());
    }
    page.path
}

#[test]
fn a_draft_is_written_changed_and_ordered_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, jug, .. } = goods(&staff);
    let mut manager = shop.manager_at_desk();
    let new = manager.open("/desk/purchase_orders").form("draft");
    let supplier_id = supplier.to_string();
    let made = manager.send(&new, &[("supplier_id", &supplier_id), ("note", "By Friday")]).expect(200);
    assert_eq!(
        manager.send(&new, &[("supplier_id", &supplier_id), ("note", "By Friday")]).place(),
        made.place()
    );
    assert!(made.says("Nothing is on it yet.") && made.says("By Friday"), "{}", made.text());
    let path = made.place().to_owned();
    // A scan leads to the line, words to what is called so.
    let line = manager.send(&made.form_of_fields(&["scan"]), &[("scan", "12*mug")]).expect(200);
    let put = line.form("put_line");
    assert_eq!(put.get("quantity"), Some("12"));
    for _ in 0..2 {
        let put = manager.send(&put, &[]).expect(200);
        assert!(put.says("The line is set.") && put.says("PU-117") && put.says("€7.95"), "{}", put.text());
    }
    let found = manager.send(&made.form_of_fields(&["scan"]), &[("scan", "tow")]).expect(200);
    assert!(found.says("Add Towel"), "{}", found.text());
    let towels = manager.open(&format!("{path}/lines/{towel}")).form("put_line_at");
    let wrong = manager.send(&towels, &[("quantity", "0"), ("unit_cost", "x")]).expect(422);
    assert!(wrong.html.contains("aria-invalid=\"true\""));
    let page =
        manager.send(&wrong.form("put_line_at"), &[("quantity", "2"), ("unit_cost", "1.25")]).expect(200);
    assert!(page.says("€1.25") && page.says("€2.10 are missing"), "{}", page.text());
    // The supplier's own number finds the line too, and 48 are cheaper.
    let line = manager.send(&page.form_of_fields(&["scan"]), &[("scan", "36*pu-117")]).expect(200);
    let put = line.form("put_line");
    assert_eq!(put.get("quantity"), Some("48"));
    assert!(manager.send(&put, &[]).expect(200).says("€7.20"));
    // Another draft has a line for it: it is split off, and merged again.
    let page = manager.open(&path);
    let split = page.form("split");
    let none = manager.send(&split, &[]).expect(422);
    assert!(none.says("must hold 1 to 100 items"), "{}", none.text());
    let parted = manager.send(&none.form("split"), &[("lines[0].quantity", "8")]).expect(200);
    assert!(
        parted.says("Split: this is the new draft.") && parted.place() != page.place(),
        "{}",
        parted.text()
    );
    let merge = manager.open(&path).form("merge");
    for _ in 0..2 {
        assert!(manager.send(&merge, &[]).expect(200).says("Merged: the other draft is closed."));
    }
    // What does not belong there is taken out.
    let jugs = manager.open(&format!("{path}/lines/{jug}")).form("put_line");
    manager.send(&jugs, &[]).expect(200);
    let take_out = manager.open(&format!("{path}/lines/{jug}")).form("take_out");
    for _ in 0..2 {
        assert!(manager.send(&take_out, &[]).expect(200).says("The line is taken out."));
    }
    let note = manager.open(&path).form("annotate");
    assert!(manager.send(&note, &[("note", "By <i>Monday</i>")]).expect(200).says("By <i>Monday</i>"));
    let order = manager.open(&path).form("order");
    for _ in 0..2 {
        assert!(manager.send(&order, &[]).expect(200).says("Ordered."));
    }
    assert_eq!((staff.figures(mug)[2], staff.figures(towel)[2], staff.figures(jug)[2]), (48, 2, 0));
    // Late, and then cancelled.
    let day = shop.app.config.calendar.day_of(shop.app.clock.now() + Duration::days(20)).to_string();
    let expect = manager.open(&path).form("expect");
    assert!(manager.send(&expect, &[("expected_on", &day)]).expect(200).says("Saved."));
    let cancel = manager.open(&path).form("cancel");
    for _ in 0..2 {
        assert!(manager.send(&cancel, &[]).expect(200).says("Cancelled."));
    }
    assert_eq!(staff.figures(mug)[2], 0);
}

#[test]
fn a_draft_that_comes_to_too_little_is_ordered_with_a_tick() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, .. } = goods(&staff);
    let id = draft(&staff, supplier, &[(mug, 2)]);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/purchase_orders/{id}"));
    assert!(!page.html.contains('€'), "a clerk is not told what it costs: {}", page.text());
    let refused = clerk.send(&page.form("order"), &[]).expect(409);
    assert!(refused.says("tick the box below and order"), "{}", refused.text());
    let done = clerk.send(&refused.form("order"), &[("accept_below_minimum", "true")]).expect(200);
    assert!(done.says("Ordered."), "{}", done.text());
    for (path, seen) in
        [("letter", "PU-117"), ("print", "PU-117"), ("csv", "MUG"), ("mail", "Purchase order")]
    {
        let paper = clerk.open(&format!("/desk/purchase_orders/{id}/{path}")).expect(200);
        assert!(paper.html.contains(seen), "{path}: {}", paper.html);
        assert!(
            !paper.html.contains("7.95") && !paper.html.contains("potters.example\""),
            "{path}: {}",
            paper.html
        );
    }
}

#[test]
fn what_is_sent_to_the_supplier_is_printed_kept_or_mailed() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 20)]);
    let mut manager = shop.manager_at_desk();
    let path = format!("/desk/purchase_orders/{id}");
    let page = manager.open(&path).expect(200);
    for paper in ["print", "letter", "csv"] {
        assert!(page.links().contains(&format!("{path}/{paper}")), "{paper}");
    }
    let print = manager.open(&format!("{path}/print")).expect(200);
    assert!(
        print.says("20 PU-117 MUG Mug \"<b>blue</b>\" €7.95") && print.says("Total €159.00"),
        "{}",
        print.text()
    );
    let letter = manager.open(&format!("{path}/letter")).expect(200);
    assert!(letter.html.contains("readonly") && letter.says(&format!("Subject: Purchase order {id}")));
    let links = letter.links();
    let mailto = links.iter().find(|link| link.starts_with("mailto:")).expect("a link for the mail program");
    assert!(
        mailto.starts_with(&format!("mailto:orders@potters%2Eexample?subject=Purchase%20order%20{id}")),
        "{mailto}"
    );
    for (paper, kind, name) in [("csv", "text/csv", "csv"), ("mail", "text/plain", "txt")] {
        let file = manager.open(&format!("{path}/{paper}")).expect(200);
        assert!(file.headers["content-type"].starts_with(kind));
        let named = format!("attachment; filename=\"purchase-order-{id}.{name}\"");
        assert_eq!(file.headers["content-disposition"], named);
    }
}

#[test]
fn a_delivery_is_counted_by_scans_and_booked_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, barcode, carton, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 26), (towel, 4)]);
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/purchase_orders/{id}/receive");
    let address = scan(
        &mut clerk,
        &path,
        &[
            (&carton, "Mug \"<b>blue</b>\": 12 of 26 counted."),
            ("JUG", "Wrong item: Jug is not on this purchase order."),
            ("nonsense", "Nothing here has the code nonsense"),
            (&barcode, ": 13 of 26 counted."),
            ("2*pu-117", ": 15 of 26 counted."),
            ("10*mug", ": 25 of 26 counted."),
            ("2*mug", ": 27 of 26 counted. 1 more than was ordered."),
        ],
    );
    // Left and opened again, nothing is counted twice.
    let page = clerk.open(&address);
    let book = page.form("receive");
    assert_eq!((book.get("lines[0].quantity"), book.get("lines[1].quantity")), (Some("27"), Some("0")));
    let refused = clerk.send(&book, &[]).expect(409);
    assert!(refused.says("nothing is booked yet"), "{}", refused.text());
    let book = refused.form("receive");
    assert_eq!(book.get("lines[0].quantity"), Some("27"));
    // Counted again it is 25, and a towel is torn.
    let counted = &[("lines[0].quantity", "25"), ("lines[1].quantity", "0"), ("lines[1].rejected", "1")];
    let values = [&counted[..], &[("note", "Torn")]].concat();
    for _ in 0..2 {
        let booked = clerk.send(&book, &values).expect(200);
        assert!(booked.says("Booked:") && booked.says("25 received, 1 outstanding"), "{}", booked.text());
        assert!(booked.says("0 received, 1 rejected, 4 outstanding"), "{}", booked.text());
    }
    assert_eq!((staff.on_hand(mug), staff.on_hand(towel)), (25, 0));
    // The rest of it comes as it was ordered.
    let rest = clerk.open(&path).form("receive_all");
    for _ in 0..2 {
        assert!(clerk.send(&rest, &[]).expect(200).says("Received"));
    }
    assert_eq!((staff.on_hand(mug), staff.on_hand(towel)), (26, 4));
    // And one more, which is kept.
    let page = clerk.open(&path);
    assert!(page.says("All of it has come."), "{}", page.text());
    let surplus =
        clerk.send(&page.form("receive"), &[("lines[0].quantity", "1"), ("accept_surplus", "true")]);
    assert!(surplus.expect(200).says("Booked:"));
    assert_eq!(staff.on_hand(mug), 27);
}

#[test]
fn a_delivery_that_is_gone_back_to_is_booked_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, barcode, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 26)]);
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/purchase_orders/{id}/receive");
    let address =
        scan(&mut clerk, &path, &[(&barcode, ": 1 of 26 counted."), ("9*mug", ": 10 of 26 counted.")]);
    for _ in 0..2 {
        // The page is asked for anew, since browsers keep none of it.
        let book = clerk.open(&address).form("receive");
        assert!(clerk.send(&book, &[]).expect(200).says("10 received, 16 outstanding"));
    }
    assert_eq!(staff.on_hand(mug), 10);
    // As many once more are another delivery, counted from the start.
    let address = scan(&mut clerk, &path, &[("10*mug", ": 10 of 16 counted.")]);
    let book = clerk.open(&address).form("receive");
    assert!(clerk.send(&book, &[]).expect(200).says("20 received, 6 outstanding"));
}

#[test]
fn a_delivery_of_nothing_books_nothing_and_of_two_the_second_is_told() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 6), (towel, 4)]);
    let (mut one, mut other) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let path = format!("/desk/purchase_orders/{id}/receive");
    let (ones, others) = (one.open(&path).form("receive"), other.open(&path).form("receive"));
    let nothing = one.send(&ones, &[]).expect(422);
    assert!(nothing.says("Lines are all at 0. Scan what came"), "{}", nothing.text());
    assert_eq!(staff.on_hand(mug), 0);
    one.send(&nothing.form("receive"), &[("lines[0].quantity", "6")]).expect(200);
    let late = other.send(&others, &[("lines[1].quantity", "4")]).expect(412);
    assert!(late.says("Somebody has changed this meanwhile") && late.says("0 / 6"), "{}", late.text());
    // The line that was sent comes first, with what was typed.
    let again = late.form("receive");
    assert_eq!(
        (again.get("lines[0].product_id"), again.get("lines[0].quantity"), again.get("lines[1].quantity")),
        (Some(towel.to_string().as_str()), Some("4"), Some("0"))
    );
    assert!(other.send(&again, &[]).expect(200).says("Received"));
    assert_eq!((staff.on_hand(mug), staff.on_hand(towel)), (6, 4));
}

#[test]
fn of_two_who_count_one_delivery_the_second_says_whether_it_is_another() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 6), (towel, 4)]);
    let (mut one, mut other) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let path = format!("/desk/purchase_orders/{id}/receive");
    let ones = scan(&mut one, &path, &[("mug", ": 1 of 6 counted.")]);
    let others =
        scan(&mut other, &path, &[("mug", ": 1 of 6 counted."), ("2*towel", "Towel: 2 of 4 counted.")]);
    let late = other.open(&others).form("receive");
    let ones = one.open(&ones).form("receive");
    for _ in 0..2 {
        assert!(one.send(&ones, &[]).expect(200).says("Booked:"));
    }
    // Also where a scan has shown the page anew meanwhile.
    let page = other.open(&others);
    let scanned = other.send(&page.scanner(), &[("scan", "towel")]).expect(200);
    assert!(scanned.says("Since you began to count, this was booked: clerk, "), "{}", scanned.text());
    for form in [late, scanned.form("receive")] {
        let told = other.send(&form, &[]).expect(412);
        assert!(told.says("Since you began to count") && told.says("⚠ clerk booked: 1, "), "{}", told.text());
        assert_eq!(told.form("receive").get("lines[0].quantity"), Some("1"));
        let unsure = other.send(&told.form("receive"), &[]).expect(422);
        assert!(unsure.says("“Book it as well” is not ticked, so nothing was booked."), "{}", unsure.text());
        assert!(unsure.says("⚠ clerk booked: 1, "), "{}", unsure.text());
        let unsure = other.send(&unsure.form("receive"), &[("note", "Torn")]).expect(422);
        let counted_on = other.send(&unsure.scanner(), &[("scan", "towel")]).expect(200);
        assert!(counted_on.says("Since you began to count"), "{}", counted_on.text());
        other.send(&counted_on.form("receive"), &[]).expect(412);
    }
    assert_eq!((staff.on_hand(mug), staff.on_hand(towel)), (1, 0));
    // Whoever means it says so, and it is booked once.
    let told = other.send(&scanned.form("receive"), &[]).expect(412).form("receive");
    for _ in 0..2 {
        assert!(other.send(&told, &[("receipts[as_well]", "true")]).expect(200).says("Booked:"));
    }
    assert_eq!((staff.on_hand(mug), staff.on_hand(towel)), (2, 3));
    // Nothing of it is said to whoever begins now.
    assert!(!other.open(&path).says("Since you began"));
    for nonsense in ["1", "x.y", "-1.zz", "99999999999999999999.ab", "."] {
        other.open(&format!("{path}?seen={nonsense}")).expect(200);
    }
}

#[test]
fn orders_are_found_by_state_supplier_and_product() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, .. } = goods(&staff);
    let drafted = draft(&staff, supplier, &[(towel, 2)]);
    let on_its_way = ordered(&staff, supplier, &[(mug, 2)]);
    let elsewhere = staff
        .post("/purchase_orders", json!({"lines": [{"product_id": mug, "quantity": 1}]}))
        .expect(201)
        .id();
    let mut manager = shop.manager_at_desk();
    let mut listed = |query: &str| {
        let page = manager.open(&format!("/desk/purchase_orders{query}")).expect(200);
        let links = page.links();
        [drafted, on_its_way, elsewhere].map(|id| links.contains(&format!("/desk/purchase_orders/{id}")))
    };
    assert_eq!(listed(""), [true, false, true]);
    assert_eq!(listed("?view=ordered"), [false, true, false]);
    assert_eq!(listed("?view=overdue"), [false, false, false]);
    assert_eq!(listed(&format!("?supplier_id={supplier}")), [true, false, false]);
    assert_eq!(listed("?view=all&product=MUG"), [false, true, true]);
    assert_eq!(listed("?view=all&product=nonsense"), [true, true, true]);
    // A week, and at most a weekend before the shop works again.
    shop.hours_pass(24 * 11);
    assert_eq!(listed("?view=overdue"), [false, true, false]);
}

#[test]
fn a_long_order_is_shown_page_by_page_and_received_by_what_is_counted() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..45)
        .map(|n| {
            staff
                .post(
                    "/products",
                    json!({"name": format!("Thing {n}"), "price": "1", "sku": format!("T-{n}")}),
                )
                .expect(201)
                .id()
        })
        .collect();
    let supplier = shop.supplier(&staff, 7);
    let lines: Vec<(u64, i64)> = products.iter().map(|id| (*id, 3)).collect();
    let waits = draft(&staff, supplier, &lines);
    let id = ordered(&staff, supplier, &lines);
    let mut manager = shop.manager_at_desk();
    let page = manager.open(&format!("/desk/purchase_orders/{waits}"));
    assert!(page.says("Thing 19") && !page.says("Thing 20"));
    let next = page.links().into_iter().find(|link| link.contains("after=")).expect("a next page");
    assert!(manager.open(&next).says("Thing 20"));
    let path = format!("/desk/purchase_orders/{id}/receive");
    let address = scan(&mut manager, &path, &[("3*T-44", "3 of 3 counted"), ("T-7", "1 of 3 counted")]);
    let page = manager.open(&address);
    assert!(page.says("Of 43 lines nothing is counted yet"), "{}", page.text());
    assert!(manager.send(&page.form("receive"), &[]).expect(200).says("Booked:"));
    assert_eq!([7, 8, 44].map(|n| staff.on_hand(products[n])), [1, 0, 3]);
}

#[test]
fn a_scan_comes_on_top_of_what_is_typed_and_loses_nothing_beside_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let Goods { supplier, mug, towel, barcode, .. } = goods(&staff);
    let id = ordered(&staff, supplier, &[(mug, 26), (towel, 4)]);
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/purchase_orders/{id}/receive"));
    let typed =
        [("lines[0].quantity", "4"), ("lines[1].rejected", "1"), ("note", "Box wet"), ("scan", &barcode)];
    let mut page = clerk.send(&page.scanner(), &typed).expect(200);
    let stands = |page: &crate::browser::Page| {
        let form = page.form("receive");
        ["lines[0].quantity", "lines[1].quantity", "lines[1].rejected", "note"]
            .map(|name| form.get(name).unwrap_or("").to_owned())
    };
    assert!(page.says(": 5 of 26 counted."), "{}", page.text());
    assert_eq!(stands(&page), ["5", "0", "1", "Box wet"]);
    // What the buttons do, they do to what stands in the fields.
    for (step, typed, left) in [
        (format!("more.{mug}"), [("lines[0].quantity", "9")], ["10", "0", "1", "Box wet"]),
        (format!("all.{towel}"), [("lines[1].quantity", "x")], ["10", "4", "1", "Box wet"]),
        (format!("none.{mug}"), [("note", "Box dry")], ["0", "4", "1", "Box dry"]),
        (format!("more.{mug}"), [("lines[1].rejected", "")], ["1", "4", "0", "Box dry"]),
    ] {
        page = clerk.send(&page.pressed("step", &step), &typed).expect(200);
        assert_eq!(stands(&page), left, "{step}");
    }
    // What cannot be counted is said, and what was typed is still there.
    for (name, typed, scan, status, says) in [
        ("lines[1].quantity", "4x", "mug", 422, "Line 2, Units must be a whole number, and is “4x”"),
        ("lines[1].quantity", "-1", "mug", 422, "Not counted: mug"),
        ("note", "Torn", "24*", 200, "“24*” is no code"),
        ("note", "Torn", "nonsense", 200, "Nothing here has the code nonsense"),
        ("note", "Torn", "1000000*mug", 200, "That is more than fits here"),
    ] {
        let refused = clerk.send(&page.scanner(), &[(name, typed), ("scan", scan)]).expect(status);
        assert!(refused.says(says), "{scan}: {}", refused.text());
        assert_eq!(refused.form("receive").get(name), Some(typed), "{scan}");
        assert_eq!(refused.form("receive").get("lines[0].quantity"), Some("1"), "{scan}");
    }
    let booked = clerk.send(&page.form("receive"), &[("scan", "mug")]).expect(200);
    assert!(booked.says("1 received, 25 outstanding"), "{}", booked.text());
}

#[test]
fn what_is_rejected_on_another_part_of_a_long_order_is_booked_too() {
    let shop = Shop::open();
    let staff = shop.staff();
    let supplier = shop.supplier(&staff, 7);
    let product = |n: usize| {
        let body =
            json!({"name": format!("{n} {}", "<&>".repeat(60)), "price": "1", "sku": format!("T-{n:03}")});
        staff.post("/products", body).expect(201).id()
    };
    let products: Vec<u64> = (0..90).map(product).collect();
    let id = ordered(&staff, supplier, &products.iter().map(|id| (*id, 3)).collect::<Vec<_>>());
    let mut clerk = shop.clerk_at_desk();
    let page = clerk.open(&format!("/desk/purchase_orders/{id}/receive"));
    let page = clerk.send(&page.pressed("step", "all_lines"), &[]).expect(200);
    let rows = page.form("receive");
    let [first, second] =
        [0, 1].map(|at| rows.get(&format!("lines[{at}].product_id")).unwrap().parse::<u64>().unwrap());
    let next = regex::Regex::new("value=\"(lines[.][1-9][0-9]*)\"").unwrap().captures(&page.html).unwrap()[1]
        .to_owned();
    let typed = [("lines[0].quantity", "2"), ("lines[0].rejected", "1"), ("lines[1].quantity", "3")];
    let page = clerk.send(&page.pressed("step", &next), &typed).expect(200);
    assert_ne!(page.form("receive").get("lines[0].product_id"), Some(first.to_string().as_str()));
    let page = clerk.send(&page.scanner(), &[("scan", "3*T-089"), ("note", "Two parcels")]).expect(200);
    clerk.send(&page.form("receive"), &[]).expect(200);
    let order = staff.get(&format!("/purchase_orders/{id}")).expect(200);
    let came = |product: u64| {
        let lines = order.body["lines"].as_array().unwrap();
        let line = lines.iter().find(|line| line["product_id"] == product).unwrap();
        (line["received"].as_i64().unwrap(), line["rejected"].as_i64().unwrap())
    };
    assert_eq!([first, second, products[89]].map(came), [(2, 1), (3, 0), (3, 0)]);
}

#[test]
fn who_orders_what_was_changed_meanwhile_is_told_what_it_was() {
    let shop = Shop::open();
    let staff = shop.staff();
    let [mug, jug, cup] = [0; 3].map(|_| shop.product(&staff, 1));
    let lines: Vec<Value> = [mug, jug].iter().map(|id| json!({"product_id": id, "quantity": 36})).collect();
    let draft = staff.post("/purchase_orders", json!({"lines": lines})).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let order = clerk.open(&format!("/desk/purchase_orders/{draft}")).form("order");
    for (product, quantity) in [(mug, 40), (cup, 5)] {
        let path = format!("/purchase_orders/{draft}/lines/{product}");
        staff.put(&path, json!({"quantity": quantity}));
    }
    staff.delete(&format!("/purchase_orders/{draft}/lines/{jug}"));
    let told = clerk.send(&order, &[]).expect(412);
    for words in ["Look at it as it is now", "40, was 36", "taken out, was 36", "5, new"] {
        assert!(told.says(words), "{words}: {}", told.text());
    }
    assert!(!told.says("still in the fields"));
    assert!(clerk.send(&told.form("order"), &[]).expect(200).says("Ordered."));
}

#[test]
fn what_is_cancelled_is_sent_to_nobody() {
    let shop = Shop::open();
    let staff = shop.staff();
    let draft = staff.post("/purchase_orders", json!({})).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/purchase_orders/{draft}");
    let page = clerk.open(&path);
    assert!(page.says("The supplier reads it") && page.links().contains(&format!("{path}/letter")));
    staff.post(&format!("/purchase_orders/{draft}/cancel"), json!({})).expect(200);
    let links = clerk.open(&path).links();
    assert!(links.iter().all(|link| !link.ends_with("/letter") && !link.ends_with("/csv")), "{links:?}");
}
