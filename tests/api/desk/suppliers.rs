//! Suppliers and what they ask, at the desk.

use serde_json::json;

use crate::harness::Shop;

#[test]
fn a_supplier_is_added_changed_archived_and_restored() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut manager = shop.manager_at_desk();
    let add = manager.open("/desk/suppliers/new").form("add_supplier");
    assert_eq!(add.get("order_days[]"), Some(""));
    let refused = manager.send(&add, &[("name", "Potters"), ("lead_time_days", "x")]).expect(422);
    assert!(refused.html.contains("aria-invalid=\"true\""));
    let mut add = refused.form("add_supplier");
    add.fields.push(("order_days[]".to_owned(), "mon".to_owned()));
    add.fields.push(("order_days[]".to_owned(), "thu".to_owned()));
    let values = [("lead_time_days", "7"), ("minimum_order_value", "150"), ("name", "Potters <b>United</b>")];
    let added = manager.send(&add, &values).expect(200);
    assert!(added.says("The supplier is added.") && added.says("Potters <b>United</b>"), "{}", added.text());
    assert_eq!(manager.send(&add, &values).place(), added.place());
    let path = added.place().to_owned();
    let supplier = staff.get(path.strip_prefix("/desk").unwrap()).expect(200).body;
    assert_eq!(
        (&supplier["order_days"], &supplier["minimum_order_value"]),
        (&json!(["mon", "thu"]), &json!("150.00"))
    );
    // The boxes are ticked as they stand, and what is unticked goes.
    let mut correct = added.form("correct");
    let ticked: Vec<&str> = correct
        .fields
        .iter()
        .filter(|(name, _)| name == "order_days[]")
        .map(|(_, day)| day.as_str())
        .collect();
    assert_eq!(ticked, ["", "mon", "thu"]);
    let other = added.form("correct");
    correct.fields.retain(|(_, value)| value != "thu");
    for _ in 0..2 {
        assert!(manager.send(&correct, &[("phone", "+44 20 123456")]).expect(200).says("Saved."));
    }
    assert_eq!(staff.get(path.strip_prefix("/desk").unwrap()).expect(200).body["order_days"], json!(["mon"]));
    let stale = manager.send(&other, &[("phone", "+44 20 999999")]).expect(412);
    assert!(stale.says("Now it is: +44 20 123456"), "{}", stale.text());
    let archive = manager.open(&path).form("archive_supplier");
    for _ in 0..2 {
        assert!(manager.send(&archive, &[]).expect(200).says("The supplier is archived."));
    }
    assert!(manager.open("/desk/suppliers").says("No suppliers here."));
    let restore = manager.open("/desk/suppliers?archived=true&q=potters").form("restore_supplier");
    for _ in 0..2 {
        let restored = manager.send(&restore, &[]).expect(200);
        assert!(restored.says("The supplier is there again.") && restored.path.starts_with(&path));
    }
    shop.clerk_at_desk().open("/desk/suppliers").expect(403);
}

#[test]
fn what_it_asks_is_said_changed_and_taken_back() {
    let shop = Shop::open();
    let staff = shop.staff();
    let supplier = shop.supplier(&staff, 7);
    let mug = staff.post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG"})).expect(201).id();
    let mut manager = shop.manager_at_desk();
    let list = manager.open(&format!("/desk/suppliers/{supplier}/products"));
    assert!(list.says("It sells nothing"));
    assert!(manager.send(&list.form_of_fields(&["scan"]), &[("scan", "mu")]).expect(200).says("Mug MUG"));
    let offer = manager.send(&list.form_of_fields(&["scan"]), &[("scan", "MUG")]).expect(200);
    let put = offer.form("put_offer");
    let terms = [
        ("cost", "7.95"),
        ("supplier_sku", "PU-117"),
        ("pack_size", "6"),
        ("preferred", "true"),
        ("price_breaks[1].from_quantity", "48"),
        ("price_breaks[1].cost", "7.20"),
    ];
    for _ in 0..2 {
        let said = manager.send(&put, &terms).expect(200);
        assert!(said.says("€7.95 from 48: €7.20 packs of 6 ● Preferred"), "{}", said.text());
    }
    let of_product = manager.open(&format!("/desk/products/{mug}/suppliers")).expect(200);
    assert!(of_product.says("PU-117 €7.95"), "{}", of_product.text());
    let path = format!("/desk/suppliers/{supplier}/products/{mug}");
    let page = manager.open(&path);
    let (put, other) = (page.form("put_offer"), page.form("put_offer"));
    assert_eq!(put.get("price_breaks[0].cost"), Some("7.20"));
    let dearer = [("cost", "8.25"), ("price_breaks[0].from_quantity", ""), ("price_breaks[0].cost", "")];
    for _ in 0..2 {
        let said = manager.send(&put, &dearer).expect(200);
        assert!(said.says("€8.25 packs of 6"), "{}", said.text());
    }
    let stale = manager.send(&other, &[("cost", "9")]).expect(412);
    assert!(stale.says("Now it is: 8.25"), "{}", stale.text());
    let remove = manager.open(&path).form("remove_offer");
    for _ in 0..2 {
        assert!(manager.send(&remove, &[]).expect(200).says("It sells nothing"));
    }
    assert!(manager.open(&format!("/desk/products/{mug}/suppliers")).says("Nobody is known to sell it"));
}

#[test]
fn how_long_it_took_stands_beside_what_it_says() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (supplier, product) = (shop.supplier(&staff, 7), shop.product(&staff, 0));
    let lines = json!({"supplier_id": supplier, "lines": [{"product_id": product, "quantity": 2}]});
    let order = staff.post("/purchase_orders", lines).expect(201).id();
    staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
    let mut manager = shop.manager_at_desk();
    let path = format!("/desk/suppliers/{supplier}");
    assert!(manager.open(&path).says("Nothing of it has come yet."));
    shop.hours_pass(24 * 9);
    staff.post(&format!("/purchase_orders/{order}/receive"), json!({})).expect(200);
    let page = manager.open(&path);
    assert!(page.says("It says 7 days.") && page.says("All products 1 9.0 –"), "{}", page.text());
}

#[test]
fn suppliers_stand_by_their_names_and_an_archived_one_is_restored_on_its_page() {
    let shop = Shop::open();
    let staff = shop.staff();
    for name in ["weavers", "Potters", "Ärzte", "Basket makers"] {
        staff.post("/suppliers", json!({"name": name, "lead_time_days": 3})).expect(201);
    }
    let mut manager = shop.manager_at_desk();
    let list = manager.open("/desk/suppliers").expect(200).text();
    let places = ["Basket makers", "Potters", "weavers"].map(|name| list.find(name).expect(name));
    assert!(places.is_sorted(), "{list}");
    let choice = manager.open("/desk/purchase_orders").html;
    let places = ["Basket makers", "Potters", "weavers"].map(|name| choice.find(name).expect(name));
    assert!(places.is_sorted(), "{choice}");
    staff.delete("/suppliers/1").expect(204);
    let page = manager.open("/desk/suppliers/1").expect(200);
    let restored = manager.send(&page.form("restore_supplier"), &[]).expect(200);
    assert!(restored.says("The supplier is there again.") && restored.place() == "/desk/suppliers/1");
    assert!(restored.has_form("correct"), "{}", restored.text());
}
