//! Who may do what: every route of the table with every kind of caller.
//!
//! What is expected stands here, row by row, and not in the code under test. A route without a row
//! fails, and so does a row without a route.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::routes::ROUTES;
use storekeeper::web::api_key::KeyScope;

use crate::client::{Answer, Client};
use crate::fixtures::{CUSTOMER_PASSWORD, Guest, items_json, unique};
use crate::harness::{STAFF_PASSWORD, Shop};

/// Who is let through; the others are told why not.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
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

/// A caller of the matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Nobody,
    Garbage,
    Expired,
    Guest,
    Other,
    Own,
    Clerk,
    Manager,
    /// A program's key that has every scope but the one that the route needs.
    KeyWithout,
    /// One that has only this scope; every scope where no scope is enough.
    KeyWith,
}

/// A build without the feature has no reference page.
const DOCS: u16 = if cfg!(feature = "docs") { 200 } else { 404 };

const EVERYBODY: [Who; 10] = [
    Who::Nobody,
    Who::Garbage,
    Who::Expired,
    Who::Guest,
    Who::Other,
    Who::Own,
    Who::Clerk,
    Who::Manager,
    Who::KeyWithout,
    Who::KeyWith,
];

/// What a row needs of the shop: a customer's things, and callers who may or may not have them.
pub struct World {
    pub own: Guest,
    pub username: String,
    pub account_id: u64,
    session_id: u64,
    pub order_id: u64,
    pub product_id: u64,
    pub movement_id: u64,
    restock_run_id: u64,
    pub purchase_order_id: u64,
    pub draft_id: u64,
    pub other_draft_id: u64,
    /// Of whom the product is bought.
    pub supplier_id: u64,
    pub guest: Guest,
    other: Guest,
    clerk: Client,
    pub clerk_id: u64,
    pub staff: Client,
    expired: Client,
    pub api_key_id: u64,
    /// Those of [`keys`], for the route that is called.
    keys: Vec<Client>,
}

/// A key with these scopes.
pub fn key_with(shop: &Shop, manager: &Client, scopes: &[&str]) -> Client {
    let made = manager.post("/api_keys", json!({"name": unique("Key"), "scopes": scopes})).expect(201);
    shop.with_token(made.body["key"].as_str().expect("a key"))
}

/// One key that has only the scope and one that has all others; of no scope, one that has all.
fn keys(shop: &Shop, world: &World, scope: Option<KeyScope>) -> [Client; 2] {
    let all = || KeyScope::ALL.iter().map(|scope| scope.text());
    let others: Vec<&str> = all().filter(|text| scope.is_none_or(|scope| scope.text() != *text)).collect();
    let own = scope.map_or(all().collect(), |scope| vec![scope.text()]);
    [key_with(shop, &world.staff, &others), key_with(shop, &world.staff, &own)]
}

/// What may be done with drafts only.
const DRAFTS_ONLY: &[&str] = &["/lines/{product_id}", "/split", "/merge", "/order"];

impl World {
    pub fn new(shop: &Shop, expired: &str) -> World {
        let staff = shop.with_token(&shop.log_in("staff", STAFF_PASSWORD));
        let clerk = shop.clerk();
        let clerk_id = clerk.get("/sessions/current").expect(200).body["account_id"].as_u64();
        let product_id = shop.product(&staff, 100);
        let ledger = staff.get(&format!("/products/{product_id}/stock/movements")).expect(200);
        let movement_id = ledger.body["data"][0]["id"].as_u64().expect("a movement");
        let (own, username) = shop.customer_with_account();
        let account_id =
            own.client.get(&format!("/customers/{}", own.id)).expect(200).body["account_id"].as_u64();
        let session_id = own.client.get("/sessions/current").expect(200).id();
        let order_id = own.client.order(&[(product_id, 1)]).expect(201).id();
        let watched = json!({"reorder_point": 200, "reorder_target": 300, "lead_time_days": 7});
        staff.patch(&format!("/products/{product_id}/stock"), watched).expect(200);
        let restock_run_id = staff.post("/restock/runs", json!({"product_id": product_id})).expect(201).id();
        let purchase_order_id = staff.ordered(product_id);
        let draft = json!({"lines": [{"product_id": product_id, "quantity": 5}]});
        let [draft_id, other_draft_id] =
            [0; 2].map(|_| staff.post("/purchase_orders", draft.clone()).expect(201).id());
        let supplier_id = shop.supplier(&staff, 7);
        staff.offer(supplier_id, product_id, json!({"cost": "2.00", "preferred": true})).expect(201);
        let (guest, (other, _)) = (shop.guest(), shop.customer_with_account());
        let expired = shop.with_token(expired);
        let new_key = json!({"name": "Shop front", "scopes": ["orders:read"]});
        let api_key_id = staff.post("/api_keys", new_key).expect(201).id();
        World {
            own,
            username,
            account_id: account_id.unwrap(),
            session_id,
            order_id,
            product_id,
            movement_id,
            restock_run_id,
            purchase_order_id,
            draft_id,
            other_draft_id,
            supplier_id,
            guest,
            other,
            clerk,
            clerk_id: clerk_id.expect("an account"),
            staff,
            expired,
            api_key_id,
            keys: Vec::new(),
        }
    }

    /// The path with the id of what belongs to the customer.
    pub fn path(&self, pattern: &str) -> String {
        let id = match pattern.split('/').nth(1) {
            Some("customers") => self.own.id,
            Some("customer_accounts") => self.account_id,
            Some("orders") => self.order_id,
            Some("products") => self.product_id,
            Some("stock") => self.movement_id,
            Some("restock") => self.restock_run_id,
            Some("purchase_orders") if DRAFTS_ONLY.iter().any(|end| pattern.ends_with(end)) => self.draft_id,
            Some("purchase_orders") => self.purchase_order_id,
            Some("suppliers") => self.supplier_id,
            Some("api_keys") => self.api_key_id,
            Some("sessions") => self.session_id,
            Some("staff") => self.clerk_id,
            _ => return pattern.to_owned(),
        };
        pattern.replace("{id}", &id.to_string()).replace("{product_id}", &self.product_id.to_string())
    }

    fn send(&self, shop: &Shop, who: Who, method: &str, path: &str, body: Option<Value>) -> Answer {
        let (nobody, garbage) = (shop.anyone(), shop.with_token(&"0".repeat(64)));
        let client = match who {
            Who::Nobody => &nobody,
            Who::Garbage => &garbage,
            Who::Expired => &self.expired,
            Who::Guest => &self.guest.client,
            Who::Other => &self.other.client,
            Who::Own => &self.own.client,
            Who::Clerk => &self.clerk,
            Who::Manager => &self.staff,
            Who::KeyWithout => &self.keys[0],
            Who::KeyWith => &self.keys[1],
        };
        let request = client.request(method, path);
        match body {
            Some(body) => request.json(body).send(),
            None => request.send(),
        }
    }

    /// The customer's things as staff see them.
    fn state(&self) -> Vec<String> {
        let paths = [
            format!("/customers/{}", self.own.id),
            format!("/customer_accounts/{}", self.account_id),
            format!("/orders?customer_id={}", self.own.id),
            format!("/products/{}", self.product_id),
            format!("/products/{}/stock/movements", self.product_id),
            format!("/purchase_orders/{}", self.purchase_order_id),
            format!("/purchase_orders/{}", self.draft_id),
            format!("/suppliers/{}", self.supplier_id),
            format!("/suppliers/{}/products", self.supplier_id),
            format!("/staff/{}", self.clerk_id),
        ];
        paths.iter().map(|path| self.staff.get(path).expect(200).text).collect()
    }
}

/// The token of a staff session that has ended as time ends it, with its row still there.
pub fn expired_token(shop: &Shop) -> String {
    let staff = shop.staff();
    let sql = "UPDATE sessions SET expires_at = NOW(6) - INTERVAL 1 SECOND WHERE token_sha256 = UNHEX(SHA2(?, 256))";
    shop.sql().exec_drop(sql, (staff.token(),)).expect("the session's end");
    staff.token().to_owned()
}

struct Row {
    method: &'static str,
    path: &'static str,
    rule: Rule,
    /// What those who are let through are answered.
    answered: u16,
    body: Option<fn(&World) -> Value>,
}

const fn row(
    method: &'static str,
    path: &'static str,
    rule: Rule,
    answered: u16,
    body: Option<fn(&World) -> Value>,
) -> Row {
    Row { method, path, rule, answered, body }
}

#[rustfmt::skip]
const MATRIX: &[Row] = &[
    row("POST",   "/customers",              Rule::Public,   201, Some(|_| person())),
    row("GET",    "/customers",              Rule::Staff,    200, None),
    row("GET",    "/customers/{id}",         Rule::Owner,    200, None),
    row("PUT",    "/customers/{id}",         Rule::Owner,    200, Some(|_| person())),
    row("PATCH",  "/customers/{id}",         Rule::Owner,    200, Some(|_| json!({"name": "Ada Byron"}))),
    // The order is under way; whoever is told so was let through.
    row("DELETE", "/customers/{id}",         Rule::OwnerOrManager, 409, None),
    row("GET",    "/customers/{id}/orders",  Rule::Owner,    200, None),

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
    row("GET",    "/events",                 Rule::Staff,    200, None),

    row("POST",   "/api_keys",               Rule::Manager,  201, Some(|_| json!({"name": "Shop front", "scopes": ["orders:read"]}))),
    row("GET",    "/api_keys",               Rule::Manager,  200, None),
    row("GET",    "/api_keys/{id}",          Rule::Manager,  200, None),
    row("DELETE", "/api_keys/{id}",          Rule::Manager,  204, None),

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

    row("POST",   "/products/{id}/stock/what-if", Rule::Staff, 200, Some(|_| json!({"reorder_point": 100}))),

    row("PATCH",  "/stock/movements/{id}",   Rule::Manager,  200, Some(|_| json!({"note": "Counted twice"}))),
    row("GET",    "/mentions",               Rule::Manager,  200, None),

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

pub fn person() -> Value {
    json!({"name": "Ada Byron", "email": "ada.byron@example.com", "phone": "555-0101"})
}

pub fn supplier() -> Value {
    json!({"name": unique("Supplier"), "lead_time_days": 5})
}

pub fn product() -> Value {
    json!({"name": unique("Product"), "price": "2.00"})
}

impl Row {
    /// The status that `who` is answered with.
    fn expected(&self, who: Who) -> u16 {
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
    /// no figures of the service.
    fn takes_keys(&self) -> bool {
        let personal = self.path.starts_with("/sessions") || self.path.starts_with("/staff");
        let of_costs = self.path.contains("/suppliers") || self.path == "/stock/value";
        let for_managers = [Rule::Manager, Rule::OwnerOrManager].contains(&self.rule) && !of_costs;
        let credentials = self.path.starts_with("/customer_accounts") && self.method != "GET";
        !personal && !credentials && !for_managers && self.path != "/metrics"
    }

    fn lets_through(&self, who: Who) -> bool {
        self.expected(who) == self.answered
    }
}

fn row_of(method: &str, path: &str) -> &'static Row {
    let found = MATRIX.iter().find(|row| (row.method, row.path) == (method, path));
    found.unwrap_or_else(|| panic!("the access matrix has no row for {method} {path}"))
}

#[test]
fn the_matrix_has_a_row_for_every_route_and_no_other() {
    for route in ROUTES {
        row_of(route.method, route.path);
    }
    assert_eq!(MATRIX.len(), ROUTES.len());
}

#[test]
fn every_route_lets_through_whom_it_should_and_nobody_else() {
    let shop = Shop::open();
    let expired = expired_token(&shop);
    let mut world = World::new(&shop, &expired);
    for route in ROUTES {
        let row = row_of(route.method, route.path);
        let (refused, let_through): (Vec<Who>, Vec<Who>) =
            EVERYBODY.iter().partition(|who| !row.lets_through(**who));
        world.keys = keys(&shop, &world, route.scope).into();
        let before = world.state();
        for who in refused {
            check(&shop, &world, row, who);
        }
        assert_eq!(world.state(), before, "a refused {} {} has changed something", row.method, row.path);
        for who in let_through {
            check(&shop, &world, row, who);
            // What is changed is not there as it was for the next one.
            if row.method != "GET" {
                world = World::new(&shop, &expired);
                world.keys = keys(&shop, &world, route.scope).into();
            }
        }
    }
}

fn check(shop: &Shop, world: &World, row: &Row, who: Who) {
    let path = world.path(row.path);
    let status = row.expected(who);
    let answer = world.send(shop, who, row.method, &path, row.body.map(|body| body(world)));
    assert_eq!(answer.status, status, "{who:?} {}: {}", answer.request, answer.text);
    let code = match status {
        _ if row.lets_through(who) => return check_head(shop, world, row, who, &path),
        401 => "unauthenticated",
        403 => "forbidden",
        _ => "not_found",
    };
    assert_eq!(answer.body["code"], code, "{who:?} {}: {}", answer.request, answer.text);
    assert_eq!(answer.header("WWW-Authenticate"), (status == 401).then_some("Bearer"), "{}", answer.request);
    check_head(shop, world, row, who, &path);
}

/// HEAD is no way around the check of GET.
fn check_head(shop: &Shop, world: &World, row: &Row, who: Who, path: &str) {
    if row.method == "GET" {
        let head = world.send(shop, who, "HEAD", path, None);
        assert_eq!(head.status, row.expected(who), "{who:?} {}", head.request);
    }
}

#[test]
fn what_belongs_to_somebody_else_answers_like_what_does_not_exist() {
    let shop = Shop::open();
    let expired = expired_token(&shop);
    let world = World::new(&shop, &expired);
    let nowhere = World {
        own: Guest { id: 999_999, client: shop.anyone() },
        account_id: 999_999,
        session_id: 999_999,
        order_id: 999_999,
        ..World::new(&shop, &expired)
    };
    for row in
        MATRIX.iter().filter(|row| [Rule::Owner, Rule::Owned, Rule::OwnerOrManager].contains(&row.rule))
    {
        let sent = |to: &World| {
            let body = row.body.map(|body| body(to));
            let mut answer = world.send(&shop, Who::Other, row.method, &to.path(row.path), body);
            for differs in ["date", "x-request-id"] {
                answer.headers.remove(differs);
            }
            let problem = answer.body.as_object_mut().expect("a problem");
            problem.remove("request_id").expect("a request id");
            (answer.status, answer.headers, answer.body)
        };
        let theirs = sent(&world);
        assert_eq!(theirs.0, 404);
        assert_eq!(theirs, sent(&nowhere), "{} {}", row.method, row.path);
    }
}

#[test]
fn an_odd_authorization_is_refused_wherever_a_session_is_looked_at() {
    let shop = Shop::open();
    let guest = shop.guest();
    let token = guest.client.token();
    let asked_with = |value: &str| {
        let anyone = shop.anyone();
        let request = anyone.request("GET", "/sessions/current").header("Authorization", value);
        request.send().status
    };
    for good in [format!("Bearer {token}"), format!("bearer {token}"), format!("Bearer  {token}")] {
        assert_eq!(asked_with(&good), 200, "{good}");
    }
    for bad in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        token.to_owned(),
        format!("Basic {token}"),
        format!("Token {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {}", token.to_uppercase()),
        format!("Bearer {}", &token[..63]),
        format!("Bearer {token}0"),
        format!("Bearer \"{token}\""),
        "Bearer ' OR '1'='1".into(),
    ] {
        assert_eq!(asked_with(&bad), 401, "{bad}");
    }
}

#[test]
fn lists_show_customers_only_what_is_theirs() {
    let shop = Shop::open();
    let world = World::new(&shop, &expired_token(&shop));
    let own_order = |answer: Answer| -> Vec<u64> {
        let orders = answer.expect(200).body["data"].as_array().unwrap().clone();
        orders.iter().map(|order| order["id"].as_u64().unwrap()).collect()
    };
    let nothing: [u64; 0] = [];
    let of_owner = format!("/orders?customer_id={}", world.own.id);
    for path in ["/orders", &of_owner] {
        assert_eq!(own_order(world.own.client.get(path)), [world.order_id]);
        assert_eq!(own_order(world.other.client.get(path)), nothing);
        assert_eq!(own_order(world.staff.get(path)), [world.order_id]);
    }
    let session = world.other.client.get("/sessions/current").expect(200);
    assert_eq!(session.body["customer_id"], world.other.id);
}

#[test]
fn an_idle_or_too_old_session_is_over() {
    let shop =
        Shop::open_with(&[("STOREKEEPER_SESSION_IDLE_HOURS", "2"), ("STOREKEEPER_SESSION_MAX_HOURS", "5")]);
    let guest = shop.guest();
    let hours_later = |hours: i64| {
        shop.app.clock.advance(chrono::Duration::minutes(60 * hours));
        guest.client.get("/sessions/current").status
    };
    // Each use keeps it for two hours more, up to five in all.
    assert_eq!([hours_later(1), hours_later(1), hours_later(1), hours_later(1)], [200; 4]);
    assert_eq!(hours_later(1), 401);
    let idle = shop.guest();
    shop.app.clock.advance(chrono::Duration::hours(2));
    idle.client.get("/sessions/current").expect_problem(401, "unauthenticated");
}
