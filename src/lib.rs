//! Storekeeper: the back office of a small shop that runs its own server.
//!
//! # The map
//! Read [`routes`] first: it lists every route, who may call it, and the handler. A feature is a
//! module of [`handlers`], read from the top: its types, its endpoints (parse, operate, answer), its
//! operations, which know no HTTP and run in their caller's transaction, and its SQL. [`web`] is what
//! they use of HTTP, [`ledger`] and [`restock`] are the stock's rules, [`values`] is what is parsed
//! once at the edge, [`db`] how SQL is run and rerun, and [`http`] how bytes become requests.
//! [`app::App`] is what everybody is given. The pages of the `desk` are a front end of the routes in the same process.
//!
//! # One direction
//! From the ground up: `problem` and `values`; `config`, `servers`, `error`, `metrics`, `passwords`; `db`; `http`;
//! `app`, `pruning`, `rates` and `throttle`; `audit`, `events`, `ledger`, `restock`, `upkeep` and `webhooks`; `web`; `handlers`; `desk`;
//! `routes`; `dispatch` and `listeners`; the programs. A module uses what lies below it, never above; `tests/api/floors.rs` reads the `use` lines.
//!
//! # What always holds
//! Each rule is a file in `sql/invariants/`; `storekeeper verify` and the tests run them all.
//! 1. On hand is the sum of the product's movements, and every balance continues the one before.
//! 2. Reserved is the sum of what placed orders wait for.
//! 3. Nothing on hand or reserved is negative, and no order was placed for more than was there; a count,
//!    damage, loss or correction may leave less than is promised.
//! 4. Shipping wrote exactly one `sale` movement a line; cancelling wrote none and released once.
//! 5. An order's total is the sum of its lines as frozen at placement; it has at least one.
//! 6. An order's history holds legal steps only and ends with its status.
//! 7. Incoming is what ordered purchase orders owe, drafted what drafts hold, and what was received stands in the
//!    ledger.
//! 8. An idempotency key names at most one outcome, and the order it names exists.
//! 9. Of an erased customer no personal data is left, and their orders still add up.
//! 10. The numbers of the feed run without a gap.
//! 11. The summary of demand goes on from day to day, and its units are those of the orders.
//! 12. Hit rates are counted from the suggestions that are judged.
//! 13. The value of a product is the sum of what its movements changed in it, and every line's continues the one before.
//!
//! # What is deliberately absent
//! No async runtime, ORM or query builder: a request runs on one thread, in SQL you can paste. Of
//! rouille only its requests and responses; [`http`] says why. No cache: the database is the only
//! truth, so several nodes can run at once. No TLS: nginx has it. No e-mail and no payment: they
//! belong to the shop in front.

pub mod allocator;
pub mod app;
pub mod at_work;
pub mod audit;
pub mod cli;
pub mod config;
pub mod csv;
pub mod db;
#[cfg(feature = "desk")]
pub mod desk;
pub mod dispatch;
pub mod erasures;
pub mod error;
pub mod events;
pub mod handlers;
pub mod http;
pub mod ledger;
pub mod listeners;
pub mod logging;
pub mod metrics;
pub mod passwords;
pub mod problem;
pub mod pruning;
pub mod random;
pub mod rates;
pub mod restock;
pub mod routes;
pub mod servers;
pub mod table;
pub mod throttle;
pub mod upkeep;
pub mod values;
pub mod web;
pub mod webhooks;
