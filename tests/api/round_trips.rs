//! How often a request goes to the database and back, as the database itself counts it. Each trip is
//! time that every caller waits, and no statement may be sent once for each line of an order.

use std::ops::Sub;

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::json;

use crate::client::Client;
use crate::fixtures::{gtin, items_json, unique};
use crate::harness::{MariaDb, Shop};

/// What the database has been asked since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    /// Statements, prepared or not; BEGIN and COMMIT are statements.
    statements: u64,
    prepared: u64,
    pings: u64,
    connections: u64,
}

impl Sub for Asked {
    type Output = Asked;

    fn sub(self, before: Asked) -> Asked {
        Asked {
            statements: self.statements - before.statements,
            prepared: self.prepared - before.prepared,
            pings: self.pings - before.pings,
            connections: self.connections - before.connections,
        }
    }
}

/// A shop on a database of its own, with one connection, and one for us to look at the counters.
struct Counted {
    shop: Shop,
    staff: Client,
    guest: Client,
    counters: Conn,
    _mariadb: MariaDb,
}

impl Counted {
    fn open() -> Counted {
        let mariadb = MariaDb::start();
        let database = mariadb.fresh_database();
        let shop = Shop::open_on(&mariadb, &database, &[("STOREKEEPER_DATABASE_CONNECTIONS", "1")]);
        let (staff, guest) = (shop.staff(), shop.guest().client);
        let counters = mariadb.connect("mysql");
        Counted { shop, staff, guest, counters, _mariadb: mariadb }
    }

    fn asked(&mut self) -> Asked {
        let status: Vec<(String, u64)> = self
            .counters
            .query(
                "SHOW GLOBAL STATUS WHERE Variable_name IN
                 ('Questions', 'Com_stmt_prepare', 'Com_stmt_reprepare', 'Com_admin_commands', 'Connections')",
            )
            .unwrap();
        let count = |name: &str| status.iter().find(|(known, _)| known == name).expect("a counter").1;
        Asked {
            statements: count("Questions"),
            // What a server prepares anew by itself it counts with what it was asked to.
            prepared: count("Com_stmt_prepare") - count("Com_stmt_reprepare"),
            pings: count("Com_admin_commands"),
            connections: count("Connections"),
        }
    }

    /// What `work` asks of the database, without the question of how much that is.
    fn during<T>(&mut self, work: impl FnOnce(&Counted) -> T) -> Asked {
        let before = self.asked();
        work(self);
        let asked = self.asked() - before;
        Asked { statements: asked.statements - 1, ..asked }
    }

    /// How many statements `work` sends when it is done again. Then nothing is prepared any more, no
    /// connection is opened and none is pinged.
    fn repeated<T>(&mut self, work: impl Fn(&Counted) -> T) -> u64 {
        work(self);
        let asked = self.during(&work);
        let expected = Asked { statements: asked.statements, prepared: 0, pings: 0, connections: 0 };
        assert_eq!(asked, expected);
        asked.statements
    }

    fn products(&self, count: usize) -> Vec<(u64, i64)> {
        (0..count).map(|_| (self.shop.product(&self.staff, 1000), 1)).collect()
    }

    fn place(&self, items: &[(u64, i64)]) -> u64 {
        let body = json!({"items": items_json(items)});
        self.guest.post_once(&unique("key"), "/orders", body).expect(201).id()
    }
}

#[test]
fn the_counters_count() {
    let mut counted = Counted::open();
    let mut conn = counted.shop.sql();
    let nothing = counted.during(|_| {});
    assert_eq!(nothing, Asked { statements: 0, prepared: 0, pings: 0, connections: 0 });
    let known = counted.during(|counted| {
        conn.ping().unwrap();
        conn.query_drop("START TRANSACTION").unwrap();
        for _ in 0..2 {
            conn.exec_drop("SELECT id FROM products WHERE id = ?", (1,)).unwrap();
        }
        conn.query_drop("COMMIT").unwrap();
        drop(counted.shop.sql());
    });
    // A connection that is opened asks for its settings too.
    assert_eq!((known.prepared, known.pings, known.connections), (1, 1, 1), "{known:?}");
    assert!(known.statements >= 4, "{known:?}");
}

#[test]
fn round_trips_are_few_and_do_not_grow_with_the_lines() {
    let mut counted = Counted::open();
    let items = counted.products(30);
    let product = format!("/products/{}", items[0].0);

    let anyone = counted.shop.anyone();
    assert_eq!(counted.repeated(|_| anyone.get(&product).expect(200)), 1);
    assert_eq!(counted.repeated(|counted| counted.guest.get(&product).expect(200)), 2);
    assert_eq!(counted.repeated(|_| anyone.get("/products").expect(200)), 1);
    let what_if = |counted: &Counted| {
        let proposal = json!({"reorder_point": 1, "reorder_target": 9});
        counted.staff.post(&format!("{product}/stock/what-if"), proposal).expect(200)
    };
    assert_eq!(counted.repeated(what_if), 7);

    let three = counted.repeated(|counted| counted.place(&items[..3]));
    let thirty = counted.repeated(|counted| counted.place(&items));
    // The session with the stored answer, BEGIN, the products, the order, its lines, the key with its answer, the
    // reservation, and in one round trip the entry in the feed and COMMIT.
    assert_eq!(three, 9);
    assert_eq!(thirty, three);

    for steps in [&["cancel"][..], &["ship", "deliver"]] {
        let walk = |counted: &Counted, items: &[(u64, i64)]| {
            let id = counted.place(items);
            for step in steps {
                counted.staff.post(&format!("/orders/{id}/{step}"), json!({})).expect(200);
            }
        };
        let three = counted.repeated(|counted| walk(counted, &items[..3]));
        assert_eq!(counted.repeated(|counted| walk(counted, &items)), three, "{steps:?}");
    }
}

#[test]
fn what_an_order_has_earned_is_read_with_its_lines() {
    let mut counted = Counted::open();
    let items = counted.products(3);
    let (clerk, manager) = (counted.shop.clerk(), counted.shop.with_token(counted.staff.token()));
    let mut costs = |client: &Client| {
        let shipped = counted.repeated(|counted| client.ship(counted.place(&items)).expect(200));
        let read = counted.repeated(|_| client.get("/orders/1").expect(200));
        (shipped, read, counted.repeated(|_| client.get("/orders").expect(200)))
    };
    let (shipped, read, list) = costs(&clerk);
    // A manager who ships is told what it has earned, which is known once its units have left.
    assert_eq!(costs(&manager), (shipped + 1, read, list));
}

#[test]
fn lists_take_as_many_round_trips_for_one_as_for_twenty() {
    let mut counted = Counted::open();
    let items = counted.products(3);
    for _ in 0..20 {
        counted.place(&items);
    }
    for limit in [1, 20] {
        let own = format!("/orders?limit={limit}");
        let all = format!("/products?limit={limit}");
        assert_eq!(counted.repeated(|counted| counted.guest.get(&own).expect(200)), 3, "{own}");
        assert_eq!(counted.repeated(|counted| counted.staff.get(&all).expect(200)), 2, "{all}");
    }
}

/// A product's barcodes are read with it, and written only when they change.
#[test]
fn barcodes_cost_a_round_trip_only_where_they_are_written() {
    let mut counted = Counted::open();
    let barcodes = json!([{"code": gtin("1")}, {"code": gtin("2"), "units": 6}]);
    let body = json!({"name": "Mug", "price": "1.00", "barcodes": barcodes});
    let with = format!("/products/{}", counted.staff.post("/products", body).expect(201).id());
    let without = format!("/products/{}", counted.products(1)[0].0);
    let anyone = counted.shop.anyone();
    for path in [
        with.as_str(),
        &format!("/products?barcode={}", gtin("2")),
        "/products?sku=none",
        "/products?ids=1,2,3,4,5",
        "/products?limit=20",
        "/categories",
    ] {
        assert_eq!(counted.repeated(|_| anyone.get(path).expect(200)), 1, "{path}");
    }
    let priced = |counted: &Counted, path: &str| {
        counted.staff.patch(path, json!({"price": unique("").replace('-', "")})).expect(200)
    };
    let plain = counted.repeated(|counted| priced(counted, &without));
    assert_eq!(counted.repeated(|counted| priced(counted, &with)), plain);
    let recoded = counted.repeated(|counted| {
        let barcodes = json!([{"code": gtin(&unique(""))}, {"code": gtin("1")}]);
        counted.staff.patch(&with, json!({"barcodes": barcodes})).expect(200)
    });
    assert_eq!(recoded, plain + 2);
}

#[test]
fn a_replay_asks_for_no_more_than_its_stored_answer() {
    let mut counted = Counted::open();
    let body = json!({"items": items_json(&counted.products(3))});
    let send = |counted: &Counted| counted.guest.post_once("key", "/orders", body.clone()).expect(201);
    send(&counted);
    let replay = counted.repeated(|counted| {
        assert_eq!(send(counted).header("Idempotency-Replayed"), Some("true"));
    });
    // The session, with the stored answer.
    assert_eq!(replay, 1);
}

#[test]
fn an_erasure_asks_for_as_much_however_many_notes_may_name_the_person() {
    let mut counted = Counted::open();
    let (product, _) = counted.products(1)[0];
    let ledger = format!("/products/{product}/stock/movements");
    let mut erased = |notes: usize| {
        for _ in 0..notes {
            let note = json!({"delta": 1, "reason": "return", "note": "for Ada"});
            counted.staff.post(&ledger, note).expect(201);
        }
        let customer = format!("/customers/{}", counted.shop.guest().id);
        let asked = counted.during(|counted| counted.staff.delete(&customer).expect(204));
        let mentions: usize =
            counted.shop.sql().query_first("SELECT COUNT(*) FROM mentions").unwrap().unwrap_or(0);
        (asked.statements, mentions)
    };
    erased(1);
    let (few, _) = erased(0);
    let (many, mentions) = erased(39);
    assert_eq!((many, mentions), (few, 40));
}
