//! HTTP: from bytes on a socket to a handler and back.
//!
//! Read [`router`] first: it is the table of contents. [`server`] listens and drains,
//! [`connection`] turns bytes into requests and back, and the other modules are what handlers use.

pub mod connection;
pub mod fields;
pub mod metrics;
pub mod paging;
pub mod problem;
pub mod reply;
pub mod request;
pub mod router;
pub mod server;
