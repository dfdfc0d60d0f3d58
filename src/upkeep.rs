//! What is done to keep the shop sound: proofs of its books, backups, and drills of restoring one.
//!
//! A proof that a person asks for is one row from its begin to its end, and goes on by itself in threads and on connections
//! of its own: it takes no place of a request's, and as long as it likes, since it only reads and holds no lock. There is
//! one at a time in the shop, whatever process it is in; one whose process has died says no longer that it lives, and makes
//! room for the next.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{io, thread};

use mysql::{Conn, Row, Value};
use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::db::invariants::{self, INVARIANTS, Violations};
use crate::db::{self, Connection, Transaction, column};
use crate::error::database::is_duplicate_of;
use crate::error::{Error, Result};
use crate::values::{Id, Timestamp, words};

words! {
    /// What was done.
    Kind, refused as "invalid_kind" {
        /// A proof of the books.
        Verification = "verification",
        Backup = "backup",
        /// A backup was restored somewhere, to see that it can be.
        RestoreDrill = "restore_drill",
    }
}

/// More than a year of nightly ones of each kind.
const KEPT: u64 = 400;
/// So often a proof says that it lives.
const BEAT: Duration = Duration::from_secs(10);
/// Whoever has not said so for this long is dead: six beats, in the database's time.
const DEAD_FOR: &str = "INTERVAL 60 SECOND";
/// Of a broken rule so many rows are kept, and of each cell so many characters: enough to know where to look, which is
/// done with `storekeeper verify`.
const EXAMPLES_MAX: usize = 5;
const CELL_MAX: usize = 100;

/// What was done once, or is being done.
#[derive(Debug)]
pub struct Upkeep {
    pub id: Id,
    /// When it began; of what was only noted, when that was.
    pub at: Timestamp,
    pub account_id: Option<Id>,
    pub username: Option<String>,
    pub command: Option<String>,
    /// Whether it is at work now.
    pub running: bool,
    /// Of a proof, whether the books are right. None while it is at work, and where it was cut off.
    pub succeeded: Option<bool>,
    pub took_ms: Option<i64>,
    pub broken: Vec<Broken>,
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    pub name: String,
    /// How many rows break it; no more are looked for than [`invariants::ROWS_MAX`].
    pub rows: usize,
    pub columns: Vec<String>,
    /// The first of these rows.
    pub examples: Vec<Vec<String>>,
}

impl Broken {
    pub fn new(name: &str, violations: &Violations) -> Broken {
        let cell = |cell: &String| cell.chars().take(CELL_MAX).collect();
        let examples = violations.rows.iter().take(EXAMPLES_MAX);
        Broken {
            name: name.to_owned(),
            rows: violations.rows.len(),
            columns: violations.columns.clone(),
            examples: examples.map(|row| row.iter().map(cell).collect()).collect(),
        }
    }
}

/// Of `upkeep u`, with [`MAKER`].
pub fn columns() -> String {
    format!(
        "u.id, u.at, u.account_id, a.username, u.command, u.succeeded, u.took_ms, u.broken,
         u.at_work IS NOT NULL AND u.alive_at >= NOW(6) - {DEAD_FOR} AS running"
    )
}

pub const MAKER: &str = "LEFT JOIN accounts a ON a.id = u.account_id";

impl Upkeep {
    pub fn from_row(row: &Row) -> Upkeep {
        let broken: Option<String> = column(row, "broken");
        Upkeep {
            id: column(row, "id"),
            at: column(row, "at"),
            account_id: column(row, "account_id"),
            username: column(row, "username"),
            command: column(row, "command"),
            running: column(row, "running"),
            succeeded: column(row, "succeeded"),
            took_ms: column(row, "took_ms"),
            broken: broken.and_then(|broken| serde_json::from_str(&broken).ok()).unwrap_or_default(),
        }
    }
}

/// A proof.
pub fn verification(db: &mut Connection, id: Id) -> Result<Option<Upkeep>> {
    let sql = format!("SELECT {} FROM upkeep u {MAKER} WHERE u.id = ? AND u.kind = ?", columns());
    db.row(&sql, (id, Kind::Verification), Upkeep::from_row)
}

/// The newest of a kind whose outcome is known.
pub fn last(db: &mut Connection, kind: Kind) -> Result<Option<Upkeep>> {
    let sql = format!(
        "SELECT {} FROM upkeep u FORCE INDEX (upkeep_by_kind) {MAKER}
         WHERE u.kind = ? AND u.succeeded IS NOT NULL ORDER BY u.at DESC, u.id DESC LIMIT 1",
        columns()
    );
    db.row(&sql, (kind,), Upkeep::from_row)
}

/// Writes down what a command has done.
pub fn note(
    db: &mut Connection,
    kind: Kind,
    at: Timestamp,
    command: &'static str,
    succeeded: bool,
) -> Result<()> {
    forget_old(db, kind)?;
    let sql = "INSERT INTO upkeep (kind, at, command, succeeded) VALUES (?, ?, ?, ?)";
    db.execute(sql, (kind, at, command, succeeded))?;
    Ok(())
}

/// Writes down what a proof by a command has found.
pub fn note_verification(
    db: &mut Connection,
    at: Timestamp,
    command: &'static str,
    took: Duration,
    broken: &[Broken],
) -> Result<()> {
    forget_old(db, Kind::Verification)?;
    let sql = "INSERT INTO upkeep (kind, at, command, succeeded, took_ms, broken) VALUES (?, ?, ?, ?, ?, ?)";
    let [succeeded, took_ms, broken] = found(Some(broken), took);
    db.execute(sql, (Kind::Verification, at, command, succeeded, took_ms, broken))?;
    Ok(())
}

/// Makes room for one more of a kind.
fn forget_old(db: &mut Connection, kind: Kind) -> Result<()> {
    let sql =
        format!("SELECT at FROM upkeep WHERE kind = ? ORDER BY at DESC, id DESC LIMIT 1 OFFSET {}", KEPT - 1);
    if let Some(oldest) = db.row(&sql, (kind,), |row| column::<Timestamp>(row, "at"))? {
        db.execute("DELETE FROM upkeep WHERE kind = ? AND at <= ? AND at_work IS NULL", (kind, oldest))?;
    }
    Ok(())
}

/// What a proof has found, as it is stored; None where it could not be brought to an end.
fn found(broken: Option<&[Broken]>, took: Duration) -> [Value; 3] {
    let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let text = broken.map(|broken| serde_json::to_string(broken).expect("texts and numbers"));
    [broken.map(<[Broken]>::is_empty).into(), took_ms.into(), text.into()]
}

/// Begins a proof; None while another one is at work. Once this is committed, [`go_on`] does it.
pub fn begin(tx: &mut Transaction, actor: Actor, now: Timestamp) -> Result<Option<Id>> {
    forget_old(tx, Kind::Verification)?;
    let bury =
        format!("UPDATE upkeep SET at_work = NULL WHERE at_work = 1 AND alive_at < NOW(6) - {DEAD_FOR}");
    tx.execute(&bury, ())?;
    let sql = "INSERT INTO upkeep (kind, at, account_id, command, at_work, alive_at) VALUES (?, ?, ?, ?, 1, NOW(6))";
    match tx.insert(sql, (Kind::Verification, now, actor.account_id, actor.command)) {
        Err(Error::Database(cause)) if is_duplicate_of(&cause, "upkeep_one_at_work") => Ok(None),
        begun => Ok(Some(begun?)),
    }
}

/// Goes on with a proof that was begun, by itself.
pub fn go_on(database_url: &str, id: Id) -> io::Result<()> {
    let url = database_url.to_owned();
    thread::Builder::new().name("verification".to_owned()).spawn(move || bring_to_an_end(&url, id))?;
    Ok(())
}

/// Proves the books, and says meanwhile that it lives.
fn bring_to_an_end(url: &str, id: Id) {
    let started = Instant::now();
    let (tell, told) = mpsc::channel();
    let proving = url.to_owned();
    thread::spawn(move || tell.send(db::connect_alone(&proving).and_then(|mut conn| prove(&mut conn))));
    let proof = loop {
        match told.recv_timeout(BEAT) {
            Err(RecvTimeoutError::Timeout) => {
                // The next beat may come through where this one does not.
                if let Err(cause) = execute(url, "UPDATE upkeep SET alive_at = NOW(6) WHERE id = ?", (id,)) {
                    log::warn!("verification {id} cannot say that it lives: {cause}");
                }
            }
            Ok(proof) => break proof,
            // Its panic is in the log.
            Err(RecvTimeoutError::Disconnected) => break Err(Error::Internal("it broke off".to_owned())),
        }
    };
    match &proof {
        Ok(broken) if broken.is_empty() => {}
        Ok(broken) => {
            let names: Vec<&str> = broken.iter().map(|broken| broken.name.as_str()).collect();
            log::error!("the books are broken, as verification {id} has found: {}", names.join(", "));
        }
        Err(cause) => log::error!("verification {id} was cut off: {cause}"),
    }
    let [succeeded, took_ms, broken] = found(proof.ok().as_deref(), started.elapsed());
    let sql = "UPDATE upkeep SET at_work = NULL, succeeded = ?, took_ms = ?, broken = ? WHERE id = ?";
    if let Err(cause) = execute(url, sql, (succeeded, took_ms, broken, id)) {
        log::error!("what verification {id} has found cannot be kept: {cause}");
    }
}

fn execute(url: &str, sql: &str, params: impl Into<mysql::Params>) -> Result<u64> {
    Connection::alone(&mut db::connect_alone(url)?).execute(sql, params)
}

/// The rules that do not hold.
fn prove(conn: &mut Conn) -> Result<Vec<Broken>> {
    let mut broken = Vec::new();
    for invariant in INVARIANTS {
        let violations = invariants::violations(conn, invariant)?;
        if !violations.rows.is_empty() {
            broken.push(Broken::new(invariant.name, &violations));
        }
    }
    Ok(broken)
}
