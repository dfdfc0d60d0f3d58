//! The OpenAPI document, put together from the parts that stand beside the features.
//!
//! A part says what is particular to its operations. What follows from the route table (who may call,
//! the headers, the refusals that are shared) and from the kinds of problems is written here once.

mod parts;

use std::collections::BTreeMap;
use std::iter;

use serde::Deserialize;
use serde_json::json;

use self::parts::{
    Body, Common, Example, Json, Link, Operation, Ordered, Parameter, ParameterOrName, Part, Success,
    in_one_line, object, parsed, raw,
};
use crate::problem::{self, KINDS, Kind};
use crate::web::response;
use crate::web::route::{Access, Route};

/// Refusals that any request can meet before its operation is known, or whatever the operation.
const EARLY: &[&Kind] = &[
    problem::MALFORMED_REQUEST,
    problem::METHOD_NOT_ALLOWED,
    problem::REQUEST_TIMEOUT,
    problem::BODY_TOO_LARGE,
    problem::URI_TOO_LONG,
    problem::EXPECTATION_FAILED,
    problem::RATE_LIMITED,
    problem::HEADERS_TOO_LARGE,
    problem::INTERNAL,
    problem::TRANSFER_ENCODING,
    problem::BUSY,
    problem::SHUTTING_DOWN,
    problem::HTTP_VERSION,
];

/// The document, put together once.
pub struct Description {
    pub text: String,
    pub etag: String,
}

impl Description {
    pub fn new(routes: &[Route], parts: &[&str]) -> Description {
        let text = expanded(routes, parts);
        Description { etag: response::etag_of(&text), text }
    }
}

/// The document as JSON text. Panics when the parts and the routes do not fit together, which a test
/// sees: both are fixed when the program is built.
fn expanded(routes: &[Route], parts: &[&str]) -> String {
    let mut common: Common = parsed(&in_one_line(include_str!("description.json")));
    let mut operations = BTreeMap::new();
    for part in parts {
        let part: Part = parsed(&in_one_line(part));
        common.problems.0.extend(part.problems.0);
        common.parameters.0.extend(part.parameters.0);
        common.headers.0.extend(part.headers.0);
        common.schemas.0.extend(part.schemas.0);
        for (route, operation) in part.operations.0 {
            let before = operations.insert(route.clone(), (part.tag.clone(), operation));
            assert!(before.is_none(), "{route} is described twice");
        }
    }
    common.schemas = Ordered(common.schemas.0.iter().map(|one| extended(one, &common.schemas)).collect());
    let mut building = Building { common, responses: BTreeMap::new(), schemas: BTreeMap::new() };

    let mut paths: Ordered<Ordered<Json>> = Ordered::default();
    for route in routes {
        let name = format!("{} {}", route.method, route.path);
        let (tag, operation) = operations.remove(&name).unwrap_or_else(|| panic!("{name} is not described"));
        let method = route.method.to_lowercase();
        let operation = building.operation(route, &tag, &operation);
        match paths.0.iter_mut().find(|(path, _)| path == route.path) {
            Some((_, methods)) => methods.0.push((method, operation)),
            None => paths.0.push((route.path.into(), Ordered(vec![(method, operation)]))),
        }
    }
    assert!(operations.is_empty(), "described, but no route: {:?}", operations.keys());
    building.document(&paths)
}

/// The document while it is put together.
struct Building {
    common: Common,
    /// By name; the same refusals of many operations appear once.
    responses: BTreeMap<String, Json>,
    /// The schemas of pages and of the refusals of an operation, by name.
    schemas: BTreeMap<String, Json>,
}

impl Building {
    fn document(mut self, paths: &Ordered<Ordered<Json>>) -> String {
        let no_own = Ordered::default();
        let not_found = self.problem_response(Some(404), &[problem::NOT_FOUND], &no_own);
        self.responses.insert("NotFound".into(), not_found);
        self.common.info.0.insert(1, ("version".into(), raw(env!("CARGO_PKG_VERSION"))));
        let kinds: Vec<_> = KINDS
            .iter()
            .map(|kind| json!({"code": kind.code, "status": kind.status, "title": kind.title}))
            .collect();
        let common = self.common;
        let parameters = common.parameters.0.iter().map(|(name, one)| (name.clone(), one.expanded()));
        let schemas = common.schemas.0.into_iter().chain(self.schemas);
        object([
            ("openapi", raw("3.1.0")),
            ("info", raw(&common.info)),
            ("servers", common.servers),
            ("tags", common.tags),
            ("x-problems", raw(&kinds)),
            ("paths", raw(paths)),
            (
                "components",
                object([
                    ("securitySchemes", common.security_schemes),
                    ("parameters", object(parameters)),
                    ("headers", raw(&common.headers)),
                    ("responses", raw(&self.responses)),
                    ("schemas", object(schemas)),
                ]),
            ),
        ])
        .get()
        .to_owned()
    }

    fn operation(&mut self, route: &Route, tag: &str, operation: &Operation) -> Json {
        let Operation { operation_id, summary, description, .. } = operation;
        let (access, callers) = match route.access {
            Access::Anyone => ("anyone", "anyone."),
            Access::Open => ("open", "anyone; a session token is not even looked at."),
            Access::SignedIn => ("signed_in", "a customer, for what is theirs; staff, for all."),
            Access::OwnOrManager => ("own_or_manager", "a customer, for what is theirs; a manager, for all."),
            Access::Staff => ("staff", "staff."),
            Access::Manager => ("manager", "managers."),
        };
        let nobody = (route.access == Access::Anyone).then(|| json!({}));
        let session = (route.access != Access::Open).then(|| json!({"session": []}));
        let key = route.scope.map(|scope| json!({"key": [scope.text()]}));
        let security: Vec<_> = nobody.into_iter().chain(session).chain(key).collect();
        let keys = match route.scope {
            Some(scope) => format!(" With a key: `{}`.", scope.text()),
            None => String::new(),
        };
        let mut members = vec![
            ("operationId", raw(operation_id)),
            ("tags", raw(&[tag])),
            ("summary", raw(summary)),
            ("description", raw(&format!("{description}\n\n**Who may call:** {callers}{keys}"))),
            ("x-access", raw(access)),
            ("security", raw(&security)),
        ];
        let parameters = parameters(route, operation);
        if !parameters.is_empty() {
            members.push(("parameters", raw(&parameters)));
        }
        if let Some(body) = &operation.body {
            members.push(("requestBody", body.expanded()));
        }
        members.push(("responses", self.responses(route, operation)));
        object(members)
    }

    fn responses(&mut self, route: &Route, operation: &Operation) -> Json {
        let mut responses = BTreeMap::new();
        match &operation.success {
            Some(success) => {
                responses.insert(success.status.to_string(), self.success(route, success));
                if revalidates(route, success) {
                    let headers = headers(route, success, 304);
                    let unchanged = [("description", raw("The caller's copy is still good."))];
                    responses
                        .insert("304".into(), object(unchanged.into_iter().chain([("headers", headers)])));
                }
            }
            None => {
                let gone = json!({"description": "It is gone.", "headers": {"X-Request-Id": header("X-Request-Id")}});
                responses.insert("204".into(), raw(&gone));
            }
        }
        let mut own = operation.errors.clone();
        if has_query(operation) {
            own.0.extend(self.common.query_problems.0.iter().cloned());
        }
        let mut by_status: BTreeMap<u16, Vec<&Kind>> = BTreeMap::new();
        let of_operation = operation.errors.0.iter().map(|(code, _)| kind(code));
        for kind in of_operation.chain(shared_refusals(route, operation)) {
            let kinds = by_status.entry(kind.status).or_default();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for (status, kinds) in by_status {
            let response = self.problem_response(Some(status), &kinds, &own);
            responses.insert(status.to_string(), self.shared(name_of(&kinds), response));
        }
        let early = self.problem_response(None, EARLY, &Ordered::default());
        responses.insert("default".into(), self.shared("Default".into(), early));
        raw(&responses)
    }

    /// The response under its name, with a number where that belongs to one with other examples.
    fn shared(&mut self, name: String, response: Json) -> Json {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let is_free =
            |name: &String| self.responses.get(name).is_none_or(|known| known.get() == response.get());
        let name = iter::once(name.clone()).chain(numbered).find(is_free).expect("numbers do not end");
        let reference = reference("responses", &name);
        self.responses.insert(name, response);
        reference
    }

    fn success(&mut self, route: &Route, success: &Success) -> Json {
        let (media_type, schema, example) = match (&success.schema, &success.list, &success.text) {
            (Some(schema), None, None) => ("application/json", schema_of(schema), self.example_of(schema)),
            (None, Some(item), None) => {
                let example = self.example_of(&raw(item));
                let page = |item: &Json| object([("data", raw(&[item])), ("next", raw(&()))]);
                ("application/json", self.list_of(item), example.as_ref().map(page))
            }
            (None, None, Some(media_type)) => (media_type.as_str(), raw(&json!({"type": "string"})), None),
            _ => panic!("{} {}: one of schema, list and text", route.method, route.path),
        };
        let summary = if success.list.is_some() { "The last page" } else { &success.description };
        let only = example.map(|example| (summary.to_owned(), example));
        let examples = if success.examples.0.is_empty() {
            Ordered(only.into_iter().collect())
        } else {
            success.examples.clone()
        };
        let mut content = vec![("schema", schema)];
        if !examples.0.is_empty() {
            content.push(("examples", expanded_examples(&examples)));
        }
        let mut members = vec![
            ("description", raw(&success.description)),
            ("headers", headers(route, success, success.status)),
            ("content", object([(media_type, object(content))])),
        ];
        if !success.links.0.is_empty() {
            let links = success.links.0.iter().map(|(name, link)| (name.clone(), link.expanded()));
            members.push(("links", object(links)));
        }
        object(members)
    }

    /// The example that stands with a schema of this name.
    fn example_of(&self, name: &Json) -> Option<Json> {
        #[derive(Deserialize)]
        struct Schema {
            #[serde(default)]
            examples: Vec<Json>,
        }
        let name: String = serde_json::from_str(name.get()).ok()?;
        let (_, schema) = self.common.schemas.0.iter().find(|(known, _)| *known == name)?;
        parsed::<Schema>(schema.get()).examples.into_iter().next()
    }

    /// A page of a list.
    fn list_of(&mut self, item: &str) -> Json {
        let name = format!("{item}List");
        let reference = reference("schemas", &name);
        let page = json!({
            "type": "object",
            "required": ["data", "next"],
            "properties": {
                "data": {"type": "array", "maxItems": 100, "items": {"$ref": format!("#/components/schemas/{item}")}},
                "next": {"$ref": "#/components/schemas/Cursor"},
            },
            "additionalProperties": false,
        });
        self.schemas.insert(name, raw(&page));
        reference
    }

    /// Problems of these kinds, which have one status, or none in common in the default response.
    fn problem_response(
        &mut self,
        status: Option<u16>,
        kinds: &[&'static Kind],
        own: &Ordered<Example>,
    ) -> Json {
        let name = if status.is_some() { name_of(kinds) + "Problem" } else { "AnyProblem".into() };
        let problem_schema = reference("schemas", &name);
        self.schemas.insert(name, problem_schema_of(kinds));
        let example_of = |kind: &Kind| {
            let shared = self.common.problems.get(kind.code);
            let own = own.get(kind.code).filter(|own| own.detail.is_some());
            own.or(shared).unwrap_or_else(|| panic!("{} has no example", kind.code))
        };
        let examples = kinds.iter().map(|kind| {
            let value = problem_example(kind, example_of(kind));
            (kind.code, object([("summary", raw(kind.title)), ("value", value)]))
        });
        let described =
            |kind: &Kind| example_of(kind).description.clone().unwrap_or(format!("{}.", kind.title));
        let description = match kinds {
            _ if status.is_none() => "The request was refused before it came to this operation: it cannot be read, is \
                too large or too slow, or the path does not take its method. Or the service failed, or cannot \
                take requests now."
                .into(),
            [kind] => described(kind),
            kinds => {
                let item = |kind: &&Kind| format!("- `{}`: {}", kind.code, described(kind));
                kinds.iter().map(item).collect::<Vec<_>>().join("\n")
            }
        };
        object([
            ("description", raw(&description)),
            ("headers", problem_headers(status, kinds)),
            (
                "content",
                object([(
                    "application/problem+json",
                    object([("schema", problem_schema), ("examples", object(examples))]),
                )]),
            ),
        ])
    }
}

/// The refusals that follow from the route and from what it takes, in the order of [`KINDS`].
fn shared_refusals(route: &Route, operation: &Operation) -> impl Iterator<Item = &'static Kind> {
    let body = operation.body.is_some();
    let query = has_query(operation);
    let keyed = takes_key(route);
    let of_one = route.path.contains("{id}");
    let changes_one = changes_one(route);
    let known_caller = route.access != Access::Open;
    // Logging in is open and needs the database all the same.
    let database = known_caller || route.method == "POST";
    [
        (true, problem::MALFORMED_REQUEST),
        (body, problem::MALFORMED_JSON),
        (body, problem::DUPLICATE_KEY),
        (body || query, problem::INVALID_UTF8),
        (keyed, problem::INVALID_IDEMPOTENCY_KEY),
        (known_caller, problem::UNAUTHENTICATED),
        (known_caller, problem::FORBIDDEN),
        (of_one, problem::NOT_FOUND),
        (keyed, problem::IDEMPOTENCY_KEY_IN_USE),
        (keyed || changes_one, problem::CONFLICT),
        (changes_one, problem::PRECONDITION_FAILED),
        (body, problem::UNSUPPORTED_MEDIA_TYPE),
        (body || query, problem::INVALID_FIELDS),
        (keyed, problem::IDEMPOTENCY_KEY_REUSED),
        (route.path != "/healthz", problem::RATE_LIMITED),
        (database, problem::BUSY),
        (database, problem::DATABASE_UNAVAILABLE),
        (database, problem::DATABASE_LIMIT),
        (database, problem::STORAGE_FULL),
        (database, problem::OUTCOME_UNKNOWN),
        (database, problem::SHUTTING_DOWN),
    ]
    .into_iter()
    .filter_map(|(applies, kind)| applies.then_some(kind))
}

fn takes_key(route: &Route) -> bool {
    route.method == "POST" && !route.makes_a_secret()
}

fn changes_one(route: &Route) -> bool {
    ["PUT", "PATCH", "DELETE"].contains(&route.method) && route.path.contains("{id}")
}

fn revalidates(route: &Route, success: &Success) -> bool {
    route.method == "GET" && success.list.is_none() && success.etag
}

fn has_query(operation: &Operation) -> bool {
    let list = operation.success.as_ref().is_some_and(|success| success.list.is_some());
    list || !operation.parameters.is_empty()
}

fn parameters(route: &Route, operation: &Operation) -> Vec<Json> {
    let shared = |applies: bool, name: &str| applies.then(|| reference("parameters", name));
    // "/orders/{id}/track" is about "orders".
    let resource = route.path.split_once("/{id}").and_then(|(before, _)| before.rsplit('/').next());
    let success = operation.success.as_ref();
    let list = success.is_some_and(|success| success.list.is_some());
    let own = operation.parameters.iter().map(|parameter| match parameter {
        ParameterOrName::Name(name) => reference("parameters", name),
        ParameterOrName::Own(parameter) => parameter.expanded(),
    });
    resource
        .map(|resource| reference("parameters", &format!("{resource}.id")))
        .into_iter()
        .chain(own)
        .chain(shared(list, "Limit"))
        .chain(shared(list, "After"))
        .chain(shared(success.is_some_and(|success| revalidates(route, success)), "IfNoneMatch"))
        .chain(shared(changes_one(route), "IfMatch"))
        .chain(shared(takes_key(route), "IdempotencyKey"))
        .collect()
}

/// The headers of a success, and of the 304 that stands for it.
fn headers(route: &Route, success: &Success, status: u16) -> Json {
    let versioned = revalidates(route, success) || takes_key(route) || changes_one(route);
    let of_route = [
        (true, "X-Request-Id"),
        (versioned, "ETag"),
        (status == 201, "Location"),
        (takes_key(route), "Idempotency-Replayed"),
        (route.may_be_kept(), "Cache-Control"),
    ];
    let of_route = of_route.into_iter().filter(|(applies, _)| *applies).map(|(_, name)| (name, header(name)));
    let mut headers: BTreeMap<&str, _> = of_route.collect();
    headers.extend(success.headers.0.iter().map(|(name, shared)| (name.as_str(), header(shared))));
    raw(&headers)
}

/// The schema of problems of these kinds.
fn problem_schema_of(kinds: &[&Kind]) -> Json {
    let mut statuses: Vec<u16> = kinds.iter().map(|kind| kind.status).collect();
    statuses.dedup();
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.code).collect();
    raw(&json!({"allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {"properties": {
            "status": {"type": "integer", "enum": statuses},
            "code": {"type": "string", "enum": codes},
        }},
    ]}))
}

/// Names such as `SkuTakenOrConflict`, by which generated clients tell the refusals apart.
fn name_of(kinds: &[&Kind]) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name = |kind: &&Kind| kind.code.split('_').map(capital).collect::<String>();
    kinds.iter().map(name).collect::<Vec<_>>().join("Or")
}

fn problem_headers(status: Option<u16>, kinds: &[&'static Kind]) -> Json {
    let mut headers = BTreeMap::from([("X-Request-Id", header("X-Request-Id"))]);
    let extra = match status {
        None => &[("Allow", "Allow"), ("Retry-After", "RetryAfterBusy")][..],
        Some(401) => &[("WWW-Authenticate", "WWW-Authenticate")],
        Some(409) if kinds.contains(&problem::IDEMPOTENCY_KEY_IN_USE) => {
            &[("Retry-After", "RetryAfterInUse")]
        }
        Some(412) => &[("ETag", "ETag")],
        Some(429 | 503) => &[("Retry-After", "Retry-After")],
        _ => &[],
    };
    headers.extend(extra.iter().map(|(name, shared)| (*name, header(shared))));
    raw(&headers)
}

/// What a caller reads, in the order in which it is sent.
fn problem_example(kind: &Kind, example: &Example) -> Json {
    let extra = example.extra.iter().map(|(name, value)| (name.as_str(), raw(value)));
    let members = [
        ("type", raw(&format!("urn:storekeeper:problem:{}", kind.code))),
        ("title", raw(kind.title)),
        ("status", raw(&kind.status)),
        ("detail", raw(&example.detail)),
        ("code", raw(kind.code)),
        ("errors", raw(&example.errors)),
    ];
    object(members.into_iter().chain(extra).chain([("request_id", raw("9f86d081884c7d65"))]))
}

impl Parameter {
    /// "Try it" on /docs fills in the examples. What may be left out starts switched off, or it would
    /// filter every list and send one Idempotency-Key for ever.
    fn expanded(&self) -> Json {
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
    fn expanded(&self) -> Json {
        let json = [("schema", schema_of(&self.schema)), ("examples", expanded_examples(&self.examples))];
        let content = object([("application/json", object(json))]);
        let mut body = vec![("required", raw(&!self.optional))];
        if self.optional {
            body.push(("description", raw("May be left out.")));
        }
        body.push(("content", content));
        object(body)
    }
}

impl Link {
    fn expanded(&self) -> Json {
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

/// A schema that extends another has its members too, before its own.
fn extended((name, schema): &(String, Json), all: &Ordered<Json>) -> (String, Json) {
    #[derive(Deserialize)]
    struct Extending {
        extends: String,
    }
    #[derive(Deserialize)]
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
fn expanded_examples(examples: &Ordered<Json>) -> Json {
    object(examples.0.iter().map(|(summary, value)| {
        let words: Vec<_> =
            summary.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name = words.join("_").to_lowercase();
        (name, object([("summary", raw(summary)), ("value", value.clone())]))
    }))
}

/// A schema in full, or the shared one of that name.
fn schema_of(schema: &Json) -> Json {
    match serde_json::from_str::<String>(schema.get()) {
        Ok(name) => reference("schemas", &name),
        Err(_) => schema.clone(),
    }
}

fn reference(kind: &str, name: &str) -> Json {
    raw(&json!({"$ref": format!("#/components/{kind}/{name}")}))
}

fn header(name: &str) -> Json {
    reference("headers", name)
}

fn kind(code: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.code == code).unwrap_or_else(|| panic!("{code} is no kind of problem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(path: &'static str) -> Route {
        Route {
            method: "GET",
            path,
            access: Access::Open,
            scope: None,
            handler: |_, _| Ok(response::no_content()),
        }
    }

    const HEALTH: &str = r#"{"tag": "Service", "operations": {"GET /healthz": {
        "operationId": "readHealth", "summary": "Is it up?", "description": "It answers.",
        "success": {"description": "It is up.", "text": "text/plain", "etag": false}
    }}}"#;

    #[test]
    fn an_operation_is_expanded_from_its_route() {
        let document: serde_json::Value =
            serde_json::from_str(&expanded(&[health("/healthz")], &[HEALTH])).unwrap();
        let operation = &document["paths"]["/healthz"]["get"];
        assert_eq!(operation["x-access"], "open");
        assert_eq!(operation["responses"]["200"]["headers"].as_object().unwrap().len(), 1);
        assert_eq!(operation["responses"]["default"]["$ref"], "#/components/responses/Default");
    }

    #[test]
    #[should_panic(expected = "GET /readyz is not described")]
    fn a_route_needs_a_description() {
        expanded(&[health("/healthz"), health("/readyz")], &[HEALTH]);
    }

    #[test]
    #[should_panic(expected = "described, but no route: [\"GET /healthz\"]")]
    fn a_description_needs_a_route() {
        expanded(&[], &[HEALTH]);
    }
}
