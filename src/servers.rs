//! Where the database is: one server, or several with the same data, of which the first that is ready and may be
//! written to is used.
//!
//! The address is a URL, `mysql://user:password@host:3306/database`, with `?socket=` for a server of this machine. Several
//! hosts with commas between them, `?require_ssl=true` and `?ssl_ca=FILE` are read here, the rest by the `mysql` crate.

use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use r2d2::ManageConnection;
use r2d2_mysql::MySqlConnectionManager;

/// The database is on this machine or in this rack.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Where there is another server, so long is waited for one that does not answer: the next one shall be at work within
/// two seconds of a loss.
const CONNECT_MAX_OF_SEVERAL: Duration = Duration::from_millis(500);
/// A machine that is cut off sends nothing that would end its connections. After a second of silence the other side is
/// asked for a sign of life, and without one for half a second more it is taken for lost.
const SILENCE_MAX_MS: u32 = 1000;
const UNANSWERED_MAX_MS: u32 = 1500;
/// How long a server may take to say whether it may be written to.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// How every connection behaves. READ COMMITTED takes no gap locks and shows guarded statements the
/// newest committed row; a lock is waited for as long as a repeated Idempotency-Key may wait. MySQL reads a small table beside
/// a page into memory (a hash join), and then has to sort all that the page is cut from: it looks row by row, as MariaDB does.
const SESSION_SETTINGS: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET time_zone = '+00:00', innodb_lock_wait_timeout = 3, autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,\
     ONLY_FULL_GROUP_BY,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' \
     /*!80020 , optimizer_switch = 'block_nested_loop=off' */",
];
/// Of several servers, while some change from one to another: each statement waits until the node has what any node had when
/// it came, or a customer would not find the order that was just acknowledged. What only MariaDB knows stands in the comment.
const SESSION_SETTINGS_OF_SEVERAL: &str = "SET autocommit = 1 /*M!100100 , wsrep_sync_wait = 7 */";

const FORM: &str = "must look like mysql://user:password@127.0.0.1:3306/storekeeper";

/// Names are read by people, so what need not be encoded is not.
const NOT_IN_LOGIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

#[derive(Clone)]
pub struct Servers(Vec<Server>);

#[derive(Clone)]
struct Server {
    options: OptsBuilder,
    /// It could not be used when it was last tried, so others are tried before it.
    failed: Arc<AtomicBool>,
}

/// How a server is logged in to, for programs that are not ours.
pub struct Login {
    pub user: String,
    pub password: Option<String>,
    pub place: Place,
    pub tls: Option<Tls>,
}

pub enum Place {
    Socket(String),
    /// A host and its port.
    Tcp(String, u16),
}

pub struct Tls {
    /// Whom to believe instead of those whom the system believes.
    pub ca: Option<PathBuf>,
}

/// The same address with another database, whose name needs no encoding.
pub fn with_database(url: &str, database: &str) -> String {
    let [scheme, authority, path] = parts(url);
    let query = path.find('?').map_or("", |at| &path[at..]);
    format!("{scheme}://{authority}/{database}{query}")
}

/// The same address with another user, with this password if there is one.
pub fn with_login(url: &str, user: &str, password: Option<&str>) -> String {
    let [scheme, authority, path] = parts(url);
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let encoded = |text| utf8_percent_encode(text, &NOT_IN_LOGIN).to_string();
    let password = password.map_or(String::new(), |password| format!(":{}", encoded(password)));
    format!("{scheme}://{}{password}@{hosts}/{path}", encoded(user))
}

/// The scheme, what stands before the database's name, and what from there on.
fn parts(url: &str) -> [&str; 3] {
    let (scheme, rest) = url.split_once("://").unwrap_or(("mysql", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    [scheme, authority, path]
}

impl Servers {
    /// Reads an address. The error says what it must be, and repeats nothing of it: it may hold a password.
    pub fn parse(url: &str) -> Result<Servers, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let (authority, path) = rest.split_once('/').ok_or(FORM)?;
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let (database, query) = path.split_once('?').unwrap_or((path, ""));
        let (of_tls, others): (Vec<&str>, Vec<&str>) = query
            .split('&')
            .partition(|pair| pair.starts_with("require_ssl=") || pair.starts_with("ssl_ca="));
        let hosts: Vec<&str> = hosts.split(',').collect();
        let several = hosts.len() > 1;
        let mut servers = Vec::new();
        for host in hosts {
            let url = format!("{scheme}://{login}{host}/{database}?{}", others.join("&"));
            let options = Opts::from_url(&url).map_err(|_| FORM)?;
            match options.get_db_name() {
                None | Some("") => return Err(FORM),
                Some(name) if name.contains('@') => {
                    return Err("holds a / in its user or password, which is written %2F there");
                }
                Some(_) => {}
            }
            if several && options.get_socket().is_some() {
                return Err("names several servers and one socket; leave one of them out");
            }
            let options = tls(OptsBuilder::from_opts(options), &of_tls)?
                .tcp_connect_timeout(Some(if several { CONNECT_MAX_OF_SEVERAL } else { CONNECT_MAX }))
                .tcp_keepalive_time_ms(several.then_some(SILENCE_MAX_MS))
                .tcp_keepalive_probe_interval_secs(several.then_some(1))
                .tcp_user_timeout_ms(several.then_some(UNANSWERED_MAX_MS))
                // A guard that matches a row and changes nothing in it has still held.
                .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
                .init(
                    SESSION_SETTINGS
                        .into_iter()
                        .chain(several.then_some(SESSION_SETTINGS_OF_SEVERAL))
                        .collect(),
                );
            servers.push(Server { options, failed: Arc::default() });
        }
        Ok(Servers(servers))
    }

    /// The same servers, and what is found out about them, with other options.
    pub fn with(mut self, change: impl Fn(OptsBuilder) -> OptsBuilder) -> Servers {
        for server in &mut self.0 {
            server.options = change(std::mem::take(&mut server.options));
        }
        self
    }

    /// The user whom a server of this machine is to know by their login to the system, without a password.
    pub fn user_by_login(&self) -> Option<String> {
        let options = Opts::from(self.0[0].options.clone());
        let by_login = options.get_socket().is_some() && options.get_pass().is_none();
        options.get_user().filter(|_| by_login).map(str::to_owned)
    }

    /// The database's name, which every address has.
    pub fn database(&self) -> String {
        Opts::from(self.0[0].options.clone()).get_db_name().unwrap_or_default().to_owned()
    }

    /// How the first of them is logged in to.
    pub fn login(&self) -> Login {
        self.0[0].login()
    }

    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// A connection to the first server that is ready and may be written to. Where there is only one server, it is
    /// taken as it is.
    pub fn connect(&self) -> mysql::Result<Conn> {
        Ok(self.connect_to_one()?.0)
    }

    /// Likewise, with how another program reaches the same server.
    pub fn connect_with_login(&self) -> mysql::Result<(Conn, Login)> {
        let (conn, server) = self.connect_to_one()?;
        Ok((conn, server.login()))
    }

    fn connect_to_one(&self) -> mysql::Result<(Conn, &Server)> {
        if let [only] = &self.0[..] {
            return Ok((connect(&only.options)?, only));
        }
        let mut last = None;
        // Those that could be used when they were last tried, then the others.
        let (first, then): (Vec<&Server>, Vec<&Server>) =
            self.0.iter().partition(|server| !server.has_failed());
        for server in first.into_iter().chain(then) {
            // One that hangs is found out on a connection that has little patience.
            match server.look().and_then(|()| connect(&server.options)) {
                Ok(conn) => {
                    server.failed.store(false, Ordering::Relaxed);
                    return Ok((conn, server));
                }
                Err(cause) => {
                    log::warn!("the database server {} cannot be used: {cause}", server.name());
                    server.failed.store(true, Ordering::Relaxed);
                    last = Some(cause);
                }
            }
        }
        Err(last.expect("a server"))
    }

    /// Looks at the server in use and at those before it, and returns whether another one is to be used from now on.
    pub fn look_round(&self) -> bool {
        for server in &self.0 {
            let failed_before = server.has_failed();
            let failed = server.look().err();
            server.failed.store(failed.is_some(), Ordering::Relaxed);
            match failed {
                None if failed_before => {
                    log::info!("the database server {} can be used again", server.name());
                    return true;
                }
                None => return false,
                Some(cause) if !failed_before => {
                    log::warn!("the database server {} cannot be used any more: {cause}", server.name());
                    return true;
                }
                Some(_) => {}
            }
        }
        false
    }
}

impl Server {
    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether it takes changes: one that is a copy, or a node that has lost the others of its cluster, does not.
    fn look(&self) -> mysql::Result<()> {
        let options = self.options.clone().read_timeout(Some(LOOK_MAX)).write_timeout(Some(LOOK_MAX));
        match refuses_changes(&mut connect(&options)?)? {
            None => Ok(()),
            Some(why) => Err(std::io::Error::other(why).into()),
        }
    }

    fn name(&self) -> String {
        let options = Opts::from(self.options.clone());
        format!("{}:{}", options.get_ip_or_hostname(), options.get_tcp_port())
    }

    fn login(&self) -> Login {
        let options = Opts::from(self.options.clone());
        let host = options.get_ip_or_hostname();
        let host = host.trim_matches(['[', ']']).to_owned();
        let ca = |ssl: &mysql::SslOpts| Tls { ca: ssl.root_cert_path().map(PathBuf::from) };
        Login {
            user: options.get_user().unwrap_or_default().to_owned(),
            password: options.get_pass().map(str::to_owned),
            place: match options.get_socket() {
                Some(socket) => Place::Socket(socket.to_owned()),
                None => Place::Tcp(host, options.get_tcp_port()),
            },
            tls: options.get_ssl_opts().map(ca),
        }
    }
}

/// Tries every address that a name has: `localhost` is `::1` first, where a server may not listen. The `mysql` crate tries
/// the first one only.
fn connect(options: &OptsBuilder) -> mysql::Result<Conn> {
    let known = Opts::from(options.clone());
    let host = known.get_ip_or_hostname();
    // A certificate is held against the name.
    let as_it_is = known.get_socket().is_some()
        || known.get_ssl_opts().is_some()
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if as_it_is {
        return MySqlConnectionManager::new(options.clone()).connect();
    }
    let mut last = None;
    for address in (&*host, known.get_tcp_port()).to_socket_addrs()? {
        let options = options.clone().ip_or_hostname(Some(address.ip().to_string()));
        match MySqlConnectionManager::new(options).connect() {
            // Nobody is there.
            Err(cause @ (mysql::Error::DriverError(_) | mysql::Error::IoError(_))) => last = Some(cause),
            answered => return answered,
        }
    }
    Err(last
        .unwrap_or_else(|| std::io::Error::other("the name of the database server has no address").into()))
}

/// Why a server takes no changes.
pub fn refuses_changes(conn: &mut Conn) -> mysql::Result<Option<&'static str>> {
    let sql = "SHOW GLOBAL VARIABLES WHERE variable_name IN ('read_only', 'wsrep_on')";
    let variables: Vec<(String, String)> = conn.query(sql)?;
    let is_on =
        |name: &str| variables.iter().any(|(known, value)| known == name && value != "OFF" && value != "0");
    if is_on("read_only") {
        return Ok(Some("it is read-only"));
    }
    if is_on("wsrep_on") {
        let ready: Option<(String, String)> = conn.query_first("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")?;
        if ready.is_none_or(|(_, value)| value != "ON") {
            return Ok(Some("it is not with the other nodes of its cluster"));
        }
    }
    Ok(None)
}

/// What `require_ssl=true` and `ssl_ca=FILE` ask for.
#[cfg(feature = "database-tls")]
fn tls(options: OptsBuilder, asked: &[&str]) -> Result<OptsBuilder, &'static str> {
    let mut ssl = mysql::SslOpts::default();
    let mut is_asked = false;
    for pair in asked {
        match pair.split_once('=') {
            Some(("require_ssl", "true")) => is_asked = true,
            Some(("require_ssl", "false")) => {}
            Some(("ssl_ca", file)) => {
                let file = percent_encoding::percent_decode_str(file).decode_utf8().map_err(|_| FORM)?;
                let file = std::path::PathBuf::from(&*file);
                if !file.is_file() {
                    return Err("names in ssl_ca a file of certificates (PEM) that is not there");
                }
                ssl = ssl.with_root_cert_path(Some(file));
                is_asked = true;
            }
            _ => return Err("says require_ssl, which is true or false"),
        }
    }
    Ok(if is_asked { options.ssl_opts(ssl) } else { options })
}

#[cfg(not(feature = "database-tls"))]
fn tls(options: OptsBuilder, asked: &[&str]) -> Result<OptsBuilder, &'static str> {
    if asked.iter().all(|pair| *pair == "require_ssl=false") {
        return Ok(options);
    }
    Err("asks for TLS, which this build leaves out: build it with --features database-tls")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(url: &str) -> Result<Vec<String>, &'static str> {
        Servers::parse(url).map(|servers| servers.0.iter().map(Server::name).collect())
    }

    #[test]
    fn an_address_names_one_server_or_several() {
        assert_eq!(names("mysql://shop:p%40ss@db.example/shop").unwrap(), ["db.example:3306"]);
        assert_eq!(
            names("mysql://shop:p%2C@10.0.0.1,[::1]:3307,db3/shop?require_ssl=false").unwrap(),
            ["10.0.0.1:3306", "[::1]:3307", "db3:3306"]
        );
        assert_eq!(Servers::parse("mysql://shop@a,b/tea?require_ssl=false").ok().unwrap().database(), "tea");
    }

    #[test]
    fn the_database_of_an_address_can_be_another() {
        let whole = with_database("mysql://a:p%2Fw@h:3307,g/shop?ssl_ca=/ca&x=1", "shop_2");
        assert_eq!(whole, "mysql://a:p%2Fw@h:3307,g/shop_2?ssl_ca=/ca&x=1");
        assert_eq!(with_database("mysql://h/shop", "b"), "mysql://h/b");
        let whole = with_login("mysql://a:p%2Fw@h:3307,g/shop?ssl_ca=/ca&x=1", "tea-admin", Some("p/w@"));
        assert_eq!(whole, "mysql://tea-admin:p%2Fw%40@h:3307,g/shop?ssl_ca=/ca&x=1");
        assert_eq!(with_login("mysql://root@h/shop", "tea", None), "mysql://tea@h/shop");
    }

    #[test]
    fn an_address_that_names_no_database_is_refused() {
        for url in [
            "",
            "mysql://",
            "mysql://db",
            "mysql://db/",
            "postgres://db/shop",
            "mysql://a,/shop",
            "mysql://db/shop?x=1",
        ] {
            assert!(names(url).is_err(), "{url}");
        }
        let slash = names("mysql://root:1/2@db/shop").unwrap_err();
        assert!(slash.contains("%2F"), "{slash}");
        let both = names("mysql://a,b/shop?socket=%2Frun%2Fmysqld.sock").unwrap_err();
        assert!(both.contains("socket"), "{both}");
        for url in ["mysql://db/shop?require_ssl=perhaps", "mysql://db/shop?ssl_ca=%2Fnowhere"] {
            assert!(names(url).is_err(), "{url}");
        }
    }
}
