//! API keys, with which programs call. Managers make, list and revoke them.
//!
//! A key is shown once, when it is made; only its SHA-256 is stored. It is not bound to whoever made it: a
//! program goes on when somebody leaves, until a manager revokes its key.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Object};
use crate::db::{self, Connection, Filter, Transaction, column};
use crate::error::{Error, Result};
use crate::problem::Problem;
use crate::values::{Bad, Id, Input, Line, Timestamp};
use crate::web::api_key::{KeyScope, PREFIX};
use crate::web::caller::{Caller, sha256};
use crate::web::idempotency::{self, Answer, Key};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;

#[derive(Debug, Clone, Serialize)]
pub struct ApiKey {
    pub id: Id,
    pub name: String,
    pub scopes: Vec<String>,
    pub made_by_account_id: Id,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// What a new key is to be.
pub struct NewKey {
    pub name: Line<100>,
    pub scopes: Vec<KeyScope>,
    pub expires_at: Timestamp,
}

const COLUMNS: &str =
    "k.id, k.name, k.scopes, k.made_by_account_id, k.created_at, k.expires_at, k.last_used_at,
    k.revoked_at";

/// A key that nobody remembers ends by itself after a year.
const LIFE_DEFAULT: chrono::Duration = chrono::Duration::days(365);
/// Programs are renewed more often than this, and a key with them.
const LIFE_MAX: chrono::Duration = chrono::Duration::days(5 * 365);

impl ApiKey {
    fn from_row(row: &Row) -> ApiKey {
        let scopes: String = column(row, "scopes");
        ApiKey {
            id: column(row, "id"),
            name: column(row, "name"),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            made_by_account_id: column(row, "made_by_account_id"),
            created_at: column(row, "created_at"),
            expires_at: column(row, "expires_at"),
            last_used_at: column(row, "last_used_at"),
            revoked_at: column(row, "revoked_at"),
        }
    }
}

/// `POST /api_keys`: `{name, scopes, expires_at?}`. 201 with `key`, which is shown this once: the answer that is kept
/// under an Idempotency-Key has none.
pub fn create(app: &App, request: &Request) -> Result<Response> {
    #[derive(Serialize)]
    struct Made<'a> {
        #[serde(flatten)]
        made: ApiKey,
        key: Option<&'a str>,
    }
    let now = app.clock.now();
    let mut form = request.json()?;
    let name = form.required("name", Line::parse);
    let scopes = form.required("scopes", scopes);
    let expires_at = form.with_default("expires_at", now + LIFE_DEFAULT, |input| expiry(input, now));
    let new = || Some(NewKey { name: name?, scopes: scopes?, expires_at: expires_at? });
    let new = form.finish(new)?;
    let key = format!("{PREFIX}{}", crate::random::hex::<32>());
    let mut shown = None;
    let answered = idempotency::once(app, Key::of(request)?, |tx, claim| {
        let made = insert(app, tx, &request.caller, &new, &key)?;
        let location = format!("/api_keys/{}", made.id);
        let made = |key| Made { made: made.clone(), key };
        shown = Some(response::made(201, location.clone(), response::to_text(&made(Some(&key)))));
        claim.keep(tx, Answer::created(location, &made(None)))
    })?;
    Ok(match shown {
        Some(shown) if !answered.is_replayed() => shown,
        _ => answered.into_response(),
    })
}

/// Each scope once, in the order of the list of all.
fn scopes(input: &Input) -> std::result::Result<Vec<KeyScope>, Bad> {
    let known = || KeyScope::ALL.iter().map(|scope| scope.text()).collect::<Vec<_>>().join(", ");
    let Input::List(items) = input else {
        return Err(Bad::new("wrong_type", format!("must be a list of some of {}", known())));
    };
    if items.is_empty() || items.len() > KeyScope::ALL.len() {
        let message = format!("must hold 1 to {} of {}", KeyScope::ALL.len(), known());
        return Err(Bad::new("invalid_length", message));
    }
    let named: Vec<KeyScope> =
        items.iter().map(|item| KeyScope::parse_among(item, KeyScope::ALL)).collect::<Result<_, _>>()?;
    Ok(KeyScope::ALL.iter().filter(|scope| named.contains(scope)).copied().collect())
}

fn expiry(input: &Input, now: Timestamp) -> std::result::Result<Timestamp, Bad> {
    let time = Timestamp::parse(input)?;
    if now < time && time <= now + LIFE_MAX {
        return Ok(time);
    }
    Err(Bad::new("invalid_expiry", format!("must be in the future and not after {}", now + LIFE_MAX)))
}

/// `GET /api_keys?limit=&after=`, by id; also those that have ended, since the books name them.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("k.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    page.restrict(&keyset, &mut filter);
    let sql = format!("SELECT {COLUMNS} FROM api_keys k {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let keys = db::read(&app.pool, |db| db.rows(&sql, values.clone(), ApiKey::from_row))?;
    Ok(response::json(200, &page.list(keys, |key| Cursor::by_id(key.id))))
}

/// `GET /api_keys/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let key = db::read(&app.pool, |db| find(db, request.path_id, ""))?;
    Ok(response::resource(request, &key))
}

/// `DELETE /api_keys/{id}`: revokes it at once. 204, also the second time.
pub fn revoke(app: &App, request: &Request) -> Result<Response> {
    db::transaction(&app.pool, |tx| {
        let key = find(tx, request.path_id, "FOR UPDATE")?;
        response::check_if_match(request, &key)?;
        end(app, tx, &request.caller, &key)
    })?;
    Ok(response::no_content())
}

fn find(db: &mut Connection, id: Id, locking: &str) -> Result<ApiKey> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys k WHERE k.id = ? {locking}");
    Ok(db.row(&sql, (id,), ApiKey::from_row)?.ok_or_else(Problem::not_found)?)
}

/// Makes a key whose secret is `key`.
pub fn insert(app: &App, tx: &mut Transaction, caller: &Caller, new: &NewKey, key: &str) -> Result<ApiKey> {
    let made_by_account_id =
        caller.staff_account().ok_or_else(|| Error::Internal("only staff make keys".into()))?;
    let created_at = app.clock.now();
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.text()).collect();
    let id = tx.insert(
        "INSERT INTO api_keys (name, key_sha256, scopes, made_by_account_id, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (&new.name.0, &sha256(key)[..], scopes.join(" "), made_by_account_id, created_at, new.expires_at),
    )?;
    let fields = ["name", "scopes", "expires_at"];
    audit::record(app, tx, caller.actor(), Action::Created, (Object::ApiKey, id), &fields)?;
    Ok(ApiKey {
        id,
        name: new.name.0.clone(),
        scopes: scopes.into_iter().map(str::to_owned).collect(),
        made_by_account_id,
        created_at,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    })
}

/// Revokes a locked key.
pub fn end(app: &App, tx: &mut Transaction, caller: &Caller, key: &ApiKey) -> Result<()> {
    if key.revoked_at.is_some() {
        return Ok(());
    }
    audit::record(app, tx, caller.actor(), Action::Ended, (Object::ApiKey, key.id), audit::NO_FIELDS)?;
    tx.execute("UPDATE api_keys SET revoked_at = ? WHERE id = ?", (app.clock.now(), key.id))?;
    Ok(())
}
