//! What names a product in the shop's books.

use serde::{Deserialize, Serialize};

use super::characters::{is_blank, is_invisible, nfc, turns_direction};
use super::{Bad, Input, Line};

/// A stock keeping unit: one line. It reads back as it was written, and is unique among the active products
/// whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sku(pub String);

impl Sku {
    pub fn parse(input: &Input) -> Result<Sku, Bad> {
        Line::<64>::parse(input).map(|Line(sku)| Sku(sku))
    }

    /// The form that is compared: in capitals, without what nobody sees.
    pub fn key(&self) -> String {
        let visible = self.0.chars().filter(|&c| !is_invisible(c));
        let capitals: String = visible.flat_map(char::to_lowercase).flat_map(char::to_uppercase).collect();
        nfc(&capitals)
    }
}

/// A barcode's number: a GTIN of 8, 12, 13 or 14 digits, of which the last one checks the others. It reads
/// back as it was written, without spaces and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gtin(pub String);

impl Gtin {
    pub fn parse(input: &Input) -> Result<Gtin, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::new("wrong_type", "must be a string, since leading zeros count"));
        };
        let digits: String = text.chars().filter(|c| !" -".contains(*c)).collect();
        if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            let message = "must be a GTIN of 8, 12, 13 or 14 digits such as 4006381333931";
            return Err(Bad::new("invalid_barcode", message));
        }
        let (body, last) = digits.split_at(digits.len() - 1);
        let right = check_digit(body);
        if last != right.to_string() {
            let message =
                format!("its last digit would be {right}; look for a digit that was misread, or left out");
            return Err(Bad::new("wrong_check_digit", message));
        }
        Ok(Gtin(digits))
    }

    /// The 14 digits that every form of the number stands for: a UPC-A of 12 and the EAN-13 with a zero
    /// before it are one.
    pub fn key(&self) -> String {
        format!("{:0>14}", self.0)
    }
}

/// The digit that checks the others: from the right they count three times and once in turn.
fn check_digit(body: &str) -> u32 {
    let weighted = |(at, b): (usize, u8)| u32::from(b - b'0') * if at.is_multiple_of(2) { 3 } else { 1 };
    let sum: u32 = body.bytes().rev().enumerate().map(weighted).sum();
    (10 - sum % 10) % 10
}

/// The part of a shop's address that names a product. It reads back as it was written, and is unique among
/// the active products whatever the case of its letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Slug(pub String);

impl Slug {
    pub const LENGTH_MAX: usize = 255;

    pub fn parse(input: &Input) -> Result<Slug, Bad> {
        let Input::Text(_) = input else {
            return Err(Bad::not_text());
        };
        let allowed = |c: char| match c {
            _ if c.is_ascii() => c.is_ascii_alphanumeric() || "-_.~%+".contains(c),
            // Letters of any script, with their marks.
            other => !is_blank(other),
        };
        match Line::<{ Slug::LENGTH_MAX }>::parse(input) {
            Ok(Line(slug)) if slug.chars().all(allowed) => Ok(Slug(slug)),
            _ => {
                let message = "must be 1 to 255 letters, digits or -_.~%+ such as stoneware-mug";
                Err(Bad::new("invalid_slug", message))
            }
        }
    }

    /// The form that is compared for uniqueness. Lower case may be longer, and is cut off where the column
    /// ends.
    pub fn key(&self) -> String {
        nfc(&self.0.to_lowercase()).chars().take(Slug::LENGTH_MAX).collect()
    }
}

/// The address of an image, on the web. It is kept as written and never fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageUrl(pub String);

impl ImageUrl {
    /// What browsers and content networks take.
    pub const LENGTH_MAX: usize = 2000;

    pub fn parse(input: &Input) -> Result<ImageUrl, Bad> {
        let Input::Text(text) = input else {
            return Err(Bad::not_text());
        };
        let url = text.trim();
        let refused = |message: String| Err(Bad::new("invalid_url", message));
        if text.chars().count() > ImageUrl::LENGTH_MAX {
            return Err(Bad::new("too_long", format!("must be at most {} characters", ImageUrl::LENGTH_MAX)));
        }
        let scheme = ["https://", "http://"]
            .iter()
            .find(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let host = scheme.map(|scheme| &url[scheme.len()..]).unwrap_or_default();
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        // What would end an attribute or an address in a page is percent-encoded in every proper one.
        let unsafe_in_pages =
            |c: char| c.is_whitespace() || c.is_control() || turns_direction(c) || "<>\"'\\^`{|}".contains(c);
        if host.is_empty() || host.contains('@') || url.chars().any(unsafe_in_pages) {
            return refused(
                "must be an address such as https://shop.example/mug.jpg, with %20 for a space".to_owned(),
            );
        }
        Ok(ImageUrl(url.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn skus_are_compared_whatever_their_case() {
        let key = |text: &str| Sku::parse(&Input::Text(text.into())).unwrap().key();
        for (one, other) in [
            ("EC-JB8023 GP", " ec-jb8023 gp\u{200B}"),
            ("Ö-1", "o\u{308}-1"),
            ("GROẞ-1", "groß-1"),
            ("A\u{200B}1", "a1"),
            ("ΐ", "\u{3AA}\u{301}"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        for (one, other) in [("A+B", "A B"), ("Ö-1", "O-1"), ("A１", "A1"), ("A#1", "A-1"), ("A  1", "A 1")]
        {
            assert_ne!(key(one), key(other), "{one}");
        }
        // A key of a SKU in ASCII stays what it always was.
        assert_eq!(key("mug-0042._/"), "MUG-0042._/");
    }

    fn gtin(text: &str) -> Result<Gtin, &'static str> {
        Gtin::parse(&Input::Text(text.into())).map_err(|bad| bad.code)
    }

    #[test]
    fn barcodes_of_every_length_are_taken_with_their_check_digit() {
        for (good, key) in [
            ("96385074", "00000096385074"),
            ("036000291452", "00036000291452"),
            ("0036000291452", "00036000291452"),
            ("4006381333931", "04006381333931"),
            ("978-3-16-148410-0", "09783161484100"),
            ("10614141000415", "10614141000415"),
            (" 4006381 333931 ", "04006381333931"),
            ("00000000", "00000000000000"),
        ] {
            assert_eq!(gtin(good).map(|gtin| gtin.key()), Ok(key.to_owned()), "{good}");
        }
        for bad in [
            "",
            "4006381333",
            "40063813339311234",
            "400638133393x",
            "４００６３８１３３３９３１",
            "1234567",
            "-",
        ] {
            assert_eq!(gtin(bad), Err("invalid_barcode"), "{bad}");
        }
        for bad in ["4006381333932", "96385073", "036000291453", "4006381339331"] {
            assert_eq!(gtin(bad), Err("wrong_check_digit"), "{bad}");
        }
        let number = Gtin::parse(&Input::Number("4006381333931".into()));
        assert_eq!(number.unwrap_err().code, "wrong_type");
    }

    proptest! {
        #[test]
        fn one_misread_digit_is_always_noticed(body in "[0-9]{12}", at in 0_usize..13, by in 1_u8..10) {
            let code = format!("{body}{}", check_digit(&body));
            prop_assert!(gtin(&code).is_ok());
            let mut misread = code.into_bytes();
            misread[at] = b'0' + (misread[at] - b'0' + by) % 10;
            prop_assert_eq!(gtin(std::str::from_utf8(&misread).unwrap()), Err("wrong_check_digit"));
        }
    }

    #[test]
    fn images_stand_on_the_web_and_break_no_page() {
        let url = |text: &str| ImageUrl::parse(&Input::Text(text.into())).map_err(|bad| bad.code);
        for good in [
            "https://shop.example/mug.jpg",
            "http://127.0.0.1:9000/a?b=c&d=e#f",
            "HTTPS://shop.example/%20mug(1),2.jpg",
            "https://münchen.example/krug.jpg",
            " https://shop.example ",
        ] {
            assert_eq!(url(good).map(|url| url.0), Ok(good.trim().to_owned()), "{good}");
        }
        for bad in [
            "",
            "mug.jpg",
            "/mug.jpg",
            "//shop.example/mug.jpg",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "ftp://shop.example/mug.jpg",
            "https://",
            "https:///mug.jpg",
            "https://shop.example/a b.jpg",
            "https://shop.example/\"onload=",
            "https://shop.example/<x>",
            "https://user@shop.example/mug.jpg",
            "https://shop.example/a\nb",
            "https://shop.example/\u{202E}gpj.exe",
            "https:/\\shop.example/mug.jpg",
        ] {
            assert_eq!(url(bad), Err("invalid_url"), "{bad}");
        }
        assert_eq!(url(&format!("https://shop.example/{}", "x".repeat(2000))), Err("too_long"));
    }

    #[test]
    fn slugs_are_one_word_of_an_address() {
        let slug = |text: &str| {
            Slug::parse(&Input::Text(text.into())).map(|slug| slug.key()).map_err(|bad| bad.code)
        };
        for (good, key) in [
            ("Stoneware-Mug", "stoneware-mug"),
            ("t_shirt.v2~", "t_shirt.v2~"),
            ("café", "café"),
            ("किताब", "किताब"),
            ("caf%C3%A9", "caf%c3%a9"),
            (" mug\u{200B} ", "mug"),
            ("cafe\u{301}", "café"),
        ] {
            assert_eq!(slug(good), Ok(key.to_owned()), "{good}");
        }
        for bad in
            ["", " ", "a/b", "a b", "a?b", "a#b", "a&b", "<a>", "a\u{200b}b", "a\u{202e}b", "\u{e000}", "a\n"]
        {
            assert_eq!(slug(bad), Err("invalid_slug"), "{bad}");
        }
        assert_eq!(slug(&"x".repeat(256)), Err("invalid_slug"));
        assert_eq!(slug(&"İ".repeat(255)).unwrap().chars().count(), 255);
    }
}
