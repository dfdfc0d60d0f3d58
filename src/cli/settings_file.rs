//! The file of settings, `/etc/storekeeper/env`, as systemd reads it (`EnvironmentFile=`): a `NAME=value` a line,
//! `#` or `;` begins a comment, quotes may stand around a value.

use std::ffi::OsStr;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Failure;
use crate::random;

/// The settings of the shop of this machine.
pub const SETTINGS_FILE: &str = "/etc/storekeeper/env";

/// The file beside one of settings that holds what its service is not to know: `admin.env` beside `env`, and
/// `tea.env.admin` beside `tea.env`, so that the shops of one folder have one each.
pub fn admin_beside(settings: &Path) -> PathBuf {
    match settings.file_name().map(OsStr::to_string_lossy) {
        Some(name) if name != "env" => settings.with_file_name(format!("{name}.admin")),
        _ => settings.with_file_name("admin.env"),
    }
}

/// What a file says; None where there is none.
pub fn read(path: &Path) -> Result<Option<Vec<(String, String)>>, Failure> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => {
            return Err(Failure::lasting(format!(
                "{shown} cannot be read by this user; run this as root (sudo)"
            )));
        }
        Err(cause) => return Err(format!("{shown} cannot be read: {cause}").into()),
    };
    parse(&text)
        .map(Some)
        .map_err(|(line, wrong)| Failure::lasting(format!("line {line} of {shown} {wrong}")))
}

/// What a file says that is not for everybody; nothing where it is not there, or not for this user.
pub fn read_if_allowed(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    match fs::File::open(path) {
        Err(cause) if cause.kind() == ErrorKind::PermissionDenied => Ok(Vec::new()),
        _ => Ok(read(path)?.unwrap_or_default()),
    }
}

/// The names and values, or the number of the first line that is none of them. Of a name that stands there twice the last
/// counts.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        // Never repeated in an error: it may hold a password.
        let (name, value) = line.split_once('=').ok_or((number, "is not of the form NAME=value"))?;
        let name = name.trim_end();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err((number, "does not begin with the name of a setting and ="));
        }
        settings.retain(|(known, _)| known != name);
        settings.push((name.to_owned(), unquoted(value.trim()).map_err(|wrong| (number, wrong))?));
    }
    Ok(settings)
}

/// A value without its quotes. A backslash makes the next character plain, but not between single quotes.
fn unquoted(value: &str) -> Result<String, &'static str> {
    let mut plain = String::new();
    let mut letters = value.chars();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            ('\\', None | Some('"')) => {
                plain.push(letters.next().ok_or("ends with a backslash; a value stands on one line")?);
            }
            (letter, _) => plain.push(letter),
        }
    }
    if quote.is_some() { Err("has a quote that is not closed") } else { Ok(plain) }
}

/// A value in the form in which this and systemd read it back.
pub fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+./:@%?=&,*".contains(&byte);
    if value.bytes().all(plain) {
        return value.to_owned();
    }
    format!(
        "\"{}\"",
        value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`")
    )
}

/// Sets settings in a file: the line that has one is replaced, also one that a comment mark hides; others are added at the end.
/// Everything else stays as it is. The file is whole at every moment.
pub fn set(path: &Path, settings: &[(&str, &str)]) -> io::Result<()> {
    let mut lines: Vec<String> = fs::read_to_string(path)?.lines().map(str::to_owned).collect();
    for (name, value) in settings {
        let written = format!("{name}={}", quoted(value));
        let begins = |line: &String, lead: &str| {
            line.trim_start()
                .strip_prefix(lead)
                .and_then(|line| line.strip_prefix(name))
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let place = lines
            .iter()
            .rposition(|line| begins(line, ""))
            .or_else(|| lines.iter().position(|line| begins(line, "#")));
        match place {
            Some(at) => lines[at] = written,
            None => lines.push(written),
        }
    }
    replace(path, &(lines.join("\n") + "\n"))
}

/// Writes a file anew with the owner and the rights of the one before.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // What a link leads to is changed, and the link stays.
    let path = fs::canonicalize(path)?;
    let before = fs::metadata(&path)?;
    // A name that nobody has put a link at, for nobody else to read until it has the rights of the one before.
    let new = path.with_file_name(format!(".settings-{}", random::hex::<8>()));
    let written = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        chown(&new, Some(before.uid()), Some(before.gid()))?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(before.permissions().mode()))?;
        file.sync_all()?;
        fs::rename(&new, &path)
    };
    written().inspect_err(|_| drop(fs::remove_file(&new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_systemd_reads_it() {
        let text = "# a comment\n; another\n\nA=plain\n B = spaced \nC='single $quoted \\'\nD=\"double \\\"quoted\\\"\"\nE=\nF=a\\ b\n";
        let read: Vec<(String, String)> = parse(text).unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected = [
            ("A", "plain"),
            ("B", "spaced"),
            ("C", "single $quoted \\"),
            ("D", "double \"quoted\""),
            ("E", ""),
            ("F", "a b"),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn a_line_that_is_no_setting_is_named_and_not_repeated() {
        assert_eq!(parse("A=1\nsecret\n").unwrap_err().0, 2);
        assert_eq!(parse("A=\"1\n").unwrap_err().0, 1);
        assert_eq!(parse("A B=1\n").unwrap_err().0, 1);
    }

    #[test]
    fn of_a_name_that_stands_there_twice_the_last_counts_as_for_systemd() {
        assert_eq!(
            parse("A=1\nB=2\nA=3\n").unwrap(),
            [("B", "2"), ("A", "3")].map(|(a, b)| (a.into(), b.into()))
        );
    }

    #[test]
    fn shops_of_one_folder_have_a_file_of_their_own_beside_their_settings() {
        let beside = |file: &str| admin_beside(Path::new(file)).display().to_string();
        assert_eq!(beside("/etc/storekeeper/env"), "/etc/storekeeper/admin.env");
        assert_eq!(beside("/etc/shops/tea.env"), "/etc/shops/tea.env.admin");
        assert_eq!(beside("tea"), "tea.admin");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [
            "plain",
            "",
            "two words",
            "'",
            "\"",
            "\\",
            "$HOME",
            "`x`",
            "#",
            ";",
            "ü",
            "mysql://a:b%20@h/d?socket=%2Frun",
        ] {
            assert_eq!(
                parse(&format!("A={}\n", quoted(value))).unwrap(),
                [("A".to_owned(), value.to_owned())]
            );
        }
    }
}
