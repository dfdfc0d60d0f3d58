//! Several people at one desk, and one customer who calls twice.

use serde_json::json;
use storekeeper::web::caller::Role;

use crate::harness::Shop;

#[test]
fn what_one_has_placed_another_does_not_place_again_from_the_same_page() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 9);
    let customer = shop.guest().id;
    let mut first = shop.clerk_at_desk();
    shop.add_staff("colleague", Role::Clerk);
    let mut second = shop.at_desk("colleague");
    let address = format!("/desk/orders/new?customer_id={customer}&lines={product}.2");
    let page = first.open(&address);
    let placed = first.send(&page.form("place"), &[]).expect(200);
    // Another one has logged in, and goes back to the page.
    let back = second.open(&page.path);
    assert_eq!(back.path, page.path);
    let orders = || staff.get("/orders").expect(200).body["data"].as_array().unwrap().len();
    for form in [back.form("place"), page.form("place")] {
        let told = second.send(&form, &[]).expect(409);
        assert!(told.says("was sent by clerk, and it did its work then"), "{}", told.text());
        assert!(told.links().contains(&placed.place().to_owned()), "{:?}", told.links());
        assert_eq!(orders(), 1);
    }
    // They want it all the same, once.
    let told = second.send(&back.form("place"), &[]).expect(409);
    for _ in 0..2 {
        second.send(&told.form("place"), &[]).expect(200);
        let told = second.send(&back.form("place"), &[]).expect(409);
        second.send(&told.form("place"), &[]).expect(200);
        assert_eq!(orders(), 2);
    }
}

#[test]
fn somebody_who_is_known_is_not_made_once_more_unasked() {
    let shop = Shop::open();
    let staff = shop.staff();
    let kate = json!({"name": "Kate Easton", "email": "kate@example.com", "phone": "+44 20 7946 0018"});
    let kate = staff.post("/customers", kate).expect(201).id();
    let customers = || staff.get("/customers").expect(200).body["data"].as_array().unwrap().len();
    let mut clerk = shop.clerk_at_desk();
    for (address, way) in [
        ("/desk/orders/new", format!("/desk/orders/new?customer_id={kate}")),
        ("/desk/customers", format!("/desk/customers/{kate}")),
    ] {
        for (email, phone) in [
            ("KATE@example.com", "+49 30 123456"),
            (" kate@example.com ", "+44 20 7946 0018"),
            ("other@example.com", "+44 (0)20 7946-0018"),
        ] {
            let form = clerk.open(address).form("new_customer");
            let typed = [("name", "Kate"), ("email", email), ("phone", phone)];
            let told = clerk.send(&form, &typed).expect(409);
            assert!(told.says(&format!("Kate Easton (customer {kate})")), "{}", told.text());
            assert!(told.links().contains(&way), "{:?}", told.links());
            assert_eq!(told.form("new_customer").get("name"), Some("Kate"));
        }
    }
    assert_eq!(customers(), 1);
    // Nobody has these.
    let form = clerk.open("/desk/customers").form("new_customer");
    let typed = [("name", "Kit"), ("email", "ate@example.com"), ("phone", "+44 20 7946 001")];
    let made = clerk.send(&form, &typed).expect(200);
    assert_eq!(clerk.send(&form, &typed).expect(200).place(), made.place());
    assert_eq!(customers(), 2);
    // One more of a household, and once.
    let typed = [("name", "Kurt Easton"), ("email", "kate@example.com"), ("phone", "+44 20 7946 0018")];
    let form = clerk.open("/desk/orders/new").form("new_customer");
    let told = clerk.send(&form, &typed).expect(409).form("new_customer");
    for _ in 0..2 {
        assert!(clerk.send(&told, &[]).expect(200).says("Kurt Easton"));
        assert_eq!(customers(), 3);
    }
    // Whoever types another one meanwhile is told of that one, too.
    let form = clerk.open("/desk/orders/new").form("new_customer");
    let told = clerk.send(&form, &typed).expect(409);
    let again = clerk.send(&told.form("new_customer"), &[("email", "ate@example.com")]).expect(409);
    assert!(again.says("Kit (customer"), "{}", again.text());
}
