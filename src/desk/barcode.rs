//! Barcodes as SVG: a GTIN as EAN-13, UPC-A, EAN-8 or ITF-14 by its length, any other text as Code 128.
//!
//! By the GS1 General Specifications (5.2 for EAN and UPC, 5.3 for ITF-14) and ISO/IEC 15417 for Code 128, with the quiet
//! zones that they ask for and the text for people below.

use std::fmt::Write;

use maud::{Markup, html};

/// Bars and the spaces between them, from the first bar to the last, in modules.
#[derive(Debug, PartialEq, Eq)]
pub struct Barcode {
    widths: Vec<u32>,
    /// What stays white at the left and at the right.
    quiet: (u32, u32),
    text: String,
}

/// Space, bar, space, bar of the digits of EAN's set A; mirrored they are set B, and begun with a bar set C.
const DIGITS: [&str; 10] = ["3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112"];
/// By the first digit of an EAN-13, which of the next six are of set B.
const SETS: [&str; 10] =
    ["AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA"];
/// Of the five bars, or spaces, of a digit of ITF two are wide.
const INTERLEAVED: [&str; 10] =
    ["11331", "31113", "13113", "33111", "11313", "31311", "13311", "11133", "31131", "13131"];
/// By value: the characters of set B from the blank on, then what controls.
#[rustfmt::skip]
const CODE_128: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];
const START_B: usize = 104;
const STOP: usize = 106;

impl Barcode {
    /// Of a GTIN, whose check digit was looked at when it was written down; None for anything else.
    pub fn of_gtin(code: &str) -> Option<Barcode> {
        let digits: Vec<usize> =
            code.chars().map(|c| Some(c.to_digit(10)? as usize)).collect::<Option<_>>()?;
        let (pattern, quiet) = match digits.len() {
            8 => (ean(&digits[..4], "AAAA", &digits[4..]), (7, 7)),
            12 => (ean(&digits[..6], SETS[0], &digits[6..]), (9, 9)),
            13 => (ean(&digits[1..7], SETS[digits[0]], &digits[7..]), (11, 7)),
            14 => (itf(&digits), (10, 10)),
            _ => return None,
        };
        Some(Barcode { widths: widths(&pattern), quiet, text: code.to_owned() })
    }

    /// Of visible ASCII characters and blanks; None for anything else, and for nothing.
    pub fn of_text(text: &str) -> Option<Barcode> {
        let value = |c: char| matches!(c, ' '..='~').then(|| c as usize - ' ' as usize);
        let values: Vec<usize> = text.chars().map(value).collect::<Option<_>>()?;
        if values.is_empty() {
            return None;
        }
        let check = check_value(&values);
        let symbols = [START_B].into_iter().chain(values).chain([check, STOP]);
        let pattern: String = symbols.map(|symbol| CODE_128[symbol]).collect();
        Some(Barcode { widths: widths(&pattern), quiet: (10, 10), text: text.to_owned() })
    }

    pub fn svg(&self) -> Markup {
        const BARS: u32 = 40;
        const TEXT: u32 = 12;
        let (left, right) = self.quiet;
        let width = left + self.widths.iter().sum::<u32>() + right;
        // One line as thick as the bars are high, with gaps.
        let mut bars = format!("M{left} {}", BARS / 2);
        for pair in self.widths.chunks(2) {
            let written = match pair {
                [bar, space] => write!(bars, "h{bar}m{space} 0"),
                _ => write!(bars, "h{}", pair[0]),
            };
            written.expect("a string takes everything");
        }
        html! {
            svg viewBox={ "0 0 " (width) " " (BARS + TEXT) } role="img" aria-label=(self.text) {
                rect width="100%" height="100%" fill="#fff" {}
                path d=(bars) stroke="#000" stroke-width=(BARS) {}
                text x=(width / 2) y=(BARS + TEXT - 2) text-anchor="middle" fill="#000" { (self.text) }
            }
        }
    }
}

/// The guards, the digits of the left half in their sets, and those of the right half.
fn ean(left: &[usize], sets: &str, right: &[usize]) -> String {
    let of_left = |(digit, set): (&usize, char)| match set {
        'A' => DIGITS[*digit].to_owned(),
        _ => DIGITS[*digit].chars().rev().collect(),
    };
    let left: String = left.iter().zip(sets.chars()).map(of_left).collect();
    let right: String = right.iter().map(|digit| DIGITS[*digit]).collect();
    format!("111{left}11111{right}111")
}

/// Of two digits the first is in the bars, the other in the spaces between them.
fn itf(digits: &[usize]) -> String {
    let pair = |pair: &[usize]| -> String {
        let (bars, spaces) = (INTERLEAVED[pair[0]], INTERLEAVED[pair[1]]);
        bars.chars().zip(spaces.chars()).flat_map(|(bar, space)| [bar, space]).collect()
    };
    format!("1111{}311", digits.chunks_exact(2).map(pair).collect::<String>())
}

/// What checks a Code 128 that begins in set B: its values by their places, modulo 103.
fn check_value(values: &[usize]) -> usize {
    let weighted: usize = values.iter().enumerate().map(|(at, value)| (at + 1) * value).sum();
    (START_B + weighted) % 103
}

fn widths(pattern: &str) -> Vec<u32> {
    pattern.chars().filter_map(|c| c.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 for a black module, 0 for a white one.
    fn modules(code: &Barcode) -> String {
        let run = |(at, width): (usize, &u32)| if at % 2 == 0 { "1" } else { "0" }.repeat(*width as usize);
        code.widths.iter().enumerate().map(run).collect()
    }

    #[test]
    fn ean_13_is_as_published() {
        // The example of the article "International Article Number" in Wikipedia, digit by digit.
        let code = Barcode::of_gtin("4003994155486").unwrap();
        let published = "101 0001101 0100111 0111101 0001011 0010111 0011101 01010 1100110 1001110 1001110 1011100 \
            1001000 1010000 101";
        assert_eq!(modules(&code), published.replace(' ', ""));
    }

    #[test]
    fn every_kind_has_the_width_of_its_standard() {
        let width = |code: &str| modules(&Barcode::of_gtin(code).unwrap()).len();
        assert_eq!(width("4006381333931"), 95);
        assert_eq!(width("036000291452"), 95);
        assert_eq!(width("96385074"), 67);
        // Four for the start, seven pairs of eighteen, five for the stop.
        assert_eq!(width("10614141000415"), 4 + 7 * 18 + 5);
        assert_eq!(Barcode::of_gtin("123"), None);
        assert_eq!(Barcode::of_gtin("400638133393x"), None);
    }

    #[test]
    fn upc_a_is_ean_13_with_a_zero_before_it() {
        let (short, long) = (Barcode::of_gtin("036000291452"), Barcode::of_gtin("0036000291452"));
        assert_eq!(short.unwrap().widths, long.unwrap().widths);
    }

    #[test]
    fn ean_8_is_as_published() {
        // The example of the article "EAN-8" in Wikipedia.
        let code = Barcode::of_gtin("65833254").unwrap();
        let published = "101 0101111 0110001 0110111 0111101 01010 1000010 1101100 1001110 1011100 101";
        assert_eq!(modules(&code), published.replace(' ', ""));
    }

    #[test]
    fn code_128_is_as_published() {
        // The example of the article on Code 128 in Wikipedia: its check symbol is 88.
        let values: Vec<usize> = "Wikipedia".bytes().map(|b| usize::from(b) - 32).collect();
        assert_eq!(check_value(&values), 88);
        let code = Barcode::of_text("Wikipedia").unwrap();
        assert_eq!(modules(&code).len(), 11 * 11 + 13);
        assert_eq!(
            (Barcode::of_text(""), Barcode::of_text("Müller"), Barcode::of_text("a\tb")),
            (None, None, None)
        );
    }

    #[test]
    fn no_two_symbols_are_alike() {
        for (at, symbol) in CODE_128.iter().enumerate() {
            let width: u32 = widths(symbol).iter().sum();
            assert_eq!(width, if at == STOP { 13 } else { 11 }, "{symbol}");
            // The bars of each come to an even number.
            let bars: u32 = widths(symbol).iter().step_by(2).take(3).sum();
            assert!(at == STOP || bars.is_multiple_of(2), "{symbol}");
            assert!(!CODE_128[..at].contains(symbol), "{symbol} appears twice");
        }
        for (at, digit) in DIGITS.iter().enumerate() {
            assert_eq!(widths(digit).iter().sum::<u32>(), 7, "{digit}");
            assert!(!DIGITS[..at].contains(digit), "{digit} appears twice");
        }
    }
}
