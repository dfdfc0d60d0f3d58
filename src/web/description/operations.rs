//! What the document says of one operation: who may call, what it takes, and what a success is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::problem::Kind;
use crate::web::description::building::Building;
use crate::web::description::parts::{
    Json, Operation, Ordered, ParameterOrName, Success, expanded_examples, header, object, parsed, raw,
    reference, schema_of,
};
use crate::web::description::refusals::{EARLY, kind, name_of, shared_refusals};
use crate::web::route::{Access, Route};

impl Building {
    pub fn operation(&mut self, route: &Route, tag: &str, operation: &Operation) -> Json {
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
        // All of them take a body that is what they answer, or a part of it.
        let written_back = match route.method {
            "PUT" | "PATCH" => {
                " What the answer shows and this does not set may come back with it, unchanged: `read_only` refuses what is not."
            }
            _ => "",
        };
        let mut members = vec![
            ("operationId", raw(operation_id)),
            ("tags", raw(&[tag])),
            ("summary", raw(summary)),
            (
                "description",
                raw(&format!("{description}{written_back}\n\n**Who may call:** {callers}{keys}")),
            ),
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
                if let Some(made) = &success.made {
                    let made = Success { status: 201, description: made.clone(), ..success.clone() };
                    responses.insert("201".into(), self.success(route, &made));
                }
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
        if operation.has_query() {
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

    fn success(&mut self, route: &Route, success: &Success) -> Json {
        let (media_type, schema, example) = match (&success.schema, &success.list, &success.text) {
            (Some(schema), None, None | Some(_)) => {
                ("application/json", schema_of(schema), self.example_of(schema))
            }
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
        let mut by_type = vec![(media_type, object(content))];
        if let (Some(_), Some(text)) = (&success.schema, &success.text) {
            by_type.push((text, object([("schema", raw(&json!({"type": "string"})))])));
        }
        if success.list.is_some() {
            by_type.push(("text/csv", object([("schema", raw(&json!({"type": "string"})))])));
        }
        let mut members = vec![
            ("description", raw(&success.description)),
            ("headers", headers(route, success, success.status)),
            ("content", object(by_type)),
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
}

/// Whether the answer is worth asking for again with `If-None-Match`.
fn revalidates(route: &Route, success: &Success) -> bool {
    route.method == "GET" && success.list.is_none() && success.etag
}

fn parameters(route: &Route, operation: &Operation) -> Vec<Json> {
    let shared = |applies: bool, name: &str| applies.then(|| reference("parameters", name));
    // The id in "/orders/{id}/track" is that of one of the "orders".
    let segments: Vec<&str> = route.path.split('/').collect();
    let ids = segments.windows(2).filter_map(|pair| {
        let name = pair[1].strip_prefix('{')?.strip_suffix('}')?;
        Some(reference("parameters", &format!("{}.{name}", pair[0])))
    });
    let success = operation.success.as_ref();
    let list = success.is_some_and(|success| success.list.is_some());
    let own = operation.parameters.iter().map(|parameter| match parameter {
        ParameterOrName::Name(name) => reference("parameters", name),
        ParameterOrName::Own(parameter) => parameter.expanded(),
    });
    ids.chain(own)
        .chain(shared(list, "Limit"))
        .chain(shared(list, "After"))
        .chain(shared(success.is_some_and(|success| revalidates(route, success)), "IfNoneMatch"))
        .chain(shared(route.changes_one(), "IfMatch"))
        .chain(shared(route.takes_key(), "IdempotencyKey"))
        .collect()
}

/// The headers of a success, and of the 304 that stands for it.
fn headers(route: &Route, success: &Success, status: u16) -> Json {
    let versioned = revalidates(route, success) || route.takes_key() || route.changes_one();
    let of_route = [
        (true, "X-Request-Id"),
        (versioned, "ETag"),
        (status == 201, "Location"),
        (route.takes_key(), "Idempotency-Replayed"),
        (route.may_be_kept(), "Cache-Control"),
    ];
    let of_route = of_route.into_iter().filter(|(applies, _)| *applies).map(|(_, name)| (name, header(name)));
    let mut headers: BTreeMap<&str, _> = of_route.collect();
    if success.list.is_some() {
        headers.insert("Content-Disposition", header("FileName"));
    }
    headers.extend(success.headers.0.iter().map(|(name, shared)| (name.as_str(), header(shared))));
    raw(&headers)
}
