//! What `description.json` and the parts beside the features may say, how their text is read, and what each
//! piece is in the document.
//!
//! Members are passed on as the text they are, so they keep the order in which they were written.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Deserialize as FromJson, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

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
    /// Of a file; others are JSON.
    pub media_type: Option<String>,
    #[serde(default)]
    pub optional: bool,
    pub examples: Ordered<Json>,
}

#[derive(FromJson, Clone)]
#[serde(deny_unknown_fields)]
pub struct Success {
    #[serde(default = "ok")]
    pub status: u16,
    pub description: String,
    /// What a 201 says, where a PUT makes what is not there yet.
    pub made: Option<String>,
    /// What a JSON answer holds; or the schema of which a list has pages; or the media type of a text, which a
    /// caller may prefer to JSON where there are both.
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
#[derive(FromJson, Clone)]
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

impl Operation {
    pub fn has_query(&self) -> bool {
        let list = self.success.as_ref().is_some_and(|success| success.list.is_some());
        list || !self.parameters.is_empty()
    }
}

impl Parameter {
    /// "Try it" on /docs fills in the examples. What may be left out starts switched off, or it would
    /// filter every list and send one Idempotency-Key for ever.
    pub fn expanded(&self) -> Json {
        let mut parameter = vec![("name", raw(&self.name)), ("in", raw(&self.place))];
        if self.required {
            parameter.push(("required", raw(&true)));
        }
        parameter.push(("description", raw(&self.description)));
        parameter.push(("schema", schema_of(&raw(&self.schema))));
        parameter.push(if self.required {
            ("example", raw(&self.example))
        } else {
            ("examples", raw(&json!({"typical": {"value": self.example, "x-disabled": true}})))
        });
        object(parameter)
    }
}

impl Body {
    pub fn expanded(&self) -> Json {
        let json = [("schema", schema_of(&self.schema)), ("examples", expanded_examples(&self.examples))];
        let content = object([(self.media_type.as_deref().unwrap_or("application/json"), object(json))]);
        let mut body = vec![("required", raw(&!self.optional))];
        if self.optional {
            body.push(("description", raw("May be left out.")));
        }
        body.push(("content", content));
        object(body)
    }
}

impl Link {
    pub fn expanded(&self) -> Json {
        let mut link = vec![("operationId", raw(&self.operation_id))];
        if let Some(pointer) = &self.id {
            link.push(("parameters", raw(&json!({"path.id": format!("$response.body#{pointer}")}))));
        }
        if let Some(body) = &self.body {
            link.push(("requestBody", body.clone()));
        }
        link.push(("description", raw(&self.description)));
        object(link)
    }
}

/// Whether it is only there for others to extend, so that no answer is of it and it is not served.
pub fn is_only_extended(schema: &Json) -> bool {
    #[derive(FromJson)]
    struct Marked {
        #[serde(default)]
        only_extended: bool,
    }
    parsed::<Marked>(schema.get()).only_extended
}

/// A schema that extends another has its members too, and those that the other one extends, before its own.
pub fn extended((name, schema): &(String, Json), all: &Ordered<Json>) -> (String, Json) {
    #[derive(FromJson)]
    struct Extending {
        extends: String,
    }
    #[derive(FromJson)]
    struct Object {
        description: Option<String>,
        #[serde(default)]
        required: Vec<String>,
        properties: Ordered<Json>,
        #[serde(default)]
        examples: Vec<Json>,
    }
    let Ok(Extending { extends }) = serde_json::from_str(schema.get()) else {
        return (name.clone(), schema.clone());
    };
    let base = all.get(&extends).unwrap_or_else(|| panic!("{name} extends {extends}, which is no schema"));
    let (_, base) = extended(&(extends, base.clone()), all);
    let (mut base, own): (Object, Object) = (parsed(base.get()), parsed(schema.get()));
    base.required.extend(own.required);
    base.properties.0.extend(own.properties.0);
    let mut members = vec![("type", raw("object"))];
    members.extend(own.description.map(|text| ("description", raw(&text))));
    members.push(("required", raw(&base.required)));
    members.push(("properties", raw(&base.properties)));
    members.push(("additionalProperties", raw(&false)));
    if !own.examples.is_empty() {
        members.push(("examples", raw(&own.examples)));
    }
    (name.clone(), object(members))
}

/// Examples have names in OpenAPI, which nobody reads: they are made from the summaries.
pub fn expanded_examples(examples: &Ordered<Json>) -> Json {
    object(examples.0.iter().map(|(summary, value)| {
        let words: Vec<_> =
            summary.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name = words.join("_").to_lowercase();
        (name, object([("summary", raw(summary)), ("value", value.clone())]))
    }))
}

/// A schema in full, or the shared one of that name.
pub fn schema_of(schema: &Json) -> Json {
    match serde_json::from_str::<String>(schema.get()) {
        Ok(name) => reference("schemas", &name),
        Err(_) => schema.clone(),
    }
}

pub fn reference(kind: &str, name: &str) -> Json {
    raw(&json!({"$ref": format!("#/components/{kind}/{name}")}))
}

pub fn header(name: &str) -> Json {
    reference("headers", name)
}
