//! What the document says of refusals: which ones an operation can meet, their schemas and examples.

use std::collections::BTreeMap;

use serde_json::json;

use crate::problem::{self, KINDS, Kind};
use crate::web::description::building::Building;
use crate::web::description::parts::{Example, Json, Operation, Ordered, header, object, raw, reference};
use crate::web::route::{Access, Route, Secret};

/// Refusals that any request can meet before its operation is known, or whatever the operation.
pub const EARLY: &[&Kind] = &[
    problem::MALFORMED_REQUEST,
    problem::METHOD_NOT_ALLOWED,
    problem::REQUEST_TIMEOUT,
    problem::BODY_TOO_LARGE,
    problem::URI_TOO_LONG,
    problem::EXPECTATION_FAILED,
    problem::INVALID_FIELDS,
    problem::RATE_LIMITED,
    problem::HEADERS_TOO_LARGE,
    problem::INTERNAL,
    problem::TRANSFER_ENCODING,
    problem::BUSY,
    problem::SHUTTING_DOWN,
    problem::HTTP_VERSION,
];

impl Building {
    /// Problems of these kinds, which have one status, or none in common in the default response.
    pub fn problem_response(
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
                too large or too slow, or the path does not take its method or its query. Or the service failed, or cannot \
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
pub fn shared_refusals(route: &Route, operation: &Operation) -> impl Iterator<Item = &'static Kind> {
    let body = operation.body.is_some();
    let json = body && !route.takes_file;
    let query = operation.has_query();
    let keyed = route.takes_key();
    let of_one = route.path.contains("{id}");
    let changes_one = route.changes_one();
    let known_caller = route.access != Access::Open;
    // Logging in is open and needs the database all the same.
    let database = known_caller || route.method == "POST";
    [
        (true, problem::MALFORMED_REQUEST),
        (json, problem::MALFORMED_JSON),
        (json, problem::DUPLICATE_KEY),
        (json || query, problem::INVALID_UTF8),
        (route.method == "POST" && route.writes(), problem::INVALID_IDEMPOTENCY_KEY),
        (route.makes_a_secret() == Secret::ForStrangers, problem::IDEMPOTENCY_KEY_NEEDS_LOGIN),
        (known_caller, problem::UNAUTHENTICATED),
        (known_caller, problem::FORBIDDEN),
        (of_one, problem::NOT_FOUND),
        (keyed, problem::IDEMPOTENCY_KEY_IN_USE),
        (keyed || changes_one, problem::CONFLICT),
        (keyed, problem::ANSWER_ERASED),
        (route.writes(), problem::PRECONDITION_FAILED),
        (body, problem::UNSUPPORTED_MEDIA_TYPE),
        (body || query, problem::INVALID_FIELDS),
        (keyed, problem::IDEMPOTENCY_KEY_REUSED),
        (route.path != "/healthz", problem::RATE_LIMITED),
        (keyed && !matches!(route.access, Access::Staff | Access::Manager), problem::TOO_MANY_KEYS),
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
pub fn name_of(kinds: &[&Kind]) -> String {
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
        Some(412) => &[("ETag", "ETagOfNow")],
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

pub fn kind(code: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.code == code).unwrap_or_else(|| panic!("{code} is no kind of problem"))
}
