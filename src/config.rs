//! Settings: `STOREKEEPER_*` environment variables, read once and checked together.

use std::net::SocketAddr;
use std::thread::available_parallelism;

use crate::values::Currency;

#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: String,
    pub database_connections: u32,
    pub listen: SocketAddr,
    pub max_connections: usize,
    pub currency: Currency,
    pub delivery_business_days: u32,
    pub session_idle: chrono::Duration,
    pub session_max: chrono::Duration,
    pub client_address_header: Option<String>,
    pub log: log::LevelFilter,
}

/// A variable: its name, what it is when unset, and what it means. The README's table and `--help`
/// are held against this list.
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default, meaning }
}

#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("STOREKEEPER_DATABASE_URL", "(required)", "mysql://user:password@host:3306/database, or mysql://user@localhost/database?socket=%2Fpath%2Fto%2Fsocket"),
    setting("STOREKEEPER_DATABASE_CONNECTIONS", "6 a core", "database connections, 1 to 500"),
    setting("STOREKEEPER_LISTEN", "127.0.0.1:8080", "address and port to listen on; keep it on loopback, behind nginx"),
    setting("STOREKEEPER_MAX_CONNECTIONS", "256", "HTTP connections at once, 1 to 10000; more are answered 503"),
    setting("STOREKEEPER_CURRENCY", "EUR", "ISO 4217 code of the shop's one currency; do not change it once there are prices"),
    setting("STOREKEEPER_DELIVERY_BUSINESS_DAYS", "3", "working days from an order to its expected delivery, 0 to 365"),
    setting("STOREKEEPER_SESSION_IDLE_HOURS", "168", "a session ends when it is not used for this long, 1 to 8760"),
    setting("STOREKEEPER_SESSION_MAX_HOURS", "720", "a session ends after this long in any case, 1 to 8760"),
    setting("STOREKEEPER_CLIENT_ADDRESS_HEADER", "(none)", "header in which the reverse proxy names the client's address, such as X-Real-IP; leave it unset without a proxy"),
    setting("STOREKEEPER_LOG", "info", "error, warn, info or debug; info has a line for every request"),
];

impl Config {
    /// Reads the settings, or answers one sentence for each that is wrong.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Config, Vec<String>> {
        let given = variables.into_iter().filter(|(name, _)| name.starts_with("STOREKEEPER_"));
        let mut reader = Reader { given: given.collect(), errors: Vec::new() };
        let config = reader.config();
        reader.reject_unknown();
        match config {
            Some(config) if reader.errors.is_empty() => Ok(config),
            _ => Err(reader.errors),
        }
    }
}

/// Of two cores, 16 connections do a tenth more than 8; but each keeps a buffer of 4 MiB in the `mysql`
/// crate, and with 12 the service stays under 64 MiB.
const CONNECTIONS_A_CORE: usize = 6;

struct Reader {
    given: Vec<(String, String)>,
    errors: Vec<String>,
}

impl Reader {
    fn config(&mut self) -> Option<Config> {
        let cores = available_parallelism().map_or(1, |cores| cores.get());
        let default_connections = (CONNECTIONS_A_CORE * cores).clamp(1, 500) as u64;
        let database_url = self.database_url();
        let database_connections =
            self.number("STOREKEEPER_DATABASE_CONNECTIONS", default_connections, 1, 500);
        let listen = self.parsed("STOREKEEPER_LISTEN", "127.0.0.1:8080", |text| {
            text.parse().map_err(|_| "must be an address with a port, such as 127.0.0.1:8080")
        });
        let max_connections = self.number("STOREKEEPER_MAX_CONNECTIONS", 256, 1, 10_000);
        let currency = self.parsed("STOREKEEPER_CURRENCY", "EUR", |text| {
            Currency::from_code(text).ok_or("must be an ISO 4217 code in capitals, such as EUR")
        });
        let delivery_business_days = self.number("STOREKEEPER_DELIVERY_BUSINESS_DAYS", 3, 0, 365);
        let session_idle_hours = self.number("STOREKEEPER_SESSION_IDLE_HOURS", 168, 1, 8760);
        let session_max_hours = self.number("STOREKEEPER_SESSION_MAX_HOURS", 720, 1, 8760);
        let client_address_header = self.parsed("STOREKEEPER_CLIENT_ADDRESS_HEADER", "", |text| {
            let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain.then(|| text.to_owned()).ok_or("must be the name of a header, such as X-Real-IP")
        });
        let log = self.parsed("STOREKEEPER_LOG", "info", |text| match text {
            "error" => Ok(log::LevelFilter::Error),
            "warn" => Ok(log::LevelFilter::Warn),
            "info" => Ok(log::LevelFilter::Info),
            "debug" => Ok(log::LevelFilter::Debug),
            _ => Err("must be error, warn, info or debug"),
        });
        Some(Config {
            database_url: database_url?,
            database_connections: database_connections? as u32,
            listen: listen?,
            max_connections: max_connections? as usize,
            currency: currency?,
            delivery_business_days: delivery_business_days? as u32,
            session_idle: chrono::Duration::hours(session_idle_hours? as i64),
            session_max: chrono::Duration::hours(session_max_hours? as i64),
            client_address_header: client_address_header.filter(|name| !name.is_empty()),
            log: log?,
        })
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.given.iter().position(|(given, _)| given == name)?;
        Some(self.given.swap_remove(at).1)
    }

    /// The value is never repeated in an error, since it holds a password.
    fn database_url(&mut self) -> Option<String> {
        let name = "STOREKEEPER_DATABASE_URL";
        let Some(url) = self.take(name) else {
            self.errors.push(format!(
                "{name} must be set, for example to mysql://user:password@127.0.0.1:3306/storekeeper"
            ));
            return None;
        };
        match mysql::Opts::from_url(&url) {
            Ok(options) if options.get_db_name().is_some_and(|database| !database.is_empty()) => Some(url),
            _ => {
                self.errors
                    .push(format!("{name} must look like mysql://user:password@127.0.0.1:3306/storekeeper"));
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let given = self.take(name);
        let text = given.as_deref().unwrap_or(default);
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.errors.push(format!("{name} is {text:?} but {message}"));
                None
            }
        }
    }

    fn number(&mut self, name: &str, default: u64, min: u64, max: u64) -> Option<u64> {
        let given = self.take(name);
        let Some(text) = given else {
            return Some(default);
        };
        match text.parse() {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                self.errors
                    .push(format!("{name} is {text:?} but must be a whole number from {min} to {max}"));
                None
            }
        }
    }

    fn reject_unknown(&mut self) {
        for (name, _) in &self.given {
            self.errors.push(format!("{name} is not a setting; see storekeeper --help"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        Config::read(variables.iter().map(|(name, value)| (name.to_string(), value.to_string())))
    }

    #[test]
    fn the_database_is_all_that_must_be_named() {
        let config =
            read(&[("STOREKEEPER_DATABASE_URL", "mysql://shop@localhost/shop"), ("HOME", "/")]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.currency.code(), "EUR");
        assert_eq!(config.client_address_header, None);
    }

    #[test]
    fn every_wrong_setting_is_named_at_once_and_no_secret_is() {
        let errors = read(&[
            ("STOREKEEPER_DATABASE_URL", "postgres://shop:s3cret@localhost/shop"),
            ("STOREKEEPER_LISTEN", "8080"),
            ("STOREKEEPER_CURRENCY", "euro"),
            ("STOREKEEPER_MAX_CONNECTIONS", "0"),
            ("STOREKEEPER_LOGS", "info"),
        ])
        .unwrap_err();
        for name in ["DATABASE_URL", "LISTEN", "CURRENCY", "MAX_CONNECTIONS", "LOGS"] {
            let named = errors.iter().filter(|error| error.contains(&format!("STOREKEEPER_{name} ")));
            assert_eq!(named.count(), 1, "{name} in {errors:?}");
        }
        assert!(!errors.concat().contains("s3cret"));
    }
}
