//! One order whose way is written down by several at once.

use serde_json::json;

use super::{count, rows, step, until_decided, winners};
use crate::fixtures::unique;
use crate::harness::Shop;
use crate::shelves::together;

/// How often each pair of steps is taken at once.
const ROUNDS: usize = 20;

/// Takes two steps at once with orders that are brought `along` first, and returns the histories that they have then.
/// Each order ends as one of the answers says.
fn histories_of(along: &[&str], pair: [&str; 2]) -> Vec<String> {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let round = |round: usize| {
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        along.iter().for_each(|done| drop(step(&staff, id, done).expect(200)));
        let answers = together(4, |n| step(&staff, id, pair[(n + round) % 2]));
        let won = winners(answers, 200, (409, "order_state"));
        let tracking = staff.get(&format!("/orders/{id}/track")).expect(200).body;
        assert!(won.iter().any(|answer| answer.body["status"] == tracking["status"]), "{tracking}");
        let events = tracking["events"].as_array().unwrap().iter();
        events
            .map(|event| event["status"].as_str().unwrap())
            .skip(1 + along.len())
            .collect::<Vec<_>>()
            .join(" ")
    };
    (0..ROUNDS).map(round).collect()
}

#[test]
fn of_two_ends_of_a_way_exactly_one_is_written_or_the_second_finds_the_first() {
    for history in histories_of(&["ship"], ["deliver", "lost"]) {
        // What was lost can be delivered; what is delivered cannot be lost.
        assert!(["delivered", "lost delivered"].contains(&history.as_str()), "{history}");
    }
    for history in histories_of(&["ship"], ["deliver", "returned"]) {
        assert!(["delivered", "returned"].contains(&history.as_str()), "{history}");
    }
}

#[test]
fn what_is_taken_back_while_it_is_noted_again_has_one_history() {
    for history in histories_of(&["ship", "deliver"], ["reopen", "lost"]) {
        let legal = ["shipped", "shipped lost", "shipped lost shipped", "shipped lost shipped lost"];
        assert!(legal.contains(&history.as_str()), "{history}");
    }
    for history in histories_of(&["ship", "lost"], ["reopen", "returned"]) {
        let steps: Vec<&str> = history.split(' ').collect();
        assert!(steps.windows(2).all(|two| two[0] != two[1]) && steps.len() <= 4, "{history}");
    }
}

#[test]
fn corrections_at_once_each_follow_the_one_before() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 100);
    let id = guest.client.order(&[(product, 1)]).expect(201).id();
    staff.post(&format!("/orders/{id}/ship"), json!({"tracking_number": "JD0"})).expect(200);
    let answers = together(8, |n| {
        until_decided(|| {
            staff.patch(&format!("/orders/{id}"), json!({"tracking_number": format!("JD{}", n + 1)}))
        })
    });
    assert_eq!(count(&answers, 200), 8);
    let tracking = staff.get(&format!("/orders/{id}/track")).expect(200).body;
    let mut number = json!("JD0");
    for event in &tracking["events"].as_array().unwrap()[2..] {
        assert_eq!(event["correction"]["old"], number, "{tracking}");
        number = event["correction"]["new"].clone();
    }
    assert_eq!((&number, rows(&shop, "order_events")), (&tracking["tracking_number"], 9));
}

#[test]
fn what_a_customer_corrects_while_staff_ship_or_erase_is_written_before_or_not_at_all() {
    let shop = Shop::open();
    let staff = shop.staff();
    let product = shop.product(&staff, 100);
    for round in 0..ROUNDS {
        let guest = shop.guest();
        let id = guest.client.order(&[(product, 1)]).expect(201).id();
        let path = format!("/orders/{id}");
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| staff.post(&format!("{path}/ship"), json!({}))),
            _ => {
                until_decided(|| guest.client.patch(&path, json!({"shipping_address": unique("12 Main St")})))
            }
        });
        let events =
            staff.get(&format!("{path}/track")).expect(200).body["events"].as_array().unwrap().clone();
        assert_eq!(events.len(), 1 + count(&answers, 200), "{events:?}");
        assert_eq!(events.last().unwrap()["status"], "shipped");

        staff.post(&format!("{path}/returned"), json!({})).expect(200);
        let answers = together(3, |n| match (n + round) % 3 {
            0 => until_decided(|| staff.delete(&format!("/customers/{}", guest.id))),
            1 => until_decided(|| staff.patch(&path, json!({"carrier": unique("Ada's van")}))),
            _ => until_decided(|| staff.post(&format!("{path}/returned"), json!({"note": "Ada was away"}))),
        });
        for answer in answers {
            assert!(
                [200, 204, 404, 409, 422].contains(&answer.status),
                "{}: {}",
                answer.request,
                answer.text
            );
        }
        // Whatever came first, invariant 9 finds nothing of her.
    }
}
