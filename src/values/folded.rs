//! The form in which texts are compared for finding: what two people would type for the same word is the same.

use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::characters::is_invisible;
use super::{Bad, Gtin, Input, Line};

/// As much of a row as is looked through. The longest name, SKU, e-mail address and telephone number together
/// are shorter, unless they are of signs that are written out, such as ㎢. The key on it has room for no more.
const SEARCH_TEXT_LENGTH_MAX: usize = 700;
/// Each word is looked for in every row that has the others. The title of a book has room.
const WORDS_MAX: usize = 12;
/// A shorter number is a house number, or a part of a name.
const PHONE_DIGITS_MIN: usize = 4;

/// What is looked for with `?q=`: words that must all occur, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub words: Vec<String>,
    /// The digits of what could be a telephone number, without the zeros before it.
    pub phone: Option<String>,
    /// The 14 digits of what is a barcode's number, however it is grouped.
    pub barcode: Option<String>,
}

impl Search {
    pub fn parse(input: &Input) -> Result<Search, Bad> {
        let Line(text) = Line::<100>::parse(input)?;
        let folded = folded(&text);
        let words: Vec<String> =
            folded.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if words.is_empty() {
            return Err(Bad::new("blank", "must hold a letter, a digit or a sign to look for"));
        }
        let words = without_parts(words);
        if words.len() > WORDS_MAX {
            return Err(Bad::new("too_many_words", format!("must hold at most {WORDS_MAX} words")));
        }
        let digits = phone_digits(&folded);
        let is_number = folded.chars().all(|c| c.is_ascii_digit() || " +()[]./-".contains(c));
        let phone = (is_number && digits.len() >= PHONE_DIGITS_MIN)
            .then(|| digits.trim_start_matches('0').to_owned());
        let barcode = Gtin::parse(input).ok().map(|gtin| gtin.key());
        Ok(Search { words, phone: phone.filter(|digits| !digits.is_empty()), barcode })
    }
}

/// Whoever looks for `mug` and `mugs` looks for `mugs`.
fn without_parts(words: Vec<String>) -> Vec<String> {
    let is_part = |(at, word): (usize, &String)| {
        words.iter().enumerate().any(|(other_at, other)| {
            other_at != at && other.contains(word.as_str()) && (other != word || other_at < at)
        })
    };
    let parts: Vec<bool> = words.iter().enumerate().map(is_part).collect();
    words.into_iter().zip(parts).filter(|(_, is_part)| !is_part).map(|(word, _)| word).collect()
}

/// What is written with a row for [`Search`] to look through.
pub fn search_text<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts: Vec<String> = parts.into_iter().map(folded).collect();
    parts.join(" ").chars().take(SEARCH_TEXT_LENGTH_MAX).collect()
}

/// The digits of a telephone number. The zero in +49 (0)30 is dialled by those only who leave out what is
/// before it.
pub fn phone_digits(phone: &str) -> String {
    folded(phone).replace("(0)", "").chars().filter(char::is_ascii_digit).collect()
}

/// Lower case without accents, in compatibility form, with one space between words: `ＣＡＦÉ`, `Café` and
/// `cafe` are one.
pub fn folded(text: &str) -> String {
    let visible = text.chars().filter(|&c| !is_invisible(c));
    let folded: String = if text.is_ascii() {
        // Most texts, and a fraction of the work: each letter has one form and no accent.
        visible.map(typed).map(|c| c.to_ascii_lowercase()).collect()
    } else {
        // Before and after: the compatibility form of ´ is a blank with an accent, and that of ½ has a slash of its own.
        let letters = visible.nfc().map(typed).nfkd().map(typed);
        let letters = letters.filter(|&c| !is_accent(c) && !is_invisible(c));
        let letters = letters.flat_map(without_case).nfkd().filter(|&c| !is_accent(c)).flat_map(spelt_out);
        // Composed again, which takes less room.
        letters.nfc().collect()
    };
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Quotation marks, dashes and the like as a keyboard has them, and digits of any script.
fn typed(c: char) -> char {
    match c {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʾ' | 'ʿ' | '`' | '´' | '＇' | '‹' | '›' => {
            '\''
        }
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => '"',
        '‐'..='―' | '−' | '﹣' => '-',
        '×' | '✕' => 'x',
        '⁄' | '∕' => '/',
        c => digit(c).unwrap_or(c),
    }
}

/// The zeros of the scripts whose digits are none of ASCII's by compatibility; nine more follow each.
#[rustfmt::skip]
const ZEROS: [char; 20] = [
    '\u{0660}', '\u{06F0}', '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}', '\u{0B66}', '\u{0BE6}', '\u{0C66}',
    '\u{0CE6}', '\u{0D66}', '\u{0DE6}', '\u{0E50}', '\u{0ED0}', '\u{0F20}', '\u{1040}', '\u{17E0}', '\u{1810}', '\u{A9D0}',
];

fn digit(c: char) -> Option<char> {
    let value = |zero: &char| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10);
    (c >= ZEROS[0])
        .then(|| ZEROS.iter().find_map(value).and_then(|value| char::from_digit(value, 10)))
        .flatten()
}

/// What stands on, under or across a letter and is left out where a keyboard lacks it: accents, and the
/// points of Hebrew and Arabic. The marks of Indic, Thai and Japanese are letters of their own.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..=240)
}

/// `ß` is `ss` in capitals, and ς and σ are one letter there.
fn without_case(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Letters that Unicode takes for whole ones, and that people without them on the keyboard write so.
fn spelt_out(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ħ' => ('h', None),
        'ŧ' => ('t', None),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        c => (c, None),
    };
    iter::once(first).chain(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn so_many_words_are_looked_for_and_no_part_of_another() {
        let parse = |text: &str| Search::parse(&Input::Text(text.to_owned()));
        let words = |text: &str| parse(text).unwrap().words.join(" ");
        assert_eq!(words("mug blue"), "mug blue");
        assert_eq!(words("mugs mug blue MUG ug blue"), "mugs blue");
        assert_eq!(words("a b c d e f g h i j k l"), "a b c d e f g h i j k l");
        assert_eq!(words("m ma an any many many"), "many");
        assert_eq!(parse("a b c d e f g h i j k l m").unwrap_err().code, "too_many_words");
    }

    #[test]
    fn what_people_type_for_the_same_word_is_the_same() {
        for (one, other) in [
            ("Café Crème", "cafe\u{301} creme"),
            ("Fußball", "FUSSBALL"),
            ("GROẞ", "groß"),
            ("Levi’s", "levi's"),
            ("Ｔ－ＳＨＩＲＴ　１０", "t-shirt 10"),
            ("Łódź", "lodz"),
            ("Smørrebrød", "SMORREBROD"),
            ("Ærø", "aero"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("İstanbul ışık", "istanbul isik"),
            ("Tiếng Việt", "tieng viet"),
            ("한국어", "\u{1112}\u{1161}\u{11AB}국어"),
            ("ﬁlter ½", "filter 1/2"),
            ("co\u{AD}operation", "cooperation"),
            ("❤\u{FE0F}", "❤"),
            ("٣٤", "34"),
            ("20×30", "20x30"),
            ("  a \u{A0} b ", "a b"),
            ("ёлка й", "елка и"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in
            [("कि", "की"), ("ガ", "ガス"), ("🍎", "🍌"), ("🇩🇪", "🇬🇧"), ("น้ำ", "นำ"), ("가", "각")]
        {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn a_number_is_looked_for_by_its_digits() {
        let phone = |text: &str| Search::parse(&Input::Text(text.into())).unwrap().phone;
        assert_eq!(phone("7778889").as_deref(), Some("7778889"));
        assert_eq!(phone("+49 (0)30/777-888 9").as_deref(), Some("49307778889"));
        assert_eq!(phone("０３－１２３４").as_deref(), Some("31234"));
        assert_eq!(phone("Mug 7778889"), None);
        assert_eq!(phone("42"), None);
        assert_eq!(phone("0000"), None);
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn ascii_folds_as_it_does_beside_other_letters(text in "[\t\n -~]{0,40}") {
            prop_assert_eq!(folded(&format!("é {text} é")), format!("e {text} e", text = folded(&text)).replace("  ", " "));
        }

        #[test]
        fn both_normal_forms_and_both_cases_fold_alike(text in "\\PC{0,40}") {
            prop_assert_eq!(folded(&text.nfd().collect::<String>()), folded(&text));
            prop_assert_eq!(folded(&text.nfc().collect::<String>()), folded(&text));
        }

        #[test]
        fn every_word_of_a_text_finds_it(text in "\\PC{1,100}") {
            if let Ok(search) = Search::parse(&Input::Text(text.clone())) {
                let within = search_text([text.as_str()]);
                let cut = within.chars().count() == SEARCH_TEXT_LENGTH_MAX;
                for word in search.words.iter().filter(|_| !cut) {
                    prop_assert!(within.contains(word), "{word:?} in {within:?}");
                }
            }
        }
    }
}
