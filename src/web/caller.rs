//! Who is calling, and whose things they may touch.

use std::fmt;
use std::net::IpAddr;

use mysql::{Row, Value};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::audit::Actor;
use crate::db::{self, column};
use crate::problem::Problem;
use crate::values::{self, Id, Timestamp, words};
use crate::web::api_key::{self, ApiKey, KeyScope};
use crate::web::form::Form;
use crate::web::stored::{self, CLOCKS_APART_MAX, Stored, UnderKey};

words! {
    /// What a member of staff may do.
    Role, refused as "invalid_role" {
        /// Everything.
        Manager = "manager",
        /// The daily work.
        Clerk = "clerk",
    }
}

/// Who is calling, as far as is known.
#[derive(Clone)]
pub enum Caller {
    Anyone,
    Customer {
        customer_id: Id,
        session: Session,
    },
    Staff {
        account_id: Id,
        role: Role,
        session: Session,
        address: IpAddr,
    },
    /// A program.
    Key {
        key: ApiKey,
        address: IpAddr,
    },
    /// An operator on this machine, by this command, who may do what a manager may. Nobody comes over HTTP as one.
    Command(&'static str),
}

/// A caller in a few words, for the log and as the owner of Idempotency-Keys: `staff:17`.
#[derive(Debug, Clone, Copy)]
pub enum Label {
    /// Nothing is known of the caller yet.
    Unknown,
    Anyone,
    Customer(Id),
    Staff(Id),
    Key(Id),
    Command(&'static str),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Label::Unknown => f.write_str("-"),
            Label::Anyone => f.write_str("anyone"),
            Label::Customer(id) => write!(f, "customer:{id}"),
            Label::Staff(id) => write!(f, "staff:{id}"),
            Label::Key(id) => write!(f, "key:{id}"),
            Label::Command(name) => write!(f, "command:{name}"),
        }
    }
}

#[derive(Clone)]
pub struct Session {
    pub id: Id,
    pub token_sha256: [u8; 32],
    pub account_id: Option<Id>,
    pub customer_id: Option<Id>,
    pub username: Option<String>,
    /// Of staff.
    pub role: Option<Role>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Whose things a caller may see and change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    Customer(Id),
    Nobody,
}

impl Scope {
    /// The two values of `(? OR customer_id = ?)`, which keeps the check in the statement that reads or
    /// changes the row. It is true of no row for [`Scope::Nobody`].
    pub fn bound(self) -> [Value; 2] {
        match self {
            Scope::All => [true.into(), Value::NULL],
            Scope::Customer(id) => [false.into(), id.into()],
            Scope::Nobody => [false.into(), Value::NULL],
        }
    }

    /// Returns a 404 for what is not theirs: it does not exist for them.
    pub fn check(self, customer_id: Id) -> Result<(), Problem> {
        match self {
            Scope::All => Ok(()),
            Scope::Customer(own) if own == customer_id => Ok(()),
            Scope::Customer(_) | Scope::Nobody => Err(Problem::not_found()),
        }
    }
}

impl Caller {
    pub fn label(&self) -> Label {
        match self {
            Caller::Anyone => Label::Anyone,
            Caller::Customer { customer_id, .. } => Label::Customer(*customer_id),
            Caller::Staff { account_id, .. } => Label::Staff(*account_id),
            Caller::Key { key, .. } => Label::Key(key.id),
            Caller::Command(name) => Label::Command(name),
        }
    }

    /// To whom Idempotency-Keys belong.
    pub fn id(&self) -> Option<String> {
        match self {
            Caller::Anyone => None,
            known => Some(known.label().to_string()),
        }
    }

    pub fn scope(&self) -> Scope {
        match self {
            Caller::Staff { .. } | Caller::Key { .. } | Caller::Command(_) => Scope::All,
            Caller::Customer { customer_id, .. } => Scope::Customer(*customer_id),
            Caller::Anyone => Scope::Nobody,
        }
    }

    /// The customer that a body is about: staff must name one, a customer means themselves.
    pub fn customer_in(&self, form: &mut Form) -> Option<Id> {
        match self.scope() {
            Scope::Customer(own) => form.with_default("customer_id", own, values::id),
            Scope::All | Scope::Nobody => form.required("customer_id", values::id),
        }
    }

    /// Whether they stand behind the counter: staff, programs with a key, and operators.
    pub fn is_staff(&self) -> bool {
        matches!(self, Caller::Staff { .. } | Caller::Key { .. } | Caller::Command(_))
    }

    pub fn is_manager(&self) -> bool {
        matches!(self, Caller::Staff { role: Role::Manager, .. } | Caller::Command(_))
    }

    /// Whether they may know what the shop pays for its goods, as those may who read suppliers.
    pub fn knows_costs(&self) -> bool {
        match self {
            Caller::Key { key, .. } => key.check(Some(KeyScope::RestockRead)).is_ok(),
            _ => self.is_manager(),
        }
    }

    pub fn staff_account(&self) -> Option<Id> {
        self.actor().account_id
    }

    /// Who acts, for the books: nobody of staff where customers do.
    pub fn actor(&self) -> Actor {
        match self {
            Caller::Anyone | Caller::Customer { .. } => Actor::default(),
            Caller::Staff { account_id, address, .. } => Actor::account(*account_id, *address),
            Caller::Key { key, address } => Actor::key(key.id, *address),
            Caller::Command(name) => Actor::command(name),
        }
    }

    /// What they are called; empty where they have no account.
    pub fn username(&self) -> &str {
        self.session().and_then(|session| session.username.as_deref()).unwrap_or("")
    }

    pub fn session(&self) -> Option<&Session> {
        match self {
            Caller::Anyone | Caller::Key { .. } | Caller::Command(_) => None,
            Caller::Customer { session, .. } | Caller::Staff { session, .. } => Some(session),
        }
    }
}

/// What an account is called; None where there is none.
pub fn username_of(app: &App, account_id: Id) -> crate::error::Result<Option<String>> {
    let sql = "SELECT username FROM accounts WHERE id = ?";
    db::read(&app.pool, |db| db.row(sql, (account_id,), |row| column(row, "username")))
}

/// Who calls, and what there is under the Idempotency-Key that they sent.
pub struct Identified {
    pub caller: Caller,
    pub under_key: UnderKey,
}

impl Identified {
    /// Of whom nothing is known.
    pub fn anyone() -> Identified {
        Identified { caller: Caller::Anyone, under_key: UnderKey::default() }
    }
}

/// Finds out who calls from `Authorization: Bearer <token>`. Without the header it is anyone; with a
/// token that is unknown or has expired it is an error, so that nobody acts as less than they think.
/// What is stored under a POST's key is read by the same statement.
pub fn identify(app: &App, http: &rouille::Request) -> crate::error::Result<Identified> {
    let Some(header) = http.header("Authorization") else {
        return Ok(Identified::anyone());
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Problem::unauthenticated().into());
    }
    let key = http.header("Idempotency-Key").filter(|_| http.method() == "POST");
    identify_by(app, http, token.trim(), key)
}

/// The same from the token, wherever it stood, with the key.
pub fn identify_by(
    app: &App,
    http: &rouille::Request,
    token: &str,
    key: Option<&str>,
) -> crate::error::Result<Identified> {
    let token_sha256 = sha256(token);
    if token.starts_with(api_key::PREFIX) {
        let found = api_key::find(app, token_sha256, key)?;
        let (key, stored) = found.ok_or_else(Problem::unauthenticated)?;
        let caller = Caller::Key { key, address: client_address(app, http) };
        return Ok(Identified { caller, under_key: UnderKey { stored, full_since: None } });
    }
    let found = find_session(app, token_sha256, key)?;
    let now = app.clock.now();
    let alive = |session: &Session| {
        let idle = app.config.session_idle_of(session.customer_id.is_none());
        now < session.expires_at
            && now < session.last_used_at + idle
            // Opened by a clock that ran ahead, it would live longer than it may; whoever has an account can
            // log in again.
            && (session.account_id.is_none() || session.created_at <= now + CLOCKS_APART_MAX)
    };
    let found = found.filter(|(session, _)| alive(session));
    let (session, under_key) = found.ok_or_else(Problem::unauthenticated)?;
    if api_key::is_use_noted(session.last_used_at, now) {
        db::transaction(&app.pool, |tx| {
            tx.execute(
                "UPDATE sessions SET last_used_at = ? WHERE token_sha256 = ? AND last_used_at = ?",
                (now, &token_sha256[..], session.last_used_at),
            )
        })?;
    }
    let caller = match (session.customer_id, session.account_id, session.role) {
        (Some(customer_id), _, _) => Caller::Customer { customer_id, session },
        (None, Some(account_id), Some(role)) => {
            Caller::Staff { account_id, role, session, address: client_address(app, http) }
        }
        (None, _, _) => return Err(Problem::unauthenticated().into()),
    };
    Ok(Identified { caller, under_key })
}

fn find_session(
    app: &App,
    token_sha256: [u8; 32],
    key: Option<&str>,
) -> crate::error::Result<Option<(Session, UnderKey)>> {
    let stored = Stored::COLUMNS;
    let (full_since, mut values) = match key {
        Some(_) => stored::full_since(&app.config, app.clock.now()),
        None => ("NULL", Vec::new()),
    };
    // The caller is written as in [`Caller::id`]. No stored key is empty.
    let sql = format!(
        "SELECT s.id, s.customer_id, s.account_id, s.created_at, s.last_used_at, s.expires_at, a.username, a.role, {stored},
             {full_since} AS full_since
         FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
         LEFT JOIN idempotency_keys k ON k.idempotency_key = ? AND k.caller = CASE
             WHEN s.customer_id IS NULL THEN CONCAT('staff:', s.account_id)
             ELSE CONCAT('customer:', s.customer_id)
         END
         WHERE s.token_sha256 = ?"
    );
    let session = |row: &Row| Session {
        id: column(row, "id"),
        token_sha256,
        account_id: column(row, "account_id"),
        customer_id: column(row, "customer_id"),
        username: column(row, "username"),
        role: column(row, "role"),
        created_at: column(row, "created_at"),
        last_used_at: column(row, "last_used_at"),
        expires_at: column(row, "expires_at"),
    };
    values.extend([key.map_or_else(String::new, stored::stored_key).into(), token_sha256[..].into()]);
    let under_key =
        |row: &Row| UnderKey { stored: Stored::from_row(row), full_since: column(row, "full_since") };
    db::read(&app.pool, |db| db.row(&sql, values.clone(), |row| (session(row), under_key(row))))
}

/// The address of who calls: the peer's, or what the reverse proxy says it is when the operator named the
/// header that the proxy sets.
pub fn client_address(app: &App, http: &rouille::Request) -> IpAddr {
    let header = app.config.client_address_header.as_deref();
    let forwarded = header.and_then(|name| http.header(name));
    forwarded.and_then(|address| address.trim().parse().ok()).unwrap_or_else(|| http.remote_addr().ip())
}

/// The form in which a token is stored and looked up.
pub fn sha256(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
