//! What a text may hold, what of it can be seen, and the form in which it is kept.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::Bad;

/// Unicode's property Default_Ignorable_Code_Point, which no later version takes a character out of: joiners,
/// direction marks, variation selectors, tags, fillers. Behind them what is drawn as nothing although it lacks
/// the property: the empty braille pattern, and U+FFF9 to U+FFFC, which mark annotations and embedded objects.
#[rustfmt::skip]
const INVISIBLE: [(u32, u32); 19] = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    (0x2800, 0x2800), (0xFFF9, 0xFFFC),
];

/// Whether a character is drawn as nothing. It may shape those beside it.
pub fn is_invisible(c: char) -> bool {
    // The first of the list.
    c >= '\u{AD}' && INVISIBLE.iter().any(|&(first, last)| (first..=last).contains(&u32::from(c)))
}

/// Whether a character shows nothing: white space, or invisible.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether a text shows nothing at all.
pub fn is_blank_text(text: &str) -> bool {
    text.chars().all(is_blank)
}

/// Embeddings, overrides and isolates: behind one of them a text reads differently from what it says.
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Characters that mean something to those only who have agreed on it, and those that never will be one. What
/// a later version of Unicode may define is none of them.
pub fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}' | '\u{F0000}'..)
}

pub fn breaks_line(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What is behind a sign that has more than one look, and belongs to it: ❤️ and ❤, the flag of Scotland.
fn shapes_the_sign_before(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{E0020}'..='\u{E007F}')
}

/// Without what shows nothing at its ends.
pub fn trimmed(text: &str) -> &str {
    let text = text.trim_start_matches(is_blank);
    let visible = text.trim_end_matches(is_blank);
    let behind = &text[visible.len()..];
    let shaping = match visible.chars().next_back() {
        // A letter or a digit has one look.
        Some(last) if !last.is_ascii() => {
            behind.len() - behind.trim_start_matches(shapes_the_sign_before).len()
        }
        _ => 0,
    };
    &text[..visible.len() + shaping]
}

/// Unicode's form NFC, in which every text is kept: one way to write é.
pub fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        _ => text.nfc().collect(),
    }
}

/// Refuses what no text may hold: control characters except `allowed` ones, private ones, and what turns the
/// direction of the text around it.
pub fn check(text: &str, allowed: fn(char) -> bool) -> Result<(), Bad> {
    let Some(c) = text.chars().find(|&c| !allowed(c) && is_refused(c)) else {
        return Ok(());
    };
    let name = format!("U+{:04X}", u32::from(c));
    Err(match c {
        _ if breaks_line(c) => Bad::new("line_break", "must be one line, without a line break"),
        _ if turns_direction(c) => {
            let message = format!("must not hold {name}, which turns the direction of the text; remove it");
            Bad::new("direction_override", message)
        }
        _ if is_private(c) => {
            let message = format!("must not hold {name}, which means nothing to others; remove it");
            Bad::new("private_character", message)
        }
        _ => Bad::new("control_character", format!("must not hold control characters such as {name}")),
    })
}

fn is_refused(c: char) -> bool {
    c.is_control() || breaks_line(c) || turns_direction(c) || is_private(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_nothing_is_trimmed_and_what_shapes_a_sign_stays() {
        for (text, kept) in [
            ("\u{FEFF}JD01\u{200B}", "JD01"),
            ("\u{200E}\u{A0}A b\u{3000}\u{2060}\u{200F}", "A b"),
            ("JD01\u{FE0F}", "JD01"),
            ("❤\u{FE0F}\u{200B}", "❤\u{FE0F}"),
            (
                "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
                "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
            ),
            ("葛\u{E0100}", "葛\u{E0100}"),
            ("1\u{FE0F}\u{20E3}", "1\u{FE0F}\u{20E3}"),
            ("👨\u{200D}👩\u{200D}👧", "👨\u{200D}👩\u{200D}👧"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("\u{3164}\u{115F}\u{1160}\u{FFA0}\u{2800}\u{00AD}\u{E0041}\u{FE0F}\u{180E}", ""),
        ] {
            assert_eq!(trimmed(text), kept, "{text:?}");
        }
    }

    #[test]
    fn a_refusal_names_what_is_wrong() {
        let code = |text: &str| check(text, |_| false).err().map(|bad| bad.code);
        assert_eq!(code("Ada \u{202E}evil"), Some("direction_override"));
        assert_eq!(code("Ada\u{2069}"), Some("direction_override"));
        assert_eq!(code("Ada\u{2028}Lovelace"), Some("line_break"));
        assert_eq!(code("Ada\u{85}"), Some("line_break"));
        assert_eq!(code("\u{F8FF}"), Some("private_character"));
        assert_eq!(code("\u{100000}"), Some("private_character"));
        assert_eq!(code("a\0"), Some("control_character"));
        assert_eq!(code("👨\u{200D}👩\u{200D}👧 \u{378}"), None, "U+0378 has no meaning yet");
    }
}
