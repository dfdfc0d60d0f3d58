//! Random sequences of what customers and staff do, against a model of the shop that fits a page:
//! every answer, and in the end everything that can be read, must be what the model says.

use std::cell::RefCell;
use std::env;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::fixtures::{Guest, items_json, unique};
use crate::harness::Shop;

const CASES: u32 = 60;
const CUSTOMERS: usize = 3;
/// Set to the seed of a failure, it runs the same sequences again.
const SEED_VARIABLE: &str = "PROPERTY_SEED";

/// What somebody does. An `Index` picks one of what is there at that moment.
#[derive(Debug, Clone)]
enum Step {
    Create { stock: i64, price: i64 },
    Reprice { product: Index, price: i64 },
    Archive { product: Index },
    Place { customer: usize, items: Vec<(Index, i64)>, key: Option<u8> },
    PlaceByStaff { customer: usize, items: Vec<(Index, i64)> },
    Resend { request: Index },
    Cancel { order: Index, by: Option<usize> },
    Ship { order: Index },
    Deliver { order: Index },
    Lose { order: Index },
    Return { order: Index },
    Reopen { order: Index },
    Correct { order: Index, by: Option<usize> },
    Erase { customer: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let create = || (0..8_i64, 0..2000_i64).prop_map(|(stock, price)| Step::Create { stock, price });
    let index = any::<Index>;
    let customer = || 0..CUSTOMERS;
    let items = || vec((index(), 1..4_i64), 1..4);
    let place = (customer(), items(), prop::option::of(0..2_u8))
        .prop_map(|(customer, items, key)| Step::Place { customer, items, key });
    let step = prop_oneof![
        2 => create(),
        2 => (index(), 0..2000_i64).prop_map(|(product, price)| Step::Reprice { product, price }),
        1 => index().prop_map(|product| Step::Archive { product }),
        8 => place,
        2 => (customer(), items()).prop_map(|(customer, items)| Step::PlaceByStaff { customer, items }),
        4 => index().prop_map(|request| Step::Resend { request }),
        5 => (index(), prop::option::of(customer())).prop_map(|(order, by)| Step::Cancel { order, by }),
        6 => index().prop_map(|order| Step::Ship { order }),
        4 => index().prop_map(|order| Step::Deliver { order }),
        2 => index().prop_map(|order| Step::Lose { order }),
        2 => index().prop_map(|order| Step::Return { order }),
        2 => index().prop_map(|order| Step::Reopen { order }),
        3 => (index(), prop::option::of(customer())).prop_map(|(order, by)| Step::Correct { order, by }),
        1 => customer().prop_map(|customer| Step::Erase { customer }),
    ];
    (vec(create(), 1..4), vec(step, 0..40)).prop_map(|(mut first, rest)| {
        first.extend(rest);
        first
    })
}

struct Product {
    id: u64,
    price: i64,
    on_hand: i64,
    reserved: i64,
    archived: bool,
}

struct Order {
    id: u64,
    customer: usize,
    status: &'static str,
    /// Whether its tracking number is another one than it was shipped with.
    corrected: bool,
    total: i64,
    /// Product, quantity and price, in the order of the products.
    lines: Vec<(usize, i64, i64)>,
}

/// An order that was sent under a key, and what it was answered if it was kept.
struct Request {
    customer: usize,
    key: u8,
    items: Vec<(usize, i64)>,
    kept: Option<String>,
}

/// The shop as it should be, beside the one that is.
struct Model<'a> {
    shop: &'a Shop,
    staff: &'a Client,
    customers: Vec<Guest>,
    erased: [bool; CUSTOMERS],
    products: Vec<Product>,
    orders: Vec<Order>,
    requests: Vec<Request>,
}

fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

impl<'a> Model<'a> {
    fn new(shop: &'a Shop, staff: &'a Client) -> Model<'a> {
        Model {
            shop,
            staff,
            customers: (0..CUSTOMERS).map(|_| shop.guest()).collect(),
            erased: [false; CUSTOMERS],
            products: Vec::new(),
            orders: Vec::new(),
            requests: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Create { stock, price } => self.create(*stock, *price),
            Step::Reprice { product, price } => self.reprice(product.index(self.products.len()), *price),
            Step::Archive { product } => self.archive(product.index(self.products.len())),
            Step::Place { customer, items, key } => {
                let items = self.picked(items);
                match key {
                    None => self.place(*customer, &items),
                    Some(key) => self.place_once(*customer, *key, items),
                }
            }
            Step::PlaceByStaff { customer, items } => self.place_by_staff(*customer, &self.picked(items)),
            Step::Resend { request } => self.resend(request),
            Step::Erase { customer } => self.erase(*customer),
            // The others are about an order.
            _ if self.orders.is_empty() => {}
            Step::Cancel { order, by } => self.cancel(order.index(self.orders.len()), *by),
            Step::Ship { order } => self.ship(order.index(self.orders.len())),
            Step::Deliver { order } => {
                self.close(order.index(self.orders.len()), "deliver", &["shipped", "lost"], "delivered");
            }
            Step::Lose { order } => self.close(order.index(self.orders.len()), "lost", &["shipped"], "lost"),
            Step::Return { order } => {
                self.close(order.index(self.orders.len()), "returned", &["shipped", "lost"], "returned");
            }
            Step::Reopen { order } => self.reopen(order.index(self.orders.len())),
            Step::Correct { order, by } => self.correct(order.index(self.orders.len()), *by),
        }
    }

    fn picked(&self, items: &[(Index, i64)]) -> Vec<(usize, i64)> {
        items.iter().map(|(product, quantity)| (product.index(self.products.len()), *quantity)).collect()
    }

    fn create(&mut self, stock: i64, price: i64) {
        let body = json!({"name": unique("Product"), "price": money(price), "stock": stock});
        let id = self.staff.post("/products", body).expect(201).id();
        self.products.push(Product { id, price, on_hand: stock, reserved: 0, archived: false });
    }

    fn reprice(&mut self, product: usize, price: i64) {
        let product = &mut self.products[product];
        let body = json!({"price": money(price)});
        let answer = self.staff.patch(&format!("/products/{}", product.id), body);
        if product.archived {
            answer.expect_problem(404, "not_found");
            return;
        }
        assert_eq!(answer.expect(200).body["price"], *money(price));
        product.price = price;
    }

    fn archive(&mut self, product: usize) {
        let product = &mut self.products[product];
        let status = if product.archived { 404 } else { 204 };
        self.staff.delete(&format!("/products/{}", product.id)).expect(status);
        product.archived = true;
    }

    fn items(&self, items: &[(usize, i64)]) -> Value {
        let ids: Vec<_> = items.iter().map(|&(at, quantity)| (self.products[at].id, quantity)).collect();
        items_json(&ids)
    }

    /// Repeated products added up, in the order of the products.
    fn summed(items: &[(usize, i64)]) -> Vec<(usize, i64)> {
        let mut sums = std::collections::BTreeMap::new();
        for (product, quantity) in items {
            *sums.entry(*product).or_insert(0) += quantity;
        }
        sums.into_iter().collect()
    }

    fn place(&mut self, customer: usize, items: &[(usize, i64)]) {
        let body = json!({"items": self.items(items)});
        let answer = self.customers[customer].client.post("/orders", body);
        if self.erased[customer] {
            answer.expect_problem(401, "unauthenticated");
        } else {
            self.placed(customer, items, answer);
        }
    }

    fn place_by_staff(&mut self, customer: usize, items: &[(usize, i64)]) {
        let body = json!({"items": self.items(items), "customer_id": self.customers[customer].id});
        let answer = self.staff.post("/orders", body);
        let all_active = items.iter().all(|(product, _)| !self.products[*product].archived);
        if self.erased[customer] && all_active {
            answer.expect_problem(404, "not_found");
        } else {
            self.placed(customer, items, answer);
        }
    }

    fn place_once(&mut self, customer: usize, key: u8, items: Vec<(usize, i64)>) {
        let body = json!({"items": self.items(&items)});
        let answer = self.customers[customer].client.post_once(&format!("key-{key}"), "/orders", body);
        if self.erased[customer] {
            answer.expect_problem(401, "unauthenticated");
            return;
        }
        let used = self
            .requests
            .iter()
            .find(|request| (request.customer, request.key) == (customer, key) && request.kept.is_some());
        if let Some(used) = used {
            if used.items == items {
                let answer = answer.expect(201);
                assert_eq!(answer.header("Idempotency-Replayed"), Some("true"));
                assert_eq!(Some(&answer.text), used.kept.as_ref());
            } else {
                answer.expect_problem(422, "idempotency_key_reused");
            }
            return;
        }
        let answer = self.placed(customer, &items, answer);
        let kept = (answer.status == 201).then_some(answer.text);
        self.requests.push(Request { customer, key, items, kept });
    }

    fn resend(&mut self, request: &Index) {
        if self.requests.is_empty() {
            return;
        }
        let Request { customer, key, items, .. } = &self.requests[request.index(self.requests.len())];
        self.place_once(*customer, *key, items.clone());
    }

    /// What a new order must have been answered; when it was kept, the model keeps it too.
    fn placed(&mut self, customer: usize, items: &[(usize, i64)], answer: Answer) -> Answer {
        let archived: Vec<String> = (0..items.len())
            .filter(|&at| self.products[items[at].0].archived)
            .map(|at| format!("items[{at}].product_id"))
            .collect();
        if !archived.is_empty() {
            let bad: Vec<_> = archived.iter().map(|field| (field.as_str(), "unknown_product")).collect();
            return answer.expect_bad_fields(&bad);
        }
        let wanted = Model::summed(items);
        let available = |product: &Product| product.on_hand - product.reserved;
        let short: Vec<_> = wanted
            .iter()
            .map(|&(at, quantity)| (&self.products[at], quantity))
            .filter(|(product, quantity)| available(product) < *quantity)
            .map(|(product, quantity)| (product.id, quantity, available(product)))
            .collect();
        if !short.is_empty() {
            let answer = answer.expect_problem(409, "out_of_stock");
            let named = answer.body["products"].as_array().unwrap().iter();
            let number = |value: &Value| value.as_i64().unwrap();
            let named: Vec<_> = named
                .map(|p| {
                    (p["product_id"].as_u64().unwrap(), number(&p["requested"]), number(&p["available"]))
                })
                .collect();
            assert_eq!(named, short);
            return answer;
        }
        let answer = answer.expect(201);
        let mut lines = Vec::new();
        for (at, quantity) in wanted {
            self.products[at].reserved += quantity;
            lines.push((at, quantity, self.products[at].price));
        }
        let total = lines.iter().map(|(_, quantity, price)| quantity * price).sum();
        assert_eq!(answer.body["total"], *money(total));
        self.orders.push(Order {
            id: answer.id(),
            customer,
            status: "placed",
            corrected: false,
            total,
            lines,
        });
        answer
    }

    fn step(&self, order: &Order, step: &str) -> Answer {
        self.staff.post(&format!("/orders/{}/{step}", order.id), json!({}))
    }

    fn cancel(&mut self, order: usize, by: Option<usize>) {
        let path = format!("/orders/{}/cancel", self.orders[order].id);
        let caller = by.map_or(self.staff, |customer| &self.customers[customer].client);
        let answer = caller.post(&path, json!({}));
        let order = &mut self.orders[order];
        if by.is_some_and(|customer| self.erased[customer]) {
            answer.expect_problem(401, "unauthenticated");
        } else if by.is_some_and(|customer| customer != order.customer) {
            answer.expect_problem(404, "not_found");
        } else if matches!(order.status, "placed" | "cancelled") {
            assert_eq!(answer.expect(200).body["status"], "cancelled");
            if order.status == "placed" {
                order.lines.iter().for_each(|&(at, quantity, _)| self.products[at].reserved -= quantity);
            }
            order.status = "cancelled";
        } else {
            answer.expect_problem(409, "order_state");
        }
    }

    fn ship(&mut self, order: usize) {
        let answer = self.step(&self.orders[order], "ship");
        let order = &mut self.orders[order];
        if !matches!(order.status, "placed" | "shipped") || order.corrected {
            answer.expect_problem(409, "order_state");
            return;
        }
        assert_eq!(answer.expect(200).body["status"], "shipped");
        if order.status == "placed" {
            for &(at, quantity, _) in &order.lines {
                self.products[at].reserved -= quantity;
                self.products[at].on_hand -= quantity;
            }
        }
        order.status = "shipped";
    }

    /// What became of a parcel; no stock moves.
    fn close(&mut self, order: usize, step: &str, from: &[&str], to: &'static str) {
        let answer = self.step(&self.orders[order], step);
        let order = &mut self.orders[order];
        if order.status != to && !from.contains(&order.status) {
            answer.expect_problem(409, "order_state");
            return;
        }
        assert_eq!(answer.expect(200).body["status"], *to);
        order.status = to;
    }

    fn reopen(&mut self, order: usize) {
        let answer = self.step(&self.orders[order], "reopen");
        let order = &mut self.orders[order];
        match order.status {
            "delivered" | "lost" | "returned" if self.erased[order.customer] => {
                answer.expect_problem(404, "not_found");
            }
            "delivered" | "lost" | "returned" | "shipped" => {
                assert_eq!(answer.expect(200).body["status"], "shipped");
                order.status = "shipped";
            }
            _ => drop(answer.expect_problem(409, "order_state")),
        }
    }

    /// Another address by the customer, another tracking number by staff.
    fn correct(&mut self, at: usize, by: Option<usize>) {
        let order = &self.orders[at];
        let path = format!("/orders/{}", order.id);
        let (caller, body, statuses) = match by {
            Some(customer) => (
                &self.customers[customer].client,
                json!({"shipping_address": unique("12 Main St")}),
                &["placed"][..],
            ),
            None => {
                let sent = &["shipped", "delivered", "lost", "returned"][..];
                (self.staff, json!({"tracking_number": unique("JD")}), sent)
            }
        };
        let answer = caller.patch(&path, body);
        if by.is_some_and(|customer| self.erased[customer]) {
            answer.expect_problem(401, "unauthenticated");
        } else if by.is_some_and(|customer| customer != order.customer) || self.erased[order.customer] {
            answer.expect_problem(404, "not_found");
        } else if statuses.contains(&order.status) {
            assert_eq!(answer.expect(200).body["status"], order.status);
            self.orders[at].corrected |= by.is_none();
        } else {
            answer.expect_problem(409, "order_state");
        }
    }

    fn erase(&mut self, customer: usize) {
        let answer = self.staff.delete(&format!("/customers/{}", self.customers[customer].id));
        let own = self.orders.iter().filter(|order| order.customer == customer);
        let open: Vec<u64> =
            own.filter(|order| matches!(order.status, "placed" | "shipped")).map(|order| order.id).collect();
        if self.erased[customer] {
            answer.expect_problem(404, "not_found");
        } else if !open.is_empty() {
            let answer = answer.expect_problem(409, "customer_has_open_orders");
            assert_eq!(answer.body["order_ids"], json!(open));
        } else {
            answer.expect(204);
            self.erased[customer] = true;
        }
    }

    /// Reads everything and holds it against the model.
    fn check(&self) {
        self.check_products();
        self.check_availability();
        for order in &self.orders {
            self.check_order(order);
        }
        for customer in 0..CUSTOMERS {
            self.check_list(customer);
        }
        let broken = self.shop.broken_invariants();
        assert!(broken.is_empty(), "{}", broken.join("\n"));
    }

    fn check_products(&self) {
        for product in &self.products {
            let answer = self.staff.get(&format!("/products/{}", product.id));
            if product.archived {
                answer.expect_problem(404, "not_found");
                continue;
            }
            let answer = answer.expect(200);
            assert_eq!(answer.body["price"], *money(product.price));
            assert_eq!(answer.body["in_stock"], product.on_hand > product.reserved);
        }
    }

    /// The refusal of an order for far too much says what is available of everything.
    fn check_availability(&self) {
        let active = || self.products.iter().filter(|product| !product.archived);
        let wanted: Vec<_> = active().map(|product| (product.id, 1000)).collect();
        if wanted.is_empty() {
            return;
        }
        let refused = self.shop.guest().client.order(&wanted).expect_problem(409, "out_of_stock");
        let named = refused.body["products"].as_array().unwrap().iter();
        let named: Vec<_> = named.map(|product| product["available"].as_i64().unwrap()).collect();
        assert_eq!(named, active().map(|product| product.on_hand - product.reserved).collect::<Vec<_>>());
    }

    fn check_order(&self, order: &Order) {
        let read = self.staff.get(&format!("/orders/{}", order.id)).expect(200);
        assert_eq!(read.body["status"], order.status);
        assert_eq!(read.body["total"], *money(order.total));
        let items = read.body["items"].as_array().unwrap().iter();
        let items: Vec<_> =
            items.map(|item| json!([item["product_id"], item["quantity"], item["unit_price"]])).collect();
        let lines = order.lines.iter();
        let lines: Vec<_> = lines
            .map(|&(at, quantity, price)| json!([self.products[at].id, quantity, money(price)]))
            .collect();
        assert_eq!(items, lines);
    }

    fn check_list(&self, customer: usize) {
        let own = self.orders.iter().filter(|order| order.customer == customer);
        let own: Vec<_> = own.map(|order| json!(order.id)).collect();
        let client = &self.customers[customer].client;
        if self.erased[customer] {
            client.get("/orders").expect_problem(401, "unauthenticated");
            return;
        }
        let list = client.get("/orders?sort=order_date&limit=100").expect(200);
        let listed = list.body["data"].as_array().unwrap().iter();
        assert_eq!(listed.map(|order| order["id"].clone()).collect::<Vec<_>>(), own);
    }
}

fn seed() -> [u8; 32] {
    let Ok(text) = env::var(SEED_VARIABLE) else {
        return storekeeper::random::bytes();
    };
    let digits = |at: usize| text.get(2 * at..2 * at + 2).expect("64 hexadecimal digits");
    std::array::from_fn(|at| u8::from_str_radix(digits(at), 16).expect("hexadecimal digits"))
}

fn open() -> (Shop, Client) {
    let shop = Shop::open();
    let staff = shop.staff();
    (shop, staff)
}

#[test]
fn whatever_happens_the_shop_is_as_the_model_says() {
    let seed = seed();
    let config = ProptestConfig {
        cases: CASES,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let opened = RefCell::new(None);
    let result = runner.run(&steps(), |steps| {
        // A sequence that fails takes its shop with it, so its books are not held against the next.
        let (shop, staff) = opened.take().unwrap_or_else(open);
        let mut model = Model::new(&shop, &staff);
        for step in &steps {
            model.take(step);
        }
        model.check();
        opened.replace(Some((shop, staff)));
        Ok(())
    });
    if let Err(failure) = result {
        let seed: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{failure}\nrun it again with {SEED_VARIABLE}={seed}");
    }
}
