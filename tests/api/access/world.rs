//! Who calls, and a shop with what they call for.

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::web::api_key::KeyScope;

use crate::client::{Answer, Client};
use crate::fixtures::{Guest, unique};
use crate::harness::{STAFF_PASSWORD, Shop};

/// A caller of the matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Who {
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

pub const EVERYBODY: [Who; 10] = [
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
    pub session_id: u64,
    pub order_id: u64,
    pub product_id: u64,
    pub movement_id: u64,
    pub restock_run_id: u64,
    pub purchase_order_id: u64,
    pub draft_id: u64,
    pub other_draft_id: u64,
    /// Of whom the product is bought.
    pub supplier_id: u64,
    /// It is open, and the product is counted.
    pub stock_take_id: u64,
    /// Of one that is applied.
    pub import_id: u64,
    pub guest: Guest,
    pub other: Guest,
    pub clerk: Client,
    pub clerk_id: u64,
    pub staff: Client,
    pub expired: Client,
    pub api_key_id: u64,
    pub verification_id: u64,
    pub webhook_id: u64,
    /// Those of [`keys`], for the route that is called.
    pub keys: Vec<Client>,
}

/// A key with these scopes.
pub fn key_with(shop: &Shop, manager: &Client, scopes: &[&str]) -> Client {
    let made = manager.post("/api_keys", json!({"name": unique("Key"), "scopes": scopes})).expect(201);
    shop.with_token(made.body["key"].as_str().expect("a key"))
}

/// One key that has only the scope and one that has all others; of no scope, one that has all.
pub fn keys(shop: &Shop, world: &World, scope: Option<KeyScope>) -> [Client; 2] {
    let all = || KeyScope::ALL.iter().map(|scope| scope.text());
    let others: Vec<&str> = all().filter(|text| scope.is_none_or(|scope| scope.text() != *text)).collect();
    let own = scope.map_or(all().collect(), |scope| vec![scope.text()]);
    [key_with(shop, &world.staff, &others), key_with(shop, &world.staff, &own)]
}

fn alive(client: Client) -> Option<Client> {
    (client.get("/sessions/current").status == 200).then_some(client)
}

fn goes_on(guest: Guest) -> Option<Guest> {
    let Guest { id, client } = guest;
    alive(client).map(|client| Guest { id, client })
}

/// What may be done with drafts only.
const DRAFTS_ONLY: &[&str] = &["/lines/{product_id}", "/split", "/merge", "/order"];

impl World {
    pub fn new(shop: &Shop, expired: &str) -> World {
        World::with(shop, expired, None)
    }

    /// Everything anew, but for the callers whose sessions go on: a password takes long to hash.
    pub fn again(self, shop: &Shop, expired: &str) -> World {
        World::with(shop, expired, Some(self))
    }

    fn with(shop: &Shop, expired: &str, before: Option<World>) -> World {
        let (staff, clerk, guest, other) = match before {
            Some(World { staff, clerk, guest, other, .. }) => {
                (alive(staff), alive(clerk), goes_on(guest), goes_on(other))
            }
            None => (None, None, None, None),
        };
        let staff = staff.unwrap_or_else(|| shop.with_token(&shop.log_in("staff", STAFF_PASSWORD)));
        let clerk = clerk.unwrap_or_else(|| shop.clerk());
        let guest = guest.unwrap_or_else(|| shop.guest());
        let other = other.unwrap_or_else(|| shop.customer_with_account().0);
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
        let stock_take_id = staff.post("/stock_takes", json!({})).expect(201).id();
        let counted = json!({"counts": [{"product_id": product_id, "counted": 99}]});
        staff.post(&format!("/stock_takes/{stock_take_id}/counts"), counted).expect(200);
        let import_id = staff.call("POST", "/imports?type=suppliers", &suppliers_file()).expect(201).id();
        staff.post(&format!("/imports/{import_id}/apply"), json!({})).expect(200);
        let expired = shop.with_token(expired);
        let new_key = json!({"name": "Shop front", "scopes": ["orders:read"]});
        let api_key_id = staff.post("/api_keys", new_key).expect(201).id();
        // There are twenty at most.
        shop.sql().query_drop("DELETE FROM webhooks").expect("no attempts");
        let webhook_id =
            staff.post("/webhooks", json!({"url": "https://shop.example/hooks"})).expect(201).id();
        // There is one at a time.
        let verification_id = staff.verification()["id"].as_u64();
        let verification_id =
            verification_id.unwrap_or_else(|| staff.post("/verifications", json!({})).expect(201).id());
        staff.verification();
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
            stock_take_id,
            import_id,
            guest,
            other,
            clerk,
            clerk_id: clerk_id.expect("an account"),
            staff,
            expired,
            api_key_id,
            verification_id,
            webhook_id,
            keys: Vec::new(),
        }
    }

    /// The path with the id of what belongs to the customer.
    pub fn path(&self, pattern: &str) -> String {
        if pattern == "/imports" {
            // A file says of what it is, and a list takes that too.
            return "/imports?type=suppliers".to_owned();
        }
        if pattern == "/export" {
            return format!("/export?customer_id={}", self.own.id);
        }
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
            Some("stock_takes") => self.stock_take_id,
            Some("imports") => self.import_id,
            Some("api_keys") => self.api_key_id,
            Some("sessions") => self.session_id,
            Some("staff") => self.clerk_id,
            Some("verifications") => self.verification_id,
            Some("webhooks") => self.webhook_id,
            _ => return pattern.to_owned(),
        };
        pattern.replace("{id}", &id.to_string()).replace("{product_id}", &self.product_id.to_string())
    }

    pub fn send(&self, shop: &Shop, who: Who, method: &str, path: &str, body: Option<Value>) -> Answer {
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
        client.call(method, path, &body.unwrap_or_default())
    }

    /// The customer's things as staff see them.
    pub fn state(&self) -> Vec<String> {
        let paths = [
            format!("/customers/{}", self.own.id),
            format!("/customer_accounts/{}", self.account_id),
            format!("/orders?customer_id={}", self.own.id),
            format!("/products/{}", self.product_id),
            format!("/products/{}/stock/movements", self.product_id),
            format!("/purchase_orders/{}", self.purchase_order_id),
            format!("/purchase_orders/{}", self.draft_id),
            format!("/stock_takes/{}", self.stock_take_id),
            format!("/imports/{}", self.import_id),
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

pub fn person() -> Value {
    json!({"name": "Ada Byron", "email": "ada.byron@example.com", "phone": "555-0101"})
}

pub fn supplier() -> Value {
    json!({"name": unique("Supplier"), "lead_time_days": 5})
}

/// A file with one that is new.
pub fn suppliers_file() -> Value {
    json!(format!("name,lead_time_days\n{},5\n", unique("Supplier")))
}

pub fn product() -> Value {
    json!({"name": unique("Product"), "price": "2.00"})
}
