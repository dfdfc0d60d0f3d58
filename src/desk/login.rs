//! Logging in and out. The session of the API is kept in a cookie that only the desk reads.

use maud::html;
use rouille::Response;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::desk::api::{Api, Call, body_of, with_query};
use crate::desk::fields::Fields;
use crate::desk::frame::{LOG_OUT, READ_AND_SENT, document, html_response, see_other, without_page};
use crate::desk::page::{Content, Room};
use crate::desk::pieces::plain_field;
use crate::desk::prose;
use crate::desk::texts as t;
use crate::desk::visit::is_staff;
use crate::error::{Error, Result};
use crate::problem::{self, Problem};
use crate::web::caller::{Caller, identify_by};

pub const PATH: &str = "/desk/login";

/// `__Host-`: set by this host over a safe connection and for no other; a browser counts the machine itself as safe.
const COOKIE: &str = "__Host-storekeeper";
const COOKIE_RULES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// As much as is kept of a form for which a login has ended; what is typed at a counter is less.
const TYPED_BYTES_MAX: usize = 32 * 1024;

/// A username, a password and an address, and what was typed, of which each character may take three.
const BODY_BYTES_MAX: usize = 16 * 1024 + 3 * TYPED_BYTES_MAX;

/// What was typed in a form before its login had ended, as a browser sends it.
const TYPED: &str = "typed_before";

/// Whether the desk answers at this path, also as telephones and people write it: `/Desk`.
pub fn is_at(path: &str) -> bool {
    let begins = path.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("/desk"));
    begins && matches!(path.as_bytes().get(5), None | Some(b'/'))
}

/// Who has the session of the cookie: staff, or nobody.
pub fn caller(app: &App, http: &rouille::Request) -> Result<Caller> {
    let Some(token) = token(http) else {
        return Ok(Caller::Anyone);
    };
    match identify_by(app, http, token, None) {
        Ok(identified) if is_staff(&identified.caller) => Ok(identified.caller),
        // It has ended, or is nothing that the desk gave out.
        Ok(_) => Ok(Caller::Anyone),
        Err(Error::Refused(problem)) if problem.kind == problem::UNAUTHENTICATED => Ok(Caller::Anyone),
        Err(error) => Err(error),
    }
}

/// The session of the cookie, whatever it is.
pub fn token(http: &rouille::Request) -> Option<&str> {
    let cookies = http.header("Cookie")?.split(';');
    cookies
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

/// What somebody sees whose login had ended when they sent a form: a login that keeps what they had typed.
pub fn before_sending(api: &Api) -> Result<Response> {
    // What is longer, or no form, is typed again.
    let Ok(fields) = Fields::sent(api.http, TYPED_BYTES_MAX) else { return Ok(instead(api.http)) };
    // Sent again by somebody who has not logged in meanwhile either.
    let fields = typed_before(fields)?.0;
    // A password is typed again, and stands in no page.
    let kept: Vec<(&str, &str)> = fields.iter().filter(|(name, _)| !name.ends_with("password")).collect();
    let typed = with_query("", &kept);
    let content = Form {
        next: safe(api.http.raw_url()),
        typed: typed.trim_start_matches('?'),
        said: Some(t::NOT_SENT),
        ..Form::default()
    };
    Ok(form(api, &content, None))
}

/// The fields of a form, and whether they were typed before its login had ended, and are to be looked at first.
pub fn typed_before(fields: Fields) -> Result<(Fields, bool), Problem> {
    match fields.get(TYPED) {
        Some(typed) => Ok((Fields::read(typed.as_bytes())?, true)),
        None => Ok((fields, false)),
    }
}

/// What somebody sees who is not logged in and has opened a page.
pub fn instead(http: &rouille::Request) -> Response {
    let target = http.raw_url();
    if http.header("Sec-Fetch-Site").is_some_and(|site| site != "same-origin" && site != "none") {
        // A link from elsewhere comes without the cookie; asked for from here, the page comes with it.
        let here = safe(target);
        return html_response(
            200,
            html! {
                (maud::DOCTYPE)
                html lang="en" {
                    head { meta charset="utf-8"; meta http-equiv="refresh" content={ "0;url=" (here) }; title { (t::OPENING) } }
                    body { p { a href=(here) { (t::OPENING) } } }
                }
            },
        );
    }
    see_other(&with_query(PATH, &[("next", safe(target))]))
}

/// A place of the desk to go on to, and no other.
fn safe(next: &str) -> &str {
    let is_plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#');
    let path = next.split('?').next().unwrap_or("");
    let leaves = path.split('/').any(|part| part.to_ascii_lowercase().replace("%2e", ".") == "..");
    let is_ours = is_at(path) && !leaves;
    let again = [PATH, LOG_OUT].iter().any(|path| next.starts_with(path));
    if is_plain && is_ours && !again { next } else { "/desk" }
}

#[derive(Deserialize)]
struct Opened {
    token: String,
    caller: String,
}

/// `GET` and `POST /desk/login`. Of whoever logs in where something was typed before, `typed_on` answers with its page.
pub fn answer(api: &Api, typed_on: fn(&Api) -> Response) -> Result<Response> {
    match api.http.method() {
        "GET" | "HEAD" => {
            let query = Fields::read(api.http.raw_query_string().as_bytes())?;
            let next = safe(query.get("next").unwrap_or("/desk"));
            if is_staff(&api.caller) {
                return Ok(see_other(next));
            }
            let said = (query.get("done") == Some("log_out")).then_some(t::LOGGED_OUT);
            Ok(form(api, &Form { next, said, ..Form::default() }, None))
        }
        "POST" => {
            check_same_origin(api.http)?;
            log_in(api, &Fields::sent(api.http, BODY_BYTES_MAX)?, typed_on)
        }
        method => without_page(method, READ_AND_SENT),
    }
}

fn log_in(api: &Api, fields: &Fields, typed_on: fn(&Api) -> Response) -> Result<Response> {
    let [username, password, next, typed] =
        ["username", "password", "next", TYPED].map(|name| fields.get(name).unwrap_or(""));
    let next = safe(next);
    let refused =
        |problem: Problem| Ok(form(api, &Form { next, username, typed, said: None }, Some(&problem)));
    let body = json!({"username": username.trim(), "password": password});
    let call =
        Call { method: "POST", path: "/sessions", id: 0, product_id: 0, body: &body, key: "", version: "" };
    let stranger = Api { caller: Caller::Anyone, ..*api };
    let (text, _) = match stranger.send(&call) {
        Ok(response) => body_of(response)?,
        Err(Error::Refused(problem)) => return refused(*problem),
        Err(error) => return Err(error),
    };
    let opened: Opened =
        serde_json::from_str(&text).map_err(|cause| Error::Internal(format!("a session: {cause}")))?;
    let caller = || identify_by(api.app, api.http, &opened.token, None).map(|known| known.caller);
    if opened.caller != "staff" {
        end(&Api { caller: caller()?, ..*api })?;
        return refused(Problem::new(problem::FORBIDDEN, t::STAFF_ONLY));
    }
    let response = match typed {
        "" => see_other(next),
        _ => typed_on(&Api { http: &with_typed(api, next, typed, &opened.token), caller: caller()?, ..*api }),
    };
    let cookie = format!("{COOKIE}={}; {COOKIE_RULES}", opened.token);
    Ok(response.with_unique_header("Set-Cookie", cookie))
}

/// The request for the page that something was typed on, with what it was. It is answered here, since a browser that is led
/// there with a form takes the password along.
fn with_typed(api: &Api, page: &str, typed: &str, token: &str) -> rouille::Request {
    let of_login = ["cookie", "content-length", "content-type", "transfer-encoding"];
    let lasting =
        api.http.headers().filter(|(name, _)| !of_login.contains(&name.to_ascii_lowercase().as_str()));
    let mut headers: Vec<(String, String)> =
        lasting.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    headers.push(("Cookie".to_owned(), format!("{COOKIE}={token}")));
    let body = with_query("", &[(TYPED, typed)]).trim_start_matches('?').to_owned();
    let from = *api.http.remote_addr();
    rouille::Request::fake_http_from(from, "POST", page, headers, body.into_bytes())
}

fn end(api: &Api) -> Result<()> {
    let body = json!({});
    let call = Call {
        method: "DELETE",
        path: "/sessions/current",
        id: 0,
        product_id: 0,
        body: &body,
        key: "",
        version: "",
    };
    api.send(&call)?;
    Ok(())
}

/// `POST /desk/logout`.
pub fn log_out(api: &Api) -> Result<Response> {
    match api.http.method() {
        "POST" => {}
        "GET" | "HEAD" => return Ok(see_other("/desk")),
        method => return without_page(method, READ_AND_SENT),
    }
    check_same_origin(api.http)?;
    if is_staff(&api.caller) {
        end(api)?;
    }
    let response = see_other("/desk/login?done=log_out");
    Ok(response.with_unique_header("Set-Cookie", format!("{COOKIE}=; Max-Age=0; {COOKIE_RULES}")))
}

/// What the login page has beside its password.
#[derive(Default)]
struct Form<'a> {
    next: &'a str,
    username: &'a str,
    typed: &'a str,
    said: Option<&'a str>,
}

fn form(api: &Api, content: &Form, problem: Option<&Problem>) -> Response {
    let Form { next, username, typed, said } = *content;
    let error = problem.map(|problem| prose::of_people(&api.app.config, &problem.detail));
    let error = error.as_deref();
    let body = html! {
        h1 { (t::LOG_IN_TO) " " (api.app.config.shop_name) }
        @if let Some(said) = said { p.done role="status" { (said) } }
        @if needs_https(api.http) { p.refused role="alert" { (t::NEEDS_HTTPS) } }
        @if let Some(error) = error { p.refused role="alert" #wrong { (error) } }
        form.narrow method="post" action=(PATH) {
            input type="hidden" name="next" value=(next);
            @if !typed.is_empty() { input type="hidden" name=(TYPED) value=(typed); }
            // Whoever was scanning goes on doing so, and no code is a username.
            @let (name_next, password_next) = (username.is_empty() && typed.is_empty(), !username.is_empty());
            (plain_field("username", t::USERNAME, "text", username, "username", error.map(|_| "wrong"), name_next))
            (plain_field("password", t::PASSWORD, "password", "", "current-password", error.map(|_| "wrong"), password_next))
            button.main { (t::LOG_IN) }
        }
    };
    let status = problem.map_or(if typed.is_empty() { 200 } else { 401 }, |problem| problem.kind.status);
    let stranger = Api { caller: Caller::Anyone, ..*api };
    let mut response = document(&stranger, None, None, status, &Content::new(Room::Nowhere, t::LOG_IN, body));
    if let Some(wait) =
        problem.and_then(|problem| problem.headers.iter().find(|(name, _)| *name == "Retry-After"))
    {
        response = response.with_unique_header("Retry-After", wait.1.clone());
    }
    response
}

/// Whether the page came over a connection on which no browser keeps the cookie: they say where a request comes from
/// only on a safe one, and the machine itself is safe.
fn needs_https(http: &rouille::Request) -> bool {
    let host = http.header("Host").unwrap_or("");
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let is_here = name == "localhost" || name == "[::1]" || name.starts_with("127.");
    http.header("Sec-Fetch-Site").is_none() && !is_here
}

/// A page of another origin must not send a form in somebody's name. Browsers say where one comes from, in one header
/// or the other.
pub fn check_same_origin(http: &rouille::Request) -> Result<(), Problem> {
    let host = http.header("Host").unwrap_or("");
    let own = match (http.header("Sec-Fetch-Site"), http.header("Origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, of)| !host.is_empty() && of == host)
        }
        (None, None) => false,
    };
    if own { Ok(()) } else { Err(Problem::new(problem::FORBIDDEN, t::ANOTHER_ORIGIN)) }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn only_places_of_the_desk_are_gone_on_to() {
        for own in ["/desk", "/desk/orders/17", "/desk/orders?q=a%20b&after=3f"] {
            assert_eq!(safe(own), own);
        }
        for other in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/desk",
            "/\\evil.example",
            "/desk\\@evil.example",
            "/deskx",
            "/desk/login",
            "/desk/logout",
            "/desk/../products",
            "/desk/..",
            "/desk/%2E%2e/products",
            "javascript:alert(1)",
            "/desk/ö",
            "/desk/a b",
            "/desk#x",
        ] {
            assert_eq!(safe(other), "/desk", "{other}");
        }
    }
}
