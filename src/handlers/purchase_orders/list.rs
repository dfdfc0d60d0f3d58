//! How purchase orders are found: by where they stand, of whom, with what, and when something of them is expected.
//!
//! What is under way is little beside all that was ever bought, and is gone along by its status.

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::db::{self, Filter};
use crate::error::Result;
use crate::handlers::purchase_orders::view::{Head, select_heads};
use crate::restock::drafts;
use crate::restock::late_before;
use crate::restock::purchase::OrderStatus;
use crate::values::{Calendar, Id, Timestamp, boolean, id};
use crate::web::form::Form;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

/// Which purchase orders are looked for.
struct Filters {
    status: Option<OrderStatus>,
    supplier_id: Option<Id>,
    product_id: Option<Id>,
    for_runs: Option<bool>,
    overdue: Option<bool>,
    waiting: Option<bool>,
    /// From when on, and before when, something of them is expected that has not come.
    expected: Option<(Timestamp, Timestamp)>,
}

/// `GET /purchase_orders?status=&supplier_id=&product_id=&for_runs=&overdue=&waiting=&expected_from=&expected_to=&limit=&after=`:
/// newest first, without their lines.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("o.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let filters = Filters::read(&mut form, &app.config.calendar);
    let (page, filters) = form.finish(|| Some((page?, filters?)))?;
    let mut filter = Filter::default();
    let hint = filters.hint();
    filters.restrict(app, &mut filter);
    page.restrict(&keyset, &mut filter);
    let sql = select_heads(hint, &filter, &keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let head = |row: &mysql::Row| Head::from_row(app, row, &request.caller);
    let orders = db::read(&app.pool, |db| db.rows(&sql, values.clone(), head))?;
    Ok(response::json(200, &page.list(orders, |order| Cursor::by_id(order.id))))
}

impl Filters {
    fn read(form: &mut Form, calendar: &Calendar) -> Option<Filters> {
        let status = form.optional("status", |input| OrderStatus::parse_among(input, OrderStatus::ALL));
        let supplier_id = form.optional("supplier_id", id);
        let product_id = form.optional("product_id", id);
        let for_runs = form.optional("for_runs", boolean);
        let overdue = form.optional("overdue", boolean);
        let waiting = form.optional("waiting", boolean);
        let from = form.optional("expected_from", |input| calendar.from(input));
        let to = form.optional("expected_to", |input| calendar.to(input));
        let expected = match (from?, to?) {
            (None, None) => None,
            (from, to) => Some((from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX))),
        };
        Some(Filters {
            status: status?,
            supplier_id: supplier_id?,
            product_id: product_id?,
            for_runs: for_runs?,
            overdue: overdue?,
            waiting: waiting?,
            expected,
        })
    }

    /// What is under way is found by its status.
    fn hint(&self) -> &'static str {
        let is_under_way =
            self.overdue == Some(true) || self.waiting == Some(true) || self.expected.is_some();
        if is_under_way { "FORCE INDEX (purchase_orders_by_status)" } else { "" }
    }

    fn restrict(self, app: &App, filter: &mut Filter) {
        let now = app.clock.now();
        filter.add_if_given("o.status = ?", self.status.map(Into::into));
        filter.add_if_given("o.supplier_id = ?", self.supplier_id.map(Into::into));
        filter.add_if_given("(o.draft_of IS NOT NULL) = ?", self.for_runs.map(Into::into));
        let of_order = "FROM purchase_order_lines x WHERE x.purchase_order_id = o.id AND";
        if let Some(product_id) = self.product_id {
            filter.add(format!("EXISTS (SELECT 1 {of_order} x.product_id = ?)"), [product_id.into()]);
        }
        // Counted, since of EXISTS MariaDB may make a table of all lines that were ever bought.
        let is_due = format!(
            "o.status = 'ordered' AND 0 < (SELECT COUNT(*) {of_order} x.received < x.quantity AND x.expected_at"
        );
        let mut only = |is: bool, condition: &str, value: Value| {
            let not = if is { "" } else { "NOT " };
            filter.add(format!("{not}({condition})"), [value]);
        };
        if let Some(overdue) = self.overdue {
            only(overdue, &format!("{is_due} < ?)"), late_before(&app.config.calendar, now).into());
        }
        if let Some(waiting) = self.waiting {
            only(waiting, drafts::WAITING, drafts::waiting_until(now).into());
        }
        if let Some((from, to)) = self.expected {
            filter.add(format!("{is_due} >= ? AND x.expected_at < ?)"), [from.into(), to.into()]);
        }
    }
}
