//! `storekeeper setup` on a database server of its own, as its administrator.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use crate::dialects::is_mariadb;
use crate::fixtures::unique;
use crate::harness::{self, shared_mariadb};
use crate::program::{Ended, run_command_with_input};
use crate::servers::Port;

const PASSWORD: &str = "a password of the first manager";

/// A shop to be made: its settings and its database, and how setup is called.
struct New {
    settings: PathBuf,
    database: String,
}

impl New {
    fn shop() -> New {
        let database = unique("setup").replace('-', "_");
        let settings = shared_mariadb().folder.join(&database).join("env");
        New { settings, database }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // What the environment says is another shop's.
        let mut command = harness::storekeeper("mysql://nobody@127.0.0.1:1/nowhere");
        command.arg("--settings").arg(&self.settings).args(arguments);
        command
    }

    /// Waits until no other test sets up a shop.
    fn set_up(&self, more: &[&str], input: &str) -> Ended {
        wait_for_turn(|| self.set_up_now(more, input))
    }

    fn set_up_now(&self, more: &[&str], input: &str) -> Ended {
        let server = shared_mariadb().url("mysql");
        let mut command = self.command(&["setup", "--server", &server, "--database", &self.database]);
        run_command_with_input(command.args(["--manager", "anna"]).args(more), input)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.settings.with_file_name(file)).expect("a file of settings")
    }

    fn databases_and_users(&self) -> (Vec<String>, Vec<String>) {
        let mut sql = shared_mariadb().connect("mysql");
        let databases = format!("SHOW DATABASES LIKE '{}'", self.database);
        let users = format!("SELECT user FROM mysql.user WHERE user LIKE '{}%' ORDER BY user", self.database);
        (sql.query(databases).unwrap(), sql.query(users).unwrap())
    }
}

/// Tests share a server, on which one shop at a time is set up.
fn wait_for_turn(mut run: impl FnMut() -> Ended) -> Ended {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let ended = run();
        if !ended.err.contains("another storekeeper setup") || Instant::now() > deadline {
            return ended;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_shop_is_made_and_made_again_without_a_change() {
    let new = New::shop();
    let options = ["--currency", "SEK", "--time-zone", "Europe/Stockholm", "--shop-name", "Tea & \"Cups\""];
    let first = new.set_up(&options, PASSWORD).expect_success();
    assert!(!first.contains(PASSWORD) && first.contains("anna logs in at /desk"), "{first}");
    let files = [new.text("env"), new.text("admin.env")];
    for wanted in ["STOREKEEPER_CURRENCY=SEK\n", "STOREKEEPER_TIME_ZONE=Europe/Stockholm\n"] {
        assert!(files[0].contains(wanted), "{}", files[0]);
    }
    // No secret is told, and nobody else may read one.
    let (_, rest) =
        files[0].split_once(&format!("mysql://{}:", new.database)).expect("the service's address");
    let secret = rest.split('@').next().expect("a password");
    assert!(secret.len() >= 32 && !first.contains(secret), "{first}");
    for file in ["env", "admin.env"] {
        let mode = fs::metadata(new.settings.with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(!files[0].contains("ADMIN"), "{}", files[0]);

    // The tables are there, the service's user may work with them, and may not change them.
    let verified = run_command_with_input(&mut new.command(&["verify"]), "").expect_success();
    assert!(verified.contains("invariants hold"), "{verified}");
    let url = files[0].lines().find_map(|line| line.strip_prefix("STOREKEEPER_DATABASE_URL=")).unwrap();
    let mut service = storekeeper::db::connect_alone(url).expect("the service's user");
    assert_eq!(service.query_first::<u64, _>("SELECT COUNT(*) FROM accounts").unwrap(), Some(1));
    service.query_drop("ALTER TABLE accounts ADD COLUMN more INT").expect_err("only the other may");

    // Once more, without a password, since the manager is there.
    let second = new.set_up(&["--yes"], "").expect_success();
    assert!(!second.contains("add-staff") && !second.contains("write "), "{second}");
    assert_eq!([new.text("env"), new.text("admin.env")], files);
}

#[test]
fn what_a_run_that_fails_has_made_is_unmade() {
    let new = New::shop();
    let mut sql = shared_mariadb().connect("mysql");
    fs::create_dir_all(new.settings.with_file_name("admin.env")).expect("a folder in the way of a file");
    let refused = new.set_up(&[], PASSWORD);
    assert_eq!(refused.code, Some(2), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("undone"), "{}", refused.err);
    assert_eq!(new.databases_and_users(), (vec![], vec![]));
    assert!(!new.settings.exists());

    // So are the folders. The name of the second file would be too long.
    let mut long = New::shop();
    long.settings.set_file_name(format!("new/{}", "e".repeat(253)));
    assert!(long.set_up(&[], PASSWORD).err.contains("undone"));
    assert!(!long.settings.ancestors().nth(2).unwrap().exists());

    // A database that was there before stays.
    sql.query_drop(format!("CREATE DATABASE {}", new.database)).unwrap();
    assert_eq!(new.set_up(&[], PASSWORD).code, Some(2));
    assert_eq!(new.databases_and_users(), (vec![new.database.clone()], vec![]));

    fs::remove_dir(new.settings.with_file_name("admin.env")).unwrap();
    new.set_up(&[], PASSWORD).expect_success();
}

#[test]
fn settings_that_everybody_may_read_are_closed_before_a_password_stands_there() {
    let new = New::shop();
    fs::create_dir_all(new.settings.parent().expect("a folder")).unwrap();
    fs::write(&new.settings, "# mine\nSTOREKEEPER_LOCALE=sv-SE\n").unwrap();
    fs::set_permissions(&new.settings, fs::Permissions::from_mode(0o644)).unwrap();
    let said = new.set_up(&[], PASSWORD).expect_success();
    assert!(said.contains("chmod o="), "{said}");
    assert_eq!(fs::metadata(&new.settings).unwrap().permissions().mode() & 0o777, 0o640);
    let text = new.text("env");
    assert!(text.starts_with("# mine\nSTOREKEEPER_LOCALE=sv-SE\n") && text.contains("mysql://"), "{text}");
}

#[test]
fn what_others_have_on_the_server_stays_theirs() {
    let mut sql = shared_mariadb().connect("mysql");
    // A user of another program, one with tables, and what the server keeps for itself.
    let [user, tables] = [New::shop(), New::shop()];
    sql.query_drop(format!("CREATE USER {}@localhost IDENTIFIED BY 'theirs'", user.database)).unwrap();
    sql.query_drop(format!("CREATE DATABASE {}", tables.database)).unwrap();
    sql.query_drop(format!("CREATE TABLE {}.wp_posts (id INT PRIMARY KEY)", tables.database)).unwrap();
    let known = format!(
        "SELECT GROUP_CONCAT(user, host, authentication_string ORDER BY 1) FROM mysql.user
         WHERE user IN ('root', 'root-admin', 'mysql', 'mysql-admin', 'sys', '{user}', '{user}-admin', '{tables}', '{tables}-admin')",
        user = user.database,
        tables = tables.database
    );
    let before: Option<String> = sql.query_first(&known).unwrap();
    for new in [&user, &tables] {
        let refused = new.set_up(&[], PASSWORD);
        assert_eq!(refused.code, Some(2), "{}", refused.out);
        assert!(refused.err.contains("--database"), "{}", refused.err);
    }
    for database in ["mysql", "sys", "root", "information_schema"] {
        let mut new = New::shop();
        new.database = database.to_owned();
        assert_eq!(new.set_up(&[], PASSWORD).code, Some(2), "{database}");
        assert!(!new.settings.exists());
    }
    assert_eq!(sql.query_first::<String, _>(&known).unwrap(), before);

    // Who may work with what is restored of a shop would work with one that is called so.
    let tea = New::shop();
    tea.set_up(&[], PASSWORD).expect_success();
    let mut below = New::shop();
    below.database = format!("{}_two", tea.database);
    assert!(below.set_up(&[], PASSWORD).err.contains("could work with"));
}

#[test]
fn a_shop_stays_where_it_is_and_one_folder_may_hold_the_settings_of_two() {
    let [mut one, mut two] = [New::shop(), New::shop()];
    one.settings.set_file_name("one.env");
    two.settings = one.settings.with_file_name("two.env");
    for new in [&one, &two] {
        new.set_up(&[], PASSWORD).expect_success();
    }
    let admin = one.text("one.env.admin");
    assert!(admin.contains(&format!("/{}?", one.database)), "{admin}");
    // Without its name the database is that of the settings, and another one is refused.
    let server = shared_mariadb().url("mysql");
    let before = [one.text("one.env"), admin];
    let again = ["setup", "--server", &server, "--yes"];
    wait_for_turn(|| run_command_with_input(&mut one.command(&again), "")).expect_success();
    let mut moved = New::shop();
    moved.settings.clone_from(&one.settings);
    assert!(moved.set_up(&[], PASSWORD).err.contains(&one.database));
    // Also where they name several servers.
    let several = New::shop();
    fs::create_dir_all(several.settings.parent().unwrap()).unwrap();
    fs::write(&several.settings, "STOREKEEPER_DATABASE_URL=mysql://shop@127.0.0.1:1,127.0.0.1:2/tea\n")
        .unwrap();
    assert!(several.set_up(&[], PASSWORD).err.contains("the database tea;"));
    assert_eq!([one.text("one.env"), one.text("one.env.admin")], before);
}

#[test]
fn of_two_runs_at_once_one_waits_its_turn() {
    let mut sql = shared_mariadb().connect("mysql");
    let new = New::shop();
    let deadline = Instant::now() + Duration::from_secs(60);
    while sql.query_first::<u8, _>("SELECT GET_LOCK('storekeeper setup', 1)").unwrap() != Some(1) {
        assert!(Instant::now() < deadline, "another test holds it");
    }
    assert!(new.set_up_now(&[], PASSWORD).err.contains("another storekeeper setup"));
    sql.query_drop("DO RELEASE_LOCK('storekeeper setup')").unwrap();
    new.set_up(&[], PASSWORD).expect_success();
}

#[test]
fn a_manager_may_be_called_like_an_option() {
    let new = New::shop();
    let server = shared_mariadb().url("mysql");
    let arguments = ["setup", "--server", &server, "--database", &new.database, "--manager=--help"];
    wait_for_turn(|| run_command_with_input(&mut new.command(&arguments), PASSWORD)).expect_success();
    let mut sql = shared_mariadb().connect(&new.database);
    assert_eq!(
        sql.query_first::<String, _>("SELECT username FROM accounts").unwrap().as_deref(),
        Some("--help")
    );
}

#[test]
fn of_several_servers_all_stand_in_the_settings() {
    let (new, port) = (New::shop(), Port::to(shared_mariadb()));
    let hosts = format!("127.0.0.1:1,127.0.0.1:{}", port.number);
    let server = format!("mysql://root@{hosts}/mysql?prefer_socket=false");
    let arguments = ["setup", "--server", &server, "--database", &new.database, "--manager", "anna"];
    // The administrator has no password.
    let input = format!("\n{PASSWORD}");
    let made = wait_for_turn(|| run_command_with_input(&mut new.command(&arguments), &input));
    if !is_mariadb(&mut shared_mariadb().connect("mysql")) {
        // The port leads to the server's socket, where MySQL asks for the password itself; a client at a port sends it
        // to nobody before it has the server's key. Then nothing of the shop is left.
        assert_eq!(made.code, Some(2), "{made:?}");
        assert!(made.err.contains("Access denied") && made.err.contains("undone"), "{made:?}");
        return assert_eq!(new.databases_and_users(), (vec![], vec![]));
    }
    made.expect_success();
    for (file, user) in [("env", new.database.clone()), ("admin.env", format!("{}-admin", new.database))] {
        let (text, wanted) = (new.text(file), format!("mysql://{user}:"));
        let (_, rest) = text.split_once(&wanted).unwrap_or_else(|| panic!("{wanted} in {text}"));
        let (_, rest) = rest.split_once('@').expect("a password");
        assert!(rest.starts_with(&format!("{hosts}/{}?prefer_socket=false\n", new.database)), "{rest}");
    }
    // The first one is not there, which a warning says.
    let verified = run_command_with_input(&mut new.command(&["verify"]), "");
    assert!(verified.out.contains("invariants hold") && verified.code == Some(0), "{verified:?}");
}

#[test]
fn settings_may_be_named_from_where_one_stands() {
    let new = New::shop();
    let folder = new.settings.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    let server = shared_mariadb().url("mysql");
    for settings in ["env", "a/b/env"] {
        let database = unique("setup").replace('-', "_");
        let mut command = harness::storekeeper("mysql://nobody@127.0.0.1:1/nowhere");
        command.current_dir(folder).args(["--settings", settings, "setup", "--server", &server]);
        command.args(["--database", &database, "--manager", "anna"]);
        wait_for_turn(|| run_command_with_input(&mut command, PASSWORD)).expect_success();
        assert!(folder.join(settings).exists(), "{settings}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let new = New::shop();
    let refusals: [(&[&str], &str, &str); 6] = [
        (&["--currency", "euro"], PASSWORD, "--currency"),
        (&["--time-zone", "Europe/Atlantis"], PASSWORD, "--time-zone"),
        (&["--shop-name", " "], PASSWORD, "--shop-name"),
        (&["--manager", "anna smith"], PASSWORD, "--manager"),
        (&["--database", "a-b"], PASSWORD, "--database"),
        (&[], "short", "the password"),
    ];
    for (more, input, named) in refusals {
        let refused = new.set_up(more, input);
        assert_eq!(refused.code, Some(2), "{more:?}");
        assert!(refused.err.contains(named) && !refused.err.contains(input), "{}", refused.err);
    }
    assert_eq!(new.databases_and_users(), (vec![], vec![]));
    let mut elsewhere = new.command(&["setup", "--server", "mysql://root@127.0.0.1:1/mysql", "--yes"]);
    let refused = run_command_with_input(&mut elsewhere, "s3cret of the administrator\n");
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("database server") && !refused.err.contains("s3cret"), "{}", refused.err);
    for (server, said) in [
        ("db.example", "must look like"),
        ("mysql://root@db.example", "must look like"),
        ("mysql://db.example/mysql", "who its administrator is"),
        ("mysql://root:1/2@127.0.0.1:1/mysql", "%2F"),
    ] {
        let refused = run_command_with_input(&mut new.command(&["setup", "--server", server, "--yes"]), "");
        assert!(refused.err.contains(said) && !refused.err.contains("1/2"), "{server}: {}", refused.err);
    }
}
