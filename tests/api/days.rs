//! The shop's days: where they begin and end, on which it works, and how they are written.

use std::fs;
use std::path::PathBuf;

use mysql::prelude::Queryable;
use serde_json::{Value, json};
use storekeeper::values::{Input, Timestamp};

use crate::client::Client;
use crate::fixtures::unique;
use crate::harness::Shop;
use crate::paging::ids_of;
use crate::shelves::Rule;

/// A file of holidays that goes with the test.
pub struct Holidays(PathBuf);

impl Holidays {
    pub fn of(text: impl AsRef<[u8]>) -> Holidays {
        let path = std::env::temp_dir().join(format!("{}-{}", unique("holidays"), std::process::id()));
        fs::write(&path, text).expect("a file");
        Holidays(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }
}

impl Drop for Holidays {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A shop in a zone, at a moment, whose sessions outlive the weeks of a test.
fn shop_in(zone: &str, at: &str, holidays: &str) -> Shop {
    let holidays = Holidays::of(holidays);
    let shop = Shop::open_with(&[
        ("STOREKEEPER_TIME_ZONE", zone),
        ("STOREKEEPER_HOLIDAYS", holidays.path()),
        ("STOREKEEPER_SESSION_IDLE_HOURS", "8760"),
        ("STOREKEEPER_SESSION_MAX_HOURS", "8760"),
    ]);
    shop.to(at);
    shop
}

const CHRISTMAS: &str = "# Closed\n2026-12-25  # Christmas Day\n2026-12-26\n2027-01-01\n";

#[test]
fn delivery_is_expected_on_working_days_of_the_shops_zone() {
    for (zone, at, expected) in [
        // A Thursday; then Monday to Wednesday.
        ("UTC", "2026-12-24T12:00:00Z", "2026-12-30"),
        ("UTC", "2026-12-24T23:30:00Z", "2026-12-30"),
        // A holiday is like a Sunday: counted from the next working day's eve.
        ("UTC", "2026-12-25T00:00:00Z", "2026-12-30"),
        ("UTC", "2026-12-28T12:00:00Z", "2026-12-31"),
        ("UTC", "2026-12-29T12:00:00Z", "2027-01-04"),
        // It is the 24th still, or the 23rd.
        ("Europe/Berlin", "2026-12-24T22:30:00Z", "2026-12-30"),
        ("Pacific/Pago_Pago", "2026-12-24T10:30:00Z", "2026-12-29"),
        // It is the 29th already.
        ("Pacific/Kiritimati", "2026-12-28T10:00:00Z", "2027-01-04"),
        ("Europe/Berlin", "2026-12-28T23:00:00Z", "2027-01-04"),
    ] {
        let shop = shop_in(zone, at, CHRISTMAS);
        let mug = shop.product(&shop.staff(), 1);
        let order = shop.guest().client.order(&[(mug, 1)]).expect(201);
        assert_eq!(order.body["expected_delivery_date"], expected, "{at} in {zone}");
    }
}

#[test]
fn no_delivery_is_expected_before_the_shops_day_of_the_order() {
    let shop = shop_in("Pacific/Kiritimati", "2026-11-25T11:00:00Z", "");
    let staff = shop.staff();
    let mug = shop.product(&staff, 1);
    let order = format!("/orders/{}", shop.guest().client.order(&[(mug, 1)]).expect(201).id());
    let refused = staff.patch(&order, json!({"expected_delivery_date": "2026-11-25"}));
    let refused = refused.expect_bad_fields(&[("expected_delivery_date", "before_order_date")]);
    assert_eq!(refused.body["errors"][0]["message"], "must not be before 2026-11-26");
    staff.patch(&order, json!({"expected_delivery_date": "2026-11-26"})).expect(200);
}

#[test]
fn a_delivery_date_is_written_in_one_way() {
    let shop = Shop::open();
    let staff = shop.staff();
    let mug = shop.product(&staff, 1);
    let order = format!("/orders/{}", shop.guest().client.order(&[(mug, 1)]).expect(201).id());
    let bad = [
        "+2126-12-2",
        " 2126-12-2",
        "2126-12-2",
        "2126-1-1",
        "２１２６-12-02",
        "2126-12-02 ",
        "2126-02-30",
        "2126/12/02",
        "02.12.2126",
        "21261202",
        "2126-12-02T00:00:00Z",
        "0999-12-31",
        "10000-01-01",
        "-2126-12-2",
        "2126‐12‐02",
        "tomorrow",
    ];
    for date in bad.map(|date| json!(date)).into_iter().chain([json!(21_261_202), json!(["2126-12-02"])]) {
        let refused = staff.patch(&order, json!({"expected_delivery_date": date}));
        let refused = refused.expect_bad_fields(&[("expected_delivery_date", "invalid_date")]);
        let message = refused.body["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("YYYY-MM-DD"), "{date}: {message}");
    }
    for date in ["2126-12-02", "9999-12-31"] {
        staff.patch(&order, json!({"expected_delivery_date": date})).expect(200);
    }
}

/// Orders a new product now, and returns the purchase order as it reads.
fn restocked(shop: &Shop, staff: &Client, lead_days: i64) -> Value {
    let product = shop.watched(staff, 0, Rule { point: 5, target: 9, multiple: 1, lead_days });
    staff.restock();
    let id = staff.ordered(product);
    staff.get(&format!("/purchase_orders/{id}")).expect(200).body
}

#[test]
fn a_lead_time_ends_on_a_working_day() {
    for (zone, at, lead_days, expected) in [
        ("UTC", "2026-12-21T09:30:00Z", 3, "2026-12-24T09:30:00.000000Z"),
        // The 25th and 26th are holidays, a Friday and a Saturday.
        ("UTC", "2026-12-21T09:30:00Z", 4, "2026-12-28T09:30:00.000000Z"),
        ("UTC", "2026-12-21T09:30:00Z", 5, "2026-12-28T09:30:00.000000Z"),
        // Ten in the morning is ten in the morning when clocks have changed.
        ("Europe/Berlin", "2027-03-22T09:00:00Z", 8, "2027-03-30T08:00:00.000000Z"),
        ("Pacific/Kiritimati", "2026-12-21T10:00:00Z", 3, "2026-12-27T10:00:00.000000Z"),
    ] {
        let shop = shop_in(zone, at, CHRISTMAS);
        let order = restocked(&shop, &shop.staff(), lead_days);
        // The clock goes on while the test runs: within ten minutes.
        let almost = |time: &str| time[..15].to_owned();
        assert_eq!(
            almost(order["expected_at"].as_str().unwrap()),
            almost(expected),
            "{lead_days} days after {at} in {zone}"
        );
    }
}

#[test]
fn what_is_expected_today_is_late_once_the_shops_day_is_over() {
    // 25 hours, 23 hours, a day that begins at 01:00, and days that are far from UTC's.
    for (zone, ordered, last_moment, over) in [
        ("Europe/Berlin", "2027-10-29T08:00:00Z", "2027-11-01T22:50:00Z", "2027-11-01T23:00:00Z"),
        ("Europe/Berlin", "2027-03-26T08:00:00Z", "2027-03-29T21:50:00Z", "2027-03-29T22:00:00Z"),
        ("Asia/Beirut", "2027-03-26T08:00:00Z", "2027-03-29T20:50:00Z", "2027-03-29T21:00:00Z"),
        ("Pacific/Kiritimati", "2027-03-04T22:00:00Z", "2027-03-08T09:50:00Z", "2027-03-08T10:00:00Z"),
        ("Pacific/Pago_Pago", "2027-03-05T12:00:00Z", "2027-03-09T10:50:00Z", "2027-03-09T11:00:00Z"),
        ("UTC", "2027-03-05T23:59:00Z", "2027-03-08T23:50:00Z", "2027-03-09T00:00:00Z"),
    ] {
        let shop = shop_in(zone, ordered, "");
        let staff = shop.staff();
        let id = restocked(&shop, &staff, 3)["id"].clone();
        let overdue = || {
            let listed = |query: &str| staff.all_pages(&format!("/purchase_orders?overdue={query}")).len();
            let read = staff.get(&format!("/purchase_orders/{id}")).expect(200).body["overdue"].clone();
            assert_eq!(
                (listed("true"), listed("false")),
                if read == true { (1, 0) } else { (0, 1) },
                "{zone}"
            );
            read == true
        };
        assert!(!overdue(), "{zone}");
        shop.to(last_moment);
        assert!(!overdue(), "{last_moment} in {zone}");
        shop.to(over);
        assert!(overdue(), "{over} in {zone}");
    }
}

/// A day's edges, and the moments just within and without them.
const EDGES: [(&str, &str, [&str; 4]); 5] = [
    // A day of 23 hours and one of 25.
    (
        "Europe/Berlin",
        "2027-03-28",
        ["2027-03-27T22:50:00Z", "2027-03-27T23:00:00Z", "2027-03-28T21:50:00Z", "2027-03-28T22:00:00Z"],
    ),
    (
        "Europe/Berlin",
        "2027-10-31",
        ["2027-10-30T21:50:00Z", "2027-10-30T22:00:00Z", "2027-10-31T22:50:00Z", "2027-10-31T23:00:00Z"],
    ),
    // It begins at 01:00.
    (
        "Asia/Beirut",
        "2027-03-28",
        ["2027-03-27T21:50:00Z", "2027-03-27T22:00:00Z", "2027-03-28T20:50:00Z", "2027-03-28T21:00:00Z"],
    ),
    (
        "Pacific/Kiritimati",
        "2027-03-05",
        ["2027-03-04T09:50:00Z", "2027-03-04T10:00:00Z", "2027-03-05T09:50:00Z", "2027-03-05T10:00:00Z"],
    ),
    (
        "Pacific/Pago_Pago",
        "2027-03-05",
        ["2027-03-05T10:50:00Z", "2027-03-05T11:00:00Z", "2027-03-06T10:50:00Z", "2027-03-06T11:00:00Z"],
    ),
];

#[test]
fn a_day_is_all_of_that_day_on_every_list_with_times() {
    for (zone, day, moments) in EDGES {
        let shop = shop_in(zone, moments[0], "");
        shop.hours_pass(-1);
        let staff = shop.staff();
        let guest = shop.guest();
        let product = shop.product(&staff, 10);
        for moment in moments {
            shop.to(moment);
            guest.client.order(&[(product, 1)]).expect(201);
            staff.move_stock(product, json!({"delta": 1, "reason": "found"})).expect(201);
            staff.post("/restock/runs", json!({})).expect(201);
        }
        let lists = [
            "/orders?".to_owned(),
            format!("/orders?customer_id={}", guest.id),
            format!("/customers/{}/orders?", guest.id),
            "/stock/movements?reason=found".to_owned(),
            format!("/products/{product}/stock/movements?"),
            format!("/products/{product}/stock/movements?reason=found"),
            "/audit?object=stock".to_owned(),
            "/restock/runs?".to_owned(),
        ];
        let at = |row: &Value| {
            let time = ["order_date", "at", "started_at"].iter().find_map(|name| row[name].as_str());
            time.expect("a time").to_owned()
        };
        for list in &lists {
            let found = |query: &str| {
                let rows = staff.all_pages(&format!("{list}&{query}"));
                rows.iter().map(at).collect::<Vec<_>>()
            };
            let within = found(&format!("from={day}&to={day}"));
            assert_eq!(within.len(), 2, "{list} on {day} in {zone}: {within:?}");
            assert_eq!(
                (&within[1][..15], &within[0][..15]),
                (&moments[1][..15], &moments[2][..15]),
                "{list}"
            );
            assert_eq!(found(&format!("from={day}")).len(), 3, "{list}");
            // Only the ledger begins with what was there.
            let before = if list.ends_with("movements?") { 4 } else { 3 };
            assert_eq!(found(&format!("to={day}")).len(), before, "{list}");
            // Full times are as they are, and the two are mixed.
            assert_eq!(found(&format!("from={}&to={day}", moments[2])).len(), 1, "{list}");
            assert_eq!(found(&format!("from={day}&to={}", moments[2])).len(), 1, "{list}");
            let eve = &format!("{list}&from=2027-12-31&to=2027-01-01");
            assert_eq!(staff.all_pages(eve), [Value::Null; 0], "{list}");
            staff.get(&format!("{list}&from=1000-01-01&to=9999-12-31")).expect(200);
            let bad = staff.get(&format!("{list}&from=2027-3-28&to=2027-02-29"));
            let bad = bad.expect_bad_fields(&[("from", "invalid_time"), ("to", "invalid_time")]);
            let message = bad.body["errors"][0]["message"].as_str().unwrap();
            assert!(message.ends_with("or a day such as 2026-03-01"), "{message}");
        }
    }
}

#[test]
fn what_was_changed_on_a_day_was_changed_in_all_of_it() {
    for (zone, day, moments) in EDGES {
        let shop = shop_in(zone, moments[0], "");
        shop.hours_pass(-1);
        let staff = shop.staff();
        let made = moments.map(|moment| {
            shop.to(moment);
            shop.product(&staff, 1)
        });
        let found = |span: &str| ids_of(&staff.get(&format!("/products?{span}")).expect(200));
        assert_eq!(found(&format!("updated_from={day}&updated_to={day}")), made[1..3], "{day} in {zone}");
        assert_eq!(found(&format!("updated_from={day}")), made[1..]);
        assert_eq!(found(&format!("updated_to={day}")), made[..3]);
        assert_eq!(found(&format!("updated_from={}&updated_to={day}", moments[2])), made[2..3]);
        let bad = staff.get("/products?updated_from=2027-3-28&updated_to=yesterday");
        bad.expect_bad_fields(&[("updated_from", "invalid_time"), ("updated_to", "invalid_time")]);
    }
}

#[test]
fn as_of_a_day_is_as_of_its_end() {
    for (zone, day, moments) in EDGES {
        let shop = shop_in(zone, moments[0], "");
        let staff = shop.staff();
        shop.hours_pass(-1);
        let product = shop.product(&staff, 10);
        for moment in moments {
            shop.to(moment);
            staff.move_stock(product, json!({"delta": 1, "reason": "found"})).expect(201);
        }
        let as_of = |time: &str| staff.get(&format!("/products/{product}/stock?as_of={time}"));
        assert_eq!(as_of(day).expect(200).body["on_hand"], 13, "{day} in {zone}");
        // Of today that is now; the day after has not come.
        let today = shop.app.config.calendar.day_of(shop.app.clock.now());
        assert_eq!(as_of(&today.to_string()).expect(200).body["on_hand"], 14);
        let tomorrow = (today.0 + chrono::Days::new(1)).to_string();
        as_of(&tomorrow).expect_bad_fields(&[("as_of", "in_the_future")]);
        as_of("2027-3-28").expect_bad_fields(&[("as_of", "invalid_time")]);
    }
}

#[test]
fn demand_is_that_of_the_shops_days() {
    // Four units twice, on one day or on two.
    for (zone, created, first, second, days) in [
        // The first and the last hour of a day of 25 hours, of one of 23, and of the day after it.
        ("Europe/Berlin", "2027-10-29T12:00:00Z", "2027-10-30T22:10:00Z", "2027-10-31T22:50:00Z", 1),
        ("Europe/Berlin", "2027-10-29T12:00:00Z", "2027-10-30T21:50:00Z", "2027-10-30T22:10:00Z", 2),
        ("Europe/Berlin", "2027-10-29T12:00:00Z", "2027-10-31T22:50:00Z", "2027-10-31T23:10:00Z", 2),
        ("Europe/Berlin", "2027-03-26T12:00:00Z", "2027-03-27T23:10:00Z", "2027-03-28T21:50:00Z", 1),
        ("Europe/Berlin", "2027-03-26T12:00:00Z", "2027-03-28T21:50:00Z", "2027-03-28T22:10:00Z", 2),
        ("Europe/Berlin", "2027-03-26T12:00:00Z", "2027-03-28T22:10:00Z", "2027-03-29T21:50:00Z", 1),
        ("Asia/Beirut", "2027-03-26T12:00:00Z", "2027-03-27T21:50:00Z", "2027-03-27T22:10:00Z", 2),
        ("Pacific/Kiritimati", "2027-03-04T12:00:00Z", "2027-03-05T10:10:00Z", "2027-03-06T09:50:00Z", 1),
        ("Pacific/Pago_Pago", "2027-03-04T12:00:00Z", "2027-03-05T11:10:00Z", "2027-03-06T10:50:00Z", 1),
        ("UTC", "2027-03-04T12:00:00Z", "2027-03-05T11:10:00Z", "2027-03-06T10:50:00Z", 2),
    ] {
        let shop = shop_in(zone, created, "");
        let (staff, guest) = (shop.staff(), shop.guest());
        let product = shop.watched(&staff, 100, Rule { point: 5, target: 9, multiple: 1, lead_days: 6 });
        for moment in [first, second] {
            shop.to(moment);
            let order = guest.client.order(&[(product, 4)]).expect(201).id();
            staff.ship(order).expect(200);
        }
        staff.restock();
        let ordered_before_today = staff.stock(product)["forecast"]["units_ordered"].clone();
        assert_eq!(ordered_before_today, if days == 1 { 0 } else { 4 }, "{second} in {zone}");
        shop.hours_pass(48);
        staff.restock();
        let forecast = staff.stock(product)["forecast"].clone();
        assert_eq!(forecast["units_ordered"], 8, "{second} in {zone}");
        let today = shop.app.config.calendar.day_of(shop.app.clock.now());
        let yesterday = (today.0 - chrono::Days::new(1)).to_string();
        assert_eq!(forecast["to"], yesterday, "{second} in {zone}");
        let rows: Vec<(i64, i64)> = shop
            .sql()
            .exec("SELECT units, available_at_end FROM demand_days WHERE product_id = ? AND units > 0 ORDER BY day", (product,))
            .unwrap();
        let expected = if days == 1 { vec![(8, 92)] } else { vec![(4, 96), (4, 92)] };
        assert_eq!(rows, expected, "{first} and {second} in {zone}");
        let plan = staff.get("/restock/plan").expect(200);
        assert_eq!(plan.body["data"][0]["forecast"], forecast);
    }
}

pub fn moment(text: &str) -> Timestamp {
    Timestamp::parse(&Input::Text(text.into())).unwrap()
}
