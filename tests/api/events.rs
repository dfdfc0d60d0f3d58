//! The feed: whatever is done is in it once, in one order for all who read, however late it was committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::events::{self, Kind};
use storekeeper::routes::DESCRIPTION;

use crate::access::key_with;
use crate::client::Client;
use crate::dialects::numbers;
use crate::fixtures::until;
use crate::harness::{Shop, storekeeper};
use crate::program::{Service, run, run_command};

/// Somebody who follows the feed.
struct Reader<'a> {
    client: &'a Client,
    query: String,
    next: Option<String>,
    seen: Vec<Value>,
}

impl<'a> Reader<'a> {
    fn new(client: &'a Client, query: &str) -> Reader<'a> {
        Reader { client, query: query.to_owned(), next: None, seen: Vec::new() }
    }

    /// Who begins with what comes now.
    fn at_end(client: &'a Client) -> Reader<'a> {
        let page = client.get("/events?at_end=true").expect(200);
        assert_eq!(page.body["data"], json!([]));
        let next = page.body["next"].as_str().expect("a position").to_owned();
        Reader { next: Some(next), ..Reader::new(client, "limit=100") }
    }

    /// Reads one page, and returns how long it was.
    fn page(&mut self) -> usize {
        let after = self.next.as_ref().map_or_else(String::new, |next| format!("&after={next}"));
        let page = self.client.get(&format!("/events?{}{after}", self.query)).expect(200);
        let data = page.body["data"].as_array().unwrap();
        self.seen.extend(data.iter().cloned());
        self.next = Some(page.body["next"].as_str().expect("a position").to_owned());
        data.len()
    }

    /// Reads until there is nothing more.
    fn catch_up(&mut self) -> &[Value] {
        while self.page() > 0 {}
        &self.seen
    }

    /// The types of what has come since the last time that this was asked.
    fn new_types(&mut self) -> Vec<String> {
        self.seen.clear();
        let seen = self.catch_up();
        seen.iter().map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
    }

    fn objects(&self, kind: &str) -> Vec<u64> {
        let of_kind = self.seen.iter().filter(|entry| entry["type"] == kind);
        of_kind.map(|entry| entry["object_id"].as_u64().unwrap()).collect()
    }

    /// Asserts that the numbers follow each other without a gap.
    fn check_numbers(&self) {
        let numbers: Vec<u64> = self.seen.iter().map(|entry| entry["number"].as_u64().unwrap()).collect();
        for pair in numbers.windows(2) {
            assert_eq!(pair[0] + 1, pair[1], "the numbers have a gap or go back");
        }
    }
}

/// Orders that are kept in events and those that exist, each once.
fn assert_all_orders_are_in(shop: &Shop, reader: &Reader) {
    let mut told = reader.objects("order.placed");
    let stored: Vec<u64> = shop.sql().query("SELECT id FROM orders ORDER BY id").unwrap();
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "an order is told of twice");
    told.sort_unstable();
    assert_eq!(told, stored);
}

#[test]
fn what_is_committed_late_comes_behind_what_was_read() {
    let shop = Shop::open();
    let staff = shop.staff();
    let (a, b) = (shop.product(&staff, 9), shop.product(&staff, 9));
    let mut reader = Reader::at_end(&staff);
    let mut held = shop.sql();
    held.query_drop("START TRANSACTION").unwrap();
    held.exec_drop("SELECT * FROM stock WHERE product_id = ? FOR UPDATE", (a,)).unwrap();
    thread::scope(|scope| {
        let guest = shop.guest();
        let late = scope.spawn(move || guest.client.order(&[(a, 1)]).expect(201).id());
        // It has written its entry, and waits for the stock.
        let mut dirty = shop.sql();
        dirty.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").unwrap();
        until("the order of A never begins", || {
            let begun: Option<u64> = dirty.query_first("SELECT COUNT(*) FROM orders").unwrap();
            begun == Some(1)
        });
        let soon = shop.guest().client.order(&[(b, 1)]).expect(201).id();
        reader.catch_up();
        assert_eq!(reader.objects("order.placed"), [soon]);
        held.query_drop("ROLLBACK").unwrap();
        let late = late.join().unwrap();
        reader.catch_up();
        assert_eq!(reader.objects("order.placed"), [soon, late]);
    });
    reader.check_numbers();
}

/// Whatever is open when a number is given is neither waited for nor lost.
#[test]
fn a_transaction_that_stays_open_holds_up_no_reader() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut reader = Reader::at_end(&staff);
    let mut held = shop.sql();
    for round in 0..20 {
        // On both sides of what is committed meanwhile.
        held.query_drop("START TRANSACTION").unwrap();
        let write = "INSERT INTO events_unnumbered (at, type, object_id, product_ids, fields) VALUES (NOW(6), 'order.changed', ?, '', '')";
        held.exec_drop(write, (2 * round + 1,)).unwrap();
        let product = shop.product(&staff, 0);
        held.exec_drop(write, (2 * round + 2,)).unwrap();
        assert_eq!(reader.new_types(), ["product.created"]);
        assert_eq!(reader.objects("product.created"), [product]);
        held.query_drop("COMMIT").unwrap();
        assert_eq!(reader.new_types(), ["order.changed", "order.changed"]);
        assert_eq!(reader.objects("order.changed"), [2 * round + 1, 2 * round + 2]);
    }
    assert_eq!(reader.new_types(), [""; 0]);
}

#[test]
fn with_eight_writers_nothing_is_missed_and_nothing_comes_twice() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..4).map(|_| shop.product(&staff, 100_000)).collect();
    let working = AtomicBool::new(true);
    let read_on = |query: &'static str| {
        let client = shop.with_token(staff.token());
        let working = &working;
        move || {
            let mut reader =
                Reader { client: &client, query: query.to_owned(), next: None, seen: Vec::new() };
            let mut pages = 0;
            while working.load(Ordering::Relaxed) {
                reader.page();
                pages += 1;
            }
            reader.catch_up();
            reader.check_numbers();
            (reader.seen, pages)
        }
    };
    let (seen, pages) = thread::scope(|scope| {
        let readers = ["limit=100", "limit=7", "limit=1"].map(|query| scope.spawn(read_on(query)));
        let writers: Vec<_> = (0..8_usize)
            .map(|writer| {
                let (shop, products) = (&shop, &products);
                scope.spawn(move || {
                    let guest = shop.guest();
                    for turn in 0..40_usize {
                        let items =
                            [(products[(writer + turn) % 4], 1), (products[(writer + turn + 1) % 4], 2)];
                        let order = guest.client.order(&items[..=turn % 2]).expect(201).id();
                        if turn % 5 == 0 {
                            guest.client.post(&format!("/orders/{order}/cancel"), json!({})).expect(200);
                        }
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        working.store(false, Ordering::Relaxed);
        let read: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        // The slowest reads the end of what the others have read.
        assert_eq!(read[0].0, read[1].0);
        assert_eq!(read[0].0, read[2].0);
        read.into_iter().next().unwrap()
    });
    assert!(pages > 10, "{pages} pages were read meanwhile");
    let reader = Reader { seen, ..Reader::new(&staff, "") };
    assert_eq!(reader.seen[0]["number"], 1);
    assert_all_orders_are_in(&shop, &reader);
    assert_eq!(reader.objects("order.placed").len(), 320);
    assert_eq!(reader.objects("order.cancelled").len(), 64);
    println!("{} entries, {pages} pages meanwhile", reader.seen.len());
}

#[test]
fn a_killed_service_loses_nothing_of_it() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 100_000);
    let mut reader = Reader::new(&staff, "limit=100");
    let acknowledged = Mutex::new(Vec::new());
    for _ in 0..3 {
        let service = Service::start(&shop.database_url, &[]);
        let base = service.base.clone();
        let tokens: Vec<String> = (0..4).map(|_| shop.guest().client.token().to_owned()).collect();
        thread::scope(|scope| {
            let writers: Vec<_> = tokens
                .iter()
                .map(|token| {
                    let client = Client::new(&base, Some(token));
                    let acknowledged = &acknowledged;
                    // Ends with the service, in the middle of a request.
                    scope.spawn(move || {
                        loop {
                            let order = client.order(&[(product, 1)]).expect(201).id();
                            acknowledged.lock().unwrap().push(order);
                        }
                    })
                })
                .collect();
            let there = acknowledged.lock().unwrap().len();
            let followed = Client::new(&base, Some(staff.token()));
            let mut meanwhile = Reader::new(&followed, "limit=100");
            until("no orders are placed", || {
                meanwhile.page();
                acknowledged.lock().unwrap().len() > there + 30
            });
            service.signal("KILL");
            for writer in writers {
                assert!(writer.join().is_err(), "a writer has noticed nothing");
            }
        });
        reader.catch_up();
        reader.check_numbers();
        let told: BTreeSet<u64> = reader.objects("order.placed").into_iter().collect();
        assert!(acknowledged.lock().unwrap().iter().all(|id| told.contains(id)));
    }
    // What was kept without an answer is told of too.
    until("the killed service's transactions never end", || {
        reader.catch_up();
        let orders: Option<usize> = shop.sql().query_first("SELECT COUNT(*) FROM orders").unwrap();
        orders == Some(reader.objects("order.placed").len())
    });
    assert_all_orders_are_in(&shop, &reader);
}

#[test]
fn a_position_is_good_for_ever_and_behind_an_empty_page_too() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut reader = Reader::new(&staff, "limit=2");
    assert_eq!(reader.page(), 0);
    let first = reader.next.clone();
    let mug = shop.product(&staff, 5);
    reader.catch_up();
    assert_eq!(reader.objects("product.created"), [mug]);
    assert_eq!(reader.objects("stock.moved"), [mug]);
    assert_eq!(reader.seen[1]["product_ids"], json!([mug]));
    let mut again = Reader { next: first, ..Reader::new(&staff, "limit=1") };
    again.catch_up();
    assert_eq!(again.seen, reader.seen);
    let (end, empty) = (reader.next.clone(), reader.page());
    assert_eq!((&reader.next, empty), (&end, 0));

    // Of one type: the position goes on with what is left out.
    let mut placed = Reader::new(&staff, "type=order.placed&limit=1");
    assert_eq!(placed.page(), 0);
    assert_eq!(placed.next, end);
    let guest = shop.guest();
    let orders: Vec<u64> = (0..3).map(|_| guest.client.order(&[(mug, 1)]).expect(201).id()).collect();
    shop.guest();
    placed.catch_up();
    assert_eq!(placed.objects("order.placed"), orders);
    assert_eq!(placed.next.as_deref(), Reader::at_end(&staff).next.as_deref());

    let key = key_with(&shop, &staff, &["events:read"]);
    let mut program = Reader::new(&key, "limit=100");
    assert_eq!(program.catch_up().len(), 7);

    staff.get("/events?type=order.eaten&limit=0&after=x").expect_bad_fields(&[
        ("type", "invalid_type"),
        ("limit", "invalid_number"),
        ("after", "invalid_cursor"),
    ]);
    let both = format!("/events?at_end=true&after={}", end.unwrap());
    staff.get(&both).expect_bad_fields(&[("after", "not_with_at_end")]);
}

/// Runs the hourly clean-up once a day, so that its belief in the clock keeps up.
fn days_go_by(shop: &Shop, days: i32) -> u64 {
    (0..days)
        .map(|_| {
            shop.app.clock.advance(chrono::Duration::days(1));
            events::prune(&shop.app).unwrap()
        })
        .sum()
}

#[test]
fn what_is_kept_no_more_is_refused_and_never_passed_over() {
    let shop = Shop::open();
    let staff = shop.staff();
    let before_all = Reader::at_end(&staff).next.unwrap();
    let mug = shop.product(&staff, 5);
    let mut reader = Reader::new(&staff, "limit=100");
    reader.catch_up();
    let of_old = reader.next.clone().unwrap();
    // Nobody reads, and all of it gets its number all the same.
    shop.product(&staff, 5);
    assert_eq!(days_go_by(&shop, 88), 0);
    let pot = shop.product(&staff, 5);
    assert_eq!(days_go_by(&shop, 4), 4);
    let staff = shop.staff();
    for gone in [&before_all, &of_old] {
        let refused = staff.get(&format!("/events?after={gone}")).expect_problem(410, "events_gone");
        assert!(refused.body["detail"].as_str().unwrap().contains("at_end=true"), "{}", refused.text);
    }
    let mut oldest = Reader::new(&staff, "limit=1");
    oldest.catch_up();
    assert_eq!(oldest.objects("product.created"), [pot]);
    assert_eq!(oldest.seen[0]["number"], 5);
    assert_eq!(days_go_by(&shop, 90), 2);
    let staff = shop.staff();
    let mut reader = Reader { next: oldest.next.clone(), ..Reader::new(&staff, "limit=1") };
    assert_eq!(reader.new_types(), [""; 0]);
    staff.delete(&format!("/products/{mug}")).expect(204);
    assert_eq!(reader.new_types(), ["product.archived"]);
}

#[test]
fn more_than_one_batch_is_numbered_and_deleted_in_order() {
    let shop = Shop::open();
    let staff = shop.staff();
    shop.sql()
        .query_drop(format!(
            "INSERT INTO events_unnumbered (at, type, object_id, product_ids, fields)
             SELECT NOW(6), 'order.changed', seq, '', '' FROM {} n",
            numbers(3500)
        ))
        .unwrap();
    let mut reader = Reader::new(&staff, "limit=100");
    reader.catch_up();
    reader.check_numbers();
    assert_eq!(reader.objects("order.changed"), (1..=3500).collect::<Vec<u64>>());
    assert_eq!(days_go_by(&shop, 92), 3500);
    let left: u64 = shop.sql().query_first("SELECT COUNT(*) FROM events").unwrap().unwrap();
    assert_eq!(left, 0);
}

/// A backup brings back an older feed, whose next numbers are given a second time.
#[test]
fn a_position_of_before_a_backup_was_restored_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut reader = Reader::new(&staff, "limit=100");
    shop.product(&staff, 0);
    reader.catch_up();
    let kept = reader.next.clone().unwrap();
    for _ in 0..3 {
        shop.product(&staff, 0);
    }
    reader.catch_up();
    let lost = reader.next.clone().unwrap();
    let mut sql = shop.sql();
    sql.query_drop("DELETE FROM events WHERE number > 1").unwrap();
    sql.query_drop("UPDATE event_feed SET last_number = 1, numbered_at = (SELECT numbered_at FROM events WHERE number = 1)").unwrap();
    // Another node of a cluster may know of it in a moment.
    let page = staff.get(&format!("/events?after={lost}")).expect(200);
    assert_eq!(page.body, json!({"data": [], "next": lost}));
    shop.app.clock.advance(chrono::Duration::minutes(2));
    staff.get(&format!("/events?after={lost}")).expect_problem(410, "events_gone");
    for _ in 0..4 {
        shop.product(&staff, 0);
    }
    staff.get("/events").expect(200);
    staff.get(&format!("/events?after={lost}")).expect_problem(410, "events_gone");
    assert_eq!(Reader { next: Some(kept), ..Reader::new(&staff, "limit=100") }.catch_up().len(), 4);
    shop.abandon();
}

#[test]
fn each_thing_that_happens_has_its_type() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mut reader = Reader::at_end(&staff);
    let mug = shop.product(&staff, 50);
    let product = format!("/products/{mug}");
    assert_eq!(reader.new_types(), ["product.created", "stock.moved"]);
    staff.patch(&product, json!({"price": "2.00"})).expect(200);
    assert_eq!(reader.new_types(), ["product.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!(["price"]));
    staff.patch(&format!("{product}/stock"), json!({"reorder_multiple": 2})).expect(200);
    assert_eq!(reader.new_types(), ["stock.changed"]);
    let moved = json!({"delta": -1, "reason": "damaged", "note": "Dropped by Ada"});
    staff.post(&format!("{product}/stock/movements"), moved).expect(201);
    assert_eq!(reader.new_types(), ["stock.moved"]);

    let ada = shop.guest();
    let customer = format!("/customers/{}", ada.id);
    assert_eq!(reader.new_types(), ["customer.created"]);
    ada.client.patch(&customer, json!({"phone": "555-0199"})).expect(200);
    assert_eq!(reader.new_types(), ["customer.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!(["phone"]));
    let account = json!({"username": "ada.of.the.feed", "password": "a password for the feed"});
    let account = ada.client.post("/customer_accounts", account).expect(201).id();
    assert_eq!(reader.new_types(), ["customer.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!(["account_id"]));
    ada.client.delete(&format!("/customer_accounts/{account}")).expect(204);
    assert_eq!(reader.new_types(), ["customer.changed"]);

    let ada = shop.guest();
    let customer = format!("/customers/{}", ada.id);
    reader.new_types();
    let body = json!({"items": [{"product_id": mug, "quantity": 2}], "note": "for Ada"});
    let order = ada.client.post("/orders", body).expect(201).id();
    assert_eq!(reader.new_types(), ["order.placed"]);
    assert_eq!(
        (&reader.seen[0]["object_id"], &reader.seen[0]["product_ids"]),
        (&json!(order), &json!([mug]))
    );
    let path = format!("/orders/{order}");
    for (step, types) in [
        ("confirm", &["order.confirmed"][..]),
        ("confirm", &[]),
        ("ship", &["order.shipped", "stock.moved"]),
        ("ship", &[]),
        ("deliver", &["order.delivered"]),
        ("reopen", &["order.reopened"]),
        ("lost", &["order.lost"]),
        ("returned", &["order.returned"]),
    ] {
        staff.post(&format!("{path}/{step}"), json!({})).expect(200);
        assert_eq!(reader.new_types(), types, "{step}");
    }
    let called_off = ada.client.order(&[(mug, 1)]).expect(201).id();
    staff
        .patch(&format!("/orders/{called_off}"), json!({"expected_delivery_date": "2999-01-01"}))
        .expect(200);
    ada.client.post(&format!("/orders/{called_off}/cancel"), json!({})).expect(200);
    assert_eq!(reader.new_types(), ["order.placed", "order.changed", "order.cancelled"]);
    ada.client.delete(&customer).expect(204);
    // Of the cancelled one the days that were corrected go from its history.
    assert_eq!(reader.new_types(), ["order.changed", "order.changed", "customer.erased"]);
    assert_eq!(reader.objects("order.changed"), [order, called_off]);

    let rule =
        json!({"reorder_point": 100, "reorder_target": 200, "lead_time_days": 3, "reorder_multiple": 1});
    staff.patch(&format!("{product}/stock"), rule).expect(200);
    reader.new_types();
    staff.post("/restock/runs", json!({})).expect(201);
    assert_eq!(
        reader.new_types(),
        [
            "restock_run.started",
            "purchase_order.created",
            "purchase_order.changed",
            "purchase_order.ordered",
            "restock_run.finished"
        ]
    );
    let opened = reader.objects("purchase_order.ordered")[0];
    staff
        .post(
            &format!("/purchase_orders/{opened}/receive"),
            json!({"lines": [{"product_id": product.rsplit_once('/').unwrap().1.parse::<u64>().unwrap(), "quantity": 5}]}),
        )
        .expect(200);
    let mut types = reader.new_types();
    types.sort_unstable();
    assert_eq!(types, ["purchase_order.received", "stock.moved"]);
    staff.post(&format!("/purchase_orders/{opened}/cancel"), json!({})).expect(200);
    assert_eq!(reader.new_types(), ["purchase_order.cancelled"]);
    staff.delete(&product).expect(204);
    staff.post(&format!("{product}/restore"), json!({})).expect(200);
    assert_eq!(reader.new_types(), ["product.archived", "product.restored"]);

    let potters = shop.supplier(&staff, 7);
    assert_eq!(reader.new_types(), ["supplier.created"]);
    let supplier = format!("/suppliers/{potters}");
    staff.patch(&supplier, json!({"phone": "555-0123"})).expect(200);
    assert_eq!(reader.new_types(), ["supplier.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!(["phone"]));
    staff.offer(potters, mug, json!({"cost": "1.10", "preferred": true})).expect(201);
    staff.offer(potters, mug, json!({"cost": "1.20", "preferred": true})).expect(200);
    staff.offer(potters, mug, json!({"cost": "1.20", "preferred": true})).expect(200);
    assert_eq!(reader.new_types(), ["supplier.changed", "supplier.changed"]);
    assert_eq!(reader.seen[1]["fields"], json!([format!("products[{mug}].cost")]));
    staff.delete(&format!("{supplier}{product}")).expect(204);
    assert_eq!(reader.new_types(), ["supplier.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!([format!("products[{mug}]")]));
    staff.delete(&supplier).expect(204);
    staff.post(&format!("{supplier}/restore"), json!({})).expect(200);
    assert_eq!(reader.new_types(), ["supplier.archived", "supplier.restored"]);

    shop.sql().exec_drop("UPDATE stock SET reserved = 7 WHERE product_id = ?", (mug,)).unwrap();
    assert_eq!(run(&shop.database_url, &["verify", "--repair"]).code, Some(0));
    assert_eq!(reader.new_types(), ["stock.changed"]);
    assert_eq!(reader.seen[0]["fields"], json!(["reserved"]));
    let read: BTreeSet<String> =
        shop.sql().query("SELECT DISTINCT type FROM events").unwrap().into_iter().collect();
    let known: BTreeSet<String> = Kind::ALL.iter().map(|kind| kind.text().to_owned()).collect();
    assert_eq!(read, known, "a type that nothing here leads to");
}

#[test]
fn an_erasure_tells_of_each_order_whose_history_says_less_since() {
    let shop = Shop::open();
    let (staff, ada) = (shop.staff(), shop.guest());
    let mug = shop.product(&staff, 10);
    let shipped = |sent: Value| {
        let order = ada.client.order(&[(mug, 1)]).expect(201).id();
        staff.post(&format!("/orders/{order}/ship"), sent).expect(200);
        order
    };
    let [noted, corrected, silent] = [json!({}), json!({"tracking_number": "JD1"}), json!({})].map(shipped);
    staff.post(&format!("/orders/{noted}/lost"), json!({"note": "Ada was away"})).expect(200);
    staff.patch(&format!("/orders/{corrected}"), json!({"tracking_number": null})).expect(200);
    for order in [corrected, silent] {
        staff.post(&format!("/orders/{order}/deliver"), json!({})).expect(200);
    }
    let mut reader = Reader::at_end(&staff);
    ada.client.delete(&format!("/customers/{}", ada.id)).expect(204);
    assert_eq!(reader.new_types(), ["order.changed", "order.changed", "customer.erased"]);
    assert_eq!(reader.objects("order.changed"), [noted, corrected]);
}

#[test]
fn what_the_programs_do_is_told_too_and_prune_says_what_it_deleted() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 5);
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let mut reader = Reader::at_end(&staff);
    shop.sql()
        .exec_drop("UPDATE orders SET placed_at = placed_at - INTERVAL 3 DAY WHERE id = ?", (order,))
        .unwrap();
    shop.sql()
        .exec_drop(
            "UPDATE order_lines SET placed_at = placed_at - INTERVAL 3 DAY WHERE order_id = ?",
            (order,),
        )
        .unwrap();
    let mut prune = storekeeper(&shop.database_url);
    let pruned =
        run_command(prune.arg("prune").env("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "24")).expect_success();
    assert!(pruned.contains("0 old events") && pruned.contains("cancelled 1 unconfirmed"), "{pruned}");
    assert_eq!(reader.new_types(), ["order.cancelled"]);
    assert_eq!(reader.seen[0]["product_ids"], json!([product]));
}

/// A type that is new finds its place in the documents, or this says that it has none.
#[test]
fn every_type_is_in_the_readme_and_in_the_description() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let described: Value = serde_json::from_str(&DESCRIPTION.text).unwrap();
    let described = &described["components"]["schemas"]["EventType"]["enum"];
    let types: Vec<&str> = Kind::ALL.iter().map(|kind| kind.text()).collect();
    assert_eq!(described, &json!(types));
    let mut by_object: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (object, what) in types.iter().map(|text| text.split_once('.').expect("an object")) {
        by_object.entry(object).or_default().push(what);
    }
    for (object, whats) in by_object {
        let row = format!("| `{object}.` | `{}` |", whats.join("` `"));
        assert!(readme.contains(&row), "the README has no row {row}");
    }
}
