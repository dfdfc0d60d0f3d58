//! Orders at the desk.

use serde_json::json;

use crate::fixtures::gtin;
use crate::harness::Shop;
use crate::order_limits::{order_for, with_account};

#[test]
fn an_order_is_packed_by_scans_and_shipped_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let barcode = gtin("400638133393");
    let mug = staff.post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "barcodes": [{"code": barcode}], "stock": 5, "shelf": "A2"}));
    let mug = mug.expect(201).id();
    let towel = staff
        .post("/products", json!({"name": "Towel", "price": "4", "sku": "TOWEL", "stock": 5}))
        .expect(201)
        .id();
    staff.post("/products", json!({"name": "Jug", "price": "4", "sku": "JUG", "stock": 5})).expect(201);
    let order = shop.guest().client.order(&[(mug, 2), (towel, 1)]).expect(201).id();

    let mut clerk = shop.clerk_at_desk();
    let list = clerk.open("/desk/orders").expect(200);
    assert!(list.says("All there"), "{}", list.text());
    assert!(list.links().contains(&format!("/desk/orders/{order}")));

    let mut page = clerk.open(&format!("/desk/orders/{order}/pack"));
    assert!(page.says("0 of 2 lines packed"));
    for (code, says) in [
        ("MUG", "Mug: 1 of 2"),
        ("JUG", "Wrong item: Jug is not in this order"),
        ("nonsense", "Nothing here has the code nonsense"),
        ("2*mug", "Too many of Mug: 1 of 2 are packed already"),
        (barcode.as_str(), "Mug: 2 of 2"),
        ("towel", "2 of 2 lines packed"),
    ] {
        let scan = page.scanner();
        page = clerk.send(&scan, &[("scan", code)]).expect(200);
        assert!(page.says(says), "{code}: {}", page.text());
    }
    // Opened again, nothing is counted twice.
    let again = clerk.open(&page.path);
    assert!(again.says("2 of 2 lines packed"));
    let ship = page.form("ship");
    let shipped = clerk.send(&ship, &[("carrier", "Post"), ("tracking_number", "RR123456785GB")]).expect(200);
    assert!(shipped.path.starts_with(&format!("/desk/orders/{order}?done=ship")), "{}", shipped.path);
    // Whoever has not done it is not told that it was just done.
    let link = shipped.path.split("&proof=").next().unwrap();
    for unproved in [link.to_owned(), format!("{link}&proof=0123456789abcdef"), format!("{link}&before=true")]
    {
        assert!(!clerk.open(&unproved).html.contains("Shipped.</p>"), "{unproved}");
    }
    assert!(!shop.manager_at_desk().open(&shipped.path).html.contains("class=\"done\""));
    assert!(clerk.open(&shipped.path).html.contains("class=\"done\""));
    assert!(
        shipped.says("Shipped.") && shipped.says("RR123456785GB") && shipped.says("clerk"),
        "{}",
        shipped.text()
    );
    let back = clerk.open(&format!("{}&tracking_number=RR123456785GB&last=parcel", page.path));
    assert!(back.says("Shipped.") && !back.says("Press “Ship”"), "{}", back.text());
    // The button again, after "back": it is the one parcel.
    let again = clerk.send(&ship, &[("carrier", "Post"), ("tracking_number", "RR123456785GB")]).expect(200);
    assert!(again.says("Shipped."));
    let movements = staff.get(&format!("/products/{mug}/stock/movements?reason=sale")).expect(200);
    assert_eq!(movements.body["data"].as_array().unwrap().len(), 1);
    // With other words it is another wish, and it was sent before.
    let other = clerk.send(&ship, &[("carrier", "Courier"), ("tracking_number", "X")]).expect(422);
    assert!(other.says("This form was sent before, with other values"), "{}", other.text());
}

#[test]
fn of_two_who_change_an_order_the_second_sees_both_versions() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let (mut one, mut other) = (shop.manager_at_desk(), shop.clerk_at_desk());
    let path = format!("/desk/orders/{order}");
    let (ones, others) = (one.open(&path).form("correct"), other.open(&path).form("correct"));
    assert!(one.send(&ones, &[("note", "Ring twice")]).expect(200).says("Saved."));
    // Pressed twice, it is done.
    assert!(one.send(&ones, &[("note", "Ring twice")]).expect(200).says("Saved."));
    let stale = other.send(&others, &[("note", "Leave at the door")]).expect(412);
    assert!(
        stale.says("Somebody has changed this meanwhile") && stale.says("Now it is: Ring twice"),
        "{}",
        stale.text()
    );
    let again = stale.form("correct");
    assert_eq!(again.get("note"), Some("Leave at the door"));
    assert!(other.send(&again, &[]).expect(200).says("Leave at the door"));
    // What can no longer be done says so, and shows where the order stands.
    let cancel = other.open(&path).form("cancel");
    let shipped = one.open(&path);
    one.send(&shipped.form("ship"), &[("carrier", "Post")]).expect(200);
    let late = other.send(&cancel, &[]).expect(412);
    assert!(late.says("Shipped"), "{}", late.text());
}

#[test]
fn several_orders_are_picked_in_one_round_along_the_shelves() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = |name: &str, shelf: &str| {
        staff
            .post("/products", json!({"name": name, "price": "1", "shelf": shelf, "stock": 9}))
            .expect(201)
            .id()
    };
    let (far, near) = (product("Far", "A10"), product("Near", "A2"));
    let guest = shop.guest().client;
    let first = guest.order(&[(far, 1), (near, 2)]).expect(201).id();
    let second = guest.order(&[(near, 3)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let list = clerk.open("/desk/orders");
    let ticked = list.form_of_fields(&[]).clone();
    assert_eq!(ticked.get("orders[]"), None, "nothing is ticked yet");
    let page = clerk.open(&format!("/desk/orders/pick_list?orders%5B%5D={first}&orders%5B%5D={second}"));
    let text = page.text();
    assert!(text.contains("For 2 orders"), "{text}");
    let (near_at, far_at) = (text.find("A2").unwrap(), text.find("A10").unwrap());
    assert!(near_at < far_at, "{text}");
    assert!(text.contains(&format!("Near 5 #{first} × 2 #{second} × 3")), "{text}");
}

#[test]
fn an_order_is_placed_for_somebody_on_the_telephone() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff
        .post("/products", json!({"name": "Blue mug", "price": "9.50", "sku": "MUG-B", "stock": 5}))
        .expect(201)
        .id();
    let mut clerk = shop.clerk_at_desk();
    let who = clerk.open("/desk/orders/new");
    let new = who.form("new_customer");
    let refused =
        clerk.send(&new, &[("name", "Grace Hopper"), ("email", "not an address"), ("phone", "")]).expect(422);
    assert!(refused.html.contains("aria-invalid=\"true\""));
    let new = refused.form("new_customer");
    assert_eq!(new.get("name"), Some("Grace Hopper"));
    let what = clerk.send(&new, &[("email", "grace@example.com"), ("phone", "+1 212 555 0100")]).expect(200);
    assert!(what.says("The customer is added.") && what.says("Grace Hopper"), "{}", what.text());
    // Words find it, a code takes it.
    let found = clerk.send(&what.scanner(), &[("scan", "blue")]).expect(200);
    assert!(found.says("Add Blue mug MUG-B €9.50, 5 available"), "{}", found.text());
    let taken = clerk.send(&found.scanner(), &[("scan", "2*mug-b")]).expect(200);
    let place = taken.form("place");
    assert_eq!(
        (place.get("items[0].product_id"), place.get("items[0].quantity")),
        (Some(mug.to_string().as_str()), Some("2"))
    );
    // What it costs and whether it is there is said before it is placed.
    assert!(taken.says("€19.00") && taken.says("Total: €19.00") && !taken.says("only"), "{}", taken.text());
    let short = clerk.send(&taken.scanner(), &[("scan", "4*mug-b")]).expect(200);
    assert!(short.says("◐ only 5") && short.says("Total: €57.00"), "{}", short.text());
    let too_many =
        clerk.send(&place, &[("items[0].quantity", "7"), ("shipping_address", "1 Navy Yard")]).expect(409);
    assert!(too_many.says("Blue mug: 7 wanted, 5 there"), "{}", too_many.text());
    let place = too_many.form("place");
    assert_eq!(place.get("shipping_address"), Some("1 Navy Yard"));
    let placed = clerk.send(&place, &[("items[0].quantity", "3")]).expect(200);
    assert!(placed.says("The order is placed.") && placed.says("1 Navy Yard"), "{}", placed.text());
    let again = clerk.send(&place, &[("items[0].quantity", "3")]).expect(200);
    assert_eq!(again.place(), placed.place());
    // Gone back to, the page is asked for anew, since browsers keep none of it.
    let place = clerk.open(&taken.path).form("place");
    let values = [("items[0].quantity", "3"), ("shipping_address", "1 Navy Yard")];
    assert_eq!(clerk.send(&place, &values).place(), placed.place());
    let other = clerk.send(&place, &[("items[0].quantity", "1")]).expect(422);
    assert!(other.says("This form was sent before, with other values"), "{}", other.text());
    assert_eq!(staff.get("/orders").expect(200).body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_confirmation_is_asked_for_where_the_list_asks_and_nowhere_else() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "24")]);
    let (staff, guest, account) = (shop.staff(), shop.guest(), with_account(&shop));
    let product = shop.product(&staff, 100);
    let by_staff = order_for(&staff, &guest, product, 1).expect(201).id();
    let of_guest = guest.client.order(&[(product, 1)]).expect(201).id();
    let of_account = account.client.order(&[(product, 1)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let list = clerk.open("/desk/orders").expect(200);
    assert_eq!(list.text().matches("not confirmed").count(), 1, "{}", list.text());
    let waiting = clerk.open("/desk/orders?view=unconfirmed").expect(200).links();
    for order in [by_staff, of_guest, of_account] {
        let path = format!("/desk/orders/{order}");
        let page = clerk.open(&path).expect(200);
        assert_eq!(page.says("not confirmed"), order == of_guest, "{}", page.text());
        assert_eq!(waiting.contains(&path), order == of_guest, "{waiting:?}");
    }
    assert!(!clerk.open(&format!("/desk/orders/{by_staff}")).has_form("confirm"));
}

#[test]
fn a_shop_that_wants_no_confirmations_does_not_speak_of_them() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 100);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    for path in
        ["/desk/orders".to_owned(), "/desk/orders?view=all".to_owned(), format!("/desk/orders/{order}")]
    {
        let page = clerk.open(&path).expect(200);
        assert!(
            !page.text().to_lowercase().contains("confirm") && !page.has_form("confirm"),
            "{}",
            page.text()
        );
    }
}

#[test]
fn an_order_is_looked_for_among_all_and_the_page_says_so() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    let guest = shop.guest();
    let [placed, shipped] = [(), ()].map(|()| guest.client.order(&[(product, 1)]).expect(201).id());
    staff.post(&format!("/orders/{shipped}/ship"), json!({"tracking_number": "00340434161094"})).expect(200);
    let mut clerk = shop.clerk_at_desk();
    let both = [placed, shipped].map(|id| format!("/desk/orders/{id}"));
    // From every tab, and from an address without one.
    let mut searches = vec!["/desk/orders?q=lovelace".to_owned()];
    for tab in ["", "?view=pick", "?view=shipped"] {
        let page = clerk.open(&format!("/desk/orders{tab}")).expect(200);
        let form = page.forms().into_iter().rev().find(|form| form.get("q").is_some()).unwrap();
        searches.push(clerk.send(&form, &[("q", "lovelace")]).expect(200).path);
    }
    for path in searches {
        let page = clerk.open(&path).expect(200);
        assert!(both.iter().all(|order| page.links().contains(order)), "{path}: {:?}", page.links());
        assert!(page.says("Looked for among all orders") && page.html.contains("<title>All · "), "{path}");
        assert!(page.html.contains("aria-current=\"true\">All</a>"), "{}", page.html);
    }
    // One tab looks through its own, and says that it is open.
    let page = clerk.open("/desk/orders?view=shipped&q=lovelace").expect(200);
    assert!(page.links().contains(&both[1]) && !page.links().contains(&both[0]));
    assert!(page.html.contains("<title>Shipped · ") && !page.says("Looked for among all"));
    // The field at the top finds the parcel, too.
    let found = clerk.open("/desk/search?q=00340434161094").expect(200);
    assert!(found.links().contains(&both[1]), "{}", found.text());
}

#[test]
fn what_is_found_at_the_top_is_all_or_leads_to_the_rest_whatever_its_case() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    let guest = shop.guest();
    let ids: Vec<u64> = (0..11).map(|_| guest.client.order(&[(product, 1)]).expect(201).id()).collect();
    let mut clerk = shop.clerk_at_desk();
    let cut = clerk.open("/desk/search?q=lovelace").expect(200);
    let all = "/desk/orders?q=lovelace";
    assert!(
        cut.says("10 of them") && cut.links().contains(&all.to_owned()),
        "{} {:?}",
        cut.text(),
        cut.links()
    );
    let rest = clerk.open(all).expect(200);
    assert!(ids.iter().all(|id| rest.links().contains(&format!("/desk/orders/{id}"))));
    staff.post(&format!("/orders/{}/ship", ids[0]), json!({"tracking_number": "RR12GB"})).expect(200);
    staff.post(&format!("/orders/{}/ship", ids[1]), json!({"tracking_number": "jd0002"})).expect(200);
    for (q, id) in
        [("rr12gb", ids[0]), ("RR12GB", ids[0]), ("Rr12gB", ids[0]), ("JD0002", ids[1]), ("jd0002", ids[1])]
    {
        for path in [format!("/desk/search?q={q}"), format!("/desk/orders?q={q}")] {
            let found = clerk.open(&path).expect(200);
            assert!(found.links().contains(&format!("/desk/orders/{id}")), "{path}: {}", found.text());
            assert!(!found.says("of them"), "{path}: {}", found.text());
        }
    }
}

#[test]
fn nothing_that_a_scanner_types_ships_an_order() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (unit, pack) = (gtin("400638133393"), gtin("400638133394"));
    let mug = json!({"name": "Mug", "price": "9.50", "sku": "MUG-1", "stock": 50, "barcodes": [{"code": unit}, {"code": pack, "units": 6}]});
    let mug = staff.post("/products", mug).expect(201).id();
    staff.post("/products", json!({"name": "Jug", "price": "4", "sku": "Post", "stock": 5})).expect(201);
    let guest = shop.guest().client;
    let earlier = guest.order(&[(mug, 1)]).expect(201).id();
    staff.post(&format!("/orders/{earlier}/ship"), json!({"carrier": "Royal Mail"})).expect(200);
    let order = guest.order(&[(mug, 2)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let path = format!("/desk/orders/{order}/pack");
    let page = clerk.open(&path);
    let page = clerk.send(&page.scanner(), &[("scan", "2*mug-1")]).expect(200);
    assert!(page.says("1 of 1 lines packed"), "{}", page.text());
    // The keyboard stays where scans go, and one too many is told.
    assert_eq!(page.html.matches("autofocus").count(), 1, "{}", page.html);
    let too_many = clerk.send(&page.scanner(), &[("scan", &unit)]).expect(200);
    assert!(too_many.says("Too many of Mug"), "{}", too_many.text());
    // Enter once more, or in one of the other fields, is a step that counts nothing.
    let again = clerk.send(&page.scanner(), &[("carrier", "DPD")]).expect(200);
    assert_eq!((again.form("ship").get("carrier"), again.place()), (Some("DPD"), path.as_str()));
    for (name, text) in [
        ("tracking_number", unit.as_str()),
        ("tracking_number", &pack),
        ("tracking_number", "mug-1"),
        ("tracking_number", "2*MUG-1"),
        ("tracking_number", &format!("RR123456785GB{unit}")),
        ("tracking_number", &format!(" {unit} ")),
        ("carrier", &unit),
        ("carrier", "MUG-1"),
        ("carrier", &format!("Royal Mail{unit}")),
        ("carrier", &format!("Royal Mail{pack}")),
        ("carrier", "Royal MailMUG-1"),
        ("carrier", &format!("Some other {unit}")),
    ] {
        for form in
            [page.form("ship"), page.scanner(), clerk.open(&format!("/desk/orders/{order}")).form("ship")]
        {
            let refused = clerk.send(&form, &[(name, text)]).expect(422);
            let what = if name == "carrier" { "no carrier" } else { "no tracking number" };
            assert!(refused.says(what) && refused.says("is the code of Mug"), "{text}: {}", refused.text());
            assert_eq!(refused.form("ship").get(name), Some(text));
        }
    }
    assert_eq!(staff.get(&format!("/orders/{order}")).expect(200).body["status"], "placed");
    // What is no code of the shop is the parcel's, and the button sends it.
    let parcel = clerk.send(&page.scanner(), &[("scan", "RR123456785GB")]).expect(200);
    assert!(parcel.says("it stands as the tracking number"), "{}", parcel.text());
    let ship = parcel.form("ship");
    assert_eq!(
        (ship.get("tracking_number"), ship.get("carrier")),
        (Some("RR123456785GB"), Some("Royal Mail"))
    );
    let other = clerk.send(&parcel.scanner(), &[("scan", "RR000000000GB")]).expect(200);
    assert!(other.says("Nothing here has the code RR000000000GB"), "{}", other.text());
    assert!(clerk.send(&ship, &[]).expect(200).says("Shipped."));
    // Who carries most of them may be called as a product is.
    let named = guest.order(&[(mug, 1)]).expect(201).id();
    staff.post(&format!("/orders/{named}/ship"), json!({"carrier": "Post"})).expect(200);
    let last = guest.order(&[(mug, 1)]).expect(201).id();
    let ship = clerk.open(&format!("/desk/orders/{last}/pack")).form("ship");
    assert_eq!(ship.get("carrier"), Some("Post"));
    assert!(clerk.send(&ship, &[]).expect(200).says("Shipped."));
}

#[test]
fn what_was_ticked_too_often_is_taken_back_and_nothing_typed_is_lost() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff.post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 50}));
    let mug = mug.expect(201).id();
    let earlier = shop.guest().client.order(&[(mug, 1)]).expect(201).id();
    staff.post(&format!("/orders/{earlier}/ship"), json!({"carrier": "Royal Mail"})).expect(200);
    let order = shop.guest().client.order(&[(mug, 3)]).expect(201).id();
    let mut clerk = shop.clerk_at_desk();
    let mut page = clerk.open(&format!("/desk/orders/{order}/pack"));
    assert!(!page.html.contains("value=\"less."));
    let (more, less) = (format!("more.{mug}"), format!("less.{mug}"));
    for (step, says) in [
        (&more, "1 of 3"),
        (&more, "2 of 3"),
        (&more, "3 of 3"),
        (&less, "2 of 3"),
        (&less, "1 of 3"),
        (&less, "0 of 3"),
    ] {
        page = clerk
            .send(&page.pressed("step", step), &[("carrier", "DPD"), ("tracking_number", "RR1")])
            .expect(200);
        assert!(page.says(&format!("Mug: {says}")), "{step}: {}", page.text());
        let form = page.form("ship");
        assert_eq!((form.get("carrier"), form.get("tracking_number")), (Some("DPD"), Some("RR1")), "{step}");
    }
    for scan in ["24*", "0*", "*", "nonsense", "4*mug"] {
        let told = clerk
            .send(&page.scanner(), &[("scan", scan), ("carrier", ""), ("tracking_number", "RR2")])
            .expect(200);
        assert!(
            told.html.contains("class=\"refused\" id=\"scanned\" role=\"alert\""),
            "{scan}: {}",
            told.html
        );
        let form = told.form("ship");
        assert_eq!((form.get("carrier"), form.get("tracking_number")), (Some(""), Some("RR2")), "{scan}");
    }
}

#[test]
fn an_order_on_the_telephone_keeps_what_was_typed_and_names_a_line_without_units() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = |name: &str| {
        let body = json!({"name": name, "price": "1", "sku": name.to_uppercase(), "stock": 99});
        staff.post("/products", body).expect(201).id()
    };
    let (mug, jug) = (product("Mug"), product("Jug"));
    let customer = shop.guest().id;
    let mut clerk = shop.clerk_at_desk();
    let address = "1 Navy Yard\nWashington & Sons, \u{fc}ber";
    let empty = clerk.open(&format!("/desk/orders/new?customer_id={customer}"));
    let nothing = clerk.send(&empty.form("place"), &[("shipping_address", address)]).expect(422);
    assert!(
        nothing.says("are none yet") && nothing.form("place").get("shipping_address") == Some(address),
        "{}",
        nothing.text()
    );
    let page = clerk.send(&empty.scanner(), &[("scan", "mug"), ("shipping_address", address)]).expect(200);
    let page = clerk
        .send(&page.scanner(), &[("scan", "jug"), ("items[0].quantity", "4"), ("note", "Ring")])
        .expect(200);
    let page = clerk.send(&page.scanner(), &[("scan", "2*mug")]).expect(200);
    let form = page.form("place");
    let stands = |name: &str| form.get(name).map(str::to_owned);
    assert_eq!(stands("items[0].quantity").as_deref(), Some("6"));
    assert_eq!(
        (stands("shipping_address").as_deref(), stands("note").as_deref()),
        (Some(address), Some("Ring"))
    );
    for (first, second, says) in [
        ("0", "0", "Line 1, Units of Mug are missing"),
        ("", "", "Line 2, Units of Jug are missing"),
        ("3", "0", "Line 2, Units of Jug are missing. Type how many, or press “Remove”"),
        ("3", " 00 ", "Line 2, Units of Jug are missing"),
        ("3", "x", "Line 2, Units"),
        ("3", "1.5", "Line 2, Units"),
    ] {
        let typed = [("items[0].quantity", first), ("items[1].quantity", second)];
        let refused = clerk.send(&form, &typed).expect(422);
        assert!(refused.says(says), "{first:?} {second:?}: {}", refused.text());
        let kept = refused.form("place");
        assert_eq!(
            (kept.get("items[0].quantity"), kept.get("items[1].quantity")),
            (Some(first), Some(second))
        );
        assert_eq!(kept.get("shipping_address"), Some(address));
        // Neither does a scan swallow the line.
        let scanned = clerk.send(&page.scanner(), &[typed[0], typed[1], ("scan", "nonsense")]).expect(422);
        assert!(scanned.says("Not counted: nonsense"), "{}", scanned.text());
        assert_eq!(scanned.form("place").get("items[1].quantity"), Some(second));
    }
    // Its own scan fills it, and its button takes it out.
    let filled = clerk.send(&page.scanner(), &[("items[1].quantity", "0"), ("scan", "3*jug")]).expect(200);
    assert_eq!(filled.form("place").get("items[1].quantity"), Some("3"));
    let remove = filled.pressed("step", &format!("remove.{jug}"));
    let left = clerk.send(&remove, &[("items[1].quantity", "x")]).expect(200);
    assert!(!left.says("JUG") && left.form("place").get("note") == Some("Ring"), "{}", left.text());
    let found = clerk.send(&left.scanner(), &[("scan", "ju"), ("note", "Ring twice")]).expect(200);
    let added = clerk.send(&found.pressed("step", &format!("add.{jug}")), &[]).expect(200);
    let placed = clerk.send(&added.form("place"), &[]).expect(200);
    assert!(
        placed.says("The order is placed.") && placed.says("Ring twice") && placed.says("1 Navy Yard"),
        "{}",
        placed.text()
    );
    let order = &staff.get("/orders").expect(200).body["data"][0];
    let lines: Vec<(u64, i64)> = order["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["product_id"].as_u64().unwrap(), line["quantity"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(mug, 6), (jug, 1)]);
}

#[test]
fn what_is_typed_and_does_not_fit_into_an_address_is_kept_all_the_same() {
    let shop = Shop::open();
    let staff = shop.staff();
    staff.post("/products", json!({"name": "Mug", "price": "1", "sku": "MUG", "stock": 99})).expect(201);
    let customer = shop.guest().id;
    let mut clerk = shop.clerk_at_desk();
    let (address, note) = ("\u{20ac}".repeat(500), "\u{20ac}".repeat(1000));
    let mut page = clerk.open(&format!("/desk/orders/new?customer_id={customer}"));
    for units in ["1", "2", "3"] {
        page = clerk
            .send(&page.scanner(), &[("scan", "mug"), ("shipping_address", &address), ("note", &note)])
            .expect(200);
        let form = page.form("place");
        assert_eq!(form.get("items[0].quantity"), Some(units));
        assert_eq!(
            (form.get("shipping_address"), form.get("note")),
            (Some(address.as_str()), Some(note.as_str()))
        );
    }
    let placed = clerk.send(&page.form("place"), &[("note", "Ring")]).expect(200);
    assert!(placed.says("The order is placed."), "{}", placed.text());
}

#[test]
fn the_history_names_who_confirmed_an_order_and_so_does_what_is_refused_since() {
    let shop = Shop::open_with(&[("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "48")]);
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    let order = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let (mut clerk, mut manager) = (shop.clerk_at_desk(), shop.manager_at_desk());
    let path = format!("/desk/orders/{order}");
    let late = manager.open(&path).form("confirm");
    let page = clerk.open(&path);
    let done = clerk.send(&page.form("confirm"), &[]).expect(200);
    let history = regex::Regex::new("Confirmed [^<]*clerk").unwrap();
    assert!(done.says("Confirmed.") && history.is_match(&done.text()), "{}", done.text());
    let told = manager.send(&late, &[]).expect(412).text();
    let named = regex::Regex::new("What was done last: Confirmed, [^.]*, clerk[.]").unwrap();
    assert!(named.is_match(&told), "{told}");
    // What staff place is confirmed with that, and needs no line of its own.
    let own = order_for(&staff, &shop.guest(), product, 1).expect(201).id();
    assert!(!clerk.open(&format!("/desk/orders/{own}")).says("Confirmed"));
}
