//! The protocol itself: bytes that a broken or hostile client sends, and what every route has in
//! common. What the routes have in common is derived from the table of routes.

mod application;
mod bodies;
mod capacity;
mod framing;
mod fuzz;
mod internal;
mod limits;
mod listening;
mod origins;
mod routing;
mod wayfinding;

use storekeeper::routes::ROUTES;
use storekeeper::web::route::Route;

use crate::harness::Shop;
use crate::wire::{self, RawAnswer};

/// Every path of the table once, with its routes.
fn paths() -> Vec<(&'static str, Vec<&'static Route>)> {
    let mut paths: Vec<(&str, Vec<&Route>)> = Vec::new();
    for route in ROUTES {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path, vec![route])),
        }
    }
    paths
}

/// A path that fits the pattern.
fn concrete(pattern: &str) -> String {
    pattern.replace("{id}", "1").replace("{product_id}", "1")
}

/// A whole sign-up with this body and with headers beside the needed ones, which end in `\r\n`.
pub fn sign_up(headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /customers HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    )
    .into_bytes()
}

/// A sign-up that says how its body comes, with the bytes of it: chunks, for example.
fn sign_up_framed(framing: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /customers HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

const CUSTOMER: &str = r#"{"name":"Ada","email":"ada@example.com","phone":"555-0100"}"#;

/// The server still works: it answers on a new connection.
#[track_caller]
fn check_alive(shop: &Shop) {
    let answer = wire::exchange_one(&shop.base, b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n");
    assert_eq!(answer.expect(200).json()["status"], "ok");
}

/// An answer after which the server reads no more from this client.
#[track_caller]
fn expect_last(answer: RawAnswer, status: u16, code: &str) -> RawAnswer {
    let answer = answer.expect_problem(status, code);
    assert_eq!(answer.header("Connection"), Some("close"));
    answer
}
