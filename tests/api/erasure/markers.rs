//! A customer who can be found again wherever something of them is left.

use std::collections::BTreeSet;

use mysql::Conn;
use mysql::prelude::Queryable;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is written nowhere else, by anybody.
pub const NAME: &str = "Zebulon Quackenbush";
pub const EMAIL: &str = "zqmail@zqdomain.example.org";
pub const PHONE: &str = "+49 30 98765432";
const PHONE_DIGITS: &str = "98765432";
pub const USERNAME: &str = "zq.user";
pub const PASSWORD: &str = "zqpassword in a trench coat";
pub const ADDRESS: &str = "13 Zqaddress Lane\nUpper Slaughter";
pub const NOTE: &str = "Zqnote: leave it with the beekeeper";
pub const CARRIER: &str = "Zqcarrier & Sons";
pub const TRACKING: &str = "ZQTRACK-Q17";
/// Corrected later.
pub const WRONG_TRACKING: &str = "ZQWRONG-Q18";
pub const KEY: &str = "zqkey";

pub const MARKERS: &[&str] = &[
    "zebulon",
    "quackenbush",
    "zqmail",
    "zqdomain",
    PHONE_DIGITS,
    "98765 432",
    "zq.user",
    "zqpassword",
    "zqaddress",
    "slaughter",
    "zqnote",
    "beekeeper",
    "zqcarrier",
    "zqtrack",
    "zqwrong",
    KEY,
];

/// The columns of the whole database in which a marker stands: as text in any case, as hexadecimal, or as the plain
/// digest of a whole text, which whoever guesses the text can recognise.
pub fn columns_that_hold_a_marker(sql: &mut Conn) -> BTreeSet<String> {
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for marker in MARKERS {
        let hex: String = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
        needles.extend([marker.as_bytes().to_vec(), hex.into_bytes()]);
    }
    for text in [NAME, EMAIL, PHONE, USERNAME, PASSWORD, ADDRESS, NOTE, CARRIER, TRACKING, WRONG_TRACKING] {
        let digest = Sha256::digest(text);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        needles.extend([digest.to_ascii_lowercase(), hex.into_bytes()]);
    }
    let tables: Vec<String> = sql
        .query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
        .unwrap();
    let mut found = BTreeSet::new();
    for table in tables {
        let rows: Vec<mysql::Row> = sql.query(format!("SELECT * FROM `{table}`")).unwrap();
        for row in rows {
            for (at, column) in row.columns_ref().iter().enumerate() {
                let Some(mysql::Value::Bytes(bytes)) = row.as_ref(at) else { continue };
                let bytes = bytes.to_ascii_lowercase();
                if needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle)) {
                    found.insert(format!("{table}.{}", column.name_str()));
                }
            }
        }
    }
    found
}

pub fn columns(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(std::string::ToString::to_string).collect()
}

pub fn person() -> Value {
    json!({"name": NAME, "email": EMAIL, "phone": PHONE})
}
