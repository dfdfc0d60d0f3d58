//! A shop with a bit of everything in its books, all of it sound.

use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::harness::Shop;

/// One way to break the books.
pub struct Case {
    pub breaks: &'static str,
    pub sql: Vec<String>,
    /// The rows that are named, their cells joined by bars, in the order of their text.
    pub rows: Vec<String>,
}

/// Books with something of everything in them.
pub struct Books {
    /// Ten were there; two are promised, one went with each of three orders.
    pub mug: u64,
    /// Five are there and one is promised; its only movement is the initial one.
    pub pot: u64,
    /// It costs nothing; of ten, one went with an order.
    pub gift: u64,
    /// There never was one.
    pub rarity: u64,
    /// Five are there, and nobody has ordered one.
    pub lid: u64,
    pub ada: u64,
    /// Two mugs and a pot, placed under the key `key`.
    pub placed: u64,
    pub shipped: u64,
    pub shipped_gift: u64,
    pub delivered: u64,
    pub cancelled: u64,
    pub erased: u64,
    pub of_erased: u64,
    /// Ten of it are on their way with a purchase order.
    pub pan: u64,
    /// Ten of it came at once with a purchase order.
    pub bowl: u64,
    pub pans_order: u64,
    pub bowls_order: u64,
    /// One tray was found to be missing of five, and all three jars are there.
    pub tray: u64,
    pub jar: u64,
    pub take: u64,
}

impl Books {
    pub fn fill(shop: &Shop) -> Books {
        let staff = shop.staff();
        let product = |name: &str, price: &str, stock: i64| {
            let body = json!({"name": name, "price": price, "stock": stock});
            staff.post("/products", body).expect(201).id()
        };
        let mug = product("Mug", "10.00", 10);
        let pot = product("Pot", "10.00", 5);
        let gift = product("Gift", "0", 10);
        let rarity = product("Rarity", "0", 0);
        let lid = product("Lid", "0", 5);
        let (pan, bowl) = (product("Pan", "0", 0), product("Bowl", "0", 0));
        let (tray, jar) = (product("Tray", "0", 5), product("Jar", "0", 3));
        let take = staff.post("/stock_takes", json!({})).expect(201).id();
        let counts = [json!({"product_id": tray, "counted": 4}), json!({"product_id": jar, "counted": 3})];
        staff.post(&format!("/stock_takes/{take}/counts"), json!({"counts": counts})).expect(200);
        staff.post(&format!("/stock_takes/{take}/book"), json!({})).expect(200);
        let (pans_order, bowls_order) = (restocked(&staff, pan, 7), restocked(&staff, bowl, 0));
        let (ada, bob) = (shop.guest(), shop.guest());
        let body = json!({
            "items": [{"product_id": mug, "quantity": 2}, {"product_id": pot, "quantity": 1}],
            "note": "for Ada",
        });
        let placed = ada.client.post_once("key", "/orders", body).expect(201).id();
        let shipped = moved(&staff, ada.client.order(&[(mug, 1)]), &["ship"]);
        let way = ["ship", "lost", "reopen", "returned", "reopen", "deliver", "reopen", "lost", "returned"];
        let returned = moved(&staff, ada.client.order(&[(product("Rug", "0", 1), 1)]), &way);
        staff
            .patch(&format!("/orders/{returned}"), json!({"carrier": "Van", "tracking_number": "1"}))
            .expect(200);
        let shipped_gift = moved(&staff, ada.client.order(&[(gift, 1)]), &["ship"]);
        let delivered = moved(&staff, ada.client.order(&[(mug, 1)]), &["ship", "deliver"]);
        let cancelled = moved(&staff, ada.client.order(&[(pot, 1)]), &["cancel"]);
        let of_erased = moved(&staff, bob.client.order(&[(mug, 1)]), &["ship", "deliver"]);
        staff.delete(&format!("/customers/{}", bob.id)).expect(204);
        let mut sql = shop.sql();
        sql.query_drop("DELETE FROM events_unnumbered").unwrap();
        for _ in 0..5 {
            product("Tile", "0", 0);
        }
        staff.get("/events").expect(200);
        sql.query_drop("DELETE FROM events WHERE number = 1").unwrap();
        sql.query_drop("UPDATE event_feed SET pruned_number = 1").unwrap();
        Books {
            mug,
            pot,
            gift,
            rarity,
            lid,
            ada: ada.id,
            placed,
            shipped,
            shipped_gift,
            delivered,
            cancelled,
            erased: bob.id,
            of_erased,
            pan,
            bowl,
            pans_order,
            bowls_order,
            tray,
            jar,
            take,
        }
    }

    pub fn cases(&self) -> Vec<Case> {
        let mut cases = self.on_hand();
        cases.extend(self.value());
        cases.extend(self.reserved());
        cases.extend(self.negative());
        cases.extend(self.shipping());
        cases.extend(self.totals());
        cases.extend(self.histories());
        cases.extend(self.corrections());
        cases.extend(self.restocking());
        cases.extend(self.stock_takes());
        cases.extend(self.keys());
        cases.extend(self.of_erased_customers());
        cases.extend(Self::events());
        cases.extend(self.demand());
        cases
    }
}

/// Has ten of a product ordered, and answers the purchase order's id.
pub fn restocked(staff: &Client, product: u64, lead_time_days: u32) -> u64 {
    let policy = json!({"reorder_point": 1, "reorder_target": 10, "lead_time_days": lead_time_days});
    staff.patch(&format!("/products/{product}/stock"), policy).expect(200);
    staff.post("/restock/runs", json!({"product_id": product})).expect(201);
    let orders = staff.get(&format!("/purchase_orders?product_id={product}")).expect(200);
    orders.body["data"][0]["id"].as_u64().expect("a purchase order")
}

pub fn moved(staff: &Client, order: Answer, steps: &[&str]) -> u64 {
    let id = order.expect(201).id();
    for step in steps {
        staff.post(&format!("/orders/{id}/{step}"), json!({})).expect(200);
    }
    id
}
