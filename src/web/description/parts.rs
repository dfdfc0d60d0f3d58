//! What `description.json` and the parts beside the features may say, and how their text is read.
//!
//! Members are passed on as the text they are, so they keep the order in which they were written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as FromJson, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A piece of JSON as its text.
pub type Json = Box<RawValue>;

/// What is common to all features: `src/web/description.json`.
#[derive(FromJson)]
#[serde(deny_unknown_fields)]
pub struct Common {
    pub info: Ordered<Json>,
    pub servers: Json,
    pub tags: Json,
    pub problems: Ordered<Example>,
    /// Where the example in a query string differs from the one in a body.
    pub query_problems: Ordered<Example>,
    pub parameters: Ordered<Parameter>,
    pub headers: Ordered<Json>,
    #[serde(rename = "securitySchemes")]
    pub security_schemes: Json,
    pub schemas: Ordered<Json>,
}

/// What one feature says of itself.
#[derive(FromJson)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub tag: String,
    /// By method and path, as in the route table.
    pub operations: Ordered<Operation>,
    #[serde(default)]
    pub problems: Ordered<Example>,
    #[serde(default)]
    pub parameters: Ordered<Parameter>,
    #[serde(default)]
    pub headers: Ordered<Json>,
    #[serde(default)]
    pub schemas: Ordered<Json>,
}

#[derive(FromJson)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Operation {
    pub operation_id: String,
    pub summary: String,
    pub description: String,
    /// Of the query, in full or as the name of a shared one.
    #[serde(default)]
    pub parameters: Vec<ParameterOrName>,
    pub body: Option<Body>,
    /// DELETE has none: 204.
    pub success: Option<Success>,
    /// The codes that do not follow from the route, with an example where the shared one does not fit.
    #[serde(default)]
    pub errors: Ordered<Example>,
}

#[derive(FromJson)]
#[serde(untagged)]
pub enum ParameterOrName {
    Name(String),
    Own(Parameter),
}

#[derive(FromJson)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "in", default = "query")]
    pub place: String,
    #[serde(default)]
    pub required: bool,
    pub description: String,
    /// Not as its text: what may also be a name is tried twice, for which serde takes it apart.
    pub schema: Value,
    pub example: Value,
}

fn query() -> String {
    "query".into()
}

#[derive(FromJson)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub schema: Json,
    #[serde(default)]
    pub optional: bool,
    pub examples: Ordered<Json>,
}

#[derive(FromJson)]
#[serde(deny_unknown_fields)]
pub struct Success {
    #[serde(default = "ok")]
    pub status: u16,
    pub description: String,
    /// What a JSON answer holds; or the schema of which a list has pages; or the media type of a text.
    pub schema: Option<Json>,
    pub list: Option<String>,
    pub text: Option<String>,
    /// False where what is read is different each time.
    #[serde(default = "yes")]
    pub etag: bool,
    #[serde(default)]
    pub headers: Ordered<String>,
    /// By what they show. The schema's own example when there are none.
    #[serde(default)]
    pub examples: Ordered<Json>,
    #[serde(default)]
    pub links: Ordered<Link>,
}

fn ok() -> u16 {
    200
}

fn yes() -> bool {
    true
}

/// What can be done next with the answer. `id` points at the id in it.
#[derive(FromJson)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Link {
    pub operation_id: String,
    pub id: Option<String>,
    pub body: Option<Json>,
    pub description: String,
}

/// When a kind of problem happens, and what the caller reads then.
#[derive(FromJson, Clone, Default)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub description: Option<String>,
    pub detail: Option<String>,
    #[serde(default)]
    pub errors: Vec<Value>,
    #[serde(default)]
    pub extra: serde_json::Map<String, Value>,
}

/// Without the indentation, which nobody needs on the wire. No JSON text has a line break inside a string.
pub fn in_one_line(json: &str) -> String {
    json.lines().map(str::trim_start).collect()
}

pub fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("{error} in {}", text.chars().take(80).collect::<String>()))
}

pub fn raw(value: &(impl Serialize + ?Sized)) -> Json {
    to_raw_value(value).expect("it is made of JSON")
}

pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Json)>) -> Json {
    raw(&Ordered(members.into_iter().map(|(name, value)| (name.into(), value)).collect()))
}

/// A JSON object whose members keep their order.
#[derive(Clone)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Ordered<T> {
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}
