//! The front door, for people with a browser and for programs.

use sha2::{Digest, Sha256};

use crate::client::Answer;
use crate::harness::Shop;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

fn page(shop: &Shop) -> Answer {
    shop.with_token("a token that is not looked at").request("GET", "/").header("Accept", BROWSER).send()
}

/// A text without its tags and line breaks.
fn words(text: &str) -> String {
    let outside = text.split('<').map(|part| part.split_once('>').map_or(part, |(_, after)| after));
    outside.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits_of = |chunk: &[u8]| -> String {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        (0..4)
            .map(|at| if at > chunk.len() { '=' } else { DIGITS[bits >> (18 - 6 * at) & 63] as char })
            .collect()
    };
    bytes.chunks(3).map(digits_of).collect()
}

#[test]
fn a_browser_gets_a_page_that_leads_on() {
    let shop = Shop::open();
    let page = page(&shop).expect(200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    let (opened, rest) = (page.text.split("href=\"").skip(1), &page.text);
    let links: Vec<&str> = opened.filter_map(|link| link.split('"').next()).collect();
    let docs = links.contains(&"/docs");
    assert_eq!(docs, cfg!(feature = "docs"), "{links:?}");
    assert_eq!(links.contains(&"/desk"), cfg!(feature = "desk"), "{links:?}");
    // The desk asks who one is first.
    for link in links.iter().filter(|link| !["data:,", "/desk"].contains(link)) {
        shop.anyone().request("GET", link).header("Accept", BROWSER).send().expect(200);
    }
    assert!(links.contains(&"/openapi.json"));
    // In the README's words, with a command that is run there too.
    let readme = include_str!("../../README.md").replace("**", "");
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: Vec<&str> = rest.split("<p>").skip(1).collect();
    let about = words(said[0].split("</p>").next().unwrap());
    assert!(readme.contains(&about), "{about}");
    for item in rest.split("<li><strong>").skip(1) {
        let item = words(item.split("</li>").next().unwrap());
        assert!(readme.contains(item.trim_end_matches('.')), "{item}");
    }
    assert!(rest.contains("curl -s \"$U/products"));
}

#[test]
fn the_page_may_do_nothing_and_needs_nothing_from_elsewhere() {
    let shop = Shop::open();
    let page = page(&shop).expect(200);
    let policy = page.header("Content-Security-Policy").expect("a policy");
    let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    for directive in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
    {
        assert!(directives.contains(&directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert!(!page.text.contains("<script") && !page.text.contains("//cdn"), "{}", page.text);
    let style = page.text.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
    let digest = base64(&Sha256::digest(style.as_bytes()));
    assert!(directives.contains(&format!("style-src 'sha256-{digest}'").as_str()), "{digest}: {policy}");
}

#[test]
fn programs_get_json_and_each_keeps_their_own() {
    let shop = Shop::open();
    let asked = |accept: &str| shop.anyone().request("GET", "/").header("Accept", accept).send().expect(200);
    for accept in
        ["*/*", "application/json", "application/json, text/plain, */*", "application/json, text/html"]
    {
        let answer = asked(accept);
        assert_eq!(answer.body["openapi"], "/openapi.json", "{accept}");
        assert_eq!(answer.body["docs"] == "/docs", cfg!(feature = "docs"), "{accept}");
        assert_eq!(answer.header("Vary"), Some("Accept"));
    }
    let (html, json) = (page(&shop), asked("*/*"));
    assert_ne!(html.etag(), json.etag());
    for (accept, kept, status) in
        [(BROWSER, &html, 304), ("*/*", &json, 304), (BROWSER, &json, 200), ("*/*", &html, 200)]
    {
        let anyone = shop.anyone();
        let again = anyone.request("GET", "/").header("Accept", accept);
        again.header("If-None-Match", kept.etag()).send().expect(status);
    }
    let shop = Shop::open_with(&[("STOREKEEPER_ALLOWED_ORIGINS", "*")]);
    assert_eq!(page(&shop).header("Vary"), Some("Accept, Origin"));
}
