//! The API as its users see it: real HTTP against a real server on a real MariaDB, a fresh database
//! for each test.

// Tests make the numbers that they cast, and a wrong one fails the test.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
#![allow(clippy::cast_precision_loss, clippy::cast_lossless)]

#[cfg(feature = "desk")]
mod browser;
mod client;
mod dialects;
mod fixtures;
mod harness;
mod mariadb;
mod program;
mod proxy;
mod purchase_orders;
mod random;
mod schema;
mod shelves;
mod wire;

mod access;
mod accounts;
mod api_keys;
mod audit;
mod backtest;
mod catalogue;
mod cli;
mod clock;
mod conditional;
mod contract;
mod customers;
mod days;
mod demand;
#[cfg(feature = "desk")]
mod desk;

mod documents;
mod erasure;
mod events;
mod exports;
mod faults;
mod floors;
mod growth;
mod guessing;
mod http;
mod idempotency;
mod imports;
mod invariants;
mod kept_answers;
mod ledger;
mod ledger_scale;
mod logs;
mod mentions;
mod metrics;
mod migrations;
mod order_limits;
mod orders;
mod outage;
mod paging;
mod plans;
mod postman;
mod products;
mod properties;
mod races;
mod rates;
mod readiness;
mod repair;
mod restock;

mod restock_program;
mod restock_properties;
mod restock_races;
mod restock_rule;
mod restock_strangers;
mod round_trips;
mod sample_data;
mod servers;
mod sessions;
mod shop_ledger;
mod shutdown;
mod sign_up;
mod staff;
mod statements;
mod stock;
mod stock_takes;
mod storage;
mod strangers;
mod suppliers;
mod tables;
mod today;
mod tour;
mod updated;
mod upgrades;
mod value;
mod verifications;
mod webhooks;
mod welcome;
mod what_if;
mod words;
mod write_back;
