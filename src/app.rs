//! What every handler is given.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Instant;

use chrono::{Duration, SubsecRound, Utc};
use mysql::Row;

use crate::at_work::AtWork;
use crate::config::Config;
use crate::db::{self, Pool, Together};
use crate::error::Result;
use crate::metrics::Metrics;
use crate::passwords::Hasher;
use crate::random;
use crate::rates::Rates;
use crate::throttle::Throttle;
use crate::values::{Id, Timestamp};

pub struct App {
    pub config: Config,
    pub pool: Pool,
    pub watch: db::Watch,
    pub clock: Clock,
    pub hasher: Hasher,
    pub throttle: Throttle,
    pub rates: Rates,
    /// Reads of single products, and of the same list of them.
    pub products: Together<Id, HashMap<Id, Row>>,
    pub product_lists: Together<(), Arc<[u8]>>,
    /// Giving numbers to what happened.
    pub numbering: Together<(), u64>,
    pub at_work: AtWork,
    /// Lists that are written into files now.
    pub exports: AtomicUsize,
    pub metrics: Metrics,
    /// The id of the watchdog's requests, which nobody else knows.
    pub watchdog_id: String,
}

impl App {
    pub fn new(config: Config) -> Result<App> {
        let pool = db::open_pool(&config.database_url, config.database_connections)?;
        Ok(App {
            watch: db::Watch::new(&pool),
            pool,
            clock: Clock::default(),
            hasher: Hasher::new(),
            throttle: Throttle::default(),
            rates: Rates::default(),
            products: Together::default(),
            product_lists: Together::default(),
            numbering: Together::default(),
            at_work: AtWork::default(),
            exports: AtomicUsize::default(),
            metrics: Metrics::default(),
            watchdog_id: random::label(),
            config,
        })
    }
}

/// The one clock for business times. Tests move it forward; nothing else does.
#[derive(Clone)]
pub struct Clock {
    started: Instant,
    ahead_us: Arc<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { started: Instant::now(), ahead_us: Arc::default() }
    }
}

impl Clock {
    /// Now in UTC, to the microsecond that the database keeps.
    pub fn now(&self) -> Timestamp {
        let ahead = Duration::microseconds(self.ahead_us.load(Ordering::Relaxed));
        Timestamp((Utc::now().naive_utc() + ahead).trunc_subsecs(6))
    }

    /// How long the program runs, whatever is done to the system's clock.
    pub fn running(&self) -> std::time::Duration {
        let ahead = Duration::microseconds(self.ahead_us.load(Ordering::Relaxed));
        self.started.elapsed() + ahead.to_std().unwrap_or_default()
    }

    pub fn advance(&self, by: Duration) {
        let us = by.num_microseconds().expect("a span that fits microseconds");
        self.ahead_us.fetch_add(us, Ordering::Relaxed);
    }
}
