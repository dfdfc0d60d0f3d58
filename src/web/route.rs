//! What a line of the route table says. The table itself is in `routes.rs`.

use rouille::Response;

use crate::app::App;
use crate::error::Result;
use crate::problem::{self, Problem};
use crate::values::{Id, id_from_digits};
use crate::web::api_key::KeyScope;
use crate::web::caller::{Caller, Role};
use crate::web::request::Request;

pub struct Route {
    pub method: &'static str,
    /// Segments in braces stand for an id: `{id}`, and a `{product_id}` within it.
    pub path: &'static str,
    pub access: Access,
    /// What a program's key needs to call; without one no key may.
    pub scope: Option<KeyScope>,
    pub handler: Handler,
    /// A longer body is refused with 413.
    pub body_bytes: usize,
    /// Whether the body is a file, which is never whole in memory.
    pub takes_file: bool,
    /// Whether it is a question too long for a query: a POST that writes nothing.
    pub only_asks: bool,
}

pub type Handler = fn(&App, &Request) -> Result<Response>;

/// Who may call. Whose things a customer may touch is decided in the handlers' SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anyone,
    /// Anyone, and a session token is not even looked at: logging in with a stale token works, and a
    /// health check needs no database.
    Open,
    /// A customer, for what is theirs, or staff.
    SignedIn,
    /// A customer, for what is theirs, or a manager.
    OwnOrManager,
    Staff,
    Manager,
}

/// Whose answers hold a session's token, which is shown this once. They are never stored, so these callers may not send
/// an Idempotency-Key. (What is kept of a new API key's answer is without the key.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    ForNobody,
    /// Anyone who does not stand behind the counter.
    ForStrangers,
    ForEverybody,
}

/// What a route takes that says nothing else. An order of 100 lines with its address and note is the most that any
/// of them needs, 26 KiB however it is written.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

impl Access {
    /// Refuses a person who may not.
    pub fn check(self, caller: &Caller) -> Result<(), Problem> {
        use Access::{Anyone, Manager, Open, OwnOrManager, SignedIn, Staff};
        let detail = match (self, caller) {
            (Open | Anyone, _)
            | (SignedIn | OwnOrManager, Caller::Customer { .. })
            | (_, Caller::Staff { role: Role::Manager, .. } | Caller::Command(_))
            | (SignedIn | Staff, Caller::Staff { role: Role::Clerk, .. }) => return Ok(()),
            (_, Caller::Anyone) => return Err(Problem::unauthenticated()),
            (_, Caller::Key { .. }) => "Log in with a username and a password to do this.",
            (Staff, Caller::Customer { .. }) => "Log in with a staff account to do this.",
            (Manager, Caller::Customer { .. }) | (OwnOrManager | Manager, Caller::Staff { .. }) => {
                "Log in with a manager's account to do this, or ask a manager."
            }
        };
        Err(Problem::new(problem::FORBIDDEN, detail))
    }
}

/// The id in `path`, and that of a product within it, when it fits `pattern`; 0 where that has none.
pub fn ids_in(path: &str, pattern: &str) -> Option<(Id, Id)> {
    // All routes are tried for each request, and looking for one byte is a tenth of looking for "{id}".
    let Some((before, rest)) = pattern.split_once('{') else {
        return (path == pattern).then_some((0, 0));
    };
    let ids = path.strip_prefix(before)?;
    let rest = rest.strip_prefix("id}")?;
    match rest.strip_suffix("{product_id}") {
        Some(between) => {
            let (id, product_id) = ids.split_once(between)?;
            Some((id_from_digits(id)?, id_from_digits(product_id)?))
        }
        None => Some((id_from_digits(ids.strip_suffix(rest)?)?, 0)),
    }
}

impl Route {
    /// The same route, for bodies of up to this many bytes.
    pub const fn taking(self, body_bytes: usize) -> Route {
        Route { body_bytes, ..self }
    }

    /// The same route, for a file of up to this many bytes.
    pub const fn taking_a_file(self, body_bytes: usize) -> Route {
        Route { body_bytes, takes_file: true, ..self }
    }

    /// The same route, which writes nothing, whatever its method.
    pub const fn only_asking(self) -> Route {
        Route { only_asks: true, ..self }
    }

    pub fn writes(&self) -> bool {
        self.method != "GET" && !self.only_asks
    }

    /// The ids in `path` when it fits this route, as of [`ids_in`].
    pub fn matches(&self, path: &str) -> Option<(Id, Id)> {
        ids_in(path, self.path)
    }

    /// Refuses who may not call.
    pub fn check(&self, caller: &Caller) -> Result<(), Problem> {
        match caller {
            Caller::Key { key, .. } if self.access != Access::Open => key.check(self.scope),
            _ => self.access.check(caller),
        }
    }

    /// Whether it can give somebody a username, and so tells whether one is taken.
    pub fn can_take_a_username(&self) -> bool {
        matches!(
            (self.method, self.path),
            ("POST", "/customers" | "/customer_accounts") | ("PUT" | "PATCH", "/customer_accounts/{id}")
        )
    }

    /// For whom it makes a secret.
    pub fn makes_a_secret(&self) -> Secret {
        match (self.method, self.path) {
            ("POST", "/sessions") => Secret::ForEverybody,
            ("POST", "/customers") => Secret::ForStrangers,
            _ => Secret::ForNobody,
        }
    }

    /// Whether it takes parameters in the query: lists, files, and what a product's stock was. What is there for anybody who
    /// monitors the shop does not look at what keeps a proxy from answering.
    pub fn takes_query(&self) -> bool {
        let of_one = ["id}", "/current", "/track", "/csv", "/mail", "/today"]
            .iter()
            .any(|end| self.path.ends_with(end));
        self.takes_file
            || self.method == "GET"
                && (!of_one || self.path == "/restock/runs/{id}" || self.access == Access::Open)
    }

    /// Whether it is about one thing and changes it or something of it, so that `If-Match` says which version is meant.
    pub fn changes_one(&self) -> bool {
        self.writes() && (self.path.contains("{id}") || self.path.ends_with("/current"))
    }

    /// Whether it does its work once under an `Idempotency-Key`.
    pub fn takes_key(&self) -> bool {
        self.method == "POST" && self.writes() && self.makes_a_secret() != Secret::ForEverybody
    }

    /// Whether a caller may keep the answer and ask with `If-None-Match` before each use: catalogue
    /// reads and what comes with the program. Everything else is nobody's to keep.
    pub fn may_be_kept(&self) -> bool {
        matches!(
            (self.method, self.path),
            ("GET", "/products" | "/products/{id}" | "/" | "/openapi.json" | "/docs" | "/docs/scalar.js")
        )
    }
}
