//! Notes that may name an erased customer: put up for review by an erasure, looked at by a manager.

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use crate::client::Client;
use crate::dialects::numbers;
use crate::fixtures::Guest;
use crate::harness::Shop;

/// A shop with a manager and a product that has a note.
struct Noted {
    shop: Shop,
    manager: Client,
    product: u64,
}

impl Noted {
    fn open() -> Noted {
        let shop = Shop::open();
        let manager = shop.staff();
        let product = shop.product(&manager, 100);
        Noted { shop, manager, product }
    }

    fn note(&self, reason: &str, note: &str) -> u64 {
        let body = json!({"delta": 1, "reason": reason, "note": note});
        self.manager.post(&self.ledger(), body).expect(201).id()
    }

    fn ledger(&self) -> String {
        format!("/products/{}/stock/movements", self.product)
    }

    fn erase(&self, customer: &Guest) {
        self.manager.delete(&format!("/customers/{}", customer.id)).expect(204);
    }

    fn mentions(&self, query: &str) -> Vec<Value> {
        self.manager.get(&format!("/mentions?{query}")).expect(200).body["data"].as_array().unwrap().clone()
    }

    fn patch(&self, movement: u64, body: Value) -> crate::client::Answer {
        self.manager.patch(&format!("/stock/movements/{movement}"), body)
    }
}

#[test]
fn a_tracking_number_of_before_its_correction_is_recognised_too() {
    let noted = Noted::open();
    let ada = noted.shop.guest();
    let order = format!("/orders/{}", ada.client.order(&[(noted.product, 1)]).expect(201).id());
    noted.manager.post(&format!("{order}/ship"), json!({"tracking_number": "JD00001"})).expect(200);
    for number in ["JD00002", "JD00003"] {
        noted.manager.patch(&order, json!({"tracking_number": number})).expect(200);
    }
    noted.manager.post(&format!("{order}/returned"), json!({})).expect(200);
    let named: Vec<u64> =
        ["JD 00001", "jd-00002", "JD00003"].iter().map(|note| noted.note("return", note)).collect();
    noted.note("return", "JD00004");
    noted.erase(&ada);
    let mentions = noted.mentions("");
    let found: Vec<_> = mentions
        .iter()
        .map(|mention| (mention["movement"]["id"].as_u64().unwrap(), &mention["found"]))
        .collect();
    let number = json!(["tracking_number"]);
    assert_eq!(found, named.iter().map(|id| (*id, &number)).collect::<Vec<_>>());
}

#[test]
fn a_telephone_number_is_recognised_without_its_extension() {
    let noted = Noted::open();
    let note = noted.note("return", "She rang from 020 7946 0123");
    noted.note("return", "She rang from 020 7946 0124");
    for phone in [
        "+44 20 7946 0123",
        "+44 20 7946 0123 x12",
        "(020) 7946-0123, ext. 1",
        "020 79460123 #12345678",
        "020 7946 0123 Durchwahl 7",
    ] {
        let person = json!({"name": "Bo", "email": "bo@example.com", "phone": phone});
        let bo = noted.manager.post("/customers", person).expect(201).id();
        noted.manager.delete(&format!("/customers/{bo}")).expect(204);
        let mentions = noted.mentions(&format!("customer_id={bo}"));
        let found: Vec<_> =
            mentions.iter().map(|mention| (&mention["movement"]["id"], &mention["found"])).collect();
        assert_eq!(found, [(&json!(note), &json!(["phone"]))], "{phone}");
    }
}

#[test]
fn a_note_is_up_for_review_until_a_manager_has_looked_at_it() {
    let noted = Noted::open();
    let [ada, grace] = [noted.shop.guest(), noted.shop.customer_with_account().0];
    let of_ada = noted.note("return", "Lovelace brought it back");
    let of_both = noted.note("correction", "Ada and grace@example.com were both sent one");
    let of_nobody = noted.note("found", "behind the shelf");
    assert_eq!(noted.mentions(""), [Value::Null; 0]);

    noted.erase(&ada);
    let mentions = noted.mentions("");
    let shown = |mention: &Value| {
        (mention["movement"]["id"].as_u64(), mention["customer_id"].as_u64(), mention["found"].clone())
    };
    assert_eq!(
        mentions.iter().map(shown).collect::<Vec<_>>(),
        [(Some(of_ada), Some(ada.id), json!(["name"])), (Some(of_both), Some(ada.id), json!(["name"]))]
    );
    let ledger = noted.manager.get(&noted.ledger()).expect(200);
    assert!(ledger.body["data"].as_array().unwrap().contains(&mentions[0]["movement"]));

    // Whoever was erased last is named, and the note is one.
    noted.erase(&grace);
    let of_grace = noted.mentions(&format!("customer_id={}", grace.id));
    assert_eq!(
        of_grace.iter().map(shown).collect::<Vec<_>>(),
        [(Some(of_both), Some(grace.id), json!(["email", "name"]))]
    );
    assert_eq!(noted.mentions(&format!("customer_id={}", ada.id)).len(), 1);
    assert_eq!(noted.mentions("").len(), 2);

    // It is left as it is, or written anew; the others stay.
    let left = noted.patch(of_ada, json!({})).expect(200);
    assert_eq!(left.body["note"], "Lovelace brought it back");
    assert_eq!(
        noted.mentions("").iter().map(shown).collect::<Vec<_>>(),
        of_grace.iter().map(shown).collect::<Vec<_>>()
    );
    let written = noted.patch(of_both, json!({"note": " Two were sent one "})).expect(200);
    assert_eq!(written.body["note"], "Two were sent one");
    assert_eq!(noted.mentions(""), [Value::Null; 0]);
    assert_eq!(noted.patch(of_nobody, json!({"note": null})).expect(200).body["note"], Value::Null);
    let audit = noted.manager.get("/audit?object=stock&limit=3").expect(200);
    let fields: Vec<&Value> =
        audit.body["data"].as_array().unwrap().iter().map(|entry| &entry["fields"][0]).collect();
    assert_eq!(fields, ["movements[4].note", "movements[3].note", "movements[2].note"]);
}

#[test]
fn a_note_is_changed_by_a_manager_who_knows_what_it_says() {
    let noted = Noted::open();
    let id = noted.note("correction", "Ada was charged twice");
    let version = noted.patch(id, json!({})).expect(200).etag().to_owned();
    noted.patch(id, json!({"note": null})).expect_bad_fields(&[("note", "required")]);
    noted.patch(id, json!({"note": "  "})).expect_bad_fields(&[("note", "required")]);
    noted
        .patch(id, json!({"note": 7, "name": 3}))
        .expect_bad_fields(&[("note", "wrong_type"), ("name", "unknown_field")]);
    noted.patch(id, json!({"delta": 300})).expect_bad_fields(&[("delta", "read_only")]);
    noted.patch(999_999, json!({})).expect_problem(404, "not_found");
    noted.patch(id, json!({"note": "Charged twice"})).expect(200);
    let path = format!("/stock/movements/{id}");
    let stale = noted
        .manager
        .request("PATCH", &path)
        .header("If-Match", &version)
        .json(json!({"note": "Another"}))
        .send();
    stale.expect_problem(412, "precondition_failed");
    for client in [noted.shop.clerk(), noted.shop.guest().client] {
        client.patch(&path, json!({"note": "Mine"})).expect_problem(403, "forbidden");
        client.get("/mentions").expect_problem(403, "forbidden");
    }
    let ledger = noted.manager.get(&noted.ledger()).expect(200);
    assert_eq!(ledger.body["data"][0]["note"], "Charged twice");
}

#[test]
fn a_retry_after_the_note_was_changed_does_not_bring_it_back() {
    let noted = Noted::open();
    let body = json!({"delta": -1, "reason": "damaged", "note": "Dropped by Quackenbush"});
    let made = noted.manager.post_once("a-key", &noted.ledger(), body.clone()).expect(201);
    // Looked at and left, it is answered as before.
    noted.patch(made.id(), json!({})).expect(200);
    assert_eq!(noted.manager.post_once("a-key", &noted.ledger(), body.clone()).expect(201).text, made.text);
    noted.patch(made.id(), json!({"note": null})).expect(200);
    let told = noted.manager.post_once("a-key", &noted.ledger(), body).expect_problem(410, "answer_erased");
    assert_eq!(told.body["answered"], json!({"status": 201, "location": noted.ledger()}));
    assert_eq!(noted.manager.on_hand(noted.product), 99);
}

/// A name that stands in every note is no reason to read them all, and does not hide the note that names the person.
#[test]
fn of_a_name_that_stands_everywhere_a_thousand_notes_are_put_up_and_the_surest_are_among_them() {
    let noted = Noted::open();
    let sure = noted.note("found", "ring +44 20 123456");
    let mut sql = noted.shop.sql();
    let filling = format!("INSERT INTO stock_movements (product_id, sequence, delta, balance_after, cost_unknown, reason, note, at)
        SELECT s.product_id, s.movement_count + n.seq, 0, s.on_hand, s.cost_unknown, 'stock_take', 'Ada counted', s.last_movement_at
        FROM stock s JOIN {} n WHERE s.product_id = ?", numbers(1500));
    sql.exec_drop(filling, (noted.product,)).unwrap();
    sql.query_drop("UPDATE stock SET movement_count = movement_count + 1500").unwrap();
    noted.erase(&noted.shop.guest());
    let up: Vec<(u64, String)> = sql.query("SELECT movement_id, found FROM mentions ORDER BY 1").unwrap();
    assert_eq!((up.len(), &up[0]), (1000, &(sure, "phone".to_owned())));
    let newest: Option<u64> = sql.query_first("SELECT MAX(id) FROM stock_movements").unwrap();
    assert_eq!(Some(up[999].0), newest);
}
