//! What is expected: each route with whom it lets through and what they are answered.

use serde_json::{Value, json};

use super::world::{Who, World, person, product, supplier, suppliers_file};
use crate::fixtures::{CUSTOMER_PASSWORD, items_json, unique};
use crate::harness::STAFF_PASSWORD;

/// Who is let through; the others are told why not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Everybody; a session is not even looked at.
    Open,
    /// Everybody, but not with a token that is no good.
    Public,
    /// Whoever is logged in, for what is their own by the nature of the request.
    SignedIn,
    /// The customer whose things they are, and staff. For another customer they do not exist.
    Owner,
    /// The customer whose they are, and nobody else.
    Owned,
    /// Like the owner's, but of staff only managers.
    OwnerOrManager,
    Staff,
    Manager,
}

/// A build without the feature has no reference page.
const DOCS: u16 = if cfg!(feature = "docs") { 200 } else { 404 };

pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub rule: Rule,
    /// What those who are let through are answered.
    pub answered: u16,
    pub body: Option<fn(&World) -> Value>,
}

pub const fn row(
    method: &'static str,
    path: &'static str,
    rule: Rule,
    answered: u16,
    body: Option<fn(&World) -> Value>,
) -> Row {
    Row { method, path, rule, answered, body }
}

#[rustfmt::skip]
pub const MATRIX: &[Row] = &[
    row("POST",   "/customers",              Rule::Public,   201, Some(|_| person())),
    row("GET",    "/customers",              Rule::Staff,    200, None),
    row("GET",    "/customers/{id}",         Rule::Owner,    200, None),
    row("PUT",    "/customers/{id}",         Rule::Owner,    200, Some(|_| person())),
    row("PATCH",  "/customers/{id}",         Rule::Owner,    200, Some(|_| json!({"name": "Ada Byron"}))),
    // The order is under way; whoever is told so was let through.
    row("DELETE", "/customers/{id}",         Rule::OwnerOrManager, 409, None),
    row("GET",    "/customers/{id}/orders",  Rule::Owner,    200, None),
    row("GET",    "/export",                 Rule::OwnerOrManager, 200, None),

    // The customer has an account.
    row("POST",   "/customer_accounts",      Rule::Owner,    409, Some(|world| json!({"customer_id": world.own.id, "username": unique("new"), "password": CUSTOMER_PASSWORD}))),
    row("GET",    "/customer_accounts",      Rule::Staff,    200, None),
    row("GET",    "/customer_accounts/{id}", Rule::Owner,    200, None),
    row("PUT",    "/customer_accounts/{id}", Rule::Owner,    200, Some(|_| json!({"username": unique("new"), "password": CUSTOMER_PASSWORD, "current_password": CUSTOMER_PASSWORD}))),
    row("PATCH",  "/customer_accounts/{id}", Rule::Owner,    200, Some(|_| json!({"username": unique("new")}))),
    row("DELETE", "/customer_accounts/{id}", Rule::Owner,    204, None),

    row("POST",   "/sessions",               Rule::Open,     201, Some(|world| json!({"username": world.username, "password": CUSTOMER_PASSWORD}))),
    row("GET",    "/sessions",               Rule::SignedIn, 200, None),
    row("GET",    "/sessions/current",       Rule::SignedIn, 200, None),
    row("DELETE", "/sessions/current",       Rule::SignedIn, 204, None),
    row("GET",    "/sessions/{id}",          Rule::Owned,    200, None),
    row("DELETE", "/sessions/{id}",          Rule::Owned,    204, None),

    row("GET",    "/staff",                  Rule::Manager,  200, None),
    row("PATCH",  "/staff/current",          Rule::Staff,    200, Some(|_| json!({"password": STAFF_PASSWORD, "current_password": STAFF_PASSWORD}))),
    row("GET",    "/staff/{id}",             Rule::Manager,  200, None),
    row("PATCH",  "/staff/{id}",             Rule::Manager,  200, Some(|_| json!({"role": "clerk", "disabled": false}))),

    row("GET",    "/audit",                  Rule::Manager,  200, None),
    row("GET",    "/settings",               Rule::Manager,  200, None),
    row("GET",    "/events",                 Rule::Staff,    200, None),

    row("GET",    "/today",                  Rule::Staff,    200, None),
    row("POST",   "/verifications",          Rule::Manager,  201, None),
    row("GET",    "/verifications",          Rule::Manager,  200, None),
    row("GET",    "/verifications/{id}",     Rule::Manager,  200, None),

    row("POST",   "/api_keys",               Rule::Manager,  201, Some(|_| json!({"name": "Shop front", "scopes": ["orders:read"]}))),
    row("GET",    "/api_keys",               Rule::Manager,  200, None),
    row("GET",    "/api_keys/{id}",          Rule::Manager,  200, None),
    row("DELETE", "/api_keys/{id}",          Rule::Manager,  204, None),

    row("POST",   "/webhooks",               Rule::Manager,  201, Some(|_| json!({"url": "https://shop.example/hooks"}))),
    row("GET",    "/webhooks",               Rule::Manager,  200, None),
    row("GET",    "/webhooks/{id}",          Rule::Manager,  200, None),
    row("PATCH",  "/webhooks/{id}",          Rule::Manager,  200, Some(|_| json!({"active": false}))),
    row("DELETE", "/webhooks/{id}",          Rule::Manager,  204, None),
    row("POST",   "/webhooks/{id}/rotate_secret", Rule::Manager, 200, None),
    row("POST",   "/webhooks/{id}/replay",   Rule::Manager,  200, Some(|_| json!({"after": 0}))),
    row("GET",    "/webhooks/{id}/attempts", Rule::Manager,  200, None),

    row("GET",    "/products",               Rule::Public,   200, None),
    row("POST",   "/products",               Rule::Staff,    201, Some(|_| product())),
    row("GET",    "/products/{id}",          Rule::Public,   200, None),
    row("PUT",    "/products/{id}",          Rule::Staff,    200, Some(|_| product())),
    row("PATCH",  "/products/{id}",          Rule::Staff,    200, Some(|_| json!({"price": "2.00"}))),
    row("DELETE", "/products/{id}",          Rule::Staff,    204, None),

    row("POST",   "/products/{id}/restore",  Rule::Staff,    200, None),
    row("GET",    "/categories",             Rule::Public,   200, None),

    row("POST",   "/orders",                 Rule::Owner,    201, Some(|world| json!({"customer_id": world.own.id, "items": items_json(&[(world.product_id, 1)])}))),
    row("GET",    "/orders",                 Rule::SignedIn, 200, None),
    row("GET",    "/orders/{id}",            Rule::Owner,    200, None),
    row("PATCH",  "/orders/{id}",            Rule::Owner,    200, Some(|_| json!({"shipping_address": "12 Main Street"}))),
    row("GET",    "/orders/{id}/track",      Rule::Owner,    200, None),
    row("POST",   "/orders/{id}/confirm",    Rule::Staff,    200, None),
    row("POST",   "/orders/{id}/cancel",     Rule::Owner,    200, None),
    row("POST",   "/orders/{id}/ship",       Rule::Staff,    200, None),
    // The order is not shipped yet.
    row("POST",   "/orders/{id}/deliver",    Rule::Staff,    409, None),
    row("POST",   "/orders/{id}/lost",       Rule::Staff,    409, None),
    row("POST",   "/orders/{id}/returned",   Rule::Staff,    409, None),
    row("POST",   "/orders/{id}/reopen",     Rule::Manager,  409, None),

    row("GET",    "/stock",                  Rule::Staff,    200, None),
    row("GET",    "/stock/value",            Rule::Manager,  200, None),
    row("GET",    "/stock/movements",        Rule::Staff,    200, None),
    row("GET",    "/products/{id}/stock",    Rule::Staff,    200, None),
    row("PATCH",  "/products/{id}/stock",    Rule::Staff,    200, Some(|_| json!({"reorder_multiple": 5}))),
    row("GET",    "/products/{id}/stock/movements", Rule::Staff, 200, None),
    row("POST",   "/products/{id}/stock/movements", Rule::Staff, 201, Some(|_| json!({"delta": -1, "reason": "damaged"}))),

    row("GET",    "/products/{id}/stock/history", Rule::Staff, 200, None),
    row("GET",    "/products/{id}/stock/demand",  Rule::Staff, 200, None),
    row("POST",   "/products/{id}/stock/what-if", Rule::Staff, 200, Some(|_| json!({"reorder_point": 100}))),

    row("PATCH",  "/stock/movements/{id}",   Rule::Manager,  200, Some(|_| json!({"note": "Counted twice"}))),
    row("GET",    "/mentions",               Rule::Manager,  200, None),

    row("POST",   "/imports",                Rule::Manager,  201, Some(|_| suppliers_file())),
    row("GET",    "/imports",                Rule::Manager,  200, None),
    row("GET",    "/imports/{id}",           Rule::Manager,  200, None),
    row("GET",    "/imports/{id}/rows",      Rule::Manager,  200, None),
    row("POST",   "/imports/{id}/apply",     Rule::Manager,  200, None),
    row("POST",   "/imports/{id}/undo",      Rule::Manager,  200, None),

    row("POST",   "/stock_takes",            Rule::Staff,    201, None),
    row("GET",    "/stock_takes",            Rule::Staff,    200, None),
    row("GET",    "/stock_takes/{id}",       Rule::Staff,    200, None),
    row("PATCH",  "/stock_takes/{id}",       Rule::Staff,    200, Some(|_| json!({"note": "by two"}))),
    row("GET",    "/stock_takes/{id}/lines", Rule::Staff,    200, None),
    row("POST",   "/stock_takes/{id}/counts", Rule::Staff,   200, Some(|world| json!({"counts": [{"product_id": world.product_id, "add": 1}]}))),
    row("DELETE", "/stock_takes/{id}/counts/{product_id}", Rule::Staff, 204, None),
    row("POST",   "/stock_takes/{id}/book",  Rule::Staff,    200, None),
    row("POST",   "/stock_takes/{id}/cancel", Rule::Staff,   200, None),

    row("GET",    "/restock/plan",           Rule::Staff,    200, None),
    row("POST",   "/restock/runs",           Rule::Staff,    201, None),
    row("GET",    "/restock/runs",           Rule::Staff,    200, None),
    row("GET",    "/restock/runs/{id}",      Rule::Staff,    200, None),
    row("GET",    "/purchase_orders",         Rule::Staff,    200, None),
    row("GET",    "/purchase_orders/{id}",    Rule::Staff,    200, None),
    row("POST",   "/purchase_orders",         Rule::Staff,    201, None),
    row("PATCH",  "/purchase_orders/{id}",    Rule::Staff,    200, Some(|_| json!({"note": "by van"}))),
    row("GET",    "/purchase_orders/{id}/csv", Rule::Staff,   200, None),
    row("GET",    "/purchase_orders/{id}/mail", Rule::Staff,  200, None),
    row("GET",    "/purchase_orders/{id}/lines/{product_id}", Rule::Staff, 200, None),
    row("PUT",    "/purchase_orders/{id}/lines/{product_id}", Rule::Staff, 200, Some(|_| json!({"quantity": 7}))),
    row("DELETE", "/purchase_orders/{id}/lines/{product_id}", Rule::Staff, 204, None),
    row("POST",   "/purchase_orders/{id}/split", Rule::Staff, 201, Some(|world| json!({"lines": [{"product_id": world.product_id, "quantity": 1}]}))),
    row("POST",   "/purchase_orders/{id}/merge", Rule::Staff, 200, Some(|world| json!({"purchase_order_id": world.other_draft_id}))),
    row("POST",   "/purchase_orders/{id}/order", Rule::Staff, 200, None),
    row("POST",   "/purchase_orders/{id}/receive", Rule::Staff, 200, None),
    row("POST",   "/purchase_orders/{id}/cancel", Rule::Staff, 200, None),

    row("POST",   "/suppliers",              Rule::Manager,  201, Some(|_| supplier())),
    row("GET",    "/suppliers",              Rule::Manager,  200, None),
    row("GET",    "/suppliers/{id}",         Rule::Manager,  200, None),
    row("GET",    "/suppliers/{id}/lead_times", Rule::Manager, 200, None),
    row("PUT",    "/suppliers/{id}",         Rule::Manager,  200, Some(|_| supplier())),
    row("PATCH",  "/suppliers/{id}",         Rule::Manager,  200, Some(|_| json!({"lead_time_days": 3}))),
    row("DELETE", "/suppliers/{id}",         Rule::Manager,  204, None),
    row("POST",   "/suppliers/{id}/restore", Rule::Manager,  200, None),
    row("GET",    "/suppliers/{id}/products", Rule::Manager, 200, None),
    row("GET",    "/suppliers/{id}/products/{product_id}", Rule::Manager, 200, None),
    row("PUT",    "/suppliers/{id}/products/{product_id}", Rule::Manager, 200, Some(|_| json!({"cost": "3.00"}))),
    row("PATCH",  "/suppliers/{id}/products/{product_id}", Rule::Manager, 200, Some(|_| json!({"cost": "3.00"}))),
    row("DELETE", "/suppliers/{id}/products/{product_id}", Rule::Manager, 204, None),
    row("GET",    "/products/{id}/suppliers", Rule::Manager, 200, None),

    row("GET",    "/healthz",                Rule::Open,     200, None),
    row("GET",    "/readyz",                 Rule::Open,     200, None),

    row("GET",    "/",                       Rule::Open,     200, None),
    row("GET",    "/openapi.json",           Rule::Open,     200, None),
    row("GET",    "/docs",                   Rule::Open,     DOCS, None),
    row("GET",    "/docs/scalar.js",         Rule::Open,     DOCS, None),
];

/// A body with which this route does something.
pub fn body_of(world: &World, method: &str, path: &str) -> Option<Value> {
    let row =
        MATRIX.iter().find(|row| (row.method, row.path) == (method, path)).expect("a row of the matrix");
    row.body.map(|body| body(world))
}

impl Row {
    /// The status that `who` is answered with.
    pub fn expected(&self, who: Who) -> u16 {
        match (self.rule, who) {
            (Rule::Open, _) => self.answered,
            (_, Who::KeyWithout) => 403,
            (_, Who::KeyWith) => {
                if self.takes_keys() {
                    self.answered
                } else {
                    403
                }
            }
            (_, Who::Garbage | Who::Expired) => 401,
            (Rule::Public, _) => self.answered,
            (_, Who::Nobody) => 401,
            (Rule::SignedIn, _) | (Rule::Owned, Who::Own) => self.answered,
            (Rule::Owned, _) => 404,
            (_, Who::Manager) => self.answered,
            (Rule::Owner | Rule::Staff, Who::Clerk) => self.answered,
            (_, Who::Clerk) => 403,
            (Rule::Owner | Rule::OwnerOrManager, Who::Own) => self.answered,
            (Rule::Owner | Rule::OwnerOrManager, _) => 404,
            (Rule::Staff | Rule::Manager, _) => 403,
        }
    }

    /// Nothing that is a manager's but whom the shop buys from and what it costs, nothing about one's own session or account, nobody's username and password, and
    /// no figures of the service or of the day as a whole.
    pub fn takes_keys(&self) -> bool {
        let whole = ["/metrics", "/today"].contains(&self.path);
        let personal = self.path.starts_with("/sessions") || self.path.starts_with("/staff");
        let of_costs = self.path.contains("/suppliers") || self.path == "/stock/value";
        let for_managers = [Rule::Manager, Rule::OwnerOrManager].contains(&self.rule) && !of_costs;
        let credentials = self.path.starts_with("/customer_accounts") && self.method != "GET";
        !personal && !credentials && !for_managers && !whole
    }

    pub fn lets_through(&self, who: Who) -> bool {
        self.expected(who) == self.answered
    }
}

pub fn row_of(method: &str, path: &str) -> &'static Row {
    let found = MATRIX.iter().find(|row| (row.method, row.path) == (method, path));
    found.unwrap_or_else(|| panic!("the access matrix has no row for {method} {path}"))
}
