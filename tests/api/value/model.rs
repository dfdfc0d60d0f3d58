//! Random movements, against the books in whole numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::DEAREST;
use crate::harness::Shop;
use crate::shelves::{Dice, each};

/// The books in whole numbers, as they should be.
#[derive(Default)]
struct Model {
    units: i128,
    value: i128,
    /// What the last units to leave an empty shelf took, and how many those were.
    last: (i128, i128),
    /// Some came at nothing, since nobody knew what they cost.
    is_unknown: bool,
}

impl Model {
    fn share(&self, units: i128) -> i128 {
        if self.units == 0 { 0 } else { self.value * units / self.units }
    }

    fn moves(&mut self, delta: i128, cost: Option<i128>) {
        let brought = match cost {
            Some(cost) => cost * delta,
            None if self.units + delta == 0 => -self.value,
            None if delta < 0 => -self.share(-delta),
            None if self.units == 0 && self.last.1 > 0 => self.last.0 * delta / self.last.1,
            None => self.share(delta),
        };
        if self.units == 0 && delta > 0 {
            self.is_unknown = cost.is_none() && (self.is_unknown || brought == 0);
        }
        if self.units + delta == 0 && delta < 0 {
            self.last = (-brought, -delta);
        }
        self.value += brought;
        self.units += delta;
    }
}

/// In millionths, which are the ten-thousandths of a cent.
pub fn millionths(text: &Value) -> i128 {
    let text = text.as_str().expect("a decimal");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<6}").parse().expect("a number")
}

#[test]
fn after_any_movements_the_value_is_the_sum_of_the_ledger() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest().client);
    let seed = u64::from_le_bytes(storekeeper::random::bytes());
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let costs = ["0", "0.000001", "0.333333", "7.95", "12.999999", DEAREST];
    let mut products: BTreeMap<u64, Model> =
        (0..4).map(|_| (shop.product(&staff, 0), Model::default())).collect();
    for step in 0..240 {
        let (&id, model) = products.iter_mut().nth(dice.below(4) as usize).unwrap();
        let there = model.units as i64;
        // Few, many, or as many as there is room for.
        let room = 1_000_000_000 - there;
        let most = [1, 9, 1_000, room][dice.below(4) as usize].min(room);
        let came = if most > 0 { dice.between(1, most) } else { 0 };
        let cost = costs[dice.below(6) as usize];
        let known = Some(millionths(&json!(cost)));
        let most = [1, 9, there, there][dice.below(4) as usize].min(there);
        let gone = dice.between(0, most);
        match dice.below(6) {
            0 if came > 0 => {
                staff.bought(id, came, cost);
                model.moves(came.into(), known);
            }
            1 if came > 0 => {
                let body = json!({"delta": came, "reason": "found", "unit_cost": cost});
                staff.move_stock(id, body).expect(201);
                model.moves(came.into(), known);
            }
            2 if came > 0 => {
                staff.move_stock(id, json!({"delta": came, "reason": "return"})).expect(201);
                model.moves(came.into(), None);
            }
            3 if gone > 0 => {
                let sold = gone.min(100_000);
                let order = guest.order(&[(id, sold)]).expect(201).id();
                staff.ship(order).expect(200);
                model.moves(-i128::from(sold), None);
            }
            4 if gone > 0 => {
                staff.move_stock(id, json!({"delta": -gone, "reason": "damaged"})).expect(201);
                model.moves(-i128::from(gone), None);
            }
            _ => {
                staff.count_shelf(id, there - gone);
                model.moves(-i128::from(gone), None);
            }
        }
        let movement = &staff.ledger(id)[0];
        assert_eq!(
            millionths(&movement["value_after"]),
            model.value,
            "step {step} of seed {seed}: {movement}"
        );
        assert_eq!(movement["balance_after"], json!(model.units as i64));
    }
    let mut total = 0;
    for (id, model) in &products {
        let ledger = staff.ledger(*id);
        let sum: i128 = each(&ledger, "value_delta").into_iter().map(millionths).sum();
        let stock = staff.stock(*id);
        assert_eq!([sum, millionths(&stock["value"])], [model.value; 2], "seed {seed}");
        if model.is_unknown {
            assert_eq!(stock["average_cost"], Value::Null, "seed {seed}");
        } else if model.units > 0 {
            assert_eq!(millionths(&stock["average_cost"]), model.value / model.units);
        }
        total += model.value;
    }
    assert_eq!(millionths(&staff.stock_value("")["total"]["value"]), total);
    assert_eq!(shop.broken_invariants(), [""; 0], "seed {seed}");
}
