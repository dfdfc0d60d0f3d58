//! JSON as it was written: numbers keep their text and a key may appear only once.
//!
//! `serde_json::Value` turns 19.999999999999999999 into 20.0 and lets the last of two equal keys
//! win. A price must not be rounded and a doubled key is a caller's bug, so both are kept visible.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting that a request of this API needs is three (body, items, item).
const DEPTH_MAX: usize = 8;

#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Null,
    Bool(bool),
    /// The number as the caller wrote it, for example `19.90` or `1e3`.
    Number(String),
    Text(String),
    List(Vec<Input>),
    Object(Vec<(String, Input)>),
}

#[derive(Debug, PartialEq)]
pub enum Malformed {
    Syntax(String),
    DuplicateKey(String),
    TooDeep,
}

impl Input {
    /// Reads one JSON text.
    pub fn parse(json: &str) -> Result<Input, Malformed> {
        let raw: &RawValue = serde_json::from_str(json).map_err(syntax)?;
        Input::from_raw(raw, 0)
    }

    fn from_raw(raw: &RawValue, depth: usize) -> Result<Input, Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed::TooDeep);
        }
        let text = raw.get();
        match text.as_bytes()[0] {
            b'{' => {
                let members: Members = serde_json::from_str(text).map_err(syntax)?;
                let mut seen = HashSet::new();
                let mut object = Vec::with_capacity(members.0.len());
                for (key, value) in &members.0 {
                    if !seen.insert(key.as_str()) {
                        return Err(Malformed::DuplicateKey(key.clone()));
                    }
                    object.push((key.clone(), Input::from_raw(value, depth + 1)?));
                }
                Ok(Input::Object(object))
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(syntax)?;
                let list = items.iter().map(|item| Input::from_raw(item, depth + 1));
                Ok(Input::List(list.collect::<Result<_, _>>()?))
            }
            b'"' => Ok(Input::Text(serde_json::from_str(text).map_err(syntax)?)),
            b't' => Ok(Input::Bool(true)),
            b'f' => Ok(Input::Bool(false)),
            b'n' => Ok(Input::Null),
            _ => Ok(Input::Number(text.to_owned())),
        }
    }
}

fn syntax(error: serde_json::Error) -> Malformed {
    Malformed::Syntax(error.to_string())
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        for text in ["19.90", "1e3", "-0", "123456789012345678901234567890"] {
            assert_eq!(Input::parse(text), Ok(Input::Number(text.to_owned())));
        }
    }

    #[test]
    fn a_doubled_key_is_refused_at_every_level() {
        let doubled = |json| assert_eq!(Input::parse(json), Err(Malformed::DuplicateKey("a".into())));
        doubled(r#"{"a":1,"a":1}"#);
        doubled(r#"{"a":1,"\u0061":1}"#);
        doubled(r#"{"b":[{"a":1,"a":2}]}"#);
    }

    #[test]
    fn deep_nesting_is_refused_without_recursing_into_it() {
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(matches!(Input::parse(&deep), Err(Malformed::TooDeep | Malformed::Syntax(_))));
    }

    #[test]
    fn broken_json_is_refused() {
        for text in ["", "{", "{\"a\":}", "[1,]", "nul", "NaN", "01", "\"\\ud800\"", "{} {}"] {
            assert!(matches!(Input::parse(text), Err(Malformed::Syntax(_))), "{text}");
        }
    }
}
