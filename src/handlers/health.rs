//! Whether the service is up, whether it can work, and how much it does.

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::db::Readiness;
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::web::request::Request;
use crate::web::response;

/// `GET /healthz`: the process answers. It asks nothing of the database.
pub fn alive(_: &App, _: &Request) -> Result<Response> {
    Ok(response::json(200, &json!({"status": "ok"})))
}

/// `GET /readyz`: the database answers, takes changes, has the schema that this program needs, and room for what is
/// written; otherwise 503.
pub fn ready(app: &App, _: &Request) -> Result<Response> {
    let (kind, detail) = match app.watch.look() {
        Readiness::Ready => return Ok(response::json(200, &json!({"status": "ready"}))),
        Readiness::Behind(steps) => (
            problem::DATABASE_UNAVAILABLE,
            format!("The schema is behind by {steps} steps. Run \"storekeeper migrate\"."),
        ),
        Readiness::RefusesChanges(why) => {
            (problem::DATABASE_UNAVAILABLE, format!("The database takes no changes: {why}."))
        }
        Readiness::NoAnswer => (
            problem::DATABASE_UNAVAILABLE,
            "The database did not answer in time. The log says why when it refused.".to_owned(),
        ),
        Readiness::StorageFull => (
            problem::STORAGE_FULL,
            "The database could not keep the last changes for want of room. Make room on its disk."
                .to_owned(),
        ),
    };
    Err(Problem::new(kind, detail).retry_after(5).into())
}
