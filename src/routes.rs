//! The table of contents: every route, who may call it, and the handler that answers.
//!
//! From the table come 405 with `Allow`, `HEAD`, `OPTIONS`, the access check, the route labels in
//! logs and metrics, and the tests that hold it against the documents.

use std::sync::LazyLock;

use rouille::Response;

use crate::app::App;
use crate::error::Result;
use crate::handlers::{
    accounts, api_keys, audit, categories, customers, documents, events, health, imports, log_in, mentions,
    metrics, movements, orders, own_data, products, purchase_orders, restock, sessions, settings, sign_up,
    staff, stock, stock_takes, stock_value, suppliers, today, verifications, webhooks, welcome, what_if,
};
use crate::web::api_key::KeyScope::{
    self, CatalogueRead, CatalogueWrite, CustomersRead, CustomersWrite, EventsRead, OrdersRead, OrdersWrite,
    RestockRead, RestockWrite, StockRead, StockWrite,
};
use crate::web::description::Description;
use crate::web::request::Request;
use crate::web::route::Access::{self, Anyone, Manager, Open, OwnOrManager, SignedIn, Staff};
use crate::web::route::{BODY_BYTES_MAX, Handler, Route};

#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("POST",   "/customers",                     Anyone,       Some(CustomersWrite),  sign_up::create),
    route("GET",    "/customers",                     Staff,        Some(CustomersRead),   customers::list),
    route("GET",    "/customers/{id}",                SignedIn,     Some(CustomersRead),   customers::read),
    route("PUT",    "/customers/{id}",                SignedIn,     Some(CustomersWrite),  customers::replace),
    route("PATCH",  "/customers/{id}",                SignedIn,     Some(CustomersWrite),  customers::change),
    route("DELETE", "/customers/{id}",                OwnOrManager, None,                  customers::delete),
    route("GET",    "/customers/{id}/orders",         SignedIn,     Some(OrdersRead),      orders::list_of_customer),

    route("GET",    "/export",                        OwnOrManager, None,                  own_data::read),

    route("POST",   "/customer_accounts",             SignedIn,     None,                  accounts::create),
    route("GET",    "/customer_accounts",             Staff,        Some(CustomersRead),   accounts::list),
    route("GET",    "/customer_accounts/{id}",        SignedIn,     Some(CustomersRead),   accounts::read),
    route("PUT",    "/customer_accounts/{id}",        SignedIn,     None,                  accounts::replace),
    route("PATCH",  "/customer_accounts/{id}",        SignedIn,     None,                  accounts::change),
    route("DELETE", "/customer_accounts/{id}",        SignedIn,     None,                  accounts::delete),

    route("POST",   "/sessions",                      Open,         None,                  log_in::create),
    route("GET",    "/sessions",                      SignedIn,     None,                  sessions::list),
    route("GET",    "/sessions/current",              SignedIn,     None,                  sessions::read),
    route("DELETE", "/sessions/current",              SignedIn,     None,                  sessions::delete),
    route("GET",    "/sessions/{id}",                 SignedIn,     None,                  sessions::read_one),
    route("DELETE", "/sessions/{id}",                 SignedIn,     None,                  sessions::delete_one),

    route("GET",    "/staff",                         Manager,      None,                  staff::list),
    route("PATCH",  "/staff/current",                 Staff,        None,                  staff::change_own),
    route("GET",    "/staff/{id}",                    Manager,      None,                  staff::read),
    route("PATCH",  "/staff/{id}",                    Manager,      None,                  staff::change),

    route("GET",    "/settings",                      Manager,      None,                  settings::read),

    route("GET",    "/audit",                         Manager,      None,                  audit::list),

    route("GET",    "/events",                        Staff,        Some(EventsRead),      events::list),

    route("GET",    "/today",                         Staff,        None,                  today::read),
    route("POST",   "/verifications",                 Manager,      None,                  verifications::create),
    route("GET",    "/verifications",                 Manager,      None,                  verifications::list),
    route("GET",    "/verifications/{id}",            Manager,      None,                  verifications::read),

    route("POST",   "/api_keys",                      Manager,      None,                  api_keys::create),
    route("GET",    "/api_keys",                      Manager,      None,                  api_keys::list),
    route("GET",    "/api_keys/{id}",                 Manager,      None,                  api_keys::read),
    route("DELETE", "/api_keys/{id}",                 Manager,      None,                  api_keys::revoke),

    route("POST",   "/webhooks",                      Manager,      None,                  webhooks::create),
    route("GET",    "/webhooks",                      Manager,      None,                  webhooks::list),
    route("GET",    "/webhooks/{id}",                 Manager,      None,                  webhooks::read),
    route("PATCH",  "/webhooks/{id}",                 Manager,      None,                  webhooks::change),
    route("DELETE", "/webhooks/{id}",                 Manager,      None,                  webhooks::delete),
    route("POST",   "/webhooks/{id}/rotate_secret",   Manager,      None,                  webhooks::rotate_secret),
    route("POST",   "/webhooks/{id}/replay",          Manager,      None,                  webhooks::post_replay),
    route("GET",    "/webhooks/{id}/attempts",        Manager,      None,                  webhooks::list_attempts),

    route("GET",    "/products",                      Anyone,       Some(CatalogueRead),   products::list),
    route("POST",   "/products",                      Staff,        Some(CatalogueWrite),  products::create).taking(products::BODY_BYTES_MAX),
    route("GET",    "/products/{id}",                 Anyone,       Some(CatalogueRead),   products::read),
    route("PUT",    "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::replace).taking(products::BODY_BYTES_MAX),
    route("PATCH",  "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::change).taking(products::BODY_BYTES_MAX),
    route("DELETE", "/products/{id}",                 Staff,        Some(CatalogueWrite),  products::delete),
    route("POST",   "/products/{id}/restore",         Staff,        Some(CatalogueWrite),  products::post_restore),
    route("GET",    "/categories",                    Anyone,       Some(CatalogueRead),   categories::list),

    route("POST",   "/orders",                        SignedIn,     Some(OrdersWrite),     orders::create),
    route("GET",    "/orders",                        SignedIn,     Some(OrdersRead),      orders::list),
    route("GET",    "/orders/{id}",                   SignedIn,     Some(OrdersRead),      orders::read),
    route("PATCH",  "/orders/{id}",                   SignedIn,     Some(OrdersWrite),     orders::patch),
    route("GET",    "/orders/{id}/track",             SignedIn,     Some(OrdersRead),      orders::track),
    route("POST",   "/orders/{id}/confirm",           Staff,        Some(OrdersWrite),     orders::post_confirm),
    route("POST",   "/orders/{id}/cancel",            SignedIn,     Some(OrdersWrite),     orders::post_cancel),
    route("POST",   "/orders/{id}/ship",              Staff,        Some(OrdersWrite),     orders::post_ship),
    route("POST",   "/orders/{id}/deliver",           Staff,        Some(OrdersWrite),     orders::post_deliver),
    route("POST",   "/orders/{id}/lost",              Staff,        Some(OrdersWrite),     orders::post_lost),
    route("POST",   "/orders/{id}/returned",          Staff,        Some(OrdersWrite),     orders::post_returned),
    route("POST",   "/orders/{id}/reopen",            Manager,      None,                  orders::post_reopen),

    route("GET",    "/stock",                         Staff,        Some(StockRead),       stock::list),
    route("GET",    "/stock/value",                   Manager,      Some(RestockRead),     stock_value::read),
    route("GET",    "/stock/movements",               Staff,        Some(StockRead),       movements::list_of_shop),
    route("GET",    "/products/{id}/stock",           Staff,        Some(StockRead),       stock::read),
    route("PATCH",  "/products/{id}/stock",           Staff,        Some(StockWrite),      stock::change_policy),
    route("GET",    "/products/{id}/stock/movements", Staff,        Some(StockRead),       movements::list),
    route("POST",   "/products/{id}/stock/movements", Staff,        Some(StockWrite),      movements::create),
    route("POST",   "/products/{id}/stock/what-if",   Staff,        Some(StockRead),       what_if::ask).only_asking(),
    route("GET",    "/products/{id}/stock/history",   Staff,        Some(StockRead),       movements::read_history),
    route("GET",    "/products/{id}/stock/demand",    Staff,        Some(StockRead),       stock::read_demand),
    route("PATCH",  "/stock/movements/{id}",          Manager,      None,                  mentions::change_note),
    route("GET",    "/mentions",                      Manager,      None,                  mentions::list),

    route("POST",   "/stock_takes",                   Staff,        Some(StockWrite),      stock_takes::create),
    route("GET",    "/stock_takes",                   Staff,        Some(StockRead),       stock_takes::list),
    route("GET",    "/stock_takes/{id}",              Staff,        Some(StockRead),       stock_takes::read),
    route("PATCH",  "/stock_takes/{id}",              Staff,        Some(StockWrite),      stock_takes::patch),
    route("GET",    "/stock_takes/{id}/lines",        Staff,        Some(StockRead),       stock_takes::list_lines),
    route("POST",   "/stock_takes/{id}/counts",       Staff,        Some(StockWrite),      stock_takes::post_counts),
    route("DELETE", "/stock_takes/{id}/counts/{product_id}", Staff, Some(StockWrite),      stock_takes::delete_count),
    route("POST",   "/stock_takes/{id}/book",         Staff,        Some(StockWrite),      stock_takes::post_book),
    route("POST",   "/stock_takes/{id}/cancel",       Staff,        Some(StockWrite),      stock_takes::post_cancel),

    route("POST",   "/imports",                       Manager,      None,                  imports::create).taking_a_file(imports::FILE_BYTES_MAX),
    route("GET",    "/imports",                       Manager,      None,                  imports::list),
    route("GET",    "/imports/{id}",                  Manager,      None,                  imports::read),
    route("GET",    "/imports/{id}/rows",             Manager,      None,                  imports::list_rows),
    route("POST",   "/imports/{id}/apply",            Manager,      None,                  imports::post_apply),
    route("POST",   "/imports/{id}/undo",             Manager,      None,                  imports::post_undo),

    route("GET",    "/restock/plan",                  Staff,        Some(RestockRead),     restock::plan),
    route("POST",   "/restock/runs",                  Staff,        Some(RestockWrite),    restock::create_run),
    route("GET",    "/restock/runs",                  Staff,        Some(RestockRead),     restock::list_runs),
    route("GET",    "/restock/runs/{id}",             Staff,        Some(RestockRead),     restock::read_run),
    route("POST",   "/purchase_orders",               Staff,        Some(RestockWrite),    purchase_orders::create),
    route("GET",    "/purchase_orders",               Staff,        Some(RestockRead),     purchase_orders::list),
    route("GET",    "/purchase_orders/{id}",          Staff,        Some(RestockRead),     purchase_orders::read),
    route("PATCH",  "/purchase_orders/{id}",          Staff,        Some(RestockWrite),    purchase_orders::patch),
    route("GET",    "/purchase_orders/{id}/csv",      Staff,        Some(RestockRead),     purchase_orders::csv),
    route("GET",    "/purchase_orders/{id}/mail",     Staff,        Some(RestockRead),     purchase_orders::mail),
    route("GET",    "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockRead),  purchase_orders::read_line),
    route("PUT",    "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockWrite), purchase_orders::put_line),
    route("DELETE", "/purchase_orders/{id}/lines/{product_id}", Staff, Some(RestockWrite), purchase_orders::delete_line),
    route("POST",   "/purchase_orders/{id}/split",    Staff,        Some(RestockWrite),    purchase_orders::post_split),
    route("POST",   "/purchase_orders/{id}/merge",    Staff,        Some(RestockWrite),    purchase_orders::post_merge),
    route("POST",   "/purchase_orders/{id}/order",    Staff,        Some(RestockWrite),    purchase_orders::post_order),
    route("POST",   "/purchase_orders/{id}/receive",  Staff,        Some(RestockWrite),    purchase_orders::post_receive),
    route("POST",   "/purchase_orders/{id}/cancel",   Staff,        Some(RestockWrite),    purchase_orders::post_cancel),

    route("POST",   "/suppliers",                     Manager,      Some(RestockWrite),    suppliers::create),
    route("GET",    "/suppliers",                     Manager,      Some(RestockRead),     suppliers::list),
    route("GET",    "/suppliers/{id}",                Manager,      Some(RestockRead),     suppliers::read),
    route("PUT",    "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::replace),
    route("PATCH",  "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::change),
    route("DELETE", "/suppliers/{id}",                Manager,      Some(RestockWrite),    suppliers::delete),
    route("POST",   "/suppliers/{id}/restore",        Manager,      Some(RestockWrite),    suppliers::post_restore),
    route("GET",    "/suppliers/{id}/lead_times",     Manager,      Some(RestockRead),     suppliers::read_lead_times),
    route("GET",    "/suppliers/{id}/products",       Manager,      Some(RestockRead),     suppliers::list_of_supplier),
    route("GET",    "/suppliers/{id}/products/{product_id}", Manager, Some(RestockRead),   suppliers::read_offer),
    route("PUT",    "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::replace_offer),
    route("PATCH",  "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::change_offer),
    route("DELETE", "/suppliers/{id}/products/{product_id}", Manager, Some(RestockWrite),  suppliers::delete_offer),
    route("GET",    "/products/{id}/suppliers",       Manager,      Some(RestockRead),     suppliers::list_of_product),

    route("GET",    "/healthz",                       Open,         None,                  health::alive),
    route("GET",    "/readyz",                        Open,         None,                  health::ready),

    route("GET",    "/",                              Open,         None,                  welcome::read),
    route("GET",    "/openapi.json",                  Open,         None,                  description),
    route("GET",    "/docs",                          Open,         None,                  documents::page),
    route("GET",    "/docs/scalar.js",                Open,         None,                  documents::script),
];

/// What the internal listener answers: for the machine itself, so it asks nobody who they are.
#[rustfmt::skip]
pub const INTERNAL_ROUTES: &[Route] = &[
    route("GET",    "/healthz",                       Open,         None,                  health::alive),
    route("GET",    "/readyz",                        Open,         None,                  health::ready),
    route("GET",    "/metrics",                       Open,         None,                  metrics::read),
];

/// What each feature says of itself in the OpenAPI document.
const PARTS: &[&str] = &[
    include_str!("handlers/sessions.json"),
    include_str!("handlers/customers.json"),
    include_str!("handlers/accounts.json"),
    include_str!("handlers/own_data.json"),
    include_str!("handlers/staff.json"),
    include_str!("handlers/api_keys.json"),
    include_str!("handlers/audit.json"),
    include_str!("handlers/events.json"),
    include_str!("handlers/webhooks.json"),
    include_str!("handlers/today.json"),
    include_str!("handlers/verifications.json"),
    include_str!("handlers/products.json"),
    include_str!("handlers/categories.json"),
    include_str!("handlers/orders.json"),
    include_str!("handlers/stock.json"),
    include_str!("handlers/stock_takes.json"),
    include_str!("handlers/imports.json"),
    include_str!("handlers/what_if.json"),
    include_str!("handlers/mentions.json"),
    include_str!("handlers/restock.json"),
    include_str!("handlers/purchase_orders.json"),
    include_str!("handlers/suppliers.json"),
    include_str!("handlers/settings.json"),
    include_str!("handlers/health.json"),
    include_str!("handlers/welcome.json"),
    include_str!("handlers/documents.json"),
];

/// The OpenAPI document. The tests hold every answer that they receive against it.
pub static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description::new(ROUTES, PARTS));

/// `GET /openapi.json`.
fn description(_: &App, request: &Request) -> Result<Response> {
    Ok(documents::description(request, &DESCRIPTION))
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    scope: Option<KeyScope>,
    handler: Handler,
) -> Route {
    Route {
        method,
        path,
        access,
        scope,
        handler,
        body_bytes: BODY_BYTES_MAX,
        takes_file: false,
        only_asks: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_positive_ids_match() {
        let route = ROUTES.iter().find(|route| route.path == "/orders/{id}/track").unwrap();
        assert_eq!(route.matches("/orders/17/track"), Some((17, 0)));
        for path in [
            "/orders/17",
            "/orders/017/track",
            "/orders/0/track",
            "/orders/-1/track",
            "/orders/%31/track",
            "/orders/9223372036854775808/track",
            "/orders/17/track/",
            "/orders//track",
        ] {
            assert_eq!(route.matches(path), None, "{path}");
        }
    }

    #[test]
    fn a_product_within_something_has_an_id_of_its_own() {
        let route =
            ROUTES.iter().find(|route| route.path == "/suppliers/{id}/products/{product_id}").unwrap();
        assert_eq!(route.matches("/suppliers/3/products/7"), Some((3, 7)));
        for path in [
            "/suppliers/3/products/",
            "/suppliers/3/products",
            "/suppliers//products/7",
            "/suppliers/3/products/07",
            "/suppliers/3/products/7/",
            "/suppliers/3/products/7/products/9",
            "/suppliers/3/product/7",
        ] {
            assert_eq!(route.matches(path), None, "{path}");
        }
    }

    #[test]
    fn no_route_appears_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            let same = |other: &Route| (other.method, other.path) == (route.method, route.path);
            assert!(!ROUTES[index + 1..].iter().any(same), "{} {}", route.method, route.path);
        }
    }
}
