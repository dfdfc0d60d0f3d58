//! Who may do what: every route of the table with every kind of caller.
//!
//! What is expected stands here, row by row, and not in the code under test. A route without a row
//! fails, and so does a row without a route.

use storekeeper::routes::ROUTES;

use crate::client::Answer;
use crate::fixtures::Guest;
use crate::harness::Shop;

mod matrix;
mod world;

use matrix::{MATRIX, Row, Rule, row_of};
use world::{EVERYBODY, Who, keys};

pub use matrix::body_of;
pub use world::{World, expired_token, key_with, person, product, supplier, suppliers_file};

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
                world = world.again(&shop, &expired);
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
