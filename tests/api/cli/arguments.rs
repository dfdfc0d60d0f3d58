//! Help, version, wrong arguments and wrong settings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use storekeeper::config::{SETTINGS, Setting};

use crate::harness::{self, shared_mariadb};
use crate::program::{run, run_command};

/// An address that is well formed and leads nowhere.
const NOWHERE: &str = "mysql://shop:s3cret@127.0.0.1:1/shop";

#[test]
fn help_names_every_command_and_setting_and_needs_none() {
    for arguments in [&["--help"][..], &["-h"], &["--help", "nonsense"], &["nonsense", "--help"]] {
        let help = run_command(without_settings().args(arguments)).expect_success();
        for command in COMMANDS {
            assert!(help.contains(&format!("\n  {command}")), "{command}");
        }
        for setting in SETTINGS {
            assert!(help.contains(setting.name), "{}", setting.name);
            assert!(words(&help).contains(&words(&setting.meaning())), "{}", setting.name);
        }
        assert!(help.lines().all(|line| line.chars().count() <= 110), "{help}");
    }
}

#[test]
fn a_command_says_what_belongs_to_it_alone() {
    let help = run_command(without_settings().args(["verify", "--help"])).expect_success();
    assert!(help.starts_with("storekeeper verify [--repair]\n") && help.contains("\n  --repair "), "{help}");
    assert!(!help.contains("add-staff") && !help.contains("STOREKEEPER_LOCALE"), "{help}");
}

#[test]
fn the_manual_page_is_made_of_what_help_says() {
    let programs: &[&str] = if cfg!(feature = "deliver") {
        &["storekeeper", "storekeeper-restock", "storekeeper-deliver"]
    } else {
        &["storekeeper", "storekeeper-restock"]
    };
    for &program in programs {
        let mut command = match program {
            "storekeeper" => harness::storekeeper(NOWHERE),
            #[cfg(feature = "deliver")]
            "storekeeper-deliver" => harness::storekeeper_deliver(NOWHERE),
            _ => harness::storekeeper_restock(NOWHERE),
        };
        let page = run_command(command.env_remove("STOREKEEPER_DATABASE_URL").arg("--man")).expect_success();
        assert!(
            page.starts_with(&format!(".TH {} 8 ", program.to_uppercase().replace('-', "\\-"))),
            "{page}"
        );
        // All that begins with a dot is one of these, and no hyphen could be taken for a dash.
        let macros = [".TH ", ".SH ", ".TP", ".B ", ".I ", ".RS", ".RE", ".br"];
        for line in page.lines() {
            assert!(!line.starts_with('.') || macros.iter().any(|known| line.starts_with(known)), "{line}");
            assert!(!line.replace("\\-", "").contains('-'), "{line}");
        }
        for setting in SETTINGS {
            assert!(page.contains(&format!("\n.B {}\n", setting.name)), "{}", setting.name);
        }
        let plain = page.replace("\\-", "-");
        let expected: &[&str] = match program {
            "storekeeper" => &COMMANDS,
            "storekeeper-deliver" => &["--once"],
            _ => &["--dry-run", "--what-if", "--json", "--product ID"],
        };
        for what in expected {
            assert!(plain.contains(&format!("\n.B {what}")), "{what}");
        }
    }
}

/// As they are called in help.
const COMMANDS: [&str; 17] = [
    "serve\n",
    "doctor [--json]\n",
    "setup [OPTIONS]\n",
    "setup nginx [--name HOST] [--site FILE]\n",
    "migrate [--status]\n",
    "add-staff [--role ROLE] [--reset] NAME\n",
    "verify [--repair]\n",
    "backup [--kind KIND] [--keep N] [--wait SECONDS] [FOLDER]\n",
    "restore [OPTIONS] FILE\n",
    "restore-drill [--erasures FILE] [--identity FILE] [FOLDER]\n",
    "import [OPTIONS] FILE\n",
    "import apply ID\n",
    "import undo ID\n",
    "export [--output FILE] LIST\n",
    "note backup [--failed]\n",
    "note restore-drill [--failed]\n",
    "prune\n",
];

fn without_settings() -> Command {
    let mut command = harness::storekeeper(NOWHERE);
    command.env_remove("STOREKEEPER_DATABASE_URL");
    command
}

/// Wherever its lines end.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_version_is_told_without_any_setting() {
    for argument in ["--version", "-V"] {
        let version = run_command(without_settings().arg(argument)).expect_success();
        assert_eq!(version, format!("storekeeper {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn arguments_that_mean_nothing_are_refused_in_one_sentence() {
    for arguments in [
        &["frobnicate"][..],
        &["--frobnicate"],
        &["-x"],
        &["--status"],
        &["serve", "twice"],
        &["serve", "--status"],
        &["migrate", "--reset"],
        &["migrate", "--status=yes"],
        &["add-staff"],
        &["add-staff", "--reset"],
        &["add-staff", "--status", "anna"],
        &["add-staff", "anna", "--role"],
        &["serve", "--role", "clerk"],
        &["verify", "all"],
        &["verify", "--repair=all"],
        &["prune", "--repair"],
        &["note"],
        &["note", "holiday"],
        &["note", "backup", "restore-drill"],
        &["note", "backup", "--failed=no"],
        &["verify", "--failed"],
        &["serve", "--settings"],
        &["setup", "nginx"],
        &["setup", "nginx", "--name", "no host"],
        &["setup", "nginx", "--yes"],
        &["verify", "--settings", "/nowhere/env"],
    ] {
        run(NOWHERE, arguments).expect_refusal();
    }
    // A word that is not known may be a password that slipped there.
    for slipped in [
        &["add-staff", "anna", "a secret among the arguments"][..],
        &["setup", "--yes=a secret"],
        &["add-staff", "anna", "--reset=a secret"],
    ] {
        let refused = run(NOWHERE, slipped).expect_refusal();
        assert!(!refused.contains("secret"), "{refused}");
    }
}

#[test]
fn the_readme_has_every_setting_as_it_is() {
    let readme = include_str!("../../../README.md");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `STOREKEEPER_")).collect();
    let row =
        |setting: &Setting| format!("| `{}` | {} | {} |", setting.name, setting.default(), setting.meaning());
    assert_eq!(rows, SETTINGS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn every_wrong_setting_is_named_at_once_and_no_password_is_shown() {
    let wrong = [
        ("STOREKEEPER_DATABASE_URL", "postgres://shop:s3cret@127.0.0.1/shop"),
        ("STOREKEEPER_ADMIN_DATABASE_URL", "mysql://admin:s3cret@127.0.0.1"),
        ("STOREKEEPER_DATABASE_CONNECTIONS", "many"),
        ("STOREKEEPER_LISTEN", "8080"),
        ("STOREKEEPER_MAX_CONNECTIONS", "0"),
        ("STOREKEEPER_MAX_CONNECTIONS_PER_ADDRESS", "-1"),
        ("STOREKEEPER_INTERNAL_LISTEN", "unix:metrics.sock"),
        ("STOREKEEPER_CURRENCY", "euro"),
        ("STOREKEEPER_TIME_ZONE", "Europe/Atlantis"),
        ("STOREKEEPER_LOCALE", "en-XX"),
        ("STOREKEEPER_SHOP_NAME", " "),
        ("STOREKEEPER_HOLIDAYS", "/nowhere/holidays"),
        ("STOREKEEPER_DELIVERY_BUSINESS_DAYS", "-1"),
        ("STOREKEEPER_SESSION_IDLE_HOURS", "8761"),
        ("STOREKEEPER_SESSION_MAX_HOURS", "1.5"),
        ("STOREKEEPER_STAFF_SESSION_IDLE_HOURS", "0"),
        ("STOREKEEPER_STAFF_SESSION_MAX_HOURS", "a day"),
        ("STOREKEEPER_CLIENT_ADDRESS_HEADER", "X Real IP"),
        ("STOREKEEPER_ALLOWED_ORIGINS", "https://shop.example, shop.example"),
        ("STOREKEEPER_NETWORK_REQUESTS_PER_MINUTE", "1000001"),
        ("STOREKEEPER_NETWORK_WRITES_PER_MINUTE", "-1"),
        ("STOREKEEPER_NETWORK_SIGN_UPS_PER_MINUTE", "none"),
        ("STOREKEEPER_CALLER_REQUESTS_PER_MINUTE", ""),
        ("STOREKEEPER_CALLER_WRITES_PER_MINUTE", "0.5"),
        ("STOREKEEPER_GUEST_OPEN_ORDERS", "10001"),
        ("STOREKEEPER_GUEST_RESERVED_UNITS", "100001"),
        ("STOREKEEPER_WEBHOOK_PRIVATE_ADDRESSES", "yes"),
        ("STOREKEEPER_ACCOUNT_OPEN_ORDERS", "-20"),
        ("STOREKEEPER_ACCOUNT_RESERVED_UNITS", "half a shelf"),
        ("STOREKEEPER_ORDER_UNITS_PER_PRODUCT", "a dozen"),
        ("STOREKEEPER_UNCONFIRMED_ORDER_HOURS", "8761"),
        ("STOREKEEPER_RESTOCK_APPROVAL", "manual"),
        ("STOREKEEPER_CALLER_KEPT_ANSWERS", "100001"),
        ("STOREKEEPER_CALLER_KEPT_KIB", "1 MiB"),
        ("STOREKEEPER_ERASURES", "erasures"),
        ("STOREKEEPER_BACKUP_ENCRYPT_TO", "--output=/etc/passwd"),
        ("STOREKEEPER_BACKUP_COPY", " "),
        ("STOREKEEPER_LOG", "loud"),
        ("STOREKEEPER_LOG_FORMAT", "xml"),
        ("STOREKEEPER_DATABASE_PASSWORD", "s3cret"),
    ];
    // All settings are tried, so that this test grows with them.
    for setting in SETTINGS {
        assert!(wrong.iter().any(|(name, _)| *name == setting.name), "{} is not tried", setting.name);
    }
    for command in ["serve", "migrate", "verify", "prune"] {
        let ended = run_command(harness::storekeeper(NOWHERE).arg(command).envs(wrong));
        assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
        let lines: Vec<&str> = ended.err.lines().collect();
        assert_eq!(lines.len(), wrong.len(), "{}", ended.err);
        for (name, _) in wrong {
            let named = lines.iter().filter(|line| line.contains(&format!(": {name} ")));
            assert_eq!(named.count(), 1, "{name} in {}", ended.err);
        }
        assert!(!ended.err.contains("s3cret"), "{}", ended.err);
    }
}

#[test]
fn a_missing_database_address_is_asked_for() {
    let refused = run_command(without_settings().arg("verify")).expect_refusal();
    assert!(refused.starts_with("STOREKEEPER_DATABASE_URL must be set"), "{refused}");
}

#[test]
fn variables_that_are_not_text_matter_only_when_they_are_settings() {
    let not_text = OsStr::from_bytes(b"\xff\xfe");
    let mut command = harness::storekeeper(NOWHERE);
    let refused = run_command(command.arg("verify").env("SOMETHING_ELSE", not_text)).expect_refusal();
    assert!(refused.contains("STOREKEEPER_DATABASE_URL"), "{refused}");
    let mut command = harness::storekeeper(NOWHERE);
    let refused = run_command(command.arg("verify").env("STOREKEEPER_LOG", not_text)).expect_refusal();
    assert!(refused.starts_with("STOREKEEPER_LOG "), "{refused}");
}

#[test]
fn a_file_of_settings_counts_alone() {
    let (url, _) = super::migrated_database();
    let file = shared_mariadb().folder.join("second shop.env");
    std::fs::write(&file, format!("# The second shop\nSTOREKEEPER_DATABASE_URL='{url}'\n")).unwrap();
    // What the environment names is another shop.
    let mut command = harness::storekeeper(NOWHERE);
    command.env("STOREKEEPER_LOG", "loud").args(["verify", "--settings"]).arg(&file);
    assert!(run_command(&mut command).expect_success().contains("invariants hold"));

    std::fs::write(&file, "STOREKEEPER_DATABASE_URL\n").unwrap();
    let mut command = harness::storekeeper(&url);
    let refused = run_command(command.args(["verify", "--settings"]).arg(&file)).expect_refusal();
    assert!(refused.starts_with("line 1 of "), "{refused}");
}
