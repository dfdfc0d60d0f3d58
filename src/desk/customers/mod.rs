//! Customers: found, added, looked at with their orders, changed, and erased.

pub mod customer;
pub mod list;

pub use list::{KNOWN, add, check, goes_on_at};
