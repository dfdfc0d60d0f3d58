//! All that is kept of a customer, for themselves to have.

use std::io::{self, BufWriter, Write};

use rouille::Response;
use serde::Deserialize;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::handlers::{accounts, customers, orders, sessions};
use crate::http::file_without_name;
use crate::values::{Id, Input};
use crate::web::caller::Caller;
use crate::web::export::{answered, each_page, no_room, to_keep};
use crate::web::request::Request;
use crate::web::response::to_text;

/// `GET /export?customer_id=`: `{exported_at, customer, account, sessions, orders}`, all of it and as of one moment, as a
/// file. A customer's own; a manager names whose.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.query()?;
    let customer_id = request.caller.customer_in(&mut form);
    let customer_id = form.finish(|| customer_id)?;
    let mut file = BufWriter::new(file_without_name().map_err(no_room)?);
    // For a customer there is nothing under the number of another one.
    db::within_snapshot(&app.pool, || write(app, request, customer_id, &mut file))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error).map_err(no_room)?;
    let day = app.config.calendar.day_of(app.clock.now());
    Ok(to_keep(file, "application/json; charset=utf-8", &format!("customer-{customer_id}-{day}.json"))
        .map_err(no_room)?)
}

fn write(app: &App, request: &Request, customer_id: Id, file: &mut impl Write) -> Result<()> {
    #[derive(Deserialize)]
    struct Known {
        account_id: Option<Id>,
    }
    let customer = answered(app, request, customers::read, format!("/customers/{customer_id}"), customer_id)?;
    let known: Known = serde_json::from_str(&customer).expect("a customer's own JSON");
    let account = match known.account_id {
        Some(id) => answered(app, request, accounts::read, format!("/customer_accounts/{id}"), id)?,
        None => "null".to_owned(),
    };
    let asking = match &request.caller {
        Caller::Customer { session, .. } => Some(session.id),
        _ => None,
    };
    let sessions = to_text(&sessions::of_customer(app, customer_id, asking)?);
    let exported_at = to_text(&app.clock.now());
    write!(
        file,
        r#"{{"exported_at":{exported_at},"customer":{customer},"account":{account},"sessions":{sessions},"orders":["#
    )
    .map_err(no_room)?;
    let mut between = "";
    let target = format!("/customers/{customer_id}/orders?sort=order_date&limit=100");
    each_page(app, request, orders::list_of_customer, &target, customer_id, None, |page, rows: &[Input]| {
        if !rows.is_empty() {
            write!(file, "{between}{}", rows_of(page)).map_err(no_room)?;
            between = ",";
        }
        Ok(())
    })?;
    Ok(file.write_all(b"]}").map_err(no_room)?)
}

/// The rows of a page, as they stand there.
fn rows_of(page: &str) -> &str {
    let data = page.strip_prefix("{\"data\":[");
    let rows = data.and_then(|rows| rows.rsplit_once("],\"next\":"));
    rows.expect("a page of a list of ours").0
}
