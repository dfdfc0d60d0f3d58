//! Files taken over: a dry run that says what each row does, applying it, and setting it back.

mod faults;
mod files;
mod people;
mod stock;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::harness::Shop;

/// Sends a file, with the rest of the query.
fn send(manager: &Client, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/imports?{query}");
    manager.request("POST", &path).header("Content-Type", "text/csv").bytes(file.into()).send()
}

fn dry_run(manager: &Client, query: &str, file: &str) -> Value {
    send(manager, query, file).expect(201).body
}

fn act(manager: &Client, id: &Value, action: &str) -> Answer {
    manager.post(&format!("/imports/{id}/{action}"), json!({}))
}

fn apply(manager: &Client, import: &Value) -> Value {
    act(manager, &import["id"], "apply").expect(200).body
}

fn undo(manager: &Client, import: &Value) -> Value {
    act(manager, &import["id"], "undo").expect(200).body
}

/// All rows of an import that a query finds.
fn rows(manager: &Client, import: &Value, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let page =
            manager.get(&format!("/imports/{}/rows?limit=100&{query}{after}", import["id"])).expect(200).body;
        rows.extend(page["data"].as_array().expect("a list").clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return rows,
        }
    }
}

/// What staff see that can be ordered of a product.
fn available(manager: &Client, id: u64) -> i64 {
    let stock = manager.get(&format!("/products/{id}/stock")).expect(200).body;
    stock["available"].as_i64().expect("a number")
}

/// create, change, same, refused, joined.
fn counts(import: &Value) -> [u64; 5] {
    ["create", "change", "same", "refused", "joined"]
        .map(|name| import["rows"][name].as_u64().expect("a count"))
}

/// Line, field and code of what was refused.
fn refused(import: &Value) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let rows = import["refused_rows"].as_array().expect("a list");
    rows.iter()
        .flat_map(|row| {
            let errors = row["errors"].as_array().expect("a list");
            errors.iter().map(|error| {
                (row["line"].as_u64().expect("a line"), text(&error["field"]), text(&error["code"]))
            })
        })
        .collect()
}

fn is(row: (u64, &str, &str)) -> (u64, String, String) {
    (row.0, row.1.to_owned(), row.2.to_owned())
}

#[test]
fn a_dry_run_changes_nothing_and_applying_does_what_it_says() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mug = manager
        .post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 5}))
        .expect(201);
    let cup = manager.post("/products", json!({"name": "Cup", "price": "7", "sku": "CUP"})).expect(201);
    let file = "sku,name,price,stock,barcodes,description\nMUG,Mug,10.00,7,,\ncup,Cup,7.00,0,,\nNEW,Plate,12.5,3,4006381333931,round\n,Free,,,,\nBAD,Bad,x,-1,123,\n";
    let import = dry_run(&manager, "type=products", file);
    assert_eq!(import["status"], "ready");
    assert_eq!(counts(&import), [1, 1, 1, 2, 0]);
    assert_eq!(
        refused(&import),
        [
            is((5, "price", "required")),
            is((6, "price", "invalid_price")),
            is((6, "barcodes[0].code", "invalid_barcode")),
            is((6, "stock", "invalid_number"))
        ]
    );
    let bad = &import["refused_rows"][1]["errors"][0];
    assert_eq!((&bad["column"], &bad["value"]), (&json!("price"), &json!("x")));
    assert_eq!(import["columns"][5], json!({"column": "description", "field": "description"}));
    // Nothing is done yet.
    assert_eq!(manager.get(&format!("/products/{}", mug.id())).expect(200).body["price"], "9.50");
    assert_eq!(manager.get("/products?sku=NEW").expect(200).body["data"], json!([]));

    let applied = apply(&manager, &import);
    assert_eq!(
        (&applied["status"], &applied["applied"], &applied["not_applied"]),
        (&json!("applied"), &json!(2), &json!(0))
    );
    assert_eq!(manager.get(&format!("/products/{}", mug.id())).expect(200).body["price"], "10.00");
    assert_eq!(available(&manager, mug.id()), 7);
    let line = &manager.get(&format!("/products/{}/stock/movements", mug.id())).expect(200).body["data"][0];
    assert_eq!((&line["reason"], &line["delta"]), (&json!("stock_take"), &json!(2)));
    assert_eq!(line["note"], json!(format!("Import {}", import["id"])));
    assert_eq!(manager.get(&format!("/products/{}", cup.id())).expect(200).etag(), cup.etag());
    let plate = manager.get("/products?sku=NEW").expect(200).body["data"][0].clone();
    assert_eq!(
        (&plate["name"], &plate["price"], &plate["in_stock"]),
        (&json!("Plate"), &json!("12.50"), &json!(true))
    );
    // Once.
    assert_eq!(apply(&manager, &import)["applied"], 2);
    assert_eq!(available(&manager, mug.id()), 7);
    // And the same file has nothing left to do.
    assert_eq!(counts(&dry_run(&manager, "type=products", file)), [0, 0, 3, 2, 0]);
}

#[test]
fn undoing_sets_back_what_nobody_changed_since() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mug = manager
        .post("/products", json!({"name": "Mug", "price": "9.50", "sku": "MUG", "stock": 5}))
        .expect(201)
        .id();
    let cup = manager
        .post("/products", json!({"name": "Cup", "price": "7", "sku": "CUP", "stock": 2}))
        .expect(201)
        .id();
    let file = "sku,name,price,stock\nMUG,Big mug,10,8\nCUP,Cup,8,2\nNEW,New,1,4\nSOLD,Sold,1,4\n";
    let import = apply(&manager, &dry_run(&manager, "type=products", file));
    assert_eq!(import["applied"], 4);
    let id_of =
        |sku: &str| manager.get(&format!("/products?sku={sku}")).expect(200).body["data"][0]["id"].as_u64();
    let (new, sold) = (id_of("NEW").expect("made"), id_of("SOLD").expect("made"));
    shop.guest().client.order(&[(sold, 1)]).expect(201);
    shop.guest().client.order(&[(mug, 1)]).expect(201);
    manager.patch(&format!("/products/{cup}"), json!({"price": "9"})).expect(200);

    let undone = undo(&manager, &import);
    assert_eq!(
        (&undone["status"], &undone["undone"], &undone["not_undone"]),
        (&json!("undone"), &json!(2), &json!(2))
    );
    assert_eq!(refused(&undone), [is((3, "price", "changed_since")), is((5, "stock", "in_use"))]);
    let read = manager.get(&format!("/products/{mug}")).expect(200).body;
    assert_eq!((&read["name"], &read["price"]), (&json!("Mug"), &json!("9.50")));
    // One of the five is reserved.
    assert_eq!(available(&manager, mug), 4);
    let line = &manager.get(&format!("/products/{mug}/stock/movements")).expect(200).body["data"][0];
    assert_eq!((&line["reason"], &line["delta"]), (&json!("correction"), &json!(-3)));
    assert_eq!(manager.get(&format!("/products/{cup}")).expect(200).body["price"], "9.00");
    manager.get(&format!("/products/{new}")).expect(404);
    let stock = manager.get(&format!("/products/{new}/stock")).expect(200).body;
    assert_eq!(stock["on_hand"], 0);
    manager.get(&format!("/products/{sold}")).expect(200);
    // Once.
    assert_eq!(undo(&manager, &import)["undone"], 2);
    act(&manager, &import["id"], "apply").expect_problem(409, "import_state");
}

#[test]
fn what_changed_since_the_dry_run_is_left_alone() {
    let shop = Shop::open();
    let manager = shop.staff();
    let product = |sku: &str| {
        manager.post("/products", json!({"name": sku, "price": "1", "sku": sku})).expect(201).id()
    };
    let (a, b, c, d) = (product("A"), product("B"), product("C"), product("D"));
    let import =
        dry_run(&manager, "type=products", "sku,name,price\nA,a2,1\nB,b2,1\nC,c2,1\nD,d2,1\nE,e,1\n");
    assert_eq!(counts(&import), [1, 4, 0, 0, 0]);
    manager.patch(&format!("/products/{a}"), json!({"name": "other"})).expect(200);
    // Of another field nothing is overwritten.
    manager.patch(&format!("/products/{b}"), json!({"shelf": "A1"})).expect(200);
    manager.delete(&format!("/products/{c}")).expect(204);
    product("E");
    let applied = apply(&manager, &import);
    assert_eq!((&applied["applied"], &applied["not_applied"]), (&json!(2), &json!(3)));
    assert_eq!(
        refused(&applied),
        [is((2, "name", "changed_since")), is((4, "", "not_found")), is((6, "sku", "taken"))]
    );
    assert_eq!(manager.get(&format!("/products/{a}")).expect(200).body["name"], "other");
    let read = manager.get(&format!("/products/{b}")).expect(200).body;
    assert_eq!((&read["name"], &read["shelf"]), (&json!("b2"), &json!("A1")));
    assert_eq!(manager.get(&format!("/products/{d}")).expect(200).body["name"], "d2");
    assert_eq!(undo(&manager, &import)["undone"], 2);
}

#[test]
fn empty_cells_keep_or_clear_and_a_missing_column_keeps() {
    let shop = Shop::open();
    let manager = shop.staff();
    let whole = json!({"name": "Mug", "price": "9.50", "sku": "MUG", "category": "Mugs", "shelf": "A1", "description": "Blue"});
    let id = manager.post("/products", whole).expect(201).id();
    let file = "sku,name,category,shelf\nMUG,Mug,,B2\n";
    let kept = dry_run(&manager, "type=products", file);
    let rows = rows(&manager, &kept, "outcome=change");
    assert_eq!((&rows[0]["fields"], &rows[0]["before"]), (&json!({"shelf": "B2"}), &json!({"shelf": "A1"})));
    apply(&manager, &dry_run(&manager, "type=products&blank=clear", file));
    let read = manager.get(&format!("/products/{id}")).expect(200).body;
    assert_eq!(
        (&read["category"], &read["shelf"], &read["description"]),
        (&Value::Null, &json!("B2"), &json!("Blue"))
    );
    assert_eq!(
        counts(&dry_run(&manager, "type=products&blank=clear", "sku,name,price\nMUG,,\n")),
        [0, 0, 0, 1, 0]
    );
}

#[test]
fn rows_are_matched_by_id_sku_barcode_slug_and_name() {
    let shop = Shop::open();
    let manager = shop.staff();
    let make = |body: Value| manager.post("/products", body).expect(201).id();
    let by_barcode = make(json!({"name": "A", "price": "1", "barcodes": [{"code": "4006381333931"}]}));
    let by_slug = make(json!({"name": "B", "price": "1", "slug": "be"}));
    let by_name = make(json!({"name": "Cé", "price": "1"}));
    let by_sku = make(json!({"name": "D", "price": "1", "sku": "0112"}));
    for _ in 0..2 {
        make(json!({"name": "Twice", "price": "1"}));
    }
    // A UPC-A and the EAN-13 with a zero before it are one; Excel keeps the zeros of 0112 with an apostrophe.
    let file = format!(
        "id,sku,barcodes,slug,name,price\n{by_name},C-1,,,C,2\n,,04006381333931,,A,2\n,,,BE,B,2\n,'0112,,,D,2\n,,,,Twice,2\n99999,,,,X,2\n,NEW,4006381333931,,N,2\n"
    );
    let import = dry_run(&manager, "type=products", &file);
    assert_eq!(counts(&import), [0, 4, 0, 3, 0]);
    assert_eq!(
        refused(&import),
        [is((6, "name", "ambiguous")), is((7, "id", "not_found")), is((8, "sku", "appears_twice"))]
    );
    assert_eq!(apply(&manager, &import)["applied"], 4);
    for id in [by_barcode, by_slug, by_name, by_sku] {
        assert_eq!(manager.get(&format!("/products/{id}")).expect(200).body["price"], "2.00");
    }
    assert_eq!(manager.get("/products?sku=C-1").expect(200).body["data"][0]["id"], by_name);
    // A shop that knows one barcode of a product adds it to those that are known; a file of ours has all of them.
    let other = "9780306406157";
    let add = |column: &str| {
        let file = format!("id,{column}\n{by_barcode},{other}\n");
        apply(&manager, &dry_run(&manager, "type=products", &file));
        let read = manager.get(&format!("/products/{by_barcode}")).expect(200).body;
        read["barcodes"].as_array().expect("a list").iter().map(|one| one["code"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(add("ean"), ["4006381333931", other]);
    assert_eq!(add("barcodes"), [other]);
    manager
        .patch(&format!("/products/{by_barcode}"), json!({"barcodes": [{"code": "4006381333931"}]}))
        .expect(200);
    // What another product has is nobody else's.
    let taken = dry_run(
        &manager,
        "type=products",
        &format!("id,sku,barcodes,slug\n{by_sku},C-1,,\n{by_slug},,4006381333931,\n{by_name},,,be\n"),
    );
    assert_eq!(
        refused(&taken),
        [is((2, "sku", "sku_taken")), is((3, "barcodes", "barcode_taken")), is((4, "slug", "slug_taken"))]
    );
    // Neither twice in one file.
    let twice = dry_run(&manager, "type=products", "sku,name,price\nX,x,1\nx,y,1\n,z,1\n,Z,1\n");
    assert_eq!(refused(&twice), [is((3, "sku", "appears_twice")), is((5, "name", "appears_twice"))]);
}

#[test]
fn imports_are_listed_and_read_and_are_a_managers() {
    let shop = Shop::open();
    let manager = shop.staff();
    let first = dry_run(&manager, "type=products", "sku,name,price\nA,a,1\n");
    let second = dry_run(&manager, "type=suppliers", "name,lead_time_days\nPotters,7\n");
    let listed = manager.get("/imports").expect(200).body;
    assert_eq!(listed["data"][0]["id"], second["id"]);
    assert_eq!(listed["data"][1]["id"], first["id"]);
    let found = manager.get("/imports?type=products&status=ready").expect(200).body;
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    let read = manager.get(&format!("/imports/{}", first["id"])).expect(200);
    assert_eq!(read.body, first);
    manager.get("/imports?status=lost").expect_bad_fields(&[("status", "invalid_status")]);
    manager.get("/imports/999").expect_problem(404, "not_found");
    manager.get("/imports/999/rows").expect_problem(404, "not_found");
    act(&manager, &json!(999), "apply").expect_problem(404, "not_found");
    act(&manager, &first["id"], "undo").expect_problem(409, "import_state");
    let path = format!("/imports/{}/apply", first["id"]);
    let stale = manager.request("POST", &path).header("If-Match", "\"0123\"").json(json!({})).send();
    stale.expect_problem(412, "precondition_failed");
    manager.request("POST", &path).header("If-Match", read.etag()).json(json!({})).send().expect(200);
    send(&shop.clerk(), "type=products", "sku\nA\n").expect_problem(403, "forbidden");
}

#[test]
fn a_file_is_read_once_under_its_key() {
    let shop = Shop::open();
    let manager = shop.staff();
    let once = |file: &str| {
        let request = manager.request("POST", "/imports?type=products").header("Content-Type", "text/csv");
        request.header("Idempotency-Key", "file-1").bytes(file.into()).send()
    };
    let first = once("sku,name,price\nA,a,1\n").expect(201);
    let again = once("sku,name,price\nA,a,1\n").expect(201);
    assert_eq!((again.header("Idempotency-Replayed"), &again.body), (Some("true"), &first.body));
    once("sku,name,price\nA,a,2\n").expect_problem(422, "idempotency_key_reused");
    assert_eq!(manager.get("/imports").expect(200).body["data"].as_array().map(Vec::len), Some(1));
}
