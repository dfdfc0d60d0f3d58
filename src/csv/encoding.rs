//! How the text of a file is written in bytes.

use std::io::{self, Read};

use crate::values::words;

words! {
    Encoding, refused as "invalid_encoding" {
        Utf8 = "utf-8",
        /// What Excel calls Unicode text; the byte order mark says which byte comes first.
        Utf16Le = "utf-16le",
        Utf16Be = "utf-16be",
        /// What Excel writes in Western Europe.
        Windows1252 = "windows-1252",
    }
}

/// Enough of a file to see how it is written where it has no byte order mark.
const PROBE_BYTES: usize = 4096;

impl Encoding {
    /// What a file is written in, of which everything is read: a byte order mark says so; UTF-16 without one has a zero in
    /// every other byte of what is plain in it; what is no UTF-8 anywhere is Windows-1252.
    pub fn detect(file: &mut impl Read) -> io::Result<Encoding> {
        let mut bytes = vec![0; 64 * 1024];
        let mut kept = 0;
        let mut is_first = true;
        loop {
            let count = file.read(&mut bytes[kept..])?;
            let end = kept + count;
            if std::mem::take(&mut is_first)
                && let Some(encoding) = Encoding::of_beginning(&bytes[..end.min(PROBE_BYTES)])
            {
                return Ok(encoding);
            }
            let (valid, is_broken) = match std::str::from_utf8(&bytes[..end]) {
                Ok(_) => (end, false),
                Err(cause) => (cause.valid_up_to(), cause.error_len().is_some()),
            };
            // A character that is cut off at the end of the file is broken too.
            if is_broken || count == 0 && valid < end {
                return Ok(Encoding::Windows1252);
            }
            if count == 0 {
                return Ok(Encoding::Utf8);
            }
            bytes.copy_within(valid..end, 0);
            kept = end - valid;
        }
    }

    fn of_beginning(bytes: &[u8]) -> Option<Encoding> {
        let zeros = |offset: usize| bytes.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
        match bytes {
            [0xEF, 0xBB, 0xBF, ..] => None,
            [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
            [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
            _ if zeros(1) > bytes.len() / 4 => Some(Encoding::Utf16Le),
            _ if zeros(0) > bytes.len() / 4 => Some(Encoding::Utf16Be),
            _ => None,
        }
    }
}

/// Turns the bytes of a file into UTF-8, as they come.
pub struct Decoder {
    encoding: Encoding,
    /// The first half of what another read cut in two.
    left: Vec<u8>,
}

impl Decoder {
    pub fn new(encoding: Encoding) -> Decoder {
        Decoder { encoding, left: Vec::new() }
    }

    /// Appends what these bytes say to `text`; `is_end` when nothing follows. What is no character becomes U+FFFD, which no
    /// field takes.
    pub fn decode(&mut self, bytes: &[u8], is_end: bool, text: &mut Vec<u8>) {
        match self.encoding {
            // Its cells are checked one by one.
            Encoding::Utf8 => text.extend_from_slice(bytes),
            Encoding::Windows1252 => {
                bytes.iter().for_each(|&byte| push(text, windows_1252(byte)));
            }
            Encoding::Utf16Le | Encoding::Utf16Be => self.decode_utf16(bytes, is_end, text),
        }
    }

    fn decode_utf16(&mut self, bytes: &[u8], is_end: bool, text: &mut Vec<u8>) {
        self.left.extend_from_slice(bytes);
        let unit = |pair: &[u8]| match self.encoding {
            Encoding::Utf16Be => u16::from_be_bytes([pair[0], pair[1]]),
            _ => u16::from_le_bytes([pair[0], pair[1]]),
        };
        let mut units: Vec<u16> = self.left.chunks_exact(2).map(unit).collect();
        let is_half = |unit: &u16| (0xD800..0xDC00).contains(unit);
        // Its other half has not come yet.
        let waits = !is_end && units.last().is_some_and(is_half);
        if waits {
            units.pop();
        }
        self.left.drain(..2 * units.len());
        for unit in char::decode_utf16(units) {
            push(text, unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if is_end && !std::mem::take(&mut self.left).is_empty() {
            push(text, char::REPLACEMENT_CHARACTER);
        }
    }
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The characters from 0x80 to 0x9F, where it is not Latin-1; as the WHATWG Encoding Standard has it, so that none is missing.
#[rustfmt::skip]
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => byte.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_seen() {
        let detect = |bytes: &[u8]| Encoding::detect(&mut &*bytes).expect("a slice can be read");
        let utf16 = |text: &str, le: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| if le { unit.to_le_bytes() } else { unit.to_be_bytes() })
                .collect()
        };
        assert_eq!(detect("name;Preis\nTasse;5 €".as_bytes()), Encoding::Utf8);
        assert_eq!(detect(b"name;Preis\nTasse;5 \x80"), Encoding::Windows1252);
        assert_eq!(detect(b"K\xFCche"), Encoding::Windows1252);
        assert_eq!(detect("Küche".as_bytes().split_last().expect("a byte").1), Encoding::Utf8);
        assert_eq!(detect("cut ü".as_bytes().split_last().expect("a byte").1), Encoding::Windows1252);
        assert_eq!(detect(&utf16("\u{FEFF}name,price", true)), Encoding::Utf16Le);
        assert_eq!(detect(&utf16("\u{FEFF}name,price", false)), Encoding::Utf16Be);
        assert_eq!(detect(&utf16("name,price", true)), Encoding::Utf16Le);
        assert_eq!(detect(&utf16("name,price", false)), Encoding::Utf16Be);
        assert_eq!(detect(b""), Encoding::Utf8);
        // A character on the border of two reads.
        let long = format!("{}ü{}", "x".repeat(64 * 1024 - 1), "ü".repeat(50_000));
        assert_eq!(detect(long.as_bytes()), Encoding::Utf8);
    }

    #[test]
    fn bytes_become_text_wherever_they_are_cut() {
        let text = "Küche 5 € 𝄞";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for size in 1..=le.len() {
            let mut decoder = Decoder::new(Encoding::Utf16Le);
            let mut decoded = Vec::new();
            le.chunks(size).for_each(|piece| decoder.decode(piece, false, &mut decoded));
            decoder.decode(&[], true, &mut decoded);
            assert_eq!(String::from_utf8_lossy(&decoded), text, "in pieces of {size}");
        }
        let mut decoded = Vec::new();
        Decoder::new(Encoding::Windows1252).decode(b"K\xFCche 5 \x80 \x96", true, &mut decoded);
        assert_eq!(String::from_utf8_lossy(&decoded), "Küche 5 € –");
        let mut broken = Vec::new();
        Decoder::new(Encoding::Utf16Le).decode(&[b'a', 0, 0x00, 0xD8, b'b'], true, &mut broken);
        assert_eq!(String::from_utf8_lossy(&broken), "a\u{FFFD}\u{FFFD}");
    }
}
