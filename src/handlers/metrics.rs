//! `GET /metrics`: what a monitor watches and an operator is woken for, in Prometheus' text format.

use rouille::Response;

use crate::app::App;
use crate::db::{self, Connection, Readiness};
use crate::error::Result;
use crate::handlers::today::{self, Today};
use crate::metrics::Text;
use crate::restock::hits;
use crate::values::Timestamp;
use crate::web::request::Request;
use crate::webhooks::figures::{self, Progress};

/// `GET /metrics`.
pub fn read(app: &App, _: &Request) -> Result<Response> {
    let mut text = Text::default();
    app.metrics.write(&mut text);
    let (open, free) = app.pool.state();
    let name = "storekeeper_database_connections";
    text.family(name, "gauge", "Connections to the database.");
    text.sample(name, &[("state", "busy")], open - free);
    text.sample(name, &[("state", "free")], free);
    text.gauge(
        "storekeeper_database_connections_max",
        "As many may be open.",
        app.config.database_connections,
    );
    let name = "storekeeper_transactions_rerun_total";
    text.family(name, "counter", "Transactions that met another one and were run again.");
    text.sample(name, &[], app.pool.reruns());
    // What the database has to say is left out while it says nothing, and it is not asked when it hangs.
    let readiness = app.watch.look();
    let is_ready = matches!(readiness, Readiness::Ready);
    text.gauge(
        "storekeeper_ready",
        "Whether the service can do its work, as /readyz says.",
        u8::from(is_ready),
    );
    if is_ready {
        let now = app.clock.now();
        let _ = db::read(&app.pool, |db| of_the_shop(app, db, now))
            .map(|of_the_shop| text.0.push_str(&of_the_shop.0));
    }
    Ok(Response::text(text.0).with_unique_header("Content-Type", "text/plain; version=0.0.4"))
}

/// What waits, and how the shop is kept.
fn of_the_shop(app: &App, db: &mut Connection, now: Timestamp) -> Result<Text> {
    let mut text = Text::default();
    let Today {
        orders,
        purchase_orders,
        stock,
        last_restock_run,
        last_verification,
        last_backup,
        last_restore_drill,
        ..
    } = today::figures(app, db, now)?;
    let mut gauge =
        |name: &str, help: &str, value: String| text.gauge(&format!("storekeeper_{name}"), help, value);
    let late = purchase_orders.overdue.count;
    gauge("purchase_orders_late", "Purchase orders whose expected day is over.", late.to_string());
    let waiting = purchase_orders.drafts_waiting.count;
    gauge("purchase_orders_waiting", "Drafts that are older than a day.", waiting.to_string());
    gauge("orders_to_pick", "Placed orders, up to 10,000.", orders.to_pick.count.to_string());
    if let Some(oldest) = orders.oldest_to_pick_at {
        let help = "When the oldest placed order was placed, in seconds since 1970.";
        gauge("orders_to_pick_oldest_timestamp_seconds", help, seconds(oldest));
    }
    gauge("orders_overdue", "Orders expected before today, up to 10,000.", orders.overdue.count.to_string());
    let help = "Watched products below their reorder point, up to 10,000.";
    gauge("products_below_reorder_point", help, stock.below_reorder_point.count.to_string());
    if let Some(sold_out) = stock.sold_out {
        gauge(
            "products_sold_out",
            "Products that are asked for and sold out, up to 10,000.",
            sold_out.count.to_string(),
        );
    }
    if let Some(run) = last_restock_run {
        let help = "When the last restock run began, in seconds since 1970.";
        gauge("restock_run_timestamp_seconds", help, seconds(run.started_at));
        let help = "Products that the last restock run could not decide.";
        gauge("restock_run_failed_products", help, run.failed.to_string());
    }
    if let Some(last) = last_verification {
        let help = "When the books were last proved, in seconds since 1970.";
        gauge("verification_timestamp_seconds", help, seconds(last.at));
        gauge("verification_held", "Whether every rule held then.", u8::from(last.held).to_string());
    }
    for (last, name, what) in [
        (last_backup, "backup", "backup was made"),
        (last_restore_drill, "restore_drill", "backup was restored to see that it can be"),
    ] {
        let Some(last) = last else { continue };
        let help = format!("When the last {what}, in seconds since 1970.");
        gauge(&format!("{name}_timestamp_seconds"), &help, seconds(last.at));
        gauge(&format!("{name}_succeeded"), "Whether that went well.", u8::from(last.succeeded).to_string());
    }
    let rate = hits::of_shop(db)?;
    let help = "Suggested reorder points of twelve months whose lead time is over.";
    gauge("suggestions_judged", help, rate.judged.to_string());
    let help = "How many of the judged suggestions were to last, by their service levels.";
    gauge("suggestions_wanted", help, format!("{}.{:03}", rate.wanted / 1000, rate.wanted % 1000));
    gauge("suggestions_reached", "How many of them lasted.", rate.reached.to_string());
    of_webhooks(&mut text, &figures::of_all(db)?);
    Ok(text)
}

/// How far each receiver is, by its id. One that is paused is so because somebody wants it.
fn of_webhooks(text: &mut Text, all: &[Progress]) {
    let mut family = |name: &str, kind: &str, help: &str, value: fn(&Progress) -> Option<String>| {
        let name = format!("storekeeper_webhook_{name}");
        text.family(&name, kind, help);
        for progress in all {
            if let Some(value) = value(progress) {
                text.sample(&name, &[("webhook", &progress.id.to_string())], value);
            }
        }
    };
    family(
        "behind",
        "gauge",
        "Events that are not delivered yet, up to 10,000; of paused webhooks none.",
        |of| is_wanted(of).then(|| of.behind.events.to_string()),
    );
    let help = "When the oldest of them happened, in seconds since 1970.";
    family("behind_since_timestamp_seconds", "gauge", help, |of| {
        of.behind.since.filter(|_| is_wanted(of)).map(seconds)
    });
    family(
        "stopped",
        "gauge",
        "Whether nothing more is sent, since it answered 410 or accepted nothing for three days.",
        |of| Some(u8::from(of.stopped.is_some()).to_string()),
    );
    family("delivered_total", "counter", "Events that were accepted.", |of| Some(of.delivered.to_string()));
    family("given_up_total", "counter", "Events that were refused for three days.", |of| {
        Some(of.given_up.to_string())
    });
}

fn is_wanted(progress: &Progress) -> bool {
    progress.active || progress.stopped.is_some()
}

fn seconds(at: Timestamp) -> String {
    at.0.and_utc().timestamp().to_string()
}
