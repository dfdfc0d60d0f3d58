//! The machine: room, clock, units and timers of systemd, the site of nginx and its certificate, and open ports.

use std::ffi::CString;
use std::fs;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Finding;
use crate::cli::asking;
use crate::cli::setup::{INTERNAL_SOCKET, SITE_FILE, UNITS};
use crate::config::Config;
use crate::values::ListenAddress;

/// Where a shop's data grows: the database of this machine, and the backups.
const FOLDERS: [&str; 2] = ["/var/lib/mysql", "/var/lib/storekeeper"];
/// In percent: with less a week of growth may not fit, and with a tenth of that a day may not.
const FREE_MIN: (u64, u64) = (10, 1);
/// Certbot renews 30 days before the end; after two weeks of failing somebody must look.
const DAYS_MIN: (u64, u64) = (16, 4);
const SECONDS_A_DAY: u64 = 86_400;
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
const SOCKET_UNIT: &str = "storekeeper.socket";

pub fn look(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = FOLDERS.iter().filter_map(|folder| room(folder)).flatten().collect();
    findings.extend(open_ports(config));
    if Path::new("/run/systemd/system").is_dir() {
        findings.push(time_service());
        findings.extend(UNITS.iter().map(|unit| state(unit)));
        findings.push(readiness());
    }
    if Path::new(SITE_FILE).exists() {
        findings.extend(site());
    }
    findings
}

/// What is left on the disk of a folder.
fn room(folder: &'static str) -> Option<[Finding; 2]> {
    let path = CString::new(folder).ok()?;
    let mut disk = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: it fills the structure in when it returns 0.
    let disk = unsafe {
        if libc::statvfs(path.as_ptr(), disk.as_mut_ptr()) != 0 {
            return None;
        }
        disk.assume_init()
    };
    // Some file systems do not count files.
    let percent = |free: u64, all: u64| free.saturating_mul(100).checked_div(all).unwrap_or(100);
    let one = |what: &'static str, free: u64| {
        let found = format!("{free} % are free at {folder}");
        let mend = "make room, or move it to a larger disk";
        match free {
            _ if free >= FREE_MIN.0 => Finding::ok(what, found),
            _ if free >= FREE_MIN.1 => Finding::warning(what, found, mend),
            _ => Finding::problem(what, found, mend),
        }
    };
    Some([
        one("disk", percent(disk.f_bavail, disk.f_blocks)),
        one("files", percent(disk.f_favail, disk.f_files)),
    ])
}

/// Whether somebody could come past nginx.
fn open_ports(config: &Config) -> Vec<Finding> {
    // Where systemd listens for the service, the service does not. It says "/run/storekeeper.sock (Stream)".
    let of_systemd = match said(&["systemctl", "is-active", SOCKET_UNIT]).as_deref() {
        Some("active") => said(&["systemctl", "show", "--property=Listen", "--value", SOCKET_UNIT]),
        _ => None,
    };
    let mut addresses: Vec<String> = match of_systemd {
        Some(said) => said.lines().map(|line| line.trim_end_matches(" (Stream)").to_owned()).collect(),
        None => vec![config.listen.to_string()],
    };
    addresses.extend(config.internal_listen.as_ref().map(ToString::to_string));
    let is_open = |address: &String| match address.parse::<SocketAddr>() {
        Ok(address) => !address.ip().is_loopback(),
        // A path, or a name of this machine's.
        Err(_) => false,
    };
    let open: Vec<String> = addresses.into_iter().filter(is_open).collect();
    vec![if open.is_empty() {
        Finding::ok("ports", "the service listens to this machine only")
    } else {
        let mend = "set STOREKEEPER_LISTEN to 127.0.0.1:8080 (or what 'systemctl cat storekeeper.socket' says); nginx puts it on the network, with TLS";
        Finding::problem(
            "ports",
            format!("the service listens to the network without TLS, at {}", open.join(" and ")),
            mend,
        )
    }]
}

fn time_service() -> Finding {
    match said(&["timedatectl", "show", "--property=NTPSynchronized", "--value"]).as_deref() {
        Some("yes") => Finding::ok("time", "the clock is set by NTP"),
        Some("no") => Finding::warning("time", "the clock is not set by NTP", "timedatectl set-ntp true"),
        _ => {
            Finding::warning("time", "it is not known whether the clock is set by NTP", "look at timedatectl")
        }
    }
}

fn state(unit: &'static str) -> Finding {
    if said(&["systemctl", "is-failed", unit]).as_deref() == Some("failed") {
        let mend = format!("journalctl -u {unit} says why; systemctl reset-failed {unit} once it is mended");
        return Finding::problem(unit, "it has failed", mend);
    }
    // A timer's work may have failed, and the timer goes on.
    if let Some(name) = unit.strip_suffix(".timer")
        && said(&["systemctl", "is-failed", &format!("{name}.service")]).as_deref() == Some("failed")
    {
        return Finding::problem(unit, "its last run has failed", format!("journalctl -u {name} says why"));
    }
    match said(&["systemctl", "is-active", unit]).as_deref() {
        Some("active") => Finding::ok(unit, "it is active"),
        Some(other) => Finding::warning(
            unit,
            format!("it is {other}"),
            format!("systemctl enable --now {unit}, unless that is meant"),
        ),
        None => Finding::warning(unit, "systemctl does not say how it is", "look at systemctl status"),
    }
}

fn readiness() -> Finding {
    let internal = ListenAddress::Unix(INTERNAL_SOCKET.into());
    match asking::get(&internal, "/readyz", "doctor", ANSWER_WITHIN) {
        Ok((200, _)) => Finding::ok("readiness", "the service answers and is ready"),
        Ok((_, answer)) => {
            let detail = answer.split_once("\"detail\":\"").and_then(|(_, rest)| rest.split('"').next());
            Finding::problem(
                "readiness",
                detail.unwrap_or("the service is not ready"),
                "journalctl -u storekeeper",
            )
        }
        Err(cause) => {
            let found = format!("the service does not answer at {INTERNAL_SOCKET}: {cause}");
            Finding::problem("readiness", found, "systemctl status storekeeper; and run this as root (sudo)")
        }
    }
}

fn site() -> Vec<Finding> {
    let mut findings = vec![match said_with(&["nginx", "-t"]) {
        Some((true, _)) => Finding::ok("nginx", "its configuration holds"),
        Some((false, said)) => {
            let first = said.lines().next().unwrap_or_default();
            Finding::problem("nginx", first, "storekeeper setup nginx writes the site anew")
        }
        None => {
            Finding::problem("nginx", "it cannot be run", "install nginx-light, and run this as root (sudo)")
        }
    }];
    let site = fs::read_to_string(SITE_FILE).unwrap_or_default();
    let certificate =
        site.lines().find_map(|line| line.trim().strip_prefix("ssl_certificate ")?.strip_suffix(';'));
    if let Some(certificate) = certificate {
        findings.push(validity(certificate));
    }
    findings
}

/// How long the certificate of this file lasts.
fn validity(file: &str) -> Finding {
    let lasts = |seconds: u64| {
        said_with(&["openssl", "x509", "-noout", "-checkend", &seconds.to_string(), "-in", file])
            .map(|(lasts, _)| lasts)
    };
    let mend = "certbot renew; without certbot remove the file and run storekeeper setup nginx again";
    let Some(end) = said(&["openssl", "x509", "-noout", "-enddate", "-in", file]) else {
        return Finding::problem(
            "certificate",
            format!("{file} cannot be read"),
            "run this as root (sudo), with openssl installed",
        );
    };
    let end = end.trim_start_matches("notAfter=");
    let found = format!("{file} lasts until {end}");
    match (lasts(DAYS_MIN.0 * SECONDS_A_DAY), lasts(DAYS_MIN.1 * SECONDS_A_DAY)) {
        (Some(true), _) => Finding::ok("certificate", found),
        (_, Some(true)) => Finding::warning("certificate", found, mend),
        _ => Finding::problem("certificate", found, mend),
    }
}

/// What a command writes, also when it says no by its exit code.
fn said(command: &[&str]) -> Option<String> {
    said_with(command).map(|(_, said)| said).filter(|said| !said.is_empty())
}

/// Whether a command succeeds, and what it writes. None where it cannot be run.
fn said_with(command: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).output().ok()?;
    let written = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&written);
    Some((output.status.success(), text.trim().to_owned()))
}
