//! The API as its users see it: real HTTP against a real server on a real MariaDB, a fresh database
//! for each test.

mod client;
mod fixtures;
mod harness;
mod program;
mod wire;

mod access;
mod accounts;
mod cli;
mod conditional;
mod customers;
mod documents;
mod http;
mod idempotency;
mod logs;
mod paging;
mod products;
mod sessions;
mod shutdown;
mod tour;
