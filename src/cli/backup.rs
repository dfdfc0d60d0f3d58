//! `storekeeper backup`: the whole database in a file, with what is needed to trust it.
//!
//! The shop stays open: the dump is one snapshot. It is there whole or not at all: under another name until it is on the
//! disk, and without a manifest until it was read back.

pub mod client;
pub mod folder;
pub mod manifest;
pub mod seal;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use mysql::Conn;
use mysql::prelude::Queryable;

use self::client::Client;
use self::manifest::Manifest;
use self::seal::Sealing;
use super::arguments::Arguments;
use super::{Failure, Outcome};
use crate::app::Clock;
use crate::config::Config;
use crate::db;
use crate::servers::Servers;
use crate::upkeep::{self, Kind};
use crate::values::Timestamp;

/// Two weeks of nightly ones.
const KEPT: usize = 14;
/// What holds a table locked for longer holds up the shop as well.
const WAIT_SECONDS: u32 = 600;

pub fn run(arguments: &Arguments) -> Outcome {
    let kind = arguments.value("kind").unwrap_or("manual");
    if !(1..=20).contains(&kind.len()) || !kind.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err("--kind must be a word of small letters, such as nightly".into());
    }
    let keep = number(arguments, "keep", KEPT)?;
    let wait = number(arguments, "wait", WAIT_SECONDS as usize)?;
    let folder = Path::new(arguments.argument_if_given().unwrap_or(folder::DEFAULT));
    let config = super::admin_settings(arguments)?;
    let begun = Asked { config: &config, folder, kind, wait: u32::try_from(wait)? };
    let made = begun.make();
    // A backup that nobody is told of is one all the same.
    note(&config, Kind::Backup, "backup", made.as_ref().is_ok_and(|made| made.not_copied.is_none()));
    let made = made?;
    let removed = folder::rotate(folder, kind, keep)?;
    println!("wrote {} ({} bytes, {:.1} s)", made.file.display(), made.bytes, made.took.as_secs_f64());
    if removed > 0 {
        println!("removed {removed} older ones of the kind {kind}");
    }
    match made.not_copied {
        None => Ok(ExitCode::SUCCESS),
        Some(why) => {
            eprintln!("storekeeper: the backup was not copied: {why}");
            Ok(ExitCode::from(1))
        }
    }
}

fn number(arguments: &Arguments, option: &str, default: usize) -> Result<usize, Failure> {
    let Some(text) = arguments.value(option) else { return Ok(default) };
    let read = text.parse().ok().filter(|number| (1..=100_000).contains(number));
    read.ok_or_else(|| Failure::from(format!("--{option} must be a whole number from 1 to 100000")))
}

struct Asked<'a> {
    config: &'a Config,
    folder: &'a Path,
    kind: &'a str,
    /// Seconds.
    wait: u32,
}

struct Made {
    file: PathBuf,
    bytes: u64,
    took: Duration,
    not_copied: Option<String>,
}

impl Asked<'_> {
    fn make(&self) -> Result<Made, Failure> {
        let started = Instant::now();
        let servers = Servers::parse(&self.config.database_url)?;
        let (mut conn, login) = servers.connect_with_login().map_err(super::no_database)?;
        let client = Client::new(&mut conn, &login)?;
        folder::make(self.folder)?;
        let _lock = folder::lock(self.folder)?;
        folder::clear_remains(self.folder)?;
        let recipient = self.config.backup_encrypt_to.as_deref();
        let (at, file) = self.free_name(seal::suffix(recipient));
        let part = with_suffix(&file, ".part");
        let dumped = self.dump(&mut conn, &client, &part, at);
        let mut manifest = dumped.map_err(|Failure { message: cause, .. }| {
            let _ = fs::remove_file(&part);
            Failure::from(format!("{cause}; nothing was kept of it, and older backups are untouched"))
        })?;
        manifest.file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::rename(&part, &file)?;
        write_manifest(&manifest, &file)?;
        folder::sync(self.folder)?;
        drop(client);
        let not_copied = self.config.backup_copy.as_ref().and_then(|command| copy(command, &file).err());
        Ok(Made { file, bytes: manifest.bytes, took: started.elapsed(), not_copied })
    }

    /// Of one second there is one backup.
    fn free_name(&self, suffix: &str) -> (Timestamp, PathBuf) {
        loop {
            let at = Clock::default().now();
            let stem = folder::stem(self.kind, at);
            if !self.folder.join(format!("{stem}.json")).exists() {
                return (at, self.folder.join(format!("{stem}.sql.gz{suffix}")));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn dump(
        &self,
        conn: &mut Conn,
        client: &Client,
        part: &Path,
        at: Timestamp,
    ) -> Result<Manifest, Failure> {
        conn.query_drop(format!("SET SESSION lock_wait_timeout = {}", self.wait))?;
        let (server, database): (String, String) =
            conn.query_first("SELECT VERSION(), DATABASE()")?.ok_or("the server says nothing of itself")?;
        let last =
            "SELECT version, name FROM schema_migrations WHERE version > 0 ORDER BY version DESC LIMIT 1";
        let (migration, migration_name): (u32, String) = conn
            .query_first(last)
            .ok()
            .flatten()
            .ok_or_else(|| format!("the database {database} has no tables of Storekeeper"))?;
        let before = manifest::figures(conn)?;
        let file = File::options().write(true).create_new(true).mode(0o600).open(part);
        let file = file.map_err(|cause| format!("{} cannot be written: {cause}", part.display()))?;
        let sealing = Sealing::into(&file, self.config.backup_encrypt_to.as_deref())?;
        let mut compressed = GzEncoder::new(sealing, Compression::default());
        client.dump(&database, Duration::from_secs(self.wait.into()), &mut compressed)?;
        compressed.finish().map_err(|cause| format!("the backup cannot be written: {cause}"))?.finish()?;
        file.sync_all()?;
        let (sha256, bytes) = manifest::digest(part)?;
        Ok(Manifest {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            migration,
            migration_name,
            kind: self.kind.to_owned(),
            began_at: shown(at),
            ended_at: shown(Clock::default().now()),
            server,
            database,
            file: String::new(),
            bytes,
            sha256,
            before,
            after: manifest::figures(conn)?,
            highest_numbers: manifest::highest_numbers(conn)?,
        })
    }
}

fn shown(at: Timestamp) -> String {
    at.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn write_manifest(manifest: &Manifest, of: &Path) -> Result<(), Failure> {
    let path = folder::manifest_path(of).ok_or("no name for the manifest")?;
    let part = with_suffix(&path, ".part");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
    file.sync_all()?;
    fs::rename(part, path)?;
    Ok(())
}

/// Runs the shop's own program with the paths of the file and its manifest.
fn copy(command: &str, file: &Path) -> Result<(), String> {
    let mut words = command.split_whitespace();
    let program = words.next().ok_or("no program is named")?;
    let status = Command::new(program).args(words).arg(file).args(folder::manifest_path(file)).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program} ended with {status}")),
        Err(cause) => Err(format!("{program} cannot be run: {cause}")),
    }
}

/// Tells the shop, whose page of the day shows it.
pub fn note(config: &Config, kind: Kind, command: &'static str, succeeded: bool) {
    let told = db::connect_alone(&config.database_url).and_then(|mut conn| {
        let db = &mut db::Connection::alone(&mut conn);
        upkeep::note(db, kind, Clock::default().now(), command, succeeded)
    });
    if let Err(cause) = told {
        eprintln!("storekeeper: warning: the shop was not told: {cause}");
    }
}
