//! The database's own programs: the one that writes a dump, and the one that loads it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mysql::Conn;
use mysql::prelude::Queryable;

use crate::cli::Failure;
use crate::random;
use crate::servers::{Login, Place};

/// Of a dump so much is read at once, and so many such pieces wait to be compressed.
const PIECE_BYTES: usize = 256 * 1024;
const PIECES_MAX: usize = 8;

/// A dump that broke off lacks this line at its end.
const END_OF_DUMP: &[u8] = b"-- Dump completed";

/// The programs for one server, and how they log in there.
pub struct Client {
    /// A file without a name. Arguments can be read by every user of the machine, and a name could be left behind.
    options: File,
    is_mariadb: bool,
    has_binary_log: bool,
}

impl Client {
    pub fn new(conn: &mut Conn, login: &Login) -> Result<Client, Failure> {
        let (version, has_binary_log): (String, bool) =
            conn.query_first("SELECT VERSION(), @@log_bin")?.ok_or("the server says nothing of itself")?;
        let is_mariadb = version.contains("MariaDB");
        let mut options = file_without_name()?;
        options.write_all(written(login, is_mariadb).as_bytes())?;
        options.rewind()?;
        // SAFETY: the descriptor is ours and open. The programs that are started from now on have it too.
        if unsafe { libc::fcntl(options.as_raw_fd(), libc::F_SETFD, 0) } != 0 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(Client { options, is_mariadb, has_binary_log })
    }

    fn command(&self, of_mariadb: &str, of_mysql: &str) -> Result<Command, Failure> {
        // Those of the one do not understand the other's generated columns and system tables.
        let names = if self.is_mariadb { &[of_mariadb, of_mysql][..] } else { &[of_mysql] };
        for name in names {
            let Ok(said) = Command::new(name).arg("--version").output() else { continue };
            if String::from_utf8_lossy(&said.stdout).contains("MariaDB") == self.is_mariadb {
                let mut command = Command::new(name);
                command.arg(format!("--defaults-file=/dev/fd/{}", self.options.as_raw_fd()));
                command.arg("--default-character-set=utf8mb4");
                return Ok(command);
            }
        }
        Err(Failure::from(if self.is_mariadb {
            format!("{of_mariadb} is missing; install the package mariadb-client")
        } else {
            format!(
                "{of_mysql} of MySQL is missing, and MariaDB's is none for MySQL; install MySQL's client programs"
            )
        }))
    }

    /// Writes a dump of a database to `into`. It is given up when nothing comes of it for `silence_max`: somebody
    /// holds a table locked.
    pub fn dump(&self, database: &str, silence_max: Duration, into: &mut impl Write) -> Result<(), Failure> {
        let mut command = self.command("mariadb-dump", "mysqldump")?;
        // One snapshot, which needs no more than to read; nothing in it drops a table when it is loaded.
        command.args(["--single-transaction", "--quick", "--no-tablespaces", "--hex-blob"]);
        command.args(["--skip-add-drop-table", "--skip-add-locks", "--skip-triggers"]);
        if !self.is_mariadb {
            command.arg("--set-gtid-purged=OFF");
        } else if self.has_binary_log {
            // Writes at the top from where on in the binary log the dump is to be followed. MySQL asks a lock of the whole
            // server for it.
            command.arg("--master-data=2");
        }
        let command =
            command.arg(database).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let said = listen(child.stderr.take());
        let mut out = child.stdout.take().expect("a pipe");
        let (send, pieces) = mpsc::sync_channel::<io::Result<Vec<u8>>>(PIECES_MAX);
        let reader = thread::spawn(move || {
            loop {
                let mut piece = Vec::with_capacity(PIECE_BYTES);
                let read = (&mut out).take(PIECE_BYTES as u64).read_to_end(&mut piece);
                let is_last = !matches!(read, Ok(1..));
                if send.send(read.map(|_| piece)).is_err() || is_last {
                    return;
                }
            }
        });
        let copied = copy(&pieces, silence_max, into);
        if copied.is_err() {
            let _ = child.kill();
        }
        drop(pieces);
        let status = child.wait()?;
        let _ = reader.join();
        let end = copied?;
        if !status.success() {
            return Err(format!("the dump failed: {}", last_words(said, status)).into());
        }
        if !end.windows(END_OF_DUMP.len()).any(|window| window == END_OF_DUMP) {
            return Err("the dump ended early".into());
        }
        Ok(())
    }

    /// Loads a dump into a database.
    pub fn load(&self, database: &str, from: &mut impl Read) -> Result<(), Failure> {
        let mut command = self.command("mariadb", "mysql")?;
        let command = command.args(["--binary-mode", database]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let said = listen(child.stderr.take());
        let mut into = child.stdin.take().expect("a pipe");
        let mut from = Checked { from, cause: None };
        let copied = io::copy(&mut from, &mut into);
        if from.cause.is_some() {
            // What came so far is not to be taken for the whole.
            let _ = child.kill();
        }
        drop(into);
        let status = child.wait()?;
        if let Some(cause) = from.cause {
            return Err(format!("the file cannot be read to its end: {cause}").into());
        }
        if !status.success() {
            return Err(format!("it cannot be loaded: {}", last_words(said, status)).into());
        }
        copied?;
        Ok(())
    }
}

/// Keeps why reading failed, to tell it from what could not be written.
struct Checked<'a, R> {
    from: &'a mut R,
    cause: Option<io::Error>,
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer).inspect_err(|cause| {
            if cause.kind() != io::ErrorKind::Interrupted {
                self.cause = Some(io::Error::new(cause.kind(), cause.to_string()));
            }
        })
    }
}

/// Copies what comes, and returns the end of it.
fn copy(
    pieces: &mpsc::Receiver<io::Result<Vec<u8>>>,
    silence_max: Duration,
    into: &mut impl Write,
) -> Result<Vec<u8>, Failure> {
    let mut end = Vec::new();
    loop {
        match pieces.recv_timeout(silence_max) {
            Ok(piece) => {
                let piece = piece?;
                if piece.is_empty() {
                    return Ok(end);
                }
                into.write_all(&piece).map_err(|cause| format!("the backup cannot be written: {cause}"))?;
                end.extend_from_slice(&piece[piece.len().saturating_sub(200)..]);
                end.drain(..end.len().saturating_sub(200));
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!(
                    "nothing came of the dump for {} seconds, so it was given up; somebody may hold a table locked",
                    silence_max.as_secs()
                )
                .into());
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(end),
        }
    }
}

/// How a program is told where the server is and who logs in.
fn written(login: &Login, is_mariadb: bool) -> String {
    let mut text = "[client]\n".to_owned();
    // Quoted, with the two characters escaped that mean something inside quotes.
    let mut option = |name: &str, value: &str| {
        text += &format!("{name}=\"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\""));
    };
    option("user", &login.user);
    option("password", login.password.as_deref().unwrap_or_default());
    match &login.place {
        Place::Socket(path) => option("socket", path),
        Place::Tcp(host, port) => {
            // Otherwise localhost means a socket.
            option("protocol", "tcp");
            option("host", host);
            option("port", &port.to_string());
        }
    }
    match &login.tls {
        Some(tls) => {
            let of_system = || "/etc/ssl/certs/ca-certificates.crt".to_owned();
            option("ssl-ca", &tls.ca.as_ref().map_or_else(of_system, |ca| ca.display().to_string()));
            text += if is_mariadb { "ssl\nssl-verify-server-cert\n" } else { "ssl-mode=VERIFY_IDENTITY\n" };
        }
        // Newer ones of MariaDB insist on TLS otherwise.
        None if is_mariadb => text += "skip-ssl\n",
        None => {}
    }
    text
}

fn file_without_name() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("storekeeper-options-{}", random::hex::<16>()));
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

/// Takes in what a program says of its errors, so that it never waits for us.
pub fn listen(err: Option<ChildStderr>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut said = Vec::new();
        let _ = err.expect("a pipe").read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// What a program said last, or how it ended.
pub fn last_words(said: JoinHandle<String>, status: std::process::ExitStatus) -> String {
    let said = said.join().unwrap_or_default();
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(|| status.to_string(), |line| line.trim().to_owned())
}

/// Waits for a program that was given all of its input.
pub fn end(child: &mut Child, said: JoinHandle<String>, name: &str) -> Result<(), Failure> {
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("{name} failed: {}", last_words(said, status)).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_written_as_the_programs_read_it() {
        let login = |place, tls| Login { user: "shop".into(), password: Some("a\\b\"c#".into()), place, tls };
        let tcp = written(&login(Place::Tcp("localhost".into(), 3307), None), true);
        assert_eq!(
            tcp,
            "[client]\nuser=\"shop\"\npassword=\"a\\\\b\\\"c#\"\nprotocol=\"tcp\"\nhost=\"localhost\"\nport=\"3307\"\nskip-ssl\n"
        );
        let tls = crate::servers::Tls { ca: Some("/ca.pem".into()) };
        let socket = written(&login(Place::Socket("/run/s".into()), Some(tls)), false);
        assert!(
            socket.ends_with("socket=\"/run/s\"\nssl-ca=\"/ca.pem\"\nssl-mode=VERIFY_IDENTITY\n"),
            "{socket}"
        );
    }
}
