//! Every operation that writes, and what becomes of it when it is sent again.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::caller::Role;

use super::Frail;
use crate::fixtures::{CUSTOMER_PASSWORD, gtin, items_json, unique};
use crate::harness::STAFF_PASSWORD;
use crate::shelves::Rule;

/// One request of an operation, with what it is about made ready.
pub struct Call {
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    /// None where the route takes none.
    pub key: Option<String>,
    pub token: Option<String>,
}

/// An operation that writes, and what becomes of it.
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub prepare: fn(&Frail) -> Call,
    pub sent_again: SentAgain,
}

/// What the same request comes to once it has been done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SentAgain {
    /// The stored answer, under its key.
    Replayed,
    /// The same, without a key.
    Same,
    /// There is nothing left to do it to.
    Gone,
    /// Once more: its answer holds a secret, so it takes no key.
    Twice,
    /// The stored answer; it was several transactions, of which only those that order something count.
    Run,
}

use SentAgain::{Gone, Replayed, Run, Same, Twice};

/// A webhook of its own; there are twenty at most.
fn webhook(frail: &Frail) -> u64 {
    frail.shop.sql().query_drop("DELETE FROM webhooks").expect("no attempts");
    frail.staff.post("/webhooks", json!({"url": "https://shop.example/hooks"})).expect(201).id()
}

pub const OPERATIONS: &[Operation] = &[
    operation("POST", "/customers", Twice, |frail| {
        let account = json!({"username": unique("user"), "password": CUSTOMER_PASSWORD});
        let body = json!({"name": "Ada", "email": "ada@example.com", "phone": "5550100", "account": account});
        Call { token: None, key: None, ..frail.call("POST", "/customers", body) }
    }),
    operation("PUT", "/customers/{id}", Same, |frail| {
        let body = json!({"name": unique("Ada"), "email": "ada@example.com", "phone": "5550100"});
        frail.call("PUT", format!("/customers/{}", frail.guest.id), body)
    }),
    operation("PATCH", "/customers/{id}", Same, |frail| {
        frail.call("PATCH", format!("/customers/{}", frail.guest.id), json!({"name": unique("Ada")}))
    }),
    operation("DELETE", "/customers/{id}", Gone, |frail| {
        frail.call("DELETE", format!("/customers/{}", frail.customer_with_traces().0), Value::Null)
    }),
    operation("POST", "/customer_accounts", Replayed, |frail| {
        let customer_id = frail.shop.guest().id;
        let body =
            json!({"customer_id": customer_id, "username": unique("user"), "password": CUSTOMER_PASSWORD});
        frail.call("POST", "/customer_accounts", body)
    }),
    operation("PUT", "/customer_accounts/{id}", Same, |frail| {
        let body = json!({"username": unique("user"), "password": "another password than before"});
        frail.call("PUT", frail.account(), body)
    }),
    operation("PATCH", "/customer_accounts/{id}", Same, |frail| {
        frail.call("PATCH", frail.account(), json!({"username": unique("user")}))
    }),
    operation("DELETE", "/customer_accounts/{id}", Gone, |frail| {
        frail.call("DELETE", frail.account(), Value::Null)
    }),
    operation("POST", "/sessions", Twice, |frail| {
        let (_, username) = frail.shop.customer_with_account();
        let body = json!({"username": username, "password": CUSTOMER_PASSWORD});
        Call { token: None, key: None, ..frail.call("POST", "/sessions", body) }
    }),
    operation("DELETE", "/sessions/current", Gone, |frail| {
        let token = frail.shop.guest().client.token().to_owned();
        Call { token: Some(token), ..frail.call("DELETE", "/sessions/current", Value::Null) }
    }),
    operation("DELETE", "/sessions/{id}", Gone, |frail| {
        let guest = frail.shop.guest();
        let id = guest.client.get("/sessions/current").expect(200).id();
        let token = guest.client.token().to_owned();
        Call { token: Some(token), ..frail.call("DELETE", format!("/sessions/{id}"), Value::Null) }
    }),
    operation("PATCH", "/staff/current", Same, |frail| {
        let clerk = frail.shop.member_of_staff(&unique("clerk"), Role::Clerk);
        let body = json!({"password": STAFF_PASSWORD, "current_password": STAFF_PASSWORD});
        Call { token: Some(clerk.token().to_owned()), ..frail.call("PATCH", "/staff/current", body) }
    }),
    operation("PATCH", "/staff/{id}", Same, |frail| {
        let clerk = frail.shop.member_of_staff(&unique("clerk"), Role::Clerk);
        let id = clerk.get("/sessions/current").expect(200).body["account_id"].clone();
        frail.call("PATCH", format!("/staff/{id}"), json!({"disabled": true}))
    }),
    operation("POST", "/api_keys", Twice, |frail| {
        let body = json!({"name": "Till", "scopes": ["orders:read"]});
        Call { key: None, ..frail.call("POST", "/api_keys", body) }
    }),
    operation("DELETE", "/api_keys/{id}", Same, |frail| {
        let body = json!({"name": "Till", "scopes": ["orders:read"]});
        let id = frail.staff.post("/api_keys", body).expect(201).id();
        frail.call("DELETE", format!("/api_keys/{id}"), Value::Null)
    }),
    operation("POST", "/webhooks", Twice, |frail| {
        webhook(frail);
        Call { key: None, ..frail.call("POST", "/webhooks", json!({"url": "https://shop.example/hooks"})) }
    }),
    operation("PATCH", "/webhooks/{id}", Same, |frail| {
        let body = json!({"url": format!("https://shop.example/{}", unique("hooks")), "active": true});
        frail.call("PATCH", format!("/webhooks/{}", webhook(frail)), body)
    }),
    operation("DELETE", "/webhooks/{id}", Gone, |frail| {
        frail.call("DELETE", format!("/webhooks/{}", webhook(frail)), Value::Null)
    }),
    operation("POST", "/webhooks/{id}/rotate_secret", Twice, |frail| {
        let path = format!("/webhooks/{}/rotate_secret", webhook(frail));
        Call { key: None, ..frail.call("POST", path, json!({})) }
    }),
    operation("POST", "/webhooks/{id}/replay", Replayed, |frail| {
        frail.call("POST", format!("/webhooks/{}/replay", webhook(frail)), json!({"after": 0}))
    }),
    operation("POST", "/verifications", Replayed, |frail| {
        // Whoever had to be cut off is taken for dead in a minute, which has passed here.
        let dead = "UPDATE upkeep SET alive_at = alive_at - INTERVAL 1 HOUR WHERE at_work = 1";
        frail.shop.sql().query_drop(dead).expect("another hour");
        frail.call("POST", "/verifications", json!({}))
    }),
    operation("POST", "/products", Replayed, |frail| {
        let barcodes = json!([{"code": gtin(&unique(""))}]);
        let body =
            json!({"name": "Tea", "price": "1", "sku": unique("sku"), "barcodes": barcodes, "stock": 5});
        frail.call("POST", "/products", body)
    }),
    operation("PUT", "/products/{id}", Same, |frail| {
        let body = json!({"name": unique("Tea"), "price": "2"});
        frail.call("PUT", format!("/products/{}", frail.product), body)
    }),
    operation("PATCH", "/products/{id}", Same, |frail| {
        let code = || json!({"code": gtin(&unique(""))});
        let body = json!({"name": "Tea", "price": "1", "barcodes": [code()]});
        let product = frail.staff.post("/products", body).expect(201).id();
        let body = json!({"name": unique("Tea"), "barcodes": [code(), code()]});
        frail.call("PATCH", format!("/products/{product}"), body)
    }),
    operation("DELETE", "/products/{id}", Gone, |frail| {
        let product = frail.shop.product(&frail.staff, 1);
        frail.call("DELETE", format!("/products/{product}"), Value::Null)
    }),
    operation("POST", "/products/{id}/restore", Replayed, |frail| {
        let codes = [gtin(&unique("")), gtin(&unique(""))];
        let barcodes = codes.map(|code| json!({"code": code}));
        let body = json!({"name": "Tea", "price": "1", "sku": unique("sku"), "barcodes": barcodes});
        let product = frail.staff.post("/products", body).expect(201).id();
        frail.staff.delete(&format!("/products/{product}")).expect(204);
        frail.call("POST", format!("/products/{product}/restore"), json!({}))
    }),
    operation("POST", "/orders", Replayed, |frail| {
        let body = json!({"items": items_json(&[(frail.product, 1)])});
        Call { token: Some(frail.guest.client.token().to_owned()), ..frail.call("POST", "/orders", body) }
    }),
    operation("PATCH", "/orders/{id}", Same, |frail| {
        let all =
            json!({"shipping_address": "12 Main St", "note": null, "expected_delivery_date": "2100-01-04"});
        frail.call("PATCH", format!("/orders/{}", frail.order()), all)
    }),
    operation("POST", "/orders/{id}/confirm", Replayed, |frail| {
        frail.call("POST", format!("/orders/{}/confirm", frail.order()), json!({}))
    }),
    operation("POST", "/orders/{id}/cancel", Replayed, |frail| {
        frail.call("POST", format!("/orders/{}/cancel", frail.order()), json!({}))
    }),
    operation("POST", "/orders/{id}/ship", Replayed, |frail| {
        let body = json!({"carrier": "Van", "tracking_number": "1"});
        frail.call("POST", format!("/orders/{}/ship", frail.order()), body)
    }),
    operation("POST", "/orders/{id}/deliver", Replayed, |frail| {
        let order = frail.order();
        frail.staff.ship(order).expect(200);
        frail.call("POST", format!("/orders/{order}/deliver"), json!({}))
    }),
    operation("POST", "/orders/{id}/lost", Replayed, |frail| {
        let order = frail.order();
        frail.staff.ship(order).expect(200);
        frail.call("POST", format!("/orders/{order}/lost"), json!({"note": "Not at the depot"}))
    }),
    operation("POST", "/orders/{id}/returned", Replayed, |frail| {
        let order = frail.order();
        frail.staff.ship(order).expect(200);
        frail.staff.post(&format!("/orders/{order}/lost"), json!({})).expect(200);
        frail.call("POST", format!("/orders/{order}/returned"), json!({"note": "Address unknown"}))
    }),
    operation("POST", "/orders/{id}/reopen", Replayed, |frail| {
        let order = frail.order();
        frail.staff.ship(order).expect(200);
        frail.staff.post(&format!("/orders/{order}/deliver"), json!({})).expect(200);
        frail.call("POST", format!("/orders/{order}/reopen"), json!({}))
    }),
    operation("PATCH", "/products/{id}/stock", Same, |frail| {
        // Another one each time, since a change of nothing is none.
        let another: u64 = unique("")[1..].parse().expect("a number");
        let body = json!({"reorder_point": 5, "reorder_target": 5 + another});
        frail.call("PATCH", format!("/products/{}/stock", frail.product), body)
    }),
    operation("POST", "/products/{id}/stock/movements", Replayed, |frail| {
        let body = json!({"delta": -1, "reason": "damaged"});
        frail.call("POST", format!("/products/{}/stock/movements", frail.product), body)
    }),
    operation("PATCH", "/stock/movements/{id}", Same, |frail| {
        let (customer, movement) = frail.customer_with_traces();
        frail.staff.delete(&format!("/customers/{customer}")).expect(204);
        frail.call("PATCH", format!("/stock/movements/{movement}"), json!({"note": null}))
    }),
    operation("POST", "/stock_takes", Replayed, |frail| {
        frail.call("POST", "/stock_takes", json!({"note": "by two"}))
    }),
    operation("PATCH", "/stock_takes/{id}", Same, |frail| {
        frail.call("PATCH", format!("/stock_takes/{}", frail.stock_take()), json!({"note": unique("by two")}))
    }),
    operation("POST", "/stock_takes/{id}/counts", Replayed, |frail| {
        let take = frail.stock_take();
        let found = frail.shop.product(&frail.staff, 3);
        let counts =
            [json!({"product_id": frail.product, "add": 1}), json!({"product_id": found, "counted": 2})];
        frail.call("POST", format!("/stock_takes/{take}/counts"), json!({"counts": counts}))
    }),
    operation("DELETE", "/stock_takes/{id}/counts/{product_id}", Gone, |frail| {
        let path = format!("/stock_takes/{}/counts/{}", frail.stock_take(), frail.product);
        frail.call("DELETE", path, Value::Null)
    }),
    operation("POST", "/stock_takes/{id}/book", Replayed, |frail| {
        frail.call("POST", format!("/stock_takes/{}/book", frail.stock_take()), json!({}))
    }),
    operation("POST", "/stock_takes/{id}/cancel", Replayed, |frail| {
        frail.call("POST", format!("/stock_takes/{}/cancel", frail.stock_take()), json!({}))
    }),
    operation("POST", "/imports", Run, |frail| frail.call("POST", "/imports?type=products", frail.file())),
    operation("POST", "/imports/{id}/apply", Run, |frail| {
        frail.call("POST", format!("/imports/{}/apply", frail.import(false)), json!({}))
    }),
    operation("POST", "/imports/{id}/undo", Run, |frail| {
        frail.call("POST", format!("/imports/{}/undo", frail.import(true)), json!({}))
    }),
    operation("POST", "/restock/runs", Run, |frail| {
        let product = frail.shop.watched(&frail.staff, 0, RULE);
        frail.call("POST", "/restock/runs", json!({"product_id": product}))
    }),
    operation("POST", "/purchase_orders/{id}/receive", Replayed, |frail| {
        let order = frail.purchase_order();
        let product = frail.staff.purchase_order(order)["lines"][0]["product_id"].clone();
        let body = json!({"lines": [{"product_id": product, "quantity": 2}]});
        frail.call("POST", format!("/purchase_orders/{order}/receive"), body)
    }),
    operation("POST", "/purchase_orders/{id}/cancel", Replayed, |frail| {
        frail.call("POST", format!("/purchase_orders/{}/cancel", frail.purchase_order()), json!({}))
    }),
    operation("POST", "/purchase_orders", Replayed, |frail| {
        let supplier = frail.shop.supplier(&frail.staff, 7);
        let body = json!({
            "supplier_id": supplier, "note": "soon", "lines": [{"product_id": frail.product, "quantity": 2}],
        });
        frail.call("POST", "/purchase_orders", body)
    }),
    operation("PATCH", "/purchase_orders/{id}", Same, |frail| {
        let app = &frail.shop.app;
        let later = app.config.calendar.day_of(app.clock.now() + chrono::Duration::days(300));
        let body = json!({"note": unique("by van"), "expected_on": later.to_string()});
        frail.call("PATCH", format!("/purchase_orders/{}", frail.purchase_order()), body)
    }),
    operation("PUT", "/purchase_orders/{id}/lines/{product_id}", Same, |frail| {
        let path = format!("/purchase_orders/{}/lines/{}", frail.draft(&[frail.product]), frail.product);
        frail.call("PUT", path, json!({"quantity": 7}))
    }),
    operation("DELETE", "/purchase_orders/{id}/lines/{product_id}", Gone, |frail| {
        let path = format!("/purchase_orders/{}/lines/{}", frail.draft(&[frail.product]), frail.product);
        frail.call("DELETE", path, Value::Null)
    }),
    operation("POST", "/purchase_orders/{id}/split", Replayed, |frail| {
        let draft = frail.draft(&[frail.product]);
        let body = json!({"lines": [{"product_id": frail.product, "quantity": 3}]});
        frail.call("POST", format!("/purchase_orders/{draft}/split"), body)
    }),
    operation("POST", "/purchase_orders/{id}/merge", Replayed, |frail| {
        let other = frail.shop.product(&frail.staff, 1);
        let [draft, second] = [frail.product, other].map(|product| frail.draft(&[product, frail.product]));
        frail.call("POST", format!("/purchase_orders/{draft}/merge"), json!({"purchase_order_id": second}))
    }),
    operation("POST", "/purchase_orders/{id}/order", Replayed, |frail| {
        // One of them is received at once.
        let later = frail.shop.watched(&frail.staff, 0, RULE);
        let draft = frail.draft(&[frail.product, later]);
        frail.call("POST", format!("/purchase_orders/{draft}/order"), json!({}))
    }),
    operation("POST", "/suppliers", Replayed, |frail| {
        frail.call("POST", "/suppliers", json!({"name": unique("Potters"), "lead_time_days": 7}))
    }),
    operation("PUT", "/suppliers/{id}", Same, |frail| {
        let body = json!({"name": unique("Potters"), "lead_time_days": 5});
        frail.call("PUT", format!("/suppliers/{}", frail.shop.supplier(&frail.staff, 7)), body)
    }),
    operation("PATCH", "/suppliers/{id}", Same, |frail| {
        let id = frail.shop.supplier(&frail.staff, 7);
        frail.call("PATCH", format!("/suppliers/{id}"), json!({"order_days": ["mon"]}))
    }),
    operation("DELETE", "/suppliers/{id}", Gone, |frail| {
        frail.call("DELETE", format!("/suppliers/{}", frail.shop.supplier(&frail.staff, 7)), Value::Null)
    }),
    operation("POST", "/suppliers/{id}/restore", Replayed, |frail| {
        let id = frail.shop.supplier(&frail.staff, 7);
        frail.staff.delete(&format!("/suppliers/{id}")).expect(204);
        frail.call("POST", format!("/suppliers/{id}/restore"), json!({}))
    }),
    operation("PUT", "/suppliers/{id}/products/{product_id}", Same, |frail| {
        let body = json!({"cost": "3.00", "preferred": true, "price_breaks": [{"from_quantity": 12, "cost": "2.50"}]});
        frail.call("PUT", frail.offer_beside_a_preferred_one(), body)
    }),
    operation("PATCH", "/suppliers/{id}/products/{product_id}", Same, |frail| {
        frail.call("PATCH", frail.offer_beside_a_preferred_one(), json!({"preferred": true}))
    }),
    operation("DELETE", "/suppliers/{id}/products/{product_id}", Gone, |frail| {
        frail.call("DELETE", frail.offer_beside_a_preferred_one(), Value::Null)
    }),
];

pub const RULE: Rule = Rule { point: 5, target: 20, multiple: 1, lead_days: 3 };

const fn operation(
    method: &'static str,
    path: &'static str,
    sent_again: SentAgain,
    prepare: fn(&Frail) -> Call,
) -> Operation {
    Operation { method, path, prepare, sent_again }
}
