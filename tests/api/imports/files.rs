//! Files as they come: from other shops and spreadsheets, in their encodings, and what is no such file.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{apply, available, counts, dry_run, is, refused, send};
use crate::harness::Shop;

fn utf16(text: &str) -> Vec<u8> {
    [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn a_file_is_read_in_whatever_it_is_written() {
    let shop = Shop::open();
    let manager = shop.staff();
    let text = "sku;name;price\r\nT1;Küchentasse – groß;1.299,50 €\r\n";
    let windows: Vec<u8> = text
        .chars()
        .map(|c| match c {
            '–' => 0x96,
            '€' => 0x80,
            c => u8::try_from(u32::from(c)).expect("Latin-1"),
        })
        .collect();
    let files = [
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8", format!("\u{FEFF}{text}").into_bytes()),
        ("windows-1252", windows),
        ("utf-16le", utf16(text)),
    ];
    for (encoding, file) in files {
        let import = send(&manager, "type=products", file).expect(201).body;
        assert_eq!((&import["encoding"], &import["delimiter"]), (&json!(encoding), &json!("semicolon")));
        let row = &manager.get(&format!("/imports/{}/rows", import["id"])).expect(200).body["data"][0];
        assert_eq!(row["fields"], json!({"sku": "T1", "name": "Küchentasse – groß", "price": "1299.50"}));
    }
    let tabs = dry_run(&manager, "type=products", "sku\tname\tprice\nT1\tTea, green\t3\n");
    assert_eq!((&tabs["delimiter"], counts(&tabs)), (&json!("tab"), [1, 0, 0, 0, 0]));
    let told =
        dry_run(&manager, "type=products&delimiter=pipe&decimal=comma", "sku|name|price\nT1|a;b|1.500\n");
    let row = &manager.get(&format!("/imports/{}/rows", told["id"])).expect(200).body["data"][0];
    assert_eq!(row["fields"]["price"], "1500.00");
    let unclear = dry_run(&manager, "type=products", "sku;name;price\nT1;a;1,500\n");
    assert_eq!(refused(&unclear)[0], is((2, "price", "ambiguous_number")));
}

#[test]
fn a_product_file_of_shopify_is_taken_as_it_is() {
    let shop = Shop::open();
    let manager = shop.staff();
    let old = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Image Src,Cost per item,Status
stoneware-mug,Stoneware mug,\"<p>Holds <strong>0.3 l</strong> &amp; more.</p>
<ul><li>blue</li></ul>\",Potters,Mugs,\"a, b\",TRUE,Size,Small,MUG-S,3,9.50,'4006381333931,https://cdn.example/1.jpg,4.20,active
stoneware-mug,,,,,,,,Large,MUG-L,0,11.00,,https://cdn.example/2.jpg,,
stoneware-mug,,,,,,,,,,,,,https://cdn.example/3.jpg,,
old-hat,Old hat,,,,,FALSE,Title,Default Title,HAT,1,5,,,,archived
";
    let new = "Title,URL handle,Description,Vendor,Product category,Type,Tags,Status,SKU,Barcode,Option1 name,Option1 value,Price,Inventory quantity,Product image URL,Variant image URL
Teapot,teapot,<p>Iron</p>,Forge,,Pots,,Active,POT,,Title,Default Title,39.90,2,https://cdn.example/p.jpg,
";
    let import = dry_run(&manager, "type=products", old);
    assert_eq!((&import["source"], counts(&import)), (&json!("shopify"), [2, 0, 0, 1, 1]));
    assert_eq!(refused(&import), [is((6, "", "not_on_sale"))]);
    assert_eq!(apply(&manager, &import)["applied"], 2);
    let mug = manager.get("/products?sku=MUG-S").expect(200).body["data"][0].clone();
    assert_eq!(mug["name"], "Stoneware mug - Small");
    assert_eq!(mug["description"], "Holds 0.3 l & more.\n\n- blue");
    assert_eq!(
        (&mug["category"], &mug["slug"], &mug["price"]),
        (&json!("Mugs"), &json!("stoneware-mug"), &json!("9.50"))
    );
    assert_eq!(mug["barcodes"], json!([{"code": "4006381333931", "units": 1}]));
    assert_eq!(mug["image_urls"].as_array().map(Vec::len), Some(3));
    let stock = manager.get(&format!("/products/{}/stock", mug["id"])).expect(200).body;
    assert_eq!((&stock["on_hand"], &stock["value"]), (&json!(3), &json!("12.60")));
    assert_eq!(counts(&dry_run(&manager, "type=products", old)), [0, 0, 2, 1, 1]);

    let import = dry_run(&manager, "type=products", new);
    assert_eq!((&import["source"], counts(&import)), (&json!("shopify"), [1, 0, 0, 0, 0]));
    apply(&manager, &import);
    let pot = manager.get("/products?sku=POT").expect(200).body["data"][0].clone();
    assert_eq!(
        (&pot["name"], &pot["description"], &pot["slug"]),
        (&json!("Teapot"), &json!("Iron"), &json!("teapot"))
    );
}

#[test]
fn files_of_woocommerce_and_square_are_known_too() {
    let shop = Shop::open();
    let manager = shop.staff();
    let woo = "ID,Type,SKU,\"GTIN, UPC, EAN, or ISBN\",Name,Published,Description,In stock?,Stock,Regular price,Categories,Images,Parent
44,variable,HOODIE,,Hoodie,1,\"A <em>warm</em> one\",1,,,\"Clothing > Hoodies, Sale\",https://x.example/h.jpg,
45,variation,HOODIE-R,,Hoodie - Red,1,,1,4,42,,,HOODIE
46,variation,HOODIE-B,,Hoodie - Blue,1,,1,0,45,,,id:44
47,grouped,SET,,Set,1,,1,,,Clothing,,
48,simple,CAP,,Cap,0,,1,2,16,,,
";
    let import = dry_run(&manager, "type=products", woo);
    assert_eq!((&import["source"], counts(&import)), (&json!("woocommerce"), [2, 0, 0, 2, 1]));
    assert_eq!(refused(&import), [is((5, "price", "required")), is((6, "", "not_on_sale"))]);
    apply(&manager, &import);
    let red = manager.get("/products?sku=HOODIE-R").expect(200).body["data"][0].clone();
    assert_eq!(
        (&red["name"], &red["category"], &red["price"]),
        (&json!("Hoodie - Red"), &json!("Clothing > Hoodies"), &json!("42.00"))
    );
    let again = dry_run(&manager, "type=products&map=6:-", woo);
    assert_eq!(counts(&again), [1, 0, 2, 1, 1], "the cap, now that nobody looks at whether it is published");

    let square = "Reference Handle,Token,Item Name,Variation Name,SKU,Description,Categories,GTIN,Price,Archived,Current Quantity Main Street
#a,TOK1,Green tea,Large,TEA-L,Loose,Tea (2),,4.50,N,12
#b,TOK2,Cake,Regular,CAKE,,,,variable,N,
";
    let import = dry_run(&manager, "type=products", square);
    assert_eq!((&import["source"], counts(&import)), (&json!("square"), [1, 0, 0, 1, 0]));
    apply(&manager, &import);
    let tea = manager.get("/products?sku=TEA-L").expect(200).body["data"][0].clone();
    assert_eq!(tea["name"], "Green tea - Large");
    assert_eq!(available(&manager, tea["id"].as_u64().expect("an id")), 12);
}

#[test]
fn what_is_no_such_file_is_told_and_nothing_is_kept() {
    let shop = Shop::open();
    let manager = shop.staff();
    let bad = |query: &str, file: &str, field: &str, code: &str| {
        send(&manager, query, file).expect_bad_fields(&[(field, code)]);
    };
    bad("type=products", "", "file", "empty");
    bad("type=products", "\r\n\n", "file", "empty");
    bad("type=products", "colour,mood\nred,good\n", "file", "no_known_column");
    bad("type=products", "sku,name,price\nA,\"open,1\nB,b,1\nC,c,1\n", "file", "open_quote");
    bad("type=products", "{\"name\": 1}", "file", "no_known_column");
    bad("type=products", "PK\u{3}\u{4}zip", "file", "no_known_column");
    bad("type=things", "sku\n", "type", "invalid_type");
    bad("", "sku\n", "type", "required");
    bad("type=products&map=a", "sku\n", "map", "invalid_map");
    bad("type=products&map=Nr:sku", "sku\n", "map", "unknown_column");
    bad("type=products&map=sku:colour", "sku\n", "map", "unknown_field");
    bad("type=products&counted_at=2999-01-01T00:00:00Z", "sku\n", "counted_at", "in_the_future");
    bad("type=products&page=2", "sku\n", "page", "unknown_field");
    let mut many = "sku,name,price\n".to_owned();
    for number in 0..=100_000 {
        writeln!(many, "S{number},,1").expect("a text");
    }
    bad("type=products", &many, "file", "too_many_rows");
    assert_eq!(manager.get("/imports").expect(200).body["data"], json!([]));
    let json = manager.request("POST", "/imports?type=products").json(json!({})).send();
    json.expect_problem(415, "unsupported_media_type");
    let zipped = manager
        .request("POST", "/imports?type=products")
        .header("Content-Type", "text/csv")
        .header("Content-Encoding", "gzip");
    zipped.bytes(b"sku".to_vec()).send().expect_problem(415, "unsupported_media_type");
    let head = format!(
        "POST /imports?type=products HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\nContent-Length: {}\r\n\r\n",
        manager.token(),
        20 * 1024 * 1024 + 1
    );
    crate::wire::exchange_one(&shop.base, head.as_bytes()).expect_problem(413, "body_too_large");
}

#[test]
fn a_file_that_is_long_is_taken_whole() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mut file = "sku,name,price,description\n".to_owned();
    let text = "Lorem ipsum. ".repeat(100);
    for number in 0..2000 {
        writeln!(file, "S{number},Product {number},{}.50,{text}", number % 90 + 1).expect("a text");
    }
    let import = dry_run(&manager, "type=products", &file);
    assert_eq!(counts(&import), [2000, 0, 0, 0, 0]);
    let mut applied = apply(&manager, &import);
    while applied["status"] == "applying" {
        applied = apply(&manager, &import);
    }
    assert_eq!((&applied["applied"], &applied["status"]), (&json!(2000), &json!("applied")));
    assert_eq!(counts(&dry_run(&manager, "type=products", &file)), [0, 0, 2000, 0, 0]);
    let last = manager.get("/products?sku=S1999").expect(200).body["data"][0].clone();
    assert_eq!(last["description"].as_str().map(str::len), Some(text.trim().len()));
}

#[test]
fn every_refused_row_can_be_read() {
    let shop = Shop::open();
    let manager = shop.staff();
    let mut file = "sku,name,price\n".to_owned();
    for number in 0..250 {
        writeln!(file, "S{number},P,-{number}").expect("a text");
    }
    let import = dry_run(&manager, "type=products", &file);
    assert_eq!(counts(&import), [0, 0, 0, 250, 0]);
    assert_eq!(import["refused_rows"].as_array().map(Vec::len), Some(100));
    let rows = super::rows(&manager, &import, "outcome=refused");
    let lines: Vec<&Value> = rows.iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, (2..252).map(Value::from).collect::<Vec<_>>().iter().collect::<Vec<_>>());
}
