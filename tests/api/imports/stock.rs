//! Counts and rules out of a file: a count is the difference to what the ledger says of the file's moment.

use serde_json::json;

use super::{apply, available, counts, dry_run, is, refused, undo};
use crate::harness::Shop;

#[test]
fn a_count_is_of_the_files_moment_and_takes_nothing_back_that_was_sold_since() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mug = manager
        .post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 10}))
        .expect(201)
        .id();
    let cup = manager
        .post("/products", json!({"name": "Cup", "price": "9.50", "sku": "CUP", "stock": 10}))
        .expect(201)
        .id();
    let counted_at = shop.app.clock.now().to_string();
    let move_stock =
        |id: u64, body| manager.post(&format!("/products/{id}/stock/movements"), body).expect(201);
    move_stock(mug, json!({"delta": -4, "reason": "damaged"}));
    move_stock(cup, json!({"counted": 6, "reason": "stock_take"}));
    let file = "sku,on_hand\nMUG,9\nCUP,9\nNONE,3\n";
    let import = dry_run(&manager, &format!("type=stock&counted_at={counted_at}"), file);
    assert_eq!(counts(&import), [0, 1, 0, 2, 0]);
    assert_eq!(refused(&import), [is((3, "stock", "counted_since")), is((4, "sku", "not_found"))]);
    // Sold between the dry run and its being applied.
    move_stock(mug, json!({"delta": -2, "reason": "lost"}));
    assert_eq!(apply(&manager, &import)["applied"], 1);
    assert_eq!(available(&manager, mug), 3, "nine at that moment, and six have left since");
    assert_eq!(undo(&manager, &import)["undone"], 1);
    assert_eq!(available(&manager, mug), 4);
    // What was counted since is right.
    let again = apply(&manager, &dry_run(&manager, "type=stock", "sku,on_hand\nMUG,20\n"));
    move_stock(mug, json!({"counted": 7, "reason": "stock_take"}));
    let undone = undo(&manager, &again);
    assert_eq!(refused(&undone), [is((2, "stock", "counted_since"))]);
    assert_eq!(available(&manager, mug), 7);
}

#[test]
fn of_two_counts_of_one_shelf_the_first_is_taken_and_the_other_refused() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mug = manager.post("/products", json!({"name": "Mug", "price": "1", "sku": "MUG"})).expect(201).id();
    let import = dry_run(&manager, "type=stock", "sku,on_hand\nMUG,5\nmug,9\n");
    assert_eq!((counts(&import), refused(&import)), ([0, 1, 0, 1, 0], vec![is((3, "sku", "appears_twice"))]));
    apply(&manager, &import);
    assert_eq!(available(&manager, mug), 5);
}

#[test]
fn counts_of_shopify_are_of_each_variant() {
    let shop = Shop::open();
    let manager = shop.staff();
    let product = |sku: &str| {
        manager.post("/products", json!({"name": sku, "price": "1", "sku": sku})).expect(201).id()
    };
    let (small, large) = (product("MUG-S"), product("MUG-L"));
    let file = "Handle,Title,Option1 Name,Option1 Value,SKU,Location,On hand (current),On hand (new)\nmug,Mug,Size,S,MUG-S,Shop,3,\nmug,Mug,Size,L,MUG-L,Shop,3,7\n";
    let import = dry_run(&manager, "type=stock", file);
    assert_eq!((&import["source"], counts(&import)), (&json!("shopify"), [0, 2, 0, 0, 0]));
    apply(&manager, &import);
    assert_eq!((available(&manager, small), available(&manager, large)), (3, 7));
}

#[test]
fn rules_are_set_with_the_counts() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mug = manager
        .post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 10}))
        .expect(201)
        .id();
    let cup =
        manager.post("/products", json!({"name": "Cup", "price": "9.50", "sku": "CUP"})).expect(201).id();
    let file = "product_id,reorder_point,reorder_target,service_level\n1,5,20,0.98\n2,5,3,\n";
    let file = file.replace("\n1,", &format!("\n{mug},")).replace("\n2,", &format!("\n{cup},"));
    let import = dry_run(&manager, "type=stock", &file);
    assert_eq!(counts(&import), [0, 1, 0, 1, 0]);
    assert_eq!(refused(&import), [is((3, "reorder_target", "below_reorder_point"))]);
    apply(&manager, &import);
    let stock = manager.get(&format!("/products/{mug}/stock")).expect(200).body;
    assert_eq!(
        (&stock["reorder_point"], &stock["reorder_target"], &stock["on_hand"]),
        (&json!(5), &json!(20), &json!(10))
    );
    assert_eq!(counts(&dry_run(&manager, "type=stock", &file)), [0, 0, 1, 1, 0]);
    let other = dry_run(&manager, "type=stock", &format!("product_id,reorder_target\n{mug},30\n"));
    manager.patch(&format!("/products/{mug}/stock"), json!({"reorder_target": 25})).expect(200);
    assert_eq!(refused(&apply(&manager, &other)), [is((2, "reorder_target", "changed_since"))]);
    let undone = undo(&manager, &import);
    assert_eq!(refused(&undone)[0], is((2, "reorder_target", "changed_since")));
    assert_eq!(manager.get(&format!("/products/{mug}/stock")).expect(200).body["reorder_target"], 25);
    manager.patch(&format!("/products/{mug}/stock"), json!({"reorder_target": 20})).expect(200);
    let third =
        apply(&manager, &dry_run(&manager, "type=stock", &format!("product_id,reorder_point\n{mug},7\n")));
    assert_eq!(undo(&manager, &third)["undone"], 1);
    assert_eq!(manager.get(&format!("/products/{mug}/stock")).expect(200).body["reorder_point"], 5);
}
