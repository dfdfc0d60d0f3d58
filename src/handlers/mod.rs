//! One feature is one module, read from the top: its types, its handlers, its SQL.

pub mod accounts;
pub mod api_keys;
pub mod audit;
pub mod categories;
mod costs;
pub mod customers;
pub mod documents;
pub mod events;
pub mod health;
pub mod log_in;
pub mod mentions;
pub mod movements;
pub mod new_password;
pub mod orders;
pub mod products;
pub mod purchase_orders;
pub mod restock;
pub mod search_text;
pub mod sessions;
pub mod sign_up;
pub mod staff;
pub mod stock;
pub mod stock_value;
pub mod suppliers;
pub mod welcome;
pub mod what_if;
