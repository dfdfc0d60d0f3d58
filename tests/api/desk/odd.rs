//! Requests that no page of the desk makes: each is answered with a page that says what is wrong, and the right status.

use mysql::prelude::Queryable;

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
