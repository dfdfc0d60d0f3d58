//! What a customer may order, so that a stranger cannot take the shop's stock for nothing. A real shopper meets none of
//! these; who stands behind the counter is free of them.

use crate::app::App;
use crate::db::Transaction;
use crate::error::Result;
use crate::ledger::{self, Holding};
use crate::problem::{self, Problem};
use crate::values::{Id, Quantity};
use crate::web::caller::Caller;

#[derive(Clone, Copy)]
pub struct Limits {
    /// At once, in all orders that are placed.
    pub holding: Holding,
    /// In one order.
    pub units_per_product: i64,
}

impl Limits {
    pub fn of(app: &App, caller: &Caller) -> Limits {
        let config = &app.config;
        let holding = match caller {
            Caller::Customer { session, .. } if session.account_id.is_some() => {
                Holding { orders: config.account_open_orders, units: config.account_reserved_units }
            }
            Caller::Customer { .. } => {
                Holding { orders: config.guest_open_orders, units: config.guest_reserved_units }
            }
            _ => return Limits { holding: Holding::UNLIMITED, units_per_product: Quantity::MAX },
        };
        let units_per_product = match config.order_units_per_product {
            0 => Quantity::MAX,
            units => units.into(),
        };
        Limits { holding, units_per_product }
    }
}

/// A 409 when it is for what the customer would hold that an order was not reserved.
pub fn refuse_too_much(tx: &mut Transaction, customer_id: Id, caller: &Caller, most: Holding) -> Result<()> {
    if !most.is_limited() {
        return Ok(());
    }
    let held = ledger::held(tx, customer_id)?;
    let with_account = matches!(caller, Caller::Customer { session, .. } if session.account_id.is_some());
    let more = if with_account { "" } else { " With an account it may be more." };
    if most.orders > 0 && held.orders > most.orders {
        let detail = format!(
            "Of your orders {} wait to be shipped, as many as may wait at once. Order again when one is shipped, or \
             cancel one.{more} Nothing was ordered.",
            held.orders - 1
        );
        return Err(Problem::new(problem::TOO_MANY_OPEN_ORDERS, detail).into());
    }
    if most.units > 0 && held.units > most.units {
        let detail = format!(
            "With this order {} units would be reserved for you, and {} may be at once. Order less, order again \
             when an order is shipped, or cancel one.{more} Nothing was ordered.",
            held.units, most.units
        );
        return Err(Problem::new(problem::TOO_MANY_RESERVED_UNITS, detail).into());
    }
    Ok(())
}
