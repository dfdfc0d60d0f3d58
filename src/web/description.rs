//! The OpenAPI document, put together from the parts that stand beside the features.
//!
//! A part says what is particular to its operations. What follows from the route table (who may call,
//! the headers, the refusals that are shared) and from the kinds of problems is written here once.

mod building;
mod operations;
mod parts;
mod refusals;

use std::collections::BTreeMap;

use serde_json::json;

use crate::problem::{self, KINDS};
use crate::web::description::building::Building;
use crate::web::description::parts::{
    Common, Json, Ordered, Part, extended, in_one_line, is_only_extended, object, parsed, raw,
};
use crate::web::response;
use crate::web::route::Route;

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
    let served = common.schemas.0.iter().filter(|(_, schema)| !is_only_extended(schema));
    common.schemas = Ordered(served.map(|one| extended(one, &common.schemas)).collect());
    let mut building = Building::new(common);

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
    document(building, &paths)
}

/// The whole document, once every operation is in `building`.
fn document(mut building: Building, paths: &Ordered<Ordered<Json>>) -> String {
    let no_own = Ordered::default();
    let not_found = building.problem_response(Some(404), &[problem::NOT_FOUND], &no_own);
    building.responses.insert("NotFound".into(), not_found);
    building.common.info.0.insert(1, ("version".into(), raw(env!("CARGO_PKG_VERSION"))));
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|kind| json!({"code": kind.code, "status": kind.status, "title": kind.title}))
        .collect();
    let common = building.common;
    let parameters = common.parameters.0.iter().map(|(name, one)| (name.clone(), one.expanded()));
    let schemas = common.schemas.0.into_iter().chain(building.schemas);
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
                ("responses", raw(&building.responses)),
                ("schemas", object(schemas)),
            ]),
        ),
    ])
    .get()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::route::Access;

    fn health(path: &'static str) -> Route {
        Route {
            method: "GET",
            path,
            access: Access::Open,
            scope: None,
            handler: |_, _| Ok(response::no_content()),
            body_bytes: 0,
            takes_file: false,
            only_asks: false,
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
