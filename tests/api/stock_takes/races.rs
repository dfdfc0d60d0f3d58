//! Counting and booking while the shop goes on, and by several people at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::unique;
use crate::harness::Shop;
use crate::shelves::{Dice, Rule, together};

#[test]
fn no_scan_of_many_people_is_lost() {
    const PEOPLE: usize = 8;
    const SCANS: usize = 25;
    let shop = Shop::open();
    let staff = shop.staff();
    let [mug, pot, found] = [(); 3].map(|()| shop.product(&staff, 10));
    let take = staff.open_take(json!({}));
    let path = format!("/stock_takes/{take}/counts");
    together(PEOPLE, |person| {
        let client = shop.with_token(staff.token());
        for scan in 0..SCANS {
            // Of several products at once, in any order; and each request twice, under its key.
            let mut counts = vec![json!({"product_id": mug, "add": 1}), json!({"product_id": pot, "add": 2})];
            counts.push(json!({"product_id": found, "add": 1}));
            counts.rotate_left((person + scan) % 3);
            let key = unique("scan");
            for _ in 0..2 {
                client.post_once(&key, &path, json!({"counts": counts})).expect(200);
            }
        }
    });
    let scans = (PEOPLE * SCANS) as i64;
    let counted = [mug, pot, found].map(|product| staff.line(take, product)["counted"].as_i64().unwrap());
    assert_eq!(counted, [scans, 2 * scans, scans]);
}

#[test]
fn a_product_that_several_people_find_at_once_is_taken_in_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    staff.post("/products", json!({"name": "Mug", "price": "1.00", "category": "Mugs"})).expect(201);
    for _ in 0..10 {
        let found = shop.product(&staff, 10);
        let take = staff.open_take(json!({"category": "Mugs"}));
        together(6, |_| {
            let client = shop.with_token(staff.token());
            client.count(take, json!([{"product_id": found, "add": 1}])).expect(200);
        });
        assert_eq!(staff.line(take, found)["counted"], 6);
    }
}

#[test]
fn several_who_book_at_once_book_once() {
    let shop = Shop::open();
    let staff = shop.staff();
    let products: Vec<u64> = (0..130).map(|_| shop.product(&staff, 10)).collect();
    for round in 0..4 {
        let take = staff.open_take(json!({}));
        for some in products.chunks(100) {
            let counts: Vec<Value> =
                some.iter().map(|id| json!({"product_id": id, "counted": 9 - round})).collect();
            staff.count(take, json!(counts)).expect(200);
        }
        let answers = together(5, |_| shop.with_token(staff.token()).book(take).expect(200));
        for answer in &answers {
            assert_eq!(answer.body["refused"], json!([]), "{}", answer.text);
        }
        assert_eq!(staff.take(take)["status"], "booked");
        let booked = staff.all_pages(&format!("/stock_takes/{take}/lines?booked=true&limit=100"));
        assert_eq!(booked.len(), products.len());
    }
    for product in products {
        assert_eq!((staff.on_hand(product), staff.ledger(product).len()), (6, 5));
    }
}

#[test]
fn of_booking_and_calling_off_one_happens() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 1000);
    for round in 0..20 {
        let before = staff.on_hand(mug);
        let take = staff.open_take(json!({}));
        staff.count_one(take, mug, before - 1);
        let answers = together(2, |who| {
            let client = shop.with_token(staff.token());
            match who {
                0 => client.book(take),
                _ => client.post(&format!("/stock_takes/{take}/cancel"), json!({})),
            }
        });
        let said =
            (answers[0].status, answers[1].status, staff.take(take)["status"].clone(), staff.on_hand(mug));
        let allowed = [(200, 409, json!("booked"), before - 1), (409, 200, json!("cancelled"), before)];
        assert!(allowed.contains(&said), "round {round}: {said:?}");
    }
}

/// A shipment, with when it was asked for and when it was answered.
struct Shipment {
    asked: Instant,
    answered: Instant,
}

/// Whoever watches the shelf sees it: what was answered before the count was sent is in what was expected, what was asked
/// for after its answer is not, and on hand is what was counted without all that the ledger dates later.
#[test]
fn a_count_among_shipments_is_booked_to_the_unit() {
    const STOCK: i64 = 5_000;
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    for round in 0..4 {
        let mug = shop.product(&staff, STOCK);
        let take = staff.open_take(json!({}));
        let shipments = Mutex::new(Vec::new());
        let over = AtomicBool::new(false);
        let (counted, sent, received) = thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let (client, guest) = (shop.with_token(staff.token()), shop.guest());
                    while !over.load(Ordering::Relaxed) {
                        let order = guest.client.order(&[(mug, 1)]).expect(201).id();
                        let asked = Instant::now();
                        client.ship(order).expect(200);
                        shipments.lock().unwrap().push(Shipment { asked, answered: Instant::now() });
                    }
                });
            }
            thread::sleep(Duration::from_millis(200));
            // Ten less than there are, as far as anybody can say.
            let counted = staff.on_hand(mug) - 10;
            let sent = Instant::now();
            staff.count_one(take, mug, counted);
            let received = Instant::now();
            thread::sleep(Duration::from_millis(50 * round));
            staff.book(take).expect(200);
            thread::sleep(Duration::from_millis(100));
            over.store(true, Ordering::Relaxed);
            (counted, sent, received)
        });
        let shipments = shipments.into_inner().unwrap();
        let before = shipments.iter().filter(|shipment| shipment.answered < sent).count() as i64;
        let not_after = shipments.iter().filter(|shipment| shipment.asked <= received).count() as i64;
        let line = staff.line(take, mug);
        let expected = line["expected"].as_i64().unwrap();
        let is_in = STOCK - expected;
        assert!(
            (before..=not_after).contains(&is_in),
            "{before}..={not_after} were sent by then, not {is_in}"
        );
        assert_eq!(staff.on_hand(mug), counted - (shipments.len() as i64 - is_in), "round {round}");
        assert!(shipments.len() as i64 > is_in, "nothing was sent after the count");
    }
}

/// Orders, shipments, deliveries, damage, counts and bookings of several takes for a while: afterwards every invariant
/// holds, and what was counted last of each product explains what is there.
#[test]
fn the_books_are_right_after_takes_among_everything_else() {
    let shop = Shop::open_with(&[("STOREKEEPER_DATABASE_CONNECTIONS", "16")]);
    let staff = shop.staff();
    let rule = Rule { point: 50, target: 90, multiple: 1, lead_days: 0 };
    let products = [(); 4].map(|()| shop.watched(&staff, 60, rule));
    let over = AtomicBool::new(false);
    let booked = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let keep_doing = |seed: u64, work: fn(&Client, &[u64; 4], &mut Dice, &Mutex<Vec<u64>>)| {
            let (shop, staff, over, booked, products) = (&shop, &staff, &over, &booked, &products);
            scope.spawn(move || {
                let (client, mut dice) = (shop.with_token(staff.token()), Dice(seed));
                while !over.load(Ordering::Relaxed) {
                    work(&client, products, &mut dice, booked);
                }
            });
        };
        for seed in 0..2 {
            keep_doing(seed, |staff, products, dice, _| {
                let product = products[dice.below(4) as usize];
                let delta = [-2, -1, 1, 3][dice.below(4) as usize];
                let reason = if delta < 0 { "damaged" } else { "return" };
                let moved = staff.move_stock(product, json!({"delta": delta, "reason": reason}));
                assert!([201, 409].contains(&moved.status), "{}", moved.text);
            });
            keep_doing(10 + seed, |staff, products, dice, booked| {
                let take = staff.open_take(json!({}));
                for product in products {
                    let counted = (staff.on_hand(*product) + dice.between(-3, 3)).max(0);
                    staff.count(take, json!([{"product_id": product, "counted": counted}])).expect(200);
                }
                // Some lines are refused, since the other take has booked the same product since.
                staff.book(take).expect(200);
                booked.lock().unwrap().push(take);
            });
        }
        keep_doing(20, |staff, _, _, _| {
            staff.post("/restock/runs", json!({})).expect(201);
        });
        let guest = shop.guest();
        let (over, staff, products) = (&over, &staff, &products);
        let client = shop.with_token(staff.token());
        scope.spawn(move || {
            let mut dice = Dice(30);
            while !over.load(Ordering::Relaxed) {
                let items = [0, 1].map(|at| (products[2 * at + dice.below(2) as usize], dice.between(1, 3)));
                let placed = guest.client.order(&items);
                if placed.status == 201 {
                    assert!([200, 409].contains(&client.ship(placed.id()).status));
                }
            }
        });
        // Longer where much else is at work, so that there is something to prove.
        for _ in 0..15 {
            thread::sleep(Duration::from_secs(4));
            if booked.lock().unwrap().len() > 12 {
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let mut lines = 0;
    for product in products {
        let ledger = staff.ledger(product);
        for take in booked.lock().unwrap().iter() {
            let line = staff.line(*take, product);
            if line["booked_at"] == Value::Null {
                continue;
            }
            lines += 1;
            let moved_since = ledger.iter().filter(|movement| {
                movement["at"].as_str() > line["counted_at"].as_str() && movement["stock_take_id"] != *take
            });
            let since: i64 = moved_since.map(|movement| movement["delta"].as_i64().unwrap()).sum();
            assert_eq!(
                line["counted"].as_i64().unwrap() + since,
                ledger[0]["balance_after"].as_i64().unwrap()
            );
        }
    }
    assert!(lines > 20, "{lines} booked lines prove little");
}
