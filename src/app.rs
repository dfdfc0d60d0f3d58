//! What every handler is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Duration, SubsecRound, Utc};

use crate::config::Config;
use crate::db::{self, Pool};
use crate::error::Result;
use crate::metrics::Metrics;
use crate::passwords::Hasher;
use crate::throttle::Throttle;
use crate::values::Timestamp;

pub struct App {
    pub config: Config,
    pub pool: Pool,
    pub watch: db::Watch,
    pub clock: Clock,
    pub hasher: Hasher,
    pub throttle: Throttle,
    pub metrics: Metrics,
}

impl App {
    pub fn new(config: Config) -> Result<App> {
        let pool = db::open_pool(&config.database_url, config.database_connections)?;
        Ok(App {
            watch: db::Watch::new(&pool, &config.database_url)?,
            pool,
            clock: Clock::default(),
            hasher: Hasher::new(),
            throttle: Throttle::default(),
            metrics: Metrics::default(),
            config,
        })
    }
}

/// The one clock for business times. Tests move it forward; nothing else does.
#[derive(Clone, Default)]
pub struct Clock {
    ahead_us: Arc<AtomicI64>,
}

impl Clock {
    /// Now in UTC, to the microsecond that the database keeps.
    pub fn now(&self) -> Timestamp {
        let ahead = Duration::microseconds(self.ahead_us.load(Ordering::Relaxed));
        Timestamp((Utc::now().naive_utc() + ahead).trunc_subsecs(6))
    }

    pub fn advance(&self, by: Duration) {
        let us = by.num_microseconds().expect("a span that fits microseconds");
        self.ahead_us.fetch_add(us, Ordering::Relaxed);
    }
}
