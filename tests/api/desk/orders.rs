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
        let scan = page.form_of_fields(&["scan"]);
        page = clerk.send(&scan, &[("scan", code)]).expect(200);
        assert!(page.says(says), "{code}: {}", page.text());
    }
    // Opened again, nothing is counted twice.
    let again = clerk.open(&page.path);
    assert!(again.says("2 of 2 lines packed"));
    let ship = page.form("ship");
    let shipped = clerk.send(&ship, &[("carrier", "Post"), ("tracking_number", "RR123456785GB")]).expect(200);
    assert!(shipped.path.starts_with(&format!("/desk/orders/{order}?done=ship")), "{}", shipped.path);
    assert!(
        shipped.says("Shipped.") && shipped.says("RR123456785GB") && shipped.says("clerk"),
        "{}",
        shipped.text()
    );
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
    let found = clerk.send(&what.form_of_fields(&["scan"]), &[("scan", "blue")]).expect(200);
    assert!(found.says("Add Blue mug"), "{}", found.text());
    let taken = clerk.send(&found.form_of_fields(&["scan"]), &[("scan", "2*mug-b")]).expect(200);
    let place = taken.form("place");
    assert_eq!(
        (place.get("items[0].product_id"), place.get("items[0].quantity")),
        (Some(mug.to_string().as_str()), Some("2"))
    );
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
