//! `storekeeper backup`: a file that holds all that was acknowledged before it, or none.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use mysql::prelude::Queryable;
use serde_json::{Value, json};

use super::{count, empty_database, migrated_database};
use crate::dialects::client_programs;
use crate::fixtures::{unique, until};
use crate::harness::{self, Shop, shared_mariadb};
use crate::program::{Ended, run_command};
use crate::servers::Port;

/// Stands for what dumps the database, where it must go wrong.
const CUT_OFF: &str = "echo 'CREATE TABLE orders (id INT)'";
const FAILS: &str = "echo 'Got error: 2013' >&2; exit 2";
const HANGS: &str = "echo 'CREATE TABLE orders (id INT)'; exec sleep 60";

/// A folder for backups, which goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let folder = env::temp_dir().join(unique(&format!("storekeeper-backups-{}", std::process::id())));
        fs::create_dir_all(&folder).expect("a folder of our own");
        Folder(folder)
    }

    /// The program with these arguments and the folder behind them.
    pub fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = harness::storekeeper(url);
        command.args(arguments).arg(self.0.join("kept"));
        command
    }

    pub fn backup(&self, url: &str, arguments: &[&str]) -> Ended {
        run_command(&mut self.command(url, &[&["backup"], arguments].concat()))
    }

    /// Has the command find a program of this name that does this.
    pub fn stand_in(&self, command: &mut Command, name: &str, script: &str) {
        let programs = self.0.join(unique("programs"));
        fs::create_dir_all(&programs).expect("a folder of our own");
        let path = programs.join(name);
        let version = if name.starts_with("mariadb") { "from 10.11.6-MariaDB" } else { "Ver 8.0.17" };
        let version = format!("[ \"$1\" != --version ] || {{ echo {version}; exit; }}");
        fs::write(&path, format!("#!/bin/sh\n{version}\n{script}\n")).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        let mut places = vec![programs];
        places.extend(env::split_paths(&env::var_os("PATH").expect("a PATH")));
        command.env("PATH", env::join_paths(places).expect("a PATH"));
    }

    /// All that lies among the backups, by name.
    pub fn names(&self) -> Vec<String> {
        let Ok(found) = fs::read_dir(self.0.join("kept")) else { return Vec::new() };
        let mut names: Vec<String> =
            found.map(|entry| entry.expect("a file").file_name().into_string().expect("a name")).collect();
        names.retain(|name| name != ".lock");
        names.sort();
        names
    }

    /// The newest backup.
    pub fn newest(&self) -> PathBuf {
        let names = self.names();
        let last = names.iter().rev().find(|name| name.contains(".sql.gz"));
        self.0.join("kept").join(last.expect("a backup"))
    }

    pub fn manifest(&self) -> (PathBuf, Value) {
        let file = self.newest().display().to_string();
        let (stem, _) = file.split_once(".sql.gz").expect("its name");
        let path = PathBuf::from(format!("{stem}.json"));
        let manifest = serde_json::from_slice(&fs::read(&path).expect("a manifest"));
        (path, manifest.expect("JSON"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn last_backup(shop: &Shop) -> Value {
    shop.staff().get("/today").expect(200).body["last_backup"]["succeeded"].clone()
}

#[test]
fn a_backup_under_load_holds_all_that_was_acknowledged_before_it() {
    let (shop, folder) = (Shop::open(), Folder::new());
    let staff = shop.staff();
    let product = shop.product(&staff, 100_000);
    let (stop, mut acknowledged) = (AtomicBool::new(false), 0);
    thread::scope(|scope| {
        for _ in 0..3 {
            let (client, stop) = (shop.guest().client, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    client.order(&[(product, 1)]).expect(201);
                }
            });
        }
        until("no orders are placed", || count(&mut shop.sql(), "orders") >= 50);
        acknowledged = shop.guest().client.order(&[(product, 1)]).expect(201).id();
        let made = folder.backup(&shop.database_url, &["--kind", "nightly"]);
        stop.store(true, Ordering::Relaxed);
        let said = made.expect_success();
        assert!(said.starts_with("wrote ") && said.contains("storekeeper-nightly-"), "{said}");
    });
    assert_eq!(last_backup(&shop), json!(true));
    let (path, manifest) = folder.manifest();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    assert_eq!(fs::metadata(folder.newest()).unwrap().permissions().mode() & 0o077, 0);
    assert_eq!(manifest["program"], env!("CARGO_PKG_VERSION"));
    assert!(manifest["before"]["rows"]["orders"].as_u64() <= manifest["after"]["rows"]["orders"].as_u64());
    assert!(manifest["highest_numbers"]["orders"].as_u64() >= Some(acknowledged));

    let name = unique("restored").replace('-', "_");
    let file = folder.newest().display().to_string();
    let restored =
        crate::program::run(&shop.database_url, &["restore", &file, "--into", &name, "--without-erasures"]);
    restored.expect_success();
    let mut sql = shared_mariadb().connect(&name);
    assert_eq!(count(&mut sql, &format!("orders WHERE id = {acknowledged}")), 1);
    assert_eq!(
        count(&mut sql, &format!("orders WHERE id <= {acknowledged}")),
        count(&mut shop.sql(), &format!("orders WHERE id <= {acknowledged}"))
    );
}

#[test]
fn a_dump_that_breaks_off_is_no_backup_and_the_shop_is_told() {
    let (shop, folder) = (Shop::open(), Folder::new());
    folder.backup(&shop.database_url, &[]).expect_success();
    let before = folder.names();
    for (broken, why) in
        [(FAILS, "2013"), (CUT_OFF, "ended early"), ("exit 0", "ended early"), (HANGS, "1 seconds")]
    {
        let mut command = folder.command(&shop.database_url, &["backup", "--wait", "1"]);
        folder.stand_in(&mut command, client_programs()[0], broken);
        let refused = run_command(&mut command).expect_refusal();
        assert!(refused.contains(why) && refused.contains("nothing was kept"), "{refused}");
        assert_eq!((folder.names(), last_backup(&shop)), (before.clone(), json!(false)));
    }
    folder.backup(&shop.database_url, &[]).expect_success();
    assert_eq!(last_backup(&shop), json!(true));
}

#[test]
fn a_backup_waits_behind_a_lock_only_so_long() {
    let ((url, mut sql), folder) = (migrated_database(), Folder::new());
    sql.query_drop("LOCK TABLES orders WRITE").unwrap();
    let started = Instant::now();
    let refused = folder.backup(&url, &["--wait", "1"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("nothing was kept"), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(20) && folder.names().is_empty());
    sql.query_drop("UNLOCK TABLES").unwrap();
    folder.backup(&url, &[]).expect_success();
}

#[test]
fn each_kind_keeps_its_own() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &["--kind", "nightly"]).expect_success();
    for _ in 0..3 {
        folder.backup(&url, &["--kind", "upgrade", "--keep", "2"]).expect_success();
    }
    // What is not of our making stays.
    let others =
        ["storekeeper-20300131T034000Z.sql.gz", "notes.part", "storekeeper-nightly-yesterday.sql.gz"];
    for name in others {
        fs::write(folder.0.join("kept").join(name), "").unwrap();
    }
    folder.backup(&url, &["--kind", "nightly"]).expect_success();
    let names = folder.names();
    let of =
        |kind: &str| names.iter().filter(|name| name.starts_with(&format!("storekeeper-{kind}-20"))).count();
    assert_eq!((of("nightly"), of("upgrade")), (4, 4), "{names:?}");
    assert!(others.iter().all(|name| names.iter().any(|kept| kept == name)), "{names:?}");
    for wrong in [["--kind", "Nightly"], ["--kind", "../x"], ["--keep", "0"], ["--wait", "soon"]] {
        folder.backup(&url, &wrong).expect_refusal();
    }
}

#[test]
fn the_server_of_the_address_is_saved_and_no_other() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    let name = url.split(['/', '?']).nth(3).expect("the database").to_owned();
    let port = Port::to(shared_mariadb());
    folder.backup(&format!("mysql://root@127.0.0.1:{}/{name}", port.number), &[]).expect_success();
    assert_eq!(folder.manifest().1["database"], name);
    folder.backup(&format!("mysql://root@127.0.0.1:1,127.0.0.1:{}/{name}", port.number), &[]);
    assert_eq!(folder.names().len(), 4);
    let refused = folder.backup(&format!("mysql://root@127.0.0.1:1/{name}"), &[]);
    assert_eq!((refused.code, folder.names().len()), (Some(2), 4), "{refused:?}");
    let (empty, _) = empty_database();
    let refused = folder.backup(&empty, &[]);
    assert!(refused.err.contains("no tables of Storekeeper") && folder.names().len() == 4, "{refused:?}");
}

/// Who makes backups need only read, and write down that they did.
#[test]
fn a_user_who_may_only_read_makes_backups_and_a_password_may_hold_anything() {
    let ((url, mut sql), folder) = (migrated_database(), Folder::new());
    let user = unique("reader").replace('-', "_");
    let name: String = sql.query_first("SELECT DATABASE()").unwrap().unwrap();
    let password = r#"a"b\c#d e'f=%"#;
    let quoted = mysql::Value::from(password).as_sql(false);
    sql.query_drop(format!("CREATE USER {user}@localhost IDENTIFIED BY {quoted}")).unwrap();
    sql.query_drop(format!("GRANT SELECT ON {name}.* TO {user}@localhost")).unwrap();
    sql.query_drop(format!("GRANT INSERT, DELETE ON {name}.upkeep TO {user}@localhost")).unwrap();
    let encoded = "a%22b%5Cc%23d%20e%27f%3D%25";
    let of_user = |password: &str| url.replace("root@", &format!("{user}:{password}@"));
    folder.backup(&of_user(encoded), &[]).expect_success();
    assert_eq!(count(&mut sql, "upkeep WHERE kind = 'backup' AND succeeded = 1"), 1);

    let mut command = folder.command(&of_user(encoded), &["backup"]);
    let seen = folder.0.join("seen");
    let script = format!("echo \"$@\" >{0}; tr '\\0' ' ' </proc/$$/environ >>{0}; exit 1", seen.display());
    folder.stand_in(&mut command, client_programs()[0], &script);
    command.env_remove("STOREKEEPER_DATABASE_URL").arg("--settings").arg(folder.0.join("env"));
    fs::write(folder.0.join("env"), format!("STOREKEEPER_DATABASE_URL={}\n", of_user(encoded))).unwrap();
    run_command(&mut command).expect_refusal();
    let seen = fs::read_to_string(seen).unwrap();
    assert!(
        seen.contains("--single-transaction") && !seen.contains("c#d") && !seen.contains(encoded),
        "{seen}"
    );

    let refused = folder.backup(&of_user("wrong"), &[]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("Access denied") && !refused.err.contains("wrong@"), "{refused:?}");
    sql.query_drop(format!("DROP USER {user}@localhost")).unwrap();
}

#[test]
fn there_is_one_at_a_time_and_what_a_killed_one_left_is_cleared_away() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    folder.backup(&url, &[]).expect_success();
    let before = folder.names();
    let mut command = folder.command(&url, &["backup"]);
    folder.stand_in(&mut command, client_programs()[0], HANGS);
    let mut hanging = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("nothing is begun", || folder.names().iter().any(|name| name.ends_with(".part")));
    let refused = folder.backup(&url, &[]);
    assert!(refused.code == Some(2) && refused.err.contains("another backup"), "{refused:?}");
    hanging.kill().unwrap();
    hanging.wait().unwrap();
    assert!(folder.names().len() > before.len());
    folder.backup(&url, &["--kind", "nightly"]).expect_success();
    let names = folder.names();
    assert_eq!(names.len(), before.len() + 2, "{names:?}");
    assert!(before.iter().all(|name| names.contains(name)), "{names:?}");
}

/// Stands for age: what it encrypts is not what it was given, and it decrypts with the right key only.
const AGE: &str = "case $1 in
    --encrypt) [ \"$3\" = age1shop ] && exec base64;;
    --decrypt) grep -q right \"$3\" && exec base64 -d;;
esac; echo 'age: error: no identity matched' >&2; exit 1";

#[test]
fn a_backup_is_encrypted_and_copied_as_the_shop_says() {
    let ((url, mut sql), folder) = (migrated_database(), Folder::new());
    let elsewhere = folder.0.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let backup = |recipient: &str, copy: &str| {
        let mut command = folder.command(&url, &["backup"]);
        folder.stand_in(&mut command, "age", AGE);
        run_command(
            command.env("STOREKEEPER_BACKUP_ENCRYPT_TO", recipient).env("STOREKEEPER_BACKUP_COPY", copy),
        )
    };
    backup("age1shop", &format!("cp -t {}", elsewhere.display())).expect_success();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 2);
    let file = folder.newest();
    assert_eq!(file.extension().unwrap(), "age");
    let told = |sql: &mut mysql::Conn, succeeded| {
        count(sql, &format!("upkeep WHERE kind = 'backup' AND succeeded = {succeeded}"))
    };
    assert_eq!((told(&mut sql, 1), told(&mut sql, 0)), (1, 0));

    let not_copied = backup("age1shop", "false");
    assert_eq!(not_copied.code, Some(1), "{not_copied:?}");
    assert!(not_copied.err.contains("not copied"), "{not_copied:?}");
    assert_eq!((told(&mut sql, 1), told(&mut sql, 0), folder.names().len()), (1, 1, 4));
    let refused = backup("age1other", "true").expect_refusal();
    assert!(refused.contains("no identity matched") && folder.names().len() == 4, "{refused}");

    let restore = |key: Option<&str>| {
        let mut command = harness::storekeeper(&url);
        let name = unique("decrypted").replace('-', "_");
        command.arg("restore").arg(&file).args(["--into", &name, "--without-erasures"]);
        if let Some(key) = key {
            fs::write(folder.0.join("key"), key).unwrap();
            command.arg("--identity").arg(folder.0.join("key"));
        }
        folder.stand_in(&mut command, "age", AGE);
        run_command(&mut command)
    };
    assert!(restore(None).expect_refusal().contains("--identity"));
    assert!(restore(Some("wrong")).expect_refusal().contains("no identity matched"));
    restore(Some("right")).expect_success();
}

#[test]
fn programs_that_are_missing_are_named() {
    let ((url, _), folder) = (migrated_database(), Folder::new());
    let [dump, _] = client_programs();
    let nothing = Path::new("/nowhere");
    let refused = run_command(folder.command(&url, &["backup"]).env("PATH", nothing)).expect_refusal();
    assert!(refused.contains("is missing") && refused.contains(dump), "{refused}");
    let mut command = folder.command(&url, &["backup"]);
    let programs = folder.0.join("programs");
    fs::create_dir(&programs).unwrap();
    let path = env::var_os("PATH").expect("a PATH");
    let found = env::split_paths(&path).map(|folder| folder.join(dump)).find(|path| path.exists());
    std::os::unix::fs::symlink(found.expect("the database's own programs"), programs.join(dump)).unwrap();
    command.env("PATH", programs).env("STOREKEEPER_BACKUP_ENCRYPT_TO", "age1shop");
    let refused = run_command(&mut command).expect_refusal();
    assert!(refused.contains("age is missing") && folder.names().is_empty(), "{refused}");
}
