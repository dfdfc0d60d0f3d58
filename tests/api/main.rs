//! The API as its users see it: real HTTP against a real server on a real MariaDB, a fresh database
//! for each test.

mod client;
mod fixtures;
mod harness;
mod shelves;

mod accounts;
mod conditional;
mod customers;
mod idempotency;
mod ledger;
mod paging;
mod products;
mod repair;
mod restock;
mod restock_orders;
mod restock_program;
mod restock_properties;
mod restock_races;
mod sessions;
mod stock;
mod tour;
