//! The first page of the day: each figure leads to a list that holds what was counted, and nothing else.

use regex::Regex;
use serde_json::json;

use crate::browser::Browser;
use crate::client::Client;
use crate::harness::Shop;
use crate::shelves::Rule;

/// A figure of the page, and how many rows the list has to which it leads.
#[derive(Debug)]
struct Figure {
    name: String,
    count: usize,
    leads_to: String,
    listed: usize,
}

/// Every figure with what its list holds, from the first page to the last.
fn figures(clerk: &mut Browser) -> Vec<Figure> {
    let page = clerk.open("/desk").expect(200);
    let card = Regex::new(r#"<li class="card"><a href="([^"]*)"><strong>(\d+)</strong>([^<]*)</a>"#).unwrap();
    let cards: Vec<(String, usize, String)> = card
        .captures_iter(&page.html)
        .map(|card| (card[1].replace("&amp;", "&"), card[2].parse().unwrap(), card[3].to_owned()))
        .collect();
    assert_eq!(cards.len(), page.html.matches("class=\"card\"").count(), "{}", page.html);
    let next = Regex::new(r#"<a rel="next" href="([^"]*)""#).unwrap();
    let mut listed = |path: &str| {
        let (mut rows, mut path) = (0, path.to_owned());
        loop {
            let page = clerk.open(&path).expect(200);
            let table = page.html.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next());
            rows += table.unwrap_or("").matches("<tr>").count();
            match next.captures(&page.html) {
                Some(next) => path = next[1].replace("&amp;", "&"),
                None => return rows,
            }
        }
    };
    cards
        .into_iter()
        .map(|(leads_to, count, name)| Figure { listed: listed(&leads_to), name, count, leads_to })
        .collect()
}

/// A draft of some units of each, which runs do not add to.
fn draft(staff: &Client, products: &[u64]) -> u64 {
    let line = |product_id: &u64| json!({"product_id": product_id, "quantity": 5});
    let lines: Vec<_> = products.iter().map(line).collect();
    staff.post("/purchase_orders", json!({"lines": lines})).expect(201).id()
}

#[test]
fn each_figure_leads_to_the_list_of_what_was_counted() {
    let shop = Shop::open_with(&[
        ("STOREKEEPER_TIME_ZONE", "Pacific/Auckland"),
        ("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "4800"),
        ("STOREKEEPER_SESSION_IDLE_HOURS", "8760"),
        ("STOREKEEPER_SESSION_MAX_HOURS", "8760"),
    ]);
    // An hour after midnight of the shop's 4th, which elsewhere is the 3rd.
    shop.to("2030-03-03T12:00:00Z");
    let staff = shop.staff();
    let mut clerk = shop.clerk_at_desk();

    // One a day of each is sold for four weeks, which leaves none, 6 and 8, and of the archived none and 3.
    let [gone, soon, later, gone_and_archived, soon_and_archived] =
        [28, 34, 36, 28, 31].map(|stock| shop.product(&staff, stock));
    let sold: Vec<(u64, i64)> =
        [gone, soon, later, gone_and_archived, soon_and_archived].map(|id| (id, 1)).to_vec();
    shop.product(&staff, 0);
    let rule = Rule { point: 10, target: 40, multiple: 1, lead_days: 7 };
    for stock in [9, 10, 8] {
        shop.watched(&staff, stock, rule);
    }
    let archived = shop.watched(&staff, 1, rule);
    let guest = shop.guest();
    for _ in 0..28 {
        guest.client.order(&sold).expect(201);
        shop.hours_pass(24);
    }
    for product in [archived, gone_and_archived, soon_and_archived] {
        staff.delete(&format!("/products/{product}")).expect(204);
    }
    // It buys two products, on one order that is expected in a week.
    staff.post("/restock/runs", json!({})).expect(201);

    // It is the 1st of April, and on the 7th clocks are put back.
    let (mug, jug) = (shop.product(&staff, 0), shop.product(&staff, 0));
    for product in [mug, jug] {
        staff.set_policy(product, json!({"lead_time_days": 3})).expect(200);
    }
    let ordered = |expected_on: &str| {
        let order = draft(&staff, &[mug, jug]);
        staff.post(&format!("/purchase_orders/{order}/order"), json!({})).expect(200);
        staff.patch(&format!("/purchase_orders/{order}"), json!({"expected_on": expected_on})).expect(200);
        order
    };
    let late = ["2030-04-01", "2030-04-01"].map(ordered);
    let [came, in_part, not_any_more, ..] = ["2030-04-02"; 5].map(ordered);
    let soon_to_come = ["2030-04-03"; 22].map(ordered);
    let [put_off, ..] = ["2030-04-08", "2030-04-08", "2030-04-09", "2030-04-20"].map(ordered);
    let receive = |order: u64, product: u64, units: i64| staff.receive_units(order, product, units);
    receive(late[0], mug, 5).expect(200);
    receive(came, mug, 5).expect(200);
    receive(came, jug, 5).expect(200);
    receive(in_part, mug, 2).expect(200);
    staff.cancel_purchase(not_any_more).expect(200);
    // What came of it was expected this week, and what is to come is not.
    receive(put_off, mug, 5).expect(200);
    staff.patch(&format!("/purchase_orders/{put_off}"), json!({"expected_on": "2030-04-30"})).expect(200);
    let dropped = draft(&staff, &[mug]);
    draft(&staff, &[mug]);
    staff.cancel_purchase(dropped).expect(200);
    shop.app.clock.advance(chrono::Duration::minutes(2));
    draft(&staff, &[mug]);
    shop.app.clock.advance(chrono::Duration::hours(24) - chrono::Duration::minutes(1));

    // Orders of today, which are meant where an account or the counter placed them.
    let known = shop.customer_with_account().0;
    let place = |client: &Client| client.order(&[(later, 1)]).expect(201).id();
    staff.move_stock(later, json!({"delta": 6, "reason": "found"})).expect(201);
    place(&known.client);
    let by_telephone = json!({"customer_id": guest.id, "items": [{"product_id": later, "quantity": 1}]});
    staff.post("/orders", by_telephone).expect(201);
    let [confirmed, shipped, cancelled, _] = [0; 4].map(|_| place(&guest.client));
    staff.post(&format!("/orders/{confirmed}/confirm"), json!({})).expect(200);
    staff.ship(shipped).expect(200);
    staff.cancel(cancelled).expect(200);
    // Of those before, one a day from the 4th of March on, that of the 28th is expected today.
    let first = staff.all_pages("/orders?sort=order_date");
    let [delivered, under_way] = [0, 1].map(|at: usize| first[at]["id"].as_u64().unwrap());
    staff.ship(under_way).expect(200);
    staff.ship(delivered).expect(200);
    staff.post(&format!("/orders/{delivered}/deliver"), json!({})).expect(200);

    let figures = figures(&mut clerk);
    for Figure { name, count, leads_to, listed } in &figures {
        assert_eq!(count, listed, "{name}: {leads_to}");
    }
    let counts: Vec<(&str, usize)> = figures.iter().map(|of| (of.name.as_str(), of.count)).collect();
    let expected = [
        // 26 of the four weeks and four of today, three of which are meant.
        ("To pick", 30),
        ("To confirm", 27),
        ("Late to customers", 23),
        ("Expected today", 3),
        ("Expected within 7 days", 3 + soon_to_come.len() + 2),
        ("Overdue", 2),
        ("Drafts older than a day", 1),
        ("Below the reorder point", 2),
        ("Sold out", 1),
        ("Sold out within 7 days", 1),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn a_list_says_what_it_is_narrowed_to_and_leads_out_of_it() {
    let shop = Shop::open();
    let mut clerk = shop.clerk_at_desk();
    let purchases = "/desk/purchase_orders";
    for (path, narrowed, says, out) in [
        (purchases, "view=draft&waiting=true", "Drafts older than a day · However old", "view=draft"),
        (
            purchases,
            "view=ordered&expected_from=2030-04-02&expected_to=2030-04-08",
            "Something is expected from 2 Apr 2030 up to 8 Apr 2030 · On any day",
            "view=ordered",
        ),
        (
            purchases,
            "view=ordered&product_id=&expected_from=2030-04-02&expected_to=2030-04-02",
            "Something is expected on 2 Apr 2030 · On any day",
            "view=ordered",
        ),
        (
            "/desk/products",
            "view=out&sort=cover&days_of_cover_below=7",
            "Sells, and lasts less than 7 days · However long it lasts",
            "view=out&sort=cover",
        ),
        (
            "/desk/products",
            "sort=cover&out_of_stock=false&days_of_cover_below=7",
            "Not out of stock · In stock or not Sells, and lasts less than 7 days · However long it lasts",
            "sort=cover&days_of_cover_below=7",
        ),
    ] {
        let page = clerk.open(&format!("{path}?{narrowed}")).expect(200);
        assert!(page.says(says), "{narrowed}: {}", page.text());
        let out = format!("{path}?{out}");
        assert!(page.links().contains(&out), "{out}: {:?}", page.links());
        // Who looks for something looks for it there.
        let form = page.form_of_fields(&["view"]);
        for (name, value) in narrowed.split('&').filter_map(|set| set.split_once('=')) {
            assert!(value.is_empty() || form.get(name) == Some(value), "{name}: {form:?}");
        }
        // Another tab begins anew.
        let tab = page.html.split("class=\"tabs\"").last().unwrap().split("</ul>").next().unwrap();
        assert!(!tab.contains("waiting") && !tab.contains("expected") && !tab.contains("cover"), "{tab}");
    }
    for refused in ["expected_from=soon", "waiting=perhaps"] {
        clerk.open(&format!("{purchases}?view=all&{refused}")).expect(422);
    }
    clerk.open("/desk/products?days_of_cover_below=0").expect(422);
    assert!(!clerk.open("/desk/products?view=archived&days_of_cover_below=7").says("lasts less"));
}
