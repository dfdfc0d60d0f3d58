//! `storekeeper restore`: a backup becomes a shop again, in a new database beside the one that is there.
//!
//! Nothing is dropped or written over, and until a setting is changed the shop knows nothing of it. A restore that was cut
//! off is run again.

mod accounts;
mod lost;
mod place;
mod settle;
mod switch;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flate2::read::MultiGzDecoder;
use mysql::Conn;
use mysql::prelude::Queryable;

use self::accounts::Accounts;
use self::settle::Settled;
use super::arguments::Arguments;
use super::backup::client::Client;
use super::backup::folder::{self, Backup};
use super::backup::{manifest, seal};
use super::{Failure, Outcome};
use crate::app::App;
use crate::config::Config;
use crate::db::invariants::{INVARIANTS, violations};
use crate::db::migrations::{self, MIGRATIONS};
use crate::db::{self};
use crate::erasures;
use crate::handlers::search_text::{self, Rows};
use crate::servers::{Servers, with_database};
use crate::values::Id;

/// Where the service of this machine writes erasures down: its StateDirectory, and the name within it.
const ERASURES_OF_MACHINE: &str = "/var/lib/storekeeper/erasures/erasures";

pub fn run(arguments: &Arguments) -> Outcome {
    let database = arguments.value("into").ok_or("say --into DATABASE, the name of a new database")?;
    place::check_name(database)?;
    let backup = folder::open(Path::new(arguments.argument()))?;
    if arguments.has("switch") {
        return switch::run(arguments, database);
    }
    let config = super::admin_settings(arguments)?;
    let erased = match erased(arguments, &config)? {
        Some(erased) => erased,
        None if arguments.has("without-erasures") => BTreeSet::new(),
        None => {
            return Err("it is not known who was erased, and they would be there again; say --erasures FILE for the file of \
                        STOREKEEPER_ERASURES, or --without-erasures"
                .into());
        }
    };
    let what = What {
        config: &config,
        backup: &backup,
        database,
        identity: arguments.value("identity"),
        erased: &erased,
    };
    let restored = what
        .restore()
        .map_err(|Failure { message: cause, .. }| Failure::from(format!("{cause}; the shop is as it was")))?;
    restored.print(database, &config);
    Ok(if restored.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Who was erased, as far as anything says it.
pub fn erased(arguments: &Arguments, config: &Config) -> Result<Option<BTreeSet<Id>>, Failure> {
    let mut files: Vec<PathBuf> = arguments.values("erasures").map(PathBuf::from).collect();
    if files.is_empty() {
        files.extend(config.erasures.clone());
    }
    let of_machine = Path::new(ERASURES_OF_MACHINE);
    if files.is_empty() && super::is_of_this_machine(arguments) && of_machine.exists() {
        files.push(of_machine.to_owned());
    }
    if files.is_empty() {
        return Ok(None);
    }
    let mut erased = BTreeSet::new();
    for file in files {
        let cannot =
            |cause| Failure::from(format!("the file of erasures {} cannot be read: {cause}", file.display()));
        erased.extend(erasures::read(&file).map_err(cannot)?);
    }
    Ok(Some(erased))
}

/// What is to be restored, and where.
pub struct What<'a> {
    pub config: &'a Config,
    pub backup: &'a Backup,
    pub database: &'a str,
    /// The key of age.
    pub identity: Option<&'a str>,
    pub erased: &'a BTreeSet<Id>,
}

pub struct Restored {
    /// The names of the rules that do not hold.
    pub broken: Vec<&'static str>,
    settled: Settled,
    accounts: Accounts,
    /// What the running database has and this has not; None where it cannot be read.
    lost: Option<Vec<String>>,
    made: String,
}

impl What<'_> {
    /// Restores it into a database of its own, to stay.
    fn restore(&self) -> Result<Restored, Failure> {
        let (mut conn, restored) = self.load()?;
        place::finish(&mut conn, self.database)?;
        Ok(restored)
    }

    /// Restores it, sees whether it is whole, and clears it away.
    pub fn try_out(&self) -> Result<Restored, Failure> {
        let loaded = self.load().map(|(_, restored)| restored);
        let cleared = self.server()?.connect().map_err(Failure::from);
        let cleared = cleared.and_then(|mut conn| place::give_up(&mut conn, self.database));
        let restored = loaded?;
        cleared?;
        Ok(restored)
    }

    fn server(&self) -> Result<Servers, Failure> {
        let servers = Servers::parse(&self.config.database_url)?;
        Ok(servers.with(|options| options.db_name(None::<String>)))
    }

    /// Returns the connection that holds the place.
    fn load(&self) -> Result<(Conn, Restored), Failure> {
        let Backup { file, manifest } = self.backup;
        check(self.backup)?;
        let servers = self.server()?;
        let (mut conn, login) = servers.connect_with_login().map_err(super::no_database)?;
        let client = Client::new(&mut conn, &login)?;
        place::take(&mut conn, self.database)?;
        seal::open(file, self.identity, |from| client.load(self.database, &mut MultiGzDecoder::new(from)))?;
        let database_url = with_database(&self.config.database_url, self.database);
        let config = Config { database_url, database_connections: 1, ..self.config.clone() };
        let mut loaded = super::connect(&config)?;
        let wrong = manifest.disagreements(&manifest::figures(&mut loaded)?);
        if !wrong.is_empty() {
            return Err(format!("what was loaded is not what the manifest says: {}", wrong.join("; ")).into());
        }
        let heads = lost::heads(&mut loaded)?;
        migrations::migrate(&mut loaded, &mut super::connect(&config)?, MIGRATIONS)?;
        super::require_current_schema(&config)?;
        let app = App::new(config)?;
        search_text::write(&app, Rows::Missing)?;
        let settled = settle::settle(&app, &mut loaded, self.erased)?;
        let mut running = self.running();
        let accounts = accounts::settle(&mut loaded, running.as_mut())?;
        let numbers =
            running.as_mut().and_then(|conn| manifest::highest_numbers(conn).ok()).unwrap_or_default();
        settle::raise_numbers(&mut loaded, &[&manifest.highest_numbers, &numbers])?;
        let mut broken = Vec::new();
        for invariant in INVARIANTS {
            if !violations(&mut loaded, invariant)?.rows.is_empty() {
                broken.push(invariant.name);
            }
        }
        let lost = running.as_mut().and_then(|conn| lost::since(conn, heads).ok());
        let made = format!("{} of {}", manifest.kind, manifest.began_at);
        Ok((conn, Restored { broken, settled, accounts, lost, made }))
    }

    /// The database that the shop uses, where it is another one and can be used.
    fn running(&self) -> Option<Conn> {
        let mut conn = db::connect_alone(&self.config.database_url).ok()?;
        let name: Option<String> = conn.query_first("SELECT DATABASE()").ok()?;
        (name.as_deref() != Some(self.database)).then_some(conn)
    }
}

/// Whether a file is what its manifest says, and can be read by this program.
fn check(Backup { file, manifest }: &Backup) -> Result<(), Failure> {
    let last = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if manifest.migration > last {
        return Err(format!(
            "the backup was made by a later release ({}), with {}; install that release, or a later one",
            manifest.program, manifest.migration_name
        )
        .into());
    }
    let (sha256, bytes) =
        manifest::digest(file).map_err(|cause| format!("{} cannot be read: {cause}", file.display()))?;
    if (sha256.as_str(), bytes) != (&*manifest.sha256, manifest.bytes) {
        return Err(format!(
            "{} is damaged: it is not the file of {} bytes that its manifest describes; take another backup, or its copy",
            file.display(),
            manifest.bytes
        )
        .into());
    }
    Ok(())
}

impl Restored {
    /// Whether there is nothing left for a person to set right.
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty() && self.settled.not_erased.is_empty()
    }

    fn print(&self, database: &str, config: &Config) {
        let Settled { sessions, keys, webhooks, erased, not_erased } = &self.settled;
        println!("restored the backup {} into {database}", self.made);
        println!(
            "ended {sessions} sessions and revoked {keys} keys: who logs in, logs in anew, and programs need new keys"
        );
        match &self.accounts {
            Accounts::AsNow(0) => {}
            Accounts::AsNow(changed) => println!(
                "brought {changed} accounts up to what they are now: role, password, and whether they may log in"
            ),
            Accounts::AsThen(staff) => println!(
                "staff are as they were then: {}; disable who has left since with PATCH /staff/{{id}}",
                staff.join(", ")
            ),
        }
        if *webhooks > 0 {
            println!(
                "paused {webhooks} webhooks: look whether each is still wanted, and has the secret that its receiver knows"
            );
        }
        println!("erased {erased} customers again");
        for line in not_erased {
            println!("NOT ERASED  {line} Their account is removed; erase them once that is done");
        }
        println!(
            "new numbers begin 1,000,000 beyond the highest that is known, and positions in the feed are refused"
        );
        for name in &self.broken {
            println!("BROKEN  {name}");
        }
        match self.broken.len() {
            0 => println!("all {} invariants hold", INVARIANTS.len()),
            broken => {
                println!("{broken} of {} invariants are broken; see storekeeper verify", INVARIANTS.len())
            }
        }
        match &self.lost {
            None => println!(
                "the database that the shop uses cannot be read, so nobody can say what came after the backup"
            ),
            Some(lost) if lost.is_empty() => {
                println!("the database that the shop uses has nothing that this has not")
            }
            Some(lost) => {
                for line in lost {
                    println!("NOT IN THE BACKUP  {line}");
                }
            }
        }
        let setting = if config.admin_database_url.is_some() {
            "STOREKEEPER_DATABASE_URL and STOREKEEPER_ADMIN_DATABASE_URL name"
        } else {
            "STOREKEEPER_DATABASE_URL names"
        };
        println!("the shop is as it was; it uses {database} once {setting} it and the service is restarted");
    }
}
