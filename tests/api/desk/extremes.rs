//! The largest things that the shop takes, with the longest names in letters of several bytes: no page of them is longer
//! than [`HTML_BYTES_MAX`](crate::browser), and what one page has no room for is on the next.

use regex::Regex;
use serde_json::{Value, json};
use storekeeper::events;

use crate::browser::{Browser, Page};
use crate::client::Client;
use crate::fixtures::gtin;
use crate::harness::Shop;

/// Of a purchase order, and of an order and a page.
const PURCHASE_LINES: usize = 500;
const LINES: usize = 100;

/// A text of so many characters that ends with a number.
fn long(number: usize, characters: usize) -> String {
    let end = format!(" {number:04}");
    "棚".repeat(characters - end.len()) + &end
}

fn products(staff: &Client, count: usize) -> Vec<u64> {
    let product = |number: usize| {
        let barcodes = json!([{"code": gtin(&format!("29{number:010}"))}]);
        // Every second one has no barcode, so that its label shows its SKU.
        let barcodes = if number.is_multiple_of(2) { barcodes } else { json!([]) };
        let sku =
            if number % 4 == 1 { format!("SKU-OF-26-CHARACTERS-X{number:04}") } else { long(number, 64) };
        let body = json!({"name": long(number, 200), "sku": sku, "category": long(number % 120, 255),
            "shelf": long(number, 100), "price": "9.50", "stock": 500, "barcodes": barcodes});
        staff.post("/products", body).expect(201).id()
    };
    (0..count).map(product).collect()
}

/// Every part of a page, by the ways to the next one: a link, or a button of the form of what is counted.
fn parts(browser: &mut Browser, path: &str, part: &str) -> Vec<Page> {
    let link = Regex::new(&format!("rel=\"next\" href=\"([^\"]*[?;]{part}=[^\"]*)\"")).unwrap();
    let button = Regex::new(&format!("name=\"step\" value=\"({part}[.][1-9][0-9]*)\"")).unwrap();
    let mut pages = vec![browser.open(path).expect(200)];
    loop {
        assert!(pages.len() < 200, "{path} has no end");
        let page = pages.last().unwrap();
        let next = if let Some(found) = link.captures(&page.html) {
            browser.open(&found[1].replace("&amp;", "&"))
        } else if let Some(found) = button.captures(&page.html) {
            browser.send(&page.pressed("step", &found[1]), &[])
        } else {
            return pages;
        };
        pages.push(next.expect(200));
    }
}

/// How many rows, or other things, the parts have together.
fn together(pages: &[Page], thing: &str) -> usize {
    pages.iter().map(|page| page.html.matches(thing).count()).sum()
}

#[test]
fn the_longest_pages_are_short_enough() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products = products(&staff, PURCHASE_LINES);
    let lines = |count: usize| -> Vec<Value> {
        products[..count].iter().map(|id| json!({"product_id": id, "quantity": 2})).collect()
    };
    let text = long(1, 2000);
    let customer = json!({"name": long(2, 200), "email": "ada@example.com", "phone": "+44 20 123456"});
    let customer = staff.post("/customers", customer).expect(201).id();
    let place = |count: usize, address: &str| {
        let order = json!({"customer_id": customer, "items": lines(count), "shipping_address": address, "note": address});
        staff.post("/orders", order).expect(201).id()
    };
    let large = place(LINES, &long(3, 500));
    for at in 0..30 {
        staff.patch(&format!("/orders/{large}"), json!({"note": long(at, 1000)})).expect(200);
    }
    let orders: Vec<u64> = (0..LINES).map(|_| place(3, "10 Downing Street")).collect();
    let suppliers: Vec<u64> = (0..110)
        .map(|at| {
            let supplier = json!({"name": long(at, 200), "lead_time_days": 7, "note": text});
            staff.post("/suppliers", supplier).expect(201).id()
        })
        .collect();
    // As many lines come together as drafts can be merged.
    let purchase = || {
        let drafts = products.chunks(LINES).enumerate().map(|(at, some)| {
            let lines: Vec<Value> = some.iter().map(|id| json!({"product_id": id, "quantity": 2})).collect();
            let note = if at == 0 { json!(long(4, 2000)) } else { Value::Null };
            let order = json!({"supplier_id": suppliers[0], "note": note, "lines": lines});
            staff.post("/purchase_orders", order).expect(201).id()
        });
        let drafts: Vec<u64> = drafts.collect();
        for other in &drafts[1..] {
            let merge = json!({"purchase_order_id": other});
            staff.post(&format!("/purchase_orders/{}/merge", drafts[0]), merge).expect(200);
        }
        drafts[0]
    };
    for (at, id) in products[..40].iter().enumerate() {
        let terms = json!({"cost": "7.95", "supplier_sku": long(at, 100), "preferred": true});
        staff.offer(suppliers[0], *id, terms).expect(201);
        staff
            .patch(&format!("/products/{id}/stock"), json!({"reorder_point": 900, "reorder_target": 1200}))
            .expect(200);
    }
    let (draft, ordered) = (purchase(), purchase());
    staff
        .post(&format!("/purchase_orders/{ordered}/order"), json!({"accept_below_minimum": true}))
        .expect(200);
    let run = staff.restock();
    let breaks: Vec<Value> = (2..12)
        .map(|at| json!({"from_quantity": at, "cost": format!("{}.123456", 99_999_900 - at)}))
        .collect();
    for (at, id) in products[..40].iter().enumerate() {
        let terms = json!({"cost": "99999999.99", "supplier_sku": long(at, 100), "price_breaks": breaks});
        staff.offer(suppliers[1], *id, terms).expect(201);
    }
    let urls: Vec<String> =
        (0..10).map(|at| format!("https://shop.example/{at}/{}", "a".repeat(1900))).collect();
    let written = json!({"description": long(7, 32_000), "image_urls": urls, "slug": "s".repeat(255)});
    staff.patch(&format!("/products/{}", products[1]), written).expect(200);
    let nearly = json!({"description": long(7, 2_300), "image_urls": urls[..3], "slug": "t".repeat(255)});
    staff.patch(&format!("/products/{}", products[2]), nearly).expect(200);
    for (at, supplier) in suppliers[..25].iter().enumerate() {
        let name = long(at, 200);
        let email = format!("{}{at}@example.com", "a".repeat(60));
        staff.post("/customers", json!({"name": name, "email": email, "phone": "+44 20 123456"})).expect(201);
        let scopes =
            json!(["catalogue:write", "customers:write", "orders:write", "stock:write", "restock:write"]);
        staff.post("/api_keys", json!({"name": long(at, 100), "scopes": scopes})).expect(201);
        let take = staff.post("/stock_takes", json!({"note": long(at, 2000)})).expect(201).id();
        staff.post(&format!("/stock_takes/{take}/cancel"), json!({})).expect(200);
        staff.post("/purchase_orders", json!({"supplier_id": supplier, "note": long(at, 2000)})).expect(201);
    }
    let take = staff.post("/stock_takes", json!({"note": long(5, 100)})).expect(201).id();
    let counts: Vec<Value> =
        products[..LINES].iter().map(|id| json!({"product_id": id, "counted": 3})).collect();
    staff.post(&format!("/stock_takes/{take}/counts"), json!({"counts": counts})).expect(200);
    let _ = run;
    let header: Vec<String> = (0..200).map(|at| long(at, 120)).collect();
    let cells = |at: usize, price: &str| {
        format!(
            "{},{},{price},{},{},{}\n",
            long(at, 60),
            long(at, 200),
            long(at, 255),
            long(at, 100),
            long(at, 1900)
        )
    };
    let rows: String = (0..60).map(|at| cells(at, "free") + &cells(at + 60, "4")).collect();
    let file = format!("sku,name,price,category,shelf,description,{}\n{rows}", header.join(","));
    let import = staff.request("POST", "/imports?type=products").header("Content-Type", "text/csv");
    let import = import.bytes(file.into_bytes()).send().expect(201).id();
    for at in 0..20 {
        let url = format!("https://till.example/{}", "a".repeat(1900));
        let mut types = serde_json::to_value(events::Kind::ALL).unwrap();
        types.as_array_mut().unwrap().truncate(20);
        let webhook = json!({"url": url, "description": long(at, 200), "event_types": types});
        staff.post("/webhooks", webhook).expect(201);
    }

    let mut browser = shop.manager_at_desk();
    let b = &mut browser;
    let ticked = |name: &str, ids: &[u64]| -> String {
        ids.iter().map(|id| format!("{name}%5B%5D={id}")).collect::<Vec<_>>().join("&")
    };
    let tally = |count: usize, units: i64| -> String {
        products[..count].iter().map(|id| format!("{id}.{units}")).collect::<Vec<_>>().join("-")
    };

    // Nothing is lost between the parts.
    let order = format!("/desk/orders/{large}");
    assert_eq!(together(&parts(b, &order, "lines"), "href=\"/desk/products/"), LINES);
    assert_eq!(together(&parts(b, &order, "history"), "Another note"), 30);
    let pack = format!("{order}/pack?packed={}", tally(LINES, 1));
    assert_eq!(together(&parts(b, &pack, "lines"), "value=\"more."), LINES);
    let place = format!("/desk/orders/new?customer_id={customer}&lines={}", tally(LINES, 2));
    assert_eq!(together(&parts(b, &place, "part"), ".quantity\""), LINES);
    for order in [draft, ordered] {
        let page = format!("/desk/purchase_orders/{order}");
        assert_eq!(together(&parts(b, &page, "after"), "<td><a href=\"/desk/products/"), PURCHASE_LINES);
    }
    let receive = format!("/desk/purchase_orders/{ordered}/receive");
    for query in ["all=true".to_owned(), format!("counted={}", tally(PURCHASE_LINES, 3))] {
        assert_eq!(
            together(&parts(b, &format!("{receive}?{query}"), "lines"), ".rejected\""),
            PURCHASE_LINES
        );
    }
    let labels = format!("/desk/labels?{}", ticked("ids", &products[..LINES]));
    assert_eq!(together(&parts(b, &labels, "labels"), "class=\"sheet\""), LINES);

    assert_eq!(together(&parts(b, "/desk/suppliers", "part"), ">What it sells</a></td>"), 110);
    let sold = format!("/desk/suppliers/{}/products", suppliers[1]);
    assert_eq!(together(&parts(b, &sold, "after"), "<td><a href=\"/desk/suppliers/"), 40);
    assert_eq!(together(&parts(b, "/desk/house/keys", "after"), "<button class=\"grave\""), 25);

    let import = format!("/desk/imports/{import}");
    for view in ["refused", "create"] {
        let rows = together(&parts(b, &format!("{import}?view={view}"), "after"), "<tr><td class=\"n\">");
        assert_eq!(rows, 60, "{view}");
    }
    assert_eq!(together(&parts(b, "/desk/webhooks", "after"), "<td><a href=\"/desk/webhooks/"), 20);

    // Papers are whole.
    let picked = format!("/desk/orders/pick_list?{}", ticked("orders", &orders));
    for (paper, rows) in [
        (picked.as_str(), 3),
        (&format!("{order}/slip?prices=true"), LINES + 1),
        (&format!("/desk/purchase_orders/{ordered}/print"), PURCHASE_LINES),
    ] {
        let page = b.open(paper).expect(200);
        assert_eq!(page.html.split("<tbody>").nth(1).unwrap().matches("<tr>").count(), rows, "{paper}");
    }
    for paper in ["letter", "csv", "mail"] {
        b.open(&format!("/desk/purchase_orders/{ordered}/{paper}")).expect(200);
    }

    // Everything that the ways lead to.
    let first = products[0];
    for path in [
        "/desk",
        "/desk/search?q=棚",
        "/desk/orders",
        "/desk/orders?view=all",
        "/desk/orders/new?q=棚",
        "/desk/products",
        "/desk/products?sort=-value",
        "/desk/products/new",
        &format!("/desk/products/{first}"),
        &format!("/desk/products/{first}/edit"),
        &format!("/desk/products/{first}/ledger"),
        &format!("/desk/products/{first}/rule?reorder_point=900"),
        &format!("/desk/products/{first}/why?of=reserved"),
        &format!("/desk/products/{first}/why?of=incoming"),
        &format!("/desk/products/{first}/why?of=drafted"),
        &format!("/desk/products/{first}/why?of=suggested"),
        &format!("/desk/products/{first}/suppliers"),
        &format!("/desk/labels?category={}", long(1, 255)),
        "/desk/stock_takes",
        &format!("/desk/stock_takes/{take}"),
        &format!("/desk/stock_takes/{take}?view=counted"),
        &format!("/desk/stock_takes/{take}/review"),
        "/desk/customers",
        &format!("/desk/customers/{customer}"),
        "/desk/restock",
        "/desk/restock?view=all",
        "/desk/restock/runs",
        "/desk/restock/runs/1",
        &format!("/desk/restock/{first}"),
        "/desk/purchase_orders",
        "/desk/purchase_orders?view=all",
        &format!("/desk/purchase_orders/{draft}?scan=棚"),
        &format!("/desk/purchase_orders/{draft}/lines/{first}"),
        "/desk/suppliers",
        &format!("/desk/suppliers/{}", suppliers[0]),
        &format!("/desk/suppliers/{}/products?scan=棚", suppliers[0]),
        &format!("/desk/suppliers/{}/products/{first}", suppliers[0]),
        &format!("/desk/suppliers/{}/products", suppliers[1]),
        &format!("/desk/suppliers/{}/products?scan=棚", suppliers[1]),
        &format!("/desk/products/{first}/suppliers?q=棚"),
        &format!("/desk/products/{}/edit", products[1]),
        &format!("/desk/products/{}/edit?part=description", products[1]),
        &format!("/desk/products/{}/edit?part=image_urls", products[1]),
        &format!("/desk/products/{}/edit", products[2]),
        &format!("/desk/products/{}", products[1]),
        "/desk/house/audit?object=supplier",
        "/desk/house/audit",
        "/desk/house/keys",
        "/desk/house/staff",
        "/desk/house/settings",
        "/desk/house/verify",
        "/desk/imports",
        "/desk/webhooks/1",
    ] {
        let encoded: String = path
            .bytes()
            .map(|b| if b.is_ascii() { (b as char).to_string() } else { format!("%{b:02X}") })
            .collect();
        b.open(&encoded.replace(' ', "%20")).expect(200);
    }

    // A form that is refused says so on a page that is no longer; and everything that was counted is booked at once.
    let page = b.open(&format!("{receive}?counted={}", tally(PURCHASE_LINES, 3))).expect(200);
    let refused = b.send(&page.form("receive"), &[]).expect(409);
    assert!(refused.says("More came than was ordered"), "{}", refused.text());
    let booked = b.send(&refused.form("receive"), &[("accept_surplus", "true")]).expect(200);
    assert!(
        booked.says("Received") && booked.says(&format!("{} received, 0 outstanding", 3 * PURCHASE_LINES)),
        "{}",
        booked.text()
    );
    let page = b.open(&place).expect(200);
    let placed = b.send(&page.form("place"), &[]).expect(200);
    assert_eq!(
        together(&parts(b, placed.path.split('?').next().unwrap(), "lines"), "href=\"/desk/products/"),
        LINES
    );
}
