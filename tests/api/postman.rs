//! The Postman collections as files, which tests/postman/build.mjs builds. Whether they pass is for scripts/test to see,
//! which runs them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use storekeeper::routes::ROUTES;

const COLLECTIONS: [&str; 4] =
    ["Customer Management", "Product Management", "Order Management", "Bonus Features"];

struct Request {
    /// Collection, folder and name, to find it by.
    name: String,
    id: String,
    method: String,
    /// With `{id}` where a variable or a number stands.
    path: String,
    description: String,
    tests: String,
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn load(file: &str) -> String {
    fs::read_to_string(project().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn read(file: &str) -> Value {
    serde_json::from_str(&load(&format!("postman/{file}"))).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn requests() -> Vec<Request> {
    let mut requests = Vec::new();
    for name in COLLECTIONS {
        let collection = read(&format!("{name}.postman_collection.json"));
        assert_eq!(collection["info"]["name"], name);
        collect(&collection, name, &mut requests);
    }
    requests
}

fn collect(item: &Value, name: &str, requests: &mut Vec<Request>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(items) = item["item"].as_array() {
        let description = item["description"].as_str().or(item["info"]["description"].as_str());
        assert!(description.is_some_and(|text| !text.is_empty()), "{name} has no description");
        for item in items {
            collect(item, &format!("{name} / {}", text(&item["name"])), requests);
        }
        return;
    }
    let request = &item["request"];
    let segments = request["url"]["path"].as_array().unwrap_or_else(|| panic!("{name} has no path"));
    let is_number = |segment: &str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    let is_id = |segment: &str| segment.starts_with("{{") || is_number(segment);
    let path: String = segments
        .iter()
        .map(|segment| segment.as_str().expect("a segment"))
        .map(|segment| format!("/{}", if is_id(segment) { "{id}" } else { segment }))
        .collect();
    let events = item["event"].as_array().into_iter().flatten();
    let scripts = events.filter(|event| event["listen"] == "test").map(|event| &event["script"]["exec"]);
    let lines: Vec<String> = scripts.filter_map(Value::as_array).flatten().map(text).collect();
    requests.push(Request {
        name: name.to_owned(),
        id: text(&item["id"]),
        method: text(&request["method"]),
        path,
        description: text(&request["description"]),
        tests: lines.join("\n"),
    });
}

impl Request {
    /// The route that answers, as the table writes it.
    fn route(&self) -> (&str, &str) {
        let method = if self.method == "HEAD" { "GET" } else { &self.method };
        (method, &self.path)
    }

    fn expects(&self, statuses: &[&str]) -> bool {
        statuses.iter().any(|status| self.tests.contains(&format!(".have.status({status}")))
    }
}

/// What the build noted of the files that it read and wrote. It needs Node, which cargo test does without; scripts/test
/// builds again and compares.
#[test]
fn the_collections_are_built_from_their_sources() {
    const BUILD: &str = "run node tests/postman/build.mjs";
    let sums = load("tests/postman/built.sha256");
    for line in sums.lines() {
        let (noted, file) = line.split_once("  ").expect("a sum and a file");
        let sum: String = Sha256::digest(load(file)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum, noted, "{file} was changed and not built: {BUILD}");
    }
    for source in fs::read_dir(project().join("tests/postman/collections")).expect("the sources") {
        let name = source.expect("a source").file_name();
        assert!(sums.contains(name.to_str().expect("UTF-8")), "{} was not built: {BUILD}", name.display());
    }
}

#[test]
fn every_route_succeeds_in_a_collection_and_no_request_misses_the_table() {
    let requests = requests();
    let paths: Vec<String> = ROUTES.iter().map(|route| route.path.replace("{product_id}", "{id}")).collect();
    let table: BTreeSet<(&str, &str)> =
        ROUTES.iter().zip(&paths).map(|(route, path)| (route.method, path.as_str())).collect();
    let succeeds = requests.iter().filter(|request| request.expects(&["20"]));
    let used: BTreeSet<(&str, &str)> =
        succeeds.filter(|request| request.method != "OPTIONS").map(Request::route).collect();
    assert_eq!(used, table);
    for request in requests.iter().filter(|request| !table.contains(&request.route())) {
        let on_purpose = request.method == "OPTIONS" || request.expects(&["404", "405"]);
        assert!(on_purpose, "{}: no route is {} {}", request.name, request.method, request.path);
    }
}

#[test]
fn every_request_is_described_and_looks_at_its_answer() {
    let mut ids = BTreeSet::new();
    for request in requests() {
        assert!(!request.description.is_empty(), "{} has no description", request.name);
        assert!(request.tests.contains("pm.test("), "{} has no test", request.name);
        assert!(request.expects(&["2", "3", "4"]), "{} does not say which status it expects", request.name);
        assert!(ids.insert(request.id), "{} has the id of another request", request.name);
    }
}

#[test]
fn the_environment_holds_three_names_and_no_password() {
    let environment = read("Storekeeper.postman_environment.json");
    let values = environment["values"].as_array().expect("a list of values");
    let names: Vec<&str> = values.iter().map(|value| value["key"].as_str().expect("a name")).collect();
    assert_eq!(names, ["base_url", "staff_username", "staff_password"]);
    assert_eq!(values[2]["value"], "");
    assert_eq!(values[2]["type"], "secret");
}
