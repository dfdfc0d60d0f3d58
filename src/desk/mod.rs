//! The desk: the shop's pages for people, under `/desk`.
//!
//! It is the first front end of the API. What a page shows it reads from endpoints, and each form is sent to one of
//! them, in this process and as the member of staff who is logged in ([`api`]). So the desk has no rules and no SQL of its
//! own: permissions, checks, versions and keys are the API's.
//!
//! Every form is sent to its own page, with an Idempotency-Key and the version of what it shows. The key stands in the
//! address of a page with forms, which is given one where it has none: so an address is one visit, and whoever goes back to
//! it, loads it again or sends it twice has the same key, and does the work once. It also says whose visit it is: what is
//! sent from a page that somebody else has opened is shown before it is done. What was done is answered with a
//! redirect, to a new visit; what was refused shows the page again, with what was typed and what is wrong. Everything works
//! without the script, which only spares reloads and clicks.

mod account;
mod api;
mod barcode;
mod customers;
mod fields;
mod files;
mod frame;
mod graph;
mod house;
mod imports;
mod login;
mod multipart;
mod orders;
mod page;
mod parts;
mod pieces;
mod products;
mod prose;
mod purchase_orders;
mod restock;
mod scan;
mod search;
mod seen;
mod send;
mod stock_takes;
mod suppliers;
mod texts;
mod today;
mod visit;
mod webhooks;

use std::cell::{Cell, RefCell};
use std::fs::File;

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::desk::api::Api;
use crate::desk::fields::Fields;
use crate::desk::frame::{LOG_OUT, READ, READ_AND_SENT, see_other, without_page};
use crate::desk::login::check_same_origin;
use crate::desk::page::Answer;
use crate::desk::send::{Done, done_before_this, send};
use crate::desk::texts as t;
use crate::desk::visit::After::{At, Here, Once, There, With};
use crate::desk::visit::{
    ANOTHERS_PAGE, After, FormOf, Page, Posted, Sent, Visit, key_in, new_key, other_owner, taken_over,
};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::Id;
use crate::web::caller::{Caller, Label, username_of};
use crate::web::idempotency;
use crate::web::response;
use crate::web::route::Access::{self, Manager, Staff};
use crate::web::route::{Route, ids_in};

pub use login::is_at;

#[rustfmt::skip]
pub const PAGES: &[Page] = &[
    page("/desk", Staff, today::show, &[]),
    page("/desk/search", Staff, search::show, &[]),
    page("/desk/file", Staff, files::show, &[]),
    page("/desk/account", Staff, account::show, &[
        form("password", "PATCH", "/staff/current", Here),
        form("end_session", "DELETE", "/sessions/{id}", Here),
    ]),

    page("/desk/orders", Staff, orders::list::show, &[]),
    page("/desk/orders/new", Staff, orders::place::show, &[
        form("new_customer", "POST", "/customers", With("/desk/orders/new?customer_id=")).checked_by(customers::check),
        form("place", "POST", "/orders", There).checked_by(orders::place::check),
    ]),
    page("/desk/orders/pick_list", Staff, orders::pick_list::show, &[]),
    page("/desk/orders/{id}", Staff, orders::order::show, &[
        form("confirm", "POST", "/orders/{id}/confirm", Here),
        form("ship", "POST", "/orders/{id}/ship", Here).checked_by(orders::check_parcel),
        form("deliver", "POST", "/orders/{id}/deliver", Here),
        form("lost", "POST", "/orders/{id}/lost", Here),
        form("returned", "POST", "/orders/{id}/returned", Here),
        form("reopen", "POST", "/orders/{id}/reopen", Here),
        form("cancel", "POST", "/orders/{id}/cancel", Here),
        form("correct", "PATCH", "/orders/{id}", Here).checked_by(orders::check_parcel),
    ]),
    page("/desk/orders/{id}/pack", Staff, orders::pack::show, &[
        form("ship", "POST", "/orders/{id}/ship", At("/desk/orders/{id}")).checked_by(orders::check_parcel),
    ]),
    page("/desk/orders/{id}/slip", Staff, orders::slip::show, &[]),

    page("/desk/products", Staff, products::list::show, &[]),
    page("/desk/products/new", Staff, products::edit::new, &[form("new_product", "POST", "/products", There)]),
    page("/desk/products/{id}", Staff, products::product::show, &[
        form("count_shelf", "POST", "/products/{id}/stock/movements", Here),
        form("move_stock", "POST", "/products/{id}/stock/movements", Here),
        form("archive_product", "DELETE", "/products/{id}", Here),
        form("restore_product", "POST", "/products/{id}/restore", Here),
    ]),
    page("/desk/products/{id}/edit", Staff, products::edit::show, &[
        form("edit_product", "PATCH", "/products/{id}", At("/desk/products/{id}")),
    ]),
    page("/desk/products/{id}/ledger", Staff, products::ledger::show, &[]),
    page("/desk/products/{id}/rule", Staff, products::rule::show, &[
        form("stock_rule", "PATCH", "/products/{id}/stock", At("/desk/products/{id}/rule")),
        form("snooze_product", "PATCH", "/products/{id}/stock", Here),
    ]),
    page("/desk/products/{id}/why", Staff, products::why::show, &[]),
    page("/desk/labels", Staff, products::labels::show, &[]),

    page("/desk/stock_takes", Staff, stock_takes::list::show, &[
        form("open", "POST", "/stock_takes", There),
    ]),
    page("/desk/stock_takes/{id}", Staff, stock_takes::count::show, &[
        form("count", "POST", "/stock_takes/{id}/counts", Here).checked_by(stock_takes::count::check),
        form("cancel", "POST", "/stock_takes/{id}/cancel", Here),
    ]),
    page("/desk/stock_takes/{id}/review", Staff, stock_takes::review::show, &[
        form("book", "POST", "/stock_takes/{id}/book", Here),
        form("forget", "DELETE", "/stock_takes/{id}/counts/{product_id}", Here)
            .checked_by(stock_takes::review::check),
    ]),

    page("/desk/customers", Staff, customers::list::show, &[
        form("new_customer", "POST", "/customers", There).checked_by(customers::check),
    ]),
    page("/desk/customers/{id}", Staff, customers::customer::show, &[
        form("change", "PATCH", "/customers/{id}", Here),
        form("erase", "DELETE", "/customers/{id}", At("/desk/customers")),
    ]),

    page("/desk/house", Manager, house::show, &[]),
    page("/desk/house/staff", Manager, house::staff::show, &[
        form("role", "PATCH", "/staff/{id}", Here),
        form("disable", "PATCH", "/staff/{id}", Here),
        form("enable", "PATCH", "/staff/{id}", Here),
        form("reset_password", "PATCH", "/staff/{id}", Here),
    ]),
    page("/desk/house/keys", Manager, house::keys::show, &[
        form("new_key", "POST", "/api_keys", Once),
        form("revoke", "DELETE", "/api_keys/{id}", Here),
    ]),
    page("/desk/house/audit", Manager, house::audit::show, &[]),
    page("/desk/house/notes", Manager, house::notes::show, &[
        form("review", "PATCH", "/stock/movements/{id}", Here),
    ]),
    page("/desk/house/verify", Manager, house::verify::show, &[
        form("verify", "POST", "/verifications", Here),
    ]),
    page("/desk/house/settings", Manager, house::settings::show, &[]),
    page("/desk/imports", Manager, imports::list::show, &[
        form("read_file", "POST", "/imports", There).checked_by(imports::list::check),
    ]),
    page("/desk/imports/{id}", Manager, imports::import::show, &[
        form("apply_import", "POST", "/imports/{id}/apply", Here),
        form("undo_import", "POST", "/imports/{id}/undo", Here),
    ]),
    page("/desk/webhooks", Manager, webhooks::list::show, &[
        form("new_webhook", "POST", "/webhooks", Once),
    ]),
    page("/desk/webhooks/{id}", Manager, webhooks::webhook::show, &[
        form("pause_webhook", "PATCH", "/webhooks/{id}", Here),
        form("resume_webhook", "PATCH", "/webhooks/{id}", Here),
        form("change_webhook", "PATCH", "/webhooks/{id}", Here),
        form("rotate_webhook", "POST", "/webhooks/{id}/rotate_secret", Once),
        form("replay_webhook", "POST", "/webhooks/{id}/replay", Here),
        form("remove_webhook", "DELETE", "/webhooks/{id}", At("/desk/webhooks")),
    ]),

    page("/desk/restock", Staff, restock::plan::show, &[
        form("restock", "POST", "/restock/runs", There),
    ]),
    page("/desk/restock/runs", Staff, restock::runs::list, &[]),
    page("/desk/restock/runs/{id}", Staff, restock::runs::show, &[]),
    page("/desk/restock/{id}", Staff, restock::line::show, &[
        form("restock", "POST", "/restock/runs", There),
        form("draft", "POST", "/purchase_orders", There).checked_by(restock::line::check),
        form("put_line", "PUT", "/purchase_orders/{id}/lines/{product_id}", Here).checked_by(restock::line::check),
        form("snooze", "PATCH", "/products/{id}/stock", Here),
    ]),
    page("/desk/purchase_orders", Staff, purchase_orders::list::show, &[
        form("draft", "POST", "/purchase_orders", There),
    ]),
    page("/desk/purchase_orders/{id}", Staff, purchase_orders::order::show, &[
        form("order", "POST", "/purchase_orders/{id}/order", Here),
        form("cancel", "POST", "/purchase_orders/{id}/cancel", Here),
        form("split", "POST", "/purchase_orders/{id}/split", There),
        form("merge", "POST", "/purchase_orders/{id}/merge", Here),
        form("annotate", "PATCH", "/purchase_orders/{id}", Here),
        form("expect", "PATCH", "/purchase_orders/{id}", Here),
    ]),
    page("/desk/purchase_orders/{id}/lines/{product_id}", Staff, purchase_orders::line::show, &[
        form("put_line", "PUT", "/purchase_orders/{id}/lines/{product_id}", At("/desk/purchase_orders/{id}")),
        form("put_line_at", "PUT", "/purchase_orders/{id}/lines/{product_id}", At("/desk/purchase_orders/{id}")),
        form("take_out", "DELETE", "/purchase_orders/{id}/lines/{product_id}", At("/desk/purchase_orders/{id}")),
    ]),
    page("/desk/purchase_orders/{id}/receive", Staff, purchase_orders::receive::show, &[
        form("receive", "POST", "/purchase_orders/{id}/receive", At("/desk/purchase_orders/{id}"))
            .checked_by(purchase_orders::receive::check),
        form("receive_all", "POST", "/purchase_orders/{id}/receive", At("/desk/purchase_orders/{id}")),
    ]),
    page("/desk/purchase_orders/{id}/print", Staff, purchase_orders::papers::print, &[]),
    page("/desk/purchase_orders/{id}/letter", Staff, purchase_orders::papers::letter, &[]),
    page("/desk/purchase_orders/{id}/mail", Staff, purchase_orders::papers::mail, &[]),
    page("/desk/purchase_orders/{id}/csv", Staff, purchase_orders::papers::csv, &[]),
    page("/desk/suppliers", Manager, suppliers::list::show, &[
        form("restore_supplier", "POST", "/suppliers/{id}/restore", At("/desk/suppliers/{id}")),
    ]),
    page("/desk/suppliers/new", Manager, suppliers::supplier::new, &[
        form("add_supplier", "POST", "/suppliers", There),
    ]),
    page("/desk/suppliers/{id}", Manager, suppliers::supplier::show, &[
        form("restore_supplier", "POST", "/suppliers/{id}/restore", Here),
        form("correct", "PATCH", "/suppliers/{id}", Here),
        form("archive_supplier", "DELETE", "/suppliers/{id}", At("/desk/suppliers")),
    ]),
    page("/desk/suppliers/{id}/products", Manager, suppliers::offers::of_supplier, &[]),
    page("/desk/suppliers/{id}/products/{product_id}", Manager, suppliers::offer::show, &[
        form("put_offer", "PUT", "/suppliers/{id}/products/{product_id}", At("/desk/suppliers/{id}/products")),
        form("remove_offer", "DELETE", "/suppliers/{id}/products/{product_id}", At("/desk/suppliers/{id}/products")),
    ]),
    page("/desk/products/{id}/suppliers", Manager, suppliers::offers::of_product, &[]),
];

const fn page(
    path: &'static str,
    access: Access,
    show: fn(&Visit) -> Result<Answer>,
    forms: &'static [FormOf],
) -> Page {
    Page { path, access, show, forms }
}

const fn form(name: &'static str, method: &'static str, path: &'static str, after: After) -> FormOf {
    FormOf { name, method, path, after, check: |_, _| Ok(()) }
}

/// A product's description, in which each character takes nine bytes, and room for the other fields.
pub const BODY_BYTES_MAX: usize = 512 * 1024;

/// As long an address as passes through any proxy, also within that of the login when that has ended: each `%` of it takes
/// three bytes there.
const ADDRESS_BYTES_MAX: usize = 4_500;

/// How long a file is that a form of this page may send, if one of them does.
pub fn file_bytes_max(routes: &[Route], path: &str) -> Option<usize> {
    page_at(path)?.forms.iter().find_map(|form| api::file_bytes_max(routes, form.method, form.path))
}

/// Answers a request for a page, and says for the log which it was and who asked. A long body is beside the request where a
/// page takes a file.
pub fn answer(
    routes: &'static [Route],
    app: &App,
    http: &rouille::Request,
    long_body: Option<File>,
    request_id: &str,
) -> (Response, &'static str, Label) {
    let path = http.raw_url().split('?').next().unwrap_or("");
    let file = frame::file(path);
    let reads = matches!(http.method(), "GET" | "HEAD");
    if let Some(file) = file.filter(|_| reads) {
        return (frame::guarded(file.answer(http)), "/desk/{file}", Label::Unknown);
    }
    let (caller, identified) = match login::caller(app, http) {
        Ok(caller) => (caller, Ok(())),
        Err(error) => (Caller::Anyone, Err(error)),
    };
    let label = caller.label();
    let api = Api { app, routes, http, caller, request_id };
    let found = found_at(path);
    let shown = found.map_or("/desk/-", |(page, _)| page.path);
    let answered = identified.and_then(|()| match (path, found) {
        _ if file.is_some() => without_page(http.method(), READ),
        (login::PATH, _) => login::answer(&api, typed_on),
        (LOG_OUT, _) => login::log_out(&api),
        // As people type it.
        (_, None) if reads && path.ends_with('/') => {
            Ok(see_other(&http.raw_url().replacen(path, path.trim_end_matches('/'), 1)))
        }
        (_, None) if reads && path.bytes().any(|b| b.is_ascii_uppercase()) => {
            Ok(see_other(&http.raw_url().replacen(path, &path.to_ascii_lowercase(), 1)))
        }
        (_, None) => Err(Problem::not_found().into()),
        (_, Some((page, ids))) => visit(&api, page, ids, path, long_body),
    });
    let response = answered.unwrap_or_else(|error| frame::problem(&api, error.into_problem(), None));
    (frame::guarded(response), shown, label)
}

/// The page that a form was typed on, once whoever sends it is logged in.
fn typed_on(api: &Api) -> Response {
    let path = api.http.raw_url().split('?').next().unwrap_or("");
    let shown = match found_at(path) {
        Some((page, ids)) => visit(api, page, ids, path, None),
        None => Ok(see_other("/desk")),
    };
    shown.unwrap_or_else(|error| frame::problem(api, error.into_problem(), None))
}

/// The page for what was refused before the desk was asked, or could not be read at all. Who asked is not known then.
pub fn refusal(
    routes: &'static [Route],
    app: &App,
    target: &str,
    problem: Problem,
    request_id: &str,
) -> Response {
    let http = rouille::Request::fake_http("GET", target, Vec::new(), Vec::new());
    let api = Api { app, routes, http: &http, caller: Caller::Anyone, request_id };
    let path = target.split('?').next().unwrap_or("");
    let has_form = problem.kind == problem::BODY_TOO_LARGE && page_at(path).is_some();
    frame::guarded(frame::problem(&api, problem, has_form.then_some(path)))
}

fn visit(
    api: &Api,
    page: &'static Page,
    (id, product_id): (Id, Id),
    path: &str,
    long_body: Option<File>,
) -> Result<Response> {
    let Api { app, routes, http, request_id, .. } = *api;
    let allowed = if page.forms.is_empty() { READ } else { READ_AND_SENT };
    let sends = match http.method() {
        "GET" | "HEAD" => false,
        "POST" if !page.forms.is_empty() => true,
        method => return without_page(method, allowed),
    };
    if sends {
        check_same_origin(http)?;
    }
    if matches!(api.caller, Caller::Anyone) {
        return if sends { login::before_sending(api) } else { Ok(login::instead(http)) };
    }
    page.access.check(&api.caller)?;
    let query = Fields::read(http.raw_query_string().as_bytes())?;
    if !sends && !page.forms.is_empty() && key_in(&query).is_none() {
        let others = query.iter().filter(|(name, _)| *name != "key");
        return Ok(see_other(&keyed(api, &api::with_query(path, &others.collect::<Vec<_>>()))));
    }
    let api = Api { app, routes, http, caller: api.caller.clone(), request_id };
    let mut visit = Visit {
        api,
        page,
        id,
        product_id,
        path,
        query,
        sent: None,
        made: None,
        done: None,
        left_out: RefCell::default(),
        listed: RefCell::default(),
    };
    if sends {
        let (fields, file) = match file_bytes_max(routes, path) {
            Some(_) => multipart::sent(http, long_body)?,
            None => (Fields::sent(http, BODY_BYTES_MAX)?, None),
        };
        let (fields, is_typed_before) = login::typed_before(fields)?;
        let mut posted = Posted::read(page, (id, product_id), (fields, file))?;
        if let Some(state) = &posted.state {
            visit.query = Fields::read(state.as_bytes())?;
            visit.query.set("key".to_owned(), posted.key.clone());
        }
        let owner = other_owner(&visit.api.caller, &posted.key);
        let done = match (owner, posted.is_step()) {
            // What is counted on is sent in the end, and looked at then.
            (Some(owner), is_step) if is_typed_before || !is_step => {
                Err(of_another(&mut visit, &mut posted, owner)?.into())
            }
            _ if is_typed_before => Err(Problem::new(problem::UNAUTHENTICATED, t::NOT_SENT).into()),
            (_, true) => step(&mut visit, &posted),
            (_, false) => send(&visit, &posted),
        };
        match done {
            Ok(Done::Goto(to)) => return Ok(see_other(&keyed(&visit.api, &to))),
            Ok(Done::Made(made)) => visit.made = Some(made),
            Ok(Done::Counted(to)) if to.len() <= ADDRESS_BYTES_MAX => return Ok(see_other(&to)),
            // What does not fit into an address is shown without one.
            Ok(Done::Counted(to)) => {
                visit.query = Fields::read(to.split_once('?').map_or("", |(_, query)| query).as_bytes())?;
            }
            // Also when it is not known whether it was done: sent again with the same key, it is done once.
            Err(error) => {
                let Posted { form, of, key, shown, fields, .. } = posted;
                let problem = prose::problem_of_people(&app.config, error.into_problem());
                let problem = fields.named_as_sent(problem);
                let did = problem
                    .extra
                    .get("answered")
                    .and_then(|answered| page_of(answered["location"].as_str()?));
                let is_shown = Cell::new(false);
                visit.sent = Some(Sent { form, of, key, shown, fields, problem, did, is_shown });
            }
        }
    }
    let status = visit.sent.as_ref().map_or(200, |sent| sent.problem.kind.status);
    visit.done = done_before_this(&visit);
    Ok(match (page.show)(&visit)? {
        Answer::Page(mut content) => {
            let left_out = visit.left_out.take();
            let status = if left_out.is_empty() { status } else { problem::INVALID_FIELDS.status };
            content.body = frame::with_left_out(&left_out, &content.body);
            let done = visit.done.as_ref().map(|(form, before)| (form.as_str(), *before));
            frame::document(&visit.api, visit.sent.as_ref(), done, status, &content)
        }
        Answer::Goto(to) => see_other(&to),
        Answer::Sent(response) => response,
        Answer::File { content_type, name, text } => {
            let named = format!("attachment; filename=\"{name}\"");
            let response = response::from_text(200, text).with_unique_header("Content-Type", content_type);
            response.with_unique_header("Content-Disposition", named)
        }
    })
}

/// What is said of a form of a page that somebody else had opened. It goes on as a form of whoever has sent it, once they
/// have looked at it; what the other one has done with it is not known to be meant again.
fn of_another(visit: &mut Visit, posted: &mut Posted, owner: Id) -> Result<Problem> {
    let Api { app, ref caller, .. } = visit.api;
    let other = username_of(app, owner)?;
    let (other, own) = (other.as_deref().unwrap_or(t::SOMEBODY), caller.username());
    let done = idempotency::done_by(app, Label::Staff(owner), &posted.own_key)?;
    let problem = match done {
        Some(location) => Problem::new(ANOTHERS_PAGE, t::done_by(other, own))
            .with_extra("answered", json!({"location": location})),
        None => Problem::new(ANOTHERS_PAGE, t::opened_by(other, own)),
    };
    posted.key = taken_over(caller, &posted.key);
    visit.query.set("key".to_owned(), posted.key.clone());
    Ok(problem)
}

/// Takes what a button counts into the address of the page, with what is typed beside it.
fn step(visit: &mut Visit, posted: &Posted) -> Result<Done> {
    for (name, value) in posted.fields.iter() {
        visit.query.set(name.to_owned(), value.to_owned());
    }
    match (visit.page.show)(visit)? {
        Answer::Goto(to) => Ok(Done::Counted(to)),
        _ => Err(Problem::new(problem::MALFORMED_REQUEST, t::NO_FORM).into()),
    }
}

/// The page that shows what the API has at this path, or what that belongs to.
fn page_of(location: &str) -> Option<String> {
    let ends = location.rmatch_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    let mut paths = [location.len()].into_iter().chain(ends).map(|end| format!("/desk{}", &location[..end]));
    paths.find(|path| page_at(path).is_some())
}

fn page_at(path: &str) -> Option<&'static Page> {
    found_at(path).map(|(page, _)| page)
}

fn found_at(path: &str) -> Option<(&'static Page, (Id, Id))> {
    PAGES.iter().find_map(|page| Some((page, ids_in(path, page.path)?)))
}

/// An address with the key of a new visit, where a page has forms.
fn keyed(api: &Api, to: &str) -> String {
    let page = page_at(to.split('?').next().unwrap_or(""));
    if page.is_some_and(|page| !page.forms.is_empty()) {
        api::with_query(to, &[("key", &new_key(&api.caller))])
    } else {
        to.to_owned()
    }
}
