//! How orders are found: by status, time, customer, product, parcel, or text.
//!
//! The filter that leaves the fewest is what an index is gone along by; the others are looked at in each order.

use std::collections::BTreeSet;

use mysql::Value;
use rouille::Response;

use crate::app::App;
use crate::db::{self, Connection, Filter, column};
use crate::error::Result;
use crate::handlers::customers;
use crate::handlers::orders::{COLUMNS, Order, Status, completed, to_confirm};
use crate::problem::Problem;
use crate::restock::CONFIRMED;
use crate::values::{Bad, Day, Id, Input, Line, Search, Timestamp, boolean, id, id_from_digits};
use crate::web::caller::Scope;
use crate::web::form::Form;
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::updated::Updated;

/// Which orders are looked for.
struct Filters {
    ids: Option<BTreeSet<Id>>,
    status: Option<Status>,
    confirmed: Option<bool>,
    to_confirm: Option<bool>,
    /// Before which day those are late that have not been delivered.
    overdue: Option<Day>,
    from: Timestamp,
    to: Timestamp,
    /// Whose they are, for staff or a customer. NULL is nobody's.
    customer: Option<Value>,
    product_id: Option<Id>,
    tracking_number: Option<Line<100>>,
    q: Option<Search>,
    updated: Option<Updated>,
}

/// What a text in `q` stands for.
struct Named {
    q: Search,
    /// The order with this number.
    number: Option<Id>,
    /// The customers whom it names; None when they are more than [`PEOPLE_MAX`], or not looked up.
    people: Option<Vec<Id>>,
}

/// Of so many digits a text is a number of an order and nothing else. Fewer are in the telephone numbers of too
/// many people for their orders to be of use beside it.
const DIGITS_OF_PEOPLE_MIN: usize = 6;

/// So many people's orders are read and sorted. Of more people, whose name is in few letters then, a page of
/// orders is found soon by going along all of them from the newest.
const PEOPLE_MAX: usize = 100;

/// `GET /orders?ids=&status=&confirmed=&to_confirm=&overdue=&customer_id=&product_id=&tracking_number=&q=&from=&to=&updated_from=&updated_to=&sort=&limit=&after=`: the caller's own
/// orders, or all of them for staff, newest first; `sort=order_date` turns it round, and those that were changed in a
/// span of time are in the order of the changes. Every word of `q` is looked for in the customer's name, e-mail address and telephone number, or it is the order's number.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    list_of(app, request, None)
}

/// `GET /customers/{id}/orders`, with the same filters.
pub fn list_of_customer(app: &App, request: &Request) -> Result<Response> {
    let [all, own] = request.caller.scope().bound();
    let customer = db::read(&app.pool, |db| {
        let sql = "SELECT id FROM customers WHERE id = ? AND (? OR id = ?)";
        db.row(sql, (request.path_id, all.clone(), own.clone()), |_| ())
    })?;
    customer.ok_or_else(Problem::not_found)?;
    list_of(app, request, Some(request.path_id))
}

fn list_of(app: &App, request: &Request, customer_id: Option<Id>) -> Result<Response> {
    let newest_first = Keyset::by_time("o.placed_at", "o.id").descending();
    let mut form = request.query()?;
    let page = Page::read_with_ids(&mut form, &newest_first);
    let updated = Updated::read(&mut form, &app.config.calendar);
    let ascending = form.with_default("sort", false, |input| match input {
        Input::Text(text) if text == "-order_date" => Ok(false),
        Input::Text(text) if text == "order_date" => Ok(true),
        _ => Err(Bad::new("invalid_sort", "must be order_date or -order_date")),
    });
    let filters = Filters::read(&mut form, app, request.caller.scope(), customer_id, updated);
    let ((page, ids), ascending, filters) = form.finish(|| Some((page?, ascending?, filters?)))?;
    let filters = Filters { ids, ..filters };
    let by_update = filters.updated.is_some();
    let orders = db::read(&app.pool, |db| {
        let named = match &filters.q {
            // Of one customer's orders each is looked at.
            Some(q) if filters.customer.is_none() => Some(Named::find(db, q)?),
            q => q.as_ref().map(Named::new),
        };
        let (from, keyset, mut filter) = filters.search(named);
        let keyset = if ascending || by_update { keyset } else { keyset.descending() };
        page.restrict(&keyset, &mut filter);
        let (sql, values) = (filter.sql(), filter.values(page.rows_to_read()));
        let sql = format!("SELECT {COLUMNS} FROM {from} {sql} {} LIMIT ?", keyset.order_by());
        let orders = db.rows(&sql, values, |row| Order::from_row(row, app, &request.caller))?;
        // They do not change once the order is there.
        completed(app, db, &request.caller, orders)
    })?;
    let sorted_by = |order: &Order| if by_update { order.updated_at } else { order.order_date };
    let list = page.list_by_size(orders, Order::bytes, |order| Cursor::by_time(sorted_by(order), order.id));
    Ok(response::json(200, &list))
}

impl Filters {
    fn read(
        form: &mut Form,
        app: &App,
        scope: Scope,
        customer_id: Option<Id>,
        updated: Option<Option<Updated>>,
    ) -> Option<Filters> {
        let calendar = &app.config.calendar;
        let status = form.optional("status", |input| Status::parse_among(input, Status::ALL));
        let overdue = form.optional("overdue", boolean);
        let confirmed = form.optional("confirmed", boolean);
        let waits = form.optional("to_confirm", boolean);
        let from = form.with_default("from", Timestamp::MIN, |input| calendar.from(input));
        let to = form.with_default("to", Timestamp::MAX, |input| calendar.to(input));
        let asked = match customer_id {
            Some(_) => Some(customer_id),
            None => form.optional("customer_id", id),
        };
        let product_id = form.optional("product_id", id);
        let tracking_number = form.optional("tracking_number", Line::parse);
        let q = form.optional("q", Search::parse);
        let [_, own] = scope.bound();
        let own = (scope != Scope::All).then_some(own);
        let asked = asked?.map(Value::from);
        let customer = match (&own, &asked) {
            (Some(own), Some(asked)) if own != asked => Some(Value::NULL),
            _ => own.or(asked),
        };
        Some(Filters {
            ids: None,
            status: status?,
            confirmed: confirmed?,
            to_confirm: waits?,
            overdue: (overdue? == Some(true)).then(|| calendar.day_of(app.clock.now())),
            from: from?,
            to: to?,
            customer,
            product_id: product_id?,
            tracking_number: tracking_number?,
            q: q?,
            updated: updated?,
        })
    }

    /// The tables that are read, in which order, and the conditions. Times are always among these, so that it
    /// is one statement with and without them.
    fn search(&self, mut named: Option<Named>) -> (String, Keyset, Filter) {
        let mut filter = Filter::default();
        let by_customer = self.customer.is_some();
        if let Some(customer) = &self.customer {
            filter.add("o.customer_id = ?", [customer.clone()]);
        }
        if let Some(ids) = &self.ids {
            let (marks, ids) = db::in_list(ids.iter().copied());
            filter.add(format!("o.id IN ({marks})"), ids);
        }
        if let Some(number) = &self.tracking_number {
            filter.add("o.tracking_number = ?", [number.into()]);
        }
        if let Some(status) = self.status {
            filter.add("o.status = ?", [status.into()]);
        }
        if let Some(confirmed) = self.confirmed {
            filter.add(format!("{CONFIRMED} = ?"), [confirmed.into()]);
        }
        if let Some(waits) = self.to_confirm {
            filter.add(format!("{}{}", if waits { "" } else { "NOT " }, to_confirm()), []);
        }
        if let Some(today) = self.overdue {
            let under_way = "o.status IN (?, ?) AND o.expected_delivery_date < ?";
            filter.add(under_way, [Status::Placed.into(), Status::Shipped.into(), today.into()]);
        }
        let mut product = self.product_id;
        let mut keyset = Keyset::by_time("o.placed_at", "o.id");
        let mut in_time = "o.placed_at >= ? AND o.placed_at < ?";
        let through = |index: &str| format!("orders o FORCE INDEX ({index})");
        let from = match (&self.tracking_number, by_customer, &named, self.status) {
            _ if self.ids.is_some() => through("PRIMARY"),
            (Some(_), ..) => through("orders_by_tracking"),
            (None, true, _, None) => through("orders_by_customer"),
            (None, true, _, Some(_)) => "orders o".to_owned(),
            (None, false, Some(few), _) if few.people.is_some() => {
                let (marks, values) = few.few();
                filter.put_first(values);
                named = None;
                format!(
                    "(SELECT id FROM orders WHERE customer_id IN ({marks}) UNION SELECT id FROM orders WHERE id = ?) f
                     STRAIGHT_JOIN orders o ON o.id = f.id"
                )
            }
            _ if self.updated.is_some() => through("orders_by_update"),
            // What is under way is little beside all that was ever ordered, of a product too.
            (.., None) if self.overdue.is_some() || self.to_confirm == Some(true) => {
                through("orders_by_status")
            }
            (.., Some(Status::Placed | Status::Shipped)) => through("orders_by_status"),
            _ if product.is_some() => {
                filter.add("l.product_id = ?", product.take().map(Value::from));
                keyset = Keyset::by_time("l.placed_at", "l.order_id");
                in_time = "l.placed_at >= ? AND l.placed_at < ?";
                "order_lines l FORCE INDEX (order_lines_of_product_by_time) STRAIGHT_JOIN orders o ON o.id = l.order_id"
                    .to_owned()
            }
            (.., None) => through("orders_by_time"),
            (.., Some(_)) => through("orders_by_status"),
        };
        if let Some(product_id) = product {
            // Left alone, MariaDB may go through all lines of a product that is rarely bought, and for each order again.
            let bought = "EXISTS (
                 SELECT 1 FROM order_lines l FORCE INDEX (PRIMARY) WHERE l.order_id = o.id AND l.product_id = ?
             )";
            filter.add(bought, [product_id.into()]);
        }
        if let Some(named) = named {
            named.restrict(&mut filter);
        }
        filter.add(in_time, [self.from.into(), self.to.into()]);
        if let Some(updated) = &self.updated {
            updated.restrict("o.updated_at", &mut filter);
            keyset = Keyset::by_time("o.updated_at", "o.id");
        }
        (from, keyset, filter)
    }
}

impl Named {
    fn new(q: &Search) -> Named {
        let digits = match q.words.as_slice() {
            [word] => word.trim_start_matches('#'),
            _ => "",
        };
        let number = id_from_digits(digits);
        let is_number_only = number.is_some() && digits.len() < DIGITS_OF_PEOPLE_MIN;
        Named { q: q.clone(), number, people: is_number_only.then(Vec::new) }
    }

    /// With the people looked up.
    fn find(db: &mut Connection, q: &Search) -> Result<Named> {
        let named = Named::new(q);
        if named.people.is_some() {
            return Ok(named);
        }
        let mut filter = Filter::default();
        customers::named(q, &mut filter);
        let sql = format!("SELECT c.id FROM customers c {} ORDER BY c.id LIMIT ?", filter.sql());
        let values = filter.values(PEOPLE_MAX as u64 + 1);
        let people: Vec<Id> = db.rows(&sql, values, |row| column(row, "id"))?;
        Ok(Named { people: (people.len() <= PEOPLE_MAX).then_some(people), ..named })
    }

    /// The marks and values for the orders of a few people, and the one with the number.
    fn few(&self) -> (String, Vec<Value>) {
        let (marks, mut values) = db::in_list(self.people.iter().flatten().copied());
        values.push(self.number.into());
        (marks, values)
    }

    fn restrict(&self, filter: &mut Filter) {
        match self.people {
            Some(_) => {
                let (marks, values) = self.few();
                filter.add(format!("(o.customer_id IN ({marks}) OR o.id = ?)"), values);
            }
            None => {
                let mut customer = Filter::default();
                customer.add("c.id = o.customer_id", []);
                customers::named(&self.q, &mut customer);
                let named = format!("(EXISTS (SELECT 1 FROM customers c {}) OR o.id = ?)", customer.sql());
                filter.add(named, customer.values(self.number));
            }
        }
    }
}
