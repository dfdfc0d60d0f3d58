//! The stock in the order of what is sold out first, or of what has cost most; its past for a graph, and the days behind
//! its forecast.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Shop, storekeeper};
use crate::shelves::each;

fn numbers(things: &[Value], name: &str) -> Vec<i64> {
    each(things, name).into_iter().map(|number| number.as_i64().expect("a number")).collect()
}

/// The ids of a list, a few a page.
fn ids(staff: &Client, query: &str) -> Vec<i64> {
    numbers(&staff.all_pages(&format!("/stock?limit=2&{query}")), "product_id")
}

/// Products of which on each of ten days so many were ordered, and ten times so many are left.
fn sold(shop: &Shop, staff: &Client, a_day: &[i64]) -> Vec<u64> {
    let product = |units: &i64| {
        let name = format!("Sells {units} a day");
        let body = json!({"name": name, "price": "1", "category": if *units > 3 { "Fast" } else { "Slow" }, "stock": 20 * units.max(&1)});
        staff.post("/products", body).expect(201).id()
    };
    let products: Vec<u64> = a_day.iter().map(product).collect();
    let guest = shop.guest().client;
    for _ in 0..10 {
        for (product, units) in products.iter().zip(a_day).filter(|(_, units)| **units > 0) {
            staff.ship(guest.order(&[(*product, *units)]).expect(201).id()).expect(200);
        }
        shop.to_noon_in(1);
    }
    products
}

#[test]
fn the_stock_is_listed_by_how_long_it_lasts() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    shop.to_noon_in(1);
    let products = sold(&shop, &staff, &[4, 0, 2, 5, 1]);
    let id = |at: usize| i64::try_from(products[at]).unwrap();
    // Before the first run nothing is expected of any.
    assert_eq!(ids(&staff, "sort=cover"), [0, 1, 2, 3, 4].map(id));
    staff.restock();
    // Of one that sells two a day two days' worth is left, and so on.
    for (at, left) in [(0, 20), (2, 4), (3, 30)] {
        staff.count_shelf(products[at], left);
    }
    assert_eq!(ids(&staff, "sort=cover"), [2, 0, 3, 4, 1].map(id));
    assert_eq!(ids(&staff, "sort=cover&category=Fast"), [0, 3].map(id));
    assert_eq!(ids(&staff, "sort=cover&q=sells+5"), [id(3)]);
    assert_eq!(ids(&staff, "sort=name"), [1, 4, 2, 0, 3].map(id));
    assert_eq!(ids(&staff, "sort=name&category=Slow"), [1, 4, 2].map(id));
    assert_eq!(ids(&staff, "category=Slow"), [1, 2, 4].map(id));
    let list = staff.get("/stock?sort=cover").expect(200).body["data"].clone();
    let cover: Vec<Option<f64>> =
        list.as_array().unwrap().iter().map(|stock| stock["days_of_cover"].as_f64()).collect();
    assert!(
        matches!(cover[..], [Some(1.5..2.5), Some(4.0..6.0), Some(5.0..7.0), Some(8.0..12.0), None]),
        "{cover:?}"
    );
    // It is what the stock view says, which is made anew.
    let own = staff.stock(products[2])["forecast"]["days_of_cover"].as_f64().unwrap();
    assert!((own - cover[0].unwrap()).abs() <= 0.11, "{own}");
    // Sold out, it comes first.
    staff.move_stock(products[3], json!({"delta": -30, "reason": "lost"})).expect(201);
    assert_eq!(ids(&staff, "sort=cover")[0], id(3));
    assert_eq!(ids(&staff, "sort=cover&out_of_stock=true"), [id(3)]);
    // What lasts less than so many days: of what sells, and sold out or not.
    assert_eq!(ids(&staff, "days_of_cover_below=7&sort=cover"), [3, 2, 0].map(id));
    assert_eq!(ids(&staff, "days_of_cover_below=7"), [0, 2, 3].map(id));
    assert_eq!(ids(&staff, "days_of_cover_below=7&sort=name"), [2, 0, 3].map(id));
    assert_eq!(ids(&staff, "days_of_cover_below=7&out_of_stock=false&sort=cover"), [2, 0].map(id));
    assert_eq!(ids(&staff, "days_of_cover_below=4&category=Slow"), [id(2)]);
    assert_eq!(ids(&staff, "days_of_cover_below=4&q=sells"), [2, 3].map(id));
    assert_eq!(ids(&staff, "days_of_cover_below=1&out_of_stock=true&sort=-value"), [id(3)]);
    assert_eq!(ids(&staff, "days_of_cover_below=3650&updated_from=2000-01-01").len(), 4);
    assert_eq!(ids(&staff, "days_of_cover_below=7&below_threshold=true").len(), 0);
    for days in ["0", "3651", "2.5", "-1", "a+week"] {
        let refused = staff.get(&format!("/stock?days_of_cover_below={days}"));
        refused.expect_bad_fields(&[("days_of_cover_below", "invalid_number")]);
    }
    staff.get("/stock?sort=-cover").expect_bad_fields(&[("sort", "invalid_sort")]);
    staff.get("/stock?sort=cover&after=2f31").expect_bad_fields(&[("after", "invalid_cursor")]);
}

#[test]
fn what_a_run_expects_is_no_change_of_the_stock() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    let products = sold(&shop, &staff, &[3]);
    let path = format!("/products/{}/stock", products[0]);
    let version = staff.get(&path).expect(200).body["updated_at"].clone();
    staff.restock();
    assert!(staff.get("/stock").expect(200).body["data"][0]["days_of_cover"].is_number());
    assert_eq!(staff.get(&path).expect(200).body["updated_at"], version);
}

#[test]
fn what_is_expected_is_set_right_with_the_books() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 5);
    let mut sql = shop.sql();
    sql.exec_drop("UPDATE stock SET units_per_day_e6 = 1000000 WHERE product_id = ?", (product,)).unwrap();
    let cover = || staff.get("/stock").expect(200).body["data"][0]["days_of_cover"].clone();
    assert_eq!(cover(), json!(5.0));
    let said = storekeeper(&shop.database_url).args(["verify", "--repair"]).output().expect("the program");
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("1 daily rates repaired"), "{said}");
    assert_eq!(cover(), json!(null));
}

#[test]
fn the_stock_is_listed_by_its_value_for_those_who_may_know_it() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let mut products = Vec::new();
    for (units, cost) in [(3, "2.00"), (1, "50.00"), (2, "3.00")] {
        let product = shop.product(&staff, 0);
        staff.move_stock(product, json!({"delta": units, "reason": "found", "unit_cost": cost})).expect(201);
        products.push(i64::try_from(product).unwrap());
    }
    // Two that are worth the same are in the order of their ids, from the last.
    assert_eq!(ids(&staff, "sort=-value"), [products[1], products[2], products[0]]);
    clerk.get("/stock?sort=-value").expect_bad_fields(&[("sort", "not_yours")]);
}

#[test]
fn a_graph_has_two_hundred_points_however_long_the_ledger_is() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    let path = format!("/products/{product}/stock/history");
    for _ in 0..10 {
        staff.move_stock(product, json!({"delta": -1, "reason": "lost"})).expect(201);
    }
    let whole = staff.get(&path).expect(200).body;
    assert_eq!(
        (&whole["on_hand_at_start"], &whole["movements"], &whole["every"]),
        (&json!(0), &json!(11), &json!(1))
    );
    let points = whole["points"].as_array().unwrap();
    assert_eq!(numbers(points, "on_hand"), (90..=100).rev().collect::<Vec<i64>>());
    assert_eq!(numbers(points, "sequence"), (1..=11).collect::<Vec<i64>>());

    shop.to_noon_in(2);
    let then = shop.app.clock.now().to_string();
    staff.move_stock(product, json!({"delta": 5, "reason": "found"})).expect(201);
    let later = staff.get(&format!("{path}?from={then}")).expect(200).body;
    assert_eq!((&later["on_hand_at_start"], &later["movements"]), (&json!(90), &json!(1)));
    assert_eq!(later["points"][0]["on_hand"], 95);
    let before = staff.get(&format!("{path}?to={then}")).expect(200).body;
    assert_eq!(before["movements"], 11);
    let never = staff.get(&format!("{path}?from=2001-01-01&to=2001-12-31")).expect(200).body;
    assert_eq!((&never["on_hand_at_start"], &never["points"]), (&json!(0), &json!([])));
    shop.to_noon_in(2);
    let nothing = staff.get(&format!("{path}?from={}", shop.app.clock.now())).expect(200).body;
    assert_eq!((&nothing["on_hand_at_start"], &nothing["points"]), (&json!(95), &json!([])));

    // Many lines: the last is a point, and the others are as far apart as each other.
    for delta in (0..400).map(|at| if at % 2 == 0 { 2 } else { -1 }) {
        staff
            .move_stock(product, json!({"delta": delta, "reason": "correction", "note": "Counted"}))
            .expect(201);
    }
    let many = staff.get(&path).expect(200).body;
    assert_eq!((&many["movements"], &many["every"]), (&json!(412), &json!(3)));
    let sequences = numbers(many["points"].as_array().unwrap(), "sequence");
    assert!(sequences.len() <= 200 && sequences.last() == Some(&412), "{sequences:?}");
    assert!(sequences.windows(2).all(|pair| pair[1] - pair[0] == 3));
    assert_eq!(many["points"].as_array().unwrap().last().unwrap()["on_hand"], staff.on_hand(product));
}

#[test]
fn the_days_of_a_forecast_come_to_its_figures() {
    let shop = Shop::open_for_weeks();
    let staff = shop.staff();
    let product = sold(&shop, &staff, &[3])[0];
    let path = format!("/products/{product}/stock/demand");
    assert_eq!(staff.get(&path).expect(200).body["days"], json!([]));
    staff.restock();
    let days = staff.get(&path).expect(200).body["days"].as_array().unwrap().clone();
    let forecast = staff.stock(product)["forecast"].clone();
    let units: i64 = numbers(&days, "units_ordered").iter().sum();
    assert_eq!(json!(units), forecast["units_ordered"]);
    let count = |counts: bool| json!(days.iter().filter(|day| day["counts"] == counts).count());
    assert_eq!(
        (count(true), count(false)),
        (forecast["days_looked_at"].clone(), forecast["days_left_out"].clone())
    );
    assert_eq!((&days[0]["day"], &days.last().unwrap()["day"]), (&forecast["from"], &forecast["to"]));
    assert!(days.iter().all(|day| day["available_at_end"] != Value::Null));
}
