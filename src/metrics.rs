//! Counters for `GET /metrics`, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

#[derive(Default)]
pub struct Metrics {
    /// By method, route and status. The labels are from the route table, so there are few.
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    durations: Mutex<Durations>,
}

#[derive(Default)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum_seconds: f64,
}

impl Metrics {
    pub fn count(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, route, status)).or_default() += 1;
        drop(requests);
        let seconds = took.as_secs_f64();
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        durations.count += 1;
        durations.sum_seconds += seconds;
        let fitting = BUCKETS.iter().position(|&bound| seconds <= bound);
        if let Some(bucket) = fitting {
            durations.buckets[bucket] += 1;
        }
    }

    pub fn write(&self) -> String {
        let mut text = String::new();
        let mut line = |args: std::fmt::Arguments| writeln!(text, "{args}").expect("memory takes writes");
        line(format_args!("# HELP storekeeper_requests_total Requests answered."));
        line(format_args!("# TYPE storekeeper_requests_total counter"));
        for ((method, route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner)
        {
            line(format_args!(
                "storekeeper_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            ));
        }
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        line(format_args!(
            "# HELP storekeeper_request_duration_seconds Time from the whole request to its answer."
        ));
        line(format_args!("# TYPE storekeeper_request_duration_seconds histogram"));
        let mut so_far = 0;
        for (bound, count) in BUCKETS.iter().zip(durations.buckets) {
            so_far += count;
            line(format_args!("storekeeper_request_duration_seconds_bucket{{le=\"{bound}\"}} {so_far}"));
        }
        let (count, sum) = (durations.count, durations.sum_seconds);
        line(format_args!("storekeeper_request_duration_seconds_bucket{{le=\"+Inf\"}} {count}"));
        line(format_args!("storekeeper_request_duration_seconds_sum {sum}"));
        line(format_args!("storekeeper_request_duration_seconds_count {count}"));
        text
    }
}
