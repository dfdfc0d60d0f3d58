//! Whether the service is up, whether it can work, and how much it does.

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Readiness};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::restock;
use crate::web::request::Request;
use crate::web::response;

/// `GET /healthz`: the process answers. It asks nothing of the database.
pub fn alive(_: &App, _: &Request) -> Result<Response> {
    Ok(response::json(200, &json!({"status": "ok"})))
}

/// `GET /readyz`: the database answers, has the schema that this program needs, and room for what is written;
/// otherwise 503.
pub fn ready(app: &App, _: &Request) -> Result<Response> {
    let (kind, detail) = match app.watch.look() {
        Readiness::Ready => return Ok(response::json(200, &json!({"status": "ready"}))),
        Readiness::Behind(steps) => (
            problem::DATABASE_UNAVAILABLE,
            format!("The schema is behind by {steps} steps. Run \"storekeeper migrate\"."),
        ),
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

/// `GET /metrics`: counters in Prometheus' text format.
pub fn metrics(app: &App, _: &Request) -> Result<Response> {
    let (open, free) = app.pool.state();
    let mut text = app.metrics.write();
    text.push_str("# HELP storekeeper_database_connections Connections to the database.\n");
    text.push_str("# TYPE storekeeper_database_connections gauge\n");
    text.push_str(&format!("storekeeper_database_connections{{state=\"busy\"}} {}\n", open - free));
    text.push_str(&format!("storekeeper_database_connections{{state=\"free\"}} {free}\n"));
    // What the database has to say of it is left out while it says nothing.
    let late_before = restock::late_before(&app.config.calendar, app.clock.now());
    if let Ok(late) = db::read(&app.pool, |db| restock::late_orders(db, late_before)) {
        text.push_str("# HELP storekeeper_restock_orders_late Restock orders whose expected day is over.\n");
        text.push_str("# TYPE storekeeper_restock_orders_late gauge\n");
        text.push_str(&format!("storekeeper_restock_orders_late {late}\n"));
    }
    Ok(Response::text(text).with_unique_header("Content-Type", "text/plain; version=0.0.4"))
}
