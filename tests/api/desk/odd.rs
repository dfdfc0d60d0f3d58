//! Requests that no page of the desk makes: each is answered with a page that says what is wrong, and the right status.

use mysql::prelude::Queryable;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::json;

use crate::browser::Page;
use crate::harness::Shop;
use crate::wire;

const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// Words of programs, which say nothing to whoever stands at the counter.
const OF_PROGRAMS: [&str; 7] =
    ["HTTP/1.1", "JSON", "request_id", "Idempotency-Key", "POST /", "\"errors\"", "This caller"];

fn is_a_page(page: &Page, status: u16) {
    assert_eq!(page.status, status, "{}: {}", page.path, page.html);
    assert!(page.headers["content-type"].starts_with("text/html"), "{}: {:?}", page.path, page.headers);
    let text = page.text();
    for words in OF_PROGRAMS {
        assert!(!text.contains(words), "{}: {words} in {text}", page.path);
    }
    assert!(page.links().iter().any(|link| link.starts_with("/desk")), "{}: a way on", page.path);
}

#[test]
fn a_method_that_shows_nothing_is_told_which_do() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    for (path, sent) in [
        ("/desk", false),
        ("/desk/search", false),
        ("/desk/desk.css", false),
        ("/desk/desk.js?0", false),
        ("/desk/orders/new", true),
        ("/desk/login", true),
        ("/desk/logout", true),
    ] {
        let allowed = if sent { "GET, HEAD, POST, OPTIONS" } else { "GET, HEAD, OPTIONS" };
        let mut others = vec!["PUT", "DELETE", "PATCH"];
        others.extend((!sent).then_some("POST"));
        for method in others {
            let answer = browser.ask(method, path, Some("a=b"), &[OWN]);
            is_a_page(&answer, 405);
            assert_eq!(answer.headers["allow"], allowed, "{method} {path}");
        }
        let options = browser.ask("OPTIONS", path, None, &[OWN]);
        assert_eq!((options.status, options.headers["allow"].as_str()), (204, allowed), "{path}");
    }
    for path in ["/desk", "/desk/orders", "/desk/desk.css"] {
        let head = browser.ask("HEAD", path, None, &[OWN]);
        assert_eq!((head.status, head.html.as_str()), (200, ""), "{path}");
    }
}

#[test]
fn what_is_odd_is_told_on_a_page() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    let mut asked = |method: &str, path: &str, body: Option<&str>, status: u16| {
        let mut page = browser.ask(method, path, body, &[OWN]);
        // A page with forms is given a key first.
        if page.status == 303 && method == "GET" {
            let keyed = page.headers["location"].clone();
            page = browser.ask(method, &keyed, None, &[OWN]);
        }
        is_a_page(&page, status);
        page
    };
    let long = "x".repeat(7_000);
    for (path, status) in [
        ("/desk/nothing", 404),
        ("/desk/orders/99999999999999999999999", 404),
        ("/desk/orders/-1", 404),
        ("/desk/orders/1/2/3", 404),
        ("/desk/desk.map", 404),
        ("/desk/orders?q=%FF%FE", 400),
        ("/desk/orders?after=nonsense", 422),
        ("/desk/orders/pick_list?orders%5B%5D=many", 422),
        ("/desk/labels?ids%5B%5D=1&ids%5B%5D=x", 422),
        ("/desk/house/audit?from=yesterday&object_id=99999999999999999999", 422),
        ("/desk/products?q=a&q=b&q=%20", 200),
        ("/desk/purchase_orders?supplier_id=99999999999999999999", 422),
    ] {
        asked("GET", path, None, status);
    }
    asked("GET", &format!("/desk/search?q={long}"), None, 200);
    asked("GET", &format!("/desk/search?q={long}{long}"), None, 414);
    asked("POST", "/desk/orders/new", Some(""), 400);
    asked("POST", "/desk/orders/new", Some("do=place&do=nothing"), 400);
    asked("POST", "/desk/orders/new", Some("do=place&key=%FF"), 400);
    asked("POST", "/desk/orders/new", Some(&format!("do=place&{}=1", "n".repeat(100))), 400);
    asked("POST", "/desk/house/keys", Some("do=revoke&of=99999999999999999999"), 404);
    let missing = asked("POST", "/desk/products/new", Some("do=new_product&price=1e99&key=nonsense"), 422);
    assert!(missing.says("Name must not be empty") || missing.says("Name is required"), "{}", missing.text());
    let wrong =
        asked("POST", "/desk/products/new", Some("do=new_product&name=Mug&price=x&sku=%00&slug=%20a"), 422);
    assert!(wrong.says("SKU "), "{}", wrong.text());
    let large = format!("do=new_product&description={}", "x".repeat(600 * 1024));
    assert!(asked("POST", "/desk/products/new", Some(&large), 413).says("Shorten the longest text"));
}

#[test]
fn what_is_no_form_and_what_is_no_cookie_is_told_on_a_page() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    for (content_type, status) in [
        ("application/json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded; charset=utf-8", 400),
    ] {
        let headers = [OWN, ("Content-Type", content_type)];
        is_a_page(&browser.ask("POST", "/desk/orders/new", Some("{\"do\": \"place\"}"), &headers), status);
    }
    for nonsense in
        ["__Host-storekeeper=", "__Host-storekeeper=%%%;;=;a", "=;;;", "__Host-storekeeper=storekeeper_x"]
    {
        browser.set_cookie(Some(nonsense));
        let answer = browser.ask("GET", "/desk/orders", None, &[OWN]);
        assert_eq!(answer.status, 303, "{nonsense}: {}", answer.html);
    }
}

/// What is longer than the API looks for would be refused after it was typed.
#[test]
fn no_field_to_search_in_takes_more_than_is_looked_for() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.product(&staff, 1);
    let take = staff.post("/stock_takes", json!({})).expect(201).id();
    let take = format!("/desk/stock_takes/{take}");
    let mut browser = shop.manager_at_desk();
    let field = Regex::new(r#"<input[^>]* name="q"[^>]*>"#).unwrap();
    for path in
        ["/desk/orders", "/desk/orders/new", "/desk/products", "/desk/customers", "/desk/suppliers", &take]
    {
        let page = browser.open(path).expect(200);
        let fields: Vec<&str> = field.find_iter(&page.html).map(|field| field.as_str()).collect();
        assert!(fields.len() >= 2, "{path}: {fields:?}");
        for field in fields {
            assert!(field.contains("maxlength=\"100\""), "{path}: {field}");
        }
    }
}

#[test]
fn a_slash_too_many_leads_to_the_page() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    assert!(browser.open("/desk/").expect(200).says("Today"));
    let answer = browser.ask("GET", "/desk/orders/?q=a", None, &[OWN]);
    assert_eq!((answer.status, answer.headers["location"].as_str()), (303, "/desk/orders?q=a"));
}

#[test]
fn a_fault_of_ours_names_what_the_log_calls_it() {
    let shop = Shop::open();
    let browser = shop.manager_at_desk();
    shop.sql().query_drop("DROP TABLE restock_run_lines").unwrap();
    let cookie = browser.cookie().unwrap();
    let request = format!(
        "GET /desk/restock/runs/1 HTTP/1.1\r\nHost: shop\r\nCookie: {cookie}\r\nX-Request-Id: told-1\r\n\r\n"
    );
    let answer = wire::exchange_one(&shop.base, request.as_bytes());
    let html = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!((answer.status, answer.header("X-Request-Id")), (500, Some("told-1")), "{html}");
    assert!(html.contains("<code>told-1</code>") && !html.contains("request_id"), "{html}");
    shop.abandon();
}

#[test]
fn what_cannot_be_seen_and_what_no_code_holds_is_no_code_anywhere() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = json!({"name": "Mug", "price": "1", "sku": "MUG", "shelf": "A2", "stock": 9});
    let mug = staff.post("/products", mug).expect(201).id();
    let guest = shop.guest();
    let order = guest.client.order(&[(mug, 1)]).expect(201).id();
    let supplier = staff.post("/suppliers", json!({"name": "Potters", "lead_time_days": 7})).expect(201).id();
    let bought = || {
        let lines = json!([{"product_id": mug, "quantity": 5}]);
        staff.post("/purchase_orders", json!({"supplier_id": supplier, "lines": lines})).expect(201).id()
    };
    let (ordered, draft) = (bought(), bought());
    staff.post(&format!("/purchase_orders/{ordered}/order"), json!({})).expect(200);
    let take = staff.post("/stock_takes", json!({"shelf": "A2"})).expect(201).id();
    let mut manager = shop.manager_at_desk();
    let counting = [
        format!("/desk/orders/new?customer_id={}", guest.id),
        format!("/desk/orders/{order}/pack"),
        format!("/desk/purchase_orders/{ordered}/receive"),
    ];
    let is_no_code =
        |page: &Page| page.says("Nothing here has the code") || page.says("is no code. For several of one");
    let long = "4".repeat(101);
    let blank = [
        "\u{200b}",
        "\u{200e}",
        "\u{202e}",
        "\u{2060}",
        "\u{ad}",
        "\u{3164}",
        "500*\u{200e}",
        "\u{feff} \u{200b}",
    ];
    let odd = ["MU\tG", "]C101\u{1d}21", "\u{1d}", "\0", "\u{1b}[A", "M\u{85}UG", "3*M\0UG", &long];
    for code in blank.into_iter().chain(odd) {
        for path in &counting {
            let page = manager.open(path).expect(200);
            let scanned = manager.send(&page.scanner(), &[("scan", code)]).expect(200);
            assert!(is_no_code(&scanned), "{path} {code:?}: {}", scanned.text());
            assert!(!scanned.html.chars().any(|c| c.is_control() && c != '\n'), "{path} {code:?}");
            let again = manager.open(&scanned.path).expect(200);
            assert!(
                !again.has_form("place") || again.form("place").get("items[0].quantity").is_none(),
                "{code:?}"
            );
        }
        let sought = utf8_percent_encode(code, NON_ALPHANUMERIC).to_string();
        for path in [
            format!("/desk/purchase_orders/{draft}?scan={sought}"),
            format!("/desk/suppliers/{supplier}/products?scan={sought}"),
        ] {
            let page = manager.open(&path).expect(200);
            assert!(!page.path.contains(&format!("products/{mug}")), "{path}: {}", page.path);
            assert!(!page.says("Add Mug"), "{path}: {}", page.text());
        }
        let page = manager.open(&format!("/desk/search?q={sought}")).expect(200);
        assert!(
            page.place() == "/desk/search" && !page.says("Mug"),
            "{code:?}: {} {}",
            page.path,
            page.text()
        );
        let page = manager.open(&format!("/desk/stock_takes/{take}"));
        let refused = manager.send(&page.form("count"), &[("counts[900].scan", code)]).expect(422);
        assert!(refused.says("Not counted"), "{code:?}: {}", refused.text());
    }
    // What nobody sees around a code is no part of it.
    let page = manager.open(&counting[0]);
    let scanned = manager.send(&page.scanner(), &[("scan", "\u{feff}2*mug\u{200b}\t")]).expect(200);
    assert_eq!(scanned.form("place").get("items[0].quantity"), Some("2"));
}

#[test]
fn what_is_counted_is_found_again_through_the_login() {
    let shop = Shop::open();
    let staff = shop.staff();
    staff.post("/products", json!({"name": "Mug", "price": "1", "sku": "MUG", "stock": 9})).expect(201);
    let mut clerk = shop.clerk_at_desk();
    let cookie = clerk.cookie().unwrap().to_owned();
    let path = format!("/desk/orders/new?customer_id={}", shop.guest().id);
    for letters in [100, 400, 480, 500, 530, 600, 650, 900] {
        let note = "\u{20ac}".repeat(letters);
        let page = clerk.open(&path);
        let counted = clerk.send(&page.scanner(), &[("scan", "mug"), ("note", &note)]).expect(200);
        assert_eq!(counted.form("place").get("note"), Some(note.as_str()));
        clerk.set_cookie(None);
        let login = clerk.open(&counted.path).expect(200);
        assert_eq!(login.place(), "/desk/login", "{letters}");
        clerk.set_cookie(Some(&cookie));
    }
}
