//! The API as its users see it: real HTTP against a real server on a real MariaDB, a fresh database
//! for each test.

mod client;
mod fixtures;
mod harness;

mod cut_connections;
mod invariants;
mod orders;
mod outage;
mod plans;
mod properties;
mod races;
mod round_trips;
mod tour;
