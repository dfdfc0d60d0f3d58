//! What surrounds every page: the head, the way around the shop, what has just happened, and the foot.

use std::sync::LazyLock;

use maud::{DOCTYPE, Markup, html};
use rouille::Response;
use serde_json::Value;

use crate::desk::api::Api;
use crate::desk::customers;
use crate::desk::page::{Content, Room};
use crate::desk::parts::brief;
use crate::desk::pieces::{field_id, post_button};
use crate::desk::prose;
use crate::desk::texts as t;
use crate::desk::visit::{Sent, is_staff};
use crate::error::Result;
use crate::problem::{self, FieldError, Problem};
use crate::web::response;

/// Scripts and styles are the two files of ours; nothing is loaded from anywhere else, nobody frames a page, and a form
/// is sent home.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Where somebody logs out.
pub const LOG_OUT: &str = "/desk/logout";

const STYLE: &str = include_str!("desk.css");
const SCRIPT: &str = include_str!("desk.js");

/// A file that pages name with the digest of its text, so that browsers keep it.
pub struct File {
    path: &'static str,
    content_type: &'static str,
    text: String,
}

static FILES: LazyLock<[File; 2]> = LazyLock::new(|| {
    [
        File { path: "/desk/desk.css", content_type: "text/css; charset=utf-8", text: shortened(STYLE) },
        File {
            path: "/desk/desk.js",
            content_type: "text/javascript; charset=utf-8",
            text: shortened(SCRIPT),
        },
    ]
});

/// Without what only whoever reads the source has use for: no line of the two goes on within a text.
fn shortened(source: &str) -> String {
    let lines =
        source.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

static NAMES: LazyLock<[String; 2]> = LazyLock::new(|| {
    FILES.each_ref().map(|file| format!("{}?{}", file.path, response::etag_of(&file.text).trim_matches('"')))
});

/// The style or the script, if that is what the path names.
pub fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    pub fn answer(&self, http: &rouille::Request) -> Response {
        let text = response::from_text(200, self.text.to_owned());
        // Another release has another name for another text.
        let kept =
            if http.raw_query_string().is_empty() { "no-cache" } else { "max-age=31536000, immutable" };
        text.with_unique_header("Content-Type", self.content_type).with_unique_header("Cache-Control", kept)
    }
}

/// The methods of what is only looked at, and of what has a form too.
pub const READ: &str = "GET, HEAD, OPTIONS";
pub const READ_AND_SENT: &str = "GET, HEAD, POST, OPTIONS";

/// What is answered to a method that shows no page.
pub fn without_page(method: &str, allowed: &'static str) -> Result<Response> {
    if method == "OPTIONS" {
        return Ok(response::no_content().with_unique_header("Allow", allowed));
    }
    Err(Problem::new(problem::METHOD_NOT_ALLOWED, t::NO_SUCH_METHOD).with_header("Allow", allowed).into())
}

/// With the headers of every page.
pub fn guarded(response: Response) -> Response {
    response
        .with_unique_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .with_unique_header("Cross-Origin-Opener-Policy", "same-origin")
        // An address may hold what was looked for, which is nobody else's business; forms say where they come from.
        .with_unique_header("Referrer-Policy", "same-origin")
}

/// A page, with what was sent and refused, or done: by the form of this name, and whether it had done it before.
pub fn document(
    api: &Api,
    sent: Option<&Sent>,
    done: Option<(&str, bool)>,
    status: u16,
    content: &Content,
) -> Response {
    // Whoever scans goes on with that, and hears what was refused all the same. What is typed stands here in quotes of HTML.
    let scans = content.body.0.contains("<input id=\"scan\"");
    let done = done.filter(|_| sent.is_none()).and_then(|(form, before)| Some((t::done(form)?, before)));
    let body = html! {
        @if let Some((done, before)) = done { p.done role="status" { (done) @if before { " " (t::DONE_BEFORE) } } }
        @if let Some(sent) = sent { (refusal(api, sent, scans)) }
        (content.body)
    };
    html_response(status, whole(api, content, &body))
}

/// A page that says what is wrong and nothing else; of what was too long to be read, with the way back to its `form`.
pub fn problem(api: &Api, problem: Problem, form: Option<&str>) -> Response {
    let status = problem.kind.status;
    let title = t::title(problem.kind);
    let problem = prose::problem_of_people(&api.app.config, problem);
    let body = html! {
        h1 { (title) }
        p { @if problem.kind == problem::NOT_FOUND && !is_staff(&api.caller) { (t::NOT_FOUND_HERE) } @else { (t::advice(&problem)) } }
        @if problem.kind == problem::RATE_LIMITED { p { (t::SEND_IT_AGAIN) } }
        @for error in &problem.errors { p { (t::field(&error.field)) " " (error.message) } }
        (number(api, &problem))
        @if let Some(page) = form { p { a href=(page) { (t::OPEN_ITS_PAGE) } } }
        p { a href="/desk" { (t::BACK_TO_TODAY) } }
    };
    let content = Content::new(Room::Nowhere, title, body);
    let mut response = html_response(status, whole(api, &content, &content.body));
    response.headers.extend(problem.headers.into_iter().map(|(name, value)| (name.into(), value.into())));
    response
}

/// What the log knows it by, where it has to be looked for there.
fn number(api: &Api, problem: &Problem) -> Markup {
    html! { @if problem.kind.status >= 500 { p { (t::IN_THE_LOG) " " code { (api.request_id) } } } }
}

pub fn html_response(status: u16, page: Markup) -> Response {
    response::from_text(status, page.into_string())
        .with_unique_header("Content-Type", "text/html; charset=utf-8")
}

/// What was wrong with a form, at the top, with ways to its fields.
fn refusal(api: &Api, sent: &Sent, scans: bool) -> Markup {
    let problem = &sent.problem;
    html! {
        div.refused role="alert" tabindex="-1" autofocus[!scans] #refused {
            h2 { (t::title(problem.kind)) }
            p {
                @match (sent.is_stale(), sent.is_shown.get(), sent.fields.iter().next()) {
                    (true, false, _) => (t::NOT_ANY_MORE),
                    (true, true, None) => (t::LOOK_AT_IT_NOW),
                    _ => (t::advice(problem)),
                }
            }
            @if sent.typed().next().is_some() {
                p { (t::YOU_TYPED) }
                dl.facts { @for (name, value) in sent.typed() { dt { (t::field(name)) } dd.text { (value) } } }
            }
            (number(api, problem))
            @if let Some(did) = &sent.did { p { a href=(did) { (t::WHAT_IT_DID) } } }
            @if let (Some(id), Some(name)) = (problem.extra.get("product").and_then(|of| of["id"].as_u64()), owner(problem)) {
                p { a href={ "/desk/products/" (id) } { (brief(name)) } }
            }
            @if let Some(known) = problem.extra.get(customers::KNOWN).and_then(Value::as_array) {
                ul {
                    @for (one, id) in known.iter().filter_map(|one| Some((one, one["id"].as_u64()?))) {
                        li { a href=(customers::goes_on_at(sent, id)) { (t::take_customer(one["name"].as_str().unwrap_or(""), id)) } }
                    }
                }
            }
            @if let Some(ids) = problem.extra.get("order_ids").and_then(|ids| ids.as_array()) {
                ul { @for id in ids.iter().filter_map(Value::as_u64) { li { a href={ "/desk/orders/" (id) } { (t::order(id)) } } } }
            }
            @if !problem.errors.is_empty() {
                ul {
                    @for error in &problem.errors {
                        li { a href={ "#" (field_id(sent.form.name, sent.of, &error.field)) } { (t::field(&error.field)) } " " (error.message) }
                    }
                }
            }
            @if let Some(products) = problem.extra.get("products").and_then(|products| products.as_array()) {
                ul { @for product in products { li { (t::shortage(product)) } } }
            }
        }
    }
}

/// What the product is called that has a name that is asked for.
fn owner(problem: &Problem) -> Option<&str> {
    problem.extra.get("product")?["name"].as_str()
}

/// A page with what its address asks for in vain at the top.
pub fn with_left_out(errors: &[FieldError], body: &Markup) -> Markup {
    html! {
        @if !errors.is_empty() {
            div.refused role="alert" {
                h2 { (t::LEFT_OUT) }
                ul { @for error in errors { li { (t::field(&error.field)) " " (error.message) } } }
            }
        }
        (body)
    }
}

fn whole(api: &Api, content: &Content, body: &Markup) -> Markup {
    let inside = is_staff(&api.caller);
    let shop = &api.app.config.shop_name;
    let [style, script] = &*NAMES;
    html! {
        (DOCTYPE)
        html lang="en" data-paper=[content.paper] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (content.title) " · " (shop) }
                link rel="stylesheet" href=(style);
                link rel="icon" href=(ICON);
                script src=(script) defer {}
            }
            body {
                a.skip href="#main" { (t::SKIP) }
                @if inside {
                    header {
                        nav aria-label=(t::WAY_AROUND) {
                            ul {
                                @for (room, path, name) in rooms(api) {
                                    li { a href=(path) aria-current=[(room == content.room).then_some("page")] { (name) } }
                                }
                            }
                        }
                        form.search role="search" aria-label=(t::SEARCH_THE_SHOP) action="/desk/search" {
                            label for="search" { (t::SEARCH_HINT) }
                            input #search type="search" name="q" maxlength="100" autocomplete="off";
                            button { (t::SEARCH) }
                        }
                    }
                }
                main #main tabindex="-1" { (body) }
                footer {
                    @if inside {
                        span { (t::logged_in(api.caller.username())) }
                        a href="/desk/account" { (t::YOUR_ACCOUNT) }
                        (post_button(LOG_OUT, t::LOG_OUT))
                        button #keys-off type="button" hidden data-off=(t::KEYS_OFF) data-on=(t::KEYS_ON) {}
                    }
                    span { (shop) }
                }
                @if inside {
                    dialog #keys aria-labelledby="keys-title" {
                        h2 #keys-title { (t::KEYS) }
                        dl.facts { @for (key, does) in t::KEYS_DO { dt { kbd { (key) } } dd { (does) } } }
                        form method="dialog" { button { (t::CLOSE) } }
                    }
                }
            }
        }
    }
}

/// The rooms that whoever is logged in may enter.
fn rooms(api: &Api) -> impl Iterator<Item = (Room, &'static str, &'static str)> {
    let all = [
        (Room::Today, "/desk", t::TODAY),
        (Room::Orders, "/desk/orders", t::ORDERS),
        (Room::Products, "/desk/products", t::PRODUCTS),
        (Room::Restock, "/desk/restock", t::RESTOCK),
        (Room::StockTakes, "/desk/stock_takes", t::STOCK_TAKES),
        (Room::Customers, "/desk/customers", t::CUSTOMERS),
        (Room::House, "/desk/house", t::HOUSE),
    ];
    let is_manager = api.caller.is_manager();
    all.into_iter().filter(move |(room, ..)| *room != Room::House || is_manager)
}

/// A shelf with four boxes.
const ICON: &str = "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E%3Cpath%20fill='%23256'%20d='M1%201h6v6H1zM9%201h6v6H9zM1%209h6v6H1z'/%3E%3Cpath%20fill='%23c63'%20d='M9%209h6v6H9z'/%3E%3C/svg%3E";

/// The way to another page.
pub fn see_other(to: &str) -> Response {
    response::empty(303).with_unique_header("Location", to.to_owned())
}
