//! Figures for `GET /metrics`, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Upper bounds of the duration buckets, in seconds: what is read, what is changed, what waits.
const BUCKETS: [f64; 6] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0];

pub struct Metrics {
    started: SystemTime,
    /// By method, route and status. The labels are from the route table, so there are few.
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    /// By method and route.
    durations: Mutex<BTreeMap<(&'static str, &'static str), Durations>>,
    /// By code; the codes are from one table.
    problems: Mutex<BTreeMap<&'static str, u64>>,
    /// How busy the public listener is, once there is one.
    load: OnceLock<Box<dyn Fn() -> Load + Send + Sync>>,
}

#[derive(Default, Clone)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum_seconds: f64,
}

/// How busy a listener is, and how busy it may be.
pub struct Load {
    pub connections: usize,
    pub connections_max: usize,
    pub requests: usize,
    pub workers: usize,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            started: SystemTime::now(),
            requests: Mutex::default(),
            durations: Mutex::default(),
            problems: Mutex::default(),
            load: OnceLock::new(),
        }
    }
}

impl Metrics {
    pub fn count(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, route, status)).or_default() += 1;
        drop(requests);
        let seconds = took.as_secs_f64();
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        let durations = durations.entry((method, route)).or_default();
        durations.count += 1;
        durations.sum_seconds += seconds;
        if let Some(bucket) = BUCKETS.iter().position(|&bound| seconds <= bound) {
            durations.buckets[bucket] += 1;
        }
    }

    pub fn count_problem(&self, code: &'static str) {
        *self.problems.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// From now on this says how busy the listener is. The first one counts.
    pub fn watch(&self, load: impl Fn() -> Load + Send + Sync + 'static) {
        let _ = self.load.set(Box::new(load));
    }

    pub fn write(&self, text: &mut Text) {
        text.family("storekeeper_build_info", "gauge", "The version that runs.");
        text.sample("storekeeper_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        text.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", started);
        if let Some(bytes) = resident_memory_bytes() {
            text.gauge("process_resident_memory_bytes", "Memory of the process.", bytes);
        }
        let name = "storekeeper_requests_total";
        text.family(name, "counter", "Requests answered.");
        for ((method, route, status), count) in &*self.requests.lock().unwrap_or_else(PoisonError::into_inner)
        {
            text.sample(
                name,
                &[("method", method), ("route", route), ("status", &status.to_string())],
                count,
            );
        }
        let name = "storekeeper_problems_total";
        text.family(name, "counter", "Requests answered with a problem, by its code.");
        for (code, count) in &*self.problems.lock().unwrap_or_else(PoisonError::into_inner) {
            text.sample(name, &[("code", code)], count);
        }
        self.write_durations(text);
        if let Some(load) = self.load.get() {
            let Load { connections, connections_max, requests, workers } = load();
            text.gauge("storekeeper_http_connections", "Connections of clients that are open.", connections);
            text.gauge("storekeeper_http_connections_max", "As many may be open.", connections_max);
            text.gauge(
                "storekeeper_http_requests_under_way",
                "Requests that are worked on or wait for it.",
                requests,
            );
            text.gauge("storekeeper_http_workers", "Threads that work on requests.", workers);
        }
    }

    fn write_durations(&self, text: &mut Text) {
        let name = "storekeeper_request_duration_seconds";
        text.family(name, "histogram", "Time from the whole request to its answer.");
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        for ((method, route), Durations { buckets, count, sum_seconds }) in &*durations {
            let labels = [("method", *method), ("route", *route)];
            let mut so_far = 0;
            for (bound, count) in BUCKETS.iter().zip(buckets) {
                so_far += count;
                let bound = bound.to_string();
                text.sample(&format!("{name}_bucket"), &[labels[0], labels[1], ("le", &bound)], so_far);
            }
            text.sample(&format!("{name}_bucket"), &[labels[0], labels[1], ("le", "+Inf")], count);
            text.sample(&format!("{name}_sum"), &labels, sum_seconds);
            text.sample(&format!("{name}_count"), &labels, count);
        }
    }
}

/// Families of samples, as they are read by Prometheus.
#[derive(Default)]
pub struct Text(pub String);

impl Text {
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// Labels are of our own making: nothing in them needs an escape.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let lead = if at == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{lead}{label}=\"{text}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }
}

/// What Linux says of this process; None on other systems.
fn resident_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up() {
        let metrics = Metrics::default();
        for ms in [0, 3, 3, 400, 9_000] {
            metrics.count("GET", "/products", 200, Duration::from_millis(ms));
        }
        let mut text = Text::default();
        metrics.write(&mut text);
        let labels = "{method=\"GET\",route=\"/products\"";
        for (suffix, value) in [
            ("_bucket{labels},le=\"0.001\"}", "1"),
            ("_bucket{labels},le=\"0.005\"}", "3"),
            ("_bucket{labels},le=\"0.5\"}", "4"),
            ("_bucket{labels},le=\"2\"}", "4"),
            ("_bucket{labels},le=\"+Inf\"}", "5"),
            ("_count{labels}}", "5"),
        ] {
            let line = format!(
                "storekeeper_request_duration_seconds{} {value}\n",
                suffix.replace("{labels}", labels)
            );
            assert!(text.0.contains(&line), "{line} in {}", text.0);
        }
    }
}
