//! The description of the API and its page, as they are served. That the page works is for
//! scripts/judge, which has a browser.

use storekeeper::problem::KINDS;
use storekeeper::routes::DESCRIPTION;

use crate::harness::Shop;

#[test]
fn the_description_is_served_as_it_is_and_sent_again_only_when_it_changes() {
    let shop = Shop::open();
    let answer = shop.with_token("a stale token is not looked at").get("/openapi.json").expect(200);
    assert_eq!(answer.text, DESCRIPTION.text);
    assert_eq!(answer.header("Content-Type"), Some("application/json; charset=utf-8"));
    shop.anyone().request("GET", "/openapi.json").header("If-None-Match", answer.etag()).send().expect(304);
}

#[cfg(feature = "docs")]
#[test]
fn the_page_brings_all_it_needs_and_may_do_nothing_else() {
    let shop = Shop::open();
    let page = shop.anyone().get("/docs").expect(200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    let policy = page.header("Content-Security-Policy").expect("a policy");
    for directive in
        ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.split("; ").any(|given| given == directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("http") && !page.text.contains("http"), "nothing comes from elsewhere");

    let script = shop.anyone().get("/docs/scalar.js").expect(200);
    assert_eq!(script.header("Content-Type"), Some("text/javascript; charset=utf-8"));
    assert!(script.text.ends_with(include_str!("../../src/handlers/documents/docs.js")));
    for (path, answer) in [("/docs", page), ("/docs/scalar.js", script)] {
        let again = shop.anyone().request("GET", path).header("If-None-Match", answer.etag()).send();
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{path}");
    }
}

#[cfg(not(feature = "docs"))]
#[test]
fn without_the_feature_the_page_says_where_the_description_is() {
    let shop = Shop::open();
    for path in ["/docs", "/docs/scalar.js"] {
        let problem = shop.anyone().get(path).expect_problem(404, "not_found");
        assert!(problem.body["detail"].as_str().unwrap().contains("/openapi.json"));
    }
}

#[test]
fn the_readme_names_every_refusal() {
    let readme = include_str!("../../README.md");
    let listed: Vec<&str> =
        readme.lines().filter(|line| line.starts_with("| `") && line.contains("` | ")).collect();
    for kind in KINDS {
        let line = format!("| `{}` | {} | {} |", kind.code, kind.status, kind.title);
        assert!(listed.contains(&line.as_str()), "{line}");
    }
}
