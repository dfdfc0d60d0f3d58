//! Whether the service is up, whether it can work, and how much it does.

use rouille::Response;
use serde_json::json;

use crate::app::App;
use crate::db::{self, Readiness};
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::restock::{self, drafts, hits};
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

/// `GET /metrics`: counters in Prometheus' text format, and figures of restocking while the database is ready.
pub fn metrics(app: &App, _: &Request) -> Result<Response> {
    let (open, free) = app.pool.state();
    let mut text = app.metrics.write();
    text.push_str("# HELP storekeeper_database_connections Connections to the database.\n");
    text.push_str("# TYPE storekeeper_database_connections gauge\n");
    text.push_str(&format!("storekeeper_database_connections{{state=\"busy\"}} {}\n", open - free));
    text.push_str(&format!("storekeeper_database_connections{{state=\"free\"}} {free}\n"));
    // What the database has to say of it is left out while it says nothing, and it is not asked when it hangs.
    let late_before = restock::late_before(&app.config.calendar, app.clock.now());
    let is_ready = matches!(app.watch.look(), Readiness::Ready);
    let of_restocking = is_ready.then(|| {
        db::read(&app.pool, |db| {
            let late = restock::late_orders(db, late_before)?;
            Ok((late, drafts::waiting(db, app.clock.now())?, hits::of_shop(db)?))
        })
    });
    if let Some(Ok((late, waiting, rate))) = of_restocking {
        let mut gauge = |name: &str, help: &str, value: String| {
            let name = format!("storekeeper_{name}");
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n"));
        };
        gauge("purchase_orders_late", "Purchase orders whose expected day is over.", late.to_string());
        gauge("purchase_orders_waiting", "Drafts that are older than a day.", waiting.to_string());
        let help = "Suggested reorder points of twelve months whose lead time is over.";
        gauge("suggestions_judged", help, rate.judged.to_string());
        let help = "How many of the judged suggestions were to last, by their service levels.";
        let (whole, thousandths) = (rate.wanted / 1000, rate.wanted % 1000);
        gauge("suggestions_wanted", help, format!("{whole}.{thousandths:03}"));
        gauge("suggestions_reached", "How many of them lasted.", rate.reached.to_string());
    }
    Ok(Response::text(text).with_unique_header("Content-Type", "text/plain; version=0.0.4"))
}
