//! The database's disk fills up: changes are refused with a code of their own, reads go on, the service says
//! that it is not ready, and all is well by itself once there is room.

use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Answer, Client};
use crate::fixtures::{items_json, unique};
use crate::harness::{MariaDb, Shop};

/// What a new database takes, MySQL's more than MariaDB's, and a little more.
const DISK_MEGABYTES: u32 = 240;
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes something large, over and over, until it is refused for want of room.
fn until_refused(staff: &Client) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let body = json!({"name": "Manual", "price": "1", "description": "x".repeat(5000), "stock": 1});
        let answer = staff.post_once(&unique("key"), "/products", body);
        if answer.status != 201 {
            return answer;
        }
        assert!(Instant::now() < deadline, "a full disk takes more and more");
    }
}

#[test]
fn a_full_disk_refuses_changes_until_there_is_room_again() {
    let Some(mariadb) = MariaDb::start_small(DISK_MEGABYTES) else {
        // Written past what the test runner keeps to itself.
        let why =
            "SKIPPED storage: only who may mount a file system can fill a disk of its own; run it as root";
        writeln!(std::io::stderr(), "{why}").unwrap();
        return;
    };
    let shop = Shop::open_on(&mariadb, &mariadb.fresh_database(), &[]);
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 1000);
    shop.anyone().get("/readyz").expect(200);

    let ballast = mariadb.folder.join("data/ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 64 * 1024]).is_ok() {}
    drop(file);

    let refused = until_refused(&staff).expect_problem(503, "storage_full");
    assert!(refused.header("Retry-After").is_some(), "{}", refused.text);
    shop.anyone().get("/readyz").expect_problem(503, "storage_full");
    shop.anyone().get("/products").expect(200);
    staff.get("/events?limit=100").expect(200);
    shop.anyone().get("/healthz").expect(200);
    // What still finds room may be kept; nothing else than that and the refusal is answered.
    let order = json!({"items": items_json(&[(product, 1)])});
    let mut placed = 0;
    for number in 0..50 {
        let answer = guest.client.post_once(&format!("order-{number}"), "/orders", order.clone());
        if answer.status == 201 {
            placed += 1;
        } else {
            answer.expect_problem(503, "storage_full");
        }
    }

    fs::remove_file(&ballast).unwrap();
    for number in 0..50 {
        let answer = guest.client.post_once(&format!("order-{number}"), "/orders", order.clone()).expect(201);
        placed -= i32::from(answer.header("Idempotency-Replayed").is_some());
    }
    assert_eq!(placed, 0, "what was answered 201 is there, and nothing else");
    let deadline = Instant::now() + PATIENCE;
    while shop.anyone().get("/readyz").status != 200 {
        assert!(Instant::now() < deadline, "it never gets ready again");
        thread::sleep(Duration::from_millis(100));
    }
}
