//! Customers and suppliers out of a file, and that nothing of who is erased stays in one.

use mysql::prelude::Queryable;
use serde_json::json;

use super::{apply, counts, dry_run, is, refused, undo};
use crate::harness::Shop;

#[test]
fn customers_are_found_by_id_or_address() {
    let shop = Shop::open();
    let manager = shop.staff();
    let customer = |name: &str, email: &str| {
        let body = json!({"name": name, "email": email, "phone": "+44 20 123456"});
        manager.post("/customers", body).expect(201).id()
    };
    let ada = customer("Ada", "ada@example.com");
    let (one, _other) = (customer("Twin", "twin@example.com"), customer("Twin", "twin@example.com"));
    let file = format!(
        "id,name,email,phone\n,Ada Lovelace,ADA@example.com,+44 20 123456\n,Grace,grace@example.com,+1 555 0100\n,T,twin@example.com,1234567\n{one},Twin One,twin@example.com,+44 20 123456\n,No one,nobody,\n"
    );
    let import = dry_run(&manager, "type=customers", &file);
    assert_eq!(counts(&import), [1, 2, 0, 2, 0]);
    assert_eq!(
        refused(&import),
        [is((4, "email", "ambiguous")), is((6, "email", "invalid_email")), is((6, "phone", "required"))]
    );
    assert_eq!(apply(&manager, &import)["applied"], 3);
    let read = manager.get(&format!("/customers/{ada}")).expect(200).body;
    assert_eq!((&read["name"], &read["email"]), (&json!("Ada Lovelace"), &json!("ADA@example.com")));
    let grace = manager.get("/customers?q=grace").expect(200).body["data"][0]["id"].as_u64().expect("an id");
    assert_eq!(counts(&dry_run(&manager, "type=customers", &file)), [0, 0, 3, 2, 0]);
    assert_eq!(undo(&manager, &import)["undone"], 3);
    manager.get(&format!("/customers/{grace}")).expect(404);
    assert_eq!(manager.get(&format!("/customers/{ada}")).expect(200).body["name"], "Ada");

    let of_shopify = "First Name,Last Name,Email,Accepts Email Marketing,Phone\nGrace,Hopper,grace@example.com,no,'+15550100\n";
    let import = dry_run(&manager, "type=customers", of_shopify);
    assert_eq!((&import["source"], counts(&import)), (&json!("shopify"), [1, 0, 0, 0, 0]));
    apply(&manager, &import);
    let grace = manager.get("/customers?q=hopper").expect(200).body["data"][0].clone();
    assert_eq!((&grace["name"], &grace["phone"]), (&json!("Grace Hopper"), &json!("+15550100")));
}

#[test]
fn who_is_erased_is_in_no_file() {
    let shop = Shop::open();
    let manager = shop.staff();
    let body = json!({"name": "Ada", "email": "ada@example.com", "phone": "+44 20 123456"});
    let ada = manager.post("/customers", body).expect(201).id();
    let applied = dry_run(&manager, "type=customers", "email,name\nada@example.com,Ada Lovelace\n");
    apply(&manager, &applied);
    // Another waits, one was refused with the address in it, and one is kept under a key.
    dry_run(&manager, "type=customers", "email,name\nada@example.com,Ada King\n");
    dry_run(&manager, "type=customers", "email,name,phone\nAda@example.com,,x\nada@example.com,Other,1\n");
    dry_run(&manager, "type=customers", "name,email,phone\nAda,ada@example.com,x\n");
    manager.delete(&format!("/customers/{ada}")).expect(204);
    let mut sql = shop.sql();
    let left: Vec<(Option<String>, Option<String>, Option<String>)> =
        sql.query("SELECT fields, fields_before, errors FROM import_rows").expect("rows");
    assert!(left.len() >= 4, "{left:?}");
    let text = format!("{left:?}").to_lowercase();
    assert!(!text.contains("ada"), "{text}");
    let kept: Vec<String> = sql.query("SELECT body FROM idempotency_keys").expect("answers");
    assert!(!kept.concat().to_lowercase().contains("ada@"), "{kept:?}");
    // Nothing of it comes back.
    assert_eq!(undo(&manager, &applied)["undone"], 0);
}

#[test]
fn suppliers_are_found_by_their_names() {
    let shop = Shop::open();
    let manager = shop.staff();
    let potters =
        json!({"name": "Potters", "lead_time_days": 7, "order_days": ["mon"], "email": "a@potters.example"});
    let potters = manager.post("/suppliers", potters).expect(201).id();
    let file = "name,lead_time_days,email,order_days,minimum_order_value\npotters,9,a@potters.example,mon|thu,\"1.000,00\"\nForge,3,,,\nBad,x,no,xyz,\n";
    let import = dry_run(&manager, "type=suppliers", file);
    assert_eq!(counts(&import), [1, 1, 0, 1, 0]);
    assert_eq!(
        refused(&import),
        [
            is((4, "email", "invalid_email")),
            is((4, "lead_time_days", "invalid_number")),
            is((4, "order_days[0]", "invalid_weekday"))
        ]
    );
    apply(&manager, &import);
    let read = manager.get(&format!("/suppliers/{potters}")).expect(200).body;
    assert_eq!((&read["lead_time_days"], &read["order_days"]), (&json!(9), &json!(["mon", "thu"])));
    assert_eq!((&read["minimum_order_value"], &read["name"]), (&json!("1000.00"), &json!("potters")));
    assert_eq!(counts(&dry_run(&manager, "type=suppliers", file)), [0, 0, 2, 1, 0]);
    assert_eq!(undo(&manager, &import)["undone"], 2);
    let read = manager.get(&format!("/suppliers/{potters}")).expect(200).body;
    assert_eq!(
        (&read["lead_time_days"], &read["order_days"], &read["name"]),
        (&json!(7), &json!(["mon"]), &json!("Potters"))
    );
    assert_eq!(manager.get("/suppliers?q=forge").expect(200).body["data"], json!([]));
}
