//! What things cost the shop, for those who may know it.

use mysql::Row;

use crate::app::App;
use crate::db::column;
use crate::values::{Bad, Currency, Input, UnitCost, Worth};
use crate::web::caller::Caller;

/// The currency for who may know what things cost.
pub fn costs_in<'a>(app: &'a App, caller: &Caller) -> Option<&'a Currency> {
    Some(&app.config.currency).filter(|_| caller.knows_costs())
}

/// Reads what one unit has cost, from those who may know it.
pub fn told_unit_cost(app: &App, caller: &Caller, input: &Input) -> Result<UnitCost, Bad> {
    if caller.knows_costs() {
        app.config.currency.parse_unit_cost(input)
    } else {
        Err(Bad::new("not_yours", "is for managers, and keys with restock:read; leave it out"))
    }
}

/// From a DECIMAL that was read as text.
pub fn worth(row: &Row, name: &str, currency: &Currency) -> Worth {
    currency.worth(column::<String>(row, name).parse().expect("a whole number"))
}
