//! Those who mean well: customers, the staff behind the counter, and readers.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::books::{Acknowledged, Order};
use crate::caller::{ASK_AGAIN_AFTER, Answer, Caller, Watch};
use crate::random::Random;

/// Few enough that orders meet at the same rows.
const PRODUCTS: usize = 8;
const PLENTY: u32 = 10_000_000;
pub const RESTOCKED_TO: u32 = 100;
/// A run looks at the whole shop.
const RUN_EVERY: Duration = Duration::from_millis(500);

/// What was there before it began.
pub struct Place {
    staff_token: String,
    products: Vec<u64>,
    /// Has nothing on the shelf but what is returned, so orders for it are refused often.
    scarce: u64,
    /// Has nothing on the shelf and is to have [`RESTOCKED_TO`], which may be ordered once.
    pub restocked: u64,
}

impl Place {
    pub fn open(watch: &Watch, (username, password): (&str, &str)) -> Place {
        let body = json!({"username": username, "password": password});
        let session = watch.decided(|| watch.caller(None).post("/sessions", &body));
        let staff_token = session.body["token"].as_str().expect("staff can log in").to_owned();
        let staff = watch.caller(Some(&staff_token));
        let product = |number: usize, stock: u32| {
            let body = json!({"name": format!("Product {number}"), "price": "10.00", "stock": stock});
            let made = staff.post_once(&format!("product-{number}"), "/products", &body);
            assert_eq!(made.status, 201, "{}", made.text);
            made.id()
        };
        let products = (0..PRODUCTS).map(|number| product(number, PLENTY)).collect();
        let scarce = product(PRODUCTS, 0);
        let restocked = product(PRODUCTS + 1, 0);
        let rule =
            json!({"reorder_point": RESTOCKED_TO / 2, "reorder_target": RESTOCKED_TO, "lead_time_days": 7});
        let path = format!("/products/{restocked}/stock");
        let ruled = watch.decided(|| staff.send("PATCH", &path, None, Some(&rule)));
        assert_eq!(ruled.status, 200, "{}", ruled.text);
        Place { staff_token, products, scarce, restocked }
    }
}

/// Signs up as a guest, and returns the session's token.
fn guest(watch: &Watch) -> String {
    let body = json!({"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 123456"});
    let anyone = watch.caller(None);
    let answer = watch.decided(|| anyone.post("/customers", &body));
    anyone.expect(201, "a guest's sign-up", &answer);
    answer.body["session"]["token"].as_str().unwrap_or_default().to_owned()
}

/// Orders again and again, each under a key of its own, and sees what becomes of some of the orders.
pub fn buy(watch: &Watch, place: &Place, number: usize, mut random: Random) -> Acknowledged {
    let token = guest(watch);
    let buyer =
        Buyer { watch, own: watch.caller(Some(&token)), staff: watch.caller(Some(&place.staff_token)) };
    let mut acknowledged = Acknowledged::default();
    let mut refused = Vec::new();
    for count in 0.. {
        if !watch.goes_on() {
            break;
        }
        let key = format!("buyer-{number}-order-{count}");
        let basket = basket(place, &mut random);
        if random.below(8) == 0 {
            hang_up_after(watch, &token, &key, &basket);
        }
        match buyer.order(&key, &basket) {
            Some(order) => {
                let status = buyer.follow(&key, &basket, &order, random.below(6));
                acknowledged.orders.push(Order { id: order.id(), status });
            }
            None => {
                watch.count("refused");
                refused.push((key, basket));
            }
        }
    }
    // A refusal is not kept under its key, so a copy that was sent before and came late may have been granted.
    for (key, basket) in refused {
        let order = buyer.order(&key, &basket);
        acknowledged.orders.extend(order.map(|order| Order { id: order.id(), status: "placed" }));
    }
    acknowledged
}

/// One to three products, often the scarce one too.
fn basket(place: &Place, random: &mut Random) -> Value {
    let first = random.below(place.products.len());
    let mut ids: Vec<u64> =
        place.products.iter().cycle().skip(first).take(1 + random.below(3)).copied().collect();
    if random.below(3) == 0 {
        ids.push(place.scarce);
    }
    let items: Vec<Value> =
        ids.iter().map(|id| json!({"product_id": id, "quantity": 1 + random.below(3)})).collect();
    json!({"items": items})
}

/// Sends an order and does not wait for the answer, as when a telephone loses its network.
fn hang_up_after(watch: &Watch, token: &str, key: &str, basket: &Value) {
    let body = basket.to_string();
    let request = format!(
        "POST /orders HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    if let Ok(mut stream) = TcpStream::connect(watch.address()) {
        // Whether it arrives is what nobody knows.
        let _ = stream.write_all(request.as_bytes());
        watch.count("hung up");
    }
}

struct Buyer<'a> {
    watch: &'a Watch,
    own: Caller<'a>,
    staff: Caller<'a>,
}

impl Buyer<'_> {
    /// None when too little is on the shelf.
    fn order(&self, key: &str, basket: &Value) -> Option<Answer> {
        let order = self.own.post_once(key, "/orders", basket);
        if order.status == 409 && order.body["code"] == "out_of_stock" {
            return None;
        }
        self.watch.order_is_acknowledged();
        self.own.expect(201, "an order", &order).then_some(order)
    }

    /// Does one of several things with an order that was placed, and returns its status then.
    fn follow(&self, key: &str, basket: &Value, order: &Answer, what: usize) -> &'static str {
        match what {
            0 => self.step(&self.own, order, "cancel", "cancelled"),
            1 => self.step(&self.staff, order, "ship", "shipped"),
            2 => {
                self.step(&self.staff, order, "ship", "shipped");
                self.step(&self.staff, order, "deliver", "delivered")
            }
            3 => {
                let again = self.own.post_once(key, "/orders", basket);
                if !again.replayed || again.text != order.text {
                    self.watch.unexpected(format!("{} was answered again with {}", order.text, again.text));
                }
                "placed"
            }
            4 => {
                let path = format!("/orders/{}", order.id());
                let read = self.watch.decided(|| self.own.get(&path));
                if read.body != order.body {
                    self.watch.unexpected(format!("{} was read as {}", order.text, read.text));
                }
                "placed"
            }
            _ => "placed",
        }
    }

    fn step(&self, caller: &Caller, order: &Answer, step: &str, status: &'static str) -> &'static str {
        let id = order.id();
        let answer = caller.post_once(&format!("{step}-{id}"), &format!("/orders/{id}/{step}"), &json!({}));
        if caller.expect(200, step, &answer) && answer.body["status"] != status {
            self.watch.unexpected(format!("order {id} was to be {status}: {}", answer.text));
        }
        self.watch.count("steps");
        status
    }
}

/// Starts runs of restocking, which others do at the same time.
pub fn restock(watch: &Watch, place: &Place, number: usize) {
    let staff = watch.caller_at(number, Some(&place.staff_token));
    while watch.goes_on() {
        if let Some(run) = staff.post("/restock/runs", &json!({})).filter(|run| run.status != 503) {
            staff.expect(201, "a run of restocking", &run);
            watch.count("runs");
        }
        thread::sleep(RUN_EVERY);
    }
}

/// Takes returned goods back, each under a key that its note repeats.
pub fn take_back(watch: &Watch, place: &Place) -> Acknowledged {
    let staff = watch.caller(Some(&place.staff_token));
    let mut acknowledged = Acknowledged::default();
    for count in 0.. {
        if !watch.goes_on() {
            break;
        }
        let note = format!("return-{count}");
        let body = json!({"delta": 1, "reason": "return", "note": note});
        let path = format!("/products/{}/stock/movements", place.scarce);
        let answer = staff.post_once(&note, &path, &body);
        if staff.expect(201, "a return", &answer) {
            acknowledged.returns.push(note);
        }
    }
    acknowledged
}

/// New customers with accounts, who log in and out.
pub fn sign_up_and_log_in(watch: &Watch) -> Acknowledged {
    let anyone = watch.caller(None);
    let mut acknowledged = Acknowledged::default();
    for count in 0.. {
        if !watch.goes_on() {
            break;
        }
        let account = json!({"username": format!("customer-{count}"), "password": "correct horse battery"});
        let body = json!({
            "name": "Grace Hopper", "email": "grace@example.com", "phone": "555-0100", "account": &account,
        });
        // A sign-up takes no key, since its answer holds a token; who is not answered chooses another name.
        let Some(answer) = anyone.post("/customers", &body).filter(|answer| answer.status != 503) else {
            thread::sleep(ASK_AGAIN_AFTER);
            continue;
        };
        if !anyone.expect(201, "a sign-up", &answer) {
            continue;
        }
        acknowledged.customers.push(answer.id());
        let session = watch.decided(|| anyone.post("/sessions", &account));
        if !anyone.expect(201, "a right login", &session) {
            continue;
        }
        watch.count("logins");
        let own = watch.caller(session.body["token"].as_str());
        let current = watch.decided(|| own.get("/sessions/current"));
        own.expect(200, "a session", &current);
    }
    acknowledged
}

/// Reads what anybody and what staff may read. Only to wait may anybody be told.
pub fn read(watch: &Watch, place: &Place, number: usize) {
    let (anyone, staff) = (watch.caller(None), watch.caller(Some(&place.staff_token)));
    let product = format!("/products/{}", place.products[number]);
    let stock = format!("{product}/stock");
    let reads: [(&Caller, &str); 7] = [
        (&anyone, "/products"),
        (&anyone, &product),
        (&anyone, "/products?q=product&sort=-price&limit=5"),
        (&staff, "/orders?limit=50"),
        (&staff, "/stock"),
        (&staff, &stock),
        (&anyone, "/healthz"),
    ];
    for (caller, path) in reads.iter().cycle() {
        if !watch.goes_on() {
            return;
        }
        let Some(answer) = caller.get(path).filter(|answer| answer.status != 503) else {
            thread::sleep(ASK_AGAIN_AFTER);
            continue;
        };
        caller.expect(200, path, &answer);
        watch.count("reads");
    }
}
