//! Settings: `STOREKEEPER_*` environment variables, read once and checked together.

use std::fs;
use std::io::Read;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::logging;
use crate::servers::Servers;
use crate::values::{
    Calendar, Currency, Holidays, Input, LOCALES, Line, ListenAddress, Locale, Origins, Zone,
};

#[derive(Debug, Clone)]
pub struct Config {
    pub database_url: String,
    /// For what changes the tables, as far as it is another one.
    pub admin_database_url: Option<String>,
    pub database_connections: u32,
    pub listen: ListenAddress,
    pub internal_listen: Option<ListenAddress>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub currency: Currency,
    pub calendar: Calendar,
    pub locale: Locale,
    pub shop_name: String,
    pub delivery_business_days: u32,
    pub session_idle: chrono::Duration,
    pub session_max: chrono::Duration,
    pub staff_session_idle: chrono::Duration,
    pub staff_session_max: chrono::Duration,
    pub client_address_header: Option<String>,
    pub allowed_origins: Origins,
    pub network_requests_per_minute: u32,
    pub network_writes_per_minute: u32,
    pub network_sign_ups_per_minute: u32,
    pub caller_requests_per_minute: u32,
    pub caller_writes_per_minute: u32,
    pub guest_open_orders: u32,
    pub guest_reserved_units: u32,
    pub account_open_orders: u32,
    pub account_reserved_units: u32,
    pub order_units_per_product: u32,
    pub unconfirmed_order: chrono::Duration,
    /// Whether somebody orders the drafts of runs, and not the run itself.
    pub restock_needs_approval: bool,
    pub caller_kept_answers: u32,
    pub caller_kept_kib: u32,
    pub erasures: Option<PathBuf>,
    pub backup_encrypt_to: Option<String>,
    pub backup_copy: Option<String>,
    /// Whether webhooks may go to this machine and the networks around it, and without TLS.
    pub webhooks_may_be_private: bool,
    pub log: log::LevelFilter,
    pub log_format: logging::Format,
    /// All of them as they were given, for people to look at.
    pub settings: Vec<SettingShown>,
}

/// A setting as it is.
#[derive(Debug, Clone, Serialize)]
pub struct SettingShown {
    pub name: &'static str,
    /// None of a secret.
    pub value: Option<String>,
    /// Whether somebody has set it, and it is not the default.
    pub is_set: bool,
    pub meaning: String,
}

/// A variable: the one definition of its name, its default, what it may be, and what it means. `--help`
/// prints it, and the README's table is held against it.
pub struct Setting {
    pub name: &'static str,
    unset: Unset,
    value: Value,
    meaning: &'static str,
}

/// What a setting is when it is not given.
#[derive(Clone, Copy)]
enum Unset {
    /// Read like a value that was given.
    Is(&'static str),
    /// What [`Config::unread`] has, in words.
    Means(&'static str),
    Required,
}

/// What a setting may be, and where it goes.
#[derive(Clone, Copy)]
enum Value {
    /// A whole number from the first to the second.
    Number(u32, u32, fn(&mut Config, u32)),
    /// Anything that this takes; the error says what it must be, or what is wrong with the file that it names.
    Text(fn(&mut Config, &str) -> Result<(), String>),
    /// Like `Text`, and never repeated in an error.
    Secret(fn(&mut Config, &str) -> Result<(), &'static str>),
}

use Unset::{Is, Means, Required};
use Value::{Number, Secret, Text};

#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("STOREKEEPER_DATABASE_URL", Required, Secret(database_url),
        "mysql://user:password@host:3306/database, or mysql://user@localhost/database?socket=%2Fpath%2Fto%2Fsocket; several hosts of one cluster with commas between them, of which the first that takes changes is used; ?require_ssl=true or ?ssl_ca=FILE for TLS"),
    setting("STOREKEEPER_ADMIN_DATABASE_URL", Means("the one above"), Secret(admin_database_url),
        "the same database for a user who may change its tables, for storekeeper migrate, backup and restore; then the service's user need not be able to"),
    setting("STOREKEEPER_DATABASE_CONNECTIONS", Means("6 a core, at most 60"), Number(1, 500, |config, n| config.database_connections = n),
        "database connections"),
    setting("STOREKEEPER_LISTEN", Is("127.0.0.1:8080"), Text(listen),
        "address and port to listen on, or unix: and the path of a socket; keep it on this machine, behind nginx"),
    setting("STOREKEEPER_MAX_CONNECTIONS", Is("256"), Number(1, 10_000, |config, n| config.max_connections = n as usize),
        "HTTP connections at once; more are answered 503"),
    setting("STOREKEEPER_MAX_CONNECTIONS_PER_ADDRESS", Is("100"), Number(0, 10_000, |config, n| config.max_connections_per_address = n as usize),
        "those of one address or IPv6 /64, so that none can take them all; a whole office with 6 a browser fits; 0 is no limit, and a proxy on this machine that names its clients has none"),
    setting("STOREKEEPER_INTERNAL_LISTEN", Means("internal.sock in the runtime folder"), Text(internal_listen),
        "where /metrics, /healthz and /readyz are answered to the machine itself, without a token; without a runtime folder (systemd's RUNTIME_DIRECTORY) nowhere"),
    setting("STOREKEEPER_CURRENCY", Is("EUR"), Text(currency),
        "ISO 4217 code of the shop's one currency; do not change it once there are prices"),
    setting("STOREKEEPER_TIME_ZONE", Is("UTC"), Text(time_zone),
        "where the shop's days begin and end, such as Europe/Berlin: a name from the system's zone files (the package tzdata)"),
    setting("STOREKEEPER_LOCALE", Is("en-GB"), Text(locale),
        "how the desk writes numbers, money and dates: en-GB, en-US, de-DE, fr-FR, sv-SE and others; its words are English"),
    setting("STOREKEEPER_SHOP_NAME", Is("Storekeeper"), Text(shop_name),
        "the shop's name on the desk's pages and on what it prints"),
    setting("STOREKEEPER_HOLIDAYS", Means("(none)"), Text(holidays),
        "a file of days on which the shop is closed beside Saturdays and Sundays: a date such as 2026-12-25 a line, # begins a comment; read at the start"),
    setting("STOREKEEPER_DELIVERY_BUSINESS_DAYS", Is("3"), Number(0, 365, |config, n| config.delivery_business_days = n),
        "working days from an order to its expected delivery"),
    setting("STOREKEEPER_SESSION_IDLE_HOURS", Is("168"), Number(1, 8760, |config, n| config.session_idle = hours(n)),
        "a customer's session ends when it is not used for this long"),
    setting("STOREKEEPER_SESSION_MAX_HOURS", Is("720"), Number(1, 8760, |config, n| config.session_max = hours(n)),
        "a customer's session ends after this long in any case"),
    // Longer than any break in a working day, so that a counter that was left in the evening is locked in the morning.
    setting("STOREKEEPER_STAFF_SESSION_IDLE_HOURS", Is("4"), Number(1, 8760, |config, n| config.staff_session_idle = hours(n)),
        "a staff session ends when it is not used for this long"),
    // Longer than any shift, so that each begins with a login of its own.
    setting("STOREKEEPER_STAFF_SESSION_MAX_HOURS", Is("16"), Number(1, 8760, |config, n| config.staff_session_max = hours(n)),
        "a staff session ends after this long in any case"),
    setting("STOREKEEPER_CLIENT_ADDRESS_HEADER", Means("(none)"), Text(client_address_header),
        "header in which the reverse proxy names the client's address, such as X-Real-IP; leave it unset without a proxy"),
    setting("STOREKEEPER_ALLOWED_ORIGINS", Means("(none)"), Text(allowed_origins),
        "origins whose pages may call from a browser, such as https://shop.example, with commas between; * for all, which is safe since the API knows no cookies; nginx.conf has the list again"),
    setting("STOREKEEPER_NETWORK_REQUESTS_PER_MINUTE", Is("12000"), Number(0, RATE_MAX, |config, n| config.network_requests_per_minute = n),
        "requests from one network (an IPv4 address, an IPv6 /64; four times as many from a /48): a front end that asks for all of its visitors stays below 200 a second; 0 for no limit"),
    setting("STOREKEEPER_NETWORK_WRITES_PER_MINUTE", Is("600"), Number(0, RATE_MAX, |config, n| config.network_writes_per_minute = n),
        "changes and logins from one network, staff's aside: ten a second is more than a small shop sells; 0 for no limit"),
    setting("STOREKEEPER_NETWORK_SIGN_UPS_PER_MINUTE", Is("60"), Number(0, RATE_MAX, |config, n| config.network_sign_ups_per_minute = n),
        "sign-ups and choices of a username from one network, staff's aside: each may hash a password and tells whether a name is taken; 0 for no limit"),
    setting("STOREKEEPER_CALLER_REQUESTS_PER_MINUTE", Is("1200"), Number(0, RATE_MAX, |config, n| config.caller_requests_per_minute = n),
        "requests of one customer, twenty a second: a page that loads a hundred things at once is far from it; 0 for no limit"),
    setting("STOREKEEPER_CALLER_WRITES_PER_MINUTE", Is("120"), Number(0, RATE_MAX, |config, n| config.caller_writes_per_minute = n),
        "changes by one customer: nobody fills a basket faster; 0 for no limit"),
    setting("STOREKEEPER_GUEST_OPEN_ORDERS", Is("3"), Number(0, OPEN_ORDERS_MAX, |config, n| config.guest_open_orders = n),
        "placed orders at once of a customer without an account: who comes back before the first parcel is sent may do so twice; staff and programs are free of it; 0 for no limit"),
    setting("STOREKEEPER_GUEST_RESERVED_UNITS", Is("100"), Number(0, UNITS_MAX, |config, n| config.guest_reserved_units = n),
        "units at once in such orders of a guest, all products together: two dozen each of plates, cups, glasses and spoons; and so many units of the unconfirmed orders of all strangers together a restock run counts; 0 for no limit"),
    setting("STOREKEEPER_ACCOUNT_OPEN_ORDERS", Is("20"), Number(0, OPEN_ORDERS_MAX, |config, n| config.account_open_orders = n),
        "placed orders at once of a customer with an account: an office that orders every day of a closed fortnight; staff and programs are free of it; 0 for no limit"),
    setting("STOREKEEPER_ACCOUNT_RESERVED_UNITS", Is("500"), Number(0, UNITS_MAX, |config, n| config.account_reserved_units = n),
        "units at once in such orders, all products together: an office that orders two dozen things on each of those days; anybody opens an account for nothing, so it has an end too; 0 for no limit"),
    setting("STOREKEEPER_ORDER_UNITS_PER_PRODUCT", Is("50"), Number(0, UNITS_MAX, |config, n| config.order_units_per_product = n),
        "units of one product in a customer's order: more is a wholesale order, which staff and programs place; 0 for no limit"),
    setting("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", Is("0"), Number(0, 8760, |config, n| config.unconfirmed_order = hours(n)),
        "storekeeper prune cancels a guest's order that nobody has shipped or confirmed for this long, and gives its units back; a clock that jumps makes it up to 30 hours early; 0 for never"),
    setting("STOREKEEPER_RESTOCK_APPROVAL", Is("auto"), Text(restock_approval),
        "auto: a run orders what it has drafted, as far as the supplier's minimum and order days allow; draft: somebody orders it"),
    setting("STOREKEEPER_CALLER_KEPT_ANSWERS", Is("1000"), Number(0, KEPT_MAX, |config, n| config.caller_kept_answers = n),
        "answers kept for one customer under Idempotency-Keys, each for 72 hours: nobody orders every five minutes for three days; 0 for no limit"),
    setting("STOREKEEPER_CALLER_KEPT_KIB", Is("1024"), Number(0, KEPT_MAX, |config, n| config.caller_kept_kib = n),
        "KiB of such answers of one customer: a thousand orders of five lines, or a hundred of a hundred lines; 0 for no limit"),
    setting("STOREKEEPER_ERASURES", Means("erasures in the state folder"), Text(erasures),
        "the file to which each erasure of a customer is added before it is done, so that storekeeper restore does it again; without a state folder (systemd's STATE_DIRECTORY) nowhere"),
    setting("STOREKEEPER_BACKUP_ENCRYPT_TO", Means("(none)"), Text(backup_encrypt_to),
        "whose public key storekeeper backup encrypts to: a recipient of age (age1…), or a key of gpg"),
    setting("STOREKEEPER_BACKUP_COPY", Means("(none)"), Text(backup_copy),
        "a program that copies backups to another place: storekeeper backup runs it with the paths of the file and its manifest"),
    setting("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", Is("refuse"), Text(webhook_private_addresses),
        "refuse: webhooks go to public addresses, with TLS; allow: also to this machine and the networks around it, and without"),
    setting("STOREKEEPER_LOG", Is("info"), Text(log_level),
        "error, warn, info or debug; info has a line for every request that is let in"),
    setting("STOREKEEPER_LOG_FORMAT", Is("text"), Text(log_format),
        "text, or json for programs: one object a line"),
];

const fn setting(name: &'static str, unset: Unset, value: Value, meaning: &'static str) -> Setting {
    Setting { name, unset, value, meaning }
}

/// More than any machine answers.
const RATE_MAX: u32 = 1_000_000;

/// Each order of a customer counts the open ones, so more would make it slow.
const OPEN_ORDERS_MAX: u32 = 10_000;

/// As many as an order can hold.
const UNITS_MAX: u32 = 100_000;

/// Each keyed request of a customer counts what is kept, so more would make it slow.
const KEPT_MAX: u32 = 100_000;

/// Of two cores, 16 connections do a tenth more than 8; but each keeps a buffer of 4 MiB in the `mysql`
/// crate, and with 12 the service stays under 64 MiB.
const CONNECTIONS_A_CORE: u32 = 6;
/// A MariaDB takes 151 connections by default: two services beside each other, as while one is replaced, leave room for
/// what the timers and an operator run.
const CONNECTIONS_MAX: u32 = 60;

fn hours(hours: u32) -> chrono::Duration {
    chrono::Duration::hours(hours.into())
}

fn database_url(config: &mut Config, text: &str) -> Result<(), &'static str> {
    Servers::parse(text)?;
    text.clone_into(&mut config.database_url);
    Ok(())
}

fn admin_database_url(config: &mut Config, text: &str) -> Result<(), &'static str> {
    Servers::parse(text)?;
    config.admin_database_url = Some(text.to_owned());
    Ok(())
}

fn listen(config: &mut Config, text: &str) -> Result<(), String> {
    config.listen = text.parse()?;
    Ok(())
}

fn internal_listen(config: &mut Config, text: &str) -> Result<(), String> {
    config.internal_listen = Some(text.parse()?);
    Ok(())
}

fn currency(config: &mut Config, text: &str) -> Result<(), String> {
    config.currency = Currency::from_code(text).ok_or("must be an ISO 4217 code in capitals, such as EUR")?;
    Ok(())
}

fn time_zone(config: &mut Config, text: &str) -> Result<(), String> {
    config.calendar.zone = Zone::named(text).ok_or(
        "must be UTC or the name of a zone file under /usr/share/zoneinfo, such as Europe/Berlin; the package tzdata has them",
    )?;
    Ok(())
}

fn locale(config: &mut Config, text: &str) -> Result<(), String> {
    config.locale = Locale::named(text).ok_or_else(|| {
        let names: Vec<&str> = LOCALES.iter().map(|locale| locale.name).collect();
        format!("must be one of {}", names.join(", "))
    })?;
    Ok(())
}

fn shop_name(config: &mut Config, text: &str) -> Result<(), String> {
    let line = Line::<100>::parse(&Input::Text(text.to_owned())).map_err(|bad| bad.message)?;
    config.shop_name = line.0;
    Ok(())
}

fn holidays(config: &mut Config, path: &str) -> Result<(), String> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(Holidays::BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|cause| format!("cannot be read: {cause}"))?;
    config.calendar.holidays = Holidays::parse(&bytes)?;
    Ok(())
}

fn client_address_header(config: &mut Config, text: &str) -> Result<(), String> {
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err("must be the name of a header, such as X-Real-IP".into());
    }
    config.client_address_header = Some(text.to_owned()).filter(|name| !name.is_empty());
    Ok(())
}

fn allowed_origins(config: &mut Config, text: &str) -> Result<(), String> {
    config.allowed_origins = Origins::parse(text)?;
    Ok(())
}

fn restock_approval(config: &mut Config, text: &str) -> Result<(), String> {
    config.restock_needs_approval = match text {
        "auto" => false,
        "draft" => true,
        _ => return Err("must be auto or draft".into()),
    };
    Ok(())
}

fn erasures(config: &mut Config, path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("must be the whole path of a file, from / on".into());
    }
    config.erasures = Some(path.into());
    Ok(())
}

fn backup_encrypt_to(config: &mut Config, text: &str) -> Result<(), String> {
    // It becomes an argument of another program.
    if text.is_empty() || text.starts_with('-') {
        return Err(
            "must be a recipient of age, such as age1…, or a key of gpg, such as its fingerprint".into()
        );
    }
    config.backup_encrypt_to = Some(text.to_owned());
    Ok(())
}

fn backup_copy(config: &mut Config, text: &str) -> Result<(), String> {
    if text.split_whitespace().next().is_none() {
        return Err("must be a program, with its first arguments".into());
    }
    config.backup_copy = Some(text.to_owned());
    Ok(())
}

fn webhook_private_addresses(config: &mut Config, text: &str) -> Result<(), String> {
    config.webhooks_may_be_private = match text {
        "refuse" => false,
        "allow" => true,
        _ => return Err("must be refuse or allow".into()),
    };
    Ok(())
}

fn log_level(config: &mut Config, text: &str) -> Result<(), String> {
    config.log = match text {
        "error" => log::LevelFilter::Error,
        "warn" => log::LevelFilter::Warn,
        "info" => log::LevelFilter::Info,
        "debug" => log::LevelFilter::Debug,
        _ => return Err("must be error, warn, info or debug".into()),
    };
    Ok(())
}

fn log_format(config: &mut Config, text: &str) -> Result<(), String> {
    config.log_format = match text {
        "text" => logging::Format::Text,
        "json" => logging::Format::Json,
        _ => return Err("must be text or json".into()),
    };
    Ok(())
}

impl Setting {
    /// The default, as people read it.
    pub fn default(&self) -> &'static str {
        match self.unset {
            Is(text) | Means(text) => text,
            Required => "(required)",
        }
    }

    /// What it means and, for a number, from where to where it goes.
    pub fn meaning(&self) -> String {
        match self.value {
            Number(min, max, _) => format!("{}, {min} to {max}", self.meaning),
            Text(_) | Secret(_) => self.meaning.to_owned(),
        }
    }

    fn shown(&self, given: Option<&str>) -> SettingShown {
        let value = match self.value {
            Secret(_) => None,
            Number(..) | Text(_) => Some(given.unwrap_or(self.default()).to_owned()),
        };
        SettingShown { name: self.name, value, is_set: given.is_some(), meaning: self.meaning() }
    }

    /// Sets it in `config`, from what was given. The error is a sentence.
    fn read(&self, config: &mut Config, given: Option<&str>) -> Result<(), String> {
        let name = self.name;
        let text = match (given, self.unset) {
            (Some(text), _) | (None, Is(text)) => text,
            (None, Means(_)) => return Ok(()),
            (None, Required) => return Err(format!("{name} must be set, to {}", self.meaning)),
        };
        match self.value {
            Number(min, max, set) => match text.parse() {
                Ok(number) if (min..=max).contains(&number) => {
                    set(config, number);
                    Ok(())
                }
                _ => Err(format!("{name} is {text:?} but must be a whole number from {min} to {max}")),
            },
            Text(set) => set(config, text).map_err(|wrong| format!("{name} is {text:?} but {wrong}")),
            Secret(set) => set(config, text).map_err(|must| format!("{name} {must}")),
        }
    }
}

impl Config {
    /// For how long a session may not be used, of staff or of a customer.
    pub fn session_idle_of(&self, staff: bool) -> chrono::Duration {
        if staff { self.staff_session_idle } else { self.session_idle }
    }

    /// For how long a session may last, of staff or of a customer.
    pub fn session_max_of(&self, staff: bool) -> chrono::Duration {
        if staff { self.staff_session_max } else { self.session_max }
    }

    /// How many units of strangers' unconfirmed orders count in restocking: as if they were one guest.
    pub fn strangers_units_max(&self) -> Option<i64> {
        (self.guest_reserved_units > 0).then_some(self.guest_reserved_units.into())
    }

    /// What stands where no setting has been read yet.
    fn unread() -> Config {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Config {
            database_url: String::new(),
            admin_database_url: None,
            database_connections: u32::try_from(cores)
                .map_or(CONNECTIONS_MAX, |cores| (CONNECTIONS_A_CORE * cores).min(CONNECTIONS_MAX)),
            listen: ListenAddress::Tcp(([127, 0, 0, 1], 0).into()),
            internal_listen: None,
            max_connections: 1,
            max_connections_per_address: 0,
            currency: Currency::from_code("EUR").expect("a code in use"),
            calendar: Calendar { zone: Zone::utc(), holidays: Holidays::default() },
            locale: LOCALES[0],
            shop_name: String::new(),
            delivery_business_days: 0,
            session_idle: chrono::Duration::zero(),
            session_max: chrono::Duration::zero(),
            staff_session_idle: chrono::Duration::zero(),
            staff_session_max: chrono::Duration::zero(),
            client_address_header: None,
            allowed_origins: Origins::Nobody,
            network_requests_per_minute: 0,
            network_writes_per_minute: 0,
            network_sign_ups_per_minute: 0,
            caller_requests_per_minute: 0,
            caller_writes_per_minute: 0,
            guest_open_orders: 0,
            guest_reserved_units: 0,
            account_open_orders: 0,
            account_reserved_units: 0,
            order_units_per_product: 0,
            unconfirmed_order: chrono::Duration::zero(),
            restock_needs_approval: false,
            caller_kept_answers: 0,
            caller_kept_kib: 0,
            erasures: None,
            backup_encrypt_to: None,
            backup_copy: None,
            webhooks_may_be_private: false,
            log: log::LevelFilter::Info,
            log_format: logging::Format::Text,
            settings: Vec::new(),
        }
    }

    /// Reads the settings, or returns one sentence for each that is wrong.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Config, Vec<String>> {
        let given: Vec<_> =
            variables.into_iter().filter(|(name, _)| name.starts_with("STOREKEEPER_")).collect();
        let mut config = Config::unread();
        let mut errors = Vec::new();
        for setting in SETTINGS {
            let text = given.iter().find(|(name, _)| name == setting.name).map(|(_, text)| text.as_str());
            errors.extend(setting.read(&mut config, text).err());
            config.settings.push(setting.shown(text));
        }
        for (name, _) in given.iter().filter(|(name, _)| SETTINGS.iter().all(|known| known.name != name)) {
            errors.push(format!("{name} is not a setting; see storekeeper --help"));
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
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
