//! What to tell who takes a wrong turn: the nearest routes of a path that does not exist, and what there is instead
//! of a method that a path does not take. It follows from the route table, but for a few words of the trade.

mod meanings;
mod nearest;

use crate::problem::{self, Problem};
use crate::values::Id;
use crate::web::route::Route;
use nearest::{Nearest, nearest};

/// Where all routes can be read.
const ALL: &str = if cfg!(feature = "docs") {
    "GET /docs shows every route, and GET /openapi.json describes them to programs."
} else {
    "GET /openapi.json describes every route."
};

/// What people look for that is done in another way here: the methods, the path, and a sentence. `{id}` is the id in
/// the path.
#[rustfmt::skip]
const INSTEAD: &[(&str, &str, &str)] = &[
    ("POST PUT", "/orders/{id}", "An order is changed with PATCH /orders/{id}, and moved along with POST /orders/{id}/ship, /deliver, /cancel, /lost, /returned or /reopen."),
    ("DELETE", "/orders/{id}", "An order is called off with POST /orders/{id}/cancel."),
    ("PUT PATCH", "/orders/{id}/track", "The tracking number is given with POST /orders/{id}/ship and corrected with PATCH /orders/{id}."),
    ("POST PUT PATCH DELETE", "/customers/{id}/orders", "An order is placed with POST /orders."),
    ("POST PUT PATCH DELETE", "/stock", "Units are booked with POST /products/{id}/stock/movements, and the restocking rule is set with PATCH /products/{id}/stock."),
    ("POST PUT DELETE", "/products/{id}/stock", "Units are booked with POST /products/{id}/stock/movements, and the restocking rule is set with PATCH /products/{id}/stock."),
    ("PUT PATCH DELETE", "/products/{id}/stock/movements", "The ledger only grows: a correction is booked with POST /products/{id}/stock/movements."),
    ("POST PUT", "/stock/movements", "Units are booked with POST /products/{product_id}/stock/movements."),
    ("DELETE", "/stock/movements/{id}", "The ledger only grows: a correction is booked with POST /products/{product_id}/stock/movements, and a note is changed with PATCH /stock/movements/{id}."),
    ("GET", "/stock/movements/{id}", "The lines of the ledger are listed with GET /stock/movements."),
    ("POST PUT PATCH DELETE", "/categories", "A category is a field of the products that have it, changed with PATCH /products/{product_id}."),
    ("POST PUT PATCH DELETE", "/mentions", "A note is given another text, or left as it is, with PATCH /stock/movements/{movement_id}."),
    ("POST", "/staff", "Staff are added on the shop's machine with \"storekeeper add-staff NAME\"."),
    ("DELETE", "/staff/{id}", "Who leaves is disabled with PATCH /staff/{id} and {\"disabled\": true}."),
    ("PUT PATCH", "/api_keys/{id}", "A key stays as it was made: it is revoked with DELETE /api_keys/{id}, and another is made with POST /api_keys."),
    ("DELETE", "/sessions", "DELETE /sessions/current logs out, and DELETE /sessions/{session_id} ends another session."),
    ("POST PUT PATCH", "/sessions/current", "POST /sessions logs in, and one's own details are changed with PATCH /customers/{customer_id}."),
    ("POST PUT", "/purchase_orders/{id}", "A purchase order is changed with PATCH /purchase_orders/{id}, its lines with PUT /purchase_orders/{id}/lines/{product_id}, and it is moved along with POST /purchase_orders/{id}/order, /receive or /cancel."),
    ("DELETE", "/purchase_orders/{id}", "What is not wanted, or will not come, is called off with POST /purchase_orders/{id}/cancel."),
    ("POST", "/suppliers/{id}/products", "What a supplier asks for a product is said with PUT /suppliers/{id}/products/{product_id}."),
    ("POST PUT PATCH DELETE", "/products/{id}/suppliers", "What a supplier asks for a product is said with PUT /suppliers/{supplier_id}/products/{product_id}."),
    ("POST", "/restock/plan", "POST /restock/runs does what the plan says."),
    ("PUT PATCH DELETE", "/restock/runs/{id}", "A run stays as it was; another is done with POST /restock/runs."),
    ("POST PUT PATCH DELETE", "/audit", "What staff, programs and commands change is written there by itself."),
];

/// The 404 for a path that fits no route.
pub fn unknown_path(routes: &[Route], method: &str, path: &str) -> Problem {
    let (mut requests, mut sentences) = (Vec::new(), String::new());
    for Nearest { method, pattern, id } in nearest(routes, method, path) {
        // Of a method that nobody knows, what the path is there for.
        let first = || routes.iter().find(|route| route.path == pattern);
        let instead = instead(routes, &method, pattern)
            .or_else(|| first().map(|route| Instead::Request(route.method, route.path)));
        match instead {
            Some(Instead::Request(method, pattern)) => {
                requests.push(filled(&format!("{method} {pattern}"), id));
            }
            Some(Instead::Sentence(sentence)) => sentences += &format!(" {}", filled(sentence, id)),
            None => {}
        }
    }
    let question =
        if requests.is_empty() { String::new() } else { format!(" Did you mean {}?", requests.join(" or ")) };
    Problem::new(problem::NOT_FOUND, format!("No such path.{question}{sentences} {ALL}"))
}

/// The 405 for a path that has the route `of` and others, with the id in it, but none for this method.
pub fn wrong_method(routes: &[Route], method: &str, (of, id): (&Route, Id), allow: String) -> Problem {
    let id = Some(id).filter(|id| *id > 0);
    let instead = match instead(routes, method, of.path) {
        Some(Instead::Request(method, pattern)) => {
            format!(" Did you mean {}?", filled(&format!("{method} {pattern}"), id))
        }
        Some(Instead::Sentence(sentence)) => format!(" {}", filled(sentence, id)),
        None => String::new(),
    };
    let detail = format!("Use one of {allow} here.{instead}");
    Problem::new(problem::METHOD_NOT_ALLOWED, detail).with_header("Allow", allow)
}

/// What to send to the same end.
enum Instead {
    Request(&'static str, &'static str),
    Sentence(&'static str),
}

/// The request itself where it has a route; otherwise what there is to its end, if anything.
fn instead(routes: &[Route], method: &str, pattern: &str) -> Option<Instead> {
    let route = |method: &str, pattern: &str| {
        let found = routes.iter().find(|route| route.method == method && route.path == pattern);
        found.map(|route| Instead::Request(route.method, route.path))
    };
    if let Some(itself) = route(method, pattern) {
        return Some(itself);
    }
    let told =
        INSTEAD.iter().find(|(methods, of, _)| *of == pattern && methods.split(' ').any(|m| m == method));
    if let Some((_, _, sentence)) = told {
        return Some(Instead::Sentence(sentence));
    }
    let alike: &[&str] = match method {
        "PUT" => &["PATCH"],
        "PATCH" => &["PUT"],
        "POST" => &["PATCH", "PUT"],
        _ => &[],
    };
    if let Some(other) = alike.iter().find_map(|method| route(method, pattern)) {
        return Some(other);
    }
    // What changes one thing names it, and what makes one does not.
    let around = if method == "POST" { pattern.strip_suffix("/{id}").map(str::to_owned) } else { None };
    let within = ["PUT", "PATCH", "DELETE"].contains(&method).then(|| format!("{pattern}/{{id}}"));
    if let Some(found) = around.or(within).and_then(|pattern| {
        let known = routes.iter().any(|route| route.path == pattern);
        if known { instead(routes, method, &pattern) } else { None }
    }) {
        return Some(found);
    }
    // What a path is for: `/orders/7/ship` takes nothing but POST, and `/orders/7/track` nothing but GET.
    let mut on_path = routes.iter().filter(|route| route.path == pattern);
    let (only, none) = (on_path.next()?, on_path.next().is_none());
    let meant = none && (only.method == "POST" || method == "POST");
    meant.then_some(Instead::Request(only.method, only.path))
}

fn filled(text: &str, id: Option<Id>) -> String {
    id.map_or_else(|| text.to_owned(), |id| text.replace("{id}", &id.to_string()))
}
