//! The connection to the database breaks, or is held up, at every statement of every operation that writes:
//! nothing is done by half and nothing twice, callers see the outcome or a 503 that tells the truth, and the
//! same request under the same key finds the one outcome.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{iter, thread};

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::routes::ROUTES;

use crate::client::{Answer, Client};
use crate::fixtures::{Guest, items_json, unique};
use crate::harness::{Shop, shared_mariadb};
use crate::proxy::{Fault, Proxy};

mod feed;
mod operations;
mod versions;

use operations::SentAgain::{Gone, Replayed, Run, Same, Twice};
use operations::{Call, OPERATIONS, Operation, RULE};

const PATIENCE: Duration = Duration::from_secs(30);

/// A shop whose connections to the database go through a proxy.
struct Frail {
    shop: Shop,
    proxy: Proxy,
    staff: Client,
    guest: Guest,
    product: u64,
}

/// What was tried, for the report.
#[derive(Default)]
struct Tried {
    statements: usize,
    commits: usize,
    faults: usize,
}

impl Tried {
    /// With another fault at the same statements.
    fn and(self, other: Tried) -> Tried {
        Tried {
            statements: self.statements.max(other.statements),
            faults: self.faults + other.faults,
            commits: self.commits + other.commits,
        }
    }
}

impl Frail {
    fn open(connections: &str) -> Frail {
        let mariadb = shared_mariadb();
        let proxy = Proxy::start(mariadb);
        let database = mariadb.fresh_database();
        let url = format!("mysql://root@localhost/{database}?socket={}", proxy.url_socket);
        let settings =
            [("STOREKEEPER_DATABASE_URL", &*url), ("STOREKEEPER_DATABASE_CONNECTIONS", connections)];
        let shop = Shop::open_on(mariadb, &database, &settings);
        let (staff, guest) = (shop.staff(), shop.guest());
        let product = shop.product(&staff, 100_000);
        Frail { shop, proxy, staff, guest, product }
    }

    /// A request of the staff, under a new key where it is a POST.
    fn call(&self, method: &'static str, path: impl Into<String>, body: Value) -> Call {
        let key = (method == "POST").then(|| unique("key"));
        Call { method, path: path.into(), body, key, token: Some(self.staff.token().to_owned()) }
    }

    fn order(&self) -> u64 {
        self.guest.client.order(&[(self.product, 1)]).expect(201).id()
    }

    /// The path of a new customer's account.
    fn account(&self) -> String {
        let (customer, _) = self.shop.customer_with_account();
        let list = self.staff.get(&format!("/customer_accounts?customer_id={}", customer.id)).expect(200);
        format!("/customer_accounts/{}", list.body["data"][0]["id"])
    }

    /// A customer who has ordered, with an account, answers that staff were given about them, and a movement whose note
    /// names them.
    fn customer_with_traces(&self) -> (u64, u64) {
        let (customer, username) = self.shop.customer_with_account();
        let order = customer.client.post_once(
            &unique("key"),
            "/orders",
            json!({"items": items_json(&[(self.product, 1)])}),
        );
        let cancel = format!("/orders/{}/cancel", order.expect(201).id());
        self.staff.post_once(&unique("key"), &cancel, json!({})).expect(200);
        let note = json!({"delta": -1, "reason": "damaged", "note": format!("told {username}")});
        let path = format!("/products/{}/stock/movements", self.product);
        (customer.id, self.staff.post_once(&unique("key"), &path, note).expect(201).id())
    }

    /// The path of what a supplier asks for a product that is bought of another.
    fn offer_beside_a_preferred_one(&self) -> String {
        let product = self.shop.product(&self.staff, 1);
        let [preferred, other] = [7, 3].map(|days| self.shop.supplier(&self.staff, days));
        self.staff.offer(preferred, product, json!({"cost": "2.00", "preferred": true})).expect(201);
        self.staff.offer(other, product, json!({"cost": "2.10"})).expect(201);
        format!("/suppliers/{other}/products/{product}")
    }

    fn purchase_order(&self) -> u64 {
        let product = self.shop.watched(&self.staff, 0, RULE);
        self.staff.post("/restock/runs", json!({"product_id": product})).expect(201);
        self.staff.ordered(product)
    }

    /// One that is open, in which one less of the product is counted than the ledger says.
    fn stock_take(&self) -> u64 {
        let take = self.staff.post("/stock_takes", json!({})).expect(201).id();
        let counted = json!({"product_id": self.product, "counted": self.staff.on_hand(self.product) - 1});
        self.staff.post(&format!("/stock_takes/{take}/counts"), json!({"counts": [counted]})).expect(200);
        take
    }

    /// A file with a product that is new and one that is changed, read and, if it is wanted, applied.
    fn import(&self, applied: bool) -> u64 {
        let import = self.staff.call("POST", "/imports?type=products", &self.file()).expect(201).id();
        if applied {
            self.staff.post(&format!("/imports/{import}/apply"), json!({})).expect(200);
        }
        import
    }

    fn file(&self) -> Value {
        let (id, name) = (self.product, unique("Product"));
        json!(format!("id,name,price,stock\n{id},{name},1,{}\n,{name} 2,2,5\n", self.staff.on_hand(id) - 1))
    }

    /// A draft with five of each of these products.
    fn draft(&self, products: &[u64]) -> u64 {
        let products: std::collections::BTreeSet<&u64> = products.iter().collect();
        let lines: Vec<Value> =
            products.iter().map(|product| json!({"product_id": product, "quantity": 5})).collect();
        let body = if lines.is_empty() { json!({}) } else { json!({"lines": lines}) };
        self.staff.post("/purchase_orders", body).expect(201).id()
    }

    fn send(&self, call: &Call) -> Answer {
        self.send_with(call, &[])
    }

    fn send_with(&self, call: &Call, headers: &[(&str, &str)]) -> Answer {
        let client = Client::new(&self.shop.base, call.token.as_deref());
        let mut request = client.request(call.method, &call.path);
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.with(&call.body).send()
    }

    /// Sends it until it is decided.
    fn decided(&self, call: &Call) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.send(call);
            if !is_told_to_wait(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "still undecided: {}", answer.text);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Tries a fault at each statement of an operation in turn.
    fn at_each_statement(&self, operation: &Operation, fault: Fault) -> Tried {
        let mut books = Books::open(&self.shop);
        let undisturbed = (operation.prepare)(self);
        let ready = books.rows();
        self.send(&undisturbed).expect_success();
        let whole = difference(&books.rows(), &ready);
        let adds = matches!(operation.sent_again, Replayed | Run | Twice);
        assert!(!adds || whole.iter().any(|rows| *rows != 0), "{} adds no row", operation.path);
        let mut tried = Tried::default();
        for statement in 0.. {
            let call = (operation.prepare)(self);
            let ready = books.rows();
            self.proxy.plan(statement, fault);
            let answers = match fault {
                Fault::Slow if call.key.is_some() => self.with_a_rival(&call),
                _ => vec![self.send(&call)],
            };
            let Some(hit) = self.proxy.was_hit() else {
                break;
            };
            let at_commit = hit.ends_with(b"COMMIT");
            tried.commits += usize::from(at_commit);
            tried.faults += 1;
            tried.statements += 1;
            let place = format!(
                "{} {}, {fault:?} at statement {statement}, {}",
                operation.method,
                operation.path,
                hit.escape_ascii()
            );
            let outcome = Outcome {
                frail: self,
                operation,
                call: &call,
                whole: &whole,
                place: &place,
                fault,
                at_commit,
            };
            outcome.check(&mut books, &ready, answers);
        }
        assert!(tried.commits > 0, "{} {}: no COMMIT was hit", operation.method, operation.path);
        tried
    }

    /// Sends it, and the same again while it is held up.
    fn with_a_rival(&self, call: &Call) -> Vec<Answer> {
        thread::scope(|scope| {
            let first = scope.spawn(|| self.send(call));
            let rival = self.proxy.wait_until_hit(|| first.is_finished()).then(|| self.send(call));
            rival.into_iter().chain([first.join().expect("an answer")]).collect()
        })
    }
}

/// One request that a fault happened to.
struct Outcome<'a> {
    frail: &'a Frail,
    operation: &'a Operation,
    call: &'a Call,
    /// The rows that the operation adds to each table or takes from it.
    whole: &'a [i64],
    place: &'a str,
    fault: Fault,
    at_commit: bool,
}

impl Outcome<'_> {
    fn check(&self, books: &mut Books, ready: &[i64], answers: Vec<Answer>) {
        let place = self.place;
        for answer in &answers {
            let told = is_told_to_wait(answer);
            assert!(told || answer.status < 300, "{place}: {}", answer.text);
            let unknown = answer.body["code"] == "outcome_unknown";
            assert!(!unknown || self.at_commit, "{place}: {}", answer.text);
        }
        let cut = matches!(self.fault, Fault::CutBefore | Fault::CutAfterCommit);
        if cut && self.operation.sent_again != Run {
            let done = difference(&books.rows(), ready);
            let [answer] = &answers[..] else { unreachable!("a cut has no rival") };
            let nothing = done.iter().all(|rows| *rows == 0);
            match answer.status {
                503 if answer.body["code"] != "outcome_unknown" => assert!(nothing, "{place}: {done:?}"),
                503 if self.fault == Fault::CutBefore => assert!(nothing, "{place}: {done:?}"),
                _ => assert_eq!(done, self.whole, "{place}"),
            }
            // The outcome is unknown where it cannot be known, and nowhere else.
            assert_eq!(answer.status == 503, self.at_commit, "{place}: {}", answer.text);
        }
        let again = match self.operation.sent_again {
            Twice => None,
            _ => Some(self.frail.decided(self.call)),
        };
        self.frail.proxy.wait_until_over();
        let answered: Vec<&Answer> = answers.iter().filter(|answer| answer.status < 300).collect();
        match (self.operation.sent_again, again) {
            (Replayed | Run, Some(again)) => {
                assert!(again.status < 300, "{place}: {}", again.text);
                for answer in answered {
                    assert_eq!(answer.text, again.text, "{place}");
                }
            }
            (Gone, Some(again)) => {
                assert!(matches!(again.status, 204 | 401 | 404), "{place}: {}", again.text);
            }
            (_, again) => assert!(again.is_none_or(|again| again.status < 300), "{place}"),
        }
        let done = difference(&books.rows(), ready);
        match self.operation.sent_again {
            Run => {
                let ordered = books.change_of("purchase_orders", &done);
                assert!(ordered <= 1 && books.change_of("idempotency_keys", &done) == 1, "{place}: {done:?}");
            }
            Twice => {
                let nothing = done.iter().all(|rows| *rows == 0);
                // A lost connection before COMMIT is tried once again, also when the first is only late.
                assert!(nothing || done == self.whole, "{place}: {done:?}");
            }
            Same => {
                // What is changed twice is noted twice.
                let without = |rows: &[i64]| books.without(&["audit_log", "events_unnumbered"], rows);
                assert_eq!(without(&done), without(self.whole), "{place}");
            }
            _ => assert_eq!(done, self.whole, "{place}"),
        }
        let broken = self.frail.shop.broken_invariants();
        assert!(broken.is_empty(), "{place}: {}", broken.join("\n"));
    }
}

/// The rows of every table, counted on a connection of our own.
struct Books {
    sql: Conn,
    tables: Vec<String>,
}

impl Books {
    fn open(shop: &Shop) -> Books {
        let mut sql = shop.sql();
        // A try at a login is counted before it is made, so the count stands by itself.
        let tables = "SELECT table_name FROM information_schema.tables
            WHERE table_schema = DATABASE() AND table_name <> 'login_failures' ORDER BY 1";
        Books { tables: sql.query(tables).unwrap(), sql }
    }

    fn rows(&mut self) -> Vec<i64> {
        let count = |table: &String| format!("(SELECT COUNT(*) AS n FROM {table})");
        let sql = self.tables.iter().map(count).collect::<Vec<_>>().join(" UNION ALL ");
        self.sql.query(sql).unwrap()
    }

    /// The change of all tables but some.
    fn without(&self, tables: &[&str], change: &[i64]) -> Vec<i64> {
        let others = self.tables.iter().zip(change).filter(|(known, _)| !tables.contains(&known.as_str()));
        others.map(|(_, rows)| *rows).collect()
    }

    fn change_of(&self, table: &str, change: &[i64]) -> i64 {
        change[self.tables.iter().position(|known| known == table).expect("a table")]
    }
}

fn difference(after: &[i64], before: &[i64]) -> Vec<i64> {
    after.iter().zip(before).map(|(after, before)| after - before).collect()
}

/// The only answers that a fault of the database may have beside the outcome.
fn is_told_to_wait(answer: &Answer) -> bool {
    let codes = ["busy", "database_unavailable", "outcome_unknown"];
    let code = answer.body["code"].as_str().unwrap_or("");
    let told = answer.status == 503 && codes.contains(&code) || code == "idempotency_key_in_use";
    assert!(!told || answer.header("Retry-After").is_some(), "no Retry-After: {}", answer.text);
    told
}

impl Answer {
    #[track_caller]
    fn expect_success(self) -> Answer {
        assert!(self.status < 300, "{} was answered with {}", self.request, self.text);
        self
    }
}

/// Tries these faults at every statement of every operation, each in a shop of its own and some at once: more shops
/// beside each other are so slow that they run into their own limits.
fn try_all(connections: &str, faults: &[Fault], at_once: usize) {
    let next = AtomicUsize::new(0);
    let one_after_another = || -> Vec<(usize, Tried)> {
        let numbers = iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let each = numbers.map_while(|number| {
            let operation = OPERATIONS.get(number / faults.len())?;
            let fault = faults[number % faults.len()];
            let tried = Frail::open(connections).at_each_statement(operation, fault);
            Some((number / faults.len(), tried))
        });
        each.collect()
    };
    let mut tried: Vec<Tried> = OPERATIONS.iter().map(|_| Tried::default()).collect();
    thread::scope(|scope| {
        let running: Vec<_> = (0..at_once).map(|_| scope.spawn(one_after_another)).collect();
        for (number, one) in running.into_iter().flat_map(|thread| thread.join().expect("operations")) {
            tried[number] = std::mem::take(&mut tried[number]).and(one);
        }
    });
    for (operation, Tried { statements, faults, commits }) in OPERATIONS.iter().zip(&tried) {
        let name = format!("{} {}", operation.method, operation.path);
        println!("{name:40} {statements:3} statements, {faults:3} faults, {commits} of them at COMMIT");
    }
    let count = tried.len();
    let Tried { statements, faults, .. } = tried.into_iter().fold(Tried::default(), |all, one| Tried {
        statements: all.statements + one.statements,
        faults: all.faults + one.faults,
        ..all
    });
    println!("{count} operations, {statements} statements, {faults} faults");
}

#[test]
fn a_connection_that_breaks_leaves_nothing_half_done_and_nothing_twice() {
    // These keep the processors busy.
    try_all("1", &[Fault::CutBefore, Fault::CutAfterCommit], 4);
}

#[test]
fn a_statement_that_comes_after_the_lock_time_out_does_no_harm() {
    // These wait most of the time.
    try_all("4", &[Fault::Late, Fault::Slow], 20);
}

#[test]
fn every_operation_that_writes_is_tried() {
    let tried: Vec<_> = OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
    for route in ROUTES.iter().filter(|route| route.writes()) {
        assert!(tried.contains(&(route.method, route.path)), "{} {}", route.method, route.path);
    }
}

#[test]
fn an_order_without_a_key_is_never_doubled_either() {
    let frail = Frail::open("1");
    let mut books = Books::open(&frail.shop);
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        for statement in 0.. {
            let before = books.rows();
            frail.proxy.plan(statement, fault);
            let answer = frail.guest.client.order(&[(frail.product, 1)]);
            let Some(hit) = frail.proxy.was_hit() else {
                break;
            };
            let done = difference(&books.rows(), &before);
            let placed = books.change_of("orders", &done);
            if hit.ends_with(b"COMMIT") {
                answer.expect_problem(503, "outcome_unknown");
                assert_eq!(placed == 1, fault == Fault::CutAfter);
            } else {
                answer.expect(201);
                assert_eq!(placed, 1, "{fault:?} at {}", hit.escape_ascii());
            }
        }
    }
}

#[test]
fn a_reader_notices_nothing_wherever_the_connection_breaks() {
    let frail = Frail::open("1");
    let order = frail.guest.client.order(&[(frail.product, 1)]).expect(201);
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        for statement in 0.. {
            frail.proxy.plan(statement, fault);
            let read = frail.guest.client.get(&format!("/orders/{}", order.id())).expect(200);
            assert_eq!(read.text, order.text);
            if frail.proxy.was_hit().is_none() {
                assert!(statement >= 3, "the session, the order and its lines were read");
                break;
            }
        }
    }
}
