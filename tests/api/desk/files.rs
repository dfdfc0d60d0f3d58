//! Lists that somebody takes along as files.

use serde_json::json;

use crate::harness::Shop;

#[test]
fn every_list_is_a_file_with_what_it_shows() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (name, category) in [("Mug", "Kitchen"), ("=Bowl", "Kitchen"), ("Desk", "Office")] {
        staff
            .post("/products", json!({"name": name, "category": category, "price": 1, "stock": 4}))
            .expect(201);
    }
    let supplier = shop.supplier(&staff, 7);
    let product = shop.product(&staff, 5);
    let guest = shop.guest();
    guest.client.order(&[(product, 1)]).expect(201);
    staff.offer(supplier, product, json!({"cost": "1.00"})).expect(201);
    let mut manager = shop.manager_at_desk();
    let mut file_on = |page: &str| {
        let links = manager.open(page).expect(200).links();
        let link = links.iter().find(|link| link.starts_with("/desk/file?"));
        let link = link.unwrap_or_else(|| panic!("no file on {page}: {links:?}"));
        let file = manager.ask("GET", link, None, &[]);
        assert_eq!(file.status, 200, "{page}");
        assert!(file.headers["content-type"].starts_with("text/csv"), "{page}");
        assert!(file.headers["content-disposition"].starts_with("attachment; filename=\""), "{page}");
        assert_eq!(file.headers["cache-control"], "no-store", "{page}");
        file.html
    };
    let of_api =
        |target: &str| staff.request("GET", target).header("Accept", "text/csv").send().expect(200).text;
    assert_eq!(file_on("/desk/orders?view=all"), of_api("/orders"));
    assert_eq!(file_on("/desk/customers"), of_api("/customers"));
    assert_eq!(file_on("/desk/suppliers"), of_api("/suppliers"));
    assert_eq!(
        file_on(&format!("/desk/products/{product}/suppliers")),
        of_api(&format!("/products/{product}/suppliers"))
    );
    assert_eq!(
        file_on(&format!("/desk/products/{product}/ledger")),
        of_api(&format!("/products/{product}/stock/movements"))
    );
    // With the filters of the page.
    let kitchen = file_on("/desk/products?category=Kitchen");
    assert!(
        kitchen.contains("Mug") && kitchen.contains("\"'=Bowl\"") && !kitchen.contains("Desk"),
        "{kitchen}"
    );
    // However many pages it has.
    for number in 0..120 {
        staff.post("/customers", json!({"name": format!("Customer {number}"), "email": "a@example.com", "phone": "+44 20 123456"})).expect(201);
    }
    assert_eq!(file_on("/desk/customers").lines().count(), 1 + 121);
    for page in [
        "/desk/restock",
        "/desk/purchase_orders",
        "/desk/stock_takes",
        "/desk/house/audit",
        "/desk/imports",
        "/desk/house/staff",
    ] {
        file_on(page);
    }
}

#[test]
fn a_file_is_a_list_and_nothing_else() {
    let shop = Shop::open();
    let product = shop.product(&shop.staff(), 5);
    let mut manager = shop.manager_at_desk();
    for list in [
        "",
        "https://evil.example/orders",
        "//evil.example",
        "/nowhere",
        "/openapi.json",
        "/sessions/current",
        "orders",
    ] {
        manager.open(&format!("/desk/file?list={list}")).expect(404);
    }
    manager.open("/desk/file").expect(404);
    manager.open(&format!("/desk/file?list=/products/{product}")).expect(404);
    manager.open("/desk/file?list=/products%3Fsort%3Dcolour").expect(422);
    // Nobody takes along what they may not see, and a stranger logs in first.
    shop.clerk_at_desk().open("/desk/file?list=/suppliers").expect(403);
    let stranger = shop.stranger_at_desk().ask("GET", "/desk/file?list=/orders", None, &[]);
    assert_eq!((stranger.status, stranger.headers["location"].starts_with("/desk/login")), (303, true));
}
