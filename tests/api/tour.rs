//! The whole life of an order, as the README walks through it.

use std::process::Command;

use serde_json::json;
use storekeeper::dispatch;
use storekeeper::web::route::BODY_BYTES_MAX;

use crate::harness::{STAFF_PASSWORD, Shop};

#[test]
fn from_sign_up_to_delivery() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = staff
        .post("/products", json!({"name": "Mug", "price": "14.50", "sku": "MUG-1", "stock": 5}))
        .expect(201);
    let guest = shop.guest();
    let order = guest.client.order(&[(mug.id(), 2)]).expect(201);
    assert_eq!(order.body["status"], "placed");
    assert_eq!(order.body["total"], "29.00");
    assert_eq!(order.body["allowed_actions"], json!(["cancel"]));
    let order_path = format!("/orders/{}", order.id());
    assert_eq!(order.header("Location"), Some(order_path.as_str()));
    assert_eq!(guest.client.get(&order_path).expect(200).text, order.text);

    let shipping = json!({"carrier": "Post", "tracking_number": "RR123"});
    let shipped = staff.post(&format!("{order_path}/ship"), shipping).expect(200);
    assert_eq!(shipped.body["status"], "shipped");
    guest.client.post(&format!("{order_path}/cancel"), json!({})).expect_problem(409, "order_state");
    staff.post(&format!("{order_path}/deliver"), json!({})).expect(200);

    let tracking = guest.client.get(&format!("{order_path}/track")).expect(200);
    let events = tracking.body["events"].as_array().unwrap().iter();
    let statuses: Vec<_> = events.map(|event| event["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["placed", "shipped", "delivered"]);
    assert_eq!(tracking.body["tracking_number"], "RR123");
}

/// The shop is a rouille application like any other: rouille's own server runs it too.
#[test]
fn the_smoke_tour_passes_under_rouilles_own_server() {
    let shop = Shop::open();
    shop.staff();
    let app = shop.app.clone();
    let application = move |request: &rouille::Request| dispatch::dispatch(&app, request);
    let server = rouille::Server::new("127.0.0.1:0", application).expect("a free port").pool_size(4);
    let base = format!("http://{}", server.server_addr());
    let (listening, stop) = server.stoppable();
    let tour = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/smoke.sh"))
        .arg(&base)
        .envs([("STAFF_USERNAME", "staff"), ("STAFF_PASSWORD", STAFF_PASSWORD)])
        .output()
        .expect("bash and curl");
    stop.send(()).expect("a server that listens");
    listening.join().expect("its orderly end");
    let said = [tour.stdout, tour.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(tour.status.success(), "{}", said.join("\n"));
}

/// Other listeners do not bound a body; the application does.
#[test]
fn a_body_over_the_limit_is_refused_whoever_listens() {
    let shop = Shop::open();
    for (size, status) in [(BODY_BYTES_MAX, 400), (BODY_BYTES_MAX + 1, 413)] {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let body = vec![b'x'; size];
        let request = rouille::Request::fake_http("POST", "/customers", headers, body);
        assert_eq!(dispatch::dispatch(&shop.app, &request).status_code, status, "{size} bytes");
    }
}
