//! What waits today, and how the shop is kept: the figures with which a day behind the counter begins.
//!
//! Each is counted by index among what is under way, and no further than anybody reads.

use chrono::Days;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::db::{self, Connection, column};
use crate::error::Result;
use crate::handlers::orders::{Status, to_confirm};
use crate::handlers::stock::{COVER_BELOW, SELLING};
use crate::restock::{self, Summary, demand, drafts, late_before};
use crate::upkeep::{self, Kind, Upkeep};
use crate::values::{Day, Id, Timestamp};
use crate::web::request::Request;
use crate::web::response;

/// Nobody works through more than this, and counting as many takes some 20 ms.
const COUNTED_MAX: i64 = 10_000;
/// Today and the six days after it.
const AHEAD_DAYS: u64 = 7;

#[derive(Serialize)]
pub struct Today {
    pub at: Timestamp,
    /// On the shop's calendar.
    pub day: Day,
    pub orders: Orders,
    pub purchase_orders: PurchaseOrders,
    pub stock: Stock,
    pub last_restock_run: Option<Summary>,
    pub last_verification: Option<LastVerification>,
    pub last_backup: Option<Last>,
    pub last_restore_drill: Option<Last>,
}

/// How many there are, up to [`COUNTED_MAX`].
#[derive(Serialize)]
pub struct Counted {
    pub count: i64,
    pub or_more: bool,
}

impl Counted {
    fn of(count: i64) -> Counted {
        Counted { count: count.min(COUNTED_MAX), or_more: count > COUNTED_MAX }
    }
}

#[derive(Serialize)]
pub struct Orders {
    pub to_pick: Counted,
    /// When the first of them was placed.
    pub oldest_to_pick_at: Option<Timestamp>,
    /// Those of them that are cancelled by themselves if nobody confirms them; None where the shop does not want that.
    pub to_confirm: Option<Counted>,
    /// Placed or shipped, and expected before today.
    pub overdue: Counted,
}

/// An order counts where something of it is outstanding.
#[derive(Serialize)]
pub struct PurchaseOrders {
    pub expected_today: Counted,
    pub expected_within_7_days: Counted,
    /// Expected before today.
    pub overdue: Counted,
    /// Drafts that are older than a day.
    pub drafts_waiting: Counted,
}

#[derive(Serialize)]
pub struct Stock {
    /// As `below_threshold` of a product's stock.
    pub below_reorder_point: Counted,
    /// Products that are asked for, of which nothing is available, or less than they are expected to sell in 7 days. None
    /// before the first restock run, which says what they sell.
    pub sold_out: Option<Counted>,
    pub sold_out_within_7_days: Option<Counted>,
}

#[derive(Serialize)]
pub struct LastVerification {
    pub id: Id,
    pub account_id: Option<Id>,
    pub username: Option<String>,
    pub command: Option<String>,
    pub at: Timestamp,
    pub held: bool,
}

#[derive(Serialize)]
pub struct Last {
    pub at: Timestamp,
    pub succeeded: bool,
}

/// `GET /today`.
pub fn read(app: &App, _: &Request) -> Result<Response> {
    let now = app.clock.now();
    let today = db::snapshot(&app.pool, |db| figures(app, db, now))?;
    Ok(response::json(200, &today))
}

/// As they are now.
pub fn figures(app: &App, db: &mut Connection, now: Timestamp) -> Result<Today> {
    let day = app.config.calendar.day_of(now);
    let last_run = "SELECT id FROM restock_runs FORCE INDEX (restock_runs_by_time) ORDER BY started_at DESC, id DESC LIMIT 1";
    let last_run: Option<Id> = db.row(last_run, (), |row| column(row, "id"))?;
    let last = |of: Upkeep| Last { at: of.at, succeeded: of.succeeded == Some(true) };
    Ok(Today {
        at: now,
        day,
        orders: orders(app, db, day)?,
        purchase_orders: purchase_orders(app, db, now)?,
        stock: stock(db)?,
        last_restock_run: last_run.map(|id| restock::summary(db, id)).transpose()?.flatten(),
        last_verification: upkeep::last(db, Kind::Verification)?.map(LastVerification::from),
        last_backup: upkeep::last(db, Kind::Backup)?.map(last),
        last_restore_drill: upkeep::last(db, Kind::RestoreDrill)?.map(last),
    })
}

impl From<Upkeep> for LastVerification {
    fn from(of: Upkeep) -> LastVerification {
        LastVerification {
            id: of.id,
            account_id: of.account_id,
            username: of.username,
            command: of.command,
            at: of.at,
            held: of.succeeded == Some(true),
        }
    }
}

/// Of the oldest orders that stand so, among which are those that are overdue.
#[derive(Default)]
struct UnderWay {
    count: i64,
    oldest_at: Option<Timestamp>,
    overdue: i64,
    to_confirm: i64,
}

fn under_way(db: &mut Connection, status: Status, day: Day) -> Result<UnderWay> {
    let to_confirm = to_confirm();
    let sql = format!(
        "SELECT COUNT(*) AS orders, MIN(o.placed_at) AS oldest_at,
             COUNT(CASE WHEN o.expected_delivery_date < ? THEN 1 END) AS overdue,
             COUNT(CASE WHEN {to_confirm} THEN 1 END) AS to_confirm
         FROM (
             SELECT status, placed_at, expected_delivery_date, confirmed_at, actor_account_id, actor_api_key_id, customer_id
             FROM orders FORCE INDEX (orders_by_status) WHERE status = ? ORDER BY placed_at, id LIMIT {}
         ) o",
        COUNTED_MAX + 1
    );
    let found = db.row(&sql, (day, status), |row| UnderWay {
        count: column(row, "orders"),
        oldest_at: column(row, "oldest_at"),
        overdue: column(row, "overdue"),
        to_confirm: column(row, "to_confirm"),
    })?;
    Ok(found.unwrap_or_default())
}

fn orders(app: &App, db: &mut Connection, day: Day) -> Result<Orders> {
    let placed = under_way(db, Status::Placed, day)?;
    let shipped = under_way(db, Status::Shipped, day)?;
    let is_more = |of: &UnderWay| of.count > COUNTED_MAX;
    let overdue = Counted::of(placed.overdue + shipped.overdue);
    let asks = !app.config.unconfirmed_order.is_zero();
    Ok(Orders {
        to_pick: Counted::of(placed.count),
        oldest_to_pick_at: placed.oldest_at,
        to_confirm: asks.then(|| Counted { or_more: is_more(&placed), ..Counted::of(placed.to_confirm) }),
        overdue: Counted { or_more: overdue.or_more || is_more(&placed) || is_more(&shipped), ..overdue },
    })
}

fn purchase_orders(app: &App, db: &mut Connection, now: Timestamp) -> Result<PurchaseOrders> {
    let calendar = &app.config.calendar;
    let day = calendar.day_of(now);
    let (today, tomorrow) = (late_before(calendar, now), calendar.end_of(day));
    let ahead = calendar.start_of(Day(day.0 + Days::new(AHEAD_DAYS)));
    let any = |condition: &str| format!("MAX(l.expected_at {condition})");
    let sum = |name: &str| format!("CAST(COALESCE(SUM({name}), 0) AS SIGNED) AS {name}");
    let sql = format!(
        "SELECT {}, {}, {} FROM (
             SELECT {} AS today, {} AS ahead, {} AS overdue
             FROM (
                 SELECT id FROM purchase_orders FORCE INDEX (purchase_orders_by_status)
                 WHERE status = 'ordered' ORDER BY id LIMIT {}
             ) o
             STRAIGHT_JOIN purchase_order_lines l FORCE INDEX (PRIMARY) ON l.purchase_order_id = o.id
             WHERE l.received < l.quantity GROUP BY o.id
         ) of_order",
        sum("today"),
        sum("ahead"),
        sum("overdue"),
        any(">= ? AND l.expected_at < ?"),
        any(">= ? AND l.expected_at < ?"),
        any("< ?"),
        COUNTED_MAX + 1
    );
    let counts: Option<[i64; 3]> = db.row(&sql, (today, tomorrow, today, ahead, today), |row| {
        ["today", "ahead", "overdue"].map(|name| column(row, name))
    })?;
    let [expected_today, within_7_days, overdue] = counts.unwrap_or_default().map(Counted::of);
    Ok(PurchaseOrders {
        expected_today,
        expected_within_7_days: within_7_days,
        overdue,
        drafts_waiting: Counted::of(drafts::waiting(db, now)?),
    })
}

fn stock(db: &mut Connection) -> Result<Stock> {
    let below = format!(
        "SELECT COUNT(*) AS below FROM (
             SELECT 1 FROM stock s FORCE INDEX (stock_watched) STRAIGHT_JOIN products p ON p.id = s.product_id
             WHERE s.reorder_point IS NOT NULL AND s.on_hand - s.reserved < s.reorder_point AND p.active = 1 LIMIT {}
         ) t",
        COUNTED_MAX + 1
    );
    let below: i64 = db.row(&below, (), |row| column(row, "below"))?.unwrap_or(0);
    let (now, soon) = if demand::is_summed_up(db)? { sold_out(db)?.unzip() } else { (None, None) };
    Ok(Stock {
        below_reorder_point: Counted::of(below),
        sold_out: now.map(Counted::of),
        sold_out_within_7_days: soon.map(Counted::of),
    })
}

/// Of the products that are asked for, as many as have nothing available, and as many as are sold out soon.
fn sold_out(db: &mut Connection) -> Result<Option<(i64, i64)>> {
    let sql = format!(
        "SELECT COUNT(CASE WHEN s.on_hand <= s.reserved THEN 1 END) AS now, COUNT(CASE WHEN s.on_hand > s.reserved THEN 1 END) AS soon
         FROM stock s FORCE INDEX ({SELLING}) STRAIGHT_JOIN products p ON p.id = s.product_id AND p.active = 1
         WHERE {COVER_BELOW}"
    );
    db.row(&sql, (AHEAD_DAYS,), |row| (column(row, "now"), column(row, "soon")))
}
