//! Customers: found, added, looked at with their orders, changed, and erased.

pub mod customer;
pub mod list;
