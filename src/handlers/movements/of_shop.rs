//! The ledger of the whole shop.

use mysql::{Row, Value};
use rouille::Response;

use crate::app::App;
use crate::db::{self, Filter};
use crate::error::Result;
use crate::handlers::costs::costs_in;
use crate::handlers::movements::{ACTORS, COLUMNS, Movement};
use crate::ledger::Reason;
use crate::values::{Calendar, Id, Timestamp, id};
use crate::web::form::Form;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

/// Which movements are looked for.
struct Filters {
    product_id: Option<Id>,
    account_id: Option<Id>,
    api_key_id: Option<Id>,
    reason: Option<Reason>,
    from: Timestamp,
    to: Timestamp,
}

/// `GET /stock/movements?product_id=&reason=&account_id=&api_key_id=&from=&to=&limit=&after=`: every change of what is
/// on hand in the shop, newest first; of one moment by product and sequence.
pub fn list_of_shop(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_time_within("m.at", "m.product_id", "m.sequence").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let filters = Filters::read(&mut form, &app.config.calendar);
    let (page, filters) = form.finish(|| Some((page?, filters?)))?;
    let keyset = keyset.through(filters.index());
    let mut filter = Filter::default();
    filters.restrict(&mut filter);
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT {COLUMNS} FROM stock_movements m {} {ACTORS} {} {} LIMIT ?",
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let costs_in = costs_in(app, &request.caller);
    let movement = |row: &Row| Movement::from_row(row, costs_in);
    let movements = db::read(&app.pool, |db| db.rows(&sql, values.clone(), movement))?;
    let cursor = |movement: &Movement| {
        Cursor::by_time_within(movement.at, movement.product_id, movement.sequence.unsigned_abs())
    };
    Ok(response::json(200, &page.list(movements, cursor)))
}

impl Filters {
    fn read(form: &mut Form, calendar: &Calendar) -> Option<Filters> {
        let product_id = form.optional("product_id", id);
        let account_id = form.optional("account_id", id);
        let api_key_id = form.optional("api_key_id", id);
        let reason = form.optional("reason", |input| Reason::parse_among(input, Reason::ALL));
        let from = form.with_default("from", Timestamp::MIN, |input| calendar.from(input));
        let to = form.with_default("to", Timestamp::MAX, |input| calendar.to(input));
        Some(Filters {
            product_id: product_id?,
            account_id: account_id?,
            api_key_id: api_key_id?,
            reason: reason?,
            from: from?,
            to: to?,
        })
    }

    /// The key that has what is looked for in the order of the list.
    fn index(&self) -> &'static str {
        match self {
            Filters { product_id: Some(_), reason: Some(_), .. } => "stock_movements_sales",
            Filters { product_id: Some(_), .. } => "stock_movements_by_time",
            Filters { account_id: Some(_), .. } => "stock_movements_by_account",
            Filters { api_key_id: Some(_), .. } => "stock_movements_by_api_key",
            Filters { reason: Some(_), .. } => "stock_movements_by_reason",
            _ => "stock_movements_of_shop",
        }
    }

    fn restrict(&self, filter: &mut Filter) {
        let given: [(_, Option<Value>); 4] = [
            ("m.product_id = ?", self.product_id.map(Value::from)),
            ("m.actor_account_id = ?", self.account_id.map(Value::from)),
            ("m.actor_api_key_id = ?", self.api_key_id.map(Value::from)),
            ("m.reason = ?", self.reason.map(Value::from)),
        ];
        for (condition, value) in given {
            if let Some(value) = value {
                filter.add(condition, [value]);
            }
        }
        filter.add("m.at >= ? AND m.at < ?", [self.from.into(), self.to.into()]);
    }
}
