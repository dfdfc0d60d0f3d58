//! Who changes what behind the counter, written down with the change.
//!
//! Every operation that staff, a program's key or an operator's command may call says here what it did, in
//! its own transaction. Names of fields stand in the log, never their values: it outlives the people in them.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::db::Transaction;
use crate::error::Result;
use crate::values::{Id, words};

/// Who makes a change that is not a customer's own: a staff account, a program's key, or an operator's
/// command. None of them where a customer acts, or the shop itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Actor {
    pub account_id: Option<Id>,
    pub api_key_id: Option<Id>,
    pub command: Option<&'static str>,
    pub address: Option<IpAddr>,
}

impl Actor {
    pub fn account(id: Id, address: IpAddr) -> Actor {
        Actor { account_id: Some(id), address: Some(address), ..Actor::default() }
    }

    pub fn key(id: Id, address: IpAddr) -> Actor {
        Actor { api_key_id: Some(id), address: Some(address), ..Actor::default() }
    }

    /// Whoever runs one of the programs on the shop's machine.
    pub fn command(name: &'static str) -> Actor {
        Actor { command: Some(name), ..Actor::default() }
    }
}

words! {
    /// What was done.
    Action, refused as "invalid_action" {
        Created = "created",
        Changed = "changed",
        /// An account.
        Removed = "removed",
        /// A customer.
        Erased = "erased",
        /// A product or a supplier.
        Archived = "archived",
        /// A session or a key.
        Ended = "ended",
        Placed = "placed",
        Shipped = "shipped",
        Delivered = "delivered",
        Cancelled = "cancelled",
        Lost = "lost",
        Returned = "returned",
        /// A delivered, lost or returned order.
        Reopened = "reopened",
        Received = "received",
        /// Units on a shelf.
        Moved = "moved",
        /// A stock take, into the ledger.
        Booked = "booked",
        /// A restock run.
        Started = "started",
        /// Figures of a shelf, by `verify --repair`.
        Repaired = "repaired",
        /// A file's rows.
        Applied = "applied",
        Undone = "undone",
    }
}

words! {
    /// What a change is about.
    Object, refused as "invalid_object" {
        /// Of a customer.
        Account = "account",
        ApiKey = "api_key",
        Customer = "customer",
        Import = "import",
        Order = "order",
        Product = "product",
        PurchaseOrder = "purchase_order",
        RestockRun = "restock_run",
        Session = "session",
        Staff = "staff",
        /// Of a product, under its id.
        Stock = "stock",
        StockTake = "stock_take",
        /// Also what it asks for a product.
        Supplier = "supplier",
        /// A proof of the books.
        Verification = "verification",
        Webhook = "webhook",
    }
}

/// Writes an entry, unless it is a customer who acts.
pub fn record(
    app: &App,
    tx: &mut Transaction,
    actor: Actor,
    action: Action,
    (object, object_id): (Object, Id),
    fields: &[impl AsRef<str>],
) -> Result<()> {
    if actor == Actor::default() {
        return Ok(());
    }
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    tx.execute(
        "INSERT INTO audit_log (at, account_id, api_key_id, command, address, action, object, object_id, fields)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            app.clock.now(),
            actor.account_id,
            actor.api_key_id,
            actor.command,
            actor.address.map(|address| address.to_canonical().to_string()),
            action,
            object,
            object_id,
            fields.join(","),
        ),
    )?;
    Ok(())
}

/// What is not named.
pub const NO_FIELDS: &[&str] = &[];

/// The names of the fields in which `new` differs from `old`; all that have a value or an item, when `old` is `()`.
pub fn differences(old: &impl Serialize, new: &impl Serialize) -> Vec<String> {
    let object = |value: serde_json::Result<Value>| match value {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let old = object(serde_json::to_value(old));
    let new = object(serde_json::to_value(new));
    let is_there = |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let differs =
        |(name, value): &(String, Value)| old.get(name).map_or(is_there(value), |before| before != value);
    new.into_iter().filter(differs).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_names_only() {
        let old = json!({"name": "Ada", "phone": "1", "email": null});
        let new = json!({"name": "Ada", "phone": "2", "email": "ada@example.com"});
        assert_eq!(differences(&old, &new), ["email", "phone"]);
        assert_eq!(differences(&(), &old), ["name", "phone"]);
        assert_eq!(differences(&old, &old), [""; 0]);
    }
}
