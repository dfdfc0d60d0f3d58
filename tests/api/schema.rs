//! Validates JSON against the part of JSON Schema 2020-12 that the OpenAPI document uses.
//!
//! A crate that knows all of it would bring thirty others. A keyword that is not listed here fails the
//! test that meets it, so nothing in the document is passed over in silence.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say something to readers and demand nothing. `format` is one of them: where it
/// matters, the document has a `pattern` beside it.
const ANNOTATIONS: &[&str] = &["description", "default", "examples", "format", "title", "writeOnly"];

/// Every way in which `value` breaks `schema`, each with the place where it does. `document` is where
/// `$ref` leads.
pub fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { document, found: &mut found }.check(schema, value, "");
    found
}

/// What a `$ref` of this document stands for; anything else stands for itself.
pub fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    node.get("$ref").map_or(node, |reference| target(document, reference))
}

fn target<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
    let target = pointer.and_then(|pointer| document.pointer(pointer));
    resolved(document, target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
}

/// The document has a few dozen patterns, and a run of the tests some hundred thousand answers.
fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if !compiled.contains_key(pattern) {
        compiled.insert(pattern.to_owned(), Regex::new(pattern).expect("a valid pattern"));
    }
    compiled[pattern].is_match(text)
}

struct Check<'a> {
    document: &'a Value,
    found: &'a mut Vec<String>,
}

impl Check<'_> {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        let Value::Object(schema) = schema else {
            panic!("not a schema: {schema}");
        };
        for (keyword, rule) in schema {
            if let Some(broken) = self.broken(schema, keyword, rule, value, at) {
                self.found.push(format!("{at}: {broken}"));
            }
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        violations(self.document, schema, value).is_empty()
    }

    /// What is wrong with `value` itself by this one keyword. Its members and items are checked on
    /// the way.
    fn broken(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
        at: &str,
    ) -> Option<String> {
        let is_broken = match keyword {
            "$ref" => {
                let target = target(self.document, rule);
                self.check(target, value, at);
                false
            }
            "allOf" => {
                for part in list(rule) {
                    self.check(part, value, at);
                }
                false
            }
            "not" => self.fits(rule, value),
            "anyOf" => !list(rule).iter().any(|part| self.fits(part, value)),
            "oneOf" => list(rule).iter().filter(|part| self.fits(part, value)).count() != 1,
            "type" => match rule {
                Value::Array(types) => !types.iter().any(|name| has_type(value, name)),
                name => !has_type(value, name),
            },
            "const" => value != rule,
            "enum" => !list(rule).contains(value),
            "minimum" => value.as_f64().is_some_and(|number| number < float(rule)),
            "maximum" => value.as_f64().is_some_and(|number| number > float(rule)),
            "multipleOf" => value.as_f64().is_some_and(|number| {
                let times = number / float(rule);
                (times - times.round()).abs() > 1e-6
            }),
            "minLength" => value.as_str().is_some_and(|text| text.chars().count() < count(rule)),
            "maxLength" => value.as_str().is_some_and(|text| text.chars().count() > count(rule)),
            "pattern" => {
                let pattern = rule.as_str().expect("a pattern");
                value.as_str().is_some_and(|text| !matches(pattern, text))
            }
            "minItems" => value.as_array().is_some_and(|items| items.len() < count(rule)),
            "maxItems" => value.as_array().is_some_and(|items| items.len() > count(rule)),
            "uniqueItems" => value.as_array().is_some_and(|items| {
                items.iter().enumerate().any(|(index, item)| items[..index].contains(item))
            }),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{at}/{index}"));
                }
                false
            }
            "required" => {
                let missing = |name: &&Value| value.get(name.as_str().expect("a name")).is_none();
                let missing = list(rule).iter().find(missing).filter(|_| value.is_object());
                return missing.map(|name| format!("{name} is missing in {value}"));
            }
            "properties" => {
                for (name, property) in rule.as_object().expect("properties") {
                    if let Some(member) = value.get(name) {
                        self.check(property, member, &format!("{at}/{name}"));
                    }
                }
                false
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false), "additionalProperties may only be false");
                let known = |name: &String| {
                    schema.get("properties").is_some_and(|properties| properties.get(name).is_some())
                };
                let unknown = value.as_object().and_then(|members| members.keys().find(|name| !known(name)));
                return unknown.map(|name| format!("{name:?} is not documented in {value}"));
            }
            annotation if ANNOTATIONS.contains(&annotation) => false,
            unknown => panic!("tests/api/schema.rs does not know the keyword {unknown:?}"),
        };
        is_broken.then(|| format!("{value} breaks {keyword}: {rule}"))
    }
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("the name of a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

fn list(rule: &Value) -> &Vec<Value> {
    rule.as_array().expect("a list")
}

fn float(rule: &Value) -> f64 {
    rule.as_f64().expect("a number")
}

fn count(rule: &Value) -> usize {
    rule.as_u64().expect("a whole number") as usize
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_keyword_lets_through_what_fits_and_nothing_else() {
        let document = json!({"schemas": {"Id": {"type": "integer", "minimum": 1}}});
        let fits = |schema: Value, value: Value| violations(&document, &schema, &value).is_empty();
        for (schema, good, bad) in [
            (json!({"$ref": "#/schemas/Id"}), json!(1), json!(0)),
            (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(2), json!(3)),
            (json!({"not": {"const": 0}}), json!(1), json!(0)),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/schemas/Id"}]}), json!(null), json!("a")),
            (json!({"anyOf": [{"minimum": 1}, {"const": 0}]}), json!(0), json!(-1)),
            (json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}), json!(1.5), json!(1)),
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"type": "integer"}), json!(1), json!(1.5)),
            (json!({"const": "ok"}), json!("ok"), json!("no")),
            (json!({"enum": ["a", "b"]}), json!("b"), json!("c")),
            (json!({"multipleOf": 0.01}), json!(19.99), json!(19.999)),
            (json!({"minLength": 2}), json!("éé"), json!("é")),
            (json!({"maxLength": 2}), json!("éé"), json!("ééé")),
            (json!({"pattern": "^[a-z]+$"}), json!("a"), json!("A")),
            (json!({"minItems": 1}), json!([1]), json!([])),
            (json!({"maxItems": 1}), json!([1]), json!([1, 2])),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1])),
            (json!({"items": {"minimum": 1}}), json!([1]), json!([1, 0])),
            (json!({"required": ["a"]}), json!({"a": null}), json!({})),
            (json!({"properties": {"a": {"minimum": 1}}}), json!({"b": 0}), json!({"a": 0})),
            (
                json!({"properties": {"a": {}}, "additionalProperties": false}),
                json!({"a": 0}),
                json!({"b": 0}),
            ),
        ] {
            assert!(fits(schema.clone(), good.clone()), "{good} should fit {schema}");
            assert!(!fits(schema.clone(), bad.clone()), "{bad} should not fit {schema}");
        }
    }

    #[test]
    #[should_panic(expected = "does not know the keyword")]
    fn an_unknown_keyword_is_not_passed_over() {
        violations(&Value::Null, &json!({"minProperties": 1}), &json!({}));
    }
}
