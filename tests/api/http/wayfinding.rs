//! What is said to who takes a wrong turn. Whatever a refusal names must be there.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::Regex;
use rouille::Request;
use storekeeper::routes::ROUTES;
use storekeeper::web::route::Route;

use super::{concrete, paths};
use crate::harness::Shop;

/// Every request that a text names, such as `POST /orders/{id}/cancel`.
fn named(text: &str) -> Vec<(String, String)> {
    static NAMED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(GET|POST|PUT|PATCH|DELETE) (/[a-z_{}0-9./-]*)").unwrap());
    static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"/(\{[a-z_]*id\}|[0-9]+)").unwrap());
    let pattern = |path: &str| ID.replace_all(path.trim_end_matches('.'), "/{id}").into_owned();
    NAMED.captures_iter(text).map(|found| (found[1].to_owned(), pattern(&found[2]))).collect()
}

#[track_caller]
fn check_named(text: &str) {
    for (method, path) in named(text) {
        let fits =
            |route: &Route| route.method == method && route.path.replace("{product_id}", "{id}") == path;
        let known = ROUTES.iter().any(fits);
        let left_out = cfg!(not(feature = "docs")) && path == "/docs";
        assert!(known && !left_out, "{text:?} names {method} {path}");
    }
}

#[test]
fn a_wrong_path_is_told_the_nearest_route_and_where_all_are() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    for (asked, meant) in [
        ("GET /orders/track/3", "GET /orders/3/track"),
        ("GET /users", "GET /customers or GET /customer_accounts"),
        ("POST /users", "POST /customers or POST /customer_accounts"),
        ("GET /api/v1/users/5", "GET /customers/5 or GET /customer_accounts/5"),
        ("GET /products/", "GET /products"),
        ("GET //products", "GET /products"),
        ("GET /PRODUCTS/7", "GET /products/7"),
        ("GET /product", "GET /products"),
        ("GET /product/7", "GET /products/7"),
        ("GET /api/products", "GET /products"),
        ("GET /v1/products/7/", "GET /products/7"),
        ("GET /api/v2/orders", "GET /orders"),
        ("HEAD /api/v2/orders", "GET /orders"),
        ("GET /products.json", "GET /products"),
        ("POST /products/create", "POST /products"),
        ("GET /products/new", "POST /products"),
        ("POST /products/7/update", "PATCH /products/7"),
        ("POST /products/delete/7", "DELETE /products/7"),
        ("GET /products/search", "GET /products"),
        ("GET /getProducts", "GET /products"),
        ("POST /createOrder", "POST /orders"),
        ("GET /order_list", "GET /orders"),
        ("GET /products/blue-mug", "GET /products/{id}"),
        ("GET /products/01", "GET /products/1"),
        ("GET /products/0", "GET /products/{id}"),
        ("GET /products/:id", "GET /products/{id}"),
        ("GET /products/7/restore/", "POST /products/7/restore"),
        ("POST /products/7/unarchive", "POST /products/7/restore"),
        ("POST /products/7/what-if", "POST /products/7/stock/what-if"),
        ("POST /products/7/stock/whatIf", "POST /products/7/stock/what-if"),
        ("GET /products/7/simulate", "POST /products/7/stock/what-if"),
        ("GET /customerAccounts", "GET /customer_accounts"),
        ("GET /customer-accounts/7", "GET /customer_accounts/7"),
        ("GET /Customer_Account/7", "GET /customer_accounts/7"),
        ("GET /accounts", "GET /customer_accounts"),
        ("GET /customers/7/account", "GET /customers/7"),
        ("GET /customers/5/orders/7", "GET /orders/7"),
        ("POST /customers/5/orders/7/cancel", "POST /orders/7/cancel"),
        ("POST /order/7/cancelled", "POST /orders/7/cancel"),
        ("PUT /orders/7/shipped", "POST /orders/7/ship"),
        ("POST /orders/7/delivery", "POST /orders/7/deliver"),
        ("POST /orders/7/approve", "POST /orders/7/confirm"),
        ("POST /orders/confirm/7", "POST /orders/7/confirm"),
        ("GET /orders/7/tracking", "GET /orders/7/track"),
        ("GET /orders/7/status", "GET /orders/7/track"),
        ("GET /orders/7/items", "GET /orders/7"),
        ("GET /ordre/7", "GET /orders/7"),
        ("GET /custmers", "GET /customers"),
        ("POST /checkout", "POST /orders"),
        ("GET /cart", "POST /orders"),
        ("POST /login", "POST /sessions"),
        ("GET /auth/login", "POST /sessions"),
        ("POST /auth/token", "POST /sessions"),
        ("POST /sign-in", "POST /sessions"),
        ("POST /logout", "DELETE /sessions/current"),
        ("POST /register", "POST /customers"),
        ("POST /auth/sign_up", "POST /customers"),
        ("GET /users/me", "GET /sessions/current"),
        ("DELETE /sessions/me", "DELETE /sessions/current"),
        ("POST /customers/login", "POST /sessions"),
        ("POST /users/register", "POST /customers"),
        ("PUT /users/5/password", "PATCH /customer_accounts/{id}"),
        ("GET /orders/7.json", "GET /orders/7"),
        ("GET /order-items/7", "GET /orders/7"),
        ("PATCH /notes/9", "PATCH /stock/movements/9"),
        ("BREW /movements/9", "PATCH /stock/movements/9"),
        ("GET /restock-runs/3", "GET /restock/runs/3"),
        ("GET /shop/ledger", "GET /stock/movements"),
        ("GET /me", "GET /sessions/current"),
        ("GET /tags", "GET /categories"),
        ("GET /category", "GET /categories"),
        ("GET /product-categories", "GET /categories"),
        ("GET /inventory", "GET /stock"),
        ("GET /stock/7", "GET /products/7/stock"),
        ("PATCH /stock/7", "PATCH /products/7/stock"),
        ("GET /stock_movements", "GET /stock/movements"),
        ("GET /ledger", "GET /stock/movements"),
        ("PATCH /movements/9", "PATCH /stock/movements/9"),
        ("POST /products/7/movements", "POST /products/7/stock/movements"),
        ("GET /mention", "GET /mentions"),
        ("POST /restock/run", "POST /restock/runs"),
        ("GET /restock_orders", "GET /purchase_orders"),
        ("GET /restockOrders/3", "GET /purchase_orders/3"),
        ("POST /restock_orders", "POST /purchase_orders"),
        ("POST /restock_orders/3/receive", "POST /purchase_orders/3/receive"),
        ("POST /restock_orders/3/cancel", "POST /purchase_orders/3/cancel"),
        ("GET /api/purchase_orders/3", "GET /purchase_orders/3"),
        ("POST /api/purchase_orders/3/order", "POST /purchase_orders/3/order"),
        ("POST /purchaseorders", "POST /purchase_orders"),
        ("GET /purchase-orders/3", "GET /purchase_orders/3"),
        ("GET /purchases", "GET /purchase_orders or GET /orders"),
        ("GET /po/3", "GET /purchase_orders/3"),
        ("POST /purchase_orders/3/receipts", "POST /purchase_orders/3/receive"),
        ("POST /purchase_orders/3/lines", "PUT /purchase_orders/3/lines/{product_id}"),
        ("GET /purchase_orders/3/email", "GET /purchase_orders/3/mail"),
        ("GET /purchase_order/3/csv/", "GET /purchase_orders/3/csv"),
        ("POST /drafts", "POST /purchase_orders"),
        ("GET /vendors/3", "GET /suppliers/3"),
        ("POST /subscriptions", "POST /webhooks"),
        ("GET /web-hooks/3", "GET /webhooks/3"),
        ("GET /api/supplier", "GET /suppliers"),
        ("POST /suppliers/3/unarchive", "POST /suppliers/3/restore"),
        ("GET /product/7/suppliers", "GET /products/7/suppliers"),
        ("GET /suppliers/3/items", "GET /suppliers/3/products"),
        ("GET /employees", "GET /staff"),
        ("GET /api/keys", "GET /api_keys"),
        ("GET /health", "GET /healthz"),
        ("GET /ready", "GET /readyz"),
        ("GET /api", "GET /"),
        ("GET /index.html", "GET /"),
    ] {
        let (method, path) = asked.split_once(' ').unwrap();
        let answer = anyone.request(method, path).send().expect(404);
        if method == "HEAD" {
            continue;
        }
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("No such path. Did you mean {meant}? ")), "{asked}: {detail}");
        let where_all_are = if cfg!(feature = "docs") { " GET /docs " } else { " GET /openapi.json " };
        assert!(detail.contains(where_all_are), "{detail}");
        check_named(detail);
    }
}

#[test]
fn a_wrong_path_of_what_is_done_in_another_way_is_told_how() {
    let shop = Shop::open();
    for (asked, told) in [
        ("POST /orders/7/delete", "An order is called off with POST /orders/7/cancel."),
        ("DELETE /api/orders/7", "An order is called off with POST /orders/7/cancel."),
        ("PUT /order/7", "An order is changed with PATCH /orders/7, "),
        ("PUT /restock_orders/7", "A purchase order is changed with PATCH /purchase_orders/7, "),
        (
            "DELETE /restock_orders/7",
            "What is not wanted, or will not come, is called off with POST /purchase_orders/7/cancel.",
        ),
        ("POST /stock/adjust", "Units are booked with POST /products/{product_id}/stock/movements."),
        ("POST /employees", "storekeeper add-staff"),
    ] {
        let (method, path) = asked.split_once(' ').unwrap();
        let answer = shop.anyone().request(method, path).send().expect_problem(404, "not_found");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{asked}: {detail}");
        check_named(detail);
    }
}

#[test]
fn a_path_that_is_like_none_is_told_where_all_are_and_nothing_else() {
    let shop = Shop::open();
    let long = format!("/products/{}", "x".repeat(4000));
    for path in [
        "/nowhere",
        "/metrics",
        "/wp-content.php",
        "/.env",
        "/favicon.ico",
        "/a/b/c/d/e",
        "/%00",
        "/%ff",
        &long,
    ] {
        let answer = shop.anyone().get(path).expect_problem(404, "not_found");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(!detail.contains("Did you mean"), "{path}: {detail}");
        check_named(detail);
    }
}

#[test]
fn a_wrong_method_is_told_what_there_is_instead() {
    let shop = Shop::open();
    let anyone = shop.anyone();
    for (asked, told) in [
        ("DELETE /orders/7", "An order is called off with POST /orders/7/cancel."),
        ("PUT /orders/7", "An order is changed with PATCH /orders/7, "),
        ("DELETE /orders", "An order is called off with POST /orders/{id}/cancel."),
        ("PUT /orders", "An order is changed with PATCH /orders/{id}, "),
        ("PATCH /orders", "Did you mean PATCH /orders/{id}?"),
        ("GET /orders/7/ship", "Did you mean POST /orders/7/ship?"),
        ("PUT /orders/7/deliver", "Did you mean POST /orders/7/deliver?"),
        ("PATCH /orders/7/confirm", "Did you mean POST /orders/7/confirm?"),
        ("POST /orders/7/track", "Did you mean GET /orders/7/track?"),
        ("POST /suppliers/3/products", "PUT /suppliers/3/products/{product_id}."),
        ("POST /suppliers/3/products/7", "Did you mean PATCH /suppliers/3/products/{product_id}?"),
        ("PUT /products/7/suppliers", "PUT /suppliers/{supplier_id}/products/{product_id}."),
        ("DELETE /suppliers", "Did you mean DELETE /suppliers/{id}?"),
        ("DELETE /products", "Did you mean DELETE /products/{id}?"),
        ("POST /products/7", "Did you mean PATCH /products/7?"),
        ("PUT /products/7/restore", "Did you mean POST /products/7/restore?"),
        ("GET /products/7/stock/what-if", "Did you mean POST /products/7/stock/what-if?"),
        ("PATCH /stock", "Units are booked with POST /products/{id}/stock/movements, "),
        ("PUT /products/7/stock", "Units are booked with POST /products/7/stock/movements, "),
        ("DELETE /products/7/stock/movements", "The ledger only grows: "),
        ("DELETE /stock/movements/9", "PATCH /stock/movements/9"),
        ("PUT /stock/movements/9", "Did you mean PATCH /stock/movements/9?"),
        ("GET /stock/movements/9", "GET /stock/movements."),
        ("POST /stock/movements", "POST /products/{product_id}/stock/movements."),
        ("POST /categories", "PATCH /products/{product_id}."),
        ("DELETE /mentions", "PATCH /stock/movements/{movement_id}."),
        ("POST /customers/7/orders", "POST /orders."),
        ("POST /customers/7", "Did you mean PATCH /customers/7?"),
        ("DELETE /staff/7", "Who leaves is disabled with PATCH /staff/7 "),
        ("PUT /staff/7", "Did you mean PATCH /staff/7?"),
        ("POST /staff", "storekeeper add-staff NAME"),
        ("PATCH /api_keys/7", "DELETE /api_keys/7"),
        ("POST /sessions/7", "Did you mean POST /sessions?"),
        ("DELETE /sessions", "DELETE /sessions/current logs out"),
        ("DELETE /purchase_orders/7", "POST /purchase_orders/7/cancel."),
        ("PUT /purchase_orders/7", "A purchase order is changed with PATCH /purchase_orders/7, "),
        ("PATCH /purchase_orders/7/lines/3", "Did you mean PUT /purchase_orders/7/lines/{product_id}?"),
        ("GET /purchase_orders/7/receive", "Did you mean POST /purchase_orders/7/receive?"),
        ("POST /purchase_orders/7/mail", "Did you mean GET /purchase_orders/7/mail?"),
        ("POST /restock/plan", "POST /restock/runs"),
    ] {
        let (method, path) = asked.split_once(' ').unwrap();
        let answer = anyone.request(method, path).send().expect_problem(405, "method_not_allowed");
        let detail = answer.body["detail"].as_str().unwrap();
        let allow = answer.header("Allow").expect("the methods");
        assert!(detail.starts_with(&format!("Use one of {allow} here. ")), "{asked}: {detail}");
        assert!(detail.contains(told), "{asked}: {detail}");
    }
    // Whatever is told anybody is there.
    let mut helped = BTreeSet::new();
    for (path, routes) in paths() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"] {
            if routes.iter().all(|route| route.method != method) {
                let answer = anyone.request(method, &concrete(path)).send().expect(405);
                let detail = answer.body["detail"].as_str().unwrap();
                // A build without the page has its path all the same, to say where the description is.
                if !path.starts_with("/docs") {
                    check_named(detail);
                }
                if !named(detail).is_empty() {
                    helped.insert((method, path));
                }
            }
        }
    }
    assert!(helped.len() > 80, "{helped:?}");
}

/// What the search costs is bounded, whatever the path is made of.
#[test]
fn odd_paths_are_answered_at_once() {
    let shop = Shop::open();
    let paths = [
        "/user/account/user/account/user/account/user/account/user/account/user".to_owned(),
        "/a".repeat(99),
        "/aB".repeat(66),
        format!("/{}", "A".repeat(199)),
        format!("/{}", "customer_".repeat(22)),
        "/1".repeat(99),
        "/é".repeat(60),
        "/%C3%A9{id}:x<y>/v/v1/V2/...//;;/\u{130}s/ıes/ies/s/ß".to_owned(),
    ];
    for path in paths {
        let request = Request::fake_http("GET", &path, vec![], vec![]);
        let started = Instant::now();
        for _ in 0..20 {
            let answer = storekeeper::dispatch::dispatch(&shop.app, &request);
            assert_eq!(answer.status_code, 404, "{path}");
        }
        // Some 0.2 ms each, unoptimised.
        assert!(started.elapsed() < Duration::from_secs(2), "{path}: {:?}", started.elapsed());
    }
}
