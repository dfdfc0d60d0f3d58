//! The database and its two users: one who changes the tables, and the service's, who only works with them.

use std::path::Path;

use mysql::Conn;
use mysql::prelude::Queryable;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Place;
use super::answers::Answers;
use super::steps::{ADMIN_URL, Made, SERVICE_URL, SERVICE_USER, Steps};
use crate::cli::add_staff::read_secret;
use crate::cli::{Failure, settings_file};
use crate::error::database::in_words;
use crate::servers::{self, Servers};
use crate::{db, random};

/// Where servers of the usual packages have their socket.
const SOCKETS: [&str; 3] =
    ["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock"];
/// As many as nobody guesses.
const PASSWORD_BYTES: usize = 24;

/// A server, as its administrator.
pub struct Server {
    conn: Conn,
    /// Its address, of which the shop's differ in who logs in to which database.
    url: String,
    is_of_this_machine: bool,
    /// Whether it knows users by their login to the system, and by which plugin.
    plugin: Option<&'static str>,
}

/// How the shop reaches its database from now on.
pub struct Urls {
    pub service: String,
    pub admin: String,
}

impl Server {
    /// Nobody else sets up a shop on it until this is dropped.
    pub fn reach(answers: &Answers, shop: &Place) -> Result<Server, Failure> {
        let url = match &answers.server {
            Some(url) => url.clone(),
            None => format!("mysql://root@localhost/mysql?socket={}", encoded(local_socket()?)),
        };
        let example = "for example mysql://root@db.example:3306/mysql";
        let login = Servers::parse(&url).map_err(|must| format!("--server {must}, {example}"))?.login();
        if login.user.is_empty() {
            return Err(format!("--server must say who its administrator is, {example}").into());
        }
        let is_of_this_machine = matches!(login.place, servers::Place::Socket(_));
        let mut password = login.password;
        if password.is_none() && !is_of_this_machine {
            // Every user of the machine can read arguments.
            println!("The password of {} at the database server:", login.user);
            password = Some(read_secret()?);
        }
        let full = servers::with_login(&url, &login.user, password.as_deref());
        let mut conn = db::connect_alone(&full).map_err(|cause| {
            Failure::from(format!("cannot use the database server: {cause}; {}", advice(answers)))
        })?;
        // Only the shop of this machine has users whom the system knows.
        let by_login = answers.server.is_none() && shop.is_of_the_machine;
        let plugin = if by_login { Some(login_plugin(&mut conn)?) } else { None };
        let locked: Option<u8> = conn.query_first("SELECT GET_LOCK('storekeeper setup', 0)")?;
        if locked != Some(1) {
            return Err("another storekeeper setup is at work on this server; wait until it is done".into());
        }
        Ok(Server { conn, url, is_of_this_machine, plugin })
    }

    /// Refuses a database or users that setup has not made: what is there already stays as it is.
    pub fn refuse_what_is_not_ours(&mut self, database: &str, shop: &Place) -> Result<(), Failure> {
        const OF_THE_SERVER: [&str; 5] = ["mysql", "sys", "information_schema", "performance_schema", "root"];
        let another = "name another database with --database";
        if OF_THE_SERVER.contains(&database) {
            return Err(format!("the database server keeps {database} for itself; {another}").into());
        }
        let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ?";
        let ours = format!("{tables} AND table_name = 'schema_migrations'");
        let is_there = self.count(tables, (database,))? > 0;
        if is_there && self.count(&ours, (database,))? == 0 {
            return Err(format!("the database {database} holds tables of another program; {another}").into());
        }
        for (name, file, setting) in self.users(database, shop) {
            let exists = "SELECT COUNT(*) FROM mysql.user WHERE user = ? AND host = ?";
            if self.count(exists, (&name, self.from()))? == 0 || self.is_known_by_login(&name)? {
                continue;
            }
            let works = url_in(file, setting)?.is_some_and(|url| db::connect_alone(&url).is_ok());
            if !works {
                let account = self.account(&name);
                return Err(format!(
                    "the database user {account} is there already, and {} does not say how they log in; {another}, or \
                     remove the user if nobody needs them: DROP USER {account}",
                    file.display()
                )
                .into());
            }
        }
        // Whoever may work with what a restore makes of tea, which is called tea_..., may work with a shop of that name.
        let shares = "SELECT COUNT(*) FROM mysql.user WHERE user LIKE ? OR ? LIKE CONCAT(REPLACE(user, '_', '\\\\_'), '\\\\_%') AND user <> ''";
        let below = format!("{}\\_%", database.replace('_', "\\_"));
        if !is_there && !shop.is_of_the_machine && self.count(shares, (&below, database))? > 0 {
            return Err(
                format!("the user of another database could work with {database} too; {another}").into()
            );
        }
        Ok(())
    }

    /// Whether a user is one whom the server knows by their login, as setup makes them for the shop of this machine.
    fn is_known_by_login(&mut self, name: &str) -> Result<bool, Failure> {
        let sql = "SELECT COUNT(*) FROM mysql.user WHERE user = ? AND host = ? AND plugin IN ('unix_socket', 'auth_socket')";
        Ok(self.plugin.is_some() && self.count(sql, (name, self.from()))? > 0)
    }

    /// The service's user and the other one, and where it stands how they log in.
    fn users<'a>(&self, database: &str, shop: &'a Place) -> [(String, &'a Path, &'static str); 2] {
        // The shop of this machine has the users that its system knows.
        let name = if shop.is_of_the_machine { SERVICE_USER } else { database };
        [
            (name.to_owned(), &*shop.settings, SERVICE_URL),
            (format!("{name}-admin"), &*shop.admin_settings, ADMIN_URL),
        ]
    }

    /// Makes what is missing of the database and its users.
    pub fn make_database(
        &mut self,
        answers: &Answers,
        shop: &Place,
        steps: &mut Steps,
    ) -> Result<Urls, Failure> {
        let database = &answers.database;
        let exists = "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?";
        if self.count(exists, (database,))? == 0 {
            self.run(&format!("CREATE DATABASE `{database}` CHARACTER SET utf8mb4"))?;
            steps.made(Made::InDatabase(format!("DROP DATABASE `{database}`")));
        }
        // The names of databases that are meant: an underscore alone would stand for any letter.
        let pattern = database.replace('_', "\\_");
        let scopes = [format!("`{pattern}`.*"), format!("`{pattern}\\_%`.*")];
        let [(service, file, setting), (admin, admin_file, admin_setting)] = self.users(database, shop);
        let service_url = self.make_user(&service, database, url_in(file, setting)?, steps)?;
        let admin_url = self.make_user(&admin, database, url_in(admin_file, admin_setting)?, steps)?;
        for (name, rights) in [(service, "SELECT, INSERT, UPDATE, DELETE"), (admin, "ALL")] {
            for scope in &scopes {
                self.run(&format!("GRANT {rights} ON {scope} TO {}", self.account(&name)))?;
            }
        }
        Ok(Urls { service: service_url, admin: admin_url })
    }

    /// The address with which this user reaches the database. One that works already stays as it is.
    fn make_user(
        &mut self,
        name: &str,
        database: &str,
        before: Option<String>,
        steps: &mut Steps,
    ) -> Result<String, Failure> {
        let account = self.account(name);
        let exists =
            self.count("SELECT COUNT(*) FROM mysql.user WHERE user = ? AND host = ?", (name, self.from()))?;
        if exists > 0
            && let Some(url) = before
        {
            return Ok(url);
        }
        let (identified, password) = match self.plugin {
            Some(plugin) => (format!("IDENTIFIED {plugin}"), None),
            None => {
                let password = random::hex::<PASSWORD_BYTES>();
                (format!("IDENTIFIED BY '{password}'"), Some(password))
            }
        };
        if exists == 0 {
            println!("- CREATE USER {account}");
            let made = self.conn.query_drop(format!("CREATE USER {account} {identified}"));
            made.map_err(|cause| in_words(&cause))?;
            steps.made(Made::InDatabase(format!("DROP USER {account}")));
        }
        Ok(servers::with_database(&servers::with_login(&self.url, name, password.as_deref()), database))
    }

    /// Whether somebody can manage the shop already.
    pub fn has_manager(&mut self, database: &str) -> Result<bool, Failure> {
        let table = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = 'accounts'";
        if self.count(table, (database,))? == 0 {
            return Ok(false);
        }
        let managers = format!(
            "SELECT COUNT(*) FROM `{database}`.accounts WHERE role = 'manager' AND disabled_at IS NULL"
        );
        Ok(self.count(&managers, ())? > 0)
    }

    fn account(&self, name: &str) -> String {
        format!("'{name}'@'{}'", self.from())
    }

    /// Where the users come from. A service elsewhere comes from an address that may change.
    fn from(&self) -> &'static str {
        if self.is_of_this_machine { "localhost" } else { "%" }
    }

    /// Says what it does, which holds no secret.
    pub fn run(&mut self, sql: &str) -> Result<(), Failure> {
        println!("- {sql}");
        self.conn.query_drop(sql).map_err(|cause| in_words(&cause).into())
    }

    fn count(&mut self, sql: &str, parameters: impl Into<mysql::Params>) -> Result<u64, Failure> {
        let count = self.conn.exec_first(sql, parameters.into()).map_err(|cause| in_words(&cause))?;
        Ok(count.unwrap_or(0))
    }
}

/// The socket of a server that runs here.
fn local_socket() -> Result<&'static str, Failure> {
    let found = SOCKETS.into_iter().find(|path| Path::new(path).exists());
    found.ok_or_else(|| {
        "no database server runs on this machine: install mariadb-server, or name one elsewhere with --server".into()
    })
}

/// How a server of this machine is told to know a user by their login to the system: MariaDB's words, or MySQL's.
fn login_plugin(conn: &mut Conn) -> Result<&'static str, Failure> {
    let version: Option<String> = conn.query_first("SELECT VERSION()")?;
    let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
    Ok(if is_mariadb { "VIA unix_socket" } else { "WITH auth_socket" })
}

fn advice(answers: &Answers) -> &'static str {
    match answers.server {
        Some(_) => "look at --server and at the password",
        None => "run this as root (sudo)",
    }
}

/// The address that a file of settings names.
fn url_in(file: &Path, setting: &str) -> Result<Option<String>, Failure> {
    let settings = settings_file::read(file)?.unwrap_or_default();
    Ok(settings.into_iter().find(|(name, _)| name == setting).map(|(_, url)| url))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
