//! The front door: what this is and where to go on.

use std::sync::LazyLock;

use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::error::Result;
use crate::web::request::Request;
use crate::web::response;

const PAGE: &str = include_str!("welcome/page.html");

/// The page's one style is named by its digest, which a test compares; nothing else is allowed.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-q9Vo6gzC5pMRxH8G/8uyJfoBMOWF91UZ7ZR1qdw8K40='; img-src data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The same for programs.
#[derive(Serialize)]
struct Welcome {
    name: &'static str,
    about: &'static str,
    /// Paths.
    openapi: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<&'static str>,
    products: &'static str,
}

const WELCOME: Welcome = Welcome {
    name: "Storekeeper",
    about: "The back office of a small shop that runs its own server.",
    openapi: "/openapi.json",
    docs: if HAS_DOCS { Some("/docs") } else { None },
    products: "/products",
};

/// A build may leave the reference page out, and the desk.
const HAS_DOCS: bool = cfg!(feature = "docs");
const HAS_DESK: bool = cfg!(feature = "desk");

/// `GET /`: a page for people with a browser, and JSON for everything else.
pub fn read(_: &App, request: &Request) -> Result<Response> {
    static TEXT: LazyLock<String> = LazyLock::new(|| response::to_text(&WELCOME));
    static TEXT_ETAG: LazyLock<String> = LazyLock::new(|| response::etag_of(&TEXT));
    static HTML: LazyLock<String> = LazyLock::new(page);
    static HTML_ETAG: LazyLock<String> =
        LazyLock::new(|| response::etag_of(&[HTML.as_str(), CONTENT_SECURITY_POLICY].concat()));
    let response = if wants_html(request.http.header("Accept").unwrap_or("")) {
        let page = response::fixed(request, "text/html; charset=utf-8", &HTML_ETAG, &HTML);
        page.with_unique_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    } else {
        response::fixed(request, "application/json; charset=utf-8", &TEXT_ETAG, &TEXT)
    };
    Ok(response.with_unique_header("Vary", "Accept"))
}

/// The page without the lines of what this build does not have.
fn page() -> String {
    let lines = PAGE.split_inclusive('\n');
    lines
        .filter(|line| HAS_DOCS || !line.contains("\"/docs\""))
        .filter(|line| HAS_DESK || !line.contains("\"/desk\""))
        .collect()
}

/// Whether the first type named in `Accept` that there is here is HTML, as browsers have it. Who takes anything gets
/// JSON.
fn wants_html(accept: &str) -> bool {
    let types = accept.split(',').map(|range| range.split(';').next().unwrap_or("").trim());
    let ours = types.filter_map(|named| match named.to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Some(true),
        "application/json" => Some(false),
        _ => None,
    });
    ours.into_iter().next().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_html_and_programs_json() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", true),
            ("Text/HTML; charset=utf-8", true),
            ("image/png, text/html", true),
            ("application/json, text/plain, */*", false),
            ("application/json, text/html;q=0.1", false),
            ("*/*", false),
            ("text/*", false),
            ("", false),
        ] {
            assert_eq!(wants_html(accept), html, "{accept}");
        }
    }
}
