//! The steps of setup outside of the database, and how they are undone.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::answers::Answers;
use super::database::{Server, Urls};
use super::{Place, TEMPLATE, check};
use crate::cli::{Failure, asking, settings_file, system_user};
use crate::values::ListenAddress;

pub const SERVICE_USER: &str = "storekeeper";
pub const ADMIN_USER: &str = "storekeeper-admin";
pub const SERVICE_URL: &str = "STOREKEEPER_DATABASE_URL";
pub const ADMIN_URL: &str = "STOREKEEPER_ADMIN_DATABASE_URL";

/// What is enabled once, with the service; whoever switches one off later keeps it off.
pub const UNITS: [&str; 7] = [
    "storekeeper.service",
    "storekeeper.socket",
    "storekeeper-prune.timer",
    "storekeeper-backup.timer",
    "storekeeper-restock.timer",
    "storekeeper-drill.timer",
    "storekeeper-deliver.service",
];
/// A service that starts on a busy machine needs some seconds.
const READY_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
pub const INTERNAL_SOCKET: &str = "/run/storekeeper/internal.sock";

/// What a run has made, and can unmake.
pub enum Made {
    /// The statement that takes it back.
    InDatabase(String),
    /// A file, and what was in it.
    File(PathBuf, Option<Vec<u8>>),
    /// It stays if somebody else has put something into it.
    Folder(PathBuf),
    /// The command that takes it back.
    InSystem(Vec<&'static str>),
}

#[derive(Default)]
pub struct Steps(Vec<Made>);

impl Steps {
    pub fn made(&mut self, made: Made) {
        self.0.push(made);
    }

    /// Takes back what was made, the last first. Returns what could not be.
    pub fn undo(&mut self, server: &mut Server) -> Vec<String> {
        let undo = |made: Made| match made {
            Made::InDatabase(sql) => {
                server.run(&sql).map_err(|Failure { message: cause, .. }| format!("{sql}: {cause}"))
            }
            Made::File(path, before) => {
                put_back(&path, before).map_err(|Failure { message: cause, .. }| cause)
            }
            Made::Folder(path) => {
                println!("- rmdir {}", path.display());
                fs::remove_dir(&path).map_err(|cause| format!("{}: {cause}", path.display()))
            }
            Made::InSystem(command) => run(&command).map_err(|Failure { message: cause, .. }| cause),
        };
        self.0.drain(..).rev().map(undo).filter_map(Result::err).collect()
    }
}

/// Gives a file what was in it before, or removes it.
pub fn put_back(path: &Path, before: Option<Vec<u8>>) -> Result<(), Failure> {
    println!("- put {} back", path.display());
    let done = match before {
        Some(bytes) => fs::write(path, bytes),
        None => fs::remove_file(path),
    };
    done.map_err(|cause| format!("{}: {cause}", path.display()).into())
}

/// The users of the system that the service and its upkeep run as. A package has made them already.
pub fn system_users(steps: &mut Steps) -> Result<(), Failure> {
    const OPTIONS: [&str; 7] =
        ["useradd", "--system", "--user-group", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
    for (name, group) in [(SERVICE_USER, ""), (ADMIN_USER, SERVICE_USER)] {
        if system_user::ids(name).is_none() {
            let groups: &[&str] = if group.is_empty() { &[] } else { &["--groups", group] };
            run(&[&OPTIONS[..], groups, &[name]].concat())?;
            steps.made(Made::InSystem(vec!["userdel", name]));
        }
    }
    Ok(())
}

/// Writes both files of settings. What stands there already stays, but for what was answered.
pub fn write_settings(
    shop: &Place,
    answers: &Answers,
    urls: &Urls,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let of_service = [
        (SERVICE_URL, urls.service.as_str()),
        ("STOREKEEPER_CURRENCY", &answers.currency),
        ("STOREKEEPER_TIME_ZONE", &answers.time_zone),
        ("STOREKEEPER_SHOP_NAME", &answers.shop_name),
    ];
    write_file(shop, &shop.settings, TEMPLATE, &of_service, SERVICE_USER, steps)?;
    let of_admin = [(ADMIN_URL, urls.admin.as_str())];
    let template = "# What the service is not to know: how the tables are changed, for 'storekeeper migrate' and backups.\n";
    write_file(shop, &shop.admin_settings, template, &of_admin, ADMIN_USER, steps)?;
    check(&settings_file::read(&shop.settings)?.unwrap_or_default()).map(drop)
}

fn write_file(
    shop: &Place,
    path: &Path,
    template: &str,
    settings: &[(&str, &str)],
    group: &str,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let before = fs::read(path).ok();
    let there = settings_file::read(path)?.unwrap_or_default();
    let missing =
        |(name, value): &&(&str, &str)| !there.iter().any(|(known, set)| known == name && set == value);
    let settings: Vec<(&str, &str)> = settings.iter().filter(missing).copied().collect();
    if settings.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = settings.iter().map(|(name, _)| *name).collect();
    println!("- write {} to {}", names.join(", "), path.display());
    let in_words =
        |cause: std::io::Error| Failure::from(format!("{} cannot be written: {cause}", path.display()));
    if before.is_none() {
        if let Some(folder) = path.parent() {
            // What is relative ends with an empty path, the folder that one stands in.
            let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
            let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
            for path in missing.into_iter().rev() {
                fs::create_dir(path).map_err(in_words)?;
                steps.made(Made::Folder(path.to_owned()));
            }
        }
        // Nobody reads it before it has its owner.
        let mut file = fs::OpenOptions::new();
        let file = std::os::unix::fs::OpenOptionsExt::mode(file.write(true).create_new(true), 0o600);
        let mut file = file.open(path).map_err(in_words)?;
        steps.made(Made::File(path.to_owned(), None));
        file.write_all(template.as_bytes()).map_err(in_words)?;
        if shop.is_of_the_machine
            && let Some((_, gid)) = system_user::ids(group)
        {
            chown(path, Some(0), Some(gid)).map_err(in_words)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).map_err(in_words)?;
        }
    } else {
        steps.made(Made::File(path.to_owned(), before));
        let mode = fs::metadata(path).map_err(in_words)?.permissions().mode();
        if mode & 0o007 != 0 {
            println!("- chmod o= {}, which is going to hold what not everybody may read", path.display());
            fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o770)).map_err(in_words)?;
        }
    }
    settings_file::set(path, &settings).map_err(in_words)
}

/// Runs this program with a command of its own, which becomes the user that it needs.
fn own(shop: &Place, arguments: &[&str], input: Option<&str>) -> Result<(), Failure> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    // Nothing of what the environment says is meant for this shop.
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("STOREKEEPER_"))
    {
        command.env_remove(name);
    }
    println!("- storekeeper {}", arguments.join(" "));
    command.arg("--settings").arg(&shop.settings).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that refuses does not read it.
        let _ = writeln!(stdin, "{}", input.unwrap_or_default());
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("storekeeper: ").into())
}

pub fn migrate(shop: &Place) -> Result<(), Failure> {
    own(shop, &["migrate"], None)
}

pub fn first_manager(shop: &Place, answers: &Answers, password: &str) -> Result<(), Failure> {
    // A name may begin with a hyphen.
    own(shop, &["add-staff", "--", &answers.manager], Some(password))
}

/// Starts the service and its timers, the first time; later only the service, anew.
pub fn start(steps: &mut Steps) -> Result<(), Failure> {
    let enabled = Command::new("systemctl").args(["is-enabled", "--quiet", UNITS[0]]).status()?.success();
    if enabled {
        run(&["systemctl", "restart", UNITS[0]])?;
    } else {
        steps.made(Made::InSystem([&["systemctl", "disable", "--now"], &UNITS[..]].concat()));
        run(&[&["systemctl", "enable", "--now"], &UNITS[..]].concat())?;
    }
    let deadline = Instant::now() + READY_WITHIN;
    let internal = ListenAddress::Unix(INTERNAL_SOCKET.into());
    while !matches!(asking::get(&internal, "/readyz", "setup", ANSWER_WITHIN), Ok((200, _))) {
        if Instant::now() > deadline {
            return Err("the service is not ready; 'journalctl -u storekeeper' says why".into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Runs a command of the system, and says so.
pub fn run(command: &[&str]) -> Result<(), Failure> {
    println!("- {}", command.join(" "));
    let output = Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).output();
    let output = output.map_err(|cause| Failure::from(format!("{} cannot be run: {cause}", command[0])))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {}", command.join(" "), said.trim()).into())
}
