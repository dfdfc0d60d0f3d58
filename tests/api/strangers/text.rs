//! Text that people write: one form, something to see, nothing that reads differently from what it says.

use serde_json::{Value, json};

use crate::client::Client;
use crate::fixtures::items_json;
use crate::harness::Shop;
use crate::random::Random;
use crate::wire;

use super::found;

const FAMILY: &str = "👨\u{200D}👩\u{200D}👧";
const SCOTLAND: &str = "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";

fn customer(name: &str) -> Value {
    json!({"name": name, "email": "ada@example.com", "phone": "555-0100"})
}

fn product(name: &str) -> Value {
    json!({"name": name, "price": "1.00"})
}

#[test]
fn what_nobody_can_see_is_no_name() {
    let shop = Shop::open();
    let staff = shop.staff();
    for name in [
        "\u{200B}",
        "\u{3164}",
        "\u{FEFF}",
        "\u{2060}",
        "\u{115F}",
        "\u{1160}",
        "\u{FFA0}",
        "\u{2800}",
        "\u{AD}",
        "\u{34F}",
        "\u{61C}",
        "\u{180E}",
        "\u{200E}\u{200F}",
        "\u{FE0F}",
        "\u{E0041}\u{E0042}",
        "\u{E0100}",
        "\u{17B4}",
        "\u{1D173}",
        "\u{FFFC}",
        " \u{200B}\u{A0}\u{3000}\t",
        "\u{2028}",
        "\u{202E}",
        "\u{206A}",
    ] {
        shop.anyone().post("/customers", customer(name)).expect_bad_fields(&[("name", "blank")]);
        staff.post("/products", product(name)).expect_bad_fields(&[("name", "blank")]);
    }
}

#[test]
fn what_reads_differently_from_what_it_says_is_refused() {
    let shop = Shop::open();
    let staff = shop.staff();
    for (name, code) in [
        ("\u{202E}evil", "direction_override"),
        ("Ada \u{2066}x\u{2069}", "direction_override"),
        ("Ada\u{202C}", "direction_override"),
        ("Ada\u{2028}Lovelace", "line_break"),
        ("Ada\u{2029}Lovelace", "line_break"),
        ("Ada\u{85}Lovelace", "line_break"),
        ("Ada\u{B}Lovelace", "line_break"),
        ("Ada\r\nLovelace", "line_break"),
        ("\u{F8FF} Pro", "private_character"),
        ("\u{100000}", "private_character"),
        ("\u{FFFF}", "private_character"),
        ("Ada\u{7}", "control_character"),
        ("Ada\u{9D}", "control_character"),
    ] {
        let refused = shop.anyone().post("/customers", customer(name)).expect_bad_fields(&[("name", code)]);
        assert_ne!(refused.body["errors"][0]["message"].as_str().unwrap(), "");
        staff.post("/products", product(name)).expect_bad_fields(&[("name", code)]);
        staff.get(&format!("/products?q={}", super::encoded(name))).expect_bad_fields(&[("q", code)]);
    }
    let description = json!({"name": "A", "price": "1.00", "description": "Holds\ntea\u{202E}"});
    staff.post("/products", description).expect_bad_fields(&[("description", "direction_override")]);
}

#[test]
fn what_joins_visible_characters_stays_and_what_stands_around_them_goes() {
    let shop = Shop::open();
    for (written, kept) in [
        (FAMILY, FAMILY),
        (SCOTLAND, SCOTLAND),
        ("می\u{200C}خواهم", "می\u{200C}خواهم"),
        ("क्\u{200D}ष", "क्\u{200D}ष"),
        ("I ❤\u{FE0F}", "I ❤\u{FE0F}"),
        ("葛\u{E0100}", "葛\u{E0100}"),
        ("1\u{FE0F}\u{20E3}", "1\u{FE0F}\u{20E3}"),
        ("\u{FEFF}\u{200E}Ada \u{200B}\u{A0}", "Ada"),
        ("\u{3000}Ada\u{2060}", "Ada"),
        ("Ada\u{FE0F}\u{E0041}", "Ada"),
        ("Cafe\u{301}", "Café"),
        ("\u{1112}\u{1161}\u{11AB}", "한"),
        ("Tie\u{302}\u{301}ng Vie\u{323}\u{302}t", "Tiếng Việt"),
        ("\u{212B}", "Å"),
        // Not yet a character of Unicode, when this was written.
        ("\u{1FAF9}", "\u{1FAF9}"),
    ] {
        let created = shop.anyone().post("/customers", customer(written)).expect(201);
        assert_eq!(created.body["name"], kept, "{written:?}");
        let own = shop.with_token(created.body["session"]["token"].as_str().unwrap());
        assert_eq!(own.get(&format!("/customers/{}", created.id())).expect(200).body["name"], kept);
    }
}

#[test]
fn a_paragraph_keeps_its_lines() {
    let shop = Shop::open();
    let staff = shop.staff();
    let body = json!({"name": "A", "price": 1, "description": "\u{FEFF}\u{200B}One\r\n\ttwo\u{2028}e\u{301}\n\u{200B}"});
    let created = staff.post("/products", body).expect(201);
    assert_eq!(created.body["description"], "One\r\n\ttwo\u{2028}é");
}

#[test]
fn limits_count_what_is_kept() {
    let shop = Shop::open();
    // As bytes, since the description states the limit for what is kept.
    let sign_up =
        |name: &str| wire::exchange_one(&shop.base, &crate::http::sign_up("", &customer(name).to_string()));
    assert_eq!(sign_up(&"e\u{301}".repeat(200)).expect(201).json()["name"], "é".repeat(200));
    sign_up(&"👍".repeat(200)).expect(201);
    // U+0958 has two characters in NFC.
    for name in ["é".repeat(201), "👍".repeat(201), "\u{958}".repeat(101)] {
        let refused = sign_up(&name).expect_problem(422, "invalid_fields");
        assert_eq!(refused.json()["errors"][0]["code"], "too_long");
    }
}

#[test]
fn a_tracking_number_is_kept_without_what_was_pasted_with_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let product = shop.product(&staff, 5);
    let order = guest.client.order(&[(product, 1)]).expect(201).id();
    let ship = |number: &str| {
        let body = json!({"carrier": "\u{200E}Post\u{200B}", "tracking_number": number});
        staff.post(&format!("/orders/{order}/ship"), body)
    };
    let shipped = ship("\u{FEFF}JD01\u{200B}").expect(200);
    assert_eq!(
        (&shipped.body["tracking_number"], &shipped.body["carrier"]),
        (&json!("JD01"), &json!("Post"))
    );
    assert_eq!(ship("JD01").expect(200).text, shipped.text);
    ship("JD02").expect_problem(409, "order_state");
}

#[test]
fn categories_that_look_alike_are_different_ones() {
    let shop = Shop::open();
    let staff = shop.staff();
    for pair in [
        ["🍎", "🍌"],
        ["🇩🇪", "🇬🇧"],
        ["Groß", "GROSS"],
        ["Küche", "Kuche"],
        ["10", "１０"],
        ["Tea", "tea"],
        ["ガ", "カ"],
        ["が", "ガ"],
        ["ß", "ss"],
        ["①", "1"],
        ["Ω", "ω"],
        ["a b", "a  b"],
        [FAMILY, "👨👩👧"],
    ] {
        let ids = pair.map(|category| {
            staff.post("/products", json!({"name": "A", "price": 1, "category": category})).expect(201).id()
        });
        for (category, id) in pair.iter().zip(ids) {
            assert_eq!(found(&staff, "/products", "category", category), [id], "{category}");
        }
        for id in ids {
            staff.delete(&format!("/products/{id}")).expect(204);
        }
    }
    let id =
        staff.post("/products", json!({"name": "A", "price": 1, "category": "Cafe\u{301}"})).expect(201).id();
    for category in ["Café", "Cafe\u{301}", "\u{200B}Café "] {
        assert_eq!(found(&staff, "/products", "category", category), [id], "{category:?}");
    }
}

#[test]
fn a_byte_order_mark_before_the_body_is_no_part_of_it() {
    let shop = Shop::open();
    let (staff, guest) = (shop.staff(), shop.guest());
    let send = |client: &Client, path: &str, body: &Value| {
        let request = client.request("POST", path).header("Content-Type", "application/json");
        let request = request.header("Idempotency-Key", "the-same");
        request.bytes(format!("\u{FEFF}{body}").into_bytes()).send()
    };
    let product = send(&staff, "/products", &json!({"name": "A", "price": 1, "stock": 3})).expect(201).id();
    let order = json!({"items": items_json(&[(product, 1)])});
    let first = send(&guest.client, "/orders", &order).expect(201);
    // The same request, mark or not.
    let again = guest.client.post_once("the-same", "/orders", order).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.id(), first.id());
}

/// Characters of every kind that means something to this, and any other.
fn random_text(random: &mut Random) -> String {
    const KINDS: [char; 24] = [
        'a',
        'B',
        ' ',
        '1',
        'é',
        'ß',
        '\u{301}',
        '\u{200B}',
        '\u{200D}',
        '\u{202E}',
        '\u{FEFF}',
        '\u{FE0F}',
        '👨',
        '❤',
        '\u{E0067}',
        '\u{3164}',
        '\u{A0}',
        '\n',
        '\u{2028}',
        '한',
        '\u{1161}',
        '\u{E000}',
        '\'',
        '%',
    ];
    let any = |random: &mut Random| char::from_u32((random.next() % 0x11_0000) as u32).unwrap_or('\u{FFFD}');
    (0..=random.below(12))
        .map(|_| if random.below(5) == 0 { any(random) } else { KINDS[random.below(KINDS.len())] })
        .collect()
}

#[test]
fn whatever_is_taken_reads_back_and_is_found_and_whatever_is_refused_says_why() {
    let shop = Shop::open();
    let staff = shop.staff();
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut random = Random(seed);
    let mut taken = 0;
    for _ in 0..200 {
        let text = random_text(&mut random);
        let body = json!({"name": text, "price": 1, "category": text});
        let created = staff.post("/products", body.clone());
        if created.status == 422 {
            let codes: Vec<&str> = created.body["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| error["code"].as_str().unwrap())
                .collect();
            let known =
                ["blank", "line_break", "direction_override", "private_character", "control_character"];
            assert!(codes.iter().all(|code| known.contains(code)), "{text:?}: {codes:?}");
            continue;
        }
        taken += 1;
        let id = created.expect(201).id();
        let read = staff.get(&format!("/products/{id}")).expect(200);
        let name = read.body["name"].as_str().unwrap();
        let mut again = body;
        again["name"] = json!(name);
        let replaced = staff.put(&format!("/products/{id}"), again).expect(200);
        assert_eq!(replaced.body["name"], name, "{text:?} is kept as it is kept");
        for (parameter, asked) in [("category", &*text), ("category", name), ("q", &*text), ("q", name)] {
            let answer =
                staff.get(&format!("/products?limit=100&sort=-id&{parameter}={}", super::encoded(asked)));
            // A lone accent is a name, and nothing to look for.
            if answer.status == 200 {
                assert!(crate::paging::ids_of(&answer).contains(&id), "{parameter}={asked:?} of {text:?}");
            } else {
                answer.expect_bad_fields(&[("q", "blank")]);
            }
        }
    }
    assert!(taken > 10, "{taken} of 200");
}
