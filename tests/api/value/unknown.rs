//! What nobody knows the cost of: what it comes at, and what is said of it.

use serde_json::{Value, json};

use super::last;
use crate::harness::Shop;

#[test]
fn a_count_that_was_mistaken_loses_no_cost() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let product = shop.product(&staff, 0);
    staff.bought(product, 40, "8.00");
    staff.bought(product, 3, "0.333333");
    let before = staff.worth(product);
    clerk.count_shelf(product, 0);
    assert_eq!(staff.worth(product), [json!("0.00"), Value::Null]);
    clerk.count_shelf(product, 43);
    assert_eq!(staff.worth(product), before);
    assert_eq!(last(&staff, product), json!([43, "320.999999", "320.999999", true]));
    // What comes back when all are sold comes at what the last ones took.
    let lamp = shop.product(&staff, 0);
    staff.bought(lamp, 1, "30.00");
    assert_eq!(staff.sold(&shop, &[(lamp, 1)]).body["margin"], "-20.00");
    staff.count_shelf(lamp, 0);
    staff.move_stock(lamp, json!({"delta": 1, "reason": "return"})).expect(201);
    assert_eq!(last(&staff, lamp), json!([1, "30.00", "30.00", true]));
    assert_eq!(staff.sold(&shop, &[(lamp, 1)]).body["margin"], "-20.00");
    let order = staff.buys(&[(lamp, 2, None)]);
    staff.receive(order, json!({})).expect(200);
    assert_eq!(last(&staff, lamp), json!([2, "60.00", "60.00", true]));
}

#[test]
fn what_nobody_knows_is_not_said_and_what_costs_nothing_is_known() {
    let shop = Shop::open();
    let staff = shop.staff();
    let kettle = shop.product(&staff, 40);
    let without = || staff.stock_value("")["total"]["units_without_value"].clone();
    assert_eq!((staff.worth(kettle), without()), ([json!("0.00"), Value::Null], json!(40)));
    staff.bought(kettle, 1, "15.00");
    assert_eq!((staff.worth(kettle), without()), ([json!("15.00"), Value::Null], json!(41)));
    assert_eq!(staff.sold(&shop, &[(kettle, 2)]).body["margin"], Value::Null);
    // Once they are gone the next ones are known, but not those that come back of the mixture.
    staff.count_shelf(kettle, 0);
    assert_eq!(without(), 0);
    staff.count_shelf(kettle, 2);
    assert_eq!((&staff.worth(kettle)[1], without()), (&Value::Null, json!(2)));
    staff.count_shelf(kettle, 0);
    staff.bought(kettle, 3, "15.00");
    assert_eq!((staff.worth(kettle), without()), ([json!("45.00"), json!("15.00")], json!(0)));
    assert_eq!(staff.sold(&shop, &[(kettle, 2)]).body["margin"], "-10.00");

    let gift = shop.product(&staff, 0);
    staff.bought(gift, 10, "0");
    assert_eq!((staff.worth(gift), without()), ([json!("0.00"), json!("0.00")], json!(0)));
    assert_eq!(staff.sold(&shop, &[(gift, 1)]).body["margin"], "10.00");
}

#[test]
fn a_product_begins_with_what_its_stock_has_cost() {
    let shop = Shop::open();
    let (staff, clerk) = (shop.staff(), shop.clerk());
    let body = |stock: i64| json!({"name": "Thing", "price": "10.00", "stock": stock, "unit_cost": "7.95"});
    let product = staff.post("/products", body(4)).expect(201).id();
    assert_eq!(last(&staff, product), json!([4, "31.80", "31.80", false]));
    assert_eq!(staff.worth(product), [json!("31.80"), json!("7.95")]);
    clerk.post("/products", body(4)).expect_bad_fields(&[("unit_cost", "not_yours")]);
    staff.post("/products", body(0)).expect_bad_fields(&[("unit_cost", "only_with_units_that_came")]);
}
