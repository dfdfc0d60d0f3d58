//! Who comes in, how, and what the desk keeps out.

use storekeeper::desk::PAGES;
use storekeeper::web::caller::Role;
use storekeeper::web::route::Access;

use crate::harness::{STAFF_PASSWORD, Shop};

/// A path of a page, with ids that name nothing.
fn path_of(pattern: &str) -> String {
    pattern.replace("{id}", "999999").replace("{product_id}", "999999")
}

#[test]
fn a_stranger_is_led_to_the_login_and_from_there_to_where_they_wanted() {
    let shop = Shop::open();
    shop.staff();
    let mut browser = shop.stranger_at_desk();
    for page in PAGES {
        let opened = browser.ask("GET", &path_of(page.path), None, &[("Sec-Fetch-Site", "none")]);
        assert_eq!(opened.status, 303, "{}", page.path);
        assert!(
            opened.headers["location"].starts_with("/desk/login?next=%2Fdesk"),
            "{}",
            opened.headers["location"]
        );
    }
    let login = browser.open("/desk/orders?q=ada");
    let form = login.form_of_fields(&["username", "password"]);
    let wrong = browser.send(&form, &[("username", "staff"), ("password", "wrong-password")]).expect(401);
    assert!(wrong.says("Nothing tells which of the two is wrong."), "{}", wrong.text());
    assert_eq!(wrong.form_of_fields(&["username"]).get("username"), Some("staff"));
    let sent = browser.send_only(&form, &[("username", "staff"), ("password", STAFF_PASSWORD)]);
    assert_eq!(sent.headers["location"], "/desk/orders?q=ada");
}

#[test]
fn a_clerk_does_not_see_what_managers_may() {
    let shop = Shop::open();
    let mut clerk = shop.clerk_at_desk();
    assert!(!clerk.open("/desk/orders").html.contains("/desk/house"));
    for page in PAGES.iter().filter(|page| page.access == Access::Manager) {
        let refused = clerk.open(&path_of(page.path)).expect(403);
        assert!(refused.says("ask a manager"), "{}", refused.text());
    }
}

#[test]
fn a_customer_is_told_that_the_desk_is_for_staff_and_keeps_no_session_there() {
    let shop = Shop::open();
    let (_, username) = shop.customer_with_account();
    let mut browser = shop.stranger_at_desk();
    let form = browser.open("/desk/login").form_of_fields(&["username", "password"]);
    let refused = browser
        .send(&form, &[("username", &username), ("password", crate::fixtures::CUSTOMER_PASSWORD)])
        .expect(403);
    assert!(refused.says("The desk is for staff."));
    assert_eq!(browser.cookie(), None);
    // A customer's own token in the cookie opens nothing either.
    let token = shop.log_in(&username, crate::fixtures::CUSTOMER_PASSWORD);
    browser.set_cookie(Some(&format!("__Host-storekeeper={token}")));
    assert_eq!(browser.ask("GET", "/desk/orders", None, &[]).status, 303);
}

#[test]
fn whoever_logs_out_is_out() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    let cookie = browser.cookie().unwrap().to_owned();
    let page = browser.open("/desk/orders");
    let form = page.forms().into_iter().find(|form| form.action == "/desk/logout").expect("a way out");
    assert!(browser.send(&form, &[]).says("You are logged out."));
    assert_eq!(browser.cookie(), None);
    // The session is over, whoever still has the cookie.
    browser.set_cookie(Some(&cookie));
    assert_eq!(browser.ask("GET", "/desk/orders", None, &[]).status, 303);
}

#[test]
fn the_cookie_does_nothing_outside_the_desk() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    let cookie = browser.cookie().unwrap().to_owned();
    for path in ["/orders", "/sessions/current", "/staff", "/customers", "/stock"] {
        shop.anyone()
            .request("GET", path)
            .header("Cookie", &cookie)
            .send()
            .expect_problem(401, "unauthenticated");
    }
    assert_eq!(browser.open("/desk/orders").status, 200);
}

#[test]
fn a_form_is_taken_from_a_page_of_the_desk_only() {
    let shop = Shop::open();
    let mut browser = shop.manager_at_desk();
    let host = shop.base.trim_start_matches("http://").to_owned();
    let own = format!("http://{host}");
    let body = "do=ship&key=k";
    let no_page = 404;
    for (headers, status) in [
        (&[("Sec-Fetch-Site", "same-origin")][..], no_page),
        (&[("Origin", own.as_str())], no_page),
        (&[], 403),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", own.as_str())], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[("Sec-Fetch-Site", "none")], 403),
        (&[("Origin", "https://evil.example")], 403),
        (&[("Origin", "null")], 403),
    ] {
        let answered = browser.ask("POST", "/desk/orders/999999", Some(body), headers);
        assert_eq!(answered.status, status, "{headers:?}: {}", answered.text());
    }
    // Nor does another page log anybody in or out.
    for path in ["/desk/login", "/desk/logout"] {
        let refused =
            browser.ask("POST", path, Some("username=staff&password=x"), &[("Sec-Fetch-Site", "cross-site")]);
        assert_eq!(refused.status, 403, "{path}");
    }
    assert_eq!(browser.open("/desk/orders").status, 200);
}

#[test]
fn nobody_is_led_away_after_the_login() {
    let shop = Shop::open();
    shop.staff();
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/desk/../../evil",
        "/desk\r\nSet-Cookie: a=b",
    ] {
        let mut browser = shop.stranger_at_desk();
        let form = browser.open("/desk/login").form_of_fields(&["username", "password"]);
        let values = [("username", "staff"), ("password", STAFF_PASSWORD), ("next", next)];
        let sent = browser.send_only(&form, &values);
        assert_eq!((sent.status, sent.headers["location"].as_str()), (303, "/desk"), "{next}");
    }
}

#[test]
fn a_page_that_a_link_from_elsewhere_opens_asks_again_with_its_cookie() {
    let shop = Shop::open();
    let mut browser = shop.stranger_at_desk();
    let opened = browser.ask("GET", "/desk/orders?q=a", None, &[("Sec-Fetch-Site", "cross-site")]);
    assert_eq!(opened.status, 200);
    assert!(opened.html.contains("content=\"0;url=/desk/orders?q=a\""), "{}", opened.html);
}

#[test]
fn over_plain_http_from_another_machine_the_login_says_that_it_needs_https() {
    let shop = Shop::open();
    let mut browser = shop.stranger_at_desk();
    let login = browser.ask("GET", "/desk/login", None, &[("Host", "shop.example")]);
    assert!(login.says("https://"), "{}", login.text());
    let here = browser.ask("GET", "/desk/login", None, &[]);
    assert!(!here.says("https://"), "{}", here.text());
    let safe =
        browser.ask("GET", "/desk/login", None, &[("Host", "shop.example"), ("Sec-Fetch-Site", "none")]);
    assert!(!safe.says("https://"), "{}", safe.text());
}

#[test]
fn pages_of_other_origins_read_nothing_of_the_desk() {
    let shop = Shop::open_with(&[("STOREKEEPER_ALLOWED_ORIGINS", "*")]);
    let mut browser = shop.manager_at_desk();
    let page = browser.ask(
        "GET",
        "/desk/orders",
        None,
        &[("Origin", "https://shop.example"), ("Sec-Fetch-Site", "none")],
    );
    assert!(!page.headers.contains_key("access-control-allow-origin"), "{:?}", page.headers);
    assert!(page.headers["content-security-policy"].contains("frame-ancestors 'none'"));
}

#[test]
fn style_and_script_are_small_and_kept_by_their_name() {
    let shop = Shop::open();
    let mut browser = shop.stranger_at_desk();
    let login = browser.open("/desk/login");
    let files: Vec<String> = regex::Regex::new("/desk/desk\\.[a-z]+\\?[0-9a-f]+")
        .unwrap()
        .find_iter(&login.html)
        .map(|it| it.as_str().to_owned())
        .collect();
    assert_eq!(files.len(), 2);
    let sizes: Vec<usize> = files
        .iter()
        .map(|file| {
            let answer = browser.ask("GET", file, None, &[]);
            assert_eq!(
                (answer.status, answer.headers["cache-control"].as_str()),
                (200, "max-age=31536000, immutable")
            );
            answer.html.len()
        })
        .collect();
    assert!(sizes.iter().sum::<usize>() <= 15 * 1024, "{sizes:?}");
}

#[test]
fn what_was_typed_while_a_login_ended_is_there_after_the_next() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product =
        staff.post("/products", serde_json::json!({"name": "Mug", "price": "1", "sku": "MUG", "stock": 9}));
    let product = product.expect(201).id();
    let order = shop.guest().client.order(&[(product, 2)]).expect(201).id();
    let mut browser = shop.clerk_at_desk();
    let packed = |page: &crate::browser::Page| page.says("Mug: 1 of 2") || page.says("1 / 2");
    let page = browser.open(&format!("/desk/orders/{order}/pack"));
    let page = browser.send(&page.scanner(), &[("scan", "mug")]).expect(200);
    assert!(packed(&page));
    browser.set_cookie(None);
    let typed = [("carrier", "D & P \"D\""), ("tracking_number", "RR=1&2")];
    for (form, is_scan) in [(page.form("ship"), false), (page.scanner(), true)] {
        browser.set_cookie(None);
        let ended = browser.send_only(&form, &typed);
        assert_eq!(ended.status, 401);
        assert!(ended.says("What you typed is kept") && !ended.html.contains("autofocus"), "{}", ended.html);
        let login = ended.form_of_fields(&["username", "password"]);
        let wrong = browser.send_only(&login, &[("username", "clerk"), ("password", "no")]);
        assert!(wrong.status == 401 && wrong.html.matches("autofocus").count() == 1, "{}", wrong.html);
        let login = wrong.form_of_fields(&["username", "password"]);
        let values = [("password", STAFF_PASSWORD)];
        // The page is answered at once, and no browser is led there with the password.
        let back = browser.send_only(&login, &values);
        assert!(!back.headers.contains_key("location") && browser.cookie().is_some());
        assert_eq!(back.status, 401, "scan: {is_scan}");
        assert!(back.says("Your login had ended") && packed(&back), "{}", back.text());
        let ship = back.form("ship");
        assert_eq!((ship.get("carrier"), ship.get("tracking_number")), (Some("D & P \"D\""), Some("RR=1&2")));
        assert!(!back.html.contains(STAFF_PASSWORD));
        assert_eq!(staff.get(&format!("/orders/{order}")).expect(200).body["status"], "placed");
        if !is_scan {
            continue;
        }
        let shipped = browser.send(&ship, &[]).expect(200);
        assert!(shipped.says("Shipped.") && shipped.says("RR=1&2"), "{}", shipped.text());
    }
    // Somebody else who logs in there is told whose it was, and what they go on with is theirs.
    shop.add_staff("colleague", Role::Clerk);
    let other = shop.guest().client.order(&[(product, 1)]).expect(201).id();
    let correct = browser.open(&format!("/desk/orders/{other}")).form("correct");
    browser.set_cookie(None);
    let ended = browser.send_only(&correct, &[("note", "ring twice")]);
    let login = ended.form_of_fields(&["username", "password"]);
    let values = [("username", "colleague"), ("password", STAFF_PASSWORD)];
    for _ in 0..2 {
        let back = browser.send_only(&login, &values);
        assert!(back.says("opened by clerk, and you are logged in as colleague"), "{}", back.text());
        assert_eq!(back.form("correct").get("note"), Some("ring twice"));
        assert_eq!(staff.get(&format!("/orders/{other}")).expect(200).body["note"], serde_json::json!(null));
    }
    let back = browser.send_only(&login, &values);
    assert!(browser.send(&back.form("correct"), &[]).expect(200).says("Saved."));
    // So it is with what was typed by somebody who comes back to it while another one is logged in.
    let again = browser.send_only(&correct, &[("note", "ring once")]).expect(409);
    assert!(again.says("opened by clerk") && again.says("Now it is: ring twice"), "{}", again.text());
    browser = shop.clerk_at_desk();
    // A password is typed again, and stands in no page.
    let account = browser.open("/desk/account").form("password");
    browser.set_cookie(None);
    let ended =
        browser.send_only(&account, &[("current_password", "secret-one"), ("password", "secret-two")]);
    assert!(ended.status == 401 && !ended.html.contains("secret"), "{}", ended.html);
    // One field has the keyboard.
    assert_eq!(browser.open("/desk/login").html.matches("autofocus").count(), 1);
}

#[test]
fn what_a_network_sends_too_fast_is_sent_again_by_loading_the_page() {
    let shop = Shop::open_with(&[("STOREKEEPER_NETWORK_REQUESTS_PER_MINUTE", "40")]);
    shop.staff();
    let mut browser = shop.manager_at_desk();
    let page = browser.open("/desk/customers");
    let form = page.form("new_customer");
    let out = page.forms().into_iter().find(|form| form.action == "/desk/logout").expect("a way out");
    let mut pages = 0;
    while browser.ask("GET", "/desk/customers", None, &[]).status != 429 {
        pages += 1;
        assert!(pages < 100, "the limit never comes");
    }
    let typed = [("name", "Kit"), ("email", "kit@example.com"), ("phone", "+44 20 7946 0018")];
    for refused in [browser.send_only(&form, &typed), browser.send_only(&out, &[])] {
        assert!(refused.status == 429 && refused.says("nothing is lost: wait"), "{}", refused.text());
    }
    shop.app.clock.advance(chrono::Duration::minutes(1));
    // The browser loads the page that refused it: it sends the same once more.
    assert!(browser.send(&form, &typed).expect(200).says("The customer is added."));
    assert!(browser.send(&out, &[]).says("You are logged out."));
}
