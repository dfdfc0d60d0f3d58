//! Shelves that tests watch, restock, count and read, all through the API.

use std::io::Read;
use std::sync::Barrier;
use std::thread;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveTime, Weekday};
use serde_json::{Value, json};
use storekeeper::listeners;
use storekeeper::values::{Input, Timestamp};

use crate::client::{Answer, Client};
use crate::harness::Shop;

/// When a product is restocked, and how.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub point: i64,
    pub target: i64,
    pub multiple: i64,
    pub lead_days: i64,
}

impl Shop {
    /// What the internal listener says.
    pub fn metrics(&self) -> String {
        let request = rouille::Request::fake_http("GET", "/metrics", Vec::new(), Vec::new());
        let answer = (listeners::internal_application(&self.app).handle)(&request, None);
        let mut metrics = String::new();
        answer.data.into_reader_and_size().0.read_to_string(&mut metrics).unwrap();
        metrics
    }

    /// What it says of a figure.
    #[track_caller]
    pub fn metric(&self, name: &str) -> String {
        let metrics = self.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} in {metrics}")).to_owned()
    }

    /// A shop whose sessions outlive a test that moves the clock by weeks.
    pub fn open_for_weeks() -> Shop {
        Shop::open_with(&[
            ("STOREKEEPER_SESSION_IDLE_HOURS", "8760"),
            ("STOREKEEPER_SESSION_MAX_HOURS", "8760"),
        ])
    }

    pub fn hours_pass(&self, hours: i64) {
        self.app.clock.advance(Duration::hours(hours));
    }

    /// Moves the clock to a moment such as `2026-03-01T09:30:00Z`. Sessions of before may have ended.
    pub fn to(&self, time: &str) {
        let time = Timestamp::parse(&Input::Text(time.to_owned())).expect("a time");
        self.app.clock.advance(time - self.app.clock.now());
    }

    /// Moves the clock to noon of the day after so many days, far from either midnight.
    pub fn to_noon_in(&self, days: u64) {
        let now = self.app.clock.now().0;
        let noon = (now.date() + Days::new(days)).and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap());
        self.app.clock.advance(noon - now);
    }

    /// Moves the clock to the next noon of such a day. The day of the week says when deliveries are expected.
    pub fn to_next(&self, weekday: Weekday) -> NaiveDate {
        let now = self.app.clock.now().0;
        let mut noon = now.date().and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap());
        while noon < now || noon.weekday() != weekday {
            noon = noon + Days::new(1);
        }
        self.app.clock.advance(noon - now);
        noon.date()
    }

    /// A product with these units, watched by this rule.
    pub fn watched(&self, staff: &Client, stock: i64, rule: Rule) -> u64 {
        let product_id = self.product(staff, stock);
        staff.watch(product_id, rule);
        product_id
    }
}

impl Client {
    pub fn stock(&self, product_id: u64) -> Value {
        self.get(&format!("/products/{product_id}/stock")).expect(200).body
    }

    /// On hand, reserved and incoming.
    pub fn figures(&self, product_id: u64) -> [i64; 3] {
        figures_of(&self.stock(product_id))
    }

    pub fn on_hand(&self, product_id: u64) -> i64 {
        self.figures(product_id)[0]
    }

    pub fn set_policy(&self, product_id: u64, policy: Value) -> Answer {
        self.patch(&format!("/products/{product_id}/stock"), policy)
    }

    pub fn watch(&self, product_id: u64, rule: Rule) -> Answer {
        let policy = json!({
            "reorder_point": rule.point,
            "reorder_target": rule.target,
            "reorder_multiple": rule.multiple,
            "lead_time_days": rule.lead_days,
        });
        self.set_policy(product_id, policy).expect(200)
    }

    pub fn move_stock(&self, product_id: u64, movement: Value) -> Answer {
        self.post(&format!("/products/{product_id}/stock/movements"), movement)
    }

    pub fn count_shelf(&self, product_id: u64, counted: i64) -> Answer {
        self.move_stock(product_id, json!({"counted": counted, "reason": "stock_take"})).expect(201)
    }

    /// The ledger, newest first.
    pub fn ledger(&self, product_id: u64) -> Vec<Value> {
        self.all_pages(&format!("/products/{product_id}/stock/movements?limit=100"))
    }

    pub fn ship(&self, order_id: u64) -> Answer {
        self.post(&format!("/orders/{order_id}/ship"), json!({}))
    }

    pub fn cancel(&self, order_id: u64) -> Answer {
        self.post(&format!("/orders/{order_id}/cancel"), json!({}))
    }

    /// A restock run over everything that is watched; answers its figures.
    pub fn restock(&self) -> Value {
        self.post("/restock/runs", json!({})).expect(201).body
    }

    pub fn run_lines(&self, run_id: u64) -> Vec<Value> {
        let mut lines = Vec::new();
        self.follow(&format!("/restock/runs/{run_id}?limit=100"), |page| {
            lines.extend(page["lines"]["data"].as_array().expect("lines").iter().cloned());
            page["lines"]["next"].clone()
        });
        lines
    }

    /// The lines of a product in purchase orders, the newest first, each with the order's `id`, `status` and `run_id`.
    pub fn purchases_of(&self, product_id: u64) -> Vec<Value> {
        let orders = self.all_pages(&format!("/purchase_orders?product_id={product_id}&limit=100"));
        orders.iter().map(|order| self.purchase_of(order["id"].as_u64().unwrap(), product_id)).collect()
    }

    /// The line of a product in a purchase order, with what it needs to know of the order.
    pub fn purchase_of(&self, order_id: u64, product_id: u64) -> Value {
        let order = self.purchase_order(order_id);
        let lines = order["lines"].as_array().expect("lines");
        let mut line = lines.iter().find(|line| line["product_id"] == product_id).expect("a line").clone();
        for member in ["id", "status", "run_id", "ordered_at", "closed_at", "overdue", "supplier_id"] {
            line[member] = order[member].clone();
        }
        line
    }

    pub fn purchase_order(&self, order_id: u64) -> Value {
        self.get(&format!("/purchase_orders/{order_id}")).expect(200).body
    }

    /// The id of the one purchase order with the product that is on its way.
    #[track_caller]
    pub fn ordered(&self, product_id: u64) -> u64 {
        let open = self.all_pages(&format!("/purchase_orders?product_id={product_id}&status=ordered"));
        assert_eq!(open.len(), 1, "one purchase order of {product_id}: {open:?}");
        open[0]["id"].as_u64().unwrap()
    }

    /// The id of the one draft with the product.
    #[track_caller]
    pub fn drafted(&self, product_id: u64) -> u64 {
        let open = self.all_pages(&format!("/purchase_orders?product_id={product_id}&status=draft"));
        assert_eq!(open.len(), 1, "one draft with {product_id}: {open:?}");
        open[0]["id"].as_u64().unwrap()
    }

    /// All that is outstanding, without lines in `body`.
    pub fn receive(&self, order_id: u64, body: Value) -> Answer {
        self.post(&format!("/purchase_orders/{order_id}/receive"), body)
    }

    /// So many units of one product.
    pub fn receive_units(&self, order_id: u64, product_id: u64, units: i64) -> Answer {
        self.receive(order_id, json!({"lines": [{"product_id": product_id, "quantity": units}]}))
    }

    pub fn cancel_purchase(&self, order_id: u64) -> Answer {
        self.post(&format!("/purchase_orders/{order_id}/cancel"), json!({}))
    }

    /// Everything that a list holds, page by page. The path has at least one parameter.
    pub fn all_pages(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        self.follow(path, |page| {
            all.extend(page["data"].as_array().expect("data").iter().cloned());
            page["next"].clone()
        });
        all
    }

    fn follow(&self, path: &str, mut read: impl FnMut(&Value) -> Value) {
        let mut next = read(&self.get(path).expect(200).body);
        while let Some(cursor) = next.as_str() {
            next = read(&self.get(&format!("{path}&after={cursor}")).expect(200).body);
        }
    }
}

pub fn figures_of(view: &Value) -> [i64; 3] {
    ["on_hand", "reserved", "incoming"].map(|figure| view[figure].as_i64().expect("a figure"))
}

/// One member of each, in the order of the list.
pub fn each<'a>(list: &'a [Value], member: &str) -> Vec<&'a Value> {
    list.iter().map(|item| &item[member]).collect()
}

/// Runs `work` on so many threads that start together, and answers what each made of it.
pub fn together<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    let (work, start) = (&work, &start);
    thread::scope(|scope| {
        let spawn = |number| {
            scope.spawn(move || {
                start.wait();
                work(number)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    })
}

/// Random numbers from a seed, so that a failure can be repeated (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as i64
    }

    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below(most - least + 1)
    }
}
