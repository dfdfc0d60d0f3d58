//! Staff: who works behind the counter. Managers list them, disable them, and give them a role and a new
//! password; everybody changes their own. `storekeeper add-staff` makes them, and nothing deletes them, since
//! the books name them.

use mysql::Row;
use rouille::Response;
use serde::Serialize;

use crate::app::App;
use crate::audit::{self, Action, Actor, Object};
use crate::db::{self, Connection, Filter, Transaction, column, unless_taken};
use crate::error::Result;
use crate::handlers::accounts::username_taken;
use crate::handlers::new_password::{self, NewHash};
use crate::handlers::sessions;
use crate::problem::{self, Problem};
use crate::values::{Id, Password, StaffPassword, Timestamp, Username, boolean};
use crate::web::caller::{Role, Session};
use crate::web::paging::{Cursor, Keyset, Page};
use crate::web::request::Request;
use crate::web::response;
use crate::web::shown::{Echo, Shown};

#[derive(Debug, Clone, Serialize)]
pub struct Member {
    pub id: Id,
    pub username: String,
    pub role: Role,
    /// Whether the account cannot log in.
    pub disabled: bool,
    /// None while it is the one that the account was made with.
    pub password_changed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What comes back when somebody is read, changed and written back.
#[rustfmt::skip]
const SHOWN: &[Shown] = &[
    Shown::fixed("id", "it never changes"),
    Shown::fixed("username", "it never changes; storekeeper add-staff makes another account"),
    Shown::fixed("role", "PATCH /staff/{id} changes it, for managers"),
    Shown::fixed("disabled", "PATCH /staff/{id} changes it, for managers"),
    Shown::fixed("password_changed_at", "PATCH /staff/{id} with a password sets it"),
    Shown::fixed("created_at", "it never changes"),
    Shown::version("updated_at"),
];

const COLUMNS: &str = "a.id, a.username, a.role, a.disabled_at IS NOT NULL AS disabled, a.password_changed_at, a.created_at, a.updated_at";

/// What PATCH names.
pub struct Changes {
    role: Option<Role>,
    disabled: Option<bool>,
    password: Option<Password>,
}

impl Member {
    fn from_row(row: &Row) -> Member {
        Member {
            id: column(row, "id"),
            username: column(row, "username"),
            role: column(row, "role"),
            disabled: column(row, "disabled"),
            password_changed_at: column(row, "password_changed_at"),
            created_at: column(row, "created_at"),
            updated_at: column(row, "updated_at"),
        }
    }

    fn is_active_manager(&self) -> bool {
        self.role == Role::Manager && !self.disabled
    }
}

/// `GET /staff?limit=&after=`, by id.
pub fn list(app: &App, request: &Request) -> Result<Response> {
    let keyset = Keyset::by_id("a.id");
    let mut form = request.query()?;
    let page = Page::read(&mut form, &keyset);
    let page = form.finish(|| page)?;
    let mut filter = Filter::default();
    filter.add("a.customer_id IS NULL", []);
    page.restrict(&keyset, &mut filter);
    let sql = format!("SELECT {COLUMNS} FROM accounts a {} {} LIMIT ?", filter.sql(), keyset.order_by());
    let values = filter.values(page.rows_to_read());
    let staff = db::read(&app.pool, |db| db.rows(&sql, values.clone(), Member::from_row))?;
    Ok(response::json(200, &page.list(staff, |member| Cursor::by_id(member.id))))
}

/// `GET /staff/{id}`.
pub fn read(app: &App, request: &Request) -> Result<Response> {
    let member = db::read(&app.pool, |db| find(db, request.path_id, ""))?;
    Ok(response::resource(request, &member))
}

/// `PATCH /staff/{id}`: any of `{role, disabled, password}`; with one's own password `current_password`.
/// 409 `last_manager` when nobody would be left to undo it.
pub fn change(app: &App, request: &Request) -> Result<Response> {
    let mut form = request.json()?;
    let is_own = request.caller.staff_account() == Some(request.path_id);
    let current = new_password::current_in(&mut form, is_own);
    let role = form.changed("role", |input| Role::parse_among(input, Role::ALL));
    let disabled = form.changed("disabled", boolean);
    let password = form.changed("password", |input| StaffPassword::parse(input, None));
    let echo = form.shown(SHOWN);
    let changes = || Some(Changes { role: role?, disabled: disabled?, password: password? });
    let (changes, current) = form.finish(|| Some((changes()?, current?)))?;
    write(app, request, request.path_id, &echo, &changes, current.as_ref())
}

/// `PATCH /staff/current`: `{password, current_password}`, of the account that asks.
pub fn change_own(app: &App, request: &Request) -> Result<Response> {
    let own = request.caller.staff_account().ok_or_else(Problem::not_found)?;
    let mut form = request.json()?;
    let current = new_password::current_in(&mut form, true);
    let password = form.required("password", |input| StaffPassword::parse(input, None));
    let echo = form.shown(SHOWN);
    let changes = || Some(Changes { role: None, disabled: None, password: Some(password?) });
    let (changes, current) = form.finish(|| Some((changes()?, current?)))?;
    write(app, request, own, &echo, &changes, current.as_ref())
}

fn write(
    app: &App,
    request: &Request,
    id: Id,
    echo: &Echo,
    changes: &Changes,
    current: Option<&Password>,
) -> Result<Response> {
    let new = match &changes.password {
        Some(password) => {
            echo.check(&db::read(&app.pool, |db| find(db, id, ""))?)?;
            Some(new_password::hashed(app, request.client_address(app), id, password, current)?)
        }
        None => None,
    };
    let member = db::transaction(&app.pool, |tx| {
        let old = lock(tx, id)?;
        response::check_if_match(request, &old)?;
        echo.check(&old)?;
        let (actor, asking) = (request.caller.actor(), request.caller.session());
        update(app, tx, actor, asking, old, changes, new.as_ref())
    })?;
    match member {
        Some(member) => Ok(response::resource(request, &member)),
        // The password is another one since it was proved: prove it against that.
        None => write(app, request, id, echo, changes, current),
    }
}

fn find(db: &mut Connection, id: Id, locking: &str) -> Result<Member> {
    let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = ? AND a.customer_id IS NULL {locking}");
    Ok(db.row(&sql, (id,), Member::from_row)?.ok_or_else(Problem::not_found)?)
}

/// Locks a staff account until the transaction ends.
pub fn lock(tx: &mut Transaction, id: Id) -> Result<Member> {
    find(tx, id, "FOR UPDATE")
}

/// Changes a locked staff account; `new_hash` is of the new password. A new password ends its sessions
/// but the one that asks, and disabling it ends them all. None when the password that `new_hash` replaces
/// is no longer the account's.
pub fn update(
    app: &App,
    tx: &mut Transaction,
    actor: Actor,
    asking: Option<&Session>,
    old: Member,
    changes: &Changes,
    new_hash: Option<&NewHash>,
) -> Result<Option<Member>> {
    let username = Username(old.username.clone());
    if changes.password.as_ref().is_some_and(|password| password.is_username(&username)) {
        return Err(Problem::invalid_field("password", Password::same_as_username()).into());
    }
    let now = app.clock.now();
    let new = Member {
        role: changes.role.unwrap_or(old.role),
        disabled: changes.disabled.unwrap_or(old.disabled),
        password_changed_at: new_hash.map(|_| now).or(old.password_changed_at),
        updated_at: now,
        ..old.clone()
    };
    let hash = new_hash.map(|new| &new.hash);
    let shown =
        Member { password_changed_at: old.password_changed_at, updated_at: old.updated_at, ..new.clone() };
    let mut fields = audit::differences(&old, &shown);
    fields.extend(hash.map(|_| "password".to_owned()));
    if fields.is_empty() {
        return Ok(Some(old));
    }
    let replaces = new_hash.and_then(|new| new.replaces.as_ref());
    let updated = tx.execute(
        "UPDATE accounts SET role = ?, disabled_at = IF(?, COALESCE(disabled_at, ?), NULL),
             password_hash = COALESCE(?, password_hash), password_changed_at = ?, updated_at = ?
         WHERE id = ? AND password_hash = COALESCE(?, password_hash)",
        (new.role, new.disabled, now, hash, new.password_changed_at, now, old.id, replaces),
    )?;
    if updated == 0 {
        return Ok(None);
    }
    if old.is_active_manager() && !new.is_active_manager() {
        leave_another_manager(tx, old.id, now)?;
    }
    audit::record(app, tx, actor, Action::Changed, (Object::Staff, old.id), &fields)?;
    if new.disabled {
        sessions::end_those_of_account(tx, old.id, None)?;
    } else if hash.is_some() {
        sessions::end_those_of_account(tx, old.id, asking)?;
    }
    Ok(Some(new))
}

/// Refuses when this manager is the last one who can log in. Whoever leaves notes it with those who stay, so
/// of the last two who leave at once one waits for the other, and is refused.
fn leave_another_manager(tx: &mut Transaction, id: Id, now: Timestamp) -> Result<()> {
    let others = tx.execute(
        "UPDATE accounts SET manager_left_at = ?
         WHERE customer_id IS NULL AND role = 'manager' AND disabled_at IS NULL AND id <> ?",
        (now, id),
    )?;
    if others > 0 {
        return Ok(());
    }
    let detail = "Make somebody else a manager first; otherwise nobody could undo this.";
    Err(Problem::new(problem::LAST_MANAGER, detail).into())
}

/// What the audit log names for both below.
const COMMAND: &str = "add-staff";

/// Makes a staff account whose password has this hash, for `storekeeper add-staff`.
pub fn add(app: &App, username: &Username, hash: &str, role: Role) -> Result<()> {
    let now = app.clock.now();
    db::transaction(&app.pool, |tx| {
        let inserted = tx.insert(
            "INSERT INTO accounts (username, username_key, password_hash, role, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?)",
            (&username.0, username.key(), hash, role, now, now),
        );
        let id = unless_taken(inserted, "accounts_username", || username_taken("username"))?;
        let fields = ["username", "password", "role"];
        audit::record(app, tx, Actor::command(COMMAND), Action::Created, (Object::Staff, id), &fields)
    })?;
    Ok(())
}

/// Gives a staff account a new password and ends its sessions, for `storekeeper add-staff --reset`. With a
/// role it gets that too, and it can log in again if it was disabled: whoever can run this has the shop in
/// their hands anyway, and it is how a shop whose managers have all left gets one.
pub fn reset(app: &App, username: &Username, password: &Password, role: Option<Role>) -> Result<()> {
    let new = NewHash { hash: app.hasher.hash(password)?, replaces: None };
    let changes = Changes { role, disabled: Some(false), password: Some(password.clone()) };
    db::transaction(&app.pool, |tx| {
        let id: Option<Id> = tx.row(
            "SELECT id FROM accounts WHERE username_key = ? AND customer_id IS NULL",
            (username.key(),),
            |row| column(row, "id"),
        )?;
        let id =
            id.ok_or_else(|| Problem::new(problem::NOT_FOUND, "There is no staff account of that name."))?;
        let old = lock(tx, id)?;
        update(app, tx, Actor::command(COMMAND), None, old, &changes, Some(&new))
    })?;
    Ok(())
}
