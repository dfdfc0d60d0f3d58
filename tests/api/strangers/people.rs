//! How people are reached, as they write it.

use serde_json::{Value, json};

use crate::harness::Shop;

fn customer(email: &str, phone: &str) -> Value {
    json!({"name": "Ada", "email": email, "phone": phone})
}

#[test]
fn an_address_may_be_in_any_script_and_is_kept_as_written() {
    let shop = Shop::open();
    for email in [
        "info@müller.de",
        "user@пример.рф",
        "jörg@example.de",
        "用户@例子.中国",
        "संपर्क@डाटामेल.भारत",
        "Ada.LOVELACE@Example.COM",
        "δοκιμή@παράδειγμα.ελ",
        "a@i❤.ws",
        "ali@موقع.وزارة",
    ] {
        let created = shop.anyone().post("/customers", customer(email, "555-0100")).expect(201);
        assert_eq!(created.body["email"], email);
    }
    let created = shop
        .anyone()
        .post("/customers", customer("\u{200B} ada@mu\u{308}ller.de\u{A0}", "555-0100"))
        .expect(201);
    assert_eq!(created.body["email"], "ada@müller.de");
    for (email, code) in [
        ("jörg@", "invalid_email"),
        ("jörg@example", "invalid_email"),
        ("a b@müller.de", "invalid_email"),
        ("a\u{A0}b@müller.de", "invalid_email"),
        ("ada@mü\u{200B}ller.de", "invalid_email"),
        ("ada@müller..de", "invalid_email"),
        ("ada＠example.com", "invalid_email"),
        ("ada@-müller.de", "invalid_email"),
        ("ada@\u{202E}moc.de", "direction_override"),
        ("\u{F8FF}@example.com", "private_character"),
        ("ada@example.com\n", "line_break"),
    ] {
        shop.anyone().post("/customers", customer(email, "555-0100")).expect_bad_fields(&[("email", code)]);
    }
}

#[test]
fn a_telephone_number_is_taken_as_people_write_it() {
    let shop = Shop::open();
    for (written, kept) in [
        ("+1 (555) 010-9999 x123", "+1 (555) 010-9999 x123"),
        ("(+44) 1234 2553-421", "(+44) 1234 2553-421"),
        ("+49\u{A0}30\u{A0}123456", "+49\u{A0}30\u{A0}123456"),
        ("+49 30 123456–78", "+49 30 123456–78"),
        ("\u{202A}+972501234567\u{202C}", "+972501234567"),
        ("\u{2068}050 123 4567\u{2069}\u{200F}", "050 123 4567"),
        ("０３－１２３４－５６７８", "０３－１２３４－５６７８"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "٠٥٠ ١٢٣ ٤٥٦٧"),
        ("۰۲۱-۱۲۳۴۵۶۷۸", "۰۲۱-۱۲۳۴۵۶۷۸"),
        ("०११ २३४५ ६७८९", "०११ २३४५ ६७८९"),
        (
            "+33\u{202F}1\u{202F}23\u{202F}45\u{202F}67\u{202F}89",
            "+33\u{202F}1\u{202F}23\u{202F}45\u{202F}67\u{202F}89",
        ),
        ("+1 555 010 9999, ext. 12", "+1 555 010 9999, ext. 12"),
        ("030 123456 Durchwahl 78", "030 123456 Durchwahl 78"),
        ("555 0100 #7", "555 0100 #7"),
        ("\u{FEFF}+49 (0)30/12-34.56 ", "+49 (0)30/12-34.56"),
    ] {
        let created = shop.anyone().post("/customers", customer("a@b.co", written)).expect(201);
        assert_eq!(created.body["phone"], kept);
    }
}

#[test]
fn a_refused_telephone_number_is_told_what_to_write() {
    let shop = Shop::open();
    let sixty_one = format!("+49 30 123456{}", " ".repeat(47)) + "7";
    for phone in [
        "12345",
        "call me",
        "+49 30 123456 or 030 7",
        "1234567890123456",
        "030 123456 x",
        "x12",
        "030\n123456",
        &sixty_one,
    ] {
        let refused = shop
            .anyone()
            .post("/customers", customer("a@b.co", phone))
            .expect_bad_fields(&[("phone", "invalid_phone")]);
        let message = refused.body["errors"][0]["message"].as_str().unwrap();
        for part in ["+49 30 123456", "x12", "6 to 15 digits", "60 characters"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
