//! The database: whether it is there, keeps what it was told, and holds what this program needs.

use chrono::Duration;
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

use super::Finding;
use crate::app::Clock;
use crate::config::Config;
use crate::db::{Connection, migrations};
use crate::error::database::in_words;
use crate::servers::{Servers, refuses_changes};
use crate::upkeep::{self, Kind};
use crate::webhooks::StopReason;
use crate::webhooks::figures::{self, Progress};

/// The oldest whose SQL is spoken here: MariaDB's, and MySQL's.
const MARIADB_MIN: (u16, u16, u16) = (10, 11, 0);
const MYSQL_MIN: (u16, u16, u16) = (8, 0, 17);
/// What timers, an operator and a monitor need beside the service.
const OTHER_CONNECTIONS: u64 = 20;
/// Session tokens, deliveries and the ledger are dated by two clocks, which should agree.
const CLOCKS_APART_MAX_MS: i64 = 2_000;
/// A backup is made every night, a drill every week; each may fail once before somebody must look.
const BACKUP_AGE_MAX: Duration = Duration::hours(50);
const DRILL_AGE_MAX: Duration = Duration::days(15);

/// A receiver that was away for a moment is told within five minutes.
const WEBHOOK_LATE: Duration = Duration::hours(1);

const SERVER_FILE: &str = "/etc/mysql/mariadb.conf.d/60-storekeeper.cnf";

/// Each question is a short one.
const ANSWER_MAX: std::time::Duration = std::time::Duration::from_secs(10);

type Look = fn(&mut Conn, &Config) -> mysql::Result<Vec<Finding>>;

pub fn look(config: &Config) -> Vec<Finding> {
    // One that hangs is told, and not waited for.
    let servers = Servers::parse(&config.database_url).map_err(|must| std::io::Error::other(must).into());
    let patient =
        |options: OptsBuilder| options.read_timeout(Some(ANSWER_MAX)).write_timeout(Some(ANSWER_MAX));
    let mut conn = match servers.and_then(|servers| servers.with(patient).connect()) {
        Ok(conn) => conn,
        Err(cause) => {
            let cause = in_words(&cause);
            let mend = "see that the server runs (systemctl status mariadb) and that STOREKEEPER_DATABASE_URL names it";
            return vec![Finding::problem("database", format!("it cannot be used: {cause}"), mend)];
        }
    };
    let looks: [Look; 6] = [server, durability, limits, rights, schema, clocks];
    let mut findings = Vec::new();
    for look in looks {
        findings.extend(look(&mut conn, config).unwrap_or_else(|cause| {
            vec![Finding::problem(
                "database",
                format!("it does not answer: {cause}"),
                "look at the server's log",
            )]
        }));
    }
    findings.extend(upkeep(&mut conn));
    findings.extend(webhooks(&mut conn));
    findings
}

fn server(conn: &mut Conn, _: &Config) -> mysql::Result<Vec<Finding>> {
    let version: String = conn.query_first("SELECT VERSION()")?.unwrap_or_default();
    let is_mariadb = version.contains("MariaDB");
    let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let number = (next(), next(), next());
    let (name, min) = if is_mariadb { ("MariaDB", MARIADB_MIN) } else { ("MySQL", MYSQL_MIN) };
    let found = if number < min {
        let (major, minor, patch) = min;
        let needed = format!("upgrade it: {name} {major}.{minor}.{patch} is the oldest that will do");
        Finding::problem("database server", format!("it is {name} {version}"), needed)
    } else {
        Finding::ok("database server", format!("{name} {version}"))
    };
    let writable = match refuses_changes(conn)? {
        Some(why) => Finding::problem(
            "database server",
            format!("it takes no changes: {why}"),
            "see why, and let it take them again",
        ),
        None => Finding::ok("database server", "it takes changes"),
    };
    Ok(vec![found, writable])
}

/// Whether what was answered survives a power cut.
fn durability(conn: &mut Conn, _: &Config) -> mysql::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut expect = |variable: &'static str,
                      wanted: &[&str],
                      loss: &str,
                      line: &str,
                      conn: &mut Conn|
     -> mysql::Result<()> {
        let value: Option<String> = conn.query_first(format!("SELECT CAST(@@GLOBAL.{variable} AS CHAR)"))?;
        let value = value.unwrap_or_default();
        findings.push(if wanted.contains(&value.as_str()) {
            Finding::ok(variable, format!("it is {value}"))
        } else {
            let mend = format!("write \"{line}\" under [mysqld] in {SERVER_FILE} and restart the server");
            Finding::problem(variable, format!("it is {value}: {loss}"), mend)
        });
        Ok(())
    };
    let line = "innodb_flush_log_at_trx_commit = 1";
    expect(
        "innodb_flush_log_at_trx_commit",
        &["1"],
        "a power cut takes the last second's orders",
        line,
        conn,
    )?;
    let torn = "a power cut can leave half a page, and the table cannot be read";
    expect("innodb_doublewrite", &["1", "ON", "DETECT_AND_RECOVER"], torn, "innodb_doublewrite = 1", conn)?;
    let binlog: Option<u8> = conn.query_first("SELECT @@GLOBAL.log_bin")?;
    if binlog == Some(1) {
        let loss = "a power cut can leave the log of changes behind the tables, and a restore to a moment would miss some";
        expect("sync_binlog", &["1"], loss, "sync_binlog = 1", conn)?;
    }
    // What each connection sets for itself need not be looked at: strict mode, isolation, time zone.
    let sql =
        "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = DATABASE()";
    let characters: String = conn.query_first(sql)?.unwrap_or_default();
    findings.push(if characters == "utf8mb4" {
        Finding::ok("character set", "the database's is utf8mb4")
    } else {
        let mend = "ALTER DATABASE with CHARACTER SET utf8mb4; the tables say it for themselves";
        Finding::warning("character set", format!("the database's is {characters}"), mend)
    });
    Ok(findings)
}

/// Whether the server lets in and keeps as much as the service needs.
fn limits(conn: &mut Conn, config: &Config) -> mysql::Result<Vec<Finding>> {
    let (connections, statements): (u64, u64) =
        conn.query_first("SELECT @@max_connections, @@max_prepared_stmt_count")?.unwrap_or_default();
    let ours = u64::from(config.database_connections);
    let mut findings = Vec::new();
    findings.push(if ours + OTHER_CONNECTIONS > connections {
        let mend = format!(
            "set STOREKEEPER_DATABASE_CONNECTIONS to {} at most, or raise max_connections of the server",
            connections.saturating_sub(OTHER_CONNECTIONS).max(1)
        );
        Finding::problem(
            "connections",
            format!("the service may open {ours}, the server takes {connections} in all"),
            mend,
        )
    } else {
        Finding::ok("connections", format!("the service opens at most {ours} of the server's {connections}"))
    });
    // A connection prepares what it uses most, and does without where there is no room.
    findings.push(if statements / 4 < ours {
        let mend = "raise max_prepared_stmt_count of the server to 16382, its default";
        Finding::warning("prepared statements", format!("the server keeps {statements} in all"), mend)
    } else {
        Finding::ok(
            "prepared statements",
            format!("the server keeps {statements}, of which a quarter is used"),
        )
    });
    Ok(findings)
}

/// Whether the service's user may do what it must, and no more.
fn rights(conn: &mut Conn, config: &Config) -> mysql::Result<Vec<Finding>> {
    // With those of the roles that are on; what concerns another database gives nothing here.
    let grants: Vec<String> = conn.query("SHOW GRANTS")?;
    let database: String = conn.query_first("SELECT DATABASE()")?.unwrap_or_default();
    let grants: Vec<&String> = grants.iter().filter(|grant| concerns(grant, &database)).collect();
    let has = |right: &str| {
        grants.iter().any(|grant| grant.starts_with("GRANT ALL PRIVILEGES") || grant.contains(right))
    };
    let lacks: Vec<&str> =
        ["SELECT", "INSERT", "UPDATE", "DELETE"].into_iter().filter(|right| !has(right)).collect();
    if !lacks.is_empty() {
        let mend = "run storekeeper setup again, which gives them";
        return Ok(vec![Finding::problem(
            "privileges",
            format!("the service's user lacks {}", lacks.join(", ")),
            mend,
        )]);
    }
    let may_change_tables = ["ALTER", "DROP", "CREATE"]
        .into_iter()
        .any(|right| has(&format!("{right},")) || has(&format!("{right} ON")));
    Ok(vec![if may_change_tables && config.admin_database_url.is_none() {
        let mend = "storekeeper setup makes a user for that alone (STOREKEEPER_ADMIN_DATABASE_URL)";
        Finding::warning("privileges", "the service's user may change the tables, which it need not", mend)
    } else if may_change_tables {
        let mend = "REVOKE ALL, then GRANT SELECT, INSERT, UPDATE, DELETE; storekeeper migrate has a user of its own";
        Finding::warning("privileges", "the service's user may change the tables, which it need not", mend)
    } else {
        Finding::ok("privileges", "the service's user may work with the tables and not change them")
    }])
}

/// Whether what `SHOW GRANTS` says is about all of this database.
fn concerns(grant: &str, database: &str) -> bool {
    let Some((_, rest)) = grant.split_once(" ON ") else { return false };
    let scope = rest.split(" TO ").next().unwrap_or_default();
    // The name is a pattern of LIKE.
    scope == "*.*"
        || scope
            .strip_prefix('`')
            .and_then(|name| name.strip_suffix("`.*"))
            .is_some_and(|pattern| is_like(database.as_bytes(), pattern.as_bytes()))
}

fn is_like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'%', rest @ ..], _) => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        ([b'\\', wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && is_like(text, rest),
        ([b'_', rest @ ..], [_, text @ ..]) => is_like(text, rest),
        ([wanted, rest @ ..], [byte, text @ ..]) => wanted == byte && is_like(text, rest),
        _ => false,
    }
}

fn schema(conn: &mut Conn, _: &Config) -> mysql::Result<Vec<Finding>> {
    let db = &mut Connection::alone(conn);
    Ok(vec![match (migrations::missing(db), migrations::unknown(db)) {
        (Err(cause), _) | (_, Err(cause)) => {
            Finding::problem("schema", format!("it cannot be read: {cause}"), "storekeeper migrate --status")
        }
        (Ok(missing), _) if !missing.is_empty() => Finding::problem(
            "schema",
            format!("it is behind by {} steps", missing.len()),
            "storekeeper migrate",
        ),
        (_, Ok(Some(last))) => {
            let mend = "install the release that made it, or a later one";
            Finding::problem("schema", format!("it is that of a later release, with {last}"), mend)
        }
        _ => Finding::ok("schema", format!("it is that of {}", env!("CARGO_PKG_VERSION"))),
    }])
}

fn clocks(conn: &mut Conn, _: &Config) -> mysql::Result<Vec<Finding>> {
    let now: Option<i64> = conn.query_first("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS SIGNED)")?;
    let apart = now.unwrap_or(0) - chrono::Utc::now().timestamp_millis();
    Ok(vec![if apart.abs() > CLOCKS_APART_MAX_MS {
        let found = format!("the database's and this machine's are {} s apart", apart / 1000);
        Finding::warning("clock", found, "have both set by NTP (timedatectl set-ntp true)")
    } else {
        Finding::ok("clock", "the database's and this machine's agree")
    }])
}

/// Backups, and whether they can be restored.
fn upkeep(conn: &mut Conn) -> Vec<Finding> {
    let now = Clock::default().now();
    let one = |subject: &'static str, kind: Kind, age_max: Duration, mend: &str, conn: &mut Conn| {
        match upkeep::last(&mut Connection::alone(conn), kind) {
            // A schema that lacks the table has been told already.
            Err(_) => None,
            // As on a shop's first day.
            Ok(None) => Some(Finding::warning(subject, "there was none yet", mend)),
            Ok(Some(last)) if last.succeeded == Some(false) => {
                Some(Finding::problem(subject, format!("the last one, of {}, failed", last.at), mend))
            }
            Ok(Some(last)) if now - age_max > last.at => {
                Some(Finding::problem(subject, format!("the last one is of {}", last.at), mend))
            }
            Ok(Some(last)) => Some(Finding::ok(subject, format!("the last one is of {}", last.at))),
        }
    };
    let backup = "systemctl start storekeeper-backup; journalctl -u storekeeper-backup says why it fails";
    let drill = "systemctl start storekeeper-drill; journalctl -u storekeeper-drill says why it fails";
    let findings = [
        one("backup", Kind::Backup, BACKUP_AGE_MAX, backup, conn),
        one("restore drill", Kind::RestoreDrill, DRILL_AGE_MAX, drill, conn),
    ];
    findings.into_iter().flatten().collect()
}

/// Whether those who follow the shop are told what happens.
fn webhooks(conn: &mut Conn) -> Vec<Finding> {
    // A schema that lacks the table has been told already.
    let Ok(all) = figures::of_all(&mut Connection::alone(conn)) else { return Vec::new() };
    let subject = "webhooks";
    let now = Clock::default().now();
    let mut findings = Vec::new();
    for Progress { id, active, stopped, behind, .. } in &all {
        let is_late = behind.since.is_some_and(|since| now - WEBHOOK_LATE > since);
        if let Some(reason) = stopped {
            let found = match reason {
                StopReason::Gone => format!("number {id} has stopped: its receiver wants no more"),
                StopReason::Failing => {
                    format!("number {id} has stopped: its receiver accepted nothing for three days")
                }
            };
            let mend =
                format!("see to its receiver, then PATCH /webhooks/{id} with \"active\": true, or DELETE it");
            findings.push(Finding::problem(subject, found, mend));
        } else if *active && is_late {
            let found = format!("number {id} is {} events behind", behind.events);
            let mend = format!(
                "systemctl status storekeeper-deliver; GET /webhooks/{id} says how the last attempt went"
            );
            findings.push(Finding::warning(subject, found, mend));
        }
    }
    if findings.is_empty() && !all.is_empty() {
        findings.push(Finding::ok(subject, format!("{} are told what happens, or paused", all.len())));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_on_another_database_is_none_on_this_one() {
        for (scope, is_ours) in [
            ("*.*", true),
            ("`shop`.*", true),
            ("`sh%`.*", true),
            ("`sho_`.*", true),
            ("`shop\\_%`.*", false),
            ("`other`.*", false),
            ("`shop`.`orders`", false),
        ] {
            let grant = format!("GRANT ALL PRIVILEGES ON {scope} TO `u`@`localhost`");
            assert_eq!(concerns(&grant, "shop"), is_ours, "{scope}");
        }
        assert!(concerns("GRANT SELECT ON `tea\\_shop`.* TO `u`@`%` WITH GRANT OPTION", "tea_shop"));
        assert!(!concerns("GRANT `writers` TO `u`@`%`", "shop"));
    }
}
