//! Guests' orders that nobody confirmed: units that nobody may ever pay for go back on offer.

use crate::app::App;
use crate::audit::Actor;
use crate::db::{self, Transaction, column};
use crate::error::Result;
use crate::handlers::orders::history::{self, Entry};
use crate::handlers::orders::status::{CANCEL, StepReason};
use crate::ledger;
use crate::pruning;
use crate::restock::CONFIRMED;
use crate::values::{Id, Timestamp};

/// Orders that are looked up at once; each is cancelled in a transaction of its own.
const LOOKED_UP: u32 = 500;

/// Which orders `o` those are: a guest's own that still waits for somebody to say that it is meant. They are listed and
/// counted by it, looked up to be cancelled, and asked again when each is.
pub fn to_confirm() -> String {
    let of_guest = "NOT EXISTS (SELECT 1 FROM accounts a WHERE a.customer_id = o.customer_id)";
    format!("(o.status = 'placed' AND NOT {CONFIRMED} AND {of_guest})")
}

/// Cancels the orders of guests that nobody has shipped or confirmed for as long as the setting says. Returns how many
/// were cancelled.
pub fn cancel_unconfirmed(app: &App) -> Result<u64> {
    if app.config.unconfirmed_order.is_zero() {
        return Ok(0);
    }
    let placed_before = pruning::now(app)? - app.config.unconfirmed_order;
    let mut cancelled = 0;
    let mut last = (Timestamp::MIN, 0);
    let to_confirm = to_confirm();
    let sql = format!(
        "SELECT o.placed_at, o.id FROM orders o FORCE INDEX (orders_by_status)
         WHERE {to_confirm} AND o.placed_at < ? AND (o.placed_at > ? OR o.placed_at = ? AND o.id > ?)
         ORDER BY o.placed_at, o.id LIMIT ?"
    );
    loop {
        let found: Vec<(Timestamp, Id)> = db::read(&app.pool, |db| {
            db.rows(&sql, (placed_before, last.0, last.0, last.1, LOOKED_UP), |row| {
                (column(row, "placed_at"), column(row, "id"))
            })
        })?;
        let Some(&end) = found.last() else {
            return Ok(cancelled);
        };
        last = end;
        for (_, id) in found {
            cancelled += u64::from(db::transaction(&app.pool, |tx| cancel(app, tx, id))?);
        }
    }
}

/// False when somebody has shipped, confirmed or cancelled it meanwhile, or its customer has an account by now.
fn cancel(app: &App, tx: &mut Transaction, id: Id) -> Result<bool> {
    let sql = format!("UPDATE orders o SET o.status = ? WHERE o.id = ? AND {}", to_confirm());
    let cancelled = tx.execute(&sql, (CANCEL.to, id))?;
    if cancelled == 0 {
        return Ok(false);
    }
    let actor = Actor::command("prune");
    let entry = Entry { reason: Some(StepReason::Unconfirmed), ..Entry::of(CANCEL.to) };
    let sql = "SELECT product_id FROM order_lines WHERE order_id = ? ORDER BY product_id";
    let products: Vec<Id> = tx.rows(sql, (id,), |row| column(row, "product_id"))?;
    history::record(app, tx, actor, id, &CANCEL, &entry, &products)?;
    tx.take_turn(products)?;
    ledger::release(tx, id)?;
    Ok(true)
}
