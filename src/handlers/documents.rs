//! The description of the API, and the page that shows it.

use rouille::Response;

use crate::app::App;
use crate::error::Result;
use crate::web::description::Description;
use crate::web::request::Request;
use crate::web::response;

pub use reference_page::{page, script};

/// The document, which only the route table's owner can put together.
pub fn description(request: &Request, description: &'static Description) -> Response {
    response::fixed(request, "application/json; charset=utf-8", &description.etag, &description.text)
}

#[cfg(feature = "docs")]
mod reference_page {
    use std::sync::LazyLock;

    use super::*;

    const PAGE: &str = include_str!("documents/docs.html");
    const START: &str = include_str!("documents/docs.js");

    /// The page runs the script below and talks to this service, nothing else. Styles may stand
    /// inline because Scalar makes them as it goes, from its editor's theme to its toasts. It also
    /// asks whether `eval` works, takes the no for an answer, and goes on without.
    const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
        style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'";

    /// `GET /docs`: a page that shows the description and tries the operations out.
    pub fn page(_: &App, request: &Request) -> Result<Response> {
        static ETAG: LazyLock<String> =
            LazyLock::new(|| response::etag_of(&[PAGE, CONTENT_SECURITY_POLICY].concat()));
        let page = response::fixed(request, "text/html; charset=utf-8", &ETAG, PAGE);
        Ok(page.with_unique_header("Content-Security-Policy", CONTENT_SECURITY_POLICY))
    }

    /// `GET /docs/scalar.js`: the page's one script, Scalar and after it what starts it here.
    pub fn script(_: &App, request: &Request) -> Result<Response> {
        static SCRIPT: LazyLock<String> = LazyLock::new(whole_script);
        static ETAG: LazyLock<String> = LazyLock::new(|| response::etag_of(&SCRIPT));
        Ok(response::fixed(request, "text/javascript; charset=utf-8", &ETAG, &SCRIPT))
    }

    /// The crate gives a copy of what it brings, so it is asked once.
    fn whole_script() -> String {
        let scalar = scalar_api_reference::get_asset("scalar.js").expect("the crate brings it");
        let mut script = String::from_utf8(scalar).expect("the crate's script is UTF-8");
        script.push('\n');
        script.push_str(START);
        script
    }
}

#[cfg(not(feature = "docs"))]
mod reference_page {
    use super::*;
    use crate::error::Error;
    use crate::problem::{self, Problem};

    pub fn page(_: &App, _: &Request) -> Result<Response> {
        Err(left_out())
    }

    pub fn script(_: &App, _: &Request) -> Result<Response> {
        Err(left_out())
    }

    fn left_out() -> Error {
        let detail = "This build has no reference page. The description is at /openapi.json.";
        Problem::new(problem::NOT_FOUND, detail).into()
    }
}
