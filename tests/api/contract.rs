//! The OpenAPI document against the service: every answer that any test of this binary receives is checked
//! here, and the tests below hold the document against the route table and the kinds of problems.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use storekeeper::problem::KINDS;
use storekeeper::routes::{DESCRIPTION, ROUTES};
use storekeeper::values::is_blank_text;
use storekeeper::web::route::Access;

use crate::client::Answer;
use crate::schema::{resolved, violations};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&DESCRIPTION.text).expect("the description is JSON"));

/// Headers that any answer may have without being told of.
const UNIVERSAL_HEADERS: &[&str] = &[
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "vary",
    "x-content-type-options",
];

/// The document is written for a currency with two decimals, as the default is.
const CURRENCY: &str = "EUR";

/// Panics unless the answer, and the request if it was granted, are as the document says.
/// `target` is path and query.
#[track_caller]
pub fn check(method: &str, target: &str, request_body: Option<&[u8]>, answer: &Answer) {
    let broken = broken(method, target, request_body, answer);
    assert!(
        broken.is_empty(),
        "openapi.json does not describe how {method} {target} was answered:\n  {}\n{} {:?}\n{}",
        broken.join("\n  "),
        answer.status,
        answer.headers,
        answer.text,
    );
}

/// Panics unless this is a problem of a documented kind, for answers to bytes that name no operation.
#[track_caller]
pub fn check_problem(problem: &Value) {
    let broken = violations(&DOCUMENT, &json!({"$ref": "#/components/schemas/Problem"}), problem);
    assert!(broken.is_empty(), "{}", broken.join("; "));
    let kind = |kind: &&Value| ["code", "status", "title"].iter().all(|name| kind[name] == problem[name]);
    let kinds = DOCUMENT["x-problems"].as_array().expect("kinds of problems");
    assert!(kinds.iter().any(|one| kind(&one)), "no such kind of problem: {problem}");
}

fn broken(method: &str, target: &str, request_body: Option<&[u8]>, answer: &Answer) -> Vec<String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(path_item) = path_item(path) else {
        // A browser asks whether its page may call, and the 404 comes with the call.
        if method == "OPTIONS" && answer.header("Access-Control-Allow-Methods").is_some() {
            return Vec::new();
        }
        // Only what is refused before the path is looked at can be another answer than 404.
        let name = if answer.status == 404 { "NotFound" } else { "Default" };
        let responses = &DOCUMENT["components"]["responses"][name];
        return broken_answer(responses, method, answer);
    };
    let described = match method {
        "HEAD" => path_item.get("get"),
        _ => path_item.get(method.to_ascii_lowercase()),
    };
    let Some(operation) = described else {
        if method == "OPTIONS" && answer.status == 204 {
            return Vec::from_iter(answer.header("Allow").is_none().then(|| "no Allow".to_owned()));
        }
        return broken_answer(&DOCUMENT["components"]["responses"]["Default"], method, answer);
    };
    let mut broken = match response_of(operation, answer.status) {
        Some(response) => broken_answer(response, method, answer),
        None => vec![format!("the status {} is not documented", answer.status)],
    };
    let in_other_currency = answer.body.get("currency").is_some_and(|currency| currency != CURRENCY);
    if (200..300).contains(&answer.status) && !in_other_currency {
        broken.extend(broken_query(operation, query));
        broken.extend(broken_request(method, operation, request_body.unwrap_or_default()));
    }
    broken
}

/// The entry of `paths` that fits a path with its ids.
fn path_item(path: &str) -> Option<&'static Value> {
    let fits = |template: &str| {
        let mut given = path.split('/');
        let fitting = template.split('/').all(|wanted| match (wanted, given.next()) {
            (wanted, Some(segment)) if wanted.starts_with('{') => {
                let id = segment.parse::<i64>().is_ok_and(|id| id > 0);
                id && segment.bytes().all(|b| b.is_ascii_digit()) && !segment.starts_with('0')
            }
            (wanted, given) => given == Some(wanted),
        });
        fitting && given.next().is_none()
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().find(|(template, _)| fits(template)).map(|(_, item)| item)
}

fn response_of(operation: &'static Value, status: u16) -> Option<&'static Value> {
    let responses = &operation["responses"];
    let exact = responses.get(status.to_string());
    // Its schema names the statuses and codes that any operation can meet, so it excuses no other.
    let response = exact.or_else(|| responses.get("default").filter(|_| status >= 400));
    response.map(|response| resolved(&DOCUMENT, response))
}

fn broken_answer(response: &'static Value, method: &str, answer: &Answer) -> Vec<String> {
    let mut broken = broken_headers(response, answer);
    let Some(content) = response.get("content") else {
        if !answer.text.is_empty() {
            broken.push("a body is not documented".to_owned());
        }
        return broken;
    };
    let media_type = answer.header("Content-Type").unwrap_or("").split(';').next().unwrap_or("");
    let Some(described) = content.get(media_type) else {
        broken.push(format!("the content type {media_type:?} is not documented"));
        return broken;
    };
    if method != "HEAD" {
        let body = if media_type.ends_with("json") {
            answer.body.clone()
        } else {
            Value::String(answer.text.clone())
        };
        broken.extend(violations(&DOCUMENT, &described["schema"], &body));
    }
    broken
}

fn broken_headers(response: &'static Value, answer: &Answer) -> Vec<String> {
    let mut broken = Vec::new();
    let described = response["headers"].as_object().expect("headers");
    for (name, header) in described {
        let header = resolved(&DOCUMENT, header);
        // What these two are needed for is a status in a range of them, which a header cannot say.
        let needed = match (name.as_str(), answer.status) {
            ("Allow", status) => status == 405,
            ("Retry-After", status) if status >= 500 => status == 503,
            _ => header["required"] == true,
        };
        match answer.header(name) {
            Some(text) => {
                let value = parameter_value(&header["schema"], text);
                let found = violations(&DOCUMENT, &header["schema"], &value);
                broken.extend(found.into_iter().map(|found| format!("header {name}{found}")));
            }
            None if needed => broken.push(format!("the header {name} is missing")),
            None => {}
        }
    }
    for name in answer.headers.keys() {
        let known = described.keys().any(|described| described.eq_ignore_ascii_case(name));
        if !known && !UNIVERSAL_HEADERS.contains(&name.as_str()) {
            broken.push(format!("the header {name} is not documented"));
        }
    }
    broken
}

/// A parameter's text as the JSON that its schema judges.
fn parameter_value(schema: &'static Value, text: &str) -> Value {
    let types = &resolved(&DOCUMENT, schema)["type"];
    let parsed = match types.as_str() {
        Some("integer" | "boolean") => serde_json::from_str(text).ok(),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn broken_query(operation: &'static Value, query: &str) -> Vec<String> {
    let parameters = operation["parameters"].as_array();
    let described: Vec<_> = parameters.into_iter().flatten().map(|one| resolved(&DOCUMENT, one)).collect();
    // What anybody may ask of the service itself looks at no query.
    if operation["x-access"] == "open" && !described.iter().any(|parameter| parameter["in"] == "query") {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // The + of a zone is understood, and everything else is a blank.
        let spaced = if value.contains('T') { value.to_owned() } else { value.replace('+', " ") };
        let value = percent_decode_str(&spaced).decode_utf8_lossy();
        // As if it were not there.
        if is_blank_text(&value) {
            continue;
        }
        let is_it = |one: &&&Value| {
            one["in"] == "query" && one["name"] == *percent_decode_str(name).decode_utf8_lossy()
        };
        match described.iter().find(is_it) {
            Some(parameter) => {
                let schema = &parameter["schema"];
                let found = violations(&DOCUMENT, schema, &parameter_value(schema, &value));
                broken.extend(found.into_iter().map(|found| format!("parameter {name}{found}")));
            }
            None => broken.push(format!("the parameter {name} is not documented")),
        }
    }
    broken
}

fn broken_request(method: &str, operation: &'static Value, body: &[u8]) -> Vec<String> {
    let described = &operation["requestBody"];
    if body.is_empty() || described.is_null() {
        let needed = described["required"] == true;
        return Vec::from_iter(needed.then(|| "the request has no body".to_owned()));
    }
    // A file, of which any text is one.
    if described["content"]["application/json"].is_null() {
        return Vec::new();
    }
    let body = body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(body);
    let mut body: Value = serde_json::from_slice(body).expect("a body that was taken is JSON");
    let schema = &described["content"]["application/json"]["schema"];
    as_understood(schema, &mut body);
    if ["PUT", "PATCH"].contains(&method)
        && let Some(members) = body.as_object_mut()
    {
        // What is shown may come back.
        let set = names(schema);
        let shown = shown(operation);
        members.retain(|name, _| set.contains(name) || !shown.contains(name));
    }
    let found = violations(&DOCUMENT, schema, &body);
    found.into_iter().map(|found| format!("request{found}")).collect()
}

/// What the text of the document says of every body: digits in quotes are the number, and an empty text is none.
fn as_understood(schema: &'static Value, value: &mut Value) {
    let schema = resolved(&DOCUMENT, schema);
    // Of several forms, the one that it can be understood as.
    for form in ["oneOf", "anyOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        let mut understood = value.clone();
        as_understood(form, &mut understood);
        if violations(&DOCUMENT, form, &understood).is_empty() {
            *value = understood;
            return;
        }
    }
    let is_type = |wanted: &str| {
        schema["type"] == wanted
            || schema["type"].as_array().is_some_and(|types| types.contains(&json!(wanted)))
    };
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.as_str().is_some_and(is_blank_text));
            for (name, member) in members {
                if let Some(property) = schema["properties"].get(name) {
                    as_understood(property, member);
                }
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut().filter(|_| schema.get("items").is_some()) {
                as_understood(&schema["items"], item);
            }
        }
        Value::String(text) if is_type("integer") || is_type("boolean") => {
            let number = text.trim().parse::<i64>().map(Value::from);
            *value = number.or_else(|_| serde_json::from_str(text)).unwrap_or_else(|_| value.take());
        }
        _ => {}
    }
}

fn names(schema: &'static Value) -> Vec<String> {
    let properties = resolved(&DOCUMENT, schema)["properties"].as_object();
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The members of what an operation answers.
fn shown(operation: &'static Value) -> Vec<String> {
    let answered =
        &resolved(&DOCUMENT, &operation["responses"]["200"])["content"]["application/json"]["schema"];
    names(answered)
}

/// What the body of an operation sets.
pub fn set_by(method: &str, path: &str) -> Vec<String> {
    let operation = &DOCUMENT["paths"][path][method.to_ascii_lowercase()];
    names(&operation["requestBody"]["content"]["application/json"]["schema"])
}

/// Every operation with its method and path.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().expect("operations");
        operations.iter().map(|(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

#[test]
fn the_document_has_the_routes_of_the_table_and_who_may_call_them() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            let access = match route.access {
                Access::Anyone => "anyone",
                Access::Open => "open",
                Access::SignedIn => "signed_in",
                Access::OwnOrManager => "own_or_manager",
                Access::Staff => "staff",
                Access::Manager => "manager",
            };
            let mut security = match route.access {
                Access::Open => json!([]),
                Access::Anyone => json!([{}, {"session": []}]),
                _ => json!([{"session": []}]),
            };
            if let Some(scope) = route.scope {
                security.as_array_mut().unwrap().push(json!({"key": [scope.text()]}));
            }
            (route.method.to_lowercase(), route.path, json!(access).to_string(), security.to_string())
        })
        .collect();
    let documented: BTreeSet<_> = operations()
        .map(|(method, path, operation)| {
            let access = operation["x-access"].to_string();
            (method.to_owned(), path, access, operation["security"].to_string())
        })
        .collect();
    assert_eq!(documented, routes);
}

/// A page lists what is under no tag of the document, or shows it under one that nothing says anything about.
#[test]
fn each_operation_stands_under_a_tag_that_is_described() {
    let described: BTreeSet<&str> =
        DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let used = operations().flat_map(|(.., operation)| operation["tags"].as_array().expect("tags"));
    let used: BTreeSet<&str> = used.map(|tag| tag.as_str().unwrap()).collect();
    assert_eq!(used, described);
}

#[test]
fn operations_have_names_of_their_own_and_their_links_lead_to_them() {
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = operation["operationId"].as_str().expect("an operationId");
        assert!(names.insert(name), "{method} {path}: {name} appears twice");
        let in_path =
            operation["parameters"].as_array().into_iter().flatten().map(|one| resolved(&DOCUMENT, one));
        let has_id =
            in_path.into_iter().any(|parameter| parameter["in"] == "path" && parameter["name"] == "id");
        assert_eq!(has_id, path.contains("{id}"), "{method} {path}");
    }
    for (method, path, operation) in operations() {
        for response in operation["responses"].as_object().expect("responses").values() {
            let links = resolved(&DOCUMENT, response)["links"].as_object();
            for link in links.into_iter().flat_map(|links| links.values()) {
                let to = link["operationId"].as_str().expect("an operationId");
                assert!(names.contains(to), "{method} {path} links to {to}");
            }
        }
    }
}

#[test]
fn the_document_has_every_kind_of_problem_and_no_other() {
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|kind| json!({"code": kind.code, "status": kind.status, "title": kind.title}))
        .collect();
    assert_eq!(DOCUMENT["x-problems"], Value::Array(kinds));

    let statuses: BTreeMap<_, _> = KINDS.iter().map(|kind| (kind.code, kind.status)).collect();
    let mut documented = BTreeSet::new();
    for (name, response) in DOCUMENT["components"]["responses"].as_object().expect("responses") {
        let Some(content) =
            response.get("content").and_then(|content| content.get("application/problem+json"))
        else {
            continue;
        };
        let own = &resolved(&DOCUMENT, &content["schema"])["allOf"][1]["properties"];
        let codes = own["code"]["enum"].as_array().unwrap_or_else(|| panic!("{name} has no codes"));
        let mut of_codes = BTreeSet::new();
        for code in codes {
            let code = code.as_str().expect("a code");
            of_codes.insert(*statuses.get(code).unwrap_or_else(|| panic!("{name}: {code} is no kind")));
            documented.insert(code);
            assert!(content["examples"].get(code).is_some(), "{name} has no example of {code}");
        }
        let stated = own["status"]["enum"].as_array().into_iter().flatten();
        let stated: BTreeSet<_> = stated.map(|status| status.as_u64().expect("a status") as u16).collect();
        assert_eq!(stated, of_codes, "{name}");
    }
    assert_eq!(documented, statuses.keys().copied().collect());

    // A response stands under the status that its codes have; what any operation can meet, under `default`.
    for (method, path, operation) in operations() {
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let own = &resolved(&DOCUMENT, response)["content"]["application/problem+json"]["schema"];
            let stated = &resolved(&DOCUMENT, own)["allOf"][1]["properties"]["status"];
            match (status.parse::<u16>(), stated.is_null()) {
                (Ok(status), false) => assert_eq!(stated["enum"], json!([status]), "{method} {path}"),
                (Ok(status), true) => assert!(status < 400, "{method} {path} has no codes for {status}"),
                (Err(_), _) => {
                    assert_eq!(status, "default", "{method} {path}");
                    assert!(!stated.is_null(), "{method} {path} {status}");
                }
            }
        }
    }
}

#[test]
fn every_example_is_valid() {
    let mut count = 0;
    each_example(&DOCUMENT, "", &mut |schema, example, at| {
        count += 1;
        let found = violations(&DOCUMENT, schema, example);
        assert!(found.is_empty(), "{at}: {}", found.join("; "));
    });
    assert!(count > 150, "only {count} examples were found");
}

/// Calls `visit` with every example below `node` and its schema.
fn each_example(node: &Value, at: &str, visit: &mut impl FnMut(&Value, &Value, &str)) {
    if let Value::Object(members) = node {
        if let Some(schema) = members.get("schema") {
            let named = members.get("examples").and_then(Value::as_object);
            for (name, example) in named.into_iter().flatten() {
                visit(schema, &example["value"], &format!("{at}/examples/{name}"));
            }
            if let Some(example) = members.get("example") {
                visit(schema, example, &format!("{at}/example"));
            }
        } else if let Some(Value::Array(examples)) = members.get("examples") {
            for example in examples {
                visit(node, example, at);
            }
        }
        // What stands inside an example is no schema.
        for (name, member) in
            members.iter().filter(|(name, _)| !["examples", "example", "value"].contains(&name.as_str()))
        {
            each_example(member, &format!("{at}/{name}"), visit);
        }
    }
    if let Value::Array(items) = node {
        for (index, item) in items.iter().enumerate() {
            each_example(item, &format!("{at}/{index}"), visit);
        }
    }
}

/// "Try it" on /docs fills a request in from the examples. What may be left out must start switched
/// off, or it would filter every list and send one Idempotency-Key for ever.
#[test]
fn examples_of_optional_parameters_are_switched_off_on_the_page() {
    let shared = DOCUMENT["components"]["parameters"].as_object().expect("parameters").values();
    let own =
        operations().flat_map(|(_, _, operation)| operation["parameters"].as_array().into_iter().flatten());
    for parameter in shared.chain(own).filter(|parameter| parameter.get("$ref").is_none()) {
        if parameter["required"] != true {
            let examples = parameter["examples"].as_object().unwrap_or_else(|| panic!("{parameter}"));
            assert!(examples.values().all(|example| example["x-disabled"] == true), "{parameter}");
        }
    }
}

#[test]
fn objects_say_all_that_they_hold_and_the_version_is_ours() {
    assert_eq!(DOCUMENT["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().expect("schemas") {
        if schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
    }
}

#[test]
fn what_the_document_does_not_say_is_noticed() {
    let answer = |status: u16, headers: &[(&str, &str)], body: Value| Answer {
        request: String::new(),
        status,
        headers: headers
            .iter()
            .chain(&[("x-request-id", "a1"), ("content-type", "application/json; charset=utf-8")])
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        text: body.to_string(),
        body,
    };
    let good = || json!({"status": "ok"});
    let problem = |status: u16, code: &str| {
        json!({
            "type": format!("urn:storekeeper:problem:{code}"), "title": "", "status": status, "detail": "",
            "code": code, "errors": [], "request_id": "a1",
        })
    };
    assert_eq!(broken("GET", "/healthz", None, &answer(200, &[], good())), [""; 0]);
    assert_eq!(broken("HEAD", "/healthz", None, &answer(200, &[], good())), [""; 0]);
    for (method, path, request, answer) in [
        ("GET", "/healthz", None, answer(201, &[], good())),
        ("GET", "/healthz", None, answer(409, &[], problem(409, "conflict"))),
        ("GET", "/healthz", None, answer(418, &[], problem(418, "teapot"))),
        ("GET", "/healthz", None, answer(200, &[("x-powered-by", "us")], good())),
        ("GET", "/healthz", None, answer(200, &[], json!({"status": "ok", "uptime": 3}))),
        ("GET", "/healthz", None, answer(200, &[], json!({"status": "fine"}))),
        ("PUT", "/healthz", None, answer(200, &[], good())),
        ("GET", "/health", None, answer(200, &[], good())),
        (
            "GET",
            "/products?limit=0",
            None,
            answer(200, &[("cache-control", "no-cache")], json!({"data": [], "next": null})),
        ),
        (
            "GET",
            "/products?colour=red",
            None,
            answer(200, &[("cache-control", "no-cache")], json!({"data": [], "next": null})),
        ),
        (
            "GET",
            "/products",
            None,
            answer(200, &[("cache-control", "no-store")], json!({"data": [], "next": null})),
        ),
    ] {
        assert_ne!(broken(method, path, request, &answer), [""; 0], "{method} {path}");
    }
}
