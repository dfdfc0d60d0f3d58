//! Whether the service is up, whether it can work, and how much it does.

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::db::{self, migrations};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::web::request::Request;
use crate::web::response;

/// `GET /healthz`: the process answers. It asks nothing of the database.
pub fn alive(_: &App, _: &Request) -> Result<Response> {
    Ok(response::json(200, &json!({"status": "ok"})))
}

/// `GET /readyz`: the database answers and has the schema that this program needs; otherwise 503.
pub fn ready(app: &App, _: &Request) -> Result<Response> {
    let missing = db::read(&app.pool, migrations::missing)?;
    if missing.is_empty() {
        return Ok(response::json(200, &json!({"status": "ready"})));
    }
    let detail = format!("The schema is behind by {} steps. Run \"storekeeper migrate\".", missing.len());
    Err(Problem::new(problem::DATABASE_UNAVAILABLE, detail).retry_after(5).into())
}

/// `GET /metrics`: counters in Prometheus' text format.
pub fn metrics(app: &App, _: &Request) -> Result<Response> {
    let (open, free) = app.pool.state();
    let mut text = app.metrics.write();
    text.push_str("# HELP storekeeper_database_connections Connections to the database.\n");
    text.push_str("# TYPE storekeeper_database_connections gauge\n");
    text.push_str(&format!("storekeeper_database_connections{{state=\"busy\"}} {}\n", open - free));
    text.push_str(&format!("storekeeper_database_connections{{state=\"free\"}} {free}\n"));
    Ok(Response::text(text).with_unique_header("Content-Type", "text/plain; version=0.0.4"))
}
