//! The audit log, for managers: what staff, programs and operators' commands changed.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{Action, Object};
use crate::db::{self, Filter, column};
use crate::error::Result;
use crate::values::{Bad, Id, Line, Timestamp, id};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Serialize)]
struct Entry {
    id: Id,
    at: Timestamp,
    account_id: Option<Id>,
    username: Option<String>,
    api_key_id: Option<Id>,
    api_key_name: Option<String>,
    command: Option<String>,
    address: Option<String>,
    action: Action,
    object: Object,
    object_id: Id,
    fields: Vec<String>,
}

const COLUMNS: &str = "l.id, l.at, l.account_id, a.username, l.api_key_id, k.name AS api_key_name, l.command,
    l.address, l.action, l.object, l.object_id, l.fields";

impl Entry {
    fn from_row(row: &Row) -> Entry {
        let fields: String = column(row, "fields");
        Entry {
            id: column(row, "id"),
            at: column(row, "at"),
            account_id: column(row, "account_id"),
            username: column(row, "username"),
            api_key_id: column(row, "api_key_id"),
            api_key_name: column(row, "api_key_name"),
            command: column(row, "command"),
            address: column(row, "address"),
            action: column(row, "action"),
            object: column(row, "object"),
            object_id: column(row, "object_id"),
            fields: fields.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        }
    }
}

/// `GET /audit?account_id=&api_key_id=&command=&object=&object_id=&from=&to=&limit=&after=`: newest first.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_time("l.at", "l.id").descending();
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let account_id = form.optional("account_id", id);
    let api_key_id = form.optional("api_key_id", id);
    let command = form.optional("command", Line::<32>::parse);
    let object = form.optional("object", |input| Object::parse_among(input, Object::ALL));
    let object_id = form.optional("object_id", id);
    let from = form.optional("from", |input| app.config.calendar.from(input));
    let to = form.optional("to", |input| app.config.calendar.to(input));
    if matches!((&object, &object_id), (Some(None), Some(Some(_)))) {
        form.reject("object", Bad::new("required", "is required with object_id"));
    }
    let given = || Some((page?, account_id?, api_key_id?, command?, object?, object_id?, from?, to?));
    let (page, account_id, api_key_id, command, object, object_id, from, to) = form.finish(given)?;

    // The narrowest of the filters that are given has an index in this order.
    let keyset = if object_id.is_some() {
        keyset.through("audit_log_by_object")
    } else if account_id.is_some() {
        keyset.through("audit_log_by_account")
    } else if api_key_id.is_some() {
        keyset.through("audit_log_by_key")
    } else if command.is_some() {
        keyset.through("audit_log_by_command")
    } else {
        keyset.through("audit_log_by_time")
    };
    let mut filter = Filter::default();
    let equal = [
        ("l.account_id = ?", account_id.map(Into::into)),
        ("l.api_key_id = ?", api_key_id.map(Into::into)),
        ("l.command = ?", command.map(Into::into)),
        ("l.object = ?", object.map(Into::into)),
        ("l.object_id = ?", object_id.map(Into::into)),
        ("l.at >= ?", from.map(Into::into)),
        ("l.at < ?", to.map(Into::into)),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            filter.add(condition, [value]);
        }
    }
    page.restrict(&keyset, &mut filter);
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log l {} LEFT JOIN accounts a ON a.id = l.account_id
         LEFT JOIN api_keys k ON k.id = l.api_key_id {} {} LIMIT ?",
        keyset.hint(),
        filter.sql(),
        keyset.order_by()
    );
    let values = filter.values(page.rows_to_read());
    let entries = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Entry::from_row))?;
    Ok(response::json(200, &page.list(entries, |entry| Cursor::by_time(entry.at, entry.id))))
}
