//! Where one is logged in, and logging out.
//!
//! A session is an opaque random token; only its SHA-256 is stored. A guest who has signed up
//! without an account has a session too.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::Result;
use crate::problem::Problem;
use crate::pruning;
use crate::values::{Id, Timestamp};
use crate::web::caller::{Caller, Role, Session, sha256};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::stored::CLOCKS_APART_MAX;

/// A session that was just opened: the only time that its token is shown.
#[derive(Serialize)]
pub struct Opened {
    pub id: Id,
    pub token: String,
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct CurrentSession<'a> {
    id: Id,
    caller: &'static str,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    username: Option<&'a str>,
    role: Option<Role>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Opens a session for a customer, an account, or both.
pub fn open(
    app: &App,
    tx: &mut Transaction,
    customer_id: Option<Id>,
    account_id: Option<Id>,
    now: Timestamp,
) -> Result<Opened> {
    let token = crate::random::hex::<32>();
    let expires_at = now + app.config.session_max_of(customer_id.is_none());
    let id = tx.insert(
        "INSERT INTO sessions (token_sha256, customer_id, account_id, created_at, last_used_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (&sha256(&token)[..], customer_id, account_id, now, now, expires_at),
    )?;
    Ok(Opened { id, token, expires_at })
}

/// Sessions of one customer or one member of staff. Nobody has so many devices; a program that logs in each time it
/// starts has its newest.
const SESSIONS_MAX: u32 = 100;

/// So many at once are ended of those who have more from before there was a limit.
const ENDED_AT_ONCE: u32 = 1000;

/// Ends the sessions that were used longest ago, so that there is room for one more. Logins at the same time do not
/// see each other's, so there can be as many more as work at once.
pub fn make_room(
    tx: &mut Transaction,
    customer_id: Option<Id>,
    account_id: Id,
    now: Timestamp,
) -> Result<()> {
    let (whose, id) = match customer_id {
        Some(customer_id) => ("customer_id", customer_id),
        None => ("account_id", account_id),
    };
    // Those that a clock far ahead has opened are over.
    let sql = format!(
        "SELECT id FROM sessions WHERE {whose} = ? ORDER BY created_at > ?, last_used_at DESC, id LIMIT ? OFFSET ?"
    );
    let values = (id, now + CLOCKS_APART_MAX, ENDED_AT_ONCE, SESSIONS_MAX - 1);
    let mut too_many: Vec<Id> = tx.rows(&sql, values, |row| column(row, "id"))?;
    if too_many.is_empty() {
        return Ok(());
    }
    // In one order, so that two logins wait for each other and no more.
    too_many.sort_unstable();
    let (marks, ids) = db::in_list(too_many);
    tx.execute(&format!("DELETE FROM sessions WHERE id IN ({marks})"), ids)?;
    Ok(())
}

/// The answer that shows a new session's token.
pub fn opened(opened: &Opened, session: &Session) -> Response {
    #[derive(Serialize)]
    struct Created<'a> {
        token: &'a str,
        #[serde(flatten)]
        session: CurrentSession<'a>,
    }
    let body = Created { token: &opened.token, session: current(session) };
    response::json(201, &body).with_unique_header("Location", "/sessions/current")
}

/// `GET /sessions/current`: who is logged in, without the token.
pub fn read(_: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    Ok(response::resource(request, &current(session)))
}

/// `DELETE /sessions/current`: log out. 204.
pub fn delete(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    response::check_if_match(request, &current(session))?;
    db::transaction(&app.pool, |tx| end(app, tx, &request.caller, session.id))?;
    Ok(response::no_content())
}

/// One of the sessions of a caller, as the list shows it.
#[derive(Serialize)]
struct Listed {
    id: Id,
    /// Whether it is the one that asks.
    current: bool,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
}

/// `GET /sessions?limit=&after=`: where the caller is logged in, by id.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    let keyset = Keyset::by_id("s.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = own(app, session);
    page.restrict(&keyset, &mut filter);
    let sql = format!("SELECT {LISTED} FROM sessions s {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let sessions =
        db::read(&app.pool, |db| db.rows(&sql, values.clone(), |row| listed(row, Some(session.id))))?;
    Ok(response::json(200, &page.list(sessions, |session| Cursor::by_id(session.id))))
}

/// Where a customer is logged in, for a file of what is kept of them; `asking` is the one that asks for it.
pub fn of_customer(app: &App, customer_id: Id, asking: Option<Id>) -> Result<Vec<impl Serialize>> {
    let sql = format!("SELECT {LISTED} FROM sessions s WHERE s.customer_id = ? ORDER BY s.id");
    db::read(&app.pool, |db| db.rows(&sql, (customer_id,), |row| listed(row, asking)))
}

/// `GET /sessions/{id}`: one of the caller's own.
pub fn read_one(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    let listed = db::read(&app.pool, |db| find(app, db, session, request.path_id, ""))?;
    Ok(response::resource(request, &listed))
}

/// `DELETE /sessions/{id}`: ends one of the caller's own. 204.
pub fn delete_one(app: &App, request: &Request) -> Result<Response> {
    let session = request.caller.session().ok_or_else(Problem::unauthenticated)?;
    db::transaction(&app.pool, |tx| {
        let listed = find(app, tx, session, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &listed)?;
        end(app, tx, &request.caller, listed.id)
    })?;
    Ok(response::no_content())
}

const LISTED: &str = "s.id, s.created_at, s.last_used_at, s.expires_at";

fn listed(row: &Row, asking: Option<Id>) -> Listed {
    let id = column(row, "id");
    Listed {
        id,
        current: Some(id) == asking,
        created_at: column(row, "created_at"),
        last_used_at: column(row, "last_used_at"),
        expires_at: column(row, "expires_at"),
    }
}

/// The sessions that belong to whom this one belongs to, and have not ended by themselves.
fn own(app: &App, session: &Session) -> Filter {
    let now = app.clock.now();
    let mut filter = Filter::default();
    match session.customer_id {
        Some(customer_id) => filter.add("s.customer_id = ?", [customer_id.into()]),
        None => filter.add("s.account_id = ?", [session.account_id.into()]),
    }
    let idle_since = now - app.config.session_idle_of(session.customer_id.is_none());
    filter.add("s.expires_at > ? AND s.last_used_at > ?", [now.into(), idle_since.into()]);
    filter
}

fn find(app: &App, db: &mut Connection, asking: &Session, id: Id, locking: &str) -> Result<Listed> {
    let filter = own(app, asking);
    let sql = format!("SELECT {LISTED} FROM sessions s {} AND s.id = ? {locking}", filter.sql());
    let found = db.row(&sql, filter.values(id), |row| listed(row, Some(asking.id)))?;
    Ok(found.ok_or_else(Problem::not_found)?)
}

/// Ends a session.
pub fn end(app: &App, tx: &mut Transaction, caller: &Caller, id: Id) -> Result<()> {
    audit::record(app, tx, caller.actor(), Action::Ended, (Object::Session, id), audit::NO_FIELDS)?;
    tx.execute("DELETE FROM sessions WHERE id = ?", (id,))?;
    Ok(())
}

fn current(session: &Session) -> CurrentSession<'_> {
    CurrentSession {
        id: session.id,
        caller: match session.customer_id {
            Some(_) => "customer",
            None => "staff",
        },
        customer_id: session.customer_id,
        account_id: session.account_id,
        username: session.username.as_deref(),
        role: session.role,
        created_at: session.created_at,
        expires_at: session.expires_at,
    }
}

/// Ends the sessions of an account, except the one that asks.
pub fn end_those_of_account(tx: &mut Transaction, account_id: Id, asking: Option<&Session>) -> Result<()> {
    end_but(tx, "account_id = ?", account_id, asking)
}

/// Ends the sessions of a customer, with an account or without, except the one that asks.
pub fn end_those_of_customer(tx: &mut Transaction, customer_id: Id, asking: Option<&Session>) -> Result<()> {
    end_but(tx, "customer_id = ?", customer_id, asking)
}

fn end_but(tx: &mut Transaction, whose: &str, id: Id, asking: Option<&Session>) -> Result<()> {
    let sql = format!("DELETE FROM sessions WHERE {whose} AND id <> ?");
    // No session has the id 0.
    tx.execute(&sql, (id, asking.map_or(0, |session| session.id)))?;
    Ok(())
}

/// Deletes sessions that can no longer be used, in batches, and returns how many there were.
pub fn prune(app: &App) -> Result<u64> {
    let now = pruning::now(app)?;
    let mut ended = db::delete_in_batches(&app.pool, "DELETE FROM sessions WHERE expires_at <= ?", (now,))?;
    for staff in [false, true] {
        let idle_since = now - app.config.session_idle_of(staff);
        let delete = "DELETE FROM sessions WHERE last_used_at <= ? AND (customer_id IS NULL) = ?";
        ended += db::delete_in_batches(&app.pool, delete, (idle_since, staff))?;
    }
    Ok(ended)
}
